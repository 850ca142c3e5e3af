//! The counters of the rate limiter, in a shared tier.
//!
//! The naive one is two commands, as practised: GET, then SETEX 1 where there is no counter, else INCR. What others do
//! between the two is lost on it: they pass as well, and a second SETEX puts the count back to one. No code here is
//! about races; they follow from when the server serves which command.

use rustc_hash::FxHashMap;

use crate::dice::{Stream, stream};
use crate::measure::histogram::Fine;
use crate::model::{Model, Nanos};
use crate::workload::popularity::KeySampler;

/// A command on a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// GET.
    Look,
    /// SETEX 1.
    Start,
    /// INCR.
    Add,
    /// INCR, with EXPIRE where it started the counter, in one script.
    Take,
}

/// One caller's counter. Its life, from the command that creates it to its expiry, is the window.
#[derive(Clone, Copy, Debug)]
struct Counter {
    /// The counters in Redis.
    count: u32,
    /// Whom it let pass in truth.
    admitted: u32,
    started_ns: Nanos,
    /// `Nanos::MAX`: never, after an INCR of what had expired.
    expiry_ns: Nanos,
}

/// The counters of a tier. They are neither evicted nor part of its memory.
#[derive(Clone, Debug)]
pub struct Counters {
    limit: u32,
    per_ns: Nanos,
    warmup_ns: Nanos,
    held: FxHashMap<u32, Counter>,
    /// Admitted above the limit, in each window of the measured part that reached it.
    over: Fine,
}

impl Counters {
    /// The counters that this tier keeps, if it keeps any.
    pub fn of(model: &Model, tier: usize) -> Option<Counters> {
        let limiter = model.limiter.as_ref().filter(|limiter| limiter.tier == tier)?;
        Some(Counters {
            limit: limiter.limit,
            per_ns: limiter.per_ns,
            warmup_ns: model.warmup_ns,
            held: FxHashMap::default(),
            over: Fine::new(),
        })
    }

    /// Executes a command; returns its count, zero where there is none.
    pub fn execute(&mut self, count: Count, caller: u32, now: Nanos) -> u32 {
        if let Some(counter) = self.held.get(&caller)
            && counter.expiry_ns <= now
        {
            let ended = *counter;
            self.held.remove(&caller);
            self.close(&ended);
        }
        let (limit, until_ns) = (self.limit, now.saturating_add(self.per_ns));
        if count == Count::Look {
            return self.held.get(&caller).map_or(0, |counter| counter.count);
        }
        // INCR of a key that is not there makes one that never expires.
        let expiry_ns = if count == Count::Add { Nanos::MAX } else { until_ns };
        let new = Counter { count: 0, admitted: 0, started_ns: now, expiry_ns };
        let counter = self.held.entry(caller).or_insert(new);
        if count == Count::Start {
            (counter.count, counter.expiry_ns) = (0, until_ns);
        }
        counter.count = counter.count.saturating_add(1);
        counter.admitted += u32::from(count != Count::Take || counter.count <= limit);
        counter.count
    }

    /// A window is over.
    fn close(&mut self, counter: &Counter) {
        if counter.started_ns >= self.warmup_ns && counter.admitted >= self.limit {
            self.over.record(u64::from(counter.admitted - self.limit));
        }
    }

    /// They count as they did at an earlier time; what they let pass since then has passed.
    pub fn revert(&mut self, past: Counters) {
        for (caller, counter) in std::mem::replace(&mut self.held, past.held) {
            match self.held.get_mut(&caller) {
                Some(again) if again.started_ns == counter.started_ns => again.admitted = counter.admitted,
                _ => self.close(&counter),
            }
        }
    }

    /// All are gone.
    pub fn clear(&mut self) {
        let held = std::mem::take(&mut self.held);
        held.values().for_each(|counter| self.close(counter));
    }

    /// At the end of the run: how far full windows were overshot, and how many counters would never expire.
    pub fn finish(&mut self) -> (Fine, u64) {
        let stuck = self.held.values().filter(|counter| counter.expiry_ns == Nanos::MAX).count();
        self.clear();
        (std::mem::take(&mut self.over), stuck as u64)
    }
}

/// The caller.
pub struct Callers {
    sampler: KeySampler,
    dice: Stream,
}

impl Callers {
    pub fn of(model: &Model, seed: u64, replication: u32) -> Option<Callers> {
        let limiter = model.limiter.as_ref()?;
        let sampler = KeySampler::new(&limiter.popularity, limiter.callers);
        Some(Callers { sampler, dice: stream(seed, replication, "limiter.callers") })
    }

    pub fn draw(&mut self) -> u32 {
        self.sampler.sample(&mut self.dice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(limit: u32) -> Counters {
        Counters { limit, per_ns: 100, warmup_ns: 0, held: FxHashMap::default(), over: Fine::new() }
    }

    #[test]
    fn counters_that_forget_their_last_counts_let_more_pass_than_they_know() {
        let mut counters = counters(2);
        assert_eq!(counters.execute(Count::Take, 7, 1), 1);
        let past = counters.clone();
        assert_eq!(counters.execute(Count::Take, 7, 2), 2);
        // The window of another caller began later: it is over without an overshoot.
        assert_eq!(counters.execute(Count::Take, 8, 3), 1);
        counters.revert(past);
        assert_eq!(counters.execute(Count::Take, 7, 4), 2);
        assert_eq!(counters.execute(Count::Take, 8, 5), 1);
        assert_eq!(counters.finish().0.max(), Some(1), "three passed where two may");
    }

    #[test]
    fn a_second_setex_forgets_the_first() {
        let mut counters = counters(2);
        for (count, now, told) in [
            (Count::Look, 0, 0),
            (Count::Start, 1, 1),
            (Count::Start, 2, 1),
            (Count::Add, 3, 2),
            (Count::Look, 101, 2),
            (Count::Look, 102, 0),
        ] {
            assert_eq!(counters.execute(count, 7, now), told, "{count:?} at {now}");
        }
        assert_eq!(counters.finish().0.max(), Some(1), "three passed where two may");
    }

    #[test]
    fn an_incr_after_the_expiry_never_expires() {
        let mut counters = counters(2);
        counters.execute(Count::Start, 7, 0);
        assert_eq!(counters.execute(Count::Add, 7, 100), 1);
        assert_eq!(counters.execute(Count::Look, 7, 1_000_000), 1);
        assert_eq!(counters.finish().1, 1);
    }
}
