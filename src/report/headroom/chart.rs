//! Charts of a search: the measures of the limits over the knob with the borders marked, and the map of a second knob.

use plotters::prelude::RGBColor;

use super::words;
use crate::experiment::headroom::Purpose;
use crate::experiment::headroom::map::{Band, Class, Row, rows};
use crate::experiment::headroom::record::{AnswerRecord, HeadroomRecord, ResultRecord};
use crate::experiment::sweep::record::{AxisRecord, AxisValueRecord, CellRecord, SCHEMA, SweepRecord};
use crate::record::MeasureRecord;
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure, shortened, text_width};
use crate::report::drawing::{
    Drawing, EDGE, FRAME, GRID, Heading, LEGEND, SMALL, TEXT, WIDTH, head_height, legend_rows, plain,
};
use crate::report::sweep::frame::{Picture, Ruler, failed};
use crate::report::sweep::lines::{Marks, picture_with};
use crate::report::sweep::view::View;

/// Most charts of measures.
const CHARTS_MAX: usize = 4;
/// Height of a row of the map, and of its band.
const ROW: f64 = 30.0;
const BAND: f64 = 22.0;

pub(super) fn pictures(record: &HeadroomRecord, heading: Heading) -> Result<Vec<Picture>, ReportError> {
    if record.second.is_some() {
        return Ok(vec![map(record, heading)?]);
    }
    let over = as_sweep(record);
    let picture = |measure: &&str| {
        let view = View::new(&over, measure);
        picture_with(&view, heading, &marks(record, measure))
    };
    let shown: Vec<&str> = over.measures.iter().map(String::as_str).take(CHARTS_MAX).collect();
    shown.iter().map(picture).collect()
}

/// The limits on a measure, and where the border of each variant is.
fn marks(record: &HeadroomRecord, measure: &str) -> Marks {
    let limits: Vec<f64> =
        record.limits.iter().filter(|limit| limit.measure == measure).map(|limit| limit.limit).collect();
    let border = |answer: &AnswerRecord| {
        let border = &answer.border()?.border;
        border.breaks?;
        Some((answer.variant, border.safe? * record.knob.unit_value))
    };
    let borders: Vec<(usize, f64)> = record.answers.iter().filter_map(border).collect();
    let name = |&(variant, value): &(usize, f64)| {
        let value = record.text(value / record.knob.unit_value);
        if record.variants.len() > 1 { format!("{} {value}", record.variants[variant]) } else { value }
    };
    let across = if limits.is_empty() { "" } else { "The line across is the limit. " };
    let upright = match borders.iter().map(name).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => String::new(),
        values => format!("All limits are kept as far as the upright lines: {values}."),
    };
    Marks { message: format!("{across}{upright}").trim_end().to_owned(), limits, borders, knees: Vec::new() }
}

