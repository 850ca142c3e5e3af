//! `[workload]` and `[[class]]`.

use super::refuse_repeated_names;
use crate::declare::Form;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::fields::{Context, Fields, Tagged};
use crate::declare::file::{Node, Value};
use crate::declare::values::{
    at_least, count, duration, integer, name, positive_duration, positive_share, rate, share, text, texts,
    time_unit, truth,
};
use crate::dice::round_ns;
use crate::model::Directory;
use crate::model::{
    Arrivals, Class, Dist, MAX_CLASSES, Nanos, Popularity, ProfilePart, Size, Trace, Ttl, Workload,
};
use crate::model::{Keys, MAX_KEYS};
use crate::model::{dist, size};
use crate::scenario::axes;
use crate::scenario::trace::{TraceFiles, TraceSummary};
use crate::trace::ColumnNames;

/// Name of the only class where the scenario names none.
const MAIN_CLASS: &str = "main";
/// Name of the class that `workload.absent` adds.
const ABSENT_CLASS: &str = "absent";

/// What a recorded workload adds to the model.
pub(super) struct Recorded {
    /// From the first request to the last.
    pub length_ns: Nanos,
    /// The time that it covers; `None`: all requests are at one instant.
    pub covered_ns: Option<Nanos>,
}

impl Recorded {
    /// What comes after the last request is covered as well: as much as lies between two requests on average. Requests at
    /// one instant count once, so clocks that tick in whole seconds make no difference.
    fn of(summary: &TraceSummary, unit_ns: f64) -> Recorded {
        let length_ns = (summary.last_time - summary.first_time) * unit_ns;
        let gaps = summary.instants.saturating_sub(1);
        let covered = |gaps: u64| round_ns(length_ns * (1.0 + 1.0 / gaps as f64));
        let length_ns = round_ns(length_ns);
        Recorded { length_ns, covered_ns: (gaps > 0).then(|| covered(gaps).max(length_ns + 1)) }
    }
}

/// What classes take from `[workload]` unless they say otherwise.
struct Defaults {
    value_size: Size,
    key_size: Size,
    write_share: f64,
    keys_per_entity: u32,
    exists_share: f64,
    keys_per_request: u32,
}

/// Reads the workload with its classes, and what a trace told.
pub(super) fn workload(
    cx: &mut Context,
    traces: &mut TraceFiles,
    node: &Node,
    classes: &[Node],
    tiers: &Directory,
) -> Option<(Workload, Option<Recorded>)> {
    Fields::with(cx, node, "[workload]", |f| {
        let arrivals = f.require("arrivals", "such as { poisson = { rate = 1000 } }", |cx, node| {
            arrivals(cx, traces, node)
        });
        let profile = f.read("profile", profile).unwrap_or_default();
        let defaults = Defaults {
            value_size: f.read("value_size", size).unwrap_or(Size::Constant { bytes: 1_000 }),
            key_size: f.read("key_size", size).unwrap_or(Size::Constant { bytes: 40 }),
            write_share: f.read("write_share", share).unwrap_or(0.0),
            keys_per_entity: f.read("keys_per_entity", keys_per_entity).unwrap_or(1),
            exists_share: f.read("exists_share", share).unwrap_or(0.0),
            keys_per_request: f.read("keys_per_request", keys_per_request).unwrap_or(1),
        };
        shares_fit(f, defaults.write_share, defaults.exists_share);
        let (arrivals, summary) = match arrivals {
            Some((arrivals, summary)) => (Some(arrivals), summary),
            None => (None, None),
        };
        let open = !matches!(arrivals, Some(Arrivals::Closed { .. } | Arrivals::Trace(_)));
        if !open {
            f.refuse("profile", "only a workload with an arrival rate can change it", "leave it out");
        }
        let classes = match (&summary, classes) {
            // Without the trace nobody knows what else is missing.
            (None, _) if is_recorded(node) => {
                for name in ["keys", "popularity", "absent"] {
                    f.node(name);
                }
                None
            }
            (Some((summary, _)), classes) => recorded_class(f, summary, classes, &defaults, tiers),
            (None, []) => single_class(f, &defaults, tiers),
            (None, elements) => {
                for name in ["keys", "popularity", "absent"] {
                    f.refuse(name, "the [[class]] tables say it", "move it into a [[class]]");
                }
                several_classes(f.cx, elements, &defaults, tiers)
            }
        };
        let recorded = summary.map(|(_, recorded)| recorded);
        Some((Workload { arrivals: arrivals?, profile, classes: classes? }, recorded))
    })
}

