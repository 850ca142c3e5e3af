//! Every bundled scenario: its answer is about the scenario as it stands, and it runs in miniature.

use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::measure::record::Record;
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::model::Experiment;
use herdlab::scenario::{Overrides, parse};

fn experiment(bundled: &Bundled, overrides: &Overrides) -> Experiment {
    match parse(bundled.source, &bundled.path(), Path::new("scenarios"), overrides) {
        Ok(experiment) => experiment,
        Err(problems) => panic!("{problems}"),
    }
}

fn record(experiment: &Experiment, threads: usize) -> Record {
    match run(experiment, &RunOptions { threads, ..RunOptions::default() }) {
        Ok(outcome) => outcome.record,
        Err(problem) => panic!("{}: {problem}", experiment.name),
    }
}

#[test]
fn every_answer_was_written_for_the_scenario_as_it_stands() {
    for bundled in bundled::all() {
        let experiment = experiment(bundled, &Overrides::default());
        let Some(answer) = &experiment.answer else { panic!("{} has no answer", bundled.name) };
        assert!(!answer.claims.is_empty(), "{} claims nothing", bundled.name);
        // After a change: run it, see that words and claims still hold, then take the digest that
        // `herdlab check` prints.
        assert_eq!(answer.digest, experiment.digest, "{}", bundled.name);
    }
}

#[test]
fn every_scenario_runs_in_miniature_and_threads_leave_no_trace() {
    let overrides =
        Overrides { duration: Some("8s".to_owned()), replications: Some(2), ..Overrides::default() };
    for bundled in bundled::all() {
        let experiment = experiment(bundled, &overrides);
        let one = record(&experiment, 1);
        assert!(one == record(&experiment, 2), "{} depends on the number of threads", bundled.name);
        for variant in &one.variants {
            let mean = |measure: &str| {
                let Some(measure) = variant.measure(measure) else { panic!("no {measure}") };
                measure.values.iter().flatten().sum::<f64>() / measure.values.len() as f64
            };
            assert!(mean("requests.all") > 0.0, "{}, {}: no requests", bundled.name, variant.name);
            let outcomes = ["hit", "negative_hit", "stale_hit", "coalesced", "miss", "write", "unfinished"];
            let ended: f64 = outcomes.iter().map(|outcome| mean(&format!("requests.{outcome}.ratio"))).sum();
            let failed = mean("error.ratio") - mean("requests.unfinished.ratio");
            let all = ended + failed;
            assert!((all - 1.0).abs() < 1e-9, "{}, {}: outcomes sum to {all}", bundled.name, variant.name);
        }
    }
}
