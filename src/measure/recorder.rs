//! The books of the loop: counts and histograms per window and for the whole measured run.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::busiest::Busiest;
use super::cells::Cells;
use super::histogram::{Coarse, Fine};
use crate::model::{Load, Mix, Model, Nanos};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Outcome {
    Hit,
    NegativeHit,
    StaleHit,
    Coalesced,
    Miss,
    Write,
    Error,
    Unfinished,
}

/// Outcomes by number, with their names in the record.
pub const OUTCOMES: [(Outcome, &str); 8] = [
    (Outcome::Hit, "hit"),
    (Outcome::NegativeHit, "negative_hit"),
    (Outcome::StaleHit, "stale_hit"),
    (Outcome::Coalesced, "coalesced"),
    (Outcome::Miss, "miss"),
    (Outcome::Write, "write"),
    (Outcome::Error, "error"),
    (Outcome::Unfinished, "unfinished"),
];

/// Why a request ended in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Cause {
    Deadline,
    DbTimeout,
    DbRejected,
    DbDown,
    PoolTimeout,
    Tier,
    /// Turned away by the rate limiter.
    Limiter,
    /// The instance died, or the leader of the fetch it waited for.
    Crash,
    /// Refused by the database's circuit breaker.
    Breaker,
    /// Refused by the adaptive limit of the database.
    Limit,
    /// Refused because all workers of the instance were busy and its queue was full.
    NoWorker,
    /// The instance remembered that the last read of the key had failed.
    Remembered,
    /// The database had as many connections as it takes.
    Connections,
}

/// Causes by number, with their names in measures.
pub const CAUSES: [(Cause, &str); 13] = [
    (Cause::Deadline, "deadline"),
    (Cause::DbTimeout, "db_timeout"),
    (Cause::DbRejected, "db_rejected"),
    (Cause::DbDown, "db_down"),
    (Cause::PoolTimeout, "pool_timeout"),
    (Cause::Tier, "tier"),
    (Cause::Limiter, "limiter"),
    (Cause::Crash, "crash"),
    (Cause::Breaker, "breaker"),
    (Cause::Limit, "limit"),
    (Cause::NoWorker, "no_worker"),
    (Cause::Remembered, "remembered"),
    (Cause::Connections, "connections"),
];

/// Counts of the rate limiter.
#[derive(Clone, Debug)]
pub struct LimiterBooks {
    /// From the start of a request to the decision about it.
    pub latency: Fine,
    /// Admitted above the limit, in each window that reached it.
    pub over: Fine,
    /// Counters at the end that would never expire.
    pub stuck: u64,
}

/// Jobs that fill tiers.
#[derive(Clone, Copy, Debug, Default)]
pub struct WarmBooks {
    /// Keys of all jobs that have begun, those whose read has begun, and how these ended.
    pub wanted: u64,
    pub begun: u64,
    pub stored: u64,
    pub failed: u64,
    /// Jobs that are done, and how long the longest of them took.
    pub done: u64,
    pub longest_ns: Nanos,
}

/// Workers of the instances.
#[derive(Clone, Debug, Default)]
pub struct WorkerBooks {
    /// From the start of a request until it has a worker, or has given up.
    pub wait: Fine,
    /// Over all instances, at any instant of the measured part.
    pub busy_peak: u64,
    pub queue_peak: u64,
}

/// Outcome of the writes that a tier acknowledged before the database had them.
#[derive(Clone, Debug, Default)]
pub struct WriteBackBooks {
    /// Writes that never came to the database, and the longest time from taking one to its loss.
    pub lost: u64,
    pub oldest_lost_ns: Option<Nanos>,
    /// By key and batch: from the first write to the commit of the batch.
    pub flush_lag: Fine,
    /// Keys that the database had not confirmed: most of them at once, and those at the end.
    pub unflushed_peak: u64,
    pub unflushed: u64,
}

