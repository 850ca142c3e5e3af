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
    /// The `results.json` of a run, the `sweep.json` of a sweep, or the folder of either
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

/// The record that a path means: itself, or what a run or a sweep has left in that folder.
pub(super) fn record_at(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let (run, sweep) = (path.join("results.json"), path.join("sweep.json"));
    if !run.exists() && sweep.exists() { sweep } else { run }
}

/// The record of a run, or of a sweep.
fn redraw(args: &ReportArgs, results: &Path, out: &Path) -> anyhow::Result<()> {
    match std::fs::read_to_string(results) {
        Ok(text) if report::sweep::is_record(&text) => {
            let option = [("--hgrm", args.contents.hgrm), ("--summary", args.contents.summary)];
            if let Some((option, _)) = option.iter().find(|(_, given)| *given) {
                let title = format!("{option}: {} is the record of a sweep", results.display());
                let help = "run one of its cells with `herdlab run --set …` and this option";
                return Err(Diagnostics::general(title, vec![help.to_owned()]).into());
            }
            report::sweep::redraw(&text, results, out).map_err(input_error)
        }
        _ => report::redraw(results, out, args.contents.contents()).map(drop).map_err(input_error),
    }
}

/// A record that cannot be read is the caller's mistake, a report that cannot be written is not.
pub(super) fn input_error(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Damaged { .. } | ReportError::File { action: "read", .. } => {
            let help =
                "results.json is written by `herdlab run SCENARIO --out DIR`, sweep.json by `herdlab sweep`";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        ReportError::Schema { .. } => {
            let help = "a record holds the text of its scenario (`scenario.source`): run that again";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        error => output::unwritten(error, "--out DIR"),
    }
}
