//! `herdlab trace info`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use herdlab::report::survey as report;
use herdlab::survey::{Choices, survey};

use super::super::output;
use super::super::progress::{during, reading};
use super::{Beginning, Input};

/// Figures of a trace: rate and burstiness, keys and their popularity, sizes, times to live, reuse
///
/// One pass, in memory that depends on the number of keys, not of requests.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    input: Input,
    /// Most requested keys to list
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// List keys as they were recorded, not as hashes
    #[arg(long)]
    show_keys: bool,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = InfoFormat::Table)]
    format: InfoFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum InfoFormat {
    Table,
    Json,
    Md,
}

pub(crate) fn execute(args: &InfoArgs) -> anyhow::Result<ExitCode> {
    let Beginning { format, mut rows, unit_ns } = args.input.open()?;
    let unit_s = unit_ns.map(|ns| ns / 1e9);
    let choices = Choices { unit_s, show_keys: args.show_keys, top: args.top };
    let name = args.input.name();
    let survey = during(reading(&name), false, || survey(&mut *rows, &choices));
    let survey = survey.map_err(|problem| args.input.wrong(problem))?;
    let text = match args.format {
        InfoFormat::Table => report::page(&survey, &name, output::stdout_style().0),
        InfoFormat::Json => report::json(&survey, &name, format.name)?,
        InfoFormat::Md => report::markdown(&survey, &name),
    };
    Ok(output::show(&text).done())
}
