//! The database: servers, a queue, and the connections of each instance to it.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::attempt::{Attempt, AttemptErrand};
use super::guard::{Breaker, Budget, Limit, Ticket};
use super::hedging::Hedging;
use super::pool::{Pools, UNLIMITED};
use super::replicas::{PRIMARY, Replicas};
use crate::dice::{Delays, Stream, Times, round_ns, stream};
use crate::measure::recorder::{Cause, Recorder, Totals};
use crate::model::{Contention, Dist, DownMode, Model, Nanos};
use crate::sim::queue::{GENERAL, Lane, Queue};

/// The operation of a request at the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
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
pub struct Database {
    /// `u32::MAX`: unlimited.
    pub servers: u32,
    pub queue_limit: u64,
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
    /// Until when a row is locked, by its first key; `None`: by no service.
    locks: Option<FxHashMap<u32, Nanos>>,
    pub network: Delays,
    /// Of the way back, where it differs.
    pub back: Option<Delays>,
    pub network_lane: Lane,
    /// One per instance; empty where connections are unlimited.
    pub pools: Pools,
    /// The instance whose free connections are being handed on.
    pub handing_on: Option<u32>,
    pub pool_timeout: Option<(Nanos, Lane)>,
    /// To set up a connection.
    pub connect: Option<Delays>,
    pub timeout: Option<(Nanos, Lane)>,
    contention: Option<Contention>,
    pub background: Option<(f64, Times, Stream)>,
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
                [own(&class.costs.db_read, &spec.read), own(&class.costs.db_write, &spec.write)]
            })
            .collect();
        // Only where every service takes the same time do completions keep their order.
        let constant = service[0][0].constant().filter(|&ns| {
            let same = |times: &Times| times.constant() == Some(ns);
            service.iter().flatten().all(same) && spec.background.is_none() && spec.contention.is_none()
        });
        let write_back = model.write_back();
        let constant = constant.filter(|_| write_back.is_none());
        let (there, back) = spec.round_trip.as_ref().map(Dist::ways).unzip();
        let network = Delays::new(Times::new(there.as_ref().unwrap_or(&spec.network)), draw("network"));
        let back = back.map(|back| Delays::new(Times::new(&back), draw("network.back")));
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
        let mut pools = Pools::new(
            spec.pool.or(model.ever(|revision| revision.database.pool.is_some()).then_some(UNLIMITED)),
            model.clients.instances,
        );
        if spec.max_connections.is_some() {
            pools.close_all_idle();
        }
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
                [
                    Times::new(how.cost.per_batch.as_ref().unwrap_or(&spec.write)),
                    Times::new(&how.cost.per_key),
                ]
            }),
            service_lane: constant.filter(|_| !spec.row_lock).map(|ns| queue.lane_for(ns)),
            locks: spec.row_lock.then(FxHashMap::default),
            service,
            network_lane: network.constant().map_or(GENERAL, |ns| queue.lane_for(ns)),
            network,
            back,
            pools,
            handing_on: None,
            pool_timeout,
            connect: (spec.connect.as_ref())
                .or(spec.max_connections.map(|_| &Dist::ZERO))
                .map(|law| Delays::new(Times::new(law), draw("connect"))),
            timeout,
            contention: spec.contention,
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
        if !self.pools.is_empty() {
            totals.db_pool_busy_ns = self.pools.busy_ns(now);
        }
        self.since_ns = now;
    }

    /// Whether an attempt that comes to the primary now is served at once.
    #[inline]
    pub fn may_start(&self) -> bool {
        self.busy - self.replicas.busy < self.servers
            && self.pauses == 0
            && self.waiting == self.replicas.waiting
    }

    /// The same of any place.
    pub fn may_start_at(&mut self, place: u32) -> bool {
        match place {
            PRIMARY => self.may_start(),
            replica => self.pauses == 0 && self.replicas.may_start(replica),
        }
    }

    /// How many wait there.
    pub fn waiting_at(&mut self, place: u32) -> u64 {
        match place {
            PRIMARY => self.waiting - self.replicas.waiting,
            replica => self.replicas.waiting_at(replica),
        }
    }

    /// One that was in the queue of a place is withdrawn.
    pub fn leave_queue(&mut self, place: u32) {
        self.waiting -= 1;
        if place != PRIMARY {
            self.replicas.withdraw(place);
        }
    }

    /// The first of those that wait at a place and are still there, if a server is free.
    #[inline(always)]
    pub fn next_waiting(&mut self, place: u32, is_there: impl Fn(u32, u32) -> bool) -> Option<u32> {
        if place != PRIMARY {
            let next = self.replicas.next(place, is_there)?;
            self.waiting -= 1;
            return Some(next);
        }
        while self.busy - self.replicas.busy < self.servers {
            let (id, generation) = self.queue.pop_front()?;
            if is_there(id, generation) {
                debug_assert!(self.waiting > 0, "one waits that is not in the books");
                self.waiting -= 1;
                return Some(id);
            }
        }
        None
    }

    /// One that waits for the primary and is about to be served, if the queue is long enough.
    #[inline]
    pub fn soon_waiting(&self) -> Option<u32> {
        /// Services between the reading ahead and the service.
        const AHEAD: usize = 3;
        self.queue.get(AHEAD).map(|&(id, _)| id)
    }

    /// Its content is lost.
    pub fn lose_all(&mut self) {
        (self.busy, self.waiting) = (0, 0);
        if let Some(locks) = &mut self.locks {
            locks.clear();
        }
        self.queue.clear();
        self.replicas.lose_all();
    }

    /// Locks a row for a service of this length that begins now; when it ends. Services come in the order in which they get the lock, and
    /// each is as long as was drawn, so the end of one is known at its beginning.
    pub fn lock_row(&mut self, row: u32, now: Nanos, service_ns: Nanos) -> Nanos {
        let Some(locks) = &mut self.locks else { return now + service_ns };
        let until_ns = locks.entry(row).or_insert(now);
        *until_ns = (*until_ns).max(now) + service_ns;
        *until_ns
    }

    /// A write of a row has ended; the last one there was takes the lock along.
    pub fn unlock_row(&mut self, row: u32, now: Nanos) {
        if let Some(locks) = &mut self.locks
            && locks.get(&row).is_some_and(|&until_ns| until_ns <= now)
        {
            locks.remove(&row);
        }
    }

    /// A server of a place is free again.
    pub fn leave_service(&mut self, place: u32) {
        debug_assert!(self.busy > 0, "a server becomes free that was not busy");
        self.busy -= 1;
        if place != PRIMARY {
            self.replicas.end(place);
        }
    }

    /// Lets an attempt wait for a server of a place.
    #[inline(always)]
    pub fn enqueue(&mut self, place: u32, id: u32, generation: u32, now: Nanos, recorder: &mut Recorder) {
        match place {
            PRIMARY => self.queue.push_back((id, generation)),
            replica => self.replicas.enqueue(replica, id, generation),
        }
        self.waiting += 1;
        recorder.note_db_queue(now, self.waiting);
    }

    /// A server of a place takes a request that has waited; returns its service time, and the lane for its completion.
    #[inline(always)]
    pub fn start(
        &mut self,
        place: u32,
        now: Nanos,
        waited_ns: Nanos,
        work: Work,
        totals: &mut Totals,
        recorder: &mut Recorder,
    ) -> (Nanos, Lane) {
        self.advance(now, totals);
        debug_assert!(
            self.busy < self.servers || place != PRIMARY || self.replicas.busy > 0,
            "no server is free"
        );
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
            recorder.db_services.add(service_ns);
            if place != PRIMARY {
                recorder.db_services_at_replicas.add(service_ns);
            }
            if matches!(work, Work::Flush { .. } | Work::Background) {
                recorder.db_services_unpooled.add(service_ns);
            }
        }
        if let Some(law) = self.contention {
            service_ns = round_ns(service_ns as f64 * law.slowdown(f64::from(busy_here)));
        }
        if self.slowness != 1.0 {
            service_ns = round_ns(service_ns as f64 * self.slowness);
        }
        let lane = self.service_lane.filter(|_| self.slowness == 1.0).unwrap_or(GENERAL);
        (service_ns, lane)
    }
}

impl Database {
    /// Whether instances learn from their attempts.
    #[inline]
    pub fn is_guarded(&self) -> bool {
        self.hedge.is_some() || !self.breakers.is_empty() || !self.limits.is_empty()
    }

    /// Whether an attempt of an instance may begin.
    pub fn admit(&mut self, instance: u32, now: Nanos) -> Result<Ticket, Cause> {
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

    /// The outcome of an attempt reaches its caller.
    pub fn settle(&mut self, attempt: &Attempt, now: Nanos, has_failed: bool) {
        if let Some(breaker) = self.breakers.get_mut(attempt.instance as usize) {
            breaker.settle(attempt.ticket, now, has_failed);
        }
        if let Some(limit) = self.limits.get_mut(attempt.instance as usize) {
            limit.settle(now, now - attempt.began_ns, has_failed);
        }
    }

    /// The outcome of an attempt reaches nobody.
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

    /// A new process has no history.
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
