//! Tables: rows of cells between separators, in quotes where need be.

use std::borrow::Cow;
use std::io::Read;

use super::compression::Input;
use super::row::{Operation, Row, bytes, client, hash_text, shown};
use super::stamp::{Stamp, iso8601};
use super::{Problem, Rows};
use crate::model::{TraceColumns, TraceOperation};

/// Bytes read from the file at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// How the rows of a table are read.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub columns: TraceColumns<usize>,
    /// Further columns that belong to the key.
    pub key_also: &'static [usize],
    /// Cells may be in quotes.
    pub quotes: bool,
    /// A row has so many cells, and more where the key contains separators; `None`: as many as the first row, or more.
    pub cells: Option<usize>,
}

impl From<TraceColumns<usize>> for Table {
    fn from(columns: TraceColumns<usize>) -> Table {
        Table { columns, key_also: &[], quotes: true, cells: None }
    }
}

/// Rows as lines: the reader's own rule for `\r\n` counts a line when the next one begins, and would name the one before a
/// bad row. What is left of the `\r` is trimmed with the cell that it ends.
pub(crate) fn reader<R: Read>(input: R, separator: u8, quotes: bool) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(separator)
        .quoting(quotes)
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

pub(crate) fn position(header: &csv::ByteRecord, name: &str) -> Option<usize> {
    header.iter().position(|cell| cell.trim_ascii() == name.as_bytes())
}

/// The columns that there are, for a message.
pub(crate) fn listed(header: &csv::ByteRecord) -> String {
    header.iter().map(|cell| String::from_utf8_lossy(cell.trim_ascii())).collect::<Vec<_>>().join(", ")
}

/// The requests of a table.
pub(super) struct TableRows {
    rows: csv::Reader<Input>,
    record: csv::ByteRecord,
    table: Table,
    /// Cells of the first row; a row with fewer is cut off.
    width: usize,
    /// The first row is data, and its turn has not come.
    first: Option<u64>,
}

impl TableRows {
    /// # Errors
    /// The first row cannot be read.
    pub fn open(input: Input, table: Table) -> Result<TableRows, Problem> {
        let mut rows = reader(input, table.columns.separator, table.quotes);
        let mut record = csv::ByteRecord::new();
        let line = next_row(&mut rows, &mut record).map_err(Problem::from)?;
        let first = line.filter(|_| !table.columns.has_header);
        let width = table.cells.unwrap_or(record.len());
        Ok(TableRows { rows, record, table, width, first })
    }

    /// Reads the next row; gives its line.
    fn read(&mut self) -> Result<Option<u64>, Problem> {
        let line = match self.first.take() {
            Some(line) => Some(line),
            None => next_row(&mut self.rows, &mut self.record).map_err(Problem::from)?,
        };
        let Some(line) = line else { return Ok(None) };
        let found = self.record.len();
        if found < self.width {
            let text = format!(
                "{} where {} has {}; is the file cut off?",
                cells(found),
                self.model_row(),
                self.width
            );
            return Err(Problem { line, text });
        }
        Ok(Some(line))
    }

