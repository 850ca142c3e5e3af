//! A line with its checksum.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Header, Key, Kind};

/// Before the checksum, and behind its eight digits.
const START: &str = "{\"crc32\":\"";
const BEHIND: &str = "\",";
/// Where the covered part of a line begins.
const COVERED: usize = START.len() + 8 + BEHIND.len();
/// Between the head of a line and its result. No head contains it: its texts are hexadecimal digits.
const RESULT: &str = ",\"result\":";

/// A line of a journal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    Header(Box<Header>),
    /// So many cells are in the part of this shard.
    Part(u64),
    /// So many cells, all of the part, are in the file.
    End(u64),
    /// A result: where it is in the line.
    Entry {
        key: Key,
        took_s: f64,
        from: usize,
        to: usize,
    },
}

/// Everything of an entry but its result.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    kind: Kind,
    id: String,
    replication: u32,
    took_s: f64,
}

#[derive(Serialize, Deserialize)]
struct Count {
    cells: u64,
}

#[derive(Serialize, Deserialize)]
struct Part {
    part: Count,
}

#[derive(Serialize, Deserialize)]
struct End {
    end: Count,
}

/// An object as a line: `json` begins with a brace.
fn framed(json: &str) -> String {
    let covered = &json[1..];
    format!("{START}{:08x}{BEHIND}{covered}\n", crc32fast::hash(covered.as_bytes()))
}

/// Plain structs of numbers and texts: writing them has no way to fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

pub(super) fn header(header: &Header) -> String {
    framed(&json(header))
}

pub(super) fn part(cells: u64) -> String {
    framed(&json(&Part { part: Count { cells } }))
}

pub(super) fn end(cells: u64) -> String {
    framed(&json(&End { end: Count { cells } }))
}

/// `result` is JSON.
pub(super) fn entry(key: &Key, took: Duration, result: &str) -> String {
    let Key { kind, id, replication } = key.clone();
    let mut text = json(&Head { kind, id, replication, took_s: took.as_secs_f64() });
    text.pop();
    framed(&(text + RESULT + result + "}"))
}

/// A line without its end; `None` where it is damaged.
pub(super) fn read(line: &[u8]) -> Option<Line> {
    let text = std::str::from_utf8(line).ok()?;
    let sum = text.strip_prefix(START)?.get(..8)?;
    let covered = text.get(COVERED..)?;
    if text.get(START.len() + 8..COVERED)? != BEHIND
        || u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(covered.as_bytes())
    {
        return None;
    }
    let whole = || format!("{{{covered}");
    if covered.starts_with("\"kind\":") {
        let place = covered.find(RESULT)?;
        let head: Head = serde_json::from_str(&format!("{{{}}}", &covered[..place])).ok()?;
        let key = Key { kind: head.kind, id: head.id, replication: head.replication };
        let from = COVERED + place + RESULT.len();
        return Some(Line::Entry { key, took_s: head.took_s, from, to: text.len() - 1 });
    }
    if covered.starts_with("\"part\":") {
        return serde_json::from_str::<Part>(&whole()).ok().map(|line| Line::Part(line.part.cells));
    }
    if covered.starts_with("\"end\":") {
        return serde_json::from_str::<End>(&whole()).ok().map(|line| Line::End(line.end.cells));
    }
    serde_json::from_str(&whole()).ok().map(|header| Line::Header(Box::new(header)))
}
