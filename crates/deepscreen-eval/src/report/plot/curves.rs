//! Curves of all detectors on one degradation.

use super::Scene;
use super::canvas::{self, Align, Canvas, GRID, INK, MUTED, SHADE, Series};
use crate::metrics::Metric;
use crate::report::{Outcome, shown};

/// Everything is as wide as half of a page, so that two stand side by side and one is read on a telephone.
const WIDTH: f64 = 460.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 44.0;
/// The logarithmic axis begins here.
const LEAST: f64 = 0.001;
const STEPS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
const DECADES: [f64; 4] = [0.001, 0.01, 0.1, 1.0];

/// What the horizontal axis does with a share.
#[derive(Clone, Copy, PartialEq)]
enum Axis {
    Linear,
    Logarithmic,
}

impl Axis {
    fn place(self, share: f64) -> f64 {
        match self {
            Self::Linear => share.clamp(0.0, 1.0),
            Self::Logarithmic => 1.0 - share.clamp(LEAST, 1.0).log10() / LEAST.log10(),
        }
    }
}

/// The rectangle of the curves.
#[derive(Clone, Copy)]
struct Frame {
    axis: Axis,
    bottom: f64,
}

impl Frame {
    fn at(self, [x, y]: [f64; 2]) -> (f64, f64) {
        (LEFT + self.axis.place(x) * (RIGHT - LEFT), self.bottom - y.clamp(0.0, 1.0) * (self.bottom - TOP))
    }
}

/// One line of the legend.
enum Entry {
    Detector(Series, String),
    Dotted(String),
    Shade(String),
}

