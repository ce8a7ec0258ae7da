//! A report in, the files that it becomes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use deepscreen::media::Limits;
use deepscreen::{Error, ErrorKind, Media};
use deepscreen_eval::degrade::thumbnail;
use deepscreen_eval::report::{self, Report, Tier};
use rayon::prelude::*;

use crate::Failed;
use crate::text::Text;

/// The longer side of a thumbnail in pixels.
const THUMBNAIL: u32 = 240;

/// Writes the page, the plots, the tables and the scores.
pub(super) fn write(folder: &Path, report: &Report, tiers: &[Tier], text: Text) -> Result<(), Failed> {
    let write = |name: &str, content: &str| -> Result<(), Failed> {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, content));
        Ok(written.map_err(|error| {
            Error::new(ErrorKind::Unreadable, "cannot be written").because(error).about(path.display())
        })?)
    };
    write("report.json", &json(report)?)?;
    write("metrics.csv", &csv(report))?;
    write("groups.csv", &report::group_csv(report))?;
    write("report.html", &html(report, text))?;
    for (name, plot) in report::plots(report, text.language()) {
        write(&format!("plots/{name}"), &plot)?;
    }
    for tier in tiers {
        write(&format!("scores/{}.csv", file_name(&tier.degradation)), &tier.table.to_csv())?;
    }
    Ok(())
}

pub(super) fn json(report: &Report) -> Result<String, Failed> {
    let json = serde_json::to_string_pretty(report).map_err(|error| {
        Error::new(ErrorKind::InvalidConfig, "the report cannot be written as JSON").because(error)
    })?;
    Ok(json + "\n")
}

pub(super) fn csv(report: &Report) -> String {
    report::csv(report)
}

pub(super) fn html(report: &Report, text: Text) -> String {
    report::html(report, &thumbnails(report), text.language())
}

/// Small pictures of all mistakes, by path; those that cannot be read are not there.
fn thumbnails(report: &Report) -> BTreeMap<String, Vec<u8>> {
    let mistakes = report.outcomes.iter().flat_map(|outcome| &outcome.mistakes);
    let paths: BTreeSet<&String> = mistakes.map(|mistake| &mistake.path).collect();
    let small = |path: &&String| {
        let media = Media::open(path, &Limits::default()).ok()?;
        Some((String::clone(path), thumbnail(media.pixels().ok()?, THUMBNAIL).ok()?))
    };
    paths.par_iter().filter_map(small).collect()
}

/// A degradation as a file's name: `crop-0.6+web`.
fn file_name(degradation: &str) -> String {
    degradation.replace(':', "-")
}
