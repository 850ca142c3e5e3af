//! The keys of a Redis server: which of them leave when memory is short, and how expired ones are found.
//!
//! Follows `evict.c`, `expire.c` and `dict.c` of Redis 7.0: eviction samples a few keys from a run of neighbouring
//! buckets, keeps the best of them in a pool of 16 across evictions, and takes the best that is still there. LRU
//! compares a clock of one second, LFU a logarithmic counter of 8 bits that loses one per minute. The active-expiry
//! cycle sweeps the table of expiries, 20 keys at a time, and goes on while more than a tenth of them were dead.
//!
//! Left out: more than one database, the wrap-around of the clocks (after 194 and 45 days), the fast cycle between
//! commands, and the time that rehashing takes, while both tables are there.

pub mod dict;
pub mod memory;

use rand::Rng as _;

use crate::dice::{Stream, mix, unit_open_zero};
use crate::model::{Nanos, RedisEviction};
use crate::prefetch::prefetch;
use dict::Dict;
use memory::{Allocator, BUCKET_BYTES};

/// Candidates kept across evictions (`EVPOOL_SIZE`).
const POOL: usize = 16;
/// Resolution of the clock that LRU compares.
const LRU_CLOCK_NS: Nanos = 1_000_000_000;
/// A counter of uses loses one in this time (`lfu-decay-time`).
const LFU_DECAY_NS: Nanos = 60_000_000_000;
/// Initial counter of a new key (`LFU_INIT_VAL`).
const LFU_START: u32 = 5;
/// `lfu-log-factor`.
const LFU_LOG_FACTOR: f64 = 10.0;
/// Keys of one round of the active-expiry cycle, and what `effort` adds to them.
const KEYS_PER_ROUND: u64 = 20;
/// Share of dead keys in a round, in percent, up to which the cycle ends; `effort` takes one off each.
const ACCEPTABLE_STALE: u64 = 10;
/// Share of the time between two cycles, in percent, that one may take; `effort` adds two each.
const CYCLE_TIME: u64 = 25;
/// The time is looked at once in so many rounds.
const ROUNDS_PER_LOOK: u64 = 16;

/// One key; `expiry_ns` zero: an empty slot.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    expiry_ns: Nanos,
    key: u32,
    version: u32,
    /// LRU: the clock at the last use. LFU: minutes, then 8 bits of the counter.
    access: u32,
}

impl Held {
    fn is_volatile(self) -> bool {
        self.expiry_ns != Nanos::MAX
    }
}

/// An entry to store.
#[derive(Clone, Copy, Debug)]
pub struct New {
    pub key: u32,
    pub version: u32,
    /// `Nanos::MAX`: never expires.
    pub expiry_ns: Nanos,
}

/// Outcome of a SET.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Where the key is now; `None`: out of memory, nothing was stored.
    pub slot: Option<u32>,
    pub evicted: u32,
    /// An expired entry of the same key gave way.
    pub expired: bool,
}

/// Outcome of an active-expiry cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    pub examined: u64,
    pub expired: u64,
}

/// How thorough a cycle is.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// 1 to 10 (`active-expire-effort`).
    pub effort: u32,
    /// Time between two cycles.
    pub every_ns: Nanos,
    /// Time that one key takes; 0: a cycle is never cut short.
    pub per_key_ns: f64,
}

/// Settings of a keyspace.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub eviction: RedisEviction,
    /// Keys looked at per eviction (`maxmemory-samples`).
    pub samples: u32,
    /// `maxmemory`, less what an empty server takes.
    pub limit_bytes: Option<u64>,
    /// Whose tables count as memory too; `None`: entries take the size that the caller gives, tables nothing.
    pub allocator: Option<Allocator>,
}

/// Keys, their expiries and their state in the eviction policy.
#[derive(Debug)]
pub struct Keyspace {
    settings: Settings,
    held: Vec<Held>,
    free: Vec<u32>,
    all: Dict,
    expires: Dict,
    /// Of the entries, without tables.
    entry_bytes: u64,
    /// (score, key), the best to evict last.
    pool: Vec<(u64, u32)>,
    /// Where the sweep of the expiries stands.
    cursor: u64,
    hash_seed: u64,
    dice: Stream,
    sampled: Vec<u32>,
}

impl Keyspace {
    /// An empty one; `dice` is a stream of its own.
    pub fn new(settings: Settings, mut dice: Stream) -> Keyspace {
        Keyspace {
            settings,
            held: Vec::new(),
            free: Vec::new(),
            all: Dict::default(),
            expires: Dict::default(),
            entry_bytes: 0,
            pool: Vec::with_capacity(POOL),
            cursor: 0,
            hash_seed: dice.next_u64(),
            dice,
            sampled: Vec::new(),
        }
    }

