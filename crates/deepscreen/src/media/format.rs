//! Bytes in, format out.
use crate::error::Result;

/// A picture format, sniffed from the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG
    Jpeg,
}

impl Format {
    pub(crate) fn sniff(_bytes: &[u8]) -> Result<Self> {
        Ok(Self::Jpeg)
    }

    /// The lower-case name that records carry: `jpeg`, `png`, `heic`.
    pub const fn name(self) -> &'static str {
        "jpeg"
    }
}
