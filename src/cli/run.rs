//! `herdlab run`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use herdlab::atomic;
use herdlab::experiment::answer::answer;
use herdlab::experiment::cells::Cells;
use herdlab::experiment::comparison::compare;
use herdlab::experiment::forecast::plan_within;
use herdlab::experiment::run::{Outcome, RunError, RunOptions, run};
use herdlab::experiment::threshold::Standing;
use herdlab::experiment::worlds::plan::{REPLICATIONS, WORLDS, fitting, with_worlds};
use herdlab::experiment::worlds::split::worlds_min;
use herdlab::experiment::worlds::{self, WORLDS_MAX, WorldsOptions};
use herdlab::model::Experiment;
use herdlab::record::{Record, WorldsRecord};
use herdlab::report::{self, Kind};
use herdlab::scenario::estimate::{self, Plan, approximate_time};
use herdlab::scenario::uncertain::World;
use herdlab::scenario::{Diagnostics, Overrides};
use herdlab::sim::Control;
use herdlab::units;

use super::contents::ContentsArgs;
use super::emit::Prepared;
use super::log::{Log, Phase};
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::Places;
use super::progress::{DRAWING, ESTIMATING, Progress, during, reading};
use super::settings::{LimitArgs, SettingArgs, WhyArgs, hold, reached};
use super::shard::{self, Named, Origin, ShardArgs};
use super::watch::Watched;
use super::{exit, input, output, signals};

/// Run a scenario: compare its variants and write a report
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    #[command(flatten)]
    settings: SettingArgs,
    /// Run only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<scenario>, or reports/<scenario>-2 and so on where that holds the report of
    /// another scenario, seed or setting]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
    #[command(flatten)]
    open: OpenArgs,
    /// Resume an interrupted run of the same scenario: keep the replications that it finished. Worlds of a finished one are kept
    /// as well, so that more can be added
    #[arg(long)]
    resume: bool,
    /// Worlds to draw where the scenario has ranges, and runs of each (`64`, `64x3`); 0: only the nominal scenario [default: 32x2]
    #[arg(long, value_name = "N[xRUNS]", value_parser = worlds_asked)]
    worlds: Option<Wanted>,
    /// As many worlds, and runs of each, as are estimated to fit this time with the nominal run (`2m`)
    #[arg(long, value_name = "DURATION", value_parser = units::parse_duration, conflicts_with = "worlds")]
    fit: Option<u64>,
    #[command(flatten)]
    shard: ShardArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// An axis of a sweep belongs to `herdlab sweep`
    #[arg(long = "sweep", value_name = "PATH=VALUES", hide = true)]
    sweep: Vec<String>,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Run again whenever the file is saved, until Ctrl-C; a save cancels the run in progress
    #[arg(long, conflicts_with = "resume")]
    watch: bool,
    #[command(flatten)]
    why: WhyArgs,
    /// Log phases, simulations and times as JSON, one object per line (`-`: standard error)
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write the results of the thresholds to this file as JUnit XML; missing folders are created
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Do not run a scenario with lint warnings (exit code 2)
    #[arg(long)]
    deny_lints: bool,
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
    Md,
}

pub(crate) fn execute(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let origin = args.shard.origin(&[
        ("--resume", args.resume, "a part that runs again goes on by itself"),
        ("--watch", args.watch, "watch the whole run"),
        ("--open", args.open.is_given(), "`herdlab merge --open` shows the page"),
        ("--junit", args.junit.is_some(), "`herdlab merge --junit FILE` writes it"),
        (
            "--fit",
            args.fit.is_some(),
            "how many worlds fit depends on the machine: --worlds N says it for all parts",
        ),
    ])?;
    execute_from(args, &origin)
}

