//! Figures that were not used, predicted from those that were.

use super::misfit::factor;
use super::repeats::p_of;
use super::scale::Scale;
use super::search::{Run, Search, Target, extra_variance};
use super::surrogate::{Point, Surrogate, terms};
use crate::experiment::statistics::t_quantile;

/// A figure of production, given its other figures.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    pub expected: f64,
    /// 95 % of it.
    pub range: (f64, f64),
    /// Two-sided probability of a distance as large as that of the observed figure.
    pub p: f64,
}

/// Simulations that a prediction rests on.
const NEAREST: usize = 40;

/// A kept figure by regression on the used ones, over the simulations whose used figures are nearest to production (Beaumont, Zhang and
/// Balding, Approximate Bayesian computation in population genetics, Genetics 162, 2002). Repeats are left out: they would hide how far
/// the settings that agree are from each other. `None` where too few of the simulations have the figure.
pub fn predict(search: &Search, check: &Target) -> Option<Prediction> {
    let Target { measure, value, .. } = check;
    let used = search.targets.len();
    let mut covariance = search.surrogate.covariance.clone();
    (0..used).for_each(|k| covariance[k][k] += search.extra[k]);
    let metric = factor(&covariance);
    let distance2 = |figures: &[f64]| {
        let off: Vec<f64> = figures.iter().zip(&search.aims).map(|(figure, aim)| figure - aim).collect();
        metric.distance2(&off)
    };
    let fresh = search.runs.iter().enumerate().filter(|(index, _)| !search.repeated.contains(index));
    let mut near: Vec<(f64, &Run, Vec<f64>)> = fresh
        .filter_map(|(_, run)| {
            let figures = search.figures(run)?;
            Some((distance2(&figures), run, figures))
        })
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEAREST.max(2 * terms(used)));
    let values: Vec<f64> = near.iter().filter_map(|(_, run, _)| run.measured.get(measure).copied()).collect();
    if values.is_empty() || values.len() * 10 < near.len() * 9 {
        return None;
    }
    let scale = Scale::of(measure, *value, &values);
    let point = |(_, run, figures): (f64, &Run, Vec<f64>)| {
        Some(Point { at: figures, figures: vec![scale.to(*run.measured.get(measure)?)?] })
    };
    let points: Vec<Point> = near.into_iter().filter_map(point).collect();
    let fitted = Surrogate::fit(&points.iter().collect::<Vec<_>>())?;
    let expected = fitted.expected(&search.aims)[0];
    let slopes = fitted.slopes(&search.aims);
    let inexact: f64 = slopes[0].iter().zip(&search.extra).map(|(slope, extra)| slope * slope * extra).sum();
    let own = fitted.covariance[0][0] * (1.0 + fitted.leverage(&search.aims))
        + inexact
        + extra_variance(check, scale, &values);
    let half = t_quantile(fitted.freedom) * own.sqrt();
    let distance = scale.to(*value)? - expected;
    Some(Prediction {
        expected: scale.from(expected),
        range: (scale.from(expected - half), scale.from(expected + half)),
        p: p_of(distance * distance / own, 1, fitted.freedom),
    })
}
