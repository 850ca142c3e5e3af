//! Many systems under the same traffic: simulations of any of them, in any number, over all cores.
//!
//! The unit of work is one replication of one system, so a long cell starves nobody. Systems that mean the same (equal
//! fingerprints) are simulated once. Of a simulation only its measures are kept, so memory grows by a kilobyte each, and
//! tables of a workload live as long as simulations that need them are left.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};

use crate::catalog;
use crate::catalog::computed::measures;
use crate::clock::Stopwatch;
use crate::experiment::cells::{Cells, Share};
use crate::experiment::run::{RunError, workload_of};
use crate::experiment::workers::{into_inner, is_stop, lock, work_off};
use crate::journal::{Key, Kind};
use crate::model::{Model, Nanos, Variant};
use crate::record::{MeasureRecord, VariantRecord, WindowsRecord};
use crate::scenario::digest::fingerprint;
use crate::scenario::estimate::estimate;
use crate::scenario::grid::Grid;
use crate::sim::{Control, Engine, SimError};
use crate::workload::Tables;

/// The measures of one simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub names: Vec<String>,
    pub values: Vec<Option<f64>>,
    /// Requests simulated.
    pub requests: u64,
}

/// One system.
#[derive(Clone, Debug)]
struct System {
    model: Model,
    /// Replication i is simulated in world i of these; empty: in the model itself.
    worlds: Vec<Model>,
    /// For messages: the cell and the variant.
    name: String,
    fingerprint: String,
    /// The system of the first variant in the first cell that has this one.
    home: usize,
}

impl System {
    fn at(&self, replication: u32) -> &Model {
        self.worlds.get(replication as usize).unwrap_or(&self.model)
    }
}

/// A cell to put into a pool: its variants, their fingerprints, and the systems of each in all worlds, if there are any.
pub(in crate::experiment) type Systems<'c> = (&'c [Variant], &'c [String], &'c [Vec<Model>]);

/// All systems of a grid, and their finished simulations.
#[derive(Debug)]
pub struct Pool {
    systems: Vec<System>,
    /// System of each cell and variant.
    index: Vec<Vec<usize>>,
    seed: u64,
    /// Names of measures, shared by all systems that have the same.
    names: Vec<Arc<[String]>>,
    /// By system: its finished replications.
    results: Vec<HashMap<u32, Values>>,
}

/// The measures of one simulation.
#[derive(Debug)]
struct Values {
    /// Index into the names of the pool.
    names: usize,
    /// Not a number where a measure is not defined.
    values: Box<[f64]>,
}

impl Pool {
    /// Nothing is simulated yet.
    pub fn new(grid: &Grid) -> Pool {
        let cells =
            grid.cells.iter().map(|cell| (&cell.variants[..], &cell.fingerprints[..], &cell.worlds[..]));
        let name = |cell: usize, variant: usize| {
            let at = &grid.cells[cell].at;
            format!("{} in the cell {}", grid.base.variants[variant].name, grid.place(at, variant))
        };
        Pool::of(cells, grid.base.seed, &name)
    }

