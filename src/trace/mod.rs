//! Recorded workloads: one file per format.
//!
//! The only definition of a row of a trace, and of the errors in one: `scenario` checks a
//! trace with the reader that `workload` replays it with.

pub mod csv;
pub mod formats;
pub mod oracle_general;
pub mod requests;

use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::model::{Nanos, Trace};
pub use csv::{ColumnNames, TraceReader};
pub use formats::{FORMATS, TraceFormat};
pub use requests::Requests;

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

/// Opens a file that is read several times: to check it, and again by each replication. A FIFO or a device gives its content
/// once, and the second reading would wait for ever.
///
/// # Errors
/// It is no such file, with the way out, or what the system returned.
pub(crate) fn open_whole(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return File::open(path);
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let problem = "it is no regular file, and it is read more than once; copy what it gives to a file first";
    Err(io::Error::new(io::ErrorKind::Unsupported, problem))
}

/// One request of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceRow {
    /// Time stamp as recorded, in the trace's unit.
    pub time: f64,
    /// The same from the trace's first request, in nanoseconds.
    pub time_ns: Nanos,
    /// Hash of the key's text; 64 bits, so that 10^7 keys collide with a probability of about 3 in a million.
    pub key: u64,
    /// Bytes, where the trace has a size column.
    pub size: Option<u32>,
    pub write: bool,
    /// Line in the file, from 1.
    pub line: u64,
}

/// Dense ids in the order of first appearance, and the first size seen of each key.
#[derive(Debug, Default)]
pub struct TraceKeys {
    ids: FxHashMap<u64, u32>,
    pub sizes: Vec<u32>,
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
