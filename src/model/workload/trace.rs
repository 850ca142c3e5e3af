//! A recorded workload.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::super::Nanos;
use crate::declare::keywords;

/// A recorded workload; read once by `check` for its counts, then streamed by every replication.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    pub path: PathBuf,
    pub columns: TraceLayout,
    /// Nanoseconds per unit of its times, at the speed of the replay.
    pub unit_ns: f64,
    /// First time stamp, in units: time zero of the recording; 0 where it has no times.
    pub first_time: f64,
    pub requests: u64,
    pub writes: u64,
    /// SHA-256 of the file, so that the digest covers its content.
    pub digest: String,
    /// By name.
    #[serde(skip_serializing_if = "is_csv")]
    pub format: &'static str,
    #[serde(flatten)]
    pub replay: TraceReplay,
    /// Keys are of several classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<TraceClasses>,
    #[serde(skip)]
    pub facts: TraceFacts,
}

impl Trace {
    /// The class of the model of a request, by the number of its class in the recording; `None`: there are no classes.
    pub fn class_of(&self, number: Option<u32>) -> Option<u8> {
        let of_number = &self.classes.as_ref()?.of_number;
        of_number.get(number.unwrap_or(0) as usize).or(of_number.first()).copied()
    }

    /// Requests of a replay of so much time.
    pub fn requests_within(&self, duration_ns: Nanos) -> f64 {
        let requests = self.requests as f64;
        match self.replay.loop_ns {
            Some(loop_ns) => requests * duration_ns as f64 / loop_ns as f64,
            None => requests,
        }
    }
}

fn is_csv(format: &&'static str) -> bool {
    *format == "csv"
}

/// How the keys of a recording are sorted into the classes of the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceClasses {
    /// A key is of the class that it names before this mark; `None`: a column has the class.
    pub mark: Option<String>,
    /// Class of the model by the number of a class in the recording, in the order of first appearance.
    pub of_number: Vec<u8>,
}

/// Where the parts of a request are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TraceLayout {
    /// Where the format has them.
    Fixed,
    /// In the columns of a table.
    Table(TraceColumns<usize>),
    /// In the fields of JSON objects.
    Fields(TraceColumns<String>),
}

/// The parts of a request: zero-based columns of a table, or names of fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceColumns<C> {
    /// `None`: it has no times.
    pub time: Option<C>,
    pub key: C,
    pub size: Option<C>,
    pub operation: Option<TraceOperation<C>>,
    /// Bytes of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_size: Option<C>,
    /// Repetitions of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<C>,
    /// Seconds that the entry is to live; empty or 0: not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<C>,
    /// The client that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<C>,
    /// The class of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<C>,
    /// Times are ISO 8601, not numbers.
    #[serde(skip_serializing_if = "is_false")]
    pub is_iso: bool,
    /// Of a table.
    #[serde(skip_serializing_if = "is_comma")]
    pub separator: u8,
    /// Whether a table begins with the names of its columns.
    #[serde(skip_serializing_if = "is_true")]
    pub has_header: bool,
}

impl<C> TraceColumns<C> {
    /// Keys and nothing else, in a table with a header and commas.
    pub fn of(key: C) -> TraceColumns<C> {
        TraceColumns {
            time: None,
            key,
            size: None,
            operation: None,
            key_size: None,
            count: None,
            ttl: None,
            client: None,
            class: None,
            is_iso: false,
            separator: b',',
            has_header: true,
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_comma(separator: &u8) -> bool {
    *separator == b','
}

/// Which texts mean read and which mean write; any other text is an error. Where both lists are empty, texts have their usual meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceOperation<C> {
    pub column: C,
    pub read: Vec<String>,
    pub write: Vec<String>,
    /// Texts of requests that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
}

/// How the requests are replayed; durations are those of the replay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TraceReplay {
    /// `None`: as writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sets: Option<Sets>,
    /// Requests that share a time stamp are spread over so much time from it; 0: not at all.
    #[serde(skip_serializing_if = "is_none")]
    pub spread_ns: f64,
    /// Requests per second at constant gaps, in place of the recorded times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_s: Option<f64>,
    /// Requests before are left out, counted from the first one.
    #[serde(skip_serializing_if = "is_zero")]
    pub from_ns: Nanos,
    /// Requests from then on are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<Nanos>,
    /// The requests begin anew after so much time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loop_ns: Option<Nanos>,
    /// Requests may come so much too late in the file.
    #[serde(skip_serializing_if = "is_zero")]
    pub reorder_ns: Nanos,
    /// So many rows that cannot be read are left out.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_bad: u64,
}

fn is_none(ns: &f64) -> bool {
    *ns == 0.0
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

keywords! {
    /// The meaning of a recorded SET.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
    pub enum Sets {
        /// the value that a miss brought: left out, because the simulated cache fills itself
        "fill" Fill,
        /// new data: a write
        "write" Write,
    }
}

/// A temporary file, removed with its last owner.
#[cfg(feature = "native")]
pub type Spooled = tempfile::TempPath;

/// Where there are no files, none is copied.
#[cfg(not(feature = "native"))]
pub type Spooled = std::convert::Infallible;

/// Findings of the first reading, for words and lints; no part of the digest.
#[derive(Clone, Debug, Default)]
pub struct TraceFacts {
    /// Format and unit, with what was guessed.
    pub words: String,
    /// SETs in the recording, and those that are left out as fills.
    pub sets: u64,
    pub fills: u64,
    /// SETs whose key was looked up last.
    pub sets_after_gets: u64,
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// A column of operations that the scenario does not name, so that all requests are reads.
    pub operation_unread: Option<String>,
    /// Time from one possible stamp to the next, in words.
    pub step: String,
    /// Most requests share their time stamp with others.
    pub is_coarse: bool,
    /// Distinct keys with a recorded time to live.
    pub keys_with_ttl: u64,
    /// Distinct clients.
    pub clients: u64,
    /// Classes of the recording that were put together as `other`.
    pub classes_put_together: u64,
    /// Most requests at one time stamp.
    pub most_at_once: u64,
    /// Requests that share their time stamp with others.
    pub sharing: u64,
    /// A copy of what a pipe gave, kept for as long as the model.
    pub spooled: Option<Arc<Spooled>>,
    /// Bytes of that copy.
    pub spooled_bytes: u64,
}
