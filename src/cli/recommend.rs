//! `herdlab recommend`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::atomic;
use herdlab::experiment::cells::Cells;
use herdlab::experiment::recommend::{Outcome, Search, judge};
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{Pool, SweepOptions, plan};
use herdlab::report::recommend::{self, table, usage};
use herdlab::report::{self, Kind};
use herdlab::scenario::estimate::{self, Plan, approximate_time};
use herdlab::scenario::grid::Which;
use herdlab::scenario::{Diagnostics, Overrides, Typed, TypedText, parse};
use herdlab::sim::Control;

use super::emit::Prepared;
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::{Places, refuse_anothers};
use super::progress::{DRAWING, ESTIMATING, Progress, during, reading};
use super::run::Format;
use super::settings::{LimitArgs, SettingArgs, hold, path_and_value, reached};
use super::shard::{self, Named, Origin, ShardArgs};
use super::sweep::{PARTIAL, resumed};
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
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for a report: a page, charts, CSV, Markdown and record; today's setting (the baseline as the file has it) is
    /// simulated as well, to be reviewed beside the recommended one, unless the search has a budget, events or ranges
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long, requires = "report")]
    force: bool,
    /// Reuse the finished simulations of an interrupted search with the same --report
    #[arg(long, requires = "report")]
    resume: bool,
    #[command(flatten)]
    shard: ShardArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    open: OpenArgs,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress, and nothing on standard output
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &RecommendArgs) -> anyhow::Result<ExitCode> {
    let origin = args.shard.origin(&[
        ("--resume", args.resume, "a part that runs again goes on by itself"),
        ("--open", args.open.is_given(), "`herdlab merge --open` shows the page"),
        (
            "the lack of --report",
            args.report.is_none(),
            "name the folder of the journals and the report: --report DIR",
        ),
    ])?;
    execute_from(args, &origin)
}

