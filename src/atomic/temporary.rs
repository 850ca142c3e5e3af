//! Temporary files, so that they can be removed where the process ends without unwinding.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Temporary files, and folders that were created for what has not appeared yet.
#[derive(Default)]
pub(super) struct Temporary {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

static OF_THIS_PROCESS: Mutex<Temporary> = Mutex::new(Temporary { files: Vec::new(), folders: Vec::new() });

fn of_this_process() -> MutexGuard<'static, Temporary> {
    OF_THIS_PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Temporary {
    fn remove_all(&mut self) {
        for file in self.files.drain(..) {
            // It may have its name by now.
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.drain(..).rev() {
            // Fails where something is in it, which is right.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Creates a new file and remembers it, in one step.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut known = of_this_process();
    let file = File::create_new(path)?;
    known.files.push(path.to_path_buf());
    Ok(file)
}

/// A file that has its name now, or is gone.
pub(super) fn forget_file(path: &Path) {
    of_this_process().files.retain(|known| known != path);
}

pub(super) fn folders(paths: &[PathBuf]) {
    of_this_process().folders.extend_from_slice(paths);
}

pub(super) fn forget_folders(paths: &[PathBuf]) {
    of_this_process().folders.retain(|known| !paths.contains(known));
}

/// Removes temporary files. For a process that ends at once, by a signal: whatever else tries to write
/// waits for ever.
pub fn abandon() {
    let mut known = of_this_process();
    known.remove_all();
    std::mem::forget(known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_and_folders_that_are_empty() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("new/deep")).unwrap();
        fs::create_dir(at("kept")).unwrap();
        fs::write(at("new/.herdlab-x"), "half").unwrap();
        fs::write(at("kept/report"), "whole").unwrap();
        let mut known = Temporary {
            files: vec![at("new/.herdlab-x"), at("gone")],
            folders: vec![at("new"), at("new/deep"), at("kept")],
        };
        known.remove_all();
        assert!(!at("new").exists() && at("kept/report").exists());
    }
}
