//! Numbers as people write them.
//!
//! Three significant digits, except that whole numbers keep all their digits and shares keep what
//! distinguishes them from 100 %. Every table, sentence and chart prints through here.

use crate::model::currency;
use crate::units::{PERCENT_EXACT, decimals_of_percent, grouped};

/// A value in the unit of the catalogue, with a unit that fits its size: `1,180/s`, `12.5 ms`, `96.4 %`.
///
/// ```
/// use herdlab::measure::quantity::with_unit;
/// assert_eq!(with_unit(1180.2, "1/s"), "1,180/s");
/// assert_eq!(with_unit(0.25, "ms"), "250 µs");
/// assert_eq!(with_unit(0.9642, "1"), "96.4 %");
/// assert_eq!(with_unit(1234.5, "EUR"), "1,234 EUR");
/// ```
pub fn with_unit(value: f64, unit: &str) -> String {
    let scale = Scale::fitting(unit, value.abs());
    scale.with_suffix(&scale.number(value))
}

/// The same with all the digits that the value was written with: for limits that somebody has set.
///
/// ```
/// use herdlab::measure::quantity::exact;
/// assert_eq!(exact(1234.56, "1/s"), "1,234.56/s");
/// assert_eq!(exact(0.995, "1"), "99.5 %");
/// assert_eq!(exact(30.0, "s"), "30 s");
/// ```
pub fn exact(value: f64, unit: &str) -> String {
    let scale = Scale::fitting(unit, value.abs());
    // Fifteen digits are what a double holds for certain: a division leaves none of its own.
    let rounded: f64 = format!("{:.14e}", value / scale.divisor).parse().unwrap_or(value);
    scale.with_suffix(&grouped(rounded))
}

/// A unit as printed and how much of the catalogue's unit one of it is. One scale for all numbers that
/// stand side by side keeps them comparable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// `ms`, `/s`, `%`, `MB`, or empty for a plain count.
    pub suffix: &'static str,
    /// Printed number = value / `divisor`.
    pub divisor: f64,
}

/// From which magnitude on a value is printed so: suffix, and how much of the unit one of it is.
pub type Step = (f64, &'static str, f64);

const NONE: Step = (0.0, "", 1.0);

/// The steps of every unit that is printed with one; a currency is printed as it is. Nothing is printed in the unit itself, where that is a step.
pub const SCALES: &[(&str, &[Step])] = &[
    ("ms", &[(0.0, "µs", 1e-3), (0.9995, "ms", 1.0), (10_000.0, "s", 1e3)]),
    ("s", &[(0.0, "ms", 1e-3), (0.9995, "s", 1.0)]),
    ("ns", &[(0.0, "µs", 1e3), (1e6, "ms", 1e6), (1e9, "s", 1e9)]),
    ("1/s", &[(0.0, "/s", 1.0)]),
    ("1", &[(0.0, "%", 0.01)]),
    ("bytes", &[(0.0, "B", 1.0), (1e3, "kB", 1e3), (1e6, "MB", 1e6), (1e9, "GB", 1e9)]),
    ("bytes/s", &[(0.0, "B/s", 1.0), (1e3, "kB/s", 1e3), (1e6, "MB/s", 1e6), (1e9, "GB/s", 1e9)]),
];

impl Scale {
    /// The scale for a catalogue unit in which `magnitude` reads well.
    pub fn fitting(unit: &str, magnitude: f64) -> Scale {
        if let Some(suffix) = currency(unit) {
            return Scale { suffix, divisor: 1.0 };
        }
        let steps = SCALES.iter().find(|(known, _)| *known == unit).map_or(&[NONE][..], |(_, steps)| steps);
        let step = match magnitude > 0.0 {
            true => steps.iter().rfind(|(from, ..)| *from <= magnitude),
            false => steps.iter().find(|(_, _, divisor)| *divisor == 1.0),
        };
        let (_, suffix, divisor) = *step.unwrap_or(&steps[0]);
        Scale { suffix, divisor }
    }

    /// The number alone, in this scale.
    pub fn number(&self, value: f64) -> String {
        let scaled = value / self.divisor;
        if self.suffix == "%" { percent_digits(scaled) } else { number(scaled) }
    }

    /// A printed number with the unit behind it.
    pub fn with_suffix(&self, printed: &str) -> String {
        match self.suffix {
            "" => printed.to_string(),
            "/s" => format!("{printed}/s"),
            suffix => format!("{printed} {suffix}"),
        }
    }

    /// The unit as a column or axis heading names it: `per second` for `/s`.
    pub fn heading(&self) -> &'static str {
        match self.suffix {
            "/s" => "per second",
            suffix => suffix,
        }
    }
}

