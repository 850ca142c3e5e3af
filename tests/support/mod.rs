//! From the text of a scenario to its record.

use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::measure::record::Record;
use herdlab::scenario::model::Experiment;

/// Runs a checked scenario.
#[track_caller]
pub fn simulate(experiment: &Experiment, threads: usize) -> Record {
    let options = RunOptions { threads, ..RunOptions::default() };
    run(experiment, &options).unwrap_or_else(|problem| panic!("{}: {problem}", experiment.name)).record
}

/// The folder with the bundled scenarios, which their relative paths start from.
#[allow(dead_code)] // Not every test that shares this file needs it.
pub fn scenarios() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}
