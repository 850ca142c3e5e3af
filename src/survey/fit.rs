//! Zipf's law for the popularity of keys, and whether it explains the misses of LRU.
//!
//! Under independent requests (IRM) nothing but popularity decides on a hit. A recorded workload has more: keys come in bursts, are
//! scanned, or go out of fashion. So the fit is judged by what it is for: the miss ratios of LRU, replayed and under the law.

use rand::distr::Distribution;
use serde::Serialize;

use crate::dice::stream;
use crate::import::{Zipf, never_repeat, zipf_by_counts};
use crate::oracle::special::root;
use crate::oracle::steady::zipf_groups;
use crate::replay::{LruCounter, LruCurve, TraceCapacity};
use crate::trace::requests::KeyNumbers;

/// Capacities of the comparison, as shares of the distinct keys.
const CAPACITIES: [f64; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];
/// Differences of miss ratios up to which the law is close, and fair.
const CLOSE: f64 = 0.01;
const FAIR: f64 = 0.03;

/// Zipf's law over the keys, and what it explains.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fit {
    /// By maximum likelihood of the counts of counts.
    pub exponent: f64,
    /// Keys of the law, those that were never requested included.
    pub keys: u64,
    /// Misses of LRU at capacities of 0.1, 0.3, 1, 3 and 10 % of the distinct keys.
    pub lru: Vec<MissRatios>,
    pub grade: Grade,
}

/// A cache with LRU that starts empty, each object one slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MissRatios {
    pub capacity_objects: u64,
    /// Of the distinct keys.
    pub capacity_share: f64,
    pub replayed: f64,
    /// Of the same requests in random order.
    pub shuffled: f64,
    /// Of independent requests by the law.
    pub under_law: f64,
}

/// How well a law explains the misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Within one point at every capacity.
    Close,
    /// Within three points.
    Fair,
    /// The replay misses less somewhere: keys are requested again sooner than by chance.
    Recency,
    /// The replay misses more: keys come and go, or are scanned.
    Churn,
    /// In random order the trace misses as it does, but otherwise than under the law.
    Shape,
}

impl Fit {
    /// `None`: no key is requested twice, which tells nothing of their popularity.
    pub(super) fn of(counts: &[u32], lru: &LruCounter) -> Option<Fit> {
        if never_repeat(counts) {
            return None;
        }
        let zipf = zipf_by_counts(counts);
        let curve = lru.curve();
        let requests = curve.requests();
        let lru = at_capacities(counts, &curve, |capacity| lru_miss_ratio(zipf, requests, capacity));
        let grade = Grade::of(&lru);
        Some(Fit { exponent: zipf.exponent, keys: zipf.keys, lru, grade })
    }
}

impl Grade {
    /// By the largest difference between the replay and the law; where it is large, by that between the replay and its requests in
    /// random order.
    pub fn of(ratios: &[MissRatios]) -> Grade {
        let most = |away: fn(&MissRatios) -> f64| {
            ratios.iter().map(away).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
        };
        let (law, order) =
            (most(|own| own.replayed - own.under_law), most(|own| own.replayed - own.shuffled));
        match () {
            () if law.abs() <= CLOSE => Grade::Close,
            () if law.abs() <= FAIR => Grade::Fair,
            () if order.abs() <= FAIR => Grade::Shape,
            () if order < 0.0 => Grade::Recency,
            () => Grade::Churn,
        }
    }

    /// For a reader, with the way on.
    pub fn words(self) -> &'static str {
        match self {
            Grade::Close => "close: synthetic requests by this law miss as the trace does, within 1 point",
            Grade::Fair => "fair: synthetic requests by this law are within 3 points of the trace",
            Grade::Recency => {
                "poor: keys are requested again sooner than by chance, so the trace misses less than any law of popularity predicts; \
                 replay the trace itself"
            }
            Grade::Shape => {
                "poor: the popularity of the keys is no Zipf law (in random order the requests miss as they do); replay the trace itself"
            }
            Grade::Churn => {
                "poor: keys come and go or are scanned, so the trace misses more than any law of popularity predicts; replay the \
                 trace itself"
            }
        }
    }
}

