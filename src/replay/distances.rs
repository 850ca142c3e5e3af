//! The misses of LRU at every capacity, in one pass, by stack distances (Mattson, Gecsei, Slutz, Traiger: Evaluation Techniques
//! for Storage Hierarchies, IBM Systems Journal 9(2), 1970): a request hits every cache that holds at least as many objects as
//! were requested since the last request for its object, itself included.

use crate::trace::Requests;

/// LRU at every capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LruCurve {
    /// Requests with a stack distance of at most the index.
    hits: Vec<u64>,
    requests: u64,
}

impl LruCurve {
    /// Time n log k for n requests of k objects, and 20 bytes per object.
    pub fn of(requests: &Requests) -> LruCurve {
        let mut counter = LruCounter::for_keys(requests.keys as usize);
        requests.ids.iter().for_each(|&key| counter.request(key, 1));
        counter.curve()
    }

    /// Requests of the trace.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// How many of the requests miss a cache of so many objects that starts empty.
    pub fn misses(&self, capacity: u64) -> u64 {
        let place = usize::try_from(capacity).unwrap_or(usize::MAX).min(self.hits.len() - 1);
        self.requests - self.hits[place]
    }

    /// The least capacity at which at most so many requests miss; `None` where more are the first for their object.
    pub fn capacity_for(&self, misses_max: u64) -> Option<u64> {
        let enough = self.requests.saturating_sub(misses_max);
        let capacity = self.hits.partition_point(|hits| *hits < enough);
        (capacity < self.hits.len()).then_some(capacity as u64)
    }
}

/// The stack distances of requests that come one after another, in memory that depends on the number of objects only.
#[derive(Debug)]
pub struct LruCounter {
    /// Requests by stack distance.
    hits: Vec<u64>,
    recency: Recency,
    requests: u64,
}

impl Default for LruCounter {
    fn default() -> LruCounter {
        LruCounter::for_keys(0)
    }
}

impl LruCounter {
    fn for_keys(keys: usize) -> LruCounter {
        LruCounter { hits: vec![0; keys + 1], recency: Recency::new(keys), requests: 0 }
    }

    /// So many requests in a row for an object; objects are numbered in the order of their first request.
    pub fn request(&mut self, key: u32, times: u32) {
        if key as usize + 1 >= self.hits.len() {
            self.hits.push(0);
        }
        if let Some(distance) = self.recency.request(key) {
            self.hits[distance as usize] += 1;
        }
        self.hits[1] += u64::from(times - 1);
        self.requests += u64::from(times);
    }

    /// Cells of memory.
    #[cfg(test)]
    pub(crate) fn cells(&self) -> usize {
        let Recency { place_of, key_at, sums, .. } = &self.recency;
        self.hits.len() + place_of.len() + key_at.len() + sums.len()
    }

    /// The misses so far.
    pub fn curve(&self) -> LruCurve {
        let mut hits = self.hits.clone();
        for distance in 1..hits.len() {
            hits[distance] += hits[distance - 1];
        }
        LruCurve { hits, requests: self.requests }
    }
}

/// Objects by their last request: a row of marks with a Fenwick tree over it (Fenwick, A New Data Structure for Cumulative
/// Frequency Tables, Software: Practice and Experience 24(3), 1994), written anew when its end is reached.
#[derive(Debug)]
struct Recency {
    /// Place of each object's last request, from 1; 0: none yet.
    place_of: Vec<u32>,
    /// The object of each place, if that is still its last request.
    key_at: Vec<u32>,
    sums: Vec<u32>,
    last: usize,
    marks: u32,
}

const NONE: u32 = u32::MAX;

impl Recency {
    fn new(keys: usize) -> Recency {
        // Twice the objects: writing anew then costs each request a constant.
        let places = 2 * keys.max(8);
        Recency {
            place_of: vec![0; keys],
            key_at: vec![NONE; places + 1],
            sums: vec![0; places + 1],
            last: 0,
            marks: 0,
        }
    }