    /// The same of any cells: the variants of each with their fingerprints, and the name of a variant in a cell.
    pub(in crate::experiment) fn of<'c>(
        cells: impl Iterator<Item = Systems<'c>>,
        seed: u64,
        name: &dyn Fn(usize, usize) -> String,
    ) -> Pool {
        let mut systems: Vec<System> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        let index = cells.enumerate().map(|(cell, (variants, fingerprints, worlds))| {
            let mut home = None;
            let of = |(index, (variant, fingerprint)): (usize, (&Variant, &'c String))| {
                let system = *known.entry(fingerprint).or_insert_with(|| {
                    let (model, fingerprint) = (variant.model.clone(), fingerprint.clone());
                    let place = systems.len();
                    let name = name(cell, index);
                    let worlds = worlds.get(index).cloned().unwrap_or_default();
                    systems.push(System { model, worlds, name, fingerprint, home: home.unwrap_or(place) });
                    place
                });
                home.get_or_insert(system);
                system
            };
            variants.iter().zip(fingerprints).enumerate().map(of).collect()
        });
        let index = index.collect();
        let results = systems.iter().map(|_| HashMap::new()).collect();
        Pool { systems, index, seed, names: Vec::new(), results }
    }

    /// Systems that belong to no grid: their names in messages, and what they are. The index is that of the list.
    pub fn of_models(systems: Vec<(String, Model)>, seed: u64) -> Pool {
        let system = |(home, (name, model)): (usize, (String, Model))| {
            let fingerprint = fingerprint(&model, seed);
            System { model, worlds: Vec::new(), name, fingerprint, home }
        };
        let systems: Vec<System> = systems.into_iter().enumerate().map(system).collect();
        let results = systems.iter().map(|_| HashMap::new()).collect();
        Pool { index: vec![(0..systems.len()).collect()], systems, seed, names: Vec::new(), results }
    }

    /// The system of a model, if it is among them; not in worlds.
    pub(in crate::experiment) fn known(&self, model: &Model) -> Option<usize> {
        let fingerprint = fingerprint(model, self.seed);
        self.systems.iter().position(|system| system.fingerprint == fingerprint)
    }

    /// The same, added where it is missing; the name is for messages.
    pub(in crate::experiment) fn with(&mut self, name: &str, model: &Model) -> usize {
        if let Some(known) = self.known(model) {
            return known;
        }
        let home = self.systems.len();
        self.systems.push(System {
            model: model.clone(),
            worlds: Vec::new(),
            name: name.to_owned(),
            fingerprint: fingerprint(model, self.seed),
            home,
        });
        self.results.push(HashMap::new());
        home
    }

    /// How many different systems there are.
    pub fn len(&self) -> usize {
        self.systems.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.systems.is_empty()
    }

    /// The system of a variant in a cell.
    pub fn system(&self, cell: usize, variant: usize) -> usize {
        self.index[cell][variant]
    }

    /// The models, each once.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.systems.iter().map(|system| &system.model)
    }

    /// The definition of a system.
    pub fn model(&self, system: usize) -> &Model {
        &self.systems[system].model
    }

    /// Gives all systems with an automatic warm-up the same one.
    pub(in crate::experiment) fn set_warmup(&mut self, warmup_ns: Nanos) {
        for System { model, worlds, fingerprint: known, .. } in &mut self.systems {
            if model.warmup_auto {
                worlds.iter_mut().for_each(|world| world.warmup_ns = warmup_ns);
                model.warmup_ns = warmup_ns;
                *known = fingerprint(model, self.seed);
            }
        }
    }

    /// How many replications of a system are finished, from the first on without a gap.
    pub fn finished(&self, system: usize) -> u32 {
        (0..).take_while(|replication| self.results[system].contains_key(replication)).count() as u32
    }

    /// Names of the measures of a system, sorted; empty before its first replication is finished.
    pub fn names(&self, system: usize) -> &[String] {
        self.names_at(system, 0)
    }

    /// Names of the measures of one replication, sorted; empty before it is finished.
    pub fn names_at(&self, system: usize, replication: u32) -> &[String] {
        self.results[system].get(&replication).map_or(&[], |values| &self.names[values.names])
    }

    /// The unit of a measure of a system.
    pub fn unit(&self, system: usize, measure: &str) -> &'static str {
        catalog::known(measure).unit_in(self.model(system).currency())
    }

    /// The values of a measure in the first replications; `None` where it is not defined.
    pub fn values(&self, system: usize, measure: &str, replications: u32) -> Vec<Option<f64>> {
        (0..replications).map(|replication| self.value(system, measure, replication)).collect()
    }

    /// The value of a measure in one replication; `None` where it is not defined, or not simulated yet.
    pub fn value(&self, system: usize, measure: &str, replication: u32) -> Option<f64> {
        let Values { names, values } = self.results[system].get(&replication)?;
        let place = self.names[*names].binary_search_by(|name| name.as_str().cmp(measure)).ok()?;
        Some(values[place]).filter(|value| !value.is_nan())
    }

    /// Whether a replication is finished.
    pub fn has(&self, system: usize, replication: u32) -> bool {
        self.results[system].contains_key(&replication)
    }

    /// The measures of a system as a record holds them, without anything else of it.
    pub fn variant(&self, system: usize, name: &str, replications: u32) -> VariantRecord {
        let measure = |measure: &String| MeasureRecord {
            name: measure.clone(),
            unit: self.unit(system, measure).to_owned(),
            values: self.values(system, measure, replications),
        };
        VariantRecord {
            name: name.to_owned(),
            settings: Vec::new(),
            workload: Vec::new(),
            events: Vec::new(),
            theory: Vec::new(),
            measures: self.names(system).iter().map(measure).collect(),
            windows: WindowsRecord { width_s: 1.0, series: Vec::new() },
            distributions: Vec::new(),
            breakdown: None,
            latency_map: None,
        }
    }

    /// Simulates the first replications of some systems, as far as they are not finished. What is finished when the
    /// control cancels stays.
    ///
    /// # Errors
    /// A simulation that fails ends the run; an interrupt is none: [`Pool::finished`] has the finished ones.
    pub fn run(
        &mut self,
        wanted: &[(usize, u32)],
        control: &Control,
        cells: Option<&Cells>,
    ) -> Result<(), RunError> {
        let each = |&(system, replications): &(usize, u32)| (0..replications).map(move |one| (system, one));
        let all: Vec<(usize, u32)> = wanted.iter().flat_map(each).collect();
        self.run_these(&all, control, cells)?;
        match wanted.iter().find(|(system, replications)| self.is_silent(*system, *replications)) {
            Some(&(system, replications)) => {
                Err(RunError::Silent { variant: self.systems[system].name.clone(), replications })
            }
            None => Ok(()),
        }
    }

    /// Simulates these replications of these systems, as far as they are not finished.
    ///
    /// # Errors
    /// As [`Pool::run`].
    pub(in crate::experiment) fn run_these(
        &mut self,
        wanted: &[(usize, u32)],
        control: &Control,
        cells: Option<&Cells>,
    ) -> Result<(), RunError> {
        let mut missing: Vec<(usize, u32)> = Vec::new();
        let mut seen: HashSet<(usize, u32)> = HashSet::new();
        for &(system, replication) in wanted {
            if self.has(system, replication) || !seen.insert((system, replication)) {
                continue;
            }
            let key = Key::new(Kind::Measures, &self.systems[system].fingerprint, replication);
            match cells.map(|cells| cells.measures(&key)).transpose()?.flatten() {
                Some(kept) => {
                    control.requests.fetch_add(kept.requests, Ordering::Relaxed);
                    self.keep(system, replication, kept);
                }
                None => missing.push((system, replication)),
            }
        }
        let share = match cells {
            Some(cells) => {
                let systems = &self.systems;
                let costs: Vec<OnceCell<f64>> = systems.iter().map(|_| OnceCell::new()).collect();
                let cost = |&(system, _): &(usize, u32)| {
                    *costs[system].get_or_init(|| estimate(&systems[system].model).seconds())
                };
                let key = |&(system, replication): &(usize, u32)| {
                    Key::new(Kind::Measures, &systems[system].fingerprint, replication)
                };
                cells.share(missing, key, cost)?
            }
            None => Share { work: missing, ends_round: false },
        };
        let (done, failure) = simulate(&self.systems, self.seed, share.work, control, cells);
        if let Some(failure) = failure {
            return Err(failure);
        }
        match (share.ends_round, control.cancel.load(Ordering::Relaxed)) {
            (true, true) => return Err(RunError::Interrupted),
            (true, false) => return Err(RunError::PartDone),
            (false, _) => {}
        }
        for (system, replication, finished) in done {
            self.keep(system, replication, finished);
        }
        Ok(())
    }

    /// Whether no replication of a system has a request in its measured part.
    fn is_silent(&self, system: usize, replications: u32) -> bool {
        let finished = self.finished(system);
        finished >= replications
            && self.values(system, "requests.all", replications).iter().all(|&n| n == Some(0.0))
    }

    /// Takes in a finished replication.
    pub(in crate::experiment) fn keep(&mut self, system: usize, replication: u32, finished: Finished) {
        let known = self.names.iter().position(|names| **names == *finished.names);
        let names = known.unwrap_or_else(|| {
            self.names.push(finished.names.into());
            self.names.len() - 1
        });
        let values = finished.values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        self.results[system].insert(replication, Values { names, values });
    }
}

