//! Readers of single values: durations, sizes, rates, shares, counts and distributions.

use std::fmt::Display;

use super::fields::{Context, Fields, Tagged};
use super::file::{Node, Value};
use crate::model::{Dist, Nanos, Size};
use crate::trace::{self, csv};
use crate::units;

/// The 99th percentile of the standard normal distribution.
pub(crate) const Z_99: f64 = 2.326_347_874_040_840_8;

/// Longest string value that Redis stores.
const LARGEST_VALUE_BYTES: u64 = 512 << 20;

/// A text with a unit, read by `parse`; `expected` describes it.
pub(crate) fn quantity<T, E: Display>(
    cx: &mut Context,
    node: &Node,
    expected: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    match &node.value {
        Value::String(text) => match parse(text) {
            Ok(value) => Some(value),
            Err(reason) => cx.wrong(node, format!("expected {expected}: {reason}")),
        },
        Value::Integer(_) | Value::Float(_) => {
            cx.wrong(node, format!("expected {expected}, found a bare number"))
        }
        _ => cx.wrong(node, format!("expected {expected}, found {}", node.kind())),
    }
}

const A_DURATION: &str = "a duration such as \"250ms\" or \"2m 30s\"";
const A_SIZE: &str = "a size such as \"1kB\" or \"64MiB\"";

pub(crate) fn duration(cx: &mut Context, node: &Node) -> Option<Nanos> {
    quantity(cx, node, A_DURATION, units::parse_duration)
}

/// A duration above zero.
pub(crate) fn positive_duration(cx: &mut Context, node: &Node) -> Option<Nanos> {
    match duration(cx, node)? {
        0 => cx.wrong_with_example(node, "expected a duration above zero", "\"250ms\""),
        ns => Some(ns),
    }
}

/// Nanoseconds with fractions, for costs per byte.
pub(crate) fn fine_duration(cx: &mut Context, node: &Node) -> Option<f64> {
    quantity(cx, node, "a duration with one unit such as \"0.5ns\"", units::parse_fine_duration)
}

pub(crate) fn bytes(cx: &mut Context, node: &Node) -> Option<u64> {
    quantity(cx, node, A_SIZE, units::parse_bytes)
}

fn fine_bytes(cx: &mut Context, node: &Node) -> Option<f64> {
    quantity(cx, node, A_SIZE, units::parse_fine_bytes)
}

pub(crate) fn text(cx: &mut Context, node: &Node) -> Option<String> {
    match node.as_str() {
        Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
        Some(_) => cx.wrong(node, "expected some text"),
        None => cx.wrong(node, format!("expected a string, found {}", node.kind())),
    }
}

pub(crate) fn truth(cx: &mut Context, node: &Node) -> Option<bool> {
    match node.value {
        Value::Boolean(truth) => Some(truth),
        _ => cx.wrong(node, format!("expected true or false, found {}", node.kind())),
    }
}

/// A finite number, integer or not.
pub(crate) fn number(cx: &mut Context, node: &Node) -> Option<f64> {
    match node.value {
        Value::Integer(integer) => Some(integer as f64),
        Value::Float(float) if float.is_finite() => Some(float),
        Value::Float(_) => cx.wrong(node, "expected a finite number"),
        _ => cx.wrong(node, format!("expected a number, found {}", node.kind())),
    }
}

/// A number of at least `least`.
pub(crate) fn at_least(least: f64) -> impl FnOnce(&mut Context, &Node) -> Option<f64> {
    move |cx, node| match number(cx, node)? {
        value if value >= least => Some(value),
        _ => cx.wrong_with_example(
            node,
            format!("expected a number of at least {least}"),
            &format!("{:?}", least.max(1.0)),
        ),
    }
}

/// A number above zero.
pub(crate) fn positive(cx: &mut Context, node: &Node) -> Option<f64> {
    match number(cx, node)? {
        value if value > 0.0 => Some(value),
        _ => cx.wrong_with_example(node, "expected a number above 0", "1.0"),
    }
}

