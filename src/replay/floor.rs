//! A bound below the misses of any cache whose objects differ in size: PFOO-L (Berger, Beckmann, Harchol-Balter: Practical Bounds on
//! Optimal Caching with Variable Object Sizes, Proc. ACM on Measurement and Analysis of Computing Systems 2(2), 2018, section 5).
//!
//! To hit, an object must stay from its request before: that takes its size, times the rows in between, of all the room that the
//! cache has in all rows. The cheapest hits are granted until that room is used up, wherever in time it is. No cache does better, and
//! none need reach it. Misses and missed bytes are bounded each for itself: hits are worth 1, or their bytes.

use super::cache::Counts;
use super::traffic::Traffic;
use crate::trace::Operation;

/// No request that could leave an entry.
const NONE: u32 = u32::MAX;

/// A hit that is possible.
struct Hit {
    /// Room times rows.
    cost: u64,
    bytes: u64,
}

/// Lookups that miss a cache of this capacity at least, whatever it takes in, keeps and prefers. Expiry is left out: it could only
/// add misses.
///
/// Time n log n, and 16 bytes per request.
pub fn counts(traffic: &Traffic, capacity: u64) -> Counts {
    let ids = &traffic.requests().ids;
    assert!(ids.len() < NONE as usize, "rows have 32 bits");
    let mut last = vec![NONE; traffic.requests().keys as usize];
    let mut hits = Vec::new();
    for (at, &key) in ids.iter().enumerate() {
        let operation = traffic.operation(at);
        let before = last[key as usize];
        last[key as usize] = match operation {
            Operation::Delete => NONE,
            Operation::Touch => before,
            Operation::Get | Operation::Set | Operation::Change => at as u32,
        };
        let weight = traffic.weight(key);
        if operation == Operation::Get && before != NONE && weight <= capacity {
            // Both factors have 32 bits.
            let cost = weight * (at - before as usize) as u64;
            hits.push(Hit { cost, bytes: traffic.bytes(key) });
        }
    }
    let room = u128::from(capacity) * ids.len().saturating_sub(1) as u128;
    Counts {
        misses: traffic.lookups() - most_hits(&mut hits, room),
        missed_bytes: traffic.lookup_bytes().unwrap_or(0) - most_bytes(&mut hits, room),
        expired: 0,
    }
}

/// As many of the cheapest as there is room for.
fn most_hits(hits: &mut [Hit], mut room: u128) -> u64 {
    hits.sort_unstable_by_key(|hit| hit.cost);
    let fits = |hit: &&Hit| {
        let fits = u128::from(hit.cost) <= room;
        room = room.saturating_sub(u128::from(hit.cost));
        fits
    };
    hits.iter().take_while(fits).count() as u64
}

/// Bytes of those with the most bytes for their cost; of the first that does not fit, the part that does.
fn most_bytes(hits: &mut [Hit], mut room: u128) -> u64 {
    let value = |hit: &Hit, other: &Hit| u128::from(hit.bytes) * u128::from(other.cost);
    hits.sort_unstable_by(|hit, other| value(other, hit).cmp(&value(hit, other)));
    let mut bytes = 0;
    for hit in hits {
        let cost = u128::from(hit.cost);
        if cost > room {
            return bytes + (u128::from(hit.bytes) * room / cost) as u64;
        }
        room -= cost;
        bytes += hit.bytes;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Eviction;
    use crate::replay::{Admit, Rules, Unit, cache};
    use crate::trace::{Recorded, Requests};
    use proptest::prelude::*;

    fn traffic(ids: &[u32], sizes: &[u32]) -> Traffic {
        let requests = Requests { ids: ids.to_vec(), keys: sizes.len() as u32 };
        let recorded = Recorded { requests, sizes: Some(sizes.to_vec()), ..Recorded::default() };
        Traffic::of(recorded, Rules { unit: Unit::Bytes, ..Rules::default() })
    }

    /// A (3 bytes), B (1), C (2): A B C B A A. Possible hits: B for 1 x 2, the first A for 3 x 4, the second for 3 x 1. Room for
    /// 3 bytes in 5 gaps is 15: B and the second A take 5, and the first A would take 12 of the 10 left. In bytes the second A comes
    /// first (3 bytes for 3), then B (1 for 2), then 10/12 of the 3 bytes of the first A, rounded down.
    #[test]
    fn the_cheapest_hits_come_first() {
        let ids = [0, 1, 2, 1, 0, 0];
        assert_eq!(
            counts(&traffic(&ids, &[3, 1, 2]), 3),
            Counts { misses: 4, missed_bytes: 13 - 6, expired: 0 }
        );
        // With 4 bytes the room is 20, and all three fit.
        assert_eq!(counts(&traffic(&ids, &[3, 1, 2]), 4).misses, 3);
        // A does not fit 2 bytes, however much room there is over time.
        assert_eq!(counts(&traffic(&ids, &[3, 1, 2]), 2).misses, 5);
    }

    /// The most hits, by requests or by bytes, of all that a cache could keep after each request.
    fn best(ids: &[u32], sizes: &[u32], capacity: u32, worth: impl Fn(u32) -> u64) -> u64 {
        let sets = 1usize << sizes.len();
        let fits = |set: usize| {
            (0..sizes.len()).filter(|key| set >> key & 1 == 1).map(|key| sizes[key]).sum::<u32>() <= capacity
        };
        let mut most: Vec<Option<u64>> = vec![None; sets];
        most[0] = Some(0);
        for &key in ids {
            let mut next = vec![None; sets];
            for (held, hits) in most.iter().enumerate() {
                let Some(hits) = hits else { continue };
                let hits = hits + if held >> key & 1 == 1 { worth(key) } else { 0 };
                for kept in (0..sets).filter(|&kept| kept & !(held | 1 << key) == 0 && fits(kept)) {
                    next[kept] = next[kept].max(Some(hits));
                }
            }
            most = next;
        }
        most.into_iter().flatten().max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_choice_of_what_to_keep_misses_less(
            ids in prop::collection::vec(0u32..5, 1..16),
            sizes in prop::collection::vec(1u32..9, 5),
            capacity in 1u32..16,
        ) {
            let traffic = traffic(&ids, &sizes);
            let Counts { misses, missed_bytes, .. } = counts(&traffic, u64::from(capacity));
            prop_assert!(misses <= ids.len() as u64 - best(&ids, &sizes, capacity, |_| 1));
            let worth = |key: u32| u64::from(sizes[key as usize]);
            let all = traffic.lookup_bytes().unwrap();
            prop_assert!(missed_bytes <= all - best(&ids, &sizes, capacity, worth));
        }

        #[test]
        fn no_policy_misses_less(
            ids in prop::collection::vec(0u32..30, 1..300),
            sizes in prop::collection::vec(1u32..50, 30),
            capacity in 1u64..600,
        ) {
            let traffic = traffic(&ids, &sizes);
            let floor = counts(&traffic, capacity);
            for (name, policy) in Eviction::NAMES {
                let counts = cache::counts(&traffic, *policy, Admit::All, capacity);
                prop_assert!(counts.misses >= floor.misses && counts.missed_bytes >= floor.missed_bytes, "{}", name);
            }
        }
    }
}
