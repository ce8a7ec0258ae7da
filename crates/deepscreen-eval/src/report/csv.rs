//! A report in, two tables out for spreadsheets and scripts. What has no value is an empty cell, never a 0.

use csv::{Terminator, WriterBuilder};

use super::{Compared, Figure, Outcome, Report};

/// What stands above the figures.
const FIGURES: [&str; 10] = [
    "detector",
    "degradation",
    "level",
    "metric",
    "value",
    "low",
    "high",
    "pictures_real",
    "pictures_fake",
    "undefined",
];
/// What stands above the groups.
const GROUPS: [&str; 10] =
    ["detector", "degradation", "group", "truth", "pictures", "flagged", "rate", "low", "high", "auc"];

/// A row for each figure: of which detector on which degradation; its level, `picture`, `video` or `mask`; its value
/// with the ends of its interval; the reals and fakes that it is of, which are videos on that level (for masks
/// `pictures_fake` is the pictures with a mask and a map, and `pictures_real` is empty); why it has no value.
///
/// Numbers have all their digits. A name that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv(report: &Report) -> String {
    let mut rows = Rows::new(&FIGURES);
    for outcome in &report.outcomes {
        let detector = report.detectors.get(outcome.detector);
        let mut add = |level: &str, figures: &[Figure], real: Option<u64>, fake: u64| {
            for figure in figures {
                let [low, high] = ends(figure.interval);
                let real = real.map_or_else(String::new, |count| count.to_string());
                let (value, undefined) = (number(figure.value), figure.undefined.clone().unwrap_or_default());
                let figure = [level.to_owned(), figure.metric.clone(), value, low, high];
                rows.add(of(detector, outcome).into_iter().chain(figure).chain([
                    real,
                    fake.to_string(),
                    undefined,
                ]));
            }
        };
        add("picture", &outcome.metrics, Some(outcome.pictures.real), outcome.pictures.fake);
        add("video", &outcome.video_metrics, Some(outcome.videos.real), outcome.videos.fake);
        if let Some(masks) = &outcome.masks {
            add("mask", &masks.metrics, None, masks.pictures);
        }
    }
    rows.text()
}

/// A row for each group and class: how many of its pictures there are, how many are flagged, the share with Wilson's
/// interval, and AUC against all of the other class. The cell of pictures without a group is empty.
pub fn group_csv(report: &Report) -> String {
    let mut rows = Rows::new(&GROUPS);
    for outcome in &report.outcomes {
        let detector = report.detectors.get(outcome.detector);
        for group in &outcome.groups {
            let [low, high] = ends(Some(group.interval));
            let of_group = [
                guarded(group.group.as_deref().unwrap_or_default()),
                group.truth.name().to_owned(),
                group.pictures.to_string(),
                group.flagged.to_string(),
                number(Some(group.rate)),
                low,
                high,
                number(group.auc),
            ];
            rows.add(of(detector, outcome).into_iter().chain(of_group));
        }
    }
    rows.text()
}

fn of(detector: Option<&Compared>, outcome: &Outcome) -> [String; 2] {
    [guarded(detector.map_or("", |detector| &detector.name)), guarded(&outcome.degradation)]
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn ends(interval: Option<[f64; 2]>) -> [String; 2] {
    interval.map_or_else(Default::default, |ends| ends.map(|end| end.to_string()))
}

/// A strangers' name as text in every spreadsheet: OWASP's "CSV injection".
fn guarded(name: &str) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{name}")
    } else {
        name.to_owned()
    }
}

/// Rows in memory, which takes all of them.
struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn new(names: &[&str]) -> Self {
        let mut rows = Self(WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new()));
        rows.add(names.iter().map(|name| (*name).to_owned()));
        rows
    }

    fn add(&mut self, row: impl IntoIterator<Item = String>) {
        let _ = self.0.write_record(row);
    }

    fn text(self) -> String {
        // Everything that was written is text.
        self.0.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        for name in ["+1", "-1", "@SUM", "\tx", "\rx"] {
            assert_eq!(guarded(name), format!("'{name}"));
        }
        assert_eq!(guarded("sdxl-1.0"), "sdxl-1.0");
    }
}
