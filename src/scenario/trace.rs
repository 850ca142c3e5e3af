//! The first reading of a recorded workload: its counts, its span of time, its digest, and whether every
//! row is what the replications will need it to be.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use sha2::{Digest, Sha256};

use crate::model::TraceColumns;
use crate::trace::{self, ColumnNames, TraceError, TraceReader};

/// The result of one pass over a trace.
#[derive(Clone, Debug)]
pub(crate) struct TraceSummary {
    pub columns: TraceColumns,
    /// In the unit of the time column.
    pub first_time: f64,
    pub last_time: f64,
    /// Different times.
    pub instants: u64,
    pub requests: u64,
    pub writes: u64,
    /// Distinct keys.
    pub keys: u64,
    /// Hex SHA-256 of the file.
    pub digest: String,
}

/// Traces read so far: variants that share one share the reading.
#[derive(Default)]
pub(crate) struct TraceFiles {
    known: HashMap<(PathBuf, ColumnNames), Result<TraceSummary, String>>,
}

impl TraceFiles {
    /// Reads the trace, or remembers it. The error names file and line; `shown` is the file as the user named it.
    pub fn summary(&mut self, path: &Path, shown: &str, names: &ColumnNames) -> Result<TraceSummary, String> {
        self.known.entry((path.to_owned(), names.clone())).or_insert_with(|| read(path, shown, names)).clone()
    }
}

/// Passes bytes on and hashes them.
struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}

/// Hex of a finished SHA-256.
pub(crate) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path, shown: &str, names: &ColumnNames) -> Result<TraceSummary, String> {
    let file = trace::open_whole(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let input = HashingReader { inner: file, hasher: Sha256::new() };
    summarise(Path::new(shown), input, names).map_err(|error| error.to_string())
}

fn summarise(
    shown: &Path,
    input: HashingReader<File>,
    names: &ColumnNames,
) -> Result<TraceSummary, TraceError> {
    // Only the order of times matters here, so any unit will do.
    let mut trace = TraceReader::named(shown, input, names, 1.0)?;
    let mut keys: FxHashSet<u64> = FxHashSet::default();
    let (mut requests, mut writes, mut instants) = (0u64, 0u64, 0u64);
    let mut span: Option<(f64, f64)> = None;
    while let Some(row) = trace.read_row()? {
        instants += u64::from(span.is_none_or(|(_, last)| row.time > last));
        span = Some((span.map_or(row.time, |(first, _)| first), row.time));
        requests += 1;
        writes += u64::from(row.write);
        keys.insert(row.key);
    }
    let (first_time, last_time) = span.ok_or_else(|| trace.error(1, "no rows"))?;
    let columns = trace.columns().clone();
    let digest = hex(trace.into_input().hasher);
    let keys = keys.len() as u64;
    Ok(TraceSummary { columns, first_time, last_time, instants, requests, writes, keys, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn summary(text: &str) -> Result<TraceSummary, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let names = ColumnNames {
            time: "t".into(),
            key: "k".into(),
            size: Some("bytes".into()),
            operation: Some(("op".into(), vec!["get".into()], vec!["set".into()])),
        };
        TraceFiles::default().summary(file.path(), "x.csv", &names)
    }

    #[test]
    fn one_pass_counts_requests_writes_and_keys() {
        let trace = summary("t,k,bytes,op\n5,a,10,get\n5,b,10,set\n7.5,a,10,get\n").unwrap();
        assert_eq!((trace.requests, trace.writes, trace.keys), (3, 1, 2));
        assert_eq!((trace.first_time, trace.last_time, trace.instants), (5.0, 7.5, 2));
        assert_eq!(trace.digest.len(), 64);
    }

    #[test]
    fn a_trace_without_requests_is_refused() {
        assert_eq!(summary("t,k,bytes,op\n").unwrap_err(), "x.csv:1: no rows");
    }
}
