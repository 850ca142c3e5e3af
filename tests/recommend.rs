//! `herdlab recommend` against the exhaustive grid, and what it says where nothing fits.

#[path = "support/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use herdlab::catalog::computed::measures;
use herdlab::experiment::recommend::BINDING_MARGIN_MAX;
use herdlab::model::Model;
use herdlab::scenario::Overrides;
use herdlab::scenario::grid::{Which, grid};
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;
use program::{herdlab, told};

/// A longer time to live saves reads of the database and makes old values older.
const FRESHNESS: &str = r#"
name = "freshness"
question = "Which time to live?"
duration = "60s"
warmup = "20s"
replications = 8
seed = 5

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 500
popularity = { zipf = { exponent = 0.9 } }
write_share = 0.05

[writes]
strategy = "write-around"

[[tier]]
name = "l2"
scope = "shared"
capacity = 300
eviction = "lru"
ttl = "10s"
network = "500us"

[database]
servers = 3
read = { exponential = { mean = "15ms" } }

[[threshold]]
measure = "stale.age.p99_s"
max = 9

[recommend]
minimise = "latency.all.p95_ms"
keep = ["db.qps.mean <= 120"]

[recommend.knobs]
"tier.l2.ttl" = "1s..30s:log 7"
"tier.l2.capacity" = [100, 200, 300, 400]
"#;

/// The smallest cache that answers three reads of five, whichever way it evicts.
const CHEAPEST: &str = r#"
name = "cheapest"
question = "How small a cache will do?"
duration = "40s"
warmup = "10s"
replications = 8
seed = 9

[workload]
arrivals = { poisson = { rate = 300 } }
keys = 2000
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "l2"
scope = "shared"
capacity = 100
eviction = "lru"
ttl = "none"

[database]
read = "5ms"

[recommend]
minimise = "tier.l2.capacity"
keep = ["hit_ratio >= 60%"]

[recommend.knobs]
"tier.l2.capacity" = "50..800:step 50"

[[variant]]
name = "lru"

[[variant]]
name = "fifo"
set = { "tier.l2.eviction" = "fifo" }
"#;

/// A load that is known as a range only.
const UNSURE: &str = r#"
name = "unsure"
question = "How many servers, with a load that nobody knows?"
duration = "20s"
warmup = "4s"
replications = 16
seed = 3

[workload]
arrivals = { poisson = { rate = { low = 100, high = 300 } } }
keys = 1000

[database]
servers = 4
read = { exponential = { mean = "15ms" } }

[recommend]
minimise = "database.servers"
keep = ["latency.all.p99_ms <= 120"]

