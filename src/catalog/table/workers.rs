//! Workers of the instances.

use crate::catalog::Better::{Lower, Neither};
use crate::catalog::run::{Run, ms, ratio};
use crate::catalog::{COUNT, MS, MeasureInfo, SHARE, measure};
use crate::measure::recorder::{Cause, WorkerBooks};

const OF_ALL: &str = "Over the workers of all instances together.";

pub const ROWS: &[MeasureInfo] = &[
    measure("workers.utilization", SHARE, Lower, "mean share of the instances' workers that is busy", |run| {
        Some(Some(busy_mean(run)? / all(run)?))
    })
    .spoken("worker utilisation")
    .over_time(|run| {
        let workers = all(run)?;
        run.rate_by_tick(|totals| totals.workers_busy_ns as f64 / 1e9 / workers)
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

const WAITS: &str = "Over the requests of the measured part that were not refused; one that gave up, or still waits at the end, \
                     counts with its wait so far.";

/// `None` where the number of workers is not limited.
fn books<'a>(run: &Run<'a>) -> Option<&'a WorkerBooks> {
    run.recorder.workers.as_ref()
}

/// Workers of all instances.
fn all(run: &Run<'_>) -> Option<f64> {
    Some(f64::from(run.model.clients.workers?) * f64::from(run.model.clients.instances))
}

fn busy_mean(run: &Run<'_>) -> Option<f64> {
    books(run)?;
    Some(run.gained_ns(|totals| totals.workers_busy_ns) / 1e9 / run.measured_s())
}
