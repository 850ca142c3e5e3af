//! Figures with their uncertainty, as tables print them.

pub use crate::catalog::spoken;
use crate::experiment::comparison::{Comparison, MeasureComparison, Verdict};
use crate::experiment::printed::rounded;
pub use crate::experiment::printed::{estimated, plus_minus};
use crate::experiment::statistics::Estimate;
use crate::experiment::withheld::Withheld;
pub use crate::measure::quantity::{
    Scale, change, exact, fixed, number, percent, percent_to, signed, with_unit,
};

/// Decimals of percentages and percentage points of a difference: finer ones decide nothing.
const DIFFERENCE_DECIMALS_MAX: usize = 2;

/// The paired difference to the baseline, as [`difference_from`]. Empty without a difference, and where a mean would be one over
/// two states.
pub fn difference(comparison: &Comparison, measure: &MeasureComparison) -> String {
    let two_states = measure.by_state.is_some() || matches!(measure.withheld, Some(Withheld::States { .. }));
    let Some(paired) = measure.difference.filter(|_| !two_states && comparison.baseline().states.is_none())
    else {
        return String::new();
    };
    let base = comparison.baseline().mean(&measure.name).unwrap_or(0.0);
    difference_from(base, &paired.estimate, paired.relative, &measure.unit)
}

/// A difference from a mean of `base`: `−83.1 ± 1.2 %` of that mean, `−98.0 (−100 to −91) %` where half an interval would be more
/// than there is; percentage points (`pt`) for shares; in the measure's own unit where the base cannot be told from zero.
/// `relative` has the bounds of the change as a share of the base.
pub fn difference_from(base: f64, difference: &Estimate, relative: Option<(f64, f64)>, unit: &str) -> String {
    if unit == "1" {
        let scale = Scale::fitting("1", 1.0);
        return format!("{} pt", with_sign(&rounded(&scale, difference, DIFFERENCE_DECIMALS_MAX)));
    }
    let certain = difference.interval.is_none() || relative.is_some();
    if base == 0.0 || !certain {
        let scale = Scale::fitting(unit, difference.mean.abs());
        return scale.with_suffix(&with_sign(&plus_minus(&scale, difference)));
    }
    let mean = difference.mean / base.abs();
    if mean >= 2.0 {
        return change(mean);
    }
    let Some((low, high)) = relative.map(|(low, high)| (low.min(mean), high.max(mean))) else {
        return change(mean);
    };
    let half = (mean - low).max(high - mean);
    let scale = Scale::fitting("1", 1.0);
    if mean - half < -1.0 {
        // No measure falls by more than there is.
        let [mean, low, high] = [mean, low, high].map(|share| signed(&scale.number(share.max(-1.0))));
        return format!("{mean} ({low} to {high}) %");
    }
    let share = Estimate { mean, interval: Some((mean - half, mean + half)), n: difference.n };
    format!("{} %", with_sign(&rounded(&scale, &share, DIFFERENCE_DECIMALS_MAX)))
}

/// The smallest detectable difference of a tie: `MDE 1.4 %`, in the unit of [`difference`]. Empty but for a tie.
pub fn detectable(comparison: &Comparison, measure: &MeasureComparison) -> String {
    let (Some(Verdict::Tie), Some(smallest)) = (measure.verdict, measure.detectable) else {
        return String::new();
    };
    let is_share = measure.difference.is_some_and(|paired| paired.relative.is_some());
    let base = comparison.baseline().mean(&measure.name).filter(|_| is_share).unwrap_or(0.0);
    detectable_from(base, smallest, &measure.unit)
}

/// The smallest difference from a mean of `base` that would not have been a tie: `MDE 1.4 %`; in the measure's own unit where
/// the base is zero.
pub fn detectable_from(base: f64, smallest: f64, unit: &str) -> String {
    let percent = |value: f64| match fixed(value, DIFFERENCE_DECIMALS_MAX.min(significant(value))) {
        printed if printed.chars().all(|letter| "0.".contains(letter)) => "0.01".to_string(),
        printed => printed,
    };
    match unit {
        "1" => format!("MDE {} pt", percent(smallest * 100.0)),
        _ if base == 0.0 => {
            let scale = Scale::fitting(unit, smallest);
            format!("MDE {}", scale.with_suffix(&scale.number(smallest)))
        }
        _ => format!("MDE {} %", percent(smallest / base.abs() * 100.0)),
    }
}

/// Decimals for two digits of a percentage.
fn significant(value: f64) -> usize {
    match value {
        tens if tens >= 10.0 => 0,
        ones if ones >= 1.0 => 1,
        _ => 2,
    }
}

/// A plus before a mean that is neither negative nor printed as nothing.
fn with_sign(printed: &str) -> String {
    let mean = printed.split(' ').next().unwrap_or_default();
    match mean.chars().all(|letter| "0.".contains(letter)) {
        true => printed.to_string(),
        false => signed(printed),
    }
}

/// Text whose numbers keep their units on the same line: no-break spaces before them.
pub fn unbroken(text: &str) -> String {
    const UNITS: [&str; 9] = ["%", "pt", "ms", "µs", "s", "B", "kB", "MB", "GB"];
    let mut words = text.split(' ').peekable();
    let mut joined = String::with_capacity(text.len() + 8);
    while let Some(word) = words.next() {
        joined.push_str(word);
        let Some(next) = words.peek() else { break };
        let unit = next.trim_end_matches([',', '.', ')', ';', ':']);
        let number = word.ends_with(|letter: char| letter.is_ascii_digit());
        joined.push(if number && UNITS.contains(&unit) { '\u{a0}' } else { ' ' });
    }
    joined
}

