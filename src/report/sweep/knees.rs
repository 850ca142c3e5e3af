//! The knees of the curves of a sweep, and their sentences.

use std::collections::BTreeMap;

use super::frame::{is_log, spans_decades};
use super::view::{Point, View};
use crate::experiment::comparison::smallest_that_matters;
use crate::experiment::sweep::knee::{Bend, CurvePoint, knee};
use crate::report::format::spoken;

/// The knee of a measure along an axis, where the other axes have the values of the cell that stands for today.
pub(super) struct FoundKnee<'r> {
    pub axis: usize,
    pub variant: usize,
    bend: Bend,
    first: Point<'r>,
    pub at: Point<'r>,
    last: Point<'r>,
    /// Labels of the knees at other settings of the other axes, in the order of the axis, each once.
    elsewhere: Vec<String>,
}

/// All knees of a measure, by axis and variant. An axis of words has none.
pub(super) fn knees<'r>(view: &View<'r>) -> Vec<FoundKnee<'r>> {
    let record = view.record;
    let reference = record.reference();
    let home = reference.map(|reference| reference.spot.at());
    let mut found = Vec::new();
    for (axis, _) in record.axes.iter().enumerate().filter(|(_, axis)| axis.unit.is_some()) {
        for variant in 0..record.variants.len() {
            let mut curves: BTreeMap<Vec<Option<usize>>, Vec<Point<'r>>> = BTreeMap::new();
            for point in view.points.iter().filter(|point| point.spot.variant == variant) {
                let mut rest = point.spot.at();
                if rest.remove(axis).is_some() {
                    curves.entry(rest).or_default().push(*point);
                }
            }
            let is_home = |rest: &[Option<usize>]| {
                let mut home = home.clone().unwrap_or_default();
                if axis < home.len() {
                    home.remove(axis);
                }
                rest.iter().zip(&home).all(|(own, home)| own.is_none() || home.is_none() || own == home)
            };
            let all: Vec<_> = curves
                .iter()
                .filter_map(|(rest, points)| Some((is_home(rest), of_curve(view, axis, points)?)))
                .collect();
            let mut elsewhere: Vec<(f64, &str)> = all
                .iter()
                .filter(|(home, _)| !home)
                .filter_map(|(_, (_, at, _))| Some((at.spot.value(axis)?, at.spot.label(axis))))
                .collect();
            elsewhere.sort_by(|a, b| a.0.total_cmp(&b.0));
            elsewhere.dedup();
            let elsewhere: Vec<String> = elsewhere.into_iter().map(|(_, label)| label.to_owned()).collect();
            let here = all.into_iter().find(|(home, _)| *home);
            if let Some((_, (bend, at, [first, last]))) = here {
                found.push(FoundKnee { axis, variant, bend, first, at, last, elsewhere });
            }
        }
    }
    found
}

