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
}

pub(crate) fn execute(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let folder = args.results.parent().unwrap_or(Path::new("")).to_owned();
    let out = args.out.clone().unwrap_or(folder);
    output::require_writable(&out)?;
    let redrawn = report::redraw(&args.results, &out);
    if redrawn.is_err() {
        output::remove_if_empty(&out);
    }
    redrawn.map_err(input_error)?;
    output::show(&format!("{}\n", out.join("index.html").display()))?;
    Ok(ExitCode::SUCCESS)
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
