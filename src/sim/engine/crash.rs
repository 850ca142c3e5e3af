//! Crashes: of an instance with all that it was doing, and of whoever leads a fetch.
//!
//! What has left the dead process goes on without it: the database executes what it was sent, commands take effect
//! in the tiers, a lease stays granted until its lock ends. Only the answers find nobody.

use super::core::Core;
use super::kind::Kind;
use super::prefill::hottest;
use crate::measure::recorder::Cause;
use crate::model::{Hottest, Nanos};
use crate::sim::parts::attempt::{Attempt, Stage};
use crate::sim::parts::command::Command;
use crate::sim::parts::journey::{Errand, Journey};
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;

impl<S: System> Core<'_, S> {
    /// A request meets an instance that is down.
    pub(super) fn refuse_arrival(&mut self, key: u32, instance: u32, class: usize, exists: bool, user: u32) {
        self.incoming.arrived += 1;
        let window = self.recorder.window_of(self.now);
        let journey = Journey { exists, ..Journey::new(self.now, key, instance, window, class) };
        self.record_unstarted(&journey, Cause::Crash);
        self.user_thinks(user, self.now);
    }

    /// The process of an instance dies.
    pub(super) fn instance_crashes(&mut self, instance: u32, for_ns: Nanos, detect_ns: Nanos) {
        self.fleet.crash(instance, for_ns, detect_ns, self.now);
        self.fleet.count(self.now);
        for tier in self.tiers.iter_mut().filter(|tier| tier.shared.is_none()) {
            tier.clear(instance as usize);
        }
        self.calls.failures.iter_mut().for_each(|failures| failures.clear(instance));
        self.drop_unstarted(instance);
        self.abandon_commands(instance);
        self.renew_pools(instance);
        self.orphan_attempts(
            |attempt| attempt.errand.is_of_an_instance() && attempt.instance == instance,
            true,
        );
        // First the calls, each with all who wait for it, then who was still on the way.
        let leaders: Vec<u32> = (self.journeys.iter())
            .filter(|&(id, journey)| journey.instance == instance && journey.leader == id)
            .map(|(id, _)| id)
            .collect();
        leaders.into_iter().for_each(|id| self.fail_call(id, Cause::Crash));
        let others: Vec<u32> = (self.journeys.iter())
            .filter(|(_, journey)| journey.instance == instance)
            .map(|(id, _)| id)
            .collect();
        others.into_iter().for_each(|id| self.end_in_error(id, Cause::Crash));
    }

    /// Nobody waits for replies to messages that an instance has sent; those that wait for a connection are never sent.
    fn abandon_commands(&mut self, instance: u32) {
        let commands: Vec<u32> = self
            .commands
            .iter()
            .filter(|(_, command)| command.instance == instance)
            .map(|(id, _)| id)
            .collect();
        for id in commands {
            let command = &mut self.commands[id];
            command.journey = NONE;
            command.instance = NONE;
            command.dead = true;
            let Command { level, waiting, .. } = *command;
            if waiting {
                self.close_fill(id, usize::from(level));
            }
        }
    }

    /// The connections of an instance are gone, and its history of its dependencies.
    fn renew_pools(&mut self, instance: u32) {
        for shared in self.tiers.iter_mut().filter_map(|tier| tier.shared.as_mut()) {
            for node in 0..shared.nodes.len() {
                shared.pools.renew(shared.pool(instance, node as u8), self.now);
            }
            if let Some(breaker) = shared.breakers.get_mut(instance as usize) {
                breaker.restart(self.now);
            }
        }
        self.database.pools.renew(instance as usize, self.now);
        if S::RARE && self.database.connect.is_some() {
            self.database.pools.close_idle(instance as usize);
        }
        self.database.restart_guards(instance, self.now);
    }

    /// Nobody waits for these attempts any more, and their answers fill nothing. `unconnected`: their connections are
    /// gone as well.
    fn orphan_attempts(&mut self, whose: impl Fn(&Attempt) -> bool, unconnected: bool) {
        let attempts: Vec<u32> =
            self.attempts.iter().filter(|(_, attempt)| whose(attempt)).map(|(id, _)| id).collect();
        for id in attempts {
            let attempt = &mut self.attempts[id];
            if !unconnected && !attempt.abandoned {
                self.database.forget(attempt);
            }
            let has_sent = match attempt.stage {
                Stage::WaitsForConnection => false,
                // What has its place goes on, unless the place is gone.
                Stage::Connects => !unconnected,
                Stage::Travels | Stage::Queues | Stage::InService | Stage::Returns => true,
            };
            if !has_sent {
                self.end_attempt(id);
                continue;
            }
            attempt.abandoned = true;
            attempt.orphan = true;
            if unconnected {
                attempt.instance = NONE;
            }
        }
    }

    /// The leader of a key's fetch dies: of the one under way, or of the next.
    pub(super) fn doom_leader(&mut self, event: usize, key: Option<u64>) {
        let key = match key {
            Some(key) => key as u32,
            None => {
                let classes = &self.model.workload.classes;
                hottest(&self.tables, classes, Hottest::Keys(1)).last().map_or(0, |hottest| hottest.0)
            }
        };
        let oldest = (self.journeys.iter())
            .filter(|&(id, journey)| {
                journey.leader == id && journey.is_fetching() && journey.key == key && !journey.dead
            })
            .map(|(id, _)| (self.journeys.leads.get(id).called_ns, id))
            .min();
        match oldest {
            Some((_, leader)) => self.leader_dies(leader, event),
            None => self.crashes.doomed.push((key, event)),
        }
    }

    /// A fetch has begun; perhaps its leader is to die.
    pub(super) fn meet_doom(&mut self, leader: u32) {
        let Journey { key, errand, .. } = self.journeys[leader];
        if errand == Errand::Write {
            return;
        }
        if let Some(place) = self.crashes.doomed.iter().position(|&(doomed, _)| doomed == key) {
            let (_, event) = self.crashes.doomed.remove(place);
            self.leader_dies(leader, event);
        }
    }

    /// The leader is gone. The call of a group stays in its way: who waits for it, or comes to wait, does so until
    /// the attempt would have timed out, or else until the leader's deadline.
    fn leader_dies(&mut self, id: u32, event: usize) {
        self.recorder.leader_died_ns[event] = Some(self.now);
        let generation = self.journeys.generation(id);
        self.orphan_attempts(
            |attempt| attempt.leader == id && attempt.leader_generation == generation,
            false,
        );
        if !self.calls.are_grouped {
            return self.fail_call(id, Cause::Crash);
        }
        let Journey { errand, gone, start_ns, .. } = self.journeys[id];
        self.journeys[id].dead = true;
        let Some(lead) = self.journeys.leads.get_mut(id) else { return };
        (lead.attempt, lead.hedge) = (NONE, NONE);
        let sent_ns = lead.sent_ns;
        if errand == Errand::Read && !gone {
            lead.live -= 1;
            self.record_error(id, Cause::Crash);
            self.journeys[id].gone = true;
        }
        let model = self.model_of(self.journeys[id].instance);
        let timeout = model.database.timeout_ns.map(|ns| sent_ns.saturating_add(ns));
        let deadline = model.clients.deadline_ns.map(|ns| start_ns.saturating_add(ns));
        if let Some(at) = timeout.or(deadline) {
            self.schedule(GENERAL, at.max(self.now), Kind::CallIsDropped, id, generation);
        }
    }
}
