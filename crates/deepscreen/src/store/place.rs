//! A file's path as bytes, and what tells cheaply whether it is still the one that it was.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::media::open_file;

/// A file that was changed so shortly before it was looked at may be changed again without its time showing it: FAT counts
/// in steps of two seconds, others in some milliseconds.
const UNSETTLED: Duration = Duration::from_secs(2);

/// A path, absolute, as a store holds it. Paths sort as their bytes do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) Vec<u8>);

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let absolute = absolute(path).map_err(|error| {
            Error::new(ErrorKind::Unreadable, "no path").because(error).about(path.display())
        })?;
        Ok(Self(to_bytes(absolute.into_os_string())))
    }

    pub(super) fn path(self) -> PathBuf {
        from_bytes(self.0).into()
    }

    /// Where the places of what lies below this folder begin, and where they have ended.
    pub(super) fn below(mut self) -> (Vec<u8>, Vec<u8>) {
        let separator = std::path::MAIN_SEPARATOR as u8;
        if self.0.last() != Some(&separator) {
            self.0.push(separator);
        }
        let mut end = self.0.clone();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        (self.0, end)
    }
}

#[cfg(unix)]
fn to_bytes(path: OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(path)
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// UTF-8 where it can be; else a byte that UTF-8 never has, and UTF-16 as it is.
#[cfg(windows)]
fn to_bytes(path: OsString) -> Vec<u8> {
    use std::os::windows::ffi::OsStrExt;
    match path.to_str() {
        Some(path) => path.as_bytes().to_vec(),
        None => std::iter::once(0xff).chain(path.encode_wide().flat_map(u16::to_be_bytes)).collect(),
    }
}

#[cfg(windows)]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    match bytes.strip_prefix(&[0xff]) {
        Some(wide) => {
            let (units, _) = wide.as_chunks();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            std::os::windows::ffi::OsStringExt::from_wide(&units)
        }
        None => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

#[cfg(not(any(unix, windows)))]
fn to_bytes(path: OsString) -> Vec<u8> {
    path.to_string_lossy().into_owned().into()
}

#[cfg(not(any(unix, windows)))]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// What a file is like, without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: i64,
    /// Nanoseconds since 1970.
    pub(super) modified: Option<i64>,
    is_settled: bool,
}

impl Stamp {
    /// `None` where the file cannot be asked.
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::from(&metadata))
    }

    /// What is written down: a time that proves nothing is not.
    pub(super) fn proof(&self) -> Option<i64> {
        self.modified.filter(|_| self.is_settled)
    }

    /// SHA-256 of a file that is like this before and after; `None` where that cannot be told.
    pub(super) fn sha256(&self, path: &Path) -> Option<[u8; 32]> {
        let (mut file, _) = open_file(path).ok()?;
        let mut hasher = Sha256::new();
        let mut left = u64::try_from(self.bytes).ok()?;
        // One more than a small file has, to see its end.
        let mut buffer = vec![0; (left as usize).saturating_add(1).min(1 << 16)];
        loop {
            let read = match file.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            if read == 0 {
                break;
            }
            // One that grows meanwhile has no end.
            left = left.checked_sub(read as u64)?;
            hasher.update(&buffer[..read]);
        }
        let after = Self::from(&file.metadata().ok()?);
        let is_same = left == 0 && (after.bytes, after.modified) == (self.bytes, self.modified);
        is_same.then(|| hasher.finalize().into())
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        let now = SystemTime::now();
        let is_settled = modified.is_some_and(|then| {
            let apart = now.duration_since(then).unwrap_or_else(|error| error.duration());
            apart > UNSETTLED
        });
        Self {
            bytes: metadata.len().try_into().unwrap_or(i64::MAX),
            modified: modified.and_then(nanoseconds),
            is_settled,
        }
    }
}

fn nanoseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_nanos().try_into().ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|before| -before),
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn any_name_comes_back_as_it_was_and_what_is_below_lies_between() {
        use std::os::unix::ffi::OsStrExt;
        let odd = Path::new("/a").join(std::ffi::OsStr::from_bytes(b"b\xff\n.jpg"));
        assert_eq!(Place::of(&odd).unwrap().path(), odd);
        let (start, end) = Place::of(Path::new("/a")).unwrap().below();
        let within = |path: &str| {
            let place = Place::of(Path::new(path)).unwrap().0;
            start <= place && place < end
        };
        assert!(within("/a/b") && within("/a/\u{10ffff}/c"));
        assert!(!within("/a") && !within("/a-b/c") && !within("/a0") && !within("/b"));
        assert_eq!(Place::of(Path::new("/")).unwrap().below().0, b"/");
    }

    #[test]
    fn a_time_of_just_now_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(Stamp::of(&path).unwrap().proof(), None);
        let before = SystemTime::now() - Duration::from_secs(60);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        let stamp = Stamp::of(&path).unwrap();
        assert!(stamp.proof().is_some());
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(stamp.sha256(&path).map(|sha256| crate::hex(&sha256)).as_deref(), Some(sha256));
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(stamp.sha256(&path), None, "another file by now");
        assert_eq!(Stamp::of(folder.path()).unwrap().sha256(folder.path()), None);
    }
}
