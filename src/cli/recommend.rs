//! `herdlab recommend`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use herdlab::atomic;
use herdlab::experiment::recommend::{Outcome, Search};
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{Pool, SweepOptions, plan};
use herdlab::report::recommend;
use herdlab::scenario::estimate::{self, Plan, approximate_time};
use herdlab::scenario::grid::Which;
use herdlab::scenario::{Diagnostics, Overrides, Typed, TypedText, parse};
use herdlab::sim::Control;

use super::output::{Shown, tell};
use super::places::Places;
use super::progress::Progress;
use super::settings::{LimitArgs, SettingArgs, hold, path_and_value, reached};
use super::{exit, input, output, signals};

/// Find the setting of some knobs that optimises one measure within all limits (the scenario's thresholds): the winner,
/// the ties, the binding limit, and the TOML to use
#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// A knob, instead of the scenario's [recommend.knobs]: values (`tier.l2.ttl=10s,60s`) or a range
    /// (`database.pool=2..20:step2`, `tier.l2.ttl=10s..5m:log5`); repeat for several
    #[arg(long = "knob", value_name = "PATH=VALUES", value_parser = path_and_value)]
    knobs: Vec<(String, String)>,
    /// Measure or knob to minimise, instead of the scenario's
    #[arg(long, value_name = "MEASURE|PATH", conflicts_with = "maximise")]
    minimise: Option<String>,
    /// Measure or knob to maximise, instead of the scenario's
    #[arg(long, value_name = "MEASURE|PATH")]
    maximise: Option<String>,
    /// A limit besides the scenario's thresholds, instead of [recommend]'s (`db.qps.peak <= 500`); repeat for several
    #[arg(long, value_name = "LIMIT")]
    keep: Vec<String>,
    /// Largest number of simulations, instead of the scenario's
    #[arg(long, value_name = "N")]
    budget: Option<u64>,
    #[command(flatten)]
    settings: SettingArgs,
    /// Consider only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the scenario with the recommended settings as a further variant to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
}

pub(crate) fn execute(args: &RecommendArgs) -> anyhow::Result<ExitCode> {
    let (grid, _) = input::load_grid(&args.scenario, &overrides(args), Which::Recommend, &args.knobs)?;
    let mut pool = Pool::new(&grid);
    let search = Search::new(&grid, &pool)?;
    let threads = input::threads(args.threads);
    let plan = planned(&search, &pool, threads);
    let limits = args.limits.limits();
    estimate::refuse_beyond(&plan, &limits)?;
    Places::default()
        .input(&args.scenario)
        .inputs(&grid.base.files)
        .file("--out FILE", args.out.as_ref())
        .check()?;
    if !args.quiet {
        tell!(
            "{}, {}, {} on {}",
            output::counted(search.candidates.len() as u64, "candidate"),
            output::counted(search.cost(), "simulation"),
            approximate_time(plan.seconds),
            output::counted(plan.cells.clamp(1, threads as u64), "thread")
        );
    }
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let progress = Progress::start(&control, &plan, args.quiet);
    hold(&limits, &control);
    let options = SweepOptions { threads, control: Arc::clone(&control), journal: None };
    let outcome = search.run(&grid, &mut pool, &options);
    progress.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            if matches!(error, RunError::Interrupted) {
                if let Some(problem) = reached(&limits, &control) {
                    return Err(problem.into());
                }
                tell!("interrupted: nothing is recommended");
                return Ok(ExitCode::from(exit::INTERRUPTED));
            }
            return Err(error.into());
        }
    };
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&match args.format {
            Format::Table => recommend::page(&search, &grid, &outcome, output::stdout_style().0),
            Format::Json => recommend::json(&search, &grid, &outcome)?,
        });
    }
    match (&args.out, recommend::usable(&outcome)) {
        (Some(path), Some(found)) => {
            write_scenario(path, &recommend::scenario(&search, &grid, found))?;
            if !args.quiet {
                tell!("scenario: {}", path.display());
            }
        }
        (Some(path), None) => tell!("{} is not written: nothing is recommended", path.display()),
        (None, _) => {}
    }
    Ok(ExitCode::from(shown.code(match outcome {
        Outcome::Winner { .. } => exit::SUCCESS,
        Outcome::Undecided { .. } | Outcome::Nothing { .. } => exit::NOTHING_FITS,
    })))
}

/// The options as if they stood in the file.
fn overrides(args: &RecommendArgs) -> Overrides {
    let mut overrides = args.settings.overrides(&args.variants);
    let mut put = |option, path, text| overrides.options.push(Typed { option, path, text });
    // The other objective of the file must not stand beside it.
    let none = || TypedText::One("none".to_owned());
    if let Some(name) = &args.minimise {
        put("--minimise", "recommend.minimise", TypedText::One(name.clone()));
        put("--minimise", "recommend.maximise", none());
    }
    if let Some(name) = &args.maximise {
        put("--maximise", "recommend.maximise", TypedText::One(name.clone()));
        put("--maximise", "recommend.minimise", none());
    }
    if !args.keep.is_empty() {
        put("--keep", "recommend.keep", TypedText::List(args.keep.clone()));
    }
    if let Some(budget) = args.budget {
        overrides.set.push(("recommend.budget".to_owned(), budget.to_string()));
    }
    overrides
}

/// The search takes the share of a whole grid that it looks at.
fn planned(search: &Search, pool: &Pool, threads: usize) -> Plan {
    let once = plan(pool, 1, threads);
    let share = search.cost() as f64 / search.candidates.len().max(1) as f64;
    Plan {
        estimates: Vec::new(),
        cells: search.cost(),
        requests: once.requests * share,
        events: once.events * share,
        seconds: once.seconds * share,
        ..once
    }
}

/// Writes the scenario if it is one: a file whose variants are not written as [[variant]] cannot be added to.
fn write_scenario(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display().to_string();
    if let Err(problems) = parse(text, &shown, atomic::folder_of(path), &Overrides::default()) {
        let title = format!("{shown} is not written: the settings cannot be appended to this scenario");
        let first = problems.list.first().map_or_else(String::new, |problem| problem.title.clone());
        let help = vec![first, "paste them from the output by hand".to_owned()];
        return Err(Diagnostics::general(title, help).into());
    }
    output::written(atomic::write(path, text.as_bytes()), "--out FILE")
}
