//! Limits, and how a variant stands to each.
//!
//! A limit of the scenario, or of its `[slo]`, replaces the default of the same aspect. A mean beyond a limit breaks it; a limit within
//! the 95 % interval, or kept in some of the runs only, is a risk.

use super::Safety;
use super::facts::{Facts, event_labels};
use crate::catalog::spoken;
use crate::experiment::comparison::Comparison;
use crate::experiment::threshold::{Judgement, Standing, judge_in};
use crate::measure::quantity::{exact, number, with_unit};
use crate::model::{Bound, Slo, Threshold};
use crate::record::{EventStatus, Record, VariantRecord};

/// The limits of a scenario that sets none, by aspect.
pub const DEFAULTS: &[(&str, &str)] = &[
    (
        "load",
        "database load at most 80 % of its capacity in the busiest second (beyond: at risk), and below 100 % in the ordinary state",
    ),
    ("errors", "no new errors (at most 0.01 points more than the baseline), and at most 0.1 %"),
    ("latency", "p99 latency in the ordinary state at most twice that of the baseline (beyond: at risk)"),
    ("recovery", "errors and latency recovered within 60 s of each event, in every run"),
    ("writes", "no acknowledged write lost"),
];

/// Share of the database's capacity in the busiest second.
pub const PEAK_UTILISATION_MAX: f64 = 0.8;
/// Share of the requests that fail beyond those of the baseline.
const NEW_ERRORS_MAX: f64 = 1e-4;
/// Share of the requests that fail.
pub const ERRORS_MAX: f64 = 1e-3;
/// The p99 over that of the baseline.
const P99_FACTOR_MAX: f64 = 2.0;
/// Seconds from the end of an event to the recovery from it.
pub const RECOVERY_MAX_S: f64 = 60.0;

/// One limit in one variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grade {
    pub safety: Safety,
    /// `peak database load 612/s breaks the limit of at most 500/s`.
    pub clause: String,
    /// The text in [`DEFAULTS`], where it is one of them.
    pub default: Option<&'static str>,
    /// In a few words: `load`, `p99 latency`, `two states`.
    pub about: String,
}

impl Grade {
    pub(super) fn new(about: impl Into<String>, safety: Safety, clause: String) -> Grade {
        Grade { safety, clause, default: None, about: about.into() }
    }

    fn default(aspect: &str, safety: Safety, clause: String) -> Grade {
        let text = DEFAULTS.iter().find(|(name, _)| *name == aspect).map(|(_, text)| *text);
        Grade { safety, clause, default: text, about: aspect.to_owned() }
    }
}

/// The verdict by all grades.
pub(super) fn worst(grades: &[Grade]) -> Safety {
    grades.iter().map(|grade| grade.safety).max().unwrap_or(Safety::NotJudged)
}

/// All limits that apply to a variant.
pub(super) fn grades(
    record: &Record,
    comparison: &Comparison,
    judgements: &[Judgement],
    index: usize,
) -> Vec<Grade> {
    let variant = &record.variants[index];
    let facts = Facts::of(record, comparison, index);
    let is_baseline = index == record.scenario.baseline;
    let base_facts = Facts::of(record, comparison, comparison.baseline);
    let mut grades: Vec<Grade> = Vec::new();
    grades.extend(
        comparison.variants[index].states.as_ref().map(|states| {
            Grade::new("two states", Safety::NotSafe, format!("two states: {}", states.words()))
        }),
    );
    let own = judgements.iter().filter(|judgement| judgement.variant == variant.name);
    grades.extend(own.filter_map(of_threshold));
    let has_slo = variant.measure("slo.good.ratio").is_some();
    grades.extend(objective(variant));
    let open = |aspect: &str| {
        let limited = |threshold: &Threshold| {
            threshold.is_about(&variant.name) && aspect_of(&threshold.measure) == Some(aspect)
        };
        !record.scenario.thresholds.iter().any(limited)
    };
    if open("load") {
        grades.extend(load(&facts));
    }
    if open("errors") && !has_slo {
        grades.extend(errors(variant, &facts, (!is_baseline).then_some(&base_facts)));
    }
    if open("latency") && !has_slo && !is_baseline {
        grades.extend(latency(&facts, &base_facts));
    }
    if open("recovery") {
        grades.extend(event_labels(record).into_iter().filter_map(|label| recovery(variant, label)));
    }
    if open("writes") {
        grades.extend(writes(&facts));
    }
    grades
}

