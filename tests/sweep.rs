//! Sweeps from the command line: what they leave, that it agrees with single runs, and what they refuse.

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use program::{herdlab, told};

/// A scenario that runs in a moment.
const TINY: &str = r#"
name = "tiny"
question = "How long, and for how many keys?"
duration = "10s"
replications = 6

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = { exponential = { mean = "1ms" } }

[database]
read = { exponential = { mean = "5ms" } }

[sweep]
measures = ["hit_ratio", "db.qps.mean"]
pareto = ["db.qps.mean", "latency.all.p99_ms"]

[sweep.axes]
"tier.l2.ttl" = "1s..4s:log 3"
"workload.keys" = [50, 100]

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    folder
}

#[track_caller]
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = herdlab(folder, arguments);
    assert!(output.status.success(), "{}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = herdlab(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(output.stdout.is_empty());
    told(&output)
}

type Row = std::collections::BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_tidy_csv_holds_every_measure_of_every_cell_and_agrees_with_single_runs() {
    let folder = folder();
    done(folder.path(), &["sweep", "tiny.toml", "--quiet"]);
    let all = rows(&folder.path().join("reports/tiny-sweep/sweep.csv"));
    let head: Vec<&str> = all[0].keys().map(String::as_str).collect();
    assert_eq!(
        head,
        [
            "lower",
            "mean",
            "measure",
            "replications",
            "tier.l2.ttl",
            "unit",
            "upper",
            "variant",
            "workload.keys"
        ]
    );
    let cells: std::collections::BTreeSet<_> =
        all.iter().map(|row| (&row["tier.l2.ttl"], &row["workload.keys"], &row["variant"])).collect();
    assert_eq!(cells.len(), 3 * 2 * 2);

    done(
        folder.path(),
        &["run", "tiny.toml", "--quiet", "--set", "tier.l2.ttl=2s", "--set", "workload.keys=50"],
    );
    let single = rows(&folder.path().join("reports/tiny/summary.csv"));
    let mut compared = 0;
    for row in &single {
        let same = all.iter().find(|cell| {
            (cell["tier.l2.ttl"].as_str(), cell["workload.keys"].as_str()) == ("2s", "50")
                && cell["variant"] == row["variant"]
                && cell["measure"] == row["measure"]
        });
        let same = same.unwrap_or_else(|| panic!("{row:?} is missing"));
        let of = |names: [&str; 5], row: &Row| names.map(|name| row[name].clone());
        assert_eq!(
            of(["unit", "mean", "lower", "upper", "replications"], same),
            of(["unit", "mean", "ci_low", "ci_high", "replications"], row)
        );
        compared += 1;
    }
    assert!(compared > 100);
    assert_eq!(all.len(), single.len() * 6, "every cell has the measures of a run");
}

/// Three variants: one follows both axes, one sets its time to live, one both.
const PINNED: &str = r#"
[[variant]]
name = "free"

[[variant]]
name = "fixed ttl"
set = { "tier.l2.ttl" = "3s" }

[[variant]]
name = "fixed both"
set = { "tier.l2.ttl" = "90s", "workload.keys" = 70 }
"#;

fn pinned() -> tempfile::TempDir {
    let folder = folder();
    let text = TINY.split_once("[[variant]]").unwrap().0.to_owned() + PINNED;
    std::fs::write(folder.path().join("pinned.toml"), text).unwrap();
    folder
}

