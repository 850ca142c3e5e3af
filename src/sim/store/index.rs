//! From a key to its slot in a store.

use super::chunks::{Chunks, Home};
use crate::prefetch::prefetch;

/// Key to slot for a store. Dense where most keys may be present, else hashed; the store itself has the key of a
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    proptest! {
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

        /// The constant work of a full cache.
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
