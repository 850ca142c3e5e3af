//! Records compared with each other, for programs: JSON, CSV, JUnit XML.

use quick_junit::{TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::csv::{Rows, plain};
use super::interface::Interface;
use super::versus::{Shown, Side, regressions};
use super::why_versus::{WhyPart, parts};
use super::{ReportError, json, junit};
use crate::experiment::comparison::Verdict;
use crate::experiment::statistics::Estimate;
use crate::experiment::versus::{MeasureVersus, Method, VariantVersus};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Page<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program that compared.
    herdlab: &'static str,
    /// One for each run but the first, which the others are compared with.
    comparisons: Vec<ComparisonData<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ComparisonData<'a> {
    before: SideData<'a>,
    after: SideData<'a>,
    /// Measures that get a verdict.
    headline: &'a [String],
    /// What speaks against the comparison, a sentence each.
    cautions: &'a [String],
    /// Variants of one side.
    only_before: &'a [String],
    only_after: &'a [String],
    /// Those of both sides.
    variants: Vec<VariantData<'a>>,
    /// Latency by part; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Vec<WhyPart<'a>>>,
    /// Sentences; absent unless a limit was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    regressions: Option<Vec<String>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SideData<'a> {
    /// A path, the name of a scenario, or a git revision.
    label: &'a str,
    scenario: &'a str,
    digest: &'a str,
    seed: u64,
    replications: u32,
    /// Version of the program that ran it.
    herdlab: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VariantData<'a> {
    name: &'a str,
    /// `paired` or `welch`.
    method: &'static str,
    /// Why the replications are not paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    measures: Vec<MeasureData<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MeasureData<'a> {
    measure: &'a str,
    unit: &'a str,
    before: Option<EstimateData>,
    after: Option<EstimateData>,
    /// After minus before.
    difference: Option<EstimateData>,
    /// Of the mean before, of a ratio of its smaller side; `null` where that is zero.
    relative: Option<f64>,
    /// Of the t-test (paired or Welch's).
    p: Option<f64>,
    /// After Holm's correction over everything that is compared at once.
    p_corrected: Option<f64>,
    /// Of the test that needs no normality (sign flips or permutations).
    p_free: Option<f64>,
    /// The smallest difference that would not have been a tie.
    detectable: Option<f64>,
    verdict: Option<Verdict>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EstimateData {
    mean: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    replications: usize,
}

impl From<Estimate> for EstimateData {
    fn from(estimate: Estimate) -> Self {
        let (ci_low, ci_high) = estimate.interval.unzip();
        EstimateData { mean: estimate.mean, ci_low, ci_high, replications: estimate.n }
    }
}

/// Everything, every measure included, as one JSON object. `allowed` is the regression that is allowed, as a share; `why` adds
/// the latencies by part.
///
/// # Errors
/// Never for records that were measured.
pub fn json(all: &[Shown<'_>], allowed: Option<f64>, why: bool) -> Result<String, ReportError> {
    let comparisons = all
        .iter()
        .map(|shown| {
            let versus = shown.versus;
            let sentences =
                |allowed| regressions(shown, allowed).into_iter().map(|one| one.sentence).collect();
            ComparisonData {
                before: side(&shown.before),
                after: side(&shown.after),
                headline: &versus.headline,
                cautions: &versus.cautions,
                only_before: &versus.only_before,
                only_after: &versus.only_after,
                variants: versus.variants.iter().map(variant).collect(),
                why: why.then(|| parts(shown.before.record, shown.after.record)),
                regressions: allowed.map(sentences),
            }
        })
        .collect();
    json::encode(&Page {
        schema: Interface::Compare.version(),
        herdlab: env!("CARGO_PKG_VERSION"),
        comparisons,
    })
}

fn side<'a>(side: &Side<'a>) -> SideData<'a> {
    let scenario = &side.record.scenario;
    SideData {
        label: side.label,
        scenario: &scenario.name,
        digest: &scenario.digest,
        seed: scenario.seed,
        replications: scenario.finished,
        herdlab: &side.record.herdlab,
    }
}

