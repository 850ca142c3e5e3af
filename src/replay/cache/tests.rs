//! Sequences worked out by hand, and twins that search vectors.

use super::*;
use crate::replay::{Rules, Ttl, misses};
use crate::trace::{Recorded, Requests};
use proptest::prelude::*;

/// Requests for A, B, ..., each object of these sizes.
fn recorded(text: &str, sizes: &[u32]) -> Recorded {
    let ids: Vec<u32> = text.bytes().map(|key| u32::from(key - b'A')).collect();
    let requests = Requests { keys: sizes.len() as u32, ids };
    Recorded { requests, sizes: Some(sizes.to_vec()), ..Recorded::default() }
}

fn by_bytes(recorded: Recorded) -> Traffic {
    Traffic::of(recorded, Rules { unit: Unit::Bytes, ..Rules::default() })
}

fn lru(traffic: &Traffic, capacity: u64) -> Counts {
    counts(traffic, Eviction::Lru, Admit::All, capacity)
}

/// Room for 10 bytes: A (4) and B (5) fit, C (6) needs 5 more and evicts A alone, which leaves 5 + 6; so B goes as well. A comes back
/// beside C. D (11) never comes in and evicts nothing.
#[test]
fn a_large_object_evicts_as_many_as_it_needs() {
    let traffic = by_bytes(recorded("ABCADACD", &[4, 5, 6, 11]));
    // Misses: A, B, C, A, D, D; hits: A, C.
    assert_eq!(lru(&traffic, 10), Counts { misses: 6, missed_bytes: 4 + 5 + 6 + 4 + 11 + 11, expired: 0 });
    assert_eq!(counts(&traffic, Eviction::Fifo, Admit::Size(5), 10).misses, 6);
}

/// A lives for 10 s from second 0. It is found at 9, dead at 10 (the lookup fills it anew, to 20), found at 19, and dead at 25.
#[test]
fn an_entry_is_dead_from_its_expiry_on() {
    let times_ns = [0, 9, 10, 19, 25].map(|second| second * SECOND_NS).to_vec();
    let recorded = Recorded { times_ns: Some(times_ns), ..recorded("AAAAA", &[1]) };
    let traffic = Traffic::of(recorded, Rules { ttl: Some(Ttl::All(10 * SECOND_NS)), ..Rules::default() });
    assert_eq!(lru(&traffic, 1), Counts { misses: 3, missed_bytes: 3, expired: 2 });
}

/// A is dead from second 5 on and the more recent one: C evicts B, which would have been found, and B evicts A.
#[test]
fn a_dead_entry_keeps_its_room() {
    let times_ns = [0, 1, 2, 3, 20, 21, 22].map(|second| second * SECOND_NS).to_vec();
    let ttls_s = Some(vec![5, 0, 0, 0, 0, 0, 0]);
    let recorded = Recorded { times_ns: Some(times_ns), ttls_s, ..recorded("ABBACBA", &[1, 1, 1]) };
    let traffic = Traffic::of(recorded, Rules { ttl: Some(Ttl::Recorded), ..Rules::default() });
    assert_eq!(lru(&traffic, 2), Counts { misses: 5, missed_bytes: 5, expired: 0 });
    // With room for three A is still there when it is looked up.
    assert_eq!(lru(&traffic, 3), Counts { misses: 4, missed_bytes: 4, expired: 1 });
}

/// SET fills, GET finds; DELETE removes, GET misses and fills; TOUCH of what is not there does nothing.
#[test]
fn operations_fill_and_remove() {
    use Operation::{Delete, Get, Set, Touch};
    let rules = Rules { only_reads: true, ..Rules::default() };
    let operations = Some(vec![Set, Get, Delete, Get, Get, Delete, Touch, Set, Get]);
    let traffic = Traffic::of(Recorded { operations, ..recorded("AAAAAAAAA", &[1]) }, rules);
    assert_eq!((traffic.lookups(), lru(&traffic, 1).misses), (4, 1));
    // A SET prolongs the life of what it overwrites, and so does a TOUCH: to 16, then to 25.
    let operations = Some(vec![Set, Set, Get, Get, Touch, Get]);
    let times_ns = Some([0, 6, 12, 15, 15, 20].map(|second| second * SECOND_NS).to_vec());
    let recorded = Recorded { operations, times_ns, ..recorded("AAAAAA", &[1]) };
    let rules = Rules { ttl: Some(Ttl::All(10 * SECOND_NS)), ..rules };
    assert_eq!(lru(&Traffic::of(recorded, rules), 1).misses, 0);
}

/// A comes in at its second request and is found at its third; B, four rows after its first request, is too late for a window of three.
#[test]
fn a_second_hit_is_needed_to_come_in() {
    let traffic = Traffic::from(recorded("ABACDBB", &[1; 4]).requests);
    let misses = |within| counts(&traffic, Eviction::Lru, Admit::SecondHit { within }, 4).misses;
    assert_eq!(counts(&traffic, Eviction::Lru, Admit::All, 4).misses, 4);
    assert_eq!(misses(None), 6);
    assert_eq!(misses(Some(4)), 6);
    assert_eq!(misses(Some(3)), 7);
}

#[test]
fn a_probability_is_the_share_that_comes_in() {
    let requests = Requests { ids: (0..20_000).chain(0..20_000).collect(), keys: 20_000 };
    let traffic = Traffic::from(requests);
    let misses = counts(&traffic, Eviction::Lru, Admit::Probability(0.25), 20_000).misses;
    // Of the first round all miss, of the second those that did not come in: 15,000, 61 being one standard deviation.
    assert!((34_750..35_250).contains(&misses), "{misses}");
}

