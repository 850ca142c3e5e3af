//! The charts of a search: the objective over the knob or on the map of two, all candidates in a row each, and the trade-offs.

mod map;
mod over_knob;
mod ranked;
mod trade_off;

use plotters::prelude::{RGBColor, Rectangle, ShapeStyle};

use super::rows::{Candidates, Class, Row};
use crate::catalog::spoken;
use crate::experiment::recommend::Found;
use crate::experiment::statistics::Estimate;
use crate::model::{Bound, Objective, Threshold};
use crate::report::ReportError;
use crate::report::canvas::{Anchor, Failure};
use crate::report::drawing::{Drawing, EDGE, Entry, Heading, LEGEND, SMALL, TEXT, fine, plain};
use crate::report::format::exact;
use crate::report::style::{Style, style};
use crate::report::sweep::frame::{Picture, Plot, Ruler, interval, measure_ruler};

pub(super) use ranked::figure as ranked;

/// Where a limit is broken.
const BEYOND: RGBColor = RGBColor(0xf1, 0xf1, 0xf1);
const LIMIT: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);
/// Half the size of the place where a pointer reads a candidate.
const REACH: f64 = 8.0;

impl Class {
    const ALL: [Class; 4] = [Class::Found, Class::Kept, Class::Unsure, Class::Broken];

    /// Shape and colour: what is not certain is the outline of what is, what breaks a limit is crossed out.
    pub(super) fn look(self) -> usize {
        match self {
            Class::Found => 1,
            Class::Kept => 3,
            Class::Unsure => 10,
            Class::Broken => 5,
        }
    }

    fn word(self, limited: bool) -> &'static str {
        match (self, limited) {
            (Class::Found, _) => "the answer",
            (Class::Kept, true) => "keeps all limits",
            (Class::Kept, false) => "others",
            (Class::Unsure, _) => "keeps them by its means",
            (Class::Broken, _) => "breaks a limit",
        }
    }
}

/// The pictures, most important first.
pub(super) fn pictures(all: &Candidates<'_>, heading: Heading) -> Result<Vec<Picture>, ReportError> {
    let lead = match all.record.knobs.len() {
        1 => over_knob::picture(all, heading)?,
        2 => map::picture(all, heading)?,
        _ => None,
    };
    let limit = tightest(all);
    let against_limit = limit.map(|limit| trade_off::picture(all, &limit.measure, heading)).transpose()?;
    let of_limit = limit.map(|limit| limit.measure.as_str());
    let priced = all.record.measures.iter().any(|name| name == "cost.month");
    let against_cost = (priced && of_limit != Some("cost.month"))
        .then(|| trade_off::picture(all, "cost.month", heading))
        .transpose()?;
    Ok(lead.into_iter().chain(against_limit.flatten()).chain(against_cost.flatten()).collect())
}

/// The limit that shapes the choice: the nearest of the candidate that was found.
fn tightest<'c>(all: &'c Candidates<'_>) -> Option<&'c Threshold> {
    all.rows[0].found.tightest().map(|limit| &limit.judgement.threshold)
}

/// The limits on a measure in a candidate.
fn limits_on<'f>(found: &'f Found, measure: &str) -> Vec<&'f Threshold> {
    let thresholds = found.limits.iter().map(|limit| &limit.judgement.threshold);
    thresholds.filter(|threshold| threshold.measure == measure).collect()
}

/// The classes that occur, with their words.
fn legend(all: &Candidates<'_>) -> Vec<(&'static str, Class)> {
    let occurs = |class: &Class| all.rows.iter().any(|row| row.class == *class);
    let limited = !all.record.limits.is_empty();
    Class::ALL.into_iter().filter(occurs).map(|class| (class.word(limited), class)).collect()
}

/// The legend in rows, the last of which ends above `bottom`.
fn draw_legend(drawing: &Drawing, rows: &[Vec<Entry<(&str, Class)>>], bottom: f64) -> Result<(), Failure> {
    for (index, entries) in rows.iter().enumerate() {
        let y = bottom - (rows.len() - index) as f64 * LEGEND + LEGEND - 6.0;
        for &(x, (word, class)) in entries {
            let look = style(class.look());
            drawing.marker(look, (EDGE + x + 14.0, y - 4.5))?;
            drawing.text(EDGE + x + 28.0, y, word, plain(TEXT, Anchor::Start));
        }
    }
    Ok(())
}

/// The marker of a candidate, read by a pointer.
fn draw_point(drawing: &Drawing, look: &Style, at: (f64, f64), told: &str) -> Result<(), Failure> {
    if !at.0.is_finite() || !at.1.is_finite() {
        return Ok(());
    }
    drawing.marker(look, at)?;
    drawing.canvas(|canvas| {
        canvas.spot((at.0 - REACH, at.1 - REACH), (2.0 * REACH, 2.0 * REACH), told);
    });
    Ok(())
}

/// A limit on the quantity of one ruler of a plot.
#[derive(Clone, Copy)]
struct Edge<'a> {
    limit: &'a Threshold,
    unit: &'a str,
    /// Of the x ruler; else of the y ruler.
    upright: bool,
}

