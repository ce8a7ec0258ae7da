//! Screenings of files in, an SQLite file of results out: a scan that was broken off goes on where it stopped, and what
//! is known of a file is not found out again.
//!
//! A [`Store`] holds one result for each file: its record, and what it takes to know whether that still holds. A
//! [`Scan`] writes it; one at a time, whoever asks. Anybody may read meanwhile.
//!
//! **When a result holds.** A file of the same path, size and modification time, screened by a screener of the same
//! [fingerprint](crate::Screener::fingerprint), is not opened. Where path, size or time are others, its SHA-256 decides: a
//! file that was moved, copied or merely touched takes over the result of its bytes. Everything else is screened.
//!
//! **What a crash costs.** Results are committed about once a second, all of a second in one transaction. The file is in
//! SQLite's write-ahead mode with `synchronous = NORMAL`: what is committed survives whatever ends the process, also
//! SIGKILL, since the system has it then; a power cut may take the last commits too, and never leaves a damaged file. A
//! file is one row under its path, written together with its record: none is there twice, and one that is missing is
//! screened by the next scan.
//!
//! Never knows what a picture is, nor how it is judged.

mod place;
mod query;
mod scan;
mod schema;
mod stored;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::Result;

pub use query::{Filter, LastScan, Totals};
pub use scan::{Done, Looked, Scan};
pub use stored::Stored;

/// A file of results.
///
/// ```
/// use deepscreen::store::{Filter, Looked, Store};
/// use deepscreen::{HashAnalyzer, Language, Screener, walk};
/// use std::ops::ControlFlow;
///
/// # let home = tempfile::tempdir().unwrap();
/// # let (photos, file) = (home.path().join("photos"), home.path().join("photos.store"));
/// # std::fs::create_dir(&photos).unwrap();
/// # std::fs::write(photos.join("notes.txt"), "no picture").unwrap();
/// let screener = Screener::builder().analyzer(HashAnalyzer).build()?;
/// let store = Store::open_or_create(&file)?;
/// let mut scan = store.scan(&screener, "")?.expect("nobody else scans");
/// let line = |_: &deepscreen::Screening| [String::new(), String::new()];
/// let done = scan.run(walk(&photos), line, |looked| {
///     match looked {
///         Looked::New(screening) => println!("{}", screening.to_json(Language::English)),
///         Looked::Known(stored) => println!("{}", stored.to_json(Language::English)),
///     }
///     ControlFlow::Continue(())
/// })?;
/// scan.finish(&[&photos])?;
/// assert_eq!(done.known, 0);
/// assert_eq!(store.totals(&Filter::default())?.files, 1);
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens a store, or makes one where nothing is yet.
    ///
    /// # Errors
    /// [`Unreadable`](crate::ErrorKind::Unreadable) where that cannot be, also for a file of another kind and for a store
    /// of another version, which are left as they are.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self> {
        Self::with(path.as_ref(), schema::open_or_create)
    }

    /// Opens a store.
    ///
    /// # Errors
    /// Those of [`open_or_create`](Self::open_or_create), and where nothing is there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::with(path.as_ref(), schema::open)
    }

    fn with(path: &Path, open: impl FnOnce(&Path) -> Result<Connection>) -> Result<Self> {
        let connection = open(path).map_err(|error| error.about(path.display()))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whatever goes wrong names the store.
    fn asking<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection).map_err(|error| schema::failed(error).about(self.path.display()))
    }
}
