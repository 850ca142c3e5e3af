//! Plays a scenario for real: its clients with their pools, tiers in the process, strategies and events, on real servers.
//!
//! A repetition has a thread for each instance (`instance`), one for the schedule (`pacer`), one for precise waits (`timer`),
//! one for the events and one that looks at the servers. `request` is the beginning of a request's way, which goes through
//! `read` or `write`, `cache` (Redis), `call` and `gate` (PostgreSQL). Instances log what happens (`log`); `books` makes the
//! recorder of a simulation of it, so measures, record and reports are the same.

mod backend;
mod books;
mod cache;
mod call;
mod clock;
pub(super) mod commands;
mod connections;
mod events;
#[cfg(test)]
mod fixture;
mod flight;
mod gate;
mod instance;
mod keys;
mod limits;
mod log;
mod measured;
mod outage;
mod pacer;
pub mod playable;
mod pool;
mod prepare;
pub(super) mod priority;
mod probe;
mod process;
mod read;
mod repetition;
mod request;
mod schedule;
mod service;
mod timer;
mod trace;
pub(super) mod value;
mod write;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

pub use limits::{Bounds, Exceeded, connections};
pub use playable::{notes, refusals};
pub use schedule::{Schedule, ScheduleError};
pub use trace::{Untraceable, write_schedule};

use super::calibrate::mean_value_bytes;
use super::servers::{Problem, Servers};
use crate::experiment::played::Played;
use crate::experiment::run::RunError;
use crate::model::{Coalescing, Experiment, Nanos};
use crate::record::{LiveRecord, Record};
use crate::sim::Control;
use crate::workload::Tables;
use repetition::Setting;

/// How to play.
pub struct Options {
    /// Queries take their own time, not that of the scenario.
    pub plain_queries: bool,
    /// A repetition in which the 99th percentile of the requests begins later is refused.
    pub max_lateness_ns: Nanos,
    pub bounds: Bounds,
    /// Counts requests that have ended; `cancel` stops.
    pub control: Arc<Control>,
    /// Hears of each repetition before it begins.
    pub begins: Box<dyn Fn(Begins<'_>)>,
}

/// A repetition that is about to begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Begins<'a> {
    pub variant: &'a str,
    pub repetition: u32,
    pub requests: usize,
    /// Mean size of its values.
    pub value_bytes: u32,
    /// Mean rate of requests in each instance.
    pub rate_per_instance_and_s: f64,
    /// Its lookups in Redis are those of leases.
    pub has_leases: bool,
}

/// A repetition that was played.
#[derive(Clone, Debug)]
pub struct Part {
    pub time: Range<Instant>,
    /// What the client itself took of each hit of a shared tier: its lateness, and its own code.
    pub client_ns: Vec<f64>,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Servers(#[from] Problem),
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    #[error("variant \"{variant}\": {source}")]
    Schedule { variant: String, source: ScheduleError },
    #[error(
        "variant \"{variant}\", repetition {repetition}: 1 % of the requests began more than {lateness_ms:.2} ms late (limit: \
         {limit_ms:.2} ms), so nothing was measured: a quieter machine, a lower rate (workload.scale), or a higher --max-lateness"
    )]
    Late { variant: String, repetition: u32, lateness_ms: f64, limit_ms: f64 },
    #[error("interrupted before the first repetition of all variants was finished")]
    Interrupted,
    #[error(transparent)]
    Record(#[from] RunError),
}

/// The result.
#[derive(Debug)]
pub struct Outcome {
    pub record: Record,
    /// Played, warm-up included.
    pub requests: u64,
    /// Of each finished repetition, by variant.
    pub parts: Vec<Vec<Part>>,
    pub interrupted: bool,
}

