//! Effects of a write besides the change of the database.

use serde::Serialize;

use super::{Dist, Nanos, is_zero};
use crate::declare::values::{Count, PositiveDuration, Share};
use crate::declare::{choice, keywords, options, unset};

options! {
    /// `[writes]` as a file has it.
    pub(crate) struct Writes in "writes", such as "{ strategy = \"invalidate\" }" {
        /// effect of a write on the caches
        "strategy" strategy: WriteStrategy, default "invalidate";
        /// `"before-commit"`: the caches are changed first, then the transaction runs; not with `write-around` and `write-back`
        "order" order: Order, default "after-commit";
        /// share of the transactions that roll back; not with `write-back`
        "rollback" rollback: f64 as Share, default 0;
        /// a SET older than the entry, or than the tombstone that a DELETE leaves, is refused; not with `"before-commit"`
        "versioned" versioned: bool, default false;
        /// a DELETE leaves the entry as one that has just expired, so that readers get its old value while one of them fetches the new
        /// one: with `refresh` that has a `grace`, a lease with `serve_stale`, or `fail_safe`; other tiers delete as without it
        "mark_stale" mark_stale: bool, default false;
        /// how long a tombstone is remembered; with `versioned`, where something is deleted
        "tombstone_ttl" tombstone_ttl_ns: Nanos as PositiveDuration, default "10s";
    }
    check |f| {
        if versioned == Some(false) && f.given("tombstone_ttl") {
            f.refuse("tombstone_ttl", "only versioned SETs look at tombstones", "set versioned = true");
        }
        f.refuse_empty();
    }
}

impl Writes {
    /// As the model has it.
    pub fn parts(self) -> (WriteStrategy, WriteOptions) {
        let tombstone_ttl_ns = self.versioned.then_some(self.tombstone_ttl_ns);
        let Writes { strategy, order, rollback, mark_stale, .. } = self;
        (strategy, WriteOptions { order, rollback, tombstone_ttl_ns, mark_stale })
    }
}

choice! {
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub enum WriteStrategy in "strategy", such as "\"invalidate\"" {
        /// database, then DELETE in every tier (of other instances' tiers: not), acknowledged after both
        "invalidate" Invalidate;
        /// database only; cached copies live out their time
        "write-around" WriteAround;
        /// database, then SET in every tier (of other instances' tiers: not); acknowledged after the database
        "update" Update;
        /// database, then SET in every tier, acknowledged after both
        "write-through" WriteThrough;
        /// SET in the last shared tier, which acknowledges; a worker brings dirty keys to the database
        "write-back" WriteBack(WriteBack, alone) such as "{ flush_interval = \"5s\", batch = 100 }";
    }
}

options! {
    /// How the worker of write-back works.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct WriteBack in "write_back", such as "{ flush_interval = \"5s\", batch = 100 }" {
        /// the worker wakes at its multiples
        "flush_interval" flush_interval_ns: Nanos as PositiveDuration, default "5s";
        /// most keys of one request at the database
        "batch" batch: u32 as Count, default 100;
        /// `{ per_batch = "10ms", per_key = "100us" }`: time of service of a batch at the database
        #[serde(flatten)]
        "flush_cost" cost: FlushCost, otherwise "as a `write` of the database" => unset::<FlushCost>();
    }
}

options! {
    /// Time of service of a batch at the database.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct FlushCost in "flush_cost", such as "{ per_batch = \"5ms\", per_key = \"100us\" }" {
        /// random time per batch
        "per_batch" per_batch: Option<Dist> as Dist, optional "that of a `write`";
        /// random time that each key adds to it
        "per_key" per_key: Dist, default "0s";
    }
    check |f| { f.refuse_empty(); }
}

/// How writes are done, under every strategy.
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
    /// A DELETE makes an entry expire, where a tier serves what has expired.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mark_stale: bool,
}

impl WriteOptions {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == WriteOptions::default()
    }
}

keywords! {
    /// When the caches are changed.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
    pub enum Order {
        #[default]
        "after-commit" AfterCommit,
        /// First the caches, then the transaction.
        "before-commit" BeforeCommit,
    }
}

impl Order {
    fn is_default(&self) -> bool {
        *self == Order::AfterCommit
    }
}
