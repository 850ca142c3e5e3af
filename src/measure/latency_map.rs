//! Latencies over time in few, coarse cells: how many requests of each part of the run took about how long.

use serde::{Deserialize, Serialize};

use super::recorder::{OUTCOMES, Recorder, Window};

/// More windows than this are joined to columns.
const COLUMNS_MAX: usize = 200;
/// The lowest row ends at 2^11 ns, about 2 µs: nobody waits for less.
const FIRST: u32 = 10;
/// The highest one begins at 2^36 ns, about 69 s.
const LAST: u32 = 36;

/// Counts of requests by time of their start and by latency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LatencyMap {
    /// Width of a column; column i covers `[i width_s, (i + 1) width_s)`, warm-up included.
    pub width_s: f64,
    /// The lowest row holds latencies from 2^first ns up to twice as long, each further row those twice as long as the one
    /// below; what is shorter or longer than all rows is in the first or the last.
    pub first: u32,
    /// By column the requests of each row, from the lowest one up to the last that has any.
    pub counts: Vec<Vec<u64>>,
}

impl LatencyMap {
    /// Of one simulation, all requests together.
    pub fn of(recorder: &Recorder) -> LatencyMap {
        let joined = recorder.windows.len().div_ceil(COLUMNS_MAX).max(1);
        let column = |windows: &[Window]| {
            let mut counts = Vec::new();
            let latencies = windows
                .iter()
                .flat_map(|window| OUTCOMES.iter().filter_map(move |(outcome, _)| window.latency(*outcome)));
            for (value, count) in latencies.flat_map(|latency| latency.buckets()) {
                add(&mut counts, row(value), count);
            }
            counts
        };
        LatencyMap {
            width_s: (recorder.window_ns * joined as u64) as f64 / 1e9,
            first: FIRST,
            counts: recorder.windows.chunks(joined).map(column).collect(),
        }
    }

    /// Adds another replication of the same model.
    pub fn merge(&mut self, other: &LatencyMap) {
        if self.counts.is_empty() {
            *self = other.clone();
            return;
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            theirs.iter().enumerate().for_each(|(row, count)| add(mine, row, *count));
        }
    }

    /// Without the lowest rows in which there is no request; `None` where there is none at all.
    pub fn trimmed(mut self) -> Option<LatencyMap> {
        let lowest = |column: &Vec<u64>| column.iter().position(|count| *count > 0);
        let empty = self.counts.iter().filter_map(lowest).min()?;
        self.counts.iter_mut().for_each(|column| drop(column.drain(..empty.min(column.len()))));
        self.first += empty as u32;
        Some(self)
    }
}

fn add(counts: &mut Vec<u64>, row: usize, count: u64) {
    if counts.len() <= row {
        counts.resize(row + 1, 0);
    }
    counts[row] += count;
}

/// The row of a latency in nanoseconds.
fn row(latency_ns: u64) -> usize {
    (latency_ns.max(1).ilog2().clamp(FIRST, LAST) - FIRST) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_latencies_up_to_twice_its_lowest() {
        assert_eq!([0, 1_023, 1_024, 2_047, 2_048, 1 << 20, u64::MAX].map(row), [0, 0, 0, 0, 1, 10, 26]);
    }

    #[test]
    fn replications_add_up_and_empty_rows_below_are_left_out() {
        let map = |counts: &[&[u64]]| LatencyMap {
            width_s: 1.0,
            first: FIRST,
            counts: counts.iter().map(|column| column.to_vec()).collect(),
        };
        let mut all = LatencyMap::default();
        all.merge(&map(&[&[0, 0, 5], &[], &[0, 2]]));
        all.merge(&map(&[&[0, 1], &[], &[0, 0, 0, 7]]));
        assert_eq!(all, map(&[&[0, 1, 5], &[], &[0, 2, 0, 7]]));
        let trimmed = all.trimmed().unwrap();
        assert_eq!((trimmed.first, trimmed.counts), (11, vec![vec![1, 5], vec![], vec![2, 0, 7]]));
        assert_eq!(map(&[&[], &[0]]).trimmed(), None);
    }
}
