//! The formats of traces: a file and a line of [`FORMATS`] each.

use std::borrow::Cow;
use std::fmt::Write;
use std::io::{Cursor, Read};
use std::path::Path;

use super::compression::{Input, decompressed};
use super::csv::ColumnNames;
use super::requests::Mapper;
use super::row::Row;
use super::sample::{SAMPLE_BYTES, Sample};
use super::stamp::Unit;
use super::{
    Problem, TraceError, access_log, arc, csv, json_lines, kvcache, lirs, meta_cdn, monitor, msr,
    oracle_general, raw_ids, source, twitter, vscsi, webcachesim,
};
use crate::model::{Nanos, TraceColumns, TraceLayout};

/// How a trace is written.
#[derive(Debug)]
pub struct TraceFormat {
    /// In scenarios and on the command line.
    pub name: &'static str,
    /// In one line, for the documentation.
    pub about: &'static str,
    pub clock: Clock,
    /// Whether a file that begins so is of this format, beyond all doubt.
    pub(super) guess: fn(&Sample<'_>) -> bool,
    /// Reads the requests, in order.
    pub(super) open: fn(Source<'_>) -> Result<Box<dyn Rows>, Problem>,
    /// Finds the parts of a request, where a file says itself where they are.
    pub(super) layout: Option<FindLayout>,
    /// Hands over the key of every request, in order, faster than by its rows.
    pub(super) keys: Option<ReadKeys>,
}

/// Finds the parts of a request from the beginning of a file and the names that the user gave.
pub(super) type FindLayout = fn(&Sample<'_>, &ColumnNames) -> Result<Found, Problem>;

/// Hands over the key of every request.
pub(super) type ReadKeys = fn(Source<'_>, &mut Mapper) -> Result<(), Problem>;

/// The parts of a request.
pub(super) struct Found {
    pub layout: TraceLayout,
    /// Of the times, where they say so themselves.
    pub unit: Option<Unit>,
    /// The columns that were guessed, for a note.
    pub note: Option<String>,
}

/// The times of a format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// It has none: an order of requests alone.
    None,
    Unit(Unit),
    /// As the file has it.
    Column,
}

/// The requests of a file, one after another.
pub trait Rows: Send {
    /// The next request; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or a line is no request. Reading may go on with the next line.
    fn next_row(&mut self) -> Result<Option<Row>, Problem>;

    /// The text of the key of the row that was read last; `None`: the format has numbers, and [`Row::key`] is the number itself.
    fn key_text(&self) -> Option<Cow<'_, [u8]>> {
        None
    }

    /// The text in the column of classes of the row that was read last; `None`: no column has classes.
    fn class_text(&self) -> Option<&[u8]> {
        None
    }
}

/// All formats; where several suit a file, the first of them is taken.
pub const FORMATS: &[&TraceFormat] = &[
    &csv::FORMAT,
    &oracle_general::FORMAT,
    &twitter::FORMAT,
    &kvcache::FORMAT,
    &meta_cdn::FORMAT,
    &msr::FORMAT,
    &vscsi::FORMAT_1,
    &vscsi::FORMAT_2,
    &arc::FORMAT,
    &lirs::FORMAT,
    &webcachesim::FORMAT,
    &monitor::FORMAT,
    &access_log::FORMAT,
    &json_lines::FORMAT,
    &raw_ids::FORMAT_32,
    &raw_ids::FORMAT_64,
];

/// A trace that is being read.
pub(super) struct Source<'a> {
    pub input: Input,
    /// Bytes of the file where they are known, decompressed.
    pub length: Option<u64>,
    pub layout: &'a TraceLayout,
}

/// A trace at its beginning: its format is known, and no request has been read.
pub struct Opened {
    pub format: &'static TraceFormat,
    /// The format was told by the content, not by the user.
    pub is_guess: bool,
    pub layout: TraceLayout,
    /// Of the times; `None`: the user must name it.
    pub unit: Option<Unit>,
    /// Times are there.
    pub has_times: bool,
    /// The columns that were guessed.
    pub note: Option<String>,
    pub compression: Option<&'static str>,
    /// The beginning of the file, which was looked at already.
    start: Vec<u8>,
    input: Input,
    length: Option<u64>,
}

/// What the user said of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Name of a format; `None`: told by the content.
    pub format: Option<&'static str>,
    pub names: ColumnNames,
    /// Keys are of the class that they name before this mark.
    pub mark: Option<String>,
}

impl TraceFormat {
    pub fn named(name: &str) -> Option<&'static TraceFormat> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }

    /// How much too late its rows may come, in nanoseconds: logs are written when requests end.
    pub fn reorder_ns(&self) -> Nanos {
        match self.name {
            "monitor" | "access-log" => 5_000_000_000,
            _ => 0,
        }
    }

    /// Whether its keys are texts, which may begin with the name of their class.
    fn has_texts_for_keys(&self) -> bool {
        ["csv", "twitter", "kvcache", "meta-cdn", "lirs", "webcachesim", "monitor", "access-log", "jsonl"]
            .contains(&self.name)
    }

