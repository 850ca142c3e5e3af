//! The scenario as it is written, and the cell of a sweep that stands for it.

use serde::{Deserialize, Serialize};

use super::cells::value_record;
use super::record::{AxisRecord, AxisValueRecord, Spot, SweepRecord};
use crate::scenario::digest::fingerprint;
use crate::scenario::grid::Grid;

/// Today's system: the baseline with the settings of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TodayRecord {
    /// Index of the baseline.
    pub variant: usize,
    /// The value that the file has in the place of each axis; `null` where it leaves the option out.
    pub values: Vec<Option<AxisValueRecord>>,
    /// Index of the value of each axis in the cell that is the file itself; `null` where the axes have no such cell.
    pub at: Option<Vec<usize>>,
}

/// That of a grid.
pub(super) fn of(grid: &Grid) -> TodayRecord {
    let base = &grid.base;
    let own = |axis: usize| grid.pin(base.baseline, axis).or(grid.today[axis].as_ref());
    let value = |(index, axis)| own(index).map(|value| value_record(axis, value));
    let meanings: Vec<String> =
        base.variants.iter().map(|variant| fingerprint(&variant.model, base.seed)).collect();
    TodayRecord {
        variant: base.baseline,
        values: grid.axes.iter().enumerate().map(value).collect(),
        at: grid.cells.iter().find(|cell| cell.fingerprints == meanings).map(|cell| cell.at.clone()),
    }
}

/// The cell that others are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'r> {
    pub spot: Spot<'r>,
    /// It is today's system, and not just near it.
    pub is_today: bool,
}

impl SweepRecord {
    /// Today's system, or the finished cell of the same variant with the nearest settings: along an axis of positive amounts by
    /// their ratio, along others by their difference. `None` where the variant has no finished cell.
    pub fn reference(&self) -> Option<Reference<'_>> {
        let none = TodayRecord { variant: 0, values: vec![None; self.axes.len()], at: None };
        let today = self.today.as_ref().unwrap_or(&none);
        let of_variant = || self.spots().filter(|spot| spot.variant == today.variant);
        if let Some(at) = &today.at {
            let is_there = |spot: &Spot<'_>| {
                spot.at().iter().zip(at).all(|(own, today)| own.is_none_or(|own| own == *today))
            };
            if let Some(spot) = of_variant().find(is_there) {
                return Some(Reference { spot, is_today: true });
            }
        }
        let distance = |spot: &Spot<'_>| -> f64 {
            let along = |(index, axis): (usize, &AxisRecord)| {
                let wanted = today.values.get(index).and_then(Option::as_ref);
                match (spot.at()[index], wanted) {
                    (Some(at), Some(wanted)) => far(axis, at, wanted),
                    (at, _) => at.unwrap_or(0) as f64,
                }
            };
            self.axes.iter().enumerate().map(along).sum()
        };
        let spot = of_variant().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        Some(Reference { spot, is_today: false })
    }
}

/// How far a value of an axis is from another, as a share of the axis.
fn far(axis: &AxisRecord, at: usize, wanted: &AxisValueRecord) -> f64 {
    let values: Vec<f64> = axis.values.iter().filter_map(|value| value.value).collect();
    let (Some(value), Some(wanted_value)) = (axis.values[at].value, wanted.value) else {
        // Words are the same or not.
        return if axis.values[at].label == wanted.label { 0.0 } else { 1.0 };
    };
    let positive = wanted_value > 0.0 && values.iter().all(|value| *value > 0.0);
    let place = |value: f64| if positive { libm::log(value) } else { value };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = place(high) - place(low);
    let apart = (place(value) - place(wanted_value)).abs();
    if span > 0.0 { apart / span } else { apart }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::Overrides;
    use crate::scenario::grid::{Which, grid};

    const FILE: &str = r#"
        question = "?"
        duration = "10s"
        workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000 }
        database = { read = "5ms" }
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "60s"
        [sweep.axes]
        "tier.l2.ttl" = ["20s", "30s", "100s"]
        "database.servers" = [1, 3]
    "#;

    fn today(text: &str) -> TodayRecord {
        of(&grid(text, "x.toml", Path::new(""), &Overrides::default(), Which::Sweep, &[]).unwrap().0)
    }

    #[test]
    fn the_cell_that_is_the_file_itself_is_found_by_its_meaning() {
        let written = FILE.replace("read = ", "servers = 3, read = ").replace("\"30s\"", "\"1m\"");
        let found = today(&written);
        assert_eq!(found.at, Some(vec![1, 1]), "1m is 60s");
        let labels: Vec<&str> = found.values.iter().flatten().map(|value| value.label.as_str()).collect();
        assert_eq!(labels, ["60s", "3"]);
    }

    #[test]
    fn settings_that_are_no_cell_are_told_and_an_option_left_out_is_null() {
        let found = today(FILE);
        assert_eq!(found.at, None);
        let second = AxisValueRecord { label: "60s".to_owned(), value: Some(60.0) };
        assert_eq!(found.values, [Some(second), None]);
    }

    #[test]
    fn the_nearest_value_is_the_one_of_the_nearest_ratio_and_words_match_or_do_not() {
        let axis = |values: &[Option<f64>]| AxisRecord {
            path: "x".to_owned(),
            unit: None,
            values: (values.iter().enumerate())
                .map(|(at, value)| AxisValueRecord { label: at.to_string(), value: *value })
                .collect(),
        };
        let wanted = |label: &str, value| AxisValueRecord { label: label.to_owned(), value };
        // 60 is 2 times 30, and 100 is 1.7 times 60.
        let ttl = axis(&[Some(20.0), Some(30.0), Some(100.0)]);
        let far_of = |at| far(&ttl, at, &wanted("60", Some(60.0)));
        assert!(far_of(2) < far_of(1) && far_of(1) < far_of(0));
        // With a zero among the values 60 is nearer to 30 than to 100.
        let zero = axis(&[Some(0.0), Some(30.0), Some(100.0)]);
        assert!(far(&zero, 1, &wanted("60", Some(60.0))) < far(&zero, 2, &wanted("60", Some(60.0))));
        let words = axis(&[None, None]);
        assert_eq!([0, 1].map(|at| far(&words, at, &wanted("1", None))), [1.0, 0.0]);
    }
}
