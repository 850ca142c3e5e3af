//! One instance of the application: a thread with its tasks, its tiers in the process and its connections.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::{LocalSet, spawn_local};

use super::backend::Backend;
use super::clock::Clock;
use super::connections::{self, Connections};
use super::flight::Flight;
use super::keys::Keys;
use super::log::{Commit, Fact, Log, What};
use super::pool::Pool;
use super::process::{Dropped, Process};
use super::schedule::Schedule;
use super::service::Service;
use super::timer::Alarm;
use crate::dice::{Stream, stream};
use crate::live::servers::Problem;
use crate::model::{Model, Nanos, Scope, SharedTier, Tier};
use crate::sim::Control;
use crate::sim::shared_parts::{Budget, KeyInfo};
use crate::workload::Tables;

/// What an instance is to do.
#[derive(Clone, Debug)]
pub enum Message {
    /// The request of this number in the schedule starts.
    Request(u32),
    /// A tier in the process loses its entries; `None`: all of them, and nobody joins a flight of the old process.
    Clear(Option<usize>),
    /// Another instance has written keys `first..end`: after a delay the copies go.
    Forget { first: u32, end: u32, version: u64 },
    /// No further request comes.
    Finish,
}

/// What all instances of a repetition share.
pub struct Run {
    pub model: Arc<Model>,
    pub tables: Arc<Tables>,
    pub schedule: Schedule,
    pub seed: u64,
    pub replication: u32,
    pub keys: Keys,
    pub redis_url: String,
    pub backend: Arc<Backend>,
    pub service: Service,
    pub clock: std::sync::OnceLock<Clock>,
    pub alarm: Alarm,
    /// Set to end the repetition at once.
    pub stop: AtomicBool,
    /// Why it was ended.
    pub problem: Mutex<Option<Problem>>,
    /// Odd while an event keeps Redis down. Connections of an earlier number are made anew, and losing one is no reason to end.
    pub redis_epoch: Arc<AtomicU64>,
    /// Counts requests that have ended.
    pub control: Arc<Control>,
    /// Entries and bytes of each tier in the processes, by instance and level.
    pub content: Vec<Vec<[AtomicU64; 2]>>,
    pub instances: Vec<UnboundedSender<Message>>,
}

impl Run {
    /// Ends the repetition for a reason; the first one is kept.
    pub fn fail(&self, problem: Problem) {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Before the start: a clock that begins now.
    pub fn clock(&self) -> Clock {
        *self.clock.get_or_init(|| Clock::new(std::time::Instant::now()))
    }
}

/// One instance, seen from its tasks.
pub struct Instance {
    pub number: u32,
    pub run: Arc<Run>,
    pub clock: Clock,
    pub alarm: Alarm,
    /// By level; `None`: a shared tier.
    pub processes: Vec<Option<Process>>,
    /// To Redis, where a tier is shared.
    pub redis: Option<Connections>,
    pub db_pool: Option<Pool<()>>,
    /// By key and whether it is an existence check.
    pub flights: RefCell<FxHashMap<(u32, bool), Rc<Flight>>>,
    /// By level and key.
    pub refreshing: RefCell<FxHashSet<(usize, u32)>>,
    pub budget: Option<RefCell<Budget>>,
    pub log: RefCell<Log>,
    /// Requests that have not ended.
    pub open: Cell<u64>,
    /// Attempts at the database that have not ended, those that nobody waits for included: they have connections and places at the gate.
    pub attempts: Cell<u64>,
    pub dice: RefCell<Dice>,
    /// Of leases.
    pub next_token: Cell<u64>,
}

/// Random streams of an instance.
pub struct Dice {
    pub jitter: Stream,
    pub refresh: Stream,
    pub backoff: Stream,
    pub broadcast: Stream,
}

impl Instance {
    pub fn now_ns(&self) -> Nanos {
        self.clock.now_ns()
    }

    pub fn model(&self) -> &Model {
        &self.run.model
    }

    pub fn note(&self, what: What) {
        self.log.borrow_mut().facts.push(Fact { at_ns: self.now_ns(), what });
    }

    pub fn note_commit(&self, key: u32, version: u64) {
        self.log.borrow_mut().commits.push(Commit { key, version, at_ns: self.now_ns() });
    }

    pub fn info(&self, key: u32, class: usize) -> KeyInfo {
        KeyInfo { key, class, absent: self.model().workload.classes[class].absent, revision: 0 }
    }

    /// A shared tier with its options.
    pub fn shared(&self, level: usize) -> Option<(&Tier, &SharedTier)> {
        let tier = self.model().tiers.get(level)?;
        match &tier.scope {
            Scope::Shared(shared) => Some((tier, shared)),
            Scope::Instance { .. } => None,
        }
    }

