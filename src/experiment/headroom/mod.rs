//! How far a knob can be turned until a limit breaks, behind `herdlab headroom`.
//!
//! A *cell* is a variant at one value of the knob, with all replications of the scenario: the same seed in every cell, so that
//! two cells differ by the knob and not by their luck. Each variant has a [`Search`] of its own; the next cells of all searches
//! are simulated together. With a second knob there is a search for each of its values, and with events a map of three
//! borders ([`Purpose`]).

pub mod limits;
pub mod map;
pub mod record;
pub mod search;

use std::collections::HashMap;
use std::sync::Arc;

use self::limits::{Resource, Verdict, resource};
use self::search::{Border, Search, Start, Told};
use super::run::{RunError, RunOptions, build_tables};
use super::sweep::{Pool, SweepOptions, plan};
use super::{warmup, workers};
use crate::model::{Axis, Experiment, Model, Threshold, Variant};
use crate::record::VariantRecord;
use crate::scenario::Diagnostics;
use crate::scenario::digest::{fingerprint, together};
use crate::scenario::estimate::Plan;
use crate::scenario::grid::Grid;
use crate::scenario::knob::Knob;

/// Default relative width of the bracket.
pub const PRECISION: f64 = 0.02;
/// Default for the most cells of a search.
pub const CELLS_MAX: usize = 20;

/// Makes the scenario with these paths set to these values.
pub type Setting<'a> = &'a dyn Fn(&[(String, String)]) -> Result<Grid, Diagnostics>;
/// Refuses cells that would take too long or too much memory.
pub type Allowed<'a> = &'a dyn Fn(&Plan) -> Result<(), Diagnostics>;

/// A question about headroom.
pub struct Headroom<'a> {
    pub base: &'a Experiment,
    pub knob: Knob,
    /// Where the searches begin.
    pub start: Start,
    /// A second knob with its values.
    pub second: Option<Axis>,
    pub limits: Vec<Threshold>,
    /// The limits are those of a scenario that has none.
    pub default_limits: bool,
    pub precision: f64,
    pub cells_max: usize,
    /// Options of the command line that give the same search again, a word each.
    pub options: Vec<String>,
    pub setting: Setting<'a>,
    pub allowed: Allowed<'a>,
}

/// Which border a search looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// All limits, with the events of the scenario.
    Limits,
    /// The limits that are not about events, in the same system without any event.
    Ordinary,
    /// Coming back after every event.
    Recovery,
}

impl Purpose {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Limits => "limits",
            Purpose::Ordinary => "ordinary",
            Purpose::Recovery => "recovery",
        }
    }
}

/// A variant at one value of the knob.
#[derive(Clone, Debug)]
pub struct Cell {
    /// In the unit of the knob.
    pub value: f64,
    pub result: Result<Judged, String>,
}

/// A cell that was simulated.
#[derive(Clone, Debug)]
pub struct Judged {
    pub verdict: Verdict,
    pub resource: Option<Resource>,
    /// All measures.
    pub measures: Arc<VariantRecord>,
}

/// The answer for a variant, at one value of the second knob.
#[derive(Clone, Debug)]
pub struct Answer {
    pub variant: usize,
    /// Index of the value of the second knob.
    pub second: Option<usize>,
    pub purpose: Purpose,
    pub found: Found,
}

#[derive(Clone, Debug)]
pub enum Found {
    /// In the order of the tests.
    Border { border: Border, cells: Vec<Cell> },
    /// The variant sets the knob itself, to this.
    Pinned(String),
    /// No limit is about a measure of it.
    Unlimited,
    /// Every value that was tested breaks a limit without any event.
    Overloaded,
}

/// The results of all searches.
#[derive(Debug)]
pub struct Outcome {
    pub answers: Vec<Answer>,
    /// Simulations that were run or taken from an earlier run.
    pub simulations: u64,
    /// Stopped from outside; the answers are as far as the search had come.
    pub interrupted: bool,
}

