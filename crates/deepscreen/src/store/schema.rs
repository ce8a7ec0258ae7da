//! The tables of a store, their version, and what SQLite's errors mean.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::{Error, ErrorKind, Result};
use crate::sqlite;

/// Tells a store from other SQLite files: `dsst`.
const APPLICATION_ID: i32 = 0x6473_7374;

/// The version of stores that this library makes and reads.
const VERSION: u32 = 1;

/// `files` is narrow, since every scan asks for every row of it; a record stands once for all files of the same bytes.
/// `bytes` is the size; `modified` is in nanoseconds since 1970, NULL where it proves nothing; `again` marks a failure that
/// may go away. Times are seconds since 1970.
const TABLES: &str = "
    CREATE TABLE keys (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32));
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        modified INTEGER,
        record INTEGER NOT NULL,
        is_gone INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX files_path ON files (path);
    CREATE INDEX files_record ON files (record);
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        key INTEGER NOT NULL,
        again INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        sha256 BLOB CHECK (length(sha256) = 32),
        screened_at INTEGER NOT NULL,
        label TEXT NOT NULL,
        probability REAL,
        is_image INTEGER NOT NULL,
        is_unreadable INTEGER NOT NULL,
        reasons TEXT NOT NULL,
        line TEXT NOT NULL,
        line_vi TEXT NOT NULL,
        record TEXT NOT NULL,
        vi_start INTEGER NOT NULL,
        vi_end INTEGER NOT NULL,
        vi BLOB NOT NULL
    );
    CREATE UNIQUE INDEX records_content ON records (key, bytes, sha256) WHERE sha256 IS NOT NULL;
    CREATE TABLE scans (
        id INTEGER PRIMARY KEY,
        started_at INTEGER NOT NULL,
        finished_at INTEGER
    );";

/// In KiB.
const PAGE_CACHE: i64 = 32 << 10;

pub(super) fn open_or_create(path: &Path) -> Result<Connection> {
    match std::fs::metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Two may be at it: neither is refused for being second.
            let made = std::fs::OpenOptions::new().create(true).append(true).open(path);
            made.map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be created").because(error))?;
        }
        Err(error) => return Err(unreadable(error)),
    }
    let mut connection = connect(path)?;
    // Nothing at all is in it: new, or its making was cut short.
    if pages(&connection)? == 0 {
        make(&mut connection).map_err(failed)?;
    }
    check(connection)
}

pub(super) fn open(path: &Path) -> Result<Connection> {
    std::fs::metadata(path).map_err(unreadable)?;
    let connection = connect(path)?;
    if pages(&connection)? == 0 {
        return Err(Error::new(ErrorKind::Unreadable, "holds no results yet"));
    }
    check(connection)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be read").because(error)
}

fn connect(path: &Path) -> Result<Connection> {
    // SQLite would say of a folder that memory is short.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Error::new(ErrorKind::Unreadable, "a store is a file"));
    }
    let connection = sqlite::open(path).map_err(failed)?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE).map_err(failed)?;
    Ok(connection)
}

/// In one transaction, before the write-ahead mode writes anything: a store is whole, or an empty file.
fn make(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first.
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

/// Nothing is written into a file before it is known to be a store.
fn check(connection: Connection) -> Result<Connection> {
    let number =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    let refuse = |message: String| Err(Error::new(ErrorKind::Unreadable, message));
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return refuse("an SQLite file, and no store of results".to_owned());
    }
    match number("user_version")? {
        version if version == i64::from(VERSION) => {}
        version => {
            return refuse(format!(
                "a store of version {version}: this program knows version {VERSION}; name another file"
            ));
        }
    }
    let prepare = || {
        // What is committed survives the end of the process, whatever ends it; see the module's documentation.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")
    };
    prepare().map_err(failed)?;
    Ok(connection)
}

fn pages(connection: &Connection) -> Result<i64> {
    connection.pragma_query_value(None, "page_count", |row| row.get(0)).map_err(failed)
}

/// What an error of SQLite means for a store.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "not an SQLite file",
        Some(ErrorCode::DatabaseCorrupt) => "a damaged store",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process is writing and does not come to an end"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "cannot be written",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
            "cannot be read or written"
        }
        _ => "an unusable store",
    };
    Error::new(ErrorKind::Unreadable, message).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_store_or_of_another_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("text"), "results:\n").unwrap();
        Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let newer = open_or_create(&path("newer")).unwrap();
        newer.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(newer);
        for (name, says) in [
            ("text", "not an SQLite file"),
            ("foreign", "no store of results"),
            ("newer", "a store of version 2"),
            (".", "a store is a file"),
            ("no/such/folder", "cannot be"),
        ] {
            let before = std::fs::read(path(name)).ok();
            for open in [open, open_or_create] {
                let error = open(&path(name)).unwrap_err();
                assert!(error.to_string().contains(says), "{name}: {error}");
            }
            assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
        }
        assert!(open(&path("missing")).is_err());
        assert!(!path("missing").exists());
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.count(), 3, "nothing is left beside them");
    }

    #[test]
    fn a_making_that_was_cut_short_is_made_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, "").unwrap();
        let error = open(&path).unwrap_err();
        assert!(error.to_string().contains("no results yet"), "reading makes nothing: {error}");
        drop(open_or_create(&path).unwrap());
        open(&path).unwrap();
    }
}
