//! The ordinary state: the measured part without the events and the time until they are over.

use crate::catalog::Better::{Higher, Lower, Neither};
use crate::catalog::run::{ms, ratio};
use crate::catalog::{MS, MeasureInfo, PER_SECOND, S, SHARE, measure};

const COARSE: &str = "From buckets 3 % wide.";

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "ordinary.time_s",
        S,
        Neither,
        "measured time before the first event, or after the last change of settings; where that is less than 30 s, all time outside of the events and of the time \
         until errors, latency, database load and queue are back (undefined where fewer than 200 requests lie in it; only \
         with events)",
        |run| Some(run.ordinary()?.map(|ordinary| ordinary.seconds())),
    )
    .spoken("time in the ordinary state"),
    measure("ordinary.db.qps.mean", PER_SECOND, Lower, "db.qps.mean of the ordinary state", |run| {
        Some(run.ordinary()?.map(|ordinary| ordinary.db_arrivals as f64 / ordinary.seconds()))
    })
    .spoken("database load in the ordinary state"),
    measure("ordinary.hit_ratio", SHARE, Higher, "hit_ratio of the ordinary state", |run| {
        Some(run.ordinary()?.and_then(|ordinary| ratio(ordinary.hits as f64, ordinary.reads as f64)))
    })
    .spoken("hit ratio in the ordinary state"),
    measure("ordinary.error.ratio", SHARE, Lower, "error.ratio of the ordinary state", |run| {
        Some(run.ordinary()?.and_then(|ordinary| ratio(ordinary.errors as f64, ordinary.requests as f64)))
    })
    .spoken("error ratio in the ordinary state"),
    measure(
        "ordinary.latency.all.p50_ms",
        MS,
        Lower,
        "median over the requests of the ordinary state, errors left out",
        |run| Some(run.ordinary()?.and_then(|ordinary| ms(ordinary.latencies.quantile(0.5)))),
    )
    .spoken("median latency in the ordinary state")
    .note(COARSE),
    measure(
        "ordinary.latency.all.p99_ms",
        MS,
        Lower,
        "99th percentile over the requests of the ordinary state, errors left out",
        |run| Some(run.ordinary()?.and_then(|ordinary| ms(ordinary.latencies.quantile(0.99)))),
    )
    .spoken("p99 latency in the ordinary state")
    .note(COARSE),
];
