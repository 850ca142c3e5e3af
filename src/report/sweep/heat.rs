//! Two axes: a heat map with its values; from the third axis on, one map for each of their settings.
//!
//! Colours are viridis (Smith and van der Walt, 2015): perceptually uniform, and told apart without red and green.

use std::collections::HashSet;

use plotters::prelude::{ColorMap, RGBColor, ViridisRGB};

use super::frame::{Picture, extent, failed, spans_decades};
use super::view::View;
use crate::catalog::Better;
use crate::experiment::review::Safety;
use crate::experiment::sweep::record::SweepRecord;
use crate::report::ReportError;
use crate::report::axis::Axis;
use crate::report::canvas::{Anchor, Failure, Lettering, shortened, text_width};
use crate::report::drawing::{Drawing, EDGE, FRAME, Heading, SMALL, TEXT, WIDTH, head_height, plain};
use crate::report::format::Scale;

/// More maps than this are no picture.
const MAPS_MAX: usize = 36;
const GAP: f64 = 22.0;
const BAR_HEIGHT: f64 = 14.0;
const BAR: f64 = BAR_HEIGHT + SMALL + 34.0;

/// One map: a variant at a setting of all axes but the first two. A variant that sets one of these two itself has a map of
/// one column or row.
struct Map {
    title: String,
    variant: usize,
    /// Along each side the index of the axis's value; `None` for the variant's own.
    columns: Vec<Option<usize>>,
    rows: Vec<Option<usize>>,
    rest: Vec<Option<usize>>,
}

/// Where everything lies, in pixels.
struct Layout {
    columns: usize,
    map_width: f64,
    /// Room for the labels of the y axis.
    left: f64,
    cell: (f64, f64),
    title: f64,
    /// Whether the y axis has room for its name beside it; else the name stands above, in a line of this height.
    upright: bool,
    name: f64,
}

/// Index of the value of each axis, `None` for the variant's own, and the variant.
type Place = (Vec<Option<usize>>, usize);

/// The values as colours.
struct Colours {
    low: f64,
    high: f64,
    log: bool,
}

impl Colours {
    fn of(view: &View<'_>) -> Colours {
        let means: Vec<f64> = view.points.iter().map(|point| point.estimate.mean).collect();
        let (low, high) = extent(means.iter().copied()).unwrap_or((0.0, 1.0));
        Colours { low, high, log: spans_decades(&means) }
    }

