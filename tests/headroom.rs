//! `herdlab headroom` against borders that are known: from closed forms, and from a scenario that comes with the program.

#[path = "support/program.rs"]
mod program;

use std::path::Path;

use program::{herdlab, told};
use serde_json::Value;

/// A hundred requests a second, each 10 ms at a database with two connections: twice as many are what it can serve.
const POOL: &str = r#"
name = "pool"
question = "How much more?"
duration = "20s"
replications = 2

[workload]
arrivals = { constant = { rate = 100 } }
keys = 1

[database]
read = "10ms"
pool = 2

[[threshold]]
measure = "latency.all.p99_ms"
max = 11
"#;

fn folder(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.toml"), scenario).unwrap();
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

/// The words of the answer, without the breaks of the terminal's lines.
#[track_caller]
fn answer(scenario: &str, arguments: &[&str]) -> String {
    let folder = folder(scenario);
    let page = done(folder.path(), &[&["headroom", "s.toml"], arguments].concat());
    page.split("\n\n").nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first answer of the record.
#[track_caller]
fn border(scenario: &str, arguments: &[&str]) -> Value {
    let folder = folder(scenario);
    let text = done(folder.path(), &[&["headroom", "s.toml", "--format", "json"], arguments].concat());
    let record: Value = serde_json::from_str(&text).unwrap();
    record["answers"][0]["found"]["border"].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_border_of_a_pool_is_its_capacity_over_what_is_offered() {
    let found = border(POOL, &[]);
    let (safe, breaks) = (number(&found["border"]["safe"]), number(&found["border"]["breaks"]));
    assert!((1.96..=2.0).contains(&safe) && breaks > 2.0 && breaks <= safe * 1.02 + 1e-9, "{safe} {breaks}");
    assert_eq!(found["resource"]["name"], "the database's connection pool");
    assert_eq!(found["broken"][0]["limit"]["measure"], "latency.all.p99_ms");
    let words = answer(POOL, &[]);
    assert!(words.starts_with("Safe up to 2 times today's traffic (2 to 2."), "{words}");
    assert!(words.contains("then the database's connection pool is short"), "{words}");
    assert!(words.contains("latency.all.p99_ms ≤ 11 ms"), "{words}");
}

#[test]
fn servers_are_named_before_the_pool_that_they_fill() {
    // Three servers at 10 ms behind five connections: 300 a second.
    let servers = POOL.replace("pool = 2", "pool = 5\nservers = 3");
    let found = border(&servers, &["--precision", "5%"]);
    let safe = number(&found["border"]["safe"]);
    assert!((2.84..=3.0).contains(&safe), "{safe}");
    assert_eq!(found["resource"]["name"], "the database's servers");
}

#[test]
fn what_is_broken_today_is_said_first_and_halved() {
    // Two connections at 40 ms: 50 a second, half of what is offered.
    let slow = POOL.replace("read = \"10ms\"", "read = \"40ms\"").replace("max = 11", "max = 41");
    let words = answer(&slow, &[]);
    assert!(
        words.starts_with("Today's traffic already breaks a limit: safe up to 0.5 times today's traffic"),
        "{words}"
    );
}

#[test]
fn any_other_knob_has_a_border_and_the_smaller_side_may_be_the_dangerous_one() {
    // 100 requests a second, 30 ms each: three connections are busy, two are not enough.
    let found = border(
        &POOL.replace("read = \"10ms\"", "read = \"30ms\"").replace("max = 11", "max = 31"),
        &["--knob", "database.pool=1..40"],
    );
    assert_eq!(found["border"]["upwards"], false);
    assert_eq!((number(&found["border"]["safe"]), number(&found["border"]["breaks"])), (3.0, 2.0));
    // One key, read every 10 ms, and filled 10 ms after a miss: with a TTL from just above 230 to 240 ms every 25th read misses, below
    // that every 24th. Four misses a second are allowed.
    let ttl =
        POOL.replace("[database]", "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"10s\"\n[database]");
    let words = answer(
        &ttl,
        &["--knob", "tier.l2.ttl=20ms..10s", "--limit", "db.qps.mean <= 4.05", "--precision", "5%"],
    );
    let safe: f64 =
        words.split("tier.l2.ttl = ").nth(1).unwrap().split("ms").next().unwrap().parse().unwrap();
    assert!(words.starts_with("Safe down to tier.l2.ttl = ") && (230.0..=242.0).contains(&safe), "{words}");
}

/// The crowd is ten times 250 requests a second, and the database serves 80 at once in 99 ms: 807 a second, 0.32 of the crowd.
#[test]
fn without_a_cache_the_crowd_breaks_the_database_at_its_capacity() {
    let folder = tempfile::tempdir().unwrap();
    let text = done(
        folder.path(),
        &[
            "headroom",
            "flash-crowd",
            "--variant",
            "no cache",
            "--limit",
            "no new errors",
            "--replications",
            "3",
            "--format",
            "json",
        ],
    );
    let record: Value = serde_json::from_str(&text).unwrap();
    let found = &record["answers"][0]["found"]["border"];
    let (safe, breaks) = (number(&found["border"]["safe"]), number(&found["border"]["breaks"]));
    let load = 2_500.0 * (safe + breaks) / 2.0;
    assert!((load - 807.0).abs() < 0.02 * 807.0, "{load}/s, between {safe} and {breaks}");
    assert!(found["cells"].as_array().unwrap().len() <= 20);
    assert_eq!(found["resource"]["name"], "the database's servers");
    assert_eq!(record["limits"][0]["measure"], "error.ratio");
}

#[test]
fn the_record_does_not_depend_on_threads_and_the_report_is_drawn_again_from_it() {
    let random = POOL.replace("constant", "poisson").replace("replications = 2", "replications = 4");
    let folder = folder(&random);
    let search = |threads: &str, out: &str| {
        done(
            folder.path(),
            &[
                "headroom",
                "s.toml",
                "--limit",
                "latency.all.p99_ms <= 40",
                "--threads",
                threads,
                "--out",
                out,
            ],
        );
        std::fs::read_to_string(folder.path().join(out).join("headroom.json")).unwrap()
    };
    assert_eq!(search("1", "one"), search("2", "two"));
    done(folder.path(), &["report", "one", "--out", "again"]);
    for file in ["index.html", "headroom.csv", "charts/sweep-latency.all.p99_ms.svg"] {
        let read = |out: &str| std::fs::read_to_string(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("again"), "{file}");
    }
    let page = std::fs::read_to_string(folder.path().join("one/index.html")).unwrap();
    assert!(page.contains("--limit=latency.all.p99_ms &#60;= 40"), "how to do it again");
}

#[test]
fn each_variant_has_an_answer_and_one_that_sets_the_knob_has_none() {
    let variants = POOL.to_owned()
        + "[[variant]]\nname = \"two\"\n[[variant]]\nname = \"five\"\nset = { \"database.pool\" = 5 }\n\
           [[variant]]\nname = \"fixed\"\nset = { \"workload.scale\" = 0.7 }\n";
    let words = answer(&variants, &["--precision", "10%"]);
    assert!(words.contains("two: safe up to "), "{words}");
    assert!(words.contains("five: safe up to "), "{words}");
    assert!(words.contains("fixed: sets workload.scale itself, to 0.7"), "{words}");
    let alone = answer(&variants, &["--precision", "10%", "--variant", "five"]);
    let safe: f64 = alone.split(' ').nth(3).unwrap().parse().unwrap();
    assert!((4.5..=5.0).contains(&safe), "{alone}");
}

#[test]
fn a_system_that_nothing_can_save_ends_with_its_own_code() {
    let folder = folder(&POOL.replace("max = 11", "max = 9"));
    let output = herdlab(folder.path(), &["headroom", "s.toml", "--duration", "2s"]);
    assert_eq!(output.status.code(), Some(98), "{}", told(&output));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("No tested value is safe"), "{page}");
    // Twenty milliseconds are always kept by a database that does not queue.
    let words = answer(&POOL.replace("pool = 2\n", ""), &["--duration", "1s"]);
    assert_eq!(words, "Every tested value is safe, even 64 times today's traffic");
}

#[test]
fn without_limits_of_its_own_a_scenario_has_the_default_ones() {
    // Two servers, 200 a second: 80 % of that are 1.6 times a hundred, and a busiest second has a request more.
    let plain = POOL.split("[[threshold]]").next().unwrap().replace("pool = 2", "servers = 2");
    let found = border(&plain, &["--precision", "1%"]);
    let safe = number(&found["border"]["safe"]);
    assert!((1.57..=1.6).contains(&safe), "{safe}");
    assert_eq!(found["broken"][0]["limit"]["measure"], "db.utilization.peak");
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let folder = folder(POOL);
    let told = |arguments: &[&str]| refused(folder.path(), &[&["headroom", "s.toml"], arguments].concat());
    for (arguments, words) in [
        (&["--knob", "database.pool=2,4"][..], "expected two ends with `..` between them"),
        (&["--knob", "database.pool=9..2"], "the end must be above the start"),
        (&["--knob", "database.pol=2..9"], "did you mean"),
        (&["--knob", "tier.l2.ttl=1s..9s"], "no [[tier]] is called \"l2\""),
        (&["--knob", "workload.keys=2..9", "--knob", "workload.keys=3,4"], "is there twice"),
        (&["--knob", "a=1..2", "--knob", "b=1..2", "--knob", "c=1..2"], "more than two knobs"),
        (&["--limit", "db.qps.peak < 5"], "expected a measure, <= or >=, and a limit"),
        (&["--limit", "db.qps.pek <= 5"], "did you mean"),
        (&["--precision", "0"], "expected a share from 0.01% to 50%"),
        (&["--cells", "1"], "2..=1000"),
        (&["--variant", "other"], "no variant is called \"other\""),
    ] {
        let text = told(arguments);
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn another_search_stays_and_the_same_one_is_replaced() {
    let folder = folder(POOL);
    let search = |arguments: &[&str]| {
        herdlab(
            folder.path(),
            &[&["headroom", "s.toml", "--duration", "1s", "--out", "here"], arguments].concat(),
        )
    };
    assert!(search(&[]).status.success() && search(&[]).status.success());
    let other = search(&["--precision", "10%"]);
    assert!(
        other.status.code() == Some(2) && told(&other).contains("--force replaces it"),
        "{}",
        told(&other)
    );
    assert!(search(&["--precision", "10%", "--force"]).status.success());
    let resumed = search(&["--precision", "10%", "--resume"]);
    assert!(told(&resumed).contains("nothing to resume"), "{}", told(&resumed));
    assert!(!folder.path().join("here/partial.jsonl").exists());
}

/// Twenty requests a second on eight servers at 100 ms: four times as many fill them. Three attempts of half a second each keep
/// a database full that a crowd has filled, long before.
const CROWD: &str = r#"
name = "crowd"
question = "Which crowd does it come back from?"
duration = "90s"
warmup = "5s"
replications = 4

[clients]
instances = 2

[workload]
arrivals = { poisson = { rate = 20 } }
keys = 1

[database]
servers = 8
read = "100ms"
timeout = "500ms"
cancel_on_timeout = false
retries = { attempts = 3, backoff = "20ms", jitter = 1.0 }

[[event]]
at = "20s"
label = "crowd"
what = { surge = { factor = 4.0, for = "5s" } }
"#;

#[test]
fn with_a_trigger_as_second_knob_the_answer_is_a_map_of_stability() {
    let words = answer(
        CROWD,
        &[
            "--limit",
            "errors",
            "--knob",
            "traffic=0.1..10",
            "--knob",
            "event.crowd.what.surge.factor=2,8",
            "--precision",
            "5%",
        ],
    );
    // `stable 0.1 to 0.7674, vulnerable 0.7674 to 2.33, ...` of each trigger.
    let ends = |factor: &str| -> Vec<(String, f64)> {
        let row =
            words.split(&format!("factor = {factor}: ")).nth(1).unwrap().split(" event.").next().unwrap();
        let band = |band: &str| {
            let mut words = band.split_whitespace();
            (words.next().unwrap().to_owned(), words.last().unwrap().parse().unwrap())
        };
        row.split(", ").map(band).collect()
    };
    let (small, large) = (ends("2"), ends("8"));
    for row in [&small, &large] {
        let classes: Vec<&str> = row.iter().map(|(class, _)| class.as_str()).collect();
        assert_eq!(classes, ["stable", "vulnerable", "metastable", "overloaded"], "{words}");
        // Without the crowd its own capacity is the border, a little less for chance.
        assert!((3.4..=4.0).contains(&row[2].1) && row[3].1 == 10.0, "{words}");
    }
    assert_eq!(small[0].1, large[0].1, "as safe as the larger crowd leaves it: {words}");
    assert!(small[1].1 > 1.5 * large[1].1, "the smaller crowd keeps it down from later on: {words}");
}
