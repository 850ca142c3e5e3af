//! Who else tells the caches of a write: the change stream with its consumer, and the broadcast to instances.
//!
//! The stream is FIFO and the consumer handles one change after the other, so when it will be done with a change is
//! known at the commit: after the change before it, and after whatever stall the scenario has in between. A change
//! is an entity until all shared tiers have executed its DELETEs; what the consumer still has before it is the backlog.

use super::command::{CommandReply, Op, Sender};
use super::engine::{Engine, Kind};
use super::queue::{GENERAL, Lane, Queue};
use super::slab::{NONE, Slab};
use super::write::Change;
use crate::dice::{Delays, Times, round_ns, stream};
use crate::measure::recorder::Recorder;
use crate::model::{EventKind, Model, Nanos, Scope};

/// Names the ring of the consumer; no delay of a scenario is as long.
const CONSUMER_RING: Nanos = Nanos::MAX - 64;

/// The way of all changes to the consumer.
struct Feed {
    lag: Delays,
    /// Time of the consumer per change.
    service_ns: Nanos,
    retry_ns: Nanos,
    /// When the last change that entered has come out of the stream.
    last_out_ns: Nanos,
    /// When the consumer is done with all changes so far.
    free_ns: Nanos,
    /// From and to, sorted.
    stalls: Vec<(Nanos, Nanos)>,
    lane: Lane,
}

impl Feed {
    /// When the consumer will be done with a change that is committed now.
    fn handled_at(&mut self, now: Nanos) -> Nanos {
        self.last_out_ns = self.last_out_ns.max(now + self.lag.sample());
        let mut start_ns = self.last_out_ns.max(self.free_ns);
        for &(from_ns, to_ns) in &self.stalls {
            if (from_ns..to_ns).contains(&start_ns) {
                start_ns = to_ns;
            }
        }
        self.free_ns = start_ns + self.service_ns;
        self.free_ns
    }
}

/// A committed write on its way to the caches.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommittedChange {
    key: u32,
    class: u8,
    /// The consumer has handled it.
    handled: bool,
    /// DELETEs that were not executed yet.
    pub pending: u32,
    committed_ns: Nanos,
    /// Number of the commit.
    pub commit: u64,
    /// When the last of its DELETEs took effect.
    effective_ns: Nanos,
}

/// What one instance is about to hear.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice {
    key: u32,
    class: u8,
    instance: u32,
    /// Number of the commit it hears of.
    commit: u64,
}

/// Changes and notices under way.
pub(super) struct Invalidations {
    feed: Option<Feed>,
    broadcast: Option<(Delays, Lane)>,
    pub changes: Slab<CommittedChange>,
    pub notices: Slab<Notice>,
    /// Changes that the consumer has not handled yet.
    pub backlog: u64,
    pub entered: u64,
    pub handled: u64,
}

impl Invalidations {
    pub fn new(model: &Model, seed: u64, replication: u32, queue: &mut Queue) -> Invalidations {
        let draw = |what: &str| stream(seed, replication, &format!("invalidation.{what}"));
        let stalls = model.events.iter().filter(|event| event.at_ns < model.duration_ns);
        let stalls = stalls.filter_map(|event| match event.what {
            EventKind::Stall { for_ns } => Some((event.at_ns, event.at_ns + for_ns)),
            _ => None,
        });
        let feed = model.invalidation.cdc.as_ref().map(|cdc| Feed {
            lag: Delays::new(Times::new(&cdc.lag), draw("cdc")),
            service_ns: cdc.rate_per_s.map_or(0, |rate_per_s| round_ns(1e9 / rate_per_s)),
            retry_ns: cdc.retry_ns,
            last_out_ns: 0,
            free_ns: 0,
            stalls: stalls.collect(),
            lane: queue.lane_for(CONSUMER_RING),
        });
        let in_process = model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. }));
        let broadcast = model.invalidation.broadcast.as_ref().filter(|_| in_process).map(|broadcast| {
            let delay = Delays::new(Times::new(&broadcast.delay), draw("broadcast"));
            let lane = delay.constant().map_or(GENERAL, |ns| queue.lane_for(ns));
            (delay, lane)
        });
        Invalidations {
            feed,
            broadcast,
            changes: Slab::new(),
            notices: Slab::new(),
            backlog: 0,
            entered: 0,
            handled: 0,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.changes.len() + self.notices.len() == 0
    }
}

impl Engine<'_> {
    /// A commit enters the change stream.
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
        self.queue.push(lane, at, Kind::ChangeIsHandled as u8, id, 0);
    }

    /// The consumer is done with a change: its DELETEs go out.
    pub(super) fn change_is_handled(&mut self, id: u32) {
        self.invalidations.backlog -= 1;
        self.invalidations.handled += 1;
        let shared: Vec<usize> =
            (0..self.tiers.len()).filter(|&level| self.tiers[level].shared.is_some()).collect();
        let change = &mut self.invalidations.changes[id];
        let (key, class) = (change.key, change.class);
        change.handled = true;
        change.effective_ns = self.now;
        let entity = self.tables.entity_of(key);
        change.pending = (shared.len() * entity.len()) as u32;
        if shared.is_empty() {
            return self.change_is_done(id);
        }
        for level in shared {
            for key in entity.clone() {
                let sender = Sender { walk: NONE, instance: NONE, class, key };
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
    pub(super) fn change_answered_by_tier(&mut self, command: u32, change: u32, reply: CommandReply) {
        if reply != CommandReply::Done {
            let retry_ns = self.invalidations.feed.as_ref().map_or(0, |feed| feed.retry_ns);
            let at = self.now.saturating_add(retry_ns);
            return self.queue.push(GENERAL, at, Kind::CommandIsSentAgain as u8, command, 0);
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

    /// Tells all instances but one (which knows) that a key was written.
    pub(super) fn tell_instances(&mut self, key: u32, class: u8, commit: u64, who_knows: u32) {
        if self.invalidations.broadcast.is_none() {
            return;
        }
        for instance in (0..self.model.clients.instances).filter(|&instance| instance != who_knows) {
            let Some((delay, lane)) = &mut self.invalidations.broadcast else { return };
            let (delay_ns, lane) = (delay.sample(), *lane);
            let id = self.invalidations.notices.insert(Notice { key, class, instance, commit });
            if delay_ns == 0 {
                self.instance_hears(id);
            } else {
                self.queue.push(lane, self.now + delay_ns, Kind::InstanceHears as u8, id, 0);
            }
        }
    }

    /// An instance hears of a write and deletes its copies.
    pub(super) fn instance_hears(&mut self, id: u32) {
        let Notice { key, class, instance, commit } = self.invalidations.notices[id];
        self.invalidations.notices.remove(id);
        for level in 0..self.tiers.len() {
            if self.tiers[level].shared.is_none() {
                for key in self.tables.entity_of(key) {
                    let info = self.info(key, usize::from(class));
                    self.change_in_process(level, instance, info, Change::Delete { commit });
                }
            }
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
