//! Reads of several keys against closed forms.

use crate::tiny::{tiny, tiny_record, value};

#[track_caller]
fn measured(settings: &[(&str, &str)], measure: &str) -> f64 {
    value(&tiny_record(settings, &[]), measure)
}

/// The mean of the largest of n exponential times is their mean times the n-th harmonic number.
#[test]
fn a_request_ends_with_the_slowest_of_its_keys() {
    let fetches = [
        ("tier.l2.enabled", "false"),
        ("workload.arrivals", "{ poisson = { rate = 2000 } }"),
        ("workload.keys_per_request", "4"),
        ("workload.popularity", "uniform"),
        ("database.servers", "unlimited"),
        ("database.read", "{ exponential = { mean = \"5ms\" } }"),
    ];
    let mean_ms = measured(&fetches, "latency.miss.mean_ms");
    let harmonic = 1.0 + 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0;
    assert!((mean_ms - 5.0 * harmonic).abs() < 0.2, "{mean_ms}");
    let ratio = measured(&fetches, "db.qps.mean") / measured(&fetches, "requests.rate");
    assert!((ratio - 4.0).abs() < 0.01, "{ratio}");
}

/// Half of 200 keys are there for ever, and checks fill nothing: three different keys are all among the 100.
#[test]
fn a_request_is_a_hit_only_if_all_its_keys_are() {
    let half = [
        ("workload.arrivals", "{ poisson = { rate = 2000 } }"),
        ("workload.keys_per_request", "3"),
        ("workload.popularity", "uniform"),
        ("workload.exists_share", "1.0"),
        ("tier.l2.ttl", "none"),
        ("tier.l2.prefill", "{ hottest = 100 }"),
    ];
    let (keys, requests) = (measured(&half, "keys.hit_ratio"), measured(&half, "hit_ratio"));
    assert!((keys - 0.5).abs() < 0.01, "{keys}");
    let all_three = 100.0 * 99.0 * 98.0 / (200.0 * 199.0 * 198.0);
    assert!((requests - all_three).abs() < 0.01, "{requests} for {all_three}");
    assert!((measured(&half, "tier.l2.hit_ratio") - keys).abs() < 1e-9);
}

/// One lookup takes a millisecond, and they are done one after the other.
#[test]
fn look_ups_in_the_process_take_their_time_each() {
    let l1 = [
        ("tier.l1.enabled", "true"),
        ("tier.l1.ttl", "none"),
        ("tier.l1.access", "1ms"),
        ("tier.l1.prefill", "{ hottest = \"all\" }"),
        ("workload.keys_per_request", "10"),
    ];
    assert_eq!(measured(&l1, "latency.hit.max_ms"), 10.0);
}

#[test]
fn more_keys_than_there_are_are_refused() {
    let problems = tiny(&[("workload.keys_per_request", "300")], &[""; 0]).unwrap_err();
    assert!(problems.contains("too few keys"), "{problems}");
}

