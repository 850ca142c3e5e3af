//! The whole engine on the scenarios of docs/performance.md, one replication on one thread.
//!
//! Elements are simulated requests, warm-up included. Each bench prints the fingerprint of its record first, so
//! that a faster loop cannot quietly become another model.

use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::Experiment;
use herdlab::scenario::{Overrides, load};
use sha2::{Digest, Sha256};

/// A scenario of this folder, cut to a length that can be repeated.
fn scenario(file: &str, duration: &str) -> Experiment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(file);
    let overrides =
        Overrides { duration: Some(duration.to_owned()), replications: Some(1), ..Overrides::default() };
    load(&path, &overrides).expect("the scenarios of the benches are sound")
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10).measurement_time(Duration::from_secs(20)).warm_up_time(Duration::from_secs(1));
    for (name, file) in [
        ("reference", "reference.toml"),
        ("ttl-only", "ttl-only.toml"),
        ("general", "general.toml"),
        ("saturated", "saturated.toml"),
        ("stampede", "../scenarios/stampede.toml"),
    ] {
        let experiment = scenario(file, "20s");
        let once = || {
            run(&experiment, &RunOptions { threads: 1, ..RunOptions::default() }).expect("the scenario runs")
        };
        let outcome = once();
        let (_, record) = herdlab::report::json::to_json(&outcome.record).expect("a record can be written");
        let digest = Sha256::digest(record.as_bytes());
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        println!("{name}: {} requests, record {hex}", outcome.timings.requests);
        group.throughput(Throughput::Elements(outcome.timings.requests));
        group.bench_function(name, |bencher| bencher.iter(once));
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
