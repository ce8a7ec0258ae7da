//! A report in, the folder of files that it becomes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use deepscreen::media::Limits;
use deepscreen::{Error, ErrorKind, Language, Media, Result};
use rayon::prelude::*;

use super::{Report, Tier};
use crate::degrade::thumbnail;

/// The longer side of a thumbnail in pixels.
const THUMBNAIL: u32 = 240;

impl Report {
    /// As JSON, for programs.
    pub fn to_json(&self) -> String {
        // Strings and numbers alone, and names for keys: serialising cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// As one page that needs nothing beside it, with small pictures of the worst mistakes as far as they can be read.
    pub fn to_html(&self, language: Language) -> String {
        super::html(self, &self.thumbnails(), language)
    }

    /// Writes `report.json`, `report.html`, `metrics.csv`, `groups.csv`, the plots as SVG into `plots/`, and the scores
    /// into `scores/`, from which [`ScoreTable::read`](crate::ScoreTable::read) reads them again. Files of these names
    /// are replaced.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`] that names the file which cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>, tiers: &[Tier], language: Language) -> Result<()> {
        let folder = folder.as_ref();
        let write = |name: &str, content: &str| {
            let path = folder.join(name);
            let written =
                fs::create_dir_all(path.parent().unwrap_or(folder)).and_then(|()| fs::write(&path, content));
            written.map_err(|error| {
                Error::new(ErrorKind::Unreadable, "cannot be written").because(error).about(path.display())
            })
        };
        write("report.json", &self.to_json())?;
        write("report.html", &self.to_html(language))?;
        write("metrics.csv", &super::csv(self))?;
        write("groups.csv", &super::group_csv(self))?;
        for (name, plot) in super::plots(self, language) {
            write(&format!("plots/{name}"), &plot)?;
        }
        for tier in tiers {
            // A colon is no part of a file's name everywhere.
            let name = tier.degradation.replace(':', "-");
            write(&format!("scores/{name}.csv"), &tier.table.to_csv())?;
        }
        Ok(())
    }

    /// By path.
    fn thumbnails(&self) -> BTreeMap<String, Vec<u8>> {
        let mistakes = self.outcomes.iter().flat_map(|outcome| &outcome.mistakes);
        let paths: BTreeSet<&String> = mistakes.map(|mistake| &mistake.path).collect();
        let small = |path: &&String| {
            let media = Media::open(path, &Limits::default()).ok()?;
            Some((String::clone(path), thumbnail(media.pixels().ok()?, THUMBNAIL).ok()?))
        };
        paths.par_iter().filter_map(small).collect()
    }
}
