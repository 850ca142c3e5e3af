//! `herdlab report`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use herdlab::measure::record::{Record, SCHEMA};

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
    let record = read(&args.results)?;
    let folder = args.results.parent().unwrap_or(Path::new("")).to_owned();
    let out = args.out.clone().unwrap_or(folder);
    anyhow::bail!("{} is readable; this build cannot draw it in {}", record.scenario.name, out.display())
}

/// Reads a record; another layout is refused by its number.
fn read(path: &Path) -> anyhow::Result<Record> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{shown} is not a record of a run"))?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => {
            anyhow::bail!("{shown} has layout {schema}; this version of herdlab reads layout {SCHEMA}")
        }
        None => anyhow::bail!("{shown} is not a record of a run: it has no \"schema\""),
    }
    serde_json::from_value(value).with_context(|| format!("{shown} is not a record of layout {SCHEMA}"))
}
