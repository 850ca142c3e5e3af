//! Keys that were evicted and are remembered for a while.

use super::list::{Lists, NONE};

/// `N` queues of keys without their entries, each from newest to oldest; a key is in one of them at a time.
///
/// Hashed (linear probing, deletion by shifting back), so that memory follows what is remembered and not the
/// number of keys that exist.
#[derive(Debug)]
pub struct Ghosts<const N: usize> {
    lists: Lists<N>,
    /// Key and queue of each place in the lists.
    keys: Vec<(u32, u8)>,
    free: Vec<u32>,
    /// Places by the hash of their key; at most half of the cells are taken.
    cells: Vec<u32>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
}

impl<const N: usize> Ghosts<N> {
    pub fn new() -> Ghosts<N> {
        let (keys, free) = (Vec::new(), Vec::new());
        Ghosts { lists: Lists::new(), keys, free, cells: vec![NONE; 16], shift: 32 - 4 }
    }

    /// Number of keys in a queue.
    #[inline]
    pub fn len(&self, queue: usize) -> u32 {
        self.lists.len(queue)
    }

    /// The queue that a key is in.
    #[inline]
    pub fn queue_of(&self, key: u32) -> Option<usize> {
        match self.cells[self.find(key)] {
            NONE => None,
            place => Some(usize::from(self.keys[place as usize].1)),
        }
    }

    /// Remembers a key that is in no queue.
    #[inline]
    pub fn push(&mut self, queue: usize, key: u32) {
        if (self.lists.total() as usize + 1) * 2 > self.cells.len() {
            self.grow();
        }
        let place = match self.free.pop() {
            Some(place) => {
                self.keys[place as usize] = (key, queue as u8);
                place
            }
            None => {
                self.keys.push((key, queue as u8));
                self.keys.len() as u32 - 1
            }
        };
        self.lists.push_newest(queue, place);
        let cell = self.find(key);
        self.cells[cell] = place;
    }

    /// Forgets a key; whether it was remembered.
    #[inline]
    pub fn remove(&mut self, key: u32) -> bool {
        let cell = self.find(key);
        if self.cells[cell] == NONE {
            return false;
        }
        self.forget(cell);
        true
    }

    /// Forgets the oldest of a queue while there are more than so many.
    #[inline]
    pub fn trim(&mut self, queue: usize, most: u32) {
        while self.lists.len(queue) > most {
            let oldest = self.lists.oldest(queue);
            self.forget(self.find(self.keys[oldest as usize].0));
        }
    }

    #[inline]
    fn home(&self, key: u32) -> usize {
        (key.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    /// The cell of a key, or the empty one where it would go.
    #[inline]
    fn find(&self, key: u32) -> usize {
        let mut cell = self.home(key);
        loop {
            match self.cells[cell] {
                NONE => return cell,
                place if self.keys[place as usize].0 == key => return cell,
                _ => cell = (cell + 1) & (self.cells.len() - 1),
            }
        }
    }

    #[inline]
    fn forget(&mut self, mut hole: usize) {
        let place = self.cells[hole];
        self.lists.remove(usize::from(self.keys[place as usize].1), place);
        self.free.push(place);
        let mask = self.cells.len() - 1;
        let mut cell = hole;
        loop {
            cell = (cell + 1) & mask;
            let place = self.cells[cell];
            if place == NONE {
                break;
            }
            // Whatever probed past the hole may fill it.
            let home = self.home(self.keys[place as usize].0);
            if (cell.wrapping_sub(home) & mask) >= (cell.wrapping_sub(hole) & mask) {
                self.cells[hole] = place;
                hole = cell;
            }
        }
        self.cells[hole] = NONE;
    }

    #[cold]
    fn grow(&mut self) {
        let cells = vec![NONE; self.cells.len() * 2];
        let old = std::mem::replace(&mut self.cells, cells);
        self.shift -= 1;
        for place in old.into_iter().filter(|&place| place != NONE) {
            let cell = self.find(self.keys[place as usize].0);
            self.cells[cell] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against two vectors that are searched.
        #[test]
        fn ghosts_agree_with_vectors(steps in prop::collection::vec((0u8..10, 0usize..2, 0u32..100), 1..500)) {
            let mut ghosts = Ghosts::<2>::new();
            let mut twin: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
            for (step, queue, key) in steps {
                let held = twin.iter().position(|keys| keys.contains(&key));
                prop_assert_eq!(ghosts.queue_of(key), held);
                match (step, held) {
                    (0..6, None) => {
                        ghosts.push(queue, 100 + key);
                        prop_assert!(ghosts.remove(100 + key));
                        ghosts.push(queue, key);
                        twin[queue].push(key);
                    }
                    (9, _) => {
                        let most = twin[queue].len() / 2;
                        ghosts.trim(queue, most as u32);
                        let surplus = twin[queue].len() - most;
                        twin[queue].drain(..surplus);
                    }
                    _ => {
                        prop_assert_eq!(ghosts.remove(key), held.is_some());
                        twin.iter_mut().for_each(|keys| keys.retain(|&other| other != key));
                    }
                }
                prop_assert_eq!([ghosts.len(0), ghosts.len(1)], [twin[0].len() as u32, twin[1].len() as u32]);
            }
        }
    }
}
