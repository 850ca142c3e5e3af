//! The times of the servers of a run, as its clients see them: round trips, service, connections, timers.
//!
//! Probes have connections of their own, so they measure beside the clients of a run under its load, or alone. A calibration
//! of an hour ago predicts an hour ago: [`Times::drift`] tells how much the second half of the probes differs from the first.

mod predict;
mod probes;
mod times;
mod written;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::servers::{Problem, Servers, Versions};
use crate::model::Model;
use crate::sim::Control;
use crate::workload::Tables;
pub use predict::{Asked, PredictError, predict};
pub use times::Times;
pub use written::{Queries, Written};

/// The extent of the probing.
#[derive(Clone, Debug)]
pub struct Plan {
    pub time: Duration,
    /// Size of the probed values.
    pub value_bytes: u32,
    /// Probes per second, of each kind.
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

    fn ends_at(&self, started: Instant) -> impl Fn() -> bool + Clone + use<> {
        let (control, time) = (Arc::clone(&self.control), self.time);
        move || control.cancel.load(Ordering::Relaxed) || started.elapsed() >= time
    }
}

/// Everything measured.
#[derive(Clone, Debug)]
pub struct Calibration {
    pub versions: Versions,
    pub value_bytes: u32,
    pub redis: RedisTimes,
    pub postgres: PostgresTimes,
    pub client: ClientTimes,
    /// Probes without an answer: the server was paused, killed, or full.
    pub failed: u64,
}

#[derive(Clone, Debug)]
pub struct RedisTimes {
    /// GET of a value of the size, from sending to the reply.
    pub get: Times,
    /// The same GETs from the instants of a schedule that another thread keeps: as a request of `herdlab live` sees them.
    pub get_from_schedule: Times,
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

/// How late the client's own timers are.
#[derive(Clone, Debug)]
pub struct ClientTimes {
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
