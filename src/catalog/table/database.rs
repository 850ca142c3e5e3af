//! The database, the fetches of one key at a time, and background refreshes.

use crate::catalog::Better::{Higher, Lower, Neither};
use crate::catalog::run::{Run, Value, ms, ratio};
use crate::catalog::{COUNT, MS, MeasureInfo, PER_SECOND, RATIO, SHARE, measure};

const BATCH: &str =
    "A batch that is written back is one request here; db.writes_per_request counts its keys.";
const PEAK: &str = "The peak does not depend on the width of windows; of a measured part shorter than a second it is the \
                    mean rate.";
const EVERY_INSTANT: &str = "The peak over every instant; it does not depend on the width of windows.";
const CAPACITY: &str = "Service times are those drawn, before contention and slow events. Of several stations (the primary, each \
                        replica) the one that saturates first bounds the whole. A connection is held for the service and both ways \
                        through the network; background load and batches that are written back need none. Under contention it is \
                        the maximum over the number in service. Absent where nothing bounds the load.";
const HEADROOM: &str = "100 % leaves none, 250 % is room for 2.5 times the load. It takes the load of the database to grow with the \
                        traffic, in the same mix; a hit ratio that moves with the traffic makes the real factor another.";
const HALF_OPEN: &str = "Open and half-open count.";

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "db.qps.mean",
        PER_SECOND,
        Lower,
        "requests arriving at the database per second: fetches, retries, refreshes, writes and background load",
        |run| run.rate(|totals| totals.db_arrivals),
    )
    .spoken("mean database load")
    .note(BATCH)
    .over_time_as("db.qps", PER_SECOND, |run| run.rate_by_tick(|totals| totals.db_arrivals as f64)),
    measure(
        "db.qps.peak",
        PER_SECOND,
        Lower,
        "database arrivals in the busiest second, wherever it begins (in steps of 10 ms)",
        |run| Some(Some(peak_per_s(run))),
    )
    .spoken("peak database load")
    .note(PEAK)
    .changed(2, "the busiest window"),
    measure(
        "db.capacity",
        PER_SECOND,
        Higher,
        "requests per second of the run's own mix (reads, writes, background load as they occurred) that the database can \
         carry: servers, or the instances' connections if these are fewer, over the mean service time",
        capacity_per_s,
    )
    .spoken("database capacity")
    .note(CAPACITY),
    measure(
        "db.utilization.peak",
        RATIO,
        Lower,
        "db.qps.peak over db.capacity: the share of the database that the busiest second takes",
        |run| Some(capacity_per_s(run)?.map(|capacity| peak_per_s(run) / capacity)),
    )
    .spoken("peak database utilisation")
    .note("The ratio may exceed 100 %: then that second leaves a queue."),
    measure(
        "db.headroom",
        RATIO,
        Higher,
        "db.capacity over db.qps.peak: the factor by which the peak load could grow",
        |run| Some(capacity_per_s(run)?.and_then(|capacity| ratio(capacity, peak_per_s(run)))),
    )
    .spoken("database headroom")
    .note(HEADROOM),
    measure(
        "db.fetches.rate",
        PER_SECOND,
        Lower,
        "reads of the database started for the cache (misses and refreshes, without retries)",
        |run| run.rate(|totals| totals.db_fetches),
    )
    .spoken("fetches"),
    measure(
        "db.concurrency.mean",
        COUNT,
        Neither,
        "mean number of requests in service at the database",
        |run| Some(Some(busy_ns(run) / measured_ns(run))),
    )
    .over_time_as("db.concurrency", COUNT, |run| {
        run.rate_by_tick(|totals| totals.db_busy_ns as f64 / 1e9)
    }),
    measure(
        "db.concurrency.peak",
        COUNT,
        Lower,
        "most requests in service at the database at once",
        |run| Some(Some(run.recorder.db_concurrency_peak as f64)),
    )
    .spoken("peak database concurrency")
    .note(EVERY_INSTANT),
    measure(
        "db.utilization",
        SHARE,
        Lower,
        "mean share of the database's servers that is busy",
        |run| {
            let servers = run.model.database.all_servers()?;
            Some(Some(busy_ns(run) / measured_ns(run) / servers as f64))
        },
    )
    .spoken("database utilisation")
    .note("Over the servers of the primary and all replicas."),
    measure("db.pool.wait.mean_ms", MS, Lower, "mean wait for a database connection", |run| {
        has_pool(run)?;
        Some(run.recorder.db_pool_wait.mean().map(|ns| ns / 1e6))
    }),
    measure(
        "db.pool.wait.p99_ms",
        MS,
        Lower,
        "99th percentile of the wait for a database connection",
        |run| {
            has_pool(run)?;
            Some(ms(run.recorder.db_pool_wait.quantile(0.99)))
        },
    ),
    measure(
        "db.pool.saturation",
        SHARE,
        Lower,
        "mean share of the instances' database connections in use",
        |run| {
            let connections = pool(run)?;
            let in_use_ns = run.gained_ns(|totals| totals.db_pool_busy_ns);
            Some(Some(in_use_ns / measured_ns(run) / connections))
        },
    )
    .over_time(|run| {
        let connections = pool(run)?;
        run.rate_by_tick(|totals| totals.db_pool_busy_ns as f64 / 1e9 / connections)
    }),
    measure(
        "db.pool.waited.ratio",
        SHARE,
        Lower,
        "requests that found no database connection free",
        |run| {
            has_pool(run)?;
            let waited = run.gained(|totals| totals.db_pool_waited);
            Some(ratio(waited as f64, run.gained(|totals| totals.db_pool_asked) as f64))
        },
    )
    .over_time(|run| {
        has_pool(run)?;
        run.share_by_tick(|totals| (totals.db_pool_waited, totals.db_pool_asked))
    }),
    measure("db.queue.mean_ms", MS, Lower, "mean wait in the database's queue", |run| {
        Some(run.recorder.db_queue.mean().map(|ns| ns / 1e6))
    }),
    measure("db.queue.p99_ms", MS, Lower, "99th percentile of the wait in the database's queue", |run| {
        Some(ms(run.recorder.db_queue.quantile(0.99)))
    })
    .spoken("p99 wait in the database's queue"),
    measure("db.queue.peak", COUNT, Lower, "longest database queue seen", |run| {
        Some(Some(run.recorder.db_queue_peak as f64))
    })
    .spoken("longest database queue")
    .note(EVERY_INSTANT)
    .over_time_as("db.queue.length", COUNT, |run| run.by_tick(|tick| Some(tick.gauges.db_queue as f64))),
    measure("db.waited.ratio", SHARE, Lower, "database requests that had to queue", |run| {
        let waited = run.gained(|totals| totals.db_waited);
        Some(ratio(waited as f64, run.recorder.db_queue.count() as f64))
    }),
    measure(
        "db.duplicate_fetches",
        PER_SECOND,
        Lower,
        "fetches of a key that was already being fetched, per second",
        |run| run.rate(|totals| totals.db_duplicates),
    )
    .spoken("duplicate fetches"),
    measure("db.retries.rate", PER_SECOND, Lower, "repeated database attempts per second", |run| {
        run.rate(|totals| totals.db_retries)
    }),
    measure(
        "db.retries.refused.rate",
        PER_SECOND,
        Neither,
        "retries that the retry budget refused, per second",
        |run| {
            run.model.database.retries.budget.as_ref()?;
            run.rate(|totals| totals.db_retries_refused)
        },
    ),
    measure(
        "db.breaker.open.ratio",
        SHARE,
        Lower,
        "share of the time in which the database's circuit breaker is not closed, over all instances",
        |run| {
            run.model.database.breaker.as_ref()?;
            let open_ns = run.gained(|totals| totals.db_breaker_open_ns);
            Some(Some(open_ns as f64 / instance_ns(run)))
        },
    )
    .note(HALF_OPEN),
    measure(
        "db.breaker.trips",
        COUNT,
        Lower,
        "how often the database's circuit breaker opened, over all instances",
        |run| {
            run.model.database.breaker.as_ref()?;
            Some(Some(run.gained(|totals| totals.db_breaker_trips) as f64))
        },
    ),
    measure(
        "db.limit.mean",
        COUNT,
        Neither,
        "mean of an instance's adaptive limit of database calls under way",
        |run| {
            run.model.database.limit.as_ref()?;
            Some(Some(run.gained_ns(|totals| totals.db_limit_ns) / instance_ns(run)))
        },
    ),
    measure(
        "db.hedges.rate",
        PER_SECOND,
        Lower,
        "second attempts sent because the first had not answered, per second",
        |run| {
            run.model.database.hedge.as_ref()?;
            run.rate(|totals| totals.db_hedges)
        },
    ),
    measure(
        "db.hedges.ratio",
        RATIO,
        Lower,
        "second attempts over the first ones (fetches and their retries; a write's retry counts among these)",
        |run| {
            run.model.database.hedge.as_ref()?;
            let first = run.gained(|totals| totals.db_fetches + totals.db_retries);
            Some(ratio(run.gained(|totals| totals.db_hedges) as f64, first as f64))
        },
    ),
    measure(
        "db.hedges.won.ratio",
        SHARE,
        Neither,
        "second attempts that answered first, over all second attempts",
        |run| {
            run.model.database.hedge.as_ref()?;
            let won = run.gained(|totals| totals.db_hedges_won);
            Some(ratio(won as f64, run.gained(|totals| totals.db_hedges) as f64))
        },
    ),
];

