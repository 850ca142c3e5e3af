use std::process::ExitCode;
#[derive(Debug, clap::Args)]
pub(crate) struct SampleArgs {}
pub(crate) fn execute(_: &SampleArgs) -> anyhow::Result<ExitCode> { Ok(ExitCode::SUCCESS) }
