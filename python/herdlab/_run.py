"""A run of a scenario: its verdict, measures, series and percentiles."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from herdlab._frames import Row, frame
from herdlab._program import ScenarioError, Value, called, decoded
from herdlab._program import options as _shared

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_GATE: Final = 99
_MEASURES: Final = (
    "variant",
    "measure",
    "unit",
    "mean",
    "ci_low",
    "ci_high",
    "replications",
    "difference",
    "difference_ci_low",
    "difference_ci_high",
    "relative",
    "verdict",
)
_VALUES: Final = ("variant", "measure", "unit", "replication", "value")
_SERIES: Final = ("variant", "series", "unit", "time_s", "value")
_PERCENTILES: Final = ("variant", "class", "percentile", "latency_ms")
#: Percentiles unless others are asked for.
PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)


class Chart(str):
    """A chart as SVG text, which notebooks draw."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


class Run:
    """Results of a run, of a review (:func:`diff`), or of a record that was read (:func:`load`)."""

    def __init__(
        self,
        results: dict[str, Any],
        summary: dict[str, Any] | None,
        charts: Mapping[str, str],
        *,
        kept: bool = True,
    ) -> None:
        """Take what the program wrote."""
        #: The record, ``results.json`` (``herdlab schema results``).
        self.results = results
        #: What ``--format json`` prints (``herdlab schema run``); ``None`` of a record that was read.
        self.summary = summary
        #: Whether every threshold is kept.
        self.kept = kept
        self._charts = dict(charts)

    @property
    def variants(self) -> list[str]:
        """Names of the variants, in the order of the file."""
        return [variant["name"] for variant in self.results["variants"]]

    @property
    def verdict(self) -> str:
        """The verdicts in one sentence."""
        return str(self._summary()["review"]["verdict"])

    @property
    def charts(self) -> list[str]:
        """Names of the charts."""
        return sorted(self._charts)

    def chart(self, name: str) -> Chart:
        """Give a chart of the report, such as ``database-load`` (:attr:`charts` has the names)."""
        if name not in self._charts:
            message = f"no chart {name!r}; there are {', '.join(self.charts) or 'none'}"
            raise KeyError(message)
        return Chart(self._charts[name])

    def measures(self) -> pd.DataFrame:
        """Make a row for each variant and measure: mean, 95 % interval, difference to the baseline, verdict."""
        return frame(self.measure_rows(), _MEASURES)

    def measure_rows(self) -> Iterator[Row]:
        """Give the rows of :meth:`measures`."""
        for variant in self._summary()["variants"]:
            for measure in variant["measures"]:
                difference = measure["difference"] or {}
                yield {
                    "variant": variant["name"],
                    **{name: measure[name] for name in _MEASURES[1:7]},
                    "difference": difference.get("mean"),
                    "difference_ci_low": difference.get("ci_low"),
                    "difference_ci_high": difference.get("ci_high"),
                    "relative": difference.get("relative"),
                    "verdict": measure["verdict"],
                }

    def values(self) -> pd.DataFrame:
        """Make a row for each variant, measure and replication."""
        return frame(self.value_rows(), _VALUES)

    def value_rows(self) -> Iterator[Row]:
        """Give the rows of :meth:`values`."""
        for variant in self.results["variants"]:
            for measure in variant["measures"]:
                for replication, value in enumerate(measure["values"]):
                    cells = (variant["name"], measure["name"], measure["unit"], replication, value)
                    yield dict(zip(_VALUES, cells, strict=True))

    def series(self, name: str | None = None) -> pd.DataFrame:
        """Make a row for each variant, series and window; ``name`` is one series, such as ``db.qps``."""
        return frame(self.series_rows(name), _SERIES)

    def series_rows(self, name: str | None = None) -> Iterator[Row]:
        """Give the rows of :meth:`series`."""
        known = {one["name"] for variant in self.results["variants"] for one in variant["windows"]["series"]}
        if name is not None and name not in known:
            message = f"no series {name!r}; there are {', '.join(sorted(known))}"
            raise KeyError(message)
        for variant in self.results["variants"]:
            windows = variant["windows"]
            for series in windows["series"]:
                if name in (None, series["name"]):
                    for window, value in enumerate(series["values"]):
                        at = window * windows["width_s"]
                        cells = (variant["name"], series["name"], series["unit"], at, value)
                        yield dict(zip(_SERIES, cells, strict=True))

    def percentiles(self, percentiles: Sequence[float] = PERCENTILES) -> pd.DataFrame:
        """Make a row for each variant, class of latency and percentile, over all replications together."""
        return frame(self.percentile_rows(percentiles), _PERCENTILES)

    def percentile_rows(self, percentiles: Sequence[float] = PERCENTILES) -> Iterator[Row]:
        """Give the rows of :meth:`percentiles`."""
        for variant in self.results["variants"]:
            for distribution in variant["distributions"]:
                kind = distribution["name"].removeprefix("latency.")
                if kind != distribution["name"]:
                    for percentile in percentiles:
                        latency = _nearest_rank(distribution["counts"], percentile) / 1e6
                        cells = (variant["name"], kind, percentile, latency)
                        yield dict(zip(_PERCENTILES, cells, strict=True))

    def _summary(self) -> dict[str, Any]:
        if self.summary is None:
            message = "a record alone has no verdict and no intervals: run the scenario, or read values()"
            raise ValueError(message)
        return self.summary

    def __repr__(self) -> str:
        """Name, variants and verdict."""
        scenario = self.results["scenario"]["name"]
        words = f": {self.verdict}" if self.summary is not None else ""
        return f"<herdlab.Run of {scenario} ({', '.join(self.variants)}){words}>"

    def _repr_markdown_(self) -> str:
        if self.summary is None:
            return f"`{self!r}`"
        review = self.summary["review"]
        lines = [f"**{review['verdict']}**", ""]
        for variant in review["variants"]:
            lines += [f"- {variant['name']}: {text}" for text in [*variant["reasons"], *variant["findings"]]]
        return "\n".join(lines)


