//! A report and thumbnails in, one page out that needs nothing else: no file beside it, no network, no script. Opens no
//! picture and measures nothing.

use std::collections::BTreeMap;

use deepscreen::Language;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::plot::{self, Kind};
use super::text::{Texts, fill};
use super::{Report, shown};

mod figures;
mod findings;
mod mistakes;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The report as one page of HTML, in English or Vietnamese: what stands against the figures before the figures, then
/// differences, plots, groups, masks, the worst mistakes, faults, cost, and how to read it all.
///
/// `thumbnails` are JPEG or PNG files by the path of their picture; a mistake without one has a box that says so. The
/// page fits telephones, dark screens and paper, and is the same each time for the same report. Names, whatever is in
/// them, are text on it.
pub fn html(report: &Report, thumbnails: &BTreeMap<String, Vec<u8>>, language: Language) -> String {
    let page = Page::new(&Words { report, texts: Texts::of(language), language }, thumbnails);
    // The template is a part of this crate, and a test renders all of it in both languages.
    render(&page).unwrap_or_else(|error| format!("<!doctype html>\n<title>{:?}</title>\n", error.kind()))
}

fn render(page: &Page) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // Its name ends in .html: everything is escaped that is not said to be safe.
    environment.add_template("page.html", PAGE)?;
    environment.get_template("page.html")?.render(Value::from(Serde(page)))
}

/// A report and the words for it.
struct Words<'a> {
    report: &'a Report,
    texts: Texts,
    language: Language,
}

/// What the template shows.
#[derive(Serialize)]
struct Page {
    lang: &'static str,
    style: &'static str,
    data: String,
    facts: Vec<Fact>,
    warnings: Vec<findings::Warning>,
    not_checked: bool,
    figures: figures::Figures,
    differences: figures::Differences,
    plots: Vec<PlotGroup>,
    groups: Vec<figures::GroupTable>,
    masks: Vec<figures::MaskRow>,
    mistakes: mistakes::Mistakes,
    faults: findings::FaultTable,
    checks: Vec<findings::CheckRow>,
    detectors: Vec<findings::DetectorRow>,
    /// Whether anything is known of a detector but its threshold.
    has_models: bool,
    cost: Vec<Fact>,
    glossary: Vec<Fact>,
    made_by: String,
    t: Texts,
}

/// A name and what belongs to it.
#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
}

/// The plots of one degradation, or those that compare degradations.
#[derive(Serialize)]
struct PlotGroup {
    /// `None` for those that stand first.
    summary: Option<String>,
    plots: Vec<ShownPlot>,
}

#[derive(Serialize)]
struct ShownPlot {
    svg: String,
    wide: bool,
    caption: &'static str,
}

impl Page {
    fn new(words: &Words<'_>, thumbnails: &BTreeMap<String, Vec<u8>>) -> Self {
        let report = words.report;
        let texts = Texts::of(words.language);
        let data: Vec<String> = report.datasets.iter().map(|name| shown::name(name)).collect();
        Self {
            lang: words.language.code(),
            style: STYLE,
            data: data.join(", "),
            facts: words.facts(),
            warnings: words.warnings(),
            not_checked: report.checks.is_empty(),
            figures: words.figures(),
            differences: words.differences(),
            plots: words.plots(),
            groups: words.groups(),
            masks: words.masks(),
            mistakes: words.mistakes(thumbnails),
            faults: words.faults(),
            checks: words.checks(),
            detectors: words.detectors(),
            has_models: report.detectors.iter().any(|it| !it.model.is_empty() || it.milliseconds.is_some()),
            cost: words.cost(),
            glossary: words.glossary(),
            made_by: fill(texts.made_by, &[("version", report.version)]),
            t: texts,
        }
    }
}

