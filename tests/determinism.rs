//! The same scenario and seed give the same bytes; compared variants see the same traffic.

mod support;

use std::path::Path;
use std::sync::Arc;

use herdlab::measure::record::Record;
use herdlab::report::json::to_json;
use herdlab::scenario::model::{Arrivals, Experiment, Variant};
use herdlab::scenario::{Overrides, bundled, parse};
use herdlab::workload::{Generator, Tables};
use sha2::{Digest, Sha256};
use support::{scenarios, simulate};

/// A little of everything that draws random numbers.
const SMALL: &str = r#"
name = "small"
question = "Does the same seed give the same bytes?"
seed = 7
replications = 3
duration = "20s"
warmup = "2s"

[clients]
instances = 3
deadline = "500ms"

[workload]
arrivals = { renewal = { rate = 400, cv2 = 3.0 } }
profile = [{ sine = { period = "10s", amplitude = 0.4 } }]
keys = 2_000
popularity = { zipf = { exponent = 0.9 } }
value_size = { lognormal = { median = "1kB", p99 = "20kB" } }
write_share = 0.05
absent = { share = 0.1, keys = 500 }

[[tier]]
name = "l1"
scope = "instance"
capacity = 100
eviction = "random"
ttl = "1s"
access = "2us"

[[tier]]
name = "l2"
scope = "shared"
capacity = "1MB"
eviction = "sieve"
ttl = "8s"
jitter = { plus = "20%" }
refresh = { xfetch = { beta = 2.0, mode = "background" } }
negative_ttl = "2s"
network = { gamma = { mean = "300us", cv2 = 0.5 } }
service = "5us"
per_byte = "1ns"
pool = 4

[database]
servers = 4
read = { lognormal = { median = "5ms", p99 = "40ms" } }
write = { hyperexponential = { mean = "8ms", cv2 = 2.0 } }
pool = 3
timeout = "100ms"
retries = { attempts = 2, backoff = "20ms", jitter = 1.0 }
background = { rate = 20 }

[[event]]
at = "8s"
what = { flush = { tier = "l2" } }

[[event]]
at = "14s"
what = { hot_key = { share = 0.3, for = "2s" } }

[[variant]]
name = "plain"

[[variant]]
name = "lease"
set = { coalescing = { lease = { tier = "l2", lock_ttl = "1s" } }, "tier.l2.jitter" = { around = "10%" } }
"#;

fn small(seed: Option<u64>) -> Experiment {
    let overrides = Overrides { seed, ..Overrides::default() };
    parse(SMALL, "small.toml", Path::new(""), &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn threads_do_not_change_a_byte_and_the_record_comes_back_whole() {
    let experiment = small(None);
    let [one, two] = [1, 2].map(|threads| simulate(&experiment, threads));
    let (written, text) = to_json(&one).unwrap();
    assert!(text == to_json(&two).unwrap().1, "one thread and two give different records");
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), *written);
}

#[test]
fn another_seed_gives_other_numbers() {
    let [first, second] = [small(None), small(Some(8))].map(|experiment| simulate(&experiment, 0));
    for (one, other) in first.variants.iter().zip(&second.variants) {
        for name in ["hit_ratio", "db.qps.mean", "latency.all.mean_ms"] {
            let (one, other) = (one.measure(name).unwrap(), other.measure(name).unwrap());
            assert!(one.values.iter().zip(&other.values).all(|(a, b)| a != b), "{name}: {:?}", one.values);
        }
    }
}

/// Fails where the model changed, on purpose or not. If on purpose, put the digest that the failure shows here and
/// name the change in CHANGELOG.md: it changes the numbers of every user.
#[test]
fn the_numbers_of_the_small_scenario_are_those_of_this_version() {
    let record = simulate(&small(None), 0);
    let mut hasher = Sha256::new();
    for variant in &record.variants {
        hasher.update(serde_json::to_vec(&(&variant.measures, &variant.distributions)).unwrap());
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "586cc7a1e676fd26f80abd0230a557b4888cfddb66e3f3dc08f755a0b7817925");
}

#[test]
fn variants_see_the_same_traffic() {
    for bundled in bundled::all() {
        let overrides = Overrides { duration: Some("5s".to_owned()), ..Overrides::default() };
        let experiment = parse(bundled.source, bundled.name, scenarios(), &overrides).unwrap();
        let alike: Vec<&Variant> =
            experiment.variants.iter().filter(|variant| keeps_traffic(variant)).collect();
        let Some((first, others)) = alike.split_first() else { continue };
        let tables = Arc::new(Tables::new(&first.model, experiment.seed).unwrap());
        for replication in [0, 3] {
            let fingerprint = |variant: &Variant| {
                Generator::new(&variant.model, Arc::clone(&tables), experiment.seed, replication)
                    .and_then(Generator::fingerprint)
                    .unwrap()
            };
            let expected = fingerprint(first);
            for other in others {
                assert_eq!(fingerprint(other), expected, "{}: {}, {}", bundled.name, first.name, other.name);
            }
        }
    }
}

/// Whether a variant leaves alone what decides when requests arrive, for which key and where. A closed loop has
/// no traffic of its own: users wait for answers.
fn keeps_traffic(variant: &Variant) -> bool {
    let traffic = ["workload.", "class.", "clients.", "event."];
    let sets_traffic = |(path, _): &(String, String)| traffic.iter().any(|part| path.starts_with(part));
    !variant.settings.iter().any(sets_traffic)
        && !matches!(variant.model.workload.arrivals, Arrivals::Closed { .. })
}
