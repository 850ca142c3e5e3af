//! Every option of the grammar does to the system what it is for.

use crate::table::Effect::{Appears, Is, Less, More};
use crate::table::expect;
use crate::tiny::{tiny_record, value};

const L1: (&str, &str) = ("tier.l1.enabled", "true");
const WRITES: (&str, &str) = ("workload.write_share", "0.2");
const ABSENT: (&str, &str) = ("workload.absent", "{ share = 0.3, keys = 50 }");
const SLOW_READ: (&str, &str) = ("database.read", "50ms");
const ONE_SERVER: (&str, &str) = ("database.servers", "1");
const BACK: (&str, &str) = ("writes.strategy", "{ write-back = { flush_interval = \"2s\" } }");
const TIMEOUT: (&str, &str) = ("database.timeout", "20ms");

#[test]
fn arrivals() {
    expect(&[
        (&[], &[("workload.arrivals", "{ constant = { rate = 300 } }")], "", "requests.rate", Is(300.0, 0.2)),
        (
            &[],
            &[("workload.arrivals", "{ poisson = { rate = \"18000/min\" } }")],
            "",
            "requests.rate",
            Is(300.0, 25.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ renewal = { rate = 300, cv2 = 0.2 } }")],
            "",
            "requests.rate",
            Is(300.0, 10.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ renewal = { rate = 300, cv2 = 4.0 } }")],
            "",
            "requests.rate",
            Is(300.0, 45.0),
        ),
        // 10 users who think for 20 ms and wait about a millisecond.
        (
            &[],
            &[("workload.arrivals", "{ closed = { users = 10, think = \"20ms\" } }")],
            "",
            "requests.rate",
            Is(450.0, 50.0),
        ),
        (
            &[],
            &[("workload.arrivals", "{ closed = { users = 10 } }")],
            "",
            "requests.in_system.mean",
            Is(10.0, 0.01),
        ),
        (
            &[],
            &[("workload.profile", "[{ step = { at = \"5s\", factor = 3.0 } }]")],
            "",
            "requests.rate",
            Is(1000.0, 50.0),
        ),
        (
            &[],
            &[("workload.profile", "[{ ramp = { from = \"0s\", to = \"10s\", factor = 3.0 } }]")],
            "",
            "requests.rate",
            Is(1000.0, 50.0),
        ),
        (
            &[],
            &[("workload.profile", "[{ sine = { period = \"20s\", amplitude = 0.9 } }]")],
            "",
            "requests.rate",
            Is(786.5, 50.0),
        ),
        (&[], &[], "{ surge = { factor = 5.0, for = \"2s\" } }", "requests.rate", Is(900.0, 50.0)),
    ]);
}

#[test]
fn keys_sizes_and_clients() {
    expect(&[
        (&[], &[("workload.popularity", "uniform")], "", "hit_ratio", Less),
        (&[], &[("workload.popularity", "{ zipf = { exponent = 2.0 } }")], "", "hit_ratio", More),
        (
            &[],
            &[("workload.popularity", "{ hotspot = { keys = 0.05, requests = 0.95 } }")],
            "",
            "hit_ratio",
            More,
        ),
        (&[], &[("workload.keys", "2000")], "", "hit_ratio", Less),
        (&[], &[("workload.value_size", "10kB")], "", "memory.peak_bytes", More),
        (
            &[],
            &[("workload.value_size", "{ lognormal = { median = \"2kB\", p99 = \"20kB\" } }")],
            "",
            "memory.peak_bytes",
            More,
        ),
        (
            &[],
            &[("workload.value_size", "{ pareto = { location = \"2kB\", scale = \"1kB\", shape = 0.2 } }")],
            "",
            "memory.peak_bytes",
            More,
        ),
        (&[], &[("workload.key_size", "{ constant = \"500B\" }")], "", "memory.peak_bytes", More),
        (&[], &[ABSENT], "", "class.absent.requests.ratio", Is(0.3, 0.03)),
        (&[], &[WRITES], "", "requests.write.ratio", Is(0.2, 0.02)),
        (&[], &[("workload.keys_per_request", "4")], "", "hit_ratio", Less),
        (&[], &[("workload.keys_per_request", "4")], "", "keys.rate", Is(2000.0, 100.0)),
        (
            &[("workload.keys_per_request", "4")],
            &[("tier.l2.multi_get", "mget")],
            "",
            "tier.l2.round_trips.rate",
            Less,
        ),
        (
            &[("workload.keys_per_request", "4")],
            &[("tier.l2.multi_get", "{ mget = { per_key = \"100us\" } }")],
            "",
            "latency.hit.p50_ms",
            More,
        ),
        (&[], &[("workload.exists_share", "0.4")], "", "requests.exists.ratio", Is(0.4, 0.03)),
        (&[], &[("measure.wire", "true")], "", "tier.l2.wire.bytes_per_s", Appears),
        (&[L1], &[("clients.instances", "8")], "", "tier.l1.hit_ratio", Less),
        (&[L1], &[("clients.route", "sticky")], "", "tier.l1.hit_ratio", More),
        // One request every 100 ms, each instance asked every 200 ms: its copy of 150 ms is always gone.
        (
            &[
                ("workload.arrivals", "{ constant = { rate = 10 } }"),
                ("workload.keys", "1"),
                L1,
                ("tier.l1.ttl", "150ms"),
                ("tier.l2.enabled", "false"),
            ],
            &[("clients.route", "round-robin")],
            "",
            "hit_ratio",
            Is(0.0, 0.0),
        ),
        (&[], &[("clients.deadline", "2ms")], "", "error.deadline.ratio", Appears),
        (&[], &[("clients.workers", "1")], "", "workers.wait.p99_ms", Appears),
        (&[], &[("clients.workers", "1")], "", "workers.utilization", Appears),
        (&[("clients.workers", "1")], &[("clients.queue", "0")], "", "error.no_worker.ratio", Appears),
        (&[("clients.workers", "1")], &[("clients.queue", "1")], "", "workers.queue.peak", Is(2.0, 0.0)),
        (&[], &[], "{ hot_key = { share = 0.9, for = \"5s\" } }", "hit_ratio", More),
    ]);
}

