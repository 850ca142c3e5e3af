//! Options that take something from the recording of a trace, which must have it.

use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::{Arrivals, Directory, Model, Route, Trace, TraceLayout};

pub(super) fn check(cx: &mut Context, root: &Node, model: &Model, directory: &Directory) {
    if model.clients.route == Route::Recorded {
        let place = root.get("clients").and_then(|clients| clients.get("route"));
        let place = place.map_or(root.span, |node| node.span);
        let clients = |trace: &Trace| trace.facts.clients;
        require(cx, model, "clients.route = \"recorded\"", place, ("client", "clients"), clients);
    }
    let elements = root.elements("tier");
    for (index, file_index) in directory.file_indices().into_iter().enumerate() {
        let (tier, node) = (&model.tiers[index], &elements[file_index]);
        if tier.recorded_ttl.is_some() {
            let place = node.get("recorded_ttl").map_or(node.span, |node| node.span);
            let option = format!("tier.{}.recorded_ttl", tier.name);
            let keys = |trace: &Trace| trace.facts.keys_with_ttl;
            require(cx, model, &option, place, ("ttl", "times to live"), keys);
        }
    }
}

/// Reports an option for which the recording has nothing; `column` is the option of the trace that names its column, and its content.
fn require(
    cx: &mut Context,
    model: &Model,
    option: &str,
    place: Span,
    (column, content): (&str, &str),
    count: impl Fn(&Trace) -> u64,
) {
    let (label, help) = match &model.workload.arrivals {
        Arrivals::Trace(trace) if count(trace) > 0 => return,
        Arrivals::Trace(trace) => {
            let help = match trace.columns {
                TraceLayout::Fixed => {
                    format!("leave it out: this recording has none in its {} format", trace.format)
                }
                _ => format!("name their column with `{column}` of the trace, or leave it out"),
            };
            (format!("the trace has no {content}"), help)
        }
        _ => (format!("only a trace has recorded {content}"), "leave it out".to_owned()),
    };
    cx.report(Diagnostic::new(format!("{option} does not apply"), place, label).help(help));
}
