//! The loop: arrivals merged with events, in the order of time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use super::kind::Kind;
use crate::dice::{Stream, Times, stream};
use crate::measure::breakdown::Breakdown;
use crate::measure::recorder::{Cause, Recorder, Totals};
use crate::measure::staleness::Versions;
use crate::model::{Around, Arrivals, Coalescing, Model, Nanos, Scope};
use crate::policy::own::Policies;
use crate::sim::control::{Control, SimError};
use crate::sim::parts::ahead::AheadTier;
use crate::sim::parts::attempt::{Attempt, AttemptErrand};
use crate::sim::parts::call_map::{CallMap, pair};
use crate::sim::parts::command::{Command, Part};
use crate::sim::parts::crashes::Crashes;
use crate::sim::parts::database::Database;
use crate::sim::parts::failures::Failures;
use crate::sim::parts::fleet::{Fleet, Scaler};
use crate::sim::parts::gather::Gather;
use crate::sim::parts::in_system::InSystem;
use crate::sim::parts::journey::{Extras, Lead, Left};
use crate::sim::parts::journeys::{Journeys, Needs};
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::limiter::{Callers, Counters};
use crate::sim::parts::revisions::Revisions;
use crate::sim::parts::stream::Invalidations;
use crate::sim::parts::system::System;
use crate::sim::parts::tier::TierState;
use crate::sim::parts::warming::WarmJob;
use crate::sim::parts::watch::{LOOK_EVERY, Watch};
use crate::sim::parts::ways::Ways;
use crate::sim::parts::worker_pool::WorkerPool;
use crate::sim::queue::{Due, Event, GENERAL, Lane, Queue};
use crate::sim::slab::{NONE, Slab};
use crate::trace::TraceError;
use crate::workload::{BATCH, Batch, Generator, Tables};

/// Requests from one step of reading ahead to the next.
const STEP: usize = 8;
/// So many lookups after it was sent, the entry of one is read ahead; its place in the index has come by then, and it is
/// still on its way.
const SENT: usize = 8;

/// Requests in flight beyond which a simulation stops: about two gigabytes, far above what any system in production
/// would survive.
const IN_FLIGHT_LIMIT: usize = 20_000_000;

/// The result of a simulation.
#[derive(Debug)]
pub struct Finished {
    pub recorder: Recorder,
    /// When the last thing happened.
    pub end_ns: Nanos,
    /// Events taken from the queue; arrivals and hits in instance tiers are not among them.
    pub events: u64,
    /// Fingerprint of the requests that arrived, if `Engine::watching_traffic` was called: equal fingerprints
    /// mean equal requests.
    pub traffic: Option<u64>,
    /// Latency by part, of [`Engine::explaining`](super::Engine::explaining).
    pub breakdown: Option<Breakdown>,
}

/// Where requests come from.
pub(super) struct Incoming {
    pub(super) generator: Generator,
    pub(super) batch: Batch,
    pub(super) next: usize,
    /// For each request of the batch where its entry in the first tier probably is.
    pub(super) guesses: [u32; BATCH],
    /// So many have arrived.
    pub(super) arrived: u64,
    /// The first batch is filled.
    pub(super) have_begun: bool,
    pub(super) are_over: bool,
    /// All are reads of one key, unless tagged otherwise, and go to the instance that they name.
    pub(super) are_plain: bool,
    pub(super) think: Option<(Times, Stream)>,
    pub(super) callers: Option<Callers>,
    /// Room for the keys of one request.
    pub(super) gathered_keys: Vec<u32>,
    /// By key: so many reads of a recording so far, where a job will need the hottest.
    pub(super) asked: Option<Vec<u32>>,
    /// See [`Finished::traffic`].
    pub(super) traffic: Option<u64>,
}

/// Calls under way, by key.
pub(super) struct Calls {
    /// Leaders of calls that may be joined, by instance and key.
    pub(super) groups: CallMap<u32>,
    pub(super) are_grouped: bool,
    /// They may be joined from the lookup on.
    pub(super) begin_with_lookups: bool,
    /// Background refreshes, by tier, instance and key.
    pub(super) refreshing: CallMap<()>,
    /// Fetches by key: (in flight, started since the first).
    pub(super) fetching: CallMap<(u32, u32)>,
    pub(super) fetches_ended: u64,
    /// Those that are remembered.
    pub(super) failures: Option<Failures>,
}

