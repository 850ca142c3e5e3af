//! `herdlab sweep`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::experiment::cells::Cells;
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{Pool, SweepOptions, plan, run};
use herdlab::report::json;
use herdlab::report::sweep::{table, tidy, write_all};
use herdlab::report::{self, Kind};
use herdlab::scenario::estimate::{self, approximate_time};
use herdlab::scenario::grid::{Grid, Which};
use herdlab::sim::Control;
use herdlab::units::grouped;

use super::emit::Prepared;
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::Places;
use super::progress::{DRAWING, ESTIMATING, Progress, during, reading};
use super::run::Format;
use super::settings::{LimitArgs, SettingArgs, hold, path_and_value, reached};
use super::shard::{self, Named, Origin, ShardArgs};
use super::{exit, input, output, signals};

/// Run a scenario in many settings, the cells of a grid: tidy CSV, charts (lines, heat maps, a Pareto front), a page
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// An axis, instead of the scenario's [sweep]: values (`tier.l2.ttl=10s,60s`) or a range
    /// (`database.pool=2..20:step2`, `tier.l2.ttl=10s..5m:log5`, `...:lin5`); repeat for several
    #[arg(long = "sweep", value_name = "PATH=VALUES", value_parser = path_and_value)]
    axes: Vec<(String, String)>,
    /// Measures to show, separated by commas [default: the scenario's]
    #[arg(long = "measure", value_name = "MEASURES", value_delimiter = ',')]
    measures: Vec<String>,
    /// Two measures to trade off (`db.qps.mean,latency.all.p99_ms`): a chart of the Pareto front
    #[arg(long, value_name = "X,Y", value_parser = pair)]
    pareto: Option<(String, String)>,
    #[command(flatten)]
    settings: SettingArgs,
    /// Run only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<scenario>-sweep, or reports/<scenario>-sweep-2 and so on where that holds the
    /// report of another sweep]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the charts as pictures only: a page without a script, and so without sliders
    #[arg(long = "static")]
    static_charts: bool,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    /// Reuse the finished simulations of an interrupted sweep in the same folder; its axes may differ
    #[arg(long)]
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
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &SweepArgs) -> anyhow::Result<ExitCode> {
    let origin = args.shard.origin(&[
        ("--resume", args.resume, "a part that runs again goes on by itself"),
        ("--open", args.open.is_given(), "`herdlab merge --open` shows the page"),
    ])?;
    execute_from(args, &origin)
}

/// The same where cells come from elsewhere, or go there.
pub(crate) fn execute_from(args: &SweepArgs, origin: &Origin) -> anyhow::Result<ExitCode> {
    let grid = load(args)?;
    let threads = input::threads(args.threads);
    let cells = || plan(&Pool::new(&grid), grid.base.replications, threads);
    let plan = origin.share_of(during(ESTIMATING, args.quiet, cells));
    let limits = args.limits.limits();
    estimate::refuse_beyond(&plan, &limits)?;
    // A sweep that goes on may have other axes: it replaces what it goes on from.
    let is_anothers = |folder: &Path| !goes_on(args, folder) && report::holds_another_sweep(folder, &grid);
    let name = format!("{}-sweep", grid.base.name);
    let out = origin.folder(args.out.as_deref(), &name, args.force, &is_anothers)?;
    Places::default()
        .input(&args.scenario)
        .inputs(&grid.base.files)
        .folder("--out DIR", &out, Kind::Sweep)
        .check()?;

    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let takes_rounds = finds_warmup(&grid);
    let named = Named { command: "sweep", scenario: &args.scenario, experiment: &grid.base, takes_rounds };
    let meanings = grid.cells.iter().flat_map(|cell| cell.fingerprints.iter().map(String::as_str));
    let resumable = |header| Cells::resumable(out.join(PARTIAL), header, args.resume);
    let cells = origin.cells(&named, meanings, &out, args.force, resumable)?;
    if let Some(sentence) = origin.sentence(&plan, threads).filter(|_| !args.quiet) {
        tell!("{sentence}");
    }
    if !args.quiet && origin.is_whole() {
        tell!(
            "{}, {}, {} on {}",
            output::counted(grid.cells.len() as u64, "cell"),
            output::counted(plan.cells, "simulation"),
            approximate_time(plan.seconds),
            output::counted(plan.cells.clamp(1, threads as u64), "thread")
        );
        if args.resume {
            tell!("{}", resumed(&cells));
        }
    }
    let progress = Progress::start(&control, &plan, args.quiet);
    hold(&limits, &control);
    let options = SweepOptions { threads, control: Arc::clone(&control), cells: Some(Arc::clone(&cells)) };
    let outcome = run(&grid, &options);
    progress.finish();
    let again = || {
        if cells.exists() {
            tell!("to resume, add --resume to the same command");
        }
    };
    let mut outcome = match outcome {
        Ok(_) if matches!(origin, Origin::Shard(_)) => return shard::nothing_left(&cells, args.quiet),
        Ok(outcome) => outcome,
        Err(RunError::PartDone) => return Ok(ExitCode::from(shard::finished(&cells, args.quiet)?)),
        Err(error) => {
            if matches!(error, RunError::Interrupted) && !origin.is_partial() {
                tell!("interrupted before the first cell was finished: no report");
                again();
                return match reached(&limits, &control) {
                    Some(problem) => Err(problem.into()),
                    None => Ok(ExitCode::from(exit::INTERRUPTED)),
                };
            }
            return Err(error.into());
        }
    };
    origin.sign(&mut outcome.record.herdlab);
    let charts = output::charts(args.static_charts);
    let written =
        during(DRAWING, args.quiet, || write_all(&outcome.record, &grid, &outcome.pool, &out, charts));
    output::written(written, "--out DIR")?;
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&match args.format {
            Format::Table => table::page(&outcome.record, output::stdout_style().0),
            Format::Json => json::encode(&outcome.record)?,
            Format::Csv => tidy(&outcome.record, &grid, &outcome.pool),
            Format::Md => table::markdown(&outcome.record),
        });
    }
    args.open.announce(&out, args.quiet);
    if outcome.interrupted {
        let (finished, all) = (outcome.record.cells.len(), outcome.record.wanted);
        if origin.is_partial() {
            tell!("partial: {} of {} cells are finished", grouped(finished), grouped(all));
            return Ok(ExitCode::SUCCESS);
        }
        tell!("interrupted: {} of {} cells finished and kept", grouped(finished), grouped(all));
        again();
        return match reached(&limits, &control) {
            Some(problem) => Err(problem.into()),
            None => Ok(ExitCode::from(exit::INTERRUPTED)),
        };
    }
    cells.remove();
    Ok(if args.format == Format::Table { ExitCode::SUCCESS } else { shown.done() })
}

