//! Where a picture comes from.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::evidence::Evidence;
use crate::media::{Limits, Media, Pixels, read_file};
use crate::screening::Input;

/// Where a picture comes from, for [`screen_many`](super::Screener::screen_many): a file that is yet to be read, or what
/// the caller has already.
#[derive(Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file, read by the thread that screens it.
    Path(PathBuf),
    /// The bytes of a file.
    Bytes(Vec<u8>),
    /// Something opened before.
    Media(Box<Media>),
    /// An input of which some analyzers' evidence is known: they are not asked again.
    Known {
        /// Where it comes from.
        source: Box<Source>,
        /// What is known: an analyzer whose [id](crate::Analyzer::id) is a source here is not asked.
        evidence: Vec<Evidence>,
    },
}

impl Source {
    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Path(path) => Some(path),
            Self::Bytes(_) | Self::Media(_) => None,
            Self::Known { source, .. } => source.path(),
        }
    }

    /// What is known of it already.
    pub(super) fn take_known(&mut self) -> Vec<Evidence> {
        match self {
            Self::Known { evidence, .. } => std::mem::take(evidence),
            _ => Vec::new(),
        }
    }

    /// Identifies it, whether or not it is a picture.
    pub(super) fn read(self, limits: &Limits) -> (Input, Result<Media>) {
        match self {
            Self::Path(path) => read(&path, limits),
            Self::Bytes(bytes) => identify(bytes, limits),
            Self::Media(media) => (Input::of(&media), Ok(*media)),
            Self::Known { source, .. } => source.read(limits),
        }
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Media> for Source {
    fn from(media: Media) -> Self {
        Self::Media(Box::new(media))
    }
}

impl From<Pixels> for Source {
    fn from(pixels: Pixels) -> Self {
        Media::from_pixels(pixels).into()
    }
}

fn read(path: &Path, limits: &Limits) -> (Input, Result<Media>) {
    match read_file(path, limits) {
        Ok(bytes) => identify(bytes, limits),
        Err((bytes, error)) => (Input { bytes, ..Input::default() }, Err(error)),
    }
}

/// What can be said of a file whose bytes nobody has looked at.
pub(super) fn identity(path: &Path, limits: &Limits) -> Input {
    match read_file(path, limits) {
        Ok(bytes) => identity_of(&bytes),
        Err((bytes, _)) => Input { bytes, ..Input::default() },
    }
}

/// What can be said of bytes that nobody has looked at.
pub(super) fn identity_of(bytes: &[u8]) -> Input {
    Input::of_bytes(bytes, &Sha256::digest(bytes).into())
}

fn identify(bytes: Vec<u8>, limits: &Limits) -> (Input, Result<Media>) {
    if let Err(error) = limits.check_bytes(bytes.len() as u64) {
        return (Input { bytes: bytes.len() as u64, ..Input::default() }, Err(error));
    }
    let sha256 = Sha256::digest(&bytes).into();
    let input = Input::of_bytes(&bytes, &sha256);
    (input, Media::from_bytes(bytes, limits).map(|media| media.with_sha256(sha256)))
}
