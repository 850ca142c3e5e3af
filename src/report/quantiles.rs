//! Quantiles less exact than they look: with few requests behind them, or with values in steps.

use super::csv;
use super::format::{shown_measures, with_unit};
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::{Comparison, VariantComparison};
use crate::record::{Record, VariantRecord};
use crate::units::grouped;

/// With fewer requests above it in a run, a quantile is mostly too low there, and so is its mean over runs.
const REQUESTS_ABOVE_MIN: f64 = 10.0;
/// Fewest runs in which values in steps are looked for.
const RUNS_MIN: usize = 5;
/// Values so close are the same one: two neighbouring buckets of the histogram.
const SAME: f64 = 0.008;
/// A mean as close to a value of some run stands for it.
const CLOSE: f64 = 0.01;

/// Stands under a table that prints `± 0`.
pub(super) const SAME_IN_ALL: &str =
    "± 0: the same value in every run; a measure that moves in steps may have it by chance.";

/// Whether a measure that is shown has the same value in all runs, other than nothing and all there is.
pub(super) fn same_in_all(record: &Record, comparison: &Comparison) -> bool {
    let shown = shown_measures(&record.scenario.headline, comparison);
    let same = |variant: &VariantComparison, name: &String| {
        let measure = variant.measure(name);
        let estimate = measure.and_then(|measure| measure.estimate).filter(|estimate| estimate.n > 1);
        estimate.is_some_and(|estimate| {
            let all = measure.is_some_and(|measure| measure.unit == "1") && estimate.mean == 1.0;
            estimate.half_width() == Some(0.0) && estimate.mean != 0.0 && !all
        })
    };
    comparison.variants.iter().any(|variant| shown.iter().any(|name| same(variant, name)))
}

/// Notes on the quantiles that the tables show.
pub(super) fn remarks(record: &Record, comparison: &Comparison) -> Vec<String> {
    let shown = shown_measures(&record.scenario.headline, comparison);
    let of = |name: &String| {
        let (base, share) = quantile(name)?;
        let few = few_above(record, name, base, share);
        Some(few.into_iter().chain(in_steps(record, comparison, name)).collect::<Vec<_>>())
    };
    shown.iter().filter_map(of).flatten().collect()
}

/// `latency.all` and 0.999 of `latency.all.p999_ms`; `None` for what is no quantile.
fn quantile(measure: &str) -> Option<(&str, f64)> {
    let (base, last) = measure.rsplit_once('.')?;
    let digits = last.strip_prefix('p')?.split('_').next()?;
    let nines: f64 = digits.parse().ok()?;
    Some((base, nines / libm::pow(10.0, digits.len() as f64)))
}

/// A quantile above which a run has few requests, with its value over all runs together.
fn few_above(record: &Record, name: &str, base: &str, share: f64) -> Option<String> {
    let runs = f64::from(record.scenario.finished.max(1));
    let mut least = f64::INFINITY;
    let mut together = Vec::new();
    for variant in &record.variants {
        let Some(requests) = requests_per_run(variant, base, runs) else { continue };
        let above = requests * (1.0 - share);
        if above >= REQUESTS_ABOVE_MIN - 1e-6 || requests <= 0.0 {
            continue;
        }
        least = least.min(above);
        let pooled = variant.distribution(base).and_then(|all| csv::quantiles(all, &[share * 100.0]).pop());
        together.extend(pooled.map(|(_, ns)| format!("{} ({})", with_unit(ns as f64, "ns"), variant.name)));
    }
    if !least.is_finite() {
        return None;
    }
    let above = match least {
        few if few < 0.95 => "fewer than one request lies".to_owned(),
        one if one < 1.5 => "about one request lies".to_owned(),
        some => format!("about {} requests lie", grouped(libm::round(some))),
    };
    let known = match together.is_empty() {
        true => String::new(),
        false => format!(" Over all runs together it is {}.", enumerated(&together, "and")),
    };
    Some(format!(
        "{name} rests on few requests: {above} above it in a run, so that its mean over the runs is biased, mostly downwards. \
         Longer runs help, more of them do not.{known}"
    ))
}

