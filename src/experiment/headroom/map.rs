//! Stable, vulnerable, metastable: where a system comes back from the events of its scenario.
//!
//! After Bronson, Aghayev, Charapko, Zhu (Metastable Failures in Distributed Systems, HotOS 2021) and Huang et al. (Metastable
//! Failures in the Wild, OSDI 2022), in terms of measures (docs/decisions.md).

use serde::Serialize;

use super::Purpose;
use super::record::{AnswerRecord, FoundRecord, HeadroomRecord};

/// The state of a system at a value of the knob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Healthy without the events, and every run comes back after them; after no larger trigger on the map does one stay down.
    Stable,
    /// Healthy without the events; but some runs stay down after them, or after a larger trigger on the map.
    Vulnerable,
    /// Healthy without the events; after them no run comes back.
    Metastable,
    /// Limits are broken without any event.
    Overloaded,
}

impl Class {
    pub const ALL: [Class; 4] = [Class::Stable, Class::Vulnerable, Class::Metastable, Class::Overloaded];

    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Class::Stable => "stable",
            Class::Vulnerable => "vulnerable",
            Class::Metastable => "metastable",
            Class::Overloaded => "overloaded",
        }
    }
}

/// Values of the knob in one state, from the safe side to the dangerous one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    pub class: Class,
    pub from: f64,
    pub to: f64,
}

/// A variant at one value of the second knob.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub variant: usize,
    pub second: Option<usize>,
    /// Without gaps from the safest value that was tested to the most dangerous one.
    pub bands: Vec<Band>,
}

/// The rows of a map, in the order of the ordinary borders.
pub fn rows(record: &HeadroomRecord) -> Vec<Row> {
    let is_trigger = record.second.as_ref().is_some_and(|axis| axis.path.starts_with("event."));
    record.of(Purpose::Ordinary).filter_map(|ordinary| row(record, ordinary, is_trigger)).collect()
}

fn row(record: &HeadroomRecord, ordinary: &AnswerRecord, is_trigger: bool) -> Option<Row> {
    let border = ordinary.border()?;
    let upwards = border.border.upwards;
    let values = || border.cells.iter().map(|cell| cell.value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let recoveries = || record.of(Purpose::Recovery).filter(|one| one.variant == ordinary.variant);
    let recovery = recoveries().find(|one| one.second == ordinary.second);
    let (least, most) = match recovery.and_then(AnswerRecord::border) {
        Some(found) => {
            let values = || found.cells.iter().map(|cell| cell.value);
            (values().fold(least, f64::min), values().fold(most, f64::max))
        }
        None => (least, most),
    };
    let (first, last) = if upwards { (least, most) } else { (most, least) };
    // On a map of trigger sizes a setting is as safe as the largest trigger leaves it.
    let weakest = recoveries()
        .filter(|_| is_trigger)
        .filter_map(|one| stable_to(one, first, last))
        .reduce(|a, b| if (a < b) == upwards { a } else { b });
    let edges = Edges {
        first,
        last,
        overloaded_from: border.border.breaks,
        // Without events on this variant nothing is to be recovered from.
        stable_to: recovery.and_then(|one| stable_to(one, first, last)).unwrap_or(last),
        metastable_from: recovery.and_then(AnswerRecord::border).and_then(|found| found.border.none_keeps),
        weakest,
    };
    Some(Row { variant: ordinary.variant, second: ordinary.second, bands: edges.bands(upwards) })
}

/// Up to which value every run comes back.
fn stable_to(recovery: &AnswerRecord, first: f64, last: f64) -> Option<f64> {
    match &recovery.found {
        FoundRecord::Border(found) if found.border.breaks.is_none() => Some(last),
        FoundRecord::Border(found) => Some(found.border.all_keep.unwrap_or(first)),
        FoundRecord::Overloaded => Some(first),
        FoundRecord::Pinned(_) | FoundRecord::Unlimited => None,
    }
}

/// Where one state passes into the next.
struct Edges {
    first: f64,
    last: f64,
    overloaded_from: Option<f64>,
    stable_to: f64,
    metastable_from: Option<f64>,
    weakest: Option<f64>,
}

impl Edges {
    fn bands(&self, upwards: bool) -> Vec<Band> {
        let safer = |a: f64, b: f64| if (a < b) == upwards { a } else { b };
        let end = self.overloaded_from.unwrap_or(self.last);
        let metastable = safer(self.metastable_from.unwrap_or(end), end);
        let vulnerable = safer(safer(self.stable_to, self.weakest.unwrap_or(self.stable_to)), metastable);
        // Another row may have been tested on values that are safer than any of this one.
        let vulnerable = if safer(vulnerable, self.first) == vulnerable { self.first } else { vulnerable };
        let edges = [
            (Class::Stable, self.first, vulnerable),
            (Class::Vulnerable, vulnerable, metastable),
            (Class::Metastable, metastable, end),
            (Class::Overloaded, end, self.last),
        ];
        let band = |(class, from, to): (Class, f64, f64)| (from != to).then_some(Band { class, from, to });
        edges.into_iter().filter_map(band).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(edges: &Edges, upwards: bool) -> Vec<(Class, f64, f64)> {
        edges.bands(upwards).into_iter().map(|band| (band.class, band.from, band.to)).collect()
    }

    #[test]
    fn bands_follow_one_another_from_the_safe_side() {
        let edges = Edges {
            first: 0.5,
            last: 8.0,
            overloaded_from: Some(4.0),
            stable_to: 1.2,
            metastable_from: Some(1.5),
            weakest: None,
        };
        let expected = [
            (Class::Stable, 0.5, 1.2),
            (Class::Vulnerable, 1.2, 1.5),
            (Class::Metastable, 1.5, 4.0),
            (Class::Overloaded, 4.0, 8.0),
        ];
        assert_eq!(bands(&edges, true), expected);
        // A larger trigger on the same map takes part of what this one leaves.
        let weaker = Edges { weakest: Some(0.7), ..edges };
        assert_eq!(bands(&weaker, true)[..2], [(Class::Stable, 0.5, 0.7), (Class::Vulnerable, 0.7, 1.5)]);
    }

    #[test]
    fn what_always_comes_back_is_stable_up_to_its_overload() {
        let edges = Edges {
            first: 60.0,
            last: 5.0,
            overloaded_from: Some(12.0),
            stable_to: 12.0,
            metastable_from: None,
            weakest: None,
        };
        // Smaller values are the dangerous ones.
        assert_eq!(bands(&edges, false), [(Class::Stable, 60.0, 12.0), (Class::Overloaded, 12.0, 5.0)]);
    }
}
