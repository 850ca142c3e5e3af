//! The search behind `herdlab recommend`: the best setting that keeps all limits.
//!
//! Candidates are the variants in all cells of a grid, each different system once. All see the same traffic. Successive
//! halving ([`schedule()`]) spends replications on those that look best; what is said about the winner and its rivals at the
//! end rests on tests, and what was dropped too early to be told apart is counted.

mod judge;
pub mod record;
pub mod schedule;
mod today;

use std::collections::HashMap;

use self::record::RecommendRecord;
use self::schedule::{Rung, cost, in_all_worlds, schedule};
use super::run::RunError;
use super::states::{States, states_of};
use super::statistics::{self, Estimate};
use super::sweep::{Pool, SweepOptions, find_warmup};
use super::workers;
use crate::catalog;
use crate::model::{Axis, Bound, Direction, Objective, Recommend, Threshold};
use crate::scenario::Diagnostics;
use crate::scenario::grid::Grid;
use crate::units::counted;

pub use self::judge::{BINDING_MARGIN_MAX, Found, Keeping, Limit, Outcome, Regret, Rival, judge, stands};

/// A system that may be recommended.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// In the pool.
    pub system: usize,
    pub variant: usize,
    /// (path, TOML value, as people read it) of the knobs that matter to it.
    pub settings: Vec<(String, String, String)>,
    /// (path, value as people read it) of the knobs that the variant sets itself.
    pub pinned: Vec<(String, String)>,
    /// The value of the knob that is the objective, if one is.
    cost: Option<f64>,
}

/// The objective of a search, and its candidates.
#[derive(Debug)]
pub struct Search {
    pub wanted: Recommend,
    pub candidates: Vec<Candidate>,
    /// The scenario's thresholds and those of `keep`.
    pub limits: Vec<Threshold>,
    pub variants: Vec<String>,
    /// Of the scenario's prices.
    pub currency: Option<&'static str>,
    /// Of a scenario with ranges, replication i is simulated in world i.
    pub replications: u32,
    pub rungs: Vec<Rung>,
    /// Whether the scenario has ranges.
    pub in_worlds: bool,
    /// The system of the baseline as the file has it, where it is known, and whether it gets all replications in any case.
    today: Option<(usize, bool)>,
}

/// Share of the worlds in which a limit has to be kept, unless it says otherwise (`runs`).
pub const KEPT_IN_WORLDS: f64 = 0.9;

impl Search {
    /// Plans a search.
    ///
    /// # Errors
    /// The file has no `[recommend]`, or the budget does not do.
    pub fn new(grid: &Grid, pool: &Pool) -> Result<Search, Diagnostics> {
        let base = &grid.base;
        let Some(wanted) = base.recommend.clone() else {
            let help = vec![
                "add [recommend] with minimise or maximise, or name the objective with --minimise".to_owned(),
                "docs/scenarios.md describes it".to_owned(),
            ];
            return Err(Diagnostics::general(format!("{} has no objective", base.source_path), help));
        };
        let candidates = candidates(grid, pool, &wanted);
        let in_worlds = !base.inputs.is_empty();
        let planned = match in_worlds {
            true => in_all_worlds(candidates.len(), base.replications, wanted.budget),
            false => schedule(candidates.len(), base.replications, wanted.budget),
        };
        let rungs = planned.map_err(|least| {
            let title = format!(
                "a budget of {} is too small for {}",
                counted(wanted.budget.unwrap_or_default(), "simulation"),
                counted(candidates.len() as u64, "candidate")
            );
            let help = vec![
                format!(
                    "at least {least} are needed for {} of the last ones",
                    counted(u64::from(base.replications), "replication")
                ),
                "fewer values per knob, or fewer --replications".to_owned(),
            ];
            Diagnostics::general(title, help)
        })?;
        let limit = |limit: &Threshold| match in_worlds {
            // Worlds are no sample of one system, of whose mean one could be confident.
            true => {
                Threshold { runs: limit.runs.or(Some(KEPT_IN_WORLDS)), confident: false, ..limit.clone() }
            }
            false => limit.clone(),
        };
        let baseline = &base.variants[base.baseline].model;
        let known = if in_worlds { None } else { pool.known(baseline) };
        Ok(Search {
            in_worlds,
            today: known.map(|system| (system, false)),
            limits: base.thresholds.iter().chain(&wanted.keep).map(limit).collect(),
            variants: base.variants.iter().map(|variant| variant.name.clone()).collect(),
            currency: base.currency(),
            replications: base.replications,
            wanted,
            candidates,
            rungs,
        })
    }