/// The aspect that a measure belongs to; a threshold on it takes the place of the default.
pub(in crate::experiment) fn aspect_of(measure: &str) -> Option<&'static str> {
    let own = match measure.strip_prefix("event.").and_then(|rest| rest.split_once('.')) {
        Some((_, own)) => own,
        None => measure.strip_prefix("ordinary.").unwrap_or(measure),
    };
    match own {
        own if own.starts_with("recovery") || own == "metastable" => Some("recovery"),
        own if own.starts_with("db.qps") || own.starts_with("db.utilization") => Some("load"),
        "db.headroom" | "db.pool.saturation" | "db.concurrency.peak" | "db.concurrency.mean" => Some("load"),
        own if own.starts_with("error") || own == "goodput" => Some("errors"),
        own if own.starts_with("latency.all") || own == "latency.p99.worst_ms" => Some("latency"),
        "writes.lost" => Some("writes"),
        _ => None,
    }
}

fn of_threshold(judgement: &Judgement) -> Option<Grade> {
    let Threshold { measure, bound, limit, .. } = &judgement.threshold;
    let limit = format!("{} {}", at(*bound), exact(*limit, &judgement.unit));
    let name = spoken(measure);
    let value = judgement.estimate.map(|estimate| with_unit(estimate.mean, &judgement.unit));
    let figure = value.map_or(name.clone(), |value| format!("{name} {value}"));
    let reason = match judgement.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let grade = |safety, clause| Some(Grade::new(spoken(&judgement.threshold.measure), safety, clause));
    match judgement.standing {
        Standing::Broken => grade(Safety::NotSafe, format!("{figure} breaks the limit of {limit}{reason}")),
        Standing::Kept => match kept_with_doubt(judgement) {
            None => grade(Safety::Safe, format!("{figure} (limit: {limit})")),
            Some(doubt) => grade(Safety::AtRisk, format!("{figure} keeps the limit of {limit}, but {doubt}")),
        },
        Standing::NotMeasured | Standing::NotJudged => None,
    }
}

fn at(bound: Bound) -> &'static str {
    match bound {
        Bound::Min => "at least",
        Bound::Max => "at most",
    }
}

/// Why a limit that is kept is no comfort.
pub(in crate::experiment) fn kept_with_doubt(judgement: &Judgement) -> Option<String> {
    let some = judgement.runs.filter(|runs| !runs.is_all() && judgement.threshold.runs.is_none());
    match some {
        Some(runs) => Some(format!("in {runs} only")),
        None => judgement.within_interval.then(|| "the limit lies within its 95 % interval".to_owned()),
    }
}

/// The service objective over the whole measured part.
fn objective(variant: &VariantRecord) -> Option<Grade> {
    variant.measure("slo.good.ratio")?;
    let judged = variant.events.iter().find_map(|event| event.judged.as_ref());
    let limit = judged.map_or(Slo::SHARE, |judged| judged.share);
    of_threshold(&judge_in(&Threshold::new("slo.good.ratio", Bound::Min, limit), variant))
}

fn load(facts: &Facts<'_>) -> Option<Grade> {
    let (_, mean) = facts.ordinary("db.qps.mean")?;
    let share = facts.share_of_capacity(mean)?;
    let peak_share = facts.share_of_capacity(facts.mean("db.qps.peak")?)?;
    let peak = with_unit(peak_share, "1");
    let above = facts.runs_above("db.utilization.peak", PEAK_UTILISATION_MAX).filter(|runs| runs.count > 0);
    Some(match above {
        _ if share >= 1.0 => Grade::default(
            "load",
            Safety::NotSafe,
            format!("database load exceeds its capacity: {} in the ordinary state", with_unit(share, "1")),
        ),
        _ if peak_share > PEAK_UTILISATION_MAX => Grade::default(
            "load",
            Safety::AtRisk,
            format!("the busiest second takes {peak} of the database's capacity (default limit: 80 %)"),
        ),
        Some(runs) => Grade::default(
            "load",
            Safety::AtRisk,
            format!(
                "the busiest second takes {peak} of the database's capacity on average, and more than 80 % in {runs} (default limit)"
            ),
        ),
        None => Grade::default(
            "load",
            Safety::Safe,
            format!("the busiest second takes {peak} of the database's capacity (limit 80 %)"),
        ),
    })
}

