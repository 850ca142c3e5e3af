//! The verdicts at the end of a search: the winner, those that are as good, the limit that binds.

use super::record::RecommendRecord;
use crate::experiment::comparison::{
    SIGNIFICANCE, VERDICT_REPLICATIONS_MIN, Verdict, differs, smallest_that_matters,
};
use crate::experiment::states::{States, states};
use crate::experiment::statistics::{self, Estimate, PairedDifference, estimate};
use crate::experiment::threshold::{Judgement, Standing, judge_in};
use crate::model::Objective;

/// Whether a candidate keeps the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Keeping {
    /// All of them, with their whole 95 % intervals.
    Certain,
    /// By the mean, but an interval reaches beyond a limit, or there is none.
    Undecided,
    /// A mean is beyond a limit.
    Broken,
}

impl Keeping {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Keeping::Certain => "certain",
            Keeping::Undecided => "undecided",
            Keeping::Broken => "broken",
        }
    }
}

/// A limit and its result in a candidate.
#[derive(Clone, Debug)]
pub struct Limit {
    pub judgement: Judgement,
    /// Distance of the mean from the limit as a share of the limit; negative beyond it. `None` without a value, or where
    /// the limit is zero.
    pub relative_margin: Option<f64>,
}

/// A candidate at the end.
#[derive(Clone, Debug)]
pub struct Found {
    /// Index into the candidates of the search.
    pub candidate: usize,
    /// Of two states, in the worse one.
    pub objective: Option<Estimate>,
    /// The two states of the candidate, if it has two: it is judged by the worse one.
    pub states: Option<States>,
    pub limits: Vec<Limit>,
    pub keeping: Keeping,
    /// Of a scenario with ranges.
    pub regret: Option<Regret>,
}

/// How far a candidate is from the best finalist of the same world, among those that keep the limits; in the unit of the
/// objective. The candidate with the best mean over the worlds is the one with the least mean regret: the best of a world is the same
/// for all.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Regret {
    pub mean: f64,
    pub max: f64,
}

/// A limit with more room than this share of it does not bind.
pub const BINDING_MARGIN_MAX: f64 = 0.1;

impl Limit {
    /// Whether a limit leaves so little room that it shapes the choice: at most [`BINDING_MARGIN_MAX`] of it, or less than
    /// the interval of the mean.
    fn is_near(&self) -> bool {
        self.judgement.within_interval
            || self.relative_margin.is_some_and(|margin| margin <= BINDING_MARGIN_MAX)
    }
}

impl Found {
    /// The limit that binds: the one with the smallest margin, if it is near.
    pub fn binding(&self) -> Option<&Limit> {
        self.tightest().filter(|limit| limit.is_near())
    }

    /// The limit with the smallest margin.
    pub fn tightest(&self) -> Option<&Limit> {
        let known = self.limits.iter().filter(|limit| limit.relative_margin.is_some());
        known.min_by(|a, b| a.relative_margin.unwrap_or(0.0).total_cmp(&b.relative_margin.unwrap_or(0.0)))
    }

    /// Whether it breaks a limit.
    pub fn breaks(&self) -> bool {
        self.keeping == Keeping::Broken
    }

    /// By how much it is beyond its limits, all together.
    fn excess(&self) -> f64 {
        let beyond = |limit: &Limit| match limit.judgement.standing {
            Standing::Broken => limit.relative_margin.map_or(1.0, |margin| (-margin).max(f64::MIN_POSITIVE)),
            _ => 0.0,
        };
        self.limits.iter().map(beyond).sum()
    }
}

/// Another finalist against the winner.
#[derive(Clone, Debug)]
pub struct Rival {
    pub found: Found,
    /// This one minus the winner, pair by pair.
    pub difference: Option<PairedDifference>,
    /// [`Verdict::Worse`], [`Verdict::Tie`], or none with too few replications; better only where its limits are undecided
    /// or broken.
    pub verdict: Verdict,
}

