//! What a write does besides changing the database.

use serde::Serialize;

use super::{Dist, Nanos, is_zero};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum WriteStrategy {
    /// Database, then DELETE in every tier (of other instances' tiers: not).
    Invalidate,
    /// Database only; cached copies live out their time.
    WriteAround,
    /// Database, then SET in every tier (of other instances' tiers: not); acknowledged after the database.
    Update,
    /// The same, acknowledged after both.
    WriteThrough,
    /// SET in the last shared tier, which acknowledges; a worker brings what is dirty there to the database.
    WriteBack(WriteBack),
}

/// How the worker of write-back works.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WriteBack {
    /// From one round of the worker to the next.
    pub flush_interval_ns: Nanos,
    /// Most keys of one batch, which is one request at the database.
    pub batch: u32,
    /// Service time of the database per batch; `None`: that of one write.
    pub per_batch: Option<Dist>,
    /// Added to it for each key of the batch.
    pub per_key: Dist,
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
