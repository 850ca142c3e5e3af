//! Open-addressing maps for the loop: no SipHash, no allocation per entry.

use super::chunks::{Chunks, Home};
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

/// Key to slot for a store. Dense where most keys may be present, else hashed; the store itself knows the key of a
/// slot and passes it as `key_of`.
#[derive(Debug)]
pub enum SlotIndex {
    /// `slot + 1` per key; zero: absent. Zeroed memory costs nothing until it is touched.
    Dense(Vec<u32>),
    Hashed {
        chunks: Chunks,
        /// Number of ids.
        keys: u32,
    },
}

impl SlotIndex {
    /// A single index over so many keys is dense however few of them are held.
    const DENSE_ANYWAY: u64 = 1 << 21;

    /// For a store of up to `entries` of `keys` ids, one of `stores`.
    pub fn new(keys: u64, entries: u64, stores: u64) -> SlotIndex {
        // Chunks take 8 bytes per entry, dense cells 4 per key. In a dense index the hot keys share cache lines,
        // since ids are ranks: a single one may cost more than it must while it is small (10 % of the time of the
        // reference scenario).
        let small = stores == 1 && keys <= Self::DENSE_ANYWAY;
        if small || keys <= entries.saturating_mul(2) || entries >= u64::from(Chunks::MAX_SLOTS) {
            SlotIndex::Dense(vec![0; keys as usize])
        } else {
            SlotIndex::Hashed { chunks: Chunks::new(entries), keys: keys as u32 }
        }
    }

    /// Reads the first cell of a key ahead.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        match self {
            SlotIndex::Dense(slots) => prefetch(slots, key as usize),
            SlotIndex::Hashed { chunks, .. } => chunks.prefetch(key),
        }
    }

    /// The slot of a key.
    #[inline(always)]
    pub fn get(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Option<u32> {
        self.probe(key, key_of).ok()
    }

    /// A slot that is probably the key's: good enough to be read ahead.
    #[inline]
    pub fn guess(&self, key: u32) -> u32 {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].saturating_sub(1),
            SlotIndex::Hashed { chunks, .. } => chunks.guess(key),
        }
    }

    /// Adds a key that is not there.
    #[inline]
    pub fn insert(&mut self, key: u32, slot: u32, key_of: impl Fn(u32) -> u32) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = slot + 1,
            SlotIndex::Hashed { chunks, .. } if slot < Chunks::MAX_SLOTS => chunks.insert(key, slot, key_of),
            SlotIndex::Hashed { chunks, keys } => {
                let mut slots = to_dense(chunks, *keys, key_of);
                slots[key as usize] = slot + 1;
                *self = SlotIndex::Dense(slots);
            }
        }
    }

    /// Takes out a key that is there, in this slot.
    #[inline]
    pub fn remove(&mut self, key: u32, slot: u32) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = 0,
            SlotIndex::Hashed { chunks, .. } => chunks.remove(key, slot),
        }
    }

    /// The slot of a key, or where it would go.
    #[inline(always)]
    pub fn probe(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Result<u32, Home> {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].checked_sub(1).ok_or(Home::NONE),
            SlotIndex::Hashed { chunks, .. } => chunks.probe(key, key_of),
        }
    }

    /// Gives a slot to a key that is not there, and takes it from the key that holds it; [`SlotIndex::probe`] found
    /// the home of the new one.
    #[inline(always)]
    pub fn hand_over(&mut self, key: u32, home: Home, slot: u32, holder: u32) {
        match self {
            SlotIndex::Dense(slots) => {
                slots[key as usize] = slot + 1;
                slots[holder as usize] = 0;
            }
            SlotIndex::Hashed { chunks, .. } => chunks.hand_over(home, slot, holder),
        }
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        match self {
            SlotIndex::Dense(slots) => slots.fill(0),
            SlotIndex::Hashed { chunks, .. } => chunks.clear(),
        }
    }
}

