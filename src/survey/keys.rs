//! A row of counters per key.

use serde::Serialize;

use crate::replay::LruCounter;
use crate::trace::Row;
use crate::trace::requests::KeyNumbers;

/// Parts of the trace, as even as one pass can make them, in which the requests of each key are counted.
const PARTS: usize = 8;
/// Requests of the first parts.
const PART_MIN: u64 = 1 << 10;
/// Of the distinct keys: those that are called popular.
const POPULAR: f64 = 0.01;
/// Fewer popular keys are no measure of drift.
const POPULAR_MIN: usize = 10;

/// Counters by key, in the order of first appearance.
pub(super) struct Keys {
    numbers: KeyNumbers,
    /// By key.
    counts: Vec<u32>,
    parts: Vec<[u32; PARTS]>,
    last_s: Vec<f64>,
    known: Vec<Known>,
    hashes: Vec<u64>,
    /// Where they are kept, and the format has them.
    texts: Option<Vec<Option<Box<str>>>>,
    is_number: bool,
    lru: LruCounter,
    requests: u64,
    part_requests: u64,
}

/// The sizes that a key has shown.
#[derive(Clone, Copy, Default)]
struct Known {
    size: bool,
    key_size: bool,
}

/// A request against those before.
pub(super) struct Seen {
    /// Time of the key's last request.
    pub before_s: Option<f64>,
    pub is_first_size: bool,
    pub is_first_key_size: bool,
}

/// How far the popular keys of the first half of the requests are those of the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Drift {
    /// Of the requests, the first part.
    pub first_share: f64,
    /// Popular keys: the most requested of a half.
    pub popular: u64,
    /// Share of the first half's requests that go to its own popular keys.
    pub first: f64,
    /// Share of the second half's requests that go to the popular keys of the first.
    pub second: f64,
    /// Share of the second half's requests that go to its own popular keys.
    pub second_own: f64,
    /// Share of the second half's requests for keys that the first half has not.
    pub new: f64,
}

/// A key that is requested often.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Top {
    /// Its text, its number, or its hash.
    pub key: String,
    pub requests: u64,
}

impl Keys {
    pub fn new(keep_texts: bool) -> Keys {
        Keys {
            numbers: KeyNumbers::new(),
            counts: Vec::new(),
            parts: Vec::new(),
            last_s: Vec::new(),
            known: Vec::new(),
            hashes: Vec::new(),
            texts: keep_texts.then(Vec::new),
            is_number: false,
            lru: LruCounter::default(),
            requests: 0,
            part_requests: PART_MIN,
        }
    }

