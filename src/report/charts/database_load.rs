//! Database load over time.

use super::levels::Levels;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Requests arriving at the database per second, in one replication: peaks that come at different times in
/// each replication would vanish from an average. Behind it lie all replications, above it the capacity.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let any = |name: &str| record.variants.iter().any(|variant| variant.series(name).is_some());
    let (one, band) = (any("db.qps.first"), any("db.qps.low"));
    let drawn = match (one, record.scenario.finished) {
        (true, 0 | 1) => "One run.".to_string(),
        (true, finished) if band => {
            format!(
                "The line is the first of {finished} runs, the band reaches from the lowest to the highest of all."
            )
        }
        (true, finished) => format!("The first of {finished} runs."),
        (false, _) => "Means over replications.".to_string(),
    };
    let peaks = super::figures_of(comparison, "db.qps.peak");
    TimeSeries {
        name: "database-load".to_string(),
        title: "Database load over time",
        message: peaks
            .map_or(drawn.clone(), |peaks| format!("{drawn} Busiest second, mean over all: {peaks}.")),
        series: if one { "db.qps.first" } else { "db.qps" },
        label: "requests to the database",
        when: When::Throughout,
        log: false,
        band: Some(["db.qps.low", "db.qps.high"]),
        levels: Levels::of_database(record),
    }
    .figure(record)
}
