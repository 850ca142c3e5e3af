"""What will this cache change do to the database? Herdlab's simulations as data frames.

>>> import herdlab
>>> run = herdlab.run("my.toml", set={"tier.l2.ttl": "30s"}, replications=20)
>>> run.verdict
'short ttl: at risk.'
>>> run.measures()  # a row for each variant and measure
>>> run.series("db.qps")  # over time
>>> run.percentiles()  # of latency, by class

The program comes with the package. docs/notebooks.md of the project shows more.
"""

from herdlab._comparison import Comparison, compare
from herdlab._program import Error, InterfaceError, ScenarioError, call, executable, version
from herdlab._run import Chart, Run, diff, load, run
from herdlab._sweep import Sweep, sweep

__all__ = [
    "Chart",
    "Comparison",
    "Error",
    "InterfaceError",
    "Run",
    "ScenarioError",
    "Sweep",
    "call",
    "compare",
    "diff",
    "executable",
    "load",
    "run",
    "sweep",
    "version",
]
