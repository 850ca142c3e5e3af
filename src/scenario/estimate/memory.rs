//! Memory of one simulation.
//!
//! Per key and store of an unbounded tier 8 bytes (4 more with writes: version), of which the system gives only the pages
//! that are touched; 32 per entry of a bounded one, 52 of one that is kept as Redis keeps it (with up to 2^21 keys at least 4 per
//! key for the index of a shared tier), each plus 8 (`xfetch`: delta) and 8 (`value_age`); 8 bytes per key for sizes that
//! vary; 24 per key of a trace for its index, 64 per request of its most frequent time stamp where these are spread; 4 per key that is prefilled; 13 kB per window, and 5.4 kB for each outcome in it;
//! 80 kB for each histogram; what is under way, by [`super::flow`].

use super::MemoryItem;
use super::arrivals::duration_s;
use super::flow::Flow;
use crate::model::{
    Arrivals, Capacity, Class, Eviction, Hottest, Model, Popularity, Ranking, Refresh, Route, Scope, Size,
    Tier,
};

const UNBOUNDED_BYTES_PER_KEY: f64 = 8.0;
/// Expiry, key, version, the links of a list, and two cells of the index.
const BOUNDED_BYTES_PER_ENTRY: f64 = 32.0;
/// Memory of a key, its links in two tables and their buckets.
const REDIS_BYTES_PER_ENTRY: f64 = 52.0;
const DENSE_INDEX_BYTES_PER_KEY: f64 = 4.0;
const DENSE_INDEX_KEYS: f64 = (1u32 << 21) as f64;
/// A key that was evicted and is remembered: its links, itself, its place when free, and two to four cells of the index.
const GHOST_BYTES: f64 = 32.0;
/// A key in the stack of LIRS.
const LIRS_NODE_BYTES: f64 = 32.0;
const XFETCH_BYTES: f64 = 8.0;
const VERSION_BYTES: f64 = 4.0;
const VALUE_AGE_BYTES: f64 = 8.0;
const SIZE_BYTES_PER_KEY: f64 = 4.0;
/// Sizes of more keys are worked out at every look.
const SIZES_KEPT_KEYS: f64 = 65_536.0;
/// Recorded time to live.
const TTL_BYTES_PER_KEY: f64 = 4.0;
const TRACE_BYTES_PER_KEY: f64 = 24.0;
const TRACE_BYTES_PER_REQUEST: f64 = 64.0;
/// A count, its probability, and a block of up to two keys.
const COUNTED_BYTES_PER_KEY: f64 = 60.0;
const RANK_BYTES_PER_KEY: f64 = 4.0;
const POPULARITY_TABLE_BYTES: f64 = 32e3;
/// A window, the totals at its end, its place in every series, and the histogram that latencies are merged into.
const WINDOW_BYTES: f64 = 13e3;
/// Latencies of one outcome in a window.
const COARSE_BYTES: f64 = 5.4e3;
/// A second of a run with events: its counts, and the latencies that occur in it.
const CELL_BYTES: f64 = 300.0;
/// Longer runs have longer cells.
const CELLS_MAX: f64 = 50_000.0;
const TIER_WINDOW_BYTES: f64 = 600.0;
/// A histogram of a whole run.
const FINE_BYTES: f64 = 80e3;
/// An empty store.
const STORE_BYTES: f64 = 500.0;
/// Granularity of the system's memory.
const PAGE_BYTES: f64 = 4096.0;
const PREFILL_BYTES_PER_KEY: f64 = 4.0;
/// When a key was first written, and the handles of its versions.
const WRITTEN_BYTES: f64 = 60.0;
const TOMBSTONE_BYTES: f64 = 45.0;
const USER_BYTES: f64 = 8.0;

