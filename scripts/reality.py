"""Writes docs/reality.md from the verdicts of scripts/reality."""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

# The measure, its title, the goal for its error, and whether the error is relative.
MEASURES = [
    ("hit_ratio", "hit ratio", 0.01, False),
    ("db.qps.mean", "database load", 0.05, True),
    ("latency.all.p50_ms", "p50", 0.10, True),
    ("latency.all.p99_ms", "p99", 0.20, True),
    ("latency.miss.p99_ms", "p99 of misses", 0.20, True),
]


# In cells without a value.
NONE = "\N{EN DASH}"


def cell(value: float, unit: str) -> str:
    """Print a value with its unit."""
    if unit == "1":
        return f"{value * 100:.2f} %"
    if unit == "ms":
        return f"{value * 1000:.0f} µs" if value < 1 else f"{value:.2f} ms"
    return f"{value:.1f}{'/s' if unit == '1/s' else ''}"


def errors(row: dict, relative: bool) -> tuple[float, float] | None:
    """Give the error of the measured mean against the same traffic, and the largest between two measured runs."""
    pairs = [(one["value"], one["twin"]) for one in row["measured"] if one["value"] is not None]
    if not pairs or len(row["predicted"]) != 1:
        return None
    values = [value for value, _ in pairs]
    twins = [twin for _, twin in pairs]
    base = statistics.fmean(twins) if None not in twins else row["predicted"][0]["mean"]
    # What is left of the traffic's own luck is in the spread of two real runs as well.
    spreads = [value - (twin if twin is not None else base) for value, twin in pairs]
    scale = base if relative else 1.0
    if scale == 0:
        return None
    return (statistics.fmean(values) - base) / scale, (max(spreads) - min(spreads)) / abs(scale)


def shown(error: float, relative: bool) -> str:
    """Print an error in per cent or in points."""
    return f"{error * 100:+.1f} %" if relative else f"{error * 100:+.2f} points"