    fn model_row(&self) -> &'static str {
        match (self.table.cells, self.table.columns.has_header) {
            (Some(_), _) => "a row",
            (None, true) => "the header",
            (None, false) => "the first row",
        }
    }

    /// Hash of the next row's key and its repetitions; `None` at the end of the file.
    pub fn next_key(&mut self) -> Result<Option<(u64, u32)>, Problem> {
        let Some(line) = self.read()? else { return Ok(None) };
        let count = self.count().map_err(|text| Problem { line, text })?;
        Ok(Some((self.key(), count)))
    }

    /// Cells beyond those of a row belong to the key, which contains separators.
    fn extra(&self) -> usize {
        self.table.cells.map_or(0, |cells| self.record.len() - cells)
    }

    fn cell(&self, column: usize) -> &[u8] {
        self.record.get(self.place(column)).unwrap_or_default().trim_ascii()
    }

    /// Where a column is in the row that was read.
    fn place(&self, column: usize) -> usize {
        column + if column > self.table.columns.key { self.extra() } else { 0 }
    }

    fn key(&self) -> u64 {
        let (key, extra) = (self.table.columns.key, self.extra());
        let first = hash_text(self.record.get(key).unwrap_or_default().trim_ascii());
        if extra == 0 && self.table.key_also.is_empty() {
            return first;
        }
        let more = (key + 1..=key + extra).map(|at| self.record.get(at).unwrap_or_default());
        let also = self.table.key_also.iter().map(|&column| self.cell(column));
        more.chain(also).fold(first, |key, cell| crate::dice::mix(key ^ hash_text(cell)))
    }

    fn count(&self) -> Result<u32, String> {
        let Some(cell) = self.table.columns.count.map(|column| self.cell(column)) else { return Ok(1) };
        let count = bytes(cell).filter(|count| (1..=COUNT_MAX).contains(count));
        count.ok_or_else(|| format!("\"{}\" is no number of repetitions from 1 to 1,000,000", shown(cell)))
    }

    /// The request of the row that was read; `None` where it is left out.
    fn row(&self, line: u64) -> Result<Option<Row>, String> {
        let columns = &self.table.columns;
        let time = match columns.time.map(|column| self.cell(column)) {
            None => Stamp::default(),
            Some(cell) if columns.is_iso => {
                iso8601(cell).ok_or_else(|| format!("time \"{}\" is not ISO 8601", shown(cell)))?
            }
            Some(cell) => {
                Stamp::number(cell).ok_or_else(|| format!("time \"{}\" is not a number", shown(cell)))?
            }
        };
        let sized = |column: Option<usize>| column.map_or(Ok(None), |column| size(self.cell(column)));
        let (size, key_bytes) = (sized(columns.size)?, sized(columns.key_size)?);
        let operation = match &columns.operation {
            None => Operation::Get,
            Some(operation) => match meaning(operation, self.cell(operation.column))? {
                Some(operation) => operation,
                None => return Ok(None),
            },
        };
        let ttl_s = columns.ttl.map(|column| ttl(self.cell(column))).transpose()?.flatten();
        let text = columns.client.map(|column| self.cell(column));
        let client = text.filter(|text| !text.is_empty()).map(client);
        let (key, count) = (self.key(), self.count()?);
        Ok(Some(Row { time, key, key_bytes, size, operation, ttl_s, count, client, class: None, line }))
    }
}

/// More repetitions are a mistake.
const COUNT_MAX: u32 = 1_000_000;

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}

/// A number of bytes; `None`: blank, none was recorded.
pub(super) fn size(cell: &[u8]) -> Result<Option<u32>, String> {
    match cell {
        [] => Ok(None),
        _ => {
            bytes(cell).map(Some).ok_or_else(|| format!("size \"{}\" is not a number of bytes", shown(cell)))
        }
    }
}

/// Seconds to live; `None`: not recorded.
pub(super) fn ttl(cell: &[u8]) -> Result<Option<u32>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    let ttl =
        bytes(cell).ok_or_else(|| format!("time to live \"{}\" is not a number of seconds", shown(cell)))?;
    Ok(Some(ttl).filter(|&ttl| ttl > 0))
}

/// The meaning of a word; `None`: the request is left out.
pub(super) fn meaning<C>(operation: &TraceOperation<C>, word: &[u8]) -> Result<Option<Operation>, String> {
    let among = |texts: &[String]| texts.iter().any(|text| text.as_bytes() == word);
    let usual = || Operation::of_word(word);
    let TraceOperation { read, write, ignore, .. } = operation;
    match () {
        () if among(read) => Ok(Some(Operation::Get)),
        () if among(write) => match usual() {
            Some(Operation::Set) => Ok(Some(Operation::Set)),
            _ => Ok(Some(Operation::Change)),
        },
        () if among(ignore) => Ok(None),
        () if read.is_empty() && write.is_empty() => usual().map(Some).ok_or_else(|| {
            format!(
                "operation \"{}\" has no usual meaning; name another column with --operation, or leave that out (in a scenario, name \
                 the text in `read`, `write` or `ignore` of `operation`)",
                shown(word)
            )
        }),
        () => Err(format!("operation \"{}\" is neither read nor write", shown(word))),
    }
}

impl Rows for TableRows {
    fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        while let Some(line) = self.read()? {
            if let Some(row) = self.row(line).map_err(|text| Problem { line, text })? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn class_text(&self) -> Option<&[u8]> {
        self.table.columns.class.map(|column| self.cell(column))
    }

    fn key_text(&self) -> Option<Cow<'_, [u8]>> {
        let (key, extra) = (self.table.columns.key, self.extra());
        if extra == 0 && self.table.key_also.is_empty() {
            return Some(Cow::Borrowed(self.cell(key)));
        }
        let own = (key..=key + extra).map(|at| self.record.get(at).unwrap_or_default());
        let also = self.table.key_also.iter().map(|&column| self.cell(column));
        Some(Cow::Owned(own.chain(also).collect::<Vec<_>>().join(&b',')))
    }
}