/// Requests of a run that a quantile is about.
fn requests_per_run(variant: &VariantRecord, base: &str, runs: f64) -> Option<f64> {
    if let Some(all) = variant.distribution(base) {
        return Some(all.counts.iter().map(|(_, count)| *count as f64).sum::<f64>() / runs);
    }
    let mean = |name: &str| {
        let values: Vec<f64> = variant.measure(name)?.values.iter().flatten().copied().collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let class = base.strip_prefix("class.")?.strip_suffix(".latency")?;
    Some(mean("requests.all")? * mean(&format!("class.{class}.requests.ratio"))?)
}

/// A quantile that takes few values, where its mean is none of them.
fn in_steps(record: &Record, comparison: &Comparison, name: &str) -> Vec<String> {
    let told = |(variant, compared): (&VariantRecord, &VariantComparison)| {
        let measure = variant.measure(name).filter(|_| compared.states.is_none())?;
        let known: Vec<f64> = measure.values.iter().flatten().copied().collect();
        let steps = steps(&known)?;
        let mean = compared.mean(name)?;
        let is_close = |(value, _): &(f64, usize)| (mean - value).abs() <= CLOSE * value.abs();
        if steps.iter().any(is_close) {
            return None;
        }
        let values: Vec<String> = steps
            .iter()
            .map(|(value, count)| format!("{} in {count} runs", with_unit(*value, &measure.unit)))
            .collect();
        Some(format!(
            "{name} of {} moves in steps: {}. Its mean, {}, is that of no run.",
            variant.name,
            enumerated(&values, "and"),
            with_unit(mean, &measure.unit)
        ))
    };
    record.variants.iter().zip(&comparison.variants).filter_map(told).collect()
}

/// The values, and how often each occurs, of a sample that has a few only, each of them at least twice.
fn steps(values: &[f64]) -> Option<Vec<(f64, usize)>> {
    if values.len() < RUNS_MIN {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut steps: Vec<(f64, usize)> = Vec::new();
    for value in sorted {
        match steps.last_mut() {
            Some((first, count)) if value - *first <= SAME * first.abs() => *count += 1,
            _ => steps.push((value, 1)),
        }
    }
    let few = steps.len() > 1 && steps.len() <= (values.len() / 4).max(2);
    (few && steps.iter().all(|(_, count)| *count > 1)).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::DistributionRecord;
    use crate::record::fixture::{measure, record_of};

    /// Four runs of 1,000 requests, of which one in a thousand takes 345 ms.
    fn thousand_requests(name: &str) -> Record {
        let mut record = record_of(&[("a", vec![measure(name, &[300.0, 310.0, 320.0, 346.0])])], &[name]);
        let counts = vec![(50_000_000, 3_994), (345_000_000, 6)];
        record.variants[0].distributions =
            vec![DistributionRecord { name: "latency.all".to_owned(), unit: "ns".to_owned(), counts }];
        record
    }

    #[test]
    fn a_quantile_with_few_requests_above_it_is_told_with_that_of_all_runs() {
        let record = thousand_requests("latency.all.p999_ms");
        assert_eq!(
            remarks(&record, &compare(&record)),
            [
                "latency.all.p999_ms rests on few requests: about one request lies above it in a run, so that its mean over the \
              runs is biased, mostly downwards. Longer runs help, more of them do not. Over all runs together it is 345 ms (a)."
            ]
        );
        // Ten of a thousand are enough.
        let record = thousand_requests("latency.all.p99_ms");
        assert!(remarks(&record, &compare(&record)).is_empty());
    }

    #[test]
    fn the_requests_of_a_class_are_counted_by_its_share() {
        let rows = |all: f64| {
            vec![
                measure("class.a.latency.p99_ms", &[3.0, 4.0]),
                measure("class.a.requests.ratio", &[0.1, 0.1]),
                measure("requests.all", &[all, all]),
            ]
        };
        let few = |all: f64| {
            let record = record_of(&[("x", rows(all))], &["class.a.latency.p99_ms"]);
            remarks(&record, &compare(&record)).len()
        };
        assert_eq!((few(9_990.0), few(10_000.0)), (1, 0));
    }

    #[test]
    fn a_mean_between_two_steps_is_that_of_no_run() {
        let told = |values: &[f64]| {
            let record =
                record_of(&[("a", vec![measure("latency.all.p99_ms", values)])], &["latency.all.p99_ms"]);
            remarks(&record, &compare(&record))
        };
        let twenty = [50.0, 100.0, 50.0, 50.0, 100.0];
        assert_eq!(
            told(&twenty),
            [
                "latency.all.p99_ms of a moves in steps: 50 ms in 3 runs and 100 ms in 2 runs. Its mean, 70 ms, is that of no run."
            ]
        );
        assert!(told(&[50.0, 52.0, 57.0, 61.0, 100.0]).is_empty(), "no steps");
        assert!(told(&[50.0, 50.5, 50.0, 50.5, 50.5]).is_empty(), "as good as one value");
        assert!(told(&[50.0, 50.0, 50.0, 50.0, 100.0]).is_empty(), "one run apart is no step");
    }

    #[test]
    fn nothing_and_all_are_no_coincidence() {
        let same = |name: &str, values: &[f64]| {
            let record = record_of(&[("a", vec![measure(name, values)])], &[name]);
            same_in_all(&record, &compare(&record))
        };
        assert!(same("stampede.max", &[4.0, 4.0]));
        assert!(!same("stampede.max", &[4.0, 5.0]) && !same("stampede.max", &[0.0, 0.0]));
        assert!(!same("hit_ratio", &[1.0, 1.0]) && same("hit_ratio", &[0.5, 0.5]));
    }
}
