//! A report in, SVG plots out. Opens no file, needs no font, and draws the same report the same way every time.

use std::collections::BTreeSet;

use deepscreen::Language;

use super::text::{Texts, fill};
use super::{Outcome, Report, shown};

mod canvas;
mod curves;
mod rows;

/// What a plot shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Roc,
    RocLog,
    PrecisionRecall,
    Calibration,
    Groups,
    Robustness,
}

/// A plot.
pub(super) struct Plot {
    pub(super) kind: Kind,
    /// Of which degradation; `None` where it compares them.
    pub(super) degradation: Option<String>,
    /// `roc-clean.svg`.
    pub(super) file: String,
    pub(super) svg: String,
}

/// Everything that a report can be plotted as, with the names of files for it: `roc-clean.svg`, `roc-log-clean.svg`,
/// `precision-recall-clean.svg`, `calibration-clean.svg` and `groups-clean.svg` for each degradation, and
/// `robustness.svg` where there is more than one. What has no curve has no plot.
///
/// Names of files are of lower-case letters, digits, `-` and `.` alone, and no two are the same. Each picture is valid
/// XML whatever detectors and groups are called, and has a name for those who do not see it.
pub fn plots(report: &Report, language: Language) -> Vec<(String, String)> {
    all(report, language).into_iter().map(|plot| (plot.file, plot.svg)).collect()
}

pub(super) fn all(report: &Report, language: Language) -> Vec<Plot> {
    let scene = Scene { report, texts: Texts::of(language), language };
    let mut files = BTreeSet::new();
    let mut plots = Vec::new();
    for degradation in report.degradations() {
        let outcomes: Vec<&Outcome> =
            report.outcomes.iter().filter(|outcome| outcome.degradation == degradation).collect();
        let kinds = [Kind::Roc, Kind::RocLog, Kind::PrecisionRecall, Kind::Calibration, Kind::Groups];
        for kind in kinds {
            let file = file_name(kind, Some(degradation), &mut files);
            let svg = match kind {
                Kind::Roc => scene.roc(&outcomes, &file),
                Kind::RocLog => scene.roc_log(&outcomes, &file),
                Kind::PrecisionRecall => scene.precision_recall(&outcomes, &file),
                Kind::Calibration => scene.calibration(&outcomes, &file),
                _ => scene.groups(&outcomes, &file),
            };
            let degradation = Some(degradation.to_owned());
            plots.extend(svg.map(|svg| Plot { kind, degradation, file, svg }));
        }
    }
    let kind = Kind::Robustness;
    let file = file_name(kind, None, &mut files);
    plots.extend(scene.robustness(&file).map(|svg| Plot { kind, degradation: None, file, svg }));
    plots
}

/// A report and the words for it.
struct Scene<'a> {
    report: &'a Report,
    texts: Texts,
    language: Language,
}

impl Scene<'_> {
    fn detector(&self, outcome: &Outcome, most: usize) -> String {
        self.report
            .detectors
            .get(outcome.detector)
            .map_or_else(String::new, |it| shown::short(&it.name, most))
    }

    /// `ROC curve: clean`.
    fn title(&self, title: &str, outcomes: &[&Outcome]) -> String {
        let degradation = outcomes.first().map_or("", |outcome| &outcome.degradation);
        fill(self.texts.titled, &[("title", title), ("degradation", &shown::short(degradation, 30))])
    }

    fn percent(&self, share: f64) -> String {
        shown::percent(share, usize::from(share > 0.0 && share < 0.00999), self.language)
    }
}

/// A name that no system misreads and that was not there before.
fn file_name(kind: Kind, degradation: Option<&str>, taken: &mut BTreeSet<String>) -> String {
    let kind = match kind {
        Kind::Roc => "roc",
        Kind::RocLog => "roc-log",
        Kind::PrecisionRecall => "precision-recall",
        Kind::Calibration => "calibration",
        Kind::Groups => "groups",
        Kind::Robustness => "robustness",
    };
    let mut stem = kind.to_owned();
    if let Some(degradation) = degradation {
        let parts = degradation.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        for part in parts {
            stem.push('-');
            stem.push_str(&part.to_ascii_lowercase());
        }
        stem.truncate(80);
    }
    let mut file = format!("{stem}.svg");
    let mut number = 2;
    while !taken.insert(file.clone()) {
        file = format!("{stem}-{number}.svg");
        number += 1;
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain_and_no_two_are_the_same() {
        let mut taken = BTreeSet::new();
        let mut name = |degradation| file_name(Kind::Roc, Some(degradation), &mut taken);
        assert_eq!(name("clean"), "roc-clean.svg");
        assert_eq!(name("JPEG:60"), "roc-jpeg-60.svg");
        assert_eq!(name("jpeg/60"), "roc-jpeg-60-2.svg");
        assert_eq!(name("../../etc/passwd\0"), "roc-etc-passwd.svg");
        assert_eq!(name("mờ"), "roc-m.svg");
        assert_eq!(name("..."), "roc.svg");
        assert!(name(&"x".repeat(500)).len() < 100);
    }
}
