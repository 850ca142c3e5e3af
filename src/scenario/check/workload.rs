//! `[workload]` and `[[class]]`.

use super::refuse_repeated_names;
use std::path::PathBuf;

use crate::declare::Form;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::dice::round_ns;
use crate::model::{
    Arrivals, ArrivalsOptions, Class, ClassAround, ClassBy, Costs, Directory, MAX_CLASSES, MAX_KEYS, Nanos,
    OF_THE_TRACE, Operation, Popularity, Ranking, RecordedClass, Size, Trace, TraceClasses, TraceFacts,
    TraceLayout, TraceOptions, TraceReplay, Workload, WorkloadOptions, enough_keys,
};
use crate::scenario::axes;
use crate::scenario::trace::{TraceFiles, TraceRequest, TraceSummary};
use crate::trace::covered;
use crate::trace::source::STDIN;
use crate::trace::{Asked, ColumnNames, FORMATS, OperationNames, TraceFormat};

/// Name of the only class where the scenario names none.
const MAIN_CLASS: &str = "main";
/// Name of the class that `workload.absent` adds.
const ABSENT_CLASS: &str = "absent";

/// A hundred years: nanoseconds of 64 bits hold far more.
const LONGEST_TRACE_NS: f64 = 3.2e18;

/// The part of the model that a recorded workload adds.
pub(super) struct Recorded {
    /// From the first request to the last.
    pub length_ns: Nanos,
    /// The time that it covers; `None`: all requests are at one instant.
    pub covered_ns: Option<Nanos>,
    /// It begins anew at its end.
    pub repeats: bool,
}

impl Recorded {
    /// The time after the last request is covered as well ([`covered`]). Requests at
    /// one instant count once, so clocks that tick in whole seconds make no difference.
    fn of(summary: &TraceSummary, unit_ns: f64, repeats: bool) -> Recorded {
        let covered_ns = covered(summary.length * unit_ns, summary.instants);
        let length_ns = round_ns(summary.length * unit_ns);
        let covered_ns = covered_ns.map(|covered_ns| round_ns(covered_ns).max(length_ns + 1));
        Recorded { length_ns, covered_ns, repeats }
    }
}

/// Reads the workload with its classes, and what a trace told.
pub(super) fn workload(
    cx: &mut Context,
    traces: &mut TraceFiles,
    node: &Node,
    classes: &[Node],
    tiers: &Directory,
) -> Option<(Workload, Option<Recorded>)> {
    let mut options = WorkloadOptions::read(cx, node, classes.len())?;
    let f = &mut Fields::open(cx, node, "[workload]")?;
    let (arrivals, summary) = match options.arrivals.take() {
        Some(arrivals) => arrive(f, traces, arrivals, options.scale),
        None => (None, None),
    };
    if matches!(arrivals, Some(Arrivals::Closed { .. } | Arrivals::Trace(_))) {
        f.refuse("profile", "only a workload with an arrival rate can change it", "leave it out");
    }
    let classes = match (&summary, classes) {
        // Without the trace, other missing options cannot be found.
        (None, _) if is_recorded(node) => None,
        (Some((summary, _)), classes) => recorded_classes(f, summary, classes, &options, tiers),
        (None, []) => single_class(f, &options, tiers),
        (None, elements) => {
            for name in ["keys", "popularity", "absent"] {
                f.refuse(name, "it belongs to the [[class]] tables", "move it into a [[class]]");
            }
            several_classes(f.cx, elements, &options, tiers)
        }
    };
    let recorded = summary.map(|(_, recorded)| recorded);
    Some((Workload { arrivals: arrivals?, profile: options.profile, classes: classes? }, recorded))
}

/// Whether the arrivals are a trace, readable or not.
pub(super) fn is_recorded(workload: &Node) -> bool {
    workload.get("arrivals").is_some_and(|arrivals| arrivals.get("trace").is_some())
}

type Summary = (TraceSummary, Recorded);

/// The arrivals at so many times their traffic, and what a trace told.
fn arrive(
    f: &mut Fields<'_, '_>,
    traces: &mut TraceFiles,
    options: ArrivalsOptions,
    scale: f64,
) -> (Option<Arrivals>, Option<Summary>) {
    let mut rate = |rate_per_s: f64| {
        let scaled = rate_per_s * scale;
        (scaled.is_normal() || scale == 1.0).then_some(scaled).or_else(|| {
            out_of_range(f, format!("{rate_per_s} requests per second, {scale} times, are no rate"))
        })
    };
    let arrivals = match options {
        ArrivalsOptions::Poisson { rate_per_s } => {
            rate(rate_per_s).map(|rate_per_s| Arrivals::Poisson { rate_per_s })
        }
        ArrivalsOptions::Constant { rate_per_s } => {
            rate(rate_per_s).map(|rate_per_s| Arrivals::Constant { rate_per_s })
        }
        ArrivalsOptions::Renewal { rate_per_s, cv2 } => {
            rate(rate_per_s).map(|rate_per_s| Arrivals::Renewal { rate_per_s, cv2 })
        }
        ArrivalsOptions::Closed { users, think } => {
            scaled_users(f, users, scale).map(|users| Arrivals::Closed { users, think })
        }
        ArrivalsOptions::Trace(options) => return trace(f, traces, options, scale).unzip(),
    };
    (arrivals, None)
}

