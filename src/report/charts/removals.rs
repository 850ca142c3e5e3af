//! Evictions and expirations apart, over time: the tier that loses most.

use super::side_by_side::{SideBySide, tier_with_most};
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Entries removed per second, by why.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let (tier, peak) = tier_with_most(record, &[".evictions", ".expirations"])?;
    SideBySide {
        name: "evictions-expirations",
        title: format!("Entries removed from tier {tier} over time"),
        message: format!("Evicted to make room, or expired; at most {}.", with_unit(peak, "1/s")),
        series: &[
            (format!("tier.{tier}.evictions"), "evicted"),
            (format!("tier.{tier}.expirations"), "expired"),
        ],
        label: "entries removed",
    }
    .figure(record)
}
