//! A part of the objects in place of all: SHARDS (Waldspurger, Park, Garthwaite, Ahmad: Efficient MRC Construction with SHARDS, FAST
//! 2015). Objects are chosen by a hash, with all their requests, and the cache shrinks by the same factor. One object that a
//! fifth of the requests go to is in the sample or not; so the misses are divided by the requests that the sample should have,
//! not by those that it has (SHARDS-adj, section 3.3 there).

use super::SampleSize;
use super::algorithm::Algorithm;
use crate::dice::mix;
use crate::trace::Requests;

/// Parts of the sample whose differences tell how far it may be off.
const PARTS: u32 = 8;
/// Of the t distribution with [`PARTS`] - 1 degrees of freedom.
const T_975: f64 = 2.364_624;
/// Fewest objects in the cache of a part.
const CAPACITY_MIN: f64 = 8.0;

/// Chosen objects.
#[derive(Debug)]
pub struct Sample {
    /// Share of all objects.
    rate: f64,
    /// Of the whole trace.
    requests: u64,
    whole: Requests,
    parts: Vec<Requests>,
}

/// A miss ratio found by sampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    pub miss_ratio: f64,
    /// Half of the 95 % interval; `None` where the cache is too small for the parts of the sample.
    pub half_width: Option<f64>,
}

impl Sample {
    /// Chooses a share of the objects, above 0 and below 1.
    pub fn of(requests: &Requests, rate: f64) -> Sample {
        let place =
            |key: u32| (mix(u64::from(key) ^ 0x5a4d_504c_4500_0000) >> 11) as f64 / (1u64 << 53) as f64;
        let part = |number: u32| {
            let width = rate / f64::from(PARTS);
            let from = width * f64::from(number);
            chosen(requests, |key| (from..from + width).contains(&place(key)))
        };
        Sample {
            rate,
            requests: requests.ids.len() as u64,
            whole: chosen(requests, |key| place(key) < rate),
            parts: (0..PARTS).map(part).collect(),
        }
    }

    /// What it has.
    pub fn size(&self) -> SampleSize {
        let Requests { ids, keys } = &self.whole;
        SampleSize { rate: self.rate, requests: ids.len() as u64, objects: u64::from(*keys) }
    }

    /// The smallest cache that a sample of this share leaves room for one object.
    pub fn capacity_min(rate: f64) -> u64 {
        (1.0 / rate * (1.0 - 1e-12)).ceil() as u64
    }

    /// The miss ratio of a cache of so many objects, at least [`Sample::capacity_min`], for all requests.
    pub fn miss_ratio(&self, algorithm: Algorithm, capacity: u64) -> Sampled {
        assert!(
            capacity >= Sample::capacity_min(self.rate),
            "the sample leaves a cache of {capacity} no room"
        );
        let ratio = |requests: &Requests, rate: f64| {
            let capacity = (capacity as f64 * rate).round() as u64;
            let misses =
                if requests.ids.is_empty() { 0 } else { algorithm.misses(requests, capacity.max(1)) };
            (misses as f64 / (self.requests as f64 * rate)).min(1.0)
        };
        let part_rate = self.rate / f64::from(PARTS);
        let half_width = (capacity as f64 * part_rate >= CAPACITY_MIN).then(|| {
            let ratios: Vec<f64> = self.parts.iter().map(|part| ratio(part, part_rate)).collect();
            let parts = f64::from(PARTS);
            let mean = ratios.iter().sum::<f64>() / parts;
            let squares: f64 = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
            T_975 * (squares / (parts - 1.0) / parts).sqrt()
        });
        Sampled { miss_ratio: ratio(&self.whole, self.rate), half_width }
    }
}

/// The requests for some of the objects, numbered anew.
fn chosen(requests: &Requests, is_chosen: impl Fn(u32) -> bool) -> Requests {
    const NONE: u32 = u32::MAX;
    let mut keys = 0;
    let number = |key: u32| {
        if is_chosen(key) {
            keys += 1;
            keys - 1
        } else {
            NONE
        }
    };
    let numbers: Vec<u32> = (0..requests.keys).map(number).collect();
    let ids = requests.ids.iter().map(|&key| numbers[key as usize]).filter(|&number| number != NONE);
    Requests { ids: ids.collect(), keys }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;
    use crate::model::Eviction;
    use rand::RngExt;

    /// Zipf-like requests: key k with weight 1 / (k + 1), by inversion.
    fn zipf(keys: u32, requests: usize) -> Requests {
        let mut dice = stream(1, 0, "zipf");
        let total: f64 = (1..=keys).map(|rank| 1.0 / f64::from(rank)).sum();
        let cumulative: Vec<f64> = (1..=keys)
            .scan(0.0, |sum, rank| {
                *sum += 1.0 / f64::from(rank) / total;
                Some(*sum)
            })
            .collect();
        let ids = (0..requests).map(|_| {
            let share: f64 = dice.random();
            (cumulative.partition_point(|sum| *sum < share) as u32).min(keys - 1)
        });
        Requests { ids: ids.collect(), keys }
    }

    /// The true miss ratio lies within the error bar at nearly all capacities and policies.
    #[test]
    fn a_tenth_of_the_objects_gives_the_curve_within_its_error_bars() {
        let requests = zipf(20_000, 300_000);
        let sample = Sample::of(&requests, 0.1);
        let objects = sample.size().objects;
        assert!((1_900..2_100).contains(&objects), "{objects}");
        let mut inside = 0;
        for policy in [Eviction::Lru, Eviction::Sieve, Eviction::Arc] {
            for capacity in [1_000, 2_000, 4_000, 8_000] {
                let algorithm = Algorithm::Policy(policy);
                let truth = algorithm.misses(&requests, capacity) as f64 / 300_000.0;
                let Sampled { miss_ratio, half_width } = sample.miss_ratio(algorithm, capacity);
                let half_width = half_width.unwrap();
                assert!(half_width < 0.06, "{half_width}");
                inside += usize::from((miss_ratio - truth).abs() <= half_width);
            }
        }
        assert!(inside >= 11, "{inside} of 12");
    }

    #[test]
    fn a_cache_too_small_for_the_parts_has_no_error_bar() {
        let sample = Sample::of(&zipf(1_000, 5_000), 0.1);
        let lru = Algorithm::Policy(Eviction::Lru);
        assert_eq!(Sample::capacity_min(0.1), 10);
        assert_eq!(sample.miss_ratio(lru, 639).half_width, None);
        assert!(sample.miss_ratio(lru, 640).half_width.is_some());
    }
}
