//! What the options of the database do, to the last digit.
//!
//! Without a cache each of the hundred requests is a call of 20 ms, and none meets another one. Reads of several keys do: their
//! calls begin together.

use crate::even::{NO_CACHE, THREE, even, exactly, exactly_after, recorded};
use crate::tiny::{Settings, value};

const MEAN: &str = "latency.all.mean_ms";
/// Three and four calls at once.
const THREE_KEYS: [(&str, &str); 2] = [("workload.keys", "3"), ("workload.keys_per_request", "3")];
const FOUR_KEYS: [(&str, &str); 2] = [("workload.keys", "4"), ("workload.keys_per_request", "4")];
const READ_50: (&str, &str) = ("database.read", "50ms");

/// Settings on top of what makes every request a call.
fn calls<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[NO_CACHE], settings].concat()
}

fn three<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[NO_CACHE], &THREE_KEYS[..], settings].concat()
}

fn four<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[NO_CACHE], &FOUR_KEYS[..], settings].concat()
}

#[test]
fn service_slows_down_with_what_is_in_service() {
    let law = ("database.contention", "{ sigma = 0.1, kappa = 0.02 }");
    exactly(&[
        // The first finds n = 1, the second 2 and the third 3: 50 ms, 50 (1 + 0.1 + 0.04) and 50 (1 + 0.2 + 0.12).
        (&three(&[READ_50, law]), "", MEAN, 66.0),
        (&three(&[READ_50, law]), "", "db.concurrency.mean", 10.0 * (0.050 + 0.057 + 0.066)),
        (&three(&[READ_50, law]), "", "db.concurrency.peak", 3.0),
        (&calls(&[READ_50, law]), "", MEAN, 50.0),
        (&three(&[READ_50, ("database.contention", "{ sigma = 0.1 }")]), "", MEAN, 60.0),
        (&three(&[READ_50, ("database.contention", "{ kappa = 0.02 }")]), "", MEAN, 56.0),
        // Two of three fit on the processors; the third takes 3 / 2 times as long, and with sigma 1.2 times that.
        (&three(&[READ_50, ("database.contention", "{ processors = 2 }")]), "", MEAN, 75.0),
        (
            &three(&[READ_50, ("database.contention", "{ processors = 2 }")]),
            "",
            "db.concurrency.mean",
            10.0 * (0.050 + 0.050 + 0.075),
        ),
        (&three(&[READ_50, ("database.contention", "{ sigma = 0.1, processors = 2 }")]), "", MEAN, 90.0),
        (&three(&[READ_50, ("database.contention", "{ processors = 3 }")]), "", MEAN, 50.0),
    ]);
}

#[test]
fn who_finds_no_server_waits_for_one() {
    let (one, two) = (("database.servers", "1"), ("database.servers", "2"));
    exactly(&[
        // One after the other: they wait 0, 20, 40 and 60 ms.
        (&four(&[one]), "", MEAN, 80.0),
        (&four(&[one]), "", "db.queue.mean_ms", 30.0),
        (&four(&[one]), "", "db.queue.peak", 3.0),
        (&four(&[one]), "", "db.waited.ratio", 0.75),
        (&four(&[one]), "", "db.utilization", 0.8),
        (&four(&[two]), "", MEAN, 40.0),
        (&four(&[two]), "", "db.queue.mean_ms", 10.0),
        (&four(&[two]), "", "db.utilization", 0.4),
        // Of four two wait, and one is turned away.
        (&four(&[one, ("database.queue", "2")]), "", "error.db_rejected.ratio", 1.0),
        (&four(&[one, ("database.queue", "2")]), "", MEAN, 60.0),
        (&four(&[one, ("database.queue", "3")]), "", "error.ratio", 0.0),
        (&calls(&[one, ("database.queue", "0")]), "", "error.ratio", 0.0),
        (&calls(&[("database.network", "7ms")]), "", MEAN, 34.0),
    ]);
}

