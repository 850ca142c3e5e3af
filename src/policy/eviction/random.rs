//! Uniformly random replacement.

use super::evict::{Evict, Room};
use crate::dice::{Stream, below};

#[derive(Debug)]
pub struct Random {
    slots: Vec<u32>,
    /// Where in `slots` a slot stands.
    place: Vec<u32>,
    dice: Stream,
}

impl Evict for Random {
    fn new(_: Room, dice: Stream) -> Random {
        Random { slots: Vec::new(), place: Vec::new(), dice }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        if slot as usize >= self.place.len() {
            self.place.resize(slot as usize + 1, 0);
        }
        self.place[slot as usize] = self.slots.len() as u32;
        self.slots.push(slot);
    }
    #[inline]
    fn hit(&mut self, _: u32) {}
    #[inline]
    fn remove(&mut self, slot: u32) {
        let place = self.place[slot as usize] as usize;
        self.slots.swap_remove(place);
        if let Some(&moved) = self.slots.get(place) {
            self.place[moved as usize] = place as u32;
        }
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let slot = self.slots[below(&mut self.dice, self.slots.len() as u32) as usize];
        self.remove(slot);
        slot
    }
}
