//! `[[threshold]]`.

use super::words::{self, known_measures};
use crate::catalog::{self, MeasureInfo};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::values::{at_least, parse_bandwidth, positive_share, text, truth};
use crate::model::{Bound, Threshold, Variant};
use crate::units;

/// What thresholds can be about.
pub(super) struct Surroundings<'a> {
    /// The names of all variants of the file, those that are not run included.
    pub names: &'a [&'a str],
    /// The variants that are run, as far as they could be read.
    pub variants: &'a [Variant],
    pub replications: u32,
}

/// Reads all thresholds; a block with both `min` and `max` is two.
pub(super) fn thresholds(
    cx: &mut Context,
    node: &Node,
    surroundings: &Surroundings<'_>,
) -> Option<Vec<Threshold>> {
    let Value::Array(items) = &node.value else {
        return cx.wrong(node, format!("expected [[threshold]] tables, found {}", node.kind()));
    };
    let read: Vec<Vec<Threshold>> = items
        .iter()
        .filter_map(|item| {
            let example = "[[threshold]]";
            Fields::with(cx, item, example, |f| threshold(f, surroundings))
        })
        .collect();
    Some(read.into_iter().flatten().collect())
}

fn threshold(f: &mut Fields<'_, '_>, surroundings: &Surroundings<'_>) -> Option<Vec<Threshold>> {
    let variant = f.read("variant", |cx, node| {
        let name = text(cx, node)?;
        if surroundings.names.contains(&name.as_str()) {
            return Some(name);
        }
        cx.report(words::unknown_variant(&name, surroundings.names, node.span));
        None
    });
    let named = f.given("variant");
    let measure = f.require("measure", "a measure such as \"db.qps.peak\"", |cx, node| {
        let name = text(cx, node)?;
        // A variant that is named and could not be read has told its problem already.
        known_here(cx, node, &name, variant.as_deref(), surroundings).then_some(name)
    });
    // Without a measure there is no telling the unit of its limits.
    let info = measure.as_deref().and_then(catalog::find);
    let max = f.read("max", |cx, node| limit(cx, node, info));
    let min = f.read("min", |cx, node| limit(cx, node, info));
    let confident = f.read("confident", |cx, node| {
        let confident = truth(cx, node)?;
        if confident && surroundings.replications < 2 {
            return cx.wrong(node, "expected at least 2 replications: one has no interval");
        }
        Some(confident)
    });
    let runs = f.read("runs", runs_kept);
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
    if named && variant.is_none() {
        return None;
    }
    let measure = measure?;
    let bounds = [(Bound::Max, max), (Bound::Min, min)];
    let one = |(bound, limit): (Bound, Option<f64>)| {
        Some(Threshold {
            measure: measure.clone(),
            bound,
            limit: limit?,
            variant: variant.clone(),
            confident: confident.unwrap_or(false),
            runs,
        })
    };
    Some(bounds.into_iter().filter_map(one).collect())
}

/// `"all"`, or the share of the runs that have to keep a limit.
fn runs_kept(cx: &mut Context, node: &Node) -> Option<f64> {
    match &node.value {
        Value::String(word) if word == "all" => Some(1.0),
        Value::String(word) if !word.trim_end().ends_with('%') => {
            cx.wrong(node, "expected \"all\", or a share of the runs such as \"90%\"")
        }
        _ => positive_share(cx, node),
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

/// What a measure is, and what a limit of it looks like.
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