/// The same where cells come from elsewhere, or go there.
pub(crate) fn execute_from(args: &RunArgs, origin: &Origin) -> anyhow::Result<ExitCode> {
    if let Some(axis) = args.sweep.first() {
        let help = format!("write: herdlab sweep {} --sweep {axis}", args.scenario);
        return Err(Diagnostics::general("`herdlab run` runs one setting", vec![help]).into());
    }
    // Before the log is opened, and so emptied. What the scenario names is known later.
    places(args).check()?;
    let log = Log::open(args.log.as_deref())?;
    let control = Arc::new(Control::default());
    if args.watch {
        return Ok(ExitCode::from(whenever_saved(args, origin, &log, &control)?));
    }
    Ok(ExitCode::from(once(args, origin, &log, &control, &mut Session::default(), &|| false)?))
}

/// The places known without the scenario.
fn places(args: &RunArgs) -> Places<'_> {
    let log = args.log.as_ref().filter(|log| *log != Path::new("-"));
    let places = Places::default()
        .input(&args.scenario)
        .file("--log FILE", log)
        .file("--junit FILE", args.junit.as_ref());
    match &args.out {
        Some(folder) => places.folder("--out DIR", folder, Kind::Run),
        None => places,
    }
}

/// What the runs of one command have in common.
#[derive(Default)]
struct Session {
    /// The name of the scenario, and the folder of its report: a run replaces what an earlier one of the session left.
    folder: Option<(String, PathBuf)>,
    /// Nobody reads standard output any more.
    is_unread: bool,
    is_open: bool,
}

impl Session {
    fn folder(
        &mut self,
        args: &RunArgs,
        origin: &Origin,
        experiment: &Experiment,
    ) -> Result<PathBuf, Diagnostics> {
        if let Some((name, folder)) = &self.folder
            && *name == experiment.name
        {
            return Ok(folder.clone());
        }
        let is_anothers =
            |folder: &Path| report::holds_another_run(folder, &experiment.digest, &experiment.inputs);
        let folder = origin.folder(args.out.as_deref(), &experiment.name, args.force, &is_anothers)?;
        self.folder = Some((experiment.name.clone(), folder.clone()));
        Ok(folder)
    }

    /// A page that is open is loaded again by its reader.
    fn announce(&mut self, args: &RunArgs, folder: &Path) {
        let shown = if self.is_open { OpenArgs::default() } else { args.open };
        shown.announce(folder, args.quiet);
        self.is_open = true;
    }
}

/// Runs, and again whenever the file is saved, until Ctrl-C. Problems of a scenario are printed, and the next save is awaited.
fn whenever_saved(args: &RunArgs, origin: &Origin, log: &Log, control: &Arc<Control>) -> anyhow::Result<u8> {
    let file = Path::new(&args.scenario);
    if !file.is_file() {
        let title = format!("--watch: there is no file {}", file.display());
        let help = "write one with `herdlab init NAME > my.toml`".to_owned();
        return Err(Diagnostics::general(title, vec![help]).into());
    }
    signals::stop_on_signal(control);
    let mut watched = Watched::new(file);
    let mut session = Session::default();
    loop {
        watched.reading();
        control.requests.store(0, Ordering::Relaxed);
        let guard = watched.guard(control);
        let ended = once(args, origin, log, control, &mut session, &|| guard.outdated());
        let outdated = guard.outdated();
        drop(guard);
        match ended {
            Ok(_) | Err(_) if outdated => tell!("saved meanwhile: running again"),
            Ok(exit::INTERRUPTED) => return Ok(exit::INTERRUPTED),
            Ok(code) if session.is_unread => return Ok(code),
            Ok(_) => {}
            Err(error) => {
                super::explain(&error);
            }
        }
        // A simulation that failed, or was given up, has stopped the others.
        control.cancel.store(false, Ordering::Relaxed);
        if !outdated {
            tell!("watching {}: save it to run again, Ctrl-C ends", file.display());
        }
        watched.wait(&control.cancel);
        if control.cancel.load(Ordering::Relaxed) {
            return Ok(exit::INTERRUPTED);
        }
        log.write(&Phase::Changed { file: &args.scenario });
    }
}

