//! Writes that a cache acknowledges before the database has them.

use herdlab::record::Record;
use proptest::prelude::*;

use crate::tiny::{Settings, defined, tiny, tiny_record, value};

/// 100 of 500 requests per second write, to a cache in which everything is from the start and stays.
const BACK: Settings<'_> = &[
    ("workload.write_share", "0.2"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.prefill", "{ hottest = \"all\" }"),
    ("writes.strategy", "{ write-back = { flush_interval = \"3s\" } }"),
];

#[track_caller]
fn record(more: Settings<'_>, events: &[&str]) -> Record {
    let all: Vec<(&str, &str)> = BACK.iter().chain(more).copied().collect();
    tiny_record(&all, events)
}

#[test]
fn the_cache_acknowledges_and_the_database_writes_less() {
    let back = record(&[], &[]);
    // There and back in 100 us each, 10 us in the server, behind a handful of others.
    assert!((value(&back, "latency.write.p50_ms") - 0.21).abs() < 0.002);
    assert!(value(&back, "latency.write.max_ms") < 0.6);
    let writes = value(&back, "db.writes_per_request") / value(&back, "requests.write.ratio");
    assert!((value(&back, "writes.coalesced.ratio") - (1.0 - writes)).abs() < 0.1, "{writes}");
    assert!(writes < 0.5, "{writes}");
    // Readers get the newest value, and everything is in the database in the end.
    assert_eq!(value(&back, "stale.ratio"), 0.0);
    assert_eq!(value(&back, "writes.lost"), 0.0);
    assert_eq!(value(&back, "writes.unflushed"), 0.0);
    assert_eq!(defined(&back, "writes.lost_age.max_s"), None);
}

#[test]
fn a_crash_loses_what_was_written_since_the_last_flush() {
    // At 4 s, one second after the worker has woken: 100 writes, give or take 10.
    let crash = record(&[], &["{ restart = { tier = \"l2\", for = \"100ms\" } }"]);
    let lost = value(&crash, "writes.lost");
    assert!((lost - 100.0).abs() < 40.0, "{lost}");
    let age = value(&crash, "writes.lost_age.max_s");
    assert!((0.9..=1.0).contains(&age), "{age}");
    // Who reads one of these gets what the database has, and that is not what was acknowledged.
    assert!(value(&crash, "stale.ratio") > 0.01);
    let flush = record(&[], &["{ flush = { tier = \"l2\" } }"]);
    assert_eq!(value(&flush, "writes.lost"), lost);
}

#[test]
fn what_a_crash_takes_grows_with_the_flush_interval() {
    let lost = |interval: &str| {
        let strategy = format!("{{ write-back = {{ flush_interval = \"{interval}\" }} }}");
        value(&record(&[("writes.strategy", &strategy)], &["{ flush = { tier = \"l2\" } }"]), "writes.lost")
    };
    // 4 s is 0.1 s after a waking, 1 s, and 4 s after the start.
    let [short, middle, long] = [lost("300ms"), lost("1.5s"), lost("7s")];
    assert!((short - 10.0).abs() < 15.0 && (middle - 100.0).abs() < 40.0, "{short} {middle}");
    assert!((long - 400.0).abs() < 80.0, "{long}");
}

#[test]
fn an_outage_that_keeps_the_entries_loses_nothing() {
    let outages = [
        "{ down = { target = \"l2\", for = \"2s\", fail = \"refuse\" } }",
        "{ pause = { target = \"l2\", for = \"2s\" } }",
        "{ down = { target = \"database\", for = \"2s\", fail = \"refuse\" } }",
        "{ down = { target = \"database\", for = \"2s\", fail = \"timeout\" } }",
        "{ pause = { target = \"database\", for = \"2s\" } }",
        "{ crash = { instance = 0, for = \"1s\" } }",
    ];
    for outage in outages {
        let record = record(&[("database.timeout", "1s")], &[outage]);
        assert_eq!(value(&record, "writes.lost"), 0.0, "{outage}");
        assert_eq!(value(&record, "writes.unflushed"), 0.0, "{outage}");
    }
}

