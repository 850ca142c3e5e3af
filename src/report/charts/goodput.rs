//! Goodput over time, only where requests failed.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Requests answered without an error per second.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    if !super::errors::any(record) {
        return None;
    }
    let rates = super::figures_of(comparison, "goodput");
    TimeSeries {
        name: "goodput".to_string(),
        title: "Goodput over time",
        message: rates
            .map_or_else(|| "Means over replications.".to_string(), |rates| format!("Whole run: {rates}.")),
        series: "goodput",
        label: "answered without an error",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}
