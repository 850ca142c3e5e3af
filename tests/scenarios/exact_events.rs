//! What events do, request by request: they fall between two requests, a tenth of a second apart.

use crate::even::{NO_CACHE, THREE, even, exactly};
use crate::tiny::{Settings, value};

const MISSES: &str = "requests.miss.ratio";
const MEAN: &str = "latency.all.mean_ms";

fn three<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&THREE[..], settings].concat()
}

#[test]
fn a_cache_that_forgets_is_filled_again() {
    exactly(&[
        (&[], "", MISSES, 0.01),
        (&[], "4050ms { flush = { tier = \"l2\" } }", MISSES, 0.02),
        // Ten lookups are refused, and go to the database; the eleventh misses.
        (&[], "4050ms { restart = { tier = \"l2\", for = \"1s\" } }", MISSES, 0.12),
        (&[], "4050ms { restart = { tier = \"l2\", for = \"1s\" } }", "tier.l2.failures.rate", 1.0),
        // What is down keeps its entries.
        (&[], "4050ms { down = { target = \"l2\", for = \"1s\" } }", MISSES, 0.11),
        (
            &[("tier.l2.on_failure", "error")],
            "4050ms { down = { target = \"l2\", for = \"1s\" } }",
            "error.tier.ratio",
            0.10,
        ),
        (&[], "4050ms { pause = { target = \"l2\", for = \"1s\" } }", MISSES, 0.01),
    ]);
}

/// A limit on waiting is enough, whether anybody reaches it or not.
#[test]
fn the_record_of_an_event_shows_whether_requests_can_fail() {
    let can_fail = |settings: Settings<'_>| {
        let record = even(settings, "4050ms { flush = { tier = \"l2\" } }");
        assert_eq!(value(&record, "error.ratio"), 0.0);
        record.variants[0].events[0].judged.as_ref().unwrap().can_fail
    };
    assert!(!can_fail(&[]));
    assert!(can_fail(&[("database.timeout", "1s")]));
}

#[test]
fn who_is_not_answered_waits_for_the_timeout() {
    let down = "4050ms { down = { target = \"l2\", for = \"700ms\", fail = \"timeout\" } }";
    exactly(&[
        // Seven of a hundred wait 35 ms for the tier and 20 for the database; the first one misses.
        (&[("tier.l2.timeout", "35ms")], down, MEAN, (7.0 * 55.0 + 20.0) / 100.0),
        (
            &[("tier.l2.timeout", "35ms"), ("tier.l2.on_failure", "error")],
            down,
            MEAN,
            (7.0 * 35.0 + 20.0) / 100.0,
        ),
    ]);
    let down = "4050ms { down = { target = \"database\", for = \"700ms\", fail = \"timeout\" } }";
    exactly(&[
        (&[NO_CACHE, ("database.timeout", "35ms")], down, "error.db_timeout.ratio", 0.07),
        (&[NO_CACHE, ("database.timeout", "35ms")], down, MEAN, 0.07 * 35.0 + 0.93 * 20.0),
    ]);
    let refuse = "4050ms { down = { target = \"database\", for = \"700ms\" } }";
    exactly(&[
        (&[NO_CACHE], refuse, "error.db_down.ratio", 0.07),
        (&[NO_CACHE], refuse, MEAN, 0.93 * 20.0),
        // What is in service when it goes down is lost: the request of 4.0 s.
        (&[NO_CACHE, ("database.read", "60ms")], refuse, "error.db_down.ratio", 0.08),
    ]);
}

#[test]
fn a_pause_keeps_the_queue() {
    let pause = "4050ms { pause = { target = \"database\", for = \"1s\" } }";
    // The requests of 4.1 to 5.0 s wait until 5.05 s: 950 ms down to 50, which is 500 on average.
    exactly(&[
        (&[NO_CACHE], pause, MEAN, 20.0 + 0.1 * 500.0),
        (&[NO_CACHE], pause, "latency.all.max_ms", 970.0),
        (&[NO_CACHE], pause, "db.queue.peak", 10.0),
        (&[("tier.l2.prefill", "{ hottest = \"all\" }")], &pause.replace("database", "l2"), MEAN, 50.0),
    ]);
}