/// The cells of the searches as those of a sweep along one axis; a variant that was not tested at a value has nothing there.
fn as_sweep(record: &HeadroomRecord) -> SweepRecord {
    let knob = &record.knob;
    let borders: Vec<_> =
        record.of(Purpose::Limits).filter_map(|answer| Some((answer.variant, answer.border()?))).collect();
    let mut values: Vec<(f64, String)> = Vec::new();
    for cell in borders.iter().flat_map(|(_, border)| &border.cells) {
        if values.iter().all(|(known, _)| *known != cell.value) {
            values.push((cell.value, cell.label.clone()));
        }
    }
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Those that are broken somewhere come first.
    let broken =
        borders.iter().flat_map(|(_, border)| border.broken.iter().map(|broken| &broken.limit.measure));
    let mut measures: Vec<String> = Vec::new();
    let measured = |name: &&String| {
        let judged =
            borders.iter().flat_map(|(_, border)| &border.cells).filter_map(|cell| match &cell.result {
                ResultRecord::Judged(judged) => Some(judged),
                ResultRecord::Impossible(_) => None,
            });
        judged.flat_map(|judged| &judged.measures).any(|measure| measure.name == **name)
    };
    for name in broken.chain(record.limits.iter().map(|limit| &limit.measure)).filter(measured) {
        if !measures.contains(name) {
            measures.push(name.clone());
        }
    }
    let at = |index: usize| {
        let of = |variant: usize| -> Vec<MeasureRecord> {
            let own =
                borders.iter().filter(|(known, _)| *known == variant).flat_map(|(_, border)| &border.cells);
            let cell = own.into_iter().find(|cell| cell.value == values[index].0);
            match cell.map(|cell| &cell.result) {
                Some(ResultRecord::Judged(judged)) => judged.measures.clone(),
                _ => Vec::new(),
            }
        };
        let variants = (0..record.variants.len()).map(of).collect();
        CellRecord { at: vec![index], variants, collapsed: Vec::new(), safety: Vec::new() }
    };
    let value = |(value, label): &(f64, String)| AxisValueRecord {
        label: label.clone(),
        value: Some(value * knob.unit_value),
    };
    SweepRecord {
        schema: SCHEMA,
        herdlab: record.herdlab.clone(),
        scenario: record.scenario.clone(),
        axes: vec![AxisRecord {
            path: knob.path.clone(),
            unit: Some(knob.unit.clone()),
            values: values.iter().map(value).collect(),
        }],
        variants: record.variants.clone(),
        measures,
        pareto: None,
        wanted: values.len(),
        cells: (0..values.len()).map(at).collect(),
        pinned: Vec::new(),
        limits: Vec::new(),
        today: None,
    }
}

/// Okabe and Ito's green, orange and vermilion, and a grey; the word stands in each band that has room.
fn color(class: Class) -> RGBColor {
    match class {
        Class::Stable => RGBColor(0x00, 0x9e, 0x73),
        Class::Vulnerable => RGBColor(0xe6, 0x9f, 0x00),
        Class::Metastable => RGBColor(0xd5, 0x5e, 0x00),
        Class::Overloaded => RGBColor(0x70, 0x70, 0x70),
    }
}

/// Of a search without events: kept, kept in some runs, broken.
fn rows_of_limits(record: &HeadroomRecord) -> Vec<Row> {
    let row = |answer: &AnswerRecord| {
        let found = answer.border()?;
        let (first, last) = (found.cells.first()?.value, found.cells.last()?.value);
        let (first, last) = if found.border.upwards { (first, last) } else { (last, first) };
        let broken_from = found.border.breaks.map(|breaks| found.border.none_keeps.unwrap_or(breaks));
        let kept_to = match (found.border.breaks, found.border.all_keep) {
            (None, _) => last,
            (Some(_), kept) => kept.unwrap_or(first),
        };
        let broken_from = broken_from.unwrap_or(last);
        let edges = [
            (Class::Stable, first, kept_to),
            (Class::Vulnerable, kept_to, broken_from),
            (Class::Overloaded, broken_from, last),
        ];
        let band = |(class, from, to): (Class, f64, f64)| (from != to).then_some(Band { class, from, to });
        let bands = edges.into_iter().filter_map(band).collect();
        Some(Row { variant: answer.variant, second: answer.second, bands })
    };
    record.answers.iter().filter_map(row).collect()
}

/// The second knob down, the first one across.
fn map(record: &HeadroomRecord, heading: Heading) -> Result<Picture, ReportError> {
    let rows = if record.is_map() { rows(record) } else { rows_of_limits(record) };
    let (title, what) = match record.is_map() {
        true => ("Stability", "Where the system comes back from the events, and where it does not"),
        false => ("Headroom", "Where all limits are kept, and where one breaks"),
    };
    let message = format!("{what}, over {}.", record.knob.path);
    let classes: Vec<Class> = Class::ALL
        .into_iter()
        .filter(|class| rows.iter().flat_map(|row| &row.bands).any(|band| band.class == *class))
        .collect();
    let legend = legend_rows(classes.iter().map(|&class| (words::class(record, class), class)));
    let top = head_height(&message, heading) + legend.len() as f64 * LEGEND + 6.0;
    let height = top + rows.len() as f64 * ROW + SMALL + 34.0 + EDGE;
    let drawing = Drawing::new(height, title, &message, heading);
    draw(&drawing, record, &rows, &legend, top).map_err(failed)?;
    Ok(Picture::new(&drawing, "headroom-map".to_owned(), title, &message))
}

