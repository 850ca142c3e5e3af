//! Least recently used.

use super::Evict;
use super::list::List;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Lru {
    recency: List,
}

impl Evict for Lru {
    fn new(_: Stream) -> Lru {
        Lru { recency: List::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32) {
        self.recency.push_newest(slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.recency.move_to_newest(slot);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.recency.remove(slot);
    }
    #[inline]
    fn next_victim(&self) -> Option<u32> {
        Some(self.recency.oldest())
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.recency.oldest();
        self.recency.remove(slot);
        slot
    }
}
