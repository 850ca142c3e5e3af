"""A TTL cache with singleflight in SimPy: a process per request; who joins a flight waits for its event."""

import sys

import model
import simpy


class Cache:
    def __init__(self, env, rng):
        self.env, self.rng, self.counts = env, rng, model.Counts()
        self.expires_at, self.flights = {}, {}
        self.draw = model.zipf_keys(rng)
        env.process(self.arrivals())

    def arrivals(self):
        while True:
            yield self.env.timeout(self.rng.expovariate(model.REQUEST_RATE))
            self.env.process(self.request(self.draw()))

    def request(self, key):
        env, started = self.env, self.env.now
        yield env.timeout(model.NETWORK_S)
        hit = self.expires_at.get(key, 0.0) > env.now
        yield env.timeout(model.NETWORK_S)
        if hit:
            self.counts.hits += 1
        elif key in self.flights:
            self.counts.coalesced += 1
            yield self.flights[key]
        else:
            self.counts.misses += 1
            flight = self.flights[key] = env.event()
            yield env.timeout(self.rng.expovariate(1.0 / model.DATABASE_S))
            del self.flights[key]
            flight.succeed()
            env.process(self.fill(key))
        self.counts.finish(env.now - started)

    def fill(self, key):
        yield self.env.timeout(model.NETWORK_S)
        self.expires_at[key] = self.env.now + model.TTL_S


env = simpy.Environment()
cache = Cache(env, model.generator(int(sys.argv[1])))
cache.counts.report(model.timed(lambda: env.run(until=model.CACHE_END_S)))
