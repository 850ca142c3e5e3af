//! Simulations of settings, over all threads.

use super::search::{FitError, Measured};
use crate::experiment::run::{RunError, RunOptions, build_tables};
use crate::experiment::sweep::{Pool, SweepOptions};
use crate::experiment::{warmup, workers};
use crate::model::{Experiment, Nanos};
use crate::scenario::uncertain::Space;

/// From settings to the measures of one run each.
pub type Simulator<'s> = Box<dyn FnMut(&[Vec<f64>]) -> Result<Vec<Measured>, FitError> + 's>;

/// The simulator of a scenario. No two runs of it have the same luck: their replications are counted through.
///
/// # Errors
/// Under `warmup = "auto"`: the baseline with the central values does not settle.
pub fn simulations<'s>(space: &'s mut Space, options: &'s SweepOptions) -> Result<Simulator<'s>, FitError> {
    let warmup_ns = settled(space.base(), options)?;
    let mut simulated = 0u32;
    let seed = space.base().seed;
    Ok(Box::new(move |settings: &[Vec<f64>]| {
        let mut systems = Vec::with_capacity(settings.len());
        for values in settings {
            let model = space.model(values).map_err(FitError::Setting)?;
            systems.push(("the baseline".to_owned(), model));
        }
        let mut pool = Pool::of_models(systems, seed);
        if let Some(warmup_ns) = warmup_ns {
            pool.set_warmup(warmup_ns);
        }
        let work: Vec<(usize, u32)> = (0..settings.len()).zip(simulated..).collect();
        let workers = workers::pool(options.threads, work.len() as u64).map_err(RunError::from)?;
        workers.install(|| pool.run_these(&work, &options.control, None))?;
        simulated += settings.len() as u32;
        let of = |&(system, replication): &(usize, u32)| {
            if !pool.has(system, replication) {
                return Err(RunError::Interrupted.into());
            }
            let names = pool.names_at(system, replication).iter();
            Ok(names
                .filter_map(|name| Some((name.clone(), pool.value(system, name, replication)?)))
                .collect())
        };
        work.iter().map(of).collect()
    }))
}

/// Under `warmup = "auto"`: the warm-up of the central values, for all settings.
fn settled(base: &Experiment, options: &SweepOptions) -> Result<Option<Nanos>, FitError> {
    if !base.variants.iter().any(|variant| variant.model.warmup_auto) {
        return Ok(None);
    }
    let run = RunOptions { control: std::sync::Arc::clone(&options.control), ..RunOptions::default() };
    let found = warmup::find(base, &build_tables(base)?, &run)?;
    Ok(Some(found))
}
