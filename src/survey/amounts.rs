//! Quantiles of whole numbers, in memory that does not depend on how many they are.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Relative error of a quantile: three digits.
const DIGITS: u8 = 3;

/// Whole numbers and how often each came.
#[derive(Clone, Debug, Default)]
pub struct Quantities {
    /// `None` without a number.
    histogram: Option<Histogram<u64>>,
    sum: f64,
    least: u64,
    most: u64,
}

/// Mean and quantiles, to three digits; the mean, the least and the most are exact to their last digit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Amounts {
    pub count: u64,
    pub mean: f64,
    pub min: f64,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

impl Quantities {
    pub fn add(&mut self, value: u64, times: u64) {
        if self.histogram.is_none() {
            // It grows to the largest number; three digits are allowed.
            self.histogram = Histogram::new(DIGITS).ok();
            self.least = value;
        }
        if let Some(histogram) = &mut self.histogram {
            // A number that it cannot hold is above 2^63.
            let _ = histogram.record_n(value, times);
        }
        self.sum += value as f64 * times as f64;
        (self.least, self.most) = (self.least.min(value), self.most.max(value));
    }

    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// All of it, in units of so much; `None` without a number.
    pub fn amounts(&self, unit: f64) -> Option<Amounts> {
        let histogram = self.histogram.as_ref()?;
        let count = histogram.len();
        let (min, max) = (self.least, self.most);
        let at = |share: f64| histogram.value_at_quantile(share).clamp(min, max) as f64 / unit;
        Some(Amounts {
            count,
            mean: self.sum / count as f64 / unit,
            min: min as f64 / unit,
            p10: at(0.1),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: max as f64 / unit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_few_numbers() {
        assert_eq!(Quantities::default().amounts(1.0), None);
        let mut sizes = Quantities::default();
        // 1 to 9, and 100 nine times: ranks 10 to 18.
        (1..10).for_each(|size| sizes.add(size, 1));
        sizes.add(100, 9);
        let amounts = sizes.amounts(0.5).unwrap();
        assert_eq!((amounts.count, amounts.min, amounts.p10, amounts.p50), (18, 2.0, 4.0, 18.0));
        // (45 + 900) / 18, twice.
        assert_eq!((amounts.p90, amounts.p99, amounts.max, amounts.mean), (200.0, 200.0, 200.0, 105.0));
    }

    #[test]
    fn sizes_far_apart_keep_three_digits() {
        let mut sizes = Quantities::default();
        sizes.add(0, 1);
        sizes.add(123_456_789_012, 1);
        let amounts = sizes.amounts(1.0).unwrap();
        assert_eq!(amounts.min, 0.0);
        assert_eq!(amounts.max, 123_456_789_012.0);
        sizes.add(u64::from(u32::MAX), 1);
        let middle = sizes.amounts(1.0).unwrap().p50;
        assert!((middle / f64::from(u32::MAX) - 1.0).abs() < 1e-3, "{middle}");
    }
}
