//! What writes do to caches, read by read: recorded requests whose answers can be told on paper.
//!
//! A read of the database takes 20 ms and a write 30 ms. The tier is 4 ms away and serves a command in 1 ms.

use crate::even::{NO_CACHE, exactly, exactly_after, recorded};
use crate::tiny::{Settings, value};

const MISSES: &str = "requests.miss.ratio";
const STALE: &str = "stale.ratio";
const WRITE: &str = "latency.write.mean_ms";
const WRITE_30: (&str, &str) = ("database.write", "30ms");
const ALL: (&str, &str) = ("writes.rollback", "1.0");

/// With a tier that takes its time.
fn far<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[WRITE_30, ("tier.l2.network", "4ms"), ("tier.l2.service", "1ms")], settings].concat()
}

#[test]
fn a_strategy_says_what_becomes_of_the_copy() {
    let strategy = |name| far(&[("writes.strategy", name)]);
    exactly_after(
        "0 read a, 100 write a, 200 read a",
        &[
            // 30 ms, and 9 for the DELETE; the next read misses.
            (&far(&[]), WRITE, 39.0),
            (&far(&[]), MISSES, 2.0 / 3.0),
            (&far(&[]), STALE, 0.0),
            (&strategy("write-around"), WRITE, 30.0),
            (&strategy("write-around"), MISSES, 1.0 / 3.0),
            (&strategy("write-around"), STALE, 0.5),
            (&strategy("update"), WRITE, 30.0),
            (&strategy("update"), MISSES, 1.0 / 3.0),
            (&strategy("update"), STALE, 0.0),
            (&strategy("write-through"), WRITE, 39.0),
            (&strategy("write-through"), MISSES, 1.0 / 3.0),
            (&far(&[]), "db.writes_per_request", 1.0 / 3.0),
            (&[NO_CACHE, WRITE_30], WRITE, 30.0),
            (&[NO_CACHE], WRITE, 20.0),
        ],
    );
}

/// Writes of one row come one after the other, and those of others do not wait.
#[test]
fn a_write_waits_for_the_lock_of_its_row() {
    let lock = ("database.row_lock", "true");
    let timeout = ("database.timeout", "35ms");
    exactly_after(
        "0 write a, 10 write a, 12 write b, 20 read a, 25 write a",
        &[
            (&[NO_CACHE, WRITE_30], WRITE, 30.0),
            // To 30, 60, 42 and 90 ms; the read ends at 40.
            (&[NO_CACHE, WRITE_30, lock], WRITE, (30.0 + 50.0 + 30.0 + 65.0) / 4.0),
            (&[NO_CACHE, WRITE_30, lock], "latency.miss.mean_ms", 20.0),
            // Who waits for the lock has a server. With two of them: to 30 and 60 ms, the third from 30 to 60, the read from 60 to 80, and
            // the last write from 60 to 90.
            (
                &[NO_CACHE, WRITE_30, lock, ("database.servers", "2")],
                WRITE,
                (30.0 + 50.0 + 48.0 + 65.0) / 4.0,
            ),
            (&[NO_CACHE, WRITE_30, lock, ("database.servers", "2")], "latency.miss.mean_ms", 60.0),
            // Two writes give up at 45 and 60 ms, and are done nevertheless.
            (&[NO_CACHE, WRITE_30, lock, timeout], "error.ratio", 0.4),
            (&[NO_CACHE, WRITE_30, lock, timeout], "db.writes_per_request", 0.8),
        ],
    );
    // The second is committed at 60 ms in place of 35, so the copy of 65 ms is that of the first.
    exactly_after(
        "0 write a, 5 write a, 45 read a, 70 read a",
        &[
            (&[WRITE_30, ("writes.strategy", "write-around")], STALE, 0.0),
            (&[WRITE_30, ("writes.strategy", "write-around"), lock], STALE, 0.5),
        ],
    );
}

