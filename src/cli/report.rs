//! `herdlab report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use herdlab::report::{self, ReportError};
use herdlab::scenario::Diagnostics;

use super::output;

/// Draw the report of a finished run again, from its record alone
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The `results.json` of a run, or the `sweep.json` of a sweep
    #[arg(value_name = "RESULTS_JSON")]
    results: PathBuf,
    /// Folder for the report [default: the folder of the record]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the latencies for HdrHistogram's plotter as well: hgrm/<variant>.<class>.hgrm
    #[arg(long)]
    hgrm: bool,
    /// Draw the charts as pictures only: a smaller page without any script
    #[arg(long = "static")]
    static_charts: bool,
}

pub(crate) fn execute(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let folder = args.results.parent().unwrap_or(Path::new("")).to_owned();
    let out = args.out.clone().unwrap_or(folder);
    output::require_writable(&out)?;
    let redrawn = redraw(args, &out);
    if redrawn.is_err() {
        output::remove_if_empty(&out);
    }
    redrawn?;
    output::show(&format!("{}\n", out.join("index.html").display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The record of a run, or of a sweep.
fn redraw(args: &ReportArgs, out: &Path) -> anyhow::Result<()> {
    let results = &args.results;
    match std::fs::read_to_string(results) {
        Ok(text) if report::sweep::is_record(&text) => {
            if args.hgrm {
                let title = format!("--hgrm: {} is the record of a sweep", results.display());
                let help =
                    "a sweep keeps no histograms; run one of its cells with `herdlab run --set … --hgrm`";
                return Err(Diagnostics::general(title, vec![help.to_owned()]).into());
            }
            report::sweep::redraw(&text, results, out).map_err(input_error)
        }
        _ => {
            let charts = output::charts(args.static_charts);
            let record = report::redraw(results, out, charts).map_err(input_error)?;
            if args.hgrm {
                report::hgrm::write(&record, out)?;
            }
            Ok(())
        }
    }
}

/// A record that cannot be read is the caller's mistake, a report that cannot be written is not.
pub(super) fn input_error(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Damaged { .. }
        | ReportError::Schema { .. }
        | ReportError::File { action: "read", .. } => {
            Diagnostics::general(error.to_string(), Vec::new()).into()
        }
        error => error.into(),
    }
}
