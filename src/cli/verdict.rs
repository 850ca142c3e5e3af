//! `herdlab verdict`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use herdlab::live::against::{Against, joined, predictions, verdict};
use herdlab::record::Record;
use herdlab::report::{against, json};
use herdlab::scenario::Diagnostics;

use super::output;
use super::report::{input_error, record_at};

/// Hold measured runs against the spread of single simulated ones: which values lie inside the 95 % interval of one more run, by how
/// much the others miss it, and whether the variants come in the same order
#[derive(Debug, Args)]
pub(crate) struct VerdictArgs {
    /// Record of `herdlab run`, or its folder; 40 replications or more need no assumption about the law
    #[arg(value_name = "SIMULATED")]
    simulated: PathBuf,
    /// Records of measured runs, or their folders; without one, the predictions alone
    #[arg(value_name = "MEASURED")]
    measured: Vec<PathBuf>,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Md,
}

pub(crate) fn execute(args: &VerdictArgs) -> anyhow::Result<ExitCode> {
    let simulated = record(&args.simulated)?;
    let measured = args.measured.iter().map(|path| record(path)).collect::<anyhow::Result<Vec<Record>>>()?;
    let found = match &joined(measured) {
        None => predictions(&simulated),
        Some(measured) => verdict(&simulated, measured),
    };
    let found: Against = found.map_err(|error| {
        let help = vec!["herdlab run SCENARIO --replications 40 --out DIR writes a prediction".to_owned()];
        Diagnostics::general(error.to_string(), help)
    })?;
    let (width, color) = output::stdout_style();
    let text = match args.format {
        Format::Table => against::terminal(&found, width, color),
        Format::Json => against::json(&found)?,
        Format::Md => against::markdown(&found),
    };
    Ok(output::show(&text).done())
}

fn record(path: &Path) -> anyhow::Result<Record> {
    json::read(&record_at(path)).map_err(input_error)
}
