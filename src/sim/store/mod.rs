//! The entries of one cache: of a shared tier, or of an instance tier in one instance.

mod bytes;
mod chunks;
pub mod index;

use self::chunks::Home;
use self::index::SlotIndex;
use crate::dice::Stream;
use crate::model::{Capacity, Nanos, Redis, Tier};
use crate::policy::eviction::{Evict, Policy, Room, WithPolicy};
use crate::policy::own::Policies;
use crate::policy::redis::memory::Allocator;
use crate::policy::redis::{Cycle, Effort, Keyspace, New, Settings};
use crate::prefetch::prefetch;

/// Data that travel with a value.
///
/// Without padding: a copy takes padding and version together, and would wait for the store of the version alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, packed(4))]
pub struct Value {
    /// When it was read from the database.
    pub read_ns: Nanos,
    /// Handle of the version, see `measure::staleness`.
    pub version: u32,
}

/// Columns that only some scenarios need.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub version: bool,
    pub read_at: bool,
    pub delta: bool,
}

/// Entries with their expiry; fields that only some scenarios need are in columns that exist only there.
///
/// Unbounded stores are arrays over all ids (8 bytes each, and memory that is never touched is never mapped);
/// bounded ones are slots behind an index.
#[derive(Debug)]
pub struct Store {
    capacity: Capacity,
    kept: Kept,
    read_ns: Vec<Nanos>,
    delta_ns: Vec<Nanos>,
    columns: Columns,
    books: Books,
}

/// Totals of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub entries: u64,
    pub bytes: u64,
}

/// With a tag of its own: one in the niche of a capacity takes eight instructions to read.
#[derive(Debug)]
#[repr(u8)]
enum Kept {
    /// By key; expiry zero: empty.
    Unbounded {
        expiry_ns: Vec<Nanos>,
        version: Vec<u32>,
    },
    Bounded(Bounded),
    Redis(Box<Keyspace>),
}

#[derive(Debug)]
struct Bounded {
    slots: Slots,
    policy: Policy,
}

/// Numbered places for entries, and which key is where.
#[derive(Debug)]
struct Slots {
    slots: Vec<Slot>,
    index: SlotIndex,
    free: Vec<u32>,
}

/// The part of an entry that every lookup reads, in a quarter of a cache line.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Zero: empty.
    expiry_ns: Nanos,
    /// Version in the upper half, key in the lower. One word, since what is stored in pieces cannot be forwarded to
    /// the load of the whole.
    held: u64,
}

impl Slot {
    #[inline]
    fn new(expiry_ns: Nanos, key: u32, version: u32) -> Slot {
        Slot { expiry_ns, held: u64::from(version) << 32 | u64::from(key) }
    }

    #[inline]
    fn key(self) -> u32 {
        self.held as u32
    }

    #[inline]
    fn version(self) -> u32 {
        (self.held >> 32) as u32
    }
}

/// How many bytes entries take.
pub trait Size {
    /// The entry of a key.
    fn of(&self, key: u32) -> u64;

    /// Whether all take the same.
    #[inline]
    fn are_alike(&self) -> bool {
        false
    }
}

impl<F: Fn(u32) -> u64> Size for F {
    #[inline]
    fn of(&self, key: u32) -> u64 {
        self(key)
    }
}

/// Side effects of a fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub stored: bool,
    pub evicted: u32,
    /// 1 where an expired entry gave way.
    pub expired: u32,
}

/// The entry that a fill leaves in a store.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub key: u32,
    pub value: Value,
    pub expiry_ns: Nanos,
    /// How long the fetch of the value took.
    pub delta_ns: Nanos,
}

