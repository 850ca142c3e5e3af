//! Worlds: what remains of a result where the inputs of the scenario are known as ranges only.
//!
//! Every world is simulated a few times, all its variants on the same traffic. No two worlds share their luck: what the runs of
//! one world differ by is luck, and what the worlds differ by beyond that is the inputs ([`split`]).

pub mod alone;
pub mod held;
pub mod plan;
pub mod split;

use std::sync::Arc;

use super::observe::{Observer, Step};
use super::run::{Outcome, RunError};
use super::sweep::Pool;
use super::sweep::journal::{Finished, Journal};
use super::workers;
use crate::clock::Stopwatch;
use crate::model::Experiment;
use crate::record::{Record, VariantWorlds, WorldMeasure, WorldsRecord};
use crate::scenario::uncertain::World;
use crate::sim::Control;

/// Most worlds.
pub const WORLDS_MAX: u32 = 1 << 12;
/// The first replication of worlds: none of the nominal scenario's, whose luck would then be that of a world as well.
const FIRST: u32 = 1 << 24;

/// How to run worlds.
#[derive(Clone, Debug, Default)]
pub struct WorldsOptions {
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Runs of every variant in each world; from two runs on, luck and inputs are separable.
    pub replications: u32,
    /// Shared with whoever follows or stops the run.
    pub control: Arc<Control>,
    /// Keeps every finished simulation, and has those that an earlier run has kept.
    pub journal: Option<Arc<Journal>>,
    /// A finished record of the same scenario: its worlds are not simulated again.
    pub known: Option<Arc<Record>>,
    pub observer: Observer,
}

/// Simulates the worlds of an experiment and adds them to what its nominal run has left. The record depends on scenario,
/// worlds, seed and program only. A warm-up that the nominal run has found holds in all worlds. After an interrupt the first
/// worlds, as far as they are whole, are there, and the outcome is marked as interrupted.
///
/// # Errors
/// A simulation that fails, a world without a request.
pub fn add(
    outcome: &mut Outcome,
    experiment: &Experiment,
    worlds: &[World],
    options: &WorldsOptions,
) -> Result<(), RunError> {
    let started = Stopwatch::start();
    let wanted = worlds.len() as u32;
    let replications = options.replications.max(1);
    options.observer.tell(&Step::Worlds { worlds: wanted, replications });
    let name = |world: usize, variant: usize| {
        format!("{} in world {}", experiment.variants[variant].name, world + 1)
    };
    let cells = worlds.iter().map(|world| (&world.variants[..], &world.fingerprints[..], &[][..]));
    let mut pool = Pool::of(cells, experiment.seed, &name);
    if experiment.variants.iter().any(|variant| variant.model.warmup_auto) {
        pool.set_warmup((outcome.record.scenario.warmup_s * 1e9).round() as u64);
    }
    if let Some(known) = options.known.as_deref().and_then(|known| same(known, &outcome.record)) {
        adopt(&mut pool, known, worlds, replications);
    }
    let work: Vec<(usize, u32)> = (0..worlds.len())
        .flat_map(|world| (0..replications).map(move |run| (world, run)))
        .flat_map(|(world, run)| (0..experiment.variants.len()).map(move |variant| (world, run, variant)))
        .map(|(world, run, variant)| (pool.system(world, variant), place(world, run)))
        .collect();
    let before = options.control.requests.load(std::sync::atomic::Ordering::Relaxed);
    let workers = workers::pool(options.threads, work.len() as u64)?;
    workers.install(|| pool.run_these(&work, &options.control, options.journal.as_deref()))?;
    let finished = (0..worlds.len()).take_while(|&world| {
        let all = |variant| {
            let system = pool.system(world, variant);
            (0..replications).all(|run| pool.has(system, place(world, run)))
        };
        (0..experiment.variants.len()).all(all)
    });
    let finished = finished.count();
    let record = record(&pool, experiment, &worlds[..finished], wanted, replications)?;
    outcome.interrupted |= finished < worlds.len();
    outcome.record.worlds = Some(record);
    let timings = &mut outcome.timings;
    let requests = options.control.requests.load(std::sync::atomic::Ordering::Relaxed) - before;
    timings.requests += requests;
    timings.wall_s += started.elapsed().as_secs_f64();
    Ok(())
}

/// The replication that a run of a world is.
fn place(world: usize, run: u32) -> u32 {
    FIRST + run * WORLDS_MAX + world as u32
}

/// The worlds of an earlier record, where it is of the same scenario and program.
fn same<'r>(known: &'r Record, now: &Record) -> Option<&'r WorldsRecord> {
    let same = known.herdlab == now.herdlab
        && known.scenario.digest == now.scenario.digest
        && known.scenario.warmup_s == now.scenario.warmup_s;
    known.worlds.as_ref().filter(|_| same)
}

/// Takes over the runs of an earlier record, of those worlds that have the same values.
fn adopt(pool: &mut Pool, known: &WorldsRecord, worlds: &[World], replications: u32) {
    for (index, (world, values)) in worlds.iter().zip(&known.values).enumerate() {
        let is_same = world.values.len() == values.len()
            && world.values.iter().zip(values).all(|(now, then)| (now - then).abs() <= 1e-12 * now.abs());
        if !is_same {
            continue;
        }
        for (variant, kept) in known.variants.iter().enumerate().take(world.variants.len()) {
            for run in 0..replications.min(known.replications) {
                let value =
                    |measure: &WorldMeasure| measure.values.get(index)?.get(run as usize).copied().flatten();
                let finished = Finished {
                    names: kept.measures.iter().map(|measure| measure.name.clone()).collect(),
                    values: kept.measures.iter().map(value).collect(),
                    requests: 0,
                };
                pool.keep(pool.system(index, variant), place(index, run), finished);
            }
        }
    }
}

fn record(
    pool: &Pool,
    experiment: &Experiment,
    worlds: &[World],
    wanted: u32,
    replications: u32,
) -> Result<WorldsRecord, RunError> {
    let mut variants = Vec::with_capacity(experiment.variants.len());
    for (variant, known) in experiment.variants.iter().enumerate() {
        let mut names: Vec<String> = Vec::new();
        for world in 0..worlds.len() {
            names.extend_from_slice(pool.names_at(pool.system(world, variant), place(world, 0)));
        }
        names.sort();
        names.dedup();
        let of = |name: &str, world: usize| -> Vec<Option<f64>> {
            let system = pool.system(world, variant);
            (0..replications).map(|run| pool.value(system, name, place(world, run)).map(rounded)).collect()
        };
        let silent = |world: &usize| of("requests.all", *world).iter().all(|count| *count == Some(0.0));
        if let Some(world) = (0..worlds.len()).find(silent) {
            let variant = format!("{} in world {}", known.name, world + 1);
            return Err(RunError::Silent { variant, replications });
        }
        let measures = names.into_iter().map(|name| {
            let values = (0..worlds.len()).map(|world| of(&name, world)).collect();
            WorldMeasure { name, values }
        });
        variants.push(VariantWorlds { measures: measures.collect() });
    }
    let values = worlds.iter().map(|world| world.values.clone()).collect();
    Ok(WorldsRecord { wanted, replications, inputs: experiment.inputs.clone(), values, variants })
}

/// To eight digits: no figure shows more, and a thousand worlds fit into the record.
fn rounded(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}