/// Whole users, one at least.
fn scaled_users(f: &mut Fields<'_, '_>, users: u32, scale: f64) -> Option<u32> {
    let scaled = (f64::from(users) * scale).round().max(1.0);
    match scaled <= f64::from(u32::MAX) {
        true => Some(scaled as u32),
        false => out_of_range(f, format!("{users} users, {scale} times, are more than {}", u32::MAX)),
    }
}

fn out_of_range<T>(f: &mut Fields<'_, '_>, label: String) -> Option<T> {
    let (title, place) = (format!("wrong value for {}.scale", f.cx.here()), f.place("scale"));
    f.cx.report(Diagnostic::new(title, place, label).help("1 is the traffic as it is written"));
    None
}

/// A trace whose clock runs `scale` times as fast.
fn trace(
    f: &mut Fields<'_, '_>,
    traces: &mut TraceFiles,
    options: TraceOptions,
    scale: f64,
) -> Option<(Arrivals, Summary)> {
    let format = match options.format.as_deref().map(known_format).transpose() {
        Ok(format) => format,
        Err(label) => {
            let place = trace_place(f, "format");
            f.cx.report(Diagnostic::new("unknown format of a trace", place, label));
            return None;
        }
    };
    let TraceOptions { file, time, key, size, key_size, ttl, client, class, operation, rate_per_s, .. } =
        options;
    let (mark, class) = match class {
        Some(ClassBy::Before(mark)) => (Some(mark), None),
        Some(ClassBy::Column(name)) => (None, Some(name)),
        None => (None, None),
    };
    let operation = operation.map(|Operation { column, read, write, ignore }| OperationNames {
        column,
        read,
        write,
        ignore,
    });
    let names = ColumnNames { time, key, size, key_size, ttl, client, class, operation };
    let request = TraceRequest {
        asked: Asked { format, names, mark: mark.clone() },
        unit_ns: options.unit_ns,
        sets: options.sets,
        is_paced: rate_per_s.is_some(),
        from_ns: options.from_ns,
        until_ns: options.until_ns,
        reorder_ns: options.reorder_ns,
        skip_bad: options.skip_bad,
    };
    // Standard input is in no folder.
    let path = if file == STDIN { PathBuf::from(STDIN) } else { f.cx.file(&file) };
    let summary = match traces.summary(&path, &file, &request) {
        Ok(summary) => summary,
        Err(reason) => {
            let title = format!("the trace {file} cannot be used");
            let place = trace_place(f, "file");
            f.cx.report(Diagnostic::new(title, place, reason));
            return None;
        }
    };
    // Paced requests are a gap apart.
    let (summary, unit_ns) = match rate_per_s {
        Some(rate_per_s) => {
            let length = (summary.requests - 1) as f64;
            (TraceSummary { length, ..summary }, 1e9 / rate_per_s / scale)
        }
        None => {
            let unit_ns = summary.unit_ns / scale;
            (summary, unit_ns)
        }
    };
    let length_ns = summary.length * unit_ns;
    if scale != 1.0 && !(unit_ns.is_normal() && length_ns < LONGEST_TRACE_NS) {
        return out_of_range(f, format!("the trace does not fit into simulated time, {scale} times as fast"));
    }
    let scaled = |ns: Nanos| round_ns(ns as f64 / scale);
    let is_spread = options.spread && rate_per_s.is_none() && summary.is_coarse();
    let mut recorded = Recorded::of(&summary, unit_ns, options.repeats);
    if is_spread {
        // A single stamp covers its tick.
        recorded.covered_ns = recorded.covered_ns.or(Some(round_ns(summary.step_ns / scale)));
    }
    let replay = TraceReplay {
        sets: options.sets,
        spread_ns: if is_spread { summary.step_ns / scale } else { 0.0 },
        rate_per_s: rate_per_s.map(|rate_per_s| rate_per_s * scale),
        from_ns: scaled(options.from_ns),
        until_ns: options.until_ns.map(scaled),
        loop_ns: recorded.covered_ns.filter(|_| options.repeats),
        reorder_ns: if rate_per_s.is_some() { 0 } else { scaled(summary.reorder_ns) },
        skip_bad: options.skip_bad,
    };
    let facts = TraceFacts {
        words: summary.words.clone(),
        sets: summary.sets,
        fills: summary.fills,
        sets_after_gets: summary.sets_after_gets,
        bad_rows: summary.bad_rows,
        operation_unread: summary.operation_unread.clone(),
        step: summary.step(),
        most_at_once: summary.most_at_once,
        sharing: summary.sharing,
        is_coarse: summary.is_coarse(),
        keys_with_ttl: summary.keys_with_ttl,
        clients: summary.clients,
        classes_put_together: summary.classes.put_together,
        spooled: summary.spooled.clone(),
        spooled_bytes: summary.spooled_bytes,
    };
    let trace = Trace {
        path: summary.path.clone(),
        columns: summary.layout.clone(),
        unit_ns,
        first_time: summary.first_time,
        requests: summary.requests,
        writes: summary.writes,
        digest: summary.digest.clone(),
        format: summary.format,
        replay,
        classes: (!summary.classes.all.is_empty())
            .then(|| TraceClasses { mark, of_number: summary.classes.of_number.clone() }),
        facts,
    };
    Some((Arrivals::Trace(trace), (summary, recorded)))
}

