//! The knee of a curve: the point where more along the axis begins to yield much less, or much more.
//!
//! By the distance to the chord, as Kneedle finds it (Satopaa, Albrecht, Irwin, Raghavan, Finding a "Kneedle" in a Haystack, ICDCS
//! Workshops 2011): both axes are scaled to 0 to 1 as they are drawn, and the knee is the point farthest above or below the straight
//! line from the first to the last point. Two things differ from the paper. Its curves are smoothed by a spline; here only points
//! that were simulated count. Its threshold compares one peak with the next; here chance is the judge, because every point has
//! replications under the same traffic: whatever is compared is compared replication by replication.
//!
//! A curve has no knee
//! - with fewer than [`POINTS_MIN`] points or a single replication;
//! - where the difference between its ends may be chance, or a step against their direction is not: it is flat, noise, or has a
//!   peak;
//! - where the lower end of the distance's 95 % interval is below [`DISTANCE_MIN`]: it is straight within its noise.

use crate::experiment::statistics::{Estimate, estimate};

/// Fewest points of a curve: of three the middle one would always be farthest from the chord.
pub const POINTS_MIN: usize = 4;
/// Least vertical distance of a knee to the chord, as a share of the range of the curve.
pub const DISTANCE_MIN: f64 = 0.1;

/// A point of a curve.
#[derive(Clone, Copy, Debug)]
pub struct CurvePoint<'r> {
    /// As it is placed on the axis: a logarithm where the axis is logarithmic.
    pub x: f64,
    /// By replication; the same index is the same traffic at every point.
    pub values: &'r [Option<f64>],
}

/// What a curve does beyond its knee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// It goes on less steeply: more yields less.
    Flatter,
    /// It goes on more steeply.
    Steeper,
}

/// A knee.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knee {
    /// Index of the point, in the order of `x`.
    pub index: usize,
    pub bend: Bend,
}

