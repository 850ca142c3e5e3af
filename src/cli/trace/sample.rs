//! `herdlab trace sample`.

use std::process::ExitCode;

use clap::Args;
use herdlab::trace::output::place_of;
use herdlab::units::{counted, grouped};

use super::super::mrc::sample_rate;
use super::super::output::tell;
use super::Input;
use super::convert::To;

/// Write all requests of a share of the keys, chosen by hash
///
/// The same keys are chosen of any part of a trace, and of any trace with the same keys. A cache for the sample is as much smaller.
#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    input: Input,
    /// Share of the keys (`10%`)
    #[arg(long, value_name = "SHARE", value_parser = sample_rate)]
    share: f64,
    #[command(flatten)]
    to: To,
}

pub(crate) fn execute(args: &SampleArgs) -> anyhow::Result<ExitCode> {
    let share = args.share;
    let written = args.to.write(&args.input, |key| place_of(key) < share)?;
    let path = args.to.output().display();
    let of = |part: u64, all: u64, noun: &str| {
        format!("{} of {} ({:.2} %)", grouped(part), counted(all, noun), 100.0 * part as f64 / all as f64)
    };
    tell!("written: {path}");
    tell!("keys: {}", of(written.keys, written.read_keys, "key"));
    tell!("requests: {}", of(written.requests, written.read_requests, "request"));
    tell!("give caches {:.4} times their capacity, and expect as many times the load", share);
    tell!("curves of misses alone: `herdlab mrc TRACE --sample SHARE` samples by itself, with error bars");
    Ok(ExitCode::SUCCESS)
}
