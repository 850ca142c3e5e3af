//! Calls that are in flight, by key: a map without SipHash and without an allocation per entry.

use crate::prefetch::prefetch;

/// A small map from packed keys: linear probing, deletion by shifting back.
#[derive(Debug)]
pub struct CallMap<V> {
    cells: Vec<(u64, V)>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
    len: usize,
}

/// The key of an empty cell; [`pair`] and [`triple`] never give it.
const EMPTY: u64 = u64::MAX;

impl<V: Copy + Default> CallMap<V> {
    pub fn new() -> CallMap<V> {
        CallMap { cells: vec![(EMPTY, V::default()); 64], shift: 64 - 6, len: 0 }
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// Reads the first cell of a key ahead.
    #[inline]
    pub fn prefetch(&self, key: u64) {
        prefetch(&self.cells, self.home(key));
    }

    /// The cell of a key, or the empty one where it belongs.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mask = self.cells.len() - 1;
        let mut place = self.home(key);
        while self.cells[place & mask].0 != key && self.cells[place & mask].0 != EMPTY {
            place += 1;
        }
        place & mask
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: u64) -> Option<V> {
        let (held, value) = self.cells[self.place(key)];
        (held == key).then_some(value)
    }

    /// The value of a key, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let place = self.place(key);
        let (held, value) = &mut self.cells[place];
        (*held == key).then_some(value)
    }

    /// The value of a key, which is `value` if it had none.
    #[inline]
    pub fn entry(&mut self, key: u64, value: V) -> &mut V {
        if self.len * 2 >= self.cells.len() {
            self.grow();
        }
        let place = self.place(key);
        let cell = &mut self.cells[place];
        if cell.0 == EMPTY {
            *cell = (key, value);
            self.len += 1;
        }
        &mut cell.1
    }

    #[cold]
    fn grow(&mut self) {
        let cells = vec![(EMPTY, V::default()); self.cells.len() * 2];
        let old = std::mem::replace(&mut self.cells, cells);
        self.shift -= 1;
        self.len = 0;
        for (key, value) in old.into_iter().filter(|cell| cell.0 != EMPTY) {
            self.entry(key, value);
        }
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = V> {
        self.cells.iter().filter(|cell| cell.0 != EMPTY).map(|cell| cell.1)
    }

    /// Forgets a key.
    #[inline]
    pub fn remove(&mut self, key: u64) {
        let mask = self.cells.len() - 1;
        let mut hole = self.place(key);
        if self.cells[hole].0 == EMPTY {
            return;
        }
        self.len -= 1;
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let key = self.cells[place & mask].0;
            if key == EMPTY {
                break;
            }
            // Whatever probed past the hole may fill it.
            if (place.wrapping_sub(self.home(key)) & mask) >= (place.wrapping_sub(hole) & mask) {
                self.cells[hole] = self.cells[place];
                hole = place;
            }
        }
        self.cells[hole].0 = EMPTY;
    }
}

/// Packs an instance and a key.
#[inline]
pub fn pair(instance: u32, key: u32) -> u64 {
    u64::from(instance) << 32 | u64::from(key)
}

/// Packs a level, an instance and a key; instances are far fewer than 2^28.
#[inline]
pub fn triple(level: usize, instance: u32, key: u32) -> u64 {
    pair(instance, key) ^ (level as u64) << 60
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_agrees_with_a_map(steps in prop::collection::vec((any::<bool>(), 0u64..200), 1..1000)) {
            let (mut map, mut twin) = (CallMap::new(), BTreeMap::new());
            for (step, (insert, key)) in steps.into_iter().enumerate() {
                if insert {
                    let held = *map.entry(key << 32, step as u32);
                    prop_assert_eq!(held, *twin.entry(key).or_insert(step as u32));
                } else {
                    map.remove(key << 32);
                    twin.remove(&key);
                }
                prop_assert_eq!(map.len, twin.len());
                for key in 0..200 {
                    prop_assert_eq!(map.get(key << 32), twin.get(&key).copied());
                }
            }
        }
    }
}
