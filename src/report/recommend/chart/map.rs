//! Two knobs: a map for each variant, its cells shaded by the objective; those that break a limit are grey.

use plotters::prelude::RGBColor;

use super::over_knob::capitalised;
use super::{Of, tightest};
use crate::model::{Direction, Objective};
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure, shortened, text_width};
use crate::report::drawing::{Drawing, EDGE, Heading, SMALL, TEXT, WIDTH, bold, head_height, plain};
use crate::report::format::Scale;
use crate::report::recommend::rows::{Candidates, Class, Row};
use crate::report::style::style;
use crate::report::sweep::frame::{Picture, failed};

/// More maps than this are too many to look at.
const MAPS_MAX: usize = 6;
/// Most values along a side.
const VALUES_MAX: usize = 40;
const CELL: f64 = 28.0;
const CELL_WIDTH_MAX: f64 = 96.0;
const BELOW: f64 = SMALL + 34.0;
const BROKEN: RGBColor = RGBColor(0xdc, 0xdc, 0xdc);
/// From the worst objective to the best one.
const SHADES: (RGBColor, RGBColor) = (RGBColor(0xdb, 0xe9, 0xf6), RGBColor(0x08, 0x45, 0x94));

/// `None` where there are too many maps or cells.
pub(super) fn picture(all: &Candidates<'_>, heading: Heading) -> Result<Option<Picture>, ReportError> {
    let record = all.record;
    let placed = |row: &Row| {
        let candidate = all.candidate(row);
        Some((record.place(candidate, 0)?, record.place(candidate, 1)?))
    };
    let is_mapped = |variant: &usize| {
        all.rows.iter().any(|row| all.candidate(row).variant == *variant && placed(row).is_some())
    };
    let variants: Vec<usize> = (0..record.variants.len()).filter(is_mapped).collect();
    let too_many = record.knobs.iter().any(|knob| knob.values.len() > VALUES_MAX);
    if variants.is_empty() || variants.len() > MAPS_MAX || too_many {
        return Ok(None);
    }
    // A knob is no measure: where it is the objective, the limit is the picture.
    let of = match (&record.objective, tightest(all)) {
        (Objective::Knob(_), Some(limit)) => Of::Measure(&limit.measure),
        _ => Of::objective(all),
    };
    let title =
        format!("{} over {} and {}", capitalised(&of.name(all)), record.knobs[0].path, record.knobs[1].path);
    let left_out = all.rows.iter().filter(|row| placed(row).is_none()).count();
    let message = message(all, of, left_out);
    let maps: Vec<Map<'_>> = variants
        .into_iter()
        .map(|variant| {
            let own = all.rows.iter().filter(|row| all.candidate(row).variant == variant);
            Map {
                title: if record.variants.len() > 1 { &record.variants[variant].name } else { "" },
                cells: own.filter_map(|row| Some((placed(row)?, row))).collect(),
            }
        })
        .collect();
    let head = head_height(&message, heading) + 6.0;
    let rows = record.knobs[1].values.len() as f64;
    let above = |map: &Map<'_>| if map.title.is_empty() { 4.0 } else { TEXT + 12.0 };
    let heights = maps.iter().map(|map| above(map) + rows * CELL + BELOW);
    let drawing = Drawing::new(head + heights.sum::<f64>() + EDGE, &title, &message, heading);
    let mut top = head;
    for map in &maps {
        if !map.title.is_empty() {
            drawing.text(EDGE, top + TEXT, map.title, bold(TEXT));
        }
        top += above(map);
        draw(&drawing, all, of, map, top).map_err(failed)?;
        top += rows * CELL + BELOW;
    }
    Ok(Some(Picture::new(&drawing, "map-of-the-knobs".to_owned(), &title, &message)))
}

struct Map<'a> {
    title: &'a str,
    /// By the index of the value of both knobs.
    cells: Vec<((usize, usize), &'a Row)>,
}

fn message(all: &Candidates<'_>, of: Of<'_>, left_out: usize) -> String {
    let unit = Scale::fitting(of.unit(all), largest(all, of)).heading();
    let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
    let mut text = format!("Means{unit}. ");
    if matches!(all.record.objective, Objective::Measure(_)) {
        text.push_str("The darker the better. ");
    }
    if all.rows.iter().any(|row| row.found.breaks()) {
        text.push_str("Grey with × breaks a limit by its mean. ");
    }
    text.push_str("The frame is the answer.");
    if left_out > 0 {
        text.push_str(&format!(" {left_out} without a value of both knobs: see the table."));
    }
    text
}

