//! The database as a waiting room, no cache: rows 18 to 21.

use crate::oracle::queueing::{ClosedLoop, Mmc, MmcK, md1_wait_mean_s};

use super::Stopped;
use super::bench::{Bench, values, within};

/// M m 10.
pub(super) fn m_m_10(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "How long do requests wait for one of ten servers at 80 % load?"
        replications = 20
        duration = "510s"
        warmup = "10s"
        window = "10s"

        [workload]
        arrivals = { poisson = { rate = 800 } }
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 10
        read = { exponential = { mean = "10ms" } }
        "#,
    )?;
    let expected = Mmc { rate_per_s: 800.0, servers: 10, service_mean_s: 0.010 };
    for (measure, value) in [
        ("db.waited.ratio", expected.wait_probability()),
        ("db.queue.mean_ms", 1e3 * expected.wait_mean_s()),
        ("db.queue.p99_ms", 1e3 * expected.wait_quantile_s(0.99)),
        ("latency.all.p95_ms", 1e3 * expected.response_quantile_s(0.95)),
        ("latency.all.p99_ms", 1e3 * expected.response_quantile_s(0.99)),
    ] {
        bench.check("18 M/M/10", &record, "base", measure, value, within(0.03 * value));
    }
    Ok(())
}

/// M m 10 20.
pub(super) fn m_m_10_20(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "How many requests does a queue of ten places turn away at full load?"
        replications = 20
        duration = "205s"
        warmup = "5s"
        window = "5s"

        [workload]
        arrivals = { poisson = { rate = 1000 } }
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 10
        queue = 10
        read = { exponential = { mean = "10ms" } }
        "#,
    )?;
    let expected = MmcK { rate_per_s: 1000.0, servers: 10, queue: 10, service_mean_s: 0.010 };
    let row = "19 M/M/10/20";
    let rejected = expected.rejected();
    bench.check(row, &record, "base", "error.db_rejected.ratio", rejected, within(0.04 * rejected));
    let goodput = expected.goodput_per_s();
    bench.check(row, &record, "base", "goodput", goodput, within(0.005 * goodput));
    Ok(())
}

/// Closed loop.
pub(super) fn closed_loop(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What do fifty users get out of four servers?"
        replications = 20
        duration = "605s"
        warmup = "5s"
        window = "5s"

        [workload]
        arrivals = { closed = { users = 50, think = { exponential = { mean = "100ms" } } } }
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 4
        read = { exponential = { mean = "10ms" } }
        "#,
    )?;
    let expected = ClosedLoop { users: 50, think_mean_s: 0.1, servers: 4, service_mean_s: 0.010 };
    let row = "20 closed loop";
    let (throughput, response_ms) = (expected.throughput_per_s(), 1e3 * expected.response_mean_s());
    bench.check(row, &record, "base", "goodput", throughput, within(0.01 * throughput));
    bench.check(row, &record, "base", "latency.all.mean_ms", response_ms, within(0.01 * response_ms));

    // Little's law: L = X W. The engine checks the identity to the nanosecond at the end of every run.
    let users_waiting = throughput * response_ms / 1e3;
    bench.check(row, &record, "base", "requests.in_system.mean", users_waiting, within(0.01 * users_waiting));
    Ok(())
}

/// M d 1.
pub(super) fn m_d_1(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "How long do requests wait for one server that always takes ten milliseconds?"
        replications = 20
        duration = "2020s"
        warmup = "20s"
        window = "20s"

        [workload]
        arrivals = { poisson = { rate = 80 } }
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 1
        read = "10ms"
        "#,
    )?;
    let expected_ms = 1e3 * md1_wait_mean_s(80.0, 0.010);
    bench.check("21 M/D/1", &record, "base", "db.queue.mean_ms", expected_ms, within(0.02 * expected_ms));
    let responses_ms = values(&record, "base", "latency.all.mean_ms");
    let waits_ms: Vec<f64> = responses_ms.iter().map(|response_ms| response_ms - 10.0).collect();
    bench.check_values(
        "21 M/D/1",
        "latency.all.mean_ms - 10",
        &waits_ms,
        expected_ms,
        within(0.02 * expected_ms),
    );
    Ok(())
}
