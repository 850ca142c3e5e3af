//! The measurement behind `herdlab calibrate`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use herdlab::atomic;
use herdlab::live::calibrate::{Plan, Probed, Queries, Times, Written, mean_value_bytes, measure};
use herdlab::live::servers::Connections;
use herdlab::measure::quantity::with_unit;
use herdlab::model::Experiment;
use herdlab::scenario::{Diagnostics, Overrides, parse};
use herdlab::sim::Control;
use herdlab::workload::Tables;

use super::super::output::{Shown, tell};
use super::super::places::Places;
use super::super::progress::{during, reading};
use super::super::servers::of_servers;
use super::super::{exit, input, output, signals};
use super::{CalibrateArgs, QueriesArg};

/// Connections of the probes: one of each kind, and one that is being set up.
const CONNECTIONS: Connections = Connections { redis: 4, postgres: 4 };

pub(super) fn execute(args: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { variants: args.variant.iter().cloned().collect(), ..Overrides::default() };
    let experiment = during(reading(&args.scenario), args.quiet, || input::load(&args.scenario, &overrides))?;
    Places::default()
        .input(&args.scenario)
        .inputs(&experiment.files)
        .file("--out FILE", args.out.as_ref())
        .check()?;
    let model = &experiment.variants[experiment.baseline].model;
    let control = Arc::new(Control::default());
    let plan = Plan {
        time: Duration::from_nanos(args.time),
        probed: Probed::new(mean_value_bytes(model, &Tables::new(model, experiment.seed)?), args.rate),
        rate_per_s: args.rate,
        control: Arc::clone(&control),
    };
    plan.check().map_err(of_servers)?;
    signals::stop_on_signal(&control);
    let servers =
        during("servers", args.quiet, || args.servers.servers(model, CONNECTIONS)).map_err(of_servers)?;
    let measured = during("measuring", args.quiet, || measure(&servers, &plan));
    let removed = servers.finish();
    if control.cancel.load(Ordering::Relaxed) {
        tell!("interrupted: nothing is written");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    let calibration = measured.map_err(of_servers)?;
    removed.map_err(of_servers)?;
    let queries = match args.queries {
        QueriesArg::Application => Queries::OfAnApplication,
        QueriesArg::Played => Queries::Played,
        QueriesArg::Plain => Queries::PlayedPlain,
    };
    let written = Written { calibration: &calibration, model, queries };
    let text = match args.into {
        true => scenario_with(&written, &experiment)?,
        false => written.fragment(),
    };
    if !args.quiet {
        tell_times("GET", &calibration.redis.get);
        tell_times("SELECT", &calibration.postgres.read);
        tell_times("UPDATE", &calibration.postgres.write);
        written.drift().iter().for_each(|drift| tell!("drift: {drift}"));
        if calibration.failed > 0 {
            tell!("{} got no answer", output::counted(calibration.failed, "probe"));
        }
    }
    match &args.out {
        None => Ok(output::show(&text).done()),
        Some(path) => {
            output::written(atomic::write(path, text.as_bytes()), "--out FILE")?;
            if !args.quiet {
                tell!("written: {}", path.display());
            }
            Ok(Shown::Whole.done())
        }
    }
}

fn tell_times(kind: &str, times: &Times) {
    let told = |share| with_unit(times.at(share) / 1e6, "ms");
    tell!(
        "{kind}: p50 {}, p99 {} of {}",
        told(0.5),
        told(0.99),
        output::counted(times.count() as u64, "probe")
    );
}

/// The scenario with the calibration in it, which must be one.
fn scenario_with(written: &Written<'_>, experiment: &Experiment) -> anyhow::Result<String> {
    let text = written.into_scenario(&experiment.source).ok_or_else(|| {
        Diagnostics::general(
            format!("{}: the times find no place in this file", experiment.source_path),
            vec!["without --into they are written as a fragment".to_owned()],
        )
    })?;
    let folder = Path::new(&experiment.source_path).parent().unwrap_or(Path::new("")).to_owned();
    parse(&text, &experiment.source_path, &folder, &Overrides::default())?;
    Ok(text)
}
