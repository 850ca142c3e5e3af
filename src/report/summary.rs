//! The comparison as JSON, for scripts (`--format json`).

use serde::Serialize;

use super::interface::Interface;
use super::sure::{self, WorldsSummary};
use super::{ReportError, json};
use crate::experiment::answer::{Answer, TestedClaim};
use crate::experiment::comparison::{Comparison, MeasureComparison, Verdict};
use crate::experiment::review::{Review, review};
use crate::experiment::shares::Runs;
use crate::experiment::states::{State, States};
use crate::experiment::threshold::{Judgement, Standing, judge};
use crate::experiment::withheld::Withheld;
use crate::model::Bound;
use crate::record::{EventRecord, Record};
use crate::theory::Prediction;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Summary<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// Its name.
    scenario: &'a str,
    question: &'a str,
    /// May the change be shipped: verdicts, reasons, and the figures behind them.
    review: Review,
    /// The answer to the question, in words.
    answer: &'a str,
    /// The words are the author's, and all their claims hold.
    answer_by_author: bool,
    /// Why the author's words are not shown, or limits of the answer.
    note: Option<&'a str>,
    /// Limits of the figures: no recovery, unfinished requests.
    remarks: Vec<String>,
    /// The author's claims and whether they hold here.
    claims: &'a [TestedClaim],
    /// One for each threshold and variant that it is about.
    thresholds: Vec<ThresholdSummary<'a>>,
    /// Of the checked models, seed and replications (SHA-256).
    digest: &'a str,
    seed: u64,
    /// Finished replications.
    replications: u32,
    /// The variant that the others are compared with.
    baseline: &'a str,
    /// Measures that get a verdict, most important first.
    headline: &'a [String],
    /// In the order of the scenario file.
    variants: Vec<VariantSummary<'a>>,
    /// Of a scenario with ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    worlds: Option<WorldsSummary<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ThresholdSummary<'a> {
    measure: &'a str,
    /// `min` or `max`.
    bound: Bound,
    /// In the unit of the measure.
    limit: f64,
    /// The whole 95 % interval has to keep it, not just the mean.
    confident: bool,
    /// The share of the runs that has to keep it; `null`: the mean decides, or all runs where the variant has two states.
    runs: Option<f64>,
    variant: &'a str,
    mean: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    /// In the unit of the measure; negative on the wrong side of the limit.
    margin: Option<f64>,
    result: Standing,
    /// In how many runs it was kept, each by itself.
    kept: Option<Runs>,
    /// Lower 95 % bound (Clopper and Pearson) of the share of all runs that keep it.
    kept_share_low: Option<f64>,
    /// The limit lies within the interval.
    uncertain: bool,
    /// Why, where it is not the mean that decides; empty else.
    reason: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VariantSummary<'a> {
    name: &'a str,
    events: &'a [EventRecord],
    /// Predictions of closed forms; `failing` names their assumptions that do not hold.
    theory: &'a [Prediction],
    /// The two states, if it has two.
    states: Option<StatesSummary>,
    measures: Vec<MeasureSummary<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StatesSummary {
    /// The measure that separates them.
    measure: &'static str,
    /// Places of the runs in each, from 0.
    healthy: Vec<usize>,
    collapsed: Vec<usize>,
    /// 95 % interval of the share of collapsed runs (Clopper and Pearson).
    collapsed_share: (f64, f64),
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StateSummary {
    state: State,
    mean: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    replications: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MeasureSummary<'a> {
    measure: &'a str,
    unit: &'a str,
    mean: Option<f64>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    replications: usize,
    /// This variant minus the baseline, pair by pair.
    difference: Option<DifferenceSummary>,
    verdict: Option<Verdict>,
    /// The reason for a missing verdict, if it is not too few replications.
    no_verdict: Option<String>,
    /// Over the runs in each state, where the variant has two.
    states: Option<[StateSummary; 2]>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DifferenceSummary {
    mean: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    /// Of the baseline's mean.
    relative: Option<f64>,
    p: Option<f64>,
    p_corrected: Option<f64>,
    p_sign_flip: Option<f64>,
    /// The smallest difference that would not have been a tie.
    detectable: Option<f64>,
}

/// Comparison, answer and claims as one JSON object.
///
/// # Errors
/// Never for a record that was measured.
pub fn render(record: &Record, comparison: &Comparison, answer: &Answer) -> Result<String, ReportError> {
    let scenario = &record.scenario;
    let variants = comparison
        .variants
        .iter()
        .zip(&record.variants)
        .map(|(variant, recorded)| VariantSummary {
            name: &variant.name,
            events: &recorded.events,
            theory: &recorded.theory,
            states: variant.states.as_ref().map(states_summary),
            measures: variant.measures.iter().map(|measure| measure_summary(comparison, measure)).collect(),
        })
        .collect();
    let judged = judge(record);
    json::encode(&Summary {
        schema: Interface::Run.version(),
        herdlab: &record.herdlab,
        scenario: &scenario.name,
        question: &scenario.question,
        review: review(record, comparison),
        answer: &answer.words,
        answer_by_author: answer.by_author,
        note: answer.note.as_deref(),
        remarks: super::remarks::remarks(record, comparison),
        claims: &answer.claims,
        thresholds: judged.iter().map(threshold_summary).collect(),
        digest: &scenario.digest,
        seed: scenario.seed,
        replications: scenario.finished,
        baseline: &comparison.baseline().name,
        headline: &scenario.headline,
        variants,
        worlds: sure::summary(record, comparison),
    })
}

fn states_summary(states: &States) -> StatesSummary {
    StatesSummary {
        measure: states.measure,
        healthy: states.places(State::Healthy),
        collapsed: states.places(State::Collapsed),
        collapsed_share: states.runs(State::Collapsed).interval(),
    }
}

fn threshold_summary(judgement: &Judgement) -> ThresholdSummary<'_> {
    let threshold = &judgement.threshold;
    let interval = judgement.estimate.and_then(|estimate| estimate.interval);
    ThresholdSummary {
        measure: &threshold.measure,
        bound: threshold.bound,
        limit: threshold.limit,
        confident: threshold.confident,
        runs: threshold.runs,
        variant: &judgement.variant,
        mean: judgement.estimate.map(|estimate| estimate.mean),
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
        margin: judgement.margin(),
        result: judgement.standing,
        kept: judgement.runs,
        kept_share_low: judgement.runs.map(Runs::at_least),
        uncertain: judgement.within_interval,
        reason: &judgement.reason,
    }
}

fn measure_summary<'a>(comparison: &Comparison, measure: &'a MeasureComparison) -> MeasureSummary<'a> {
    let interval = measure.estimate.and_then(|estimate| estimate.interval);
    MeasureSummary {
        measure: &measure.name,
        unit: &measure.unit,
        mean: measure.estimate.map(|estimate| estimate.mean),
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
        replications: measure.estimate.map_or(0, |estimate| estimate.n),
        difference: measure.difference.map(|paired| DifferenceSummary {
            mean: paired.estimate.mean,
            ci_low: paired.estimate.interval.map(|(low, _)| low),
            ci_high: paired.estimate.interval.map(|(_, high)| high),
            relative: comparison.relative_difference(measure),
            p: paired.p,
            p_corrected: measure.p_corrected,
            p_sign_flip: measure.p_sign_flip,
            detectable: measure.detectable,
        }),
        verdict: measure.verdict,
        no_verdict: measure.withheld.as_ref().map(Withheld::reason),
        states: measure.by_state.map(|both| {
            let [healthy, collapsed] = both;
            [(State::Healthy, healthy), (State::Collapsed, collapsed)].map(|(state, estimate)| StateSummary {
                state,
                mean: estimate.map(|estimate| estimate.mean),
                ci_low: estimate.and_then(|estimate| Some(estimate.interval?.0)),
                ci_high: estimate.and_then(|estimate| Some(estimate.interval?.1)),
                replications: estimate.map_or(0, |estimate| estimate.n),
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::experiment::{answer::answer, comparison::compare};
    use crate::record::AnswerRecord;
    use crate::record::fixture::{bimodal, stampede};

    #[test]
    fn scripts_find_states_and_reasons() {
        let record = bimodal();
        let comparison = compare(&record);
        let text = super::render(&record, &comparison, &answer(&record, &comparison)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let states = &value["variants"][0]["states"];
        assert_eq!(states["measure"], "latency.all.mean_ms");
        assert_eq!(states["collapsed"], serde_json::json!([1, 3, 5, 7, 9]));
        let load = &value["variants"][1]["measures"][0];
        assert_eq!(load["no_verdict"], "a has two states, and their mean is that of no run");
        let latency = &value["variants"][0]["measures"][1]["states"][1];
        assert_eq!((&latency["state"], &latency["replications"]), (&"collapsed".into(), &5.into()));
    }

    #[test]
    fn scripts_find_verdicts_and_claims() {
        let mut record = stampede(3);
        record.scenario.answer = Some(AnswerRecord {
            text: "It helps.".to_string(),
            digest: "old".to_string(),
            claims: vec!["{singleflight:db.qps.peak} < {ttl only:db.qps.peak}".to_string()],
        });
        let comparison = compare(&record);
        let text = super::render(&record, &comparison, &answer(&record, &comparison)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["claims"][0]["holds"], true);
        let verdicts: Vec<_> = value["variants"][2]["measures"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|measure| measure["verdict"].as_str())
            .collect();
        assert_eq!(verdicts, ["better", "better", "better"]);
    }
}
