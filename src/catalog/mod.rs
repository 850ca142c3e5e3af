//! Every measure: its unit, which way is better, and what it means. Names in thresholds, headlines, tables
//! and charts are looked up here.

pub mod claim;

/// Which way a measure improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
    /// Neither: it describes, it does not judge.
    Neither,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct MeasureInfo {
    /// `<tier>`, `<class>` and `<event>` stand for a name of the scenario.
    pub pattern: &'static str,
    /// `ms`, `s`, `1/s`, `bytes`, `bytes/s`, `1` (a share or a ratio), `count`.
    pub unit: &'static str,
    pub better: Better,
    pub meaning: &'static str,
}

impl MeasureInfo {
    /// Whether a measure with the unit `1` is a ratio of two counts rather than a share of a whole.
    pub fn may_exceed_one(&self) -> bool {
        matches!(
            self.pattern,
            "db.writes_per_request" | "db.hedges.ratio" | "event.<event>.db.utilization.peak"
        )
    }

    /// The least and the most that there can be: nothing that is counted or timed is below zero, no share above one. The
    /// interval of a few values may reach further.
    ///
    /// ```
    /// use herdlab::catalog::find;
    /// assert_eq!(find("hit_ratio").unwrap().bounds(), (0.0, 1.0));
    /// assert_eq!(find("stampede.max").unwrap().bounds(), (0.0, f64::INFINITY));
    /// assert_eq!(find("db.hedges.ratio").unwrap().bounds(), (0.0, f64::INFINITY));
    /// ```
    pub fn bounds(&self) -> (f64, f64) {
        let share = self.unit == "1" && !self.may_exceed_one();
        (0.0, if share { 1.0 } else { f64::INFINITY })
    }
}

macro_rules! catalog {
    ($($pattern:literal, $unit:literal, $better:ident, $meaning:literal;)*) => {
        /// All measures, in the order in which tables show them.
        pub const CATALOG: &[MeasureInfo] = &[$(MeasureInfo {
            pattern: $pattern, unit: $unit, better: Better::$better, meaning: $meaning,
        }),*];
    };
}

