//! The rate limiter: how far it overshoots, by hand and for any system.

use proptest::prelude::*;
use proptest::sample::select;

use crate::support::simulate;
use crate::tiny::{tiny, tiny_record, value};

/// One caller who asks every millisecond, ten of whose requests a second may pass.
const ONE_CALLER: &[(&str, &str)] = &[
    ("workload.arrivals", "{ constant = { rate = 1000 } }"),
    ("tier.l2.service", "0s"),
    ("limiter.tier", "l2"),
    ("limiter.limit", "10"),
    ("limiter.per", "1s"),
    ("limiter.callers", "1"),
];
const NAIVE: (&str, &str) = ("limiter.mode", "naive");
const ATOMIC: (&str, &str) = ("limiter.mode", "atomic");
const FAR: (&str, &str) = ("tier.l2.network", "1ms");
const NEAR: (&str, &str) = ("tier.l2.network", "0s");

#[track_caller]
fn one_caller(settings: &[(&str, &str)], measure: &str) -> f64 {
    let all: Vec<_> = ONE_CALLER.iter().chain(settings).copied().collect();
    value(&tiny_record(&all, &[]), measure)
}

/// The count of a request lands two milliseconds after its GET was served. So the second SETEX forgets the first, and
/// when the tenth count lands, one more has passed its GET: twelve pass.
#[test]
fn the_naive_limiter_overshoots_by_what_arrives_in_a_round_trip() {
    assert_eq!(one_caller(&[NAIVE, FAR], "limiter.overshoot.mean"), 2.0);
    assert_eq!(one_caller(&[NAIVE, FAR], "limiter.overshoot.max"), 2.0);
    assert_eq!(one_caller(&[NAIVE, FAR], "limiter.overshoot.ratio"), 1.0);
    // The last SETEX of a window is served 4 ms after its first request, so the next one comes 1,004 ms after it: ten
    // windows in ten seconds.
    assert_eq!(one_caller(&[NAIVE, FAR], "error.limiter.ratio"), 1.0 - 10.0 * 12.0 / 10_000.0);
}

#[test]
fn without_a_delay_between_look_and_count_nothing_is_overshot() {
    for mode in [NAIVE, ATOMIC] {
        assert_eq!(one_caller(&[mode, NEAR], "limiter.overshoot.max"), 0.0);
        assert_eq!(one_caller(&[mode, NEAR], "error.limiter.ratio"), 0.99);
    }
}

#[test]
fn the_atomic_limiter_is_exact_and_takes_one_round_trip() {
    assert_eq!(one_caller(&[ATOMIC, FAR], "limiter.overshoot.max"), 0.0);
    assert_eq!(one_caller(&[ATOMIC, FAR], "limiter.overshoot.ratio"), 0.0);
    assert_eq!(one_caller(&[ATOMIC, FAR], "latency.limiter.max_ms"), 2.0);
    // Who is turned away learns it from the GET.
    assert_eq!(one_caller(&[NAIVE, FAR], "latency.limiter.max_ms"), 4.0);
    assert_eq!(one_caller(&[NAIVE, FAR], "latency.limiter.p50_ms").round(), 2.0);
}

/// An INCR that comes after the expiry makes a counter without one: once it is at the limit, nobody passes again.
#[test]
fn a_late_incr_locks_its_caller_out() {
    let slow = [NAIVE, ("workload.arrivals", "{ constant = { rate = 10 } }"), ("tier.l2.network", "60ms")];
    let slow = [&slow[..], &[("limiter.limit", "50")]].concat();
    assert_eq!(one_caller(&slow, "limiter.stuck"), 1.0);
    let longer = [&slow[..], &[("duration", "100s")]].concat();
    assert!(one_caller(&longer, "error.limiter.ratio") > 0.9);
    assert_eq!(one_caller(&[&longer[..], &[ATOMIC]].concat(), "error.limiter.ratio"), 0.0);
}

#[test]
fn a_tier_that_does_not_answer_lets_everybody_pass_or_nobody() {
    let down = ["{ down = { target = \"l2\", for = \"5s\", fail = \"refuse\" } }"];
    let with = |failure| {
        let all = [ONE_CALLER, &[ATOMIC, ("tier.l2.on_failure", failure)]].concat();
        tiny_record(&all, &down)
    };
    assert_eq!(value(&with("error"), "error.tier.ratio"), 0.5);
    assert_eq!(value(&with("next"), "error.tier.ratio"), 0.0);
    let limited = value(&with("next"), "error.limiter.ratio");
    assert!((limited - 0.495).abs() < 0.001, "{limited}");
}

#[test]
fn a_limiter_that_is_switched_off_needs_no_tier() {
    let off = [ONE_CALLER, &[NAIVE, ("limiter.enabled", "false"), ("tier.l2.enabled", "false")]].concat();
    assert!(tiny(&off, &[""; 0]).unwrap().variants[0].model.limiter.is_none());
}

/// What a drawn system is made of.
const CHOICES: &[(&str, &[&str])] = &[
    ("clients.instances", &["1", "3"]),
    ("clients.deadline", &["none", "4ms"]),
    ("workload.write_share", &["0", "0.3"]),
    ("workload.arrivals", &["{ poisson = { rate = 3000 } }", "{ closed = { users = 20, think = \"5ms\" } }"]),
    ("limiter.callers", &["1", "5", "100"]),
    ("limiter.popularity", &["uniform", "{ zipf = { exponent = 1.2 } }"]),
    ("limiter.limit", &["1", "10"]),
    ("limiter.per", &["50ms", "1s"]),
    ("tier.l2.network", &["0s", "1ms", "{ exponential = { mean = \"1ms\" } }"]),
    ("tier.l2.service", &["0s", "200us"]),
    ("tier.l2.pool", &["unlimited", "3"]),
    ("tier.l2.timeout", &["none", "3ms"]),
    ("tier.l2.on_failure", &["next", "error"]),
];
const EVENTS: &[&str] = &[
    "{ flush = { tier = \"l2\" } }",
    "{ restart = { tier = \"l2\", for = \"100ms\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"refuse\" } }",
    "{ pause = { target = \"l2\", for = \"100ms\" } }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_atomic_limiter_never_overshoots(
        settings in crate::tiny::any_of(CHOICES),
        events in prop::collection::vec(select(EVENTS), 0..3),
        mode in select(&["atomic", "naive"][..]),
    ) {
        let base = [ONE_CALLER, &[("limiter.mode", mode), ("duration", "6s")]].concat();
        let experiment = crate::tiny::accepted(&base, &settings, &events)?;
        let over = crate::tiny::defined(&simulate(&experiment, 1), "limiter.overshoot.max");
        prop_assert!(mode == "naive" || over.unwrap_or(0.0) == 0.0, "{:?}", over);
    }
}
