//! Versions of keys: which value was superseded when.
//!
//! A committed write gives its key the next version. Cached entries, values on their way and answers carry the
//! handle of the version they hold; a handle leads to the instant at which it was superseded. Keys that were
//! never written have handle zero and cost nothing. Handles that nobody holds any more are found by marking
//! when the slab has doubled, so memory follows what is cached, not what was ever written.
//!
//! A value may be in a cache before its write is committed. Its version is *reserved* then: it supersedes nothing until
//! it is committed, and reads that get it meanwhile are counted, because where it never is they got a phantom.
//!
//! Under write-back a version is *issued* when its write sets out, *ordered* when the cache takes it, and *published* when
//! that is acknowledged: then it supersedes. What the database has is *stored*, and may be older for long.
//!
//! Handles are reused, so their order is not that of the versions; their sequence numbers do.

use rustc_hash::FxHashMap;

use crate::model::Nanos;
use crate::prefetch::prefetch;

/// The version every key starts with.
pub const INITIAL: u32 = 0;

const CURRENT: Nanos = Nanos::MAX;
/// Below this many handles, and one for sixteen keys, marking is not worth it: it looks at all that is cached.
const COLLECT_FROM: usize = 4_096;

/// All versions that may still be served.
#[derive(Debug)]
pub struct Versions {
    /// Version of each key; empty where the workload never writes.
    current: Vec<u32>,
    /// The version of each key in the database; empty where that is the newest one.
    stored: Vec<u32>,
    /// Per handle; [`CURRENT`] while it is the key's newest.
    superseded_ns: Vec<Nanos>,
    /// Per handle: the number of its commit, over all keys. [`INITIAL`] has zero.
    sequence: Vec<u64>,
    commits: u64,
    /// One bit per key: it was written. In a cache line where `current` takes sixty, since most reads need no more.
    written: Vec<u64>,
    /// When [`INITIAL`] was superseded, for keys that were written.
    first_write_ns: FxHashMap<u32, Nanos>,
    /// Number of the newest acknowledged commit of each key; empty where not measured.
    acknowledged: Vec<u64>,
    /// Reads that got a reserved version which is not committed, by handle.
    reserved: FxHashMap<u32, u64>,
    /// The same of handles that are freed: their writes will never be committed.
    phantom_reads: u64,
    free: Vec<u32>,
    collect_at: usize,
}

impl Versions {
    pub fn new(keys: u64, writes: bool) -> Versions {
        Versions {
            current: if writes { vec![INITIAL; keys as usize] } else { Vec::new() },
            stored: Vec::new(),
            superseded_ns: vec![CURRENT],
            sequence: vec![0],
            commits: 0,
            written: if writes { vec![0; keys.div_ceil(64) as usize] } else { Vec::new() },
            first_write_ns: FxHashMap::default(),
            acknowledged: Vec::new(),
            reserved: FxHashMap::default(),
            phantom_reads: 0,
            free: Vec::new(),
            collect_at: COLLECT_FROM.max(keys as usize / 16),
        }
    }

    /// Whether a key was ever written.
    #[inline]
    fn is_written(&self, key: u32) -> bool {
        self.written.get(key as usize / 64).is_some_and(|word| word >> (key % 64) & 1 == 1)
    }

