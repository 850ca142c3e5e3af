//! What the loop leaves that is compiled for plain systems, compared with the other one in which everything is torn.

use proptest::prelude::*;
use proptest::sample::select;

use crate::tiny::{accepted, any_of};
use crate::torn::left;

/// What a plain system may have: one value for each.
const CHOICES: &[(&str, &[&str])] = &[
    ("clients.instances", &["1", "3"]),
    ("clients.route", &["random", "round-robin", "sticky"]),
    (
        "workload.arrivals",
        &[
            "{ poisson = { rate = 2000 } }",
            "{ constant = { rate = 3000 } }",
            "{ renewal = { rate = 300, cv2 = 5.0 } }",
        ],
    ),
    ("workload.keys", &["1", "30", "3000"]),
    ("workload.popularity", &["uniform", "{ zipf = { exponent = 1.2 } }"]),
    ("workload.value_size", &["1kB", "{ lognormal = { median = \"300B\", p99 = \"40kB\" } }"]),
    ("workload.absent", &["none", "{ share = 0.2, keys = 20 }"]),
    ("tier.l1.enabled", &["true", "false"]),
    ("tier.l1.capacity", &["unbounded", "5", "3kB"]),
    ("tier.l1.eviction", &["lru", "sieve", "random"]),
    ("tier.l1.ttl", &["50ms", "none"]),
    ("tier.l1.access", &["0s", "100us"]),
    ("tier.l2.enabled", &["true", "false"]),
    ("tier.l2.capacity", &["unbounded", "20", "20kB"]),
    ("tier.l2.eviction", &["lru", "fifo", "clock", "random", "s3-fifo", "lfu"]),
    ("tier.l2.ttl", &["200ms", "2s"]),
    ("tier.l2.jitter", &["none", "{ plus = \"100ms\" }"]),
    ("tier.l2.sliding", &["false", "true"]),
    ("tier.l2.negative_ttl", &["none", "100ms"]),
    ("tier.l2.network", &["0s", "100us", "{ exponential = { mean = \"1ms\" } }"]),
    ("tier.l2.service", &["0s", "200us"]),
    ("tier.l2.per_byte", &["0s", "10ns"]),
    ("database.servers", &["unlimited", "1", "5"]),
    ("database.read", &["0s", "5ms", "{ lognormal = { median = \"3ms\", p99 = \"50ms\" } }"]),
    ("database.network", &["0s", "{ gamma = { mean = \"1ms\", cv2 = 2.0 } }"]),
    ("database.contention", &["none", "{ sigma = 0.05, kappa = 0.001 }"]),
    ("coalescing", &["none", "singleflight"]),
];

const EVENTS: &[&str] = &[
    "{ flush = { tier = \"l2\" } }",
    "{ restart = { tier = \"l2\", for = \"100ms\" } }",
    "{ down = { target = \"l2\", for = \"100ms\", fail = \"refuse\" } }",
    "{ deploy = { every = \"20ms\" } }",
    "{ slow = { target = \"l2\", for = \"100ms\", factor = 20.0 } }",
    "{ slow = { target = \"database\", for = \"100ms\", factor = 20.0 } }",
    "{ pause = { target = \"l2\", for = \"100ms\" } }",
    "{ pause = { target = \"database\", for = \"100ms\" } }",
    "{ surge = { factor = 3.0, for = \"500ms\" } }",
    "{ hot_key = { share = 0.5, for = \"100ms\" } }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plain_systems_leave_the_same_torn_everywhere(
        settings in any_of(CHOICES),
        events in prop::collection::vec(select(EVENTS), 0..3),
    ) {
        let experiment = accepted(&[("duration", "8s")], &settings, &events)?;
        let model = &experiment.variants[0].model;
        prop_assert_eq!(left(model, false), left(model, true));
    }
}
