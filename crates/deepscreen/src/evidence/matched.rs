//! A picture that a bank knows.

use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::hash::Transform;
use crate::language::Language;

/// What a bank says of a picture that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EntryLabel {
    /// It is a fake.
    KnownFake,
    /// It is genuine, and somebody has verified that.
    VerifiedOriginal,
    /// It is of no interest: a logo, a blank page, what is no fake and often taken for one.
    Ignore,
}

impl EntryLabel {
    /// All labels.
    pub const ALL: [Self; 3] = [Self::KnownFake, Self::VerifiedOriginal, Self::Ignore];

    /// The stable code, as records and banks carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KnownFake => "known_fake",
            Self::VerifiedOriginal => "verified_original",
            Self::Ignore => "ignore",
        }
    }

    /// The label in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::KnownFake, Language::English) => "known fake",
            (Self::KnownFake, Language::Vietnamese) => "ảnh giả đã biết",
            (Self::VerifiedOriginal, Language::English) => "verified original",
            (Self::VerifiedOriginal, Language::Vietnamese) => "ảnh gốc đã xác minh",
            (Self::Ignore, Language::English) => "of no interest",
            (Self::Ignore, Language::Vietnamese) => "không cần quan tâm",
        }
    }

    /// The label of that [`code`](Self::code).
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.code() == code)
    }
}

/// An entry of a bank that fits a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Match {
    /// What the bank says of its entry.
    pub label: EntryLabel,
    /// How it was found.
    pub by: MatchedBy,
    /// The entry's number in its bank.
    pub entry: u32,
    /// The entry's name, where it has one: mostly that of a file.
    pub name: Option<String>,
    /// Who says so.
    pub origin: Option<String>,
    /// Where to read more: a debunk, or the original.
    pub link: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// What was done to the original, where the bank keeps it and it is not the same file.
    pub comparison: Option<Comparison>,
}

/// How an entry was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MatchedBy {
    /// It is the same file, byte by byte.
    Sha256,
    /// It looks like it.
    Pdq {
        /// In how many of 256 bits the hashes differ.
        distance: u32,
        /// What was done to the bank's picture to give this one.
        transform: Transform,
    },
}

impl MatchedBy {
    /// How near: the same file first, then by distance.
    pub fn rank(self) -> u32 {
        match self {
            Self::Sha256 => 0,
            Self::Pdq { distance, .. } => 1 + distance,
        }
    }
}
