"""A sweep: every measure of every variant in every cell of a grid."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from herdlab._frames import Row, frame
from herdlab._program import Value, called, decoded, written
from herdlab._program import options as _shared

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd


class Sweep:
    """Results of a sweep."""

    def __init__(self, record: dict[str, Any]) -> None:
        """Take what the program printed."""
        #: The record, ``sweep.json`` (``herdlab schema sweep``).
        self.record = record

    @property
    def axes(self) -> list[str]:
        """Paths of the axes; a column each."""
        return [axis["path"] for axis in self.record["axes"]]

    def measures(self) -> pd.DataFrame:
        """Make a row for each cell, variant and measure: the axes in their units, and the mean over replications.

        Units are those of ``--format json``: times in seconds, sizes in bytes, shares from 0 to 1.
        """
        return frame(self.measure_rows(), (*self.axes, "variant", "measure", "unit", "mean", "replications"))

    def measure_rows(self) -> Iterator[Row]:
        """Give the rows of :meth:`measures`."""
        for cell in self.record["cells"]:
            for name, measures in zip(self.record["variants"], cell["variants"], strict=True):
                yield from self._rows(cell["at"], name, measures)
        for pinned in self.record.get("pinned", ()):
            name = self.record["variants"][pinned["variant"]]
            yield from self._rows(pinned["at"], name, pinned["measures"])

    def _rows(self, at: Sequence[int | dict[str, Any]], variant: str, measures: Sequence[Row]) -> Iterator[Row]:
        place = {
            axis["path"]: _value(axis["values"][where] if isinstance(where, int) else where)
            for axis, where in zip(self.record["axes"], at, strict=True)
        }
        for measure in measures:
            values = [value for value in measure["values"] if value is not None]
            yield {
                **place,
                "variant": variant,
                "measure": measure["name"],
                "unit": measure["unit"],
                "mean": sum(values) / len(values) if values else None,
                "replications": len(values),
            }

    def __repr__(self) -> str:
        """Name, axes and size."""
        name = self.record["scenario"]["name"]
        return f"<herdlab.Sweep of {name} over {', '.join(self.axes)} ({len(self.record['cells'])} cells)>"


def _value(value: Mapping[str, Any]) -> float | str:
    """Give a value as a number, or as it was written where it is none."""
    number: float | None = value["value"]
    return str(value.get("label", value.get("own"))) if number is None else number


def sweep(
    scenario: str | os.PathLike[str],
    axes: Mapping[str, str | Sequence[Value]] | None = None,
    *,
    set: Mapping[str, Value] | None = None,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | None = None,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    options: Sequence[str] = (),
) -> Sweep:
    """Sweep a scenario over its own axes, or over others.

    Args:
        scenario: The file, or the name of a bundled scenario.
        axes: Path of each axis and its values: ``{"tier.l2.ttl": "1s..10m:log 5", "database.pool": [10, 20]}``.
        set: Path of an option and its value.
        seed: Another seed.
        replications: Another number of replications.
        duration: Another simulated time.
        threads: Threads; all cores unless given.
        out: Folder that keeps the report; else nothing stays on disk.
        options: Further options of ``herdlab sweep``, a word each.

    Raises:
        ScenarioError: The scenario or an option is wrong.
        Error: The sweep failed.

    """
    varied = [
        f"--sweep={path}={values if isinstance(values, str) else ','.join(map(written, values))}"
        for path, values in (axes or {}).items()
    ]
    shared = _shared(
        set=set,
        seed=seed,
        replications=replications,
        duration=duration,
        threads=threads,
        more=[*varied, *options],
    )
    with tempfile.TemporaryDirectory(prefix="herdlab-") as scratch:
        folder = Path(scratch, "report") if out is None else Path(out)
        text, _ = called(["sweep", scenario, *shared, "--out", folder])
    return Sweep(decoded("sweep", text))
