//! Redis's hash table (`dict.c` of Redis 7): buckets with chains, a power of two of them, doubled when there are as many
//! entries as buckets. Only what eviction and expiry can see of it is here: where entries stand, which follows from a
//! hash of their keys, and how many buckets there are. Rehashing takes no time.

use rand::Rng as _;

use crate::dice::{Stream, below};
use crate::prefetch::prefetch;

const NONE: u32 = u32::MAX;
const FIRST_BUCKETS: usize = 4;
/// Entries per bucket up to which Redis would rather not grow a table than exceed `maxmemory`.
const CROWDED: f64 = 1.618;
/// Buckets without an entry in a row after which sampling looks elsewhere.
const EMPTY_RUN: u32 = 5;

/// Slots by the hash of their keys.
#[derive(Debug, Default)]
pub struct Dict {
    /// The newest slot of each bucket.
    heads: Vec<u32>,
    /// By slot: the next one of its bucket.
    next: Vec<u32>,
    used: u64,
}

impl Dict {
    /// Entries.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Buckets.
    pub fn buckets(&self) -> u64 {
        self.heads.len() as u64
    }

    fn bucket(&self, hash: u64) -> usize {
        hash as usize & self.heads.len().wrapping_sub(1)
    }

    /// The number of buckets that the next insertion would need, if it is another one.
    pub fn wants_to_grow(&self) -> Option<u64> {
        match self.heads.len() {
            0 => Some(FIRST_BUCKETS as u64),
            buckets if self.used >= buckets as u64 => Some((self.used + 1).next_power_of_two()),
            _ => None,
        }
    }

    /// Whether the table grows even where memory is short.
    pub fn must_grow(&self) -> bool {
        self.heads.is_empty() || self.used as f64 / self.heads.len() as f64 > CROWDED
    }

    /// Spreads the entries over so many buckets, a power of two.
    pub fn resize(&mut self, buckets: u64, hash_of: impl Fn(u32) -> u64) {
        let old = std::mem::replace(&mut self.heads, vec![NONE; buckets as usize]);
        for mut slot in old {
            while slot != NONE {
                let following = self.next[slot as usize];
                let bucket = self.bucket(hash_of(slot));
                self.next[slot as usize] = std::mem::replace(&mut self.heads[bucket], slot);
                slot = following;
            }
        }
    }

    /// Takes up a slot; the table must have buckets.
    pub fn insert(&mut self, slot: u32, hash: u64) {
        if slot as usize >= self.next.len() {
            self.next.resize(slot as usize + 1, NONE);
        }
        let bucket = self.bucket(hash);
        self.next[slot as usize] = std::mem::replace(&mut self.heads[bucket], slot);
        self.used += 1;
    }

    /// Lets a slot go; a table that is nearly empty shrinks.
    pub fn remove(&mut self, slot: u32, hash: u64, hash_of: impl Fn(u32) -> u64) {
        let bucket = self.bucket(hash);
        let after = self.next[slot as usize];
        if self.heads[bucket] == slot {
            self.heads[bucket] = after;
        } else {
            let mut before = self.heads[bucket];
            while self.next[before as usize] != slot {
                before = self.next[before as usize];
            }
            self.next[before as usize] = after;
        }
        self.used -= 1;
        if self.heads.len() > FIRST_BUCKETS && self.used * 10 < self.buckets() {
            self.resize(self.used.next_power_of_two().max(FIRST_BUCKETS as u64), hash_of);
        }
    }

