//! Keys that change their places in the order of popularity.

use crate::dice::{Stream, below};
use crate::model::{Class, Nanos, Ranking};

/// The keys of a class by rank at the present instant, which never goes back.
pub(super) enum Places {
    /// Key and rank are the same.
    Fixed,
    /// Pairs of ranks drawn alike exchange their keys, at constant gaps.
    Drift { key_of: Vec<u32>, exchanges: u64, per_ns: f64, dice: Stream },
    /// Key `keys + k` arrives as the k-th new one and takes the first rank.
    Newest { keys: u64, new_keys: u64, per_ns: f64 },
    /// The keys of the last writes, as many as there are keys; the oldest is at `next`.
    LastWritten { log: Vec<u32>, next: usize, dice: Stream },
}

impl Places {
    /// `ids` of the class, from 0, are those of its keys and of new ones.
    pub fn new(class: &Class, ids: u64, dice: Stream) -> Places {
        let keys = class.keys;
        match class.ranking {
            Ranking::Fixed => Places::Fixed,
            Ranking::Drift { half_life_ns } => Places::Drift {
                key_of: (0..keys as u32).collect(),
                exchanges: 0,
                // An exchange moves two keys, so that of n a share of e^(-2 x / n) has not moved after x of them.
                per_ns: keys as f64 * std::f64::consts::LN_2 / 2.0 / half_life_ns as f64,
                dice,
            },
            Ranking::Newest { rate_per_s } => {
                Places::Newest { keys, new_keys: ids - keys, per_ns: rate_per_s / 1e9 }
            }
            Ranking::LastWritten => {
                Places::LastWritten { log: (0..keys as u32).rev().collect(), next: 0, dice }
            }
        }
    }

    /// The key that a request of this rank is for.
    pub fn key_at(&mut self, rank: u32, is_write: bool, now: Nanos) -> u32 {
        match self {
            Places::Fixed => rank,
            Places::Drift { key_of, exchanges, per_ns, dice } => {
                let due = (now as f64 * *per_ns) as u64;
                while *exchanges < due {
                    let keys = key_of.len() as u32;
                    key_of.swap(below(dice, keys) as usize, below(dice, keys) as usize);
                    *exchanges += 1;
                }
                key_of[rank as usize]
            }
            Places::Newest { keys, new_keys, per_ns } => {
                let arrived = ((now as f64 * *per_ns) as u64).min(*new_keys);
                let (rank, keys) = (u64::from(rank), *keys);
                (if rank < arrived { keys + arrived - 1 - rank } else { rank - arrived }) as u32
            }
            Places::LastWritten { log, next, dice } => {
                let keys = log.len();
                if !is_write {
                    return log[(*next + keys - 1 - rank as usize) % keys];
                }
                let key = below(dice, keys as u32);
                log[*next] = key;
                *next = (*next + 1) % keys;
                key
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;

    const SECOND: Nanos = 1_000_000_000;

    fn places(ranking: &str, keys: u32) -> Places {
        let source = format!(
            "question = \"?\"\nduration = \"100s\"\n[workload]\narrivals = {{ poisson = {{ rate = 10 }} }}\nkeys = {keys}\n\
             popularity = {{ zipf = {{ exponent = 1.0 }} }}\nwrite_share = 0.5\nranking = {ranking}\n[database]\nread = \"1ms\"\nservers = 1\n"
        );
        let overrides = crate::scenario::Overrides::default();
        let experiment =
            crate::scenario::parse(&source, "x.toml", std::path::Path::new(""), &overrides).unwrap();
        {
            let model = &experiment.variants[0].model;
            let class = &model.workload.classes[0];
            Places::new(class, model.keys_of(class), stream(1, 0, "test"))
        }
    }

    #[test]
    fn new_keys_take_the_first_rank() {
        let mut places = places("{ newest = { rate = 0.3 } }", 4);
        let mut at = |now| [0, 1, 2, 3].map(|rank| places.key_at(rank, false, now));
        assert_eq!(at(0), [0, 1, 2, 3]);
        // At 10 s three have arrived: 4, 5 and 6.
        assert_eq!(at(10 * SECOND), [6, 5, 4, 0]);
        assert_eq!(at(20 * SECOND), [9, 8, 7, 6]);
    }

    #[test]
    fn reads_follow_the_last_writes() {
        let mut places = places("\"last-written\"", 5);
        let now = SECOND;
        let reads = |places: &mut Places| [0, 1, 2, 3, 4].map(|rank| places.key_at(rank, false, now));
        assert_eq!(reads(&mut places), [0, 1, 2, 3, 4]);
        let written = [0; 3].map(|_| places.key_at(4, true, now));
        assert_eq!(reads(&mut places), [written[2], written[1], written[0], 0, 1]);
    }

    #[test]
    fn after_the_half_life_half_of_the_keys_have_moved() {
        let keys = 20_000;
        let mut places = places("{ drift = { half_life = \"10s\" } }", keys);
        let mut still = |at_s: u64| {
            let now = at_s * SECOND;
            (0..keys).filter(|&rank| places.key_at(rank, false, now) == rank).count() as f64 / f64::from(keys)
        };
        assert_eq!(still(0), 1.0);
        assert!((still(10) - 0.5).abs() < 0.015);
        assert!((still(30) - 0.125).abs() < 0.015);
        // A permutation all the time.
        let mut present: Vec<u32> = (0..keys).map(|rank| places.key_at(rank, false, 30 * SECOND)).collect();
        present.sort_unstable();
        assert!(present.iter().copied().eq(0..keys));
    }
}
