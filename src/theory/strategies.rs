//! Laws of single strategies: early refresh, two tiers, copies that writes leave alone, writes that a cache holds back.

use super::caches::{Common, common};
use super::paths::{Paths, way_share};
use super::{Prediction, nothing_fails, steady};
use crate::model::{Capacity, Coalescing, Jitter, Model, Refresh, Scope, Tier, Ttl, WriteStrategy};
use crate::oracle::tiers::TwoTiers;
use crate::oracle::{ttl, write_back, xfetch};
use crate::scenario::lint::expectation::{Expectation, KeyRates, key_rates};

pub(super) fn predictions(model: &Model, expected: &Expectation) -> Vec<Prediction> {
    let paths = Paths::of(model, expected);
    let mut all = Vec::new();
    match model.tiers.as_slice() {
        [only] => {
            all.extend(untouched(model, expected, only));
            all.extend(early(model, &paths, only));
        }
        [above, below] => all.extend(two_tiers(model, expected, above, below)),
        _ => {}
    }
    all.extend(coalesced_writes(model, &paths));
    all
}

/// The single time to live of all keys in a tier, in seconds, where it is always the same.
fn fixed_ttl_s(model: &Model, index: usize, tier: &Tier) -> Option<f64> {
    let mut ttls = model.workload.classes.iter().map(|class| class.ttl_in(index, tier));
    let Some(Ttl::After { ns }) = ttls.next() else { return None };
    let same = ttls.all(|ttl| matches!(ttl, Ttl::After { ns: other } if other == ns));
    let absent = model.workload.classes.iter().any(|class| class.absent);
    let fixed = same && !absent && tier.jitter == Jitter::None && !tier.sliding;
    fixed.then_some(ns as f64 / 1e9)
}

/// Stale answers where writes leave the copies alone.
fn untouched(model: &Model, expected: &Expectation, tier: &Tier) -> Option<Prediction> {
    if model.writes != WriteStrategy::WriteAround
        || !model.workload.writes()
        || model.invalidation.cdc.is_some()
    {
        return None;
    }
    let ttl_s = fixed_ttl_s(model, 0, tier)?;
    let Common { mut failing, binding, .. } = common(model, expected);
    failing.unless(!binding, "entries are evicted");
    let caches = f64::from(model.caches(tier));
    let (mut reads, mut stale) = (0.0, 0.0);
    for keys in key_rates(model) {
        let KeyRates { count, reads_per_s, writes_per_s, .. } = keys;
        reads += count * reads_per_s;
        if writes_per_s > 0.0 {
            stale += count * reads_per_s * ttl::write_around_stale(reads_per_s / caches, writes_per_s, ttl_s);
        }
    }
    Prediction::new("stale.ratio", stale / reads, "a copy's age is uniform over its ttl", &failing)
}

/// Database load under XFetch where each expiry costs one fetch.
fn early(model: &Model, paths: &Paths, tier: &Tier) -> Option<Prediction> {
    let Refresh::XFetch { beta, .. } = tier.refresh else { return None };
    let ttl_s = fixed_ttl_s(model, 0, tier)?;
    let database = &model.database;
    let mut failing = steady(model);
    nothing_fails(model, &mut failing);
    failing.unless(tier.capacity == Capacity::Unbounded, "entries are evicted");
    let alone = model.clients.instances == 1 && matches!(model.coalescing, Coalescing::Singleflight { .. });
    failing.unless(alone, "an expiry may cost more than one fetch");
    failing.require(!model.workload.writes() && database.background.is_none());
    failing
        .unless(database.servers.is_none() && database.pool.is_none(), "fetches may wait for the database");
    let fixed = database.read.is_constant()
        && database.network.is_constant()
        && model.workload.classes.iter().all(|class| class.costs.db_read.is_none());
    failing.unless(fixed, "fetches do not all take the same time");
    failing.unless(way_share(paths, ttl_s) <= 0.001, "the way to the cache is not short against the ttl");
    let delta_s = (database.read.mean_ns() + 2.0 * database.network.mean_ns()) / 1e9;
    failing.unless(delta_s > 0.0 && 20.0 * beta * delta_s <= ttl_s, "the ttl is no more than a few fetches");
    let stationary = (model.duration_ns - model.warmup_ns) as f64 / 1e9 >= 100.0 * ttl_s;
    failing.unless(stationary, "it ends before its cycles even out");
    let rate = |keys: KeyRates| match keys.reads_per_s > 0.0 {
        true => keys.count * xfetch::singleflight_any_rate_per_s(keys.reads_per_s, ttl_s, delta_s, beta),
        false => 0.0,
    };
    let fetches_per_s = key_rates(model).into_iter().map(rate).sum();
    let law = "XFetch's gap (Vattani, Chierichetti, Lowenstein)";
    Prediction::new("db.qps.mean", fetches_per_s, law, &failing)
}

