//! Attempts of a call: from an instance to the database, and back with their outcome.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part;
use crate::measure::recorder::Cause;
use crate::sim::parts::attempt::{Attempt, AttemptErrand, Stage};
use crate::sim::parts::journey::{Errand, Journey};
use crate::sim::parts::pool::Waiter;
use crate::sim::parts::replicas::PRIMARY;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// Begins an attempt of a call, if the guards let it; it has no connection yet.
    #[inline(always)]
    fn begin_attempt(&mut self, leader: u32) -> Result<u32, Cause> {
        let Journey { key, instance, class, errand, exists, rolls_back, call_fill_from, unfilled, .. } =
            self.journeys[leader];
        let ticket = self.database.admit(instance, self.now)?;
        let writes = errand == Errand::Write;
        let extras = self.extras(leader);
        let attempt = Attempt {
            since_ns: self.now,
            began_ns: self.now,
            called_ns: self.lead(leader).called_ns,
            value: Value { version: if writes { extras.version } else { 0 }, read_ns: 0 },
            leader,
            leader_generation: self.journeys.generation(leader),
            key,
            instance,
            replica: if writes { PRIMARY } else { self.database.replicas.choose() },
            token: extras.token,
            ticket,
            class,
            errand: if writes { AttemptErrand::Write } else { AttemptErrand::Read },
            stage: Stage::WaitsForConnection,
            outcome: Ok(()),
            abandoned: false,
            orphan: false,
            is_hedge: false,
            cancelled: false,
            closed: false,
            refused: false,
            rolls_back,
            exists,
            fill_from: call_fill_from,
            unfilled,
        };
        Ok(if self.are_attempts_torn {
            self.attempts.insert(attempt)
        } else {
            self.attempts.occupy(leader, attempt)
        })
    }

    /// An attempt is over.
    #[inline(always)]
    pub(super) fn end_attempt(&mut self, id: u32) {
        let is_of_nobody = self.attempts[id].leader == NONE;
        if self.are_attempts_torn {
            return self.attempts.remove(id);
        }
        self.attempts.vacate(id);
        if is_of_nobody {
            self.journeys.remove(id);
        }
    }

    /// Makes room for an attempt that belongs to no call.
    pub(super) fn begin_attempt_of_nobody(&mut self, errand: AttemptErrand) -> u32 {
        let attempt = Attempt::of_nobody(errand);
        if self.are_attempts_torn {
            return self.attempts.insert(attempt);
        }
        let slot = self.journeys.insert(Journey::other(), Default::default(), Default::default());
        self.attempts.occupy(slot, attempt)
    }

    /// Sends the next attempt of a call.
    #[inline(always)]
    pub(super) fn send_attempt(&mut self, leader: u32) {
        // The call is its only attempt, and its journey holds all of its state.
        if S::PLAIN {
            return self.attempt_travels(leader, Kind::AttemptArrives);
        }
        let now = self.now;
        if let Some(lead) = self.lead_mut(leader) {
            lead.attempts_made += 1;
            lead.sent_ns = now;
        }
        let attempt = match self.begin_attempt(leader) {
            Ok(attempt) => attempt,
            // Another attempt would be refused again: a retry is for what may have failed by chance.
            Err(cause) => return self.fail_call(leader, cause),
        };
        if let Some(lead) = self.lead_mut(leader) {
            lead.attempt = attempt;
        }
        if !S::PLAIN
            && let Some(hedging) = &self.database.hedge
        {
            let Journey { errand, instance, .. } = self.journeys[leader];
            if errand != Errand::Write
                && let Some((after_ns, lane)) = hedging.after(instance)
            {
                let generation = self.attempts.generation(attempt);
                self.schedule(lane, self.now + after_ns, Kind::AttemptIsHedged, attempt, generation);
            }
        }
        self.ask_for_connection(attempt);
    }

    /// An attempt requests a connection from its instance's pool.
    #[inline(always)]
    fn ask_for_connection(&mut self, id: u32) {
        self.attempt_way_enters(id, Part::DbPool, self.now);
        if self.database.pools.is_empty() {
            return self.attempt_departs(id);
        }
        let (instance, generation) = (self.attempts[id].instance as usize, self.attempts.generation(id));
        let taken = self.database.pools.acquire(instance, Waiter::call(id, generation), self.now);
        self.totals.db_pool_asked += u64::from(taken.is_some());
        if taken == Some(false) {
            self.totals.db_pool_waited += 1;
            if let Some((after, lane)) = self.database.pool_timeout {
                self.schedule(lane, self.now + after, Kind::AttemptPoolTimesOut, id, generation);
            }
            return;
        }
        self.attempt_is_let_out(id);
    }

    /// The attempt has its place in the pool. Where the connection there was closed, a new one is set up first.
    #[inline(always)]
    fn attempt_is_let_out(&mut self, id: u32) {
        if S::RARE && self.attempt_connects(id) {
            return;
        }
        self.attempt_departs(id);
    }

    /// Begins to set up a connection; whether there was one to set up, and that takes time.
    #[inline(never)]
    fn attempt_connects(&mut self, id: u32) -> bool {
        let instance = self.attempts[id].instance as usize;
        let Some(connect) = &mut self.database.connect else { return false };
        // A database that is down refuses the connection itself.
        if self.database.down.is_some() || !self.database.pools.sets_up(instance) {
            return false;
        }
        if let Some(most) = self.model.database.max_connections {
            let open = self.database.pools.open(|instance| self.fleet.is_there(instance, self.now));
            if open > u64::from(most) {
                self.database.pools.is_refused(instance);
                self.attempts[id].refused = true;
            }
        }
        let connect_ns = connect.sample();
        if connect_ns == 0 {
            return false;
        }
        self.attempts[id].enter(Stage::Connects);
        let generation = self.attempts.generation(id);
        self.schedule(GENERAL, self.now + connect_ns, Kind::AttemptIsConnected, id, generation);
        true
    }

    /// The attempt has its connection and goes out.
    #[inline(always)]
    pub(super) fn attempt_departs(&mut self, id: u32) {
        if !self.database.pools.is_empty() && self.recorder.measuring {
            self.recorder.db_pool_wait.record(self.now - self.attempts[id].since_ns);
        }
        self.attempts[id].enter(Stage::Travels);
        self.attempt_way_enters(id, Part::DbNetwork, self.now);
        if let Some((after, lane)) = self.database_timeout_of(self.attempts[id].instance) {
            let generation = self.attempts.generation(id);
            self.schedule(lane, self.now + after, Kind::AttemptTimesOut, id, generation);
        }
        self.attempt_travels(id, Kind::AttemptArrives);
    }

    /// An attempt goes through the network, to the database or back.
    #[inline(always)]
    pub(super) fn attempt_travels(&mut self, id: u32, kind: Kind) {
        let delay_ns = match (&mut self.database.back, kind) {
            (None, _) | (_, Kind::AttemptArrives) => self.database.network.sample(),
            (Some(back), _) => back.sample(),
        };
        match (delay_ns, kind) {
            (0, Kind::AttemptArrives) => self.attempt_arrives(id),
            (0, _) => self.attempt_replies(id),
            (delay_ns, kind) => {
                let lane = self.database.network_lane;
                self.schedule(lane, self.now + delay_ns, kind, id, 0);
            }
        }
    }

    /// An attempt is not answered in time: a second one goes out beside it, if the guards let it.
    #[inline(never)]
    pub(super) fn hedge(&mut self, attempt: u32) {
        let Attempt { leader, abandoned, .. } = self.attempts[attempt];
        if abandoned {
            return;
        }
        let lead = self.lead(leader);
        if lead.attempt != attempt || lead.hedge != NONE {
            return;
        }
        if let Ok(hedge) = self.begin_attempt(leader) {
            self.totals.db_hedges += 1;
            self.attempts[hedge].is_hedge = true;
            if let Some(lead) = self.journeys.leads.get_mut(leader) {
                lead.hedge = hedge;
            }
            self.hedge_way_begins(leader);
            self.ask_for_connection(hedge);
        }
    }

    /// One of the attempts of a call was answered: nobody counts on the other.
    #[inline(never)]
    fn give_up_other(&mut self, leader: u32, winner: u32) {
        let Some(lead) = self.journeys.leads.get_mut(leader).filter(|lead| lead.hedge != NONE) else {
            return;
        };
        let loser = if winner == lead.hedge { lead.attempt } else { lead.hedge };
        lead.hedge = NONE;
        let lost = self.attempts[loser];
        self.database.forget(&lost);
        self.database.learn(&lost, self.now);
        if lost.stage == Stage::WaitsForConnection {
            return self.end_attempt(loser);
        }
        self.attempts[loser].abandoned = true;
        self.attempts[loser].orphan = true;
        if self.model.database.hedge.is_some_and(|hedge| hedge.cancel) {
            self.cancel_attempt(loser);
        }
    }

    /// The answer is at the instance.
    #[inline(never)]
    pub(super) fn attempt_replies(&mut self, id: u32) {
        if S::PLAIN {
            return self.land(id, Value::default());
        }
        let Attempt { errand, outcome, abandoned, instance, leader, value, began_ns, .. } = self.attempts[id];
        match errand {
            AttemptErrand::Background => return self.end_attempt(id),
            AttemptErrand::Flush => {
                self.end_attempt(id);
                return self.batch_is_answered(outcome.is_ok());
            }
            AttemptErrand::Read | AttemptErrand::Write => {}
        }
        self.free_connection(id);
        if abandoned {
            return self.late_attempt_replies(id);
        }
        if self.database.is_guarded() {
            self.settle_attempt(id, outcome.is_err());
        }
        self.end_attempt(id);
        match outcome {
            Ok(()) => {
                self.attempt_way_wins(leader, id);
                if self.database.hedge.is_some() {
                    self.give_up_other(leader, id);
                }
                self.land(leader, value);
            }
            Err(cause) => {
                self.attempt_way_fails(leader, id, began_ns);
                self.attempt_failed(leader, id, cause);
            }
        }
        self.hand_database_connection_on(instance);
    }

    /// The caller of an attempt learns its outcome.
    #[inline(never)]
    fn settle_attempt(&mut self, id: u32, has_failed: bool) {
        let attempt = self.attempts[id];
        self.database.settle(&attempt, self.now, has_failed);
        if !has_failed {
            self.totals.db_hedges_won += u64::from(attempt.is_hedge);
            self.database.learn(&attempt, self.now);
        }
    }

    /// An answer that nobody waits for any more.
    #[inline(never)]
    fn late_attempt_replies(&mut self, id: u32) {
        let attempt = self.attempts[id];
        self.end_attempt(id);
        let is_read = attempt.outcome.is_ok() && attempt.errand == AttemptErrand::Read;
        if is_read && !attempt.orphan && self.model.database.late_fill {
            self.fill_late(&attempt);
        }
        self.hand_database_connection_on(attempt.instance);
    }

    #[inline]
    fn free_connection(&mut self, id: u32) {
        let Attempt { errand, instance, closed, refused, outcome, .. } = self.attempts[id];
        if !errand.is_of_an_instance() || S::RARE && closed {
            return;
        }
        if S::RARE && refused {
            self.database.pools.close_refused(instance as usize, self.now);
        } else if S::RARE && self.database.connect.is_some() && outcome == Err(Cause::DbDown) {
            self.database.pools.close(instance as usize, self.now);
        } else {
            self.database.pools.release(instance as usize, self.now);
        }
    }

    /// A free connection goes to the next attempt that waits for one. Where that is answered at the same instant
    /// its connection is free again: the loop hands it on, not a call within the call for each one that waits.
    #[inline(never)]
    pub(super) fn hand_database_connection_on(&mut self, instance: u32) {
        if self.database.pools.is_empty() || self.database.handing_on == Some(instance) {
            return;
        }
        let outer = self.database.handing_on.replace(instance);
        loop {
            let attempts = &self.attempts;
            let is_there = |waiter: Waiter| attempts.is(waiter.slot, waiter.generation);
            let Some(next) = self.database.pools.next(instance as usize, self.now, is_there) else { break };
            self.attempt_is_let_out(next.slot);
        }
        self.database.handing_on = outer;
    }

    /// The caller stops waiting for this attempt. Unless it is withdrawn, it keeps its place, its server and its
    /// connection until it is answered.
    #[inline(never)]
    pub(super) fn attempt_times_out(&mut self, id: u32) {
        let attempt = self.attempts[id];
        if attempt.abandoned {
            return;
        }
        self.attempts[id].abandoned = true;
        self.database.settle(&attempt, self.now, true);
        self.database.learn(&attempt, self.now);
        if S::RARE && self.model.database.close_on_timeout {
            self.close_connection(id);
        }
        if self.model.database.cancel_on_timeout {
            self.cancel_attempt(id);
        }
        self.attempt_way_fails(attempt.leader, id, attempt.began_ns);
        self.attempt_failed(attempt.leader, id, Cause::DbTimeout);
    }

    /// The caller of an attempt closes its connection: the database goes on with it, and its answer reaches nobody.
    #[inline(never)]
    fn close_connection(&mut self, id: u32) {
        let attempt = &mut self.attempts[id];
        (attempt.closed, attempt.orphan) = (true, true);
        let (instance, refused) = (attempt.instance, attempt.refused);
        match refused {
            true => self.database.pools.close_refused(instance as usize, self.now),
            false => self.database.pools.close(instance as usize, self.now),
        }
        self.hand_database_connection_on(instance);
    }

    /// An attempt that nobody waits for any more is withdrawn from the database.
    #[inline(never)]
    fn cancel_attempt(&mut self, id: u32) {
        self.attempts[id].cancelled = true;
        let Attempt { replica, stage, .. } = self.attempts[id];
        match stage {
            Stage::Queues => {
                self.database.leave_queue(replica);
                self.withdraw(id);
            }
            Stage::InService => {
                self.database.advance(self.now, &mut self.totals);
                self.database.leave_service(replica);
                self.withdraw(id);
                self.serve_waiting_at(replica);
            }
            Stage::WaitsForConnection | Stage::Connects | Stage::Travels | Stage::Returns => {}
        }
    }

    fn withdraw(&mut self, id: u32) {
        let instance = self.attempts[id].instance;
        self.free_connection(id);
        self.end_attempt(id);
        self.hand_database_connection_on(instance);
    }

    /// No connection in time.
    #[inline(never)]
    pub(super) fn attempt_pool_times_out(&mut self, id: u32) {
        let attempt = self.attempts[id];
        if attempt.stage == Stage::WaitsForConnection {
            self.end_attempt(id);
            self.database.settle(&attempt, self.now, true);
            self.attempt_way_fails(attempt.leader, id, attempt.began_ns);
            self.attempt_failed(attempt.leader, id, Cause::PoolTimeout);
        }
    }
}
