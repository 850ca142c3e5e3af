//! CSV traces with named columns, streamed: a row is read when its turn comes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::formats::TraceFormat;
use super::{TraceError, TraceRow};
use crate::dice::{mix, round_ns};
use crate::model::{Trace, TraceColumns, TraceOperation};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "csv",
    suits: |start| !start.contains(&0),
    read: |source, keys| {
        let mut rows = KeyReader::new(source.path, source.input, source.key)?;
        while let Some(key) = rows.read_key()? {
            keys.push(key).map_err(|problem| TraceError::file(source.path, problem))?;
        }
        Ok(())
    },
};

/// Bytes read from the file at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// Columns by the names that the header gives them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnNames {
    pub time: String,
    pub key: String,
    pub size: Option<String>,
    /// Column, texts that mean read, texts that mean write.
    pub operation: Option<(String, Vec<String>, Vec<String>)>,
}

impl ColumnNames {
    /// Finds the columns in a header; else names the missing one.
    fn find(&self, header: &csv::ByteRecord) -> Result<TraceColumns, String> {
        let column = |name: &str| {
            position(header, name)
                .ok_or_else(|| format!("no column \"{name}\"; the header has {}", listed(header)))
        };
        Ok(TraceColumns {
            time: column(&self.time)?,
            key: column(&self.key)?,
            size: self.size.as_deref().map(column).transpose()?,
            operation: match &self.operation {
                Some((name, read, write)) => {
                    Some(TraceOperation { column: column(name)?, read: read.clone(), write: write.clone() })
                }
                None => None,
            },
        })
    }
}

pub(crate) fn position(header: &csv::ByteRecord, name: &str) -> Option<usize> {
    header.iter().position(|cell| cell.trim_ascii() == name.as_bytes())
}

/// The columns that there are, for a message.
pub(crate) fn listed(header: &csv::ByteRecord) -> String {
    header.iter().map(|cell| String::from_utf8_lossy(cell.trim_ascii())).collect::<Vec<_>>().join(", ")
}

fn too_short(found: usize, width: usize) -> String {
    format!("{found} cells where the header has {width}; is the file cut off?")
}

/// Rows as lines: the reader's own rule for `\r\n` counts a line when the next one begins, and would name the one before a
/// bad row. What is left of the `\r` is trimmed with the cell that it ends.
pub(crate) fn reader<R: Read>(input: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(BUFFER_BYTES)
        .from_reader(input)
}

/// The next row that is not blank; gives its line, or `None` at the end of the file.
pub(crate) fn next_row<R: Read>(
    rows: &mut csv::Reader<R>,
    record: &mut csv::ByteRecord,
) -> Result<Option<u64>, (u64, String)> {
    loop {
        let before = rows.position().line();
        match rows.read_byte_record(record) {
            Ok(true) if record.len() == 1 && record[0].trim_ascii().is_empty() => {}
            Ok(true) => {
                // Blank lines are skipped and counted; so are line breaks within quotes.
                let after = rows.position().line();
                let within = match after - before {
                    0 | 1 => 0,
                    _ => record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64,
                };
                return Ok(Some((after - 1 - within).max(before)));
            }
            Ok(false) => return Ok(None),
            Err(error) => return Err((before, error.to_string())),
        }
    }
}

/// Reads a CSV trace row by row.
///
/// ```
/// use std::path::Path;
/// use herdlab::trace::{ColumnNames, TraceReader};
/// let names = ColumnNames { time: "t".into(), key: "k".into(), size: None, operation: None };
/// let text = "t,k\n5,alice\n7.5,bob\n";
/// let mut trace = TraceReader::named(Path::new("x.csv"), text.as_bytes(), &names, 1e9).unwrap();
/// assert_eq!(trace.read_row().unwrap().unwrap().time_ns, 0);
/// assert_eq!(trace.read_row().unwrap().unwrap().time_ns, 2_500_000_000);
/// assert!(trace.read_row().unwrap().is_none());
/// ```
#[derive(Debug)]
pub struct TraceReader<R = File> {
    path: PathBuf,
    rows: csv::Reader<R>,
    record: csv::ByteRecord,
    columns: TraceColumns,
    /// Cells of the header; a row with fewer is cut off.
    width: usize,
    unit_ns: f64,
    first_time: Option<f64>,
    last_time: f64,
}

impl TraceReader {
    /// Opens the file of a checked trace.
    ///
    /// # Errors
    /// It cannot be opened or has no header that can be read.
    pub fn open(trace: &Trace) -> Result<TraceReader, TraceError> {
        let file = File::open(&trace.path)
            .map_err(|source| TraceError::Open { path: trace.path.clone(), source })?;
        let reader = TraceReader::new(&trace.path, file, trace.unit_ns, |_| Ok(trace.columns.clone()))?;
        Ok(TraceReader { first_time: Some(trace.first_time), ..reader })
    }
}