    /// The format of a file by its beginning. CSV comes last: any table could be one.
    fn of(sample: &Sample<'_>) -> Option<&'static TraceFormat> {
        let others = FORMATS.iter().copied().filter(|format| format.name != csv::FORMAT.name);
        others.chain([&csv::FORMAT]).find(|format| (format.guess)(sample))
    }
}

/// Opens the trace of a file; `-` is standard input.
///
/// # Errors
/// It cannot be opened, is no trace, or its format is not known; the error has the way out.
pub fn open(path: &Path, asked: &Asked) -> Result<Opened, TraceError> {
    let (input, length) = source::open_once(path).map_err(|error| TraceError::open(path, error))?;
    open_input(path, input, length, asked)
}

/// The same from any source: `path` is its name in errors, `length` its bytes where they are known.
///
/// # Errors
/// As [`open()`].
pub fn open_input(
    path: &Path,
    input: Input,
    length: Option<u64>,
    asked: &Asked,
) -> Result<Opened, TraceError> {
    let (mut input, compression) = decompressed(input).map_err(|error| TraceError::open(path, error))?;
    let length = length.filter(|_| compression.is_none());
    let mut start = Vec::new();
    let limit = SAMPLE_BYTES as u64;
    (&mut input).take(limit).read_to_end(&mut start).map_err(|error| TraceError::file(path, error))?;
    if start.is_empty() {
        return Err(TraceError::file(path, "no requests: the file is empty"));
    }
    let sample = Sample { bytes: &start, length };
    let format = asked.format.and_then(TraceFormat::named);
    let is_guess = format.is_none();
    let format = match format {
        Some(format) => format,
        None => {
            if let Some((kind, way_out)) = sample.is_no_trace() {
                return Err(TraceError::file(path, format!("it is {kind}; {way_out}")));
            }
            TraceFormat::of(&sample).ok_or_else(|| TraceError::file(path, unknown_format()))?
        }
    };
    if asked.mark.is_some() && !format.has_texts_for_keys() {
        let problem = format!("keys of {} are numbers and name no class", format.name);
        return Err(TraceError::file(path, problem));
    }
    let names = &asked.names;
    let found = match format.layout {
        Some(layout) => layout(&sample, names).map_err(|problem| problem.of(path))?,
        None if names.is_empty() => Found { layout: TraceLayout::Fixed, unit: None, note: None },
        None => {
            let problem =
                format!("{} has its parts in fixed places; leave out the names of columns", format.name);
            return Err(TraceError::file(path, problem));
        }
    };
    let has_times = match (&found.layout, format.clock) {
        (_, Clock::None) => false,
        (TraceLayout::Table(columns), _) => columns.time.is_some(),
        (TraceLayout::Fields(fields), _) => fields.time.is_some(),
        (TraceLayout::Fixed, _) => true,
    };
    let unit = match format.clock {
        Clock::Unit(unit) => Some(unit),
        Clock::Column => found.unit,
        Clock::None => None,
    };
    let Found { layout, note, .. } = found;
    let input = Box::new(input);
    Ok(Opened { format, is_guess, layout, unit, has_times, note, compression, start, input, length })
}

impl Opened {
    /// Its requests.
    ///
    /// # Errors
    /// The beginning cannot be read.
    pub fn rows(self) -> Result<Box<dyn Rows>, Problem> {
        let input = Box::new(Cursor::new(self.start).chain(self.input));
        (self.format.open)(Source { input, length: self.length, layout: &self.layout })
    }

    /// Nanoseconds per unit of its times. The user may name the unit, except for times in ISO 8601, which have one of their own.
    ///
    /// `None`: it has no times, or nothing tells their unit.
    pub fn unit_ns(&self, named_ns: Option<u64>) -> Option<f64> {
        let is_iso = match &self.layout {
            TraceLayout::Table(columns) => columns.is_iso,
            TraceLayout::Fields(fields) => fields.is_iso,
            TraceLayout::Fixed => false,
        };
        let named_ns = named_ns.filter(|_| !is_iso).map(|ns| ns as f64);
        named_ns.or(self.unit.map(|unit| unit.ns)).filter(|_| self.has_times)
    }

    /// Takes the first of these columns as that of the times to live, in seconds, where none was named and the file has one of them.
    pub(super) fn name_ttl(&mut self, names: &[&str]) {
        self.name(names, |columns| &mut columns.ttl, |fields| &mut fields.ttl);
    }

    /// The same of the sizes.
    pub(super) fn name_size(&mut self, names: &[&str]) {
        self.name(names, |columns| &mut columns.size, |fields| &mut fields.size);
    }

    /// Takes the first of these columns for a part of the requests that no column was named for.
    fn name(
        &mut self,
        names: &[&str],
        of_table: fn(&mut TraceColumns<usize>) -> &mut Option<usize>,
        of_fields: fn(&mut TraceColumns<String>) -> &mut Option<String>,
    ) {
        match (usual_column(&self.layout, &self.start, names), &mut self.layout) {
            (Some((column, _)), TraceLayout::Table(columns)) => {
                of_table(columns).get_or_insert(column);
            }
            (Some((_, name)), TraceLayout::Fields(fields)) => {
                of_fields(fields).get_or_insert(name);
            }
            _ => {}
        }
    }

