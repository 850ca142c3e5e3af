//! Number of entries of a tier over time.

use super::tiers::peak;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Entries, expired ones that still hold memory included.
pub fn figure(record: &Record, _: &Comparison, tier: &str) -> Option<Figure> {
    let series = format!("tier.{tier}.entries");
    let peak = peak(record, &[&series])?;
    TimeSeries {
        name: format!("key-count-{tier}"),
        title: &format!("Keys in tier {tier} over time"),
        message: format!("At most {} keys.", with_unit(peak, "count")),
        series: &series,
        label: "keys, expired ones that hold memory included",
        when: When::AtEnd,
        log: false,
    }
    .figure(record)
}