#[test]
fn a_tier_that_does_not_take_a_write_leaves_it_to_the_database_or_fails_it() {
    let down: &[&str] = &["{ down = { target = \"l2\", for = \"2s\", fail = \"refuse\" } }"];
    let open = record(&[("database.servers", "unlimited")], down);
    assert_eq!(value(&open, "error.ratio"), 0.0);
    assert!((value(&open, "latency.write.p99_ms") - 5.1).abs() < 0.3, "these waited for the database");
    let closed = record(&[("tier.l2.on_failure", "error")], down);
    // Two of ten seconds.
    assert!((value(&closed, "error.tier.ratio") - 0.2).abs() < 0.03);
    // Memory that is full of what may not be evicted takes no new key.
    let full: Settings<'_> = &[
        ("tier.l2.capacity", "150kB"),
        ("tier.l2.eviction", "noeviction"),
        ("database.servers", "unlimited"),
    ];
    let full = record(full, &[]);
    assert!(value(&full, "latency.write.p99_ms") > 5.0);
    assert_eq!(value(&full, "writes.lost"), 0.0);
}

#[test]
fn an_entry_that_goes_before_its_flush_takes_the_write_along() {
    // Half of the keys fit.
    let evicted = record(&[("tier.l2.capacity", "100"), ("tier.l2.eviction", "random")], &[]);
    assert!(value(&evicted, "writes.lost") > 10.0);
    assert!(value(&evicted, "writes.lost_age.max_s") <= 3.0);
    let evicted = record(&[("tier.l2.capacity", "100kB"), ("tier.l2.eviction", "allkeys-random")], &[]);
    assert!(value(&evicted, "writes.lost") > 10.0);
    // Nothing is lost that is flushed before it expires; written anew, an entry lives longer.
    assert_eq!(value(&record(&[("tier.l2.ttl", "3100ms")], &[]), "writes.lost"), 0.0);
    let expired = record(&[("tier.l2.ttl", "1s")], &[]);
    let lost = value(&expired, "writes.lost");
    assert!((100.0..700.0).contains(&lost), "{lost}");
    // The last rewrite came at most 3 s after the first, and the entry expired before the worker woke.
    assert!((1.0..=3.0).contains(&value(&expired, "writes.lost_age.max_s")));
    // A cycle that removes expired entries, and one that keeps them longer to serve them, lose alike and less.
    let cycle = record(&[("tier.l2.ttl", "1s"), ("tier.l2.active_expiry", "{ hz = 100, effort = 10 }")], &[]);
    assert_eq!(value(&cycle, "writes.lost"), lost);
    let grace = ("tier.l2.refresh", "{ stale-while-revalidate = { grace = \"5s\" } }");
    assert_eq!(value(&record(&[("tier.l2.ttl", "1s"), grace], &[]), "writes.lost"), 0.0);
}

#[test]
fn a_node_takes_its_share_of_the_dirty_keys_along() {
    let lost = value(
        &record(&[("tier.l2.nodes", "4")], &["{ node_lost = { tier = \"l2\", node = 1 } }"]),
        "writes.lost",
    );
    assert!((3.0..70.0).contains(&lost), "about a quarter of 100: {lost}");
}

#[test]
fn a_slow_reader_does_not_replace_what_is_dirty() {
    // Everything is missed once, by readers that take longer than a write.
    let slow: Settings<'_> = &[
        ("tier.l2.prefill", "none"),
        ("database.read", "200ms"),
        ("database.servers", "unlimited"),
        ("writes.strategy", "{ write-back = { flush_interval = \"60s\" } }"),
        ("measure.stale_acknowledged", "true"),
    ];
    let record = record(slow, &[]);
    assert!(value(&record, "tier.l2.refused_sets.rate") > 1.0);
    // Those who missed and read the old row are stale if the write was acknowledged before they came: none is.
    assert_eq!(value(&record, "stale.acknowledged.ratio"), 0.0);
    // The run was over before the worker woke at 60 s, beyond the drain.
    assert!(value(&record, "writes.unflushed") > 100.0);
    assert_eq!(value(&record, "db.writes_per_request"), 0.0);
}

