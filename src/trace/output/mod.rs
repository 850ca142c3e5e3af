//! Traces written: in a format of [`OUTPUTS`], compressed as the name of the file asks for.

mod oracle;
mod packing;
mod parts;
mod text;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use super::requests::KeyNumbers;
use super::row::Row;
use super::{Problem, Rows};
use crate::dice::mix;
pub use packing::{Packed, Packing};
pub use parts::Parts;

/// A format that traces are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// A header and a row per request, of the columns `time_s`, `key`, `key_size`, `size`, `operation`, `ttl`, `client`.
    Csv,
    /// An object per request, with the same names.
    JsonLines,
    /// libCacheSim's oracleGeneral.
    Oracle,
    /// As Twitter's traces.
    Twitter,
}

/// Name, and how names of files end that ask for it.
pub const OUTPUTS: &[(&str, OutputFormat, &[&str])] = &[
    ("csv", OutputFormat::Csv, &["csv"]),
    ("jsonl", OutputFormat::JsonLines, &["jsonl", "ndjson"]),
    ("oracle", OutputFormat::Oracle, &["oracle", "oracleGeneral", "oracleGeneral.bin"]),
    ("twitter", OutputFormat::Twitter, &[]),
];

impl OutputFormat {
    pub fn named(name: &str) -> Option<OutputFormat> {
        OUTPUTS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// By the end of a file's name, that of its compression left out.
    pub fn of_file(name: &str) -> Option<OutputFormat> {
        let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(name);
        let ends = |end: &&str| name.strip_suffix(end).is_some_and(|start| start.ends_with('.'));
        OUTPUTS.iter().find(|row| row.2.iter().any(ends)).map(|row| row.1)
    }
}

/// How a trace is written.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub format: OutputFormat,
    pub packing: Packing,
    /// Hashes in place of the keys.
    pub hash_keys: bool,
    /// Nanoseconds per unit of the times that are read; `None`: there are none.
    pub unit_ns: Option<f64>,
    /// What the rows have.
    pub parts: Parts,
}

/// What was written, of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub requests: u64,
    pub keys: u64,
    pub read_requests: u64,
    pub read_keys: u64,
    /// Rows that were written at the time of an earlier one, since the format has no other order.
    pub late_rows: u64,
}

/// Why a trace could not be written.
#[derive(Debug)]
pub enum OutputError {
    Read(Problem),
    Write(io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> OutputError {
        OutputError::Write(error)
    }
}

impl From<Problem> for OutputError {
    fn from(problem: Problem) -> OutputError {
        OutputError::Read(problem)
    }
}

/// A request on its way out.
struct Request<'r> {
    row: &'r Row,
    key: Key<'r>,
    /// Nanoseconds from the zero of its clock.
    time_ns: Option<i128>,
}

/// A key on its way out.
enum Key<'k> {
    Number(u64),
    Text(Cow<'k, [u8]>),
}

/// How one format is written.
trait Writer {
    /// Writes a request once.
    fn write(&mut self, request: &Request<'_>, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what comes last, or all of it; gives the number of late rows.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<u64>;
}

/// The share of the keys that a hash chooses, from 0 to 1.
pub fn place_of(key: u64) -> f64 {
    (mix(key ^ 0x5452_4143_4553_4d50) >> 11) as f64 / (1u64 << 53) as f64
}

/// Writes the rows whose keys are chosen; memory is that of the distinct keys.
///
/// # Errors
/// A row that cannot be read, no row that is chosen, or an output that cannot be written.
pub fn write_rows(
    rows: &mut dyn Rows,
    output: &Output,
    is_chosen: impl Fn(u64) -> bool,
    out: impl Write,
) -> Result<Written, OutputError> {
    let mut packed = Packed::new(BufWriter::with_capacity(1 << 16, out), output.packing);
    let mut writer: Box<dyn Writer> = match output.format {
        OutputFormat::Csv => Box::new(text::Csv::new(output)),
        OutputFormat::JsonLines => Box::new(text::JsonLines::new(output)),
        OutputFormat::Twitter => Box::new(text::Twitter),
        OutputFormat::Oracle => Box::new(oracle::Oracle::new()?),
    };
    let (mut numbers, mut chosen_keys) = (KeyNumbers::new(), 0);
    let mut written = Written::default();
    while let Some(row) = rows.next_row()? {
        let before = numbers.keys();
        numbers.number(row.key).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
        let is_new = numbers.keys() > before;
        written.read_requests += u64::from(row.count);
        if !is_chosen(row.key) {
            continue;
        }
        chosen_keys += u64::from(is_new);
        written.requests += u64::from(row.count);
        let key = match rows.key_text() {
            _ if output.hash_keys => Key::Text(Cow::Owned(hashed(row.key))),
            Some(text) => Key::Text(text),
            None => Key::Number(row.key),
        };
        let time_ns = output.unit_ns.map(|unit_ns| row.time.scaled(unit_ns));
        let request = Request { row: &row, key, time_ns };
        for _ in 0..row.count {
            writer.write(&request, &mut packed).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => Problem { line: row.line, text: error.to_string() }.into(),
                _ => OutputError::Write(error),
            })?;
        }
    }
    (written.keys, written.read_keys) = (chosen_keys, u64::from(numbers.keys()));
    if written.requests == 0 {
        let text = if written.read_requests == 0 { "no requests" } else { "no key is in the sample" };
        return Err(Problem { line: 0, text: text.to_owned() }.into());
    }
    written.late_rows = writer.finish(&mut packed)?;
    packed.finish()?.flush()?;
    Ok(written)
}

