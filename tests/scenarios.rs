//! Every bundled scenario in miniature, and every word of the scenario grammar at work.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use herdlab::experiment::comparison::compare;
use herdlab::measure::claim::{Piece, pieces};
use herdlab::measure::record::Record;
use herdlab::scenario::model::{Experiment, Variant};
use herdlab::scenario::{Overrides, bundled, parse};
use herdlab::units::format_duration;
use proptest::prelude::*;
use proptest::sample::select;
use support::{scenarios, simulate};

#[test]
fn every_scenario_file_is_bundled() {
    let mut files: Vec<String> = std::fs::read_dir(scenarios())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut known: Vec<&str> = bundled::all().iter().map(|bundled| bundled.name).collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

#[test]
fn every_bundled_scenario_runs_in_miniature() {
    for bundled in bundled::all() {
        let name = bundled.name;
        let read = |overrides: &Overrides| {
            parse(bundled.source, name, scenarios(), overrides)
                .unwrap_or_else(|problems| panic!("{problems}"))
        };
        let whole_ns = read(&Overrides::default()).variants[0].model.duration_ns;
        let tenth = Some(format_duration(whole_ns / 10));
        let experiment = read(&Overrides { duration: tenth, replications: Some(2), ..Overrides::default() });
        let baseline = &experiment.variants[experiment.baseline];
        for variant in experiment.variants.iter().filter(|variant| variant.name != baseline.name) {
            let same = format!("{:?}", variant.model) == format!("{:?}", baseline.model);
            assert!(!same, "{name}: {} is the same as {}", variant.name, baseline.name);
        }
        let record = simulate(&experiment, 0);
        for (variant, Variant { model, .. }) in record.variants.iter().zip(&experiment.variants) {
            for headline in &experiment.headline {
                let tier = headline.strip_prefix("tier.").and_then(|rest| rest.split('.').next());
                if tier.is_some_and(|tier| model.tiers.iter().all(|known| known.name != tier)) {
                    continue;
                }
                let measure = variant.measure(headline);
                let values = measure.map_or(0, |measure| measure.values.iter().flatten().count());
                assert_eq!(values, 2, "{name}: {} has no {headline}", variant.name);
            }
        }
        let comparison = compare(&record);
        for piece in experiment.answer.iter().flat_map(|answer| pieces(&answer.text).unwrap()) {
            // What happens late in the whole run does not happen in a tenth of it.
            if let Piece::Value(reference) = piece
                && !reference.measure.starts_with("event.")
            {
                let mean =
                    comparison.variant(&reference.variant).and_then(|found| found.mean(&reference.measure));
                assert!(mean.is_some(), "{name}: {reference} in the answer has no value");
            }
        }
    }
}

/// Two instances, a cache of a second that has to be asked for, and a database that is not busy.
const TINY: &str = r#"
question = "Does every option do something?"
duration = "10s"
replications = 1

[clients]
instances = 2

[workload]
arrivals = { poisson = { rate = 500 } }
keys = 200
popularity = { zipf = { exponent = 1.0 } }

[[tier]]
name = "l1"
enabled = false
scope = "instance"
ttl = "500ms"

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = "100us"
service = "10us"

[database]
servers = 20
read = "5ms"
"#;

type Settings<'a> = &'a [(&'a str, &'a str)];

fn tiny(
    settings: &[(impl AsRef<str>, impl AsRef<str>)],
    events: &[impl AsRef<str>],
) -> Result<Experiment, String> {
    let mut source = TINY.to_owned();
    for event in events {
        write!(source, "\n[[event]]\nat = \"4s\"\nwhat = {}\n", event.as_ref()).unwrap();
    }
    let set =
        settings.iter().map(|(path, value)| (path.as_ref().to_owned(), value.as_ref().to_owned())).collect();
    parse(&source, "tiny.toml", Path::new(""), &Overrides { set, ..Overrides::default() })
        .map_err(|problems| problems.to_string())
}

#[track_caller]
fn tiny_record(settings: Settings<'_>, events: &[&str]) -> Record {
    simulate(&tiny(settings, events).unwrap_or_else(|problems| panic!("{problems}")), 1)
}

fn defined(record: &Record, measure: &str) -> Option<f64> {
    record.variants[0].measure(measure).and_then(|measure| measure.values[0])
}

#[track_caller]
fn value(record: &Record, measure: &str) -> f64 {
    defined(record, measure).unwrap_or_else(|| panic!("{measure} has no value"))
}

/// What an option does to a measure.
#[derive(Clone, Copy, Debug)]
enum Effect {
    /// More than without the option, by more than a hundredth.
    More,
    Less,
    /// Something above zero; without the option there is nothing.
    Appears,
    /// Near a number: (expected, tolerance).
    Is(f64, f64),
}
use Effect::{Appears, Is, Less, More};

/// One row: (settings with and without the option, settings of the option, an event, measure, effect).
type Row<'a> = (Settings<'a>, Settings<'a>, &'a str, &'a str, Effect);

#[track_caller]
fn expect(rows: &[Row<'_>]) {
    let mut wrong = String::new();
    for (common, option, event, measure, effect) in rows {
        let all: Vec<(&str, &str)> = common.iter().chain(*option).copied().collect();
        let events: &[&str] = if event.is_empty() { &[] } else { &[event] };
        let after = value(&tiny_record(&all, events), measure);
        // Without a pool nobody has waited for one: what is not defined is nothing.
        let before = defined(&tiny_record(common, &[]), measure).unwrap_or(0.0);
        let holds = match effect {
            More => after > 1.01 * before,
            Less => after < 0.99 * before,
            Appears => after > 0.0 && before == 0.0,
            Is(expected, tolerance) => (after - expected).abs() <= *tolerance,
        };
        if !holds {
            writeln!(wrong, "{common:?} + {option:?} {event}: {measure} {effect:?}, but {before} -> {after}")
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

const L1: (&str, &str) = ("tier.l1.enabled", "true");
const WRITES: (&str, &str) = ("workload.write_share", "0.2");
const ABSENT: (&str, &str) = ("workload.absent", "{ share = 0.3, keys = 50 }");
const SLOW_READ: (&str, &str) = ("database.read", "50ms");
const ONE_SERVER: (&str, &str) = ("database.servers", "1");
const TIMEOUT: (&str, &str) = ("database.timeout", "20ms");

#[test]
fn arrivals() {
    expect(&[
        (&[], &[("workload.arrivals", "{ constant = { rate = 300 } }")], "", "requests.rate", Is(300.0, 0.2)),
        (
            &[],
            &[("workload.arrivals", "{ poisson = { rate = \"18000/min\" } }")],
            "",
            "requests.rate",
            Is(300.0, 25.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ renewal = { rate = 300, cv2 = 0.2 } }")],
            "",
            "requests.rate",
            Is(300.0, 10.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ renewal = { rate = 300, cv2 = 4.0 } }")],
            "",
            "requests.rate",
            Is(300.0, 45.0),
        ),
        // 10 users who think for 20 ms and wait about a millisecond.
        (
            &[],
            &[("workload.arrivals", "{ closed = { users = 10, think = \"20ms\" } }")],
            "",
            "requests.rate",
            Is(450.0, 50.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ closed = { users = 10 } }")],
            "",
            "requests.in_system.mean",
            Is(10.0, 0.01),
        ),
        (
            &[],
            &[("workload.profile", "[{ step = { at = \"5s\", factor = 3.0 } }]")],
            "",
            "requests.rate",
            Is(1000.0, 50.0),
        ),
        (
            &[],
            &[("workload.profile", "[{ ramp = { from = \"0s\", to = \"10s\", factor = 3.0 } }]")],
            "",
            "requests.rate",
            Is(1000.0, 50.0),
        ),
        (
            &[],
            &[("workload.profile", "[{ sine = { period = \"20s\", amplitude = 0.9 } }]")],
            "",
            "requests.rate",
            Is(786.5, 50.0),
        ),
        (&[], &[], "{ surge = { factor = 5.0, for = \"2s\" } }", "requests.rate", Is(900.0, 50.0)),
    ]);
}

#[test]
fn keys_sizes_and_clients() {
    expect(&[
        (&[], &[("workload.popularity", "uniform")], "", "hit_ratio", Less),
        (&[], &[("workload.popularity", "{ zipf = { exponent = 2.0 } }")], "", "hit_ratio", More),
        (
            &[],
            &[("workload.popularity", "{ hotspot = { keys = 0.05, requests = 0.95 } }")],
            "",
            "hit_ratio",
            More,
        ),
        (&[], &[("workload.keys", "2000")], "", "hit_ratio", Less),
        (&[], &[("workload.value_size", "10kB")], "", "memory.peak_bytes", More),
        (
            &[],
            &[("workload.value_size", "{ lognormal = { median = \"2kB\", p99 = \"20kB\" } }")],
            "",
            "memory.peak_bytes",
            More,
        ),
        (
            &[],
            &[("workload.value_size", "{ pareto = { location = \"2kB\", scale = \"1kB\", shape = 0.2 } }")],
            "",
            "memory.peak_bytes",
            More,
        ),
        (&[], &[("workload.key_size", "{ constant = \"500B\" }")], "", "memory.peak_bytes", More),
        (&[], &[ABSENT], "", "class.absent.requests.ratio", Is(0.3, 0.03)),
        (&[], &[WRITES], "", "requests.write.ratio", Is(0.2, 0.02)),
        (&[L1], &[("clients.instances", "8")], "", "tier.l1.hit_ratio", Less),
        (&[L1], &[("clients.route", "sticky")], "", "tier.l1.hit_ratio", More),
        // One request every 100 ms, each instance asked every 200 ms: its copy of 150 ms is always gone.
        (
            &[
                ("workload.arrivals", "{ constant = { rate = 10 } }"),
                ("workload.keys", "1"),
                L1,
                ("tier.l1.ttl", "150ms"),
                ("tier.l2.enabled", "false"),
            ],
            &[("clients.route", "round-robin")],
            "",
            "hit_ratio",
            Is(0.0, 0.0),
        ),
        (&[], &[("clients.deadline", "2ms")], "", "error.deadline.ratio", Appears),
        (&[], &[], "{ hot_key = { share = 0.9, for = \"5s\" } }", "hit_ratio", More),
    ]);
}

#[test]
fn life_of_an_entry() {
    const SMALL: (&str, &str) = ("tier.l2.capacity", "30");
    expect(&[
        (&[], &[("tier.l2.ttl", "none")], "", "db.qps.mean", Less),
        (&[], &[("tier.l2.jitter", "{ plus = \"2s\" }")], "", "hit_ratio", More),
        (&[], &[("tier.l2.jitter", "{ plus = \"100%\" }")], "", "hit_ratio", More),
        (&[], &[("tier.l2.jitter", "{ around = \"900ms\" }")], "", "requests.miss.ratio", More),
        (&[], &[("tier.l2.sliding", "true")], "", "hit_ratio", More),
        (&[ABSENT], &[("tier.l2.negative_ttl", "5s")], "", "db.qps.mean", Less),
        (&[], &[("tier.l2.entry_overhead", "1kB")], "", "memory.peak_bytes", More),
        (&[], &[("tier.l2.prefill", "{ hottest = \"all\", age = \"fresh\" }")], "", "hit_ratio", More),
        (
            &[],
            &[("tier.l2.prefill", "{ hottest = \"all\", age = \"stationary\" }")],
            "",
            "requests.miss.ratio",
            Less,
        ),
        (
            &[("tier.l2.ttl", "none")],
            &[("tier.l2.prefill", "{ hottest = 100, age = \"fresh\" }")],
            "",
            "hit_ratio",
            More,
        ),
        (&[], &[SMALL, ("tier.l2.eviction", "lru")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "fifo")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "clock")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "random")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "sieve")], "", "evictions.rate", Appears),
        (
            &[],
            &[("tier.l2.capacity", "20kB"), ("tier.l2.eviction", "lru")],
            "",
            "tier.l2.memory.peak_bytes",
            Is(20_000.0, 1_100.0),
        ),
        // With an expiry far above the time of a fetch, a large beta is needed to see anything at all.
        (
            &[],
            &[("tier.l2.refresh", "{ xfetch = { beta = 30.0, mode = \"inline\" } }")],
            "",
            "requests.miss.ratio",
            More,
        ),
        (
            &[],
            &[("tier.l2.refresh", "{ xfetch = { beta = 30.0, mode = \"background\" } }")],
            "",
            "refreshes.rate",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.refresh", "{ uniform = { window = \"900ms\" } }")],
            "",
            "requests.miss.ratio",
            More,
        ),
        (&[], &[("tier.l2.refresh", "{ ahead = { fraction = 0.5 } }")], "", "refreshes.rate", Appears),
        (
            &[],
            &[("tier.l2.refresh", "{ stale-while-revalidate = { grace = \"5s\" } }")],
            "",
            "requests.stale_hit.ratio",
            Appears,
        ),
        (&[], &[L1], "", "requests.miss.ratio", Less),
        (&[L1], &[("tier.l1.access", "1ms")], "", "latency.hit.p50_ms", More),
        (&[("measure.value_age", "true")], &[("tier.l2.ttl", "5s")], "", "value.age.max_s", Is(5.0, 1.0)),
    ]);
}

#[test]
fn shared_tier() {
    const SLOW_NETWORK: (&str, &str) = ("tier.l2.network", "3ms");
    expect(&[
        (
            &[],
            &[("tier.l2.network", "{ exponential = { mean = \"2ms\" } }")],
            "",
            "latency.hit.mean_ms",
            Is(4.01, 0.5),
        ),
        (&[], &[("tier.l2.service", "1ms")], "", "tier.l2.utilization", More),
        (&[], &[("tier.l2.per_byte", "2us")], "", "latency.hit.mean_ms", More),
        (&[SLOW_NETWORK], &[("tier.l2.pool", "1")], "", "tier.l2.pool.wait.p99_ms", Appears),
        (
            &[SLOW_NETWORK, ("tier.l2.pool", "1"), ("tier.l2.on_failure", "error")],
            &[("tier.l2.pool_timeout", "1ms")],
            "",
            "error.tier.ratio",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "next")],
            "",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "next")],
            "",
            "error.ratio",
            Is(0.0, 0.0),
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "error")],
            "",
            "error.tier.ratio",
            Is(1.0, 0.0),
        ),
        (&[], &[], "{ flush = { tier = \"l2\" } }", "requests.miss.ratio", More),
        (&[], &[], "{ restart = { tier = \"l2\", for = \"2s\" } }", "tier.l2.failures.rate", Appears),
        (
            &[],
            &[],
            "{ down = { target = \"l2\", for = \"2s\", fail = \"refuse\" } }",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[("tier.l2.timeout", "30ms")],
            &[],
            "{ down = { target = \"l2\", for = \"2s\", fail = \"timeout\" } }",
            "latency.all.p99_ms",
            More,
        ),
        (
            &[],
            &[],
            "{ slow = { target = \"l2\", for = \"2s\", factor = 100.0 } }",
            "tier.l2.utilization",
            More,
        ),
        (&[], &[], "{ pause = { target = \"l2\", for = \"1s\" } }", "latency.all.max_ms", Is(1005.0, 30.0)),
        (&[L1, ("tier.l1.ttl", "none")], &[], "{ deploy = { every = \"1s\" } }", "tier.l1.hit_ratio", Less),
    ]);
}

