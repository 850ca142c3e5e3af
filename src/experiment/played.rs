//! The record of repetitions that real clients played: the measures of a simulation, computed from the same books.

use super::options::RunError;
use super::replication::{Together, measured};
use super::run::record;
use crate::measure::recorder::Recorder;
use crate::model::Experiment;
use crate::policy::own::Policies;
use crate::record::{LiveRecord, Record};
use crate::sim::Finished;

/// Repetitions that are finished, by variant.
pub struct Played<'e> {
    experiment: &'e Experiment,
    variants: Vec<Together>,
}

impl<'e> Played<'e> {
    pub fn new(experiment: &'e Experiment) -> Played<'e> {
        let variants = experiment.variants.iter().map(|_| Together::default()).collect();
        Played { experiment, variants }
    }

    /// Takes in the next repetition of a variant; of its measures and series those whose names are kept. Gives the number of
    /// its requests.
    pub fn take_in(&mut self, variant: usize, recorder: Recorder, keeps: impl Fn(&str) -> bool) -> u64 {
        let finished = Finished { recorder, end_ns: 0, events: 0, traffic: None, breakdown: None };
        let mut replication = measured(&self.experiment.variants[variant].model, finished, 0.0);
        replication.measures.retain(|measure| keeps(&measure.name));
        replication.series.retain(|series| keeps(&series.0));
        let requests = replication.requests;
        self.variants[variant].take_in(replication);
        requests
    }

    /// Repetitions that all variants have finished.
    pub fn complete(&self) -> u32 {
        self.variants.iter().map(Together::taken).min().unwrap_or(0)
    }

    /// The record. Repetitions of single variants beyond those that all have finished must not have been taken in.
    ///
    /// # Errors
    /// A variant without a single request.
    pub fn record(self, wanted: u32, live: LiveRecord) -> Result<Record, RunError> {
        let complete = self.complete();
        let mut record = record(self.experiment, self.variants, (complete, wanted), &Policies::new())?;
        // Closed forms are about the model's times, not about those of the servers.
        record.variants.iter_mut().for_each(|variant| variant.theory.clear());
        record.scenario.live = Some(live);
        Ok(record)
    }
}
