//! One knob: the objective over it, and below it the measure of the nearest limit; both for each variant.

use super::{Edge, Of, draw_legend, draw_point, legend, limits_on, tightest};
use crate::model::{Objective, Threshold};
use crate::report::ReportError;
use crate::report::canvas::{Failure, shortened};
use crate::report::drawing::{Drawing, EDGE, Heading, LEGEND, SMALL, TEXT, bold, head_height, legend_rows};
use crate::report::recommend::rows::{Candidates, Class, Row};
use crate::report::style::style;
use crate::report::sweep::frame::{ARROWS, Picture, Plot, Ruler, failed};
use plotters::prelude::RGBColor;

const LINE: RGBColor = RGBColor(0xa6, 0xa6, 0xa6);
/// Variants beyond these stand in the table only.
const VARIANTS_MAX: usize = 6;
/// Heights of a plot: of the only variant, of one among several, of a limit.
const ALONE: f64 = 240.0;
const AMONG: f64 = 150.0;
const OF_LIMIT: f64 = 190.0;
const GAP: f64 = 10.0;

/// One plot.
struct Panel<'a> {
    /// Stands above it; may be empty.
    title: String,
    of: Of<'a>,
    /// By the place along the knob.
    points: Vec<(f64, &'a Row)>,
    limits: Vec<&'a Threshold>,
    height: f64,
}

/// `None` where no candidate has a value of the knob.
pub(super) fn picture(all: &Candidates<'_>, heading: Heading) -> Result<Option<Picture>, ReportError> {
    let panels = panels(all);
    if panels.is_empty() {
        return Ok(None);
    }
    let shown = panels[0].of;
    let title = format!("{} over {}", capitalised(&shown.name(all)), all.record.knobs[0].path);
    let left_out = all.rows.iter().filter(|row| place(all, row).is_none()).count();
    let cuts = panels.iter().any(|panel| ruler(all, &panels, panel.of).1);
    let message = message(all, left_out, cuts);
    let legend = legend(all);
    let legend = legend_rows(legend.iter().map(|&(word, class)| (word, (word, class))));
    let head = head_height(&message, heading) + legend.len() as f64 * LEGEND + 6.0;
    let above = |panel: &Panel<'_>| if panel.title.is_empty() { GAP } else { TEXT + GAP };
    let height = |panel: &Panel<'_>| above(panel) + panel.height + Plot::BELOW;
    let total = head + panels.iter().map(height).sum::<f64>() + EDGE;
    let drawing = Drawing::new(total, &title, &message, heading);
    draw_legend(&drawing, &legend, head).map_err(failed)?;
    let mut top = head;
    let mut plots: Vec<Plot> = Vec::new();
    for panel in &panels {
        let mut y = ruler(all, &panels, panel.of).0;
        y.label = shortened(&y.label, SMALL, panel.height);
        plots.push(Plot::across(top + above(panel), panel.height, along(all), y));
        top += height(panel);
    }
    // A value of the knob lies at the same place in all of them.
    let left = plots.iter().map(|plot| plot.left).fold(0.0, f64::max);
    for (panel, plot) in panels.iter().zip(&mut plots) {
        plot.width -= left - plot.left;
        plot.left = left;
        let top = plot.top - above(panel);
        if !panel.title.is_empty() {
            drawing.text(plot.left, top + TEXT, &panel.title, bold(TEXT));
        }
        draw(&drawing, all, panel, plot).map_err(failed)?;
    }
    Ok(Some(Picture::new(&drawing, "over-the-knob".to_owned(), &title, &message)))
}

/// The variants that the knob turns, each with the objective and the nearest limit.
fn panels<'a>(all: &'a Candidates<'_>) -> Vec<Panel<'a>> {
    let mut panels = Vec::new();
    let turned = |variant: &usize| {
        all.rows.iter().any(|row| all.candidate(row).variant == *variant && place(all, row).is_some())
    };
    let variants: Vec<usize> = (0..all.record.variants.len()).filter(turned).take(VARIANTS_MAX).collect();
    let several = variants.len() > 1;
    for &variant in &variants {
        let own = all.rows.iter().filter(|row| all.candidate(row).variant == variant);
        let mut points: Vec<(f64, &Row)> = own.filter_map(|row| Some((place(all, row)?, row))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = if several { all.record.variants[variant].name.clone() } else { String::new() };
        let mut add = |of: Of<'a>, title: String, height: f64| {
            let limits = match of {
                Of::Measure(measure) => limits_on(&points[0].1.found, measure),
                Of::Cost => Vec::new(),
            };
            panels.push(Panel { title, of, points: points.clone(), limits, height });
        };
        let objective = Of::objective(all);
        // The knob over itself shows nothing: there the limit is the picture.
        let is_knob = matches!(all.record.objective, Objective::Knob(_));
        let limit = tightest(all).map(|limit| limit.measure.as_str());
        let limit = limit.filter(|measure| *measure != all.record.objective.name());
        let height = if several { AMONG } else { ALONE };
        if !is_knob {
            add(objective, name.clone(), height);
        }
        if let Some(measure) = limit {
            add(
                Of::Measure(measure),
                if is_knob { name } else { String::new() },
                if is_knob { height } else { OF_LIMIT },
            );
        }
    }
    panels
}

