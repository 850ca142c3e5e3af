//! Dirty keys, which a write-back tier has ahead of the database, in the order in which they became dirty.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::model::Nanos;

/// A key whose newest value the database does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirty {
    /// Handle of the newest version.
    pub version: u32,
    /// When the first of its writes was taken.
    pub since_ns: Nanos,
    /// Writes of the key since it was clean, the first one included.
    pub writes: u64,
    /// When its entry is gone for good.
    pub expiry_ns: Nanos,
    ticket: u64,
}

/// Writes whose entry is gone: the database will never get them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    pub key: u32,
    /// Handle of the newest of them.
    pub version: u32,
    pub writes: u64,
    /// When the first of them was taken, and when they were lost.
    pub since_ns: Nanos,
    pub at_ns: Nanos,
}

/// The dirty keys of one store.
#[derive(Debug, Default)]
pub struct DirtySet {
    of: FxHashMap<u32, Dirty>,
    /// Keys by ticket; those that left, or left and came back, have a ticket that does not fit any more.
    queue: VecDeque<(u64, u32)>,
    next_ticket: u64,
}

impl DirtySet {
    pub fn len(&self) -> usize {
        self.of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Writes that wait here.
    pub fn writes(&self) -> u64 {
        self.of.values().map(|dirty| dirty.writes).sum()
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.of.values().map(|dirty| dirty.version)
    }

    pub fn get(&self, key: u32) -> Option<&Dirty> {
        self.of.get(&key)
    }

    /// A write is taken. Returns whether the key was dirty before: then it keeps its place.
    pub fn write(&mut self, key: u32, version: u32, now: Nanos, expiry_ns: Nanos) -> bool {
        if let Some(dirty) = self.of.get_mut(&key) {
            *dirty = Dirty { version, expiry_ns, writes: dirty.writes + 1, ..*dirty };
            return true;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.of.insert(key, Dirty { version, since_ns: now, writes: 1, expiry_ns, ticket });
        self.queue.push_back((ticket, key));
        false
    }

    /// The entry of a key lives longer.
    pub fn set_expiry_ns(&mut self, key: u32, expiry_ns: Nanos) {
        if let Some(dirty) = self.of.get_mut(&key) {
            dirty.expiry_ns = expiry_ns;
        }
    }

    /// A key is dirty no more.
    pub fn remove(&mut self, key: u32) -> Option<Dirty> {
        self.of.remove(&key)
    }

    /// The entry of a key is gone.
    pub fn lose(&mut self, key: u32, now: Nanos) -> Option<Lost> {
        self.of.remove(&key).map(|dirty| dirty.lost(key, now))
    }

    /// The same, if its time to live is over.
    pub fn lose_expired(&mut self, key: u32, now: Nanos) -> Option<Lost> {
        self.of.get(&key).is_some_and(|dirty| dirty.expiry_ns <= now).then(|| self.lose(key, now)).flatten()
    }

    /// All entries whose time to live is over are gone.
    pub fn lose_all_expired(&mut self, now: Nanos) -> Vec<Lost> {
        let is_over = |_: &u32, dirty: &mut Dirty| dirty.expiry_ns <= now;
        self.of.extract_if(is_over).map(|(key, dirty)| dirty.lost(key, now)).collect()
    }

    /// All entries are gone.
    pub fn lose_all(&mut self, now: Nanos) -> Vec<Lost> {
        self.queue.clear();
        self.of.drain().map(|(key, dirty)| dirty.lost(key, now)).collect()
    }

    /// Every key dirty now has a ticket below this one, and no key that becomes dirty later has.
    pub fn bound(&self) -> u64 {
        self.next_ticket
    }

    /// Whether a key is left whose ticket is below the bound.
    pub fn has_before(&mut self, bound: u64) -> bool {
        while let Some(&(ticket, key)) = self.queue.front() {
            if self.of.get(&key).is_some_and(|dirty| dirty.ticket == ticket) {
                return ticket < bound;
            }
            self.queue.pop_front();
        }
        false
    }

    /// Takes the key that has been dirty for longest, if its ticket is below the bound.
    pub fn take_before(&mut self, bound: u64) -> Option<(u32, Dirty)> {
        if !self.has_before(bound) {
            return None;
        }
        let (_, key) = self.queue.pop_front()?;
        self.of.remove(&key).map(|dirty| (key, dirty))
    }
}

impl Dirty {
    /// The write that is lost with the entry at an instant, or when its time to live was over.
    pub fn lost(self, key: u32, now: Nanos) -> Lost {
        let Dirty { version, writes, since_ns, expiry_ns, .. } = self;
        Lost { key, version, writes, since_ns, at_ns: now.min(expiry_ns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_coalesce_and_keep_the_place_of_the_first() {
        let mut set = DirtySet::default();
        assert!(!set.write(7, 1, 100, 900));
        assert!(!set.write(8, 2, 200, 900));
        assert!(set.write(7, 3, 300, 950));
        assert_eq!((set.len(), set.writes()), (2, 3));
        let (key, dirty) = set.take_before(set.bound()).unwrap();
        assert_eq!((key, dirty.version, dirty.since_ns, dirty.writes), (7, 3, 100, 2));
        // Taken, it is dirty anew with its next write, behind the others.
        assert!(!set.write(7, 4, 400, 900));
        assert_eq!(set.take_before(set.bound()).unwrap().0, 8);
        assert_eq!(set.take_before(set.bound()).unwrap().0, 7);
        assert!(set.is_empty());
    }

    #[test]
    fn a_round_takes_what_was_dirty_when_it_began() {
        let mut set = DirtySet::default();
        set.write(1, 1, 10, 900);
        set.write(2, 2, 20, 900);
        let bound = set.bound();
        set.write(3, 3, 30, 900);
        // A key that is lost and written again belongs to the next round.
        set.lose(1, 40);
        set.write(1, 4, 50, 900);
        assert_eq!(set.take_before(bound).unwrap().0, 2);
        assert_eq!(set.take_before(bound), None);
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn what_has_expired_was_lost_then() {
        let mut set = DirtySet::default();
        set.write(1, 1, 10, 60);
        set.write(2, 2, 20, 900);
        assert_eq!(set.lose_expired(1, 50), None);
        assert_eq!(
            set.lose_expired(1, 80),
            Some(Lost { key: 1, version: 1, writes: 1, since_ns: 10, at_ns: 60 })
        );
        set.set_expiry_ns(2, 90);
        assert_eq!(set.lose_all_expired(80), []);
        set.write(2, 3, 85, 95);
        assert_eq!(set.lose_all(100), [Lost { key: 2, version: 3, writes: 2, since_ns: 20, at_ns: 95 }]);
        assert!(!set.has_before(set.bound()));
    }
}