impl Store {
    /// `keys` ids may be stored; `stores` of this kind exist; `dice` feeds the eviction policy, which may be one of `own`.
    pub fn new(tier: &Tier, keys: u64, stores: u64, columns: Columns, dice: Stream, own: &Policies) -> Store {
        let policy = |room: Room, dice: Stream| match own.make_eviction(&tier.name, room, &dice) {
            Some(own) => Policy::Own(Box::new(own)),
            None => Policy::new(tier.eviction, room, dice),
        };
        let (kept, slots) = match (tier.redis, tier.capacity) {
            (Some(redis), capacity) => (Kept::redis(redis, capacity, dice), 0),
            (None, Capacity::Unbounded) => {
                let versions = if columns.version { keys } else { 0 };
                let (expiry_ns, version) = (vec![0; keys as usize], vec![0; versions as usize]);
                (Kept::Unbounded { expiry_ns, version }, keys as usize)
            }
            (None, Capacity::Entries(entries)) => {
                let entries = entries.min(keys);
                (Kept::bounded(keys, entries, stores, policy(Room::entries_of(entries), dice)), 0)
            }
            (None, Capacity::Bytes(_)) => {
                (Kept::bounded(keys, 1_024.min(keys), stores, policy(Room::unknown(), dice)), 0)
            }
        };
        let column = |wanted: bool| vec![0; if wanted { slots } else { 0 }];
        Store {
            capacity: tier.capacity,
            kept,
            read_ns: column(columns.read_at),
            delta_ns: column(columns.delta),
            columns,
            books: Books::default(),
        }
    }

    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Another capacity, of the same unit; what is too much leaves with the next fills.
    pub fn resize(&mut self, capacity: Capacity) {
        self.capacity = capacity;
        if let (Kept::Redis(keyspace), Capacity::Bytes(bytes)) = (&mut self.kept, capacity) {
            keyspace.set_limit_bytes(bytes);
        }
    }

    /// Its totals, expired entries included.
    pub fn books(&self) -> Books {
        match &self.kept {
            Kept::Redis(keyspace) => Books { entries: keyspace.len(), bytes: keyspace.bytes() },
            _ => self.books,
        }
    }

    /// Bytes in the books that belong to no entry.
    pub fn table_bytes(&self) -> u64 {
        match &self.kept {
            Kept::Redis(keyspace) => keyspace.table_bytes(),
            _ => 0,
        }
    }

    /// How many entries have expired and still take memory, where somebody keeps track.
    pub fn count_expired(&self, now: Nanos) -> Option<u64> {
        match &self.kept {
            Kept::Redis(keyspace) => Some(keyspace.count_expired(now)),
            _ => None,
        }
    }

    /// A cycle of active expiry, where there is such a thing.
    pub fn expire(
        &mut self,
        effort: Effort,
        now: Nanos,
        grace_ns: Nanos,
        size: impl Fn(u32) -> u64,
    ) -> Cycle {
        match &mut self.kept {
            Kept::Redis(keyspace) => keyspace.expire(effort, now, grace_ns, size),
            _ => Cycle::default(),
        }
    }

    /// Slot and expiry of a key, expired or not.
    #[inline(always)]
    pub fn find(&self, key: u32) -> Option<(u32, Nanos)> {
        match &self.kept {
            Kept::Unbounded { expiry_ns, .. } => match expiry_ns[key as usize] {
                0 => None,
                at_ns => Some((key, at_ns)),
            },
            Kept::Bounded(bounded) => {
                let slot = bounded.slots.find(key)?;
                Some((slot, bounded.slots.slots[slot as usize].expiry_ns))
            }
            Kept::Redis(keyspace) => keyspace.find(key).map(|slot| (slot, keyspace.expiry_ns(slot))),
        }
    }

    /// The same for a key that is probably in this slot.
    #[inline(always)]
    pub fn find_near(&self, key: u32, guess: u32) -> Option<(u32, Nanos)> {
        if let Kept::Bounded(bounded) = &self.kept
            && let Some(slot) = bounded.slots.slots.get(guess as usize)
            && slot.key() == key
            && slot.expiry_ns != 0
        {
            return Some((guess, slot.expiry_ns));
        }
        self.find_anew(key)
    }

    /// [`Store::find`] out of line: what it prepares is not needed where the entry was where it was thought to be.
    #[inline(never)]
    fn find_anew(&self, key: u32) -> Option<(u32, Nanos)> {
        self.find(key)
    }

