//! Stages of an attempt at the database.

use super::core::Core;
use super::kind::Kind;
use crate::dice::{exponential, round_ns};
use crate::measure::breakdown::Part;
use crate::measure::recorder::Cause;
use crate::model::{DownMode, Nanos};
use crate::sim::parts::attempt::{Attempt, AttemptErrand, Stage};
use crate::sim::parts::database::Work;
use crate::sim::parts::journey::Journey;
use crate::sim::parts::replicas::PRIMARY;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// The attempt is at the database: it is served, queues, or is turned away.
    #[inline(never)]
    pub(super) fn attempt_arrives(&mut self, id: u32) {
        self.totals.db_arrivals += 1;
        self.recorder.note_db_arrival(self.now);
        if S::PLAIN {
            self.journeys[id].since_ns = self.now;
            return match self.database.may_start() {
                true => self.start_service(id),
                false => self.database.enqueue(PRIMARY, id, 0, self.now, &mut self.recorder),
            };
        }
        let attempt = &mut self.attempts[id];
        self.totals.db_writes += match attempt.errand {
            AttemptErrand::Write => 1,
            AttemptErrand::Flush => self.ahead.as_ref().map_or(0, |ahead| ahead.hand.len() as u64),
            AttemptErrand::Read | AttemptErrand::Background => 0,
        };
        if attempt.cancelled {
            return self.attempt_returns(id, Err(Cause::DbTimeout));
        }
        if S::RARE && attempt.refused {
            return self.attempt_returns(id, Err(Cause::Connections));
        }
        match self.database.down {
            Some((_, DownMode::Refuse)) => return self.attempt_returns(id, Err(Cause::DbDown)),
            Some((until_ns, DownMode::Timeout)) => return self.attempt_is_lost(id, until_ns),
            None => {}
        }
        attempt.since_ns = self.now;
        let place = attempt.replica;
        self.attempt_way_enters(id, Part::DbQueue, self.now);
        if self.database.may_start_at(place) {
            self.start_service(id);
        } else if self.database.waiting_at(place) < self.database.queue_limit {
            self.attempts[id].enter(Stage::Queues);
            let generation = self.attempts.generation(id);
            self.database.enqueue(place, id, generation, self.now, &mut self.recorder);
        } else {
            self.attempt_returns(id, Err(Cause::DbRejected));
        }
    }

    /// A server takes the attempt; it reads the version committed now.
    fn start_service(&mut self, id: u32) {
        let (place, since_ns, work, generation) = if S::PLAIN {
            let Journey { since_ns, class, .. } = self.journeys[id];
            (PRIMARY, since_ns, Work::Read { class: usize::from(class) }, 0)
        } else {
            self.begin_service(id)
        };
        let waited_ns = self.now - since_ns;
        let (service_ns, lane) =
            self.database.start(place, self.now, waited_ns, work, &mut self.totals, &mut self.recorder);
        let mut done_ns = self.now + service_ns;
        if S::RARE && self.attempts[id].errand == AttemptErrand::Write {
            let row = self.tables.entity_of(self.attempts[id].key).start;
            done_ns = self.database.lock_row(row, self.now, service_ns);
        }
        self.schedule_here(lane, done_ns, Kind::AttemptIsDone, id, generation);
    }

    /// Where the service of an attempt begins, since when it has waited, its operation, and its generation.
    #[inline(always)]
    fn begin_service(&mut self, id: u32) -> (u32, Nanos, Work, u32) {
        let generation = self.attempts.generation(id);
        self.attempt_way_enters(id, Part::DbService, self.now);
        let attempt = &mut self.attempts[id];
        attempt.enter(Stage::InService);
        let place = attempt.replica;
        if attempt.errand == AttemptErrand::Read {
            attempt.value = Value { version: self.versions.stored(attempt.key), read_ns: self.now };
        }
        if place != PRIMARY {
            let Value { version, .. } = attempt.value;
            attempt.value.version = self.database.replicas.visible(place, attempt.key, version, self.now);
        }
        let class = usize::from(attempt.class);
        let work = match attempt.errand {
            AttemptErrand::Read => Work::Read { class },
            AttemptErrand::Write => Work::Write { class },
            AttemptErrand::Flush => {
                Work::Flush { keys: self.ahead.as_ref().map_or(0, |ahead| ahead.hand.len() as u32) }
            }
            AttemptErrand::Background => Work::Background,
        };
        (place, attempt.since_ns, work, generation)
    }

    /// Servers take from the queue as long as they may.
    pub(super) fn serve_waiting(&mut self) {
        (PRIMARY..=self.database.replicas.count()).for_each(|place| self.serve_waiting_at(place));
    }

    /// The servers of one place take from its queue.
    #[inline(always)]
    pub(super) fn serve_waiting_at(&mut self, place: u32) {
        while self.database.pauses == 0 && (S::PLAIN || self.database.down.is_none()) {
            let attempts = &self.attempts;
            let is_there = |id, generation| S::PLAIN || attempts.is(id, generation);
            let Some(id) = self.database.next_waiting(place, is_there) else { return };
            // Of a long queue nothing is in a near cache.
            if let Some(coming) = self.database.soon_waiting() {
                self.prefetch_attempt(coming);
            }
            self.start_service(id);
        }
    }

    /// A service is over: its write is committed, the next in the queue begins.
    #[inline(never)]
    pub(super) fn attempt_is_done(&mut self, id: u32) {
        // Mostly the next event of that lane is the next completion.
        self.read_ahead.upcoming = self.queue.peek_general();
        if let Some(upcoming) = self.read_ahead.upcoming {
            self.prefetch_attempt(upcoming);
        }
        self.database.advance(self.now, &mut self.totals);
        if S::PLAIN {
            self.database.leave_service(PRIMARY);
            self.serve_waiting_at(PRIMARY);
            return self.attempt_travels(id, Kind::AttemptReplies);
        }
        let Attempt { stage, replica: place, errand, rolls_back, key, value, .. } = self.attempts[id];
        // Lost with the database that served it.
        if stage != Stage::InService {
            return;
        }
        self.database.leave_service(place);
        if errand == AttemptErrand::Flush {
            self.commit_batch();
        }
        if S::RARE && errand == AttemptErrand::Write {
            self.database.unlock_row(self.tables.entity_of(key).start, self.now);
        }
        if errand == AttemptErrand::Write && !rolls_back {
            let version = self.commit(key, value.version);
            self.attempts[id].value = Value { version, read_ns: self.now };
        }
        self.serve_waiting_at(place);
        self.attempt_returns(id, Ok(()));
    }

    /// The answer goes back.
    #[inline(always)]
    fn attempt_returns(&mut self, id: u32, outcome: Result<(), Cause>) {
        let attempt = &mut self.attempts[id];
        attempt.enter(Stage::Returns);
        attempt.outcome = outcome;
        let errand = attempt.errand;
        self.attempt_way_enters(id, Part::DbNetwork, self.now);
        if errand == AttemptErrand::Background {
            return self.end_attempt(id);
        }
        self.attempt_travels(id, Kind::AttemptReplies);
    }

    /// Nothing comes back until the database does: then the connection is reset.
    fn attempt_is_lost(&mut self, id: u32, until_ns: Nanos) {
        let attempt = &mut self.attempts[id];
        attempt.enter(Stage::Returns);
        attempt.outcome = Err(Cause::DbDown);
        let began_ns = attempt.began_ns;
        self.attempt_way_enters(id, Part::DbFailed, began_ns);
        self.schedule(GENERAL, until_ns, Kind::AttemptReplies, id, 0);
    }

    /// The next request of the load that no cache touches.
    #[inline(never)]
    pub(super) fn background_arrives(&mut self) {
        let id = self.begin_attempt_of_nobody(AttemptErrand::Background);
        self.attempt_arrives(id);
        self.schedule_background();
    }

    pub(super) fn schedule_background(&mut self) {
        if let Some((rate_per_ns, _, dice)) = &mut self.database.background
            && *rate_per_ns > 0.0
        {
            let at = self.now + round_ns(exponential(dice) / *rate_per_ns);
            if at < self.model.duration_ns {
                self.schedule(GENERAL, at, Kind::BackgroundArrives, 0, 0);
            }
        }
    }

    /// The database goes down: its queue is lost. Where it is down already, the later end holds.
    pub(super) fn database_goes_down(&mut self, until_ns: Nanos, mode: DownMode) {
        let until_ns = self.database.down.map_or(until_ns, |(before_ns, _)| until_ns.max(before_ns));
        self.database.down = Some((until_ns, mode));
        self.database.advance(self.now, &mut self.totals);
        self.database.lose_all();
        if S::RARE && self.database.connect.is_some() {
            self.database.pools.close_all_idle();
        }
        let held: Vec<u32> = (self.attempts.iter())
            .filter(|(_, attempt)| matches!(attempt.stage, Stage::Queues | Stage::InService))
            .map(|(id, _)| id)
            .collect();
        for id in held {
            match mode {
                DownMode::Refuse => self.attempt_returns(id, Err(Cause::DbDown)),
                DownMode::Timeout => self.attempt_is_lost(id, until_ns),
            }
        }
    }
}