    /// From 0 for the lowest to 1 for the highest.
    fn share(&self, value: f64) -> f64 {
        let place = |value: f64| if self.log { libm::log10(value) } else { value };
        let (low, high) = (place(self.low), place(self.high));
        if high > low { ((place(value) - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }
}

fn color(share: f64) -> RGBColor {
    ViridisRGB.get_color(share as f32)
}

/// Whether black is easier to read on it than white.
fn is_bright(RGBColor(red, green, blue): RGBColor) -> bool {
    // Relative luminance, W3C's WCAG 2; 0.18 is where black and white contrast alike.
    let linear = |channel: u8| libm::pow((f64::from(channel) / 255.0 + 0.055) / 1.055, 2.4);
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.18
}

/// The maps of one measure, `None` where they are too many to look at.
pub(super) fn picture(view: &View<'_>, heading: Heading) -> Result<Option<Picture>, ReportError> {
    let record = view.record;
    let maps = maps(view);
    if maps.len() > MAPS_MAX {
        return Ok(None);
    }
    let mut message = view.message();
    if view.better() != Better::Neither {
        message.push_str(" Framed: the best cell and its statistical ties.");
    }
    let occurs = |safety: Safety| view.points.iter().any(|point| point.spot.safety() == safety);
    if occurs(Safety::NotSafe) {
        message.push_str(" Hatched: a limit is broken.");
    }
    if occurs(Safety::AtRisk) {
        message.push_str(" Marked in the corner: at risk.");
    }
    if maps.len() > 1 {
        message.push_str(" All maps share one scale.");
    }
    let layout = layout(view, maps.len());
    let rows = maps.len().div_ceil(layout.columns);
    let head = head_height(&message, heading);
    let map_height =
        layout.title + layout.name + layout.cell.1 * record.axes[1].values.len() as f64 + SMALL + 34.0;
    let height = head + rows as f64 * map_height + BAR + EDGE;
    let title = view.title();
    let drawing = Drawing::new(height, &title, &message, heading);
    let framed: HashSet<Place> =
        view.best().into_iter().map(|point| (point.spot.at(), point.spot.variant)).collect();
    let colours = Colours::of(view);
    for (index, map) in maps.iter().enumerate() {
        let x = EDGE + (index % layout.columns) as f64 * (layout.map_width + GAP);
        let y = head + (index / layout.columns) as f64 * map_height;
        draw_map(&drawing, view, map, &layout, (&colours, &framed), (x, y)).map_err(failed)?;
        if heading == Heading::Outside {
            targets(&drawing, view, map, &layout, (x, y));
        }
    }
    draw_bar(&drawing, view, &colours, head + rows as f64 * map_height + 6.0).map_err(failed)?;
    Ok(Some(Picture::new(&drawing, format!("sweep-{}", view.measure), &title, &message)))
}

fn maps(view: &View<'_>) -> Vec<Map> {
    let record = view.record;
    (0..record.variants.len()).flat_map(|variant| maps_of(record, variant)).collect()
}

fn maps_of(record: &SweepRecord, variant: usize) -> Vec<Map> {
    let places = |axis: usize| match record.own(variant, axis) {
        Some(_) => vec![None],
        None => (0..record.axes[axis].values.len()).map(Some).collect(),
    };
    let mut settings: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for axis in 2..record.axes.len() {
        let longer = |at: Vec<Option<usize>>| {
            places(axis).into_iter().map(move |value| at.iter().copied().chain([value]).collect())
        };
        settings = settings.into_iter().flat_map(longer).collect();
    }
    let named = (record.variants.len() > 1).then(|| record.variants[variant].clone());
    let pinned = record.axes.iter().enumerate().filter_map(|(index, axis)| {
        record.own(variant, index).map(|own| format!("{} pinned at {own}", axis.path))
    });
    let head: Vec<String> = named.into_iter().chain(pinned).collect();
    let map = |rest: Vec<Option<usize>>| {
        let set = record.axes[2..].iter().zip(&rest).filter_map(|(axis, value)| {
            value.map(|value| format!("{} = {}", axis.path, axis.values[value].label))
        });
        let title = head.iter().cloned().chain(set).collect::<Vec<_>>().join(" · ");
        Map { title, variant, columns: places(0), rows: places(1), rest }
    };
    settings.into_iter().map(map).collect()
}

fn layout(view: &View<'_>, maps: usize) -> Layout {
    let record = view.record;
    let (across, down) = (record.axes[0].values.len() as f64, record.axes[1].values.len());
    let widest = |axis: usize| {
        let labels = record.axes[axis].values.iter().map(|value| text_width(&value.label, SMALL));
        labels.fold(0.0, f64::max).min(150.0)
    };
    let cell_height = if down > 24 { 16.0 } else { 26.0 };
    let upright = text_width(&record.axes[1].path, SMALL) <= cell_height * down as f64;
    let left = widest(1) + 14.0 + if upright { SMALL } else { 0.0 };
    let figures = view.points.iter().map(|point| text_width(&view.scale.number(point.estimate.mean), SMALL));
    // A cell is wide enough for its figure if that leaves room for more than a map per row.
    let wanted = figures.fold(20.0, f64::max).max(widest(0).min(70.0)) + 8.0;
    let room = f64::from(WIDTH) - 2.0 * EDGE;
    let fitting = ((room + GAP) / (left + wanted * across + GAP)).floor();
    let fitting = (fitting.max(1.0) as usize).min(maps);
    // Where a row has room for all maps of a variant, rows begin with a variant.
    let of_variant = maps / record.variants.len().max(1);
    let columns =
        if of_variant > 1 && of_variant <= fitting { fitting / of_variant * of_variant } else { fitting };
    let map_width = (room - (columns - 1) as f64 * GAP) / columns as f64;
    let cell_width = ((map_width - left) / across).min(120.0);
    let titled = maps > 1;
    Layout {
        columns,
        map_width,
        left,
        cell: (cell_width, cell_height),
        title: if titled { TEXT + 10.0 } else { 4.0 },
        upright,
        name: if upright { 0.0 } else { SMALL + 5.0 },
    }
}

fn draw_map(
    drawing: &Drawing,
    view: &View<'_>,
    map: &Map,
    layout: &Layout,
    (colours, framed): (&Colours, &HashSet<Place>),
    (left, top): (f64, f64),
) -> Result<(), Failure> {
    let record = view.record;
    let (x_axis, y_axis) = (&record.axes[0], &record.axes[1]);
    let (width, height) = layout.cell;
    let (plot_left, plot_top) = (left + layout.left, top + layout.title + layout.name);
    let label = |axis: usize, value: Option<usize>| match value {
        Some(value) => record.axes[axis].values[value].label.as_str(),
        None => record.own(map.variant, axis).unwrap_or_default(),
    };
    let bottom = plot_top + height * map.rows.len() as f64;
    let bold = Lettering { bold: true, ..plain(TEXT, Anchor::Start) };
    let title = shortened(&map.title, TEXT * 1.1, layout.map_width);
    drawing.text(left, top + TEXT, &title, bold);
    for (row, &y_value) in map.rows.iter().enumerate() {
        // The first value at the bottom, as on any y axis.
        let y = bottom - (row + 1) as f64 * height;
        let shown = shortened(
            label(1, y_value),
            SMALL,
            layout.left - 13.0 - if layout.upright { SMALL } else { 0.0 },
        );
        drawing.text(plot_left - 6.0, y + height / 2.0 + SMALL * 0.36, &shown, plain(SMALL, Anchor::End));
        for column in 0..map.columns.len() {
            let at = at(map, column, row);
            let place = (plot_left + column as f64 * width, y);
            draw_cell(drawing, view, colours, (&at, map.variant), place, layout.cell);
            if framed.contains(&(at, map.variant)) {
                let (x, y) = place;
                let inset = 1.5;
                let corners = [
                    (x + inset, y + inset),
                    (x + width - inset, y + inset),
                    (x + width - inset, y + height - inset),
                    (x + inset, y + height - inset),
                    (x + inset, y + inset),
                ];
                drawing.line(&corners, RGBColor(0xff, 0xff, 0xff), 3.0, "bestcell", "")?;
                drawing.line(&corners, RGBColor(0xd5, 0x5e, 0x00), 2.0, "bestcell", "")?;
            }
        }
    }
    let mut free_from = f64::NEG_INFINITY;
    for (column, &value) in map.columns.iter().enumerate() {
        let x = plot_left + (column as f64 + 0.5) * width;
        let value = match x_axis.unit {
            // A name cannot be guessed from its neighbours.
            None if width >= 36.0 => shortened(label(0, value), SMALL, width - 5.0),
            _ => label(0, value).to_owned(),
        };
        let half = text_width(&value, SMALL) / 2.0;
        if x - half > free_from {
            drawing.text(x, bottom + SMALL + 5.0, &value, plain(SMALL, Anchor::Middle));
            free_from = x + half + 4.0;
        }
    }
    let middle = plot_left + width * map.columns.len() as f64 / 2.0;
    drawing.text(middle, bottom + SMALL + 21.0, &x_axis.path, plain(SMALL, Anchor::Middle));
    let beside = text_width(&y_axis.path, SMALL) <= bottom - plot_top;
    if layout.upright && beside {
        let upright = Lettering { upright: true, ..plain(SMALL, Anchor::Middle) };
        drawing.text(left + SMALL, (plot_top + bottom) / 2.0, &y_axis.path, upright);
    } else if !layout.upright {
        let name = shortened(&y_axis.path, SMALL, layout.map_width);
        drawing.text(left, plot_top - 6.0, &name, plain(SMALL, Anchor::Start));
    }
    Ok(())
}

/// Index of the value of each axis in the cell of a column and a row.
fn at(map: &Map, column: usize, row: usize) -> Vec<Option<usize>> {
    [map.columns[column], map.rows[row]].into_iter().chain(map.rest.iter().copied()).collect()
}

/// Where a pointer finds the cells of a map.
fn targets(drawing: &Drawing, view: &View<'_>, map: &Map, layout: &Layout, (left, top): (f64, f64)) {
    let (width, height) = layout.cell;
    let (plot_left, plot_top) = (left + layout.left, top + layout.title + layout.name);
    for row in 0..map.rows.len() {
        let y = plot_top + height * (map.rows.len() - row - 1) as f64;
        for column in 0..map.columns.len() {
            let Some(point) = view.at(&at(map, column, row), map.variant) else { continue };
            let corner = (plot_left + column as f64 * width, y);
            let told = format!("{}: {}", point.spot.name(), view.figure(&point.estimate));
            drawing.canvas(|canvas| canvas.target(point.index, corner, layout.cell, &told));
        }
    }
}

fn draw_cell(
    drawing: &Drawing,
    view: &View<'_>,
    colours: &Colours,
    (at, variant): (&[Option<usize>], usize),
    (x, y): (f64, f64),
    (width, height): (f64, f64),
) {
    let point = view.at(at, variant);
    let (fill, figure, told) = match point {
        Some(point) => (
            color(colours.share(point.estimate.mean)),
            view.scale.number(point.estimate.mean),
            format!("{}: {}", point.spot.name(), view.figure(&point.estimate)),
        ),
        // Not finished, or nothing to measure.
        None => (RGBColor(0xe8, 0xe8, 0xe8), "–".to_owned(), "no value".to_owned()),
    };
    let ink = if is_bright(fill) { "#000000" } else { "#ffffff" };
    drawing.canvas(|canvas| {
        canvas.cell((x, y), (width, height), fill, &told);
        match point.map(|point| point.spot.safety()) {
            Some(Safety::NotSafe) => canvas.hatch((x, y), (width, height), ink),
            Some(Safety::AtRisk) => canvas.corner((x, y), width, ink),
            _ => {}
        }
        if text_width(&figure, SMALL) + 2.0 <= width && height >= SMALL + 2.0 {
            let middle = (x + width / 2.0, y + height / 2.0 + SMALL * 0.36);
            match point.is_some_and(|point| point.spot.safety() == Safety::NotSafe) {
                true => canvas.rimmed_ink(middle, &figure, SMALL, ink, fill),
                false => canvas.ink(middle.0, middle.1, &figure, SMALL, ink),
            }
        }
    });
}

/// The scale of the colours.
fn draw_bar(drawing: &Drawing, view: &View<'_>, colours: &Colours, top: f64) -> Result<(), Failure> {
    const STEPS: u32 = 120;
    let (left, width) = (EDGE + 60.0, f64::from(WIDTH) - 2.0 * EDGE - 120.0);
    drawing.canvas(|canvas| {
        for step in 0..STEPS {
            let share = (f64::from(step) + 0.5) / f64::from(STEPS);
            let (from, each) = (left + width * f64::from(step) / f64::from(STEPS), width / f64::from(STEPS));
            // A hair wider, so that no background shows between two steps.
            canvas.cell((from, top), (each + 0.6, BAR_HEIGHT), color(share), "");
        }
    });
    let values = [colours.low, colours.high].into_iter();
    let axis = match colours.log {
        true => Axis::log("", &view.unit, values),
        false => Axis::linear("", &view.unit, values),
    };
    let scale = |value: f64| match colours.log {
        true => {
            Scale::fitting(&view.unit, value).with_suffix(&Scale::fitting(&view.unit, value).number(value))
        }
        false => view.scale.number(value),
    };
    let unplaced = |placed: f64| if colours.log { libm::pow(10.0, placed) } else { placed };
    let mut ticks: Vec<(f64, String)> =
        vec![(colours.low, scale(colours.low)), (colours.high, scale(colours.high))];
    if colours.high > colours.low {
        let between = axis.ticks.iter().map(|(placed, text)| (unplaced(*placed), text.clone()));
        ticks.extend(between.filter(|(value, _)| *value > colours.low && *value < colours.high));
    }
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for (value, text) in ticks {
        let x = left + colours.share(value) * width;
        let half = text_width(&text, SMALL) / 2.0 + 4.0;
        // The ends have their labels; what would touch a label is left out.
        if taken.iter().any(|(from, to)| x - half < *to && x + half > *from) {
            continue;
        }
        taken.push((x - half, x + half));
        drawing.line(&[(x, top + BAR_HEIGHT), (x, top + BAR_HEIGHT + 4.0)], FRAME, 1.0, "frame", "")?;
        drawing.text(x, top + BAR_HEIGHT + SMALL + 7.0, &text, plain(SMALL, Anchor::Middle));
    }
    let label = match view.scale.heading() {
        unit if !unit.is_empty() && !colours.log => format!("{} ({unit})", view.measure),
        _ => view.measure.to_owned(),
    };
    drawing.text(left + width / 2.0, top + BAR_HEIGHT + SMALL + 22.0, &label, plain(SMALL, Anchor::Middle));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_grow_brighter_and_letters_stay_readable() {
        let luminance = |share: f64| {
            let RGBColor(red, green, blue) = color(share);
            f64::from(red) * 0.2126 + f64::from(green) * 0.7152 + f64::from(blue) * 0.0722
        };
        let steps: Vec<f64> = (0..=50).map(|step| luminance(f64::from(step) / 50.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[1] > pair[0]), "{steps:?}");
        assert!(!is_bright(color(0.0)) && is_bright(color(1.0)));
    }
}