    /// Reads ahead where a lookup begins.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        match &self.kept {
            Kept::Unbounded { expiry_ns, .. } => prefetch(expiry_ns, key as usize),
            Kept::Bounded(bounded) => bounded.slots.index.prefetch(key),
            Kept::Redis(keyspace) => keyspace.prefetch(key),
        }
    }

    /// Reads ahead where a lookup goes on, some time after [`Store::prefetch`]; returns where the entry probably is.
    #[inline(always)]
    pub fn prefetch_entry(&self, key: u32) -> u32 {
        let slot = match &self.kept {
            Kept::Bounded(Bounded { slots: Slots { slots, index, .. }, policy }) => {
                let slot = index.guess(key);
                prefetch(slots, slot as usize);
                policy.read_ahead_hit(slot);
                slot
            }
            Kept::Unbounded { version, .. } => {
                if self.columns.version {
                    prefetch(version, key as usize);
                }
                key
            }
            Kept::Redis(keyspace) => {
                keyspace.prefetch_entry(key);
                key
            }
        };
        if self.columns.delta {
            prefetch(&self.delta_ns, slot as usize);
        }
        slot
    }

    #[inline]
    pub fn expiry_ns(&self, slot: u32) -> Nanos {
        match &self.kept {
            Kept::Unbounded { expiry_ns, .. } => expiry_ns[slot as usize],
            Kept::Bounded(bounded) => bounded.slots.slots[slot as usize].expiry_ns,
            Kept::Redis(keyspace) => keyspace.expiry_ns(slot),
        }
    }

    #[inline]
    pub fn set_expiry_ns(&mut self, slot: u32, at_ns: Nanos) {
        match &mut self.kept {
            Kept::Unbounded { expiry_ns, .. } => expiry_ns[slot as usize] = at_ns.max(1),
            Kept::Bounded(bounded) => bounded.slots.slots[slot as usize].expiry_ns = at_ns.max(1),
            Kept::Redis(keyspace) => keyspace.set_expiry_ns(slot, at_ns.max(1)),
        }
    }

    /// The measured time of the fetch that filled this slot.
    #[inline]
    pub fn delta_ns(&self, slot: u32) -> Nanos {
        if self.columns.delta { self.delta_ns[slot as usize] } else { 0 }
    }

    #[inline]
    pub fn value(&self, slot: u32) -> Value {
        let version = match &self.kept {
            Kept::Unbounded { version, .. } => version.get(slot as usize).copied().unwrap_or_default(),
            Kept::Bounded(bounded) => bounded.slots.slots[slot as usize].version(),
            Kept::Redis(keyspace) => keyspace.version(slot),
        };
        Value { version, read_ns: if self.columns.read_at { self.read_ns[slot as usize] } else { 0 } }
    }

    /// Reports a use to the eviction policy.
    #[inline]
    pub fn touch(&mut self, slot: u32, now: Nanos) {
        match &mut self.kept {
            Kept::Unbounded { .. } => {}
            Kept::Bounded(bounded) => bounded.policy.hit(slot),
            Kept::Redis(keyspace) => keyspace.touch(slot, now),
        }
    }

    /// Takes an entry out. `size` gives the bytes of an entry.
    #[inline]
    pub fn remove(&mut self, key: u32, slot: u32, size: impl Fn(u32) -> u64) {
        if let Kept::Redis(keyspace) = &mut self.kept {
            return keyspace.remove(slot, size(key));
        }
        self.books.entries -= 1;
        self.books.bytes -= size(key);
        match &mut self.kept {
            Kept::Unbounded { expiry_ns, .. } => expiry_ns[slot as usize] = 0,
            Kept::Bounded(bounded) => {
                bounded.policy.remove(slot);
                bounded.slots.forget(key, slot);
                bounded.slots.free.push(slot);
            }
            Kept::Redis(_) => {}
        }
    }

    /// Stores a value, over an old one of the same key or after evicting what is in the way.
    #[inline]
    pub fn fill(&mut self, entry: Entry, now: Nanos, size: impl Size) -> Filled {
        self.fill_telling(entry, now, size, |_| ())
    }

    /// The same, with the keys that are evicted.
    #[inline(always)]
    pub fn fill_telling(
        &mut self,
        entry: Entry,
        now: Nanos,
        size: impl Size,
        evicted: impl FnMut(u32),
    ) -> Filled {
        let at_ns = entry.expiry_ns.max(1);
        let (slot, filled) = match &mut self.kept {
            Kept::Unbounded { expiry_ns, version } => {
                let held = std::mem::replace(&mut expiry_ns[entry.key as usize], at_ns);
                if let Some(version) = version.get_mut(entry.key as usize) {
                    *version = entry.value.version;
                }
                if held == 0 {
                    self.books.entries += 1;
                    self.books.bytes += size.of(entry.key);
                }
                let expired = u32::from(held != 0 && held <= now);
                (entry.key, Filled { stored: true, evicted: 0, expired })
            }
            Kept::Bounded(Bounded { slots, policy }) => {
                let slot = Slot::new(at_ns, entry.key, entry.value.version);
                let (books, capacity) = (&mut self.books, self.capacity);
                policy.with(|| Fill { slots, books, capacity, slot, now, size, evicted })
            }
            Kept::Redis(keyspace) => {
                let new = New { key: entry.key, version: entry.value.version, expiry_ns: at_ns };
                let done = keyspace.fill(new, now, |key| size.of(key), evicted);
                let (stored, expired) = (done.slot.is_some(), u32::from(done.expired));
                (done.slot.unwrap_or(0), Filled { stored, evicted: done.evicted, expired })
            }
        };
        if filled.stored && (self.columns.read_at || self.columns.delta) {
            self.write_columns(slot as usize, entry);
        }
        filled
    }

    fn write_columns(&mut self, place: usize, entry: Entry) {
        let columns = [
            (self.columns.read_at, &mut self.read_ns, entry.value.read_ns),
            (self.columns.delta, &mut self.delta_ns, entry.delta_ns),
        ];
        for (_, column, value) in columns.into_iter().filter(|column| column.0) {
            if place >= column.len() {
                column.resize(place + 1, 0);
            }
            column[place] = value;
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        match &mut self.kept {
            Kept::Unbounded { expiry_ns, .. } => expiry_ns.fill(0),
            Kept::Bounded(Bounded { slots: Slots { slots, index, free }, policy }) => {
                index.clear();
                for (slot, held) in slots.iter_mut().enumerate().filter(|slot| slot.1.expiry_ns != 0) {
                    held.expiry_ns = 0;
                    policy.remove(slot as u32);
                    free.push(slot as u32);
                }
            }
            Kept::Redis(keyspace) => keyspace.clear(),
        }
        self.books = Books::default();
    }

    fn places(&self) -> usize {
        match &self.kept {
            Kept::Unbounded { expiry_ns, .. } => expiry_ns.len(),
            Kept::Bounded(bounded) => bounded.slots.slots.len(),
            Kept::Redis(keyspace) => keyspace.slots(),
        }
    }

    /// Slots in use.
    fn taken(&self) -> impl Iterator<Item = u32> {
        (0..self.places() as u32).filter(|&slot| self.expiry_ns(slot) != 0)
    }

    /// Keys present, expired ones included.
    pub fn keys(&self) -> impl Iterator<Item = u32> {
        self.taken().map(|slot| match &self.kept {
            Kept::Unbounded { .. } => slot,
            Kept::Bounded(bounded) => bounded.slots.slots[slot as usize].key(),
            Kept::Redis(keyspace) => keyspace.key(slot),
        })
    }

    /// Entries, expired ones included.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.taken().zip(self.keys()).map(|(slot, key)| Entry {
            key,
            value: self.value(slot),
            expiry_ns: self.expiry_ns(slot),
            delta_ns: self.delta_ns(slot),
        })
    }

    /// Expiry of whatever is at a place chosen by a number at random; none where nothing is.
    pub fn expiry_at_random(&self, random: u32) -> Option<Nanos> {
        let places = self.places();
        let place = ((u64::from(random) * places as u64) >> 32) as u32;
        (places > 0).then(|| self.expiry_ns(place)).filter(|&at_ns| at_ns != 0)
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.taken().map(|slot| self.value(slot).version)
    }
}

