//! Scores that were computed before, in one SQLite file: a rerun asks for them, and an interrupted run goes on with
//! them. What a score is of is in its key: the picture's SHA-256, the model and all that it depends on, the degradation.
//!
//! Two runs may use one file at once; each keeps what it computed, at the latest a second after.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use deepscreen::{Error, ErrorKind, HeatMap, Region, Result};
use rusqlite::{Connection, OptionalExtension, params};

use super::Answer;
use crate::checks::Print;

/// Marks the file as one of ours: "dsbe".
const APPLICATION: i64 = 0x6473_6265;
/// Of the tables. A file of another version is not used: nothing is lost but time.
const VERSION: i64 = 1;
/// How long to wait for another run that writes.
const PATIENCE: Duration = Duration::from_secs(30);

const TABLES: &str = "
    create table files (
        path blob primary key, bytes integer not null, modified integer not null,
        sha256 blob not null, pdq blob
    ) without rowid;
    create table scores (
        sha256 blob not null, model blob not null, degradation text not null,
        score real, failure text, map blob,
        primary key (sha256, model, degradation)
    ) without rowid;
";

/// A file of scores.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    connection: Connection,
    /// Whether a transaction is open.
    is_writing: bool,
}

impl Cache {
    /// Opens a file, or makes one, with the folders that it lies in.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] where that cannot be, and for a file that is something else.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let open = || -> rusqlite::Result<(Connection, i64, i64)> {
            if let Some(folder) = path.parent() {
                // Where it fails, opening the file says so.
                let _ = std::fs::create_dir_all(folder);
            }
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
            let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
            let (application, version) = (number("application_id")?, number("user_version")?);
            Ok((connection, application, version))
        };
        let (connection, application, version) = open().map_err(|error| failed(&path, &error))?;
        let mut cache = Self { path, connection, is_writing: false };
        match (application, version) {
            (APPLICATION, VERSION) => {}
            (0, 0) => cache.make().map_err(|error| failed(&cache.path, &error))?,
            (APPLICATION, _) => return Err(cache.wrong("a cache of another version of deepscreen")),
            _ => return Err(cache.wrong("a database of something else than a benchmark's scores")),
        }
        Ok(cache)
    }

    fn make(&mut self) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
        // Another run may have been first.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()
    }

    fn wrong(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unreadable, what).about(self.path.display())
    }

    /// What a file is, if it was seen before and has not changed since.
    pub(super) fn print(&self, file: &Stamp) -> Result<Option<Print>> {
        let row = self
            .connection
            .prepare_cached("select sha256, pdq from files where path = ?1 and bytes = ?2 and modified = ?3")
            .and_then(|mut statement| {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Option<[u8; 32]>>(1)?));
                statement.query_row(params![file.path, file.bytes, file.modified], row).optional()
            })
            .map_err(|error| failed(&self.path, &error))?;
        Ok(row.map(|(sha256, pdq)| Print { sha256, pdq: pdq.map(deepscreen::hash::Pdq::from_bytes) }))
    }

    /// A model's answer for a picture.
    pub(super) fn answer(&self, key: Key<'_>) -> Result<Option<Answer>> {
        self.connection
            .prepare_cached(
                "select score, failure, map from scores where sha256 = ?1 and model = ?2 and degradation = ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![key.sha256, key.model, key.degradation], |row| {
                        let score: Option<f64> = row.get(0)?;
                        let failure: Option<String> = row.get(1)?;
                        let map: Option<Vec<u8>> = row.get(2)?;
                        Ok(match score {
                            Some(log_odds) => Answer::Score { log_odds, map: map.as_deref().and_then(unpacked) },
                            None => Answer::Failure(failure.unwrap_or_default()),
                        })
                    })
                    .optional()
            })
            .map_err(|error| failed(&self.path, &error))
    }

    /// Keeps what a file is.
    pub(super) fn keep_print(&mut self, file: &Stamp, print: &Print) -> Result<()> {
        let pdq = print.pdq.map(|pdq| *pdq.as_bytes());
        self.write(
            "insert or replace into files (path, bytes, modified, sha256, pdq) values (?1, ?2, ?3, ?4, ?5)",
            params![file.path, file.bytes, file.modified, print.sha256, pdq],
        )
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, key: Key<'_>, answer: &Answer) -> Result<()> {
        let (score, failure, map) = match answer {
            Answer::Score { log_odds, map } => (Some(log_odds), None, map.as_ref().map(packed)),
            Answer::Failure(code) => (None, Some(code), None),
        };
        self.write(
            "insert or replace into scores (sha256, model, degradation, score, failure, map) \
             values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![key.sha256, key.model, key.degradation, score, failure, map],
        )
    }

    fn write(&mut self, statement: &str, values: &[&dyn rusqlite::ToSql]) -> Result<()> {
        let write = || {
            if !self.is_writing {
                self.connection.execute_batch("begin immediate")?;
            }
            self.connection.prepare_cached(statement)?.execute(values)
        };
        write().map_err(|error| failed(&self.path, &error))?;
        self.is_writing = true;
        Ok(())
    }

    /// Makes sure that everything kept so far is there after a power cut.
    pub(super) fn commit(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_writing) {
            self.connection.execute_batch("commit").map_err(|error| failed(&self.path, &error))?;
        }
        Ok(())
    }
}

