//! A trace through eviction alone: no clock, no expiry, no database; every object takes one slot.
//!
//! Cells (a policy at a capacity) share the requests and nothing else, so they run side by side.

mod capacity;
mod eviction;

use std::time::Instant;

use rayon::prelude::*;

use crate::model::Eviction;
use crate::trace::Requests;
pub use capacity::{CapacityError, TraceCapacity};
pub use eviction::misses;

/// One policy at one capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub policy: Eviction,
    /// Objects.
    pub capacity: u64,
    pub misses: u64,
    /// Time of this cell's replay on its thread.
    pub wall_s: f64,
}

/// All cells of a replay, and what they cost.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Name of the trace.
    pub trace: String,
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Reading the trace and numbering its objects.
    pub read_s: f64,
    /// All cells, from the first's start to the last's end.
    pub replay_s: f64,
    pub threads: usize,
    /// By policy, then by capacity.
    pub cells: Vec<Cell>,
}

impl Replay {
    /// Misses by requests.
    pub fn miss_ratio(&self, cell: &Cell) -> f64 {
        cell.misses as f64 / self.requests as f64
    }

    /// The policies, in the order of the cells.
    pub fn policies(&self) -> Vec<Eviction> {
        let mut policies: Vec<Eviction> = self.cells.iter().map(|cell| cell.policy).collect();
        policies.dedup();
        policies
    }

    /// The capacities, ascending.
    pub fn capacities(&self) -> Vec<u64> {
        let mut capacities: Vec<u64> = self.cells.iter().map(|cell| cell.capacity).collect();
        capacities.sort_unstable();
        capacities.dedup();
        capacities
    }

    /// The cell of a policy and a capacity.
    pub fn cell(&self, policy: Eviction, capacity: u64) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.policy == policy && cell.capacity == capacity)
    }
}

/// Replays the requests once per policy and capacity (objects), on so many threads; cells come by policy, then by
/// capacity, whatever the threads did.
///
/// # Errors
/// The threads cannot be started.
pub fn grid(
    requests: &Requests,
    policies: &[Eviction],
    capacities: &[u64],
    threads: usize,
) -> Result<Vec<Cell>, rayon::ThreadPoolBuildError> {
    let pairs: Vec<(Eviction, u64)> = policies
        .iter()
        .flat_map(|&policy| capacities.iter().map(move |&capacity| (policy, capacity)))
        .collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(pairs.len().max(1))).build()?;
    let cell = |&(policy, capacity): &(Eviction, u64)| {
        let started = Instant::now();
        let misses = misses(requests, policy, capacity);
        Cell { policy, capacity, misses, wall_s: started.elapsed().as_secs_f64() }
    };
    // One cell at a time per thread: their times differ too much to hand them out in halves.
    Ok(pool.install(|| pairs.par_iter().with_max_len(1).map(cell).collect()))
}
