//! From the sources to the workload: rate, writes, keys and their popularity.

use super::gather::Gathered;
use super::popularity::{self, Cache};
use super::recording::{Effect, Recording};
use super::source::{Figure, ImportError, Role};
use super::tier::Tier;

/// The workload.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Lookups and writes per second.
    pub rate_per_s: Figure<f64>,
    pub write_share: Figure<f64>,
    /// Most writes are SETs.
    pub writes_update: bool,
    pub keys: Figure<u64>,
    pub exponent: Figure<f64>,
    pub instances: Figure<u32>,
    pub profile: Option<Figure<Profile>>,
    /// Squared coefficient of variation of the gaps; `None`: a Poisson process.
    pub cv2: Option<Figure<f64>>,
}

/// Changes of the rate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Profile {
    /// Seconds from the start, and factors on the rate.
    pub steps: Vec<(f64, f64)>,
    pub span_s: f64,
}

/// Lookups per second where nothing shows them.
const RATE_ASSUMED: f64 = 1_000.0;
/// Squared coefficients of variation of gaps that a Poisson process explains.
const CV2_POISSON: (f64, f64) = (0.8, 1.25);
/// More clients than this in a trace are users.
const INSTANCES_MAX: usize = 1_000;
const KEYS_ASSUMED: u64 = 100_000;
/// As many as a scenario takes.
const KEYS_MAX: u64 = 4_000_000_000;
pub(super) const STEPS_MAX: usize = 24;

/// Lookups (reads) per second.
pub(super) fn lookups_per_s(found: &Gathered<'_>) -> Result<Figure<f64>, ImportError> {
    if let Some(recording) = &found.recording {
        let seconds = recording.covered_s();
        let what = format!("lookups over {seconds:.1} s");
        return Ok(recording.figure(recording.count(Effect::Read) as f64 / seconds, &what));
    }
    let between = |name| found.info.as_ref().map_or(Ok(None), |info| info.per_second(name));
    let (hits, misses) = (between("keyspace_hits")?, between("keyspace_misses")?);
    let sum = hits.zip(misses).map(|(hits, misses)| {
        let value = hits.value + misses.value;
        hits.map(|_| value)
    });
    let both = |figure: Figure<f64>| match figure.origin {
        super::source::Origin::Measured(origin) => {
            Figure::measured(figure.value, format!("{origin}, and keyspace_misses"))
        }
        _ => figure,
    };
    if let Some(sum) = &sum
        && found.info.as_ref().is_some_and(|info| info.is_difference())
        && sum.value > 0.0
    {
        return Ok(both(sum.clone()));
    }
    let mean = |role| found.series.get(&role).map(|figure| figure.clone().map(|series| series.mean()));
    if let Some(requests) = mean(Role::Requests) {
        return Ok(requests);
    }
    if let (Some(hits), Some(misses)) = (mean(Role::Hits), mean(Role::Misses)) {
        let sum = hits.value + misses.value;
        return Ok(hits.map(|_| sum));
    }
    if let Some(now) = instantaneous(found)? {
        return Ok(now);
    }
    match sum.filter(|sum| sum.value > 0.0) {
        Some(sum) => Ok(both(sum)),
        None => Ok(Figure::assumed(RATE_ASSUMED, "no file has the rate of requests")),
    }
}

/// Redis's own rate of the last seconds, times the share of lookups among the commands.
fn instantaneous(found: &Gathered<'_>) -> Result<Option<Figure<f64>>, ImportError> {
    let Some(info) = &found.info else { return Ok(None) };
    let Some(ops) = info.last.number("instantaneous_ops_per_sec")?.filter(|ops| ops.value > 0.0) else {
        return Ok(None);
    };
    let place = info.place("instantaneous_ops_per_sec");
    let lookups = info.growth("keyspace_hits")?.zip(info.growth("keyspace_misses")?);
    let commands = info.growth("total_commands_processed")?.filter(|commands| *commands > 0.0);
    let place =
        place.split(',').next().unwrap_or_default().trim_end_matches(" since the server started").to_owned();
    Ok(Some(match (lookups, commands) {
        (Some((hits, misses)), Some(commands)) if hits + misses > 0.0 => {
            let share = ((hits + misses) / commands).min(1.0);
            let origin = format!("{place} {}, {:.0} % of the commands are lookups", ops.value, share * 100.0);
            Figure::measured(ops.value * share, origin)
        }
        _ => Figure::assumed(ops.value, format!("{place}, every command taken for a lookup")),
    }))
}

