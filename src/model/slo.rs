//! The limits of a good answer.

use serde::Serialize;

use super::{EventKind, Tier};
use super::{Model, Nanos, OnFailure, Scope, Target};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::options;
use crate::declare::values::{PositiveDuration, PositiveShare};

options! {
    /// The service objective of the scenario.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct Slo in "slo" (judges_cells: bool), such as "{ latency = \"500ms\", share = \"95%\" }" {
        /// a good answer comes no later than this after the intended start of its request, and without an error
        "latency" latency_ns: Nanos as PositiveDuration, required "the latency of a good answer, such as \"500ms\"";
        /// share of the requests of a cell (a second, or as long as 200 requests take) that must be good: with less, the system has not
        /// recovered from an event, and the objective is broken (`price.objective_minute`); refused in a file without either
        "share" share: f64 as PositiveShare, default "95%";
    }
    check |f| {
        if f.given("share") && !judges_cells {
            let label = "there is no [[event]] after which the requests of a cell could be good or not";
            let diagnostic = Diagnostic::new("slo.share does not apply", f.place("share"), label);
            f.cx.report(diagnostic.help("leave it out; slo.good.ratio shows what share is good"));
        }
    }
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
            || self.clients.queue.is_some()
            || database.timeout_ns.is_some()
            || database.queue.is_some()
            || database.pool_timeout_ns.is_some()
            || database.breaker.is_some()
            || database.limit.is_some()
            || database.max_connections.is_some();
        let strict = |tier: &Tier| matches!(&tier.scope, Scope::Shared(shared) if shared.on_failure == OnFailure::Error);
        let events = self.events.iter().any(|event| match event.what {
            EventKind::Down { target, .. } => target == Target::Database,
            what => what.is_crash(),
        });
        limits || events || self.tiers.iter().any(strict)
    }
}
