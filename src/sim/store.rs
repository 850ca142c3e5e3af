//! The entries of one cache: of a shared tier, or of an instance tier in one instance.

use super::index::SlotIndex;
use crate::dice::Stream;
use crate::policy::eviction::{Policy, Room};
use crate::prefetch::prefetch;
use crate::scenario::model::{Capacity, Nanos, Tier};

/// What travels with a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Handle of the version, see `measure::staleness`.
    pub version: u32,
    /// When it was read from the database.
    pub read_ns: Nanos,
}

/// Columns that only some scenarios need.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub version: bool,
    pub read_at: bool,
    pub delta: bool,
}

/// Entries with their expiry; the rest in columns that exist only where they are used.
///
/// Unbounded stores are arrays over all ids (8 bytes each, and memory that is never touched is never mapped);
/// bounded ones are slots behind an index.
#[derive(Debug)]
pub struct Store {
    capacity: Capacity,
    /// Per slot; zero: empty.
    expiry_ns: Vec<Nanos>,
    version: Vec<u32>,
    read_ns: Vec<Nanos>,
    delta_ns: Vec<Nanos>,
    columns: Columns,
    bounded: Option<Bounded>,
    pub entries: u64,
    pub bytes: u64,
}

#[derive(Debug)]
struct Bounded {
    keys: Vec<u32>,
    index: SlotIndex,
    policy: Policy,
    free: Vec<u32>,
}

/// What a fill did besides storing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub stored: bool,
    pub evicted: u32,
    /// 1 where an expired entry gave way.
    pub expired: u32,
}

/// What a fill leaves in a store.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub key: u32,
    pub value: Value,
    pub expiry_ns: Nanos,
    /// How long the fetch of the value took.
    pub delta_ns: Nanos,
}

impl Store {
    /// `keys` ids may be stored; `stores` of this kind exist; `dice` feeds the eviction policy.
    pub fn new(tier: &Tier, keys: u64, stores: u64, columns: Columns, dice: Stream) -> Store {
        let slots = match tier.capacity {
            Capacity::Unbounded => keys,
            Capacity::Entries(entries) => entries.min(keys),
            Capacity::Bytes(_) => 0,
        } as usize;
        let unbounded = tier.capacity == Capacity::Unbounded;
        let column = |wanted: bool| if wanted && unbounded { slots } else { 0 };
        let room = match tier.capacity {
            Capacity::Entries(entries) => Room::entries_of(entries.min(keys)),
            _ => Room::unknown(),
        };
        let bounded = (!unbounded).then(|| Bounded {
            keys: Vec::with_capacity(slots),
            index: SlotIndex::new(keys, if slots == 0 { 1_024 } else { slots as u64 }, stores),
            policy: Policy::new(tier.eviction, room, dice),
            free: Vec::new(),
        });
        Store {
            capacity: tier.capacity,
            expiry_ns: if unbounded { vec![0; slots] } else { Vec::with_capacity(slots) },
            version: vec![0; column(columns.version)],
            read_ns: vec![0; column(columns.read_at)],
            delta_ns: vec![0; column(columns.delta)],
            columns,
            bounded,
            entries: 0,
            bytes: 0,
        }
    }

    /// The slot of a key, expired or not.
    #[inline]
    pub fn find(&self, key: u32) -> Option<u32> {
        match &self.bounded {
            None => (self.expiry_ns[key as usize] != 0).then_some(key),
            Some(bounded) => bounded.index.get(key, &bounded.keys),
        }
    }