    pub fn add(
        &mut self,
        row: &Row,
        at_s: Option<f64>,
        text: impl Fn() -> Option<String>,
    ) -> Result<Seen, &'static str> {
        let key = self.numbers.number(row.key)?;
        let place = key as usize;
        let is_new = place == self.counts.len();
        if is_new {
            if self.counts.is_empty() {
                self.is_number = text().is_none();
            }
            self.counts.push(0);
            self.parts.push([0; PARTS]);
            self.last_s.push(0.0);
            self.known.push(Known::default());
            self.hashes.push(row.key);
            if let Some(texts) = &mut self.texts {
                texts.push(text().map(String::into_boxed_str));
            }
        }
        if self.requests >= self.part_requests * PARTS as u64 {
            self.join_parts();
        }
        let part = (self.requests / self.part_requests) as usize;
        self.requests += u64::from(row.count);
        self.lru.request(key, row.count);
        self.counts[place] = self.counts[place].saturating_add(row.count);
        // A row of many requests may reach beyond the last part.
        let part = &mut self.parts[place][part.min(PARTS - 1)];
        *part = part.saturating_add(row.count);
        let before_s = at_s.map(|at_s| std::mem::replace(&mut self.last_s[place], at_s));
        let known = &mut self.known[place];
        let is_first =
            |known: &mut bool, size: Option<u32>| size.is_some() && !std::mem::replace(known, true);
        Ok(Seen {
            before_s: before_s.filter(|_| !is_new),
            is_first_size: is_first(&mut known.size, row.size),
            is_first_key_size: is_first(&mut known.key_size, row.key_bytes),
        })
    }

    /// Half as many parts, twice as long.
    fn join_parts(&mut self) {
        while self.requests >= self.part_requests * PARTS as u64 {
            for parts in &mut self.parts {
                let joined = |at: usize| {
                    if at < PARTS / 2 { parts[2 * at].saturating_add(parts[2 * at + 1]) } else { 0 }
                };
                *parts = std::array::from_fn(joined);
            }
            self.part_requests *= 2;
        }
    }

    /// Cells of memory.
    #[cfg(test)]
    pub fn cells(&self) -> [usize; 6] {
        let own =
            [self.counts.len(), self.parts.len(), self.last_s.len(), self.known.len(), self.hashes.len()];
        let [a, b, c, d, e] = own;
        [a, b, c, d, e, self.lru.cells()]
    }

    /// Requests of each key.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The misses of LRU.
    pub fn lru(&self) -> &LruCounter {
        &self.lru
    }

    /// `None`: too few keys for popular ones, or too few requests for halves.
    pub fn drift(&self) -> Option<Drift> {
        let popular = (self.counts.len() as f64 * POPULAR) as usize;
        // The end of the part that is nearest to the middle.
        let parts = (self.requests as f64 / self.part_requests as f64 / 2.0).round() as usize;
        if popular < POPULAR_MIN || parts == 0 {
            return None;
        }
        let halves: Vec<[u64; 2]> = self
            .parts
            .iter()
            .map(|own| {
                let sum = |parts: &[u32]| parts.iter().map(|&count| u64::from(count)).sum();
                [sum(&own[..parts]), sum(&own[parts..])]
            })
            .collect();
        let total = |half: usize| halves.iter().map(|own| own[half]).sum::<u64>();
        let (first, second) = (total(0), total(1));
        if first == 0 || second == 0 {
            return None;
        }
        let most = |half: usize| {
            let mut keys: Vec<u32> = (0..halves.len() as u32).collect();
            // Of equal ones the first that came.
            let by_count = |key: &u32| (std::cmp::Reverse(halves[*key as usize][half]), *key);
            keys.select_nth_unstable_by_key(popular - 1, by_count);
            keys.truncate(popular);
            keys
        };
        let share = |keys: &[u32], half: usize| {
            let requests: u64 = keys.iter().map(|&key| halves[key as usize][half]).sum();
            requests as f64 / total(half) as f64
        };
        let (of_first, of_second) = (most(0), most(1));
        let new: u64 = halves.iter().filter(|own| own[0] == 0).map(|own| own[1]).sum();
        Some(Drift {
            first_share: first as f64 / (first + second) as f64,
            popular: popular as u64,
            first: share(&of_first, 0),
            second: share(&of_first, 1),
            second_own: share(&of_second, 1),
            new: new as f64 / second as f64,
        })
    }

    /// The most requested keys; of equal ones the first that came.
    pub fn top(&self, many: usize) -> Vec<Top> {
        let mut keys: Vec<u32> = (0..self.counts.len() as u32).collect();
        let by_count = |key: &u32| (std::cmp::Reverse(self.counts[*key as usize]), *key);
        if many < keys.len() {
            keys.select_nth_unstable_by_key(many, by_count);
            keys.truncate(many);
        }
        keys.sort_unstable_by_key(by_count);
        let name = |place: usize| {
            let text = self.texts.as_ref().and_then(|texts| texts[place].as_deref());
            match text {
                Some(text) => text.to_owned(),
                None if self.is_number => self.hashes[place].to_string(),
                None => format!("{:016x}", self.hashes[place]),
            }
        };
        keys.into_iter()
            .map(|key| Top { key: name(key as usize), requests: u64::from(self.counts[key as usize]) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(keys: impl IntoIterator<Item = u64>) -> Keys {
        let mut counted = Keys::new(false);
        for key in keys {
            counted.add(&Row::of(key, 1), None, || None).unwrap();
        }
        counted
    }

    /// 2,000 requests for keys 0 to 999 in turn, then as many for 500 to 1,499: at 1,024 requests per part, four parts of which the
    /// first two are the first half.
    #[test]
    fn drift_compares_two_halves() {
        let first = (0..2_048u64).map(|at| at % 1_000);
        let second = (0..2_048u64).map(|at| 500 + at % 1_000);
        let drift = counted(first.chain(second)).drift().unwrap();
        assert_eq!((drift.first_share, drift.popular), (0.5, 15));
        // Keys 0 to 14 three times each in the first half, never in the second; 500 to 514 three times in the second.
        assert_eq!((drift.first, drift.second), (45.0 / 2_048.0, 0.0));
        assert_eq!(drift.second_own, 45.0 / 2_048.0);
        // Keys 1,000 to 1,499: twice each.
        assert_eq!(drift.new, 1_000.0 / 2_048.0);
    }

    #[test]
    fn parts_are_joined_as_the_trace_grows() {
        // 20,000 requests: ten parts of 2,048, of which the fifth one ends at 10,240.
        let keys = counted((0..20_000u64).map(|at| at % 2_000));
        assert_eq!(keys.part_requests, 4_096);
        let drift = keys.drift().unwrap();
        // Of 4.9 parts the second one ends at 8,192, nearest to 10,000.
        assert_eq!(drift.first_share, 8_192.0 / 20_000.0);
        assert!(keys.parts.iter().all(|parts| parts.iter().sum::<u32>() == 10));
    }

    #[test]
    fn the_most_requested_keys_are_named_by_number() {
        let top = counted([7, 9, 9, 8, 8, 9, 1]).top(2);
        let named: Vec<(&str, u64)> = top.iter().map(|top| (top.key.as_str(), top.requests)).collect();
        assert_eq!(named, [("9", 3), ("8", 2)]);
    }
}
