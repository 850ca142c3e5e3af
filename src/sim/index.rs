//! Open-addressing maps for the loop: no SipHash, no allocation per entry.

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
    Hashed(Hashed),
}

impl SlotIndex {
    /// A single index over so many keys is dense however few of them are held.
    const DENSE_ANYWAY: u64 = 1 << 21;

    /// For a store of up to `entries` of `keys` ids, one of `stores`.
    pub fn new(keys: u64, entries: u64, stores: u64) -> SlotIndex {
        // Hashed cells cost 8 bytes per entry, dense ones 4 per key. In a dense index the hot keys share cache lines,
        // since ids are ranks: a single one may cost more than it must while it is small (10 % of the time of the
        // reference scenario).
        let small = stores == 1 && keys <= Self::DENSE_ANYWAY;
        if small || keys <= entries.saturating_mul(2) || entries >= u64::from(Hashed::MAX_SLOTS) {
            SlotIndex::Dense(vec![0; keys as usize])
        } else {
            SlotIndex::Hashed(Hashed::new(keys as u32, entries * 2))
        }
    }

    /// Reads the first cell of a key ahead.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        match self {
            SlotIndex::Dense(slots) => prefetch(slots, key as usize),
            SlotIndex::Hashed(hashed) => prefetch(&hashed.cells, hashed.home(key) as usize),
        }
    }

    /// The slot of a key.
    #[inline]
    pub fn get(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Option<u32> {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].checked_sub(1),
            SlotIndex::Hashed(hashed) => hashed.probe(key, key_of).ok(),
        }
    }

    /// A slot that is probably the key's, from the first cell alone: good enough to be read ahead.
    #[inline]
    pub fn guess(&self, key: u32) -> u32 {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].wrapping_sub(1),
            SlotIndex::Hashed(hashed) => hashed.cells[hashed.home(key) as usize] & Hashed::SLOT,
        }
    }

    /// Adds a key that is not there.
    #[inline]
    pub fn insert(&mut self, key: u32, slot: u32, key_of: impl Fn(u32) -> u32) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = slot + 1,
            SlotIndex::Hashed(hashed) => {
                if !hashed.insert(key, slot, &key_of) {
                    let mut slots = hashed.to_dense(key_of);
                    slots[key as usize] = slot + 1;
                    *self = SlotIndex::Dense(slots);
                }
            }
        }
    }

    /// Takes out a key that is there, in this slot.
    #[inline]
    pub fn remove(&mut self, key: u32, slot: u32) {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize] = 0,
            SlotIndex::Hashed(hashed) => hashed.remove(key, slot),
        }
    }

    /// The slot of a key, or the place in the index where it would go, which holds until the index changes.
    #[inline]
    pub fn probe(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Result<u32, Place> {
        match self {
            SlotIndex::Dense(slots) => slots[key as usize].checked_sub(1).ok_or(Place(key)),
            SlotIndex::Hashed(hashed) => hashed.probe(key, key_of),
        }
    }

    /// Gives a slot to a key that is not there, at the place where it would go, and takes it from the key that holds
    /// it. Fails, and does nothing, where the place is too far from where the key belongs.
    #[inline]
    pub fn hand_over(&mut self, key: u32, place: Place, slot: u32, holder: u32) -> bool {
        match self {
            SlotIndex::Dense(slots) => {
                slots[key as usize] = slot + 1;
                slots[holder as usize] = 0;
                true
            }
            SlotIndex::Hashed(hashed) => hashed.hand_over(key, place, slot, holder),
        }
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        match self {
            SlotIndex::Dense(slots) => slots.fill(0),
            SlotIndex::Hashed(hashed) => {
                hashed.cells.fill(Hashed::EMPTY);
                hashed.len = 0;
            }
        }
    }
}

/// Where in an index a key would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

/// Linear probing at half load, 4 bytes a cell.
///
/// A cell holds a slot and the lowest 8 bits of the number of the cell where its key belongs. Since no entry is ever
/// that far from home, they tell how far away it is, which is all that a deletion asks, and a search looks at the
/// key of a slot only if it has the same home. So neither touches the entries of other keys.
#[derive(Debug)]
pub struct Hashed {
    /// As many as there are homes, and the way from the last one.
    cells: Vec<u32>,
    homes: u32,
    len: u32,
    /// Number of ids.
    keys: u32,
}

impl Hashed {
    const TAG_SHIFT: u32 = 24;
    const SLOT: u32 = (1 << Self::TAG_SHIFT) - 1;
    const EMPTY: u32 = u32::MAX;
    /// The furthest that an entry may be from its home.
    const REACH: u32 = 255;
    /// Slots must be below.
    const MAX_SLOTS: u32 = Self::SLOT;

    fn new(keys: u32, homes: u64) -> Hashed {
        let homes = homes.clamp(16, u64::from(Self::MAX_SLOTS) * 2) as u32;
        Hashed { cells: vec![Self::EMPTY; (homes + Self::REACH + 1) as usize], homes, len: 0, keys }
    }

    /// Where a key belongs (Fibonacci hashing, scaled to the number of homes).
    #[inline]
    fn home(&self, key: u32) -> u32 {
        ((u64::from(key.wrapping_mul(0x9e37_79b1)) * u64::from(self.homes)) >> 32) as u32
    }

