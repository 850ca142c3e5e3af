//! Greedy Dual Size Frequency (Cherkasova: Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy,
//! HP Laboratories 98-69R1, 1998) with a cost of 1 for every entry, which is for the hit ratio of requests: an entry's priority is
//! the clock of its last use plus its uses by its bytes, the lowest goes, and the clock takes its priority over. Of equals the one
//! goes whose last use is longest ago.

use super::evict::{Evict, Room};
use super::slots::Slots;
use crate::dice::Stream;

/// Of one entry.
#[derive(Clone, Copy, Debug, Default)]
struct Rank {
    priority: f64,
    /// Number of the last use among all uses.
    used: u64,
}

impl Rank {
    #[inline]
    fn goes_before(self, other: Rank) -> bool {
        (self.priority, self.used) < (other.priority, other.used)
    }
}

#[derive(Debug)]
pub struct Gdsf {
    /// A binary heap of slots, the next victim first.
    heap: Vec<u32>,
    /// By slot: its place in the heap.
    place: Slots<u32>,
    ranks: Slots<Rank>,
    uses: Slots<u32>,
    /// By slot; 0: never given, which counts as 1.
    bytes: Slots<u64>,
    /// Priority of the last victim.
    clock: f64,
    used: u64,
}

impl Evict for Gdsf {
    fn new(_: Room, _: Stream) -> Gdsf {
        Gdsf {
            heap: Vec::new(),
            place: Slots::new(),
            ranks: Slots::new(),
            uses: Slots::new(),
            bytes: Slots::new(),
            clock: 0.0,
            used: 0,
        }
    }
    #[inline]
    fn weigh(&mut self, slot: u32, bytes: u64) {
        self.bytes.set(slot, bytes);
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.uses.set(slot, 1);
        let rank = self.rank(slot);
        self.ranks.set(slot, rank);
        self.place.set(slot, self.heap.len() as u32);
        self.heap.push(slot);
        self.rise(self.heap.len() - 1);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.uses[slot] = self.uses[slot].saturating_add(1);
        let rank = self.rank(slot);
        self.ranks[slot] = rank;
        // The clock never goes back, so neither does a priority.
        self.sink(self.place[slot] as usize);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        let at = self.place[slot] as usize;
        self.heap.swap_remove(at);
        if let Some(&moved) = self.heap.get(at) {
            self.place[moved] = at as u32;
            self.sink(at);
            self.rise(self.place[moved] as usize);
        }
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.heap[0];
        self.clock = self.ranks[slot].priority;
        self.remove(slot);
        slot
    }
}

impl Gdsf {
    /// The rank of an entry that is used now.
    #[inline]
    fn rank(&mut self, slot: u32) -> Rank {
        self.used += 1;
        let bytes = self.bytes.get(slot).max(1) as f64;
        Rank { priority: self.clock + f64::from(self.uses[slot]) / bytes, used: self.used }
    }

    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let above = (at - 1) / 2;
            if !self.goes_before(at, above) {
                break;
            }
            self.swap(at, above);
            at = above;
        }
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= self.heap.len() {
                break;
            }
            let first = if right < self.heap.len() && self.goes_before(right, left) { right } else { left };
            if !self.goes_before(first, at) {
                break;
            }
            self.swap(first, at);
            at = first;
        }
    }

    #[inline]
    fn goes_before(&self, at: usize, other: usize) -> bool {
        self.ranks[self.heap[at]].goes_before(self.ranks[self.heap[other]])
    }

    #[inline]
    fn swap(&mut self, at: usize, other: usize) {
        self.heap.swap(at, other);
        let (slot, second) = (self.heap[at], self.heap[other]);
        self.place[slot] = at as u32;
        self.place[second] = other as u32;
    }
}
