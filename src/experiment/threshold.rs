//! Thresholds compared with the measured values.
//!
//! A threshold is judged on the mean over replications, the figure that every table shows; whether the limit lies within
//! its interval stands beside, and so does the number of runs that kept it. `confident` thresholds need the whole interval on the
//! right side. A mean over two states ([`super::states`]) decides nothing: there every run has to keep the limit, or the share of the
//! runs that the threshold requires.

use serde::Serialize;

use super::shares::Runs;
use super::states::{State, States, states};
use super::statistics::{self, Estimate};
use crate::catalog::Change;
use crate::measure::quantity::with_unit;
use crate::model::{Bound, Threshold};
use crate::record::meaning;
use crate::record::{EventRun, EventStatus, Record, VariantRecord};

/// Result of a threshold in a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Kept,
    Broken,
    /// This variant does not have the measure (a tier that it lacks), while another one has.
    NotMeasured,
    /// The record is older than what the measure means today.
    NotJudged,
}

impl Standing {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Kept => "kept",
            Standing::Broken => "broken",
            Standing::NotMeasured => "not measured",
            Standing::NotJudged => "not judged",
        }
    }
}

/// A threshold in one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub threshold: Threshold,
    pub variant: String,
    /// Unit of the catalogue.
    pub unit: String,
    /// Over the replications that have a value; `None` where none has.
    pub estimate: Option<Estimate>,
    /// The two states of the variant, if it has two, with the estimate in each.
    pub states: Option<(States, [Option<Estimate>; 2])>,
    /// In how many runs the limit was kept, each judged by itself; `None` where the variant lacks the measure.
    pub runs: Option<Runs>,
    pub standing: Standing,
    /// The interval reaches to both sides of the limit: more replications could change the standing.
    pub within_interval: bool,
    /// Why, where it is not the mean that decides; empty else.
    pub reason: String,
}

impl Judgement {
    /// How far the mean is on the right side of the limit, in the unit of the measure; negative on the wrong side. Of two states
    /// the one that is nearer to the limit, or farther beyond it.
    pub fn margin(&self) -> Option<f64> {
        let Threshold { bound, limit, .. } = self.threshold;
        let margin = |estimate: Estimate| bound.margin(estimate.mean, limit);
        match &self.states {
            Some((_, estimates)) => estimates.iter().flatten().copied().map(margin).reduce(f64::min),
            None => self.estimate.map(margin),
        }
    }

    /// Whether the runs decide, each by itself, rather than their mean.
    pub fn is_by_runs(&self) -> bool {
        self.states.is_some() || self.threshold.runs.is_some()
    }
}

/// Judges every threshold of a record in the variants that it is about, in the order of the file.
pub fn judge(record: &Record) -> Vec<Judgement> {
    let judged = |threshold: &Threshold| match meaning::changed(record.schema, &threshold.measure) {
        Some(change) => not_judged_any_more(threshold, &record.variants, change),
        None => judge_one(threshold, &record.variants),
    };
    record.scenario.thresholds.iter().flat_map(judged).collect()
}

/// A threshold on a measure that meant something else when the record was written.
fn not_judged_any_more(threshold: &Threshold, variants: &[VariantRecord], change: Change) -> Vec<Judgement> {
    let about = variants.iter().filter(|variant| threshold.is_about(&variant.name));
    let unjudged = about.map(|variant| Judgement {
        standing: Standing::NotJudged,
        within_interval: false,
        reason: format!("in this record it is {}", change.before),
        ..judge_in(threshold, variant)
    });
    unjudged.collect()
}

/// A threshold in the variants that it is about. Where none of them has the measure, it is broken: what was to be watched
/// was not there.
fn judge_one(threshold: &Threshold, variants: &[VariantRecord]) -> Vec<Judgement> {
    let about = variants.iter().filter(|variant| threshold.is_about(&variant.name));
    let mut judged: Vec<Judgement> = about.map(|variant| judge_in(threshold, variant)).collect();
    if judged.iter().all(|judgement| judgement.standing == Standing::NotMeasured) {
        judged.iter_mut().for_each(|judgement| judgement.standing = Standing::Broken);
    }
    judged
}