/// Whether the arrivals are a trace, readable or not.
pub(super) fn is_recorded(workload: &Node) -> bool {
    workload.get("arrivals").is_some_and(|arrivals| arrivals.get("trace").is_some())
}

type Summary = (TraceSummary, Recorded);

fn arrivals(cx: &mut Context, traces: &mut TraceFiles, node: &Node) -> Option<(Arrivals, Option<Summary>)> {
    let tags = ["poisson", "constant", "renewal", "closed", "trace"];
    let tagged = Tagged::read(cx, node, &tags, "{ poisson = { rate = 1000 } }")?;
    let rate_of = |f: &mut Fields<'_, '_>| f.require("rate", "requests per second", rate);
    let arrivals = match tagged.tag {
        "poisson" => {
            tagged.table(cx, "{ rate = 1000 }", |f| Some(Arrivals::Poisson { rate_per_s: rate_of(f)? }))
        }
        "constant" => {
            tagged.table(cx, "{ rate = 1000 }", |f| Some(Arrivals::Constant { rate_per_s: rate_of(f)? }))
        }
        "renewal" => tagged.table(cx, "{ rate = 1000, cv2 = 4.0 }", |f| {
            let rate_per_s = rate_of(f);
            let cv2 = f.require("cv2", "the squared coefficient of variation of the gaps", at_least(0.0));
            Some(Arrivals::Renewal { rate_per_s: rate_per_s?, cv2: cv2? })
        }),
        "closed" => tagged.table(cx, "{ users = 50, think = \"1s\" }", |f| {
            let users = f.require("users", "the number of users", count(1));
            let think = f.read("think", dist).unwrap_or(Dist::ZERO);
            Some(Arrivals::Closed { users: users?, think })
        }),
        _ => {
            let example = "{ file = \"trace.csv\", time = \"time\", key = \"key\", unit = \"s\" }";
            return tagged.table(cx, example, |f| trace(f, traces));
        }
    };
    arrivals.map(|arrivals| (arrivals, None))
}

fn trace(f: &mut Fields<'_, '_>, traces: &mut TraceFiles) -> Option<(Arrivals, Option<Summary>)> {
    let file_node = f.node("file");
    let file = f.require("file", "a CSV file with a header row", text);
    let time = f.require("time", "the name of the column with the times", text);
    let key = f.require("key", "the name of the column with the keys", text);
    let size = f.read_unless("size", "none", text);
    let unit_ns = f.require("unit", "the unit of the times, such as \"s\" or \"ms\"", time_unit);
    let operation = f.read_unless("operation", "none", |cx, node| {
        Fields::with(cx, node, "{ column = \"op\", read = [\"get\"], write = [\"set\"] }", |f| {
            let column = f.require("column", "the name of the column", text);
            let read = f.require("read", "the texts that mean a read", texts);
            let write = f.require("write", "the texts that mean a write", texts);
            Some((column?, read?, write?))
        })
    });
    if !f.sound() {
        return None;
    }
    let (file, file_node, unit_ns) = (file?, file_node?, unit_ns? as f64);
    let names = ColumnNames { time: time?, key: key?, size, operation };
    let path = f.cx.file(&file);
    let summary = match traces.summary(&path, &file, &names) {
        Ok(summary) => summary,
        Err(reason) => {
            let title = format!("the trace {file} cannot be used");
            f.cx.report(Diagnostic::new(title, file_node.span, reason));
            return None;
        }
    };
    let trace = Trace {
        path,
        columns: summary.columns.clone(),
        unit_ns,
        first_time: summary.first_time,
        requests: summary.requests,
        writes: summary.writes,
        digest: summary.digest.clone(),
    };
    let recorded = Recorded::of(&summary, unit_ns);
    Some((Arrivals::Trace(trace), Some((summary, recorded))))
}

