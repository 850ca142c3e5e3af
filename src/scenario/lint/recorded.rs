//! Lints about a recorded workload: what its replay takes the recording for.

use super::rules::{View, percent};
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::model::{Arrivals, Sets, Trace};
use crate::units::grouped;

/// SETs that follow lookups so often are fills.
const FILLS_SHARE: f64 = 0.5;

pub(super) fn recorded(view: &mut View<'_>) {
    let Arrivals::Trace(trace) = &view.model.workload.arrivals else { return };
    coarse_times(view, trace);
    sets_as_writes(view, trace);
    operations_unread(view, trace);
}

/// The place of an option of the trace, or of its file.
fn place(view: &View<'_>, option: &str) -> Span {
    let arrivals = view.tree.get("workload").and_then(|workload| workload.get("arrivals"));
    let trace = arrivals.and_then(|arrivals| arrivals.get("trace"));
    let node = trace.and_then(|trace| trace.get(option).or_else(|| trace.get("file")));
    node.map_or(view.tree.span, |node| node.span)
}

fn coarse_times(view: &mut View<'_>, trace: &Trace) {
    let facts = &trace.facts;
    if !facts.is_coarse || trace.replay.rate_per_s.is_some() {
        return;
    }
    let shared = percent(facts.sharing as f64 / trace.requests as f64);
    let title = format!(
        "{shared} of the requests share their time stamp, up to {} at once",
        grouped(facts.most_at_once)
    );
    let label = match trace.replay.spread_ns {
        0.0 => format!("they come at one instant; the clock ticks every {}", facts.step),
        _ => format!("they are spread over {} from their stamp on", facts.step),
    };
    view.warn("coarse-times", Diagnostic::new(title, place(view, "spread"), label));
}

fn sets_as_writes(view: &mut View<'_>, trace: &Trace) {
    let facts = &trace.facts;
    let following = facts.sets_after_gets as f64 / facts.sets.max(1) as f64;
    if trace.replay.sets == Some(Sets::Fill) || facts.sets == 0 || following < FILLS_SHARE {
        return;
    }
    let title = format!("{} of the recorded SETs follow a lookup of their key", percent(following));
    let label = format!("{} SETs are replayed as writes", grouped(facts.sets));
    view.warn("sets-as-writes", Diagnostic::new(title, place(view, "sets"), label));
}

fn operations_unread(view: &mut View<'_>, trace: &Trace) {
    let Some(column) = &trace.facts.operation_unread else { return };
    let title = format!("the trace has a column \"{column}\", and every request is replayed as a read");
    view.warn(
        "operations-unread",
        Diagnostic::new(title, place(view, "operation"), "no `operation` names it"),
    );
}
