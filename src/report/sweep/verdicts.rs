//! How far a sweep keeps its limits, in sentences.

use super::view::capitalised;
use crate::experiment::answer::enumerated;
use crate::experiment::review::Safety;
use crate::experiment::sweep::limits::LimitRecord;
use crate::experiment::sweep::record::{AxisRecord, Spot, SweepRecord};
use crate::model::Bound;
use crate::report::format::{exact, spoken};
use crate::report::thresholds::in_words;
use crate::units::grouped;

/// Rows of a grid of two axes that get a clause each; more are counted.
const CLAUSES_MAX: usize = 6;

/// The spots of a variant along an axis, in its order.
struct Stretch<'r> {
    axis: &'r AxisRecord,
    spots: Vec<(&'r str, Spot<'r>)>,
}

/// Where along an axis all limits are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Everywhere,
    Nowhere,
    /// To the spot of this index.
    UpTo(usize),
    /// From the spot of this index.
    From(usize),
    Between(usize, usize),
    /// Neither of these, or an axis of words.
    Here,
}

/// A sentence for each variant, or for several of which the same is true; none where nothing was judged.
pub(super) fn sentences(record: &SweepRecord) -> Vec<String> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for (variant, name) in record.variants.iter().enumerate() {
        let spots: Vec<Spot<'_>> = record.spots().filter(|spot| spot.variant == variant).collect();
        if spots.iter().all(|spot| spot.safety() == Safety::NotJudged) {
            continue;
        }
        let words = words(record, variant, &spots);
        match told.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name.clone()),
            None => told.push((words, vec![name.clone()])),
        }
    }
    let sentence = |(words, names): (String, Vec<String>)| match record.variants.len() {
        1 => format!("{}.", capitalised(&words)),
        _ => format!("{}: {words}.", enumerated(&names, "and")),
    };
    told.into_iter().map(sentence).collect()
}

