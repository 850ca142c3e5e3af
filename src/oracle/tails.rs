//! Tails and quantiles of the distributions behind tests and intervals: normal, Student's t, F, chi-squared, beta.
//!
//! Logarithms and exponentials are those of `libm`, so that a p value has the same digits on every machine.

use std::f64::consts::{PI, SQRT_2};

use super::special::{gamma_cdf, root};

/// Iterations of Newton's method, far more than any argument takes.
const STEPS_MAX: usize = 100;

/// The probability that a standard normal variable exceeds `z`.
pub fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The value that a standard normal variable stays below with this probability, above 0 and below 1.
///
/// ```
/// use herdlab::oracle::tails::normal_quantile;
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
/// assert_eq!(normal_quantile(0.25), -normal_quantile(0.75));
/// ```
pub fn normal_quantile(probability: f64) -> f64 {
    // The smaller tail keeps its digits.
    let tail = probability.min(1.0 - probability);
    // Abramowitz and Stegun, 26.2.23: within 4.5e-4, which two steps of Halley's method take to the last digits.
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let mut z = t
        - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for _ in 0..2 {
        let density = libm::exp(-z * z / 2.0) / libm::sqrt(2.0 * PI);
        let newton = (normal_tail(z) - tail) / density;
        z += newton / (1.0 - newton * z / 2.0);
    }
    if probability < 0.5 { -z } else { z }
}

/// The probability that Student's t with these degrees of freedom exceeds `t`, which is at least 0.
///
/// ```
/// use herdlab::oracle::tails::student_tail;
/// // With one degree of freedom it is Cauchy's distribution, half of whose upper half lies beyond 1.
/// assert!((student_tail(1.0, 1.0) - 0.25).abs() < 1e-15);
/// ```
pub fn student_tail(t: f64, freedom: f64) -> f64 {
    if !freedom.is_finite() {
        return normal_tail(t);
    }
    let whole = freedom + t * t;
    0.5 * beta_cdf_of(freedom / 2.0, 0.5, freedom / whole, t * t / whole)
}

/// The value that Student's t with these degrees of freedom stays below with this probability, above 0.5 and below 1.
///
/// Newton's method on logarithms of both sides: a heavy tail is a straight line there, and from the first step on the iterates
/// come from above.
pub fn student_quantile(probability: f64, freedom: f64) -> f64 {
    if !freedom.is_finite() {
        return normal_quantile(probability);
    }
    let tail = 1.0 - probability;
    let ln_tail = libm::log(tail);
    let mut ln_t: f64 = 0.0;
    for _ in 0..STEPS_MAX {
        let t = libm::exp(ln_t);
        let (found, density) = (student_tail(t, freedom), student_density(t, freedom));
        let step = (libm::log(found) - ln_tail) * found / (t * density);
        let next = ln_t + step;
        let is_there = step.abs() <= 1e-15 * next.abs().max(1.0);
        ln_t = next;
        if is_there || !next.is_finite() {
            break;
        }
    }
    libm::exp(ln_t)
}

fn student_density(t: f64, freedom: f64) -> f64 {
    // By the term of the beta distribution at the same place.
    let whole = freedom + t * t;
    beta_term(freedom / 2.0, 0.5, freedom / whole, t * t / whole) / t
}

/// The probability that F with these degrees of freedom exceeds `f`, which is at least 0.
pub fn f_tail(f: f64, above: f64, below: f64) -> f64 {
    let whole = below + above * f;
    beta_cdf_of(below / 2.0, above / 2.0, below / whole, above * f / whole)
}

/// The value that chi-squared with these degrees of freedom stays below with this probability.
pub fn chi_squared_quantile(probability: f64, freedom: f64) -> f64 {
    let below = |x: f64| gamma_cdf(freedom / 2.0, x / 2.0) - probability;
    let mut high = freedom.max(1.0);
    while below(high) < 0.0 && high.is_finite() {
        high *= 2.0;
    }
    root(below, 0.0, high)
}

