//! What a write does besides changing the database.

use serde::Serialize;

use super::{Nanos, is_zero};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WriteStrategy {
    /// Database, then DELETE in every tier (of other instances' tiers: not).
    Invalidate,
    /// Database only; cached copies live out their time.
    WriteAround,
    /// Database, then SET in every tier (of other instances' tiers: not); acknowledged after the database.
    Update,
    /// The same, acknowledged after both.
    WriteThrough,
}

/// How writes are done, whatever the strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WriteOptions {
    #[serde(skip_serializing_if = "Order::is_default")]
    pub order: Order,
    /// Probability that the transaction rolls back.
    #[serde(skip_serializing_if = "is_zero")]
    pub rollback: f64,
    /// SETs are versioned: one that is older than the entry, or than the tombstone that a DELETE leaves for this time,
    /// is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstone_ttl_ns: Option<Nanos>,
}

impl WriteOptions {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == WriteOptions::default()
    }
}

/// When the caches are changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Order {
    #[default]
    AfterCommit,
    /// First the caches, then the transaction.
    BeforeCommit,
}

impl Order {
    fn is_default(&self) -> bool {
        *self == Order::AfterCommit
    }
}