#[test]
fn database() {
    const RETRIES: (&str, &str) = (
        "database.retries",
        "{ attempts = 3, backoff = \"10ms\", factor = 2.0, max = \"15ms\", jitter = 0.5 }",
    );
    const MEAN: &str = "latency.miss.mean_ms";
    expect(&[
        (&[], &[ONE_SERVER], "", "db.queue.mean_ms", Appears),
        (&[], &[("database.servers", "unlimited"), SLOW_READ], "", "db.queue.mean_ms", Is(0.0, 0.0)),
        (&[ONE_SERVER], &[("database.queue", "0")], "", "error.db_rejected.ratio", Appears),
        (&[], &[("database.read", "{ constant = \"20ms\" }")], "", MEAN, Is(20.2, 0.1)),
        (&[], &[("database.read", "{ exponential = { mean = \"20ms\" } }")], "", MEAN, Is(20.2, 2.5)),
        (
            &[],
            &[("database.read", "{ lognormal = { median = \"20ms\", p99 = \"30ms\" } }")],
            "",
            MEAN,
            Is(20.5, 1.0),
        ),
        (&[], &[("database.read", "{ gamma = { mean = \"20ms\", cv2 = 0.5 } }")], "", MEAN, Is(20.2, 2.0)),
        (
            &[],
            &[("database.read", "{ hyperexponential = { mean = \"20ms\", cv2 = 3.0 } }")],
            "",
            MEAN,
            Is(20.2, 5.0),
        ),
        (&[WRITES], &[("database.write", "30ms")], "", "latency.write.mean_ms", More),
        (&[], &[("database.network", "10ms")], "", MEAN, Is(25.2, 0.2)),
        (&[], &[("database.pool", "1")], "", "db.pool.wait.mean_ms", Appears),
        (
            &[("database.pool", "1")],
            &[("database.pool_timeout", "1ms")],
            "",
            "error.pool_timeout.ratio",
            Appears,
        ),
        (&[SLOW_READ], &[TIMEOUT], "", "error.db_timeout.ratio", Appears),
        (
            &[SLOW_READ, TIMEOUT, ("database.late_fill", "false")],
            &[("database.cancel_on_timeout", "true")],
            "",
            "db.concurrency.mean",
            Less,
        ),
        (&[SLOW_READ, TIMEOUT], &[("database.late_fill", "false")], "", "error.ratio", More),
        (&[SLOW_READ, TIMEOUT], &[RETRIES], "", "db.retries.rate", Appears),
        (&[], &[("database.contention", "{ sigma = 0.5, kappa = 0.01 }")], "", MEAN, More),
        (&[], &[("database.background", "{ rate = 200 }")], "", "db.qps.mean", More),
        (
            &[],
            &[("database.background", "{ rate = 200, service = \"100ms\" }")],
            "",
            "db.queue.mean_ms",
            Appears,
        ),
        (
            &[],
            &[],
            "{ down = { target = \"database\", for = \"2s\", fail = \"refuse\" } }",
            "error.db_down.ratio",
            Appears,
        ),
        (
            &[TIMEOUT],
            &[],
            "{ down = { target = \"database\", for = \"2s\", fail = \"timeout\" } }",
            "error.db_timeout.ratio",
            Appears,
        ),
        (&[], &[], "{ slow = { target = \"database\", for = \"2s\", factor = 10.0 } }", MEAN, More),
        (
            &[],
            &[],
            "{ pause = { target = \"database\", for = \"2s\" } }",
            "latency.all.max_ms",
            Is(2000.0, 30.0),
        ),
    ]);
}

