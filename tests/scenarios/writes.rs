//! What writes leave in caches: phantoms, races, and what a crash takes along.

use herdlab::record::Record;
use proptest::prelude::*;

use crate::tiny::{Settings, defined, tiny_record, value};

/// One key, a cache that never forgets it, and nothing takes any time.
const ONE_KEY: Settings<'_> = &[
    ("duration", "100s"),
    ("workload.keys", "1"),
    ("workload.write_share", "0.2"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.network", "0s"),
    ("tier.l2.service", "0s"),
    ("database.read", "0s"),
];

#[track_caller]
fn record(common: Settings<'_>, more: Settings<'_>, events: &[&str]) -> Record {
    let all: Vec<(&str, &str)> = common.iter().chain(more).copied().collect();
    tiny_record(&all, events)
}

#[test]
fn a_copy_written_before_the_commit_is_a_phantom_until_the_next_write() {
    let wrong = record(
        ONE_KEY,
        &[
            ("writes.strategy", "write-through"),
            ("writes.order", "before-commit"),
            ("writes.rollback", "0.3"),
        ],
        &[],
    );
    // A read finds what the last write left: with probability 0.3 that was rolled back.
    let phantoms = value(&wrong, "writes.phantom_reads.ratio");
    assert!((phantoms - 0.3).abs() < 0.015, "{phantoms}");
    assert!((value(&wrong, "writes.rolled_back.ratio") - 0.3).abs() < 0.015);
    // Reads that get what was never committed are not counted as stale as well.
    assert_eq!(value(&wrong, "stale.ratio"), 0.0);

    let right = record(ONE_KEY, &[("writes.strategy", "write-through"), ("writes.rollback", "0.3")], &[]);
    assert_eq!(value(&right, "stale.ratio"), 0.0);
    assert_eq!(defined(&right, "writes.phantom_reads"), None);
    // The same transactions roll back.
    assert_eq!(value(&right, "writes.rolled_back.ratio"), value(&wrong, "writes.rolled_back.ratio"));
}

#[test]
fn without_rollbacks_there_is_nothing_that_was_never_committed() {
    let options: Settings<'_> = &[
        ("workload.write_share", "0.3"),
        ("writes.strategy", "update"),
        ("writes.order", "before-commit"),
        ("database.timeout", "6ms"),
        ("database.servers", "2"),
    ];
    // Under overload attempts time out and are carried out all the same.
    let record = tiny_record(options, &[]);
    assert!(value(&record, "error.db_timeout.ratio") > 0.01);
    assert_eq!(value(&record, "writes.phantom_reads"), 0.0);
}

#[test]
fn a_delete_before_the_commit_lets_the_old_value_back_in() {
    let common: Settings<'_> =
        &[("workload.write_share", "0.1"), ("tier.l2.ttl", "none"), ("database.servers", "unlimited")];
    let before = record(common, &[("writes.order", "before-commit")], &[]);
    let after = record(common, &[], &[]);
    let (before, after) = (value(&before, "stale.ratio"), value(&after, "stale.ratio"));
    assert!(before > 3.0 * after, "{before} against {after}");
}

