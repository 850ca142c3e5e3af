//! Segmented LRU (Karedla, Love, Wherry: Caching Strategies to Improve Disk System Performance, IEEE Computer 27(3),
//! 1994): a second use protects an entry. The protected segment takes up to 80 % of the capacity.

use super::evict::{Evict, Room};
use super::list::Lists;
use super::slots::Slots;
use crate::dice::Stream;

const PROBATION: usize = 0;
const PROTECTED: usize = 1;

#[derive(Debug)]
pub struct Slru {
    room: Room,
    segments: Lists<2>,
    protected: Slots<bool>,
}

impl Evict for Slru {
    fn new(room: Room, _: Stream) -> Slru {
        Slru { room, segments: Lists::new(), protected: Slots::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.protected.set(slot, false);
        self.segments.push_newest(PROBATION, slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        if self.protected[slot] {
            self.segments.move_to_newest(PROTECTED, slot);
            return;
        }
        self.protected[slot] = true;
        self.segments.transfer(PROBATION, PROTECTED, slot);
        while self.segments.len(PROTECTED) > self.room.share(4, 5) {
            let oldest = self.segments.oldest(PROTECTED);
            self.protected[oldest] = false;
            self.segments.transfer(PROTECTED, PROBATION, oldest);
        }
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.segments.remove(usize::from(self.protected[slot]), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        self.room.at_eviction(self.segments.total());
        let segment = if self.segments.len(PROBATION) > 0 { PROBATION } else { PROTECTED };
        let slot = self.segments.oldest(segment);
        self.segments.remove(segment, slot);
        slot
    }
}
