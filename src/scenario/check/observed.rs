//! `[observed]`: figures of production, by short names or by the names of measures.

use super::words;
use crate::catalog::{self, CATALOG, MeasureInfo};
use crate::declare::diagnostic::{Diagnostic, Span, suggestion};
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Entry, Node, Value};
use crate::declare::kind::{self, Kind, Table};
use crate::declare::values::{
    at_least, bandwidth, duration, fine_bytes, positive_duration, rate, share, truth,
};
use crate::declare::{Form, options};
use crate::model::{Figure, Observed, Variant};

options! {
    /// The short names.
    struct Short in "observed", such as "{ hit_ratio = 0.93 }" {
        /// share of the reads that a tier answered
        "hit_ratio" hit_ratio: Option<Read> as Shares, optional "not compared";
        /// requests that reach the database per second (`db.qps.mean`): a number, or a text such as "5000/min"
        "db_qps" db_qps: Option<Read> as Rates, optional "not compared";
        /// duration: median of the latency of all requests (`latency.all.p50_ms`)
        "p50" p50: Option<Read> as Times, optional "not compared";
        /// duration: 95th percentile of the latency of all requests (`latency.all.p95_ms`)
        "p95" p95: Option<Read> as Times, optional "not compared";
        /// duration: 99th percentile of the latency of all requests (`latency.all.p99_ms`)
        "p99" p99: Option<Read> as Times, optional "not compared";
    }
}

/// The measures behind the short names that are none themselves.
const MEASURES: [(&str, &str); 4] = [
    ("db_qps", "db.qps.mean"),
    ("p50", "latency.all.p50_ms"),
    ("p95", "latency.all.p95_ms"),
    ("p99", "latency.all.p99_ms"),
];

/// A figure without its name.
struct Read {
    value: f64,
    spread: Option<f64>,
    check: bool,
}

/// Reads a number in the unit of a measure.
type Number = fn(&mut Context, &Node) -> Option<f64>;

const PARTS: [&str; 3] = ["value", "spread", "check"];
const EXAMPLE: &str = "{ value = 0.931, spread = 0.004 }";

/// Any measure, by its name, in its own unit.
const FIGURE: Kind = Kind::Figure(&Kind::Either(&[Kind::Number { least: 0.0 }, Kind::Text]));

macro_rules! figures {
    ($($Form:ident: $kind:expr, $number:expr;)*) => {$(
        struct $Form;

        impl Form for $Form {
            type Value = Read;
            type Around<'a> = ();
            const KIND: Kind = Kind::Figure(&$kind);

            fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Read> {
                figure(cx, node, $number)
            }
        }
    )*};
}

figures! {
    Shares: kind::SHARE, share;
    Rates: Kind::Either(&[Kind::Number { least: 0.0 }, Kind::Text]), |cx, node| plain_or(cx, node, rate);
    Times: kind::POSITIVE_DURATION, |cx, node| Some(positive_duration(cx, node)? as f64 / 1e6);
}

/// The whole table.
pub(super) struct Figures;

impl Form for Figures {
    type Value = Observed;
    type Around<'a> = ();
    const KIND: Kind =
        Kind::Table(&Table { id: "observed", fields: Short::OPTIONS, also: &[], others: Some(&FIGURE) });

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Observed> {
        let mut fields = Fields::open(cx, node, "{ hit_ratio = 0.93 }")?;
        let short = Short::read_options(&mut fields, ())?;
        fields.refuse_empty();
        let read = [
            ("hit_ratio", short.hit_ratio),
            ("db_qps", short.db_qps),
            ("p50", short.p50),
            ("p95", short.p95),
            ("p99", short.p99),
        ];
        let mut named: Vec<(&str, Span, Read)> = Vec::new();
        for (name, read) in read {
            named.extend(read.map(|read| (measure_of(name), fields.place(name), read)));
        }
        let mut others = Vec::new();
        let is_other = |entry: &&Entry| Short::OPTIONS.iter().all(|option| option.name != entry.key);
        for entry in node.as_table().unwrap_or_default().iter().filter(is_other) {
            flatten(&entry.key, entry, &mut others);
        }
        let mut figures: Vec<(Span, Figure)> = Vec::new();
        for (name, span, read) in named {
            figures.push((span, of(name, read)));
        }
        for (name, entry) in others {
            let Some(info) = catalog::find(&name) else {
                cx.report(unknown(&name, entry.key_span));
                continue;
            };
            let read = cx.within(format!("\"{name}\""), |cx| figure(cx, &entry.value, number(info)));
            if let Some((first, _)) = figures.iter().find(|(_, known)| known.measure == name) {
                let problem = Diagnostic::new(format!("{name} is observed twice"), entry.key_span, "again");
                cx.report(problem.also(*first, "the first one").help("leave one of them out"));
            }
            figures.extend(read.map(|read| (entry.key_span, of(&name, read))));
        }
        figures.sort_by_key(|(span, _)| *span);
        Some(Observed { figures: figures.into_iter().map(|(_, figure)| figure).collect() })
    }
}