#[test]
fn life_of_an_entry() {
    const SMALL: (&str, &str) = ("tier.l2.capacity", "30");
    expect(&[
        (&[], &[("tier.l2.ttl", "none")], "", "db.qps.mean", Less),
        (&[], &[("tier.l2.jitter", "{ plus = \"2s\" }")], "", "hit_ratio", More),
        (&[], &[("tier.l2.jitter", "{ plus = \"100%\" }")], "", "hit_ratio", More),
        (&[], &[("tier.l2.jitter", "{ around = \"900ms\" }")], "", "requests.miss.ratio", More),
        (&[], &[("tier.l2.sliding", "true")], "", "hit_ratio", More),
        (&[ABSENT], &[("tier.l2.negative_ttl", "5s")], "", "db.qps.mean", Less),
        (&[], &[("tier.l2.entry_overhead", "1kB")], "", "memory.peak_bytes", More),
        (&[], &[("tier.l2.prefill", "{ hottest = \"all\", age = \"fresh\" }")], "", "hit_ratio", More),
        (
            &[],
            &[("tier.l2.prefill", "{ hottest = \"all\", age = \"stationary\" }")],
            "",
            "requests.miss.ratio",
            Less,
        ),
        (
            &[("tier.l2.ttl", "none")],
            &[("tier.l2.prefill", "{ hottest = 100, age = \"fresh\" }")],
            "",
            "hit_ratio",
            More,
        ),
        (&[], &[SMALL, ("tier.l2.eviction", "lru")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "fifo")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "clock")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "random")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "sieve")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "s3-fifo")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "2q")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "slru")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "arc")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "lfu")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "w-tinylfu")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "w-tinylfu-adaptive")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "lirs")], "", "evictions.rate", Appears),
        (
            &[],
            &[("tier.l2.capacity", "20kB"), ("tier.l2.eviction", "lru")],
            "",
            "tier.l2.memory.peak_bytes",
            Is(20_000.0, 1_100.0),
        ),
        // With an expiry far above the time of a fetch, a large beta is needed to see anything at all.
        (
            &[],
            &[("tier.l2.refresh", "{ xfetch = { beta = 30.0, mode = \"inline\" } }")],
            "",
            "requests.miss.ratio",
            More,
        ),
        (
            &[],
            &[("tier.l2.refresh", "{ xfetch = { beta = 30.0, mode = \"background\" } }")],
            "",
            "refreshes.rate",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.refresh", "{ uniform = { window = \"900ms\" } }")],
            "",
            "requests.miss.ratio",
            More,
        ),
        (&[], &[("tier.l2.refresh", "{ ahead = { fraction = 0.5 } }")], "", "refreshes.rate", Appears),
        (
            &[],
            &[("tier.l2.refresh", "{ stale-while-revalidate = { grace = \"5s\" } }")],
            "",
            "requests.stale_hit.ratio",
            Appears,
        ),
        (&[], &[L1], "", "requests.miss.ratio", Less),
        (&[L1], &[("tier.l1.access", "1ms")], "", "latency.hit.p50_ms", More),
        (&[("measure.value_age", "true")], &[("tier.l2.ttl", "5s")], "", "value.age.max_s", Is(5.0, 1.0)),
    ]);
}

