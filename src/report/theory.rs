//! Predictions of closed forms, beside the simulated values.

use super::format::{Scale, plus_minus};
use crate::experiment::comparison::{Comparison, VariantComparison, smallest_that_matters};
use crate::experiment::statistics::Estimate;
use crate::record::Record;
use crate::theory::Prediction;

/// Simulation and an exact law agree where their difference would not matter between variants, or within four standard errors:
/// the interval is about two of them wide on each side.
const INTERVALS: f64 = 2.0;

/// One prediction, ready to print.
#[derive(Clone, Debug, PartialEq)]
pub struct TheoryRow {
    pub variant: String,
    pub measure: String,
    pub law: String,
    pub predicted: String,
    pub simulated: String,
    pub verdict: TheoryVerdict,
}

/// Agreement of simulation and theory.
#[derive(Clone, Debug, PartialEq)]
pub enum TheoryVerdict {
    Agree,
    /// All assumptions hold, and yet the figures are apart.
    Differ,
    /// The law's assumptions that do not hold.
    NearlyApplies(Vec<String>),
}

impl TheoryVerdict {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            TheoryVerdict::Agree => "agree".to_owned(),
            TheoryVerdict::Differ => "differ".to_owned(),
            TheoryVerdict::NearlyApplies(failing) => format!("nearly applies: {}", failing.join("; ")),
        }
    }
}

/// Every prediction of every variant that has a simulated value.
pub fn rows(record: &Record, comparison: &Comparison) -> Vec<TheoryRow> {
    let variants = record.variants.iter().zip(&comparison.variants);
    variants
        .flat_map(|(variant, compared)| variant.theory.iter().filter_map(|one| row(one, compared)))
        .collect()
}

fn row(prediction: &Prediction, variant: &VariantComparison) -> Option<TheoryRow> {
    let measure = variant.measure(&prediction.measure)?;
    let estimate = measure.estimate?;
    let scale = Scale::fitting(&measure.unit, estimate.mean.abs().max(prediction.value.abs()));
    let verdict = match prediction.failing.as_slice() {
        [] if agree(prediction.value, &estimate, &measure.unit) => TheoryVerdict::Agree,
        [] => TheoryVerdict::Differ,
        failing => TheoryVerdict::NearlyApplies(failing.to_vec()),
    };
    Some(TheoryRow {
        variant: variant.name.clone(),
        measure: prediction.measure.clone(),
        law: prediction.law.clone(),
        predicted: scale.with_suffix(&scale.number(prediction.value)),
        simulated: scale.with_suffix(&plus_minus(&scale, &estimate)),
        verdict,
    })
}

fn agree(predicted: f64, simulated: &Estimate, unit: &str) -> bool {
    let apart = (simulated.mean - predicted).abs();
    apart <= smallest_that_matters(unit, predicted)
        || apart <= INTERVALS * simulated.half_width().unwrap_or(f64::INFINITY)
}