/// A threshold in one variant.
///
/// Replications without a value are left out of the mean. Where none has one, nothing of the kind happened (no read was
/// stale): that keeps an upper limit and breaks a lower one. A recovery without a value is one that did not come.
pub fn judge_in(threshold: &Threshold, variant: &VariantRecord) -> Judgement {
    let measure = variant.measure(&threshold.measure);
    let values = measure.map_or(&[][..], |measure| measure.values.as_slice());
    let estimate = statistics::estimate(&values.iter().flatten().copied().collect::<Vec<_>>());
    let states = states(variant).map(|states| {
        let estimates = State::BOTH.map(|state| states.estimate(state, values));
        (states, estimates)
    });
    let runs = measure.map(|measure| runs_kept(threshold, variant, &measure.values));
    let (standing, within_interval, reason) = match (runs, estimate) {
        (None, _) => (Standing::NotMeasured, false, "this variant does not have the measure".to_owned()),
        (Some(runs), estimate) => match (lasting_outages(&threshold.measure, variant), estimate) {
            _ if threshold.runs.is_some() || states.is_some() => {
                by_runs(threshold, runs, states.as_ref().map(|(states, _)| states))
            }
            (outages @ 1.., _) if threshold.bound == Bound::Max => (
                Standing::Broken,
                false,
                format!("not recovered in {outages} of {} replications", replications(variant)),
            ),
            (_, Some(estimate)) => by_mean(threshold, &estimate),
            (_, None) => match threshold.bound {
                Bound::Max => match not_judged(&threshold.measure, variant) {
                    Some(why) => (Standing::Broken, false, format!("not judged: {why}")),
                    None => (Standing::Kept, false, "no value: nothing of the kind happened".to_owned()),
                },
                Bound::Min => (Standing::Broken, false, "no value in any replication".to_owned()),
            },
        },
    };
    Judgement {
        threshold: threshold.clone(),
        variant: variant.name.clone(),
        unit: measure.map(|measure| measure.unit.clone()).unwrap_or_default(),
        estimate,
        states,
        runs,
        standing,
        within_interval,
        reason,
    }
}

/// In how many runs the limit was kept, each judged by itself.
fn runs_kept(threshold: &Threshold, variant: &VariantRecord, values: &[Option<f64>]) -> Runs {
    let kept = kept_in(threshold, variant, values);
    Runs { count: kept.iter().filter(|&&kept| kept).count(), of: kept.len() }
}

/// Which runs keep the limit, each judged by itself; `None` where the variant lacks the measure.
pub fn kept_by_run(threshold: &Threshold, variant: &VariantRecord) -> Option<Vec<bool>> {
    variant.measure(&threshold.measure).map(|measure| kept_in(threshold, variant, &measure.values))
}

/// A run without a value keeps an upper limit only, and not that of a recovery that did not come.
fn kept_in(threshold: &Threshold, variant: &VariantRecord, values: &[Option<f64>]) -> Vec<bool> {
    let event = threshold.measure.strip_suffix(".recovery_s");
    let metastable = event.and_then(|event| variant.measure(&format!("{event}.metastable")));
    let came_back = |run: usize| {
        let lasting = metastable.and_then(|measure| measure.values.get(run).copied().flatten());
        lasting.is_none_or(|lasting| lasting == 0.0)
    };
    let kept = |(run, value): (usize, &Option<f64>)| match value {
        Some(value) => threshold.bound.allows(*value, threshold.limit),
        None => threshold.bound == Bound::Max && came_back(run),
    };
    values.iter().enumerate().map(kept).collect()
}

/// By the share of the runs that keep the limit: the share required, or all of them. A confident threshold needs the exact
/// bound of that share.
fn by_runs(threshold: &Threshold, runs: Runs, states: Option<&States>) -> (Standing, bool, String) {
    let wanted = threshold.runs.unwrap_or(1.0);
    let certain = !threshold.confident || threshold.runs.is_none() || runs.at_least() >= wanted;
    let standing = if runs.reaches(wanted) && certain { Standing::Kept } else { Standing::Broken };
    let mut reasons = Vec::from_iter(states.map(|states| format!("two states: {}", states.words())));
    if runs.reaches(wanted) && !certain {
        let bound = with_unit(runs.at_least(), "1");
        reasons.push(format!("too few runs: {bound} of all runs keep it at least, with 95 % confidence"));
    }
    (standing, false, reasons.join("; "))
}

