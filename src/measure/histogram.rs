//! Counts of values in buckets that are linear within each power of two.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::model::Nanos;

/// Values at or above this (19.5 hours in nanoseconds) share the last bucket.
const RANGE_BITS: u32 = 46;

/// A histogram whose buckets are at most `2^-BITS` of their value wide; one addition per recorded value.
/// Mean and maximum are exact.
#[derive(Clone, Debug)]
pub struct Histogram<const BITS: u32> {
    counts: Vec<u64>,
    sum: u128,
    max: Nanos,
    count: u64,
}

/// For whole runs: buckets 0.4 % wide.
pub type Fine = Histogram<8>;
/// For single windows: buckets 3 % wide.
pub type Coarse = Histogram<5>;

impl<const BITS: u32> Default for Histogram<BITS> {
    fn default() -> Self {
        Histogram::new()
    }
}

impl<const BITS: u32> Histogram<BITS> {
    /// Buckets are at most `2^-PRECISION` of their value wide.
    pub const PRECISION: u32 = BITS;
    /// Number of buckets.
    pub const BUCKETS: usize = ((RANGE_BITS - BITS + 1) as usize) << BITS;

    pub fn new() -> Self {
        Histogram { counts: Vec::new(), sum: 0, max: 0, count: 0 }
    }

    /// From counts kept elsewhere, one per bucket; mean and maximum are then those of the midpoints.
    pub fn from_counts(counts: &[u32]) -> Self {
        let used = || counts.iter().enumerate().filter(|bucket| *bucket.1 > 0);
        Histogram {
            sum: used().map(|(index, &count)| u128::from(Self::value(index)) * u128::from(count)).sum(),
            max: used().map(|(index, _)| Self::value(index)).max().unwrap_or(0),
            count: used().map(|(_, &count)| u64::from(count)).sum(),
            counts: counts.iter().copied().map(u64::from).collect(),
        }
    }

    /// The bucket of a value.
    #[inline]
    pub fn bucket(value: u64) -> usize {
        // Below 2^BITS every value has a bucket of its own.
        let shift = (63 - (value | 1).leading_zeros()).saturating_sub(BITS);
        let index = ((shift as usize) << BITS) + (value >> shift) as usize;
        index.min(Self::BUCKETS - 1)
    }

    /// Share of the values that are less than this one, half of those in its bucket included; `None` where there are none.
    pub fn mid_rank(&self, value: u64) -> Option<f64> {
        let bucket = Self::bucket(value);
        let below: u64 = self.counts.iter().take(bucket).sum();
        let beside = self.counts.get(bucket).copied().unwrap_or(0);
        (self.count > 0).then(|| (below as f64 + beside as f64 / 2.0) / self.count as f64)
    }

    /// Largest value in the bucket of a value.
    pub fn last_of_bucket(value: u64) -> u64 {
        let index = Self::bucket(value);
        let shift = (index >> BITS).saturating_sub(1) as u32;
        let low = (index - ((shift as usize) << BITS)) as u64;
        ((low + 1) << shift) - 1
    }

    /// Midpoint of a bucket.
    pub fn value(index: usize) -> u64 {
        let shift = (index >> BITS).saturating_sub(1) as u32;
        let low = (index - ((shift as usize) << BITS)) as u64;
        (low << shift) + ((1u64 << shift) >> 1)
    }

    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: Nanos) {
        match self.counts.get_mut(Self::bucket(value)) {
            Some(count) => *count += 1,
            None => self.record_first(value),
        }
        self.sum += u128::from(value);
        self.max = self.max.max(value);
        self.count += 1;
    }

    /// Memory comes with the first value: most histograms of a run stay empty.
    #[cold]
    fn record_first(&mut self, value: Nanos) {
        self.counts = vec![0; Self::BUCKETS];
        self.counts[Self::bucket(value)] = 1;
    }

    /// Adds all that another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.counts = vec![0; Self::BUCKETS];
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.sum += other.sum;
        self.max = self.max.max(other.max);
        self.count += other.count;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Sum of all values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Mean; `None` where nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// Largest value; `None` where nothing was counted.
    pub fn max(&self) -> Option<Nanos> {
        (self.count > 0).then_some(self.max)
    }

    /// Nearest-rank quantile: the smallest value that at least `share` of all values do not exceed, to the
    /// midpoint of its bucket.
    pub fn quantile(&self, share: f64) -> Option<Nanos> {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(index, &count)| {
            seen += count;
            (seen >= rank && count > 0).then(|| Self::value(index).min(self.max))
        })
    }

    /// (midpoint, count) of all buckets in use.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let used = self.counts.iter().enumerate().filter(|bucket| *bucket.1 > 0);
        used.map(|(index, &count)| (Self::value(index).min(self.max), count)).collect()
    }
}

