//! Records compared with each other: the effect of a change of scenario, setting or seed on each variant.
//!
//! Variants are matched by name. Where both records saw the same traffic, replication by replication, differences are
//! taken pair by pair; where they did not, the samples are independent and Welch's test is used. Verdicts follow the rules
//! of [`super::comparison`], with Holm's correction over everything that is judged at once.

pub mod pair;

use super::comparison::{
    self, SIGNIFICANCE, VERDICT_REPLICATIONS_MIN, Verdict, smallest_that_matters, whole,
};
use super::states::states;
use super::statistics::{self, Estimate};
use super::welch::{self, IndependentDifference};
use super::withheld::{Side, Withheld, withheld};
use crate::record::meaning;
use crate::record::{MeasureRecord, Record, VariantRecord};

/// How the replications of a variant were compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Replication i of one with replication i of the other.
    Paired,
    /// As independent samples, for this reason.
    Welch(String),
}

/// One measure of one variant, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureVersus {
    pub name: String,
    /// Unit of the catalogue.
    pub unit: String,
    pub before: Option<Estimate>,
    pub after: Option<Estimate>,
    /// After minus before.
    pub difference: Option<Estimate>,
    /// Bounds of the change as a share of the mean before, see [`statistics::fieller`].
    pub relative_interval: Option<(f64, f64)>,
    /// Of the t-test, paired or Welch's, uncorrected.
    pub p: Option<f64>,
    /// The same after Holm's correction; headline measures only.
    pub p_corrected: Option<f64>,
    /// Of the test that needs no normality (sign flips or permutations), uncorrected; headline measures only.
    pub p_free: Option<f64>,
    /// The smallest difference that would not have been a tie; headline measures only.
    pub detectable: Option<f64>,
    /// Headline measures only.
    pub verdict: Option<Verdict>,
}

impl MeasureVersus {
    /// The difference as a share of the mean before, of a ratio as a share of its smaller side; infinite where that is zero.
    pub fn relative(&self) -> Option<f64> {
        let (before, difference) = (self.before?, self.difference?);
        Some(difference.mean / whole(&self.unit, before.mean)).filter(|relative| !relative.is_nan())
    }

    /// How much worse it became, as a share; `None` unless the verdict is worse.
    pub fn regression(&self) -> Option<f64> {
        let worse = self.verdict == Some(Verdict::Worse);
        self.relative().filter(|_| worse).map(f64::abs)
    }
}

/// One variant, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantVersus {
    pub name: String,
    pub method: Method,
    /// Replications compared on each side.
    pub replications: (usize, usize),
    /// Sorted by name; those that only one side has are among them.
    pub measures: Vec<MeasureVersus>,
}

impl VariantVersus {
    /// A measure by name.
    pub fn measure(&self, name: &str) -> Option<&MeasureVersus> {
        self.measures.iter().find(|measure| measure.name == name)
    }
}

/// A record against the one before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Versus {
    /// Variants that both have, in the order of the later record; at least one.
    pub variants: Vec<VariantVersus>,
    /// Names of the variants that only one side has.
    pub only_before: Vec<String>,
    pub only_after: Vec<String>,
    /// The headline measures of either, those of the later record first.
    pub headline: Vec<String>,
    /// Cautions for the reader of the differences.
    pub cautions: Vec<String>,
}

/// Why two records are not compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    #[error(
        "they were made by different versions of herdlab, {before} and {after}: the models may differ, not just the systems"
    )]
    Versions { before: String, after: String },
    #[error("they have no variant in common: {before} and {after}")]
    NoCommonVariant { before: String, after: String },
}

/// Compares each of `others` with `base`.
///
/// # Errors
/// The index of the first of `others` that cannot be compared, and why.
pub fn compare(base: &Record, others: &[&Record]) -> Result<Vec<Versus>, (usize, Incomparable)> {
    let versus = |(index, after): (usize, &&Record)| one(base, after).map_err(|reason| (index, reason));
    let mut all = others.iter().enumerate().map(versus).collect::<Result<Vec<_>, _>>()?;
    give_verdicts(&mut all, base, others);
    Ok(all)
}

fn find<'r>(record: &'r Record, name: &str) -> Option<&'r VariantRecord> {
    record.variants.iter().find(|variant| variant.name == name)
}

fn one(before: &Record, after: &Record) -> Result<Versus, Incomparable> {
    // Across schemas it is known which measures changed their meaning; between other versions it is not.
    if before.herdlab != after.herdlab && before.schema == after.schema {
        let (before, after) = (before.herdlab.clone(), after.herdlab.clone());
        return Err(Incomparable::Versions { before, after });
    }
    let variants: Vec<VariantVersus> = after
        .variants
        .iter()
        .filter_map(|variant| {
            let earlier = find(before, &variant.name)?;
            Some(variant_versus(before, earlier, after, variant))
        })
        .collect();
    let names = |record: &Record| -> Vec<String> {
        record.variants.iter().map(|variant| variant.name.clone()).collect()
    };
    if variants.is_empty() {
        let (before, after) = (names(before).join(", "), names(after).join(", "));
        return Err(Incomparable::NoCommonVariant { before, after });
    }
    let without = |record: &Record, other: &Record| -> Vec<String> {
        names(record).into_iter().filter(|name| find(other, name).is_none()).collect()
    };
    let mut headline = after.scenario.headline.clone();
    headline.extend(
        before.scenario.headline.iter().filter(|name| !after.scenario.headline.contains(name)).cloned(),
    );
    Ok(Versus {
        only_before: without(before, after),
        only_after: without(after, before),
        cautions: cautions(before, after, &variants, &headline),
        variants,
        headline,
    })
}

