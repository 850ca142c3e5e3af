//! First in, first out.

use super::Evict;
use super::list::List;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Fifo {
    queue: List,
}

impl Evict for Fifo {
    fn new(_: Stream) -> Fifo {
        Fifo { queue: List::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32) {
        self.queue.push_newest(slot);
    }
    #[inline]
    fn hit(&mut self, _: u32) {}
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queue.remove(slot);
    }
    #[inline]
    fn next_victim(&self) -> Option<u32> {
        Some(self.queue.oldest())
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.queue.oldest();
        self.queue.remove(slot);
        slot
    }
}
