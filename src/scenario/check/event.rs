//! `[[event]]`.

use super::refuse_repeated_names;
use crate::declare::Form;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::model::{Coalescing, EventKind, EventOptions, Model, Surroundings, TimedEvent};
use crate::scenario::axes;

/// Most changes of settings of one run.
const REVISIONS_MAX: u8 = 32;

/// Reads all events that concern what this variant has, sorted by time.
pub(super) fn events(
    cx: &mut Context,
    elements: &[Node],
    around: &Surroundings<'_>,
) -> Option<Vec<TimedEvent>> {
    let labels = axes::event_labels(elements);
    refuse_repeated_names(cx, "event", elements, &labels);
    let instances = around.clients.map_or(1, |clients| clients.instances);
    let mut events = Vec::new();
    let mut complete = true;
    for (element, label) in elements.iter().zip(labels) {
        let read = cx.within(format!("event.{label}"), |cx| EventOptions::read(cx, element, around));
        match read {
            Some(event) => events.extend(event.event(label, instances)),
            None => complete = false,
        }
    }
    events.sort_by_key(|event| event.at_ns);
    number_revisions(cx, elements, &mut events);
    complete.then_some(events)
}

/// Changes of settings are numbered in the order of time.
fn number_revisions(cx: &mut Context, elements: &[Node], events: &mut [TimedEvent]) {
    let mut last = 0;
    for event in events {
        let EventKind::Change { revision, .. } = &mut event.what else { continue };
        if last == REVISIONS_MAX {
            let title = format!("more than {REVISIONS_MAX} changes of settings in one run");
            if let Some(first) = elements.first() {
                cx.report(Diagnostic::new(title, first.span, "the first event of the list"));
            }
            return;
        }
        last += 1;
        *revision = last;
    }
}

/// Rules that need the whole scenario.
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
            EventKind::Restart { loses_ns: 1.., .. } if model.write_back().is_some() => {
                let title = format!("event.{}.what.restart.loses does not apply", event.label);
                let label = "under write-back the cache is ahead of the database: which of its unflushed writes survive is not modelled";
                cx.report(Diagnostic::new(title, span, label).help("leave it out, or use another strategy"));
            }
            _ => {}
        }
    }
}