/// Runs once; gives the exit code. Writes nothing once `given_up` is true.
fn once(
    args: &RunArgs,
    origin: &Origin,
    log: &Log,
    control: &Arc<Control>,
    session: &mut Session,
    given_up: &dyn Fn() -> bool,
) -> anyhow::Result<u8> {
    let overrides = args.settings.overrides(&args.variants);
    let read = || input::load_with_warnings(&args.scenario, &overrides);
    let loaded = during(reading(&args.scenario), args.quiet, read);
    let (experiment, warnings) = loaded.inspect_err(|problems| {
        log.write(&Phase::Refused { problems: &problems.to_string() });
    })?;
    if args.deny_lints && !warnings.is_empty() {
        output::tell_text(&warnings.render_within(output::stderr_style()));
        return Ok(exit::USAGE);
    }
    // Before, nothing is simulated that could be kept: a signal ends the program while it waits for a trace from a pipe.
    signals::stop_on_signal(control);
    let threads = input::threads(args.threads);
    let limits = args.limits.limits();
    let plan = during(ESTIMATING, args.quiet, || plan_within(&limits, &experiment, threads));
    let wanted = wanted_worlds(args, &experiment, &plan, threads)?;
    let plan = origin.share_of(wanted.plan(plan, &experiment, threads));
    estimate::refuse_beyond(&plan, &limits)?;
    report::room::refuse_unwritable(&experiment, wanted.worlds * wanted.replications)?;
    let worlds = wanted.draw(args, &overrides)?;
    let out = session.folder(args, origin, &experiment)?;
    places(args).inputs(&experiment.files).folder("--out DIR", &out, Kind::Run).check()?;

    log.write(&Phase::Checked {
        scenario: &experiment.source_path,
        warnings: &warnings.names(),
        requests: plan.requests,
        memory_bytes: plan.memory_bytes,
    });
    let progress = Progress::start(control, &plan, args.quiet);
    // Worlds are kept from the beginning.
    let keeps_all = args.resume || !worlds.is_empty();
    let resumable = |header| {
        let path = partial(&out, &experiment.digest);
        Cells::resumable(path, header, args.resume).after(kept_from(keeps_all, &plan), keeps_all)
    };
    let takes_rounds = experiment.precision.is_some();
    let named = Named { command: "run", scenario: &args.scenario, experiment: &experiment, takes_rounds };
    let meanings = worlds.iter().flat_map(|world| world.fingerprints.iter().map(String::as_str));
    let cells = origin.cells(&named, meanings, &out, args.force, resumable)?;
    let known = args.resume.then(|| report::json::read(&out.join("results.json")).ok()).flatten();
    let known = known.filter(|known| known.scenario.digest == experiment.digest && known.worlds.is_some());
    if !args.quiet {
        if args.resume {
            tell!("{}", resumed(&cells, known.as_ref(), &plan));
        }
        if !worlds.is_empty() {
            tell!("{}", wanted.sentence(&experiment, &plan));
        }
        if let Some(sentence) = origin.sentence(&plan, threads) {
            tell!("{sentence}");
        }
        for other in others(&out, &experiment.digest) {
            tell!("{}", foreign(&other));
        }
    }
    let options = RunOptions {
        threads,
        control: Arc::clone(control),
        cells: Some(Arc::clone(&cells)),
        observer: log.observer(),
        why: args.why.why,
        ..RunOptions::default()
    };
    hold(&limits, control);
    let nominal = run(&experiment, &options);
    let of_worlds = WorldsOptions {
        threads,
        replications: wanted.replications,
        control: Arc::clone(control),
        cells: Some(Arc::clone(&cells)),
        known: known.map(Arc::new),
        observer: log.observer(),
    };
    let outcome = match nominal {
        Ok(mut outcome) if !outcome.interrupted && !worlds.is_empty() => {
            worlds::add(&mut outcome, &experiment, &worlds, &of_worlds).map(|()| outcome)
        }
        // Worlds do not wait for the parts of others.
        Err(RunError::PartDone) if !worlds.is_empty() => {
            worlds::part(&experiment, &worlds, &of_worlds).and(Err(RunError::PartDone))
        }
        other => other,
    };
    progress.finish();
    let mut outcome = match outcome {
        Ok(_) if matches!(origin, Origin::Shard(_)) => {
            shard::nothing_left(&cells, args.quiet)?;
            return Ok(exit::SUCCESS);
        }
        Ok(outcome) => outcome,
        Err(RunError::PartDone) => return shard::finished(&cells, args.quiet),
        Err(RunError::Interrupted) if origin.is_partial() => return Err(RunError::Interrupted.into()),
        Err(RunError::Interrupted) => {
            if given_up() {
                return Ok(exit::INTERRUPTED);
            }
            if let Some(problem) = reached(&limits, control) {
                return Err(problem.into());
            }
            tell!("interrupted before the first replication was finished: nothing written");
            return Ok(exit::INTERRUPTED);
        }
        Err(error) => return Err(error.into()),
    };
    if given_up() {
        return Ok(exit::INTERRUPTED);
    }
    origin.sign(&mut outcome.record.herdlab);
    let started = Instant::now();
    let contents = args.contents.contents();
    let written = during(DRAWING, args.quiet, || {
        report::write_all(&outcome.record, Some(&outcome.timings), &out, contents)
    });
    output::written(written, "--out DIR")?;
    let seconds = started.elapsed().as_secs_f64();
    log.write(&Phase::Written { folder: &out.display().to_string(), seconds });
    if let Some(path) = &args.junit {
        let text = report::junit::thresholds(&outcome.record)?;
        output::written(atomic::write(path, text.as_bytes()), "--junit FILE")?;
    }
    if !outcome.interrupted {
        cells.remove();
        // The folder above may hold what another scenario has left.
        let _ = std::fs::remove_dir(out.join(PARTIAL));
    }
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&printed(args.format, &outcome.record)?);
        session.is_unread = shown == Shown::Unwanted;
        tell!("{}", speed(&outcome));
    }
    session.announce(args, &out);
    if outcome.interrupted {
        let scenario = &outcome.record.scenario;
        if origin.is_partial() {
            let (finished, all) = (scenario.finished, scenario.replications);
            tell!("partial: {finished} of {all} replications are finished");
            return Ok(exit::SUCCESS);
        }
        let limit = reached(&limits, control);
        if let Some(problem) = &limit {
            output::tell_text(&problem.render_within(output::stderr_style()));
        }
        tell!(
            "interrupted: {} of {} replications finished and kept",
            scenario.finished,
            scenario.replications
        );
        if let Some(worlds) = &outcome.record.worlds {
            tell!("interrupted: {} of {} worlds finished and kept", worlds.finished(), worlds.wanted);
        }
        if cells.exists() {
            tell!("to resume, add --resume to the same command");
        }
        return Ok(if limit.is_some() { exit::USAGE } else { exit::INTERRUPTED });
    }
    let code = gate(&outcome.record);
    // The table is in the report as well; what another program is to read is a result of its own.
    Ok(if args.format == Format::Table { code } else { shown.code(code) })
}

