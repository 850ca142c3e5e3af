//! Latency percentiles of all requests on an axis of nines, all variants in one picture.

use super::styles;
use crate::experiment::comparison::Comparison;
use crate::record::{DistributionRecord, Record};
use crate::report::axis::Axis;
use crate::report::csv::quantiles;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};

/// A percentile is drawn only with so many requests above it: with fewer it is mostly chance.
const REQUESTS_ABOVE_MIN: f64 = 10.0;

/// One line per variant over all classes of requests.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let panel = panels(record, &[("latency.all", "")], 340)?;
    let medians = super::figures_of(comparison, "latency.all.p50_ms");
    let message = match (medians, super::figures_of(comparison, "latency.all.p99_ms")) {
        (Some(medians), Some(tails)) => format!("Median: {medians}. p99: {tails}."),
        _ => "All replications together.".to_string(),
    };
    Some(Figure {
        name: "latency-percentiles".to_string(),
        title: "Latency percentiles, all requests".to_string(),
        message,
        panels: panel,
        columns: 1,
        legend: record.variants.len() > 1,
    })
}

/// Panels of percentiles on common axes, one per (distribution, title) that has data; `None` without any.
pub fn panels(record: &Record, distributions: &[(&str, &str)], height: u32) -> Option<Vec<Panel>> {
    let styles = styles(record);
    let lines = |name: &str| -> Vec<Series> {
        record
            .variants
            .iter()
            .enumerate()
            .filter_map(|(index, variant)| {
                let points = percentile_points(variant.distribution(name)?);
                (points.len() > 1).then(|| Series {
                    name: variant.name.clone(),
                    style: styles[index],
                    shape: Shape::Line,
                    points,
                })
            })
            .collect()
    };
    let found: Vec<(&str, Vec<Series>)> = distributions
        .iter()
        .map(|(name, title)| (*title, lines(name)))
        .filter(|(_, series)| !series.is_empty())
        .collect();
    let points = || found.iter().flat_map(|(_, series)| series).flat_map(|series| &series.points);
    let last = points().map(|(share, _)| *share).fold(0.0, f64::max);
    let (x, y) = (Axis::nines(last), Axis::log("latency", "ms", points().map(|(_, latency)| *latency)));
    let panels: Vec<Panel> = found
        .into_iter()
        .map(|(title, series)| Panel {
            title: title.to_string(),
            x: x.clone(),
            y: y.clone(),
            series,
            marks: Vec::new(),
            backing: Backing::default(),
            height,
        })
        .collect();
    (!panels.is_empty()).then_some(panels)
}

/// (share of requests below, latency in ms), twenty points per nine.
fn percentile_points(distribution: &DistributionRecord) -> Vec<(f64, f64)> {
    let total: u64 = distribution.counts.iter().map(|(_, count)| count).sum();
    let grid: Vec<f64> = (0..=120)
        .map(|step| 100.0 * (1.0 - libm::pow(10.0, -f64::from(step) / 20.0)))
        .filter(|percentile| (1.0 - percentile / 100.0) * total as f64 >= REQUESTS_ABOVE_MIN)
        .collect();
    quantiles(distribution, &grid)
        .into_iter()
        .filter(|(_, nanos)| *nanos > 0)
        .map(|(percentile, nanos)| (percentile / 100.0, nanos as f64 / 1e6))
        .collect()
}