/// An integer within `least..=most`.
pub(crate) fn integer(least: u64, most: u64) -> impl FnOnce(&mut Context, &Node) -> Option<u64> {
    move |cx, node| match node.value {
        Value::Integer(value) => match u64::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            _ => {
                let expected = match most {
                    u64::MAX => format!("expected a whole number of at least {least}"),
                    most => format!("expected a whole number from {least} to {most}"),
                };
                cx.wrong_with_example(node, expected, &least.max(1).min(most).to_string())
            }
        },
        _ => cx.wrong(node, format!("expected a whole number, found {}", node.kind())),
    }
}

/// An integer that fits 32 bits, at least `least`.
pub(crate) fn count(least: u32) -> impl FnOnce(&mut Context, &Node) -> Option<u32> {
    move |cx, node| integer(u64::from(least), u64::from(u32::MAX))(cx, node).map(|value| value as u32)
}

/// A fraction of one: `0.1` or `"10%"`.
pub(crate) fn share(cx: &mut Context, node: &Node) -> Option<f64> {
    const A_SHARE: &str = "a share such as 0.1 or \"10%\"";
    let value = match &node.value {
        Value::String(_) => quantity(cx, node, A_SHARE, units::parse_percentage)?,
        Value::Integer(_) | Value::Float(_) => number(cx, node)?,
        _ => return cx.wrong(node, format!("expected {A_SHARE}, found {}", node.kind())),
    };
    if (0.0..=1.0).contains(&value) {
        Some(value)
    } else {
        cx.wrong_with_example(node, "expected a share from 0 to 1, or \"0%\" to \"100%\"", "0.1 or \"10%\"")
    }
}

/// A share above zero.
pub(crate) fn positive_share(cx: &mut Context, node: &Node) -> Option<f64> {
    match share(cx, node)? {
        value if value > 0.0 => Some(value),
        _ => cx.wrong_with_example(node, "expected a share above 0", "0.1 or \"10%\""),
    }
}

/// Events per second, above zero: `1000`, `"5000/s"` or `"300/min"`.
pub(crate) fn rate(cx: &mut Context, node: &Node) -> Option<f64> {
    const A_RATE: &str = "a rate above 0 such as 1000 (per second), \"5000/s\" or \"300/min\"";
    let value = match &node.value {
        Value::String(_) => quantity(cx, node, A_RATE, units::parse_rate)?,
        Value::Integer(_) | Value::Float(_) => number(cx, node)?,
        _ => return cx.wrong(node, format!("expected {A_RATE}, found {}", node.kind())),
    };
    if value > 0.0 { Some(value) } else { cx.wrong(node, format!("expected {A_RATE}")) }
}

/// Bytes per second of a text such as `"1GB/s"`.
pub(crate) fn parse_bandwidth(text: &str) -> Result<f64, String> {
    match text.trim().strip_suffix("/s") {
        Some(size) => units::parse_fine_bytes(size).map_err(|reason| reason.to_string()),
        None => Err("it ends in \"/s\"".to_owned()),
    }
}

/// Bytes per second: `"1GB/s"`.
pub(crate) fn bandwidth(cx: &mut Context, node: &Node) -> Option<f64> {
    const A_BANDWIDTH: &str = "a bandwidth above 0 such as \"1GB/s\" (bytes, not bits)";
    let value = quantity(cx, node, A_BANDWIDTH, parse_bandwidth)?;
    if value > 0.0 { Some(value) } else { cx.wrong(node, format!("expected {A_BANDWIDTH}")) }
}

/// A name that can stand in a dotted path and in the name of a measure.
pub(crate) fn name(cx: &mut Context, node: &Node) -> Option<String> {
    let text = text(cx, node)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        Some(text)
    } else {
        cx.wrong(node, "expected a name of letters, digits, '-' and '_'")
    }
}

/// One of a list of words.
pub(crate) fn word<T: Copy>(choices: &[(&str, T)]) -> impl FnOnce(&mut Context, &Node) -> Option<T> {
    move |cx, node| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let example = format!("\"{}\"", words.first().copied().unwrap_or_default());
        let tagged = Tagged::read(cx, node, &words, &example)?;
        let (_, value) = choices.iter().find(|(word, _)| *word == tagged.tag)?;
        tagged.plain(cx, *value)
    }
}