    /// Reads ahead where the entry of a key is.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        match &self.bounded {
            None => prefetch(&self.expiry_ns, key as usize),
            Some(bounded) => bounded.index.prefetch(key),
        }
    }

    #[inline]
    pub fn expiry_ns(&self, slot: u32) -> Nanos {
        self.expiry_ns[slot as usize]
    }

    #[inline]
    pub fn set_expiry_ns(&mut self, slot: u32, expiry_ns: Nanos) {
        self.expiry_ns[slot as usize] = expiry_ns.max(1);
    }

    /// The measured time of the fetch that filled this slot.
    #[inline]
    pub fn delta_ns(&self, slot: u32) -> Nanos {
        if self.columns.delta { self.delta_ns[slot as usize] } else { 0 }
    }

    #[inline]
    pub fn value(&self, slot: u32) -> Value {
        Value {
            version: if self.columns.version { self.version[slot as usize] } else { 0 },
            read_ns: if self.columns.read_at { self.read_ns[slot as usize] } else { 0 },
        }
    }

    /// Tells the eviction policy of a use.
    #[inline]
    pub fn touch(&mut self, slot: u32) {
        if let Some(bounded) = &mut self.bounded {
            bounded.policy.hit(slot);
        }
    }

    /// Takes an entry out. `size` gives the bytes of an entry.
    #[inline]
    pub fn remove(&mut self, key: u32, slot: u32, size: impl Fn(u32) -> u64) {
        self.expiry_ns[slot as usize] = 0;
        self.entries -= 1;
        self.bytes -= size(key);
        if let Some(bounded) = &mut self.bounded {
            bounded.policy.remove(slot);
            bounded.index.remove(key, &bounded.keys);
            bounded.free.push(slot);
        }
    }

    /// Stores a value, over an old one of the same key or after evicting what is in the way.
    #[inline]
    pub fn fill(&mut self, entry: Entry, now: Nanos, size: impl Fn(u32) -> u64) -> Filled {
        let mut filled = Filled { stored: true, evicted: 0, expired: 0 };
        let slot = match self.find(entry.key) {
            // An expired entry gives way to a new one, a live one is overwritten, which is a use.
            Some(slot) if self.expiry_ns(slot) <= now => {
                filled.expired = 1;
                if let Some(bounded) = &mut self.bounded {
                    bounded.policy.remove(slot);
                    bounded.policy.prepare(entry.key);
                    bounded.policy.insert(slot, entry.key);
                }
                slot
            }
            Some(slot) => {
                self.touch(slot);
                slot
            }
            None => {
                let bytes = size(entry.key);
                match self.capacity {
                    Capacity::Unbounded => {}
                    Capacity::Entries(limit) => {
                        self.prepare(entry.key);
                        if self.entries >= limit {
                            self.evict(&size);
                            filled.evicted = 1;
                        }
                    }
                    Capacity::Bytes(limit) => {
                        if bytes > limit {
                            return Filled { stored: false, ..filled };
                        }
                        self.prepare(entry.key);
                        while self.bytes + bytes > limit {
                            self.evict(&size);
                            filled.evicted += 1;
                        }
                    }
                }
                self.entries += 1;
                self.bytes += bytes;
                self.take_slot(entry.key)
            }
        };
        let place = slot as usize;
        self.expiry_ns[place] = entry.expiry_ns.max(1);
        if self.columns.version {
            self.version[place] = entry.value.version;
        }
        if self.columns.read_at {
            self.read_ns[place] = entry.value.read_ns;
        }
        if self.columns.delta {
            self.delta_ns[place] = entry.delta_ns;
        }
        filled
    }

    #[inline]
    fn prepare(&mut self, key: u32) {
        if let Some(bounded) = &mut self.bounded {
            bounded.policy.prepare(key);
        }
    }

    #[inline]
    fn take_slot(&mut self, key: u32) -> u32 {
        let Some(bounded) = &mut self.bounded else { return key };
        let slot = match bounded.free.pop() {
            Some(slot) => {
                bounded.keys[slot as usize] = key;
                slot
            }
            None => {
                bounded.keys.push(key);
                self.expiry_ns.push(0);
                let grow = |wanted: bool| usize::from(wanted);
                self.version.resize(self.version.len() + grow(self.columns.version), 0);
                self.read_ns.resize(self.read_ns.len() + grow(self.columns.read_at), 0);
                self.delta_ns.resize(self.delta_ns.len() + grow(self.columns.delta), 0);
                bounded.keys.len() as u32 - 1
            }
        };
        bounded.policy.insert(slot, key);
        bounded.index.insert(key, slot, &bounded.keys);
        slot
    }

    #[inline]
    fn evict(&mut self, size: &impl Fn(u32) -> u64) {
        if let Some(bounded) = &mut self.bounded {
            let slot = bounded.policy.victim();
            let key = bounded.keys[slot as usize];
            if let Some(next) = bounded.policy.next_victim()
                && let Some(&next) = bounded.keys.get(next as usize)
            {
                bounded.index.prefetch(next);
            }
            bounded.index.remove(key, &bounded.keys);
            bounded.free.push(slot);
            self.expiry_ns[slot as usize] = 0;
            self.entries -= 1;
            self.bytes -= size(key);
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        let taken: Vec<u32> = match &self.bounded {
            None => Vec::new(),
            Some(_) => {
                (0..self.expiry_ns.len() as u32).filter(|&slot| self.expiry_ns[slot as usize] != 0).collect()
            }
        };
        self.expiry_ns.fill(0);
        if let Some(bounded) = &mut self.bounded {
            bounded.index.clear();
            for slot in taken {
                bounded.policy.remove(slot);
                bounded.free.push(slot);
            }
        }
        self.entries = 0;
        self.bytes = 0;
    }

    /// Keys present, expired ones included.
    pub fn keys(&self) -> impl Iterator<Item = u32> {
        let taken = self.expiry_ns.iter().enumerate().filter(|slot| *slot.1 != 0).map(|slot| slot.0);
        taken.map(|slot| self.bounded.as_ref().map_or(slot as u32, |bounded| bounded.keys[slot]))
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.expiry_ns.iter().zip(&self.version).filter(|slot| *slot.0 != 0).map(|slot| *slot.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;
    use crate::scenario::model::{Eviction, Jitter, Refresh, Scope, Ttl};
    use proptest::prelude::*;

    fn tier(capacity: Capacity) -> Tier {
        Tier {
            name: "t".into(),
            scope: Scope::Instance { access_ns: 0 },
            capacity,
            eviction: Eviction::Lru,
            ttl: Ttl::None,
            jitter: Jitter::None,
            sliding: false,
            refresh: Refresh::None,
            negative_ttl_ns: None,
            entry_overhead_bytes: 0,
            prefill: None,
        }
    }

    proptest! {
        /// Whatever happens, the books agree with the entries and the capacity holds.
        #[test]
        fn books_agree(
            capacity in prop_oneof![
                Just(Capacity::Unbounded), (1u64..20).prop_map(Capacity::Entries), (50u64..500).prop_map(Capacity::Bytes),
            ],
            steps in prop::collection::vec((0u8..20, 0u32..64), 1..400),
        ) {
            let size = |key: u32| u64::from(key) + 5;
            let columns = Columns { version: true, read_at: true, delta: true };
            let mut store = Store::new(&tier(capacity), 64, 1, columns, stream(1, 0, "test"));
            for (step, key) in steps {
                match (step, store.find(key)) {
                    (0, _) => store.clear(),
                    (1..5, Some(slot)) => store.remove(key, slot, size),
                    (1..5, None) => {}
                    _ => {
                        let value = Value { version: key, read_ns: u64::from(key) };
                        if store.fill(Entry { key, value, expiry_ns: 1_000, delta_ns: 7 }, 0, size).stored {
                            let slot = store.find(key).unwrap();
                            prop_assert_eq!(store.value(slot), value);
                        }
                    }
                }
                let keys: Vec<u32> = store.keys().collect();
                prop_assert_eq!(keys.len() as u64, store.entries);
                prop_assert_eq!(keys.iter().map(|&key| size(key)).sum::<u64>(), store.bytes);
                prop_assert!(keys.iter().all(|&key| store.find(key).is_some()));
                match capacity {
                    Capacity::Unbounded => {}
                    Capacity::Entries(limit) => prop_assert!(store.entries <= limit),
                    Capacity::Bytes(limit) => prop_assert!(store.bytes <= limit),
                }
            }
        }
    }
}
