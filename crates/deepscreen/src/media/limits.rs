//! How much one input may cost. Checked before memory is taken.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind, Result};

/// What a single input may cost; anything beyond is an error of kind
/// [`TooLarge`](crate::ErrorKind::TooLarge).
///
/// ```
/// let limits = deepscreen::media::Limits::default().with_max_pixels(20_000_000);
/// assert_eq!(limits.max_pixels, 20_000_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the file. Default: 256 MiB.
    pub max_bytes: u64,
    /// Pixels of the decoded picture, width times height. Default: 100 million, what the largest phone and
    /// most medium-format cameras deliver.
    pub max_pixels: u64,
    /// Width or height in pixels. Default: 65,535, the most that a JPEG can have.
    pub max_side: u32,
    /// Bytes that decoding one picture may take, or looking through its file for a manifest. Default: 1 GiB.
    pub max_decoder_bytes: u64,
    /// Bytes of a C2PA manifest store with all its ingredients, as it lies in the file. Default: 32 MiB, what its
    /// compressed parts may have too.
    pub max_manifest_bytes: u64,
    /// How long reading a manifest may take; looked at between two steps of it, so that one step more may pass. More is
    /// an error of kind [`Timeout`](crate::ErrorKind::Timeout). Default: 10 seconds. In
    /// [settings](crate::Settings) the field is `max_manifest_seconds`, a number.
    #[serde(rename = "max_manifest_seconds", deserialize_with = "seconds")]
    pub max_manifest_time: Duration,
    /// How long one input may take, where it is looked at by its own: reading, decoding, everything but the work on a whole
    /// batch. Default: 120 seconds; [`Duration::MAX`] for no limit. In [settings](crate::Settings) the field is
    /// `max_seconds`, a number.
    ///
    /// More is an error of kind [`Timeout`](crate::ErrorKind::Timeout). It ends the waiting, and in an
    /// [isolated](crate::ScreenerBuilder::isolated) screener the work too; in this process a decoder that hangs keeps a
    /// core and its memory, since no thread can be ended from outside. [`Screener::screen`](crate::Screener::screen), which
    /// works on the calling thread, knows no such limit.
    #[serde(rename = "max_seconds", deserialize_with = "seconds")]
    pub max_time: Duration,
    /// Bytes of memory that a process of an [isolated](crate::ScreenerBuilder::isolated) screener may take beyond what it has
    /// when it is ready. Default: 2 GiB. It holds on Linux alone, and not in this process, where the other limits go by
    /// what a header says.
    pub max_memory: u64,
    /// Bytes of metadata that are read of one file, inflated ones counted too. Default: 16 MiB. What is beyond is left
    /// out, and the [fault](crate::Fault) is noted.
    pub max_metadata_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_pixels: 100_000_000,
            max_side: u16::MAX as u32,
            max_decoder_bytes: 1 << 30,
            max_manifest_bytes: 32 << 20,
            max_manifest_time: Duration::from_secs(10),
            max_time: Duration::from_secs(120),
            max_memory: 2 << 30,
            max_metadata_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// Checks the size of a file.
    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<()> {
        if bytes > self.max_bytes {
            let message = format!("{bytes} bytes, more than the limit of {}", self.max_bytes);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }

    /// These limits with another [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// These limits with another [`max_pixels`](Self::max_pixels).
    #[must_use]
    pub fn with_max_pixels(self, max_pixels: u64) -> Self {
        Self { max_pixels, ..self }
    }

    /// These limits with another [`max_side`](Self::max_side).
    #[must_use]
    pub fn with_max_side(self, max_side: u32) -> Self {
        Self { max_side, ..self }
    }

    /// These limits with another [`max_decoder_bytes`](Self::max_decoder_bytes).
    #[must_use]
    pub fn with_max_decoder_bytes(self, max_decoder_bytes: u64) -> Self {
        Self { max_decoder_bytes, ..self }
    }

    /// These limits with another [`max_manifest_bytes`](Self::max_manifest_bytes).
    #[must_use]
    pub fn with_max_manifest_bytes(self, max_manifest_bytes: u64) -> Self {
        Self { max_manifest_bytes, ..self }
    }

    /// These limits with another [`max_manifest_time`](Self::max_manifest_time).
    #[must_use]
    pub fn with_max_manifest_time(self, max_manifest_time: Duration) -> Self {
        Self { max_manifest_time, ..self }
    }

    /// These limits with another [`max_time`](Self::max_time).
    #[must_use]
    pub fn with_max_time(self, max_time: Duration) -> Self {
        Self { max_time, ..self }
    }

    /// These limits with another [`max_memory`](Self::max_memory).
    #[must_use]
    pub fn with_max_memory(self, max_memory: u64) -> Self {
        Self { max_memory, ..self }
    }

    /// These limits with another [`max_metadata_bytes`](Self::max_metadata_bytes).
    #[must_use]
    pub fn with_max_metadata_bytes(self, max_metadata_bytes: u64) -> Self {
        Self { max_metadata_bytes, ..self }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
