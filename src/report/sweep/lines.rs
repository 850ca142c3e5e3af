//! One axis: a line per variant with the intervals of its means; dots where the values have no order.

use super::frame::{EDGE, Picture, Plot, Ruler, Sketch, TEXT, failed, head_height, measure_ruler, plain};
use super::view::View;
use crate::experiment::statistics::Estimate;
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure, text_width};
use crate::report::draw::WIDTH;
use crate::report::style::style;

const HEIGHT: f64 = 280.0;
const LEGEND: f64 = 20.0;

/// The chart of one measure over the only axis.
pub(super) fn picture(view: &View<'_>) -> Result<Picture, ReportError> {
    let record = view.record;
    let axis = &record.axes[0];
    let message = view.message();
    let legend = if record.variants.len() > 1 { legend_rows(&record.variants) } else { Vec::new() };
    let gap = if legend.is_empty() { 0.0 } else { 6.0 };
    let head = head_height(&message) + legend.len() as f64 * LEGEND + gap;
    let x = match &axis.unit {
        Some(_) => {
            let values: Vec<(f64, String)> =
                axis.values.iter().filter_map(|value| Some((value.value?, value.label.clone()))).collect();
            Ruler::of_values(axis.path.clone(), &values)
        }
        None => {
            let names: Vec<String> = axis.values.iter().map(|value| value.label.clone()).collect();
            Ruler::of_names(axis.path.clone(), &names)
        }
    };
    let bounds = |estimate: &Estimate| {
        let (low, high) = estimate.interval.unwrap_or((estimate.mean, estimate.mean));
        [low, estimate.mean, high]
    };
    let mut values: Vec<f64> = view.points.iter().flat_map(|point| bounds(&point.estimate)).collect();
    if values.iter().all(|value| *value >= 0.0) || view.points.iter().all(|point| point.estimate.mean >= 0.0)
    {
        // An interval of few replications may reach below what there can be.
        values.iter_mut().for_each(|value| *value = value.max(0.0));
        let means: Vec<f64> = view.points.iter().map(|point| point.estimate.mean).collect();
        if super::frame::spans_decades(&means) {
            values = means;
        }
    }
    let plot = Plot::across(head, HEIGHT, x, measure_ruler(view.measure, &view.unit, &values));
    let sketch = Sketch::new(head + HEIGHT + Plot::BELOW + EDGE, &view.title(), &message);
    draw(&sketch, view, &plot, &legend).map_err(failed)?;
    Ok(sketch.finish(format!("sweep-{}", view.measure)))
}

fn draw(sketch: &Sketch, view: &View<'_>, plot: &Plot, legend: &[Vec<(f64, usize)>]) -> Result<(), Failure> {
    let record = view.record;
    sketch.frame(plot)?;
    for (row, entries) in legend.iter().enumerate() {
        let y = plot.top - (legend.len() - row) as f64 * LEGEND + 4.0;
        for &(x, variant) in entries {
            let look = style(variant);
            let (x, middle) = (EDGE + x, y - 4.5);
            sketch.line(&[(x, middle), (x + 28.0, middle)], look.color, 1.8, look.class, look.dash)?;
            sketch.marker(look, (x + 14.0, middle))?;
            sketch.text(x + 34.0, y, &record.variants[variant], plain(TEXT, Anchor::Start));
        }
    }
    let numeric = record.axes[0].unit.is_some();
    let count = record.variants.len();
    for variant in 0..count {
        let look = style(variant);
        let mut points: Vec<(f64, Estimate)> = view
            .points
            .iter()
            .filter(|point| point.variant == variant)
            .map(|point| {
                let place = point.cell.at[0];
                // Names are dodged, so that intervals of variants do not cover each other.
                let dodged =
                    place as f64 + (variant as f64 - (count as f64 - 1.0) / 2.0) * 0.6 / count as f64;
                (record.axes[0].values[place].value.filter(|_| numeric).unwrap_or(dodged), point.estimate)
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if numeric {
            let path: Vec<(f64, f64)> =
                points.iter().map(|(x, estimate)| plot.at(*x, estimate.mean)).collect();
            sketch.line(&path, look.color, 1.8, look.class, look.dash)?;
        }
        for (x, estimate) in &points {
            let at = plot.at(*x, estimate.mean);
            if let Some((low, high)) = estimate.interval {
                let ends = [low, high].map(|end| {
                    let y = plot.at(*x, end).1;
                    // Below zero a logarithmic scale has no end.
                    if y.is_finite() {
                        y.clamp(plot.top, plot.top + plot.height)
                    } else {
                        plot.top + plot.height
                    }
                });
                sketch.line(&[(at.0, ends[0]), (at.0, ends[1])], look.color, 1.4, look.class, "")?;
                for end in ends {
                    sketch.line(&[(at.0 - 4.0, end), (at.0 + 4.0, end)], look.color, 1.4, look.class, "")?;
                }
            }
            if at.1.is_finite() {
                sketch.marker(look, at)?;
            }
        }
    }
    Ok(())
}

/// Rows that fit: x position and variant.
fn legend_rows(variants: &[String]) -> Vec<Vec<(f64, usize)>> {
    let width = f64::from(WIDTH) - 2.0 * EDGE;
    let mut rows: Vec<Vec<(f64, usize)>> = Vec::new();
    let mut x = f64::INFINITY;
    for (variant, name) in variants.iter().enumerate() {
        let entry = 34.0 + text_width(name, TEXT) + 16.0;
        if x + entry > width + 16.0 {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, variant));
        }
        x += entry;
    }
    rows
}
