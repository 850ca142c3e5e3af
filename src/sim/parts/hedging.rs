//! When a read is sent a second time: after a given time, or after a percentile of the times of reads.
//!
//! "Defer sending a secondary request until the first request has been outstanding for more than the 95th-percentile
//! expected latency for this class of requests" (Dean, Barroso: The Tail at Scale, CACM 2013). What is to be expected an
//! instance learns from its own attempts.

use crate::model::{HedgeAfter, Model, Nanos};
use crate::sim::queue::{GENERAL, Lane, Queue};

/// So many attempts an instance remembers,
const WINDOW: usize = 1_000;
/// and so many it needs before it hedges at all.
const MINIMUM: usize = 100;
/// After so many more the percentile is taken anew.
const EVERY: u32 = 50;

/// When reads are hedged.
#[derive(Clone, Debug)]
pub enum Hedging {
    After(Nanos, Lane),
    /// By instance.
    Learned(Vec<Percentile>),
}

impl Hedging {
    /// As the scenario has it, if it hedges.
    pub fn of(model: &Model, queue: &mut Queue) -> Option<Hedging> {
        Some(match model.database.hedge?.after {
            HedgeAfter::Time(after_ns) => Hedging::After(after_ns, queue.lane_for(after_ns)),
            HedgeAfter::Percentile(share) => {
                Hedging::Learned(vec![Percentile::new(share); model.clients.instances as usize])
            }
        })
    }

    /// How long an instance waits now, and the lane for it; `None`: it has not learned enough.
    pub fn after(&self, instance: u32) -> Option<(Nanos, Lane)> {
        match self {
            Hedging::After(after_ns, lane) => Some((*after_ns, *lane)),
            Hedging::Learned(of) => of.get(instance as usize)?.value_ns.map(|after_ns| (after_ns, GENERAL)),
        }
    }

    /// A first attempt of an instance took so long, or was given up then. What is given up for its hedge has taken
    /// longer than the percentile, which is enough for the percentile.
    pub fn learn(&mut self, instance: u32, took_ns: Nanos) {
        if let Hedging::Learned(of) = self
            && let Some(percentile) = of.get_mut(instance as usize)
        {
            percentile.learn(took_ns);
        }
    }

    /// A new process has no history.
    pub fn restart(&mut self, instance: u32) {
        if let Hedging::Learned(of) = self
            && let Some(percentile) = of.get_mut(instance as usize)
        {
            *percentile = Percentile::new(percentile.share);
        }
    }
}

/// A percentile (nearest rank) of the latest times.
#[derive(Clone, Debug)]
pub struct Percentile {
    share: f64,
    latest_ns: Vec<Nanos>,
    /// The oldest of them, once they are complete.
    oldest: usize,
    /// Learned since the percentile was taken.
    since: u32,
    value_ns: Option<Nanos>,
}

impl Percentile {
    fn new(share: f64) -> Percentile {
        Percentile { share, latest_ns: Vec::new(), oldest: 0, since: 0, value_ns: None }
    }

    fn learn(&mut self, took_ns: Nanos) {
        if self.latest_ns.len() < WINDOW {
            self.latest_ns.push(took_ns);
        } else {
            self.latest_ns[self.oldest] = took_ns;
            self.oldest = (self.oldest + 1) % WINDOW;
        }
        self.since += 1;
        let count = self.latest_ns.len();
        if count >= MINIMUM && (self.since >= EVERY || self.value_ns.is_none()) {
            self.since = 0;
            let rank = (self.share * count as f64).ceil() as usize;
            let mut sorted = self.latest_ns.clone();
            let (_, value_ns, _) = sorted.select_nth_unstable(rank.clamp(1, count) - 1);
            // A hedge at once would be no hedge.
            self.value_ns = Some((*value_ns).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_until_a_hundred_have_come() {
        let mut percentile = Percentile::new(0.95);
        (1..100).for_each(|took_ns| percentile.learn(took_ns));
        assert_eq!(percentile.value_ns, None);
        percentile.learn(100);
        assert_eq!(percentile.value_ns, Some(95));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut percentile = Percentile::new(0.5);
        (0..WINDOW).for_each(|_| percentile.learn(10));
        (0..WINDOW / 2 - 50).for_each(|_| percentile.learn(90));
        assert_eq!(percentile.value_ns, Some(10));
        (0..100).for_each(|_| percentile.learn(90));
        assert_eq!(percentile.value_ns, Some(90));
    }
    #[test]
    fn the_percentile_is_the_nearest_rank_and_is_taken_after_every_fifty() {
        let mut percentile = Percentile::new(0.8);
        // 1 to 137 in some order.
        let mut values = (0..137).map(|n| n * 10 % 137 + 1);
        (&mut values).take(100).for_each(|took_ns| percentile.learn(took_ns));
        let after_hundred = percentile.value_ns;
        values.for_each(|took_ns| percentile.learn(took_ns));
        assert_eq!(percentile.value_ns, after_hundred, "37 more are less than fifty");
        (138..=149).for_each(|took_ns| percentile.learn(took_ns));
        assert_eq!(percentile.value_ns, after_hundred);
        percentile.learn(150);
        // Of 1 to 150 the rank is 120.
        assert_eq!(percentile.value_ns, Some(120));
    }

    #[test]
    fn a_thousand_are_remembered() {
        let mut percentile = Percentile::new(0.9);
        (0..150).for_each(|_| percentile.learn(9));
        (0..850).for_each(|_| percentile.learn(3));
        assert_eq!(percentile.value_ns, Some(9), "850 of 1,000 are less than nine tenths");
        // The oldest go first: 50 later a hundred of them are left.
        (0..50).for_each(|_| percentile.learn(3));
        assert_eq!(percentile.value_ns, Some(3));
    }

    #[test]
    fn no_time_at_all_is_a_nanosecond() {
        let mut percentile = Percentile::new(0.95);
        (0..100).for_each(|_| percentile.learn(0));
        assert_eq!(percentile.value_ns, Some(1));
    }
}
