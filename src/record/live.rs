//! The marks of a record that was measured on real servers.

use serde::{Deserialize, Serialize};

/// Where the figures of a record were measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LiveRecord {
    /// Version of Redis; absent where no tier is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<String>,
    /// Version of PostgreSQL.
    pub postgres: String,
    /// The servers were started for this run.
    pub own_servers: bool,
    /// Queries took their own time, not that of the scenario.
    pub plain_queries: bool,
    /// By repetition, variant after variant: 99th percentile of the time from the intended to the actual start of a request.
    pub lateness_p99_ms: Vec<f64>,
    /// The same: median time of a query without a sleep, reads and writes (0: there are none).
    pub query_ms: Vec<[f64; 2]>,
    /// What a reader has to know: durability of the servers, times of the model that the servers have of their own, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl LiveRecord {
    /// `Redis 7.0.15 and PostgreSQL 15.8 of its own`.
    pub fn servers(&self) -> String {
        let redis = self.redis.as_ref().map_or(String::new(), |version| format!("Redis {version} and "));
        let whose = if self.own_servers { "started for the run" } else { "given" };
        format!("{redis}PostgreSQL {}, {whose}", self.postgres)
    }
}
