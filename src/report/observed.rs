//! The baseline beside what production reports of itself.

use super::format::{change, with_unit};
use crate::experiment::comparison::Comparison;
use crate::measure::catalog;
use crate::measure::record::Record;

/// Deviations of the model from what production reports that are larger than this are warned of.
pub const OBSERVED_DEVIATION_MAX: f64 = 0.10;

/// One figure of production and what the model makes of it.
pub struct ObservedRow {
    pub measure: &'static str,
    /// With units, as printed.
    pub observed: String,
    pub model: String,
    pub deviation: String,
    pub warns: bool,
}

/// What the scenario's `[observed]` names, one row each; empty without it.
///
/// A hit ratio is judged by its miss ratio: 98 % instead of 96 % looks close and is half the database load.
pub fn rows(record: &Record, comparison: &Comparison) -> Vec<ObservedRow> {
    let Some(observed) = &record.scenario.observed else { return Vec::new() };
    let baseline = comparison.baseline();
    let modelled = |measure: &str| baseline.mean(measure);
    let hits = observed.hit_ratio;
    [
        ("hit_ratio", "1", hits, modelled("hit_ratio")),
        ("1 − hit_ratio", "1", hits.map(|hits| 1.0 - hits), modelled("hit_ratio").map(|hits| 1.0 - hits)),
        ("db.qps.mean", "1/s", observed.db_qps, modelled("db.qps.mean")),
        ("latency.all.p50_ms", "ms", observed.p50_ms, modelled("latency.all.p50_ms")),
        ("latency.all.p99_ms", "ms", observed.p99_ms, modelled("latency.all.p99_ms")),
    ]
    .into_iter()
    .filter_map(|(measure, unit, value, modelled)| {
        let value = value?;
        debug_assert!(catalog::find(measure).is_none_or(|info| info.unit == unit));
        let deviation = modelled.filter(|_| value != 0.0).map(|modelled| (modelled - value) / value);
        Some(ObservedRow {
            measure,
            observed: with_unit(value, unit),
            model: modelled.map_or_else(|| "–".to_string(), |modelled| with_unit(modelled, unit)),
            deviation: deviation.map_or_else(|| "–".to_string(), change),
            warns: deviation.is_none_or(|deviation| deviation.abs() > OBSERVED_DEVIATION_MAX),
        })
    })
    .collect()
}