/// A plain number with three significant digits; whole from 1,000 on.
///
/// ```
/// use herdlab::measure::quantity::number;
/// assert_eq!(number(1234567.0), "1,234,567");
/// assert_eq!(number(12.345), "12.3");
/// assert_eq!(number(-0.004567), "−0.00457");
/// ```
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_string();
    }
    let magnitude = value.abs();
    let text = if magnitude < 1e-9 {
        "0".to_string()
    } else if magnitude < 1e-4 {
        format!("{magnitude:.2e}")
    } else if magnitude.fract() == 0.0 {
        grouped(format!("{magnitude:.0}"))
    } else {
        // Count digits after rounding, so that 9.999 becomes 10.0 and not 10.00.
        let exponent =
            format!("{magnitude:.2e}").rsplit('e').next().and_then(|text| text.parse::<i32>().ok());
        let decimals = (2 - exponent.unwrap_or(0)).clamp(0, 9) as usize;
        grouped(format!("{magnitude:.decimals$}"))
    };
    if value < 0.0 && text != "0" { format!("−{text}") } else { text }
}

/// A number with so many decimals, grouped: `12,345.6`.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = grouped(format!("{:.decimals$}", value.abs()));
    let zero = text.chars().all(|letter| "0.,".contains(letter));
    if value < 0.0 && !zero { format!("−{text}") } else { text }
}

/// A share in per cent, without the sign: one decimal, more near 0 and near 100 where a tenth would hide the difference.
///
/// ```
/// use herdlab::measure::quantity::percent;
/// assert_eq!(percent(0.8312), "83.1");
/// assert_eq!(percent(0.9999996), "99.99996");
/// assert_eq!(percent(1.0004), "100.04");
/// ```
pub fn percent(share: f64) -> String {
    percent_digits(share * 100.0)
}

/// A share in per cent to so many decimals, or to as many as it takes not to read 0 or 100 where it is neither.
///
/// ```
/// use herdlab::measure::quantity::percent_to;
/// assert_eq!(percent_to(0.99998, 2), "99.998");
/// assert_eq!(percent_to(0.00002, 2), "0.002");
/// assert_eq!(percent_to(0.5, 0), "50");
/// ```
pub fn percent_to(share: f64, decimals: usize) -> String {
    let percent = share * 100.0;
    fixed(percent, decimals_of_percent(percent, decimals))
}

fn percent_digits(percent: f64) -> String {
    let magnitude = percent.abs();
    let to_hundred = 100.0 - magnitude;
    let decimals = match magnitude {
        nothing if nothing < PERCENT_EXACT => return "0".to_string(),
        small if small < 1.0 => return number(percent),
        _ if to_hundred.abs() < PERCENT_EXACT => 0,
        many if many >= 1000.0 => 0,
        _ if to_hundred > 0.0 && to_hundred < 0.1 => 4,
        few if few < 10.0 || (to_hundred > 0.0 && to_hundred < 1.0) => 2,
        _ => 1,
    };
    fixed(percent, decimals_of_percent(percent, decimals))
}

/// A relative change with sign: `−83 %`, `+4.1 %`; from a doubling on as a factor (`×12.3`).
///
/// ```
/// use herdlab::measure::quantity::change;
/// assert_eq!(change(-0.8312), "−83.1 %");
/// assert_eq!(change(11.3), "×12.3");
/// ```
pub fn change(relative: f64) -> String {
    if relative >= 2.0 {
        return format!("×{}", number(relative + 1.0));
    }
    format!("{} %", signed(&percent_digits(relative * 100.0)))
}

/// Puts a plus before a printed number that has no sign.
pub fn signed(printed: &str) -> String {
    if printed.starts_with('−') || printed == "0" { printed.to_string() } else { format!("+{printed}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_round_across_powers_of_ten() {
        assert_eq!(number(999.6), "1,000");
        assert_eq!(number(9.999), "10.0");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(123.4), "123");
        assert_eq!(number(0.00002), "2.00e-5");
        assert_eq!(number(f64::NAN), "–");
    }

    #[test]
    fn shares_show_what_separates_them_from_all() {
        assert_eq!(with_unit(0.99954, "1"), "99.9540 %");
        assert_eq!(with_unit(0.9954, "1"), "99.54 %");
        assert_eq!(with_unit(0.999_999_6, "1"), "99.99996 %");
        assert_eq!(with_unit(0.999_999_999_6, "1"), "99.99999996 %");
        assert_eq!(with_unit(1.000_4, "1"), "100.04 %");
        assert_eq!(with_unit(1.0, "1"), "100 %");
        assert_eq!(with_unit(1e-9, "1"), "1.00e-7 %");
        assert_eq!(with_unit(0.0, "1"), "0 %");
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(with_unit(12_345.0, "ms"), "12.3 s");
        assert_eq!(with_unit(64e6, "bytes"), "64 MB");
        assert_eq!(with_unit(3.0, "count"), "3");
        assert_eq!(with_unit(0.0, "ms"), "0 ms");
    }
}