/// The share that a beta variable stays below with this probability.
pub fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    root(|x| beta_cdf(a, b, x) - probability, 0.0, 1.0)
}

/// The regularised incomplete beta function: the probability that a beta variable is at most `x`.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    beta_cdf_of(a, b, x, 1.0 - x)
}

/// The same with `1 - x`, which the caller may know to more digits.
///
/// Continued fraction, on the side where it converges quickly (Abramowitz and Stegun, 26.5.8), by the modified Lentz method.
fn beta_cdf_of(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - by_fraction(b, a, rest, x);
    }
    by_fraction(a, b, x, rest)
}

fn by_fraction(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    const TINY: f64 = 1e-300;
    if b < 1.0 {
        return by_positive_fraction(a, b, x, rest);
    }
    let off_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / off_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / off_zero(1.0 + even * d);
        c = off_zero(1.0 + even / c);
        fraction *= d * c;
        d = 1.0 / off_zero(1.0 + odd * d);
        c = off_zero(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    beta_term(a, b, x, rest) * fraction / a
}

/// The same for `b` below 1, where the terms of another fraction are positive, so that no digits cancel: the other one loses six
/// of them in the tail of t at a million degrees of freedom (Abramowitz and Stegun, 26.5.9).
fn by_positive_fraction(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    let odds = x / rest;
    let (mut c, mut d, mut fraction) = (1.0, 0.0, 1.0);
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = (a + m - 1.0) * (m - b) / ((a + 2.0 * m - 2.0) * (a + 2.0 * m - 1.0)) * odds;
        let odd = m * (a + b - 1.0 + m) / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)) * odds;
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / (1.0 + term * d);
            c = 1.0 + term / c;
            fraction *= c * d;
        }
        if fraction == before {
            break;
        }
    }
    beta_term(a, b, x, rest) / (rest * a * fraction)
}

/// `x^a (1 - x)^b / B(a, b)`, as a probability of the binomial distribution in the form that keeps its digits for large `a` and
/// `b` (Loader, Fast and Accurate Computation of Binomial Probabilities, 2000).
fn beta_term(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x)
        - deviance(b, n * rest);
    libm::sqrt(a * b / (2.0 * PI * n)) * libm::exp(exponent)
}

/// The error of Stirling's formula for `ln z!`.
fn stirling_error(z: f64) -> f64 {
    if z <= 15.0 {
        return libm::lgamma(z + 1.0) - (z + 0.5) * libm::log(z) + z - 0.5 * libm::log(2.0 * PI);
    }
    let square = z * z;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / z
}

