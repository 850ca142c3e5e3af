//! The times of the servers of a run, as its clients see them: round trips, service, connections, timers.
//!
//! Probes have connections of their own, so they measure beside the clients of a run under its load, or alone. A calibration
//! of an hour ago predicts an hour ago: [`Times::drift`] tells how much the second half of the probes differs from the first.

mod predict;
mod probes;
mod times;
mod written;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::servers::{Problem, Servers, Versions};
use crate::dice::Stream;
use crate::model::{Model, Nanos};
use crate::sim::Control;
use crate::workload::Tables;
pub use predict::{Asked, PredictError, predict};
pub use times::{Timed, Times};
pub use written::{Queries, Written};

/// The GETs and SETs of the probes, which may change while they last.
#[derive(Debug)]
pub struct Probed {
    value_bytes: AtomicU32,
    gets_per_s: AtomicU32,
    has_leases: AtomicBool,
}

impl Probed {
    /// Most GETs per second: beyond that, probes would be a load.
    const MOST_PER_S: f64 = 250.0;

    pub fn new(value_bytes: u32, gets_per_s: f64) -> Arc<Probed> {
        let probed = Probed {
            value_bytes: AtomicU32::new(0),
            gets_per_s: AtomicU32::new(1),
            has_leases: AtomicBool::new(false),
        };
        probed.set(value_bytes, gets_per_s);
        Arc::new(probed)
    }

    /// GETs as often as an instance of the application sends requests, within 50 to 250 per second: a client that sends more of them finds more
    /// of its code and of the server's in the caches of the processor, and its GETs take up to a tenth less.
    ///
    /// Where the clients have leases the GET is the script of their lookups, which takes the server's thread longer.
    pub fn like(&self, value_bytes: u32, requests_per_instance_and_s: f64, has_leases: bool) {
        self.set(value_bytes, requests_per_instance_and_s.clamp(50.0, Probed::MOST_PER_S));
        self.has_leases.store(has_leases, Ordering::Relaxed);
    }

    fn set(&self, value_bytes: u32, gets_per_s: f64) {
        self.value_bytes.store(value_bytes, Ordering::Relaxed);
        self.gets_per_s.store(gets_per_s.round().max(1.0) as u32, Ordering::Relaxed);
    }

    fn value_bytes(&self) -> u32 {
        self.value_bytes.load(Ordering::Relaxed)
    }

    fn has_leases(&self) -> bool {
        self.has_leases.load(Ordering::Relaxed)
    }

    fn gets_per_s(&self) -> f64 {
        f64::from(self.gets_per_s.load(Ordering::Relaxed))
    }
}

/// The extent of the probing.
#[derive(Clone, Debug)]
pub struct Plan {
    pub time: Duration,
    pub probed: Arc<Probed>,
    /// Probes per second, of each kind but GET.
    pub rate_per_s: f64,
    /// Cancelled, it ends the probing early: with the run beside it, or by a signal.
    pub control: Arc<Control>,
}

impl Plan {
    /// # Errors
    /// A rate or a time out of bounds.
    pub fn check(&self) -> Result<(), Problem> {
        if !(1.0..=2000.0).contains(&self.rate_per_s) {
            return Err(Problem::usage(format!(
                "{} probes per second: expected 1 to 2000, so that the probes themselves are no load",
                self.rate_per_s
            )));
        }
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(3600));
        if !(least..=most).contains(&self.time) {
            return Err(Problem::usage("expected a time of probing from 1s to 1h"));
        }
        Ok(())
    }

    fn ends_at(&self, started: Instant) -> impl Fn() -> bool + Sync + use<> {
        let (control, time) = (Arc::clone(&self.control), self.time);
        move || control.cancel.load(Ordering::Relaxed) || started.elapsed() >= time
    }
}

/// Everything measured.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// The instant that the times count from.
    pub started: Instant,
    pub versions: Versions,
    pub value_bytes: u32,
    pub redis: RedisTimes,
    pub postgres: PostgresTimes,
    pub client: ClientTimes,
    /// Probes without an answer: the server was paused, killed, or full.
    pub failed: u64,
}

/// Fewer probes in a part of the time tell less about it than all of them.
const FEW: usize = 40;

