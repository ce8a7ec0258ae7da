//! The hashes as an [`Analyzer`].

use super::Hashes;
use crate::analyzer::{Analyzer, Need};
use crate::error::Result;
use crate::evidence::{Evidence, Finding};
use crate::media::Media;

/// Computes [`Hashes`] of a picture's [luma](Media::luma).
#[derive(Clone, Copy, Debug, Default)]
pub struct HashAnalyzer;

impl Analyzer for HashAnalyzer {
    fn id(&self) -> &str {
        "hash@1"
    }

    fn need(&self) -> Need {
        Need::Luma
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let hashes = Hashes::of(media.luma()?);
        Ok(vec![Evidence::new("hash", Finding::Hashes(hashes))])
    }
}
