//! Cautions about the figures: systems that never recovered, requests that never
//! ended, ratios that leave out failures, and the lints' warnings about the scenario itself.

use super::format::with_unit;
use super::{observed, quantiles};
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::{Comparison, VariantComparison};
use crate::experiment::states::{State, States};
use crate::experiment::withheld::{ERROR_RATIO_MAX, Withheld};
use crate::record::meaning;
use crate::record::{EventRecord, Record};

/// The remarks, most important first; usually none.
pub fn remarks(record: &Record, comparison: &Comparison) -> Vec<String> {
    let mut remarks = Vec::from_iter(deviation(record, comparison));
    remarks.extend(of_results(record, comparison));
    remarks.extend(record.scenario.lints.iter().map(|note| format!("Lint {}: {}.", note.lint, note.text)));
    remarks
}

/// Those about the results alone, for a page that shows deviations and lints in places of their own.
pub fn of_results(record: &Record, comparison: &Comparison) -> Vec<String> {
    let mut remarks = two_states(record, comparison);
    remarks.extend(meaning::caution(record));
    remarks.extend(never_happened(record));
    remarks.extend(lasting_outages(record, comparison));
    remarks.extend(unfinished(comparison));
    remarks.extend(imprecise(record));
    remarks.extend(failures_left_out(comparison));
    remarks.extend(without_verdict(comparison));
    remarks.extend(quantiles::remarks(record, comparison));
    remarks
}

fn deviation(record: &Record, comparison: &Comparison) -> Option<String> {
    let rows = observed::rows(record, comparison);
    let off: Vec<String> = rows
        .iter()
        .filter(|row| row.warns)
        .map(|row| format!("{} ({} observed, {} in the model)", row.measure, row.observed, row.single_runs))
        .collect();
    (!off.is_empty()).then(|| {
        let base = &comparison.baseline().name;
        format!(
            "The baseline, {base}, does not reproduce production (the observed value lies outside 95 % of single runs): {}.",
            off.join(", ")
        )
    })
}

/// The variants that settle in one of two states.
fn two_states(record: &Record, comparison: &Comparison) -> Vec<String> {
    let told = |(variant, states): (&VariantComparison, &States)| {
        let recorded = record.variants.iter().find(|recorded| recorded.name == variant.name)?;
        let runs = states.runs(State::Collapsed);
        let (low, high) = runs.interval();
        Some(format!(
            "{} has two states: it {}, with {}. Means over all its runs are those of no run, so each state has figures of its own, \
             and nothing is judged by the mean. {runs} leave {} to {} of all runs possible (95 %): more replications narrow that.",
            variant.name,
            states.words(),
            states.figures(recorded),
            with_unit(low, "1"),
            with_unit(high, "1"),
        ))
    };
    let split = comparison.variants.iter().filter_map(|variant| Some((variant, variant.states.as_ref()?)));
    split.filter_map(told).collect()
}

/// The variants without a verdict for any reason but two states, which have a remark of their own.
fn without_verdict(comparison: &Comparison) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for variant in &comparison.variants {
        let withheld =
            variant.measures.iter().filter_map(|measure| Some((measure, measure.withheld.as_ref()?)));
        for (measure, withheld) in withheld {
            let what = match withheld {
                Withheld::States { .. } => continue,
                Withheld::Workload(_) => variant.name.clone(),
                Withheld::Failures { .. } => format!("{} of {}", measure.name, variant.name),
            };
            let remark = format!("No verdict on {what}: {}.", withheld.reason());
            if !told.contains(&remark) {
                told.push(remark);
            }
        }
    }
    told
}

/// Whether the run lasted long enough for an event.
pub fn happened(record: &Record, event: &EventRecord) -> bool {
    let duration_s = record.scenario.duration_s;
    duration_s <= 0.0 || event.at_s < duration_s
}

fn never_happened(record: &Record) -> Option<String> {
    let late = events(record).into_iter().filter(|event| !happened(record, event));
    let told: Vec<String> =
        late.map(|event| format!("{} at {}", event.label, with_unit(event.at_s, "s"))).collect();
    let end = with_unit(record.scenario.duration_s, "s");
    (!told.is_empty()).then(|| {
        format!("The run ends at {end}, before {}: the report cannot cover that.", enumerated(&told, "and"))
    })
}