fn variant(variant: &VariantVersus) -> VariantData<'_> {
    let (method, reason) = method(&variant.method);
    let measures = variant.measures.iter().map(measure).collect();
    VariantData { name: &variant.name, method, reason, measures }
}

fn method(method: &Method) -> (&'static str, Option<&str>) {
    match method {
        Method::Paired => ("paired", None),
        Method::Welch(reason) => ("welch", Some(reason)),
    }
}

fn measure(measure: &MeasureVersus) -> MeasureData<'_> {
    MeasureData {
        measure: &measure.name,
        unit: &measure.unit,
        before: measure.before.map(EstimateData::from),
        after: measure.after.map(EstimateData::from),
        difference: measure.difference.map(EstimateData::from),
        relative: measure.relative().filter(|relative| relative.is_finite()),
        p: measure.p,
        p_corrected: measure.p_corrected,
        p_free: measure.p_free,
        detectable: measure.detectable,
        verdict: measure.verdict,
    }
}

/// One row per comparison, variant and measure; columns and numbers as in `summary.csv`.
pub fn csv(all: &[Shown<'_>]) -> String {
    let mut rows = Rows::new(&[
        "before_label",
        "after_label",
        "variant",
        "measure",
        "unit",
        "before",
        "before_ci_low",
        "before_ci_high",
        "after",
        "after_ci_low",
        "after_ci_high",
        "difference",
        "difference_ci_low",
        "difference_ci_high",
        "method",
        "p",
        "p_corrected",
        "verdict",
    ]);
    for shown in all {
        for variant in &shown.versus.variants {
            for measure in &variant.measures {
                let three = |estimate: Option<Estimate>| {
                    let (low, high) = estimate.and_then(|estimate| estimate.interval).unzip();
                    [plain(estimate.map(|estimate| estimate.mean)), plain(low), plain(high)]
                };
                let (before, after) = (three(measure.before), three(measure.after));
                let difference = three(measure.difference);
                let verdict = measure.verdict.map_or("", Verdict::word);
                let mut row: Vec<&str> =
                    vec![shown.before.label, shown.after.label, &variant.name, &measure.name, &measure.unit];
                row.extend(before.iter().chain(&after).chain(&difference).map(String::as_str));
                let (p, p_corrected) = (plain(measure.p), plain(measure.p_corrected));
                row.extend([method(&variant.method).0, &p, &p_corrected, verdict]);
                rows.push(&row);
            }
        }
    }
    rows.finish()
}

/// One test case per variant and headline measure: failed where it became worse by more than `allowed`, skipped where it has no
/// verdict.
///
/// # Errors
/// Never: the text is made in memory.
pub fn junit(all: &[Shown<'_>], allowed: f64) -> Result<String, ReportError> {
    let suites = all.iter().map(|shown| {
        let worse = regressions(shown, allowed);
        let mut suite = TestSuite::new(format!("{} → {}", shown.before.label, shown.after.label));
        for variant in &shown.versus.variants {
            for name in &shown.versus.headline {
                let Some(measure) = variant.measure(name) else { continue };
                let broken = worse.iter().find(|one| one.variant == variant.name && one.measure == *name);
                let status = match (broken, measure.verdict) {
                    (Some(regression), _) => junit::failure("regression", regression.sentence.clone()),
                    (None, None | Some(Verdict::NoVerdict)) => {
                        let mut status = TestCaseStatus::skipped();
                        status.set_message("no verdict");
                        status
                    }
                    (None, Some(_)) => TestCaseStatus::success(),
                };
                let mut case = TestCase::new(name.as_str(), status);
                case.set_classname(format!("{}.{}", shown.after.record.scenario.name, variant.name));
                suite.add_test_case(case);
            }
        }
        suite
    });
    junit::to_xml(suites.collect())
}
