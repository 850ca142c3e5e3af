//! Where stale reads come from: instances without invalidation after a write, deletes that come late, and
//! replicas that lag.

use super::Stopped;
use super::bench::{Bench, about, within};
use crate::oracle::{queueing, staleness};

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
    let row = "13 L1 without invalidation";
    bench.check(row, &record, "base", "stale.ratio", staleness::untold_stale(1.0, 0.2, 0.6), within(0.003));
    bench.check(row, &record, "base", "tier.l1.stale.ratio", 0.75, within(0.003));
    bench.check(row, &record, "base", "tier.l2.stale.ratio", 0.0, about(0.0));
    Ok(())
}

/// A change stream deletes a lag after the commit; a broadcast reaches other instances a delay after the delete.
pub(super) fn late_deletes(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let stream = bench.simulate(
        r#"
        question = "How many reads are stale while the change stream is on its way?"
        replications = 20
        duration = "10100s"
        warmup = "100s"
        window = "100s"

        [workload]
        arrivals = { poisson = { rate = 35 } }
        write_share = 0.14285714285714285
        keys = 1

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"

        [writes]
        strategy = "write-around"

        [invalidation]
        cdc = { lag = "50ms" }

        [[variant]]
        name = "constant lag"

        [[variant]]
        name = "consumer of 6.25 per second"
        set = { "invalidation.cdc" = { lag = "0s", rate = 6.25 } }
        "#,
    )?;
    // 30 reads and 5 writes per second.
    let row = "14 change stream, lag 50 ms";
    let expected = staleness::late_delete_stale(30.0, 0.0, 5.0, 0.05);
    bench.check(row, &stream, "constant lag", "stale.ratio", expected, within(0.002));
    bench.check(row, &stream, "constant lag", "cdc.lag.max_s", 0.05, about(1e-9));
    let row = "14 change stream, consumer M/D/1";
    let expected = queueing::md1_wait_mean_s(5.0, 0.16) + 0.16;
    bench.check(
        row,
        &stream,
        "consumer of 6.25 per second",
        "cdc.lag.mean_s",
        expected,
        within(0.02 * expected),
    );
    let broadcast = bench.simulate(
        r#"
        question = "How many reads are stale while the broadcast is on its way?"
        replications = 20
        duration = "10100s"
        warmup = "100s"
        window = "100s"

        [clients]
        instances = 4

        [workload]
        arrivals = { poisson = { rate = 24 } }
        write_share = 0.16666666666666666
        keys = 1

        [[tier]]
        name = "l1"
        scope = "instance"
        ttl = "none"

        [database]
        read = "0s"

        [invalidation]
        broadcast = { delay = "100ms" }
        "#,
    )?;
    // Each of four instances reads five times and writes once per second.
    let row = "14 broadcast, delay 100 ms";
    let expected = staleness::late_delete_stale(5.0, 1.0, 3.0, 0.1);
    bench.check(row, &broadcast, "base", "stale.ratio", expected, within(0.002));
    Ok(())
}

/// A miss soon after a write fills with what a replica still has.
pub(super) fn lagging_replicas(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What do replicas that lag put into the cache?"
        replications = 20
        duration = "20100s"
        warmup = "100s"
        window = "1000s"

        [workload]
        arrivals = { poisson = { rate = 12 } }
        write_share = 0.16666666666666666
        keys = 1

        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"

        [database]
        read = "0s"
        replicas = { count = 3, lag = "50ms" }
        "#,
    )?;
    // Ten reads and two writes per second.
    let row = "13 replicas, lag 50 ms";
    bench.check(
        row,
        &record,
        "base",
        "stale.ratio",
        staleness::replica_stale(10.0, 2.0, 0.05),
        within(0.004),
    );
    Ok(())
}
