//! Paths in, the bytes of files out: no more than the limit, and from nothing that would keep a reader waiting.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Limits;
use crate::error::{Error, ErrorKind, Result};

/// Opens a file and gives its size. What is something else (a folder, a pipe, a device, a socket) is refused: opening it
/// may wait for ever, and reading it have no end.
///
/// # Errors
/// [`Unreadable`](ErrorKind::Unreadable).
pub(crate) fn open_file(path: &Path) -> Result<(File, u64)> {
    let unreadable = |error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error);
    // Asked for before it is opened, since that is what may wait.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::Unreadable, "a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Unreadable, "a pipe, a device or a socket, not a file"));
    }
    Ok((File::open(path).map_err(unreadable)?, metadata.len()))
}

/// The bytes of a file; or how many there are, and why they are not here.
pub(crate) fn read_file(path: &Path, limits: &Limits) -> std::result::Result<Vec<u8>, (u64, Error)> {
    let (file, size) = open_file(path).map_err(|error| (0, error))?;
    // Nothing of one that is too large is read, so that a disk image among the pictures costs nothing.
    limits.check_bytes(size).map_err(|error| (size, error))?;
    let mut bytes = Vec::with_capacity(size as usize);
    // One may grow while it is read.
    file.take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| (size, Error::new(ErrorKind::Unreadable, "cannot be read").because(error)))?;
    limits.check_bytes(bytes.len() as u64).map_err(|error| (bytes.len() as u64, error))?;
    Ok(bytes)
}
