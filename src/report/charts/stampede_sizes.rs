//! How large stampedes are: fetches of one key from the first until none is in flight.

use super::styles;
use crate::experiment::comparison::Comparison;
use crate::record::{DistributionRecord, Record};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};

/// For each size, how many times per run that many fetches or more were made.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let styles = styles(record);
    let runs = f64::from(record.scenario.finished.max(1));
    let mut series: Vec<Series> = record
        .variants
        .iter()
        .enumerate()
        .filter_map(|(index, variant)| {
            let points = at_least(variant.distribution("stampede.size")?, runs);
            (!points.is_empty()).then(|| Series {
                name: variant.name.clone(),
                style: styles[index],
                shape: Shape::Steps,
                points: bars(&points),
            })
        })
        .collect();
    let points = || series.iter().flat_map(|series| &series.points);
    // Without a stampede anywhere there is nothing to see: size 1 reaches up to 2.
    if points().all(|(size, _)| *size <= 2.0) {
        return None;
    }
    let x = Axis::log("fetches of one key until none is in flight", "count", points().map(|(size, _)| *size));
    let y = Axis::log("at least that many, times per run", "count", points().map(|(_, times)| *times));
    // Lines fall to the bottom, where the log scale has no zero.
    let bottom = libm::pow(10.0, y.limits().0);
    for (_, times) in series.iter_mut().flat_map(|series| &mut series.points) {
        *times = times.max(bottom);
    }
    let message = match super::figures_of(comparison, "stampede.max") {
        Some(largest) => format!("Largest: {largest}. A line that ends further left has smaller stampedes."),
        None => "A line that ends further left has smaller stampedes.".to_string(),
    };
    Some(Figure {
        name: "stampede-sizes".to_string(),
        title: "Stampede sizes".to_string(),
        message,
        panels: vec![Panel {
            title: String::new(),
            x,
            y,
            series,
            marks: Vec::new(),
            backing: Backing::default(),
            height: 300,
        }],
        columns: 1,
        legend: record.variants.len() > 1,
    })
}

/// (size, how often per run at least that size), ascending.
fn at_least(sizes: &DistributionRecord, runs: f64) -> Vec<(f64, f64)> {
    let mut remaining: u64 = sizes.counts.iter().map(|(_, count)| count).sum();
    let mut points = Vec::with_capacity(sizes.counts.len());
    for (size, count) in sizes.counts.iter().filter(|(size, _)| *size > 0) {
        points.push((*size as f64, remaining as f64 / runs));
        remaining = remaining.saturating_sub(*count);
    }
    points
}

/// Steps: each value from the size after the one before up to its own, and zero at the end.
fn bars(at_least: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut steps = Vec::with_capacity(at_least.len() + 1);
    let mut from = 1.0;
    for &(size, times) in at_least {
        steps.push((from, times));
        from = size + 1.0;
    }
    steps.push((from, 0.0));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_counts_itself_and_the_larger_ones() {
        let sizes = DistributionRecord {
            name: "stampede.size".into(),
            unit: "count".into(),
            counts: vec![(1, 90), (4, 8), (50, 2)],
        };
        let at_least = at_least(&sizes, 2.0);
        assert_eq!(at_least, [(1.0, 50.0), (4.0, 5.0), (50.0, 1.0)]);
        assert_eq!(bars(&at_least), [(1.0, 50.0), (2.0, 5.0), (5.0, 1.0), (51.0, 0.0)]);
    }
}
