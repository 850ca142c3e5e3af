//! What of a `[[tier]]` follows Redis: its eviction policies, active expiry, and what its entries take.

use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields, Tagged};
use crate::declare::file::{Node, Value};
use crate::declare::values::{bytes, fine_duration, integer, word};
use crate::model::{ActiveExpiry, Capacity, Eviction, Redis, RedisEviction};

/// Keys looked at per eviction, as Redis does unless told otherwise.
const SAMPLES: u32 = 5;
/// Cycles per second, as Redis does unless told otherwise.
const HZ: u32 = 10;

/// An algorithm of `policy::eviction`, or a policy of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Exact(Eviction),
    Redis(RedisEviction),
}

/// Every word for `eviction`.
pub(super) fn choices() -> Vec<(&'static str, Choice)> {
    let exact = Eviction::NAMES.iter().map(|&(name, eviction)| (name, Choice::Exact(eviction)));
    let redis = RedisEviction::NAMES.iter().map(|&(name, eviction)| (name, Choice::Redis(eviction)));
    exact.chain(redis).collect()
}

/// What an entry takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overhead {
    /// So much besides key and value.
    Bytes(u64),
    /// What Redis takes, with this step between the sizes of its allocator.
    Redis { quantum_bytes: u64 },
}

/// `entry_overhead`.
pub(super) fn overhead(cx: &mut Context, node: &Node) -> Option<Overhead> {
    match &node.value {
        Value::String(text) if text == "redis" => Some(Overhead::Redis { quantum_bytes: 8 }),
        Value::String(_) => bytes(cx, node).map(Overhead::Bytes),
        Value::Table(_) => {
            let tagged = Tagged::read(cx, node, &["redis"], "{ redis = { quantum = \"16B\" } }")?;
            tagged.table(cx, "{ quantum = \"16B\" }", |f| {
                let quantum = f.require("quantum", "\"8B\" or \"16B\"", word(&[("8B", 8), ("16B", 16)]));
                Some(Overhead::Redis { quantum_bytes: quantum? })
            })
        }
        _ => cx.wrong(node, format!("expected a size such as \"56B\", or \"redis\", found {}", node.kind())),
    }
}

fn active_expiry(cx: &mut Context, node: &Node) -> Option<Option<ActiveExpiry>> {
    if node.as_str() == Some("none") {
        return Some(None);
    }
    Fields::with(cx, node, "{ hz = 10, effort = 1 }, or \"none\"", |f| {
        let hz = f.read("hz", integer(1, 500)).map_or(HZ, |hz| hz as u32);
        let effort = f.read("effort", integer(1, 10)).map_or(1, |effort| effort as u32);
        let per_key_ns = f.read("per_key", fine_duration).unwrap_or(0.0);
        Some(Some(ActiveExpiry { hz, effort, per_key_ns }))
    })
}

/// Reads what is left and compares it with what was read. The outer `None`: something is wrong.
pub(super) fn redis(
    f: &mut Fields<'_, '_>,
    shared: bool,
    capacity: Capacity,
    eviction: Choice,
    overhead: Option<Overhead>,
) -> Option<Option<Redis>> {
    let samples = f.read("samples", integer(1, 64)).map(|samples| samples as u32);
    let cycle = f.read("active_expiry", active_expiry);
    if !f.sound() {
        return None;
    }
    let policy = match eviction {
        Choice::Redis(policy) => Some(policy),
        Choice::Exact(_) => None,
    };
    let quantum_bytes = match overhead {
        Some(Overhead::Redis { quantum_bytes }) => Some(quantum_bytes),
        _ => None,
    };
    // Without a capacity there is nothing to evict, and Redis keeps its keys all the same.
    let keeps_as_redis = policy.is_some() || capacity == Capacity::Unbounded;
    let mut refuse = |name: &'static str, label: &str, way_out: &str| {
        let title = format!("{}.{name} does not apply", f.cx.here());
        let place = f.place(name);
        f.cx.report(Diagnostic::new(title, place, label).help(way_out));
        None
    };
    let asked = [
        ("eviction", policy.is_some()),
        ("active_expiry", matches!(cycle, Some(Some(_)))),
        ("entry_overhead", quantum_bytes.is_some()),
    ];
    for (name, _) in asked.into_iter().filter(|asked| asked.1) {
        if !shared {
            let label = "this is Redis's, and a tier in the process (scope = \"instance\") is none";
            return refuse(name, label, "use scope = \"shared\", or an exact algorithm such as \"lru\"");
        }
        if !keeps_as_redis {
            let label = "this is Redis's, and Redis has another eviction";
            return refuse(name, label, "use an eviction of Redis, such as \"allkeys-lru\"");
        }
    }
    if let (Some(policy), Capacity::Entries(_)) = (policy, capacity) {
        let label = format!("\"{}\" needs a capacity in bytes", policy.name());
        return refuse("capacity", &label, "Redis counts memory (maxmemory): write for example \"64MB\"");
    }
    if samples.is_some() && !policy.is_some_and(RedisEviction::samples) {
        let label = "only the lru, lfu and ttl policies of Redis compare samples";
        return refuse("samples", label, "use eviction = \"allkeys-lru\", or leave samples out");
    }
    let active_expiry = match (cycle, policy) {
        (Some(cycle), _) => cycle,
        (None, Some(_)) => Some(ActiveExpiry { hz: HZ, effort: 1, per_key_ns: 0.0 }),
        (None, None) => None,
    };
    if policy.is_none() && active_expiry.is_none() && quantum_bytes.is_none() {
        return Some(None);
    }
    Some(Some(Redis {
        eviction: policy.unwrap_or(RedisEviction::NoEviction),
        samples: samples.unwrap_or(SAMPLES),
        active_expiry,
        quantum_bytes,
    }))
}
