//! A journal that is written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Header, Key, Shard, Store, line, scan};
use crate::atomic::{Stream, WriteError};

/// Why a result could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep a finished simulation in {}: {source}", path.display())]
pub struct KeepError {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

impl KeepError {
    /// The same of a file that is read.
    pub fn of(path: &Path, source: io::Error) -> KeepError {
        KeepError { path: path.to_owned(), source }
    }
}

/// The name of the journal of a shard.
pub fn shard_file(shard: Shard, round: u32) -> String {
    let Shard { index, of } = shard;
    match round {
        0 | 1 => format!("shard-{index}-of-{of}.jsonl"),
        round => format!("shard-{index}-of-{of}.round-{round}.jsonl"),
    }
}

/// The name of the file with the cells that are known before a round.
pub fn plan_file(round: u32) -> String {
    format!("round-{round}.jsonl")
}

/// Whether a file is named as a journal of a shard or the plan of a round is.
pub fn is_shard_of(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(stem) = name.strip_suffix(".jsonl") else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(round) = stem.strip_prefix("round-") {
        return digits(round);
    }
    let (stem, round) = stem.split_once(".round-").unwrap_or((stem, "1"));
    let numbers = stem.strip_prefix("shard-").and_then(|rest| rest.split_once("-of-"));
    digits(round) && numbers.is_some_and(|(index, of)| digits(index) && digits(of))
}

/// Appends to a journal. Nothing is created before the first line.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    header: Header,
    /// What is there is kept.
    appends: bool,
    file: Mutex<Option<File>>,
}

impl Writer {
    /// A journal at a path: behind what is there, or in its place.
    pub fn new(path: PathBuf, header: Header, appends: bool) -> Writer {
        Writer { path, header, appends, file: Mutex::new(None) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the header alone, so that others see that the task has begun.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(&self) -> Result<(), KeepError> {
        self.append("")
    }

    /// The line of a result; `result` is JSON.
    pub fn line(key: &Key, took: Duration, result: &str) -> String {
        line::entry(key, took, result)
    }

    /// Appends lines in one call: a kill or another error spoils these lines only. They are not synced: a power cut may cost the
    /// last ones.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, lines: &str) -> Result<(), KeepError> {
        let failed = |source| KeepError { path: self.path.clone(), source };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            *file = Some(self.open().map_err(failed)?);
        }
        file.as_mut().map_or(Ok(()), |file| file.write_all(lines.as_bytes())).map_err(failed)
    }

    /// Announces the cells of the part.
    ///
    /// # Errors
    /// As [`Writer::append`].
    pub fn part(&self, cells: u64) -> Result<(), KeepError> {
        self.append(&line::part(cells))
    }

    /// The part is finished: everything is on the disk before this is said.
    ///
    /// # Errors
    /// As [`Writer::append`].
    pub fn end(&self, cells: u64) -> Result<(), KeepError> {
        let sync = || {
            let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.as_ref().map_or(Ok(()), File::sync_data)
        };
        let failed = |source| KeepError { path: self.path.clone(), source };
        sync().map_err(failed)?;
        self.append(&line::end(cells))?;
        sync().map_err(failed)
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let known = self.appends.then(|| scan(&self.path).ok()).flatten();
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        if known.is_none() && self.path.exists() {
            // What was there has no header that could be gone on from.
            File::create(&self.path)?;
        }
        let mut file = options.open(&self.path)?;
        let mut start = String::new();
        if ends_within_a_line(&mut file)? {
            // The line that a kill cut short must not swallow the next one.
            start.push('\n');
        }
        if known.is_none_or(|known| known.header != self.header) {
            start.push_str(&line::header(&self.header));
        }
        file.write_all(start.as_bytes())?;
        Ok(file)
    }
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Writes the file from which the shards of a round start: all cells that are known, whole or not at all.
///
/// # Errors
/// A file that cannot be read or written.
pub fn write_round(path: &Path, header: &Header, known: &Store, cells: u64) -> Result<(), WriteError> {
    let failed = |error: io::Error| Stream::failed(path, error);
    let mut out = Stream::create(path)?;
    out.write_all((line::header(header) + &line::part(cells)).as_bytes()).map_err(failed)?;
    for key in known.keys() {
        if let Some((result, took_s)) = known.get(key).map_err(failed)? {
            let took = Duration::try_from_secs_f64(took_s).unwrap_or_default();
            out.write_all(line::entry(key, took, &result).as_bytes()).map_err(failed)?;
        }
    }
    out.finish()
}
