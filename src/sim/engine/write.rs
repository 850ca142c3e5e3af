//! The way of a write: commit, then the strategy's effect on the tiers, or the other way round.

use std::ops::Range;

use super::core::Core;
use crate::dice::chance;
use crate::measure::recorder::Outcome;
use crate::measure::staleness::INITIAL;
use crate::model::{Order, WriteOptions, WriteStrategy};
use crate::sim::parts::command::{Change, Sender};
use crate::sim::parts::journey::{Extras, Journey};
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::system::System;
use crate::sim::parts::tier::TierState;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// A write goes straight to the database, or first to the caches.
    #[inline(never)]
    pub(super) fn start_write(&mut self, journey: Journey, user: u32) {
        let id = self.enter(journey, Extras { user, ..Extras::default() }, Default::default());
        self.begin_write(id);
    }

    /// A write in the system starts on its way.
    #[inline(never)]
    pub(super) fn begin_write(&mut self, id: u32) {
        if let Some(level) = self.ahead.as_ref().map(|ahead| ahead.level) {
            return self.write_to_tier(id, level);
        }
        let WriteOptions { order, rollback, .. } = self.model.write_options;
        // Tossed on arrival, so that all strategies see the same transactions roll back.
        self.journeys[id].rolls_back = rollback > 0.0 && chance(&mut self.rollback_dice, rollback);
        if order == Order::AfterCommit {
            return self.begin_transaction(id);
        }
        let sent = match self.model_of(self.journeys[id].instance).writes {
            WriteStrategy::Invalidate => self.change_before_commit(id, Change::Delete { commit: 0 }),
            WriteStrategy::WriteAround | WriteStrategy::WriteBack(_) => 0,
            WriteStrategy::Update | WriteStrategy::WriteThrough => {
                let version = self.reserve_version();
                if let Some(extras) = self.journeys.extras.get_mut(id) {
                    extras.version = version;
                }
                let value = Value { version, read_ns: self.now };
                self.change_before_commit(id, Change::Set { value })
            }
        };
        if sent == 0 {
            self.begin_transaction(id);
        }
    }

    /// Changes the copies before the transaction; returns how many replies it waits for.
    fn change_before_commit(&mut self, id: u32, change: Change) -> u8 {
        let Journey { key, instance, class, .. } = self.journeys[id];
        let waits = self.model_of(instance).writes != WriteStrategy::Update;
        let sender = Sender { journey: if waits { id } else { NONE }, instance, class, key };
        let sent = self.change_copies(0..self.tiers.len(), sender, change);
        if waits { sent } else { 0 }
    }

    pub(super) fn begin_transaction(&mut self, id: u32) {
        self.journeys.lead(id, false, self.now);
        self.begin_fetch(id);
    }

    /// The transaction is committed: from now on reads of the database see the new version. The one place where
    /// this happens. `reserved` is the version's handle if it has one already; returns the handle that it has now.
    #[inline(never)]
    pub(super) fn commit(&mut self, key: u32, reserved: u32) -> u32 {
        self.collect_versions();
        self.database.replicas.begin_commit(self.now);
        if self.ahead.is_some() {
            return self.commit_past_tier(key, reserved);
        }
        let before = self.versions.current(key);
        let creates = self.creates && self.absent[self.tables.class_of(key)];
        self.totals.created += u64::from(creates && before == INITIAL);
        let version = match reserved {
            INITIAL => self.versions.commit(key, self.now),
            reserved => self.versions.commit_reserved(key, reserved, self.now),
        };
        self.database.replicas.log(key, before, version);
        for other in self.tables.entity_of(key).filter(|&other| other != key) {
            let before = self.versions.current(other);
            self.totals.created += u64::from(creates && before == INITIAL);
            let version = self.versions.commit(other, self.now);
            self.database.replicas.log(other, before, version);
        }
        self.enter_stream(key, version);
        version
    }

    /// The handle of a version that may be committed later.
    fn reserve_version(&mut self) -> u32 {
        self.collect_versions();
        self.versions.reserve()
    }

    /// Frees the handles that nobody holds, when it is time.
    #[inline(never)]
    pub(super) fn collect_versions(&mut self) {
        if self.versions.is_full() {
            let cached = self.tiers.iter().flat_map(TierState::versions);
            let commands = self.commands.iter().map(|(_, command)| command.version());
            let parts = self.multi_gets.iter().flat_map(|(_, parts)| parts);
            let brought = parts.filter_map(|part| part.value()).map(|value| value.version);
            let attempts = self.attempts.iter().map(|(_, attempt)| attempt.value.version);
            let replicas = self.database.replicas.versions();
            let journeys = self.journeys.iter().map(|(id, _)| self.journeys.extras.get(id).version);
            let lookups = self.journeys.iter().map(|(id, _)| self.journeys.reply_version(id));
            let fallbacks = self.journeys.iter().map(|(id, _)| self.journeys.fallbacks.get(id).value.version);
            let ahead = self.ahead.iter().flat_map(|ahead| ahead.versions());
            let held = cached
                .chain(commands)
                .chain(brought)
                .chain(attempts)
                .chain(replicas)
                .chain(journeys)
                .chain(lookups)
                .chain(fallbacks)
                .chain(ahead);
            self.versions.collect(held);
        }
    }

    /// The writer learns that its transaction is over, and invalidates the tiers after a commit unless it did so before.
    #[inline(never)]
    pub(super) fn transaction_is_over(&mut self, id: u32, value: Value) {
        let journey = &mut self.journeys[id];
        journey.leader = NONE;
        let Journey { key, instance, class, rolls_back, .. } = *journey;
        if rolls_back {
            return self.end_write(id);
        }
        if let Some(extras) = self.journeys.extras.get_mut(id) {
            extras.version = value.version;
        }
        if self.model.write_options.order == Order::BeforeCommit {
            return self.end_write(id);
        }
        let sender = |journey| Sender { journey, instance, class, key };
        let all = 0..self.tiers.len();
        let sent = match self.model_of(instance).writes {
            // A write that the tier did not take leaves an older copy there.
            WriteStrategy::Invalidate | WriteStrategy::WriteBack(_) => {
                let commit = self.versions.sequence(value.version);
                self.change_copies(all, sender(id), Change::Delete { commit })
            }
            WriteStrategy::WriteAround => 0,
            WriteStrategy::Update => {
                self.change_copies(all, sender(NONE), Change::Set { value });
                0
            }
            WriteStrategy::WriteThrough => self.change_copies(all, sender(id), Change::Set { value }),
        };
        if sent == 0 {
            self.end_write(id);
        }
    }

    /// Changes the copies of a key, and deletes those of the other keys of its entity, in these tiers: in the process of
    /// the sender's instance at once, in a shared one by a command. Where a journey waits for the replies it gets one [`Engine::change_answered`] for each, some of
    /// them perhaps before this returns. Returns the number of commands.
    #[inline(never)]
    pub(super) fn change_copies(&mut self, levels: Range<usize>, sender: Sender, change: Change) -> u8 {
        let entity = self.tables.entity_of(sender.key);
        // A writer has the new value of the key it wrote; other keys of the entity it can only delete.
        let commit = match change {
            Change::Delete { commit } => commit,
            Change::Set { value } => self.versions.sequence(value.version),
        };
        let change_of = |key: u32| if key == sender.key { change } else { Change::Delete { commit } };
        let mut sent = 0;
        let looked_up = |level: &usize| self.bypassed[usize::from(sender.class)] >> level & 1 == 0;
        let levels: Vec<usize> = levels.filter(looked_up).collect();
        for &level in &levels {
            if self.tiers[level].shared.is_some() {
                sent += entity.len() as u8;
            } else if sender.instance != NONE {
                for key in entity.clone() {
                    let info = self.info_of(sender.instance, key, usize::from(sender.class));
                    self.change_in_process(level, sender.instance, info, change_of(key));
                }
            }
        }
        let shared: Vec<usize> =
            levels.into_iter().filter(|&level| self.tiers[level].shared.is_some()).collect();
        if sender.journey != NONE
            && let Some(extras) = self.journeys.extras.get_mut(sender.journey)
        {
            extras.pending += u32::from(sent);
            if let Some(&level) = shared.first() {
                self.way_spreads(sender.journey, level);
            }
        }
        for level in shared {
            for key in entity.clone() {
                self.send_for(level, change_of(key).op(), Sender { key, ..sender }, self.now);
            }
        }
        sent
    }

    /// Changes the copy of a key in the process of one instance.
    pub(super) fn change_in_process(&mut self, level: usize, instance: u32, info: KeyInfo, change: Change) {
        let tier = &mut self.tiers[level];
        match change {
            Change::Delete { commit } => {
                tier.delete(instance as usize, info, self.now, &self.tables);
                tier.bury(instance as usize, info, commit, self.now);
            }
            Change::Set { value } => self.fill_in_process(level, instance, info, value, 0),
        }
    }

    /// A shared tier has changed its copy, or has not answered.
    #[inline(never)]
    pub(super) fn change_answered(&mut self, id: u32) {
        let Some(extras) = self.journeys.extras.get_mut(id) else { return };
        debug_assert!(extras.pending > 0, "a reply comes that nobody waits for");
        extras.pending -= 1;
        if extras.pending == 0 {
            match self.model.write_options.order {
                Order::AfterCommit => self.end_write(id),
                Order::BeforeCommit => self.begin_transaction(id),
            }
        }
    }

    #[inline(never)]
    pub(super) fn end_write(&mut self, id: u32) {
        let Journey { start_ns, key, instance, window, class, gone, rolls_back, .. } = self.journeys[id];
        let version = self.journeys.extras.get(id).version;
        if self.model_of(instance).writes != WriteStrategy::WriteAround && !rolls_back {
            let commit = self.versions.sequence(version);
            self.tell_instances(key, class, commit, instance);
        }
        if !gone {
            let latency_ns = self.now - start_ns;
            self.recorder.finish(start_ns, latency_ns, window, usize::from(class), Outcome::Write);
            if !rolls_back {
                for key in self.tables.entity_of(key) {
                    self.versions.acknowledge(key, version);
                }
            }
            if rolls_back && start_ns >= self.recorder.warmup_ns {
                self.recorder.rolled_back += 1;
            }
            self.way_ends(id, Outcome::Write, None, self.now);
            self.leave(id);
        }
        self.journeys.remove(id);
    }
}
