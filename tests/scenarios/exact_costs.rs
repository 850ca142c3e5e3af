//! What a run costs per month at the prices of its scenario, to the last digit.
//!
//! Ten seconds of ten requests each are 26.28 million requests in a month of 730 hours.

use std::path::Path;

use herdlab::experiment::threshold::{Standing, judge};
use herdlab::scenario::{Overrides, parse};

use crate::even::{NO_CACHE, THREE, even, exactly, exactly_after};
use crate::support::simulate;
use crate::tiny::value;

const CACHE: &str = "cost.cache.month";
const DATABASE: &str = "cost.database.month";
const REQUESTS: &str = "cost.requests.month";
const TRAFFIC: &str = "cost.traffic.month";
const OBJECTIVE: &str = "cost.objective.month";
const ALL: &str = "cost.month";
const MINUTES: f64 = 730.0 * 60.0;

const SIZES: [(&str, &str); 2] = [("workload.value_size", "2kB"), ("workload.key_size", "50B")];
const MILLION: (&str, &str) = ("price.database_million_requests", "3");
const COMMANDS: (&str, &str) = ("price.cache_million_commands", "2");

#[test]
fn requests_and_commands_of_the_run_are_scaled_to_a_month() {
    exactly(&[
        (&[NO_CACHE, MILLION], "", REQUESTS, 3.0 * 26.28),
        (&[NO_CACHE, MILLION], "", ALL, 3.0 * 26.28),
        // A hundred GETs and the SET after the first, which alone goes to the database.
        (&[COMMANDS], "", REQUESTS, 2.0 * 1.01 * 26.28),
        (&[COMMANDS, MILLION], "", REQUESTS, 2.0 * 1.01 * 26.28 + 3.0 * 0.01 * 26.28),
        // Of the warm-up nothing is paid: 90 GETs in nine seconds.
        (&[COMMANDS, MILLION, ("warmup", "1s")], "", REQUESTS, 2.0 * 26.28),
    ]);
}

#[test]
fn traffic_is_all_that_travels_to_and_from_shared_tiers() {
    let traffic = [SIZES[0], SIZES[1], ("price.traffic_gb", "7")];
    // 99 hits bring 2,050 bytes each, a miss takes 50 there, and the SET 2,050.
    let bytes_per_s = (100.0 * 2050.0 + 50.0) / 10.0;
    exactly(&[(&traffic, "", TRAFFIC, 7.0 * bytes_per_s * 730.0 * 3600.0 / 1e9)]);
    // Nobody asked for the measure of the bytes.
    assert!(even(&traffic, "").variants[0].measure("tier.l2.wire.bytes_per_s").is_none());
}

#[test]
fn memory_is_what_there_is_or_else_what_was_used() {
    let shared = |price| ("price.cache_gb_month", price);
    let (l1, each) = (("tier.l1.enabled", "true"), ("price.instance_gb_month", "500"));
    let capacity = [("tier.l2.capacity", "3GB"), ("tier.l2.eviction", "lru")];
    let small = [("tier.l1.capacity", "2MB"), ("tier.l1.eviction", "lru")];
    exactly(&[
        (&[shared("11"), capacity[0], capacity[1]], "", CACHE, 33.0),
        // One entry of 2,000 and 50 bytes and an overhead of 56.
        (&[shared("1000000"), SIZES[0], SIZES[1]], "", CACHE, 2.106),
        // 2 MB in each of three instances; l2 has no price.
        (&[THREE[0], THREE[1], l1, each, small[0], small[1]], "", CACHE, 3.0),
        (
            &[THREE[0], THREE[1], l1, each, small[0], small[1], shared("11"), capacity[0], capacity[1]],
            "",
            CACHE,
            36.0,
        ),
        // Each instance holds the entry once, without overhead.
        (
            &[THREE[0], THREE[1], l1, ("price.instance_gb_month", "1000000"), SIZES[0], SIZES[1]],
            "",
            CACHE,
            6.15,
        ),
    ]);
}

#[test]
fn a_database_is_paid_by_server_by_machine_or_both() {
    let replicas = ("database.replicas", "{ count = 2, lag = \"0s\", servers = 3 }");
    let (servers, each, machine) =
        (("database.servers", "4"), ("price.database_server_month", "7"), ("price.database_month", "100"));
    exactly(&[
        (&[servers, each], "", DATABASE, 28.0),
        (&[servers, machine], "", DATABASE, 100.0),
        (&[machine], "", DATABASE, 100.0),
    ]);
    exactly_after(
        "0 read a, 400 write b",
        &[
            // Four and twice three; three machines.
            (&[servers, replicas, each], DATABASE, 70.0),
            (&[servers, replicas, machine], DATABASE, 300.0),
            (&[servers, replicas, each, machine], DATABASE, 370.0),
        ],
    );
}