#[test]
fn what_is_slow_takes_its_factor() {
    let slow = "4050ms { slow = { target = \"l2\", for = \"2s\", factor = 2.5 } }";
    let warm: Settings<'_> = &[
        ("tier.l2.prefill", "{ hottest = \"all\" }"),
        ("tier.l2.service", "4ms"),
        ("tier.l2.per_byte", "3us"),
        ("tier.l2.network", "6ms"),
    ];
    exactly(&[
        // Twice 6 ms, 4 ms, and 3 us for each of 1,000 bytes; twenty of a hundred take 2.5 times as long.
        (warm, "", MEAN, 19.0),
        (warm, slow, MEAN, 19.0 + 0.2 * 1.5 * 19.0),
        (&[NO_CACHE], &slow.replace("l2", "database"), MEAN, 0.8 * 20.0 + 0.2 * 50.0),
    ]);
}

#[test]
fn traffic_is_multiplied_or_drawn_to_one_key() {
    exactly(&[
        (&[], "4050ms { surge = { factor = 3.5, for = \"2s\" } }", "requests.all", 100.0 + 2.5 * 20.0),
        // Of so many keys none is asked for twice, but for the hot one: of its 20 requests the first misses.
        (
            &[("workload.keys", "1_000_000")],
            "4050ms { hot_key = { share = 1.0, for = \"2s\" } }",
            "hit_ratio",
            0.19,
        ),
        (
            &[("workload.keys", "1_000_000")],
            "4050ms { hot_key = { share = 1.0, for = \"2s\", key = 5 } }",
            "hit_ratio",
            0.19,
        ),
    ]);
}

/// The key is on one of two nodes, so of two runs, each of which loses another node, one is as if nothing had happened. In the
/// other 7 lookups fail until the clients turn to the other node, where the key is missed; and so it is where it was, at 6.1 s.
#[test]
fn a_lost_node_is_refused_until_clients_leave_it_out() {
    let lost = |how: &str| {
        let misses = |node| {
            let event = format!("4050ms {{ node_lost = {{ tier = \"l2\", node = {node}{how} }} }}");
            value(&even(&[("tier.l2.nodes", "2")], &event), MISSES)
        };
        ((misses(0) + misses(1)) * 100.0).round()
    };
    assert_eq!(lost(", for = \"2s\", failover = \"700ms\""), 1.0 + (1.0 + 7.0 + 1.0 + 1.0));
    assert_eq!(lost(", for = \"2s\""), 1.0 + (1.0 + 1.0 + 1.0));
    assert_eq!(lost(", failover = \"700ms\""), 1.0 + (1.0 + 7.0 + 1.0));
    // Twenty are refused, from 4.1 to 6.0 s, and the next one misses.
    assert_eq!(lost(", for = \"2s\", failover = \"never\""), 1.0 + (1.0 + 20.0 + 1.0));
}

/// The hit of 4.1 s is served at 4.105 s and is back at 4.109 s.
#[test]
fn an_instance_that_dies_does_not_get_the_reply_under_way() {
    let hits: Settings<'_> = &[
        ("tier.l2.prefill", "{ hottest = \"all\" }"),
        ("tier.l2.network", "4ms"),
        ("tier.l2.service", "1ms"),
    ];
    let crash = |at: &str| format!("{at} {{ crash = {{ instance = 0, for = \"10ms\" }} }}");
    exactly(&[
        (hits, "", "hit_ratio", 1.0),
        (hits, &crash("4107ms"), "error.crash.ratio", 0.01),
        (hits, &crash("4110ms"), "error.crash.ratio", 0.0),
    ]);
}

