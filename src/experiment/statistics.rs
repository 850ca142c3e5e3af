//! Means with t-intervals; paired differences with the t-test and the sign-flip test; the smallest difference that a test
//! would have seen; Holm's correction.

use rand::RngExt as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng as _;

use crate::oracle::tails::{student_quantile, student_tail};

/// Up to this many pairs the sign-flip test goes through all patterns of signs.
const EXACT_PAIRS_MAX: usize = 20;
/// Random patterns of signs for more pairs.
const RANDOM_FLIPS: u32 = 99_999;
/// With which probability a difference as large as [`detectable`] would have been found.
pub const POWER: f64 = 0.8;

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
        let half = t_quantile((n - 1) as f64) * standard_error(values);
        (mean - half, mean + half)
    });
    Some(Estimate { mean, interval, n })
}

/// Where one more replication lies with 95 % probability: mean ± t s sqrt(1 + 1/n); `None` for fewer than two.
///
/// ```
/// use herdlab::experiment::statistics::prediction_interval;
/// let (low, high) = prediction_interval(&[1.0, 2.0, 3.0]).unwrap();
/// assert!((high - 2.0 - 4.302653 * (4.0f64 / 3.0).sqrt()).abs() < 1e-6 && (low + high - 4.0).abs() < 1e-9);
/// ```
pub fn prediction_interval(values: &[f64]) -> Option<(f64, f64)> {
    prediction_with(values, 0.0)
}

/// The same for a value that varies by `spread` (a standard deviation) of its own: the variances add, with the degrees of
/// freedom of Welch and Satterthwaite. Of one value its own spread is unknown, and that of the other is all there is; `None`
/// where neither is known.
///
/// ```
/// use herdlab::experiment::statistics::prediction_with;
/// // Five equal values: all that is left is the normal quantile of the spread.
/// let (low, high) = prediction_with(&[2.0; 5], 0.5).unwrap();
/// assert!((high - 2.0 - 1.959964 * 0.5).abs() < 1e-5 && (low + high - 4.0).abs() < 1e-9);
/// ```
pub fn prediction_with(values: &[f64], spread: f64) -> Option<(f64, f64)> {
    let n = values.len();
    if n == 0 || (n < 2 && spread <= 0.0) {
        return None;
    }
    let mean = mean(values);
    // The variance of one value and of the mean together is n + 1 times that of the mean.
    let own = if n < 2 { 0.0 } else { covariance_of_means(values, values) * (n + 1) as f64 };
    let both = own + spread * spread;
    let freedom = if own > 0.0 { (n - 1) as f64 * (both / own) * (both / own) } else { f64::INFINITY };
    let half = t_quantile(freedom) * both.sqrt();
    Some((mean - half, mean + half))
}

/// From so many degrees of freedom on, quantiles are those of the normal distribution and one term of their expansion (Abramowitz,
/// Stegun, 26.7.5), which leaves an error below 1e-7.
const EXPANDED_FROM: f64 = 1e4;
/// The 97.5th percentile of the standard normal distribution.
const Z_975: f64 = 1.959_963_984_540_054;

/// Standard deviation of the mean of some values; zero for fewer than two.
pub fn standard_error_of(values: &[f64]) -> f64 {
    if values.len() < 2 { 0.0 } else { standard_error(values) }
}

/// A paired difference `after - before`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// Of the pairwise differences.
    pub estimate: Estimate,
    /// Two-sided p value of the paired t-test; `None` for a single pair.
    pub p: Option<f64>,
    /// Bounds of the change as a share of the mean before, see [`fieller`].
    pub relative: Option<(f64, f64)>,
}

/// `after - before`, pair by pair; pairs in which either is missing are left out.
pub fn differences(before: &[Option<f64>], after: &[Option<f64>]) -> Vec<f64> {
    before.iter().zip(after).filter_map(|(before, after)| Some((*after)? - (*before)?)).collect()
}

/// Paired difference of two series in which values at the same index saw the same traffic; pairs in which
/// either is missing are left out. `None` without pairs.
pub fn paired_difference(before: &[Option<f64>], after: &[Option<f64>]) -> Option<PairedDifference> {
    let differences = differences(before, after);
    let estimate = estimate(&differences)?;
    let p = (estimate.n > 1).then(|| {
        let error = standard_error(&differences);
        if error > 0.0 {
            two_sided_p(estimate.mean / error, (estimate.n - 1) as f64)
        } else if estimate.mean == 0.0 {
            1.0
        } else {
            0.0
        }
    });
    Some(PairedDifference { estimate, p, relative: paired_relative(before, after) })
}

fn paired_relative(before: &[Option<f64>], after: &[Option<f64>]) -> Option<(f64, f64)> {
    let (before, after): (Vec<f64>, Vec<f64>) =
        before.iter().zip(after).filter_map(|(before, after)| Some(((*before)?, (*after)?))).unzip();
    let n = before.len();
    if n < 2 {
        return None;
    }
    let moments = Moments {
        means: (mean(&before), mean(&after)),
        variances: (covariance_of_means(&before, &before), covariance_of_means(&after, &after)),
        covariance: covariance_of_means(&before, &after),
    };
    fieller(&moments, t_quantile((n - 1) as f64))
}

