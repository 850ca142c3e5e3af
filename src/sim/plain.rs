//! The loop where nothing can fail: reads down to one shared tier and a database that turns nobody away.
//!
//! Most capacity questions are of this shape: no time limits, no connection pools, nothing that goes down, no
//! writes, no refreshes, no leases. A read is then one small entity all the way, a command needs none at all, and a
//! database call is the read that leads it. The order of events and of random draws is that of the general loop
//! (`read`, `command`, `fetch`, `database`), so both leave the same record to the last byte; a test runs random
//! scenarios through both. It is here for its speed only: docs/performance.md has the figures.

use super::command::hop;
use super::database::Work;
use super::engine::{Engine, Kind};
use super::index::pair;
use super::pending::Event;
use super::queue::{Lane, NETWORK};
use super::reads::{Read, Reads};
use super::server::Admission;
use super::slab::NONE;
use super::tier::KeyInfo;
use crate::measure::recorder::Outcome;
use crate::model::{Around, Arrivals, Coalescing, EventKind, Model, Nanos, Refresh, Scope, Target, Tier};

/// So many look-ups after it was sent, the entry of one is read ahead; its place in the index has come by then, and
/// it is still on its way.
const SENT: usize = 8;

/// What is in motion.
#[derive(Debug)]
pub(super) struct Plain {
    reads: Reads,
    /// Fills on their way to the shared tier.
    fills: u64,
    /// Keys of the last look-ups that were sent, and how many there were.
    sent: [u32; SENT],
    sent_in_all: usize,
    /// The call that is probably the next to be done, until what its end touches has been read ahead.
    upcoming: Option<u32>,
    /// Index of the shared tier; the number of tiers where there is none.
    pub shared: usize,
    coalesces: bool,
}

impl Plain {
    pub fn new(model: &Model) -> Plain {
        let instance = |tier: &&Tier| matches!(tier.scope, Scope::Instance { .. });
        Plain {
            reads: Reads::new(),
            fills: 0,
            sent: [0; SENT],
            sent_in_all: 0,
            upcoming: None,
            shared: model.tiers.iter().take_while(instance).count(),
            coalesces: matches!(model.coalescing, Coalescing::Singleflight { .. }),
        }
    }

    /// Whether this loop can run the model.
    pub fn suits(&self, model: &Model) -> bool {
        let shared = self.shared;
        let tiers = model.tiers.iter().all(|tier| {
            let patient = match &tier.scope {
                Scope::Instance { .. } => true,
                Scope::Shared(shared) => {
                    shared.pool.is_none()
                        && shared.timeout_ns.is_none()
                        && shared.nodes == 1
                        && shared.breaker.is_none()
                        && !shared.bytes_cost()
                }
            };
            patient && matches!(tier.refresh, Refresh::None) && tier.redis.is_none()
        });
        let database = &model.database;
        let database = database.queue.is_none()
            && database.pool.is_none()
            && database.timeout_ns.is_none()
            && database.background.is_none()
            && database.replicas.is_none()
            && database.breaker.is_none()
            && database.limit.is_none()
            && database.hedge.is_none();
        let events = model.events.iter().all(|event| match event.what {
            EventKind::Surge { .. } | EventKind::HotKey { .. } | EventKind::Pause { .. } => true,
            EventKind::Flush { tier } => tier == shared,
            EventKind::Slow { target, .. } => target == Target::Database || target == Target::Tier(shared),
            EventKind::Restart { .. }
            | EventKind::Down { .. }
            | EventKind::NodeLost { .. }
            | EventKind::Deploy { .. }
            | EventKind::Crash { .. }
            | EventKind::LeaderCrash { .. }
            | EventKind::Stall { .. } => false,
        });
        let reads = !model.workload.writes()
            && !model.workload.checks()
            && !model.workload.gathers()
            && !model.measure.wire
            && model.limiter.is_none()
            && !matches!(model.workload.arrivals, Arrivals::Closed { .. })
            && model.clients.deadline_ns.is_none()
            && !model.measure.value_age;
        let coalescing = match model.coalescing {
            Coalescing::None | Coalescing::Singleflight { around: Around::Fetch } => true,
            Coalescing::Singleflight { around: Around::Lookup } | Coalescing::Lease(_) => false,
        };
        tiers && database && events && reads && coalescing && model.tiers.len() <= shared + 1
    }

