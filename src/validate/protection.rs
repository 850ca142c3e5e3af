//! Protection: row 22 with what brings the database back, and row 25.

use crate::oracle::overload::HedgedRead;

use super::Stopped;
use super::bench::{Bench, values, within};
use super::overload::retrying_clients;

/// A retry budget and a circuit breaker let row 22's database recover at rates at which it does not without.
pub(super) fn retries(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    // With at most 10 % of retries 280 requests a second are at most 308, and 240 are 264 where 300 can be done.
    let record = bench.simulate(&retrying_clients(
        160,
        r#"
        [[variant]]
        name = "nothing"

        [[variant]]
        name = "budget"
        set = { "database.retries.budget" = { ratio = 0.1 } }

        [[variant]]
        name = "budget, 240/s"
        set = { "database.retries.budget" = { ratio = 0.1 }, "workload.arrivals.poisson.rate" = 240 }

        [[variant]]
        name = "breaker"
        set = { "database.breaker" = { failures = 0.5, open = "5s" } }
        "#,
    ))?;
    for (variant, stays_down) in [("nothing", 1.0), ("budget", 0.0), ("budget, 240/s", 0.0), ("breaker", 0.0)]
    {
        let found = values(&record, variant, "event.pause-database.metastable");
        let what = if stays_down == 1.0 { "no recovery" } else { "recovery" };
        bench.check_all(&format!("22 protected, {variant}"), what, &found, |found| found == stays_down);
    }
    bench.check("22 protected, budget", &record, "budget", "goodput", 160.0, within(0.03 * 160.0));
    Ok(())
}

/// The first of two answers, the second request being sent later.
pub(super) fn hedges(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What do second attempts take off the tail, and what do they cost?"
        replications = 20
        duration = "100s"

        [workload]
        arrivals = { poisson = { rate = 500 } }
        keys = 1000
        popularity = "uniform"

        [database]
        read = { exponential = { mean = "100ms" } }
        hedge = { after = "50ms" }

        [[variant]]
        name = "both go on"

        [[variant]]
        name = "the loser is withdrawn"
        set = { "database.hedge.cancel" = true }
        "#,
    )?;
    let read = HedgedRead { mean_s: 0.1, after_s: 0.05 };
    let variant = "both go on";
    let row = "25 hedged reads";
    let mean_ms = 1e3 * read.mean_s();
    bench.check(row, &record, variant, "latency.all.mean_ms", mean_ms, within(0.005 * mean_ms));
    let p99_ms = 1e3 * read.quantile_s(0.99);
    bench.check(row, &record, variant, "latency.all.p99_ms", p99_ms, within(0.01 * p99_ms));
    bench.check(row, &record, variant, "db.hedges.ratio", read.hedged(), within(0.004));
    // Two that are alike are as likely to be the first.
    bench.check(row, &record, variant, "db.hedges.won.ratio", 0.5, within(0.005));
    // All the work is done; or, since two until one is done are as much work as one alone, no more than without.
    let work = 500.0 * read.mean_s * (1.0 + read.hedged());
    bench.check(row, &record, variant, "db.concurrency.mean", work, within(0.01 * work));
    let withdrawn = "the loser is withdrawn";
    let least = 500.0 * read.mean_s;
    bench.check(row, &record, withdrawn, "db.concurrency.mean", least, within(0.01 * least));
    Ok(())
}
