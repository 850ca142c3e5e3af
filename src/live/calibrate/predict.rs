//! A scenario simulated with the times that were measured beside its run.

use std::path::Path;
use std::sync::Arc;

use super::{Calibration, Queries, Written};
use crate::experiment::run::{RunError, RunOptions, run};
use crate::model::Experiment;
use crate::record::Record;
use crate::scenario::{Diagnostics, Overrides, parse};
use crate::sim::Control;

/// Simulated runs of a prediction: from 39 on its intervals need no law.
const REPLICATIONS: u32 = 40;

/// The run that is to be predicted.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub experiment: &'a Experiment,
    /// Those that it was read with.
    pub overrides: &'a Overrides,
    /// The folder of the scenario, which its files are relative to.
    pub folder: &'a Path,
    pub queries: Queries,
}

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    #[error("the measured times find no place in the scenario")]
    NoPlace,
    #[error(transparent)]
    Scenario(#[from] Diagnostics),
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Simulates the scenario with the measured times in it, 40 times with the seed of the run.
///
/// # Errors
/// A scenario that does not take them, or a simulation that fails.
pub fn predict(
    asked: &Asked<'_>,
    calibration: &Calibration,
    control: Arc<Control>,
) -> Result<Record, PredictError> {
    let Asked { experiment, overrides, folder, queries } = *asked;
    let model = &experiment.variants[experiment.baseline].model;
    let written = Written { calibration, model, queries };
    let text = written.into_scenario(&experiment.source).ok_or(PredictError::NoPlace)?;
    let overrides = Overrides { replications: Some(REPLICATIONS), ..overrides.clone() };
    let calibrated = parse(&text, &experiment.source_path, folder, &overrides)?;
    Ok(run(&calibrated, &RunOptions { control, ..RunOptions::default() })?.record)
}