    /// Another `maxmemory`; what is too much leaves with the next SETs.
    pub fn set_limit_bytes(&mut self, bytes: u64) {
        self.settings.limit_bytes = Some(bytes);
    }

    /// Keys, expired ones included.
    pub fn len(&self) -> u64 {
        self.all.used()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys with a time to live, expired ones included.
    pub fn volatile(&self) -> u64 {
        self.expires.used()
    }

    /// All the memory that is used.
    pub fn bytes(&self) -> u64 {
        self.entry_bytes + self.table_bytes()
    }

    /// Of [`Keyspace::bytes`], what tables and expiries take.
    pub fn table_bytes(&self) -> u64 {
        match self.settings.allocator {
            Some(allocator) => {
                (self.all.buckets() + self.expires.buckets()) * BUCKET_BYTES
                    + self.expires.used() * allocator.expiry_bytes()
            }
            None => 0,
        }
    }

    /// Where a key is, expired or not.
    #[inline]
    pub fn find(&self, key: u32) -> Option<u32> {
        self.all.find(self.hash(key), |slot| self.held[slot as usize].key == key)
    }

    /// Reads ahead where a lookup of the key begins.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        self.all.prefetch(self.hash(key));
    }

    /// Reads ahead where a lookup goes on, some time after [`Keyspace::prefetch`].
    #[inline]
    pub fn prefetch_entry(&self, key: u32) {
        if let Some(slot) = self.all.guess(self.hash(key)) {
            prefetch(&self.held, slot as usize);
        }
    }

    #[inline]
    pub fn expiry_ns(&self, slot: u32) -> Nanos {
        self.held[slot as usize].expiry_ns
    }

    #[inline]
    pub fn version(&self, slot: u32) -> u32 {
        self.held[slot as usize].version
    }

    #[inline]
    pub fn key(&self, slot: u32) -> u32 {
        self.held[slot as usize].key
    }

    /// Slots that were ever used, empty ones included.
    pub fn slots(&self) -> usize {
        self.held.len()
    }

    /// How many keys have expired and still take memory.
    pub fn count_expired(&self, now: Nanos) -> u64 {
        self.held.iter().filter(|held| held.expiry_ns != 0 && held.expiry_ns <= now).count() as u64
    }

    /// A new time to live.
    pub fn set_expiry_ns(&mut self, slot: u32, expiry_ns: Nanos) {
        let was = std::mem::replace(&mut self.held[slot as usize].expiry_ns, expiry_ns);
        self.note_expiry(slot, was != Nanos::MAX);
    }

    /// A lookup found the key.
    #[inline]
    pub fn touch(&mut self, slot: u32, now: Nanos) {
        let access = self.held[slot as usize].access;
        self.held[slot as usize].access = if self.settings.eviction.counts_uses() {
            let counter = counter_at(access, now);
            minutes(now) << 8 | incremented(counter, &mut self.dice)
        } else {
            lru_clock(now)
        };
    }

    /// Deletes a key.
    pub fn remove(&mut self, slot: u32, bytes: u64) {
        let held = self.held[slot as usize];
        let hash = self.hash(held.key);
        let (entries, seed) = (&self.held, self.hash_seed);
        let hash_of = |slot: u32| mix(u64::from(entries[slot as usize].key) ^ seed);
        if held.is_volatile() {
            self.expires.remove(slot, hash, hash_of);
        }
        self.all.remove(slot, hash, hash_of);
        self.held[slot as usize].expiry_ns = 0;
        self.free.push(slot);
        self.entry_bytes -= bytes;
    }

