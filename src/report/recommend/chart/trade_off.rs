//! The objective against another measure: the limit that shapes the choice, or the cost. The best compromises are joined.

use super::{Edge, Of, draw_legend, draw_point, legend, limits_on};
use crate::catalog::{self, Better};
use crate::experiment::sweep::pareto;
use crate::experiment::threshold::Standing;
use crate::model::{Bound, Threshold};
use crate::report::ReportError;
use crate::report::canvas::Failure;
use crate::report::drawing::{Drawing, EDGE, Heading, LEGEND, head_height, legend_rows};
use crate::report::recommend::chart::over_knob::capitalised;
use crate::report::recommend::rows::{Candidates, Row};
use crate::report::style::style;
use crate::report::sweep::frame::{ARROWS, Picture, Plot, failed};
use plotters::prelude::RGBColor;

const HEIGHT: f64 = 320.0;
const FRONT: RGBColor = RGBColor(0xa6, 0xa6, 0xa6);

/// `None` where fewer than two candidates have both, or where it is the objective itself.
pub(super) fn picture(
    all: &Candidates<'_>,
    measure: &str,
    heading: Heading,
) -> Result<Option<Picture>, ReportError> {
    let (x, y) = (Of::Measure(measure), Of::objective(all));
    let has_both = |row: &&Row| x.estimate(all, row).is_some() && y.estimate(all, row).is_some();
    let rows: Vec<&Row> = all.rows.iter().filter(has_both).collect();
    if rows.len() < 2 || y.measure(all) == measure {
        return Ok(None);
    }
    let limits = limits_on(&rows[0].found, measure);
    let front = front(all, &rows, (x, y), limits.first().copied());
    // Candidates may have the same figures.
    let mut places: Vec<(f64, f64)> = front
        .iter()
        .filter_map(|&index| Some((x.estimate(all, rows[index])?.mean, y.estimate(all, rows[index])?.mean)))
        .collect();
    places.dedup();
    let title = format!("{} against {}", capitalised(&y.name(all)), x.name(all));
    let ((x_ruler, x_cuts), (y_ruler, y_cuts)) = (x.ruler(all, &rows, &limits), y.ruler(all, &rows, &[]));
    let within = match (all.record.limits.is_empty(), limits.is_empty()) {
        (true, _) => "",
        (false, true) => " within the limits",
        (false, false) if all.record.limits.len() > 1 => " within the other limits",
        (false, false) => "",
    };
    let mut message = match places.len() {
        0 | 1 => format!("No compromise is needed: one setting{within} is best in both, by the means."),
        more => format!(
            "The dashed line joins the {more} best compromises{within}: none is better in one without being worse in the \
             other. By the means."
        ),
    };
    if !limits.is_empty() {
        message.push_str(" In grey, the limit is broken.");
    }
    if x_cuts || y_cuts {
        message.push_str(ARROWS);
    }
    let legend = legend(all);
    let legend = legend_rows(legend.iter().map(|&(word, class)| (word, (word, class))));
    let head = head_height(&message, heading) + legend.len() as f64 * LEGEND + 8.0;
    let plot = Plot::across(head, HEIGHT, x_ruler, y_ruler);
    let drawing = Drawing::new(head + HEIGHT + Plot::BELOW + EDGE, &title, &message, heading);
    let draw = || -> Result<(), Failure> {
        draw_legend(&drawing, &legend, head - 4.0)?;
        let unit = all.unit(measure);
        let edges = || limits.iter().map(|&limit| Edge { limit, unit, upright: true });
        edges().try_for_each(|edge| edge.shade(&drawing, &plot))?;
        drawing.frame(&plot)?;
        edges().try_for_each(|edge| edge.draw(&drawing, &plot))?;
        let path: Vec<(f64, f64)> = places.iter().map(|&(x, y)| plot.at(x, y)).collect();
        drawing.line(&path, FRONT, 1.4, "backdrop", "4 3")?;
        // The answer lies over the others.
        for row in rows.iter().rev() {
            let look = style(row.class.look());
            let Some((x_mean, y_mean)) = x.estimate(all, row).zip(y.estimate(all, row)) else { continue };
            if let Some((low, high)) = x.interval(all, row) {
                drawing.bar(&plot, ((low, y_mean.mean), (high, y_mean.mean)), look, false)?;
            }
            if let Some((low, high)) = y.interval(all, row) {
                drawing.bar(&plot, ((x_mean.mean, low), (x_mean.mean, high)), look, false)?;
            }
            let figure = crate::report::format::estimated(&x_mean, all.unit(measure));
            let told = format!("{}; {} {figure}", all.told(row), x.name(all));
            draw_point(&drawing, look, plot.at(x_mean.mean, y_mean.mean), &told)?;
        }
        Ok(())
    };
    draw().map_err(failed)?;
    Ok(Some(Picture::new(&drawing, format!("trade-off-{measure}"), &title, &message)))
}

/// Indices of the best compromises, from the best in x on, among the candidates that break no other limit than that on x.
fn front(
    all: &Candidates<'_>,
    rows: &[&Row],
    (x, y): (Of<'_>, Of<'_>),
    limit: Option<&Threshold>,
) -> Vec<usize> {
    let lower_is_better = match limit.map(|limit| limit.bound) {
        Some(bound) => bound == Bound::Max,
        None => catalog::known(x.measure(all)).better != Better::Higher,
    };
    let sign = if lower_is_better { 1.0 } else { -1.0 };
    let point = |row: &&Row| {
        let competes = row.found.limits.iter().all(|limit| {
            limit.judgement.standing != Standing::Broken
                || limit.judgement.threshold.measure == x.measure(all)
        });
        let both = x.estimate(all, row).zip(y.estimate(all, row)).filter(|_| competes);
        both.map_or((f64::NAN, f64::NAN), |(x, y)| (sign * x.mean, all.record.direction.sign() * y.mean))
    };
    pareto::front(&rows.iter().map(point).collect::<Vec<_>>())
}