pub const STAMPEDES: &[MeasureInfo] = &[
    measure(
        "stampede.mean",
        COUNT,
        Lower,
        "mean number of fetches of a key from the first until none is in flight",
        |run| Some(run.recorder.stampedes.mean()),
    )
    .spoken("mean stampede size"),
    measure(
        "stampede.max",
        COUNT,
        Lower,
        "largest number of fetches of one key from the first until none is in flight",
        |run| Some(run.recorder.stampedes.max().map(|size| size as f64)),
    )
    .spoken("largest stampede"),
    measure("refreshes.rate", PER_SECOND, Neither, "background refreshes started per second", |run| {
        run.rate(|totals| totals.refreshes)
    }),
];

fn busy_ns(run: &Run<'_>) -> f64 {
    run.gained_ns(|totals| totals.db_busy_ns)
}

/// Arrivals in the busiest second.
fn peak_per_s(run: &Run<'_>) -> f64 {
    run.recorder.db_busiest.most() as f64 / run.measured_s().min(1.0)
}

fn capacity_per_s(run: &Run<'_>) -> Value {
    run.model
        .ever(|revision| revision.database.bounds_load())
        .then(|| run.recorder.db_capacity_per_s(run.model))
}

fn measured_ns(run: &Run<'_>) -> f64 {
    run.measured_s() * 1e9
}

fn instance_ns(run: &Run<'_>) -> f64 {
    measured_ns(run) * f64::from(run.model.clients.instances)
}

/// Whether instances have pools at any time.
fn has_pool(run: &Run<'_>) -> Option<()> {
    run.model.ever(|revision| revision.database.pool.is_some()).then_some(())
}

/// Connections of all instances; `None` where there is no pool, or where its size changes during the run.
fn pool(run: &Run<'_>) -> Option<f64> {
    if run.model.changes(|revision| revision.database.pool) {
        return None;
    }
    Some(f64::from(run.model.database.pool?) * f64::from(run.model.clients.instances))
}
