//! Overload and its measurement: rows 22 to 24.

use crate::oracle::overload::{PausedDatabase, nearest_rank, retry_threshold_per_s};

use super::Stopped;
use super::bench::{Bench, about, values};

/// Row 22: clients that retry, and a database that pauses for ten seconds.
pub(super) fn retrying_clients(rate_per_s: u32, variants: &str) -> String {
    format!(
        r#"
        question = "Does a database with retrying clients come back after ten seconds of silence?"
        replications = 10
        duration = "350s"
        warmup = "300s"
        drain = "0s"

        [workload]
        arrivals = {{ poisson = {{ rate = {rate_per_s} }} }}
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 30
        read = {{ exponential = {{ mean = "100ms" }} }}
        timeout = "1s"
        retries = {{ attempts = 2 }}

        [[event]]
        at = "30s"
        what = {{ pause = {{ target = "database", for = "10s" }} }}
        {variants}"#
    )
}

/// Retries keep a database down after a pause.
pub(super) fn retries(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    // 30 servers at 100 ms do 300 per second; one retry doubles what arrives once attempts time out.
    let threshold_per_s = retry_threshold_per_s(30, 0.1, 2);
    let record = bench.simulate(&retrying_clients(
        140,
        r#"
        [[variant]]
        name = "140/s"
        set = {}

        [[variant]]
        name = "160/s"
        set = { "workload.arrivals.poisson.rate" = 160 }

        [[variant]]
        name = "280/s"
        set = { "workload.arrivals.poisson.rate" = 280 }
        "#,
    ))?;
    bench.check("22 retries, 140/s", &record, "140/s", "goodput", 140.0, about(0.03 * 140.0));
    bench.check("22 retries, 160/s", &record, "160/s", "goodput", 0.0, about(0.01 * 160.0));
    // Below the threshold it recovers, above it does not, whatever the seed.
    for (variant, rate_per_s) in [("140/s", 140.0), ("160/s", 160.0)] {
        let goodput = values(&record, variant, "goodput");
        let system = format!("22 retries, {variant}");
        if rate_per_s < threshold_per_s {
            bench.check_all(&system, "95 % goodput", &goodput, |goodput| goodput > 0.95 * rate_per_s);
        } else {
            bench.check_all(&system, "1 % goodput or less", &goodput, |goodput| goodput < 0.01 * rate_per_s);
        }
    }
    bench.check("22 retries, 280/s", &record, "280/s", "db.qps.mean", 560.0, about(0.03 * 560.0));
    Ok(())
}

/// A flush uncovers a database that cannot carry the load.
pub(super) fn flush(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    // The 30,000 hottest keys take nine of ten requests: 1000 per second leave 100 for a database that does 300.
    let record = bench.simulate(
        r#"
        question = "Does the system come back after its cache is flushed?"
        replications = 20
        duration = "150s"
        warmup = "140s"
        drain = "0s"

        [workload]
        arrivals = { poisson = { rate = 280 } }
        keys = 100_000
        popularity = { zipf = { exponent = 1.0 } }

        [[tier]]
        name = "l2"
        scope = "shared"
        capacity = "unbounded"
        ttl = "none"
        prefill = { hottest = 30_000, age = "fresh" }

        [database]
        servers = 30
        read = { exponential = { mean = "100ms" } }
        timeout = "1s"
        late_fill = false
        retries = { attempts = 2 }

        [[event]]
        at = "30s"
        what = { flush = { tier = "l2" } }

        [[variant]]
        name = "280/s"
        set = {}

        [[variant]]
        name = "1000/s"
        set = { "workload.arrivals.poisson.rate" = 1000 }

        [[variant]]
        name = "1000/s, late fills"
        set = { "workload.arrivals.poisson.rate" = 1000, "database.late_fill" = true }
        "#,
    )?;
    // The class must be the same for all seeds.
    let stays_down = values(&record, "280/s", "event.flush-l2.metastable");
    bench.check_all("23 flush, 280/s", "recovery", &stays_down, |stays_down| stays_down == 0.0);
    bench.check_all(
        "23 flush, 1000/s",
        "goodput below 60 %",
        &values(&record, "1000/s", "goodput"),
        |goodput| goodput < 0.60 * 1000.0,
    );
    bench.check("23 flush, 280/s", &record, "280/s", "goodput", 280.0, about(0.03 * 280.0));
    bench.check("23 flush, 1000/s", &record, "1000/s", "goodput", 420.0, about(20.0));
    bench.check("23 flush, late fills", &record, "1000/s, late fills", "goodput", 770.0, about(20.0));
    Ok(())
}

/// The open loop sees the pause and the closed loop does not.
pub(super) fn coordinated_omission(bench: &mut Bench<'_>) -> Result<(), Stopped> {
    let record = bench.simulate(
        r#"
        question = "What is the p99 of a service that stands still for half a second out of five?"
        replications = 1
        duration = "5s"

        [workload]
        arrivals = { constant = { rate = 100 } }
        keys = 1000
        popularity = "uniform"

        [database]
        read = "10ms"

        [[event]]
        at = "2s"
        what = { pause = { target = "database", for = "500ms" } }

        [[variant]]
        name = "open"
        set = {}

        [[variant]]
        name = "closed"
        set = { "workload.arrivals" = { closed = { users = 1, think = "0s" } } }
        "#,
    )?;
    let paused = PausedDatabase { service_ms: 10, pause_from_ms: 2000, pause_to_ms: 2500, duration_ms: 5000 };
    for (variant, latencies_ms) in [("open", paused.open_ms(10)), ("closed", paused.closed_ms())] {
        let Some(expected_ms) = nearest_rank(&latencies_ms, 0.99) else { continue };
        let row = format!("24 coordinated omission, {variant}");
        let expected_ms = expected_ms as f64;
        bench.check(&row, &record, variant, "latency.all.p99_ms", expected_ms, about(0.005 * expected_ms));
        let all = latencies_ms.len() as f64;
        bench.check(&row, &record, variant, "requests.all", all, about(0.0));
    }
    Ok(())
}
