//! Paths as the user gives them in, the files to look at out.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use deepscreen::walk;

use crate::Failed;
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
