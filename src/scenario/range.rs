//! The values of an axis: a list, or a range that is spelt out (`"10s..300s:step 30s"`, `"1..64:log 7"`).

use super::axes::to_toml;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value, parse_value};
use crate::model::{Amount, Axis, AxisValue, Kind};
use crate::units;

/// Most values of one axis.
pub(crate) const MAX_VALUES: usize = 1_000;
const EXAMPLES: &str = "a list such as [\"10s\", \"60s\"], or a range such as \"10s..300s:step 30s\", \"10s..300s:lin 5\" \
                        or \"10s..300s:log 5\"";

/// A number with its unit, as written.
pub(super) struct Quantity<'t> {
    /// In `unit`.
    pub number: f64,
    pub whole: bool,
    pub unit: &'t str,
    pub kind: Kind,
    /// One `unit` in the unit of [`Amount::value`].
    pub unit_value: f64,
}

pub(super) fn quantity(text: &str) -> Result<Quantity<'_>, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (digits, unit) = (&text[..end], text[end..].trim());
    let number: f64 = digits.replace('_', "").parse().map_err(|_| {
        format!("\"{text}\" is not a number with at most one unit, such as 8, \"30s\" or \"64MB\"")
    })?;
    let one = format!("1{unit}");
    let (kind, unit_value) = match unit {
        "" => (Kind::Number, 1.0),
        "%" => (Kind::Share, 0.01),
        rate if rate.starts_with('/') => {
            (Kind::Rate, units::parse_rate(&one).map_err(|reason| reason.to_string())?)
        }
        _ => match (units::parse_fine_duration(&one), units::parse_fine_bytes(&one)) {
            (Ok(ns), _) => (Kind::Duration, ns / 1e9),
            (_, Ok(bytes)) => (Kind::Size, bytes),
            _ => return Err(format!("\"{text}\" has an unknown unit \"{unit}\"")),
        },
    };
    Ok(Quantity { number, whole: !digits.contains('.'), unit, kind, unit_value })
}

/// Dimension of a value, if it has one.
pub(crate) fn amount(node: &Node) -> Option<Amount> {
    let number = |value: f64| Amount { kind: Kind::Number, value };
    match &node.value {
        Value::Integer(integer) => Some(number(*integer as f64)),
        Value::Float(float) if float.is_finite() => Some(number(*float)),
        Value::String(text) => {
            if let Ok(found) = quantity(text) {
                // Numbers in quotes are words.
                return (found.kind != Kind::Number)
                    .then_some(Amount { kind: found.kind, value: found.number * found.unit_value });
            }
            let ns = units::parse_duration(text).ok()?;
            Some(Amount { kind: Kind::Duration, value: ns as f64 / 1e9 })
        }
        _ => None,
    }
}

/// The values of an axis, spelt out: those of a list point at their own place, those of a range at the range.
pub(crate) fn values(cx: &mut Context, node: &Node) -> Option<Vec<Node>> {
    let values = match &node.value {
        Value::Array(items) => items.clone(),
        Value::String(text) if text.contains("..") => match range(text, node.span) {
            Ok(values) => values,
            Err(reason) => return cx.wrong(node, reason),
        },
        _ => return cx.wrong(node, format!("expected {EXAMPLES}; found {}", node.kind())),
    };
    if values.is_empty() {
        return cx.wrong(node, format!("expected at least one value: {EXAMPLES}"));
    }
    if values.len() > MAX_VALUES {
        return cx.wrong(node, format!("{} values; an axis has at most {MAX_VALUES}", values.len()));
    }
    let texts: Vec<String> = values.iter().map(to_toml).collect();
    for (index, text) in texts.iter().enumerate() {
        if texts[..index].contains(text) {
            return cx.wrong(&values[index], format!("{text} is there twice"));
        }
    }
    Some(values)
}

/// An axis as the model holds it.
pub(crate) fn axis(path: &str, values: &[Node]) -> Axis {
    Axis { path: path.to_owned(), values: values.iter().map(axis_value).collect() }
}

/// A value of an axis as the model holds it.
pub(crate) fn axis_value(node: &Node) -> AxisValue {
    let toml = to_toml(node);
    let label = node.as_str().map_or_else(|| toml.clone(), str::to_owned);
    AxisValue { toml, label, amount: amount(node) }
}

