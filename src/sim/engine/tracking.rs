//! Servers that tell the readers of a key once it has changed.

use super::core::Core;
use super::kind::Kind;
use crate::model::{DownMode, EventKind, Nanos, Target};
use crate::sim::parts::stream::{Notice, Whole};
use crate::sim::parts::system::System;
use crate::sim::parts::tracking::Tracker;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;

impl<S: System> Core<'_, S> {
    fn tracker(&mut self, level: usize) -> Option<&mut Tracker> {
        let tracker = &mut self.invalidations.tracking.as_mut()?.0;
        (tracker.level == level).then_some(tracker)
    }

    /// An instance has read a key from a server. What that has found expired has changed before.
    #[inline(never)]
    pub(super) fn note_read(&mut self, level: usize, server: usize, key: u32, class: usize, instance: u32) {
        let id = self.tiers[level].id_of(self.info_of(instance, key, class));
        self.note_changes(level, server, instance);
        // Whose process has died since it asked has no connection to be told on.
        if instance != NONE
            && let Some(tracker) = self.tracker(level)
        {
            tracker.reads(server, id, instance);
        }
    }

    /// Whoever holds a key before the start has read it.
    pub(super) fn note_prefilled(&mut self) {
        let Some((tracker, _)) = &mut self.invalidations.tracking else { return };
        // The tables are those of keys that the tier holds, so what its own loading has changed is no change.
        self.tiers[tracker.level].changed.iter_mut().for_each(Vec::clear);
        let tracked = &self.tiers[tracker.level];
        for tier in self.tiers.iter().filter(|tier| tier.shared.is_none()) {
            for (instance, store) in tier.stores.iter().enumerate() {
                for key in store.keys() {
                    tracker.reads(tracked.store_of(instance as u32, key, 0), key, instance as u32);
                }
            }
        }
    }

    fn note_changes(&mut self, level: usize, server: usize, instance: u32) {
        let changed = self.tiers[level].changed.as_mut().map(std::mem::take);
        if let Some(tracker) = self.tracker(level) {
            changed.into_iter().flatten().for_each(|change| tracker.changes(server, change, instance));
        }
    }

    /// A server has executed a command of an instance, or of nobody, at an instant: those who have read what changed are told.
    #[inline(never)]
    pub(super) fn tell_readers(&mut self, level: usize, server: usize, instance: u32, at_ns: Nanos) {
        self.note_changes(level, server, instance);
        let messages = self.tracker(level).map(Tracker::messages);
        let rows = self.tables.keys() as u32;
        for (id, instance) in messages.into_iter().flatten() {
            // Each version of the keys has ids of its own.
            self.tell_reader(id % rows, instance, Whole::Key, at_ns);
        }
    }

    fn tell_reader(&mut self, key: u32, instance: u32, whole: Whole, at_ns: Nanos) {
        let class = self.tables.class_of(key) as u8;
        let Some((_, way)) = &mut self.invalidations.tracking else { return };
        let lane = way.lane;
        let Some(delay_ns) = way.delay_ns(instance) else { return };
        let id = self.invalidations.notices.insert(Notice { key, class, instance, commit: 0, whole });
        self.recorder.count_notice();
        // A server that works ahead sends what is due later than what another sends next.
        let lane = if at_ns == self.now { lane } else { GENERAL };
        self.schedule(lane, at_ns + delay_ns, Kind::InstanceHears, id, 0);
    }

    /// The connections of an instance are new: the servers remember nothing that it has read.
    pub(super) fn forget_reads(&mut self, instance: u32) {
        if let Some((tracker, _)) = &mut self.invalidations.tracking {
            tracker.forget(instance);
        }
    }

    /// Something begins or ends at the tracked tier. Its clients notice refused connections and new ones, and empty their tiers.
    #[inline(never)]
    pub(super) fn tracked_tier_changes(&mut self, what: EventKind, ends: bool) {
        let Some((tracker, _)) = &mut self.invalidations.tracking else { return };
        let (level, server, refuses) = match what {
            EventKind::Flush { tier } => (tier, None, false),
            EventKind::Restart { tier, node, fail, .. } => (tier, node, fail == DownMode::Refuse),
            EventKind::NodeLost { tier, node, fail, .. } => (tier, Some(node), fail == DownMode::Refuse),
            EventKind::Down { target: Target::Tier(tier), fail, .. } => {
                (tier, None, fail == DownMode::Refuse)
            }
            EventKind::Down { target: Target::Node { tier, node }, fail, .. } => {
                (tier, Some(node), fail == DownMode::Refuse)
            }
            _ => return,
        };
        if level != tracker.level {
            return;
        }
        tracker.clear(server.map(|node| node as usize));
        let instances = 0..self.model.clients.instances;
        if matches!(what, EventKind::Flush { .. }) {
            if !ends {
                instances.for_each(|instance| self.tell_reader(0, instance, Whole::Everything, self.now));
            }
        } else if refuses || ends {
            instances.for_each(|instance| self.empty_process(instance));
        }
    }
}

/// Nobody in particular: the server itself.
pub(super) const SERVER: u32 = NONE;
