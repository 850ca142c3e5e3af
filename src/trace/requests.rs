//! The requests of a trace without their time, for replays that only ask which key comes next.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::TraceError;
use super::csv::KeyReader;
use super::oracle::{RECORD_BYTES, Record, next, object, read_records};
use crate::prefetch::prefetch;

/// No id.
const NONE: u32 = u32::MAX;
/// Requests whose cells are read ahead together.
const BATCH: usize = 32;
/// Ids that may be given out.
const KEYS_MAX: usize = NONE as usize - 1;

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
                while let Some(key) = rows.read_key()? {
                    mapper.push(key).map_err(|problem| TraceError::file(path, problem))?;
                }
            }
            TraceFormat::Oracle => {
                mapper.ids = vec![0; length as usize / RECORD_BYTES];
                let mut at = 0;
                read_records(path, input, |records| {
                    mapper.map(at, records)?;
                    at += records.len();
                    Ok(())
                })?;
                mapper.ids.truncate(at);
            }
        }
        match mapper.ids.is_empty() {
            true => Err(TraceError::file(path, "no requests")),
            false => Ok(Requests { keys: mapper.keys.len() as u32, ids: mapper.ids }),
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

/// Keys to dense ids.
///
/// Where a trace names the next request of each key, its id is written there in advance, and hashing is left for first
/// appearances. What a trace says of the next request is only a hint: the key is compared.
struct Mapper {
    /// By id.
    keys: Vec<u64>,
    /// Ids by the hash of their key: linear probing, at most half full.
    cells: Vec<u32>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
    /// By request; while they are being written, ids to come are one higher, and 0 is none.
    ids: Vec<u32>,
    /// Whether the trace counts its requests from 0 or from 1, once it shows.
    first_index: Option<i64>,
}

impl Mapper {
    fn new() -> Mapper {
        let bits = 16;
        Mapper {
            keys: Vec::new(),
            cells: vec![NONE; 1 << bits],
            shift: 64 - bits,
            ids: Vec::new(),
            first_index: None,
        }
    }

    /// Appends a request of a trace that does not name the next ones.
    fn push(&mut self, key: u64) -> Result<(), &'static str> {
        self.make_room(1)?;
        let id = self.id(key);
        self.ids.push(id);
        Ok(())
    }

    /// Sets the ids of further requests, the first of which has the index `at`.
    fn map(&mut self, at: usize, records: &[Record]) -> Result<(), &'static str> {
        if self.ids.len() < at + records.len() {
            self.ids.resize(at + records.len(), 0);
        }
        self.first_index = self.first_index.or_else(|| first_index(at, records));
        let first_index = self.first_index.unwrap_or(0);
        for (batch, at) in records.chunks(BATCH).zip((at..).step_by(BATCH)) {
            self.make_room(batch.len())?;
            for (record, &hint) in batch.iter().zip(&self.ids[at..]) {
                match hint {
                    0 => prefetch(&self.cells, self.home(object(record))),
                    hint => prefetch(&self.keys, hint as usize - 1),
                }
            }
            for (record, at) in batch.iter().zip(at..) {
                let key = object(record);
                let hint = self.ids[at].wrapping_sub(1);
                let id = match self.keys.get(hint as usize) {
                    Some(&hinted) if hinted == key => hint,
                    _ => self.id(key),
                };
                self.ids[at] = id;
                let next = next(record).wrapping_sub(first_index);
                if next > at as i64
                    && let Some(hint) = self.ids.get_mut(next as usize)
                {
                    *hint = id + 1;
                }
            }
        }
        Ok(())
    }

    /// Sees to it that so many new keys can come.
    #[inline]
    fn make_room(&mut self, coming: usize) -> Result<(), &'static str> {
        while (self.keys.len() + coming) * 2 > self.cells.len() {
            self.grow();
        }
        if self.keys.len() + coming > KEYS_MAX {
            Err("more than 4,294,967,000 distinct keys")
        } else {
            Ok(())
        }
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// The id of a key, which may be new.
    #[inline]
    fn id(&mut self, key: u64) -> u32 {
        let mask = self.cells.len() - 1;
        let mut place = self.home(key);
        loop {
            match self.cells[place & mask] {
                NONE => {
                    let id = self.keys.len() as u32;
                    self.cells[place & mask] = id;
                    self.keys.push(key);
                    return id;
                }
                id if self.keys[id as usize] == key => return id,
                _ => place += 1,
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.cells = vec![NONE; self.cells.len() * 2];
        self.shift -= 1;
        let mask = self.cells.len() - 1;
        for (id, &key) in self.keys.iter().enumerate() {
            let mut place = self.home(key);
            while self.cells[place & mask] != NONE {
                place += 1;
            }
            self.cells[place & mask] = id as u32;
        }
    }
}

/// What the trace calls its first request, 0 or 1 (libCacheSim's own tools write either), judged by the records that
/// name a next one among the given.
fn first_index(at: usize, records: &[Record]) -> Option<i64> {
    let right = |first_index: i64| {
        let points_at_itself = |record: &&Record| {
            let place = next(record).wrapping_sub(first_index).wrapping_sub(at as i64);
            let named = usize::try_from(place).ok().and_then(|place| records.get(place));
            named.is_some_and(|named| object(named) == object(record))
        };
        records.iter().filter(points_at_itself).count()
    };
    let (from_zero, from_one) = (right(0), right(1));
    (from_zero != from_one).then_some(i64::from(from_one > from_zero))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn record(key: u64, next: i64) -> Record {
        let mut record = [0; RECORD_BYTES];
        record[4..12].copy_from_slice(&key.to_le_bytes());
        record[16..].copy_from_slice(&next.to_le_bytes());
        record
    }

    proptest! {
        /// With hints that are right, wrong or missing, in pieces, and without any.
        #[test]
        fn ids_agree_with_a_map(
            requests in prop::collection::vec((0u64..300, 0u8..10, any::<i64>()), 1..3_000),
            bits in 0u32..60,
            piece in 1usize..500,
        ) {
            let keys: Vec<u64> = requests.iter().map(|request| request.0 << bits).collect();
            let mut twin = HashMap::new();
            let expected: Vec<u32> = keys
                .iter()
                .map(|&key| {
                    let next = twin.len() as u32;
                    *twin.entry(key).or_insert(next)
                })
                .collect();
            let records: Vec<Record> = requests
                .iter()
                .enumerate()
                .map(|(at, &(_, dice, noise))| {
                    let next = keys[at + 1..].iter().position(|&key| key == keys[at]);
                    let right = next.map_or(-1, |distance| (at + 1 + distance) as i64);
                    let wrong = if dice == 0 { noise } else { noise.rem_euclid(keys.len() as i64) };
                    record(keys[at], if dice < 7 { right } else { wrong })
                })
                .collect();
            let (mut hinted, mut plain) = (Mapper::new(), Mapper::new());
            for (records, at) in records.chunks(piece).zip((0..).step_by(piece)) {
                hinted.map(at, records).unwrap();
            }
            keys.iter().for_each(|&key| plain.push(key).unwrap());
            prop_assert_eq!(&hinted.ids, &expected);
            prop_assert_eq!(hinted.keys.len(), twin.len());
            prop_assert_eq!(plain.ids, expected);
            // As it is where the length of the file is known.
            let mut whole = Mapper::new();
            whole.ids = vec![0; records.len()];
            whole.map(0, &records).unwrap();
            prop_assert_eq!(whole.ids, hinted.ids);
        }
    }

    #[test]
    fn more_keys_than_the_first_cells_hold() {
        let mut mapper = Mapper::new();
        let records: Vec<Record> = (0..200_000).map(|key| record(key << 40, -1)).collect();
        mapper.map(0, &records).unwrap();
        mapper.map(200_000, &records).unwrap();
        assert!(mapper.ids.iter().copied().eq((0..200_000).chain(0..200_000)));
    }

    #[test]
    fn traces_that_count_from_one_are_told_from_those_that_count_from_zero() {
        let trace = |first: i64| -> Vec<Record> {
            (0..100).map(|at| record(at as u64 % 10, if at < 90 { at + 10 + first } else { -1 })).collect()
        };
        assert_eq!((first_index(0, &trace(0)), first_index(0, &trace(1))), (Some(0), Some(1)));
        assert_eq!(first_index(0, &[record(1, -1)]), None);
    }

    #[test]
    fn the_first_bytes_tell_the_format() {
        assert_eq!(TraceFormat::of(b"time,key\n1,a\n"), TraceFormat::Csv);
        assert_eq!(TraceFormat::of(&[1, 0, 0, 0, 7, 0, 0, 0]), TraceFormat::Oracle);
    }
}
