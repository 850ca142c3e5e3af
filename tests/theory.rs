//! Where all assumptions of a closed form hold, the simulation agrees with it.

mod support;

use std::path::Path;

use herdlab::dice::mix;
use herdlab::experiment::comparison::compare;
use herdlab::model::Experiment;
use herdlab::report::theory::{TheoryRow, TheoryVerdict, rows};
use herdlab::scenario::{Overrides, parse};
use herdlab::theory::predictions;
use rayon::prelude::*;
use support::simulate;

/// One system per law, each as its assumptions want it, and what the law says about it.
const SYSTEMS: &[(&str, &[&str], &str)] = &[
    (
        "renewals of a TTL",
        &["hit_ratio", "db.qps.mean"],
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
        &["hit_ratio", "db.qps.mean"],
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
        &["hit_ratio", "db.qps.mean"],
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
        &[
            "db.utilization",
            "db.waited.ratio",
            "db.queue.mean_ms",
            "db.queue.p99_ms",
            "latency.all.mean_ms",
            "latency.all.p99_ms",
        ],
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
        &["db.utilization", "db.queue.mean_ms"],
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
        &["error.db_rejected.ratio"],
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
    (
        "M/M/c//N",
        &["goodput", "latency.all.mean_ms"],
        r#"
duration = "400s"
warmup = "10s"
[workload]
arrivals = { closed = { users = 50, think = { lognormal = { median = "80ms", p99 = "400ms" } } } }
keys = 10
[database]
servers = 4
network = "2ms"
read = { exponential = { mean = "10ms" } }
"#,
    ),
    (
        "copies that writes leave alone",
        &["hit_ratio", "db.qps.mean", "stale.ratio"],
        r#"
duration = "1500s"
warmup = "100s"
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 300
popularity = { zipf = { exponent = 1.0 } }
write_share = 0.1
[writes]
strategy = "write-around"
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
[database]
read = "0s"
"#,
    ),
    (
        "XFetch",
        &["db.qps.mean"],
        r#"
duration = "1300s"
warmup = "100s"
coalescing = "singleflight"
[clients]
instances = 1
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 200
popularity = { zipf = { exponent = 1.2 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
refresh = { xfetch = { beta = 1.0, mode = "background" } }
[database]
read = "200ms"
"#,
    ),
    (
        "a single process above a shared cache",
        &["tier.l1.hit_ratio", "tier.l2.requests.rate", "db.qps.mean"],
        r#"
duration = "6100s"
warmup = "100s"
[clients]
instances = 1
[workload]
arrivals = { poisson = { rate = 50 } }
keys = 200
[[tier]]
name = "l1"
scope = "instance"
ttl = "2s"
[[tier]]
name = "l2"
scope = "shared"
ttl = "50s"
[database]
read = "0s"
"#,
    ),
    (
        "write-back",
        &["writes.coalesced.ratio"],
        r#"
duration = "600s"
warmup = "50s"
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 500
popularity = { zipf = { exponent = 0.8 } }
write_share = 0.5
[writes]
strategy = { write-back = { flush_interval = "2s", batch = 100 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "none"
prefill = { hottest = "all" }
[database]
read = "1ms"
write = "100us"
"#,
    ),
];

#[test]
fn the_simulation_agrees_wherever_all_assumptions_hold() {
    for (name, measures, system) in SYSTEMS {
        let source = format!("question = \"{name}?\"\nreplications = 6\nwindow = \"10s\"\n{system}");
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default())
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let record = simulate(&experiment, 0);
        let rows = rows(&record, &compare(&record));
        assert!(rows.iter().all(|row| row.verdict != TheoryVerdict::Differ), "{name}: {rows:#?}");
        for measure in *measures {
            let agrees = |row: &TheoryRow| row.measure == *measure && row.verdict == TheoryVerdict::Agree;
            assert!(rows.iter().any(agrees), "{name}, {measure}: {rows:#?}");
        }
    }
}

/// A system that most laws apply to as it stands.
const BASE: &str = r#"
question = "Do the laws that apply hold?"
duration = "400s"
warmup = "100s"
window = "20s"
[workload]
arrivals = { poisson = { rate = 200 } }
keys = 200
[[tier]]
name = "l1"
enabled = false
scope = "instance"
ttl = "1s"
[[tier]]
name = "l2"
scope = "shared"
ttl = "2s"
[database]
read = "100us"
"#;

/// What is tried: the first of the values is often taken, each other one now and then.
const CHOICES: &[(&str, &[&str])] = &[
    ("clients.instances", &["1", "3"]),
    ("clients.route", &["random", "round-robin", "sticky"]),
    ("clients.deadline", &["none", "1s"]),
    (
        "workload.arrivals",
        &[
            "{ poisson = { rate = 200 } }",
            "{ closed = { users = 10, think = { exponential = { mean = \"40ms\" } } } }",
            "{ constant = { rate = 200 } }",
        ],
    ),
    ("workload.keys", &["200", "1", "3000"]),
    (
        "workload.popularity",
        &["uniform", "{ zipf = { exponent = 1.0 } }", "{ hotspot = { keys = 0.1, requests = 0.9 } }"],
    ),
    ("workload.write_share", &["0", "0.05", "0.3"]),
    ("workload.absent", &["none", "{ share = 0.2, keys = 20 }"]),
    ("workload.value_size", &["1kB", "{ lognormal = { median = \"300B\", p99 = \"4kB\" } }"]),
    ("tier.l1.enabled", &["false", "true"]),
    ("tier.l2.enabled", &["true", "false"]),
    ("tier.l1.prefill", &["none", "{ hottest = \"all\", age = \"stationary\" }"]),
    ("tier.l2.capacity", &["unbounded", "20", "100", "50kB"]),
    ("tier.l2.eviction", &["lru", "fifo", "random", "sieve", "lfu"]),
    ("tier.l2.ttl", &["2s", "500ms", "20s", "none"]),
    ("tier.l2.jitter", &["none", "{ plus = \"200ms\" }", "{ around = \"20%\" }"]),
    ("tier.l2.sliding", &["false", "true"]),
    ("tier.l2.refresh", &["none", "{ xfetch = {} }", "{ xfetch = { beta = 0.5, mode = \"background\" } }"]),
    ("tier.l1.ttl", &["1s", "100ms", "3s"]),
    (
        "tier.l2.prefill",
        &["none", "{ hottest = \"all\", age = \"stationary\" }", "{ hottest = \"all\", age = \"fresh\" }"],
    ),
    ("tier.l2.negative_ttl", &["none", "1s"]),
    ("tier.l2.network", &["0s", "200us", "{ exponential = { mean = \"2ms\" } }"]),
    ("tier.l2.service", &["0s", "20us", "4ms", "6ms"]),
    ("tier.l2.per_byte", &["0s", "2us"]),
    ("tier.l2.pool", &["unlimited", "1"]),
    ("tier.l2.timeout", &["none", "5ms"]),
    ("tier.l2.bandwidth", &["unlimited", "300kB/s"]),
    ("database.servers", &["unlimited", "1", "4", "20"]),
    ("database.queue", &["unbounded", "0", "10"]),
    (
        "database.read",
        &[
            "100us",
            "0s",
            "4ms",
            "{ exponential = { mean = \"4ms\" } }",
            "{ hyperexponential = { mean = \"20ms\", cv2 = 4.0 } }",
        ],
    ),
    ("database.network", &["0s", "1ms"]),
    ("database.pool", &["unlimited", "1", "4"]),
    ("database.timeout", &["none", "10ms"]),
    ("database.retries", &["{ attempts = 1 }", "{ attempts = 3, backoff = \"2ms\" }"]),
    ("database.contention", &["none", "{ sigma = 0.1, kappa = 0.01 }"]),
    ("database.background", &["none", "{ rate = 20 }"]),
    (
        "writes.strategy",
        &["invalidate", "write-around", "update", "{ write-back = { flush_interval = \"500ms\" } }"],
    ),
    (
        "coalescing",
        &[
            "none",
            "singleflight",
            "{ singleflight = { around = \"lookup\" } }",
            "{ lease = { tier = \"l2\" } }",
        ],
    ),
];

/// A system by dice; what contradicts something before it is left out.
fn drawn(case: u64) -> (Vec<(String, String)>, Experiment) {
    let mut state = mix(case);
    let mut below = |end: usize| {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        (state % end as u64) as usize
    };
    let with = |set: &[(String, String)]| {
        let overrides = Overrides { set: set.to_vec(), replications: Some(6), ..Overrides::default() };
        parse(BASE, "drawn.toml", Path::new(""), &overrides)
    };
    let mut set = Vec::new();
    for (path, values) in CHOICES {
        if below(4) == 0 {
            set.push(((*path).to_owned(), values[below(values.len())].to_owned()));
            if with(&set).is_err() {
                set.pop();
            }
        }
    }
    let experiment = with(&set).unwrap_or_else(|problems| panic!("{problems}"));
    (set, experiment)
}

/// So many drawn systems: `HERDLAB_SYSTEMS=5000 cargo test --release --test theory` for the long form.
fn systems() -> u64 {
    std::env::var("HERDLAB_SYSTEMS").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[test]
fn where_a_law_says_that_it_holds_it_does() {
    let verdicts: Vec<Vec<String>> = (0..systems())
        .into_par_iter()
        .map(|case| {
            let (set, experiment) = drawn(case);
            let model = &experiment.variants[0].model;
            if predictions(model).iter().all(|prediction| !prediction.failing.is_empty()) {
                return Vec::new();
            }
            // A system that cannot keep up may be stopped.
            let record = simulate(&experiment, 1);
            let differing = rows(&record, &compare(&record))
                .into_iter()
                .filter(|row| row.verdict != TheoryVerdict::Agree);
            let exact = differing.filter(|row| !matches!(row.verdict, TheoryVerdict::NearlyApplies(_)));
            let mut said: Vec<String> = exact
                .map(|row| {
                    format!(
                        "case {case}: {} {} simulated {}, {}: {set:?}",
                        row.measure, row.predicted, row.simulated, row.law
                    )
                })
                .collect();
            said.push(String::new());
            said
        })
        .collect();
    let applied = verdicts.iter().filter(|said| !said.is_empty()).count();
    let differing: Vec<&String> = verdicts.iter().flatten().filter(|said| !said.is_empty()).collect();
    assert!(
        differing.is_empty(),
        "of {applied} systems:\n{}",
        differing.iter().map(|s| s.as_str()).collect::<Vec<_>>().join("\n")
    );
    assert!(applied as u64 * 10 > systems(), "a law applied to {applied} systems only");
}
