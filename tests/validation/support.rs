//! Runs a scenario, reads a measure, judges it.

use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::measure::record::Record;
use herdlab::scenario::{Overrides, parse};

/// Runs a scenario as it stands.
#[track_caller]
pub fn simulate(scenario: &str) -> Record {
    simulate_with(scenario, Overrides::default())
}

/// Runs a scenario with `path = value` settings on top.
#[track_caller]
pub fn simulate_set(scenario: &str, settings: &[(&str, &str)]) -> Record {
    let set = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    simulate_with(scenario, Overrides { set, ..Overrides::default() })
}

#[track_caller]
fn simulate_with(scenario: &str, overrides: Overrides) -> Record {
    let experiment = match parse(scenario, "validation.toml", Path::new("."), &overrides) {
        Ok(experiment) => experiment,
        Err(problems) => panic!("{problems}"),
    };
    match run(&experiment, &RunOptions::default()) {
        Ok(outcome) => outcome.record,
        Err(problem) => panic!("{problem}"),
    }
}

/// The values of a measure, one per replication.
#[track_caller]
pub fn values(record: &Record, variant: &str, measure: &str) -> Vec<f64> {
    let Some(variant) = record.variants.iter().find(|candidate| candidate.name == variant) else {
        panic!("no variant {variant}");
    };
    let Some(measure) = variant.measure(measure) else { panic!("no measure {measure}") };
    measure.values.iter().map(|value| value.expect("a value in every replication")).collect()
}

/// Judges a measure of a variant; `tolerance` is absolute, in the unit of the measure.
#[track_caller]
pub fn check(row: &str, record: &Record, variant: &str, measure: &str, expected: f64, tolerance: f64) {
    check_values(row, measure, &values(record, variant, measure), expected, tolerance);
}

/// Judges one value per replication.
#[track_caller]
pub fn check_values(row: &str, what: &str, values: &[f64], expected: f64, tolerance: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let four_errors = if values.len() > 1 { 4.0 * (squares / (n - 1.0) / n).sqrt() } else { 0.0 };
    let close = (mean - expected).abs() <= tolerance.max(four_errors);
    let sharp = four_errors <= 2.0 * tolerance;
    let verdict = match (close, sharp) {
        (true, true) => "holds",
        (false, _) => "fails",
        (true, false) => "too noisy",
    };
    let [expected, mean, four_errors, tolerance] = [expected, mean, four_errors, tolerance].map(digits);
    let spread = if values.len() > 1 { format!("± {four_errors}") } else { "one run".to_owned() };
    let line = format!("| {row} | `{what}` | {expected} | {mean} | {spread} | {tolerance} | {verdict} |");
    println!("{line}");
    assert!(close && sharp, "{line}");
}

/// Six significant digits or so.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        v if v >= 1000.0 => 1,
        v if v >= 10.0 => 3,
        v if v >= 0.1 => 5,
        _ => 6,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}
