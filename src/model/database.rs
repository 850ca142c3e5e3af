//! The database behind the caches.

use serde::Serialize;

use super::dist::set_each_way;
use super::{Breaker, Dist, Hedge, Limit, Nanos, RetryBudget};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::values::{
    AtLeast, Count, CountOrUnlimited, Duration, PositiveDuration, Rate, Share, Whole, Whole32,
};
use crate::declare::{options, written};

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Database in "database", such as "[database]" {
        /// requests served at once
        "servers" servers: Option<u32> as Count, or "unlimited";
        /// waiting places; needs `servers`; further attempts are rejected
        "queue" queue: Option<u64> as Whole<0, { u64::MAX }>, or "unbounded";
        /// random time of service of a read
        "read" read: Dist, required "its time to serve a read, such as \"20ms\" or a distribution";
        /// random time of service of a write
        "write" write: Dist, otherwise "as `read`" => read.clone();
        /// random time, each way
        "network" network: Dist, default "0s";
        /// random time there and back, in place of `network`; what it takes beyond its least value is spent on the way there
        #[serde(skip_serializing_if = "Option::is_none")]
        "round_trip" round_trip: Option<Dist> as Dist, or "none";
        /// connections per instance
        "pool" pool: Option<u32> as Count, or "unlimited";
        /// longest wait for a connection; needs `pool`
        "pool_timeout" pool_timeout_ns: Option<Nanos> as PositiveDuration, or "none";
        /// longest wait for an answer, per attempt, from sending
        "timeout" timeout_ns: Option<Nanos> as PositiveDuration, or "none";
        /// a timed-out attempt is withdrawn; needs `timeout`
        "cancel_on_timeout" cancel_on_timeout: bool, default false;
        /// a timed-out attempt loses its connection, whose place in the pool is free at once; otherwise it keeps it until the answer has
        /// come. Needs `timeout` and `pool`
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "close_on_timeout" close_on_timeout: bool, default false;
        /// random time to set up a connection, TLS and login included: where one was closed, after an outage, and in a new process; at the
        /// start all are there. Needs `pool`
        #[serde(skip_serializing_if = "Option::is_none")]
        "connect" connect: Option<Dist> as Dist, or "none";
        /// connections of all instances together, as in PostgreSQL: an attempt that would open one more is refused (cause `connections`).
        /// They are opened when they are first needed, not at the start. Needs `pool`
        #[serde(skip_serializing_if = "Option::is_none")]
        "max_connections" max_connections: Option<u32> as Count, or "unlimited";
        /// a write holds the lock of its row from the start of its service to its commit, and one that meets it waits for that in its place at
        /// the database; otherwise the lock is taken with the commit; not with `cancel_on_timeout`
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        "row_lock" row_lock: bool, default false;
        /// an instance remembers for so long that the read of a key has failed, after its last attempt, and fails further reads of it at once
        /// (cause `remembered`); a read that is answered after all ends that
        #[serde(skip_serializing_if = "Option::is_none")]
        "error_ttl" error_ttl_ns: Option<Nanos> as PositiveDuration, or "none";
        /// an answer that comes too late for its caller still fills the cache
        "late_fill" late_fill: bool, default true;
        /// attempts after a failed one: `{ attempts = 3, backoff = "50ms" }`
        "retries" retries: Retries, or "none" => written::<Retries>("{ attempts = 1 }");
        /// `{ sigma = 0.01, kappa = 0.0001 }`: service takes 1 + sigma (n-1) + kappa n (n-1) times as long with n requests in
        /// service (Universal Scalability Law); `{ processors = 4 }`: they share these
        "contention" contention: Option<Contention> as Contention, or "none";
        /// load that no cache touches: `{ rate = 200, service = "5ms" }`
        "background" background: Option<Background> as Background[read.as_ref()], or "none";
        /// `{ count = 2, lag = "100ms", servers = 10 }`: reads go to one of these at random, each with servers of its own, which
        /// sees a commit after `lag`; needs writes
        #[serde(skip_serializing_if = "Option::is_none")]
        "replicas" replicas: Option<Replicas> as Replicas[servers.flatten()], or "none";
        /// circuit breaker per instance: `{ failures = 0.5, open = "5s" }`
        #[serde(skip_serializing_if = "Option::is_none")]
        "breaker" breaker: Option<Breaker> as Breaker, or "none";
        /// adaptive limit of an instance's attempts in flight: `{ aimd = { late = "100ms" } }`
        #[serde(skip_serializing_if = "Option::is_none")]
        "limit" limit: Option<Limit> as Limit, or "none";
        /// `{ after = "50ms", cancel = false }`: a read that is not answered after this time is sent a second time; the first
        /// answer counts
        #[serde(skip_serializing_if = "Option::is_none")]
        "hedge" hedge: Option<Hedge> as Hedge[timeout_ns.flatten()], or "none";
    }
    check |f| {
        set_each_way(f, &mut network, &mut round_trip);
        if let (Some(true), Some(true)) = (row_lock, cancel_on_timeout) {
            let (place, title) = (f.place("row_lock"), "database.row_lock does not apply");
            f.cx.report(
                Diagnostic::new(title, place, "a write that is withdrawn gives its lock back, which is not simulated")
                    .help("set cancel_on_timeout = false"),
            );
        }
        if f.left_out("servers", "unlimited") && queue.flatten().is_some() {
            let (place, title) = (f.place("queue"), "database.queue does not apply");
            f.cx.report(
                Diagnostic::new(title, place, "a database with unlimited servers never queues")
                    .help("set database.servers, or queue = \"unbounded\""),
            );
        }
    }
}

