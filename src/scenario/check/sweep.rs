//! `[sweep]`: axes of a grid, and what is drawn of it.

use super::question::is_of_the_question;
use super::words::{known_measures, measure};
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::{Texts, text};
use crate::declare::{Form, options};
use crate::model::{Axis, Sweep, Variant};
use crate::scenario::range;

const AXES_EXAMPLE: &str = "{ \"tier.l2.ttl\" = [\"10s\", \"60s\"] }";

options! {
    /// `[sweep]`. Whether the paths lead somewhere is seen when the grid is made.
    pub(super) struct SweepOptions in "sweep", such as "[sweep]" {
        /// paths, as `--set` takes them, each with its values; the first lies along the x axis. `--sweep PATH=VALUES` takes precedence
        "axes" axes: Vec<Axis> as Axes, otherwise "none" => Some(Vec::new());
        /// measures of charts and tables; `--measure`
        "measures" measures: Vec<String> as Texts, otherwise "the headline" => Some(Vec::new());
        /// two measures to weigh against each other; `--pareto X,Y`
        "pareto" pareto: Option<(String, String)> as Pareto, optional "none";
    }
}

impl SweepOptions {
    pub fn sweep(self) -> Sweep {
        Sweep { axes: self.axes, measures: self.measures, pareto: self.pareto }
    }
}

/// A table of paths and their values.
pub(super) struct Axes;

impl Form for Axes {
    type Value = Vec<Axis>;
    type Around<'a> = ();
    const KIND: Kind = Kind::Axes;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Vec<Axis>> {
        let expanded = expand(cx, node)?;
        Some(expanded.iter().map(|(path, _, values)| range::axis(path, values)).collect())
    }
}

struct Pareto;

impl Form for Pareto {
    type Value = (String, String);
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&Kind::Text);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<(String, String)> {
        pareto(cx, node)
    }
}

/// A path, its place, and the values it is set to.
pub(crate) type Expanded = (String, Span, Vec<Node>);

/// The same with the values as they are set.
pub(crate) fn expand(cx: &mut Context, node: &Node) -> Option<Vec<Expanded>> {
    let Some(entries) = node.as_table() else {
        return cx.wrong(node, format!("expected paths and their values such as {AXES_EXAMPLE}"));
    };
    if entries.is_empty() {
        return cx.wrong(node, format!("expected at least one path with its values, such as {AXES_EXAMPLE}"));
    }
    let mut expanded = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.value.as_table().is_some() {
            let title = format!("`{}` has no values", entry.key);
            let help = "TOML reads a.b = 1 as a = { b = 1 }; write \"a.b\" = 1";
            cx.report(Diagnostic::new(title, entry.key_span, "expected a path in quotes").help(help));
            continue;
        }
        refuse_experiment_field(cx, &entry.key, entry.key_span);
        let values = cx.within(format!("\"{}\"", entry.key), |cx| range::values(cx, &entry.value));
        expanded.extend(values.map(|values| (entry.key.clone(), entry.key_span, values)));
    }
    (expanded.len() == entries.len()).then_some(expanded)
}

/// Reports a path that is the same in all cells.
fn refuse_experiment_field(cx: &mut Context, path: &str, place: Span) {
    let first = path.split('.').next().unwrap_or_default().trim();
    if is_of_the_question(first) {
        let title = format!("`{first}` cannot be varied");
        let label = "all cells have the same seed, replications, variants and words";
        cx.report(Diagnostic::new(title, place, label));
    }
}

fn pareto(cx: &mut Context, node: &Node) -> Option<(String, String)> {
    const EXAMPLE: &str = "two measures such as [\"db.qps.mean\", \"latency.all.p99_ms\"]";
    match &node.value {
        Value::Array(items) if items.len() == 2 => {
            let (first, second) = (text(cx, &items[0])?, text(cx, &items[1])?);
            if first == second {
                return cx.wrong(&items[1], "expected another measure than the first");
            }
            Some((first, second))
        }
        _ => cx.wrong(node, format!("expected {EXAMPLE}, found {}", node.kind())),
    }
}

/// Reports measures of `[sweep]` that no variant has.
pub(super) fn check_measures(cx: &mut Context, root: &Node, variants: &[Variant]) {
    let Some(node) = root.get("sweep") else { return };
    let known = known_measures(variants.iter().map(|variant| &variant.model));
    for named in node.elements("measures").iter().chain(node.elements("pareto")) {
        let Some(name) = named.as_str() else { continue };
        if let Err((label, help)) = measure(name, &known) {
            cx.report(Diagnostic::new(format!("unknown measure \"{name}\""), named.span, label).help(help));
        }
    }
}
