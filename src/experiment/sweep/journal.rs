//! Finished simulations of a sweep on disk, so that one that was killed can go on where it stopped.
//!
//! One line of JSON per simulation, appended as it finishes, addressed by what it simulates (the fingerprint of model and
//! seed) and the replication. So a sweep with more values, or finer ones, uses what another one has finished. A line that
//! was cut short, or written by another version, is not used; its simulation runs again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Where finished simulations are kept.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    found: HashMap<(String, u32), Finished>,
    file: Mutex<Option<File>>,
}

/// Why a finished simulation could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep a finished simulation in {}: {source}", path.display())]
pub struct JournalError {
    path: PathBuf,
    source: io::Error,
}

/// The measures of one simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub names: Vec<String>,
    pub values: Vec<Option<f64>>,
    /// Requests simulated.
    pub requests: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    herdlab: String,
    fingerprint: String,
    replication: u32,
    requests: u64,
    measures: Vec<(String, Option<f64>)>,
}

impl Journal {
    /// The journal in a folder; nothing is created before the first simulation is kept. With `resume`, what is there is
    /// read, else it will be overwritten.
    pub fn new(folder: &Path, resume: bool) -> Journal {
        let path = folder.join("partial.jsonl");
        let text = if resume { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        let found = text.lines().filter_map(read).collect();
        if !resume {
            // An older one would be taken for ours by the next run that resumes.
            let _ = std::fs::remove_file(&path);
        }
        Journal { path, found, file: Mutex::new(None) }
    }

    /// How many simulations an earlier run has finished.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is nothing to resume.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there is something to resume.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// A simulation that an earlier run has finished.
    pub fn find(&self, fingerprint: &str, replication: u32) -> Option<&Finished> {
        self.found.get(&(fingerprint.to_owned(), replication))
    }

    /// Appends a finished simulation. It is not synced: a power cut may cost the last ones.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, fingerprint: &str, replication: u32, finished: &Finished) -> Result<(), JournalError> {
        let line = Line {
            herdlab: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: fingerprint.to_owned(),
            replication,
            requests: finished.requests,
            measures: finished.names.iter().cloned().zip(finished.values.iter().copied()).collect(),
        };
        let failed = |source| JournalError { path: self.path.clone(), source };
        let mut text = serde_json::to_string(&line).map_err(|error| failed(error.into()))?;
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            *file = Some(self.open().map_err(failed)?);
        }
        // One call per line: what another process or a kill cuts is this line only.
        file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes())).map_err(failed)
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        if std::fs::read(&self.path)?.last().is_some_and(|last| *last != b'\n') {
            // The line that a kill cut short must not swallow the next one.
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// The report is written: what it was made from is no longer needed.
    pub fn remove(&self) {
        // What cannot be removed takes room and does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read(line: &str) -> Option<((String, u32), Finished)> {
    let line: Line = serde_json::from_str(line).ok()?;
    if line.herdlab != env!("CARGO_PKG_VERSION") {
        return None;
    }
    let (names, values) = line.measures.into_iter().unzip();
    Some(((line.fingerprint, line.replication), Finished { names, values, requests: line.requests }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(value: f64) -> Finished {
        Finished { names: vec!["a".into(), "b".into()], values: vec![Some(value), None], requests: 7 }
    }

    #[test]
    fn what_was_kept_is_found_to_the_last_digit_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path(), true);
        assert!(journal.is_empty());
        journal.keep("x", 0, &finished(0.1 + 0.2)).unwrap();
        journal.keep("x", 1, &finished(2.0)).unwrap();
        drop(journal);
        let path = folder.path().join("partial.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        let journal = Journal::new(folder.path(), true);
        assert_eq!((journal.len(), journal.find("x", 0)), (1, Some(&finished(0.1 + 0.2))));
        assert_eq!(journal.find("x", 1), None);
        // The next line begins a line of its own.
        journal.keep("y", 0, &finished(3.0)).unwrap();
        assert_eq!(Journal::new(folder.path(), true).len(), 2);
        assert!(Journal::new(folder.path(), false).is_empty() && !path.exists());
    }

    #[test]
    fn lines_of_another_version_are_not_used() {
        let line =
            r#"{"herdlab":"0.0.0","fingerprint":"x","replication":0,"requests":1,"measures":[["a",1.0]]}"#;
        assert_eq!(read(line), None);
        assert!(read(&line.replace("0.0.0", env!("CARGO_PKG_VERSION"))).is_some());
    }
}
