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