/// The run as a job of several tasks needs it.
pub(super) fn prepared(args: &RunArgs, threads: usize) -> anyhow::Result<Prepared> {
    let overrides = args.settings.overrides(&args.variants);
    let (experiment, _) = input::load_with_warnings(&args.scenario, &overrides)?;
    let plan = plan_within(&args.limits.limits(), &experiment, threads);
    let plan = wanted_worlds(args, &experiment, &plan, threads)?.plan(plan, &experiment, threads);
    let folder = args.out.clone().unwrap_or_else(|| Path::new("reports").join(&experiment.name));
    let rounds = experiment.precision.as_ref().map(|_| "a wanted precision");
    Ok(Prepared { experiment, plan, folder, rounds })
}

/// How many worlds a run draws, and how often it simulates each.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    worlds: u32,
    replications: u32,
}

/// Most runs of each world.
const RUNS_MAX: u32 = 100;

/// `64` or `64x3`.
fn worlds_asked(text: &str) -> Result<Wanted, String> {
    let (worlds, runs) = text.split_once('x').map_or((text, None), |(worlds, runs)| (worlds, Some(runs)));
    let count = |text: &str, least: u32, most: u32| {
        text.trim().parse().ok().filter(|count| (least..=most).contains(count))
    };
    let worlds = count(worlds, 0, WORLDS_MAX);
    let replications = runs.map_or(Some(REPLICATIONS), |runs| count(runs, 1, RUNS_MAX));
    match (worlds, replications) {
        (Some(worlds), Some(replications)) => Ok(Wanted { worlds, replications }),
        _ => Err(format!(
            "expected a number of worlds up to {WORLDS_MAX}, or worlds and runs of each (up to {RUNS_MAX}) such as 64x3"
        )),
    }
}