/// The mean of several waits does not tell their order; the longest does.
#[test]
fn locks_are_given_first_come_first_served() {
    let lock = ("database.row_lock", "true");
    exactly_after(
        "0 write a, 10 write a, 25 write a",
        // To 30, 60 and 90 ms. If the last came before the second, that would wait for 80.
        &[(&[NO_CACHE, WRITE_30, lock], "latency.write.max_ms", 65.0)],
    );
}

/// Two connections: the second write waits for its lock with one of them until 30 ms and is done at 60.
#[test]
fn a_write_that_waits_for_a_lock_keeps_its_connection() {
    let all = [NO_CACHE, WRITE_30, ("database.row_lock", "true"), ("database.pool", "2")];
    let with = |more: &[(&'static str, &'static str)]| [&all, more].concat();
    let timeout = ("database.timeout", "35ms");
    let close = ("database.close_on_timeout", "true");
    exactly_after(
        "0 write a, 10 write a, 12 write b, 20 read a, 25 write a",
        &[
            // The third has one from 30 ms on; those of the others come after the measured part, which ends at 31.25.
            (&with(&[]), "db.pool.wait.mean_ms", 18.0 / 3.0),
            (&with(&[]), WRITE, (30.0 + 50.0 + 48.0 + 65.0) / 4.0),
            (&with(&[]), "latency.miss.mean_ms", 60.0),
            // It gives up at 45 ms, and the read has its place.
            (&with(&[timeout]), "latency.miss.mean_ms", 60.0),
            (&with(&[timeout, close]), "latency.miss.mean_ms", 45.0),
        ],
    );
    exactly_after(
        "0 write a, 10 write a, 58 write a",
        // Its lock stays until 60 ms, also without its connection.
        &[
            (&with(&[timeout]), WRITE, (30.0 + 32.0) / 2.0),
            (&with(&[timeout, close]), WRITE, (30.0 + 32.0) / 2.0),
        ],
    );
}

/// The writes of 0 and 5 ms fail at 10; that of 25 ms does not wait for them.
#[test]
fn an_outage_takes_the_locks_along() {
    let settings = [NO_CACHE, WRITE_30, ("database.row_lock", "true")];
    let down = "10ms { down = { target = \"database\", for = \"10ms\" } }";
    let record = recorded("0 write a, 5 write a, 25 write a", &settings, down);
    assert_eq!((value(&record, WRITE), value(&record, "error.ratio")), (30.0, 2.0 / 3.0));
}

#[test]
fn a_writer_changes_the_copy_in_its_own_process() {
    let own = |strategy| [WRITE_30, NO_CACHE, ("tier.l1.enabled", "true"), ("writes.strategy", strategy)];
    exactly_after(
        "0 read a, 100 write a, 200 read a",
        &[
            (&own("invalidate"), MISSES, 2.0 / 3.0),
            (&own("update"), MISSES, 1.0 / 3.0),
            (&own("update"), STALE, 0.0),
            (&own("write-around"), STALE, 0.5),
        ],
    );
}

/// The reader of 0 ms holds the lease and has the old value at 100 ms; the copy is changed at 40 ms.
#[test]
fn a_change_of_the_copy_voids_the_lease() {
    let lease = |strategy| {
        [
            WRITE_30,
            ("database.read", "100ms"),
            ("coalescing", "{ lease = { tier = \"l2\" } }"),
            ("writes.strategy", strategy),
        ]
    };
    exactly_after(
        "0 read a, 10 write a, 200 read a",
        &[
            (&lease("invalidate"), STALE, 0.0),
            (&lease("invalidate"), MISSES, 2.0 / 3.0),
            (&lease("update"), STALE, 0.0),
            (&lease("update"), MISSES, 1.0 / 3.0),
            // Nobody changes it, and the old value gets in.
            (&lease("write-around"), STALE, 0.5),
        ],
    );
}

