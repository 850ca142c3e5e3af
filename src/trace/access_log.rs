//! Access logs of nginx and Apache, in the common and the combined form:
//! `203.0.113.16 - - [15/Nov/2023:00:00:00 +0000] "GET /p/16 HTTP/1.1" 200 516 ...`. The key is the target of the request; GET and HEAD
//! are lookups. Times are in seconds, as a rule those at which requests ended.

use super::formats::{Clock, TraceFormat};
use super::lines::{Batch, Line, LineRows, suits};
use super::row::{Operation, Row, bytes, hash_text, shown};
use super::stamp::{SECOND, Stamp, log_time};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "access-log",
    about: "access logs of nginx and Apache, common or combined; the key is the target of the request",
    clock: Clock::Unit(SECOND),
    guess: |sample| suits(sample, Log),
    open: |source| Ok(Box::new(LineRows::new(source.input, Log))),
    layout: None,
    keys: None,
};

struct Log;

impl Line for Log {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        let expected = || {
            "expected `203.0.113.16 - - [15/Nov/2023:00:00:00 +0000] \"GET /p/16 HTTP/1.1\" 200 516`"
                .to_owned()
        };
        let Entry { client, time, request, size, .. } = entry(line).ok_or_else(expected)?;
        let Some((method, target)) = request else { return Ok(()) };
        let Some(operation) = Operation::of_word(method) else {
            let is_known = [&b"OPTIONS"[..], b"CONNECT", b"TRACE", b"PROPFIND"].contains(&method);
            return if is_known {
                Ok(())
            } else {
                Err(format!("\"{}\" is no method of HTTP", shown(method)))
            };
        };
        // Whatever stores a resource changes it.
        let operation = if operation == Operation::Set { Operation::Change } else { operation };
        let row = Row::of(hash_text(target), at);
        let (key_bytes, client) = (Some(target.len() as u32), Some(hash_text(client)));
        requests.push(Row { time, size, operation, key_bytes, client, ..row }, target);
        Ok(())
    }
}

/// A line taken apart; `import` reads its logs by it as well.
pub(crate) struct Entry<'l> {
    pub client: &'l [u8],
    pub time: Stamp,
    /// Method and target; `None` for a connection that sent no request: `"-"`, or bytes of another protocol.
    pub request: Option<(&'l [u8], &'l [u8])>,
    /// Bytes of the answer.
    pub size: Option<u32>,
    /// Status, size, and all behind them.
    pub rest: &'l [u8],
}

/// `None`: the line is none of an access log.
pub(crate) fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let client = line.split(|&byte| byte == b' ').next()?;
    let (time, rest) = between(line, b'[', b']')?;
    let (request, rest) = between(rest, b'"', b'"')?;
    let mut words = request.split(|&byte| byte == b' ');
    let request = words.next().zip(words.next().filter(|target| !target.is_empty()));
    let mut numbers = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    // The status.
    bytes(numbers.next()?)?;
    Some(Entry { client, time: log_time(time)?, request, size: numbers.next().and_then(bytes), rest })
}

/// The bytes between two marks, the second of which no backslash precedes, and those behind.
fn between(text: &[u8], open: u8, close: u8) -> Option<(&[u8], &[u8])> {
    let from = text.iter().position(|&byte| byte == open)? + 1;
    let is_end = |&at: &usize| text[at] == close && text[at - 1] != b'\\';
    let to = (from..text.len()).find(is_end)?;
    Some((&text[from..to], &text[to + 1..]))
}

#[cfg(test)]
mod tests {
    use crate::trace::row::Operation;
    use crate::trace::testing::{guessed, problem, rows};

    const TEXT: &str = r#"203.0.113.16 - - [15/Nov/2023:00:00:00 +0000] "GET /p/16 HTTP/1.1" 200 516 "-" "x/1.0" MISS
203.0.113.2 - frank [15/Nov/2023:01:00:02 +0100] "POST /p/16 HTTP/1.1" 201 -
203.0.113.2 - - [15/Nov/2023:00:00:03 +0000] "-" 400 0
203.0.113.2 - - [15/Nov/2023:00:00:03 +0000] "OPTIONS * HTTP/1.1" 200 0
"#;

    #[test]
    fn a_line_is_a_request_for_its_target() {
        assert_eq!(guessed(TEXT), Some("access-log"));
        let rows = rows("access-log", TEXT);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].size, rows[0].operation, rows[0].key_bytes),
            (Some(516), Operation::Get, Some(5))
        );
        assert_eq!((rows[1].size, rows[1].operation), (None, Operation::Change));
        assert_eq!(rows[1].key, rows[0].key);
        assert_eq!(rows[1].time.since(&rows[0].time), 2.0);
    }

    #[test]
    fn a_line_without_time_or_request_is_named() {
        let start = "x:1: expected `203.0.113.16 - - [15/Nov/2023:00:00:00 +0000]";
        assert!(problem("access-log", "203.0.113.2 - - [now] \"GET / HTTP/1.1\" 200 1\n").starts_with(start));
        assert!(problem("access-log", "hello\n").starts_with(start));
    }
}
