//! Any combination of options runs, and its books agree.

use std::path::Path;

use herdlab::report::json;
use proptest::prelude::*;
use proptest::sample::select;

use crate::draw::draw_all;
use crate::support::{arrivals, simulate, traffic};
use crate::tiny::{Settings, accepted, any_of, value};

/// What a drawn scenario is made of: one value for each.
pub const CHOICES: &[(&str, &[&str])] = &[
    ("clients.instances", &["1", "3"]),
    ("clients.route", &["random", "round-robin", "sticky"]),
    ("clients.deadline", &["none", "4ms", "1s"]),
    ("clients.workers", &["unlimited", "1", "4", "30"]),
    ("clients.queue", &["unbounded", "0", "7"]),
    (
        "workload.arrivals",
        &[
            "{ poisson = { rate = 400 } }",
            "{ constant = { rate = 3000 } }",
            "{ renewal = { rate = 300, cv2 = 5.0 } }",
            "{ closed = { users = 20, think = \"5ms\" } }",
        ],
    ),
    ("workload.keys", &["1", "30", "3000"]),
    (
        "workload.popularity",
        &["uniform", "{ zipf = { exponent = 1.2 } }", "{ hotspot = { keys = 0.1, requests = 0.9 } }"],
    ),
    (
        "workload.ranking",
        &["fixed", "{ drift = { half_life = \"2s\" } }", "{ newest = { rate = 20 } }", "last-written"],
    ),
    (
        "workload.value_size",
        &[
            "1kB",
            "0B",
            "{ lognormal = { median = \"300B\", p99 = \"40kB\" } }",
            "{ pareto = { location = \"0B\", scale = \"200B\", shape = 0.4 } }",
        ],
    ),
    ("workload.write_share", &["0", "0.1", "0.9"]),
    ("workload.keys_per_request", &["1", "3", "20"]),
    ("workload.exists_share", &["0", "0.1"]),
    ("workload.keys_per_entity", &["1", "4"]),
    ("workload.absent", &["none", "{ share = 0.2, keys = 20 }"]),
    ("tier.l1.enabled", &["true", "false"]),
    ("tier.l1.ttl", &["50ms", "none"]),
    ("tier.l1.access", &["0s", "100us"]),
    ("tier.l1.fail_safe", &["none", "{ grace = \"300ms\", throttle = \"20ms\", soft_timeout = \"3ms\" }"]),
    (
        "tier.l2.fail_safe",
        &["none", "{ grace = \"2s\", throttle = \"0s\" }", "{ grace = \"300ms\", soft_timeout = \"4ms\" }"],
    ),
    ("tier.l2.admit", &["all", "{ share = 0.7 }", "{ second = { window = \"1s\" } }"]),
    ("tier.l2.fill", &["true", "true", "true", "false"]),
    ("tier.l2.capacity", &["7", "5kB", "1MB"]),
    (
        "tier.l2.eviction",
        &[
            "lru",
            "fifo",
            "clock",
            "random",
            "sieve",
            "s3-fifo",
            "2q",
            "slru",
            "arc",
            "lfu",
            "gdsf",
            "w-tinylfu",
            "w-tinylfu-adaptive",
            "lirs",
        ],
    ),
    // Refused beside a capacity in entries.
    (
        "tier.l2.eviction",
        &[
            "lru",
            "allkeys-lru",
            "allkeys-lfu",
            "allkeys-random",
            "volatile-lfu",
            "volatile-ttl",
            "noeviction",
        ],
    ),
    ("tier.l2.samples", &["5", "1"]),
    ("tier.l2.active_expiry", &["none", "{ hz = 10 }", "{ hz = 100, effort = 10, per_key = \"10us\" }"]),
    ("tier.l2.entry_overhead", &["56B", "redis", "{ redis = { quantum = \"16B\" } }"]),
    ("tier.l2.ttl", &["200ms", "2s"]),
    ("tier.l2.jitter", &["none", "{ plus = \"100ms\" }", "{ around = \"50%\" }"]),
    ("tier.l2.sliding", &["false", "true"]),
    (
        "tier.l2.refresh",
        &[
            "none",
            "{ xfetch = { beta = 4.0, mode = \"inline\" } }",
            "{ xfetch = { beta = 4.0, mode = \"background\" } }",
            "{ uniform = { window = \"100ms\" } }",
            "{ ahead = { fraction = 0.3 } }",
            "{ stale-while-revalidate = { grace = \"300ms\" } }",
        ],
    ),
    ("tier.l2.negative_ttl", &["none", "100ms"]),
    ("tier.l2.network", &["0s", "{ exponential = { mean = \"1ms\" } }"]),
    // Refused beside a delay each way.
    ("tier.l2.round_trip", &["none", "{ exponential = { mean = \"1ms\" } }"]),
    ("tier.l2.service", &["0s", "200us"]),
    ("tier.l2.per_byte", &["0s", "10ns"]),
    ("tier.l2.pool", &["unlimited", "1", "3"]),
    ("tier.l2.pool_timeout", &["none", "1ms"]),
    ("tier.l2.timeout", &["none", "3ms"]),
    ("tier.l2.on_failure", &["next", "error"]),
    ("tier.l2.fill_after_failure", &["true", "false"]),
    (
        "tier.l2.breaker",
        &["none", "{ failures = 0.3, open = \"50ms\", window = \"100ms\", minimum = 3, probes = 2 }"],
    ),
    ("tier.l2.serialize", &["none", "{ per_byte = \"10ns\" }"]),
    ("tier.l2.compress", &["none", "{ above = \"1kB\", ratio = 0.4, per_byte = \"20ns\" }"]),
    ("tier.l2.bandwidth", &["unlimited", "20MB/s"]),
    ("tier.l2.nodes", &["1", "2", "5"]),
    ("tier.l2.multi_get", &["fan-out", "mget", "{ mget = { per_key = \"20us\" } }"]),
    ("database.servers", &["unlimited", "1", "5"]),
    ("database.queue", &["unbounded", "0", "10"]),
    ("database.read", &["0s", "5ms", "{ lognormal = { median = \"3ms\", p99 = \"50ms\" } }"]),
    ("database.network", &["0s", "{ gamma = { mean = \"1ms\", cv2 = 2.0 } }"]),
    ("database.round_trip", &["none", "700us"]),
    ("database.pool", &["unlimited", "1", "4"]),
    ("database.pool_timeout", &["none", "10ms"]),
    ("database.timeout", &["none", "6ms"]),
    ("database.cancel_on_timeout", &["false", "true"]),
    ("database.close_on_timeout", &["false", "true"]),
    ("database.error_ttl", &["none", "300ms"]),
    ("writes.mark_stale", &["false", "true"]),
    ("database.connect", &["none", "3ms"]),
    ("database.max_connections", &["unlimited", "unlimited", "2"]),
    // Refused where attempts are withdrawn.
    ("database.row_lock", &["false", "true"]),
    ("database.late_fill", &["false", "true"]),
    ("database.retries", &["{ attempts = 1 }", "{ attempts = 3, backoff = \"2ms\", jitter = 1.0 }"]),
    ("database.retries.budget", &["none", "{ ratio = 0.2, burst = 3 }"]),
    (
        "database.breaker",
        &["none", "{ failures = 0.3, open = \"50ms\", window = \"100ms\", minimum = 3, probes = 2 }"],
    ),
    (
        "database.limit",
        &["none", "{ aimd = { late = \"10ms\", initial = 4, min = 2, max = 8, backoff = 0.5 } }"],
    ),
    (
        "database.hedge",
        &[
            "none",
            "{ after = \"2ms\" }",
            "{ after = \"4ms\", cancel = true }",
            "{ after = \"p90\", cancel = true }",
        ],
    ),
    ("database.contention", &["none", "{ sigma = 0.05, kappa = 0.001 }", "{ sigma = 0.01, processors = 2 }"]),
    ("database.background", &["none", "{ rate = 100 }"]),
    (
        "database.replicas",
        &[
            "none",
            "{ count = 1, lag = \"0s\" }",
            "{ count = 3, lag = { exponential = { mean = \"20ms\" } }, servers = 1 }",
        ],
    ),
    (
        "writes.strategy",
        &[
            "invalidate",
            "write-around",
            "update",
            "write-through",
            "{ write-back = { flush_interval = \"1s\", batch = 20 } }",
            "{ write-back = { flush_interval = \"70ms\", batch = 3, flush_cost = { per_batch = \"2ms\", per_key = { \
             exponential = { mean = \"1ms\" } } } } }",
        ],
    ),
    ("writes.order", &["after-commit", "before-commit"]),
    ("writes.rollback", &["0", "0.3"]),
    ("writes.versioned", &["false", "true"]),
    ("measure.stale_acknowledged", &["false", "true"]),
    (
        "invalidation.cdc",
        &[
            "none",
            "{ lag = \"5ms\" }",
            "{ lag = { exponential = { mean = \"20ms\" } }, rate = 100, retry = \"30ms\" }",
        ],
    ),
    (
        "invalidation.tracking",
        &[
            "none",
            "none",
            "{ delay = \"2ms\" }",
            "{ delay = \"0s\", noloop = true, table = 3, cuts = { every = \"1s\", for = \"200ms\" } }",
        ],
    ),
    (
        "invalidation.broadcast",
        &["none", "{ delay = \"0s\" }", "{ delay = { exponential = { mean = \"5ms\" } } }"],
    ),
    ("measure.remaining_ttl", &["false", "true"]),
    ("measure.value_age", &["false", "true"]),
    ("measure.stale_by_tier", &["false", "true"]),
    ("measure.wire", &["false", "true"]),
    (
        "coalescing",
        &[
            "none",
            "singleflight",
            "{ singleflight = { around = \"lookup\" } }",
            "{ lease = { tier = \"l2\", lock_ttl = \"20ms\", poll = \"2ms\", wait_limit = \"30ms\" } }",
            "{ lease = { tier = \"l2\", serve_stale = \"1s\" } }",
        ],
    ),
];

