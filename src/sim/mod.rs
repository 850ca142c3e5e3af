//! One simulation: one thread, a pure function of (model, seed, replication).
//!
//! From the bottom up: `slab` numbers short-lived entities; `queue` holds the events that wait for their time; `store` the
//! entries of one cache; `parts` are the things that the engine is put together from (a tier, the database, a pool, a
//! breaker, and the records of what is in flight), none of which depends on the engine; `engine` has the loop and one file for
//! each stage of a request's way. docs/model.md has the meaning, ARCHITECTURE.md follows one read through it.

pub mod bounds;
mod control;
mod engine;
mod parts;
mod queue;
mod slab;
mod store;

pub use control::{Circle, Control, SimError};
pub use engine::{Engine, Finished};

/// Parts that real clients share with simulated ones.
#[cfg(feature = "live")]
pub(crate) mod shared_parts {
    pub use super::engine::prefill::{Filled, entries};
    pub use super::parts::guard::Budget;
    pub use super::parts::key::KeyInfo;
    pub use super::parts::reading::filled;
    pub use super::parts::tier::{Look, TierState};
    pub use super::queue::Queue;
    pub use super::store::{Entry, Value};
}

/// Parts of the engine that benches measure alone; no interface.
#[doc(hidden)]
pub mod bench_parts {
    pub use super::parts::key::KeyInfo;
    pub use super::parts::system::Usual;
    pub use super::parts::tier::{Look, TierState};
    pub use super::queue::{GENERAL, Lane, NETWORK, Queue};
    pub use super::store::index::SlotIndex;
    pub use super::store::{Store, Value};
}

#[cfg(test)]
mod tests {
    use super::parts::{attempt::Attempt, command::Command, journey, stream::Notice};
    use super::queue::PENDING_BYTES;
    use crate::scenario::estimate::{
        BACKGROUND_WAITING_BYTES, NOTICE_BYTES, PLAIN_WAITING_BYTES, WAITING_AT_DATABASE_BYTES,
        WAITING_AT_TIER_BYTES,
    };

    /// With a generation and a link for each slot of a slab, in whole cache lines, and two words of a ring that has grown to twice its content.
    #[test]
    fn the_estimate_knows_what_entities_take() {
        let slot = |bytes: usize| (bytes + 8).next_multiple_of(64) as f64;
        let ring = 16.0;
        let journey = slot(size_of::<journey::Journey>());
        let columns =
            (size_of::<journey::Extras>() + size_of::<journey::Left>() + size_of::<journey::Lead>()) as f64;
        let attempt = slot(size_of::<Attempt>());
        let command = slot(size_of::<Command>());
        let notice = slot(size_of::<Notice>());
        let event = PENDING_BYTES as f64;
        for (what, expected, found) in [
            (
                "a request with all columns that waits for the database",
                WAITING_AT_DATABASE_BYTES,
                journey + columns + attempt + ring,
            ),
            ("a request of a plain system", PLAIN_WAITING_BYTES, journey + ring),
            ("the background load", BACKGROUND_WAITING_BYTES, journey + attempt + ring),
            ("a command that waits", WAITING_AT_TIER_BYTES, journey + command + event),
            ("a notice", NOTICE_BYTES, notice + 1.5 * event),
        ] {
            assert!((expected - found).abs() < 0.05 * found, "{what}: {found} bytes, {expected} are assumed");
        }
    }
}
