//! One picture that a bank knows.

use rusqlite::Row;
use rusqlite::types::Type;

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{EntryLabel, harmless};
use crate::hash::{Hash64, Hashes, Pdq};
use crate::media::Media;

/// A text of an entry has at most so many bytes.
const MOST_TEXT: usize = 4096;

/// One picture that a bank knows: hashes, a label, and who says so. It has a SHA-256, a PDQ hash or both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What the bank says of the picture.
    pub label: EntryLabel,
    /// SHA-256 of the file.
    pub sha256: Option<[u8; 32]>,
    /// The PDQ hash.
    pub pdq: Option<Pdq>,
    /// The picture's quality as PDQ measures it, 0 to 100; `None` where a list did not say, which counts as good.
    pub pdq_quality: Option<u8>,
    /// The DCT hash of the img_hash family.
    pub phash: Option<Hash64>,
    /// The gradient hash of the img_hash family.
    pub dhash: Option<Hash64>,
    /// The average hash of the img_hash family.
    pub ahash: Option<Hash64>,
    /// What to call it: mostly the name of a file.
    pub name: Option<String>,
    /// Who says so.
    pub source: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// Where to read more: a debunk, or the original.
    pub link: Option<String>,
    /// When it came into the bank, in UTC: `2026-03-01T09:30:00Z`. A new entry has none yet.
    pub added_at: Option<String>,
}

impl Entry {
    /// An entry that says nothing but its label: hashes are still to come.
    pub fn new(label: EntryLabel) -> Self {
        Self {
            label,
            sha256: None,
            pdq: None,
            pdq_quality: None,
            phash: None,
            dhash: None,
            ahash: None,
            name: None,
            source: None,
            note: None,
            link: None,
            added_at: None,
        }
    }

    /// An entry for a picture, with all hashes.
    ///
    /// # Errors
    /// Those of [`Media::luma`]: what cannot be decoded has no perceptual hashes.
    pub fn of(media: &Media, label: EntryLabel) -> Result<Self> {
        let hashes = Hashes::of(media.luma()?);
        Ok(Self {
            sha256: Some(media.sha256()),
            pdq: Some(hashes.pdq),
            pdq_quality: Some(hashes.pdq_quality),
            phash: Some(hashes.phash),
            dhash: Some(hashes.dhash),
            ahash: Some(hashes.ahash),
            ..Self::new(label)
        })
    }

    /// # Errors
    /// [`InvalidBank`](ErrorKind::InvalidBank) for an entry without hashes, and for texts that are too long.
    pub(super) fn check(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidBank, message));
        if self.sha256.is_none() && self.pdq.is_none() {
            return invalid("an entry needs a SHA-256 or a PDQ hash".to_owned());
        }
        if self.pdq_quality.is_some_and(|quality| quality > 100) {
            return invalid("a PDQ quality is 0 to 100".to_owned());
        }
        let texts = [&self.name, &self.source, &self.note, &self.link, &self.added_at];
        if texts.into_iter().flatten().any(|text| text.len() > MOST_TEXT) {
            return invalid(format!("a text of more than {MOST_TEXT} bytes"));
        }
        Ok(())
    }

    /// The columns that [`from_row`](Self::from_row) reads.
    pub(super) const COLUMNS: &str =
        "label, sha256, pdq, pdq_quality, phash, dhash, ahash, name, source, note, link, added_at, id";

    /// Reads [`COLUMNS`](Self::COLUMNS). Text of strangers can neither steer a terminal nor be endless.
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<(u32, Self)> {
        let text = |at: usize| -> rusqlite::Result<Option<String>> {
            let text: Option<String> = row.get(at)?;
            Ok(text.map(|text| harmless(&text.chars().take(MOST_TEXT).collect::<String>())))
        };
        let line = |at| text(at).map(|text| text.map(|text| text.replace(['\n', '\t'], " ")));
        let hash64 = |at: usize| -> rusqlite::Result<Option<Hash64>> {
            let bytes: Option<[u8; 8]> = row.get(at)?;
            Ok(bytes.map(|bytes| Hash64(u64::from_be_bytes(bytes))))
        };
        let label: String = row.get(0)?;
        let label = EntryLabel::from_code(&label).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("the label {label:?}").into())
        })?;
        let entry = Self {
            label,
            sha256: row.get(1)?,
            pdq: row.get::<_, Option<[u8; 32]>>(2)?.map(Pdq::from_bytes),
            pdq_quality: row.get(3)?,
            phash: hash64(4)?,
            dhash: hash64(5)?,
            ahash: hash64(6)?,
            name: line(7)?,
            source: line(8)?,
            note: text(9)?,
            link: line(10)?,
            added_at: line(11)?,
        };
        Ok((row.get(12)?, entry))
    }
}