#[test]
fn who_finds_no_connection_waits_for_one() {
    let (one, two) = (("database.pool", "1"), ("database.pool", "2"));
    exactly(&[
        (&three(&[one]), "", MEAN, 60.0),
        (&three(&[one]), "", "db.pool.wait.mean_ms", 20.0),
        (&three(&[one]), "", "db.pool.waited.ratio", 2.0 / 3.0),
        (&three(&[one]), "", "db.pool.saturation", 0.6),
        // Waits of 0, 0 and 20 ms; 60 ms of work on two connections.
        (&three(&[two]), "", MEAN, 40.0),
        (&three(&[two]), "", "db.pool.wait.mean_ms", 20.0 / 3.0),
        (&three(&[two]), "", "db.pool.saturation", 0.3),
        // The way there and back is the connection's as well.
        (&three(&[two, ("database.network", "5ms")]), "", "db.pool.saturation", 0.45),
        // The second one waits 20 ms, the third one would wait 40 and is answered no later than the second.
        (&three(&[one, ("database.pool_timeout", "30ms")]), "", "error.pool_timeout.ratio", 1.0),
        (&three(&[one, ("database.pool_timeout", "30ms")]), "", MEAN, 40.0),
        (&three(&[one, ("database.pool_timeout", "41ms")]), "", "error.ratio", 0.0),
        // With 15 ms each way and 2 in service the second one waits 32 ms, and is on its way after 35.
        (
            &calls(&[
                ("workload.keys", "2"),
                ("workload.keys_per_request", "2"),
                one,
                ("database.pool_timeout", "35ms"),
                ("database.network", "15ms"),
                ("database.read", "2ms"),
            ]),
            "",
            MEAN,
            64.0,
        ),
    ]);
}

#[test]
fn an_attempt_that_times_out_is_still_served() {
    let timeout = ("database.timeout", "30ms");
    let (cancel, cached) = (("database.cancel_on_timeout", "true"), ("tier.l2.enabled", "true"));
    exactly(&[
        (&calls(&[READ_50, timeout]), "", "error.db_timeout.ratio", 1.0),
        (&calls(&[READ_50, timeout]), "", MEAN, 30.0),
        (&calls(&[READ_50, timeout]), "", "db.concurrency.mean", 0.5),
        (
            &calls(&[READ_50, timeout, ("database.late_fill", "false"), cached, cancel]),
            "",
            "db.concurrency.mean",
            0.3,
        ),
        // The answer of 50 ms fills the cache for the 99 others, unless it is dropped.
        (&[READ_50, timeout], "", "error.db_timeout.ratio", 0.01),
        (&[READ_50, timeout, ("database.late_fill", "false")], "", "error.db_timeout.ratio", 1.0),
    ]);
}

/// Ten requests per second, with one connection. What times out after 30 ms gives it back with the answer; or it is closed, the
/// request after it waits 20 ms for a new one and then 30 ms for its answer, and the database is as busy as with no pool at all.
#[test]
fn an_attempt_that_times_out_may_lose_its_connection() {
    let (slow, timeout, pool) =
        (("database.read", "130ms"), ("database.timeout", "30ms"), ("database.pool", "1"));
    let (close, connect) = (("database.close_on_timeout", "true"), ("database.connect", "20ms"));
    let cancel = ("database.cancel_on_timeout", "true");
    exactly(&[
        (&calls(&[READ_50, timeout, pool]), "", MEAN, 30.0),
        // The first one finds its connection.
        (&calls(&[READ_50, timeout, pool, close, connect]), "", MEAN, 49.8),
        (&calls(&[READ_50, timeout, pool, close, connect]), "", "db.pool.wait.mean_ms", 19.8),
        (&calls(&[slow, timeout, pool, close, connect]), "", MEAN, 49.8),
        // The last of them is served from 9.92 s to the end of the ten seconds and beyond.
        (&calls(&[slow, timeout, pool, close, connect]), "", "db.concurrency.mean", 1.295),
        (&calls(&[slow, timeout, pool, close]), "", MEAN, 30.0),
        // Each waits for the answers to all before it.
        (&calls(&[slow, timeout, pool]), "", "db.concurrency.mean", 1.0),
        // Withdrawn as well: the database is busy for 30 ms of each.
        (&calls(&[slow, timeout, pool, close, connect, cancel]), "", "db.concurrency.mean", 0.3),
        (&calls(&[slow, timeout, pool, close, connect, cancel]), "", MEAN, 49.8),
        // Two connections: the one that is open is taken before the other is set up, until both are closed.
        (&calls(&[slow, timeout, ("database.pool", "2"), close, connect]), "", MEAN, 49.6),
        // An answer on a closed connection fills nothing.
        (&[READ_50, timeout, pool, close], "", "error.db_timeout.ratio", 1.0),
        (&[READ_50, timeout, pool], "", "error.db_timeout.ratio", 0.01),
    ]);
}