    /// A tier in the process was used.
    pub fn note_process(&self, level: usize, dropped: Dropped) {
        let Dropped { evicted, expired } = dropped;
        if evicted + expired > 0 {
            self.note(What::Dropped { level: level as u8, evicted, expired });
        }
        if let Some(process) = &self.processes[level] {
            let (entries, bytes) = process.content();
            let place = &self.run.content[self.number as usize][level];
            place[0].store(entries, Ordering::Relaxed);
            place[1].store(bytes, Ordering::Relaxed);
        }
    }

    /// A token that no other lease has.
    pub fn token(&self) -> u64 {
        let token = self.next_token.get();
        self.next_token.set(token + 1);
        token
    }

    fn new(
        number: u32,
        run: &Arc<Run>,
        processes: Vec<Option<Process>>,
        redis: Option<Connections>,
        clock: Clock,
    ) -> Instance {
        let draw = |name: &str| stream(run.seed, run.replication, &format!("live.{number}.{name}"));
        let database = &run.model.database;
        Instance {
            number,
            clock,
            alarm: run.alarm.clone(),
            processes,
            redis,
            db_pool: database.pool.map(|count| Pool::new((0..count).map(|_| ()))),
            flights: RefCell::default(),
            refreshing: RefCell::default(),
            budget: database.retries.budget.map(|spec| RefCell::new(Budget::new(spec))),
            log: RefCell::default(),
            open: Cell::new(0),
            attempts: Cell::new(0),
            dice: RefCell::new(Dice {
                jitter: draw("jitter"),
                refresh: draw("refresh"),
                backoff: draw("backoff"),
                broadcast: draw("broadcast"),
            }),
            next_token: Cell::new(u64::from(number) << 40 | 1),
            run: Arc::clone(run),
        }
    }
}

/// The life of an instance, on a thread of its own: it prepares, waits for the common start, plays what it is handed, and ends
/// when everything has ended, or at the end of the drain.
///
/// # Errors
/// Redis cannot be reached.
pub fn live(
    number: u32,
    run: &Arc<Run>,
    processes: impl FnOnce() -> Vec<Option<Process>>,
    messages: UnboundedReceiver<Message>,
    ready: &Barrier,
) -> Result<Log, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::failed(format!("no runtime for an instance: {error}")));
    let processes = processes();
    let prepared = runtime.and_then(|runtime| {
        let redis = LocalSet::new().block_on(&runtime, open_redis(run))?;
        Ok((runtime, redis))
    });
    // The clock is set between the two. Whoever fails still comes: the others wait there.
    ready.wait();
    ready.wait();
    let (runtime, redis) = prepared?;
    let clock = run.clock();
    let instance = Rc::new(Instance::new(number, run, processes, redis, clock));
    let local = LocalSet::new();
    local.block_on(&runtime, play(&instance, messages));
    let mut log = instance.log.take();
    log.end_ns = clock.now_ns();
    Ok(log)
}

async fn open_redis(run: &Run) -> Result<Option<Connections>, Problem> {
    let shared = run.model.tiers.iter().find_map(|tier| match &tier.scope {
        Scope::Shared(shared) => Some(shared),
        Scope::Instance { .. } => None,
    });
    let Some(shared) = shared else { return Ok(None) };
    let unreachable = |error| Problem::failed(format!("no connection to Redis: {error}"));
    let client = connections::client(&run.redis_url).map_err(unreachable)?;
    Connections::open(&client, shared.pool, &run.redis_epoch).await.map(Some).map_err(unreachable)
}

async fn play(instance: &Rc<Instance>, mut messages: UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        match message {
            Message::Request(number) => {
                instance.open.set(instance.open.get() + 1);
                spawn_local(super::request::play(Rc::clone(instance), number));
            }
            Message::Clear(which) => instance.clear(which),
            Message::Forget { first, end, version } => {
                spawn_local(super::write::forget(Rc::clone(instance), first..end, version));
            }
            Message::Finish => break,
        }
        if instance.run.stop.load(Ordering::Relaxed) {
            return;
        }
    }
    const LOOK_NS: Nanos = 2_000_000;
    let model = instance.model();
    let last_ns = model.duration_ns.saturating_add(model.drain_ns);
    let is_at_work = || instance.open.get() + instance.attempts.get() > 0;
    while is_at_work() && instance.now_ns() < last_ns && !instance.run.stop.load(Ordering::Relaxed) {
        instance.alarm.at(instance.clock.instant(instance.now_ns() + LOOK_NS)).await;
    }
}

impl Instance {
    fn clear(&self, which: Option<usize>) {
        for (level, process) in self.processes.iter().enumerate() {
            if let Some(process) = process
                && which.is_none_or(|cleared| cleared == level)
            {
                process.clear();
                self.note_process(level, Dropped::default());
            }
        }
        if which.is_none() {
            self.flights.borrow_mut().clear();
        }
    }
}
