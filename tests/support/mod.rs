//! From the text of a scenario to its record.

use std::path::Path;
use std::sync::Arc;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::{EventKind, Experiment, Model};
use herdlab::record::Record;
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;

/// Runs a checked scenario.
#[track_caller]
pub fn simulate(experiment: &Experiment, threads: usize) -> Record {
    let options = RunOptions { threads, ..RunOptions::default() };
    run(experiment, &options).unwrap_or_else(|problem| panic!("{}: {problem}", experiment.name)).record
}

/// The folder with the bundled scenarios, which their relative paths start from.
#[allow(dead_code, reason = "not every test that shares this file needs it")]
pub fn scenarios() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

/// What decides when requests arrive, for which key, at which instance and whether they write: models in which this is
/// the same see the same traffic.
#[allow(dead_code, reason = "not every test that shares this file needs it")]
pub fn traffic(model: &Model) -> String {
    let workload = &model.workload;
    let classes = workload.classes.iter().map(|class| {
        (class.share, class.keys, &class.popularity, class.absent, class.write_share, class.exists_share)
    });
    let events = model
        .events
        .iter()
        .filter(|event| matches!(event.what, EventKind::Surge { .. } | EventKind::HotKey { .. }));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {}",
        workload.arrivals,
        workload.profile,
        classes.collect::<Vec<_>>(),
        events.collect::<Vec<_>>(),
        model.clients.route,
        model.clients.instances,
        model.duration_ns,
    )
}

/// Fingerprint of the requests that arrive in a simulation; `None` for a closed loop, whose users wait for answers.
#[allow(dead_code, reason = "not every test that shares this file needs it")]
pub fn arrivals(model: &Model, seed: u64, replication: u32) -> Option<u64> {
    let tables = Arc::new(Tables::new(model, seed).expect("a trace that can be read"));
    let engine = Engine::new(model, tables, seed, replication).expect("a trace that can be read");
    let finished = engine.watching_traffic().run(&Control::default());
    finished.unwrap_or_else(|problem| panic!("{problem}")).traffic
}
