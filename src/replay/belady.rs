//! MIN (Belady, A Study of Replacement Algorithms for a Virtual-Storage Computer, IBM Systems Journal 5(2), 1966): evicts the
//! object whose next request is furthest away, so that no algorithm that takes in every object misses less.

use std::collections::BinaryHeap;

use crate::trace::Requests;

/// No request.
const NEVER: u32 = u32::MAX;

/// How many of the requests miss a cache of so many objects that starts empty.
///
/// Time n log n, and 12 bytes per request.
pub fn misses(requests: &Requests, capacity: u64) -> u64 {
    let Requests { ids, keys } = requests;
    assert!(ids.len() < NEVER as usize, "positions have 32 bits");
    let next = next_requests(ids, *keys);
    // Of the objects that are held.
    let mut next_of = vec![0u32; *keys as usize];
    let mut is_held = vec![false; *keys as usize];
    let mut held = 0u64;
    // What was requested again since has an older entry as well, which is skipped.
    let mut by_next: BinaryHeap<(u32, u32)> = BinaryHeap::new();
    let mut misses = 0;
    for (&key, &next) in ids.iter().zip(&next) {
        if !is_held[key as usize] {
            misses += 1;
            if held == capacity {
                while let Some((at, other)) = by_next.pop() {
                    if is_held[other as usize] && next_of[other as usize] == at {
                        is_held[other as usize] = false;
                        held -= 1;
                        break;
                    }
                }
            }
            is_held[key as usize] = true;
            held += 1;
        }
        next_of[key as usize] = next;
        by_next.push((next, key));
    }
    misses
}

/// For each request the place of the next one for its object.
fn next_requests(ids: &[u32], keys: u32) -> Vec<u32> {
    let mut coming = vec![NEVER; keys as usize];
    let mut next = vec![NEVER; ids.len()];
    for (at, &key) in ids.iter().enumerate().rev() {
        next[at] = std::mem::replace(&mut coming[key as usize], at as u32);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Eviction;
    use crate::replay;
    use proptest::prelude::*;

    fn requests(text: &str) -> Requests {
        Requests { ids: text.bytes().map(|key| u32::from(key - b'A')).collect(), keys: 26 }
    }

    /// The paper's kind of example: with room for three, A B C D: D takes the place of C, which comes last of all.
    #[test]
    fn the_one_that_comes_last_goes() {
        // A B C miss; D evicts C (next at 7; A at 4, B at 5); A B hit; D hits; C misses.
        assert_eq!(misses(&requests("ABCDABDC"), 3), 5);
        assert_eq!(misses(&requests("ABCDABDC"), 4), 4);
        assert_eq!(misses(&requests("ABCDABDC"), 1), 8);
        assert_eq!(misses(&requests("AABBA"), 1), 3);
    }

    /// The least number of misses by trying every victim.
    fn least(ids: &[u32], held: &mut Vec<u32>, capacity: usize) -> u64 {
        let Some((&key, rest)) = ids.split_first() else { return 0 };
        if held.contains(&key) {
            return least(rest, held, capacity);
        }
        if held.len() < capacity {
            held.push(key);
            let misses = 1 + least(rest, held, capacity);
            held.pop();
            return misses;
        }
        let tries = (0..capacity).map(|victim| {
            let evicted = std::mem::replace(&mut held[victim], key);
            let misses = 1 + least(rest, held, capacity);
            held[victim] = evicted;
            misses
        });
        tries.min().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_choice_of_victims_misses_less(ids in prop::collection::vec(0u32..6, 1..14), capacity in 1usize..4) {
            let requests = Requests { ids, keys: 6 };
            prop_assert_eq!(misses(&requests, capacity as u64), least(&requests.ids, &mut Vec::new(), capacity));
        }

        #[test]
        fn no_policy_misses_less(ids in prop::collection::vec(0u32..40, 1..400), capacity in 1u64..30) {
            let requests = Requests { ids, keys: 40 };
            let floor = misses(&requests, capacity);
            for (name, policy) in Eviction::NAMES {
                prop_assert!(replay::misses(&requests, *policy, capacity) >= floor, "{}", name);
            }
        }
    }
}
