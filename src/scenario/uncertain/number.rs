//! The numbers of a range: how a file writes them, and back.

use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::parse_bandwidth;
use crate::units;

/// How the option where a range stands writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole nanoseconds.
    Duration,
    FineDuration,
    Size,
    Rate,
    Bandwidth,
    Share,
    Number,
    Whole,
}

/// Those that a kind of value takes; none for words, lists and tables.
pub(super) fn forms(kind: &Kind) -> Vec<Form> {
    match kind {
        Kind::Duration { .. } | Kind::RandomTime => vec![Form::Duration],
        Kind::FineDuration => vec![Form::FineDuration],
        Kind::Size | Kind::RandomSize => vec![Form::Size],
        Kind::Rate => vec![Form::Rate],
        Kind::Bandwidth => vec![Form::Bandwidth],
        Kind::Share { .. } => vec![Form::Share],
        Kind::Number { .. } | Kind::Positive { .. } => vec![Form::Number],
        Kind::Whole { .. } => vec![Form::Whole],
        Kind::Either(kinds) => kinds.iter().flat_map(forms).collect(),
        _ => Vec::new(),
    }
}

const NS_PER_S: f64 = 1e9;

impl Form {
    /// As the catalogue of measures names units.
    pub fn unit(self) -> &'static str {
        match self {
            Form::Duration | Form::FineDuration => "s",
            Form::Size => "bytes",
            Form::Rate => "1/s",
            Form::Bandwidth => "bytes/s",
            Form::Share => "1",
            Form::Number | Form::Whole => "count",
        }
    }

    /// The number in that unit.
    ///
    /// # Errors
    /// What was expected.
    pub fn number(self, node: &Node) -> Result<f64, String> {
        let expected = |what: &str| format!("expected {what}, found {}", node.kind());
        let bare = || match node.value {
            Value::Integer(integer) => Some(integer as f64),
            Value::Float(float) if float.is_finite() => Some(float),
            _ => None,
        };
        let text = |what: &str, parse: &dyn Fn(&str) -> Result<f64, String>| match node.as_str() {
            Some(text) => parse(text).map_err(|reason| format!("expected {what}: {reason}")),
            None => Err(expected(what)),
        };
        let either = |what: &str, parse: &dyn Fn(&str) -> Result<f64, String>| match bare() {
            Some(number) => Ok(number),
            None => text(what, parse),
        };
        fn told<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, String> {
            read.map_err(|reason| reason.to_string())
        }
        match self {
            Form::Duration => text("a duration such as \"250ms\"", &|text| {
                told(units::parse_duration(text)).map(|ns| ns as f64 / NS_PER_S)
            }),
            Form::FineDuration => text("a duration with one unit such as \"0.5ns\"", &|text| {
                told(units::parse_fine_duration(text)).map(|ns| ns / NS_PER_S)
            }),
            Form::Size => text("a size such as \"64MB\"", &|text| told(units::parse_fine_bytes(text))),
            Form::Rate => either("a rate such as 1000 or \"300/min\"", &|text| told(units::parse_rate(text))),
            Form::Bandwidth => text("a bandwidth such as \"1GB/s\"", &parse_bandwidth),
            Form::Share => {
                either("a share such as 0.1 or \"10%\"", &|text| told(units::parse_percentage(text)))
            }
            Form::Number => bare().ok_or_else(|| expected("a number")),
            Form::Whole => match node.value {
                Value::Integer(integer) => Ok(integer as f64),
                _ => Err(expected("a whole number")),
            },
        }
    }

    /// The same as people write it: `"4.321ms"`, `1200`.
    pub fn toml(self, value: f64) -> String {
        let quoted = |text: String| format!("\"{text}\"");
        match self {
            Form::Duration => quoted(units::format_duration((value * NS_PER_S).round() as u64)),
            Form::FineDuration => quoted(format!("{}ns", value * NS_PER_S)),
            Form::Size => quoted(format!("{}B", value.round())),
            Form::Bandwidth => quoted(format!("{value}B/s")),
            Form::Rate | Form::Share | Form::Number => toml::Value::Float(value).to_string(),
            Form::Whole => format!("{}", value.round()),
        }
    }

    /// A number in that unit as the option reads it.
    pub fn written(self, value: f64) -> Value {
        match self {
            Form::Duration => Value::String(format!("{}ns", (value * NS_PER_S).round())),
            Form::FineDuration => Value::String(format!("{}ns", value * NS_PER_S)),
            Form::Size => Value::String(format!("{}B", value.round())),
            Form::Bandwidth => Value::String(format!("{value}B/s")),
            Form::Rate | Form::Share | Form::Number => Value::Float(value),
            Form::Whole => Value::Integer(value.round() as i128),
        }
    }
}
