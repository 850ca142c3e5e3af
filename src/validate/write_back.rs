//! Writes that a cache acknowledges: how many the database sees, how late, and what a crash takes.

use super::Stopped;
use super::bench::{Bench, about, within};
use crate::oracle::write_back;

/// A key costs the database one write per interval in which it is written, however often.
pub(super) fn coalescing(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What does the database see of the writes of 200 keys?"
        replications = 10
        duration = "2100s"
        warmup = "100s"
        window = "100s"

        [workload]
        arrivals = { poisson = { rate = 100 } }
        write_share = 0.4
        keys = 200

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"

        [writes]
        strategy = { write-back = { flush_interval = "5s" } }

        [[variant]]
        name = "every 5 s"

        [[variant]]
        name = "every 20 s"
        set = { "writes.strategy.write-back.flush_interval" = "20s" }
        "#,
    )?;
    // Each key is written 0.2 times per second.
    for (variant, interval_s) in [("every 5 s", 5.0), ("every 20 s", 20.0)] {
        let row = format!("26 write-back {variant}");
        let coalesced = 1.0 - write_back::writes_left(0.2, interval_s);
        bench.check(&row, &record, variant, "writes.coalesced.ratio", coalesced, within(0.002));
        let writes = 0.4 * write_back::writes_left(0.2, interval_s);
        bench.check(&row, &record, variant, "db.writes_per_request", writes, within(0.002));
        let lag_s = write_back::flush_lag_mean_s(0.2, interval_s);
        bench.check(&row, &record, variant, "writes.flush_lag.mean_s", lag_s, within(0.005 * lag_s));
        bench.check(&row, &record, variant, "writes.lost", 0.0, about(0.0));
        bench.check(&row, &record, variant, "stale.ratio", 0.0, about(0.0));
    }
    Ok(())
}

/// A crash takes what was written since the worker woke.
pub(super) fn crash(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What does a crash take of what was acknowledged?"
        replications = 100
        duration = "30s"

        [workload]
        arrivals = { poisson = { rate = 500 } }
        write_share = 0.4
        keys = 200

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"

        [writes]
        strategy = { write-back = { flush_interval = "5s" } }

        [[event]]
        at = "18s"
        what = { restart = { tier = "l2", for = "1s" } }
        "#,
    )?;
    // 200 writes per second, three seconds after the third waking.
    let row = "26 write-back, crash";
    let lost = write_back::lost_writes(200.0, 3.0);
    bench.check(row, &record, "base", "writes.lost", lost, within(0.02 * lost));
    // The oldest is the first of them.
    bench.check(row, &record, "base", "writes.lost_age.max_s", 3.0 - 1.0 / 200.0, within(0.005));
    bench.check(row, &record, "base", "writes.unflushed", 0.0, about(0.0));
    Ok(())
}
