//! What the search found: values with their ranges, what stays open, whether the model agrees, and what was not used for that.

use serde::Serialize;

use super::algebra::eigen;
use super::misfit::Misfit;
use super::predict::predict;
use super::region::{Draws, draw, profile};
use super::repeats::{Agreement, Held, p_of};
use super::search::{FitError, Search, Target};
use super::ties::{Tie, ties};
use crate::dice::{Stream, unit_open_zero};
use crate::experiment::statistics::t_quantile;
use crate::model::Input;
use crate::oracle::tails::normal_quantile;

/// The result of a fit.
#[derive(Clone, Debug, Serialize)]
pub struct Fit {
    pub unknowns: Vec<Fitted>,
    /// The figures that were used.
    pub figures: Vec<Figured>,
    /// Those that were kept for a check.
    pub checks: Vec<Figured>,
    pub agreement: Agreement,
    /// What the figures do not tell apart.
    pub ties: Vec<Tie>,
    /// Each used figure predicted from the others; empty unless there are more figures than unknowns, or no setting agrees.
    pub left_out: Vec<LeftOut>,
    pub simulations: usize,
    /// Of them, those near the settings that agree.
    pub simulations_near: usize,
}

/// An unknown.
#[derive(Clone, Debug, Serialize)]
pub struct Fitted {
    /// With its range before.
    #[serde(flatten)]
    pub input: Input,
    /// At the setting whose repeats agree best, to four digits.
    pub value: f64,
    /// 95 % range by the profile likelihood, within the range before.
    pub range: (f64, f64),
    /// Whether the range reaches the lower and the upper end of that before.
    pub open: (bool, bool),
}

/// A figure in the fitted model.
#[derive(Clone, Debug, Serialize)]
pub struct Figured {
    pub measure: String,
    pub observed: f64,
    pub spread: Option<f64>,
    /// Mean of the repeats of the fitted setting; of a check, expected given the used figures. `None` where the runs do not have it.
    pub fitted: Option<f64>,
    /// 95 % of production if the model is right: of single runs of the fitted setting, and of the spread of production; of a check, given
    /// the used figures, at any setting that agrees.
    pub range: Option<(f64, f64)>,
    /// Two-sided probability of a distance as large.
    pub p: f64,
    /// Least and most in all simulations.
    pub seen: Option<(f64, f64)>,
}

impl Figured {
    /// Whether the observed figure is outside the range.
    pub fn is_outside(&self) -> bool {
        self.range.is_none_or(|(low, high)| !(low..=high).contains(&self.observed))
    }

    /// Whether it speaks against the model.
    pub fn fails(&self) -> bool {
        self.p < SIGNIFICANCE
    }
}

/// A figure predicted from the others.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    pub measure: String,
    pub observed: f64,
    /// Median and 95 % of the prediction.
    pub predicted: f64,
    pub range: (f64, f64),
    /// Of the agreement of the others with each other.
    pub p_of_others: f64,
    /// The setting that agrees best with the others, by unknown.
    pub values: Vec<f64>,
}

impl LeftOut {
    pub fn is_outside(&self) -> bool {
        !(self.range.0..=self.range.1).contains(&self.observed)
    }

    /// Whether the other figures agree with each other.
    pub fn others_agree(&self) -> bool {
        self.p_of_others >= SIGNIFICANCE
    }
}

/// Below this probability a disagreement counts.
pub const SIGNIFICANCE: f64 = 0.01;
const DRAWS: usize = 1_500;
const DRAWS_OF_OTHERS: usize = 600;

impl Fit {
    /// Whether there is a setting that agrees with all figures.
    pub fn agrees(&self) -> bool {
        self.agreement.p >= SIGNIFICANCE
    }

    /// Whether the model is as good as can be told: it agrees, and no check fails.
    pub fn stands(&self) -> bool {
        self.agrees() && !self.checks.iter().any(Figured::fails)
    }

    /// The measure without which all others agree, if there is one.
    pub fn culprit(&self) -> Option<&LeftOut> {
        if self.agrees() {
            return None;
        }
        let others = self.left_out.iter().filter(|left| left.others_agree());
        others.max_by(|a, b| a.p_of_others.total_cmp(&b.p_of_others))
    }
}

/// Judges a search.
///
/// # Errors
/// Too few simulations have all figures.
pub fn judge(search: &mut Search, checks: &[Target]) -> Result<Fit, FitError> {
    let mut dice = search.dice.clone();
    let misfit = search.misfit();
    let best = search.best();
    let rise = rise(&misfit);
    let drawn = draw(&misfit, &best.0, Draws { temperature: 1.0, count: DRAWS }, &mut dice);
    let plausible: Vec<Vec<f64>> = drawn
        .iter()
        .filter(|at| misfit.deviance(at) <= best.1 + rise)
        .cloned()
        .chain([best.0.clone(), search.chosen.at.clone()])
        .collect();
    let unknowns =
        (0..search.axes.len()).map(|k| fitted(search, &misfit, &best, k, rise, &plausible)).collect();
    let ties = ties(search, &misfit, &best.0, &plausible, checks);
    let rank = (search.axes.len() - ties.len()).min(search.targets.len());
    let held = search.held(&search.chosen);
    let agreement = agreement(held.as_ref(), search.targets.len().saturating_sub(rank).max(1));
    let figures = (0..search.targets.len()).map(|figure| of_target(search, held.as_ref(), figure)).collect();
    let agrees = agreement.p >= SIGNIFICANCE;
    let more = search.targets.len() > search.axes.len();
    let left_out = match (agrees, search.targets.len()) {
        (true, _) if more => {
            let mut all = left_out(search, &misfit, &mut dice);
            all.retain(|left| is_informative(search, left));
            all
        }
        // Far from the settings that agree best with all, the simulations all over the ranges have to do.
        (false, 2..) => {
            let everywhere = search.everywhere()?;
            left_out(search, &Misfit::new(&everywhere, &search.aims, &search.extra), &mut dice)
        }
        _ => Vec::new(),
    };
    let checks = checks.iter().map(|check| checked(search, check)).collect();
    Ok(Fit {
        unknowns,
        figures,
        checks,
        agreement,
        ties,
        left_out,
        simulations: search.runs.len(),
        simulations_near: search.local.len(),
    })
}

