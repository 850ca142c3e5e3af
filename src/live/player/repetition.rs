//! One repetition: servers and clients prepared, a common start, the schedule, the end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;

use super::backend::Backend;
use super::clock::Clock;
use super::instance::{self, Message, Run};
use super::keys::Keys;
use super::log::Log;
use super::schedule::Schedule;
use super::service::Service;
use super::timer::Timer;
use super::{LiveError, Options, Part, books, events, limits, pacer, prepare, probe};
use crate::live::servers::{Problem, Servers};
use crate::measure::histogram::Fine;
use crate::measure::recorder::Recorder;
use crate::model::{Model, Nanos};
use crate::workload::Tables;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub model: &'a Model,
    pub tables: &'a Arc<Tables>,
    pub seed: u64,
    pub repetition: u32,
}

/// What a repetition leaves.
pub struct One {
    pub recorder: Recorder,
    /// From the common start to the end of the last client.
    pub part: Part,
    /// From the intended to the actual start of the requests.
    pub lateness_p99_ns: Nanos,
    /// Median time of a query without a sleep: reads, writes.
    pub overhead_ns: [Nanos; 2],
}

/// From the end of the preparation to the common start.
const RUN_UP: Duration = Duration::from_millis(20);

/// Plays a repetition; `None`: it was stopped.
///
/// # Errors
/// Servers that fail.
pub fn play(
    setting: &Setting<'_>,
    schedule: Schedule,
    servers: &Servers,
    options: &Options,
) -> Result<Option<One>, LiveError> {
    let Setting { model, seed, repetition, .. } = *setting;
    let tables = setting.tables.of_replication(seed, repetition);
    let stopped = || options.control.cancel.load(Ordering::Relaxed);
    servers.clear()?;
    let writes = model.workload.writes();
    // Writes change rows and make new ones, and so do sizes that each repetition draws.
    servers.fill(prepare::rows(model, &tables)?)?;
    let slots = limits::slots(model).unwrap_or(1) as usize;
    let keys = tables.keys() as u32;
    let backend = Backend::open(&servers.postgres(), model, slots, keys)?;
    if writes {
        // The measurement of the queries has changed rows.
        servers.fill(prepare::rows(model, &tables)?)?;
    }
    if stopped() {
        return Ok(None);
    }
    let overhead_ns = backend.overhead_ns;
    if servers.are_own() {
        prepare::configure(servers.redis_url(), model)?;
    }
    let names = Keys::new(servers.key_prefix(), &tables);
    prepare::prefill(servers.redis_url(), &names, model, &tables, (seed, repetition))?;
    let timer = Timer::start();
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..model.clients.instances).map(|_| unbounded_channel()).unzip();
    let run = Arc::new(Run {
        model: Arc::new(model.clone()),
        tables: Arc::clone(&tables),
        schedule,
        seed,
        replication: repetition,
        keys: names,
        redis_url: servers.redis_url().to_owned(),
        backend: Arc::new(backend),
        service: Service::new(model, seed, repetition, overhead_ns, options.plain_queries),
        clock: OnceLock::new(),
        alarm: timer.alarm(),
        stop: AtomicBool::new(false),
        problem: Mutex::new(None),
        redis_epoch: Arc::new(AtomicU64::new(0)),
        control: Arc::clone(&options.control),
        content: (0..model.clients.instances)
            .map(|_| model.tiers.iter().map(|_| [AtomicU64::new(0), AtomicU64::new(0)]).collect())
            .collect(),
        instances: senders,
    });
    let ready = Arc::new(Barrier::new(receivers.len() + 1));
    let mut threads = Vec::with_capacity(receivers.len());
    for (number, messages) in receivers.into_iter().enumerate() {
        let number = number as u32;
        let (run, ready, tables) = (Arc::clone(&run), Arc::clone(&ready), Arc::clone(&tables));
        let live = move || {
            // Not Send: made where they live.
            let make = || prepare::processes(&run.model, &tables, run.seed, run.replication, number);
            instance::live(number, &run, make, messages, &ready)
        };
        let named = thread::Builder::new().name(format!("instance {number}"));
        threads.push(
            named
                .spawn(live)
                .map_err(|error| Problem::failed(format!("no thread for an instance: {error}")))?,
        );
    }
    ready.wait();
    // All are prepared: the clock starts a little later, for all at once.
    let clock = *run.clock.get_or_init(|| Clock::new(Instant::now() + RUN_UP));
    ready.wait();
    let is_over = AtomicBool::new(false);
    let (samples, mut log) = thread::scope(|scope| {
        let watching = scope.spawn(|| probe::watch(&run, servers, &is_over));
        let control = servers.control();
        let disturbing = scope.spawn({
            let (run, is_over) = (&run, &is_over);
            move || events::play(run, control.as_ref(), is_over)
        });
        let pacing = scope.spawn(|| {
            let lateness =
                pacer::play(&run.schedule.requests, clock.start(), &run.stop, |number, request| {
                    // One that has ended early has failed, which ends the repetition.
                    let _ = run.instances[request.instance as usize].send(Message::Request(number as u32));
                });
            run.instances.iter().for_each(|instance| drop(instance.send(Message::Finish)));
            lateness
        });
        while !threads.iter().all(thread::JoinHandle::is_finished) {
            if stopped() {
                run.stop.store(true, Ordering::Relaxed);
                run.instances.iter().for_each(|instance| drop(instance.send(Message::Finish)));
            }
            thread::sleep(Duration::from_millis(5));
        }
        let mut log = Log::default();
        for thread in threads {
            match thread.join() {
                Ok(Ok(of_instance)) => log.take_in(of_instance),
                Ok(Err(problem)) => run.fail(problem),
                Err(_) => {
                    run.fail(Problem::failed("internal error, please report it: an instance ended early"))
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let _ = disturbing.join();
        let _ = pacing.join();
        (watching.join().unwrap_or_default(), log)
    });
    if let Some(problem) = run.problem.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Who died says more than who noticed.
        servers.check()?;
        return Err(problem.into());
    }
    if stopped() {
        return Ok(None);
    }
    let time = clock.start()..Instant::now();
    let part = Part { time, client_ns: std::mem::take(&mut log.client_ns) };
    log.samples = samples;
    let lateness_p99_ns = lateness(&run.schedule, &log).quantile(0.99).unwrap_or(0);
    let recorder = books::keep(model, &run.schedule, log);
    Ok(Some(One { recorder, part, lateness_p99_ns, overhead_ns }))
}

/// From the intended start of each request to the instant at which its task began.
fn lateness(schedule: &Schedule, log: &Log) -> Fine {
    let mut lateness = Fine::new();
    for end in &log.ends {
        let start_ns = schedule.requests[end.request as usize].at_ns;
        lateness.record(end.begun_ns.saturating_sub(start_ns));
    }
    lateness
}
