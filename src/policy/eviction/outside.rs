//! The arm of an eviction policy from outside the crate.

use std::fmt;

use super::evict::{Evict, Room};
use super::lru::Lru;
use crate::dice::Stream;

/// An eviction policy from outside, held to its contract.
pub struct Own {
    policy: Box<dyn Evict>,
    /// By slot: whether the policy holds it.
    held: Vec<bool>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.iter().filter(|held| **held).count();
        write!(f, "an eviction policy of one's own that holds {held} slots")
    }
}

impl Own {
    pub(in crate::policy) fn of(policy: Box<dyn Evict>) -> Own {
        Own { policy, held: Vec::new() }
    }
}

/// # Panics
/// `victim` panics where the policy names a slot that it does not hold: the store would give away an entry that nobody
/// chose, and every figure after it would be wrong.
impl Evict for Own {
    /// Until somebody brings another: LRU.
    fn new(room: Room, dice: Stream) -> Own {
        Own::of(Box::new(Lru::new(room, dice)))
    }
    fn prepare(&mut self, key: u32) {
        self.policy.prepare(key);
    }
    fn read_ahead(&self, key: u32) {
        self.policy.read_ahead(key);
    }
    fn weigh(&mut self, slot: u32, bytes: u64) {
        self.policy.weigh(slot, bytes);
    }
    fn insert(&mut self, slot: u32, key: u32) {
        if slot as usize >= self.held.len() {
            self.held.resize(slot as usize + 1, false);
        }
        self.held[slot as usize] = true;
        self.policy.insert(slot, key);
    }
    fn hit(&mut self, slot: u32) {
        self.policy.hit(slot);
    }
    fn remove(&mut self, slot: u32) {
        self.held[slot as usize] = false;
        self.policy.remove(slot);
    }
    fn victim(&mut self) -> u32 {
        let slot = self.policy.victim();
        let held = self.held.get_mut(slot as usize).is_some_and(std::mem::take);
        assert!(held, "the eviction policy chose slot {slot}, which it does not hold");
        slot
    }
    fn takes_more(&self) -> bool {
        self.policy.takes_more()
    }
    fn read_ahead_hit(&self, slot: u32) {
        self.policy.read_ahead_hit(slot);
    }
    fn next_victims(&self) -> Option<[u32; 2]> {
        self.policy.next_victims()
    }
}
