//! Greedy Dual Size Frequency (Cherkasova: Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy,
//! HP Laboratories 98-69R1, 1998) with a cost of 1 for every entry, which is for the hit ratio of requests: an entry's priority is
//! the clock of its last use plus its uses by its bytes, the lowest goes, and the clock takes its priority over. Of equals the one
//! goes whose last use is longest ago.

use super::evict::{Evict, Room};
use super::slots::Slots;
use crate::dice::Stream;

/// An entry in the heap.
#[derive(Clone, Copy, Debug)]
struct Entry {
    priority: f64,
    /// Number of the last use among all uses.
    used: u64,
    slot: u32,
}

impl Entry {
    #[inline]
    fn goes_before(&self, other: &Entry) -> bool {
        (self.priority, self.used) < (other.priority, other.used)
    }
}

/// Of one slot.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// In the heap.
    place: u32,
    uses: u32,
    /// 0: never given, which counts as 1.
    bytes: u64,
}

/// Children of a place of the heap; four of them lie in two cache lines.
const CHILDREN: usize = 4;

#[derive(Debug)]
pub struct Gdsf {
    /// The next victim first.
    heap: Vec<Entry>,
    nodes: Slots<Node>,
    /// Priority of the last victim.
    clock: f64,
    used: u64,
}

impl Evict for Gdsf {
    fn new(_: Room, _: Stream) -> Gdsf {
        Gdsf { heap: Vec::new(), nodes: Slots::new(), clock: 0.0, used: 0 }
    }
    #[inline]
    fn weigh(&mut self, slot: u32, bytes: u64) {
        self.nodes.set(slot, Node { bytes, ..Node::default() });
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        let bytes = self.nodes.get(slot).bytes;
        self.nodes.set(slot, Node { place: self.heap.len() as u32, uses: 1, bytes });
        let entry = self.entry(slot);
        self.heap.push(entry);
        self.rise(self.heap.len() - 1);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let node = &mut self.nodes[slot];
        node.uses = node.uses.saturating_add(1);
        let place = node.place as usize;
        self.heap[place] = self.entry(slot);
        // The clock never goes back, so neither does a priority.
        self.sink(place);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        let at = self.nodes[slot].place as usize;
        self.heap.swap_remove(at);
        if let Some(moved) = self.heap.get(at) {
            let slot = moved.slot;
            self.sink(at);
            // What sank has nothing above it that goes later.
            if self.heap[at].slot == slot {
                self.rise(at);
            }
        }
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let Entry { priority, slot, .. } = self.heap[0];
        self.clock = priority;
        self.remove(slot);
        slot
    }
}

impl Gdsf {
    /// An entry that is used now.
    #[inline]
    fn entry(&mut self, slot: u32) -> Entry {
        self.used += 1;
        let Node { uses, bytes, .. } = self.nodes[slot];
        Entry { priority: self.clock + f64::from(uses) / bytes.max(1) as f64, used: self.used, slot }
    }

    /// Moves an entry up to its place, and those above it down.
    #[inline]
    fn rise(&mut self, mut at: usize) {
        let entry = self.heap[at];
        while at > 0 {
            let above = (at - 1) / CHILDREN;
            if !entry.goes_before(&self.heap[above]) {
                break;
            }
            self.put(at, self.heap[above]);
            at = above;
        }
        self.put(at, entry);
    }

    /// Moves an entry down to its place, and those below it up.
    #[inline]
    fn sink(&mut self, mut at: usize) {
        let entry = self.heap[at];
        loop {
            let from = CHILDREN * at + 1;
            let children = from..(from + CHILDREN).min(self.heap.len());
            let before = |best: usize, other: usize| match self.heap[other].goes_before(&self.heap[best]) {
                true => other,
                false => best,
            };
            let Some(first) = children.reduce(before) else { break };
            if !self.heap[first].goes_before(&entry) {
                break;
            }
            self.put(at, self.heap[first]);
            at = first;
        }
        self.put(at, entry);
    }

    #[inline]
    fn put(&mut self, at: usize, entry: Entry) {
        self.heap[at] = entry;
        self.nodes[entry.slot].place = at as u32;
    }
}