#[test]
fn shared_tier() {
    const SLOW_NETWORK: (&str, &str) = ("tier.l2.network", "3ms");
    const COMPRESS: (&str, &str) =
        ("tier.l2.compress", "{ above = \"100B\", ratio = 0.5, per_byte = \"1us\" }");
    const NODES: (&str, &str) = ("tier.l2.nodes", "3");
    expect(&[
        (
            &[],
            &[("tier.l2.network", "{ exponential = { mean = \"2ms\" } }")],
            "",
            "latency.hit.mean_ms",
            Is(4.01, 0.5),
        ),
        (&[], &[("tier.l2.service", "1ms")], "", "tier.l2.utilization", More),
        (&[], &[("tier.l2.per_byte", "2us")], "", "latency.hit.mean_ms", More),
        (&[SLOW_NETWORK], &[("tier.l2.pool", "1")], "", "tier.l2.pool.wait.p99_ms", Appears),
        (&[SLOW_NETWORK], &[("tier.l2.pool", "1")], "", "tier.l2.pool.saturation", Appears),
        (&[SLOW_NETWORK], &[("tier.l2.pool", "1")], "", "tier.l2.pool.waited.ratio", Appears),
        (&[], &[("measure.remaining_ttl", "true")], "", "tier.l2.ttl.p50_s", Appears),
        (
            &[SLOW_NETWORK, ("tier.l2.pool", "1"), ("tier.l2.on_failure", "error")],
            &[("tier.l2.pool_timeout", "1ms")],
            "",
            "error.tier.ratio",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "next")],
            "",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "next")],
            "",
            "error.ratio",
            Is(0.0, 0.0),
        ),
        (
            &[],
            &[("tier.l2.timeout", "50us"), ("tier.l2.on_failure", "error")],
            "",
            "error.tier.ratio",
            Is(1.0, 0.0),
        ),
        (
            &[("tier.l2.timeout", "50us")],
            &[("tier.l2.fill_after_failure", "false")],
            "",
            "tier.l2.entries.peak",
            Is(0.0, 0.0),
        ),
        (&[], &[], "{ flush = { tier = \"l2\" } }", "requests.miss.ratio", More),
        (&[], &[], "{ restart = { tier = \"l2\", for = \"2s\" } }", "tier.l2.failures.rate", Appears),
        (
            &[("tier.l2.ttl", "none")],
            &[],
            "{ restart = { tier = \"l2\", for = \"1ms\", keeps = true } }",
            "requests.miss.ratio",
            Is(0.04, 0.01),
        ),
        (&[], &[], "{ warm = { tier = \"l2\", hottest = 100, rate = 200 } }", "warm.keys", Is(100.0, 0.0)),
        (
            &[],
            &[],
            "{ warm = { tier = \"l2\", hottest = 100, rate = 2000, parallel = 1 } }",
            "warm.time_s",
            Is(0.5, 0.2),
        ),
        (
            &[],
            &[],
            "{ down = { target = \"l2\", for = \"2s\", fail = \"refuse\" } }",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[("tier.l2.timeout", "30ms")],
            &[],
            "{ down = { target = \"l2\", for = \"2s\", fail = \"timeout\" } }",
            "latency.all.p99_ms",
            More,
        ),
        (
            &[],
            &[],
            "{ slow = { target = \"l2\", for = \"2s\", factor = 100.0 } }",
            "tier.l2.utilization",
            More,
        ),
        (&[], &[], "{ pause = { target = \"l2\", for = \"1s\" } }", "latency.all.max_ms", Is(1005.0, 30.0)),
        (&[], &[("tier.l2.serialize", "{ per_byte = \"1us\" }")], "", "latency.hit.mean_ms", More),
        (&[], &[("tier.l2.serialize", "{ per_byte = \"1us\" }")], "", "tier.l2.client.cores", Appears),
        (&[], &[COMPRESS], "", "memory.peak_bytes", Less),
        (&[("measure.wire", "true")], &[COMPRESS], "", "tier.l2.wire.bytes_per_s", Less),
        (&[COMPRESS], &[("tier.l2.compress.decompress_per_byte", "9us")], "", "latency.hit.mean_ms", More),
        (&[], &[("tier.l2.bandwidth", "1MB/s")], "", "tier.l2.link.utilization", Appears),
        (&[], &[("tier.l2.bandwidth", "1MB/s")], "", "latency.hit.mean_ms", More),
        (&[], &[("tier.l2.nodes", "4")], "", "tier.l2.utilization", Less),
        (&[], &[("tier.l2.nodes", "4")], "", "tier.l2.node.share.max", Appears),
        (&[NODES], &[], "{ node_lost = { tier = \"l2\", node = 2 } }", "tier.l2.node.share.max", More),
        (
            &[NODES],
            &[],
            "{ node_lost = { tier = \"l2\", node = 2, failover = \"1s\" } }",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[NODES],
            &[],
            "{ node_lost = { tier = \"l2\", node = 2, for = \"1s\", failover = \"never\" } }",
            "tier.l2.failures.rate",
            Appears,
        ),
        (
            &[NODES, ("tier.l2.timeout", "30ms")],
            &[],
            "{ node_lost = { tier = \"l2\", node = 2, failover = \"never\", fail = \"timeout\" } }",
            "latency.all.p90_ms",
            More,
        ),
        (
            &[NODES],
            &[],
            "{ slow = { target = \"l2\", node = 2, for = \"2s\", factor = 100.0 } }",
            "tier.l2.node.utilization.max",
            More,
        ),
        (&[L1, ("tier.l1.ttl", "none")], &[], "{ deploy = { every = \"1s\" } }", "tier.l1.hit_ratio", Less),
        (
            &[L1, ("tier.l1.ttl", "none")],
            &[],
            "{ crash = { instance = 1, for = \"1s\" } }",
            "tier.l1.hit_ratio",
            Less,
        ),
        // Half of the requests for a second.
        (
            &[],
            &[],
            "{ crash = { instance = 1, for = \"2s\", detect = \"1s\" } }",
            "error.crash.ratio",
            Is(0.05, 0.01),
        ),
        (&[], &[], "{ crash = { leader = \"hottest\" } }", "error.crash.ratio", Appears),
        (&[], &[], "{ crash = { leader = 7 } }", "error.crash.ratio", Appears),
    ]);
}