/// Instance 1 has the requests 1, 4, 7 and so on: those of 4.3, 4.6 and 4.9 s after it died.
#[test]
fn a_dead_instance_refuses_until_it_is_noticed() {
    let crash = |detect: &str| {
        format!("4050ms {{ crash = {{ instance = 1, for = \"2s\", detect = \"{detect}\" }} }}")
    };
    exactly(&[
        (&three(&[]), &crash("500ms"), "error.crash.ratio", 0.01),
        (&three(&[]), &crash("600ms"), "error.crash.ratio", 0.02),
        (&three(&[]), &crash("900ms"), "error.crash.ratio", 0.03),
        (&three(&[]), "4050ms { crash = { instance = 1, for = \"2s\" } }", "error.crash.ratio", 0.0),
        // What it was waiting for: the request of 4.0 s is its own.
        (
            &three(&[NO_CACHE, ("database.read", "60ms")]),
            "4050ms { crash = { instance = 1, for = \"2s\" } }",
            "error.crash.ratio",
            0.01,
        ),
        (
            &three(&[NO_CACHE, ("database.read", "60ms")]),
            "4050ms { crash = { instance = 0, for = \"2s\" } }",
            "error.crash.ratio",
            0.0,
        ),
    ]);
}

/// Fetches of 250 ms that all share begin every 0.3 s, the last one before the event at 3.9 s. Its leader dies, that of 4.0 s is
/// waiting and those of 4.1 to 4.4 s join, until the attempt of 3.9 s would have timed out, at 4.5 s.
#[test]
fn whoever_waits_for_a_dead_leader_fails_with_its_timeout() {
    let crash = "4050ms { crash = { leader = \"hottest\" } }";
    let shared: Settings<'_> = &[
        NO_CACHE,
        ("coalescing", "singleflight"),
        ("database.read", "250ms"),
        ("database.timeout", "600ms"),
    ];
    exactly(&[
        (shared, crash, "error.ratio", 0.06),
        (shared, crash, "latency.all.max_ms", 500.0),
        // Of fetches that nobody shares the next one is lost.
        (&[NO_CACHE], crash, "error.crash.ratio", 0.01),
        (&[NO_CACHE], crash, "error.ratio", 0.01),
    ]);
}

/// Each instance asks once for the key and once more when it has been restarted, at 4.05, 5.25 and 6.45 s.
#[test]
fn a_deploy_restarts_one_instance_after_the_other() {
    let caches: Settings<'_> = &[("tier.l1.enabled", "true"), ("tier.l2.enabled", "false")];
    let deploy = "4050ms { deploy = { every = \"1200ms\" } }";
    exactly(&[(&three(caches), "", MISSES, 0.03), (&three(caches), deploy, MISSES, 0.06)]);
    // The last one would be restarted after the end.
    let slow = "4050ms { deploy = { every = \"3s\" } }";
    assert_eq!(value(&even(&three(caches), slow), MISSES), 0.05);
}

#[test]
fn an_objective_counts_answers_no_later_than_it() {
    let pause = "4050ms { pause = { target = \"database\", for = \"1s\" } }";
    exactly(&[
        // Late are those that waited for 150 ms and more: nine of a hundred. One took 70 ms.
        (&[NO_CACHE, ("slo.latency", "70ms")], pause, "slo.good.ratio", 0.91),
        (&[NO_CACHE, ("slo.latency", "69ms")], pause, "slo.good.ratio", 0.90),
        (&[NO_CACHE, ("slo.latency", "20ms")], "", "slo.good.ratio", 1.0),
        (&[NO_CACHE, ("slo.latency", "19ms")], "", "slo.good.ratio", 0.0),
    ]);
}