fn words(record: &SweepRecord, variant: usize, spots: &[Spot<'_>]) -> String {
    let free: Vec<usize> =
        (0..record.axes.len()).filter(|&axis| record.own(variant, axis).is_none()).collect();
    match (spots, free.as_slice()) {
        ([spot], _) if is_kept(spot) => "within all limits".to_owned(),
        ([spot], _) => reasons(record, spot),
        (_, [axis]) => {
            let stretch = Stretch::new(record, *axis, spots.iter().copied());
            format!("{}{}", stretch.extent_words(), stretch.beyond(record))
        }
        (_, [across, down]) => {
            let rows = rows(record, spots, *across, *down);
            match rows {
                Some(rows) => format!("{}: {rows}{}", counted(spots), most_broken(record, spots)),
                None => format!("{}{}", counted(spots), most_broken(record, spots)),
            }
        }
        _ => format!("{}{}", counted(spots), most_broken(record, spots)),
    }
}

fn is_kept(spot: &Spot<'_>) -> bool {
    spot.safety() <= Safety::Safe
}

/// `within all limits in 12 of 30 cells`.
fn counted(spots: &[Spot<'_>]) -> String {
    let kept = spots.iter().filter(|spot| is_kept(spot)).count();
    match kept {
        0 => format!("none of {} cells is within all limits", grouped(spots.len())),
        all if all == spots.len() => format!("all {} cells are within all limits", grouped(all)),
        kept => format!("within all limits in {} of {} cells", grouped(kept), grouped(spots.len())),
    }
}

/// The two limits that most cells are beyond.
fn most_broken(record: &SweepRecord, spots: &[Spot<'_>]) -> String {
    let count = |index: usize| spots.iter().filter(|spot| spot.stands(index) > Safety::Safe).count();
    let mut broken: Vec<(usize, usize)> =
        (0..record.limits.len()).map(|index| (count(index), index)).filter(|(count, _)| *count > 0).collect();
    broken.sort_by_key(|(count, index)| (std::cmp::Reverse(*count), *index));
    let clause = |(count, index): &(usize, usize)| {
        let cells = if *count == 1 { "cell" } else { "cells" };
        let limit = &record.limits[*index];
        let beyond = |spot: &Spot<'_>| spot.stands(*index) > Safety::Safe && is_beyond(limit, spot);
        format!("{} in {} {cells}", broken_words(limit, spots.iter().any(beyond)), grouped(*count))
    };
    match broken.iter().take(2).map(clause).collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        clauses => format!("; {}", enumerated(&clauses, "and")),
    }
}

/// `up to tier.l2.ttl = 26s at tier.l2.capacity = 500 and 1000, nowhere at 2000`; `None` where it takes too many words.
fn rows(record: &SweepRecord, spots: &[Spot<'_>], across: usize, down: usize) -> Option<String> {
    let (mut groups, axis): (Vec<(String, Vec<&str>)>, _) = (Vec::new(), &record.axes[down]);
    if spots.iter().all(is_kept) || !spots.iter().any(is_kept) {
        return None;
    }
    for (index, value) in axis.values.iter().enumerate() {
        let row = spots.iter().filter(|spot| spot.at()[down] == Some(index)).copied();
        let stretch = Stretch::new(record, across, row);
        if stretch.spots.is_empty() {
            continue;
        }
        let extent = stretch.place();
        match groups.last_mut().filter(|(known, _)| *known == extent) {
            Some((_, labels)) => labels.push(&value.label),
            None => groups.push((extent, vec![&value.label])),
        }
    }
    if groups.len() > CLAUSES_MAX {
        return None;
    }
    let clause = |(index, (extent, labels)): (usize, &(String, Vec<&str>))| {
        let at = match labels.as_slice() {
            [only] => (*only).to_owned(),
            [first, second] => format!("{first} and {second}"),
            [first, .., last] => format!("{first} to {last}"),
            [] => String::new(),
        };
        let path = if index == 0 { format!("{} = ", axis.path) } else { String::new() };
        format!("{extent} at {path}{at}")
    };
    Some(groups.iter().enumerate().map(clause).collect::<Vec<_>>().join(", "))
}

impl<'r> Stretch<'r> {
    fn new(record: &'r SweepRecord, axis: usize, spots: impl Iterator<Item = Spot<'r>>) -> Stretch<'r> {
        let mut spots: Vec<(&str, Spot<'r>)> = spots.map(|spot| (spot.label(axis), spot)).collect();
        let place = |spot: &Spot<'_>| spot.value(axis).unwrap_or_else(|| spot.at()[axis].unwrap_or(0) as f64);
        spots.sort_by(|a, b| place(&a.1).total_cmp(&place(&b.1)));
        Stretch { axis: &record.axes[axis], spots }
    }

    fn extent(&self) -> Extent {
        let kept: Vec<usize> = (0..self.spots.len()).filter(|&index| is_kept(&self.spots[index].1)).collect();
        let last = self.spots.len().saturating_sub(1);
        match (kept.first(), kept.last()) {
            (None, _) | (_, None) => Extent::Nowhere,
            _ if kept.len() == self.spots.len() => Extent::Everywhere,
            (Some(from), Some(to)) if self.axis.unit.is_none() || to - from + 1 != kept.len() => Extent::Here,
            (Some(0), Some(&to)) => Extent::UpTo(to),
            (Some(&from), Some(to)) if *to == last => Extent::From(from),
            (Some(&from), Some(&to)) => Extent::Between(from, to),
        }
    }

    fn label(&self, index: usize) -> &'r str {
        self.spots[index].0
    }

    /// In a clause about one of many stretches.
    fn place(&self) -> String {
        let path = &self.axis.path;
        match self.extent() {
            Extent::Everywhere => "everywhere".to_owned(),
            Extent::Nowhere => "nowhere".to_owned(),
            Extent::UpTo(to) => format!("up to {path} = {}", self.label(to)),
            Extent::From(from) => format!("from {path} = {}", self.label(from)),
            Extent::Between(from, to) => format!("from {path} = {} to {}", self.label(from), self.label(to)),
            Extent::Here => format!("for {path} = {}", self.kept_labels()),
        }
    }

    fn kept_labels(&self) -> String {
        let kept = self.spots.iter().filter(|(_, spot)| is_kept(spot));
        enumerated(&kept.map(|(label, _)| (*label).to_owned()).collect::<Vec<_>>(), "and")
    }

    /// As the beginning of a sentence.
    fn extent_words(&self) -> String {
        let path = &self.axis.path;
        match self.extent() {
            Extent::Everywhere => format!("within all limits at every value of {path}"),
            Extent::Nowhere => format!("no value of {path} is within all limits"),
            _ => format!("within all limits {}", self.place()),
        }
    }

    /// What is beyond the borders: `; beyond it p99 latency exceeds 50 ms, and from 16 on error ratio exceeds 0.1 %`.
    fn beyond(&self, record: &SweepRecord) -> String {
        let at = |index: usize| reasons(record, &self.spots[index].1);
        let is_broken = |index: &usize| self.spots[*index].1.safety() == Safety::NotSafe;
        // What is just beyond may be a risk only: then the next place where a limit is broken follows.
        let after = |to: usize| {
            let later = (to + 2..self.spots.len()).find(is_broken).filter(|_| !is_broken(&(to + 1)));
            let later = later.map(|index| format!(", and from {} on {}", self.label(index), at(index)));
            format!("beyond it {}{}", at(to + 1), later.unwrap_or_default())
        };
        let before = |from: usize| {
            let later = (0..from - 1).rev().find(is_broken).filter(|_| !is_broken(&(from - 1)));
            let later = later.map(|index| format!(", and at {} {}", self.label(index), at(index)));
            format!("below it {}{}", at(from - 1), later.unwrap_or_default())
        };
        match self.extent() {
            Extent::Everywhere => String::new(),
            Extent::UpTo(to) => format!("; {}", after(to)),
            Extent::From(from) => format!("; {}", before(from)),
            Extent::Between(from, to) => format!("; {}, {}", before(from), after(to)),
            Extent::Nowhere | Extent::Here => {
                let spots: Vec<Spot<'_>> = self.spots.iter().map(|(_, spot)| *spot).collect();
                most_broken(record, &spots)
            }
        }
    }
}

/// Why a spot is beyond the limits, by the worst of them: `p99 latency exceeds 50 ms`.
pub(super) fn reasons(record: &SweepRecord, spot: &Spot<'_>) -> String {
    let worst = spot.safety();
    if worst <= Safety::Safe {
        return String::new();
    }
    let of_worst = (0..record.limits.len()).filter(|&index| spot.stands(index) == worst);
    let words = |index: usize| {
        let limit = &record.limits[index];
        broken_words(limit, is_beyond(limit, spot))
    };
    let states =
        (!spot.collapsed_runs().is_empty()).then(|| "the runs settle in one of two states".to_owned());
    let clauses: Vec<String> = states.into_iter().chain(of_worst.map(words)).collect();
    enumerated(&clauses, "and")
}

/// `p99 latency exceeds 50 ms`, or `may exceed` where the mean is on the right side.
fn broken_words(LimitRecord { limit, unit, .. }: &LimitRecord, by_mean: bool) -> String {
    let verb = match (limit.bound, by_mean) {
        (Bound::Max, true) => "exceeds",
        (Bound::Max, false) => "may exceed",
        (Bound::Min, true) => "is below",
        (Bound::Min, false) => "may be below",
    };
    format!("{} {verb} {}", spoken(&limit.measure), exact(limit.limit, unit))
}

/// Whether the mean itself is beyond a limit, and not just the end of its interval or some of the runs.
fn is_beyond(LimitRecord { limit, .. }: &LimitRecord, spot: &Spot<'_>) -> bool {
    spot.estimate(&limit.measure).is_none_or(|estimate| !limit.bound.allows(estimate.mean, limit.limit))
}

/// The limits that some cell was held against, those of the scenario first; then those of the scenario that no cell has anything
/// for.
pub(super) fn limits(record: &SweepRecord) -> Vec<String> {
    let is_judged = |index: &usize| record.spots().any(|spot| spot.stands(*index) != Safety::NotJudged);
    let (judged, not): (Vec<usize>, Vec<usize>) = (0..record.limits.len()).partition(is_judged);
    let text = |index: usize| {
        let LimitRecord { limit, unit, default } = &record.limits[index];
        let whose = limit.variant.as_ref().map_or_else(String::new, |variant| format!(" in {variant}"));
        format!("{}{whose}{}", in_words(limit, unit), if *default { " (default)" } else { "" })
    };
    let not = not.into_iter().filter(|&index| !record.limits[index].default);
    judged
        .into_iter()
        .map(text)
        .chain(not.map(|index| format!("{} (not judged: no cell has it)", text(index))))
        .collect()
}

#[cfg(test)]
mod tests;
