//! From the sources to the database and to the figures that production reports.

use super::gather::Gathered;
use super::mixture::{self, Part};
use super::source::{Figure, ImportError, Role};
use super::traffic;
use crate::model::{Counted, Quantiles};

/// A time of service in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Service {
    /// No file has it.
    Assumed,
    Constant(f64),
    /// By mean and standard deviation.
    Lognormal {
        mean: f64,
        deviation: f64,
    },
    Quantiles(Quantiles),
}

#[derive(Debug)]
pub(super) struct Backend {
    pub read: Figure<Service>,
    /// `None`: as reads.
    pub write: Option<Figure<Service>>,
    pub observed: Observed,
}

/// Figures of production itself.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub hit_ratio: Option<Spread>,
    pub db_per_s: Option<Spread>,
    pub p50_ms: Option<Figure<f64>>,
    pub p95_ms: Option<Figure<f64>>,
    pub p99_ms: Option<Figure<f64>>,
    /// Entries that memory is taken from, per second.
    pub evictions_per_s: Option<Figure<f64>>,
}

/// A figure, and the standard deviation between the points of the series that it is the mean of.
#[derive(Debug)]
pub(super) struct Spread {
    pub figure: Figure<f64>,
    pub spread: Option<f64>,
}

impl Spread {
    fn unknown(figure: Figure<f64>) -> Spread {
        Spread { figure, spread: None }
    }
}

/// Requests of an access log that are enough for a distribution.
const LATENCIES_MIN: usize = 100;

/// # Errors
/// A figure that is needed is there and no number.
pub(super) fn backend(found: &Gathered<'_>) -> Result<Backend, ImportError> {
    let histogram = |role| found.histograms.get(&role).map(|histogram| histogram.table.clone().map(in_ms));
    let statements = |parts: fn(&super::postgres::Statements) -> &Vec<Part>| {
        let statements = found.statements.as_ref()?;
        let parts = parts(&statements.value);
        let kinds = parts.len();
        let figure = statements.clone().map(|_| service(parts));
        (kinds > 0).then_some(figure)
    };
    let misses: Vec<f64> =
        found.latencies.iter().filter(|row| row.hit == Some(false)).map(|row| row.latency_s).collect();
    let of_log = |seconds: &[f64], what: &str| {
        let recording = found.recording.as_ref().filter(|_| seconds.len() >= LATENCIES_MIN)?;
        Some(recording.figure(in_ms(observations(seconds)), what))
    };
    let read = histogram(Role::DbRead)
        .map(|figure| figure.map(Service::Quantiles))
        .or_else(|| statements(|statements| &statements.reads))
        .or_else(|| Some(of_log(&misses, "request times of misses")?.map(Service::Quantiles)))
        .unwrap_or_else(|| Figure::assumed(Service::Assumed, "no file has the times of the database"));
    let write = histogram(Role::DbWrite)
        .map(|figure| figure.map(Service::Quantiles))
        .or_else(|| statements(|statements| &statements.writes));
    let all: Vec<f64> = found.latencies.iter().map(|row| row.latency_s).collect();
    let latency = histogram(Role::Latency).or_else(|| of_log(&all, "request times"));
    let quantile = |share: f64| latency.clone().map(|figure| figure.map(|table| table.at(share)));
    let calls = found.statements.as_ref().and_then(|figure| {
        let calls_per_s = figure.value.calls_per_s?;
        Some(figure.clone().map(|_| calls_per_s))
    });
    let series = found.series.get(&Role::Database).map(|figure| {
        let spread = figure.value.spread();
        Spread { figure: figure.clone().map(|series| series.mean()), spread }
    });
    let evictions_per_s = match &found.info {
        // Since the server started the cache was not full for some time.
        Some(info) if info.is_difference() => {
            info.per_second("evicted_keys")?.filter(|rate| rate.value > 0.0)
        }
        _ => None,
    };
    let hits_over_time = |figure: &Figure<f64>| {
        let (hits, misses) = (found.series.get(&Role::Hits)?, found.series.get(&Role::Misses)?);
        // Another source may be the better one.
        hits.value.share_of(&misses.value).filter(|_| figure.origin == hits.origin)?.spread()
    };
    let hit_ratio =
        traffic::hit_ratio(found)?.map(|figure| Spread { spread: hits_over_time(&figure), figure });
    Ok(Backend {
        read,
        write,
        observed: Observed {
            hit_ratio,
            db_per_s: calls
                .map(Spread::unknown)
                .or(series)
                .or_else(|| found.transactions_per_s.clone().map(Spread::unknown)),
            evictions_per_s,
            p50_ms: quantile(0.5).filter(|figure| figure.value > 0.0),
            p95_ms: quantile(0.95).filter(|figure| figure.value > 0.0),
            p99_ms: quantile(0.99).filter(|figure| figure.value > 0.0),
        },
    })
}

/// One statement by mean and deviation, several by the quantiles of their mixture.
fn service(parts: &[Part]) -> Service {
    match parts {
        [one] if one.deviation > 0.01 * one.mean => {
            Service::Lognormal { mean: one.mean, deviation: one.deviation }
        }
        [one] => Service::Constant(one.mean),
        _ => Service::Quantiles(mixture::quantiles(parts)),
    }
}

fn in_ms(table: Quantiles) -> Quantiles {
    Quantiles { ns: table.ns.iter().map(|seconds| seconds * 1e3).collect(), ..table }
}

/// Seconds that were observed, by a few of their quantiles.
fn observations(seconds: &[f64]) -> Quantiles {
    let rows = seconds.iter().zip(1..);
    let rows: Vec<Counted> = rows.map(|(&ns, line)| Counted { line, ns, count: 1.0 }).collect();
    const SHARES: &[f64] = &[0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];
    let exact =
        Quantiles::of_weighted(&rows).unwrap_or(Quantiles { shares: vec![0.0, 1.0], ns: vec![0.0; 2] });
    Quantiles { shares: SHARES.to_vec(), ns: SHARES.iter().map(|share| exact.at(*share)).collect() }
}