/// The consumers of memory in one simulation, and those shared by its replications, in file order.
pub(super) fn memory(model: &Model, flow: &Flow) -> Vec<MemoryItem> {
    let keys = model.keys() as f64;
    let classes = &model.workload.classes;
    let item = |what: &str, bytes: f64| MemoryItem { what: what.to_owned(), bytes };
    let mut items: Vec<MemoryItem> = model
        .tiers
        .iter()
        .map(|tier| {
            // Old entries stay beside those of new versions.
            let versions = model.key_versions(tier) as f64;
            item(&format!("tier {}", tier.name), versions * tier_bytes(model, tier, keys, flow))
        })
        .collect();
    let prefilled = model.tiers.iter().filter_map(|tier| tier.prefill).map(|prefill| match prefill.hottest {
        Hottest::All => keys,
        Hottest::Keys(count) => keys.min(count as f64),
    });
    items.push(item("order of the keys to prefill", prefilled.fold(0.0, f64::max) * PREFILL_BYTES_PER_KEY));
    let varies =
        |size: fn(&Class) -> &Size| classes.iter().any(|class| !matches!(size(class), Size::Constant { .. }));
    let varying = [varies(|class| &class.value_size), varies(|class| &class.key_size)];
    let columns = varying.into_iter().filter(|varies| *varies).count() as f64;
    let sized = is_positive(columns > 0.0 && keys <= SIZES_KEPT_KEYS) * keys;
    items.push(item("sizes of values and keys", sized * 2.0 * SIZE_BYTES_PER_KEY));
    let tables = classes.iter().filter(|class| matches!(class.popularity, Popularity::Zipf { .. })).count();
    let counted = classes.iter().filter_map(|class| class.popularity.keys()).sum::<u64>() as f64;
    let of_laws = tables as f64 * POPULARITY_TABLE_BYTES + counted * COUNTED_BYTES_PER_KEY;
    items.push(item("tables of popularity", of_laws));
    let ranked =
        classes.iter().filter(|class| matches!(class.ranking, Ranking::Drift { .. } | Ranking::LastWritten));
    let ranked = ranked.map(|class| class.keys).sum::<u64>() as f64;
    items.push(item("ranks of the keys", ranked * RANK_BYTES_PER_KEY));
    items.push(item("entries of new keys", new_keys_bytes(model, flow)));
    items.push(item("time series (windows)", windows_bytes(model, flow)));
    let cells = is_positive(!model.events.is_empty()) * duration_s(model).min(CELLS_MAX);
    items.push(item("seconds around events", cells * CELL_BYTES));
    items.push(item("histograms", histograms(model) * FINE_BYTES));
    items.push(item("requests under way", flow.in_flight_bytes));
    items.push(item("versions of written keys", versions_bytes(model, flow)));
    items.push(item("tombstones", tombstones_bytes(model, flow)));
    items.push(item("connections, breakers and limits", guards_bytes(model)));
    match &model.workload.arrivals {
        Arrivals::Closed { users, .. } => items.push(item("users", f64::from(*users) * USER_BYTES)),
        Arrivals::Trace(trace) => {
            let of_ttls = is_positive(model.replays_ttls()) * TTL_BYTES_PER_KEY;
            items.push(item("index of the trace's keys", keys * (TRACE_BYTES_PER_KEY + of_ttls)));
            let together = is_positive(trace.replay.spread_ns > 0.0) * trace.facts.most_at_once as f64;
            items.push(item("requests of one time stamp", together * TRACE_BYTES_PER_REQUEST));
            items.push(item("copy of the trace (temporary file)", trace.facts.spooled_bytes as f64));
        }
        _ => {}
    }
    items
}

fn tier_bytes(model: &Model, tier: &Tier, keys: f64, flow: &Flow) -> f64 {
    let stores = match tier.scope {
        Scope::Instance { .. } => f64::from(model.clients.instances),
        Scope::Shared(ref shared) => f64::from(shared.nodes),
    };
    let sharing = match (&tier.scope, model.clients.route) {
        (Scope::Shared(_), _) | (_, Route::Sticky) => stores,
        _ => 1.0,
    };
    // Keys never requested take no place, nor do pages never touched.
    let (asked, pages_bytes) = touched(flow, duration_s(model), stores, sharing);
    let prefilled = if tier.prefill.is_some() {
        keys / if stores > 1.0 && sharing > 1.0 { stores } else { 1.0 }
    } else {
        0.0
    };
    let held = asked.max(prefilled);
    if let Some(redis) = tier.redis {
        let slots = match (tier.capacity, redis.quantum_bytes) {
            (Capacity::Bytes(bytes), quantum_bytes) => {
                let overhead = if quantum_bytes.is_some() { 40.0 } else { tier.entry_overhead_bytes as f64 };
                held.min(bytes as f64 / stores / (overhead + smallest_entry_bytes(model, tier)).max(1.0))
            }
            _ => held,
        };
        return stores * (slots * (REDIS_BYTES_PER_ENTRY + columns_bytes(model, tier)) + STORE_BYTES);
    }
    // Nodes share a capacity; each instance has one of its own.
    let share = if matches!(tier.scope, Scope::Shared(_)) { stores } else { 1.0 };
    let columns = columns_bytes(model, tier);
    let version = if model.workload.writes() { VERSION_BYTES } else { 0.0 };
    let (slots, per_slot) = match tier.capacity {
        Capacity::Unbounded => {
            let per_key = UNBOUNDED_BYTES_PER_KEY + version + columns;
            let bytes = match prefilled > 0.0 && sharing == 1.0 {
                true => keys * per_key,
                false => pages_bytes(per_key).min(keys * per_key),
            };
            return stores * (bytes + STORE_BYTES);
        }
        Capacity::Entries(entries) => (held.min(entries as f64 / share), BOUNDED_BYTES_PER_ENTRY),
        Capacity::Bytes(bytes) => {
            let smallest = (tier.entry_overhead_bytes as f64 + smallest_entry_bytes(model, tier)).max(1.0);
            (held.min(bytes as f64 / share / smallest), BOUNDED_BYTES_PER_ENTRY)
        }
    };
    let dense = stores == 1.0 && keys <= DENSE_INDEX_KEYS;
    let index = if dense { keys * DENSE_INDEX_BYTES_PER_KEY } else { 0.0 };
    stores * (slots * (per_slot + policy_bytes(tier.eviction) + columns) + STORE_BYTES) + index
}

