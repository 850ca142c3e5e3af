//! Requests from classes of keys, and from a recording.

use std::path::Path;

use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

#[test]
fn classes_have_their_own_life() {
    let classes = r#"
question = "?"
duration = "10s"
replications = 1
workload = { arrivals = { constant = { rate = 500 } } }
database = { read = "5ms" }
[[class]]
name = "users"
share = 0.75
keys = 100
popularity = "uniform"
ttl = "none"
[[class]]
name = "orders"
share = 0.25
keys = 100
popularity = "uniform"
ttl = { l2 = "10ms" }
write_share = 0.5
value_size = "5kB"
key_size = "100B"
database = { read = "40ms", write = "60ms" }
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
"#;
    let record = simulate(&parse(classes, "classes.toml", Path::new(""), &Overrides::default()).unwrap(), 1);
    assert!((value(&record, "class.users.requests.ratio") - 0.75).abs() < 0.03);
    // Each of the 100 users is fetched about once.
    assert!(value(&record, "class.users.hit_ratio") > 0.95);
    assert!(value(&record, "class.orders.hit_ratio") < 0.1);
    assert!((value(&record, "class.orders.latency.mean_ms") - 50.0).abs() < 5.0);
    assert!((value(&record, "latency.write.mean_ms") - 60.0).abs() < 0.1);
}

#[test]
fn a_trace_is_replayed_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..2_000)
        .map(|row| {
            format!(
                "{}.5,user{},{},{}\n",
                row * 5,
                row % 40,
                100 + row % 40,
                if row % 10 == 0 { "set" } else { "get" }
            )
        })
        .collect();
    std::fs::write(folder.path().join("x.csv"), format!("ms,key,bytes,op\n{rows}")).unwrap();
    std::fs::write(folder.path().join("times.csv"), "ms\n4\n5\n6\n").unwrap();
    let source = r#"
question = "?"
replications = 1
[workload]
arrivals = { trace = { file = "x.csv", time = "ms", key = "key", size = "bytes", unit = "ms", operation = { column = "op", read = ["get"], write = ["set"] } } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "none"
[database]
read = { empirical = { file = "times.csv", column = "ms", unit = "ms" } }
"#;
    let record = simulate(&parse(source, "trace.toml", folder.path(), &Overrides::default()).unwrap(), 1);
    assert_eq!(value(&record, "requests.all"), 2_000.0);
    assert!((value(&record, "requests.write.ratio") - 0.1).abs() < 1e-9);
    assert!((4.0..=6.0).contains(&value(&record, "latency.miss.p50_ms")));
    // 36 keys that are read, of 100 to 139 bytes each and 40 for the key.
    assert_eq!(value(&record, "entries.peak"), 36.0);
}

#[test]
fn a_bad_observation_is_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
question = "?"
workload = { arrivals = { constant = { rate = 500 } }, keys = 10 }
database = { read = { empirical = { file = "times.csv", column = "ms", unit = "ms" } } }
"#;
    for (text, problem) in [
        ("ms\r\n4\r\nfast\r\n", "times.csv:3: \"fast\" is not a time from 0 to 584 years"),
        ("n,ms\n1,4\n\n2,-1\n", "times.csv:4: \"-1\" is not a time"),
        ("ms\n1e300\n", "times.csv:2: \"1e300\" is not a time"),
        ("ms\n", "times.csv has no rows"),
        ("s\n1\n", "times.csv has no column \"ms\"; it has s"),
    ] {
        std::fs::write(folder.path().join("times.csv"), text).unwrap();
        let problems = parse(source, "x.toml", folder.path(), &Overrides::default()).map(|_| ()).unwrap_err();
        assert!(problems.to_string().contains(problem), "{problems}");
    }
}

const ASKED: &str = r#"
question = "?"
workload = { arrivals = { constant = { rate = 500 } }, keys = 10 }
database = { read = READ }
"#;

