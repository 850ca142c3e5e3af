//! One key under a time to live: rows 1 to 4, 6, 13 and 14.

use herdlab::oracle::ttl;

use crate::support::{check, simulate};

#[test]
fn rows_01_02_04_singleflight_lets_one_read_in_a_cycle_through() {
    let record = simulate(
        r#"
        question = "How often does a key with a TTL of ten seconds go to the database?"
        replications = 20
        duration = "40000s"
        warmup = "100s"
        window = "1000s"
        coalescing = "singleflight"

        [workload]
        arrivals = { poisson = { rate = 5 } }
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "10s"

        [database]
        read = "400ms"

        [[variant]]
        name = "constant fetch"
        set = {}

        [[variant]]
        name = "jitter"
        set = { "tier.l2.jitter" = { around = "5s" } }

        [[variant]]
        name = "exponential fetch"
        set = { "database.read" = { exponential = { mean = "400ms" } } }
        "#,
    );
    let expected = ttl::singleflight(5.0, 10.0, 0.4);
    for (row, variant) in [("1 singleflight", "constant fetch"), ("4 jitter around 5 s", "jitter")] {
        check(row, &record, variant, "requests.hit.ratio", expected.hit, 0.001);
        check(row, &record, variant, "requests.coalesced.ratio", expected.coalesced, 0.001);
        check(row, &record, variant, "requests.miss.ratio", expected.miss, 0.001);
        check(row, &record, variant, "db.qps.mean", expected.db_per_s, 0.01 * expected.db_per_s);
    }

    let constant_ms = 1e3 * ttl::singleflight_wait_s(5.0, 10.0, 0.4, 0.4 * 0.4);
    let row = "2 wait, constant fetch";
    check(row, &record, "constant fetch", "latency.all.mean_ms", constant_ms, 0.02 * constant_ms);
    let exponential_ms = 1e3 * ttl::singleflight_wait_s(5.0, 10.0, 0.4, 2.0 * 0.4 * 0.4);
    let row = "2 wait, exponential fetch";
    check(row, &record, "exponential fetch", "latency.all.mean_ms", exponential_ms, 0.02 * exponential_ms);
}

#[test]
fn row_03_without_singleflight_every_read_during_a_fetch_fetches() {
    let record = simulate(
        r#"
        question = "What does one expiry cost when a fetch takes five seconds?"
        replications = 20
        duration = "20500s"
        warmup = "500s"
        window = "500s"

        [workload]
        arrivals = { poisson = { rate = 10 } }
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "60s"

        [database]
        read = "5s"
        "#,
    );
    let expected = ttl::no_coalescing(10.0, 60.0, 5.0);
    let row = "3 no singleflight";
    check(row, &record, "base", "db.fetches.rate", expected.db_per_s, 0.015 * expected.db_per_s);
    check(row, &record, "base", "stampede.mean", expected.fetches, 0.015 * expected.fetches);
}

#[test]
fn row_06_a_sliding_ttl_lives_until_a_gap_is_longer() {
    let record = simulate(
        r#"
        question = "How long does an entry live when each hit renews it?"
        replications = 20
        duration = "100100s"
        warmup = "100s"
        window = "1000s"
        coalescing = "singleflight"

        [workload]
        arrivals = { poisson = { rate = 1 } }
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "2s"
        sliding = true

        [database]
        read = "0s"

        [[variant]]
        name = "at once"
        set = {}

        [[variant]]
        name = "half a second"
        set = { "database.read" = "500ms" }
        "#,
    );
    let row = "6 sliding TTL, D = 0";
    check(row, &record, "at once", "requests.hit.ratio", ttl::sliding_hit(1.0, 2.0, 0.0), 0.001);
    let row = "6 sliding TTL, D = 0.5 s";
    check(row, &record, "half a second", "requests.hit.ratio", ttl::sliding_hit(1.0, 2.0, 0.5), 0.001);
}

#[test]
fn row_13_writes_around_the_cache_leave_stale_copies() {
    let record = simulate(
        r#"
        question = "How many reads are stale when writes leave the cached copy alone?"
        replications = 20
        duration = "200100s"
        warmup = "100s"
        window = "1000s"

        [workload]
        arrivals = { poisson = { rate = 1.1 } }
        write_share = 0.09090909090909091
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "10s"

        [database]
        read = "0s"

        [writes]
        strategy = "write-around"
        "#,
    );
    let row = "13 staleness";
    check(row, &record, "base", "hit_ratio", ttl::singleflight(1.0, 10.0, 0.0).hit, 0.001);
    // The measure is over all answered reads.
    check(row, &record, "base", "stale.ratio", ttl::write_around_stale(1.0, 0.1, 10.0), 0.003);
}

#[test]
fn row_14_invalidation_is_never_stale_and_costs_one_miss_per_write() {
    let record = simulate(
        r#"
        question = "What do deletes after each write cost?"
        replications = 20
        duration = "40100s"
        warmup = "100s"
        window = "1000s"

        [workload]
        arrivals = { poisson = { rate = 5.05 } }
        write_share = 0.009900990099009901
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "none"

        [database]
        read = "0s"

        [writes]
        strategy = "invalidate"

        [[variant]]
        name = "no ttl"
        set = {}

        [[variant]]
        name = "ttl 10 s"
        set = { "tier.l2.ttl" = "10s" }
        "#,
    );
    for (variant, ttl_s) in [("no ttl", None), ("ttl 10 s", Some(10.0))] {
        let row = format!("14 invalidation, {variant}");
        let expected = ttl::invalidation_hit(5.0, 0.05, ttl_s);
        check(&row, &record, variant, "hit_ratio", expected, 0.001);
        check(&row, &record, variant, "stale.ratio", 0.0, 0.0);
    }
}
