//! `herdlab claims`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::atomic;
use herdlab::experiment::run::RunError;
use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::report::claims::{Source, page};
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::estimate::{self, Limits, plan};
use herdlab::scenario::{Diagnostics, Overrides};
use herdlab::sim::Control;

use super::output::{Shown, tell};
use super::places::Places;
use super::whole::Whole;
use super::{exit, input, output, signals};

/// Where the findings of all bundled scenarios are kept.
const PAGE: &str = "docs/claims.md";

/// Test what practitioners claim about caches: run the scenarios that have [[practice]] blocks and write their findings
/// as one page
#[derive(Debug, Args)]
pub(crate) struct ClaimsArgs {
    /// Scenario files, or names of bundled scenarios [default: all bundled ones that have findings]
    #[arg(value_name = "FILE|NAME")]
    scenarios: Vec<String>,
    /// Replications of every variant, instead of the scenarios'
    #[arg(long, short = 'n', value_name = "N")]
    replications: Option<u32>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// File for the page [default: docs/claims.md; standard output where scenarios are named]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &ClaimsArgs) -> anyhow::Result<ExitCode> {
    let threads = input::threads(args.threads);
    let experiments = experiments(args, threads)?;
    for note in experiments.iter().filter_map(|experiment| input::central_values(experiment, "claims")) {
        tell!("{note}");
    }
    let out = args.out.clone().or_else(|| args.scenarios.is_empty().then(|| PathBuf::from(PAGE)));
    let files = experiments.iter().flat_map(|experiment| &experiment.files);
    Places::default().inputs(&args.scenarios).inputs(files).file("--out FILE", out.as_ref()).check()?;
    let Some(records) = records(&experiments, args, threads)? else {
        tell!("interrupted: nothing written");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };

    let places: Vec<(String, String)> = experiments
        .iter()
        .map(|experiment| match bundled_as(experiment) {
            Some(bundled) => {
                (format!("../{}", bundled.path()), command(&format!("run {}", bundled.name), args))
            }
            None => {
                (experiment.source_path.clone(), command(&format!("run {}", experiment.source_path), args))
            }
        })
        .collect();
    let sources: Vec<Source<'_>> = experiments
        .iter()
        .zip(&records)
        .zip(&places)
        .map(|((experiment, record), (link, command))| Source {
            practice: &experiment.practice,
            record,
            link,
            command,
        })
        .collect();
    let named = args.scenarios.iter().map(|name| format!(" {name}")).collect::<String>();
    let page = page(&sources, &command(&format!("claims{named}"), args));
    let shown = match &out {
        Some(path) => {
            output::written(atomic::write(path, page.text.as_bytes()), "--out FILE")?;
            if !args.quiet {
                tell!("claims: {}", path.display());
            }
            Shown::Whole
        }
        None => output::show(&page.text),
    };
    for broken in &page.broken {
        tell!("not borne out: {broken}");
    }
    let code = if page.broken.is_empty() { exit::SUCCESS } else { exit::RUNTIME };
    Ok(ExitCode::from(shown.code(code)))
}

/// The selected scenarios, all checked before the first one runs.
fn experiments(args: &ClaimsArgs, threads: usize) -> Result<Vec<Experiment>, Diagnostics> {
    let overrides = Overrides { replications: args.replications, ..Overrides::default() };
    let mut found = Vec::new();
    if args.scenarios.is_empty() {
        for bundled in bundled::all() {
            let experiment = herdlab::scenario::parse(
                bundled.source,
                &bundled.path(),
                Path::new("scenarios"),
                &overrides,
            )?;
            found.extend((!experiment.practice.is_empty()).then_some(experiment));
        }
    }
    for name in &args.scenarios {
        let experiment = input::load(name, &overrides)?;
        if experiment.practice.is_empty() {
            let title = format!("{} has no [[practice]] block", experiment.source_path);
            let help = "docs/scenarios.md describes them; `herdlab claims` alone runs the bundled scenarios that \
                        have some";
            return Err(Diagnostics::general(title, vec![help.to_owned()]));
        }
        found.push(experiment);
    }
    for experiment in &found {
        estimate::refuse_beyond(&plan(experiment, threads), &Limits::of_this_machine())?;
    }
    Ok(found)
}

/// Runs all of them; `None` where somebody stopped it.
fn records(
    experiments: &[Experiment],
    args: &ClaimsArgs,
    threads: usize,
) -> anyhow::Result<Option<Vec<Record>>> {
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let mut records = Vec::with_capacity(experiments.len());
    for (index, experiment) in experiments.iter().enumerate() {
        if !args.quiet {
            tell!("{} ({} of {})", experiment.name, index + 1, experiments.len());
        }
        let limits = Limits::of_this_machine();
        let whole = Whole { limits: &limits, threads, control: &control, quiet: args.quiet, why: false };
        let named = |error: anyhow::Error| match error.is::<RunError>() {
            true => error.context(experiment.name.clone()),
            false => error,
        };
        let Some(outcome) = whole.run(experiment, &plan(experiment, threads)).map_err(named)? else {
            return Ok(None);
        };
        records.push(outcome.record);
    }
    Ok(Some(records))
}

/// The bundled scenario that this is. The page lies in `docs/`, beside `scenarios/`.
fn bundled_as(experiment: &Experiment) -> Option<&'static Bundled> {
    bundled::get(&experiment.name).filter(|bundled| bundled.path() == experiment.source_path)
}

/// The command line that does this again.
fn command(what: &str, args: &ClaimsArgs) -> String {
    match args.replications {
        Some(replications) => format!("herdlab {what} --replications {replications}"),
        None => format!("herdlab {what}"),
    }
}