/// The share of the lookups that hit, as production reports it.
pub(super) fn hit_ratio(found: &Gathered<'_>) -> Result<Option<Figure<f64>>, ImportError> {
    let counted = match &found.info {
        Some(info) => match (info.growth("keyspace_hits")?, info.growth("keyspace_misses")?) {
            (Some(hits), Some(misses)) if hits + misses > 0.0 => {
                let place = info.place("keyspace_hits");
                let origin = format!("{hits} of {} lookups: {place}, and keyspace_misses", hits + misses);
                Some((Figure::measured(hits / (hits + misses), origin), info.is_difference()))
            }
            _ => None,
        },
        None => None,
    };
    if let Some((ratio, true)) = counted {
        return Ok(Some(ratio));
    }
    if let Some(recording) = &found.recording
        && let Some(ratio) = recording.hit_ratio()
    {
        let by = if recording.answers.is_empty() {
            "GETs without a SET behind them"
        } else {
            "answers of the cache"
        };
        return Ok(Some(recording.figure(ratio, by)));
    }
    if let (Some(hits), Some(misses)) = (found.series.get(&Role::Hits), found.series.get(&Role::Misses)) {
        let (hit, miss) = (hits.value.mean(), misses.value.mean());
        return Ok(Some(hits.clone().map(|_| hit / (hit + miss))));
    }
    Ok(counted.map(|(ratio, _)| ratio))
}

/// Writes as a share of all requests, and whether most are SETs.
fn writes(found: &Gathered<'_>, lookups_per_s: f64) -> Result<(Figure<f64>, bool), ImportError> {
    if let Some(recording) = &found.recording {
        let (reads, writes) = (recording.count(Effect::Read) as f64, recording.count(Effect::Write) as f64);
        let share = recording.figure(writes / (reads + writes), "writes; SETs after a miss are fills");
        return Ok((share, recording.update_share() > 0.5));
    }
    if let Some(info) = &found.info
        && info.last.with_prefix("cmdstat_").next().is_some()
    {
        let sum = |names: &[&str]| -> Result<f64, ImportError> {
            names.iter().map(|name| info.growth_of_part(&format!("cmdstat_{name}"), "calls")).sum()
        };
        const DELETES: &[&str] = &["del", "unlink"];
        const SETS: &[&str] = &["set", "setex", "psetex", "setnx", "mset", "hset", "hmset", "getset"];
        let (deletes, sets) = (sum(DELETES)?, sum(SETS)?);
        let misses = info.growth("keyspace_misses")?.unwrap_or(0.0);
        let lookups = misses + info.growth("keyspace_hits")?.unwrap_or(0.0);
        let updates = (sets - misses).max(0.0);
        // One SET per miss is the look-aside pattern; counters of a live server differ by what is in flight.
        let updates = if updates < 0.002 * lookups { 0.0 } else { updates };
        let writes = deletes + updates;
        if lookups > 0.0 {
            let named = DELETES.iter().chain(SETS).map(|name| format!("cmdstat_{name}"));
            let counted = named
                .into_iter()
                .find(|name| info.growth_of_part(name, "calls").is_ok_and(|calls| calls > 0.0));
            // Without any of them the commands that were counted show it.
            let first =
                counted.or_else(|| info.last.with_prefix("cmdstat_").next().map(|row| row.0.to_owned()));
            let place = info.place(&first.unwrap_or_default());
            let origin = format!("{place} and others: DELs, and SETs beyond one per miss");
            return Ok((Figure::measured(writes / (lookups + writes), origin), updates > deletes));
        }
    }
    if let Some(statements) = &found.statements {
        let weight = |parts: &[super::mixture::Part]| parts.iter().map(|part| part.weight).sum::<f64>();
        let (reads, writes) = (weight(&statements.value.reads), weight(&statements.value.writes));
        let writes_per_s = match (statements.value.calls_per_s, hit_ratio(found)?) {
            (Some(calls_per_s), _) => Some(calls_per_s * writes / (reads + writes)),
            // Reads that reach the database are misses.
            (None, Some(ratio)) if reads > 0.0 => Some(lookups_per_s * (1.0 - ratio.value) * writes / reads),
            _ => None,
        };
        if let Some(writes_per_s) = writes_per_s {
            return Ok((statements.clone().map(|_| writes_per_s / (writes_per_s + lookups_per_s)), false));
        }
    }
    Ok((Figure::assumed(0.0, "no file has the writes"), false))
}

