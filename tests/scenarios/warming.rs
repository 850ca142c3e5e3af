//! Jobs that fill a tier, and a tier that comes back with what it had.

use crate::even::{even, exactly, exactly_with, recorded};
use crate::tiny::{defined, value};

const FULL: [(&str, &str); 2] =
    [("workload.keys", "8"), ("tier.l2.prefill", "{ hottest = \"all\", age = \"fresh\" }")];

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

#[test]
fn a_job_reads_the_hottest_keys_at_its_rate() {
    // At 2, 2.25 and 2.5 s, each for 20 ms of the database. All requests hit.
    let slow = "2s { warm = { tier = \"l2\", hottest = 3, rate = 4 } }";
    let fast = "2s { warm = { tier = \"l2\", hottest = 3, rate = 100 } }";
    let alone = "2s { warm = { tier = \"l2\", hottest = 3, rate = 100, parallel = 1 } }";
    exactly(&[
        (&FULL, slow, "warm.keys", 3.0),
        (&FULL, slow, "warm.time_s", 0.52),
        (&FULL, slow, "warm.fetches.rate", 0.3),
        (&FULL, slow, "db.qps.mean", 0.3),
        (&FULL, slow, "db.concurrency.mean", 0.3 * 0.02),
        (&FULL, slow, "warm.failed.ratio", 0.0),
        (&FULL, slow, "hit_ratio", 1.0),
        (&FULL, slow, "requests.all", 100.0),
        (
            &FULL,
            "2s { warm = { tier = \"l2\", hottest = \"all\", rate = 4 } }",
            "warm.time_s",
            7.0 * 0.25 + 0.02,
        ),
        (&FULL, "2s { warm = { tier = \"l2\", hottest = 99, rate = 4 } }", "warm.keys", 8.0),
        // At 0, 10 and 20 ms; one after the other at 0, 20 and 40.
        (&FULL, fast, "warm.time_s", 0.04),
        (&FULL, alone, "warm.time_s", 0.06),
        // Its attempts wait for connections and servers like any other.
        (&with(&FULL, &[("database.pool", "1")]), fast, "warm.time_s", 0.06),
        (&with(&FULL, &[("database.servers", "1")]), fast, "warm.time_s", 0.06),
        (&with(&FULL, &[("database.servers", "1")]), fast, "db.queue.peak", 1.0),
        // The instances take turns, so that each has its own connection here.
        (&with(&FULL, &[("database.pool", "1"), ("clients.instances", "3")]), fast, "warm.time_s", 0.04),
        // No worker is needed for it.
        (&with(&FULL, &[("clients.workers", "1"), ("clients.queue", "0")]), fast, "error.ratio", 0.0),
        // The SET comes to the tier with the other commands.
        (
            &with(&FULL, &[("tier.l2.service", "1ms")]),
            fast,
            "tier.l2.utilization",
            (100.0 + 3.0) * 0.001 / 10.0,
        ),
    ]);
    let unfinished = even(&FULL, "9900ms { warm = { tier = \"l2\", hottest = 3, rate = 4 } }");
    assert_eq!(defined(&unfinished, "warm.time_s"), None);
    assert_eq!(value(&unfinished, "warm.keys"), 1.0);
}

/// Before 550 ms `b` is read three times, `a` twice and `c` once; `d` comes later.
#[test]
fn a_job_for_a_recording_reads_what_was_read_most_often_before() {
    let requests = "0 read a, 100 read b, 200 read b, 300 read c, 400 read b, 500 read a, 600 read d, 700 read b, 800 read a, 900 read c";
    let flush = "545ms { flush = { tier = \"l2\" } }";
    let missed =
        |event: &str| value(&recorded(requests, &[], &format!("{flush}{event}")), "requests.miss.ratio");
    let warmed = |hottest| {
        missed(&format!("; 550ms {{ warm = {{ tier = \"l2\", hottest = {hottest}, rate = 1000 }} }}"))
    };
    assert_eq!(missed(""), 0.7);
    assert_eq!(warmed("1"), 0.6);
    assert_eq!(warmed("2"), 0.5);
    assert_eq!(warmed("3"), 0.4);
    assert_eq!(warmed("\"all\""), 0.3, "and the row that nobody has read yet");
}

