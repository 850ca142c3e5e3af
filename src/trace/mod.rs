//! Recorded workloads: one file per format.
//!
//! The only definition of a request of a trace, and of the errors in one: `scenario` checks a
//! trace with the reader that `workload` replays it with, and `herdlab mrc` numbers the keys that the same formats give.
//!
//! [`open`] finds the format of a file and gives its [`Rows`]; [`TraceReader`] makes the requests of a scenario of them.

pub(crate) mod access_log;
mod arc;
mod compression;
pub mod csv;
pub mod formats;
mod json_lines;
mod kvcache;
mod lines;
mod lirs;
mod meta_cdn;
pub(crate) mod monitor;
mod msr;
pub mod oracle_general;
pub mod output;
mod raw_ids;
pub mod reader;
mod records;
pub mod requests;
pub mod row;
mod sample;
pub mod source;
mod spread;
pub mod stamp;
pub(crate) mod table;
#[cfg(test)]
mod testing;
mod twitter;
mod vscsi;
mod webcachesim;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::model::Trace;
pub use compression::Input;
pub use csv::{ColumnNames, OperationNames};
pub use formats::{Asked, Clock, FORMATS, Opened, Rows, TraceFormat, open, open_input};
pub use reader::{TraceReader, TraceRow};
pub use requests::Requests;
pub use row::{Operation, Row};
pub(crate) use source::open_whole;
pub use spread::Recording;
pub use stamp::{Stamp, Unit};

/// A trace that cannot be read, with the file and the line.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{path}: cannot be opened: {source}", path = path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {problem}", path = path.display())]
    Row { path: PathBuf, line: u64, problem: String },
    #[error("{path}: {problem}", path = path.display())]
    File { path: PathBuf, problem: String },
}

impl TraceError {
    fn open(path: &Path, source: std::io::Error) -> TraceError {
        TraceError::Open { path: path.to_owned(), source }
    }
    fn file(path: &Path, problem: impl Display) -> TraceError {
        TraceError::File { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// A problem with a line of a trace; of the file as a whole, where the line is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub line: u64,
    pub text: String,
}

impl Problem {
    /// The same with the file that it is in.
    pub fn of(self, path: &Path) -> TraceError {
        match self.line {
            0 => TraceError::file(path, self.text),
            line => TraceError::Row { path: path.to_owned(), line, problem: self.text },
        }
    }
}

impl From<(u64, String)> for Problem {
    fn from((line, text): (u64, String)) -> Problem {
        Problem { line, text }
    }
}

/// Dense ids in the order of first appearance, and the first sizes seen of each key.
#[derive(Debug, Default)]
pub struct TraceKeys {
    ids: FxHashMap<u64, u32>,
    /// Bytes of the values.
    pub sizes: Vec<u32>,
    /// Bytes of the keys.
    pub key_sizes: Vec<u32>,
}

impl TraceKeys {
    /// One pass over the trace.
    ///
    /// # Errors
    /// The file cannot be opened, or a row is not what the check of the scenario found.
    pub fn read(trace: &Trace) -> Result<TraceKeys, TraceError> {
        let mut reader = TraceReader::open(trace)?;
        let mut keys = TraceKeys::default();
        while let Some(row) = reader.read_row()? {
            let next = keys.ids.len() as u32;
            if *keys.ids.entry(row.key).or_insert(next) == next && keys.sizes.len() == next as usize {
                keys.sizes.push(row.size.unwrap_or(0));
                keys.key_sizes.push(row.key_bytes.unwrap_or(0));
            }
        }
        Ok(keys)
    }

    /// The id of a key; `None` where this trace has no such key.
    pub fn id(&self, key: u64) -> Option<u32> {
        self.ids.get(&key).copied()
    }

    /// Number of distinct keys.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the trace had no request.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}
