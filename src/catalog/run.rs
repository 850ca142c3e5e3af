//! One replication as the formulas of measures see it: the model, the recorder, and the sums that several formulas need.

use std::cell::OnceCell;

use super::tier::TierRun;
use crate::measure::histogram::{Coarse, Fine};
use crate::measure::ordinary::Ordinary;
use crate::measure::recorder::{Gauges, Left, Outcome, Recorder, TierTotals, Totals, Window};
use crate::measure::recovery::{self, EventOutcome};
use crate::model::{Class, Model, Nanos};

/// `None`: the replication has no such measure. `Some(None)`: it has, but the value is not defined.
pub type Value = Option<Option<f64>>;

/// Outcomes that are answers from a tier.
pub const HITS: &[Outcome] = &[Outcome::Hit, Outcome::NegativeHit, Outcome::StaleHit];
/// Outcomes of reads that were answered.
pub const READS: &[Outcome] =
    &[Outcome::Hit, Outcome::NegativeHit, Outcome::StaleHit, Outcome::Coalesced, Outcome::Miss];
pub const FAILED: &[Outcome] = &[Outcome::Error, Outcome::Unfinished];
const ALL: &[Outcome] = &[
    Outcome::Hit,
    Outcome::NegativeHit,
    Outcome::StaleHit,
    Outcome::Coalesced,
    Outcome::Miss,
    Outcome::Write,
    Outcome::Error,
    Outcome::Unfinished,
];

/// Requests whose latencies are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    All,
    Hit,
    Miss,
    Coalesced,
    Write,
    Error,
    /// Answered existence checks, which are in the other families as well.
    Exists,
}

const FAMILIES: usize = Family::Exists as usize + 1;

impl Family {
    const fn outcomes(self) -> &'static [Outcome] {
        match self {
            Family::All => ALL,
            Family::Hit => HITS,
            Family::Miss => &[Outcome::Miss],
            Family::Coalesced => &[Outcome::Coalesced],
            Family::Write => &[Outcome::Write],
            Family::Error => &[Outcome::Error],
            Family::Exists => READS,
        }
    }
}

/// A part of a whole; `None` where the whole is nothing.
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

pub fn ms(ns: Option<Nanos>) -> Option<f64> {
    ns.map(|ns| ns as f64 / 1e6)
}

pub fn seconds(ns: Option<Nanos>) -> Option<f64> {
    ns.map(|ns| ns as f64 / 1e9)
}

/// One replication, and of rows about a tier, a class or an event which one.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub model: &'a Model,
    pub recorder: &'a Recorder,
    pub(super) index: usize,
    pub(super) shared: &'a Shared,
}

/// Values that several formulas share, computed on first use.
#[derive(Default)]
pub(super) struct Shared {
    latency: [OnceCell<Fine>; FAMILIES],
    /// Window by window; empty where no request is of the family.
    windows: [OnceCell<Vec<Coarse>>; FAMILIES],
    events: OnceCell<Vec<EventOutcome>>,
    ordinary: OnceCell<Option<Ordinary>>,
    no_tier: TierTotals,
    start: OnceCell<Totals>,
}

/// One window of a series.
pub struct Tick<'a> {
    pub before: &'a Totals,
    pub after: &'a Totals,
    pub gauges: &'a Gauges,
    pub width_s: f64,
}

