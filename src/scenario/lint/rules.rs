//! The rules of the lints.

use super::constant_service::constant_service;
use super::expectation::{Expectation, expectation, hottest_share, mean_bytes};
use super::expired::expired_memory;
use super::fill_after_timeout::fill_after_timeout;
use super::finding::Finding;
use super::recorded::recorded;
use super::vulnerable::vulnerable;
use super::workers::workers_too_few;
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::file::Node;
use crate::model::{
    Capacity, Class, Coalescing, Dist, Jitter, Model, MultiGet, RedisEviction, Refresh, Scope, SharedTier,
    Size, Tier, Ttl,
};
use crate::scenario::estimate::peak_profile_factor;
use crate::units::{approximate_bytes, decimals_of_percent, format_duration, grouped};

const LARGE_BYTES: f64 = 1e6;
const COMPRESS_BYTES: f64 = 1e4;
/// Share of the bytes of a class from which on its values count as large.
const COMPRESS_SHARE: f64 = 0.5;
/// Standard normal quantile of 0.999.
const Z_999: f64 = 3.090_232_306_167_813;
/// "A few fetch times" of a ttl under XFetch.
const FETCHES_PER_TTL: f64 = 5.0;
/// Share of all requests from which on one key is the trouble.
const HOT_SHARE: f64 = 1.0 / 3.0;
const NEGATIVE_TTL_MAX_NS: u64 = 60_000_000_000;
const HIT_RATIO_MIN: f64 = 0.8;

/// One variant: its tree, for the places, and its model.
pub(super) struct View<'a> {
    pub tree: &'a Node,
    pub model: &'a Model,
    pub expected: Option<Expectation>,
    found: Vec<Finding>,
}

/// The warnings of one variant.
pub(in crate::scenario) fn findings(tree: &Node, model: &Model) -> Vec<Finding> {
    let mut view = View { tree, model, expected: expectation(model), found: Vec::new() };
    for (index, tier) in model.tiers.iter().enumerate() {
        no_ttl(&mut view, index, tier);
        memory_too_small(&mut view, index, tier);
        xfetch_short_ttl(&mut view, index, tier);
        jitter_single_key(&mut view, index, tier);
        negative_ttl_long(&mut view, tier);
        if let Scope::Shared(shared) = &tier.scope {
            tier_pool_too_small(&mut view, index, tier, shared);
            workers_too_few(&mut view, index, tier, shared);
            uncompressed_values(&mut view, tier, shared);
            cdc_without_ttl(&mut view, index, tier);
            expired_memory(&mut view, index, tier);
            fill_after_timeout(&mut view, index, tier, shared);
        }
    }
    write_back_may_lose(&mut view);
    large_values(&mut view);
    database_pool_too_small(&mut view);
    connections_exceed_limit(&mut view);
    noloop_forgets(&mut view);
    vulnerable(&mut view);
    constant_service(&mut view);
    low_hit_ratio(&mut view);
    recorded(&mut view);
    view.found
}

