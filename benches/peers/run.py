#!/usr/bin/env python3
"""herdlab side by side with its peers, on the same work, in one go.

    python3 benches/peers/run.py [--rounds 5] [--capacity 10000,100000] [--only replay,pool,cache] [--out FILE]

Needs `cargo build --release` before, a Python of 3.13 or newer (happysim asks for it) and PyPI. The environment and
the trace go to target/peers; nothing else is written unless --out names a file for the result. README.md beside this
file says what is timed and why that is fair.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "peers"
HERDLAB = ROOT / "target" / "release" / "herdlab"
PACKAGES = ["libcachesim==0.3.5", "simpy==4.1.2", "happysim==0.2.5", "numpy"]

REQUESTS, OBJECTS = 20_000_000, 1_000_000
# herdlab's name, libCacheSim's, and whether both are the same algorithm: then the misses must be the same.
ALGORITHMS = [
    ("lru", "LRU", True),
    ("fifo", "FIFO", True),
    ("clock", "Clock", True),
    ("sieve", "Sieve", True),
    ("2q", "TwoQ", True),
    ("arc", "ARC", True),
    ("lfu", "LFU", True),
    ("s3-fifo", "S3FIFO", False),
    ("slru", "SLRU", False),
    ("w-tinylfu", "WTinyLFU", False),
]
DEFAULT_HASHPOWER = 24
HASHPOWERS = [16, 17, 18, 20]

# Erlang C for c = 4 at a utilisation of 0.8, mean service 10 ms: mean time in the system.
POOL_LATENCY_MS = 17.455
POOL_TOLERANCE = 0.05
CACHE_TOLERANCE = 0.01


def run(command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return done.stdout


def say(text):
    print(text, file=sys.stderr, flush=True)


def interpreter(asked):
    for name in [asked] if asked else [sys.executable, "python3.14", "python3.13"]:
        found = shutil.which(name)
        check = [found, "-c", "import sys; sys.exit(sys.version_info < (3, 13))"]
        if found and subprocess.run(check, stderr=subprocess.DEVNULL).returncode == 0:
            return found
    sys.exit("no Python of 3.13 or newer, which happysim needs: name one with --python")


def environment(asked):
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        say("making an environment in target/peers/venv")
        run([interpreter(asked), "-m", "venv", WORK / "venv"])
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES])
    return python


def trace(python):
    path = WORK / f"zipf-{OBJECTS}-{REQUESTS}.oracleGeneral.bin"
    if not path.exists():
        say(f"writing {path.name}")
        run([python, HERE / "trace.py", path.with_suffix(".part"), REQUESTS, OBJECTS, 1.0])
        path.with_suffix(".part").rename(path)
    # Into the page cache: no side pays for the disk.
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass
    return path


class Table:
    """Measured rates by (row, contender): one per round."""

    def __init__(self):
        self.rates = {}

    def add(self, row, contender, rate):
        self.rates.setdefault((row, contender), []).append(rate)

    def spread(self, row, contender, scale):
        rates = [rate / scale for rate in self.rates[row, contender]]
        return " / ".join(significant(figure(rates)) for figure in (min, statistics.median, max))

    def ratio(self, row, ours, theirs):
        """Of each round: both ran one after the other."""
        pairs = zip(self.rates[row, ours], self.rates[row, theirs])
        ratios = [mine / other for mine, other in pairs]
        return " / ".join(significant(figure(ratios)) for figure in (min, statistics.median, max))


def significant(number):
    return f"{number:.1f}" if number < 99.95 else f"{number:.0f}"


def replay_round(table, misses, python, path, capacities, hashpowers):
    with tempfile.TemporaryDirectory() as out:
        names = ",".join(row[0] for row in ALGORITHMS)
        sizes = ",".join(map(str, capacities))
        command = [HERDLAB, "mrc", path, "--policy", names, "--capacity", sizes, "--threads", 1]
        ours = json.loads(run([*command, "--format", "json", "--out", out], stderr=subprocess.DEVNULL))
    for cell in ours["cells"]:
        row = (cell["policy"], cell["capacity_objects"])
        table.add(row, "herdlab", REQUESTS / (ours["read_s"] + cell["wall_s"]))
        misses[row, "herdlab"] = cell["misses"]
    for name, theirs, same in ALGORITHMS:
        for capacity in capacities:
            settings = [("best", hashpowers[capacity])] + ([("default", DEFAULT_HASHPOWER)] if same else [])
            for label, hashpower in settings:
                result = libcachesim(python, theirs, capacity, hashpower, path)
                table.add((name, capacity), label, REQUESTS / result["seconds"])
                misses[(name, capacity), "libcachesim"] = result["misses"]


def libcachesim(python, algorithm, capacity, hashpower, path):
    arguments = [HERE / "libcachesim_replay.py", algorithm, capacity, hashpower, REQUESTS, path]
    return json.loads(run([python, *arguments], stderr=subprocess.DEVNULL))


def best_hashpowers(python, path, capacities):
    """The one with which LRU and ARC take the least time together; the others follow them closely."""
    best = {}
    for capacity in capacities:
        def seconds(hashpower):
            runs = [libcachesim(python, name, capacity, hashpower, path) for name in ("LRU", "ARC")]
            return sum(result["seconds"] for result in runs)

        best[capacity] = min(HASHPOWERS, key=seconds)
        say(f"libCacheSim's best hashpower at {capacity:,} slots: {best[capacity]}")
    return best


def replay(python, rounds, capacities):
    path = trace(python)
    hashpowers = best_hashpowers(python, path, capacities)
    table, misses = Table(), {}
    for number in range(rounds):
        say(f"replay, round {number + 1} of {rounds}")
        replay_round(table, misses, python, path, capacities, hashpowers)
    lines = [
        f"### Replay of {REQUESTS:,} requests, Zipf 1.0 over {OBJECTS:,} objects",
        "",
        "Each cell: minimum / median / maximum. Ratios of the same round; rates in million requests per second, "
        "reading the trace included. Best hashpower of libCacheSim: "
        + ", ".join(f"{power} at {capacity:,} slots" for capacity, power in hashpowers.items())
        + f"; its default is {DEFAULT_HASHPOWER}.",
        "",
        "| policy | slots | herdlab / libCacheSim, best | herdlab / libCacheSim, default | herdlab | libCacheSim, best "
        "| libCacheSim, default | misses |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    wrong = []
    for name, _, same in ALGORITHMS:
        for capacity in capacities:
            row = (name, capacity)
            ours, theirs = misses[row, "herdlab"], misses[row, "libcachesim"]
            if same and ours != theirs:
                wrong.append(f"{name} at {capacity}: {ours} misses, libCacheSim {theirs}")
            verdict = f"{ours:,}, the same" if ours == theirs else f"{ours:,}; {100 * (theirs / ours - 1):+.2f} %"
            default = table.ratio(row, "herdlab", "default") if same else ""
            default_rate = table.spread(row, "default", 1e6) if same else ""
            lines.append(
                f"| {name} | {capacity:,} | {table.ratio(row, 'herdlab', 'best')} | {default} "
                f"| {table.spread(row, 'herdlab', 1e6)} | {table.spread(row, 'best', 1e6)} | {default_rate} "
                f"| {verdict} |"
            )
    return lines, wrong


def herdlab_run(scenario, seed, measure):
    with tempfile.TemporaryDirectory() as out:
        command = [HERDLAB, "run", HERE / scenario, "--seed", seed, "--threads", 1, "--out", out, "--format", "csv"]
        rows = run(command, stderr=subprocess.DEVNULL).splitlines()
        timings = json.loads((Path(out) / "timings.json").read_text())
    values = {row.split(",")[2]: row.split(",")[4] for row in rows[1:]}
    return timings["requests"] / timings["wall_s"], float(values[measure])


def simulators(python, rounds, scenario, measure, field, contenders):
    """Rates of all contenders and what they found, one round after the other."""
    table, found = Table(), {}
    for number in range(rounds):
        say(f"{scenario}, round {number + 1} of {rounds}")
        rate, value = herdlab_run(scenario, number + 1, measure)
        table.add(scenario, "herdlab", rate)
        found.setdefault("herdlab", []).append(value)
        for name, script in contenders:
            result = json.loads(run([python, HERE / script, number + 1]).splitlines()[-1])
            table.add(scenario, name, result["work"] / result["seconds"])
            found.setdefault(name, []).append(result[field])
    return table, {name: statistics.mean(values) for name, values in found.items()}


def simulator_table(title, unit, table, row, found, shown):
    lines = [
        f"### {title}",
        "",
        f"Each cell: minimum / median / maximum. Ratios of the same round; rates in thousand {unit} per second.",
        "",
        "| simulator | herdlab is so many times as fast | rate | " + shown + " |",
        "|---|---:|---:|---:|",
    ]
    for name, value in found.items():
        ratio = "" if name == "herdlab" else table.ratio(row, "herdlab", name)
        lines.append(f"| {name} | {ratio} | {table.spread(row, name, 1e3)} | {value:.4g} |")
    return lines


def pool(python, rounds):
    contenders = [
        ("SimPy, processes", "simpy_pool.py"),
        ("SimPy, callbacks", "simpy_pool_callbacks.py"),
        ("happy-simulator", "happysim_pool.py"),
    ]
    table, found = simulators(python, rounds, "pool.toml", "latency.all.mean_ms", "latency_ms", contenders)
    wrong = [
        f"pool, {name}: {value:.2f} ms in the system, expected {POOL_LATENCY_MS} +- {100 * POOL_TOLERANCE:.0f} %"
        for name, value in found.items()
        if abs(value / POOL_LATENCY_MS - 1) > POOL_TOLERANCE
    ]
    title = "Pool: M/M/4 at a utilisation of 0.8"
    shown = f"mean time in the system, ms (theory {POOL_LATENCY_MS}, tolerance {100 * POOL_TOLERANCE:.0f} %)"
    return simulator_table(title, "customers", table, "pool.toml", found, shown), wrong


def cache(python, rounds):
    contenders = [("SimPy", "simpy_cache.py"), ("happy-simulator", "happysim_cache.py")]
    table, found = simulators(python, rounds, "cache.toml", "hit_ratio", "hit_ratio", contenders)
    wrong = [
        f"cache, {name}: hit ratio {value:.4f}, herdlab {found['herdlab']:.4f}, tolerance {CACHE_TOLERANCE}"
        for name, value in found.items()
        if abs(value - found["herdlab"]) > CACHE_TOLERANCE
    ]
    title = "Cache: TTL 10 s, singleflight, 10,000 keys, Zipf 1.0"
    shown = f"hit ratio (tolerance {CACHE_TOLERANCE})"
    return simulator_table(title, "requests", table, "cache.toml", found, shown), wrong


def machine(python):
    freeze = run([python, "-m", "pip", "list", "--format", "freeze"]).split()
    names = [package.split("==")[0] for package in PACKAGES]
    versions = [line.replace("==", " ") for line in freeze if line.split("==")[0].lower() in names]
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown processor",
    )
    python_version = run([python, "--version"]).strip()
    return f"{cpu}, {os.cpu_count()} cores; {python_version}, {', '.join(versions)}."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--capacity", default="10000,100000", help="slots, separated by commas")
    parser.add_argument("--only", default="replay,pool,cache")
    parser.add_argument("--python", help="interpreter to make the environment with")
    parser.add_argument("--out", type=Path, help="file for the result, as Markdown")
    arguments = parser.parse_args()
    if not HERDLAB.exists():
        sys.exit("no release binary: run `cargo build --release` first")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(arguments.python)
    parts = {
        "replay": lambda: replay(python, arguments.rounds, [int(size) for size in arguments.capacity.split(",")]),
        "pool": lambda: pool(python, arguments.rounds),
        "cache": lambda: cache(python, arguments.rounds),
    }
    lines, wrong = [machine(python), f"{arguments.rounds} rounds.", ""], []
    for part in arguments.only.split(","):
        more, problems = parts[part]()
        lines += [*more, ""]
        wrong += problems
    lines += wrong or ["All agree: equal misses where the algorithm is the same, physics within tolerance."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if arguments.out:
        arguments.out.write_text(text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
