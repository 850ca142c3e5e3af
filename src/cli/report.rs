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
    /// The `results.json` of a run
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
    let redrawn = report::redraw(&args.results, &out, output::charts(args.static_charts));
    if redrawn.is_err() {
        output::remove_if_empty(&out);
    }
    let record = redrawn.map_err(input_error)?;
    if args.hgrm {
        report::hgrm::write(&record, &out)?;
    }
    output::show(&format!("{}\n", out.join("index.html").display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A record that cannot be read is the caller's mistake, a report that cannot be written is not.
fn input_error(error: ReportError) -> anyhow::Error {
    match error {
        ReportError::Damaged { .. }
        | ReportError::Schema { .. }
        | ReportError::File { action: "read", .. } => {
            Diagnostics::general(error.to_string(), Vec::new()).into()
        }
        error => error.into(),
    }
}
