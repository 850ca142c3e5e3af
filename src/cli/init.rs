//! `herdlab init`.

use std::process::ExitCode;

use clap::Args;
use herdlab::scenario::bundled;

use super::output::{Shown, tell};
use super::{input, output};

/// Print a bundled scenario as a starting point (`herdlab init lookup > mine.toml`)
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Name of the scenario, as `herdlab list` shows it
    name: String,
}

pub(crate) fn execute(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let bundled = bundled::get(&args.name).ok_or_else(|| input::unknown(&args.name))?;
    let shown = output::show(&outside(bundled.source));
    if shown == Shown::Whole {
        tell!("for your editor, beside the file: herdlab schema > herdlab.schema.json");
    }
    Ok(shown.done())
}

/// The scenario as a file of its own, which finds the schema in its own folder.
fn outside(source: &str) -> String {
    match source.strip_prefix("#:schema ").and_then(|rest| rest.split_once('\n')) {
        Some((_, rest)) => format!("#:schema ./herdlab.schema.json\n{rest}"),
        None => source.to_owned(),
    }
}
