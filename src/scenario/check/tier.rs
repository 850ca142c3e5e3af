//! `[[tier]]`.

use super::redis::{Choice, Overhead, choices, overhead, redis};
use super::refuse_repeated_names;
use crate::declare::Form;
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields, Tagged};
use crate::declare::file::{Node, Value};
use crate::declare::values::{
    bandwidth, bytes, count, duration, fine_duration, integer, name, positive, positive_duration,
    positive_share, share, truth, word,
};
use crate::model::dist;
use crate::model::{
    Breaker, Capacity, Compress, Dist, Eviction, Hottest, Jitter, MAX_TIERS, MultiGet, Nanos, OnFailure,
    Prefill, PrefillAge, Refresh, RefreshMode, Scope, SharedTier, Spread, Tier, Ttl,
};
use crate::model::{Directory, Place};
use crate::scenario::axes;

/// What Redis keeps per string key besides key and value: hash table entry, object header, string headers.
const SHARED_ENTRY_OVERHEAD_BYTES: u64 = 56;
/// Most nodes of a shared tier.
const MAX_NODES: u64 = 128;

/// Reads all tiers. The second part is `None` where one of them is wrong.
pub(super) fn tiers(cx: &mut Context, elements: &[Node]) -> (Directory, Option<Vec<Tier>>) {
    let names = axes::names(elements);
    refuse_repeated_names(cx, "tier", elements, &names);
    let mut directory = Directory { places: Vec::new() };
    let mut tiers = Vec::new();
    let mut complete = true;
    for (element, name) in elements.iter().zip(names) {
        let segment = if name.is_empty() { "tier".to_owned() } else { format!("tier.{name}") };
        let read = cx.within(segment, |cx| Fields::with(cx, element, "[[tier]]", tier));
        let shared = element.get("scope").and_then(Node::as_str) != Some("instance");
        let index = match read {
            Some((tier, true)) => {
                tiers.push(tier);
                Some(directory.enabled())
            }
            Some((_, false)) => None,
            None => {
                complete = false;
                Some(directory.enabled())
            }
        };
        directory.places.push(Place { name, index, shared });
    }
    if let (Some(element), true) = (elements.get(MAX_TIERS), tiers.len() > MAX_TIERS) {
        let title = format!("{} tiers", tiers.len());
        cx.report(Diagnostic::new(title, element.span, format!("expected at most {MAX_TIERS}")));
    }
    (directory, complete.then_some(tiers))
}

/// One tier, and whether it is switched on.
fn tier(f: &mut Fields<'_, '_>) -> Option<(Tier, bool)> {
    let name_node = f.node("name");
    let name = f.require("name", "a short name such as \"l2\"", name);
    if let (Some("database"), Some(node)) = (name.as_deref(), name_node) {
        f.cx.wrong::<()>(node, "expected another name: \"database\" means the database");
    }
    let enabled = f.read("enabled", truth).unwrap_or(true);
    let scope = scope(f);
    let capacity = f.read("capacity", capacity).unwrap_or(Capacity::Unbounded);
    if let Some(Scope::Shared(shared)) = &scope {
        let nodes = u64::from(shared.nodes);
        if matches!(capacity, Capacity::Entries(whole) | Capacity::Bytes(whole) if whole < nodes) {
            let title = format!("{}.capacity is smaller than its number of nodes", f.cx.here());
            let place = f.place("capacity");
            let label = format!("shared by {nodes} nodes, some would have none");
            f.cx.report(Diagnostic::new(title, place, label));
        }
    }
    let eviction = eviction(f, capacity);
    let ttl = f.require("ttl", "a duration such as \"60s\", or \"none\"", ttl);
    let jitter = f.read_unless("jitter", "none", jitter).unwrap_or(Jitter::None);
    let sliding = f.read("sliding", truth).unwrap_or(false);
    let refresh = f.read("refresh", refresh).unwrap_or(Refresh::None);
    let negative_ttl_ns = f.read_unless("negative_ttl", "none", positive_duration);
    let shared = matches!(scope, Some(Scope::Shared(_)));
    let overhead = f.read("entry_overhead", overhead);
    let prefill = f.read_unless("prefill", "none", prefill);
    let redis = redis(f, shared, capacity, eviction.unwrap_or(Choice::Exact(Eviction::Lru)), overhead);
    let tier = Tier {
        name: name?,
        scope: scope?,
        capacity,
        eviction: match eviction? {
            Choice::Exact(eviction) => eviction,
            Choice::Redis(_) => Eviction::Lru,
        },
        ttl: ttl?,
        jitter,
        sliding,
        refresh,
        negative_ttl_ns,
        entry_overhead_bytes: match overhead {
            Some(Overhead::Bytes(bytes)) => bytes,
            Some(Overhead::Redis { .. }) => 0,
            None if shared => SHARED_ENTRY_OVERHEAD_BYTES,
            None => 0,
        },
        prefill,
        redis: redis?,
    };
    Some((tier, enabled))
}

