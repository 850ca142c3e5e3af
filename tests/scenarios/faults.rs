//! What fails, what it takes along, and how long it takes to come back: sums that can be done by hand.

use crate::tiny::{tiny_record, value};

type Settings<'a> = &'a [(&'a str, &'a str)];

/// A hundred requests a second, evenly spaced, straight to a database that is not busy.
const NO_CACHE: Settings<'_> = &[
    ("duration", "60s"),
    ("workload.arrivals", "{ constant = { rate = 100 } }"),
    ("workload.keys", "1"),
    ("tier.l2.enabled", "false"),
    ("database.servers", "unlimited"),
    ("clients.route", "round-robin"),
];

fn with<'a>(base: Settings<'a>, more: Settings<'a>) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

#[test]
fn a_backlog_drains_in_the_time_that_is_left_to_the_servers() {
    // Ten seconds of silence leave 1000 requests of 5 ms. A server that does 200 a second while 100 arrive works off
    // 100 a second: a request that comes t seconds after the pause waits for (1000 - 100 t) 5 ms, less than its
    // deadline of a second from t = 8 on.
    let base = with(NO_CACHE, &[("database.servers", "1"), ("clients.deadline", "1s")]);
    let paused = "{ pause = { target = \"database\", for = \"10s\" } }";
    let record = tiny_record(&base, &[paused]);
    assert_eq!(value(&record, "event.pause-database.recovery.errors_s"), 8.0);
    // It waits for less than twice the usual 5 ms from t = 9.98 on, in the last cell of two seconds.
    assert_eq!(value(&record, "event.pause-database.recovery_s"), 10.0);
    assert_eq!(value(&record, "event.pause-database.metastable"), 0.0);
    // Who comes up to a second before the end of the pause, or up to 8 s after it, waits for more than a second: 1800.
    assert!((value(&record, "error.deadline.ratio") * 6000.0 - 1800.0).abs() < 110.0);
}

#[test]
fn retries_keep_it_down_where_they_exceed_the_servers() {
    // 200 a second, and every request that times out asks twice: above 100 requests a second it never comes back.
    let paused = "{ pause = { target = \"database\", for = \"10s\" } }";
    let base =
        [("database.servers", "1"), ("database.timeout", "1s"), ("database.retries", "{ attempts = 2 }")];
    for (rate, stays_down) in [("{ constant = { rate = 90 } }", 0.0), ("{ constant = { rate = 110 } }", 1.0)]
    {
        let own = [("workload.arrivals", rate), ("duration", "200s")];
        let settings = [NO_CACHE, &base, &own].concat();
        let record = tiny_record(&settings, &[paused]);
        assert_eq!(value(&record, "event.pause-database.metastable"), stays_down, "{rate}");
    }
}

#[test]
fn a_crashed_instance_takes_its_requests_along() {
    // Two instances get 50 requests a second each.
    let base = with(NO_CACHE, &[("database.read", "95ms")]);
    let crash = "{ crash = { instance = 1, for = \"10s\" } }";
    let record = tiny_record(&base, &[crash]);
    // Those that came in the last 95 ms: 4 or 5; the others find the other instance.
    let failed = value(&record, "error.crash.ratio") * 6000.0;
    assert!((3.9..5.1).contains(&failed), "{failed}");
    assert_eq!(value(&record, "event.crash.recovery_s"), 0.0);
    // As long as nobody notices, half of all requests fail: 50 a second.
    let crash = "{ crash = { instance = 1, for = \"10s\", detect = \"4s\" } }";
    let unnoticed = value(&tiny_record(&base, &[crash]), "error.crash.ratio") * 6000.0;
    assert!((unnoticed - failed - 200.0).abs() < 1.1, "{unnoticed}");
}