/// The scale in which one measure reads well for all variants together.
pub fn common_scale(comparison: &Comparison, measure: &str) -> Option<Scale> {
    let found = || comparison.variants.iter().filter_map(|variant| variant.measure(measure));
    let unit = &found().next()?.unit;
    let estimates = |measure: &MeasureComparison| match measure.by_state {
        Some(both) => both.into_iter().flatten().collect(),
        None => Vec::from_iter(measure.estimate),
    };
    let largest = found().flat_map(estimates).map(|estimate| estimate.mean.abs());
    Some(Scale::fitting(unit, largest.fold(0.0, f64::max)))
}

/// The measures a comparison shows: the headline, then those every reader looks for; without those that have
/// no value in any variant.
pub fn shown_measures(headline: &[String], comparison: &Comparison) -> Vec<String> {
    shown_where(headline, |name| comparison.variants.iter().any(|variant| variant.mean(name).is_some()))
}

/// The same of whatever has measures.
pub fn shown_where(headline: &[String], has_value: impl Fn(&str) -> bool) -> Vec<String> {
    const ALWAYS: [&str; 7] = [
        "hit_ratio",
        "db.qps.mean",
        "db.qps.peak",
        "latency.all.p50_ms",
        "latency.all.p99_ms",
        "error.ratio",
        "cost.month",
    ];
    let mut shown: Vec<String> = Vec::new();
    for name in headline.iter().map(String::as_str).chain(ALWAYS) {
        if has_value(name) && !shown.iter().any(|other| other == name) {
            shown.push(name.to_string());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{measure, record_of};

    fn printed(mean: f64, half: f64, unit: &str) -> String {
        let estimate = Estimate { mean, interval: Some((mean - half, mean + half)), n: 10 };
        plus_minus(&Scale::fitting(unit, mean.abs()), &estimate)
    }

    #[test]
    fn mean_and_width_end_at_the_same_digit() {
        assert_eq!(printed(91.93, 0.456, "ms"), "91.9 ± 0.5");
        assert_eq!(printed(0.9193, 0.001, "1"), "91.9 ± 0.1");
        assert_eq!(printed(12_345.0, 2_345.6, "1/s"), "12,345 ± 2,346");
    }

    #[test]
    fn units_stay_with_their_numbers() {
        let words = unbroken("cut by 85.0 % (from 1 to 32.6 ms) in 3 runs");
        assert_eq!(words, "cut by 85.0\u{a0}% (from 1 to 32.6\u{a0}ms) in 3 runs");
    }

    #[test]
    fn a_mean_that_happens_to_be_whole_keeps_its_digits() {
        assert_eq!(printed(4.0, 1.02, "count"), "4.0 ± 1.0");
        assert_eq!(printed(1.0, 0.0, "count"), "1 ± 0");
        assert_eq!(printed(280.0, 1.2, "1/s"), "280 ± 1");
    }

    #[test]
    fn differences_end_at_a_hundredth_of_a_per_cent() {
        let record = record_of(
            &[
                ("a", vec![measure("latency.all.p99_ms", &[2000.0, 2000.1])]),
                ("b", vec![measure("latency.all.p99_ms", &[2000.001, 2000.102])]),
                ("c", vec![measure("latency.all.p99_ms", &[1.0, 1.0])]),
            ],
            &[],
        );
        let comparison = compare(&record);
        let difference = |index: usize| {
            difference(&comparison, comparison.variants[index].measure("latency.all.p99_ms").unwrap())
        };
        assert_eq!(difference(1), "0.00 ± <0.01 %");
        assert_eq!(difference(2), "−99.95 ± <0.01 %");
    }

    #[test]
    fn a_small_width_is_not_rounded_to_nothing() {
        assert_eq!(printed(91.93, 0.04, "ms"), "91.9 ± 0.04");
        assert_eq!(printed(91.93, 0.004, "ms"), "91.9 ± <0.01");
        assert_eq!(printed(91.93, 0.0, "ms"), "91.9 ± 0");
    }

    #[test]
    fn a_percentage_is_all_or_nothing_only_where_it_is() {
        assert_eq!(printed(0.9996, 0.02, "1"), "99.96 ± 2.0");
        assert_eq!(printed(0.0003, 0.02, "1"), "0.03 ± 2.0");
        assert_eq!(printed(1.0, 0.02, "1"), "100 ± 2");
        let nearly = Estimate { mean: -99.9996, interval: Some((-99.9998, -99.9994)), n: 10 };
        assert_eq!(difference_from(100.0, &nearly, Some((-0.999998, -0.999994)), "ms"), "−99.9996 ± <0.01 %");
    }

    #[test]
    fn no_interval_promises_less_than_nothing() {
        let difference = Estimate { mean: -97.0, interval: Some((-140.0, -54.0)), n: 6 };
        let printed = |relative| difference_from(100.0, &difference, relative, "ms");
        assert_eq!(printed(Some((-0.975, -0.962))), "−97.0 ± 0.8 %");
        assert_eq!(printed(Some((-0.998, -0.85))), "−97.0 (−99.80 to −85.0) %");
        assert_eq!(printed(None), "−97 ± 43 ms");
        // However far it reaches on the other side.
        assert_eq!(printed(Some((-0.99, 3.5))), "−97.0 (−99.0 to +350.0) %");
    }
}
