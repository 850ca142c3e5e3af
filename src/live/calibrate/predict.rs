//! A scenario simulated with the times that were measured beside its run.

use std::path::Path;
use std::sync::Arc;

use super::super::player::Part;
use super::{Calibration, Queries, Written};
use crate::dice::stream;
use crate::experiment::apart::run_apart;
use crate::experiment::run::RunError;
use crate::model::{Experiment, Variant};
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

/// The prediction of each played repetition, of all variants: 40 simulated runs with the seed of the run and the times that were measured while it
/// was played.
///
/// The run of the same number, which has the same requests, has those times themselves. Every other has times that the same servers could
/// have shown other clients, as many of them as there are instances, so the spread of the runs holds that luck too.
///
/// # Errors
/// A scenario that does not take the times, or a simulation that fails.
pub fn predict(
    asked: &Asked<'_>,
    calibration: &Calibration,
    parts: &[Vec<Part>],
    control: &Arc<Control>,
) -> Result<Vec<Record>, PredictError> {
    let of_repetition = |(repetition, parts): (usize, &Vec<Part>)| {
        let mut whole: Option<Record> = None;
        for (variant, part) in asked.experiment.variants.iter().zip(parts) {
            let beside = calibration.during(&part.time, &part.client_ns);
            let experiments = asked.calibrated(&beside, variant, repetition as u32)?;
            let record = run_apart(&experiments, control)?;
            match &mut whole {
                Some(whole) => whole.variants.extend(record.variants),
                None => whole = Some(record),
            }
        }
        whole.ok_or(PredictError::NoPlace)
    };
    parts.iter().enumerate().map(of_repetition).collect()
}

impl Asked<'_> {
    /// One variant, for each simulated run with times of its own.
    fn calibrated(
        &self,
        beside: &Calibration,
        variant: &Variant,
        repetition: u32,
    ) -> Result<Vec<Experiment>, PredictError> {
        let overrides = Overrides {
            replications: Some(REPLICATIONS.max(repetition + 1)),
            variants: vec![variant.name.clone()],
            ..self.overrides.clone()
        };
        let baseline = &self.experiment.variants[self.experiment.baseline].model;
        // Each instance is a thread with its own luck: where it runs, and beside whom.
        let instances = variant.model.clients.instances as usize;
        let one = |run: u32| {
            let dice = &mut stream(self.experiment.seed, run, "live.calibration");
            let own = if run == repetition { beside.clone() } else { beside.resampled(instances, dice) };
            let written = Written { calibration: &own, model: baseline, queries: self.queries };
            let text = written.into_scenario(&self.experiment.source).ok_or(PredictError::NoPlace)?;
            Ok(parse(&text, &self.experiment.source_path, self.folder, &overrides)?)
        };
        (0..REPLICATIONS.max(repetition + 1)).map(one).collect()
    }
}