    /// The same of the operations, in the usual words.
    pub(super) fn name_operation(&mut self, names: &[&str]) {
        match (usual_column(&self.layout, &self.start, names), &mut self.layout) {
            (Some((column, _)), TraceLayout::Table(columns)) => {
                columns.operation.get_or_insert_with(|| csv::usual_words(column));
            }
            (Some((_, name)), TraceLayout::Fields(fields)) => {
                fields.operation.get_or_insert_with(|| csv::usual_words(name));
            }
            _ => {}
        }
    }

    /// Whether a column has the operations; a format of its own may have them without one.
    pub(super) fn names_operations(&self) -> bool {
        match &self.layout {
            TraceLayout::Table(columns) => columns.operation.is_some(),
            TraceLayout::Fields(fields) => fields.operation.is_some(),
            TraceLayout::Fixed => false,
        }
    }

    /// Its keys.
    pub(super) fn keys(self, keys: &mut Mapper) -> Result<(), Problem> {
        let input = Box::new(Cursor::new(self.start).chain(self.input));
        let source = Source { input, length: self.length, layout: &self.layout };
        if let Some(read) = self.format.keys {
            return read(source, keys);
        }
        let mut rows = (self.format.open)(source)?;
        while let Some(row) = rows.next_row()? {
            for _ in 0..row.count {
                keys.push(row.key).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
            }
        }
        Ok(())
    }

    /// What was guessed, in words; `None`: nothing.
    pub fn guess(&self) -> Option<String> {
        let note = self.note.as_ref();
        (self.is_guess || note.is_some()).then(|| {
            let mut words = format!("read as {}", self.format.name);
            if let Some(note) = note {
                let _ = write!(words, ", {note}");
            }
            words
        })
    }
}

/// Opens a trace whose format and parts are known.
///
/// # Errors
/// It cannot be opened.
pub fn reopen(
    path: &Path,
    input: Input,
    format: &'static str,
    layout: &TraceLayout,
) -> Result<Box<dyn Rows>, TraceError> {
    let (input, _) = decompressed(input).map_err(|error| TraceError::open(path, error))?;
    let format = TraceFormat::named(format).unwrap_or(&csv::FORMAT);
    (format.open)(Source { input, length: None, layout }).map_err(|problem| problem.of(path))
}

/// The first of these columns that a table with a header has, or of these fields that the first JSON object has: its number in the
/// header, and its name.
fn usual_column(layout: &TraceLayout, start: &[u8], names: &[&str]) -> Option<(usize, String)> {
    let sample = Sample { bytes: start, length: None };
    let header: Vec<String> = match layout {
        TraceLayout::Table(columns) if columns.has_header => {
            let (_, rows) = csv::beginning(&sample)?;
            rows.first()?.iter().map(|cell| String::from_utf8_lossy(cell.trim_ascii()).into_owned()).collect()
        }
        TraceLayout::Fields(_) => {
            let lines = sample.lines();
            let first = lines.iter().find(|line| !line.trim_ascii().is_empty())?;
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(first).ok()?;
            object.into_iter().map(|(name, _)| name).collect()
        }
        _ => return None,
    };
    let place = |name: &&str| header.iter().position(|known| known.eq_ignore_ascii_case(name));
    let column = names.iter().find_map(place)?;
    Some((column, header[column].clone()))
}

/// The way out of a guess that failed.
fn unknown_format() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format!(
        "its format is not recognised; name it (`--input NAME`, in a scenario `format = \"NAME\"`): {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::{guessed, refusal};

    #[test]
    fn the_page_lists_the_formats() {
        let rows: String =
            FORMATS.iter().map(|format| format!("| `{}` | {} |\n", format.name, format.about)).collect();
        assert!(include_str!("../../docs/traces.md").contains(&rows), "{rows}");
    }

    #[test]
    fn what_is_no_trace_is_refused_with_the_way_out() {
        assert_eq!(
            refusal(b"PK\x03\x04..."),
            "x: it is a zip archive; unpack it first, and name the file within"
        );
        assert_eq!(refusal(b"PAR1..."), "x: it is Parquet; export its rows as CSV first");
        assert_eq!(refusal(b""), "x: no requests: the file is empty");
        let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
        assert!(refusal(&tar).contains("it is a tar archive"));
        let unknown = refusal(&[1, 2, 3, 0, 200]);
        assert!(
            unknown.starts_with("x: its format is not recognised; name it (`--input NAME`, in a scenario"),
            "{unknown}"
        );
        assert!(unknown.ends_with("csv, oracle, twitter, kvcache, meta-cdn, msr, vscsi1, vscsi2, arc, lirs, webcachesim, monitor, access-log, jsonl, raw32, raw64"));
        assert_eq!(guessed("a line of prose\nand another\n"), None);
    }
}