/// Which answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    pub(super) sha256: [u8; 32],
    /// SHA-256 of all that an answer depends on beside the picture.
    pub(super) model: [u8; 32],
    pub(super) degradation: &'a str,
}

/// Whether a file is still the one that it was.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    path: Vec<u8>,
    bytes: i64,
    /// Nanoseconds since 1970.
    modified: i64,
}

impl Stamp {
    /// `None` where the file cannot be asked.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self {
            path: std::path::absolute(path).ok()?.into_os_string().into_encoded_bytes(),
            bytes: metadata.len().try_into().ok()?,
            modified: modified.as_nanos().try_into().ok()?,
        })
    }
}

/// Columns, rows, where in the picture, the cells; little-endian.
fn packed(map: &HeatMap) -> Vec<u8> {
    let area = map.area();
    let mut bytes: Vec<u8> = [map.columns(), map.rows()].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend([area.x, area.y, area.width, area.height].into_iter().flat_map(f64::to_le_bytes));
    bytes.extend(map.cells().iter().flat_map(|cell| cell.to_le_bytes()));
    bytes
}

fn unpacked(bytes: &[u8]) -> Option<HeatMap> {
    let (columns, rest) = bytes.split_first_chunk()?;
    let (rows, mut rest) = rest.split_first_chunk()?;
    let mut area = [0.0; 4];
    for side in &mut area {
        let (bytes, after) = rest.split_first_chunk()?;
        (*side, rest) = (f64::from_le_bytes(*bytes), after);
    }
    let [x, y, width, height] = area;
    let (cells, _) = rest.as_chunks();
    let cells = cells.iter().map(|cell| f32::from_le_bytes(*cell)).collect();
    let area = Region { x, y, width, height };
    HeatMap::new(u32::from_le_bytes(*columns), u32::from_le_bytes(*rows), cells, area)
}

fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    Error::new(ErrorKind::Unreadable, format!("the scores cannot be kept: {error}")).about(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Region = Region { x: 0.25, y: 0.0, width: 0.5, height: 1.0 };

    #[test]
    fn what_is_kept_comes_back_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/scores.sqlite");
        let map = HeatMap::new(2, 1, vec![0.25, 1.0], AREA).unwrap();
        let key = Key { sha256: [1; 32], model: [2; 32], degradation: "web" };
        let scored = Answer::Score { log_odds: -40.125, map: Some(map) };
        let mut cache = Cache::open(&path).unwrap();
        cache.keep(key, &scored).unwrap();
        let other = Key { degradation: "clean", ..key };
        cache.keep(other, &Answer::Failure("not_applicable".into())).unwrap();
        cache.commit().unwrap();
        drop(cache);
        let cache = Cache::open(&path).unwrap();
        assert_eq!(cache.answer(key).unwrap(), Some(scored));
        assert_eq!(cache.answer(other).unwrap(), Some(Answer::Failure("not_applicable".into())));
        for absent in [
            Key { sha256: [3; 32], ..key },
            Key { model: [3; 32], ..key },
            Key { degradation: "hard", ..key },
        ] {
            assert_eq!(cache.answer(absent).unwrap(), None);
        }
    }

    #[test]
    fn a_file_that_changed_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("a.png");
        std::fs::write(&picture, b"one").unwrap();
        let print = Print { sha256: [7; 32], pdq: None };
        let mut cache = Cache::open(folder.path().join("scores.sqlite")).unwrap();
        let stamp = Stamp::of(&picture).unwrap();
        cache.keep_print(&stamp, &print).unwrap();
        assert_eq!(cache.print(&stamp).unwrap(), Some(print));
        std::fs::write(&picture, b"another").unwrap();
        assert_eq!(cache.print(&Stamp::of(&picture).unwrap()).unwrap(), None);
        assert!(Stamp::of(&folder.path().join("none.png")).is_none());
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        let long = "These are notes, and no scores at all.".repeat(100);
        std::fs::write(&text, &long).unwrap();
        let error = Cache::open(&text).unwrap_err();
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert_eq!(std::fs::read_to_string(&text).unwrap(), long);
        let foreign = folder.path().join("foreign.sqlite");
        let connection = Connection::open(&foreign).unwrap();
        connection.execute_batch("create table t (x); pragma user_version = 3").unwrap();
        drop(connection);
        assert!(Cache::open(&foreign).unwrap_err().to_string().contains("something else"));
        assert!(Cache::open(folder.path()).is_err());
    }
}
