//! Files and folders in, every file below them out, in byte order of the path.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Walks a file or a folder: every file below it, in byte order of the whole path, whatever their number.
///
/// Symbolic links to files are followed, those to folders are not, so that no loop is walked. A path that does
/// not exist or a folder that cannot be read is given as it is: whoever opens it learns why.
pub fn walk(path: impl Into<PathBuf>) -> Walk {
    Walk { pending: VecDeque::from([path.into()]), top: true }
}

/// The iterator behind [`walk`].
#[derive(Debug)]
pub struct Walk {
    /// What comes next, first things first.
    pending: VecDeque<PathBuf>,
    top: bool,
}

impl Iterator for Walk {
    type Item = PathBuf;

    fn next(&mut self) -> Option<PathBuf> {
        while let Some(path) = self.pending.pop_front() {
            // A folder that the user names is walked even through a link.
            let is_folder = if std::mem::take(&mut self.top) {
                path.is_dir()
            } else {
                fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir())
            };
            if !is_folder {
                return Some(path);
            }
            match entries(&path) {
                Ok(entries) => entries.into_iter().rev().for_each(|entry| self.pending.push_front(entry)),
                Err(_) => return Some(path),
            }
        }
        None
    }
}

/// What lies in a folder, in the order in which the paths of the files below will be sorted: there, the name of a
/// folder is followed by a slash, so that `a-b` comes before `a/c`. Links to folders are left out.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut named: Vec<(OsString, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_symlink() && entry.path().is_dir() {
            continue;
        }
        let mut name = entry.file_name();
        if kind.is_dir() {
            name.push("/");
        }
        named.push((name, entry.path()));
    }
    named.sort_by(|(a, _), (b, _)| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    Ok(named.into_iter().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_bytes_of_the_path() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.jpg", "a/z.jpg", "a/b/c.jpg", "a-b.jpg", "a0.jpg", "é.jpg", "B.jpg"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found: Vec<_> = walk(folder.path()).collect();
        let mut sorted = found.clone();
        sorted.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
        assert_eq!(found.len(), 7);
        assert_eq!(found, sorted);
    }

    #[test]
    fn what_is_missing_is_given_as_it_is_and_an_empty_folder_gives_nothing() {
        assert_eq!(walk("no/such/file").collect::<Vec<_>>(), [PathBuf::from("no/such/file")]);
        assert_eq!(walk(tempfile::tempdir().unwrap().path()).count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_are_followed_and_loops_are_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.jpg"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.jpg"), folder.path().join("b.jpg")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        assert_eq!(walk(folder.path()).count(), 2);
    }
}
