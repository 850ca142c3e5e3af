//! The settings that the application has about one tier.

use std::sync::Arc;

use super::key::KeyInfo;
use crate::dice::round_ns;
use crate::model::{Admit, Coalescing, FailSafe, Jitter, Model, Nanos, OnFailure, Scope, Ttl};
use crate::policy::freshness::{OwnRefresh, Renewer};
use crate::sim::queue::{Lane, Queue};
use crate::trace::TraceKeys;

/// One revision of them. The settings of a server are not here: they are the same for all instances.
pub struct Rules {
    /// By class.
    ttl: Vec<Ttl>,
    recorded_ttl: Option<RecordedTtl>,
    pub jitter: Jitter,
    pub sliding: bool,
    pub renewer: Renewer,
    pub negative_ttl_ns: Option<Nanos>,
    /// How long past its expiry an entry may be served on purpose.
    pub grace_ns: Nanos,
    pub lease_grace_ns: Nanos,
    pub fail_safe: Option<FailSafe>,
    pub soft_timeout: Option<(Nanos, Lane)>,
    /// Some fetched values are not stored.
    pub is_selective: bool,
    pub fill: bool,
    pub admit: Admit,
    pub hit_for_miss_ns: Option<Nanos>,
    /// A miss needs the lease of its key.
    pub leases: bool,
    pub timeout: Option<(Nanos, Lane)>,
    pub on_failure: OnFailure,
    pub fill_after_failure: bool,
    /// Added to the id of a key: the ids of another version of the keys are others.
    pub first_id: u32,
}

impl Rules {
    /// Of the tier at `index` in one revision of the system.
    pub fn new(
        model: &Model,
        index: usize,
        trace_keys: Option<&Arc<TraceKeys>>,
        own: Option<Box<dyn OwnRefresh>>,
        first_id: u32,
        queue: &mut Queue,
    ) -> Rules {
        let tier = &model.tiers[index];
        let classes = &model.workload.classes;
        let lease = match &model.coalescing {
            Coalescing::Lease(lease) if lease.tier == index => Some(lease),
            _ => None,
        };
        let shared = match &tier.scope {
            Scope::Shared(shared) => Some(shared),
            Scope::Instance { .. } => None,
        };
        Rules {
            ttl: classes.iter().map(|class| class.ttl[index].unwrap_or(tier.ttl)).collect(),
            recorded_ttl: trace_keys.zip(tier.recorded_ttl).map(|(keys, factor)| RecordedTtl {
                keys: Arc::clone(keys),
                factor,
                has_own: classes.iter().map(|class| class.ttl[index].is_some()).collect(),
            }),
            jitter: tier.jitter,
            sliding: tier.sliding,
            renewer: Renewer::new(tier.refresh, own),
            negative_ttl_ns: tier.negative_ttl_ns,
            grace_ns: tier.refresh.grace_ns(),
            fail_safe: tier.fail_safe,
            soft_timeout: (tier.fail_safe.and_then(|fail_safe| fail_safe.soft_timeout_ns))
                .map(|ns| (ns, queue.lane_for(ns))),
            is_selective: !tier.stores_all_fetches()
                || tier.ttl == Ttl::ZERO
                || classes.iter().any(|class| class.ttl[index] == Some(Ttl::ZERO)),
            fill: tier.fill,
            admit: tier.admit,
            hit_for_miss_ns: tier.hit_for_miss_ns,
            lease_grace_ns: lease.map_or(0, |lease| lease.serve_stale_ns),
            leases: lease.is_some(),
            timeout: shared.and_then(|shared| shared.timeout_ns).map(|ns| (ns, queue.lane_for(ns))),
            on_failure: shared.map_or(OnFailure::Next, |shared| shared.on_failure),
            fill_after_failure: shared.is_none_or(|shared| shared.fill_after_failure),
            first_id,
        }
    }

    /// How long past its expiry an entry may be needed.
    pub fn kept_ns(&self) -> Nanos {
        let fail_safe_ns = self.fail_safe.map_or(0, |fail_safe| fail_safe.grace_ns);
        self.grace_ns.max(self.lease_grace_ns).max(fail_safe_ns)
    }

    /// The time to live of a key before jitter.
    #[inline]
    pub fn ttl_of(&self, info: KeyInfo) -> Ttl {
        let ttl = self.ttl[info.class];
        match &self.recorded_ttl {
            None => ttl,
            Some(recorded) => recorded.of(info).unwrap_or(ttl),
        }
    }
}

/// Times to live of a recording.
struct RecordedTtl {
    keys: Arc<TraceKeys>,
    factor: f64,
    /// By class: it has a time to live of its own, which comes first.
    has_own: Vec<bool>,
}

impl RecordedTtl {
    #[cold]
    #[inline(never)]
    fn of(&self, info: KeyInfo) -> Option<Ttl> {
        let ttl_s = self.keys.ttl_s(info.key).filter(|_| !self.has_own[info.class])?;
        Some(Ttl::After { ns: round_ns(f64::from(ttl_s) * 1e9 * self.factor).max(1) })
    }
}
