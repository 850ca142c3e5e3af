"""The package against the program: figures are those of its own files, errors its own words."""

import csv
import re
import sys
from pathlib import Path

import pytest

import herdlab

SCENARIO = """
name = "small"
question = "Does a cache help?"
duration = "10s"
replications = 6

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"

[database]
read = "5ms"

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { tier = [] }
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SCENARIO)
    return path


def test_the_program_is_that_of_the_package():
    assert herdlab.executable().is_file()
    assert herdlab.version().count(".") == 2


def test_measures_are_those_of_the_summary(small, tmp_path):
    run = herdlab.run(small, out=tmp_path / "report")
    assert run.variants == ["cache", "no cache"]
    assert run.kept
    with (tmp_path / "report/summary.csv").open() as file:
        rows = {(row["variant"], row["measure"]): row for row in csv.DictReader(file)}
    measures = list(run.measure_rows())
    assert {(row["variant"], row["measure"]) for row in measures} == set(rows)
    for row in measures:
        written = rows[row["variant"], row["measure"]]
        assert row["unit"] == written["unit"]
        for name, column in [("mean", "mean"), ("ci_low", "ci_low"), ("ci_high", "ci_high")]:
            found = None if written[column] == "" else float(written[column])
            assert row[name] == (found if found is None else pytest.approx(found, rel=1e-8))
    frame = run.measures().set_index(["variant", "measure"])
    assert frame.loc[("no cache", "db.qps.mean"), "mean"] > frame.loc[("cache", "db.qps.mean"), "mean"]
    assert frame.loc[("no cache", "db.qps.peak"), "verdict"] == "worse"
    values = run.values()
    mean = values[(values.variant == "cache") & (values.measure == "db.qps.mean")]["value"].mean()
    assert mean == pytest.approx(frame.loc[("cache", "db.qps.mean"), "mean"])


def test_series_and_percentiles_are_those_of_the_files(small, tmp_path):
    run = herdlab.run(small, out=tmp_path / "report")
    with (tmp_path / "report/percentiles.csv").open() as file:
        written = {
            (row["variant"], row["class"], float(row["percentile"])): float(row["latency_ms"])
            for row in csv.DictReader(file)
        }
    compared = 0
    for row in run.percentile_rows((50, 90, 95, 99, 99.9)):
        found = written.get((row["variant"], row["class"], row["percentile"]))
        if found is not None:
            assert row["latency_ms"] == pytest.approx(found, rel=0.004)
            compared += 1
    assert compared > 10
    with (tmp_path / "report/timeseries.csv").open() as file:
        load = [row for row in csv.DictReader(file) if row["series"] == "db.qps" and row["variant"] == "cache"]
    frame = run.series("db.qps")
    frame = frame[frame.variant == "cache"]
    assert frame.time_s.tolist() == pytest.approx([float(row["time_s"]) for row in load])
    assert frame.value.tolist() == pytest.approx([float(row["value"]) for row in load])
    with pytest.raises(KeyError, match=r"no series 'db\.load'; there are .*db\.qps"):
        run.series("db.load")


def test_settings_are_those_of_the_command_line(small):
    run = herdlab.run(small, set={"tier.l2.ttl": "5s", "workload.keys": 50}, variants=["cache"], seed=3, replications=2)
    scenario = run.results["scenario"]
    assert (scenario["seed"], scenario["finished"]) == (3, 2)
    assert scenario["overrides"][:2] == ["tier.l2.ttl=5s", "workload.keys=50"]
    assert run.variants == ["cache"]


def test_a_broken_threshold_is_a_result(small):
    small.write_text(SCENARIO + '\n[[threshold]]\nmeasure = "db.qps.mean"\nmax = 1\n')
    run = herdlab.run(small)
    assert not run.kept
    assert "not safe" in run.verdict


def test_errors_are_the_messages_of_the_program(small):
    with pytest.raises(herdlab.ScenarioError, match=r"tier\.l2\.tll") as refused:
        herdlab.run(small, set={"tier.l2.tll": "5s"})
    assert refused.value.code == 2
    with pytest.raises(herdlab.ScenarioError, match=r"nowhere\.toml"):
        herdlab.run("nowhere.toml")
    with pytest.raises(herdlab.ScenarioError, match="the same system"):
        herdlab.diff(small, small, variants=["cache"])


def test_a_change_is_reviewed(small, tmp_path):
    change = tmp_path / "change.toml"
    change.write_text(SCENARIO.replace('ttl = "1s"', 'ttl = "2s"'))
    review = herdlab.diff(small, change, variants=["cache"])
    assert review.summary["review"]["variants"][-1]["safety"] == "safe"
    assert review.results["scenario"]["after"]["differences"] == ["tier.l2.ttl: from 1s to 2s"]
    assert review._repr_markdown_().startswith("**")


def test_a_sweep_has_a_column_for_each_axis(small):
    swept = herdlab.sweep(small, {"tier.l2.ttl": ["1s", "4s"]}, replications=2)
    assert swept.axes == ["tier.l2.ttl"]
    frame = swept.measures()
    of_cache = frame[(frame.variant == "cache") & (frame.measure == "db.qps.peak")].set_index("tier.l2.ttl")
    assert of_cache.index.tolist() == [1.0, 4.0]
    assert of_cache.loc[1.0, "mean"] > of_cache.loc[4.0, "mean"]
    assert of_cache.replications.tolist() == [2, 2]


def test_runs_are_compared(small, tmp_path):
    herdlab.run(small, out=tmp_path / "before")
    herdlab.run(small, set={"tier.l2.ttl": "3s"}, out=tmp_path / "after")
    compared = herdlab.compare(tmp_path / "before", tmp_path / "after").measures()
    hits = compared[(compared.variant == "cache") & (compared.measure == "hit_ratio")].iloc[0]
    assert hits.after > hits.before
    assert hits.verdict == "better"


def test_a_record_is_read_without_a_verdict(small, tmp_path):
    run = herdlab.run(small, out=tmp_path / "report", replications=2)
    again = herdlab.load(tmp_path / "report")
    assert list(again.value_rows()) == list(run.value_rows())
    assert again.chart("database-load")._repr_svg_().startswith("<svg")
    assert again.charts == run.charts
    with pytest.raises(ValueError, match="no verdict"):
        again.measures()


def test_another_version_of_an_output_is_refused_by_number(small, tmp_path):
    herdlab.run(small, out=tmp_path / "report", replications=2)
    record = tmp_path / "report/results.json"
    record.write_text(record.read_text().replace('"schema": 2', '"schema": 9', 1))
    with pytest.raises(herdlab.InterfaceError, match="version 9 of results; this package reads version 2"):
        herdlab.load(record)


def test_any_other_command_gives_its_json(tmp_path):
    trace = tmp_path / "trace.csv"
    trace.write_text("time,key\n" + "".join(f"{at},{at % 7}\n" for at in range(100)))
    found = herdlab.call("mrc", trace, "--capacity", "5", "--policy", "lru", "--out", str(tmp_path / "mrc"))
    assert found["cells"][0]["policy"] == "lru"
    assert herdlab.call("trace", "info", str(trace), "--unit", "s")["survey"]["keys"] == 7


def test_rows_need_no_pandas(small, monkeypatch):
    run = herdlab.run(small, replications=2)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert next(run.measure_rows())["variant"] == "cache"
    with pytest.raises(ImportError, match=r"herdlab\[pandas\]"):
        run.measures()


def test_the_page_shows_what_exists(small):
    page = (Path(__file__).parents[2] / "docs/notebooks.md").read_text()
    shown = {"herdlab": herdlab, "run": herdlab.run(small, replications=2)}
    shown["swept"] = herdlab.sweep(small, {"tier.l2.ttl": "1s,4s"}, replications=2)
    for name, value in shown.items():
        names = set(re.findall(rf"\b{name}\.([a-z_]+)", page, re.IGNORECASE))
        assert len(names) > 1
        assert [one for one in names if not hasattr(value, one)] == []
