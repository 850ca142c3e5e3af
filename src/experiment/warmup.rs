//! How long a system takes to settle: MSER-5, for `warmup = "auto"`.
//!
//! White, Cobb, Spratt: A Comparison of Five Steady-State Truncation Heuristics for Simulation, Winter Simulation Conference
//! 2000. Of a series in batches of five, drop the first d so that the marginal standard error of what is left is least: the sum of
//! squares around its mean, divided by the square of its length. Dropping more of the transient lowers the first, dropping
//! good data raises it by the second.
//!
//! A pilot runs a few replications of every variant without warm-up. The warm-up that all share is the longest that any
//! watched series of any variant asks for.

use std::sync::Arc;

use rayon::prelude::*;

use super::options::{RunError, RunOptions};
use super::replication::{average, mean_of_known};
use crate::measure::series::{Series, series};
use crate::scenario::model::{Experiment, Model, Nanos};
use crate::sim::{Control, Engine, SimError};
use crate::workload::Tables;

/// Replications of the pilot; their series are averaged, which leaves the transient and thins the noise.
const PILOT_REPLICATIONS: u32 = 5;
/// Points of a pilot's series.
const PILOT_WINDOWS: u64 = 500;
/// Windows per batch: the 5 of MSER-5.
const BATCH: usize = 5;
/// Beyond this share of the run the truncation is not to be trusted: what is left is too short to know.
const TRUSTED_SHARE: f64 = 0.5;
/// Lengths tried, as multiples, to say how long a run would have to be.
const LONGER: [u64; 3] = [2, 4, 8];

/// The warm-up that all variants need.
///
/// # Errors
/// A run that has not settled in its first half ([`RunError::TooShort`], with a length that would do), a
/// simulation that fails, an interrupt.
pub fn find(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    options: &RunOptions,
) -> Result<Nanos, RunError> {
    let duration_ns = experiment.variants[experiment.baseline].model.duration_ns;
    let unsettled = match settled(experiment, tables, duration_ns, options)? {
        Settled::After(warmup_ns) => return Ok(warmup_ns),
        Settled::Not(unsettled) => unsettled,
    };
    let mut enough_ns = None;
    for times in LONGER {
        let longer_ns = duration_ns.saturating_mul(times);
        if let Settled::After(_) = settled(experiment, tables, longer_ns, options)? {
            enough_ns = Some(longer_ns);
            break;
        }
    }
    Err(RunError::TooShort { variant: unsettled.variant, series: unsettled.series, duration_ns, enough_ns })
}

enum Settled {
    After(Nanos),
    Not(Unsettled),
}

struct Unsettled {
    variant: String,
    series: String,
}

/// Runs the pilot over `duration_ns` and looks at all that it watched.
fn settled(
    experiment: &Experiment,
    tables: &[Arc<Tables>],
    duration_ns: Nanos,
    options: &RunOptions,
) -> Result<Settled, RunError> {
    let window_ns = duration_ns.div_ceil(PILOT_WINDOWS);
    let replications = experiment.replications.min(PILOT_REPLICATIONS);
    let cells: Vec<(usize, u32)> =
        (0..experiment.variants.len()).flat_map(|v| (0..replications).map(move |r| (v, r))).collect();
    let pilots: Vec<Vec<Series>> = cells
        .into_par_iter()
        .map(|(index, replication)| {
            let variant = &experiment.variants[index];
            let model = Model { duration_ns, warmup_ns: 0, window_ns, ..variant.model.clone() };
            let own = options.policies.of(&variant.name);
            let engine =
                Engine::with_own(&model, Arc::clone(&tables[index]), experiment.seed, replication, &own);
            engine.and_then(|engine| pilot(&model, engine, &options.control)).map_err(|source| match source {
                SimError::Cancelled => RunError::Interrupted,
                source => RunError::Simulation { variant: variant.name.clone(), replication, source },
            })
        })
        .collect::<Result<_, _>>()?;
    let mut longest = 0;
    for (variant, pilots) in experiment.variants.iter().zip(pilots.chunks(replications as usize)) {
        for name in WATCHED {
            let Some((dropped, windows)) = averaged(pilots, name).and_then(|values| mser5(&values)) else {
                continue;
            };
            if dropped as f64 > TRUSTED_SHARE * windows as f64 {
                let unsettled = Unsettled { variant: variant.name.clone(), series: name.to_owned() };
                return Ok(Settled::Not(unsettled));
            }
            longest = longest.max(dropped);
        }
    }
    Ok(Settled::After(window_ns.saturating_mul(longest as u64)))
}

