//! `herdlab run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};
use herdlab::atomic;
use herdlab::experiment::answer::answer;
use herdlab::experiment::comparison::compare;
use herdlab::experiment::partial::Partial;
use herdlab::experiment::run::{Outcome, RunError, RunOptions, run};
use herdlab::experiment::threshold::Standing;
use herdlab::measure::record::Record;
use herdlab::report;
use herdlab::scenario::Overrides;
use herdlab::scenario::estimate::{self, Limits, Plan, plan};
use herdlab::sim::Control;
use herdlab::units;

use super::progress::Progress;
use super::{exit, input, output};

/// Run a scenario: compare its variants and write a report
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// Set a value of the scenario (`tier.l2.ttl=5m`); repeat for several
    #[arg(long, value_name = "PATH=VALUE", value_parser = path_and_value)]
    set: Vec<(String, String)>,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// Replications of every variant, instead of the scenario's
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Simulated time, instead of the scenario's (`30s`); a shorter one shortens the warm-up in proportion
    #[arg(long)]
    duration: Option<String>,
    /// Run only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on from the replications that a run of the same scenario has finished before it was stopped
    #[arg(long)]
    resume: bool,
    /// Refuse a run that is estimated to need more memory (`2GB`) [default: what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes)]
    memory_limit: Option<u64>,
    /// Refuse a run that is estimated to take longer (`10m`) [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = units::parse_duration)]
    time_limit: Option<u64>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write what came of the thresholds to this file, as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Do not run a scenario that lints warn of (exit code 2)
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
    let overrides = Overrides {
        set: args.set.clone(),
        seed: args.seed,
        replications: args.replications,
        duration: args.duration.clone(),
        variants: args.variants.clone(),
    };
    let (experiment, warnings) = input::load_with_warnings(&args.scenario, &overrides)?;
    if args.deny_lints && !warnings.is_empty() {
        eprint!("{}", warnings.render(output::color_on_stderr()));
        return Ok(ExitCode::from(exit::USAGE));
    }
    let threads = input::threads(args.threads);
    let plan = plan(&experiment, threads);
    estimate::refuse_beyond(&plan, &limits(args))?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&experiment.name));
    output::require_writable(&out)?;
    if let Some(folder) = args.junit.as_deref().map(output::folder_of) {
        output::require_writable(folder)?;
    }

    let control = Arc::new(Control::default());
    stop_on_interrupt(&control)?;
    let progress = Progress::start(&control, &plan, args.quiet);
    let partial = Partial::new(&out, &experiment.digest, args.resume);
    if args.resume && !args.quiet {
        eprintln!("{}", resumed(&partial, &plan));
    }
    let keep = args.resume || plan.seconds > KEPT_FROM_S;
    let options =
        RunOptions { threads, control: Arc::clone(&control), partial: keep.then(|| partial.clone()) };
    let outcome = run(&experiment, &options);
    progress.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(RunError::Interrupted) => {
            output::remove_if_empty(&out);
            eprintln!("interrupted before the first replication was finished: nothing written");
            return Ok(ExitCode::from(exit::INTERRUPTED));
        }
        Err(error) => {
            output::remove_if_empty(&out);
            return Err(error.into());
        }
    };
    report::write_all(&outcome.record, Some(&outcome.timings), &out)?;
    if let Some(path) = &args.junit {
        atomic::write(path, report::junit::thresholds(&outcome.record)?.as_bytes())?;
    }
    if !outcome.interrupted {
        partial.remove();
    }
    if !args.quiet {
        output::show(&printed(args.format, &outcome)?)?;
        eprintln!("{}", speed(&outcome));
        eprintln!("report: {}", out.join("index.html").display());
    }
    if outcome.interrupted {
        let scenario = &outcome.record.scenario;
        eprintln!(
            "interrupted: {} of {} replications finished and kept",
            scenario.finished, scenario.replications
        );
        if partial.kept() > 0 {
            eprintln!("the same command with --resume goes on from there");
        }
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    Ok(gate(&outcome.record))
}

/// Names the thresholds that are broken, also where nothing else is printed; gives the exit code.
fn gate(record: &Record) -> ExitCode {
    let rows = report::thresholds::rows(record);
    let broken: Vec<_> = rows.iter().filter(|row| row.standing == Standing::Broken).collect();
    for row in &broken {
        eprintln!("threshold: {}", row.sentence());
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::GATE) }
}

/// Estimated seconds from which on finished replications are kept while the others run: shorter runs are sooner
/// repeated than resumed.
const KEPT_FROM_S: f64 = 10.0;

fn limits(args: &RunArgs) -> Limits {
    let machine = Limits::of_this_machine();
    Limits {
        memory_bytes: args.memory_limit.or(machine.memory_bytes),
        memory_given: args.memory_limit.is_some(),
        seconds: args.time_limit.map_or(machine.seconds, |ns| ns as f64 / 1e9),
    }
}

/// What `--resume` finds.
fn resumed(partial: &Partial, plan: &Plan) -> String {
    match partial.kept() {
        0 => "nothing to resume: no finished replication of this scenario is kept; starting anew".to_owned(),
        kept => format!("resuming: {kept} of {} simulations are kept", plan.cells),
    }
}

/// The first Ctrl-C stops the simulations and keeps what is finished, the second one ends the program.
pub(super) fn stop_on_interrupt(control: &Arc<Control>) -> anyhow::Result<()> {
    let control = Arc::clone(control);
    ctrlc::set_handler(move || {
        if control.cancel.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    })?;
    Ok(())
}

fn printed(format: Format, outcome: &Outcome) -> anyhow::Result<String> {
    let record = &outcome.record;
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
        "{:.1} M requests in {:.1} s: {:.2} M requests per second and core on {} threads (tables {:.2} s{memory})",
        timings.requests as f64 / 1e6,
        timings.wall_s,
        timings.requests_per_second_per_core / 1e6,
        timings.threads,
        timings.tables_s,
    )
}

pub(super) fn path_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("expected PATH=VALUE such as tier.l2.ttl=5m".to_owned()),
    }
}
