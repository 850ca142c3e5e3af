//! The entries of the tiers at time zero.

use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::core::Core;
use crate::dice::{round_ns, stream, unit_open_zero};
use crate::measure::recorder::TierTotals;
use crate::model::{Class, Hottest, Model, Nanos, Prefill, PrefillAge};
use crate::policy::freshness::NEVER;
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::system::System;
use crate::sim::store::{Entry, Value};
use crate::workload::Tables;

impl<S: System> Core<'_, S> {
    /// Fills the tiers that have a prefill.
    pub(super) fn prefill(&mut self, seed: u64, replication: u32) {
        for level in 0..self.tiers.len() {
            if let Some(prefill) = self.model.tiers[level].prefill {
                self.prefill_tier(level, prefill, seed, replication);
            }
        }
        if S::RARE {
            self.note_prefilled();
        }
    }

    fn prefill_tier(&mut self, level: usize, prefill: Prefill, seed: u64, replication: u32) {
        let tables = Arc::clone(&self.tables);
        let tier = &mut self.tiers[level];
        entries(self.model, &tables, level, prefill, (seed, replication), |entry| match entry {
            Filled::Fresh { info } => tier.expiry_ns(info, 0),
            Filled::Until { info, copy, expiry_ns } => {
                let store = tier.store_of(copy, info.key, 0);
                let entry = Entry { key: info.key, value: Value::default(), expiry_ns, delta_ns: 0 };
                tier.fill_until(store, entry, 0, &tables);
                expiry_ns
            }
        });
        // Loading is not measured.
        self.tiers[level].totals = TierTotals::default();
    }
}

/// A step of filling a tier before the start.
#[derive(Clone, Copy, Debug)]
pub enum Filled {
    /// When would this key expire if it were filled at time zero?
    Fresh { info: KeyInfo },
    /// It is there in one of the caches of the tier.
    Until { info: KeyInfo, copy: u32, expiry_ns: Nanos },
}

/// The entries of a tier at time zero, the hottest last: so they are the most recently used ones.
pub fn entries(
    model: &Model,
    tables: &Tables,
    level: usize,
    prefill: Prefill,
    (seed, replication): (u64, u32),
    mut step: impl FnMut(Filled) -> Nanos,
) {
    let mut dice = stream(seed, replication, &format!("tier.{}.prefill", model.tiers[level].name));
    let rate_per_s = model.workload.arrivals.rate_per_s().unwrap_or(0.0);
    // So many stores may have a key each.
    let copies = model.caches(&model.tiers[level]);
    for (key, chosen) in hottest(tables, &model.workload.classes, prefill.hottest) {
        let class = tables.class_of(key);
        let class_of_it = &model.workload.classes[class];
        if class_of_it.absent || !class_of_it.cacheable || class_of_it.bypasses(level) {
            continue;
        }
        let info = KeyInfo { key, class, absent: false, revision: 0 };
        // A request has a key once at most.
        let share = class_of_it.share * (chosen * f64::from(class_of_it.keys_per_request)).min(1.0);
        for copy in 0..copies {
            let fresh_ns = step(Filled::Fresh { info });
            let expiry_ns = match prefill.age {
                PrefillAge::Fresh => fresh_ns,
                _ if fresh_ns == NEVER => NEVER,
                PrefillAge::Stationary => {
                    // A cycle lasts T while the entry lives and 1/l on average until the next request.
                    let load = rate_per_s / f64::from(copies) * share * fresh_ns as f64 / 1e9;
                    if unit_open_zero(&mut dice) > load / (1.0 + load) {
                        continue;
                    }
                    round_ns(unit_open_zero(&mut dice) * fresh_ns as f64)
                }
            };
            step(Filled::Until { info, copy, expiry_ns });
        }
    }
}

/// The hottest ids by expected rate, the hottest last, each with its probability within its class.
pub(super) fn hottest<'t>(
    tables: &'t Tables,
    classes: &[Class],
    count: Hottest,
) -> Box<dyn Iterator<Item = (u32, f64)> + 't> {
    let keys: u64 = classes.iter().map(|class| class.keys).sum();
    let wanted = match count {
        Hottest::All => keys,
        Hottest::Keys(wanted) => wanted.min(keys),
    };
    // Ids of a single class are ranks.
    if let [sampler] = &tables.samplers[..] {
        return Box::new((0..wanted as u32).rev().map(|key| (key, sampler.probability(u64::from(key)))));
    }
    let head = |class: usize, rank: u64| {
        let chosen = tables.samplers[class].probability(rank);
        Head { rate: classes[class].share * chosen, chosen, class, rank }
    };
    // Within a class ranks are in order of rate, so only the first unused rank of each class competes.
    let mut heads: BinaryHeap<Head> = (0..classes.len()).map(|class| head(class, 0)).collect();
    let mut hottest = Vec::with_capacity(wanted as usize);
    while (hottest.len() as u64) < wanted {
        let Some(mut first) = heads.peek_mut() else { break };
        let Head { chosen, class, rank, .. } = *first;
        hottest.push((tables.first_id[class] + rank as u32, chosen));
        if rank + 1 < classes[class].keys {
            // In the place of the one before: one way through the heap in place of two.
            *first = head(class, rank + 1);
        } else {
            PeekMut::pop(first);
        }
    }
    Box::new(hottest.into_iter().rev())
}

/// The hottest id of a class that is not chosen yet.
struct Head {
    rate: f64,
    /// Probability within the class.
    chosen: f64,
    class: usize,
    rank: u64,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        self.rate.total_cmp(&other.rate).then(other.class.cmp(&self.class)).then(other.rank.cmp(&self.rank))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}
