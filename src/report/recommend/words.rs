//! The outcome in words.

use crate::catalog::spoken;
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::Verdict;
use crate::experiment::recommend::record::RecommendRecord;
use crate::experiment::recommend::{BINDING_MARGIN_MAX, Found, Keeping, Limit, Outcome, Rival};
use crate::experiment::statistics::Estimate;
use crate::experiment::threshold::Standing;
use crate::model::{Bound, Direction, Objective};
use crate::report::format::{estimated, exact, percent_to, with_unit};
use crate::report::thresholds::in_words;
use crate::units::{counted, grouped};

/// Ties that are named in a sentence; more are counted.
const TIES_MAX: usize = 3;
pub(super) const NO_LIMITS: &str = "no limits: the scenario has no [[threshold]], and [recommend] no `keep`";

pub(super) fn name(record: &RecommendRecord, found: &Found) -> String {
    record.name(&record.candidates[found.candidate])
}

pub(super) fn objective_figure(record: &RecommendRecord, estimate: &Estimate) -> String {
    // A knob is set, not measured.
    match record.objective {
        Objective::Knob(_) => with_unit(estimate.mean, &record.unit),
        Objective::Measure(_) => estimated(estimate, &record.unit),
    }
}

pub(super) fn objective_line(record: &RecommendRecord, found: &Found) -> String {
    let value =
        found.objective.as_ref().map_or("no value".to_owned(), |known| objective_figure(record, known));
    let direction = match record.direction {
        Direction::Minimise => "minimised",
        Direction::Maximise => "maximised",
    };
    let states = found.states.as_ref().map_or(String::new(), |states| {
        format!("  two states: it {}, and is judged by the worse one\n", states.words())
    });
    let of = match record.in_worlds {
        true => counted(u64::from(record.replications()), "world"),
        false => counted(u64::from(record.replications()), "replication"),
    };
    let regret = found.regret.map_or(String::new(), |regret| {
        let [mean, max] = [regret.mean, regret.max].map(|regret| with_unit(regret, &record.unit));
        format!("  regret against the best finalist of each world: {mean} on average, at most {max}\n")
    });
    format!("  {} {value} ({direction}, {of})\n{states}{regret}", record.objective.name())
}

/// `db.qps.peak ≤ 500/s`.
pub(super) fn told(limit: &Limit) -> String {
    in_words(&limit.judgement.threshold, &limit.judgement.unit)
}

pub(super) fn broken(limit: &Limit) -> String {
    let judgement = &limit.judgement;
    match (&judgement.estimate, limit.relative_margin) {
        (Some(_), _) if judgement.is_by_runs() => {
            let runs = judgement.runs.map_or_else(String::new, |runs| format!(": kept in {runs}"));
            format!("{} fails{runs}.", told(limit))
        }
        (Some(estimate), Some(margin)) => format!(
            "{} fails: {} is {} % beyond it.",
            told(limit),
            estimated(estimate, &judgement.unit),
            percent_to(-margin, 1)
        ),
        (Some(estimate), None) => {
            format!("{} fails: {}.", told(limit), estimated(estimate, &judgement.unit))
        }
        (None, _) => format!("{} fails: {}.", told(limit), judgement.reason),
    }
}

/// `64 candidates x 2 replications, 32 x 4, ...: 336 simulations instead of 1,280`.
pub(super) fn effort(record: &RecommendRecord) -> String {
    let rungs: Vec<String> =
        record.rungs.iter().map(|rung| format!("{} x {}", rung.candidates, rung.replications)).collect();
    let all = record.candidates.len() as u64 * u64::from(record.replications());
    if record.cost() >= all {
        // Nothing was dropped, so nothing was saved.
        return format!(
            "{} x {}: {}.",
            counted(record.candidates.len() as u64, "candidate"),
            counted(u64::from(record.replications()), "replication"),
            counted(all, "simulation")
        );
    }
    format!(
        "Successive halving, candidates x replications: {}; {} simulations instead of {}.",
        rungs.join(", "),
        grouped(record.cost()),
        grouped(all)
    )
}

