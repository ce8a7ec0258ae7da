//! Pictures in, what they are recognised by out: SHA-256 of the file, PDQ of the picture.

use std::path::Path;

use deepscreen::hash::{PDQ_QUALITY, Pdq};
use deepscreen::media::Limits;
use deepscreen::{Error, ErrorKind, Media, Result};
use rayon::prelude::*;

use super::confound::fault;
use crate::dataset::Options;
use crate::{Dataset, Fault, Item};

/// What a picture is recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Of the file.
    pub sha256: [u8; 32],
    /// Of the picture; `None` below a PDQ quality of 50, where it would match what is unlike.
    pub pdq: Option<Pdq>,
}

impl Print {
    fn read(path: &Path) -> Result<Self> {
        Self::of(&Media::open(path, &Limits::default())?)
    }

    /// Of a picture that is open already.
    ///
    /// # Errors
    /// Those of [`Media::luma`].
    pub fn of(media: &Media) -> Result<Self> {
        let (pdq, quality) = Pdq::of(media.luma()?);
        Ok(Self { sha256: media.sha256(), pdq: (quality >= PDQ_QUALITY).then_some(pdq) })
    }
}

/// The pictures of a data set that can be read with their prints, and the others.
pub(super) fn prints(dataset: &Dataset) -> (Vec<(&Item, Print)>, Vec<Fault>) {
    let read: Vec<_> = dataset.items.par_iter().map(|item| Print::read(&item.path)).collect();
    let (mut known, mut faults) = (Vec::new(), Vec::new());
    for (item, print) in dataset.items.iter().zip(read) {
        match print {
            Ok(print) => known.push((item, print)),
            Err(error) => faults.push(fault(&item.path, &error)),
        }
    }
    (known, faults)
}

/// What a detector was trained on, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Training {
    /// The name of each picture, its PDQ hash and the SHA-256 of its file.
    pub(super) pictures: Vec<(String, Option<Pdq>, Option<[u8; 32]>)>,
    pub(super) faults: Vec<Fault>,
}

impl Training {
    /// Reads a list: a PDQ hash a line as 64 hexadecimal digits, then perhaps a comma or a space and a name. Empty lines
    /// and those that begin with `#` are passed over. All hashes count, since a list says nothing of their quality.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] that names the first line that has no hash.
    pub fn from_list(list: &str) -> Result<Self> {
        let mut pictures = Vec::new();
        for (number, line) in (1..).zip(list.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (hash, name) = line.split_once([',', ' ', '\t']).unwrap_or((line, ""));
            let hash: Pdq = hash.parse().map_err(|error: Error| {
                let message = format!("line {number} of the training list: {}", error.message());
                Error::new(ErrorKind::InvalidConfig, message).about(hash)
            })?;
            let name = Some(name.trim()).filter(|name| !name.is_empty());
            pictures.push((name.map_or_else(|| format!("line {number}"), str::to_owned), Some(hash), None));
        }
        Ok(Self { pictures, faults: Vec::new() })
    }

    /// What lies at a path: a data set (a folder, or a list in CSV or JSON), else a [list of hashes](Self::from_list).
    ///
    /// # Errors
    /// Those of [`Dataset::read`] and of [`from_list`](Self::from_list); [`ErrorKind::Unreadable`].
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        let ends = |end: &str| path.extension().is_some_and(|is| is.eq_ignore_ascii_case(end));
        if path.is_dir() || ends("csv") || ends("json") {
            return Ok(Self::from_dataset(&Dataset::read(path, options)?));
        }
        let list = std::fs::read_to_string(path)
            .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error));
        list.and_then(|list| Self::from_list(&list)).map_err(|error| error.about(path.display()))
    }

    /// Hashes another data set. What cannot be read is among the faults of the check.
    pub fn from_dataset(dataset: &Dataset) -> Self {
        let (known, faults) = prints(dataset);
        let named =
            |(item, print): &(&Item, Print)| (item.path.display().to_string(), print.pdq, Some(print.sha256));
        Self { pictures: known.iter().map(named).collect(), faults }
    }
}