/// Parts of the profile, in order of time.
fn profile(cx: &mut Context, node: &Node) -> Option<Vec<ProfilePart>> {
    let Value::Array(items) = &node.value else {
        return cx.wrong(node, "expected a list such as [{ step = { at = \"60s\", factor = 2.0 } }]");
    };
    let parts: Option<Vec<ProfilePart>> = items.iter().map(|item| profile_part(cx, item)).collect();
    let parts = parts?;
    let mut end_ns = 0;
    for (part, item) in parts.iter().zip(items) {
        let (from_ns, to_ns) = match *part {
            ProfilePart::Step { at_ns, .. } => (at_ns, at_ns),
            ProfilePart::Ramp { from_ns, to_ns, .. } => (from_ns, to_ns),
            ProfilePart::Sine { .. } => continue,
        };
        if from_ns < end_ns {
            return cx.wrong(item, "steps and ramps must follow one another in time without overlap");
        }
        end_ns = to_ns;
    }
    Some(parts)
}

fn profile_part(cx: &mut Context, node: &Node) -> Option<ProfilePart> {
    let tagged =
        Tagged::read(cx, node, &["step", "ramp", "sine"], "{ step = { at = \"60s\", factor = 2.0 } }")?;
    let factor =
        |f: &mut Fields<'_, '_>| f.require("factor", "a factor on the rate, at least 0", at_least(0.0));
    match tagged.tag {
        "step" => tagged.table(cx, "{ at = \"60s\", factor = 2.0 }", |f| {
            let at_ns = f.require("at", "an instant such as \"60s\"", duration);
            let factor = factor(f);
            Some(ProfilePart::Step { at_ns: at_ns?, factor: factor? })
        }),
        "ramp" => tagged.table(cx, "{ from = \"60s\", to = \"90s\", factor = 3.0 }", |f| {
            let from_ns = f.require("from", "an instant such as \"60s\"", duration);
            let to_ns = f.require("to", "an instant such as \"90s\"", duration);
            let factor = factor(f);
            let (from_ns, to_ns) = (from_ns?, to_ns?);
            if to_ns <= from_ns {
                let title = format!("wrong value for {}.to", f.cx.here());
                let (to, from) = (f.place("to"), f.place("from"));
                f.cx.report(Diagnostic::new(title, to, "expected an instant after `from`").also(from, ""));
                return None;
            }
            Some(ProfilePart::Ramp { from_ns, to_ns, factor: factor? })
        }),
        _ => tagged.table(cx, "{ period = \"24h\", amplitude = 0.3 }", |f| {
            let period_ns = f.require("period", "a duration such as \"24h\"", positive_duration);
            let amplitude = f.require("amplitude", "a share of the rate, at most 1", share);
            let phase_ns = f.read("phase", duration).unwrap_or(0);
            Some(ProfilePart::Sine { period_ns: period_ns?, phase_ns, amplitude: amplitude? })
        }),
    }
}

fn popularity(cx: &mut Context, node: &Node) -> Option<Popularity> {
    Popularity::read(cx, node, ())
}

fn keys(cx: &mut Context, node: &Node) -> Option<u64> {
    Keys::read(cx, node, ())
}

/// Most keys of one entity: a write waits for the answers of all its DELETEs, and counts them in a byte.
const KEYS_PER_ENTITY_MAX: u64 = 64;

fn keys_per_entity(cx: &mut Context, node: &Node) -> Option<u32> {
    integer(1, KEYS_PER_ENTITY_MAX)(cx, node).map(|keys| keys as u32)
}