/// The objective as people name it: `p95 latency`, `tier.l2.capacity`.
pub(super) fn objective_name(record: &RecommendRecord) -> String {
    match &record.objective {
        Objective::Measure(name) => spoken(name),
        Objective::Knob(path) => path.clone(),
    }
}

/// The answer: what to set, how good it is, what binds, and how sure that is. Each line is a sentence or two.
pub(super) fn answer(record: &RecommendRecord, outcome: &Outcome) -> Vec<String> {
    let best = match record.direction {
        Direction::Minimise => "lowest",
        Direction::Maximise => "highest",
    };
    let of = |found: &Found| {
        let value = found.objective.as_ref();
        let figure = value.map_or("no value".to_owned(), |known| objective_figure(record, known));
        format!("{} {figure}", objective_name(record))
    };
    let candidates = counted(record.candidates.len() as u64, "candidate");
    match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            let within = match winner.limits.len() {
                0 => String::new(),
                1 => " within the limit".to_owned(),
                _ => " within all limits".to_owned(),
            };
            let what = match &record.objective {
                Objective::Measure(_) => format!("{}, the {best}", of(winner)),
                // It is among the settings.
                Objective::Knob(path) => format!("the {best} {path}"),
            };
            let mut lines = vec![format!("{}: {what} of {candidates}{within}.", name(record, winner))];
            lines.extend(ties(record, rivals));
            lines.extend(binding(winner));
            lines.push(sure(record, winner, *unresolved));
            lines
        }
        Outcome::Undecided { best: found } => vec![
            format!(
                "Undecided. {}: {}, the {best} of {candidates} that keep all limits by their means; none keeps them with \
                 certainty.",
                name(record, found),
                of(found)
            ),
            match record.replications() {
                0 | 1 => {
                    "A single replication has no interval. More --replications may decide it.".to_owned()
                }
                _ => {
                    "The interval of a limit reaches beyond it. More --replications may decide it.".to_owned()
                }
            },
        ],
        Outcome::Nothing { closest } => {
            let mut lines = vec![format!(
                "Nothing among {candidates} keeps all limits. Closest: {}, with {}.",
                name(record, closest),
                of(closest)
            )];
            let beyond = closest.limits.iter().filter(|limit| limit.judgement.standing == Standing::Broken);
            lines.extend(beyond.map(broken));
            lines
        }
    }
}

fn ties(record: &RecommendRecord, rivals: &[Rival]) -> Option<String> {
    let tied: Vec<String> = rivals
        .iter()
        .filter(|rival| rival.verdict == Verdict::Tie && rival.found.keeping == Keeping::Certain)
        .map(|rival| name(record, &rival.found))
        .collect();
    let named = enumerated(&tied[..tied.len().min(TIES_MAX)], "and");
    match tied.len() {
        0 => None,
        1 => Some(format!("As good within the resolution of this search: {named}.")),
        all if all <= TIES_MAX => Some(format!("As good within the resolution of this search: {named}.")),
        all => Some(format!(
            "{all} others are as good within the resolution of this search, among them {named}."
        )),
    }
}

/// The limit that binds, or the nearest one.
pub(super) fn binding(found: &Found) -> Option<String> {
    let tightest = found.tightest()?;
    let margin = tightest.relative_margin?;
    let Limit { judgement, .. } = tightest;
    let value = judgement.estimate.map_or_else(String::new, |known| with_unit(known.mean, &judgement.unit));
    let limit = limit_text(tightest);
    Some(match found.binding() {
        Some(_) => format!(
            "The limit that binds: {} {value} of {limit} ({} % to spare).",
            spoken(&judgement.threshold.measure),
            percent_to(margin, 1)
        ),
        None => format!(
            "No limit binds. The nearest: {} {value} of {limit} ({} % to spare; a limit binds from {} % down).",
            spoken(&judgement.threshold.measure),
            percent_to(margin, 1),
            percent_to(BINDING_MARGIN_MAX, 0)
        ),
    })
}

