//! All tiers together, and each of them.

use crate::catalog::Better::{Higher, Lower, Neither};
use crate::catalog::run::{READS, ms, ratio, seconds};
use crate::catalog::tier::{
    ages, answered, busy_by_tick, connections, counted_expired, has_pool, linked, peak_of_all, wire,
};
use crate::catalog::{
    BYTES, BYTES_PER_SECOND, COUNT, MS, MeasureInfo, PER_SECOND, S, SHARE, measure, only_over_time,
};

const PEAK: &str =
    "The content is sampled every 100 ms (in runs longer than 28 hours: every millionth of the run).";
const END_OF_WINDOW: &str = "the most at the end of a window";
const SAMPLED: &str = "Up to 256 entries are sampled at the end of each window. Entries that have expired, or never do, do \
                       not count.";

pub const TOGETHER: &[MeasureInfo] = &[
    measure(
        "memory.peak_bytes",
        BYTES,
        Lower,
        "most bytes in all tiers together, sampled every 100 ms",
        |run| peak_of_all(run, |(_, bytes)| bytes),
    )
    .spoken("peak memory")
    .note(PEAK)
    .changed(2, END_OF_WINDOW),
    measure(
        "entries.peak",
        COUNT,
        Neither,
        "most entries in all tiers together, sampled every 100 ms",
        |run| peak_of_all(run, |(entries, _)| entries),
    )
    .note(PEAK)
    .changed(2, END_OF_WINDOW),
    measure("evictions.rate", PER_SECOND, Neither, "entries evicted per second, all tiers", |run| {
        Some(run.per_second(run.all_tiers(|totals| totals.evictions)?))
    }),
    measure(
        "expirations.rate",
        PER_SECOND,
        Neither,
        "expired entries removed or replaced per second, all tiers",
        |run| Some(run.per_second(run.all_tiers(|totals| totals.expirations)?)),
    ),
];

