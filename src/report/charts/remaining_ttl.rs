//! How long entries still have to live, over time.

use super::side_by_side::{SideBySide, tier_with_most};
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;

/// Percentiles of the remaining time to live, of the tier where it is longest.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let (tier, _) = tier_with_most(record, &[".ttl.p90_s"])?;
    let of = |quantile: &str| format!("tier.{tier}.ttl.{quantile}_s");
    SideBySide {
        name: "remaining-ttl",
        title: format!("Time that entries of tier {tier} have left"),
        message:
            "A tenth of the entries has less than p10, half less than p50; lines that meet mean that all \
                  expire together."
                .to_string(),
        series: &[(of("p90"), "p90"), (of("p50"), "p50"), (of("p10"), "p10")],
        label: "remaining time to live",
    }
    .figure(record)
}