/// Where an option of the trace is, or the trace itself.
fn trace_place(f: &mut Fields<'_, '_>, option: &str) -> Span {
    let trace = f.node("arrivals").and_then(|arrivals| arrivals.get("trace"));
    trace.map_or(f.span, |trace| trace.get(option).unwrap_or(trace).span)
}

/// The format of that name, or the names that there are.
fn known_format(name: &str) -> Result<&'static str, String> {
    TraceFormat::named(name).map(|format| format.name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// `workload.keys` and `workload.absent` as one or two classes.
fn single_class(f: &mut Fields<'_, '_>, options: &WorkloadOptions, tiers: &Directory) -> Option<Vec<Class>> {
    // Of the requests that do not write, the same share in both classes.
    let checks_of_reads = match options.exists_share {
        0.0 => 0.0,
        checks => (checks / (1.0 - options.write_share)).min(1.0),
    };
    let class = |name: &str, share, keys, popularity, absent, write_share: f64| Class {
        name: name.to_owned(),
        share,
        keys,
        popularity,
        ranking: if absent { Ranking::Fixed } else { options.ranking },
        absent,
        write_share,
        keys_per_entity: if absent { 1 } else { options.keys_per_entity },
        exists_share: checks_of_reads * (1.0 - write_share),
        keys_per_request: options.keys_per_request,
        value_size: options.value_size,
        key_size: options.key_size,
        ttl: vec![None; tiers.enabled()],
        bypass: Vec::new(),
        cacheable: true,
        costs: Costs::OF_THE_DATABASE,
    };
    let (keys, popularity) = (options.keys?, options.popularity.clone());
    let fewest = options.absent.as_ref().map_or(keys, |absent| keys.min(absent.keys));
    enough_keys(f, options.keys_per_request, fewest);
    let Some(absent) = &options.absent else {
        return Some(vec![class(MAIN_CLASS, 1.0, keys, popularity, false, options.write_share)]);
    };
    if keys + absent.keys > MAX_KEYS {
        let (title, place) = ("too many keys", f.place("absent"));
        f.cx.report(Diagnostic::new(title, place, format!("expected at most {MAX_KEYS} keys in all")));
        return None;
    }
    let absent_share = absent.share * (1.0 - options.write_share);
    if absent_share >= 1.0 {
        let (title, place) = ("every request is for an absent key", f.place("absent"));
        f.cx.report(Diagnostic::new(title, place, "expected a share below 1"));
        return None;
    }
    let main_share = 1.0 - absent_share;
    Some(vec![
        class(MAIN_CLASS, main_share, keys, popularity, false, options.write_share / main_share),
        class(ABSENT_CLASS, absent_share, absent.keys, absent.popularity.clone(), true, 0.0),
    ])
}

/// The classes of a trace, one where it tells of none; options that the trace itself replaces are refused here.
fn recorded_classes(
    f: &mut Fields<'_, '_>,
    summary: &TraceSummary,
    elements: &[Node],
    options: &WorkloadOptions,
    tiers: &Directory,
) -> Option<Vec<Class>> {
    for name in OF_THE_TRACE {
        f.refuse(name, "the trace has its own", "leave it out");
    }
    let value_help = match summary.layout {
        TraceLayout::Fixed => "leave it out",
        TraceLayout::Table(_) | TraceLayout::Fields(_) => "leave out value_size, or `size` of the trace",
    };
    let refuse_sizes = |f: &mut Fields<'_, '_>| {
        if summary.sized {
            f.refuse("value_size", "the trace has a size column", value_help);
        }
        if summary.key_sized {
            f.refuse("key_size", "the trace has sizes of keys", "leave it out");
        }
    };
    refuse_sizes(f);
    if summary.keys > MAX_KEYS {
        let (title, place) = ("too many keys", f.place("arrivals"));
        let label = format!("the trace has {} distinct keys; expected at most {MAX_KEYS}", summary.keys);
        f.cx.report(Diagnostic::new(title, place, label));
    }
    let only = [RecordedClass { name: MAIN_CLASS.to_owned(), share: 1.0, keys: summary.keys }];
    let recorded = match summary.classes.all.as_slice() {
        [] => &only[..],
        classes => classes,
    };
    if let (Some(element), true) = (elements.first(), summary.classes.all.is_empty()) {
        let title = "[[class]] does not apply";
        let way_out = "leave it out, or let `class` of the trace tell the classes of its keys";
        f.cx.report(Diagnostic::new(title, element.span, "this trace has no classes").help(way_out));
        return None;
    }
    let names = axes::names(elements);
    refuse_repeated_names(f.cx, "class", elements, &names);
    let around = ClassAround { workload: options, tiers, recorded: Some(recorded) };
    let mut own = Vec::new();
    for (element, name) in elements.iter().zip(&names) {
        let segment = if name.is_empty() { "class".to_owned() } else { format!("class.{name}") };
        own.push(f.cx.within(segment, |cx| {
            refuse_sizes(&mut Fields::open(cx, element, "[[class]]")?);
            Class::read(cx, element, around)
        }));
    }
    let own: Vec<Class> = own.into_iter().collect::<Option<_>>()?;
    let class = |recorded: &RecordedClass| {
        let own = own.iter().find(|class| class.name == recorded.name).cloned();
        let class = own.unwrap_or_else(|| recorded_class(recorded, options, tiers));
        let value_size = if summary.sized { Size::Trace } else { class.value_size };
        let key_size = if summary.key_sized { Size::Trace } else { class.key_size };
        Class { value_size, key_size, ..class }
    };
    Some(recorded.iter().map(class).collect())
}

/// A class of a trace of which the scenario has nothing to add.
fn recorded_class(recorded: &RecordedClass, options: &WorkloadOptions, tiers: &Directory) -> Class {
    Class {
        name: recorded.name.clone(),
        share: recorded.share,
        keys: recorded.keys,
        popularity: Popularity::Uniform,
        ranking: Ranking::Fixed,
        absent: false,
        write_share: 0.0,
        keys_per_entity: 1,
        exists_share: 0.0,
        keys_per_request: 1,
        value_size: options.value_size,
        key_size: options.key_size,
        ttl: vec![None; tiers.enabled()],
        bypass: Vec::new(),
        cacheable: true,
        costs: Costs::OF_THE_DATABASE,
    }
}

fn several_classes(
    cx: &mut Context,
    elements: &[Node],
    options: &WorkloadOptions,
    tiers: &Directory,
) -> Option<Vec<Class>> {
    let names = axes::names(elements);
    refuse_repeated_names(cx, "class", elements, &names);
    if let Some(element) = elements.get(MAX_CLASSES) {
        let title = format!("{} classes", elements.len());
        cx.report(Diagnostic::new(title, element.span, format!("expected at most {MAX_CLASSES}")));
    }
    let mut read = Vec::new();
    for (element, name) in elements.iter().zip(&names) {
        let segment = if name.is_empty() { "class".to_owned() } else { format!("class.{name}") };
        let around = ClassAround { workload: options, tiers, recorded: None };
        read.push(cx.within(segment, |cx| Class::read(cx, element, around)));
    }
    let classes: Vec<Class> = read.into_iter().collect::<Option<_>>()?;
    let place = |index: usize| elements[index].get("share").map_or(elements[index].span, |node| node.span);
    share_sum(cx, &classes, (0..classes.len()).map(place).collect())?;
    let keys = classes.iter().map(|class| class.keys).sum::<u64>();
    if keys > MAX_KEYS {
        let title = format!("{keys} keys in all classes");
        let label = format!("expected at most {MAX_KEYS} in all");
        cx.report(Diagnostic::new(title, elements[elements.len() - 1].span, label));
    }
    Some(classes)
}

fn share_sum(cx: &mut Context, classes: &[Class], places: Vec<Span>) -> Option<()> {
    let sum: f64 = classes.iter().map(|class| class.share).sum();
    if (sum - 1.0).abs() <= 1e-6 {
        return Some(());
    }
    let (last, others) = places.split_last()?;
    let label = format!("the shares of all classes sum to {}", (sum * 1e6).round() / 1e6);
    let mut diagnostic = Diagnostic::new("class shares must sum to 1", *last, label);
    for place in others {
        diagnostic = diagnostic.also(*place, "");
    }
    cx.report(diagnostic);
    None
}
