//! One axis: a line per variant with the intervals of its means; dots where the values have no order.

use super::frame::{ARROWS, Picture, Plot, Ruler, failed, interval, measure_ruler};
use super::view::{MARKED, Point, View};
use crate::experiment::statistics::Estimate;
use crate::experiment::sweep::record::SweepRecord;
use crate::report::ReportError;
use crate::report::canvas::Failure;
use crate::report::drawing::{Drawing, EDGE, Entry, FRAME, Heading, LEGEND, head_height, legend_rows};
use crate::report::style::style;

const HEIGHT: f64 = 280.0;

/// Marks in a chart besides its points.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Marks {
    /// Stands before the chart's own message.
    pub message: String,
    /// Values of the measure that get a line across.
    pub limits: Vec<f64>,
    /// Values of the axis, in its unit, that get an upright line in the colour of a variant.
    pub borders: Vec<(usize, f64)>,
}

/// The chart of one measure over the only axis.
pub(super) fn picture(view: &View<'_>, heading: Heading) -> Result<Picture, ReportError> {
    picture_with(view, heading, &Marks::default())
}

/// The same with marks.
pub(in crate::report) fn picture_with(
    view: &View<'_>,
    heading: Heading,
    marks: &Marks,
) -> Result<Picture, ReportError> {
    let record = view.record;
    let axis = &record.axes[0];
    let means: Vec<f64> = view.points.iter().map(|point| point.estimate.mean).collect();
    let intervals: Vec<(f64, f64)> =
        view.points.iter().map(|point| interval(view.measure, &point.estimate)).collect();
    let marked: Vec<(f64, f64)> = marks.limits.iter().map(|&limit| (limit, limit)).collect();
    let y = measure_ruler(view.measure, &view.unit, &means, &[intervals.as_slice(), &marked].concat());
    let mut message = match marks.message.as_str() {
        "" => view.message(),
        own => format!("{own} {}", view.message()),
    };
    if view.is_marked() {
        message.push_str(&format!(" {MARKED}"));
    }
    if intervals.iter().any(|&interval| y.cuts(interval)) {
        message.push_str(ARROWS);
    }
    let names = legend_names(record);
    let legend = match names.len() {
        ..=1 => Vec::new(),
        _ => legend_rows(names.iter().enumerate().map(|(variant, name)| (name.as_str(), variant))),
    };
    let gap = if legend.is_empty() { 0.0 } else { 6.0 };
    let head = head_height(&message, heading) + legend.len() as f64 * LEGEND + gap;
    let x = match &axis.unit {
        Some(_) => {
            let swept = axis.values.iter().filter_map(|value| Some((value.value?, value.label.clone())));
            let own = record.spots().filter(|spot| spot.is_pinned(0));
            let own = own.filter_map(|spot| Some((spot.value(0)?, spot.label(0).to_owned())));
            let mut values: Vec<(f64, String)> = swept.collect();
            for (value, label) in own {
                if values.iter().all(|(known, _)| *known != value) {
                    values.push((value, label));
                }
            }
            Ruler::of_values(axis.path.clone(), &values)
        }
        None => {
            let swept = axis.values.iter().map(|value| value.label.clone());
            let own = pinned_names(record).into_iter().map(|label| format!("{label} (pinned)"));
            Ruler::of_names(axis.path.clone(), &swept.chain(own).collect::<Vec<_>>())
        }
    };
    let plot = Plot::across(head, HEIGHT, x, y);
    let title = view.title();
    let drawing = Drawing::new(head + HEIGHT + Plot::BELOW + EDGE, &title, &message, heading);
    draw(&drawing, view, &plot, (&names, &legend)).map_err(failed)?;
    draw_marks(&drawing, &plot, marks).map_err(failed)?;
    Ok(Picture::new(&drawing, format!("sweep-{}", view.measure), &title, &message))
}

