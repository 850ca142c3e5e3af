//! Errors over time, only where there were any.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Share of requests that ended in an error or did not end.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    if !any(record) {
        return None;
    }
    let ratios = super::figures_of(comparison, "error.ratio");
    TimeSeries {
        name: "errors".to_string(),
        title: "Errors over time",
        message: ratios
            .map_or_else(|| "Means over replications.".to_string(), |ratios| format!("Whole run: {ratios}.")),
        series: "error.ratio",
        label: "failed requests",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}

/// Whether any request of any variant failed.
pub fn any(record: &Record) -> bool {
    let series = record.variants.iter().filter_map(|variant| variant.series("error.ratio"));
    series.flat_map(|series| &series.values).any(|value| value.is_some_and(|value| value > 0.0))
}
