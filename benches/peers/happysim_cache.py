"""A TTL cache with singleflight in happy-simulator: an entity whose handler is a generator, futures for those who join
a flight. (Its SoftTTLCache shares refreshes but not misses.)"""

import random
import sys

import model
from happysimulator import Instant, Simulation, Source
from happysimulator.core.entity import Entity
from happysimulator.core.event import Event
from happysimulator.core.sim_future import SimFuture
from happysimulator.distributions import ExponentialLatency, ZipfDistribution
from happysimulator.load.providers.distributed_field import DistributedFieldProvider


class Cache(Entity):
    def __init__(self):
        super().__init__("cache")
        self.counts = model.Counts()
        self.expires_at, self.flights = {}, {}
        self.database = ExponentialLatency(model.DATABASE_S)

    def seconds(self):
        return self.now.to_seconds()

    def handle_event(self, event):
        if event.event_type == "fill":
            self.expires_at[event.context["key"]] = self.seconds() + model.TTL_S
            return None
        return self.request(event.context["key"])

    def request(self, key):
        started = self.seconds()
        yield model.NETWORK_S
        hit = self.expires_at.get(key, 0.0) > self.seconds()
        yield model.NETWORK_S
        if hit:
            self.counts.hits += 1
        elif key in self.flights:
            self.counts.coalesced += 1
            flight = SimFuture()
            self.flights[key].append(flight)
            yield flight
        else:
            self.counts.misses += 1
            self.flights[key] = []
            yield self.database.get_latency(self.now).to_seconds()
            for flight in self.flights.pop(key):
                flight.resolve()
            later = Instant.from_seconds(self.seconds() + model.NETWORK_S)
            self.counts.finish(self.seconds() - started)
            return [Event(time=later, event_type="fill", target=self, context={"key": key})]
        self.counts.finish(self.seconds() - started)
        return None


seed = int(sys.argv[1])
random.seed(seed)
cache = Cache()
keys = ZipfDistribution(range(model.KEYS), s=1.0, seed=seed)
provider = DistributedFieldProvider(cache, "request", {"key": keys})
source = Source.poisson(rate=model.REQUEST_RATE, event_provider=provider)
simulation = Simulation(
    sources=[source], entities=[cache], end_time=Instant.from_seconds(model.CACHE_END_S)
)
cache.counts.report(model.timed(simulation.run))
