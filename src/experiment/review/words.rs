//! The review in sentences.

use super::facts::{Facts, event_labels};
use super::{Review, Safety};
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::{Comparison, smallest_that_matters};
use crate::experiment::statistics::paired_difference;
use crate::measure::quantity::{Scale, number, with_unit};
use crate::record::{EventRecord, EventStatus, Record, VariantRecord};

/// Relative differences up to this are no news in a sentence.
const NEWS_MIN: f64 = 0.02;
/// A difference that chance explains, up to this share of the figure, is none.
const CHANCE_MAX: f64 = 0.05;

/// Smaller shares, and smaller differences between shares, are not named.
const ERRORS_MIN: f64 = 1e-5;
const STALE_MIN: f64 = 1e-3;

/// `ttl 60s and ttl 60s + singleflight: safe.`
pub(super) fn verdict(review: &Review) -> String {
    let mut parts = Vec::new();
    for safety in [Safety::NotSafe, Safety::AtRisk, Safety::Safe, Safety::NotJudged] {
        let graded = review.reviewed().filter(|variant| variant.safety == safety);
        let names: Vec<String> = graded.map(|variant| variant.name.clone()).collect();
        if !names.is_empty() {
            parts.push(format!("{}: {}", enumerated(&names, "and"), safety.word()));
        }
    }
    parts.join("; ") + "."
}

/// What the variant changes against the baseline; of the baseline itself, its figures.
pub(super) fn findings(record: &Record, comparison: &Comparison, index: usize) -> Vec<String> {
    let is_baseline = index == comparison.baseline;
    let facts = Facts::of(record, comparison, index);
    let base = (!is_baseline).then(|| Facts::of(record, comparison, comparison.baseline));
    let mut findings = Vec::new();
    findings.extend(load(&facts, base.as_ref()));
    findings.extend(event_labels(record).into_iter().filter_map(|label| event(&facts, base.as_ref(), label)));
    findings.extend(callers(&facts, base.as_ref()));
    findings.extend(vulnerable(record, &facts, base.as_ref(), index));
    if !is_baseline {
        findings.extend(adds_nothing(record, index));
    }
    findings
}

/// `Database load in the ordinary state: from 8.4 to 18.7 % of capacity (336 to 748 of 4,000/s).`
fn load(facts: &Facts<'_>, base: Option<&Facts<'_>>) -> Option<String> {
    let (measure, after) = facts.ordinary("db.qps.mean")?;
    let state = if measure.starts_with("ordinary.") { " in the ordinary state" } else { "" };
    let before = base.and_then(|base| base.ordinary("db.qps.mean")).map(|(_, before)| before);
    let capacities = base.map_or(facts.capacity(), Facts::capacity).zip(facts.capacity());
    let loads = from_to(before, after, "1/s");
    Some(match capacities {
        None => format!("Database load{state}: {loads}."),
        Some((before_capacity, capacity)) => {
            let capacities = match is_news(before_capacity, capacity) {
                true => from_to(Some(before_capacity), capacity, "1/s"),
                false => with_unit(capacity, "1/s"),
            };
            let (share, share_before) = (after / capacity, before.map(|before| before / before_capacity));
            match share_before.filter(|before| !is_news(*before, share)) {
                Some(_) => format!(
                    "Database load{state}: {} of its capacity, unchanged ({}; capacity {capacities}).",
                    with_unit(share, "1"),
                    with_unit(after, "1/s")
                ),
                None => format!(
                    "Database load{state}: {} of its capacity ({loads}; capacity {capacities}).",
                    from_to(share_before, share, "1")
                ),
            }
        }
    })
}

/// `from 336 to 748/s`, `336/s, as the baseline`, `748/s`.
fn from_to(before: Option<f64>, after: f64, unit: &str) -> String {
    let Some(before) = before else { return with_unit(after, unit) };
    if !is_news(before, after) {
        return format!("{}, unchanged", with_unit(after, unit));
    }
    let scale = Scale::fitting(unit, after.abs());
    match Scale::fitting(unit, before.abs()).suffix == scale.suffix || before == 0.0 {
        true => format!("from {} to {}", scale.number(before), scale.with_suffix(&scale.number(after))),
        false => format!("from {} to {}", with_unit(before, unit), with_unit(after, unit)),
    }
}

fn is_news(before: f64, after: f64) -> bool {
    (after - before).abs() > NEWS_MIN * before.abs().max(after.abs())
}