/// Ten requests per second of 50 ms on one connection out of five. After an outage, and in a new process, the next one sets it up, and the others
/// stay closed.
#[test]
fn an_outage_and_a_new_process_close_connections() {
    let pool = ("database.pool", "5");
    let longest = "latency.all.max_ms";
    let down = "5.01s { down = { target = \"database\", for = \"1s\" } }";
    let deploy = "5.09s { deploy = { every = \"1s\" } }";
    let connect = ("database.connect", "20ms");
    exactly(&[
        (&calls(&[READ_50, pool]), down, longest, 50.0),
        (&calls(&[READ_50, pool, connect]), down, longest, 70.0),
        (&calls(&[READ_50, pool]), deploy, longest, 50.0),
        (&calls(&[READ_50, pool, connect]), deploy, longest, 70.0),
    ]);
}

/// Three instances take turns, and the database takes two connections. The first two requests open them, in 20 ms; the third is refused
/// whenever it comes, until the first instance has died.
#[test]
fn a_database_takes_so_many_connections_of_all_instances() {
    let with = |more: &[(&'static str, &'static str)]| {
        let base = [
            NO_CACHE,
            ("database.connect", "20ms"),
            ("database.pool", "2"),
            ("database.max_connections", "2"),
        ];
        [&base, &THREE[..], more].concat()
    };
    let requests = "0 read a, 25 read b, 50 read c, 100 read d, 125 read e, 150 read f";
    let refused = "error.connections.ratio";
    exactly_after(
        requests,
        &[
            (&with(&[]), refused, 2.0 / 6.0),
            (&with(&[]), "latency.miss.mean_ms", (40.0 + 40.0 + 20.0 + 20.0) / 4.0),
            (&with(&[("database.max_connections", "3")]), refused, 0.0),
            (&with(&[("database.max_connections", "3")]), "latency.miss.mean_ms", 30.0),
            // The second attempt comes 5 ms after the first, and the third is answered by nobody.
            (
                &with(&[("database.retries", "{ attempts = 2, backoff = \"5ms\" }")]),
                "db.retries.rate",
                2.0 / 0.18,
            ),
        ],
    );
    let died = recorded(requests, &with(&[]), "122ms { crash = { instance = 0, for = \"80ms\" } }");
    assert_eq!(value(&died, refused), 1.0 / 6.0);
}

/// For all of the run every attempt is refused at once.
const DOWN: &str = "0s { down = { target = \"database\", for = \"20s\" } }";

#[test]
fn a_retry_waits_its_power_of_the_factor() {
    let retries = |text| calls(&[("database.retries", text)]);
    exactly(&[
        // 10, 30 and 90 ms before the second, the third and the fourth attempt; the last one of all comes after the end.
        (&retries("{ attempts = 4, backoff = \"10ms\", factor = 3.0 }"), DOWN, MEAN, 130.0),
        (&retries("{ attempts = 4, backoff = \"10ms\", factor = 3.0 }"), DOWN, "db.retries.rate", 29.9),
        (&retries("{ attempts = 4, backoff = \"10ms\", factor = 3.0, max = \"50ms\" }"), DOWN, MEAN, 90.0),
        // Twice as long each time, where nothing else is said.
        (&retries("{ attempts = 4, backoff = \"10ms\" }"), DOWN, MEAN, 70.0),
        (&retries("{ attempts = 2, backoff = \"10ms\", factor = 3.0 }"), DOWN, MEAN, 10.0),
        (&retries("{ attempts = 4 }"), DOWN, MEAN, 0.0),
        (&retries("{ attempts = 1 }"), DOWN, "db.retries.rate", 0.0),
    ]);
}