#[test]
fn a_variant_that_sets_an_axis_itself_stands_once_with_its_own_value() {
    let folder = pinned();
    let table = done(folder.path(), &["sweep", "pinned.toml", "--out", "out"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let all = rows(&folder.path().join("out/sweep.csv"));
    let of = |variant: &str| -> Vec<(String, String)> {
        let hits = all.iter().filter(|row| row["measure"] == "hit_ratio" && row["variant"] == variant);
        hits.map(|row| (row["tier.l2.ttl"].clone(), row["workload.keys"].clone())).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(ttl, keys)| ((*ttl).to_owned(), (*keys).to_owned())).collect()
    };
    assert_eq!(of("free").len(), 6);
    assert_eq!(of("fixed ttl"), pairs(&[("3s", "50"), ("3s", "100")]));
    assert_eq!(of("fixed both"), pairs(&[("90s", "70")]));

    let json: serde_json::Value = serde_json::from_str(&read("sweep.json")).unwrap();
    assert_eq!(json["cells"].as_array().unwrap().len(), 6);
    assert_eq!(
        json["cells"][3]["variants"][1].as_array().unwrap().len(),
        0,
        "it never had this cell's value"
    );
    let rows = json["pinned"].as_array().unwrap();
    let at: Vec<String> = rows.iter().map(|row| format!("{} {}", row["variant"], row["at"])).collect();
    assert_eq!(
        at,
        [
            r#"1 [{"own":"3s","value":3.0},0]"#,
            r#"1 [{"own":"3s","value":3.0},1]"#,
            r#"2 [{"own":"90s","value":90.0},{"own":"70","value":70.0}]"#
        ]
    );

    let lines = |text: &str, variant: &str| text.lines().filter(|line| line.contains(variant)).count();
    let grid = table.split("\n\n").find(|part| part.contains("────")).unwrap();
    assert_eq!(
        [lines(grid, " free"), lines(grid, "fixed ttl"), lines(grid, "fixed both")],
        [6, 2, 1],
        "{table}"
    );
    assert!(grid.contains("3s (pinned)") && grid.contains("90s (pinned)"), "{table}");
    let md = done(folder.path(), &["sweep", "pinned.toml", "--format", "md", "--out", "md"]);
    assert_eq!(md.matches("| 3s (pinned) |").count(), 2, "{md}");
    assert_eq!(md.matches("| 90s (pinned) | 70 (pinned) | fixed both |").count(), 1, "{md}");
    let page = read("index.html");
    assert_eq!(page.matches(">3s (pinned)<").count(), 2);
    let front = read("pareto.csv");
    for line in front.lines().filter(|line| line.contains("fixed")) {
        assert!(line.contains(",3s,") || line.contains(",90s,70,"), "{front}");
    }
    // One map of two cells, one of a single cell, and the six of the variant that follows.
    let map = read("charts/sweep-hit_ratio.svg");
    assert_eq!(map.matches("tier.l2.ttl pinned at 3s, workload.keys = ").count(), 2, "{map}");
    assert_eq!(map.matches("workload.keys pinned at 70 (fixed both): ").count(), 1, "{map}");

    done(folder.path(), &["report", "out/sweep.json", "--out", "again"]);
    let again = std::fs::read_to_string(folder.path().join("again/index.html")).unwrap();
    assert!(again == page, "drawn again from the record alone");
}

#[test]
fn on_one_axis_a_pinned_variant_has_one_point_and_resuming_ends_the_same() {
    let folder = pinned();
    let sweep = ["sweep", "pinned.toml", "--sweep", "tier.l2.ttl=1s,2s", "--quiet", "--variant", "free"];
    let with = |more: &[&'static str]| -> Vec<&'static str> {
        sweep.into_iter().chain(["--variant", "fixed ttl"]).chain(more.iter().copied()).collect()
    };
    done(folder.path(), &with(&["--out", "out"]));
    let svg = std::fs::read_to_string(folder.path().join("out/charts/sweep-hit_ratio.svg")).unwrap();
    assert!(svg.contains(">3s<") && svg.contains("fixed ttl (pinned at 3s)"), "{svg}");
    let tried =
        herdlab(folder.path(), &["sweep", "pinned.toml", "--sweep", "tier.l2.ttl=1s,2s", "--out", "x"]);
    assert!(told(&tried).contains("2 cells, 24 simulations"), "2 + 1 + 1 systems, 6 times: {}", told(&tried));

    // Killed with some simulations in its journal, it goes on to the same record.
    let expected = std::fs::read(folder.path().join("out/sweep.json")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .current_dir(folder.path())
        .args(with(&["--out", "again", "--resume"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = folder.path().join("again/partial.jsonl");
    let lines = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
    while lines() < 3 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    child.wait().unwrap();
    done(folder.path(), &with(&["--out", "again", "--resume"]));
    assert!(std::fs::read(folder.path().join("again/sweep.json")).unwrap() == expected);
}

#[test]
fn threads_leave_no_trace_and_a_report_can_be_drawn_again() {
    let folder = folder();
    for threads in ["1", "2"] {
        done(folder.path(), &["sweep", "tiny.toml", "--quiet", "--threads", threads, "--out", threads]);
    }
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for name in ["sweep.json", "sweep.csv", "pareto.csv", "index.html", "charts/sweep-hit_ratio.svg"] {
        assert!(read(&format!("1/{name}")) == read(&format!("2/{name}")), "{name}");
    }
    done(folder.path(), &["report", "1/sweep.json", "--out", "again"]);
    for name in ["index.html", "sweep.md", "pareto.csv", "charts/pareto.svg", "charts/sweep-db.qps.mean.png"]
    {
        assert!(read(&format!("1/{name}")) == read(&format!("again/{name}")), "{name}");
    }
    let page = String::from_utf8(read("1/index.html")).unwrap();
    assert!(page.contains("default-src &#39;none&#39;"));
    // The icon is empty.
    assert_eq!(page.matches("href=").count(), page.matches("<link rel=\"icon\" href=\"data:,\">").count());
    for loading in ["<link rel=\"stylesheet", "<img", "<iframe", "@import", "url(", " src="] {
        assert!(!page.contains(loading), "{loading}");
    }
    done(folder.path(), &["report", "1/sweep.json", "--out", "static", "--static"]);
    let pictures = String::from_utf8(read("static/index.html")).unwrap();
    assert!(page.contains("<script") && !pictures.contains("<script"));
    assert!(page.contains("herdlab sweep tiny.toml"));
    // On paper, too, the scenario is there to be read.
    assert!(!page.contains("<details") && page.contains("question = "), "{page}");
}

/// The scenario as it is, held against a limit that the larger times to live keep and the smaller ones break.
#[test]
fn every_cell_is_held_against_the_limits_and_the_file_itself_is_found_among_them() {
    let folder = folder();
    let limited =
        TINY.to_owned() + "\n[[threshold]]\nmeasure = \"db.qps.mean\"\nvariant = \"cache\"\nmax = 62\n";
    std::fs::write(folder.path().join("limited.toml"), limited).unwrap();
    let axis = ["--sweep", "tier.l2.ttl=500ms,1s,2s,4s,8s"];
    let sweep = ["sweep", "limited.toml", "--out", "out", "--format", "md"];
    let md = done(folder.path(), &[&sweep[..], &axis[..]].concat());
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("out/sweep.json")).unwrap())
            .unwrap();
    assert_eq!(json["limits"][0]["limit"]["measure"], "db.qps.mean");
    assert_eq!(json["limits"][1]["default"], true);
    assert_eq!((&json["today"]["at"][0], &json["today"]["values"][0]["label"]), (&1.into(), &"1s".into()));
    let cells = json["cells"].as_array().unwrap();
    let mean = |cell: &serde_json::Value| {
        let loads = cell["variants"][0].as_array().unwrap().iter().find(|one| one["name"] == "db.qps.mean");
        let values: Vec<f64> = loads.unwrap()["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    for cell in cells {
        let stands = cell["safety"][0][0].as_str().unwrap();
        assert_eq!(stands == "not-safe", mean(cell) > 62.0, "{stands} {}", mean(cell));
        assert_eq!(cell["safety"][1][0], "not-judged", "the limit is about the cache");
    }
    // The sentence names the first value that keeps the limit.
    let kept = cells.iter().find(|cell| cell["safety"][0][0] == "safe").unwrap();
    let label =
        json["axes"][0]["values"][kept["at"][0].as_u64().unwrap() as usize]["label"].as_str().unwrap();
    let first = md.lines().find(|line| line.starts_with("- cache: ")).unwrap();
    assert!(
        first.starts_with(&format!("- cache: within all limits from tier.l2.ttl = {label}; below it ")),
        "{md}"
    );
    assert!(first.contains("database load"), "{md}");
    assert!(std::fs::read_to_string(folder.path().join("out/sweep.md")).unwrap() == md);
    let page = std::fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(
        page.contains("db.qps.mean ≤ 62/s in cache, ") && page.contains("Today: tier.l2.ttl = 1s (cache)")
    );

    // A record without these fields, as 0.2.0 wrote it at first, is still read.
    let mut older = json;
    for field in ["limits", "today"] {
        older.as_object_mut().unwrap().remove(field);
    }
    for cell in older["cells"].as_array_mut().unwrap() {
        cell.as_object_mut().unwrap().remove("safety");
    }
    std::fs::create_dir(folder.path().join("older")).unwrap();
    std::fs::write(folder.path().join("older/sweep.json"), older.to_string()).unwrap();
    done(folder.path(), &["report", "older"]);
    let page = std::fs::read_to_string(folder.path().join("older/index.html")).unwrap();
    assert!(!page.contains("ithin all limits") && page.contains("Cell by cell"));
}

#[test]
fn one_axis_is_a_line_two_a_map_and_three_small_multiples() {
    let folder = folder();
    let axes = ["tier.l2.ttl=1s,2s,4s", "workload.keys=50,100", "database.servers=2,20"];
    for (count, wanted) in [(1, "2s"), (2, "class=\"cell\""), (3, "database.servers = 20")] {
        let mut arguments = vec!["sweep", "tiny.toml", "--quiet", "--force", "--replications", "2"];
        axes[..count].iter().for_each(|axis| arguments.extend(["--sweep", axis]));
        done(folder.path(), &arguments);
        let svg = folder.path().join("reports/tiny-sweep/charts/sweep-hit_ratio.svg");
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains(wanted) && !svg.contains("NaN") && !svg.contains("inf"), "{count}: {svg}");
        // Two rows are too low for the name of their axis, which would reach into the title above.
        assert_eq!(svg.contains("rotate("), count == 1, "{count}: {svg}");
    }
}

#[test]
fn the_terminal_names_the_front_and_formats_are_what_they_say() {
    let folder = folder();
    let table = done(folder.path(), &["sweep", "tiny.toml"]);
    for wanted in ["tier.l2.ttl", "no cache", "Pareto front of db.qps.mean and latency.all.p99_ms", "4s"] {
        assert!(table.contains(wanted), "{wanted} is missing:\n{table}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&done(folder.path(), &["sweep", "tiny.toml", "--format", "json"])).unwrap();
    assert_eq!(json["cells"].as_array().unwrap().len(), 6);
    assert_eq!(json["cells"][0]["variants"][0][0]["values"].as_array().unwrap().len(), 6);
    let csv = done(folder.path(), &["sweep", "tiny.toml", "--format", "csv"]);
    assert!(
        csv.starts_with("tier.l2.ttl,workload.keys,variant,measure,unit,mean,lower,upper,replications\n")
    );
    let md = done(folder.path(), &["sweep", "tiny.toml", "--format", "md"]);
    assert!(md.contains("| tier.l2.ttl | workload.keys | variant |"), "{md}");
}

/// What costs less is better: the front is between the cost and the latency, in the currency of the prices.
#[test]
fn costs_are_an_axis_of_the_front() {
    let folder = folder();
    let priced = TINY
        .replace("[\"db.qps.mean\", \"latency.all.p99_ms\"]", "[\"cost.month\", \"latency.all.mean_ms\"]")
        + "\n[price]\ncurrency = \"EUR\"\ndatabase_million_requests = 10\ncache_million_commands = 1\n";
    std::fs::write(folder.path().join("priced.toml"), priced).unwrap();
    let table = done(folder.path(), &["sweep", "priced.toml", "--replications", "2"]);
    assert!(table.contains("Pareto front of cost.month and latency.all.mean_ms"), "{table}");
    assert!(table.contains("EUR"), "{table}");
    let all = rows(&folder.path().join("reports/tiny-sweep/sweep.csv"));
    let costs: Vec<&Row> = all.iter().filter(|row| row["measure"] == "cost.month").collect();
    assert!(!costs.is_empty() && costs.iter().all(|row| row["unit"] == "EUR"));
    // Without a cache every read is paid at the higher price.
    let of = |row: &&&Row, variant: &str| row["variant"] == variant;
    let mean = |row: &&Row| row["mean"].parse::<f64>().unwrap();
    let cached = costs.iter().filter(|row| of(row, "cache")).map(mean).fold(0.0, f64::max);
    let uncached = costs.iter().filter(|row| of(row, "no cache")).map(mean).fold(f64::INFINITY, f64::min);
    assert!(cached < uncached, "{cached} {uncached}");
    let front = rows(&folder.path().join("reports/tiny-sweep/pareto.csv"));
    assert!(!front.is_empty() && front.iter().all(|row| row["variant"] == "cache"), "{front:?}");
}

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let folder = folder();
    let sweep = |axis: &str| refused(folder.path(), &["sweep", "tiny.toml", "--sweep", axis]);
    assert!(sweep("tier.l3.ttl=1s,2s").contains("did you mean \"l2\"?"));
    let value = sweep("tier.l2.ttl=1s,soon");
    assert!(
        value.contains("expected a duration") && value.contains("in the cell tier.l2.ttl = soon"),
        "{value}"
    );
    assert!(sweep("workload.kees=1,2").contains("did you mean `keys`?"));
    assert!(sweep("workload.keys=1..2000000:step 1").contains("at most 1000 values"));
    assert!(sweep("workload.keys=5..1:lin 3").contains("above its start"));
    assert!(sweep("replications=2,4").contains("`replications` cannot be varied"));
    let many = [
        "sweep",
        "tiny.toml",
        "--sweep",
        "workload.keys=1..1000:step1",
        "--sweep",
        "tier.l2.ttl=1s..60s:step1s",
    ];
    assert!(refused(folder.path(), &many).contains("60,000 cells (1000 x 60); at most 10,000 can be run"));
    let measure = refused(folder.path(), &["sweep", "tiny.toml", "--measure", "hit_ration"]);
    assert!(measure.contains("did you mean \"hit_ratio\"?"), "{measure}");
    let limit = refused(folder.path(), &["sweep", "tiny.toml", "--time-limit", "1ms"]);
    assert!(limit.contains("takes about"), "{limit}");
    let pointer = refused(folder.path(), &["run", "tiny.toml", "--sweep", "workload.keys=1,2"]);
    assert!(pointer.contains("herdlab sweep tiny.toml --sweep workload.keys=1,2"), "{pointer}");
    std::fs::write(folder.path().join("plain.toml"), TINY.replace("[sweep.axes]", "[sweep.axis]")).unwrap();
    assert!(refused(folder.path(), &["sweep", "plain.toml"]).contains("did you mean `axes`?"));
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn a_run_does_not_look_at_the_sweep_and_check_finds_what_is_wrong_in_it() {
    let folder = folder();
    done(folder.path(), &["run", "tiny.toml", "--quiet", "--out", "with"]);
    let without = TINY.replace("[sweep]", "# [sweep]").replace("measures =", "# ").replace("pareto =", "# ");
    let without: String = without
        .lines()
        .filter(|line| !line.starts_with(['"']) && !line.starts_with("[sweep"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(folder.path().join("tiny2.toml"), without).unwrap();
    done(folder.path(), &["run", "tiny2.toml", "--quiet", "--out", "without"]);
    let digest = |name: &str| {
        let text = std::fs::read(folder.path().join(name).join("results.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        (json["scenario"]["digest"].clone(), json["variants"].clone())
    };
    assert!(digest("with") == digest("without"));
    std::fs::write(folder.path().join("bad.toml"), TINY.replace("1s..4s:log 3", "1s..4s:cubic 3")).unwrap();
    assert!(refused(folder.path(), &["run", "bad.toml"]).contains("divides no range"));
    assert!(done(folder.path(), &["check", "tiny.toml"]).contains("sweep: 6 cells, 48 simulations"));
    let nowhere = TINY.replace("\"workload.keys\" =", "\"workload.kees\" =");
    std::fs::write(folder.path().join("bad.toml"), nowhere).unwrap();
    assert!(refused(folder.path(), &["check", "bad.toml"]).contains("did you mean `keys`?"));
}

#[test]
fn a_killed_sweep_goes_on_where_it_stopped_and_a_larger_one_uses_it() {
    let folder = folder();
    let long = ["--duration", "60s", "--set", "workload.arrivals.poisson.rate=1000", "--quiet"];
    let with = |more: &[&'static str]| -> Vec<&'static str> {
        ["sweep", "tiny.toml"].into_iter().chain(long).chain(more.iter().copied()).collect()
    };
    done(folder.path(), &with(&["--out", "undisturbed"]));
    let expected = |name: &str| std::fs::read(folder.path().join("undisturbed").join(name)).unwrap();
    let mut kept = 0;
    for kill in 0..4u64 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_herdlab"))
            .current_dir(folder.path())
            .args(with(&["--out", "out", "--resume"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 250 * kill));
        // It may have finished before.
        let _ = child.kill();
        child.wait().unwrap();
        let journal = std::fs::read_to_string(folder.path().join("out/partial.jsonl")).unwrap_or_default();
        kept = kept.max(journal.lines().count());
    }
    done(folder.path(), &with(&["--out", "out", "--resume"]));
    for name in ["sweep.json", "sweep.csv"] {
        assert!(std::fs::read(folder.path().join("out").join(name)).unwrap() == expected(name), "{name}");
    }
    assert!(!folder.path().join("out/partial.jsonl").exists(), "nothing is left to resume");
    assert!(kept > 0, "no kill left anything behind");
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_finished_cells() {
    let folder = folder();
    let child = Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .current_dir(folder.path())
        .args(["sweep", "tiny.toml", "--sweep", "tier.l2.ttl=1s..200s:step 1s", "--duration", "200s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As soon as some cells are through.
    let journal = folder.path().join("reports/tiny-sweep/partial.jsonl");
    let lines = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
    while lines() < 30 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", told(&output));
    assert!(told(&output).contains("cells finished and kept"), "{}", told(&output));
    assert!(told(&output).contains("--resume"), "{}", told(&output));
    let all = rows(&folder.path().join("reports/tiny-sweep/sweep.csv"));
    let cells: std::collections::BTreeSet<_> = all.iter().map(|row| &row["tier.l2.ttl"]).collect();
    assert!((1..200).contains(&cells.len()), "{}", cells.len());
    let page = std::fs::read_to_string(folder.path().join("reports/tiny-sweep/index.html")).unwrap();
    assert!(page.contains("of 200 cells are finished"));
}