impl View<'_> {
    pub fn warn(&mut self, lint: &'static str, diagnostic: Diagnostic) {
        self.found.push(Finding { lint, diagnostic });
    }

    /// The element of `[[list]]` with this name.
    pub fn element(&self, list: &str, name: &str) -> Option<&Node> {
        self.tree.elements(list).iter().find(|node| node.get("name").and_then(Node::as_str) == Some(name))
    }

    /// The place of a tier's field, or of the tier.
    pub fn tier_place(&self, tier: &Tier, field: &str) -> Span {
        let node = self.element("tier", &tier.name);
        node.map_or(self.tree.span, |node| node.get(field).unwrap_or(node).span)
    }

    /// The place of a field of the database, or of its table.
    pub fn database_place(&self, field: &str) -> Span {
        let node = self.tree.get("database");
        node.map_or(self.tree.span, |node| node.get(field).unwrap_or(node).span)
    }

    /// The place of a class's field: its own, else that of `[workload]`.
    pub fn class_place(&self, class: &Class, field: &str) -> Span {
        let own = self.element("class", &class.name);
        let workload = self.tree.get("workload");
        [own, workload]
            .into_iter()
            .flatten()
            .find_map(|node| node.get(field))
            .or(own)
            .or(workload)
            .map_or(self.tree.span, |node| node.span)
    }

    /// The time to live of a class in a tier and where it is written.
    fn ttl(&self, index: usize, tier: &Tier, class: &Class) -> (Ttl, Span) {
        match class.ttl.get(index).copied().flatten() {
            Some(ttl) => (ttl, self.class_place(class, "ttl")),
            None => (tier.ttl, self.tier_place(tier, "ttl")),
        }
    }

    /// Mean length of a database read of a class, with the way there and back.
    pub fn read_ns(&self, class: &Class) -> f64 {
        let database = &self.model.database;
        class.costs.db_read.as_ref().unwrap_or(&database.read).mean_ns() + 2.0 * database.network.mean_ns()
    }
}

/// Whether a full tier evicts nothing that has this time to live: then SETs fail.
fn never_evicted(tier: &Tier, ttl: Ttl) -> bool {
    tier.capacity != Capacity::Unbounded
        && tier.redis.is_some_and(|redis| match redis.eviction {
            RedisEviction::NoEviction => true,
            policy => policy.only_volatile() && ttl == Ttl::None,
        })
}

fn no_ttl(view: &mut View<'_>, index: usize, tier: &Tier) {
    let unbounded = tier.capacity == Capacity::Unbounded;
    let classes = &view.model.workload.classes;
    // A finding of `cdc-without-ttl` is not repeated.
    let streamed = view.model.invalidation.cdc.is_some() && matches!(tier.scope, Scope::Shared(_));
    let lasting = |class: &&Class| {
        let kept = !class.absent || tier.negative_ttl_ns.is_some();
        let grows = unbounded || never_evicted(tier, Ttl::None);
        kept && view.ttl(index, tier, class).0 == Ttl::None && (grows || class.write_share > 0.0 && !streamed)
    };
    let Some(class) = classes.iter().find(lasting) else { return };
    let (_, place) = view.ttl(index, tier, class);
    let (title, label) = if unbounded {
        ("keeps entries for ever", "never expires, and nothing bounds the memory")
    } else if never_evicted(tier, Ttl::None) {
        ("cannot get rid of entries", "never expires and is never evicted: once the tier is full, SETs fail")
    } else {
        ("keeps entries for ever", "never expires, though it is written")
    };
    let title = format!("tier.{} {title}", tier.name);
    view.warn("no-ttl", Diagnostic::new(title, place, label));
}

fn memory_too_small(view: &mut View<'_>, index: usize, tier: &Tier) {
    let (Some(expected), Scope::Shared(_)) = (&view.expected, &tier.scope) else { return };
    let (capacity, told): (f64, fn(f64) -> String) = match tier.capacity {
        Capacity::Unbounded => return,
        Capacity::Entries(entries) => {
            (entries as f64, |entries| format!("{} entries", grouped(rounded(entries))))
        }
        Capacity::Bytes(bytes) => (bytes as f64, approximate_bytes),
    };
    let wanted = expected.tiers[index].wanted;
    if wanted <= capacity {
        return;
    }
    let classes = &view.model.workload.classes;
    let stuck = |class: &Class| class.absent || never_evicted(tier, class.ttl_in(index, tier));
    let (title, label) = match classes.iter().all(stuck) {
        true => (
            "fills up and then refuses SETs",
            format!("would hold about {}: nothing is evicted, and when it is full SETs fail", told(wanted)),
        ),
        false => ("is smaller than its working set", format!("the ttl would keep about {}", told(wanted))),
    };
    let title = format!("tier.{} {title}", tier.name);
    let place = view.tier_place(tier, "capacity");
    view.warn("memory-too-small", Diagnostic::new(title, place, label));
}

