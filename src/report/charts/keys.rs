//! Number of entries over time: the tier that holds most.

use super::side_by_side::tier_with_most;
use super::time_series::TimeSeries;
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Entries in the tier with most of them, expired ones that still hold memory included.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let (tier, peak) = tier_with_most(record, &[".entries"])?;
    TimeSeries {
        name: "key-count",
        title: &format!("Keys in tier {tier} over time"),
        message: format!("At most {} keys.", with_unit(peak, "count")),
        series: &format!("tier.{tier}.entries"),
        label: "keys, expired ones that hold memory included",
        log: false,
    }
    .figure(record)
}
