//! What is a good answer.

use serde::Serialize;

use super::{EventKind, Tier};
use super::{Model, Nanos, OnFailure, Scope, Target};

/// The service objective of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Slo {
    /// A good answer comes no later, from the intended start of its request.
    pub latency_ns: Nanos,
    /// Share of the requests that must be good.
    pub share: f64,
}

impl Slo {
    /// Of the requests of a cell, where the scenario states nothing.
    pub const SHARE: f64 = 0.95;
}

impl Model {
    /// Share of the requests of a cell that must be good after an event.
    pub fn share_of_good(&self) -> f64 {
        self.slo.map_or(Slo::SHARE, |slo| slo.share)
    }

    /// Whether anything lets a request end in an error: a limit on waiting or on what is let in, something that crashes
    /// or refuses. What the rate limiter turns away is no failure.
    pub fn can_fail(&self) -> bool {
        let database = &self.database;
        let limits = self.clients.deadline_ns.is_some()
            || database.timeout_ns.is_some()
            || database.queue.is_some()
            || database.pool_timeout_ns.is_some()
            || database.breaker.is_some()
            || database.limit.is_some();
        let strict = |tier: &Tier| matches!(&tier.scope, Scope::Shared(shared) if shared.on_failure == OnFailure::Error);
        let events = self.events.iter().any(|event| match event.what {
            EventKind::Down { target, .. } => target == Target::Database,
            what => what.is_crash(),
        });
        limits || events || self.tiers.iter().any(strict)
    }
}
