//! Versions of keys: which value was superseded when.
//!
//! A committed write gives its key the next version. Cached entries, values on their way and answers carry the
//! handle of the version they hold; a handle leads to the instant at which it was superseded. Keys that were
//! never written have handle zero and cost nothing. Handles that nobody holds any more are found by marking
//! when the slab has doubled, so memory follows what is cached, not what was ever written.
//!
//! Handles are reused, so they say nothing about which of two versions is the newer one; their sequence numbers do.

use rustc_hash::FxHashMap;

use crate::scenario::model::Nanos;

/// The version every key starts with.
pub const INITIAL: u32 = 0;

const CURRENT: Nanos = Nanos::MAX;
/// Below this many handles marking is not worth it.
const COLLECT_FROM: usize = 4_096;

/// All versions that may still be served.
#[derive(Debug)]
pub struct Versions {
    /// Version of each key; empty where the workload never writes.
    current: Vec<u32>,
    /// Per handle; [`CURRENT`] while it is the key's newest.
    superseded_ns: Vec<Nanos>,
    /// Per handle: the number of its commit, over all keys. [`INITIAL`] has zero.
    sequence: Vec<u64>,
    commits: u64,
    /// When [`INITIAL`] was superseded, for keys that were written.
    first_write_ns: FxHashMap<u32, Nanos>,
    free: Vec<u32>,
    collect_at: usize,
}

impl Versions {
    pub fn new(keys: u64, writes: bool) -> Versions {
        Versions {
            current: if writes { vec![INITIAL; keys as usize] } else { Vec::new() },
            superseded_ns: vec![CURRENT],
            sequence: vec![0],
            commits: 0,
            first_write_ns: FxHashMap::default(),
            free: Vec::new(),
            collect_at: COLLECT_FROM,
        }
    }

    /// The newest committed version of a key.
    #[inline]
    pub fn current(&self, key: u32) -> u32 {
        self.current.get(key as usize).copied().unwrap_or(INITIAL)
    }

    /// The number of the commit that made this version: of two versions of a key the one with the larger number
    /// is the newer one.
    #[inline]
    pub fn sequence(&self, handle: u32) -> u64 {
        self.sequence[handle as usize]
    }

    /// A write to the key commits; returns the handle of its version.
    pub fn commit(&mut self, key: u32, now: Nanos) -> u32 {
        self.commits += 1;
        let handle = match self.free.pop() {
            Some(handle) => {
                self.superseded_ns[handle as usize] = CURRENT;
                self.sequence[handle as usize] = self.commits;
                handle
            }
            None => {
                self.superseded_ns.push(CURRENT);
                self.sequence.push(self.commits);
                self.superseded_ns.len() as u32 - 1
            }
        };
        match std::mem::replace(&mut self.current[key as usize], handle) {
            INITIAL => {
                self.first_write_ns.insert(key, now);
            }
            old => self.superseded_ns[old as usize] = now,
        }
        handle
    }

    /// When this version of the key was superseded; `None` while it is the newest.
    #[inline]
    pub fn superseded_ns(&self, key: u32, handle: u32) -> Option<Nanos> {
        if self.current.is_empty() {
            return None;
        }
        match handle {
            INITIAL => self.first_write_ns.get(&key).copied(),
            handle => Some(self.superseded_ns[handle as usize]).filter(|&time| time != CURRENT),
        }
    }

    /// Whether [`Versions::collect`] should be called.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.free.is_empty() && self.superseded_ns.len() >= self.collect_at
    }

    /// Frees all handles but the newest of each key and those in `held`.
    pub fn collect(&mut self, held: impl Iterator<Item = u32>) {
        let mut marks = vec![false; self.superseded_ns.len()];
        marks[INITIAL as usize] = true;
        self.current.iter().copied().chain(held).for_each(|handle| marks[handle as usize] = true);
        self.free = (0..marks.len() as u32).filter(|&handle| !marks[handle as usize]).collect();
        let live = marks.len() - self.free.len();
        self.collect_at = (live * 2).max(COLLECT_FROM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_superseded_by_the_next_commit() {
        let mut versions = Versions::new(10, true);
        assert_eq!(versions.superseded_ns(3, versions.current(3)), None);
        let second = versions.commit(3, 100);
        assert_eq!(versions.current(3), second);
        let third = versions.commit(3, 250);
        assert!(versions.sequence(INITIAL) < versions.sequence(second));
        assert!(versions.sequence(second) < versions.sequence(third));
        assert_eq!(versions.superseded_ns(3, INITIAL), Some(100));
        assert_eq!(versions.superseded_ns(3, second), Some(250));
        assert_eq!(versions.superseded_ns(3, versions.current(3)), None);
        assert_eq!(versions.superseded_ns(4, INITIAL), None);
    }

    #[test]
    fn memory_follows_what_is_held() {
        let mut versions = Versions::new(100, true);
        for now in 0..1_000_000u64 {
            if versions.is_full() {
                versions.collect(std::iter::empty());
            }
            versions.commit((now % 100) as u32, now);
        }
        assert!(versions.superseded_ns.len() <= COLLECT_FROM + 1);
    }
}