/// To two significant digits.
fn rounded(number: f64) -> u64 {
    let unit = libm::pow(10.0, (libm::floor(libm::log10(number.max(1.0))) - 1.0).max(0.0));
    ((number / unit).round() * unit) as u64
}

fn xfetch_short_ttl(view: &mut View<'_>, index: usize, tier: &Tier) {
    let Refresh::XFetch { beta, .. } = tier.refresh else { return };
    // What a refresh takes: a look into the tiers below is short beside the database.
    let classes = &view.model.workload.classes;
    let short = classes.iter().filter(|class| !class.absent).find_map(|class| {
        let fetch_ns = view.read_ns(class);
        match view.ttl(index, tier, class) {
            (Ttl::After { ns }, place) if (ns as f64) < FETCHES_PER_TTL * beta * fetch_ns => {
                Some((ns, fetch_ns, place))
            }
            _ => None,
        }
    });
    let Some((ttl_ns, fetch_ns, place)) = short else { return };
    let title = format!("tier.{} refreshes most of the time", tier.name);
    let label = format!(
        "{} for a fetch of about {}",
        format_duration(ttl_ns),
        format_duration((fetch_ns / 1e6).round() as u64 * 1_000_000)
    );
    let refresh = view.tier_place(tier, "refresh");
    view.warn("xfetch-short-ttl", Diagnostic::new(title, place, label).also(refresh, format!("beta {beta}")));
}

fn jitter_single_key(view: &mut View<'_>, index: usize, tier: &Tier) {
    let guarded = !matches!(view.model.coalescing, Coalescing::None) || tier.refresh != Refresh::None;
    if tier.jitter == Jitter::None || guarded {
        return;
    }
    let classes = &view.model.workload.classes;
    let hot = classes.iter().find(|class| {
        let expires = !class.absent && view.ttl(index, tier, class).0 != Ttl::None;
        expires && hottest_share(class) >= HOT_SHARE
    });
    let Some(class) = hot else { return };
    let share = percent(hottest_share(class));
    let title = format!("jitter in tier.{} does not help the hottest key", tier.name);
    let label = format!("one key of class {} gets {share} of all requests", class.name);
    let place = view.tier_place(tier, "jitter");
    view.warn("jitter-single-key", Diagnostic::new(title, place, label));
}

fn negative_ttl_long(view: &mut View<'_>, tier: &Tier) {
    let Some(ns) = tier.negative_ttl_ns.filter(|ns| *ns > NEGATIVE_TTL_MAX_NS) else { return };
    let title = format!("tier.{} hides new records for long", tier.name);
    let label = format!("a record created meanwhile is invisible for up to {}", format_duration(ns));
    let place = view.tier_place(tier, "negative_ttl");
    view.warn("negative-ttl-long", Diagnostic::new(title, place, label));
}

fn large_values(view: &mut View<'_>) {
    let shared = view.model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Shared(_)));
    let classes = &view.model.workload.classes;
    let large = classes.iter().filter(|class| !class.absent).find_map(|class| {
        Some((class, size_999(&class.value_size)?)).filter(|(_, bytes)| *bytes > LARGE_BYTES)
    });
    let (true, Some((class, bytes))) = (shared, large) else { return };
    let title = format!("values of class {} above 1 MB", class.name);
    let label = match class.value_size {
        Size::Constant { .. } => format!("each is {}", approximate_bytes(bytes)),
        _ => format!("one in a thousand is above {}", approximate_bytes(bytes)),
    };
    let place = view.class_place(class, "value_size");
    view.warn("large-values", Diagnostic::new(title, place, label));
}

/// The size that one in a thousand values exceeds; `None` where it is not known beforehand.
fn size_999(size: &Size) -> Option<f64> {
    Some(match *size {
        Size::Constant { bytes } => bytes as f64,
        Size::Lognormal { mu, sigma, max_bytes } => libm::exp(mu + sigma * Z_999).min(max_bytes as f64),
        Size::Pareto { location, scale, shape, max_bytes } => {
            let tail =
                if shape.abs() < 1e-12 { libm::log(1e3) } else { (libm::pow(1e-3, -shape) - 1.0) / shape };
            (location + scale * tail).min(max_bytes as f64)
        }
        Size::Trace => return None,
    })
}

