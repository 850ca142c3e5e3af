//! Measures of the consequences of events.

use crate::catalog::Better::Lower;
use crate::catalog::{COUNT, MS, MeasureInfo, PER_SECOND, RATIO, S, SHARE, measure};

const RULE: &str = "A cell is too bad where its good requests are fewer than the objective's share, where chance does not \
                    explain it, and where no cell of the second half of the time before the event was as bad. \
                    Undefined where the last cell of the run is bad.";
const TO_THE_NEXT: &str =
    "From the beginning of the event to that of the next one, or to the end of the run.";

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "event.<event>.recovery_s",
        S,
        Lower,
        "from the end of the event to the end of the last cell with too few good requests, the later of errors and \
         latency (0: there is none)",
        |run| Some(run.event().recovery_s),
    )
    .spoken("recovery after <event>")
    .note(RULE)
    .changed(2, "until the first five windows in a row whose goodput was at least 95 % of arrivals"),
    measure(
        "event.<event>.metastable",
        SHARE,
        Lower,
        "1 where the last cell of the run still has too few good requests, else 0; undefined for a change of settings, which lasts",
        |run| Some(run.event().metastable),
    )
    .changed(2, "no five windows in a row whose goodput was at least 95 % of arrivals"),
    measure(
        "event.<event>.recovery.errors_s",
        S,
        Lower,
        "from the end of the event to the end of the last cell with too many failed requests",
        |run| Some(run.event().errors_s),
    )
    .spoken("end of the errors after <event>"),
    measure(
        "event.<event>.recovery.latency_s",
        S,
        Lower,
        "from the end of the event to the end of the last cell with too many answers later than the objective, or than \
         twice the p99 before the event",
        |run| Some(run.event().latency_s),
    )
    .spoken("end of the delays after <event>"),
    measure(
        "event.<event>.recovery.db_s",
        S,
        Lower,
        "from the end of the event to the end of the last cell in which more arrives at the database than before the \
         event",
        |run| Some(run.event().db_s),
    )
    .spoken("end of the extra database load after <event>"),
    measure(
        "event.<event>.recovery.queue_s",
        S,
        Lower,
        "from the end of the event to the end of the last second in which the database's queue is longer than before \
         the event",
        |run| Some(run.event().queue_s),
    )
    .spoken("end of the database's queue after <event>"),
    measure(
        "event.<event>.errors",
        COUNT,
        Lower,
        "requests that failed from the beginning of the event to that of the next one or the end of the run",
        |run| Some(run.event().failed),
    )
    .spoken("failed requests after <event>"),
    measure(
        "event.<event>.error.ratio.worst",
        SHARE,
        Lower,
        "failed requests over all of the worst cell from the beginning of the event on",
        |run| Some(run.event().worst_error_ratio),
    )
    .spoken("worst error ratio after <event>")
    .note(TO_THE_NEXT),
    measure(
        "event.<event>.latency.p99.worst_ms",
        MS,
        Lower,
        "99th percentile of the latency in the worst cell from the beginning of the event on",
        |run| Some(run.event().worst_p99_ms),
    )
    .spoken("worst p99 latency after <event>")
    .note(TO_THE_NEXT),
    measure(
        "event.<event>.db.qps.peak",
        PER_SECOND,
        Lower,
        "database arrivals in the busiest second from the beginning of the event on",
        |run| Some(run.event().db_peak_per_s),
    )
    .spoken("peak database load after <event>")
    .note(TO_THE_NEXT),
    measure(
        "event.<event>.db.utilization.peak",
        RATIO,
        Lower,
        "event.<event>.db.qps.peak over db.capacity",
        |run| {
            run.model.database.bounds_load().then(|| run.event().db_peak_share)
        },
    )
    .note("The ratio may exceed 100 %."),
    measure(
        "event.<event>.db.queue.peak",
        COUNT,
        Lower,
        "longest database queue from the beginning of the event on",
        |run| Some(run.event().queue_peak),
    )
    .spoken("longest database queue after <event>")
    .note(TO_THE_NEXT),
];