fn draw_marks(drawing: &Drawing, plot: &Plot, marks: &Marks) -> Result<(), Failure> {
    for &limit in &marks.limits {
        let y = plot.at(0.0, limit).1;
        if y.is_finite() && y >= plot.top && y <= plot.top + plot.height {
            drawing.line(&[(plot.left, y), (plot.left + plot.width, y)], FRAME, 1.6, "frame", "2 3")?;
        }
    }
    for &(variant, value) in &marks.borders {
        let (x, look) = (plot.at(value, 0.0).0, style(variant));
        if x.is_finite() {
            drawing.line(
                &[(x, plot.top), (x, plot.top + plot.height)],
                look.color,
                1.2,
                look.class,
                look.dash,
            )?;
        }
    }
    Ok(())
}

/// Own values of pinned variants on an axis of names, each once: they stand behind those of the axis.
fn pinned_names(record: &SweepRecord) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for spot in record.spots().filter(|spot| spot.is_pinned(0)) {
        if !names.contains(&spot.label(0)) {
            names.push(spot.label(0));
        }
    }
    names
}

fn legend_names(record: &SweepRecord) -> Vec<String> {
    let name = |(variant, name): (usize, &String)| match record.own(variant, 0) {
        Some(own) => format!("{name} (pinned at {own})"),
        None => name.clone(),
    };
    record.variants.iter().enumerate().map(name).collect()
}

fn draw(
    drawing: &Drawing,
    view: &View<'_>,
    plot: &Plot,
    (names, legend): (&[String], &[Vec<Entry<usize>>]),
) -> Result<(), Failure> {
    let record = view.record;
    drawing.frame(plot)?;
    for (row, entries) in legend.iter().enumerate() {
        let y = plot.top - (legend.len() - row) as f64 * LEGEND + 4.0;
        for &(x, variant) in entries {
            drawing.legend_entry(EDGE + x, y, &names[variant], style(variant))?;
        }
    }
    let numeric = record.axes[0].unit.is_some();
    let count = record.variants.len();
    for variant in 0..count {
        let look = style(variant);
        let mut points: Vec<(f64, Estimate)> = view
            .points
            .iter()
            .filter(|point| point.spot.variant == variant)
            .filter_map(|point| {
                let spot = &point.spot;
                if numeric {
                    return Some((spot.value(0)?, point.estimate));
                }
                let own = || {
                    let place = pinned_names(record).iter().position(|name| *name == spot.label(0));
                    place.map(|place| record.axes[0].values.len() + place)
                };
                let place = spot.at()[0].or_else(own)?;
                // Names are dodged, so that intervals of variants do not cover each other.
                let dodged =
                    place as f64 + (variant as f64 - (count as f64 - 1.0) / 2.0) * 0.6 / count as f64;
                Some((dodged, point.estimate))
            })
            .collect();
        // A value of its own that has no place on the axis (`none` among times): a line all across.
        let placeless = |point: &&Point<'_>| point.spot.variant == variant && point.spot.value(0).is_none();
        if let Some(point) = view.points.iter().find(placeless).filter(|_| numeric) {
            let (_, y) = plot.at(0.0, point.estimate.mean);
            if y.is_finite() {
                let ends = [(plot.left, y), (plot.left + plot.width, y)];
                drawing.line(&ends, look.color, 1.8, look.class, look.dash)?;
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if numeric {
            let path: Vec<(f64, f64)> =
                points.iter().map(|(x, estimate)| plot.at(*x, estimate.mean)).collect();
            drawing.line(&path, look.color, 1.8, look.class, look.dash)?;
        }
        for (x, estimate) in &points {
            let at = plot.at(*x, estimate.mean);
            if estimate.interval.is_some() {
                let (low, high) = interval(view.measure, estimate);
                drawing.bar(plot, ((*x, low), (*x, high)), look, true)?;
            }
            if at.1.is_finite() {
                drawing.marker(look, at)?;
            }
        }
    }
    Ok(())
}
