//! Conditions that hold at the end of every run. A violation is an internal error, never a number in a report.

use super::core::Core;
use crate::measure::recorder::OUTCOMES;
use crate::model::{Capacity, Scope, Tier};
use crate::sim::parts::attempt::Stage;
use crate::sim::parts::system::System;

impl<S: System> Core<'_, S> {
    /// Compares the books with what is there.
    pub(super) fn check_invariants(&self) -> Result<(), String> {
        let check = |holds: bool, what: &dyn Fn() -> String| if holds { Ok(()) } else { Err(what()) };
        let counted = self.recorder.finished();
        check(counted == self.incoming.arrived, &|| {
            format!(
                "{} requests arrived, {counted} are counted in {} classes",
                self.incoming.arrived,
                OUTCOMES.len()
            )
        })?;
        check(self.in_system.count() == 0, &|| {
            format!("{} requests left in the system", self.in_system.count())
        })?;
        check(self.totals.in_system_ns == self.recorder.sojourn_ns, &|| {
            format!(
                "the integral of the number in system is {} ns, the sum of sojourn times {} ns",
                self.totals.in_system_ns, self.recorder.sojourn_ns
            )
        })?;
        let by_tier = &self.recorder.stale_age_by_tier;
        let stale: u64 = by_tier.iter().map(|ages| ages.count()).sum();
        check(by_tier.is_empty() || stale == self.recorder.stale, &|| {
            format!("{} stale reads, {stale} over tiers and database", self.recorder.stale)
        })?;
        self.check_gathers()?;
        self.check_ways()?;
        self.check_workers()?;
        for (index, tier) in self.tiers.iter().enumerate() {
            let spec = &self.model.tiers[index];
            if let Some(shared) = &tier.shared {
                let came: u64 = shared.nodes.iter().map(|node| node.commands).sum();
                check(came <= tier.totals.commands, &|| {
                    format!("tier {}: {came} commands came, {} were sent", spec.name, tier.totals.commands)
                })?;
            }
            for (number, store) in tier.stores.iter().enumerate() {
                let (mut entries, mut bytes) = (0, 0);
                for key in store.keys() {
                    let belongs = {
                        let row = tier.coding.row(key);
                        tier.shared.as_ref().is_none_or(|shared| shared.map.ever(number, row))
                    };
                    check(belongs, &|| format!("tier {}: key {key} is at the wrong node", spec.name))?;
                    entries += 1;
                    bytes += tier.coding.entry_bytes(&self.tables, key);
                }
                let bytes_of_entries = bytes;
                bytes += store.table_bytes();
                check(entries == store.books().entries && bytes == store.books().bytes, &|| {
                    format!(
                        "tier {}: {} entries and {} bytes in the books, {entries} and {bytes} in the store",
                        spec.name,
                        store.books().entries,
                        store.books().bytes
                    )
                })?;
                let fits = |spec: &Tier| {
                    let capacity = match &spec.scope {
                        Scope::Instance { .. } => spec.capacity,
                        Scope::Shared(shared) => spec.capacity.share(number as u64, u64::from(shared.nodes)),
                    };
                    match capacity {
                        Capacity::Unbounded => true,
                        Capacity::Entries(limit) => entries <= limit,
                        // A table that doubles may take more than there is, as in Redis.
                        Capacity::Bytes(limit) => bytes_of_entries <= limit,
                    }
                };
                // A tier that was made smaller gives up what is too much with its next fills.
                check(self.model.ever(|revision| fits(&revision.tiers[index])), &|| {
                    format!("tier {} is fuller than its capacity", spec.name)
                })?;
            }
            for shared in tier.shared.iter() {
                let pools = shared.pools.balance();
                check(pools.is_ok(), &|| format!("tier {}: {pools:?}", spec.name))?;
            }
        }
        // Whoever fetches a key is counted there.
        let fetches: u64 = self.calls.fetching.values().map(|(in_flight, _)| u64::from(in_flight)).sum();
        let started = self.totals.db_fetches;
        check(started == self.calls.fetches_ended + fetches, &|| {
            format!("{started} fetches started, {} ended, {fetches} under way", self.calls.fetches_ended)
        })?;
        self.check_invalidations()?;
        self.check_written_back()?;
        let calls = (self.journeys.iter())
            .filter(|&(id, journey)| journey.leader == id && journey.is_fetching())
            .count() as u64;
        check(fetches == calls, &|| format!("{fetches} fetches under way, {calls} calls fetch"))?;
        if S::PLAIN {
            let inside = u64::from(self.database.busy) + self.database.waiting;
            return check(inside <= fetches, &|| {
                format!("{inside} requests at the database, {fetches} fetches under way")
            });
        }
        let stage =
            |stage: Stage| self.attempts.iter().filter(|(_, attempt)| attempt.stage == stage).count() as u64;
        check(stage(Stage::InService) == u64::from(self.database.busy), &|| {
            format!(
                "{} requests in service at the database, {} servers busy",
                stage(Stage::InService),
                self.database.busy
            )
        })?;
        check(stage(Stage::Queues) == self.database.waiting, &|| {
            format!(
                "{} requests queue at the database, {} in the books",
                stage(Stage::Queues),
                self.database.waiting
            )
        })?;
        let pools = self.database.pools.balance();
        check(pools.is_ok(), &|| format!("database: {pools:?}"))?;
        // Every attempt that is still counted on belongs to exactly one call, which counts on it.
        let orphans = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.errand.is_of_an_instance() && !attempt.abandoned)
            .filter(|&(id, attempt)| {
                let lead = self.journeys.leads.get(attempt.leader);
                let counts = lead.attempt == id || lead.hedge == id || !self.journeys.leads.exists();
                !counts || !self.journeys.is(attempt.leader, attempt.leader_generation)
            })
            .count();
        check(orphans == 0, &|| format!("{orphans} attempts belong to no call"))?;
        let counted_on = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.errand.is_of_an_instance() && !attempt.abandoned)
            .count() as u64;
        let limited = self.database.under_limit();
        check(limited.is_none_or(|limited| limited == counted_on), &|| {
            format!("{counted_on} attempts under way, {limited:?} count against the limits")
        })
    }
}
