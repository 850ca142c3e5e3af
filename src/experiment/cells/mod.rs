//! Where finished cells come from and go to: a process of its own that may be resumed, a shard, or a merge ([`crate::journal`]).

mod results;
mod share;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) use self::share::Share;
use super::options::RunError;
use super::replication::Replication;
use super::sweep::Finished;
use super::workers::lock;
use crate::clock::Stopwatch;
use crate::journal::shard;
use crate::journal::{self, Header, KeepError, Key, Kind, Shard, Store, Writer};
use crate::model::{Model, Nanos};

/// Cells that are known, and the place for those that are not.
#[derive(Debug)]
pub struct Cells {
    role: Role,
    /// Finished before this process.
    known: Store,
    out: Option<Writer>,
    keeping: Keeping,
    /// Lines until keeping is due.
    waiting: Mutex<String>,
    /// Names of measures by their digest, as far as they were read.
    names: Mutex<HashMap<String, Arc<Vec<String>>>>,
    /// Digests of names that are in the journal.
    written: Mutex<HashSet<String>>,
    /// The warm-up that was found for all cells.
    warmup_ns: Mutex<Option<Nanos>>,
}

#[derive(Debug)]
enum Role {
    /// One process computes everything.
    Whole,
    /// This process computes a part of the first list that is not known.
    Part { shard: Shard, own: Store, loads: Mutex<Vec<u64>>, announced: AtomicU64, waiting: AtomicUsize },
    /// Nothing is computed. `partial`: what is not known is left out.
    Merged { partial: bool },
}

/// When finished cells are kept.
#[derive(Clone, Copy, Debug)]
struct Keeping {
    /// From when on, those that were finished before included.
    due: Instant,
    /// Cells that took less are sooner computed again than written and read.
    least: Duration,
}

impl Keeping {
    fn everything() -> Keeping {
        Keeping { due: Instant::now(), least: Duration::ZERO }
    }
}

/// Simulations that took less are sooner repeated than kept, unless everything is to be kept.
const KEPT_FROM: Duration = Duration::from_millis(50);

impl Cells {
    /// Those of one process, in a journal at `path`; nothing is created before the first cell is kept. With `resume`, what an
    /// earlier process has kept is used. Otherwise it goes: the next process that resumes would take it for ours.
    pub fn resumable(path: PathBuf, header: Header, resume: bool) -> Cells {
        let earlier = resume.then(|| journal::scan(&path).ok()).flatten();
        let mut usable = earlier.filter(|scan| scan.header.is_usable());
        let mut known = Store::default();
        usable.iter_mut().for_each(|scan| drop(known.add(scan)));
        if !resume {
            let _ = std::fs::remove_file(&path);
        }
        let out = Writer::new(path, header, usable.is_some());
        Cells::new(Role::Whole, known, Some(out), Keeping::everything())
    }

    /// A process that is over before `after` keeps nothing, and one that is not keeps no short cells, unless it resumes.
    pub fn after(mut self, after: Duration, resume: bool) -> Cells {
        let least = if resume { Duration::ZERO } else { KEPT_FROM };
        self.keeping = Keeping { due: Instant::now() + after, least };
        self
    }

