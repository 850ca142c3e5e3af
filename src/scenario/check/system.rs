//! One variant's tree as a model: the sections put together.

use super::event::events;
use super::question::Question;
use super::revision::revise;
use super::tier::tiers;
use super::workload::{Recorded, is_recorded, workload};
use super::{MAX_WINDOWS, whole};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::declare::kind::{self, Kind};
use crate::declare::options;
use crate::declare::values::{Duration, Later, LaterListOf, PositiveDuration, duration};
use crate::declare::{Form, unset};
use crate::model::{
    Class, Clients, Coalescing, Database, EventOptions, Invalidation, Limiter, MeasureOptions, Model, Nanos,
    Price, ProfilePart, Slo, Surroundings, TierOptions, WorkloadOptions, Writes,
};
use crate::scenario::trace::TraceFiles;
use crate::units::format_duration;

options! {
    /// The file without its question: the system of a variant.
    pub(super) struct System in "system" (judges_cells: bool), such as "a scenario" {
        /// simulated time with arrivals, warm-up included; a run ends with its arrivals (a trace, a profile that goes to 0 for good)
        /// where they end earlier
        "duration" duration_ns: Option<Nanos> as PositiveDuration,
            optional "required; for a trace: the time that it covers, first to last request and one mean gap";
        /// requests that start before are simulated and not measured; less than `duration`. `"auto"`: found by a pilot (MSER-5), refused
        /// with events, a rate profile or a trace
        "warmup" warmup_ns: Option<Nanos> as Warmup, default "0s";
        /// width of a point in time series; at most 100,000 windows
        "window" window_ns: Nanos as PositiveDuration, default "1s";
        /// how long the run may go on after the last arrival to finish requests in flight
        "drain" drain_ns: Nanos as Duration, default "30s";
        /// how concurrent misses of one key become one call of the database
        "coalescing" _coalescing: Option<()> as Later<Coalescing>, optional "`\"none\"`";
        /// requests: arrivals, keys, their popularity and sizes, reads and writes
        "workload" _workload: Option<()> as Later<WorkloadOptions>,
            reported "a table with at least `arrivals` and `keys`";
        /// `[[class]]`: a range of keys that behave alike, with its share of the requests
        "class" _class: Option<()> as LaterListOf<Class>, optional "the keys of `[workload]`";
        /// `[[tier]]`: a cache, in the order of lookup: where it is, how long it keeps entries, how it evicts
        "tier" _tier: Option<()> as LaterListOf<TierOptions>, optional "no cache";
        /// the database behind the caches: service times, servers, queue, connections, retries and protection
        "database" database: Option<Database> as Database, reported "a table with at least `read`";
        /// the application: its instances, how requests find them, the deadline of a request
        "clients" clients: Clients, otherwise "one instance" => unset::<Clients>();
        /// a rate limiter whose counters are in a shared tier: every request passes it first
        "limiter" _limiter: Option<()> as Later<Limiter>, optional "none";
        /// effect of a write on the caches, and its order with the change of the database
        "writes" writes: Writes, otherwise "`strategy = \"invalidate\"`" => unset::<Writes>();
        /// invalidation by others than the writer: a change stream, a broadcast
        "invalidation" invalidation: Option<Invalidation> as Invalidation, optional "none";
        /// `[[event]]`: a change of the system at an instant: a flush, an outage, a surge, a deploy, a crash
        "event" _event: Option<()> as LaterListOf<EventOptions>, optional "none";
        /// the service objective: limits of a good answer, by which recovery after events is judged
        "slo" slo: Option<Slo> as Slo[judges_cells], optional "none";
        /// prices of the parts of the system, for the measures `cost.*`
        "price" price: Option<Price> as Price, optional "none";
        /// measures that cost time or memory, and are taken on request only
        "measure" measure: MeasureOptions, otherwise "nothing further" => unset::<MeasureOptions>();
    }
    check |f| {
        if !f.node("workload").is_some_and(is_recorded) {
            f.demand("duration", "the simulated time, warm-up included, such as \"120s\"");
        }
    }
}

/// Nanoseconds; `None`: found by a pilot.
struct Warmup;

impl Form for Warmup {
    type Value = Option<Nanos>;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["auto"]), kind::DURATION]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Option<Nanos>> {
        match node.as_str() {
            Some("auto") => Some(None),
            _ => duration(cx, node).map(Some),
        }
    }
}