/// 200 requests in each second, so every second is judged by itself.
#[test]
fn a_minute_of_a_broken_objective_has_its_price() {
    let busy = |read: &'static str, share: &'static str| {
        let objective = [("slo.latency", "50ms"), ("slo.share", share), ("price.objective_minute", "0.5")];
        [&[NO_CACHE, ("workload.arrivals.constant.rate", "200"), ("database.read", read)], &objective[..]]
            .concat()
    };
    let slow =
        |length: &str| format!("3s {{ slow = {{ target = \"database\", factor = 5, for = \"{length}\" }} }}");
    exactly(&[
        (&busy("20ms", "95%"), "", OBJECTIVE, 0.0),
        (&busy("60ms", "95%"), "", OBJECTIVE, 0.5 * MINUTES),
        // Two seconds of ten; with a second of warm-up two of nine.
        (&busy("20ms", "95%"), &slow("2s"), OBJECTIVE, 0.2 * 0.5 * MINUTES),
        (
            &[busy("20ms", "95%"), vec![("warmup", "1s")]].concat(),
            &slow("2s"),
            OBJECTIVE,
            0.5 * MINUTES * 2.0 / 9.0,
        ),
        // Half a second has too few requests: with the next one it is a cell in which a third is late.
        (&busy("20ms", "95%"), &slow("1500ms"), OBJECTIVE, 0.25 * 0.5 * MINUTES),
        (&busy("20ms", "60%"), &slow("1500ms"), OBJECTIVE, 0.1 * 0.5 * MINUTES),
        (&busy("20ms", "60%"), &slow("1500ms"), ALL, 0.1 * 0.5 * MINUTES),
    ]);
}

#[test]
fn the_whole_is_the_sum_of_the_parts_in_the_currency() {
    let settings = [
        ("price.currency", "EUR"),
        MILLION,
        COMMANDS,
        ("price.cache_gb_month", "11"),
        ("tier.l2.capacity", "3GB"),
        ("tier.l2.eviction", "lru"),
        ("price.database_month", "100"),
        ("price.traffic_gb", "7"),
    ];
    let record = even(&settings, "");
    let parts: f64 = [CACHE, DATABASE, REQUESTS, TRAFFIC].iter().map(|part| value(&record, part)).sum();
    assert!((value(&record, ALL) - parts).abs() < 1e-9 * parts);
    let variant = &record.variants[0];
    assert!(variant.measure(OBJECTIVE).is_none(), "it has no price");
    assert_eq!(variant.measure(ALL).unwrap().unit, "EUR");
    let costs = |record: &herdlab::record::Record| {
        record.variants[0].measures.iter().filter(|measure| measure.name.starts_with("cost.")).count()
    };
    assert_eq!((costs(&record), costs(&even(&[], ""))), (5, 0));
}

/// A system without a cache pays for none, and can be compared with one that has one; servers that are unlimited cannot be paid.
#[test]
fn every_variant_has_the_same_parts() {
    let source = r#"
question = "Does the cache pay?"
duration = "10s"
replications = 2
workload = { arrivals = { constant = { rate = 10 } }, keys = 1 }
tier = [{ name = "l2", scope = "shared", ttl = "none", capacity = "3GB", eviction = "lru" }]
database = { read = "20ms", servers = 4 }
price = { currency = "CHF", cache_gb_month = 11, database_server_month = 7 }

[[threshold]]
measure = "cost.month"
max = 60

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }

[[variant]]
name = "unlimited"
set = { "database.servers" = "unlimited" }
"#;
    let experiment = parse(source, "costs.toml", Path::new(""), &Overrides::default()).unwrap();
    let record = simulate(&experiment, 1);
    let of = |variant: usize, name: &str| record.variants[variant].measure(name).unwrap().values[1];
    assert_eq!([0, 1, 2].map(|variant| of(variant, ALL)), [Some(61.0), Some(28.0), None]);
    assert_eq!([0, 1, 2].map(|variant| of(variant, CACHE)), [Some(33.0), Some(0.0), Some(33.0)]);
    let standings: Vec<Standing> = judge(&record).iter().map(|judgement| judgement.standing).collect();
    assert_eq!(standings[..2], [Standing::Broken, Standing::Kept]);
}
