//! `[recommend]`: knobs, the objective, limits.

use super::sweep::Axes;
use super::threshold::{Surroundings, known_here, limit};
use super::words::{known_measures, measure};
use crate::catalog;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value, parse_value};
use crate::declare::kind::Kind;
use crate::declare::values::{Whole, text};
use crate::declare::{Form, options};
use crate::model::{Axis, Bound, Direction, Objective, Recommend, Threshold, Variant};

options! {
    /// `[recommend]`. Whether the paths of knobs lead somewhere is seen when the grid is made.
    pub(super) struct RecommendOptions in "recommend" (around: &'a Surroundings<'a>), such as "[recommend]" {
        /// paths, as `--set` takes them, each with its values; `--knob PATH=VALUES` takes precedence
        "knobs" knobs: Vec<Axis> as Axes, otherwise "none" => Some(Vec::new());
        /// a measure, or the path of a knob whose values are quantities; this or `maximise`
        "minimise" minimise: Option<Objective> as ObjectiveOf[(knobs.as_deref(), around)], or "none";
        /// the same, of which more is better; this or `minimise`
        "maximise" maximise: Option<Objective> as ObjectiveOf[(knobs.as_deref(), around)], or "none";
        /// limits beside the thresholds: a measure, `<=` or `>=`, and a limit as `[[threshold]]` takes it; about all variants
        "keep" keep: Vec<Threshold> as Keep[around], otherwise "`[]`" => Some(Vec::new());
        /// most simulations (one replication of one candidate each)
        "budget" budget: Option<u64> as Whole<1, { u64::MAX }>, optional "as many as the search takes";
    }
    check |f| {
        match (f.given("minimise"), f.given("maximise")) {
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
            _ => {}
        }
    }
}

impl RecommendOptions {
    pub fn recommend(self) -> Option<Recommend> {
        let (direction, objective) = match (self.minimise, self.maximise) {
            (Some(least), _) => (Direction::Minimise, least),
            (None, most) => (Direction::Maximise, most?),
        };
        Some(Recommend { direction, objective, knobs: self.knobs, keep: self.keep, budget: self.budget })
    }
}

struct ObjectiveOf;

impl Form for ObjectiveOf {
    type Value = Objective;
    type Around<'a> = (Option<&'a [Axis]>, &'a Surroundings<'a>);
    const KIND: Kind = Kind::Text;

    fn read(cx: &mut Context, node: &Node, (knobs, around): Self::Around<'_>) -> Option<Objective> {
        objective(cx, node, knobs.unwrap_or_default(), around)
    }
}

struct Keep;

impl Form for Keep {
    type Value = Vec<Threshold>;
    type Around<'a> = &'a Surroundings<'a>;
    const KIND: Kind = Kind::List(&Kind::Text);

    fn read(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<Vec<Threshold>> {
        keep(cx, node, around)
    }
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

/// Limits of the command line, about all variants.
pub(crate) fn limits(cx: &mut Context, nodes: &[Node], variants: &[Variant]) -> Vec<Threshold> {
    let surroundings = Surroundings { names: &[], variants, replications: 1 };
    nodes.iter().filter_map(|node| limit_of(cx, node, &surroundings)).collect()
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
    Some(Threshold::new(name, bound, limit))
}
