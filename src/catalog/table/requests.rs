//! Requests: how they end, by class, and before the rate limiter.

use crate::catalog::Better::{Higher, Lower, Neither};
use crate::catalog::run::{FAILED, HITS, READS, Run, Value, ms, ratio};
use crate::catalog::{COUNT, MS, MeasureInfo, PER_SECOND, SHARE, measure, only_over_time};
use crate::measure::histogram::Fine;
use crate::measure::recorder::{Cause, LimiterBooks, Outcome};

pub const OUTCOMES: &[MeasureInfo] = &[
    measure(
        "requests.hit.ratio",
        SHARE,
        Neither,
        "reads answered by an entry within its TTL, over all requests",
        |run| run.share(&[Outcome::Hit]),
    )
    .over_time_as("requests.hit", COUNT, |run| run.ended_by_window(Outcome::Hit)),
    measure(
        "requests.negative_hit.ratio",
        SHARE,
        Neither,
        "reads answered by a cached \"no such row\", over all requests",
        |run| run.share(&[Outcome::NegativeHit]),
    )
    .over_time_as("requests.negative_hit", COUNT, |run| run.ended_by_window(Outcome::NegativeHit)),
    measure(
        "requests.stale_hit.ratio",
        SHARE,
        Neither,
        "reads answered past the TTL on purpose, over all requests",
        |run| run.share(&[Outcome::StaleHit]),
    )
    .over_time_as("requests.stale_hit", COUNT, |run| run.ended_by_window(Outcome::StaleHit)),
    measure(
        "requests.coalesced.ratio",
        SHARE,
        Neither,
        "reads that waited for another request's fetch, over all requests",
        |run| run.share(&[Outcome::Coalesced]),
    )
    .over_time_as("requests.coalesced", COUNT, |run| run.ended_by_window(Outcome::Coalesced)),
    measure("requests.miss.ratio", SHARE, Neither, "reads that led a fetch, over all requests", |run| {
        run.share(&[Outcome::Miss])
    })
    .spoken("share of misses")
    .over_time_as("requests.miss", COUNT, |run| run.ended_by_window(Outcome::Miss)),
    measure("requests.write.ratio", SHARE, Neither, "writes, over all requests", |run| {
        run.share(&[Outcome::Write])
    })
    .over_time_as("requests.write", COUNT, |run| run.ended_by_window(Outcome::Write)),
    only_over_time("requests.error", COUNT, "requests that ended in an error", |run| {
        run.ended_by_window(Outcome::Error)
    }),
    measure(
        "requests.unfinished.ratio",
        SHARE,
        Lower,
        "requests still in flight when the drain limit was reached",
        |run| run.share(&[Outcome::Unfinished]),
    )
    .over_time_as("requests.unfinished", COUNT, |run| run.ended_by_window(Outcome::Unfinished)),
    measure("requests.all", COUNT, Neither, "measured requests", |run| Some(Some(run.requests())))
        .over_time(|run| run.by_window(|window, _| Some(window.counts.iter().sum::<u64>() as f64))),
    measure("requests.rate", PER_SECOND, Neither, "measured requests per second", |run| {
        Some(run.per_second(run.requests() as u64))
    }),
    measure(
        "requests.in_system.mean",
        COUNT,
        Neither,
        "mean number of requests in the system while arrivals lasted (Little's L)",
        |run| Some(Some(run.gained_ns(|totals| totals.in_system_ns) / 1e9 / run.measured_s())),
    ),
    measure(
        "requests.exists.ratio",
        SHARE,
        Neither,
        "existence checks (they are among hits, misses and so on as well), over all requests",
        |run| Some(ratio(run.every_check()?, run.requests())),
    ),
];

const WHOLE_REQUESTS: &str =
    "A request of several keys is a hit only if all its keys are; keys.hit_ratio counts the keys.";
const TURNED_AWAY: &str = "Requests that the rate limiter turns away (error.limiter.ratio) are errors here, but not in the \
                           recovery after an event.";

