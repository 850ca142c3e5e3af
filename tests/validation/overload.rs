//! Overload and its measurement: rows 22 to 24.

use herdlab::oracle::overload::{PausedDatabase, hottest_share, nearest_rank, retry_threshold_per_s};
use herdlab::oracle::special::zipf;

use crate::support::{check, simulate, values};

#[test]
fn row_22_retries_keep_a_database_down_after_a_pause() {
    // 30 servers at 100 ms do 300 per second; one retry doubles what arrives once attempts time out.
    let threshold = retry_threshold_per_s(30, 0.1, 2);
    assert!(140.0 < threshold && threshold < 160.0);
    let record = simulate(
        r#"
        question = "Does a database with retrying clients come back after ten seconds of silence?"
        replications = 10
        duration = "350s"
        warmup = "300s"
        drain = "0s"

        [workload]
        arrivals = { poisson = { rate = 140 } }
        keys = 1000
        popularity = "uniform"

        [database]
        servers = 30
        read = { exponential = { mean = "100ms" } }
        timeout = "1s"
        retries = { attempts = 2 }

        [[event]]
        at = "30s"
        what = { pause = { target = "database", for = "10s" } }

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
    );
    check("22 retries, 140/s", &record, "140/s", "goodput", 140.0, 0.03 * 140.0);
    check("22 retries, 160/s", &record, "160/s", "goodput", 0.0, 0.01 * 160.0);
    assert!(values(&record, "140/s", "goodput").iter().all(|goodput| *goodput > 0.95 * 140.0));
    assert!(values(&record, "160/s", "goodput").iter().all(|goodput| *goodput < 0.01 * 160.0));
    check("22 retries, 280/s", &record, "280/s", "db.qps.mean", 560.0, 0.03 * 560.0);
}

#[test]
fn row_23_a_flush_uncovers_a_database_that_cannot_carry_the_load() {
    // Nine of ten requests hit, so 1000 requests per second leave 100 for a database that does 300.
    let cached = hottest_share(&zipf(100_000, 1.0), 30_000);
    assert!((cached - 0.90).abs() < 0.005);
    let record = simulate(
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
    );
    // The class must be the same for all seeds.
    assert!(
        values(&record, "280/s", "event.flush-l2.metastable").iter().all(|stays_down| *stays_down == 0.0)
    );
    assert!(values(&record, "1000/s", "goodput").iter().all(|goodput| *goodput < 0.60 * 1000.0));
    check("23 flush, 280/s", &record, "280/s", "goodput", 280.0, 0.03 * 280.0);
    check("23 flush, 1000/s", &record, "1000/s", "goodput", 420.0, 20.0);
    check("23 flush, late fills", &record, "1000/s, late fills", "goodput", 770.0, 20.0);
}

#[test]
fn row_24_the_open_loop_sees_the_pause_and_the_closed_loop_does_not() {
    let record = simulate(
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
    );
    let paused = PausedDatabase { service_ms: 10, pause_from_ms: 2000, pause_to_ms: 2500, duration_ms: 5000 };
    for (variant, latencies_ms) in [("open", paused.open_ms(10)), ("closed", paused.closed_ms())] {
        let Some(expected_ms) = nearest_rank(&latencies_ms, 0.99) else { panic!("no latencies") };
        let row = format!("24 coordinated omission, {variant}");
        let expected_ms = expected_ms as f64;
        check(&row, &record, variant, "latency.all.p99_ms", expected_ms, 0.005 * expected_ms);
        let all = latencies_ms.len() as f64;
        check(&row, &record, variant, "requests.all", all, 0.0);
    }
}
