//! The formats in which traces are replayed without their time: a file and a line of [`FORMATS`] each.

use std::io::Read;
use std::path::Path;

use super::requests::Mapper;
use super::{TraceError, csv, oracle_general};

/// How a trace is written.
#[derive(Debug)]
pub struct TraceFormat {
    /// On the command line.
    pub name: &'static str,
    /// Whether a file that starts so is of this format; for any start, exactly one is.
    pub(super) suits: fn(&[u8]) -> bool,
    /// Hands over the key of every request, in order.
    pub(super) read: fn(Source<'_>, &mut Mapper) -> Result<(), TraceError>,
}

/// All formats.
pub const FORMATS: &[&TraceFormat] = &[&csv::FORMAT, &oracle_general::FORMAT];

/// A trace that is being read.
pub(super) struct Source<'a> {
    /// In messages.
    pub path: &'a Path,
    pub input: &'a mut dyn Read,
    /// About so many bytes.
    pub length: u64,
    /// The column of the key, where there are columns; `None`: by its usual names.
    pub key: Option<&'a str>,
}

impl TraceFormat {
    pub fn named(name: &str) -> Option<&'static TraceFormat> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }

    /// The format of a file by its first bytes.
    pub fn of(start: &[u8]) -> &'static TraceFormat {
        FORMATS.iter().copied().find(|format| (format.suits)(start)).unwrap_or(FORMATS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        assert_eq!(TraceFormat::of(b"time,key\n1,a\n").name, "csv");
        assert_eq!(TraceFormat::of(&[1, 0, 0, 0, 7, 0, 0, 0]).name, "oracle");
        for start in [&b"a,b"[..], &[1, 0, 0], b"", b"\0"] {
            assert_eq!(FORMATS.iter().filter(|format| (format.suits)(start)).count(), 1, "{start:?}");
        }
    }
}