/// How to compare two variants: pairs need the same seed, and as evidence of the same traffic the same number of requests in
/// every replication.
fn method(before: &Record, earlier: &VariantRecord, after: &Record, later: &VariantRecord) -> Method {
    let (first, second) = (before.scenario.seed, after.scenario.seed);
    if first != second {
        return Method::Welch(format!("the seeds differ, {first} and {second}"));
    }
    let requests =
        |variant: &VariantRecord| variant.measure("requests.all").map(|measure| measure.values.clone());
    match (requests(earlier), requests(later)) {
        (Some(first), Some(second)) if first.iter().zip(&second).all(|(first, second)| first == second) => {
            Method::Paired
        }
        (Some(_), Some(_)) => Method::Welch("the numbers of requests differ, so the traffic does".to_owned()),
        _ => Method::Welch("the number of requests is not known".to_owned()),
    }
}

fn variant_versus(
    before: &Record,
    earlier: &VariantRecord,
    after: &Record,
    later: &VariantRecord,
) -> VariantVersus {
    let method = method(before, earlier, after, later);
    let (first, second) = (before.scenario.finished as usize, after.scenario.finished as usize);
    // A replication without its pair is left out on both sides, so that means and difference belong together.
    let (first, second) = match method {
        Method::Paired => (first.min(second), first.min(second)),
        Method::Welch(_) => (first, second),
    };
    let mut names: Vec<(&str, &str)> = Vec::new();
    for measure in earlier.measures.iter().chain(&later.measures) {
        names.push((&measure.name, &measure.unit));
    }
    names.sort_unstable();
    names.dedup_by_key(|(name, _)| *name);
    let measures = names
        .into_iter()
        .map(|(name, unit)| {
            let values = |measure: Option<&MeasureRecord>, n: usize| -> Vec<Option<f64>> {
                measure.map_or_else(Vec::new, |measure| measure.values.iter().take(n).copied().collect())
            };
            let (old, new) = (values(earlier.measure(name), first), values(later.measure(name), second));
            measure_versus(name, unit, &method, &old, &new)
        })
        .collect();
    VariantVersus { name: later.name.clone(), method, replications: (first, second), measures }
}

fn defined(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().flatten().copied().collect()
}

fn measure_versus(
    name: &str,
    unit: &str,
    method: &Method,
    old: &[Option<f64>],
    new: &[Option<f64>],
) -> MeasureVersus {
    let (first, second) = (defined(old), defined(new));
    let (difference, p, relative_interval) = match method {
        Method::Paired => statistics::paired_difference(old, new)
            .map_or((None, None, None), |paired| (Some(paired.estimate), paired.p, paired.relative)),
        Method::Welch(_) => welch::difference(&first, &second)
            .map_or((None, None, None), |welch| (Some(welch.estimate), Some(welch.p), welch.relative)),
    };
    MeasureVersus {
        name: name.to_owned(),
        unit: unit.to_owned(),
        before: statistics::estimate(&first),
        after: statistics::estimate(&second),
        difference,
        relative_interval,
        p,
        p_corrected: None,
        p_free: None,
        detectable: None,
        verdict: None,
    }
}

/// The same kind of window and the same length: else the busiest moments are not of the same number of moments.
fn same_length(before: &Record, after: &Record) -> bool {
    let length = |record: &Record| (record.scenario.duration_s, record.scenario.warmup_s);
    let width = |record: &Record| record.variants.first().map(|variant| variant.windows.width_s);
    length(before) == length(after) && width(before) == width(after)
}

/// Whether a measure grows with the length of the run, or with the width of its windows.
fn is_extreme(name: &str) -> bool {
    name.split('.')
        .any(|part| part == "peak" || part == "max" || part.starts_with("peak_") || part.starts_with("max_"))
}

