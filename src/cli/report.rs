//! `herdlab report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use herdlab::report::{self, Kind, ReportError};
use herdlab::scenario::Diagnostics;

use super::contents::ContentsArgs;
use super::output;
use super::places::{Places, report_folder};

/// Redraw the report of a finished run from its record
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The `results.json` of a run, the `sweep.json` of a sweep, the `headroom.json` or `recommend.json` of a search, or
    /// the folder of one of them
    #[arg(value_name = "RESULTS_JSON|DIR")]
    results: PathBuf,
    /// Folder for the report [default: the folder of the record]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into the folder even if it holds another record
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
}

pub(crate) fn execute(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let results = record_at(&args.results);
    let folder = results.parent().unwrap_or(Path::new("")).to_owned();
    let out = args.out.clone().unwrap_or(folder);
    let is_anothers = |folder: &Path| holds_another(folder, &results);
    report_folder(Some(&out), "", args.force, &is_anothers)?;
    Places::default().input(&results).folder("--out DIR", &out, Kind::Redrawn).check()?;
    redraw(args, &results, &out)?;
    Ok(output::show(&format!("{}\n", out.join("index.html").display())).done())
}

/// Whether a folder has a record with other content: the page beside it would be of something else.
fn holds_another(folder: &Path, results: &Path) -> bool {
    let there = record_at(folder);
    there.is_file() && std::fs::read(&there).ok() != std::fs::read(results).ok()
}

/// The record that a path means: itself, or what a run, a sweep or a search has left in that folder.
pub(super) fn record_at(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let names = ["results.json", "sweep.json", "headroom.json", "recommend.json"];
    let [run, others @ ..] = names.map(|name| path.join(name));
    if run.exists() {
        return run;
    }
    others.into_iter().find(|other| other.exists()).unwrap_or(run)
}

/// The record of a run, of a sweep, or of a search.
fn redraw(args: &ReportArgs, results: &Path, out: &Path) -> anyhow::Result<()> {
    match std::fs::read_to_string(results) {
        Ok(text) if report::sweep::is_record(&text) => {
            refuse_contents(args, results, "a sweep")?;
            report::sweep::redraw(&text, results, out, args.contents.contents().charts).map_err(input_error)
        }
        Ok(text) if report::headroom::is_record(&text) => {
            refuse_contents(args, results, "a search for headroom")?;
            report::headroom::redraw(&text, results, out).map_err(input_error)
        }
        Ok(text) if report::recommend::is_record(&text) => {
            refuse_contents(args, results, "a recommendation")?;
            let charts = args.contents.contents().charts;
            report::recommend::redraw(&text, results, out, charts).map_err(input_error)
        }
        _ => report::redraw(results, out, args.contents.contents()).map(drop).map_err(input_error),
    }
}

/// Parts of a report that need the record of a run.
fn refuse_contents(args: &ReportArgs, results: &Path, of: &str) -> Result<(), Diagnostics> {
    let Some(option) = args.contents.given().filter(|option| *option != "--static") else { return Ok(()) };
    let title = format!("{option}: {} is the record of {of}", results.display());
    let help = "run one of its cells with `herdlab run --set …` and this option";
    Err(Diagnostics::general(title, vec![help.to_owned()]))
}

/// A record that cannot be read is the caller's mistake, a report that cannot be written is not.
pub(super) fn input_error(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Damaged { .. } | ReportError::File { action: "read", .. } => {
            let help = "results.json is written by `herdlab run SCENARIO --out DIR`, sweep.json by `herdlab sweep`, headroom.json by `herdlab headroom`, recommend.json by `herdlab recommend --report DIR`";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        ReportError::Schema { .. } => {
            let help = "a record holds the text of its scenario (`scenario.source`): run that again";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        error => output::unwritten(error, "--out DIR"),
    }
}
