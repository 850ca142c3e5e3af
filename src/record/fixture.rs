//! Records for tests, made without a simulation: small ones by hand, and a synthetic stampede.

use super::breakdown::{BreakdownRecord, LatencySplit, OutcomeBreakdown, SlowRequestRecord, StepRecord};
use super::*;
use crate::catalog;
use crate::model::Input;

/// A measure with the catalogue's unit.
pub fn measure(name: &str, values: &[f64]) -> MeasureRecord {
    MeasureRecord {
        name: name.to_string(),
        unit: catalog::unit(name).unwrap_or("count").to_owned(),
        values: values.iter().copied().map(Some).collect(),
    }
}

/// A record with nothing but measures (sorted by name); the first variant is the baseline.
pub fn record_of(variants: &[(&str, Vec<MeasureRecord>)], headline: &[&str]) -> Record {
    let replications = variants[0].1.first().map_or(0, |measure| measure.values.len() as u32);
    Record {
        schema: SCHEMA,
        herdlab: "0.2.0".to_string(),
        scenario: ScenarioRecord {
            name: "example".to_string(),
            question: "Does it help?".to_string(),
            source_path: "scenarios/example.toml".to_string(),
            source: "question = \"Does it help?\"\n".to_string(),
            after: None,
            command: None,
            overrides: Vec::new(),
            digest: "d1".to_string(),
            seed: 1,
            replications,
            finished: replications,
            duration_s: 120.0,
            warmup_s: 20.0,
            warmup_found: false,
            precision: None,
            baseline: 0,
            headline: headline.iter().map(|name| name.to_string()).collect(),
            answer: None,
            observed: None,
            thresholds: Vec::new(),
            lints: Vec::new(),
            live: None,
        },
        variants: variants
            .iter()
            .map(|(name, measures)| VariantRecord {
                name: name.to_string(),
                settings: Vec::new(),
                workload: Vec::new(),
                events: Vec::new(),
                theory: Vec::new(),
                measures: measures.clone(),
                windows: WindowsRecord { width_s: 1.0, series: Vec::new() },
                distributions: Vec::new(),
                breakdown: None,
                latency_map: None,
            })
            .collect(),
        worlds: None,
    }
}

/// Two variants of ten runs: in `a` the odd runs have collapsed, to latencies a hundred times those of the others; `b` is as `a` is
/// where it is healthy, and a little faster.
pub fn bimodal() -> Record {
    let healthy: Vec<f64> = (0..10).map(|run| 10.0 + f64::from(run / 2)).collect();
    let collapsed =
        healthy.iter().enumerate().map(|(run, mean)| mean * if run % 2 == 1 { 100.0 } else { 1.0 });
    let rows = |means: &[f64], factor: f64| {
        let scaled = |factor: f64| means.iter().map(|mean| mean * factor).collect::<Vec<_>>();
        vec![
            measure("db.qps.peak", &healthy.iter().map(|mean| 400.0 + mean).collect::<Vec<_>>()),
            measure("latency.all.mean_ms", &scaled(factor)),
            measure("latency.all.p99_ms", &scaled(8.0 * factor)),
        ]
    };
    let collapsed: Vec<f64> = collapsed.collect();
    record_of(
        &[("a", rows(&collapsed, 1.0)), ("b", rows(&healthy, 0.9))],
        &["latency.all.p99_ms", "db.qps.peak"],
    )
}

/// Two variants in 16 worlds of two equal runs: p99 = 100 + 3 x - y in `a` and half of it in `b`, with `database.read` (x) and
/// `workload.keys` (y) from 0 to 20 on a grid; the nominal values are those in the middle.
pub fn uncertain() -> Record {
    let p99 = |x: f64, y: f64| 100.0 + 3.0 * x - y;
    let name = "latency.all.p99_ms";
    let nominal = |factor: f64| vec![measure(name, &[p99(10.0, 10.0) * factor; 6])];
    let mut record = record_of(&[("a", nominal(1.0)), ("b", nominal(0.5))], &[name]);
    let input = |path: &str, text: &str| Input {
        path: path.to_string(),
        text: text.to_string(),
        unit: "count".to_string(),
        whole: false,
        low: 0.0,
        high: 20.0,
        likely: None,
    };
    let values: Vec<Vec<f64>> = (0..16)
        .map(|world| vec![f64::from(world / 4) * 5.0 + 2.5, f64::from(world % 4) * 5.0 + 2.5])
        .collect();
    let of = |factor: f64| VariantWorlds {
        measures: vec![WorldMeasure {
            name: name.to_string(),
            values: values.iter().map(|world| vec![Some(p99(world[0], world[1]) * factor); 2]).collect(),
        }],
    };
    let variants = vec![of(1.0), of(0.5)];
    record.worlds = Some(WorldsRecord {
        wanted: 16,
        replications: 2,
        inputs: vec![
            input("database.read", "{ low = 0, high = 20 }"),
            input("workload.keys", "{ about = 10, within = \"100%\" }"),
        ],
        values,
        variants,
    });
    record
}