/// A share of 0.4 of each wait is uniform: between 78 and 130 ms in all, and 104 on average.
#[test]
fn a_share_of_the_wait_is_random() {
    let jitter = "{ attempts = 4, backoff = \"10ms\", factor = 3.0, jitter = 0.4 }";
    let record = even(&calls(&[("database.retries", jitter)]), DOWN);
    let slowest = value(&record, "latency.all.max_ms");
    assert!((122.0..=130.0).contains(&slowest), "{slowest}");
    // The variance of a wait w is (0.4 w)^2/12, so the mean of a hundred has a standard error of 1.1 ms.
    let mean = value(&record, MEAN);
    assert!((mean - 104.0).abs() < 3.3, "{mean}");
}

#[test]
fn retries_are_paid_for() {
    let budget = |text| calls(&[("database.retries.attempts", "2"), ("database.retries.budget", text)]);
    exactly(&[
        // 2.5 tokens and 0.3 for each of a hundred calls, but for the first, when no more can be saved: 32.2.
        (&budget("{ ratio = 0.3, burst = 2.5 }"), DOWN, "db.retries.rate", 3.2),
        (&budget("{ ratio = 0.3, burst = 2.5 }"), DOWN, "db.retries.refused.rate", 6.8),
        // Ten tokens are saved where nothing else is said: 10 + 0.3 * 99 = 39.7.
        (&budget("{ ratio = 0.3 }"), DOWN, "db.retries.rate", 3.9),
    ]);
}

/// Refused from 4.1 s to 7.0 s.
const AWAY: &str = "4050ms { down = { target = \"database\", for = \"3s\" } }";

/// The window moves in steps of 200 ms. Those that ended in the ten steps up to 4.6 s: answers at 2.82 s (asked for at 2.8 s)
/// to 4.02 s, which are 13, and the failures of 4.1 to 4.6 s: 6 of 19 are more than 30 %, while at 4.5 s 5 of 20 were not.
/// Until 5.85 s 12 requests are refused; those of 5.9 and 6.0 s are the probes, and fail; then another 12 until 7.25 s; the
/// next two are answered, the second at 7.42 s.
#[test]
fn a_breaker_opens_and_closes_at_the_instants_of_its_rules() {
    let breaker = calls(&[(
        "database.breaker",
        "{ failures = 0.3, window = \"2s\", minimum = 5, open = \"1250ms\", probes = 2 }",
    )]);
    exactly(&[
        (&breaker, AWAY, "error.db_down.ratio", 0.08),
        (&breaker, AWAY, "error.breaker.ratio", 0.24),
        (&breaker, AWAY, "db.breaker.trips", 2.0),
        (&breaker, AWAY, "db.breaker.open.ratio", (7.42 - 4.6) / 10.0),
    ]);
}

/// Where nothing else is said, a window is 10 s long, holds at least 20 attempts, and five probes decide. From 0.75 s on
/// (8 answers) attempts fail: at 1.9 s 12 of 20. The probes of 3.0 to 3.4 s fail, those of 4.5 to 4.9 s do not.
#[test]
fn a_breaker_has_the_defaults_of_the_reference() {
    let breaker = calls(&[("database.breaker", "{ failures = 0.45, open = \"1050ms\" }")]);
    let away = "750ms { down = { target = \"database\", for = \"3s\" } }";
    exactly(&[
        (&breaker, away, "error.db_down.ratio", 0.12 + 0.05),
        (&breaker, away, "error.breaker.ratio", 0.10 + 0.10),
        (&breaker, away, "db.breaker.open.ratio", (4.92 - 1.9) / 10.0),
    ]);
}

