//! Writes, and their delay and loss in a write-back tier.

use crate::catalog::Better::{Higher, Lower, Neither};
use crate::catalog::run::{READS, Run, ratio, seconds};
use crate::catalog::{COUNT, MeasureInfo, RATIO, S, SHARE, measure};
use crate::measure::recorder::{Outcome, WriteBackBooks};

const LAG: &str =
    "One value per key and batch. An acknowledged write is at risk for no longer than the largest.";
const LOST: &str = "All writes that coalesced in a lost key count.";
const UNFLUSHED: &str =
    "Each key counts once, even where it is dirty again while an earlier value is being written.";

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "db.writes_per_request",
        RATIO,
        Lower,
        "writes arriving at the database (of a batch that is written back: its keys), retries included, over all requests",
        |run| {
            let writes = || run.gained(|totals| totals.db_writes) as f64;
            run.model.workload.writes().then(|| ratio(writes(), run.requests()))
        },
    ),
    measure(
        "writes.phantom_reads",
        COUNT,
        Lower,
        "reads that got a value which was never committed",
        |run| Some(Some(phantoms(run)?)),
    ),
    measure(
        "writes.phantom_reads.ratio",
        SHARE,
        Lower,
        "reads that got a value which was never committed, over all answered reads",
        |run| Some(ratio(phantoms(run)?, run.keys(READS))),
    )
    .note("They do not count as stale as well."),
    measure(
        "writes.rolled_back.ratio",
        SHARE,
        Neither,
        "writes whose transaction rolled back, over all answered writes",
        |run| {
            let rolls_back = run.model.workload.writes() && run.model.write_options.rollback > 0.0;
            rolls_back.then(|| ratio(run.recorder.rolled_back as f64, run.count(&[Outcome::Write])))
        },
    ),
    measure(
        "writes.coalesced.ratio",
        SHARE,
        Higher,
        "under write-back, writes of a key that was dirty already, over all writes that the tier took: the database \
         gets them as one",
        |run| {
            write_back(run)?;
            let taken = run.gained(|totals| totals.written_back);
            Some(ratio(run.gained(|totals| totals.coalesced_writes) as f64, taken as f64))
        },
    ),
    measure(
        "writes.flush_lag.mean_s",
        S,
        Lower,
        "from the first write of a dirty key to the commit of its batch, mean over the keys of all batches",
        |run| Some(write_back(run)?.flush_lag.mean().map(|ns| ns / 1e9)),
    )
    .note(LAG),
    measure(
        "writes.flush_lag.p99_s",
        S,
        Lower,
        "99th percentile of the time from the first write of a dirty key to the commit of its batch",
        |run| Some(seconds(write_back(run)?.flush_lag.quantile(0.99))),
    )
    .note(LAG),
    measure(
        "writes.flush_lag.max_s",
        S,
        Lower,
        "longest time from the first write of a dirty key to the commit of its batch",
        |run| Some(seconds(write_back(run)?.flush_lag.max())),
    )
    .note(LAG),
    measure(
        "writes.lost",
        COUNT,
        Lower,
        "writes that a write-back tier took and the database never got, neither them nor a later one of their key",
        |run| Some(Some(write_back(run)?.lost as f64)),
    )
    .note(LOST),
    measure(
        "writes.lost_age.max_s",
        S,
        Lower,
        "longest time from the write that a tier took to the instant at which it was lost",
        |run| Some(seconds(write_back(run)?.oldest_lost_ns)),
    ),
    measure(
        "writes.unflushed",
        COUNT,
        Neither,
        "keys whose newest value the database had not confirmed when the run ended: neither lost nor written",
        |run| Some(Some(write_back(run)?.unflushed as f64)),
    )
    .note(UNFLUSHED)
    .changed(2, "copies of keys")
    .over_time(|run| {
        run.model.write_back()?;
        run.by_tick(|tick| tick.gauges.unflushed.map(|keys| keys as f64))
    }),
    measure(
        "writes.unflushed.peak",
        COUNT,
        Neither,
        "most keys at once whose newest value the database had not confirmed",
        |run| Some(Some(write_back(run)?.unflushed_peak as f64)),
    )
    .note(UNFLUSHED)
    .changed(2, "copies of keys"),
];

fn write_back<'a>(run: &Run<'a>) -> Option<&'a WriteBackBooks> {
    run.recorder.write_back.as_ref().filter(|_| run.model.workload.writes())
}

fn phantoms(run: &Run<'_>) -> Option<f64> {
    let may = run.model.workload.writes() && run.model.may_serve_phantoms();
    may.then_some(run.recorder.phantom_reads as f64)
}