/// `FROM..TO:step STEP`, `FROM..TO:lin COUNT` or `FROM..TO:log COUNT`.
fn range(text: &str, span: Span) -> Result<Vec<Node>, String> {
    let (from, rest) = text.split_once("..").ok_or_else(|| format!("expected {EXAMPLES}"))?;
    let (to, how) = rest
        .split_once(':')
        .ok_or_else(|| format!("how the range is divided is missing: write \"{text}:lin 5\" or the like"))?;
    let (from, to, how) = (quantity(from)?, quantity(to)?, how.trim());
    if from.kind != to.kind {
        return Err(format!(
            "from {} to {}: both ends must be of one kind",
            from.kind.name(),
            to.kind.name()
        ));
    }
    let last = to.number * to.unit_value / from.unit_value;
    if last <= from.number {
        return Err("the end of a range must be above its start".to_owned());
    }
    let numbers = if let Some(step) = how.strip_prefix("step") {
        let step = quantity(step)?;
        if step.kind != from.kind {
            let (step, ends) = (step.kind.name(), from.kind.name());
            return Err(format!("the step is {step} and the range {ends}: both must be of one kind"));
        }
        stepped(&from, last, &step)?
    } else if let Some(count) = how.strip_prefix("lin") {
        let count = count_of(count)?;
        let at = |index: usize| from.number + (last - from.number) * index as f64 / (count - 1) as f64;
        spread(&from, &to, last, count, 6, at)
    } else if let Some(count) = how.strip_prefix("log") {
        let count = count_of(count)?;
        if from.number <= 0.0 {
            return Err("a logarithmic range starts above zero".to_owned());
        }
        let ratio = last / from.number;
        let at = |index: usize| from.number * libm::pow(ratio, index as f64 / (count - 1) as f64);
        spread(&from, &to, last, count, 3, at)
    } else {
        return Err(format!("\"{how}\" divides no range: write \"step 30s\", \"lin 5\" or \"log 5\""));
    };
    Ok(numbers.into_iter().map(|text| Node { value: written(&text, from.unit), span }).collect())
}

fn count_of(text: &str) -> Result<usize, String> {
    let most = MAX_VALUES;
    match text.trim().parse() {
        Ok(count) if (2..=most).contains(&count) => Ok(count),
        _ => Err(format!("\"{}\" is not a number of values from 2 to {most}", text.trim())),
    }
}

/// From the start in equal steps; the end where a step hits it.
fn stepped(from: &Quantity<'_>, last: f64, step: &Quantity<'_>) -> Result<Vec<String>, String> {
    let width = step.number * step.unit_value / from.unit_value;
    if width <= 0.0 {
        return Err("the step must be above zero".to_owned());
    }
    let steps = libm::floor((last - from.number) / width + 1e-9);
    if steps >= MAX_VALUES as f64 {
        return Err(format!("{steps} steps; an axis has at most {MAX_VALUES} values"));
    }
    Ok((0..=steps as usize).map(|index| decimal(from.number + index as f64 * width, 12)).collect())
}

/// Values between the ends, rounded to so many digits; the ends as written. Whole ends keep the values whole where
/// there is no unit or none smaller.
fn spread(
    from: &Quantity<'_>,
    to: &Quantity<'_>,
    last: f64,
    count: usize,
    digits: i32,
    at: impl Fn(usize) -> f64,
) -> Vec<String> {
    let indivisible = matches!(from.unit, "" | "B" | "ns") && from.whole && to.whole;
    let mut texts: Vec<String> = (0..count)
        .map(|index| match index {
            0 => decimal(from.number, 12),
            index if index + 1 == count => decimal(last, 12),
            index if indivisible => decimal(at(index).round(), 12),
            index => decimal(at(index), digits),
        })
        .collect();
    // Whole numbers may coincide.
    texts.dedup();
    texts
}

/// A number rounded to so many significant digits, without an exponent or needless zeros.
pub(super) fn decimal(number: f64, digits: i32) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(number.abs())) as i32;
    let power = libm::pow(10.0, f64::from(digits - 1 - magnitude));
    let rounded = (number * power).round() / power;
    let decimals = (digits - 1 - magnitude).clamp(0, 15) as usize;
    let text = format!("{rounded:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn written(number: &str, unit: &str) -> Value {
    match unit {
        "" => match number.parse::<i128>() {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::Float(number.parse().unwrap_or(f64::NAN)),
        },
        unit => Value::String(format!("{number}{unit}")),
    }
}

