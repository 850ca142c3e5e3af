//! A scenario so small that hundreds of variations of it run in a second.

use std::fmt::Write as _;
use std::path::Path;

use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::simulate;

/// Two instances, a cache of a second that has to be asked for, and a database that is not busy.
const TINY: &str = r#"
question = "Does every option do something?"
duration = "10s"
replications = 1

[clients]
instances = 2

[workload]
arrivals = { poisson = { rate = 500 } }
keys = 200
popularity = { zipf = { exponent = 1.0 } }

[[tier]]
name = "l1"
enabled = false
scope = "instance"
ttl = "500ms"

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = "100us"
service = "10us"

[database]
servers = 20
read = "5ms"
"#;

pub type Settings<'a> = &'a [(&'a str, &'a str)];

pub fn tiny(
    settings: &[(impl AsRef<str>, impl AsRef<str>)],
    events: &[impl AsRef<str>],
) -> Result<Experiment, String> {
    let mut source = TINY.to_owned();
    for event in events {
        write!(source, "\n[[event]]\nat = \"4s\"\nwhat = {}\n", event.as_ref()).unwrap();
    }
    let set =
        settings.iter().map(|(path, value)| (path.as_ref().to_owned(), value.as_ref().to_owned())).collect();
    parse(&source, "tiny.toml", Path::new(""), &Overrides { set, ..Overrides::default() })
        .map_err(|problems| problems.to_string())
}

/// Any value for each of the options.
pub fn any_of(
    choices: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    choices
        .iter()
        .map(|(path, values)| select(*values).prop_map(move |value| (*path, value)))
        .collect::<Vec<_>>()
}

/// The experiment with these settings and events on top of `base`. What contradicts something before it is refused by
/// name, and left out here; of the settings at most a few may be.
pub fn accepted(
    base: Settings<'_>,
    settings: Settings<'_>,
    events: &[&str],
) -> Result<Experiment, TestCaseError> {
    let mut kept = base.to_vec();
    for setting in settings {
        kept.push(*setting);
        if tiny(&kept, &[""; 0]).is_err() {
            kept.pop();
        }
    }
    let mut kept_events = Vec::new();
    for event in events {
        kept_events.push(*event);
        if tiny(&kept, &kept_events).is_err() {
            kept_events.pop();
        }
    }
    prop_assert!(kept.len() + 24 > settings.len(), "only these were accepted: {kept:?}");
    tiny(&kept, &kept_events).map_err(TestCaseError::fail)
}

#[track_caller]
pub fn tiny_record(settings: Settings<'_>, events: &[&str]) -> Record {
    simulate(&tiny(settings, events).unwrap_or_else(|problems| panic!("{problems}")), 1)
}

pub fn defined(record: &Record, measure: &str) -> Option<f64> {
    record.variants[0].measure(measure).and_then(|measure| measure.values[0])
}

#[track_caller]
pub fn value(record: &Record, measure: &str) -> f64 {
    defined(record, measure).unwrap_or_else(|| panic!("{measure} has no value"))
}
