//! The results of some journals, found by what they are of.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::read::{Place, Scan};
use super::{Key, Kind};

/// Results that stay on the disk: memory grows by about two hundred bytes for each.
#[derive(Debug, Default)]
pub struct Store {
    files: Vec<PathBuf>,
    index: HashMap<Key, (usize, Place)>,
    /// The file that was read last.
    open: Mutex<Option<(usize, File)>>,
}

/// Two different results of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Double {
    pub key: Key,
    pub first: PathBuf,
    pub second: PathBuf,
}

impl Store {
    /// Takes the results of a journal over. Where a cell is there already, the first result stays; gives the first cell of which the two differ.
    pub fn add(&mut self, scan: &mut Scan) -> Option<Double> {
        let file = self.files.len();
        self.files.push(scan.path.clone());
        let mut double = None;
        for (key, place) in std::mem::take(&mut scan.entries) {
            match self.index.entry(key) {
                Entry::Vacant(free) => {
                    free.insert((file, place));
                }
                Entry::Occupied(known) => {
                    let (other, there) = known.get();
                    if (there.bytes, there.sum) != (place.bytes, place.sum) && double.is_none() {
                        let (first, second) = (self.files[*other].clone(), scan.path.clone());
                        double = Some(Double { key: known.key().clone(), first, second });
                    }
                }
            }
        }
        double
    }

    /// Cells that are there.
    pub fn cells(&self) -> usize {
        self.index.keys().filter(|key| key.kind.is_cell()).count()
    }

    pub fn has(&self, key: &Key) -> bool {
        self.index.contains_key(key)
    }

    /// The result of a cell as JSON, and the seconds that it took; `None` where it is not there, or no longer what it was when the journal was added.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn get(&self, key: &Key) -> io::Result<Option<(String, f64)>> {
        let Some(&(file, place)) = self.index.get(key) else { return Ok(None) };
        let mut bytes = vec![0; place.bytes as usize];
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, reader) = match open.take().filter(|(known, _)| *known == file) {
            Some(known) => open.insert(known),
            None => open.insert((file, File::open(&self.files[file])?)),
        };
        reader.seek(SeekFrom::Start(place.from))?;
        reader.read_exact(&mut bytes)?;
        drop(open);
        let is_same = crc32fast::hash(&bytes) == place.sum;
        let text = is_same.then(|| String::from_utf8(bytes).ok()).flatten();
        Ok(text.map(|text| (text, place.took_s)))
    }

    /// The file of a cell.
    pub fn file(&self, key: &Key) -> Option<&PathBuf> {
        self.index.get(key).map(|(file, _)| &self.files[*file])
    }

    /// Everything that is there: names first, then in the order of the files.
    pub(super) fn keys(&self) -> Vec<&Key> {
        let mut all: Vec<(&Key, &(usize, Place))> = self.index.iter().collect();
        all.sort_by_key(|(key, (file, place))| (key.kind != Kind::Names, *file, place.from));
        all.into_iter().map(|(key, _)| key).collect()
    }
}
