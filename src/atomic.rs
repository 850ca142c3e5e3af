//! Files that appear whole or not at all, alone or several together.
//!
//! A symbolic link stays, and the file that it leads to is replaced. A device or a FIFO is never replaced: it is written
//! to, whole or not.

mod stream;
mod target;
mod temporary;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::TempPath;

pub use stream::Stream;
pub use target::{Identity, Target, identity, resolved};
pub use temporary::abandon;

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
/// created. On failure an older file at `path` is untouched and nothing else is left behind. What is no file is written
/// through ([`Target`]).
///
/// # Errors
/// Names the file or folder, with the error of the system.
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
    match Target::of(path).map_err(failed("write", path))? {
        Target::File(file) => {
            let mut folders = Folders::default();
            folders.create(folder_of(&file))?;
            Written::beside(path, file, bytes, sync)?.appear()
        }
        other => write_through(&other, bytes).map_err(failed("write", path)),
    }
}

/// Writes to what cannot be replaced. A reader that has gone has seen enough.
fn write_through(target: &Target, bytes: &[u8]) -> io::Result<()> {
    let whole = |mut out: Box<dyn Write>| out.write_all(bytes).and_then(|()| out.flush());
    let written = target.open(false).and_then(|out| whole(out));
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

impl Target {
    /// Opens it for writing from its beginning, where it has one; with `truncate`, nothing of an older file stays.
    ///
    /// # Errors
    /// The error of the system.
    pub fn open(&self, truncate: bool) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Target::Stdout => Box::new(io::stdout()),
            Target::Stderr => Box::new(io::stderr()),
            Target::File(path) => {
                Box::new(OpenOptions::new().write(true).create(true).truncate(truncate).open(path)?)
            }
            // Behind an open file of this process there may be one that others write to as well.
            Target::Through(path) => Box::new(OpenOptions::new().append(true).open(path)?),
        })
    }
}

/// Writes files that belong together: all are written and synced under temporary names before the first is renamed, and
/// a rename needs no room. So a disk that is full leaves all older files as they were, not some of each.
///
/// # Errors
/// As [`write()`], for the first file that could not be written.
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    let mut folders = Folders::default();
    let mut replaced = Vec::with_capacity(files.len());
    let mut through = Vec::new();
    for (path, bytes) in files {
        match Target::of(path).map_err(failed("write", path))? {
            Target::File(file) => {
                folders.create(folder_of(&file))?;
                replaced.push((path, file, bytes));
            }
            other => through.push((path, other, bytes)),
        }
    }
    let written: Vec<Written<'_>> = replaced
        .into_par_iter()
        .map(|(path, file, bytes)| Written::beside(path, file, bytes, true))
        .collect::<Result<_, _>>()?;
    // What may still fail comes before what cannot be taken back.
    for (path, target, bytes) in through {
        write_through(&target, bytes).map_err(failed("write", path))?;
    }
    written.into_iter().try_for_each(Written::appear)
}

/// Sees whether files can be created in a folder; leaves nothing behind, not even the folder.
///
/// # Errors
/// The error of the system, with the folder.
pub fn try_folder(folder: &Path) -> Result<(), WriteError> {
    const ACTION: &str = "write to the folder";
    let mut folders = Folders::default();
    folders.create(folder).map_err(|error| failed(ACTION, folder)(error.source))?;
    let made = tempfile::Builder::new().prefix(PREFIX).make_in(folder, temporary::create);
    let name = made.map_err(failed(ACTION, folder))?.into_temp_path();
    drop(Remembered(Some(name)));
    Ok(())
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
        temporary::folders(&missing.iter().rev().cloned().collect::<Vec<_>>());
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
        temporary::forget_folders(&self.created);
    }
}

/// A file under its temporary name, which goes if it never appears.
struct Written<'p> {
    temporary: Remembered,
    /// Where it will appear.
    file: PathBuf,
    /// As the caller named it.
    path: &'p Path,
}

/// A temporary file that an end of the process removes as well.
struct Remembered(Option<TempPath>);

impl Drop for Remembered {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let name = path.to_path_buf();
            drop(path);
            temporary::forget_file(&name);
        }
    }
}

impl Remembered {
    /// Creates one beside `file`, where `path` leads.
    fn beside(file: &Path, path: &Path) -> Result<(File, Remembered), WriteError> {
        // A file of our own making has the permissions that the umask allows, and its errors name no temporary file.
        let created = tempfile::Builder::new()
            .prefix(PREFIX)
            .make_in(folder_of(file), temporary::create)
            .map_err(failed("write", path))?;
        let (out, name) = created.into_parts();
        Ok((out, Remembered(Some(name))))
    }

    /// Gives it the name of `file`, where `path` leads.
    fn appear(mut self, file: &Path, path: &Path) -> Result<(), WriteError> {
        let Some(temporary) = self.0.take() else { return Ok(()) };
        let name = temporary.to_path_buf();
        let appeared = temporary.persist(file).map_err(|error| failed("write", path)(error.error));
        temporary::forget_file(&name);
        appeared
    }
}

impl<'p> Written<'p> {
    /// `file` is where `path` leads.
    fn beside(path: &'p Path, file: PathBuf, bytes: &[u8], sync: bool) -> Result<Written<'p>, WriteError> {
        let (mut out, temporary) = Remembered::beside(&file, path)?;
        out.write_all(bytes).map_err(failed("write", path))?;
        if sync {
            out.sync_all().map_err(failed("write", path))?;
        }
        Ok(Written { temporary, file, path })
    }

    fn appear(self) -> Result<(), WriteError> {
        self.temporary.appear(&self.file, self.path)
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

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_a_device_is_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/file"), b"old").unwrap();
        std::os::unix::fs::symlink("elsewhere/file", at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/null", at("null")).unwrap();
        write_together(&[(at("link"), b"new".to_vec()), (at("null"), b"new".to_vec())]).unwrap();
        assert!(at("link").is_symlink() && at("null").is_symlink());
        assert_eq!(fs::read(at("elsewhere/file")).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        // A device that takes nothing: the other file stays as it was.
        if Path::new("/dev/full").exists() {
            let error = write_together(&[(at("link"), b"".to_vec()), ("/dev/full".into(), b"x".to_vec())]);
            assert!(error.unwrap_err().to_string().starts_with("cannot write /dev/full"));
            assert_eq!(fs::read(at("elsewhere/file")).unwrap(), b"new");
        }
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