/// Running totals; what is measured is the difference between two instants.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub db_arrivals: u64,
    pub db_fetches: u64,
    pub db_retries: u64,
    /// Rows that arrivals write, whether they are there or not: one each, or the keys of a batch.
    pub db_writes: u64,
    pub db_duplicates: u64,
    /// Of the fetches, those that a job which fills a tier leads.
    pub warm_fetches: u64,
    pub db_waited: u64,
    /// Integral of requests in service over time, in request nanoseconds.
    pub db_busy_ns: u128,
    /// Integral of connections in use over time.
    pub db_pool_busy_ns: u128,
    /// Requests for a connection to the database, and those that found none free.
    pub db_pool_asked: u64,
    pub db_pool_waited: u64,
    /// Integral of the instances that are there over time.
    pub instances_ns: u128,
    /// Integral of busy workers over time.
    pub workers_busy_ns: u128,
    /// Requests that got a worker or a place to wait for one, and those that found none free.
    pub workers_asked: u64,
    pub workers_waited: u64,
    /// Integral of requests in the system over time.
    pub in_system_ns: u128,
    pub refreshes: u64,
    /// Rows that a write created.
    pub created: u64,
    /// Writes that a tier acknowledges, and of these those of a key that was dirty already.
    pub written_back: u64,
    pub coalesced_writes: u64,
    pub db_retries_refused: u64,
    pub db_hedges: u64,
    /// Hedges that were answered first.
    pub db_hedges_won: u64,
    /// Sums over all instances: time in which the breaker was not closed, how often it opened, and the integral of
    /// the limit over time.
    pub db_breaker_open_ns: u64,
    pub db_breaker_trips: u64,
    pub db_limit_ns: u128,
    pub tiers: Vec<TierTotals>,
}

/// Running totals of one tier.
#[derive(Clone, Debug, Default)]
pub struct TierTotals {
    pub lookups: u64,
    pub hits: u64,
    pub commands: u64,
    pub failures: u64,
    pub failed_fills: u64,
    /// SETs that were older than what is there, or than a tombstone.
    pub refused_sets: u64,
    pub evictions: u64,
    pub expirations: u64,
    pub busy_ns: u64,
    /// Over all instances.
    pub breaker_open_ns: u64,
    pub breaker_trips: u64,
    /// Bytes of keys and values that travelled with commands the server served.
    pub wire_bytes: u64,
    /// Integral of connections in use over time, commands that needed one and those that found none free.
    pub pool_busy_ns: u128,
    pub pool_asked: u64,
    pub pool_waited: u64,
    /// Processor time of the clients for values that they wrote and read.
    pub coding_ns: u64,
    /// Links in use, to and from the nodes.
    pub link_busy_ns: [u64; 2],
    /// By node; empty where there is only one.
    pub nodes: Vec<NodeTotals>,
}

/// Running totals of one node of a tier.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeTotals {
    pub commands: u64,
    /// Worked off up to now.
    pub busy_ns: u64,
    /// Its link in use, to it and from it.
    pub link_busy_ns: [u64; 2],
}

/// State at the end of a window.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    pub db_queue: u64,
    /// Requests that wait for a worker, over all instances.
    pub waiting_for_worker: u64,
    /// Committed changes that the consumer of the change stream has not handled.
    pub cdc_backlog: u64,
    /// Keys whose newest value the database has not confirmed; `None`: no tier is ahead of it.
    pub unflushed: Option<u64>,
    /// (entries, bytes) per tier.
    pub tiers: Vec<(u64, u64)>,
    /// Remaining times to live of a sample of the entries of each tier; empty where not measured.
    pub left: Vec<Left>,
    /// Entries that have expired and still take memory, per tier; `None`: nobody keeps track.
    pub expired: Vec<Option<u64>>,
}

/// The time that entries of a tier have left to live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// 10th, 50th and 90th percentile, of those that live and will expire.
    pub ttl_ns: Option<[Nanos; 3]>,
    /// Share of the entries that have expired and still take memory.
    pub expired: Option<f64>,
}

impl Left {
    /// One of the three percentiles.
    pub fn ttl_s(&self, percentile: usize) -> Option<f64> {
        self.ttl_ns.map(|ttl_ns| ttl_ns[percentile] as f64 / 1e9)
    }

    /// Of a sample of expiries; `never`: the expiry of what does not expire.
    pub fn of(expiries_ns: &[Nanos], now: Nanos, never: Nanos) -> Left {
        let mut left: Vec<Nanos> =
            expiries_ns.iter().filter(|&&at| at > now && at != never).map(|at| at - now).collect();
        left.sort_unstable();
        let nearest_rank = |share: f64| left[((share * left.len() as f64).ceil() as usize).max(1) - 1];
        let expired = expiries_ns.iter().filter(|&&at| at <= now).count();
        Left {
            ttl_ns: (!left.is_empty()).then(|| [0.1, 0.5, 0.9].map(nearest_rank)),
            expired: (!expiries_ns.is_empty()).then(|| expired as f64 / expiries_ns.len() as f64),
        }
    }
}

