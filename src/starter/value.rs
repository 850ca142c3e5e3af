//! Numbers as people type them, and as TOML has them.

use crate::units::{self, UnitError, grouped};

/// A duration above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duration {
    pub ns: u64,
    /// As it was typed: `300s` stays `300s`.
    pub text: String,
}

/// `300s`, `1.2ms`, `2m 30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // Of a text with line breaks TOML would make two.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match units::parse_duration(&text) {
        Ok(0) => Err("a duration above zero".to_owned()),
        Ok(ns) => Ok(Duration { ns, text }),
        Err(UnitError::Malformed) => Err("a duration such as 5m, 300s or 1.2ms".to_owned()),
        Err(reason) => Err(format!("a duration such as 5m, 300s or 1.2ms; {reason}")),
    }
}

/// `2k`, `2,000`, `1.5M`: a whole number of at least one.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let expected = || "a whole number such as 12, 2,000, 2k or 1M".to_owned();
    let amount = number(text).ok_or_else(expected)?;
    let whole = amount.round();
    match (amount - whole).abs() < 1e-6 && (1.0..=4e9).contains(&whole) {
        true => Ok(whole as u64),
        false => Err(expected()),
    }
}

/// Events per second of `2k`, `2,000/s` or `120k/min`.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let expected = || "a rate such as 2000, 2k, 2,000/s or 120k/min".to_owned();
    let (amount, per) = text.split_once('/').unwrap_or((text, "s"));
    let amount = number(amount).ok_or_else(expected)?;
    let per_s = units::parse_rate(&format!("1/{}", per.trim())).map_err(|_| expected())?;
    let rate_per_s = amount * per_s;
    if (1e-3..=1e9).contains(&rate_per_s) { Ok(rate_per_s) } else { Err(expected()) }
}

/// From 0 to 1, of `5%` or `0.05`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let share = match text.ends_with('%') {
        true => units::parse_percentage(text).ok(),
        false => number(text),
    };
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| match number(text) {
        Some(bare) if bare > 1.0 => format!("a share such as 5% or 0.05; write {text}%"),
        _ => "a share such as 5% or 0.05".to_owned(),
    })
}

/// A decimal number, with commas between groups of three digits and with k, M or G behind it.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, factor) = match text.char_indices().last()? {
        (end, 'k' | 'K') => (&text[..end], 1e3),
        (end, 'M') => (&text[..end], 1e6),
        (end, 'G') => (&text[..end], 1e9),
        _ => (text, 1.0),
    };
    let digits = digits.trim();
    let whole = digits.split('.').next()?;
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = whole.contains(',');
    // `1,5` is one and a half to some people and fifteen to nobody.
    if is_grouped && (first.is_empty() || first.len() > 3 || groups.any(|group| group.len() != 3)) {
        return None;
    }
    let plain = digits.replace([',', '_'], "");
    if !plain.starts_with(|c: char| c.is_ascii_digit())
        || plain.contains(|c: char| !(c.is_ascii_digit() || c == '.'))
    {
        return None;
    }
    plain.parse::<f64>().ok().map(|amount| amount * factor)
}

/// A number of TOML: `2000`, `60_000`, `0.05`.
pub(super) fn toml_number(amount: f64) -> String {
    let rounded = (amount * 1e6).round() / 1e6;
    match rounded.fract() == 0.0 && rounded >= 10_000.0 {
        true => grouped(rounded).replace(',', "_"),
        false => rounded.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        assert_eq!(rate("2000"), Ok(2_000.0));
        assert_eq!(rate("2k"), Ok(2_000.0));
        assert_eq!(rate(" 2,000/s "), Ok(2_000.0));
        assert_eq!(rate("90k / min"), Ok(1_500.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        assert_eq!(count("1.5M"), Ok(1_500_000));
        assert_eq!(count("60_000"), Ok(60_000));
        assert_eq!(share("5 %"), Ok(0.05));
        assert_eq!(share("0.25"), Ok(0.25));
        assert_eq!(
            duration(" 300s ").map(|value| (value.ns, value.text)),
            Ok((300_000_000_000, "300s".to_owned()))
        );
        assert_eq!(duration("1.2ms").map(|value| value.ns), Ok(1_200_000));
    }

    #[test]
    fn what_is_refused_gets_the_expected_form() {
        for text in ["", "many", "1,5k", "1,0000", ",500", "0", "-3", "2k/week", "1e3", "."] {
            assert_eq!(rate(text), Err("a rate such as 2000, 2k, 2,000/s or 120k/min".to_owned()), "{text}");
        }
        for text in ["0", "1.5", "5G", "many"] {
            assert!(count(text).unwrap_err().starts_with("a whole number such as 12"), "{text}");
        }
        assert_eq!(share("5"), Err("a share such as 5% or 0.05; write 5%".to_owned()));
        assert_eq!(share("120%"), Err("a share such as 5% or 0.05".to_owned()));
        assert_eq!(
            duration("5"),
            Err("a duration such as 5m, 300s or 1.2ms; the unit is missing (write \"5 ms\")".to_owned())
        );
        assert_eq!(duration("0s"), Err("a duration above zero".to_owned()));
    }

    #[test]
    fn numbers_of_toml_have_groups_from_five_digits_on() {
        assert_eq!(
            [2_000.0, 60_000.0, 1_000_000.0, 1.5, 0.05].map(toml_number),
            ["2000", "60_000", "1_000_000", "1.5", "0.05"]
        );
    }
}
