//! `herdlab init`.

use std::process::ExitCode;

use clap::Args;
use herdlab::scenario::bundled;

use super::{input, output};

/// Print a bundled scenario, to start one's own from (`herdlab init lookup > mine.toml`)
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Name of the scenario, as `herdlab list` shows it
    name: String,
}

pub(crate) fn execute(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let bundled = bundled::get(&args.name).ok_or_else(|| input::unknown(&args.name))?;
    output::show(bundled.source)?;
    Ok(ExitCode::SUCCESS)
}
