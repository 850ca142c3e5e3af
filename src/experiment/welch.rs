//! Differences of two independent samples: Welch's t-test and the permutation test.

use rand::RngExt as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng as _;

use super::statistics::{CONFIDENCE, Estimate, Moments, POWER, covariance_of_means, estimate, fieller};
use crate::oracle::tails::{student_quantile, student_tail};

/// Up to this many values in both samples together the permutation test goes through all divisions of them.
const EXACT_VALUES_MAX: usize = 20;
/// Random divisions of more values.
const RANDOM_DIVISIONS: u32 = 99_999;

/// A difference `after - before` of the means of two independent samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndependentDifference {
    /// Its `n` is the size of the smaller sample.
    pub estimate: Estimate,
    /// Two-sided p value of Welch's t-test.
    pub p: f64,
    /// Bounds of the change as a share of the mean before, see [`fieller`].
    pub relative: Option<(f64, f64)>,
    /// Standard error of the difference.
    error: f64,
    /// Degrees of freedom; infinite where nothing varies.
    freedom: f64,
}

impl IndependentDifference {
    /// The difference that a two-sided test at level `alpha` finds with a probability of [`POWER`], given the spread of the
    /// samples (as [`super::statistics::detectable`]).
    pub fn detectable(&self, alpha: f64) -> f64 {
        if self.error == 0.0 {
            return 0.0;
        }
        let quantile = |probability| student_quantile(probability, self.freedom);
        (quantile(1.0 - alpha / 2.0) + quantile(POWER)) * self.error
    }
}

/// Difference of the means of two samples whose variances may differ (Welch, The generalization of "Student's" problem when
/// several different population variances are involved, Biometrika 34, 1947). `None` where a sample has fewer than two values.
///
/// ```
/// use herdlab::experiment::welch::difference;
/// let same = difference(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).unwrap();
/// assert_eq!((same.estimate.mean, same.p), (0.0, 1.0));
/// ```
pub fn difference(before: &[f64], after: &[f64]) -> Option<IndependentDifference> {
    if before.len() < 2 || after.len() < 2 {
        return None;
    }
    let (first, second) = (estimate(before)?, estimate(after)?);
    // Variances of the two means.
    let (a, b) = (covariance_of_means(before, before), covariance_of_means(after, after));
    let mean = second.mean - first.mean;
    let error = (a + b).sqrt();
    let (freedom, quantile, p) = if error > 0.0 {
        let spread = |variance: f64, n: usize| variance * variance / (n - 1) as f64;
        // Welch and Satterthwaite.
        let freedom = (a + b) * (a + b) / (spread(a, before.len()) + spread(b, after.len()));
        let quantile = student_quantile((1.0 + CONFIDENCE) / 2.0, freedom);
        (freedom, quantile, 2.0 * student_tail((mean / error).abs(), freedom))
    } else {
        (f64::INFINITY, 0.0, if mean == 0.0 { 1.0 } else { 0.0 })
    };
    let n = before.len().min(after.len());
    let half = quantile * error;
    let estimate = Estimate { mean, interval: Some((mean - half, mean + half)), n };
    let moments = Moments { means: (first.mean, second.mean), variances: (a, b), covariance: 0.0 };
    Some(IndependentDifference { estimate, p, relative: fieller(&moments, quantile), error, freedom })
}

