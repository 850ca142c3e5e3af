//! The questions and answers of a page, as JSON.
//!
//! Whole numbers that a double does not hold (seeds) are texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::knobs::Knob;

/// A question.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Begins anew with a scenario.
    Open(Open),
    /// Begins a task in the place of the one before.
    Ask(Ask),
    /// Goes on with the task.
    Step(Step),
    /// What is known so far.
    Figures {},
    /// The record of a task that is done, as `results.json` has it.
    Results {},
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The scenario's TOML.
    pub source: String,
    /// Its file, as messages and the record name it.
    pub path: String,
    /// Its name on the command line, where that is another one.
    #[serde(default)]
    pub command: Option<String>,
    /// Axes as `--sweep` takes them: (path, values).
    #[serde(default)]
    pub sweep: Vec<(String, String)>,
    /// Settings as `--set` takes them: (path, value). Today has them too.
    #[serde(default)]
    pub set: Vec<(String, String)>,
    /// The knobs as the program finds them: to try all values would take a browser half a second. A module has none without.
    #[serde(default)]
    pub knobs: Option<Vec<Knob>>,
    /// The files that the scenario names, by the names that it has for them, unpacked: a character for each byte.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// A setting, and how to simulate it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Path of a knob to the place of its value.
    #[serde(default)]
    pub settings: BTreeMap<String, usize>,
    /// In any order; none means all.
    #[serde(default)]
    pub variants: Vec<String>,
    /// One short replication.
    #[serde(default)]
    pub draft: bool,
    /// As `--duration`; that of a draft is found.
    #[serde(default)]
    pub duration: Option<String>,
    /// As `--replications`; a draft has one.
    #[serde(default)]
    pub replications: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// About so many arrivals and events.
    pub events: u64,
}

/// The answer to a question that went wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    pub error: String,
}

/// The answer to [`Open`].
#[derive(Clone, Debug, Serialize)]
pub struct Opened {
    pub name: String,
    pub question: String,
    pub variants: Vec<String>,
    pub baseline: String,
    pub duration_s: f64,
    pub warmup_s: f64,
    pub replications: u32,
    pub seed: String,
    pub version: &'static str,
    pub digest: &'static str,
    pub knobs: Vec<Knob>,
    pub measures: Vec<Measure>,
    /// Warnings of lints.
    pub problems: Vec<String>,
}

/// A row of the table of figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    pub name: String,
    pub label: String,
    /// Of the catalogue.
    pub unit: String,
    pub direction: Option<&'static str>,
    pub group: &'static str,
    /// One of the few that matter most.
    pub headline: bool,
}

/// The answer to [`Ask`].
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// Why there is no task.
    pub problem: Option<Problem>,
    pub estimate: Estimate,
    /// The scenario with the settings in it.
    pub toml: String,
    /// What makes the same figures at full length.
    pub command: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// The knob, where one is at fault.
    pub path: String,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Estimate {
    /// Over all simulations.
    pub events: f64,
    pub memory_bytes: f64,
}

/// The answer to [`Step`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Stepped {
    pub done: bool,
    pub progress: f64,
    /// A replication is finished: there are other figures.
    pub changed: bool,
}

/// The answer to `figures`.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub draft: bool,
    /// Finished by all variants.
    pub replications: u32,
    pub of: u32,
    pub duration_s: f64,
    /// (label, from, to) of the warm-up and of the events, in seconds.
    pub marks: Vec<(String, f64, f64)>,
    /// `None` before its first replication.
    pub today: Option<Row>,
    pub rows: Vec<Row>,
}

/// A variant.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub variant: String,
    pub replications: u32,
    /// By measure; those without a value are left out.
    pub values: BTreeMap<String, Value>,
    pub capacity_qps: Option<f64>,
    pub verdict: Verdict,
    pub series: Series,
    pub quantiles: Quantiles,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Value {
    pub mean: f64,
    /// Of the 95 % interval; `None` with fewer than two replications.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// `safe`, `at risk`, `not safe` or `not judged`.
    pub level: &'static str,
    pub text: String,
}

/// Window by window; `None` where there is no value.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// Beginnings of the windows.
    pub time_s: Vec<f64>,
    #[serde(flatten)]
    pub values: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// Latencies of all requests of the measured part.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Quantiles {
    pub q: Vec<f64>,
    pub latency_ms: Vec<f64>,
}

/// The answer to `results`.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    pub results: String,
}
