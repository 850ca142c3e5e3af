//! `herdlab headroom`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::experiment::cells::Cells;
use herdlab::experiment::headroom::limits::limits_of;
use herdlab::experiment::headroom::record::{HeadroomRecord, record};
use herdlab::experiment::headroom::search::Start;
use herdlab::experiment::headroom::{CELLS_MAX, Headroom, HeadroomError, PRECISION, Setting};
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{Pool, SweepOptions, plan};
use herdlab::model::{Axis, Experiment, Model};
use herdlab::report::headroom::{table, tidy, write_all};
use herdlab::report::{self, Kind, json};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::estimate::{self, Plan};
use herdlab::scenario::grid::{Grid, Which, grid};
use herdlab::scenario::knob::{Knob, path_of};
use herdlab::sim::Control;
use herdlab::units::parse_percentage;

use super::emit::Prepared;
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::Places;
use super::progress::{DRAWING, ESTIMATING, Progress, during, reading};
use super::run::Format;
use super::settings::{LimitArgs, SettingArgs, hold, path_and_value, reached};
use super::shard::{self, Named, Origin, ShardArgs};
use super::sweep::PARTIAL;
use super::{exit, input, output, signals};

/// Find how much traffic a system withstands, or how far any other knob can be turned, until a limit breaks, and which one;
/// with a second knob and events, where it stays down after them
#[derive(Debug, Args)]
pub(crate) struct HeadroomArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// The knob and the span to search (`traffic=0.1..20`, `database.pool=2..50`, `tier.l2.ttl=1s..10m`); a second one with its
    /// values (`event.crowd.what.surge.factor=2,5,10`, or a range as for a sweep) for a map [default: traffic, doubled or halved from
    /// today's]
    #[arg(long = "knob", value_name = "PATH=SPAN", value_parser = path_and_value)]
    knobs: Vec<(String, String)>,
    /// A limit besides the scenario's thresholds and [slo] (`db.qps.peak <= 500`), or instead of one of them on the same measure; the
    /// default limits hold only where there is no other:
    /// `errors` stands for at most one failed request in a thousand, `recovery` for coming back after every event; repeat for
    /// several
    #[arg(long = "limit", value_name = "LIMIT")]
    keep: Vec<String>,
    /// Relative width of the bracket that is narrow enough [default: 2%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    precision: Option<f64>,
    /// Most cells of a search, which is one variant [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1000))]
    cells: Option<u16>,
    #[command(flatten)]
    settings: SettingArgs,
    /// Search only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<scenario>-headroom, or reports/<scenario>-headroom-2 and so on where that holds the
    /// report of another search]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    /// Reuse the finished simulations of an interrupted search in the same folder
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

pub(crate) fn execute(args: &HeadroomArgs) -> anyhow::Result<ExitCode> {
    let origin = args.shard.origin(&[
        ("--resume", args.resume, "a part that runs again goes on by itself"),
        ("--open", args.open.is_given(), "`herdlab merge --open` shows the page"),
    ])?;
    execute_from(args, &origin)
}

