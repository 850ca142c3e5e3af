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

#[cfg(test)]
mod tests {
    use crate::scenario::estimate::{
        BACKGROUND_WAITING_BYTES, NOTICE_BYTES, PLAIN_WAITING_BYTES, WAITING_AT_DATABASE_BYTES,
        WAITING_AT_TIER_BYTES,
    };

    /// With a generation and a free place for each slot of a slab, and two words of a ring that has grown to twice its content.
    #[test]
    fn the_estimate_knows_what_entities_take() {
        let slot = |bytes: usize| bytes as f64 + 8.0;
        let ring = 16.0;
        let walk = slot(size_of::<super::read::Walk>());
        let flight = slot(size_of::<super::fetch::Flight>());
        let attempt = slot(size_of::<super::fetch::Attempt>());
        let command = slot(size_of::<super::command::Command>());
        let notice = slot(size_of::<super::invalidation::Notice>());
        let event = size_of::<super::pending::Pending>() as f64;
        for (what, expected, found) in [
            (
                "a request that waits for the database",
                WAITING_AT_DATABASE_BYTES,
                walk + flight + attempt + ring,
            ),
            ("a read of the plain loop", PLAIN_WAITING_BYTES, size_of::<super::reads::Read>() as f64 + ring),
            ("the background load", BACKGROUND_WAITING_BYTES, attempt + ring),
            ("a command that waits", WAITING_AT_TIER_BYTES, walk + command + event),
            ("a notice", NOTICE_BYTES, notice + 1.5 * event),
        ] {
            assert!((expected - found).abs() < 0.05 * found, "{what}: {found} bytes, {expected} are assumed");
        }
    }
}
