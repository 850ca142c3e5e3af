//! How far a setting is from the figures of production, and the setting that is nearest.

use super::algebra::{Cholesky, Matrix, zeros};
use super::surrogate::Surrogate;

/// Some of the figures of a surrogate, held against observed ones.
#[derive(Clone, Debug)]
pub struct Misfit<'s> {
    surrogate: &'s Surrogate,
    /// Which ones.
    figures: Vec<usize>,
    /// Observed, on the scales of the surrogate; by figure of it.
    targets: &'s [f64],
    /// Variance of the observed figures beside that of one run; by figure of the surrogate.
    extra: &'s [f64],
}

impl<'s> Misfit<'s> {
    /// All figures of the surrogate; those are variances of figures, in the order of the surrogate.
    pub fn new(surrogate: &'s Surrogate, targets: &'s [f64], extra: &'s [f64]) -> Misfit<'s> {
        Misfit { surrogate, figures: (0..targets.len()).collect(), targets, extra }
    }

    /// The same without one of them.
    pub fn without(&self, figure: usize) -> Misfit<'s> {
        let figures = self.figures.iter().copied().filter(|other| *other != figure).collect();
        Misfit { figures, ..self.clone() }
    }

    /// How many figures are held against each other.
    pub fn figures(&self) -> usize {
        self.figures.len()
    }

