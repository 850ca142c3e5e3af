//! The database: servers, a queue, and the connections of each instance to it.

use std::collections::VecDeque;

use super::engine::{Engine, Kind};
use super::fetch::{Attempt, AttemptErrand, Stage};
use super::guard::{Breaker, Budget, Limit};
use super::hedging::Hedging;
use super::pool::Pools;
use super::queue::{GENERAL, Lane, Queue};
use super::replicas::{PRIMARY, Replicas};
use super::store::Value;
use crate::dice::{Delays, Stream, Times, exponential, round_ns, stream};
use crate::measure::recorder::{Cause, Recorder, Totals};
use crate::model::{DownMode, Model, Nanos};

/// What a request asks of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Read { class: usize },
    Write { class: usize },
    Flush { keys: u32 },
    Background,
}

/// Where service times come from: all from one stream.
#[expect(clippy::large_enum_variant, reason = "a simulation has one of these")]
enum Service {
    /// There is only one kind of work, so they may be drawn ahead.
    Alike(Delays),
    /// Per class: reads, writes.
    PerClass { times: Vec<[Times; 2]>, dice: Stream },
}

/// The database of one simulation.
pub(super) struct Database {
    /// `u32::MAX`: unlimited.
    pub servers: u32,
    queue_limit: u64,
    /// In service, at replicas too.
    pub busy: u32,
    /// (attempt, generation) of those that wait for the primary, some of them withdrawn.
    pub queue: VecDeque<(u32, u32)>,
    /// Those in `queue` that were not withdrawn, and those that wait for replicas.
    pub waiting: u64,
    pub replicas: Replicas,
    service: Service,
    /// Of a batch that is written back, and of each key in it.
    flush: Option<[Times; 2]>,
    service_lane: Option<Lane>,
    pub network: Delays,
    pub network_lane: Lane,
    /// One per instance; empty where connections are unlimited.
    pub pools: Pools,
    /// The instance whose free connections are being handed on.
    handing_on: Option<u32>,
    pool_timeout: Option<(Nanos, Lane)>,
    timeout: Option<(Nanos, Lane)>,
    contention: Option<(f64, f64)>,
    background: Option<(f64, Times, Stream)>,
    /// One of each per instance; empty where there are none.
    pub breakers: Vec<Breaker>,
    pub limits: Vec<Limit>,
    pub budgets: Vec<Budget>,
    /// After which time reads are hedged.
    pub hedge: Option<Hedging>,
    /// Pauses that hold now; service starts only where there are none.
    pub pauses: u32,
    pub slowness: f64,
    pub down: Option<(Nanos, DownMode)>,
    since_ns: Nanos,
}

impl Database {
    pub fn new(model: &Model, seed: u64, replication: u32, queue: &mut Queue) -> Database {
        let spec = &model.database;
        let draw = |what: &str| stream(seed, replication, &format!("database.{what}"));
        let service: Vec<[Times; 2]> = model
            .workload
            .classes
            .iter()
            .map(|class| {
                let own = |own: &Option<_>, general| Times::new(own.as_ref().unwrap_or(general));
                [own(&class.db_read, &spec.read), own(&class.db_write, &spec.write)]
            })
            .collect();
        // Only where every service takes the same time do completions keep their order.
        let constant = service[0][0].constant().filter(|&ns| {
            let same = |times: &Times| times.constant() == Some(ns);
            service.iter().flatten().all(same) && spec.background.is_none() && spec.contention.is_none()
        });
        let write_back = model.write_back();
        let constant = constant.filter(|_| write_back.is_none());
        let network = Delays::new(Times::new(&spec.network), draw("network"));
        let alike = service.len() == 1 && !model.workload.writes() && spec.background.is_none();
        let service = if alike {
            Service::Alike(Delays::new(service[0][0].clone(), draw("service")))
        } else {
            Service::PerClass { times: service, dice: draw("service") }
        };
        let mut timer = |after: Option<Nanos>| after.map(|ns| (ns, queue.lane_for(ns)));
        let (pool_timeout, timeout) = (timer(spec.pool_timeout_ns), timer(spec.timeout_ns));
        let hedge = Hedging::of(model, queue);
        let instances = model.clients.instances as usize;
        Database {
            breakers: spec.breaker.map_or_else(Vec::new, |spec| vec![Breaker::new(spec); instances]),
            limits: spec.limit.map_or_else(Vec::new, |spec| vec![Limit::new(spec); instances]),
            budgets: spec.retries.budget.map_or_else(Vec::new, |spec| vec![Budget::new(spec); instances]),
            hedge,
            servers: spec.servers.unwrap_or(u32::MAX),
            queue_limit: spec.queue.unwrap_or(u64::MAX),
            busy: 0,
            queue: VecDeque::new(),
            waiting: 0,
            replicas: Replicas::new(model, seed, replication),
            flush: write_back.map(|(_, how)| {
                [Times::new(how.per_batch.as_ref().unwrap_or(&spec.write)), Times::new(&how.per_key)]
            }),
            service_lane: constant.map(|ns| queue.lane_for(ns)),
            service,
            network_lane: network.constant().map_or(GENERAL, |ns| queue.lane_for(ns)),
            network,
            pools: Pools::new(spec.pool, model.clients.instances),
            handing_on: None,
            pool_timeout,
            timeout,
            contention: spec.contention.map(|law| (law.sigma, law.kappa)),
            background: spec
                .background
                .as_ref()
                .map(|load| (load.rate_per_s / 1e9, Times::new(&load.service), draw("background"))),
            pauses: 0,
            slowness: 1.0,
            down: None,
            since_ns: 0,
        }
    }

