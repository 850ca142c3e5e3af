//! Traces in memory, for the tests of the formats.

use std::io::Cursor;
use std::path::Path;

use super::csv::ColumnNames;
use super::formats::{Asked, Opened, TraceFormat, open_input};
use super::row::Row;
use super::{Requests, TraceError};

fn opened(content: &[u8], asked: &Asked) -> Result<Opened, TraceError> {
    let input = Box::new(Cursor::new(content.to_vec()));
    open_input(Path::new("x"), input, Some(content.len() as u64), asked)
}

fn named(format: &str) -> Asked {
    Asked { format: TraceFormat::named(format).map(|format| format.name), ..Asked::default() }
}

fn read(content: &[u8], asked: &Asked) -> Result<Vec<Row>, String> {
    let opened = opened(content, asked).map_err(|error| error.to_string())?;
    let of = |problem: super::Problem| problem.of(Path::new("x")).to_string();
    let mut rows = opened.rows().map_err(of)?;
    std::iter::from_fn(|| rows.next_row().transpose()).collect::<Result<_, _>>().map_err(of)
}

/// The format by the content.
pub(super) fn guessed(content: impl AsRef<[u8]>) -> Option<&'static str> {
    opened(content.as_ref(), &Asked::default()).ok().map(|opened| opened.format.name)
}

/// The words about a guess, and the unit.
pub(super) fn guess(content: impl AsRef<[u8]>) -> (String, Option<&'static str>) {
    let opened = opened(content.as_ref(), &Asked::default()).unwrap();
    (opened.guess().unwrap_or_default(), opened.unit.map(|unit| unit.name))
}

/// The requests of a trace in a format.
pub(super) fn rows(format: &str, content: impl AsRef<[u8]>) -> Vec<Row> {
    read(content.as_ref(), &named(format)).unwrap()
}

/// Their keys as ids, as `herdlab mrc` reads them.
pub(super) fn keys(format: &str, content: impl AsRef<[u8]>) -> Vec<u32> {
    let content = content.as_ref();
    let requests =
        Requests::from_input(Path::new("x"), Box::new(Cursor::new(content.to_vec())), None, &named(format));
    requests.unwrap().ids
}

/// The message about a trace that cannot be read, the same from both readings.
pub(super) fn problem(format: &str, content: impl AsRef<[u8]>) -> String {
    read(content.as_ref(), &named(format)).unwrap_err()
}

/// The requests of a table or of JSON lines with these columns.
pub(super) fn asked_rows(content: &str, names: ColumnNames) -> Vec<Row> {
    read(content.as_bytes(), &Asked { format: None, names, ..Asked::default() }).unwrap()
}

pub(super) fn asked_problem(content: &str, names: ColumnNames) -> String {
    read(content.as_bytes(), &Asked { format: None, names, ..Asked::default() }).unwrap_err()
}

/// The rows of a trace whose format its content tells.
pub(super) fn opened_rows(content: &str) -> Box<dyn super::Rows> {
    opened(content.as_bytes(), &Asked::default()).unwrap().rows().unwrap()
}

/// The message about a file whose format is not told.
pub(super) fn refusal(content: &[u8]) -> String {
    opened(content, &Asked::default()).map(|_| ()).unwrap_err().to_string()
}