/// The cells of a dense index with what is in the chunks.
#[cold]
fn to_dense(chunks: &Chunks, keys: u32, key_of: impl Fn(u32) -> u32) -> Vec<u32> {
    let mut slots = vec![0; keys as usize];
    chunks.slots().for_each(|slot| slots[key_of(slot) as usize] = slot + 1);
    slots
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
    use std::sync::LazyLock;

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

        /// Also where many keys have one home, and where chunks overflow and empty again.
        #[test]
        fn hashed_and_dense_index_agree(steps in prop::collection::vec(0u32..96, 1..700)) {
            let key_of = |slot: u32| if slot < 32 { slot } else { NEIGHBOURS[slot as usize] };
            let mut dense = SlotIndex::Dense(vec![0; 96]);
            let mut hashed = SlotIndex::Hashed { chunks: Chunks::new(4), keys: 200_000 };
            for slot in steps {
                let held = dense.get(slot, |slot| slot);
                prop_assert_eq!(held, hashed.get(key_of(slot), key_of));
                if held.is_some() {
                    dense.remove(slot, slot);
                    hashed.remove(key_of(slot), slot);
                } else {
                    dense.insert(slot, slot, |slot| slot);
                    hashed.insert(key_of(slot), slot, key_of);
                }
            }
            for slot in 0..96 {
                prop_assert_eq!(dense.get(slot, |slot| slot), hashed.get(key_of(slot), key_of));
            }
        }

        /// What a full cache does all the time.
        #[test]
        fn a_slot_that_is_handed_over_is_found_under_its_new_key(keys in prop::collection::vec(0u32..200, 1..500)) {
            let mut key_of: Vec<u32> = (200..216).collect();
            let mut index = SlotIndex::Hashed { chunks: Chunks::new(16), keys: 216 };
            (0..16).for_each(|slot| index.insert(key_of[slot as usize], slot, |slot| key_of[slot as usize]));
            for (step, key) in keys.into_iter().enumerate() {
                let slot = step as u32 % 16;
                if let Err(home) = index.probe(key, |slot| key_of[slot as usize]) {
                    let left = std::mem::replace(&mut key_of[slot as usize], key);
                    index.hand_over(key, home, slot, left);
                }
                for key in 0..216 {
                    let held = (0..16).find(|&slot| key_of[slot as usize] == key);
                    prop_assert_eq!(index.get(key, |slot| key_of[slot as usize]), held);
                }
            }
        }
    }

    #[test]
    fn an_index_becomes_dense_when_a_slot_has_no_room_in_a_chunk() {
        let key_of = |slot: u32| slot % Chunks::MAX_SLOTS + slot / Chunks::MAX_SLOTS * 100;
        let mut index = SlotIndex::Hashed { chunks: Chunks::new(4), keys: 200 };
        let slots = [0, 1, 20, Chunks::MAX_SLOTS];
        slots.into_iter().for_each(|slot| index.insert(key_of(slot), slot, key_of));
        assert!(matches!(index, SlotIndex::Dense(_)));
        assert!(slots.into_iter().all(|slot| index.get(key_of(slot), key_of) == Some(slot)));
    }

    /// A chunk cannot count so many.
    #[test]
    fn hundreds_of_entries_with_one_home_are_found_and_leave() {
        let key_of = |slot: u32| NEIGHBOURS[slot as usize];
        let mut index = SlotIndex::Hashed { chunks: Chunks::new(2_000), keys: 200_000 };
        (0..600).for_each(|slot| index.insert(key_of(slot), slot, key_of));
        assert!(matches!(index, SlotIndex::Hashed { .. }));
        assert!((0..600).all(|slot| index.get(key_of(slot), key_of) == Some(slot)));
        (0..600).step_by(2).for_each(|slot| index.remove(key_of(slot), slot));
        let left = |slot: u32| (slot % 2 == 1).then_some(slot);
        assert!((0..600).all(|slot| index.get(key_of(slot), key_of) == left(slot)));
    }

    /// Keys whose hashes are neighbours: the first hundreds have the same home in a small index.
    static NEIGHBOURS: LazyLock<Vec<u32>> = LazyLock::new(|| {
        let mut keys: Vec<u32> = (32..200_000).collect();
        keys.sort_by_key(|&key| u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        keys
    });
}
