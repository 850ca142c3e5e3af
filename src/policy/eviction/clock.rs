//! Second chance (Corbató, A Paging Experiment with the Multics System, 1968), as FIFO with reinsertion.

use super::evict::{Evict, Room};
use super::list::List;
use super::slots::Slots;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Clock {
    queue: List,
    used: Slots<bool>,
}

impl Evict for Clock {
    fn new(_: Room, _: Stream) -> Clock {
        Clock { queue: List::new(), used: Slots::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.queue.push_newest(0, slot);
        self.used.set(slot, false);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.used[slot] = true;
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queue.remove(0, slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        loop {
            let slot = self.queue.oldest(0);
            if !self.used[slot] {
                self.queue.remove(0, slot);
                return slot;
            }
            self.used[slot] = false;
            self.queue.move_to_newest(0, slot);
        }
    }
}