/// What must have settled: who answers, how fast, and what the database bears.
const WATCHED: [&str; 4] = ["hit_ratio", "latency.all.p50_ms", "db.qps", "db.queue.length"];

fn pilot(model: &Model, engine: Engine<'_>, control: &Control) -> Result<Vec<Series>, SimError> {
    let finished = engine.run(control)?;
    let mut all = series(model, &finished.recorder);
    all.retain(|(name, _, _)| WATCHED.contains(&name.as_str()));
    Ok(all)
}

/// One series, averaged over the pilots that know a value; `None` where none has it.
fn averaged(pilots: &[Vec<Series>], name: &str) -> Option<Vec<Option<f64>>> {
    let of_pilots: Vec<&Vec<Option<f64>>> =
        pilots.iter().flatten().filter(|series| series.0 == name).map(|series| &series.2).collect();
    (!of_pilots.is_empty()).then(|| average(&of_pilots))
}

/// How many values to drop from the front, and how many there are (whole batches). Truncations up to three quarters are looked
/// at; behind that too little is left to tell. `None` where a batch has no value.
///
/// ```
/// use herdlab::experiment::warmup::mser5;
/// let settling: Vec<Option<f64>> =
///     (0..100).map(|i| Some(if i < 20 { 50.0 - i as f64 } else { 30.0 + f64::from(i % 2) })).collect();
/// assert_eq!(mser5(&settling), Some((20, 100)));
/// ```
pub fn mser5(values: &[Option<f64>]) -> Option<(usize, usize)> {
    let batches: Vec<f64> = values
        .chunks_exact(BATCH)
        .map(|batch| mean_of_known(batch.iter().copied()))
        .collect::<Option<_>>()?;
    let last = batches.len() * 3 / 4;
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (dropped, &value) in batches.iter().enumerate().rev() {
        count += 1.0;
        let difference = value - mean;
        mean += difference / count;
        squares += difference * (value - mean);
        let error = squares / (count * count);
        if dropped <= last && best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, dropped));
        }
    }
    best.map(|(_, dropped)| (dropped * BATCH, batches.len() * BATCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        })
    }

    #[test]
    fn a_constant_needs_no_warm_up() {
        assert_eq!(mser5(&[Some(3.0); 500]), Some((0, 500)));
    }

    #[test]
    fn a_drift_that_never_ends_asks_for_all_it_may() {
        let drifting: Vec<_> = (0..500).map(|i| Some(f64::from(i))).collect();
        assert_eq!(mser5(&drifting), Some((375, 500)));
    }

    #[test]
    fn noise_alone_rarely_asks_for_half() {
        let long = (0..200)
            .filter(|seed| {
                let values: Vec<_> = noise(*seed).take(500).map(Some).collect();
                mser5(&values).unwrap().0 > 250
            })
            .count();
        assert!(long <= 4, "{long} of 200");
    }

    /// An exponential approach of time constant 40 under noise a twentieth as high: after three to seven time constants nothing of
    /// it is left.
    #[test]
    fn an_approach_is_cut_once_it_drowns_in_noise() {
        for seed in 0..50 {
            let values: Vec<_> = noise(seed)
                .take(1000)
                .enumerate()
                .map(|(i, noise)| Some(20.0 * (-(i as f64) / 40.0).exp() + noise))
                .collect();
            let dropped = mser5(&values).unwrap().0;
            assert!((80..=400).contains(&dropped), "{dropped}");
        }
    }

    #[test]
    fn a_batch_without_values_leaves_it_open() {
        let mut values = vec![Some(1.0); 100];
        values[50..55].fill(None);
        assert_eq!(mser5(&values), None);
        assert_eq!(mser5(&[]), None);
    }
}