pub const ROWS: &[MeasureInfo] = &[
    measure(
        "tier.<tier>.hit_ratio",
        SHARE,
        Higher,
        "lookups in this tier that found a usable entry",
        |run| {
            let tier = run.tier();
            Some(ratio(tier.gained(|to| to.hits) as f64, tier.gained(|to| to.lookups) as f64))
        },
    )
    .spoken("hit ratio of tier <tier>")
    .over_time(|run| run.share_by_tick(|totals| (totals.tiers[run.index].hits, totals.tiers[run.index].lookups))),
    measure("tier.<tier>.requests.rate", PER_SECOND, Neither, "lookups in this tier per second", |run| {
        Some(run.per_second(run.tier().gained(|to| to.lookups)))
    })
    .spoken("lookups of tier <tier>"),
    measure("tier.<tier>.hit.share", SHARE, Neither, "share of all reads that this tier answered", |run| {
        Some(ratio(answered(run), run.keys(READS)))
    })
    .spoken("share of reads answered of tier <tier>"),
    measure(
        "tier.<tier>.stale.ratio",
        SHARE,
        Lower,
        "of the reads that this tier answered, those that got a superseded version",
        |run| Some(ratio(ages(run)?.count() as f64, answered(run))),
    )
    .spoken("share of stale answers of tier <tier>")
    .note("A read that waited for the answer of this tier counts as answered by it."),
    measure(
        "tier.<tier>.stale.age.p50_s",
        S,
        Lower,
        "median age of staleness, of stale reads that this tier answered",
        |run| Some(seconds(ages(run)?.quantile(0.5))),
    ),
    measure(
        "tier.<tier>.stale.age.p99_s",
        S,
        Lower,
        "99th percentile of the age of staleness, of stale reads that this tier answered",
        |run| Some(seconds(ages(run)?.quantile(0.99))),
    ),
    measure(
        "tier.<tier>.entries.peak",
        COUNT,
        Neither,
        "most entries in this tier, sampled every 100 ms",
        |run| Some(Some(run.recorder.content_peaks[run.index].0 as f64)),
    )
    .note(PEAK)
    .changed(2, END_OF_WINDOW)
    .over_time_as("tier.<tier>.entries", COUNT, |run| {
        run.by_tick(|tick| Some(tick.gauges.tiers[run.index].0 as f64))
    }),
    measure(
        "tier.<tier>.memory.peak_bytes",
        BYTES,
        Neither,
        "most bytes in this tier, sampled every 100 ms",
        |run| Some(Some(run.recorder.content_peaks[run.index].1 as f64)),
    )
    .note(PEAK)
    .changed(2, END_OF_WINDOW)
    .over_time_as("tier.<tier>.bytes", BYTES, |run| {
        run.by_tick(|tick| Some(tick.gauges.tiers[run.index].1 as f64))
    }),
    only_over_time(
        "tier.<tier>.entries.expired",
        COUNT,
        "entries that have expired and still take memory, in a tier kept as Redis keeps it",
        |run| {
            run.tier().tier.redis.as_ref()?;
            run.by_tick(|tick| tick.gauges.expired[run.index].map(|count| count as f64))
        },
    ),
    measure(
        "tier.<tier>.evictions.rate",
        PER_SECOND,
        Neither,
        "entries evicted from this tier per second",
        |run| Some(run.per_second(run.tier().gained(|to| to.evictions))),
    )
    .over_time_as("tier.<tier>.evictions", PER_SECOND, |run| {
        run.rate_by_tick(|totals| totals.tiers[run.index].evictions as f64)
    }),
    measure(
        "tier.<tier>.expirations.rate",
        PER_SECOND,
        Neither,
        "expired entries removed from or replaced in this tier per second",
        |run| Some(run.per_second(run.tier().gained(|to| to.expirations))),
    )
    .over_time_as("tier.<tier>.expirations", PER_SECOND, |run| {
        run.rate_by_tick(|totals| totals.tiers[run.index].expirations as f64)
    }),
    measure(
        "tier.<tier>.ttl.p10_s",
        S,
        Neither,
        "10th percentile of the time that entries of this tier have left to live, mean over the windows \
         (measure.remaining_ttl)",
        |run| run.mean_left(|left| left.ttl_s(0)),
    )
    .note(SAMPLED)
    .over_time(|run| run.left_by_tick(|left| left.ttl_s(0))),
    measure(
        "tier.<tier>.ttl.p50_s",
        S,
        Neither,
        "median of the time that entries of this tier have left to live, mean over the windows",
        |run| run.mean_left(|left| left.ttl_s(1)),
    )
    .note(SAMPLED)
    .over_time(|run| run.left_by_tick(|left| left.ttl_s(1))),
    measure(
        "tier.<tier>.ttl.p90_s",
        S,
        Neither,
        "90th percentile of the time that entries of this tier have left to live, mean over the windows",
        |run| run.mean_left(|left| left.ttl_s(2)),
    )
    .note(SAMPLED)
    .over_time(|run| run.left_by_tick(|left| left.ttl_s(2))),
    measure(
        "tier.<tier>.expired.ratio",
        SHARE,
        Lower,
        "of the entries in this tier, those that have expired and still take memory, averaged over the ends of windows \
         (counted in a tier kept as Redis keeps it, sampled with measure.remaining_ttl)",
        |run| match run.tier().tier.redis {
            Some(_) => Some(counted_expired(run)),
            None => run.mean_left(|left| left.expired),
        },
    )
    .over_time(|run| run.left_by_tick(|left| left.expired)),
    measure("tier.<tier>.pool.saturation", SHARE, Lower, "mean share of the instances' connections to this tier in use", |run| {
        let tier = run.tier();
        let connections = connections(run, &tier)?;
        let in_use_s = (tier.to.pool_busy_ns - tier.from.pool_busy_ns) as f64 / 1e9;
        Some(Some(in_use_s / run.measured_s() / connections))
    })
    .over_time(|run| {
        let connections = connections(run, &run.tier())?;
        run.rate_by_tick(|totals| totals.tiers[run.index].pool_busy_ns as f64 / 1e9 / connections)
    }),
    measure(
        "tier.<tier>.pool.waited.ratio",
        SHARE,
        Lower,
        "commands to this tier that found no connection free",
        |run| {
            let tier = run.tier();
            has_pool(run)?;
            Some(ratio(tier.gained(|to| to.pool_waited) as f64, tier.gained(|to| to.pool_asked) as f64))
        },
    )
    .over_time(|run| {
        has_pool(run)?;
        run.share_by_tick(|totals| (totals.tiers[run.index].pool_waited, totals.tiers[run.index].pool_asked))
    }),
    measure(
        "tier.<tier>.pool.wait.p99_ms",
        MS,
        Lower,
        "99th percentile of the wait for a connection to this tier",
        |run| {
            has_pool(run)?;
            Some(ms(run.recorder.tier_pool_wait[run.index].quantile(0.99)))
        },
    ),
    measure(
        "tier.<tier>.utilization",
        SHARE,
        Lower,
        "share of the time this tier's server is busy; the mean over its nodes",
        |run| {
            let tier = run.tier();
            let nodes = f64::from(tier.shared()?.nodes);
            let busy_s = tier.gained(|to| to.busy_ns) as f64 / 1e9;
            Some(Some((busy_s / run.measured_s() / nodes).min(1.0)))
        },
    )
    .over_time(|run| busy_by_tick(run, |shares| (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64))),
    measure(
        "tier.<tier>.node.utilization.max",
        SHARE,
        Lower,
        "share of the time the busiest node of this tier is busy",
        |run| {
            let (most_ns, _) = run.tier().busiest(|node| node.busy_ns)?;
            Some(Some(most_ns as f64 / 1e9 / run.measured_s()))
        },
    )
    .over_time(|run| busy_by_tick(run, |shares| shares.iter().copied().reduce(f64::max))),
    measure(
        "tier.<tier>.node.share.max",
        SHARE,
        Lower,
        "share of this tier's commands that the node with most of them got (one over the number of nodes where they are \
         even)",
        |run| {
            let (most, all) = run.tier().busiest(|node| node.commands)?;
            Some(ratio(most as f64, all as f64))
        },
    ),
    measure(
        "tier.<tier>.wire.bytes_per_s",
        BYTES_PER_SECOND,
        Lower,
        "bytes of keys and values that travel to and from this tier per second",
        |run| {
            let tier = run.tier();
            wire(run, &tier)?;
            Some(run.per_second(tier.gained(|to| to.wire_bytes)))
        },
    )
    .note(
        "Of each command that the server served: its key, and the value where one travels, compressed where it is; the \
         protocol's own bytes are not counted (measure.wire).",
    )
    .over_time(|run| {
        wire(run, &run.tier())?;
        run.rate_by_tick(|totals| totals.tiers[run.index].wire_bytes as f64)
    }),
    measure(
        "tier.<tier>.round_trips.rate",
        PER_SECOND,
        Lower,
        "commands sent to this tier per second (lookups, fills, deletes)",
        |run| {
            let tier = run.tier();
            tier.shared()?;
            Some(run.per_second(tier.gained(|to| to.commands)))
        },
    )
    .over_time_as("tier.<tier>.round_trips", PER_SECOND, |run| {
        run.tier().shared()?;
        run.rate_by_tick(|totals| totals.tiers[run.index].commands as f64)
    }),
    measure(
        "tier.<tier>.client.cores",
        COUNT,
        Lower,
        "processors that the clients need to write and read values of this tier (serialization and compression)",
        |run| {
            let tier = run.tier();
            tier.shared().filter(|shared| shared.bytes_cost())?;
            Some(Some(tier.gained(|to| to.coding_ns) as f64 / 1e9 / run.measured_s()))
        },
    ),
    measure(
        "tier.<tier>.link.utilization",
        SHARE,
        Lower,
        "share of the time the network link of a node of this tier is in use, in the busier direction; the mean over its \
         nodes",
        |run| {
            let tier = run.tier();
            let nodes = f64::from(linked(&tier)?.nodes);
            let busy_s = |way: usize| tier.gained(|to| to.link_busy_ns[way]) as f64 / 1e9;
            let share = busy_s(0).max(busy_s(1)) / run.measured_s() / nodes;
            Some(Some(share.min(1.0)))
        },
    ),
    measure(
        "tier.<tier>.link.utilization.max",
        SHARE,
        Lower,
        "share of the time the busiest link of a node of this tier is in use, in its busier direction",
        |run| {
            let tier = run.tier();
            linked(&tier)?;
            let most = |way: usize| tier.busiest(|node| node.link_busy_ns[way]);
            let share = most(0)?.0.max(most(1)?.0) as f64 / 1e9 / run.measured_s();
            Some(Some(share.min(1.0)))
        },
    ),
    measure(
        "tier.<tier>.queue.p99_ms",
        MS,
        Lower,
        "99th percentile of the wait in this tier's server queue",
        |run| {
            run.tier().shared()?;
            Some(ms(run.recorder.tier_queue[run.index].quantile(0.99)))
        },
    ),
    measure(
        "tier.<tier>.breaker.open.ratio",
        SHARE,
        Lower,
        "share of the time in which the circuit breaker of this tier is not closed, over all instances",
        |run| {
            let tier = run.tier();
            tier.shared()?.breaker.as_ref()?;
            let all_ns = run.measured_s() * 1e9 * f64::from(run.model.clients.instances);
            Some(Some(tier.gained(|to| to.breaker_open_ns) as f64 / all_ns))
        },
    ),
    measure(
        "tier.<tier>.breaker.trips",
        COUNT,
        Lower,
        "how often the circuit breaker of this tier opened, over all instances",
        |run| {
            let tier = run.tier();
            tier.shared()?.breaker.as_ref()?;
            Some(Some(tier.gained(|to| to.breaker_trips) as f64))
        },
    ),
    measure(
        "tier.<tier>.failures.rate",
        PER_SECOND,
        Lower,
        "lookups this tier did not answer, per second",
        |run| {
            let tier = run.tier();
            tier.shared()?;
            Some(run.per_second(tier.gained(|to| to.failures)))
        },
    ),
    measure(
        "tier.<tier>.failed_fills.rate",
        PER_SECOND,
        Lower,
        "fills that did not take effect, per second",
        |run| Some(run.per_second(run.tier().gained(|to| to.failed_fills))),
    ),
    measure(
        "tier.<tier>.refused_sets.rate",
        PER_SECOND,
        Neither,
        "SETs refused because they were older than the entry or than a tombstone, per second",
        |run| {
            let is_ahead = run.model.write_back().is_some_and(|(level, _)| level == run.index);
            let refuses = run.model.write_options.tombstone_ttl_ns.is_some() || is_ahead;
            refuses.then(|| run.per_second(run.tier().gained(|to| to.refused_sets)))
        },
    ),
];
