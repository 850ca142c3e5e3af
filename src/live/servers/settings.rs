//! The servers that a run asks for.

use super::Problem;
use crate::model::{Capacity, Eviction, Model, Scope};

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

/// Connections on top of the clients' own: probes, events, cleaning up.
pub(super) const SPARE_CONNECTIONS: u32 = 16;
/// Memory of Redis 7 right after its start, of what it takes on top of that for its clients and tables, and of a connection that carries
/// commands now and then, as measured in docs/eviction.md.
const STARTUP_BYTES: u64 = 876_000;
const BESIDES_BYTES: u64 = 100_000;
const CONNECTION_BYTES: u64 = 23_000;

/// `maxmemory` for so much memory for keys, beside what the server and its clients take.
pub fn maxmemory_beside(capacity_bytes: u64, startup_bytes: u64, clients_bytes: u64) -> u64 {
    capacity_bytes.saturating_add(startup_bytes + BESIDES_BYTES + clients_bytes)
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

impl Default for RedisSettings {
    /// No limit, and the defaults of Redis.
    fn default() -> RedisSettings {
        RedisSettings { capacity_bytes: None, policy: "noeviction", samples: 5, hz: 10, effort: 1 }
    }
}

impl RedisSettings {
    /// Those of the shared tier of a model; the defaults of Redis where there is none.
    ///
    /// # Errors
    /// A capacity or an eviction that Redis does not have.
    pub fn of(model: &Model) -> Result<RedisSettings, Problem> {
        let defaults = RedisSettings::default();
        let Some(tier) = model.tiers.iter().find(|tier| matches!(tier.scope, Scope::Shared(_))) else {
            return Ok(defaults);
        };
        let name = &tier.name;
        let capacity_bytes = match tier.capacity {
            Capacity::Unbounded => None,
            Capacity::Bytes(bytes) => Some(bytes),
            Capacity::Entries(_) => {
                return Err(Problem::usage(format!(
                    "tier.{name}.capacity: Redis counts memory, not entries; write for example \"64MB\""
                )));
            }
        };
        let cycle = tier.redis.as_ref().and_then(|redis| redis.active_expiry);
        let policy = match (&tier.redis, capacity_bytes, tier.eviction) {
            (_, None, _) => defaults.policy,
            (Some(redis), Some(_), _) => redis.eviction.name(),
            (None, Some(_), Eviction::Lru) => "allkeys-lru",
            (None, Some(_), Eviction::Lfu) => "allkeys-lfu",
            (None, Some(_), Eviction::Random) => "allkeys-random",
            (None, Some(_), _) => {
                return Err(Problem::usage(format!(
                    "tier.{name}.eviction: Redis has no such eviction; use one of its own, such as \"allkeys-lru\""
                )));
            }
        };
        Ok(RedisSettings {
            capacity_bytes,
            policy,
            samples: tier.redis.as_ref().map_or(defaults.samples, |redis| redis.samples),
            hz: cycle.map_or(defaults.hz, |cycle| cycle.hz),
            effort: cycle.map_or(defaults.effort, |cycle| cycle.effort),
        })
    }

    /// `maxmemory`, 0 for none: the capacity, an empty server, and the connections.
    pub fn maxmemory_bytes(&self, connections: u32) -> u64 {
        let clients_bytes = CONNECTION_BYTES * u64::from(connections);
        self.capacity_bytes.map_or(0, |capacity| maxmemory_beside(capacity, STARTUP_BYTES, clients_bytes))
    }
}
