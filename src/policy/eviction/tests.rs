//! Hand-worked sequences, and every algorithm against a twin that searches instead of linking.

use proptest::prelude::*;

use super::*;
use crate::dice::stream;

/// What happens to a policy: a request for a key, or the key's expiry.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(u8),
    Expire(u8),
}

/// Replays steps through a policy with room for `capacity` keys; returns the evicted keys in order.
fn replay(kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    let mut policy = Policy::new(kind, stream(1, 0, "test"));
    let mut slots: Vec<Option<u8>> = vec![None; capacity];
    let mut evicted = Vec::new();
    for &step in steps {
        let (Step::Ask(key) | Step::Expire(key)) = step;
        let slot = slots.iter().position(|&held| held == Some(key));
        match (step, slot) {
            (Step::Ask(_), Some(slot)) => policy.hit(slot as u32),
            (Step::Ask(_), None) => {
                let slot = slots.iter().position(Option::is_none).unwrap_or_else(|| {
                    let victim = policy.victim() as usize;
                    evicted.extend(slots[victim].take());
                    victim
                });
                slots[slot] = Some(key);
                policy.insert(slot as u32);
            }
            (Step::Expire(_), Some(slot)) => {
                slots[slot] = None;
                policy.remove(slot as u32);
            }
            (Step::Expire(_), None) => {}
        }
    }
    evicted
}

/// The same by searching in a vector ordered from oldest to newest; `used` and the hand where they are needed.
fn twin(kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    let mut queue: Vec<(u8, bool)> = Vec::new();
    let mut hand: Option<u8> = None;
    let mut evicted = Vec::new();
    for &step in steps {
        let (Step::Ask(key) | Step::Expire(key)) = step;
        let place = queue.iter().position(|entry| entry.0 == key);
        let after = |queue: &[(u8, bool)], place: usize| queue.get(place + 1).map(|entry| entry.0);
        match (step, place) {
            (Step::Ask(_), Some(place)) if kind == Eviction::Lru => {
                let entry = queue.remove(place);
                queue.push(entry);
            }
            (Step::Ask(_), Some(place)) => queue[place].1 = true,
            (Step::Ask(_), None) => {
                if queue.len() == capacity {
                    let mut place = match kind {
                        Eviction::Sieve => {
                            hand.and_then(|key| queue.iter().position(|e| e.0 == key)).unwrap_or(0)
                        }
                        _ => 0,
                    };
                    match kind {
                        Eviction::Clock => {
                            while queue[0].1 {
                                let (key, _) = queue.remove(0);
                                queue.push((key, false));
                            }
                        }
                        Eviction::Sieve => {
                            while queue[place].1 {
                                queue[place].1 = false;
                                place = (place + 1) % queue.len();
                            }
                            hand = after(&queue, place);
                        }
                        _ => {}
                    }
                    evicted.push(queue.remove(place).0);
                }
                queue.push((key, false));
            }
            (Step::Expire(_), Some(place)) => {
                if hand == Some(key) {
                    hand = after(&queue, place);
                }
                queue.remove(place);
            }
            (Step::Expire(_), None) => {}
        }
    }
    evicted
}

fn asks(keys: &str) -> Vec<Step> {
    keys.bytes().map(Step::Ask).collect()
}

#[test]
fn hand_worked_sequences() {
    // A is used before D arrives: LRU spares it, FIFO does not, CLOCK and SIEVE give it another round.
    assert_eq!(replay(Eviction::Lru, 3, &asks("ABCAD")), b"B");
    assert_eq!(replay(Eviction::Fifo, 3, &asks("ABCAD")), b"A");
    assert_eq!(replay(Eviction::Clock, 3, &asks("ABCAD")), b"B");
    // The hand of SIEVE stays at C; CLOCK moved A behind D and finds C first as well.
    assert_eq!(replay(Eviction::Sieve, 3, &asks("ABCADE")), b"BC");
    // After the hand has passed, SIEVE evicts new entries before it comes back to A.
    assert_eq!(replay(Eviction::Sieve, 3, &asks("ABCADEF")), b"BCD");
    assert_eq!(replay(Eviction::Clock, 3, &asks("ABCADEF")), b"BCA");
}

#[test]
fn random_evicts_all_entries_equally() {
    let mut policy = Policy::new(Eviction::Random, stream(5, 0, "test"));
    (0..10).for_each(|slot| policy.insert(slot));
    let mut counts = [0u32; 10];
    for _ in 0..100_000 {
        let slot = policy.victim();
        counts[slot as usize] += 1;
        policy.insert(slot);
    }
    assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
}

proptest! {
    #[test]
    fn every_algorithm_agrees_with_its_twin(
        capacity in 1usize..8,
        steps in prop::collection::vec((0u8..16, 0u8..10), 1..300),
    ) {
        let steps: Vec<Step> = steps
            .into_iter()
            .map(|(key, dice)| if dice == 0 { Step::Expire(key) } else { Step::Ask(key) })
            .collect();
        for kind in ALL.iter().map(|row| row.0).filter(|&kind| kind != Eviction::Random) {
            prop_assert_eq!(replay(kind, capacity, &steps), twin(kind, capacity, &steps), "{:?}", kind);
        }
    }
}
