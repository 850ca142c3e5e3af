//! Reusable slots addressed by (slot, generation).

use std::ops::{Index, IndexMut};

/// No slot.
pub const NONE: u32 = u32::MAX;

/// Generations count modulo this power of two, so that an event has room for one. A slot would have to be taken
/// again eight million times, while one timer runs, to be mistaken.
pub const GENERATION_BITS: u32 = 24;

/// The next generation.
#[inline]
fn advance(generation: &mut u32) {
    *generation = (*generation + 1) & ((1 << GENERATION_BITS) - 1);
}

/// Entities that come and go; a timer that outlives its entity finds another generation.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<T>,
    /// Odd while the slot is taken.
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub fn new() -> Slab<T> {
        Slab { slots: Vec::new(), generations: Vec::new(), free: Vec::new() }
    }

    /// Puts a value into a slot and returns the slot.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = value;
                slot
            }
            None => {
                self.slots.push(value);
                self.generations.push(0);
                self.slots.len() as u32 - 1
            }
        };
        advance(&mut self.generations[slot as usize]);
        slot
    }

    /// Frees a slot; whoever remembers its generation finds it gone.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        advance(&mut self.generations[slot as usize]);
        self.free.push(slot);
    }

    /// The generation of a slot now.
    #[inline]
    pub fn generation(&self, slot: u32) -> u32 {
        self.generations[slot as usize]
    }

    /// Whether the slot still holds what it held in that generation.
    #[inline]
    pub fn is(&self, slot: u32, generation: u32) -> bool {
        slot != NONE && self.generations[slot as usize] == generation
    }

    /// Number of taken slots.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Taken slots.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let taken = |&(_, generation): &(usize, &u32)| generation % 2 == 1;
        self.generations.iter().enumerate().filter(taken).map(|(slot, _)| (slot as u32, &self.slots[slot]))
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: u32) -> &T {
        &self.slots[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.slots[slot as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_slot_is_another_generation() {
        let mut slab = Slab::new();
        let slot = slab.insert('a');
        let generation = slab.generation(slot);
        assert!(slab.is(slot, generation));
        slab.remove(slot);
        assert!(!slab.is(slot, generation));
        assert_eq!(slab.insert('b'), slot);
        assert!(!slab.is(slot, generation));
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(slot, &'b')]);
    }
}
