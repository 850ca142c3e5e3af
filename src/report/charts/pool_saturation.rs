//! Connections in use over time, pool by pool.

use super::tiers::peak;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Share of the connections to the database in use.
pub fn of_database(record: &Record, comparison: &Comparison) -> Option<Figure> {
    of_pool(record, comparison, "pool-saturation", "db", "connections to the database")
}

/// Share of the connections to a tier in use.
pub fn of_tier(record: &Record, comparison: &Comparison, tier: &str) -> Option<Figure> {
    let whose = format!("connections to tier {tier}");
    of_pool(record, comparison, &format!("pool-saturation-{tier}"), &format!("tier.{tier}"), &whose)
}

fn of_pool(
    record: &Record,
    comparison: &Comparison,
    name: &str,
    prefix: &str,
    whose: &str,
) -> Option<Figure> {
    let series = format!("{prefix}.pool.saturation");
    let peak = peak(record, &[&series])?;
    let waited = super::figures_of(comparison, &format!("{prefix}.pool.waited.ratio"));
    let waited = waited.map_or_else(String::new, |waited| format!("; had to wait: {waited}"));
    TimeSeries {
        name: name.to_string(),
        title: &format!("Pool saturation: {whose}"),
        message: format!("At most {} in use{waited}.", with_unit(peak, "1")),
        series: &series,
        label: "connections in use",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}
