//! What an instance lets go to the database, and what it learns of it: circuit breaker, adaptive limit, hedges.

use super::database::Database;
use super::engine::{Engine, Kind};
use super::fetch::{Attempt, AttemptErrand, Flight, Stage};
use super::guard::Ticket;
use super::read::Walk;
use super::replicas::PRIMARY;
use super::slab::NONE;
use super::store::Value;
use crate::measure::recorder::{Cause, Totals};
use crate::model::Nanos;

impl Database {
    /// Whether an attempt of an instance may begin.
    fn admit(&mut self, instance: u32, now: Nanos) -> Result<Ticket, Cause> {
        let breaker = self.breakers.get_mut(instance as usize);
        let ticket = match breaker {
            Some(breaker) => breaker.admit(now).ok_or(Cause::Breaker)?,
            None => Ticket::NONE,
        };
        if self.limits.get_mut(instance as usize).is_none_or(|limit| limit.admit()) {
            return Ok(ticket);
        }
        if let Some(breaker) = self.breakers.get_mut(instance as usize) {
            breaker.forget(ticket);
        }
        Err(Cause::Limit)
    }

    /// The caller of an attempt learns what it came to.
    pub fn settle(&mut self, attempt: &Attempt, now: Nanos, has_failed: bool) {
        if let Some(breaker) = self.breakers.get_mut(attempt.instance as usize) {
            breaker.settle(attempt.ticket, now, has_failed);
        }
        if let Some(limit) = self.limits.get_mut(attempt.instance as usize) {
            limit.settle(now, now - attempt.began_ns, has_failed);
        }
    }

    /// Nobody learns what an attempt comes to.
    pub fn forget(&mut self, attempt: &Attempt) {
        if let Some(breaker) = self.breakers.get_mut(attempt.instance as usize) {
            breaker.forget(attempt.ticket);
        }
        if let Some(limit) = self.limits.get_mut(attempt.instance as usize) {
            limit.forget();
        }
    }

    /// How long a read took, or had taken when it was given up, for those who hedge by it.
    pub fn learn(&mut self, attempt: &Attempt, now: Nanos) {
        if let Some(hedging) = &mut self.hedge
            && attempt.errand == AttemptErrand::Read
            && !attempt.is_hedge
        {
            hedging.learn(attempt.instance, now - attempt.began_ns);
        }
    }

    /// A new process knows nothing.
    pub fn restart_guards(&mut self, instance: u32, now: Nanos) {
        if let Some(hedging) = &mut self.hedge {
            hedging.restart(instance);
        }
        if let Some(breaker) = self.breakers.get_mut(instance as usize) {
            breaker.restart(now);
        }
        if let Some(limit) = self.limits.get_mut(instance as usize) {
            limit.restart(now);
        }
    }

    /// Brings the books of the guards up to now.
    pub fn book_guards(&self, now: Nanos, totals: &mut Totals) {
        totals.db_breaker_open_ns = self.breakers.iter().map(|breaker| breaker.open_ns(now)).sum();
        totals.db_breaker_trips = self.breakers.iter().map(|breaker| breaker.trips).sum();
        totals.db_limit_ns = self.limits.iter().map(|limit| limit.integral_ns(now)).sum();
    }

    /// Attempts that count against the limits.
    pub fn under_limit(&self) -> Option<u64> {
        let sum = self.limits.iter().map(|limit| u64::from(limit.under_way())).sum();
        (!self.limits.is_empty()).then_some(sum)
    }
}

impl Engine<'_> {
    /// Begins an attempt of a flight, if the guards let it; it has no connection yet.
    pub(super) fn begin_attempt(&mut self, flight: u32) -> Result<u32, Cause> {
        let ticket = self.database.admit(self.flights[flight].instance, self.now)?;
        let replica = if self.flights[flight].write { PRIMARY } else { self.database.replicas.choose() };
        let state = &self.flights[flight];
        let (value, rolls_back) = match state.write {
            true => {
                let Walk { version, rolls_back, .. } = self.walks[state.leader];
                (Value { version, read_ns: 0 }, rolls_back)
            }
            false => (Value::default(), false),
        };
        Ok(self.attempts.insert(Attempt {
            flight,
            flight_generation: self.flights.generation(flight),
            errand: if state.write { AttemptErrand::Write } else { AttemptErrand::Read },
            key: state.key,
            instance: state.instance,
            class: state.class,
            stage: Stage::WaitsForConnection,
            replica,
            abandoned: false,
            cancelled: false,
            orphan: false,
            is_hedge: false,
            ticket,
            outcome: Ok(()),
            value,
            rolls_back,
            since_ns: self.now,
            exists: state.exists,
            began_ns: self.now,
            fill_from: state.fill_from,
            unfilled: state.unfilled,
            token: state.token,
            started_ns: state.started_ns,
        }))
    }

    /// Sends the next attempt of a flight.
    pub(super) fn send_attempt(&mut self, flight: u32) {
        self.flights[flight].attempts_made += 1;
        self.flights[flight].sent_ns = self.now;
        let attempt = match self.begin_attempt(flight) {
            Ok(attempt) => attempt,
            // To ask again would be refused again: a retry is for what may have failed by chance.
            Err(cause) => return self.fail_flight(flight, cause),
        };
        self.flights[flight].attempt = attempt;
        let Flight { write, instance, .. } = self.flights[flight];
        let hedge = self.database.hedge.as_ref().filter(|_| !write);
        if let Some((after_ns, lane)) = hedge.and_then(|hedging| hedging.after(instance)) {
            let generation = self.attempts.generation(attempt);
            self.queue.push(lane, self.now + after_ns, Kind::AttemptIsHedged as u8, attempt, generation);
        }
        self.ask_for_connection(attempt);
    }

    /// An attempt is not answered in time: a second one goes out beside it, if the guards let it.
    pub(super) fn hedge(&mut self, attempt: u32) {
        let Attempt { flight, abandoned, .. } = self.attempts[attempt];
        if abandoned || self.flights[flight].attempt != attempt || self.flights[flight].hedge != NONE {
            return;
        }
        if let Ok(hedge) = self.begin_attempt(flight) {
            self.totals.db_hedges += 1;
            self.attempts[hedge].is_hedge = true;
            self.flights[flight].hedge = hedge;
            self.ask_for_connection(hedge);
        }
    }

    /// One of the attempts of a flight was answered: nobody counts on the other.
    pub(super) fn give_up_other(&mut self, flight: u32, winner: u32) {
        let (attempt, hedge) = (self.flights[flight].attempt, self.flights[flight].hedge);
        if hedge == NONE {
            return;
        }
        let loser = if winner == hedge { attempt } else { hedge };
        self.flights[flight].hedge = NONE;
        let lost = self.attempts[loser];
        self.database.forget(&lost);
        self.database.learn(&lost, self.now);
        if lost.stage == Stage::WaitsForConnection {
            return self.attempts.remove(loser);
        }
        self.attempts[loser].abandoned = true;
        self.attempts[loser].orphan = true;
        if self.model.database.hedge.is_some_and(|hedge| hedge.cancel) {
            self.cancel_attempt(loser);
        }
    }
}
