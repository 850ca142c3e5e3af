//! The record: everything a run leaves behind, and the only thing that reports read.
//!
//! That of a simulation depends on nothing but scenario, seed and program version: the same inputs give the same bytes on
//! any machine with any number of threads. What depends on the machine is in [`Timings`], a file of its own. That of real
//! servers ([`LiveRecord`]) is a measurement.

pub mod breakdown;
pub mod compared;
#[cfg(test)]
pub(crate) mod fixture;
mod live;
pub mod meaning;
mod observed;
mod worlds;

use serde::{Deserialize, Serialize};

use self::breakdown::BreakdownRecord;
pub use crate::measure::latency_map::LatencyMap;
pub use crate::measure::recovery::{EventRun, EventStatus};
use crate::model::Threshold;
use crate::theory::Prediction;
pub use live::LiveRecord;
pub use observed::{FigureRecord, ObservedRecord};
pub use worlds::{VariantWorlds, WorldMeasure, WorldsRecord};

/// Version of the layout of `results.json` and of the meaning of its measures ([`meaning`]). Older records are read,
/// newer ones refused.
pub const SCHEMA: u32 = 2;

/// `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA`], or an older one.
    pub schema: u32,
    /// Version of the program that wrote it.
    pub herdlab: String,
    pub scenario: ScenarioRecord,
    /// In the order of the scenario file.
    pub variants: Vec<VariantRecord>,
    /// Of a scenario with ranges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worlds: Option<WorldsRecord>,
}

/// The scenario, and the settings that repeat its run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScenarioRecord {
    pub name: String,
    pub question: String,
    /// The file as the user named it.
    pub source_path: String,
    /// Its text, to copy.
    pub source: String,
    /// The second file, where two were held against each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OtherFile>,
    /// The command that made it, where that was not `herdlab run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// `path=value` from the command line.
    pub overrides: Vec<String>,
    /// Digest of the checked models, seed and replications.
    pub digest: String,
    pub seed: u64,
    /// Replications requested; every measure has one value for each finished one.
    pub replications: u32,
    /// Replications finished (fewer after an interrupt).
    pub finished: u32,
    pub duration_s: f64,
    pub warmup_s: f64,
    /// The warm-up was found by MSER-5, not given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warmup_found: bool,
    /// Replications were added for this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionRecord>,
    /// Index into `variants`.
    pub baseline: usize,
    /// Measures that get a verdict, most important first.
    pub headline: Vec<String>,
    pub answer: Option<AnswerRecord>,
    pub observed: Option<ObservedRecord>,
    /// Limits that the run had to keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Threshold>,
    /// Warnings of lints that the scenario does not allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lints: Vec<LintRecord>,
    /// Measured on real servers by `herdlab live`; absent: simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveRecord>,
}

/// The file with the change, of two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OtherFile {
    /// As the user named it.
    pub source_path: String,
    /// Its text, to copy.
    pub source: String,
    /// Options in which it differs from the first, a sentence each.
    pub differences: Vec<String>,
}

/// A warning about the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LintRecord {
    /// Name of the lint, as docs/lints.md lists it.
    pub lint: String,
    pub text: String,
}

/// The precision requested of every variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrecisionRecord {
    pub measure: String,
    /// Half the 95 % interval over the mean.
    pub relative: f64,
    pub replications_max: u32,
    /// Whether all variants have it.
    pub reached: bool,
}

/// The author's words; shown only where `digest` equals the scenario's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    /// Placeholders read `{variant:measure}`.
    pub text: String,
    pub digest: String,
    pub claims: Vec<String>,
}

/// One variant: all its replications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VariantRecord {
    pub name: String,
    /// (dotted path, TOML value) that distinguish it from the base of the file.
    pub settings: Vec<(String, String)>,
    /// (part of the workload, fingerprint): variants in which all are equal see the same traffic. Older records have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<(String, String)>,
    pub events: Vec<EventRecord>,
    /// Predictions of closed forms, sorted by measure; absent where no law applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub theory: Vec<Prediction>,
    /// Sorted by name.
    pub measures: Vec<MeasureRecord>,
    pub windows: WindowsRecord,
    /// Whole measured run, all replications together; sorted by name.
    pub distributions: Vec<DistributionRecord>,
    /// Latency by part; absent without `herdlab run --why`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<BreakdownRecord>,
    /// Latencies of all requests over time, all replications together; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_map: Option<LatencyMap>,
}