/// As asked, or as fits the time asked for; none where the scenario has no ranges.
fn wanted_worlds(
    args: &RunArgs,
    experiment: &Experiment,
    nominal: &Plan,
    threads: usize,
) -> Result<Wanted, Diagnostics> {
    let none = Wanted { worlds: 0, replications: REPLICATIONS };
    if experiment.inputs.is_empty() {
        let option = match (args.worlds, args.fit) {
            (None | Some(Wanted { worlds: 0, .. }), None) => return Ok(none),
            (Some(_), _) => "--worlds",
            (_, Some(_)) => "--fit",
        };
        let title = format!("{option}: {} has no ranges to draw worlds from", experiment.source_path);
        let help = "write a range in place of a value: --set 'database.servers={ low = 2, high = 4 }', or in the file";
        return Err(Diagnostics::general(title, vec![help.to_owned()]));
    }
    let least = worlds_min(experiment.inputs.len()) as u32;
    let Some(fit) = args.fit else {
        let enough = Wanted { worlds: WORLDS.max(least.next_power_of_two()), ..none };
        return Ok(args.worlds.unwrap_or(enough));
    };
    let seconds = fit as f64 / 1e9;
    match fitting(nominal, experiment.replications, threads, seconds, least) {
        Ok((worlds, replications)) => Ok(Wanted { worlds, replications }),
        Err(takes) => {
            let title = format!(
                "--fit: the nominal run and the fewest worlds that tell {} apart take about {}",
                output::counted(experiment.inputs.len() as u64, "input"),
                approximate_time(takes)
            );
            let help = "more time, a shorter --duration, or fewer ranges (--set PATH=VALUE); --worlds N draws any number";
            Err(Diagnostics::general(title, vec![help.to_owned()]))
        }
    }
}

impl Wanted {
    /// What the run takes with its worlds.
    fn plan(self, nominal: Plan, experiment: &Experiment, threads: usize) -> Plan {
        match self.worlds {
            0 => nominal,
            worlds => with_worlds(&nominal, experiment.replications, threads, worlds, self.replications),
        }
    }

    fn draw(self, args: &RunArgs, overrides: &Overrides) -> Result<Vec<World>, Diagnostics> {
        match self.worlds {
            0 => Ok(Vec::new()),
            worlds => input::load_worlds(&args.scenario, overrides, worlds),
        }
    }

    /// `4 inputs are ranges: the nominal scenario and 32 worlds x 2 runs, 370 simulations, about 12 s`.
    fn sentence(self, experiment: &Experiment, plan: &Plan) -> String {
        let inputs = experiment.inputs.len() as u64;
        format!(
            "{} {}: the nominal scenario and {} x {}, {}, {}",
            output::counted(inputs, "input"),
            if inputs == 1 { "is a range" } else { "are ranges" },
            output::counted(u64::from(self.worlds), "world"),
            output::counted(u64::from(self.replications), "run"),
            output::counted(plan.cells, "simulation"),
            approximate_time(plan.seconds),
        )
    }
}

