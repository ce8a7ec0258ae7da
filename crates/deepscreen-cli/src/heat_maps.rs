//! Heat maps, of models that give one and of pictures compared with their originals, as PNG files beside the records.

use std::path::{Path, PathBuf};

use deepscreen::{Evidence, Finding, HeatMap, Screening};

use crate::Failed;
use crate::text::Text;

/// Writes the maps of one picture into `folder`: `<first 16 digits of the SHA-256>-<model>.png`, or `-<bank>-<entry>.png`.
pub(crate) fn write(screening: &Screening, folder: &Path, text: Text) -> Result<Vec<PathBuf>, Failed> {
    let mut written = Vec::new();
    for evidence in &screening.evidence {
        let (Some((map, name)), Some(sha256)) = (map(evidence), &screening.input.sha256) else { continue };
        let path = folder.join(format!("{}-{name}.png", &sha256[..16]));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, map.to_png()))
            .map_err(|error| Failed::Message(text.cannot_write(&path, &error)))?;
        written.push(path);
    }
    Ok(written)
}

/// A map and what it is called.
pub(crate) fn map(evidence: &Evidence) -> Option<(&HeatMap, String)> {
    // `detector/ai-image@1`, `bank/party`
    let source = evidence.source.split_once('/').map_or(evidence.source.as_str(), |(_, name)| name);
    let name = source.split('@').next().unwrap_or_default();
    match &evidence.finding {
        Finding::Score(score) => Some((score.heat_map.as_ref()?, name.to_owned())),
        Finding::Match(found) => {
            let map = found.comparison.as_ref()?.heat_map.as_ref()?;
            Some((map, format!("{name}-{}", found.entry)))
        }
        _ => None,
    }
}