/// A busy cache that forgets nothing, in front of a database some of whose reads are very slow.
const SLOW_READERS: Settings<'_> = &[
    ("duration", "20s"),
    ("workload.keys", "20"),
    ("workload.write_share", "0.1"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.network", "{ exponential = { mean = \"1ms\" } }"),
    ("database.servers", "unlimited"),
    ("database.read", "{ lognormal = { median = \"5ms\", p99 = \"500ms\" } }"),
    ("database.write", "5ms"),
    ("measure.stale_acknowledged", "true"),
];

#[track_caller]
fn stale_after_acknowledgement(more: Settings<'_>, events: &[&str]) -> f64 {
    value(&record(SLOW_READERS, more, events), "stale.acknowledged.ratio")
}

const THROUGH: (&str, &str) = ("writes.strategy", "write-through");
const VERSIONED: (&str, &str) = ("writes.versioned", "true");

#[test]
fn a_slow_reader_puts_the_old_value_back_after_the_delete() {
    assert!(stale_after_acknowledgement(&[], &[]) > 0.01);
    // A tombstone keeps it out, if it is remembered as long as the slowest reader takes.
    assert_eq!(stale_after_acknowledgement(&[VERSIONED, ("writes.tombstone_ttl", "60s")], &[]), 0.0);
    assert!(stale_after_acknowledgement(&[VERSIONED, ("writes.tombstone_ttl", "20ms")], &[]) > 0.001);
    // The DELETE voids the lease of whoever reads slowly.
    let lease = ("coalescing", "{ lease = { tier = \"l2\" } }");
    assert_eq!(stale_after_acknowledgement(&[lease], &[]), 0.0);
}

#[test]
fn versioned_write_through_never_serves_less_than_was_acknowledged() {
    let popularities = ["uniform", "{ zipf = { exponent = 1.5 } }"];
    for (seed, popularity) in popularities.into_iter().cycle().take(6).enumerate() {
        let (rate, share) = ([200, 1000, 3000][seed % 3], ["0.02", "0.3"][seed % 2]);
        let arrivals = format!("{{ poisson = {{ rate = {rate} }} }}");
        let coalescing = ["none", "singleflight"][seed / 3];
        let drawn: Settings<'_> = &[
            THROUGH,
            VERSIONED,
            ("duration", "5s"),
            ("workload.arrivals", &arrivals),
            ("workload.write_share", share),
            ("workload.popularity", popularity),
            ("coalescing", coalescing),
        ];
        let record = record(SLOW_READERS, drawn, &[]);
        assert_eq!(value(&record, "stale.acknowledged.ratio"), 0.0, "{drawn:?}");
        // Something was there to be refused, and reads between commit and SET are stale as they must be.
        assert!(value(&record, "tier.l2.refused_sets.rate") > 0.0, "{drawn:?}");
    }
    // Without versions the slow reader wins.
    assert!(stale_after_acknowledgement(&[THROUGH], &[]) > 0.001);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the traffic, and however slow readers and network are.
    #[test]
    fn versions_close_the_race_whoever_is_late(
        seed in 0u32..1_000_000,
        rate in 50u32..3000,
        share in 0.01f64..0.9,
        keys in 1u32..200,
        instances in 1u32..5,
        exponent in 0.0f64..2.0,
        network in prop::sample::select(vec!["0s", "1ms", "{ lognormal = { median = \"1ms\", p99 = \"80ms\" } }"]),
        write in prop::sample::select(vec!["0s", "5ms", "{ exponential = { mean = \"50ms\" } }"]),
        coalescing in prop::sample::select(vec!["none", "singleflight"]),
    ) {
        let [seed, keys, instances] = [seed, keys, instances].map(|number| number.to_string());
        let arrivals = format!("{{ poisson = {{ rate = {rate} }} }}");
        let popularity = format!("{{ zipf = {{ exponent = {exponent:?} }} }}");
        let share = share.to_string();
        let drawn: Settings<'_> = &[
            THROUGH,
            VERSIONED,
            ("seed", &seed),
            ("duration", "4s"),
            ("workload.arrivals", &arrivals),
            ("workload.write_share", &share),
            ("workload.keys", &keys),
            ("workload.popularity", &popularity),
            ("clients.instances", &instances),
            ("tier.l2.network", network),
            ("database.write", write),
            ("coalescing", coalescing),
        ];
        prop_assert_eq!(stale_after_acknowledgement(drawn, &[]), 0.0);
    }
}

#[test]
fn a_cache_that_forgets_lets_old_values_in_whatever_their_versions() {
    let stale = |more: Settings<'_>, events: &[&str]| {
        let all: Vec<(&str, &str)> = [THROUGH, VERSIONED].iter().chain(more).copied().collect();
        stale_after_acknowledgement(&all, events)
    };
    assert_eq!(stale(&[], &[]), 0.0);
    // Expiry, eviction, a flush, and a cache that does not hear of the write.
    assert!(stale(&[("tier.l2.ttl", "50ms")], &[]) > 0.0);
    assert!(stale(&[("tier.l2.capacity", "10"), ("tier.l2.eviction", "lru")], &[]) > 0.0);
    // The flush takes the tombstones along, while many readers are under way.
    let slower = ("database.read", "{ lognormal = { median = \"200ms\", p99 = \"2s\" } }");
    let deletes: Settings<'_> = &[VERSIONED, ("writes.tombstone_ttl", "60s"), slower];
    assert_eq!(stale_after_acknowledgement(deletes, &[]), 0.0);
    assert!(stale_after_acknowledgement(deletes, &["{ flush = { tier = \"l2\" } }"]) > 0.0);
    assert!(stale(&[], &["{ down = { target = \"l2\", for = \"1s\", fail = \"refuse\" } }"]) > 0.0);
}