/// The first answer and four failures open it at 0.4 s; the new process of 3.06 s knows nothing of them.
#[test]
fn a_new_process_has_a_breaker_that_is_closed() {
    let breaker =
        calls(&[("database.breaker", "{ failures = 0.5, window = \"2s\", minimum = 5, open = \"60s\" }")]);
    let down = "50ms { down = { target = \"database\", for = \"1s\" } }";
    let crash = format!("{down}; 3050ms {{ crash = {{ instance = 0, for = \"10ms\" }} }}");
    exactly(&[
        (&breaker, down, "error.breaker.ratio", 0.95),
        (&breaker, &crash, "error.breaker.ratio", 0.26),
        (&breaker, &crash, "db.breaker.open.ratio", 0.265),
    ]);
}

/// Refused from 4.1 s to 7.0 s. A failure is remembered for the next four requests; with three instances in turn, each of which has a request every
/// 300 ms, for the next one. The deploy makes a new process at 4.25 s: its attempts fail at 4.3, 4.8, 5.3, 5.8, 6.3 and 6.8 s,
/// and the last one is remembered for two requests that would have been answered.
#[test]
fn a_failure_is_remembered_for_its_time_by_its_instance() {
    let remembers = [NO_CACHE, ("database.error_ttl", "450ms")];
    let three = [&remembers[..], &THREE].concat();
    let deploy = format!("{AWAY}; 4250ms {{ deploy = {{ every = \"1s\" }} }}");
    exactly(&[
        (&remembers, AWAY, "error.db_down.ratio", 0.06),
        (&remembers, AWAY, "error.remembered.ratio", 0.24),
        (&three, AWAY, "error.db_down.ratio", 0.15),
        (&three, AWAY, "error.remembered.ratio", 0.15),
        (&remembers, &deploy, "error.db_down.ratio", 0.07),
        (&remembers, &deploy, "error.remembered.ratio", 0.25),
        // The second of two attempts fails 40 ms after the first, and the time counts from there: to 4.52 s, and not to 4.48.
        (
            &[
                NO_CACHE,
                ("database.error_ttl", "380ms"),
                ("database.retries", "{ attempts = 2, backoff = \"40ms\" }"),
            ],
            AWAY,
            "error.db_down.ratio",
            0.06,
        ),
    ]);
    // Where there is an old value, that is the answer; six attempts instead of thirty, besides those of 0 and 7.1 s.
    let old = [
        ("tier.l2.ttl", "4s"),
        ("tier.l2.fail_safe", "{ grace = \"1h\", throttle = \"1ms\" }"),
        ("database.error_ttl", "450ms"),
    ];
    exactly(&[
        (&old, AWAY, "error.ratio", 0.0),
        (&old, AWAY, "requests.stale_hit.ratio", 0.30),
        (&old, AWAY, "db.fetches.rate", 0.8),
        (&old[..2], AWAY, "requests.stale_hit.ratio", 0.30),
        (&old[..2], AWAY, "db.fetches.rate", 3.2),
    ]);
}

#[test]
fn a_limit_shrinks_by_its_factor_and_grows_by_one() {
    let limit = |text| calls(&[("database.limit.aimd", text)]);
    const LIMIT: &str = "db.limit.mean";
    exactly(&[
        // All answers are late: 20, 14, 9, 6, 4, and 3 from 420 ms on, each change 20 ms after a request.
        (
            &limit("{ late = \"1ms\", backoff = 0.7, min = 3 }"),
            "",
            LIMIT,
            (20.0 * 0.02 + (14.0 + 9.0 + 6.0 + 4.0) * 0.1 + 3.0 * 9.58) / 10.0,
        ),
        // Down to a tenth less each time, and to one at last: 20, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1.
        (
            &limit("{ late = \"19ms\" }"),
            "",
            LIMIT,
            (20.0 * 0.02 + (18.0 + 16.0 + 14.0 + 12.0 + 10.0 + 45.0 - 1.0) * 0.1 + 8.68) / 10.0,
        ),
        // One of two under way is half, one of three is not.
        (&limit("{ late = \"20ms\", initial = 1 }"), "", LIMIT, (0.02 + 0.2 + 3.0 * 9.88) / 10.0),
        (&limit("{ late = \"20ms\", initial = 1, max = 2 }"), "", LIMIT, (0.02 + 2.0 * 9.98) / 10.0),
        (&limit("{ late = \"20ms\", max = 7 }"), "", LIMIT, 7.0),
        (&limit("{ late = \"20ms\" }"), "", LIMIT, 20.0),
        // Two of the three keys of a request may pass.
        (
            &three(&[("database.limit.aimd", "{ late = \"20ms\", initial = 2, max = 2 }")]),
            "",
            "error.limit.ratio",
            1.0,
        ),
        (
            &three(&[("database.limit.aimd", "{ late = \"20ms\", initial = 3 }")]),
            "",
            "error.limit.ratio",
            0.0,
        ),
    ]);
}

