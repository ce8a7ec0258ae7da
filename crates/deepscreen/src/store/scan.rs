//! Files in, their results out, in order: what is known comes out of the store, everything else is screened and goes into
//! it.
//!
//! All of SQLite happens on the calling thread, between what the threads of the screener give: a screening costs a
//! hundred times as much as writing it down.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::Store;
use super::place::{Place, Stamp, now};
use super::stored::{COLUMNS, INSERT, New, Stored};
use crate::error::{Error, ErrorKind, Result};
use crate::screener::{Screener, Screenings};
use crate::screening::{Screening, Summary};

/// What a crash may cost: the results of so long.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// So many files are asked for while the first of them is screened.
const MOST_WAITING: usize = 1 << 14;

/// A scan into a store: no other can be while it lives.
///
/// [`run`](Self::run) looks at files, any number of times; [`finish`](Self::finish) says that these were all.
pub struct Scan<'a> {
    store: &'a Store,
    screener: &'a Screener,
    id: i64,
    key: i64,
    writing: RefCell<Writing>,
    /// Held as long as it is open, whatever ends the process.
    _lock: File,
}

/// What came of one file.
#[derive(Debug)]
pub enum Looked<'a> {
    /// It was screened, and is stored now.
    New(&'a Screening),
    /// The store knew it.
    Known(&'a Stored),
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// How all files came out, those too that were known.
    pub summary: Summary,
    /// How many were known.
    pub known: u64,
}

/// What is not in the store's file yet, and what was seen.
#[derive(Debug, Default)]
struct Writing {
    /// When the open transaction began, where there is one.
    since: Option<Instant>,
    /// The files of this scan: a bit for each, by their numbers, 64 together.
    seen: HashMap<i64, u64>,
}

/// One file between being asked for and being given out.
enum Waiting {
    Known { path: PathBuf, file: i64 },
    New { place: Place, stamp: Option<Stamp> },
}

/// What the store has of a file at its place.
struct Row {
    file: i64,
    bytes: i64,
    modified: Option<i64>,
    is_gone: bool,
    /// Whether its record is one of this scan's key, and no failure that may go away.
    holds: bool,
}

impl Store {
    /// Begins a scan; `None` where another has the store. `with` is what the results depend on beside the screener,
    /// where there is something: files that are written beside them.
    ///
    /// Beside the store lies a file of the same name and `-lock`, empty, which is locked as long as the scan lives.
    ///
    /// # Errors
    /// Those of writing, and where the file system knows no locks.
    pub fn scan<'a>(&'a self, screener: &'a Screener, with: &str) -> Result<Option<Scan<'a>>> {
        let Some(lock) = self.lock()? else { return Ok(None) };
        let key = Sha256::new().chain_update(screener.fingerprint()).chain_update(with).finalize();
        let (id, key) = self.asking(|connection| {
            connection.execute("INSERT OR IGNORE INTO keys (sha256) VALUES (?)", [key.as_slice()])?;
            let sql = "SELECT id FROM keys WHERE sha256 = ?";
            let key = connection.query_row(sql, [key.as_slice()], |row| row.get(0))?;
            connection.execute("INSERT INTO scans (started_at) VALUES (?)", [now()])?;
            Ok((connection.last_insert_rowid(), key))
        })?;
        let writing = RefCell::default();
        Ok(Some(Scan { store: self, screener, id, key, writing, _lock: lock }))
    }

    fn lock(&self) -> Result<Option<File>> {
        let mut path = self.path().as_os_str().to_owned();
        path.push("-lock");
        let cannot = |error: std::io::Error| {
            Error::new(ErrorKind::Unreadable, "cannot be locked")
                .because(error)
                .about(Path::new(&path).display())
        };
        let file = File::options().create(true).append(true).open(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }
}

impl Scan<'_> {
    /// Looks at files: gives for each what the store knows, or screens and stores it, in the order of the paths, on the
    /// calling thread, within memory that does not grow with their number. `line` makes of a screening what a person
    /// is to read of it, in English and in Vietnamese: [`Stored::line`] gives it back. `each` may end the run; so may
    /// `paths`, as soon as there is nothing more to look at.
    ///
    /// What was given out is in the store at the latest a second later, and when the run is over.
    ///
    /// # Errors
    /// Those of writing into the store: without it there is no use in going on. Everything else is in the screenings.
    pub fn run<P>(
        &mut self,
        paths: P,
        line: impl Fn(&Screening) -> [String; 2],
        mut each: impl FnMut(Looked<'_>) -> ControlFlow<()>,
    ) -> Result<Done>
    where
        P: IntoIterator<Item = PathBuf>,
    {
        let start = Instant::now();
        let mut done = Done::default();
        let ran = self.look_at_all(&mut paths.into_iter().fuse(), line, &mut |looked| {
            match &looked {
                Looked::New(screening) => done.summary.count(screening),
                Looked::Known(stored) => {
                    done.known += 1;
                    done.summary.count_stored(stored);
                }
            }
            each(looked)
        });
        // What was found before something went wrong is worth keeping.
        let kept = self.store.asking(|connection| self.writing.borrow_mut().commit(connection));
        ran.and(kept)?;
        done.summary.elapsed = start.elapsed();
        Ok(done)
    }

    fn look_at_all(
        &self,
        paths: &mut impl Iterator<Item = PathBuf>,
        line: impl Fn(&Screening) -> [String; 2],
        each: &mut dyn FnMut(Looked<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let waiting = RefCell::new(VecDeque::new());
        let failed = RefCell::new(None);
        let mut is_over = false;
        // A long way of known files behind one that is screened must not pile up: then that one is waited for.
        while !is_over {
            let unknown = std::iter::from_fn(|| {
                while failed.borrow().is_none() && waiting.borrow().len() < MOST_WAITING {
                    let Some(path) = paths.next() else {
                        is_over = true;
                        break;
                    };
                    match self.look_up(path.clone()) {
                        Ok(known @ Waiting::Known { .. }) => waiting.borrow_mut().push_back(known),
                        Ok(new @ Waiting::New { .. }) => {
                            waiting.borrow_mut().push_back(new);
                            return Some(path);
                        }
                        Err(error) => *failed.borrow_mut() = Some(error),
                    }
                }
                None
            });
            let mut screenings = self.screener.screen_many(unknown);
            loop {
                let screening = self.next(&mut screenings)?;
                let mut unstored = screening.as_ref();
                // Everything that was asked for before it, it, and what is known behind it.
                loop {
                    let next = waiting.borrow_mut().pop_front();
                    let going_on = match (next, unstored) {
                        (Some(Waiting::Known { path, file }), _) => {
                            each(Looked::Known(&self.read(file, path)?))
                        }
                        (Some(Waiting::New { place, stamp }), Some(screening)) => {
                            unstored = None;
                            self.write(&place, stamp, &New::of(screening, line(screening)))?;
                            each(Looked::New(screening))
                        }
                        (Some(new), None) => {
                            waiting.borrow_mut().push_front(new);
                            break;
                        }
                        (None, _) => break,
                    };
                    if going_on.is_break() {
                        return Ok(());
                    }
                }
                if screening.is_none() {
                    break;
                }
            }
            drop(screenings);
            if let Some(error) = failed.take() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next screening. What was written is committed in time, however long that takes.
    fn next<I>(&self, screenings: &mut Screenings<I>) -> Result<Option<Screening>>
    where
        I: Iterator<Item = PathBuf>,
    {
        let patience =
            |writing: &Writing| writing.since.map(|since| COMMIT_EVERY.saturating_sub(since.elapsed()));
        let Some(patience) = patience(&self.writing.borrow()) else { return Ok(screenings.next()) };
        if let Ok(screening) = screenings.next_within(patience) {
            return Ok(screening);
        }
        self.store.asking(|connection| self.writing.borrow_mut().commit(connection))?;
        self.next(screenings)
    }

    /// A file that is known, or what to store its screening under.
    fn look_up(&self, path: PathBuf) -> Result<Waiting> {
        let (place, stamp) = (Place::of(&path)?, Stamp::of(&path));
        let Some(known) = stamp else { return Ok(Waiting::New { place, stamp }) };
        let mut writing = self.writing.borrow_mut();
        let file = self.store.asking(|connection| {
            let row = self.row(connection, &place)?;
            if let Some(row) = &row
                && row.holds
                && (row.bytes, row.modified) == (known.bytes, known.modified)
            {
                if row.is_gone {
                    writing.begin(connection)?;
                    connection
                        .prepare_cached("UPDATE files SET is_gone = 0 WHERE id = ?")?
                        .execute([row.file])?;
                }
                writing.see(row.file);
                return Ok(Some(row.file));
            }
            let Some(record) = self.same_bytes(connection, &path, &known)? else { return Ok(None) };
            writing.begin(connection)?;
            let file = writing.put(connection, &place, known.bytes, known.proof(), record)?;
            writing.commit_now_and_then(connection)?;
            Ok(Some(file))
        })?;
        Ok(match file {
            Some(file) => Waiting::Known { path, file },
            None => Waiting::New { place, stamp },
        })
    }

    fn row(&self, connection: &Connection, place: &Place) -> rusqlite::Result<Option<Row>> {
        let sql = "SELECT f.id, f.bytes, f.modified, f.is_gone, r.key = ?2 AND NOT r.again
                   FROM files f JOIN records r ON r.id = f.record WHERE f.path = ?1";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Row {
                file: row.get(0)?,
                bytes: row.get(1)?,
                modified: row.get(2)?,
                is_gone: row.get(3)?,
                holds: row.get(4)?,
            })
        };
        connection.prepare_cached(sql)?.query_row(params![place.0, self.key], row).optional()
    }

    /// The record of a file with the same bytes, wherever that is or was. Only where one of the same size is known is the
    /// file opened.
    fn same_bytes(
        &self,
        connection: &Connection,
        path: &Path,
        stamp: &Stamp,
    ) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT EXISTS (SELECT 1 FROM records WHERE key = ? AND bytes = ? AND sha256 IS NOT NULL)";
        let is_like_one =
            connection.prepare_cached(sql)?.query_row(params![self.key, stamp.bytes], |row| row.get(0))?;
        let Some(sha256) = (if is_like_one { stamp.sha256(path) } else { None }) else { return Ok(None) };
        let sql = "SELECT id FROM records
                   WHERE key = ? AND bytes = ? AND sha256 = ? AND sha256 IS NOT NULL AND NOT again";
        let values = params![self.key, stamp.bytes, sha256];
        connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()
    }

    fn read(&self, file: i64, path: PathBuf) -> Result<Stored> {
        let sql = format!("SELECT {COLUMNS} FROM files f JOIN records r ON r.id = f.record WHERE f.id = ?");
        self.store.asking(|connection| {
            connection.prepare_cached(&sql)?.query_row([file], |row| Stored::read(row, 0, path, false))
        })
    }

    fn write(&self, place: &Place, stamp: Option<Stamp>, new: &New<'_>) -> Result<()> {
        let bytes = i64::try_from(new.screening.input.bytes).unwrap_or(i64::MAX);
        // One that was changed between being asked and being read is looked at again.
        let modified = stamp.filter(|stamp| stamp.bytes == bytes).and_then(|stamp| stamp.proof());
        let mut writing = self.writing.borrow_mut();
        self.store.asking(|connection| {
            writing.begin(connection)?;
            let mut statement = connection.prepare_cached(INSERT)?;
            let record = new.insert(&mut statement, self.key, now())?;
            writing.put(connection, place, bytes, modified, record)?;
            writing.commit_now_and_then(connection)
        })
    }

    /// Says that all there is was looked at: files below these folders that this scan has not seen are gone.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish<P: AsRef<Path>>(self, roots: &[P]) -> Result<()> {
        let mut writing = self.writing.borrow_mut();
        // What is a file was seen, however it came out.
        let folders = roots.iter().map(AsRef::as_ref).filter(|root| !root.is_file());
        let folders = folders.map(|root| Place::of(root).map(Place::below)).collect::<Result<Vec<_>>>()?;
        self.store.asking(|connection| {
            writing.begin(connection)?;
            for (start, end) in folders {
                let mut gone = Vec::new();
                let mut statement = connection
                    .prepare_cached("SELECT id FROM files WHERE path >= ? AND path < ? AND NOT is_gone")?;
                let mut rows = statement.query(params![start, end])?;
                while let Some(row) = rows.next()? {
                    gone.extend(Some(row.get(0)?).filter(|file| !writing.has_seen(*file)));
                }
                let mut statement = connection.prepare_cached("UPDATE files SET is_gone = 1 WHERE id = ?")?;
                for file in gone {
                    statement.execute([file])?;
                }
            }
            connection.execute("UPDATE scans SET finished_at = ? WHERE id = ?", [now(), self.id])?;
            writing.commit(connection)
        })
    }
}

