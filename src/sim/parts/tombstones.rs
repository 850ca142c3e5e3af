//! Tombstones, which DELETEs leave where SETs are versioned: for a while, no older value gets in.

use rustc_hash::FxHashMap;

use crate::model::Nanos;

/// Below this many looking for expired ones is not worth it.
const SWEEP_FROM: usize = 1_024;

/// The tombstones of one store.
#[derive(Clone, Debug)]
pub struct Tombstones {
    ttl_ns: Nanos,
    /// By key: number of the commit whose DELETE it was, and how long that is remembered.
    of: FxHashMap<u32, (u64, Nanos)>,
    sweep_at: usize,
}

impl Tombstones {
    pub fn new(ttl_ns: Nanos) -> Tombstones {
        Tombstones { ttl_ns, of: FxHashMap::default(), sweep_at: SWEEP_FROM }
    }

    /// A DELETE of this commit is executed.
    pub fn bury(&mut self, key: u32, commit: u64, now: Nanos) {
        if self.of.len() >= self.sweep_at {
            self.of.retain(|_, &mut (_, until_ns)| now < until_ns);
            self.sweep_at = (self.of.len() * 2).max(SWEEP_FROM);
        }
        let until_ns = now.saturating_add(self.ttl_ns);
        let (newest, until) = self.of.entry(key).or_default();
        (*newest, *until) = ((*newest).max(commit), until_ns);
    }

    /// Whether a value of this commit is too old to get in.
    pub fn refuse(&self, key: u32, commit: u64, now: Nanos) -> bool {
        self.of.get(&key).is_some_and(|&(newest, until_ns)| now < until_ns && commit < newest)
    }

    pub fn clear(&mut self) {
        self.of.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_values_are_refused_for_a_while() {
        let mut tombstones = Tombstones::new(100);
        tombstones.bury(7, 5, 1_000);
        assert!(tombstones.refuse(7, 4, 1_099));
        assert!(!tombstones.refuse(7, 4, 1_100));
        assert!(!tombstones.refuse(7, 5, 1_050), "the value of that commit itself is welcome");
        assert!(!tombstones.refuse(8, 4, 1_050));
        // The DELETE of an earlier commit that comes late takes nothing back.
        tombstones.bury(7, 3, 1_090);
        assert!(tombstones.refuse(7, 4, 1_150));
    }

    #[test]
    fn expired_ones_are_swept() {
        let mut tombstones = Tombstones::new(1);
        (0..100_000).for_each(|now| tombstones.bury(now as u32, 1, now));
        assert!(tombstones.of.len() <= SWEEP_FROM);
    }
}
