//! Latency by part, step by step, where all of it can be told on paper.
//!
//! A read of the database takes 20 ms and a write 30 ms, and where the tier is far it is 2 ms away and serves a command in 3 ms.

use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::Experiment;
use herdlab::record::breakdown::{BreakdownRecord, SlowRequestRecord};

use crate::even::{NO_CACHE, even_experiment, with_recording};
use crate::tiny::Settings;

const FAR: [(&str, &str); 2] = [("tier.l2.network", "2ms"), ("tier.l2.service", "3ms")];
const DB_FAR: (&str, &str) = ("database.network", "7ms");
const L1: (&str, &str) = ("tier.l1.enabled", "true");

fn explained(experiment: &Experiment) -> BreakdownRecord {
    let options = RunOptions { threads: 1, why: true, ..RunOptions::default() };
    let mut record = run(experiment, &options).unwrap().record;
    record.variants.remove(0).breakdown.expect("it was asked for")
}

/// `0-2 tier.network, 2-5 tier.service`: from and to in milliseconds since the arrival.
fn steps(slow: &SlowRequestRecord) -> String {
    let step = |from_ns: u64, to_ns: u64, part: &str| {
        format!("{}-{} {part}", from_ns as f64 / 1e6, to_ns as f64 / 1e6)
    };
    let steps: Vec<String> =
        slow.steps.iter().map(|found| step(found.from_ns, found.to_ns, &found.part)).collect();
    steps.join(", ")
}

/// The ways of recorded requests, in the order of their arrival; of two at one instant the quicker first.
#[track_caller]
fn ways(requests: &str, settings: Settings<'_>, expected: &[&str]) {
    let mut slowest = with_recording(requests, settings, "", |experiment| explained(experiment).slowest);
    slowest.sort_by_key(|slow| (slow.start_ns, slow.latency_ns));
    let found: Vec<String> = slowest.iter().map(steps).collect();
    assert_eq!(found, expected, "{requests} {settings:?}");
}

/// The way of the slowest of a hundred even requests, and how it ended.
#[track_caller]
fn slowest(settings: Settings<'_>, event: &str, expected: &str, outcome: &str) {
    let breakdown = explained(&even_experiment(settings, event));
    let slow = &breakdown.slowest[0];
    let ended = slow.cause.as_ref().map_or(slow.outcome.clone(), |cause| format!("{} {cause}", slow.outcome));
    assert_eq!((steps(slow).as_str(), ended.as_str()), (expected, outcome), "{settings:?} {event}");
}

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

#[test]
fn a_miss_and_a_hit() {
    ways(
        "0 read a, 100 read a",
        &with(&FAR, &[DB_FAR]),
        &[
            "0-2 tier.network, 2-5 tier.service, 5-7 tier.network, 7-14 db.network, 14-34 db.service, \
             34-41 db.network",
            "0-2 tier.network, 2-5 tier.service, 5-7 tier.network",
        ],
    );
}

#[test]
fn a_hit_in_the_process_takes_its_access() {
    ways(
        "0 read a, 100 read a",
        &with(&FAR, &[L1, ("tier.l1.access", "1ms")]),
        &[
            "0-1 tier.in_process, 1-3 tier.network, 3-6 tier.service, 6-8 tier.network, 8-28 db.service",
            "0-1 tier.in_process",
        ],
    );
}

#[test]
fn who_comes_second_queues_at_the_tier_or_waits_for_a_connection_to_it() {
    let first = "0-2 tier.network, 2-5 tier.service, 5-7 tier.network, 7-27 db.service";
    ways(
        "0 read a, 1 read b",
        &FAR,
        &[first, "0-2 tier.network, 2-4 tier.queue, 4-7 tier.service, 7-9 tier.network, 9-29 db.service"],
    );
    let second = "0-6 tier.pool, 6-8 tier.network, 8-11 tier.service, 11-13 tier.network, 13-33 db.service";
    ways("0 read a, 1 read b", &with(&FAR, &[("tier.l2.pool", "1")]), &[first, second]);
    // The same where a lookup is a command of its own.
    let torn = with(&FAR, &[("tier.l2.pool", "1"), ("tier.l2.timeout", "9s")]);
    ways("0 read a, 1 read b", &torn, &[first, second]);
}

#[test]
fn who_comes_second_queues_at_the_database_or_waits_for_a_connection_to_it() {
    ways(
        "0 read a, 3 read b",
        &[NO_CACHE, DB_FAR, ("database.servers", "1")],
        &[
            "0-7 db.network, 7-27 db.service, 27-34 db.network",
            "0-7 db.network, 7-24 db.queue, 24-44 db.service, 44-51 db.network",
        ],
    );
    ways(
        "0 read a, 3 read b",
        &[NO_CACHE, DB_FAR, ("database.pool", "1")],
        &[
            "0-7 db.network, 7-27 db.service, 27-34 db.network",
            "0-31 db.pool, 31-38 db.network, 38-58 db.service, 58-65 db.network",
        ],
    );
}

