//! An instance tier above a shared one: rows 11 and 12.

use crate::oracle::tiers::TwoTiers;

use super::Stopped;
use super::bench::{Bench, about, values, within};

/// Eight instance tiers above one shared tier.
pub(super) fn eight_instances(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What does an instance tier of five seconds leave for the tiers below?"
        replications = 20
        # A cycle of the shared tier takes 60.4 s almost exactly: start in the middle of one, measure 331.
        duration = "20506s"
        warmup = "513s"
        window = "500s"

        [measure]
        value_age = true

        [clients]
        instances = 8

        [workload]
        arrivals = { poisson = { rate = 20 } }
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l1"
        scope = "instance"
        capacity = "unbounded"
        ttl = "5s"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "60s"

        [database]
        read = "0s"
        "#,
    )?;
    let expected = TwoTiers { rate_per_s: 20.0, instances: 8, l1_ttl_s: 5.0, l2_ttl_s: 60.0 };
    let row = "11 two tiers";
    bench.check(row, &record, "base", "tier.l1.hit_ratio", expected.l1_hit(), within(0.001));
    let l2 = expected.l2_requests_per_s();
    bench.check(row, &record, "base", "tier.l2.requests.rate", l2, within(0.01 * l2));
    let db = expected.db_per_s();
    bench.check(row, &record, "base", "db.qps.mean", db, about(0.01 * db));

    let oldest_s = expected.oldest_value_s();
    bench.check(row, &record, "base", "value.age.max_s", oldest_s, about(0.02 * oldest_s));
    let ages_s = values(&record, "base", "value.age.max_s");
    bench.check_all(row, "no older value", &ages_s, |age_s| age_s <= oldest_s);
    Ok(())
}

/// A lower tier with a shorter ttl never hits.
pub(super) fn shorter_below(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "Does a shared tier help whose TTL is shorter than that of the tier above?"
        replications = 5
        duration = "10000s"
        window = "500s"

        [workload]
        arrivals = { poisson = { rate = 10 } }
        keys = 1
        popularity = "uniform"

        [[tier]]
        name = "l1"
        scope = "instance"
        capacity = "unbounded"
        ttl = "5s"

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "4s"

        [database]
        read = "0s"
        "#,
    )?;
    bench.check("12 tier that cannot help", &record, "base", "tier.l2.hit_ratio", 0.0, about(0.0));
    Ok(())
}