pub const ANSWERS: &[MeasureInfo] = &[
    measure(
        "hit_ratio",
        SHARE,
        Higher,
        "reads answered from a tier (hits, negative hits, stale hits) over all reads that did not end in error",
        |run| Some(ratio(run.count(HITS), run.count(READS))),
    )
    .spoken("hit ratio")
    .note(WHOLE_REQUESTS)
    .over_time(|run| {
        run.by_window(|window, _| {
            let of = |outcomes: &[Outcome]| outcomes.iter().map(|&o| window.counts[o as usize]).sum::<u64>();
            ratio(of(HITS) as f64, of(READS) as f64)
        })
    })
    .weighted_by("requests.all"),
    measure(
        "exists.hit_ratio",
        SHARE,
        Higher,
        "existence checks answered from a tier, over all that were answered",
        |run| Some(ratio(run.checks(HITS)?, run.checks(READS)?)),
    ),
    measure(
        "keys.hit_ratio",
        SHARE,
        Higher,
        "keys of reads answered from a tier over all that were answered; a request of several keys is a hit only if all of \
         them are (only with keys_per_request)",
        |run| gathers(run).then(|| ratio(run.keys(HITS), run.keys(READS))),
    ),
    measure(
        "keys.rate",
        PER_SECOND,
        Neither,
        "keys of reads per second whose way has ended (only with keys_per_request)",
        |run| gathers(run).then(|| run.per_second(run.recorder.keys.iter().sum())),
    ),
    measure(
        "error.ratio",
        SHARE,
        Lower,
        "requests that ended in an error or did not end, over all requests",
        |run| run.share(FAILED),
    )
    .spoken("error ratio")
    .over_time(|run| {
        run.by_window(|window, _| ratio(failed(&window.counts) as f64, window.counts.iter().sum::<u64>() as f64))
    })
    .weighted_by("requests.all"),
    measure("error.deadline.ratio", SHARE, Lower, "requests whose caller gave up (clients.deadline)", |run| {
        cause(run, Cause::Deadline)
    }),
    measure(
        "error.db_timeout.ratio",
        SHARE,
        Lower,
        "requests whose last database attempt timed out",
        |run| cause(run, Cause::DbTimeout),
    ),
    measure(
        "error.db_rejected.ratio",
        SHARE,
        Lower,
        "requests refused because the database's queue was full",
        |run| cause(run, Cause::DbRejected),
    ),
    measure(
        "error.db_down.ratio",
        SHARE,
        Lower,
        "requests refused because the database was down",
        |run| cause(run, Cause::DbDown),
    ),
    measure(
        "error.pool_timeout.ratio",
        SHARE,
        Lower,
        "requests that waited too long for a database connection",
        |run| cause(run, Cause::PoolTimeout),
    ),
    measure(
        "error.tier.ratio",
        SHARE,
        Lower,
        "requests failed because a tier did not answer (on_failure = \"error\")",
        |run| cause(run, Cause::Tier),
    ),
    measure("error.limiter.ratio", SHARE, Neither, "requests turned away by the rate limiter", |run| {
        limiter(run)?;
        cause(run, Cause::Limiter)
    })
    .note("They count against goodput, but not in the recovery after an event."),
    measure(
        "error.crash.ratio",
        SHARE,
        Lower,
        "requests that ended because their instance crashed or refused them while it was down, or because the leader they \
         waited for died (only with crash events)",
        |run| {
            run.model.events.iter().find(|event| event.what.is_crash())?;
            cause(run, Cause::Crash)
        },
    ),
    measure(
        "error.breaker.ratio",
        SHARE,
        Lower,
        "requests refused by the database's circuit breaker (only with a breaker)",
        |run| {
            run.model.database.breaker.as_ref()?;
            cause(run, Cause::Breaker)
        },
    ),
    measure(
        "error.limit.ratio",
        SHARE,
        Lower,
        "requests refused by the database's adaptive concurrency limit (only with a limit)",
        |run| {
            run.model.database.limit.as_ref()?;
            cause(run, Cause::Limit)
        },
    ),
    measure(
        "error.remembered.ratio",
        SHARE,
        Lower,
        "requests that failed at once, because their instance remembered that the last read of the key had failed (only with \
         database.error_ttl)",
        |run| {
            run.model.database.error_ttl_ns?;
            cause(run, Cause::Remembered)
        },
    ),
    measure(
        "error.connections.ratio",
        SHARE,
        Lower,
        "requests that failed because the database had as many connections as it takes (only with database.max_connections)",
        |run| {
            run.model.database.max_connections?;
            cause(run, Cause::Connections)
        },
    ),
    measure("goodput", PER_SECOND, Higher, "requests per second that were answered without an error", |run| {
        Some(run.per_second((run.requests() - run.count(FAILED)) as u64))
    })
    .spoken("goodput")
    .note(TURNED_AWAY)
    .over_time(|run| {
        run.by_window(|window, width_s| {
            Some((window.counts.iter().sum::<u64>() - failed(&window.counts)) as f64 / width_s)
        })
    }),
    measure(
        "slo.good.ratio",
        SHARE,
        Higher,
        "requests answered without an error within the service objective, over all requests (only with [slo])",
        |run| {
            run.model.slo.as_ref()?;
            Some(ratio(run.recorder.within_objective as f64, run.requests()))
        },
    ),
];

