//! Stale reads where deletes come late, do not come, or are undone by a replica that lags.
//!
//! One key without a time to live; reads and writes are Poisson, and whatever is not a lag takes no time. A read is
//! stale if the version it got had been superseded before it started.

/// Share of reads that are stale where the deletes of some writes come late: of other instances' writes that a
/// broadcast covers, or of all writes where a change stream deletes.
///
/// `reads_per_s` are the lookups in this cache. Of the writes `at_once_per_s` delete without delay and `late_per_s`
/// a constant `lag_s` after their commit, so deletes are Poisson with rate u, the sum. A read finds the last delete
/// an exponential time A ago and the first read after it another exponential time X later. The copy is there if X < A
/// (probability `l / (l + u)`), and then its age Y is exponential with rate u again. There was no late commit between
/// the delete and one lag ago (it would have deleted since), so the copy is superseded if there was one within the
/// last `min(Y, lag)`: `1 - E[e^(-v min(Y, L))] = v / (u + v) (1 - e^(-(u + v) L))` with v the rate of late writes.
pub fn late_delete_stale(reads_per_s: f64, at_once_per_s: f64, late_per_s: f64, lag_s: f64) -> f64 {
    let deletes_per_s = at_once_per_s + late_per_s;
    let both_per_s = deletes_per_s + late_per_s;
    let superseded = late_per_s / both_per_s * -libm::expm1(-both_per_s * lag_s);
    reads_per_s / (reads_per_s + deletes_per_s) * superseded
}

/// Share of reads that are stale in the cache of an instance without invalidation after the writes of the others.
///
/// Only own writes delete, so the copy is there with probability `l / (l + own)` and its age Y is exponential with
/// rate `own`: it is superseded with probability `E[1 - e^(-v Y)] = v / (own + v)`, v being the others' writes. So of
/// what such a cache answers, the others' share of the writes is stale, at any rate of lookups.
pub fn untold_stale(reads_per_s: f64, own_per_s: f64, others_per_s: f64) -> f64 {
    reads_per_s / (reads_per_s + own_per_s) * others_per_s / (own_per_s + others_per_s)
}

/// Share of reads that are stale where each write deletes at once, and misses read a replica that lags.
///
/// The first read after a write fills with what the replica has: the old value, if it comes within the lag. Then all
/// reads up to the next write get that. So a read is stale if the first one after the last write, itself perhaps,
/// came within the lag: with the write an exponential time A ago, and that first read the exponential time X after
/// it, if `min(X, A) < L`: `1 - e^(-(l + u) L)`.
pub fn replica_stale(reads_per_s: f64, writes_per_s: f64, lag_s: f64) -> f64 {
    -libm::expm1(-(reads_per_s + writes_per_s) * lag_s)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::oracle::twin::{Coin, close};

    /// One cache, replayed. Writes of the first kind delete at once, those of the second `lag` later (never, if it is
    /// infinite); fills see the commits that are at least `behind` old.
    fn stale(reads: f64, at_once: f64, late: f64, lag: f64, behind: f64) -> f64 {
        let mut coin = Coin(5);
        let rate = reads + at_once + late;
        let (mut now, mut commits, mut copy) = (0.0, vec![0.0], None::<usize>);
        let mut deletes: VecDeque<f64> = VecDeque::new();
        let (mut all, mut stale) = (0u32, 0u32);
        while all < 1_500_000 {
            now += coin.exponential(rate);
            while deletes.front().is_some_and(|&at| at <= now) {
                deletes.pop_front();
                copy = None;
            }
            match coin.pick(&[reads / rate, at_once / rate, late / rate]) {
                0 => {
                    all += 1;
                    let held = *copy.get_or_insert_with(|| {
                        commits.iter().rposition(|&at| at == 0.0 || at <= now - behind).unwrap_or(0)
                    });
                    stale += u32::from(held + 1 < commits.len());
                }
                1 => {
                    commits.push(now);
                    copy = None;
                }
                _ => {
                    commits.push(now);
                    deletes.push_back(now + lag);
                }
            }
        }
        f64::from(stale) / f64::from(all)
    }

    #[test]
    fn late_deletes_by_replay() {
        close(stale(3.0, 0.0, 0.5, 0.7, 0.0), late_delete_stale(3.0, 0.0, 0.5, 0.7), 2e-3);
        close(stale(3.0, 0.4, 0.8, 1.5, 0.0), late_delete_stale(3.0, 0.4, 0.8, 1.5), 2e-3);
        // What nobody deletes in time stays stale as long as the change stream has not come to it.
        close(late_delete_stale(1e9, 0.0, 2.0, 1e9), 0.5, 1e-6);
    }

    #[test]
    fn writes_that_nobody_tells_of_by_replay() {
        close(stale(3.0, 0.2, 0.6, f64::INFINITY, 0.0), untold_stale(3.0, 0.2, 0.6), 2e-3);
    }

    #[test]
    fn replicas_by_replay() {
        close(stale(3.0, 0.4, 0.0, 0.0, 0.2), replica_stale(3.0, 0.4, 0.2), 2e-3);
    }
}
