//! How long a system takes to settle: MSER-5, for `warmup = "auto"`.
//!
//! White, Cobb, Spratt: A Comparison of Five Steady-State Truncation Heuristics for Simulation, Winter Simulation Conference
//! 2000. Of a series in batches of five, drop the first d so that the marginal standard error of what is left is least: the sum of
//! squares around its mean, divided by the square of its length. Dropping more of the transient lowers the first, dropping
//! good data raises it by the second.
//!
//! Where nearly all batches are alike the rule hangs on the few that are not: it would wait for the last of them to pass. So a
//! truncation is the smallest whose error is nearly the least, and dropping must make a difference where what is left is
//! all alike, or too little. And latency is watched by a rank instead of a median, which jumps where it lies between two values.
//!
//! A pilot runs a few replications of every variant without warm-up. The warm-up that all share is the longest that any
//! watched series of any variant needs.

use std::sync::Arc;

use super::options::{RunError, RunOptions, TooShort, Unsettled};
use super::replication::{average, mean_of_known};
use super::run::build_tables;
use super::workers::map;
use crate::catalog::computed::{Series, series};
use crate::measure::histogram::Coarse;
use crate::measure::recorder::{OUTCOMES, Recorder};
use crate::model::{Experiment, Model, Nanos, Ttl, Variant};
use crate::scenario::estimate::requests;
use crate::sim::{Control, Engine, SimError};
use crate::workload::Tables;

/// Replications of the pilot; their series are averaged, which leaves the transient and thins the noise.
const PILOT_REPLICATIONS: u32 = 5;
/// Points of a pilot's series.
const PILOT_WINDOWS: u64 = 500;
/// Windows per batch: the 5 of MSER-5.
const BATCH: usize = 5;
/// A smaller truncation whose error is so much larger than the least is as good.
const TOLERANCE: f64 = 0.06;
/// The dropped part must differ from the rest by so many standard errors, where the error alone cannot decide.
const DIFFERENCE_MIN: f64 = 3.0;
/// Beyond this share of the run the truncation is not to be trusted: the rest is too short to judge.
const TRUSTED_SHARE: f64 = 0.5;
/// Longest run that is tried to find a sufficient duration, as a multiple of the first one tried.
const LONGEST: u64 = 64;
/// Requests of a pilot beyond which no longer run is tried, unless the run itself has about as many.
const PILOT_REQUESTS_MAX: f64 = 100e6;
/// Requests of a pilot up to which it is run where nobody runs the scenario yet: about a second.
const FORESEEN_REQUESTS_MAX: f64 = 2e6;

/// The warm-up that all variants need.
///
/// # Errors
/// A run that has not settled in its first half, has too few requests or is shorter than a ttl
/// ([`RunError::TooShort`], with a length that would do), a simulation that fails, an interrupt.
pub fn find(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    options: &RunOptions,
) -> Result<Nanos, RunError> {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let requests_max = PILOT_REQUESTS_MAX.max(4.0 * pilot_requests(experiment, duration_ns));
    find_within(experiment, tables, options, requests_max)
}

/// The same; no longer run with more requests is tried.
fn find_within(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    options: &RunOptions,
    requests_max: f64,
) -> Result<Nanos, RunError> {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let ttl = longest_ttl(experiment);
    let ttl_ns = ttl.as_ref().map(|(_, _, ttl_ns)| *ttl_ns);
    let (variant, reason) = match ttl {
        Some((variant, tier, ttl_ns)) if ttl_ns > duration_ns => {
            (variant, Unsettled::Unexpired { tier, ttl_ns })
        }
        _ => match settled(experiment, tables, duration_ns, options)? {
            Settled::After(warmup_ns) => return Ok(warmup_ns),
            Settled::Not { variant, reason } => (variant, reason),
        },
    };
    let shortest_ns = shortest(experiment, &reason, ttl_ns.unwrap_or(0));
    let (tried_ns, enough_ns) = enough(experiment, tables, shortest_ns, options, requests_max)?;
    let place = place(experiment);
    Err(Box::new(TooShort { place, variant, reason, duration_ns, tried_ns, enough_ns, ttl_ns }).into())
}

