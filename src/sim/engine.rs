//! The loop: arrivals merged with events, in the order of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::bounds::Bounds;
use super::command::Command;
use super::crash::Crashes;
use super::database::Database;
use super::fetch::{Attempt, Flight};
use super::gather::Gather;
use super::index::FlightMap;
use super::instant::{Circle, LOOK_EVERY, Watch};
use super::invalidation::Invalidations;
use super::limiter::{Callers, Counters};
use super::multi_get::Part;
use super::pending::Event;
use super::plain::Plain;
use super::queue::Queue;
use super::read::Walk;
use super::slab::Slab;
use super::tier::{KeyInfo, TierState};
use super::write_back::AheadTier;
use crate::dice::{Stream, Times, stream};
use crate::measure::recorder::{Cause, Gauges, Recorder, Totals};
use crate::measure::staleness::Versions;
use crate::model::{Arrivals, Model, Nanos};
use crate::policy::own::Policies;
use crate::trace::TraceError;
use crate::units::grouped;
use crate::workload::{BATCH, Batch, Generator, Tables};

macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// Everything that can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind { $($kind),* }

        /// By number.
        pub(super) const KINDS: &[Kind] = &[$(Kind::$kind),*];

        impl Kind {
            /// As it is written here.
            pub(super) fn name(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind)),* }
            }
        }
    };
}

kinds! {
    CommandIsEncoded,
    CommandArrives,
    CommandReplies,
    CommandIsDecoded,
    CommandTimesOut,
    CommandPoolTimesOut,
    WalkGoesOn,
    GatherSetsOut,
    WalkPolls,
    WalkMeetsDeadline,
    AttemptArrives,
    AttemptIsDone,
    AttemptReplies,
    AttemptTimesOut,
    AttemptPoolTimesOut,
    AttemptIsHedged,
    FlightRetries,
    FlightIsDropped,
    ChangeIsHandled,
    CommandIsSentAgain,
    InstanceHears,
    WorkerWakes,
    BatchIsRead,
    LookUpArrives,
    HitReplies,
    MissReplies,
    FillArrives,
    FetchBegins,
    FetchArrives,
    FetchIsDone,
    FetchReplies,
    UserAsks,
    BackgroundArrives,
    EventBegins,
    EventEnds,
    InstanceRestarts,
    ExpiryCycleBegins,
    ContentIsSampled,
    WindowEnds,
    WarmupEnds,
    ArrivalsEnd,
    InstantIsMarked,
}

/// How the outside follows and stops a simulation.
#[derive(Debug, Default)]
pub struct Control {
    /// Set to stop all simulations at once.
    pub cancel: AtomicBool,
    /// Requests simulated so far, over all simulations.
    pub requests: AtomicU64,
    /// What all of them together may take; where that is reached, it sets `cancel`.
    pub bounds: Bounds,
}

impl Control {
    /// Whether a simulation may go on; each asks after every 65,536 events, every batch of requests and every window.
    pub fn check(&self) -> Result<(), SimError> {
        if self.bounds.look() {
            self.cancel.store(true, Ordering::Relaxed);
        }
        if self.cancel.load(Ordering::Relaxed) { Err(SimError::Cancelled) } else { Ok(()) }
    }
}

/// Why a simulation ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error(
        "simulated time stands still at {at_s} s, after {} events at this instant: {circle}", grouped(*.events)
    )]
    NoProgress { at_s: f64, events: u64, circle: Circle },
    #[error(
        "more than {limit} requests, fetches and commands in flight at {at_s} s of simulated time: more arrives than the system can do, and nothing limits what waits. Give database.queue, a timeout or clients.deadline a value, or shorten the run"
    )]
    Overload { at_s: f64, limit: usize },
    #[error("internal error, please report it: {0}")]
    Invariant(String),
}

/// Requests from one step of reading ahead to the next.
const STEP: usize = 8;

/// What is in flight beyond which a simulation stops: about two gigabytes, far above what any system in production
/// would survive.
const IN_FLIGHT_LIMIT: usize = 20_000_000;