fn measure_of(short: &'static str) -> &'static str {
    MEASURES.iter().find(|(name, _)| *name == short).map_or(short, |(_, measure)| measure)
}

fn of(measure: &str, Read { value, spread, check }: Read) -> Figure {
    Figure { measure: measure.to_owned(), value, spread, check }
}

/// TOML reads `tier.l2.hit_ratio = 0.9` as tables within tables.
fn flatten<'n>(name: &str, entry: &'n Entry, found: &mut Vec<(String, &'n Entry)>) {
    let is_figure = |below: &[Entry]| below.iter().any(|part| PARTS.contains(&part.key.as_str()));
    match entry.value.as_table() {
        Some(below) if !below.is_empty() && !is_figure(below) => {
            below.iter().for_each(|part| flatten(&format!("{name}.{}", part.key), part, found));
        }
        _ => found.push((name.to_owned(), entry)),
    }
}

/// No system has more bytes, and nothing else is as large.
const MOST: f64 = 1e18;

fn bounded(cx: &mut Context, node: &Node, number: Number) -> Option<f64> {
    let value = number(cx, node)?;
    if value > MOST {
        return cx.wrong(node, format!("expected at most {MOST:e}"));
    }
    Some(value)
}

fn figure(cx: &mut Context, node: &Node, number: Number) -> Option<Read> {
    if !matches!(node.value, Value::Table(_)) {
        return Some(Read { value: bounded(cx, node, number)?, spread: None, check: false });
    }
    Fields::with(cx, node, EXAMPLE, |fields| {
        let value = fields
            .require("value", "the figure, such as value = 0.931", |cx, node| bounded(cx, node, number));
        let spread = fields.read("spread", |cx, node| bounded(cx, node, number));
        let check = fields.read("check", truth).unwrap_or(false);
        Some(Read { value: value?, spread, check })
    })
}

/// A text with a unit, or a number of at least zero.
fn plain_or(cx: &mut Context, node: &Node, text: Number) -> Option<f64> {
    if node.as_str().is_some() { text(cx, node) } else { at_least(0.0)(cx, node) }
}

/// A number in the unit of a measure, or a text with a unit.
fn number(info: &MeasureInfo) -> Number {
    match info.unit {
        "1" if !info.may_exceed_one() => share,
        "ms" => |cx, node| plain_or(cx, node, |cx, node| Some(duration(cx, node)? as f64 / 1e6)),
        "s" => |cx, node| plain_or(cx, node, |cx, node| Some(duration(cx, node)? as f64 / 1e9)),
        "1/s" => |cx, node| plain_or(cx, node, rate),
        "bytes" => |cx, node| plain_or(cx, node, fine_bytes),
        "bytes/s" => |cx, node| plain_or(cx, node, bandwidth),
        _ => |cx, node| at_least(0.0)(cx, node),
    }
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let title = format!("unknown measure \"{name}\" in observed");
    if let Some((label, help)) = words::foreign_measure(name) {
        return Diagnostic::new(title, span, label).help(help);
    }
    // `tier.l2.hit_rato` is near to a measure of the tier `l2`.
    let middle = name.split('.').nth(1).unwrap_or_default();
    let filled = |info: &MeasureInfo| {
        ["<tier>", "<class>", "<event>"]
            .iter()
            .fold(info.pattern.to_owned(), |pattern, place| pattern.replace(place, middle))
    };
    let known: Vec<String> = CATALOG.iter().map(filled).collect();
    let names = Short::OPTIONS.iter().map(|option| option.name).chain(known.iter().map(String::as_str));
    let label = suggestion(name, names, "not a measure");
    let short: Vec<&str> = Short::OPTIONS.iter().map(|option| option.name).collect();
    Diagnostic::new(title, span, label).help(format!(
        "{}, or any measure by its name in quotes (`herdlab explain` lists all)",
        short.join(", ")
    ))
}

/// Reports figures of tiers, classes and events that the baseline does not have.
pub(super) fn check(cx: &mut Context, node: Option<&Node>, observed: Option<&Observed>, baseline: &Variant) {
    let (Some(node), Some(observed)) = (node, observed) else { return };
    let known = words::known_measures(std::iter::once(&baseline.model));
    let mut places = Vec::new();
    node.as_table().unwrap_or_default().iter().for_each(|entry| flatten(&entry.key, entry, &mut places));
    for figure in &observed.figures {
        if let Err((label, help)) = words::measure(&figure.measure, &known) {
            let place = places.iter().find(|(name, _)| *name == figure.measure);
            let span = place.map_or(node.span, |(_, entry)| entry.key_span);
            let title = format!("the baseline, {}, does not have {}", baseline.name, figure.measure);
            cx.report(Diagnostic::new(title, span, label).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, parse};
    use std::path::Path;

    fn observed(text: &str) -> Result<Vec<Figure>, String> {
        let source = format!(
            "question = \"?\"\nduration = \"10s\"\nworkload = {{ arrivals = {{ poisson = {{ rate = 10 }} }}, keys = 10 }}\n\
             [database]\nread = \"5ms\"\n[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"1m\"\n[observed]\n{text}\n"
        );
        let parsed = parse(&source, "a.toml", Path::new(""), &Overrides::default());
        let observed = parsed.map_err(|problems| problems.to_string())?.observed;
        Ok(observed.map_or_else(Vec::new, |observed| observed.figures))
    }

    fn figure(measure: &str, value: f64) -> Figure {
        Figure { measure: measure.to_owned(), value, spread: None, check: false }
    }

    #[test]
    fn any_measure_is_a_number_in_its_unit_or_a_text_with_one() {
        let found = observed(
            "p99 = \"12ms\"\n\"tier.l2.hit_ratio\" = \"91%\"\n\"latency.all.p95_ms\" = 7.5\n\
             \"latency.miss.p50_ms\" = \"2s\"\n\"tier.l2.memory.peak_bytes\" = \"2kB\"\n",
        );
        assert_eq!(observed("db_qps = \"5400/min\"").unwrap(), [figure("db.qps.mean", 90.0)]);
        let expected = [
            ("latency.all.p99_ms", 12.0),
            ("tier.l2.hit_ratio", 0.91),
            ("latency.all.p95_ms", 7.5),
            ("latency.miss.p50_ms", 2_000.0),
            ("tier.l2.memory.peak_bytes", 2_000.0),
        ];
        assert_eq!(found.unwrap(), expected.map(|(name, value)| figure(name, value)));
    }

    #[test]
    fn a_figure_may_have_a_spread_and_be_kept_for_a_check_and_needs_no_quotes() {
        let found = observed(
            "hit_ratio = { value = 0.931, spread = 0.004 }\ntier.l2.requests.rate = { value = 10, check = true }\n",
        );
        let spread = Figure { spread: Some(0.004), ..figure("hit_ratio", 0.931) };
        let check = Figure { check: true, ..figure("tier.l2.requests.rate", 10.0) };
        assert_eq!(found.unwrap(), [spread, check]);
    }

    #[test]
    fn a_wrong_name_is_answered_by_the_nearest_one_and_a_tier_that_is_not_there_by_its_place() {
        let told = |text: &str| observed(text).unwrap_err();
        let misspelt = told("\"tier.l2.hit_rato\" = 0.9");
        assert!(misspelt.contains("did you mean \"tier.l2.hit_ratio\"?"), "{misspelt}");
        let elsewhere = told("\"tier.l1.hit_ratio\" = 0.9");
        assert!(elsewhere.contains("the baseline, base, does not have tier.l1.hit_ratio"), "{elsewhere}");
        assert!(elsewhere.contains("a.toml:11:1"), "{elsewhere}");
        assert!(told("hit_ratio = { spread = 0.1 }").contains("has no `value`"));
        assert!(told("\"latency.all.p99_ms\" = 3\np99 = \"3ms\"").contains("is observed twice"));
        assert!(told("db_qps = 1e308").contains("expected at most 1e18"));
        assert!(told("\"hit_ratio\" = 1.5").contains("expected a share from 0 to 1"));
    }
}
