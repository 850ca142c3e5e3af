//! First in, first out.

use super::evict::{Evict, Room};
use super::list::List;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Fifo {
    queue: List,
}

impl Evict for Fifo {
    fn new(_: Room, _: Stream) -> Fifo {
        Fifo { queue: List::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.queue.push_newest(0, slot);
    }
    #[inline]
    fn hit(&mut self, _: u32) {}
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queue.remove(0, slot);
    }
    #[inline]
    fn next_victims(&self) -> Option<[u32; 2]> {
        self.queue.oldest_two(0)
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.queue.oldest(0);
        self.queue.remove(0, slot);
        slot
    }
}