/// `workload.keys` and `workload.absent` as one or two classes.
fn single_class(f: &mut Fields<'_, '_>, defaults: &Defaults, tiers: &Directory) -> Option<Vec<Class>> {
    let keys = f.require("keys", "the number of keys, such as 1_000_000", keys);
    let popularity = f.read("popularity", popularity).unwrap_or(Popularity::Uniform);
    let absent = f.read_unless("absent", "none", absent);
    // Of the requests that do not write, the same share in both classes.
    let checks_of_reads = match defaults.exists_share {
        0.0 => 0.0,
        checks => (checks / (1.0 - defaults.write_share)).min(1.0),
    };
    let class = |name: &str, share, keys, popularity, absent, write_share: f64| Class {
        name: name.to_owned(),
        share,
        keys,
        popularity,
        absent,
        write_share,
        keys_per_entity: if absent { 1 } else { defaults.keys_per_entity },
        exists_share: checks_of_reads * (1.0 - write_share),
        keys_per_request: defaults.keys_per_request,
        value_size: defaults.value_size,
        key_size: defaults.key_size,
        ttl: vec![None; tiers.enabled()],
        db_read: None,
        db_write: None,
    };
    let keys = keys?;
    let fewest = absent.as_ref().map_or(keys, |(_, absent_keys, _)| keys.min(*absent_keys));
    enough_keys(f, defaults.keys_per_request, fewest);
    let Some((share_of_reads, absent_keys, absent_popularity)) = absent else {
        return Some(vec![class(MAIN_CLASS, 1.0, keys, popularity, false, defaults.write_share)]);
    };
    if keys + absent_keys > MAX_KEYS {
        let (title, place) = ("too many keys", f.place("absent"));
        f.cx.report(Diagnostic::new(title, place, format!("expected at most {MAX_KEYS} keys in all")));
        return None;
    }
    let absent_share = share_of_reads * (1.0 - defaults.write_share);
    if absent_share >= 1.0 {
        let (title, place) = ("every request is for an absent key", f.place("absent"));
        f.cx.report(Diagnostic::new(title, place, "expected a share below 1"));
        return None;
    }
    let main_share = 1.0 - absent_share;
    Some(vec![
        class(MAIN_CLASS, main_share, keys, popularity, false, defaults.write_share / main_share),
        class(ABSENT_CLASS, absent_share, absent_keys, absent_popularity, true, 0.0),
    ])
}

fn absent(cx: &mut Context, node: &Node) -> Option<(f64, u64, Popularity)> {
    Fields::with(cx, node, "{ share = 0.1, keys = 10000 }", |f| {
        let share = f.require("share", "their share of the reads, such as 0.1", positive_share);
        let keys = f.require("keys", "the number of absent keys that are asked for", keys);
        let popularity = f.read("popularity", popularity).unwrap_or(Popularity::Uniform);
        Some((share?, keys?, popularity))
    })
}

/// The one class of a trace; what the trace says itself is refused here.
fn recorded_class(
    f: &mut Fields<'_, '_>,
    summary: &TraceSummary,
    classes: &[Node],
    defaults: &Defaults,
    tiers: &Directory,
) -> Option<Vec<Class>> {
    let told = [
        "keys",
        "popularity",
        "absent",
        "write_share",
        "keys_per_entity",
        "exists_share",
        "keys_per_request",
    ];
    for name in told {
        f.refuse(name, "the trace says it", "leave it out");
    }
    if summary.columns.size.is_some() {
        f.refuse("value_size", "the trace has a size column", "leave out value_size, or `size` of the trace");
    }
    if let Some(class) = classes.first() {
        let title = "[[class]] does not apply";
        f.cx.report(Diagnostic::new(title, class.span, "a trace has no classes").help("leave it out"));
    }
    if summary.keys > MAX_KEYS {
        let (title, place) = ("too many keys", f.place("arrivals"));
        let label = format!("the trace has {} distinct keys; expected at most {MAX_KEYS}", summary.keys);
        f.cx.report(Diagnostic::new(title, place, label));
    }
    let value_size = if summary.columns.size.is_some() { Size::Trace } else { defaults.value_size };
    Some(vec![Class {
        name: MAIN_CLASS.to_owned(),
        share: 1.0,
        keys: summary.keys,
        popularity: Popularity::Uniform,
        absent: false,
        write_share: 0.0,
        keys_per_entity: 1,
        exists_share: 0.0,
        keys_per_request: 1,
        value_size,
        key_size: defaults.key_size,
        ttl: vec![None; tiers.enabled()],
        db_read: None,
        db_write: None,
    }])
}

