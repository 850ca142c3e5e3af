//! A part of the objects in place of all: SHARDS (Waldspurger, Park, Garthwaite, Ahmad: Efficient MRC Construction with SHARDS, FAST
//! 2015). Objects are chosen by a hash, with all their requests, and the cache shrinks by the same factor. One object that a
//! fifth of the requests go to is in the sample or not; so the misses are divided by the requests that the sample should have,
//! not by those that it has (SHARDS-adj, section 3.3 there).

use super::SampleSize;
use super::algorithm::Contender;
use super::cache::Counts;
use super::traffic::Traffic;
use crate::dice::mix;

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
    /// Counted requests of the whole trace, and their bytes.
    requests: u64,
    bytes: u64,
    /// What an object takes on average.
    mean_weight: f64,
    whole: Traffic,
    parts: Vec<Traffic>,
}

/// Ratios found by sampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    pub miss_ratio: f64,
    /// 0 where sizes were not read.
    pub byte_miss_ratio: f64,
    /// Misses that found an expired entry, of all requests.
    pub expired_ratio: f64,
    /// Half of the 95 % interval of the first two; `None` where the cache is too small for the parts of the sample.
    pub half_widths: Option<[f64; 2]>,
}

impl Sample {
    /// Chooses a share of the objects, above 0 and below 1.
    pub fn of(traffic: &Traffic, rate: f64) -> Sample {
        let place =
            |key: u32| (mix(u64::from(key) ^ 0x5a4d_504c_4500_0000) >> 11) as f64 / (1u64 << 53) as f64;
        let part = |number: u32| {
            let width = rate / f64::from(PARTS);
            let from = width * f64::from(number);
            traffic.chosen(|key| (from..from + width).contains(&place(key)))
        };
        Sample {
            rate,
            requests: traffic.lookups(),
            bytes: traffic.lookup_bytes().unwrap_or(0),
            mean_weight: mean_weight(traffic),
            whole: traffic.chosen(|key| place(key) < rate),
            parts: (0..PARTS).map(part).collect(),
        }
    }

    /// What it has.
    pub fn size(&self) -> SampleSize {
        SampleSize { rate: self.rate, requests: self.whole.lookups(), objects: self.whole.objects() }
    }

    /// The smallest cache that a sample of this share leaves room for one object, of mean size.
    pub fn capacity_min(traffic: &Traffic, rate: f64) -> u64 {
        (mean_weight(traffic) / rate * (1.0 - 1e-12)).ceil() as u64
    }

    /// The ratios of a cache of this capacity, at least [`Sample::capacity_min`], for all requests.
    pub fn ratios(&self, policy: Contender, capacity: u64) -> Sampled {
        assert!(
            capacity as f64 * self.rate >= self.mean_weight * (1.0 - 1e-9),
            "the sample leaves a cache of {capacity} no room"
        );
        let part_rate = self.rate / f64::from(PARTS);
        let half_widths = (capacity as f64 * part_rate >= CAPACITY_MIN * self.mean_weight).then(|| {
            let parts: Vec<[f64; 3]> =
                self.parts.iter().map(|part| self.of_part(part, part_rate, policy, capacity)).collect();
            [0, 1].map(|ratio| {
                let mean = parts.iter().map(|part| part[ratio]).sum::<f64>() / f64::from(PARTS);
                let squares: f64 = parts.iter().map(|part| (part[ratio] - mean).powi(2)).sum();
                T_975 * (squares / f64::from(PARTS - 1) / f64::from(PARTS)).sqrt()
            })
        });
        let [miss_ratio, byte_miss_ratio, expired_ratio] =
            self.of_part(&self.whole, self.rate, policy, capacity);
        Sampled { miss_ratio, byte_miss_ratio, expired_ratio, half_widths }
    }

    /// Misses, missed bytes and expired misses of a part, by what it should have of all.
    fn of_part(&self, part: &Traffic, rate: f64, policy: Contender, capacity: u64) -> [f64; 3] {
        let capacity = ((capacity as f64 * rate).round() as u64).max(1);
        let policy = Contender { admit: policy.admit.in_sample(rate), ..policy };
        let counts = match part.requests().ids.is_empty() {
            true => Counts::default(),
            false => policy.counts(part, capacity),
        };
        let share = |count: u64, all: u64| match all {
            0 => 0.0,
            all => (count as f64 / (all as f64 * rate)).min(1.0),
        };
        [
            share(counts.misses, self.requests),
            share(counts.missed_bytes, self.bytes),
            share(counts.expired, self.requests),
        ]
    }
}

fn mean_weight(traffic: &Traffic) -> f64 {
    traffic.footprint() as f64 / traffic.objects() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;
    use crate::model::Eviction;
    use crate::replay::{Algorithm, Rules, Unit};
    use crate::trace::{Recorded, Requests};
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
        let traffic = Traffic::from(zipf(20_000, 300_000));
        let sample = Sample::of(&traffic, 0.1);
        let objects = sample.size().objects;
        assert!((1_900..2_100).contains(&objects), "{objects}");
        let mut inside = 0;
        for policy in [Eviction::Lru, Eviction::Sieve, Eviction::Arc] {
            for capacity in [1_000, 2_000, 4_000, 8_000] {
                let policy = Contender::from(Algorithm::Policy(policy));
                let truth = policy.counts(&traffic, capacity).misses as f64 / 300_000.0;
                let Sampled { miss_ratio, half_widths, .. } = sample.ratios(policy, capacity);
                let [half_width, _] = half_widths.unwrap();
                assert!(half_width < 0.06, "{half_width}");
                inside += usize::from((miss_ratio - truth).abs() <= half_width);
            }
        }
        assert!(inside >= 11, "{inside} of 12");
    }

    /// Sizes from 1 to 100 bytes, without regard to popularity.
    #[test]
    fn a_tenth_gives_both_ratios_of_a_cache_in_bytes() {
        let requests = zipf(20_000, 300_000);
        let sizes = (0..requests.keys).map(|key| 1 + (mix(u64::from(key)) % 100) as u32).collect();
        let recorded = Recorded { requests, sizes: Some(sizes), ..Recorded::default() };
        let traffic = Traffic::of(recorded, Rules { unit: Unit::Bytes, ..Rules::default() });
        let sample = Sample::of(&traffic, 0.1);
        let all_bytes = traffic.lookup_bytes().unwrap() as f64;
        for policy in [Eviction::Lru, Eviction::Gdsf] {
            let policy = Contender::from(Algorithm::Policy(policy));
            let truth = policy.counts(&traffic, 200_000);
            let Sampled { miss_ratio, byte_miss_ratio, half_widths, .. } = sample.ratios(policy, 200_000);
            let [misses, bytes] = half_widths.unwrap();
            assert!((miss_ratio - truth.misses as f64 / 300_000.0).abs() < 1.5 * misses && misses < 0.06);
            assert!(
                (byte_miss_ratio - truth.missed_bytes as f64 / all_bytes).abs() < 1.5 * bytes && bytes < 0.06
            );
        }
    }

    #[test]
    fn a_cache_too_small_for_the_parts_has_no_error_bar() {
        let traffic = Traffic::from(zipf(1_000, 5_000));
        let sample = Sample::of(&traffic, 0.1);
        let lru = Algorithm::Policy(Eviction::Lru).into();
        assert_eq!(Sample::capacity_min(&traffic, 0.1), 10);
        assert_eq!(sample.ratios(lru, 639).half_widths, None);
        assert!(sample.ratios(lru, 640).half_widths.is_some());
    }
}