/// Different keys requested of one of so many stores (all keys, or its share of them), and the bytes of the pages of an
/// array over all keys that they touch, by bytes per key.
fn touched(flow: &Flow, duration_s: f64, stores: f64, sharing: f64) -> (f64, impl Fn(f64) -> f64) {
    let groups: Vec<(f64, f64)> = flow
        .groups
        .iter()
        .map(|group| {
            let times = (group.reads_per_s + group.writes_per_s) * duration_s / stores * sharing;
            (group.count, group.count * -libm::expm1(-times) / sharing)
        })
        .collect();
    let asked = groups.iter().map(|(_, asked)| asked).sum();
    let pages = move |bytes_per_key: f64| -> f64 {
        groups.iter().map(|(count, asked)| (count * bytes_per_key).min(asked * PAGE_BYTES)).sum()
    };
    (asked, pages)
}

/// Flat arrays have a place for every new key, of which pages are taken where a key is requested.
fn new_keys_bytes(model: &Model, flow: &Flow) -> f64 {
    let new = (model.keys() - model.workload.keys()) as f64;
    let requested = new.min(flow.requests);
    let pages_bytes = (new * UNBOUNDED_BYTES_PER_KEY).min(requested * PAGE_BYTES);
    let unbounded = model.tiers.iter().filter(|tier| tier.capacity == Capacity::Unbounded);
    unbounded.map(|tier| model.caches(tier) as f64 * pages_bytes).sum()
}

/// Counts, histograms and totals of each window, and what series are made from at the end.
fn windows_bytes(model: &Model, flow: &Flow) -> f64 {
    let windows = (model.duration_ns as f64 / model.window_ns.max(1) as f64).ceil();
    let per_window = flow.requests / windows.max(1.0);
    let outcomes = per_window.min(if model.workload.writes() { 4.0 } else { 3.0 });
    let tiers = model.tiers.len() as f64;
    let nodes: f64 = model
        .tiers
        .iter()
        .map(|tier| match &tier.scope {
            Scope::Shared(shared) => f64::from(shared.nodes),
            Scope::Instance { .. } => 0.0,
        })
        .sum();
    windows * (WINDOW_BYTES + outcomes * COARSE_BYTES + tiers * TIER_WINDOW_BYTES + nodes * 16.0)
}

/// Histograms of whole runs that get a value: outcomes of each class, waits, and what the end makes of them.
fn histograms(model: &Model) -> f64 {
    let outcomes = if model.workload.writes() { 5.0 } else { 4.0 };
    outcomes * model.workload.classes.len() as f64 + 2.0 * model.tiers.len() as f64 + 10.0
}

