//! What people change about a cache and the database behind it.

use super::values::{self, Values};
use super::{Control, Group};
use crate::declare::file::{Node, Value, parse_value};
use crate::model::{Arrivals, Experiment, Scope, Tier, Ttl};
use crate::scenario::axes::{event_labels, get, names};
use crate::scenario::describe::event_text;
use crate::scenario::knob::TRAFFIC;

/// A knob that was not tried yet.
pub(super) struct Candidate {
    pub path: String,
    pub label: String,
    pub group: Group,
    pub control: Control,
    pub help: String,
    pub values: Values,
    /// The caller named it: what is wrong with it is an error.
    pub is_asked: bool,
}

const COALESCING: &[(&str, &str)] = &[
    ("\"none\"", "none: every miss fetches"),
    ("\"singleflight\"", "singleflight: one fetch per key and instance"),
    ("{ singleflight = { around = \"lookup\" } }", "singleflight around lookup and fetch"),
];
const REFRESH: &[(&str, &str)] = &[
    ("\"none\"", "none: fetched again once expired"),
    ("{ xfetch = { beta = 1.0, mode = \"inline\" } }", "XFetch, by the request itself"),
    ("{ xfetch = { beta = 1.0, mode = \"background\" } }", "XFetch, in the background"),
    ("{ ahead = { fraction = 0.8 } }", "ahead, from 80 % of the TTL on"),
    ("{ stale-while-revalidate = { grace = \"30s\" } }", "stale while revalidate, for 30 s"),
];
const JITTER: &[(&str, &str)] = &[
    ("\"none\"", "none"),
    ("{ around = \"5%\" }", "\u{b1} 5 %"),
    ("{ around = \"10%\" }", "\u{b1} 10 %"),
    ("{ around = \"20%\" }", "\u{b1} 20 %"),
    ("{ around = \"50%\" }", "\u{b1} 50 %"),
];
const EVICTION: &[(&str, &str)] = &[
    ("\"lru\"", "LRU"),
    ("\"fifo\"", "FIFO"),
    ("\"clock\"", "CLOCK"),
    ("\"random\"", "random"),
    ("\"sieve\"", "SIEVE"),
    ("\"s3-fifo\"", "S3-FIFO"),
    ("\"2q\"", "2Q"),
    ("\"slru\"", "SLRU"),
    ("\"arc\"", "ARC"),
    ("\"lfu\"", "LFU"),
    ("\"gdsf\"", "GDSF"),
    ("\"w-tinylfu\"", "W-TinyLFU"),
    ("\"lirs\"", "LIRS"),
    ("\"allkeys-lru\"", "Redis: allkeys-lru"),
    ("\"allkeys-lfu\"", "Redis: allkeys-lfu"),
    ("\"allkeys-random\"", "Redis: allkeys-random"),
    ("\"volatile-ttl\"", "Redis: volatile-ttl"),
];
const WRITES: &[(&str, &str)] = &[
    ("\"invalidate\"", "invalidate: DELETE after the commit"),
    ("\"write-around\"", "write-around: copies live out their TTL"),
    ("\"update\"", "update: SET after the commit, not awaited"),
    ("\"write-through\"", "write-through: SET after the commit, awaited"),
    ("\"write-back\"", "write-back: the cache first, the database later"),
];
const ON_OFF: &[(&str, &str)] = &[("true", "on"), ("false", "off")];

/// What a path is without being set, where a list of values is made around it.
pub(super) fn default_of(path: &str) -> Option<Node> {
    let toml = match path {
        TRAFFIC | "clients.instances" => "1",
        "workload.write_share" => "0",
        "coalescing" => "\"none\"",
        "writes.strategy" => "\"invalidate\"",
        _ if path.ends_with(".jitter") || path.ends_with(".refresh") => "\"none\"",
        _ if path.ends_with(".enabled") => "true",
        _ if path.ends_with(".nodes") => "1",
        "database.servers" | "database.pool" => "\"unlimited\"",
        _ => return None,
    };
    parse_value(toml, 0, 0).ok()
}

