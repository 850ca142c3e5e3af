//! Jobs that fill a shared tier: keys are read from the level below it, so many per second, and stored there.

use crate::model::Nanos;

/// A job that has begun.
#[derive(Debug)]
pub struct WarmJob {
    /// The level that it fills.
    pub level: usize,
    /// What is still to be read, the hottest last.
    keys: Vec<u32>,
    rate_per_s: f64,
    /// Most reads under way at once.
    parallel: u64,
    began_ns: Nanos,
    /// The instant from which the rate counts, and the keys begun since.
    since_ns: Nanos,
    begun: u64,
    pub in_flight: u64,
    hold: Hold,
}

/// Whether a key that is due has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    None,
    /// As many reads are under way as there may be.
    HeldUp,
    /// One of them has ended, and the key is about to go.
    Called,
}

impl WarmJob {
    /// `keys`: the hottest last.
    pub fn new(level: usize, keys: Vec<u32>, rate_per_s: f64, parallel: Option<u32>, now: Nanos) -> WarmJob {
        WarmJob {
            level,
            keys,
            rate_per_s,
            parallel: parallel.map_or(u64::MAX, u64::from),
            began_ns: now,
            since_ns: now,
            begun: 0,
            in_flight: 0,
            hold: Hold::None,
        }
    }

    /// The next key, and when the one after it is due; none: there is none, or too much is under way.
    pub fn next(&mut self, now: Nanos) -> Option<(u32, Option<Nanos>)> {
        if self.in_flight >= self.parallel && !self.keys.is_empty() {
            self.hold = Hold::HeldUp;
            return None;
        }
        let key = self.keys.pop()?;
        if std::mem::replace(&mut self.hold, Hold::None) != Hold::None {
            (self.since_ns, self.begun) = (now, 0);
        }
        self.begun += 1;
        let due_ns = self.since_ns + (self.begun as f64 * 1e9 / self.rate_per_s).round() as Nanos;
        Some((key, (!self.keys.is_empty()).then_some(due_ns)))
    }

    /// A read is over. Whether the next key, which is due, may go.
    pub fn end_one(&mut self) -> bool {
        debug_assert!(self.in_flight > 0, "a read ends that no job has begun");
        self.in_flight -= 1;
        let calls = self.hold == Hold::HeldUp && self.in_flight < self.parallel;
        if calls {
            self.hold = Hold::Called;
        }
        calls
    }

    /// How long it took, if it is done.
    pub fn took_ns(&self, now: Nanos) -> Option<Nanos> {
        (self.keys.is_empty() && self.in_flight == 0).then(|| now - self.began_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_due_at_the_rate_and_wait_for_a_place() {
        let mut job = WarmJob::new(0, vec![3, 2, 1], 4.0, Some(1), 1_000_000_000);
        assert_eq!(job.next(1_000_000_000), Some((1, Some(1_250_000_000))));
        job.in_flight += 1;
        assert_eq!(job.next(1_250_000_000), None, "one is under way");
        assert!(job.end_one());
        assert_eq!(job.next(1_400_000_000), Some((2, Some(1_650_000_000))), "the rate counts anew");
        job.in_flight += 1;
        assert!(!job.end_one(), "the next is not due yet");
        assert_eq!(job.took_ns(1_500_000_000), None);
        assert_eq!(job.next(1_650_000_000), Some((3, None)));
        assert_eq!(job.took_ns(1_700_000_000), Some(700_000_000));
        assert_eq!(job.next(1_700_000_000), None);
    }
}