def read(path: Path) -> dict:
    """Read a file of JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def processor() -> str:
    """Find the model of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    """Print the page."""
    work, groups = Path(sys.argv[1]), sys.argv[2:]
    verdicts = {"committed": {}, "verdict": {}}
    missing, servers, lateness = [], "", []
    for group in groups:
        folder = work / "measured" / group
        if not (folder / "committed.json").exists():
            missing.append(group)
            continue
        for kind, found in verdicts.items():
            found[group] = read(folder / f"{kind}.json")
        live = read(folder / "results.json")["scenario"]["live"]
        servers = f"Redis {live.get('redis', NONE)} and PostgreSQL {live['postgres']}"
        lateness += live["lateness_p99_ms"]
    if not lateness:
        sys.exit("nothing is measured yet: scripts/reality measure")
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h of %as", "--", "benches/reality/predicted"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    cases = sum(len(found["variants"]) for found in verdicts["verdict"].values())
    print("# Predicted and measured\n")
    print(
        "Written by `scripts/reality page`. Each case is a system of [benches/reality](../benches/reality), played on a real Redis and a real\n"
        "PostgreSQL by `herdlab live` and simulated 40 times; [calibration.md](calibration.md) has the rules of the verdict.\n"
    )
    print(
        f"{cases} cases, {os.cpu_count()} processors ({processor()}), {servers}; 99 % of the requests began within {max(lateness):.2f} ms in every run.\n"
        f"The predictions were committed before the measurement ({commit}).\n"
    )
    print("    scripts/reality        # repeats all of it, on a machine with nothing else to do\n")
    if missing:
        print(f"Not measured, since the schedule was not kept twice: {', '.join(missing)}.\n")
    print("## In short\n")
    print(
        "| calibration | values inside the 95 % interval of single runs | pairs of variants in order | in the wrong order |"
    )
    print("|---|---:|---:|---:|")
    for kind, title in [("committed", "before, committed"), ("verdict", "beside the run")]:
        found = verdicts[kind].values()
        inside, judged = sum(one["inside"] for one in found), sum(one["judged"] for one in found)
        orders = [order for one in found for order in one["orders"]]
        certain, wrong = sum(order["certain"] for order in orders), sum(len(order["wrong"]) for order in orders)
        print(
            f"| {title} | {inside} of {judged} ({inside / judged * 100:.1f} %) | {certain - wrong} of {certain} | {wrong} |"
        )
    print(
        "\nErrors are those of the mean of the measured runs against simulated runs of the same requests, with the calibration beside the run; the\n"
        "spread is the largest difference between two measured runs after that of their traffic is taken out. A goal is an aim for configurations\n"
        "that were not fitted; none was.\n"
    )
    print("| measure | goal | cases within | median error | largest | median spread of two real runs |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, title, goal, relative in MEASURES:
        rows = [
            (group, variant["variant"], found)
            for group, one in verdicts["verdict"].items()
            for variant in one["variants"]
            for row in variant["measures"]
            if row["measure"] == name and (found := errors(row, relative)) is not None
        ]
        if rows:
            worst = max(rows, key=lambda row: abs(row[2][0]))
            within = sum(abs(found[0]) <= goal for _, _, found in rows)
            median = statistics.median(abs(found[0]) for _, _, found in rows)
            spread = statistics.median(found[1] for _, _, found in rows)
            unit = "%" if relative else "points"
            aim = f"{goal:.0%}".replace("%", " %") if relative else f"{goal * 100:.0f} point"
            print(
                f"| {title} | {aim} | {within} of {len(rows)} | {median * 100:.2f} {unit} | "
                f"{shown(worst[2][0], relative)} ({worst[0]}, {worst[1]}) | {spread * 100:.2f} {unit} |"
            )
    coverage(verdicts)
    for group, one in verdicts["verdict"].items():
        print(f"\n## {group}\n")
        print("| case | measure | predicted | 95 % of single runs | measured | error | spread | outside |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        for variant in one["variants"]:
            for name, title, _, relative in MEASURES:
                for row in (row for row in variant["measures"] if row["measure"] == name):
                    line(variant, row, title, relative)
        for sentence in one["words"][2:]:
            if sentence.startswith("By "):
                print(f"\n{sentence}")
    print("\n## In CI\n")
    print(
        "Four of the groups are played for 8 s in every run of CI (`.ci/live`, 70 s), one run of each case against simulated runs of the same requests. One pass:\n"
    )
    print(f"```text\n{Path('benches/reality/ci.txt').read_text(encoding='utf-8').strip()}\n```")
    print("\n## Not tried\n")
    print(
        "- Given servers, a network between client and server, and more than one node: everything runs on one machine and shares its processors.\n"
        "- Queries with a time of their own (`--plain-queries`): those of these cases sleep.\n"
        "- Strategies that `herdlab live` refuses by name ([live.md](live.md)), write-back and change streams among them.\n"
        "- Runs of more than ten seconds, and more than 1,000 requests per second."
    )


def coverage(verdicts: dict) -> None:
    """Print how many values of each measure lie inside, by calibration."""
    counts: dict[str, list[list[int]]] = {}
    for kind, found in enumerate(verdicts.values()):
        for row in (row for one in found.values() for variant in one["variants"] for row in variant["measures"]):
            count = counts.setdefault(row["measure"], [[0, 0], [0, 0]])[kind]
            distances = [one["distance"] for one in row["measured"] if one["distance"] is not None]
            count[0] += sum(distance == 0 for distance in distances)
            count[1] += len(distances)
    print("\nInside their interval, by measure:\n")
    print("| measure | before, committed | beside the run |")
    print("|---|---:|---:|")
    for measure, kinds in counts.items():
        cells = [
            f"{inside} of {judged} ({inside / judged * 100:.0f} %)" if judged else NONE for inside, judged in kinds
        ]
        print(f"| `{measure}` | {' | '.join(cells)} |")


def line(variant: dict, row: dict, title: str, relative: bool) -> None:
    """One row of a group's table; a state of two has its own."""
    unit = row["unit"]
    found = errors(row, relative)
    for predicted in row["predicted"]:
        state = predicted["state"]
        runs = [
            one
            for index, one in enumerate(row["measured"])
            if state is None or variant["runs"][index : index + 1] == [state]
        ]
        measured = ", ".join(NONE if one["value"] is None else cell(one["value"], unit) for one in runs) or NONE
        outside = sum(1 for one in runs if one["distance"] not in (None, 0))
        name = f"{variant['variant']}, {state}" if state else variant["variant"]
        print(
            f"| {name} | {title} | {cell(predicted['mean'], unit)} | {cell(predicted['low'], unit)} to {cell(predicted['high'], unit)} | "
            f"{measured} | {shown(found[0], relative) if found else NONE} | "
            f"{f'{found[1] * 100:.2f}' + (' %' if relative else '') if found else NONE} | {outside or ''} |"
        )


if __name__ == "__main__":
    main()
