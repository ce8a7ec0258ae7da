//! A bank as a file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::writer::{Added, Writer};
use super::{Entry, schema};
use crate::error::Result;
use crate::evidence::EntryLabel;
use crate::hash::PDQ_QUALITY;

/// Known fakes and verified originals, in one SQLite file.
///
/// Whatever is written is written whole or not at all, also where a process is killed at it; processes that write one
/// bank at the same time take turns.
///
/// ```
/// use deepscreen::bank::{Added, Bank, Entry};
/// use deepscreen::EntryLabel;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("party.bank");
/// let bank = Bank::create(&path)?;
/// let mut entry = Entry::new(EntryLabel::KnownFake);
/// entry.pdq = Some("d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22".parse()?);
/// entry.link = Some("https://example.org/debunked".to_owned());
/// assert_eq!(bank.add(&entry)?, Added::New(1));
/// assert_eq!(bank.add(&entry)?, Added::Known(1));
/// # Ok::<(), deepscreen::Error>(())
/// ```
pub struct Bank {
    path: PathBuf,
    connection: Mutex<Connection>,
}

/// What a bank holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BankStats {
    /// Entries with each label, in the order of [`EntryLabel::ALL`].
    pub labels: [u64; EntryLabel::ALL.len()],
    /// Entries with a SHA-256.
    pub with_sha256: u64,
    /// Entries with a PDQ hash.
    pub with_pdq: u64,
    /// Entries whose PDQ quality is too low for their hash to match.
    pub of_low_quality: u64,
    /// Entries whose picture is kept.
    pub originals: u64,
    /// The distance up to which PDQ hashes match.
    pub distance: u32,
}