/// New errors against the baseline, or those of the baseline itself.
fn errors(variant: &VariantRecord, facts: &Facts<'_>, base: Option<&Facts<'_>>) -> Option<Grade> {
    let Some(base) = base else {
        let judged = judge_in(&Threshold::new("error.ratio", Bound::Max, ERRORS_MAX), variant);
        let mean = judged.estimate?.mean;
        let figure = with_unit(mean, "1");
        return Some(match judged.standing {
            Standing::Kept => {
                Grade::default("errors", Safety::Safe, format!("{figure} of the requests fail (limit 0.1 %)"))
            }
            _ => Grade::default(
                "errors",
                Safety::NotSafe,
                format!("{figure} of the requests fail (default limit: 0.1 %)"),
            ),
        });
    };
    let difference = facts.difference("error.ratio")?;
    let failing = facts.mean("error.ratio")?;
    let [before, after] = [base.mean("error.ratio")?, failing].map(|mean| with_unit(mean, "1"));
    let is_certain = difference.interval.is_none_or(|(low, _)| low > 0.0);
    Some(match difference.mean > NEW_ERRORS_MAX {
        true => {
            let safety = if is_certain { Safety::NotSafe } else { Safety::AtRisk };
            Grade::default(
                "errors",
                safety,
                format!("errors rise from {before} to {after} (default limit: no new errors)"),
            )
        }
        // A limit of its own: fewer failures than in a baseline that fails are still failures.
        false if failing > ERRORS_MAX => Grade::default(
            "errors",
            Safety::AtRisk,
            format!("{after} of the requests fail, no more than in the baseline (default limit: 0.1 %)"),
        ),
        false if cannot_fail(variant) => Grade::default(
            "errors",
            Safety::Safe,
            "no request can fail: callers wait without a limit".to_owned(),
        ),
        false => Grade::default("errors", Safety::Safe, "no new errors".to_owned()),
    })
}

/// Whether nothing in the variant lets a request end in an error, as far as the record shows.
fn cannot_fail(variant: &VariantRecord) -> bool {
    variant.events.iter().filter_map(|event| event.judged.as_ref()).any(|judged| !judged.can_fail)
}

fn latency(facts: &Facts<'_>, base: &Facts<'_>) -> Option<Grade> {
    let (_, after) = facts.ordinary("latency.all.p99_ms")?;
    let (_, before) = base.ordinary("latency.all.p99_ms").filter(|(_, before)| *before > 0.0)?;
    let factor = after / before;
    Some(match factor > P99_FACTOR_MAX {
        true => Grade::default(
            "latency",
            Safety::AtRisk,
            format!("p99 latency is {} times that of the baseline (default limit: twice)", number(factor)),
        ),
        false => Grade::default(
            "latency",
            Safety::Safe,
            "p99 latency at most twice that of the baseline".to_owned(),
        ),
    })
}

fn recovery(variant: &VariantRecord, label: &str) -> Option<Grade> {
    let judged = variant.events.iter().find(|event| event.label == label)?.judged.as_ref()?;
    let count = |of: &dyn Fn(&EventStatus) -> bool| judged.runs.iter().filter(|run| of(&run.status)).count();
    let lasting = count(&|status| *status == EventStatus::NotRecovered);
    let overlapped = count(&|status| matches!(status, EventStatus::Overlapped(_)));
    let known = count(&|status| !matches!(status, EventStatus::NotJudged(_)));
    if known == 0 {
        let why = judged.runs.first().map(|run| &run.status);
        let Some(EventStatus::NotJudged(why)) = why else { return None };
        let clause = format!("recovery from {label} is not judged: {why}");
        return Some(Grade::default("recovery", Safety::AtRisk, clause));
    }
    let runs = |count: usize| {
        if count == known { "every run".to_owned() } else { format!("{count} of {known} runs") }
    };
    if lasting > 0 {
        let when = match lasting == known {
            true => "by the end of any run".to_owned(),
            false => format!("by the end of the run in {}", runs(lasting)),
        };
        let clause = format!("not recovered from {label} {when} (default limit: within 60 s)");
        return Some(Grade::default("recovery", Safety::NotSafe, clause));
    }
    if overlapped > 0 {
        let clause =
            format!("not recovered from {label} when the next event begins, in {}", runs(overlapped));
        return Some(Grade::default("recovery", Safety::AtRisk, clause));
    }
    let measure = format!("event.{label}.recovery_s");
    let judgement = judge_in(&Threshold::new(measure, Bound::Max, RECOVERY_MAX_S), variant);
    let seconds = with_unit(judgement.estimate?.mean, "s");
    Some(match (judgement.standing, kept_with_doubt(&judgement)) {
        (Standing::Kept, None) => {
            Grade::default("recovery", Safety::Safe, format!("recovered from {label} within 60 s"))
        }
        (Standing::Kept, Some(doubt)) => Grade::default(
            "recovery",
            Safety::AtRisk,
            format!("recovery from {label} takes {seconds}; {doubt} (default limit: within 60 s)"),
        ),
        _ => Grade::default(
            "recovery",
            Safety::NotSafe,
            format!("recovery from {label} takes {seconds} (default limit: within 60 s)"),
        ),
    })
}

fn writes(facts: &Facts<'_>) -> Option<Grade> {
    let lost = facts.mean("writes.lost")?;
    Some(match lost > 0.0 {
        true => Grade::default(
            "writes",
            Safety::NotSafe,
            format!("{} acknowledged writes lost (default limit: none)", number(lost)),
        ),
        false => Grade::default("writes", Safety::Safe, "no acknowledged write lost".to_owned()),
    })
}
