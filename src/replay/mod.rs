//! A trace through eviction alone: no database, no latency. Every object takes one slot, or its bytes; it may expire, be written, be
//! deleted, and pass a filter before it comes in.
//!
//! Cells (a policy at a capacity) share the requests and nothing else, so they run side by side.

mod admit;
mod algorithm;
mod belady;
mod cache;
mod capacity;
mod distances;
mod eviction;
mod floor;
mod sample;
mod traffic;

use std::time::Instant;

use rayon::prelude::*;

pub use admit::{Admit, AdmitError};
pub use algorithm::{Algorithm, Contender};
pub use cache::Counts;
pub use capacity::{CapacityError, TraceCapacity};
pub use distances::{LruCounter, LruCurve};
pub use eviction::misses;
pub use sample::{Sample, Sampled};
pub use traffic::{Rules, Traffic, Ttl, Unit};

/// One policy at one capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub policy: Contender,
    /// Objects or bytes.
    pub capacity: u64,
    /// Of a sample: of all requests, as far as it tells.
    pub misses: f64,
    /// Half of the 95 % interval of the misses, of a sample that is large enough to tell.
    pub half_width: Option<f64>,
    /// Bytes of the lookups that missed, and half of their 95 % interval; `None` where a capacity counts objects.
    pub missed_bytes: Option<f64>,
    pub bytes_half_width: Option<f64>,
    /// Misses that found an expired entry; `None` where entries live for ever.
    pub expired: Option<f64>,
    /// Time of this cell's replay on its thread.
    pub wall_s: f64,
}

/// The least capacity for a hit ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needed {
    pub policy: Contender,
    /// Objects or bytes; `None` where not even a cache with room for all of them reaches it.
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

/// Price of memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GbMonth {
    /// Of a GB (10⁹ bytes) for a month.
    pub amount: f64,
    /// ISO 4217 code.
    pub currency: &'static str,
}

/// All cells of a replay, and what they cost.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Name of the trace.
    pub trace: String,
    /// What a capacity counts, when entries die, which requests are counted.
    pub rules: Rules,
    /// Requests that are counted: all rows, or the lookups among them.
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Bytes of the counted requests and of the distinct objects, where sizes were read.
    pub request_bytes: Option<u64>,
    pub object_bytes: Option<u64>,
    pub price: Option<GbMonth>,
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

    /// Missed bytes by requested bytes; `None` where a capacity counts objects.
    pub fn byte_miss_ratio(&self, cell: &Cell) -> Option<f64> {
        Some(cell.missed_bytes? / self.request_bytes? as f64)
    }

    /// The capacity that holds all objects.
    pub fn footprint(&self) -> u64 {
        match self.rules.unit {
            Unit::Objects => self.objects,
            Unit::Bytes => self.object_bytes.unwrap_or(0),
        }
    }

    /// Bytes of a capacity; of one in objects by their mean size, where sizes were read.
    pub fn bytes(&self, capacity: u64) -> Option<f64> {
        match self.rules.unit {
            Unit::Bytes => Some(capacity as f64),
            Unit::Objects => Some(capacity as f64 * self.object_bytes? as f64 / self.objects as f64),
        }
    }

    /// Price of a capacity for a month, in the currency of the price.
    pub fn cost_month(&self, capacity: u64) -> Option<f64> {
        Some(self.price?.amount * self.bytes(capacity)? / 1e9)
    }

    /// The policies, in the order of the cells.
    pub fn policies(&self) -> Vec<Contender> {
        let mut policies: Vec<Contender> = self.cells.iter().map(|cell| cell.policy).collect();
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
    pub fn cell(&self, policy: Contender, capacity: u64) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.policy == policy && cell.capacity == capacity)
    }
}

/// Replays the traffic, or a sample of it, once per policy and capacity (objects or bytes), on so many threads; cells come by policy,
/// then by capacity, whatever the threads did.
///
/// # Errors
/// The threads cannot be started.
pub fn grid(
    traffic: &Traffic,
    sample: Option<&Sample>,
    policies: &[Contender],
    capacities: &[u64],
    threads: usize,
) -> Result<Vec<Cell>, rayon::ThreadPoolBuildError> {
    let pairs: Vec<(Contender, u64)> = policies
        .iter()
        .flat_map(|&policy| capacities.iter().map(move |&capacity| (policy, capacity)))
        .collect();
    let requests = traffic.lookups() as f64;
    let bytes = traffic.lookup_bytes().filter(|_| traffic.unit() == Unit::Bytes).map(|bytes| bytes as f64);
    let cell = |&(policy, capacity): &(Contender, u64)| {
        let started = Instant::now();
        let (found, half_widths) = match sample {
            None => {
                let Counts { misses, missed_bytes, expired } = policy.counts(traffic, capacity);
                ([misses, missed_bytes, expired].map(|count| count as f64), None)
            }
            Some(sample) => {
                let Sampled { miss_ratio, byte_miss_ratio, expired_ratio, half_widths } =
                    sample.ratios(policy, capacity);
                let all_bytes = bytes.unwrap_or(0.0);
                let half_widths = half_widths.map(|[misses, missed]| [misses * requests, missed * all_bytes]);
                ([miss_ratio * requests, byte_miss_ratio * all_bytes, expired_ratio * requests], half_widths)
            }
        };
        let [misses, missed_bytes, expired] = found;
        Cell {
            policy,
            capacity,
            misses,
            half_width: half_widths.map(|[misses, _]| misses),
            missed_bytes: bytes.map(|_| missed_bytes),
            bytes_half_width: half_widths.filter(|_| bytes.is_some()).map(|[_, missed]| missed),
            expired: traffic.expires().then_some(expired),
            wall_s: started.elapsed().as_secs_f64(),
        }
    };
    side_by_side(&pairs, threads, cell)
}

/// Bytes are searched to this share of the capacity.
const BYTES_RESOLUTION: f64 = 1e-3;

/// The least capacity at which each policy reaches a hit ratio of the requests: of LRU in objects by its curve, of the others by
/// bisection, as if more room never meant fewer hits; bytes to a thousandth.
///
/// # Errors
/// The threads cannot be started.
pub fn needed(
    traffic: &Traffic,
    policies: &[Contender],
    hit_ratio: f64,
    threads: usize,
) -> Result<Vec<Needed>, rayon::ThreadPoolBuildError> {
    let misses_max = ((1.0 - hit_ratio) * traffic.lookups() as f64 * (1.0 + 1e-12)) as u64;
    let find = |&policy: &Contender| {
        let suffices = |capacity: u64| policy.counts(traffic, capacity).misses <= misses_max;
        let all = traffic.footprint();
        // Where nothing is rejected, expires or is written, only the first request for an object misses a cache for all.
        let is_possible = match traffic.is_plain() && policy.admit == Admit::All {
            true => traffic.objects() <= misses_max,
            false => suffices(all),
        };
        let capacity = is_possible.then(|| {
            if policy.has_curve(traffic) {
                return LruCurve::of(traffic.requests()).capacity_for(misses_max).unwrap_or(1).max(1);
            }
            let step = |enough: u64| match traffic.unit() {
                Unit::Objects => 1,
                Unit::Bytes => ((enough as f64 * BYTES_RESOLUTION) as u64).max(1),
            };
            let (mut too_small, mut enough) = (0, all);
            while enough - too_small > step(enough) {
                let middle = too_small + (enough - too_small) / 2;
                match suffices(middle) {
                    true => enough = middle,
                    false => too_small = middle,
                }
            }
            enough
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
    use crate::model::Eviction;
    use crate::trace::Requests;

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
