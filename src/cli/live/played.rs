//! Playing, behind `herdlab live`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use herdlab::atomic;
use herdlab::live::calibrate::{Asked, Probed, mean_value_bytes};
use herdlab::live::player::{
    self, Begins, Bounds, LiveError, Options, Outcome, connections, first_schedule, refusals, write_schedule,
};
use herdlab::live::servers::{Connections, Problem, RedisSettings, Servers};
use herdlab::model::Experiment;
use herdlab::report::{self, Kind};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::command::{again, named, quoted};
use herdlab::sim::Control;
use herdlab::units;
use herdlab::workload::Tables;
use indicatif::{ProgressBar, ProgressStyle};

use super::super::output::{Shown, tell};
use super::super::places::{Places, report_folder};
use super::super::progress::{DRAWING, during, is_watched, reading};
use super::super::run::{gate, printed};
use super::super::servers::of_servers;
use super::super::{exit, input, output, signals};
use super::{Format, LiveArgs, beside};

/// A wrong scenario or command line, in words.
fn usage(text: impl ToString) -> anyhow::Error {
    Diagnostics::general(text.to_string(), Vec::new()).into()
}

pub(super) fn execute(args: &LiveArgs) -> anyhow::Result<ExitCode> {
    let overrides = args.settings.overrides(&args.variants);
    let read = || input::load_with_warnings(&args.scenario, &overrides);
    let (experiment, _) = during(reading(&args.scenario), args.quiet, read)?;
    input::refuse_ranges(&experiment, "live")?;
    refusals(&experiment, args.servers.are_own())?;
    let bounds = Bounds { rate_per_s: args.max_rate, time_ns: args.max_time, ..Bounds::default() };
    bounds.check_time(&experiment).map_err(usage)?;
    let connections = connections(&experiment).map_err(usage)?;
    let folder = folder(args, &experiment)?;
    let places = Places::default()
        .input(&args.scenario)
        .inputs(&experiment.files)
        .file("--write-schedule FILE", args.write_schedule.as_ref());
    places.folder("--out DIR", &folder, Kind::Run).check()?;
    if let Some(path) = &args.write_schedule {
        schedule_written(&experiment, &bounds, path, args.quiet)?;
    }
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let servers = during("starting the servers", args.quiet, || servers(args, &experiment, connections));
    let servers = servers.map_err(of_servers)?;
    let progress = Progress::start(&control, &experiment, args.quiet);
    let probed = Probed::new(0, beside::PER_SECOND);
    let begins = progress.listener(&probed);
    let options = Options {
        plain_queries: args.plain_queries,
        max_lateness_ns: args.max_lateness,
        bounds,
        control: Arc::clone(&control),
        begins,
    };
    let play = || player::play(&experiment, &servers, &options);
    let (played, calibration) = match args.against_model {
        false => (play(), None),
        true => {
            let model = &experiment.variants[experiment.baseline].model;
            let first_bytes = mean_value_bytes(model, &Tables::new(model, experiment.seed)?);
            probed.like(first_bytes, beside::PER_SECOND, false);
            let (played, calibration) = beside::with_probes(&servers, probed, play);
            (played, Some(calibration))
        }
    };
    progress.finish();
    let removed = during("removing what was made", args.quiet, || servers.finish());
    let outcome = match played {
        Ok(outcome) => outcome,
        Err(LiveError::Interrupted) => {
            removed.map_err(of_servers)?;
            tell!("interrupted before the first repetition was finished: nothing written");
            return Ok(ExitCode::from(exit::INTERRUPTED));
        }
        Err(error @ LiveError::Late { .. }) => {
            tell!("error: {error}");
            return Ok(ExitCode::from(exit::LATE));
        }
        Err(LiveError::Servers(problem)) => return Err(of_servers(problem)),
        Err(error @ (LiveError::Exceeded(_) | LiveError::Schedule { .. })) => return Err(usage(error)),
        Err(LiveError::Record(error)) => return Err(error.into()),
    };
    let measured = calibration.is_some().then(|| (outcome.record.clone(), outcome.parts.clone()));
    let code = reported(args, &experiment, outcome, &folder)?;
    removed.map_err(of_servers)?;
    if let (Some(calibration), Some((record, parts))) = (calibration, measured) {
        let calibration = calibration.map_err(of_servers)?;
        let base = input::find(&args.scenario)?.base_dir;
        let asked = Asked {
            experiment: &experiment,
            overrides: &overrides,
            folder: &base,
            queries: beside::queries(args.plain_queries),
        };
        let played = (&record, parts.as_slice());
        let against = beside::judged(&asked, &calibration, played, &folder, &control, args.quiet)?;
        if !args.quiet && args.format == Format::Table {
            let (width, color) = output::stdout_style();
            output::show(&format!("\n{}", report::against::terminal(&against, width, color)));
        }
    }
    Ok(code)
}

fn folder(args: &LiveArgs, experiment: &Experiment) -> anyhow::Result<PathBuf> {
    let name = format!("{}-live", experiment.name);
    let is_anothers =
        |folder: &Path| report::holds_another_run(folder, &experiment.digest, &experiment.inputs);
    Ok(report_folder(args.out.as_deref(), &name, args.force, &is_anothers)?)
}

