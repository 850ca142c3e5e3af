//! Figures as quadratic functions of the unknowns, fitted to simulations of a region by least squares.

use super::algebra::{Cholesky, Matrix, add_products, zeros};

/// A simulation: the coordinates of its unknowns, and its figures on their scales.
#[derive(Clone, Debug)]
pub struct Point {
    pub at: Vec<f64>,
    pub figures: Vec<f64>,
}

/// All figures together. Errors of one simulation go together (a run with fewer hits has more queries), so they have a covariance
/// and not a variance each.
#[derive(Clone, Debug)]
pub struct Surrogate {
    centre: Vec<f64>,
    width: Vec<f64>,
    quadratic: bool,
    /// Of each figure, by term.
    coefficients: Matrix,
    /// Of X^T X.
    terms: Cholesky,
    /// Of the residuals: the luck of a run, and what no quadratic function follows.
    pub covariance: Matrix,
    /// Simulations less terms.
    pub freedom: f64,
}

/// Simulations beyond the number of terms that a quadratic function needs.
const SPARE: usize = 8;

/// Terms of a quadratic function of so many unknowns.
pub fn terms(unknowns: usize) -> usize {
    1 + unknowns + unknowns * (unknowns + 1) / 2
}

impl Surrogate {
    /// Fits the points; linear functions where there are too few for quadratic ones. `None` where they are too few for that as well,
    /// or lie in a plane.
    pub fn fit(points: &[&Point]) -> Option<Surrogate> {
        let first = points.first()?;
        let (unknowns, figures) = (first.at.len(), first.figures.len());
        let quadratic = points.len() >= terms(unknowns) + figures + SPARE;
        let (mut centre, mut width) = (vec![0.0; unknowns], vec![1.0; unknowns]);
        for k in 0..unknowns {
            let all = || points.iter().map(|point| point.at[k]);
            let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
            centre[k] = (low + high) / 2.0;
            width[k] = ((high - low) / 2.0).max(1e-6);
        }
        let mut fitted = Surrogate {
            centre,
            width,
            quadratic,
            coefficients: Vec::new(),
            terms: Cholesky::new(&vec![vec![1.0]])?,
            covariance: Vec::new(),
            freedom: 0.0,
        };
        let rows: Vec<Vec<f64>> = points.iter().map(|point| fitted.row(&point.at)).collect();
        let count = rows[0].len();
        if points.len() <= count + figures {
            return None;
        }
        let mut normal = zeros(count, count);
        rows.iter().for_each(|row| add_products(&mut normal, row, 1.0));
        // Coordinates that hardly vary leave their term undetermined: a trace of prior keeps it at zero.
        (0..count).for_each(|k| normal[k][k] += 1e-9 * points.len() as f64);
        fitted.terms = Cholesky::new(&normal)?;
        for figure in 0..figures {
            let mut right = vec![0.0; count];
            for (row, point) in rows.iter().zip(points) {
                (0..count).for_each(|k| right[k] += row[k] * point.figures[figure]);
            }
            let mut solution = fitted.terms.solve(&right);
            // One step of refinement: the normal equations square the condition.
            let residual =
                rows.iter().zip(points).map(|(row, point)| point.figures[figure] - dot(row, &solution));
            let mut rest = vec![0.0; count];
            for (row, residual) in rows.iter().zip(residual.collect::<Vec<_>>()) {
                (0..count).for_each(|k| rest[k] += row[k] * residual);
            }
            let step = fitted.terms.solve(&rest);
            solution.iter_mut().zip(step).for_each(|(value, step)| *value += step);
            fitted.coefficients.push(solution);
        }
        fitted.freedom = (points.len() - count) as f64;
        fitted.covariance = zeros(figures, figures);
        for (row, point) in rows.iter().zip(points) {
            let residual: Vec<f64> = (0..figures)
                .map(|figure| point.figures[figure] - dot(row, &fitted.coefficients[figure]))
                .collect();
            add_products(&mut fitted.covariance, &residual, fitted.freedom);
        }
        Some(fitted)
    }

    /// The figures expected of a run.
    pub fn expected(&self, at: &[f64]) -> Vec<f64> {
        let row = self.row(at);
        self.coefficients.iter().map(|coefficients| dot(&row, coefficients)).collect()
    }

    /// Variance of what is expected, as a multiple of that of one run.
    pub fn leverage(&self, at: &[f64]) -> f64 {
        self.terms.distance2(&self.row(at))
    }