/// Forecast of the warm-up before the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Foreseen {
    /// The one that the run will find.
    Found(Nanos),
    /// Found by the run alone, with a pilot of about so many requests.
    ByPilot { requests: f64 },
}

/// The warm-up that a run will find, where it is quickly found: with the pilot of the run if it has few requests, else without.
///
/// # Errors
/// As [`find`]; whatever is refused here is refused by the run.
pub fn foresee(experiment: &Experiment) -> Result<Foreseen, RunError> {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let requests = pilot_requests(experiment, duration_ns);
    let options = RunOptions::default();
    let is_unexpired = longest_ttl(experiment).is_some_and(|(_, _, ttl_ns)| ttl_ns > duration_ns);
    if requests > FORESEEN_REQUESTS_MAX && !is_unexpired {
        return Ok(Foreseen::ByPilot { requests });
    }
    find_within(experiment, &build_tables(experiment)?, &options, FORESEEN_REQUESTS_MAX).map(Foreseen::Found)
}

/// The first length to try: that of the longest ttl, or twice that of the run, and of about a request per window.
fn shortest(experiment: &Experiment, reason: &Unsettled, ttl_ns: Nanos) -> Nanos {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let longer_ns = if ttl_ns > duration_ns { ttl_ns } else { duration_ns.saturating_mul(2) };
    if !matches!(reason, Unsettled::Sparse(_)) {
        return longer_ns;
    }
    let of = |variant: &Variant| requests(&variant.model);
    let fewest = experiment.variants.iter().map(of).fold(f64::INFINITY, f64::min);
    let times = (PILOT_WINDOWS as f64 / fewest.max(1.0)).ceil();
    longer_ns.max(duration_ns.saturating_mul(times as u64))
}

/// The longest run that was tried, and the first one that would do.
fn enough(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    shortest_ns: Nanos,
    options: &RunOptions,
    requests_max: f64,
) -> Result<(Nanos, Option<Nanos>), RunError> {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let mut tried_ns = duration_ns;
    let mut times = 1;
    while times <= LONGEST {
        let longer_ns = shortest_ns.saturating_mul(times);
        if pilot_requests(experiment, longer_ns) > requests_max {
            break;
        }
        match settled(experiment, tables, longer_ns, options) {
            Ok(Settled::After(_)) => return Ok((longer_ns, Some(longer_ns))),
            Ok(Settled::Not { .. }) => tried_ns = longer_ns,
            // What the run itself does not reach, such as an overflowing queue, is no failure of the run.
            Err(RunError::Simulation { .. }) => break,
            Err(error) => return Err(error),
        }
        times *= 2;
    }
    Ok((tried_ns, None))
}

/// Requests of all simulations of a pilot that is so long.
fn pilot_requests(experiment: &Experiment, duration_ns: Nanos) -> f64 {
    let of = |model: &Model| requests(&Model { duration_ns, ..model.clone() });
    let once: f64 = experiment.variants.iter().map(|variant| of(&variant.model)).sum();
    once * f64::from(pilot_replications(experiment))
}

fn pilot_replications(experiment: &Experiment) -> u32 {
    experiment.replications.min(PILOT_REPLICATIONS)
}

/// The longest ttl of requested entries, with its variant and tier.
fn longest_ttl(experiment: &Experiment) -> Option<(String, String, Nanos)> {
    let mut longest: Option<(String, String, Nanos)> = None;
    for variant in &experiment.variants {
        for (index, tier) in variant.model.tiers.iter().enumerate() {
            for class in variant.model.workload.classes.iter().filter(|class| !class.absent) {
                if let Ttl::After { ns } = class.ttl_in(index, tier)
                    && longest.as_ref().is_none_or(|(_, _, known_ns)| ns > *known_ns)
                {
                    longest = Some((variant.name.clone(), tier.name.clone(), ns));
                }
            }
        }
    }
    longest
}

