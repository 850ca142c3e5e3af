//! The scenarios that come with the program.

use herdlab::catalog::claim::{Piece, pieces};
use herdlab::experiment::comparison::compare;
use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::{Experiment, Model, Variant};
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::{Overrides, parse};
use herdlab::units::format_duration;

use crate::support::{scenarios, simulate};

#[test]
fn every_scenario_file_is_bundled() {
    let mut files: Vec<String> = std::fs::read_dir(scenarios())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut known: Vec<&str> = bundled::all().iter().map(|bundled| bundled.name).collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

#[test]
fn every_answer_was_written_for_the_scenario_as_it_stands() {
    for bundled in bundled::all() {
        let experiment = checked(bundled, &Overrides::default());
        let Some(answer) = &experiment.answer else { panic!("{} has no answer", bundled.name) };
        assert!(!answer.claims.is_empty(), "{} claims nothing", bundled.name);
        // After a change: run it, see that words and claims still hold, then take the digest that
        // `herdlab check` prints.
        assert_eq!(answer.digest, experiment.digest, "{}", bundled.name);
    }
}

#[test]
fn every_variant_is_another_system_than_the_baseline() {
    for bundled in bundled::all() {
        let experiment = checked(bundled, &Overrides::default());
        let baseline = &experiment.variants[experiment.baseline];
        for variant in experiment.variants.iter().filter(|variant| variant.name != baseline.name) {
            let same = format!("{:?}", variant.model) == format!("{:?}", baseline.model);
            assert!(!same, "{}: {} is the same as {}", bundled.name, variant.name, baseline.name);
        }
    }
}

#[test]
fn every_scenario_runs_in_miniature_and_threads_leave_no_trace() {
    for bundled in bundled::all() {
        let whole_ns = checked(bundled, &Overrides::default()).variants[0].model.duration_ns;
        let short = Some(format_duration(whole_ns / 20));
        let overrides = Overrides { duration: short, replications: Some(2), ..Overrides::default() };
        let experiment = checked(bundled, &overrides);
        let record = simulate(&experiment, 1);
        assert!(record == simulate(&experiment, 2), "{} depends on the number of threads", bundled.name);
        let explained = |threads| {
            let options = RunOptions { threads, why: true, ..RunOptions::default() };
            run(&experiment, &options).expect("it has run before").record
        };
        let mut why = explained(2);
        assert!(why == explained(1), "{}: a breakdown depends on the number of threads", bundled.name);
        for variant in &mut why.variants {
            assert!(variant.breakdown.take().is_some(), "{}: {} has none", bundled.name, variant.name);
        }
        assert!(why == record, "{} has another record with a breakdown", bundled.name);
        let comparison = compare(&record);
        for (variant, Variant { model, .. }) in comparison.variants.iter().zip(&experiment.variants) {
            let place = format!("{}, {}", bundled.name, variant.name);
            for headline in experiment.headline.iter().filter(|headline| has_measure(model, headline)) {
                assert!(variant.mean(headline).is_some(), "{place}: {headline} has no value");
            }
            let mean =
                |measure: &str| variant.mean(measure).unwrap_or_else(|| panic!("{place}: no {measure}"));
            assert!(mean("requests.all") > 0.0, "{place}: no requests");
            let outcomes = ["hit", "negative_hit", "stale_hit", "coalesced", "miss", "write"];
            let answered: f64 =
                outcomes.iter().map(|outcome| mean(&format!("requests.{outcome}.ratio"))).sum();
            let all = answered + mean("error.ratio");
            assert!((all - 1.0).abs() < 1e-9, "{place}: outcomes sum to {all}");
        }
        for piece in experiment.answer.iter().flat_map(|answer| pieces(&answer.text).unwrap()) {
            // What happens late in the whole run does not happen in a twentieth of it.
            if let Piece::Value(reference) = piece
                && !["event.", "warm."].iter().any(|of| reference.measure.starts_with(of))
            {
                let variant = comparison.variant(&reference.variant);
                let mean = variant.and_then(|variant| variant.mean(&reference.measure));
                assert!(mean.is_some(), "{}: {reference} in the answer has no value", bundled.name);
            }
        }
    }
}

fn checked(bundled: &Bundled, overrides: &Overrides) -> Experiment {
    parse(bundled.source, &bundled.path(), scenarios(), overrides)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// A measure of a tier that a variant does without has no value there.
fn has_measure(model: &Model, name: &str) -> bool {
    match name.strip_prefix("tier.").and_then(|rest| rest.split('.').next()) {
        Some(tier) => model.tiers.iter().any(|known| known.name == tier),
        None => true,
    }
}