/// A key that shows nothing of itself but whether it is the same.
fn hashed(key: u64) -> Vec<u8> {
    format!("{:016x}", mix(key)).into_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::*;
    use crate::trace::csv::{ColumnNames, OperationNames};
    use crate::trace::{Asked, Input, TraceFormat, open_input};

    /// A trace in another format, and what was written.
    fn converted(text: &[u8], format: OutputFormat, packing: Packing, hash_keys: bool) -> (Vec<u8>, Written) {
        let opened = open(text, &Asked::default());
        let unit_ns = opened.unit_ns(None);
        let output = Output { format, packing, hash_keys, unit_ns, parts: Parts::of(&opened) };
        let mut out = Vec::new();
        let written = write_rows(&mut *opened.rows().unwrap(), &output, |_| true, &mut out).unwrap();
        (out, written)
    }

    fn open(bytes: &[u8], asked: &Asked) -> crate::trace::Opened {
        let input: Input = Box::new(Cursor::new(bytes.to_vec()));
        open_input(Path::new("x"), input, Some(bytes.len() as u64), asked).unwrap()
    }

    /// Rows as they are read, with texts of keys, and seconds.
    fn read(bytes: &[u8], asked: &Asked) -> Vec<(Row, String, i128)> {
        let opened = open(bytes, asked);
        let unit_ns = opened.unit_ns(None).unwrap_or(1.0);
        let mut rows = opened.rows().unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            let text = rows
                .key_text()
                .map_or_else(|| row.key.to_string(), |text| String::from_utf8_lossy(&text).into());
            all.push((row, text, row.time.scaled(unit_ns)));
        }
        all
    }

    fn columns() -> Asked {
        let name = |name: &str| Some(name.to_owned());
        let operation = OperationNames { column: "operation".into(), ..OperationNames::default() };
        let names = ColumnNames {
            size: name("size"),
            ttl: name("ttl"),
            client: name("client"),
            operation: Some(operation),
            ..ColumnNames::default()
        };
        Asked { names, ..Asked::default() }
    }

    const TWITTER: &[u8] =
        b"0,ns:u:16,7,66,3,set,3600\n0,a,b,3,52,2,get,0\n1,a \"c\",5,52,2,get,0\n3,ns:u:16,7,66,3,delete,0\n";

    #[test]
    fn twitter_goes_through_every_format_of_text() {
        let before = read(TWITTER, &Asked::default());
        for (format, packing) in [
            (OutputFormat::Csv, Packing::None),
            (OutputFormat::Csv, Packing::Zstd),
            (OutputFormat::JsonLines, Packing::Gzip),
        ] {
            let (bytes, written) = converted(TWITTER, format, packing, false);
            assert_eq!((written.requests, written.keys), (4, 3));
            let after = read(&bytes, &columns());
            for ((old, old_key, old_ns), (new, new_key, new_ns)) in before.iter().zip(&after) {
                assert_eq!((old_key, old_ns), (new_key, new_ns));
                assert_eq!(
                    (old.size, old.operation, old.ttl_s, old.client),
                    (new.size, new.operation, new.ttl_s, new.client)
                );
            }
            assert_eq!(after.len(), 4);
        }
        let (bytes, _) = converted(TWITTER, OutputFormat::Twitter, Packing::None, false);
        let again = read(&bytes, &Asked { format: Some("twitter"), ..Asked::default() });
        for ((old, ..), (new, ..)) in before.iter().zip(&again) {
            assert_eq!(
                (old.key, old.ttl_s, old.key_bytes, old.size),
                (new.key, new.ttl_s, new.key_bytes, new.size)
            );
        }
    }

    #[test]
    fn a_table_has_the_columns_of_the_trace() {
        let (bytes, _) = converted(TWITTER, OutputFormat::Csv, Packing::None, false);
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "time_s,key,key_size,size,operation,ttl,client");
        assert!(lines[1].starts_with("0,ns:u:16,7,66,set,3600,"), "{text}");
        assert!(lines[2].starts_with("0,\"a,b\",3,52,get,0,"), "{text}");
        let (bytes, _) = converted(b"128 1 0 0\n7 2 0 1\n", OutputFormat::Csv, Packing::None, false);
        assert_eq!(String::from_utf8(bytes).unwrap(), "key\n128\n7\n8\n");
    }

    /// Requests at 1, 1 and 3 s of which the third repeats the first.
    #[test]
    fn oracle_has_the_next_request_of_each_object() {
        let text = b"1 16 116\n1 2 102\n3 16 116\n";
        let (bytes, written) = converted(text, OutputFormat::Oracle, Packing::None, false);
        assert_eq!((bytes.len(), written.late_rows), (72, 0));
        let next =
            |record: usize| i64::from_le_bytes(bytes[24 * record + 16..24 * record + 24].try_into().unwrap());
        assert_eq!([next(0), next(1), next(2)], [2, -1, -1]);
        let rows = read(&bytes, &Asked::default());
        assert_eq!(
            rows.iter().map(|row| (row.2, row.0.size)).collect::<Vec<_>>(),
            [(1_000_000_000, Some(116)), (1_000_000_000, Some(102)), (3_000_000_000, Some(116))]
        );
        // Once more, to the same bytes.
        assert_eq!(converted(&bytes, OutputFormat::Oracle, Packing::None, false).0, bytes);
    }

    #[test]
    fn a_time_that_the_format_cannot_hold_is_named_by_its_row() {
        let opened = open(b"time_s,key\n1,a\n4294967296,b\n", &Asked::default());
        let (format, packing) = (OutputFormat::Oracle, Packing::None);
        let output =
            Output { format, packing, hash_keys: false, unit_ns: Some(1e9), parts: Parts::of(&opened) };
        let written = write_rows(&mut *opened.rows().unwrap(), &output, |_| true, Vec::new());
        let Err(OutputError::Read(problem)) = written else { panic!("{written:?}") };
        assert!(problem.line == 3 && problem.text.ends_with("write csv or jsonl"), "{problem:?}");
    }

    #[test]
    fn times_keep_all_their_digits() {
        let text = b"time,key\n1700000000123456789,a\n1700000000123456790,b\n";
        let (bytes, _) = converted(text, OutputFormat::Csv, Packing::None, false);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "time_s,key\n1700000000.123456789,a\n1700000000.12345679,b\n"
        );
        let (bytes, _) =
            converted(b"time,key\n1700000000.5,a\n", OutputFormat::JsonLines, Packing::None, false);
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"time_s\":1700000000.5,\"key\":\"a\"}\n");
    }

    #[test]
    fn hashes_of_keys_show_nothing_but_which_are_the_same() {
        let (bytes, _) = converted(TWITTER, OutputFormat::Csv, Packing::None, true);
        let keys: Vec<String> = read(&bytes, &columns()).into_iter().map(|row| row.1).collect();
        assert!(keys.iter().all(|key| key.len() == 16), "{keys:?}");
        assert!(keys[0] == keys[3] && keys[0] != keys[1] && keys[1] != keys[2]);
    }

    #[test]
    fn a_sample_has_all_requests_of_its_keys() {
        let text: String = (0..9_000u64).map(|at| format!("{} {}\n", at, at % 3_000)).collect();
        let text = "time,key\n".to_owned() + &text.replace(' ', ",");
        let asked = Asked { format: TraceFormat::named("csv").map(|format| format.name), ..Asked::default() };
        let opened = open(text.as_bytes(), &asked);
        let (format, packing) = (OutputFormat::Csv, Packing::None);
        let output =
            Output { format, packing, hash_keys: false, unit_ns: Some(1e9), parts: Parts::of(&opened) };
        let mut out = Vec::new();
        let is_chosen = |key: u64| place_of(key) < 0.1;
        let written = write_rows(&mut *opened.rows().unwrap(), &output, is_chosen, &mut out).unwrap();
        assert_eq!((written.read_requests, written.read_keys), (9_000, 3_000));
        assert_eq!(written.requests, 3 * written.keys);
        // 300 expected, with a deviation of 16.
        assert!((250..350).contains(&written.keys), "{written:?}");
    }

    #[test]
    fn the_name_of_a_file_tells_its_format() {
        assert_eq!(OutputFormat::of_file("a.csv.zst"), Some(OutputFormat::Csv));
        assert_eq!(OutputFormat::of_file("a.oracleGeneral.bin"), Some(OutputFormat::Oracle));
        assert_eq!(OutputFormat::of_file("a.jsonl.gz"), Some(OutputFormat::JsonLines));
        assert_eq!((OutputFormat::of_file("csv"), OutputFormat::of_file("a.txt")), (None, None));
    }
}
