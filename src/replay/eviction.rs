//! The loop.

use crate::dice::{Stream, stream};
use crate::model::Eviction;
use crate::policy::eviction::{Evict, ForPolicy, Room, with_policy};
use crate::prefetch::prefetch;
use crate::trace::Requests;

/// No slot.
const NONE: u32 = u32::MAX;

/// How many requests ahead the slot of a key is looked up in memory.
const AHEAD: usize = 16;

/// How many of the requests miss a cache of so many objects that starts empty. Random choices are the same at every
/// call.
pub fn misses(requests: &Requests, policy: Eviction, capacity: u64) -> u64 {
    with_policy(policy, Cache { requests, capacity, dice: stream(1, 0, "replay") })
}

struct Cache<'a> {
    requests: &'a Requests,
    capacity: u64,
    dice: Stream,
}

impl ForPolicy for Cache<'_> {
    type Output = u64;

    fn run<P: Evict>(self) -> u64 {
        let Requests { ids, keys } = self.requests;
        let slots = self.capacity.min(u64::from(*keys)) as usize;
        let mut policy = P::new(Room::entries_of(self.capacity).with_dense_keys(*keys), self.dice);
        let mut slot_of = vec![NONE; *keys as usize];
        let mut key_of: Vec<u32> = Vec::with_capacity(slots);
        // Slots that an eviction left empty beside the one that it was for.
        let mut free: Vec<u32> = Vec::new();
        let mut misses = 0;
        for (at, &key) in ids.iter().enumerate() {
            if let Some(&ahead) = ids.get(at + AHEAD) {
                prefetch(&slot_of, ahead as usize);
                policy.read_ahead(ahead);
            }
            let slot = slot_of[key as usize];
            if slot != NONE {
                policy.hit(slot);
                continue;
            }
            misses += 1;
            policy.prepare(key);
            let slot = if key_of.len() < slots {
                key_of.push(key);
                key_of.len() as u32 - 1
            } else if let Some(slot) = free.pop() {
                key_of[slot as usize] = key;
                slot
            } else {
                let victim = policy.victim();
                let evicted = std::mem::replace(&mut key_of[victim as usize], key);
                slot_of[evicted as usize] = NONE;
                while policy.takes_more() {
                    let victim = policy.victim();
                    slot_of[key_of[victim as usize] as usize] = NONE;
                    free.push(victim);
                }
                victim
            };
            slot_of[key as usize] = slot;
            policy.insert(slot, key);
        }
        misses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Misses of LRU by stack distance: a request hits if fewer distinct keys than fit came since the last request
    /// for its key (Mattson, Gecsei, Slutz, Traiger, 1970).
    fn lru_by_distance(ids: &[u32], capacity: usize) -> u64 {
        let hit = |at: usize| {
            let last = ids[..at].iter().rposition(|key| *key == ids[at])?;
            let mut between = ids[last + 1..at].to_vec();
            between.sort_unstable();
            between.dedup();
            Some(between.len() < capacity)
        };
        (0..ids.len()).filter(|&at| hit(at) != Some(true)).count() as u64
    }

    proptest! {
        #[test]
        fn lru_misses_what_is_further_away_than_the_capacity(
            ids in prop::collection::vec(0u32..30, 1..300),
            capacity in 1usize..40,
        ) {
            let requests = Requests { ids, keys: 30 };
            prop_assert_eq!(
                misses(&requests, Eviction::Lru, capacity as u64),
                lru_by_distance(&requests.ids, capacity)
            );
        }

        /// Nothing is evicted where everything fits: each key misses once.
        #[test]
        fn a_cache_that_holds_everything_misses_each_key_once(ids in prop::collection::vec(0u32..30, 1..300)) {
            let mut distinct = ids.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let requests = Requests { ids, keys: 30 };
            for (_, policy) in Eviction::NAMES {
                prop_assert_eq!(misses(&requests, *policy, distinct.len() as u64), distinct.len() as u64);
            }
        }
    }
}