fn by_mean(threshold: &Threshold, estimate: &Estimate) -> (Standing, bool, String) {
    let allows = |value: f64| threshold.bound.allows(value, threshold.limit);
    let kept = allows(estimate.mean);
    let within = estimate.interval.is_some_and(|(low, high)| allows(low) != allows(high));
    let standing = |kept: bool| if kept { Standing::Kept } else { Standing::Broken };
    match threshold.confident {
        true if kept && within => {
            (Standing::Broken, true, "the interval reaches beyond the limit".to_owned())
        }
        true if kept && estimate.interval.is_none() => {
            (Standing::Broken, false, "a single replication has no interval".to_owned())
        }
        _ => (standing(kept), within, String::new()),
    }
}

fn replications(variant: &VariantRecord) -> usize {
    variant.measures.first().map_or(0, |measure| measure.values.len())
}

/// In how many replications the event that a recovery is about was not recovered from: by the end of the run, or before
/// another event began.
fn lasting_outages(measure: &str, variant: &VariantRecord) -> usize {
    let judged = variant.recovered_event(measure).and_then(|event| event.judged.as_ref());
    if let (Some(judged), Some(measure)) = (judged, variant.measure(measure)) {
        let missing = |(run, value): &(&EventRun, &Option<f64>)| {
            value.is_none() && !matches!(run.status, EventStatus::NotJudged(_))
        };
        return judged.runs.iter().zip(&measure.values).filter(missing).count();
    }
    let Some(event) = measure.strip_suffix(".recovery_s") else { return 0 };
    let metastable = variant.measure(&format!("{event}.metastable"));
    metastable.map_or(0, |measure| measure.values.iter().flatten().filter(|value| **value > 0.0).count())
}