/// The same where cells come from elsewhere, or go there.
pub(crate) fn execute_from(args: &RecommendArgs, origin: &Origin) -> anyhow::Result<ExitCode> {
    if origin.is_partial() {
        let title = "--partial: a search recommends nothing before it has ended".to_owned();
        return Err(Diagnostics::general(title, vec!["merge when all shards are finished".to_owned()]).into());
    }
    args.open.check(args.report.as_ref())?;
    let read = || input::load_grid(&args.scenario, &overrides(args), Which::Recommend, &args.knobs);
    let (grid, _) = during(reading(&args.scenario), args.quiet, read)?;
    let mut pool = Pool::new(&grid);
    let mut search = Search::new(&grid, &pool)?;
    let threads = input::threads(args.threads);
    let once = during(ESTIMATING, args.quiet, || plan(&pool, 1, threads));
    if args.report.is_some() {
        search.beside_today(&grid, &mut pool);
    }
    let plan = origin.share_of(planned(&search, once));
    let limits = args.limits.limits();
    estimate::refuse_beyond(&plan, &limits)?;
    let words = words(args);
    let is_anothers = |folder: &Path| report::holds_another_recommendation(folder, &grid.base, &words);
    if let Some(folder) = &args.report {
        refuse_anothers(folder, "--report DIR", args.force, &is_anothers)?;
    }
    let places = Places::default()
        .input(&args.scenario)
        .inputs(&grid.base.files)
        .file("--out FILE", args.out.as_ref());
    match &args.report {
        Some(folder) => places.folder("--report DIR", folder, Kind::Recommend).check()?,
        None => places.check()?,
    }
    if let Some(sentence) = origin.sentence(&plan, threads).filter(|_| !args.quiet) {
        tell!("{sentence} for all rounds");
    }
    if !args.quiet && origin.is_whole() {
        let today = match search.cost_of_today() {
            0 => String::new(),
            more => format!(" and up to {more} of today's setting"),
        };
        tell!(
            "{}, {}{today}, {} on {}",
            output::counted(search.candidates.len() as u64, "candidate"),
            output::counted(search.cost(), "simulation"),
            approximate_time(plan.seconds),
            output::counted(plan.cells.clamp(1, threads as u64), "thread")
        );
    }
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let named =
        Named { command: "recommend", scenario: &args.scenario, experiment: &grid.base, takes_rounds: true };
    let meanings = grid.cells.iter().flat_map(|cell| cell.fingerprints.iter().map(String::as_str));
    let cells = match &args.report {
        Some(folder) => {
            let resumable = |header| Cells::resumable(folder.join(PARTIAL), header, args.resume);
            Some(origin.cells(&named, meanings, folder, args.force, resumable)?)
        }
        None => None,
    };
    if let Some(cells) = cells.as_deref().filter(|_| args.resume && !args.quiet) {
        tell!("{}", resumed(cells));
    }
    let progress = Progress::start(&control, &plan, args.quiet);
    hold(&limits, &control);
    let options = SweepOptions { threads, control: Arc::clone(&control), cells: cells.clone() };
    let found = search.run(&grid, &mut pool, words.clone(), &options);
    progress.finish();
    let mut record = match (found, &cells) {
        (Ok(_), Some(cells)) if matches!(origin, Origin::Shard(_)) => {
            return shard::nothing_left(cells, args.quiet);
        }
        (Ok(record), _) => record,
        (Err(RunError::PartDone), Some(cells)) => {
            return Ok(ExitCode::from(shard::finished(cells, args.quiet)?));
        }
        (Err(error), _) => {
            if matches!(error, RunError::Interrupted) {
                if let Some(problem) = reached(&limits, &control) {
                    return Err(problem.into());
                }
                tell!("interrupted: nothing is recommended");
                if cells.is_some_and(|cells| cells.exists()) {
                    tell!("to resume, add --resume to the same command");
                }
                return Ok(ExitCode::from(exit::INTERRUPTED));
            }
            return Err(error.into());
        }
    };
    origin.sign(&mut record.herdlab);
    let outcome = judge(&record);
    if let Some(folder) = &args.report {
        let written = during(DRAWING, args.quiet, || recommend::write_all(&record, &outcome, folder));
        output::written(written, "--report DIR")?;
        cells.iter().for_each(|cells| cells.remove());
    }
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&match args.format {
            Format::Table => table::page(&record, &outcome, output::stdout_style().0),
            Format::Json => recommend::json::outcome(&record, &outcome)?,
            Format::Csv => recommend::tidy(&record, &outcome),
            Format::Md => table::markdown(&record, &outcome, &[]),
        });
    }
    if let Some(folder) = &args.report {
        args.open.announce(folder, args.quiet);
    }
    match (&args.out, recommend::usable(&outcome)) {
        (Some(path), Some(found)) => {
            write_scenario(path, &usage::scenario(&record, found))?;
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

/// The search as a job of several tasks needs it.
pub(super) fn prepared(args: &RecommendArgs, threads: usize) -> anyhow::Result<Prepared> {
    let (grid, _) = input::load_grid(&args.scenario, &overrides(args), Which::Recommend, &args.knobs)?;
    let mut pool = Pool::new(&grid);
    let mut search = Search::new(&grid, &pool)?;
    let once = plan(&pool, 1, threads);
    search.beside_today(&grid, &mut pool);
    let plan = planned(&search, once);
    let folder = args
        .report
        .clone()
        .unwrap_or_else(|| Path::new("reports").join(format!("{}-recommend", grid.base.name)));
    Ok(Prepared { experiment: grid.base, plan, folder, rounds: Some("`herdlab recommend`") })
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

/// Words that give the same search again, beside the settings.
fn words(args: &RecommendArgs) -> Vec<String> {
    let knobs = args.knobs.iter().map(|(path, values)| format!("--knob={path}={values}"));
    let least = args.minimise.iter().map(|name| format!("--minimise={name}"));
    let most = args.maximise.iter().map(|name| format!("--maximise={name}"));
    let limits = args.keep.iter().map(|limit| format!("--keep={limit}"));
    knobs.chain(least).chain(most).chain(limits).collect()
}

/// The search takes the share of a whole grid, simulated `once`, that it looks at.
fn planned(search: &Search, once: Plan) -> Plan {
    let cells = search.cost() + search.cost_of_today();
    let share = cells as f64 / search.candidates.len().max(1) as f64;
    Plan {
        estimates: Vec::new(),
        cells,
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