/// The result of a search.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Keeps all limits, and nothing that does is better.
    Winner {
        winner: Found,
        /// The other finalists that keep the limits or may keep them, best first.
        rivals: Vec<Rival>,
        /// Candidates that were dropped before a test could separate them from the winner.
        unresolved: usize,
    },
    /// The best that keeps all limits by its means, though not with certainty.
    Undecided { best: Found },
    /// Nothing keeps all limits; the one that misses them least.
    Nothing { closest: Found },
}

/// The outcome of a search that has at least one candidate.
pub fn judge(record: &RecommendRecord) -> Outcome {
    let finalists = (0..record.candidates.len()).filter(|&index| record.is_finalist(index));
    let mut found: Vec<Found> = finalists.map(|index| stands(record, index)).collect();
    if record.in_worlds {
        regrets(record, &mut found);
    }
    let value = |found: &Found| {
        found.objective.map_or(f64::INFINITY, |estimate| record.direction.sign() * estimate.mean)
    };
    let slack =
        |found: &Found| found.tightest().and_then(|limit| limit.relative_margin).unwrap_or(f64::INFINITY);
    // Of equal objectives (those of a knob often are) the one that is farther from its limits.
    found.sort_by(|a, b| value(a).total_cmp(&value(b)).then(slack(b).total_cmp(&slack(a))));
    let first = |keeping: Keeping| {
        found.iter().position(|found| found.keeping == keeping && found.objective.is_some())
    };
    if let Some(place) = first(Keeping::Certain) {
        let winner = found.remove(place);
        found.retain(|found| found.keeping != Keeping::Broken);
        let unresolved = unresolved(record, &winner);
        let rivals = rivals(record, &winner, found);
        return Outcome::Winner { winner, rivals, unresolved };
    }
    if let Some(place) = first(Keeping::Undecided) {
        return Outcome::Undecided { best: found.swap_remove(place) };
    }
    found.sort_by(|a, b| a.excess().total_cmp(&b.excess()));
    Outcome::Nothing { closest: found.swap_remove(0) }
}

/// How a candidate stands in the replications that it has; without its regret.
pub fn stands(record: &RecommendRecord, index: usize) -> Found {
    let candidate = &record.candidates[index];
    let variant = record.as_variant(candidate);
    let limits: Vec<Limit> = record
        .limits_of(candidate)
        .map(|threshold| {
            let judgement = judge_in(threshold, &variant);
            let margin = judgement.margin();
            let relative_margin =
                margin.filter(|_| threshold.limit != 0.0).map(|margin| margin / threshold.limit.abs());
            Limit { judgement, relative_margin }
        })
        .collect();
    let uncertain = |limit: &Limit| {
        let Judgement { estimate, within_interval, .. } = &limit.judgement;
        *within_interval || estimate.is_some_and(|estimate| estimate.interval.is_none())
    };
    let keeping = if limits.iter().any(|limit| limit.judgement.standing == Standing::Broken) {
        Keeping::Broken
    } else if limits.iter().any(uncertain) {
        Keeping::Undecided
    } else {
        Keeping::Certain
    };
    let values = record.objective_of(candidate, candidate.replications);
    let states = if record.in_worlds { None } else { states(&variant) };
    let judged = worse_of(states.as_ref(), &values, record.direction.sign());
    Found { candidate: index, objective: estimate(&judged), states, limits, keeping, regret: None }
}

/// Holds every candidate against the best of each world.
fn regrets(record: &RecommendRecord, found: &mut [Found]) {
    let sign = record.direction.sign();
    let values: Vec<Vec<Option<f64>>> =
        found.iter().map(|one| objective(record, one.candidate, record.replications())).collect();
    let keeps: Vec<bool> = found.iter().map(|one| one.keeping != Keeping::Broken).collect();
    let any = keeps.contains(&true);
    let best: Vec<Option<f64>> = (0..record.replications() as usize)
        .map(|world| {
            let allowed = values.iter().zip(&keeps).filter(|(_, keeps)| **keeps || !any);
            allowed.filter_map(|(values, _)| values[world]).map(|value| sign * value).reduce(f64::min)
        })
        .collect();
    for (one, values) in found.iter_mut().zip(&values) {
        let regrets: Vec<f64> =
            values.iter().zip(&best).filter_map(|(value, best)| Some(sign * (*value)? - (*best)?)).collect();
        let max = regrets.iter().copied().reduce(f64::max);
        one.regret = max.map(|max| Regret { mean: regrets.iter().sum::<f64>() / regrets.len() as f64, max });
    }
}