/// One request window.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub counts: [u64; OUTCOMES.len()],
    /// Of the errors, what the rate limiter turned away.
    pub turned_away: u64,
    /// `Coarse::BUCKETS` counts for each outcome; empty until the first request ends so.
    latency: [Vec<u32>; OUTCOMES.len()],
}

impl Window {
    #[cold]
    fn record_first(&mut self, number: usize, latency_ns: Nanos) {
        let mut counts = vec![0; Coarse::BUCKETS];
        counts[Coarse::bucket(latency_ns)] = 1;
        self.latency[number] = counts;
    }

    /// Latencies of the requests that started in this window and ended so.
    pub fn latency(&self, outcome: Outcome) -> Option<Coarse> {
        let counts = &self.latency[outcome as usize];
        (!counts.is_empty()).then(|| Coarse::from_counts(counts))
    }
}

/// Services of the database and the sum of their drawn times, without contention and slow events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Services {
    pub count: u64,
    pub drawn_ns: u128,
}

impl Services {
    #[inline]
    pub fn add(&mut self, drawn_ns: Nanos) {
        self.count += 1;
        self.drawn_ns += u128::from(drawn_ns);
    }

    /// Those that are not among `others`, a part of these.
    fn without(&self, others: &Services) -> Services {
        Services { count: self.count - others.count, drawn_ns: self.drawn_ns - others.drawn_ns }
    }
}

/// How far apart the instants are at which the content of tiers is looked at for its peak, in runs of up to 28 hours.
const CONTENT_STEP_NS: Nanos = 100_000_000;
const CONTENT_SAMPLES_MAX: Nanos = 1_000_000;

/// The measuring side of a simulation.
#[derive(Debug)]
pub struct Recorder {
    pub warmup_ns: Nanos,
    pub duration_ns: Nanos,
    pub window_ns: Nanos,
    pub windows: Vec<Window>,
    /// The window of the latest arrival and where it ends.
    current: u32,
    current_end_ns: Nanos,
    /// By class, then outcome; over requests that started in the measured part.
    pub latency: Vec<[Fine; OUTCOMES.len()]>,
    /// Latencies of existence checks by outcome; empty where nobody checks.
    pub checks: Vec<Fine>,
    /// Keys of reads by how their way ended; empty where every read has one.
    pub keys: Vec<u64>,
    pub limiter: Option<LimiterBooks>,
    pub workers: Option<WorkerBooks>,
    /// Most instances that were there at once.
    pub instances_peak: u32,
    pub warm: WarmBooks,
    pub write_back: Option<WriteBackBooks>,
    pub causes: [u64; CAUSES.len()],
    /// Reads answered by each tier, in the measured part; of a read of several keys each counts.
    pub tier_hits: Vec<u64>,
    /// Writes whose transaction rolled back, and reads that got a value which was never committed.
    pub rolled_back: u64,
    pub phantom_reads: u64,
    /// Reads that got less than what had been acknowledged before they started.
    pub stale_acknowledged: u64,
    /// Stale answers, counted as `tier_hits` are.
    pub stale: u64,
    pub stale_age: Fine,
    /// Of `stale_age`, the answers of each tier, and last those of the database; empty where not measured.
    pub stale_age_by_tier: Vec<Fine>,
    /// By created row: from its creation to the start of the last read with the answer that there is none.
    pub invisible_ns: FxHashMap<u32, Nanos>,
    /// From a commit to the DELETEs of the change stream.
    pub cdc_lag: Fine,
    pub cdc_backlog_peak: u64,
    /// Messages to instances that have been sent in the measured part.
    pub notices: u64,
    pub value_age_max_ns: Nanos,
    pub stampedes: Fine,
    pub db_queue: Fine,
    pub db_pool_wait: Fine,
    pub tier_queue: Vec<Fine>,
    pub tier_pool_wait: Vec<Fine>,
    pub db_concurrency_peak: u64,
    pub db_queue_peak: u64,
    /// Arrivals at the database in the measured part.
    pub db_busiest: Busiest,
    /// Services begun in the measured part, and of these those at replicas and those of work without a connection of an
    /// instance's pool.
    pub db_services: Services,
    pub db_services_at_replicas: Services,
    pub db_services_unpooled: Services,
    /// Second by second; `None` where the model has no event.
    pub cells: Option<Box<Cells>>,
    /// Of the requests of the measured part, those answered within the objective.
    pub within_objective: u64,
    objective_ns: Option<Nanos>,
    /// Most (entries, bytes) of each tier and, last, of all together, at instants of the measured part so far apart.
    pub content_peaks: Vec<(u64, u64)>,
    pub content_step_ns: Nanos,
    /// Totals and gauges at the end of each window.
    pub ticks: Vec<(Totals, Gauges)>,
    /// Totals at the end of the warm-up and at the end of the arrivals.
    pub measured: [Totals; 2],
    /// Whether the clock is in the measured part.
    pub measuring: bool,
    /// Sum of all sojourn times, warm-up included, clipped to the end of the run.
    pub sojourn_ns: u128,
    /// When the leader that each event was for died; `None`: not yet, or the event is of another kind.
    pub leader_died_ns: Vec<Option<Nanos>>,
}

