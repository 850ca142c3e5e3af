//! The file of a trace: what may be one, and a copy of what a pipe gives.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::compression::{Input, decompressed};
use crate::model::Spooled;

/// In place of a path: standard input.
pub const STDIN: &str = "-";

/// A file that is read once, from its beginning to its end, and its length where it has one. `-` is standard input.
///
/// # Errors
/// It is a folder or a device, or what the system returned.
pub fn open_once(path: &Path) -> io::Result<(Input, Option<u64>)> {
    if path.as_os_str() == STDIN {
        return Ok((Box::new(io::stdin()), None));
    }
    let metadata = fs::metadata(path)?;
    let length = metadata.is_file().then_some(metadata.len());
    match kind(&metadata.file_type()) {
        Kind::File | Kind::Pipe => Ok((Box::new(File::open(path)?), length)),
        Kind::Folder => Err(io::ErrorKind::IsADirectory.into()),
        Kind::Device => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "it is a device, not a file or a pipe"))
        }
    }
}

/// The content of a file that is read several times, decompressed where it is compressed.
///
/// # Errors
/// As those of a trace that cannot be opened.
pub fn unpacked(path: &Path) -> io::Result<Input> {
    let (packed, _) = open_whole(path)?;
    decompressed(packed).map(|(input, _)| input)
}

/// Opens a file that is read several times: to check it, and again by each replication. A FIFO or a device gives its content
/// once, and the second reading would wait for ever.
///
/// # Errors
/// It is no such file, with the way out, or what the system returned.
pub(crate) fn open_whole(path: &Path) -> io::Result<(Input, Option<u64>)> {
    let metadata = fs::metadata(path)?;
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok((Box::new(File::open(path)?), Some(metadata.len())));
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let problem = "it is no regular file, and it is read more than once; copy what it gives to a file first";
    Err(io::Error::new(io::ErrorKind::Unsupported, problem))
}

/// A copy of what a pipe or standard input gives, for those who read it several times; `None`: the file itself will do. The copy
/// is removed with its last owner.
///
/// # Errors
/// It is a folder or a device, or it cannot be copied.
pub fn spooled(path: &Path) -> io::Result<Option<Spooled>> {
    let is_pipe = path.as_os_str() == STDIN || kind(&fs::metadata(path)?.file_type()) == Kind::Pipe;
    let (mut input, length) = open_once(path)?;
    if !is_pipe || length.is_some() {
        return Ok(None);
    }
    let mut copy = NamedTempFile::with_prefix("herdlab-trace-")?;
    io::copy(&mut input, &mut copy)?;
    Ok(Some(copy.into_temp_path()))
}

/// Where such a copy is.
pub(crate) fn place(copy: &Spooled) -> &Path {
    copy
}

#[derive(PartialEq)]
enum Kind {
    File,
    Folder,
    Pipe,
    Device,
}

#[cfg(unix)]
fn kind(of: &fs::FileType) -> Kind {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if of.is_file() => Kind::File,
        () if of.is_dir() => Kind::Folder,
        () if of.is_fifo() => Kind::Pipe,
        () => Kind::Device,
    }
}

#[cfg(not(unix))]
fn kind(of: &fs::FileType) -> Kind {
    match () {
        () if of.is_file() => Kind::File,
        () if of.is_dir() => Kind::Folder,
        () => Kind::Device,
    }
}