#[test]
fn what_was_read_is_found() {
    let flush = "2050ms { flush = { tier = \"l2\" } }";
    let warmed = format!("{flush}; 2050ms {{ warm = {{ tier = \"l2\", hottest = 1, rate = 10 }} }}");
    let lease = [("coalescing", "{ lease = { tier = \"l2\" } }")];
    exactly(&[
        // The first request, and the first after the flush at 2.1 s, unless the key is there again at 2.07 s.
        (&[], flush, "requests.miss.ratio", 0.02),
        (&[], &warmed, "requests.miss.ratio", 0.01),
        // A job needs no lease.
        (&lease, flush, "requests.miss.ratio", 0.02),
        (&lease, &warmed, "requests.miss.ratio", 0.01),
        // A database that is down fails it.
        (
            &FULL,
            "1s { down = { target = \"database\", for = \"5s\" } }; 2s { warm = { tier = \"l2\", hottest = 3, rate = 4 } }",
            "warm.failed.ratio",
            1.0,
        ),
        // All instances are down from 1.9 s to 2.3 s: the keys at 2 s and 2.25 s have nobody who reads them.
        (
            &FULL,
            "1900ms { crash = { instance = 0, for = \"400ms\" } }; 2s { warm = { tier = \"l2\", hottest = 3, rate = 4 } }",
            "warm.failed.ratio",
            2.0 / 3.0,
        ),
    ]);
}

#[test]
fn keys_that_are_not_stored_are_not_warmed() {
    let classes = "\n[[class]]\nname = \"page\"\nshare = 0.5\nkeys = 3\n[[class]]\nname = \"own\"\nshare = 0.3\nkeys = 4\n\
                   bypass = [\"l2\"]\n[[class]]\nname = \"gone\"\nshare = 0.2\nkeys = 5\nabsent = true\n";
    let job = "2s { warm = { tier = \"l2\", hottest = \"all\", rate = 100 } }";
    exactly_with(classes, &[(&[], job, "warm.keys", 3.0), (&[], job, "warm.time_s", 0.04)]);
}

#[test]
fn a_persisted_tier_comes_back_with_what_it_had() {
    let restart = "2050ms { restart = { tier = \"l2\", for = \"100ms\" } }";
    let keeps = "2050ms { restart = { tier = \"l2\", for = \"100ms\", keeps = true } }";
    let short = [("tier.l2.ttl", "2100ms")];
    exactly(&[
        // At 2.1 s nobody answers, and the SET that follows is refused. At 2.2 s the key is gone, or still there.
        (&[], restart, "requests.miss.ratio", 0.03),
        (&[], keeps, "requests.miss.ratio", 0.02),
        // Times to live run on: the entry of 0.02 s has expired at 2.2 s, and from there on every 2.2 s.
        (&short, keeps, "requests.miss.ratio", 0.06),
        (&short, "", "requests.miss.ratio", 0.05),
    ]);
}

/// The first request of all fetches the key at 0 s; it is SET at 20 ms and lies there from 21 ms on.
#[test]
fn a_persisted_tier_comes_back_without_its_last_changes() {
    let restart = |loses: &str| {
        format!(
            "2050ms {{ restart = {{ tier = \"l2\", for = \"100ms\", keeps = true, loses = \"{loses}\" }} }}"
        )
    };
    let [after_the_set, before_it, before_all] = ["2020ms", "2035ms", "1h"].map(restart);
    let short = [("tier.l2.ttl", "1s")];
    exactly(&[
        (&[], &after_the_set, "requests.miss.ratio", 0.02),
        (&[], &before_it, "requests.miss.ratio", 0.03),
        (&[], &before_all, "requests.miss.ratio", 0.03),
        // SET at 0.02 and 1.12 s: the entry of the image has expired when it comes back.
        (
            &short,
            &restart("1s"),
            "requests.miss.ratio",
            value(&even(&short, &restart("3ms")), "requests.miss.ratio"),
        ),
    ]);
}

/// The value of 20 ms, which the write of 100 ms has deleted, is back after the restart.
#[test]
fn what_was_deleted_since_the_snapshot_is_back_and_stale() {
    let requests = "0 read a, 100 write a, 500 read a, 510 read b";
    let restart =
        |what: &str| format!("300ms {{ restart = {{ tier = \"l2\", for = \"50ms\", keeps = true{what} }} }}");
    for (event, stale, hits) in [(restart(""), 0.0, 0.0), (restart(", loses = \"250ms\""), 1.0, 1.0)] {
        let record = recorded(requests, &[], &event);
        assert_eq!(value(&record, "stale.ratio"), stale / 3.0, "{event}");
        assert_eq!(value(&record, "hit_ratio"), hits / 3.0, "{event}");
    }
}