    /// A SET, over an old value or after evicting what is in the way. `size` gives the bytes of a key's entry; `evicted` is
    /// told the keys that give way.
    pub fn fill(
        &mut self,
        new: New,
        now: Nanos,
        size: impl Fn(u32) -> u64,
        mut evicted: impl FnMut(u32),
    ) -> Stored {
        let mut stored = Stored::default();
        let bytes = size(new.key);
        if let Some(slot) = self.find(new.key) {
            // A server that is full and has nothing to evict refuses every SET, also one that needs no memory.
            if self.is_full_for(bytes) && !self.can_evict() {
                return stored;
            }
            let held = self.held[slot as usize];
            if held.expiry_ns <= now {
                stored.expired = true;
                self.held[slot as usize].access = self.first_access(now);
            } else {
                self.touch(slot, now);
            }
            self.held[slot as usize].version = new.version;
            self.set_expiry_ns(slot, new.expiry_ns);
            stored.slot = Some(slot);
            return stored;
        }
        let expiry = match self.settings.allocator {
            Some(allocator) if new.expiry_ns != Nanos::MAX => allocator.expiry_bytes(),
            _ => 0,
        };
        if self.settings.limit_bytes.is_some_and(|limit| bytes + expiry > limit) {
            return stored;
        }
        while self.is_full_for(bytes + expiry) {
            let Some(victim) = self.victim(now) else { return stored };
            let key = self.key(victim);
            self.remove(victim, size(key));
            stored.evicted += 1;
            evicted(key);
        }
        let access = self.first_access(now);
        let held = Held { expiry_ns: new.expiry_ns, key: new.key, version: new.version, access };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.held[slot as usize] = held;
                slot
            }
            None => {
                self.held.push(held);
                self.held.len() as u32 - 1
            }
        };
        self.entry_bytes += bytes;
        self.grow_all();
        self.all.insert(slot, self.hash(new.key));
        self.note_expiry(slot, false);
        // A table that had to double may take more than there is; the next SET makes room for it.
        stored.slot = Some(slot);
        stored
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.held.clear();
        self.free.clear();
        self.all.clear();
        self.expires.clear();
        self.entry_bytes = 0;
        self.cursor = 0;
    }

    /// One active-expiry cycle (`activeExpireCycle`, slow); dead is what expired `grace_ns` ago or earlier.
    pub fn expire(
        &mut self,
        effort: Effort,
        now: Nanos,
        grace_ns: Nanos,
        size: impl Fn(u32) -> u64,
    ) -> Cycle {
        let more = u64::from(effort.effort.saturating_sub(1));
        let per_round = KEYS_PER_ROUND + KEYS_PER_ROUND / 4 * more;
        let acceptable = ACCEPTABLE_STALE.saturating_sub(more);
        let limit_ns = effort.every_ns as f64 * (CYCLE_TIME + 2 * more) as f64 / 100.0;
        let mut cycle = Cycle::default();
        for round in 1u64.. {
            let wanted = self.expires.used().min(per_round);
            if wanted == 0 {
                break;
            }
            let (examined, expired) = self.expire_round(wanted, now, grace_ns, &size);
            cycle.examined += examined;
            cycle.expired += expired;
            let late = effort.per_key_ns > 0.0
                && round.is_multiple_of(ROUNDS_PER_LOOK)
                && cycle.examined as f64 * effort.per_key_ns > limit_ns;
            if late || (examined > 0 && expired * 100 / examined <= acceptable) {
                break;
            }
        }
        cycle
    }

    /// (looked at, removed) in the next buckets of the sweep.
    fn expire_round(
        &mut self,
        wanted: u64,
        now: Nanos,
        grace_ns: Nanos,
        size: impl Fn(u32) -> u64,
    ) -> (u64, u64) {
        let (mut examined, mut expired) = (0, 0);
        let mut bucket_of_slots = std::mem::take(&mut self.sampled);
        for _ in 0..wanted * 20 {
            if examined >= wanted || self.expires.used() == 0 {
                break;
            }
            let bucket = (self.cursor & (self.expires.buckets() - 1)) as usize;
            bucket_of_slots.clear();
            bucket_of_slots.extend(self.expires.chain(bucket));
            for &slot in &bucket_of_slots {
                examined += 1;
                let held = self.held[slot as usize];
                if held.expiry_ns.saturating_add(grace_ns) <= now {
                    self.remove(slot, size(held.key));
                    expired += 1;
                }
            }
            self.cursor += 1;
        }
        self.sampled = bucket_of_slots;
        (examined, expired)
    }

    fn hash(&self, key: u32) -> u64 {
        mix(u64::from(key) ^ self.hash_seed)
    }

    fn is_full_for(&self, bytes: u64) -> bool {
        self.settings.limit_bytes.is_some_and(|limit| self.bytes() + bytes > limit)
    }

    fn can_evict(&self) -> bool {
        match self.settings.eviction {
            RedisEviction::NoEviction => false,
            policy if policy.only_volatile() => self.expires.used() > 0,
            _ => self.all.used() > 0,
        }
    }

    fn first_access(&self, now: Nanos) -> u32 {
        if self.settings.eviction.counts_uses() { minutes(now) << 8 | LFU_START } else { lru_clock(now) }
    }

    /// Brings the table of expiries up to date with a slot that was or was not in it.
    fn note_expiry(&mut self, slot: u32, was_volatile: bool) {
        let held = self.held[slot as usize];
        let hash = self.hash(held.key);
        match (was_volatile, held.is_volatile()) {
            (false, true) => {
                self.grow_expires();
                self.expires.insert(slot, hash);
            }
            (true, false) => {
                let (entries, seed) = (&self.held, self.hash_seed);
                self.expires.remove(slot, hash, |slot| mix(u64::from(entries[slot as usize].key) ^ seed));
            }
            _ => {}
        }
    }

    fn grow_all(&mut self) {
        if let Some(buckets) = self.all.wants_to_grow().filter(|&buckets| self.may_grow(&self.all, buckets)) {
            let (entries, seed) = (&self.held, self.hash_seed);
            self.all.resize(buckets, |slot| mix(u64::from(entries[slot as usize].key) ^ seed));
        }
    }

    fn grow_expires(&mut self) {
        let wanted = self.expires.wants_to_grow();
        if let Some(buckets) = wanted.filter(|&buckets| self.may_grow(&self.expires, buckets)) {
            let (entries, seed) = (&self.held, self.hash_seed);
            self.expires.resize(buckets, |slot| mix(u64::from(entries[slot as usize].key) ^ seed));
        }
    }

    /// A table that would not fit beside the old one grows later, when its chains are long.
    fn may_grow(&self, dict: &Dict, buckets: u64) -> bool {
        dict.must_grow() || self.settings.allocator.is_none() || !self.is_full_for(buckets * BUCKET_BYTES)
    }

    /// The slot to evict; `None`: no key may go.
    fn victim(&mut self, now: Nanos) -> Option<u32> {
        if !self.can_evict() {
            return None;
        }
        let policy = self.settings.eviction;
        if matches!(policy, RedisEviction::AllkeysRandom | RedisEviction::VolatileRandom) {
            let dict = if policy.only_volatile() { &self.expires } else { &self.all };
            return Some(dict.random(&mut self.dice));
        }
        loop {
            self.fill_pool(now);
            while let Some((_, key)) = self.pool.pop() {
                let held = self.find(key);
                let may_go = |&slot: &u32| !policy.only_volatile() || self.held[slot as usize].is_volatile();
                // Whoever was removed since has left a ghost here.
                if let Some(slot) = held.filter(may_go) {
                    return Some(slot);
                }
            }
        }
    }

    /// Samples keys and puts those into the pool that are better than what it has (`evictionPoolPopulate`).
    fn fill_pool(&mut self, now: Nanos) {
        let policy = self.settings.eviction;
        let dict = if policy.only_volatile() { &self.expires } else { &self.all };
        let mut sampled = std::mem::take(&mut self.sampled);
        dict.sample(self.settings.samples, &mut self.dice, &mut sampled);
        for &slot in &sampled {
            let held = self.held[slot as usize];
            let score = match policy {
                RedisEviction::VolatileTtl => Nanos::MAX - held.expiry_ns / 1_000_000,
                _ if policy.counts_uses() => u64::from(255 - counter_at(held.access, now)),
                _ => u64::from(lru_clock(now).saturating_sub(held.access)),
            };
            offer(&mut self.pool, score, held.key);
        }
        self.sampled = sampled;
    }
}

