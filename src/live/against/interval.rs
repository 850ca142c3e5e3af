//! Where one more simulated run lies.

use serde::Serialize;

use crate::experiment::statistics::{CONFIDENCE, prediction_interval};

/// Buckets of recorded latencies are so wide, relative to the value: a value is known to half of it.
const BUCKET: f64 = 0.004;

/// The two-sided 95 % prediction interval of a single run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Interval {
    /// Of the simulated runs.
    pub mean: f64,
    pub low: f64,
    pub high: f64,
    /// Number of simulated runs.
    pub simulated: usize,
    pub by: Method,
}

/// The way to an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Mean ± t s sqrt(1 + 1/n): for few runs, of nearly normal values.
    Student,
    /// Between two of the sorted runs, of any law: the r-th least and the r-th largest of n hold one more run with a probability of
    /// (n + 1 - 2r) / (n + 1), which is at least 95 % from 39 runs on.
    Order,
}

impl Interval {
    /// `None` for fewer than two values.
    pub fn of(values: &[f64], unit: &str) -> Option<Interval> {
        let simulated = values.len();
        let mean = values.iter().sum::<f64>() / simulated.max(1) as f64;
        let rank = ((1.0 - CONFIDENCE) / 2.0 * (simulated + 1) as f64 + 1e-9) as usize;
        let (low, high, by) = match rank {
            0 => {
                let (low, high) = prediction_interval(values)?;
                // No measure is below zero, and no share above one.
                let most = if unit == "1" { 1.0_f64.max(mean) } else { f64::INFINITY };
                (low.max(0.0), high.min(most), Method::Student)
            }
            rank => {
                let mut sorted = values.to_vec();
                sorted.sort_by(f64::total_cmp);
                (sorted[rank - 1], sorted[simulated - rank], Method::Order)
            }
        };
        let rounding = if unit == "ms" { BUCKET / 2.0 } else { 0.0 };
        Some(Interval { mean, low: low * (1.0 - rounding), high: high * (1.0 + rounding), simulated, by })
    }

    /// How far a value lies beyond the nearer bound, negative below; 0 inside.
    pub fn distance(&self, value: f64) -> f64 {
        if value < self.low {
            value - self.low
        } else if value > self.high {
            value - self.high
        } else {
            0.0
        }
    }
}