catalog! {
    "hit_ratio", "1", Higher, "reads answered from a tier (hits, negative hits, stale hits) over all reads that did not end in error";
    "db.qps.mean", "1/s", Lower, "requests arriving at the database per second: fetches, retries, refreshes, writes and background load";
    "db.qps.peak", "1/s", Lower, "database arrivals in the busiest second, wherever it begins (in steps of 10 ms)";
    "latency.all.mean_ms", "ms", Lower, "all requests, from their intended start to the answer, errors and unfinished ones included";
    "latency.all.p50_ms", "ms", Lower, "median over all requests";
    "latency.all.p90_ms", "ms", Lower, "90th percentile over all requests";
    "latency.all.p95_ms", "ms", Lower, "95th percentile over all requests";
    "latency.all.p99_ms", "ms", Lower, "99th percentile over all requests";
    "latency.all.p999_ms", "ms", Lower, "99.9th percentile over all requests";
    "latency.all.max_ms", "ms", Lower, "slowest request";
    "latency.hit.mean_ms", "ms", Lower, "reads answered from a tier (hits, negative hits and stale hits together)";
    "latency.hit.p50_ms", "ms", Lower, "median of reads answered from a tier";
    "latency.hit.p90_ms", "ms", Lower, "90th percentile of reads answered from a tier";
    "latency.hit.p95_ms", "ms", Lower, "95th percentile of reads answered from a tier";
    "latency.hit.p99_ms", "ms", Lower, "99th percentile of reads answered from a tier";
    "latency.hit.p999_ms", "ms", Lower, "99.9th percentile of reads answered from a tier";
    "latency.hit.max_ms", "ms", Lower, "slowest read answered from a tier";
    "latency.miss.mean_ms", "ms", Lower, "reads that led a fetch";
    "latency.miss.p50_ms", "ms", Lower, "median of reads that led a fetch";
    "latency.miss.p90_ms", "ms", Lower, "90th percentile of reads that led a fetch";
    "latency.miss.p95_ms", "ms", Lower, "95th percentile of reads that led a fetch";
    "latency.miss.p99_ms", "ms", Lower, "99th percentile of reads that led a fetch";
    "latency.miss.p999_ms", "ms", Lower, "99.9th percentile of reads that led a fetch";
    "latency.miss.max_ms", "ms", Lower, "slowest read that led a fetch";
    "latency.coalesced.mean_ms", "ms", Lower, "reads that waited for somebody else's fetch";
    "latency.coalesced.p50_ms", "ms", Lower, "median of reads that waited for somebody else's fetch";
    "latency.coalesced.p90_ms", "ms", Lower, "90th percentile of reads that waited for somebody else's fetch";
    "latency.coalesced.p95_ms", "ms", Lower, "95th percentile of reads that waited for somebody else's fetch";
    "latency.coalesced.p99_ms", "ms", Lower, "99th percentile of reads that waited for somebody else's fetch";
    "latency.coalesced.p999_ms", "ms", Lower, "99.9th percentile of reads that waited for somebody else's fetch";
    "latency.coalesced.max_ms", "ms", Lower, "slowest read that waited for somebody else's fetch";
    "latency.write.mean_ms", "ms", Lower, "writes, to their acknowledgement";
    "latency.write.p50_ms", "ms", Lower, "median of writes";
    "latency.write.p90_ms", "ms", Lower, "90th percentile of writes";
    "latency.write.p95_ms", "ms", Lower, "95th percentile of writes";
    "latency.write.p99_ms", "ms", Lower, "99th percentile of writes";
    "latency.write.p999_ms", "ms", Lower, "99.9th percentile of writes";
    "latency.write.max_ms", "ms", Lower, "slowest write";
    "latency.exists.mean_ms", "ms", Lower, "existence checks, to their answer from a tier or the database";
    "latency.exists.p50_ms", "ms", Lower, "median of existence checks";
    "latency.exists.p90_ms", "ms", Lower, "90th percentile of existence checks";
    "latency.exists.p95_ms", "ms", Lower, "95th percentile of existence checks";
    "latency.exists.p99_ms", "ms", Lower, "99th percentile of existence checks";
    "latency.exists.p999_ms", "ms", Lower, "99.9th percentile of existence checks";
    "latency.exists.max_ms", "ms", Lower, "slowest existence check";
    "latency.limiter.mean_ms", "ms", Lower, "from the start of a request to the rate limiter's decision about it";
    "latency.limiter.p50_ms", "ms", Lower, "median time to the rate limiter's decision";
    "latency.limiter.p99_ms", "ms", Lower, "99th percentile of the time to the rate limiter's decision";
    "latency.limiter.max_ms", "ms", Lower, "longest time to the rate limiter's decision";
    "slo.good.ratio", "1", Higher, "requests answered without an error within the service objective, over all requests (only with [slo])";
    "goodput", "1/s", Higher, "requests per second that were answered without an error";
    "error.ratio", "1", Lower, "requests that ended in an error or did not end, over all requests";
    "error.deadline.ratio", "1", Lower, "requests whose caller gave up (clients.deadline)";
    "error.db_timeout.ratio", "1", Lower, "requests whose last database attempt timed out";
    "error.db_rejected.ratio", "1", Lower, "requests refused because the database's queue was full";
    "error.db_down.ratio", "1", Lower, "requests refused because the database was down";
    "error.pool_timeout.ratio", "1", Lower, "requests that waited too long for a database connection";
    "error.tier.ratio", "1", Lower, "requests failed because a tier did not answer (on_failure = \"error\")";
    "error.limiter.ratio", "1", Neither, "requests turned away by the rate limiter";
    "error.crash.ratio", "1", Lower, "requests that ended because their instance crashed or refused them while it was down, or because the leader they waited for died (only with crash events)";
    "error.breaker.ratio", "1", Lower, "requests refused by the database's circuit breaker (only with a breaker)";
    "error.limit.ratio", "1", Lower, "requests refused by the database's adaptive concurrency limit (only with a limit)";
    "requests.all", "count", Neither, "measured requests";
    "requests.rate", "1/s", Neither, "measured requests per second";
    "requests.hit.ratio", "1", Neither, "reads answered by an entry within its TTL, over all requests";
    "requests.negative_hit.ratio", "1", Neither, "reads answered by a cached \"no such row\", over all requests";
    "requests.stale_hit.ratio", "1", Neither, "reads answered past the TTL on purpose, over all requests";
    "requests.coalesced.ratio", "1", Neither, "reads that waited for somebody else's fetch, over all requests";
    "requests.miss.ratio", "1", Neither, "reads that led a fetch, over all requests";
    "requests.write.ratio", "1", Neither, "writes, over all requests";
    "requests.exists.ratio", "1", Neither, "existence checks (they are among hits, misses and so on as well), over all requests";
    "exists.hit_ratio", "1", Higher, "existence checks answered from a tier, over all that were answered";
    "keys.hit_ratio", "1", Higher, "keys of reads answered from a tier over all that were answered; a request of several keys is a hit only if all of them are (only with keys_per_request)";
    "keys.rate", "1/s", Neither, "keys of reads per second whose way has ended (only with keys_per_request)";
    "requests.unfinished.ratio", "1", Lower, "requests still in flight when the drain limit was reached";
    "requests.in_system.mean", "count", Neither, "mean number of requests in the system while arrivals lasted (Little's L)";
    "limiter.overshoot.mean", "count", Lower, "requests admitted above the limit, mean over the windows of a caller that reached it";
    "limiter.overshoot.max", "count", Lower, "most requests of one caller that one window admitted above the limit";
    "limiter.overshoot.ratio", "1", Lower, "of the windows of a caller that reached the limit, those that admitted more";
    "limiter.stuck", "count", Lower, "counters that never expire at the end of the run: INCR came after the expiry";
    "db.fetches.rate", "1/s", Lower, "reads of the database started for the cache (misses and refreshes, without retries)";
    "db.concurrency.mean", "count", Neither, "mean number of requests in service at the database";
    "db.concurrency.peak", "count", Lower, "most requests in service at the database at once";
    "db.utilization", "1", Lower, "mean share of the database's servers that is busy";
    "db.queue.mean_ms", "ms", Lower, "mean wait in the database's queue";
    "db.queue.p99_ms", "ms", Lower, "99th percentile of the wait in the database's queue";
    "db.queue.peak", "count", Lower, "longest database queue seen";
    "db.waited.ratio", "1", Lower, "database requests that had to queue";
    "db.pool.wait.mean_ms", "ms", Lower, "mean wait for a database connection";
    "db.pool.wait.p99_ms", "ms", Lower, "99th percentile of the wait for a database connection";
    "db.pool.saturation", "1", Lower, "mean share of the instances' database connections in use";
    "db.pool.waited.ratio", "1", Lower, "requests that found no database connection free";
    "db.duplicate_fetches", "1/s", Lower, "fetches of a key that was already being fetched, per second";
    "db.retries.rate", "1/s", Lower, "repeated database attempts per second";
    "db.retries.refused.rate", "1/s", Neither, "retries that the retry budget refused, per second";
    "db.breaker.open.ratio", "1", Lower, "share of the time in which the database's circuit breaker is not closed, over all instances";
    "db.breaker.trips", "count", Lower, "how often the database's circuit breaker opened, over all instances";
    "db.limit.mean", "count", Neither, "mean of an instance's adaptive limit of database calls under way";
    "db.hedges.rate", "1/s", Lower, "second attempts sent because the first had not answered, per second";
    "db.hedges.ratio", "1", Lower, "second attempts over the first ones (fetches and their retries; a write's retry counts among these)";
    "db.hedges.won.ratio", "1", Neither, "second attempts that answered first, over all second attempts";
    "stampede.mean", "count", Lower, "mean number of fetches of a key from the first until none is in flight";
    "stampede.max", "count", Lower, "largest number of fetches of one key from the first until none is in flight";
    "refreshes.rate", "1/s", Neither, "background refreshes started per second";
    "stale.ratio", "1", Lower, "reads answered with a version that had been superseded before they started, over all answered reads";
    "stale.age.p50_s", "s", Lower, "median age of staleness, of stale reads";
    "stale.age.p99_s", "s", Lower, "99th percentile of the age of staleness, of stale reads";
    "db.stale.ratio", "1", Lower, "of the reads that the database answered, those that got a superseded version";
    "db.stale.age.p50_s", "s", Lower, "median age of staleness, of stale reads that the database answered";
    "db.stale.age.p99_s", "s", Lower, "99th percentile of the age of staleness, of stale reads that the database answered";
    "creations.rate", "1/s", Neither, "rows created by writes per second";
    "negative.invisible.ratio", "1", Lower, "created rows of which a read was told later that they do not exist, over all created rows";
    "negative.invisible.mean_s", "s", Lower, "from the creation of a row to the start of the last read that was told there is none, mean over such rows";
    "negative.invisible.max_s", "s", Lower, "longest time from the creation of a row to the start of a read that was told there is none";
    "stale.acknowledged.ratio", "1", Lower, "reads that got an older version than one whose write had been acknowledged before they started, over all answered reads";
    "db.writes_per_request", "1", Lower, "writes arriving at the database (of a batch that is written back: its keys), retries included, over all requests";
    "writes.phantom_reads", "count", Lower, "reads that got a value which was never committed";
    "writes.phantom_reads.ratio", "1", Lower, "reads that got a value which was never committed, over all answered reads";
    "writes.rolled_back.ratio", "1", Neither, "writes whose transaction rolled back, over all answered writes";
    "writes.coalesced.ratio", "1", Higher, "under write-back, writes of a key that was dirty already, over all writes that the tier took: the database never sees them apart";
    "writes.flush_lag.mean_s", "s", Lower, "from the first write of a dirty key to the commit of its batch, mean over the keys of all batches";
    "writes.flush_lag.p99_s", "s", Lower, "99th percentile of the time from the first write of a dirty key to the commit of its batch";
    "writes.flush_lag.max_s", "s", Lower, "longest time from the first write of a dirty key to the commit of its batch";
    "writes.lost", "count", Lower, "writes that a write-back tier took and the database never got, neither them nor a later one of their key";
    "writes.lost_age.max_s", "s", Lower, "longest time from the write that a tier took to the instant at which it was lost";
    "writes.unflushed", "count", Neither, "keys whose newest value the database had not confirmed when the run ended: neither lost nor written";
    "writes.unflushed.peak", "count", Neither, "most keys at once whose newest value the database had not confirmed";
    "cdc.lag.mean_s", "s", Lower, "mean time from a commit to the DELETEs of the change stream";
    "cdc.lag.p50_s", "s", Lower, "median time from a commit to the DELETEs of the change stream";
    "cdc.lag.p99_s", "s", Lower, "99th percentile of the time from a commit to the DELETEs of the change stream";
    "cdc.lag.max_s", "s", Lower, "longest time from a commit to the DELETEs of the change stream";
    "cdc.backlog.peak", "count", Lower, "most committed changes at once that the consumer of the change stream had not handled";
    "value.age.max_s", "s", Lower, "oldest value served: time since it was read from the database";
    "memory.peak_bytes", "bytes", Lower, "most bytes in all tiers together, looked at every 100 ms";
    "entries.peak", "count", Neither, "most entries in all tiers together, looked at every 100 ms";
    "evictions.rate", "1/s", Neither, "entries evicted per second, all tiers";
    "expirations.rate", "1/s", Neither, "expired entries removed or replaced per second, all tiers";
    "tier.<tier>.hit_ratio", "1", Higher, "look-ups in this tier that found a usable entry";
    "tier.<tier>.requests.rate", "1/s", Neither, "look-ups in this tier per second";
    "tier.<tier>.round_trips.rate", "1/s", Lower, "commands sent to this tier per second (look-ups, fills, deletes)";
    "tier.<tier>.client.cores", "count", Lower, "processors that the clients need to write and read values of this tier (serialization and compression)";
    "tier.<tier>.link.utilization", "1", Lower, "share of the time the network link of a node of this tier is in use, in the busier direction; the mean over its nodes";
    "tier.<tier>.link.utilization.max", "1", Lower, "share of the time the busiest link of a node of this tier is in use, in its busier direction";
    "tier.<tier>.wire.bytes_per_s", "bytes/s", Lower, "bytes of keys and values that travel to and from this tier per second";
    "tier.<tier>.hit.share", "1", Neither, "share of all reads that this tier answered";
    "tier.<tier>.stale.ratio", "1", Lower, "of the reads that this tier answered, those that got a superseded version";
    "tier.<tier>.stale.age.p50_s", "s", Lower, "median age of staleness, of stale reads that this tier answered";
    "tier.<tier>.stale.age.p99_s", "s", Lower, "99th percentile of the age of staleness, of stale reads that this tier answered";
    "tier.<tier>.entries.peak", "count", Neither, "most entries in this tier, looked at every 100 ms";
    "tier.<tier>.memory.peak_bytes", "bytes", Neither, "most bytes in this tier, looked at every 100 ms";
    "tier.<tier>.evictions.rate", "1/s", Neither, "entries evicted from this tier per second";
    "tier.<tier>.expirations.rate", "1/s", Neither, "expired entries removed from or replaced in this tier per second";
    "tier.<tier>.ttl.p10_s", "s", Neither, "10th percentile of the time that entries of this tier have left to live, mean over the windows (measure.remaining_ttl)";
    "tier.<tier>.ttl.p50_s", "s", Neither, "median of the time that entries of this tier have left to live, mean over the windows";
    "tier.<tier>.ttl.p90_s", "s", Neither, "90th percentile of the time that entries of this tier have left to live, mean over the windows";
    "tier.<tier>.expired.ratio", "1", Lower, "of the entries in this tier, those that have expired and still take memory, averaged over the ends of windows (counted in a tier kept as Redis keeps it, sampled with measure.remaining_ttl)";
    "tier.<tier>.utilization", "1", Lower, "share of the time this tier's server is busy; the mean over its nodes";
    "tier.<tier>.node.utilization.max", "1", Lower, "share of the time the busiest node of this tier is busy";
    "tier.<tier>.node.share.max", "1", Lower, "share of this tier's commands that the node with most of them got (one over the number of nodes where they are even)";
    "tier.<tier>.queue.p99_ms", "ms", Lower, "99th percentile of the wait in this tier's server queue";
    "tier.<tier>.pool.saturation", "1", Lower, "mean share of the instances' connections to this tier in use";
    "tier.<tier>.pool.waited.ratio", "1", Lower, "commands to this tier that found no connection free";
    "tier.<tier>.pool.wait.p99_ms", "ms", Lower, "99th percentile of the wait for a connection to this tier";
    "tier.<tier>.breaker.open.ratio", "1", Lower, "share of the time in which the circuit breaker of this tier is not closed, over all instances";
    "tier.<tier>.breaker.trips", "count", Lower, "how often the circuit breaker of this tier opened, over all instances";
    "tier.<tier>.failures.rate", "1/s", Lower, "look-ups this tier did not answer, per second";
    "tier.<tier>.failed_fills.rate", "1/s", Lower, "fills that did not take effect, per second";
    "tier.<tier>.refused_sets.rate", "1/s", Neither, "SETs refused because they were older than the entry or than a tombstone, per second";
    "class.<class>.requests.ratio", "1", Neither, "share of all requests";
    "class.<class>.hit_ratio", "1", Higher, "hit ratio of this class";
    "class.<class>.latency.mean_ms", "ms", Lower, "mean latency of this class";
    "class.<class>.latency.p50_ms", "ms", Lower, "median latency of this class";
    "class.<class>.latency.p99_ms", "ms", Lower, "99th percentile of the latency of this class";
    "class.<class>.error.ratio", "1", Lower, "errors of this class over its requests";
    "event.<event>.recovery_s", "s", Lower, "from the end of the event to the end of the last cell with too few good requests, the later of errors and latency (0: there is none)";
    "event.<event>.metastable", "1", Lower, "1 where the last cell of the run still has too few good requests, else 0";
    "event.<event>.recovery.errors_s", "s", Lower, "from the end of the event to the end of the last cell with too many failed requests";
    "event.<event>.recovery.latency_s", "s", Lower, "from the end of the event to the end of the last cell with too many answers later than the objective, or than twice the p99 before the event";
    "event.<event>.recovery.db_s", "s", Lower, "from the end of the event to the end of the last cell in which more arrives at the database than before the event";
    "event.<event>.recovery.queue_s", "s", Lower, "from the end of the event to the end of the last second in which the database's queue is longer than before the event";
    "event.<event>.errors", "count", Lower, "requests that failed from the beginning of the event to that of the next one or the end of the run";
    "event.<event>.error.ratio.worst", "1", Lower, "failed requests over all of the worst cell from the beginning of the event on";
    "event.<event>.latency.p99.worst_ms", "ms", Lower, "99th percentile of the latency in the worst cell from the beginning of the event on";
    "event.<event>.db.qps.peak", "1/s", Lower, "database arrivals in the busiest second from the beginning of the event on";
    "event.<event>.db.utilization.peak", "1", Lower, "event.<event>.db.qps.peak over what the database can do per second: servers (or the instances' connections, if they are fewer) over the mean service time";
    "event.<event>.db.queue.peak", "count", Lower, "longest database queue from the beginning of the event on";
}