/// The DELETE is served at 104 ms. The read of 115 ms misses at 124 ms and sees what is committed then: the old value, which it
/// puts back at 144 ms, after the commit of 139 ms.
#[test]
fn a_delete_before_the_commit_lets_a_reader_put_the_old_value_back() {
    let before = ("writes.order", "before-commit");
    exactly_after(
        "0 read a, 100 write a, 115 read a, 200 read a",
        &[
            (&far(&[before]), WRITE, 39.0),
            (&far(&[before]), STALE, 1.0 / 3.0),
            (&far(&[before]), MISSES, 0.5),
            // The copy is served at 119 ms, before the commit of 130 ms, and deleted after it.
            (&far(&[]), STALE, 0.0),
            (&far(&[]), MISSES, 0.5),
            (&far(&[before, ("writes.strategy", "update")]), WRITE, 30.0),
            (&far(&[before, ("writes.strategy", "write-through")]), WRITE, 39.0),
        ],
    );
}

#[test]
fn what_is_rolled_back_leaves_the_copies_alone() {
    exactly_after(
        "0 read a, 100 write a, 200 read a",
        &[
            (&far(&[ALL]), "writes.rolled_back.ratio", 1.0),
            (&far(&[ALL]), WRITE, 30.0),
            (&far(&[ALL]), MISSES, 1.0 / 3.0),
            (&far(&[ALL]), STALE, 0.0),
            // Sent before, it stays.
            (&far(&[ALL, ("writes.order", "before-commit")]), MISSES, 2.0 / 3.0),
            (
                &far(&[ALL, ("writes.order", "before-commit"), ("writes.strategy", "update")]),
                "writes.phantom_reads",
                1.0,
            ),
        ],
    );
}

/// Two instances take turns: both have a copy, the first one writes and tells the other at 135 ms, 5 ms after its commit.
#[test]
fn other_instances_hear_of_a_commit_after_the_delay() {
    let told: Settings<'_> = &[
        WRITE_30,
        NO_CACHE,
        ("tier.l1.enabled", "true"),
        ("clients.instances", "2"),
        ("clients.route", "round-robin"),
        ("invalidation.broadcast", "{ delay = \"5ms\" }"),
    ];
    let rolled_back = [told, &[ALL]].concat();
    for (last_ms, stale, rows) in [(134, 1.0 / 3.0, 2.0), (136, 0.0, 3.0)] {
        let requests = format!("0 read a, 50 read a, 100 write a, {last_ms} read a");
        exactly_after(
            &requests,
            &[
                (told, STALE, stale),
                (told, MISSES, rows / 4.0),
                // Of a rollback there is nothing to tell.
                (&rolled_back, STALE, 0.0),
                (&rolled_back, MISSES, 0.5),
            ],
        );
    }
}

/// The message of 130 ms is to be heard at 135. An instance whose connection breaks before that keeps its copy, until it is connected again
/// and empties its tiers.
#[test]
fn an_instance_that_has_lost_its_connection_hears_nothing() {
    let with = |broadcast: &'static str| {
        vec![
            WRITE_30,
            NO_CACHE,
            ("tier.l1.enabled", "true"),
            ("clients.instances", "2"),
            ("clients.route", "round-robin"),
            ("invalidation.broadcast", broadcast),
        ]
    };
    exactly_after(
        "0 read a, 50 read a, 100 write a, 136 read a, 137 read b, 160 read a",
        &[
            (&with("{ delay = \"5ms\" }"), STALE, 0.0),
            (&with("{ delay = \"5ms\", cuts = { every = \"120ms\", for = \"30ms\" } }"), STALE, 1.0 / 5.0),
            (
                &with("{ delay = \"5ms\", cuts = { every = \"120ms\", for = \"30ms\", flush = false } }"),
                STALE,
                2.0 / 5.0,
            ),
            // It was on its way.
            (&with("{ delay = \"5ms\", cuts = { every = \"132ms\", for = \"30ms\" } }"), STALE, 2.0 / 5.0),
            (&with("{ delay = \"5ms\", cuts = { every = \"136ms\", for = \"30ms\" } }"), STALE, 0.0),
        ],
    );
}

