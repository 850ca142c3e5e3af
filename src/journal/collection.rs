//! The journals of one command: whether they belong together, and what is missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Double, Header, SCHEMA, Scan, ScanError, Store, is_shard_of, scan};
use crate::units::counted;

/// Journals of one command.
#[derive(Debug)]
pub struct Collection {
    /// Without shard, of the last round.
    pub header: Header,
    pub store: Store,
    /// What is not there yet, in the order of the shards.
    pub gaps: Vec<Gap>,
    /// Different results of one cell.
    pub doubles: Vec<Double>,
    /// Bytes of all journals.
    pub bytes: u64,
    pub files: usize,
}

/// A shard that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub index: u32,
    pub round: u32,
    /// In words.
    pub problem: String,
}

/// Why files cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("there is no journal of a shard in {}", shown(folders))]
    Empty { folders: Vec<PathBuf> },
    #[error(transparent)]
    Scan(#[from] ScanError),
    #[error("{} is of {own}, and {} is of {other}", path.display(), first.display())]
    Mixed { path: PathBuf, own: String, first: PathBuf, other: String },
    #[error("{} is a journal of schema {found}, and this program reads schema {SCHEMA}", path.display())]
    Schema { path: PathBuf, found: u32 },
    #[error("cannot read the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
}

fn shown(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Collection {
    /// Reads the journals in some folders, or files.
    ///
    /// # Errors
    /// There is none, or they do not belong together. What is missing or double is no error: it is in the collection.
    pub fn of(folders: &[PathBuf]) -> Result<Collection, Unfit> {
        let mut scans: Vec<Scan> = Vec::new();
        let mut headless: Vec<PathBuf> = Vec::new();
        let (mut store, mut doubles) = (Store::default(), Vec::new());
        for path in files(folders)? {
            let mut found = match scan(&path) {
                Ok(found) => found,
                Err(ScanError::Headless { path }) => {
                    headless.push(path);
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            if found.header.journal != SCHEMA {
                return Err(Unfit::Schema { path, found: found.header.journal });
            }
            if let Some(first) = scans.first()
                && let Some((own, other)) = found.header.difference(&first.header)
            {
                return Err(Unfit::Mixed { path, own, first: first.path.clone(), other });
            }
            doubles.extend(store.add(&mut found));
            scans.push(found);
        }
        let Some(first) = scans.first() else { return Err(Unfit::Empty { folders: folders.to_vec() }) };
        let of_round = of_rounds(&scans)?;
        let header = Header {
            shard: None,
            round: of_round.keys().copied().max().unwrap_or(1),
            ..first.header.clone()
        };
        let gaps = gaps(&scans, &of_round, &headless);
        let bytes =
            scans.iter().filter_map(|scan| std::fs::metadata(&scan.path).ok()).map(|file| file.len()).sum();
        Ok(Collection { header, store, gaps, doubles, bytes, files: scans.len() })
    }
}

/// The files of shards and rounds, sorted, each once.
fn files(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Unfit> {
    let mut files = Vec::new();
    for folder in folders {
        if folder.is_file() {
            files.push(folder.clone());
            continue;
        }
        let failed = |source| Unfit::Folder { path: folder.clone(), source };
        let found: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(failed)?;
        let mut found: Vec<PathBuf> = found.into_iter().filter(|path| is_shard_of(path)).collect();
        found.sort();
        files.extend(found);
    }
    let mut known = std::collections::HashSet::new();
    files.retain(|path: &PathBuf| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(files)
}

/// Of each round the number of its shards. Rounds before one whose known cells are written down need no shards any more.
fn of_rounds(scans: &[Scan]) -> Result<BTreeMap<u32, u32>, Unfit> {
    let mut rounds: BTreeMap<u32, (u32, &Path)> = BTreeMap::new();
    for scan in scans {
        let Some(shard) = scan.header.shard else { continue };
        let (of, first) = *rounds.entry(scan.header.round).or_insert((shard.of, &scan.path));
        if of != shard.of {
            return Err(Unfit::Mixed {
                path: scan.path.clone(),
                own: counted(u64::from(shard.of), "shard"),
                first: first.to_owned(),
                other: counted(u64::from(of), "shard"),
            });
        }
    }
    let written = scans.iter().filter(|scan| scan.header.shard.is_none()).map(|scan| scan.header.round).max();
    let first = written.unwrap_or(1);
    Ok(rounds.into_iter().filter(|(round, _)| *round >= first).map(|(round, (of, _))| (round, of)).collect())
}

fn gaps(scans: &[Scan], rounds: &BTreeMap<u32, u32>, headless: &[PathBuf]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (&round, &of) in rounds {
        let mut complete = vec![None::<Result<(), String>>; of as usize];
        for scan in scans.iter().filter(|scan| scan.header.round == round) {
            let Some(place) = scan.header.shard.and_then(|shard| complete.get_mut(shard.index as usize))
            else {
                continue;
            };
            // Of a shard that ran twice, one whole journal is enough.
            if scan.is_complete() {
                *place = Some(Ok(()));
            } else if place.as_ref().is_none_or(Result::is_err) {
                *place = Some(Err(unfinished(scan)));
            }
        }
        let missing = |index: u32| {
            let name = super::shard_file(super::Shard { index, of }, round);
            match headless.iter().find(|path| path.ends_with(&name)) {
                Some(path) => format!("{} is cut short in its first line", path.display()),
                None => "there is no journal of it".to_owned(),
            }
        };
        for (index, state) in (0..).zip(complete) {
            let problem = match state {
                Some(Ok(())) => continue,
                Some(Err(problem)) => problem,
                None => missing(index),
            };
            gaps.push(Gap { index, round, problem });
        }
    }
    gaps
}

/// How far a shard has come.
fn unfinished(scan: &Scan) -> String {
    let path = scan.path.display();
    let cells = scan.cells;
    let far = match scan.part {
        Some(part) => format!("{path} has {cells} of {}", counted(part, "cell")),
        None => format!("{path} has not begun with its cells"),
    };
    match scan.damaged.as_slice() {
        [] => far,
        [line] => format!("{far}, and line {line} is cut short or damaged"),
        [line, more @ ..] => format!("{far}; line {line} and {} more are cut short or damaged", more.len()),
    }
}