/// A list of strings.
pub(crate) fn texts(cx: &mut Context, node: &Node) -> Option<Vec<String>> {
    match &node.value {
        Value::Array(items) => items.iter().map(|item| text(cx, item)).collect(),
        _ => cx.wrong(node, format!("expected a list of strings, found {}", node.kind())),
    }
}

const DIST_EXAMPLE: &str = "{ lognormal = { median = \"50ms\", p99 = \"200ms\" } }";

/// A random length of time: `"5ms"` or `{ lognormal = { median = "50ms", p99 = "200ms" } }`.
pub(crate) fn dist(cx: &mut Context, node: &Node) -> Option<Dist> {
    if !matches!(node.value, Value::Table(_)) {
        let expected = format!("{A_DURATION}, or a distribution such as {DIST_EXAMPLE}");
        let ns = quantity(cx, node, &expected, units::parse_duration)?;
        return Some(Dist::Constant { ns: ns as f64 });
    }
    let tags = ["constant", "exponential", "lognormal", "gamma", "hyperexponential", "empirical"];
    let tagged = Tagged::read(cx, node, &tags, DIST_EXAMPLE)?;
    let mean = |f: &mut Fields<'_, '_>| f.require("mean", "a duration such as \"50ms\"", positive_duration);
    match tagged.tag {
        "constant" => {
            let body = tagged.value(cx, "\"5ms\"")?;
            cx.within("constant", |cx| duration(cx, body)).map(|ns| Dist::Constant { ns: ns as f64 })
        }
        "exponential" => {
            tagged.table(cx, "{ mean = \"50ms\" }", |f| Some(Dist::Exponential { mean_ns: mean(f)? as f64 }))
        }
        "lognormal" => tagged.table(cx, "{ median = \"50ms\", p99 = \"200ms\" }", |f| {
            let median = f.require("median", "a duration such as \"50ms\"", positive_duration);
            let p99 = f.require("p99", "a duration such as \"200ms\"", positive_duration);
            let (mu, sigma) = lognormal(f, median? as f64, p99? as f64)?;
            Some(Dist::Lognormal { mu, sigma })
        }),
        "gamma" => tagged.table(cx, "{ mean = \"50ms\", cv2 = 0.5 }", |f| {
            let mean_ns = mean(f);
            let cv2 = f.require("cv2", "the squared coefficient of variation, above 0", positive);
            Some(Dist::Gamma { mean_ns: mean_ns? as f64, cv2: cv2? })
        }),
        "hyperexponential" => tagged.table(cx, "{ mean = \"50ms\", cv2 = 4.0 }", |f| {
            let mean_ns = mean(f);
            let cv2 = f.require("cv2", "the squared coefficient of variation, at least 1", at_least(1.0));
            Some(Dist::Hyperexponential { mean_ns: mean_ns? as f64, cv2: cv2? })
        }),
        _ => tagged.table(cx, "{ file = \"times.csv\", column = \"ms\", unit = \"ms\" }", empirical),
    }
}

/// `mu` and `sigma` of the lognormal distribution with this median and 99th percentile.
fn lognormal(f: &mut Fields<'_, '_>, median: f64, p99: f64) -> Option<(f64, f64)> {
    if p99 > median {
        return Some((libm::log(median), libm::log(p99 / median) / Z_99));
    }
    let title = format!("wrong value for {}.p99", f.cx.here());
    let (p99_place, median_place) = (f.place("p99"), f.place("median"));
    f.cx.report(
        super::diagnostic::Diagnostic::new(title, p99_place, "expected more than the median")
            .also(median_place, "the median"),
    );
    None
}

/// Observations from one column of a CSV file with a header row.
fn empirical(f: &mut Fields<'_, '_>) -> Option<Dist> {
    let file = f.require("file", "a CSV file with a header row", text);
    let file_node = f.node("file");
    let column = f.require("column", "the name of its column", text);
    let unit = f.require("unit", "the unit of its numbers, such as \"ms\"", time_unit);
    let (file, column, unit, node) = (file?, column?, unit?, file_node?);
    let path = f.cx.file(&file);
    match read_column(&path, &file, &column, unit as f64) {
        Ok(ns) => Some(Dist::Empirical { ns }),
        Err(reason) => f.cx.wrong(node, reason),
    }
}