    /// Brings the integrals up to now.
    #[inline]
    pub fn advance(&mut self, now: Nanos, totals: &mut Totals) {
        let span = u128::from(now - self.since_ns);
        totals.db_busy_ns += u128::from(self.busy) * span;
        totals.db_pool_busy_ns = self.pools.busy_ns(now);
        self.since_ns = now;
    }

    /// Whether whoever comes to the primary now is served at once.
    #[inline]
    pub fn may_start(&self) -> bool {
        self.busy - self.replicas.busy < self.servers
            && self.pauses == 0
            && self.waiting == self.replicas.waiting
    }

    /// The same of any place.
    fn may_start_at(&mut self, place: u32) -> bool {
        match place {
            PRIMARY => self.may_start(),
            replica => self.pauses == 0 && self.replicas.may_start(replica),
        }
    }

    /// How many wait there.
    fn waiting_at(&mut self, place: u32) -> u64 {
        match place {
            PRIMARY => self.waiting - self.replicas.waiting,
            replica => self.replicas.waiting_at(replica),
        }
    }

    /// One that was in the queue of a place is withdrawn.
    fn leave_queue(&mut self, place: u32) {
        self.waiting -= 1;
        if place != PRIMARY {
            self.replicas.withdraw(place);
        }
    }

    /// A server of a place is free again.
    fn leave_service(&mut self, place: u32) {
        self.busy -= 1;
        if place != PRIMARY {
            self.replicas.end(place);
        }
    }

    /// Lets an attempt wait for a server.
    pub fn enqueue(&mut self, id: u32, generation: u32, now: Nanos, recorder: &mut Recorder) {
        self.enqueue_at(PRIMARY, id, generation, now, recorder);
    }

    fn enqueue_at(&mut self, place: u32, id: u32, generation: u32, now: Nanos, recorder: &mut Recorder) {
        match place {
            PRIMARY => self.queue.push_back((id, generation)),
            replica => self.replicas.enqueue(replica, id, generation),
        }
        self.waiting += 1;
        recorder.note_db_queue(now, self.waiting);
    }

    /// A server takes a request that has waited; returns its service time, and the lane for its completion.
    #[inline]
    pub fn start(
        &mut self,
        now: Nanos,
        waited_ns: Nanos,
        work: Work,
        totals: &mut Totals,
        recorder: &mut Recorder,
    ) -> (Nanos, Lane) {
        self.start_at(PRIMARY, now, waited_ns, work, totals, recorder)
    }