impl Calls {
    /// Reads ahead where the call of an instance and a key is found.
    #[inline]
    pub(super) fn prefetch(&self, instance: u32, key: u32) {
        self.groups.prefetch(pair(instance, key));
        self.fetching.prefetch(u64::from(key));
    }
}

/// Memory that will be touched soon is brought into the processor's cache.
pub(super) struct ReadAhead {
    /// Tier, node and key of the last lookups that were sent, and how many there were.
    pub(super) sent: [(u8, u8, u32); SENT],
    pub(super) sent_in_all: usize,
    /// The attempt that is probably the next to be done, until what its end touches has been read ahead.
    pub(super) upcoming: Option<u32>,
}

/// One simulation of a system of a kind that is known when the loop is compiled.
pub(super) struct Core<'m, S: System> {
    pub(super) model: &'m Model,
    pub(super) tables: Arc<Tables>,
    pub(super) now: Nanos,
    /// End of the drain.
    pub(super) last_ns: Nanos,
    pub(super) queue: Queue,
    pub(super) events: u64,
    pub(super) watch: Watch,
    pub(super) in_flight_limit: usize,
    pub(super) incoming: Incoming,
    pub(super) tiers: Vec<TierState<S>>,
    /// The first shared tier; the number of tiers where there is none.
    pub(super) shared_level: usize,
    pub(super) database: Database,
    pub(super) journeys: Journeys,
    pub(super) commands: Slab<Command>,
    /// Attempts have slots of their own; where nothing tears them from their journeys, those of these.
    pub(super) attempts: Slab<Attempt>,
    pub(super) are_attempts_torn: bool,
    /// Fills under way that are events and no more.
    pub(super) bare_fills: u64,
    /// Reads of several keys, and what each MGET under way is for.
    pub(super) gathers: Slab<Gather>,
    pub(super) multi_gets: Slab<Vec<Part>>,
    pub(super) calls: Calls,
    pub(super) versions: Versions,
    /// Per class: the database has no such rows until they are written.
    pub(super) absent: Vec<bool>,
    /// Whether any of these are written.
    pub(super) creates: bool,
    /// Per class: tiers that its requests pass by, a bit for each level.
    pub(super) bypassed: Vec<u8>,
    /// Answers are held against the database, or counted by key or by kind.
    pub(super) are_answers_judged: bool,
    pub(super) may_serve_phantoms: bool,
    pub(super) invalidations: Invalidations,
    pub(super) ahead: Option<Box<AheadTier>>,
    pub(super) recorder: Recorder,
    pub(super) totals: Totals,
    pub(super) in_system: InSystem,
    /// The tier, instance and node whose free connections are being handed on.
    pub(super) handing_on: Option<(usize, u32, u8)>,
    pub(super) backoff_dice: Stream,
    pub(super) rollback_dice: Stream,
    pub(super) deadline: Option<(Nanos, Lane)>,
    pub(super) revisions: Revisions<'m>,
    pub(super) crashes: Crashes,
    pub(super) fleet: Fleet,
    pub(super) scaler: Option<Scaler>,
    pub(super) workers: Option<Box<WorkerPool>>,
    /// Jobs that fill tiers, and the job of each journey that is part of one.
    pub(super) warming: Vec<WarmJob>,
    pub(super) warmers: FxHashMap<u32, u32>,
    pub(super) read_ahead: ReadAhead,
    /// Of a run with a breakdown of its latencies.
    pub(super) ways: Option<Box<Ways>>,
}

/// Roughly the mean time between requested keys.
fn mean_gap_ns(model: &Model) -> Nanos {
    let rate_per_s = match model.workload.arrivals {
        Arrivals::Poisson { rate_per_s } | Arrivals::Constant { rate_per_s } => rate_per_s,
        Arrivals::Renewal { rate_per_s, .. } => rate_per_s,
        Arrivals::Closed { users, ref think } => f64::from(users) * 1e9 / (think.mean_ns() + 1e6),
        Arrivals::Trace(ref trace) => {
            trace.requests_within(model.duration_ns) * 1e9 / model.duration_ns.max(1) as f64
        }
    };
    let classes = model.workload.classes.iter();
    let keys: f64 = classes.map(|class| class.share * f64::from(class.keys_per_request)).sum();
    (1e9 / (rate_per_s * keys.max(1.0)).max(1e-3)) as Nanos
}

