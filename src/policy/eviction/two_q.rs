//! 2Q, full version (Johnson, Shasha: 2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm,
//! VLDB 1994), with the paper's sizes: Kin is a quarter, Kout half of the capacity.

use super::evict::{Evict, Room};
use super::ghost::Ghosts;
use super::list::Lists;
use super::slots::Slots;
use crate::dice::Stream;

/// Seen once, first in first out.
const IN: usize = 0;
/// Seen again after it had left `IN`: least recently used.
const MAIN: usize = 1;

#[derive(Debug)]
pub struct TwoQ {
    room: Room,
    queues: Lists<2>,
    /// Key and queue per slot.
    slots: Slots<(u32, u8)>,
    /// Keys that left `IN`.
    out: Ghosts<1>,
    /// Whether the key to come was in `out`.
    known: bool,
}

impl Evict for TwoQ {
    fn new(room: Room, _: Stream) -> TwoQ {
        let (queues, slots, out) = (Lists::new(), Slots::new(), Ghosts::new(room));
        TwoQ { room, queues, slots, out, known: false }
    }
    #[inline]
    fn prepare(&mut self, key: u32) {
        self.known = self.out.take(key).is_some();
    }
    #[inline]
    fn read_ahead(&self, key: u32) {
        self.out.read_ahead(key);
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        let queue = if self.known { MAIN } else { IN };
        self.slots.set(slot, (key, queue as u8));
        self.queues.push_newest(queue, slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        if usize::from(self.slots[slot].1) == MAIN {
            self.queues.move_to_newest(MAIN, slot);
        }
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queues.remove(usize::from(self.slots[slot].1), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let entries = self.room.at_eviction(self.queues.total());
        let from_in = self.queues.len(IN) > (entries / 4).max(1) || self.queues.len(MAIN) == 0;
        let queue = if from_in { IN } else { MAIN };
        let slot = self.queues.oldest(queue);
        self.queues.remove(queue, slot);
        if from_in {
            self.out.push(0, self.slots[slot].0);
            self.out.trim(0, (entries / 2).max(1));
        }
        slot
    }
}