/// Miss ratios of LRU of requests for these keys, and of as many that are drawn by a law, at the same capacities.
///
/// # Errors
/// More keys than a replay can number, or a law without keys.
pub fn drawn_beside(keys: &[u64], law: Zipf) -> Result<Vec<MissRatios>, &'static str> {
    let zipf = rand_distr::Zipf::new(law.keys as f64, law.exponent).map_err(|_| "a law without keys")?;
    let mut dice = stream(1, 0, "trace.model");
    let (recorded, counts) = counted(keys.iter().copied())?;
    let drawn = std::iter::repeat_with(|| zipf.sample(&mut dice) as u64).take(keys.len());
    let (drawn, _) = counted(drawn)?;
    let drawn = drawn.curve();
    let under_law = |capacity| drawn.misses(capacity) as f64 / keys.len() as f64;
    Ok(at_capacities(&counts, &recorded.curve(), under_law))
}

/// Miss ratios at all capacities, of requests for keys with these counts.
fn at_capacities(counts: &[u32], replayed: &LruCurve, under_law: impl Fn(u64) -> f64) -> Vec<MissRatios> {
    let (keys, counts_of_counts) = (counts.len() as u64, counts_of_counts(counts));
    let at = |share: f64| {
        let capacity = TraceCapacity::Share(share).of(keys);
        MissRatios {
            capacity_objects: capacity,
            capacity_share: capacity as f64 / keys as f64,
            replayed: replayed.misses(capacity) as f64 / replayed.requests() as f64,
            shuffled: shuffled_miss_ratio(&counts_of_counts, capacity),
            under_law: under_law(capacity),
        }
    };
    let mut all: Vec<MissRatios> = CAPACITIES.into_iter().map(at).collect();
    all.dedup_by_key(|own| own.capacity_objects);
    all
}

/// Stack distances of requests, and the requests of each key.
fn counted(keys: impl Iterator<Item = u64>) -> Result<(LruCounter, Vec<u32>), &'static str> {
    let (mut numbers, mut lru, mut counts) = (KeyNumbers::new(), LruCounter::default(), Vec::new());
    for key in keys {
        let number = numbers.number(key)?;
        if number as usize == counts.len() {
            counts.push(0);
        }
        counts[number as usize] += 1;
        lru.request(number, 1);
    }
    Ok((lru, counts))
}

/// How many keys have so many requests.
fn counts_of_counts(counts: &[u32]) -> Vec<(u32, f64)> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f64)).collect()
}

/// Miss ratio of LRU with so many slots, at first empty, over the requests of these keys in random order.
///
/// Of a key with c requests none is in a share t of the order with a chance of (1 - t)^c. Che's characteristic time is the share in
/// which as many distinct keys are expected as there are slots. Up to there every first request misses; from there on, a request whose
/// key has none of its c - 1 others in the share before it.
fn shuffled_miss_ratio(counts_of_counts: &[(u32, f64)], capacity: u64) -> f64 {
    let sum = |part: &dyn Fn(f64) -> f64| {
        counts_of_counts.iter().map(|&(count, keys)| keys * part(f64::from(count))).sum::<f64>()
    };
    let (all, keys, slots) = (sum(&|count| count), sum(&|_| 1.0), capacity as f64);
    if keys <= slots {
        return keys / all;
    }
    let distinct = |share: f64| sum(&|count| 1.0 - libm::pow(1.0 - share, count));
    let share = root(|share| distinct(share) - slots, 0.0, 1.0);
    let misses = sum(&|count| count * libm::pow(1.0 - share, count - 1.0));
    (slots + (1.0 - share) * misses) / all
}

