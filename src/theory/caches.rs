//! Who hits, and what is left for the database.

use super::paths::{Paths, fetch_share, reads_during_fetch};
use super::{Failing, Prediction, nothing_fails, steady, ttl_of, warm_requests};
use crate::model::{
    Capacity, Coalescing, Eviction, Hottest, Jitter, Model, Nanos, PrefillAge, Refresh, Route, Scope, Tier,
    Ttl, WriteStrategy,
};
use crate::scenario::lint::expectation::Expectation;

/// A fetch this long against the time to live takes part in who hits.
const FETCH_SHARE_MAX: f64 = 0.002;
/// Times to live after which it no longer matters that all started together.
const CYCLES_MIN: u64 = 100;
/// More reads of the hottest key than this during one fetch: they change what the database sees.
const DURING_FETCH_MAX: f64 = 0.005;
/// More waiting reads than this for each hit or miss, whichever are fewer: they show in the hit ratio.
const WAITING_MAX: f64 = 0.005;

/// Common inputs of the laws of caches.
pub(super) struct Common {
    pub failing: Failing,
    /// The longest fetch against the life of what it fetches.
    fetch_share: f64,
    /// Whether some tier is too small for what it would hold.
    pub binding: bool,
}

/// Assumptions of the laws of caches on all tiers.
pub(super) fn common(model: &Model, expected: &Expectation) -> Common {
    let mut failing = steady(model);
    nothing_fails(model, &mut failing);
    let is_fixed = model.workload.classes.iter().all(|class| class.ranking.is_fixed());
    failing.unless(is_fixed, "the popularity of keys moves");
    let mut any_binding = false;
    for (index, tier) in model.tiers.iter().enumerate() {
        let held = expected.tiers[index].wanted;
        let binding = match tier.capacity {
            Capacity::Unbounded => false,
            Capacity::Entries(limit) | Capacity::Bytes(limit) => (limit as f64) < held,
        };
        of_tier(model, index, tier, binding, &mut failing);
        any_binding |= binding;
    }
    let paths = Paths::of(model, expected);
    // A queue that only grows has no steady state.
    failing.require(paths.tier_load < 1.0 && paths.database_load < 1.0);
    failing.unless(
        reads_during_fetch(model, &paths) <= DURING_FETCH_MAX,
        "while a hot key is fetched others fetch it as well",
    );
    // A fetch takes no time.
    let share = model.tiers.iter().enumerate().map(|(index, tier)| fetch_share(model, index, tier, &paths));
    let share = share.fold(0.0, f64::max);
    failing.unless(share <= FETCH_SHARE_MAX, "a fetch is not short against the ttl");
    Common { failing, fetch_share: share, binding: any_binding }
}

/// Hit ratio and database load of a cache in its steady state.
pub(super) fn predictions(model: &Model, expected: &Expectation) -> Vec<Prediction> {
    if model.tiers.is_empty() {
        return Vec::new();
    }
    let Common { mut failing, fetch_share: share, binding } = common(model, expected);
    let law = if binding { "Che's approximation" } else { "renewals of a TTL" };
    failing.unless(model.tiers.len() == 1, "with several tiers the lookups of a lower one are not Poisson");
    // Writers that put values into the cache make it another one.
    let is_filled_by_reads = matches!(model.writes, WriteStrategy::Invalidate | WriteStrategy::WriteAround);
    failing.require(!model.workload.writes() || is_filled_by_reads);
    let reads = expected.misses_per_s.iter().sum::<f64>();
    // Of all reads, those that come while their key is fetched are the hits times this share.
    let mut ratio = failing.clone();
    let rarer = expected.hit_ratio.min(1.0 - expected.hit_ratio);
    ratio.unless(
        matches!(model.coalescing, Coalescing::None) || expected.hit_ratio * share <= WAITING_MAX * rarer,
        "who waits for the fetch of another is no hit",
    );
    let mut load = failing.clone();
    load.require(model.database.background.is_none());
    let writes_per_s = expected.writes_per_s.iter().sum::<f64>();
    let hit_ratio = Prediction::new("hit_ratio", expected.hit_ratio, law, &ratio);
    let database = Prediction::new("db.qps.mean", reads + writes_per_s, law, &load);
    hit_ratio.into_iter().chain(database).collect()
}

fn of_tier(model: &Model, index: usize, tier: &Tier, binding: bool, failing: &mut Failing) {
    failing.unless(matches!(tier.refresh, Refresh::None), "entries are refreshed before they expire");
    failing.unless(!model.has_zero_ttl(), "what lives for no time is not stored");
    if let Scope::Instance { .. } = tier.scope {
        let alone = model.clients.instances == 1 || model.clients.route == Route::Random;
        failing.require(alone);
    }
    if let Scope::Shared(shared) = &tier.scope {
        failing.unless(
            shared.timeout_ns.is_none() && shared.pool_timeout_ns.is_none(),
            "the tier may not answer in time",
        );
    }
    let all: Vec<Ttl> =
        model.workload.classes.iter().filter_map(|class| ttl_of(class, index, tier)).collect();
    let ttls: Vec<Nanos> = all
        .iter()
        .filter_map(|ttl| match ttl {
            Ttl::After { ns } => Some(*ns),
            Ttl::None => None,
        })
        .collect();
    failing.unless(!(tier.sliding && tier.jitter != Jitter::None), "a sliding ttl with jitter");
    if binding {
        failing.require(matches!(tier.eviction, Eviction::Lru | Eviction::Fifo | Eviction::Random));
        failing.unless(ttls.is_empty(), "entries expire as well as being evicted");
        failing.unless(
            !matches!(tier.capacity, Capacity::Bytes(_)),
            "the capacity is in bytes, of entries of many sizes",
        );
    }
    // What has to pass before the cache is as full as it gets; and with a ttl, until the cycles of keys that were loaded
    // together no longer show in a count of them.
    let prefilled = tier.prefill.filter(|prefill| prefill.hottest == Hottest::All);
    let stationary = prefilled.is_some_and(|prefill| prefill.age == PrefillAge::Stationary);
    let writes = model.workload.writes();
    if let (true, Capacity::Entries(entries)) = (binding, tier.capacity) {
        let passed = warm_requests(model) >= 10.0 * entries as f64 * f64::from(model.caches(tier));
        failing.unless(model.warmup_auto || passed, "the warm-up is too short for the cache to fill");
    } else if all.contains(&Ttl::None) {
        failing.unless(
            prefilled.is_some() && !writes,
            "entries that never expire: their number depends on how long the system has run",
        );
    } else if let Some(&longest) = ttls.iter().max() {
        let long = (model.duration_ns - model.warmup_ns) / longest.max(1) >= CYCLES_MIN;
        failing.unless(
            stationary || long,
            "it starts empty and ends before its cycles even out (prefill age = \"stationary\" would help)",
        );
        failing.unless(!stationary || long || !writes, "the prefill leaves writes out of account");
    }
}
