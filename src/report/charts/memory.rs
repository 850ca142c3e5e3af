//! Memory of a tier over time.

use super::tiers::peak;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Bytes of keys, values and overhead.
pub fn figure(record: &Record, _: &Comparison, tier: &str) -> Option<Figure> {
    let series = format!("tier.{tier}.bytes");
    let peak = peak(record, &[&series])?;
    TimeSeries {
        name: format!("memory-{tier}"),
        title: &format!("Memory of tier {tier} over time"),
        message: format!("At most {}.", with_unit(peak, "bytes")),
        series: &series,
        label: "keys, values and overhead",
        when: When::AtEnd,
        log: false,
    }
    .figure(record)
}