/// The longest time that the clock can hold.
const LONGEST_NS: f64 = u64::MAX as f64;

fn read_column(path: &std::path::Path, shown: &str, column: &str, unit_ns: f64) -> Result<Vec<f64>, String> {
    let file = trace::open_whole(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let mut rows = csv::reader(file);
    let header = rows.byte_headers().map_err(|error| format!("cannot read {shown}: {error}"))?;
    let index = csv::position(header, column)
        .ok_or_else(|| format!("{shown} has no column \"{column}\"; it has {}", csv::listed(header)))?;
    let mut values = Vec::new();
    let mut row = ::csv::ByteRecord::new();
    while let Some(line) =
        csv::next_row(&mut rows, &mut row).map_err(|(line, error)| format!("{shown}:{line}: {error}"))?
    {
        let cell = row.get(index).unwrap_or_default().trim_ascii();
        match csv::parsed::<f64>(cell).map(|value| value * unit_ns) {
            Some(ns) if (0.0..=LONGEST_NS).contains(&ns) => values.push(ns),
            _ => {
                let cell = csv::shown(cell);
                return Err(format!("{shown}:{line}: \"{cell}\" is not a time from 0 to 584 years"));
            }
        }
    }
    if values.is_empty() {
        return Err(format!("{shown} has no rows"));
    }
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// A bare unit of time: nanoseconds per unit.
pub(crate) fn time_unit(cx: &mut Context, node: &Node) -> Option<u64> {
    quantity(cx, node, "a unit of time such as \"s\" or \"ms\"", units::parse_time_unit)
}

/// A size in bytes: `"1kB"` or `{ lognormal = { median = "300B", p99 = "10kB" } }`.
pub(crate) fn size(cx: &mut Context, node: &Node) -> Option<Size> {
    const EXAMPLE: &str = "{ lognormal = { median = \"300B\", p99 = \"10kB\" } }";
    if !matches!(node.value, Value::Table(_)) {
        let expected = format!("{A_SIZE}, or a distribution such as {EXAMPLE}");
        return quantity(cx, node, &expected, units::parse_bytes).map(|bytes| Size::Constant { bytes });
    }
    let tagged = Tagged::read(cx, node, &["constant", "lognormal", "pareto"], EXAMPLE)?;
    match tagged.tag {
        "constant" => {
            let body = tagged.value(cx, "\"1kB\"")?;
            cx.within("constant", |cx| bytes(cx, body)).map(|bytes| Size::Constant { bytes })
        }
        "lognormal" => tagged.table(cx, "{ median = \"300B\", p99 = \"10kB\" }", |f| {
            let median = f.require("median", "a size such as \"300B\"", fine_bytes);
            let p99 = f.require("p99", "a size such as \"10kB\"", fine_bytes);
            let max_bytes = f.read("max", bytes).unwrap_or(LARGEST_VALUE_BYTES);
            let median = median?;
            if median <= 0.0 {
                let title = format!("wrong value for {}.median", f.cx.here());
                let place = f.place("median");
                f.cx.report(super::diagnostic::Diagnostic::new(title, place, "expected a size above zero"));
                return None;
            }
            let (mu, sigma) = lognormal(f, median, p99?)?;
            Some(Size::Lognormal { mu, sigma, max_bytes })
        }),
        _ => tagged.table(cx, "{ location = \"0B\", scale = \"214B\", shape = 0.35 }", |f| {
            let location = f.read("location", fine_bytes).unwrap_or(0.0);
            let scale = f.require("scale", "a size such as \"214B\"", fine_bytes);
            let shape = f.require("shape", "a number, 0 or above", at_least(0.0));
            let max_bytes = f.read("max", bytes).unwrap_or(LARGEST_VALUE_BYTES);
            Some(Size::Pareto { location, scale: scale?, shape: shape?, max_bytes })
        }),
    }
}
