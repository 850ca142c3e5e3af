//! Keys that were evicted and are remembered for a while.

use super::evict::Room;
use super::list::{Lists, NONE};
use crate::prefetch::prefetch;

/// In a place that has no key.
const NOBODY: u32 = u32::MAX;

/// `N` queues of keys without their entries, each from newest to oldest; a key is in one of them at a time.
#[derive(Debug)]
pub struct Ghosts<const N: usize> {
    lists: Lists<N>,
    /// Key and queue of each place in the lists.
    keys: Vec<(u32, u8)>,
    free: Vec<u32>,
    index: Index,
}

/// From keys to places.
#[derive(Debug)]
enum Index {
    /// By key: its place, if that still has this key. What is forgotten stays here, for its memory is far away and the
    /// place near.
    Dense(Vec<u32>),
    /// By hash: linear probing, deletion by shifting back, at most half full. Memory follows what is remembered and
    /// not the number of keys that exist.
    Hashed {
        cells: Vec<u32>,
        /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
        shift: u32,
    },
}

impl<const N: usize> Ghosts<N> {
    pub fn new(room: Room) -> Ghosts<N> {
        let index = match room.dense_keys {
            0 => Index::Hashed { cells: vec![NONE; 16], shift: 32 - 4 },
            keys => Index::Dense(vec![0; keys as usize]),
        };
        Ghosts { lists: Lists::new(), keys: Vec::new(), free: Vec::new(), index }
    }

    /// Number of keys in a queue.
    #[inline]
    pub fn len(&self, queue: usize) -> u32 {
        self.lists.len(queue)
    }

    /// Reads ahead where a key would be found.
    #[inline]
    pub fn read_ahead(&self, key: u32) {
        match &self.index {
            Index::Dense(places) => prefetch(places, key as usize),
            Index::Hashed { cells, shift } => prefetch(cells, home(*shift, key)),
        }
    }

    /// Remembers a key that is in no queue.
    #[inline]
    pub fn push(&mut self, queue: usize, key: u32) {
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
        self.index.insert(key, place, &self.keys, self.lists.total());
    }

    /// Forgets a key; returns its queue, if any.
    #[inline]
    pub fn take(&mut self, key: u32) -> Option<usize> {
        let place = self.index.remove(key, &self.keys)?;
        Some(self.release(place))
    }

    /// Forgets the oldest of a queue while there are more than so many.
    #[inline]
    pub fn trim(&mut self, queue: usize, most: u32) {
        while self.lists.len(queue) > most {
            let oldest = self.lists.oldest(queue);
            self.index.forget(self.keys[oldest as usize].0, &self.keys);
            self.release(oldest);
        }
    }

    #[inline]
    fn release(&mut self, place: u32) -> usize {
        let queue = usize::from(self.keys[place as usize].1);
        self.keys[place as usize].0 = NOBODY;
        self.lists.remove(queue, place);
        self.free.push(place);
        queue
    }
}

impl Index {
    /// Adds a key that is not there; `held` are there with it.
    #[inline]
    fn insert(&mut self, key: u32, place: u32, keys: &[(u32, u8)], held: u32) {
        match self {
            Index::Dense(places) => places[key as usize] = place,
            Index::Hashed { cells, shift } => {
                if held as usize * 2 > cells.len() {
                    let old = std::mem::take(cells);
                    *cells = vec![NONE; old.len() * 2];
                    *shift -= 1;
                    for place in old.into_iter().filter(|&place| place != NONE) {
                        let cell = find(cells, *shift, keys[place as usize].0, keys);
                        cells[cell] = place;
                    }
                }
                let cell = find(cells, *shift, key, keys);
                cells[cell] = place;
            }
        }
    }

    /// Takes a key out; gives its place.
    #[inline]
    fn remove(&mut self, key: u32, keys: &[(u32, u8)]) -> Option<u32> {
        match self {
            Index::Dense(places) => {
                let place = places[key as usize];
                keys.get(place as usize).is_some_and(|held| held.0 == key).then_some(place)
            }
            Index::Hashed { cells, shift } => remove_hashed(cells, *shift, key, keys),
        }
    }

    /// Takes out a key that is there.
    #[inline]
    fn forget(&mut self, key: u32, keys: &[(u32, u8)]) {
        if let Index::Hashed { cells, shift } = self {
            remove_hashed(cells, *shift, key, keys);
        }
    }
}

fn remove_hashed(cells: &mut [u32], shift: u32, key: u32, keys: &[(u32, u8)]) -> Option<u32> {
    let mask = cells.len() - 1;
    let mut hole = find(cells, shift, key, keys);
    let found = cells[hole];
    if found == NONE {
        return None;
    }
    let mut cell = hole;
    loop {
        cell = (cell + 1) & mask;
        let place = cells[cell];
        if place == NONE {
            break;
        }
        // Whatever probed past the hole may fill it.
        let home = home(shift, keys[place as usize].0);
        if (cell.wrapping_sub(home) & mask) >= (cell.wrapping_sub(hole) & mask) {
            cells[hole] = place;
            hole = cell;
        }
    }
    cells[hole] = NONE;
    Some(found)
}

#[inline]
fn home(shift: u32, key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

/// The cell of a key, or the empty one where it would go.
#[inline]
fn find(cells: &[u32], shift: u32, key: u32, keys: &[(u32, u8)]) -> usize {
    let mut cell = home(shift, key);
    loop {
        match cells[cell] {
            NONE => return cell,
            place if keys[place as usize].0 == key => return cell,
            _ => cell = (cell + 1) & (cells.len() - 1),
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
        fn ghosts_agree_with_vectors(
            dense in any::<bool>(),
            steps in prop::collection::vec((0u8..10, 0usize..2, 0u32..100), 1..500),
        ) {
            let room = Room::unknown();
            let mut ghosts = Ghosts::<2>::new(if dense { room.with_dense_keys(200) } else { room });
            let mut twin: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
            for (step, queue, key) in steps {
                let held = twin.iter().position(|keys| keys.contains(&key));
                match (step, held) {
                    (0..6, None) => {
                        ghosts.push(queue, 100 + key);
                        prop_assert_eq!(ghosts.take(100 + key), Some(queue));
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
                        prop_assert_eq!(ghosts.take(key), held);
                        twin.iter_mut().for_each(|keys| keys.retain(|&other| other != key));
                    }
                }
                prop_assert_eq!([ghosts.len(0), ghosts.len(1)], [twin[0].len() as u32, twin[1].len() as u32]);
            }
        }
    }
}