/// Two instances take turns, and a message takes 5 ms.
fn tracked<'a>(tracking: &'a str, settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let two = [
        WRITE_30,
        ("tier.l1.enabled", "true"),
        ("clients.instances", "2"),
        ("clients.route", "round-robin"),
        ("invalidation.tracking", tracking),
    ];
    [&two, settings].concat()
}

const MESSAGES: &str = "invalidation.messages.rate";
const NEAR: &str = "tier.l1.hit_ratio";

/// The SET of 20 ms is told to its own sender, who has read the key before. The DELETE of 90 ms is told to both, and so is the SET of
/// 116 ms: both have missed the key by then. The recording covers 120 ms.
#[test]
fn a_server_tells_those_who_have_read_a_key() {
    let (both, others) = ("{ delay = \"5ms\" }", "{ delay = \"5ms\", noloop = true }");
    let cut = "{ delay = \"5ms\", cuts = { every = \"85ms\", for = \"30ms\" } }";
    exactly_after(
        "0 read a, 30 read a, 40 read a, 50 read a, 60 write a, 94 read a, 96 read a, 105 read a",
        &[
            (&tracked(both, &[]), STALE, 1.0 / 7.0),
            (&tracked(both, &[]), MISSES, 3.0 / 8.0),
            (&tracked(both, &[]), NEAR, 2.0 / 7.0),
            (&tracked(both, &[]), MESSAGES, 5.0 / 0.12),
            (&tracked(others, &[]), STALE, 1.0 / 7.0),
            (&tracked(others, &[]), NEAR, 3.0 / 7.0),
            (&tracked(others, &[]), MESSAGES, 2.0 / 0.12),
            (&tracked("none", &[]), STALE, 2.0 / 7.0),
            // What is sent at 90 ms finds no connection.
            (&tracked(cut, &[]), STALE, 2.0 / 7.0),
        ],
    );
    // With NOLOOP nobody remembers who has stored the key: its copy outlives the write of the other.
    exactly_after(
        "0 read a, 30 read a, 40 read a, 50 write a, 90 read a",
        &[(&tracked(both, &[]), STALE, 0.0), (&tracked(others, &[]), STALE, 0.25)],
    );
}

/// The entry of 20 ms expires at 120; the read of 200 ms finds that out.
#[test]
fn a_server_tells_readers_of_expired_keys() {
    let with = |tracking| tracked(tracking, &[("tier.l2.ttl", "100ms")]);
    exactly_after(
        "0 read a, 30 read a, 200 read a, 204 read a, 210 read a, 215 read a",
        &[(&with("{ delay = \"5ms\" }"), NEAR, 1.0 / 6.0), (&with("none"), NEAR, 4.0 / 6.0)],
    );
}

/// The first instance dies at 2 ms, with its lookup on the way. The SET of 52 ms is told to both, who have missed the key by then, and that
/// of 72 ms to the second one, which has found it at 64 ms. The recording covers 80 ms.
#[test]
fn whoever_has_died_since_its_lookup_is_told_nothing() {
    let tracking = tracked("{ delay = \"5ms\" }", &[("tier.l2.network", "4ms")]);
    let record = recorded(
        "0 read a, 20 read a, 40 read a, 60 read a",
        &tracking,
        "2ms { crash = { instance = 0, for = \"10ms\" } }",
    );
    assert_eq!(value(&record, "error.crash.ratio"), 0.25);
    assert_eq!(value(&record, MESSAGES), 3.0 / 0.08);
}