#[test]
fn an_outage_within_a_longer_one_of_the_same_part_changes_nothing() {
    let base = [
        ("duration", "40s"),
        ("workload.arrivals", "{ constant = { rate = 100 } }"),
        ("tier.l1.enabled", "true"),
        ("clients.route", "round-robin"),
        ("database.timeout", "1s"),
    ];
    for (outer, inner) in [
        ("down = { target = \"database\", for = \"20s\" }", "down = { target = \"database\", for = \"2s\" }"),
        (
            "down = { target = \"database\", for = \"20s\", fail = \"timeout\" }",
            "down = { target = \"database\", for = \"2s\", fail = \"timeout\" }",
        ),
        ("down = { target = \"l2\", for = \"20s\" }", "down = { target = \"l2\", for = \"2s\" }"),
        (
            "pause = { target = \"database\", for = \"20s\" }",
            "pause = { target = \"database\", for = \"2s\" }",
        ),
        (
            "crash = { instance = 0, for = \"20s\", detect = \"10s\" }",
            "crash = { instance = 0, for = \"2s\", detect = \"2s\" }",
        ),
    ] {
        let outer = format!("{{ {outer} }}\nlabel = \"outer\"");
        let inner = format!("{{ {inner} }}\nlabel = \"inner\"");
        let alone = tiny_record(&base, &[&outer]);
        let both = tiny_record(&with(&base, &[("event.inner.at", "9s")]), &[&outer, &inner]);
        assert!(value(&alone, "hit_ratio") < 1.0);
        for measure in ["error.ratio", "db.qps.mean", "hit_ratio", "latency.all.p99_ms"] {
            assert_eq!(value(&both, measure), value(&alone, measure), "{measure}: {inner}");
        }
    }
}

#[test]
fn a_crashed_instance_comes_back_cold_and_its_database_work_goes_on() {
    let base = [
        ("duration", "20s"),
        ("workload.arrivals", "{ constant = { rate = 100 } }"),
        ("workload.keys", "1"),
        ("tier.l1.enabled", "true"),
        ("tier.l1.ttl", "none"),
        ("tier.l2.enabled", "false"),
        ("clients.route", "round-robin"),
        ("database.read", "10ms"),
    ];
    // One fetch per instance for ever, and one more after the crash.
    let fetches = |events: &[&str]| value(&tiny_record(&base, events), "db.fetches.rate") * 20.0;
    assert_eq!(fetches(&[]).round(), 2.0);
    assert_eq!(fetches(&["{ crash = { instance = 1, for = \"2s\" } }"]).round(), 3.0);
}

/// One key, read a hundred times a second, is fetched for a tenth of a second every 1.1 seconds.
const ONE_KEY: Settings<'_> = &[
    ("duration", "20s"),
    ("clients.instances", "1"),
    ("workload.arrivals", "{ constant = { rate = 100 } }"),
    ("workload.keys", "1"),
    ("database.read", "100ms"),
    ("database.timeout", "1s"),
];

#[test]
fn who_waits_for_a_dead_leader_waits_as_long_as_it_would_have() {
    let crash = ["{ crash = { leader = \"hottest\" } }"];
    // All that come within the second that the leader's attempt may take: the leader and 100 others.
    let record = tiny_record(&with(ONE_KEY, &[("coalescing", "singleflight")]), &crash);
    let failed = value(&record, "error.crash.ratio") * 2000.0;
    assert!((99.0..102.0).contains(&failed), "{failed}");
    // With a lease only the leader fails; the others wait until the lock is free and one of them has fetched.
    let lease = "{ lease = { tier = \"l2\", lock_ttl = \"2s\", poll = \"10ms\", wait_limit = \"5s\" } }";
    let record = tiny_record(&with(ONE_KEY, &[("coalescing", lease)]), &crash);
    assert_eq!((value(&record, "error.crash.ratio") * 2000.0).round(), 1.0);
    let longest_ms = value(&record, "latency.coalesced.max_ms");
    assert!((2080.0..2120.0).contains(&longest_ms), "{longest_ms}");
    // Without coalescing nobody waits for anybody.
    let record = tiny_record(ONE_KEY, &crash);
    assert_eq!((value(&record, "error.crash.ratio") * 2000.0).round(), 1.0);
    assert!(value(&record, "latency.all.max_ms") < 110.0);
}

#[test]
fn recovery_from_a_dead_leader_counts_from_its_death() {
    let settings = with(ONE_KEY, &[("coalescing", "singleflight"), ("duration", "60s")]);
    let record = tiny_record(&settings, &["{ crash = { leader = 0 } }"]);
    // The attempt's second, to the end of the cell: 200 requests from the second in which the leader died.
    let recovery_s = value(&record, "event.crash.recovery_s");
    assert!((1.0..=2.0).contains(&recovery_s), "{recovery_s}");
    // Nobody fetches key 5.
    let settings = with(
        ONE_KEY,
        &[("workload.keys", "9"), ("workload.popularity", "{ hotspot = { keys = 0.1, requests = 1.0 } }")],
    );
    let record = tiny_record(&settings, &["{ crash = { leader = 5 } }"]);
    assert_eq!(crate::tiny::defined(&record, "event.crash.metastable"), None);
}
