//! `herdlab fit`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use herdlab::atomic;
use herdlab::experiment::fit::{Fit, FitError, Problem, fit};
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{Pool, SweepOptions, plan};
use herdlab::report::fit::Shown as ShownFit;
use herdlab::report::html::quoted;
use herdlab::scenario::estimate::{self, Plan, approximate_time};
use herdlab::scenario::knob::Knob;
use herdlab::scenario::uncertain::Space;
use herdlab::scenario::{Diagnostics, Overrides, parse};
use herdlab::sim::Control;

use super::output::{Shown, tell};
use super::places::Places;
use super::progress::{ESTIMATING, Progress, during, reading};
use super::settings::{LimitArgs, hold, path_and_value, reached};
use super::{exit, input, output, signals};

/// Find the values of what is unknown about a system at which its model agrees with production ([observed]): ranges, what the figures do
/// not tell apart, and which figure no value can meet
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// Scenario file, or name of a bundled scenario; its ranges are the unknowns
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// A further unknown and its range (`workload.keys=1000..100000`, `database.read=2ms..20ms`); repeat for several
    #[arg(long = "unknown", value_name = "PATH=LOW..HIGH", value_parser = path_and_value)]
    unknowns: Vec<(String, String)>,
    /// Set a value of the scenario (`tier.l2.ttl=5m`), or a figure (`observed.hit_ratio=0.93`); repeat for several
    #[arg(long, short, value_name = "PATH=VALUE", value_parser = path_and_value)]
    set: Vec<(String, String)>,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// Simulated time, instead of the scenario's (`30s`); a shorter one shortens the warm-up in proportion
    #[arg(long)]
    duration: Option<String>,
    /// Fit this variant [default: the baseline]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Number of simulations, one run each [default: 60 for each unknown, and 60]
    #[arg(long, value_name = "SIMULATIONS")]
    budget: Option<usize>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the scenario with the fitted values in their places to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress, and nothing on standard output
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Md,
}

pub(crate) fn execute(args: &FitArgs) -> anyhow::Result<ExitCode> {
    let mut space = during(reading(&args.scenario), args.quiet, || space(args))?;
    let (problem, checks) = Problem::of(space.base(), args.budget)?;
    let limits = args.limits.limits();
    let threads = input::threads(args.threads);
    let plan = during(ESTIMATING, args.quiet, || planned(&space, problem.budget, threads));
    estimate::refuse_beyond(&plan, &limits)?;
    Places::default()
        .input(&args.scenario)
        .inputs(&space.base().files)
        .file("--output FILE", args.output.as_ref())
        .check()?;
    refuse_without_place(args, &space)?;
    if !args.quiet {
        output::tell_text(&space.warnings().render_within(output::stderr_style()));
        tell!(
            "{}, {}, {}, {} on {}",
            output::counted(problem.unknowns.len() as u64, "unknown"),
            output::counted(problem.targets.len() as u64, "figure"),
            output::counted(problem.budget as u64, "simulation"),
            approximate_time(plan.seconds),
            output::counted(threads as u64, "thread")
        );
    }
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let progress = Progress::start(&control, &plan, args.quiet);
    hold(&limits, &control);
    let options = SweepOptions { threads, control: Arc::clone(&control), cells: None };
    let found = fit(&mut space, &problem, &checks, &options);
    progress.finish();
    let found = match found {
        Ok(found) => found,
        Err(FitError::Run(RunError::Interrupted)) => {
            if let Some(problem) = reached(&limits, &control) {
                return Err(problem.into());
            }
            tell!("interrupted: nothing is fitted");
            return Ok(ExitCode::from(exit::INTERRUPTED));
        }
        Err(error) => return Err(refusal(error)),
    };
    let texts: Vec<String> =
        found.unknowns.iter().enumerate().map(|(index, one)| space.toml(index, one.value)).collect();
    let written = match &args.output {
        Some(path) if found.agrees() => {
            write(path, &space, &found)?;
            true
        }
        _ => false,
    };
    // Values at which the model disagrees are no use to anyone.
    let command = if found.agrees() { command(args, &found, &texts, written) } else { None };
    let shown = ShownFit {
        fit: &found,
        scenario: &space.base().source_path,
        seed: space.base().seed,
        texts: &texts,
        command: command.as_deref(),
    };
    let mut printed = Shown::Whole;
    if !args.quiet {
        let (width, color) = output::stdout_style();
        printed = output::show(&match args.format {
            Format::Table => shown.terminal(width, color),
            Format::Json => shown.json()?,
            Format::Md => shown.markdown(),
        });
    }
    if let Some(path) = &args.output {
        match written {
            true if args.quiet => {}
            true => tell!("scenario: {}", path.display()),
            false => tell!("{} is not written: no setting agrees with the figures", path.display()),
        }
    }
    let code = if found.stands() { exit::SUCCESS } else { exit::NOTHING_FITS };
    Ok(ExitCode::from(printed.code(code)))
}

