"""A deterministic Zipf trace in libCacheSim's oracleGeneral format.

Usage: trace.py FILE [REQUESTS] [OBJECTS] [EXPONENT]
"""

import sys

import numpy as np

RECORD = np.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])


def zipf_ranks(requests, objects, exponent, seed=1):
    """Ranks from 0, drawn independently: rank r with a probability in proportion to (r + 1) ** -exponent."""
    cumulative = np.cumsum(np.arange(1, objects + 1, dtype=np.float64) ** -exponent)
    uniform = np.random.Generator(np.random.PCG64(seed)).random(requests) * cumulative[-1]
    return np.searchsorted(cumulative, uniform, side="right").astype(np.int64)


def scattered(ranks):
    """Object ids without order, as hashed keys are (the finaliser of SplitMix64, one to one)."""
    words = ranks.astype(np.uint64) + np.uint64(1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return words ^ (words >> np.uint64(31))


def next_requests(ranks):
    """For each request the index of the next one for the same object, or -1."""
    order = np.argsort(ranks, kind="stable")
    following = np.full(len(ranks), -1, dtype=np.int64)
    same = ranks[order[1:]] == ranks[order[:-1]]
    following[order[:-1][same]] = order[1:][same]
    return following


def write(path, requests=20_000_000, objects=1_000_000, exponent=1.0):
    ranks = zipf_ranks(requests, objects, exponent)
    records = np.empty(requests, dtype=RECORD)
    records["time"] = np.arange(requests) // 100_000
    records["object"] = scattered(ranks)
    records["size"] = 1
    records["next"] = next_requests(ranks)
    records.tofile(path)


if __name__ == "__main__":
    kinds = (str, int, int, float)
    write(*(kind(text) for kind, text in zip(kinds, sys.argv[1:])))
