//! The engine of the what-if page: a run in pieces is the run, a setting of its knobs is that of `--set`, and the WebAssembly module
//! leaves the same bytes as the program.

mod command;
mod module;
mod pieces;
mod session;

#[path = "../support/program.rs"]
#[allow(dead_code, reason = "not every file that shares it needs all of it")]
mod program;

use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::Experiment;
use herdlab::report::json::to_json;
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::{Overrides, parse};

/// `--duration 5s --replications 2`.
fn in_miniature() -> Overrides {
    Overrides { duration: Some("5s".to_owned()), replications: Some(2), ..Overrides::default() }
}

fn miniature(scenario: &Bundled) -> Experiment {
    parse(scenario.source, &scenario.path(), Path::new("scenarios"), &in_miniature()).unwrap()
}

/// `results.json` of a run of the program.
fn results(experiment: &Experiment) -> String {
    let record = run(experiment, &RunOptions::default()).unwrap().record;
    to_json(&record).unwrap().1
}

fn scenarios() -> impl Iterator<Item = &'static Bundled> {
    bundled::all().iter()
}
