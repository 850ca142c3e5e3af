//! Files that appear whole or not at all.

use std::fs;
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct WriteError {
    action: &'static str,
    path: PathBuf,
    pub(crate) source: io::Error,
}

/// Writes `bytes` to a temporary file beside `path`, syncs it and renames it over `path`; folders above are
/// created. On failure an older file at `path` is untouched and nothing else is left behind.
///
/// # Errors
/// Names the file or folder and what the system said.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace(path, bytes, true)
}

/// The same without the sync: after a power cut the file may be damaged.
///
/// # Errors
/// As [`write()`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], sync: bool) -> Result<(), WriteError> {
    let failed = |action, at: &Path| {
        let path = at.to_path_buf();
        move |source: io::Error| {
            // The crate for temporary files adds their names, which tell the user nothing.
            let source = source.raw_os_error().map_or(source, io::Error::from_raw_os_error);
            WriteError { action, path, source }
        }
    };
    let dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(dir).map_err(failed("create the folder", dir))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".herdlab-");
    // Temporary files are private by default; a report is to be read by others as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(dir).map_err(failed("write to the folder", dir))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    if sync {
        file.as_file().sync_all().map_err(failed("write", path))?;
    }
    file.persist(path).map_err(|error| failed("write", path)(error.error))?;
    Ok(())
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
        // A folder at the target makes the rename fail after the temporary file was written.
        let path = dir.path().join("results.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), b"old").unwrap();
        let error = write(&path, b"new").unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("results.json"), "{error}");
        assert_eq!(fs::read(path.join("kept")).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("out"), b"").unwrap();
        let error = write(&dir.path().join("out/results.json"), b"").unwrap_err().to_string();
        assert!(error.contains("cannot create the folder"), "{error}");
    }
}