impl Edge<'_> {
    /// Where it lies, at the end of the ruler if beyond.
    fn at(&self, plot: &Plot) -> Option<f64> {
        let (at, from, length) = match self.upright {
            true => (plot.at(self.limit.limit, 0.0).0, plot.left, plot.width),
            false => (plot.at(0.0, self.limit.limit).1, plot.top, plot.height),
        };
        at.is_finite().then(|| at.clamp(from, from + length))
    }

    /// Shades what lies beyond.
    fn shade(&self, drawing: &Drawing, plot: &Plot) -> Result<(), Failure> {
        let Some(at) = self.at(plot) else { return Ok(()) };
        let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
        // Larger values lie to the right, and on top.
        let corners = match (self.limit.bound, self.upright) {
            (Bound::Max, true) => [(at, plot.top), (right, bottom)],
            (Bound::Min, true) => [(plot.left, plot.top), (at, bottom)],
            (Bound::Max, false) => [(plot.left, plot.top), (right, at)],
            (Bound::Min, false) => [(plot.left, at), (right, bottom)],
        };
        drawing.pen("span", "");
        drawing.root.draw(&Rectangle::new(corners.map(fine), ShapeStyle::from(&BEYOND).filled()))
    }

    /// The line, over the grid, with its value at one end, on the side where the limit is kept.
    fn draw(&self, drawing: &Drawing, plot: &Plot) -> Result<(), Failure> {
        let Some(at) = self.at(plot) else { return Ok(()) };
        let (right, bottom) = (plot.left + plot.width, plot.top + plot.height);
        let line = match self.upright {
            true => [(at, plot.top), (at, bottom)],
            false => [(plot.left, at), (right, at)],
        };
        drawing.line(&line, LIMIT, 1.2, "reference", "8 4")?;
        let text = format!("limit {}", exact(self.limit.limit, self.unit));
        let (x, y, anchor) = match (self.upright, self.limit.bound) {
            (true, Bound::Max) => (at - 5.0, plot.top + SMALL + 3.0, Anchor::End),
            (true, Bound::Min) => (at + 5.0, plot.top + SMALL + 3.0, Anchor::Start),
            (false, Bound::Max) => (right - 4.0, at + SMALL + 3.0, Anchor::End),
            (false, Bound::Min) => (right - 4.0, at - 5.0, Anchor::End),
        };
        drawing.canvas(|canvas| canvas.label(x, y, &text, SMALL, anchor));
        Ok(())
    }
}

/// A quantity of the charts: a measure, or the knob that is the objective.
#[derive(Clone, Copy)]
enum Of<'r> {
    Measure(&'r str),
    Cost,
}

impl<'r> Of<'r> {
    fn objective(all: &Candidates<'r>) -> Of<'r> {
        match &all.record.objective {
            Objective::Measure(name) => Of::Measure(name),
            Objective::Knob(_) => Of::Cost,
        }
    }

    /// As people name it.
    fn name(self, all: &Candidates<'r>) -> String {
        match self {
            Of::Measure(name) => spoken(name),
            Of::Cost => all.record.objective.name().to_owned(),
        }
    }

    /// The measure; of a knob its path, which no measure has.
    fn measure(self, all: &Candidates<'r>) -> &'r str {
        match self {
            Of::Measure(name) => name,
            Of::Cost => all.record.objective.name(),
        }
    }

    fn unit(self, all: &Candidates<'r>) -> &'r str {
        match self {
            Of::Measure(name) => all.unit(name),
            Of::Cost => &all.record.unit,
        }
    }

    fn estimate(self, all: &Candidates<'r>, row: &Row) -> Option<Estimate> {
        match self {
            Of::Measure(name) => all.estimate(row, name),
            // A knob is set: it has no interval.
            Of::Cost => row.found.objective.map(|known| Estimate { interval: None, ..known }),
        }
    }

    /// The ruler: it has room for the means of all, the intervals of the last candidates, and the limits. Also whether it cuts an
    /// interval.
    fn ruler(self, all: &Candidates<'r>, rows: &[&Row], limits: &[&Threshold]) -> (Ruler, bool) {
        let known = |row: &&&Row| Some((all.is_finalist(row), self.estimate(all, row)?));
        let known: Vec<(bool, Estimate)> = rows.iter().filter_map(|row| known(&row)).collect();
        let means: Vec<f64> = known.iter().map(|(_, estimate)| estimate.mean).collect();
        let measure = self.measure(all);
        let of_finalists = known.iter().filter(|(is_finalist, _)| *is_finalist);
        let intervals: Vec<(f64, f64)> =
            of_finalists.map(|(_, estimate)| interval(measure, estimate)).collect();
        let limits = limits.iter().map(|limit| (limit.limit, limit.limit));
        let shown: Vec<(f64, f64)> = intervals.iter().copied().chain(limits).collect();
        let ruler = measure_ruler(&self.name(all), self.unit(all), &means, &shown);
        let cuts = intervals.iter().any(|&interval| ruler.cuts(interval));
        (ruler, cuts)
    }

    /// The interval of a row that has all replications, as far as the quantity can go.
    fn interval(self, all: &Candidates<'r>, row: &Row) -> Option<(f64, f64)> {
        let estimate = self.estimate(all, row).filter(|_| all.is_finalist(row))?;
        estimate.interval?;
        Some(interval(self.measure(all), &estimate))
    }
}
