//! `herdlab calibrate`.

#[cfg(feature = "live")]
mod measured;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use herdlab::units;

use super::servers::ServerArgs;

/// Measure round trips and service times of a Redis and a PostgreSQL, and write them as a scenario takes them
#[derive(Debug, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "read where there are servers"))]
pub(crate) struct CalibrateArgs {
    /// Scenario file, or name of a bundled scenario: its values have the size that is measured
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    #[command(flatten)]
    servers: ServerArgs,
    /// Time of measuring, 1s to 1h
    #[arg(long, value_name = "DURATION", value_parser = units::parse_duration, default_value = "10s")]
    time: u64,
    /// Probes per second of each kind, 1 to 2000
    #[arg(long, value_name = "PER_S", default_value_t = 200.0)]
    rate: f64,
    /// Measure the values of this variant [default: the baseline]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The queries that the scenario is about
    #[arg(long, value_enum, default_value_t = QueriesArg::Application)]
    queries: QueriesArg,
    /// Put the measured times into their places in the scenario, in place of the fragment
    #[arg(long)]
    into: bool,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// No messages
    #[arg(long, short)]
    quiet: bool,
}

/// Which part of a query's time is whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum QueriesArg {
    /// an application's: service at the server, and the way there
    Application,
    /// those of `herdlab live`, which take the time of the scenario, the way included
    Played,
    /// those of `herdlab live --plain-queries`: their own time, the way included
    Plain,
}

#[cfg(feature = "live")]
pub(crate) fn execute(args: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    measured::execute(args)
}

#[cfg(not(feature = "live"))]
pub(crate) fn execute(_: &CalibrateArgs) -> anyhow::Result<ExitCode> {
    Err(super::servers::not_built().into())
}