const WINDOW: &str =
    "A window of a caller lasts from the command that creates its counter until the counter expires.";
const STUCK: &str = "Once such a counter has reached the limit, its caller is locked out.";

pub const LIMITER: &[MeasureInfo] = &[
    measure(
        "latency.limiter.mean_ms",
        MS,
        Lower,
        "from the start of a request to the rate limiter's decision about it",
        |run| Some(limiter(run)?.latency.mean().map(|ns| ns / 1e6)),
    ),
    measure("latency.limiter.p50_ms", MS, Lower, "median time to the rate limiter's decision", |run| {
        Some(ms(limiter(run)?.latency.quantile(0.5)))
    }),
    measure(
        "latency.limiter.p99_ms",
        MS,
        Lower,
        "99th percentile of the time to the rate limiter's decision",
        |run| Some(ms(limiter(run)?.latency.quantile(0.99))),
    ),
    measure("latency.limiter.max_ms", MS, Lower, "longest time to the rate limiter's decision", |run| {
        Some(ms(limiter(run)?.latency.max()))
    }),
    measure(
        "limiter.overshoot.mean",
        COUNT,
        Lower,
        "requests admitted above the limit, mean over the windows of a caller that reached it",
        |run| Some(limiter(run)?.over.mean()),
    )
    .note(WINDOW),
    measure(
        "limiter.overshoot.max",
        COUNT,
        Lower,
        "most requests of one caller that one window admitted above the limit",
        |run| Some(limiter(run)?.over.max().map(|over| over as f64)),
    )
    .note(WINDOW),
    measure(
        "limiter.overshoot.ratio",
        SHARE,
        Lower,
        "of the windows of a caller that reached the limit, those that admitted more",
        |run| {
            let over = &limiter(run)?.over;
            let full = over.count() as f64;
            Some(ratio(full - zeros(over), full))
        },
    )
    .note(WINDOW),
    measure(
        "limiter.stuck",
        COUNT,
        Lower,
        "counters that never expire at the end of the run: INCR came after the expiry",
        |run| Some(Some(limiter(run)?.stuck as f64)),
    )
    .note(STUCK),
];

pub const CLASS: &[MeasureInfo] = &[
    measure("class.<class>.requests.ratio", SHARE, Neither, "share of all requests", |run| {
        Some(ratio(run.class_requests()?, run.requests()))
    }),
    measure("class.<class>.hit_ratio", SHARE, Higher, "hit ratio of this class", |run| {
        Some(ratio(run.class_count(HITS)?, run.class_count(READS)?))
    })
    .spoken("hit ratio of class <class>"),
    measure("class.<class>.latency.mean_ms", MS, Lower, "mean latency of this class", |run| {
        Some(run.class_latency()?.mean().map(|ns| ns / 1e6))
    })
    .spoken("mean latency of class <class>"),
    measure("class.<class>.latency.p50_ms", MS, Lower, "median latency of this class", |run| {
        Some(ms(run.class_latency()?.quantile(0.5)))
    })
    .spoken("median latency of class <class>"),
    measure(
        "class.<class>.latency.p99_ms",
        MS,
        Lower,
        "99th percentile of the latency of this class",
        |run| Some(ms(run.class_latency()?.quantile(0.99))),
    )
    .spoken("p99 latency of class <class>"),
    measure("class.<class>.error.ratio", SHARE, Lower, "errors of this class over its requests", |run| {
        Some(ratio(run.class_count(FAILED)?, run.class_requests()?))
    })
    .spoken("error ratio of class <class>"),
];

fn gathers(run: &Run<'_>) -> bool {
    !run.recorder.keys.is_empty()
}

fn failed(counts: &[u64]) -> u64 {
    FAILED.iter().map(|&outcome| counts[outcome as usize]).sum()
}

fn cause(run: &Run<'_>, cause: Cause) -> Value {
    Some(ratio(run.recorder.causes[cause as usize] as f64, run.requests()))
}

fn limiter<'a>(run: &Run<'a>) -> Option<&'a LimiterBooks> {
    run.recorder.limiter.as_ref()
}

/// Values of zero.
fn zeros(histogram: &Fine) -> f64 {
    let zeros = histogram.buckets().first().filter(|bucket| bucket.0 == 0).map_or(0, |bucket| bucket.1);
    zeros as f64
}
