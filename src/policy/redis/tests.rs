use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::dice::stream;

const SECOND: Nanos = 1_000_000_000;
const NEVER: Nanos = Nanos::MAX;
const EFFORT: Effort = Effort { effort: 1, every_ns: SECOND / 10, per_key_ns: 0.0 };

fn keyspace(eviction: RedisEviction, samples: u32, limit_bytes: u64) -> Keyspace {
    let settings = Settings { eviction, samples, limit_bytes: Some(limit_bytes), allocator: None };
    Keyspace::new(settings, stream(1, 0, "test"))
}

fn set(keyspace: &mut Keyspace, key: u32, expiry_ns: Nanos, now: Nanos) -> Stored {
    keyspace.fill(New { key, version: 0, expiry_ns }, now, |_| 1, |_| ())
}

fn get(keyspace: &mut Keyspace, key: u32, now: Nanos) -> bool {
    let found = keyspace.find(key);
    found.into_iter().for_each(|slot| keyspace.touch(slot, now));
    found.is_some()
}

/// Table of `redis.conf` for the default factor of 10: 100 uses give 10, 1,000 give 18, 100,000 give 142, a million 255.
#[test]
fn the_counter_of_uses_grows_as_published() {
    let mut dice = stream(1, 0, "test");
    for (uses, published) in [(100, 10.0), (1_000, 18.0), (100_000, 142.0), (1_000_000, 255.0)] {
        let keys = 20;
        let sum: u32 =
            (0..keys).map(|_| (0..uses).fold(LFU_START, |counter, _| incremented(counter, &mut dice))).sum();
        let mean = f64::from(sum) / f64::from(keys);
        assert!((mean - published).abs() <= 0.08 * published + 0.5, "{uses} uses: {mean}, not {published}");
    }
}

#[test]
fn the_counter_of_uses_loses_one_per_minute() {
    let access = minutes(120 * SECOND) << 8 | 7;
    assert_eq!(counter_at(access, 179 * SECOND), 7);
    assert_eq!(counter_at(access, 180 * SECOND), 6);
    assert_eq!(counter_at(access, 6_000 * SECOND), 0);
}

/// Where every key is sampled the pool finds the best one: the exact policy.
#[test]
fn with_all_keys_sampled_the_right_one_goes() {
    let filled = |eviction, expiry: fn(u32) -> Nanos| {
        let mut keyspace = keyspace(eviction, 64, 10);
        for key in 0..10 {
            set(&mut keyspace, key, expiry(key), u64::from(key) * SECOND);
        }
        keyspace
    };
    let gone = |mut keyspace: Keyspace, now: Nanos| {
        assert_eq!(set(&mut keyspace, 99, NEVER, now).evicted, 1);
        (0..10).find(|&key| keyspace.find(key).is_none()).unwrap()
    };
    let mut lru = filled(RedisEviction::AllkeysLru, |_| NEVER);
    [0, 1, 2].into_iter().for_each(|key| assert!(get(&mut lru, key, 20 * SECOND)));
    assert_eq!(gone(lru, 21 * SECOND), 3);
    let mut lfu = filled(RedisEviction::AllkeysLfu, |_| NEVER);
    (0..10).filter(|&key| key != 6).for_each(|key| assert!(get(&mut lfu, key, 20 * SECOND)));
    assert_eq!(gone(lfu, 21 * SECOND), 6);
    let ttl = filled(RedisEviction::VolatileTtl, |key| (100 - u64::from(key)) * SECOND);
    assert_eq!(gone(ttl, 21 * SECOND), 9);
    let volatile = filled(RedisEviction::VolatileLru, |key| if key == 4 { 50 * SECOND } else { NEVER });
    assert_eq!(gone(volatile, 21 * SECOND), 4);
}

#[test]
fn without_a_key_that_may_go_a_set_is_refused() {
    for eviction in [RedisEviction::NoEviction, RedisEviction::VolatileLru, RedisEviction::VolatileRandom] {
        let mut keyspace = keyspace(eviction, 5, 3);
        (0..3).for_each(|key| assert!(set(&mut keyspace, key, NEVER, 0).slot.is_some()));
        assert_eq!(set(&mut keyspace, 3, 10, 0), Stored::default());
        assert_eq!(set(&mut keyspace, 0, NEVER, 0), Stored::default(), "a full server refuses every SET");
        assert_eq!(keyspace.len(), 3);
    }
}

