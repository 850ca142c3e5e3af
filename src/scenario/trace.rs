//! The first reading of a recorded workload: its counts, its span of time, its digest, and whether every
//! row is what the replications will need it to be.

use std::collections::HashMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashSet, FxHasher};
use sha2::{Digest, Sha256};

use super::model::{TraceColumns, TraceOperation};

/// The columns by name, as the scenario gives them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ColumnNames {
    pub time: String,
    pub key: String,
    pub size: Option<String>,
    /// Column, texts that mean read, texts that mean write.
    pub operation: Option<(String, Vec<String>, Vec<String>)>,
}

/// What one pass over a trace tells.
#[derive(Clone, Debug)]
pub(crate) struct TraceSummary {
    pub columns: TraceColumns,
    /// In the unit of the time column.
    pub first_time: f64,
    pub last_time: f64,
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
    let file = File::open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(HashingReader { inner: file, hasher: Sha256::new() });
    let headers = reader.byte_headers().map_err(|error| format!("cannot read {shown}: {error}"))?.clone();
    let columns = find_columns(&headers, shown, names)?;

    let mut keys: FxHashSet<u64> = FxHashSet::default();
    let (mut requests, mut writes) = (0u64, 0u64);
    let (mut first_time, mut last_time) = (0.0, f64::NEG_INFINITY);
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(format!("cannot read {shown}: {error}")),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let at = |message: String| format!("{shown}:{line}: {message}");
        if record.len() < headers.len() {
            let (found, wanted) = (record.len(), headers.len());
            return Err(at(format!("{found} cells where the header has {wanted}; is the file cut off?")));
        }
        let time =
            number(&record, columns.time).map_err(|cell| at(format!("time \"{cell}\" is not a number")))?;
        if time < last_time {
            return Err(at(format!("time {time} comes after {last_time}: times must not decrease")));
        }
        if requests == 0 {
            first_time = time;
        }
        last_time = time;
        if let Some(size) = columns.size {
            number(&record, size)
                .and_then(|bytes| if bytes >= 0.0 { Ok(bytes) } else { Err(bytes.to_string()) })
                .map_err(|cell| at(format!("size \"{cell}\" is not a number of bytes")))?;
        }
        if is_write(&record, columns.operation.as_ref()).map_err(at)? {
            writes += 1;
        }
        let mut hasher = FxHasher::default();
        hasher.write(&record[columns.key]);
        keys.insert(hasher.finish());
        requests += 1;
    }
    if requests == 0 {
        return Err(format!("{shown} has no rows"));
    }
    let digest = hex(reader.into_inner().hasher);
    Ok(TraceSummary { columns, first_time, last_time, requests, writes, keys: keys.len() as u64, digest })
}

fn find_columns(headers: &csv::ByteRecord, shown: &str, names: &ColumnNames) -> Result<TraceColumns, String> {
    let column = |name: &str| {
        headers.iter().position(|header| header.trim_ascii() == name.as_bytes()).ok_or_else(|| {
            let known: Vec<_> = headers.iter().map(String::from_utf8_lossy).collect();
            format!("{shown}:1: no column \"{name}\"; the header has {}", known.join(", "))
        })
    };
    Ok(TraceColumns {
        time: column(&names.time)?,
        key: column(&names.key)?,
        size: names.size.as_deref().map(column).transpose()?,
        operation: match &names.operation {
            Some((name, read, write)) => {
                Some(TraceOperation { column: column(name)?, read: read.clone(), write: write.clone() })
            }
            None => None,
        },
    })
}

/// A finite number; the error is the text found instead.
fn number(record: &csv::ByteRecord, column: usize) -> Result<f64, String> {
    let cell = String::from_utf8_lossy(record[column].trim_ascii());
    cell.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| cell.into_owned())
}

fn is_write(record: &csv::ByteRecord, operation: Option<&TraceOperation>) -> Result<bool, String> {
    let Some(operation) = operation else { return Ok(false) };
    let cell = record[operation.column].trim_ascii();
    let among = |texts: &[String]| texts.iter().any(|text| text.as_bytes() == cell);
    match (among(&operation.read), among(&operation.write)) {
        (true, _) => Ok(false),
        (_, true) => Ok(true),
        _ => Err(format!("operation \"{}\" is neither read nor write", String::from_utf8_lossy(cell))),
    }
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
        assert_eq!((trace.first_time, trace.last_time), (5.0, 7.5));
        assert_eq!(trace.digest.len(), 64);
    }

    #[test]
    fn a_bad_row_is_named_by_line() {
        for (rows, message) in [
            ("5,a,10\n", "x.csv:2: 3 cells where the header has 4; is the file cut off?"),
            ("5,a,10,get\nx,a,10,get\n", "x.csv:3: time \"x\" is not a number"),
            ("5,a,10,get\n4,a,10,get\n", "x.csv:3: time 4 comes after 5: times must not decrease"),
            ("5,a,-1,get\n", "x.csv:2: size \"-1\" is not a number of bytes"),
            ("5,a,10,del\n", "x.csv:2: operation \"del\" is neither read nor write"),
            ("", "x.csv has no rows"),
        ] {
            assert_eq!(summary(&format!("t,k,bytes,op\n{rows}")).unwrap_err(), message);
        }
        assert_eq!(summary("t,k\n").unwrap_err(), "x.csv:1: no column \"bytes\"; the header has t, k");
    }
}
