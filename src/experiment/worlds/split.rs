//! How much of a measure's uncertainty is luck, and how much each input.
//!
//! Y = f(x) + luck, with independent inputs x and runs that share no luck. The variance within the worlds, pooled, is that of
//! luck: without bias, with as many degrees of freedom as there are worlds times one run less. The means of the worlds are
//! fitted by least squares with a constant and, for each input, polynomials of first and second degree that are orthonormal
//! under the input's distribution, so that the squares of their coefficients are shares of the variance (a polynomial chaos
//! expansion: Sudret, Global sensitivity analysis using polynomial chaos expansions, Reliab. Eng. Syst. Saf. 93, 2008). What
//! luck and misfit add to these squares on average is taken off. What the fit leaves beyond luck is the rest: interactions of
//! inputs, and bends that a parabola does not follow. Of a function that is linear in each input all of it is exact.

use crate::model::{Input, Moments};

/// Worlds for each coefficient of a fit.
const WORLDS_PER_COEFFICIENT: usize = 2;

/// The uncertainty of one measure of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Worlds in which every run has a value.
    pub worlds: usize,
    /// Over worlds.
    pub mean: f64,
    /// 5 and 95 % quantile of the means of the worlds.
    pub range: (f64, f64),
    /// The least and the greatest of them.
    pub ends: (f64, f64),
    /// Shares of the variance of a single run in an unknown world; `None` where nothing varies, or worlds have a single run.
    pub shares: Option<Shares>,
}

/// They sum to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Between runs of one world.
    pub luck: f64,
    /// By input; empty where there are too few worlds to tell them apart.
    pub inputs: Vec<Effect>,
    /// Of the inputs together, beyond the sum of their own.
    pub rest: f64,
}

/// What an input does by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Of the variance.
    pub share: f64,
    /// Expected value of the measure at the ends of the range, over all other inputs.
    pub at_low: f64,
    pub at_high: f64,
}

impl Effect {
    /// How far the measure moves from one end to the other.
    pub fn swing(&self) -> f64 {
        (self.at_high - self.at_low).abs()
    }
}

/// Fewest worlds that tell so many inputs apart.
pub fn worlds_min(inputs: usize) -> usize {
    WORLDS_PER_COEFFICIENT * (inputs + 1)
}

/// Splits a measure: the values of the inputs by world, and those of the measure by world and run. `None` where no world has
/// a value in all runs.
pub fn split(inputs: &[Input], worlds: &[Vec<f64>], runs: &[Vec<Option<f64>>]) -> Option<Split> {
    let defined: Vec<(&Vec<f64>, Vec<f64>)> = worlds
        .iter()
        .zip(runs)
        .filter_map(|(values, runs)| Some((values, runs.iter().copied().collect::<Option<Vec<f64>>>()?)))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    let means: Vec<f64> = defined.iter().map(|(_, runs)| mean(runs)).collect();
    let mut sorted = means.clone();
    sorted.sort_by(f64::total_cmp);
    let (&least, &greatest) = (sorted.first()?, sorted.last()?);
    let at: Vec<&Vec<f64>> = defined.iter().map(|(values, _)| *values).collect();
    let within: Vec<f64> = defined.iter().filter_map(|(_, runs)| variance(runs)).collect();
    let shares = (within.len() == means.len() && means.len() > 1).then(|| {
        let replications = defined[0].1.len() as f64;
        shares(inputs, &at, &means, mean(&within), replications)
    });
    Some(Split {
        worlds: means.len(),
        mean: mean(&means),
        range: (quantile(&sorted, 0.05), quantile(&sorted, 0.95)),
        ends: (least, greatest),
        shares: shares.flatten(),
    })
}

fn shares(inputs: &[Input], at: &[&Vec<f64>], means: &[f64], luck: f64, replications: f64) -> Option<Shares> {
    let fitted = fit(inputs, at, means);
    let (effects, beside) = match &fitted {
        Some(Fit { effects, misfit }) => (effects.clone(), *misfit),
        None => (Vec::new(), variance(means)?),
    };
    let rest = (beside - luck / replications).max(0.0);
    let total = luck + rest + effects.iter().map(|effect| effect.share).sum::<f64>();
    // Rounding alone is no uncertainty.
    let level = means.iter().fold(0.0, |most: f64, mean| most.max(mean.abs()));
    if total <= (1e-9 * level) * (1e-9 * level) {
        return None;
    }
    let inputs = effects.iter().map(|effect| Effect { share: effect.share / total, ..*effect }).collect();
    Some(Shares { luck: luck / total, inputs, rest: rest / total })
}