fn cautions(before: &Record, after: &Record, variants: &[VariantVersus], headline: &[String]) -> Vec<String> {
    let (old, new) = (&before.scenario, &after.scenario);
    let mut cautions = Vec::new();
    if before.herdlab != after.herdlab {
        cautions.push(format!(
            "The records were made by herdlab {} and {}: the models may differ, not just the systems.",
            before.herdlab, after.herdlab
        ));
    }
    cautions.extend([before, after].into_iter().filter_map(meaning::caution));
    if old.name != new.name {
        cautions.push(format!("The scenarios differ: {} and {}.", old.name, new.name));
    }
    if !same_length(before, after) {
        let length = |record: &Record| {
            let width = record.variants.first().map_or(0.0, |variant| variant.windows.width_s);
            format!(
                "{} s with {} s of warm-up in windows of {width} s",
                record.scenario.duration_s, record.scenario.warmup_s
            )
        };
        cautions.push(format!(
            "The runs differ in length: {} and {}. Peaks and maxima grow with it and get no verdict.",
            length(before),
            length(after)
        ));
    }
    let partial = |record: &Record| record.scenario.finished < record.scenario.replications;
    if partial(before) || partial(after) {
        cautions.push("A run was interrupted before all its replications were finished.".to_owned());
    }
    for variant in variants {
        for name in headline {
            let Some(measure) = variant.measure(name) else { continue };
            if measure.before.is_some() != measure.after.is_some() {
                let side = if measure.before.is_some() { "after" } else { "before" };
                cautions
                    .push(format!("{name} of {} has no value {side}, so it gets no verdict.", variant.name));
            }
        }
    }
    cautions
}

/// The inputs of a verdict.
struct Tested {
    p: f64,
    p_free: f64,
    sample: Sample,
}

enum Sample {
    /// After minus before, pair by pair.
    Pairs(Vec<f64>),
    Independent(IndependentDifference),
}

impl Sample {
    /// The smallest difference that a test at this level sees.
    fn detectable(&self, alpha: f64) -> Option<f64> {
        match self {
            Sample::Pairs(differences) => statistics::detectable(differences, alpha),
            Sample::Independent(difference) => Some(difference.detectable(alpha)),
        }
    }
}

fn give_verdicts(all: &mut [Versus], base: &Record, others: &[&Record]) {
    let mut family: Vec<(&mut MeasureVersus, Tested)> = Vec::new();
    for (versus, other) in all.iter_mut().zip(others) {
        let comparable = same_length(base, other);
        for variant in &mut versus.variants {
            let (Some(earlier), Some(later)) = (find(base, &variant.name), find(other, &variant.name)) else {
                continue;
            };
            let names = ["before", "after"].map(|side| format!("{} {side}", variant.name));
            let split = [states(earlier), states(later)];
            let side =
                |index: usize, record| Side { name: &names[index], record, states: split[index].as_ref() };
            let sides = [side(0, earlier), side(1, later)];
            for measure in variant.measures.iter_mut().filter(|one| versus.headline.contains(&one.name)) {
                measure.verdict = Some(Verdict::NoVerdict);
                let schema = base.schema.min(other.schema);
                let means_the_same =
                    base.schema == other.schema || meaning::changed(schema, &measure.name).is_none();
                if !means_the_same || !comparable && is_extreme(&measure.name) {
                    continue;
                }
                if let Some(withheld) = withheld(&measure.name, sides) {
                    let what = match withheld {
                        Withheld::States { .. } => variant.name.clone(),
                        _ => format!("{} of {}", measure.name, variant.name),
                    };
                    let caution = format!("No verdict on {what}: {}.", withheld.reason());
                    if !versus.cautions.contains(&caution) {
                        versus.cautions.push(caution);
                    }
                    continue;
                }
                if let Some(tested) = test(measure, &variant.method, earlier, later) {
                    family.push((measure, tested));
                }
            }
        }
    }
    let strictest = SIGNIFICANCE / family.len().max(1) as f64;
    let corrected = statistics::holm(&family.iter().map(|(_, tested)| tested.p).collect::<Vec<_>>());
    for ((measure, tested), p_corrected) in family.into_iter().zip(corrected) {
        let (Some(before), Some(difference)) = (measure.before, measure.difference) else { continue };
        let matters = smallest_that_matters(&measure.unit, before.mean);
        measure.p_corrected = Some(p_corrected);
        measure.p_free = Some(tested.p_free);
        measure.detectable = tested.sample.detectable(strictest).map(|seen| seen.max(matters));
        let p = p_corrected.max(tested.p_free);
        measure.verdict = Some(comparison::verdict(&measure.name, &difference, p, matters));
    }
}

/// The tests of a headline measure; `None` where there are too few values for a verdict.
fn test(
    measure: &MeasureVersus,
    method: &Method,
    earlier: &VariantRecord,
    later: &VariantRecord,
) -> Option<Tested> {
    let p = measure.p?;
    let (old, new) = (&earlier.measure(&measure.name)?.values, &later.measure(&measure.name)?.values);
    match method {
        Method::Paired => {
            let differences = statistics::differences(old, new);
            let p_free = statistics::sign_flip_p(&differences);
            let enough = differences.len() >= VERDICT_REPLICATIONS_MIN;
            enough.then_some(Tested { p, p_free, sample: Sample::Pairs(differences) })
        }
        Method::Welch(_) => {
            let (first, second) = (defined(old), defined(new));
            let enough = first.len().min(second.len()) >= VERDICT_REPLICATIONS_MIN;
            let difference = welch::difference(&first, &second).filter(|_| enough)?;
            let p_free = welch::permutation_p(&first, &second);
            Some(Tested { p, p_free, sample: Sample::Independent(difference) })
        }
    }
}

#[cfg(test)]
mod tests;
