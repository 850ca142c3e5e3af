//! Least recently used.

use super::evict::{Evict, Room};
use super::list::List;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Lru {
    recency: List,
}

impl Evict for Lru {
    fn new(_: Room, _: Stream) -> Lru {
        Lru { recency: List::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.recency.push_newest(0, slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.recency.move_to_newest(0, slot);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.recency.remove(0, slot);
    }
    #[inline]
    fn read_ahead_hit(&self, slot: u32) {
        self.recency.prefetch(slot);
    }
    #[inline]
    fn next_victims(&self) -> Option<[u32; 2]> {
        self.recency.oldest_two(0)
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.recency.oldest(0);
        self.recency.remove(0, slot);
        slot
    }
    #[inline]
    fn replace(&mut self, _: u32) -> u32 {
        let slot = self.recency.oldest(0);
        self.recency.move_to_newest(0, slot);
        slot
    }
}