#[test]
fn who_joins_a_fetch_waits_for_its_leader() {
    ways(
        "0 read a, 6 read a",
        &[NO_CACHE, ("coalescing", "\"singleflight\"")],
        &["0-20 db.service", "0-14 leader"],
    );
    // Looks of losers that find nothing are part of their wait; the last look is not: it finds the value at 28 ms.
    let lease = "{ lease = { tier = \"l2\", poll = \"11ms\" } }";
    ways(
        "0 read a, 1 read a",
        &with(&FAR, &[("coalescing", lease)]),
        &[
            "0-2 tier.network, 2-5 tier.service, 5-7 tier.network, 7-27 db.service",
            "0-2 tier.network, 2-4 tier.queue, 4-7 tier.service, 7-9 tier.network, 9-38 leader, \
             38-40 tier.network, 40-43 tier.service, 43-45 tier.network",
        ],
    );
}

#[test]
fn a_write_goes_to_the_database_and_then_deletes() {
    let write = with(&FAR, &[("database.write", "30ms"), ("writes.strategy", "invalidate")]);
    ways(
        "0 write a",
        &write,
        &["0-30 db.service, 30-32 tier.network, 32-35 tier.service, 35-37 tier.network"],
    );
    ways("0 write a", &with(&write, &[("writes.strategy", "write-around")]), &["0-30 db.service"]);
    // A DELETE that is not answered in 4 ms is lost, but not the write.
    let short = with(&write, &[("tier.l2.timeout", "4ms")]);
    ways("0 write a", &short, &["0-30 db.service, 30-34 tier.failed"]);
}

#[test]
fn of_several_keys_the_last_one_counts() {
    let three = [("workload.keys", "3"), ("workload.keys_per_request", "3"), ("database.servers", "1")];
    slowest(&with(&[NO_CACHE], &three), "", "0-40 db.queue, 40-60 db.service", "miss");
}

#[test]
fn a_deadline_cuts_off_what_is_under_way() {
    let deadline = [NO_CACHE, DB_FAR, ("clients.deadline", "12ms")];
    slowest(&deadline, "", "0-7 db.network, 7-12 db.service", "error deadline");
    // The way of a lookup is known ahead, and cut off as well.
    let deadline = with(&FAR, &[("clients.deadline", "4ms")]);
    slowest(&deadline, "", "0-2 tier.network, 2-4 tier.service", "error deadline");
}

#[test]
fn what_fails_is_lost_and_the_wait_before_the_next_attempt_is_backoff() {
    let slow = "3950ms { slow = { target = \"database\", for = \"60ms\", factor = 3 } }";
    let retries = [
        NO_CACHE,
        ("database.timeout", "33ms"),
        ("database.retries", "{ attempts = 2, backoff = \"17ms\" }"),
    ];
    slowest(&retries, slow, "0-33 db.failed, 33-50 db.backoff, 50-70 db.service", "miss");
    let none = [NO_CACHE, ("database.timeout", "33ms")];
    slowest(&none, slow, "0-33 db.failed", "error db_timeout");
}

#[test]
fn a_hedge_that_is_answered_first_leaves_the_time_before_it_lost() {
    let slow = "3950ms { slow = { target = \"database\", for = \"60ms\", factor = 3 } }";
    let hedged = [NO_CACHE, ("database.hedge", "{ after = \"13ms\" }")];
    slowest(&hedged, slow, "0-13 db.failed, 13-33 db.service", "miss");
}

#[test]
fn a_tier_that_does_not_answer_costs_its_timeout() {
    let down = "3950ms { down = { target = \"l2\", for = \"700ms\", fail = \"timeout\" } }";
    let far = with(&FAR, &[("tier.l2.timeout", "35ms")]);
    slowest(&far, down, "0-35 tier.failed, 35-55 db.service", "miss");
}

#[test]
fn quantiles_are_those_of_their_neighbourhood() {
    // One of a hundred requests misses.
    let breakdown = explained(&even_experiment(&FAR, ""));
    let outcomes: Vec<&str> = breakdown.outcomes.iter().map(|outcome| outcome.outcome.as_str()).collect();
    assert_eq!(outcomes, ["all", "hit", "miss"]);
    let all = &breakdown.outcomes[0].at;
    let figures: Vec<(&str, u64, f64, f64)> = all
        .iter()
        .map(|split| (split.at.as_str(), split.requests, split.latency_ms(), split.part_ms("db.service")))
        .collect();
    assert_eq!(figures, [("p50", 99, 7.0, 0.0), ("p99", 99, 7.0, 0.0), ("mean", 100, 7.2, 0.2)]);
    let miss = &breakdown.outcomes[2].at[0];
    assert_eq!((miss.requests, miss.latency_ns), (1, 27_000_000));
    let parts: Vec<(&str, u64)> = miss.parts_ns.iter().map(|(part, sum)| (part.as_str(), *sum)).collect();
    assert_eq!(parts, [("tier.network", 4_000_000), ("tier.service", 3_000_000), ("db.service", 20_000_000)]);
}
