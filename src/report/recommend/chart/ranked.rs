//! All candidates, best first: a dot with its interval each.

use super::Of;
use crate::experiment::statistics::Estimate;
use crate::report::axis::Axis;
use crate::report::charts::shortened;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};
use crate::report::format::{Scale, plus_minus};
use crate::report::recommend::rows::{Candidates, Class, Row};
use crate::report::sweep::frame::interval;

/// More candidates stand in the table only.
const ROWS_MAX: usize = 30;

/// `None` where no candidate has the objective.
pub(in crate::report::recommend) fn figure(all: &Candidates<'_>) -> Option<Figure> {
    let of = Of::objective(all);
    let known: Vec<(&Row, Estimate)> =
        all.rows.iter().filter_map(|row| Some((row, of.estimate(all, row)?))).collect();
    let shown = &known[..known.len().min(ROWS_MAX)];
    let largest = shown.iter().map(|(_, estimate)| estimate.mean.abs()).fold(0.0, f64::max);
    let unit = of.unit(all);
    let scale = Scale::fitting(unit, largest);
    let series: Vec<Series> = shown
        .iter()
        .enumerate()
        .map(|(place, (row, estimate))| {
            // The table has all of it; here a few words leave room for the plot.
            let standing = match row.class {
                Class::Broken => all.limits_in_words(row),
                _ => row.verdict.split(" after ").next().unwrap_or_default().to_owned(),
            };
            let words = [plus_minus(&scale, estimate), standing];
            let words: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
            // Of a candidate that was dropped early the interval would hide all others.
            let (low, high) = match all.is_finalist(row) {
                true => interval(of.measure(all), estimate),
                false => (estimate.mean, estimate.mean),
            };
            let at = place as f64;
            Series {
                name: all.short_name(row),
                style: row.class.look(),
                shape: Shape::Interval { label: words.join(" · ") },
                points: vec![(low, at), (estimate.mean, at), (high, at)],
            }
        })
        .collect();
    let values = series.iter().flat_map(|series| &series.points).map(|(x, _)| *x);
    let mut x = Axis::linear(&of.name(all), unit, values);
    // The panel's title names it.
    x.label = String::new();
    let names: Vec<String> = series.iter().map(|series| shortened(&series.name)).collect();
    let suffix = match scale.heading() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    let cut = match known.len() - shown.len() {
        0 => String::new(),
        more => format!(" {more} more are in the table."),
    };
    (!series.is_empty()).then(|| Figure {
        name: "candidates".to_owned(),
        title: "The candidates".to_owned(),
        message: format!(
            "Each row: {}. First those that were left at the end, with their 95 % intervals, then those that were dropped, by their \
             means; both best first.{cut}",
            all.short_name_of()
        ),
        panels: vec![Panel {
            title: format!("{}{suffix}", of.name(all)),
            x,
            y: Axis::rows(&names),
            height: 22 * names.len() as u32 + 8,
            series,
            marks: Vec::new(),
            backing: Backing::default(),
        }],
        columns: 1,
        legend: false,
    })
}