#[test]
fn coalescing_and_writes() {
    const DUPLICATES: &str = "db.duplicate_fetches";
    expect(&[
        (&[SLOW_READ], &[("coalescing", "singleflight")], "", DUPLICATES, Less),
        (&[SLOW_READ], &[("coalescing", "{ singleflight = { around = \"lookup\" } }")], "", DUPLICATES, Less),
        (&[SLOW_READ], &[("coalescing", "{ lease = { tier = \"l2\" } }")], "", DUPLICATES, Is(0.0, 0.0)),
        (
            &[SLOW_READ],
            &[("coalescing", "{ lease = { tier = \"l2\", wait_limit = \"10ms\", poll = \"2ms\" } }")],
            "",
            DUPLICATES,
            Less,
        ),
        (
            &[SLOW_READ],
            &[("coalescing", "{ lease = { tier = \"l2\", serve_stale = \"5s\" } }")],
            "",
            "requests.stale_hit.ratio",
            Appears,
        ),
        (&[WRITES], &[("writes.strategy", "write-around")], "", "stale.ratio", More),
        (
            &[WRITES, ("writes.strategy", "write-around")],
            &[("writes.strategy", "invalidate")],
            "",
            "tier.l2.round_trips.rate",
            More,
        ),
    ]);
}

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