pub const EVENTS: &[&str] = &[
    "{ flush = { tier = \"l2\" } }",
    "{ restart = { tier = \"l2\", for = \"100ms\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"refuse\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"timeout\" } }",
    "{ down = { target = \"database\", for = \"100ms\", fail = \"refuse\" } }",
    "{ down = { target = \"database\", for = \"100ms\", fail = \"timeout\" } }",
    "{ slow = { target = \"l2\", for = \"100ms\", factor = 20.0 } }",
    "{ slow = { target = \"database\", for = \"100ms\", factor = 20.0 } }",
    "{ pause = { target = \"l2\", for = \"100ms\" } }",
    "{ pause = { target = \"database\", for = \"100ms\" } }",
    "{ slow = { target = \"l2\", node = 1, for = \"100ms\", factor = 20.0 } }",
    "{ pause = { target = \"l2\", node = 1, for = \"100ms\" } }",
    "{ down = { target = \"l2\", node = 0, for = \"100ms\", fail = \"timeout\" } }",
    "{ node_lost = { tier = \"l2\", node = 0 } }",
    "{ node_lost = { tier = \"l2\", node = 1, for = \"300ms\", failover = \"100ms\", fail = \"timeout\" } }",
    "{ node_lost = { tier = \"l2\", node = 0, for = \"200ms\", failover = \"never\" } }",
    "{ hot_key = { share = 0.5, for = \"100ms\" } }",
    "{ deploy = { every = \"20ms\" } }",
    "{ crash = { instance = 0, for = \"100ms\" } }",
    "{ crash = { instance = 0, for = \"100ms\", detect = \"50ms\" } }",
    "{ crash = { leader = \"hottest\" } }",
    "{ crash = { leader = 0 } }",
    "{ stall = { for = \"100ms\" } }",
    "{ restart = { tier = \"l2\", for = \"100ms\", keeps = true } }",
    "{ restart = { tier = \"l2\", for = \"100ms\", keeps = true, loses = \"200ms\" } }",
    "{ restart = { tier = \"l2\", node = 0, for = \"100ms\", keeps = true, loses = \"50ms\" } }",
    "{ warm = { tier = \"l2\", hottest = 40, rate = 300 } }",
    "{ scale = { instances = 1 } }",
    "{ scale = { instances = 2, startup = \"70ms\" } }",
    "{ warm = { tier = \"l2\", hottest = \"all\", rate = 2000, parallel = 3 } }",
];

