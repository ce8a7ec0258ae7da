//! One result as it is kept: the record, and what lists and counts go by.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Row, Statement, params};

use crate::error::ErrorKind;
use crate::evidence::Probability;
use crate::language::Language;
use crate::report;
use crate::screening::{Screening, Summary};
use crate::verdict::Label;

/// What is read of a record, in this order.
pub(super) const COLUMNS: &str = "r.bytes, r.sha256, r.screened_at, r.label, r.probability, r.is_image, r.is_unreadable, \
     r.reasons, r.line, r.line_vi, r.record, r.vi_start, r.vi_end, r.vi";

/// A result out of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    path: PathBuf,
    is_gone: bool,
    bytes: u64,
    sha256: Option<[u8; 32]>,
    screened_at: i64,
    label: Label,
    probability: Option<Probability>,
    is_image: bool,
    is_unreadable: bool,
    reasons: String,
    lines: [String; 2],
    /// In English, without a path.
    record: String,
    /// Where the Vietnamese record is another, and what stands there.
    vietnamese: (usize, usize, Vec<u8>),
}

impl Stored {
    /// Reads what [`COLUMNS`] names, from the column `first` on.
    pub(super) fn read(row: &Row<'_>, first: usize, path: PathBuf, is_gone: bool) -> rusqlite::Result<Self> {
        let label: String = row.get(first + 3)?;
        Ok(Self {
            path,
            is_gone,
            bytes: row.get::<_, i64>(first)?.unsigned_abs(),
            sha256: row.get(first + 1)?,
            screened_at: row.get(first + 2)?,
            label: Label::from_code(&label).unwrap_or(Label::Inconclusive),
            probability: row.get::<_, Option<f64>>(first + 4)?.and_then(Probability::new),
            is_image: row.get(first + 5)?,
            is_unreadable: row.get(first + 6)?,
            reasons: row.get(first + 7)?,
            lines: [row.get(first + 8)?, row.get(first + 9)?],
            record: row.get(first + 10)?,
            vietnamese: (
                row.get::<_, i64>(first + 11)?.unsigned_abs() as usize,
                row.get::<_, i64>(first + 12)?.unsigned_abs() as usize,
                row.get(first + 13)?,
            ),
        })
    }

    /// Where the file is or was: as the scan names it, or absolute where the store alone was asked.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the last whole scan of its folder did not see the file.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Its size; 0 where it could not be asked for.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of its bytes, 64 hexadecimal digits; `None` where they were not read.
    pub fn sha256(&self) -> Option<String> {
        self.sha256.map(|sha256| crate::hex(&sha256))
    }

    /// When it was screened, to the second.
    pub fn screened_at(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.screened_at.unsigned_abs())
    }

    /// The answer.
    pub fn label(&self) -> Label {
        self.label
    }

    /// P(AI-generated or manipulated), calibrated; `None` where nothing gave one.
    pub fn probability(&self) -> Option<Probability> {
        self.probability
    }

    /// The codes of the reasons, the weightiest first.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        codes(&self.reasons)
    }

    /// As [`Screening::is_not_an_image`].
    pub fn is_not_an_image(&self) -> bool {
        !self.is_image
    }

    /// As [`Screening::is_unreadable`].
    pub fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }

    /// What the scan was told to keep beside it for a person: [`Scan::run`](super::Scan::run).
    pub fn line(&self, language: Language) -> &str {
        let [english, vietnamese] = &self.lines;
        match language {
            Language::Vietnamese => vietnamese,
            Language::English => english,
        }
    }

    /// The record, as [`Screening::to_json`] wrote it, with the path of this file.
    pub fn to_json(&self, language: Language) -> String {
        let (start, end, middle) = &self.vietnamese;
        match (language, self.record.as_bytes().get(..*start), self.record.as_bytes().get(*end..)) {
            (Language::Vietnamese, Some(before), Some(after)) => {
                let record = String::from_utf8([before, middle, after].concat());
                report::with_path(record.as_ref().unwrap_or(&self.record), &self.path)
            }
            _ => report::with_path(&self.record, &self.path),
        }
    }
}

