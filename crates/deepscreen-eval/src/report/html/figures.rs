//! The tables of figures.

use serde::Serialize;

use super::Words;
use crate::Truth;
use crate::metrics::Metric;
use crate::report::text::fill;
use crate::report::{Figure, Group, Outcome, shown};

/// The main table.
#[derive(Serialize)]
pub(super) struct Figures {
    columns: Vec<Column>,
    tiers: Vec<Tier>,
    notes: Vec<Note>,
    has_best: bool,
}

#[derive(Serialize)]
struct Column {
    name: &'static str,
    higher_is_better: bool,
}

/// All detectors on the same pictures.
#[derive(Serialize)]
struct Tier {
    degradation: String,
    counts: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    detector: String,
    threshold: String,
    cells: Vec<Cell>,
}

/// A figure as it is shown.
#[derive(Serialize)]
struct Cell {
    value: Option<String>,
    interval: Option<String>,
    best: bool,
    /// The mark of the note that says why there is no value.
    note: Option<String>,
}

/// Why figures have no value.
#[derive(Serialize)]
struct Note {
    mark: String,
    text: String,
}

/// Differences between detectors.
#[derive(Serialize)]
pub(super) struct Differences {
    rows: Vec<Difference>,
    many: Option<String>,
}

#[derive(Serialize)]
struct Difference {
    degradation: String,
    first: String,
    second: String,
    value: Option<String>,
    undefined: Option<String>,
    interval: Option<String>,
    p: Option<String>,
    method: String,
}

/// The groups of one degradation.
#[derive(Serialize)]
pub(super) struct GroupTable {
    degradation: String,
    detectors: Vec<String>,
    rows: Vec<GroupRow>,
}

#[derive(Serialize)]
struct GroupRow {
    /// Whether it is the first real one, after all fakes.
    begins_class: bool,
    name: Option<String>,
    truth: &'static str,
    pictures: u64,
    rates: Vec<Option<Rate>>,
}

#[derive(Serialize)]
struct Rate {
    rate: String,
    interval: String,
    auc: Option<String>,
}

/// A detector's maps on one degradation.
#[derive(Serialize)]
pub(super) struct MaskRow {
    degradation: String,
    detector: String,
    pictures: u64,
    without_map: u64,
    cells: Vec<Option<String>>,
    undefined: Vec<String>,
}

/// The columns of the main table for a detector with this threshold.
fn columns(threshold: f64) -> [Metric; 12] {
    [
        Metric::Auc,
        Metric::AveragePrecision,
        Metric::EqualErrorRate,
        Metric::TprAtFpr { limit: 0.05 },
        Metric::TprAtFpr { limit: 0.01 },
        Metric::TprAtFpr { limit: 0.001 },
        Metric::BalancedAccuracy { threshold },
        Metric::Recall { threshold },
        Metric::FalseAlarmRate { threshold },
        Metric::LogLoss,
        Metric::Brier,
        Metric::CalibrationError,
    ]
}

/// Shares of pictures read best as percentages, areas and losses do not.
fn is_percentage(metric: Metric) -> bool {
    use Metric::{Auc, AveragePrecision, Brier, CalibrationError, LogLoss};
    !matches!(metric, Auc | AveragePrecision | LogLoss | Brier | CalibrationError)
}