    /// Simulations that the search takes.
    pub fn cost(&self) -> u64 {
        cost(&self.rungs)
    }

    /// Has today's setting simulated as often as the last candidates, so that the winner can be reviewed beside it. Not with
    /// ranges, with events or with a budget.
    pub fn beside_today(&mut self, grid: &Grid, pool: &mut Pool) {
        let base = &grid.base;
        if self.in_worlds || self.wanted.budget.is_some() || has_events(grid) {
            return;
        }
        let baseline = &base.variants[base.baseline];
        self.today = Some((pool.with(&format!("{} as it is", baseline.name), &baseline.model), true));
    }

    /// Most simulations that today's setting takes beside the candidates.
    pub fn cost_of_today(&self) -> u64 {
        let is_candidate = |system| self.candidates.iter().any(|candidate| candidate.system == system);
        match self.today {
            Some((system, true)) if is_candidate(system) => {
                u64::from(self.replications - self.rungs[0].replications)
            }
            Some((_, true)) => u64::from(self.replications),
            _ => 0,
        }
    }

    /// Unit of the objective.
    fn unit(&self) -> &str {
        match &self.wanted.objective {
            Objective::Measure(name) => catalog::known(name).unit_in(self.currency),
            Objective::Knob(path) => {
                let knob = self.wanted.knobs.iter().find(|knob| knob.path == *path);
                let amount = knob.and_then(|knob| knob.values.first()?.amount);
                amount.map_or("count", |amount| amount.kind.unit())
            }
        }
    }

    /// The values of the objective in the first replications of a candidate.
    fn objective(&self, pool: &Pool, candidate: &Candidate, replications: u32) -> Vec<Option<f64>> {
        match &self.wanted.objective {
            Objective::Measure(name) => pool.values(candidate.system, name, replications),
            Objective::Knob(_) => vec![candidate.cost; replications as usize],
        }
    }

    /// Runs the search; `words` are those of the command line that give the same search again. What it finds depends on
    /// scenario, knobs, seed and program only.
    ///
    /// # Errors
    /// A simulation that fails; an interrupt.
    pub fn run(
        &self,
        grid: &Grid,
        pool: &mut Pool,
        words: Vec<String>,
        options: &SweepOptions,
    ) -> Result<RecommendRecord, RunError> {
        let workers = workers::pool(options.threads, self.cost() + self.cost_of_today())?;
        let mut left: Vec<usize> = (0..self.candidates.len()).collect();
        // Of each candidate the replications it had when it was dropped, or at the end.
        let mut had = vec![0u32; self.candidates.len()];
        workers.install(|| find_warmup(grid, pool, options))?;
        for (step, rung) in self.rungs.iter().enumerate() {
            let work: Vec<(usize, u32)> =
                left.iter().map(|&index| (self.candidates[index].system, rung.replications)).collect();
            workers.install(|| pool.run(&work, &options.control, options.cells.as_deref()))?;
            if work.iter().any(|(system, _)| pool.finished(*system) < rung.replications) {
                return Err(RunError::Interrupted);
            }
            left.iter().for_each(|&index| had[index] = rung.replications);
            let next = self.rungs.get(step + 1).map_or(left.len(), |next| next.candidates);
            left = self.best(pool, left, rung.replications, next);
        }
        if let Some((system, true)) = self.today {
            let work = [(system, self.replications)];
            workers.install(|| pool.run(&work, &options.control, options.cells.as_deref()))?;
            if pool.finished(system) < self.replications {
                return Err(RunError::Interrupted);
            }
        }
        let mut record = record::record(self, grid, pool, words, &had);
        record.today = today::beside(self, grid, pool, &record);
        Ok(record)
    }

