//! Where stale reads come from: instances that nobody tells of a write.

use super::Stopped;
use super::bench::{Bench, about, within};
use crate::oracle::staleness;

/// Of what an untold L1 answers, the others' share of the writes is stale.
pub(super) fn untold_l1(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "How stale is an in-process cache that hears of its own writes only?"
        replications = 20
        duration = "50100s"
        warmup = "100s"
        window = "1000s"

        [clients]
        instances = 4

        [workload]
        arrivals = { poisson = { rate = 4.8 } }
        write_share = 0.16666666666666666
        keys = 1

        [[tier]]
        name = "l1"
        scope = "instance"
        ttl = "none"

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"

        [measure]
        stale_by_tier = true
        "#,
    )?;
    // Each of four instances reads once and writes 0.2 times per second.
    let row = "13 L1 that is not told";
    bench.check(row, &record, "base", "stale.ratio", staleness::untold_stale(1.0, 0.2, 0.6), within(0.003));
    bench.check(row, &record, "base", "tier.l1.stale.ratio", 0.75, within(0.003));
    bench.check(row, &record, "base", "tier.l2.stale.ratio", 0.0, about(0.0));
    Ok(())
}