impl Calibration {
    /// The times of a part of the time; of a kind of which it has hardly any, all of them. The service of Redis's thread stays, a mean
    /// over everything.
    ///
    /// Of a request from a schedule the client itself takes what it took in this part (`client_ns`, one for each of some requests).
    pub fn during(&self, part: &Range<Instant>, client_ns: &[f64]) -> Calibration {
        let since = |instant: Instant| instant.saturating_duration_since(self.started).as_nanos() as Nanos;
        let part_ns = since(part.start)..since(part.end);
        let mut own = self.with(|times| {
            let own = times.during(part_ns.clone()).filter(|own| own.count() >= FEW);
            own.unwrap_or_else(|| times.clone())
        });
        if client_ns.len() >= FEW {
            let at_ns = part_ns.start;
            own.client.request = Times::of(client_ns.iter().map(|&ns| Timed { at_ns, ns }).collect())
                .unwrap_or(own.client.request);
        }
        own
    }

    /// The times that so many other clients of the same servers could have had ([`Times::resampled`]).
    pub fn resampled(&self, clients: usize, dice: &mut Stream) -> Calibration {
        self.with(|times| times.resampled(clients, dice))
    }

    /// With other times in place of each kind.
    fn with(&self, mut other: impl FnMut(&Times) -> Times) -> Calibration {
        let Calibration { redis, postgres, client, .. } = self;
        Calibration {
            redis: RedisTimes {
                get: other(&redis.get),
                set: other(&redis.set),
                connect: other(&redis.connect),
                ..*redis
            },
            postgres: PostgresTimes {
                read: other(&postgres.read),
                read_service: other(&postgres.read_service),
                round_trip: other(&postgres.round_trip),
                write: other(&postgres.write),
                connect: other(&postgres.connect),
            },
            client: ClientTimes {
                request: other(&client.request),
                runtime_timer: other(&client.runtime_timer),
                thread_timer: other(&client.thread_timer),
            },
            versions: self.versions.clone(),
            ..*self
        }
    }
}

#[derive(Clone, Debug)]
pub struct RedisTimes {
    /// GET of a value of the size, from sending to the reply.
    pub get: Times,
    /// SET of the same.
    pub set: Times,
    /// Time of the server's thread for one command, reading and writing of its socket included: processor time of the main thread
    /// over the commands of all clients. `None` where the server does not report it.
    pub service_ns: Option<f64>,
    /// The same inside the command alone, as `INFO commandstats` has it: (GET, SET). The rest of [`Self::service_ns`] goes to
    /// the network stack of the kernel.
    pub execution_ns: (Option<f64>, Option<f64>),
    /// A new connection, until its first answer.
    pub connect: Times,
    /// Smallest step between the sizes of its allocator, which depends on how it was built; `None` where it is not reported.
    pub quantum_bytes: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct PostgresTimes {
    /// Point SELECT by a prepared statement, from sending to the row.
    pub read: Times,
    /// The part of it at the server, from the arrival of the statement to its row.
    pub read_service: Times,
    /// The rest, of the same probes.
    pub round_trip: Times,
    /// UPDATE of one row, commit included, from sending to the answer.
    pub write: Times,
    pub connect: Times,
}

impl PostgresTimes {
    /// Service of a write, commit included: its time less the median round trip, since the server has no clock after the commit.
    pub fn write_service(&self) -> Times {
        self.write.less(self.round_trip.at(0.5))
    }
}

/// What the client itself takes, and how late its timers are.
#[derive(Clone, Debug)]
pub struct ClientTimes {
    /// Of a request whose instant another thread keeps, as that of `herdlab live` does: of a probe until it is sent, of a request that was played all but
    /// its commands.
    pub request: Times,
    /// Beyond 1 ms asked of the runtime.
    pub runtime_timer: Times,
    /// Beyond 100 µs asked of the system by a thread.
    pub thread_timer: Times,
}

/// Keys that the mean size is taken of, in each class.
const SIZED: u32 = 1000;

/// The mean size of a value, by the shares of the classes.
pub fn mean_value_bytes(model: &Model, tables: &Tables) -> u32 {
    let classes = model.workload.classes.iter().zip(tables.first_id.windows(2));
    let mean: f64 = classes
        .map(|(class, ids)| {
            let ids = ids[0]..ids[1].min(ids[0].saturating_add(SIZED));
            let count = f64::from(ids.end - ids.start).max(1.0);
            class.share * ids.map(|id| f64::from(tables.value_bytes(id))).sum::<f64>() / count
        })
        .sum();
    mean.round() as u32
}

/// Probes both servers until the time is over or it is cancelled.
///
/// # Errors
/// Servers that do not answer at the start, or a kind of probe that got no answer at all.
pub fn measure(servers: &Servers, plan: &Plan) -> Result<Calibration, Problem> {
    plan.check()?;
    std::thread::scope(|scope| scope.spawn(|| probes::run(servers, plan)).join())
        .unwrap_or_else(|_| Err(Problem::failed("the probes ended early")))
}
