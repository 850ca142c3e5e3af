//! The loop for everything beyond slots of one object: bytes, expiry, operations, admission. The plain replay has a loop of its own,
//! which none of this slows down.

use super::admit::{Admit, Door};
use super::traffic::{Lifetime, Traffic, Unit};
use crate::dice::{Stream, stream};
use crate::model::Eviction;
use crate::policy::eviction::{Evict, ForPolicy, Room, with_policy};
use crate::prefetch::prefetch;
use crate::trace::Operation;

/// No slot.
const NONE: u32 = u32::MAX;
/// How many requests ahead the slot of a key is looked up in memory.
const AHEAD: usize = 16;
/// Nanoseconds of a second.
const SECOND_NS: u64 = 1_000_000_000;

/// Lookups that did not find their entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub misses: u64,
    /// Of the misses, in bytes; 0 where sizes were not read.
    pub missed_bytes: u64,
    /// Misses that found an entry which had expired.
    pub expired: u64,
}

/// Replays traffic through a cache of this capacity that starts empty. Random choices are the same at every call.
///
/// An entry is dead from its expiry on; it keeps its room until it is looked up or evicted. An object that is larger than the cache,
/// or that the filter rejects, is not taken in.
pub fn counts(traffic: &Traffic, policy: Eviction, admit: Admit, capacity: u64) -> Counts {
    with_policy(policy, Run { traffic, admit, capacity, dice: stream(1, 0, "replay") })
}

struct Run<'a> {
    traffic: &'a Traffic,
    admit: Admit,
    capacity: u64,
    dice: Stream,
}

impl ForPolicy for Run<'_> {
    type Output = Counts;

    fn run<P: Evict>(self) -> Counts {
        let Run { traffic, admit, capacity, dice } = self;
        let keys = traffic.requests().keys;
        let room = match traffic.unit() {
            Unit::Objects => Room::entries_of(capacity),
            Unit::Bytes => Room::unknown(),
        };
        let mut cache = Cache {
            traffic,
            policy: P::new(room.with_dense_keys(keys), dice),
            door: Door::new(admit, keys),
            slot_of: vec![NONE; keys as usize],
            key_of: Vec::new(),
            free: Vec::new(),
            expiry_ns: Vec::new(),
            ttl_s: match traffic.lifetimes().map(|lifetimes| &lifetimes.of) {
                Some(Lifetime::Recorded(_)) => vec![0; keys as usize],
                _ => Vec::new(),
            },
            capacity,
            used: 0,
            counts: Counts::default(),
        };
        let ids = &traffic.requests().ids;
        for (at, &key) in ids.iter().enumerate() {
            if let Some(&ahead) = ids.get(at + AHEAD) {
                prefetch(&cache.slot_of, ahead as usize);
                cache.policy.read_ahead(ahead);
            }
            cache.request(at, key);
        }
        cache.counts
    }
}

struct Cache<'a, P> {
    traffic: &'a Traffic,
    policy: P,
    door: Door,
    slot_of: Vec<u32>,
    key_of: Vec<u32>,
    free: Vec<u32>,
    /// By slot, where entries expire.
    expiry_ns: Vec<u64>,
    /// By key: the last time to live recorded, where those are replayed; 0: none.
    ttl_s: Vec<u32>,
    capacity: u64,
    used: u64,
    counts: Counts,
}

impl<P: Evict> Cache<'_, P> {
    #[inline]
    fn request(&mut self, at: usize, key: u32) {
        let operation = self.traffic.operation(at);
        let now_ns = self.traffic.lifetimes().map_or(0, |lifetimes| lifetimes.times_ns[at]);
        let has_ttl = self.note_ttl(at, key);
        let mut slot = self.slot_of[key as usize];
        let is_dead = slot != NONE && self.traffic.expires() && self.expiry_ns[slot as usize] <= now_ns;
        if is_dead {
            self.remove(slot);
            slot = NONE;
        }
        match operation {
            Operation::Get => {
                let before = self.door.see(key, at);
                if slot != NONE {
                    self.policy.hit(slot);
                    if has_ttl {
                        self.date(slot, key, now_ns);
                    }
                    return;
                }
                self.counts.misses += 1;
                self.counts.missed_bytes += self.traffic.bytes(key);
                self.counts.expired += u64::from(is_dead);
                self.fill(at, key, now_ns, before);
            }
            Operation::Set | Operation::Change => {
                let before = self.door.see(key, at);
                if slot == NONE {
                    self.fill(at, key, now_ns, before);
                } else {
                    self.policy.hit(slot);
                    self.date(slot, key, now_ns);
                }
            }
            Operation::Delete if slot != NONE => self.remove(slot),
            Operation::Touch if slot != NONE => self.date(slot, key, now_ns),
            Operation::Delete | Operation::Touch => {}
        }
    }

    /// Remembers the time to live of a row, if it has one.
    #[inline]
    fn note_ttl(&mut self, at: usize, key: u32) -> bool {
        match self.traffic.lifetimes().map(|lifetimes| &lifetimes.of) {
            Some(Lifetime::Recorded(ttls_s)) if ttls_s[at] > 0 => {
                self.ttl_s[key as usize] = ttls_s[at];
                true
            }
            _ => false,
        }
    }

    /// Sets the expiry of an entry that is written, or touched, now.
    #[inline]
    fn date(&mut self, slot: u32, key: u32, now_ns: u64) {
        let Some(lifetimes) = self.traffic.lifetimes() else { return };
        let ttl_ns = match &lifetimes.of {
            Lifetime::All(ns) => Some(*ns),
            Lifetime::Recorded(_) => match self.ttl_s[key as usize] {
                0 => None,
                ttl_s => Some(u64::from(ttl_s) * SECOND_NS),
            },
        };
        self.expiry_ns[slot as usize] = ttl_ns.map_or(u64::MAX, |ttl_ns| now_ns.saturating_add(ttl_ns));
    }

    fn remove(&mut self, slot: u32) {
        self.policy.remove(slot);
        self.forget(slot);
    }

    #[inline]
    fn forget(&mut self, slot: u32) {
        let key = self.key_of[slot as usize];
        self.slot_of[key as usize] = NONE;
        self.used -= self.traffic.weight(key);
        self.free.push(slot);
    }

    #[inline]
    fn fill(&mut self, at: usize, key: u32, now_ns: u64, before: Option<u32>) {
        let weight = self.traffic.weight(key);
        if weight > self.capacity || !self.door.admits(self.traffic.bytes(key), at, before) {
            return;
        }
        self.policy.prepare(key);
        while self.used + weight > self.capacity || self.policy.takes_more() {
            let victim = self.policy.victim();
            self.forget(victim);
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                self.key_of[slot as usize] = key;
                slot
            }
            None => {
                self.key_of.push(key);
                if self.traffic.expires() {
                    self.expiry_ns.push(0);
                }
                self.key_of.len() as u32 - 1
            }
        };
        self.slot_of[key as usize] = slot;
        self.used += weight;
        self.date(slot, key, now_ns);
        if self.traffic.unit() == Unit::Bytes {
            self.policy.weigh(slot, weight);
        }
        self.policy.insert(slot, key);
    }
}

#[cfg(test)]
mod tests;