fn uncompressed_values(view: &mut View<'_>, tier: &Tier, shared: &SharedTier) {
    // Larger values than these are compressed.
    let above = shared.compress.map(|compress| compress.above_bytes as f64);
    let uncompressed = |class: &Class| {
        let compressed = above.map_or(0.0, |above| bytes_above(&class.value_size, above.max(COMPRESS_BYTES)));
        bytes_above(&class.value_size, COMPRESS_BYTES) - compressed
    };
    let classes = &view.model.workload.classes;
    let large = |class: &&Class| !class.absent && uncompressed(class) >= COMPRESS_SHARE;
    let Some(class) = classes.iter().find(large) else { return };
    let share = percent(uncompressed(class));
    let title = format!("tier.{} stores large values uncompressed", tier.name);
    let which = match above {
        None => "above 10 kB".to_owned(),
        Some(above) => format!("from 10 kB to {}, which are not compressed", approximate_bytes(above)),
    };
    let label = format!("{share} of the bytes of class {} are in values {which}", class.name);
    let place = view.class_place(class, "value_size");
    let mut warning = Diagnostic::new(title, place, label);
    if above.is_some() {
        warning = warning.also(view.tier_place(tier, "compress"), "too high a limit");
    }
    view.warn("uncompressed-values", warning);
}

/// Share of all bytes that are in values above a limit.
fn bytes_above(size: &Size, limit: f64) -> f64 {
    match *size {
        Size::Constant { bytes } => f64::from(u8::from(bytes as f64 > limit)),
        Size::Lognormal { max_bytes, .. } | Size::Pareto { max_bytes, .. } if max_bytes as f64 <= limit => {
            0.0
        }
        // Weighted by itself a lognormal is one whose mu is larger by sigma squared.
        Size::Lognormal { mu, sigma, .. } if sigma > 0.0 => {
            let z = (libm::log(limit) - mu) / sigma - sigma;
            libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
        }
        Size::Lognormal { mu, .. } => f64::from(u8::from(libm::exp(mu) > limit)),
        Size::Pareto { location, scale, shape, max_bytes } => {
            const STEPS: u32 = 10_000;
            let quantile = |step: u32| {
                let left = (f64::from(step) + 0.5) / f64::from(STEPS);
                let tail = if shape.abs() < 1e-12 {
                    -libm::log(left)
                } else {
                    (libm::pow(left, -shape) - 1.0) / shape
                };
                (location + scale * tail).min(max_bytes as f64)
            };
            let (mut above, mut all) = (0.0, 0.0);
            for bytes in (0..STEPS).map(quantile) {
                all += bytes;
                above += if bytes > limit { bytes } else { 0.0 };
            }
            if all > 0.0 { above / all } else { 0.0 }
        }
        Size::Trace => 0.0,
    }
}

fn cdc_without_ttl(view: &mut View<'_>, index: usize, tier: &Tier) {
    let streamed = view.model.invalidation.cdc.is_some() && view.model.workload.writes();
    let classes = &view.model.workload.classes;
    let lasting = classes.iter().find(|class| !class.absent && view.ttl(index, tier, class).0 == Ttl::None);
    let (true, Some(class)) = (streamed, lasting) else { return };
    let (_, place) = view.ttl(index, tier, class);
    let title = format!("tier.{} trusts the change stream alone", tier.name);
    let label = "an entry whose change the stream loses stays for ever";
    view.warn("cdc-without-ttl", Diagnostic::new(title, place, label));
}

