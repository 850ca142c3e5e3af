use std::process::ExitCode;
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {}
pub(crate) fn execute(_: &ModelArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
