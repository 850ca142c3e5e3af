//! One journal, read line by line.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::line::{self, Line};
use super::{Header, Key};

/// Where a result is in its file, and the checksum of its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub from: u64,
    pub bytes: u32,
    pub sum: u32,
    pub took_s: f64,
}

/// What is in a journal.
#[derive(Debug)]
pub struct Scan {
    pub path: PathBuf,
    /// The last one.
    pub header: Header,
    /// Until a store takes them.
    pub(super) entries: Vec<(Key, Place)>,
    /// Cells that are there, each once.
    pub cells: u64,
    /// Cells that the shard has announced.
    pub part: Option<u64>,
    /// The shard has finished its part.
    pub is_ended: bool,
    /// Lines that are damaged, from 1.
    pub damaged: Vec<u64>,
    /// The last line has no end: it is being written, or was cut short.
    pub is_cut: bool,
}

/// Why a file is no journal.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("cannot read {}: {source}", path.display())]
    Unread { path: PathBuf, source: io::Error },
    /// The task was stopped before it could write a line.
    #[error("{}: the first line is cut short or damaged", path.display())]
    Headless { path: PathBuf },
    #[error("{} is no journal of herdlab: line 1 is not the header of one", path.display())]
    Foreign { path: PathBuf },
}

/// Reads a journal; results stay in the file.
///
/// # Errors
/// A file that cannot be read or has no header.
pub fn scan(path: &Path) -> Result<Scan, ScanError> {
    let unread = |source| ScanError::Unread { path: path.to_owned(), source };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unread)?);
    let mut header = None;
    let (mut entries, mut part, mut is_ended) = (Vec::new(), None, false);
    let (mut damaged, mut is_cut) = (Vec::new(), false);
    let (mut text, mut offset, mut number) = (Vec::new(), 0u64, 0u64);
    loop {
        text.clear();
        let bytes = reader.read_until(b'\n', &mut text).map_err(unread)? as u64;
        if bytes == 0 {
            break;
        }
        number += 1;
        is_cut = text.pop_if(|last| *last == b'\n').is_none();
        match line::read(&text) {
            // Whole in itself, but the next line would be appended to it.
            _ if is_cut => damaged.push(number),
            Some(Line::Header(found)) => header = Some(*found),
            Some(Line::Part(cells)) => (part, is_ended) = (Some(cells), false),
            Some(Line::End(_)) => is_ended = true,
            Some(Line::Entry { key, took_s, from, to }) => {
                let place = Place {
                    from: offset + from as u64,
                    bytes: (to - from) as u32,
                    sum: crc32fast::hash(&text[from..to]),
                    took_s,
                };
                entries.push((key, place));
            }
            // An empty line ends one that was cut short.
            None if text.is_empty() => {}
            None => damaged.push(number),
        }
        if number == 1 && header.is_none() {
            let path = path.to_owned();
            let is_ours = b"{\"crc32\":\"".iter().zip(&text).all(|(own, found)| own == found);
            return Err(if is_ours { ScanError::Headless { path } } else { ScanError::Foreign { path } });
        }
        offset += bytes;
    }
    let header = header.ok_or_else(|| ScanError::Headless { path: path.to_owned() })?;
    let cells = entries.iter().map(|(key, _)| key).filter(|key| key.kind.is_cell());
    let cells = cells.collect::<HashSet<_>>().len() as u64;
    Ok(Scan { path: path.to_owned(), header, entries, cells, part, is_ended, damaged, is_cut })
}

impl Scan {
    /// Whether the shard has finished its part and nothing of it is damaged.
    pub fn is_complete(&self) -> bool {
        self.is_ended && self.part.is_some_and(|part| self.cells >= part)
    }
}
