//! Write-back: a shared tier takes the writes, and a worker brings them to the database.
//!
//! A write is a SET that the tier acknowledges; from then on its key is *dirty*, until the worker (`worker`) takes it in
//! hand. What is dirty goes with its entry; what is in hand does not. No fill replaces an entry that the database has
//! not confirmed.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::dirty::{Dirty, DirtySet};
use crate::model::{Model, Nanos, Scope};

/// The tier that is ahead of the database, and its worker.
pub struct AheadTier {
    pub level: usize,
    pub interval_ns: Nanos,
    pub batch: usize,
    /// One per node.
    pub dirty: Vec<DirtySet>,
    pub worker: Worker,
    /// Its next waking is in the queue of events.
    pub is_due: bool,
    /// The share of this round: at each node the dirty keys with tickets below these, the nodes in their order.
    pub bounds: Vec<u64>,
    pub node: usize,
    pub hand: Vec<(u32, Dirty)>,
    /// Versions in hand by key.
    pub held: FxHashMap<u32, u32>,
    pub unflushed: Unflushed,
    pub books: Books,
}

/// Keys whose newest value the database has not confirmed. A key may have several copies: in hand and written again
/// meanwhile, or on a node that left the map and came back.
#[derive(Debug, Default)]
pub struct Unflushed {
    copies: FxHashMap<u32, u32>,
}

impl Unflushed {
    /// A copy more.
    pub fn add(&mut self, key: u32) {
        *self.copies.entry(key).or_insert(0) += 1;
    }

    /// A copy less.
    pub fn remove(&mut self, key: u32) {
        if let Entry::Occupied(mut copies) = self.copies.entry(key) {
            *copies.get_mut() -= 1;
            if *copies.get() == 0 {
                copies.remove();
            }
        }
    }

    /// How many keys.
    pub fn keys(&self) -> u64 {
        self.copies.len() as u64
    }

    pub fn copies(&self) -> usize {
        self.copies.values().sum::<u32>() as usize
    }
}

/// Writes by their outcome.
#[derive(Clone, Copy, Debug, Default)]
pub struct Books {
    pub taken: u64,
    pub flushed: u64,
    pub lost: u64,
    /// A newer one went to the database past the tier.
    pub overtaken: u64,
}

impl AheadTier {
    pub fn of(model: &Model) -> Option<Box<AheadTier>> {
        let (level, write_back) = model.write_back()?;
        let nodes = match &model.tiers[level].scope {
            Scope::Shared(shared) => shared.nodes as usize,
            Scope::Instance { .. } => return None,
        };
        Some(Box::new(AheadTier {
            level,
            interval_ns: write_back.flush_interval_ns,
            batch: write_back.batch as usize,
            dirty: (0..nodes).map(|_| DirtySet::default()).collect(),
            worker: Worker::Sleeps,
            is_due: false,
            bounds: vec![0; nodes],
            node: 0,
            hand: Vec::new(),
            held: FxHashMap::default(),
            unflushed: Unflushed::default(),
            books: Books::default(),
        }))
    }

    /// Whether everything is in the database.
    pub fn is_idle(&self) -> bool {
        self.worker == Worker::Sleeps && self.dirty.iter().all(DirtySet::is_empty)
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        let in_hand = self.hand.iter().map(|(_, dirty)| dirty.version);
        self.dirty.iter().flat_map(DirtySet::versions).chain(in_hand)
    }
}

/// State of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    Sleeps,
    /// A batch is under way; `overdue`: it should have woken meanwhile.
    Sends {
        overdue: bool,
    },
    /// The database did not take the batch in hand: it waits for its next waking.
    Holds,
}
