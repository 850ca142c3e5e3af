//! In how many worlds a verdict, a threshold or a claim holds.

use serde::Serialize;

use super::alone;
use crate::catalog::{self, Better};
use crate::experiment::answer::tested;
use crate::experiment::comparison::{Comparison, Verdict, compare, smallest_that_matters};
use crate::experiment::statistics::{differences, estimate};
use crate::experiment::threshold::{Standing, judge};
use crate::model::Threshold;
use crate::record::Record;

/// A number of worlds, out of those in which the statement can be tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Held {
    pub count: usize,
    pub of: usize,
}

impl Held {
    fn tally(holds: impl Iterator<Item = Option<bool>>) -> Held {
        let known: Vec<bool> = holds.flatten().collect();
        Held { count: known.iter().filter(|holds| **holds).count(), of: known.len() }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} worlds", self.count, self.of)
    }
}

/// A verdict of the nominal run.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldVerdict {
    pub variant: String,
    pub measure: String,
    pub verdict: Verdict,
    pub held: Held,
}

/// A threshold in one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldThreshold {
    pub threshold: Threshold,
    /// Of its measure; empty where no variant has it.
    pub unit: String,
    pub variant: String,
    /// Worlds in which it is kept, by the mean of their runs.
    pub held: Held,
}

/// Verdicts, thresholds and claims, each in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holding {
    pub verdicts: Vec<HeldVerdict>,
    pub thresholds: Vec<HeldThreshold>,
    pub claims: Vec<(String, Held)>,
}

/// What holds in how many worlds; empty for a record without worlds.
///
/// A world has too few runs for a test, so the mean of its runs decides. A verdict of `better` or `worse` holds where the paired
/// difference has the same direction and matters (1 %), a tie where it does not matter or is smaller than the nominal run could
/// have seen.
pub fn holding(record: &Record, comparison: &Comparison) -> Holding {
    let each = alone::each(record);
    if each.is_empty() {
        return Holding::default();
    }
    let claims = record.scenario.answer.as_ref().map_or(&[][..], |answer| &answer.claims);
    let tests: Vec<_> = each.iter().map(|world| tested(claims, &compare(world))).collect();
    let of_claim = |(index, claim): (usize, &String)| {
        (claim.clone(), Held::tally(tests.iter().map(|tested| tested[index].holds)))
    };
    Holding {
        verdicts: verdicts(record, comparison, &each),
        thresholds: thresholds(&each),
        claims: claims.iter().enumerate().map(of_claim).collect(),
    }
}

fn verdicts(record: &Record, comparison: &Comparison, each: &[Record]) -> Vec<HeldVerdict> {
    let baseline = comparison.baseline;
    let mut held = Vec::new();
    for measure in &record.scenario.headline {
        for (index, variant) in comparison.variants.iter().enumerate() {
            let Some(judged) = variant.measure(measure) else { continue };
            let Some(verdict) = judged.verdict.filter(|verdict| *verdict != Verdict::NoVerdict) else {
                continue;
            };
            let seen = judged.detectable.unwrap_or(0.0);
            let holds = |world: &Record| {
                let (base, own) =
                    (world.variants[baseline].measure(measure)?, world.variants[index].measure(measure)?);
                let difference = estimate(&differences(&base.values, &own.values))?.mean;
                let mean = estimate(&base.values.iter().flatten().copied().collect::<Vec<_>>())?.mean;
                let matters = smallest_that_matters(&judged.unit, mean);
                Some(is(verdict, measure, difference, matters, seen))
            };
            held.push(HeldVerdict {
                variant: variant.name.clone(),
                measure: measure.clone(),
                verdict,
                held: Held::tally(each.iter().map(holds)),
            });
        }
    }
    held
}

/// Whether a difference bears a verdict out; of a tie, differences up to `seen` do.
fn is(verdict: Verdict, measure: &str, difference: f64, matters: f64, seen: f64) -> bool {
    let lower = catalog::find(measure).is_some_and(|info| info.better == Better::Lower);
    let better = if lower { -difference } else { difference };
    match verdict {
        Verdict::Better => better > matters,
        Verdict::Worse => -better > matters,
        Verdict::Tie => better.abs() <= matters.max(seen),
        Verdict::NoVerdict => false,
    }
}

