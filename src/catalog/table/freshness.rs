//! Staleness of answers, created rows that a cached "no such row" hides, and the change stream.

use crate::catalog::Better::{Lower, Neither};
use crate::catalog::run::{READS, Run, ratio, seconds};
use crate::catalog::{COUNT, MeasureInfo, PER_SECOND, S, SHARE, measure};
use crate::measure::histogram::Fine;
use crate::model::Invalidation;

const HIDDEN: &str =
    "From the commit of the row to the start of the last read that was answered \"no such row\".";
const CHANGE: &str = "From the commit to the execution of the last DELETE of the change.";

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "stale.ratio",
        SHARE,
        Lower,
        "reads answered with a version that had been superseded before they started, over all answered reads",
        |run| Some(ratio(ages(run)?.count() as f64, run.count(READS))),
    )
    .spoken("share of stale reads"),
    measure("stale.age.p50_s", S, Lower, "median age of staleness, of stale reads", |run| {
        Some(seconds(ages(run)?.quantile(0.5)))
    }),
    measure("stale.age.p99_s", S, Lower, "99th percentile of the age of staleness, of stale reads", |run| {
        Some(seconds(ages(run)?.quantile(0.99)))
    }),
    measure(
        "db.stale.ratio",
        SHARE,
        Lower,
        "of the reads that the database answered, those that got a superseded version",
        |run| {
            let by_tiers: u64 = run.recorder.tier_hits.iter().sum();
            Some(ratio(ages_of_database(run)?.count() as f64, run.keys(READS) - by_tiers as f64))
        },
    )
    .spoken("share of stale answers of the database")
    .note("Replicas answer with versions that they have not replayed yet."),
    measure(
        "db.stale.age.p50_s",
        S,
        Lower,
        "median age of staleness, of stale reads that the database answered",
        |run| Some(seconds(ages_of_database(run)?.quantile(0.5))),
    ),
    measure(
        "db.stale.age.p99_s",
        S,
        Lower,
        "99th percentile of the age of staleness, of stale reads that the database answered",
        |run| Some(seconds(ages_of_database(run)?.quantile(0.99))),
    ),
    measure(
        "stale.acknowledged.ratio",
        SHARE,
        Lower,
        "reads that got an older version than one whose write had been acknowledged before they started, over all \
         answered reads",
        |run| {
            let asked = run.model.workload.writes() && run.model.measure.stale_acknowledged;
            asked.then(|| ratio(run.recorder.stale_acknowledged as f64, run.count(READS)))
        },
    ),
    measure("creations.rate", PER_SECOND, Neither, "rows created by writes per second", |run| {
        Some(run.per_second(created(run)?))
    }),
    measure(
        "negative.invisible.ratio",
        SHARE,
        Lower,
        "created rows that a later read found absent, over all created rows",
        |run| Some(ratio(run.recorder.invisible_ns.len() as f64, created(run)? as f64)),
    ),
    measure(
        "negative.invisible.mean_s",
        S,
        Lower,
        "from the creation of a row to the start of the last read that found it absent, mean over such rows",
        |run| {
            created(run)?;
            // A sum of whole numbers does not depend on the order of the map.
            let sum_ns: u128 = run.recorder.invisible_ns.values().map(|&ns| u128::from(ns)).sum();
            Some(ratio(sum_ns as f64 / 1e9, run.recorder.invisible_ns.len() as f64))
        },
    )
    .note(HIDDEN),
    measure(
        "negative.invisible.max_s",
        S,
        Lower,
        "longest time from the creation of a row to the start of a read that found it absent",
        |run| {
            created(run)?;
            Some(seconds(run.recorder.invisible_ns.values().max().copied()))
        },
    )
    .note(HIDDEN),
    measure(
        "value.age.max_s",
        S,
        Lower,
        "oldest value served: time since it was read from the database",
        |run| run.model.measure.value_age.then(|| Some(run.recorder.value_age_max_ns as f64 / 1e9)),
    ),
];

pub const CHANGE_STREAM: &[MeasureInfo] = &[
    measure(
        "cdc.lag.mean_s",
        S,
        Lower,
        "mean time from a commit to the DELETEs of the change stream",
        |run| Some(lag(run)?.mean().map(|ns| ns / 1e9)),
    )
    .note(CHANGE),
    measure(
        "cdc.lag.p50_s",
        S,
        Lower,
        "median time from a commit to the DELETEs of the change stream",
        |run| Some(seconds(lag(run)?.quantile(0.5))),
    )
    .note(CHANGE),
    measure(
        "cdc.lag.p99_s",
        S,
        Lower,
        "99th percentile of the time from a commit to the DELETEs of the change stream",
        |run| Some(seconds(lag(run)?.quantile(0.99))),
    )
    .note(CHANGE),
    measure(
        "cdc.lag.max_s",
        S,
        Lower,
        "longest time from a commit to the DELETEs of the change stream",
        |run| Some(seconds(lag(run)?.max())),
    )
    .note(CHANGE),
    measure(
        "cdc.backlog.peak",
        COUNT,
        Lower,
        "most committed changes at once that the consumer of the change stream had not handled",
        |run| {
            lag(run)?;
            Some(Some(run.recorder.cdc_backlog_peak as f64))
        },
    )
    .over_time_as("cdc.backlog", COUNT, |run| {
        lag(run)?;
        run.by_tick(|tick| Some(tick.gauges.cdc_backlog as f64))
    }),
];

pub const MESSAGES: &[MeasureInfo] = &[measure(
    "invalidation.messages.rate",
    PER_SECOND,
    Lower,
    "messages to instances about changed keys, by broadcast or tracking, per second",
    |run| {
        let Invalidation { broadcast, tracking, .. } = &run.model.invalidation;
        (broadcast.is_some() || tracking.is_some()).then(|| run.per_second(run.recorder.notices))
    },
)];

/// Ages of all stale reads; `None` where nothing is written.
fn ages<'a>(run: &Run<'a>) -> Option<&'a Fine> {
    run.model.workload.writes().then_some(&run.recorder.stale_age)
}

/// Ages of the stale reads that the database answered; `None` where they are not counted apart.
fn ages_of_database<'a>(run: &Run<'a>) -> Option<&'a Fine> {
    run.recorder.stale_age_by_tier.last()
}

fn created(run: &Run<'_>) -> Option<u64> {
    run.model.workload.creates().then(|| run.gained(|totals| totals.created))
}

fn lag<'a>(run: &Run<'a>) -> Option<&'a Fine> {
    run.model.invalidation.cdc.as_ref().map(|_| &run.recorder.cdc_lag)
}
