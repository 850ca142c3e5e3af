//! Sweeps: every cell of a grid, all variants, the same traffic in all of them.

mod cells;
#[cfg_attr(not(feature = "native"), path = "journal/without_files.rs")]
pub mod journal;
pub mod knee;
pub mod limits;
pub mod pareto;
mod pool;
pub mod record;
pub mod today;

use std::sync::Arc;

use self::journal::Journal;
pub use self::pool::Pool;
use self::record::SweepRecord;
use super::run::{RunError, RunOptions, build_tables};
use super::{warmup, workers};
use crate::model::{Experiment, Nanos};
use crate::scenario::estimate::{Estimate, MemoryItem, Plan, estimate, process_bytes};
use crate::scenario::grid::{Cell, Grid};
use crate::sim::Control;

/// How to run a grid.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Shared with the threads that follow or stop the run.
    pub control: Arc<Control>,
    /// Keeps every finished simulation, and has those that an earlier run has kept.
    pub journal: Option<Arc<Journal>>,
}

/// The result of a sweep.
#[derive(Debug)]
pub struct Outcome {
    pub record: SweepRecord,
    /// All measures of all cells.
    pub pool: Pool,
    /// Stopped from outside; the record holds the cells that were finished.
    pub interrupted: bool,
}

/// Cost of a grid on so many threads, with `simulations` of the different systems that it has.
pub fn plan(pool: &Pool, replications: u32, threads: usize) -> Plan {
    /// Bytes that the measures of one simulation take.
    const RESULT_BYTES: f64 = 2e3;
    let estimates: Vec<_> = pool.models().map(estimate).collect();
    let simulations = pool.len() as u64 * u64::from(replications);
    let at_once = simulations.min(threads as u64).max(1) as f64;
    let all = |of: &dyn Fn(&Estimate) -> f64| estimates.iter().map(of).sum::<f64>() * f64::from(replications);
    let (requests, events) = (all(&|one| one.requests), all(&|one| one.events));
    let seconds = all(&Estimate::seconds) / at_once;
    let mut memory: Vec<(f64, Option<MemoryItem>)> =
        estimates.into_iter().map(|one| (one.memory_bytes(), one.memory.into_iter().next())).collect();
    memory.sort_by(|a, b| b.0.total_cmp(&a.0));
    let together: f64 = memory.iter().take(threads.max(1)).map(|(bytes, _)| bytes).sum();
    // Fewer systems than threads: several replications of the largest run side by side.
    let rest = (at_once - memory.len() as f64).max(0.0) * memory.first().map_or(0.0, |(bytes, _)| *bytes);
    Plan {
        estimates: Vec::new(),
        cells: simulations,
        requests,
        events,
        memory_bytes: process_bytes(at_once) + together + rest + simulations as f64 * RESULT_BYTES,
        seconds,
        biggest: memory.into_iter().next().and_then(|(_, item)| item),
    }
}

/// Runs a grid. The record depends on scenario, axes, seed and program only: not on threads, not on time.
///
/// # Errors
/// A simulation that fails ends the run; an interrupt before any cell is finished leaves nothing to keep.
pub fn run(grid: &Grid, options: &SweepOptions) -> Result<Outcome, RunError> {
    let mut pool = Pool::new(grid);
    let simulations = pool.len() as u64 * u64::from(grid.base.replications);
    let workers = workers::pool(options.threads, simulations)?;
    workers.install(|| {
        find_warmup(grid, &mut pool, &options.control)?;
        let all: Vec<(usize, u32)> = (0..pool.len()).map(|system| (system, grid.base.replications)).collect();
        pool.run(&all, &options.control, options.journal.as_deref())
    })?;
    let record = cells::record(grid, &pool);
    let interrupted = record.cells.len() < grid.cells.len();
    if record.cells.is_empty() {
        return Err(RunError::Interrupted);
    }
    Ok(Outcome { record, pool, interrupted })
}

/// With `warmup = "auto"`: the longest warm-up that any cell needs, for all cells, so that all measure
/// the same span of the same traffic.
///
/// # Errors
/// A cell that does not settle, named; an interrupt.
pub fn find_warmup(grid: &Grid, pool: &mut Pool, control: &Arc<Control>) -> Result<(), RunError> {
    let options = RunOptions { control: Arc::clone(control), ..RunOptions::default() };
    let find = |(index, cell): (usize, &Cell)| {
        // One that is pinned is looked at once.
        let standing = cell.variants.iter().enumerate().filter(|(variant, _)| grid.stands(index, *variant));
        let variants: Vec<_> = standing.map(|(_, variant)| variant.clone()).collect();
        if !variants.iter().any(|variant| variant.model.warmup_auto) {
            return Ok(None);
        }
        let experiment = Experiment { variants, baseline: 0, ..grid.base.clone() };
        let found = warmup::find(&experiment, &build_tables(&experiment)?, &options);
        found.map(Some).map_err(|error| in_cell(error, &grid.label(&cell.at)))
    };
    let found: Vec<Option<Nanos>> = workers::map(grid.cells.iter().enumerate().collect(), find)?;
    if let Some(longest_ns) = found.into_iter().flatten().max() {
        pool.set_warmup(longest_ns);
    }
    Ok(())
}

fn in_cell(error: RunError, cell: &str) -> RunError {
    match error {
        RunError::TooShort(mut short) => {
            short.variant = format!("{} ({cell})", short.variant);
            short.into()
        }
        error => error,
    }
}