/// Finds the row a measure's name belongs to.
///
/// ```
/// use herdlab::catalog::find;
/// assert_eq!(find("tier.l2.hit_ratio").unwrap().unit, "1");
/// assert!(find("latency.hit.p98_ms").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static MeasureInfo> {
    CATALOG.iter().find(|info| matches(info.pattern, name))
}

/// An interval of the mean of a measure without what lies beyond its bounds; the mean stays inside.
pub fn possible(name: &str, mean: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let (least, most) = find(name).map_or((f64::NEG_INFINITY, f64::INFINITY), MeasureInfo::bounds);
    (low.max(least).min(mean), high.min(most).max(mean))
}

/// Whether `name` is `pattern` with its `<...>` replaced by one name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.find('<') {
        None => pattern == name,
        Some(open) => {
            let close = pattern.find('>').unwrap_or(pattern.len() - 1);
            let (prefix, suffix) = (&pattern[..open], &pattern[close + 1..]);
            name.len() > prefix.len() + suffix.len()
                && name.starts_with(prefix)
                && name.ends_with(suffix)
                && !name[prefix.len()..name.len() - suffix.len()].contains('.')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_placeholder_take_exactly_one_name() {
        assert!(find("event.flush-l2.recovery_s").is_some());
        assert!(find("event..recovery_s").is_none());
        assert!(find("tier.a.b.hit_ratio").is_none());
    }

    #[test]
    fn an_interval_ends_where_its_measure_does() {
        assert_eq!(possible("stampede.max", 40.0, (-500.0, 580.0)), (0.0, 580.0));
        assert_eq!(possible("hit_ratio", 0.99, (0.97, 1.01)), (0.97, 1.0));
        assert_eq!(possible("unknown", 1.0, (-1.0, 3.0)), (-1.0, 3.0));
    }

    #[test]
    fn no_name_twice() {
        for (index, row) in CATALOG.iter().enumerate() {
            assert!(CATALOG[index + 1..].iter().all(|other| other.pattern != row.pattern), "{}", row.pattern);
        }
    }
}
