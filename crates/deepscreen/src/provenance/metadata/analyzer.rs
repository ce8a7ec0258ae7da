//! Metadata as an [`Analyzer`].

use super::{Metadata, thumbnail};
use crate::analyzer::{Analyzer, Need};
use crate::error::Result;
use crate::evidence::{Evidence, Finding, Grade, Kind, Statement, Topic};
use crate::media::Media;

/// Who the evidence is from; the id has a version behind it.
const SOURCE: &str = "metadata";

/// A thumbnail is of another picture below this [likeness](thumbnail::likeness). Of 41 files of cameras and editors among
/// the test pictures of other projects that have a thumbnail, 40 have 0.96 or more, and the other shows another picture.
const LEAST_LIKENESS: f64 = 0.85;

/// Reads what a file says of itself: one [`Statement`] for each field that tells where the picture is from.
///
/// At most [`max_metadata_bytes`](crate::Limits::max_metadata_bytes) of each file are read. It needs no pixels, so it answers where nothing can be decoded. A thumbnail is compared with the picture where that
/// was decoded for another analyzer anyway.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetadataAnalyzer;

impl Analyzer for MetadataAnalyzer {
    fn id(&self) -> &str {
        "metadata@1"
    }

    fn need(&self) -> Need {
        Need::Bytes
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let metadata = Metadata::of_bytes(media.bytes(), media.format(), media.limits())?;
        let mut statements = metadata.statements();
        let at = statements.partition_point(Statement::is_about_ai);
        statements.splice(at..at, differing_thumbnail(&metadata, media));
        let statements = statements.into_iter().map(Finding::Metadata);
        let faults = metadata.faults().iter().cloned().map(Finding::MetadataFault);
        Ok(statements.chain(faults).map(|finding| Evidence::new(SOURCE, finding)).collect())
    }
}

fn differing_thumbnail(metadata: &Metadata, media: &Media) -> Option<Statement> {
    let jpeg = metadata.thumbnail()?;
    media.size()?;
    let likeness = thumbnail::likeness(jpeg, media.luma().ok()?)?;
    if likeness >= LEAST_LIKENESS {
        return None;
    }
    let value = format!("correlation {likeness:.2}");
    let statement = Statement::new("exif.thumbnail", &value, Topic::Thumbnail, Grade::Circumstantial);
    Some(statement.with_kind(Kind::Edited))
}
