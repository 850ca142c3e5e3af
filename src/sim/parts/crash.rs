//! Crashes: of an instance with all that it was doing, and of whoever leads a fetch.
//!
//! What has left the dead process goes on without it: the database executes what it was sent, commands take effect
//! in the tiers, a lease stays granted until its lock ends. Only the answers find nobody.

use super::command::Command;
use super::engine::{Engine, Kind};
use super::fetch::{Attempt, Stage};
use super::queue::GENERAL;
use super::read::Errand;
use super::slab::NONE;
use crate::dice::{Stream, below, hash_seed, mix, stream};
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{Coalescing, EventKind, Hottest, Model, Nanos, Route};

/// Who is dead, and who is going to die.
pub(super) struct Crashes {
    /// Whether instances may crash at all.
    pub of_instances: bool,
    /// Per instance: until when requests are still sent to it, and until when it is down.
    down: Vec<(Nanos, Nanos)>,
    /// (key, event): the next one to lead a fetch of that key dies.
    doomed: Vec<(u32, usize)>,
    /// Where the requests of a dead instance go: drawn, or by a hash of their key.
    dice: Stream,
    sticky_seed: u64,
}

impl Crashes {
    pub fn new(model: &Model, seed: u64, replication: u32) -> Crashes {
        let of_instances = model.events.iter().any(|event| matches!(event.what, EventKind::Crash { .. }));
        Crashes {
            of_instances,
            down: if of_instances { vec![(0, 0); model.clients.instances as usize] } else { Vec::new() },
            doomed: Vec::new(),
            dice: stream(seed, replication, "clients.failover"),
            sticky_seed: hash_seed(seed, replication, "clients.failover.sticky"),
        }
    }

    /// Where a request goes that is meant for an instance; `None`: it is refused.
    pub fn route(&mut self, instance: u32, key: u32, now: Nanos, route: Route) -> Option<u32> {
        let (detected_ns, until_ns) = self.down[instance as usize];
        if now >= until_ns {
            return Some(instance);
        }
        if now < detected_ns {
            return None;
        }
        let trusted =
            |&(_, &(detected_ns, until_ns)): &(usize, &(Nanos, Nanos))| now < detected_ns || now >= until_ns;
        let count = self.down.iter().enumerate().filter(trusted).count() as u32;
        let chosen = match route {
            _ if count == 0 => return None,
            Route::Sticky => (mix(self.sticky_seed ^ u64::from(key)) % u64::from(count)) as usize,
            Route::Random | Route::RoundRobin => below(&mut self.dice, count) as usize,
        };
        let (instance, &(_, until_ns)) = self.down.iter().enumerate().filter(trusted).nth(chosen)?;
        (now >= until_ns).then_some(instance as u32)
    }
}