/// A thousand requests a second, and three times as many in 2 s: as many as 60 connections can carry, and 60 of 70 servers.
#[test]
fn an_event_is_measured_against_what_the_database_can_do() {
    let busy: Settings<'_> =
        &[NO_CACHE, ("workload.arrivals", "{ constant = { rate = 1000 } }"), ("database.servers", "70")];
    let pool =
        [busy, &[("clients.instances", "2"), ("clients.route", "round-robin"), ("database.pool", "30")]]
            .concat();
    let surge = "4s { surge = { factor = 3.0, for = \"2s\" } }";
    exactly(&[
        (busy, surge, "event.surge.db.qps.peak", 3_000.0),
        (busy, surge, "event.surge.db.utilization.peak", 60.0 / 70.0),
        (&pool, surge, "event.surge.db.utilization.peak", 1.0),
        (busy, surge, "event.surge.errors", 0.0),
        (busy, surge, "db.qps.peak", 3_000.0),
        (busy, "", "db.qps.peak", 1_000.0),
        // A step of the profile is no event.
        (
            &[busy, &[("workload.profile", "[{ step = { at = \"4s\", factor = 3.0 } }]")]].concat(),
            "",
            "db.qps.peak",
            3_000.0,
        ),
    ]);
}

/// All requests go to the first instance until the others are there at 5.05 s, each with an empty tier; the third has gone from 7.05 to 8.05 s, and comes
/// back with an empty one.
#[test]
fn instances_come_with_empty_tiers_and_go_without_an_error() {
    let three = [
        NO_CACHE,
        ("tier.l1.enabled", "true"),
        ("clients.instances", "3"),
        ("clients.started", "1"),
        ("clients.route", "round-robin"),
    ];
    let up = "4050ms { scale = { instances = 3, startup = \"1s\" } }";
    let again =
        format!("{up}; 7050ms {{ scale = {{ instances = 2 }} }}; 8050ms {{ scale = {{ instances = 3 }} }}");
    let workers = [&three[..], &[("clients.workers", "2"), ("tier.l1.enabled", "false")]].concat();
    exactly(&[
        (&three, up, "requests.miss.ratio", 0.03),
        (&three, up, "instances.mean", (5.05 + 3.0 * 4.95) / 10.0),
        (&three, up, "instances.peak", 3.0),
        (&three, &again, "requests.miss.ratio", 0.04),
        (&three, &again, "instances.mean", (5.05 + 3.0 * 2.0 + 2.0 + 3.0 * 1.95) / 10.0),
        (&three, &again, "error.ratio", 0.0),
        (&workers, up, "workers.utilization", 0.2 / (2.0 * 1.99)),
        // Taken out before it is there.
        (&three, &format!("{up}; 5s {{ scale = {{ instances = 2 }} }}"), "requests.miss.ratio", 0.02),
    ]);
}

/// A request takes 250 ms: 2.4 workers are busy in the first two seconds, 2.5 from then on. A quarter of a worker for each
/// instance makes ten, half a second later.
#[test]
fn an_autoscaler_orders_instances_for_the_busy_workers() {
    let scaled = |text: &'static str| {
        vec![
            NO_CACHE,
            ("database.read", "250ms"),
            ("clients.instances", "12"),
            ("clients.started", "5"),
            ("clients.workers", "4"),
            ("clients.autoscale", text),
        ]
    };
    let to_ten = scaled("{ target = 0.0625, every = \"2s\", startup = \"500ms\" }");
    let near = scaled("{ target = 0.12, every = \"2s\" }");
    let down = scaled("{ target = 0.625, every = \"2s\", down_after = \"3s\", tolerance = 0 }");
    exactly(&[
        (&to_ten, "", "instances.mean", (5.0 * 2.5 + 10.0 * 7.5) / 10.0),
        (&to_ten, "", "instances.peak", 10.0),
        (&near, "", "instances.mean", 5.0),
        // One would do from the first look on.
        (&down, "", "instances.mean", (5.0 * 2.0 + 1.0 * 8.0) / 10.0),
    ]);
}