    /// By how much each figure changes with each coordinate, by figure and unknown.
    pub fn slopes(&self, at: &[f64]) -> Matrix {
        const STEP: f64 = 1e-4;
        let mut slopes = zeros(self.coefficients.len(), at.len());
        for k in 0..at.len() {
            let step = STEP * self.width[k];
            let (mut below, mut above) = (at.to_vec(), at.to_vec());
            below[k] -= step;
            above[k] += step;
            let (below, above) = (self.expected(&below), self.expected(&above));
            for (figure, row) in slopes.iter_mut().enumerate() {
                row[k] = (above[figure] - below[figure]) / (2.0 * step);
            }
        }
        slopes
    }

    fn row(&self, at: &[f64]) -> Vec<f64> {
        let z: Vec<f64> = at
            .iter()
            .zip(&self.centre)
            .zip(&self.width)
            .map(|((at, centre), width)| (at - centre) / width)
            .collect();
        let mut row = vec![1.0];
        row.extend(&z);
        if self.quadratic {
            for i in 0..z.len() {
                row.extend(z[i..].iter().map(|other| z[i] * other));
            }
        }
        row
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(figures: impl Fn(f64, f64) -> Vec<f64>) -> Vec<Point> {
        let places = (0..6).flat_map(|i| (0..6).map(move |j| (f64::from(i) / 5.0, f64::from(j) / 5.0)));
        places.map(|(x, y)| Point { at: vec![x, y], figures: figures(x, y) }).collect()
    }

    #[test]
    fn a_quadratic_function_is_found_again() {
        let points = grid(|x, y| vec![1.0 + 2.0 * x - y + 3.0 * x * y, y * y - x]);
        let surrogate = Surrogate::fit(&points.iter().collect::<Vec<_>>()).unwrap();
        let found = surrogate.expected(&[0.3, 0.7]);
        assert!(
            (found[0] - (1.0 + 0.6 - 0.7 + 0.63)).abs() < 1e-9 && (found[1] - 0.19).abs() < 1e-9,
            "{found:?}"
        );
        let slopes = surrogate.slopes(&[0.3, 0.7]);
        assert!((slopes[0][0] - 4.1).abs() < 1e-6 && (slopes[1][1] - 1.4).abs() < 1e-6, "{slopes:?}");
        assert_eq!(surrogate.freedom, 30.0);
        assert!(surrogate.covariance[0][0] < 1e-15);
    }

    /// A chequered error of 1 and its double are one error: variances 36/30 and 144/30, covariance 72/30.
    #[test]
    fn errors_of_one_run_go_together() {
        let sign =
            |x: f64, y: f64| if ((x * 5.0).round() + (y * 5.0).round()) as i32 % 2 == 0 { 1.0 } else { -1.0 };
        let points = grid(|x, y| vec![x + sign(x, y), y - 2.0 * sign(x, y)]);
        let surrogate = Surrogate::fit(&points.iter().collect::<Vec<_>>()).unwrap();
        let [a, b] = [&surrogate.covariance[0], &surrogate.covariance[1]];
        assert!((a[1] / a[0] + 2.0).abs() < 1e-9 && (b[1] / a[0] - 4.0).abs() < 1e-9, "{a:?} {b:?}");
        // The chequer is not quite orthogonal to the terms (x y follows a little of it).
        assert!((a[0] - 36.0 / 30.0).abs() < 0.01, "{a:?}");
        // Moments of six steps from -1 to 1: 7/15 and 0.37707, so that the squares vary by 0.15929. In the middle (1 + 2 * 0.21778 /
        // 0.15929) / 36, in a corner (1 + 2 * 15/7 + (15/7)^2 + 2 * 0.28444 / 0.15929) / 36.
        for (at, expected) in [([0.5, 0.5], 0.10373), ([1.0, 1.0], 0.37358)] {
            assert!((surrogate.leverage(&at) - expected).abs() < 1e-4, "{}", surrogate.leverage(&at));
        }
    }

    #[test]
    fn few_points_make_a_linear_function_and_fewer_none() {
        let points = grid(|x, y| vec![x + y]);
        let some: Vec<&Point> = points.iter().step_by(5).collect();
        assert_eq!(some.len(), 8);
        let surrogate = Surrogate::fit(&some).unwrap();
        assert!(!surrogate.quadratic && surrogate.freedom == 5.0);
        assert!(Surrogate::fit(&some[..3]).is_none());
    }
}
