//! The parts of the loop, each alone: draws, eviction, early refresh, the event queue, recording, lookups.
//!
//!     cargo bench --bench parts
//!     cargo bench --bench parts -- queue
//!
//! An element is one draw, decision, event, record or lookup. The whole is in `engine.rs`, every eviction policy on a
//! stream of requests in `policies.rs`.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use herdlab::dice::{Delays, Stream, Times, below, exponential, round_ns, stream, unit_open_zero};
use herdlab::measure::histogram::{Coarse, Fine};
use herdlab::measure::recorder::{Outcome, Recorder};
use herdlab::model::{Dist, Eviction, Jitter, Model, Popularity, Refresh, RefreshMode, Spread, Ttl};
use herdlab::policy::eviction::{Evict, ForPolicy, Room, with_policy};
use herdlab::policy::freshness::{expiry, renewal};
use herdlab::scenario::{Overrides, load};
use herdlab::sim::bench_parts::{GENERAL, KeyInfo, Lane, Look, NETWORK, Queue, TierState, Usual, Value};
use herdlab::workload::arrivals::OpenArrivals;
use herdlab::workload::popularity::KeySampler;
use herdlab::workload::{Batch, Generator, Tables};

/// Steps per measured call.
const STEPS: usize = 4_096;
const SECOND: u64 = 1_000_000_000;

fn group<'c>(criterion: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(200));
    group.throughput(Throughput::Elements(STEPS as u64));
    group
}

fn dice() -> Stream {
    stream(1, 0, "bench")
}

/// The reference scenario, changed.
fn model(set: &[(&str, &str)]) -> Model {
    scenario("reference.toml", set)
}

/// A scenario of this folder, changed.
fn scenario(file: &str, set: &[(&str, &str)]) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(file);
    let set = set.iter().map(|&(path, value)| (path.to_owned(), value.to_owned())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    load(&path, &overrides).expect("the scenarios of the benches are sound").variants.remove(0).model
}

/// Which key is asked for.
fn keys(criterion: &mut Criterion) {
    let mut group = group(criterion, "keys");
    let zipf = |exponent| Popularity::Zipf { exponent };
    for (name, popularity, keys) in [
        ("zipf 1.0 of 10 k", zipf(1.0), 10_000),
        ("zipf 1.0 of 1 M", zipf(1.0), 1_000_000),
        ("zipf 1.0 of 100 M", zipf(1.0), 100_000_000),
        ("zipf 0.8 of 1 M", zipf(0.8), 1_000_000),
        ("uniform of 1 M", Popularity::Uniform, 1_000_000),
        ("hotspot of 1 M", Popularity::Hotspot { keys_share: 0.01, requests_share: 0.9 }, 1_000_000),
    ] {
        let sampler = KeySampler::new(&popularity, keys);
        let mut dice = dice();
        group.bench_function(name, |bencher| {
            bencher.iter(|| (0..STEPS).map(|_| u64::from(sampler.sample(&mut dice))).sum::<u64>());
        });
    }
    for keys in [1_000_000, 10_000_000, 100_000_000] {
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("table of zipf 1.0 over {} M", keys / 1_000_000), |bencher| {
            bencher.iter(|| KeySampler::new(&zipf(1.0), keys));
        });
    }
    group.finish();
}

/// When requests arrive, and whole requests.
fn arrivals(criterion: &mut Criterion) {
    let mut group = group(criterion, "arrivals");
    for (name, process) in [
        ("poisson", "{ poisson = { rate = 100000 } }"),
        ("constant", "{ constant = { rate = 100000 } }"),
        ("renewal, bursty", "{ renewal = { rate = 100000, cv2 = 4.0 } }"),
        ("renewal, even", "{ renewal = { rate = 100000, cv2 = 0.5 } }"),
    ] {
        let model = model(&[("workload.arrivals", process)]);
        let fresh = || {
            OpenArrivals::new(&model.workload, &model.events, model.duration_ns, dice())
                .expect("it is an open process")
        };
        let (mut open, mut times) = (fresh(), Vec::with_capacity(STEPS));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                times.clear();
                open.fill(&mut times, STEPS, false);
                // The run is over: from the start again.
                if times.len() < STEPS {
                    open = fresh();
                }
                black_box(times.last().copied())
            });
        });
    }
    let model = model(&[]);
    let tables = Arc::new(Tables::new(&model, 1).expect("there is no trace"));
    let fresh = || Generator::new(&model, Arc::clone(&tables), 1, 0).expect("there is no trace");
    let (mut generator, mut batch) = (fresh(), Batch::default());
    group.throughput(Throughput::Elements(herdlab::workload::BATCH as u64));
    group.bench_function("requests of the reference scenario", |bencher| {
        bencher.iter(|| {
            generator.fill(&mut batch).expect("there is no trace");
            if batch.key.is_empty() {
                generator = fresh();
            }
            black_box(batch.key.last().copied())
        });
    });
    group.finish();
}