/// The rise of the deviance within which 95 % of the ranges contain the truth: 3.84, and more where the covariance is known from few
/// simulations (as of Hotelling's statistic).
pub fn rise(misfit: &Misfit<'_>) -> f64 {
    let freedom = misfit.surrogate().freedom;
    let left = (freedom - misfit.figures() as f64 + 1.0).max(1.0);
    let quantile = t_quantile(left);
    quantile * quantile * freedom / left
}

fn fitted(
    search: &Search,
    misfit: &Misfit<'_>,
    best: &(Vec<f64>, f64),
    k: usize,
    rise: f64,
    plausible: &[Vec<f64>],
) -> Fitted {
    let axis = &search.axes[k];
    let reach = profile(misfit, best, k, rise, plausible);
    let value = axis.rounded(search.chosen.at[k]);
    let (low, high) = (axis.value(reach.low).min(value), axis.value(reach.high).max(value));
    Fitted {
        input: axis.input.clone(),
        value,
        range: (low, high),
        open: (reach.low <= 0.0, reach.high >= 1.0),
    }
}

/// Of the repeats; of a setting most of whose runs lack a figure none.
fn agreement(held: Option<&Held>, freedom: usize) -> Agreement {
    held.map_or(Agreement { distance2: f64::INFINITY, freedom, p: 0.0 }, |held| held.agreement(freedom))
}

fn of_target(search: &Search, held: Option<&Held>, figure: usize) -> Figured {
    let Target { measure, value, spread } = &search.targets[figure];
    let scale = search.scales[figure];
    let (mut fitted, mut range, mut p) = (None, None, 0.0);
    if let Some(held) = held {
        let mean = held.mean[figure];
        let (half, of_figure) = held.alone(figure);
        fitted = Some(scale.from(mean));
        range = Some((scale.from(mean - half), scale.from(mean + half)));
        p = of_figure;
    }
    let (measure, seen) = (measure.clone(), search.seen(measure));
    Figured { measure, observed: *value, spread: *spread, fitted, range, p, seen }
}

fn checked(search: &Search, check: &Target) -> Figured {
    let found = predict(search, check);
    Figured {
        measure: check.measure.clone(),
        observed: check.value,
        spread: check.spread,
        fitted: found.map(|found| found.expected),
        range: found.map(|found| found.range),
        p: found.map_or(0.0, |found| found.p),
        seen: search.seen(&check.measure),
    }
}

/// Whether a prediction leaves less than half of all that was simulated.
fn is_informative(search: &Search, left: &LeftOut) -> bool {
    let width = |(low, high): (f64, f64)| high - low;
    search.seen(&left.measure).is_some_and(|seen| width(left.range) <= 0.5 * width(seen))
}

fn left_out(search: &Search, misfit: &Misfit<'_>, dice: &mut Stream) -> Vec<LeftOut> {
    let one = |figure: usize| {
        let others = misfit.without(figure);
        let best = search.best_of(&others);
        let drawn = draw(&others, &best.0, Draws { temperature: 1.0, count: DRAWS_OF_OTHERS }, dice);
        let scale = search.scales[figure];
        let shown: Vec<f64> = drawn
            .iter()
            .map(|at| {
                let (mean, variance) = others.conditional(at, figure);
                mean + variance.sqrt() * normal(dice)
            })
            .collect();
        let (middle, low, high) = quantiles(&shown);
        let strong = eigen(&others.information(&best.0)).iter().filter(|(value, _)| *value > 4.0).count();
        let freedom = others.figures().saturating_sub(strong).max(1);
        LeftOut {
            measure: search.targets[figure].measure.clone(),
            observed: search.targets[figure].value,
            predicted: scale.from(middle),
            range: (scale.from(low), scale.from(high)),
            p_of_others: p_of(others.distance2(&best.0), freedom, others.surrogate().freedom),
            values: search.axes.iter().zip(&best.0).map(|(axis, at)| axis.rounded(*at)).collect(),
        }
    };
    (0..search.targets.len()).map(one).collect()
}

/// Median, and the ends of 95 %.
fn quantiles(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.025), at(0.975))
}

fn normal(dice: &mut Stream) -> f64 {
    normal_quantile(unit_open_zero(dice).min(1.0 - 1e-12))
}
