use herdlab::experiment::run::{RunOptions, run};
use herdlab::scenario::model::*;
const S: u64 = 1_000_000_000;
fn model() -> Model {
    Model {
        duration_ns: 2000 * S,
        warmup_ns: 100 * S,
        window_ns: 10 * S,
        drain_ns: 30 * S,
        clients: Clients { instances: 1, route: Route::Random, deadline_ns: None },
        workload: Workload {
            arrivals: Arrivals::Poisson { rate_per_s: 5.0 },
            profile: vec![],
            classes: vec![Class {
                name: "all".into(),
                share: 1.0,
                keys: 1,
                popularity: Popularity::Zipf { exponent: 1.0 },
                absent: false,
                write_share: 0.0,
                value_size: Size::Constant { bytes: 1000 },
                key_size: Size::Constant { bytes: 40 },
                ttl: vec![None; 1],
                db_read: None,
                db_write: None,
            }],
        },
        tiers: vec![Tier {
            name: "l2".into(),
            scope: Scope::Shared(SharedTier {
                network: Dist::ZERO,
                service_ns: 0,
                per_byte_ns: 0.0,
                pool: None,
                pool_timeout_ns: None,
                timeout_ns: None,
                on_failure: OnFailure::Next,
            }),
            capacity: Capacity::Unbounded,
            eviction: Eviction::Lru,
            ttl: Ttl::After { ns: 10 * S },
            jitter: Jitter::None,
            sliding: false,
            refresh: Refresh::None,
            negative_ttl_ns: None,
            entry_overhead_bytes: 0,
            prefill: None,
        }],
        coalescing: Coalescing::Singleflight { around: Around::Fetch },
        database: Database {
            servers: None,
            queue: None,
            read: Dist::Constant { ns: 0.4e9 },
            write: Dist::Constant { ns: 0.4e9 },
            network: Dist::ZERO,
            pool: None,
            pool_timeout_ns: None,
            timeout_ns: None,
            cancel_on_timeout: false,
            late_fill: true,
            retries: Retries {
                attempts: 1,
                backoff_ns: 0,
                factor: 2.0,
                max_backoff_ns: u64::MAX,
                jitter: 0.0,
            },
            contention: None,
            background: None,
        },
        writes: WriteStrategy::Invalidate,
        events: vec![],
        measure: MeasureOptions { value_age: false },
    }
}
#[test]
fn row1() {
    let e = Experiment {
        name: "x".into(),
        question: "".into(),
        seed: 1,
        replications: 20,
        variants: vec![Variant { name: "a".into(), settings: vec![], model: model() }],
        baseline: 0,
        headline: vec![],
        answer: None,
        observed: None,
        source: "".into(),
        source_path: "".into(),
        overrides: vec![],
        digest: "".into(),
    };
    let o = run(&e, &RunOptions::default()).unwrap();
    for n in [
        "hit_ratio",
        "requests.coalesced.ratio",
        "requests.miss.ratio",
        "db.qps.mean",
        "latency.all.mean_ms",
        "db.qps.peak",
        "requests.in_system.mean",
    ] {
        let m = o.record.variants[0].measure(n).unwrap();
        let mean = m.values.iter().map(|v| v.unwrap()).sum::<f64>() / m.values.len() as f64;
        println!("{n} {mean}");
    }
    println!("{:?}", o.timings);
}