/// Ten keys that are there, asked for every tenth of a second: a millisecond each way, and the server's time.
const THERE: [(&str, &str); 6] = [
    ("workload.arrivals", "{ constant = { rate = 10 } }"),
    ("workload.keys_per_request", "10"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.prefill", "{ hottest = \"all\" }"),
    ("tier.l2.network", "1ms"),
    ("tier.l2.service", "100us"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    THERE.iter().chain(more).copied().collect()
}

#[track_caller]
fn is(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-3 * expected, "{actual} instead of {expected}");
}

#[test]
fn a_fan_out_queues_at_the_server_and_an_mget_is_one_command() {
    let fan_out = tiny_record(&with(&[]), &[]);
    is(value(&fan_out, "latency.hit.mean_ms"), 2.0 + 10.0 * 0.1);
    is(value(&fan_out, "tier.l2.round_trips.rate"), 100.0);
    let mget = tiny_record(&with(&[("tier.l2.multi_get", "{ mget = { per_key = \"20us\" } }")]), &[]);
    is(value(&mget, "latency.hit.mean_ms"), 2.0 + 0.1 + 9.0 * 0.02);
    is(value(&mget, "tier.l2.round_trips.rate"), 10.0);
    is(value(&mget, "tier.l2.requests.rate"), 100.0);
    is(value(&mget, "tier.l2.utilization"), 10.0 * (0.0001 + 9.0 * 0.00002));
    // Unless it is said a key costs an MGET what it costs alone.
    let equal = tiny_record(&with(&[("tier.l2.multi_get", "mget")]), &[]);
    is(value(&equal, "latency.hit.mean_ms"), 3.0);
}

/// The hole: whoever asks for all keys asks all nodes, so more nodes take keys off each other and no commands.
#[test]
fn a_request_for_all_keys_asks_every_node_once() {
    for nodes in ["1", "4", "16"] {
        let all = [
            ("workload.keys_per_request", "200"),
            ("tier.l2.nodes", nodes),
            ("tier.l2.multi_get", "{ mget = { per_key = \"2us\" } }"),
        ];
        let record = tiny_record(&with(&all), &[]);
        let nodes: f64 = nodes.parse().unwrap();
        is(value(&record, "tier.l2.round_trips.rate"), 10.0 * nodes);
        let busy_s = value(&record, "tier.l2.utilization") * nodes;
        is(busy_s, 10.0 * (nodes * 0.0001 + (200.0 - nodes) * 0.000002));
    }
}

/// A request for all keys needs every node; one for a single key has a part of them.
#[test]
fn what_fails_for_one_key_fails_for_the_request() {
    let event = "{ down = { target = \"l2\", node = 0, for = \"5s\", fail = \"refuse\" } }";
    for multi_get in ["fan-out", "mget"] {
        let closed = [
            ("workload.keys_per_request", "200"),
            ("tier.l2.nodes", "4"),
            ("tier.l2.multi_get", multi_get),
            ("tier.l2.on_failure", "error"),
        ];
        let record = tiny_record(&with(&closed), &[event]);
        is(value(&record, "error.tier.ratio"), 0.5);
        is(value(&record, "keys.rate"), 2000.0);
        let open = with(&[&closed[..3], &[("tier.l2.on_failure", "next")]].concat());
        let record = tiny_record(&open, &[event]);
        assert_eq!(value(&record, "error.ratio"), 0.0);
        is(value(&record, "requests.miss.ratio"), 0.5);
        // The keys of one node of four, and only while it is down: they are sent to the database one by one.
        let fetched = value(&record, "db.fetches.rate") / 1000.0;
        assert!((0.18..0.32).contains(&fetched), "{fetched}");
    }
}

/// Every key is read and written as often as before, so as many answers are stale; a request is if one of them is.
#[test]
fn a_request_is_stale_if_one_of_its_keys_is() {
    let stale = |rate: &str, share: &str, keys: &str| {
        tiny_record(
            &[
                ("duration", "100s"),
                ("workload.popularity", "uniform"),
                ("workload.arrivals", rate),
                ("workload.write_share", share),
                ("workload.keys_per_request", keys),
                ("writes.strategy", "write-around"),
                ("measure.stale_by_tier", "true"),
            ],
            &[],
        )
    };
    let alone = stale("{ poisson = { rate = 1100 } }", "0.09090909090909091", "1");
    let five = stale("{ poisson = { rate = 300 } }", "0.3333333333333333", "5");
    let (key, of_five) = (value(&alone, "stale.ratio"), value(&five, "stale.ratio"));
    assert!(key > 0.05, "{key}");
    let any = 1.0 - (1.0 - key).powi(5);
    assert!((of_five - any).abs() < 0.02, "{of_five} for {any}");
    let by_tier = value(&five, "tier.l2.stale.ratio");
    assert!((by_tier - value(&alone, "tier.l2.stale.ratio")).abs() < 0.01, "{by_tier}");
}

/// The last of the keys meets the deadline when all others have.
#[test]
fn a_request_meets_its_deadline_once() {
    let late = [
        ("workload.keys_per_request", "7"),
        ("clients.deadline", "3ms"),
        ("tier.l1.enabled", "true"),
        ("tier.l1.access", "500us"),
        ("tier.l1.ttl", "100ms"),
        ("tier.l2.ttl", "100ms"),
    ];
    let record = tiny_record(&late, &[]);
    // The lookups in the process alone take 3.5 ms.
    assert_eq!(value(&record, "latency.all.max_ms"), 3.0);
    assert_eq!(value(&record, "error.deadline.ratio"), 1.0);
}
