//! Exact one-sided tests of counts: how likely it is to see this much by chance, where nothing has changed.
//!
//! All of them compare with a sample of the time before and are conditional on what both have together, so a small sample
//! before causes no false alarms.

use libm::{exp, lgamma, log, log1p};

/// Natural logarithm of `n` over `k`.
fn log_choose(n: f64, k: f64) -> f64 {
    lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)
}

/// Sum of probabilities from `first` on: `start` is the logarithm of the first one, `ratio(x)` that of x + 1 to that of x.
fn tail(start: f64, first: f64, last: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut term, mut sum, mut x) = (exp(start), 0.0, first);
    while x <= last && term > sum * 1e-12 {
        sum += term;
        term *= ratio(x);
        x += 1.0;
    }
    sum.min(1.0)
}

/// Fisher's exact test: the probability of at least `bad` bad ones among `all`, where `bad_before` of `all_before` were bad
/// with the same chance (hypergeometric tail). For `bad` at or above its mean.
pub fn fisher(bad: u64, all: u64, bad_before: u64, all_before: u64) -> f64 {
    let [x, n, xb, nb] = [bad, all, bad_before, all_before].map(|count| count as f64);
    let (marked, total) = (x + xb, n + nb);
    let start = log_choose(marked, x) + log_choose(total - marked, n - x) - log_choose(total, n);
    tail(start, x, marked.min(n), |x| (marked - x) * (n - x) / ((x + 1.0) * (total - marked - n + x + 1.0)))
}

/// The probability of at least `count` arrivals in `time`, where `count_before` came in `time_before` at the same rate (two
/// Poisson counts given their sum: a binomial tail). For `count` at or above its mean; both times in one unit.
pub fn rates(count: u64, time: f64, count_before: u64, time_before: f64) -> f64 {
    let (x, n) = (count as f64, (count + count_before) as f64);
    if n == 0.0 {
        return 1.0;
    }
    let p = time / (time + time_before);
    let start = log_choose(n, x) + x * log(p) + (n - x) * log1p(-p);
    tail(start, x, n, |x| (n - x) * p / ((x + 1.0) * (1.0 - p)))
}

/// The probability of a value above `peak` where the mean of `values` values before was `mean` and they are exponential, the
/// tail of a queue: `(1 + peak / (values mean))^-values`, which is that of the exponential for many values.
pub fn beyond(peak: f64, mean: f64, values: f64) -> f64 {
    if mean == 0.0 {
        return if peak > 0.0 { 0.0 } else { 1.0 };
    }
    exp(-values * log1p(peak / (values * mean)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * expected.max(1e-3), "{found}, expected {expected}");
    }

    #[test]
    fn fishers_tea() {
        // Eight cups, four of them right by chance: 1/70, and at least three 17/70.
        close(fisher(4, 4, 0, 4), 1.0 / 70.0);
        close(fisher(3, 4, 1, 4), 17.0 / 70.0);
        // 2 of 3 bad, 1 of 7 before: (C(3,2) C(7,1) + C(3,3)) / C(10,3) = 22/120.
        close(fisher(2, 3, 1, 7), 22.0 / 120.0);
        close(fisher(0, 5, 0, 9), 1.0);
    }

    #[test]
    fn two_poisson_counts_given_their_sum() {
        // 3 of 4 in a quarter of the time: C(4,3)/4^3 3/4 + 1/4^4 = 13/256.
        close(rates(3, 1.0, 1, 3.0), 13.0 / 256.0);
        close(rates(2, 1.0, 0, 1.0), 0.25);
        close(rates(0, 1.0, 0, 1.0), 1.0);
    }

    #[test]
    fn what_is_certain_has_no_tail() {
        assert!(fisher(1_000, 1_000, 3, 100_000) < 1e-300);
        assert!(rates(50_000, 1.0, 1_000, 100.0) < 1e-300);
        // One value determines a mean badly: (1 + 9)^-1; many values: e^-9.
        close(beyond(9.0, 1.0, 1.0), 0.1);
        assert!((beyond(9.0, 1.0, 1e9) / exp(-9.0) - 1.0).abs() < 1e-6);
        assert_eq!((beyond(1.0, 0.0, 20.0), beyond(0.0, 0.0, 20.0)), (0.0, 1.0));
    }
}