/// `at most 500/s`.
pub(super) fn limit_text(limit: &Limit) -> String {
    let side = match limit.judgement.threshold.bound {
        Bound::Max => "at most",
        Bound::Min => "at least",
    };
    format!("{side} {}", exact(limit.judgement.threshold.limit, &limit.judgement.unit))
}

fn sure(record: &RecommendRecord, winner: &Found, unresolved: usize) -> String {
    let replications = u64::from(record.replications());
    let mut text = match (record.in_worlds, winner.limits.is_empty()) {
        (true, _) => format!("Over {}.", counted(replications, "world")),
        (false, true) => format!("By {}.", counted(replications, "replication")),
        (false, false) => format!(
            "Every limit is kept with the whole 95 % interval of {}.",
            counted(replications, "replication")
        ),
    };
    if let Some(regret) = winner.regret {
        let [mean, max] = [regret.mean, regret.max].map(|regret| with_unit(regret, &record.unit));
        text.push_str(&format!(
            " Regret against the best finalist of each world: {mean} on average, at most {max}."
        ));
    }
    if unresolved > 0 {
        text.push_str(&format!(" {}", dropped(record, unresolved)));
    }
    text
}

/// `3 of 96 candidates were dropped before a test could separate them from it; ...`
pub(super) fn dropped(record: &RecommendRecord, unresolved: usize) -> String {
    format!(
        "{unresolved} of {} {} dropped before a test could separate {} from it; more --replications or a larger budget \
         look longer (the first look is at {}).",
        counted(record.candidates.len() as u64, "candidate"),
        if unresolved == 1 { "was" } else { "were" },
        if unresolved == 1 { "it" } else { "them" },
        counted(u64::from(record.rungs[0].replications), "replication")
    )
}

/// A limit and its result in a candidate, ready to print.
pub(super) struct LimitRow {
    /// `db.qps.peak ≤ 500/s`.
    pub limit: String,
    pub value: String,
    /// `17.1 %`; empty without a value.
    pub margin: String,
    /// `binding`, `broken`, `not certain`; empty where there is nothing to note.
    pub note: String,
}

pub(super) fn limit_rows(found: &Found) -> Vec<LimitRow> {
    let binding = found.binding().map(|limit| &limit.judgement.threshold);
    let row = |limit: &Limit| {
        let judgement = &limit.judgement;
        let mut notes = Vec::new();
        match judgement.standing {
            Standing::Broken => notes.push("broken"),
            _ if judgement.within_interval => notes.push("not certain"),
            _ => {}
        }
        let kept = judgement.runs.filter(|_| judgement.is_by_runs()).map(|runs| format!("kept in {runs}"));
        notes.extend(kept.as_deref());
        if binding == Some(&judgement.threshold) {
            notes.push("binding");
        }
        let margin = |margin| format!("{} %", percent_to(margin, 1));
        LimitRow {
            limit: told(limit),
            value: limit_value(limit),
            margin: limit.relative_margin.map_or_else(String::new, margin),
            note: notes.join(", "),
        }
    };
    found.limits.iter().map(row).collect()
}

/// The figure of a limit; of two states both.
fn limit_value(limit: &Limit) -> String {
    let judgement = &limit.judgement;
    match (&judgement.states, &judgement.estimate) {
        (Some((_, both)), Some(_)) => {
            let figure = |estimate: &Estimate| estimated(estimate, &judgement.unit);
            enumerated(&both.iter().flatten().map(figure).collect::<Vec<_>>(), "or")
        }
        (None, Some(estimate)) => estimated(estimate, &judgement.unit),
        (_, None) => judgement.reason.clone(),
    }
}

/// Notes on the whole search.
pub(super) fn remarks(record: &RecommendRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if record.replications() == 1 {
        remarks.push("A single replication has no interval: differences may be chance.".to_owned());
    }
    if record.scenario.precision_unused {
        let replications = counted(u64::from(record.scenario.replications), "replication");
        remarks.push(format!(
            "The scenario's precision is not followed in a search: the last candidates have {replications}."
        ));
    }
    remarks
}
