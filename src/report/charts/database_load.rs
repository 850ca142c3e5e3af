//! Database load over time.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Requests arriving at the database per second, in one replication: peaks that come at different times in
/// each replication would vanish from an average.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let one = record.variants.iter().any(|variant| variant.series("db.qps.first").is_some());
    let drawn = match (one, record.scenario.finished) {
        (true, 0 | 1) => "One run.".to_string(),
        (true, finished) => format!("The first of {finished} runs."),
        (false, _) => "Means over replications.".to_string(),
    };
    let peaks = super::figures_of(comparison, "db.qps.peak");
    TimeSeries {
        name: "database-load".to_string(),
        title: "Database load over time",
        message: peaks
            .map_or(drawn.clone(), |peaks| format!("{drawn} Busiest window, mean over all: {peaks}.")),
        series: if one { "db.qps.first" } else { "db.qps" },
        label: "requests to the database",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}