#[test]
fn batches_cost_what_they_say() {
    let all: Settings<'_> = &[
        ("workload.write_share", "1.0"),
        ("workload.popularity", "uniform"),
        ("database.servers", "1"),
        ("duration", "12s"),
    ];
    let busy = |cost: &str, batch: u32| {
        let strategy =
            format!("{{ write-back = {{ flush_interval = \"3s\", batch = {batch}, flush_cost = {cost} }} }}");
        let more: Vec<(&str, &str)> = all.iter().copied().chain([("writes.strategy", &*strategy)]).collect();
        let record = record(&more, &[]);
        (value(&record, "db.concurrency.mean"), value(&record, "db.qps.mean"))
    };
    // Nearly 200 keys are dirty at three wakings of the measured twelve seconds (the fourth is at its end): in 2
    // batches 2 x 10 ms + 200 x 1 ms each, in 20 batches 20 x 10 ms + 200 x 1 ms.
    let (time, requests) = busy("{ per_batch = \"10ms\", per_key = \"1ms\" }", 100);
    assert!((time - 3.0 * 0.22 / 12.0).abs() < 0.003, "{time}");
    assert!((requests - 3.0 * 2.0 / 12.0).abs() < 0.01, "{requests}");
    let (time, requests) = busy("{ per_batch = \"10ms\", per_key = \"1ms\" }", 10);
    assert!((time - 3.0 * 0.4 / 12.0).abs() < 0.006, "{time}");
    assert!((requests - 3.0 * 20.0 / 12.0).abs() < 0.3, "{requests}");
    // A batch costs one write, unless it says something else.
    let (time, _) = busy("{ per_key = \"0s\" }", 100);
    assert!((time - 3.0 * 0.01 / 12.0).abs() < 0.0005, "{time}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without a crash nothing is lost, and every dirty key is flushed when its worker has woken and has sent what was
    /// before it.
    #[test]
    fn everything_dirty_is_flushed_in_time(
        interval_ms in 5u64..4000,
        batch in 1u64..60,
        per_batch_ms in 0u64..30,
        per_key_us in 0u64..1500,
        share in 0.05f64..1.0,
        keys in 1u64..300,
        nodes in 1u64..4,
        instances in 1u64..4,
        network in prop::sample::select(vec!["0s", "300us", "{ exponential = { mean = \"1ms\" } }"]),
    ) {
        let strategy = format!(
            "{{ write-back = {{ flush_interval = \"{interval_ms}ms\", batch = {batch}, flush_cost = {{ per_batch = \
             \"{per_batch_ms}ms\", per_key = \"{per_key_us}us\" }} }} }}"
        );
        let (share, keys) = (share.to_string(), keys.to_string());
        let (nodes, instances) = (nodes.to_string(), instances.to_string());
        let settings: Settings<'_> = &[
            ("duration", "8s"),
            ("workload.write_share", &share),
            ("workload.keys", &keys),
            ("clients.instances", &instances),
            ("tier.l2.nodes", &nodes),
            ("tier.l2.network", network),
            ("database.servers", "unlimited"),
            ("writes.strategy", &strategy),
        ];
        let record = record(settings, &[]);
        prop_assert_eq!(value(&record, "writes.lost"), 0.0);
        prop_assert_eq!(value(&record, "writes.unflushed"), 0.0);
        // A round takes every key at most once. One may have to be finished before the worker wakes for the next.
        let keys = keys.parse::<f64>().unwrap();
        let batches = (keys / batch as f64).ceil() + nodes.parse::<f64>().unwrap();
        let round_ms = batches * (per_batch_ms as f64 + 0.2) + keys * per_key_us as f64 / 1e3;
        let bound_s = (interval_ms as f64 + 2.0 * round_ms + 5.0) / 1e3;
        if let Some(lag_s) = defined(&record, "writes.flush_lag.max_s") {
            prop_assert!(lag_s <= bound_s * 1.005, "{lag_s} > {bound_s}");
        }
    }
}

#[test]
fn what_contradicts_it_is_refused() {
    let refused = |more: Settings<'_>| {
        let all: Vec<(&str, &str)> = BACK.iter().chain(more).copied().collect();
        tiny(&all, &[""; 0]).map(|_| ()).unwrap_err()
    };
    assert!(refused(&[("workload.write_share", "0")]).contains("nothing is written"));
    assert!(refused(&[("tier.l1.enabled", "true"), ("tier.l2.enabled", "false")]).contains("in the process"));
    assert!(refused(&[("invalidation.cdc", "{ lag = \"1s\" }")]).contains("ahead of the database"));
    assert!(refused(&[("writes.rollback", "0.1")]).contains("cannot roll back"));
}
