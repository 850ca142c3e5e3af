//! From the sources to the tier: memory, eviction, times to live, sizes.

use super::gather::Gathered;
use super::source::{Figure, ImportError};
use super::traffic;
use crate::model::RedisEviction;

/// The cache.
#[derive(Debug)]
pub(super) struct Tier {
    pub name: &'static str,
    /// Bytes for entries; `None`: no limit.
    pub capacity_bytes: Figure<Option<f64>>,
    /// What the server itself takes of the memory that it is given.
    pub base_bytes: f64,
    /// Set where there is a limit.
    pub eviction: Option<Figure<String>>,
    pub samples: Option<Figure<f64>>,
    /// Cycles per second that look for expired keys; `None`: memcached has none.
    pub hz: Option<Figure<f64>>,
    pub ttl_s: Figure<Option<f64>>,
    /// Longest addition to the time to live.
    pub jitter_s: Option<f64>,
    pub key_bytes: Figure<f64>,
    /// Mean and standard deviation.
    pub value_bytes: Figure<(f64, f64)>,
    /// Median and 99th percentile, where every value was recorded.
    pub value_quantiles: Option<Figure<(f64, f64)>>,
    pub overhead_bytes: Figure<f64>,
    pub service_us: Figure<f64>,
    /// Keys in it when it was recorded.
    pub entries: Option<Figure<f64>>,
    /// Entries that the capacity has room for.
    pub capacity_entries: Option<f64>,
}

/// Of a Redis besides its keys (docs/eviction.md): what an empty server takes, what a constant is left out of that figure, and what a
/// connection takes that carries commands.
const EMPTY_BYTES: f64 = 0.876e6;
const BESIDES_BYTES: f64 = 83e3;
const CONNECTION_BYTES: f64 = 23e3;
/// Of an entry besides key and value, in Redis and about as much in memcached.
const OVERHEAD_BYTES: f64 = 56.0;
/// Capacity of a trace's cache, in shares of its keys.
const CAPACITY_ASSUMED: f64 = 0.1;
const KEY_BYTES_ASSUMED: f64 = 40.0;
const VALUE_BYTES_ASSUMED: f64 = 1_000.0;
const TTL_ASSUMED_S: f64 = 300.0;
const SERVICE_ASSUMED_US: f64 = 5.0;

/// # Errors
/// A figure that is needed is there and no number, or an eviction policy that Redis does not have.
pub(super) fn tier(found: &Gathered<'_>) -> Result<Tier, ImportError> {
    let number = |name: &str| found.info.as_ref().map_or(Ok(None), |info| info.last.number(name));
    let configured = |name: &str| found.config.as_ref().map_or(Ok(None), |config| config.number(name));
    let is_trace = found.trace.is_some();
    let redis = !found.is_memcached && !is_trace;
    let base_bytes = if redis {
        let startup = number("used_memory_startup")?.map_or(EMPTY_BYTES, |figure| figure.value);
        // Idle connections take a tenth of this, so the server's own count comes first.
        let by_number = number("connected_clients")?.map_or(1.0, |figure| figure.value) * CONNECTION_BYTES;
        let clients = number("mem_clients_normal")?.map_or(by_number, |figure| figure.value);
        startup + BESIDES_BYTES + clients
    } else {
        0.0
    };
    let capacity_bytes = match configured("maxmemory")?.or(number("maxmemory")?) {
        Some(limit) if limit.value == 0.0 => limit.map(|_| None),
        Some(limit) => {
            let left = (limit.value - base_bytes).max(1.0);
            let besides = format!(
                "{}, less {:.2} MB for the server and its connections",
                comment(&limit),
                base_bytes / 1e6
            );
            if redis { Figure::measured(Some(left), besides) } else { limit.map(Some) }
        }
        None => Figure::assumed(None, "no file has a limit of the memory (maxmemory)"),
    };
    let keyspace = found.info.as_ref().map_or(Ok(None), |info| info.last.keyspace())?;
    let entries = match (&keyspace, &found.info) {
        (Some((name, _)), Some(info)) => info.last.part(name, "keys")?,
        _ => None,
    };
    let entry_bytes = match (number("used_memory")?, &entries) {
        (Some(used), Some(entries)) if entries.value >= 1.0 && used.value > base_bytes => {
            let each = (used.value - base_bytes) / entries.value;
            Some(Figure::measured(each, format!("{} over {}", comment(&used), comment(entries))))
        }
        _ => None,
    };
    let sizes = sizes(found, entry_bytes)?;
    let each = sizes.0.value + sizes.1.value.0 + sizes.2.value;
    let capacity_bytes = match &found.recording {
        Some(recording) if is_trace => {
            let bytes = (CAPACITY_ASSUMED * recording.reads_per_key().len() as f64).max(1.0) * each;
            let reason = "a trace has no cache; as large as a tenth of its keys";
            Figure::assumed(Some(bytes), reason)
        }
        _ => capacity_bytes,
    };
    let capacity_entries = capacity_bytes.value.map(|bytes| bytes / each);
    let eviction = if capacity_bytes.value.is_some() { Some(eviction(found)?) } else { None };
    let (ttl_s, jitter_s) = ttl(found, keyspace.as_ref().map(|row| row.0.as_str()))?;
    Ok(Tier {
        name: match (&found.info, &found.recording) {
            _ if found.is_memcached => "memcached",
            _ if is_trace => "cache",
            (None, Some(recording)) if !recording.answers.is_empty() => "cache",
            _ => "redis",
        },
        samples: match &eviction {
            Some(policy) if is_sampled(&policy.value) => {
                configured("maxmemory-samples")?.filter(|samples| samples.value != 5.0)
            }
            _ => None,
        },
        eviction,
        capacity_bytes,
        base_bytes,
        hz: if redis { configured("hz")?.or(number("hz")?) } else { None },
        ttl_s,
        jitter_s,
        key_bytes: sizes.0,
        value_bytes: sizes.1,
        value_quantiles: found.trace.as_ref().and_then(|trace| trace.value_bytes.clone()),
        overhead_bytes: sizes.2,
        service_us: service_us(found)?,
        entries,
        capacity_entries,
    })
}