fn write_back_may_lose(view: &mut View<'_>) {
    let Some((level, write_back)) = view.model.write_back() else { return };
    let tier = &view.model.tiers[level];
    let interval_ns = write_back.flush_interval_ns;
    let mut label = match &view.expected {
        Some(expected) => {
            let writes = expected.writes_per_s.iter().sum::<f64>() * interval_ns as f64 / 1e9;
            format!("up to about {} acknowledged writes are in memory only", grouped(rounded(writes)))
        }
        None => format!("up to {} of acknowledged writes are in memory only", format_duration(interval_ns)),
    };
    if tier.capacity != Capacity::Unbounded
        && tier.redis.is_none_or(|redis| redis.eviction != RedisEviction::NoEviction)
    {
        label.push_str(", and eviction may take them");
    }
    let is_short = |ttl: Ttl| matches!(ttl, Ttl::After { ns } if ns <= interval_ns);
    if view.model.workload.classes.iter().any(|class| is_short(class.ttl_in(level, tier))) {
        label.push_str(", and expire before the worker comes");
    }
    let title = format!("a crash of tier.{} loses acknowledged writes", tier.name);
    let node = view.tree.get("writes");
    let place = node.map_or(view.tree.span, |node| node.get("strategy").unwrap_or(node).span);
    view.warn("write-back-may-lose", Diagnostic::new(title, place, label));
}

fn tier_pool_too_small(view: &mut View<'_>, index: usize, tier: &Tier, shared: &SharedTier) {
    let (Some(expected), Some(pool)) = (&view.expected, shared.pool) else { return };
    let classes = &view.model.workload.classes;
    let value_bytes: f64 = classes.iter().map(|class| class.share * mean_bytes(&class.value_size)).sum();
    let call_ns =
        2.0 * shared.network.mean_ns() + shared.service_ns as f64 + shared.per_byte_ns * value_bytes;
    let writes_per_s: f64 = expected.writes_per_s.iter().sum();
    let fills_per_s: f64 = expected.misses_per_s.iter().sum();
    let lookups_per_s = expected.tiers[index].lookups_per_s;
    let (commands_per_key, per_key_ns) = match shared.multi_get {
        MultiGet::FanOut => (1.0, 0.0),
        MultiGet::Mget { per_key_ns } => (commands_per_key(classes, shared.nodes), per_key_ns as f64),
    };
    let calls_per_s = lookups_per_s * commands_per_key + fills_per_s + writes_per_s;
    let more_keys_per_s = lookups_per_s * (1.0 - commands_per_key);
    let place = view.tier_place(tier, "pool");
    // Each node has connections of its own.
    let busy = (calls_per_s * call_ns + more_keys_per_s * per_key_ns) / 1e9 / f64::from(shared.nodes);
    pool_too_small(view, &format!("tier.{}.pool", tier.name), pool, busy, place);
}

/// Commands for each key that is looked up, where those of one request and node share one: a node is asked by a request of
/// n keys unless all of them are elsewhere. Tiers in the process leave fewer keys to share a command.
pub(super) fn commands_per_key(classes: &[Class], nodes: u32) -> f64 {
    let nodes = f64::from(nodes);
    let (mut commands, mut keys) = (0.0, 0.0);
    for class in classes {
        let (reads, count) = (class.share * (1.0 - class.write_share), f64::from(class.keys_per_request));
        commands += reads * nodes * (1.0 - libm::pow(1.0 - 1.0 / nodes, count));
        keys += reads * count;
    }
    if keys > 0.0 { commands / keys } else { 1.0 }
}

fn database_pool_too_small(view: &mut View<'_>) {
    let database = &view.model.database;
    let (Some(expected), Some(pool)) = (&view.expected, database.pool) else { return };
    let round_trip_ns = 2.0 * database.network.mean_ns();
    // What is written back passes by the instances.
    let passes_by = view.model.write_back().is_some();
    let write_ns = |class: &Class| {
        if passes_by {
            return 0.0;
        }
        class.costs.db_write.as_ref().map_or_else(|| database.write.mean_ns(), Dist::mean_ns) + round_trip_ns
    };
    let busy: f64 = view
        .model
        .workload
        .classes
        .iter()
        .zip(expected.misses_per_s.iter().zip(&expected.writes_per_s))
        .map(|(class, (misses, writes))| (misses * view.read_ns(class) + writes * write_ns(class)) / 1e9)
        .sum();
    pool_too_small(view, "database.pool", pool, busy, view.database_place("pool"));
}