/// What was written and not committed is worth keeping where the scan ends early.
impl Drop for Scan<'_> {
    fn drop(&mut self) {
        let _ = self.store.asking(|connection| self.writing.borrow_mut().commit(connection));
    }
}

impl Writing {
    fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.since.is_none() {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
            self.since = Some(Instant::now());
        }
        Ok(())
    }

    fn commit_now_and_then(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.since.is_some_and(|since| since.elapsed() >= COMMIT_EVERY) {
            self.commit(connection)
        } else {
            Ok(())
        }
    }

    fn commit(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.since.is_some() {
            // One that failed (a full disk) is over too, or is tried again when the scan is dropped.
            connection.prepare_cached("COMMIT")?.execute(())?;
            self.since = None;
        }
        Ok(())
    }

    /// Puts a file at its place, which may have been another's: a record that no file has any more goes.
    fn put(
        &mut self,
        connection: &Connection,
        place: &Place,
        bytes: i64,
        modified: Option<i64>,
        record: i64,
    ) -> rusqlite::Result<i64> {
        let before: Option<i64> = connection
            .prepare_cached("SELECT record FROM files WHERE path = ?")?
            .query_row(params![place.0], |row| row.get(0))
            .optional()?;
        let file = connection
            .prepare_cached(
                "INSERT INTO files (path, bytes, modified, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (path) DO UPDATE SET bytes = ?2, modified = ?3, record = ?4, is_gone = 0
                 RETURNING id",
            )?
            .query_row(params![place.0, bytes, modified, record], |row| row.get(0))?;
        if let Some(before) = before.filter(|before| *before != record) {
            connection
                .prepare_cached(
                    "DELETE FROM records
                     WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE record = ?1)",
                )?
                .execute([before])?;
        }
        self.see(file);
        Ok(file)
    }

    fn see(&mut self, file: i64) {
        *self.seen.entry(file >> 6).or_default() |= 1 << (file & 63);
    }

    fn has_seen(&self, file: i64) -> bool {
        self.seen.get(&(file >> 6)).is_some_and(|bits| bits & 1 << (file & 63) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Filter;

    #[test]
    fn a_full_disk_ends_the_scan_and_keeps_what_was_committed() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..400).map(|number| folder.path().join(format!("{number:03}"))).collect();
        for file in &files {
            std::fs::write(file, file.as_os_str().as_encoded_bytes()).unwrap();
        }
        let store = Store::open_or_create(folder.path().join("a.store")).unwrap();
        let screener = Screener::builder().threads(1).build().unwrap();
        let none = |_: &Screening| Default::default();
        let run = |files: &[PathBuf]| {
            let mut scan = store.scan(&screener, "").unwrap().unwrap();
            scan.run(files.iter().cloned(), none, |_| ControlFlow::Continue(()))
        };
        run(&files[..10]).unwrap();
        // SQLite then fails as it does on a disk without room.
        let pages = |number: i64| {
            store.connection.pragma_update_and_check(None, "max_page_count", number, |_| Ok(())).unwrap();
        };
        let count: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        pages(count + 3);
        let error = run(&files).unwrap_err();
        assert!(error.to_string().contains("a.store: the disk is full"), "{error}");
        assert!(store.totals(&Filter::default()).unwrap().files >= 10);
        pages(1 << 20);
        let done = run(&files).unwrap();
        assert_eq!((done.known >= 10, store.totals(&Filter::default()).unwrap().files), (true, 400));
    }

    #[test]
    fn every_record_has_a_file_and_no_file_is_there_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let store = Store::open_or_create(folder.path().join("a.store")).unwrap();
        let screener = Screener::builder().threads(1).build().unwrap();
        let none = |_: &Screening| Default::default();
        for text in ["one", "another", "one", ""] {
            std::fs::write(&file, text).unwrap();
            let mut scan = store.scan(&screener, "").unwrap().unwrap();
            let missing = folder.path().join("missing");
            let paths = [file.clone(), missing.clone(), file.clone(), missing];
            scan.run(paths, none, |_| ControlFlow::Continue(())).unwrap();
            scan.finish(&[folder.path()]).unwrap();
            let count = |sql: &str| store.connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(count("SELECT count(*) FROM files"), 2);
            assert_eq!(count("SELECT count(*) FROM records"), 2, "{text}");
            let check =
                store.connection.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0));
            assert_eq!(check.unwrap(), "ok");
        }
    }
}