#[test]
fn database() {
    const RETRIES: (&str, &str) = (
        "database.retries",
        "{ attempts = 3, backoff = \"10ms\", factor = 2.0, max = \"15ms\", jitter = 0.5 }",
    );
    const MEAN: &str = "latency.miss.mean_ms";
    expect(&[
        (&[], &[ONE_SERVER], "", "db.queue.mean_ms", Appears),
        (&[], &[("database.servers", "unlimited"), SLOW_READ], "", "db.queue.mean_ms", Is(0.0, 0.0)),
        (&[ONE_SERVER], &[("database.queue", "0")], "", "error.db_rejected.ratio", Appears),
        (&[], &[("database.read", "{ constant = \"20ms\" }")], "", MEAN, Is(20.2, 0.1)),
        (&[], &[("database.read", "{ exponential = { mean = \"20ms\" } }")], "", MEAN, Is(20.2, 2.5)),
        (
            &[],
            &[("database.read", "{ lognormal = { median = \"20ms\", p99 = \"30ms\" } }")],
            "",
            MEAN,
            Is(20.5, 1.0),
        ),
        (&[], &[("database.read", "{ gamma = { mean = \"20ms\", cv2 = 0.5 } }")], "", MEAN, Is(20.2, 2.0)),
        (
            &[],
            &[("database.read", "{ hyperexponential = { mean = \"20ms\", cv2 = 3.0 } }")],
            "",
            MEAN,
            Is(20.2, 5.0),
        ),
        (&[WRITES], &[("database.write", "30ms")], "", "latency.write.mean_ms", More),
        (&[], &[("database.network", "10ms")], "", MEAN, Is(25.2, 0.2)),
        (&[], &[("database.pool", "1")], "", "db.pool.wait.mean_ms", Appears),
        (
            &[("database.pool", "1")],
            &[("database.pool_timeout", "1ms")],
            "",
            "error.pool_timeout.ratio",
            Appears,
        ),
        (&[SLOW_READ], &[TIMEOUT], "", "error.db_timeout.ratio", Appears),
        (
            &[SLOW_READ, TIMEOUT, ("database.late_fill", "false")],
            &[("database.cancel_on_timeout", "true")],
            "",
            "db.concurrency.mean",
            Less,
        ),
        (
            &[SLOW_READ, TIMEOUT, ("database.pool", "1")],
            &[("database.close_on_timeout", "true")],
            "",
            "db.pool.wait.mean_ms",
            Less,
        ),
        (
            &[SLOW_READ, TIMEOUT, ("database.pool", "1"), ("database.close_on_timeout", "true")],
            &[("database.connect", "200ms")],
            "",
            "db.pool.wait.mean_ms",
            More,
        ),
        (&[SLOW_READ, TIMEOUT], &[("database.late_fill", "false")], "", "error.ratio", More),
        (&[SLOW_READ, TIMEOUT], &[RETRIES], "", "db.retries.rate", Appears),
        (&[], &[("database.contention", "{ sigma = 0.5, kappa = 0.01 }")], "", MEAN, More),
        (
            &[WRITES, ("workload.keys", "2"), ("database.write", "60ms")],
            &[("database.row_lock", "true")],
            "",
            "latency.write.mean_ms",
            More,
        ),
        (&[WRITES], &[("database.replicas", "{ count = 2, lag = \"50ms\" }")], "", "stale.ratio", More),
        (
            &[WRITES, ("database.servers", "1"), SLOW_READ],
            &[("database.replicas", "{ count = 3, lag = \"50ms\", servers = 2 }")],
            "",
            "db.queue.mean_ms",
            Less,
        ),
        (&[], &[("database.background", "{ rate = 200 }")], "", "db.qps.mean", More),
        (
            &[],
            &[("database.background", "{ rate = 200, service = \"100ms\" }")],
            "",
            "db.queue.mean_ms",
            Appears,
        ),
        (
            &[],
            &[],
            "{ down = { target = \"database\", for = \"2s\", fail = \"refuse\" } }",
            "error.db_down.ratio",
            Appears,
        ),
        (
            &[TIMEOUT],
            &[],
            "{ down = { target = \"database\", for = \"2s\", fail = \"timeout\" } }",
            "error.db_timeout.ratio",
            Appears,
        ),
        (&[], &[], "{ slow = { target = \"database\", for = \"2s\", factor = 10.0 } }", MEAN, More),
        (
            &[],
            &[],
            "{ pause = { target = \"database\", for = \"2s\" } }",
            "latency.all.max_ms",
            Is(2000.0, 30.0),
        ),
    ]);
}

