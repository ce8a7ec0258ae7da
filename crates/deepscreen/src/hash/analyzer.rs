//! The hashes as an [`Analyzer`].

use super::Hashes;
use crate::analyzer::{Analyzer, Need};
use crate::error::Result;
use crate::evidence::{Evidence, Finding};
use crate::media::Media;

/// Side in pixels that a picture keeps when it is decoded for its hashes alone.
const HASH_SIDE: u32 = 256;

/// Computes [`Hashes`]. A JPEG that nothing else has decoded yet is decoded at reduced scale, several times as
/// fast and within PDQ's own tolerance of 10 bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashAnalyzer;

impl Analyzer for HashAnalyzer {
    fn id(&self) -> &str {
        "hash@1"
    }

    fn need(&self) -> Need {
        Need::Reduced(HASH_SIDE)
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let hashes = Hashes::of(media.reduced(HASH_SIDE)?);
        Ok(vec![Evidence::new("hash", Finding::Hashes(hashes))])
    }
}