    /// The slot of a key, or the first empty cell from its home on.
    #[inline]
    fn probe(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Result<u32, Place> {
        let home = self.home(key);
        let tag = home << Self::TAG_SHIFT;
        let mut place = home;
        // The last cell is always empty: no entry is that far from home.
        loop {
            let cell = self.cells[place as usize];
            if cell == Self::EMPTY {
                return Err(Place(place));
            }
            if (cell ^ tag) <= Self::SLOT && key_of(cell & Self::SLOT) == key {
                return Ok(cell & Self::SLOT);
            }
            place += 1;
        }
    }

    /// Fails where there is no room for more slots, or none within reach of the key's home.
    #[inline]
    fn insert(&mut self, key: u32, slot: u32, key_of: impl Fn(u32) -> u32) -> bool {
        let roomy = self.len * 2 < self.homes || self.grow(key_of);
        let stored = roomy && slot < Self::MAX_SLOTS && self.put(self.home(key), slot);
        self.len += u32::from(stored);
        stored
    }

    /// Puts a slot as near to its home as possible; fails where that is too far.
    #[inline]
    fn put(&mut self, home: u32, slot: u32) -> bool {
        let reach = &mut self.cells[home as usize..(home + Self::REACH) as usize];
        match reach.iter_mut().find(|cell| **cell == Self::EMPTY) {
            Some(cell) => {
                *cell = home << Self::TAG_SHIFT | slot;
                true
            }
            None => false,
        }
    }

    /// Slots that are held.
    fn slots(&self) -> impl Iterator<Item = u32> {
        self.cells.iter().filter(|&&cell| cell != Self::EMPTY).map(|cell| cell & Self::SLOT)
    }

    /// Takes twice the room; fails where the slots do not fit.
    #[cold]
    fn grow(&mut self, key_of: impl Fn(u32) -> u32) -> bool {
        let mut wider = Hashed::new(self.keys, u64::from(self.homes) * 2);
        let fits =
            wider.homes > self.homes && self.slots().all(|slot| wider.put(wider.home(key_of(slot)), slot));
        if fits {
            wider.len = self.len;
            *self = wider;
        }
        fits
    }

    /// The same as a dense index: it always has room, if only more of it.
    #[cold]
    fn to_dense(&self, key_of: impl Fn(u32) -> u32) -> Vec<u32> {
        let mut dense = vec![0; self.keys as usize];
        self.slots().for_each(|slot| dense[key_of(slot) as usize] = slot + 1);
        dense
    }

    /// A slot is in one cell with the home of its key, so the cell tells by itself whether it is the one.
    #[inline]
    fn remove(&mut self, key: u32, slot: u32) {
        self.len -= 1;
        self.clear_cell(self.home(key), slot);
    }

    /// See [`SlotIndex::hand_over`].
    #[inline]
    fn hand_over(&mut self, key: u32, Place(place): Place, slot: u32, holder: u32) -> bool {
        let home = self.home(key);
        if place - home >= Self::REACH {
            return false;
        }
        self.cells[place as usize] = home << Self::TAG_SHIFT | slot;
        // Where both keys have one home, two cells are the same now, and either may go.
        self.clear_cell(self.home(holder), slot);
        true
    }

    /// Empties the cell of a slot whose key has this home, and moves up what probed past it.
    #[inline]
    fn clear_cell(&mut self, home: u32, slot: u32) {
        let sought = home << Self::TAG_SHIFT | slot;
        let mut hole = home;
        loop {
            match self.cells[hole as usize] {
                cell if cell == sought => break,
                Self::EMPTY => return,
                _ => hole += 1,
            }
        }
        let mut next = hole + 1;
        loop {
            let cell = self.cells[next as usize];
            if cell == Self::EMPTY {
                break;
            }
            let from_home = next.wrapping_sub(cell >> Self::TAG_SHIFT) & 0xff;
            if from_home >= next - hole {
                self.cells[hole as usize] = cell;
                hole = next;
            }
            next += 1;
        }
        self.cells[hole as usize] = Self::EMPTY;
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

        /// Also where many keys have one home, as multiples of the hash's inverse do.
        #[test]
        fn hashed_and_dense_index_agree(steps in prop::collection::vec(0u32..64, 1..500)) {
            let key_of = |slot: u32| if slot < 32 { slot } else { slot.wrapping_mul(INVERSE) };
            let mut dense = SlotIndex::Dense(vec![0; 64]);
            let mut hashed = SlotIndex::Hashed(Hashed::new(u32::MAX, 4));
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
            for slot in 0..64 {
                prop_assert_eq!(dense.get(slot, |slot| slot), hashed.get(key_of(slot), key_of));
            }
        }
    }

    /// Times the multiplier of the hash it is one.
    const INVERSE: u32 = 0x0e8b_2f51;

    #[test]
    fn an_index_becomes_dense_when_a_home_is_out_of_reach() {
        // Keys whose hashes are neighbours all belong to the first cell; below a million there are a few thousand.
        let mut keys: Vec<u32> = (0..1_000_000).collect();
        keys.sort_by_key(|key| key.wrapping_mul(0x9e37_79b1));
        let key_of = |slot: u32| keys[slot as usize];
        let mut index = SlotIndex::Hashed(Hashed::new(1_000_000, 2_000));
        (0..400).for_each(|slot| index.insert(key_of(slot), slot, key_of));
        assert!(matches!(index, SlotIndex::Dense(_)));
        assert!((0..400).all(|slot| index.get(key_of(slot), key_of) == Some(slot)));
    }
}
