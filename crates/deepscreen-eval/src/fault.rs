//! What is wrong with one line of a list or one file of a data set. Nothing that is wrong is dropped in silence.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What is wrong, with a code that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FaultKind {
    /// A line or an entry that cannot be read as one, or lacks a part.
    Malformed,
    /// A label that is none of those known, or a picture that lies in no folder of a class.
    UnknownLabel,
    /// The file does not exist.
    Missing,
    /// The folder or the picture cannot be read.
    Unreadable,
    /// The path was there before, with the same label: the first one stays.
    Repeated,
    /// The path is there as real and as fake: neither is taken.
    Contradiction,
    /// A file beside the pictures that by its name is none.
    NotAPicture,
    /// A picture without the mask that belongs to it.
    NoMask,
    /// A mask without its picture.
    NoPicture,
    /// A video without frames.
    NoFrames,
    /// A detector has no score for the picture.
    NoScore,
    /// What stands where a score should is no finite number.
    BadScore,
    /// All pictures are real, or all are fake: what compares the classes cannot be measured.
    OneClass,
}

impl FaultKind {
    /// The code: `unknown_label`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownLabel => "unknown_label",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Repeated => "repeated",
            Self::Contradiction => "contradiction",
            Self::NotAPicture => "not_a_picture",
            Self::NoMask => "no_mask",
            Self::NoPicture => "no_picture",
            Self::NoFrames => "no_frames",
            Self::NoScore => "no_score",
            Self::BadScore => "bad_score",
            Self::OneClass => "one_class",
        }
    }
}

/// Something wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The line of the list, from 1, where there is a list with lines.
    pub line: Option<u64>,
    /// The file, as the list or the folder names it.
    pub path: Option<PathBuf>,
    /// A sentence.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, line: None, path: None, message: message.into() }
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.line = place.line;
        self.path.clone_from(&place.path);
        self
    }
}

/// `line 7: a.jpg: the label is "unsure"`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.message)
    }
}

/// Where something stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) line: Option<u64>,
    pub(crate) path: Option<PathBuf>,
}

impl Place {
    pub(crate) fn line(line: u64) -> Self {
        Self { line: Some(line), path: None }
    }

    pub(crate) fn path(path: impl Into<PathBuf>) -> Self {
        Self { line: None, path: Some(path.into()) }
    }

    pub(crate) fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// How many faults of each kind there are.
pub(crate) fn count(faults: &[Fault]) -> BTreeMap<FaultKind, u64> {
    let mut counts = BTreeMap::new();
    for fault in faults {
        *counts.entry(fault.kind).or_insert(0) += 1;
    }
    counts
}