/// Where the time of a variant's requests goes: at p99 they wait for a connection, then in the queue; and one slow request.
fn breakdown() -> BreakdownRecord {
    let split = |at: &str, requests: u64, parts_ns: &[(&str, u64)]| LatencySplit {
        at: at.to_owned(),
        requests,
        latency_ns: parts_ns.iter().map(|(_, sum_ns)| sum_ns).sum(),
        parts_ns: parts_ns.iter().map(|(part, sum_ns)| ((*part).to_owned(), *sum_ns)).collect(),
    };
    let fast = [("tier.network", 4_000_000), ("tier.service", 400_000)];
    let slow = [
        ("tier.network", 20_000_000),
        ("db.pool", 2_120_000_000),
        ("db.queue", 1_000_000_000),
        ("db.service", 260_000_000),
    ];
    let all = [("tier.network", 500_000_000), ("db.pool", 300_000_000), ("db.service", 200_000_000)];
    let at = vec![split("p50", 10, &fast), split("p99", 10, &slow), split("mean", 1_000, &all)];
    let step = |part: &str, tier: Option<&str>, from_ns, to_ns| StepRecord {
        part: part.to_owned(),
        tier: tier.map(str::to_owned),
        from_ns,
        to_ns,
    };
    BreakdownRecord {
        outcomes: vec![OutcomeBreakdown { outcome: "all".to_owned(), at }],
        slowest: vec![SlowRequestRecord {
            replication: 3,
            start_ns: 61_200_000_000,
            latency_ns: 412_000_000,
            key: 7,
            class: "keys".to_owned(),
            instance: 2,
            outcome: "error".to_owned(),
            cause: Some("db_timeout".to_owned()),
            steps: vec![
                step("tier.network", Some("l2"), 0, 2_000_000),
                step("db.pool", None, 2_000_000, 312_000_000),
                step("db.failed", None, 312_000_000, 412_000_000),
            ],
            left_out: 0,
        }],
    }
}

/// Numbers in 0..1 that look random and are the same everywhere.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    /// About normal, mean 0, deviation 1.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

const NAMES: [&str; 8] = [
    "ttl only",
    "jitter",
    "singleflight",
    "xfetch",
    "xfetch + singleflight",
    "lease",
    "stale-while-revalidate",
    "two tiers with a very long name that somebody found helpful",
];

/// A stampede at 60 s as `variants` systems (up to 8) meet it: 120 windows of 1 s, 10 replications, a flush
/// and a slow database as events.
pub fn stampede(variants: usize) -> Record {
    let mut record = record_of(
        &NAMES[..variants].iter().map(|name| (*name, stampede_measures(name))).collect::<Vec<_>>(),
        &["db.qps.peak", "latency.all.p99_ms", "hit_ratio"],
    );
    record.scenario.name = "stampede".to_string();
    record.scenario.question =
        "When the hottest key expires or the cache is flushed, what keeps the database alive?".to_string();
    record.scenario.source = "name = \"stampede\"\nquestion = \"When the hottest key expires or the cache is flushed, what keeps the database alive?\"\nduration = \"120s\"\n".to_string();
    record.scenario.source_path = "scenarios/stampede.toml".to_string();
    record.scenario.digest = "5f2c7a9be01d4c6f88a2b3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718".to_string();
    for (index, variant) in record.variants.iter_mut().enumerate() {
        fill_variant(variant, index);
        variant.breakdown = Some(breakdown());
    }
    record
}

