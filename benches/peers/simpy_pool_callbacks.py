"""M/M/c on SimPy's event loop alone: timeouts with callbacks and a queue of one's own. Not how its documentation
writes it, but the fastest that it offers."""

import sys
from collections import deque

import model
import simpy


class Pool:
    def __init__(self, env, rng):
        self.env, self.rng = env, rng
        self.busy, self.waiting, self.latencies = 0, deque(), []
        self.after(rng.expovariate(model.ARRIVAL_RATE), self.arrive)

    def after(self, delay, callback):
        self.env.timeout(delay).callbacks.append(callback)

    def arrive(self, _):
        if self.busy < model.SERVERS:
            self.busy += 1
            self.serve(self.env.now)
        else:
            self.waiting.append(self.env.now)
        self.after(self.rng.expovariate(model.ARRIVAL_RATE), self.arrive)

    def serve(self, arrived):
        timeout = self.env.timeout(self.rng.expovariate(1.0 / model.SERVICE_S), value=arrived)
        timeout.callbacks.append(self.finish)

    def finish(self, event):
        self.latencies.append(self.env.now - event.value)
        if self.waiting:
            self.serve(self.waiting.popleft())
        else:
            self.busy -= 1


env = simpy.Environment()
pool = Pool(env, model.generator(int(sys.argv[1])))
seconds = model.timed(lambda: env.run(until=model.POOL_END_S))
model.report(seconds, len(pool.latencies), latency_ms=1e3 * sum(pool.latencies) / len(pool.latencies))
