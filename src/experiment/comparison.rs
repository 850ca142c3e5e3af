//! The comparison of variants: means, paired differences to the baseline, verdicts.
//!
//! Replication i of every variant saw the same traffic, so differences are taken pair by pair. A verdict is
//! given for headline measures only, with Holm's correction over all variants x headline measures, and only
//! where the difference is both certain (by the paired t-test and by the sign-flip test, which needs no normality) and large
//! enough to matter. A tie comes with the smallest difference that would not have been one. Means that do not bear comparison
//! ([`Withheld`]) get none.

use serde::Serialize;

use super::states::{State, States, states};
use super::statistics::{self, Estimate, PairedDifference};
use super::withheld::{Side, Withheld, other_traffic, withheld};
use crate::catalog::{self, Better};
use crate::record::meaning;
use crate::record::{MeasureRecord, Record, VariantRecord};

/// Fewest replications that give a verdict: with five pairs or less the t-test leans too much on normality.
pub const VERDICT_REPLICATIONS_MIN: usize = 6;
/// Corrected p values from here on give no verdict but a tie.
pub const SIGNIFICANCE: f64 = 0.05;
/// Differences up to this share of the baseline's mean are a tie however certain they are. Of a ratio it is a share of
/// the smaller side: from 99.3 to 98.6 % of hits, the misses double.
pub const EFFECT_SHARE_MIN: f64 = 0.01;

/// How a variant stands against the baseline in one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Better,
    Worse,
    Tie,
    /// Too few replications, a measure of which neither direction is better, or means that do not bear comparison.
    NoVerdict,
}

impl Verdict {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Tie => "tie",
            Verdict::NoVerdict => "no verdict",
        }
    }
}

/// One measure of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureComparison {
    pub name: String,
    /// Unit of the catalogue.
    pub unit: String,
    /// `None` where no replication has a value.
    pub estimate: Option<Estimate>,
    /// This variant minus the baseline; `None` for the baseline itself and where no pair has both values.
    pub difference: Option<PairedDifference>,
    /// The difference's p value after Holm's correction; headline measures only.
    pub p_corrected: Option<f64>,
    /// The difference's p value by the sign-flip test, uncorrected: few pairs cannot give a small one. Headline
    /// measures only.
    pub p_sign_flip: Option<f64>,
    /// The smallest difference, in the measure's own unit, that this run would have called one: large enough to
    /// matter, and found with a probability of 80 % at the strictest level of Holm's correction. Headline measures only.
    pub detectable: Option<f64>,
    /// Headline measures of variants other than the baseline.
    pub verdict: Option<Verdict>,
    /// The reason for a missing verdict, if it is not too few replications; headline measures only.
    pub withheld: Option<Withheld>,
    /// Over the runs in each of the variant's states, if it has two.
    pub by_state: Option<[Option<Estimate>; 2]>,
}

impl MeasureComparison {
    /// Over the runs in one of the variant's two states; over all runs where it has but one.
    pub fn estimate_in(&self, state: Option<State>) -> Option<Estimate> {
        match (self.by_state, state) {
            (Some([healthy, collapsed]), Some(state)) => {
                if state == State::Healthy {
                    healthy
                } else {
                    collapsed
                }
            }
            _ => self.estimate,
        }
    }
}

/// All measures of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantComparison {
    pub name: String,
    /// Its two states, if it has two: means over all its runs are then those of no run.
    pub states: Option<States>,
    /// In the order of the record: sorted by name.
    pub measures: Vec<MeasureComparison>,
}

impl VariantComparison {
    /// A measure by name.
    pub fn measure(&self, name: &str) -> Option<&MeasureComparison> {
        self.measures.iter().find(|measure| measure.name == name)
    }
    /// Mean over replications.
    pub fn mean(&self, name: &str) -> Option<f64> {
        self.measure(name)?.estimate.map(|estimate| estimate.mean)
    }
}

/// Comparison of the variants of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Index into `variants`.
    pub baseline: usize,
    /// In the order of the record.
    pub variants: Vec<VariantComparison>,
}

impl Comparison {
    /// The reference of all differences.
    pub fn baseline(&self) -> &VariantComparison {
        &self.variants[self.baseline]
    }
    /// A variant by name.
    pub fn variant(&self, name: &str) -> Option<&VariantComparison> {
        self.variants.iter().find(|variant| variant.name == name)
    }
    /// The difference of a measure relative to the baseline's mean; `None` where that mean is zero.
    pub fn relative_difference(&self, measure: &MeasureComparison) -> Option<f64> {
        let base = self.baseline().mean(&measure.name)?;
        let difference = measure.difference?.estimate.mean;
        (base != 0.0).then(|| difference / base.abs())
    }
}

