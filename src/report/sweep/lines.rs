//! One axis: a line per variant with the intervals of its means; dots where the values have no order.

use super::frame::{ARROWS, Picture, Plot, Ruler, failed, interval, measure_ruler};
use super::knees::{FoundKnee, knees, sentences};
use super::view::{MARKED, Point, View};
use crate::experiment::statistics::Estimate;
use crate::experiment::sweep::limits::LimitRecord;
use crate::experiment::sweep::record::SweepRecord;
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure};
use crate::report::charts::LEVEL_FAR;
use crate::report::drawing::{Drawing, EDGE, Entry, Heading, LEGEND, SMALL, head_height, legend_rows};
use crate::report::format::exact;
use crate::report::style::style;
use plotters::prelude::RGBColor;

const HEIGHT: f64 = 280.0;
const INK: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);

/// Marks in a chart besides its points.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Marks {
    /// Stands before the chart's own message.
    pub message: String,
    /// Values of the measure that get a line across.
    pub limits: Vec<f64>,
    /// Values of the axis, in its unit, that get an upright line in the colour of a variant.
    pub borders: Vec<(usize, f64)>,
    /// Variant, value of the axis and of the measure of each point that gets a ring.
    pub knees: Vec<(usize, f64, f64)>,
}

/// The chart of one measure over the only axis, with its limits and knees.
pub(super) fn picture(view: &View<'_>, heading: Heading) -> Result<Picture, ReportError> {
    picture_with(view, heading, &marks(view))
}

fn marks(view: &View<'_>) -> Marks {
    let of_measure = view.record.limits.iter().filter(|limit| limit.limit.measure == view.measure);
    let (limits, far): (Vec<&LimitRecord>, Vec<&LimitRecord>) =
        of_measure.partition(|limit| is_near(view, limit.limit.limit));
    let mut message = sentences(view);
    if !message.is_empty() {
        message.push("Ring: the knee of the curve.".to_owned());
    }
    if !limits.is_empty() {
        message.push("Dashed: the limit.".to_owned());
    }
    message.extend(far.iter().map(|LimitRecord { limit, unit, .. }| {
        format!("The limit, {} {}, lies far outside.", limit.bound, exact(limit.limit, unit))
    }));
    let ring = |knee: &FoundKnee<'_>| Some((knee.variant, knee.at.spot.value(0)?, knee.at.estimate.mean));
    Marks {
        message: message.join(" "),
        limits: limits.iter().map(|limit| limit.limit.limit).collect(),
        borders: Vec::new(),
        knees: knees(view).iter().filter_map(ring).collect(),
    }
}

/// Whether a limit can be drawn without flattening the curves.
fn is_near(view: &View<'_>, limit: f64) -> bool {
    view.extremes().is_some_and(|(lowest, highest)| {
        let (low, high) = (lowest.estimate.mean, highest.estimate.mean);
        limit <= high.max(0.0) * LEVEL_FAR && (limit >= low / LEVEL_FAR || low <= 0.0 || limit == 0.0)
    })
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
    draw_marks(&drawing, view, &plot, marks).map_err(failed)?;
    if heading == Heading::Outside {
        for (point, at) in places(view, &plot) {
            let told = format!("{}: {}", point.spot.name(), view.figure(&point.estimate));
            drawing.target(point.index, at, &told);
        }
    }
    Ok(Picture::new(&drawing, format!("sweep-{}", view.measure), &title, &message))
}

fn draw_marks(drawing: &Drawing, view: &View<'_>, plot: &Plot, marks: &Marks) -> Result<(), Failure> {
    let right = plot.left + plot.width;
    for &limit in &marks.limits {
        let y = plot.at(0.0, limit).1;
        if y.is_finite() && y >= plot.top && y <= plot.top + plot.height {
            drawing.line(&[(plot.left, y), (right, y)], INK, 1.2, "reference", "8 4")?;
            let word = format!("limit {}", exact(limit, &view.unit));
            // Inside the plot where the line runs along its upper edge.
            let base = if y - plot.top < SMALL + 6.0 { y + SMALL + 3.0 } else { y - 5.0 };
            drawing.canvas(|canvas| canvas.label(right - 4.0, base, &word, SMALL, Anchor::End));
        }
    }
    let mut named: Vec<(f64, f64)> = Vec::new();
    for &(variant, x, y) in &marks.knees {
        let at = plot.at(x, y);
        if at.0.is_finite() && at.1.is_finite() {
            // Of rings that touch, one has the word.
            let is_named = named.iter().any(|other| (other.0 - at.0).hypot(other.1 - at.1) < 40.0);
            drawing.ring(at, style(variant), if is_named { "" } else { "knee" })?;
            named.push(at);
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

/// Where a point lies on the ruler of the axis: its value, or the place of its name.
fn across(view: &View<'_>, point: &Point<'_>) -> Option<f64> {
    let (record, spot) = (view.record, &point.spot);
    if record.axes[0].unit.is_some() {
        return spot.value(0);
    }
    let own = || {
        let place = pinned_names(record).iter().position(|name| *name == spot.label(0));
        place.map(|place| record.axes[0].values.len() + place)
    };
    let place = spot.at()[0].or_else(own)?;
    let count = record.variants.len() as f64;
    // Names are dodged, so that intervals of variants do not cover each other.
    Some(place as f64 + (spot.variant as f64 - (count - 1.0) / 2.0) * 0.6 / count)
}

/// The points that are in the picture, in pixels.
fn places<'v, 'r>(view: &'v View<'r>, plot: &Plot) -> Vec<(&'v Point<'r>, (f64, f64))> {
    let place = |point: &'v Point<'r>| {
        let at = plot.at(across(view, point)?, point.estimate.mean);
        (at.0.is_finite() && at.1.is_finite()).then_some((point, at))
    };
    view.points.iter().filter_map(place).collect()
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
    for variant in 0..record.variants.len() {
        let look = style(variant);
        let mut points: Vec<(f64, Estimate)> = view
            .points
            .iter()
            .filter(|point| point.spot.variant == variant)
            .filter_map(|point| Some((across(view, point)?, point.estimate)))
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
