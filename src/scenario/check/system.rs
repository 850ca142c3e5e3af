//! One variant's tree as a model: the sections put together.

use super::event::events;
use super::tier::tiers;
use super::workload::{Recorded, is_recorded, workload};
use super::{MAX_WINDOWS, whole};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::values::{duration, positive_duration};
use crate::declare::{Form, unset};
use crate::model::{
    Clients, Coalescing, Database, Invalidation, Limiter, MeasureOptions, Model, Nanos, ProfilePart, Slo,
    Surroundings, Writes,
};
use crate::scenario::trace::TraceFiles;
use crate::units::format_duration;

const SECOND_NS: Nanos = 1_000_000_000;

/// Fields of the file that say what is asked, not what is simulated.
pub(super) const EXPERIMENT_FIELDS: [&str; 15] = [
    "name",
    "question",
    "seed",
    "replications",
    "precision",
    "baseline",
    "headline",
    "answer",
    "practice",
    "observed",
    "threshold",
    "allow",
    "sweep",
    "recommend",
    "variant",
];

/// Reads a variant's tree. `cut_ns` is the duration from the command line, which goes before the file's.
pub(super) fn model(
    cx: &mut Context,
    traces: &mut TraceFiles,
    root: &Node,
    cut_ns: Option<Nanos>,
) -> Option<Model> {
    let mut f = Fields::open(cx, root, "a scenario")?;
    for name in EXPERIMENT_FIELDS {
        f.node(name);
    }
    let clients = match f.node("clients") {
        Some(node) => f.cx.within("clients", |cx| Clients::read(cx, node, ())),
        None => unset::<Clients>(),
    };
    let measure = f.read("measure", |cx, node| MeasureOptions::read(cx, node, ()));
    let tier_nodes = f.read("tier", |cx, node| tables(cx, node, "tier")).unwrap_or_default();
    let class_nodes = f.read("class", |cx, node| tables(cx, node, "class")).unwrap_or_default();
    let event_nodes = f.read("event", |cx, node| tables(cx, node, "event")).unwrap_or_default();

    let slo = f.read("slo", |cx, node| Slo::read(cx, node, !event_nodes.is_empty()));
    let (directory, tiers) = tiers(f.cx, tier_nodes);
    let limiter = f.read("limiter", |cx, node| Limiter::read(cx, node, &directory));
    let database =
        f.require("database", "a table with at least `read`", |cx, node| Database::read(cx, node, ()));
    let workload = f.require("workload", "a table with at least `arrivals` and `keys`", |cx, node| {
        workload(cx, traces, node, class_nodes, &directory)
    });
    let (workload, recorded) = match workload {
        Some((workload, recorded)) => (Some(workload), recorded),
        None => (None, None),
    };
    let traced = root.get("workload").is_some_and(is_recorded);
    let silent_from_ns = workload.as_ref().and_then(|workload| silent_from_ns(&workload.profile));
    let timing = timing(&mut f, traced, recorded.as_ref(), silent_from_ns, cut_ns);
    let coalescing = match f.node("coalescing") {
        Some(node) => f.cx.within("coalescing", |cx| Coalescing::read(cx, node, &directory)),
        None => Some(Coalescing::None),
    };
    let writes = f.read("writes", |cx, node| Writes::read(cx, node, ()));
    let (strategy, write_options) = writes.or_else(unset::<Writes>)?.parts();
    let invalidation = f.read("invalidation", |cx, node| Invalidation::read(cx, node, ()));
    let around = Surroundings {
        directory: &directory,
        tiers: tiers.as_deref(),
        database: database.as_ref(),
        workload: workload.as_ref(),
        change_stream: match root.get("invalidation") {
            Some(_) => invalidation.as_ref().is_none_or(|known| known.cdc.is_some()),
            None => false,
        },
        clients: clients.as_ref(),
        last_instant_ns: timing.as_ref().filter(|_| cut_ns.is_none()).map(|timing| timing.duration_ns),
    };
    let events = events(f.cx, event_nodes, &around);
    f.finish();

    let timing = timing?;
    let model = Model {
        duration_ns: timing.duration_ns,
        warmup_ns: timing.warmup_ns,
        warmup_auto: timing.warmup_auto,
        window_ns: timing.window_ns,
        drain_ns: timing.drain_ns,
        clients: clients?,
        limiter: limiter.filter(|limiter| limiter.enabled),
        workload: workload?,
        tiers: tiers?,
        coalescing: coalescing?,
        database: database?,
        writes: strategy,
        write_options,
        invalidation: invalidation.unwrap_or_default(),
        events: events?,
        slo,
        measure: measure.unwrap_or_default(),
    };
    whole::check(cx, root, &model, &directory);
    Some(model)
}