/// The mean of the database's reads in milliseconds, or the problems, with this file beside the scenario.
fn mean_ms(read: &str, file: &str) -> Result<f64, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), file).unwrap();
    let source = format!("duration = \"1s\"{}", ASKED.replace("READ", read));
    parse(&source, "x.toml", folder.path(), &Overrides::default())
        .map(|experiment| experiment.variants[0].model.database.read.mean_ns() / 1e6)
        .map_err(|problems| problems.to_string())
}

/// `le` and cumulative count in seconds, as Prometheus exports a histogram.
const BUCKETS: &str =
    "le,count\n0.005,1200\n0.01,5600\n0.025,9100\n0.05,9700\n0.1,9900\n0.25,9980\n0.5,9995\n";
const STATEMENTS: &str = "query,calls,mean_exec_time\na,812345,4.2\nb,120034,312.5\nc,40021,2.1\n";

#[test]
fn the_bounds_of_a_histogram_are_no_observations() {
    let mean = mean_ms("{ histogram = { file = \"x.csv\", unit = \"s\" } }", BUCKETS).unwrap();
    // Middles of the buckets by their counts: (1200 * 2.5 + 4400 * 7.5 + 3500 * 17.5 + 600 * 37.5 + 200 * 75 + 80 * 175
    // + 15 * 375) / 9995.
    assert!((mean - 15.445).abs() < 0.001, "{mean}");
    let refused =
        mean_ms("{ empirical = { file = \"x.csv\", column = \"le\", unit = \"s\" } }", BUCKETS).unwrap_err();
    assert!(refused.contains("a column \"count\" beside \"le\": a histogram"), "{refused}");
    let descending = "le,count\n0.005,1200\n0.01,1100\n";
    let refused = mean_ms("{ histogram = { file = \"x.csv\", unit = \"s\" } }", descending).unwrap_err();
    assert!(refused.contains("x.csv: line 3: 1100 requests after 1200"), "{refused}");
    let apart = "{ histogram = { file = \"x.csv\", unit = \"ms\", cumulative = false, bound = \"up\", count = \"n\" } }";
    // A quarter at 5 on average, three quarters at 25.
    assert_eq!(mean_ms(apart, "up,n\n10,1\n40,3\n+Inf,0\n").unwrap(), 20.0);
}

#[test]
fn a_row_counts_as_often_as_its_weight() {
    let by = |more: &str| {
        let form = format!(
            "{{ empirical = {{ file = \"x.csv\", column = \"mean_exec_time\", unit = \"ms\"{more} }} }}"
        );
        mean_ms(&form, STATEMENTS)
    };
    let weighted = by(", weight = \"calls\"").unwrap();
    assert!(
        (weighted - (812345.0 * 4.2 + 120034.0 * 312.5 + 40021.0 * 2.1) / 972400.0).abs() < 1e-4,
        "{weighted}"
    );
    assert!((by(", weight = \"none\"").unwrap() - 318.8 / 3.0).abs() < 1e-6);
    let refused = by("").unwrap_err();
    assert!(refused.contains("a column \"calls\" beside \"mean_exec_time\""), "{refused}");
}

#[test]
fn percentiles_are_joined_by_straight_lines() {
    let of =
        |at: &str, times: &str| mean_ms(&format!("{{ quantiles = {{ at = {at}, times = {times} }} }}"), "");
    // Half from 0 to 4, 0.4 from 4 to 9, 0.1 at 9.
    assert_eq!(of("[\"50%\", 0.9]", "[\"4ms\", \"9ms\"]").unwrap(), 0.5 * 2.0 + 0.4 * 6.5 + 0.1 * 9.0);
    for (at, times, problem) in [
        ("[0.5, 0.9]", "[\"4ms\"]", "expected 2 times, one for each share"),
        ("[0.9, 0.5]", "[\"4ms\", \"9ms\"]", "expected shares that ascend"),
        ("[0.5, 0.9]", "[\"9ms\", \"4ms\"]", "expected times that do not descend"),
        ("[]", "[]", "expected at least one share"),
        ("[1.5]", "[\"9ms\"]", "expected a share from 0 to 1"),
        ("[0.5]", "[9]", "expected a duration"),
    ] {
        let refused = of(at, times).unwrap_err();
        assert!(refused.contains(problem), "{refused}");
    }
}
