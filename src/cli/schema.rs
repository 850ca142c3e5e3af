//! `herdlab schema`.

use std::process::ExitCode;

use clap::Args;
use herdlab::reference::schema;

use super::output;

/// Print the JSON Schema of scenario files, for completion and checks in editors
///
/// Write it beside your scenarios (`herdlab schema > herdlab.schema.json`) and begin them with the line
/// `#:schema ./herdlab.schema.json`: editors with a TOML language server (taplo, Even Better TOML) find it there.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {}

pub(crate) fn execute(_: &SchemaArgs) -> anyhow::Result<ExitCode> {
    Ok(output::show(&schema::text()).done())
}