    #[inline]
    fn start_at(
        &mut self,
        place: u32,
        now: Nanos,
        waited_ns: Nanos,
        work: Work,
        totals: &mut Totals,
        recorder: &mut Recorder,
    ) -> (Nanos, Lane) {
        self.advance(now, totals);
        self.busy += 1;
        let busy_here = match place {
            PRIMARY => self.busy - self.replicas.busy,
            replica => self.replicas.begin(replica),
        };
        if recorder.measuring {
            recorder.db_queue.record(waited_ns);
            recorder.db_concurrency_peak = recorder.db_concurrency_peak.max(u64::from(self.busy));
        }
        totals.db_waited += u64::from(waited_ns > 0);
        if let Some(cells) = &mut recorder.cells {
            // It has just left the queue: so a queue that only shrinks is seen in each second as well.
            cells.note_queue(now, self.waiting + u64::from(waited_ns > 0));
        }
        let mut service_ns = match (&mut self.service, work, &self.background) {
            (Service::Alike(delays), ..) => delays.sample(),
            (Service::PerClass { dice, .. }, Work::Background, Some((_, times, _))) => times.sample(dice),
            (Service::PerClass { times, dice }, Work::Background, None) => times[0][0].sample(dice),
            (Service::PerClass { times, dice }, Work::Read { class }, _) => times[class][0].sample(dice),
            (Service::PerClass { times, dice }, Work::Write { class }, _) => times[class][1].sample(dice),
            (Service::PerClass { dice, .. }, Work::Flush { keys }, _) => {
                let flush = self.flush.as_ref();
                flush.map_or(0, |[batch, key]| {
                    batch.sample(dice) + (0..keys).map(|_| key.sample(dice)).sum::<Nanos>()
                })
            }
        };
        if recorder.measuring {
            recorder.db_services += 1;
            recorder.db_service_ns += u128::from(service_ns);
        }
        if let Some((sigma, kappa)) = self.contention {
            let others = f64::from(busy_here - 1);
            let slowdown = 1.0 + sigma * others + kappa * others * f64::from(busy_here);
            service_ns = round_ns(service_ns as f64 * slowdown);
        }
        if self.slowness != 1.0 {
            service_ns = round_ns(service_ns as f64 * self.slowness);
        }
        let lane = self.service_lane.filter(|_| self.slowness == 1.0).unwrap_or(GENERAL);
        (service_ns, lane)
    }
}

