//! Hand-worked sequences, and every algorithm against a twin that searches instead of linking.

use proptest::prelude::*;

use super::*;
use crate::dice::stream;

mod twins;

/// What happens to a policy: a request for a key, or the key's expiry.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Ask(u8),
    Expire(u8),
}

/// Replays steps through a policy with room for `capacity` keys; returns the evicted keys in order.
fn replay(kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    replay_in(Room::entries_of(capacity as u64), kind, capacity, steps)
}

fn replay_in(room: Room, kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    Policy::new(kind, room, stream(1, 0, "test")).with(|| Replay { capacity, steps })
}

struct Replay<'s> {
    capacity: usize,
    steps: &'s [Step],
}

impl WithPolicy for Replay<'_> {
    type Output = Vec<u8>;

    fn run<P: Evict>(self, policy: &mut P) -> Vec<u8> {
        let mut slots: Vec<Option<u8>> = vec![None; self.capacity];
        let mut evicted = Vec::new();
        for &step in self.steps {
            let (Step::Ask(key) | Step::Expire(key)) = step;
            let slot = slots.iter().position(|&held| held == Some(key));
            match (step, slot) {
                (Step::Ask(_), Some(slot)) => policy.hit(slot as u32),
                (Step::Ask(_), None) => {
                    policy.prepare(u32::from(key));
                    let mut is_full = slots.iter().all(Option::is_some);
                    while std::mem::take(&mut is_full) || policy.takes_more() {
                        let victim = policy.victim() as usize;
                        evicted.push(slots[victim].take().expect("a victim is held"));
                    }
                    let slot = slots.iter().position(Option::is_none).expect("room was made");
                    slots[slot] = Some(key);
                    policy.weigh(slot as u32, bytes(key));
                    policy.insert(slot as u32, u32::from(key));
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
}

/// Three sizes, so that some priorities are equal.
fn bytes(key: u8) -> u64 {
    1 + u64::from(key % 3)
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

/// C takes 2 bytes, A 3, B 1: priorities 1/2, 1/3 and 1. D (3 bytes) evicts A, which leaves a clock of 1/3; D comes in at 2/3.
/// C, used once more at that clock, is at 1/3 + 2/2; E (1 byte) evicts D, F evicts B at 1.
#[test]
fn gdsf_weighs_uses_by_bytes() {
    assert_eq!([b'A', b'B', b'C', b'D'].map(bytes), [3, 1, 2, 3]);
    assert_eq!(replay(Eviction::Gdsf, 3, &asks("CABDCEF")), b"ADB");
}

/// Room for 20: two in the small queue, 18 in the main one. Twenty keys are used three times each, so U finds all of them ready
/// to move. 18 do; for S and T the main queue gives up A and B, and nothing of the small one is left to go. Then U moves in
/// its turn, for C, and V, which was not used again, leaves as well.
#[test]
fn a_full_main_queue_of_s3_fifo_gives_up_an_entry_for_what_moves_there() {
    let thrice: String = ('A'..='T').flat_map(|key| [key; 3]).collect();
    assert_eq!(replay(Eviction::S3Fifo, 20, &asks(&format!("{thrice}U"))), b"AB");
    assert_eq!(replay(Eviction::S3Fifo, 20, &asks(&format!("{thrice}UUUVW"))), b"ABCV");
}

#[test]
fn random_evicts_all_entries_equally() {
    let mut policy = random::Random::new(Room::unknown(), stream(5, 0, "test"));
    (0..10).for_each(|slot| policy.insert(slot, slot));
    let mut counts = [0u32; 10];
    for _ in 0..100_000 {
        let slot = policy.victim();
        counts[slot as usize] += 1;
        policy.insert(slot, slot);
    }
    assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
}

proptest! {
    #[test]
    fn every_algorithm_agrees_with_its_twin(
        capacity in 1usize..24,
        steps in prop::collection::vec((0u8..48, 0u8..30), 1..600),
    ) {
        let steps = steps_of(&steps);
        for kind in ALL.iter().map(|row| row.0).filter(|&kind| kind != Eviction::Random) {
            prop_assert_eq!(replay(kind, capacity, &steps), twins::replay(kind, capacity, &steps), "{:?}", kind);
        }
    }

    /// A tier bounded by bytes has no fixed number of entries; victims are held all the same (`replay` sees to
    /// it) and every entry can be evicted.
    #[test]
    fn every_algorithm_works_where_the_number_of_entries_is_not_known(
        capacity in 1usize..24,
        steps in prop::collection::vec((0u8..48, 0u8..30), 1..600),
    ) {
        let mut steps = steps_of(&steps);
        steps.extend((100..200).map(Step::Ask));
        for &(kind, _) in ALL {
            let asked = steps.iter().filter(|step| matches!(step, Step::Ask(_))).count();
            let evicted = replay_in(Room::unknown(), kind, capacity, &steps);
            prop_assert!(evicted.len() >= 100 - capacity && evicted.len() < asked, "{:?}", kind);
        }
    }
}

/// One step in thirty is an expiry.
fn steps_of(steps: &[(u8, u8)]) -> Vec<Step> {
    steps.iter().map(|&(key, dice)| if dice == 0 { Step::Expire(key) } else { Step::Ask(key) }).collect()
}

#[test]
fn every_name_is_an_algorithm() {
    let names: Vec<Eviction> = Eviction::NAMES.iter().map(|row| row.1).collect();
    assert_eq!(names, ALL.iter().map(|row| row.0).collect::<Vec<_>>());
}
