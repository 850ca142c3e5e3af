//! The database behind the caches.

use serde::Serialize;

use super::{Breaker, Dist, Hedge, Limit, Nanos, RetryBudget};

#[derive(Clone, Debug, Serialize)]
pub struct Database {
    /// `None`: unlimited.
    pub servers: Option<u32>,
    /// Waiting places; `None`: unbounded.
    pub queue: Option<u64>,
    pub read: Dist,
    pub write: Dist,
    /// Delay each way between instance and database.
    pub network: Dist,
    /// Connections per instance; `None`: as many as needed.
    pub pool: Option<u32>,
    pub pool_timeout_ns: Option<Nanos>,
    /// Per attempt, from sending.
    pub timeout_ns: Option<Nanos>,
    /// A timed-out attempt is withdrawn from the database.
    pub cancel_on_timeout: bool,
    /// An answer that comes after its caller gave up still fills the cache.
    pub late_fill: bool,
    pub retries: Retries,
    /// Universal Scalability Law (Gunther): service times are multiplied by
    /// `1 + sigma (n-1) + kappa n (n-1)` with n requests in service.
    pub contention: Option<Contention>,
    /// Load that no cache touches.
    pub background: Option<Background>,
    /// Servers that take the reads and see commits late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Replicas>,
    /// In front of it, per instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Of reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<Hedge>,
}

impl Database {
    /// All servers, of replicas too; `None`: unlimited.
    pub fn all_servers(&self) -> Option<u64> {
        let primary = u64::from(self.servers?);
        match &self.replicas {
            Some(replicas) => Some(primary + u64::from(replicas.count) * u64::from(replicas.servers?)),
            None => Some(primary),
        }
    }

    /// How many requests can be in service at once: servers, or connections of all instances if they are fewer;
    /// `None`: as many as there are.
    pub fn places(&self, instances: u32) -> Option<u64> {
        let connections = self.pool.map(|pool| u64::from(pool) * u64::from(instances));
        self.all_servers().into_iter().chain(connections).min()
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Replicas {
    pub count: u32,
    /// From a commit to its being visible there; the order of the commits is kept.
    pub lag: Dist,
    /// Of each; `None`: unlimited.
    pub servers: Option<u32>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Contention {
    pub sigma: f64,
    pub kappa: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Background {
    pub rate_per_s: f64,
    pub service: Dist,
}

/// Attempts that a call may make where neither a backoff nor the way to the refusal takes any time.
pub const RETRIES_AT_ONCE: u32 = 100_000;

#[derive(Clone, Debug, Serialize)]
pub struct Retries {
    /// Attempts in all; 1: no retry.
    pub attempts: u32,
    /// Before the second attempt.
    pub backoff_ns: Nanos,
    /// Each further backoff is this many times the one before.
    pub factor: f64,
    pub max_backoff_ns: Nanos,
    /// Share of the backoff that is random: 0 none, 1 full jitter (U(0, backoff)).
    pub jitter: f64,
    /// What retries may cost in all; `None`: whatever they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<RetryBudget>,
}
