//! The tables of a bank, their versions, and what SQLite's errors mean.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::{Error, ErrorKind, Result};
use crate::sqlite;

/// Tells a bank from other SQLite files: `dsbk`.
const APPLICATION_ID: i32 = 0x6473_626b;

/// What leads from each version to the next: version 1 is what the first step makes of an empty file.
const STEPS: [&str; 2] = [
    "CREATE TABLE settings (distance INTEGER NOT NULL CHECK (distance BETWEEN 0 AND 255));
     INSERT INTO settings VALUES (31);
     CREATE TABLE entries (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         label TEXT NOT NULL CHECK (label IN ('known_fake', 'verified_original', 'ignore')),
         sha256 BLOB CHECK (length(sha256) = 32),
         pdq BLOB CHECK (length(pdq) = 32),
         pdq_quality INTEGER CHECK (pdq_quality BETWEEN 0 AND 100),
         phash BLOB CHECK (length(phash) = 8),
         dhash BLOB CHECK (length(dhash) = 8),
         ahash BLOB CHECK (length(ahash) = 8),
         name TEXT, source TEXT, note TEXT, link TEXT,
         added_at TEXT NOT NULL,
         CHECK (sha256 IS NOT NULL OR pdq IS NOT NULL)
     );
     CREATE UNIQUE INDEX entries_sha256 ON entries (sha256) WHERE sha256 IS NOT NULL;
     CREATE UNIQUE INDEX entries_pdq ON entries (pdq) WHERE sha256 IS NULL;",
    "CREATE TABLE originals (
         entry INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
         bytes BLOB NOT NULL
     );",
];

/// The version of banks that this library makes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Makes an empty bank where nothing is yet, or an empty file: one that was killed at it leaves no more.
pub(super) fn create(path: &Path) -> Result<Connection> {
    let is_there = || Error::new(ErrorKind::InvalidBank, "is there already");
    let is_new = match std::fs::File::create_new(path) {
        Ok(_) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let is_empty = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0);
            if is_empty { false } else { return Err(is_there()) }
        }
        Err(error) => return Err(Error::new(ErrorKind::Unreadable, "cannot be created").because(error)),
    };
    let make = || {
        let mut connection = connect(path)?;
        let transaction = immediate(&mut connection)?;
        if version(&transaction)? > 0 {
            return Err(is_there());
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        migrate(&transaction, 0)?;
        transaction.commit().map_err(failed)?;
        Ok(connection)
    };
    make().inspect_err(|_| {
        if is_new {
            let _ = std::fs::remove_file(path);
        }
    })
}

/// Opens a bank, of which an older version is brought up to date.
pub(super) fn open(path: &Path) -> Result<Connection> {
    // SQLite would make a missing file, and say of a folder that memory is short.
    let file = std::fs::metadata(path)
        .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error))?;
    if !file.is_file() {
        return Err(Error::new(ErrorKind::Unreadable, "a bank is a file"));
    }
    let mut connection = connect(path)?;
    check(&connection)?;
    if version(&connection)? < VERSION {
        // Another process may have been first.
        let transaction = immediate(&mut connection)?;
        let before = version(&transaction)?;
        migrate(&transaction, before)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(connection)
}

/// A transaction that writes: one at a time, whoever else has the bank open.
pub(super) fn immediate(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = sqlite::open(path).map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    Ok(connection)
}

fn check(connection: &Connection) -> Result<()> {
    let id: i32 = pragma(connection, "application_id")?;
    if id != APPLICATION_ID {
        return Err(Error::new(ErrorKind::InvalidBank, "an SQLite file, and no bank"));
    }
    let version = version(connection)?;
    if version > VERSION {
        let message = format!(
            "a bank of version {version}: this program knows version {VERSION} and older ones, a newer one is needed"
        );
        return Err(Error::new(ErrorKind::InvalidBank, message));
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<u32> {
    pragma(connection, "user_version")
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0)).map_err(failed)
}

fn migrate(connection: &Connection, from: u32) -> Result<()> {
    for step in STEPS.iter().skip(from as usize) {
        connection.execute_batch(step).map_err(failed)?;
    }
    connection.pragma_update(None, "user_version", VERSION).map_err(failed)
}

/// What an error of SQLite means for a bank.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    let (kind, message) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => (ErrorKind::InvalidBank, "not an SQLite file"),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::InvalidBank, "a damaged bank"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Unreadable, "another process is writing and does not come to an end")
        }
        Some(ErrorCode::DiskFull) => (ErrorKind::Unreadable, "the disk is full: nothing was changed"),
        Some(ErrorCode::ReadOnly) => (ErrorKind::Unreadable, "cannot be written"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
            (ErrorKind::Unreadable, "cannot be read or written")
        }
        _ => (ErrorKind::InvalidBank, "an unusable bank"),
    };
    Error::new(kind, message).because(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_older_bank_is_brought_up_to_date_and_keeps_its_entries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.bank");
        let old = Connection::open(&path).unwrap();
        old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        old.execute_batch(STEPS[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO entries (label, pdq, added_at) VALUES ('known_fake', zeroblob(32), '')";
        old.execute(insert, ()).unwrap();
        drop(old);
        for _ in 0..2 {
            let bank = open(&path).unwrap();
            assert_eq!(version(&bank).unwrap(), VERSION);
            let count = |table| {
                bank.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get::<_, u32>(0))
            };
            assert_eq!((count("entries").unwrap(), count("originals").unwrap()), (1, 0));
        }
    }

    #[test]
    fn what_is_no_bank_or_a_newer_one_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("text"), "known fakes:\n").unwrap();
        std::fs::write(path("empty"), "").unwrap();
        Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let newer = create(&path("newer")).unwrap();
        newer.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(newer);
        for (name, says) in [
            ("text", "not an SQLite file"),
            ("empty", "no bank"),
            ("foreign", "no bank"),
            ("newer", "a newer one is needed"),
            ("missing", "cannot be read"),
            (".", "a bank is a file"),
        ] {
            let before = std::fs::read(path(name)).ok();
            let error = open(&path(name)).unwrap_err();
            assert!(error.to_string().contains(says), "{name}: {error}");
            assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
        }
        let error = create(&path("text")).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidBank, "is there already"));
        assert_eq!(std::fs::read(path("text")).unwrap(), b"known fakes:\n");
    }
}