fn thresholds(each: &[Record]) -> Vec<HeldThreshold> {
    let judged: Vec<_> = each.iter().map(judge).collect();
    let Some(first) = judged.first() else { return Vec::new() };
    let held = |(index, judgement): (usize, &crate::experiment::threshold::Judgement)| {
        let holds = judged.iter().map(|world| match world.get(index)?.standing {
            Standing::Kept => Some(true),
            Standing::Broken => Some(false),
            Standing::NotMeasured | Standing::NotJudged => None,
        });
        HeldThreshold {
            threshold: judgement.threshold.clone(),
            unit: judgement.unit.clone(),
            variant: judgement.variant.clone(),
            held: Held::tally(holds),
        }
    };
    first.iter().enumerate().map(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bound;
    use crate::record::fixture::{measure, record_of};
    use crate::record::{AnswerRecord, VariantWorlds, WorldMeasure, WorldsRecord};

    /// Two variants, six nominal runs in which `b` halves the load, and three worlds: half, the same, double.
    fn record() -> Record {
        let base = [100.0, 102.0, 98.0, 101.0, 99.0, 100.0];
        let mut record = record_of(
            &[
                ("a", vec![measure("db.qps.peak", &base)]),
                ("b", vec![measure("db.qps.peak", &base.map(|value| value / 2.0))]),
            ],
            &["db.qps.peak"],
        );
        let runs = |values: [f64; 3]| VariantWorlds {
            measures: vec![WorldMeasure {
                name: "db.qps.peak".into(),
                values: values.iter().map(|value| vec![Some(*value), Some(value + 2.0)]).collect(),
            }],
        };
        record.worlds = Some(WorldsRecord {
            wanted: 3,
            replications: 2,
            inputs: Vec::new(),
            values: vec![Vec::new(); 3],
            variants: vec![runs([100.0, 100.0, 100.0]), runs([50.0, 100.0, 200.0])],
        });
        record
    }

    #[test]
    fn a_verdict_holds_where_the_difference_has_its_direction_and_matters() {
        let record = record();
        let holding = holding(&record, &compare(&record));
        let told = &holding.verdicts[0];
        assert_eq!((told.verdict, told.held), (Verdict::Better, Held { count: 1, of: 3 }));
        assert_eq!(told.held.to_string(), "1 of 3 worlds");
        // In the measure's own direction; 1 % of 100 does not matter, and a tie has what could have been seen.
        assert!(
            is(Verdict::Worse, "db.qps.peak", 1.1, 1.0, 0.0)
                && !is(Verdict::Worse, "db.qps.peak", 0.9, 1.0, 0.0)
        );
        assert!(
            is(Verdict::Better, "goodput", 1.1, 1.0, 0.0) && !is(Verdict::Better, "goodput", -1.1, 1.0, 0.0)
        );
        assert!(is(Verdict::Tie, "goodput", 4.0, 1.0, 5.0) && !is(Verdict::Tie, "goodput", 6.0, 1.0, 5.0));
    }

    #[test]
    fn thresholds_and_claims_are_judged_world_by_world() {
        let mut record = record();
        let limit = |limit| Threshold {
            measure: "db.qps.peak".into(),
            bound: Bound::Max,
            limit,
            variant: Some("b".into()),
            // Two runs 2 apart have an interval of 25: a confident threshold would be kept in no world.
            confident: true,
            runs: None,
        };
        // Means of b: 51, 101, 201.
        record.scenario.thresholds = vec![limit(101.0), limit(50.0)];
        record.scenario.answer = Some(AnswerRecord {
            text: String::new(),
            digest: String::new(),
            claims: vec!["{b:db.qps.peak} < 1.5 * {a:db.qps.peak}".into(), "{c:db.qps.peak} < 1".into()],
        });
        let holding = holding(&record, &compare(&record));
        let kept: Vec<usize> = holding.thresholds.iter().map(|one| one.held.count).collect();
        assert_eq!(kept, [2, 0]);
        assert_eq!(holding.claims[0].1, Held { count: 2, of: 3 });
        assert_eq!(holding.claims[1].1, Held { count: 0, of: 0 }, "nobody measures c");
    }

    #[test]
    fn without_worlds_nothing_is_held() {
        let record = record_of(&[("a", vec![measure("db.qps.peak", &[1.0])])], &["db.qps.peak"]);
        assert_eq!(holding(&record, &compare(&record)), Holding::default());
    }
}
