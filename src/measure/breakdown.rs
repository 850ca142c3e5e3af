//! Where the time of requests goes: sums by part over ranges of latency, and the slowest requests step by step.
//!
//! A percentile is known at the end of a run only. So the parts are summed by range of latency, and the ranges around the
//! percentile answer for it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::histogram::Coarse;
use super::recorder::{Cause, OUTCOMES, Outcome};
use crate::model::Nanos;

macro_rules! parts {
    ($($part:ident $name:literal $title:literal;)*) => {
        /// A part of a latency. At every instant of its way a request is on one of these.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Part { $($part),* }

        /// Parts by number: their names in the record, and in words.
        pub const PARTS: &[(Part, &str, &str)] = &[$((Part::$part, $name, $title)),*];
    };
}

parts! {
    Worker "worker" "waiting for a worker";
    InProcess "tier.in_process" "tiers in the process";
    Coding "tier.coding" "encoding and decoding";
    TierPool "tier.pool" "tier pool wait";
    TierNetwork "tier.network" "tier network";
    TierQueue "tier.queue" "tier queue";
    TierService "tier.service" "tier service";
    TierFailed "tier.failed" "failed tier commands";
    Leader "leader" "waiting for a leader";
    DbPool "db.pool" "database pool wait";
    DbNetwork "db.network" "database network";
    DbQueue "db.queue" "database queue";
    DbService "db.service" "database service";
    DbFailed "db.failed" "failed attempts";
    Backoff "db.backoff" "backoff";
}

impl Part {
    /// In the record.
    pub fn name(self) -> &'static str {
        PARTS[self as usize].1
    }
}

/// Number of parts.
const COUNT: usize = Part::Backoff as usize + 1;

/// A time for each part.
pub type ByPart = [Nanos; COUNT];

/// So many of the slowest requests are kept.
pub const SLOWEST: usize = 10;
/// Of a longer way the first steps are kept,
const FIRST_STEPS: usize = 40;
/// and the last ones.
const LAST_STEPS: usize = 20;

/// A range of latencies for a percentile grows until it has so many requests,
const ENOUGH: u64 = 100;
/// but by no more buckets on each side, which is about a tenth of the latency.
const WIDEST: usize = 3;

/// A stage of a request's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    pub start_ns: Nanos,
    pub end_ns: Nanos,
    pub part: Part,
    /// The level of the tier, of a part that belongs to one.
    pub tier: Option<u8>,
}

/// A request with its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowRequest {
    pub start_ns: Nanos,
    pub latency_ns: Nanos,
    /// Of a read of several keys: the one that came last.
    pub key: u32,
    pub class: u8,
    pub instance: u32,
    pub outcome: Outcome,
    /// Of an error.
    pub cause: Option<Cause>,
    /// Without those that took no time.
    pub steps: Vec<Step>,
    /// Steps of a long way that are not kept; they lie between the first forty and the last twenty.
    pub left_out: usize,
}

impl SlowRequest {
    /// The slowest first; equals in the order of time.
    fn order(&self, other: &SlowRequest) -> Ordering {
        let of = |slow: &SlowRequest| (slow.start_ns, slow.key, slow.class, slow.instance);
        (other.latency_ns.cmp(&self.latency_ns))
            .then_with(|| of(self).cmp(&of(other)))
            .then_with(|| self.steps.cmp(&other.steps))
    }

    /// Leaves out the middle of a long way.
    pub fn shorten(&mut self) {
        if self.steps.len() > FIRST_STEPS + LAST_STEPS {
            let last = self.steps.len() - LAST_STEPS;
            self.left_out += self.steps.drain(FIRST_STEPS..last).count();
        }
    }
}

/// The requests in a range of latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub requests: u64,
    /// Over all of them.
    pub parts_ns: ByPart,
}

impl Sums {
    fn add(&mut self, requests: u64, parts_ns: &ByPart) {
        self.requests += requests;
        self.parts_ns.iter_mut().zip(parts_ns).for_each(|(sum, ns)| *sum = sum.saturating_add(*ns));
    }