/// Keys and exponent, by the best of the sources.
fn popularity(
    found: &Gathered<'_>,
    tier: &Tier,
    reads_per_s: &Figure<f64>,
) -> Result<(Figure<u64>, Figure<f64>), ImportError> {
    if let Some(recording) = &found.recording {
        let counts = recording.reads_per_key();
        let zipf = popularity::by_counts(counts);
        if popularity::never_repeat(counts) {
            let bound = "no key is read twice, which bounds their number from below alone";
            return Ok((
                Figure::assumed(zipf.keys.min(KEYS_MAX), bound.to_owned()),
                Figure::assumed(0.0, bound.to_owned()),
            ));
        }
        let seen = format!("{} keys seen, the others by the counts of counts", counts.len());
        return Ok((
            recording.figure(zipf.keys.min(KEYS_MAX), &seen),
            recording.figure(zipf.exponent, "maximum likelihood"),
        ));
    }
    let present =
        tier.entries.clone().map(|entries| entries.map(|entries| (entries.max(1.0) as u64).min(KEYS_MAX)));
    let keys_assumed = |why: &str| match &present {
        // Without expiry and eviction every key that was requested is there.
        Some(present) if tier.capacity_entries.is_none() && tier.ttl_s.value.is_none() => present.clone(),
        Some(present) => {
            let place = present.comment();
            let place = place.trim_start_matches("# ");
            let reason =
                format!("{UNSEEN} times the keys present, {place}: others expired or were evicted{why}");
            Figure::assumed((present.value * UNSEEN).min(KEYS_MAX), reason)
        }
        None => Figure::assumed(KEYS_ASSUMED, format!("no file has the number of keys{why}")),
    };
    if let Some(hot) = &found.hot_keys
        && let Some(exponent) = popularity::by_hottest(&hot.value)
    {
        return Ok((keys_assumed(""), hot.clone().map(|_| exponent)));
    }
    let Some(ratio) = hit_ratio(found)? else {
        return Ok((keys_assumed(""), Figure::assumed(1.0, "no file has the popularity of keys")));
    };
    let cache = Cache {
        hit_ratio: ratio.value,
        reads_per_s: reads_per_s.value,
        ttl_s: tier.ttl_s.value,
        capacity: tier.capacity_entries,
    };
    let keys = keys_assumed("; the exponent is fitted for it");
    match popularity::by_hit_ratio(&cache, keys.value) {
        Some(exponent) => Ok((keys, fitted(exponent, "fitted to the hit ratio", &ratio))),
        None => {
            let reason = format!("no exponent gives the hit ratio {:.4} here", ratio.value);
            Ok((keys, Figure::assumed(1.0, reason)))
        }
    }
}

/// A cache whose entries expire or are evicted holds a part of the keys.
const UNSEEN: u64 = 4;

fn fitted<T>(value: T, by: &str, ratio: &Figure<f64>) -> Figure<T> {
    let place = ratio.comment();
    Figure::measured(value, format!("{by}: {}", place.trim_start_matches("# ")))
}

/// Whether the clients of a recording are instances of the application.
fn is_of_instances(found: &Gathered<'_>, recording: &Recording) -> bool {
    found.trace.is_none() || (1..=INSTANCES_MAX).contains(&recording.instances())
}

/// # Errors
/// A figure that is needed is there and no number.
pub(super) fn traffic(found: &Gathered<'_>, tier: &Tier) -> Result<Traffic, ImportError> {
    let lookups = lookups_per_s(found)?;
    let (write_share, writes_update) = writes(found, lookups.value)?;
    let (keys, exponent) = popularity(found, tier, &lookups)?;
    let instances = match &found.recording {
        Some(recording) if recording.answers.is_empty() && is_of_instances(found, recording) => {
            recording.figure(recording.instances().max(1) as u32, "addresses of clients")
        }
        _ => Figure::assumed(
            1,
            "no file has the number of instances; singleflight and pools count by instance",
        ),
    };
    let profile = found.series.get(&Role::Requests).map(|figure| {
        figure.clone().map(|series| Profile {
            steps: series.steps(STEPS_MAX.min(series.points.len())),
            span_s: series.span_s(),
        })
    });
    let profile = match &found.trace {
        Some(trace) => trace.profile.clone(),
        None => profile.filter(|_| found.recording.is_none()),
    };
    let cv2 = found.trace.as_ref().map(|trace| trace.cv2.clone());
    Ok(Traffic {
        rate_per_s: lookups.map(|rate| rate / (1.0 - write_share.value)),
        write_share,
        writes_update,
        keys,
        exponent,
        instances,
        profile,
        cv2: cv2.filter(|cv2| cv2.value < CV2_POISSON.0 || cv2.value > CV2_POISSON.1),
    })
}