/// Puts a candidate in its place among those with lower and higher scores; of 16 the lowest falls out.
fn offer(pool: &mut Vec<(u64, u32)>, score: u64, key: u32) {
    let place = pool.partition_point(|candidate| candidate.0 < score);
    if pool.len() < POOL {
        pool.insert(place, (score, key));
    } else if place > 0 {
        pool.remove(0);
        pool.insert(place - 1, (score, key));
    }
}

fn lru_clock(now: Nanos) -> u32 {
    (now / LRU_CLOCK_NS) as u32
}

fn minutes(now: Nanos) -> u32 {
    (now / LFU_DECAY_NS) as u32 & 0xff_ffff
}

/// The counter of uses, less one for each minute since the last.
fn counter_at(access: u32, now: Nanos) -> u32 {
    (access & 255).saturating_sub(minutes(now).saturating_sub(access >> 8))
}

/// The counter after one more use (`LFULogIncr`): the higher it is, the less likely it moves.
fn incremented(counter: u32, dice: &mut Stream) -> u32 {
    if counter == 255 {
        return 255;
    }
    let base = counter.saturating_sub(LFU_START);
    let probability = 1.0 / (f64::from(base) * LFU_LOG_FACTOR + 1.0);
    counter + u32::from(unit_open_zero(dice) <= probability)
}

#[cfg(test)]
mod tests;
