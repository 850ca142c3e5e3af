//! What is in the tiers at time zero.

use std::collections::BinaryHeap;

use super::core::Core;
use crate::dice::{round_ns, stream, unit_open_zero};
use crate::measure::recorder::TierTotals;
use crate::model::{Hottest, Prefill, PrefillAge};
use crate::policy::freshness::NEVER;
use crate::sim::store::{Entry, Value};

impl<const PLAIN: bool> Core<'_, PLAIN> {
    /// Fills the tiers that ask for it.
    pub(super) fn prefill(&mut self, seed: u64, replication: u32) {
        for level in 0..self.tiers.len() {
            if let Some(prefill) = self.model.tiers[level].prefill {
                self.prefill_tier(level, prefill, seed, replication);
            }
        }
    }

    fn prefill_tier(&mut self, level: usize, prefill: Prefill, seed: u64, replication: u32) {
        let model = self.model;
        let mut dice = stream(seed, replication, &format!("tier.{}.prefill", model.tiers[level].name));
        let rate_per_s = model.workload.arrivals.rate_per_s().unwrap_or(0.0);
        // So many stores may have a key each.
        let copies = model.caches(&model.tiers[level]);
        // The hottest last: they are the most recently used ones.
        for &key in self.hottest(prefill.hottest).iter().rev() {
            let class = self.tables.class_of(key);
            let info = self.info(key, class);
            if info.absent {
                continue;
            }
            let chosen =
                self.tables.samplers[class].probability(u64::from(key - self.tables.first_id[class]));
            let class_of_it = &model.workload.classes[class];
            // A request asks for a key once at most.
            let share = class_of_it.share * (chosen * f64::from(class_of_it.keys_per_request)).min(1.0);
            for copy in 0..copies {
                let tier = &mut self.tiers[level];
                let store = match &tier.shared {
                    Some(shared) => usize::from(shared.map.node(key, 0)),
                    None => copy as usize,
                };
                let fresh_ns = tier.expiry_ns(class, 0);
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
                let entry = Entry { key, value: Value::default(), expiry_ns, delta_ns: 0 };
                tier.fill_until(store, entry, 0, &self.tables);
            }
        }
        // Loading is not measured.
        self.tiers[level].totals = TierTotals::default();
    }

    /// The hottest ids by expected rate, the hottest first.
    pub(super) fn hottest(&self, count: Hottest) -> Vec<u32> {
        let classes = &self.model.workload.classes;
        let wanted = match count {
            Hottest::All => self.model.workload.keys(),
            Hottest::Keys(keys) => keys.min(self.model.workload.keys()),
        };
        let rate =
            |class: usize, rank: u64| classes[class].share * self.tables.samplers[class].probability(rank);
        // Ids of a single class are ranks.
        if classes.len() == 1 {
            return (0..wanted as u32).collect();
        }
        // Within a class ranks are in order of rate, so only the first unused rank of each class competes.
        let mut heads: BinaryHeap<Head> =
            (0..classes.len()).map(|class| Head { rate: rate(class, 0), class, rank: 0 }).collect();
        let mut chosen = Vec::with_capacity(wanted as usize);
        while (chosen.len() as u64) < wanted {
            let Some(Head { class, rank, .. }) = heads.pop() else { break };
            chosen.push(self.tables.first_id[class] + rank as u32);
            if rank + 1 < classes[class].keys {
                heads.push(Head { rate: rate(class, rank + 1), class, rank: rank + 1 });
            }
        }
        chosen
    }
}

/// The hottest id of a class that is not chosen yet.
struct Head {
    rate: f64,
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