/// The inputs of [`fieller`] on two means, before and after.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    pub means: (f64, f64),
    /// Of the means, not of the values.
    pub variances: (f64, f64),
    /// Of the means.
    pub covariance: f64,
}

/// Bounds of the change `after / before - 1` of a positive mean: all ratios r for which a test with this quantile does not
/// separate `after - r before` from zero (Fieller, Some Problems in Interval Estimation, Journal of the Royal Statistical Society B
/// 16, 1954). So zero is outside exactly where the t-test finds a difference, and what varies from replication to replication
/// before and after alike does not widen it. `None` where the mean before is not significantly different from zero.
///
/// ```
/// use herdlab::experiment::statistics::{Moments, fieller};
/// // Whatever the traffic of a replication is, what is left is a tenth: nothing is uncertain about that.
/// let moments = Moments { means: (100.0, 10.0), variances: (25.0, 0.25), covariance: 2.5 };
/// let (low, high) = fieller(&moments, 2.0).unwrap();
/// assert!((low + 0.9).abs() < 1e-9 && (high + 0.9).abs() < 1e-9);
/// ```
pub fn fieller(moments: &Moments, quantile: f64) -> Option<(f64, f64)> {
    let Moments { means: (before, after), variances, covariance } = *moments;
    let square = quantile * quantile;
    // a r^2 - 2 b r + c <= 0.
    let a = before * before - square * variances.0;
    let b = before * after - square * covariance;
    let c = after * after - square * variances.1;
    if a <= 0.0 || before <= 0.0 {
        return None;
    }
    // Below zero by rounding only: the ratio of the means is always inside.
    let root = (b * b - a * c).max(0.0).sqrt();
    Some(((b - root) / a - 1.0, (b + root) / a - 1.0))
}

/// Two-sided p value of the sign-flip test (Fisher, The Design of Experiments, 1935, section 21): if nothing differs, each
/// paired difference has either sign with the same chance, so the p value is the share of all patterns of signs whose sum is at
/// least as far from zero as the one seen. It needs no normality. Exact for up to 20 pairs; beyond these over 99,999
/// random patterns, the same on every machine. `1.0` without pairs.
///
/// ```
/// use herdlab::experiment::statistics::sign_flip_p;
/// // Six differences of one sign: this pattern and its mirror image, of 64.
/// assert_eq!(sign_flip_p(&[1.0, 2.0, 0.5, 3.0, 1.5, 0.7]), 2.0 / 64.0);
/// ```
pub fn sign_flip_p(differences: &[f64]) -> f64 {
    let seen = differences.iter().sum::<f64>().abs();
    // Sums of the same numbers in another order differ in their last digits.
    let slack = 1e-12 * differences.iter().map(|difference| difference.abs()).sum::<f64>();
    let extreme = |sum: f64| sum.abs() >= seen - slack;
    if differences.len() <= EXACT_PAIRS_MAX {
        let patterns = 1u32 << differences.len();
        let count = (0..patterns).filter(|&pattern| extreme(signed_sum(differences, pattern.into()))).count();
        return count as f64 / f64::from(patterns);
    }
    let mut coins = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut flipped = || differences.chunks(64).map(|chunk| signed_sum(chunk, coins.random())).sum::<f64>();
    let count = (0..RANDOM_FLIPS).filter(|_| extreme(flipped())).count();
    // The pattern seen is one of them.
    (count + 1) as f64 / f64::from(RANDOM_FLIPS + 1)
}

/// The sum of up to 64 numbers, those negated whose bit is set.
fn signed_sum(numbers: &[f64], signs: u64) -> f64 {
    numbers
        .iter()
        .enumerate()
        .map(|(index, number)| if signs >> index & 1 == 1 { -number } else { *number })
        .sum()
}

/// The mean difference that a two-sided paired t-test at level `alpha` finds with a probability of [`POWER`], given the spread of
/// these differences: (t(1 - alpha/2) + t(power)) standard errors (Bloom, Minimum Detectable Effects, Evaluation Review 19,
/// 1995). `None` for fewer than two pairs.
pub fn detectable(differences: &[f64], alpha: f64) -> Option<f64> {
    let n = differences.len();
    if n < 2 {
        return None;
    }
    let freedom = (n - 1) as f64;
    let multiplier = student_quantile(1.0 - alpha / 2.0, freedom) + student_quantile(POWER, freedom);
    Some(multiplier * standard_error(differences))
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
/// Covariance of the means of two series, pair by pair; of a series with itself, the variance of its mean.
pub(super) fn covariance_of_means(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b, n) = (mean(a), mean(b), a.len() as f64);
    let products: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    products / (n - 1.0) / n
}

