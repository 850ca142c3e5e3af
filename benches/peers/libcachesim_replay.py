"""One replay in libCacheSim: ALGORITHM CAPACITY HASHPOWER REQUESTS TRACE. Timed from opening the trace to the misses."""

import sys
import time

import libcachesim
import model

algorithm, capacity, hashpower, requests, trace = sys.argv[1:]
start = time.perf_counter()
reader = libcachesim.TraceReader(
    trace,
    trace_type=libcachesim.TraceType.ORACLE_GENERAL_TRACE,
    reader_init_params=libcachesim.ReaderInitParam(ignore_obj_size=True),
)
cache = getattr(libcachesim, algorithm)(int(capacity), hashpower=int(hashpower))
miss_ratio, _ = cache.process_trace(reader)
seconds = time.perf_counter() - start
model.report(seconds, int(requests), misses=round(miss_ratio * int(requests)))