/// Miss ratio of LRU with so many slots, at first empty, over so many independent requests by a Zipf law.
///
/// Che's characteristic time in requests, T, is that in which as many distinct keys are expected as there are slots (Che, Tung, Wang
/// 2002). Until T every first request of a key misses, which are as many misses as slots; from then on a request misses whose key was
/// not among the last T.
pub fn lru_miss_ratio(zipf: Zipf, requests: u64, capacity: u64) -> f64 {
    let groups = zipf_groups(zipf.keys, zipf.exponent);
    let sum = |part: &dyn Fn(f64) -> f64| groups.iter().map(|&(keys, share)| keys * part(share)).sum::<f64>();
    // Chance that a key of this share is not among so many requests.
    let absent =
        |share: f64, requests: f64| libm::exp(requests * libm::log1p(-share.min(1.0 - f64::EPSILON)));
    let distinct = |requests: f64| sum(&|share| 1.0 - absent(share, requests));
    let (all, slots) = (requests as f64, capacity as f64);
    let within = distinct(all);
    if within <= slots {
        return within / all;
    }
    let time = root(|time| distinct(time) - slots, 0.0, all);
    let miss = sum(&|share| share * absent(share, time));
    (slots + (all - time) * miss) / all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::unit_open_zero;
    use crate::oracle::special::zipf;

    /// Two keys with equal shares and one slot: every other request misses.
    #[test]
    fn one_slot_and_two_equal_keys() {
        let law = Zipf { keys: 2, exponent: 0.0 };
        assert!((lru_miss_ratio(law, 1_000_000, 1) - 0.5).abs() < 1e-5);
        // Both fit: two misses in all.
        assert!((lru_miss_ratio(law, 1_000, 2) - 0.002).abs() < 1e-9);
    }

    /// A twice and B twice: of the six orders AABB and BBAA miss twice with one slot, ABBA and BAAB three times, ABAB and BABA four
    /// times: 0.75, as Che's approximation has it: (1 - t)^2 = 1/2, and (1 + 4 (1 - t)^2) / 4.
    #[test]
    fn two_keys_in_random_order() {
        let twice = counts_of_counts(&[2, 2]);
        assert_eq!(twice, [(2, 2.0)]);
        assert!((shuffled_miss_ratio(&twice, 1) - 0.75).abs() < 1e-12);
        assert_eq!(shuffled_miss_ratio(&twice, 2), 0.5);
    }

    #[test]
    fn the_closed_form_agrees_with_a_replay_of_drawn_requests() {
        let law = Zipf { keys: 5_000, exponent: 0.9 };
        let ends: Vec<f64> = zipf(5_000, 0.9)
            .iter()
            .scan(0.0, |sum, share| {
                *sum += share;
                Some(*sum)
            })
            .collect();
        let mut dice = stream(5, 0, "fit");
        let draw = |_| {
            let place = unit_open_zero(&mut dice);
            ends.partition_point(|end| *end < place).min(4_999) as u64
        };
        let keys: Vec<u64> = (0..60_000).map(draw).collect();
        let (lru, _) = counted(keys.iter().copied()).unwrap();
        // Drawn again, by another generator.
        for own in drawn_beside(&keys, law).unwrap() {
            assert!((own.replayed - own.shuffled).abs() < 0.006, "{own:?}");
            assert!((own.replayed - own.under_law).abs() < 0.006, "{own:?}");
        }
        for capacity in [5, 50, 500, 3_000] {
            let replayed = lru.curve().misses(capacity) as f64 / 60_000.0;
            let expected = lru_miss_ratio(law, 60_000, capacity);
            assert!((replayed - expected).abs() < 0.006, "{capacity}: {replayed} and {expected}");
        }
    }

    #[test]
    fn the_grade_has_the_sign_of_the_largest_difference() {
        let grade = |rows: [(f64, f64, f64); 2]| {
            Grade::of(&rows.map(|(replayed, shuffled, under_law)| MissRatios {
                capacity_objects: 1,
                capacity_share: 0.1,
                replayed,
                shuffled,
                under_law,
            }))
        };
        let same = (0.2, 0.2, 0.2);
        assert_eq!(grade([(0.50, 0.5, 0.505), same]), Grade::Close);
        assert_eq!(grade([(0.50, 0.5, 0.52), same]), Grade::Fair);
        assert_eq!(grade([(0.50, 0.49, 0.48), (0.2, 0.41, 0.4)]), Grade::Recency);
        assert_eq!(grade([(0.50, 0.4, 0.40), (0.2, 0.2, 0.23)]), Grade::Churn);
        assert_eq!(grade([(0.50, 0.51, 0.40), same]), Grade::Shape);
    }
}
