//! Levels that a chart over time compares its lines with: the capacity of the database, and limits on its load.

use crate::experiment::answer::enumerated;
use crate::experiment::statistics::estimate;
use crate::measure::quantity::{exact, with_unit};
use crate::model::Bound;
use crate::record::{Record, VariantRecord};
use crate::report::figure::Reference;

/// A level beyond so many times the highest value would flatten the lines.
pub const LEVEL_FAR: f64 = 3.0;
/// Levels that differ by less are one: capacities are measured, and each run draws its own service times.
const ALIKE: f64 = 0.01;

const CAPACITY: &str = "capacity ";

/// The levels of each variant of a record; none at all by default.
#[derive(Default)]
pub struct Levels(Vec<Vec<Reference>>);

/// Levels by how far they lie from the lines.
pub struct Shown {
    /// Those that are drawn, by variant of the record.
    pub near: Vec<Vec<Reference>>,
    /// The sentence that names the others, with a blank before it; else empty.
    pub beyond: String,
}

impl Levels {
    /// Of the database's load: capacity, and the thresholds on rates and on the utilization of the busiest second.
    pub fn of_database(record: &Record) -> Levels {
        Levels(record.variants.iter().map(|variant| of_variant(record, variant)).collect())
    }

    /// Tells levels near to the values of the shown variants from those beyond.
    pub fn shown(&self, shown: &[usize], values: impl Iterator<Item = f64>) -> Shown {
        let highest = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let is_near = |reference: &Reference| reference.y <= LEVEL_FAR * highest;
        let mut beyond: Vec<String> = Vec::new();
        for reference in shown.iter().filter_map(|&index| self.0.get(index)).flatten() {
            if !is_near(reference) && !beyond.contains(&reference.label) {
                beyond.push(reference.label.clone());
            }
        }
        let near = |index: usize| {
            let all = self.0.get(index).map_or(&[][..], Vec::as_slice);
            all.iter().filter(|reference| is_near(reference)).cloned().collect()
        };
        let count = shown.iter().map(|index| index + 1).max().unwrap_or(0).max(self.0.len());
        Shown {
            near: (0..count).map(near).collect(),
            beyond: match beyond.as_slice() {
                [] => String::new(),
                _ => format!(" Above the chart: {}.", enumerated(&beyond, "and")),
            },
        }
    }

    /// The levels of several variants in one panel: once where all of them have it, else with the variants' names.
    pub fn together(&self, near: &[Vec<Reference>], shown: &[usize], record: &Record) -> Vec<Reference> {
        let alike = |a: &Reference, b: &Reference| {
            let near = (a.y - b.y).abs() <= ALIKE * a.y.abs().max(b.y.abs());
            a.label == b.label || (near && a.label.starts_with(CAPACITY) && b.label.starts_with(CAPACITY))
        };
        let mut merged: Vec<(Reference, Vec<&str>)> = Vec::new();
        for &index in shown {
            for reference in &near[index] {
                let name = record.variants[index].name.as_str();
                match merged.iter_mut().find(|(known, _)| alike(known, reference)) {
                    Some((_, names)) => names.push(name),
                    None => merged.push((reference.clone(), vec![name])),
                }
            }
        }
        let named = |(reference, names): (Reference, Vec<&str>)| match names.len() == shown.len() {
            true => reference,
            false => Reference { label: format!("{} ({})", reference.label, names.join(", ")), ..reference },
        };
        merged.into_iter().map(named).collect()
    }
}

