//! Jobs that fill a tier.

use crate::catalog::Better::{Lower, Neither};
use crate::catalog::run::{Run, ratio};
use crate::catalog::{COUNT, MeasureInfo, PER_SECOND, S, SHARE, measure};
use crate::measure::recorder::WarmBooks;

const WHENEVER: &str = "Over all jobs (event `warm`), whenever they run.";

pub const ROWS: &[MeasureInfo] = &[
    measure("warm.keys", COUNT, Neither, "keys that jobs have read and set in their tier", |run| {
        Some(Some(books(run)?.stored as f64))
    })
    .note(WHENEVER),
    measure(
        "warm.failed.ratio",
        SHARE,
        Lower,
        "keys that jobs could not read, over those that they have tried",
        |run| {
            let books = books(run)?;
            Some(ratio(books.failed as f64, books.begun as f64))
        },
    )
    .note(WHENEVER),
    measure(
        "warm.time_s",
        S,
        Lower,
        "from the beginning of a job to the end of its last read, of the longest job",
        |run| {
            let books = books(run)?;
            let jobs = run.model.events.iter().filter(|event| event.what.warms());
            let begun = jobs.filter(|event| event.at_ns < run.model.duration_ns).count() as u64;
            Some((books.done == begun).then(|| books.longest_ns as f64 / 1e9))
        },
    )
    .note("Undefined where a job is not done when the arrivals end."),
    measure("warm.fetches.rate", PER_SECOND, Neither, "database fetches of jobs per second", |run| {
        books(run)?;
        run.rate(|totals| totals.warm_fetches)
    })
    .note("They are among `db.fetches.rate` as well.")
    .over_time_as("warm.fetches", PER_SECOND, |run| {
        books(run)?;
        run.rate_by_tick(|totals| totals.warm_fetches as f64)
    }),
];

/// `None` where no job is in the scenario.
fn books<'a>(run: &Run<'a>) -> Option<&'a WarmBooks> {
    run.model.events.iter().any(|event| event.what.warms()).then_some(&run.recorder.warm)
}