/// `flush-redis: 44.6 % of capacity in the busiest second, p99 22.3 ms at worst, back at once (baseline: ...).`
fn event(facts: &Facts<'_>, base: Option<&Facts<'_>>, label: &str) -> Option<String> {
    let words = |facts: &Facts<'_>| -> Option<String> {
        let mean = |measure: &str| facts.mean(&format!("event.{label}.{measure}"));
        let peak = mean("db.qps.peak")?;
        let mut parts = vec![match facts.share_of_capacity(peak) {
            Some(share) => {
                format!("{} of the database's capacity in the busiest second", with_unit(share, "1"))
            }
            None => format!("{} at the database in the busiest second", with_unit(peak, "1/s")),
        }];
        parts
            .extend(mean("latency.p99.worst_ms").map(|p99| format!("p99 {} at worst", with_unit(p99, "ms"))));
        parts.extend(
            mean("errors")
                .filter(|errors| *errors > 0.0)
                .map(|errors| format!("{} requests failed", number(errors))),
        );
        let never = facts.never(&format!("event.{label}.recovery_s"));
        let back = mean("recovery_s").map(|seconds| match seconds {
            0.0 => "back at once".to_owned(),
            seconds => format!("back after {}", with_unit(seconds, "s")),
        });
        parts.extend(back.filter(|_| never.is_none_or(|never| !never.is_all())));
        parts.extend(never.map(|never| match never.is_all() {
            true => "not back by the end".to_owned(),
            false => format!("not back by the end of {never}"),
        }));
        Some(parts.join(", "))
    };
    let own = words(facts)?;
    let differs = |base: &&Facts<'_>| {
        ["db.qps.peak", "latency.p99.worst_ms", "errors", "recovery_s"].iter().any(|measure| {
            let name = format!("event.{label}.{measure}");
            match (base.mean(&name), facts.mean(&name)) {
                (Some(before), Some(after)) => is_news(before, after),
                (before, after) => before.is_some() != after.is_some(),
            }
        })
    };
    // A baseline without the event has nothing to hold against it.
    let against = match base.filter(|base| words(base).is_some()) {
        None => String::new(),
        Some(base) => match differs(&base).then(|| words(base)).flatten() {
            Some(before) => format!(" (baseline: {before})"),
            None => ", as the baseline".to_owned(),
        },
    };
    Some(format!("{label}: {own}{against}."))
}

/// What callers notice: latency, hit ratio, errors, staleness, and the memory for it.
fn callers(facts: &Facts<'_>, base: Option<&Facts<'_>>) -> Option<String> {
    let mut parts = Vec::new();
    let mut add = |name: &str, measure: &'static str, unit: &str, least: f64| {
        let Some((name_of, after)) = facts.ordinary(measure) else { return };
        let before = base.and_then(|base| base.ordinary(measure)).map(|(_, before)| before);
        if after.max(before.unwrap_or(0.0)) > least {
            let changed = before.filter(|before| is_news(*before, after));
            parts.push(match changed.filter(|_| facts.differs_by_chance(&name_of)) {
                // A difference that chance explains is no change, and no equality either.
                Some(before) => format!(
                    "{name} {} (baseline {}, no significant difference)",
                    with_unit(after, unit),
                    with_unit(before, unit)
                ),
                None => format!("{name} {}", from_to(before, after, unit)),
            });
        }
    };
    add("p99", "latency.all.p99_ms", "ms", 0.0);
    add("hit ratio", "hit_ratio", "1", 0.0);
    add("stale reads", "stale.ratio", "1", STALE_MIN);
    add("memory", "memory.peak_bytes", "bytes", 0.0);
    // Of the whole run: events are where requests fail.
    let errors = |facts: &Facts<'_>| facts.mean("error.ratio");
    if let Some(after) = errors(facts) {
        let before = base.and_then(errors);
        if after.max(before.unwrap_or(0.0)) > ERRORS_MIN {
            parts.push(format!("errors over the whole run {}", from_to(before, after, "1")));
        }
    }
    if parts.is_empty() {
        return None;
    }
    Some(format!("Callers and cache: {}.", parts.join("; ")))
}

