//! Write-back: a shared tier takes the writes.

use super::core::Core;
use crate::measure::recorder::Cause;
use crate::measure::staleness::INITIAL;
use crate::model::{Nanos, OnFailure};
use crate::sim::parts::ahead::Books;
use crate::sim::parts::command::{Change, Op, Sender};
use crate::sim::parts::dirty::{DirtySet, Lost};
use crate::sim::parts::journey::Journey;
use crate::sim::parts::system::System;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// Whether this tier may be ahead of the database.
    #[inline]
    pub(super) fn is_ahead(&self, level: usize) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.level == level)
    }

    /// A write sets out for the tier that acknowledges it.
    pub(super) fn write_to_tier(&mut self, id: u32, level: usize) {
        self.collect_versions();
        let version = self.versions.issue();
        if let Some(extras) = self.journeys.extras.get_mut(id) {
            extras.version = version;
        }
        let value = Value { version, read_ns: self.now };
        self.send(level, Op::Take { value }, id, self.now);
    }

    /// The tier takes a write: its key is dirty.
    #[inline(never)]
    pub(super) fn take_write(&mut self, store: usize, key: u32, version: u32, now: Nanos) {
        self.versions.order(version);
        let Some(ahead) = &mut self.ahead else { return };
        let gone_ns = self.tiers[ahead.level].entry(store, key).map_or(now, |(gone_ns, _)| gone_ns);
        let is_rewrite = ahead.dirty[store].write(key, version, now, gone_ns);
        if !is_rewrite {
            ahead.unflushed.add(key);
        }
        ahead.books.taken += 1;
        self.totals.written_back += 1;
        self.totals.coalesced_writes += u64::from(is_rewrite);
        self.note_unflushed();
        self.wake_worker_later();
    }

    /// Keeps the peak of writes not yet in the database.
    pub(super) fn note_unflushed(&mut self) {
        if let (Some(ahead), Some(books)) = (&self.ahead, &mut self.recorder.write_back)
            && self.recorder.measuring
        {
            books.unflushed_peak = books.unflushed_peak.max(ahead.unflushed.keys());
        }
    }

    /// Before a command on a key: its dirty value may have expired.
    #[inline(never)]
    pub(super) fn lose_expired(&mut self, store: usize, key: u32, now: Nanos) {
        let lost = self.ahead.as_mut().and_then(|ahead| ahead.dirty[store].lose_expired(key, now));
        self.book_lost(lost);
    }

    /// After a command on a key: other entries may have given way to it, and its own may live longer.
    #[inline(never)]
    pub(super) fn settle_dirty(&mut self, store: usize, key: u32, evicted: &[u32], now: Nanos) {
        let Some(ahead) = &mut self.ahead else { return };
        let lost: Vec<Lost> = evicted.iter().filter_map(|&key| ahead.dirty[store].lose(key, now)).collect();
        if let (Some((gone_ns, version)), Some(dirty)) =
            (self.tiers[ahead.level].entry(store, key), ahead.dirty[store].get(key))
            && version == dirty.version
        {
            ahead.dirty[store].set_expiry_ns(key, gone_ns);
        }
        self.book_lost(lost);
    }

    /// Whether the entry of a key is newer than the row in the database: no fill may replace it.
    pub(super) fn is_dirty(&self, level: usize, store: usize, key: u32, now: Nanos) -> bool {
        let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.level == level) else { return false };
        let Some((gone_ns, version)) = self.tiers[ahead.level].entry(store, key) else { return false };
        let waits = ahead.dirty[store].get(key).is_some_and(|dirty| dirty.version == version);
        now < gone_ns && (waits || ahead.held.get(&key) == Some(&version))
    }

    /// A DELETE that follows a commit; returns whether the entry is newer and stays.
    pub(super) fn outlives_delete(&mut self, level: usize, store: usize, key: u32, commit: u64) -> bool {
        let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.level == level) else { return false };
        let entry = self.tiers[ahead.level].entry(store, key);
        if entry.is_some_and(|(_, version)| self.versions.sequence(version) > commit) {
            return true;
        }
        if let Some(dirty) = ahead.dirty[store].remove(key) {
            ahead.books.overtaken += dirty.writes;
            ahead.unflushed.remove(key);
        }
        false
    }

    /// Takes down what happened to the nodes of the tier up to now.
    #[inline(never)]
    pub(super) fn lose_flushed(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        let Some(shared) = &mut self.tiers[ahead.level].shared else { return };
        let mut lost = Vec::new();
        for (dirty, node) in ahead.dirty.iter_mut().zip(&mut shared.nodes) {
            if let Some(at_ns) = node.server.take_flush() {
                lost.extend(dirty.lose_all(at_ns));
            }
        }
        self.book_lost(lost);
    }

    /// Measured are writes that were taken in the measured part, whenever they are lost.
    pub(super) fn book_lost(&mut self, lost: impl IntoIterator<Item = Lost>) {
        let (Some(ahead), Some(books)) = (&mut self.ahead, &mut self.recorder.write_back) else { return };
        for Lost { key, version, writes, since_ns, at_ns } in lost {
            ahead.unflushed.remove(key);
            // A later write may have gone past the tier meanwhile.
            if self.versions.sequence(self.versions.stored(key)) >= self.versions.sequence(version) {
                ahead.books.overtaken += writes;
                continue;
            }
            ahead.books.lost += writes;
            if (self.model.warmup_ns..self.model.duration_ns).contains(&since_ns) {
                books.lost += writes;
                books.oldest_lost_ns = books.oldest_lost_ns.max(Some(at_ns.saturating_sub(since_ns)));
            }
        }
    }

    /// A write is acknowledged: its version exists, whether its writer still waits or not.
    pub(super) fn publish(&mut self, key: u32, version: u32) {
        let is_new = self.versions.current(key) == INITIAL;
        self.totals.created += u64::from(is_new && self.creates && self.absent[self.tables.class_of(key)]);
        self.versions.publish(key, version, self.now);
    }

    /// The writer has the answer of the tier, or none.
    #[inline(never)]
    pub(super) fn tier_took_write(&mut self, id: u32, level: usize, has_taken: bool) {
        if !has_taken {
            let revision = self.revision(self.journeys[id].instance);
            let fails = self.tiers[level].rules(revision).on_failure == OnFailure::Error;
            return if fails { self.end_in_error(id, Cause::Tier) } else { self.begin_transaction(id) };
        }
        let Journey { key, instance, class, start_ns, .. } = self.journeys[id];
        let version = self.journeys.extras.get(id).version;
        let change = Change::Set { value: Value { version, read_ns: start_ns } };
        let sender = Sender { journey: NONE, instance, class, key };
        self.change_copies(0..level, sender, change);
        self.change_copies(level + 1..self.tiers.len(), sender, change);
        self.end_write(id);
    }

    /// A write that the tier did not take is committed.
    pub(super) fn commit_past_tier(&mut self, key: u32, version: u32) -> u32 {
        if self.versions.sequence(version) == 0 {
            self.versions.order(version);
        }
        self.publish(key, version);
        self.store(key, version);
        version
    }

    /// The database gets a version, unless it has a newer one.
    pub(super) fn store(&mut self, key: u32, version: u32) {
        if let Some(before) = self.versions.store(key, version) {
            self.database.replicas.log(key, before, version);
        }
    }

    /// At the end of the run: keys still dirty are neither lost nor in the database.
    pub(super) fn end_unflushed(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        let now = self.now;
        let lost: Vec<Lost> = ahead.dirty.iter_mut().flat_map(|dirty| dirty.lose_all_expired(now)).collect();
        self.book_lost(lost);
        if let (Some(ahead), Some(books)) = (&self.ahead, &mut self.recorder.write_back) {
            books.unflushed = ahead.unflushed.keys();
        }
    }

    /// The books of the writes that the tier took.
    pub(super) fn check_written_back(&self) -> Result<(), String> {
        let Some(ahead) = &self.ahead else { return Ok(()) };
        let Books { taken, flushed, lost, overtaken } = ahead.books;
        let waiting: u64 = ahead.dirty.iter().map(DirtySet::writes).sum();
        let in_hand: u64 = ahead.hand.iter().map(|(_, dirty)| dirty.writes).sum();
        let copies = ahead.dirty.iter().map(DirtySet::len).sum::<usize>() + ahead.hand.len();
        if ahead.unflushed.copies() != copies {
            return Err(format!(
                "{copies} copies are not in the database, and {} are counted",
                ahead.unflushed.copies()
            ));
        }
        if taken == flushed + lost + overtaken + waiting + in_hand {
            return Ok(());
        }
        Err(format!(
            "{taken} writes were taken; {flushed} were flushed, {lost} lost, {overtaken} overtaken, {waiting} are dirty and \
             {in_hand} in hand"
        ))
    }
}
