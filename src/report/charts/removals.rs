//! Evictions and expirations of a tier apart, over time.

use super::side_by_side::SideBySide;
use super::tiers::peak;
use super::time_series::When;
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Entries removed per second, by why.
pub fn figure(record: &Record, _: &Comparison, tier: &str) -> Option<Figure> {
    let (evictions, expirations) = (format!("tier.{tier}.evictions"), format!("tier.{tier}.expirations"));
    let peak = peak(record, &[&evictions, &expirations])?;
    SideBySide {
        name: format!("evictions-expirations-{tier}"),
        title: format!("Entries removed from tier {tier} over time"),
        message: format!("Evicted to make room, or expired; at most {}.", with_unit(peak, "1/s")),
        series: &[(evictions, "evicted"), (expirations, "expired")],
        label: "entries removed",
        when: When::Throughout,
    }
    .figure(record)
}
