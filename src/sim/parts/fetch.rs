//! Flights: one call of the database with its retries, and those who wait for it.

use super::engine::{Engine, Kind};
use super::guard::Ticket;
use super::index::pair;
use super::queue::GENERAL;
use super::read::{Errand, filled};
use super::replicas::PRIMARY;
use super::slab::NONE;
use super::store::Value;
use crate::dice::{round_ns, unit_open_zero};
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{Coalescing, MAX_TIERS, Nanos};

/// One call of the database, retries included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub key: u32,
    pub instance: u32,
    pub class: u8,
    pub write: bool,
    /// It asks only whether the row is there.
    pub exists: bool,
    /// Others may join by instance and key.
    grouped: bool,
    /// It has reached the database (a flight around the look-up begins in the tiers).
    fetching: bool,
    /// Its leader has died: nothing will come of it.
    pub dead: bool,
    /// The uppermost tier that gets the value, and those below it that do not.
    pub fill_from: u8,
    pub unfilled: u8,
    /// Who started it; the first of those who wait.
    pub leader: u32,
    last: u32,
    /// How many of those who wait still want the answer.
    pub live: u32,
    pub attempts_made: u32,
    /// The attempt it counts on now, and the one sent beside it because that took long.
    pub attempt: u32,
    pub hedge: u32,
    pub token: u32,
    pub started_ns: Nanos,
    /// When the present attempt began.
    pub sent_ns: Nanos,
    left_ns: [Nanos; MAX_TIERS],
}

impl Flight {
    /// Whether it reads the database (a write does not, nor a flight that is still in the tiers).
    pub fn is_fetching(&self) -> bool {
        self.fetching && !self.write
    }
}

/// One attempt of a flight, one batch of the worker that writes back, or one request of the background load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub flight: u32,
    pub flight_generation: u32,
    pub key: u32,
    pub instance: u32,
    pub class: u8,
    pub errand: AttemptErrand,
    pub stage: Stage,
    /// Which replica it asks; [`PRIMARY`](super::replicas::PRIMARY): none.
    pub replica: u32,
    /// Its caller counts on it no more.
    pub abandoned: bool,
    /// Its caller is dead: its answer fills nothing.
    pub orphan: bool,
    /// Sent beside another.
    pub is_hedge: bool,
    /// Withdrawn from the database by its caller.
    pub cancelled: bool,
    /// Of the circuit breaker that let it through.
    pub ticket: Ticket,
    pub outcome: Result<(), Cause>,
    /// What it read, or what it writes.
    pub value: Value,
    /// Of a write: its transaction rolls back.
    pub rolls_back: bool,
    /// When it entered the present stage.
    pub since_ns: Nanos,
    /// When its caller began to wait for it.
    pub began_ns: Nanos,
    /// It asks only whether the row is there.
    pub exists: bool,
    /// For a fill after the flight is over.
    pub fill_from: u8,
    pub unfilled: u8,
    pub token: u32,
    pub started_ns: Nanos,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptErrand {
    Read,
    Write,
    /// A batch of the worker that writes back.
    Flush {
        keys: u32,
    },
    Background,
}

impl AttemptErrand {
    /// Whether it belongs to a flight, and to the connections and guards of an instance.
    pub fn is_of_an_instance(self) -> bool {
        matches!(self, AttemptErrand::Read | AttemptErrand::Write)
    }
}

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    WaitsForConnection,
    Travels,
    Queues,
    InService,
    Returns,
}

impl Attempt {
    /// A request of the background load, at the database's door.
    pub fn background() -> Attempt {
        Attempt {
            flight: NONE,
            flight_generation: 0,
            key: 0,
            instance: 0,
            class: 0,
            errand: AttemptErrand::Background,
            stage: Stage::Travels,
            replica: PRIMARY,
            abandoned: false,
            orphan: false,
            is_hedge: false,
            cancelled: false,
            ticket: Ticket::NONE,
            outcome: Ok(()),
            value: Value::default(),
            rolls_back: false,
            since_ns: 0,
            began_ns: 0,
            exists: false,
            fill_from: 0,
            unfilled: 0,
            token: 0,
            started_ns: 0,
        }
    }
}

/// The name of a flight that others may join. Existence checks have flights of their own: they bring no value.
/// Instances are far fewer than 2^31.
#[inline]
fn group(instance: u32, key: u32, exists: bool) -> u64 {
    pair(instance | u32::from(exists) << 31, key)
}