/// The values by which something is judged: of two states those of the worse one.
pub(super) fn worse_of(states: Option<&States>, values: &[Option<f64>], sign: f64) -> Vec<f64> {
    match states {
        Some(states) => states.worse(values, sign),
        None => values.iter().flatten().copied().collect(),
    }
}

/// The rules of a comparison of variants: paired t-test with Holm's correction over all rivals, the sign-flip test, and an
/// effect that matters.
fn rivals(record: &RecommendRecord, winner: &Found, others: Vec<Found>) -> Vec<Rival> {
    let values = |found: &Found| objective(record, found.candidate, record.replications());
    let best = values(winner);
    let paired: Vec<Option<PairedDifference>> =
        others.iter().map(|other| statistics::paired_difference(&best, &values(other))).collect();
    let p: Vec<f64> = paired.iter().map(|paired| paired.and_then(|paired| paired.p).unwrap_or(1.0)).collect();
    let corrected = statistics::holm(&p);
    let matters = match &record.objective {
        Objective::Measure(_) => {
            smallest_that_matters(&record.unit, winner.objective.map_or(0.0, |estimate| estimate.mean))
        }
        // A knob is not measured: every difference is one.
        Objective::Knob(_) => 0.0,
    };
    let rival = |((found, difference), p): ((Found, Option<PairedDifference>), f64)| {
        let verdict = match difference {
            Some(PairedDifference { estimate, .. }) if matches!(record.objective, Objective::Knob(_)) => {
                if estimate.mean == 0.0 {
                    Verdict::Tie
                } else {
                    worse_or_better(record, estimate.mean)
                }
            }
            // A mean over two states is that of no run.
            _ if winner.states.is_some() || found.states.is_some() => Verdict::NoVerdict,
            Some(PairedDifference { estimate, .. }) if estimate.n >= VERDICT_REPLICATIONS_MIN => {
                let flips = statistics::sign_flip_p(&statistics::differences(&best, &values(&found)));
                match differs(&estimate, p.max(flips), matters) {
                    true => worse_or_better(record, estimate.mean),
                    false => Verdict::Tie,
                }
            }
            _ => Verdict::NoVerdict,
        };
        Rival { found, difference, verdict }
    };
    others.into_iter().zip(paired).zip(corrected).map(rival).collect()
}

fn worse_or_better(record: &RecommendRecord, difference: f64) -> Verdict {
    if record.direction.sign() * difference > 0.0 { Verdict::Worse } else { Verdict::Better }
}

/// How many of the dropped candidates are not significantly worse than the winner on the replications that they had, and
/// not certain to break a limit. No correction: the more are counted, the more careful is the statement.
fn unresolved(record: &RecommendRecord, winner: &Found) -> usize {
    let dropped = (0..record.candidates.len()).filter(|&index| !record.is_finalist(index));
    dropped.filter(|&index| !told_apart(record, winner, index)).count()
}

fn told_apart(record: &RecommendRecord, winner: &Found, index: usize) -> bool {
    let candidate = &record.candidates[index];
    let replications = candidate.replications;
    let beyond = record.limits_of(candidate).any(|limit| {
        let values: Vec<f64> = candidate.values(&limit.measure, replications).into_iter().flatten().collect();
        let interval = estimate(&values).and_then(|estimate| estimate.interval);
        interval.is_some_and(|(low, high)| {
            !limit.bound.allows(low, limit.limit) && !limit.bound.allows(high, limit.limit)
        })
    });
    let values = |index: usize| objective(record, index, replications);
    let paired = statistics::paired_difference(&values(winner.candidate), &values(index));
    let worse = paired.is_some_and(|paired| {
        let lost = record.direction.sign() * paired.estimate.mean > 0.0;
        lost && paired.p.is_some_and(|p| p < SIGNIFICANCE)
    });
    beyond || worse
}

fn objective(record: &RecommendRecord, candidate: usize, replications: u32) -> Vec<Option<f64>> {
    record.objective_of(&record.candidates[candidate], replications)
}