impl Words<'_> {
    pub(super) fn figures(&self) -> Figures {
        let texts = &self.texts;
        let names = [
            texts.auc,
            texts.average_precision,
            texts.eer,
            texts.tpr_5,
            texts.tpr_1,
            texts.tpr_01,
            texts.balanced_accuracy,
            texts.recall,
            texts.false_alarms,
            texts.log_loss,
            texts.brier,
            texts.ece,
        ];
        let columns = names.into_iter().zip(columns(0.5));
        let columns =
            columns.map(|(name, metric)| Column { name, higher_is_better: metric.higher_is_better() });
        let (mut tiers, mut notes) = (Vec::new(), Vec::new());
        for degradation in self.report.degradations() {
            let outcomes: Vec<&Outcome> = self.outcomes(degradation).collect();
            let Some(first) = outcomes.first() else { continue };
            let counts = self.counts(texts.counts, first.pictures);
            tiers.push(self.tier(&outcomes, degradation, counts, |outcome| &outcome.metrics, &mut notes));
            let of_videos: Vec<&Outcome> =
                outcomes.into_iter().filter(|outcome| !outcome.video_metrics.is_empty()).collect();
            if let Some(first) = of_videos.first() {
                let counts = self.counts(texts.video_counts, first.videos);
                tiers.push(self.tier(&of_videos, degradation, counts, |it| &it.video_metrics, &mut notes));
            }
        }
        let has_best =
            tiers.iter().flat_map(|tier| &tier.rows).flat_map(|row| &row.cells).any(|cell| cell.best);
        let notes = notes.into_iter().enumerate().map(|(i, text)| Note { mark: mark(i), text }).collect();
        Figures { columns: columns.collect(), tiers, notes, has_best }
    }

    fn outcomes<'b>(&'b self, degradation: &'b str) -> impl Iterator<Item = &'b Outcome> {
        self.report.outcomes.iter().filter(move |outcome| outcome.degradation == degradation)
    }

    fn tier(
        &self,
        outcomes: &[&Outcome],
        degradation: &str,
        counts: String,
        metrics: impl Fn(&Outcome) -> &Vec<Figure>,
        notes: &mut Vec<String>,
    ) -> Tier {
        let mut rows: Vec<Row> = Vec::new();
        for outcome in outcomes {
            let threshold = self.report.detectors.get(outcome.detector).map_or(0.5, |it| it.threshold);
            let cells = columns(threshold).map(|metric| {
                let code = metric.code();
                self.cell(metrics(outcome).iter().find(|figure| figure.metric == code), metric, notes)
            });
            rows.push(Row {
                detector: self.detector(outcome.detector),
                threshold: fill(
                    self.texts.threshold_of,
                    &[("threshold", &shown::score(threshold, self.language))],
                ),
                cells: cells.into(),
            });
        }
        // Two that look the same are both the best.
        let compared = if rows.len() > 1 { columns(0.5).to_vec() } else { Vec::new() };
        for (i, metric) in compared.into_iter().enumerate() {
            let code = |outcome: &Outcome| {
                let threshold = self.report.detectors.get(outcome.detector).map_or(0.5, |it| it.threshold);
                columns(threshold)[i].code()
            };
            let value = |outcome: &Outcome| {
                let code = code(outcome);
                metrics(outcome).iter().find(|figure| figure.metric == code)?.value
            };
            let better = |a: &f64, b: &f64| {
                if metric.higher_is_better() { a.total_cmp(b) } else { b.total_cmp(a) }
            };
            let Some(best) = outcomes.iter().filter_map(|outcome| value(outcome)).max_by(better) else {
                continue;
            };
            let best = self.figure(best, metric);
            for row in &mut rows {
                row.cells[i].best = row.cells[i].value.as_ref() == Some(&best);
            }
        }
        Tier { degradation: shown::name(degradation), counts, rows }
    }

    fn figure(&self, value: f64, metric: Metric) -> String {
        if is_percentage(metric) { self.percent(value) } else { self.number(value) }
    }

    fn cell(&self, figure: Option<&Figure>, metric: Metric, notes: &mut Vec<String>) -> Cell {
        let why = figure.and_then(|figure| figure.undefined.as_deref()).map(|why| self.texts.undefined(why));
        let note = why.map(|why| {
            let place = notes.iter().position(|note| *note == why).unwrap_or_else(|| {
                notes.push(why);
                notes.len() - 1
            });
            mark(place)
        });
        let range = |[low, high]: [f64; 2]| {
            let ends = if is_percentage(metric) {
                [low, high].map(|end| shown::number(100.0 * end, 1, self.language))
            } else {
                [low, high].map(|end| self.number(end))
            };
            ends.join("–")
        };
        Cell {
            value: figure.and_then(|figure| figure.value).map(|value| self.figure(value, metric)),
            interval: figure.and_then(|figure| figure.interval).map(range),
            best: false,
            note,
        }
    }

    pub(super) fn differences(&self) -> Differences {
        let row = |difference: &crate::report::Difference| Difference {
            degradation: shown::name(&difference.degradation),
            first: self.detector(difference.first),
            second: self.detector(difference.second),
            value: difference.auc.value.map(|value| shown::signed(value, self.language)),
            undefined: difference.auc.undefined.as_deref().map(|why| self.texts.undefined(why)),
            interval: difference.auc.interval.map(|[low, high]| {
                let ends = [low, high].map(|end| shown::signed(end, self.language));
                format!("{} … {}", ends[0], ends[1])
            }),
            p: difference
                .p
                .map(|p| if p < 0.001 { format!("< {}", self.number(0.001)) } else { self.number(p) }),
            method: match difference.method {
                "delong" => self.texts.delong.to_owned(),
                "paired bootstrap" => self.texts.paired_bootstrap.to_owned(),
                other => other.to_owned(),
            },
        };
        let rows: Vec<Difference> = self.report.differences.iter().map(row).collect();
        let many = fill(self.texts.many_tests, &[("count", &rows.len().to_string())]);
        Differences { many: (rows.len() > 5).then_some(many), rows }
    }

    pub(super) fn groups(&self) -> Vec<GroupTable> {
        let mut tables = Vec::new();
        for degradation in self.report.degradations() {
            let outcomes: Vec<&Outcome> = self.outcomes(degradation).collect();
            let Some(first) = outcomes.iter().find(|outcome| !outcome.groups.is_empty()) else { continue };
            let of_class = |truth| first.groups.iter().filter(move |group| group.truth == truth);
            let fakes = of_class(Truth::Fake).count();
            let rows = of_class(Truth::Fake).chain(of_class(Truth::Real)).enumerate();
            let rows = rows.map(|(i, group)| GroupRow {
                begins_class: i > 0 && i == fakes,
                name: group.group.as_deref().map(shown::name),
                truth: self.truth(group.truth),
                pictures: group.pictures,
                rates: outcomes.iter().map(|outcome| self.rate(outcome, group)).collect(),
            });
            tables.push(GroupTable {
                degradation: shown::name(degradation),
                rows: rows.collect(),
                detectors: outcomes.iter().map(|outcome| self.detector(outcome.detector)).collect(),
            });
        }
        tables
    }

    pub(super) fn truth(&self, truth: Truth) -> &'static str {
        match truth {
            Truth::Real => self.texts.real,
            Truth::Fake => self.texts.fake,
        }
    }

    fn rate(&self, outcome: &Outcome, of: &Group) -> Option<Rate> {
        let group = outcome.groups.iter().find(|it| it.group == of.group && it.truth == of.truth)?;
        Some(Rate {
            rate: self.percent(group.rate),
            interval: group.interval.map(|end| shown::number(100.0 * end, 1, self.language)).join("–"),
            auc: group.auc.map(|auc| self.number(auc)),
        })
    }

    pub(super) fn masks(&self) -> Vec<MaskRow> {
        /// The columns of the template.
        const METRICS: [&str; 7] = [
            "pixel_f1",
            "pixel_iou",
            "pixel_mcc",
            "pixel_f1_best",
            "pixel_iou_best",
            "pixel_mcc_best",
            "pixel_false_alarm_rate",
        ];
        let row = |outcome: &Outcome| {
            let masks = outcome.masks.as_ref()?;
            let figure = |code: &&str| masks.metrics.iter().find(|figure| figure.metric == *code);
            let mut undefined: Vec<String> = masks
                .metrics
                .iter()
                .filter_map(|figure| figure.undefined.as_deref())
                .map(|why| self.texts.undefined(why))
                .collect();
            undefined.dedup();
            Some(MaskRow {
                degradation: shown::name(&outcome.degradation),
                detector: self.detector(outcome.detector),
                pictures: masks.pictures,
                without_map: masks.without_map,
                cells: METRICS
                    .iter()
                    .map(|code| figure(code)?.value.map(|value| self.number(value)))
                    .collect(),
                undefined,
            })
        };
        self.report.outcomes.iter().filter_map(row).collect()
    }
}

/// `a` to `z`, then `aa`.
fn mark(place: usize) -> String {
    let letter = char::from(b'a' + (place % 26) as u8);
    letter.to_string().repeat(place / 26 + 1)
}
