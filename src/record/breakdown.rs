//! Where the time of a variant's requests goes (`herdlab run --why`).

use serde::{Deserialize, Serialize};

/// All replications of a variant together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BreakdownRecord {
    /// `all`, then the outcomes that occur (`hit`, `miss`, ...).
    pub outcomes: Vec<OutcomeBreakdown>,
    /// The slowest requests, the slowest first.
    pub slowest: Vec<SlowRequestRecord>,
}

/// The requests that ended so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutcomeBreakdown {
    pub outcome: String,
    /// At `p50`, at `p99` and in the `mean`.
    pub at: Vec<LatencySplit>,
}

/// The latency of some requests, by part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LatencySplit {
    /// `p50`: requests whose latency is about the nearest-rank quantile of all replications together; `mean`: all.
    pub at: String,
    /// So many requests.
    pub requests: u64,
    /// Sum of their latencies, which is that of their parts.
    pub latency_ns: u64,
    /// (part, sum), in the order of a request's way; without those that took no time.
    pub parts_ns: Vec<(String, u64)>,
}

impl LatencySplit {
    /// Mean latency, in milliseconds.
    pub fn latency_ms(&self) -> f64 {
        self.mean_ms(self.latency_ns)
    }

    /// Mean time of a part, in milliseconds.
    pub fn part_ms(&self, part: &str) -> f64 {
        self.mean_ms(self.parts_ns.iter().find(|(name, _)| name == part).map_or(0, |(_, sum_ns)| *sum_ns))
    }

    fn mean_ms(&self, sum_ns: u64) -> f64 {
        sum_ns as f64 / 1e6 / self.requests.max(1) as f64
    }
}

/// A request and its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlowRequestRecord {
    pub replication: u32,
    /// When it arrived.
    pub start_ns: u64,
    pub latency_ns: u64,
    /// Number of the key; of a read of several keys, of the one that came last.
    pub key: u32,
    pub class: String,
    pub instance: u32,
    pub outcome: String,
    /// Why it failed (`deadline`, `db_timeout`, ...); absent: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    pub steps: Vec<StepRecord>,
    /// Of a long way, steps that are not listed: they lie between the first forty and the others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// A stage of the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    pub part: String,
    /// The tier that the part belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Since the arrival of the request.
    pub from_ns: u64,
    pub to_ns: u64,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