#[test]
fn limiter() {
    let atomic: &[(&str, &str)] = &[
        ("limiter.tier", "l2"),
        ("limiter.limit", "5"),
        ("limiter.per", "1s"),
        ("limiter.mode", "atomic"),
        ("limiter.callers", "10"),
    ];
    const NAIVE: (&str, &str) = ("limiter.mode", "naive");
    let far = [atomic, &[("tier.l2.network", "5ms")]].concat();
    let roomy = [atomic, &[("limiter.limit", "90")]].concat();
    expect(&[
        // Of 50 requests of a caller in a second 45 are too many.
        (&[], atomic, "", "error.limiter.ratio", Is(0.9, 0.03)),
        (atomic, &[("limiter.limit", "50")], "", "error.limiter.ratio", Less),
        (atomic, &[("limiter.per", "100ms")], "", "error.limiter.ratio", Less),
        (atomic, &[("limiter.callers", "1")], "", "error.limiter.ratio", More),
        (
            &roomy,
            &[("limiter.popularity", "{ zipf = { exponent = 1.0 } }")],
            "",
            "error.limiter.ratio",
            Appears,
        ),
        (atomic, &[("limiter.enabled", "false")], "", "error.ratio", Is(0.0, 0.0)),
        (&far, &[NAIVE], "", "limiter.overshoot.max", Appears),
        (&far, &[NAIVE], "", "latency.limiter.max_ms", More),
    ]);
}

