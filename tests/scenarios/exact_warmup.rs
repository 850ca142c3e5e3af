//! What happens in the warm-up is not measured: of a run of 10 s with a warm-up of 2.55 s, 74 requests and 7.45 s are left.

use crate::even::{NO_CACHE, even, exactly, exactly_with};
use crate::tiny::Settings;

const WARMUP: (&str, &str) = ("warmup", "2550ms");
const SPAN_S: f64 = 7.45;
/// A request and what it takes, 74 times in that span.
const RATE: f64 = 74.0 / SPAN_S;

fn with<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[WARMUP], settings].concat()
}

#[test]
fn the_database_is_measured_after_the_warm_up() {
    let down = "0s { down = { target = \"database\", for = \"20s\" } }";
    let retries = ("database.retries", "{ attempts = 4, backoff = \"10ms\", factor = 3.0 }");
    let budget = ("database.retries", "{ attempts = 2, budget = { ratio = 0.2, burst = 1 } }");
    let three: Settings<'_> =
        &[NO_CACHE, ("workload.keys", "3"), ("workload.keys_per_request", "3"), ("database.pool", "2")];
    exactly(&[
        (&with(&[NO_CACHE]), "", "requests.all", 74.0),
        (&with(&[NO_CACHE]), "", "requests.rate", RATE),
        (&with(&[NO_CACHE]), "", "db.qps.mean", RATE),
        (&with(&[NO_CACHE]), "", "db.fetches.rate", RATE),
        (&with(&[NO_CACHE]), "", "db.concurrency.mean", 0.02 * RATE),
        (&with(&[NO_CACHE, ("database.servers", "5")]), "", "db.utilization", 0.004 * RATE),
        // Three of each request: the last one of 9.9 s comes after the end, and that of 2.5 s after the warm-up.
        (&with(&[NO_CACHE, retries]), down, "db.retries.rate", 3.0 * RATE),
        // Every fifth call has earned one: those of 0 s, 0.5 s and so on, 14 of them from 2.6 s on.
        (&with(&[NO_CACHE, budget]), down, "db.retries.rate", 14.0 / SPAN_S),
        (&with(&[NO_CACHE, budget]), down, "db.retries.refused.rate", 60.0 / SPAN_S),
        (&with(&[NO_CACHE, ("database.hedge", "{ after = \"7ms\" }")]), "", "db.hedges.rate", RATE),
        (&with(&[NO_CACHE, ("database.hedge", "{ after = \"7ms\" }")]), "", "db.hedges.ratio", 1.0),
        (&with(three), "", "db.pool.saturation", 0.03 * RATE),
        (&with(three), "", "db.pool.waited.ratio", 1.0 / 3.0),
    ]);
}

#[test]
fn a_tier_is_measured_after_the_warm_up() {
    let ahead = ("tier.l2.refresh", "{ ahead = { fraction = 0.8 } }");
    let serialize = ("tier.l2.serialize", "{ per_byte = \"2us\" }");
    let late: Settings<'_> = &[
        ("tier.l2.network", "15ms"),
        ("tier.l2.timeout", "25ms"),
        (
            "tier.l2.breaker",
            "{ failures = 0.9, window = \"2s\", minimum = 5, open = \"1350ms\", probes = 3 }",
        ),
    ];
    exactly(&[
        (&with(&[]), "", "hit_ratio", 1.0),
        (&with(&[]), "", "tier.l2.round_trips.rate", RATE),
        (&with(&[]), "", "tier.l2.requests.rate", RATE),
        // At 2.8 s, 3.2 s and so on to 9.6 s.
        (&with(&[("tier.l2.ttl", "350ms")]), "", "expirations.rate", 18.0 / SPAN_S),
        (&with(&[("tier.l2.ttl", "350ms")]), "", "tier.l2.expirations.rate", 18.0 / SPAN_S),
        // At 2.7 s, 3.6 s and so on to 9.9 s.
        (&with(&[("tier.l2.ttl", "1s"), ahead]), "", "refreshes.rate", 9.0 / SPAN_S),
        (
            &with(&[("tier.l2.service", "4ms"), ("tier.l2.per_byte", "3us")]),
            "",
            "tier.l2.utilization",
            0.007 * RATE,
        ),
        (&with(&[("measure.wire", "true")]), "", "tier.l2.wire.bytes_per_s", 1_040.0 * RATE),
        (&with(&[serialize]), "", "tier.l2.client.cores", 0.002 * RATE),
        (&with(&[("tier.l2.bandwidth", "1MB/s")]), "", "tier.l2.link.utilization", 0.001 * RATE),
        (
            &with(&[("tier.l2.network", "5ms"), ("tier.l2.pool", "3")]),
            "",
            "tier.l2.pool.saturation",
            0.01 / 3.0 * RATE,
        ),
        // It opens at 0.425 s and every 1.6 s after that: six times, four of them from 2.55 s on.
        (late, "", "tier.l2.breaker.trips", 6.0),
        (&with(late), "", "tier.l2.breaker.trips", 4.0),
        (late, "", "tier.l2.breaker.open.ratio", (10.0 - 0.425) / 10.0),
        (&with(late), "", "tier.l2.breaker.open.ratio", 1.0),
    ]);
}

#[test]
fn an_event_has_its_instants_and_a_class_its_errors() {
    let record = even(&[NO_CACHE, WARMUP], "4050ms { down = { target = \"database\", for = \"2s\" } }");
    let event = &record.variants[0].events[0];
    assert_eq!((event.at_s, event.end_s), (4.05, 6.05));
    assert_eq!(record.scenario.duration_s, 10.0);
    let class = |name: &str| format!("[[class]]\nname = \"{name}\"\nshare = 0.5\nkeys = 1\n");
    let down = "0s { down = { target = \"database\", for = \"20s\" } }";
    exactly_with(
        &(class("some") + &class("others")),
        &[
            (&[NO_CACHE], down, "class.some.error.ratio", 1.0),
            (&[NO_CACHE], "", "class.some.error.ratio", 0.0),
            (&[NO_CACHE], "", "class.others.latency.mean_ms", 20.0),
            (&[NO_CACHE], "", "class.others.hit_ratio", 0.0),
        ],
    );
}