/// The sweep as a job of several tasks needs it.
pub(super) fn prepared(args: &SweepArgs, threads: usize) -> anyhow::Result<Prepared> {
    let grid = load(args)?;
    let plan = plan(&Pool::new(&grid), grid.base.replications, threads);
    let folder =
        args.out.clone().unwrap_or_else(|| Path::new("reports").join(format!("{}-sweep", grid.base.name)));
    let rounds = finds_warmup(&grid).then_some("warmup = \"auto\" of a sweep");
    Ok(Prepared { experiment: grid.base, plan, folder, rounds })
}

/// Whether any cell has a warm-up that a pilot finds.
fn finds_warmup(grid: &Grid) -> bool {
    let mut all = grid.cells.iter().flat_map(|cell| &cell.variants);
    all.any(|variant| variant.model.warmup_auto)
}

/// The journal of an unfinished sweep or search in the folder of its report.
pub(super) const PARTIAL: &str = "partial.jsonl";

/// Whether the sweep goes on from what one in this folder has kept.
fn goes_on(args: &SweepArgs, folder: &Path) -> bool {
    args.resume && folder.join(PARTIAL).exists()
}

fn load(args: &SweepArgs) -> anyhow::Result<Grid> {
    let overrides = args.settings.overrides(&args.variants);
    let read = || input::load_grid(&args.scenario, &overrides, Which::Sweep, &args.axes);
    let (mut grid, warnings) = during(reading(&args.scenario), args.quiet, read)?;
    input::refuse_ranges(&grid.base, "sweep")?;
    grid.show(&args.measures, args.pareto.as_ref())?;
    if !args.quiet {
        output::tell_text(&warnings.render_within(output::stderr_style()));
    }
    Ok(grid)
}

/// The cells that `--resume` finds.
pub(super) fn resumed(cells: &Cells) -> String {
    match cells.kept() {
        0 => "nothing to resume: no finished simulation is kept here; starting anew".to_owned(),
        1 => "resuming: 1 finished simulation is kept".to_owned(),
        kept => format!("resuming: {} finished simulations are kept", grouped(kept)),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once(',') {
        Some((x, y))
            if !x.trim().is_empty() && !y.trim().is_empty() && !y.contains(',') && x.trim() != y.trim() =>
        {
            Ok((x.trim().to_owned(), y.trim().to_owned()))
        }
        _ => Err("expected two different measures such as db.qps.mean,latency.all.p99_ms".to_owned()),
    }
}
