//! Recorded workloads: one file per format.
//!
//! The only definition of a request of a trace, and of the errors in one: `scenario` checks a
//! trace with the reader that `workload` replays it with, and `herdlab mrc` numbers the keys that the same formats give.
//!
//! [`open()`] finds the format of a file and gives its [`Rows`]; [`TraceReader`] makes the requests of a scenario of them.

pub(crate) mod access_log;
mod arc;
pub mod classes;
#[cfg_attr(not(feature = "native"), path = "compression/none.rs")]
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
mod order;
#[cfg(feature = "native")]
pub mod output;
mod raw_ids;
pub mod reader;
pub mod recorded;
mod records;
pub mod requests;
pub mod row;
mod sample;
#[cfg_attr(not(feature = "native"), path = "source/held.rs")]
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
pub use order::in_order;
pub use reader::{TraceReader, TraceRow};
pub use recorded::{Columns, Recorded};
pub use requests::Requests;
pub use row::{Operation, Row};
pub(crate) use source::open_whole;
#[cfg(feature = "native")]
pub use source::unpacked;
pub use spread::{Recording, Replayed};
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

/// The time that so many different instants cover, of which the last is `length` after the first: one mean gap more. Requests at one
/// instant count once, so that clocks which tick in whole seconds make no difference. `None`: all are at one instant.
pub fn covered(length: f64, instants: u64) -> Option<f64> {
    (instants > 1).then(|| length * (1.0 + 1.0 / (instants - 1) as f64))
}

/// Dense ids, class by class in the order of first appearance, and the first sizes and times to live seen of each key.
#[derive(Debug, Default)]
pub struct TraceKeys {
    ids: FxHashMap<u64, u32>,
    /// Numbers of clients in the order of first appearance.
    clients: FxHashMap<u64, u32>,
    /// Seconds to live; 0: not recorded. Empty where no key has one.
    ttls_s: Vec<u32>,
    /// Bytes of the values.
    pub sizes: Vec<u32>,
    /// Bytes of the keys.
    pub key_sizes: Vec<u32>,
}

impl TraceKeys {
    /// One pass over the trace, with the recorded times to live where they are replayed.
    ///
    /// # Errors
    /// The file cannot be opened, or a row is not what the check of the scenario found.
    pub fn read(trace: &Trace, with_ttls: bool) -> Result<TraceKeys, TraceError> {
        let mut reader = TraceReader::open(trace)?;
        if with_ttls {
            reader = reader.noting_ttls();
        }
        let mut keys = TraceKeys::default();
        let mut classes = Vec::new();
        while let Some(row) = reader.read_row()? {
            let next = keys.ids.len() as u32;
            if *keys.ids.entry(row.key).or_insert(next) == next && keys.sizes.len() == next as usize {
                keys.sizes.push(row.size.unwrap_or(0));
                keys.key_sizes.push(row.key_bytes.unwrap_or(0));
                classes.extend(trace.class_of(row.class));
            }
            if let Some(client) = row.client {
                let next = keys.clients.len() as u32;
                keys.clients.entry(client).or_insert(next);
            }
        }
        if !classes.is_empty() {
            keys.sort_by_class(&classes);
        }
        let ttls = reader.ttls();
        if !ttls.is_empty() {
            keys.ttls_s.resize(keys.len(), 0);
            for (key, id) in &keys.ids {
                keys.ttls_s[*id as usize] = ttls.get(key).copied().unwrap_or(0);
            }
        }
        Ok(keys)
    }

    /// Deals the ids out anew, so that those of a class follow one another; `classes` are by id so far.
    fn sort_by_class(&mut self, classes: &[u8]) {
        let mut order: Vec<u32> = (0..classes.len() as u32).collect();
        order.sort_by_key(|&id| classes[id as usize]);
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        let sorted = |column: &[u32]| order.iter().map(|&old| column[old as usize]).collect();
        (self.sizes, self.key_sizes) = (sorted(&self.sizes), sorted(&self.key_sizes));
        self.ids.values_mut().for_each(|id| *id = place[*id as usize]);
    }

    /// The number of a client, in the order of first appearance; 0 where this trace has no such client.
    pub fn client(&self, client: u64) -> u32 {
        self.clients.get(&client).copied().unwrap_or(0)
    }

    /// The recorded time to live of an id.
    #[inline]
    pub fn ttl_s(&self, id: u32) -> Option<u32> {
        self.ttls_s.get(id as usize).copied().filter(|&ttl_s| ttl_s > 0)
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
