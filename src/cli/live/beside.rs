//! `--against-model`: probes beside the run, and the verdict over it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use herdlab::atomic;
use herdlab::live::against::{Against, verdict_by_run};
use herdlab::live::calibrate::{
    Asked, Calibration, Plan, PredictError, Probed, Queries, Written, measure, predict,
};
use herdlab::live::player::Part;
use herdlab::live::servers::{Problem, Servers};
use herdlab::record::Record;
use herdlab::report::against::{json, markdown};
use herdlab::sim::Control;

use super::super::output::{self, tell};
use super::super::progress::during;

/// Probes per second of each kind, so few that they are no load.
pub(super) const PER_SECOND: f64 = 50.0;
/// Longer than any run.
const AT_MOST: Duration = Duration::from_secs(3600);

/// Plays with probes beside it, which end with it.
pub(super) fn with_probes<T>(
    servers: &Servers,
    probed: Arc<Probed>,
    play: impl FnOnce() -> T,
) -> (T, Result<Calibration, Problem>) {
    let control = Arc::new(Control::default());
    let plan = Plan { time: AT_MOST, probed, rate_per_s: PER_SECOND, control: Arc::clone(&control) };
    std::thread::scope(|scope| {
        let probes = scope.spawn(|| measure(servers, &plan));
        let played = play();
        control.cancel.store(true, Ordering::Relaxed);
        let measured = probes.join().unwrap_or_else(|_| Err(Problem::failed("the probes ended early")));
        (played, measured)
    })
}

/// The verdict, written beside the report.
pub(super) fn judged(
    asked: &Asked<'_>,
    calibration: &Calibration,
    (measured, parts): (&Record, &[Vec<Part>]),
    folder: &Path,
    control: &Arc<Control>,
    quiet: bool,
) -> anyhow::Result<Against> {
    let simulate = || predict(asked, calibration, parts, control);
    let simulated = during("simulating", quiet, simulate).map_err(|error| match error {
        PredictError::Scenario(problems) => anyhow::Error::from(problems),
        error => error.into(),
    })?;
    let against = verdict_by_run(&simulated, measured)?;
    let model = &asked.experiment.variants[asked.experiment.baseline].model;
    let written = Written { calibration, model, queries: asked.queries };
    for (name, text) in [
        ("verdict.md", markdown(&against)),
        ("verdict.json", json(&against)?),
        ("calibration.toml", written.fragment()),
    ] {
        output::written(atomic::write(&folder.join(name), text.as_bytes()), "--out DIR")?;
    }
    if !quiet {
        written.drift().iter().for_each(|drift| tell!("drift: {drift}"));
    }
    Ok(against)
}

/// The queries that the run has.
pub(super) fn queries(plain: bool) -> Queries {
    if plain { Queries::PlayedPlain } else { Queries::Played }
}