/// Why no replication judged the event that a recovery is about.
fn not_judged<'v>(measure: &str, variant: &'v VariantRecord) -> Option<&'v str> {
    let run = variant.recovered_event(measure)?.judged.as_ref()?.runs.first()?;
    match &run.status {
        EventStatus::NotJudged(why) => Some(why),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{measure, record_of};
    use crate::record::{EventRecord, MeasureRecord};

    fn threshold(measure: &str, bound: Bound, limit: f64) -> Threshold {
        Threshold::new(measure, bound, limit)
    }

    fn judged(threshold: Threshold, measures: Vec<MeasureRecord>) -> Judgement {
        judge_in(&threshold, &record_of(&[("a", measures)], &[]).variants[0])
    }

    /// Mean 100, half width 4.47: t(0.975, 2) = 4.30265 times 1.8 / sqrt(3).
    const QPS: [f64; 3] = [98.2, 100.0, 101.8];

    #[test]
    fn the_mean_decides_and_the_interval_is_told() {
        let qps =
            |bound, limit| judged(threshold("db.qps.peak", bound, limit), vec![measure("db.qps.peak", &QPS)]);
        let cases = [
            (Bound::Max, 100.0, Standing::Kept, true),
            (Bound::Max, 99.9, Standing::Broken, true),
            (Bound::Max, 110.0, Standing::Kept, false),
            (Bound::Max, 90.0, Standing::Broken, false),
            (Bound::Min, 100.0, Standing::Kept, true),
            (Bound::Min, 100.1, Standing::Broken, true),
            (Bound::Min, 90.0, Standing::Kept, false),
            (Bound::Min, 110.0, Standing::Broken, false),
        ];
        for (bound, limit, standing, within) in cases {
            let judgement = qps(bound, limit);
            assert_eq!(
                (judgement.standing, judgement.within_interval),
                (standing, within),
                "{bound} {limit}"
            );
        }
        assert_eq!(qps(Bound::Max, 110.0).margin(), Some(10.0));
        assert_eq!(qps(Bound::Min, 110.0).margin(), Some(-10.0));
    }

    #[test]
    fn a_confident_threshold_needs_the_whole_interval() {
        let judge = |limit, values: &[f64]| {
            let threshold = Threshold { confident: true, ..threshold("db.qps.peak", Bound::Max, limit) };
            judged(threshold, vec![measure("db.qps.peak", values)]).standing
        };
        assert_eq!(judge(101.0, &QPS), Standing::Broken);
        assert_eq!(judge(110.0, &QPS), Standing::Kept);
        assert_eq!(judge(110.0, &QPS[..1]), Standing::Broken);
    }

    #[test]
    fn a_measure_that_meant_something_else_is_not_judged() {
        let mut record = record_of(&[("a", vec![measure("db.qps.peak", &QPS)])], &[]);
        record.scenario.thresholds = vec![threshold("db.qps.peak", Bound::Max, 1.0)];
        assert_eq!(judge(&record)[0].standing, Standing::Broken);
        record.schema = 1;
        let judged = judge(&record).remove(0);
        assert_eq!(
            (judged.standing, judged.reason.as_str()),
            (Standing::NotJudged, "in this record it is the busiest window")
        );
    }

    #[test]
    fn what_never_happened_keeps_an_upper_limit_only() {
        let nothing = || MeasureRecord { values: vec![None; 2], ..measure("stale.age.p99_s", &[]) };
        let standing = |bound| judged(threshold("stale.age.p99_s", bound, 1.0), vec![nothing()]).standing;
        assert_eq!(standing(Bound::Max), Standing::Kept);
        assert_eq!(standing(Bound::Min), Standing::Broken);
    }

    #[test]
    fn a_recovery_that_did_not_come_breaks_its_limit() {
        let recovery = |metastable: [f64; 2]| {
            let times =
                MeasureRecord { values: vec![Some(1.0), None], ..measure("event.flush.recovery_s", &[]) };
            let rows = vec![measure("event.flush.metastable", &metastable), times];
            judged(threshold("event.flush.recovery_s", Bound::Max, 10.0), rows)
        };
        assert_eq!(recovery([0.0, 0.0]).standing, Standing::Kept);
        let broken = recovery([0.0, 1.0]);
        assert_eq!(
            (broken.standing, broken.reason.as_str()),
            (Standing::Broken, "not recovered in 1 of 2 replications")
        );
    }

    #[test]
    fn a_recovery_that_another_event_cut_short_or_nobody_judged_is_none() {
        let judge = |statuses: [EventStatus; 2], values: [Option<f64>; 2]| {
            let times =
                MeasureRecord { values: values.to_vec(), ..measure("event.flush.recovery.latency_s", &[]) };
            let mut record = record_of(&[("a", vec![times])], &[]);
            let judged = Some(crate::record::fixture::judged(true, &statuses));
            let (label, text) = ("flush".to_owned(), "flushed".to_owned());
            record.variants[0].events = vec![EventRecord { label, text, at_s: 1.0, end_s: 1.0, judged }];
            let judgement =
                judge_in(&threshold("event.flush.recovery.latency_s", Bound::Max, 10.0), &record.variants[0]);
            (judgement.standing, judgement.reason)
        };
        let overlapped = || EventStatus::Overlapped("restart".into());
        let not_judged = || EventStatus::NotJudged("the run ends before it".into());
        let kept = judge([EventStatus::Recovered, not_judged()], [Some(2.0), None]);
        assert_eq!(kept, (Standing::Kept, String::new()));
        let cut = judge([EventStatus::Recovered, overlapped()], [Some(2.0), None]);
        assert_eq!(cut, (Standing::Broken, "not recovered in 1 of 2 replications".to_owned()));
        let unknown = judge([not_judged(), not_judged()], [None, None]);
        assert_eq!(unknown, (Standing::Broken, "not judged: the run ends before it".to_owned()));
    }

    #[test]
    fn variants_without_the_measure_are_left_out_unless_none_has_it() {
        let standings = |name: &str, variant: Option<&str>| -> Vec<Standing> {
            let mut record = record_of(
                &[
                    ("a", vec![measure("db.qps.peak", &QPS), measure("tier.l2.hit_ratio", &[0.9; 3])]),
                    ("b", vec![measure("db.qps.peak", &QPS)]),
                ],
                &[],
            );
            let variant = variant.map(str::to_owned);
            record.scenario.thresholds = vec![Threshold { variant, ..threshold(name, Bound::Min, 0.5) }];
            judge(&record).iter().map(|judgement| judgement.standing).collect()
        };
        assert_eq!(standings("tier.l2.hit_ratio", None), [Standing::Kept, Standing::NotMeasured]);
        assert_eq!(standings("tier.l2.hit_ratio", Some("a")), [Standing::Kept]);
        assert_eq!(standings("tier.l2.hit_ratio", Some("b")), [Standing::Broken]);
        assert_eq!(standings("db.breaker.trips", None), [Standing::Broken, Standing::Broken]);
    }

    /// Ten runs: five healthy at 100 to 140 ms, five collapsed at 10 to 14 s.
    fn bimodal() -> Vec<MeasureRecord> {
        let values: Vec<f64> =
            (0..10).map(|run| f64::from(100 + 10 * (run % 5)) * if run < 5 { 1.0 } else { 100.0 }).collect();
        vec![
            measure("db.qps.peak", &[400.0; 10]),
            measure("latency.all.mean_ms", &values),
            measure("latency.all.p99_ms", &values),
        ]
    }

    #[test]
    fn of_two_states_every_run_has_to_keep_a_limit() {
        let judge = |name: &str, bound, limit, runs, confident| {
            judged(Threshold { runs, confident, ..threshold(name, bound, limit) }, bimodal())
        };
        let p99 = |limit, runs| judge("latency.all.p99_ms", Bound::Max, limit, runs, false);
        // The mean is 6,060 ms.
        let broken = p99(7_000.0, None);
        assert_eq!((broken.standing, broken.runs), (Standing::Broken, Some(Runs { count: 5, of: 10 })));
        assert_eq!(broken.reason, "two states: collapses in 5 of 10 runs");
        assert_eq!(broken.margin(), Some(7_000.0 - 12_000.0), "of the collapsed state");
        assert_eq!(p99(14_000.0, None).standing, Standing::Kept);
        assert_eq!(p99(13_999.0, None).standing, Standing::Broken, "one run of ten");
        assert_eq!(p99(13_999.0, Some(0.9)).standing, Standing::Kept);
        assert_eq!(p99(7_000.0, Some(0.5)).standing, Standing::Kept);
        assert_eq!(p99(7_000.0, Some(0.51)).standing, Standing::Broken);
        // Another measure of the same variant has two states as well.
        let load = judge("db.qps.peak", Bound::Max, 500.0, None, true);
        assert_eq!((load.standing, load.runs), (Standing::Kept, Some(Runs { count: 10, of: 10 })));
    }

    /// Without two states too: 98.2, 100 and 101.8.
    #[test]
    fn a_share_of_the_runs_can_be_asked_of_any_threshold() {
        let judge = |limit, runs, confident| {
            let wanted =
                Threshold { runs: Some(runs), confident, ..threshold("db.qps.peak", Bound::Max, limit) };
            judged(wanted, vec![measure("db.qps.peak", &QPS)])
        };
        assert_eq!(judge(101.0, 1.0, false).standing, Standing::Broken, "the mean would keep it");
        assert_eq!(judge(101.0, 0.66, false).standing, Standing::Kept);
        assert_eq!(judge(101.8, 1.0, false).standing, Standing::Kept);
        // Three of three: the cube root of 0.05 is 0.3684.
        assert_eq!(judge(101.8, 0.36, true).standing, Standing::Kept);
        let doubtful = judge(101.8, 0.37, true);
        assert_eq!(
            (doubtful.standing, doubtful.reason.as_str()),
            (Standing::Broken, "too few runs: 36.8 % of all runs keep it at least, with 95 % confidence")
        );
    }

    #[test]
    fn each_run_is_judged_by_itself() {
        let kept = |name: &str, bound, values: &[Option<f64>]| {
            let rows = vec![
                measure("event.flush.metastable", &[0.0, 0.0, 1.0, 0.0]),
                MeasureRecord { values: values.to_vec(), ..measure(name, &[]) },
            ];
            judged(threshold(name, bound, 10.0), rows).runs.unwrap().count
        };
        let values = [Some(3.0), Some(12.0), None, None];
        // Of the two without a value one did not come back, and in the other nothing happened.
        assert_eq!(kept("event.flush.recovery_s", Bound::Max, &values), 2);
        assert_eq!(kept("stale.age.p99_s", Bound::Max, &values), 3);
        assert_eq!(kept("stale.age.p99_s", Bound::Min, &values), 1);
    }
}