/// Random delays, drawn ahead as the loop does.
fn delays(criterion: &mut Criterion) {
    let mut group = group(criterion, "delays");
    for (name, dist) in [
        ("exponential", Dist::Exponential { mean_ns: 5e7 }),
        ("lognormal", Dist::Lognormal { mu: 13.1, sigma: 0.6 }),
        ("gamma", Dist::Gamma { mean_ns: 1e6, cv2: 0.5 }),
        ("hyperexponential", Dist::Hyperexponential { mean_ns: 1e6, cv2: 4.0 }),
        ("empirical", Dist::Empirical { ns: vec![1e6, 2e6, 5e6] }),
    ] {
        let mut delays = Delays::new(Times::new(&dist), dice());
        group.bench_function(name, |bencher| {
            bencher.iter(|| (0..STEPS).map(|_| delays.sample()).fold(0, u64::wrapping_add));
        });
    }
    group.finish();
}

/// One policy that is full: what a hit costs, and what an eviction with the fill after it.
struct Steps<'b, 'c> {
    group: &'b mut BenchmarkGroup<'c, WallTime>,
    name: &'static str,
}

impl ForPolicy for Steps<'_, '_> {
    type Output = ();

    fn run<P: Evict>(self) {
        const ENTRIES: u32 = 10_000;
        let full = || {
            let mut policy = P::new(Room::entries_of(u64::from(ENTRIES)), dice());
            for slot in 0..ENTRIES {
                policy.prepare(slot);
                policy.insert(slot, slot);
            }
            policy
        };
        let sampler = KeySampler::new(&Popularity::Zipf { exponent: 1.0 }, u64::from(ENTRIES));
        let mut draws = dice();
        let used: Vec<u32> = (0..STEPS).map(|_| sampler.sample(&mut draws)).collect();
        let mut policy = full();
        self.group.bench_function(format!("{} hit", self.name), |bencher| {
            bencher.iter(|| used.iter().for_each(|&slot| policy.hit(slot)));
        });
        let mut policy = full();
        let mut key = ENTRIES;
        self.group.bench_function(format!("{} evict and insert", self.name), |bencher| {
            bencher.iter(|| {
                for _ in 0..STEPS {
                    // Ids as in a large trace: one comes back long after its eviction.
                    key = (key + 1) % 1_000_000;
                    policy.prepare(key);
                    let slot = policy.victim();
                    policy.insert(slot, key);
                }
            });
        });
    }
}

fn eviction(criterion: &mut Criterion) {
    let mut group = group(criterion, "eviction");
    for &(name, policy) in Eviction::NAMES {
        with_policy(policy, Steps { group: &mut group, name });
    }
    group.finish();
}

/// Whether a lookup renews an entry early, and how long a fill lives.
fn freshness(criterion: &mut Criterion) {
    let mut group = group(criterion, "freshness");
    let ttl = Ttl::After { ns: 60 * SECOND };
    for (name, refresh) in [
        ("none", Refresh::None),
        ("xfetch", Refresh::XFetch { beta: 1.0, mode: RefreshMode::Inline, grace_ns: None }),
        ("uniform", Refresh::Uniform { window_ns: SECOND, grace_ns: None }),
        ("ahead", Refresh::Ahead { fraction: 0.8, grace_ns: None }),
        ("stale-while-revalidate", Refresh::StaleWhileRevalidate { grace_ns: SECOND }),
    ] {
        let mut dice = dice();
        group.bench_function(format!("refresh {name}"), |bencher| {
            bencher.iter(|| {
                for step in 0..STEPS as u64 {
                    let decision =
                        renewal(refresh, ttl, step * 10_000_000, 60 * SECOND, 50_000_000, &mut dice);
                    black_box(decision);
                }
            });
        });
    }
    for (name, jitter) in [
        ("none", Jitter::None),
        ("plus", Jitter::Plus(Spread::Share { share: 0.1 })),
        ("around", Jitter::Around(Spread::Time { ns: SECOND })),
    ] {
        let mut dice = dice();
        group.bench_function(format!("jitter {name}"), |bencher| {
            bencher.iter(|| {
                (0..STEPS as u64).map(|now| expiry(ttl, jitter, now, &mut dice)).fold(0, u64::wrapping_add)
            });
        });
    }
    group.finish();
}

