//! How long the entries of a tier still have to live, over time.

use super::side_by_side::SideBySide;
use super::tiers::peak;
use super::time_series::When;
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// Percentiles of the remaining time to live.
pub fn figure(record: &Record, _: &Comparison, tier: &str) -> Option<Figure> {
    let [p90, p50, p10] = ["p90", "p50", "p10"].map(|quantile| format!("tier.{tier}.ttl.{quantile}_s"));
    peak(record, &[&p90, &p50, &p10])?;
    SideBySide {
        name: format!("remaining-ttl-{tier}"),
        title: format!("Time that entries of tier {tier} have left"),
        message:
            "A tenth of the entries has less than p10, half less than p50; lines that meet mean that all \
                  expire together."
                .to_string(),
        series: &[(p90, "p90"), (p50, "p50"), (p10, "p10")],
        label: "remaining time to live",
        when: When::AtEnd,
    }
    .figure(record)
}