fn standard_error(values: &[f64]) -> f64 {
    covariance_of_means(values, values).sqrt()
}

/// The t quantile of a two-sided interval of [`CONFIDENCE`].
pub fn t_quantile(freedom: f64) -> f64 {
    if freedom > EXPANDED_FROM {
        let z = Z_975;
        return z + (z * z * z + z) / (4.0 * freedom);
    }
    student_quantile((1.0 + CONFIDENCE) / 2.0, freedom)
}

fn two_sided_p(t: f64, freedom: f64) -> f64 {
    2.0 * student_tail(t.abs(), freedom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::{stream, unit_open_zero};

    /// 1.960201 at 10,000 degrees of freedom, on both sides of the expansion.
    #[test]
    fn quantiles_go_over_into_those_of_the_normal_distribution() {
        for freedom in [9_999.0, 10_000.0, 10_001.0] {
            assert!((t_quantile(freedom) - 1.960_201_2).abs() < 1e-6, "{freedom}: {}", t_quantile(freedom));
        }
        assert!((t_quantile(1e7) - 1.959_964_2).abs() < 1e-6);
    }

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

    /// On Student's data, too: of the 1,024 patterns four are as far from zero (0.0 flips for nothing).
    #[test]
    fn sign_flips_on_students_sleep_data() {
        let differences = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        assert_eq!(sign_flip_p(&differences), 4.0 / 1024.0);
    }

    #[test]
    fn random_flips_agree_with_all_flips() {
        let few: Vec<f64> = (0..20).map(|i| f64::from(i % 7) - 2.2).collect();
        let exact = sign_flip_p(&few);
        // A pair without a difference changes nothing but the number of pairs.
        let more: Vec<f64> = few.iter().copied().chain([0.0]).collect();
        assert!((sign_flip_p(&more) - exact).abs() < 0.005, "{} {exact}", sign_flip_p(&more));
        assert_eq!(sign_flip_p(&[0.0; 30]), 1.0);
        assert_eq!(sign_flip_p(&[]), 1.0);
    }

    /// t(0.975, 9) = 2.26216 and t(0.8, 9) = 0.88340, standard error 0.38895 (Student's data).
    #[test]
    fn what_ten_pairs_can_see() {
        let differences = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        assert!((detectable(&differences, 0.05).unwrap() - (2.2621572 + 0.8834038) * 0.3889587).abs() < 1e-5);
        assert_eq!(detectable(&[1.0], 0.05), None);
    }

    #[test]
    fn holm_never_decreases_along_the_order_and_stays_below_one() {
        assert_eq!(holm(&[0.6, 0.7]), vec![1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    /// A zero change is outside exactly where the paired t-test finds a difference, and bounds of a positive measure that a
    /// strategy all but removes stay near -1.
    #[test]
    fn the_relative_interval_agrees_with_the_test() {
        let mut dice = stream(5, 0, "test");
        let (mut told, mut covered, rounds) = (0, 0, 2_000);
        for round in 0..rounds {
            let scale = if round % 2 == 0 { 0.9 } else { 1.0 };
            let before: Vec<Option<f64>> =
                (0..8).map(|_| Some(100.0 + 40.0 * unit_open_zero(&mut dice))).collect();
            let after: Vec<Option<f64>> = before
                .iter()
                .map(|value| value.map(|value| value * scale + 20.0 * unit_open_zero(&mut dice) - 10.0))
                .collect();
            let paired = paired_difference(&before, &after).unwrap();
            let (low, high) = paired.relative.unwrap();
            let (below, above) = paired.estimate.interval.unwrap();
            assert_eq!(low > 0.0 || high < 0.0, below > 0.0 || above < 0.0, "{paired:?}");
            told += u32::from(low > 0.0 || high < 0.0);
            covered += u32::from((low..=high).contains(&(scale - 1.0)));
        }
        assert!(told > rounds / 4, "{told}");
        assert!((0.93..0.97).contains(&(f64::from(covered) / f64::from(rounds))), "{covered}");

        let before = [900.0, 1_500.0, 400.0, 1_000.0, 700.0, 1_300.0].map(Some);
        let after = [19.0, 28.0, 9.0, 20.0, 13.0, 27.0].map(Some);
        let paired = paired_difference(&before, &after).unwrap();
        let (low, high) = paired.relative.unwrap();
        assert!((-0.985..-0.978).contains(&low) && (-0.982..-0.975).contains(&high), "{low} {high}");
        // As a share of the mean before, the same interval of the difference would reach below -100 %.
        assert!(paired.estimate.interval.unwrap().0 / 966.7 < -1.2);
    }

    #[test]
    fn nothing_is_a_share_of_what_may_be_zero() {
        let before = [0.0, 0.0, 9.0].map(Some);
        assert_eq!(paired_difference(&before, &[0.0, 0.0, 1.0].map(Some)).unwrap().relative, None);
    }
}