/// A search and its cells so far.
struct Task {
    variant: usize,
    second: Option<usize>,
    purpose: Purpose,
    limits: Vec<Threshold>,
    search: Search,
    cells: Vec<Cell>,
    /// Set where there is nothing to search.
    instead: Option<Found>,
}

/// A cell that is to be simulated.
struct Wanted {
    task: usize,
    value: f64,
    model: Model,
    fingerprint: String,
}

/// Finished simulations, by fingerprint.
type Known = HashMap<String, Arc<VariantRecord>>;

impl Headroom<'_> {
    /// Finds all borders. They depend on scenario, knobs, limits, seed and program only, not on threads or time.
    ///
    /// # Errors
    /// A simulation that fails; a scenario that is none without any setting; an interrupt before the first cell is finished.
    pub fn run(&self, options: &SweepOptions) -> Result<Outcome, HeadroomError> {
        let mut known = Known::new();
        let mut outcome = Outcome { answers: Vec::new(), simulations: 0, interrupted: false };
        for purpose in self.purposes() {
            let mut tasks = self.tasks(purpose, &outcome.answers);
            let finished = self.search(&mut tasks, &mut known, options)?;
            outcome.answers.extend(tasks.into_iter().map(Task::answer));
            if !finished {
                outcome.interrupted = true;
                break;
            }
        }
        outcome.simulations = known.len() as u64 * u64::from(self.base.replications);
        let any = outcome.answers.iter().any(|answer| match &answer.found {
            Found::Border { cells, .. } => !cells.is_empty(),
            Found::Pinned(_) | Found::Unlimited | Found::Overloaded => !outcome.interrupted,
        });
        if any { Ok(outcome) } else { Err(RunError::Interrupted.into()) }
    }

    /// Whether the answer is a map of stability.
    pub fn is_map(&self) -> bool {
        self.second.is_some() && self.base.variants.iter().any(|variant| !variant.model.events.is_empty())
    }

    /// How many searches there are.
    pub fn searches(&self) -> usize {
        let seconds = self.second.as_ref().map_or(1, |axis| axis.values.len());
        seconds * self.base.variants.len() * self.purposes().len()
    }

    /// A map needs the ordinary border first: beyond it there is nothing to come back to.
    fn purposes(&self) -> Vec<Purpose> {
        match self.is_map() {
            true => vec![Purpose::Ordinary, Purpose::Recovery],
            false => vec![Purpose::Limits],
        }
    }

    fn tasks(&self, purpose: Purpose, before: &[Answer]) -> Vec<Task> {
        let seconds: Vec<Option<usize>> = match &self.second {
            Some(axis) => (0..axis.values.len()).map(Some).collect(),
            None => vec![None],
        };
        let limits: Vec<Threshold> = match purpose {
            Purpose::Limits => self.limits.clone(),
            Purpose::Ordinary => {
                let lasting = self.limits.iter().filter(|limit| !limit.measure.starts_with("event."));
                lasting.cloned().collect()
            }
            Purpose::Recovery => limits::recovery(self.base),
        };
        let task = |(second, variant): (Option<usize>, usize)| {
            let ordinary = before.iter().find(|one| (one.second, one.variant) == (second, variant));
            let (knob, start, instead) = match ordinary.map(|ordinary| &ordinary.found) {
                Some(Found::Border { border, .. }) => match border.safe {
                    Some(safe) => {
                        let (knob, start) = self.within(border.upwards, safe);
                        (knob, start, None)
                    }
                    None => (self.knob.clone(), self.start, Some(Found::Overloaded)),
                },
                Some(other) => (self.knob.clone(), self.start, Some(other.clone())),
                None => (self.knob.clone(), self.start, None),
            };
            let search = Search::new(knob, start, self.precision, self.cells_max);
            Task { variant, second, purpose, limits: limits.clone(), search, cells: Vec::new(), instead }
        };
        let variants = 0..self.base.variants.len();
        seconds
            .into_iter()
            .flat_map(|second| variants.clone().map(move |variant| (second, variant)))
            .map(task)
            .collect()
    }

    /// The knob up to a value that is safe without any event, and where a search within that begins.
    fn within(&self, upwards: bool, safe: f64) -> (Knob, Start) {
        let knob = self.knob.clone();
        match (self.start, upwards) {
            (Start::From(value), _) => (Knob { high: safe, ..knob }, Start::From(value.min(safe))),
            (Start::Ends, true) => (Knob { high: safe, ..knob }, Start::Ends),
            (Start::Ends, false) => (Knob { low: safe, ..knob }, Start::Ends),
        }
    }

    /// Runs the searches round by round; `false` after an interrupt.
    fn search(
        &self,
        tasks: &mut [Task],
        known: &mut Known,
        options: &SweepOptions,
    ) -> Result<bool, HeadroomError> {
        let replications = self.base.replications;
        loop {
            let mut wanted: Vec<Wanted> = Vec::new();
            for (index, task) in tasks.iter_mut().enumerate() {
                if let Some(value) = task.instead.is_none().then(|| task.search.next()).flatten() {
                    wanted.extend(self.want(index, task, value)?);
                }
            }
            if wanted.is_empty()
                && tasks.iter().all(|task| task.instead.is_some() || task.search.next().is_none())
            {
                return Ok(true);
            }
            let mut systems: Vec<(String, Model)> = Vec::new();
            let mut places: HashMap<&str, usize> = HashMap::new();
            for one in wanted.iter().filter(|one| !known.contains_key(&one.fingerprint)) {
                places.entry(&one.fingerprint).or_insert_with(|| {
                    let name = &self.base.variants[tasks[one.task].variant].name;
                    let value = self.knob.text(one.value);
                    systems.push((format!("{name} at {} = {value}", self.knob.path), one.model.clone()));
                    systems.len() - 1
                });
            }
            let mut pool = Pool::of_models(systems, self.base.seed);
            let all: Vec<(usize, u32)> = (0..pool.len()).map(|system| (system, replications)).collect();
            let workers = workers::pool(options.threads, all.len() as u64 * u64::from(replications))
                .map_err(RunError::from)?;
            let base = self.base;
            workers.install(|| -> Result<(), RunError> {
                settle(base, &mut pool, options)?;
                pool.run(&all, &options.control, options.cells.as_deref())
            })?;
            let mut finished = true;
            for (fingerprint, &system) in &places {
                if pool.finished(system) < replications {
                    finished = false;
                    continue;
                }
                let measures = pool.variant(system, "", replications);
                known.insert((*fingerprint).to_owned(), Arc::new(measures));
            }
            for one in wanted {
                if let Some(measures) = known.get(&one.fingerprint) {
                    tasks[one.task].judge(self.base, &one, measures);
                }
            }
            if !finished {
                return Ok(false);
            }
        }
    }

    /// The next cell of a search, or nothing where it cannot be simulated: the search then holds the reason.
    fn want(&self, index: usize, task: &mut Task, value: f64) -> Result<Option<Wanted>, HeadroomError> {
        let text = self.knob.text(value);
        let second = self.second.iter().zip(task.second);
        let mut settings: Vec<(String, String)> =
            second.map(|(axis, at)| (axis.path.clone(), axis.values[at].label.clone())).collect();
        settings.insert(0, (self.knob.path.clone(), text));
        let grid = match (self.setting)(&settings) {
            Ok(grid) => grid,
            // The ends of a span are the user's own words; other values are not.
            Err(problems) if task.cells.is_empty() || self.start == Start::Ends => {
                return Err(HeadroomError::Setting(problems));
            }
            Err(problems) => {
                task.refused(value, first_title(&problems));
                return Ok(None);
            }
        };
        if let Some(own) = grid.pin(task.variant, 0) {
            task.instead = Some(Found::Pinned(own.label.clone()));
            return Ok(None);
        }
        let Some(mut variant) = grid.cells.into_iter().next().map(|cell| cell.variants) else {
            return Ok(None);
        };
        let Variant { mut model, .. } = variant.swap_remove(task.variant);
        if task.purpose == Purpose::Ordinary {
            model.events.clear();
        }
        let alone = Pool::of_models(vec![(String::new(), model.clone())], self.base.seed);
        if let Err(problems) = (self.allowed)(&plan(&alone, self.base.replications, 1)) {
            if task.cells.is_empty() {
                return Err(HeadroomError::Setting(problems));
            }
            task.refused(value, first_title(&problems));
            return Ok(None);
        }
        let fingerprint = fingerprint(&model, self.base.seed);
        Ok(Some(Wanted { task: index, value, model, fingerprint }))
    }
}