    /// All latencies together.
    pub fn latency_ns(&self) -> Nanos {
        self.parts_ns.iter().fold(0, |sum, ns| sum.saturating_add(*ns))
    }
}

/// Where the time of the requests of one outcome goes, by bucket of their latency; ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByLatency(Vec<(usize, Sums)>);

impl ByLatency {
    fn add(&mut self, bucket: usize, requests: u64, parts_ns: &ByPart) {
        let place = match self.0.binary_search_by_key(&bucket, |row| row.0) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (bucket, Sums::default()));
                place
            }
        };
        self.0[place].1.add(requests, parts_ns);
    }

    fn merge(&mut self, other: &ByLatency) {
        other.0.iter().for_each(|(bucket, sums)| self.add(*bucket, sums.requests, &sums.parts_ns));
    }

    /// All requests.
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.0.iter().for_each(|(_, sums)| total.add(sums.requests, &sums.parts_ns));
        total
    }

    /// The requests around a nearest-rank quantile: those in its bucket of latencies, and in as many on each side as
    /// it takes until there are enough.
    pub fn around(&self, share: f64) -> Sums {
        let count = self.total().requests;
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        let found = self.0.iter().find(|(_, sums)| {
            seen += sums.requests;
            seen >= rank
        });
        let Some(&(middle, _)) = found else { return Sums::default() };
        let within = |reach: usize| {
            let mut sums = Sums::default();
            let near = self.0.iter().filter(|(bucket, _)| bucket.abs_diff(middle) <= reach);
            near.for_each(|(_, row)| sums.add(row.requests, &row.parts_ns));
            sums
        };
        let mut sums = within(0);
        for reach in 1..=WIDEST {
            if sums.requests >= ENOUGH {
                break;
            }
            sums = within(reach);
        }
        sums
    }
}

/// Where the time of the requests of a simulation goes that start in its measured part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// By number of the outcome.
    outcomes: [ByLatency; OUTCOMES.len()],
    /// The slowest first.
    slowest: Vec<SlowRequest>,
}

impl Breakdown {
    /// Counts a request that spent its latency on these parts. `request` makes its way, if it is among the slowest.
    pub fn finish(&mut self, outcome: Outcome, parts_ns: &ByPart, request: impl FnOnce() -> SlowRequest) {
        let latency_ns = parts_ns.iter().sum();
        self.outcomes[outcome as usize].add(Coarse::bucket(latency_ns), 1, parts_ns);
        let is_full = self.slowest.len() == SLOWEST;
        if !is_full || self.slowest.last().is_some_and(|last| latency_ns >= last.latency_ns) {
            self.insert(request());
        }
    }

    fn insert(&mut self, request: SlowRequest) {
        let place = self.slowest.partition_point(|other| other.order(&request).is_le());
        self.slowest.insert(place, request);
        self.slowest.truncate(SLOWEST);
    }

    /// The requests that ended so.
    pub fn outcome(&self, outcome: Outcome) -> &ByLatency {
        &self.outcomes[outcome as usize]
    }

    /// All requests.
    pub fn all(&self) -> ByLatency {
        let mut all = ByLatency::default();
        self.outcomes.iter().for_each(|outcome| all.merge(outcome));
        all
    }

