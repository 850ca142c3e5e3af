//! SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is Simpler than LRU, NSDI 2024).

use super::Evict;
use super::list::{List, NONE};
use crate::dice::Stream;

#[derive(Debug)]
pub struct Sieve {
    queue: List,
    visited: Vec<bool>,
    /// Where the next search begins; [`NONE`]: at the oldest.
    hand: u32,
}

impl Evict for Sieve {
    fn new(_: Stream) -> Sieve {
        Sieve { queue: List::new(), visited: Vec::new(), hand: NONE }
    }
    #[inline]
    fn insert(&mut self, slot: u32) {
        self.queue.push_newest(slot);
        if slot as usize >= self.visited.len() {
            self.visited.resize(slot as usize + 1, false);
        }
        self.visited[slot as usize] = false;
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.visited[slot as usize] = true;
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        if slot == self.hand {
            self.hand = self.queue.newer(slot);
        }
        self.queue.remove(slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let mut slot = if self.hand == NONE { self.queue.oldest() } else { self.hand };
        while self.visited[slot as usize] {
            self.visited[slot as usize] = false;
            slot = self.queue.newer(slot);
            if slot == NONE {
                slot = self.queue.oldest();
            }
        }
        self.hand = self.queue.newer(slot);
        self.queue.remove(slot);
        slot
    }
}