impl<R: Read> TraceReader<R> {
    /// Reads from any source, with the columns looked up in its header; the first row is time zero. `path` is
    /// the source's name in errors; `unit_ns` is the number of nanoseconds per unit of time.
    ///
    /// # Errors
    /// The header cannot be read or lacks a column.
    pub fn named(
        path: &Path,
        input: R,
        names: &ColumnNames,
        unit_ns: f64,
    ) -> Result<TraceReader<R>, TraceError> {
        TraceReader::new(path, input, unit_ns, |header| names.find(header))
    }

    fn new(
        path: &Path,
        input: R,
        unit_ns: f64,
        columns: impl FnOnce(&csv::ByteRecord) -> Result<TraceColumns, String>,
    ) -> Result<TraceReader<R>, TraceError> {
        let mut rows = reader(input);
        let found = rows
            .byte_headers()
            .map_err(|error| error.to_string())
            .and_then(|header| Ok((columns(header)?, header.len())));
        let (columns, width) =
            found.map_err(|problem| TraceError::Row { path: path.to_owned(), line: 1, problem })?;
        Ok(TraceReader {
            path: path.to_owned(),
            rows,
            record: csv::ByteRecord::new(),
            columns,
            width,
            unit_ns,
            first_time: None,
            last_time: f64::NEG_INFINITY,
        })
    }

    /// Where the columns are.
    pub fn columns(&self) -> &TraceColumns {
        &self.columns
    }

    /// The next request; `None` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read further, or the row is not a request; the error has line and reason.
    pub fn read_row(&mut self) -> Result<Option<TraceRow>, TraceError> {
        match next_row(&mut self.rows, &mut self.record) {
            Ok(Some(line)) => self.row(line).map(Some).map_err(|problem| self.error(line, &problem)),
            Ok(None) => Ok(None),
            Err((line, problem)) => Err(self.error(line, &problem)),
        }
    }

    /// A problem with a line of this file.
    pub fn error(&self, line: u64, problem: &str) -> TraceError {
        TraceError::Row { path: self.path.clone(), line, problem: problem.to_owned() }
    }

    /// Gives the source back.
    pub fn into_input(self) -> R {
        self.rows.into_inner()
    }

    fn row(&mut self, line: u64) -> Result<TraceRow, String> {
        let (found, width) = (self.record.len(), self.width);
        if found < width {
            return Err(too_short(found, width));
        }
        let cell = |column: usize| self.record.get(column).unwrap_or_default().trim_ascii();
        let time = parsed::<f64>(cell(self.columns.time))
            .filter(|time| time.is_finite())
            .ok_or_else(|| format!("time \"{}\" is not a number", shown(cell(self.columns.time))))?;
        if time < self.last_time {
            return Err(format!("time {time} comes after {}: times must not decrease", self.last_time));
        }
        let size = match self.columns.size.map(cell) {
            None => None,
            Some(text) => Some(
                parsed(text).ok_or_else(|| format!("size \"{}\" is not a number of bytes", shown(text)))?,
            ),
        };
        let write = match &self.columns.operation {
            None => false,
            Some(operation) => is_write(cell(operation.column), operation)?,
        };
        let key = hash_text(cell(self.columns.key));
        self.last_time = time;
        let first_time = *self.first_time.get_or_insert(time);
        let time_ns = round_ns((time - first_time) * self.unit_ns);
        Ok(TraceRow { time, time_ns, key, size, write, line })
    }
}

/// Names of the key column, where none is given, in the order in which they are tried.
pub const KEY_COLUMNS: &[&str] =
    &["key", "obj_id", "object_id", "object", "obj", "id", "lbn", "lba", "block", "offset", "url", "path"];

/// Reads the keys of a CSV trace and nothing else.
pub(super) struct KeyReader<R> {
    path: PathBuf,
    rows: csv::Reader<R>,
    record: csv::ByteRecord,
    key: usize,
    width: usize,
}

impl<R: Read> KeyReader<R> {
    pub(super) fn new(path: &Path, input: R, key: Option<&str>) -> Result<KeyReader<R>, TraceError> {
        let mut rows = reader(input);
        let found = rows.byte_headers().map_err(|error| error.to_string()).and_then(|header| {
            let found = match key {
                Some(key) => position(header, key),
                None => KEY_COLUMNS.iter().find_map(|name| position(header, name)),
            };
            let missing = || match key {
                Some(key) => format!("no column \"{key}\"; the header has {}", listed(header)),
                None => format!(
                    "which column holds the key? The header has {}; name one with --key COLUMN",
                    listed(header)
                ),
            };
            Ok((found.ok_or_else(missing)?, header.len()))
        });
        let (key, width) =
            found.map_err(|problem| TraceError::Row { path: path.to_owned(), line: 1, problem })?;
        Ok(KeyReader { path: path.to_owned(), rows, record: csv::ByteRecord::new(), key, width })
    }

    /// Hash of the next row's key; `None` at the end of the file.
    pub(super) fn read_key(&mut self) -> Result<Option<u64>, TraceError> {
        let (line, problem) = match next_row(&mut self.rows, &mut self.record) {
            Ok(None) => return Ok(None),
            Ok(Some(_)) if self.record.len() >= self.width => {
                return Ok(Some(hash_text(self.record[self.key].trim_ascii())));
            }
            Ok(Some(line)) => (line, too_short(self.record.len(), self.width)),
            Err(error) => error,
        };
        Err(TraceError::Row { path: self.path.clone(), line, problem })
    }
}