impl Bank {
    /// Makes an empty bank.
    ///
    /// # Errors
    /// [`InvalidBank`](crate::ErrorKind::InvalidBank) where a file is there already, [`Unreadable`](crate::ErrorKind::Unreadable)
    /// where none can be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        Self::with(path.as_ref(), schema::create)
    }

    /// Opens a bank. One of an older version is brought up to date.
    ///
    /// # Errors
    /// [`Unreadable`](crate::ErrorKind::Unreadable), and [`InvalidBank`](crate::ErrorKind::InvalidBank) for another file than a bank, a
    /// damaged one, and one of a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::with(path.as_ref(), schema::open)
    }

    fn with(path: &Path, open: impl FnOnce(&Path) -> Result<Connection>) -> Result<Self> {
        let connection = open(path).map_err(|error| error.about(path.display()))?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name: that of the file without what stands behind the last dot.
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`InvalidBank`](crate::ErrorKind::InvalidBank) for an entry without hashes, and for one that is there with another label:
    /// a picture cannot be both. Those of writing.
    pub fn add(&self, entry: &Entry) -> Result<Added> {
        self.write(|writer| writer.add(entry))
    }

    /// Writes many things as one: all of them are there in the end, or none. The bank waits meanwhile: `work` must not use
    /// it but through the writer.
    ///
    /// # Errors
    /// That of `work`, and those of writing.
    pub fn write<T>(&self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> Result<T> {
        self.asking(|connection| {
            let transaction = schema::immediate(connection)?;
            let done = work(&Writer::new(&transaction))?;
            transaction.commit().map_err(schema::failed)?;
            Ok(done)
        })
    }

    /// An entry by its number; `None` where none has it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn entry(&self, id: u32) -> Result<Option<Entry>> {
        self.asking(|connection| {
            let sql = format!("SELECT {} FROM entries WHERE id = ?", Entry::COLUMNS);
            let mut statement = connection.prepare_cached(&sql).map_err(schema::failed)?;
            let row = statement.query_row([id], Entry::from_row).optional().map_err(schema::failed)?;
            Ok(row.map(|(_, entry)| entry))
        })
    }

    /// The entry of a file, with its number.
    ///
    /// # Errors
    /// Those of reading.
    pub fn find(&self, sha256: &[u8; 32]) -> Result<Option<(u32, Entry)>> {
        self.asking(|connection| {
            let sql = format!("SELECT {} FROM entries WHERE sha256 = ?", Entry::COLUMNS);
            let mut statement = connection.prepare_cached(&sql).map_err(schema::failed)?;
            statement.query_row([sha256], Entry::from_row).optional().map_err(schema::failed)
        })
    }

    /// Shows every entry with its number, in the order of the numbers. The bank waits meanwhile: `each` must not use it.
    ///
    /// # Errors
    /// Those of reading, and that of `each`, which ends it.
    pub fn for_each(&self, mut each: impl FnMut(u32, Entry) -> Result<()>) -> Result<()> {
        self.asking(|connection| {
            let sql = format!("SELECT {} FROM entries ORDER BY id", Entry::COLUMNS);
            let mut statement = connection.prepare(&sql).map_err(schema::failed)?;
            let mut rows = statement.query(()).map_err(schema::failed)?;
            while let Some(row) = rows.next().map_err(schema::failed)? {
                let (id, entry) = Entry::from_row(row).map_err(schema::failed)?;
                each(id, entry)?;
            }
            Ok(())
        })
    }

    /// The file of an entry, where the bank keeps it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn original(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.asking(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT bytes FROM originals WHERE entry = ?")
                .map_err(schema::failed)?;
            statement.query_row([id], |row| row.get(0)).optional().map_err(schema::failed)
        })
    }

    /// The distance up to which PDQ hashes match, 0 to 255.
    ///
    /// # Errors
    /// Those of reading.
    pub fn distance(&self) -> Result<u32> {
        self.asking(|connection| {
            connection
                .query_row("SELECT distance FROM settings", (), |row| row.get(0))
                .map_err(schema::failed)
        })
    }

    /// Counts.
    ///
    /// # Errors
    /// Those of reading.
    pub fn stats(&self) -> Result<BankStats> {
        let distance = self.distance()?;
        self.asking(|connection| {
            let count = |condition: &str| {
                let sql = format!("SELECT count(*) FROM {condition}");
                connection
                    .query_row(&sql, (), |row| row.get::<_, u32>(0))
                    .map(u64::from)
                    .map_err(schema::failed)
            };
            let mut labels = [0; EntryLabel::ALL.len()];
            for (label, number) in EntryLabel::ALL.iter().zip(&mut labels) {
                *number = count(&format!("entries WHERE label = '{}'", label.code()))?;
            }
            Ok(BankStats {
                labels,
                with_sha256: count("entries WHERE sha256 IS NOT NULL")?,
                with_pdq: count("entries WHERE pdq IS NOT NULL")?,
                of_low_quality: count(&format!("entries WHERE pdq_quality < {PDQ_QUALITY}"))?,
                originals: count("originals")?,
                distance,
            })
        })
    }

    /// Whatever goes wrong names the bank.
    pub(super) fn asking<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        work(&mut self.connection()).map_err(|error| error.about(self.path.display()))
    }

    /// A panic in the middle of a transaction has rolled it back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::hash::Pdq;

    #[test]
    fn a_full_disk_leaves_the_bank_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let bank = Bank::create(folder.path().join("a.bank")).unwrap();
        let entry = |byte: u8, note: usize| {
            let mut entry = Entry::new(EntryLabel::KnownFake);
            entry.pdq = Some(Pdq::from_bytes([byte; 32]));
            entry.note = Some("x".repeat(note));
            entry
        };
        bank.add(&entry(0, 10)).unwrap();
        // SQLite then fails as it does on a disk without room.
        bank.asking(|connection| {
            let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
            connection.pragma_update_and_check(None, "max_page_count", pages + 3, |_| Ok(())).unwrap();
            Ok(())
        })
        .unwrap();
        let error =
            bank.write(|writer| (1..50).try_for_each(|byte| writer.add(&entry(byte, 4000)).map(drop)));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(error.to_string().contains("a.bank: the disk is full: nothing was changed"), "{error}");
        assert_eq!(bank.stats().unwrap().with_pdq, 1);
        bank.add(&entry(1, 10)).unwrap();
    }
}