/// At 100 ms. A flush is told within 5 ms; a refused connection is noticed at once.
#[test]
fn who_loses_the_server_that_remembers_empties_its_tiers() {
    let tracking = tracked("{ delay = \"5ms\" }", &[]);
    let near = |event| {
        value(
            &recorded(
                "0 read a, 30 read a, 102 read a, 103 read a, 106 read a, 107 read a",
                &tracking,
                event,
            ),
            NEAR,
        )
    };
    assert_eq!(near(""), 0.5);
    assert_eq!(near("100ms { flush = { tier = \"l2\" } }"), 1.0 / 6.0);
    assert_eq!(near("100ms { down = { target = \"l2\", for = \"20ms\" } }"), 0.0);
    assert_eq!(near("100ms { restart = { tier = \"l2\", for = \"20ms\" } }"), 0.0);
}

/// The reader of 0 ms has the old value at 100 ms, the DELETE of the write is executed at 40 ms.
#[test]
fn a_tombstone_keeps_out_what_is_older_for_its_time() {
    let slow: Settings<'_> = &[WRITE_30, ("database.read", "100ms")];
    let with = |settings: Settings<'static>| [slow, &[("writes.versioned", "true")], settings].concat();
    exactly_after(
        "0 read a, 10 write a, 200 read a",
        &[
            (slow, STALE, 0.5),
            (&with(&[("writes.tombstone_ttl", "61ms")]), STALE, 0.0),
            (&with(&[("writes.tombstone_ttl", "61ms")]), MISSES, 2.0 / 3.0),
            // One SET, in the 300 ms that the recording covers.
            (&with(&[("writes.tombstone_ttl", "61ms")]), "tier.l2.refused_sets.rate", 1.0 / 0.3),
            (&with(&[("writes.tombstone_ttl", "59ms")]), STALE, 0.5),
            (&with(&[]), STALE, 0.0),
        ],
    );
    // Ten seconds, where nothing else is said.
    let after = |read| [("writes.versioned", "true"), WRITE_30, ("database.read", read)];
    exactly_after(
        "0 read a, 10 write a, 20000 read a",
        &[(&after("10039ms"), STALE, 0.0), (&after("10041ms"), STALE, 0.5)],
    );
}

/// Ten writes of 130 ms per second, of six keys that are one row: the k-th ends after 130 (k + 1) ms, and begins after 100 k ms.
#[test]
fn the_keys_of_an_entity_have_one_lock() {
    let writes = |settings: &[(&'static str, &'static str)]| {
        let all = [
            NO_CACHE,
            ("workload.write_share", "1.0"),
            ("workload.keys", "6"),
            ("workload.keys_per_entity", "6"),
            ("database.write", "130ms"),
        ];
        [&all, settings].concat()
    };
    exactly(&[
        (&writes(&[]), "", WRITE, 130.0),
        (&writes(&[("database.row_lock", "true")]), "", WRITE, 130.0 + 30.0 * 49.5),
    ]);
}

/// Every request is a write, and each sends a DELETE for every key of its entity.
#[test]
fn a_write_deletes_all_of_its_entity() {
    let writes = |entity| {
        [("workload.write_share", "1.0"), ("workload.keys", "6"), ("workload.keys_per_entity", entity)]
    };
    exactly(&[
        (&writes("1"), "", "tier.l2.round_trips.rate", 10.0),
        (&writes("3"), "", "tier.l2.round_trips.rate", 30.0),
    ]);
}