impl<'m, S: System> Core<'m, S> {
    /// Prepares a simulation. `torn`: see `Engine::torn_everywhere`.
    pub(super) fn new(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
        policies: &Policies,
        torn: bool,
    ) -> Result<Core<'m, S>, SimError> {
        let tables = tables.of_replication(seed, replication);
        let mut queue = Queue::new(mean_gap_ns(model));
        let tiers = (0..model.tiers.len())
            .map(|index| {
                let tables = Some(&*tables);
                TierState::with_own(model, index, seed, replication, &mut queue, policies, tables)
            })
            .collect();
        let keys = tables.keys();
        let database = Database::new(model, seed, replication, &mut queue);
        let invalidations = Invalidations::new(model, seed, replication, &mut queue);
        let fleet = Fleet::new(model, seed, replication);
        let mut engine = Core {
            model,
            now: 0,
            last_ns: model.duration_ns.saturating_add(model.drain_ns),
            events: 0,
            watch: Watch::default(),
            in_flight_limit: IN_FLIGHT_LIMIT,
            incoming: Incoming::new(model, &tables, seed, replication, &fleet)?,
            tables,
            tiers,
            shared_level: (model.tiers.iter())
                .take_while(|tier| matches!(tier.scope, Scope::Instance { .. }))
                .count(),
            database,
            journeys: Journeys::new(Needs::of(model, policies.refreshes())),
            commands: Slab::new(),
            attempts: Slab::new(),
            are_attempts_torn: model.tears_calls(),
            bare_fills: 0,
            gathers: Slab::new(),
            multi_gets: Slab::new(),
            calls: Calls {
                groups: CallMap::new(),
                are_grouped: model
                    .ever(|revision| matches!(revision.coalescing, Coalescing::Singleflight { .. })),
                begin_with_lookups: model.ever(|revision| {
                    matches!(revision.coalescing, Coalescing::Singleflight { around: Around::Lookup })
                }),
                refreshing: CallMap::new(),
                fetching: CallMap::new(),
                fetches_ended: 0,
                failures: model.database.error_ttl_ns.map(Failures::new),
            },
            versions: Versions::new(keys, model.workload.writes()),
            absent: model.workload.classes.iter().map(|class| class.absent).collect(),
            creates: model.workload.creates(),
            bypassed: (model.workload.classes.iter())
                .map(|class| class.bypass.iter().fold(0, |levels, level| levels | 1 << level))
                .collect(),
            are_answers_judged: model.workload.writes()
                || model.workload.checks()
                || model.workload.gathers()
                || model.measure.value_age,
            may_serve_phantoms: model.may_serve_phantoms(),
            invalidations,
            ahead: AheadTier::of(model),
            recorder: Recorder::new(model),
            totals: Totals { tiers: vec![Default::default(); model.tiers.len()], ..Totals::default() },
            in_system: InSystem::new(if model.warmup_ns > 0 { model.warmup_ns } else { model.duration_ns }),
            handing_on: None,
            backoff_dice: stream(seed, replication, "database.backoff"),
            rollback_dice: stream(seed, replication, "writes.rollback"),
            deadline: model.clients.deadline_ns.map(|ns| (ns, queue.lane_for(ns))),
            revisions: Revisions::new(model, &mut queue),
            crashes: Crashes::default(),
            fleet,
            scaler: Scaler::of(model),
            workers: WorkerPool::of(model).map(Box::new),
            warming: Vec::new(),
            warmers: FxHashMap::default(),
            read_ahead: ReadAhead { sent: [(0, 0, 0); SENT], sent_in_all: 0, upcoming: None },
            ways: None,
            queue,
        };
        if model.measure.stale_acknowledged {
            engine.versions.watch_acknowledged();
        }
        if engine.ahead.is_some() {
            engine.versions.keep_stored();
        }
        if torn {
            engine.tear_everything();
        }
        engine.prefill(seed, replication);
        engine.schedule_scenario();
        Ok(engine)
    }

    /// Its requests leave a breakdown of their latencies. In the loop for all systems alone the stages look for ways.
    pub(super) fn explaining(mut self) -> Self {
        debug_assert!(S::RARE, "only the loop for all systems explains its requests");
        self.ways = Some(Box::new(Ways::new(self.model.warmup_ns)));
        self
    }

    /// Every call is an entity of its own, and every column exists.
    fn tear_everything(&mut self) {
        self.are_attempts_torn = true;
        self.journeys = Journeys::new(Needs::all());
        self.are_answers_judged = true;
        for shared in self.tiers.iter_mut().filter_map(|tier| tier.shared.as_mut()) {
            shared.tears = true;
            shared.has_bare_fills = false;
        }
    }

    /// Runs to the end of the drain, or until nothing is in flight after the last arrival.
    pub(super) fn run(mut self, control: &Control) -> Result<Finished, SimError> {
        self.advance(control, u64::MAX)?;
        self.finish()
    }

    /// Goes on until about so much more is done, arrivals and events counted alike, or to the end; gives whether this is it. It
    /// stops only where it looks around or checks in: a run in pieces is the same as one in one piece.
    pub(super) fn advance(&mut self, control: &Control, budget: u64) -> Result<bool, SimError> {
        let end_ns = self.last_ns;
        let until = self.done().saturating_add(budget);
        let mut reported = self.incoming.arrived;
        if !self.incoming.have_begun {
            self.incoming.have_begun = true;
            self.incoming.refill()?;
        }
        loop {
            let event_ns = self.queue.next_time();
            // Queued events precede arrivals of the same instant.
            let next = self.incoming.next;
            if let Some(&time) = self.incoming.batch.time_ns.get(next).filter(|&&time| time < event_ns) {
                debug_assert!(time >= self.now, "a request arrives at {time}, before {}", self.now);
                self.now = time;
                self.prefetch_arrivals();
                self.arrive_next(NONE);
                if self.incoming.next == self.incoming.batch.time_ns.len() {
                    self.check_in(control, &mut reported)?;
                    self.incoming.refill()?;
                    if self.done() >= until {
                        return Ok(false);
                    }
                }
                continue;
            }
            if event_ns > end_ns {
                break;
            }
            let due = self.next_event();
            if !due.is_some() {
                break;
            }
            debug_assert!(due.time >= self.now, "an event happens at {}, before {}", due.time, self.now);
            self.now = due.time;
            self.events += 1;
            let event = due.event();
            let kind = Kind::of(event);
            if self.events.is_multiple_of(LOOK_EVERY) {
                self.look_around(control, &mut reported)?;
                if self.done() >= until {
                    self.handle(kind, event)?;
                    if self.is_over() {
                        break;
                    }
                    return Ok(false);
                }
            }
            // The most frequent one by a branch of its own: it is foreseen better than one way of many.
            if kind == Kind::LookupArrives {
                self.lookup_arrives(event.id);
            } else {
                self.handle_here(kind, event)?;
                if kind == Kind::WindowEnds {
                    self.check_in(control, &mut reported)?;
                }
            }
            if self.is_over() {
                break;
            }
        }
        self.check_in(control, &mut reported)?;
        Ok(true)
    }

    /// Whether nothing is in flight after the last arrival. The last window ends at the instant at which arrivals do, but after them.
    #[inline(always)]
    fn is_over(&self) -> bool {
        self.incoming.are_over && self.is_idle() && self.queue.next_time() > self.now
    }

    /// Arrivals and events so far.
    fn done(&self) -> u64 {
        self.incoming.arrived + self.events
    }

    /// The next event whose owner is still there, or was when it came to the head of its ring.
    #[inline(always)]
    pub(super) fn next_event(&mut self) -> Due {
        let due = self.queue.pop_wheel();
        if due.is_some() {
            return due;
        }
        let Core { queue, journeys, commands, attempts, workers, .. } = self;
        queue.pop(|event| match Kind::of(event) {
            // No timers.
            _ if S::PLAIN => true,
            Kind::JourneyMeetsDeadline | Kind::PatienceEnds => journeys.is(event.id, event.generation),
            Kind::WaitMeetsDeadline => {
                workers.as_ref().is_some_and(|workers| workers.unstarted.is(event.id, event.generation))
            }
            Kind::CommandTimesOut | Kind::CommandPoolTimesOut => commands.is(event.id, event.generation),
            Kind::AttemptTimesOut | Kind::AttemptPoolTimesOut | Kind::AttemptIsHedged => {
                attempts.is(event.id, event.generation)
            }
            _ => true,
        })
    }

    /// Brings what coming requests look up first into the processor's cache: the place in the index of the request two
    /// steps ahead, and what the place leads to for the one after the next step.
    #[inline(always)]
    fn prefetch_arrivals(&mut self) {
        let Incoming { batch, next, guesses, .. } = &mut self.incoming;
        if !S::PLAIN && self.are_answers_judged {
            if let Some(&key) = batch.key.get(*next + 2 * STEP) {
                self.versions.prefetch(key);
            }
            if let Some(&key) = batch.key.get(*next + STEP) {
                self.versions.prefetch_version(key);
            }
        }
        let Some(tier) = self.tiers.first().filter(|tier| tier.shared.is_none()) else { return };
        let coming = |steps: usize| {
            let at = *next + steps * STEP;
            Some((at, tier.stores.get(*batch.instance.get(at)? as usize)?, *batch.key.get(at)?))
        };
        if let Some((_, store, key)) = coming(2) {
            store.prefetch(key);
        }
        if let Some((at, store, key)) = coming(1) {
            guesses[at % BATCH] = store.prefetch_entry(key);
        }
    }

    /// Brings what a lookup touches at its server and when it is back into the processor's cache.
    #[inline(always)]
    pub(super) fn prefetch_lookup(&self, level: usize, node: u8, instance: u32, key: u32) {
        self.tiers[level].stores[usize::from(node)].prefetch(key);
        self.calls.prefetch(instance, key);
        if !S::PLAIN && self.are_answers_judged {
            self.versions.prefetch(key);
        }
    }

    /// Reads an attempt ahead, or the journey that stands for it.
    #[inline(always)]
    pub(super) fn prefetch_attempt(&self, id: u32) {
        if S::PLAIN {
            self.journeys.prefetch_alone(id);
        } else {
            self.attempts.prefetch(id);
            if !self.are_attempts_torn {
                self.journeys.prefetch(id);
            }
        }
    }

    /// Brings what the next completion at the database touches into the processor's cache.
    #[inline(always)]
    pub(super) fn prefetch_completion(&mut self) {
        let Some(upcoming) = self.read_ahead.upcoming.take() else { return };
        let coming = match S::PLAIN {
            true => self.journeys.peek(upcoming).map(|journey| (journey.key, journey.instance)),
            false => self.attempts.peek(upcoming).map(|attempt| {
                if self.are_attempts_torn && attempt.leader != NONE {
                    self.journeys.prefetch(attempt.leader);
                }
                if attempt.errand == AttemptErrand::Write {
                    self.versions.prefetch_commit(attempt.key);
                }
                (attempt.key, attempt.instance)
            }),
        };
        if let Some((key, instance)) = coming {
            self.calls.prefetch(instance, key);
            for tier in &self.tiers[..self.shared_level] {
                if let Some(store) = tier.stores.get(instance as usize) {
                    store.prefetch(key);
                }
            }
        }
    }

    /// Reports progress; stops where the outside stops it, or where too much is in flight.
    fn check_in(&self, control: &Control, reported: &mut u64) -> Result<(), SimError> {
        self.report(control, reported);
        if self.in_flight() > self.in_flight_limit {
            return Err(SimError::Overload { at_s: self.now as f64 / 1e9, limit: self.in_flight_limit });
        }
        control.check()
    }

    /// Reports progress.
    pub(super) fn report(&self, control: &Control, reported: &mut u64) {
        control.requests.fetch_add(self.incoming.arrived - *reported, Ordering::Relaxed);
        *reported = self.incoming.arrived;
    }

    pub(super) fn in_flight(&self) -> usize {
        let attempts = if self.are_attempts_torn { self.attempts.len() } else { 0 };
        let unstarted = if S::RARE { self.workers.as_ref().map_or(0, |all| all.unstarted.len()) } else { 0 };
        self.journeys.len() + self.commands.len() + attempts + unstarted
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_flight() == 0 && self.bare_fills == 0 && self.invalidations.is_idle() && {
            self.ahead.as_ref().is_none_or(|ahead| ahead.is_idle())
        }
    }

    /// What an event brings about. Of a plain system that is little enough to lie in the loop.
    #[inline(always)]
    fn handle_here(&mut self, kind: Kind, event: Event) -> Result<(), SimError> {
        match kind {
            // These may end the run.
            Kind::UserAsks if !S::PLAIN => return self.user_asks(event.id),
            Kind::InstantIsMarked => return self.instant_goes_on(),
            _ if S::PLAIN => self.happen(kind, event),
            _ => self.happen_aside(kind, event),
        }
        Ok(())
    }

    /// The same, out of line.
    #[inline(never)]
    pub(super) fn handle(&mut self, kind: Kind, event: Event) -> Result<(), SimError> {
        self.handle_here(kind, event)
    }

    /// [`Core::happen`] out of line. Its stages are functions of their own and return nothing, so it is one jump to each of them.
    #[inline(never)]
    fn happen_aside(&mut self, kind: Kind, event: Event) {
        self.happen(kind, event);
    }

    #[inline(always)]
    fn happen(&mut self, kind: Kind, Event { id, generation, .. }: Event) {
        match kind {
            Kind::LookupArrives => self.lookup_arrives(id),
            Kind::LookupReplies => self.reply_arrives(id, self.journeys.reply(id)),
            Kind::HitReplies => self.hit_replies(id),
            Kind::MissReplies => self.miss_replies(id),
            Kind::FillArrives => self.bare_fill_arrives(id, generation),
            Kind::JourneyGoesOn if self.journeys.is(id, generation) => self.proceed(id),
            Kind::AttemptArrives => self.attempt_arrives(id),
            Kind::AttemptIsDone if S::PLAIN || self.attempts.is(id, generation) => self.attempt_is_done(id),
            Kind::AttemptReplies => self.attempt_replies(id),
            Kind::EventBegins => self.event_begins(id as usize),
            Kind::EventEnds => self.event_ends(id as usize),
            Kind::InstanceRestarts => self.instance_restarts(id),
            Kind::ExpiryCycleBegins => self.expiry_cycle_begins(id as usize),
            Kind::ContentIsSampled => self.sample_content(),
            Kind::WindowEnds => self.window_ends(id),
            Kind::WarmupEnds => self.warmup_ends(),
            Kind::ArrivalsEnd => self.arrivals_end(),
            _ if S::PLAIN => debug_assert!(false, "{kind:?} is not plain"),
            Kind::CommandArrives => self.command_arrives(id),
            Kind::CommandReplies => self.command_replies(id),
            Kind::CommandIsEncoded => self.ask_for_tier_connection(id, self.now),
            Kind::CommandIsDecoded => self.command_is_read(id),
            Kind::GatherSetsOut if self.gathers.is(id, generation) => self.gather_sets_out(id),
            Kind::JourneyPolls if self.journeys.is(id, generation) => self.poll(id),
            Kind::CommandTimesOut if self.commands.is(id, generation) => self.command_times_out(id),
            Kind::CommandPoolTimesOut if self.commands.is(id, generation) => self.command_pool_times_out(id),
            Kind::JourneyMeetsDeadline if self.journeys.is(id, generation) => self.meet_deadline(id),
            Kind::PatienceEnds if S::RARE && self.journeys.is(id, generation) => self.patience_ends(id),
            Kind::WaitMeetsDeadline if S::RARE && self.is_unstarted(id, generation) => {
                self.wait_meets_deadline(id)
            }
            Kind::WorkerFinishes if S::RARE => self.worker_finishes(id),
            Kind::WorkerIsFree if S::RARE => self.worker_is_free(id),
            Kind::LinkBreaks if S::RARE => self.link_breaks(id),
            Kind::LinkReturns if S::RARE => self.link_returns(id),
            Kind::InstanceStarts if S::RARE => self.instance_starts(id),
            Kind::ScalerLooks if S::RARE => self.scaler_looks(),
            Kind::InstanceChanges if S::RARE => self.instance_changes(id, generation),
            Kind::KeyIsWarmed if S::RARE => self.warm_next(id),
            Kind::AttemptTimesOut if self.attempts.is(id, generation) => self.attempt_times_out(id),
            Kind::AttemptPoolTimesOut if self.attempts.is(id, generation) => self.attempt_pool_times_out(id),
            Kind::AttemptIsConnected if S::RARE && self.attempts.is(id, generation) => {
                self.attempt_departs(id)
            }
            Kind::AttemptIsHedged if self.attempts.is(id, generation) => self.hedge(id),
            Kind::CallIsRetried if self.journeys.is(id, generation) => self.retry(id),
            Kind::CallIsDropped if self.journeys.is(id, generation) => self.fail_call(id, Cause::Crash),
            Kind::ChangeIsHandled => self.change_is_handled(id),
            Kind::CommandIsSentAgain => self.send_again(id),
            Kind::InstanceHears => self.instance_hears(id),
            Kind::WorkerWakes => self.worker_wakes(),
            Kind::BatchIsRead => self.send_batch(),
            Kind::BackgroundArrives => self.background_arrives(),
            // A timer whose entity is gone.
            _ => {}
        }
    }

    /// A user of the closed loop sends the next request.
    #[inline(never)]
    fn user_asks(&mut self, user: u32) -> Result<(), SimError> {
        if self.now >= self.model.duration_ns {
            return Ok(());
        }
        if self.incoming.next == self.incoming.batch.key.len() {
            self.incoming.refill()?;
        }
        let Incoming { generator, batch, next, .. } = &mut self.incoming;
        generator.settle_key(batch, *next, self.now);
        self.arrive_next(user);
        Ok(())
    }

    /// A user whose request ended at `at` thinks, then sends the next one.
    #[inline]
    pub(super) fn user_thinks(&mut self, user: u32, at: Nanos) {
        if !S::PLAIN
            && let Some((think, dice)) = &mut self.incoming.think
            && user != NONE
        {
            let at = at + think.sample(dice);
            self.schedule(GENERAL, at, Kind::UserAsks, user, 0);
        }
    }

    /// Puts an event into the queue.
    pub(super) fn schedule(&mut self, lane: Lane, at: Nanos, kind: Kind, id: u32, generation: u32) {
        debug_assert!(at >= self.now, "{kind:?} is scheduled for {at}, before {}", self.now);
        self.queue.push(lane, at, kind as u8, id, generation);
    }

    /// The same, compiled into its caller: for where it matters.
    #[inline(always)]
    pub(super) fn schedule_here(&mut self, lane: Lane, at: Nanos, kind: Kind, id: u32, generation: u32) {
        debug_assert!(at >= self.now, "{kind:?} is scheduled for {at}, before {}", self.now);
        self.queue.push_here(lane, at, Event { kind: kind as u8, id, generation });
    }

    /// The level of a journey at a shared tier, of which a plain system has one at most.
    #[inline(always)]
    pub(super) fn level_at_shared(&self, id: u32) -> usize {
        if S::PLAIN { self.shared_level } else { usize::from(self.journeys[id].level) }
    }

    /// The first level from `level` on at which requests of a class are looked up.
    #[inline(always)]
    pub(super) fn level_from(&self, class: usize, level: usize) -> usize {
        match S::RARE {
            true => level + (self.bypassed[class] >> level).trailing_ones() as usize,
            false => level,
        }
    }

    /// The extras of a journey.
    #[inline(always)]
    pub(super) fn extras(&self, id: u32) -> Extras {
        if S::PLAIN { Extras::default() } else { self.journeys.extras.get(id) }
    }

    /// When a journey left each tier.
    #[inline(always)]
    pub(super) fn left_ns(&self, id: u32) -> Left {
        if S::PLAIN { Left::default() } else { self.journeys.left_ns.get(id) }
    }

    /// Data of a leader for calls that may fail.
    #[inline(always)]
    pub(super) fn lead(&self, id: u32) -> Lead {
        if S::PLAIN { Lead::default() } else { self.journeys.leads.get(id) }
    }

    /// The same, to be changed; `None` where nothing fails.
    #[inline(always)]
    pub(super) fn lead_mut(&mut self, id: u32) -> Option<&mut Lead> {
        if S::PLAIN { None } else { self.journeys.leads.get_mut(id) }
    }

    /// Whether connections to a shared tier are unlimited.
    #[inline(always)]
    pub(super) fn is_unlimited(&self, level: usize) -> bool {
        S::PLAIN || self.tiers[level].shared.as_ref().is_none_or(|shared| shared.pools.is_empty())
    }

    /// A key as the tiers need it, of a caller that has the settings of the start.
    #[inline]
    pub(super) fn info(&self, key: u32, class: usize) -> KeyInfo {
        KeyInfo { key, class, absent: self.absent[class], revision: 0 }
    }

    /// The same of a caller that has the settings of its instance.
    #[inline]
    pub(super) fn info_of(&self, instance: u32, key: u32, class: usize) -> KeyInfo {
        KeyInfo { key, class, absent: self.absent[class], revision: self.revision(instance) }
    }

    /// The revision of the settings that an instance has.
    #[inline(always)]
    pub(super) fn revision(&self, instance: u32) -> u8 {
        if S::RARE { self.revisions.of(instance) } else { 0 }
    }

    /// The deadline of an instance's requests, and its lane.
    #[inline(always)]
    pub(super) fn deadline_of(&self, instance: u32) -> Option<(Nanos, Lane)> {
        let changed = if S::RARE { self.revisions.deadline(instance) } else { None };
        changed.unwrap_or(self.deadline)
    }

    /// The time limit of an instance's calls of the database, and its lane.
    #[inline(always)]
    pub(super) fn database_timeout_of(&self, instance: u32) -> Option<(Nanos, Lane)> {
        let changed = if S::RARE { self.revisions.database_timeout(instance) } else { None };
        changed.unwrap_or(self.database.timeout)
    }

    /// The system with the settings of an instance.
    #[inline(always)]
    pub(super) fn model_of(&self, instance: u32) -> &'m Model {
        let changed = if S::RARE { self.revisions.model(self.revisions.of(instance)) } else { None };
        changed.unwrap_or(self.model)
    }

    /// The books of a run that came to its end.
    pub(super) fn finish(mut self) -> Result<Finished, SimError> {
        if !self.is_idle() {
            self.now = self.now.max(self.last_ns);
        }
        self.end_unfinished();
        self.end_unfinished_changes();
        self.advance_integrals();
        self.end_unflushed();
        let nodes = self.tiers.iter_mut().filter_map(|tier| tier.shared.as_mut()).flat_map(|s| &mut s.nodes);
        for (over, stuck) in nodes.filter_map(|node| node.counters.as_mut()).map(Counters::finish) {
            if let Some(books) = &mut self.recorder.limiter {
                books.over.merge(&over);
                books.stuck += stuck;
            }
        }
        if let Some(cells) = &mut self.recorder.cells {
            cells.close_newest();
        }
        self.recorder.phantom_reads = self.versions.phantom_reads();
        self.check_invariants().map_err(SimError::Invariant)?;
        let traffic = self.incoming.traffic;
        let breakdown = self.ways.map(|ways| ways.books);
        Ok(Finished { recorder: self.recorder, end_ns: self.now, events: self.events, traffic, breakdown })
    }
}

