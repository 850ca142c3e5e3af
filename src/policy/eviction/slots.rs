//! State of a policy for each slot.

use std::ops::{Index, IndexMut};

/// A value per slot, growing with the slots that were ever used.
#[derive(Debug)]
pub struct Slots<T>(Vec<T>);

impl<T: Copy + Default> Slots<T> {
    pub fn new() -> Slots<T> {
        Slots(Vec::new())
    }

    /// The value of a slot; the default where none was set.
    #[inline]
    pub fn get(&self, slot: u32) -> T {
        self.0.get(slot as usize).copied().unwrap_or_default()
    }

    /// Sets the value of a slot that may be new.
    #[inline]
    pub fn set(&mut self, slot: u32, value: T) {
        if slot as usize >= self.0.len() {
            self.0.resize(slot as usize + 1, T::default());
        }
        self.0[slot as usize] = value;
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: u32) -> &T {
        &self.0[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.0[slot as usize]
    }
}
