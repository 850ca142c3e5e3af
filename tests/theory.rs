//! Where all assumptions of a closed form hold, the simulation agrees with it.

mod support;

use std::path::Path;

use herdlab::experiment::comparison::compare;
use herdlab::report::theory::{TheoryVerdict, rows};
use herdlab::scenario::{Overrides, parse};
use support::simulate;

/// One system per law, each as its assumptions want it.
const SYSTEMS: &[(&str, &str)] = &[
    (
        "renewals of a TTL",
        r#"
duration = "1200s"
warmup = "120s"
coalescing = "singleflight"
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 500
popularity = { zipf = { exponent = 1.0 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
prefill = { hottest = "all", age = "stationary" }
network = "200us"
[database]
read = "2ms"
"#,
    ),
    (
        "a TTL in each of several processes",
        r#"
duration = "1200s"
warmup = "120s"
coalescing = "singleflight"
[clients]
instances = 4
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100
[[tier]]
name = "l1"
scope = "instance"
ttl = "20s"
prefill = { hottest = "all", age = "stationary" }
[database]
read = "1ms"
"#,
    ),
    (
        "Che's approximation",
        r#"
duration = "300s"
warmup = "100s"
[workload]
arrivals = { poisson = { rate = 2000 } }
keys = 20_000
popularity = { zipf = { exponent = 1.0 } }
[[tier]]
name = "l2"
scope = "shared"
capacity = 2000
eviction = "lru"
ttl = "none"
[database]
read = "0s"
"#,
    ),
    (
        "M/M/c",
        r#"
duration = "600s"
warmup = "10s"
[workload]
arrivals = { poisson = { rate = 80 } }
keys = 10
[database]
servers = 10
read = { exponential = { mean = "100ms" } }
"#,
    ),
    (
        "M/G/1",
        r#"
duration = "1000s"
warmup = "50s"
[workload]
arrivals = { poisson = { rate = 60 } }
keys = 10
[database]
servers = 1
read = { gamma = { mean = "10ms", cv2 = 0.5 } }
"#,
    ),
    (
        "M/M/c/K",
        r#"
duration = "600s"
warmup = "10s"
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 10
[database]
servers = 10
queue = 10
read = { exponential = { mean = "100ms" } }
"#,
    ),
];

#[test]
fn the_simulation_agrees_wherever_all_assumptions_hold() {
    let mut told = 0;
    for (name, system) in SYSTEMS {
        let source = format!("question = \"{name}?\"\nreplications = 6\nwindow = \"10s\"\n{system}");
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default())
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let record = simulate(&experiment, 0);
        let rows = rows(&record, &compare(&record));
        let of_law: Vec<_> = rows.iter().filter(|row| row.verdict == TheoryVerdict::Agree).collect();
        assert!(!of_law.is_empty(), "{name} has no prediction: {rows:#?}");
        assert_eq!(of_law.len(), rows.len(), "{name}: {rows:#?}");
        told += rows.len();
    }
    assert!(told >= 10, "{told} predictions");
}