/// The file, and the line where `warmup` is set if it is set there.
fn place(experiment: &Experiment) -> String {
    let sets = |line: &str| {
        line.split_once('=').is_some_and(|(name, value)| name.trim() == "warmup" && value.contains("auto"))
    };
    match experiment.source.lines().position(sets) {
        Some(index) => format!("{}:{}", experiment.source_path, index + 1),
        None => experiment.source_path.clone(),
    }
}

enum Settled {
    After(Nanos),
    Not { variant: String, reason: Unsettled },
}

/// Runs the pilot over `duration_ns` and looks at all that it watched.
fn settled(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    duration_ns: Nanos,
    options: &RunOptions,
) -> Result<Settled, RunError> {
    let window_ns = duration_ns.div_ceil(PILOT_WINDOWS);
    let replications = pilot_replications(experiment);
    let cells: Vec<(usize, u32)> =
        (0..experiment.variants.len()).flat_map(|v| (0..replications).map(move |r| (v, r))).collect();
    let pilots: Vec<Vec<Series>> = map(cells, |(index, replication)| {
        let variant = &experiment.variants[index];
        let model = Model { duration_ns, warmup_ns: 0, window_ns, ..variant.model.clone() };
        let own = options.policies.of(&variant.name);
        let engine = Engine::with_own(&model, Arc::clone(&tables[index]), experiment.seed, replication, &own);
        engine.and_then(|engine| pilot(&model, engine, &options.control)).map_err(|source| match source {
            SimError::Cancelled => RunError::Interrupted,
            source => RunError::Simulation { variant: variant.name.clone(), replication, source },
        })
    })?;
    let mut longest = 0;
    for (variant, pilots) in experiment.variants.iter().zip(pilots.chunks(replications as usize)) {
        for name in WATCHED {
            // Where no value is ever defined, nothing of that kind happens: no reads, for example.
            let known = averaged(pilots, name).filter(|values| values.iter().any(Option::is_some));
            let Some(values) = known else { continue };
            let reason = match truncation(&values) {
                Some((dropped, windows)) if dropped as f64 <= TRUSTED_SHARE * windows as f64 => {
                    longest = longest.max(dropped);
                    continue;
                }
                Some(_) => Unsettled::Drifts(name.to_owned()),
                None => Unsettled::Sparse(name.to_owned()),
            };
            return Ok(Settled::Not { variant: variant.name.clone(), reason });
        }
    }
    Ok(Settled::After(window_ns.saturating_mul(longest as u64)))
}

/// The series that must have settled: hits, latency, and load of the database.
const WATCHED: [&str; 4] = ["hit_ratio", MEDIAN_LATENCY, "db.qps", "db.queue.length"];
const MEDIAN_LATENCY: &str = "latency.all.p50_ms";

fn pilot(model: &Model, engine: Engine<'_>, control: &Control) -> Result<Vec<Series>, SimError> {
    let finished = engine.run(control)?;
    let mut all = series(model, &finished.recorder);
    all.retain(|(name, _, _)| WATCHED.contains(&name.as_str()));
    if let Some(latency) = all.iter_mut().find(|(name, _, _)| name == MEDIAN_LATENCY) {
        latency.2 = ranks(&finished.recorder);
    }
    Ok(all)
}

