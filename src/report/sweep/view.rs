//! A record as its charts and tables read it: estimates by cell and variant, extremes, the front.

use std::collections::HashMap;

use super::verdicts::reasons;
use crate::catalog::{self, Better};
use crate::experiment::review::Safety;
use crate::experiment::statistics::{Estimate, paired_difference};
use crate::experiment::sweep::pareto;
use crate::experiment::sweep::record::{Spot, SweepRecord};
use crate::report::format::{Scale, estimated, plus_minus, spoken};
use crate::units::grouped;

/// A variant at a setting, with its estimate of one measure.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Point<'r> {
    pub spot: Spot<'r>,
    /// Place of the spot in [`SweepRecord::spots`].
    pub index: usize,
    pub estimate: Estimate,
}

/// One measure over the whole sweep.
pub(in crate::report) struct View<'r> {
    pub record: &'r SweepRecord,
    pub measure: &'r str,
    pub unit: String,
    /// One for all figures that stand side by side.
    pub scale: Scale,
    /// Where there is a value, in the order of [`SweepRecord::spots`].
    pub points: Vec<Point<'r>>,
    /// Place in `points` of each setting and variant.
    index: HashMap<(Vec<Option<usize>>, usize), usize>,
}

impl<'r> View<'r> {
    pub fn new(record: &'r SweepRecord, measure: &'r str) -> View<'r> {
        // Without a unit there is no value either.
        let unit = record.unit(measure).unwrap_or_default().to_owned();
        let point =
            |(index, spot): (usize, Spot<'r>)| Some(Point { spot, index, estimate: spot.estimate(measure)? });
        let points: Vec<Point<'r>> = record.spots().enumerate().filter_map(point).collect();
        let largest = points.iter().map(|point| point.estimate.mean.abs()).fold(0.0, f64::max);
        let place = |(place, point): (usize, &Point<'r>)| ((point.spot.at(), point.spot.variant), place);
        let index = points.iter().enumerate().map(place).collect();
        View { record, measure, index, scale: Scale::fitting(&unit, largest), unit, points }
    }

    pub fn better(&self) -> Better {
        catalog::find(self.measure).map_or(Better::Neither, |info| info.better)
    }

    /// A variant at a setting; `None` stands for an axis that the variant sets itself.
    pub fn at(&self, at: &[Option<usize>], variant: usize) -> Option<&Point<'r>> {
        self.index.get(&(at.to_vec(), variant)).map(|&place| &self.points[place])
    }

    /// Whether a figure is that of the worse of two states.
    pub fn is_marked(&self) -> bool {
        self.points.iter().any(|point| !mark(&point.spot).is_empty())
    }

    /// The lowest and the highest point.
    pub fn extremes(&self) -> Option<(&Point<'r>, &Point<'r>)> {
        let by = |a: &&Point<'_>, b: &&Point<'_>| a.estimate.mean.total_cmp(&b.estimate.mean);
        Some((self.points.iter().min_by(by)?, self.points.iter().rev().max_by(by)?))
    }

    /// The best point and those that cannot be told from it, because the 95 % interval of the paired difference reaches
    /// zero; none where neither direction is better.
    pub fn best(&self) -> Vec<&Point<'r>> {
        let Some((lowest, highest)) = self.extremes() else { return Vec::new() };
        let best = match self.better() {
            Better::Lower => lowest,
            Better::Higher => highest,
            Better::Neither => return Vec::new(),
        };
        let values = |point: &Point<'r>| point.spot.values(self.measure);
        let mixed = |point: &Point<'r>| !point.spot.collapsed_runs().is_empty();
        let alike = |point: &&Point<'r>| {
            let paired = values(best).zip(values(point)).filter(|_| !mixed(best) && !mixed(point));
            let difference = paired.and_then(|(a, b)| paired_difference(a, b));
            point.estimate.mean == best.estimate.mean
                || difference
                    .and_then(|difference| difference.estimate.interval)
                    .is_some_and(|(low, high)| low <= 0.0 && high >= 0.0)
        };
        self.points.iter().filter(alike).collect()
    }

    /// `12.3 ± 0.4 ms`.
    pub fn figure(&self, estimate: &Estimate) -> String {
        estimated(estimate, &self.unit)
    }

    /// Lowest and highest value and where they are.
    pub fn message(&self) -> String {
        let Some((lowest, highest)) = self.extremes() else { return "No cell has a value.".to_owned() };
        let point = |point: &Point<'_>| {
            let same = |other: &&Point<'_>| other.estimate.mean == point.estimate.mean;
            let others = match self.points.iter().filter(same).count() - 1 {
                0 => String::new(),
                1 => " and in one more place".to_owned(),
                others => format!(" and in {} more places", grouped(others)),
            };
            format!("{} at {}{others}", self.figure(&point.estimate), point.spot.name())
        };
        if lowest.estimate.mean == highest.estimate.mean {
            return format!("{} everywhere.", self.figure(&lowest.estimate));
        }
        let (first, second) = match self.better() {
            Better::Higher => (("Highest", highest), ("lowest", lowest)),
            _ => (("Lowest", lowest), ("highest", highest)),
        };
        format!("{} {}; {} {}.", first.0, point(first.1), second.0, point(second.1))
    }

    /// `p99 latency (ms)`.
    pub fn title(&self) -> String {
        match self.scale.heading() {
            "" => capitalised(&spoken(self.measure)),
            unit => format!("{} ({unit})", capitalised(&spoken(self.measure))),
        }
    }
}

