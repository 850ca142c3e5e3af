//! CSV traces with named columns, streamed: a row is read when its turn comes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use crate::dice::{mix, round_ns};
use crate::scenario::model::{Nanos, Trace, TraceColumns};

/// A trace that cannot be read, with the file and the line.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{path}: cannot be opened: {source}", path = path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {problem}", path = path.display())]
    Row { path: PathBuf, line: u64, problem: String },
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

/// Reads a CSV trace row by row.
pub struct TraceReader {
    path: PathBuf,
    rows: csv::Reader<Box<dyn Read + Send>>,
    record: csv::ByteRecord,
    columns: TraceColumns,
    unit_ns: f64,
    first_time: f64,
    last_time: f64,
}

impl TraceReader {
    /// Opens the file of a checked trace.
    pub fn open(trace: &Trace) -> Result<TraceReader, TraceError> {
        let file = File::open(&trace.path)
            .map_err(|source| TraceError::Open { path: trace.path.clone(), source })?;
        let input = Box::new(BufReader::with_capacity(1 << 16, file));
        Ok(TraceReader::new(
            trace.path.clone(),
            input,
            trace.columns.clone(),
            trace.unit_ns,
            Some(trace.first_time),
        ))
    }

    /// Reads from any source; with no `first_time` the first row is time zero.
    pub fn new(
        path: PathBuf,
        input: Box<dyn Read + Send>,
        columns: TraceColumns,
        unit_ns: f64,
        first_time: Option<f64>,
    ) -> TraceReader {
        TraceReader {
            path,
            rows: csv::ReaderBuilder::new().flexible(true).from_reader(input),
            record: csv::ByteRecord::new(),
            columns,
            unit_ns,
            first_time: first_time.unwrap_or(f64::NAN),
            last_time: f64::NEG_INFINITY,
        }
    }

    /// The next request; `None` at the end of the file.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<TraceRow>, TraceError> {
        let line = self.rows.position().line();
        match self.rows.read_byte_record(&mut self.record) {
            Ok(true) => self.row().map(Some).map_err(|problem| TraceError::Row {
                path: self.path.clone(),
                line: self.record.position().map_or(line, csv::Position::line),
                problem,
            }),
            Ok(false) => Ok(None),
            Err(error) => Err(TraceError::Row { path: self.path.clone(), line, problem: error.to_string() }),
        }
    }

    /// A problem with a line of this file.
    pub fn error(&self, line: u64, problem: &str) -> TraceError {
        TraceError::Row { path: self.path.clone(), line, problem: problem.to_owned() }
    }

    fn row(&mut self) -> Result<TraceRow, String> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let cell = |column: usize, what: &str| {
            self.record.get(column).ok_or_else(|| {
                format!(
                    "row has {} cells, the {what} is in column {}: is the file truncated?",
                    self.record.len(),
                    column + 1
                )
            })
        };
        let time: f64 = number(cell(self.columns.time, "time")?, "time")?;
        if time < self.last_time {
            return Err(format!(
                "time {time} is before the row above ({}): a trace must be in order of time",
                self.last_time
            ));
        }
        let key = hash_text(cell(self.columns.key, "key")?);
        let size = match self.columns.size {
            Some(column) => Some(number(cell(column, "size")?, "size")?),
            None => None,
        };
        let write = match &self.columns.operation {
            None => false,
            Some(operation) => {
                let text = cell(operation.column, "operation")?;
                let among = |texts: &[String]| texts.iter().any(|known| known.as_bytes() == text);
                if !among(&operation.read) && !among(&operation.write) {
                    return Err(format!(
                        "operation \"{}\" is neither in read = {:?} nor in write = {:?}",
                        String::from_utf8_lossy(text),
                        operation.read,
                        operation.write
                    ));
                }
                among(&operation.write)
            }
        };
        self.last_time = time;
        if self.first_time.is_nan() {
            self.first_time = time;
        }
        Ok(TraceRow {
            time,
            time_ns: round_ns((time - self.first_time) * self.unit_ns),
            key,
            size,
            write,
            line,
        })
    }
}

/// Reads a number, or says what stands there instead.
fn number<T: std::str::FromStr>(cell: &[u8], what: &str) -> Result<T, String> {
    std::str::from_utf8(cell)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| format!("{what} is \"{}\", expected a number", String::from_utf8_lossy(cell)))
}

/// 64-bit hash of a key's text.
pub fn hash_text(text: &[u8]) -> u64 {
    text.chunks(8).fold(text.len() as u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(state ^ u64::from_le_bytes(word))
    })
}

/// Dense ids in the order of first appearance, and the first size seen of each key.
#[derive(Debug, Default)]
pub struct TraceKeys {
    ids: FxHashMap<u64, u32>,
    pub sizes: Vec<u32>,
}

impl TraceKeys {
    /// One pass over the trace.
    pub fn read(trace: &Trace) -> Result<TraceKeys, TraceError> {
        let mut reader = TraceReader::open(trace)?;
        let mut keys = TraceKeys::default();
        while let Some(row) = reader.next()? {
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
