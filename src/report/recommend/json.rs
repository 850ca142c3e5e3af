//! The outcome of a search for programs.

use serde_json::{Value, json};

use super::usable;
use super::usage::fragment;
use crate::experiment::recommend::record::RecommendRecord;
use crate::experiment::recommend::{Found, Outcome};
use crate::experiment::states::State;
use crate::report::ReportError;

/// Everything, for programs.
///
/// # Errors
/// It cannot be written as JSON.
pub fn outcome(record: &RecommendRecord, outcome: &Outcome) -> Result<String, ReportError> {
    let (kind, found, rivals, unresolved) = match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            ("winner", winner, rivals.as_slice(), Some(*unresolved))
        }
        Outcome::Undecided { best } => ("undecided", best, &[][..], None),
        Outcome::Nothing { closest } => ("nothing", closest, &[][..], None),
    };
    let rivals: Vec<Value> = rivals
        .iter()
        .map(|rival| {
            let mut value = as_json(record, &rival.found);
            value["verdict"] = json!(rival.verdict);
            value["difference"] = json!(rival.difference.map(|difference| difference.estimate.mean));
            value["difference_interval"] =
                json!(rival.difference.and_then(|difference| difference.estimate.interval));
            value
        })
        .collect();
    let all = json!({
        "herdlab": env!("CARGO_PKG_VERSION"),
        "scenario": record.scenario.name,
        "seed": record.scenario.seed,
        "objective": record.objective.name(),
        "direction": record.direction,
        "outcome": kind,
        "found": as_json(record, found),
        "rivals": rivals,
        "dropped_unresolved": unresolved,
        "candidates": record.candidates.len(),
        "rungs": record.rungs,
        "worlds": record.in_worlds.then_some(record.replications()),
        "simulations": record.cost(),
        "toml": usable(outcome).map(|found| fragment(record, found)),
    });
    let text = serde_json::to_string_pretty(&all)
        .map_err(|error| ReportError::Make { what: "the JSON".to_owned(), problem: error.to_string() })?;
    Ok(text + "\n")
}

fn as_json(record: &RecommendRecord, found: &Found) -> Value {
    let candidate = &record.candidates[found.candidate];
    let settings: serde_json::Map<String, Value> =
        candidate.settings.iter().map(|setting| (setting.path.clone(), json!(setting.label))).collect();
    let pinned: serde_json::Map<String, Value> =
        candidate.pinned.iter().map(|(path, label)| (path.clone(), json!(label))).collect();
    let binding = found.binding().map(|limit| &limit.judgement.threshold);
    let limits: Vec<Value> = found
        .limits
        .iter()
        .map(|limit| {
            let judgement = &limit.judgement;
            json!({
                "measure": judgement.threshold.measure,
                "bound": judgement.threshold.bound,
                "limit": judgement.threshold.limit,
                "mean": judgement.estimate.map(|estimate| estimate.mean),
                "interval": judgement.estimate.and_then(|estimate| estimate.interval),
                "standing": judgement.standing,
                "certain": !judgement.within_interval,
                "kept": judgement.runs,
                "relative_margin": limit.relative_margin,
                "binding": binding == Some(&judgement.threshold),
            })
        })
        .collect();
    json!({
        "variant": record.variants[candidate.variant].name,
        "settings": settings,
        "pinned": pinned,
        "mean": found.objective.map(|estimate| estimate.mean),
        "interval": found.objective.and_then(|estimate| estimate.interval),
        "replications": found.objective.map(|estimate| estimate.n),
        "regret": found.regret,
        "keeps_limits": found.keeping,
        "collapsed_runs": found.states.as_ref().map(|states| states.places(State::Collapsed)),
        "limits": limits,
    })
}
