//! Where a path leads: to a file that is replaced, or to something that is written through.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::folder_of;

/// The end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file, there or not; symbolic links have been followed.
    File(PathBuf),
    /// Standard output of this process, under whatever name (`/dev/stdout`).
    Stdout,
    /// Standard error of this process.
    Stderr,
    /// A device, a FIFO, or another open file of this process (`/dev/fd/3`): it is opened and written to.
    Through(PathBuf),
}

/// As many as Linux follows.
const LINKS_MAX: usize = 40;

impl Target {
    /// Follows symbolic links to their end, so that none of them is ever replaced.
    ///
    /// # Errors
    /// A folder, a socket, a block device, links in a circle, or what the system returned.
    pub fn of(path: &Path) -> io::Result<Target> {
        let mut at = path.to_path_buf();
        for _ in 0..LINKS_MAX {
            match descriptor(&at) {
                Some(1) => return Ok(Target::Stdout),
                Some(2) => return Ok(Target::Stderr),
                Some(_) => return Ok(Target::Through(at)),
                None => {}
            }
            let kind = match fs::symlink_metadata(&at) {
                Ok(found) => found.file_type(),
                // A file above it is reported where the folder is made.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    return Ok(Target::File(at));
                }
                Err(error) => return Err(error),
            };
            if kind.is_symlink() {
                // An absolute one stands for the whole path.
                at = folder_of(&at).join(fs::read_link(&at)?);
            } else if kind.is_file() {
                return Ok(Target::File(at));
            } else if kind.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            } else if is_written_through(kind) {
                return Ok(Target::Through(at));
            } else {
                let problem = "it is neither a file nor a character device nor a FIFO";
                return Err(io::Error::new(io::ErrorKind::Unsupported, problem));
            }
        }
        Err(io::Error::other("its symbolic links lead in a circle"))
    }
}

#[cfg(unix)]
fn is_written_through(kind: fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_written_through(_: fs::FileType) -> bool {
    false
}

/// The number of an open file of this process. A link in `/proc/self/fd` cannot be followed by its text: what it leads to may
/// have no name, and a file under that name may be another one by now.
fn descriptor(path: &Path) -> Option<u32> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = path.parent()?;
    let of_process = || Some(folder.canonicalize().ok()? == Path::new("/proc/self/fd").canonicalize().ok()?);
    (folder == Path::new("/dev/fd") || of_process()?).then_some(number)
}

/// Identity of a place, under any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Device and inode of what is there.
    Inode(u64, u64),
    /// Nothing is there: the folder's own name and the names below it.
    Path(PathBuf),
}

/// The identity of what a path leads to.
pub fn identity(path: &Path) -> Identity {
    inode(path).unwrap_or_else(|| {
        // A detour by a folder that is still to be made may lead to a file that is there.
        let end = resolved(path);
        inode(&end).unwrap_or(Identity::Path(end))
    })
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).ok()?;
    Some(Identity::Inode(found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Path) -> Option<Identity> {
    None
}

/// A path without links and detours, as far as it is there; the rest as it is written.
pub fn resolved(path: &Path) -> PathBuf {
    let end = match Target::of(path) {
        Ok(Target::File(end)) => end,
        _ => path.to_path_buf(),
    };
    let end = std::path::absolute(&end).unwrap_or(end);
    let known = end.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, mut whole)) = known else { return end };
    for part in end.strip_prefix(above).unwrap_or(Path::new("")).components() {
        match part {
            Component::ParentDir => _ = whole.pop(),
            part => whole.push(part),
        }
    }
    whole
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_a_file_a_device_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        symlink("file", at("link")).unwrap();
        symlink(at("link"), at("link to a link")).unwrap();
        symlink("not there", at("dangling")).unwrap();
        symlink("/dev/null", at("null")).unwrap();
        symlink("circle", at("circle")).unwrap();
        assert_eq!(Target::of(&at("link to a link")).unwrap(), Target::File(at("file")));
        assert_eq!(Target::of(&at("dangling")).unwrap(), Target::File(at("not there")));
        assert_eq!(Target::of(&at("null")).unwrap(), Target::Through("/dev/null".into()));
        assert!(Target::of(&at("circle")).is_err() && Target::of(dir.path()).is_err());
    }

    #[test]
    fn open_files_of_the_process_are_known_by_their_numbers() {
        assert_eq!(Target::of(Path::new("/dev/fd/1")).unwrap(), Target::Stdout);
        assert_eq!(Target::of(Path::new("/dev/stderr")).unwrap(), Target::Stderr);
        assert_eq!(Target::of(Path::new("/dev/fd/7")).unwrap(), Target::Through("/dev/fd/7".into()));
    }

    #[test]
    fn one_place_has_one_identity() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::hard_link(at("file"), at("other name")).unwrap();
        symlink(dir.path(), at("itself")).unwrap();
        assert_eq!(identity(&at("file")), identity(&at("itself/other name")));
        assert_eq!(identity(&at("to be made/../file")), identity(&at("file")));
        assert_eq!(identity(&at("new/../x")), identity(&at("itself/x")));
        assert_ne!(identity(&at("x")), identity(&at("y")));
    }
}