/// The same where cells come from elsewhere, or go there.
pub(crate) fn execute_from(args: &HeadroomArgs, origin: &Origin) -> anyhow::Result<ExitCode> {
    let overrides = args.settings.overrides(&args.variants);
    let read = || input::load_with_warnings(&args.scenario, &overrides);
    let (base, warnings) = during(reading(&args.scenario), args.quiet, read)?;
    if !args.quiet {
        output::tell_text(&warnings.render_within(output::stderr_style()));
    }
    let file = input::find(&args.scenario)?;
    let setting = |settings: &[(String, String)]| -> Result<Grid, Diagnostics> {
        grid(&file.source, &file.path, &file.base_dir, &overrides, Which::Headroom, settings)
            .map(|(grid, _)| grid)
    };
    let (knob, start, second) = knobs(args, &setting)?;
    let (keep, default_limits) = limits_of(&base, &args.keep)?;
    let limits = args.limits.limits();
    let headroom = Headroom {
        base: &base,
        knob,
        start,
        second,
        limits: keep,
        default_limits,
        precision: args.precision.unwrap_or(PRECISION),
        cells_max: args.cells.map_or(CELLS_MAX, usize::from),
        options: options(args),
        setting: &setting,
        allowed: &|plan: &Plan| estimate::refuse_beyond(plan, &limits),
    };
    let threads = input::threads(args.threads);
    let plan = origin.share_of(during(ESTIMATING, args.quiet, || expected(&headroom, &base, threads)));
    let goes_on = |folder: &Path| args.resume && folder.join(PARTIAL).exists();
    let is_anothers =
        |folder: &Path| !goes_on(folder) && report::holds_another_headroom(folder, &base, &headroom.options);
    let name = format!("{}-headroom", base.name);
    let out = origin.folder(args.out.as_deref(), &name, args.force, &is_anothers)?;
    Places::default()
        .input(&args.scenario)
        .inputs(&base.files)
        .folder("--out DIR", &out, Kind::Headroom)
        .check()?;
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let named =
        Named { command: "headroom", scenario: &args.scenario, experiment: &base, takes_rounds: true };
    let resumable = |header| Cells::resumable(out.join(PARTIAL), header, args.resume);
    let cells = origin.cells(&named, std::iter::empty(), &out, args.force, resumable)?;
    if !args.quiet {
        if let Some(note) = input::central_values(&base, "headroom") {
            tell!("{note}");
        }
        let shard =
            if let Origin::Shard(shard) = origin { format!("shard {shard}: ") } else { String::new() };
        tell!(
            "{shard}{} at most for each of {}, {} each, on {}",
            output::counted(headroom.cells_max as u64, "cell"),
            output::counted(headroom.searches() as u64, "border"),
            output::counted(u64::from(base.replications), "replication"),
            output::counted(threads as u64, "thread")
        );
        if args.resume {
            tell!("{}", super::sweep::resumed(&cells));
        }
    }
    let progress = Progress::start(&control, &plan, args.quiet);
    hold(&limits, &control);
    let options = SweepOptions { threads, control: Arc::clone(&control), cells: Some(Arc::clone(&cells)) };
    let outcome = headroom.run(&options);
    progress.finish();
    let again = || {
        if cells.exists() {
            tell!("to resume, add --resume to the same command");
        }
    };
    let stopped = || match reached(&limits, &control) {
        Some(problem) => Err(problem.into()),
        None => Ok(ExitCode::from(exit::INTERRUPTED)),
    };
    let outcome = match outcome {
        Ok(_) if matches!(origin, Origin::Shard(_)) => return shard::nothing_left(&cells, args.quiet),
        Ok(outcome) => outcome,
        Err(HeadroomError::Run(RunError::PartDone)) => {
            return Ok(ExitCode::from(shard::finished(&cells, args.quiet)?));
        }
        Err(HeadroomError::Run(RunError::Interrupted)) if !origin.is_partial() => {
            tell!("interrupted before the first cell was finished: no report");
            again();
            return stopped();
        }
        Err(HeadroomError::Run(error)) => return Err(error.into()),
        Err(HeadroomError::Setting(problems)) => return Err(problems.into()),
    };
    let mut record = record(&headroom, &outcome);
    origin.sign(&mut record.herdlab);
    output::written(during(DRAWING, args.quiet, || write_all(&record, &out)), "--out DIR")?;
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&match args.format {
            Format::Table => table::page(&record, output::stdout_style().0),
            Format::Json => json::encode(&record)?,
            Format::Csv => tidy(&record),
            Format::Md => table::markdown(&record),
        });
    }
    args.open.announce(&out, args.quiet);
    if outcome.interrupted && origin.is_partial() {
        tell!(
            "partial: the searches are as far as {} go",
            output::counted(outcome.simulations, "simulation")
        );
        return Ok(ExitCode::SUCCESS);
    }
    if outcome.interrupted {
        tell!("interrupted: {} finished and kept", output::counted(outcome.simulations, "simulation"));
        again();
        return stopped();
    }
    cells.remove();
    Ok(ExitCode::from(shown.code(code(&record))))
}

/// The search as a job of several tasks needs it.
pub(super) fn prepared(args: &HeadroomArgs, threads: usize) -> anyhow::Result<Prepared> {
    let overrides = args.settings.overrides(&args.variants);
    let (base, _) = input::load_with_warnings(&args.scenario, &overrides)?;
    let models = base.variants.iter().map(|variant| (variant.name.clone(), Model::clone(&variant.model)));
    let once = plan(&Pool::of_models(models.collect(), base.seed), base.replications, threads);
    // Half of the cells that each search may have.
    let share = args.cells.map_or(CELLS_MAX, usize::from) as f64 / 2.0;
    let plan = Plan {
        cells: (once.cells as f64 * share) as u64,
        requests: once.requests * share,
        events: once.events * share,
        seconds: once.seconds * share,
        ..once
    };
    let folder =
        args.out.clone().unwrap_or_else(|| Path::new("reports").join(format!("{}-headroom", base.name)));
    Ok(Prepared { experiment: base, plan, folder, rounds: Some("`herdlab headroom`") })
}