/// Reads a variant's tree. `cut_ns` is the duration from the command line, which takes precedence over the file's.
pub(super) fn model(
    cx: &mut Context,
    traces: &mut TraceFiles,
    root: &Node,
    cut_ns: Option<Nanos>,
) -> Option<Model> {
    let mut f = Fields::open(cx, root, "a scenario")?;
    for option in Question::OPTIONS {
        f.node(option.name);
    }
    let event_nodes = root.elements("event");
    let prices_objective = root.get("price").is_some_and(|price| price.get("objective_minute").is_some());
    let system = System::read_options(&mut f, !event_nodes.is_empty() || prices_objective)?;
    let System { database, clients, writes, invalidation, slo, price, measure, .. } = system;
    let (directory, tiers) = tiers(f.cx, root.elements("tier"));
    let limiter =
        root.get("limiter").and_then(|node| f.cx.within("limiter", |cx| Limiter::read(cx, node, &directory)));
    let workload = root.get("workload").and_then(|node| {
        f.cx.within("workload", |cx| workload(cx, traces, node, root.elements("class"), &directory))
    });
    let (workload, recorded) = workload.unzip();
    let recorded = recorded.flatten();
    let silent_from_ns = workload.as_ref().and_then(|workload| silent_from_ns(&workload.profile));
    let stated = Timing {
        duration_ns: system.duration_ns.unwrap_or(0),
        warmup_ns: system.warmup_ns.unwrap_or(0),
        warmup_auto: system.warmup_ns.is_none(),
        window_ns: system.window_ns,
        drain_ns: system.drain_ns,
    };
    let timing = timing(&mut f, stated, recorded.as_ref(), silent_from_ns, cut_ns);
    let coalescing = match root.get("coalescing") {
        Some(node) => f.cx.within("coalescing", |cx| Coalescing::read(cx, node, &directory)),
        None => Some(Coalescing::None),
    };
    let (strategy, write_options) = writes.parts();
    let around = Surroundings {
        directory: &directory,
        tiers: tiers.as_deref(),
        database: database.as_ref(),
        workload: workload.as_ref(),
        change_stream: match root.get("invalidation") {
            Some(_) => invalidation.as_ref().is_none_or(|known| known.cdc.is_some()),
            None => false,
        },
        clients: Some(&clients),
        last_instant_ns: timing.as_ref().filter(|_| cut_ns.is_none()).map(|timing| timing.duration_ns),
    };
    let events = events(f.cx, event_nodes, &around);
    f.finish();

    let timing = timing?;
    let mut model = Model {
        duration_ns: timing.duration_ns,
        warmup_ns: timing.warmup_ns,
        warmup_auto: timing.warmup_auto,
        window_ns: timing.window_ns,
        drain_ns: timing.drain_ns,
        clients,
        limiter: limiter.filter(|limiter| limiter.enabled),
        workload: workload?,
        tiers: tiers?,
        coalescing: coalescing?,
        database: database?,
        writes: strategy,
        write_options,
        invalidation: invalidation.unwrap_or_default(),
        events: events?,
        revisions: Vec::new(),
        slo,
        price,
        measure,
    };
    whole::check(cx, root, &model, &directory);
    revise(cx, traces, root, cut_ns, &mut model)?;
    Some(model)
}

/// When a run begins to be measured, and when it ends; a duration of 0 is not stated.
#[derive(Clone, Copy)]
struct Timing {
    duration_ns: Nanos,
    warmup_ns: Nanos,
    warmup_auto: bool,
    window_ns: Nanos,
    drain_ns: Nanos,
}

/// From when on the profile has no arrivals any more.
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
    stated: Timing,
    recorded: Option<&Recorded>,
    silent_from_ns: Option<Nanos>,
    cut_ns: Option<Nanos>,
) -> Option<Timing> {
    let sound = f.sound();
    let Timing { duration_ns: stated_ns, warmup_ns, warmup_auto, window_ns, drain_ns } = stated;
    // A single instant covers no time: it gets a window.
    let covered_ns = recorded.map(|recorded| recorded.covered_ns.unwrap_or(window_ns));
    // A scenario without any request has a message of its own.
    let ends_ns = covered_ns.filter(|_| !recorded.is_some_and(|recorded| recorded.repeats));
    let arrivals_end_ns = ends_ns.or(silent_from_ns.filter(|&ns| ns > 0));
    let stated_ns = Some(stated_ns).filter(|&ns| ns > 0).or(covered_ns)?;
    let ends_by_then = |ns: Nanos| arrivals_end_ns.map_or(ns, |end_ns| ns.min(end_ns));
    let file_duration_ns = ends_by_then(stated_ns);
    let duration_ns = cut_ns.map_or(file_duration_ns, ends_by_then);
    let warmup_ns = if duration_ns < file_duration_ns && warmup_ns < file_duration_ns {
        // A run cut short from the command line keeps the shape of the scenario.
        (u128::from(warmup_ns) * u128::from(duration_ns) / u128::from(file_duration_ns)) as Nanos
    } else {
        warmup_ns
    };
    let last_ns =
        recorded.filter(|recorded| !recorded.repeats).map(|recorded| recorded.length_ns.min(duration_ns - 1));
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
