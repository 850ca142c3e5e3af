//! The busiest node of a shared tier over time.

use super::tiers::peak;
use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Utilization of the busiest node.
pub fn figure(record: &Record, comparison: &Comparison, tier: &str) -> Option<Figure> {
    let series = format!("tier.{tier}.node.utilization.max");
    let peak = peak(record, &[&series])?;
    let most = format!("At most {} busy", with_unit(peak, "1"));
    let mean = super::figures_of(comparison, &format!("tier.{tier}.utilization"));
    TimeSeries {
        name: format!("busiest-node-{tier}"),
        title: &format!("Busiest node of tier {tier}"),
        message: match mean {
            Some(mean) => format!("{most}; mean over all nodes: {mean}."),
            None => format!("{most}."),
        },
        series: &series,
        label: "utilization of the busiest node",
        when: When::Throughout,
        log: false,
    }
    .figure(record)
}