/// The load that would reach the database without the cache, where the database cannot carry it: Huang et al. (Metastable Failures
/// in the Wild, OSDI 2022) call such a state vulnerable.
fn vulnerable(record: &Record, facts: &Facts<'_>, base: Option<&Facts<'_>>, index: usize) -> Option<String> {
    let factor = |facts: &Facts<'_>| Some(uncached(facts)? / facts.capacity()?);
    let own = factor(facts).filter(|factor| *factor > 1.0)?;
    let (_, load) = facts.ordinary("db.qps.mean")?;
    if !facts.has_cache() || facts.share_of_capacity(load)? >= 1.0 {
        return None;
    }
    let without = format!(
        "without the cache the mean traffic of the run would be {} of the database's capacity",
        with_unit(own, "1")
    );
    if base.and_then(factor).is_some_and(|before| before > 1.0) {
        return Some(format!("Vulnerable, as is the baseline: {without}."));
    }
    let events = &record.variants[index].events;
    let is_judged = |event: &&EventRecord| {
        let runs = event.judged.iter().flat_map(|judged| &judged.runs);
        runs.into_iter().any(|run| !matches!(run.status, EventStatus::NotJudged(_)))
    };
    let tested = match events.iter().find(is_judged) {
        Some(event) => format!("{} tests one trigger", event.label),
        None => "no event of this scenario tests a trigger, such as a flush".to_owned(),
    };
    Some(format!("Vulnerable: {without}; {tested}."))
}

/// Requests per second, of several keys by their keys: each would be one request to the database.
fn uncached(facts: &Facts<'_>) -> Option<f64> {
    let requests = facts.mean("requests.rate")?;
    let keys = facts.mean("keys.rate").map_or(0.0, |keys| {
        let reads = requests * (1.0 - facts.mean("requests.write.ratio").unwrap_or(0.0));
        (keys - reads).max(0.0)
    });
    Some(requests + keys)
}

/// Names the settings that a variant has beyond those of another one without any figure of the review changing.
fn adds_nothing(record: &Record, index: usize) -> Option<String> {
    let variant = &record.variants[index];
    let own = |other: &VariantRecord| {
        other.settings.len() < variant.settings.len()
            && other.settings.iter().all(|setting| variant.settings.contains(setting))
    };
    let others = record.variants.iter().enumerate().filter(|(other, _)| *other != index);
    let (_, nearest) =
        others.filter(|(_, other)| own(other)).max_by_key(|(_, other)| other.settings.len())?;
    if record.scenario.finished < 2 || !is_same(nearest, variant) {
        return None;
    }
    let beyond: Vec<String> = variant
        .settings
        .iter()
        .filter(|setting| !nearest.settings.contains(setting) && !setting.0.starts_with("price."))
        .map(|(path, value)| format!("{path} = {value}"))
        .collect();
    if beyond.is_empty() {
        return None;
    }
    Some(format!(
        "{} makes no measurable difference to {}: no figure of this review changes by more than 1 % or chance.",
        beyond.join(", "),
        nearest.name
    ))
}

/// Whether no figure of the review differs by more than chance or than matters.
fn is_same(before: &VariantRecord, after: &VariantRecord) -> bool {
    let is_compared = |name: &str| {
        let own = name.strip_prefix("ordinary.").unwrap_or(name);
        matches!(
            own,
            "db.qps.mean"
                | "db.qps.peak"
                | "hit_ratio"
                | "latency.all.p50_ms"
                | "latency.all.p99_ms"
                | "error.ratio"
                | "stale.ratio"
                | "memory.peak_bytes"
        ) || (name.starts_with("event.")
            && [".db.qps.peak", ".latency.p99.worst_ms", ".errors", ".recovery_s"]
                .iter()
                .any(|end| name.ends_with(end)))
    };
    after.measures.iter().filter(|measure| is_compared(&measure.name)).all(|measure| {
        let Some(earlier) = before.measure(&measure.name) else { return false };
        let Some(difference) = paired_difference(&earlier.values, &measure.values) else {
            return earlier.values.iter().all(Option::is_none) && measure.values.iter().all(Option::is_none);
        };
        let known: Vec<f64> = earlier.values.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let size = difference.estimate.mean.abs();
        let by_chance = difference.estimate.interval.is_some_and(|(low, high)| low <= 0.0 && high >= 0.0);
        let least = if measure.name == "stale.ratio" {
            STALE_MIN
        } else {
            smallest_that_matters(&measure.unit, mean)
        };
        size <= least || (by_chance && size <= CHANCE_MAX * mean.abs())
    })
}