impl<'a> Run<'a> {
    pub(super) fn new(model: &'a Model, recorder: &'a Recorder, shared: &'a Shared) -> Run<'a> {
        Run { model, recorder, index: 0, shared }
    }

    pub fn measured_s(&self) -> f64 {
        (self.model.duration_ns - self.model.warmup_ns) as f64 / 1e9
    }

    /// Of running totals, what was added in the measured part.
    pub fn gained(&self, of: impl Fn(&Totals) -> u64) -> u64 {
        let [before, after] = &self.recorder.measured;
        of(after) - of(before)
    }

    /// The same of an integral over time.
    pub fn gained_ns(&self, of: impl Fn(&Totals) -> u128) -> f64 {
        let [before, after] = &self.recorder.measured;
        (of(after) - of(before)) as f64
    }

    pub fn per_second(&self, count: u64) -> Option<f64> {
        Some(count as f64 / self.measured_s())
    }

    /// Gain of running totals per second.
    pub fn rate(&self, of: impl Fn(&Totals) -> u64) -> Value {
        Some(self.per_second(self.gained(of)))
    }

    /// Measured requests that ended so.
    pub fn count(&self, outcomes: &[Outcome]) -> f64 {
        self.recorder.latency.iter().map(|class| ended(class, outcomes)).sum::<u64>() as f64
    }

    pub fn requests(&self) -> f64 {
        self.count(ALL)
    }

    /// Keys of reads that ended so.
    pub fn keys(&self, outcomes: &[Outcome]) -> f64 {
        match self.recorder.keys.as_slice() {
            [] => self.count(outcomes),
            keys => outcomes.iter().map(|&outcome| keys[outcome as usize]).sum::<u64>() as f64,
        }
    }

    /// Share of all requests that ended so.
    pub fn share(&self, outcomes: &[Outcome]) -> Value {
        Some(ratio(self.count(outcomes), self.requests()))
    }

    /// Existence checks that ended so; `None` where nobody checks.
    pub fn checks(&self, outcomes: &[Outcome]) -> Option<f64> {
        let checks = self.recorder.checks.as_slice();
        (!checks.is_empty()).then(|| ended(checks, outcomes) as f64)
    }

    pub fn every_check(&self) -> Option<f64> {
        self.checks(ALL)
    }

    /// Whether the family can occur: existence checks may not.
    pub fn has(&self, family: Family) -> bool {
        family != Family::Exists || !self.recorder.checks.is_empty()
    }

    /// Latencies over all classes.
    pub fn latency(&self, family: Family) -> &'a Fine {
        self.shared.latency[family as usize].get_or_init(|| match family {
            Family::Exists => merged([self.recorder.checks.as_slice()], family.outcomes()),
            _ => merged(self.recorder.latency.iter().map(|class| class.as_slice()), family.outcomes()),
        })
    }

