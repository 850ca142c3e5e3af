//! Models for tests, and a runtime for tasks of one thread.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tokio::task::LocalSet;

use crate::model::Model;
use crate::scenario::{Overrides, parse};
use crate::workload::Tables;

/// The only variant of a scenario, with its tables for seed 1.
pub fn model(source: &str) -> (Model, Arc<Tables>) {
    let experiment = parse(source, "test.toml", Path::new(""), &Overrides::default());
    let experiment = experiment.unwrap_or_else(|problems| panic!("{problems}"));
    let model = experiment.variants[0].model.clone();
    let tables = Arc::new(Tables::new(&model, 1).unwrap());
    (model, tables)
}

/// Runs tasks on this thread alone.
pub fn alone(what: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, what);
}
