//! `{ crash = { ... } }` of `[[event]]`: an instance, or whoever leads a fetch.

use super::around::Surroundings;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::declare::values::{duration, integer, positive_duration};
use crate::model::{Arrivals, Coalescing, EventKind, Model};
use crate::scenario::axes;

/// The event, in the shape in which events are read: the inner option is always `Some`.
pub(super) fn crash(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    match (f.node("instance").is_some(), f.node("leader").is_some()) {
        (true, false) => instance(f, around),
        (false, true) => leader(f, around),
        (both, _) => {
            for name in ["for", "detect"] {
                f.node(name);
            }
            let title = format!("{} needs one victim", f.cx.here());
            let label = if both { "an instance and a leader" } else { "neither an instance nor a leader" };
            f.cx.report(
                Diagnostic::new(title, f.span, label)
                    .help("{ instance = 0, for = \"10s\" }, or { leader = \"hottest\" }"),
            );
            None
        }
    }
}

fn instance(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    let instances = around.clients.map(|clients| clients.instances);
    let instance = f.read("instance", |cx, node| {
        let instance = integer(0, u64::from(u32::MAX))(cx, node)? as u32;
        match instances {
            Some(instances) if instance >= instances => {
                let label = match instances {
                    1 => "expected 0: there is one instance (clients.instances)".to_owned(),
                    _ => format!(
                        "expected a number from 0 to {}: there are {instances} instances",
                        instances - 1
                    ),
                };
                cx.wrong(node, label)
            }
            _ => Some(instance),
        }
    });
    let for_ns =
        f.require("for", "how long until a new process is there, such as \"10s\"", positive_duration);
    let detect_ns = f.read("detect", |cx, node| {
        let detect_ns = duration(cx, node)?;
        match for_ns {
            Some(for_ns) if detect_ns > for_ns => {
                cx.wrong(node, "expected at most `for`: after that the new process is there")
            }
            _ => Some(detect_ns),
        }
    });
    let detect_ns = detect_ns.unwrap_or(0);
    Some(Some(EventKind::Crash { instance: instance?, for_ns: for_ns?, detect_ns }))
}

fn leader(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    for name in ["for", "detect"] {
        let way_out = "for the whole process: { instance = 0, for = \"10s\" }";
        f.refuse(name, "a dead leader does not come back, its process lives on", way_out);
    }
    let workload = around.workload;
    let key = f.read("leader", |cx, node| match node.as_str() {
        Some("hottest") => Some(None),
        Some(_) => cx.wrong(node, "expected \"hottest\", or the number of a key"),
        None => {
            let key = integer(0, crate::model::MAX_KEYS)(cx, node)?;
            match workload {
                Some(workload) if key >= workload.keys() => {
                    cx.wrong(node, format!("expected a key below {}", workload.keys()))
                }
                _ => Some(Some(key)),
            }
        }
    });
    if workload.is_some_and(|workload| matches!(workload.arrivals, Arrivals::Trace(_))) {
        let title = format!("{}.leader does not apply", f.cx.here());
        let place = f.place("leader");
        f.cx.report(Diagnostic::new(title, place, "the keys of a trace have no numbers of their own"));
        return None;
    }
    Some(Some(EventKind::LeaderCrash { key: key? }))
}

/// What only the whole scenario can tell.
pub(super) fn check(cx: &mut Context, root: &Node, model: &Model) {
    let elements = root.elements("event");
    let labels = axes::event_labels(elements);
    for event in &model.events {
        let Some(place) = labels.iter().position(|label| *label == event.label) else { continue };
        let span = elements[place].get("what").map_or(elements[place].span, |what| what.span);
        match event.what {
            EventKind::LeaderCrash { .. }
                if matches!(model.coalescing, Coalescing::Singleflight { .. })
                    && model.database.timeout_ns.is_none()
                    && model.clients.deadline_ns.is_none() =>
            {
                cx.report(
                    Diagnostic::new(
                        "who waits for a dead leader would wait for ever",
                        span,
                        "with singleflight",
                    )
                    .help("set database.timeout or clients.deadline"),
                );
            }
            _ => {}
        }
    }
}
