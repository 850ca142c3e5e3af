//! Small dense matrices by rows: Cholesky's factor, what is solved with it, and the axes of a symmetric matrix.

/// A square or rectangular matrix, row by row.
pub type Matrix = Vec<Vec<f64>>;

/// Zeros.
pub fn zeros(rows: usize, columns: usize) -> Matrix {
    vec![vec![0.0; columns]; rows]
}

/// Adds the products of all pairs of parts of a vector, by a divisor.
pub fn add_products(matrix: &mut Matrix, vector: &[f64], divisor: f64) {
    for (row, own) in matrix.iter_mut().zip(vector) {
        row.iter_mut().zip(vector).for_each(|(cell, other)| *cell += own * other / divisor);
    }
}

/// A lower triangle L with L L^T = the matrix.
#[derive(Clone, Debug)]
pub struct Cholesky {
    lower: Matrix,
}

impl Cholesky {
    /// `None` unless the symmetric matrix is positive definite.
    ///
    /// ```
    /// use herdlab::experiment::fit::algebra::Cholesky;
    /// // L = [[2, 0], [1, 3]].
    /// let factor = Cholesky::new(&vec![vec![4.0, 2.0], vec![2.0, 10.0]]).unwrap();
    /// assert_eq!(factor.solve(&[8.0, 22.0]), [1.0, 2.0]);
    /// assert_eq!(factor.whiten(&[2.0, 7.0]), [1.0, 2.0]);
    /// assert!((factor.log_det() - 36.0f64.ln()).abs() < 1e-12);
    /// ```
    pub fn new(matrix: &Matrix) -> Option<Cholesky> {
        let n = matrix.len();
        let mut lower = zeros(n, n);
        for row in 0..n {
            for column in 0..=row {
                let inner: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let rest = matrix[row][column] - inner;
                lower[row][column] = if row == column {
                    // Not a number, too, is none.
                    if rest.is_nan() || rest <= 0.0 || rest.is_infinite() {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower[column][column]
                };
            }
        }
        Some(Cholesky { lower })
    }

    /// The factor of the matrix that changes nothing.
    pub fn identity(n: usize) -> Cholesky {
        let mut lower = zeros(n, n);
        (0..n).for_each(|k| lower[k][k] = 1.0);
        Cholesky { lower }
    }

    /// L^-1 v: values of the covariance L L^T become independent ones of variance 1.
    pub fn whiten(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; v.len()];
        for row in 0..v.len() {
            let inner: f64 = (0..row).map(|k| self.lower[row][k] * out[k]).sum();
            out[row] = (v[row] - inner) / self.lower[row][row];
        }
        out
    }

    /// The x with (L L^T) x = v.
    pub fn solve(&self, v: &[f64]) -> Vec<f64> {
        let half = self.whiten(v);
        let n = v.len();
        let mut out = vec![0.0; n];
        for row in (0..n).rev() {
            let inner: f64 = (row + 1..n).map(|k| self.lower[k][row] * out[k]).sum();
            out[row] = (half[row] - inner) / self.lower[row][row];
        }
        out
    }

    /// v^T (L L^T)^-1 v.
    pub fn distance2(&self, v: &[f64]) -> f64 {
        self.whiten(v).iter().map(|part| part * part).sum()
    }

    /// Natural logarithm of the determinant of L L^T.
    pub fn log_det(&self) -> f64 {
        2.0 * (0..self.lower.len()).map(|k| libm::log(self.lower[k][k])).sum::<f64>()
    }
}

/// Eigenvalues of a symmetric matrix in ascending order, each with its eigenvector of length 1, by Jacobi's rotations (Golub and Van
/// Loan, Matrix Computations, section 8.5). The largest component of each vector is positive.
///
/// ```
/// use herdlab::experiment::fit::algebra::eigen;
/// let found = eigen(&vec![vec![2.0, 1.0], vec![1.0, 2.0]]);
/// assert!((found[0].0 - 1.0).abs() < 1e-12 && (found[1].0 - 3.0).abs() < 1e-12);
/// assert!((found[0].1[0] + found[0].1[1]).abs() < 1e-12, "(1, -1)");
/// ```
pub fn eigen(matrix: &Matrix) -> Vec<(f64, Vec<f64>)> {
    let n = matrix.len();
    let mut a = matrix.clone();
    let mut vectors = zeros(n, n);
    (0..n).for_each(|k| vectors[k][k] = 1.0);
    for _ in 0..SWEEPS_MAX {
        let off: f64 =
            (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))).map(|(p, q)| a[p][q] * a[p][q]).sum();
        if off == 0.0 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] != 0.0 {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
    }
    let column = |k: usize| {
        let vector: Vec<f64> = vectors.iter().map(|row| row[k]).collect();
        let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        vector.into_iter().map(|part| part * sign).collect()
    };
    let mut found: Vec<(f64, Vec<f64>)> = (0..n).map(|k| (a[k][k], column(k))).collect();
    found.sort_by(|x, y| x.0.total_cmp(&y.0));
    found
}

/// Convergence is quadratic: far fewer are needed.
const SWEEPS_MAX: usize = 60;

/// Makes the element (p, q) zero.
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = if theta.abs() > 1e150 {
        0.5 / theta
    } else {
        theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt())
    };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let (app, aqq, apq) = (a[p][p], a[q][q], a[p][q]);
    for k in (0..a.len()).filter(|&k| k != p && k != q) {
        let (akp, akq) = (a[k][p], a[k][q]);
        a[k][p] = c * akp - s * akq;
        a[p][k] = a[k][p];
        a[k][q] = s * akp + c * akq;
        a[q][k] = a[k][q];
    }
    a[p][p] = app - t * apq;
    a[q][q] = aqq + t * apq;
    a[p][q] = 0.0;
    a[q][p] = 0.0;
    for row in vectors.iter_mut() {
        let (vp, vq) = (row[p], row[q]);
        row[p] = c * vp - s * vq;
        row[q] = s * vp + c * vq;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(&vec![vec![1.0, 2.0], vec![2.0, 1.0]]).is_none());
        assert!(Cholesky::new(&vec![vec![f64::NAN]]).is_none());
    }

    /// The second difference of five points: eigenvalues 2 - 2 cos(k pi / 6), and vectors sin(j k pi / 6).
    #[test]
    fn the_second_difference_has_the_eigenvalues_of_a_string() {
        let mut matrix = zeros(5, 5);
        for k in 0..5 {
            matrix[k][k] = 2.0;
            if k > 0 {
                matrix[k][k - 1] = -1.0;
                matrix[k - 1][k] = -1.0;
            }
        }
        for (k, (value, vector)) in (1..).zip(eigen(&matrix)) {
            let angle = std::f64::consts::PI / 6.0 * f64::from(k);
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-12, "{k}: {value}");
            let length = (1..=5).map(|j| (angle * f64::from(j)).sin().powi(2)).sum::<f64>().sqrt();
            for (j, part) in (1..).zip(&vector) {
                let expected = (angle * f64::from(j)).sin() / length;
                assert!((part.abs() - expected.abs()).abs() < 1e-12, "{k} {j}: {part} {expected}");
            }
        }
    }

    #[test]
    fn a_solution_of_a_badly_scaled_system_is_a_solution() {
        let matrix = vec![vec![1e8, 1e3, 2.0], vec![1e3, 1.0, 1e-3], vec![2.0, 1e-3, 1e-3]];
        let factor = Cholesky::new(&matrix).unwrap();
        let x = factor.solve(&[1.0, 2.0, 3.0]);
        for (row, expected) in matrix.iter().zip([1.0, 2.0, 3.0]) {
            let found: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
