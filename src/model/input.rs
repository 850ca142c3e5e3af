//! Uncertain values of a scenario: ranges, and how likely the values in them are.

use serde::{Deserialize, Serialize};

/// An uncertain value, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Dotted, as `--set` takes it; of a value that a variant sets, with its name: `database.pool (variant "3")`.
    pub path: String,
    /// The range as the file has it: `{ about = "45ms", within = "10%" }`.
    pub text: String,
    /// Of the numbers: `s`, `bytes`, `bytes/s`, `1/s`, `1` (a share) or `count` (a plain number).
    pub unit: String,
    /// Only whole numbers are possible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    pub low: f64,
    pub high: f64,
    /// The mode of a triangular distribution; `None`: all values are as likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely: Option<f64>,
}

/// What an analysis needs of a distribution.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    pub mean: f64,
    pub deviation: f64,
    /// Third and fourth central moment in units of the deviation.
    pub skewness: f64,
    pub kurtosis: f64,
}

/// Midpoints of as many equal parts of probability stand for a distribution.
const PARTS: u32 = 4096;

impl Input {
    /// The value below which the true one lies with this probability (0 to 1).
    pub fn quantile(&self, probability: f64) -> f64 {
        let Input { low, high, whole, likely, .. } = *self;
        let width = high - low;
        let value = match likely {
            None if whole => return (low + libm::floor(probability * (width + 1.0))).min(high),
            None => low + probability * width,
            Some(_) if width <= 0.0 => low,
            Some(likely) => {
                let below = (likely - low) / width;
                match probability < below {
                    true => low + (probability * width * (likely - low)).sqrt(),
                    false => high - ((1.0 - probability) * width * (high - likely)).sqrt(),
                }
            }
        };
        if whole { value.round() } else { value }
    }

    /// Of the distribution, by its quantiles.
    pub fn moments(&self) -> Moments {
        let values: Vec<f64> =
            (0..PARTS).map(|part| self.quantile((f64::from(part) + 0.5) / f64::from(PARTS))).collect();
        let mean_of = |power: i32, centre: f64| {
            values.iter().map(|value| (value - centre).powi(power)).sum::<f64>() / f64::from(PARTS)
        };
        let mean = mean_of(1, 0.0);
        let deviation = mean_of(2, mean).sqrt();
        let scaled =
            |power: i32| if deviation > 0.0 { mean_of(power, mean) / deviation.powi(power) } else { 0.0 };
        Moments { mean, deviation, skewness: scaled(3), kurtosis: scaled(4) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(low: f64, likely: Option<f64>, high: f64, whole: bool) -> Input {
        Input { path: "a".into(), text: "{ }".into(), unit: "count".into(), whole, low, high, likely }
    }

    #[test]
    fn a_uniform_range_has_the_moments_of_its_width() {
        let Moments { mean, deviation, skewness, kurtosis } = input(2.0, None, 8.0, false).moments();
        // Width 6: variance 36 / 12, kurtosis 9 / 5.
        assert!((mean - 5.0).abs() < 1e-9 && (deviation * deviation - 3.0).abs() < 1e-6);
        assert!(skewness.abs() < 1e-9 && (kurtosis - 1.8).abs() < 1e-5, "{skewness} {kurtosis}");
    }

    #[test]
    fn a_triangle_has_its_mode_where_it_is_likely() {
        let skewed = input(0.0, Some(2.0), 10.0, false);
        // A fifth of the probability lies below the mode; mean 12 / 3, variance (100 + 4 - 20) / 18.
        assert!((skewed.quantile(0.2) - 2.0).abs() < 1e-12);
        let Moments { mean, deviation, kurtosis, .. } = skewed.moments();
        assert!((mean - 4.0).abs() < 1e-3 && (deviation * deviation - 14.0 / 3.0).abs() < 1e-3);
        assert!((kurtosis - 2.4).abs() < 1e-2, "{kurtosis}");
        assert_eq!((skewed.quantile(0.0), skewed.quantile(1.0)), (0.0, 10.0));
    }

    #[test]
    fn whole_numbers_are_as_likely_as_each_other() {
        let servers = input(2.0, None, 5.0, true);
        let drawn: Vec<f64> = [0.0, 0.24, 0.26, 0.51, 0.76, 1.0].map(|u| servers.quantile(u)).to_vec();
        assert_eq!(drawn, [2.0, 2.0, 3.0, 4.0, 5.0, 5.0]);
        // Four values: variance (16 - 1) / 12.
        assert!((servers.moments().deviation.powi(2) - 1.25).abs() < 1e-9);
    }
}
