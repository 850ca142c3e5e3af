//! Database load over time.

use super::time_series::TimeSeries;
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;

/// Requests arriving at the database per second.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let peaks = super::figures_of(comparison, "db.qps.peak");
    TimeSeries {
        name: "database-load",
        title: "Database load over time",
        message: peaks.map_or_else(
            || "Means over replications.".to_string(),
            |peaks| format!("Busiest window: {peaks}."),
        ),
        series: "db.qps",
        label: "requests to the database",
        log: false,
    }
    .figure(record)
}