fn versions_bytes(model: &Model, flow: &Flow) -> f64 {
    if !model.workload.writes() {
        return 0.0;
    }
    let keys = model.keys() as f64;
    let columns =
        1.0 + is_positive(model.write_back().is_some()) + 2.0 * is_positive(model.measure.stale_acknowledged);
    let written: f64 = (flow.groups.iter())
        .map(|group| group.count * -libm::expm1(-group.writes_per_s * duration_s(model)))
        .sum();
    let pages = (flow.groups.iter()).map(|group| {
        let touched =
            group.count * -libm::expm1(-(group.writes_per_s + group.reads_per_s) * duration_s(model));
        (group.count * VERSION_BYTES).min(touched * PAGE_BYTES)
    });
    (columns * pages.sum::<f64>()).min(columns * keys * VERSION_BYTES) + written * WRITTEN_BYTES
}

fn tombstones_bytes(model: &Model, flow: &Flow) -> f64 {
    let Some(ttl_ns) = model.write_options.tombstone_ttl_ns else { return 0.0 };
    // They are swept when they have doubled.
    let lived_s = (2.0 * ttl_ns as f64 / 1e9).min(duration_s(model));
    let copies: f64 = model
        .tiers
        .iter()
        .map(|tier| match (&tier.scope, &model.invalidation.broadcast) {
            (Scope::Instance { .. }, Some(_)) => f64::from(model.clients.instances),
            _ => 1.0,
        })
        .sum();
    let buried: f64 =
        flow.groups.iter().map(|group| group.count * -libm::expm1(-group.writes_per_s * lived_s)).sum();
    buried * copies * TOMBSTONE_BYTES
}

/// Memory of each instance.
fn guards_bytes(model: &Model) -> f64 {
    let of = |is: bool, bytes: f64| if is { bytes } else { 0.0 };
    let database = &model.database;
    let mut each = of(database.pool.is_some(), 48.0)
        + of(database.breaker.is_some(), 200.0)
        + of(database.limit.is_some(), 100.0)
        + of(database.hedge.is_some(), 2_000.0)
        + of(database.retries.budget.is_some(), 32.0);
    for tier in &model.tiers {
        if let Scope::Shared(shared) = &tier.scope {
            each += of(shared.pool.is_some(), 48.0 * f64::from(shared.nodes))
                + of(shared.breaker.is_some(), 200.0);
        }
    }
    each * f64::from(model.clients.instances)
}

fn is_positive(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

/// Memory per entry that only some scenarios need.
fn columns_bytes(model: &Model, tier: &Tier) -> f64 {
    let xfetch = if matches!(tier.refresh, Refresh::XFetch { .. }) { XFETCH_BYTES } else { 0.0 };
    xfetch + if model.measure.value_age { VALUE_AGE_BYTES } else { 0.0 }
}

/// Key and value of the class with the smallest ones, taken at the median where they vary.
fn smallest_entry_bytes(model: &Model, tier: &Tier) -> f64 {
    let typical = |size: &Size| match *size {
        Size::Constant { bytes } => bytes as f64,
        Size::Lognormal { mu, .. } => libm::exp(mu),
        Size::Pareto { location, .. } => location,
        Size::Trace => 1.0,
    };
    let compress = match &tier.scope {
        Scope::Shared(shared) => shared.compress,
        Scope::Instance { .. } => None,
    };
    let value = |size: &Size| match (typical(size), compress) {
        (bytes, Some(how)) if bytes > how.above_bytes as f64 => bytes * how.ratio,
        (bytes, _) => bytes,
    };
    let entry = |class: &Class| value(&class.value_size) + typical(&class.key_size);
    model.workload.classes.iter().map(entry).fold(f64::INFINITY, f64::min)
}

/// Memory of an eviction policy per entry besides the links of a list.
fn policy_bytes(eviction: Eviction) -> f64 {
    match eviction {
        Eviction::Lru | Eviction::Fifo | Eviction::Random => 0.0,
        Eviction::Clock | Eviction::Sieve | Eviction::Slru => 1.0,
        Eviction::Lfu => 4.0,
        // Of the heap: priority, last use, slot; of the slot: place, uses, size.
        Eviction::Gdsf => 40.0,
        Eviction::S3Fifo => 8.0 + 0.9 * GHOST_BYTES,
        Eviction::TwoQ => 8.0 + 0.5 * GHOST_BYTES,
        Eviction::Arc => 8.0 + GHOST_BYTES,
        // Four counters of the sketch, rounded up to a power of two.
        Eviction::WTinyLfu | Eviction::AdaptiveWTinyLfu => 16.0,
        // Of each entry and of two keys without one: a node and its links in two lists; of the keys their place in an index.
        Eviction::Lirs => 3.0 * LIRS_NODE_BYTES + 2.0 * GHOST_BYTES,
    }
}
