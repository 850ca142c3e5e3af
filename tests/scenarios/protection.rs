//! What breakers, budgets, hedges and limits do, where it can be worked out by hand.

use crate::tiny::{tiny_record, value};

type Settings<'a> = &'a [(&'a str, &'a str)];

/// Evenly spaced requests, straight to the database.
const NO_CACHE: Settings<'_> = &[
    ("duration", "60s"),
    ("clients.instances", "1"),
    ("workload.keys", "1000"),
    ("tier.l2.enabled", "false"),
    ("database.servers", "unlimited"),
];

#[track_caller]
fn about(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} +- {tolerance}");
}

#[test]
fn an_open_breaker_saves_the_callers_their_timeouts() {
    let settings = [
        NO_CACHE,
        &[
            ("workload.arrivals", "{ constant = { rate = 100 } }"),
            ("database.read", "10ms"),
            ("database.timeout", "100ms"),
            (
                "database.breaker",
                "{ failures = 0.5, window = \"1s\", minimum = 10, open = \"1s\", probes = 1 }",
            ),
        ],
    ]
    .concat();
    let record =
        tiny_record(&settings, &["{ down = { target = \"database\", for = \"10s\", fail = \"timeout\" } }"]);
    let requests = 6000.0;
    // Failures come in from 4.1 s on; half a second later they are half of the window's calls. From then on one
    // probe every 1.1 s finds out, eight or nine until the database is back at 14 s.
    about(value(&record, "error.db_timeout.ratio") * requests, 55.0 + 9.0, 6.0);
    about(value(&record, "db.breaker.trips"), 9.0, 1.0);
    // All others fail at once, also those that come before the first probe that is answered.
    let refused = value(&record, "error.breaker.ratio") * requests;
    assert!((930.0..1060.0).contains(&refused), "{refused}");
    assert!(value(&record, "event.down-database.recovery_s") <= 2.0);
    about(value(&record, "db.breaker.open.ratio"), (10.0 - 0.55 + 0.5) / 60.0, 0.6 / 60.0);
}

/// Row 22 of the validation: retries keep the database down.
const RETRY_STORM: Settings<'_> = &[
    ("duration", "150s"),
    ("clients.instances", "1"),
    ("workload.arrivals", "{ poisson = { rate = 160 } }"),
    ("workload.keys", "1000"),
    ("tier.l2.enabled", "false"),
    ("database.servers", "30"),
    ("database.read", "{ exponential = { mean = \"100ms\" } }"),
    ("database.timeout", "1s"),
    ("database.retries.attempts", "2"),
];

#[test]
fn a_retry_storm_ends_with_a_budget_or_a_breaker() {
    let paused = ["{ pause = { target = \"database\", for = \"10s\" } }"];
    let stays_down = |more: Settings<'_>| {
        value(&tiny_record(&[RETRY_STORM, more].concat(), &paused), "event.pause-database.metastable")
    };
    assert_eq!(stays_down(&[]), 1.0);
    assert_eq!(stays_down(&[("database.retries.budget", "{ ratio = 0.1 }")]), 0.0);
    assert_eq!(stays_down(&[("database.breaker", "{ failures = 0.5, open = \"5s\" }")]), 0.0);
    // A budget of one retry per call is none.
    assert_eq!(stays_down(&[("database.retries.budget", "{ ratio = 1.0 }")]), 1.0);
}

#[test]
fn a_budget_bounds_the_retries() {
    // Every attempt is refused: a tenth of the calls, and the ten that were saved up, are retried.
    let settings = [
        NO_CACHE,
        &[
            ("workload.arrivals", "{ constant = { rate = 100 } }"),
            ("database.retries", "{ attempts = 3, budget = { ratio = 0.1 } }"),
        ],
    ]
    .concat();
    let record = tiny_record(&settings, &["{ down = { target = \"database\", for = \"20s\" } }"]);
    about(value(&record, "db.retries.rate") * 60.0, 2000.0 / 10.0 + 10.0, 1.0);
    // Each call asks for retries until it is refused one, or has had two.
    let refused = value(&record, "db.retries.refused.rate") * 60.0;
    assert!((1890.0..2000.0).contains(&refused), "{refused}");
}

/// Service times of a tenth of a second, exponential, and nobody waits for a server.
const EXPONENTIAL: Settings<'_> = &[
    ("duration", "100s"),
    ("workload.arrivals", "{ poisson = { rate = 500 } }"),
    ("workload.keys", "1000"),
    ("tier.l2.enabled", "false"),
    ("database.servers", "unlimited"),
    ("database.read", "{ exponential = { mean = \"100ms\" } }"),
];

