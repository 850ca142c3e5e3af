"""Two runs of a scenario, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herdlab._frames import Row, frame
from herdlab._program import Value, called, decoded
from herdlab._program import options as _shared

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_COLUMNS: Final = (
    "before_label",
    "after_label",
    "variant",
    "measure",
    "unit",
    "before",
    "after",
    "difference",
    "difference_ci_low",
    "difference_ci_high",
    "relative",
    "p_corrected",
    "verdict",
)


class Comparison:
    """Results of a comparison; the first run is what the others are compared with."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Take what the program printed."""
        #: What ``--format json`` prints (``herdlab schema compare``).
        self.data = data

    @property
    def cautions(self) -> list[str]:
        """What speaks against the comparison, a sentence each."""
        return [text for one in self.data["comparisons"] for text in one["cautions"]]

    def measures(self) -> pd.DataFrame:
        """Make a row for each later run, variant and measure, with the verdict on headline measures."""
        return frame(self.measure_rows(), _COLUMNS)

    def measure_rows(self) -> Iterator[Row]:
        """Give the rows of :meth:`measures`."""
        for one in self.data["comparisons"]:
            for variant in one["variants"]:
                for measure in variant["measures"]:
                    difference = measure["difference"] or {}
                    cells = (
                        one["before"]["label"],
                        one["after"]["label"],
                        variant["name"],
                        measure["measure"],
                        measure["unit"],
                        (measure["before"] or {}).get("mean"),
                        (measure["after"] or {}).get("mean"),
                        difference.get("mean"),
                        difference.get("ci_low"),
                        difference.get("ci_high"),
                        measure["relative"],
                        measure["p_corrected"],
                        measure["verdict"],
                    )
                    yield dict(zip(_COLUMNS, cells, strict=True))

    def __repr__(self) -> str:
        """Labels of the runs."""
        pairs = [f"{one['before']['label']} → {one['after']['label']}" for one in self.data["comparisons"]]
        return f"<herdlab.Comparison of {', '.join(pairs)}>"


def compare(
    *runs: str | os.PathLike[str],
    set: Mapping[str, Value] | None = None,
    variants: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
    duration: str | None = None,
    threads: int | None = None,
    options: Sequence[str] = (),
) -> Comparison:
    """Compare runs (``results.json``, or the folder of a report) or scenarios, which are run. Options as of ``run``.

    Raises:
        ScenarioError: A file or an option is wrong, or the runs cannot be compared.
        Error: The comparison failed.

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
    text, _ = called(["compare", *runs, *shared])
    return Comparison(decoded("compare", text))
