//! Scores in, a report out: `cargo run -p deepscreen-eval --example report -- SCORES.csv FOLDER [vi]`
//!
//! FOLDER gets report.html, report.csv, groups.csv, report.json and the plots. A thumbnail is the picture itself, where
//! it lies at its path and is small enough.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use deepscreen::Language;
use deepscreen_eval::ScoreTable;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report::{self, Trial};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [scores, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: report SCORES.csv FOLDER [vi]".into());
    };
    let language = rest.first().and_then(|code| Language::from_code(code)).unwrap_or_default();
    let table = ScoreTable::read(scores)?;
    let report = Trial::of_scores(table, scores.clone(), &[], Bootstrap::default()).report()?;

    let mistakes = report.outcomes.iter().flat_map(|outcome| &outcome.mistakes);
    let small = |path: &str| fs::read(path).ok().filter(|bytes| bytes.len() < 1 << 16);
    let thumbnails: BTreeMap<String, Vec<u8>> =
        mistakes.filter_map(|mistake| Some((mistake.path.clone(), small(&mistake.path)?))).collect();

    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("report.html"), report::html(&report, &thumbnails, language))?;
    fs::write(folder.join("report.csv"), report::csv(&report))?;
    fs::write(folder.join("groups.csv"), report::group_csv(&report))?;
    for (name, svg) in report::plots(&report, language) {
        fs::write(folder.join(name), svg)?;
    }
    Ok(())
}