/// Little's law: `busy` connections over all instances at the base rate.
fn pool_too_small(view: &mut View<'_>, name: &str, pool: u32, busy: f64, place: Span) {
    let needed = busy * peak_profile_factor(view.model) / f64::from(view.model.clients.instances);
    // The sums are of many small terms: a pool of just what is needed is not refused for their last digits.
    if f64::from(pool) >= needed * (1.0 - 1e-9) {
        return;
    }
    let title = format!("{name} is too small");
    let label = format!("about {:.1} connections per instance are busy on average", needed);
    view.warn("pool-too-small", Diagnostic::new(title, place, label));
}

fn connections_exceed_limit(view: &mut View<'_>) {
    let (database, instances) = (&view.model.database, view.model.clients.instances);
    let (Some(most), Some(pool)) = (database.max_connections, database.pool) else { return };
    let all = u64::from(instances) * u64::from(pool);
    if all > u64::from(most) {
        let title = "the pools are larger than database.max_connections".to_owned();
        let label = format!("{instances} instances with a pool of {pool} may open {all} connections");
        view.warn(
            "connections-exceed-limit",
            Diagnostic::new(title, view.database_place("max_connections"), label),
        );
    }
}

fn noloop_forgets(view: &mut View<'_>) {
    let model = view.model;
    let Some(tracking) = &model.invalidation.tracking else { return };
    if tracking.noloop && model.workload.writes() && model.clients.instances > 1 {
        let node = view.tree.get("invalidation").and_then(|node| node.get("tracking"));
        let place = node.map_or(view.tree.span, |node| node.get("noloop").unwrap_or(node).span);
        let label = "nobody tracks a copy whose holder has set the key itself";
        view.warn("noloop-forgets", Diagnostic::new("writes do not reach all copies", place, label));
    }
}

fn low_hit_ratio(view: &mut View<'_>) {
    let (Some(expected), Some(last)) = (&view.expected, view.model.tiers.last()) else { return };
    // What passes by every tier on purpose is no matter of theirs.
    let classes =
        view.model.workload.classes.iter().zip(expected.reads_per_s.iter().zip(&expected.misses_per_s));
    let (reads, misses) = classes
        .filter(|(class, _)| class.bypass.len() < view.model.tiers.len())
        .fold((0.0, 0.0), |sums, (_, (reads, misses))| (sums.0 + reads, sums.1 + misses));
    let hit_ratio = if reads > 0.0 { 1.0 - misses / reads } else { 1.0 };
    if hit_ratio >= HIT_RATIO_MIN {
        return;
    }
    let limited = match (last.capacity, expected.tiers.last()) {
        (Capacity::Entries(limit) | Capacity::Bytes(limit), Some(tier)) => tier.wanted > limit as f64,
        _ => false,
    };
    let place = view.tier_place(last, if limited { "capacity" } else { "ttl" });
    let label = format!("a hit ratio of about {} is expected", tenths(hit_ratio));
    let title = format!(
        "the cache will leave about {} of the reads to the database: tier.{}",
        tenths(1.0 - hit_ratio),
        last.name
    );
    view.warn("low-hit-ratio", Diagnostic::new(title, place, label));
}

/// `76.8 %`; what is not all is never 100 %.
fn tenths(share: f64) -> String {
    let decimals = decimals_of_percent(share * 100.0, 1);
    format!("{:.decimals$} %", share * 100.0)
}

pub(super) fn percent(share: f64) -> String {
    let decimals = decimals_of_percent(share * 100.0, 0);
    format!("{:.decimals$} %", share * 100.0)
}
