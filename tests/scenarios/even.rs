//! Scenarios whose figures can be worked out on paper: requests come at known instants, and nothing is drawn.

use std::fmt::Write as _;
use std::path::Path;

use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::{Settings, defined};

/// A request every tenth of a second, from 0 to 9.9 s; one instance, and a cache that takes no time in front of a database
/// that takes 20 ms.
const EVEN: &str = r#"
question = "What exactly does an option do?"
duration = "10s"
replications = 1

[workload]
arrivals = { constant = { rate = 10 } }
keys = 1

[[tier]]
name = "l1"
enabled = false
scope = "instance"
ttl = "none"

[[tier]]
name = "l2"
scope = "shared"
ttl = "none"

[database]
read = "20ms"
"#;

/// Every request goes to the database.
pub const NO_CACHE: (&str, &str) = ("tier.l2.enabled", "false");
/// Requests take turns at three instances.
pub const THREE: [(&str, &str); 2] = [("clients.instances", "3"), ("clients.route", "round-robin")];

/// One row: settings, events with their instants (`4s { flush = { tier = "l2" } }`, and `; ` between them), a measure, and its
/// value.
pub type Row<'a> = (Settings<'a>, &'a str, &'a str, f64);

#[track_caller]
pub fn even(settings: Settings<'_>, event: &str) -> Record {
    record(EVEN, Path::new(""), settings, event)
}

#[track_caller]
pub fn exactly(rows: &[Row<'_>]) {
    let measured = |row: &Row<'_>| defined(&even(row.0, row.1), row.2);
    compare(rows.iter().map(|row| (format!("{row:?}"), measured(row), row.3)));
}

/// The same with other tables at the end; classes take the place of the key.
#[track_caller]
pub fn exactly_with(tables: &str, rows: &[Row<'_>]) {
    let scenario =
        if tables.contains("[[class]]") { EVEN.replace("keys = 1\n", "") } else { EVEN.to_owned() } + tables;
    let measured = |row: &Row<'_>| defined(&record(&scenario, Path::new(""), row.0, row.1), row.2);
    compare(rows.iter().map(|row| (format!("{tables} {row:?}"), measured(row), row.3)));
}

/// The same where the requests are a recording: `0 read a, 50 write b` is a read of key `a` at 0 ms and a write of key `b` at
/// 50 ms.
#[track_caller]
pub fn exactly_after(requests: &str, rows: &[(Settings<'_>, &str, f64)]) {
    let measured = |row: &(Settings<'_>, &str, f64)| defined(&recorded(requests, row.0, ""), row.1);
    compare(rows.iter().map(|row| (format!("{row:?}"), measured(row), row.2)));
}

#[track_caller]
pub fn recorded(requests: &str, settings: Settings<'_>, event: &str) -> Record {
    with_recording(requests, settings, event, |experiment| simulate(experiment, 1))
}

/// What comes of the scenario of a recording, while the recording is there.
#[track_caller]
pub fn with_recording<T>(
    requests: &str,
    settings: Settings<'_>,
    event: &str,
    run: impl FnOnce(&Experiment) -> T,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "ms,op,key\n".to_owned();
    for request in requests.split(", ") {
        writeln!(rows, "{}", request.split_whitespace().collect::<Vec<_>>().join(",")).unwrap();
    }
    std::fs::write(folder.path().join("requests.csv"), rows).unwrap();
    let operation = if requests.contains("write") {
        "operation = { column = \"op\", read = [\"read\"], write = [\"write\"] }, "
    } else {
        ""
    };
    let arrivals = format!(
        "arrivals = {{ trace = {{ file = \"requests.csv\", time = \"ms\", unit = \"ms\", {operation}key = \"key\" }} }}"
    );
    let scenario = EVEN
        .replace("arrivals = { constant = { rate = 10 } }\nkeys = 1", &arrivals)
        .replace("duration = \"10s\"\n", "");
    run(&checked(&scenario, folder.path(), settings, event))
}

/// The scenario of even requests.
#[track_caller]
pub fn even_experiment(settings: Settings<'_>, event: &str) -> Experiment {
    checked(EVEN, Path::new(""), settings, event)
}

#[track_caller]
fn record(scenario: &str, folder: &Path, settings: Settings<'_>, event: &str) -> Record {
    simulate(&checked(scenario, folder, settings, event), 1)
}

#[track_caller]
fn checked(scenario: &str, folder: &Path, settings: Settings<'_>, event: &str) -> Experiment {
    let mut source = scenario.to_owned();
    for (at, what) in event.split("; ").filter_map(|event| event.split_once(' ')) {
        write!(source, "\n[[event]]\nat = \"{at}\"\nwhat = {what}\n").unwrap();
    }
    let set = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let experiment = parse(&source, "even.toml", folder, &Overrides { set, ..Overrides::default() });
    experiment.unwrap_or_else(|problems| panic!("{settings:?} {event}\n{problems}"))
}

/// Measures are sums of whole nanoseconds and counts over others: what differs is the rounding of the last digits.
#[track_caller]
fn compare(rows: impl Iterator<Item = (String, Option<f64>, f64)>) {
    let mut wrong = String::new();
    for (row, found, expected) in rows {
        if found.is_none_or(|found| (found - expected).abs() > 1e-9 * expected.abs().max(1.0)) {
            writeln!(wrong, "{row}, but {found:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