[recommend.knobs]
"database.servers" = "2..12:step 1"
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("freshness.toml"), FRESHNESS).unwrap();
    std::fs::write(folder.path().join("cheapest.toml"), CHEAPEST).unwrap();
    std::fs::write(folder.path().join("unsure.toml"), UNSURE).unwrap();
    folder
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str], code: i32) -> serde_json::Value {
    let output = herdlab(folder, &[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Of each cell and variant the mean and the interval of each measure, from an exhaustive sweep.
type Grid = BTreeMap<Vec<String>, BTreeMap<String, (f64, f64, f64)>>;

fn exhaustive(folder: &Path, file: &str, axes: &[(&str, &str)]) -> Grid {
    let mut arguments =
        vec!["sweep".to_owned(), file.to_owned(), "--quiet".to_owned(), "--out".to_owned(), "all".to_owned()];
    for (path, values) in axes {
        arguments.extend(["--sweep".to_owned(), format!("{path}={values}")]);
    }
    let output = herdlab(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", told(&output));
    let mut grid = Grid::new();
    let mut reader = csv::Reader::from_path(folder.join("all/sweep.csv")).unwrap();
    for row in reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap) {
        let place = axes.iter().map(|(path, _)| row[*path].clone()).chain([row["variant"].clone()]).collect();
        let number = |name: &str| row[name].parse().unwrap_or(f64::NAN);
        let figures = (number("mean"), number("lower"), number("upper"));
        grid.entry(place).or_default().insert(row["measure"].clone(), figures);
    }
    grid
}

#[test]
fn the_fastest_setting_within_the_limits_is_that_of_the_whole_grid() {
    let folder = folder();
    let found = json(folder.path(), &["recommend", "freshness.toml"], 0);
    let axes = [("tier.l2.ttl", "1s..30s:log 7"), ("tier.l2.capacity", "100,200,300,400")];
    let grid = exhaustive(folder.path(), "freshness.toml", &axes);
    assert_eq!(grid.len(), 28);
    let certain = |figures: &BTreeMap<String, (f64, f64, f64)>| {
        figures["stale.age.p99_s"].2 <= 9.0 && figures["db.qps.mean"].2 <= 120.0
    };
    let (best, figures) = grid
        .iter()
        .filter(|(_, figures)| certain(figures))
        .min_by(|a, b| a.1["latency.all.p95_ms"].0.total_cmp(&b.1["latency.all.p95_ms"].0))
        .unwrap();
    assert!(grid.values().filter(|figures| !certain(figures)).count() > 5, "the limits must matter");
    let settings = &found["found"]["settings"];
    let winner = [settings["tier.l2.ttl"].as_str().unwrap(), settings["tier.l2.capacity"].as_str().unwrap()];
    assert_eq!(winner.as_slice(), &best[..2], "{found:#}");
    assert!((found["found"]["mean"].as_f64().unwrap() - figures["latency.all.p95_ms"].0).abs() < 1e-6);
    // It took fewer simulations.
    assert!(found["simulations"].as_u64().unwrap() < 28 * 8);
    // At most one limit binds: the one with the smallest margin, where that is small.
    let limits = found["found"]["limits"].as_array().unwrap();
    let margins: Vec<f64> = limits.iter().map(|limit| limit["relative_margin"].as_f64().unwrap()).collect();
    let binding: Vec<bool> = limits.iter().map(|limit| limit["binding"].as_bool().unwrap()).collect();
    let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
    let binds = margins.iter().map(|margin| *margin == least && least <= BINDING_MARGIN_MAX);
    assert_eq!(binding, binds.collect::<Vec<_>>(), "{margins:?}");
}

#[test]
fn the_cheapest_setting_within_the_limits_is_that_of_the_whole_grid() {
    let folder = folder();
    let found = json(folder.path(), &["recommend", "cheapest.toml"], 0);
    let grid = exhaustive(folder.path(), "cheapest.toml", &[("tier.l2.capacity", "50..800:step 50")]);
    assert_eq!(grid.len(), 32);
    let capacity = |place: &[String]| place[0].parse::<f64>().unwrap();
    let best = grid
        .iter()
        .filter(|(_, figures)| figures["hit_ratio"].1 >= 0.6)
        .map(|(place, _)| place)
        .min_by(|a, b| capacity(a).total_cmp(&capacity(b)))
        .unwrap();
    assert!(capacity(best) > 50.0, "the limit must matter");
    assert_eq!(found["found"]["settings"]["tier.l2.capacity"].as_str(), Some(best[0].as_str()), "{found:#}");
    assert_eq!(found["found"]["variant"].as_str(), Some(best[1].as_str()));
}

/// Memory has its price, and so have the reads that it saves: neither the smallest cache nor the largest one costs least.
#[test]
fn the_setting_that_costs_least_is_that_of_the_whole_grid() {
    let folder = folder();
    let sizes = "60kB,120kB,240kB,480kB,960kB";
    let priced = CHEAPEST
        .replace("capacity = 100", "capacity = \"100kB\"")
        .replace("minimise = \"tier.l2.capacity\"", "minimise = \"cost.month\"")
        .replace("keep = [\"hit_ratio >= 60%\"]", "keep = [\"cost.cache.month <= 900\"]")
        .replace("\"50..800:step 50\"", &format!("[\"{}\"]", sizes.replace(',', "\", \"")))
        + "\n[price]\ncurrency = \"EUR\"\ncache_gb_month = 1000000\ndatabase_million_requests = 1\n";
    std::fs::write(folder.path().join("priced.toml"), priced).unwrap();
    let found = json(folder.path(), &["recommend", "priced.toml"], 0);
    let grid = exhaustive(folder.path(), "priced.toml", &[("tier.l2.capacity", sizes)]);
    let cost = |figures: &BTreeMap<String, (f64, f64, f64)>| figures["cost.month"].0;
    let (best, figures) = grid.iter().min_by(|a, b| cost(a.1).total_cmp(&cost(b.1))).unwrap();
    assert!(!["60kB", "960kB"].contains(&best[0].as_str()), "{grid:#?}");
    assert_eq!(found["found"]["settings"]["tier.l2.capacity"].as_str(), Some(best[0].as_str()), "{found:#}");
    assert!((found["found"]["mean"].as_f64().unwrap() - cost(figures)).abs() < 1e-6 * cost(figures));
    let shown = herdlab(folder.path(), &["recommend", "priced.toml"]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains(" EUR") && shown.contains("cost.cache.month ≤ 900 EUR"), "{shown}");
    // Money is a column and an axis of the report as well.
    let report = ["recommend", "priced.toml", "--report", "priced", "--quiet"];
    assert!(herdlab(folder.path(), &report).status.success());
    let read = |file: &str| std::fs::read_to_string(folder.path().join("priced").join(file)).unwrap();
    assert!(read("recommend.csv").lines().next().unwrap().contains(",cost.month,cost.month.lower,"));
    let page = read("index.html");
    assert!(page.contains("id=\"trade-off-cost.cache.month\"") && page.contains("cost per month"), "{page}");
}

#[test]
fn the_output_can_be_used() {
    let folder = folder();
    let output = herdlab(folder.path(), &["recommend", "cheapest.toml", "--out", "better.toml"]);
    assert!(output.status.success(), "{}", told(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    for wanted in ["Recommended: tier.l2.capacity = ", "hit_ratio ≥ 60", "binding", "name = \"recommended\""]
    {
        assert!(shown.contains(wanted), "{wanted} is missing:\n{shown}");
    }
    let run = ["run", "better.toml", "--quiet", "--out", "better"];
    assert!(herdlab(folder.path(), &run).status.success());
    let results = std::fs::read_to_string(folder.path().join("better/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let variants = results["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 3);
    let hit_ratio = |variant: &serde_json::Value| {
        let measures = variant["measures"].as_array().unwrap();
        let values =
            measures.iter().find(|measure| measure["name"] == "hit_ratio").unwrap()["values"].clone();
        values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).sum::<f64>() / 8.0
    };
    assert!(hit_ratio(&variants[2]) >= 0.6 && variants[2]["name"] == "recommended");
}

/// The knob is the objective, and one variant sets it itself.
const PINNED: &str = r#"
question = "smallest time to live?"
duration = "10s"
warmup = "2s"
replications = 6

[workload]
arrivals = { poisson = { rate = 300 } }
keys = 500
popularity = { zipf = { exponent = 1.0 } }

[[tier]]
name = "redis"
scope = "shared"
ttl = "10m"
network = "400us"

[database]
read = "15ms"
servers = 60

[recommend]
minimise = "tier.redis.ttl"
keep = ["db.qps.mean <= 500"]

[recommend.knobs]
"tier.redis.ttl" = ["30s", "60s", "120s"]

[[variant]]
name = "base"

[[variant]]
name = "fixed"
set = { "tier.redis.ttl" = "20s", coalescing = "singleflight" }
"#;

fn pinned(own: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pinned.toml"), PINNED.replace("20s", own)).unwrap();
    folder
}

#[test]
fn a_variant_that_sets_the_knob_itself_has_its_own_value_as_objective() {
    // Every candidate keeps the limit, so the objective alone decides.
    for (own, value, winner) in [("45s", 45.0, "base"), ("20s", 20.0, "fixed")] {
        let folder = pinned(own);
        let found = json(folder.path(), &["recommend", "pinned.toml"], 0);
        assert_eq!(found["candidates"], 4, "three values, and the pinned variant once");
        let all: Vec<&serde_json::Value> =
            std::iter::once(&found["found"]).chain(found["rivals"].as_array().unwrap()).collect();
        let fixed: Vec<_> = all.iter().filter(|one| one["variant"] == "fixed").collect();
        assert_eq!(fixed.len(), 1, "{found:#}");
        assert_eq!(fixed[0]["mean"], value);
        assert_eq!(fixed[0]["settings"], serde_json::json!({}));
        assert_eq!(fixed[0]["pinned"], serde_json::json!({ "tier.redis.ttl": own }));
        assert_eq!(found["found"]["variant"], winner, "{found:#}");
        let page = herdlab(folder.path(), &["recommend", "pinned.toml"]);
        let page = String::from_utf8(page.stdout).unwrap();
        assert!(page.contains(&format!("fixed (pinned: tier.redis.ttl = {own})")), "{page}");
        // Nothing was dropped, so nothing was saved; and a limit with so much room does not bind.
        assert!(page.contains("4 candidates x 6 replications: 24 simulations."), "{page}");
        assert!(!page.contains("instead of") && !page.contains("binding"), "{page}");
        assert!(page.contains("No limit binds: the nearest leaves"), "{page}");
        let bound = found["found"]["limits"].as_array().unwrap().iter().any(|limit| limit["binding"] == true);
        assert!(!bound, "{found:#}");
    }
}

/// A setting that a knob reaches goes by the knob, even where a variant is the same system.
#[test]
fn a_pinned_variant_that_is_a_cell_of_the_grid_is_that_cell() {
    let folder = pinned("60s");
    let text = std::fs::read_to_string(folder.path().join("pinned.toml")).unwrap();
    let text = text.replace(", coalescing = \"singleflight\"", "");
    std::fs::write(folder.path().join("pinned.toml"), text).unwrap();
    let found = json(folder.path(), &["recommend", "pinned.toml"], 0);
    assert_eq!((&found["candidates"], &found["found"]["mean"]), (&3.into(), &30.0.into()), "{found:#}");
    assert_eq!(found["found"]["settings"]["tier.redis.ttl"], "30s");
}

#[test]
fn one_of_anything_is_told_in_the_singular() {
    let folder = pinned("20s");
    let one = [
        "recommend",
        "pinned.toml",
        "--replications",
        "1",
        "--minimise",
        "db.qps.mean",
        "--variant",
        "fixed",
        "--knob",
    ];
    let output = herdlab(folder.path(), &[&one[..], &["database.servers=50"]].concat());
    let shown = told(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("1 candidate, 1 simulation, "), "{shown}");
    assert!(shown.contains("1 candidate x 1 replication: 1 simulation."), "{shown}");
    for wrong in ["1 candidates", "1 simulations", "1 replications"] {
        assert!(!shown.contains(wrong), "{shown}");
    }
}

#[test]
fn where_nothing_fits_it_says_by_how_much() {
    let folder = folder();
    let limits = ["recommend", "freshness.toml", "--keep", "db.qps.mean <= 12"];
    let found = json(folder.path(), &limits, 98);
    assert_eq!(found["outcome"], "nothing");
    let output = herdlab(folder.path(), &[&limits[..], &["--out", "better.toml"]].concat());
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(98));
    assert!(shown.contains("Nothing keeps all limits.") && shown.contains("% beyond it"), "{shown}");
    assert!(told(&output).contains("better.toml is not written"));
    assert!(!folder.path().join("better.toml").exists());
}

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let folder = folder();
    let refused = |arguments: &[&str]| {
        let output = herdlab(folder.path(), &[&["recommend", "freshness.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        told(&output)
    };
    let budget = refused(&["--budget", "40"]);
    assert!(budget.contains("a budget of 40 simulations is too small for 28 candidates"), "{budget}");
    assert!(refused(&["--minimise", "latency.all.p95"]).contains("neither a measure nor a knob"));
    assert!(refused(&["--keep", "db.qps.mean < 5"]).contains("<= or >="));
    assert!(refused(&["--keep", "hit_ratio >= 60"]).contains("expected a share"));
    assert!(refused(&["--knob", "tier.l3.ttl=1s,2s"]).contains("did you mean \"l2\"?"));
    std::fs::write(folder.path().join("freshness.toml"), FRESHNESS.split("[recommend]").next().unwrap())
        .unwrap();
    assert!(refused(&[]).contains("no [recommend.knobs]"));
    assert!(refused(&["--knob", "tier.l2.ttl=1s,2s"]).contains("recommend has no objective"));
}

#[test]
fn a_budget_and_options_are_followed_and_threads_leave_no_trace() {
    let folder = folder();
    let most =
        ["recommend", "freshness.toml", "--knob", "tier.l2.ttl=1s,4s,8s,16s", "--maximise", "hit_ratio"];
    let one = json(folder.path(), &[&most[..], &["--threads", "1"]].concat(), 0);
    let two = json(folder.path(), &[&most[..], &["--threads", "2"]].concat(), 0);
    assert_eq!(one, two);
    assert_eq!((one["direction"].as_str(), one["objective"].as_str()), (Some("maximise"), Some("hit_ratio")));
    let small = json(folder.path(), &["recommend", "freshness.toml", "--budget", "110"], 0);
    assert!(small["simulations"].as_u64().unwrap() <= 110);
}

/// Options are pointed at as they were typed.
#[test]
fn a_wrong_option_is_shown_as_it_was_typed() {
    let told = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_herdlab"))
            .args(["recommend", "lookup", "--knob", "tier.l2.ttl=10s,60s"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let minimise = told(&["--minimise", "foo"]);
    assert!(minimise.contains("--> --minimise:1:1") && minimise.contains("`herdlab explain`"), "{minimise}");
    let keep =
        told(&["--minimise", "hit_ratio", "--keep", "hit_ratio >= 0.5", "--keep", "db.qps.mean <= 5ms"]);
    assert!(keep.contains("--> --keep:1:1") && keep.contains("1 | db.qps.mean <= 5ms"), "{keep}");
    assert!(keep.contains("db.qps.mean is measured per second") && !keep.contains("--set"), "{keep}");
    let both = told(&["--minimise", "hit_ratio", "--keep", "X"]);
    assert!(both.contains("1 | X"), "{both}");
}

/// The measure of every candidate in every world, simulated one by one.
fn in_every_world(scenario: &str, measure: &str) -> Vec<Vec<f64>> {
    let overrides = Overrides::default();
    let (grid, _) = grid(scenario, "unsure.toml", Path::new(""), &overrides, Which::Recommend, &[]).unwrap();
    let of = |(world, model): (usize, &Model)| {
        let tables = Arc::new(Tables::new(model, 3).unwrap());
        let run = Engine::new(model, tables, 3, world as u32).unwrap().run(&Control::default()).unwrap();
        let measured = measures(model, &run.recorder).into_iter().find(|one| one.name == measure);
        measured.unwrap().value.unwrap()
    };
    grid.cells.iter().map(|cell| cell.worlds[0].iter().enumerate().map(of).collect()).collect()
}

#[test]
fn over_worlds_a_limit_is_kept_in_nine_of_ten() {
    let folder = folder();
    let found = json(folder.path(), &["recommend", "unsure.toml"], 0);
    let p99 = in_every_world(UNSURE, "latency.all.p99_ms");
    let kept = |values: &Vec<f64>| values.iter().filter(|value| **value <= 120.0).count();
    assert!(p99.len() == 11 && p99.iter().all(|values| values.len() == 16));
    // Fifteen worlds of sixteen are nine of ten; fourteen are not.
    let fewest = p99.iter().position(|values| kept(values) >= 15).unwrap();
    assert_eq!(found["found"]["settings"]["database.servers"], (fewest + 2).to_string(), "{p99:?}");
    assert_eq!(found["found"]["limits"][0]["kept"]["count"], kept(&p99[fewest]));
    assert_eq!(found["worlds"], 16);
    // With the load in the middle of its range fewer would do.
    let nominal =
        json(folder.path(), &["recommend", "unsure.toml", "--set", "workload.arrivals.poisson.rate=200"], 0);
    let servers = |value: &serde_json::Value| -> u32 {
        value["found"]["settings"]["database.servers"].as_str().unwrap().parse().unwrap()
    };
    assert!(servers(&nominal) < servers(&found), "{nominal}");
}

#[test]
fn the_regret_is_the_distance_to_the_best_of_each_world() {
    let folder = folder();
    // Few fast servers are best at a low load, many slow ones at a high one.
    let either = UNSURE
        .replace(
            "database.servers\" = \"2..12:step 1\"",
            "database\" = [{ servers = 3, read = \"10ms\" }, { servers = 6, read = \"14ms\" }]",
        )
        .replace("\"database.servers\"\nkeep = [\"latency.all.p99_ms <= 120\"]", "\"latency.all.mean_ms\"");
    std::fs::write(folder.path().join("either.toml"), &either).unwrap();
    let found = json(folder.path(), &["recommend", "either.toml"], 0);
    let latency = in_every_world(&either, "latency.all.mean_ms");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let winner = if mean(&latency[0]) < mean(&latency[1]) { 0 } else { 1 };
    let regrets: Vec<f64> =
        (0..16).map(|world| latency[winner][world] - latency[0][world].min(latency[1][world])).collect();
    let worse = regrets.iter().filter(|regret| **regret > 0.0).count();
    assert!(worse > 0 && worse < 16, "each is the best of some worlds: {latency:?}");
    let near = |value: &serde_json::Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
    let regret = &found["found"]["regret"];
    assert!(near(&regret["mean"], mean(&regrets)), "{found}");
    assert!(near(&regret["max"], regrets.iter().copied().fold(0.0, f64::max)), "{found}");
    assert!(near(&found["found"]["mean"], mean(&latency[winner])), "{found}");
}

/// A command that has to be refused before anything runs: its message.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = herdlab(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    told(&output)
}

/// The search for the cheapest cache, with a report.
const REPORTED: [&str; 6] = ["recommend", "cheapest.toml", "--replications", "6", "--duration", "20s"];

#[test]
fn a_report_does_not_depend_on_threads_and_is_drawn_again_from_its_record() {
    let folder = folder();
    let search = |threads: &str, out: &str| {
        let output =
            herdlab(folder.path(), &[&REPORTED[..], &["--threads", threads, "--report", out]].concat());
        assert!(output.status.success(), "{}", told(&output));
        std::fs::read_to_string(folder.path().join(out).join("recommend.json")).unwrap()
    };
    assert_eq!(search("1", "one"), search("2", "two"));
    let again = herdlab(folder.path(), &["report", "one", "--out", "again"]);
    assert!(again.status.success(), "{}", told(&again));
    for file in
        ["index.html", "recommend.csv", "recommend.md", "charts/over-the-knob.png", "charts/candidates.svg"]
    {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("again"), "{file}");
    }
    let page = std::fs::read_to_string(folder.path().join("one/index.html")).unwrap();
    for part in [
        "herdlab recommend cheapest.toml --replications 6 --duration 20s</pre>",
        "tier.l2.capacity&#34; = ",
        "<strong>recommended</strong>: ",
        "<figure id=\"over-the-knob\">",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
}

/// The baseline, a capacity of 100, is one of the 32 candidates, each of which is simulated twice in any case.
#[test]
fn todays_setting_is_simulated_for_a_report_alone_and_this_is_told_before() {
    let folder = folder();
    let heads = |more: &[&str]| {
        let output = herdlab(folder.path(), &[&REPORTED[..], more].concat());
        assert!(output.status.success(), "{}", told(&output));
        told(&output).lines().next().unwrap().to_owned()
    };
    let reported = heads(&["--report", "one"]);
    assert!(reported.contains(" and up to 4 of today's setting, "), "{reported}");
    let record = std::fs::read_to_string(folder.path().join("one/recommend.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let names: Vec<&str> = record["today"]["beside"]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["today", "recommended"]);
    let plain = heads(&[]);
    let limited = heads(&["--budget", "150", "--report", "limited"]);
    assert!(!plain.contains("today") && !limited.contains("today"), "{plain} {limited}");
}

#[test]
fn candidates_are_printed_as_csv_and_markdown() {
    let folder = folder();
    let print = |format: &str| {
        let output = herdlab(folder.path(), &[&REPORTED[..], &["--format", format]].concat());
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = print("csv");
    assert_eq!(text.lines().count(), 1 + 32, "{text}");
    assert!(text.starts_with("tier.l2.capacity,variant,verdict,limits,broken,replications,"), "{text}");
    let text = print("md");
    assert!(text.starts_with("**How small a cache will do?**\n\n- tier.l2.capacity = "), "{text}");
    assert!(text.contains("The best 20 of 32 candidates."), "{text}");
}

#[test]
fn a_report_replaces_neither_what_is_read_nor_another_report() {
    let folder = folder();
    let with = |more: &[&'static str]| [&REPORTED[..], more].concat();
    let run = ["run", "cheapest.toml", "--replications", "1", "--quiet", "--out", "here"];
    assert!(herdlab(folder.path(), &run).status.success());
    let message = refused(folder.path(), &with(&["--report", "here"]));
    assert!(
        message.contains("--force replaces it")
            && message.contains("choose another folder with --report DIR"),
        "{message}"
    );
    assert!(herdlab(folder.path(), &with(&["--report", "here", "--force", "--quiet"])).status.success());
    // The same search may replace its own report, another one may not.
    assert!(herdlab(folder.path(), &with(&["--report", "here", "--quiet"])).status.success());
    let message = refused(folder.path(), &with(&["--report", "here", "--keep", "hit_ratio >= 50%"]));
    assert!(message.contains("holds the report of another"), "{message}");

    std::fs::create_dir(folder.path().join("own")).unwrap();
    std::fs::copy(folder.path().join("cheapest.toml"), folder.path().join("own/recommend.md")).unwrap();
    let message = refused(folder.path(), &["recommend", "own/recommend.md", "--report", "own"]);
    assert!(message.contains("would overwrite own/recommend.md, which is read"), "{message}");
    let message = refused(folder.path(), &with(&["--report", "new", "--out", "new/recommend.json"]));
    assert!(message.contains("is a file of the report in new"), "{message}");
    refused(folder.path(), &with(&["--report", "cheapest.toml"]));
    refused(folder.path(), &with(&["--report", "/dev/null"]));
    let message = refused(folder.path(), &with(&["--force"]));
    assert!(message.contains("--report <DIR>"), "{message}");
    assert!(!folder.path().join("new").exists(), "nothing was written");
}

#[test]
fn a_damaged_record_of_a_search_is_refused_with_the_way_out() {
    let folder = folder();
    let record = r#"{"schema": 1, "candidates": [], "rungs": []}"#;
    std::fs::write(folder.path().join("recommend.json"), record).unwrap();
    let message = refused(folder.path(), &["report", "recommend.json"]);
    assert!(message.contains("is not a record of herdlab") && message.contains("--report DIR"), "{message}");
    let message = refused(folder.path(), &["report", ".", "--summary"]);
    assert!(message.contains("is the record of a recommendation"), "{message}");
}
