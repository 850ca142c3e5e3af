//! Reads of the loop in which nothing can fail.

use std::ops::{Index, IndexMut};

use super::slab::NONE;
use crate::model::Nanos;
use crate::prefetch::prefetch;

/// A read that no instance tier could answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub start_ns: Nanos,
    /// When it reached the database.
    pub since_ns: Nanos,
    pub key: u32,
    pub instance: u32,
    /// Window of the start.
    pub window: u32,
    /// The next one that waits for the same database call.
    pub next: u32,
    /// If it leads a call: the last one that waits for it.
    pub last: u32,
    pub class: u8,
}

/// Reads under way, by numbers that are used again: a slab without generations, since nothing outlives a read.
#[derive(Debug)]
pub(super) struct Reads {
    places: Vec<Read>,
    /// The first free place, from which `next` leads to all others.
    free: u32,
    taken: usize,
}

impl Reads {
    /// In `last` of a free place.
    const FREE: u32 = NONE - 1;

    pub fn new() -> Reads {
        Reads { places: Vec::new(), free: NONE, taken: 0 }
    }

    /// Number of reads.
    pub fn len(&self) -> usize {
        self.taken
    }

    #[inline]
    pub fn insert(&mut self, read: Read) -> u32 {
        self.taken += 1;
        let id = self.free;
        match self.places.get_mut(id as usize) {
            Some(place) => {
                self.free = place.next;
                *place = read;
                id
            }
            None => {
                self.places.push(read);
                self.places.len() as u32 - 1
            }
        }
    }

    #[inline]
    pub fn remove(&mut self, id: u32) {
        let place = &mut self.places[id as usize];
        place.next = self.free;
        place.last = Self::FREE;
        self.free = id;
        self.taken -= 1;
    }

    /// What a number stands for or stood for last.
    #[inline]
    pub fn get(&self, id: u32) -> Option<&Read> {
        self.places.get(id as usize)
    }

    /// Reads ahead what a number stands for.
    #[inline]
    pub fn prefetch(&self, id: u32) {
        prefetch(&self.places, id as usize);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Read> {
        self.places.iter().filter(|place| place.last != Self::FREE)
    }
}

impl Index<u32> for Reads {
    type Output = Read;
    #[inline]
    fn index(&self, id: u32) -> &Read {
        &self.places[id as usize]
    }
}

impl IndexMut<u32> for Reads {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut Read {
        &mut self.places[id as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_used_again_once_its_read_is_gone() {
        let read = |key| Read {
            start_ns: 0,
            since_ns: 0,
            key,
            instance: 0,
            window: 0,
            next: NONE,
            last: NONE,
            class: 0,
        };
        let mut reads = Reads::new();
        let ids = [1, 2, 3].map(|key| reads.insert(read(key)));
        reads.remove(ids[1]);
        assert_eq!(reads.iter().map(|read| read.key).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(reads.insert(read(4)), ids[1]);
        assert_eq!((reads.len(), reads[ids[1]].key), (3, 4));
        ids.into_iter().for_each(|id| reads.remove(id));
        assert_eq!((reads.len(), reads.iter().count()), (0, 0));
    }
}
