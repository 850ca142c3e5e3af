//! Options that all commands which simulate have in common.

use std::time::Duration;

use clap::Args;
use herdlab::report::html::quoted;
use herdlab::scenario::estimate::{Limits, figure_of_time};
use herdlab::scenario::{Diagnostics, Overrides};
use herdlab::sim::Control;
use herdlab::sim::bounds::{Reached, resident_bytes};
use herdlab::units;

/// Options that take precedence over the scenario's own settings.
#[derive(Debug, Args)]
pub(crate) struct SettingArgs {
    /// Set a value of the scenario (`tier.l2.ttl=5m`); repeat for several
    #[arg(long, short, value_name = "PATH=VALUE", value_parser = path_and_value)]
    pub set: Vec<(String, String)>,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Replications of everything that is compared, instead of the scenario's
    #[arg(long, short = 'n', value_name = "N")]
    pub replications: Option<u32>,
    /// Simulated time, instead of the scenario's (`30s`); a shorter one shortens the warm-up in proportion
    #[arg(long)]
    pub duration: Option<String>,
}

impl SettingArgs {
    /// The settings, for these variants alone unless there are none.
    pub fn overrides(&self, variants: &[String]) -> Overrides {
        Overrides {
            set: self.set.clone(),
            seed: self.seed,
            replications: self.replications,
            duration: self.duration.clone(),
            variants: variants.to_vec(),
            options: Vec::new(),
        }
    }

    /// The options that are given, as words of a command line.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self
            .set
            .iter()
            .map(|(path, value)| format!("--set {}", quoted(&format!("{path}={value}"))))
            .collect();
        words.extend(self.seed.map(|seed| format!("--seed {seed}")));
        words.extend(self.replications.map(|number| format!("--replications {number}")));
        words.extend(self.duration.as_ref().map(|duration| format!("--duration {}", quoted(duration))));
        words
    }

    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--set", !self.set.is_empty()),
            ("--seed", self.seed.is_some()),
            ("--replications", self.replications.is_some()),
            ("--duration", self.duration.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

/// Whether a run explains its latencies.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// Find out where the time of the requests goes: latency by part at p50, p99 and in the mean, and the slowest
    /// requests step by step; the run takes longer
    #[arg(long)]
    pub why: bool,
}

/// Limits of a run.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Refuse what is estimated to need more memory (`2GB`), and stop when the process has as much [default: what the
    /// machine has]
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes)]
    memory_limit: Option<u64>,
    /// Refuse what is estimated to take longer (`10m`), and stop when it does [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = units::parse_duration)]
    time_limit: Option<u64>,
}

impl LimitArgs {
    /// As given, or the memory of the machine.
    pub fn limits(&self) -> Limits {
        let machine = Limits::of_this_machine();
        Limits {
            memory_bytes: self.memory_limit.or(machine.memory_bytes),
            memory_given: self.memory_limit.is_some(),
            seconds: self.time_limit.map_or(machine.seconds, |ns| ns as f64 / 1e9),
        }
    }
}

/// Lets the limits hold for the run that begins now.
pub(super) fn hold(limits: &Limits, control: &Control) {
    // What the machine has left comes on top of what this process has already.
    let own = if limits.memory_given { 0 } else { resident_bytes().unwrap_or(0) };
    let time = Duration::try_from_secs_f64(limits.seconds).unwrap_or(Duration::MAX);
    control.bounds.set(time, limits.memory_bytes.map(|bytes| bytes.saturating_add(own)));
}

/// The limit that ended a run, if one did.
pub(super) fn reached(limits: &Limits, control: &Control) -> Option<Diagnostics> {
    let (title, help) = match control.bounds.reached()? {
        Reached::Time => (
            format!("stopped: the run has taken {}, the limit", figure_of_time(limits.seconds)),
            "--time-limit allows more; a lower rate, a shorter --duration or fewer --replications take less",
        ),
        Reached::Memory => {
            let limit = units::approximate_bytes(limits.memory_bytes.unwrap_or(0) as f64);
            let title = match limits.memory_given {
                true => format!("stopped: the process has come to {limit} of memory, the limit"),
                false => {
                    format!("stopped: the process has used up the {limit} of memory that the machine had")
                }
            };
            (title, "--memory-limit allows more; --threads 1 runs one simulation at a time")
        }
    };
    Some(Diagnostics::general(title, vec![help.to_owned()]))
}

pub(super) fn path_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("expected PATH=VALUE such as tier.l2.ttl=5m".to_owned()),
    }
}