fn draw(
    drawing: &Drawing,
    record: &HeadroomRecord,
    rows: &[Row],
    legend: &[Vec<(f64, Class)>],
    top: f64,
) -> Result<(), Failure> {
    for (index, entries) in legend.iter().enumerate() {
        let y = top - (legend.len() - index) as f64 * LEGEND;
        for &(x, class) in entries {
            drawing.canvas(|canvas| canvas.cell((EDGE + x, y), (28.0, SMALL), color(class), ""));
            drawing.text(
                EDGE + x + 34.0,
                y + SMALL - 1.0,
                words::class(record, class),
                plain(TEXT, Anchor::Start),
            );
        }
    }
    let name = |row: &Row| {
        let same = |answer: &&AnswerRecord| (answer.variant, answer.second) == (row.variant, row.second);
        record.answers.iter().find(same).map_or_else(String::new, |answer| words::whose(record, answer))
    };
    let names: Vec<String> = rows.iter().map(name).collect();
    let widest = names.iter().map(|name| text_width(name, SMALL)).fold(0.0, f64::max).min(300.0);
    let (left, right) = (EDGE + widest + 10.0, f64::from(WIDTH) - EDGE - 24.0);
    let edges = rows.iter().flat_map(|row| &row.bands).flat_map(|band| [band.from, band.to]);
    let mut values: Vec<(f64, String)> = Vec::new();
    for value in edges {
        if values.iter().all(|(known, _)| *known != value) {
            values.push((value, record.text(value)));
        }
    }
    let ruler = Ruler::of_values(record.knob.path.clone(), &values);
    let place = |value: f64| left + ruler.share(value) * (right - left);
    let bottom = top + rows.len() as f64 * ROW;
    let mut free_from = f64::NEG_INFINITY;
    for (share, label) in &ruler.ticks {
        let x = left + share * (right - left);
        drawing.line(&[(x, top), (x, bottom)], GRID, 1.0, "grid", "")?;
        let half = text_width(label, SMALL) / 2.0;
        if x - half > free_from {
            drawing.text(x, bottom + SMALL + 7.0, label, plain(SMALL, Anchor::Middle));
            free_from = x + half + 4.0;
        }
    }
    for (index, (row, name)) in rows.iter().zip(&names).enumerate() {
        // The first value of the second knob at the bottom, as on any y axis.
        let y = bottom - (index + 1) as f64 * ROW + (ROW - BAND) / 2.0;
        let middle = y + BAND / 2.0 + SMALL * 0.36;
        drawing.text(left - 6.0, middle, &shortened(name, SMALL, widest), plain(SMALL, Anchor::End));
        for band in &row.bands {
            let (a, b) = (place(band.from), place(band.to));
            let (from, width) = (a.min(b), (a - b).abs());
            let word = words::class(record, band.class);
            let told = format!("{name}: {word} {} to {}", record.text(band.from), record.text(band.to));
            drawing.canvas(|canvas| {
                canvas.cell((from, y), (width, BAND), color(band.class), &told);
                if text_width(word, SMALL) + 4.0 <= width {
                    let ink = if band.class == Class::Vulnerable { "#000000" } else { "#ffffff" };
                    canvas.ink(from + width / 2.0, middle, word, SMALL, ink);
                }
            });
        }
    }
    drawing.line(&[(left, bottom), (right, bottom)], FRAME, 1.0, "frame", "")?;
    drawing.text((left + right) / 2.0, bottom + SMALL + 24.0, &ruler.label, plain(SMALL, Anchor::Middle));
    Ok(())
}