/// `x ln(x / mean) + mean - x` without the loss of digits where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    let v = (x - mean) / (x + mean);
    let mut sum = (x - mean) * v;
    let mut power = 2.0 * x * v;
    for k in 1..1000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * k + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF as _, FisherSnedecor, Normal, StudentsT};

    use super::*;

    /// Within this share of each other.
    fn agree(found: f64, expected: f64, share: f64, about: &str) {
        assert!((found - expected).abs() <= share * expected.abs(), "{about}: {found:e} is not {expected:e}");
    }

    const FREEDOMS: &[f64] = &[1.0, 2.0, 3.0, 4.5, 7.0, 9.0, 17.776, 29.0, 99.0];

    /// The other library loses a digit or two where its logarithms of the gamma function are large.
    #[test]
    fn tails_are_those_of_another_library() {
        for &freedom in FREEDOMS {
            let twin = StudentsT::new(0.0, 1.0, freedom).unwrap();
            let share = if freedom < 20.0 { 1e-12 } else { 1e-11 };
            for t in [1e-3, 0.1, 0.7, 1.0, 2.0, 4.0621, 9.0, 40.0] {
                agree(student_tail(t, freedom), twin.sf(t), share, &format!("t = {t} of {freedom}"));
            }
        }
        for (above, below) in [(1.0, 4.0), (2.0, 9.0), (5.0, 12.0), (12.0, 40.0)] {
            let twin = FisherSnedecor::new(above, below).unwrap();
            for f in [0.1, 0.9, 2.0, 7.5, 30.0] {
                agree(f_tail(f, above, below), twin.sf(f), 1e-12, &format!("F = {f} of {above} and {below}"));
            }
        }
    }

    /// The other library ends its search earlier.
    #[test]
    fn quantiles_are_those_of_another_library_and_where_the_tail_is() {
        for &freedom in FREEDOMS {
            let twin = StudentsT::new(0.0, 1.0, freedom).unwrap();
            for probability in [0.8, 0.95, 0.975, 0.9999] {
                let about = format!("{probability} of {freedom}");
                let found = student_quantile(probability, freedom);
                agree(student_tail(found, freedom), 1.0 - probability, 1e-13, &about);
                agree(found, twin.inverse_cdf(probability), 1e-7, &about);
            }
        }
        for probability in [1e-12, 1e-3, 0.2, 0.5, 0.7, 0.975, 1.0 - 1e-12] {
            let twin = Normal::standard().inverse_cdf(probability);
            let found = normal_quantile(probability);
            assert!(
                (found - twin).abs() < 1e-10 * twin.abs().max(1.0),
                "normal {probability}: {found}, {twin}"
            );
        }
        for (a, b) in [(1.0, 10.0), (9.0, 2.0), (13.0, 8.0), (36.0, 5.0)] {
            for probability in [0.025, 0.05, 0.5] {
                let twin = Beta::new(a, b).unwrap().inverse_cdf(probability);
                agree(beta_quantile(probability, a, b), twin, 1e-7, &format!("beta {probability} {a} {b}"));
            }
        }
    }

    /// In twenty digits, by mpmath's incomplete beta function and its root at 40 digits.
    #[test]
    fn tails_and_quantiles_are_right_to_fourteen_digits() {
        const DIGITS: f64 = 1e-14;
        for (t, freedom, expected) in [
            (0.5, 9.0, 0.314_535_649_913_013_24),
            (4.0621, 9.0, 0.001_416_503_920_195_079),
            (2.0, 999.0, 0.022_885_308_486_878_5),
            (7.0, 4.5, 6.988_582_087_466_354e-4),
            (0.001, 99.0, 0.499_602_063_928_568_53),
        ] {
            agree(student_tail(t, freedom), expected, DIGITS, &format!("t = {t} of {freedom}"));
        }
        for (probability, freedom, expected) in [
            (0.975, 9.0, 2.262_157_162_798_205),
            (0.975, 99.0, 1.984_216_951_586_417),
            (0.8, 999.0, 0.841_981_182_258_946_7),
            (0.9999, 3.0, 22.203_742_273_205),
            (0.975, 1e6, 1.959_966_356_814_106_7),
        ] {
            agree(
                student_quantile(probability, freedom),
                expected,
                DIGITS,
                &format!("{probability} of {freedom}"),
            );
        }
        agree(f_tail(7.5, 5.0, 12.0), 0.002_099_770_821_655_581, DIGITS, "F");
    }

    /// Closed forms: one and two degrees of freedom of t, two of chi-squared, a power of a beta variable.
    #[test]
    fn closed_forms_are_met() {
        for t in [0.5, 1.0, 3.0, 12.7] {
            agree(student_tail(t, 1.0), 0.5 - libm::atan(t) / PI, 2e-14, "Cauchy");
            agree(student_tail(t, 2.0), 0.5 * (1.0 - t / libm::sqrt(2.0 + t * t)), 1e-13, "two");
        }
        agree(chi_squared_quantile(0.95, 2.0), -2.0 * libm::log(0.05), 1e-14, "chi-squared");
        agree(beta_quantile(0.05, 10.0, 1.0), libm::pow(0.05, 0.1), 1e-14, "beta");
    }
}
