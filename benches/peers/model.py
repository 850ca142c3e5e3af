"""The two models of the comparison, in seconds; pool.toml and cache.toml say the same."""

import bisect
import itertools
import json
import random
import time

# M/M/4 at a utilisation of 0.8.
SERVERS = 4
ARRIVAL_RATE = 320.0
SERVICE_S = 0.010
POOL_END_S = 300.0

# A shared cache with a TTL, singleflight, a database without limits.
REQUEST_RATE = 2000.0
KEYS = 10_000
TTL_S = 10.0
NETWORK_S = 0.0005
DATABASE_S = 0.050
CACHE_END_S = 50.0


def zipf_keys(rng):
    """A function that draws keys, Zipf 1.0, by bisection of the cumulative weights."""
    cumulative = list(itertools.accumulate(1.0 / rank for rank in range(1, KEYS + 1)))
    total = cumulative[-1]
    return lambda: bisect.bisect_left(cumulative, rng.random() * total)


class Counts:
    """What became of the requests to the cache."""

    def __init__(self):
        self.hits = self.misses = self.coalesced = self.done = 0
        self.latency_s = 0.0

    def finish(self, latency_s):
        self.done += 1
        self.latency_s += latency_s

    def report(self, seconds):
        requests = self.hits + self.misses + self.coalesced
        report(seconds, requests, hit_ratio=self.hits / requests, latency_ms=1e3 * self.latency_s / self.done)


def report(seconds, work, **physics):
    """One line for run.py: the time of the simulation, how much it did, and what it found."""
    print(json.dumps({"seconds": seconds, "work": work, **physics}))


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def generator(seed):
    return random.Random(seed)
