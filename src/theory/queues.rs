//! The database as a waiting room.

use super::{Failing, Prediction, steady, undisturbed};
use crate::model::{Arrivals, Coalescing, Dist, Model};
use crate::oracle::queueing::{ClosedLoop, Mmc, MmcK, mg1_wait_mean_s};
use crate::scenario::lint::expectation::Expectation;

/// The queue in front of the database.
pub(super) fn open(model: &Model, expected: &Expectation) -> Vec<Prediction> {
    let database = &model.database;
    let Some(servers) = database.servers else { return Vec::new() };
    let assumed = |mut failing: Failing| {
        failing.unless(model.tiers.is_empty(), "what misses the cache is not Poisson");
        alone(model, &mut failing);
        failing
    };
    // How long requests wait depends on how they come; how busy the servers are does not.
    let (failing, busy) = (assumed(steady(model)), assumed(undisturbed(model)));
    let read = &database.read;
    let (rate_per_s, service_mean_s) = (expected.misses_per_s.iter().sum::<f64>(), read.mean_ns() / 1e9);
    let load = rate_per_s * service_mean_s / f64::from(servers);
    let exponential = matches!(read, Dist::Exponential { .. });
    let network = &database.network;
    let way_ns = 2.0 * network.mean_ns();
    let mut all = Vec::new();
    let mut say = |measure: &str, value: f64, law: &str, failing: &Failing| {
        all.extend(Prediction::new(measure, value, law, failing));
    };
    match database.queue {
        None if load < 1.0 => {
            say("db.utilization", load, "the utilisation law", &busy);
            if exponential {
                let queue = Mmc { rate_per_s, servers, service_mean_s };
                say("db.waited.ratio", queue.wait_probability(), "M/M/c (Erlang C)", &failing);
                say("db.queue.mean_ms", queue.wait_mean_s() * 1e3, "M/M/c (Erlang C)", &failing);
                say("db.queue.p99_ms", queue.wait_quantile_s(0.99) * 1e3, "M/M/c (Erlang C)", &failing);
                let mean_s = queue.wait_mean_s() + service_mean_s + way_ns / 1e9;
                say("latency.all.mean_ms", mean_s * 1e3, "M/M/c (Erlang C)", &failing);
                let mut fixed = failing.clone();
                fixed.unless(network.is_constant(), "the way to the database takes a random time");
                let p99_s = queue.response_quantile_s(0.99) + way_ns / 1e9;
                say("latency.all.p99_ms", p99_s * 1e3, "M/M/c (Erlang C)", &fixed);
            } else if servers == 1
                && let Some(square_s2) = square_s2(read)
            {
                let wait_s = mg1_wait_mean_s(rate_per_s, service_mean_s, square_s2);
                say("db.queue.mean_ms", wait_s * 1e3, "M/G/1 (Pollaczek, Khinchine)", &failing);
            }
        }
        Some(queue) if exponential && database.retries.attempts == 1 => {
            if let Ok(queue) = u32::try_from(queue) {
                let rejected = MmcK { rate_per_s, servers, queue, service_mean_s }.rejected();
                say("error.db_rejected.ratio", rejected, "M/M/c/K", &failing);
            }
        }
        _ => {}
    }
    all
}

/// Users who think and send requests: machine repairman. Whatever their time to think is like, only its mean counts, since nobody waits
/// for it (Baskett, Chandy, Muntz, Palacios, Open, Closed, and Mixed Networks of Queues, JACM 22, 1975); the way to the
/// database and back is as good as thinking.
pub(super) fn closed(model: &Model) -> Vec<Prediction> {
    let (Arrivals::Closed { users, think }, Some(servers)) =
        (&model.workload.arrivals, model.database.servers)
    else {
        return Vec::new();
    };
    let database = &model.database;
    let mut failing = undisturbed(model);
    failing.require(model.tiers.is_empty() && matches!(database.read, Dist::Exponential { .. }));
    alone(model, &mut failing);
    failing.unless(database.queue.is_none(), "requests may be rejected");
    let way_s = 2.0 * database.network.mean_ns() / 1e9;
    let queue = ClosedLoop {
        users: *users,
        think_mean_s: think.mean_ns() / 1e9 + way_s,
        servers,
        service_mean_s: database.read.mean_ns() / 1e9,
    };
    let law = "M/M/c//N (machine repairman)";
    let latency_ms = (queue.response_mean_s() + way_s) * 1e3;
    let goodput = Prediction::new("goodput", queue.throughput_per_s(), law, &failing);
    goodput.into_iter().chain(Prediction::new("latency.all.mean_ms", latency_ms, law, &failing)).collect()
}

/// Nothing but its reads is at the database, one by one, for as long as they take.
fn alone(model: &Model, failing: &mut Failing) {
    let database = &model.database;
    failing.require(!model.workload.writes() && database.background.is_none());
    failing.require(model.workload.classes.iter().all(|class| class.costs.db_read.is_none()));
    failing.unless(matches!(model.coalescing, Coalescing::None), "fetches are shared");
    failing.unless(database.pool.is_none(), "calls wait for a connection first");
    failing
        .unless(model.clients.deadline_ns.is_none() && database.timeout_ns.is_none(), "calls may time out");
}

/// Second moment in square seconds; `None` where it is not known in closed form here.
fn square_s2(dist: &Dist) -> Option<f64> {
    let mean_s = dist.mean_ns() / 1e9;
    Some(match dist {
        Dist::Constant { .. } => mean_s * mean_s,
        Dist::Exponential { .. } => 2.0 * mean_s * mean_s,
        Dist::Gamma { cv2, .. } | Dist::Hyperexponential { cv2, .. } => mean_s * mean_s * (1.0 + cv2),
        Dist::Lognormal { mu, sigma } => libm::exp(2.0 * mu + 2.0 * sigma * sigma) / 1e18,
        Dist::Quantiles(quantiles) => quantiles.square_ns2() / 1e18,
        Dist::Empirical { .. } => return None,
    })
}
