//! Many keys: rows 5 and 15.

use crate::oracle::special::zipf;
use crate::oracle::ttl::{SynchronisedExpiry, zipf_no_coalescing_per_s, zipf_singleflight};

use super::Stopped;
use super::bench::{Bench, about, within};

const DEPLOY: &str = r#"
    question = "What does the database see when everything was loaded at once?"
    replications = 4
    duration = "301s"
    warmup = "300s"

    [workload]
    arrivals = { poisson = { rate = 10_000 } }
    keys = 10_000
    popularity = "uniform"

    [[tier]]
    name = "l2"
    scope = "shared"
    capacity = "unbounded"
    ttl = "300s"
    prefill = { hottest = "all", age = "fresh" }

    [database]
    read = "0s"
"#;

/// Entries loaded together expire together.
pub(super) fn synchronised_expiry(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let together =
        SynchronisedExpiry { keys: 10_000.0, reads_per_key_per_s: 1.0, ttl_s: 300.0, spread_s: 0.0 };
    let first_second = together.fetches_between(300.0, 301.0);
    let record = bench.simulate(DEPLOY)?;
    let row = "5 expiry, first second";
    bench.check(row, &record, "base", "db.qps.mean", first_second, within(0.03 * first_second));

    let jitter = ("tier.l2.jitter", "{ around = \"30s\" }");
    let record = bench.simulate_set(DEPLOY, &[jitter, ("warmup", "\"290s\""), ("duration", "\"320s\"")])?;
    let plateau = SynchronisedExpiry { spread_s: 60.0, ..together }.plateau_per_s();
    let row = "5 expiry, jitter around 30 s";
    bench.check(row, &record, "base", "db.qps.mean", plateau, about(0.1 * plateau));

    // One whole cycle, cut between two waves.
    let cycle = [("warmup", "\"150s\""), ("duration", "\"451s\""), ("replications", "2")];
    let record = bench.simulate_set(DEPLOY, &cycle)?;
    let row = "5 expiry, whole cycle";
    bench.check(
        row,
        &record,
        "base",
        "db.qps.mean",
        together.mean_per_s(),
        about(0.02 * together.mean_per_s()),
    );
    Ok(())
}

/// Zipf keys add up.
pub(super) fn zipf_sum(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What do ten thousand keys of Zipfian popularity ask of the database?"
        replications = 20
        duration = "300s"
        warmup = "20s"
        window = "10s"
        coalescing = "singleflight"

        [workload]
        arrivals = { poisson = { rate = 1000 } }
        keys = 10_000
        popularity = { zipf = { exponent = 1.0 } }

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "60s"
        prefill = { hottest = "all", age = "stationary" }

        [database]
        read = "50ms"

        [[variant]]
        name = "singleflight"
        set = {}

        [[variant]]
        name = "none"
        set = { coalescing = "none" }
        "#,
    )?;
    let p = zipf(10_000, 1.0);
    let expected = zipf_singleflight(1000.0, &p, 60.0, 0.05);
    let row = "15 Zipf sum, singleflight";
    bench.check(row, &record, "singleflight", "requests.hit.ratio", expected.hit, within(0.001));
    bench.check(
        row,
        &record,
        "singleflight",
        "db.qps.mean",
        expected.db_per_s,
        within(0.005 * expected.db_per_s),
    );
    let alone = zipf_no_coalescing_per_s(1000.0, &p, 60.0, 0.05);
    let row = "15 Zipf sum, no coalescing";
    bench.check(row, &record, "none", "db.qps.mean", alone, within(0.005 * alone));
    Ok(())
}