#[test]
fn protection() {
    const BREAKER: (&str, &str) =
        ("database.breaker", "{ failures = 0.5, open = \"500ms\", window = \"1s\" }");
    const DOWN: &str = "{ down = { target = \"database\", for = \"4s\" } }";
    const TRIPS: &str = "db.breaker.trips";
    const RETRIES: (&str, &str) = ("database.retries", "{ attempts = 3 }");
    const LATE: (&str, &str) = ("database.limit", "{ aimd = { late = \"1ms\" } }");
    const HEDGE: (&str, &str) = ("database.hedge", "{ after = \"2ms\" }");
    expect(&[
        (&[], &[BREAKER], DOWN, "error.breaker.ratio", Appears),
        (&[], &[BREAKER], DOWN, TRIPS, Appears),
        (&[], &[BREAKER, ("database.breaker.minimum", "100_000")], DOWN, TRIPS, Is(0.0, 0.0)),
        // Two instances, four seconds.
        (&[], &[BREAKER, ("database.breaker.open", "10s")], DOWN, TRIPS, Is(2.0, 0.0)),
        (&[], &[BREAKER, ("database.breaker.open", "10s")], DOWN, "db.breaker.open.ratio", Is(0.59, 0.03)),
        (
            &[],
            &[BREAKER, ("database.breaker.failures", "1.0"), ("database.breaker.window", "10s")],
            DOWN,
            TRIPS,
            Is(0.0, 0.0),
        ),
        (&[], &[BREAKER, ("database.breaker.probes", "10_000")], DOWN, TRIPS, Is(2.0, 0.0)),
        (
            &[SLOW_READ, TIMEOUT],
            &[RETRIES, ("database.retries.budget", "{ ratio = 0.1 }")],
            "",
            "db.retries.refused.rate",
            Appears,
        ),
        (
            &[SLOW_READ, TIMEOUT, RETRIES],
            &[("database.retries.budget", "{ ratio = 0.1 }")],
            "",
            "db.retries.rate",
            Less,
        ),
        (
            &[SLOW_READ, TIMEOUT, RETRIES, ("database.retries.budget", "{ ratio = 0.1 }")],
            &[("database.retries.budget.burst", "100")],
            "",
            "db.retries.rate",
            More,
        ),
        (&[], &[LATE], "", "db.limit.mean", Is(1.0, 0.7)),
        (&[SLOW_READ], &[LATE], "", "error.limit.ratio", Appears),
        (&[], &[LATE, ("database.limit.aimd.min", "7")], "", "db.limit.mean", Is(7.3, 0.4)),
        (&[], &[LATE, ("database.limit.aimd.min", "20")], "", "db.limit.mean", Is(20.0, 0.0)),
        (
            &[("database.limit", "{ aimd = { late = \"1s\", initial = 1 } }")],
            &[("database.limit.aimd.max", "2")],
            "",
            "db.limit.mean",
            Less,
        ),
        (&[LATE], &[("database.limit.aimd.backoff", "0.1")], "", "db.limit.mean", Less),
        (&[SLOW_READ], &[HEDGE], "", "db.hedges.ratio", Is(1.0, 0.01)),
        (&[SLOW_READ], &[HEDGE], "", "db.hedges.rate", Appears),
        (
            &[("database.read", "{ exponential = { mean = \"20ms\" } }")],
            &[("database.hedge", "{ after = \"p80\" }")],
            "",
            "db.hedges.rate",
            Appears,
        ),
        (&[SLOW_READ, HEDGE], &[("database.hedge.cancel", "true")], "", "db.concurrency.mean", Less),
        (
            &[("tier.l2.timeout", "50us")],
            &[("tier.l2.breaker", "{ failures = 0.5, open = \"1s\" }")],
            "",
            "tier.l2.round_trips.rate",
            Less,
        ),
        (
            &[("tier.l2.timeout", "50us")],
            &[("tier.l2.breaker", "{ failures = 0.5, open = \"1s\" }")],
            "",
            "tier.l2.breaker.trips",
            Appears,
        ),
    ]);
}

#[test]
fn staleness_by_tier() {
    let untold: &[(&str, &str)] = &[L1, WRITES, ("tier.l1.ttl", "none")];
    let by_tier: &[(&str, &str)] = &[("measure.stale_by_tier", "true")];
    expect(&[
        // Two instances, each of which deletes for its own half of the writes.
        (untold, by_tier, "", "tier.l1.stale.ratio", Is(0.5, 0.05)),
        (untold, by_tier, "", "tier.l1.stale.age.p50_s", Appears),
        (untold, by_tier, "", "tier.l1.stale.age.p99_s", Appears),
        // The little that slow readers put back after the delete.
        (untold, by_tier, "", "tier.l2.stale.ratio", Is(0.03, 0.03)),
        (untold, by_tier, "", "db.stale.ratio", Is(0.0, 0.0)),
    ]);
}

#[test]
fn invalidation() {
    const AROUND: (&str, &str) = ("writes.strategy", "write-around");
    const NO_TTL: (&str, &str) = ("tier.l2.ttl", "none");
    const CDC: (&str, &str) = ("invalidation.cdc", "{ lag = \"20ms\" }");
    let untold: &[(&str, &str)] = &[L1, WRITES, ("tier.l1.ttl", "none")];
    let down = "{ down = { target = \"l2\", for = \"2s\" } }";
    expect(&[
        (&[WRITES, AROUND, NO_TTL], &[CDC], "", "stale.ratio", Less),
        (&[WRITES, AROUND, NO_TTL], &[CDC], "", "tier.l2.round_trips.rate", More),
        // A write of one key deletes four.
        (&[WRITES], &[("workload.keys_per_entity", "4")], "", "hit_ratio", Less),
        (&[WRITES, AROUND], &[("workload.keys_per_entity", "4")], "", "stale.ratio", More),
        // Lag and the way through the network.
        (&[WRITES], &[CDC], "", "cdc.lag.p50_s", Is(0.0201, 0.0001)),
        (&[WRITES], &[CDC], "", "cdc.lag.max_s", Is(0.0201, 0.0002)),
        (
            &[WRITES, CDC],
            &[("invalidation.cdc.lag", "{ exponential = { mean = \"1ms\" } }")],
            "",
            "cdc.lag.mean_s",
            Less,
        ),
        (&[WRITES, CDC], &[("invalidation.cdc.rate", "90")], "", "cdc.lag.p99_s", More),
        (&[WRITES, CDC], &[("invalidation.cdc.rate", "90")], "", "cdc.backlog.peak", More),
        (&[WRITES, CDC], &[("invalidation.cdc.retry", "5s")], down, "cdc.lag.max_s", Is(5.5, 0.6)),
        (&[WRITES, CDC], &[], "{ stall = { for = \"3s\" } }", "cdc.lag.max_s", Is(3.0, 0.03)),
        (untold, &[("invalidation.broadcast", "{ delay = \"5ms\" }")], "", "stale.ratio", Less),
        (
            &[L1, WRITES, ("invalidation.broadcast", "{ delay = \"5ms\" }")],
            &[("invalidation.broadcast.delay", "{ exponential = { mean = \"100ms\" } }")],
            "",
            "stale.ratio",
            More,
        ),
    ]);
}

