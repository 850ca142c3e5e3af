//! `herdlab schema`.

use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use herdlab::reference::schema;
use herdlab::report::interface::Interface;

use super::output;

/// Scenario files, beside the outputs.
const SCENARIO: &str = "scenario";

/// Print the JSON Schema of scenario files, for completion and checks in editors, or of an output for programs
///
/// Write it beside your scenarios (`herdlab schema > herdlab.schema.json`) and begin them with the line
/// `#:schema ./herdlab.schema.json`: editors with a TOML language server (taplo, Even Better TOML) find it there.
///
/// The other schemas describe what a command prints with `--format json`, and `results.json` in the folder of a run.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Scenario files, or the output of a command (`differences`: of `herdlab diff --no-run`)
    #[arg(value_name = "OF", default_value = SCENARIO, value_parser = PossibleValuesParser::new(names()))]
    of: String,
}

fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(SCENARIO).chain(Interface::ALL.map(Interface::name))
}

pub(crate) fn execute(args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let output = Interface::ALL.into_iter().find(|interface| interface.name() == args.of);
    let scenario = || schema::text();
    Ok(output::show(&output.map_or_else(scenario, |output| output.schema().to_owned())).done())
}