/// One event out, one in, while so many are pending.
fn queue(criterion: &mut Criterion) {
    let mut group = group(criterion, "queue");
    const DELAY_NS: u64 = 10_000_000;
    for pending in [1_000u64, 100_000] {
        let gap_ns = DELAY_NS / pending;
        // A wheel whose slices are much too narrow has everything beyond its horizon: the heap.
        for (name, gap_ns, lane) in [
            ("ring", gap_ns, None),
            ("network wheel", gap_ns, Some(NETWORK)),
            ("general wheel", gap_ns / 8, Some(GENERAL)),
            ("heap", 1, Some(GENERAL)),
        ] {
            // Nanoseconds of the heap's case are a thousand times as many, so that all lie beyond.
            let scale = if name == "heap" { 1_000 } else { 1 };
            let mut dice = dice();
            let random: Vec<u64> =
                (0..STEPS).map(|_| round_ns(exponential(&mut dice) * DELAY_NS as f64) * scale).collect();
            let mut queue = Queue::new(gap_ns.max(1));
            let ring = queue.lane_for(DELAY_NS);
            let lane: Lane = lane.unwrap_or(ring);
            let after = |step: usize| if name == "ring" { DELAY_NS } else { random[step] };
            for id in 0..pending {
                let spread = if name == "ring" { id } else { after(id as usize % STEPS) };
                queue.push(lane, spread, 0, id as u32, 0);
            }
            group.bench_function(format!("{name}, {pending} pending"), |bencher| {
                bencher.iter(|| {
                    for step in 0..STEPS {
                        let near = queue.pop_wheel();
                        let due = if near.is_some() { near } else { queue.pop(|_| true) };
                        assert!(due.is_some(), "nothing but what is put back is taken out");
                        queue.push(lane, due.time + after(step), due.event().kind, due.event().id, 0);
                    }
                });
            });
        }
    }
    group.finish();
}

/// What the end of a request costs the recorder, and a histogram alone.
fn recording(criterion: &mut Criterion) {
    let mut group = group(criterion, "recording");
    let mut delays = Delays::new(Times::new(&Dist::Lognormal { mu: 13.1, sigma: 0.6 }), dice());
    let ended: Vec<(u64, Outcome)> = (0..STEPS)
        .map(|step| {
            let outcome = [Outcome::Hit, Outcome::Hit, Outcome::Miss, Outcome::Coalesced][step % 4];
            (delays.sample(), outcome)
        })
        .collect();
    let model = model(&[]);
    let mut recorder = Recorder::new(&model);
    let mut start_ns = model.warmup_ns;
    group.bench_function("request", |bencher| {
        bencher.iter(|| {
            for &(latency_ns, outcome) in &ended {
                start_ns = (start_ns + 10_000) % (model.duration_ns - 1);
                let window = (start_ns / model.window_ns) as u32;
                recorder.finish(start_ns, latency_ns, window, 0, outcome);
            }
        });
    });
    let (mut fine, mut coarse) = (Fine::new(), Coarse::new());
    group.bench_function("fine histogram", |bencher| {
        bencher.iter(|| ended.iter().for_each(|&(latency_ns, _)| fine.record(latency_ns)));
    });
    group.bench_function("coarse histogram", |bencher| {
        bencher.iter(|| ended.iter().for_each(|&(latency_ns, _)| coarse.record(latency_ns)));
    });
    group.finish();
}

/// Lookups and fills of a tier that is full: behind a dense index, behind a hashed one, and without an index.
fn tiers(criterion: &mut Criterion) {
    let mut group = group(criterion, "tier");
    let shared = ("tier.l1.enabled", "false");
    for (name, file, keys, set) in [
        ("dense index", "reference.toml", 1_000_000u32, &[shared][..]),
        ("hashed index", "reference.toml", 4_000_000, &[shared, ("workload.keys", "4000000")]),
        ("unbounded", "ttl-only.toml", 1_000_000, &[]),
    ] {
        let model = scenario(file, set);
        let tables = Tables::new(&model, 1).expect("there is no trace");
        let fresh = || {
            let mut tier = TierState::<Usual>::new(&model, 0, 1, 0, &mut Queue::new(10_000));
            for key in (0..100_000).rev() {
                tier.fill(0, info(key), Value::default(), 0, 0, &tables);
            }
            tier
        };
        let mut dice = dice();
        let held: Vec<u32> = (0..STEPS).map(|_| below(&mut dice, 100_000)).collect();
        let missing: Vec<u32> = (0..STEPS).map(|_| 100_000 + below(&mut dice, keys - 100_000)).collect();
        let mut tier = fresh();
        group.bench_function(format!("hit, {name}"), |bencher| {
            bencher.iter(|| {
                held.iter()
                    .filter(|&&key| tier.check(0, info(key), 1, &tables) != Look::Miss { expired: None })
                    .count()
            });
        });
        group.bench_function(format!("miss, {name}"), |bencher| {
            bencher.iter(|| {
                missing
                    .iter()
                    .filter(|&&key| tier.check(0, info(key), 1, &tables) != Look::Miss { expired: None })
                    .count()
            });
        });
        group.bench_function(format!("fill, {name}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..STEPS {
                    let key = (unit_open_zero(&mut dice) * f64::from(keys - 1)) as u32;
                    tier.fill(0, info(key), Value::default(), 0, 1, &tables);
                }
            });
        });
    }
    group.finish();
}

/// A key that exists, of the only class.
fn info(key: u32) -> KeyInfo {
    KeyInfo { key, class: 0, absent: false, revision: 0 }
}

criterion_group!(benches, keys, arrivals, delays, eviction, freshness, queue, recording, tiers);
criterion_main!(benches);
