//! Estimates as people write them.

use super::statistics::Estimate;
use crate::measure::quantity::{Scale, fixed};
use crate::units::decimals_of_percent;

/// `1,178 ± 14`: a mean and half the width of its interval, to the same digit; no unit.
///
/// ```
/// use herdlab::experiment::statistics::Estimate;
/// use herdlab::report::format::{Scale, plus_minus};
/// let estimate = Estimate { mean: 1178.3, interval: Some((1164.1, 1192.5)), n: 10 };
/// assert_eq!(plus_minus(&Scale::fitting("1/s", 1178.3), &estimate), "1,178 ± 14");
/// ```
pub fn plus_minus(scale: &Scale, estimate: &Estimate) -> String {
    rounded(scale, estimate, usize::MAX)
}

/// The same with a unit that fits its size: `1,178 ± 14/s`.
pub fn estimated(estimate: &Estimate, unit: &str) -> String {
    let scale = Scale::fitting(unit, estimate.mean.abs());
    scale.with_suffix(&plus_minus(&scale, estimate))
}

/// [`plus_minus`] with at most so many decimals; a width that they cannot show is `<0.01`.
pub fn rounded(scale: &Scale, estimate: &Estimate, decimals_max: usize) -> String {
    let value = estimate.mean / scale.divisor;
    let mut mean = scale.number(estimate.mean);
    // Few decimals must not make all or nothing of a percentage that is neither; a difference may be next to nothing.
    let may_vanish = decimals_max < usize::MAX && value.abs() < 50.0;
    let honest = |decimals: usize| match scale.suffix {
        "%" if !may_vanish => decimals_of_percent(value, decimals),
        _ => decimals,
    };
    if decimals_of(&mean) > decimals_max {
        mean = fixed(value, honest(decimals_max));
    }
    let Some(width) = estimate.half_width().map(|half| half / scale.divisor).filter(|width| *width > 1e-6)
    else {
        return if estimate.n > 1 { format!("{mean} ± 0") } else { mean };
    };
    let exponent = libm::floor(libm::log10(width)) as i32;
    // No more digits than the width justifies (two of its own), no more than the mean needs.
    let of_width = (1 - exponent).max(0) as usize;
    let decimals = of_mean(&mean, value).min(of_width).min(decimals_max);
    if mean.contains('e') || decimals_of(&mean) != decimals {
        mean = fixed(value, honest(decimals));
    }
    let printed = fixed(width, decimals);
    let vanished = printed.chars().all(|letter| "0.".contains(letter));
    if !vanished {
        return format!("{mean} ± {printed}");
    }
    // A width below the mean's last digit gets one digit more rather than vanish.
    let finest = (decimals + 1).min(decimals_max);
    match (-exponent).max(0) as usize {
        own if own <= finest => format!("{mean} ± {}", fixed(width, own)),
        _ => format!("{mean} ± <{}", libm::pow(10.0, -(finest as f64))),
    }
}

fn decimals_of(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// Decimals that a mean deserves: as printed, or those of three digits where it happens to be whole.
fn of_mean(printed: &str, value: f64) -> usize {
    let whole = !printed.contains('.');
    match value.abs() {
        small if whole && small > 0.5 && small < 10.0 => 2,
        tens if whole && (10.0..100.0).contains(&tens) => 1,
        _ => decimals_of(printed),
    }
}