#[test]
fn an_event_can_be_switched_off() {
    let off = [("event.flush-l2.enabled", "false")];
    let event = ["{ flush = { tier = \"l2\" } }"];
    let (quiet, flushed) = (tiny_record(&[], &[]), tiny_record(&[], &event));
    let switched_off = tiny_record(&off, &event);
    assert_eq!(value(&switched_off, "requests.miss.ratio"), value(&quiet, "requests.miss.ratio"));
    assert!(value(&flushed, "requests.miss.ratio") > value(&quiet, "requests.miss.ratio"));
}

#[test]
fn coalescing_and_writes() {
    const DUPLICATES: &str = "db.duplicate_fetches";
    expect(&[
        (&[SLOW_READ], &[("coalescing", "singleflight")], "", DUPLICATES, Less),
        (&[SLOW_READ], &[("coalescing", "{ singleflight = { around = \"lookup\" } }")], "", DUPLICATES, Less),
        (&[SLOW_READ], &[("coalescing", "{ lease = { tier = \"l2\" } }")], "", DUPLICATES, Is(0.0, 0.0)),
        (
            &[SLOW_READ],
            &[("coalescing", "{ lease = { tier = \"l2\", wait_limit = \"10ms\", poll = \"2ms\" } }")],
            "",
            DUPLICATES,
            Less,
        ),
        (
            &[SLOW_READ],
            &[("coalescing", "{ lease = { tier = \"l2\", serve_stale = \"5s\" } }")],
            "",
            "requests.stale_hit.ratio",
            Appears,
        ),
        (&[WRITES], &[("writes.strategy", "write-around")], "", "stale.ratio", More),
        (
            &[WRITES, ("writes.strategy", "write-around")],
            &[("writes.strategy", "invalidate")],
            "",
            "tier.l2.round_trips.rate",
            More,
        ),
        // What was written is found in the cache.
        (&[WRITES], &[("writes.strategy", "update")], "", "hit_ratio", More),
        (&[WRITES], &[("writes.strategy", "write-through")], "", "hit_ratio", More),
        // Two hops and the service of a SET.
        (
            &[WRITES, ("writes.strategy", "update"), ("database.servers", "unlimited")],
            &[("writes.strategy", "write-through")],
            "",
            "latency.write.mean_ms",
            Is(5.21, 0.01),
        ),
        (
            &[WRITES, ("writes.strategy", "update"), ("writes.order", "before-commit")],
            &[("writes.rollback", "0.3")],
            "",
            "writes.phantom_reads",
            Appears,
        ),
        // Two hops and the service of a SET, and no database.
        (&[WRITES], &[("writes.strategy", "write-back")], "", "latency.write.p50_ms", Is(0.21, 0.002)),
        (
            &[WRITES, BACK],
            &[("writes.strategy", "{ write-back = { flush_interval = \"200ms\" } }")],
            "",
            "writes.coalesced.ratio",
            Less,
        ),
        (
            &[WRITES, BACK],
            &[("writes.strategy", "{ write-back = { flush_interval = \"2s\", batch = 5 } }")],
            "",
            "db.qps.mean",
            More,
        ),
        (
            &[WRITES, BACK],
            &[(
                "writes.strategy",
                "{ write-back = { flush_interval = \"2s\", flush_cost = { per_batch = \"300ms\" } } }",
            )],
            "",
            "writes.flush_lag.mean_s",
            More,
        ),
        (
            &[WRITES, BACK],
            &[(
                "writes.strategy",
                "{ write-back = { flush_interval = \"2s\", flush_cost = { per_key = \"5ms\" } } }",
            )],
            "",
            "writes.flush_lag.mean_s",
            More,
        ),
        (&[WRITES], &[("writes.rollback", "30%")], "", "writes.rolled_back.ratio", Is(0.3, 0.05)),
        (&[WRITES], &[("writes.order", "before-commit")], "", "stale.ratio", More),
        (&[WRITES], &[("writes.versioned", "true")], "", "stale.ratio", Less),
        (
            &[WRITES, ("writes.versioned", "true"), ("writes.tombstone_ttl", "1ms")],
            &[("writes.tombstone_ttl", "1s")],
            "",
            "tier.l2.refused_sets.rate",
            More,
        ),
        (&[WRITES], &[("measure.stale_acknowledged", "true")], "", "stale.acknowledged.ratio", Appears),
        (&[WRITES], &[("database.servers", "unlimited")], "", "db.writes_per_request", Is(0.2, 0.02)),
    ]);
}