    /// Its stack distance; `None` for the first request of an object.
    fn request(&mut self, key: u32) -> Option<u32> {
        if self.last + 1 == self.key_at.len() {
            self.write_anew();
        }
        if key as usize == self.place_of.len() {
            self.place_of.push(0);
        }
        let before = self.place_of[key as usize] as usize;
        let distance = (before > 0).then(|| {
            let newer = self.marks - self.up_to(before);
            self.add(before, false);
            self.key_at[before] = NONE;
            newer + 1
        });
        self.last += 1;
        self.place_of[key as usize] = self.last as u32;
        self.key_at[self.last] = key;
        self.add(self.last, true);
        distance
    }

    /// Marks up to a place.
    fn up_to(&self, mut place: usize) -> u32 {
        let mut sum = 0;
        while place > 0 {
            sum += self.sums[place];
            place &= place - 1;
        }
        sum
    }

    fn add(&mut self, mut place: usize, mark: bool) {
        self.marks = if mark { self.marks + 1 } else { self.marks - 1 };
        while place < self.sums.len() {
            self.sums[place] = if mark { self.sums[place] + 1 } else { self.sums[place] - 1 };
            place += place & place.wrapping_neg();
        }
    }

    /// Moves all marks to the beginning, in their order.
    fn write_anew(&mut self) {
        let mut place = 0;
        for at in 1..self.key_at.len() {
            let key = std::mem::replace(&mut self.key_at[at], NONE);
            if key != NONE {
                place += 1;
                self.key_at[place] = key;
                self.place_of[key as usize] = place as u32;
            }
        }
        self.last = place;
        // As much room again, where more objects have come than there was room for.
        let places = self.key_at.len().max(2 * place + 1);
        self.key_at.resize(places, NONE);
        self.sums.resize(places, 0);
        // Of n marks at the beginning, a sum covers as many places as its lowest bit, as far as there are marks.
        for at in 1..self.sums.len() {
            let covered = at & at.wrapping_neg();
            self.sums[at] = place.min(at).saturating_sub(at - covered) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Eviction;
    use crate::replay::misses;
    use proptest::prelude::*;

    #[test]
    fn distances_worked_out_by_hand() {
        // A B C A A B: distances -, -, -, 3, 1, 3.
        let requests = Requests { ids: vec![0, 1, 2, 0, 0, 1], keys: 3 };
        let curve = LruCurve::of(&requests);
        assert_eq!((0..5).map(|capacity| curve.misses(capacity)).collect::<Vec<_>>(), [6, 5, 5, 3, 3]);
        assert_eq!(curve.capacity_for(5), Some(1));
        assert_eq!(curve.capacity_for(4), Some(3));
        assert_eq!(curve.capacity_for(2), None);
    }

    /// A A A B A as a row of three and two rows of one.
    #[test]
    fn a_row_of_requests_counts_as_so_many() {
        let mut counter = LruCounter::default();
        [(0, 3), (1, 1), (0, 1)].into_iter().for_each(|(key, times)| counter.request(key, times));
        assert_eq!(counter.curve(), LruCurve::of(&Requests { ids: vec![0, 0, 0, 1, 0], keys: 2 }));
    }

    proptest! {
        /// Objects that were not announced, numbered as they come.
        #[test]
        fn a_counter_grows_with_its_objects(ids in prop::collection::vec(0u32..200, 1..2_000)) {
            let mut numbers = crate::trace::requests::KeyNumbers::new();
            let ids: Vec<u32> = ids.iter().map(|&id| numbers.number(u64::from(id)).unwrap()).collect();
            let mut counter = LruCounter::default();
            ids.iter().for_each(|&id| counter.request(id, 1));
            prop_assert_eq!(counter.curve(), LruCurve::of(&Requests { keys: numbers.keys(), ids }));
        }

        #[test]
        fn it_agrees_with_a_replay_at_every_capacity(ids in prop::collection::vec(0u32..30, 1..800)) {
            let requests = Requests { ids, keys: 30 };
            let curve = LruCurve::of(&requests);
            for capacity in 1..=32 {
                prop_assert_eq!(curve.misses(capacity), misses(&requests, Eviction::Lru, capacity));
            }
        }
    }
}