/// The knob of an axis of a sweep.
pub(super) fn of_axis(path: &str, values: Values, is_asked: bool) -> Candidate {
    let number = |toml: &str| {
        parse_value(toml, 0, 0).is_ok_and(|node| crate::scenario::range::amount(&node).is_some())
    };
    let control = match values.list.iter().all(|value| number(&value.toml)) {
        true => Control::Slider,
        false => Control::Choice,
    };
    let (label, help) = words(path);
    Candidate { path: path.to_owned(), label, group: group(path), control, help, values, is_asked }
}

/// Adds those of the scenario that are not there yet.
pub(super) fn add(root: &Node, experiment: &Experiment, found: &mut Vec<Candidate>) {
    let model = &experiment.variants[experiment.baseline].model;
    let mut add = |path: &str, control: Control, values: Option<Values>| {
        if let Some(values) = values.filter(|_| found.iter().all(|known| known.path != path)) {
            let (label, help) = words(path);
            found.push(Candidate {
                path: path.to_owned(),
                label,
                group: group(path),
                control,
                help,
                values,
                is_asked: false,
            });
        }
    };
    let at = |path: &str| get(root, path).cloned().or_else(|| default_of(path));
    let scale = get(root, TRAFFIC)
        .and_then(|node| crate::scenario::range::amount(node))
        .map_or(1.0, |amount| amount.value);
    let rate = match model.workload.arrivals {
        Arrivals::Closed { .. } | Arrivals::Trace(_) => None,
        ref arrivals => arrivals.rate_per_s().map(|rate| rate / scale),
    };
    let traffic = values::factors(scale, |factor| match rate {
        Some(rate) => format!("\u{d7} {factor}: {}/s", crate::units::grouped((rate * factor).round())),
        None => format!("\u{d7} {factor}"),
    });
    add(TRAFFIC, Control::Slider, Some(traffic));
    if let Some(share) = get(root, "workload.write_share") {
        add("workload.write_share", Control::Slider, write_shares(share));
    }
    for name in names(root.elements("tier")) {
        let path = |option: &str| format!("tier.{name}.{option}");
        let tier = model.tiers.iter().find(|tier| tier.name == name);
        add(&path("ttl"), Control::Slider, at(&path("ttl")).as_ref().and_then(values::durations));
        if tier.is_none_or(|tier| !matches!(tier.ttl, Ttl::None)) {
            add(&path("jitter"), Control::Choice, Some(choices(root, &path("jitter"), JITTER)));
            add(&path("refresh"), Control::Choice, Some(choices(root, &path("refresh"), REFRESH)));
        }
        add(&path("capacity"), Control::Slider, at(&path("capacity")).as_ref().and_then(values::capacities));
        if get(root, &path("eviction")).is_some() {
            add(&path("eviction"), Control::Choice, Some(choices(root, &path("eviction"), EVICTION)));
        }
        if tier.is_some_and(|tier| matches!(tier.scope, Scope::Shared(_))) {
            add(&path("nodes"), Control::Slider, at(&path("nodes")).as_ref().and_then(values::counts));
        }
        add(&path("enabled"), Control::Switch, Some(choices(root, &path("enabled"), ON_OFF)));
    }
    let mut coalescing = COALESCING.to_vec();
    let lease = lease_tier(&model.tiers).map(|tier| format!("{{ lease = {{ tier = \"{}\" }} }}", tier.name));
    if let Some(lease) = &lease {
        coalescing.push((lease, "lease: one fetch per key over all instances"));
    }
    add("coalescing", Control::Choice, Some(choices(root, "coalescing", &coalescing)));
    if model.workload.writes() {
        add("writes.strategy", Control::Choice, Some(choices(root, "writes.strategy", WRITES)));
    }
    add("clients.instances", Control::Slider, at("clients.instances").as_ref().and_then(values::counts));
    for (path, usual) in
        [("database.servers", [5, 10, 20, 50, 100, 200]), ("database.pool", [2, 5, 10, 20, 50, 100])]
    {
        let limits = match at(path) {
            Some(Node { value: Value::String(_), .. }) => Some(values::limits(&usual, "unlimited")),
            Some(node) => values::counts(&node),
            None => None,
        };
        add(path, Control::Slider, limits);
    }
    add("database.read", Control::Slider, at("database.read").as_ref().and_then(values::scaled_times));
    if let Some(timeout) = get(root, "database.timeout") {
        add("database.timeout", Control::Slider, values::durations(timeout));
    }
    let labels = event_labels(root.elements("event"));
    for label in &labels {
        let path = format!("event.{label}.enabled");
        add(&path, Control::Switch, Some(choices(root, &path, ON_OFF)));
    }
    for candidate in found.iter_mut().filter(|candidate| candidate.group == Group::Events) {
        let label = labels.iter().find(|label| candidate.path == format!("event.{label}.enabled"));
        let event = label.and_then(|label| model.events.iter().find(|event| event.label == *label));
        if let Some(event) = event {
            let at = crate::units::format_duration(event.at_ns);
            candidate.help = format!("At {at}: {}.", event_text(model, &event.what));
        }
    }
}

