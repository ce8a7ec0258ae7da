//! Paths as the user gives them in, the files to look at out.

use std::io::BufRead;
use std::path::{Path, PathBuf, absolute};

use deepscreen::walk;

use crate::Failed;
use crate::args::ScanArguments;
use crate::text::Text;

/// Every file that the arguments name or hold, in their order.
///
/// Fails where nothing that was named exists: a record for each would hide that the call itself is wrong.
pub(crate) fn collect(paths: &[PathBuf], text: Text) -> Result<Vec<PathBuf>, Failed> {
    Ok(files(roots(paths, text)?))
}

/// Every file that these are or hold, in their order.
pub(crate) fn files(roots: Vec<PathBuf>) -> Vec<PathBuf> {
    roots.into_iter().flat_map(walk).collect()
}

/// What the arguments name, with what stands on standard input. Fails as [`collect`] does.
pub(crate) fn roots(paths: &[PathBuf], text: Text) -> Result<Vec<PathBuf>, Failed> {
    let mut roots = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            roots.extend(listed(std::io::stdin().lock(), text)?);
        } else {
            roots.push(path.clone());
        }
    }
    if !roots.is_empty() && roots.iter().all(|root| root.symlink_metadata().is_err()) {
        return Err(Failed::Message(text.nothing_exists(&roots)));
    }
    Ok(roots)
}

/// What a scan writes itself, which it must not look at.
pub(crate) struct Own {
    files: Vec<PathBuf>,
    folder: Option<PathBuf>,
}

impl Own {
    pub(crate) fn of(arguments: &ScanArguments) -> Self {
        let mut files = Vec::new();
        let mut add = |path: &Path, end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            files.extend(absolute(name));
        };
        if let Some(store) = &arguments.store {
            // SQLite and the lock keep files beside a store.
            for end in ["", "-wal", "-shm", "-journal", "-lock"] {
                add(store, end);
            }
        }
        if let Some(out) = &arguments.out {
            add(out, "");
        }
        let folder = arguments.judging.heat_maps.as_ref().and_then(|folder| absolute(folder).ok());
        Self { files, folder }
    }

    pub(crate) fn holds(&self, path: &Path) -> bool {
        // Cheap for nearly all others.
        let is_like_one = self.files.iter().any(|file| file.file_name() == path.file_name());
        (is_like_one || self.folder.is_some())
            && absolute(path).is_ok_and(|path| {
                self.files.contains(&path)
                    || self.folder.as_ref().is_some_and(|folder| path.starts_with(folder))
            })
    }
}

/// One path a line, in the bytes of the file system. Empty lines are passed over.
fn listed(input: impl BufRead, text: Text) -> Result<Vec<PathBuf>, Failed> {
    let mut paths = Vec::new();
    for line in input.split(b'\n') {
        let mut line = line.map_err(|error| Failed::Message(text.list_unreadable(&error)))?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.is_empty() {
            paths.push(path_from(line));
        }
    }
    Ok(paths)
}

#[cfg(unix)]
fn path_from(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_from(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepscreen::Language;

    #[test]
    fn a_list_keeps_its_order_and_passes_over_empty_lines() {
        let paths = listed(&b"b.jpg\r\n\na.jpg\nc d.jpg"[..], Text::new(Language::English)).ok().unwrap();
        assert_eq!(paths, ["b.jpg", "a.jpg", "c d.jpg"].map(PathBuf::from));
    }
}