    /// The slot with this hash that `is_it` recognises.
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if self.heads.is_empty() {
            return None;
        }
        self.chain(self.bucket(hash)).find(|&slot| is_it(slot))
    }

    /// Reads the bucket of a hash ahead.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        if !self.heads.is_empty() {
            prefetch(&self.heads, self.bucket(hash));
        }
    }

    /// The newest slot of the bucket of a hash, with the next one read ahead.
    #[inline]
    pub fn guess(&self, hash: u64) -> Option<u32> {
        let slot = *self.heads.get(self.bucket(hash))?;
        prefetch(&self.next, slot as usize);
        Some(slot)
    }

    /// The slots of one bucket.
    pub fn chain(&self, bucket: usize) -> impl Iterator<Item = u32> {
        let first = self.heads[bucket];
        std::iter::successors((first != NONE).then_some(first), |&slot| {
            let next = self.next[slot as usize];
            (next != NONE).then_some(next)
        })
    }

    /// Up to `count` slots from a run of buckets that starts anywhere (`dictGetSomeKeys`): distinct ones, and in an
    /// unlucky run fewer.
    pub fn sample(&self, count: u32, dice: &mut Stream, found: &mut Vec<u32>) {
        found.clear();
        if self.used == 0 {
            return;
        }
        let count = u64::from(count).min(self.used) as usize;
        let mask = self.heads.len() - 1;
        let mut bucket = dice.next_u64() as usize & mask;
        let mut empty = 0;
        let mut seen = 0;
        for _ in 0..count * 10 {
            if self.heads[bucket] == NONE {
                empty += 1;
                if empty >= EMPTY_RUN && empty as usize > count {
                    bucket = dice.next_u64() as usize & mask;
                    empty = 0;
                }
            } else {
                empty = 0;
                for slot in self.chain(bucket) {
                    // The end of a long chain has the same chance as its beginning.
                    seen += 1;
                    if found.len() < count {
                        found.push(slot);
                    } else if let Some(place) = found.get_mut(below(dice, seen) as usize) {
                        *place = slot;
                    }
                }
                if found.len() >= count {
                    return;
                }
            }
            bucket = (bucket + 1) & mask;
        }
    }

    /// Any slot of any bucket that is not empty (`dictGetRandomKey`); there must be one.
    pub fn random(&self, dice: &mut Stream) -> u32 {
        loop {
            let bucket = dice.next_u64() as usize & (self.heads.len() - 1);
            let length = self.chain(bucket).count() as u32;
            if length > 0 {
                let nth = below(dice, length) as usize;
                return self.chain(bucket).nth(nth).unwrap_or(self.heads[bucket]);
            }
        }
    }

    /// Lets everything go.
    pub fn clear(&mut self) {
        *self = Dict::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;

    /// A table of so many buckets whose entries have these hashes, slot by slot.
    fn dict(buckets: u64, hashes: &[u64]) -> Dict {
        let mut dict = Dict::default();
        dict.resize(buckets, |_| 0);
        hashes.iter().zip(0..).for_each(|(&hash, slot)| dict.insert(slot, hash));
        dict
    }

    #[test]
    fn a_table_doubles_when_it_has_an_entry_per_bucket() {
        let grows = |entries: u64| dict(8, &(0..entries).collect::<Vec<_>>()).wants_to_grow();
        assert_eq!([grows(7), grows(8), grows(9)], [None, Some(16), Some(16)]);
        assert_eq!(Dict::default().wants_to_grow(), Some(4));
        // Where memory is short, at 1.618 entries per bucket.
        let must = |entries: u64| dict(8, &(0..entries).collect::<Vec<_>>()).must_grow();
        assert_eq!([must(12), must(13)], [false, true]);
    }

    #[test]
    fn a_table_shrinks_when_less_than_a_tenth_is_used() {
        let mut dict = dict(16, &[3, 5, 19]);
        dict.remove(1, 5, |_| unreachable!("two of sixteen are more than a tenth"));
        assert_eq!((dict.buckets(), dict.used()), (16, 2));
        dict.remove(0, 3, |_| 19);
        assert_eq!((dict.buckets(), dict.used()), (4, 1));
        assert_eq!(dict.find(19, |slot| slot == 2), Some(2));
        dict.remove(2, 19, |_| unreachable!("no table is smaller than four"));
        assert_eq!(dict.buckets(), 4);
    }

    #[test]
    fn the_newest_of_a_bucket_comes_first() {
        let mut dict = dict(4, &[1, 5, 9, 2]);
        assert_eq!(dict.chain(1).collect::<Vec<_>>(), [2, 1, 0]);
        dict.remove(1, 5, |_| unreachable!());
        assert_eq!(dict.chain(1).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(dict.chain(0).count() + dict.chain(2).count() + dict.chain(3).count(), 1);
    }

    /// One bucket in eight is used, and after six empty ones a sample goes on elsewhere. In 50 looks it finds 4.38 of five on
    /// average (4.03 in 45, 4.64 in 55), by a simulation of these two sentences.
    #[test]
    fn a_sample_looks_at_ten_buckets_for_each_entry_that_it_wants() {
        let dict = dict(512, &(0..64).map(|n| n * 8).collect::<Vec<_>>());
        let (mut dice, mut found) = (stream(1, 0, "test"), Vec::new());
        let mean = |wanted: u32, dice: &mut Stream, found: &mut Vec<u32>| {
            let sum: usize = (0..20_000).map(|_| (dict.sample(wanted, dice, found), found.len()).1).sum();
            sum as f64 / 20_000.0
        };
        let (five, twenty) = (mean(5, &mut dice, &mut found), mean(20, &mut dice, &mut found));
        assert!((five - 4.38).abs() < 0.05, "{five}");
        // A sample of twenty goes on after seven empty ones, and is complete within 160 of 200 looks.
        assert_eq!(twenty, 20.0);
    }
}
