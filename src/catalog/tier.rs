//! One tier in one replication.

use super::run::{Run, Value, mean, ratio};
use crate::measure::histogram::Fine;
use crate::measure::recorder::{NodeTotals, TierTotals};
use crate::model::{Model, Scope, SharedTier, Tier};

/// A tier between the end of the warm-up and the end of the arrivals.
pub struct TierRun<'a> {
    pub tier: &'a Tier,
    pub from: &'a TierTotals,
    pub to: &'a TierTotals,
    pub level: usize,
}

impl<'a> TierRun<'a> {
    pub fn gained(&self, of: impl Fn(&TierTotals) -> u64) -> u64 {
        of(self.to) - of(self.from)
    }

    pub fn shared(&self) -> Option<&'a SharedTier> {
        match &self.tier.scope {
            Scope::Shared(shared) => Some(shared),
            _ => None,
        }
    }

    /// Of the nodes of a tier with several, the most that one gained, and the sum.
    pub fn busiest(&self, of: impl Fn(&NodeTotals) -> u64) -> Option<(u64, u64)> {
        self.shared().filter(|shared| shared.nodes > 1)?;
        let gained = |(node, to): (usize, &NodeTotals)| of(to) - self.from.nodes.get(node).map_or(0, &of);
        let add = |(most, sum): (u64, u64), own: u64| (own.max(most), sum + own);
        Some(self.to.nodes.iter().enumerate().map(gained).fold((0, 0), add))
    }
}

/// Reads that the tier answered.
pub(super) fn answered(run: &Run<'_>) -> f64 {
    run.recorder.tier_hits[run.index] as f64
}

/// Ages of the stale reads that the tier answered; `None` where they are not counted apart.
pub(super) fn ages<'a>(run: &Run<'a>) -> Option<&'a Fine> {
    let (_, tiers) = run.recorder.stale_age_by_tier.split_last()?;
    tiers.get(run.index)
}

/// Whether instances have pools for this tier at any time.
pub(super) fn has_pool(run: &Run<'_>) -> Option<()> {
    run.model.ever(|revision| pool_of(revision, run.index).is_some()).then_some(())
}

fn pool_of(model: &Model, index: usize) -> Option<u32> {
    match &model.tiers.get(index)?.scope {
        Scope::Shared(shared) => shared.pool,
        Scope::Instance { .. } => None,
    }
}

/// Connections of all instances to all nodes; `None` where there is no pool, or where its size changes during the run.
pub(super) fn connections(run: &Run<'_>, tier: &TierRun<'_>) -> Option<f64> {
    if run.model.changes(|revision| pool_of(revision, run.index)) {
        return None;
    }
    let shared = tier.shared()?;
    Some(f64::from(shared.pool?) * f64::from(shared.nodes) * f64::from(run.model.clients.instances))
}

pub(super) fn linked<'a>(tier: &TierRun<'a>) -> Option<&'a SharedTier> {
    tier.shared().filter(|shared| shared.bandwidth_bytes_per_s.is_some())
}

pub(super) fn wire<'a>(run: &Run<'_>, tier: &TierRun<'a>) -> Option<&'a SharedTier> {
    tier.shared().filter(|_| run.model.measure.wire)
}

/// Share of the entries that had expired, over the ends of the measured windows in which the tier held any.
pub(super) fn counted_expired(run: &Run<'_>) -> Option<f64> {
    mean(
        run.measured_ends()
            .filter_map(|gauges| ratio(gauges.expired[run.index]? as f64, gauges.tiers[run.index].0 as f64)),
    )
}

/// Of the shares of each window in which the nodes were busy.
pub(super) fn busy_by_tick(run: &Run<'_>, of: impl Fn(&[f64]) -> Option<f64>) -> Option<Vec<Option<f64>>> {
    run.tier().shared().filter(|shared| shared.nodes > 1)?;
    run.by_tick(|tick| {
        let (before, after) = (&tick.before.tiers[run.index], &tick.after.tiers[run.index]);
        let busy_ns = |(node, to): (usize, &NodeTotals)| {
            to.busy_ns.saturating_sub(before.nodes.get(node).map_or(0, |node| node.busy_ns))
        };
        let shares: Vec<f64> =
            after.nodes.iter().enumerate().map(|node| busy_ns(node) as f64 / 1e9 / tick.width_s).collect();
        of(&shares)
    })
}

/// Of (entries, bytes) of all tiers together.
pub(super) fn peak_of_all(run: &Run<'_>, of: impl Fn((u64, u64)) -> u64) -> Value {
    let tiers = run.model.tiers.len();
    (tiers > 0).then(|| Some(of(run.recorder.content_peaks[tiers]) as f64))
}
