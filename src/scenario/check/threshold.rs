//! `[[threshold]]`.

use super::words::{self, known_measures};
use crate::catalog::{self, MeasureInfo};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::declare::kind::{self, Kind};
use crate::declare::values::{Text, at_least, parse_bandwidth, positive_share, text, truth};
use crate::declare::{Form, options};
use crate::model::{Bound, Threshold, Variant};
use crate::units;

/// The measures that thresholds can have.
pub(super) struct Surroundings<'a> {
    /// The names of all variants of the file, those that are not run included.
    pub names: &'a [&'a str],
    /// The variants that are run, as far as they could be read.
    pub variants: &'a [Variant],
    pub replications: u32,
}

options! {
    pub(super) struct ThresholdOptions in "threshold" (around: &'a Surroundings<'a>), such as "[[threshold]]" {
        /// the measure, such as `"db.qps.peak"`
        "measure" measure: String as Text, required "a measure such as \"db.qps.peak\"";
        /// not more than this: a number in the measure's own unit (the unit ends its name: `_ms`, `_s`, `_bytes`; rates are per second,
        /// shares from 0 to 1; costs are in `price.currency`), or with a unit: `"250ms"`, `"30000/min"`, `"64MiB"`, `"95 %"`
        "max" max: Option<f64> as Limit[measure.as_deref().and_then(catalog::find)], optional "none";
        /// not less than this; at least one of `max` and `min`
        "min" min: Option<f64> as Limit[measure.as_deref().and_then(catalog::find)], optional "none";
        /// name of the one variant it is about
        "variant" variant: Option<String> as VariantOf[around.names], optional "all variants that have the measure";
        /// certainty, not just the best guess: where the mean decides, its whole 95 % interval has to be on the right side of the
        /// limit (needs two replications); with a share of `runs`, the exact lower bound of that share has to reach it
        "confident" confident: bool as Confident[around.replications], otherwise "`false`" => Some(false);
        /// `"all"`, or the share of the runs that have to keep the limit, each by itself: `"90%"`
        "runs" runs: Option<f64> as Runs, optional "the mean decides; with two states, all runs";
    }
    check |f| {
        let (min, max, runs) = (min.flatten(), max.flatten(), runs.flatten());
        let named = variant.as_ref().and_then(Option::as_deref);
        if let (Some(name), Some(node)) = (&measure, f.node("measure"))
            // A variant that is not known has told its problem already.
            && (named.is_some() || !f.given("variant"))
            && !f.cx.within("measure", |cx| known_here(cx, node, name, named, around))
        {
            return None;
        }
        if confident == Some(true) && runs == Some(1.0) {
            let title = "threshold can never be kept: no number of runs proves that all others keep it";
            let diagnostic = Diagnostic::new(title, f.place("runs"), "expected a share below 100 %");
            f.cx.report(diagnostic.also(f.place("confident"), "confident"));
        }
        if f.node("max").is_none() && f.node("min").is_none() {
            let title = "threshold sets no limit";
            let help = "add `max` or `min`, for example max = 500";
            f.cx.report(Diagnostic::new(title, f.span, "").help(help));
        }
        if let (Some(least), Some(most)) = (min, max)
            && least > most
        {
            let title = "threshold can never be kept";
            let diagnostic = Diagnostic::new(title, f.place("min"), "expected at most `max`");
            f.cx.report(diagnostic.also(f.place("max"), "max"));
        }
        if f.given("variant") && named.is_none() {
            return None;
        }
    }
}

/// Reads all thresholds; a block with both `min` and `max` is two.
pub(super) fn thresholds(
    cx: &mut Context,
    items: &[Node],
    surroundings: &Surroundings<'_>,
) -> Vec<Threshold> {
    items
        .iter()
        .filter_map(|item| ThresholdOptions::read(cx, item, surroundings))
        .flat_map(ThresholdOptions::thresholds)
        .collect()
}

impl ThresholdOptions {
    fn thresholds(self) -> Vec<Threshold> {
        let ThresholdOptions { measure, max, min, variant, confident, runs } = self;
        let bounds = [(Bound::Max, max), (Bound::Min, min)];
        let one = |(bound, limit): (Bound, Option<f64>)| {
            let (measure, variant, limit) = (measure.clone(), variant.clone(), limit?);
            Some(Threshold { measure, bound, limit, variant, confident, runs })
        };
        bounds.into_iter().filter_map(one).collect()
    }
}

struct VariantOf;

impl Form for VariantOf {
    type Value = String;
    /// The names of all variants.
    type Around<'a> = &'a [&'a str];
    const KIND: Kind = Kind::Text;

    fn read(cx: &mut Context, node: &Node, names: &[&str]) -> Option<String> {
        let name = text(cx, node)?;
        if names.contains(&name.as_str()) {
            return Some(name);
        }
        cx.report(words::unknown_variant(&name, names, node.span));
        None
    }
}

struct Confident;

impl Form for Confident {
    type Value = bool;
    /// The replications of the scenario.
    type Around<'a> = u32;
    const KIND: Kind = Kind::Truth;

