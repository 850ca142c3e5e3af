//! Thresholds held against what was measured.
//!
//! A threshold is judged on the mean over replications, the figure that every table shows; whether the limit lies within
//! its interval is told beside. `confident` thresholds need the whole interval on the right side.

use serde::Serialize;

use super::statistics::{self, Estimate};
use crate::measure::record::{EventRun, EventStatus, Record, VariantRecord};
use crate::scenario::model::{Bound, Threshold};

/// What a variant makes of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Kept,
    Broken,
    /// This variant does not have the measure (a tier that it lacks), while another one has.
    NotMeasured,
}

impl Standing {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Kept => "kept",
            Standing::Broken => "broken",
            Standing::NotMeasured => "not measured",
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
    pub standing: Standing,
    /// The interval reaches to both sides of the limit: more replications could change the standing.
    pub within_interval: bool,
    /// Why, where it is not the mean that decides; empty else.
    pub reason: String,
}

impl Judgement {
    /// How far the mean is on the right side of the limit, in the unit of the measure; negative on the wrong side.
    pub fn margin(&self) -> Option<f64> {
        let Threshold { bound, limit, .. } = self.threshold;
        self.estimate.map(|estimate| bound.margin(estimate.mean, limit))
    }
}

/// Judges every threshold of a record in the variants that it is about, in the order of the file.
pub fn judge(record: &Record) -> Vec<Judgement> {
    record.scenario.thresholds.iter().flat_map(|threshold| judge_one(threshold, &record.variants)).collect()
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
    let values: Vec<f64> =
        measure.into_iter().flat_map(|measure| &measure.values).flatten().copied().collect();
    let estimate = statistics::estimate(&values);
    let (standing, within_interval, reason) = match (measure, estimate) {
        (None, _) => (Standing::NotMeasured, false, "this variant does not have the measure".to_owned()),
        (Some(_), estimate) => match (lasting_outages(&threshold.measure, variant), estimate) {
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
        standing,
        within_interval,
        reason,
    }
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
    use crate::measure::fixture::{measure, record_of};
    use crate::measure::record::{EventRecord, MeasureRecord};

    fn threshold(measure: &str, bound: Bound, limit: f64) -> Threshold {
        Threshold { measure: measure.to_owned(), bound, limit, variant: None, confident: false }
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
            let judged = Some(crate::measure::fixture::judged(true, &statuses));
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
}
