//! Single values: durations, sizes, rates, shares and counts.

use std::fmt::Display;
use std::marker::PhantomData;

use super::Form;
use super::fields::{Context, Tagged};
use super::file::{Node, Value};
use super::kind::{self, Kind};
use crate::units;

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

pub(crate) const A_DURATION: &str = "a duration such as \"250ms\" or \"2m 30s\"";
pub(crate) const A_SIZE: &str = "a size such as \"1kB\" or \"64MiB\"";

pub(crate) fn duration(cx: &mut Context, node: &Node) -> Option<u64> {
    quantity(cx, node, A_DURATION, units::parse_duration)
}

/// A duration above zero.
pub(crate) fn positive_duration(cx: &mut Context, node: &Node) -> Option<u64> {
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

pub(crate) fn fine_bytes(cx: &mut Context, node: &Node) -> Option<f64> {
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

/// A list of `what`, each read by `read`.
fn list_of<T>(
    cx: &mut Context,
    node: &Node,
    what: &str,
    read: impl Fn(&mut Context, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.value {
        Value::Array(items) => items.iter().map(|item| read(cx, item)).collect(),
        _ => cx.wrong(node, format!("expected a list of {what}, found {}", node.kind())),
    }
}

/// A bare unit of time: nanoseconds per unit.
pub(crate) fn time_unit(cx: &mut Context, node: &Node) -> Option<u64> {
    quantity(cx, node, "a unit of time such as \"s\" or \"ms\"", units::parse_time_unit)
}

/// Names the forms of single values: the type of the value, its kind, its reader.
macro_rules! forms {
    ($($(#[$docs:meta])* $Form:ident $(<$(const $bound:ident: $type:ty),*>)? of $Value:ty: $kind:expr, $read:expr;)*) => {$(
        $(#[$docs])*
        pub(crate) struct $Form $(<$(const $bound: $type),*>)?;

        impl $(<$(const $bound: $type),*>)? Form for $Form $(<$($bound),*>)? {
            type Value = $Value;
            type Around<'a> = ();
            const KIND: Kind = $kind;

            fn read(cx: &mut Context, node: &Node, (): ()) -> Option<$Value> {
                $read(cx, node)
            }
        }
    )*};
}

forms! {
    /// Nanoseconds.
    Duration of u64: kind::DURATION, duration;
    /// Nanoseconds above zero.
    PositiveDuration of u64: kind::POSITIVE_DURATION, positive_duration;
    /// Nanoseconds with fractions.
    FineDuration of f64: Kind::FineDuration, fine_duration;
    /// The length of a unit of time in nanoseconds.
    TimeUnit of u64: Kind::TimeUnit, time_unit;
    Bytes of u64: Kind::Size, bytes;
    FineBytes of f64: Kind::Size, fine_bytes;
    /// Per second, above zero.
    Rate of f64: Kind::Rate, rate;
    /// Bytes per second.
    Bandwidth of f64: Kind::Bandwidth, bandwidth;
    /// From 0 to 1.
    Share of f64: kind::SHARE, share;
    /// Above 0, at most 1.
    PositiveShare of f64: kind::POSITIVE_SHARE, positive_share;
    /// A number of at least `LEAST`.
    AtLeast<const LEAST: u32> of f64: Kind::Number { least: LEAST as f64 }, at_least(f64::from(LEAST));
    /// A number above zero.
    Positive of f64: Kind::Positive { below: f64::INFINITY }, positive;
    /// A whole number of at least 1 in 32 bits.
    Count of u32: kind::COUNT, count(1);
    /// The same, or `"unlimited"`.
    CountOrUnlimited of Option<u32>:
        Kind::Either(&[Kind::Words(&["unlimited"]), kind::COUNT]),
        |cx, node: &Node| match node.as_str() {
            Some("unlimited") => Some(None),
            _ => count(1)(cx, node).map(Some),
        };
    /// A whole number of 32 bits, from 0.
    Index of u32: Kind::Whole { least: 0, most: u32::MAX as u64 }, count(0);
    /// A whole number of at least `LEAST`, at most `MOST`.
    Whole<const LEAST: u64, const MOST: u64> of u64: Kind::Whole { least: LEAST, most: MOST }, integer(LEAST, MOST);
    /// The same in 32 bits.
    Whole32<const LEAST: u32, const MOST: u32> of u32:
        Kind::Whole { least: LEAST as u64, most: MOST as u64 },
        |cx, node| integer(u64::from(LEAST), u64::from(MOST))(cx, node).map(|value| value as u32);
    /// A part of a dotted path.
    Name of String: Kind::Name, name;
    /// Some text.
    Text of String: Kind::Text, text;
    Texts of Vec<String>: Kind::List(&Kind::Text), texts;
    Shares of Vec<f64>: Kind::List(&kind::SHARE), |cx, node| list_of(cx, node, "shares", share);
    /// Nanoseconds.
    Durations of Vec<u64>: Kind::List(&kind::DURATION), |cx, node| list_of(cx, node, "durations", duration);
}

impl Form for bool {
    type Value = bool;
    type Around<'a> = ();
    const KIND: Kind = Kind::Truth;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<bool> {
        truth(cx, node)
    }
}

/// A list of tables, or of what else `F` reads; `None` where one of them is wrong.
pub(crate) struct ListOf<F>(PhantomData<F>);

impl<F> Form for ListOf<F>
where
    F: for<'a> Form<Around<'a> = ()>,
{
    type Value = Vec<F::Value>;
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&F::KIND);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Vec<F::Value>> {
        let elements = elements(cx, node)?;
        let read: Vec<Option<F::Value>> = elements.iter().map(|element| F::read(cx, element, ())).collect();
        read.into_iter().collect()
    }
}

fn elements<'n>(cx: &mut Context, node: &'n Node) -> Option<&'n [Node]> {
    match &node.value {
        Value::Array(elements) => Some(elements),
        _ => {
            let label = format!("expected [[{}]] tables, found {}", cx.here(), node.kind());
            cx.wrong(node, label)
        }
    }
}

/// A value that `F` reads somewhere else, where its surroundings are known.
pub(crate) struct Later<F>(PhantomData<F>);

impl<F: Form> Form for Later<F> {
    type Value = ();
    type Around<'a> = ();
    const KIND: Kind = F::KIND;

    fn read(_: &mut Context, _: &Node, (): ()) -> Option<()> {
        Some(())
    }
}

/// Tables that `F` reads somewhere else.
pub(crate) struct LaterListOf<F>(PhantomData<F>);

impl<F: Form> Form for LaterListOf<F> {
    type Value = ();
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&F::KIND);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<()> {
        elements(cx, node).map(|_| ())
    }
}