struct Fit {
    /// `share` is a variance here.
    effects: Vec<Effect>,
    /// Mean square of what the fit leaves.
    misfit: f64,
}

/// The polynomials of an input: their values anywhere.
struct Basis {
    moments: Moments,
    degree: usize,
}

impl Basis {
    fn at(&self, value: f64) -> Vec<f64> {
        let Moments { mean, deviation, skewness, kurtosis } = self.moments;
        let first = if deviation > 0.0 { (value - mean) / deviation } else { 0.0 };
        let norm = kurtosis - skewness * skewness - 1.0;
        // An input of two values has no second degree.
        let second = if norm > 1e-9 { (first * first - skewness * first - 1.0) / norm.sqrt() } else { 0.0 };
        [first, second][..self.degree].to_vec()
    }
}

fn fit(inputs: &[Input], at: &[&Vec<f64>], means: &[f64]) -> Option<Fit> {
    let degree = [2, 1]
        .into_iter()
        .find(|degree| means.len() >= WORLDS_PER_COEFFICIENT * (degree * inputs.len() + 1))?;
    let bases: Vec<Basis> = inputs.iter().map(|input| Basis { moments: input.moments(), degree }).collect();
    let rows: Vec<Vec<f64>> = at
        .iter()
        .map(|values| {
            let terms = bases.iter().zip(values.iter()).flat_map(|(basis, value)| basis.at(*value));
            std::iter::once(1.0).chain(terms).collect()
        })
        .collect();
    let columns = 1 + degree * inputs.len();
    let product = |a: usize, b: usize| rows.iter().map(|row| row[a] * row[b]).sum::<f64>();
    let normal: Vec<Vec<f64>> = (0..columns).map(|a| (0..columns).map(|b| product(a, b)).collect()).collect();
    let (inverse, used) = inverse(normal);
    let moments: Vec<f64> =
        (0..columns).map(|a| rows.iter().zip(means).map(|(row, mean)| row[a] * mean).sum()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let coefficients: Vec<f64> = inverse.iter().map(|row| dot(row, &moments)).collect();
    let left: f64 = rows.iter().zip(means).map(|(row, mean)| (mean - dot(row, &coefficients)).powi(2)).sum();
    let misfit = left / (means.len().checked_sub(used).filter(|free| *free > 0)? as f64);
    let effects = inputs.iter().zip(&bases).enumerate().map(|(index, (input, basis))| {
        let own = 1 + index * degree..1 + (index + 1) * degree;
        let variance: f64 =
            own.clone().map(|column| coefficients[column].powi(2) - misfit * inverse[column][column]).sum();
        let expected = |value: f64| coefficients[0] + dot(&coefficients[own.clone()], &basis.at(value));
        Effect { share: variance.max(0.0), at_low: expected(input.low), at_high: expected(input.high) }
    });
    Some(Fit { effects: effects.collect(), misfit })
}

/// The inverse of a symmetric matrix by Gauss and Jordan, and its rank: columns that depend on others, or are zero, get zeros
/// in rows and columns of the inverse, and so a coefficient of zero.
fn inverse(mut matrix: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, usize) {
    let size = matrix.len();
    let scale = matrix.iter().enumerate().map(|(index, row)| row[index]).fold(0.0, f64::max);
    let mut inverse: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    let mut used = vec![false; size];
    for pivot in 0..size {
        // Every pivot of a positive definite matrix is on its diagonal.
        let value = matrix[pivot][pivot];
        if value <= 1e-10 * scale {
            continue;
        }
        used[pivot] = true;
        for table in [&mut matrix, &mut inverse] {
            table[pivot].iter_mut().for_each(|entry| *entry /= value);
        }
        for row in (0..size).filter(|row| *row != pivot) {
            let factor = matrix[row][pivot];
            for table in [&mut matrix, &mut inverse] {
                let taken: Vec<f64> = table[pivot].iter().map(|entry| factor * entry).collect();
                table[row].iter_mut().zip(taken).for_each(|(entry, taken)| *entry -= taken);
            }
        }
    }
    for (row, entries) in inverse.iter_mut().enumerate() {
        for (column, entry) in entries.iter_mut().enumerate() {
            if !used[row] || !used[column] {
                *entry = 0.0;
            }
        }
    }
    (inverse, used.iter().filter(|used| **used).count())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Without bias; `None` for a single value.
fn variance(values: &[f64]) -> Option<f64> {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| squares / (values.len() - 1) as f64)
}

/// Between the values beside it, of sorted values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests;