impl Engine<'_> {
    /// A walk has missed in every tier.
    pub(super) fn fetch(&mut self, id: u32) {
        if self.walks[id].flight == NONE {
            let grouped = matches!(self.model.coalescing, Coalescing::Singleflight { .. });
            if grouped {
                if self.join_or_lead(id) {
                    return;
                }
            } else {
                self.lead(id, false);
            }
        }
        self.begin_fetch(self.walks[id].flight);
    }

    /// Joins the flight of this instance and key, or starts one; returns whether it joined.
    pub(super) fn join_or_lead(&mut self, id: u32) -> bool {
        let walk = self.walks[id];
        let Some(flight) = self.groups.get(group(walk.instance, walk.key, walk.exists)) else {
            self.lead(id, true);
            return false;
        };
        let state = &mut self.flights[flight];
        let last = state.last;
        state.last = id;
        state.live += u32::from(!walk.gone);
        state.fill_from = state.fill_from.min(walk.fill_from);
        self.walks[last].next = id;
        self.walks[id].flight = flight;
        true
    }

    /// Starts a flight for a walk.
    pub(super) fn lead(&mut self, id: u32, grouped: bool) -> u32 {
        let walk = self.walks[id];
        let flight = self.flights.insert(Flight {
            key: walk.key,
            instance: walk.instance,
            class: walk.class,
            write: walk.errand == Errand::Write,
            exists: walk.exists,
            grouped,
            fetching: false,
            dead: false,
            fill_from: walk.fill_from,
            unfilled: 0,
            leader: id,
            last: id,
            live: u32::from(!walk.gone),
            attempts_made: 0,
            attempt: NONE,
            hedge: NONE,
            token: 0,
            started_ns: self.now,
            sent_ns: self.now,
            left_ns: walk.left_ns,
        });
        if grouped {
            self.groups.entry(group(walk.instance, walk.key, walk.exists), flight);
        }
        self.walks[id].flight = flight;
        flight
    }

    /// The flight reaches the database.
    pub(super) fn begin_fetch(&mut self, id: u32) {
        let leader = self.walks[self.flights[id].leader];
        let flight = &mut self.flights[id];
        flight.fetching = true;
        flight.started_ns = self.now;
        flight.left_ns = leader.left_ns;
        flight.token = leader.token;
        flight.unfilled = leader.unfilled;
        if !flight.write {
            let key = flight.key;
            self.begin_stampede(key);
        }
        if let Some(budget) = self.database.budgets.get_mut(leader.instance as usize) {
            budget.deposit();
        }
        let generation = self.flights.generation(id);
        self.send_attempt(id);
        if self.flights.is(id, generation) {
            self.meet_doom(id);
        }
    }

    /// An attempt that a flight counts on has failed: once more, or the end, unless there is another beside it.
    pub(super) fn attempt_failed(&mut self, id: u32, attempt: u32, cause: Cause) {
        self.watch.cause = Some(cause);
        let retries = &self.model.database.retries;
        let flight = &mut self.flights[id];
        let other = if flight.hedge == attempt { flight.attempt } else { flight.hedge };
        (flight.attempt, flight.hedge) = (other, NONE);
        if other != NONE {
            return;
        }
        if flight.attempts_made >= retries.attempts || flight.live == 0 {
            return self.fail_flight(id, cause);
        }
        if let Some(budget) = self.database.budgets.get_mut(flight.instance as usize)
            && !budget.withdraw()
        {
            self.totals.db_retries_refused += 1;
            return self.fail_flight(id, cause);
        }
        let base_ns = retries.backoff_ns as f64;
        let growth = libm::pow(retries.factor, f64::from(flight.attempts_made - 1));
        // Many attempts grow beyond every number, and infinity times nothing is no number.
        let grown = if base_ns == 0.0 { 0.0 } else { growth * base_ns };
        let capped = grown.min(retries.max_backoff_ns as f64);
        let random = if retries.jitter > 0.0 { unit_open_zero(&mut self.backoff_dice) } else { 1.0 };
        let wait_ns = round_ns(capped * (1.0 - retries.jitter + retries.jitter * random));
        // An event even where there is nothing to wait for: many retries at one instant must not nest.
        let generation = self.flights.generation(id);
        let at = self.now.saturating_add(wait_ns);
        self.queue.push(GENERAL, at, Kind::FlightRetries as u8, id, generation);
    }

    /// The backoff is over.
    pub(super) fn retry(&mut self, id: u32) {
        if self.flights[id].dead {
            return;
        }
        self.totals.db_retries += 1;
        self.send_attempt(id);
    }

    /// The database has answered a read: fill, then wake all who wait.
    pub(super) fn land(&mut self, id: u32, value: Value) {
        let flight = self.end_flight(id);
        if flight.write {
            return self.transaction_is_over(flight.leader, value);
        }
        self.fill_after_fetch(&flight, value);
        self.wake(&flight, Outcome::Miss, None, value);
    }

    fn fill_after_fetch(&mut self, flight: &Flight, value: Value) {
        let info = self.info(flight.key, usize::from(flight.class));
        if flight.exists && !info.is_negative(value.version) {
            return;
        }
        for level in filled(flight.fill_from, self.tiers.len(), flight.unfilled) {
            let left_ns = match flight.left_ns[level] {
                0 => flight.started_ns,
                left_ns => left_ns,
            };
            self.fill(level, flight.instance, info, value, self.now - left_ns.min(self.now), flight.token);
        }
    }

    /// A tier has answered the look-up that others waited for.
    pub(super) fn land_from_tier(&mut self, id: u32, level: usize, outcome: Outcome, value: Value) {
        let leader = self.walks[self.flights[id].leader];
        let flight = self.end_flight(id);
        let info = self.info(flight.key, usize::from(flight.class));
        let brings = !flight.exists || info.is_negative(value.version);
        let below = if brings { level } else { 0 };
        for above in filled(flight.fill_from, below, leader.unfilled) {
            let delta_ns = self.now.saturating_sub(leader.left_ns[above]);
            self.fill(above, flight.instance, info, value, delta_ns, 0);
        }
        self.wake(&flight, outcome, Some(level), value);
    }

    /// An answer came after its attempt was given up.
    pub(super) fn fill_late(&mut self, attempt: &Attempt) {
        let info = self.info(attempt.key, usize::from(attempt.class));
        if attempt.exists && !info.is_negative(attempt.value.version) {
            return;
        }
        for level in filled(attempt.fill_from, self.tiers.len(), attempt.unfilled) {
            let delta_ns = self.now - attempt.started_ns;
            self.fill(level, attempt.instance, info, attempt.value, delta_ns, attempt.token);
        }
    }

    /// The flight is over without a value.
    pub(super) fn fail_flight(&mut self, id: u32, cause: Cause) {
        let flight = self.end_flight(id);
        let mut walk = flight.leader;
        while walk != NONE {
            let next = self.walks[walk].next;
            self.end_in_error(walk, cause);
            walk = next;
        }
    }

    /// All who wait get the value. The leader's class is `outcome`; from the database the others are coalesced,
    /// from a tier they share it.
    fn wake(&mut self, flight: &Flight, outcome: Outcome, tier: Option<usize>, value: Value) {
        let mut walk = flight.leader;
        while walk != NONE {
            let next = self.walks[walk].next;
            let outcome = if walk != flight.leader && tier.is_none() { Outcome::Coalesced } else { outcome };
            self.end_read(walk, outcome, tier, value);
            walk = next;
        }
    }

    fn end_flight(&mut self, id: u32) -> Flight {
        let flight = self.flights[id];
        self.flights.remove(id);
        let name = group(flight.instance, flight.key, flight.exists);
        if flight.grouped && self.groups.get(name) == Some(id) {
            self.groups.remove(name);
        }
        if flight.is_fetching() {
            self.end_stampede(flight.key);
        }
        flight
    }

    /// A database read of the key begins: alone, or beside others of the same key.
    #[inline]
    pub(super) fn begin_stampede(&mut self, key: u32) {
        let (in_flight, started) = self.fetching.entry(u64::from(key), (0, 0));
        *in_flight += 1;
        *started += 1;
        self.totals.db_fetches += 1;
        self.totals.db_duplicates += u64::from(*in_flight > 1);
    }

    /// A database read of the key is over; the last of those that overlap ends the stampede.
    #[inline]
    pub(super) fn end_stampede(&mut self, key: u32) {
        self.fetches_ended += 1;
        let Some((in_flight, started)) = self.fetching.get_mut(u64::from(key)) else { return };
        *in_flight -= 1;
        if *in_flight == 0 {
            let started = u64::from(*started);
            if self.recorder.measuring {
                self.recorder.stampedes.record(started);
            }
            self.fetching.remove(u64::from(key));
        }
    }

    /// After a restart of an instance nobody joins the flights of the old process.
    pub(super) fn detach_groups(&mut self, instance: u32) {
        let flights: Vec<u32> = self
            .flights
            .iter()
            .filter(|(_, flight)| flight.grouped && flight.instance == instance)
            .map(|(id, _)| id)
            .collect();
        for id in flights {
            self.groups.remove(group(instance, self.flights[id].key, self.flights[id].exists));
            self.flights[id].grouped = false;
        }
    }
}
