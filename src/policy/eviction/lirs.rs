//! LIRS (Jiang, Zhang: LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy, SIGMETRICS 2002): entries with a
//! low inter-reference recency (LIR) fill 99 % of the capacity; the others (HIR) pass through a queue of the remaining 1 %, and
//! one becomes LIR where it is requested again before the LIR entry whose last use is longest ago.
//!
//! The stack keeps twice as many keys without an entry as there are entries; the paper leaves them unlimited.

use rustc_hash::FxHashMap;

use super::evict::{Evict, Room};
use super::list::{List, Lists, NONE};
use super::slots::Slots;
use crate::dice::Stream;

/// Queue of the HIR entries.
const ENTRIES: usize = 0;
/// Keys of the stack that have lost their entry, in the order in which they did.
const GHOSTS: usize = 1;
/// Keys without an entry, by entries.
const GHOSTS_PER_ENTRY: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Node {
    key: u32,
    /// [`NONE`] where the key has no entry.
    slot: u32,
    is_lir: bool,
    in_stack: bool,
}

#[derive(Debug)]
pub struct Lirs {
    room: Room,
    nodes: Vec<Node>,
    free: Vec<u32>,
    /// By recency of the last use. Its oldest node is LIR.
    stack: List,
    queues: Lists<2>,
    /// Nodes in [`LIR`](Node::is_lir) state.
    lirs: u32,
    node_of: Slots<u32>,
    ghosts: FxHashMap<u32, u32>,
    /// Whether the key to come was in the stack.
    known: bool,
}

impl Evict for Lirs {
    fn new(room: Room, _: Stream) -> Lirs {
        Lirs {
            room,
            nodes: Vec::new(),
            free: Vec::new(),
            stack: List::new(),
            queues: Lists::new(),
            lirs: 0,
            node_of: Slots::new(),
            ghosts: FxHashMap::default(),
            known: false,
        }
    }
    #[inline]
    fn prepare(&mut self, key: u32) {
        let ghost = self.ghosts.get(&key).copied();
        self.known = ghost.is_some();
        if let Some(node) = ghost {
            self.stack.remove(0, node);
            self.forget(node);
        }
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        let is_lir = self.known || self.lirs < self.lirs_max();
        let node = self.node(Node { key, slot, is_lir, in_stack: true });
        self.node_of.set(slot, node);
        self.stack.push_newest(0, node);
        if is_lir {
            self.lirs += 1;
            self.demote();
        } else {
            self.queues.push_newest(ENTRIES, node);
            self.prune();
        }
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let node = self.node_of[slot];
        let Node { is_lir, in_stack, .. } = self.nodes[node as usize];
        if in_stack {
            self.stack.move_to_newest(0, node);
        } else {
            self.stack.push_newest(0, node);
            self.nodes[node as usize].in_stack = true;
        }
        match (is_lir, in_stack) {
            (true, _) => self.prune(),
            (false, true) => {
                self.queues.remove(ENTRIES, node);
                self.nodes[node as usize].is_lir = true;
                self.lirs += 1;
                self.demote();
            }
            (false, false) => {
                self.queues.move_to_newest(ENTRIES, node);
                self.prune();
            }
        }
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        let node = self.node_of[slot];
        let Node { is_lir, in_stack, .. } = self.nodes[node as usize];
        if in_stack {
            self.stack.remove(0, node);
        }
        if is_lir {
            self.lirs -= 1;
        } else {
            self.queues.remove(ENTRIES, node);
        }
        self.free.push(node);
        self.prune();
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let entries = self.room.at_eviction(self.lirs + self.queues.len(ENTRIES));
        self.demote();
        let mut node = self.queues.oldest(ENTRIES);
        if node == NONE {
            // Every entry is LIR: some of the others have expired.
            self.demote_oldest();
            node = self.queues.oldest(ENTRIES);
        }
        self.queues.remove(ENTRIES, node);
        let Node { key, slot, in_stack, .. } = self.nodes[node as usize];
        if in_stack {
            self.nodes[node as usize].slot = NONE;
            self.queues.push_newest(GHOSTS, node);
            self.ghosts.insert(key, node);
            while self.queues.len(GHOSTS) > entries.saturating_mul(GHOSTS_PER_ENTRY) {
                let oldest = self.queues.oldest(GHOSTS);
                self.stack.remove(0, oldest);
                self.forget(oldest);
            }
        } else {
            self.free.push(node);
        }
        slot
    }
}

impl Lirs {
    /// Entries that may be LIR: all but 1 %, and all but one at least.
    #[inline]
    fn lirs_max(&self) -> u32 {
        self.room.entries() - self.room.share(1, 100)
    }

    #[inline]
    fn node(&mut self, node: Node) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.nodes[place as usize] = node;
                place
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }

    /// Forgets a key without an entry that is in the stack no more.
    #[inline]
    fn forget(&mut self, node: u32) {
        self.ghosts.remove(&self.nodes[node as usize].key);
        self.queues.remove(GHOSTS, node);
        self.free.push(node);
    }

    /// Makes LIR entries HIR while there are too many.
    #[inline]
    fn demote(&mut self) {
        while self.lirs > self.lirs_max() {
            self.demote_oldest();
        }
        self.prune();
    }

    #[inline]
    fn demote_oldest(&mut self) {
        self.prune();
        let oldest = self.stack.oldest(0);
        debug_assert!(self.nodes[oldest as usize].is_lir);
        self.stack.remove(0, oldest);
        let node = &mut self.nodes[oldest as usize];
        (node.is_lir, node.in_stack) = (false, false);
        self.lirs -= 1;
        self.queues.push_newest(ENTRIES, oldest);
        self.prune();
    }

    /// Takes what is older than every LIR entry off the stack: its next use would not be recent.
    #[inline]
    fn prune(&mut self) {
        loop {
            let oldest = self.stack.oldest(0);
            if oldest == NONE || self.nodes[oldest as usize].is_lir {
                return;
            }
            self.stack.remove(0, oldest);
            if self.nodes[oldest as usize].slot == NONE {
                self.forget(oldest);
            } else {
                self.nodes[oldest as usize].in_stack = false;
            }
        }
    }
}
