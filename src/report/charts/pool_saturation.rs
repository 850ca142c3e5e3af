//! Connections in use over time: the pool that is fullest.

use super::side_by_side::tier_with_most;
use super::time_series::TimeSeries;
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Share of the connections in use, of the pool with the highest one.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let of_database = record
        .variants
        .iter()
        .filter_map(|variant| variant.series("db.pool.saturation"))
        .flat_map(|series| series.values.iter().flatten().copied())
        .fold(0.0, f64::max);
    let (prefix, whose, peak) = match tier_with_most(record, &[".pool.saturation"]) {
        Some((tier, peak)) if peak > of_database => {
            (format!("tier.{tier}"), format!("connections to tier {tier}"), peak)
        }
        _ if of_database > 0.0 => ("db".to_string(), "connections to the database".to_string(), of_database),
        _ => return None,
    };
    let waited = super::figures_of(comparison, &format!("{prefix}.pool.waited.ratio"));
    let waited = waited.map_or_else(String::new, |waited| format!("; had to wait: {waited}"));
    TimeSeries {
        name: "pool-saturation",
        title: &format!("Pool saturation: {whose}"),
        message: format!("At most {} in use{waited}.", with_unit(peak, "1")),
        series: &format!("{prefix}.pool.saturation"),
        label: "connections in use",
        log: false,
    }
    .figure(record)
}