/// A histogram as it is kept while it waits, in memory or on disk: (bucket, count) of the buckets in use, and what is
/// exact. On disk `sum` is a text: JSON readers differ in what they make of 128 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    used: Vec<(usize, u64)>,
    #[serde(with = "decimal")]
    sum: u128,
    max: Nanos,
}

/// A number as a text of its digits.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("expected a whole number as sum"))
    }
}

impl<const BITS: u32> Histogram<BITS> {
    /// The buckets in use alone.
    pub fn packed(&self) -> Packed {
        let used = self.counts.iter().copied().enumerate().filter(|bucket| bucket.1 > 0).collect();
        Packed { used, sum: self.sum, max: self.max }
    }
}

impl Packed {
    /// Whether it is one of the histograms with so many buckets: a file may hold anything.
    pub fn fits<const BITS: u32>(&self) -> bool {
        let ascending = self.used.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let total = self.used.iter().try_fold(0u64, |total, &(_, count)| total.checked_add(count));
        let last = self.used.last().is_none_or(|&(index, _)| index < Histogram::<BITS>::BUCKETS);
        ascending && last && total.is_some()
    }

    /// Adds all that another of the same kind counted.
    pub fn merge(&mut self, other: &Packed) {
        let mine = std::mem::take(&mut self.used);
        self.used.reserve(mine.len().max(other.used.len()));
        let (mut mine, mut theirs) = (mine.into_iter().peekable(), other.used.iter().copied().peekable());
        while let (Some(&(a, _)), Some(&(b, _))) = (mine.peek(), theirs.peek()) {
            let next = match a.cmp(&b) {
                Ordering::Less => mine.next(),
                Ordering::Greater => theirs.next(),
                Ordering::Equal => mine.next().zip(theirs.next()).map(|(a, b)| (a.0, a.1 + b.1)),
            };
            self.used.extend(next);
        }
        self.used.extend(mine);
        self.used.extend(theirs);
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// (midpoint, count) of all buckets in use.
    pub fn buckets<const BITS: u32>(&self) -> Vec<(u64, u64)> {
        let value = |index| Histogram::<BITS>::value(index).min(self.max);
        self.used.iter().map(|&(index, count)| (value(index), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn buckets_keep_their_promise(value in 0u64..1 << 45) {
            let index = Fine::bucket(value);
            let midpoint = Fine::value(index);
            prop_assert!(midpoint.abs_diff(value) as f64 <= value as f64 / 256.0, "{value} became {midpoint}");
            prop_assert_eq!(Fine::bucket(midpoint), index);
        }

        #[test]
        fn quantiles_are_nearest_rank(mut values in prop::collection::vec(0u64..1_000_000, 1..200), share in 0.0f64..=1.0) {
            let mut histogram = Fine::new();
            values.iter().for_each(|&value| histogram.record(value));
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1];
            let found = histogram.quantile(share).unwrap();
            prop_assert!(found.abs_diff(exact) as f64 <= exact as f64 / 256.0, "{found} for {exact}");
        }
    }

    #[test]
    fn a_histogram_survives_the_disk() {
        let mut histogram = Fine::new();
        [0, 5, 5, 1 << 40, u64::MAX].into_iter().for_each(|value| histogram.record(value));
        let packed: Packed =
            serde_json::from_str(&serde_json::to_string(&histogram.packed()).unwrap()).unwrap();
        assert_eq!(packed, histogram.packed());
        assert!(packed.fits::<8>() && !packed.fits::<5>(), "the coarse ones have fewer buckets");
        assert_eq!(packed.buckets::<8>(), histogram.buckets());
    }

    proptest! {
        #[test]
        fn packed_histograms_add_up_as_whole_ones_do(
            one in prop::collection::vec(0u64..5_000, 0..60),
            other in prop::collection::vec(0u64..5_000, 0..60),
        ) {
            let of = |values: &[u64]| {
                let mut histogram = Fine::new();
                values.iter().for_each(|&value| histogram.record(value));
                histogram
            };
            let (mut whole, mut packed) = (of(&one), of(&one).packed());
            whole.merge(&of(&other));
            packed.merge(&of(&other).packed());
            prop_assert_eq!(packed, whole.packed());
        }
    }

    #[test]
    fn what_is_no_packed_histogram_does_not_fit() {
        for wrong in [
            r#"{"used":[[7,1],[1000000,1]],"sum":"14","max":7}"#,
            r#"{"used":[[7,1],[7,1]],"sum":"14","max":7}"#,
            r#"{"used":[[7,1],[8,18446744073709551615]],"sum":"7","max":7}"#,
        ] {
            assert!(!serde_json::from_str::<Packed>(wrong).unwrap().fits::<8>(), "{wrong}");
        }
        assert!(serde_json::from_str::<Packed>(r#"{"used":[],"sum":"many","max":7}"#).is_err());
    }

    #[test]
    fn an_empty_histogram_has_no_figures() {
        let histogram = Fine::new();
        assert_eq!((histogram.mean(), histogram.max(), histogram.quantile(0.5)), (None, None, None));
    }
}
