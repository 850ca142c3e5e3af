//! The 99th percentile of latency over time.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// p99 of all requests by the window of their intended start.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let percentiles = super::figures_of(comparison, "latency.all.p99_ms");
    TimeSeries {
        name: "latency-p99".to_string(),
        title: "p99 latency over time",
        message: percentiles.map_or_else(
            || "Means over replications.".to_string(),
            |figures| format!("Whole run: {figures}."),
        ),
        series: "latency.all.p99_ms",
        label: "p99 latency",
        when: When::Throughout,
        log: true,
    }
    .figure(record)
}