/// Plays all repetitions of all variants, in turns: the first of each, then the second of each.
///
/// # Errors
/// Servers that fail, a machine that is too slow, or an interrupt before anything is whole.
pub fn play(experiment: &Experiment, servers: &Servers, options: &Options) -> Result<Outcome, LiveError> {
    let mut played = Played::new(experiment);
    let has_shared = experiment.variants.iter().any(|variant| limits::shared(&variant.model).is_some());
    let mut live = LiveRecord {
        redis: has_shared.then(|| servers.versions().redis.clone()),
        postgres: servers.versions().postgres.clone(),
        own_servers: servers.are_own(),
        plain_queries: options.plain_queries,
        notes: servers.notes().to_vec(),
        ..LiveRecord::default()
    };
    for variant in &experiment.variants {
        for note in playable::notes(&variant.model, options.plain_queries) {
            if !live.notes.contains(&note) {
                live.notes.push(note);
            }
        }
    }
    let mut tables = Vec::with_capacity(experiment.variants.len());
    for variant in &experiment.variants {
        let source = |source: crate::trace::TraceError| LiveError::Schedule {
            variant: variant.name.clone(),
            source: source.into(),
        };
        tables.push(Arc::new(Tables::new(&variant.model, experiment.seed).map_err(source)?));
    }
    let (mut requests, mut parts) = (0, Vec::new());
    'all: for repetition in 0..experiment.replications {
        let mut finished = Vec::with_capacity(experiment.variants.len());
        let mut parts_of_repetition = Vec::with_capacity(experiment.variants.len());
        for (variant, tables) in experiment.variants.iter().zip(&tables) {
            let setting = Setting { model: &variant.model, tables, seed: experiment.seed, repetition };
            let schedule = schedule(&variant.name, &setting, &options.bounds)?;
            (options.begins)(Begins {
                variant: &variant.name,
                repetition,
                requests: schedule.requests.len(),
                value_bytes: mean_value_bytes(&variant.model, tables),
                rate_per_instance_and_s: schedule.requests.len() as f64
                    / (variant.model.duration_ns as f64 / 1e9 * f64::from(variant.model.clients.instances)),
                has_leases: matches!(variant.model.coalescing, Coalescing::Lease(_)),
            });
            let Some(one) = repetition::play(&setting, schedule, servers, options)? else { break 'all };
            let lateness_ms = one.lateness_p99_ns as f64 / 1e6;
            if one.lateness_p99_ns > options.max_lateness_ns {
                let limit_ms = options.max_lateness_ns as f64 / 1e6;
                let variant = variant.name.clone();
                return Err(LiveError::Late { variant, repetition: repetition + 1, lateness_ms, limit_ms });
            }
            live.lateness_p99_ms.push(lateness_ms);
            live.query_ms.push(one.overhead_ns.map(|ns| ns as f64 / 1e6));
            finished.push(one.recorder);
            parts_of_repetition.push(one.part);
        }
        parts.push(parts_of_repetition);
        for (index, recorder) in finished.into_iter().enumerate() {
            let model = &experiment.variants[index].model;
            let are_own = servers.are_own();
            requests += played.take_in(index, recorder, |name| measured::is_measured(model, name, are_own));
        }
    }
    let complete = played.complete();
    if complete == 0 {
        return Err(LiveError::Interrupted);
    }
    let whole = complete as usize * experiment.variants.len();
    live.lateness_p99_ms.truncate(whole);
    live.query_ms.truncate(whole);
    if !priority::is_raised() {
        live.notes.push(
            "no real-time scheduling was allowed for the threads of the schedule and of the waits".to_owned(),
        );
    }
    let interrupted = options.control.cancel.load(Ordering::Relaxed);
    let record = played.record(experiment.replications, live)?;
    Ok(Outcome { record, requests, parts, interrupted })
}

/// The requests of a repetition, if they are within the bounds.
///
/// # Errors
/// Too many, too fast, or a trace that cannot be read.
fn schedule(variant: &str, setting: &Setting<'_>, bounds: &Bounds) -> Result<Schedule, LiveError> {
    let Setting { model, tables, seed, repetition } = *setting;
    let drawn = Schedule::draw(model, tables, seed, repetition, bounds.requests);
    let schedule = drawn.map_err(|source| LiveError::Schedule { variant: variant.to_owned(), source })?;
    bounds.check_rate(variant, &schedule)?;
    Ok(schedule)
}

/// The requests of the first repetition of a variant, as its clients will send them.
///
/// # Errors
/// As [`play`] has them before it starts.
pub fn first_schedule(
    experiment: &Experiment,
    variant: usize,
    bounds: &Bounds,
) -> Result<Schedule, LiveError> {
    let of = &experiment.variants[variant];
    let source = |source: crate::trace::TraceError| LiveError::Schedule {
        variant: of.name.clone(),
        source: source.into(),
    };
    let tables = Arc::new(Tables::new(&of.model, experiment.seed).map_err(source)?);
    let setting = Setting { model: &of.model, tables: &tables, seed: experiment.seed, repetition: 0 };
    schedule(&of.name, &setting, bounds)
}