    /// Those of a shard, in its journal in `folder`. What it has kept before counts; `known` are the cells of earlier rounds.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn part(folder: &Path, header: &Header, shard: Shard, known: Store) -> Result<Cells, RunError> {
        let header = header.of_shard(shard, header.round);
        let path = folder.join(journal::shard_file(shard, header.round));
        let mut earlier = journal::scan(&path).ok().filter(|scan| scan.header == header);
        let mut own = Store::default();
        earlier.iter_mut().for_each(|scan| drop(own.add(scan)));
        let out = Writer::new(path, header, earlier.is_some());
        out.begin()?;
        let role = Role::Part {
            shard,
            own,
            loads: Mutex::new(vec![0; shard.of as usize]),
            announced: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        };
        Ok(Cells::new(role, known, Some(out), Keeping::everything()))
    }

    /// Those of the journals of all shards. With `partial`, cells that are not there are left out as after an interrupt.
    pub fn merged(known: Store, partial: bool) -> Cells {
        Cells::new(Role::Merged { partial }, known, None, Keeping::everything())
    }

    fn new(role: Role, known: Store, out: Option<Writer>, keeping: Keeping) -> Cells {
        Cells {
            role,
            known,
            out,
            keeping,
            waiting: Mutex::default(),
            names: Mutex::default(),
            written: Mutex::default(),
            warmup_ns: Mutex::default(),
        }
    }

    /// Cells that were finished before this process.
    pub fn kept(&self) -> usize {
        match &self.role {
            Role::Part { own, .. } => own.cells(),
            Role::Whole | Role::Merged { .. } => self.known.cells(),
        }
    }

    /// The journal that is written.
    pub fn path(&self) -> Option<&Path> {
        self.out.as_ref().map(Writer::path)
    }

    /// Whether there is something to resume.
    pub fn exists(&self) -> bool {
        self.path().is_some_and(Path::exists)
    }

    /// The report is written: what it was made from is no longer needed.
    pub fn remove(&self) {
        if let (Role::Whole, Some(path)) = (&self.role, self.path()) {
            // What cannot be removed takes room and does no harm.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The part of a shard is finished; gives how many cells it has, and how many of them were computed before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn finish(&self) -> Result<(u64, u64), RunError> {
        let Role::Part { announced, waiting, .. } = &self.role else { return Ok((0, 0)) };
        let (cells, fresh) = (announced.load(Ordering::Relaxed), waiting.load(Ordering::Relaxed) as u64);
        if let Some(out) = &self.out {
            out.part(cells)?;
            out.end(cells)?;
        }
        Ok((cells, cells - fresh))
    }

    /// The warm-up that [`Cells::pilot`] has found in this process.
    pub(super) fn found_warmup(&self) -> Option<Nanos> {
        *lock(&self.warmup_ns)
    }

    /// Whether a cell needs no computation.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.known.has(key) || (key.kind == Kind::Whole && self.known.has(&explained(key)))
    }

    /// What this process computes of the cells of a list that are not known: `missing` with the key and the estimated cost
    /// (seconds) of each.
    ///
    /// # Errors
    /// A merge in which cells are missing; a journal that cannot be written.
    pub(super) fn share<T>(
        &self,
        missing: Vec<T>,
        key: impl Fn(&T) -> Key,
        cost: impl Fn(&T) -> f64,
    ) -> Result<Share<T>, RunError> {
        match &self.role {
            Role::Whole => Ok(Share { work: missing, ends_round: false }),
            Role::Merged { .. } if missing.is_empty() => Ok(Share { work: missing, ends_round: false }),
            Role::Merged { partial: true } => Ok(Share { work: Vec::new(), ends_round: false }),
            Role::Merged { partial: false } => Err(RunError::Unfinished { cells: missing.len() }),
            Role::Part { .. } if missing.is_empty() => Ok(Share { work: missing, ends_round: false }),
            Role::Part { shard, own, loads, announced, waiting } => {
                let mut seen = HashSet::new();
                let once: Vec<T> = missing.into_iter().filter(|cell| seen.insert(key(cell))).collect();
                let costs: Vec<f64> = once.iter().map(cost).collect();
                let parts = shard::share(&costs, &mut lock(loads));
                let mine = once.into_iter().zip(parts).filter(|(_, part)| *part == shard.index);
                let mut work: Vec<T> = mine.map(|(cell, _)| cell).collect();
                let all = announced.fetch_add(work.len() as u64, Ordering::Relaxed) + work.len() as u64;
                work.retain(|cell| !own.has(&key(cell)));
                waiting.fetch_add(work.len(), Ordering::Relaxed);
                if let Some(out) = &self.out {
                    out.part(all)?;
                }
                Ok(Share { work, ends_round: true })
            }
        }
    }

    /// The measures of a known cell.
    ///
    /// # Errors
    /// A journal that cannot be read any more.
    pub(super) fn measures(&self, key: &Key) -> Result<Option<Finished>, RunError> {
        let Some((text, _)) = self.read(&self.known, key)? else { return Ok(None) };
        Ok(results::measures(&text, |digest| self.names(digest)))
    }

    /// The whole result of a known cell of a model; without its latencies by part unless they are wanted.
    ///
    /// # Errors
    /// A journal that cannot be read any more.
    pub(super) fn whole(&self, key: &Key, model: &Model) -> Result<Option<Replication>, RunError> {
        let better = explained(key);
        let place = if self.known.has(key) { key } else { &better };
        let Some((text, took_s)) = self.read(&self.known, place)? else { return Ok(None) };
        Ok(results::whole(&text, took_s, model, key.kind == Kind::Explained))
    }

    /// Keeps the measures of a cell.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn keep_measures(
        &self,
        key: &Key,
        took: Duration,
        finished: &Finished,
    ) -> Result<(), RunError> {
        if self.out.is_none() {
            return Ok(());
        }
        let (names, result) = results::of_measures(finished);
        let mut lines = String::new();
        if lock(&self.written).insert(names.id.clone()) {
            lines = Writer::line(&names, Duration::ZERO, &results::json(&finished.names));
        }
        lines += &Writer::line(key, took, &result);
        self.append(lines)
    }

    /// Keeps the whole result of a cell.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn keep_whole(&self, key: &Key, finished: &Replication) -> Result<(), RunError> {
        let took = Duration::try_from_secs_f64(finished.loop_s).unwrap_or_default();
        if self.out.is_none() || took < self.keeping.least {
            return Ok(());
        }
        self.append(Writer::line(key, took, &results::of_whole(finished)))
    }

    /// The warm-up of a cell of a grid, where it is known.
    ///
    /// # Errors
    /// A journal that cannot be read any more.
    pub(super) fn warmup(&self, key: &Key) -> Result<Option<Nanos>, RunError> {
        Ok(self.read(&self.known, key)?.and_then(|(text, _)| text.parse().ok()))
    }

    /// Keeps the warm-up of a cell of a grid.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn keep_warmup(&self, key: &Key, took: Duration, warmup_ns: Nanos) -> Result<(), RunError> {
        if self.out.is_none() { Ok(()) } else { self.append(Writer::line(key, took, &warmup_ns.to_string())) }
    }

    /// The warm-up of everything that is compared: every shard finds it for itself, since nothing can be computed without it.
    ///
    /// # Errors
    /// A search that fails, a merge without it, a journal that cannot be written.
    pub(super) fn pilot(
        &self,
        id: &str,
        find: impl FnOnce() -> Result<Nanos, RunError>,
    ) -> Result<Nanos, RunError> {
        let key = Key::new(Kind::Pilot, id, 0);
        let before = match &self.role {
            Role::Part { own, .. } if own.has(&key) => self.read(own, &key)?,
            _ => self.read(&self.known, &key)?,
        };
        let before = before.and_then(|(text, _)| text.parse().ok());
        let warmup_ns = match (before, &self.role) {
            (Some(warmup_ns), _) => warmup_ns,
            (None, Role::Merged { partial: false }) => return Err(RunError::Unfinished { cells: 1 }),
            (None, Role::Merged { partial: true }) => return Err(RunError::Interrupted),
            (None, Role::Whole | Role::Part { .. }) => {
                let started = Stopwatch::start();
                let found = find()?;
                self.keep_warmup(&key, started.elapsed(), found)?;
                found
            }
        };
        *lock(&self.warmup_ns) = Some(warmup_ns);
        Ok(warmup_ns)
    }

    fn read(&self, store: &Store, key: &Key) -> Result<Option<(String, f64)>, RunError> {
        let failed = |source| {
            let path = store.file(key).cloned().unwrap_or_default();
            RunError::from(KeepError::of(&path, source))
        };
        store.get(key).map_err(failed)
    }

    fn names(&self, digest: &str) -> Option<Arc<Vec<String>>> {
        if let Some(known) = lock(&self.names).get(digest) {
            return Some(Arc::clone(known));
        }
        let (text, _) = self.known.get(&Key::new(Kind::Names, digest, 0)).ok().flatten()?;
        let names: Arc<Vec<String>> = Arc::new(serde_json::from_str(&text).ok()?);
        lock(&self.names).insert(digest.to_owned(), Arc::clone(&names));
        Some(names)
    }

    fn append(&self, lines: String) -> Result<(), RunError> {
        let Some(out) = &self.out else { return Ok(()) };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() < self.keeping.due {
            waiting.push_str(&lines);
            return Ok(());
        }
        // One call also for what waited: the lock keeps lines of other threads behind it.
        let before = std::mem::take(&mut *waiting);
        drop(waiting);
        Ok(out.append(&(before + &lines))?)
    }
}

/// The same simulation with its latencies by part.
fn explained(key: &Key) -> Key {
    Key { kind: Kind::Explained, ..key.clone() }
}
