//! Open-addressing maps for the loop: no SipHash, no allocation per entry.

use super::slab::NONE;
use crate::prefetch::prefetch;

/// A small map from packed keys to what is in flight: linear probing, deletion by shifting back.
#[derive(Debug)]
pub struct FlightMap<V> {
    cells: Vec<(u64, V)>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
    len: usize,
}

/// The key of an empty cell; [`pair`] and [`triple`] never give it.
const EMPTY: u64 = u64::MAX;

impl<V: Copy + Default> FlightMap<V> {
    pub fn new() -> FlightMap<V> {
        FlightMap { cells: vec![(EMPTY, V::default()); 64], shift: 64 - 6, len: 0 }
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

/// Key to slot for a store. Dense where most keys may be present, else hashed; only slots are kept, the store
/// itself knows the key of a slot.
#[derive(Debug)]
pub enum SlotIndex {
    /// `slot + 1` per key; zero: absent. Zeroed memory costs nothing until it is touched.
    Dense(Vec<u32>),
    Hashed {
        cells: Vec<u32>,
        mask: u32,
        len: u32,
    },
}

impl SlotIndex {
    /// For a store of up to `entries` of `keys` ids.
    pub fn new(keys: u64, entries: u64, stores: u64) -> SlotIndex {
        // A hashed cell costs 8 to 16 bytes per entry, a dense one 4 per key; with one store the hot keys
        // of the dense one share cache lines, since ids are ranks.
        if keys.saturating_mul(stores)
            <= entries.saturating_mul(stores).saturating_mul(if stores == 1 { 16 } else { 3 })
        {
            SlotIndex::Dense(vec![0; keys as usize])
        } else {
            let size = (entries * 2).next_power_of_two().clamp(16, 1 << 31) as usize;
            SlotIndex::Hashed { cells: vec![NONE; size], mask: size as u32 - 1, len: 0 }
        }
    }

    #[inline]
    fn home(key: u32, mask: u32) -> u32 {
        key.wrapping_mul(0x9e37_79b1) >> mask.leading_zeros()
    }

    /// Reads the first cell of a key ahead.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        match self {
            SlotIndex::Dense(slots) => prefetch(slots, key as usize),
            SlotIndex::Hashed { cells, mask, .. } => prefetch(cells, SlotIndex::home(key, *mask) as usize),
        }
    }

    /// The slot of a key.
    #[inline]
    pub fn get(&self, key: u32, keys: &[u32]) -> Option<u32> {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].checked_sub(1),
            SlotIndex::Hashed { cells, mask, .. } => {
                let mut place = SlotIndex::home(key, *mask);
                loop {
                    match cells[place as usize] {
                        NONE => return None,
                        slot if keys[slot as usize] == key => return Some(slot),
                        _ => place = (place + 1) & mask,
                    }
                }
            }
        }
    }

    /// Adds a key that is not there; `keys[slot]` must already be the key.
    #[inline]
    pub fn insert(&mut self, key: u32, slot: u32, keys: &[u32]) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = slot + 1,
            SlotIndex::Hashed { cells, mask, len } => {
                *len += 1;
                if *len * 2 > *mask {
                    let old = std::mem::take(cells);
                    *mask = *mask * 2 + 1;
                    *cells = vec![NONE; *mask as usize + 1];
                    for held in old.into_iter().filter(|&held| held != NONE) {
                        place(cells, *mask, keys[held as usize], held);
                    }
                }
                place(cells, *mask, key, slot);
            }
        }
    }

    /// Takes out a key that is there.
    #[inline]
    pub fn remove(&mut self, key: u32, keys: &[u32]) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = 0,
            SlotIndex::Hashed { cells, mask, len } => {
                let mask = *mask;
                let mut hole = SlotIndex::home(key, mask);
                while keys[cells[hole as usize] as usize] != key {
                    hole = (hole + 1) & mask;
                }
                *len -= 1;
                let mut next = hole;
                loop {
                    next = (next + 1) & mask;
                    let slot = cells[next as usize];
                    if slot == NONE {
                        break;
                    }
                    let home = SlotIndex::home(keys[slot as usize], mask);
                    if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(hole) & mask) {
                        cells[hole as usize] = slot;
                        hole = next;
                    }
                }
                cells[hole as usize] = NONE;
            }
        }
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        match self {
            SlotIndex::Dense(slots) => slots.fill(0),
            SlotIndex::Hashed { cells, len, .. } => {
                cells.fill(NONE);
                *len = 0;
            }
        }
    }
}

fn place(cells: &mut [u32], mask: u32, key: u32, slot: u32) {
    let mut place = SlotIndex::home(key, mask);
    while cells[place as usize] != NONE {
        place = (place + 1) & mask;
    }
    cells[place as usize] = slot;
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
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn flight_map_agrees_with_a_map(steps in prop::collection::vec((any::<bool>(), 0u64..200), 1..1000)) {
            let (mut map, mut twin) = (FlightMap::new(), BTreeMap::new());
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

        #[test]
        fn hashed_and_dense_index_agree(steps in prop::collection::vec(0u32..64, 1..500)) {
            let keys: Vec<u32> = (0..64).collect();
            let mut dense = SlotIndex::Dense(vec![0; 64]);
            let mut hashed = SlotIndex::Hashed { cells: vec![NONE; 16], mask: 15, len: 0 };
            for key in steps {
                prop_assert_eq!(dense.get(key, &keys), hashed.get(key, &keys));
                if dense.get(key, &keys).is_some() {
                    dense.remove(key, &keys);
                    hashed.remove(key, &keys);
                } else {
                    dense.insert(key, key, &keys);
                    hashed.insert(key, key, &keys);
                }
            }
            for key in 0..64 {
                prop_assert_eq!(dense.get(key, &keys), hashed.get(key, &keys));
            }
        }
    }
}