/// A variant at a setting as a row of a table: its setting, and a figure of each view.
pub(super) struct Row {
    pub settings: Vec<String>,
    pub figures: Vec<String>,
    /// How it stands to the limits: `safe`, `not safe: p99 latency exceeds 50 ms`.
    pub verdict: String,
    /// The class of these words in a page.
    pub class: &'static str,
}

/// Whether any cell was held against a limit.
pub(super) fn is_judged(record: &SweepRecord) -> bool {
    record.spots().any(|spot| spot.safety() != Safety::NotJudged)
}

/// How a spot stands to the limits, in words.
pub(super) fn verdict(record: &SweepRecord, spot: &Spot<'_>) -> String {
    match (spot.safety(), reasons(record, spot)) {
        (safety, reasons) if reasons.is_empty() => safety.word().to_owned(),
        (safety, reasons) => format!("{}: {reasons}", safety.word()),
    }
}

impl Row {
    pub fn new(record: &SweepRecord, views: &[View<'_>], spot: &Spot<'_>) -> Row {
        let label = |axis: usize| match spot.is_pinned(axis) {
            true => format!("{} (pinned)", spot.label(axis)),
            false => spot.label(axis).to_owned(),
        };
        let variants = (record.variants.len() > 1).then(|| record.variants[spot.variant].clone());
        let at = spot.at();
        let figure = |view: &View<'_>| {
            let found = view.at(&at, spot.variant);
            found.map_or("–".to_owned(), |point| {
                plus_minus(&view.scale, &point.estimate) + mark(&point.spot)
            })
        };
        Row {
            settings: (0..record.axes.len()).map(label).chain(variants).collect(),
            figures: views.iter().map(figure).collect(),
            verdict: verdict(record, spot),
            class: spot.safety().class(),
        }
    }
}

/// Meaning of the figures of a sweep.
pub(super) fn means_over(replications: u32) -> String {
    match replications {
        0 | 1 => "Values from 1 replication".to_owned(),
        more => format!("Means over {} replications ± half the 95 % interval", grouped(more as usize)),
    }
}

/// Meaning of figures that carry [`mark`].
pub(super) const MARKED: &str =
    "‡ Its runs settle in one of two states: the figure is that of the worse one.";

/// Behind the figure of a variant that has two states at a setting.
pub(super) fn mark(spot: &Spot<'_>) -> &'static str {
    if spot.collapsed_runs().is_empty() { "" } else { " ‡" }
}

pub(super) fn capitalised(text: &str) -> String {
    if text.starts_with("p9") {
        // A percentile keeps its small letter.
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A point in two measures.
pub(super) struct Compromise<'r> {
    pub spot: Spot<'r>,
    /// Place of the spot in [`SweepRecord::spots`].
    pub index: usize,
    pub x: Estimate,
    pub y: Estimate,
    /// Its number on the front, from the best in x to the best in y.
    pub rank: Option<usize>,
}

/// All points that have both measures, with their places on the front.
pub(super) fn compromises<'r>(x: &View<'r>, y: &View<'r>) -> Vec<Compromise<'r>> {
    let mut all: Vec<Compromise<'r>> = x
        .points
        .iter()
        .filter_map(|point| {
            let y = y.at(&point.spot.at(), point.spot.variant)?.estimate;
            Some(Compromise { spot: point.spot, index: point.index, x: point.estimate, y, rank: None })
        })
        .collect();
    let sign = |view: &View<'_>| if view.better() == Better::Higher { -1.0 } else { 1.0 };
    let (of_x, of_y) = (sign(x), sign(y));
    let points: Vec<(f64, f64)> =
        all.iter().map(|point| (of_x * point.x.mean, of_y * point.y.mean)).collect();
    for (rank, index) in pareto::front(&points).into_iter().enumerate() {
        all[index].rank = Some(rank + 1);
    }
    all
}

/// Those on the front, in its order.
pub(super) fn front<'c, 'r>(all: &'c [Compromise<'r>]) -> Vec<&'c Compromise<'r>> {
    let mut front: Vec<&Compromise<'r>> = all.iter().filter(|point| point.rank.is_some()).collect();
    front.sort_by_key(|point| point.rank);
    front
}