/// Keys a and b are dirty from 0 and 400 ms on, and the second write of a adds nothing.
#[test]
fn a_worker_brings_to_the_database_what_is_dirty() {
    let back = |options: &str| format!("{{ write-back = {{ {options} }} }}");
    let cost = "flush_cost = { per_batch = \"10ms\", per_key = \"5ms\" }";
    let (two, one) = (
        back(&format!("flush_interval = \"2s\", {cost}")),
        back(&format!("flush_interval = \"2s\", batch = 1, {cost}")),
    );
    let (mean, max) = ("writes.flush_lag.mean_s", "writes.flush_lag.max_s");
    exactly_after(
        "0 write a, 400 write b, 500 write a",
        &[
            // Both at 2 s, in 10 ms and twice 5.
            (&[("writes.strategy", &two)], mean, (2.02 + 1.62) / 2.0),
            (&[("writes.strategy", &two)], max, 2.02),
            (&[("writes.strategy", &two)], "writes.coalesced.ratio", 1.0 / 3.0),
            // In 15 ms each, one after the other.
            (&[("writes.strategy", &one)], mean, (2.015 + 1.63) / 2.0),
            // Every 5 s, in the time of a write, where nothing else is said.
            (&[("writes.strategy", "write-back"), WRITE_30], mean, (5.03 + 4.63) / 2.0),
            (&[("writes.strategy", "write-back"), WRITE_30], WRITE, 0.0),
        ],
    );
    // A batch has a hundred keys, where nothing else is said: the last one comes 10 ms later.
    let hundred: Vec<String> = (0..100).map(|key| format!("0 write {key}")).collect();
    let batch = back("flush_cost = { per_batch = \"10ms\" }");
    exactly_after(&hundred.join(", "), &[(&[("writes.strategy", &batch)], max, 5.01)]);
    exactly_after(&(hundred.join(", ") + ", 0 write x"), &[(&[("writes.strategy", &batch)], max, 5.02)]);
}

/// Key a goes to the database from 100 to 350 ms, and b, dirty from 120 ms on, right after it: the worker should have woken at
/// 200 and at 300 ms.
#[test]
fn a_round_that_takes_too_long_is_followed_by_the_next_at_once() {
    let slow = "{ write-back = { flush_interval = \"100ms\", flush_cost = { per_batch = \"250ms\" } } }";
    let slow: Settings<'_> = &[("writes.strategy", slow)];
    exactly_after(
        "0 write a, 120 write b",
        &[(slow, "writes.flush_lag.mean_s", (0.35 + 0.48) / 2.0), (slow, "writes.flush_lag.max_s", 0.48)],
    );
}

/// Twelve keys on three nodes are three batches, one after the other.
#[test]
fn a_round_takes_what_is_dirty_at_every_node() {
    let writes: Vec<String> = (0..12).map(|key| format!("0 write {key}")).collect();
    let back = "{ write-back = { flush_interval = \"2s\", flush_cost = { per_batch = \"10ms\" } } }";
    let nodes: Settings<'_> = &[("tier.l2.nodes", "3"), ("writes.strategy", back)];
    exactly_after(
        &writes.join(", "),
        &[
            (nodes, "writes.unflushed", 0.0),
            (nodes, "writes.flush_lag.max_s", 2.03),
            (nodes, "writes.unflushed.peak", 12.0),
        ],
    );
}

#[test]
fn what_was_flushed_is_what_the_database_has() {
    let back = |ttl: &'static str| {
        [("writes.strategy", "{ write-back = { flush_interval = \"2s\" } }"), ("tier.l2.ttl", ttl)]
    };
    exactly_after(
        "0 write a, 4000 read a",
        &[
            // Flushed at 2 s, gone at 3 s, and read again.
            (&back("3s"), MISSES, 0.5),
            (&back("3s"), STALE, 0.0),
            (&back("3s"), "writes.lost", 0.0),
            // Gone at 1 s, it never got there.
            (&back("1s"), STALE, 1.0),
            (&back("1s"), "writes.lost", 1.0),
            (&back("1s"), "writes.lost_age.max_s", 1.0),
        ],
    );
    // Asked for at 0.8 s a sliding entry lives until 1.8 s, and is flushed at 1.5 s.
    let sliding = |sliding: &'static str| {
        [
            ("writes.strategy", "{ write-back = { flush_interval = \"1500ms\" } }"),
            ("tier.l2.ttl", "1s"),
            ("tier.l2.sliding", sliding),
        ]
    };
    exactly_after(
        "0 write a, 800 read a",
        &[(&sliding("true"), "writes.lost", 0.0), (&sliding("false"), "writes.lost", 1.0)],
    );
}

