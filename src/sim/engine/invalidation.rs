//! Invalidation by others than the writer: the consumer of the change stream, and the broadcast to instances.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::Recorder;
use crate::model::Nanos;
use crate::sim::parts::command::{Change, CommandReply, Op, Sender};
use crate::sim::parts::stream::{CommittedChange, Invalidations, Links, Notice, Whole};
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;

impl<S: System> Core<'_, S> {
    /// A commit enters the change stream.
    #[inline(never)]
    pub(super) fn enter_stream(&mut self, key: u32, version: u32) {
        let Some(feed) = &mut self.invalidations.feed else { return };
        let (at, lane) = (feed.handled_at(self.now), feed.lane);
        let id = self.invalidations.changes.insert(CommittedChange {
            key,
            class: self.tables.class_of(key) as u8,
            handled: false,
            pending: 0,
            committed_ns: self.now,
            commit: self.versions.sequence(version),
            effective_ns: 0,
        });
        self.invalidations.entered += 1;
        self.invalidations.backlog += 1;
        if self.recorder.measuring {
            self.recorder.cdc_backlog_peak = self.recorder.cdc_backlog_peak.max(self.invalidations.backlog);
        }
        self.schedule(lane, at, Kind::ChangeIsHandled, id, 0);
    }

    /// The consumer is done with a change: its DELETEs go out.
    #[inline(never)]
    pub(super) fn change_is_handled(&mut self, id: u32) {
        self.invalidations.backlog -= 1;
        self.invalidations.handled += 1;
        let class = self.invalidations.changes[id].class;
        let bypassed = self.bypassed[usize::from(class)];
        let shared: Vec<usize> = (0..self.tiers.len())
            .filter(|&level| self.tiers[level].shared.is_some() && bypassed >> level & 1 == 0)
            .collect();
        let change = &mut self.invalidations.changes[id];
        let key = change.key;
        change.handled = true;
        change.effective_ns = self.now;
        let entity = self.tables.entity_of(key);
        change.pending = (shared.len() * entity.len()) as u32;
        if shared.is_empty() {
            return self.change_is_done(id);
        }
        for level in shared {
            for key in entity.clone() {
                let sender = Sender { journey: NONE, instance: NONE, class, key };
                self.send_for(level, Op::Invalidate { change: id }, sender, self.now);
            }
        }
    }

    /// A DELETE of the consumer takes effect.
    pub(super) fn change_takes_effect(&mut self, id: u32, at: Nanos) {
        let change = &mut self.invalidations.changes[id];
        change.effective_ns = change.effective_ns.max(at);
    }

    /// A tier has answered the consumer. What it did not execute is sent again, until it is executed.
    #[inline(never)]
    pub(super) fn change_answered_by_tier(&mut self, command: u32, change: u32, reply: CommandReply) {
        if reply != CommandReply::Done {
            let retry_ns = self.invalidations.feed.as_ref().map_or(0, |feed| feed.retry_ns);
            let at = self.now.saturating_add(retry_ns);
            return self.schedule(GENERAL, at, Kind::CommandIsSentAgain, command, 0);
        }
        self.commands.remove(command);
        self.invalidations.changes[change].pending -= 1;
        if self.invalidations.changes[change].pending == 0 {
            self.change_is_done(change);
        }
    }

    fn change_is_done(&mut self, id: u32) {
        let CommittedChange { key, class, committed_ns, effective_ns, commit, .. } =
            self.invalidations.changes[id];
        record_lag(&mut self.recorder, committed_ns, effective_ns);
        self.invalidations.changes.remove(id);
        self.tell_instances(key, class, commit, NONE);
    }

    /// Sends the key of a write to all instances but its writer's.
    #[inline(never)]
    pub(super) fn tell_instances(&mut self, key: u32, class: u8, commit: u64, who_knows: u32) {
        if self.invalidations.broadcast.is_none() {
            return;
        }
        for instance in (0..self.model.clients.instances).filter(|&instance| instance != who_knows) {
            let Some(broadcast) = &mut self.invalidations.broadcast else { return };
            let lane = broadcast.lane;
            let Some(delay_ns) = broadcast.delay_ns(instance) else { continue };
            let notice = Notice { key, class, instance, commit, whole: Whole::Entity };
            let id = self.invalidations.notices.insert(notice);
            self.recorder.count_notice();
            if delay_ns == 0 {
                self.instance_hears(id);
            } else {
                self.schedule(lane, self.now + delay_ns, Kind::InstanceHears, id, 0);
            }
        }
    }

    /// An instance hears of a write and deletes its copies.
    #[inline(never)]
    pub(super) fn instance_hears(&mut self, id: u32) {
        let Notice { key, class, instance, commit, whole } = self.invalidations.notices[id];
        self.invalidations.notices.remove(id);
        let Invalidations { broadcast, tracking, .. } = &self.invalidations;
        let way = broadcast.as_ref().or(tracking.as_ref().map(|(_, way)| way));
        if S::RARE && way.is_some_and(|way| way.is_cut(instance)) {
            return;
        }
        let keys = match whole {
            Whole::Entity => self.tables.entity_of(key),
            Whole::Key => key..key + 1,
            Whole::Everything => return self.empty_process(instance),
        };
        for level in 0..self.tiers.len() {
            if self.tiers[level].shared.is_none() {
                for key in keys.clone() {
                    let info = self.info_of(instance, key, usize::from(class));
                    match whole {
                        // A server does not know of commits, so nothing older is kept out.
                        Whole::Key => {
                            self.tiers[level].delete(instance as usize, info, self.now, &self.tables)
                        }
                        _ => self.change_in_process(level, instance, info, Change::Delete { commit }),
                    }
                }
            }
        }
    }

    /// An instance has a connection to the broadcast from now on.
    pub(super) fn link_holds(&mut self, instance: u32) {
        let now = self.now;
        let Some(links) = self.links() else { return };
        let at = now.saturating_add(links.connect(instance));
        if at < self.model.duration_ns {
            self.schedule(GENERAL, at, Kind::LinkBreaks, instance, 0);
        }
    }

    /// It has lost it, and the messages that are under way.
    #[inline(never)]
    pub(super) fn link_breaks(&mut self, instance: u32) {
        let now = self.now;
        let Some(links) = self.links() else { return };
        let at = now.saturating_add(links.cut(instance));
        self.schedule(GENERAL, at, Kind::LinkReturns, instance, 0);
        self.forget_reads(instance);
    }

    /// It has another one, and perhaps does not trust its copies.
    #[inline(never)]
    pub(super) fn link_returns(&mut self, instance: u32) {
        if self.links().is_some_and(|links| links.flushes) {
            self.empty_process(instance);
        }
        self.link_holds(instance);
    }

    fn links(&mut self) -> Option<&mut Links> {
        let Invalidations { broadcast, tracking, .. } = &mut self.invalidations;
        broadcast.as_mut().or(tracking.as_mut().map(|(_, way)| way))?.links.as_mut()
    }

    /// The instance tiers of one instance have nothing from now on.
    pub(super) fn empty_process(&mut self, instance: u32) {
        for tier in self.tiers.iter_mut().filter(|tier| tier.shared.is_none()) {
            tier.clear(instance as usize);
        }
    }

    /// At the end of the drain: changes that no cache has heard of yet count with their age.
    pub(super) fn end_unfinished_changes(&mut self) {
        for (_, change) in self.invalidations.changes.iter() {
            record_lag(&mut self.recorder, change.committed_ns, self.now);
        }
    }

    /// The books of the stream.
    pub(super) fn check_invalidations(&self) -> Result<(), String> {
        let Invalidations { changes, backlog, entered, handled, .. } = &self.invalidations;
        let waiting = changes.iter().filter(|(_, change)| !change.handled).count() as u64;
        if entered != &(handled + backlog) || waiting != *backlog {
            return Err(format!(
                "{entered} changes entered the stream, {handled} were handled, {backlog} are in the books and \
                 {waiting} in the stream"
            ));
        }
        let pending: u64 = changes.iter().map(|(_, change)| u64::from(change.pending)).sum();
        let deletes = self.commands.iter().filter(|(_, command)| command.is_of_the_stream()).count() as u64;
        if pending != deletes {
            return Err(format!("{pending} deletes of the change stream wanted, {deletes} under way"));
        }
        Ok(())
    }
}

/// Measured are changes that were committed in the measured part, whenever they arrive.
fn record_lag(recorder: &mut Recorder, committed_ns: Nanos, at: Nanos) {
    if (recorder.warmup_ns..recorder.duration_ns).contains(&committed_ns) {
        recorder.cdc_lag.record(at.saturating_sub(committed_ns));
    }
}
