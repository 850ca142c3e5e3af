//! The files that a scenario names, where there are no files: whoever runs the core hands their contents over beforehand.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::compression::Input;
use crate::model::Spooled;

/// In place of a path: standard input, which is never there.
pub const STDIN: &str = "-";

static HELD: RwLock<BTreeMap<PathBuf, Arc<[u8]>>> = RwLock::new(BTreeMap::new());

/// These contents, by the paths that the scenario has, and no others.
pub fn hold(files: impl IntoIterator<Item = (PathBuf, Arc<[u8]>)>) {
    *HELD.write().unwrap_or_else(PoisonError::into_inner) = files.into_iter().collect();
}

/// The content of a file, and its length.
///
/// # Errors
/// It was not handed over.
pub fn open_once(path: &Path) -> io::Result<(Input, Option<u64>)> {
    let held = HELD.read().unwrap_or_else(PoisonError::into_inner);
    let content = held.get(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    Ok((Box::new(Cursor::new(Arc::clone(content))), Some(content.len() as u64)))
}

/// As [`open_once`]: it can be read as often as it is wanted.
///
/// # Errors
/// It was not handed over.
pub(crate) fn open_whole(path: &Path) -> io::Result<(Input, Option<u64>)> {
    open_once(path)
}

/// Nothing is a pipe.
///
/// # Errors
/// The file was not handed over.
pub fn spooled(path: &Path) -> io::Result<Option<Spooled>> {
    open_once(path).map(|_| None)
}

/// Never called: there are no copies.
pub(crate) fn place(copy: &Spooled) -> &Path {
    match *copy {}
}
