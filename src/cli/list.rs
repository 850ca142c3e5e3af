//! `herdlab list`.

use std::process::ExitCode;

use clap::Args;
use herdlab::scenario::{Overrides, bundled};
use herdlab::wrap::columns;

use super::{input, output};

/// List the bundled scenarios with their questions
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

pub(crate) fn execute(_: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut questions = Vec::new();
    for bundled in bundled::all() {
        questions.push((bundled.name, input::load(bundled.name, &Overrides::default())?.question));
    }
    let rows: Vec<(&str, &str)> =
        questions.iter().map(|(name, question)| (*name, question.as_str())).collect();
    Ok(output::show(&columns(&rows, output::list_width().map_or(usize::MAX, usize::from))).done())
}