impl Scene<'_> {
    pub(super) fn roc(&self, outcomes: &[&Outcome], id: &str) -> Option<String> {
        let title = self.title(self.texts.roc, outcomes);
        let drawn: Vec<&Outcome> = outcomes.iter().copied().filter(|it| !it.roc.is_empty()).collect();
        let frame = Frame { axis: Axis::Linear, bottom: TOP + 350.0 };
        let entries = [Entry::Dotted(self.texts.chance.to_owned())];
        self.curves(&title, id, &drawn, frame, "auc", entries.into(), |canvas| {
            self.grid(canvas, frame, self.texts.axis_fpr, self.texts.axis_recall);
            canvas.dotted([frame.at([0.0, 0.0]), frame.at([1.0, 1.0])]);
            for outcome in &drawn {
                canvas.curve(outcome.roc.iter().map(|point| frame.at(*point)), Series(outcome.detector));
            }
            self.thresholds(canvas, frame, &drawn);
        })
    }

    pub(super) fn roc_log(&self, outcomes: &[&Outcome], id: &str) -> Option<String> {
        let title = self.title(self.texts.roc_log, outcomes);
        let drawn: Vec<&Outcome> = outcomes.iter().copied().filter(|it| !it.roc.is_empty()).collect();
        let frame = Frame { axis: Axis::Logarithmic, bottom: TOP + 350.0 };
        let finest = drawn.first().map_or(0.0, |it| 1.0 / it.pictures.real.max(1) as f64);
        let mut entries = vec![Entry::Dotted(self.texts.chance.to_owned())];
        if finest > LEAST {
            entries.push(Entry::Shade(self.texts.unseen.to_owned()));
        }
        self.curves(&title, id, &drawn, frame, "tpr_at_fpr_0.01", entries, |canvas| {
            if finest > LEAST {
                canvas.rectangle(frame.at([LEAST, 1.0]), frame.at([finest, 0.0]), SHADE);
            }
            self.grid(canvas, frame, self.texts.axis_fpr, self.texts.axis_recall);
            canvas.dotted(bent(&[[LEAST, LEAST], [1.0, 1.0]]).into_iter().map(|point| frame.at(point)));
            for outcome in &drawn {
                let points = bent(&outcome.roc);
                canvas.curve(points.iter().map(|point| frame.at(*point)), Series(outcome.detector));
            }
            self.thresholds(canvas, frame, &drawn);
        })
    }

    pub(super) fn precision_recall(&self, outcomes: &[&Outcome], id: &str) -> Option<String> {
        let title = self.title(self.texts.precision_recall, outcomes);
        let drawn: Vec<&Outcome> =
            outcomes.iter().copied().filter(|it| !it.precision_recall.is_empty()).collect();
        let frame = Frame { axis: Axis::Linear, bottom: TOP + 350.0 };
        let entries = [Entry::Dotted(self.texts.chance.to_owned())];
        self.curves(&title, id, &drawn, frame, "average_precision", entries.into(), |canvas| {
            self.grid(canvas, frame, self.texts.axis_recall, self.texts.axis_precision);
            if let Some(counts) = drawn.first().map(|outcome| outcome.pictures) {
                let share = counts.fake as f64 / (counts.fake + counts.real).max(1) as f64;
                canvas.dotted([frame.at([0.0, share]), frame.at([1.0, share])]);
            }
            for outcome in &drawn {
                let points = outcome.precision_recall.iter().map(|point| frame.at(*point));
                canvas.curve(points, Series(outcome.detector));
            }
        })
    }

    pub(super) fn calibration(&self, outcomes: &[&Outcome], id: &str) -> Option<String> {
        /// Between the curves and the shares of pictures.
        const GAP: f64 = 26.0;
        let title = self.title(self.texts.calibration, outcomes);
        let drawn: Vec<&Outcome> = outcomes.iter().copied().filter(|it| !it.calibration.is_empty()).collect();
        let frame = Frame { axis: Axis::Linear, bottom: TOP + 232.0 };
        let floor = TOP + 350.0;
        let entries = [Entry::Dotted(self.texts.perfect.to_owned())];
        self.curves(&title, id, &drawn, frame, "ece", entries.into(), |canvas| {
            self.grid(canvas, frame, "", self.texts.axis_fakes);
            canvas.dotted([frame.at([0.0, 0.0]), frame.at([1.0, 1.0])]);
            for outcome in &drawn {
                let points: Vec<(f64, f64)> = outcome
                    .calibration
                    .iter()
                    .map(|bin| frame.at([bin.mean_score, bin.fake_share]))
                    .collect();
                canvas.curve(points.iter().copied(), Series(outcome.detector));
                for point in points {
                    canvas.mark(point, Series(outcome.detector));
                }
            }
            let ceiling = frame.bottom + GAP;
            let shares = |outcome: &Outcome| -> Vec<(usize, f64)> {
                let all: u64 = outcome.calibration.iter().map(|bin| bin.pictures).sum();
                let share = |bin: &crate::report::Bin| {
                    (((bin.mean_score * 15.0) as usize).min(14), bin.pictures as f64 / all.max(1) as f64)
                };
                outcome.calibration.iter().map(share).collect()
            };
            let most =
                drawn.iter().flat_map(|outcome| shares(outcome)).map(|(_, share)| share).fold(0.0, f64::max);
            let most = (most * 10.0).ceil().max(1.0) / 10.0;
            for share in [0.0, most] {
                let y = floor - share / most * (floor - ceiling);
                canvas.line((LEFT, y), (RIGHT, y), GRID, 1.0);
                canvas.text(&self.percent(share), (LEFT - 8.0, y), 12.0, MUTED, Align::Right);
            }
            canvas.upward(self.texts.axis_share, (16.0, (floor + ceiling) / 2.0), 11.0, INK);
            let bin = (RIGHT - LEFT) / 15.0;
            let bar = (bin - 3.0) / drawn.len().max(1) as f64;
            for (i, outcome) in drawn.iter().enumerate() {
                for (place, share) in shares(outcome) {
                    let x = LEFT + place as f64 * bin + 1.5 + i as f64 * bar;
                    let y = floor - share / most * (floor - ceiling);
                    canvas.rectangle((x, y), (x + bar, floor), Series(outcome.detector).colour());
                }
            }
            for step in STEPS {
                let x = frame.at([step, 0.0]).0;
                canvas.text(
                    &shown::number(step, 1, self.language),
                    (x, floor + 16.0),
                    12.0,
                    MUTED,
                    Align::Middle,
                );
            }
            canvas.text(
                self.texts.axis_score,
                ((LEFT + RIGHT) / 2.0, floor + 38.0),
                13.0,
                INK,
                Align::Middle,
            );
        })
    }

    /// Title, what `draw` draws, and beneath it the legend, each detector with its `figure`.
    #[expect(clippy::too_many_arguments, reason = "a plot is all of these")]
    fn curves(
        &self,
        title: &str,
        id: &str,
        drawn: &[&Outcome],
        frame: Frame,
        figure: &str,
        others: Vec<Entry>,
        draw: impl FnOnce(&mut Canvas<'_>),
    ) -> Option<String> {
        if drawn.is_empty() {
            return None;
        }
        // With its figure, in so many letters.
        let named = |outcome: &Outcome, most: usize| match self.figure(outcome, figure) {
            Some(value) => {
                let name = self.detector(outcome, most.saturating_sub(value.chars().count() + 3));
                format!("{name} ({value})")
            }
            None => self.detector(outcome, most),
        };
        let detectors = drawn.iter().map(|it| Entry::Detector(Series(it.detector), named(it, 45)));
        let entries: Vec<Entry> = detectors.chain(others).collect();
        let start = frame.bottom.max(TOP + 350.0) + 64.0;
        let height = start + 21.0 * entries.len() as f64;
        let names: Vec<String> = drawn.iter().map(|outcome| named(outcome, 200)).collect();
        let spoken = format!("{title}. {}", names.join("; "));
        Some(canvas::drawn((WIDTH, height), id, &spoken, self.report.detectors.len(), |canvas| {
            canvas.text(title, (LEFT, 20.0), 15.0, INK, Align::Left);
            draw(canvas);
            for (i, entry) in entries.iter().enumerate() {
                let at = (LEFT, start + 21.0 * i as f64);
                match entry {
                    Entry::Detector(series, name) => canvas.entry(at, *series, true, name),
                    Entry::Dotted(name) => {
                        canvas.dotted([at, (at.0 + 30.0, at.1)]);
                        canvas.text(name, (at.0 + 38.0, at.1), 13.0, MUTED, Align::Left);
                    }
                    Entry::Shade(name) => {
                        canvas.rectangle((at.0, at.1 - 6.0), (at.0 + 30.0, at.1 + 6.0), SHADE);
                        canvas.text(name, (at.0 + 38.0, at.1), 13.0, MUTED, Align::Left);
                    }
                }
            }
        }))
    }

    /// `AUC 0.912`.
    fn figure(&self, outcome: &Outcome, code: &str) -> Option<String> {
        let value = outcome.figure(code)?.value?;
        let (name, value) = match code {
            "auc" => (self.texts.auc, shown::number(value, 3, self.language)),
            "average_precision" => (self.texts.average_precision, shown::number(value, 3, self.language)),
            "ece" => (self.texts.ece, shown::number(value, 3, self.language)),
            _ => (self.texts.tpr_1, shown::percent(value, 1, self.language)),
        };
        Some(format!("{name}: {value}"))
    }

    fn grid(&self, canvas: &mut Canvas<'_>, frame: Frame, x_name: &str, y_name: &str) {
        let steps: &[f64] = if frame.axis == Axis::Linear { &STEPS } else { &DECADES };
        for step in steps {
            let (x, _) = frame.at([*step, 0.0]);
            canvas.line((x, TOP), (x, frame.bottom), GRID, 1.0);
            if !x_name.is_empty() {
                canvas.text(&self.percent(*step), (x, frame.bottom + 16.0), 12.0, MUTED, Align::Middle);
            }
        }
        for step in STEPS {
            let (_, y) = frame.at([0.0, step]);
            canvas.line((LEFT, y), (RIGHT, y), GRID, 1.0);
            canvas.text(&self.percent(step), (LEFT - 8.0, y), 12.0, MUTED, Align::Right);
        }
        canvas.line((LEFT, frame.bottom), (RIGHT, frame.bottom), MUTED, 1.0);
        canvas.text(x_name, ((LEFT + RIGHT) / 2.0, frame.bottom + 38.0), 13.0, INK, Align::Middle);
        canvas.upward(y_name, (14.0, (TOP + frame.bottom) / 2.0), 13.0, INK);
    }

    /// Where each detector's threshold is on its curve.
    fn thresholds(&self, canvas: &mut Canvas<'_>, frame: Frame, drawn: &[&Outcome]) {
        for outcome in drawn {
            let Some(threshold) = self.report.detectors.get(outcome.detector).map(|it| it.threshold) else {
                continue;
            };
            let value = |metric: Metric| outcome.figure(&metric.code()).and_then(|figure| figure.value);
            let rates = (value(Metric::FalseAlarmRate { threshold }), value(Metric::Recall { threshold }));
            // What lies before the axis begins would seem to lie beside the curve.
            let is_on_axis = |fpr: f64| frame.axis == Axis::Linear || fpr >= LEAST;
            if let (Some(fpr), Some(recall)) = rates
                && is_on_axis(fpr)
            {
                canvas.mark(frame.at([fpr, recall]), Series(outcome.detector));
            }
        }
    }
}