/// All panels of a quantity have one ruler.
fn ruler(all: &Candidates<'_>, panels: &[Panel<'_>], of: Of<'_>) -> (Ruler, bool) {
    let same = || panels.iter().filter(|panel| panel.of.measure(all) == of.measure(all));
    let rows: Vec<&Row> = same().flat_map(|panel| panel.points.iter().map(|(_, row)| *row)).collect();
    let limits: Vec<&Threshold> = same().flat_map(|panel| panel.limits.iter().copied()).collect();
    of.ruler(all, &rows, &limits)
}

/// Along the knob.
fn along(all: &Candidates<'_>) -> Ruler {
    let knob = &all.record.knobs[0];
    match knob.unit {
        Some(_) => {
            let values = knob.values.iter().filter_map(|value| Some((value.value?, value.label.clone())));
            Ruler::of_values(knob.path.clone(), &values.collect::<Vec<_>>())
        }
        None => {
            let names: Vec<String> = knob.values.iter().map(|value| value.label.clone()).collect();
            Ruler::of_names(knob.path.clone(), &names)
        }
    }
}

/// Where a row lies along the knob.
fn place(all: &Candidates<'_>, row: &Row) -> Option<f64> {
    let knob = &all.record.knobs[0];
    let index = all.record.place(all.candidate(row), 0)?;
    if knob.unit.is_some() { knob.values[index].value } else { Some(index as f64) }
}

fn message(all: &Candidates<'_>, left_out: usize, cuts: bool) -> String {
    let mut words = Vec::new();
    if place(all, &all.rows[0]).is_some() {
        words.push("The upright line is the answer.".to_owned());
    }
    if tightest(all).is_some() {
        words.push("Beyond the dashed line, in grey, a limit is broken.".to_owned());
    }
    words.push("Bars are 95 % intervals, of the candidates that were left at the end.".to_owned());
    if left_out > 0 {
        words.push(format!("{left_out} without a value of the knob: see the table."));
    }
    let text = words.join(" ");
    if cuts { text + ARROWS } else { text }
}

fn draw(drawing: &Drawing, all: &Candidates<'_>, panel: &Panel<'_>, plot: &Plot) -> Result<(), Failure> {
    let unit = panel.of.unit(all);
    let edges = || panel.limits.iter().map(|&limit| Edge { limit, unit, upright: false });
    edges().try_for_each(|edge| edge.shade(drawing, plot))?;
    drawing.frame(plot)?;
    edges().try_for_each(|edge| edge.draw(drawing, plot))?;
    let estimate = |row: &Row| panel.of.estimate(all, row);
    let known: Vec<(f64, f64)> = panel
        .points
        .iter()
        .filter_map(|(x, row)| Some(plot.at(*x, estimate(row)?.mean)))
        .filter(|(_, y)| y.is_finite())
        .collect();
    if all.record.knobs[0].unit.is_some() {
        drawing.line(&known, LINE, 1.4, "backdrop", "")?;
    }
    for (x, row) in &panel.points {
        let look = style(row.class.look());
        let Some(mean) = estimate(row).map(|estimate| estimate.mean) else { continue };
        if row.class == Class::Found {
            let (at, _) = plot.at(*x, mean);
            drawing.line(
                &[(at, plot.top), (at, plot.top + plot.height)],
                look.color,
                1.2,
                look.class,
                "2 3",
            )?;
        }
        if let Some((low, high)) = panel.of.interval(all, row) {
            drawing.bar(plot, ((*x, low), (*x, high)), look, true)?;
        }
        draw_point(drawing, look, plot.at(*x, mean), &all.told(row))?;
    }
    Ok(())
}

/// A name in words begins with a capital, one of a measure or a path stays as it is.
pub(super) fn capitalised(text: &str) -> String {
    if text.contains(['.', '_']) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