#[test]
fn what_is_dirty_goes_with_its_entry() {
    let back: Settings<'_> = &[("writes.strategy", "write-back")];
    let flush = "600ms { flush = { tier = \"l2\" } }";
    let lost = recorded("0 write a, 400 write b, 500 write a", back, flush);
    assert_eq!(value(&lost, "writes.lost"), 3.0);
    assert!((value(&lost, "writes.lost_age.max_s") - 0.6).abs() < 1e-9);
    let kept = recorded(
        "0 write a, 400 write b, 500 write a",
        back,
        "600ms { down = { target = \"l2\", for = \"1s\" } }",
    );
    assert_eq!(value(&kept, "writes.lost"), 0.0);
}

/// The write of 100 ms finds the tier down and goes to the database instead. Its DELETE at 130 ms is refused as well, so the tier still
/// has the old value when it is back, until that expires at 520 ms.
#[test]
fn what_the_tier_did_not_take_is_newer_than_what_it_has() {
    let back: Settings<'_> = &[("writes.strategy", "write-back"), WRITE_30, ("tier.l2.ttl", "500ms")];
    let down = "90ms { down = { target = \"l2\", for = \"150ms\" } }";
    let past = recorded("0 read a, 100 write a, 300 read a, 600 read a", back, down);
    let found = [WRITE, STALE, MISSES].map(|measure| value(&past, measure));
    assert_eq!(found, [30.0, 1.0 / 3.0, 0.5]);
}

/// Commits at 30 and 130 ms come out of the stream at 230 and 330 ms.
#[test]
fn a_change_stream_handles_one_change_after_the_other() {
    let stream =
        |cdc: &'static str| [WRITE_30, ("writes.strategy", "write-around"), ("invalidation.cdc", cdc)];
    let (mean, max, backlog) = ("cdc.lag.mean_s", "cdc.lag.max_s", "cdc.backlog.peak");
    exactly_after(
        "0 write a, 100 write b",
        &[
            (&stream("{ lag = \"200ms\" }"), mean, 0.2),
            (&stream("{ lag = \"200ms\" }"), backlog, 2.0),
            (&stream("{ lag = \"90ms\" }"), backlog, 1.0),
            // 250 ms for each: until 480 and 730 ms.
            (&stream("{ lag = \"200ms\", rate = 4 }"), mean, (0.45 + 0.6) / 2.0),
            (&stream("{ lag = \"200ms\", rate = 4 }"), max, 0.6),
        ],
    );
    let down = "150ms { down = { target = \"l2\", for = \"200ms\" } }";
    let lag = |cdc| value(&recorded("0 write a, 200 write b", &stream(cdc), down), max);
    // The DELETE of 230 ms is refused, and so is that of 300 ms; that of 370 ms is executed.
    assert!((lag("{ lag = \"200ms\", retry = \"70ms\" }") - 0.34).abs() < 1e-9);
    // A second later, where nothing else is said.
    assert!((lag("{ lag = \"200ms\" }") - 1.2).abs() < 1e-9);
    // What comes out meanwhile waits for the end of the stall, at 450 ms.
    let stall = "150ms { stall = { for = \"300ms\" } }";
    let late = recorded("0 write a, 200 write b", &stream("{ lag = \"200ms\" }"), stall);
    assert!((value(&late, max) - 0.42).abs() < 1e-9);
}