/// How hard the stampede hits a variant: 1 for the baseline.
fn severity(name: &str) -> f64 {
    match NAMES.iter().position(|other| *other == name).unwrap_or(0) {
        0 => 1.0,
        1 => 0.998,
        2 => 0.35,
        3 => 0.3,
        4 => 0.17,
        5 => 0.2,
        6 => 0.5,
        _ => 1.3,
    }
}

fn stampede_measures(name: &str) -> Vec<MeasureRecord> {
    let severity = severity(name);
    let rows = [
        ("db.duplicate_fetches", 40.0 * severity, 2.0),
        ("db.qps.mean", 150.0 + 50.0 * severity, 3.0),
        ("db.qps.peak", 1180.0 * severity, 20.0),
        ("error.ratio", (severity - 0.6).max(0.0) * 0.02, 0.0002),
        ("goodput", 2000.0 - 40.0 * severity, 3.0),
        ("hit_ratio", 0.97 - 0.05 * severity, 0.0008),
        ("latency.all.p50_ms", 0.42 + 0.02 * severity, 0.004),
        ("latency.all.p99_ms", 40.0 + 300.0 * severity, 12.0),
        ("latency.hit.p99_ms", 1.9, 0.03),
        ("latency.miss.p99_ms", 60.0 + 400.0 * severity, 15.0),
        ("memory.peak_bytes", 64e6, 1e5),
        ("stampede.max", 420.0 * severity, 9.0),
    ];
    rows.iter()
        .map(|(measure_name, mean, spread)| {
            // The same noise for every variant: paired traffic.
            let mut noise = Noise(measure_name.len() as u64 + 77);
            let mut own = Noise(mean.to_bits());
            let values: Vec<f64> =
                (0..10).map(|_| (mean + spread * (noise.bell() + 0.3 * own.bell())).max(0.0)).collect();
            measure(measure_name, &values)
        })
        .collect()
}