    /// Adds the requests of another simulation; the slowest of each are not merged.
    pub fn merge_sums(&mut self, other: &Breakdown) {
        self.outcomes.iter_mut().zip(&other.outcomes).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// The slowest requests, the slowest first.
    pub fn slowest(&self) -> &[SlowRequest] {
        &self.slowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that waited for the database and was served.
    fn request(start_ns: Nanos, queue_ns: Nanos, service_ns: Nanos) -> (ByPart, SlowRequest) {
        let mut parts_ns = ByPart::default();
        (parts_ns[Part::DbQueue as usize], parts_ns[Part::DbService as usize]) = (queue_ns, service_ns);
        let step = |part, from_ns, to_ns| Step {
            start_ns: start_ns + from_ns,
            end_ns: start_ns + to_ns,
            part,
            tier: None,
        };
        let latency_ns = queue_ns + service_ns;
        let steps = vec![step(Part::DbQueue, 0, queue_ns), step(Part::DbService, queue_ns, latency_ns)];
        let outcome = Outcome::Miss;
        let request = SlowRequest {
            start_ns,
            latency_ns,
            key: 7,
            class: 0,
            instance: 3,
            outcome,
            cause: None,
            steps,
            left_out: 0,
        };
        (parts_ns, request)
    }

    fn breakdown(requests: &[(Nanos, Nanos, Nanos)]) -> Breakdown {
        let mut breakdown = Breakdown::default();
        for &(start_ns, queue_ns, service_ns) in requests {
            let (parts_ns, slow) = request(start_ns, queue_ns, service_ns);
            breakdown.finish(Outcome::Miss, &parts_ns, || slow);
        }
        breakdown
    }

    #[test]
    fn parts_are_numbered_as_they_are_listed() {
        assert!(PARTS.iter().enumerate().all(|(number, part)| part.0 as usize == number));
        assert_eq!(PARTS.len(), COUNT);
    }

    #[test]
    fn a_quantile_is_answered_for_by_the_requests_around_it() {
        // Ninety-eight fast requests, and two that waited twice as long as they were served.
        let mut requests: Vec<(Nanos, Nanos, Nanos)> = (0..98).map(|n| (n, 0, 1_000)).collect();
        requests.extend([(98, 200_000, 100_000), (99, 201_000, 100_000)]);
        let all = breakdown(&requests).all();
        let p50 = all.around(0.5);
        assert_eq!((p50.requests, p50.latency_ns()), (98, 98_000));
        let p99 = all.around(0.99);
        assert_eq!(
            (p99.requests, p99.parts_ns[Part::DbQueue as usize], p99.latency_ns()),
            (2, 401_000, 601_000)
        );
        let total = all.total();
        assert_eq!((total.requests, total.latency_ns()), (100, 699_000));
        assert_eq!(ByLatency::default().around(0.99), Sums::default());
    }

    #[test]
    fn a_range_with_few_requests_takes_in_its_neighbours() {
        // Buckets of 32 us around 1 ms: 1,000,000 ns lies in the middle of three, each with one request.
        let all =
            breakdown(&[(0, 0, 970_000), (1, 0, 1_000_000), (2, 0, 1_030_000), (3, 0, 9_000_000)]).all();
        assert_eq!(all.around(0.5).requests, 3);
    }

    #[test]
    fn the_ten_slowest_are_kept_and_the_earlier_of_equals_comes_first() {
        let slow: Vec<(Nanos, Nanos, Nanos)> = (0..30).map(|n| (n, 100 * (n % 3), 50)).collect();
        let breakdown = breakdown(&slow);
        let kept: Vec<_> = breakdown.slowest().iter().map(|slow| (slow.latency_ns, slow.start_ns)).collect();
        let expected: Vec<_> = (0..10).map(|n| (250, 3 * n + 2)).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_long_way_keeps_its_ends() {
        let (_, mut slow) = request(0, 1, 1);
        slow.steps =
            (0..100).map(|n| Step { start_ns: n, end_ns: n + 1, part: Part::Backoff, tier: None }).collect();
        slow.shorten();
        assert_eq!((slow.steps.len(), slow.left_out), (60, 40));
        assert_eq!((slow.steps[39].start_ns, slow.steps[40].start_ns), (39, 80));
    }

    #[test]
    fn a_breakdown_survives_the_disk() {
        let whole = breakdown(&[(5, 3, 4), (9, 0, 1_000_000_007)]);
        let read: Breakdown = serde_json::from_str(&serde_json::to_string(&whole).unwrap()).unwrap();
        assert_eq!(read, whole);
    }
}
