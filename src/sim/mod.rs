//! One simulation: one thread, a pure function of (model, seed, replication).
//!
//! Three kinds of things are in motion. A *walk* is a request, or a background refresh, on its way down the
//! tiers. A *flight* is one call of the database with its retries; walks wait for it. A *command* is one
//! operation on a shared tier. The database and the tiers know flights and commands, never requests, so late
//! fills, retries and abandoned attempts are stages, not special cases. A hit in an instance tier creates none
//! of these, and expiry is never an event. A read of several keys is a *gather* of as many walks. Where nothing can fail, `plain` does the same with a single small entity.

mod answer;
mod attempt;
pub mod bounds;
mod bytes;
mod chunks;
mod coding;
mod command;
mod crash;
mod database;
mod dirty;
mod engine;
mod events;
mod execute;
mod fetch;
mod gather;
mod guard;
mod heap;
mod hedging;
mod index;
mod instant;
mod invalidation;
mod invariants;
mod leases;
mod limiter;
mod multi_get;
mod nodes;
mod pending;
mod plain;
mod pool;
mod prefill;
mod queue;
mod read;
mod reads;
mod replicas;
mod reply;
mod server;
mod slab;
mod store;
mod tier;
mod tombstones;
mod wheel;
mod worker;
mod write;
mod write_back;

pub use engine::{Control, Engine, Finished, SimError};
pub use instant::{Circle, RETRIES_AT_ONCE};

/// Parts of the engine that benches measure alone; no interface.
#[doc(hidden)]
pub mod parts {
    pub use super::index::SlotIndex;
    pub use super::queue::{GENERAL, Lane, NETWORK, Queue};
    pub use super::store::{Store, Value};
    pub use super::tier::{KeyInfo, TierState};
}