impl Incoming {
    fn new(
        model: &Model,
        tables: &Arc<Tables>,
        seed: u64,
        replication: u32,
        fleet: &Fleet,
    ) -> Result<Incoming, TraceError> {
        let think = match &model.workload.arrivals {
            Arrivals::Closed { think, .. } => {
                Some((Times::new(think), stream(seed, replication, "workload.think")))
            }
            _ => None,
        };
        let callers = Callers::of(model, seed, replication);
        Ok(Incoming {
            generator: Generator::new(model, Arc::clone(tables), seed, replication)?,
            batch: Batch::default(),
            next: 0,
            guesses: [0; BATCH],
            arrived: 0,
            have_begun: false,
            are_over: false,
            are_plain: callers.is_none()
                && !fleet.varies
                && !model.workload.gathers()
                && model.clients.workers.is_none(),
            think,
            callers,
            gathered_keys: Vec::new(),
            asked: (matches!(model.workload.arrivals, Arrivals::Trace(_))
                && model.events.iter().any(|event| event.what.warms()))
            .then(|| vec![0; tables.keys() as usize]),
            traffic: None,
        })
    }

    pub(super) fn watch_traffic(&mut self) {
        self.traffic = (!self.generator.is_closed()).then_some(0);
    }

    /// The next requests; once for hundreds of them.
    fn refill(&mut self) -> Result<(), TraceError> {
        self.next = 0;
        self.generator.fill(&mut self.batch)?;
        if let Some(state) = &mut self.traffic {
            *state = self.batch.fingerprint(*state);
        }
        Ok(())
    }
}