impl Kept {
    fn redis(redis: Redis, capacity: Capacity, dice: Stream) -> Kept {
        let limit_bytes = match capacity {
            Capacity::Bytes(bytes) => Some(bytes),
            _ => None,
        };
        let settings = Settings {
            eviction: redis.eviction,
            samples: redis.samples,
            limit_bytes,
            allocator: redis.quantum_bytes.map(|quantum_bytes| Allocator { quantum_bytes }),
        };
        Kept::Redis(Box::new(Keyspace::new(settings, dice)))
    }

    fn bounded(keys: u64, slots: u64, stores: u64, policy: Policy) -> Kept {
        Kept::Bounded(Bounded {
            slots: Slots {
                slots: Vec::with_capacity(slots as usize),
                index: SlotIndex::new(keys, slots, stores),
                free: Vec::new(),
            },
            policy,
        })
    }
}

impl Slots {
    #[inline]
    fn find(&self, key: u32) -> Option<u32> {
        self.index.get(key, |slot| self.slots[slot as usize].key())
    }

    /// Slot of a key, or where in the index it would go.
    #[inline]
    fn probe(&self, key: u32) -> Result<u32, Home> {
        self.index.probe(key, |slot| self.slots[slot as usize].key())
    }

    /// Adds a key that is not there to the index.
    fn index_new(&mut self, key: u32, slot: u32) {
        self.index.insert(key, slot, |slot| self.slots[slot as usize].key());
    }

