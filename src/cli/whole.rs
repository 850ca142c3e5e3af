//! Runs of commands that need all of a run or nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use herdlab::experiment::run::{Outcome, RunError, RunOptions, run};
use herdlab::model::Experiment;
use herdlab::scenario::estimate::{Limits, Plan};
use herdlab::sim::Control;

use super::progress::Progress;
use super::settings::{hold, reached};

/// How a run is made and watched.
pub(crate) struct Whole<'a> {
    pub limits: &'a Limits,
    pub threads: usize,
    pub control: &'a Arc<Control>,
    pub quiet: bool,
    /// Explain the latencies.
    pub why: bool,
}

impl Whole<'_> {
    /// Runs an experiment to its end; `None` where a signal interrupted it.
    ///
    /// # Errors
    /// A simulation that failed, or a limit that was reached.
    pub fn run(&self, experiment: &Experiment, plan: &Plan) -> anyhow::Result<Option<Outcome>> {
        let control = self.control;
        // Each run counts its own requests.
        control.requests.store(0, Ordering::Relaxed);
        let progress = Progress::start(control, plan, self.quiet);
        let options = RunOptions {
            threads: self.threads,
            control: Arc::clone(control),
            why: self.why,
            ..RunOptions::default()
        };
        hold(self.limits, control);
        let outcome = run(experiment, &options);
        progress.finish();
        match outcome {
            Ok(outcome) if !outcome.interrupted => Ok(Some(outcome)),
            Ok(_) | Err(RunError::Interrupted) => {
                reached(self.limits, control).map_or(Ok(None), |problem| Err(problem.into()))
            }
            Err(error) => Err(error.into()),
        }
    }
}
