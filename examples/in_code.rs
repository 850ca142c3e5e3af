//! A scenario in code, without a file: build it, run it, read measures with their intervals, write the report.
//!
//! `cargo run --release --example in_code [FOLDER]`

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use herdlab::experiment::comparison::compare;
use herdlab::experiment::run::{RunOptions, run};
use herdlab::report::format::with_unit;
use herdlab::report::{self, html::Charts};
use herdlab::scenario::build::{Database, Scenario, Tier, Time, Variant, Workload};

fn main() -> Result<(), Box<dyn Error>> {
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let experiment = Scenario::new("Does singleflight keep a flush from hurting?", s(60))
        .name("flushed")
        .warmup(s(20))
        .replications(6)
        .set("clients.instances", 4)
        .workload(Workload::poisson(400.0).keys(5_000).zipf(1.1))
        .tier(Tier::shared("l2", s(300)).network(Time::exponential(ms(1))))
        .database(Database::reading(Time::exponential(ms(40))).servers(30))
        .event(s(30), "flush", &[("tier", "l2".into())])
        .variant(Variant::new("as it is"))
        .variant(Variant::new("singleflight").set("coalescing", "singleflight"))
        .experiment()?;
    let outcome = run(&experiment, &RunOptions::default())?;

    let comparison = compare(&outcome.record);
    for variant in &comparison.variants {
        for name in ["hit_ratio", "db.qps.peak", "latency.all.p99_ms"] {
            let measure = variant.measure(name).ok_or("no such measure")?;
            let estimate = measure.estimate.ok_or("no replication has a value")?;
            let (low, high) = estimate.interval.ok_or("one replication has no interval")?;
            let figure = |value| with_unit(value, &measure.unit);
            println!(
                "{}: {name} {} ({} to {})",
                variant.name,
                figure(estimate.mean),
                figure(low),
                figure(high)
            );
        }
    }
    if let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) {
        report::write_all(&outcome.record, Some(&outcome.timings), &folder, Charts::Interactive)?;
        println!("{}", folder.join("index.html").display());
    }
    Ok(())
}
