//! Workers of the instances.

use crate::catalog::Better::{Lower, Neither};
use crate::catalog::run::{Run, ms, ratio};
use crate::catalog::{COUNT, MS, MeasureInfo, SHARE, measure};
use crate::measure::recorder::{Cause, Totals, WorkerBooks};

const OF_ALL: &str = "Over the workers of all instances together.";

pub const ROWS: &[MeasureInfo] = &[
    measure("workers.utilization", SHARE, Lower, "mean share of the instances' workers that is busy", |run| {
        Some(Some(busy_mean(run)? / all(run)?))
    })
    .spoken("worker utilisation")
    .over_time(|run| {
        let per_instance = f64::from(run.model.clients.workers?);
        if !run.model.fleet_varies() {
            let workers = all(run)?;
            return run.rate_by_tick(|totals| totals.workers_busy_ns as f64 / 1e9 / workers);
        }
        run.by_tick(|tick| {
            let gained = |of: fn(&Totals) -> u128| (of(tick.after) - of(tick.before)) as f64;
            let all_ns = gained(|totals| totals.instances_ns) * per_instance;
            ratio(gained(|totals| totals.workers_busy_ns), all_ns)
        })
    }),
    measure("workers.busy.mean", COUNT, Neither, "mean number of busy workers", |run| {
        Some(Some(busy_mean(run)?))
    })
    .note(OF_ALL),
    measure("workers.busy.peak", COUNT, Neither, "most workers busy at once", |run| {
        Some(Some(books(run)?.busy_peak as f64))
    })
    .note("Over the workers of all instances together, and over every instant; it does not depend on the width of windows."),
    measure("workers.wait.mean_ms", MS, Lower, "mean wait of a request for a worker", |run| {
        Some(books(run)?.wait.mean().map(|ns| ns / 1e6))
    })
    .note(WAITS),
    measure("workers.wait.p99_ms", MS, Lower, "99th percentile of the wait for a worker", |run| {
        Some(ms(books(run)?.wait.quantile(0.99)))
    })
    .spoken("p99 wait for a worker")
    .note(WAITS),
    measure(
        "workers.waited.ratio",
        SHARE,
        Lower,
        "requests that found no worker free, over those that were not refused",
        |run| {
            books(run)?;
            let waited = run.gained(|totals| totals.workers_waited);
            Some(ratio(waited as f64, run.gained(|totals| totals.workers_asked) as f64))
        },
    )
    .over_time(|run| {
        books(run)?;
        run.share_by_tick(|totals| (totals.workers_waited, totals.workers_asked))
    }),
    measure("workers.queue.peak", COUNT, Lower, "most requests that waited for a worker at once", |run| {
        Some(Some(books(run)?.queue_peak as f64))
    })
    .note("Over all instances together, and over every instant; it does not depend on the width of windows.")
    .over_time_as("workers.queue.length", COUNT, |run| {
        books(run)?;
        run.by_tick(|tick| Some(tick.gauges.waiting_for_worker as f64))
    }),
    measure(
        "error.no_worker.ratio",
        SHARE,
        Lower,
        "requests refused because all workers of their instance were busy and its queue was full (clients.queue)",
        |run| {
            run.model.clients.queue?;
            Some(ratio(run.recorder.causes[Cause::NoWorker as usize] as f64, run.requests()))
        },
    ),
];

/// Of instances that come and go.
pub const INSTANCES: &[MeasureInfo] = &[
    measure("instances.mean", COUNT, Neither, "mean number of instances that are there", |run| {
        changes(run)?;
        Some(Some(instances(run)))
    })
    .note("Only where instances come and go by scale events or autoscaling. One that is about to start is not there yet, one that ends its last requests no more.")
    .over_time(|run| {
        changes(run)?;
        run.rate_by_tick(|totals| totals.instances_ns as f64 / 1e9)
    }),
    measure("instances.peak", COUNT, Neither, "most instances that were there at once", |run| {
        changes(run)?;
        Some(Some(f64::from(run.recorder.instances_peak)))
    }),
];

fn changes(run: &Run<'_>) -> Option<()> {
    run.model.fleet_varies().then_some(())
}

/// Mean number of those that are there.
fn instances(run: &Run<'_>) -> f64 {
    if !run.model.fleet_varies() {
        return f64::from(run.model.clients.instances);
    }
    run.gained_ns(|totals| totals.instances_ns) / 1e9 / run.measured_s()
}

const WAITS: &str = "Over the requests of the measured part that were not refused; one that gave up, or still waits at the end, \
                     counts with its wait so far.";

/// `None` where the number of workers is not limited.
fn books<'a>(run: &Run<'a>) -> Option<&'a WorkerBooks> {
    run.recorder.workers.as_ref()
}

/// Workers of all instances.
fn all(run: &Run<'_>) -> Option<f64> {
    Some(f64::from(run.model.clients.workers?) * instances(run))
}

fn busy_mean(run: &Run<'_>) -> Option<f64> {
    books(run)?;
    Some(run.gained_ns(|totals| totals.workers_busy_ns) / 1e9 / run.measured_s())
}
