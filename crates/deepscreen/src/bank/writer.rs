//! Entries into a bank, and out of it.

use rusqlite::{OptionalExtension, Transaction, params};

use super::schema::failed;
use super::{Bank, Entry};
use crate::error::{Error, ErrorKind, Result};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new, and has this number.
    New(u32),
    /// The entry of this number has the same SHA-256, or where there is none the same PDQ hash, and the same label: it
    /// stays as it is.
    Known(u32),
}

/// What became of the entries of another bank.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Merged {
    /// Entries that are new.
    pub added: u64,
    /// Entries that were there already.
    pub known: u64,
    /// Entries of the other that contradict one of these, by their numbers there, with what is wrong.
    pub refused: Vec<(u32, Error)>,
    /// Files that were taken over.
    pub originals: u64,
}

/// Writes into a bank as long as [`Bank::write`] lasts.
pub struct Writer<'a> {
    transaction: &'a Transaction<'a>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>) -> Self {
        Self { transaction }
    }

    /// Adds an entry: [`Bank::add`].
    ///
    /// # Errors
    /// Those of [`Bank::add`].
    pub fn add(&self, entry: &Entry) -> Result<Added> {
        entry.check()?;
        let known = match (&entry.sha256, &entry.pdq) {
            (Some(sha256), _) => self.known("sha256 = ?", sha256)?,
            (None, Some(pdq)) => self.known("pdq = ? AND sha256 IS NULL", pdq.as_bytes())?,
            (None, None) => None,
        };
        if let Some((id, label)) = known {
            if label == entry.label.code() {
                return Ok(Added::Known(id));
            }
            let message = format!("is there already as {label}, entry {id}");
            return Err(Error::new(ErrorKind::InvalidBank, message));
        }
        let hash64 = |hash: Option<crate::hash::Hash64>| hash.map(|hash| hash.0.to_be_bytes());
        let mut statement = self
            .transaction
            .prepare_cached(
                "INSERT INTO entries
                     (label, sha256, pdq, pdq_quality, phash, dhash, ahash, name, source, note, link, added_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')))",
            )
            .map_err(failed)?;
        let id = statement
            .insert(params![
                entry.label.code(),
                entry.sha256,
                entry.pdq.as_ref().map(|pdq| pdq.as_bytes()),
                entry.pdq_quality,
                hash64(entry.phash),
                hash64(entry.dhash),
                hash64(entry.ahash),
                entry.name,
                entry.source,
                entry.note,
                entry.link,
                entry.added_at,
            ])
            .map_err(failed)?;
        let full = |_| Error::new(ErrorKind::InvalidBank, "a bank holds at most 4,294,967,295 entries");
        Ok(Added::New(u32::try_from(id).map_err(full)?))
    }

    /// The files that another bank keeps of entries that are here too.
    fn take_originals(&self, other: &Bank) -> Result<u64> {
        other.asking(|connection| {
            let sql =
                "SELECT sha256, bytes FROM originals JOIN entries ON id = entry WHERE sha256 IS NOT NULL";
            let mut statement = connection.prepare(sql).map_err(failed)?;
            let mut rows = statement.query(()).map_err(failed)?;
            let mut kept = 0;
            while let Some(row) = rows.next().map_err(failed)? {
                let sha256: [u8; 32] = row.get(0).map_err(failed)?;
                if let Some((id, _)) = self.known("sha256 = ?", &sha256)? {
                    let bytes = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(failed)?;
                    kept += u64::from(self.keep_original(id, bytes)?);
                }
            }
            Ok(kept)
        })
    }

    fn known(&self, condition: &str, hash: &[u8; 32]) -> Result<Option<(u32, String)>> {
        let sql = format!("SELECT id, label FROM entries WHERE {condition}");
        let mut statement = self.transaction.prepare_cached(&sql).map_err(failed)?;
        statement.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(failed)
    }

    /// Keeps the file of an entry in the bank, so that near copies can be compared with it. Gives whether it is new: one
    /// that is kept already stays.
    ///
    /// # Errors
    /// [`InvalidBank`](ErrorKind::InvalidBank) where no entry has that number. Those of writing.
    pub fn keep_original(&self, id: u32, bytes: &[u8]) -> Result<bool> {
        let is_there = |table: &str| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} = ?)");
            self.transaction.query_row(&sql, [id], |row| row.get::<_, bool>(0)).map_err(failed)
        };
        if !is_there("entries WHERE id")? {
            return Err(no_entry(id));
        }
        if is_there("originals WHERE entry")? {
            return Ok(false);
        }
        let sql = "INSERT INTO originals (entry, bytes) VALUES (?, ?)";
        self.transaction.execute(sql, params![id, bytes]).map_err(failed)?;
        Ok(true)
    }

    /// Removes an entry, with the file that is kept of it.
    ///
    /// # Errors
    /// [`InvalidBank`](ErrorKind::InvalidBank) where no entry has that number. Those of writing.
    pub fn remove(&self, id: u32) -> Result<()> {
        let removed = self.transaction.execute("DELETE FROM entries WHERE id = ?", [id]).map_err(failed)?;
        if removed == 0 { Err(no_entry(id)) } else { Ok(()) }
    }

    /// Sets the distance up to which PDQ hashes match, 0 to 255.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for a larger one. Those of writing.
    pub fn set_distance(&self, distance: u32) -> Result<()> {
        if distance > 255 {
            let message = format!("a distance of {distance}: hashes have 256 bits, 255 is the largest");
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        self.transaction.execute("UPDATE settings SET distance = ?", [distance]).map_err(failed)?;
        Ok(())
    }
}

fn no_entry(id: u32) -> Error {
    Error::new(ErrorKind::InvalidBank, format!("has no entry {id}"))
}

impl Bank {
    /// Takes over the entries of another bank, with the files that it keeps. An entry that is there with another label
    /// stays as it is, and is among those that the result names.
    ///
    /// # Errors
    /// Those of reading the other and of writing this one.
    pub fn merge(&self, other: &Self) -> Result<Merged> {
        let place = |bank: &Self| bank.path().canonicalize().ok();
        if place(self) == place(other) {
            return Err(Error::new(ErrorKind::InvalidBank, "the same bank").about(other.path().display()));
        }
        self.write(|writer| {
            let mut merged = Merged::default();
            other.for_each(|id, entry| {
                match writer.add(&entry) {
                    Ok(Added::New(_)) => merged.added += 1,
                    Ok(Added::Known(_)) => merged.known += 1,
                    Err(error) if error.kind() == ErrorKind::InvalidBank => {
                        merged.refused.push((id, error));
                    }
                    Err(error) => return Err(error),
                }
                Ok(())
            })?;
            merged.originals = writer.take_originals(other)?;
            Ok(merged)
        })
    }
}