/// What a drawn scenario is made of: one value for each.
const CHOICES: &[(&str, &[&str])] = &[
    ("clients.instances", &["1", "3"]),
    ("clients.route", &["random", "round-robin", "sticky"]),
    ("clients.deadline", &["none", "4ms", "1s"]),
    (
        "workload.arrivals",
        &[
            "{ poisson = { rate = 400 } }",
            "{ constant = { rate = 3000 } }",
            "{ renewal = { rate = 300, cv2 = 5.0 } }",
            "{ closed = { users = 20, think = \"5ms\" } }",
        ],
    ),
    ("workload.keys", &["1", "30", "3000"]),
    (
        "workload.popularity",
        &["uniform", "{ zipf = { exponent = 1.2 } }", "{ hotspot = { keys = 0.1, requests = 0.9 } }"],
    ),
    (
        "workload.value_size",
        &[
            "1kB",
            "0B",
            "{ lognormal = { median = \"300B\", p99 = \"40kB\" } }",
            "{ pareto = { location = \"0B\", scale = \"200B\", shape = 0.4 } }",
        ],
    ),
    ("workload.write_share", &["0", "0.1", "0.9"]),
    ("workload.absent", &["none", "{ share = 0.2, keys = 20 }"]),
    ("tier.l1.enabled", &["true", "false"]),
    ("tier.l1.ttl", &["50ms", "none"]),
    ("tier.l1.access", &["0s", "100us"]),
    ("tier.l2.capacity", &["7", "5kB", "1MB"]),
    ("tier.l2.eviction", &["lru", "fifo", "clock", "random", "sieve"]),
    ("tier.l2.ttl", &["200ms", "2s"]),
    ("tier.l2.jitter", &["none", "{ plus = \"100ms\" }", "{ around = \"50%\" }"]),
    ("tier.l2.sliding", &["false", "true"]),
    (
        "tier.l2.refresh",
        &[
            "none",
            "{ xfetch = { beta = 4.0, mode = \"inline\" } }",
            "{ xfetch = { beta = 4.0, mode = \"background\" } }",
            "{ uniform = { window = \"100ms\" } }",
            "{ ahead = { fraction = 0.3 } }",
            "{ stale-while-revalidate = { grace = \"300ms\" } }",
        ],
    ),
    ("tier.l2.negative_ttl", &["none", "100ms"]),
    ("tier.l2.network", &["0s", "{ exponential = { mean = \"1ms\" } }"]),
    ("tier.l2.service", &["0s", "200us"]),
    ("tier.l2.per_byte", &["0s", "10ns"]),
    ("tier.l2.pool", &["unlimited", "1", "3"]),
    ("tier.l2.pool_timeout", &["none", "1ms"]),
    ("tier.l2.timeout", &["none", "3ms"]),
    ("tier.l2.on_failure", &["next", "error"]),
    ("database.servers", &["unlimited", "1", "5"]),
    ("database.queue", &["unbounded", "0", "10"]),
    ("database.read", &["0s", "5ms", "{ lognormal = { median = \"3ms\", p99 = \"50ms\" } }"]),
    ("database.network", &["0s", "{ gamma = { mean = \"1ms\", cv2 = 2.0 } }"]),
    ("database.pool", &["unlimited", "1", "4"]),
    ("database.pool_timeout", &["none", "10ms"]),
    ("database.timeout", &["none", "6ms"]),
    ("database.cancel_on_timeout", &["false", "true"]),
    ("database.late_fill", &["false", "true"]),
    ("database.retries", &["{ attempts = 1 }", "{ attempts = 3, backoff = \"2ms\", jitter = 1.0 }"]),
    ("database.contention", &["none", "{ sigma = 0.05, kappa = 0.001 }"]),
    ("database.background", &["none", "{ rate = 100 }"]),
    ("writes.strategy", &["invalidate", "write-around"]),
    ("measure.value_age", &["false", "true"]),
    (
        "coalescing",
        &[
            "none",
            "singleflight",
            "{ singleflight = { around = \"lookup\" } }",
            "{ lease = { tier = \"l2\", lock_ttl = \"20ms\", poll = \"2ms\", wait_limit = \"30ms\" } }",
            "{ lease = { tier = \"l2\", serve_stale = \"1s\" } }",
        ],
    ),
];

