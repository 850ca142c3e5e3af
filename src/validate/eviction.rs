//! Bounded caches: rows 16 and 17.

use crate::oracle::che::{self, Renewal};
use crate::oracle::small_cache::{fifo_hit, lru_hit};
use crate::oracle::special::zipf;

use super::Stopped;
use super::bench::{Bench, about, within};

/// Large caches follow che.
pub(super) fn large_caches(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What does a cache of a tenth of the keys hit?"
        replications = 3
        duration = "140s"
        warmup = "40s"
        window = "10s"

        [workload]
        arrivals = { poisson = { rate = 10_000 } }
        keys = 100_000
        popularity = { zipf = { exponent = 1.0 } }

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = 10_000
        eviction = "lru"
        ttl = "none"

        [database]
        read = "0s"

        [[variant]]
        name = "lru"
        set = {}

        [[variant]]
        name = "fifo"
        set = { "tier.l2.eviction" = "fifo" }

        [[variant]]
        name = "random"
        set = { "tier.l2.eviction" = "random" }
        "#,
    )?;
    let p = zipf(100_000, 1.0);
    for (variant, renewal) in
        [("lru", Renewal::EveryHit), ("fifo", Renewal::FillOnly), ("random", Renewal::FillOnly)]
    {
        let row = format!("16 Che, {variant}");
        bench.check(&row, &record, variant, "hit_ratio", che::hit(&p, 10_000.0, renewal), about(0.002));
    }
    Ok(())
}

/// Small caches are exact.
pub(super) fn small_caches(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What does a cache of two of five keys hit?"
        replications = 10
        duration = "501s"
        warmup = "1s"
        window = "100s"

        [workload]
        arrivals = { poisson = { rate = 1000 } }
        keys = 5
        popularity = { zipf = { exponent = 1.0 } }

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = 2
        eviction = "lru"
        ttl = "none"

        [database]
        read = "0s"

        [[variant]]
        name = "lru"
        set = {}

        [[variant]]
        name = "fifo"
        set = { "tier.l2.eviction" = "fifo" }

        [[variant]]
        name = "random"
        set = { "tier.l2.eviction" = "random" }
        "#,
    )?;
    let p = zipf(5, 1.0);
    for (variant, expected) in
        [("lru", lru_hit(&p, 2)), ("fifo", fifo_hit(&p, 2)), ("random", fifo_hit(&p, 2))]
    {
        bench.check(&format!("17 exact, {variant}"), &record, variant, "hit_ratio", expected, within(0.0005));
    }
    Ok(())
}