/// A key stays for at most one sweep: with fewer than a tenth dead, 20 keys ten times a second.
#[test]
fn the_cycle_goes_on_while_more_than_a_tenth_were_dead() {
    let mut keyspace = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
    (0..10_000).for_each(|key| {
        set(&mut keyspace, key, if key < 5_000 { SECOND } else { 100 * SECOND }, 0);
    });
    let first = keyspace.expire(EFFORT, SECOND, 0, |_| 1);
    assert!(first.expired > 2_000, "{first:?}");
    // Once round, and until a round of 20 finds at most two.
    assert!(keyspace.count_expired(SECOND) < 3_000);
    let mut cycles = 0;
    while keyspace.count_expired(SECOND) > 0 {
        keyspace.expire(EFFORT, SECOND, 0, |_| 1);
        cycles += 1;
    }
    assert!(cycles <= 500, "20 keys a cycle sweep 10,000: {cycles}");
    assert_eq!((keyspace.len(), keyspace.volatile(), keyspace.bytes()), (5_000, 5_000, 5_000));
    // Nothing is dead while it may still be served.
    assert_eq!(keyspace.expire(EFFORT, 100 * SECOND, 5 * SECOND, |_| 1).expired, 0);
}

#[test]
fn effort_adds_keys_to_a_round_and_time_to_a_cycle() {
    // 20 keys and 5 for each step above the first; the last bucket of a round is looked at as a whole.
    for (effort, per_round) in [(1, 20), (2, 25), (4, 35), (10, 65)] {
        let mut keyspace = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
        (0..1_000).for_each(|key| {
            set(&mut keyspace, key, 100 * SECOND, 0);
        });
        let cycle = keyspace.expire(Effort { effort, ..EFFORT }, SECOND, 0, |_| 1);
        assert!((per_round..per_round + 8).contains(&cycle.examined), "{effort}: {cycle:?}");
        assert_eq!(cycle.expired, 0);
    }
    // 25 % of the time between two cycles and 2 % for each step above the first: 29 ms, of a microsecond for a key.
    let mut keyspace = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
    (0..100_000).for_each(|key| {
        set(&mut keyspace, key, SECOND, 0);
    });
    let cycle = keyspace.expire(Effort { effort: 3, per_key_ns: 1_000.0, ..EFFORT }, SECOND, 0, |_| 1);
    assert!((29_000..30_000).contains(&cycle.expired), "{cycle:?}");
}

/// Eight of a hundred are dead: less than a tenth, at which the lowest effort stops, and more than the highest one leaves.
#[test]
fn effort_leaves_fewer_dead_keys() {
    let left = |effort| {
        let mut keyspace = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
        (0..20_000).for_each(|key| {
            set(&mut keyspace, key, if key % 25 < 2 { SECOND } else { 100 * SECOND }, 0);
        });
        (0..20).for_each(|_| _ = keyspace.expire(Effort { effort, ..EFFORT }, SECOND, 0, |_| 1));
        keyspace.count_expired(SECOND)
    };
    let (little, much) = (left(1), left(10));
    assert!(little > 1_200 && much < little / 2, "{little} {much}");
}

#[test]
fn a_cleared_keyspace_is_as_new() {
    let script = |keyspace: &mut Keyspace| {
        (0..300).for_each(|key| {
            set(keyspace, key, if key % 2 == 0 { SECOND } else { NEVER }, 0);
        });
        let cycle = keyspace.expire(EFFORT, SECOND, 0, |_| 1);
        (cycle.examined, cycle.expired, keyspace.len(), keyspace.volatile(), keyspace.bytes())
    };
    let mut used = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
    let first = script(&mut used);
    used.clear();
    assert_eq!((used.len(), used.volatile(), used.bytes()), (0, 0, 0));
    assert_eq!(script(&mut used), first);
}

