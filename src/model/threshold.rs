//! Limits that a scenario sets to measures.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A limit that a measure has to keep, in one variant or in all that have the measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    pub measure: String,
    pub bound: Bound,
    /// In the catalogue's unit of the measure; finite.
    pub limit: f64,
    /// `None`: all variants that have the measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Kept only where the whole 95 % interval is on the right side of the limit, not just the mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confident: bool,
    /// The share of the runs that have to keep it, each by itself, from above 0 to 1; `None`: the mean decides, or every run
    /// where the variant has two states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<f64>,
}

/// On which side of the limit a measure has to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    Min,
    Max,
}

impl Bound {
    /// Whether a value keeps a limit; the limit itself does.
    pub fn allows(self, value: f64, limit: f64) -> bool {
        match self {
            Bound::Min => value >= limit,
            Bound::Max => value <= limit,
        }
    }

    /// How far a value is on the right side of a limit; negative on the wrong side.
    pub fn margin(self, value: f64, limit: f64) -> f64 {
        match self {
            Bound::Min => value - limit,
            Bound::Max => limit - value,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Min => "≥",
            Bound::Max => "≤",
        })
    }
}

impl Threshold {
    /// A limit for all variants that have the measure, by the mean.
    pub fn new(measure: impl Into<String>, bound: Bound, limit: f64) -> Threshold {
        Threshold { measure: measure.into(), bound, limit, variant: None, confident: false, runs: None }
    }

    /// Whether it speaks of a variant.
    pub fn is_about(&self, variant: &str) -> bool {
        self.variant.as_deref().is_none_or(|name| name == variant)
    }
}