/// A request of the twin: key, seconds since the one before, operation, time to live.
type Step = (u32, u64, u8, u32);

/// LRU by bytes with expiry and operations: entries in a vector, oldest first, with their expiry.
fn twin(steps: &[Step], sizes: &[u32], capacity: u64, rules: Rules) -> Counts {
    let mut held: Vec<(u32, u64)> = Vec::new();
    let mut last_ttl = vec![0u32; sizes.len()];
    let mut now = 0;
    let mut counts = Counts::default();
    for &(key, gap, operation, ttl_s) in steps {
        now += gap * SECOND_NS;
        let operation = if rules.only_reads { operation_of(operation) } else { Operation::Get };
        if ttl_s > 0 {
            last_ttl[key as usize] = ttl_s;
        }
        let expiry = match rules.ttl {
            None => u64::MAX,
            Some(Ttl::All(ns)) => now + ns,
            Some(Ttl::Recorded) if last_ttl[key as usize] == 0 => u64::MAX,
            Some(Ttl::Recorded) => now + u64::from(last_ttl[key as usize]) * SECOND_NS,
        };
        let mut found = held.iter().position(|entry| entry.0 == key).map(|at| held.remove(at));
        let dead = found.is_some_and(|entry| entry.1 <= now);
        if dead {
            found = None;
        }
        let size = u64::from(sizes[key as usize]);
        let renewed = rules.ttl == Some(Ttl::Recorded) && ttl_s > 0;
        let entry = match (operation, found) {
            (Operation::Get, Some(entry)) => Some((key, if renewed { expiry } else { entry.1 })),
            (Operation::Get, None) => {
                counts.misses += 1;
                counts.missed_bytes += size;
                counts.expired += u64::from(dead);
                (size <= capacity).then_some((key, expiry))
            }
            (Operation::Set | Operation::Change, Some(_)) => Some((key, expiry)),
            (Operation::Set | Operation::Change, None) => (size <= capacity).then_some((key, expiry)),
            (Operation::Delete | Operation::Touch, _) => None,
        };
        let Some(entry) = entry else { continue };
        let used =
            |held: &[(u32, u64)]| held.iter().map(|entry| u64::from(sizes[entry.0 as usize])).sum::<u64>();
        while used(&held) + size > capacity {
            held.remove(0);
        }
        held.push(entry);
    }
    counts
}

fn operation_of(number: u8) -> Operation {
    match number {
        0 | 1 => Operation::Set,
        2 => Operation::Delete,
        3 => Operation::Change,
        _ => Operation::Get,
    }
}

fn traffic(steps: &[Step], sizes: &[u32], rules: Rules) -> Traffic {
    let requests = Requests { ids: steps.iter().map(|step| step.0).collect(), keys: sizes.len() as u32 };
    let times = steps.iter().scan(0, |now, step| {
        *now += step.1 * SECOND_NS;
        Some(*now)
    });
    let recorded = Recorded {
        requests,
        sizes: Some(sizes.to_vec()),
        times_ns: Some(times.collect()),
        ttls_s: Some(steps.iter().map(|step| step.3).collect()),
        operations: Some(steps.iter().map(|step| operation_of(step.2)).collect()),
    };
    Traffic::of(recorded, rules)
}

proptest! {
    #[test]
    fn lru_agrees_with_its_twin(
        steps in prop::collection::vec((0u32..12, 0u64..4, 0u8..12, 0u32..15), 1..400),
        sizes in prop::collection::vec(1u32..9, 12),
        capacity in 1u64..40,
        ttl in prop::option::of(prop_oneof![Just(Ttl::Recorded), (1u64..40).prop_map(|s| Ttl::All(s * SECOND_NS))]),
        only_reads: bool,
    ) {
        let rules = Rules { unit: Unit::Bytes, ttl, only_reads, sizes: true };
        let traffic = traffic(&steps, &sizes, rules);
        prop_assert_eq!(lru(&traffic, capacity), twin(&steps, &sizes, capacity, rules));
    }

    /// Bytes of one each, entries that live for ever, nothing but lookups: the plain replay.
    #[test]
    fn it_agrees_with_the_plain_replay(ids in prop::collection::vec(0u32..40, 1..600), capacity in 1u64..45) {
        let requests = Requests { ids, keys: 40 };
        let plain: Vec<u64> =
            Eviction::NAMES.iter().map(|(_, policy)| misses(&requests, *policy, capacity)).collect();
        let traffic = Traffic::from(requests);
        for ((name, policy), misses) in Eviction::NAMES.iter().zip(plain) {
            prop_assert_eq!(counts(&traffic, *policy, Admit::All, capacity).misses, misses, "{}", name);
        }
    }

    /// Every policy works on bytes, expiry, operations and filters together.
    #[test]
    fn no_policy_is_led_astray(
        steps in prop::collection::vec((0u32..30, 0u64..4, 0u8..12, 0u32..15), 1..400),
        sizes in prop::collection::vec(1u32..20, 30),
        capacity in 1u64..120,
    ) {
        let rules = Rules { unit: Unit::Bytes, ttl: Some(Ttl::Recorded), only_reads: true, sizes: true };
        let traffic = traffic(&steps, &sizes, rules);
        for (name, policy) in Eviction::NAMES {
            for admit in [Admit::All, Admit::SecondHit { within: Some(50) }, Admit::Probability(0.5), Admit::Size(9)] {
                let counts = counts(&traffic, *policy, admit, capacity);
                prop_assert!(counts.misses <= traffic.lookups() && counts.expired <= counts.misses, "{}", name);
            }
        }
    }
}