/// The scenario as a function of its unknowns.
fn space(args: &FitArgs) -> Result<Space, Diagnostics> {
    let mut unknown: Vec<(String, String)> = Vec::new();
    for (name, span) in &args.unknowns {
        let knob = Knob::parse_for("--unknown", name, span)?;
        if unknown.iter().any(|(path, _)| *path == knob.path) {
            let title = format!("--unknown {} is given twice", knob.path);
            return Err(Diagnostics::general(title, vec!["leave one of the two out".to_owned()]));
        }
        let below = format!("{}.", knob.path);
        if let Some((path, value)) =
            args.set.iter().find(|(path, _)| *path == knob.path || path.starts_with(&below))
        {
            let title = format!("--set {path}={value} and --unknown {} both set {path}", knob.path);
            let help = "leave --set out to fit it, or --unknown to keep it at that value";
            return Err(Diagnostics::general(title, vec![help.to_owned()]));
        }
        let end = |value: f64| match knob.unit.as_str() {
            "" => knob.text(value),
            _ => format!("\"{}\"", knob.text(value)),
        };
        unknown
            .push((knob.path.clone(), format!("{{ low = {}, high = {} }}", end(knob.low), end(knob.high))));
    }
    let overrides = Overrides {
        set: args.set.clone(),
        seed: args.seed,
        duration: args.duration.clone(),
        variants: args.variant.iter().cloned().collect(),
        ..Overrides::default()
    };
    let file = input::find(&args.scenario)?;
    Space::new(&file.source, &file.path, &file.base_dir, &overrides, &unknown)
        .map_err(|problems| with_way_out(problems, &unknown))
}

/// An unknown inside one form of a choice (`database.read.lognormal.median`) stands beside the form that the file has.
fn with_way_out(mut problems: Diagnostics, unknown: &[(String, String)]) -> Diagnostics {
    for problem in &mut problems.list {
        let Some(path) = problem.title.strip_suffix(" must be one thing") else { continue };
        let below = format!("{path}.");
        if unknown.iter().any(|(name, _)| name.starts_with(&below)) {
            problem.help.push(format!(
                "{path} has another form in the file: name an unknown of that form, or give {path} the form of the unknown first, \
                 such as --set '{path}={{ exponential = {{ mean = \"5ms\" }} }}'"
            ));
        }
    }
    problems
}

/// A file has its fitted values in the place of what it has now.
fn refuse_without_place(args: &FitArgs, space: &Space) -> Result<(), Diagnostics> {
    let missing = space.without_place();
    let (Some(path), Some(first)) = (&args.output, missing.first()) else { return Ok(()) };
    let title = format!("--output {}: {first} is not in {}", path.display(), space.base().source_path);
    let help = vec![
        "write it there, with any value; the fitted one takes its place".to_owned(),
        "or leave --output out and use the command that is printed".to_owned(),
    ];
    Err(Diagnostics::general(title, help))
}

/// What so many runs take.
fn planned(space: &Space, budget: usize, threads: usize) -> Plan {
    let models = space.base().variants.iter().map(|variant| (variant.name.clone(), variant.model.clone()));
    let once = plan(&Pool::of_models(models.collect(), space.base().seed), 1, 1);
    let times = budget as f64;
    Plan {
        cells: budget as u64,
        requests: once.requests * times,
        events: once.events * times,
        seconds: once.seconds * times / threads.max(1) as f64,
        ..once
    }
}

fn refusal(error: FitError) -> anyhow::Error {
    let help = |help: &str| vec![help.to_owned()];
    match &error {
        FitError::Absent(measure) => Diagnostics::general(
            format!("no run of the scenario has a value of {measure}, which is observed"),
            help("leave it out of [observed], or model what it measures"),
        )
        .into(),
        FitError::TooFew(..) => Diagnostics::general(
            error.to_string(),
            help("narrower ranges, a longer --duration, or a larger --budget"),
        )
        .into(),
        _ => match error {
            FitError::Setting(problems) => problems.into(),
            FitError::Run(error) => error.into(),
            other => other.into(),
        },
    }
}

/// Writes the scenario with its fitted values, and a comment with the ranges.
fn write(path: &std::path::Path, space: &Space, found: &Fit) -> anyhow::Result<()> {
    let values: Vec<f64> = found.unknowns.iter().map(|one| one.value).collect();
    let text = space.file(&values);
    let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
    let line = |(index, one): (usize, &herdlab::experiment::fit::Fitted)| {
        let text = |value: f64| space.toml(index, four_digits(value));
        let (low, high) = one.range;
        format!("# {} = {} (95 %: {} to {})\n", one.input.path, text(one.value), text(low), text(high))
    };
    let notes: String = found.unknowns.iter().enumerate().map(line).collect();
    let text = format!("{text}{gap}# By `herdlab fit`:\n{notes}");
    let shown = path.display().to_string();
    parse(&text, &shown, atomic::folder_of(path), &Overrides::default())?;
    output::written(atomic::write(path, text.as_bytes()), "--output FILE")
}

fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// The command line that runs the fitted scenario; `None` where a value belongs to a variant and the file is not written.
fn command(args: &FitArgs, found: &Fit, texts: &[String], written: bool) -> Option<String> {
    if let Some(path) = args.output.as_ref().filter(|_| written) {
        return Some(format!("herdlab run {}", quoted(&path.display().to_string())));
    }
    let own = args.set.iter().filter(|(path, _)| found.unknowns.iter().all(|one| one.input.path != *path));
    let mut words = vec!["herdlab run".to_owned(), quoted(&args.scenario)];
    words.extend(own.map(|(path, value)| format!("--set {}", quoted(&format!("{path}={value}")))));
    for (one, text) in found.unknowns.iter().zip(texts) {
        if one.input.path.contains(" (variant ") {
            return None;
        }
        words.push(format!("--set {}", quoted(&format!("{}={}", one.input.path, text.trim_matches('"')))));
    }
    Some(words.join(" "))
}