#[test]
fn a_cycle_that_takes_too_long_is_cut_short() {
    let mut keyspace = keyspace(RedisEviction::AllkeysLru, 5, 1 << 40);
    (0..100_000).for_each(|key| {
        set(&mut keyspace, key, SECOND, 0);
    });
    // A quarter of 100 ms at 1 us a key is 25,000 keys; looked at every 16 rounds.
    let cycle = keyspace.expire(Effort { per_key_ns: 1_000.0, ..EFFORT }, SECOND, 0, |_| 1);
    assert!((25_000..25_700).contains(&cycle.expired), "{cycle:?}");
    // A second a key is beyond the limit after the first; the first look comes after 16 rounds of 20, and each round may look at
    // the rest of a bucket.
    let cycle = keyspace.expire(Effort { per_key_ns: 1e9, ..EFFORT }, SECOND, 0, |_| 1);
    assert!((16 * 20..16 * 28).contains(&cycle.expired), "{cycle:?}");
}

#[test]
fn memory_is_what_the_structures_take() {
    let own = Allocator { quantum_bytes: 8 };
    let debian = Allocator { quantum_bytes: 16 };
    let classes = |allocator: Allocator, sizes: &[u64]| -> Vec<u64> {
        sizes.iter().map(|&bytes| allocator.gives(bytes)).collect()
    };
    assert_eq!(classes(own, &[1, 9, 24, 65, 100, 129, 257, 4_097]), [8, 16, 24, 80, 112, 160, 320, 5_120]);
    assert_eq!(classes(debian, &[1, 9, 24, 65, 100, 129, 257, 4_097]), [8, 16, 32, 80, 112, 160, 320, 5_120]);
    // A key of 8: header, 8, end: 10 of 16. A value of 100: object 16, and header 3, 100, end: 104 of 112.
    assert_eq!(own.entry_bytes(8, 100), 24 + 16 + 16 + 112);
    assert_eq!(debian.entry_bytes(8, 100), 32 + 16 + 16 + 112);
    // A short value is one piece with its object: 16 + 3 + 44 + 1.
    assert_eq!(own.entry_bytes(8, 44), 24 + 16 + 64);
    // 45 are not: 16, and 3 + 45 + 1 of 56. From 256 on the header takes 5 bytes, from 65,536 on 9.
    assert_eq!(own.entry_bytes(8, 45), 24 + 16 + 16 + 56);
    assert_eq!([314, 315].map(|value| own.entry_bytes(8, value)), [24 + 32 + 320, 24 + 32 + 384]);
    assert_eq!([81_910, 81_911].map(|value| own.entry_bytes(8, value)), [24 + 32 + 81_920, 24 + 32 + 98_304]);
    // The header of a key is one byte up to 31 bytes, then 3: 32, 33, 40 and 41 bytes in all.
    assert_eq!([30, 31, 36, 37].map(|key| own.entry_bytes(key, 100) - 24 - 16 - 112), [32, 40, 40, 48]);

    let settings =
        Settings { eviction: RedisEviction::NoEviction, samples: 5, limit_bytes: None, allocator: Some(own) };
    let mut keyspace = Keyspace::new(settings, stream(1, 0, "test"));
    for key in 0..1_025 {
        keyspace.fill(
            New { key, version: 0, expiry_ns: if key < 512 { 5 } else { NEVER } },
            0,
            |_| 100,
            |_| (),
        );
    }
    assert_eq!(keyspace.table_bytes(), (2_048 + 512) * 8 + 512 * 24);
    assert_eq!(keyspace.bytes(), 102_500 + keyspace.table_bytes());
    for key in 0..1_000 {
        keyspace.remove(keyspace.find(key).unwrap(), 100);
    }
    assert_eq!(keyspace.table_bytes(), (32 + 4) * 8, "nearly empty tables shrink");
}

/// `evictionPoolPopulate` of Redis's `evict.c`, in an array with holes as there.
fn offer_literally(pool: &mut [Option<(u64, u32)>; POOL], score: u64, key: u32) {
    let mut k = 0;
    while k < POOL && pool[k].is_some_and(|candidate| candidate.0 < score) {
        k += 1;
    }
    if k == 0 && pool[POOL - 1].is_some() {
        return;
    }
    if k == POOL || pool[k].is_some() {
        if pool[POOL - 1].is_none() {
            pool.copy_within(k..POOL - 1, k + 1);
        } else {
            k -= 1;
            pool.copy_within(1..k + 1, 0);
        }
    }
    pool[k] = Some((score, key));
}