/// Writes the requests of the first repetition of the first variant: all variants with the same workload have the same ones.
fn schedule_written(
    experiment: &Experiment,
    bounds: &Bounds,
    path: &Path,
    quiet: bool,
) -> anyhow::Result<()> {
    let index = experiment.baseline;
    let model = &experiment.variants[index].model;
    let schedule = first_schedule(experiment, index, bounds).map_err(usage)?;
    let tables = Arc::new(Tables::new(model, experiment.seed)?).of_replication(experiment.seed, 0);
    let mut text = Vec::new();
    write_schedule(model, &tables, &schedule, &mut text).map_err(usage)??;
    output::written(atomic::write(path, &text), "--write-schedule FILE")?;
    if !quiet {
        let requests = output::counted(schedule.requests.len() as u64, "request");
        tell!("schedule: {}, {requests}", path.display());
    }
    Ok(())
}

/// Own servers are set up for each variant before it is played; given ones stay as they are.
fn servers(args: &LiveArgs, experiment: &Experiment, connections: Connections) -> Result<Servers, Problem> {
    let baseline = &experiment.variants[experiment.baseline].model;
    if !args.servers.are_own() {
        let settings = RedisSettings::of(baseline)?;
        for variant in &experiment.variants {
            if RedisSettings::of(&variant.model)? != settings {
                return Err(Problem::usage(format!(
                    "variant \"{}\" has another memory or eviction of Redis than the baseline, and a given Redis stays as it is: play \
                     it alone (--variant), or use --spawn",
                    variant.name
                )));
            }
        }
    }
    args.servers.servers(baseline, connections)
}

/// The command that measures again.
fn command(args: &LiveArgs, experiment: &Experiment) -> String {
    let mut words = again("live", named(&args.scenario, &experiment.source), &experiment.overrides);
    let mut add = |word: &str| {
        words.push(' ');
        words.push_str(word);
    };
    // Addresses may have passwords.
    add(args.servers.words());
    if args.plain_queries {
        add("--plain-queries");
    }
    if args.max_lateness != 1_000_000 {
        add(&format!("--max-lateness {}", quoted(&units::format_duration(args.max_lateness))));
    }
    words
}

fn reported(
    args: &LiveArgs,
    experiment: &Experiment,
    mut outcome: Outcome,
    folder: &Path,
) -> anyhow::Result<ExitCode> {
    outcome.record.scenario.command = Some(command(args, experiment));
    let contents = args.contents.contents();
    let record = &outcome.record;
    let written = during(DRAWING, args.quiet, || report::write_all(record, None, folder, contents));
    output::written(written, "--out DIR")?;
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&printed(args.format, record)?);
        if let Some(live) = &record.scenario.live {
            for note in live.notes.iter().filter(|note| note.contains(" is not used: ")) {
                tell!("note: {note}");
            }
            let latest = live.lateness_p99_ms.iter().copied().fold(0.0, f64::max);
            tell!(
                "measured on {}: {} requests, of which 99 % began within {latest:.2} ms",
                live.servers(),
                units::grouped(outcome.requests)
            );
        }
    }
    args.open.announce(folder, args.quiet);
    let scenario = &record.scenario;
    if outcome.interrupted {
        tell!(
            "interrupted: {} of {} repetitions finished and kept",
            scenario.finished,
            scenario.replications
        );
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    let code = gate(record);
    Ok(ExitCode::from(if args.format == Format::Table { code } else { shown.code(code) }))
}

/// A line on standard error: which repetition, and how far it is.
struct Progress {
    bar: ProgressBar,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
    repetitions: u32,
    control: Arc<Control>,
}

impl Progress {
    fn start(control: &Arc<Control>, experiment: &Experiment, quiet: bool) -> Progress {
        let repetitions = experiment.replications;
        let over = Arc::new(AtomicBool::new(false));
        let control = Arc::clone(control);
        if !is_watched(quiet) {
            return Progress { bar: ProgressBar::hidden(), over, watcher: None, repetitions, control };
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {percent:>3} %  {human_pos} requests  {msg}")
        {
            bar.set_style(style);
        }
        let (shown, stop, watched) = (bar.clone(), Arc::clone(&over), Arc::clone(&control));
        let watcher = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                shown.set_position(watched.requests.load(Ordering::Relaxed));
                std::thread::sleep(Duration::from_millis(250));
            }
            shown.finish_and_clear();
        });
        Progress { bar, over, watcher: Some(watcher), repetitions, control }
    }

    /// Each repetition begins the line anew, and is probed in its own way.
    fn listener(&self, probed: &Arc<Probed>) -> Box<dyn Fn(Begins<'_>)> {
        let (bar, control, all) = (self.bar.clone(), Arc::clone(&self.control), self.repetitions);
        let probed = Arc::clone(probed);
        Box::new(move |begins| {
            probed.like(begins.value_bytes, begins.rate_per_instance_and_s, begins.has_leases);
            control.requests.store(0, Ordering::Relaxed);
            bar.set_position(0);
            bar.set_length(begins.requests as u64);
            bar.set_message(format!("\"{}\", repetition {} of {all}", begins.variant, begins.repetition + 1));
        })
    }

    fn finish(self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher {
            // A progress line that failed is no reason to fail the run.
            let _ = watcher.join();
        }
    }
}