fn fill_variant(variant: &mut VariantRecord, index: usize) {
    let severity = severity(&variant.name);
    let mut noise = Noise(1000 + index as u64);
    if index > 0 {
        variant.settings = vec![
            ("tier.l2.jitter".to_string(), "{ plus = \"30s\" }".to_string()),
            ("coalescing".to_string(), "\"singleflight\"".to_string()),
        ];
    }
    variant.events = vec![
        EventRecord {
            label: "cache-flush".into(),
            text: "flush of l2".into(),
            at_s: 60.0,
            end_s: 60.0,
            judged: None,
        },
        EventRecord {
            label: "slow-database".into(),
            text: "database 3 times slower".into(),
            at_s: 80.0,
            end_s: 95.0,
            judged: None,
        },
    ];
    let shock = |t: f64| match t {
        t if (60.0..75.0).contains(&t) => libm::exp(-(t - 60.0) / 4.0),
        t if (80.0..95.0).contains(&t) => 0.35,
        _ => 0.0,
    };
    let mut wave = |base: f64, height: f64, spread: f64| -> Vec<Option<f64>> {
        (0..120)
            .map(|window| {
                let t = f64::from(window);
                Some((base + height * shock(t) + spread * noise.bell()).max(0.0))
            })
            .collect()
    };
    let rows: [(&str, &str, Vec<Option<f64>>); 25] = [
        ("requests.all", "count", wave(2000.0, 0.0, 45.0)),
        ("hit_ratio", "1", wave(0.965, -0.6 * severity, 0.003)),
        ("db.qps", "1/s", wave(150.0, 1000.0 * severity, 12.0)),
        ("latency.all.p50_ms", "ms", wave(0.42, 4.0 * severity, 0.01)),
        ("latency.all.p99_ms", "ms", wave(48.0, 900.0 * severity, 6.0)),
        ("goodput", "1/s", wave(2000.0, -500.0 * (severity - 0.6).max(0.0), 40.0)),
        ("error.ratio", "1", wave(0.0, 0.25 * (severity - 0.6).max(0.0), 0.0)),
        ("tier.l2.entries", "count", wave(30_000.0, -20_000.0, 100.0)),
        ("tier.l2.bytes", "bytes", wave(3.3e7, -2.2e7, 1e5)),
        ("tier.l2.evictions", "1/s", wave(20.0, 0.0, 2.0)),
        ("tier.l2.expirations", "1/s", wave(100.0, -80.0, 8.0)),
        ("tier.l2.ttl.p10_s", "s", wave(30.0, 200.0, 2.0)),
        ("tier.l2.ttl.p50_s", "s", wave(150.0, 120.0, 4.0)),
        ("tier.l2.ttl.p90_s", "s", wave(270.0, 20.0, 2.0)),
        ("db.pool.saturation", "1", wave(0.3, 0.6 * severity.min(1.0), 0.02)),
        ("tier.l2.node.utilization.max", "1", wave(0.4, 0.3, 0.02)),
        ("cdc.backlog", "count", wave(20.0, 400.0 * severity, 3.0)),
        ("tier.l1.entries", "count", wave(500.0, -300.0, 4.0)),
        ("tier.l1.bytes", "bytes", wave(5.5e5, -3.3e5, 4e3)),
        ("tier.l1.evictions", "1/s", wave(80.0, 60.0, 5.0)),
        ("tier.l1.expirations", "1/s", wave(40.0, -30.0, 4.0)),
        ("tier.l2.pool.saturation", "1", wave(0.2, 0.5 * severity.min(1.0), 0.02)),
        ("db.qps.first", "1/s", wave(150.0, 1100.0 * severity, 12.0)),
        ("db.qps.low", "1/s", wave(100.0, 900.0 * severity, 8.0)),
        ("db.qps.high", "1/s", wave(210.0, 1200.0 * severity, 8.0)),
    ];
    let series = rows
        .into_iter()
        .map(|(name, unit, values)| SeriesRecord { name: name.into(), unit: unit.into(), values })
        .collect();
    variant.windows = WindowsRecord { width_s: 1.0, series };
    // Most requests near 0.4 ms, some near 50 ms, during the shock up to a second.
    let column = |window: usize| -> Vec<u64> {
        let shock = shock(window as f64) * severity;
        let bell =
            |row: usize, middle: f64, wide: f64| libm::exp(-libm::pow((row as f64 - middle) / wide, 2.0));
        (0..14)
            .map(|row| {
                (1_800.0 * bell(row, 2.0, 1.2) + 60.0 * bell(row, 9.0 + 4.0 * shock, 1.0 + shock)) as u64
            })
            .collect()
    };
    variant.latency_map =
        Some(LatencyMap { width_s: 1.0, first: 16, counts: (0..120).map(column).collect() });
    let hit = lognormal_counts(0.4e6, 0.5, 1_850_000.0);
    let miss = lognormal_counts(45e6 * (1.0 + severity), 0.6 + 0.5 * severity, 150_000.0);
    let mut all = hit.clone();
    all.extend(&miss);
    all.sort_unstable();
    let stampedes = (0..)
        .map(|step| libm::pow(1.25, f64::from(step)).round() as u64)
        .take_while(|size| (*size as f64) < 2.0 + 420.0 * severity)
        .map(|size| (size, (120_000.0 / libm::pow(size as f64, 1.8)).ceil() as u64))
        .fold(Vec::new(), |mut merged: Vec<(u64, u64)>, (size, count)| {
            match merged.last_mut() {
                Some(last) if last.0 == size => last.1 += count,
                _ => merged.push((size, count)),
            }
            merged
        });
    let distribution =
        |name: &str, unit: &str, counts| DistributionRecord { name: name.into(), unit: unit.into(), counts };
    variant.distributions = vec![
        distribution("latency.all", "ns", all),
        distribution("latency.hit", "ns", hit),
        distribution("latency.miss", "ns", miss),
        distribution("stampede.size", "count", stampedes),
    ];
}

/// About `total` values of a lognormal distribution in buckets 2 % wide.
fn lognormal_counts(median_ns: f64, sigma: f64, total: f64) -> Vec<(u64, u64)> {
    let width = 0.02;
    (-400..400)
        .map(|step| {
            let log = f64::from(step) * width;
            let density = libm::exp(-log * log / (2.0 * sigma * sigma)) / (sigma * 2.506_628);
            ((median_ns * libm::exp(log)) as u64, (total * density * width) as u64)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// A judgement with these outcomes, cells of a second and a bound of 130 ms.
pub fn judged(can_fail: bool, statuses: &[EventStatus]) -> EventJudgement {
    let run = |status: &EventStatus| EventRun {
        status: status.clone(),
        bound_ms: Some(130.0),
        cells: 200,
        cell_s: 1.0,
    };
    EventJudgement { share: 0.95, objective_ms: None, can_fail, runs: statuses.iter().map(run).collect() }
}
