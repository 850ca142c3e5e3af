//! The servers that a run asks for.

use super::Problem;
use crate::model::Model;

/// Private servers.
#[derive(Clone, Debug)]
pub struct Spawn {
    pub redis: RedisSettings,
    pub connections: Connections,
    /// Whether a commit waits for the disk; without it a note goes into the report.
    pub fsync: bool,
}

/// Servers that run already.
#[derive(Clone, Debug)]
pub struct Given {
    /// `redis://user:password@host:port/db`
    pub redis_url: String,
    /// `postgres://user:password@host:port/database`
    pub postgres_url: String,
    /// The beginning of all keys and of the name of the schema; a random part is added.
    pub prefix: String,
    /// Also servers beyond loopback.
    pub allow_remote: bool,
    pub redis: RedisSettings,
    pub connections: Connections,
}

/// Connections that the clients open at most, without those of probes and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    pub redis: u32,
    pub postgres: u32,
}

/// The settings of Redis that a scenario states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisSettings {
    /// Memory for keys, that of an empty server and of connections not counted; `None`: no limit.
    pub capacity_bytes: Option<u64>,
    /// `maxmemory-policy`.
    pub policy: &'static str,
    /// `maxmemory-samples`.
    pub samples: u32,
    pub hz: u32,
    /// `active-expire-effort`.
    pub effort: u32,
}

impl RedisSettings {
    /// Those of the shared tier of a model; the defaults of Redis where there is none.
    ///
    /// # Errors
    /// A capacity or an eviction that Redis does not have.
    pub fn of(model: &Model) -> Result<RedisSettings, Problem> {
        let _ = model;
        todo!()
    }
}