impl Database {
    /// Whether connections are closed and set up while it runs.
    pub fn sets_up_connections(&self) -> bool {
        self.connect.is_some() || self.close_on_timeout || self.max_connections.is_some()
    }

    /// All servers, of replicas too; `None`: unlimited.
    pub fn all_servers(&self) -> Option<u64> {
        let primary = u64::from(self.servers?);
        match &self.replicas {
            Some(replicas) => Some(primary + u64::from(replicas.count) * u64::from(replicas.servers?)),
            None => Some(primary),
        }
    }
}

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Replicas in "replicas" (primary: Option<u32>), such as "{ count = 2, lag = \"100ms\" }" {
        /// number of replicas, at most 64
        "count" count: u32 as Whole32<1, 64>, required "the number of replicas, such as 2";
        /// random time from a commit to its being visible there; the order of the commits is kept
        "lag" lag: Dist, required "the time from a commit to its being visible there, such as \"100ms\"";
        /// requests that each serves at once, or `"unlimited"`
        "servers" servers: Option<u32> as CountOrUnlimited, otherwise "as many as the primary" => Some(primary);
    }
}

options! {
    /// Universal Scalability Law (Gunther): service times are multiplied by
    /// `1 + sigma (n-1) + kappa n (n-1)` with n requests in service, and by `n / processors` where these are fewer.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct Contention in "contention", such as "{ sigma = 0.01, kappa = 0.0001 }" {
        /// contention: the share of the work that is serial
        "sigma" sigma: f64 as AtLeast<0>, default 0;
        /// coherence: cost of each pair of requests in service
        "kappa" kappa: f64 as AtLeast<0>, default 0;
        /// processors that requests in service share: with n of them each takes n / `processors` times as long, if that is more than one
        #[serde(skip_serializing_if = "Option::is_none")]
        "processors" processors: Option<u32> as Count, or "unlimited";
    }
    check |f| { f.refuse_empty(); }
}

options! {
    /// Load that no cache touches.
    #[derive(Clone, Debug, Serialize)]
    pub struct Background in "background" (read: Option<&'a Dist>), such as "{ rate = 200 }" {
        /// requests per second
        "rate" rate_per_s: f64 as Rate, required "requests per second";
        /// random time of service
        "service" service: Dist, otherwise "as `read`" => read.cloned();
    }
}

/// Attempts that a call may make where neither a backoff nor the way to the refusal takes any time.
pub const RETRIES_AT_ONCE: u32 = 100_000;

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Retries in "retries", such as "{ attempts = 3, backoff = \"50ms\" }" {
        /// in all, the first one included; more than 100,000 need a `backoff`, a `budget`, a `breaker` or a `network` delay where the
        /// database may refuse at once
        "attempts" attempts: u32 as Count, required "the number of attempts in all, such as 3";
        /// wait before the second attempt
        "backoff" backoff_ns: Nanos as Duration, default "0s";
        /// each wait is this many times the one before; at least 1
        "factor" factor: f64 as AtLeast<1>, default 2.0;
        /// longest wait
        "max" max_backoff_ns: Nanos as PositiveDuration, or "none" => Some(Nanos::MAX);
        /// share of the wait that is random: 1 is full jitter, U(0, wait)
        "jitter" jitter: f64 as Share, default 0;
        /// limit on all retries together: `{ ratio = 0.1, burst = 10 }`
        #[serde(skip_serializing_if = "Option::is_none")]
        "budget" budget: Option<RetryBudget> as RetryBudget[attempts], or "none";
    }
}
