//! `herdlab live`.

#[cfg(feature = "live")]
mod beside;
#[cfg(feature = "live")]
mod played;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use herdlab::units;

use super::contents::ContentsArgs;
use super::page::OpenArgs;
use super::run::Format;
use super::servers::ServerArgs;
use super::settings::SettingArgs;

/// Play a scenario for real: its clients on a real Redis and a real PostgreSQL, measured into the record of a run
///
/// Requests are those of the simulator with the same seed, sent at their instants whatever becomes of the ones before; latency counts
/// from the intended start. What cannot be played is refused by name before anything begins.
#[derive(Debug, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "read where there are servers"))]
pub(crate) struct LiveArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    #[command(flatten)]
    servers: ServerArgs,
    #[command(flatten)]
    settings: SettingArgs,
    /// Play only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Queries take their own time: no sleep up to the service time of the scenario
    #[arg(long)]
    plain_queries: bool,
    /// Refuse what has more requests in its busiest second
    #[arg(long, value_name = "RATE", default_value = "10000", value_parser = rate)]
    max_rate: f64,
    /// Refuse what takes longer in all repetitions together
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = units::parse_duration)]
    max_time: u64,
    /// Refuse to report a repetition in which 1 % of the requests began later than this (exit code 97)
    #[arg(long, value_name = "DURATION", default_value = "1ms", value_parser = units::parse_duration)]
    max_lateness: u64,
    /// Measure the times of the servers beside the run, simulate the scenario with them, and hold each measured run against the spread
    /// of single simulated ones: in the table, in verdict.md and in verdict.json
    #[arg(long)]
    against_model: bool,
    /// Write the requests of the first repetition as a trace that the simulator replays (docs/live.md)
    #[arg(long, value_name = "FILE")]
    write_schedule: Option<PathBuf>,
    /// Folder for the report [default: reports/<scenario>-live]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
    #[command(flatten)]
    open: OpenArgs,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().or_else(|_| units::parse_rate(text)).map_err(|error| error.to_string())?;
    if rate > 0.0 && rate.is_finite() {
        Ok(rate)
    } else {
        Err("expected requests per second above 0".to_owned())
    }
}

#[cfg(feature = "live")]
pub(crate) fn execute(args: &LiveArgs) -> anyhow::Result<ExitCode> {
    played::execute(args)
}

#[cfg(not(feature = "live"))]
pub(crate) fn execute(_: &LiveArgs) -> anyhow::Result<ExitCode> {
    Err(super::servers::not_built().into())
}