const EVENTS: &[&str] = &[
    "{ flush = { tier = \"l2\" } }",
    "{ restart = { tier = \"l2\", for = \"100ms\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"refuse\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"timeout\" } }",
    "{ down = { target = \"database\", for = \"100ms\", fail = \"refuse\" } }",
    "{ down = { target = \"database\", for = \"100ms\", fail = \"timeout\" } }",
    "{ slow = { target = \"l2\", for = \"100ms\", factor = 20.0 } }",
    "{ slow = { target = \"database\", for = \"100ms\", factor = 20.0 } }",
    "{ pause = { target = \"l2\", for = \"100ms\" } }",
    "{ pause = { target = \"database\", for = \"100ms\" } }",
    "{ hot_key = { share = 0.5, for = \"100ms\" } }",
    "{ deploy = { every = \"20ms\" } }",
];

fn any_settings() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    CHOICES
        .iter()
        .map(|(path, values)| select(*values).prop_map(move |value| (*path, value)))
        .collect::<Vec<_>>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The engine compares its books at the end of every run, so that no error means that all of them agree.
    #[test]
    fn any_combination_of_options_runs(settings in any_settings(), events in prop::collection::vec(select(EVENTS), 0..3)) {
        // An option that contradicts one before it is refused by name, and left out here.
        let mut kept = vec![("duration", "8s"), ("tier.l2.capacity", "50"), ("tier.l2.eviction", "lru")];
        for setting in &settings {
            kept.push(*setting);
            if tiny(&kept, &[""; 0]).is_err() {
                kept.pop();
            }
        }
        let mut kept_events = Vec::new();
        for event in &events {
            kept_events.push(*event);
            if tiny(&kept, &kept_events).is_err() {
                kept_events.pop();
            }
        }
        prop_assert!(kept.len() + 6 > settings.len(), "only these were accepted: {kept:?}");
        let experiment = tiny(&kept, &kept_events).map_err(TestCaseError::fail)?;
        let record = simulate(&experiment, 1);
        let ratio = |name| value(&record, name);
        prop_assert!((0.0..=1.0).contains(&ratio("error.ratio")));
        prop_assert!(ratio("requests.all") > 0.0);
    }
}
