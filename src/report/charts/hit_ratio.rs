//! Hit ratio over time.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Share of reads answered from a tier.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let ratios = super::figures_of(comparison, "hit_ratio");
    TimeSeries {
        name: "hit-ratio".to_string(),
        title: "Hit ratio over time",
        message: ratios
            .map_or_else(|| "Means over replications.".to_string(), |ratios| format!("Whole run: {ratios}.")),
        series: "hit_ratio",
        label: "hit ratio",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}
