//! A setting in runs of itself, held against production by their own mean and covariance.

use serde::Serialize;

use super::algebra::{Matrix, add_products, zeros};
use super::misfit::factor;
use crate::experiment::statistics::t_quantile;
use crate::oracle::tails::f_tail;

/// Runs of one setting.
#[derive(Clone, Debug)]
pub struct Repeats {
    /// Coordinates of the unknowns.
    pub at: Vec<f64>,
    /// Indices of the runs.
    pub runs: Vec<usize>,
}

/// Repeats beside the observed figures, on the scales of the figures.
#[derive(Clone, Debug)]
pub struct Held {
    pub mean: Vec<f64>,
    /// Of single runs.
    pub covariance: Matrix,
    pub count: usize,
    /// Mean less observed.
    residual: Vec<f64>,
    /// Variances of the observed figures beside that of one run.
    extra: Vec<f64>,
}

/// How well the best setting agrees with all figures at once.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Agreement {
    /// Squared distance in units of the covariance.
    pub distance2: f64,
    /// Figures beyond the unknowns that they determine; at least 1.
    pub freedom: usize,
    /// Probability of a distance as large if the model is right.
    pub p: f64,
}

impl Held {
    /// By run and figure, and the observed figures; `None` of fewer than two runs.
    pub fn new(figures: &[Vec<f64>], aims: &[f64], extra: &[f64]) -> Option<Held> {
        let (count, n) = (figures.len(), aims.len());
        if count < 2 {
            return None;
        }
        let mean: Vec<f64> =
            (0..n).map(|k| figures.iter().map(|run| run[k]).sum::<f64>() / count as f64).collect();
        let mut covariance = zeros(n, n);
        for run in figures {
            let off: Vec<f64> = run.iter().zip(&mean).map(|(figure, mean)| figure - mean).collect();
            add_products(&mut covariance, &off, (count - 1) as f64);
        }
        let residual = mean.iter().zip(aims).map(|(mean, aim)| mean - aim).collect();
        Some(Held { mean, covariance, count, residual, extra: extra.to_vec() })
    }

    /// Of all figures together; `freedom` is the number of figures beyond the unknowns that they determine.
    pub fn agreement(&self, freedom: usize) -> Agreement {
        let share = 1.0 + 1.0 / self.count as f64;
        let mut covariance: Matrix =
            self.covariance.iter().map(|row| row.iter().map(|part| part * share).collect()).collect();
        (0..self.extra.len()).for_each(|k| covariance[k][k] += self.extra[k]);
        let distance2 = factor(&covariance).distance2(&self.residual);
        // The covariance is one of all figures, however many of them are free.
        let of = (self.count - 1) as f64 - (self.mean.len() - freedom.min(self.mean.len())) as f64;
        Agreement { distance2, freedom, p: p_of(distance2, freedom, of.max(1.0)) }
    }

    /// Of one figure: the half width of 95 % of production, and the probability of a distance as large.
    pub fn alone(&self, figure: usize) -> (f64, f64) {
        let own = self.covariance[figure][figure] * (1.0 + 1.0 / self.count as f64) + self.extra[figure];
        let freedom = (self.count - 1) as f64;
        let residual = self.residual[figure];
        (t_quantile(freedom) * own.sqrt(), p_of(residual * residual / own, 1, freedom))
    }
}

/// Probability of a squared distance as large, with the covariance known from `of` degrees of freedom (Hotelling).
pub fn p_of(distance2: f64, freedom: usize, of: f64) -> f64 {
    let freedom = freedom as f64;
    let left = (of - freedom + 1.0).max(1.0);
    f_tail((distance2 * left / (of * freedom)).max(0.0), freedom, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 2 and 6 have the mean 3 and the variance 7; 5 is 2 away, with the variance 7 * 4/3 + 2/3 = 10. With two degrees of freedom
    /// t^2 = 0.4 has the probability 1 - t / sqrt(t^2 + 2) = 1 - sqrt(0.4 / 2.4).
    #[test]
    fn one_figure_is_held_against_its_repeats_by_student() {
        let held = Held::new(&[vec![1.0], vec![2.0], vec![6.0]], &[5.0], &[2.0 / 3.0]).unwrap();
        assert_eq!((held.mean[0], held.covariance[0][0]), (3.0, 7.0));
        let agreement = held.agreement(1);
        assert!((agreement.distance2 - 0.4).abs() < 1e-12);
        let expected = 1.0 - (0.4f64 / 2.4).sqrt();
        assert!((agreement.p - expected).abs() < 1e-9, "{}", agreement.p);
        let (half, p) = held.alone(0);
        assert!(
            (half - 4.302_652_73 * 10f64.sqrt()).abs() < 1e-4 && (p - expected).abs() < 1e-9,
            "{half} {p}"
        );
    }

    #[test]
    fn a_figure_that_the_repeats_never_have_does_not_agree() {
        let runs: Vec<Vec<f64>> = (0..12).map(|k| vec![f64::from(k % 3), 100.0 - f64::from(k % 3)]).collect();
        // Each of the two is within the runs, and their sum is not.
        let held = Held::new(&runs, &[1.5, 99.5], &[1e-4, 1e-4]).unwrap();
        assert!(held.alone(0).1 > 0.5 && held.alone(1).1 > 0.5);
        assert!(held.agreement(1).p < 1e-6, "{}", held.agreement(1).p);
    }
}
