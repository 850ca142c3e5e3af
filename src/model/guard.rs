//! What callers put in front of a dependency to protect it, or themselves.

use serde::Serialize;

use super::Nanos;

/// A circuit breaker (Nygard, Release It!, 2007), one per instance: where too many calls of a sliding window fail it
/// lets none through for a while, then a few to find out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breaker {
    /// It opens at this share of failed calls,
    pub failures: f64,
    /// of those that ended within this time,
    pub window_ns: Nanos,
    /// if there were at least so many.
    pub minimum: u32,
    /// How long it stays open.
    pub open_ns: Nanos,
    /// Calls it lets through afterwards; they decide.
    pub probes: u32,
}

/// A token bucket per instance (as in Finagle's `RetryBudget` and gRPC's retry throttling): every call puts `ratio`
/// tokens in, a retry takes one out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RetryBudget {
    pub ratio: f64,
    /// Most tokens, and those there at the start.
    pub burst: f64,
}

/// A second attempt for a read that is not answered in time; the first answer counts (Dean, Barroso: The Tail at
/// Scale, CACM 2013).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hedge {
    #[serde(flatten)]
    pub after: HedgeAfter,
    /// Whether the loser is withdrawn.
    pub cancel: bool,
}

/// From the beginning of the first attempt, its wait for a connection included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum HedgeAfter {
    #[serde(rename = "after_ns")]
    Time(Nanos),
    /// Of what first attempts of the instance have taken lately.
    #[serde(rename = "after_percentile")]
    Percentile(f64),
}

/// How many attempts an instance may have under way at once; more are refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Limit {
    /// Additive increase, multiplicative decrease, as in Netflix's concurrency-limits (`AIMDLimit`): an answer in
    /// time adds one where at least half of the limit was in use; one that comes late, or not at all, multiplies the
    /// limit by `backoff`.
    Aimd {
        initial: u32,
        min: u32,
        max: u32,
        backoff: f64,
        /// What takes longer is late.
        late_ns: Nanos,
    },
}