pub const BASE: Settings<'_> = &[("duration", "8s"), ("tier.l2.capacity", "50"), ("tier.l2.eviction", "lru")];

/// Whether a setting decides what arrives.
fn is_traffic(path: &str) -> bool {
    path.starts_with("workload.") || path == "clients.instances" || path == "clients.route"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The engine compares its books at the end of every run, so that no error means that all of them agree. What is
    /// written comes back whole.
    #[test]
    fn any_combination_of_options_runs(settings in any_of(CHOICES), events in prop::collection::vec(select(EVENTS), 0..3)) {
        let experiment = accepted(BASE, &settings, &events)?;
        let record = simulate(&experiment, 1);
        let ratio = |name| value(&record, name);
        prop_assert!((0.0..=1.0).contains(&ratio("error.ratio")));
        prop_assert!(ratio("requests.all") > 0.0);
        let (written, text) = json::to_json(&record).unwrap();
        let read = json::parse(&text, Path::new("results.json")).unwrap();
        prop_assert!(read == *written, "another record comes back");
        prop_assert!(json::to_json(&read).unwrap().1 == text);
        draw_all(&read);
    }

    /// Two systems that have nothing but their traffic in common.
    #[test]
    fn no_option_of_a_system_moves_its_traffic(
        settings in any_of(CHOICES),
        others in any_of(CHOICES),
        events in prop::collection::vec(select(EVENTS), 0..3),
        hot in select(&["", "{ hot_key = { share = 0.5, for = \"100ms\" } }"][..]),
    ) {
        let mixed: Vec<_> = (settings.iter().zip(&others))
            .map(|(one, other)| if is_traffic(one.0) { *one } else { *other })
            .collect();
        let hot: Vec<&str> = Some(hot).filter(|hot| !hot.is_empty()).into_iter().collect();
        let events: Vec<&str> = hot.iter().copied().chain(events.into_iter().filter(|event| !event.contains("hot_key"))).collect();
        let (one, other) = (accepted(BASE, &settings, &events)?, accepted(BASE, &mixed, &hot)?);
        let (one, other) = (&one.variants[0].model, &other.variants[0].model);
        prop_assume!(traffic(one) == traffic(other));
        prop_assert_eq!(arrivals(one, 1, 0), arrivals(other, 1, 0));
    }
}