    /// The `keep` best of some candidates, best first.
    fn best(&self, pool: &Pool, from: Vec<usize>, replications: u32, keep: usize) -> Vec<usize> {
        let mut ranked: Vec<(Rank, usize)> = from
            .into_iter()
            .map(|index| (self.rank(pool, &self.candidates[index], replications), index))
            .collect();
        ranked.sort_by(|(a, first), (b, second)| {
            a.class.cmp(&b.class).then(a.value.total_cmp(&b.value)).then(first.cmp(second))
        });
        ranked.into_iter().take(keep).map(|(_, index)| index).collect()
    }

    /// A candidate counts as keeping a limit while its mean is within a standard error of it: with few replications that
    /// is all that is known, and the best setting often lies close to a limit. Of two states the worse one counts.
    fn rank(&self, pool: &Pool, candidate: &Candidate, replications: u32) -> Rank {
        let states = if self.in_worlds { None } else { two_states(pool, candidate, replications) };
        let mut excess = 0.0;
        for limit in self.limits_of(candidate) {
            let sign = if limit.bound == Bound::Max { 1.0 } else { -1.0 };
            let values = pool.values(candidate.system, &limit.measure, replications);
            if self.in_worlds {
                excess += too_rarely(limit, &values);
                continue;
            }
            let values = judge::worse_of(states.as_ref(), &values, sign);
            let Some(Estimate { mean, .. }) = statistics::estimate(&values) else {
                // A measure without a value keeps upper limits and breaks lower ones.
                excess += if limit.bound == Bound::Max { 0.0 } else { 1.0 };
                continue;
            };
            let margin = limit.bound.margin(mean, limit.limit) + statistics::standard_error_of(&values);
            excess += (-margin).max(0.0) / limit.limit.abs().max(f64::MIN_POSITIVE);
        }
        if excess > 0.0 {
            return Rank { class: 1, value: excess };
        }
        let values = self.objective(pool, candidate, replications);
        let values = judge::worse_of(states.as_ref(), &values, self.wanted.direction.sign());
        match statistics::estimate(&values) {
            Some(estimate) => Rank { class: 0, value: self.wanted.direction.sign() * estimate.mean },
            None => Rank { class: 2, value: 0.0 },
        }
    }

    /// The limits that are about a candidate.
    fn limits_of<'s>(&'s self, candidate: &Candidate) -> impl Iterator<Item = &'s Threshold> {
        let variant = self.variants[candidate.variant].clone();
        self.limits.iter().filter(move |limit| limit.is_about(&variant))
    }
}

/// Whether anything happens in a run of any variant.
fn has_events(grid: &Grid) -> bool {
    grid.base.variants.iter().any(|variant| !variant.model.events.is_empty())
}

/// By how much the share of the worlds that keep a limit falls short, beyond a standard error of that share. A measure without
/// a value keeps upper limits.
fn too_rarely(limit: &Threshold, values: &[Option<f64>]) -> f64 {
    let wanted = limit.runs.unwrap_or(KEPT_IN_WORLDS);
    let keeps = |value: &&Option<f64>| {
        value.map_or(limit.bound == Bound::Max, |value| limit.bound.allows(value, limit.limit))
    };
    let worlds = values.len().max(1) as f64;
    let kept = values.iter().filter(keeps).count() as f64 / worlds;
    let error = (wanted * (1.0 - wanted) / worlds).sqrt();
    (wanted - kept - error).max(0.0)
}

