//! The busiest node of a shared tier over time.

use super::side_by_side::tier_with_most;
use super::time_series::TimeSeries;
use crate::experiment::comparison::Comparison;
use crate::measure::record::Record;
use crate::report::figure::Figure;
use crate::report::format::with_unit;

/// Utilization of the busiest node, of the tier where it is highest.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let (tier, peak) = tier_with_most(record, &[".node.utilization.max"])?;
    let most = format!("At most {} busy", with_unit(peak, "1"));
    let mean = super::figures_of(comparison, &format!("tier.{tier}.utilization"));
    TimeSeries {
        name: "busiest-node",
        title: &format!("Busiest node of tier {tier}"),
        message: match mean {
            Some(mean) => format!("{most}; mean over all nodes: {mean}."),
            None => format!("{most}."),
        },
        series: &format!("tier.{tier}.node.utilization.max"),
        label: "utilization of the busiest node",
        log: false,
    }
    .figure(record)
}
