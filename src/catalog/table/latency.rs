//! Latencies by the outcome of requests: for each family of them the mean, five percentiles and the maximum.

use crate::catalog::Better::Lower;
use crate::catalog::run::{Family, Run, Value, ms};
use crate::catalog::{MS, MeasureInfo, OverTime, measure, only_over_time};

const INTENDED_START: &str = "A request belongs to the window of its intended start. A request that is still unfinished at \
                              the end of the drain counts with its age, so a saturated variant cannot look fast.";

/// The rows of a family: its name, whose latency it is (in a sentence), whether it has series, and the words for mean,
/// percentiles and maximum.
macro_rules! family {
    ($family:ident $name:literal $spoken:literal $windows:ident, $mean:literal, $of:literal, $slowest:literal, $note:expr) => {
        &[
            measure(concat!("latency.", $name, ".mean_ms"), MS, Lower, $mean, |run| {
                mean(run, Family::$family)
            })
            .spoken(concat!("mean latency", $spoken))
            .note($note),
            $windows(
                measure(concat!("latency.", $name, ".p50_ms"), MS, Lower, concat!("median ", $of), |run| {
                    quantile(run, Family::$family, 0.5)
                })
                .spoken(concat!("median latency", $spoken))
                .note($note),
                |run| over_time(run, Family::$family, 0.5),
                concat!("requests.", $name),
            ),
            measure(
                concat!("latency.", $name, ".p90_ms"),
                MS,
                Lower,
                concat!("90th percentile ", $of),
                |run| quantile(run, Family::$family, 0.9),
            )
            .spoken(concat!("p90 latency", $spoken))
            .note($note),
            $windows(
                measure(
                    concat!("latency.", $name, ".p95_ms"),
                    MS,
                    Lower,
                    concat!("95th percentile ", $of),
                    |run| quantile(run, Family::$family, 0.95),
                )
                .spoken(concat!("p95 latency", $spoken))
                .note($note),
                |run| over_time(run, Family::$family, 0.95),
                concat!("requests.", $name),
            ),
            $windows(
                measure(
                    concat!("latency.", $name, ".p99_ms"),
                    MS,
                    Lower,
                    concat!("99th percentile ", $of),
                    |run| quantile(run, Family::$family, 0.99),
                )
                .spoken(concat!("p99 latency", $spoken))
                .note($note),
                |run| over_time(run, Family::$family, 0.99),
                concat!("requests.", $name),
            ),
            measure(
                concat!("latency.", $name, ".p999_ms"),
                MS,
                Lower,
                concat!("99.9th percentile ", $of),
                |run| quantile(run, Family::$family, 0.999),
            )
            .spoken(concat!("p99.9 latency", $spoken))
            .note($note),
            measure(concat!("latency.", $name, ".max_ms"), MS, Lower, concat!("slowest ", $slowest), |run| {
                slowest(run, Family::$family)
            })
            .spoken(concat!("worst latency", $spoken))
            .note($note),
        ]
    };
}

pub const OF_ALL: &[MeasureInfo] = family!(All "all" "" by_window,
    "all requests, from their intended start to the answer, errors and unfinished ones included",
    "over all requests", "request", INTENDED_START);

pub const OF_HITS: &[MeasureInfo] = family!(Hit "hit" " of hits" by_window,
    "reads answered from a tier (hits, negative hits and stale hits together)",
    "of reads answered from a tier", "read answered from a tier", "");

pub const OF_MISSES: &[MeasureInfo] = family!(Miss "miss" " of misses" by_window,
    "reads that led a fetch",
    "of reads that led a fetch", "read that led a fetch", "");

pub const OF_COALESCED: &[MeasureInfo] = family!(Coalesced "coalesced" " of coalesced reads" by_window,
    "reads that waited for another request's fetch",
    "of reads that waited for another request's fetch", "read that waited for another request's fetch", "");

pub const OF_WRITES: &[MeasureInfo] = family!(Write "write" " of writes" by_window,
    "writes, to their acknowledgement",
    "of writes", "write", "");

pub const OF_CHECKS: &[MeasureInfo] = family!(Exists "exists" " of existence checks" whole_run,
    "existence checks, to their answer from a tier or the database",
    "of existence checks", "existence check",
    "Existence checks are in the latencies of all requests, hits and misses as well.");

pub const OF_ERRORS: &[MeasureInfo] = &[
    only_over_time("latency.error.p50_ms", MS, "median of requests that ended in an error", |run| {
        over_time(run, Family::Error, 0.5)
    })
    .weighted_by("requests.error"),
    only_over_time("latency.error.p95_ms", MS, "95th percentile of requests that ended in an error", |run| {
        over_time(run, Family::Error, 0.95)
    })
    .weighted_by("requests.error"),
    only_over_time("latency.error.p99_ms", MS, "99th percentile of requests that ended in an error", |run| {
        over_time(run, Family::Error, 0.99)
    })
    .weighted_by("requests.error"),
];

const fn by_window(row: MeasureInfo, formula: OverTime, counts: &'static str) -> MeasureInfo {
    row.over_time(formula).weighted_by(counts)
}

const fn whole_run(row: MeasureInfo, _: OverTime, _: &'static str) -> MeasureInfo {
    row
}

fn mean(run: &Run<'_>, family: Family) -> Value {
    run.has(family).then(|| run.latency(family).mean().map(|ns| ns / 1e6))
}

fn quantile(run: &Run<'_>, family: Family, share: f64) -> Value {
    run.has(family).then(|| ms(run.latency(family).quantile(share)))
}

fn slowest(run: &Run<'_>, family: Family) -> Value {
    run.has(family).then(|| ms(run.latency(family).max()))
}

fn over_time(run: &Run<'_>, family: Family, share: f64) -> Option<Vec<Option<f64>>> {
    run.latency_by_window(family, share)
}
