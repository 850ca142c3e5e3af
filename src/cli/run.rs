//! `herdlab run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use herdlab::scenario::Overrides;
use herdlab::scenario::estimate::{self, plan};
use herdlab::scenario::model::Experiment;

use super::input;

/// Run a scenario: compare its variants and write a report
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// Set a value of the scenario (`tier.l2.ttl=5m`); repeat for several
    #[arg(long, value_name = "PATH=VALUE", value_parser = path_and_value)]
    set: Vec<(String, String)>,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// Replications of every variant, instead of the scenario's
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Simulated time, instead of the scenario's (`30s`); a shorter one shortens the warm-up in proportion
    #[arg(long)]
    duration: Option<String>,
    /// Run only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
    Md,
}

/// A run that may start: the scenario is sound and fits the machine.
pub(crate) struct Prepared {
    pub experiment: Experiment,
    pub threads: usize,
    pub out: PathBuf,
    pub format: Format,
    pub quiet: bool,
}

pub(crate) fn execute(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let Prepared { experiment, threads, out, format, quiet } = prepare(args)?;
    anyhow::bail!(
        "{} is sound; this build cannot run it ({threads} threads, {}, {format:?}, quiet: {quiet})",
        experiment.name,
        out.display()
    )
}

fn prepare(args: &RunArgs) -> anyhow::Result<Prepared> {
    let overrides = Overrides {
        set: args.set.clone(),
        seed: args.seed,
        replications: args.replications,
        duration: args.duration.clone(),
        variants: args.variants.clone(),
    };
    let experiment = input::load(&args.scenario, &overrides)?;
    let threads = input::threads(args.threads);
    estimate::refuse_too_large(&plan(&experiment, threads), estimate::available_memory_bytes())?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&experiment.name));
    Ok(Prepared { experiment, threads, out, format: args.format, quiet: args.quiet })
}

fn path_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("expected PATH=VALUE such as tier.l2.ttl=5m".to_owned()),
    }
}
