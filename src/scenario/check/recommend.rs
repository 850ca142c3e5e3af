//! `[recommend]`: knobs, the objective, limits.

use super::sweep::axes;
use super::threshold::{Surroundings, known_here, limit};
use super::words::{known_measures, measure};
use crate::catalog;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value, parse_value};
use crate::declare::values::{integer, text};
use crate::model::{Axis, Bound, Direction, Objective, Recommend, Threshold};

/// Reads `[recommend]`. Whether the paths of knobs lead somewhere is seen when the grid is made.
pub(super) fn recommend(cx: &mut Context, node: &Node, surroundings: &Surroundings<'_>) -> Option<Recommend> {
    Fields::with(cx, node, "[recommend]", |f| {
        let knobs = f.read("knobs", axes).unwrap_or_default();
        let least = f.read_unless("minimise", "none", |cx, node| objective(cx, node, &knobs, surroundings));
        let most = f.read_unless("maximise", "none", |cx, node| objective(cx, node, &knobs, surroundings));
        let keep = f.read("keep", |cx, node| keep(cx, node, surroundings));
        let budget = f.read("budget", integer(1, u64::MAX));
        let (direction, objective) = match (f.given("minimise"), f.given("maximise")) {
            (true, false) => (Direction::Minimise, least?),
            (false, true) => (Direction::Maximise, most?),
            (true, true) => {
                let place = f.place("maximise");
                let problem = Diagnostic::new("recommend has two objectives", place, "expected one of them");
                f.cx.report(problem.also(f.place("minimise"), "the other one"));
                return None;
            }
            (false, false) => {
                let help = "add `minimise` or `maximise` (or --minimise, --maximise): a measure such as \"latency.all.p99_ms\", or a knob";
                f.cx.report(Diagnostic::new("recommend has no objective", f.span, "").help(help));
                return None;
            }
        };
        Some(Recommend { direction, objective, knobs, keep: keep.unwrap_or_default(), budget })
    })
}

/// A measure, or the path of a knob whose values have an order.
fn objective(
    cx: &mut Context,
    node: &Node,
    knobs: &[Axis],
    surroundings: &Surroundings<'_>,
) -> Option<Objective> {
    let name = text(cx, node)?;
    if let Some(knob) = knobs.iter().find(|knob| knob.path == name) {
        if !knob.is_numeric() {
            return cx.wrong(node, "the values of this knob have no order: choose a measure");
        }
        return Some(Objective::Knob(name));
    }
    let known = known_measures(surroundings.variants.iter().map(|variant| &variant.model));
    match measure(&name, &known) {
        // What cannot be read has told its problem already.
        Err(_) if surroundings.variants.is_empty() => Some(Objective::Measure(name)),
        Ok(()) => Some(Objective::Measure(name)),
        Err((label, help)) => {
            let title = format!("\"{name}\" is neither a measure nor a knob");
            cx.report(Diagnostic::new(title, node.span, label).help(help));
            None
        }
    }
}

/// Limits such as `"db.qps.peak <= 500"`.
fn keep(cx: &mut Context, node: &Node, surroundings: &Surroundings<'_>) -> Option<Vec<Threshold>> {
    let Value::Array(items) = &node.value else {
        return cx
            .wrong(node, format!("expected limits such as [\"db.qps.peak <= 500\"], found {}", node.kind()));
    };
    let read: Vec<Option<Threshold>> = items.iter().map(|item| limit_of(cx, item, surroundings)).collect();
    read.into_iter().collect()
}

fn limit_of(cx: &mut Context, node: &Node, surroundings: &Surroundings<'_>) -> Option<Threshold> {
    const EXPECTED: &str = "expected a measure, <= or >=, and a limit, such as \"db.qps.peak <= 500\"";
    let words = text(cx, node)?;
    let split =
        |sign: &str, bound| words.split_once(sign).map(|(name, value)| (name.trim(), bound, value.trim()));
    let found = split("<=", Bound::Max).or_else(|| split(">=", Bound::Min));
    let Some((name, bound, value)) = found.filter(|(name, _, value)| !name.is_empty() && !value.is_empty())
    else {
        return cx.wrong(node, EXPECTED);
    };
    if !known_here(cx, node, name, None, surroundings) {
        return None;
    }
    let Ok(mut value) = parse_value(value, node.span.source, 0) else { return cx.wrong(node, EXPECTED) };
    // The value stands inside a string: the whole of it is its place.
    value.span = node.span;
    let limit = limit(cx, &value, catalog::find(name))?;
    Some(Threshold { measure: name.to_owned(), bound, limit, variant: None, confident: false, runs: None })
}
