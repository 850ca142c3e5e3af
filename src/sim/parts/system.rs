//! Kinds of systems that the loop is compiled for: each leaves out what its systems are known not to have.

use crate::model::{Around, Coalescing, Model, Refresh, Scope, SharedTier};
use crate::policy::own::Policies;

use super::journeys::Needs;

/// A kind of systems.
pub trait System {
    /// Nothing has what few scenarios need: a column, a pool, a guard, a version, an entity for a call that may be torn from its journey.
    const PLAIN: bool;
    /// Something may have what only single scenarios are about: settings that change, workers, instances that come and go, connections to the broadcast that break, readers that are told of changes, old values that answer where a fetch
    /// fails, connections that are closed and set up again, or refused, locks of rows, failures that are remembered, entries that a DELETE leaves stale, jobs that fill tiers, classes that pass tiers by, answers that are not stored.
    const RARE: bool;
}

/// [`System::PLAIN`].
pub struct Plain;

impl System for Plain {
    const PLAIN: bool = true;
    const RARE: bool = false;
}

/// Systems with all that many scenarios need.
pub struct Usual;

impl System for Usual {
    const PLAIN: bool = false;
    const RARE: bool = false;
}

/// All systems.
pub struct Any;

impl System for Any {
    const PLAIN: bool = false;
    const RARE: bool = true;
}

/// Whether a model needs none of the parts that few scenarios need: see [`System::PLAIN`].
pub fn is_plain(model: &Model, policies: &Policies) -> bool {
    let (workload, database) = (&model.workload, &model.database);
    let reads = !workload.writes() && !workload.checks() && !model.measure.value_age && !model.counts_bytes();
    let tiers = model.tiers.iter().enumerate().all(|(level, tier)| {
        let is_simple = match &tier.scope {
            Scope::Instance { .. } => true,
            Scope::Shared(shared) => is_simple(shared) && level + 1 == model.tiers.len(),
        };
        is_simple && tier.redis.is_none() && matches!(tier.refresh, Refresh::None)
    });
    let around_lookup = matches!(model.coalescing, Coalescing::Singleflight { around: Around::Lookup });
    reads
        && tiers
        && !is_rare(model)
        && !around_lookup
        && Needs::of(model, policies.refreshes()).is_nothing()
        && !model.tears_calls()
        && database.pool.is_none()
        && database.background.is_none()
        && database.replicas.is_none()
}

/// Whether a shared tier is one server without limits, and takes the clients no time.
fn is_simple(shared: &SharedTier) -> bool {
    shared.nodes == 1
        && shared.pool.is_none()
        && shared.timeout_ns.is_none()
        && shared.breaker.is_none()
        && !shared.bytes_cost()
}

/// Whether a model has anything that only single scenarios are about: see [`System::RARE`].
pub fn is_rare(model: &Model) -> bool {
    let classes = &model.workload.classes;
    !model.revisions.is_empty()
        || model.clients.workers.is_some()
        || model.fleet_varies()
        || model.cuts().is_some()
        || model.invalidation.tracking.is_some()
        || model.clients.slow_start_ns > 0
        || model.has_zero_ttl()
        || model.database.sets_up_connections()
        || model.database.row_lock
        || model.write_options.mark_stale
        || model.database.error_ttl_ns.is_some()
        || classes.iter().any(|class| !class.cacheable || !class.bypass.is_empty())
        || model.tiers.iter().any(|tier| tier.fail_safe.is_some() || !tier.stores_all_fetches())
        || model.events.iter().any(|event| event.what.warms())
}