    fn read(cx: &mut Context, node: &Node, replications: u32) -> Option<bool> {
        let confident = truth(cx, node)?;
        if confident && replications < 2 {
            return cx.wrong(node, "expected at least 2 replications: one has no interval");
        }
        Some(confident)
    }
}

/// The share of the runs that have to keep a limit.
struct Runs;

impl Form for Runs {
    type Value = f64;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["all"]), kind::SHARE]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<f64> {
        match &node.value {
            Value::String(word) if word == "all" => Some(1.0),
            Value::String(word) if !word.trim_end().ends_with('%') => {
                cx.wrong(node, "expected \"all\", or a share of the runs such as \"90%\"")
            }
            _ => positive_share(cx, node),
        }
    }
}

/// In the unit of the measure.
struct Limit;

impl Form for Limit {
    type Value = f64;
    /// `None`: without a measure there is no telling the unit of its limits.
    type Around<'a> = Option<&'static MeasureInfo>;
    const KIND: Kind = Kind::Either(&[
        Kind::Number { least: 0.0 },
        kind::DURATION,
        Kind::Rate,
        Kind::Size,
        Kind::Bandwidth,
        kind::SHARE,
    ]);

    fn read(cx: &mut Context, node: &Node, info: Option<&'static MeasureInfo>) -> Option<f64> {
        limit(cx, node, info)
    }
}

/// Whether the variant that is meant, or any where all are, has the measure; reports it where not.
pub(super) fn known_here(
    cx: &mut Context,
    node: &Node,
    name: &str,
    variant: Option<&str>,
    surroundings: &Surroundings<'_>,
) -> bool {
    let has = |variants: &mut dyn Iterator<Item = &Variant>| {
        words::measure(name, &known_measures(variants.map(|variant| &variant.model)))
    };
    let variants = surroundings.variants;
    let meant = |candidate: &&Variant| variant.is_none_or(|name| name == candidate.name);
    // Not run, or not readable: what the catalogue has will do.
    if !variants.iter().any(|variant| meant(&variant)) && catalog::find(name).is_some() {
        return true;
    }
    let Err((mut label, help)) = has(&mut variants.iter().filter(meant)) else { return true };
    let mut title = format!("unknown measure \"{name}\"");
    if let Some(variant) = variant
        && has(&mut variants.iter()).is_ok()
    {
        title = format!("variant \"{variant}\" does not have the measure \"{name}\"");
        label = "other variants do".to_owned();
    }
    cx.report(Diagnostic::new(title, node.span, label).help(help));
    false
}

/// A limit in the unit of its measure: a bare number, or a text with a unit of the same kind.
pub(super) fn limit(cx: &mut Context, node: &Node, info: Option<&MeasureInfo>) -> Option<f64> {
    let info = info?;
    let (is_a, expected) = words_of(info);
    let wrong = |cx: &mut Context| cx.wrong(node, format!("expected {expected}: {} {is_a}", info.pattern));
    let Value::String(text) = &node.value else {
        if matches!(node.value, Value::Float(value) if !value.is_finite()) {
            let problem = format!("wrong value for {}", cx.here());
            let label = format!("expected a finite limit: {expected}");
            cx.report(
                Diagnostic::new(problem, node.span, label).help("leave out a bound that bounds nothing"),
            );
            return None;
        }
        let value = at_least(0.0)(cx, node)?;
        return within(cx, node, info, value);
    };
    let value = match info.unit {
        "ms" => units::parse_duration(text).ok().map(|ns| ns as f64 / 1e6),
        "s" => units::parse_duration(text).ok().map(|ns| ns as f64 / 1e9),
        "1/s" => units::parse_rate(text).ok(),
        "bytes" => units::parse_fine_bytes(text).ok(),
        "bytes/s" => parse_bandwidth(text).ok(),
        "1" => units::parse_percentage(text).ok(),
        _ => None,
    };
    match value {
        Some(value) => within(cx, node, info, value),
        None => wrong(cx),
    }
}

/// Kind of a measure, with an example of a limit.
fn words_of(info: &MeasureInfo) -> (&'static str, &'static str) {
    match info.unit {
        "ms" => ("is measured in milliseconds", "milliseconds such as 250, or a duration such as \"250ms\""),
        "s" => ("is measured in seconds", "seconds such as 30, or a duration such as \"30s\""),
        "1/s" => ("is measured per second", "a rate such as 500 (per second) or \"30000/min\""),
        "bytes" => ("is measured in bytes", "bytes such as 64_000_000, or a size such as \"64MiB\""),
        "bytes/s" => {
            ("is measured in bytes per second", "bytes per second, or a bandwidth such as \"100MB/s\"")
        }
        "1" => ("is a share", "a share such as 0.95 or \"95 %\""),
        "cost" => ("is an amount of money", "a number in the currency of [price], such as 500"),
        _ => ("is a count", "a number without a unit, such as 100"),
    }
}

/// A share above one is a percentage whose sign was forgotten.
fn within(cx: &mut Context, node: &Node, info: &MeasureInfo, value: f64) -> Option<f64> {
    if info.unit == "1" && !info.may_exceed_one() && value > 1.0 {
        return cx.wrong(node, "expected a share from 0 to 1, or \"0 %\" to \"100 %\"");
    }
    Some(value)
}
