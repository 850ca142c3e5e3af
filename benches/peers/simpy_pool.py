"""M/M/c in SimPy as its documentation writes it: a process per customer, a Resource with c places."""

import sys

import model
import simpy


def customer(env, servers, rng, latencies):
    arrived = env.now
    with servers.request() as request:
        yield request
        yield env.timeout(rng.expovariate(1.0 / model.SERVICE_S))
    latencies.append(env.now - arrived)


def source(env, servers, rng, latencies):
    while True:
        yield env.timeout(rng.expovariate(model.ARRIVAL_RATE))
        env.process(customer(env, servers, rng, latencies))


rng, latencies = model.generator(int(sys.argv[1])), []
env = simpy.Environment()
servers = simpy.Resource(env, capacity=model.SERVERS)
env.process(source(env, servers, rng, latencies))
seconds = model.timed(lambda: env.run(until=model.POOL_END_S))
model.report(seconds, len(latencies), latency_ms=1e3 * sum(latencies) / len(latencies))
