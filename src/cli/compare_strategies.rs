//! `herdlab compare-strategies`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::atomic;
use herdlab::experiment::forecast::plan_within;
use herdlab::experiment::run::Outcome;
use herdlab::report::html::quoted;
use herdlab::report::{self, Kind, glance};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::estimate::{self, Limits};
use herdlab::scenario::strategies::{Strategies, parts, strategies};
use herdlab::sim::Control;

use super::contents::ContentsArgs;
use super::input::Found;
use super::output::{Shown, tell};
use super::page::{OpenArgs, without_report};
use super::places::{Places, refuse_anothers};
use super::progress::{DRAWING, ESTIMATING, during, reading};
use super::settings::SettingArgs;
use super::whole::Whole;
use super::{exit, input, output, signals};

/// Where the workload comes from if none is named.
const DEFAULT: &str = "strategies";

/// Run one workload under every caching strategy and compare latencies, consistency, database load, components and risks
#[derive(Debug, Args)]
pub(crate) struct CompareStrategiesArgs {
    /// Scenario file, or name of a bundled scenario, whose variants are exchanged for the strategies
    #[arg(value_name = "FILE|NAME", default_value = DEFAULT)]
    scenario: String,
    #[command(flatten)]
    settings: SettingArgs,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the tables to this file, as Markdown
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for a report of all strategies: the page, charts, CSV and record that a run leaves
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long, requires = "report")]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
    #[command(flatten)]
    open: OpenArgs,
    /// No progress, and no tables on standard output
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &CompareStrategiesArgs) -> anyhow::Result<ExitCode> {
    if let Some(option) = args.contents.given().filter(|_| args.report.is_none()) {
        return Err(without_report(option).into());
    }
    args.open.check(args.report.as_ref())?;
    let Strategies { experiment, left_out } = during(reading(&args.scenario), args.quiet, || load(args))?;
    if let Some(note) = input::central_values(&experiment, "compare-strategies").filter(|_| !args.quiet) {
        tell!("{note}");
    }
    let threads = input::threads(args.threads);
    let limits = Limits::of_this_machine();
    let plan = during(ESTIMATING, args.quiet, || plan_within(&limits, &experiment, threads));
    estimate::refuse_beyond(&plan, &limits)?;
    let is_anothers =
        |folder: &Path| report::holds_another_run(folder, &experiment.digest, &experiment.inputs);
    if let Some(folder) = &args.report {
        refuse_anothers(folder, "--report DIR", args.force, &is_anothers)?;
        report::room::refuse_unwritable(&experiment, 0)?;
    }
    let places = Places::default()
        .input(&args.scenario)
        .inputs(&experiment.files)
        .file("--out FILE", args.out.as_ref());
    match &args.report {
        Some(folder) => places.folder("--report DIR", folder, Kind::Run).check()?,
        None => places.check()?,
    }
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let whole = Whole { limits: &limits, threads, control: &control, quiet: args.quiet, why: false };
    let Some(Outcome { mut record, timings, .. }) = whole.run(&experiment, &plan)? else {
        tell!("interrupted: nothing written");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };
    let parts: Vec<_> = experiment.variants.iter().map(|variant| parts(&variant.model)).collect();
    if let Some(path) = &args.out {
        let page = glance::markdown(&record, &parts, &left_out, &command(args));
        output::written(atomic::write(path, page.as_bytes()), "--out FILE")?;
    }
    record.scenario.command = Some(command(args));
    if let Some(folder) = &args.report {
        let contents = args.contents.contents();
        let written =
            during(DRAWING, args.quiet, || report::write_all(&record, Some(&timings), folder, contents));
        output::written(written, "--report DIR")?;
    }
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&glance::terminal(&record, &parts, output::stdout_style().0));
        for (name, reason) in &left_out {
            tell!("left out: {name}, because {reason}");
        }
        if let Some(path) = &args.out {
            tell!("table: {}", path.display());
        }
    }
    if let Some(folder) = &args.report {
        args.open.announce(folder, args.quiet);
    }
    Ok(shown.done())
}

fn load(args: &CompareStrategiesArgs) -> Result<Strategies, Diagnostics> {
    let overrides = args.settings.overrides(&[]);
    let Found { source, path, base_dir } = input::find(&args.scenario)?;
    strategies(&source, &path, &base_dir, &overrides)
}

/// The command line that makes the page again.
fn command(args: &CompareStrategiesArgs) -> String {
    let mut words = vec!["herdlab compare-strategies".to_owned()];
    words.extend((args.scenario != DEFAULT).then(|| quoted(&args.scenario)));
    words.extend(args.settings.words());
    words.join(" ")
}