def _nearest_rank(counts: Sequence[tuple[int, int]], percentile: float) -> int:
    """Smallest value that so many per cent of all do not exceed."""
    total = sum(count for _, count in counts)
    # A product such as 0.99 x 100 must not reach beyond the rank it stands for.
    rank = max(1, math.ceil(percentile / 100 * total - 1e-9))
    seen = 0
    for value, count in counts:
        seen += count
        if seen >= rank:
            return value
    return counts[-1][0]


def run(
    scenario: str | os.PathLike[str],
    *,
    set: Mapping[str, Value] | None = None,
    variants: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
    duration: str | None = None,
    threads: int | None = None,
    why: bool = False,
    worlds: str | int | None = None,
    out: str | os.PathLike[str] | None = None,
    options: Sequence[str] = (),
) -> Run:
    """Run a scenario, a file or the name of a bundled one.

    Args:
        scenario: The file, or the name of a bundled scenario.
        set: Path of an option and its value, as ``--set`` takes them: ``{"tier.l2.ttl": "30s"}``.
        variants: Only these variants.
        seed: Another seed.
        replications: Another number of replications.
        duration: Another simulated time (``"10m"``).
        threads: Threads; all cores unless given.
        why: Split latencies into their parts.
        worlds: Worlds of a scenario with ranges (``64`` or ``"64x3"``).
        out: Folder that keeps the report; else nothing stays on disk.
        options: Further options of ``herdlab run``, a word each.

    Raises:
        ScenarioError: The scenario or an option is wrong.
        Error: The run failed.

    """
    own = [*(["--why"] if why else []), *([f"--worlds={worlds}"] if worlds is not None else [])]
    shared = _shared(
        set=set,
        variants=variants,
        seed=seed,
        replications=replications,
        duration=duration,
        threads=threads,
        more=[*own, *options],
    )
    return _run("run", [scenario], shared, out)


def diff(
    today: str | os.PathLike[str],
    change: str | os.PathLike[str],
    *,
    set: Mapping[str, Value] | None = None,
    variants: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
    duration: str | None = None,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    options: Sequence[str] = (),
) -> Run:
    """Review a change: run two files and judge the second against the first. Arguments as of :func:`run`.

    Raises:
        ScenarioError: A file or an option is wrong, or both files describe the same system.
        Error: The run failed.

    """
    shared = _shared(
        set=set,
        variants=variants,
        seed=seed,
        replications=replications,
        duration=duration,
        threads=threads,
        more=options,
    )
    return _run("diff", [today, change], shared, out)


def load(record: str | os.PathLike[str]) -> Run:
    """Read ``results.json``, or the folder of a report."""
    path = Path(record)
    if path.is_dir():
        path /= "results.json"
    results = decoded("results", path.read_text(encoding="utf-8"))
    return Run(results, None, _charts_in(path.parent))


def _run(
    command: str,
    files: Sequence[str | os.PathLike[str]],
    shared: Sequence[str],
    out: str | os.PathLike[str] | None,
) -> Run:
    with tempfile.TemporaryDirectory(prefix="herdlab-") as scratch:
        folder = Path(scratch, "report") if out is None else Path(out)
        text, code = called([command, *files, *shared, "--out", folder])
        summary = decoded(command, text)
        if "review" not in summary:
            message = "both files describe the same system: nothing was run"
            raise ScenarioError(message, 2)
        results = decoded("results", (folder / "results.json").read_text(encoding="utf-8"))
        return Run(results, summary, _charts_in(folder), kept=code != _GATE)


def _charts_in(folder: Path) -> dict[str, str]:
    charts = folder / "charts"
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(charts.glob("*.svg"))}
