use std::process::ExitCode;
#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {}
pub(crate) fn execute(_: &ConvertArgs) -> anyhow::Result<ExitCode> { Ok(ExitCode::SUCCESS) }
