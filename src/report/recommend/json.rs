//! The outcome of a search for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::usable;
use super::usage::fragment;
use crate::experiment::comparison::Verdict;
use crate::experiment::recommend::record::RecommendRecord;
use crate::experiment::recommend::schedule::Rung;
use crate::experiment::recommend::{Found, Keeping, Outcome, Regret};
use crate::experiment::shares::Runs;
use crate::experiment::states::State;
use crate::experiment::threshold::Standing;
use crate::model::{Bound, Direction};
use crate::report::interface::Interface;
use crate::report::{ReportError, json};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct SearchData<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// Its name.
    scenario: &'a str,
    seed: u64,
    /// A measure, or the path of a knob.
    objective: &'a str,
    direction: Direction,
    outcome: Kind,
    /// The winner, the best of those that are undecided, or the one closest to the limits.
    found: FoundData<'a>,
    /// Those that chance does not tell from the winner, and those that are worse.
    rivals: Vec<RivalData<'a>>,
    /// Candidates dropped early that were not told apart from the winner; `null` without a winner.
    dropped_unresolved: Option<usize>,
    candidates: usize,
    /// The steps of the search.
    rungs: &'a [Rung],
    /// Of a scenario with ranges; else `null`.
    worlds: Option<u32>,
    simulations: u64,
    /// The settings, to paste into a scenario; `null` where nothing keeps the limits for certain.
    toml: Option<String>,
}

/// How a search ended.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A setting is certain to keep all limits.
    Winner,
    /// None is certain to, but some may.
    Undecided,
    /// Every setting breaks a limit.
    Nothing,
}

/// A candidate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FoundData<'a> {
    variant: &'a str,
    /// By path, the values of the knobs as people read them.
    settings: BTreeMap<&'a str, &'a str>,
    /// Those of the knobs that the variant sets itself.
    pinned: BTreeMap<&'a str, &'a str>,
    /// Of the objective; of two states, in the worse one.
    mean: Option<f64>,
    /// 95 %.
    interval: Option<(f64, f64)>,
    replications: Option<usize>,
    /// Of a scenario with ranges; else `null`.
    regret: Option<Regret>,
    keeps_limits: Keeping,
    /// Runs that have collapsed, from 0; `null`: there is a single state.
    collapsed_runs: Option<Vec<usize>>,
    limits: Vec<LimitData<'a>>,
}

/// A limit in a candidate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LimitData<'a> {
    measure: &'a str,
    bound: Bound,
    /// In the unit of the measure.
    limit: f64,
    mean: Option<f64>,
    /// 95 %.
    interval: Option<(f64, f64)>,
    standing: Standing,
    /// The whole interval is on one side of the limit.
    certain: bool,
    /// Runs that keep it, each judged by itself.
    kept: Option<Runs>,
    /// Distance of the mean from the limit as a share of the limit; negative beyond it.
    relative_margin: Option<f64>,
    /// The limit that shapes the choice.
    binding: bool,
}

/// Another candidate beside the winner.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RivalData<'a> {
    #[serde(flatten)]
    found: FoundData<'a>,
    /// Against the winner.
    verdict: Verdict,
    /// Of the objective, this one minus the winner.
    difference: Option<f64>,
    /// 95 %.
    difference_interval: Option<(f64, f64)>,
}

/// Everything, for programs.
///
/// # Errors
/// It cannot be written as JSON.
pub fn outcome(record: &RecommendRecord, outcome: &Outcome) -> Result<String, ReportError> {
    let (kind, found, rivals, unresolved) = match outcome {
        Outcome::Winner { winner, rivals, unresolved } => {
            (Kind::Winner, winner, rivals.as_slice(), Some(*unresolved))
        }
        Outcome::Undecided { best } => (Kind::Undecided, best, &[][..], None),
        Outcome::Nothing { closest } => (Kind::Nothing, closest, &[][..], None),
    };
    let rivals = rivals.iter().map(|rival| RivalData {
        found: candidate(record, &rival.found),
        verdict: rival.verdict,
        difference: rival.difference.map(|difference| difference.estimate.mean),
        difference_interval: rival.difference.and_then(|difference| difference.estimate.interval),
    });
    json::encode(&SearchData {
        schema: Interface::Recommend.version(),
        herdlab: env!("CARGO_PKG_VERSION"),
        scenario: &record.scenario.name,
        seed: record.scenario.seed,
        objective: record.objective.name(),
        direction: record.direction,
        outcome: kind,
        found: candidate(record, found),
        rivals: rivals.collect(),
        dropped_unresolved: unresolved,
        candidates: record.candidates.len(),
        rungs: &record.rungs,
        worlds: record.in_worlds.then_some(record.replications()),
        simulations: record.cost(),
        toml: usable(outcome).map(|found| fragment(record, found)),
    })
}

fn candidate<'a>(record: &'a RecommendRecord, found: &'a Found) -> FoundData<'a> {
    let candidate = &record.candidates[found.candidate];
    let settings = candidate.settings.iter().map(|setting| (setting.path.as_str(), setting.label.as_str()));
    let pinned = candidate.pinned.iter().map(|(path, label)| (path.as_str(), label.as_str()));
    let binding = found.binding().map(|limit| &limit.judgement.threshold);
    let limits = found.limits.iter().map(|limit| {
        let judgement = &limit.judgement;
        LimitData {
            measure: &judgement.threshold.measure,
            bound: judgement.threshold.bound,
            limit: judgement.threshold.limit,
            mean: judgement.estimate.map(|estimate| estimate.mean),
            interval: judgement.estimate.and_then(|estimate| estimate.interval),
            standing: judgement.standing,
            certain: !judgement.within_interval,
            kept: judgement.runs,
            relative_margin: limit.relative_margin,
            binding: binding == Some(&judgement.threshold),
        }
    });
    FoundData {
        variant: &record.variants[candidate.variant].name,
        settings: settings.collect(),
        pinned: pinned.collect(),
        mean: found.objective.map(|estimate| estimate.mean),
        interval: found.objective.and_then(|estimate| estimate.interval),
        replications: found.objective.map(|estimate| estimate.n),
        regret: found.regret,
        keeps_limits: found.keeping,
        collapsed_runs: found.states.as_ref().map(|states| states.places(State::Collapsed)),
        limits: limits.collect(),
    }
}
