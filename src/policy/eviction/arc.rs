//! Adaptive replacement (Megiddo, Modha: ARC: A Self-Tuning, Low Overhead Replacement Cache, FAST 2003, figure 4).

use super::evict::{Evict, Room};
use super::ghost::Ghosts;
use super::list::Lists;
use super::slots::Slots;
use crate::dice::Stream;

/// Seen once (T1), or evicted after it was (B1).
const ONCE: usize = 0;
/// Seen at least twice (T2), or evicted after it was (B2).
const TWICE: usize = 1;

#[derive(Debug)]
pub struct Arc {
    room: Room,
    lists: Lists<2>,
    /// Key and list per slot.
    slots: Slots<(u32, u8)>,
    ghosts: Ghosts<2>,
    /// How many entries of `ONCE` to keep: the paper's p, a real number.
    target: f64,
    /// The list of ghosts in which the key to come was found.
    known: Option<usize>,
}

impl Evict for Arc {
    fn new(room: Room, _: Stream) -> Arc {
        let (lists, slots, ghosts) = (Lists::new(), Slots::new(), Ghosts::new(room));
        Arc { room, lists, slots, ghosts, target: 0.0, known: None }
    }
    #[inline]
    fn prepare(&mut self, key: u32) {
        let (once, twice) = (f64::from(self.ghosts.len(ONCE)), f64::from(self.ghosts.len(TWICE)));
        self.known = self.ghosts.take(key);
        let Some(list) = self.known else { return };
        self.target = match list {
            ONCE => (self.target + (twice / once).max(1.0)).min(f64::from(self.room.entries())),
            _ => (self.target - (once / twice).max(1.0)).max(0.0),
        };
    }
    #[inline]
    fn read_ahead(&self, key: u32) {
        self.ghosts.read_ahead(key);
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        let list = if self.known.is_some() { TWICE } else { ONCE };
        self.slots.set(slot, (key, list as u8));
        self.lists.push_newest(list, slot);
        // Where entries expire, room is not made by evicting alone; the directory holds the paper's bounds all the
        // same: |T1| + |B1| <= c and |T1| + |T2| + |B1| + |B2| <= 2c.
        let entries = self.room.entries();
        self.ghosts.trim(ONCE, entries.saturating_sub(self.lists.len(ONCE)));
        let others = u64::from(self.lists.total()) + u64::from(self.ghosts.len(ONCE));
        let left = (2 * u64::from(entries)).saturating_sub(others);
        self.ghosts.trim(TWICE, left.min(u64::from(u32::MAX)) as u32);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let list = &mut self.slots[slot].1;
        if usize::from(*list) == TWICE {
            self.lists.move_to_newest(TWICE, slot);
        } else {
            *list = TWICE as u8;
            self.lists.transfer(ONCE, TWICE, slot);
        }
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.lists.remove(usize::from(self.slots[slot].1), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let entries = self.room.at_eviction(self.lists.total());
        let once = self.lists.len(ONCE);
        // Case IV A with |T1| = c: the oldest of T1 leaves and is not remembered.
        let forgotten = self.known.is_none() && once >= entries;
        if self.known.is_none() && !forgotten {
            // Case IV: room in the directory for the key to come.
            self.ghosts.trim(ONCE, entries.saturating_sub(once + 1));
        }
        let over =
            f64::from(once) > self.target || (self.known == Some(TWICE) && f64::from(once) == self.target);
        let list = if self.lists.len(TWICE) == 0 || (once > 0 && over) { ONCE } else { TWICE };
        let slot = self.lists.oldest(list);
        self.lists.remove(list, slot);
        if !forgotten {
            self.ghosts.push(list, self.slots[slot].0);
        }
        slot
    }
}