    pub fn surrogate(&self) -> &'s Surrogate {
        self.surrogate
    }

    /// Factor of the covariance of observed less expected figures: the luck of the observed run, its spread, and the error of the
    /// surrogate. The extra variances are above zero.
    pub fn factor(&self, at: &[f64]) -> Cholesky {
        let share = 1.0 + self.surrogate.leverage(at);
        let n = self.figures.len();
        let mut covariance = zeros(n, n);
        for (i, &a) in self.figures.iter().enumerate() {
            for (j, &b) in self.figures.iter().enumerate() {
                covariance[i][j] = self.surrogate.covariance[a][b] * share;
            }
            covariance[i][i] += self.extra[a];
        }
        factor(&covariance)
    }

    /// Expected less observed.
    pub fn residual(&self, at: &[f64]) -> Vec<f64> {
        let expected = self.surrogate.expected(at);
        self.figures.iter().map(|&figure| expected[figure] - self.targets[figure]).collect()
    }

    /// Squared distance in units of the covariance: chi-squared where the setting is the true one.
    pub fn distance2(&self, at: &[f64]) -> f64 {
        self.factor(at).distance2(&self.residual(at))
    }

    /// Mean and variance of another figure of the surrogate, given the observed ones: what one run has of them together is luck of both.
    pub fn conditional(&self, at: &[f64], figure: usize) -> (f64, f64) {
        let share = 1.0 + self.surrogate.leverage(at);
        let cross: Vec<f64> =
            self.figures.iter().map(|&other| self.surrogate.covariance[figure][other] * share).collect();
        let weights = self.factor(at).solve(&cross);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let own = self.surrogate.covariance[figure][figure] * share;
        let mean = self.surrogate.expected(at)[figure] - dot(&weights, &self.residual(at));
        (mean, (own - dot(&weights, &cross)).max(0.0) + self.extra[figure])
    }

    /// Minus twice the logarithm of the likelihood, up to a constant.
    pub fn deviance(&self, at: &[f64]) -> f64 {
        let factor = self.factor(at);
        factor.distance2(&self.residual(at)) + factor.log_det()
    }

    /// Fisher's information about the coordinates: the curvature of half the deviance.
    pub fn information(&self, at: &[f64]) -> Matrix {
        let columns = self.whitened_slopes(at, &self.factor(at));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect()
    }

    /// By coordinate, the change of each figure in units of the covariance.
    fn whitened_slopes(&self, at: &[f64], factor: &Cholesky) -> Vec<Vec<f64>> {
        let slopes = self.surrogate.slopes(at);
        let column = |k: usize| self.figures.iter().map(|&figure| slopes[figure][k]).collect::<Vec<f64>>();
        (0..at.len()).map(|k| factor.whiten(&column(k))).collect()
    }

    /// The least deviance that is found downhill from a setting, by the method of Levenberg and Marquardt within 0 to 1; the coordinate
    /// `held` stays.
    pub fn descend(&self, start: &[f64], held: Option<usize>) -> (Vec<f64>, f64) {
        const STEPS_MAX: usize = 80;
        let mut at: Vec<f64> = start.iter().map(|coordinate| coordinate.clamp(0.0, 1.0)).collect();
        let (mut least, mut damping) = (self.deviance(&at), 1e-3);
        for _ in 0..STEPS_MAX {
            let factor = self.factor(&at);
            let residual = factor.whiten(&self.residual(&at));
            let slopes = self.whitened_slopes(&at, &factor);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let downhill: Vec<f64> = slopes.iter().map(|column| -dot(column, &residual)).collect();
            let blocked =
                |k: usize| (at[k] <= 0.0 && downhill[k] < 0.0) || (at[k] >= 1.0 && downhill[k] > 0.0);
            let free: Vec<usize> = (0..at.len()).filter(|&k| Some(k) != held && !blocked(k)).collect();
            if free.is_empty() {
                break;
            }
            let normal = |i: usize, j: usize| {
                let own = dot(&slopes[free[i]], &slopes[free[j]]);
                if i == j { own * (1.0 + damping) + 1e-9 + damping * 1e-3 } else { own }
            };
            let matrix: Matrix =
                (0..free.len()).map(|i| (0..free.len()).map(|j| normal(i, j)).collect()).collect();
            let Some(solver) = Cholesky::new(&matrix) else { break };
            let step = solver.solve(&free.iter().map(|&k| downhill[k]).collect::<Vec<f64>>());
            let mut next = at.clone();
            free.iter().zip(step).for_each(|(&k, step)| next[k] = (next[k] + step).clamp(0.0, 1.0));
            let deviance = self.deviance(&next);
            if deviance < least {
                let gain = least - deviance;
                (at, least, damping) = (next, deviance, damping * 0.2);
                if gain < 1e-9 {
                    break;
                }
            } else {
                damping *= 5.0;
                if damping > 1e9 {
                    break;
                }
            }
        }
        (at, least)
    }

    /// The least deviance downhill from any of some settings.
    pub fn best<'a>(&self, starts: impl IntoIterator<Item = &'a Vec<f64>>) -> Option<(Vec<f64>, f64)> {
        let found = starts.into_iter().map(|start| self.descend(start, None));
        found.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Factor of a covariance; of one that is none to the last digit (figures that are multiples of each other), of its diagonal.
pub fn factor(covariance: &Matrix) -> Cholesky {
    Cholesky::new(covariance).unwrap_or_else(|| {
        let n = covariance.len();
        let mut alone = zeros(n, n);
        (0..n).for_each(|k| alone[k][k] = covariance[k][k].max(f64::MIN_POSITIVE));
        Cholesky::new(&alone).unwrap_or_else(|| Cholesky::identity(n))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::surrogate::Point;
    use super::*;

    /// Figures that are exactly linear in two coordinates.
    pub(in super::super) fn linear(slopes: &[[f64; 2]]) -> Surrogate {
        let places = (0..7).flat_map(|i| (0..7).map(move |j| [f64::from(i) / 6.0, f64::from(j) / 6.0]));
        let figures = |at: [f64; 2]| slopes.iter().map(|[a, b]| a * at[0] + b * at[1]).collect();
        let points: Vec<Point> = places.map(|at| Point { at: at.to_vec(), figures: figures(at) }).collect();
        Surrogate::fit(&points.iter().collect::<Vec<_>>()).unwrap()
    }

    /// 2x + y = 1.4 and x - y = 0.1 meet at (0.5, 0.4).
    #[test]
    fn the_nearest_setting_is_where_the_lines_meet() {
        let surrogate = linear(&[[2.0, 1.0], [1.0, -1.0]]);
        let (targets, extra) = ([1.4, 0.1], [0.01, 0.04]);
        let misfit = Misfit::new(&surrogate, &targets, &extra);
        let (at, deviance) = misfit.descend(&[0.9, 0.9], None);
        assert!((at[0] - 0.5).abs() < 1e-5 && (at[1] - 0.4).abs() < 1e-5, "{at:?}");
        assert!((deviance - (0.01f64 * 0.04).ln()).abs() < 1e-6);
        // (2, 1) and (1, -1) over the variances: 4/0.01 + 1/0.04, 2/0.01 - 1/0.04, 1/0.01 + 1/0.04.
        let information = misfit.information(&at);
        for (found, expected) in information.concat().iter().zip([425.0, 175.0, 175.0, 125.0]) {
            assert!((found - expected).abs() < 1e-3, "{information:?}");
        }
    }

    /// With x held, y is the mean of 1.4 - 2x and x - 0.1 with the weights 100 and 25.
    #[test]
    fn a_coordinate_that_is_held_stays_and_the_others_stay_inside() {
        let surrogate = linear(&[[2.0, 1.0], [1.0, -1.0]]);
        let (targets, extra) = ([1.4, 0.1], [0.01, 0.04]);
        let misfit = Misfit::new(&surrogate, &targets, &extra);
        // (100 * -0.6 + 25 * 0.9) / 125 = -0.3, which is outside.
        assert_eq!(misfit.descend(&[1.0, 0.5], Some(0)).0, [1.0, 0.0]);
        // x = 0.6: (100 * 0.2 + 25 * 0.5) / 125 = 0.26.
        let (at, _) = misfit.descend(&[0.6, 0.9], Some(0));
        assert!((at[1] - 0.26).abs() < 1e-5, "{at:?}");
        // The first figure alone leaves 0.2, the second 0.5.
        let (at, _) = misfit.without(1).descend(&[0.6, 0.9], Some(0));
        assert!((at[1] - 0.2).abs() < 1e-5, "{at:?}");
    }
}