fn comment<T>(figure: &Figure<T>) -> String {
    figure.comment().trim_start_matches("# ").to_owned()
}

fn is_sampled(policy: &str) -> bool {
    RedisEviction::NAMES.iter().any(|row| row.0 == policy && row.1.samples())
}

fn eviction(found: &Gathered<'_>) -> Result<Figure<String>, ImportError> {
    if found.trace.is_some() {
        return Ok(Figure::assumed("lru".to_owned(), "a trace names no policy"));
    }
    if found.is_memcached {
        return Ok(Figure::assumed("lru".to_owned(), "memcached's segmented LRU is taken for LRU"));
    }
    let configured = found.config.as_ref().and_then(|config| config.text("maxmemory-policy"));
    let reported = || found.info.as_ref().and_then(|info| info.last.text("maxmemory_policy"));
    let Some(policy) = configured.or_else(reported) else {
        return Ok(Figure::assumed("allkeys-lru".to_owned(), "no file has the policy (maxmemory-policy)"));
    };
    if RedisEviction::NAMES.iter().all(|row| row.0 != policy.value) {
        let names: Vec<&str> = RedisEviction::NAMES.iter().map(|row| row.0).collect();
        let place = comment(&policy);
        return Err(ImportError {
            place: place.split(' ').next().unwrap_or_default().to_owned(),
            problem: format!("\"{}\" is no policy that is modelled", policy.value),
            help: vec![format!("known: {}", names.join(", "))],
        });
    }
    Ok(policy)
}

/// Sizes of keys, of values, and what an entry takes besides.
type Sizes = (Figure<f64>, Figure<(f64, f64)>, Figure<f64>);

fn sizes(found: &Gathered<'_>, entry_bytes: Option<Figure<f64>>) -> Result<Sizes, ImportError> {
    let recorded = found.recording.as_ref();
    let key = match recorded.and_then(|recording| Some((recording, recording.key_bytes()?))) {
        Some((recording, bytes)) => recording.figure(bytes.round(), "mean length of keys"),
        None => Figure::assumed(KEY_BYTES_ASSUMED, "no file has the length of keys"),
    };
    let binned = found.info.as_ref().map_or(Ok(None), |info| info.last.string_sizes())?;
    let own = match recorded.and_then(|recording| Some((recording, recording.value_bytes()?))) {
        Some((recording, size)) => Some(recording.figure(size, "lengths of values")),
        None => binned.map(|bins| bins.map(|bins| moments(&bins))),
    };
    Ok(match (own, entry_bytes) {
        (Some(value), Some(each)) => {
            let overhead = (each.value - key.value - value.value.0).round().max(0.0);
            let origin = format!("{}, less key and value", comment(&each));
            (key, value, Figure::measured(overhead, origin))
        }
        (Some(value), None) => (key, value, Figure::assumed(OVERHEAD_BYTES, "no file has the memory in use")),
        (None, Some(each)) => {
            let value = (each.value - key.value - OVERHEAD_BYTES).round().max(1.0);
            let origin = format!("{}, less key and overhead", comment(&each));
            (
                key,
                Figure::measured((value, 0.0), origin),
                Figure::assumed(OVERHEAD_BYTES, "about that of a string"),
            )
        }
        (None, None) => {
            let value = Figure::assumed((VALUE_BYTES_ASSUMED, 0.0), "no file has the size of values");
            (key, value, Figure::assumed(OVERHEAD_BYTES, "about that of a string"))
        }
    })
}