fn of_variant(record: &Record, variant: &VariantRecord) -> Vec<Reference> {
    let mean = |name: &str| {
        let known: Vec<f64> = variant.measure(name)?.values.iter().flatten().copied().collect();
        estimate(&known).map(|estimate| estimate.mean)
    };
    let capacity = mean("db.capacity");
    let mut levels: Vec<Reference> = Vec::new();
    if let Some(y) = capacity {
        levels.push(Reference { label: format!("{CAPACITY}{}", with_unit(y, "1/s")), y });
    }
    let own = |of: &Option<String>| of.as_ref().is_none_or(|name| *name == variant.name);
    for threshold in record.scenario.thresholds.iter().filter(|threshold| own(&threshold.variant)) {
        let bound = match threshold.bound {
            Bound::Max => "at most",
            Bound::Min => "at least",
        };
        let limit = threshold.limit;
        let (what, figure, y) = match threshold.measure.as_str() {
            "db.qps.peak" => ("peak", exact(limit, "1/s"), Some(limit)),
            "db.qps.mean" => ("mean", exact(limit, "1/s"), Some(limit)),
            "db.utilization.peak" => {
                let share = format!("{} of capacity", exact(limit, "1"));
                ("peak", share, capacity.map(|capacity| limit * capacity))
            }
            _ => continue,
        };
        levels.extend(y.map(|y| Reference { label: format!("{what} {bound} {figure}"), y }));
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Threshold;
    use crate::record::fixture::{measure, record_of};

    fn threshold(measure: &str, bound: Bound, limit: f64, variant: Option<&str>) -> Threshold {
        Threshold { variant: variant.map(str::to_owned), ..Threshold::new(measure, bound, limit) }
    }

    /// Capacities of 4,000/s and the other, in two runs each.
    fn record(other: f64) -> Record {
        let of = |capacity: f64| vec![measure("db.capacity", &[capacity - 1.0, capacity + 1.0])];
        record_of(&[("a", of(4_000.0)), ("b", of(other))], &["db.capacity"])
    }

    /// (label, level) of the two variants in one panel, and the sentence, over values of up to this one.
    fn drawn(record: &Record, highest: f64) -> (Vec<(String, f64)>, String) {
        let levels = Levels::of_database(record);
        let Shown { near, beyond } = levels.shown(&[0, 1], [highest, f64::NAN].into_iter());
        let together = levels.together(&near, &[0, 1], record);
        (together.into_iter().map(|reference| (reference.label, reference.y)).collect(), beyond)
    }

    #[test]
    fn one_capacity_is_one_line_and_two_are_named_after_their_variants() {
        // Less than 1 % apart: chance of the measurement.
        let (same, beyond) = drawn(&record(4_030.0), 1_500.0);
        assert_eq!((same, beyond.as_str()), (vec![("capacity 4,000/s".to_owned(), 4_000.0)], ""));
        let (two, _) = drawn(&record(2_000.0), 1_500.0);
        assert_eq!(
            two,
            [("capacity 4,000/s (a)".to_owned(), 4_000.0), ("capacity 2,000/s (b)".to_owned(), 2_000.0)]
        );
    }

    #[test]
    fn what_would_flatten_the_lines_is_named_instead_of_drawn() {
        // Three times 1,333 is 3,999.
        let (drawn_levels, beyond) = drawn(&record(2_000.0), 1_333.0);
        assert_eq!(drawn_levels, [("capacity 2,000/s (b)".to_owned(), 2_000.0)]);
        assert_eq!(beyond, " Above the chart: capacity 4,000/s.");
        assert_eq!(drawn(&record(4_000.0), 0.0).0, []);
    }

    #[test]
    fn limits_on_the_load_are_levels_too() {
        let mut record = record(4_000.0);
        record.scenario.thresholds = vec![
            threshold("db.qps.peak", Bound::Max, 3_500.0, None),
            threshold("db.qps.mean", Bound::Min, 100.0, Some("b")),
            threshold("db.utilization.peak", Bound::Max, 0.8, None),
            threshold("hit_ratio", Bound::Min, 0.9, None),
        ];
        let expected = [
            ("capacity 4,000/s", 4_000.0),
            ("peak at most 3,500/s", 3_500.0),
            ("peak at most 80 % of capacity", 3_200.0),
            ("mean at least 100/s (b)", 100.0),
        ];
        assert_eq!(drawn(&record, 2_000.0).0, expected.map(|(label, y)| (label.to_owned(), y)));
    }
}
