//! Eviction alone: every policy on a stream of Zipf-distributed ids in memory, at a tenth of the objects and at a
//! hundredth.
//!
//!     cargo bench --bench policies

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use herdlab::dice::{stream, unit_open_zero};
use herdlab::model::Eviction;
use herdlab::replay::misses;
use herdlab::trace::Requests;

const OBJECTS: usize = 100_000;
const REQUESTS: usize = 2_000_000;

/// Zipf 1.0, by bisection of the cumulative weights; ids in the order of first appearance, as a trace has them.
fn requests() -> Requests {
    let mut dice = stream(1, 0, "bench");
    let mut total = 0.0;
    let cumulative: Vec<f64> = (1..=OBJECTS)
        .map(|rank| {
            total += 1.0 / rank as f64;
            total
        })
        .collect();
    let mut id_of = vec![u32::MAX; OBJECTS];
    let mut keys = 0;
    let ids = (0..REQUESTS)
        .map(|_| {
            let drawn = unit_open_zero(&mut dice) * total;
            let rank = cumulative.partition_point(|&sum| sum < drawn).min(OBJECTS - 1);
            if id_of[rank] == u32::MAX {
                id_of[rank] = keys;
                keys += 1;
            }
            id_of[rank]
        })
        .collect();
    Requests { ids, keys }
}

fn policies(criterion: &mut Criterion) {
    let requests = requests();
    let mut group = criterion.benchmark_group("policies");
    group.sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(requests.ids.len() as u64));
    for &(name, policy) in Eviction::NAMES {
        for capacity in [OBJECTS as u64 / 100, OBJECTS as u64 / 10] {
            // A change for speed leaves the misses as they are.
            println!("{name}/{capacity}: {} misses", misses(&requests, policy, capacity));
            group.bench_with_input(BenchmarkId::new(name, capacity), &capacity, |bencher, &capacity| {
                bencher.iter(|| misses(&requests, policy, capacity));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, policies);
criterion_main!(benches);