/// The commit of 20 ms is visible at 170 ms.
#[test]
fn a_replica_sees_a_commit_after_its_lag() {
    let requests = "0 write a, 50 read a, 100 read a, 160 read a, 180 read a";
    let replicas = ("database.replicas", "{ count = 2, lag = \"150ms\" }");
    let by_tier = ("measure.stale_by_tier", "true");
    exactly_after(
        requests,
        &[
            (&[NO_CACHE, replicas, by_tier], "db.stale.ratio", 0.75),
            (&[NO_CACHE, replicas], STALE, 0.75),
            (&[NO_CACHE], STALE, 0.0),
        ],
    );
    // Of the commits of 20 and 120 ms the first is visible at 170 ms, when it is out of date, and the second at 270 ms.
    let twice =
        recorded("0 write a, 100 write a, 160 read a, 180 read a, 280 read a", &[NO_CACHE, replicas], "");
    assert_eq!(value(&twice, STALE), 2.0 / 3.0);
    // What is read at 160 ms is stale since 20 ms, and what is read at 180 ms since 120 ms.
    assert!((value(&twice, "stale.age.p50_s") - 0.06).abs() < 0.0005);
    assert!((value(&twice, "stale.age.p99_s") - 0.14).abs() < 0.001);
    let one = ("database.servers", "1");
    exactly_after(
        "0 read a, 5 read b, 500 write a",
        &[
            // The second read waits 15 ms, unless there is another server.
            (&[NO_CACHE, one, ("database.replicas", "{ count = 1, lag = \"1s\" }")], "db.queue.mean_ms", 5.0),
            (
                &[NO_CACHE, one, ("database.replicas", "{ count = 1, lag = \"1s\", servers = 2 }")],
                "db.queue.mean_ms",
                0.0,
            ),
        ],
    );
}

/// The read of 100 ms is in service when the database goes down, and its server is free when that is back.
#[test]
fn what_a_replica_had_in_service_is_lost_with_it() {
    let replica: Settings<'_> = &[
        NO_CACHE,
        ("database.read", "60ms"),
        ("database.servers", "1"),
        ("database.replicas", "{ count = 1, lag = \"1ms\" }"),
    ];
    let down = "130ms { down = { target = \"database\", for = \"100ms\" } }";
    let record = recorded("0 write a, 100 read a, 500 read a", replica, down);
    assert_eq!(value(&record, "error.db_down.ratio"), 1.0 / 3.0);
    assert_eq!(value(&record, "latency.miss.max_ms").round(), 60.0);
}

/// The write of 100 ms deletes its key at 120 ms. The first reader after it has the old value and starts a refresh, or has the
/// lease and fetches for 20 ms; those who come meanwhile have the old value.
#[test]
fn a_delete_that_marks_leaves_the_old_value_for_those_who_do_not_fetch() {
    const STALE_HIT: &str = "requests.stale_hit.ratio";
    let mark = ("writes.mark_stale", "true");
    let revalidate = ("tier.l2.refresh", "{ stale-while-revalidate = { grace = \"300ms\" } }");
    let lease = ("coalescing", "{ lease = { tier = \"l2\", serve_stale = \"300ms\" } }");
    let lasting = ("tier.l2.ttl", "1h");
    exactly_after(
        "0 read a, 100 write a, 400 read a, 410 read a, 415 read a, 500 read a",
        &[
            (&[lasting, revalidate], STALE_HIT, 0.0),
            (&[lasting, revalidate, mark], STALE_HIT, 3.0 / 6.0),
            (&[lasting, revalidate, mark], STALE, 3.0 / 5.0),
            (&[lasting, revalidate, mark], "db.fetches.rate", 2.0 / 0.6),
            (&[lasting, lease, mark], STALE_HIT, 2.0 / 6.0),
            (&[lasting, lease, mark], "requests.miss.ratio", 2.0 / 6.0),
        ],
    );
    // The grace runs from the DELETE: 430 ms are past it.
    exactly_after(
        "0 read a, 100 write a, 430 read a",
        &[
            (&[lasting, revalidate, mark], STALE_HIT, 0.0),
            (&[lasting, revalidate, mark], "requests.miss.ratio", 2.0 / 3.0),
        ],
    );
    // What has expired already does not live longer by it.
    exactly_after(
        "0 read a, 200 write a, 400 read a",
        &[(&[("tier.l2.ttl", "50ms"), revalidate, mark], STALE_HIT, 0.0)],
    );
}
