//! Formats in which a line is a request, or a few.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use super::compression::Input;
use super::row::Row;
use super::sample::{BOM, Sample};
use super::{Problem, Rows};

/// Longest line: what is longer is no trace of this kind.
const LINE_BYTES_MAX: u64 = 1 << 20;
const BUFFER_BYTES: usize = 1 << 16;

/// How one line is read.
pub(super) trait Line: Send {
    /// Appends the requests of a line, none for one that is no request; `number` is that of the line.
    fn parse(&mut self, line: &[u8], number: u64, requests: &mut Batch) -> Result<(), String>;

    /// The text in the column of classes of the line that was parsed last.
    fn class_text(&self) -> Option<&[u8]> {
        None
    }
}

/// The requests of a line that were not handed over yet, and the texts of their keys.
#[derive(Default)]
pub(super) struct Batch {
    runs: VecDeque<Run>,
    texts: Vec<u8>,
    /// Place of the text of the request that was handed over last.
    last: Option<Range<usize>>,
}

/// Requests for so many keys that follow one another, from the key of the row on.
struct Run {
    row: Row,
    keys: u32,
    text: Option<Range<usize>>,
}

impl Batch {
    /// Appends a request whose key is a text.
    pub fn push(&mut self, row: Row, key: &[u8]) {
        let start = self.texts.len();
        self.texts.extend_from_slice(key);
        self.runs.push_back(Run { row, keys: 1, text: Some(start..self.texts.len()) });
    }

    /// Appends requests for so many numbers that follow one another, from the key of the row on.
    pub fn push_run(&mut self, row: Row, keys: u32) {
        self.runs.push_back(Run { row, keys, text: None });
    }

    fn pop(&mut self) -> Option<Row> {
        let run = self.runs.front_mut()?;
        let row = run.row;
        run.keys -= 1;
        run.row.key = row.key.wrapping_add(1);
        self.last = run.text.clone();
        if run.keys == 0 {
            self.runs.pop_front();
        }
        Some(row)
    }
}

/// Reads a file line by line.
pub(super) struct LineRows<L> {
    input: BufReader<Input>,
    format: L,
    text: Vec<u8>,
    number: u64,
    requests: Batch,
}

impl<L: Line> LineRows<L> {
    pub fn new(input: Input, format: L) -> LineRows<L> {
        LineRows {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            format,
            text: Vec::new(),
            number: 0,
            requests: Batch::default(),
        }
    }

    /// Reads the next line; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, String> {
        self.text.clear();
        self.number += 1;
        let input = &mut self.input;
        input.take(LINE_BYTES_MAX).read_until(b'\n', &mut self.text).map_err(|error| error.to_string())?;
        match self.text.len() as u64 {
            0 => Ok(false),
            LINE_BYTES_MAX if !self.text.ends_with(b"\n") => Err("a line longer than 1 MiB".to_owned()),
            _ => Ok(true),
        }
    }
}

impl<L: Line> Rows for LineRows<L> {
    fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        loop {
            if let Some(row) = self.requests.pop() {
                return Ok(Some(row));
            }
            self.requests.texts.clear();
            let read = self.read_line();
            let number = self.number;
            let problem = |text| Problem { line: number, text };
            if !read.map_err(problem)? {
                return Ok(None);
            }
            let line =
                if number == 1 { self.text.strip_prefix(BOM).unwrap_or(&self.text) } else { &self.text };
            let line = line.trim_ascii();
            if !line.is_empty() {
                self.format.parse(line, number, &mut self.requests).map_err(problem)?;
            }
        }
    }

    fn class_text(&self) -> Option<&[u8]> {
        self.format.class_text()
    }

    fn key_text(&self) -> Option<Cow<'_, [u8]>> {
        self.requests.last.clone().map(|place| Cow::Borrowed(&self.requests.texts[place]))
    }
}

/// Whether every line at the beginning is of this format, and any of them a request.
pub(super) fn suits(sample: &Sample<'_>, mut format: impl Line) -> bool {
    let mut requests = Batch::default();
    let mut all = sample.lines_of_text().into_iter().filter(|line| !line.trim_ascii().is_empty());
    all.all(|line| format.parse(line.trim_ascii(), 1, &mut requests).is_ok()) && !requests.runs.is_empty()
}

/// Words between blanks.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A whole number.
pub(super) fn number(word: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(word?).ok()?.parse().ok()
}