#[test]
fn a_hedge_is_the_shorter_of_two_with_a_delay() {
    // T = min(X, d + Y), both exponential with mean m: E T = m (1 - e^(-d/m)) + m/2 e^(-d/m), and beyond d the tail
    // is e^(-(2t - d)/m). A hedge is sent with probability e^(-d/m), and is as likely to win as the first attempt.
    let hedge = ("database.hedge", "{ after = \"50ms\" }");
    let record = tiny_record(&[EXPONENTIAL, &[hedge]].concat(), &[]);
    let sent = f64::exp(-0.5);
    about(value(&record, "latency.all.mean_ms"), 100.0 * (1.0 - sent) + 50.0 * sent, 1.5);
    about(value(&record, "latency.all.p99_ms"), (50.0 + 100.0 * f64::ln(100.0)) / 2.0, 8.0);
    about(value(&record, "db.hedges.ratio"), sent, 0.01);
    about(value(&record, "db.hedges.won.ratio"), 0.5, 0.015);
    // All the work is done, whoever wins; unless the loser is withdrawn: then both work until one is done, which is
    // no more work than one alone.
    about(value(&record, "db.concurrency.mean"), 500.0 * 0.1 * (1.0 + sent), 2.0);
    let hedge = ("database.hedge", "{ after = \"50ms\", cancel = true }");
    let record = tiny_record(&[EXPONENTIAL, &[hedge]].concat(), &[]);
    about(value(&record, "db.concurrency.mean"), 500.0 * 0.1, 1.5);
}

/// The delay is found: one first attempt in twenty takes longer, whatever becomes of it.
#[test]
fn a_hedge_after_the_95th_percentile_is_one_in_twenty() {
    for cancel in ["false", "true"] {
        let hedge = format!("{{ after = \"p95\", cancel = {cancel} }}");
        let long = [("duration", "60s"), ("warmup", "10s"), ("database.hedge", hedge.as_str())];
        let record = tiny_record(&[EXPONENTIAL, &long].concat(), &[]);
        about(value(&record, "db.hedges.ratio"), 0.05, 0.005);
        about(value(&record, "latency.all.mean_ms"), 97.5, 2.0);
        let after_ms = 100.0 * f64::ln(20.0);
        about(value(&record, "latency.all.p99_ms"), (after_ms + 100.0 * f64::ln(100.0)) / 2.0, 12.0);
    }
}

/// An instance that has answered less than a hundred reads does not know what is slow.
#[test]
fn nobody_hedges_before_they_have_learned() {
    let few =
        [("workload.arrivals", "{ poisson = { rate = 8 } }"), ("database.hedge", "{ after = \"p50\" }")];
    let record = tiny_record(&[EXPONENTIAL, &few].concat(), &[]);
    assert_eq!(value(&record, "db.hedges.ratio"), 0.0);
}

#[test]
fn a_limit_keeps_the_queue_short_and_the_server_busy() {
    // A server that does 200 a second gets 400: half must go. With more than twenty under way answers are late; what
    // that tells comes a tenth of a second after it was so, by when the limit has grown by another twenty.
    let settings = [
        NO_CACHE,
        &[
            ("workload.arrivals", "{ constant = { rate = 400 } }"),
            ("database.servers", "1"),
            ("database.read", "5ms"),
            ("database.limit", "{ aimd = { late = \"100ms\" } }"),
        ],
    ]
    .concat();
    let record = tiny_record(&settings, &[]);
    about(value(&record, "error.limit.ratio"), 0.5, 0.01);
    assert!(value(&record, "db.utilization") > 0.99);
    assert!(value(&record, "latency.miss.max_ms") < 210.0);
    about(value(&record, "db.limit.mean"), 20.0, 10.0);
}

#[test]
fn a_breaker_before_a_tier_spares_the_wait_for_it() {
    // For ten of sixty seconds the tier does not answer within 50 ms; the database would in 5.
    let settings = [
        ("duration", "60s"),
        ("tier.l2.timeout", "50ms"),
        ("workload.arrivals", "{ constant = { rate = 100 } }"),
    ];
    let down = ["{ down = { target = \"l2\", for = \"10s\", fail = \"timeout\" } }"];
    let mean_ms =
        |more: Settings<'_>| value(&tiny_record(&[&settings, more].concat(), &down), "latency.all.mean_ms");
    let saved_ms =
        mean_ms(&[]) - mean_ms(&[("tier.l2.breaker", "{ failures = 0.5, open = \"20s\", window = \"1s\" }")]);
    // Nearly all of the 50 ms in a sixth of the time.
    assert!((7.0..50.0 / 6.0).contains(&saved_ms), "{saved_ms}");
}
