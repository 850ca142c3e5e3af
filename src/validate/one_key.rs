//! One key under a time to live: rows 1 to 4, 6, 13 and 14.

use crate::oracle::ttl;

use super::Stopped;
use super::bench::{Bench, within};

/// Singleflight lets one read in a cycle through.
pub(super) fn singleflight(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
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
    )?;
    let expected = ttl::singleflight(5.0, 10.0, 0.4);
    for (row, variant) in [("1 singleflight", "constant fetch"), ("4 jitter around 5 s", "jitter")] {
        bench.check(row, &record, variant, "requests.hit.ratio", expected.hit, within(0.001));
        bench.check(row, &record, variant, "requests.coalesced.ratio", expected.coalesced, within(0.001));
        bench.check(row, &record, variant, "requests.miss.ratio", expected.miss, within(0.001));
        bench.check(
            row,
            &record,
            variant,
            "db.qps.mean",
            expected.db_per_s,
            within(0.01 * expected.db_per_s),
        );
    }

    let constant_ms = 1e3 * ttl::singleflight_wait_s(5.0, 10.0, 0.4, 0.4 * 0.4);
    let row = "2 wait, constant fetch";
    bench.check(
        row,
        &record,
        "constant fetch",
        "latency.all.mean_ms",
        constant_ms,
        within(0.02 * constant_ms),
    );
    let exponential_ms = 1e3 * ttl::singleflight_wait_s(5.0, 10.0, 0.4, 2.0 * 0.4 * 0.4);
    let row = "2 wait, exponential fetch";
    bench.check(
        row,
        &record,
        "exponential fetch",
        "latency.all.mean_ms",
        exponential_ms,
        within(0.02 * exponential_ms),
    );
    Ok(())
}

/// Without singleflight every read during a fetch fetches.
pub(super) fn no_coalescing(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
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
    )?;
    let expected = ttl::no_coalescing(10.0, 60.0, 5.0);
    let row = "3 no singleflight";
    bench.check(
        row,
        &record,
        "base",
        "db.fetches.rate",
        expected.db_per_s,
        within(0.015 * expected.db_per_s),
    );
    bench.check(row, &record, "base", "stampede.mean", expected.fetches, within(0.015 * expected.fetches));
    Ok(())
}

/// A sliding ttl lives until a gap is longer.
pub(super) fn sliding(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
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
    )?;
    let row = "6 sliding TTL, D = 0";
    bench.check(
        row,
        &record,
        "at once",
        "requests.hit.ratio",
        ttl::sliding_hit(1.0, 2.0, 0.0),
        within(0.001),
    );
    let row = "6 sliding TTL, D = 0.5 s";
    bench.check(
        row,
        &record,
        "half a second",
        "requests.hit.ratio",
        ttl::sliding_hit(1.0, 2.0, 0.5),
        within(0.001),
    );
    Ok(())
}

/// Writes around the cache leave stale copies.
pub(super) fn write_around(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
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
    )?;
    let row = "13 staleness";
    bench.check(row, &record, "base", "hit_ratio", ttl::singleflight(1.0, 10.0, 0.0).hit, within(0.001));
    // The measure is over all answered reads.
    bench.check(row, &record, "base", "stale.ratio", ttl::write_around_stale(1.0, 0.1, 10.0), within(0.003));
    Ok(())
}

/// Invalidation is never stale and costs one miss per write.
pub(super) fn invalidation(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
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
    )?;
    for (variant, ttl_s) in [("no ttl", None), ("ttl 10 s", Some(10.0))] {
        let row = format!("14 invalidation, {variant}");
        let expected = ttl::invalidation_hit(5.0, 0.05, ttl_s);
        bench.check(&row, &record, variant, "hit_ratio", expected, within(0.001));
        bench.check(&row, &record, variant, "stale.ratio", 0.0, within(0.0));
    }
    Ok(())
}
