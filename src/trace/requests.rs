//! The requests of a trace without their time, for replays that only ask which key comes next.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::csv::KeyReader;
use super::{TraceError, oracle};
use crate::prefetch::prefetch;

/// No id.
const NONE: u32 = u32::MAX;
/// Keys whose cells are read ahead together.
const BATCH: usize = 32;

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// A header and a row per request.
    Csv,
    /// libCacheSim's oracleGeneral, see [`oracle`](super::oracle).
    Oracle,
}

impl TraceFormat {
    /// Guesses from the start of a file: text has no zero bytes, a record of numbers hardly ever none.
    pub fn of(start: &[u8]) -> TraceFormat {
        if start.contains(&0) { TraceFormat::Oracle } else { TraceFormat::Csv }
    }
}

/// Every request's key as a dense id, in the order of first appearance.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub ids: Vec<u32>,
    /// Number of distinct keys; ids are below it.
    pub keys: u32,
}

impl Requests {
    /// Reads a trace; without `format` it is told by its first bytes. `key` names the column of a CSV file that
    /// holds the key; without it, the first of [`KEY_COLUMNS`](super::csv::KEY_COLUMNS) that the header has.
    ///
    /// # Errors
    /// The file cannot be read, is cut off or has no requests; says where and why.
    pub fn read(path: &Path, format: Option<TraceFormat>, key: Option<&str>) -> Result<Requests, TraceError> {
        let mut file = File::open(path).map_err(|error| TraceError::open(path, error))?;
        let mut start = Vec::new();
        (&mut file).take(4096).read_to_end(&mut start).map_err(|error| TraceError::open(path, error))?;
        if let Some(problem) = unreadable(&start) {
            return Err(TraceError::file(path, problem));
        }
        let format = format.unwrap_or_else(|| TraceFormat::of(&start));
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let input = io::Cursor::new(start).chain(file);
        let mut mapper = Mapper::new();
        match format {
            TraceFormat::Csv => {
                let mut rows = KeyReader::new(path, input, key)?;
                let mut batch = Vec::with_capacity(BATCH);
                while let Some(key) = rows.read_key()? {
                    batch.push(key);
                    if batch.len() == BATCH {
                        mapper.map(&batch).map_err(|problem| TraceError::file(path, problem))?;
                        batch.clear();
                    }
                }
                mapper.map(&batch).map_err(|problem| TraceError::file(path, problem))?;
            }
            TraceFormat::Oracle => {
                mapper.ids.reserve_exact(length as usize / oracle::RECORD_BYTES);
                oracle::read_keys(path, input, |keys| mapper.map(keys))?;
            }
        }
        match mapper.ids.is_empty() {
            true => Err(TraceError::file(path, "no requests")),
            false => Ok(Requests { keys: mapper.keys, ids: mapper.ids }),
        }
    }
}

/// What is no trace by its first bytes.
fn unreadable(start: &[u8]) -> Option<&'static str> {
    match start {
        [] => Some("no requests: the file is empty"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("compressed by zstd; decompress it first (`zstd -d`)"),
        [0x1f, 0x8b, ..] => Some("compressed by gzip; decompress it first (`gunzip`)"),
        _ => None,
    }
}

/// Keys to dense ids: open addressing with linear probing, at most half full.
struct Mapper {
    cells: Vec<Cell>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
    keys: u32,
    ids: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Cell {
    key: u64,
    id: u32,
}

impl Mapper {
    fn new() -> Mapper {
        let bits = 16;
        let cells = vec![Cell { key: 0, id: NONE }; 1 << bits];
        Mapper { cells, shift: 64 - bits, keys: 0, ids: Vec::new() }
    }

    /// Appends the ids of further requests.
    fn map(&mut self, keys: &[u64]) -> Result<(), &'static str> {
        for batch in keys.chunks(BATCH) {
            while (self.keys as usize + batch.len()) * 2 > self.cells.len() {
                self.grow();
            }
            if self.keys as usize + batch.len() >= NONE as usize {
                return Err("more than 4,294,967,000 distinct keys");
            }
            batch.iter().for_each(|&key| prefetch(&self.cells, self.home(key)));
            for &key in batch {
                let id = self.id(key);
                self.ids.push(id);
            }
        }
        Ok(())
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    #[inline]
    fn id(&mut self, key: u64) -> u32 {
        let mask = self.cells.len() - 1;
        let mut place = self.home(key);
        loop {
            let cell = &mut self.cells[place & mask];
            if cell.id == NONE {
                *cell = Cell { key, id: self.keys };
                self.keys += 1;
                return cell.id;
            }
            if cell.key == key {
                return cell.id;
            }
            place += 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let cells = vec![Cell { key: 0, id: NONE }; self.cells.len() * 2];
        let old = std::mem::replace(&mut self.cells, cells);
        self.shift -= 1;
        let mask = self.cells.len() - 1;
        for cell in old.into_iter().filter(|cell| cell.id != NONE) {
            let mut place = self.home(cell.key);
            while self.cells[place & mask].id != NONE {
                place += 1;
            }
            self.cells[place & mask] = cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn ids_agree_with_a_map(bits in 1u32..64, keys in prop::collection::vec(any::<u64>(), 1..5_000)) {
            let keys: Vec<u64> = keys.into_iter().map(|key| key >> bits).collect();
            let mut mapper = Mapper::new();
            mapper.map(&keys).unwrap();
            let mut twin = HashMap::new();
            let expected: Vec<u32> = keys
                .iter()
                .map(|&key| {
                    let next = twin.len() as u32;
                    *twin.entry(key).or_insert(next)
                })
                .collect();
            prop_assert_eq!((mapper.ids, mapper.keys as usize), (expected, twin.len()));
        }
    }

    #[test]
    fn more_keys_than_the_first_cells_hold() {
        let mut mapper = Mapper::new();
        let keys: Vec<u64> = (0..200_000).map(|key| key << 40).collect();
        mapper.map(&keys).unwrap();
        mapper.map(&keys).unwrap();
        assert!(mapper.ids.iter().copied().eq((0..200_000).chain(0..200_000)));
    }

    #[test]
    fn the_first_bytes_tell_the_format() {
        assert_eq!(TraceFormat::of(b"time,key\n1,a\n"), TraceFormat::Csv);
        assert_eq!(TraceFormat::of(&[1, 0, 0, 0, 7, 0, 0, 0]), TraceFormat::Oracle);
    }
}
