//! SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is Simpler than LRU, NSDI 2024).

use super::evict::{Evict, Room};
use super::list::{List, NONE};
use super::slots::Slots;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Sieve {
    queue: List,
    visited: Slots<bool>,
    /// Where the next search begins; [`NONE`]: at the oldest.
    hand: u32,
}

impl Evict for Sieve {
    fn new(_: Room, _: Stream) -> Sieve {
        Sieve { queue: List::new(), visited: Slots::new(), hand: NONE }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.queue.push_newest(0, slot);
        self.visited.set(slot, false);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.visited[slot] = true;
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        if slot == self.hand {
            self.hand = self.queue.newer(slot);
        }
        self.queue.remove(0, slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let mut slot = if self.hand == NONE { self.queue.oldest(0) } else { self.hand };
        while self.visited[slot] {
            self.visited[slot] = false;
            slot = self.queue.newer(slot);
            if slot == NONE {
                slot = self.queue.oldest(0);
            }
        }
        self.hand = self.queue.newer(slot);
        self.queue.remove(0, slot);
        slot
    }
}