impl Recorder {
    pub fn new(model: &Model) -> Recorder {
        let windows = model.duration_ns.div_ceil(model.window_ns) as usize;
        let tiers = model.tiers.len();
        Recorder {
            warmup_ns: model.warmup_ns,
            duration_ns: model.duration_ns,
            window_ns: model.window_ns,
            windows: vec![Window::default(); windows],
            current: 0,
            current_end_ns: model.window_ns,
            latency: model.workload.classes.iter().map(|_| Default::default()).collect(),
            checks: if model.workload.checks() { vec![Fine::new(); OUTCOMES.len()] } else { Vec::new() },
            keys: if model.workload.gathers() { vec![0; OUTCOMES.len()] } else { Vec::new() },
            limiter: (model.limiter.as_ref()).map(|_| LimiterBooks {
                latency: Fine::new(),
                over: Fine::new(),
                stuck: 0,
            }),
            workers: model.clients.workers.map(|_| WorkerBooks::default()),
            instances_peak: 0,
            warm: WarmBooks::default(),
            write_back: model.write_back().map(|_| WriteBackBooks::default()),
            causes: [0; CAUSES.len()],
            tier_hits: vec![0; tiers],
            rolled_back: 0,
            phantom_reads: 0,
            stale_acknowledged: 0,
            stale: 0,
            stale_age: Fine::new(),
            stale_age_by_tier: if model.splits_staleness() {
                vec![Fine::new(); tiers + 1]
            } else {
                Vec::new()
            },
            invisible_ns: FxHashMap::default(),
            cdc_lag: Fine::new(),
            cdc_backlog_peak: 0,
            notices: 0,
            value_age_max_ns: 0,
            stampedes: Fine::new(),
            db_queue: Fine::new(),
            db_pool_wait: Fine::new(),
            tier_queue: vec![Fine::new(); tiers],
            tier_pool_wait: vec![Fine::new(); tiers],
            db_concurrency_peak: 0,
            db_queue_peak: 0,
            db_busiest: Busiest::new(model.warmup_ns),
            db_services: Services::default(),
            db_services_at_replicas: Services::default(),
            db_services_unpooled: Services::default(),
            cells: Cells::of(model).map(Box::new),
            within_objective: 0,
            objective_ns: model.slo.as_ref().map(|slo| slo.latency_ns),
            content_peaks: vec![(0, 0); tiers + 1],
            content_step_ns: CONTENT_STEP_NS
                * model.duration_ns.div_ceil(CONTENT_STEP_NS * CONTENT_SAMPLES_MAX),
            ticks: Vec::with_capacity(windows),
            measured: Default::default(),
            measuring: model.warmup_ns == 0,
            sojourn_ns: 0,
            leader_died_ns: vec![None; model.events.len()],
        }
    }

    /// The window of an arrival; arrivals come in order.
    #[inline]
    pub fn window_of(&mut self, start_ns: Nanos) -> u32 {
        while start_ns >= self.current_end_ns {
            self.current += 1;
            self.current_end_ns += self.window_ns;
        }
        self.current
    }

    /// Requests counted, warm-up included.
    pub fn finished(&self) -> u64 {
        self.windows.iter().flat_map(|window| window.counts).sum()
    }

