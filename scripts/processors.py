"""Do queries queue for processors, or share them? Needs root, taskset, PostgreSQL and psycopg (docs/validation.md).

    python3 scripts/processors.py 0 det      # PostgreSQL on processor 0; every query as long as the others
    python3 scripts/processors.py 0 exp      # exponential times

Open loop at a nominal load of a half, 30 s: latencies as measured, and as they would be by three laws with the same arrivals and with the
processor time that the queries took.
"""

import heapq
import os
import queue
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
PORT = 7788
CONNECTIONS = 32
MEAN_S = 0.010
LOAD = 0.5
SECONDS = 30.0
QUERY = "select count(*) from generate_series(1, %s::int)"

# An arrival, and the time of its service.
Job = tuple[float, float]


def as_postgres(command: str) -> list[str]:
    """Give the command that runs another one as the user of PostgreSQL."""
    return ["su", "postgres", "-s", "/bin/sh", "-c", command]


def run(connection: psycopg.Connection, count: int) -> None:
    """Let a processor work for a time in proportion to the count."""
    connection.execute(QUERY, (count,), prepare=True).fetchone()


def processor_time_s() -> float:
    """Add up the processor time of all processes of PostgreSQL."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().startswith("postgres"):
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def queued(jobs: list[Job], processors: int) -> list[float]:
    """First come, first served, by so many servers."""
    free, latencies = [0.0] * processors, []
    for at, service in jobs:
        end = max(heapq.heappop(free), at) + service
        heapq.heappush(free, end)
        latencies.append(end - at)
    return latencies


def shared(jobs: list[Job], processors: int) -> list[float]:
    """Share the processors evenly; nobody gets more than one."""
    latencies, ends, served, now, index = [], [], 0.0, jobs[0][0], 0
    while index < len(jobs) or ends:
        rate = min(1.0, processors / len(ends)) if ends else 1.0
        next_end = now + (ends[0][0] - served) / rate if ends else float("inf")
        next_job = jobs[index][0] if index < len(jobs) else float("inf")
        if next_job <= next_end:
            served, now = served + (next_job - now) * rate if ends else served, next_job
            heapq.heappush(ends, (served + jobs[index][1], now))
            index += 1
        else:
            served, now = ends[0][0], next_end
            latencies.append(now - heapq.heappop(ends)[1])
    return latencies


def contended(jobs: list[Job], processors: int) -> list[float]:
    """Servers without limit under `contention = { processors = ... }`."""
    ends, latencies = [], []
    for at, service in jobs:
        while ends and ends[0] <= at:
            heapq.heappop(ends)
        latencies.append(service * max(1.0, (len(ends) + 1) / processors))
        heapq.heappush(ends, at + latencies[-1])
    return latencies


def line(title: str, latencies: list[float]) -> str:
    """Print mean and quantiles in milliseconds."""
    ordered = sorted(latencies)
    values = [statistics.fmean(ordered), *(ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95, 0.99))]
    return f"{title:10}" + "".join(f"{value * 1e3:10.1f}" for value in values)


def main() -> None:
    """Measure, and print the table."""
    processors, law = sys.argv[1], sys.argv[2]
    count = len(processors.split(","))
    folder = Path(tempfile.mkdtemp())
    shutil.chown(folder, "postgres")
    options = f"-p {PORT} -k {folder} -c jit=off -c max_parallel_workers_per_gather=0 -c listen_addresses=127.0.0.1"
    subprocess.run(as_postgres(f"{PROGRAMS}/initdb -D {folder}/data -A trust"), check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen(
        ["taskset", "-c", processors, *as_postgres(f"exec {PROGRAMS}/postgres -D {folder}/data {options}")],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(2)
    address = f"host=127.0.0.1 port={PORT} user=postgres dbname=postgres"
    connections = [psycopg.connect(address, autocommit=True) for _ in range(CONNECTIONS)]

    def alone_s(rows: int) -> float:
        times = []
        for _ in range(60):
            began = time.perf_counter()
            run(connections[0], rows)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    alone_s(20_000)
    short, long = alone_s(1_000), alone_s(60_000)
    per_row = (long - short) / 59_000
    # The client has the other processors.
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {int(number) for number in processors.split(",")} or {0})
    jobs: queue.Queue[tuple[float, int] | None] = queue.Queue()
    latencies: list[float] = []

    def work(connection: psycopg.Connection) -> None:
        while (job := jobs.get()) is not None:
            run(connection, job[1])
            latencies.append(time.perf_counter() - job[0])

    for connection in connections:
        for _ in range(6):
            run(connection, 1_000)
    threads = [threading.Thread(target=work, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    dice = random.Random(1)
    before, at, schedule = processor_time_s(), time.perf_counter() + 0.1, []
    end = at + SECONDS
    while (at := at + dice.expovariate(LOAD * count / MEAN_S)) < end:
        schedule.append((at, MEAN_S if law == "det" else dice.expovariate(1 / MEAN_S)))
    for at, service in schedule:
        time.sleep(max(0.0, at - time.perf_counter()))
        jobs.put((at, max(1, int(service / per_row))))
    for _ in threads:
        jobs.put(None)
    for thread in threads:
        thread.join()
    used = processor_time_s() - before
    for connection in connections:
        connection.close()
    subprocess.run(["pkill", "-INT", "-f", f"postgres -D {folder}/data"], check=False)
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)
    scale = used / sum(service for _, service in schedule)
    took = [(at, service * scale) for at, service in schedule]
    print(f"{law}: {len(schedule)} queries, utilisation {used / SECONDS / count:.2f}, {scale:.2f} times the time alone")
    print(f"{'':10}{'mean':>10}{'p50':>10}{'p95':>10}{'p99':>10}")
    laws = [("measured", latencies), ("queued", queued(took, count)), ("shared", shared(took, count))]
    for title, values in [*laws, ("contended", contended(took, count))]:
        print(line(title, values))


if __name__ == "__main__":
    main()