/// Nothing fits where a search has found no value that keeps all limits.
fn code(record: &HeadroomRecord) -> u8 {
    let borders = || record.answers.iter().filter_map(|answer| answer.border());
    match borders().any(|found| found.border.safe.is_some()) || borders().next().is_none() {
        true => exit::SUCCESS,
        false => exit::NOTHING_FITS,
    }
}

type Knobs = (Knob, Start, Option<Axis>);

/// The knob with where its search begins, and the second one with its values.
fn knobs(args: &HeadroomArgs, setting: Setting<'_>) -> Result<Knobs, Diagnostics> {
    let traffic = || (Knob::traffic(), Start::From(1.0));
    let (first, second) = match args.knobs.as_slice() {
        [] => return Ok((traffic().0, traffic().1, None)),
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        [_, _, third, ..] => {
            let help = "each further one multiplies the searches; set it with --set, or sweep it";
            return Err(Diagnostics::general(
                format!("--knob {}: more than two knobs", third.0),
                vec![help.to_owned()],
            ));
        }
    };
    let (name, span) = first;
    let (knob, start) = match path_of(name) {
        path if path == Knob::traffic().path && span.trim() == "auto" => traffic(),
        path => {
            let knob = Knob::parse(name, span)?;
            // Both ends have to make a scenario, and two different ones.
            let ends = format!("{},{}", knob.text(knob.low), knob.text(knob.high));
            setting(&[(path.to_owned(), ends)])?;
            (knob, Start::Ends)
        }
    };
    let Some((name, values)) = second else { return Ok((knob, start, None)) };
    let path = path_of(name);
    if path == knob.path {
        let help = "the second knob is another path".to_owned();
        return Err(Diagnostics::general(format!("--knob {name} is there twice"), vec![help]));
    }
    let mut grid = setting(&[(path.to_owned(), spelt_out(name, values)?)])?;
    Ok((knob, start, Some(grid.axes.swap_remove(0))))
}

/// Values as `--sweep` takes them; a span without steps has five, by ratio where it is wide.
fn spelt_out(name: &str, values: &str) -> Result<String, Diagnostics> {
    if !values.contains("..") || values.contains(':') {
        return Ok(values.to_owned());
    }
    let knob = Knob::parse(name, values)?;
    let spread = if knob.low > 0.0 && knob.high > 8.0 * knob.low { "log 5" } else { "lin 5" };
    Ok(format!("{values}:{spread}"))
}

/// Words that give the same search again.
fn options(args: &HeadroomArgs) -> Vec<String> {
    let knobs = args.knobs.iter().map(|(path, span)| format!("--knob={path}={span}"));
    let limits = args.keep.iter().map(|limit| format!("--limit={limit}"));
    let precision = args.precision.map(|precision| format!("--precision={precision}"));
    let cells = args.cells.map(|cells| format!("--cells={cells}"));
    knobs.chain(limits).chain(precision).chain(cells).collect()
}

/// Half of the cells that the searches may have, each like the scenario as it is written: for the progress line alone.
fn expected(headroom: &Headroom<'_>, base: &Experiment, threads: usize) -> Plan {
    let models = base.variants.iter().map(|variant| (variant.name.clone(), Model::clone(&variant.model)));
    let once = plan(&Pool::of_models(models.collect(), base.seed), base.replications, threads);
    let share = headroom.cells_max as f64 / 2.0 * headroom.searches() as f64 / base.variants.len() as f64;
    Plan {
        requests: once.requests * share,
        events: once.events * share,
        seconds: once.seconds * share,
        ..once
    }
}

fn share(text: &str) -> Result<f64, String> {
    let number = match text.trim().ends_with('%') {
        true => parse_percentage(text).ok(),
        false => text.trim().parse().ok(),
    };
    match number {
        Some(share) if (0.0001..=0.5).contains(&share) => Ok(share),
        _ => Err("expected a share from 0.01% to 50%, such as 2%".to_owned()),
    }
}