/// The two states of a candidate in its first replications, if it has two.
fn two_states(pool: &Pool, candidate: &Candidate, replications: u32) -> Option<States> {
    let known = pool.names(candidate.system);
    states_of(|name| {
        known.iter().any(|other| other == name).then(|| pool.values(candidate.system, name, replications))
    })
}

/// Lower is better: first the class (0 keeps all limits as far as is known, 1 does not, 2 has no objective).
struct Rank {
    class: u8,
    value: f64,
}

/// Every different system once, without the knobs that do not matter to it.
fn candidates(grid: &Grid, pool: &Pool, wanted: &Recommend) -> Vec<Candidate> {
    /// A system and the cells in which it is found.
    struct Group {
        system: usize,
        variant: usize,
        cells: Vec<usize>,
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<usize, usize> = HashMap::new();
    // A system that a knob reaches as well goes by the knob, not by the variant that is pinned there.
    for pinned in [false, true] {
        for cell in 0..grid.cells.len() {
            for variant in (0..grid.base.variants.len()).filter(|&variant| grid.is_pinned(variant) == pinned)
            {
                let system = pool.system(cell, variant);
                let group = *known.entry(system).or_insert_with(|| {
                    groups.push(Group { system, variant, cells: Vec::new() });
                    groups.len() - 1
                });
                if groups[group].variant == variant {
                    groups[group].cells.push(cell);
                }
            }
        }
    }
    let objective = match &wanted.objective {
        Objective::Knob(path) => grid.axes.iter().position(|axis| axis.path == *path),
        Objective::Measure(_) => None,
    };
    let candidate = |Group { system, variant, cells }: Group| {
        let cost = objective.map(|axis| knob_cost(grid, wanted.direction, axis, variant, &cells));
        // Of a knob that does not matter and is to be small or large, the value that counts is the one to use.
        let shown = cost.flatten().map_or(cells[0], |(_, cell)| cell);
        let at = |cell: usize| &grid.cells[cell].at;
        let same = |axis: usize| cells.iter().all(|&cell| at(cell)[axis] == at(shown)[axis]);
        let free = grid.axes.iter().enumerate().filter(|(axis, _)| grid.pin(variant, *axis).is_none());
        let settings =
            free.filter(|(axis, _)| same(*axis) || objective == Some(*axis)).map(|(index, axis)| {
                let value = &axis.values[at(shown)[index]];
                (axis.path.clone(), value.toml.clone(), value.label.clone())
            });
        let own = |(index, axis): (usize, &Axis)| {
            grid.pin(variant, index).map(|own| (axis.path.clone(), own.label.clone()))
        };
        Candidate {
            system,
            variant,
            settings: settings.collect(),
            pinned: grid.axes.iter().enumerate().filter_map(own).collect(),
            cost: cost.flatten().map(|(cost, _)| cost),
        }
    };
    groups.into_iter().map(candidate).collect()
}

/// The value of the knob of the objective, and a cell that has it: the variant's own where it is pinned, else the best that
/// the knob takes in some cells: where it does not matter, the cheapest will do.
fn knob_cost(
    grid: &Grid,
    direction: Direction,
    axis: usize,
    variant: usize,
    cells: &[usize],
) -> Option<(f64, usize)> {
    let kind = grid.axes[axis].values.first()?.amount?.kind;
    if let Some(own) = grid.pin(variant, axis) {
        let amount = own.amount.filter(|amount| amount.kind == kind)?;
        return Some((amount.value, cells[0]));
    }
    let value = |&cell: &usize| {
        let amount = grid.axes[axis].values[grid.cells[cell].at[axis]].amount?;
        Some((amount.value, cell))
    };
    let cheaper = |a: f64, b: f64| direction.sign() * (a - b) < 0.0;
    cells.iter().filter_map(value).reduce(|best, next| if cheaper(next.0, best.0) { next } else { best })
}