/// Names the thresholds that are broken, also where nothing else is printed; gives the exit code.
pub(super) fn gate(record: &Record) -> u8 {
    let rows = report::thresholds::rows(record);
    let broken: Vec<_> = rows.iter().filter(|row| row.standing == Standing::Broken).collect();
    for row in &broken {
        tell!("threshold: {}", row.sentence());
    }
    if broken.is_empty() { exit::SUCCESS } else { exit::GATE }
}

/// Length of a run from which on finished replications are kept while the others run: shorter ones are sooner repeated
/// than resumed.
const KEPT_FROM: Duration = Duration::from_secs(10);

/// How long a run takes before what it has finished is kept. A long one keeps from the beginning; one that only turns
/// out to be long, once it is.
fn kept_from(resume: bool, plan: &Plan) -> Duration {
    match resume || plan.seconds > KEPT_FROM.as_secs_f64() {
        true => Duration::ZERO,
        false => KEPT_FROM,
    }
}

/// Folder of what unfinished runs have kept.
const PARTIAL: &str = "partial";

/// The journal of a run in the folder of its report, named by what is run.
fn partial(out: &Path, digest: &str) -> PathBuf {
    let short: String = digest.chars().take(16).collect();
    out.join(PARTIAL).join(short + ".jsonl")
}

/// What runs of something else have left there.
fn others(out: &Path, digest: &str) -> Vec<PathBuf> {
    let own = partial(out, digest);
    let entries = std::fs::read_dir(out.join(PARTIAL)).into_iter().flatten().flatten();
    let mut others: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| *path != own).collect();
    others.sort();
    others
}

/// The remains of another run.
fn foreign(folder: &Path) -> String {
    let digest = folder.file_stem().unwrap_or_default().to_string_lossy();
    format!(
        "{} is of an interrupted run of something else (a scenario, seed or setting with the digest {digest}...): it can \
         be deleted unless you resume that one",
        folder.display()
    )
}

/// The simulations that `--resume` finds.
fn resumed(cells: &Cells, known: Option<&Record>, plan: &Plan) -> String {
    let worlds = known.and_then(|known| known.worlds.as_ref()).map_or(0, WorldsRecord::finished);
    let earlier = match worlds {
        0 => String::new(),
        some => format!("resuming: {} of an earlier report are kept", output::counted(some as u64, "world")),
    };
    match cells.kept() {
        0 if worlds > 0 => earlier,
        0 => "nothing to resume: no finished replication of this scenario is kept; starting anew".to_owned(),
        kept => format!("resuming: {kept} of {} simulations are kept", plan.cells),
    }
}

pub(super) fn printed(format: Format, record: &Record) -> anyhow::Result<String> {
    let comparison = compare(record);
    let answer = answer(record, &comparison);
    Ok(match format {
        Format::Table => {
            let (width, color) = output::stdout_style();
            report::table::page(record, &comparison, &answer, width, color)
        }
        Format::Json => report::summary::render(record, &comparison, &answer)?,
        Format::Csv => report::csv::summary(record, &comparison),
        Format::Md => report::markdown::render(record, &comparison, &answer),
    })
}

fn speed(outcome: &Outcome) -> String {
    let timings = &outcome.timings;
    let memory = timings
        .peak_rss_bytes
        .map(|bytes| format!(", peak memory {}", herdlab::units::approximate_bytes(bytes as f64)))
        .unwrap_or_default();
    format!(
        "{:.1} M requests in {:.1} s: {:.2} M requests per second and core on {} (tables {:.2} s{memory})",
        timings.requests as f64 / 1e6,
        timings.wall_s,
        timings.requests_per_second_per_core / 1e6,
        output::counted(timings.threads as u64, "thread"),
        timings.tables_s,
    )
}