/// Tables that are built for their first user and dropped with the last.
struct Shared {
    tables: Arc<OnceLock<Option<Arc<Tables>>>>,
    left: usize,
}

type Done = Vec<(usize, u32, Finished)>;

fn simulate(
    systems: &[System],
    seed: u64,
    work: Vec<(usize, u32)>,
    control: &Control,
    cells: Option<&Cells>,
) -> (Done, Option<RunError>) {
    let work = by_workload(systems, work);
    let shared: Mutex<HashMap<&str, Shared>> = Mutex::new(HashMap::new());
    for (workload, _, _) in &work {
        let fresh = || Shared { tables: Arc::new(OnceLock::new()), left: 0 };
        lock(&shared).entry(workload).or_insert_with(fresh).left += 1;
    }
    let done: Mutex<Done> = Mutex::new(Vec::with_capacity(work.len()));
    let failure = work_off(&work, control, |(workload, system, replication)| {
        let System { name, fingerprint, .. } = &systems[*system];
        let model = systems[*system].at(*replication);
        let failed = |source: SimError| RunError::Simulation {
            variant: name.clone(),
            replication: *replication,
            source,
        };
        let slot = lock(&shared).get(&**workload).map(|shared| Arc::clone(&shared.tables));
        // The error of the thread that could not build them is on record.
        let Some(slot) = slot else { return Ok(()) };
        let mut unbuilt = None;
        let tables = slot.get_or_init(|| match Tables::new(model, seed) {
            Ok(tables) => Some(Arc::new(tables)),
            Err(error) => {
                unbuilt = Some(failed(error.into()));
                None
            }
        });
        let Some(tables) = tables else { return unbuilt.map_or(Ok(()), Err) };
        let started = Stopwatch::start();
        let finished = replicate(model, tables, seed, *replication, control).map_err(failed)?;
        let key = Key::new(Kind::Measures, fingerprint, *replication);
        let kept = cells.map_or(Ok(()), |cells| cells.keep_measures(&key, started.elapsed(), &finished));
        lock(&done).push((*system, *replication, finished));
        let mut shared = lock(&shared);
        if let Some(entry) = shared.get_mut(&**workload) {
            entry.left -= 1;
            if entry.left == 0 {
                shared.remove(&**workload);
            }
        }
        kept
    });
    (into_inner(done), failure.filter(|failure| !is_stop(failure)))
}

