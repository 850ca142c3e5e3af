//! A run in pieces, on the thread of its caller: one simulation after the other, and each of them as far as it is asked for.
//!
//! What it simulates, and in which order, is what [`run`](super::run::run) does on one thread; so is the record.

use std::sync::Arc;

use self_cell::self_cell;

use super::finished::more;
use super::options::{RunError, RunOptions};
use super::replication::{Together, measured};
use super::run::{build_tables_beside, record, scenario_record, variant_record, with_warmup};
use crate::clock::Stopwatch;
use crate::model::{Experiment, Model};
use crate::policy::own::Policies;
use crate::record::{Record, ScenarioRecord, VariantRecord};
use crate::sim::{Control, Engine, SimError};
use crate::workload::Tables;

/// Tables of workloads that were simulated before, for the tasks of one session.
#[derive(Default)]
pub struct KnownTables(Vec<(String, Arc<Tables>)>);

/// Workloads that are kept: one whose traffic is changed back and forth is not built again, and memory is bounded.
const KNOWN_MAX: usize = 4;

/// The engine is taken out at its end.
type Slot<'m> = Option<Engine<'m>>;

self_cell!(
    /// A simulation beside the model that it borrows.
    struct Simulation {
        owner: Arc<Model>,
        #[not_covariant]
        dependent: Slot,
    }
);

/// A run in pieces.
pub struct Task {
    experiment: Experiment,
    /// From the first step on.
    prepared: Option<Prepared>,
    /// By variant; the first ones are one replication ahead of the others until a round is over.
    finished: Vec<Together>,
    /// Replications to make of each variant.
    wanted: u32,
    running: Option<Simulation>,
    control: Control,
}

/// By variant.
struct Prepared {
    models: Vec<Arc<Model>>,
    tables: Vec<Arc<Tables>>,
}

impl Task {
    /// Nothing is simulated before the first step.
    pub fn new(experiment: Experiment) -> Task {
        Task {
            prepared: None,
            finished: experiment.variants.iter().map(|_| Together::default()).collect(),
            wanted: experiment.replications,
            running: None,
            control: Control::default(),
            experiment,
        }
    }

    /// Builds tables that are not known, and finds the warm-up where it is to be found.
    fn prepare(&mut self, known: &mut KnownTables) -> Result<(), RunError> {
        let beyond = known.0.len().saturating_sub(KNOWN_MAX);
        known.0.drain(..beyond);
        let tables = build_tables_beside(&mut known.0, &self.experiment)?;
        self.experiment = with_warmup(&self.experiment, &tables, &RunOptions::default())?.into_owned();
        let models = self.experiment.variants.iter().map(|variant| Arc::new(variant.model.clone()));
        self.prepared = Some(Prepared { models: models.collect(), tables });
        Ok(())
    }

    /// The experiment, with its warm-up.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Replications to make of each variant, as far as is known.
    pub fn wanted(&self) -> u32 {
        self.wanted
    }

    /// Finished replications of a variant.
    pub fn finished(&self, variant: usize) -> u32 {
        self.finished[variant].taken()
    }

    /// Replications that all variants have finished.
    pub fn complete(&self) -> u32 {
        self.finished.iter().map(Together::taken).min().unwrap_or(0)
    }

    /// Whether nothing is left to simulate.
    pub fn is_done(&self) -> bool {
        self.complete() >= self.wanted
    }

    /// The variant whose replication is under way, or comes next.
    pub fn next(&self) -> usize {
        let complete = self.complete();
        self.finished.iter().position(|variant| variant.taken() == complete).unwrap_or(0)
    }

    /// Share of the simulations that are done, the one under way counted by its simulated time.
    pub fn progress(&self) -> f64 {
        let whole: u32 = self.finished.iter().map(Together::taken).sum();
        let under_way = self.running.as_ref().map_or(0.0, |simulation| {
            simulation.with_dependent(|model, engine| {
                let now_ns = engine.as_ref().map_or(0, Engine::now_ns);
                (now_ns as f64 / model.duration_ns.max(1) as f64).min(1.0)
            })
        });
        let all = f64::from(self.wanted) * self.finished.len() as f64;
        ((f64::from(whole) + under_way) / all.max(1.0)).min(1.0)
    }

    /// The first step builds tables and finds the warm-up, and does no more. Each other one goes on with the simulation under way
    /// for about so many arrivals and events, or to its end; gives the variant that one more replication is finished of. Nothing
    /// happens where all are done.
    ///
    /// # Errors
    /// Tables that cannot be built, no warm-up, or a simulation that fails; the task is then not to go on.
    pub fn step(&mut self, budget: u64, known: &mut KnownTables) -> Result<Option<usize>, RunError> {
        if self.is_done() {
            return Ok(None);
        }
        let Some(Prepared { models, tables }) = &self.prepared else {
            self.prepare(known)?;
            return Ok(None);
        };
        let index = self.next();
        let replication = self.finished[index].taken();
        let failed = |source: SimError| RunError::Simulation {
            variant: self.experiment.variants[index].name.clone(),
            replication,
            source,
        };
        let mut simulation = match self.running.take() {
            Some(simulation) => simulation,
            None => Simulation::try_new(Arc::clone(&models[index]), |model| {
                let tables = Arc::clone(&tables[index]);
                Engine::new(model, tables, self.experiment.seed, replication).map(Some)
            })
            .map_err(failed)?,
        };
        let control = &self.control;
        let started = Stopwatch::start();
        let ended = simulation
            .with_dependent_mut(|_, engine| match engine.as_mut() {
                Some(under_way) => match under_way.advance(control, budget)? {
                    true => engine.take().map(Engine::finish).transpose(),
                    false => Ok(None),
                },
                None => Ok(None),
            })
            .map_err(failed)?;
        let Some(ended) = ended else {
            self.running = Some(simulation);
            return Ok(None);
        };
        let replication = measured(&models[index], ended, started.seconds());
        self.finished[index].take_in(replication);
        if self.is_done() {
            self.wanted = self.more().unwrap_or(self.wanted);
        }
        Ok(Some(index))
    }

    /// Asks for more replications, if they are more than were asked for.
    pub fn want(&mut self, replications: u32) {
        self.wanted = self.wanted.max(replications);
    }

    /// Takes over what another task has finished of the same system, its first variant.
    pub fn take_over(&mut self, index: usize, other: &Task) {
        debug_assert!(self.next() == index && self.running.is_none(), "it is simulated already");
        self.finished[index] = other.finished[0].clone();
        if self.is_done() {
            self.wanted = self.more().unwrap_or(self.wanted);
        }
    }

    /// How many replications the wanted precision takes in all, if more than there are.
    fn more(&self) -> Option<u32> {
        more(&self.finished, self.experiment.precision.as_ref()?, self.complete())
    }

    /// What a variant has so far; `None` before its first replication is finished.
    pub fn variant(&self, index: usize) -> Option<VariantRecord> {
        let together = &self.finished[index];
        let variant = &self.experiment.variants[index];
        (together.taken() > 0).then(|| variant_record(variant, together.clone(), &Policies::new()))
    }

    /// The scenario as a record of what is finished has it.
    pub fn scenario(&self) -> ScenarioRecord {
        scenario_record(&self.experiment, self.complete())
    }

    /// The record of a run that is done.
    ///
    /// # Errors
    /// Replications are missing, or a variant is without a single request.
    pub fn record(&self) -> Result<Record, RunError> {
        if !self.is_done() {
            return Err(RunError::Interrupted);
        }
        record(&self.experiment, self.finished.clone(), (self.wanted, self.wanted), &Policies::new())
    }
}