/// Under `warmup = "auto"`: the longest that any cell of a round needs.
fn settle(base: &Experiment, pool: &mut Pool, options: &SweepOptions) -> Result<(), RunError> {
    let asking = pool.models().filter(|model| model.warmup_auto).enumerate();
    let named = |(index, model): (usize, &Model)| Variant {
        name: format!("cell {}", index + 1),
        settings: Vec::new(),
        model: model.clone(),
    };
    let variants: Vec<Variant> = asking.map(named).collect();
    if variants.is_empty() {
        return Ok(());
    }
    let run = RunOptions { control: Arc::clone(&options.control), ..RunOptions::default() };
    let experiment = Experiment { variants, baseline: 0, ..base.clone() };
    let find = || warmup::find(&experiment, &build_tables(&experiment)?, &run);
    let found = match options.cells.as_deref() {
        Some(cells) => {
            let of = |variant: &Variant| fingerprint(&variant.model, base.seed);
            cells.pilot(&together(&experiment.variants.iter().map(of).collect::<Vec<_>>()), find)?
        }
        None => find()?,
    };
    pool.set_warmup(found);
    Ok(())
}

/// Why no border was found.
#[derive(Debug, thiserror::Error)]
pub enum HeadroomError {
    #[error(transparent)]
    Run(#[from] RunError),
    /// A value of a knob that makes no scenario, or one that takes too much.
    #[error(transparent)]
    Setting(Diagnostics),
}

fn first_title(problems: &Diagnostics) -> String {
    problems.list.first().map_or_else(String::new, |problem| problem.title.clone())
}

impl Task {
    fn judge(&mut self, base: &Experiment, wanted: &Wanted, measures: &Arc<VariantRecord>) {
        let name = &base.variants[self.variant].name;
        // Systems that are alike share their measures; a limit may be about a variant by its name.
        let named = VariantRecord { name: name.clone(), ..VariantRecord::clone(measures) };
        let Some(verdict) = Verdict::of(&self.limits, &named) else {
            self.instead = Some(Found::Unlimited);
            return;
        };
        let (kept, runs) = (verdict.kept, verdict.runs);
        let resource = resource(&wanted.model, measures);
        let judged = Judged { verdict, resource, measures: Arc::clone(measures) };
        self.cells.push(Cell { value: wanted.value, result: Ok(judged) });
        self.search.tell(wanted.value, Told::Judged { kept, runs });
    }

    fn refused(&mut self, value: f64, reason: String) {
        self.cells.push(Cell { value, result: Err(reason.clone()) });
        self.search.tell(value, Told::Impossible(reason));
    }

    fn answer(self) -> Answer {
        let Task { variant, second, purpose, search, cells, instead, .. } = self;
        let found = instead.unwrap_or_else(|| Found::Border { border: search.border(), cells });
        Answer { variant, second, purpose, found }
    }
}

impl Answer {
    /// The first cell that breaks a limit.
    pub fn breaking(&self) -> Option<&Judged> {
        let Found::Border { border, cells } = &self.found else { return None };
        let cell = cells.iter().find(|cell| Some(cell.value) == border.breaks)?;
        cell.result.as_ref().ok()
    }
}
