//! The requests of a trace without their time, for replays of the sequence of keys alone.

use std::path::Path;

use super::TraceError;
use super::compression::Input;
use super::formats::{Asked, Opened, open, open_input};
use crate::prefetch::prefetch;

/// No id.
const NONE: u32 = u32::MAX;
/// How many requests ahead the cell of a key is read.
const AHEAD: usize = 64;
/// Ids that may be given out.
const KEYS_MAX: usize = NONE as usize - 1;

/// Every request's key as a dense id, in the order of first appearance.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub ids: Vec<u32>,
    /// Number of distinct keys; ids are below it.
    pub keys: u32,
}

impl Requests {
    /// Reads a trace; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read, is cut off or has no requests; the error has place and reason.
    pub fn read(path: &Path, asked: &Asked) -> Result<Requests, TraceError> {
        Requests::of(path, open(path, asked)?)
    }

    /// The same from any source: `path` is its name in errors, `length` its bytes where they are known.
    ///
    /// # Errors
    /// As [`Requests::read`].
    pub fn from_input(
        path: &Path,
        input: Input,
        length: Option<u64>,
        asked: &Asked,
    ) -> Result<Requests, TraceError> {
        Requests::of(path, open_input(path, input, length, asked)?)
    }

    /// All keys of a trace that was opened; `path` is its name in errors.
    ///
    /// # Errors
    /// As [`Requests::read`].
    pub fn of(path: &Path, trace: Opened) -> Result<Requests, TraceError> {
        let mut mapper = Mapper::new();
        trace.keys(&mut mapper).map_err(|problem| problem.of(path))?;
        mapper.finish(path)
    }
}

/// The ids of requests, one after another.
pub(super) struct Mapper {
    numbers: KeyNumbers,
    ids: Vec<u32>,
}

/// Keys to dense ids in the order of first appearance: open addressing with linear probing, at most half full.
pub struct KeyNumbers {
    cells: Vec<Cell>,
    /// Leaves the top bits of a product that number a cell (Fibonacci hashing: Knuth, TAOCP 3, 6.4).
    shift: u32,
    keys: u32,
}

#[derive(Clone, Copy)]
struct Cell {
    key: u64,
    id: u32,
}

const EMPTY: Cell = Cell { key: 0, id: NONE };

impl Mapper {
    pub fn new() -> Mapper {
        Mapper { numbers: KeyNumbers::new(), ids: Vec::new() }
    }

    /// Room for so many more requests.
    pub fn reserve_exact(&mut self, requests: usize) {
        self.ids.reserve_exact(requests);
    }

    /// Appends a request; gives its id.
    pub fn push(&mut self, key: u64) -> Result<u32, &'static str> {
        let id = self.numbers.number(key)?;
        self.ids.push(id);
        Ok(id)
    }

    /// All requests; `path` is the trace's name in the error that there are none.
    pub fn finish(self, path: &Path) -> Result<Requests, TraceError> {
        match self.ids.is_empty() {
            true => Err(TraceError::file(path, "no requests")),
            false => Ok(Requests { keys: self.numbers.keys, ids: self.ids }),
        }
    }

    /// Appends the requests of records that lie together.
    #[inline]
    pub fn extend<R>(&mut self, records: &[R], key: impl Fn(&R) -> u64) -> Result<(), &'static str> {
        let numbers = &mut self.numbers;
        numbers.make_room(records.len())?;
        for (at, record) in records.iter().enumerate() {
            if let Some(ahead) = records.get(at + AHEAD) {
                prefetch(&numbers.cells, numbers.home(key(ahead)));
            }
            self.ids.push(numbers.id(key(record)));
        }
        Ok(())
    }
}

impl Default for KeyNumbers {
    fn default() -> KeyNumbers {
        KeyNumbers::new()
    }
}

impl KeyNumbers {
    pub fn new() -> KeyNumbers {
        let bits = 16;
        KeyNumbers { cells: vec![EMPTY; 1 << bits], shift: 64 - bits, keys: 0 }
    }

    /// The id of a key; a new one has the next number.
    ///
    /// # Errors
    /// More keys than there are ids.
    pub fn number(&mut self, key: u64) -> Result<u32, &'static str> {
        self.make_room(1)?;
        Ok(self.id(key))
    }

    /// Number of distinct keys so far.
    pub fn keys(&self) -> u32 {
        self.keys
    }

    /// Sees to it that so many new keys can come.
    fn make_room(&mut self, coming: usize) -> Result<(), &'static str> {
        while (self.keys as usize + coming) * 2 > self.cells.len() {
            self.grow();
        }
        if self.keys as usize + coming > KEYS_MAX {
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
            let cell = &mut self.cells[place & mask];
            if cell.key == key && cell.id != NONE {
                return cell.id;
            }
            if cell.id == NONE {
                *cell = Cell { key, id: self.keys };
                self.keys += 1;
                return cell.id;
            }
            place += 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let cells = vec![EMPTY; self.cells.len() * 2];
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
        /// One by one and in pieces.
        #[test]
        fn ids_agree_with_a_map(
            keys in prop::collection::vec(0u64..300, 1..3_000),
            bits in 0u32..60,
            piece in 1usize..500,
        ) {
            let keys: Vec<u64> = keys.into_iter().map(|key| key << bits).collect();
            let mut twin = HashMap::new();
            let expected: Vec<u32> = keys
                .iter()
                .map(|&key| {
                    let next = twin.len() as u32;
                    *twin.entry(key).or_insert(next)
                })
                .collect();
            let (mut pieces, mut single) = (Mapper::new(), Mapper::new());
            keys.chunks(piece).for_each(|keys| pieces.extend(keys, |&key| key).unwrap());
            let ids: Vec<u32> = keys.iter().map(|&key| single.push(key).unwrap()).collect();
            prop_assert_eq!(&ids, &single.ids);
            prop_assert_eq!(pieces.numbers.keys as usize, twin.len());
            prop_assert_eq!(pieces.ids, expected.clone());
            prop_assert_eq!(single.ids, expected);
        }
    }

    #[test]
    fn more_keys_than_the_first_cells_hold() {
        let mut mapper = Mapper::new();
        let keys: Vec<u64> = (0..200_000).map(|key| key << 40).collect();
        mapper.extend(&keys, |&key| key).unwrap();
        mapper.extend(&keys, |&key| key).unwrap();
        assert!(mapper.ids.iter().copied().eq((0..200_000).chain(0..200_000)));
    }
}