/// What a simulation leaves.
#[derive(Debug)]
pub struct Finished {
    pub recorder: Recorder,
    /// When the last thing happened.
    pub end_ns: Nanos,
    /// Events taken from the queue; arrivals and hits in instance tiers are not among them.
    pub events: u64,
    /// Fingerprint of the requests that arrived, where [`Engine::watching_traffic`] asked for it: equal fingerprints
    /// mean equal requests.
    pub traffic: Option<u64>,
}

/// Roughly the mean time between requests.
fn mean_gap_ns(model: &Model) -> Nanos {
    let rate_per_s = match model.workload.arrivals {
        Arrivals::Poisson { rate_per_s } | Arrivals::Constant { rate_per_s } => rate_per_s,
        Arrivals::Renewal { rate_per_s, .. } => rate_per_s,
        Arrivals::Closed { users, ref think } => f64::from(users) * 1e9 / (think.mean_ns() + 1e6),
        Arrivals::Trace(ref trace) => trace.requests as f64 * 1e9 / model.duration_ns.max(1) as f64,
    };
    (1e9 / rate_per_s.max(1e-3)) as Nanos
}

/// One simulation.
pub struct Engine<'m> {
    pub(super) model: &'m Model,
    pub(super) tables: Arc<Tables>,
    pub(super) now: Nanos,
    in_flight_limit: usize,
    pub(super) queue: Queue,
    pub(super) generator: Generator,
    pub(super) batch: Batch,
    pub(super) next: usize,
    /// For each request of the batch where its entry in the first tier probably is.
    pub(super) guesses: [u32; BATCH],
    pub(super) tiers: Vec<TierState>,
    pub(super) callers: Option<Callers>,
    pub(super) database: Database,
    pub(super) walks: Slab<Walk>,
    /// Reads of several keys, and room for the keys of one.
    pub(super) gathers: Slab<Gather>,
    pub(super) gathered_keys: Vec<u32>,
    /// What each MGET under way is for.
    pub(super) multi_gets: Slab<Vec<Part>>,
    pub(super) flights: Slab<Flight>,
    pub(super) commands: Slab<Command>,
    pub(super) attempts: Slab<Attempt>,
    pub(super) plain: Plain,
    /// Whether the loop of [`Plain`] runs.
    pub(super) is_plain: bool,
    /// Flights that may be joined, by instance and key.
    pub(super) groups: FlightMap<u32>,
    /// Background refreshes under way, by tier, instance and key.
    pub(super) refreshing: FlightMap<()>,
    /// Fetches under way by key: (in flight, started since the first).
    pub(super) fetching: FlightMap<(u32, u32)>,
    pub(super) versions: Versions,
    pub(super) invalidations: Invalidations,
    pub(super) ahead: Option<Box<AheadTier>>,
    pub(super) recorder: Recorder,
    pub(super) totals: Totals,
    /// Requests under way.
    pub(super) in_system: u64,
    /// The integral of that number over time is this plus the number times the present time: whoever comes is
    /// subtracted at its time, whoever goes is added. Counts modulo 2^128.
    in_system_base_ns: u128,
    /// Part of the integral that belongs to the time after the next end of the measured part, and when that is.
    in_system_later_ns: u128,
    next_end_ns: Nanos,
    /// The tier, instance and node whose free connections are being handed on.
    pub(super) handing_on: Option<(usize, u32, u8)>,
    /// Per class: the database has no such rows until they are written.
    pub(super) absent: Vec<bool>,
    /// Whether any of these are written.
    pub(super) creates: bool,
    pub(super) arrived: u64,
    pub(super) fetches_ended: u64,
    pub(super) think: Option<(Times, Stream)>,
    pub(super) backoff_dice: Stream,
    pub(super) rollback_dice: Stream,
    pub(super) deadline: Option<(Nanos, super::queue::Lane)>,
    pub(super) crashes: Crashes,
    pub(super) arrivals_over: bool,
    /// End of the drain.
    pub(super) last_ns: Nanos,
    pub(super) events: u64,
    pub(super) watch: Watch,
    /// See [`Finished::traffic`].
    traffic: Option<u64>,
}