impl Engine<'_> {
    /// A request meets an instance that is down.
    pub(super) fn refuse_arrival(&mut self, class: usize, exists: bool, user: u32) {
        self.watch.cause = Some(Cause::Crash);
        self.arrived += 1;
        let window = self.recorder.window_of(self.now);
        if self.now >= self.recorder.warmup_ns {
            self.recorder.causes[Cause::Crash as usize] += 1;
        }
        self.recorder.finish(self.now, 0, window, class, Outcome::Error);
        if exists {
            self.recorder.finish_check(self.now, 0, Outcome::Error);
        }
        self.user_thinks(user, self.now);
    }

    /// The process of an instance dies.
    pub(super) fn instance_crashes(&mut self, instance: u32, for_ns: Nanos, detect_ns: Nanos) {
        let until_ns = self.now + for_ns;
        let down = &mut self.crashes.down[instance as usize];
        *down = match *down {
            // Dead already: it stays so until the later end, and who knew of it still does.
            (detected_ns, before_ns) if self.now < before_ns => (detected_ns, until_ns.max(before_ns)),
            _ => ((self.now + detect_ns).min(until_ns), until_ns),
        };
        for tier in self.tiers.iter_mut().filter(|tier| tier.shared.is_none()) {
            tier.clear(instance as usize);
        }
        self.abandon_commands(instance);
        self.renew_pools(instance);
        self.orphan_attempts(
            |attempt| attempt.errand.is_of_an_instance() && attempt.instance == instance,
            true,
        );
        let of_instance = |(id, at): (u32, u32)| (at == instance).then_some(id);
        let flights: Vec<u32> =
            self.flights.iter().map(|(id, flight)| (id, flight.instance)).filter_map(of_instance).collect();
        flights.into_iter().for_each(|id| self.fail_flight(id, Cause::Crash));
        let walks: Vec<u32> =
            self.walks.iter().map(|(id, walk)| (id, walk.instance)).filter_map(of_instance).collect();
        walks.into_iter().for_each(|id| self.end_in_error(id, Cause::Crash));
    }

    /// Nobody waits for the replies to what an instance has sent; what waits for a connection is never sent.
    fn abandon_commands(&mut self, instance: u32) {
        let commands: Vec<u32> = self
            .commands
            .iter()
            .filter(|(_, command)| command.instance == instance)
            .map(|(id, _)| id)
            .collect();
        for id in commands {
            let command = &mut self.commands[id];
            command.walk = NONE;
            command.instance = NONE;
            command.dead = true;
            let Command { level, waiting, .. } = *command;
            if waiting {
                self.close_fill(id, usize::from(level));
            }
        }
    }

    /// The connections of an instance are gone, and what it knew of whom it called.
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
            if attempt.stage == Stage::WaitsForConnection {
                self.attempts.remove(id);
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
            None => self.hottest(Hottest::Keys(1)).first().copied().unwrap_or(0),
        };
        let oldest = self
            .flights
            .iter()
            .filter(|(_, flight)| flight.is_fetching() && flight.key == key && !flight.dead)
            .map(|(id, flight)| (flight.started_ns, id))
            .min();
        match oldest {
            Some((_, flight)) => self.leader_dies(flight, event),
            None => self.crashes.doomed.push((key, event)),
        }
    }

    /// A fetch has begun; perhaps its leader is to die.
    #[inline]
    pub(super) fn meet_doom(&mut self, flight: u32) {
        if self.crashes.doomed.is_empty() || self.flights[flight].write {
            return;
        }
        let key = self.flights[flight].key;
        if let Some(place) = self.crashes.doomed.iter().position(|&(doomed, _)| doomed == key) {
            let (_, event) = self.crashes.doomed.remove(place);
            self.leader_dies(flight, event);
        }
    }

    /// The leader is gone. The flight of a group stays in its way: who waits for it, or comes to wait, does so until
    /// the attempt would have timed out, or else until the leader's deadline.
    fn leader_dies(&mut self, id: u32, event: usize) {
        self.recorder.leader_died_ns[event] = Some(self.now);
        let generation = self.flights.generation(id);
        self.orphan_attempts(
            |attempt| attempt.flight == id && attempt.flight_generation == generation,
            false,
        );
        let flight = &mut self.flights[id];
        flight.dead = true;
        (flight.attempt, flight.hedge) = (NONE, NONE);
        let (leader, sent_ns) = (flight.leader, flight.sent_ns);
        if !matches!(self.model.coalescing, Coalescing::Singleflight { .. }) {
            return self.fail_flight(id, Cause::Crash);
        }
        let walk = self.walks[leader];
        if walk.errand == Errand::Read && !walk.gone {
            self.walks[leader].gone = true;
            self.flights[id].live -= 1;
            self.record_error(&walk, Cause::Crash);
        }
        let timeout = self.model.database.timeout_ns.map(|ns| sent_ns.saturating_add(ns));
        let deadline = self.model.clients.deadline_ns.map(|ns| walk.start_ns.saturating_add(ns));
        if let Some(at) = timeout.or(deadline) {
            self.queue.push(GENERAL, at.max(self.now), Kind::FlightIsDropped as u8, id, generation);
        }
    }
}