fn scope(f: &mut Fields<'_, '_>) -> Option<Scope> {
    let shared =
        f.require("scope", "\"shared\" or \"instance\"", word(&[("shared", true), ("instance", false)]));
    // What only the other scope has is refused by name; with an unknown scope both kinds are accepted.
    let access_ns = match shared {
        Some(true) => {
            f.refuse(
                "access",
                "only a tier in the process (scope = \"instance\") has it",
                "use network and service",
            );
            0
        }
        _ => f.read("access", duration).unwrap_or(0),
    };
    if shared == Some(false) {
        for name in [
            "network",
            "service",
            "per_byte",
            "pool",
            "pool_timeout",
            "timeout",
            "on_failure",
            "fill_after_failure",
            "nodes",
            "multi_get",
            "breaker",
            "serialize",
            "compress",
            "bandwidth",
        ] {
            let way_out =
                "a tier in the process has no network, server or pool; its look-up time is `access`";
            f.refuse(name, "only a tier reached over the network (scope = \"shared\") has it", way_out);
        }
        return Some(Scope::Instance { access_ns });
    }
    let network = f.read("network", dist).unwrap_or(Dist::ZERO);
    let service_ns = f.read("service", duration).unwrap_or(0);
    let tier = SharedTier {
        network,
        service_ns,
        per_byte_ns: f.read("per_byte", fine_duration).unwrap_or(0.0),
        pool: f.read_unless("pool", "unlimited", count(1)),
        pool_timeout_ns: f.read_unless("pool_timeout", "none", positive_duration),
        timeout_ns: f.read_unless("timeout", "none", positive_duration),
        on_failure: f
            .read("on_failure", word(&[("next", OnFailure::Next), ("error", OnFailure::Error)]))
            .unwrap_or(OnFailure::Next),
        fill_after_failure: f.read("fill_after_failure", truth).unwrap_or(true),
        nodes: f.read("nodes", integer(1, MAX_NODES)).map_or(1, |nodes| nodes as u32),
        multi_get: f
            .read("multi_get", |cx, node| multi_get(cx, node, service_ns))
            .unwrap_or(MultiGet::FanOut),
        breaker: f.read_unless("breaker", "none", |cx, node| Breaker::read(cx, node, ())),
        serialize_per_byte_ns: f.read_unless("serialize", "none", serialize).unwrap_or(0.0),
        compress: f.read_unless("compress", "none", compress),
        bandwidth_bytes_per_s: f.read_unless("bandwidth", "unlimited", bandwidth),
    };
    shared.map(|_| Scope::Shared(tier))
}

fn multi_get(cx: &mut Context, node: &Node, service_ns: Nanos) -> Option<MultiGet> {
    let tagged = Tagged::read(cx, node, &["fan-out", "mget"], "{ mget = { per_key = \"1us\" } }")?;
    match tagged.tag {
        "fan-out" => tagged.plain(cx, MultiGet::FanOut),
        _ if tagged.body.is_none() => Some(MultiGet::Mget { per_key_ns: service_ns }),
        _ => tagged.table(cx, "{ per_key = \"1us\" }", |f| {
            let per_key_ns = f.read("per_key", duration).unwrap_or(service_ns);
            Some(MultiGet::Mget { per_key_ns })
        }),
    }
}

fn serialize(cx: &mut Context, node: &Node) -> Option<f64> {
    Fields::with(cx, node, "{ per_byte = \"2ns\" }", |f| {
        f.require("per_byte", "a client's time per byte of value such as \"2ns\"", fine_duration)
    })
}

fn compress(cx: &mut Context, node: &Node) -> Option<Compress> {
    Fields::with(cx, node, "{ above = \"10kB\", ratio = 0.3, per_byte = \"4ns\" }", |f| {
        let above_bytes = f.require("above", "the size above which values are compressed, \"10kB\"", bytes);
        let ratio = f.require("ratio", "compressed size over original size, such as 0.3", positive_share);
        let per_byte_ns = f.require("per_byte", "a client's time per byte, such as \"4ns\"", fine_duration);
        let decompress = f.read("decompress_per_byte", fine_duration);
        let (above_bytes, per_byte_ns) = (above_bytes?, per_byte_ns?);
        let decompress_per_byte_ns = decompress.unwrap_or(per_byte_ns);
        Some(Compress { above_bytes, ratio: ratio?, per_byte_ns, decompress_per_byte_ns })
    })
}

fn capacity(cx: &mut Context, node: &Node) -> Option<Capacity> {
    match &node.value {
        Value::String(text) if text == "unbounded" => Some(Capacity::Unbounded),
        Value::String(_) => match bytes(cx, node)? {
            0 => cx.wrong(node, "expected a capacity above zero"),
            bytes => Some(Capacity::Bytes(bytes)),
        },
        Value::Integer(_) => integer(1, crate::model::MAX_KEYS)(cx, node).map(Capacity::Entries),
        _ => cx.wrong(
            node,
            "expected a number of entries such as 2500, a size such as \"64MB\", or \"unbounded\"",
        ),
    }
}

