//! A file that is written piece by piece.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Folders, Remembered, Target, WriteError, failed, folder_of};

/// A file that appears with [`Stream::finish`], or not at all; what is no file is written through.
pub struct Stream {
    place: Place,
    /// As the caller named it.
    path: PathBuf,
}

enum Place {
    /// Under its temporary name; where it will appear; the folders that were created for it.
    File(File, Remembered, PathBuf, Folders),
    Through(Box<dyn Write + Send>),
}

impl Stream {
    /// Begins a temporary file beside `path`; folders above are created.
    ///
    /// # Errors
    /// Names the file or folder, with the error of the system.
    pub fn create(path: &Path) -> Result<Stream, WriteError> {
        let place = match Target::of(path).map_err(failed("write", path))? {
            Target::File(file) => {
                let mut folders = Folders::default();
                folders.create(folder_of(&file))?;
                let (out, temporary) = Remembered::beside(&file, path)?;
                Place::File(out, temporary, file, folders)
            }
            other => Place::Through(other.open(false).map_err(failed("write", path))?),
        };
        Ok(Stream { place, path: path.to_owned() })
    }

    /// An error of a write, with the name of the file.
    pub fn failed(path: &Path, error: io::Error) -> WriteError {
        failed("write", path)(error)
    }

    /// Syncs the file and lets it appear.
    ///
    /// # Errors
    /// Names the file, with the error of the system.
    pub fn finish(self) -> Result<(), WriteError> {
        let path = self.path;
        match self.place {
            Place::File(out, temporary, file, _folders) => {
                out.sync_all().map_err(failed("write", &path))?;
                temporary.appear(&file, &path)
            }
            Place::Through(mut out) => out.flush().map_err(failed("write", &path)),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.place {
            Place::File(out, ..) => out.write(bytes),
            Place::Through(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::File(out, ..) => out.flush(),
            Place::Through(out) => out.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_appears_when_it_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.csv");
        let mut out = Stream::create(&path).unwrap();
        out.write_all(b"one\n").unwrap();
        assert!(!path.exists());
        out.write_all(b"two\n").unwrap();
        out.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_stream_that_is_dropped_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.csv");
        Stream::create(&path).unwrap().write_all(b"one\n").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
