//! The events of a scenario at their times.

use super::core::Core;
use super::kind::Kind;
use super::tracking::SERVER;
use crate::dice::round_ns;
use crate::model::{Arrivals, EventKind, Nanos, Target, TimedEvent};
use crate::sim::parts::server::Admission;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;

impl<S: System> Core<'_, S> {
    /// Puts all that is known in advance into the queue.
    pub(super) fn schedule_scenario(&mut self) {
        let model = self.model;
        let mut at = |time: Nanos, kind: Kind, id: usize, event: usize| {
            self.queue.push(GENERAL, time, kind as u8, id as u32, event as u32);
        };
        // A shorter run may end before an event: it then never happens, not even in the drain.
        let happens = |event: &&TimedEvent| event.at_ns < model.duration_ns;
        for (index, event) in model.events.iter().enumerate().filter(|(_, event)| happens(event)) {
            at(event.at_ns, Kind::EventBegins, index, 0);
            match event.what {
                EventKind::Deploy { every_ns } => {
                    for instance in 0..model.clients.instances {
                        let time = event.at_ns + every_ns * u64::from(instance);
                        at(time, Kind::InstanceRestarts, instance as usize, 0);
                    }
                }
                EventKind::Change { every_ns, instances, .. } => {
                    for instance in 0..instances {
                        let time = event.at_ns + every_ns * u64::from(instance);
                        at(time, Kind::InstanceChanges, instance as usize, index);
                    }
                }
                what => at(event.at_ns + what.length_ns(model.clients.instances), Kind::EventEnds, index, 0),
            }
        }
        if !model.tiers.is_empty() {
            at(model.warmup_ns, Kind::ContentIsSampled, 0, 0);
        }
        // At the end of the arrivals the last window ends first, then the measured part.
        at(model.window_ns.min(model.duration_ns), Kind::WindowEnds, 0, 0);
        if model.warmup_ns > 0 {
            at(model.warmup_ns, Kind::WarmupEnds, 0, 0);
        }
        at(model.duration_ns, Kind::ArrivalsEnd, 0, 0);
        if let Arrivals::Closed { users, .. } = model.workload.arrivals {
            (0..users).for_each(|user| self.user_thinks(user, 0));
        }
        for level in 0..self.tiers.len() {
            if let Some(cycle) = self.tiers[level].active_expiry {
                self.schedule(GENERAL, cycle.every_ns, Kind::ExpiryCycleBegins, level as u32, 0);
            }
        }
        (0..model.clients.instances).for_each(|instance| self.link_holds(instance));
        if let Some(scaler) = &self.scaler {
            self.schedule(GENERAL, scaler.spec.every_ns, Kind::ScalerLooks, 0, 0);
        }
        self.schedule_background();
    }

    /// An event begins. Shared tiers have their events themselves, and the workload its surges and hot keys.
    #[inline(never)]
    pub(super) fn event_begins(&mut self, index: usize) {
        let event = &self.model.events[index];
        if S::RARE {
            self.tracked_tier_changes(event.what, false);
        }
        match event.what {
            EventKind::Flush { tier } | EventKind::Restart { tier, .. }
                if self.tiers[tier].shared.is_none() =>
            {
                (0..self.tiers[tier].stores.len()).for_each(|store| self.tiers[tier].clear(store));
            }
            EventKind::Pause { target: Target::Database, .. } => self.database.pauses += 1,
            EventKind::Slow { target: Target::Database, factor, .. } => self.database.slowness *= factor,
            EventKind::Down { target: Target::Database, for_ns, fail } => {
                self.database_goes_down(event.at_ns + for_ns, fail);
            }
            EventKind::Crash { instance, for_ns, detect_ns } => {
                self.instance_crashes(instance, for_ns, detect_ns);
            }
            EventKind::LeaderCrash { key } => self.doom_leader(index, key),
            EventKind::Change { revision, .. } => self.shared_tiers_change(revision),
            EventKind::Scale { instances, startup_ns } => self.order_instances(instances, startup_ns),
            what @ EventKind::Warm { .. } => self.warming_begins(what),
            _ => {}
        }
    }

    /// An event that lasts is over.
    #[inline(never)]
    pub(super) fn event_ends(&mut self, index: usize) {
        if S::RARE {
            self.tracked_tier_changes(self.model.events[index].what, true);
        }
        match self.model.events[index].what {
            EventKind::Pause { target: Target::Database, .. } => {
                self.database.pauses -= 1;
                self.serve_waiting();
            }
            EventKind::Slow { target: Target::Database, .. } => {
                // Recomputed rather than divided, so that it is exactly one again.
                let now = self.now;
                let instances = self.model.clients.instances;
                self.database.slowness = self
                    .model
                    .events
                    .iter()
                    .filter(|event| event.at_ns <= now && now < event.at_ns + event.what.length_ns(instances))
                    .filter_map(|event| match event.what {
                        EventKind::Slow { target: Target::Database, factor, .. } => Some(factor),
                        _ => None,
                    })
                    .product();
            }
            EventKind::Crash { .. } => self.fleet.count(self.now),
            // Of two that overlap, the one that lasts longer ends it.
            EventKind::Down { target: Target::Database, .. }
                if self.database.down.is_some_and(|(until_ns, _)| until_ns <= self.now) =>
            {
                self.database.down = None;
            }
            _ => {}
        }
    }

    /// Every node of a tier looks for expired entries, behind what it has to do already; one that is down does not.
    #[inline(never)]
    pub(super) fn expiry_cycle_begins(&mut self, level: usize) {
        let tier = &mut self.tiers[level];
        let Some(cycle) = tier.active_expiry else { return };
        for number in 0..tier.stores.len() {
            let tier = &mut self.tiers[level];
            let Some(Admission::Serve { start_ns }) = tier.admit(number, self.now, &self.tables) else {
                continue;
            };
            let examined = tier.expire(number, start_ns, &self.tables);
            let service_ns = round_ns(examined as f64 * cycle.per_key_ns);
            if let (Some(shared), true) = (&mut tier.shared, service_ns > 0) {
                shared.serve_for(number, start_ns, service_ns);
            }
            if S::RARE && tier.changed.is_some() {
                self.tell_readers(level, number, SERVER, start_ns);
            }
        }
        if self.is_ahead(level) {
            self.lose_flushed();
        }
        let next = self.now + cycle.every_ns;
        if next <= self.last_ns {
            self.schedule(GENERAL, next, Kind::ExpiryCycleBegins, level as u32, 0);
        }
    }

    /// An instance is replaced by a new process: its instance tiers are empty, and nobody joins the flights of
    /// the old one, which answers what it has begun.
    #[inline(never)]
    pub(super) fn instance_restarts(&mut self, instance: u32) {
        self.empty_process(instance);
        self.forget_reads(instance);
        if S::RARE && self.database.connect.is_some() {
            self.database.pools.close_idle(instance as usize);
        }
        self.calls.failures.iter_mut().for_each(|failures| failures.clear(instance));
        self.detach_groups(instance);
    }
}
