//! Changes that the consumer of the change stream has still to handle, over time.

use super::time_series::{TimeSeries, When};
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// The backlog of the stream, of the variants that have one.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let peaks = super::figures_of(comparison, "cdc.backlog.peak");
    TimeSeries {
        name: "change-backlog".to_string(),
        title: "Backlog of the change stream",
        message: match peaks {
            Some(peaks) => format!("Most changes that waited at once: {peaks}."),
            None => "Committed changes that wait for the consumer.".to_owned(),
        },
        series: "cdc.backlog",
        label: "changes not handled yet",
        when: When::AtEnd,
        log: false,
    }
    .figure(record)
}