    /// Start, window of the start and class of the reads under way.
    pub fn under_way(&self) -> impl Iterator<Item = (Nanos, u32, u8)> {
        self.reads.iter().map(|read| (read.start_ns, read.window, read.class))
    }

    /// Reads under way.
    pub fn in_flight(&self) -> usize {
        self.reads.len()
    }

    /// Whether nothing is in motion.
    pub fn is_idle(&self) -> bool {
        self.reads.len() == 0 && self.fills == 0
    }
}

impl Engine<'_> {
    /// A request arrives. Instance tiers are asked right here; only what they cannot answer becomes an entity.
    #[inline]
    pub(super) fn arrive_plainly(&mut self, key: u32, instance: u32, tag: u8, guess: u32) {
        self.arrived += 1;
        if let Some(next) = self.plain.upcoming.take()
            && let Some(next) = self.plain.reads.get(next)
        {
            self.groups.prefetch(pair(next.instance, next.key));
            self.fetching.prefetch(u64::from(next.key));
            let above = &self.tiers[..self.plain.shared];
            above.iter().for_each(|tier| tier.stores[next.instance as usize].prefetch(next.key));
        }
        let start_ns = self.now;
        let window = self.recorder.window_of(start_ns);
        let class = tag >> 1;
        let info = self.info(key, usize::from(class));
        let mut at = start_ns;
        for level in 0..self.plain.shared {
            let tier = &mut self.tiers[level];
            let hit = tier.has_near(instance as usize, info, guess, at, &self.tables);
            at += tier.access_ns;
            tier.totals.lookups += 1;
            if hit {
                tier.totals.hits += 1;
                let outcome = if info.absent { Outcome::NegativeHit } else { Outcome::Hit };
                self.record_plain(start_ns, at, window, info.class, outcome, Some(level));
                self.stay_in_system_until(at);
                return;
            }
        }
        self.change_in_system(1);
        let id = self.plain.reads.insert(Read {
            start_ns,
            since_ns: 0,
            key,
            instance,
            window,
            next: NONE,
            last: NONE,
            class,
        });
        if self.plain.shared < self.tiers.len() {
            self.send_look_up(id, key, instance, at);
        } else if at == self.now {
            self.fetch_plainly(id);
        } else {
            let lane = self.tiers[self.plain.shared - 1].access_lane;
            self.schedule(lane, at, Kind::FetchBegins, id);
        }
    }

    #[inline]
    pub(super) fn handle_plain(&mut self, kind: Kind, id: u32) -> bool {
        // The most frequent one by a branch of its own: it is foreseen better than one way of many.
        if kind == Kind::LookUpArrives {
            self.serve_look_up(id);
            return true;
        }
        match kind {
            Kind::HitReplies => self.hit_replies(id),
            Kind::MissReplies | Kind::FetchBegins => self.fetch_plainly(id),
            Kind::FetchArrives => self.fetch_arrives(id),
            Kind::FetchIsDone => self.fetch_is_done(id),
            Kind::FetchReplies => self.fetch_replies(id),
            Kind::FillArrives => {
                self.plain.fills -= 1;
                self.serve_fill(id);
            }
            _ => return false,
        }
        true
    }

    #[inline(always)]
    fn schedule(&mut self, lane: Lane, at: Nanos, kind: Kind, id: u32) {
        self.queue.push_here(lane, at, Event { kind: kind as u8, id, generation: 0 });
    }

    /// Sends a look-up to the shared tier at an instant that is now or shortly after.
    #[inline]
    fn send_look_up(&mut self, id: u32, key: u32, instance: u32, at: Nanos) {
        let tier = &mut self.tiers[self.plain.shared];
        tier.totals.lookups += 1;
        tier.totals.commands += 1;
        // The server looks it up a network delay from now, and a miss looks for others that fetch it.
        tier.stores[0].prefetch(key);
        let earlier = std::mem::replace(&mut self.plain.sent[self.plain.sent_in_all % SENT], key);
        self.plain.sent_in_all += 1;
        tier.stores[0].prefetch_entry(earlier);
        self.groups.prefetch(pair(instance, key));
        self.fetching.prefetch(u64::from(key));
        let Some(shared) = &mut tier.shared else { return };
        let (lane, arrival) = (shared.send_lane, at + hop(shared, 0, at));
        if arrival == self.now {
            self.serve_look_up(id);
        } else {
            self.schedule(lane, arrival, Kind::LookUpArrives, id);
        }
    }

    /// The look-up is at the server: what it will find there, and when, is known now.
    fn serve_look_up(&mut self, id: u32) {
        let Read { start_ns, key, instance, window, class, .. } = self.plain.reads[id];
        let info = self.info(key, usize::from(class));
        let level = self.plain.shared;
        let Some(start) = self.begin_command(level) else { return };
        let tier = &mut self.tiers[level];
        let hit = tier.has(0, info, start, &self.tables);
        tier.totals.hits += u64::from(hit);
        let Some(shared) = &mut tier.shared else { return };
        let done_ns = shared.serve(0, start, if hit { self.tables.value_bytes(key) } else { 0 });
        let at = done_ns + hop(shared, 0, done_ns);
        let lane = if shared.nodes[0].server.is_steady() { shared.reply_lane } else { NETWORK };
        if hit && level == 0 && at <= self.last_ns {
            // Nothing happens on the way back, so the answer needs no event.
            self.plain.reads.remove(id);
            let outcome = if info.absent { Outcome::NegativeHit } else { Outcome::Hit };
            self.record_plain(start_ns, at, window, info.class, outcome, Some(level));
            self.change_in_system(-1);
            self.stay_in_system_until(at);
        } else if at > self.now {
            let kind = if hit { Kind::HitReplies } else { Kind::MissReplies };
            if hit {
                self.tiers[..level].iter().for_each(|above| above.stores[instance as usize].prefetch(key));
            }
            self.schedule(lane, at, kind, id);
        } else if hit {
            self.hit_replies(id);
        } else {
            self.fetch_plainly(id);
        }
    }

    /// The server admits a command; returns when its service starts.
    #[inline(always)]
    fn begin_command(&mut self, level: usize) -> Option<Nanos> {
        let tier = &mut self.tiers[level];
        let stores = &mut tier.stores;
        match tier.shared.as_mut()?.nodes[0].server.admit(self.now, || stores[0].clear()) {
            Admission::Serve { start_ns } => {
                if self.recorder.measuring {
                    self.recorder.tier_queue[level].record(start_ns - self.now);
                }
                Some(start_ns)
            }
            // Servers that go down are for the general loop.
            Admission::Refused { .. } | Admission::Lost { .. } => None,
        }
    }

    /// The shared tier's value is at the instance: it fills the tiers above and answers the read.
    fn hit_replies(&mut self, id: u32) {
        let read = self.plain.reads[id];
        let info = self.info(read.key, usize::from(read.class));
        self.fill_instance(read.instance, info);
        let outcome = if info.absent { Outcome::NegativeHit } else { Outcome::Hit };
        self.end_plainly(id, &read, outcome, Some(self.plain.shared));
    }

    /// Fills all instance tiers.
    #[inline]
    fn fill_instance(&mut self, instance: u32, info: KeyInfo) {
        for tier in &mut self.tiers[..self.plain.shared] {
            let stored = tier.fill_here(instance as usize, info, self.now, &self.tables);
            tier.totals.failed_fills += u64::from(!stored);
        }
    }

    /// A read has missed in every tier: it joins the call of its instance for this key, or leads one.
    fn fetch_plainly(&mut self, id: u32) {
        let Read { key, instance, .. } = self.plain.reads[id];
        if self.plain.coalesces {
            let leader = *self.groups.entry(pair(instance, key), id);
            if leader != id {
                let last = std::mem::replace(&mut self.plain.reads[leader].last, id);
                self.plain.reads[last].next = id;
                return;
            }
        }
        self.plain.reads[id].last = id;
        self.begin_stampede(key);
        match self.database.network.sample() {
            0 => self.fetch_arrives(id),
            delay_ns => {
                let lane = self.database.network_lane;
                self.schedule(lane, self.now + delay_ns, Kind::FetchArrives, id);
            }
        }
    }

    /// The call is at the database: it is served or queues.
    fn fetch_arrives(&mut self, id: u32) {
        self.totals.db_arrivals += 1;
        self.recorder.note_db_arrival(self.now);
        self.plain.reads[id].since_ns = self.now;
        if self.database.may_start() {
            self.start_fetch(id);
        } else {
            self.database.enqueue(id, 0, self.now, &mut self.recorder);
        }
    }

    fn start_fetch(&mut self, id: u32) {
        let Read { since_ns, class, .. } = self.plain.reads[id];
        let waited_ns = self.now - since_ns;
        let work = Work::Read { class: usize::from(class) };
        let (service_ns, lane) =
            self.database.start(self.now, waited_ns, work, &mut self.totals, &mut self.recorder);
        self.schedule(lane, self.now + service_ns, Kind::FetchIsDone, id);
    }

    /// Servers take from the queue as long as they may.
    pub(super) fn serve_waiting_plainly(&mut self) {
        while self.database.busy < self.database.servers && self.database.pauses == 0 {
            let Some((id, _)) = self.database.queue.pop_front() else { return };
            self.database.waiting -= 1;
            self.start_fetch(id);
        }
    }

    fn fetch_is_done(&mut self, id: u32) {
        // Mostly the next event of that lane is the next completion.
        self.plain.upcoming = self.queue.peek_general();
        if let Some(next) = self.plain.upcoming {
            self.plain.reads.prefetch(next);
        }
        self.database.advance(self.now, &mut self.totals);
        self.database.busy -= 1;
        self.serve_waiting_plainly();
        match self.database.network.sample() {
            0 => self.fetch_replies(id),
            delay_ns => {
                let lane = self.database.network_lane;
                self.schedule(lane, self.now + delay_ns, Kind::FetchReplies, id);
            }
        }
    }

    /// The answer is at the instance: it fills all tiers and answers all who wait.
    fn fetch_replies(&mut self, id: u32) {
        let leader = self.plain.reads[id];
        if self.plain.coalesces {
            self.groups.remove(pair(leader.instance, leader.key));
        }
        self.end_stampede(leader.key);
        let info = self.info(leader.key, usize::from(leader.class));
        self.fill_instance(leader.instance, info);
        self.send_fill(leader.key);
        self.end_plainly(id, &leader, Outcome::Miss, None);
        let mut next = leader.next;
        while next != NONE {
            let read = self.plain.reads[next];
            self.end_plainly(next, &read, Outcome::Coalesced, None);
            next = read.next;
        }
    }

    /// A SET that nobody waits for.
    #[inline]
    fn send_fill(&mut self, key: u32) {
        let Some(tier) = self.tiers.get_mut(self.plain.shared) else { return };
        tier.totals.commands += 1;
        tier.stores[0].prefetch(key);
        let Some(shared) = &mut tier.shared else { return };
        let (lane, arrival) = (shared.send_lane, self.now + hop(shared, 0, self.now));
        if arrival == self.now {
            self.serve_fill(key);
        } else {
            self.plain.fills += 1;
            self.schedule(lane, arrival, Kind::FillArrives, key);
        }
    }

    fn serve_fill(&mut self, key: u32) {
        let info = self.info(key, self.tables.class_of(key));
        let level = self.plain.shared;
        let Some(start) = self.begin_command(level) else { return };
        let tier = &mut self.tiers[level];
        let stored = tier.fill_here(0, info, start, &self.tables);
        tier.totals.failed_fills += u64::from(!stored);
        if let Some(shared) = &mut tier.shared {
            shared.serve(0, start, self.tables.value_bytes(key));
        }
    }

    fn end_plainly(&mut self, id: u32, read: &Read, outcome: Outcome, tier: Option<usize>) {
        self.plain.reads.remove(id);
        self.record_plain(read.start_ns, self.now, read.window, usize::from(read.class), outcome, tier);
        self.change_in_system(-1);
    }

    #[inline]
    fn record_plain(
        &mut self,
        start_ns: Nanos,
        at: Nanos,
        window: u32,
        class: usize,
        outcome: Outcome,
        tier: Option<usize>,
    ) {
        self.recorder.finish(start_ns, at - start_ns, window, class, outcome);
        if let Some(tier) = tier.filter(|_| start_ns >= self.recorder.warmup_ns) {
            self.recorder.tier_hits[tier] += 1;
        }
    }
}