/// The measures of one simulation, and nothing else.
fn replicate(
    model: &Model,
    tables: &Arc<Tables>,
    seed: u64,
    replication: u32,
    control: &Control,
) -> Result<Finished, SimError> {
    let finished = Engine::new(model, Arc::clone(tables), seed, replication)?.run(control)?;
    let measured = measures(model, &finished.recorder).into_iter();
    let (names, values) = measured.map(|measure| (measure.name, measure.value)).unzip();
    Ok(Finished { names, values, requests: finished.recorder.finished() })
}

/// The work in an order in which cells of one workload follow each other, so that few tables live at a time, and in which
/// the variants of a cell stay together, so that an interrupt leaves whole cells; with the fingerprint of the workload.
fn by_workload(systems: &[System], work: Vec<(usize, u32)>) -> Vec<(Arc<str>, usize, u32)> {
    let mut workloads: HashMap<(usize, u32), Arc<str>> = HashMap::new();
    let mut order: HashMap<Arc<str>, usize> = HashMap::new();
    let mut all: Vec<(usize, Arc<str>, usize, u32)> = Vec::with_capacity(work.len());
    for (system, replication) in work {
        let mut workload = |system: usize| {
            let world = if systems[system].worlds.is_empty() { 0 } else { replication };
            let of = || workload_of(systems[system].at(world)).into();
            Arc::clone(workloads.entry((system, world)).or_insert_with(of))
        };
        let (own, of_home) = (workload(system), workload(systems[system].home));
        let last = order.len();
        let rank = *order.entry(of_home).or_insert(last);
        all.push((rank, own, system, replication));
    }
    all.sort_by_key(|(rank, ..)| *rank);
    all.into_iter().map(|(_, workload, system, replication)| (workload, system, replication)).collect()
}
