//! `herdlab report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use herdlab::atomic::identity;
use herdlab::report::{self, Kind, ReportError};
use herdlab::scenario::Diagnostics;

use super::contents::ContentsArgs;
use super::output;
use super::page::OpenArgs;
use super::places::{Places, report_folder};
use super::progress::{DRAWING, during};

/// Redraw the report of a finished run from its record
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The `results.json` of a run, the `sweep.json` of a sweep, the `headroom.json` or `recommend.json` of a search, the
    /// `comparison.json` of a comparison, or the folder of one of them
    #[arg(value_name = "RESULTS_JSON|DIR")]
    results: PathBuf,
    /// Folder for the report [default: the folder of the record]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Lay a second run over the charts, the variants of the same names pale and dashed: its `results.json`, or its folder
    #[arg(long, value_name = "RESULTS_JSON|DIR")]
    over: Option<PathBuf>,
    /// Write into the folder even if it holds another record
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
    #[command(flatten)]
    open: OpenArgs,
}

pub(crate) fn execute(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let results = record_at(&args.results);
    let folder = results.parent().unwrap_or(Path::new("")).to_owned();
    let out = args.out.clone().unwrap_or(folder);
    let is_anothers = |folder: &Path| holds_another(folder, &results);
    report_folder(Some(&out), "", args.force, &is_anothers)?;
    let over = args.over.as_deref().map(|path| Over::find(&results, path)).transpose()?;
    let others = over.as_ref().map(|over| &over.results);
    Places::default().input(&results).inputs(others).folder("--out DIR", &out, Kind::Redrawn).check()?;
    during(DRAWING, false, || redraw(args, &results, over.as_ref(), &out))?;
    args.open.page(&out.join("index.html"));
    Ok(output::show(&format!("{}\n", out.join("index.html").display())).done())
}

/// A second run that is laid over.
struct Over {
    results: PathBuf,
    label: String,
}

impl Over {
    /// # Errors
    /// It is the run itself, or no record of a run.
    fn find(run: &Path, path: &Path) -> Result<Over, Diagnostics> {
        let results = record_at(path);
        let refused = |problem: &str, help: &str| {
            let title = format!("--over: {} {problem}", results.display());
            Err(Diagnostics::general(title, vec![help.to_owned()]))
        };
        let help = "name the results.json of another run, or its folder";
        if results.exists() && identity(&results) == identity(run) {
            return refused("is the record that is drawn", help);
        }
        match std::fs::read_to_string(&results).ok().and_then(|text| of_no_run(&text)) {
            Some(what) => refused(&format!("is the record of {what}"), help),
            None => Ok(Over { label: label(path), results }),
        }
    }
}

/// The command behind a record that is not of a run.
pub(super) fn of_no_run(text: &str) -> Option<&'static str> {
    let kinds = [
        (report::sweep::is_record(text), "a sweep"),
        (report::headroom::is_record(text), "a search for headroom"),
        (report::compared::is_record(text), "a comparison"),
    ];
    kinds.into_iter().find(|(is_record, _)| *is_record).map(|(_, what)| what)
}

/// A run by its folder as given, or by the file where that has a name of its own.
fn label(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let named = path.file_name().is_none_or(|name| name != "results.json");
    let shown = if named { path } else { folder.unwrap_or(path) };
    shown.display().to_string()
}

/// Whether a folder has a record with other content: the page beside it would be of something else.
fn holds_another(folder: &Path, results: &Path) -> bool {
    let there = record_at(folder);
    there.is_file() && std::fs::read(&there).ok() != std::fs::read(results).ok()
}

/// The record that a path means: itself, or what a run, a sweep, a search or a comparison has left in that folder.
pub(super) fn record_at(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let names = ["results.json", "sweep.json", "headroom.json", "recommend.json", "comparison.json"];
    let [run, others @ ..] = names.map(|name| path.join(name));
    if run.exists() {
        return run;
    }
    others.into_iter().find(|other| other.exists()).unwrap_or(run)
}

/// The record of a run, of a sweep, of a search, or of a comparison.
fn redraw(args: &ReportArgs, results: &Path, over: Option<&Over>, out: &Path) -> anyhow::Result<()> {
    let contents = args.contents.contents();
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
            report::recommend::redraw(&text, results, out, contents.charts).map_err(input_error)
        }
        Ok(text) if report::compared::is_record(&text) => {
            refuse_contents(args, results, "a comparison")?;
            report::compared::redraw(&text, results, out, contents.charts).map_err(input_error)
        }
        _ => match over {
            None => report::redraw(results, out, contents).map(drop),
            Some(over) => {
                let other = (over.label.as_str(), over.results.as_path());
                report::redraw_over(results, other, &label(&args.results), out, contents)
            }
        }
        .map_err(input_error),
    }
}

/// Parts of a report that need the record of a run.
fn refuse_contents(args: &ReportArgs, results: &Path, of: &str) -> Result<(), Diagnostics> {
    let drawn = args.contents.given().filter(|option| *option != "--static");
    let Some(option) = drawn.or(args.over.is_some().then_some("--over")) else { return Ok(()) };
    let title = format!("{option}: {} is the record of {of}", results.display());
    let help = match option {
        "--over" => "run the two settings with `herdlab run --set …`, and lay one over the other",
        _ => "run one of its cells with `herdlab run --set …` and this option",
    };
    Err(Diagnostics::general(title, vec![help.to_owned()]))
}

/// A record that cannot be read is the caller's mistake, a report that cannot be written is not.
pub(super) fn input_error(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Damaged { .. } | ReportError::File { action: "read", .. } => {
            let help = "results.json is written by `herdlab run SCENARIO --out DIR`, sweep.json by `herdlab sweep`, headroom.json by `herdlab headroom`, recommend.json by `herdlab recommend --report DIR`, comparison.json by `herdlab compare --report DIR`";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        ReportError::Schema { .. } => {
            let help = "a record holds the text of its scenario (`scenario.source`): run that again";
            Diagnostics::general(error.to_string(), vec![help.to_owned()]).into()
        }
        error => output::unwritten(error, "--out DIR"),
    }
}
