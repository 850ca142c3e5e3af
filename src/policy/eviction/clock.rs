//! Second chance (Corbató, A Paging Experiment with the Multics System, 1968), as FIFO with reinsertion.

use super::Evict;
use super::list::List;
use crate::dice::Stream;

#[derive(Debug)]
pub struct Clock {
    queue: List,
    used: Vec<bool>,
}

impl Evict for Clock {
    fn new(_: Stream) -> Clock {
        Clock { queue: List::new(), used: Vec::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32) {
        self.queue.push_newest(slot);
        if slot as usize >= self.used.len() {
            self.used.resize(slot as usize + 1, false);
        }
        self.used[slot as usize] = false;
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        self.used[slot as usize] = true;
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queue.remove(slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        loop {
            let slot = self.queue.oldest();
            if !self.used[slot as usize] {
                self.queue.remove(slot);
                return slot;
            }
            self.used[slot as usize] = false;
            self.queue.move_to_newest(slot);
        }
    }
}
