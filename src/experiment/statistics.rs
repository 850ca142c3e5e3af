//! Means with t-intervals, paired differences with t-tests, and Holm's correction.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Share of intervals that cover the true mean, if replications are independent and nearly normal.
pub const CONFIDENCE: f64 = 0.95;

/// A mean over replications and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    /// Bounds of the two-sided 95 % t-interval; `None` for a single value.
    pub interval: Option<(f64, f64)>,
    /// Number of values.
    pub n: usize,
}

impl Estimate {
    /// Half the width of the interval.
    pub fn half_width(&self) -> Option<f64> {
        self.interval.map(|(low, high)| (high - low) / 2.0)
    }
}

/// Mean and 95 % t-interval; `None` without values.
///
/// ```
/// use herdlab::experiment::statistics::estimate;
/// let of_three = estimate(&[1.0, 2.0, 3.0]).unwrap();
/// assert_eq!(of_three.mean, 2.0);
/// assert!((of_three.half_width().unwrap() - 2.484138).abs() < 1e-6); // t(0.975, 2) / sqrt(3)
/// ```
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = mean(values);
    let interval = (n > 1).then(|| {
        let half = t_quantile((n - 1) as f64) * standard_error(values, mean);
        (mean - half, mean + half)
    });
    Some(Estimate { mean, interval, n })
}

/// A paired difference `after - before`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// Of the pairwise differences.
    pub estimate: Estimate,
    /// Two-sided p value of the paired t-test; `None` for a single pair.
    pub p: Option<f64>,
}

/// Paired difference of two series in which values at the same index saw the same traffic; pairs in which
/// either is missing are left out. `None` without pairs.
pub fn paired_difference(before: &[Option<f64>], after: &[Option<f64>]) -> Option<PairedDifference> {
    let differences: Vec<f64> =
        before.iter().zip(after).filter_map(|(before, after)| Some((*after)? - (*before)?)).collect();
    let estimate = estimate(&differences)?;
    let p = (estimate.n > 1).then(|| {
        let error = standard_error(&differences, estimate.mean);
        if error > 0.0 {
            two_sided_p(estimate.mean / error, (estimate.n - 1) as f64)
        } else if estimate.mean == 0.0 {
            1.0
        } else {
            0.0
        }
    });
    Some(PairedDifference { estimate, p })
}

/// Holm's step-down correction: the adjusted p values, in the order given (Holm, A simple sequentially
/// rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979).
///
/// ```
/// use herdlab::experiment::statistics::holm;
/// let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
/// let expected = [0.03, 0.06, 0.06, 0.02];
/// assert!(adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12));
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[index] * remaining).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

fn mean(values: &[f64]) -> f64 {
    // Around the first value, so that equal values give exactly that value.
    let first = values[0];
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// Standard deviation of the mean, from the sample variance with n - 1.
fn standard_error(values: &[f64], mean: f64) -> f64 {
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (squares / (n - 1.0) / n).sqrt()
}

/// The t quantile of a two-sided interval of [`CONFIDENCE`].
fn t_quantile(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(f64::INFINITY, |distribution| distribution.inverse_cdf((1.0 + CONFIDENCE) / 2.0))
}

fn two_sided_p(t: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |distribution| 2.0 * distribution.sf(t.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b.abs().max(1.0)
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(1.0, 12.7062047), (5.0, 2.5705818), (9.0, 2.2621572), (99.0, 1.9842170)]
        {
            assert!(close(t_quantile(freedom), expected), "{freedom}: {}", t_quantile(freedom));
        }
    }

    /// Student's sleep data (Biometrika 1908; R's `sleep`): t = -4.0621, df = 9, p = 0.002833,
    /// interval -2.4598858 to -0.7001142.
    #[test]
    fn paired_test_on_students_sleep_data() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0].map(Some);
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4].map(Some);
        let paired = paired_difference(&second, &first).unwrap();
        let (low, high) = paired.estimate.interval.unwrap();
        assert!(close(paired.estimate.mean, -1.58));
        assert!((low - -2.4598858).abs() < 1e-6 && (high - -0.7001142).abs() < 1e-6);
        assert!((paired.p.unwrap() - 0.002833).abs() < 1e-6);
    }

    #[test]
    fn pairs_with_a_missing_value_are_left_out() {
        let paired = paired_difference(&[Some(1.0), None, Some(3.0)], &[Some(2.0), Some(9.0), None]).unwrap();
        assert_eq!((paired.estimate.mean, paired.estimate.n, paired.p), (1.0, 1, None));
        assert_eq!(paired_difference(&[None], &[Some(1.0)]), None);
    }

    #[test]
    fn equal_series_differ_by_exactly_nothing() {
        let values = [Some(0.1), Some(0.2), Some(0.3)];
        let paired = paired_difference(&values, &values).unwrap();
        assert_eq!((paired.estimate.mean, paired.p), (0.0, Some(1.0)));
    }

    #[test]
    fn holm_never_decreases_along_the_order_and_stays_below_one() {
        assert_eq!(holm(&[0.6, 0.7]), vec![1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
