//! Latency of hits, misses and coalesced reads apart.

use super::percentiles::panels;
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::figure::Figure;

/// One panel per class, on common axes.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    const CLASSES: [(&str, &str); 3] = [
        ("latency.hit", "hits"),
        ("latency.miss", "misses"),
        ("latency.coalesced", "reads that waited for another's fetch"),
    ];
    let panels = panels(record, &CLASSES, 220)?;
    let message = match super::figures_of(comparison, "latency.miss.p99_ms") {
        Some(misses) => format!("p99 of misses: {misses}."),
        None => "All replications together.".to_string(),
    };
    Some(Figure {
        name: "hits-and-misses".to_string(),
        title: "Latency of hits and misses apart".to_string(),
        message,
        columns: panels.len().min(2),
        panels,
        legend: record.variants.len() > 1,
    })
}