fn several_classes(
    cx: &mut Context,
    elements: &[Node],
    defaults: &Defaults,
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
        read.push(
            cx.within(segment, |cx| Fields::with(cx, element, "[[class]]", |f| class(f, defaults, tiers))),
        );
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

fn class(f: &mut Fields<'_, '_>, defaults: &Defaults, tiers: &Directory) -> Option<Class> {
    let name = f.require("name", "a short name such as \"users\"", name);
    let class_share = f.require("share", "its share of all requests, such as 0.3", positive_share);
    let keys = f.require("keys", "the number of its keys, such as 1000", keys);
    let popularity = f.read("popularity", popularity).unwrap_or(Popularity::Uniform);
    let absent = f.read("absent", truth).unwrap_or(false);
    let own_write_share = f.read("write_share", share);
    let write_share = own_write_share.unwrap_or(if absent { 0.0 } else { defaults.write_share });
    let exists_share = f.read("exists_share", share).unwrap_or(defaults.exists_share);
    shares_fit(f, write_share, exists_share);
    let keys_per_request = f.read("keys_per_request", keys_per_request).unwrap_or(defaults.keys_per_request);
    if let Some(keys) = keys {
        enough_keys(f, keys_per_request, keys);
    }
    let keys_per_entity = f.read("keys_per_entity", keys_per_entity).unwrap_or(if absent {
        1
    } else {
        defaults.keys_per_entity
    });
    if absent && keys_per_entity > 1 {
        f.refuse("keys_per_entity", "absent rows are never written", "leave it out, or set absent = false");
    }
    let value_size = f.read("value_size", size).unwrap_or(defaults.value_size);
    let key_size = f.read("key_size", size).unwrap_or(defaults.key_size);
    let ttl = f.read("ttl", |cx, node| class_ttl(cx, node, tiers));
    let costs = f.read("database", |cx, node| {
        Fields::with(cx, node, "{ read = \"5ms\" }", |f| {
            let costs = (f.read("read", dist), f.read("write", dist));
            f.refuse_empty();
            Some(costs)
        })
    });
    let (db_read, db_write) = costs.unwrap_or_default();
    Some(Class {
        name: name?,
        share: class_share?,
        keys: keys?,
        popularity,
        absent,
        write_share,
        keys_per_entity,
        exists_share,
        keys_per_request,
        value_size,
        key_size,
        ttl: ttl.unwrap_or_else(|| vec![None; tiers.enabled()]),
        db_read,
        db_write,
    })
}

/// Most keys of one request.
const KEYS_PER_REQUEST_MAX: u64 = 1_000;

fn keys_per_request(cx: &mut Context, node: &Node) -> Option<u32> {
    integer(1, KEYS_PER_REQUEST_MAX)(cx, node).map(|count| count as u32)
}

/// The keys of a request are different ones.
fn enough_keys(f: &mut Fields<'_, '_>, wanted: u32, keys: u64) {
    if u64::from(wanted) > keys {
        let (title, place) = (format!("{}: too few keys", f.cx.here()), f.place("keys_per_request"));
        let label = format!("a request asks for {wanted} different keys, and there are {keys}");
        f.cx.report(Diagnostic::new(title, place, label).help("fewer keys per request, or more keys"));
    }
}

/// A request that writes is not an existence check as well.
fn shares_fit(f: &mut Fields<'_, '_>, write_share: f64, exists_share: f64) {
    if write_share + exists_share > 1.0 + 1e-12 {
        let (title, place) = (format!("{}: more than all requests", f.cx.here()), f.place("exists_share"));
        let label = format!("{exists_share} of the requests are existence checks and {write_share} writes");
        f.cx.report(Diagnostic::new(title, place, label).help("expected shares that sum to at most 1"));
    }
}

/// One time to live for every tier, or a table of them by tier.
fn class_ttl(cx: &mut Context, node: &Node, tiers: &Directory) -> Option<Vec<Option<Ttl>>> {
    let Some(entries) = node.as_table() else {
        return Ttl::read(cx, node, ()).map(|ttl| vec![Some(ttl); tiers.enabled()]);
    };
    let mut by_tier = vec![None; tiers.enabled()];
    for entry in entries {
        let name = Node { value: Value::String(entry.key.clone()), span: entry.key_span };
        let index = tiers.resolve(cx, &name).and_then(|place| place.index);
        let own = cx.within(entry.key.as_str(), |cx| Ttl::read(cx, &entry.value, ()));
        if let (Some(slot), Some(own)) = (index.and_then(|index| by_tier.get_mut(index)), own) {
            *slot = Some(own);
        }
    }
    Some(by_tier)
}