/// As Redis does it: room for about 30 keys of a kilobyte.
#[test]
fn eviction_and_expiry_of_redis() {
    const SMALL: (&str, &str) = ("tier.l2.capacity", "33kB");
    const LRU: (&str, &str) = ("tier.l2.eviction", "allkeys-lru");
    const VOLATILE: (&str, &str) = ("tier.l2.eviction", "volatile-lru");
    const LASTING: (&str, &str) = ("tier.l2.ttl", "none");
    expect(&[
        (&[], &[SMALL, LRU], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "allkeys-lfu")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "allkeys-random")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "volatile-lru")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "volatile-lfu")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "volatile-random")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "volatile-ttl")], "", "evictions.rate", Appears),
        (&[], &[SMALL, ("tier.l2.eviction", "noeviction")], "", "tier.l2.failed_fills.rate", Appears),
        // Keys that never expire are never evicted either, and then there is no room left.
        (&[SMALL, LASTING, LRU], &[VOLATILE], "", "tier.l2.failed_fills.rate", Appears),
        (&[SMALL, LRU], &[], "", "tier.l2.memory.peak_bytes", Is(33_000.0, 1_100.0)),
        // Looking at all keys there are evicts the least frequently used of all.
        (
            &[SMALL, ("tier.l2.eviction", "allkeys-lfu"), LASTING, ("tier.l2.samples", "1")],
            &[("tier.l2.samples", "64")],
            "",
            "hit_ratio",
            More,
        ),
        // Keys that nobody asks for again go from memory only where somebody looks for them.
        (
            &[("tier.l2.ttl", "100ms")],
            &[("tier.l2.active_expiry", "{ hz = 10, effort = 1 }")],
            "",
            "tier.l2.memory.peak_bytes",
            Less,
        ),
        (
            &[("tier.l2.ttl", "100ms"), ("tier.l2.active_expiry", "{ hz = 1 }")],
            &[("tier.l2.active_expiry", "{ hz = 100 }")],
            "",
            "tier.l2.expired.ratio",
            Less,
        ),
        (
            &[
                ("workload.keys", "3000"),
                ("workload.popularity", "uniform"),
                ("tier.l2.active_expiry", "{ hz = 9 }"),
            ],
            &[("tier.l2.active_expiry", "{ hz = 9, effort = 10 }")],
            "",
            "tier.l2.expired.ratio",
            Less,
        ),
        (
            &[("tier.l2.ttl", "100ms"), ("tier.l2.active_expiry", "{ hz = 100 }")],
            &[("tier.l2.active_expiry", "{ hz = 100, per_key = \"50us\" }")],
            "",
            "tier.l2.utilization",
            More,
        ),
        (
            &[("tier.l2.capacity", "150kB"), LRU],
            &[("tier.l2.active_expiry", "none")],
            "",
            "tier.l2.expired.ratio",
            More,
        ),
        // Of 200 keys each: 24 B in the table, 48 B for a key of 40 B, 16 B for the object, 1,024 B for a value of 1,000 B;
        // and a table of 256 pointers.
        (
            &[LASTING, ("tier.l2.prefill", "{ hottest = \"all\" }"), ("workload.value_size", "1000B")],
            &[("tier.l2.entry_overhead", "redis")],
            "",
            "tier.l2.memory.peak_bytes",
            Is(200.0 * 1_112.0 + 2_048.0, 0.0),
        ),
        (
            &[LASTING, ("tier.l2.prefill", "{ hottest = \"all\" }"), ("workload.value_size", "1000B")],
            &[("tier.l2.entry_overhead", "{ redis = { quantum = \"16B\" } }")],
            "",
            "tier.l2.memory.peak_bytes",
            Is(200.0 * 1_120.0 + 2_048.0, 0.0),
        ),
    ]);
}