/// Window by window, where the median latency of the second half stands among the latencies. It moves as the median does, and
/// where there are but a few different latencies it does not jump from one to the next.
fn ranks(recorder: &Recorder) -> Vec<Option<f64>> {
    let merged: Vec<Coarse> = recorder
        .windows
        .iter()
        .map(|window| {
            let mut all = Coarse::new();
            OUTCOMES.iter().filter_map(|(outcome, _)| window.latency(*outcome)).for_each(|of| all.merge(&of));
            all
        })
        .collect();
    let mut late = Coarse::new();
    merged[merged.len() / 2..].iter().for_each(|window| late.merge(window));
    let median_ns = late.quantile(0.5);
    merged.iter().map(|window| window.mid_rank(median_ns?)).collect()
}

/// One series, averaged over the pilots that have a value; `None` where none has it.
fn averaged(pilots: &[Vec<Series>], name: &str) -> Option<Vec<Option<f64>>> {
    let of_pilots: Vec<&Vec<Option<f64>>> =
        pilots.iter().flatten().filter(|series| series.0 == name).map(|series| &series.2).collect();
    (!of_pilots.is_empty()).then(|| average(&of_pilots))
}

/// How many values to drop from the front, and how many there are (whole batches). Truncations up to three quarters are looked
/// at; behind that too little is left to judge. `None` where a batch has no value.
///
/// ```
/// use herdlab::experiment::warmup::mser5;
/// let settling: Vec<Option<f64>> =
///     (0..100).map(|i| Some(if i < 20 { 50.0 - i as f64 } else { 30.0 + f64::from(i % 2) })).collect();
/// assert_eq!(mser5(&settling), Some((20, 100)));
/// ```
pub fn mser5(values: &[Option<f64>]) -> Option<(usize, usize)> {
    let batches = batches(values)?;
    let errors = errors(&batches);
    least(&errors).map(|dropped| (dropped * BATCH, batches.len() * BATCH))
}

/// The same with the smallest truncation that does nearly as well.
fn truncation(values: &[Option<f64>]) -> Option<(usize, usize)> {
    let batches = batches(values)?;
    let errors = errors(&batches);
    let enough = errors[least(&errors)?] * (1.0 + TOLERANCE);
    let mut dropped = errors.iter().position(|&error| error <= enough)?;
    if errors[dropped] == 0.0 || dropped as f64 > TRUSTED_SHARE * batches.len() as f64 {
        dropped = distinct(&batches, dropped);
    }
    Some((dropped * BATCH, batches.len() * BATCH))
}

fn batches(values: &[Option<f64>]) -> Option<Vec<f64>> {
    values.chunks_exact(BATCH).map(|batch| mean_of_known(batch.iter().copied())).collect()
}

/// The marginal standard error of what is left, squared, by how many batches are dropped: up to three quarters.
fn errors(batches: &[f64]) -> Vec<f64> {
    let last = batches.len() * 3 / 4;
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut errors = Vec::with_capacity(batches.len());
    for value in batches.iter().rev() {
        count += 1.0;
        let difference = value - mean;
        mean += difference / count;
        squares += difference * (value - mean);
        errors.push(squares / (count * count));
    }
    errors.reverse();
    errors.truncate(last + 1);
    errors
}

/// Where the least of them is first.
fn least(errors: &[f64]) -> Option<usize> {
    (0..errors.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b]))
}

/// How many batches to drop until the rest of what should be dropped is indistinguishable from what is kept.
fn distinct(batches: &[f64], dropped: usize) -> usize {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (kept, kept_count) = (mean(&batches[dropped..]), (batches.len() - dropped) as f64);
    let differs = |&first: &usize| {
        let all = &batches[first..];
        let squares: f64 = all.iter().map(|value| (value - mean(all)).powi(2)).sum();
        let variance = squares / (all.len() - 1).max(1) as f64;
        let doubtful = &batches[first..dropped];
        let error = (variance * (1.0 / doubtful.len() as f64 + 1.0 / kept_count)).sqrt();
        (mean(doubtful) - kept).abs() > DIFFERENCE_MIN * error
    };
    (0..dropped).find(|first| !differs(first)).unwrap_or(dropped)
}

#[cfg(test)]
mod tests;
