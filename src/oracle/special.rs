//! Functions that neither std nor libm has: the exponential integral, the incomplete gamma function, a
//! root by bisection, and Zipf's weights.

/// Euler's constant.
pub const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// The exponential integral E1(x), the integral of `e^-t / t` from x to infinity, for x > 0.
///
/// Power series up to 1, above it the continued fraction `e^-x / (x + 1 - 1/(x + 3 - 4/(x + 5 - ...)))`,
/// evaluated by the modified Lentz method (Abramowitz and Stegun, 5.1.11 and 5.1.22).
pub fn e1(x: f64) -> f64 {
    if x <= 1.0 {
        return ein_series(x) - EULER_GAMMA - libm::log(x);
    }
    let mut b = x + 1.0;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..200 {
        let a = -f64::from(i * i);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        let step = c * d;
        h *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h * libm::exp(-x)
}

/// The entire exponential integral Ein(x), the integral of `(1 - e^-t) / t` from 0 to x, for x >= 0;
/// equals `ln x + EULER_GAMMA + E1(x)`.
pub fn ein(x: f64) -> f64 {
    if x <= 1.0 { ein_series(x) } else { libm::log(x) + EULER_GAMMA + e1(x) }
}

/// Sum over k >= 1 of `(-1)^(k+1) x^k / (k k!)`, for 0 <= x <= 1.
fn ein_series(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 0.0;
    for k in 1..40 {
        term *= -x / f64::from(k);
        sum -= term / f64::from(k);
    }
    sum
}

/// The regularised lower incomplete gamma function P(shape, x), the distribution function of a gamma
/// variable with unit scale, for shape > 0 and x >= 0.
///
/// Series below `shape + 1`, continued fraction above (Abramowitz and Stegun, 6.5.29 and 6.5.31).
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return front * sum;
    }
    let mut b = x + 1.0 - shape;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let a = -i * (i - shape);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        let step = c * d;
        h *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * h
}

/// The place in `[low, high]` where the increasing function `f` reaches zero, to the last bit.
pub fn root(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut low, mut high) = (low, high);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// Probabilities proportional to `rank^-exponent`, hottest first; they sum to one.
pub fn zipf(keys: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=keys).map(|rank| libm::pow(rank as f64, -exponent)).collect();
    // From the smallest up, so that the many small terms are not lost.
    let total: f64 = weights.iter().rev().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

#[cfg(test)]
mod tests {
    use super::super::twin::{close, integrate};
    use super::*;

    #[test]
    fn exponential_integral_agrees_with_tables_and_with_its_integral() {
        // Abramowitz and Stegun, table 5.1.
        close(e1(0.5), 0.559_773_594_8, 1e-10);
        close(e1(1.0), 0.219_383_934_4, 1e-10);
        close(e1(2.0), 0.048_900_510_71, 1e-10);
        for x in [1e-9, 0.3, 0.999, 1.001, 7.0] {
            let by_hand = integrate(|t| if t == 0.0 { 1.0 } else { -libm::expm1(-t) / t }, 0.0, x);
            close(ein(x), by_hand, 1e-11 * (1.0 + x));
        }
    }

    #[test]
    fn gamma_cdf_of_whole_shapes_is_a_poisson_tail() {
        for (shape, x) in [(1u32, 0.2), (3, 2.5), (3, 9.0), (12, 5.0), (12, 150.0)] {
            let mut term = libm::exp(-x);
            let mut below = 0.0;
            for k in 0..shape {
                below += term;
                term *= x / f64::from(k + 1);
            }
            close(gamma_cdf(f64::from(shape), x), 1.0 - below, 1e-12);
        }
        let half = gamma_cdf(0.5, 2.0);
        close(half, libm::erf(libm::sqrt(2.0)), 1e-13);
    }

    #[test]
    fn root_is_found_to_the_last_bit() {
        close(root(|x| x * x - 2.0, 0.0, 2.0), libm::sqrt(2.0), 4e-16);
    }

    #[test]
    fn zipf_sums_to_one() {
        let p = zipf(100_000, 1.0);
        close(p.iter().sum(), 1.0, 1e-12);
        close(p[0] / p[9], 10.0, 1e-12);
    }
}
