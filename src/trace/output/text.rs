//! Formats of text.

use std::io::{self, Write};
use std::mem;

use serde_json::Value;

use super::super::row::{Operation, client_text};
use super::{Key, Output, Parts, Request, Writer, hashed};

/// Words that every reader of operations takes.
fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Get => "get",
        Operation::Set => "set",
        Operation::Change => "write",
        Operation::Delete => "delete",
        Operation::Touch => "touch",
    }
}

/// Nanoseconds as seconds, with as many digits as they have.
fn seconds(ns: i128) -> String {
    const SECOND: u128 = 1_000_000_000;
    let sign = if ns < 0 { "-" } else { "" };
    let (whole, fraction) = (ns.unsigned_abs() / SECOND, ns.unsigned_abs() % SECOND);
    match fraction {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{}", format!("{fraction:09}").trim_end_matches('0')),
    }
}

/// The columns of a table and the fields of objects, in order.
struct Columns {
    parts: Parts,
    has_times: bool,
}

/// The content of a column.
enum Cell {
    /// The row does not have it.
    Blank,
    Number(String),
    Text(Vec<u8>),
}

impl Columns {
    fn of(output: &Output) -> Columns {
        Columns { parts: output.parts, has_times: output.unit_ns.is_some() }
    }

    fn cells(&self, request: &Request<'_>) -> Vec<(&'static str, Cell)> {
        let (row, parts) = (request.row, &self.parts);
        let number =
            |number: Option<u32>| number.map_or(Cell::Blank, |number| Cell::Number(number.to_string()));
        let text = |text: &str| Cell::Text(text.as_bytes().to_vec());
        let key = match &request.key {
            Key::Number(number) => Cell::Number(number.to_string()),
            Key::Text(text) => Cell::Text(text.to_vec()),
        };
        let all = [
            (self.has_times, "time_s", Cell::Number(request.time_ns.map(seconds).unwrap_or_default())),
            (true, "key", key),
            (parts.key_size, "key_size", number(row.key_bytes)),
            (parts.size, "size", number(row.size)),
            (parts.operation, "operation", text(word(row.operation))),
            (parts.ttl, "ttl", number(Some(row.ttl_s.unwrap_or(0)))),
            (parts.client, "client", row.client.map_or(Cell::Blank, |client| text(&client_text(client)))),
        ];
        all.into_iter().filter(|column| column.0).map(|(_, name, cell)| (name, cell)).collect()
    }
}

pub(super) struct Csv {
    columns: Columns,
    is_begun: bool,
    line: Vec<u8>,
}

impl Csv {
    pub fn new(output: &Output) -> Csv {
        Csv { columns: Columns::of(output), is_begun: false, line: Vec::new() }
    }
}

impl Writer for Csv {
    fn write(&mut self, request: &Request<'_>, out: &mut dyn Write) -> io::Result<()> {
        let cells = self.columns.cells(request);
        self.line.clear();
        if !mem::replace(&mut self.is_begun, true) {
            self.line
                .extend_from_slice(cells.iter().map(|cell| cell.0).collect::<Vec<_>>().join(",").as_bytes());
            self.line.push(b'\n');
        }
        for (at, (_, cell)) in cells.into_iter().enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            match cell {
                Cell::Blank => {}
                Cell::Number(number) => self.line.extend_from_slice(number.as_bytes()),
                Cell::Text(text) => quote(&kept(text, request), &mut self.line),
            }
        }
        self.line.push(b'\n');
        out.write_all(&self.line)
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<u64> {
        Ok(0)
    }
}

/// A cell, in quotes where it has a separator, a quote or an end of line.
fn quote(text: &[u8], line: &mut Vec<u8>) {
    if !text.iter().any(|byte| b",\"\n\r".contains(byte)) {
        line.extend_from_slice(text);
        return;
    }
    line.push(b'"');
    for &byte in text {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

/// A text as a cell; one that a reader would trim, or take for no row, goes as the hash of the key.
fn kept(text: Vec<u8>, request: &Request<'_>) -> Vec<u8> {
    if text.is_empty() || text.trim_ascii() != text { hashed(request.row.key) } else { text }
}

pub(super) struct JsonLines(Columns);

impl JsonLines {
    pub fn new(output: &Output) -> JsonLines {
        JsonLines(Columns::of(output))
    }
}

impl Writer for JsonLines {
    fn write(&mut self, request: &Request<'_>, out: &mut dyn Write) -> io::Result<()> {
        for (at, (name, cell)) in self.0.cells(request).into_iter().enumerate() {
            let value = match cell {
                Cell::Blank => Value::Null.to_string(),
                // Readers keep 53 bits of a number: microseconds since 1970.
                Cell::Number(number)
                    if number.rsplit_once('.').is_some_and(|(_, digits)| digits.len() > 6) =>
                {
                    Value::from(number).to_string()
                }
                Cell::Number(number) => number,
                // JSON is UTF-8.
                Cell::Text(text) => {
                    let text = String::from_utf8(text);
                    Value::from(
                        text.unwrap_or_else(|_| String::from_utf8_lossy(&hashed(request.row.key)).into()),
                    )
                    .to_string()
                }
            };
            write!(out, "{}\"{name}\":{value}", if at == 0 { '{' } else { ',' })?;
        }
        out.write_all(b"}\n")
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<u64> {
        Ok(0)
    }
}

/// Seven columns without a header and without quotes; what is not recorded is 0, and times are whole seconds.
pub(super) struct Twitter;

impl Writer for Twitter {
    fn write(&mut self, request: &Request<'_>, out: &mut dyn Write) -> io::Result<()> {
        let row = request.row;
        let time_s = request.time_ns.unwrap_or(0).div_euclid(1_000_000_000);
        let key = match &request.key {
            Key::Number(number) => number.to_string().into_bytes(),
            // A line is a row.
            Key::Text(text) if text.contains(&b'\n') => hashed(row.key),
            Key::Text(text) => kept(text.to_vec(), request),
        };
        let key_bytes = row.key_bytes.unwrap_or(key.len() as u32);
        let operation = if row.operation == Operation::Change { "cas" } else { word(row.operation) };
        let (size, client, ttl_s) = (row.size.unwrap_or(0), row.client.unwrap_or(0), row.ttl_s.unwrap_or(0));
        write!(out, "{time_s},")?;
        out.write_all(&key)?;
        writeln!(out, ",{key_bytes},{size},{client},{operation},{ttl_s}")
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<u64> {
        Ok(0)
    }
}
