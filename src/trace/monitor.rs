//! The output of `redis-cli MONITOR`: `1700000000.012345 [0 10.0.0.1:50000] "GET" "user:16"`. Times are in seconds, with microseconds.
//! A command of several keys is a request for each; a command without a key is no request.

use super::formats::{Clock, TraceFormat};
use super::lines::{Batch, Line, LineRows, suits};
use super::row::{Operation, Row, hash_text};
use super::stamp::{SECOND, Stamp};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "monitor",
    about: "the output of `redis-cli MONITOR`; a command of several keys is a request for each",
    clock: Clock::Unit(SECOND),
    guess: |sample| suits(sample, Commands),
    open: |source| Ok(Box::new(LineRows::new(source.input, Commands))),
    layout: None,
    keys: None,
};

/// Commands whose arguments are all keys, or keys and values in turn.
const ALL_KEYS: &[&str] = &["mget", "del", "unlink", "exists", "touch"];
const PAIRS: &[&str] = &["mset", "msetnx"];

struct Commands;

impl Line for Commands {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        if line == b"OK" {
            return Ok(());
        }
        let expected = || "expected `1700000000.012345 [0 10.0.0.1:50000] \"GET\" \"key\"`".to_owned();
        let Command { time, client, mut arguments } = command(line).ok_or_else(expected)?;
        // A key of another database is another key.
        let database = client.split(|&byte| byte == b' ').next().unwrap_or_default();
        let word = arguments.next().ok_or_else(expected)?.to_ascii_lowercase();
        let Some(operation) = Operation::of_word(&word) else { return Ok(()) };
        let among = |list: &[&str]| list.iter().any(|known| known.as_bytes() == word.as_slice());
        let (most, step) = match () {
            () if among(ALL_KEYS) => (usize::MAX, 1),
            () if among(PAIRS) => (usize::MAX, 2),
            () => (1, 1),
        };
        let mut index = 0;
        while let Some(argument) = arguments.next() {
            if index % step == 0 {
                if index / step == most {
                    break;
                }
                let key = hash_text(argument) ^ if database == b"0" { 0 } else { hash_text(database) };
                let bytes = Some(argument.len() as u32);
                let client = Some(hash_text(client));
                let row = Row { time, operation, key_bytes: bytes, client, ..Row::of(key, at) };
                match database {
                    b"0" => requests.push(row, argument),
                    _ => requests.push(row, &[database, b":", argument].concat()),
                }
            }
            index += 1;
        }
        Ok(())
    }
}

/// A line taken apart; `import` reads its recordings by it as well.
pub(crate) struct Command<'l> {
    pub time: Stamp,
    /// The database and the address, or `lua`: `0 10.0.0.1:50000`.
    pub client: &'l [u8],
    pub arguments: Arguments<'l>,
}

/// `None`: the line begins otherwise.
pub(crate) fn command(line: &[u8]) -> Option<Command<'_>> {
    let end = line.iter().position(|&byte| byte == b' ')?;
    let (time, rest) = (&line[..end], line[end + 1..].strip_prefix(b"[")?);
    // Always with microseconds.
    let (whole, fraction) = time.split_at_checked(time.iter().position(|&byte| byte == b'.')?)?;
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !is_number(whole) || !is_number(&fraction[1..]) {
        return None;
    }
    // An address of IPv6 has brackets of its own.
    let end = rest.windows(2).position(|pair| pair == b"] ")?;
    let arguments = Arguments { rest: &rest[end + 2..], text: Vec::new() };
    Some(Command { time: Stamp::number(time)?, client: &rest[..end], arguments })
}

/// Arguments in quotes, with `\"`, `\\`, `\n` and `\x00` as Redis writes them.
pub(crate) struct Arguments<'l> {
    rest: &'l [u8],
    text: Vec<u8>,
}

impl Arguments<'_> {
    /// All of them; `None`: a quote is missing.
    pub fn all(mut self) -> Option<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        while let Some(argument) = self.next() {
            all.push(argument.to_vec());
        }
        self.rest.trim_ascii().is_empty().then_some(all)
    }

    pub fn next(&mut self) -> Option<&[u8]> {
        let mut bytes = self.rest.trim_ascii_start().strip_prefix(b"\"")?;
        self.text.clear();
        loop {
            let (&byte, rest) = bytes.split_first()?;
            bytes = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (&escaped, rest) = bytes.split_first()?;
                    bytes = rest;
                    self.text.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'a' => 7,
                        b'b' => 8,
                        b'x' => {
                            let hex = std::str::from_utf8(bytes.get(..2)?).ok()?;
                            bytes = &bytes[2..];
                            u8::from_str_radix(hex, 16).ok()?
                        }
                        other => other,
                    });
                }
                byte => self.text.push(byte),
            }
        }
        self.rest = bytes;
        Some(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use crate::trace::row::{Operation, hash_text};
    use crate::trace::testing::{guessed, problem, rows};

    const TEXT: &str = r#"OK
1700000000.000000 [0 10.0.0.0:50000] "GET" "user:16"
1700000000.020000 [0 10.0.0.0:50000] "SETEX" "user:16" "300" "{\"a\":1}"
1700000001.000000 [0 127.0.0.1:6379] "PING"
1700000001.000000 [0 lua] "mget" "a" "b\"\x41"
1700000001.500000 [1 127.0.0.1:6379] "DEL" "user:16"
"#;

    #[test]
    fn a_command_is_a_request_for_each_of_its_keys() {
        assert_eq!(guessed(TEXT), Some("monitor"));
        let rows = rows("monitor", TEXT);
        let operations: Vec<Operation> = rows.iter().map(|row| row.operation).collect();
        assert_eq!(
            operations,
            [Operation::Get, Operation::Set, Operation::Get, Operation::Get, Operation::Delete]
        );
        assert_eq!((rows[1].key, rows[1].line, rows[1].key_bytes), (rows[0].key, 3, Some(7)));
        assert_eq!((rows[1].time.whole, rows[1].time.fraction), (1_700_000_000, 0.02));
        assert_eq!(rows[3].key, hash_text(b"b\"A"));
        // Another database has other keys.
        assert_ne!(rows[4].key, rows[0].key);
        let ipv6 = "1700000000.5 [0 [::1]:50000] \"GET\" \"a\"\n";
        assert_eq!(super::command(ipv6.as_bytes()).unwrap().client, b"0 [::1]:50000");
        assert_eq!(crate::trace::testing::rows("monitor", ipv6)[0].key, hash_text(b"a"));
    }

    #[test]
    fn a_line_that_is_no_command_is_named() {
        assert_eq!(
            problem("monitor", "OK\nhello\n"),
            "x:2: expected `1700000000.012345 [0 10.0.0.1:50000] \"GET\" \"key\"`"
        );
    }
}