fn eviction(f: &mut Fields<'_, '_>, capacity: Capacity) -> Option<Choice> {
    let sound = f.sound();
    let chosen = f.read_unless("eviction", "none", word(&choices()));
    match (capacity, f.given("eviction")) {
        (Capacity::Unbounded, true) if sound => {
            let title = format!("{}.eviction does not apply", f.cx.here());
            let place = f.place("eviction");
            f.cx.report(
                Diagnostic::new(title, place, "an unbounded tier evicts nothing")
                    .help("give the tier a capacity, or leave eviction out"),
            );
            None
        }
        (Capacity::Unbounded, _) => Some(chosen.unwrap_or(Choice::Exact(Eviction::Lru))),
        (_, false) => {
            let title = format!("{} has a capacity and no eviction", f.cx.here());
            let place = f.place("capacity");
            let known: Vec<&str> = choices().iter().map(|(word, _)| *word).collect();
            f.cx.report(
                Diagnostic::new(title, place, "what makes room when this is full?")
                    .help(format!("add eviction = \"lru\"; known: {}", known.join(", "))),
            );
            None
        }
        (_, true) => chosen,
    }
}

pub(super) fn ttl(cx: &mut Context, node: &Node) -> Option<Ttl> {
    if node.as_str() == Some("none") {
        return Some(Ttl::None);
    }
    positive_duration(cx, node).map(|ns| Ttl::After { ns })
}

fn jitter(cx: &mut Context, node: &Node) -> Option<Jitter> {
    let tagged = Tagged::read(cx, node, &["plus", "around"], "{ plus = \"30s\" } or { around = \"10%\" }")?;
    let body = tagged.value(cx, "\"30s\"")?;
    let spread = cx.within(tagged.tag, |cx| spread(cx, body))?;
    Some(if tagged.tag == "plus" { Jitter::Plus(spread) } else { Jitter::Around(spread) })
}

fn spread(cx: &mut Context, node: &Node) -> Option<Spread> {
    let is_share = match &node.value {
        Value::String(text) => text.trim().ends_with('%'),
        Value::Float(_) | Value::Integer(_) => true,
        _ => false,
    };
    if is_share {
        share(cx, node).map(|share| Spread::Share { share })
    } else {
        duration(cx, node).map(|ns: Nanos| Spread::Time { ns })
    }
}

fn refresh(cx: &mut Context, node: &Node) -> Option<Refresh> {
    let tags = ["none", "xfetch", "uniform", "ahead", "stale-while-revalidate"];
    let tagged = Tagged::read(cx, node, &tags, "{ xfetch = { beta = 1.0 } }")?;
    match tagged.tag {
        "none" => tagged.plain(cx, Refresh::None),
        "xfetch" => tagged.table(cx, "{ beta = 1.0 }", |f| {
            let modes = [("inline", RefreshMode::Inline), ("background", RefreshMode::Background)];
            let beta = f.read("beta", positive).unwrap_or(1.0);
            let mode = f.read("mode", word(&modes)).unwrap_or(RefreshMode::Inline);
            Some(Refresh::XFetch { beta, mode })
        }),
        "uniform" => tagged.table(cx, "{ window = \"5s\" }", |f| {
            let window = f.require("window", "a duration such as \"5s\"", positive_duration);
            Some(Refresh::Uniform { window_ns: window? })
        }),
        "ahead" => tagged.table(cx, "{ fraction = 0.8 }", |f| {
            let fraction = f.require("fraction", "a share of the ttl such as 0.8", positive_share);
            Some(Refresh::Ahead { fraction: fraction? })
        }),
        _ => tagged.table(cx, "{ grace = \"30s\" }", |f| {
            let grace = f.require("grace", "a duration such as \"30s\"", positive_duration);
            Some(Refresh::StaleWhileRevalidate { grace_ns: grace? })
        }),
    }
}

fn prefill(cx: &mut Context, node: &Node) -> Option<Prefill> {
    Fields::with(cx, node, "{ hottest = \"all\", age = \"fresh\" }", |f| {
        let hottest = f.require("hottest", "a number of keys, or \"all\"", |cx, node| match node.as_str() {
            Some("all") => Some(Hottest::All),
            Some(_) => cx.wrong(node, "expected a number of keys, or \"all\""),
            None => integer(1, crate::model::MAX_KEYS)(cx, node).map(Hottest::Keys),
        });
        let ages = [("fresh", PrefillAge::Fresh), ("stationary", PrefillAge::Stationary)];
        let age = f.read("age", word(&ages)).unwrap_or(PrefillAge::Fresh);
        Some(Prefill { hottest: hottest?, age })
    })
}