    pub fn class(&self) -> Option<&'a Class> {
        self.model.workload.classes.get(self.index).filter(|_| self.model.workload.classes.len() > 1)
    }

    /// Requests of the class that ended so.
    pub fn class_count(&self, outcomes: &[Outcome]) -> Option<f64> {
        self.class().map(|_| ended(&self.recorder.latency[self.index], outcomes) as f64)
    }

    pub fn class_requests(&self) -> Option<f64> {
        self.class_count(ALL)
    }

    pub fn class_latency(&self) -> Option<Fine> {
        self.class().map(|_| merged([self.recorder.latency[self.index].as_slice()], ALL))
    }

    pub fn event(&self) -> &'a EventOutcome {
        &self.events()[self.index]
    }

    fn events(&self) -> &'a [EventOutcome] {
        self.shared.events.get_or_init(|| recovery::outcomes(self.model, self.recorder))
    }

    /// `None` where the model has no event: the whole run is ordinary. `Some(None)` where the run has no ordinary state.
    pub fn ordinary(&self) -> Option<Option<&'a Ordinary>> {
        let cells = self.recorder.cells.as_ref().filter(|_| !self.model.events.is_empty())?;
        let ordinary = self.shared.ordinary.get_or_init(|| Ordinary::of(self.model, cells, self.events()));
        Some(ordinary.as_ref())
    }

    pub fn tier(&self) -> TierRun<'a> {
        self.tier_at(self.index)
    }

    fn tier_at(&self, level: usize) -> TierRun<'a> {
        let [before, after] = &self.recorder.measured;
        let from = before.tiers.get(level).unwrap_or(&self.shared.no_tier);
        TierRun { tier: &self.model.tiers[level], from, to: &after.tiers[level], level }
    }

    /// Gain of all tiers together; `None` where there is no tier.
    pub fn all_tiers(&self, of: impl Fn(&TierTotals) -> u64) -> Option<u64> {
        let levels = 0..self.model.tiers.len();
        (!levels.is_empty()).then(|| levels.map(|level| self.tier_at(level).gained(&of)).sum())
    }

    /// What the shared tiers gained together.
    pub fn shared_tiers(&self, of: impl Fn(&TierTotals) -> u64) -> u64 {
        let tiers = (0..self.model.tiers.len()).map(|level| self.tier_at(level));
        tiers.filter(|tier| tier.shared().is_some()).map(|tier| tier.gained(&of)).sum()
    }

    /// The ends of the windows that are, at least in part, measured.
    pub fn measured_ends(&self) -> impl Iterator<Item = &'a Gauges> {
        let (window_ns, warmup_ns) = (self.model.window_ns, self.model.warmup_ns);
        let ticks = self.recorder.ticks.iter().enumerate();
        ticks
            .filter(move |(window, _)| (*window as u64 + 1) * window_ns > warmup_ns)
            .map(|(_, (_, gauges))| gauges)
    }

    /// Mean over the ends of the measured windows of a quantity of the tier's entries; `None` where nothing was sampled.
    pub fn mean_left(&self, of: impl Fn(&Left) -> Option<f64>) -> Value {
        let samples: Vec<Left> =
            self.measured_ends().filter_map(|gauges| gauges.left.get(self.index).copied()).collect();
        (!samples.is_empty()).then(|| mean(samples.iter().filter_map(of)))
    }

    /// One value per window from the requests that started in it, and its length in seconds.
    pub fn by_window(&self, of: impl Fn(&Window, f64) -> Option<f64>) -> Option<Vec<Option<f64>>> {
        let windows = self.recorder.windows.iter().enumerate();
        Some(windows.map(|(index, window)| of(window, self.width_s(index))).collect())
    }

    /// Requests of a window that ended so.
    pub fn ended_by_window(&self, outcome: Outcome) -> Option<Vec<Option<f64>>> {
        self.by_window(|window, _| Some(window.counts[outcome as usize] as f64))
    }

    /// A quantile of the latencies of each window, in milliseconds; `None` where no request is of the family.
    pub fn latency_by_window(&self, family: Family, share: f64) -> Option<Vec<Option<f64>>> {
        let windows = self.shared.windows[family as usize].get_or_init(|| self.merged_windows(family));
        (!windows.is_empty()).then(|| windows.iter().map(|latency| ms(latency.quantile(share))).collect())
    }

    fn merged_windows(&self, family: Family) -> Vec<Coarse> {
        let merged = |window: &Window| {
            let mut merged = Coarse::new();
            let outcomes = family.outcomes().iter();
            outcomes
                .filter_map(|&outcome| window.latency(outcome))
                .for_each(|latency| merged.merge(&latency));
            merged
        };
        let windows: Vec<Coarse> = self.recorder.windows.iter().map(merged).collect();
        if windows.iter().all(|latency| latency.count() == 0) { Vec::new() } else { windows }
    }

    /// One value per window from the totals at its ends and the gauges at its end.
    pub fn by_tick(&self, of: impl Fn(&Tick<'_>) -> Option<f64>) -> Option<Vec<Option<f64>>> {
        let start = self.shared.start.get_or_init(|| {
            let tiers = vec![TierTotals::default(); self.model.tiers.len()];
            Totals { tiers, ..Totals::default() }
        });
        let ticks = &self.recorder.ticks;
        let tick = |(window, (after, gauges)): (usize, &'a (Totals, Gauges))| {
            let before = if window == 0 { start } else { &ticks[window - 1].0 };
            of(&Tick { before, after, gauges, width_s: self.width_s(window) })
        };
        Some(ticks.iter().enumerate().map(tick).collect())
    }

    /// Gain of totals per second, window by window.
    pub fn rate_by_tick(&self, of: impl Fn(&Totals) -> f64) -> Option<Vec<Option<f64>>> {
        self.by_tick(|tick| Some((of(tick.after) - of(tick.before)) / tick.width_s))
    }

    /// Share of what one total gained in what another did, window by window.
    pub fn share_by_tick(&self, of: impl Fn(&Totals) -> (u64, u64)) -> Option<Vec<Option<f64>>> {
        self.by_tick(|tick| {
            let ((part_before, whole_before), (part, whole)) = (of(tick.before), of(tick.after));
            ratio((part - part_before) as f64, (whole - whole_before) as f64)
        })
    }

    /// A quantity of the sampled entries of the tier, at the end of each window that has a sample.
    pub fn left_by_tick(&self, of: impl Fn(&Left) -> Option<f64>) -> Option<Vec<Option<f64>>> {
        let samples = self.recorder.ticks.iter().filter_map(|tick| tick.1.left.get(self.index));
        let values: Vec<Option<f64>> = samples.map(of).collect();
        (!values.is_empty()).then_some(values)
    }

    /// Length of a window; the last one may be cut.
    fn width_s(&self, window: usize) -> f64 {
        let start_ns = window as u64 * self.model.window_ns;
        (self.model.window_ns.min(self.model.duration_ns - start_ns)) as f64 / 1e9
    }
}

/// Mean of the values, of which there may be none.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    ratio(values.iter().sum(), values.len() as f64)
}

fn ended(by_outcome: &[Fine], outcomes: &[Outcome]) -> u64 {
    outcomes.iter().map(|&outcome| by_outcome[outcome as usize].count()).sum()
}

fn merged<'f>(classes: impl IntoIterator<Item = &'f [Fine]>, outcomes: &[Outcome]) -> Fine {
    let mut merged = Fine::new();
    for by_outcome in classes.into_iter().filter(|by_outcome| !by_outcome.is_empty()) {
        outcomes.iter().for_each(|&outcome| merged.merge(&by_outcome[outcome as usize]));
    }
    merged
}