    /// Reads ahead whether a key was written, and what was acknowledged of it.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        prefetch(&self.written, key as usize / 64);
        if !self.acknowledged.is_empty() {
            prefetch(&self.acknowledged, key as usize);
        }
    }

    /// Reads ahead what a commit changes.
    #[inline]
    pub fn prefetch_commit(&self, key: u32) {
        self.prefetch(key);
        prefetch(&self.current, key as usize);
    }

    /// Reads ahead the version of a key, some time after [`Versions::prefetch`].
    #[inline]
    pub fn prefetch_version(&self, key: u32) {
        if self.is_written(key) {
            prefetch(&self.current, key as usize);
        }
    }

    /// Keeps in mind what was acknowledged, from now on.
    pub fn watch_acknowledged(&mut self) {
        self.acknowledged = vec![0; self.current.len()];
    }

    /// The database is behind a cache, from now on.
    pub fn keep_stored(&mut self) {
        self.stored = vec![INITIAL; self.current.len()];
    }

    /// The handle of a version that a cache will have before the database does.
    pub fn issue(&mut self) -> u32 {
        let handle = self.next_handle();
        self.sequence[handle as usize] = 0;
        handle
    }

    /// An issued version takes its place among those of its key: it is the newest.
    pub fn order(&mut self, handle: u32) {
        self.commits += 1;
        self.sequence[handle as usize] = self.commits;
    }

    /// An issued version is acknowledged: it supersedes the others, or has been superseded already.
    pub fn publish(&mut self, key: u32, handle: u32, now: Nanos) {
        let current = self.current(key);
        if current == handle {
            return;
        }
        if self.sequence(handle) > self.sequence(current) {
            self.supersede(key, handle, now);
            self.superseded_ns[handle as usize] = CURRENT;
        } else {
            let superseded_ns = &mut self.superseded_ns[handle as usize];
            *superseded_ns = now.min(*superseded_ns);
        }
    }

    /// The version that a read of the database sees.
    #[inline]
    pub fn stored(&self, key: u32) -> u32 {
        if !self.is_written(key) {
            return INITIAL;
        }
        self.stored.get(key as usize).copied().unwrap_or_else(|| self.current(key))
    }

    /// The database gets a version. Returns what it had before; `None` where that is as new, and stays.
    pub fn store(&mut self, key: u32, handle: u32) -> Option<u32> {
        let before = self.stored(key);
        let is_newer = self.sequence(handle) > self.sequence(before);
        if let Some(stored) = self.stored.get_mut(key as usize).filter(|_| is_newer) {
            *stored = handle;
        }
        is_newer.then_some(before)
    }

    /// A writer learns that its version is committed.
    pub fn acknowledge(&mut self, key: u32, handle: u32) {
        if let Some(newest) = self.acknowledged.get_mut(key as usize) {
            *newest = (*newest).max(self.sequence[handle as usize]);
        }
    }

    /// The number of the newest acknowledged commit of a key; zero: none, or not measured.
    #[inline]
    pub fn acknowledged(&self, key: u32) -> u64 {
        self.acknowledged.get(key as usize).copied().unwrap_or(0)
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
        let handle = self.next_handle();
        self.supersede(key, handle, now);
        handle
    }

    /// The handle of a version whose write may commit later, by [`Versions::commit_reserved`].
    pub fn reserve(&mut self) -> u32 {
        let handle = self.next_handle();
        self.reserved.insert(handle, 0);
        handle
    }

    /// The write of a reserved version commits. Returns the handle of what was committed: a new one where this one
    /// was before, since a statement that was repeated may take effect twice.
    pub fn commit_reserved(&mut self, key: u32, handle: u32, now: Nanos) -> u32 {
        if self.reserved.remove(&handle).is_none() {
            return self.commit(key, now);
        }
        self.commits += 1;
        self.sequence[handle as usize] = self.commits;
        self.supersede(key, handle, now);
        handle
    }

    /// A read got this version. Returns whether that is a reserved one, of which it is not known yet whether it will
    /// be committed.
    pub fn read_reserved(&mut self, handle: u32) -> bool {
        self.reserved.get_mut(&handle).map(|reads| *reads += 1).is_some()
    }

    /// Reads that got a version which is not committed.
    pub fn phantom_reads(&self) -> u64 {
        self.phantom_reads + self.reserved.values().sum::<u64>()
    }

    fn next_handle(&mut self) -> u32 {
        self.commits += 1;
        match self.free.pop() {
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
        }
    }

    fn supersede(&mut self, key: u32, handle: u32, now: Nanos) {
        match std::mem::replace(&mut self.current[key as usize], handle) {
            INITIAL => {
                self.written[key as usize / 64] |= 1 << (key % 64);
                self.first_write_ns.insert(key, now);
            }
            old => self.superseded_ns[old as usize] = now,
        }
    }

    /// When this version of the key was superseded; `None` while it is the newest.
    #[inline]
    pub fn superseded_ns(&self, key: u32, handle: u32) -> Option<Nanos> {
        if !self.is_written(key) {
            return None;
        }
        match handle {
            // Mostly it is: the handle of a key can be read ahead, what a handle leads to cannot.
            handle if handle == self.current[key as usize] => None,
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
        let newest = self.first_write_ns.keys().map(|&key| self.current[key as usize]);
        newest
            .chain(self.stored.iter().copied())
            .chain(held)
            .for_each(|handle| marks[handle as usize] = true);
        self.free = (0..marks.len() as u32).filter(|&handle| !marks[handle as usize]).collect();
        let phantom_reads = &mut self.phantom_reads;
        self.reserved.retain(|&handle, reads| {
            let held = marks[handle as usize];
            *phantom_reads += if held { 0 } else { *reads };
            held
        });
        let live = marks.len() - self.free.len();
        self.collect_at = (live * 2).max(COLLECT_FROM).max(self.current.len() / 16);
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
    fn reads_of_what_is_never_committed_are_phantoms() {
        let mut versions = Versions::new(10, true);
        let (kept, rolled_back) = (versions.reserve(), versions.reserve());
        for handle in [INITIAL, kept, rolled_back, rolled_back] {
            assert_eq!(versions.read_reserved(handle), handle != INITIAL);
        }
        assert_eq!(versions.superseded_ns(3, INITIAL), None, "nothing is committed yet");
        assert_eq!(versions.commit_reserved(3, kept, 100), kept);
        assert_eq!(versions.superseded_ns(3, INITIAL), Some(100));
        assert!(!versions.read_reserved(kept));
        assert_eq!(versions.phantom_reads(), 2);
        // Still counted when nobody holds the value any more.
        versions.collect(std::iter::empty());
        assert_eq!(versions.phantom_reads(), 2);
        assert!(!versions.read_reserved(rolled_back));
        // A statement that takes effect twice makes two versions.
        assert_ne!(versions.commit_reserved(3, kept, 200), kept);
        assert_eq!(versions.superseded_ns(3, kept), Some(200));
    }

    #[test]
    fn a_cache_may_be_ahead_of_the_database() {
        let mut versions = Versions::new(10, true);
        versions.keep_stored();
        let (first, second) = (versions.issue(), versions.issue());
        // The cache takes them in the other order than they set out, and acknowledges the later one first.
        versions.order(second);
        versions.order(first);
        versions.publish(3, first, 100);
        versions.publish(3, second, 120);
        assert_eq!((versions.current(3), versions.stored(3)), (first, INITIAL));
        assert_eq!(versions.superseded_ns(3, INITIAL), Some(100));
        assert_eq!(versions.superseded_ns(3, first), None);
        assert_eq!(versions.superseded_ns(3, second), Some(120));
        // The database keeps the newer of two.
        assert_eq!(versions.store(3, first), Some(INITIAL));
        assert_eq!(versions.store(3, second), None);
        assert_eq!(versions.stored(3), first);
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