fn largest(all: &Candidates<'_>, of: Of<'_>) -> f64 {
    let means = all.rows.iter().filter_map(|row| of.estimate(all, row));
    means.map(|estimate| estimate.mean.abs()).fold(0.0, f64::max)
}

/// From 0 for the worst of the cells within the limits to 1 for the best.
fn shade(all: &Candidates<'_>, of: Of<'_>, value: f64) -> f64 {
    let within = all.rows.iter().filter(|row| !row.found.breaks());
    let means: Vec<f64> =
        within.filter_map(|row| of.estimate(all, row)).map(|estimate| estimate.mean).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low >= high {
        return 0.5;
    }
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    if all.record.direction == Direction::Minimise { 1.0 - share } else { share }
}

fn color(share: f64) -> RGBColor {
    let (from, to) = SHADES;
    let mix = |from: u8, to: u8| (f64::from(from) + share * (f64::from(to) - f64::from(from))).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

fn draw(drawing: &Drawing, all: &Candidates<'_>, of: Of<'_>, map: &Map<'_>, top: f64) -> Result<(), Failure> {
    let [across, upwards] = [0, 1].map(|knob| &all.record.knobs[knob]);
    let widest = upwards.values.iter().map(|value| text_width(&value.label, SMALL)).fold(0.0, f64::max);
    let left = EDGE + SMALL + 12.0 + widest.min(160.0) + 8.0;
    let width = ((f64::from(WIDTH) - left - EDGE) / across.values.len() as f64).min(CELL_WIDTH_MAX);
    let bottom = top + upwards.values.len() as f64 * CELL;
    let scale = Scale::fitting(of.unit(all), largest(all, of));
    let corner =
        |(column, row): (usize, usize)| (left + column as f64 * width, bottom - (row + 1) as f64 * CELL);
    for &(place, row) in &map.cells {
        let (x, y) = corner(place);
        let mean = of.estimate(all, row).map(|estimate| estimate.mean);
        let share = mean.map(|mean| shade(all, of, mean));
        let breaks = row.found.breaks();
        let fill = if breaks { BROKEN } else { color(share.unwrap_or(0.0)) };
        let ink = if breaks || share.unwrap_or(0.0) < 0.45 { "#1a1a1a" } else { "#ffffff" };
        let figure = mean.map_or("–".to_owned(), |mean| scale.number(mean));
        let figure = if breaks { format!("× {figure}") } else { figure };
        drawing.canvas(|canvas| {
            canvas.cell((x, y), (width - 1.0, CELL - 1.0), fill, &all.told(row));
            if text_width(&figure, SMALL) + 4.0 <= width {
                canvas.ink(x + width / 2.0, y + CELL / 2.0 + SMALL * 0.36, &figure, SMALL, ink);
            }
        });
    }
    // Over all cells, so that no neighbour covers it.
    for &(place, _) in map.cells.iter().filter(|(_, row)| row.class == Class::Found) {
        let ((x, y), look) = (corner(place), style(2));
        let (right, low) = (x + width - 1.0, y + CELL - 1.0);
        drawing.line(
            &[(x, y), (right, y), (right, low), (x, low), (x, y)],
            look.color,
            3.0,
            look.class,
            "",
        )?;
    }
    let mut free_from = f64::NEG_INFINITY;
    for (index, value) in across.values.iter().enumerate() {
        let (x, half) = (left + (index as f64 + 0.5) * width, text_width(&value.label, SMALL) / 2.0);
        if x - half > free_from {
            drawing.text(x, bottom + SMALL + 5.0, &value.label, plain(SMALL, Anchor::Middle));
            free_from = x + half + 4.0;
        }
    }
    for (index, value) in upwards.values.iter().enumerate() {
        let y = bottom - (index as f64 + 0.5) * CELL + SMALL * 0.36;
        drawing.text(left - 6.0, y, &shortened(&value.label, SMALL, 160.0), plain(SMALL, Anchor::End));
    }
    let middle = left + across.values.len() as f64 * width / 2.0;
    drawing.text(middle, bottom + SMALL + 22.0, &across.path, plain(SMALL, Anchor::Middle));
    let upright = crate::report::canvas::Lettering { upright: true, ..plain(SMALL, Anchor::Middle) };
    let room = (bottom - top).max(60.0);
    drawing.text(EDGE + SMALL, (top + bottom) / 2.0, &shortened(&upwards.path, SMALL, room), upright);
    Ok(())
}