/// Bend, knee, and the ends of a curve.
type OfCurve<'r> = (Bend, Point<'r>, [Point<'r>; 2]);

/// By both axes as they are drawn. None where a variant has two states anywhere: its points are means over other runs then.
fn of_curve<'r>(view: &View<'r>, axis: usize, points: &[Point<'r>]) -> Option<OfCurve<'r>> {
    if points.iter().any(|point| !point.spot.collapsed_runs().is_empty()) {
        return None;
    }
    let mut placed: Vec<(f64, Point<'r>)> =
        points.iter().filter_map(|point| Some((point.spot.value(axis)?, *point))).collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let log_x = is_log(placed.iter().map(|(value, _)| *value));
    let means: Vec<f64> = view.points.iter().map(|point| point.estimate.mean).collect();
    let log_y = spans_decades(&means);
    let scaled = |value: f64| if log_y { libm::log10(value) } else { value };
    let values: Vec<Vec<Option<f64>>> = (placed.iter())
        .map(|(_, point)| {
            let values = point.spot.values(view.measure).unwrap_or_default();
            values.iter().map(|value| value.map(scaled).filter(|value| value.is_finite())).collect()
        })
        .collect();
    let curve: Vec<CurvePoint<'_>> = (placed.iter().zip(&values))
        .map(|((x, _), values)| CurvePoint { x: if log_x { libm::log10(*x) } else { *x }, values })
        .collect();
    let found = knee(&curve).filter(|_| matters(view, &placed))?;
    Some((found.bend, placed[found.index].1, [placed[0].1, placed[placed.len() - 1].1]))
}

/// Whether the ends of a curve differ by more than a verdict would call a tie: a hundredth of the first, of a share a hundredth of
/// its smaller side.
fn matters(view: &View<'_>, placed: &[(f64, Point<'_>)]) -> bool {
    let ([(_, first), ..], [.., (_, last)]) = (placed, placed) else { return false };
    let (first, last) = (first.estimate.mean, last.estimate.mean);
    (last - first).abs() > smallest_that_matters(&view.unit, first)
}

/// A sentence for each axis on which a measure has knees: that of the first variant in full, of the others the place.
pub(super) fn sentences(view: &View<'_>) -> Vec<String> {
    let record = view.record;
    let found = knees(view);
    let on = |axis: usize| {
        let mut on_axis = found.iter().filter(|knee| knee.axis == axis);
        let first = on_axis.next()?;
        let name = |knee: &FoundKnee<'_>| record.variants[knee.variant].as_str();
        let others =
            on_axis.map(|knee| format!("; {} has its knee at {}", name(knee), knee.at.spot.label(axis)));
        let whose =
            if record.variants.len() > 1 { format!("{}: beyond", name(first)) } else { "Beyond".to_owned() };
        Some(format!("{whose} {}{}.", first.words(view), others.collect::<String>()))
    };
    (0..record.axes.len()).filter_map(on).collect()
}

impl FoundKnee<'_> {
    /// `tier.l2.ttl = 26s, mean database load falls only from 95.2/s to 80.1/s (at 120s), up to there from 150/s`.
    fn words(&self, view: &View<'_>) -> String {
        let path = &view.record.axes[self.axis].path;
        let label = |point: &Point<'_>| point.spot.label(self.axis).to_owned();
        let value = |point: &Point<'_>| view.scale.with_suffix(&view.scale.number(point.estimate.mean));
        let verb = if self.last.estimate.mean > self.first.estimate.mean { "rises" } else { "falls" };
        let (beyond, before) = match self.bend {
            Bend::Flatter => (" only", ""),
            Bend::Steeper => ("", " only"),
        };
        let elsewhere = match self.elsewhere.as_slice() {
            [] => String::new(),
            [only] if *only == label(&self.at) => ", and so at other settings".to_owned(),
            [only] => format!("; at other settings the knee is at {only}"),
            [from, .., to] => format!("; at other settings the knee is at {from} to {to}"),
        };
        let [from, at, to] = [value(&self.first), value(&self.at), value(&self.last)];
        let (knee, measure, end) = (label(&self.at), spoken(view.measure), label(&self.last));
        match at == to {
            true => format!(
                "{path} = {knee}, {measure} stays at {at} (to {end}), up to there it {verb} from {from}{elsewhere}"
            ),
            false => format!(
                "{path} = {knee}, {measure} {verb}{beyond} from {at} to {to} (at {end}), up to there{before} from {from}{elsewhere}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sweep::record::SweepRecord;
    use crate::record::fixture::measure;
    use crate::report::sweep::fixture::{Along, sweep};

    /// Load over four or five times to live: 100 less with each value up to the break of that row, then 10 less.
    fn falling(breaks: &[usize]) -> SweepRecord {
        let axes = [
            Along::numbers("tier.l2.ttl", &[1.0, 2.0, 3.0, 4.0, 5.0]),
            Along::numbers("workload.keys", &(1..=breaks.len()).map(|keys| keys as f64).collect::<Vec<_>>()),
        ];
        sweep(&axes, |at| {
            let [fast, slow] =
                [at[0].min(breaks[at[1]]), at[0].saturating_sub(breaks[at[1]])].map(|n| n as f64);
            let mean = 500.0 - 100.0 * fast - 10.0 * slow;
            vec![measure("db.qps.mean", &[mean - 1.0, mean, mean + 1.0])]
        })
    }

    #[test]
    fn a_knee_is_told_with_the_figures_on_both_sides_and_the_places_at_other_settings() {
        let told = |record: &SweepRecord| sentences(&View::new(record, "db.qps.mean"));
        // Today is unknown: the first cell stands for it.
        assert_eq!(
            told(&falling(&[2, 1, 3])),
            [
                "Beyond tier.l2.ttl = 3, mean database load falls only from 300/s to 280/s (at 5), up to there from 500/s; \
              at other settings the knee is at 2 to 4."
            ]
        );
        assert!(told(&falling(&[1, 1]))[0].ends_with("from 500/s, and so at other settings."));
        assert!(told(&falling(&[4, 1])).is_empty(), "where today is, the line is straight");
    }

    /// 40, 20, 10 and then 10.01, 10.02: printed the same.
    #[test]
    fn a_curve_that_is_level_beyond_its_knee_stays_there() {
        let record = sweep(&[Along::numbers("tier.l2.ttl", &[1.0, 2.0, 3.0, 4.0, 5.0])], |at| {
            let mean = [40.0, 20.0, 10.02, 10.01, 10.0][at[0]];
            vec![measure("db.qps.mean", &[mean, mean + 0.001])]
        });
        assert_eq!(
            sentences(&View::new(&record, "db.qps.mean")),
            [
                "Beyond tier.l2.ttl = 3, mean database load stays at 10.0/s (to 5), up to there it falls from 40.0/s."
            ]
        );
    }

    /// 56.1 % and then 56.3 %: certain, and of no consequence. Of a hit ratio of 99.0 % the same step is a fifth of the misses.
    #[test]
    fn a_range_of_less_than_a_hundredth_has_no_knee() {
        let told = |first: f64| {
            let record = sweep(&[Along::numbers("database.pool", &[1.0, 2.0, 3.0, 4.0])], |at| {
                let mean = first + [0.0, 0.0018, 0.0019, 0.002][at[0]];
                vec![measure("hit_ratio", &[mean, mean + 0.00001])]
            });
            sentences(&View::new(&record, "hit_ratio")).len()
        };
        assert_eq!([0.561, 0.99].map(told), [0, 1]);
    }

    #[test]
    fn every_variant_has_its_knee_and_words_have_none() {
        let mut record = falling(&[2]);
        let other = falling(&[1]);
        for (cell, other) in record.cells.iter_mut().zip(other.cells) {
            cell.variants.extend(other.variants);
        }
        record.variants = vec!["a".to_owned(), "b".to_owned()];
        let told = sentences(&View::new(&record, "db.qps.mean"));
        assert!(
            told[0].starts_with("a: beyond tier.l2.ttl = 3,") && told[0].ends_with("; b has its knee at 2."),
            "{told:?}"
        );
        let words = sweep(&[Along::words("writes.strategy", &["a", "b", "c", "d"])], |at| {
            let mean = [0.0, 30.0, 31.0, 32.0][at[0]];
            vec![measure("db.qps.mean", &[mean - 0.1, mean, mean + 0.1])]
        });
        assert!(sentences(&View::new(&words, "db.qps.mean")).is_empty());
    }
}