/// Compares every variant of a record with its baseline. The record has a variant at the baseline's index, as
/// every record that was run or read has.
pub fn compare(record: &Record) -> Comparison {
    let baseline = &record.variants[record.scenario.baseline];
    let mut variants: Vec<VariantComparison> = record
        .variants
        .iter()
        .enumerate()
        .map(|(index, variant)| {
            let before = (index != record.scenario.baseline).then_some(baseline);
            let states = states(variant);
            let measures = variant
                .measures
                .iter()
                .map(|measure| compare_measure(measure, before, states.as_ref()))
                .collect();
            VariantComparison { name: variant.name.clone(), states, measures }
        })
        .collect();
    give_verdicts(record, &mut variants);
    Comparison { baseline: record.scenario.baseline, variants }
}

fn compare_measure(
    measure: &MeasureRecord,
    baseline: Option<&VariantRecord>,
    states: Option<&States>,
) -> MeasureComparison {
    let defined: Vec<f64> = measure.values.iter().flatten().copied().collect();
    let before = baseline.and_then(|baseline| baseline.measure(&measure.name));
    MeasureComparison {
        name: measure.name.clone(),
        unit: measure.unit.clone(),
        estimate: statistics::estimate(&defined),
        difference: before.and_then(|before| statistics::paired_difference(&before.values, &measure.values)),
        p_corrected: None,
        p_sign_flip: None,
        detectable: None,
        verdict: None,
        withheld: None,
        by_state: states.map(|states| State::BOTH.map(|state| states.estimate(state, &measure.values))),
    }
}

/// A comparison that gets a verdict.
struct Judged<'a> {
    measure: &'a mut MeasureComparison,
    p: f64,
    /// This variant minus the baseline, pair by pair.
    differences: Vec<f64>,
    base_mean: f64,
}

fn give_verdicts(record: &Record, variants: &mut [VariantComparison]) {
    let baseline = record.scenario.baseline;
    let mut family: Vec<Judged<'_>> = Vec::new();
    let base_states = variants[baseline].states.clone();
    for (index, variant) in variants.iter_mut().enumerate().filter(|(index, _)| *index != baseline) {
        let (base, other) = (&record.variants[baseline], &record.variants[index]);
        let sides = [
            Side { name: &base.name, record: base, states: base_states.as_ref() },
            Side { name: &other.name, record: other, states: variant.states.as_ref() },
        ];
        let traffic = other_traffic(base, other);
        for measure in &mut variant.measures {
            if !record.scenario.headline.contains(&measure.name) {
                continue;
            }
            measure.verdict = Some(Verdict::NoVerdict);
            measure.withheld = match traffic.is_empty() {
                true => withheld(&measure.name, sides),
                false => Some(Withheld::Workload(traffic.clone())),
            };
            if measure.withheld.is_some() || meaning::changed(record.schema, &measure.name).is_some() {
                continue;
            }
            let (Some(PairedDifference { estimate, p: Some(p), .. }), Some(before), Some(after)) = (
                measure.difference,
                record.variants[baseline].measure(&measure.name),
                record.variants[index].measure(&measure.name),
            ) else {
                continue;
            };
            if estimate.n >= VERDICT_REPLICATIONS_MIN {
                let defined: Vec<f64> = before.values.iter().flatten().copied().collect();
                let base_mean = statistics::estimate(&defined).map_or(0.0, |estimate| estimate.mean);
                let differences = statistics::differences(&before.values, &after.values);
                family.push(Judged { measure, p, differences, base_mean });
            }
        }
    }
    let strictest = SIGNIFICANCE / family.len().max(1) as f64;
    let corrected = statistics::holm(&family.iter().map(|judged| judged.p).collect::<Vec<_>>());
    for (Judged { measure, differences, base_mean, .. }, p_corrected) in family.into_iter().zip(corrected) {
        let p_sign_flip = statistics::sign_flip_p(&differences);
        let matters = smallest_that_matters(&measure.unit, base_mean);
        measure.p_corrected = Some(p_corrected);
        measure.p_sign_flip = Some(p_sign_flip);
        measure.detectable = statistics::detectable(&differences, strictest).map(|seen| seen.max(matters));
        if let Some(PairedDifference { estimate, .. }) = measure.difference {
            measure.verdict = Some(verdict(&measure.name, &estimate, p_corrected.max(p_sign_flip), matters));
        }
    }
}

/// Differences up to this one are a tie however certain they are.
pub fn smallest_that_matters(unit: &str, mean: f64) -> f64 {
    EFFECT_SHARE_MIN * whole(unit, mean)
}

/// The base of a relative difference: the mean, or the smaller side of a ratio.
pub fn whole(unit: &str, mean: f64) -> f64 {
    match unit {
        "1" if (0.0..1.0).contains(&mean) => mean.min(1.0 - mean),
        _ => mean.abs(),
    }
}