/// The values of `--sweep PATH=VALUES`: a range, a TOML list, or values between commas, each as `--set` takes it.
pub(crate) fn of_option(text: &str, source: usize, offset: usize) -> Result<Node, Diagnostic> {
    let span = Span { source, start: offset, end: offset + text.len() };
    let trimmed = text.trim_start();
    if trimmed.starts_with('[') || (trimmed.contains("..") && !trimmed.starts_with(['"', '\'', '{'])) {
        return parse_value(text, source, offset);
    }
    let mut items = Vec::new();
    let mut start = 0;
    for piece in pieces(text) {
        let blanks = piece.len() - piece.trim_start().len();
        if !piece.trim().is_empty() {
            items.push(parse_value(piece.trim(), source, offset + start + blanks)?);
        }
        start += piece.len() + 1;
    }
    Ok(Node { value: Value::Array(items), span })
}

/// Between the commas that no bracket or quote encloses.
fn pieces(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start, mut found) = (0usize, None, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str) -> Result<String, String> {
        let span = Span { source: 0, start: 0, end: 0 };
        range(text, span).map(|nodes| nodes.iter().map(to_toml).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn ranges_are_spelt_out() {
        for (text, expected) in [
            ("10s..70s:step 30s", r#""10s" "40s" "70s""#),
            ("10s..1m:step 20s", r#""10s" "30s" "50s""#),
            ("10s..5m:log 5", r#""10s" "23.4s" "54.8s" "128s" "300s""#),
            ("64MiB..1GiB:log 5", r#""64MiB" "128MiB" "256MiB" "512MiB" "1024MiB""#),
            ("1..10:lin 4", "1 4 7 10"),
            ("1..8:log 10", "1 2 3 4 5 6 8"),
            ("0.5..1:lin 3", "0.5 0.75 1"),
            ("0%..50%:lin 3", r#""0%" "25%" "50%""#),
            ("100/s..400/s : step 100/s", r#""100/s" "200/s" "300/s" "400/s""#),
            ("0.1..0.3:step0.1", "0.1 0.2 0.3"),
        ] {
            assert_eq!(spelt(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_says_why() {
        for (text, reason) in [
            ("10s..5m", "how the range is divided is missing"),
            ("10s..5MB:lin 3", "both ends must be of one kind"),
            ("10s..5s:lin 3", "above its start"),
            ("10s..50s:step 5MB", "both must be of one kind"),
            ("10s..50s:step 0s", "above zero"),
            ("0..5:log 3", "above zero"),
            ("1..5:lin 1", "from 2 to"),
            ("1..5:cubic 4", "divides no range"),
            ("1..1000000:step 1", "at most"),
            ("1x..5x:lin 3", "unknown unit"),
            ("2m 30s..5m:lin 3", "unit"),
            ("..5m:lin 3", "not a number"),
        ] {
            let told = spelt(text).unwrap_err();
            assert!(told.contains(reason), "{text}: {told}");
        }
    }

    #[test]
    fn an_option_splits_where_nothing_encloses_the_comma() {
        let texts = |text: &str| to_toml(&of_option(text, 1, 0).unwrap());
        assert_eq!(texts("5s,10s"), r#"["5s", "10s"]"#);
        assert_eq!(texts("1, 2"), "[1, 2]");
        assert_eq!(texts(r#"none,{ plus = "10%" }"#), r#"["none", { plus = "10%" }]"#);
        assert_eq!(texts(r#"["a", "b"]"#), r#"["a", "b"]"#);
        assert_eq!(texts("10s..1m:lin 3"), r#""10s..1m:lin 3""#);
    }

    #[test]
    fn quantities_have_an_amount_and_words_none() {
        let of = |text: &str| amount(&parse_value(text, 0, 0).unwrap());
        assert_eq!(of("90s"), Some(Amount { kind: Kind::Duration, value: 90.0 }));
        assert_eq!(of("1m 30s"), Some(Amount { kind: Kind::Duration, value: 90.0 }));
        assert_eq!(of("64MB"), Some(Amount { kind: Kind::Size, value: 64e6 }));
        assert_eq!(of("10%"), Some(Amount { kind: Kind::Share, value: 0.1 }));
        assert_eq!(of("8"), Some(Amount { kind: Kind::Number, value: 8.0 }));
        assert_eq!(of("lru"), None);
        assert_eq!(of("{ plus = \"10%\" }"), None);
    }
}
