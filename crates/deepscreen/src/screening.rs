//! What is known about one input in the end, and how many inputs came out how.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::evidence::{Evidence, Finding};
use crate::hash::Hashes;
use crate::media::{Format, Media};
use crate::verdict::{Label, Verdict};

/// Everything that is known about one input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Screening {
    /// What was looked at.
    pub input: Input,
    /// The answer.
    pub verdict: Verdict,
    /// What each source found.
    pub evidence: Vec<Evidence>,
    /// What went wrong or did not apply.
    pub failures: Vec<Failure>,
    /// What, beside the input, the verdict depends on.
    pub replay: Replay,
    /// The near-duplicates that it was screened with, where they were [looked for](crate::Screener::screen_grouped) and
    /// there are some.
    pub group: Option<Group>,
    /// How long it took; in a batch, its share.
    pub elapsed: Duration,
}

impl Screening {
    /// The perceptual hashes, where they were computed.
    pub fn hashes(&self) -> Option<&Hashes> {
        self.evidence.iter().find_map(|evidence| match &evidence.finding {
            Finding::Hashes(hashes) => Some(hashes),
            _ => None,
        })
    }

    /// Whether the input is something else than a picture: text, an archive, a document.
    pub fn is_not_an_image(&self) -> bool {
        self.failed_with(ErrorKind::NotAnImage)
    }

    /// Whether the input is, or claims to be, a picture that could not be read or decoded.
    pub fn is_unreadable(&self) -> bool {
        self.failures.iter().any(|failure| failure.source == "media") && !self.is_not_an_image()
    }

    fn failed_with(&self, kind: ErrorKind) -> bool {
        self.failures.iter().any(|failure| failure.kind == kind)
    }
}

/// A picture's place among near-duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The first picture of the group.
    pub first: PathBuf,
    /// How many pictures there are in the group, at least 2.
    pub pictures: u32,
    /// In how many of 256 bits the PDQ hash differs from that of the first; 0 for the first.
    pub distance: u32,
    /// Whether the detectors' scores are those of the first: so near a copy is not looked at again.
    pub has_scores_of_first: bool,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Input {
    /// The file, where it came from one.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// Its size; 0 where it could not be asked for. Of decoded [pixels](crate::media::Pixels): their samples.
    pub bytes: u64,
    /// SHA-256 of all those bytes, 64 hexadecimal digits; `None` where they were not read.
    pub sha256: Option<String>,
    /// The format, sniffed from the bytes; `None` for what is no picture.
    pub format: Option<Format>,
    /// Pixels, after orientation; `None` where nothing was decoded.
    pub width: Option<u32>,
    /// Pixels, after orientation; `None` where nothing was decoded.
    pub height: Option<u32>,
}

impl Input {
    pub(crate) fn of(media: &Media) -> Self {
        Self::of_bytes(media.bytes(), &media.sha256())
    }

    pub(crate) fn of_bytes(bytes: &[u8], sha256: &[u8; 32]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: Some(crate::hex(sha256)), ..Self::default() }
    }
}

/// Something that went wrong, or that did not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// Where: `media`, or an analyzer's id.
    pub source: String,
    /// What kind of thing; its code never changes.
    pub kind: ErrorKind,
    /// What happened, for a person.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(source: &str, error: &Error) -> Self {
        Self { source: source.to_owned(), kind: error.kind(), message: error.message() }
    }
}

/// What, beside the input, a verdict depends on: the same input and the same replay give the same verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replay {
    /// Version of this library.
    pub deepscreen: &'static str,
    /// The engine with its version; `none` where no model runs.
    pub engine: String,
    /// SHA-256 of the policy.
    pub policy: String,
    /// SHA-256 of each model, by its id.
    pub models: BTreeMap<String, String>,
    /// SHA-256 of each list that an analyzer goes by, by its name: `trust_anchors`.
    pub lists: BTreeMap<String, String>,
}

/// How many inputs came out how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Pictures, and what claims to be one: every input but those that are [not an image](Self::not_images).
    pub pictures: u64,
    /// Pictures with each label, in the order of [`Label::ALL`].
    labels: [u64; Label::ALL.len()],
    /// Pictures that could not be read or decoded; they are among the inconclusive.
    pub unreadable: u64,
    /// Inputs that are no pictures: text, archives, documents.
    pub not_images: u64,
    /// From the first input to the last.
    pub elapsed: Duration,
}

impl Summary {
    /// How many pictures have this label.
    pub fn with(&self, label: Label) -> u64 {
        Label::ALL.iter().zip(self.labels).filter(|(known, _)| **known == label).map(|(_, count)| count).sum()
    }

    /// Pictures a second, over the whole time; 0 where none was looked at.
    pub fn pictures_per_second(&self) -> f64 {
        if self.pictures == 0 { 0.0 } else { self.pictures as f64 / self.elapsed.as_secs_f64().max(1e-9) }
    }

    /// Counts one more. For those who screen one by one; [`screen_paths`](crate::Screener::screen_paths) does it.
    pub fn count(&mut self, screening: &Screening) {
        if screening.is_not_an_image() {
            self.not_images += 1;
            return;
        }
        self.count_picture(screening.verdict.label, screening.is_unreadable());
    }

    pub(crate) fn count_picture(&mut self, label: Label, is_unreadable: bool) {
        self.pictures += 1;
        self.unreadable += u64::from(is_unreadable);
        for (known, count) in Label::ALL.iter().zip(&mut self.labels) {
            *count += u64::from(label == *known);
        }
    }
}
