//! W-TinyLFU (Einziger, Friedman, Manes: TinyLFU: A Highly Efficient Cache Admission Policy, ACM Transactions on
//! Storage 13(4), 2017): a window of 1 % of the capacity as LRU, the rest as segmented LRU (80 % protected); what leaves
//! the window stays only if it was requested more often than its victim.

use super::evict::{Evict, Room};
use super::list::Lists;
use super::sketch::Sketch;
use super::slots::Slots;
use crate::dice::Stream;

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;

#[derive(Debug)]
pub struct WTinyLfu {
    room: Room,
    lists: Lists<3>,
    /// Key and list per slot.
    slots: Slots<(u32, u8)>,
    sketch: Sketch,
}

impl Evict for WTinyLfu {
    fn new(room: Room, _: Stream) -> WTinyLfu {
        let sketch = Sketch::new(room.known().unwrap_or(0));
        WTinyLfu { room, lists: Lists::new(), slots: Slots::new(), sketch }
    }
    #[inline]
    fn prepare(&mut self, key: u32) {
        self.sketch.count(key);
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        self.slots.set(slot, (key, WINDOW as u8));
        self.lists.push_newest(WINDOW, slot);
        while self.lists.len(WINDOW) > self.window() {
            let oldest = self.lists.oldest(WINDOW);
            self.transfer(WINDOW, PROBATION, oldest);
        }
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let (key, list) = self.slots[slot];
        self.sketch.count(key);
        if usize::from(list) != PROBATION {
            self.lists.move_to_newest(usize::from(list), slot);
            return;
        }
        self.transfer(PROBATION, PROTECTED, slot);
        let main = self.room.entries() - self.window().min(self.room.entries());
        let protected = (u64::from(main) * 4 / 5) as u32;
        while self.lists.len(PROTECTED) > protected.max(1) {
            let oldest = self.lists.oldest(PROTECTED);
            self.transfer(PROTECTED, PROBATION, oldest);
        }
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.lists.remove(usize::from(self.slots[slot].1), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let entries = self.room.at_eviction(self.lists.total());
        if entries as usize > 2 * self.sketch.width() {
            // Capacity in bytes: how many entries that is shows only now.
            self.sketch = Sketch::new(entries);
        }
        let main = if self.lists.len(PROBATION) > 0 { PROBATION } else { PROTECTED };
        let candidate = self.lists.oldest(WINDOW);
        let oldest = self.lists.oldest(main);
        let (list, slot) = if self.lists.len(main) == 0 {
            (WINDOW, candidate)
        } else if self.lists.len(WINDOW) < self.window() {
            (main, oldest)
        } else if self.sketch.estimate(self.slots[candidate].0) > self.sketch.estimate(self.slots[oldest].0) {
            self.transfer(WINDOW, PROBATION, candidate);
            (main, oldest)
        } else {
            (WINDOW, candidate)
        };
        self.lists.remove(list, slot);
        slot
    }
}

impl WTinyLfu {
    /// Entries that the window holds.
    #[inline]
    fn window(&self) -> u32 {
        self.room.share(1, 100)
    }

    #[inline]
    fn transfer(&mut self, from: usize, to: usize, slot: u32) {
        self.slots[slot].1 = to as u8;
        self.lists.transfer(from, to, slot);
    }
}