/// The codes out of `;a;b;`.
pub(super) fn codes(reasons: &str) -> impl Iterator<Item = &str> {
    reasons.split(';').filter(|code| !code.is_empty())
}

/// What is written of a screening.
pub(super) struct New<'a> {
    pub(super) screening: &'a Screening,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) lines: [String; 2],
}

impl<'a> New<'a> {
    pub(super) fn of(screening: &'a Screening, lines: [String; 2]) -> Self {
        let sha256 = screening.input.sha256.as_deref().and_then(crate::unhex);
        Self { screening, sha256, lines }
    }

    /// Writes the record, over one of the same bytes and key; gives its number. Sentences are kept in both languages, as
    /// far as they differ.
    pub(super) fn insert(&self, statement: &mut Statement<'_>, key: i64, now: i64) -> rusqlite::Result<i64> {
        let verdict = &self.screening.verdict;
        let english = report::without_path(self.screening, Language::English);
        let vietnamese = report::without_path(self.screening, Language::Vietnamese);
        let (start, end, middle) = difference(english.as_bytes(), vietnamese.as_bytes());
        let mut reasons = String::new();
        for reason in &verdict.reasons {
            reasons += if reasons.is_empty() { ";" } else { "" };
            reasons += &reason.code();
            reasons.push(';');
        }
        statement.query_row(
            params![
                key,
                may_go_away(self.screening),
                i64::try_from(self.screening.input.bytes).unwrap_or(i64::MAX),
                self.sha256,
                now,
                verdict.label.code(),
                verdict.probability.map(Probability::get),
                !self.screening.is_not_an_image(),
                self.screening.is_unreadable(),
                reasons,
                self.lines[0],
                self.lines[1],
                english,
                start as i64,
                end as i64,
                middle,
            ],
            |row| row.get(0),
        )
    }
}

/// Takes what [`New::insert`] binds.
pub(super) const INSERT: &str = "
    INSERT INTO records
        (key, again, bytes, sha256, screened_at, label, probability, is_image, is_unreadable, reasons, line, line_vi,
         record, vi_start, vi_end, vi)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
    ON CONFLICT (key, bytes, sha256) WHERE sha256 IS NOT NULL DO UPDATE SET
        again = ?2, screened_at = ?5, label = ?6, probability = ?7, is_image = ?8, is_unreadable = ?9, reasons = ?10,
        line = ?11, line_vi = ?12, record = ?13, vi_start = ?14, vi_end = ?15, vi = ?16
    RETURNING id";

/// Whether a failure may be gone the next time, with the file as it is: rights, a broken disk, a lack of memory.
fn may_go_away(screening: &Screening) -> bool {
    screening.failures.iter().any(|failure| {
        matches!(
            failure.kind,
            ErrorKind::Unreadable | ErrorKind::Timeout | ErrorKind::Inference | ErrorKind::EngineUnavailable
        )
    })
}

/// What has to stand in place of `one[start..end]` to make `other` of it.
fn difference<'a>(one: &[u8], other: &'a [u8]) -> (usize, usize, &'a [u8]) {
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one_rest, other_rest) = (&one[start..], &other[start..]);
    let behind =
        one_rest.iter().rev().zip(other_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    (start, one.len() - behind, &other_rest[..other_rest.len() - behind])
}

impl Summary {
    /// Counts one more that was known. For those who look at files one by one; [`Scan::run`](super::Scan::run) does it.
    pub fn count_stored(&mut self, stored: &Stored) {
        if stored.is_not_an_image() {
            self.not_images += 1;
        } else {
            self.count_picture(stored.label, stored.is_unreadable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_makes_one_of_the_other() {
        for (one, other) in
            [("", ""), ("abc", "abc"), ("abc", "axc"), ("aa", "aaa"), ("aaa", "aa"), ("x", ""), ("đá", "để")]
        {
            let (start, end, middle) = difference(one.as_bytes(), other.as_bytes());
            let made = [&one.as_bytes()[..start], middle, &one.as_bytes()[end..]].concat();
            assert_eq!(made, other.as_bytes(), "{one} {other}");
        }
    }
}
