//! From a scenario's text to figures that are held against sums and closed forms.

use std::fmt::Write as _;
use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::Settings;

/// The scenario with settings on top and an event at 100 s, if any.
#[track_caller]
pub fn run(scenario: &str, settings: Settings<'_>, event: &str) -> Record {
    let mut source = scenario.to_owned();
    if !event.is_empty() {
        write!(source, "\n[[event]]\nat = \"100s\"\nwhat = {event}\n").unwrap();
    }
    let set = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let experiment =
        parse(&source, "sums.toml", Path::new(""), &Overrides { set, ..Overrides::default() }).unwrap();
    simulate(&experiment, 2)
}

/// The mean over the replications.
#[track_caller]
pub fn mean(record: &Record, measure: &str) -> f64 {
    let values = &record.variants[0].measure(measure).unwrap_or_else(|| panic!("{measure}")).values;
    values.iter().map(|value| value.unwrap()).sum::<f64>() / values.len() as f64
}

#[track_caller]
pub fn close(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{actual} instead of {expected} +- {tolerance}");
}