impl Words<'_> {
    /// What was compared.
    fn facts(&self) -> Vec<Fact> {
        let (report, texts) = (self.report, &self.texts);
        let names: Vec<String> =
            report.detectors.iter().map(|detector| shown::name(&detector.name)).collect();
        let data: Vec<String> = report.datasets.iter().map(|name| shown::name(name)).collect();
        let bootstrap = &report.bootstrap;
        let intervals = match bootstrap.unit {
            "group" => texts.intervals_group,
            "video" => texts.intervals_video,
            _ => texts.intervals_picture,
        };
        let intervals = fill(
            intervals,
            &[
                ("confidence", &shown::percent(bootstrap.confidence, 0, self.language)),
                ("resamples", &bootstrap.resamples.to_string()),
                ("units", &bootstrap.units.to_string()),
            ],
        );
        let facts = [
            (texts.data, data.join(", ")),
            (texts.pictures, self.counts(texts.counts, report.pictures)),
            (texts.detectors, names.join(", ")),
            (texts.intervals, intervals),
            (texts.seed, report.seed.to_string()),
        ];
        facts.into_iter().map(|(name, value)| Fact { name: name.to_owned(), value }).collect()
    }

    fn counts(&self, text: &str, counts: super::Counts) -> String {
        fill(text, &[("real", &counts.real.to_string()), ("fake", &counts.fake.to_string())])
    }

    fn detector(&self, place: usize) -> String {
        self.report.detectors.get(place).map_or_else(String::new, |detector| shown::name(&detector.name))
    }

    fn number(&self, value: f64) -> String {
        shown::number(value, 3, self.language)
    }

    fn percent(&self, share: f64) -> String {
        shown::percent(share, 1, self.language)
    }

    /// First those of the first degradation, with what compares all.
    fn plots(&self) -> Vec<PlotGroup> {
        let texts = &self.texts;
        let (compared, of_one): (Vec<_>, Vec<_>) =
            plot::all(self.report, self.language).into_iter().partition(|plot| plot.degradation.is_none());
        let mut groups: Vec<PlotGroup> = Vec::new();
        let show = |plot: plot::Plot| ShownPlot {
            wide: matches!(plot.kind, Kind::Groups | Kind::Robustness),
            caption: match plot.kind {
                Kind::Roc => texts.roc_says,
                Kind::RocLog => texts.roc_log_says,
                Kind::PrecisionRecall => texts.precision_recall_says,
                Kind::Calibration => texts.calibration_says,
                Kind::Groups => texts.groups_says,
                Kind::Robustness => texts.robustness_says,
            },
            svg: plot.svg,
        };
        let mut last = None;
        for plot in of_one {
            let degradation = plot.degradation.clone();
            if groups.is_empty() || degradation != last {
                let name = degradation.as_deref().map(shown::name).unwrap_or_default();
                let summary = fill(texts.more_plots, &[("degradation", &name)]);
                groups
                    .push(PlotGroup { summary: (!groups.is_empty()).then_some(summary), plots: Vec::new() });
                last = degradation;
            }
            if let Some(group) = groups.last_mut() {
                group.plots.push(show(plot));
            }
        }
        if groups.is_empty() && !compared.is_empty() {
            groups.push(PlotGroup { summary: None, plots: Vec::new() });
        }
        if let Some(first) = groups.first_mut() {
            first.plots.extend(compared.into_iter().map(show));
        }
        groups
    }

    fn glossary(&self) -> Vec<Fact> {
        let texts = &self.texts;
        let tpr = format!("{}, {}, {}", texts.tpr_5, texts.tpr_1, texts.tpr_01);
        [
            (texts.auc, texts.about_auc),
            (texts.average_precision, texts.about_average_precision),
            (texts.eer, texts.about_eer),
            (tpr.as_str(), texts.about_tpr),
            (texts.balanced_accuracy, texts.about_balanced_accuracy),
            (texts.recall, texts.about_recall),
            (texts.false_alarms, texts.about_false_alarms),
            (texts.log_loss, texts.about_log_loss),
            (texts.brier, texts.about_brier),
            (texts.ece, texts.about_ece),
            (texts.intervals, texts.about_intervals),
            (texts.degradation, texts.about_degradation),
        ]
        .into_iter()
        .map(|(name, value)| Fact { name: name.to_owned(), value: value.to_owned() })
        .collect()
    }
}