/// Two-sided p value of the permutation test (Pitman, Significance tests which may be applied to samples from any
/// populations, Supplement to the Journal of the Royal Statistical Society 4, 1937): if nothing differs, every division of all
/// values into two samples of these sizes has the same chance, so the p value is the share of divisions whose means are at
/// least as far apart as the ones seen. Exact for up to 20 values, else over 99,999 random divisions, the same on every machine.
///
/// ```
/// use herdlab::experiment::welch::permutation_p;
/// // Of the 20 divisions of six values, this one and its mirror image are the farthest apart.
/// assert_eq!(permutation_p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 2.0 / 20.0);
/// ```
pub fn permutation_p(before: &[f64], after: &[f64]) -> f64 {
    let mut all: Vec<f64> = before.iter().chain(after).copied().collect();
    let total: f64 = all.iter().sum();
    // The means are as far apart as a sample's sum is from its share of the total.
    let expected = total * before.len() as f64 / all.len().max(1) as f64;
    let seen = (before.iter().sum::<f64>() - expected).abs();
    // Sums of the same numbers in another order differ in their last digits.
    let slack = 1e-12 * all.iter().map(|value| value.abs()).sum::<f64>();
    let extreme = |sum: f64| (sum - expected).abs() >= seen - slack;
    if all.len() <= EXACT_VALUES_MAX {
        let size = before.len() as u32;
        let divisions = (0..1u32 << all.len()).filter(|division| division.count_ones() == size);
        let (mut count, mut of) = (0u32, 0u32);
        for division in divisions {
            let chosen = all.iter().enumerate().filter(|(index, _)| division >> index & 1 == 1);
            count += u32::from(extreme(chosen.map(|(_, value)| value).sum()));
            of += 1;
        }
        return f64::from(count) / f64::from(of);
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut count = 1;
    for _ in 0..RANDOM_DIVISIONS {
        // The start of a Fisher-Yates shuffle is a random sample; the order it starts from does not matter.
        for index in 0..before.len() {
            let other = random.random_range(index..all.len());
            all.swap(index, other);
        }
        count += u32::from(extreme(all[..before.len()].iter().sum()));
    }
    f64::from(count) / f64::from(RANDOM_DIVISIONS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's sleep data as two independent groups, as R's `t.test(extra ~ group)` reports it: t = -1.8608,
    /// df = 17.776, p = 0.07939, interval -3.3654832 to 0.2054832.
    #[test]
    fn welch_on_students_sleep_data() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let welch = difference(&second, &first).unwrap();
        let (low, high) = welch.estimate.interval.unwrap();
        assert!((welch.freedom - 17.776).abs() < 5e-4, "{}", welch.freedom);
        assert!((welch.p - 0.07939).abs() < 5e-6, "{}", welch.p);
        assert!((low - -3.3654832).abs() < 1e-6 && (high - 0.2054832).abs() < 1e-6);
        // The standard error is 1.58/1.8608 = 0.8491, and quantiles of t with 17.8 degrees of freedom are 2.103 (97.5 %) and
        // 0.862 (80 %); at a level of 1 % the first is 2.884 (99.5 %).
        assert!(
            (welch.detectable(0.05) - 0.8491 * (2.103 + 0.862)).abs() < 2e-3,
            "{}",
            welch.detectable(0.05)
        );
        assert!(
            (welch.detectable(0.01) - 0.8491 * (2.884 + 0.862)).abs() < 3e-3,
            "{}",
            welch.detectable(0.01)
        );
    }

    /// Of the ten pairs out of 1, 2, 3, 4 and 10 the sum is to be 8 on average, and is 3, 13 or 14 where it is at least 5 away.
    #[test]
    fn divisions_of_unequal_samples_are_counted_one_by_one() {
        assert_eq!(permutation_p(&[1.0, 2.0], &[3.0, 4.0, 10.0]), 0.3);
        assert_eq!(permutation_p(&[3.0, 4.0, 10.0], &[1.0, 2.0]), 0.3);
        // 4 and 10 are the farthest away of all.
        assert_eq!(permutation_p(&[10.0, 4.0], &[1.0, 2.0, 3.0]), 0.1);
        // Only the first is 2.8 from the mean of 2.2; a difference of a hundred millionth is no rounding.
        let near = |steps: &[f64]| steps.iter().map(|step| 1.0 + step * 1e-8).collect::<Vec<_>>();
        assert_eq!(permutation_p(&near(&[5.0]), &near(&[0.0, 1.0, 2.0, 3.0])), 0.2);
    }

    #[test]
    fn equal_values_differ_by_nothing_or_for_certain() {
        let same = difference(&[2.0; 6], &[2.0; 6]).unwrap();
        assert_eq!((same.estimate.mean, same.p, same.detectable(0.05)), (0.0, 1.0, 0.0));
        let apart = difference(&[2.0; 6], &[3.0; 6]).unwrap();
        assert_eq!((apart.estimate.mean, apart.p), (1.0, 0.0));
        assert_eq!(difference(&[1.0], &[1.0, 2.0]), None);
    }

    /// The variances are 2 and 1, those of the means 2/2 and 1/3: an error of sqrt(4/3), and (4/3)^2 / (1/1 + 1/9/2) = 32/19 degrees
    /// of freedom.
    #[test]
    fn two_values_are_a_sample() {
        let (two, three) = ([4.0, 6.0], [1.0, 2.0, 3.0]);
        for (before, after, mean) in [(&three[..], &two[..], 3.0), (&two[..], &three[..], -3.0)] {
            let found = difference(before, after).unwrap();
            assert_eq!((found.estimate.mean, found.estimate.n), (mean, 2));
            assert!((found.error - (4.0f64 / 3.0).sqrt()).abs() < 1e-12, "{found:?}");
            assert!((found.freedom - 32.0 / 19.0).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(difference(&three, &[4.0]), None);
    }

    /// The samples' order does not matter, and random divisions agree with all of them.
    #[test]
    fn random_divisions_agree_with_all_divisions() {
        let before: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 11)).collect();
        let after: Vec<f64> = (0..10).map(|i| f64::from(i * 5 % 13) + 2.0).collect();
        let exact = permutation_p(&before, &after);
        assert_eq!(exact, permutation_p(&after, &before));
        // One value more at the centre of both moves the exact p a little, and takes the random way.
        let more: Vec<f64> = after.iter().copied().chain([6.0]).collect();
        let random = permutation_p(&before, &more);
        assert!((random - exact).abs() < 0.03, "{random} {exact}");
        assert_eq!(permutation_p(&[1.0; 15], &[1.0; 15]), 1.0);
    }
}