/// The knee of a curve whose points are in the order of `x`; `None` where it has none.
///
/// ```
/// use herdlab::experiment::sweep::knee::{Bend, CurvePoint, Knee, knee};
/// let saturating = [[0.0, 0.1], [60.0, 60.2], [90.0, 90.1], [95.0, 95.1], [100.0, 100.2]]
///     .map(|values| values.map(Some));
/// let points: Vec<CurvePoint<'_>> =
///     saturating.iter().enumerate().map(|(x, values)| CurvePoint { x: x as f64, values }).collect();
/// // The chord passes 25, 50 and 75: the third point is farthest above it.
/// assert_eq!(knee(&points), Some(Knee { index: 2, bend: Bend::Flatter }));
/// ```
pub fn knee(points: &[CurvePoint<'_>]) -> Option<Knee> {
    let [first, .., last] = points else { return None };
    if points.len() < POINTS_MIN || last.x <= first.x {
        return None;
    }
    let rise = contrast(&[(last, 1.0), (first, -1.0)])?;
    let direction = certain_sign(&rise)?;
    let turns = |pair: &[CurvePoint<'_>]| {
        let step = contrast(&[(&pair[1], 1.0), (&pair[0], -1.0)]);
        step.is_none_or(|step| certain_sign(&step).is_some_and(|sign| sign != direction))
    };
    if points.windows(2).any(turns) {
        return None;
    }
    let range = rise.mean.abs();
    let distance = |(index, point): (usize, &CurvePoint<'_>)| {
        let share = (point.x - first.x) / (last.x - first.x);
        // Above the chord is positive, by replication.
        let above = contrast(&[(point, 1.0), (first, share - 1.0), (last, -share)])?;
        let (low, high) = above.interval?;
        let surely = if above.mean > 0.0 { low } else { -high };
        let bend = if above.mean * direction > 0.0 { Bend::Flatter } else { Bend::Steeper };
        Some((above.mean.abs() / range, surely / range, Knee { index, bend }))
    };
    let inner = points.iter().enumerate().skip(1).take(points.len() - 2);
    let distances: Vec<(f64, f64, Knee)> = inner.filter_map(distance).collect();
    let (_, surely, knee) =
        distances.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (surely >= DISTANCE_MIN).then_some(knee)
}

/// A weighted sum of points, replication by replication; `None` where fewer than two replications have all of them.
fn contrast(parts: &[(&CurvePoint<'_>, f64)]) -> Option<Estimate> {
    let replications = parts.iter().map(|(point, _)| point.values.len()).min()?;
    let sum = |run: usize| {
        parts.iter().map(|(point, weight)| Some(point.values[run]? * weight)).sum::<Option<f64>>()
    };
    let sums: Vec<f64> = (0..replications).filter_map(sum).collect();
    estimate(&sums).filter(|estimate| estimate.interval.is_some())
}

/// 1 or -1 where the whole interval lies on that side of zero.
fn certain_sign(estimate: &Estimate) -> Option<f64> {
    match estimate.interval? {
        (low, _) if low > 0.0 => Some(1.0),
        (_, high) if high < 0.0 => Some(-1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three replications of each mean: one below it, itself, one above it, by `noise`; neighbours are shifted against each
    /// other, as chance does.
    fn found(curve: &[(f64, f64)], noise: f64) -> Option<Knee> {
        let runs: Vec<[Option<f64>; 3]> = (curve.iter().enumerate())
            .map(|(index, (_, mean))| {
                [0, 1, 2].map(|run| Some(mean + noise * ((run + index) % 3) as f64 - noise))
            })
            .collect();
        let points: Vec<CurvePoint<'_>> =
            curve.iter().zip(&runs).map(|((x, _), values)| CurvePoint { x: *x, values }).collect();
        knee(&points)
    }

    fn evenly(means: &[f64]) -> Vec<(f64, f64)> {
        means.iter().enumerate().map(|(x, mean)| (x as f64, *mean)).collect()
    }

    #[test]
    fn a_broken_line_has_its_knee_where_it_breaks() {
        // 10 per step up to 3, then 1 per step.
        let rising = evenly(&[0.0, 10.0, 20.0, 30.0, 31.0, 32.0, 33.0]);
        assert_eq!(found(&rising, 0.01), Some(Knee { index: 3, bend: Bend::Flatter }));
        let falling: Vec<(f64, f64)> = rising.iter().map(|(x, y)| (*x, 50.0 - y)).collect();
        assert_eq!(found(&falling, 0.01), Some(Knee { index: 3, bend: Bend::Flatter }));
        // A queue: 1 per step up to 4, then 20 per step.
        let queue = evenly(&[5.0, 6.0, 7.0, 8.0, 9.0, 29.0, 49.0]);
        assert_eq!(found(&queue, 0.01), Some(Knee { index: 4, bend: Bend::Steeper }));
    }

    #[test]
    fn a_decreasing_convex_curve_flattens_at_its_knee() {
        // 1/x from 1 to 10: the chord falls by 0.1 per step; 1.0 − 0.1 (x − 1) − 1/x is 0.4 at 2, 0.467 at 3, 0.45 at 4.
        let curve: Vec<(f64, f64)> = (1..=10).map(|x| (f64::from(x), 1.0 / f64::from(x))).collect();
        assert_eq!(found(&curve, 0.001), Some(Knee { index: 2, bend: Bend::Flatter }));
    }

    #[test]
    fn the_axis_as_drawn_decides() {
        // 100 per decade from 1 to 1,000, then 10: straight in x only at first, broken where x is logarithmic.
        let values = [(1.0, 0.0), (10.0, 100.0), (100.0, 200.0), (1_000.0, 300.0), (10_000.0, 310.0)];
        let placed: Vec<(f64, f64)> = values.iter().map(|(x, y)| (libm::log10(*x), *y)).collect();
        assert_eq!(found(&placed, 0.1), Some(Knee { index: 3, bend: Bend::Flatter }));
        // Linear, 100 is farthest above the chord: 200 − 3.1 there, 300 − 31 at 1,000, which is more.
        assert_eq!(found(&values, 0.1), Some(Knee { index: 3, bend: Bend::Flatter }));
        // A straight line on the logarithmic axis is a bent one on the linear axis.
        let straight = &values[..4];
        assert_eq!(found(&placed[..4], 0.1), None);
        // 200 − 29.8 at 100 is more than 100 − 2.7 at 10.
        assert_eq!(found(straight, 0.1), Some(Knee { index: 2, bend: Bend::Flatter }));
    }

    #[test]
    fn straight_lines_flat_noise_and_peaks_have_none() {
        let straight = evenly(&[0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(found(&straight, 0.0), None);
        assert_eq!(found(&straight, 2.0), None);
        assert_eq!(found(&evenly(&[7.0; 6]), 0.0), None, "flat");
        // Half widths of 2.5: all of it is chance.
        assert_eq!(found(&evenly(&[10.0, 10.4, 9.8, 10.9, 10.1, 10.6]), 1.0), None);
        assert_eq!(found(&evenly(&[0.0, 30.0, 60.0, 30.0, 10.0]), 0.1), None, "a peak");
    }

    #[test]
    fn noise_hides_a_knee_that_is_not_much_larger() {
        // At 4 the curve is 40 − 43 · 4/7 = 15.4 above the chord; the least distance is 4.3. Of the noise 3/7 of the difference
        // between two runs remain: a half width of 4.303 · 3/7 · √3 / √3 = 1.84 for each unit.
        let curve = evenly(&[0.0, 10.0, 20.0, 30.0, 40.0, 41.0, 42.0, 43.0]);
        assert_eq!(found(&curve, 5.5), Some(Knee { index: 4, bend: Bend::Flatter }));
        assert_eq!(found(&curve, 6.5), None);
    }

    #[test]
    fn what_all_points_of_a_replication_share_is_no_noise() {
        // The first, the fourth and the seventh point have the same deviation in each replication.
        let curve = evenly(&[0.0, 10.0, 20.0, 30.0, 31.0, 32.0, 33.0]);
        assert_eq!(found(&curve, 9.0), Some(Knee { index: 3, bend: Bend::Flatter }));
    }

    #[test]
    fn three_points_or_one_replication_show_none() {
        assert_eq!(found(&evenly(&[0.0, 10.0, 11.0]), 0.01), None);
        let single: Vec<[Option<f64>; 1]> = [0.0, 10.0, 11.0, 12.0].map(|mean| [Some(mean)]).to_vec();
        let points: Vec<CurvePoint<'_>> =
            single.iter().enumerate().map(|(x, values)| CurvePoint { x: x as f64, values }).collect();
        assert_eq!(knee(&points), None);
    }
}
