//! Finite lists of values around the one that a scenario has.

use crate::declare::file::{Node, Value};
use crate::scenario::axes::to_toml;
use crate::scenario::range::{decimal, quantity};
use crate::units::{format_duration, grouped, parse_duration};

use super::KnobValue;

/// A list, and the place of today's value in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Values {
    pub list: Vec<KnobValue>,
    pub today: usize,
}

/// Durations that people choose.
const DURATIONS: &[&str] = &[
    "10us", "20us", "50us", "100us", "200us", "500us", "1ms", "2ms", "5ms", "10ms", "20ms", "50ms", "100ms",
    "200ms", "500ms", "1s", "2s", "5s", "10s", "20s", "30s", "1m", "2m", "5m", "10m", "20m", "30m", "1h",
    "2h", "4h", "8h", "12h", "24h", "48h", "168h",
];
/// Counts as multiples of today's.
const COUNTS: &[f64] = &[0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
/// Sizes, and anything that doubles.
const DOUBLINGS: &[f64] = &[0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Traffic and times of service.
const FACTORS: &[f64] = &[0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0];
/// Today's duration may become so many times as short or as long.
const REACH: f64 = 40.0;

/// A duration and those around it that people choose. `None` where the value is none.
pub(super) fn durations(today: &Node) -> Option<Values> {
    let text = today.as_str()?;
    let now_ns = parse_duration(text).ok().filter(|ns| *ns > 0)? as f64;
    let chosen = DURATIONS.iter().filter_map(|text| Some((parse_duration(text).ok()? as f64, *text)));
    let around = chosen.filter(|(ns, _)| (now_ns / REACH..=now_ns * REACH).contains(ns) && *ns != now_ns);
    let mut all: Vec<(f64, KnobValue)> = around.map(|(ns, text)| (ns, of_text(text))).collect();
    all.push((now_ns, KnobValue { toml: to_toml(today), label: spelt(text) }));
    Some(sorted(all, now_ns))
}

/// A whole number and others around it; below, not fewer than 1.
pub(super) fn counts(today: &Node) -> Option<Values> {
    let Value::Integer(now) = today.value else { return None };
    let now = u64::try_from(now).ok().filter(|now| *now > 0)? as f64;
    Some(multiples(now, COUNTS, |count| {
        let toml = decimal(count.round().max(1.0), 12);
        KnobValue { label: grouped(&toml), toml }
    }))
}

/// Whole numbers where there is no limit today.
pub(super) fn limits(counts: &[u32], none: &str) -> Values {
    let mut list: Vec<KnobValue> =
        counts.iter().map(|count| KnobValue { toml: count.to_string(), label: count.to_string() }).collect();
    list.push(KnobValue { toml: quoted(none), label: none.to_owned() });
    Values { today: list.len() - 1, list }
}

/// A number of entries or a size in bytes, and others around it.
pub(super) fn capacities(today: &Node) -> Option<Values> {
    match &today.value {
        Value::Integer(now) if *now > 0 => Some(multiples(*now as f64, DOUBLINGS, |entries| {
            let toml = decimal(entries.round().max(1.0), 12);
            KnobValue { label: format!("{} entries", grouped(&toml)), toml }
        })),
        Value::String(text) => {
            let size = quantity(text).ok().filter(|size| size.number > 0.0)?;
            Some(multiples(size.number, DOUBLINGS, |number| {
                of_text(&format!("{}{}", decimal(number, 6), size.unit))
            }))
        }
        _ => None,
    }
}

/// Factors on something; `said` puts the value that a factor makes into words.
pub(super) fn factors(now: f64, said: impl Fn(f64) -> String) -> Values {
    multiples(now, FACTORS, |factor| KnobValue { toml: decimal(factor, 12), label: said(factor) })
}

/// Distributions of time that are so many times as long in all their durations. `None` where there is none to lengthen.
pub(super) fn scaled_times(today: &Node) -> Option<Values> {
    scaled(today, 2.0)?;
    let list = FACTORS.iter().filter_map(|factor| {
        let (toml, longest) = match *factor {
            1.0 => (to_toml(today), scaled(today, 1.0)?.1),
            factor => {
                let (node, longest) = scaled(today, factor)?;
                (to_toml(&node), longest)
            }
        };
        let times = if *factor == 1.0 { String::new() } else { format!("\u{d7} {factor}: ") };
        Some(KnobValue { toml, label: format!("{times}{longest}") })
    });
    let list: Vec<KnobValue> = list.collect();
    let today = FACTORS.iter().position(|factor| *factor == 1.0)?;
    Some(Values { list, today })
}

/// The same tree with longer durations, and the durations in words. `None` where there is none.
fn scaled(node: &Node, factor: f64) -> Option<(Node, String)> {
    match &node.value {
        Value::String(text) => {
            let ns = parse_duration(text).ok()? as f64 * factor;
            let text = format_duration(ns.round() as u64).replace(' ', "");
            Some((Node { value: Value::String(text.clone()), span: node.span }, spelt(&text)))
        }
        Value::Table(entries) => {
            let mut changed = entries.clone();
            let mut said = Vec::new();
            for entry in &mut changed {
                let inner = matches!(entry.value.value, Value::String(_) | Value::Table(_));
                if inner && let Some((value, words)) = scaled(&entry.value, factor) {
                    let is_table = matches!(value.value, Value::Table(_));
                    said.push(if is_table { words } else { format!("{} {words}", entry.key) });
                    entry.value = value;
                }
            }
            let words = said.join(", ");
            (!said.is_empty()).then_some((Node { value: Value::Table(changed), span: node.span }, words))
        }
        _ => None,
    }
}

/// Words, of which today's is one; it is added at the beginning where it is not.
pub(super) fn choices(words: &[(&str, &str)], today: Option<&Node>, default: &str) -> Values {
    let mut list: Vec<KnobValue> = words
        .iter()
        .map(|(toml, label)| KnobValue { toml: (*toml).to_owned(), label: (*label).to_owned() })
        .collect();
    let now = today.map_or_else(|| default.to_owned(), to_toml);
    let place = list.iter().position(|value| value.toml == now).unwrap_or_else(|| {
        let label = today.and_then(Node::as_str).map_or_else(|| now.clone(), str::to_owned);
        list.insert(0, KnobValue { toml: now, label });
        0
    });
    Values { list, today: place }
}

/// The values of an axis of a sweep, with today's among them.
pub(super) fn of_axis(values: &[Node], today: Option<&Node>) -> Values {
    let amount = |node: &Node| crate::scenario::range::amount(node).map(|amount| amount.value);
    let value = |node: &Node| KnobValue { toml: to_toml(node), label: label_of(node) };
    let mut list: Vec<KnobValue> = values.iter().map(value).collect();
    let Some(today) = today else {
        list.insert(0, KnobValue { toml: String::new(), label: "not set".to_owned() });
        return Values { list, today: 0 };
    };
    let same = values.iter().position(|node| {
        to_toml(node) == to_toml(today) || (amount(node).is_some() && amount(node) == amount(today))
    });
    let place = same.unwrap_or_else(|| {
        let above = |node: &Node| amount(node).zip(amount(today)).is_some_and(|(known, now)| known > now);
        let place = values.iter().position(above).unwrap_or(values.len());
        list.insert(place, value(today));
        place
    });
    Values { list, today: place }
}

fn multiples(now: f64, by: &[f64], value: impl Fn(f64) -> KnobValue) -> Values {
    let all = by.iter().map(|factor| (now * factor, value(now * factor))).collect();
    sorted(all, now)
}

/// In order, each text once; of two values of the same text today's stays.
fn sorted(mut all: Vec<(f64, KnobValue)>, now: f64) -> Values {
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let own = all.iter().find(|(at, _)| *at == now).map(|(_, value)| value.toml.clone());
    let mut list: Vec<KnobValue> = Vec::new();
    for (_, value) in all {
        if list.iter().all(|known| known.toml != value.toml) {
            list.push(value);
        }
    }
    let today = list.iter().position(|value| Some(&value.toml) == own.as_ref()).unwrap_or(0);
    Values { list, today }
}

fn of_text(text: &str) -> KnobValue {
    KnobValue { toml: quoted(text), label: spelt(text) }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn label_of(node: &Node) -> String {
    match &node.value {
        Value::String(text) => spelt(text),
        _ => to_toml(node),
    }
}

/// `30 s` of `30s`, `64 MB` of `64MB`, `10 %` of `10%`; other texts as they are.
fn spelt(text: &str) -> String {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    match (digits, text[digits..].chars().next()) {
        (1.., Some(unit)) if unit.is_ascii_alphabetic() || unit == '%' => {
            let unit = match &text[digits..] {
                "m" => "min",
                "us" => "\u{b5}s",
                unit => unit,
            };
            format!("{} {unit}", &text[..digits])
        }
        _ => text.to_owned(),
    }
}