/// Mean and deviation of a histogram by powers of two, each bin at its middle.
fn moments(bins: &[(f64, f64)]) -> (f64, f64) {
    let count: f64 = bins.iter().map(|bin| bin.1).sum::<f64>().max(1.0);
    let mean = bins.iter().map(|bin| bin.1 * 1.5 * bin.0).sum::<f64>() / count;
    let square = bins.iter().map(|bin| bin.1 * 2.25 * bin.0 * bin.0).sum::<f64>() / count;
    (mean.max(1.0), (square - mean * mean).max(0.0).sqrt())
}

/// The time to live, and how much longer some live.
fn ttl(
    found: &Gathered<'_>,
    keyspace: Option<&str>,
) -> Result<(Figure<Option<f64>>, Option<f64>), ImportError> {
    if let Some(recording) = &found.recording
        && let Some((median, shortest, longest)) = recording.ttls_s()
    {
        let spread = longest - shortest;
        // A jitter is a part of the time to live; a wider spread is several kinds of keys.
        if spread > 0.01 * shortest && longest <= 2.0 * shortest {
            return Ok((recording.figure(Some(shortest), "times to live"), Some(spread)));
        }
        let what = match (spread > 0.0, recording.lasting_sets()) {
            (true, _) => {
                format!("median of times to live from {shortest} to {longest} s: [[class]] separates them")
            }
            (false, 0) => "times to live".to_owned(),
            (false, lasting) => format!("times to live; {lasting} SETs have none"),
        };
        return Ok((recording.figure(Some(median), &what), None));
    }
    if let (Some(info), Some(name)) = (&found.info, keyspace)
        && let (Some(expires), Some(keys)) = (info.last.part(name, "expires")?, info.last.part(name, "keys")?)
    {
        if expires.value == 0.0 {
            return Ok((expires.map(|_| None), None));
        }
        if let Some(left) = info.last.part(name, "avg_ttl")?.filter(|left| left.value > 0.0) {
            return Ok((lived(found, &left, keys.value)?, None));
        }
    }
    if found.trace.is_some() {
        return Ok((Figure::assumed(None, "the trace has no times to live"), None));
    }
    let reason = "no file has the time to live (a MONITOR recording has)";
    Ok((Figure::assumed(Some(TTL_ASSUMED_S), reason), None))
}

/// From the mean time left to live to the whole. Entries that only leave when they expire are half through on average. Where
/// eviction takes them, they are as old as they stay on average: keys over fills per second.
fn lived(found: &Gathered<'_>, left: &Figure<f64>, keys: f64) -> Result<Figure<Option<f64>>, ImportError> {
    let left_s = left.value / 1e3;
    let Some(info) = &found.info else { return Ok(left.clone().map(|_| Some(2.0 * left_s))) };
    let evicted = info.growth("evicted_keys")?.unwrap_or(0.0);
    let expired = info.growth("expired_keys")?.unwrap_or(0.0);
    if evicted <= expired {
        // A server that has not run for as long yet has younger entries.
        let uptime_s = info.last.number("uptime_in_seconds")?.map_or(f64::INFINITY, |uptime| uptime.value);
        let age_s = left_s.min(uptime_s / 2.0);
        let reason = format!("the mean time left, {}, and as long again or half the uptime", comment(left));
        return Ok(Figure::assumed(Some(nice(left_s + age_s)), reason));
    }
    let lookups = traffic::lookups_per_s(found)?.value;
    let misses = 1.0 - traffic::hit_ratio(found)?.map_or(0.5, |ratio| ratio.value);
    let age_s = keys / (lookups * misses).max(1e-9);
    let reason = format!("the mean time left, {}, and {age_s:.0} s that keys stay", comment(left));
    Ok(Figure::assumed(Some(nice(left_s + age_s)), reason))
}

/// Two digits.
fn nice(seconds: f64) -> f64 {
    let digit = libm::pow(10.0, libm::floor(libm::log10(seconds)) - 1.0);
    (seconds / digit).round() * digit
}

/// Time of the server per command.
fn service_us(found: &Gathered<'_>) -> Result<Figure<f64>, ImportError> {
    if let Some(service) = &found.service_us {
        return Ok(service.clone());
    }
    if let Some(info) = &found.info {
        let (mut calls, mut usec, mut first) = (0.0, 0.0, None);
        for name in
            ["cmdstat_get", "cmdstat_mget", "cmdstat_hget", "cmdstat_hgetall", "cmdstat_set", "cmdstat_setex"]
        {
            let own = info.growth_of_part(name, "calls")?;
            if own > 0.0 {
                first.get_or_insert(name);
            }
            calls += own;
            usec += info.growth_of_part(name, "usec")?;
        }
        if let Some(first) = first.filter(|_| usec > 0.0) {
            let origin = format!(
                "{} and others: usec over calls of GET and SET, without the network",
                info.place(first)
            );
            return Ok(Figure::measured(usec / calls, origin));
        }
    }
    Ok(Figure::assumed(SERVICE_ASSUMED_US, "no file has the server's time per command (INFO commandstats)"))
}