pub(crate) fn parsed<T: FromStr>(cell: &[u8]) -> Option<T> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

pub(crate) fn shown(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}

fn is_write(cell: &[u8], operation: &TraceOperation) -> Result<bool, String> {
    let among = |texts: &[String]| texts.iter().any(|text| text.as_bytes() == cell);
    match (among(&operation.read), among(&operation.write)) {
        (true, _) => Ok(false),
        (_, true) => Ok(true),
        _ => Err(format!("operation \"{}\" is neither read nor write", shown(cell))),
    }
}

/// 64-bit hash of a key's text.
fn hash_text(text: &[u8]) -> u64 {
    text.chunks(8).fold(text.len() as u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(state ^ u64::from_le_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<TraceRow>, String> {
        let names = ColumnNames {
            time: "t".into(),
            key: "k".into(),
            size: Some("bytes".into()),
            operation: Some(("op".into(), vec!["get".into()], vec!["set".into()])),
        };
        let read = || -> Result<Vec<TraceRow>, TraceError> {
            let mut trace = TraceReader::named(Path::new("x.csv"), text.as_bytes(), &names, 1e3)?;
            std::iter::from_fn(|| trace.read_row().transpose()).collect()
        };
        read().map_err(|error| error.to_string())
    }

    #[test]
    fn a_row_is_a_request() {
        let rows = rows("op,k, t ,bytes\nget,a,5,10\nset,b, 7.5 ,20\nget,a,7.5,10\n").unwrap();
        let [first, second, third] = rows.as_slice() else { panic!("three rows") };
        assert_eq!((first.time_ns, first.size, first.write, first.line), (0, Some(10), false, 2));
        assert_eq!((second.time_ns, second.size, second.write, second.line), (2_500, Some(20), true, 3));
        assert!(first.key == third.key && first.key != second.key);
    }

    fn keys(text: &str, key: Option<&str>) -> Result<Vec<u64>, String> {
        let read = || -> Result<Vec<u64>, TraceError> {
            let mut trace = KeyReader::new(Path::new("x.csv"), text.as_bytes(), key)?;
            std::iter::from_fn(|| trace.read_key().transpose()).collect()
        };
        read().map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_read_from_the_named_or_the_likely_column() {
        let text = "time,lbn,size\n1,a,7\n2, b ,7\n1,a,8\n";
        let [first, second, third] = keys(text, None).unwrap()[..] else { panic!("three rows") };
        assert!(first == third && first != second);
        assert!(keys(text, Some("size")).unwrap()[0] == keys(text, Some("size")).unwrap()[1]);
        assert_eq!(
            keys(text, Some("k")).unwrap_err(),
            "x.csv:1: no column \"k\"; the header has time, lbn, size"
        );
        assert_eq!(
            keys("a,b\n1,2\n", None).unwrap_err(),
            "x.csv:1: which column holds the key? The header has a, b; name one with --key COLUMN"
        );
        assert_eq!(
            keys("t,key\n1,a\n2\n", None).unwrap_err(),
            "x.csv:3: 1 cells where the header has 2; is the file cut off?"
        );
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for (text, line) in [
            ("op,k,t,bytes\nget,a,5,10\nget,a,x,10\n", 3),
            ("op,k,t,bytes\r\nget,a,5,10\r\nget,a,x,10\r\n", 3),
            ("op,k,t,bytes\r\n\r\nget,a,5,10\n\n\nget,a,x,10\n", 6),
            ("op,k,t,bytes\nget,\"a\nb\",5,10\nget,a,x,10", 4),
        ] {
            assert_eq!(
                rows(text).unwrap_err(),
                format!("x.csv:{line}: time \"x\" is not a number"),
                "{text:?}"
            );
        }
        let ends = ["\n", "\r\n"]
            .map(|end| rows(&["op,k,t,bytes", "get,a,5,10", "get,\"b c\",6,10", ""].join(end)).unwrap());
        assert_eq!(ends[0], ends[1]);
    }

    #[test]
    fn a_bad_row_is_named_by_line() {
        for (text, message) in [
            ("5,a,10\n", "x.csv:2: 3 cells where the header has 4; is the file cut off?"),
            ("5,a,10,get\nx,a,10,get\n", "x.csv:3: time \"x\" is not a number"),
            ("nan,a,10,get\n", "x.csv:2: time \"nan\" is not a number"),
            ("5,a,10,get\n4,a,10,get\n", "x.csv:3: time 4 comes after 5: times must not decrease"),
            ("5,a,-1,get\n", "x.csv:2: size \"-1\" is not a number of bytes"),
            ("5,a,10,del\n", "x.csv:2: operation \"del\" is neither read nor write"),
        ] {
            assert_eq!(rows(&format!("t,k,bytes,op\n{text}")).unwrap_err(), message);
        }
        assert_eq!(rows("t,k\n").unwrap_err(), "x.csv:1: no column \"bytes\"; the header has t, k");
    }
}