#[test]
fn a_hedge_goes_out_after_its_delay() {
    let hedge = |text| calls(&[("database.hedge", text)]);
    exactly(&[
        // Both are served for 20 ms; withdrawn, the second one was for 13 ms.
        (&hedge("{ after = \"7ms\" }"), "", "db.hedges.ratio", 1.0),
        (&hedge("{ after = \"7ms\" }"), "", "db.hedges.won.ratio", 0.0),
        (&hedge("{ after = \"7ms\" }"), "", MEAN, 20.0),
        (&hedge("{ after = \"7ms\" }"), "", "db.concurrency.mean", 0.4),
        (&hedge("{ after = \"7ms\", cancel = true }"), "", "db.concurrency.mean", 0.33),
        (&hedge("{ after = \"21ms\" }"), "", "db.hedges.rate", 0.0),
    ]);
}

/// The calls of 0.1 s to 2 s take 70 ms, and so do their hedges; but the last one begins at 2.045 s, when the database is quick
/// again, and is answered 5 ms before the first attempt.
#[test]
fn a_hedge_wins_where_it_is_answered_first() {
    let slow = "50ms { slow = { target = \"database\", for = \"1960ms\", factor = 3.5 } }";
    let hedged = calls(&[("database.hedge", "{ after = \"45ms\" }")]);
    exactly(&[
        (&calls(&[]), slow, MEAN, 20.0 + 0.2 * 50.0),
        (&hedged, slow, "db.hedges.ratio", 0.2),
        (&hedged, slow, "db.hedges.won.ratio", 0.05),
        (&hedged, slow, MEAN, 20.0 + 0.19 * 50.0 + 0.01 * 45.0),
    ]);
}

/// Load that no cache touches adds rate times service to what is in service (Little's law), whatever the distribution.
#[test]
fn background_load_is_served_besides() {
    let long: Settings<'_> =
        &[NO_CACHE, ("duration", "100s"), ("workload.arrivals", "{ constant = { rate = 3 } }")];
    let with = |text| [long, &[("database.background", text)]].concat();
    // 200/s of 30 ms beside 3/s of 20 ms; the standard error of the first is 0.04.
    let found = value(&even(&with("{ rate = 200, service = \"30ms\" }"), ""), "db.concurrency.mean");
    assert!((found - 6.06).abs() < 0.13, "{found}");
    // As long as a read, where nothing else is said.
    let found = value(&even(&with("{ rate = 200 }"), ""), "db.concurrency.mean");
    assert!((found - 4.06).abs() < 0.09, "{found}");
}

/// A burst of requests that come sooner than they are served leaves a queue that is worked off after the last of them.
#[test]
fn what_is_under_way_at_the_end_has_its_drain() {
    let long: Settings<'_> = &[NO_CACHE, ("database.read", "3050ms")];
    let with = |drain| [long, &[("drain", drain)]].concat();
    exactly(&[
        // A second after the end those of 7.9 s and before have been answered, and those of 8.0 s and later have not.
        (&with("1s"), "", "requests.unfinished.ratio", 0.2),
        (&with("4s"), "", "requests.unfinished.ratio", 0.0),
        (long, "", "requests.unfinished.ratio", 0.0),
        // They have waited from 3 s down to 1.1 s.
        (&with("1s"), "", MEAN, 0.8 * 3050.0 + 0.2 * 2050.0),
    ]);
}
