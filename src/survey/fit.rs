//! Zipf's law for the popularity of keys, and whether it explains the misses of LRU.
//!
//! Under independent requests (IRM) nothing but popularity decides on a hit. A recorded workload has more: keys come in bursts, are
//! scanned, or go out of fashion. So the fit is judged by what it is for: the miss ratios of LRU, replayed and under the law.

use rand::distr::Distribution;
use serde::Serialize;

use crate::dice::stream;
use crate::import::{Zipf, zipf_by_counts};
use crate::oracle::special::root;
use crate::oracle::steady::zipf_groups;
use crate::replay::{LruCounter, TraceCapacity};
use crate::trace::requests::KeyNumbers;

/// Capacities of the comparison, as shares of the distinct keys.
const CAPACITIES: [f64; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];
/// Differences of miss ratios up to which the law is close, and fair.
const CLOSE: f64 = 0.01;
const FAIR: f64 = 0.03;

/// Zipf's law over the keys, and what it explains.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
pub struct MissRatios {
    pub capacity_objects: u64,
    /// Of the distinct keys.
    pub capacity_share: f64,
    pub replayed: f64,
    /// Under independent requests with the law.
    pub under_law: f64,
}

/// How well a law explains the misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
}

impl Fit {
    pub(super) fn of(counts: &[u32], lru: &LruCounter) -> Fit {
        let zipf = zipf_by_counts(counts);
        let curve = lru.curve();
        let (keys, requests) = (counts.len() as u64, curve.requests());
        let at = |share: f64| {
            let capacity = TraceCapacity::Share(share).objects(keys);
            MissRatios {
                capacity_objects: capacity,
                capacity_share: capacity as f64 / keys as f64,
                replayed: curve.misses(capacity) as f64 / requests as f64,
                under_law: lru_miss_ratio(zipf, requests, capacity),
            }
        };
        let mut lru: Vec<MissRatios> = CAPACITIES.into_iter().map(at).collect();
        lru.dedup_by_key(|own| own.capacity_objects);
        let grade = Grade::of(lru.iter().map(|own| (own.replayed, own.under_law)));
        Fit { exponent: zipf.exponent, keys: zipf.keys, lru, grade }
    }
}

impl Grade {
    /// By the largest difference between pairs of miss ratios, replayed and under the law.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Grade {
        let away = pairs.into_iter().map(|(replayed, law)| replayed - law);
        let most = away.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        match most {
            most if most.abs() <= CLOSE => Grade::Close,
            most if most.abs() <= FAIR => Grade::Fair,
            most if most < 0.0 => Grade::Recency,
            _ => Grade::Churn,
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
    let (recorded, own) = counted(keys.iter().copied())?;
    let drawn = std::iter::repeat_with(|| zipf.sample(&mut dice) as u64).take(keys.len());
    let (drawn, _) = counted(drawn)?;
    let (recorded, drawn) = (recorded.curve(), drawn.curve());
    let at = |share: f64| {
        let capacity = TraceCapacity::Share(share).objects(own);
        let ratio = |misses: u64| misses as f64 / keys.len() as f64;
        MissRatios {
            capacity_objects: capacity,
            capacity_share: capacity as f64 / own as f64,
            replayed: ratio(recorded.misses(capacity)),
            under_law: ratio(drawn.misses(capacity)),
        }
    };
    let mut all: Vec<MissRatios> = CAPACITIES.into_iter().map(at).collect();
    all.dedup_by_key(|own| own.capacity_objects);
    Ok(all)
}

/// Stack distances of requests, and the number of their keys.
fn counted(keys: impl Iterator<Item = u64>) -> Result<(LruCounter, u64), &'static str> {
    let (mut numbers, mut lru) = (KeyNumbers::new(), LruCounter::default());
    for key in keys {
        lru.request(numbers.number(key)?, 1);
    }
    Ok((lru, u64::from(numbers.keys())))
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
        assert_eq!(Grade::of([(0.50, 0.505), (0.2, 0.2)]), Grade::Close);
        assert_eq!(Grade::of([(0.50, 0.52), (0.2, 0.2)]), Grade::Fair);
        assert_eq!(Grade::of([(0.50, 0.48), (0.2, 0.4)]), Grade::Recency);
        assert_eq!(Grade::of([(0.50, 0.40), (0.2, 0.23)]), Grade::Churn);
    }
}