impl<'m> Engine<'m> {
    /// Prepares a simulation; its tables are shared with all replications of the variant.
    pub fn new(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
    ) -> Result<Engine<'m>, SimError> {
        Engine::with_own(model, tables, seed, replication, &Policies::new())
    }

    /// The same with policies from outside the crate, all of which are for this model.
    pub fn with_own(
        model: &'m Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
        policies: &Policies,
    ) -> Result<Engine<'m>, SimError> {
        let tables = tables.of_replication(seed, replication);
        let mut queue = Queue::new(mean_gap_ns(model));
        let tiers = (0..model.tiers.len())
            .map(|index| TierState::with_own(model, index, seed, replication, &mut queue, policies))
            .collect();
        let think = match &model.workload.arrivals {
            Arrivals::Closed { think, .. } => {
                Some((Times::new(think), stream(seed, replication, "workload.think")))
            }
            _ => None,
        };
        let plain = Plain::new(model);
        let mut engine = Engine {
            model,
            now: 0,
            generator: Generator::new(model, Arc::clone(&tables), seed, replication)?,
            tables,
            batch: Batch::default(),
            next: 0,
            guesses: [0; BATCH],
            tiers,
            callers: Callers::of(model, seed, replication),
            database: Database::new(model, seed, replication, &mut queue),
            walks: Slab::new(),
            gathers: Slab::new(),
            gathered_keys: Vec::new(),
            multi_gets: Slab::new(),
            flights: Slab::new(),
            commands: Slab::new(),
            attempts: Slab::new(),
            is_plain: plain.suits(model) && !policies.refreshes(),
            plain,
            groups: FlightMap::new(),
            refreshing: FlightMap::new(),
            fetching: FlightMap::new(),
            versions: Versions::new(model.workload.keys(), model.workload.writes()),
            invalidations: Invalidations::new(model, seed, replication, &mut queue),
            ahead: AheadTier::of(model),
            recorder: Recorder::new(model),
            totals: Totals { tiers: vec![Default::default(); model.tiers.len()], ..Totals::default() },
            in_system: 0,
            in_system_base_ns: 0,
            in_system_later_ns: 0,
            next_end_ns: if model.warmup_ns > 0 { model.warmup_ns } else { model.duration_ns },
            handing_on: None,
            creates: model.workload.creates(),
            absent: model.workload.classes.iter().map(|class| class.absent).collect(),
            arrived: 0,
            fetches_ended: 0,
            think,
            backoff_dice: stream(seed, replication, "database.backoff"),
            rollback_dice: stream(seed, replication, "writes.rollback"),
            deadline: model.clients.deadline_ns.map(|ns| (ns, queue.lane_for(ns))),
            crashes: Crashes::new(model, seed, replication),
            arrivals_over: false,
            in_flight_limit: IN_FLIGHT_LIMIT,
            last_ns: model.duration_ns.saturating_add(model.drain_ns),
            events: 0,
            watch: Watch::default(),
            traffic: None,
            queue,
        };
        if model.measure.stale_acknowledged {
            engine.versions.watch_acknowledged();
        }
        if engine.ahead.is_some() {
            engine.versions.keep_stored();
        }
        engine.prefill(seed, replication);
        engine.schedule_scenario();
        Ok(engine)
    }

    /// Whether the loop for systems in which nothing fails will run.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Lets the general loop run although the plain one would do: it leaves the same and takes longer, which is
    /// good for a comparison of the two.
    #[must_use]
    pub fn in_general(mut self) -> Engine<'m> {
        self.is_plain = false;
        self
    }

    /// Stops with [`SimError::Overload`] when more than this is in flight, instead of twenty million.
    #[must_use]
    pub fn with_in_flight_limit(mut self, limit: usize) -> Engine<'m> {
        self.in_flight_limit = limit;
        self
    }

    /// Takes a fingerprint of the requests as they are handed to the loop. A closed loop has none: its users ask when
    /// they have been answered.
    #[must_use]
    pub fn watching_traffic(mut self) -> Engine<'m> {
        self.traffic = (!self.generator.is_closed()).then_some(0);
        self
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

    /// Runs to the end of the drain, or until nothing is in flight after the last arrival.
    pub fn run(self, control: &Control) -> Result<Finished, SimError> {
        if self.is_plain { self.run_loop::<true>(control) } else { self.run_loop::<false>(control) }
    }

    /// `PLAIN`: what [`Plain`] knows is handled there.
    fn run_loop<const PLAIN: bool>(mut self, control: &Control) -> Result<Finished, SimError> {
        let end_ns = self.last_ns;
        let mut reported = 0;
        self.refill()?;
        loop {
            let event_ns = self.queue.next_time();
            // Queued events precede arrivals of the same instant.
            if let Some(&time) = self.batch.time_ns.get(self.next).filter(|&&time| time < event_ns) {
                self.now = time;
                self.read_ahead();
                self.arrive_next::<PLAIN>();
                if self.next == self.batch.time_ns.len() {
                    self.check_in(control, &mut reported)?;
                    self.refill()?;
                }
                continue;
            }
            if event_ns > end_ns {
                break;
            }
            let Some((time, event)) = self.queue.pop() else { break };
            self.now = time;
            self.events += 1;
            if self.events.is_multiple_of(LOOK_EVERY) {
                self.look_around(control, &mut reported)?;
            }
            let kind = Kind::of(event);
            if !(PLAIN && self.handle_plain(kind, event.id)) {
                self.handle(kind, event)?;
                if kind == Kind::WindowEnds {
                    self.check_in(control, &mut reported)?;
                }
            }
            // The last window ends at the instant at which arrivals do, but after them.
            if self.arrivals_over && self.is_idle() && self.queue.next_time() > self.now {
                break;
            }
        }
        self.check_in(control, &mut reported)?;
        self.finish(end_ns)
    }

    /// Brings what coming requests look up first into the processor's cache: the place in the index of the request two
    /// steps ahead, and what the place leads to for the one after the next step.
    #[inline(always)]
    fn read_ahead(&mut self) {
        let Some(tier) = self.tiers.first().filter(|tier| tier.shared.is_none()) else { return };
        let coming = |steps: usize| {
            let at = self.next + steps * STEP;
            Some((at, tier.stores.get(*self.batch.instance.get(at)? as usize)?, *self.batch.key.get(at)?))
        };
        if let Some((_, store, key)) = coming(2) {
            store.prefetch(key);
        }
        if let Some((at, store, key)) = coming(1) {
            self.guesses[at % BATCH] = store.prefetch_entry(key);
        }
    }

    /// Tells the outside how far it is; stops if the outside wants that.
    fn check_in(&self, control: &Control, reported: &mut u64) -> Result<(), SimError> {
        self.report(control, reported);
        if self.in_flight() > self.in_flight_limit {
            return Err(SimError::Overload { at_s: self.now as f64 / 1e9, limit: self.in_flight_limit });
        }
        control.check()
    }

    /// Tells the outside how far it is.
    pub(super) fn report(&self, control: &Control, reported: &mut u64) {
        control.requests.fetch_add(self.arrived - *reported, Ordering::Relaxed);
        *reported = self.arrived;
    }

    pub(super) fn in_flight(&self) -> usize {
        let general = self.walks.len() + self.flights.len() + self.commands.len() + self.attempts.len();
        general + self.plain.in_flight()
    }

    fn is_idle(&self) -> bool {
        self.in_flight() == 0 && {
            let ahead = self.ahead.as_ref().is_none_or(|ahead| ahead.is_idle());
            ahead && self.plain.is_idle() && self.invalidations.is_idle()
        }
    }

    #[inline]
    pub(super) fn handle(&mut self, kind: Kind, Event { id, generation, .. }: Event) -> Result<(), SimError> {
        match kind {
            Kind::CommandArrives => self.serve_command(id),
            Kind::CommandReplies => self.command_replies(id),
            Kind::CommandIsEncoded => self.ask_for_tier_connection(id, self.now),
            Kind::CommandIsDecoded => self.command_is_read(id),
            Kind::AttemptArrives => self.attempt_arrives(id),
            Kind::AttemptIsDone if self.attempts.is(id, generation) => self.attempt_is_done(id),
            Kind::AttemptReplies => self.attempt_replies(id),
            Kind::WalkGoesOn if self.walks.is(id, generation) => self.proceed(id),
            Kind::GatherSetsOut if self.gathers.is(id, generation) => self.gather_sets_out(id),
            Kind::WalkPolls if self.walks.is(id, generation) => self.poll(id),
            Kind::CommandTimesOut if self.commands.is(id, generation) => self.command_times_out(id),
            Kind::CommandPoolTimesOut if self.commands.is(id, generation) => self.command_pool_times_out(id),
            Kind::WalkMeetsDeadline if self.walks.is(id, generation) => self.meet_deadline(id),
            Kind::AttemptTimesOut if self.attempts.is(id, generation) => self.attempt_times_out(id),
            Kind::AttemptPoolTimesOut if self.attempts.is(id, generation) => self.attempt_pool_times_out(id),
            Kind::AttemptIsHedged if self.attempts.is(id, generation) => self.hedge(id),
            Kind::FlightRetries if self.flights.is(id, generation) => self.retry(id),
            Kind::FlightIsDropped if self.flights.is(id, generation) => self.fail_flight(id, Cause::Crash),
            Kind::ChangeIsHandled => self.change_is_handled(id),
            Kind::CommandIsSentAgain => self.send_again(id),
            Kind::InstanceHears => self.instance_hears(id),
            Kind::WorkerWakes => self.worker_wakes(),
            Kind::BatchIsRead => self.send_batch(),
            Kind::UserAsks => self.user_asks(id)?,
            Kind::BackgroundArrives => self.background_arrives(),
            Kind::EventBegins => self.event_begins(id as usize),
            Kind::EventEnds => self.event_ends(id as usize),
            Kind::InstanceRestarts => self.instance_restarts(id),
            Kind::ExpiryCycleBegins => self.expiry_cycle_begins(id as usize),
            Kind::ContentIsSampled => self.sample_content(),
            Kind::WindowEnds => self.window_ends(id),
            Kind::InstantIsMarked => self.instant_goes_on()?,
            Kind::WarmupEnds => {
                self.advance_integrals();
                self.recorder.measured[0] = self.totals.clone();
                self.pass_end(self.model.duration_ns);
                self.recorder.measuring = true;
                self.recorder.db_concurrency_peak = u64::from(self.database.busy);
                self.recorder.db_queue_peak = self.database.waiting;
                self.recorder.cdc_backlog_peak = self.invalidations.backlog;
                self.note_unflushed();
            }
            Kind::ArrivalsEnd => {
                self.advance_integrals();
                self.recorder.measured[1] = self.totals.clone();
                self.pass_end(Nanos::MAX);
                self.recorder.measuring = false;
                self.arrivals_over = true;
            }
            // A timer whose entity is gone.
            _ => {}
        }
        Ok(())
    }

    /// A user of the closed loop asks the next question.
    fn user_asks(&mut self, user: u32) -> Result<(), SimError> {
        if self.now >= self.model.duration_ns {
            return Ok(());
        }
        if self.next == self.batch.key.len() {
            self.refill()?;
        }
        self.generator.heat_closed(&mut self.batch, self.next, self.now);
        let request = self.next;
        self.next += 1;
        self.arrive(self.batch.key[request], self.batch.instance[request], self.batch.tag[request], user);
        Ok(())
    }

    #[inline]
    fn arrive_next<const PLAIN: bool>(&mut self) {
        let request = self.next;
        self.next += 1;
        let (key, instance, tag) =
            (self.batch.key[request], self.batch.instance[request], self.batch.tag[request]);
        if PLAIN {
            self.arrive_plainly(key, instance, tag, self.guesses[request % BATCH]);
        } else {
            self.arrive(key, instance, tag, super::slab::NONE);
        }
    }

    /// A user whose request ended at `at` thinks, then asks again.
    #[inline]
    pub(super) fn user_thinks(&mut self, user: u32, at: Nanos) {
        if let Some((think, dice)) = &mut self.think
            && user != super::slab::NONE
        {
            let at = at + think.sample(dice);
            self.queue.push(super::queue::GENERAL, at, Kind::UserAsks as u8, user, 0);
        }
    }

    /// What the tiers need to know of a key.
    #[inline]
    pub(super) fn info(&self, key: u32, class: usize) -> KeyInfo {
        KeyInfo { key, class, absent: self.absent[class] }
    }

    /// A request comes or goes.
    #[inline]
    pub(super) fn change_in_system(&mut self, by: i64) {
        self.in_system = self.in_system.wrapping_add_signed(by);
        self.in_system_base_ns =
            self.in_system_base_ns.wrapping_add_signed(-i128::from(by) * i128::from(self.now));
    }

    /// A request stays in the system until an instant to come, without an event when it leaves. What lies beyond
    /// an end of the measured part is kept back until that end has been passed.
    #[inline]
    pub(super) fn stay_in_system_until(&mut self, at: Nanos) {
        let before = at.min(self.next_end_ns);
        self.in_system_base_ns = self.in_system_base_ns.wrapping_add(u128::from(before - self.now));
        self.in_system_later_ns += u128::from(at - before);
    }

    /// An end of the measured part is reached; what was kept back for the time after it counts from now on.
    fn pass_end(&mut self, next_end_ns: Nanos) {
        let later_ns = std::mem::take(&mut self.in_system_later_ns);
        self.in_system_base_ns = self.in_system_base_ns.wrapping_add(later_ns);
        self.next_end_ns = next_end_ns;
    }

    /// Brings all integrals over time up to now.
    pub(super) fn advance_integrals(&mut self) {
        let under_way = u128::from(self.in_system) * u128::from(self.now);
        self.totals.in_system_ns = self.in_system_base_ns.wrapping_add(under_way);
        self.database.advance(self.now, &mut self.totals);
        self.database.book_guards(self.now, &mut self.totals);
        for (index, tier) in self.tiers.iter_mut().enumerate() {
            tier.settle(self.now);
            if let Some(shared) = &tier.shared {
                let breakers = &shared.breakers;
                tier.totals.breaker_open_ns = breakers.iter().map(|breaker| breaker.open_ns(self.now)).sum();
                tier.totals.breaker_trips = breakers.iter().map(|breaker| breaker.trips).sum();
            }
            self.totals.tiers[index] = tier.totals.clone();
        }
        self.lose_flushed();
    }

    /// What the tiers hold, in steps that do not depend on the windows: for the peaks of entries and memory.
    fn sample_content(&mut self) {
        self.recorder.note_content(self.tiers.iter().map(TierState::content));
        let at = self.now + self.recorder.content_step_ns;
        if at <= self.model.duration_ns {
            self.queue.push(super::queue::GENERAL, at, Kind::ContentIsSampled as u8, 0, 0);
        }
    }

    fn window_ends(&mut self, window: u32) {
        self.advance_integrals();
        let gauges = Gauges {
            db_queue: self.database.waiting,
            cdc_backlog: self.invalidations.backlog,
            unflushed: self.ahead.as_ref().map(|ahead| ahead.unflushed.keys()),
            tiers: self.tiers.iter().map(TierState::content).collect(),
            left: match self.model.measure.remaining_ttl {
                true => self.tiers.iter_mut().map(|tier| tier.left(self.now)).collect(),
                false => Vec::new(),
            },
            expired: self.tiers.iter().map(|tier| tier.count_expired(self.now)).collect(),
        };
        self.recorder.ticks.push((self.totals.clone(), gauges));
        let next = u64::from(window) + 2;
        if next <= self.recorder.windows.len() as u64 {
            let at = (next * self.model.window_ns).min(self.model.duration_ns);
            self.queue.push(super::queue::GENERAL, at, Kind::WindowEnds as u8, window + 1, 0);
        }
    }

    fn finish(mut self, end_ns: Nanos) -> Result<Finished, SimError> {
        if !self.is_idle() {
            self.now = self.now.max(end_ns);
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
        Ok(Finished { recorder: self.recorder, end_ns: self.now, events: self.events, traffic: self.traffic })
    }
}