/// Where a lease would be kept.
fn lease_tier(tiers: &[Tier]) -> Option<&Tier> {
    tiers.iter().rfind(|tier| matches!(tier.scope, Scope::Shared(_)))
}

fn choices(root: &Node, path: &str, words: &[(&str, &str)]) -> Values {
    let default = default_of(path).map_or_else(String::new, |node| crate::scenario::axes::to_toml(&node));
    values::choices(words, get(root, path), &default)
}

fn write_shares(today: &Node) -> Option<Values> {
    const SHARES: &[&str] = &["0", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"];
    let nodes: Vec<Node> = SHARES.iter().filter_map(|share| parse_value(share, 0, 0).ok()).collect();
    let mut values = values::of_axis(&nodes, Some(today));
    for value in &mut values.list {
        if let Ok(share) = value.toml.parse::<f64>() {
            value.label = format!("{} %", crate::scenario::range::decimal(share * 100.0, 6));
        }
    }
    Some(values)
}

fn group(path: &str) -> Group {
    match path.split('.').next().unwrap_or_default() {
        "workload" | "class" => Group::Traffic,
        "clients" => Group::Clients,
        "database" => Group::Database,
        "event" => Group::Events,
        _ => Group::Cache,
    }
}

/// Label and help of a path.
fn words(path: &str) -> (String, String) {
    let (label, help): (String, &str) = match path.split('.').collect::<Vec<_>>().as_slice() {
        ["workload", "scale"] => {
            ("Traffic".to_owned(), "So many times the requests; the database's background load stays.")
        }
        ["workload", "write_share"] => ("Writes".to_owned(), "Share of the requests that write."),
        ["tier", name, "ttl"] => (format!("TTL of {name}"), "How long an entry may be served."),
        ["tier", name, "jitter"] => {
            (format!("Jitter of {name}"), "Spread of the TTL, so that entries do not expire together.")
        }
        ["tier", name, "refresh"] => {
            (format!("Refresh of {name}"), "How entries are renewed before they expire, or served after.")
        }
        ["tier", name, "capacity"] => {
            (format!("Capacity of {name}"), "Room for entries; of a tier in the process, of each instance.")
        }
        ["tier", name, "eviction"] => {
            (format!("Eviction of {name}"), "Which entry makes room when the tier is full.")
        }
        ["tier", name, "nodes"] => {
            (format!("Nodes of {name}"), "Servers that share the keys and the capacity.")
        }
        ["tier", name, "enabled"] => (format!("Tier {name}"), "With or without this tier."),
        ["coalescing"] => ("Coalescing".to_owned(), "How concurrent misses of one key become one fetch."),
        ["writes", "strategy"] => ("Writes to the cache".to_owned(), "Effect of a write on cached copies."),
        ["clients", "instances"] => {
            ("Instances".to_owned(), "Application processes (pods); traffic is spread over them.")
        }
        ["database", "servers"] => {
            ("Database servers".to_owned(), "Requests that the database serves at once.")
        }
        ["database", "pool"] => ("Connection pool".to_owned(), "Connections to the database per instance."),
        ["database", "read"] => ("Time of a read".to_owned(), "How long the database takes to serve a read."),
        ["database", "timeout"] => {
            ("Database timeout".to_owned(), "Longest wait for an answer, per attempt.")
        }
        ["event", label, "enabled"] => (format!("Event {label}"), "With or without this event."),
        _ => (path.to_owned(), "An axis of the scenario's sweep."),
    };
    (label, help.to_owned())
}
