//! A trace through eviction alone: no clock, no expiry, no database; every object takes one slot.
//!
//! Cells (a policy at a capacity) share the requests and nothing else, so they run side by side.

mod algorithm;
mod belady;
mod capacity;
mod distances;
mod eviction;
mod sample;

use std::time::Instant;

use rayon::prelude::*;

use crate::model::Eviction;
use crate::trace::Requests;
pub use algorithm::Algorithm;
pub use capacity::{CapacityError, TraceCapacity};
pub use distances::{LruCounter, LruCurve};
pub use eviction::misses;
pub use sample::{Sample, Sampled};

/// One policy at one capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub policy: Algorithm,
    /// Objects.
    pub capacity: u64,
    /// Of a sample: of all requests, as far as it tells.
    pub misses: f64,
    /// Half of the 95 % interval of the misses, of a sample that is large enough to tell.
    pub half_width: Option<f64>,
    /// Time of this cell's replay on its thread.
    pub wall_s: f64,
}

/// The least capacity for a hit ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needed {
    pub policy: Algorithm,
    /// Objects; `None` where not even a cache with room for all of them reaches it.
    pub capacity: Option<u64>,
}

/// A part of the objects that stands for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleSize {
    /// Share of the objects.
    pub rate: f64,
    pub requests: u64,
    pub objects: u64,
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
    pub sample: Option<SampleSize>,
    /// By policy, then by capacity.
    pub cells: Vec<Cell>,
    /// A hit ratio, and what it takes.
    pub needed: Option<(f64, Vec<Needed>)>,
}

impl Replay {
    /// Misses by requests.
    pub fn miss_ratio(&self, cell: &Cell) -> f64 {
        cell.misses / self.requests as f64
    }

    /// The policies, in the order of the cells.
    pub fn policies(&self) -> Vec<Algorithm> {
        let mut policies: Vec<Algorithm> = self.cells.iter().map(|cell| cell.policy).collect();
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
    pub fn cell(&self, policy: Algorithm, capacity: u64) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.policy == policy && cell.capacity == capacity)
    }
}

/// Replays the requests, or a sample of them, once per policy and capacity (objects), on so many threads; cells come by policy,
/// then by capacity, whatever the threads did.
///
/// # Errors
/// The threads cannot be started.
pub fn grid(
    requests: &Requests,
    sample: Option<&Sample>,
    policies: &[Algorithm],
    capacities: &[u64],
    threads: usize,
) -> Result<Vec<Cell>, rayon::ThreadPoolBuildError> {
    let pairs: Vec<(Algorithm, u64)> = policies
        .iter()
        .flat_map(|&policy| capacities.iter().map(move |&capacity| (policy, capacity)))
        .collect();
    let all = requests.ids.len() as f64;
    let cell = |&(policy, capacity): &(Algorithm, u64)| {
        let started = Instant::now();
        let (misses, half_width) = match sample {
            None => (policy.misses(requests, capacity) as f64, None),
            Some(sample) => {
                let Sampled { miss_ratio, half_width } = sample.miss_ratio(policy, capacity);
                (miss_ratio * all, half_width.map(|half_width| half_width * all))
            }
        };
        Cell { policy, capacity, misses, half_width, wall_s: started.elapsed().as_secs_f64() }
    };
    side_by_side(&pairs, threads, cell)
}

/// The least capacity at which each policy reaches a hit ratio: of LRU by its curve, of the others by bisection, as if more room
/// never meant fewer hits.
///
/// # Errors
/// The threads cannot be started.
pub fn needed(
    requests: &Requests,
    policies: &[Algorithm],
    hit_ratio: f64,
    threads: usize,
) -> Result<Vec<Needed>, rayon::ThreadPoolBuildError> {
    let misses_max = ((1.0 - hit_ratio) * requests.ids.len() as f64 * (1.0 + 1e-12)) as u64;
    let find = |&policy: &Algorithm| {
        // With room for all objects every policy is the same.
        let capacity = (u64::from(requests.keys) <= misses_max).then(|| match policy {
            Algorithm::Policy(Eviction::Lru) => {
                LruCurve::of(requests).capacity_for(misses_max).unwrap_or(1).max(1)
            }
            policy => {
                let (mut too_small, mut enough) = (0, u64::from(requests.keys));
                while enough - too_small > 1 {
                    let middle = too_small + (enough - too_small) / 2;
                    match policy.misses(requests, middle) <= misses_max {
                        true => enough = middle,
                        false => too_small = middle,
                    }
                }
                enough
            }
        });
        Needed { policy, capacity }
    };
    side_by_side(policies, threads, find)
}

/// One at a time per thread: their times differ too much to hand them out in halves.
fn side_by_side<T: Sync, R: Send>(
    work: &[T],
    threads: usize,
    run: impl Fn(&T) -> R + Sync + Send,
) -> Result<Vec<R>, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(work.len().max(1))).build()?;
    Ok(pool.install(|| work.par_iter().with_max_len(1).map(run).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::mix;

    /// A window of a hundred keys that moves on by one key every twenty requests: recency is all, and frequency misleads. The
    /// window of 1 % that W-TinyLFU begins with rejects what is new; the adaptive one grows until it holds all of it.
    #[test]
    fn an_adaptive_window_follows_keys_that_move() {
        let keys = 10_100;
        let ids = (0..200_000u64).map(|at| (at / 20 + mix(at) % 100) as u32).collect();
        let requests = Requests { ids, keys };
        let misses = |policy| misses(&requests, policy, 150) as f64;
        let lru = misses(Eviction::Lru);
        assert!(misses(Eviction::WTinyLfu) > 5.0 * lru);
        assert!(misses(Eviction::AdaptiveWTinyLfu) < 1.7 * lru);
    }

    /// A loop over 120 objects with room for 100: LRU misses always, LIRS keeps 99 of them.
    #[test]
    fn lirs_keeps_most_of_a_loop() {
        let requests = Requests { ids: (0..12_000).map(|at| at % 120).collect(), keys: 120 };
        assert_eq!(misses(&requests, Eviction::Lru, 100), 12_000);
        // Each later round: 21 objects pass through the one place for those with a long time between uses.
        assert_eq!(misses(&requests, Eviction::Lirs, 100), 120 + 99 * 21);
    }
}