#[derive(Clone, Debug)]
enum Step {
    Set { key: u32, lives_s: Option<u64> },
    Get { key: u32 },
    Delete { key: u32 },
    Wait { seconds: u64 },
    Cycle,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0u32..80;
    prop_oneof![
        10 => (key.clone(), prop::option::of(1u64..30)).prop_map(|(key, lives_s)| Step::Set { key, lives_s }),
        6 => key.clone().prop_map(|key| Step::Get { key }),
        2 => key.prop_map(|key| Step::Delete { key }),
        2 => (0u64..20).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Cycle),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn the_pool_is_that_of_redis(steps in prop::collection::vec((0u64..40, 0u8..4), 1..200)) {
        let (mut ours, mut literal) = (Vec::new(), [None; POOL]);
        for (number, (score, pops)) in steps.into_iter().enumerate() {
            offer(&mut ours, score, number as u32);
            offer_literally(&mut literal, score, number as u32);
            for _ in 3..=pops {
                let last = literal.iter().rposition(Option::is_some);
                prop_assert_eq!(ours.pop(), last.and_then(|place| literal[place].take()));
            }
            prop_assert_eq!(&ours, &literal.iter().flatten().copied().collect::<Vec<_>>());
        }
    }

    /// Whatever happens: what it holds is a part of what was stored, in the books and within the limit, and what may
    /// not be evicted is there.
    #[test]
    fn keys_and_books_agree_with_a_map(
        policy in prop::sample::select(RedisEviction::NAMES),
        accounts in any::<bool>(),
        samples in 1u32..10,
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let policy = policy.1;
        let limit = if accounts { 6_000 } else { 2_000 };
        let settings = Settings {
            eviction: policy, samples, limit_bytes: Some(limit),
            allocator: accounts.then_some(Allocator { quantum_bytes: 8 }),
        };
        let size = |key: u32| 50 + u64::from(key % 7);
        let mut keyspace = Keyspace::new(settings, stream(3, 0, "test"));
        let mut map: BTreeMap<u32, Nanos> = BTreeMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Set { key, lives_s } => {
                    let expiry_ns = lives_s.map_or(NEVER, |seconds| now + seconds * SECOND);
                    let known = keyspace.find(key).is_some();
                    let stored = keyspace.fill(New { key, version: key, expiry_ns }, now, size, |_| ());
                    if let Some(slot) = stored.slot {
                        prop_assert_eq!((keyspace.key(slot), keyspace.version(slot), keyspace.expiry_ns(slot)), (key, key, expiry_ns));
                        map.insert(key, expiry_ns);
                    } else {
                        prop_assert_eq!(known, keyspace.find(key).is_some());
                        prop_assert!(policy == RedisEviction::NoEviction || policy.only_volatile() && keyspace.volatile() == 0);
                    }
                    if stored.evicted > 0 {
                        let before = map.len();
                        map.retain(|&key, expiry_ns| keyspace.find(key).is_some() || policy.only_volatile() && *expiry_ns == NEVER);
                        prop_assert_eq!(before - map.len(), stored.evicted as usize);
                    }
                }
                Step::Get { key } => prop_assert_eq!(get(&mut keyspace, key, now), map.contains_key(&key)),
                Step::Delete { key } => {
                    let slot = keyspace.find(key);
                    prop_assert_eq!(slot.is_some(), map.remove(&key).is_some());
                    slot.into_iter().for_each(|slot| keyspace.remove(slot, size(key)));
                }
                Step::Wait { seconds } => now += seconds * SECOND,
                Step::Cycle => {
                    let dead = keyspace.count_expired(now);
                    let cycle = keyspace.expire(EFFORT, now, 0, size);
                    prop_assert_eq!(dead - cycle.expired, keyspace.count_expired(now));
                    map.retain(|&key, expiry_ns| *expiry_ns > now || keyspace.find(key).is_some());
                }
                Step::Clear => {
                    keyspace.clear();
                    map.clear();
                }
            }
            let bytes: u64 = map.keys().map(|&key| size(key)).sum();
            prop_assert_eq!(keyspace.len(), map.len() as u64);
            prop_assert_eq!(keyspace.volatile(), map.values().filter(|&&at| at != NEVER).count() as u64);
            prop_assert_eq!(keyspace.bytes() - keyspace.table_bytes(), bytes);
            prop_assert!(bytes <= limit);
            for (&key, &expiry_ns) in &map {
                let slot = keyspace.find(key).unwrap();
                prop_assert_eq!((keyspace.key(slot), keyspace.expiry_ns(slot)), (key, expiry_ns));
            }
        }
    }
}