impl VariantRecord {
    /// The values of a measure, one per finished replication.
    pub fn measure(&self, name: &str) -> Option<&MeasureRecord> {
        self.measures
            .binary_search_by(|measure| measure.name.as_str().cmp(name))
            .ok()
            .map(|index| &self.measures[index])
    }
    /// The event that a recovery (`event.<label>.recovery_s`, `event.<label>.recovery.errors_s`, ...) is about.
    pub fn recovered_event(&self, measure: &str) -> Option<&EventRecord> {
        let (label, what) = measure.strip_prefix("event.")?.split_once('.')?;
        self.events.iter().filter(|_| what.starts_with("recovery")).find(|event| event.label == label)
    }
    /// A time series, one value per window.
    pub fn series(&self, name: &str) -> Option<&SeriesRecord> {
        self.windows.series.iter().find(|series| series.name == name)
    }
    /// A distribution over the whole measured run.
    pub fn distribution(&self, name: &str) -> Option<&DistributionRecord> {
        self.distributions.iter().find(|distribution| distribution.name == name)
    }
}

/// A timed event, to be marked on every time series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventRecord {
    pub label: String,
    /// In words: `flush of l2`, `database paused`.
    pub text: String,
    pub at_s: f64,
    /// Equals `at_s` for an instant.
    pub end_s: f64,
    /// Its outcome in each run; absent in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<EventJudgement>,
}

/// The rule by which an event was judged, and what came of it in each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventJudgement {
    /// Share of the requests of a cell that must be good.
    pub share: f64,
    /// A good answer comes no later; absent: within twice the p99 before the event, a bound of each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective_ms: Option<f64>,
    /// Whether a request can end in an error at all.
    pub can_fail: bool,
    /// One per finished replication.
    pub runs: Vec<EventRun>,
}

/// One measure of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MeasureRecord {
    /// Dotted, unit last (`latency.hit.p99_ms`).
    pub name: String,
    /// `ms`, `s`, `1/s`, `bytes`, `1` (a share or a ratio), `count`.
    pub unit: String,
    /// One per finished replication; `null` where it is not defined (no miss: no latency of misses).
    pub values: Vec<Option<f64>>,
}

/// Time series, averaged over replications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WindowsRecord {
    /// Width of a window; window i covers `[i * width_s, (i+1) * width_s)`, warm-up included.
    pub width_s: f64,
    pub series: Vec<SeriesRecord>,
}

/// One number per window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SeriesRecord {
    /// `requests.<class>` (count per window), `latency.<class>.{p50,p95,p99}_ms`, `hit_ratio`, `db.qps`, `db.qps.first` (the first
    /// replication alone), `db.qps.{low,high}` (the least and the most of all replications), `db.queue.length`, `db.concurrency`, `cdc.backlog`, `goodput`, `error.ratio`, `tier.<name>.{hit_ratio,entries,bytes,evictions,expirations}`.
    pub name: String,
    pub unit: String,
    /// `null` where nothing happened in that window in any replication.
    pub values: Vec<Option<f64>>,
}

/// Counts of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DistributionRecord {
    /// `latency.{all,hit,negative_hit,stale_hit,coalesced,miss,write,error}`, `db.queue`, `db.pool.wait`, `stampede.size`.
    pub name: String,
    /// `ns` or `count`.
    pub unit: String,
    /// (value, how often), ascending; values are midpoints of buckets 0.4 % wide or narrower.
    pub counts: Vec<(u64, u64)>,
}

/// `timings.json`: what depends on the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// Simulated requests over all variants and replications, warm-up included.
    pub requests: u64,
    /// Events of these simulations: commands, database calls, timers. Requests that an instance tier answers have none.
    #[serde(default)]
    pub events: u64,
    pub wall_s: f64,
    /// Sum over the simulations of the time in their loop.
    pub loop_s: f64,
    /// `requests / loop_s`.
    pub requests_per_second_per_core: f64,
    /// Time for tables shared by all replications.
    pub tables_s: f64,
    pub threads: usize,
    /// `null` where the system does not report it.
    pub peak_rss_bytes: Option<u64>,
}