    /// Counts a request in the window of its intended start.
    #[inline]
    pub fn finish(
        &mut self,
        start_ns: Nanos,
        latency_ns: Nanos,
        window: u32,
        class: usize,
        outcome: Outcome,
    ) {
        self.sojourn_ns += u128::from(latency_ns);
        let number = outcome as usize;
        let window = &mut self.windows[window as usize];
        window.counts[number] += 1;
        match window.latency[number].get_mut(Coarse::bucket(latency_ns)) {
            Some(count) => *count += 1,
            None => window.record_first(number, latency_ns),
        }
        if start_ns >= self.warmup_ns {
            self.latency[class][number].record(latency_ns);
            if let Some(objective_ns) = self.objective_ns {
                let answered = !matches!(outcome, Outcome::Error | Outcome::Unfinished);
                self.within_objective += u64::from(answered && latency_ns <= objective_ns);
            }
        }
        if let Some(cells) = &mut self.cells {
            cells.finish(start_ns, latency_ns, outcome);
        }
    }

    /// The rate limiter turns away a request that started then, in this window.
    pub fn turn_away(&mut self, start_ns: Nanos, window: u32) {
        self.windows[window as usize].turned_away += 1;
        if let Some(cells) = &mut self.cells {
            cells.turn_away(start_ns);
        }
    }

    /// A message to an instance has been sent.
    pub fn count_notice(&mut self) {
        self.notices += u64::from(self.measuring);
    }

    /// A request arrives at the database.
    #[inline]
    pub fn note_db_arrival(&mut self, now: Nanos) {
        if self.measuring {
            self.db_busiest.note(now);
        }
        if let Some(cells) = &mut self.cells {
            cells.note_arrival(now);
        }
    }

    /// The content of each tier now, as (entries, bytes).
    pub fn note_content(&mut self, tiers: impl Iterator<Item = (u64, u64)>) {
        let mut all = (0, 0);
        let note = |peak: &mut (u64, u64), held: (u64, u64)| {
            *peak = (peak.0.max(held.0), peak.1.max(held.1));
        };
        let Some((together, each)) = self.content_peaks.split_last_mut() else { return };
        for (peak, held) in each.iter_mut().zip(tiers) {
            note(peak, held);
            all = (all.0 + held.0, all.1 + held.1);
        }
        note(together, all);
    }

    /// So many wait for the database.
    #[inline]
    pub fn note_db_queue(&mut self, now: Nanos, waiting: u64) {
        if self.measuring {
            self.db_queue_peak = self.db_queue_peak.max(waiting);
        }
        if let Some(cells) = &mut self.cells {
            cells.note_queue(now, waiting);
        }
    }

    /// Requests per second that the database can carry of the work that it had in the measured part; `None`: nothing bounds
    /// it, or it had none.
    pub fn db_capacity_per_s(&self, model: &Model) -> Option<f64> {
        let load = |services: &Services| Load {
            requests: services.count as f64,
            service_s: services.drawn_ns as f64 / 1e9,
        };
        let (replicas, unpooled) = (&self.db_services_at_replicas, &self.db_services_unpooled);
        let primary = self.db_services.without(replicas).without(unpooled);
        let mix = Mix { primary: load(&primary), replicas: load(replicas), unpooled: load(unpooled) };
        // Where its pools change, the run is held against the least that it could carry.
        let capacities = model
            .all_revisions()
            .filter_map(|revision| revision.database.capacity_per_s(&mix, model.clients.instances));
        capacities.reduce(f64::min)
    }

    /// The way of one key of a read has ended.
    #[inline]
    pub fn count_key(&mut self, start_ns: Nanos, outcome: Outcome) {
        if let Some(count) = self.keys.get_mut(outcome as usize)
            && start_ns >= self.warmup_ns
        {
            *count += 1;
        }
    }

    /// A read that started then got "no such row" for a row that had been created before.
    pub fn note_invisible(&mut self, key: u32, created_ns: Nanos, start_ns: Nanos) {
        if created_ns >= self.warmup_ns && created_ns < self.duration_ns {
            let longest = self.invisible_ns.entry(key).or_insert(0);
            *longest = (*longest).max(start_ns - created_ns);
        }
    }

    /// Counts an existence check apart; [`Recorder::finish`] counts it with the others.
    pub fn finish_check(&mut self, start_ns: Nanos, latency_ns: Nanos, outcome: Outcome) {
        if start_ns >= self.warmup_ns
            && let Some(latency) = self.checks.get_mut(outcome as usize)
        {
            latency.record(latency_ns);
        }
    }
}