/// A curve from [`LEAST`] on, with points enough that what is straight bends as it has to on a logarithmic axis.
fn bent(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    /// In each decade.
    const PARTS: f64 = 24.0;
    let mut bent = Vec::with_capacity(points.len());
    for pair in points.windows(2) {
        let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
        if x1 < LEAST {
            continue;
        }
        let from = x0.max(LEAST);
        let y_at = |x: f64| if x1 > x0 { y0 + (x - x0) / (x1 - x0) * (y1 - y0) } else { y1 };
        let first = if x1 > x0 { y_at(from) } else { y0 };
        if bent.last() != Some(&[from, first]) {
            bent.push([from, first]);
        }
        if x1 > from && y1 != y0 {
            let parts = (PARTS * (x1 / from).log10()).ceil();
            for part in 1..parts as u32 {
                let x = from * (x1 / from).powf(f64::from(part) / parts);
                bent.push([x, y_at(x)]);
            }
        }
        bent.push([x1, y1]);
    }
    bent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_begins_where_the_axis_does_and_bends() {
        let stairs = [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]];
        assert_eq!(bent(&stairs), [[LEAST, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]]);
        let diagonal = bent(&[[0.0, 0.0], [1.0, 1.0]]);
        assert_eq!(diagonal.first(), Some(&[LEAST, LEAST]));
        assert!(diagonal.iter().all(|[x, y]| (x - y).abs() < 1e-12), "{diagonal:?}");
        assert!(diagonal.len() > 10);
    }

    #[test]
    fn a_decade_is_a_third_of_the_axis() {
        for (i, share) in DECADES.into_iter().enumerate() {
            assert!((Axis::Logarithmic.place(share) - i as f64 / 3.0).abs() < 1e-12);
        }
        assert_eq!(Axis::Logarithmic.place(0.0), 0.0);
    }
}
