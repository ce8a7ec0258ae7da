//! The heat maps that models give, as PNG files beside the records.

use std::path::{Path, PathBuf};

use deepscreen::{Finding, Screening};

use crate::Failed;
use crate::text::Text;

/// Writes the maps of one picture into `folder`: `<first 16 digits of the SHA-256>-<model>.png`.
pub(crate) fn write(screening: &Screening, folder: &Path, text: Text) -> Result<Vec<PathBuf>, Failed> {
    let mut written = Vec::new();
    for evidence in &screening.evidence {
        let Finding::Score(score) = &evidence.finding else { continue };
        let (Some(map), Some(sha256)) = (&score.heat_map, &screening.input.sha256) else { continue };
        let model = evidence.source.trim_start_matches("detector/").split('@').next().unwrap_or_default();
        let path = folder.join(format!("{}-{model}.png", &sha256[..16]));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, map.to_png()))
            .map_err(|error| Failed::Message(text.cannot_write(&path, &error)))?;
        written.push(path);
    }
    Ok(written)
}