/// The elements of an array of tables.
fn tables<'n>(cx: &mut Context, node: &'n Node, name: &str) -> Option<&'n [Node]> {
    match &node.value {
        Value::Array(items) => Some(items),
        _ => cx.wrong(node, format!("expected [[{name}]] tables, found {}", node.kind())),
    }
}

struct Timing {
    duration_ns: Nanos,
    warmup_ns: Nanos,
    warmup_auto: bool,
    window_ns: Nanos,
    drain_ns: Nanos,
}

/// From when on the profile lets nobody ask any more.
pub(super) fn silent_from_ns(profile: &[ProfilePart]) -> Option<Nanos> {
    profile.iter().fold(None, |silent, part| match *part {
        ProfilePart::Step { at_ns, factor: 0.0 } => silent.or(Some(at_ns)),
        ProfilePart::Ramp { to_ns, factor: 0.0, .. } => silent.or(Some(to_ns)),
        ProfilePart::Step { .. } | ProfilePart::Ramp { .. } => None,
        ProfilePart::Sine { .. } => silent,
    })
}

/// The run ends with its arrivals, where these end before the duration.
fn timing(
    f: &mut Fields<'_, '_>,
    traced: bool,
    recorded: Option<&Recorded>,
    silent_from_ns: Option<Nanos>,
    cut_ns: Option<Nanos>,
) -> Option<Timing> {
    let sound = f.sound();
    let window_ns = f.read("window", positive_duration).unwrap_or(SECOND_NS);
    let drain_ns = f.read("drain", duration).unwrap_or(30 * SECOND_NS);
    let warmup = f.read("warmup", |cx, node| match node.as_str() {
        Some("auto") => Some(None),
        _ => duration(cx, node).map(Some),
    });
    let warmup_auto = warmup == Some(None);
    let warmup_ns = warmup.flatten().unwrap_or(0);
    // A single instant covers no time: it gets a window.
    let covered_ns = recorded.map(|recorded| recorded.covered_ns.unwrap_or(window_ns));
    // Where nobody ever asks there is something else to be said.
    let arrivals_end_ns = covered_ns.or(silent_from_ns.filter(|&ns| ns > 0));
    let stated_ns = match covered_ns {
        Some(covered_ns) => f.read("duration", positive_duration).or(Some(covered_ns)),
        None if traced => f.read("duration", positive_duration),
        None => {
            f.require("duration", "the simulated time, warm-up included, such as \"120s\"", positive_duration)
        }
    }?;
    let ends_by_then = |ns: Nanos| arrivals_end_ns.map_or(ns, |end_ns| ns.min(end_ns));
    let file_duration_ns = ends_by_then(stated_ns);
    let duration_ns = cut_ns.map_or(file_duration_ns, ends_by_then);
    let warmup_ns = if duration_ns < file_duration_ns && warmup_ns < file_duration_ns {
        // A run cut short from the command line keeps the shape of the scenario.
        (u128::from(warmup_ns) * u128::from(duration_ns) / u128::from(file_duration_ns)) as Nanos
    } else {
        warmup_ns
    };
    let last_ns = recorded.map(|recorded| recorded.length_ns.min(duration_ns - 1));
    if warmup_ns > last_ns.unwrap_or(duration_ns - 1) && (sound || f.given("warmup")) {
        let place = f.place("warmup");
        let label = match last_ns {
            Some(last_ns) => {
                format!("the last request of the trace comes at {}", format_duration(last_ns))
            }
            None if Some(duration_ns) == arrivals_end_ns => {
                format!("the arrivals end at {}", format_duration(duration_ns))
            }
            None => "expected less than the duration".to_owned(),
        };
        let mut diagnostic = Diagnostic::new("nothing would be measured", place, label);
        if f.given("duration") {
            diagnostic = diagnostic.also(f.place("duration"), "the duration");
        }
        f.cx.report(diagnostic);
        return None;
    }
    let windows = duration_ns.div_ceil(window_ns);
    if windows > MAX_WINDOWS {
        let place = if f.given("window") { f.place("window") } else { f.place("duration") };
        let label = format!("{windows} windows; expected at most {MAX_WINDOWS}");
        let help = "a longer window or a shorter duration".to_owned();
        f.cx.report(Diagnostic::new("too many windows", place, label).help(help));
        return None;
    }
    Some(Timing { duration_ns, warmup_ns, warmup_auto, window_ns, drain_ns })
}