    /// The memory that the next evictions touch: the key of the one after next, and with the key of the next, which was read
    /// ahead so before, its place in the index.
    #[inline]
    fn read_ahead<P: Evict>(&self, policy: &P) {
        if let Some([next, after_next]) = policy.next_victims() {
            if let Some(next) = self.slots.get(next as usize) {
                self.index.prefetch(next.key());
            }
            prefetch(&self.slots, after_next as usize);
            policy.read_ahead_hit(after_next);
        }
    }

    /// Takes a key out of the index and leaves its slot empty.
    #[inline]
    fn forget(&mut self, key: u32, slot: u32) {
        self.index.remove(key, slot);
        self.slots[slot as usize].expiry_ns = 0;
    }
}

/// Stores an entry in slots under a policy.
struct Fill<'s, S, E> {
    slots: &'s mut Slots,
    books: &'s mut Books,
    capacity: Capacity,
    slot: Slot,
    now: Nanos,
    size: S,
    evicted: E,
}

impl<S: Size, E: FnMut(u32)> WithPolicy for Fill<'_, S, E> {
    type Output = (u32, Filled);

    #[inline(always)]
    fn run<P: Evict>(self, policy: &mut P) -> (u32, Filled) {
        let Fill { slots, books, capacity, slot: new, now, size, mut evicted } = self;
        let mut filled = Filled { stored: true, evicted: 0, expired: 0 };
        let home = match slots.probe(new.key()) {
            Ok(slot) => {
                let held = std::mem::replace(&mut slots.slots[slot as usize], new);
                // An expired entry gives way to a new one, a live one is overwritten, which is a use.
                if held.expiry_ns <= now {
                    filled.expired = 1;
                    policy.remove(slot);
                    policy.prepare(new.key());
                    policy.insert(slot, new.key());
                } else {
                    policy.hit(slot);
                }
                return (slot, filled);
            }
            Err(home) => home,
        };
        let Capacity::Entries(limit) = capacity else {
            return Fill { slots, books, capacity, slot: new, now, size, evicted }.make_room(policy);
        };
        // A store that was made smaller has more than one to give up.
        if books.entries != limit {
            return Fill { slots, books, capacity, slot: new, now, size, evicted }.make_room(policy);
        }
        // Mostly it is full: the new entry takes the slot of one that leaves.
        policy.prepare(new.key());
        let slot = policy.replace(new.key());
        let left = std::mem::replace(&mut slots.slots[slot as usize], new).key();
        slots.index.hand_over(new.key(), home, slot, left);
        if !size.are_alike() {
            books.bytes = books.bytes - size.of(left) + size.of(new.key());
        }
        filled.evicted = 1;
        evicted(left);
        slots.read_ahead(policy);
        (slot, filled)
    }
}

