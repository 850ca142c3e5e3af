//! `[[event]]`.

pub(super) use super::around::Surroundings;
use super::refuse_repeated_names;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields, Tagged};
use crate::declare::file::Node;
use crate::declare::values::{
    count, duration, integer, positive, positive_duration, positive_share, truth, word,
};
use crate::model::{Arrivals, DownMode, EventKind, Nanos, Scope, Target, Tier, TimedEvent};
use crate::scenario::axes;

/// Reads all events that concern what this variant has, sorted by time.
pub(super) fn events(
    cx: &mut Context,
    elements: &[Node],
    around: &Surroundings<'_>,
) -> Option<Vec<TimedEvent>> {
    let labels = axes::event_labels(elements);
    refuse_repeated_names(cx, "event", elements, &labels);
    let mut events = Vec::new();
    let mut complete = true;
    for (element, label) in elements.iter().zip(labels) {
        let read = cx.within(format!("event.{label}"), |cx| {
            Fields::with(cx, element, "[[event]]", |f| event(f, label, around))
        });
        match read {
            Some(event) => events.extend(event),
            None => complete = false,
        }
    }
    events.sort_by_key(|event| event.at_ns);
    complete.then_some(events)
}

/// The event; the inner `None` stands for one that this variant has switched off, or whose tier it has.
fn event(f: &mut Fields<'_, '_>, label: String, around: &Surroundings<'_>) -> Option<Option<TimedEvent>> {
    if let Some(node) = f.node("label")
        && (node.as_str().is_none()
            || label.is_empty()
            || !label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
    {
        let title = format!("wrong value for {}.label", f.cx.here());
        let label = "expected a label of lower-case letters, digits and '-'";
        f.cx.report(Diagnostic::new(title, node.span, label));
    }
    let at_ns = f.require("at", "an instant such as \"60s\"", |cx, node| {
        let at_ns = duration(cx, node)?;
        match around.last_instant_ns {
            Some(end_ns) if at_ns >= end_ns => {
                let end = crate::units::format_duration(end_ns);
                cx.wrong(node, format!("expected an instant before the end, {end}"))
            }
            _ => Some(at_ns),
        }
    });
    let what = f.require("what", "such as { flush = { tier = \"l2\" } }", |cx, node| what(cx, node, around));
    let enabled = f.read("enabled", truth).unwrap_or(true);
    let (at_ns, what) = (at_ns?, what?);
    if let (true, Some(EventKind::Stall { .. }), false) = (enabled, what, around.change_stream) {
        let title = format!("{}.what does not apply", f.cx.here());
        let place = f.place("what");
        f.cx.report(
            Diagnostic::new(title, place, "there is no change stream that could stall")
                .help("set invalidation.cdc, or enabled = false where a variant has none"),
        );
        return None;
    }
    Some(what.filter(|_| enabled).map(|what| TimedEvent { at_ns, label, what }))
}

const TAGS: [&str; 11] = [
    "flush",
    "restart",
    "down",
    "slow",
    "pause",
    "node_lost",
    "surge",
    "hot_key",
    "deploy",
    "crash",
    "stall",
];

fn what(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    let tagged = Tagged::read(cx, node, &TAGS, "{ flush = { tier = \"l2\" } }")?;
    match tagged.tag {
        "flush" => tagged.table(cx, "{ tier = \"l2\" }", |f| {
            let place = f.require("tier", "the name of a tier", |cx, node| {
                around.directory.resolve(cx, node).map(|place| place.index)
            })?;
            Some(place.map(|tier| EventKind::Flush { tier }))
        }),
        "restart" => tagged.table(cx, "{ tier = \"l2\", for = \"10s\" }", |f| {
            let tier =
                f.require("tier", "the name of a shared tier", |cx, node| shared_tier(cx, node, around));
            let for_ns = length(f)?;
            Some(tier?.map(|tier| EventKind::Restart { tier, for_ns }))
        }),
        "down" => tagged.table(cx, "{ target = \"database\", for = \"10s\" }", |f| down(f, around)),
        "slow" => tagged.table(cx, "{ target = \"database\", for = \"10s\", factor = 3.0 }", |f| {
            let target = target(f, around);
            let factor = f.require("factor", "such as 3.0: everything takes three times as long", positive);
            let for_ns = length(f)?;
            let factor = factor?;
            Some(target?.map(|target| EventKind::Slow { target, for_ns, factor }))
        }),
        "pause" => tagged.table(cx, "{ target = \"database\", for = \"10s\" }", |f| {
            let target = target(f, around);
            let for_ns = length(f)?;
            Some(target?.map(|target| EventKind::Pause { target, for_ns }))
        }),
        "node_lost" => tagged.table(cx, "{ tier = \"l2\", node = 0 }", |f| node_lost(f, around)),
        "surge" => tagged.table(cx, "{ factor = 10.0, for = \"2m\" }", |f| {
            let factor = f.require("factor", "a factor on the arrival rate", positive);
            let for_ns = length(f);
            needs_own_arrivals(f, around, "only a workload with an arrival rate can surge", |arrivals| {
                matches!(arrivals, Arrivals::Closed { .. } | Arrivals::Trace(_))
            })?;
            Some(Some(EventKind::Surge { factor: factor?, for_ns: for_ns? }))
        }),
        "hot_key" => tagged.table(cx, "{ share = 0.3, for = \"30s\" }", |f| hot_key(f, around)),
        "crash" => tagged.table(cx, "{ instance = 0, for = \"10s\" }", |f| super::crash::crash(f, around)),
        "stall" => {
            tagged.table(cx, "{ for = \"60s\" }", |f| Some(Some(EventKind::Stall { for_ns: length(f)? })))
        }
        _ => tagged.table(cx, "{ every = \"5s\" }", |f| {
            let every = f.require("every", "the time from one instance to the next", duration);
            Some(Some(EventKind::Deploy { every_ns: every? }))
        }),
    }
}

fn length(f: &mut Fields<'_, '_>) -> Option<Nanos> {
    f.require("for", "a duration such as \"10s\"", positive_duration)
}

/// A tier with a server of its own; the inner `None`: switched off.
fn shared_tier(cx: &mut Context, node: &Node, around: &Surroundings<'_>) -> Option<Option<usize>> {
    let place = around.directory.resolve(cx, node)?;
    if !place.shared {
        let title = format!("tier \"{}\" lives in the process", place.name);
        cx.report(
            Diagnostic::new(title, node.span, "expected a tier with scope = \"shared\"")
                .help("use flush to empty it, or deploy to restart the instances"),
        );
        return None;
    }
    Some(place.index)
}

fn target(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<Target>> {
    let target =
        f.require("target", "the name of a shared tier, or \"database\"", |cx, node| match node.as_str() {
            Some("database") => Some(Some(Target::Database)),
            _ => shared_tier(cx, node, around).map(|tier| tier.map(Target::Tier)),
        });
    let node = f.read("node", count(0));
    match (target?, node) {
        (Some(Target::Tier(tier)), Some(node)) => {
            is_node(f, around, tier, node).then_some(Some(Target::Node { tier, node }))
        }
        (Some(Target::Database), Some(_)) => {
            f.refuse("node", "the database has no nodes", "leave it out, or name a shared tier");
            None
        }
        (target, _) => Some(target),
    }
}

/// Whether the tier has this node; if not, that is reported.
fn is_node(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, tier: usize, node: u32) -> bool {
    let Some(Tier { name, scope: Scope::Shared(shared), .. }) =
        around.tiers.and_then(|tiers| tiers.get(tier))
    else {
        return true;
    };
    if node < shared.nodes {
        return true;
    }
    let place = f.place("node");
    let title = format!("tier \"{name}\" has no node {node}");
    let (label, help) = match shared.nodes {
        1 => ("it has one node, 0".to_owned(), format!("set tier.{name}.nodes, such as 3")),
        nodes => (format!("expected 0 to {}", nodes - 1), format!("tier.{name}.nodes is {nodes}")),
    };
    f.cx.report(Diagnostic::new(title, place, label).help(help));
    false
}

fn node_lost(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    let tier = f.require("tier", "the name of a shared tier", |cx, node| shared_tier(cx, node, around));
    let node = f.require("node", "the number of a node, from 0", count(0));
    let for_ns = f.read_unless("for", "ever", positive_duration);
    let never = f.node("failover").is_some_and(|node| node.as_str() == Some("never"));
    let failover_ns = f.read_unless("failover", "never", duration);
    let failover_ns = if never { None } else { Some(failover_ns.unwrap_or(0)) };
    let fail = fail(f);
    let Some(tier) = tier? else { return Some(None) };
    let node = node?;
    if !is_node(f, around, tier, node) {
        return None;
    }
    may_wait(f, around, Target::Tier(tier), fail)?;
    Some(Some(EventKind::NodeLost { tier, node, for_ns, failover_ns, fail }))
}

fn fail(f: &mut Fields<'_, '_>) -> DownMode {
    let modes = [("refuse", DownMode::Refuse), ("timeout", DownMode::Timeout)];
    f.read("fail", word(&modes)).unwrap_or(DownMode::Refuse)
}

fn down(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    let target = target(f, around);
    let fail = fail(f);
    let for_ns = length(f)?;
    let Some(target) = target? else { return Some(None) };
    may_wait(f, around, target, fail)?;
    Some(Some(EventKind::Down { target, for_ns, fail }))
}

/// Who gets no answer must have a time limit.
fn may_wait(f: &mut Fields<'_, '_>, around: &Surroundings<'_>, target: Target, fail: DownMode) -> Option<()> {
    let (timeout, timeout_path) = match target {
        Target::Database => {
            (around.database.map(|database| database.timeout_ns), "database.timeout".to_owned())
        }
        Target::Tier(index) | Target::Node { tier: index, .. } => {
            match around.tiers.and_then(|tiers| tiers.get(index)) {
                Some(Tier { name, scope: Scope::Shared(shared), .. }) => {
                    (Some(shared.timeout_ns), format!("tier.{name}.timeout"))
                }
                _ => (None, String::new()),
            }
        }
    };
    let deadline = around.clients.is_none_or(|clients| clients.deadline_ns.is_some());
    if fail == DownMode::Timeout && timeout == Some(None) && !deadline {
        let title = "callers would wait for ever";
        let place = f.place("fail");
        f.cx.report(
            Diagnostic::new(title, place, format!("needs {timeout_path} or clients.deadline"))
                .help(format!("set {timeout_path} = \"1s\", or fail = \"refuse\"")),
        );
        return None;
    }
    Some(())
}

fn hot_key(f: &mut Fields<'_, '_>, around: &Surroundings<'_>) -> Option<Option<EventKind>> {
    let share = f.require("share", "its share of all requests, such as 0.3", positive_share);
    let for_ns = length(f);
    let key = f.read("key", integer(0, crate::model::MAX_KEYS));
    needs_own_arrivals(f, around, "a trace says itself which keys are asked for", |arrivals| {
        matches!(arrivals, Arrivals::Trace(_))
    })?;
    let workload = around.workload?;
    // By default the coldest key that has a row becomes the hottest.
    let mut first_id = 0;
    let coldest = workload.classes.iter().find_map(|class| {
        first_id += class.keys;
        (!class.absent).then(|| first_id - 1)
    });
    let key = key.or(coldest).unwrap_or(0);
    if key >= workload.keys() {
        let title = format!("no key {key}");
        let place = f.place("key");
        f.cx.report(Diagnostic::new(title, place, format!("expected a key below {}", workload.keys())));
        return None;
    }
    Some(Some(EventKind::HotKey { key, share: share?, for_ns: for_ns? }))
}

fn needs_own_arrivals(
    f: &mut Fields<'_, '_>,
    around: &Surroundings<'_>,
    why: &str,
    refused: impl FnOnce(&Arrivals) -> bool,
) -> Option<()> {
    match around.workload {
        Some(workload) if refused(&workload.arrivals) => {
            let title = format!("{} does not apply", f.cx.here());
            f.cx.report(Diagnostic::new(title, f.span, why.to_owned()));
            None
        }
        _ => Some(()),
    }
}