/// A cache in each process above a shared one.
fn two_tiers(model: &Model, expected: &Expectation, above: &Tier, below: &Tier) -> Vec<Prediction> {
    let (Scope::Instance { .. }, Scope::Shared(_)) = (&above.scope, &below.scope) else { return Vec::new() };
    let (Some(l1_ttl_s), Some(l2_ttl_s)) = (fixed_ttl_s(model, 0, above), fixed_ttl_s(model, 1, below))
    else {
        return Vec::new();
    };
    let Common { mut failing, binding, .. } = common(model, expected);
    failing.unless(!binding, "entries are evicted");
    failing.require(!model.workload.writes());
    let (mut reads, mut hits, mut fetches) = (0.0, 0.0, 0.0);
    for KeyRates { count, reads_per_s, .. } in key_rates(model) {
        let key =
            TwoTiers { rate_per_s: reads_per_s, instances: model.clients.instances, l1_ttl_s, l2_ttl_s };
        reads += count * reads_per_s;
        hits += count * reads_per_s * key.l1_hit();
        fetches += count * key.db_per_s();
    }
    let law = "two times to live, one above the other";
    let mut approximate = failing.clone();
    approximate.require(model.database.background.is_none());
    approximate.unless(
        model.clients.instances == 1,
        "approximate: after a miss the other instances are less likely to have just looked it up",
    );
    [
        Prediction::new(format!("tier.{}.hit_ratio", above.name), hits / reads, law, &failing),
        Prediction::new(format!("tier.{}.requests.rate", below.name), reads - hits, law, &failing),
        Prediction::new("db.qps.mean", fetches, law, &approximate),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Writes that the database never sees because a later one of the same key came before the worker did.
fn coalesced_writes(model: &Model, paths: &Paths) -> Option<Prediction> {
    let (level, write_back) = model.write_back()?;
    let interval_s = write_back.flush_interval_ns as f64 / 1e9;
    let mut failing = steady(model);
    let tier = &model.tiers[level];
    failing.unless(tier.capacity == Capacity::Unbounded, "dirty entries are evicted");
    let lives = model.workload.classes.iter().all(|class| match class.ttl_in(level, tier) {
        Ttl::After { ns } => ns > 2 * write_back.flush_interval_ns,
        Ttl::None => true,
    });
    failing.unless(lives, "dirty entries expire before they are flushed");
    let (mut taken, mut left) = (0.0, 0.0);
    for KeyRates { count, writes_per_s, .. } in
        key_rates(model).into_iter().filter(|keys| keys.writes_per_s > 0.0)
    {
        taken += count * writes_per_s;
        left += count * writes_per_s * write_back::writes_left(writes_per_s, interval_s);
    }
    let batches_per_s = left / f64::from(write_back.batch);
    let busy = batches_per_s * write_back.cost.per_batch.as_ref().unwrap_or(&model.database.write).mean_ns()
        / 1e9
        + left * write_back.cost.per_key.mean_ns() / 1e9;
    failing.unless(paths.tier_load < 0.9, "the tier cannot keep up");
    failing.unless(paths.database_load < 0.9, "the database cannot keep up");
    failing.unless(busy < 0.2, "the worker may not be done when its interval ends");
    let coalesced = 1.0 - left / taken;
    Prediction::new("writes.coalesced.ratio", coalesced, "rewrites within an interval", &failing)
}
