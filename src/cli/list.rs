//! `herdlab list`.

use std::process::ExitCode;

use clap::Args;
use herdlab::scenario::{Overrides, bundled};

use super::{input, output};

/// Show the bundled scenarios with their questions
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

pub(crate) fn execute(_: &ListArgs) -> anyhow::Result<ExitCode> {
    let width = bundled::all().iter().map(|bundled| bundled.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for bundled in bundled::all() {
        let experiment = input::load(bundled.name, &Overrides::default())?;
        text.push_str(&format!("{:width$}  {}\n", bundled.name, experiment.question));
    }
    Ok(output::show(&text).done())
}