/// Events after which some variant did not come back, one remark for all events with the same variants.
fn lasting_outages(record: &Record, comparison: &Comparison) -> Vec<String> {
    let mut told: Vec<(Vec<String>, String)> = Vec::new();
    for event in events(record) {
        let measure = format!("event.{}.metastable", event.label);
        let Some(names) = list(comparison, &measure, 0.0, in_runs) else { continue };
        match told.iter_mut().find(|(_, known)| *known == names) {
            Some((labels, _)) => labels.push(event.label.clone()),
            None => told.push((vec![event.label.clone()], names)),
        }
    }
    told.into_iter()
        .map(|(labels, names)| {
            format!("Not recovered from {} by the end of the run: {names}.", enumerated(&labels, "and"))
        })
        .collect()
}

fn in_runs(variant: &VariantComparison, measure: &str, mean: f64) -> String {
    let runs = variant.measure(measure).and_then(|measure| measure.estimate).map_or(0, |estimate| estimate.n);
    match (mean * runs as f64).round() as usize {
        all if all == runs => variant.name.clone(),
        some => format!("{} (in {some} of {runs} runs)", variant.name),
    }
}

fn unfinished(comparison: &Comparison) -> Option<String> {
    let names = list(comparison, "requests.unfinished.ratio", 0.0, with_share)?;
    Some(format!(
        "Requests still under way when the run was stopped: {names}. They count as errors, and in latencies \
         with the age they had reached, so the latencies shown are too low."
    ))
}

fn imprecise(record: &Record) -> Option<String> {
    let precision = record.scenario.precision.as_ref().filter(|precision| !precision.reached)?;
    Some(format!(
        "Precision not reached: after {}, half the interval of {} exceeds {} of its mean in some \
         variant.",
        crate::units::counted(u64::from(record.scenario.finished), "replication"),
        precision.measure,
        with_unit(precision.relative, "1")
    ))
}

fn failures_left_out(comparison: &Comparison) -> Option<String> {
    let names = list(comparison, "error.ratio", ERROR_RATIO_MAX, |variant, measure, mean| {
        // Without a cache nobody reads a hit ratio.
        match variant.mean("hit_ratio") {
            Some(hits) if hits > 0.0 => with_share(variant, measure, mean),
            _ => String::new(),
        }
    })?;
    Some(format!("Hit ratios leave out the requests that ended in an error: {names}."))
}

fn with_share(variant: &VariantComparison, _: &str, mean: f64) -> String {
    format!("{} ({})", variant.name, with_unit(mean, "1"))
}

