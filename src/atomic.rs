//! Files that appear whole or not at all, alone or several together.

use std::fs::{self, File};
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempPath;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct WriteError {
    action: &'static str,
    path: PathBuf,
    pub(crate) source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError + use<> {
    let path = path.to_path_buf();
    move |source| WriteError { action, path, source }
}

/// Writes `bytes` to a temporary file beside `path`, syncs it and renames it over `path`; folders above are
/// created. On failure an older file at `path` is untouched and nothing else is left behind.
///
/// # Errors
/// Names the file or folder and what the system said.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_alone(path, bytes, true)
}

/// The same without the sync: after a power cut the file may be damaged.
///
/// # Errors
/// As [`write()`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_alone(path, bytes, false)
}

fn write_alone(path: &Path, bytes: &[u8], sync: bool) -> Result<(), WriteError> {
    let mut folders = Folders::default();
    folders.create(folder_of(path))?;
    Written::beside(path, bytes, sync)?.appear()
}

/// Writes files that belong together: all are written and synced under temporary names before the first is renamed, and
/// a rename needs no room. So a disk that is full leaves all older files as they were, not some of each.
///
/// # Errors
/// As [`write()`], for the first file that could not be written.
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    let mut folders = Folders::default();
    for (path, _) in files {
        folders.create(folder_of(path))?;
    }
    let written: Vec<Written<'_>> =
        files.par_iter().map(|(path, bytes)| Written::beside(path, bytes, true)).collect::<Result<_, _>>()?;
    written.into_iter().try_for_each(Written::appear)
}

/// Sees whether files can be created in a folder; leaves nothing behind, not even the folder.
///
/// # Errors
/// What the system said.
pub fn try_folder(folder: &Path) -> Result<(), WriteError> {
    const ACTION: &str = "write to the folder";
    let mut folders = Folders::default();
    folders.create(folder).map_err(|error| failed(ACTION, folder)(error.source))?;
    tempfile::Builder::new()
        .prefix(PREFIX)
        .make_in(folder, |path| File::create_new(path))
        .map(drop)
        .map_err(failed(ACTION, folder))
}

/// The folder that a file goes to.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How the names of temporary files begin.
const PREFIX: &str = ".herdlab-";

/// Folders that were created for files; those that stay empty go when this goes.
#[derive(Default)]
struct Folders {
    created: Vec<PathBuf>,
}

impl Folders {
    fn create(&mut self, folder: &Path) -> Result<(), WriteError> {
        let missing = folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        self.created.extend(missing.into_iter().rev());
        fs::create_dir_all(folder).map_err(failed("create the folder", folder))
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in self.created.iter().rev() {
            // Fails where something is in it, which is right.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A file under its temporary name, which goes if it never appears.
struct Written<'p> {
    temporary: TempPath,
    path: &'p Path,
}

impl<'p> Written<'p> {
    fn beside(path: &'p Path, bytes: &[u8], sync: bool) -> Result<Written<'p>, WriteError> {
        if path.is_dir() {
            // The rename would fail, after others have been done.
            return Err(failed("write", path)(io::ErrorKind::IsADirectory.into()));
        }
        // A file of our own making has the permissions that the umask allows, and its errors name no temporary file.
        let mut file = tempfile::Builder::new()
            .prefix(PREFIX)
            .make_in(folder_of(path), |path| File::create_new(path))
            .map_err(failed("write", path))?;
        file.as_file_mut().write_all(bytes).map_err(failed("write", path))?;
        if sync {
            file.as_file().sync_all().map_err(failed("write", path))?;
        }
        Ok(Written { temporary: file.into_temp_path(), path })
    }

    fn appear(self) -> Result<(), WriteError> {
        let Written { temporary, path } = self;
        temporary.persist(path).map_err(|error| failed("write", path)(error.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_created_and_files_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file.txt");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn failure_keeps_what_was_there_and_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), b"old").unwrap();
        let error = write(&path, b"new").unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("results.json"), "{error}");
        assert_eq!(fs::read(path.join("kept")).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_belong_together_appear_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a"), b"old").unwrap();
        fs::create_dir(at("b")).unwrap();
        let files = |second: &str| [(at("a"), b"new".to_vec()), (at(second), b"new".to_vec())];
        let error = write_together(&files("b")).unwrap_err().to_string();
        assert!(error.contains("cannot write") && !error.contains(PREFIX), "{error}");
        assert_eq!(fs::read(at("a")).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        write_together(&files("charts/c")).unwrap();
        assert_eq!(
            (fs::read(at("a")).unwrap(), fs::read(at("charts/c")).unwrap()),
            (b"new".into(), b"new".into())
        );
    }

    #[test]
    fn a_folder_is_tried_without_a_trace() {
        let dir = tempfile::tempdir().unwrap();
        try_folder(&dir.path().join("a/b")).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("out"), b"").unwrap();
        let error = write(&dir.path().join("out/results.json"), b"").unwrap_err().to_string();
        assert!(error.contains("cannot create the folder"), "{error}");
    }
}