impl<S: Size, E: FnMut(u32)> Fill<'_, S, E> {
    /// Stores an entry that is not there after evicting none, or as many as are in the way.
    #[inline(never)]
    fn make_room<P: Evict>(self, policy: &mut P) -> (u32, Filled) {
        let Fill { slots, books, capacity, slot: new, size, mut evicted, .. } = self;
        let mut filled = Filled { stored: true, evicted: 0, expired: 0 };
        let bytes = size.of(new.key());
        if let Capacity::Bytes(limit) = capacity
            && bytes > limit
        {
            return (0, Filled { stored: false, ..filled });
        }
        policy.prepare(new.key());
        // In registers: half a pair that was just written would hold up the load of the pair.
        let mut held = *books;
        while match capacity {
            Capacity::Unbounded => false,
            Capacity::Entries(limit) => held.entries >= limit,
            Capacity::Bytes(limit) => held.bytes + bytes > limit,
        } || policy.takes_more()
        {
            let victim = policy.victim();
            let key = slots.slots[victim as usize].key();
            slots.forget(key, victim);
            slots.free.push(victim);
            held.entries -= 1;
            held.bytes -= size.of(key);
            filled.evicted += 1;
            evicted(key);
        }
        let slot = match slots.free.pop() {
            Some(slot) => {
                slots.slots[slot as usize] = new;
                slot
            }
            None => {
                slots.slots.push(new);
                slots.slots.len() as u32 - 1
            }
        };
        *books = Books { entries: held.entries + 1, bytes: held.bytes + bytes };
        if let Capacity::Bytes(_) = capacity {
            policy.weigh(slot, bytes);
        }
        policy.insert(slot, new.key());
        slots.index_new(new.key(), slot);
        slots.read_ahead(policy);
        (slot, filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;
    use crate::model::{Admit, Eviction, Jitter, Refresh, Scope, Ttl};
    use proptest::prelude::*;

    fn tier(capacity: Capacity) -> Tier {
        Tier {
            name: "t".into(),
            scope: Scope::Instance { access_ns: 0 },
            capacity,
            eviction: Eviction::Lru,
            ttl: Ttl::None,
            recorded_ttl: None,
            jitter: Jitter::None,
            sliding: false,
            refresh: Refresh::None,
            negative_ttl_ns: None,
            entry_overhead_bytes: 0,
            prefill: None,
            redis: None,
            fail_safe: None,
            fill: true,
            admit: Admit::All,
            hit_for_miss_ns: None,
            key_version: 1,
        }
    }

    /// 30 bytes hold a large and a small entry; another small one evicts the large one under GDSF, the older small one under LRU.
    #[test]
    fn gdsf_is_given_the_bytes() {
        let size = |key: u32| if key == 1 { 20 } else { 8 };
        for (eviction, left) in [(Eviction::Gdsf, vec![0, 2]), (Eviction::Lru, vec![1, 2])] {
            let tier = Tier { eviction, ..tier(Capacity::Bytes(30)) };
            let columns = Columns { version: false, read_at: false, delta: false };
            let mut store = Store::new(&tier, 64, 1, columns, stream(1, 0, "test"), &Policies::new());
            for key in 0..3 {
                let value = Value { version: 0, read_ns: 0 };
                store.fill(Entry { key, value, expiry_ns: 1_000, delta_ns: 0 }, 0, size);
            }
            let mut keys: Vec<u32> = store.keys().collect();
            keys.sort_unstable();
            assert_eq!(keys, left, "{eviction:?}");
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
            let mut store = Store::new(&tier(capacity), 64, 1, columns, stream(1, 0, "test"), &Policies::new());
            for (step, key) in steps {
                match (step, store.find(key)) {
                    (0, _) => store.clear(),
                    (1..5, Some((slot, _))) => store.remove(key, slot, size),
                    (1..5, None) => {}
                    _ => {
                        let value = Value { version: key, read_ns: u64::from(key) };
                        if store.fill(Entry { key, value, expiry_ns: 1_000, delta_ns: 7 }, 0, size).stored {
                            let (slot, _) = store.find(key).unwrap();
                            prop_assert_eq!(store.value(slot), value);
                        }
                    }
                }
                let keys: Vec<u32> = store.keys().collect();
                prop_assert_eq!(keys.len() as u64, store.books().entries);
                prop_assert_eq!(keys.iter().map(|&key| size(key)).sum::<u64>(), store.books().bytes);
                prop_assert!(keys.iter().all(|&key| store.find(key).is_some()));
                match capacity {
                    Capacity::Unbounded => {}
                    Capacity::Entries(limit) => prop_assert!(store.books().entries <= limit),
                    Capacity::Bytes(limit) => prop_assert!(store.books().bytes <= limit),
                }
            }
        }
    }
}