impl Engine<'_> {
    /// An attempt asks its instance's pool for a connection.
    pub(super) fn ask_for_connection(&mut self, id: u32) {
        let (instance, generation) = (self.attempts[id].instance as usize, self.attempts.generation(id));
        let taken = self.database.pools.acquire(instance, id, generation, self.now);
        self.totals.db_pool_asked += u64::from(taken.is_some());
        if taken == Some(false) {
            self.totals.db_pool_waited += 1;
            if let Some((after, lane)) = self.database.pool_timeout {
                self.queue.push(lane, self.now + after, Kind::AttemptPoolTimesOut as u8, id, generation);
            }
            return;
        }
        self.attempt_departs(id);
    }

    /// The attempt has its connection and goes out.
    fn attempt_departs(&mut self, id: u32) {
        if !self.database.pools.is_empty() && self.recorder.measuring {
            self.recorder.db_pool_wait.record(self.now - self.attempts[id].since_ns);
        }
        self.attempts[id].stage = Stage::Travels;
        if let Some((after, lane)) = self.database.timeout {
            let generation = self.attempts.generation(id);
            self.queue.push(lane, self.now + after, Kind::AttemptTimesOut as u8, id, generation);
        }
        match self.database.network.sample() {
            0 => self.attempt_arrives(id),
            delay_ns => self.queue.push(
                self.database.network_lane,
                self.now + delay_ns,
                Kind::AttemptArrives as u8,
                id,
                0,
            ),
        }
    }

    /// The attempt is at the database: it is served, queues, or is turned away.
    pub(super) fn attempt_arrives(&mut self, id: u32) {
        self.totals.db_arrivals += 1;
        self.recorder.note_db_arrival(self.now);
        let attempt = &mut self.attempts[id];
        self.totals.db_writes += match attempt.errand {
            AttemptErrand::Write => 1,
            AttemptErrand::Flush { keys } => u64::from(keys),
            AttemptErrand::Read | AttemptErrand::Background => 0,
        };
        if attempt.cancelled {
            return self.attempt_returns(id, Err(Cause::DbTimeout));
        }
        match self.database.down {
            Some((_, DownMode::Refuse)) => return self.attempt_returns(id, Err(Cause::DbDown)),
            Some((until_ns, DownMode::Timeout)) => return self.attempt_is_lost(id, until_ns),
            None => {}
        }
        attempt.since_ns = self.now;
        let place = attempt.replica;
        if self.database.may_start_at(place) {
            self.start_service(id);
        } else if self.database.waiting_at(place) < self.database.queue_limit {
            attempt.stage = Stage::Queues;
            let generation = self.attempts.generation(id);
            self.database.enqueue_at(place, id, generation, self.now, &mut self.recorder);
        } else {
            self.attempt_returns(id, Err(Cause::DbRejected));
        }
    }

    /// A server takes the attempt; what it reads is what is committed now.
    fn start_service(&mut self, id: u32) {
        let attempt = &mut self.attempts[id];
        let waited_ns = self.now - attempt.since_ns;
        attempt.stage = Stage::InService;
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
            AttemptErrand::Flush { keys } => Work::Flush { keys },
            AttemptErrand::Background => Work::Background,
        };
        let (service_ns, lane) =
            self.database.start_at(place, self.now, waited_ns, work, &mut self.totals, &mut self.recorder);
        let generation = self.attempts.generation(id);
        self.queue.push(lane, self.now + service_ns, Kind::AttemptIsDone as u8, id, generation);
    }

    /// Servers take from the queue as long as they may.
    pub(super) fn serve_waiting(&mut self) {
        (PRIMARY..=self.database.replicas.count()).for_each(|place| self.serve_waiting_at(place));
    }

    fn serve_waiting_of_primary(&mut self) {
        while self.database.busy - self.database.replicas.busy < self.database.servers
            && self.database.pauses == 0
            && self.database.down.is_none()
        {
            let Some((id, generation)) = self.database.queue.pop_front() else { return };
            if self.attempts.is(id, generation) {
                self.database.waiting -= 1;
                self.start_service(id);
            }
        }
    }

    /// The servers of one place take from its queue.
    fn serve_waiting_at(&mut self, place: u32) {
        if place == PRIMARY {
            return self.serve_waiting_of_primary();
        }
        while self.database.pauses == 0 && self.database.down.is_none() {
            let attempts = &self.attempts;
            let wants = |id, generation| attempts.is(id, generation);
            let Some(id) = self.database.replicas.next(place, wants) else { return };
            self.database.waiting -= 1;
            self.start_service(id);
        }
    }

    pub(super) fn attempt_is_done(&mut self, id: u32) {
        // Lost with the database that served it.
        if self.attempts[id].stage != Stage::InService {
            return;
        }
        self.database.advance(self.now, &mut self.totals);
        let attempt = &self.attempts[id];
        let (place, rolls_back) = (attempt.replica, attempt.rolls_back);
        self.database.leave_service(place);
        if let AttemptErrand::Flush { .. } = attempt.errand {
            self.commit_batch();
        }
        let attempt = &self.attempts[id];
        if attempt.errand == AttemptErrand::Write && !rolls_back {
            let version = self.commit(attempt.key, attempt.value.version);
            self.attempts[id].value = Value { version, read_ns: self.now };
        }
        self.serve_waiting_at(place);
        self.attempt_returns(id, Ok(()));
    }

    /// The answer goes back.
    fn attempt_returns(&mut self, id: u32, outcome: Result<(), Cause>) {
        let attempt = &mut self.attempts[id];
        attempt.stage = Stage::Returns;
        attempt.outcome = outcome;
        if attempt.errand == AttemptErrand::Background {
            return self.attempts.remove(id);
        }
        match self.database.network.sample() {
            0 => self.attempt_replies(id),
            delay_ns => self.queue.push(
                self.database.network_lane,
                self.now + delay_ns,
                Kind::AttemptReplies as u8,
                id,
                0,
            ),
        }
    }

    /// Nothing comes back until the database does: then the connection is reset.
    fn attempt_is_lost(&mut self, id: u32, until_ns: Nanos) {
        let attempt = &mut self.attempts[id];
        attempt.stage = Stage::Returns;
        attempt.outcome = Err(Cause::DbDown);
        self.queue.push(GENERAL, until_ns, Kind::AttemptReplies as u8, id, 0);
    }

    /// The answer is at the instance.
    pub(super) fn attempt_replies(&mut self, id: u32) {
        let attempt = self.attempts[id];
        self.free_connection(&attempt);
        self.attempts.remove(id);
        match attempt.outcome {
            _ if attempt.errand == AttemptErrand::Background => {}
            outcome if matches!(attempt.errand, AttemptErrand::Flush { .. }) => {
                self.batch_is_answered(outcome.is_ok());
            }
            Ok(()) if attempt.abandoned => {
                if attempt.errand == AttemptErrand::Read && self.model.database.late_fill && !attempt.orphan {
                    self.fill_late(&attempt);
                }
            }
            Err(_) if attempt.abandoned => {}
            Ok(()) => {
                self.database.settle(&attempt, self.now, false);
                self.totals.db_hedges_won += u64::from(attempt.is_hedge);
                self.database.learn(&attempt, self.now);
                self.give_up_other(attempt.flight, id);
                self.land(attempt.flight, attempt.value);
            }
            Err(cause) => {
                self.database.settle(&attempt, self.now, true);
                self.attempt_failed(attempt.flight, id, cause);
            }
        }
        self.hand_database_connection_on(attempt.instance);
    }

    fn free_connection(&mut self, attempt: &Attempt) {
        if attempt.errand.is_of_an_instance() {
            self.database.pools.release(attempt.instance as usize, self.now);
        }
    }

    /// A free connection goes to the next attempt that waits for one. Where that is answered at the same instant
    /// its connection is free again: the loop hands it on, not a call within the call for each one that waits.
    fn hand_database_connection_on(&mut self, instance: u32) {
        if self.database.handing_on == Some(instance) {
            return;
        }
        let outer = self.database.handing_on.replace(instance);
        loop {
            let attempts = &self.attempts;
            let wants = |slot, generation| attempts.is(slot, generation);
            let Some(next) = self.database.pools.next(instance as usize, self.now, wants) else { break };
            self.attempt_departs(next);
        }
        self.database.handing_on = outer;
    }

    /// The caller stops waiting for this attempt. Unless it is withdrawn, it keeps its place, its server and its
    /// connection until it is answered.
    pub(super) fn attempt_times_out(&mut self, id: u32) {
        let attempt = self.attempts[id];
        if attempt.abandoned {
            return;
        }
        self.attempts[id].abandoned = true;
        self.database.settle(&attempt, self.now, true);
        self.database.learn(&attempt, self.now);
        if self.model.database.cancel_on_timeout {
            self.cancel_attempt(id);
        }
        self.attempt_failed(attempt.flight, id, Cause::DbTimeout);
    }

    /// An attempt that nobody waits for any more is withdrawn from the database.
    pub(super) fn cancel_attempt(&mut self, id: u32) {
        self.attempts[id].cancelled = true;
        let replica = self.attempts[id].replica;
        match self.attempts[id].stage {
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
            Stage::WaitsForConnection | Stage::Travels | Stage::Returns => {}
        }
    }

    fn withdraw(&mut self, id: u32) {
        let attempt = self.attempts[id];
        self.free_connection(&attempt);
        self.attempts.remove(id);
        self.hand_database_connection_on(attempt.instance);
    }

    pub(super) fn attempt_pool_times_out(&mut self, id: u32) {
        let attempt = self.attempts[id];
        if attempt.stage == Stage::WaitsForConnection {
            self.attempts.remove(id);
            self.database.settle(&attempt, self.now, true);
            self.attempt_failed(attempt.flight, id, Cause::PoolTimeout);
        }
    }

    /// The next request of the load that no cache touches.
    pub(super) fn background_arrives(&mut self) {
        let id = self.attempts.insert(Attempt::background());
        self.attempt_arrives(id);
        self.schedule_background();
    }

    pub(super) fn schedule_background(&mut self) {
        if let Some((rate_per_ns, _, dice)) = &mut self.database.background
            && *rate_per_ns > 0.0
        {
            let at = self.now + round_ns(exponential(dice) / *rate_per_ns);
            if at < self.model.duration_ns {
                self.queue.push(GENERAL, at, Kind::BackgroundArrives as u8, 0, 0);
            }
        }
    }

    /// The database goes down: what it holds is lost. Where it is down already, the later end holds.
    pub(super) fn database_goes_down(&mut self, until_ns: Nanos, mode: DownMode) {
        let until_ns = self.database.down.map_or(until_ns, |(before_ns, _)| until_ns.max(before_ns));
        self.database.down = Some((until_ns, mode));
        self.database.advance(self.now, &mut self.totals);
        self.database.busy = 0;
        self.database.waiting = 0;
        self.database.queue.clear();
        self.database.replicas.lose_all();
        let mut held: Vec<u32> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| matches!(attempt.stage, Stage::Queues | Stage::InService))
            .map(|(id, _)| id)
            .collect();
        held.sort_unstable();
        for id in held {
            match mode {
                DownMode::Refuse => self.attempt_returns(id, Err(Cause::DbDown)),
                DownMode::Timeout => self.attempt_is_lost(id, until_ns),
            }
        }
    }
}