/// Whether a difference with this p value, corrected and the worse of the tests, is more than a tie; `matters` is the largest
/// difference that does not.
pub fn differs(difference: &Estimate, p: f64, matters: f64) -> bool {
    let certain = p < SIGNIFICANCE && difference.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    certain && difference.mean.abs() > matters
}

/// The verdict on a difference of this measure with this p value, corrected and the worse of the tests; `matters` is the
/// largest difference that does not.
pub fn verdict(measure: &str, difference: &Estimate, p: f64, matters: f64) -> Verdict {
    if !differs(difference, p, matters) {
        return Verdict::Tie;
    }
    match catalog::find(measure).map_or(Better::Neither, |info| info.better) {
        Better::Lower if difference.mean < 0.0 => Verdict::Better,
        Better::Higher if difference.mean > 0.0 => Verdict::Better,
        Better::Neither => Verdict::NoVerdict,
        _ => Verdict::Worse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{bimodal, measure, record_of};

    fn verdicts_of(before: &[f64], after: &[f64], name: &str) -> Option<Verdict> {
        let record = record_of(
            &[("base", vec![measure(name, before)]), ("other", vec![measure(name, after)])],
            &[name],
        );
        compare(&record).variants[1].measures[0].verdict
    }

    const BEFORE: [f64; 6] = [100.0, 102.0, 98.0, 101.0, 99.0, 100.0];

    #[test]
    fn direction_comes_from_the_catalogue() {
        let after = BEFORE.map(|value| value * 0.5);
        assert_eq!(verdicts_of(&BEFORE, &after, "db.qps.peak"), Some(Verdict::Better));
        assert_eq!(verdicts_of(&BEFORE, &after, "goodput"), Some(Verdict::Worse));
        assert_eq!(verdicts_of(&BEFORE, &after, "entries.peak"), Some(Verdict::NoVerdict));
    }

    #[test]
    fn a_measure_that_meant_something_else_gives_no_verdict() {
        let rows = |values: &[f64]| vec![measure("db.qps.mean", values), measure("db.qps.peak", values)];
        let after = BEFORE.map(|value| value * 0.5);
        let headline = ["db.qps.mean", "db.qps.peak"];
        let mut record = record_of(&[("base", rows(&BEFORE)), ("other", rows(&after))], &headline);
        record.schema = 1;
        let verdicts =
            compare(&record).variants[1].measures.iter().map(|one| one.verdict).collect::<Vec<_>>();
        assert_eq!(verdicts, [Some(Verdict::Better), Some(Verdict::NoVerdict)]);
    }

    #[test]
    fn five_replications_give_no_verdict() {
        let after = BEFORE.map(|value| value * 0.5);
        assert_eq!(verdicts_of(&BEFORE[..5], &after[..5], "db.qps.peak"), Some(Verdict::NoVerdict));
    }

    #[test]
    fn certain_but_small_is_a_tie() {
        let after = BEFORE.map(|value| value - 0.5);
        assert_eq!(verdicts_of(&BEFORE, &after, "db.qps.peak"), Some(Verdict::Tie));
    }

    #[test]
    fn large_but_uncertain_is_a_tie() {
        let after = [50.0, 150.0, 40.0, 160.0, 60.0, 80.0];
        assert_eq!(verdicts_of(&BEFORE, &after, "db.qps.peak"), Some(Verdict::Tie));
    }

    #[test]
    fn identical_is_a_tie_also_at_zero() {
        assert_eq!(verdicts_of(&BEFORE, &BEFORE, "db.qps.peak"), Some(Verdict::Tie));
        assert_eq!(verdicts_of(&[0.0; 6], &[0.0; 6], "error.ratio"), Some(Verdict::Tie));
    }

    /// One pair far from the others: the t-test alone, with its normality, must not decide.
    #[test]
    fn both_tests_must_agree() {
        // Five pairs of one sign and one small one of the other: at best 4 of 64 patterns are as extreme.
        let after: Vec<f64> =
            BEFORE.iter().zip([-20.0, -22.0, -18.0, -21.0, -19.0, 0.5]).map(|(b, d)| b + d).collect();
        let record = record_of(
            &[
                ("base", vec![measure("db.qps.peak", &BEFORE)]),
                ("other", vec![measure("db.qps.peak", &after)]),
            ],
            &["db.qps.peak"],
        );
        let comparison = compare(&record);
        let judged = comparison.variants[1].measure("db.qps.peak").unwrap();
        assert!(judged.p_corrected.unwrap() < SIGNIFICANCE, "{judged:?}");
        assert_eq!((judged.p_sign_flip, judged.verdict), (Some(4.0 / 64.0), Some(Verdict::Tie)));
    }

    #[test]
    fn a_tie_says_what_it_could_have_seen() {
        let detectable = |noise: f64| {
            let after: Vec<f64> =
                BEFORE.iter().zip([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]).map(|(b, s)| b + s * noise).collect();
            let record = record_of(
                &[
                    ("base", vec![measure("db.qps.peak", &BEFORE)]),
                    ("other", vec![measure("db.qps.peak", &after)]),
                ],
                &["db.qps.peak"],
            );
            compare(&record).variants[1].measure("db.qps.peak").unwrap().detectable.unwrap()
        };
        // Standard error sqrt(6/5)/sqrt(6) = 0.4472; t(0.975, 5) + t(0.8, 5) = 2.5706 + 0.9195.
        assert!((detectable(1.0) - 0.44721 * 3.49009).abs() < 1e-3, "{}", detectable(1.0));
        // However narrow, differences below one per cent do not count.
        assert_eq!(detectable(0.0), 1.0);
    }

    #[test]
    fn the_correction_spans_variants_and_headline_measures() {
        // Alone the difference is significant (p = 0.014); beside three more comparisons it is not.
        let after = [90.0, 101.0, 84.0, 99.0, 88.0, 91.0];
        assert_eq!(verdicts_of(&BEFORE, &after, "db.qps.peak"), Some(Verdict::Better));
        let noise = [101.0, 101.0, 98.0, 102.0, 98.0, 100.0];
        let variant = |values: &[f64]| vec![measure("db.qps.mean", &noise), measure("db.qps.peak", values)];
        let record = record_of(
            &[
                ("base", vec![measure("db.qps.mean", &BEFORE), measure("db.qps.peak", &BEFORE)]),
                ("a", variant(&after)),
                ("b", variant(&noise)),
            ],
            &["db.qps.peak", "db.qps.mean"],
        );
        let comparison = compare(&record);
        let corrected = comparison.variant("a").unwrap().measure("db.qps.peak").unwrap();
        assert_eq!(corrected.verdict, Some(Verdict::Tie));
        assert!(corrected.p_corrected.unwrap() > corrected.difference.unwrap().p.unwrap() * 3.9);
    }

    #[test]
    fn a_mean_over_two_states_gets_no_verdict_on_either_side() {
        let mut record = bimodal();
        for baseline in [0, 1] {
            record.scenario.baseline = baseline;
            let comparison = compare(&record);
            let judged = comparison.variants[1 - baseline].measure("db.qps.peak").unwrap();
            let why = Withheld::States { variant: "a".to_owned() };
            assert_eq!((judged.verdict, judged.withheld.as_ref()), (Some(Verdict::NoVerdict), Some(&why)));
            let p99 = comparison.variants[0].measure("latency.all.p99_ms").unwrap();
            let mean = |state| p99.estimate_in(Some(state)).unwrap().mean;
            // 8 x (10 + 11 + 12 + 13 + 14) / 5, and a hundred times that.
            assert!(
                (mean(State::Healthy) - 96.0).abs() < 1e-9 && (mean(State::Collapsed) - 9_600.0).abs() < 1e-9
            );
        }
    }

    #[test]
    fn other_traffic_and_failures_get_no_verdict() {
        let rows = |errors: f64, hits: f64| {
            vec![
                measure("db.qps.peak", &BEFORE.map(|value| value * hits)),
                measure("error.ratio", &[errors; 6]),
                measure("hit_ratio", &[hits; 6]),
            ]
        };
        let headline = ["hit_ratio", "db.qps.peak"];
        let verdicts = |errors: f64, workload: &str| {
            let mut record = record_of(&[("a", rows(0.0, 0.5)), ("b", rows(errors, 0.9))], &headline);
            for (variant, digest) in record.variants.iter_mut().zip(["1", workload]) {
                variant.workload = vec![("keys".to_owned(), digest.to_owned())];
            }
            let compared = compare(&record);
            headline.map(|name| compared.variants[1].measure(name).unwrap().verdict.unwrap())
        };
        use Verdict::{Better, NoVerdict, Worse};
        assert_eq!(verdicts(0.05, "1"), [Better, Worse]);
        assert_eq!(verdicts(0.06, "1"), [NoVerdict, Worse]);
        assert_eq!(verdicts(0.0, "2"), [NoVerdict, NoVerdict]);
    }

    #[test]
    fn other_measures_get_no_verdict_and_the_baseline_none() {
        let rows = vec![measure("db.qps.mean", &BEFORE), measure("db.qps.peak", &BEFORE)];
        let comparison = compare(&record_of(&[("base", rows.clone()), ("other", rows)], &["db.qps.peak"]));
        assert_eq!(comparison.variants[0].measure("db.qps.peak").unwrap().verdict, None);
        assert_eq!(comparison.variants[1].measure("db.qps.mean").unwrap().verdict, None);
    }
}