/// The variants in which a measure is above a limit, each in the words of `told` (empty: left out).
fn list(
    comparison: &Comparison,
    measure: &str,
    limit: f64,
    told: impl Fn(&VariantComparison, &str, f64) -> String,
) -> Option<String> {
    let names: Vec<String> = comparison
        .variants
        .iter()
        .filter_map(|variant| {
            let mean = variant.mean(measure).filter(|mean| *mean > limit)?;
            Some(told(variant, measure, mean)).filter(|text| !text.is_empty())
        })
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The distinct events of all variants, in time order.
pub fn events(record: &Record) -> Vec<&EventRecord> {
    let mut events: Vec<_> = record.variants.iter().flat_map(|variant| &variant.events).collect();
    events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut distinct: Vec<&EventRecord> = Vec::new();
    for event in events {
        let is = |known: &&EventRecord| {
            let when = |event: &EventRecord| (event.at_s, event.end_s);
            known.label == event.label && known.text == event.text && when(known) == when(event)
        };
        if !distinct.iter().any(is) {
            distinct.push(event);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{bimodal, measure, record_of};
    use crate::record::{FigureRecord, LintRecord, ObservedRecord, PrecisionRecord};

    fn record() -> Record {
        let variant = |metastable: [f64; 2], unfinished: f64, errors: f64| {
            vec![
                measure("error.ratio", &[errors; 2]),
                measure("event.restart.metastable", &metastable),
                measure("event.surge.metastable", &metastable),
                measure("hit_ratio", &[0.85; 2]),
                measure("requests.unfinished.ratio", &[unfinished; 2]),
            ]
        };
        let mut record = record_of(
            &[
                ("a", variant([1.0, 1.0], 0.25, 0.5)),
                ("b", variant([0.0, 1.0], 0.0, 0.01)),
                ("c", variant([0.0, 0.0], 0.0, 0.0)),
            ],
            &[],
        );
        record.variants[0].events = ["restart", "surge"]
            .map(|label| EventRecord {
                label: label.into(),
                text: label.into(),
                at_s: 1.0,
                end_s: 1.0,
                judged: None,
            })
            .to_vec();
        record
    }

    #[test]
    fn what_did_not_recover_or_end_is_named() {
        let record = record();
        assert_eq!(
            remarks(&record, &compare(&record)),
            [
                "Not recovered from restart and surge by the end of the run: a, b (in 1 of 2 runs).",
                "Requests still under way when the run was stopped: a (25.0 %). They count as errors, and in \
                 latencies with the age they had reached, so the latencies shown are too low.",
                "Hit ratios leave out the requests that ended in an error: a (50.0 %).",
            ]
        );
    }

    #[test]
    fn an_event_after_the_end_of_the_run_did_not_happen() {
        let mut record = record();
        record.variants.drain(..2);
        let event = |label: &str, at_s: f64| {
            let text = label.to_string();
            EventRecord { label: text.clone(), text, at_s, end_s: at_s, judged: None }
        };
        record.scenario.duration_s = 90.0;
        record.variants[0].events = vec![event("flush", 30.0), event("stall", 90.0), event("deploy", 120.0)];
        assert_eq!(
            remarks(&record, &compare(&record)),
            ["The run ends at 90 s, before stall at 90 s and deploy at 120 s: the report cannot cover that."]
        );
    }

    #[test]
    fn a_hit_ratio_is_judged_by_its_misses() {
        let mut record = record();
        record.variants.truncate(1);
        record.scenario.observed =
            Some(ObservedRecord { figures: vec![FigureRecord::new("hit_ratio", 0.93)] });
        let rows = observed::rows(&record, &compare(&record));
        assert_eq!(rows.iter().map(|row| row.warns).collect::<Vec<_>>(), [true, true]);
        assert_eq!(rows[1].deviation, "+114.3 %");
        let first = remarks(&record, &compare(&record)).remove(0);
        assert_eq!(
            first,
            "The baseline, a, does not reproduce production (the observed value lies outside 95 % of single runs): \
             hit_ratio (93.0 % observed, 85.0 to 85.0 % in the model), 1 − hit_ratio (7.00 % observed, 15.0 to 15.0 % in the \
             model)."
        );
    }

    #[test]
    fn what_lints_say_of_the_scenario_comes_last() {
        let mut record = record();
        let (lint, text) = ("no-ttl".to_owned(), "tier.l2 keeps entries for ever: no ttl".to_owned());
        record.scenario.lints = vec![LintRecord { lint, text }];
        let last = remarks(&record, &compare(&record)).pop();
        assert_eq!(last.as_deref(), Some("Lint no-ttl: tier.l2 keeps entries for ever: no ttl."));
    }

    #[test]
    fn a_precision_that_was_not_reached_is_told() {
        let mut record = record();
        record.variants.drain(..2);
        let wanted = |reached| {
            let measure = "hit_ratio".to_string();
            Some(PrecisionRecord { measure, relative: 0.02, replications_max: 2, reached })
        };
        record.scenario.precision = wanted(true);
        assert!(remarks(&record, &compare(&record)).is_empty());
        record.scenario.precision = wanted(false);
        assert!(remarks(&record, &compare(&record))[0].contains("exceeds 2.00 % of its mean"));
    }

    #[test]
    fn two_states_are_told_with_the_figures_of_each_and_how_often() {
        let record = bimodal();
        assert_eq!(
            of_results(&record, &compare(&record)),
            [
                "a has two states: it collapses in 5 of 10 runs, with mean latency 1,200 ± 196 ms instead of 12.0 ± 2.0 ms, p99 latency \
              9,600 ± 1,571 ms instead of 96 ± 16 ms. Means over all its runs are those of no run, so each state has figures of \
              its own, and nothing is judged by the mean. 5 of 10 runs leave 18.7 % to 81.3 % of all runs possible (95 %): more \
              replications narrow that."
            ]
        );
    }

    #[test]
    fn the_reason_for_which_there_is_no_verdict_is_told() {
        let rows = |errors: f64| vec![measure("error.ratio", &[errors; 6]), measure("hit_ratio", &[0.9; 6])];
        let mut record = record_of(&[("a", rows(0.0)), ("b", rows(0.06)), ("c", rows(0.0))], &["hit_ratio"]);
        record.variants[2].settings = vec![("workload.keys".to_owned(), "5".to_owned())];
        assert_eq!(
            of_results(&record, &compare(&record)),
            [
                "Hit ratios leave out the requests that ended in an error: b (6.00 %).",
                "No verdict on hit_ratio of b: a hit ratio leaves out the requests that failed, 6.00 % of them in b.",
                "No verdict on c: its workload differs from the baseline's in workload.keys.",
            ]
        );
    }

    #[test]
    fn a_sound_record_needs_no_remark() {
        let mut record = record();
        record.variants.drain(..2);
        assert!(remarks(&record, &compare(&record)).is_empty());
    }
}
