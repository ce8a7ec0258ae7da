//! Shares in rows, which grow downwards: AUC by degradation, rates by group.

use super::Scene;
use super::canvas::{self, Align, Canvas, GRID, INK, MUTED, SHADE, Series};
use crate::Truth;
use crate::report::{Group, Outcome, shown};

const WIDTH: f64 = 640.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = WIDTH - 26.0;
/// Of a line of the legend.
const LINE: f64 = 21.0;
/// The title and what is above the legend.
const HEAD: f64 = 44.0;

/// The horizontal axis.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
}

impl Scale {
    fn x(self, value: f64) -> f64 {
        LEFT + (value.clamp(self.low, 1.0) - self.low) / (1.0 - self.low) * (RIGHT - LEFT)
    }

    /// Round values, at most eleven.
    fn steps(self) -> Vec<f64> {
        let tenths = ((1.0 - self.low) * 10.0).round() as u32;
        let every = if tenths > 5 { 2 } else { 1 };
        (0..=tenths).step_by(every).map(|i| 1.0 - f64::from(i) / 10.0).collect()
    }
}

impl Scene<'_> {
    pub(super) fn robustness(&self, id: &str) -> Option<String> {
        let report = self.report;
        let degradations = report.degradations();
        let figures = || report.outcomes.iter().filter_map(|it| Some((it, it.figure("auc")?)));
        let ends =
            figures().filter_map(|(_, figure)| Some(figure.interval.map_or(figure.value?, |[low, _]| low)));
        let lowest = ends.fold(f64::INFINITY, f64::min);
        if degradations.len() < 2 || lowest.is_infinite() {
            return None;
        }
        let scale = Scale { low: ((lowest * 10.0).floor() / 10.0).clamp(0.0, 0.9) };
        let count = report.detectors.len();
        let (slot, pad) = (15.0, 9.0);
        let row = slot * count as f64 + 2.0 * pad;
        let top = HEAD + LINE * count as f64 + 6.0;
        let bottom = top + row * degradations.len() as f64;
        let title = self.texts.robustness;
        Some(canvas::drawn((WIDTH, bottom + 62.0), id, title, count, |canvas| {
            self.head(canvas, title);
            for i in (0..degradations.len()).step_by(2) {
                let y = top + row * i as f64;
                canvas.rectangle((8.0, y), (RIGHT, y + row), SHADE);
            }
            for step in scale.steps() {
                canvas.line((scale.x(step), top), (scale.x(step), bottom), GRID, 1.0);
                let text = shown::number(step, 1, self.language);
                canvas.text(&text, (scale.x(step), bottom + 16.0), 12.0, MUTED, Align::Middle);
            }
            if scale.low <= 0.5 {
                canvas.dotted([(scale.x(0.5), top), (scale.x(0.5), bottom)]);
                canvas.text(self.texts.chance, (scale.x(0.5) + 6.0, top + 10.0), 11.0, MUTED, Align::Left);
            }
            canvas.text(self.texts.auc, ((LEFT + RIGHT) / 2.0, bottom + 40.0), 13.0, INK, Align::Middle);
            for (i, degradation) in degradations.iter().enumerate() {
                let y = top + row * i as f64;
                let name = shown::short(degradation, 21);
                canvas.text(&name, (LEFT - 12.0, y + row / 2.0), 13.0, INK, Align::Right);
                for (outcome, figure) in figures().filter(|(it, _)| it.degradation == *degradation) {
                    let Some(value) = figure.value else { continue };
                    let series = Series(outcome.detector);
                    let y = y + pad + slot * (outcome.detector as f64 + 0.5);
                    if let Some([low, high]) = figure.interval {
                        canvas.line((scale.x(low), y), (scale.x(high), y), series.colour(), 2.0);
                    }
                    canvas.mark((scale.x(value), y), series);
                }
            }
        }))
    }

    pub(super) fn groups(&self, outcomes: &[&Outcome], id: &str) -> Option<String> {
        if outcomes.iter().all(|outcome| outcome.groups.is_empty()) {
            return None;
        }
        let scale = Scale { low: 0.0 };
        let count = self.report.detectors.len();
        let bar = if count == 1 { 13.0 } else { 9.0 };
        let row = (bar + 1.5) * count as f64 + 9.0;
        let sections: Vec<(&str, Vec<(&Group, String)>)> =
            [(Truth::Fake, self.texts.recall_of_fakes), (Truth::Real, self.texts.alarms_of_reals)]
                .into_iter()
                .map(|(truth, title)| (title, self.rows_of(outcomes, truth)))
                .filter(|(_, rows)| !rows.is_empty())
                .collect();
        let section = |rows: &[(&Group, String)]| 34.0 + row * rows.len() as f64 + 34.0;
        let top = HEAD + LINE * count as f64;
        let height = top + sections.iter().map(|(_, rows)| section(rows)).sum::<f64>() + 4.0;
        let title = self.title(self.texts.groups_plot, outcomes);
        Some(canvas::drawn((WIDTH, height), id, &title, count, |canvas| {
            self.head(canvas, &title);
            let mut start = top;
            for (title, rows) in &sections {
                canvas.text(title, (LEFT, start + 18.0), 13.0, INK, Align::Left);
                let top = start + 34.0;
                let bottom = top + row * rows.len() as f64;
                for i in (0..rows.len()).step_by(2) {
                    let y = top + row * i as f64;
                    canvas.rectangle((8.0, y), (RIGHT, y + row), SHADE);
                }
                for step in scale.steps() {
                    canvas.line((scale.x(step), top), (scale.x(step), bottom), GRID, 1.0);
                    let text = self.percent(step);
                    canvas.text(&text, (scale.x(step), bottom + 15.0), 12.0, MUTED, Align::Middle);
                }
                for (i, (of, name)) in rows.iter().enumerate() {
                    let y = top + row * i as f64;
                    canvas.text(name, (LEFT - 12.0, y + row / 2.0), 12.0, INK, Align::Right);
                    for outcome in outcomes {
                        let same = |group: &&Group| group.group == of.group && group.truth == of.truth;
                        let Some(group) = outcome.groups.iter().find(same) else { continue };
                        let series = Series(outcome.detector);
                        let y = y + 5.0 + (bar + 1.5) * outcome.detector as f64;
                        canvas.rectangle((LEFT, y), (scale.x(group.rate), y + bar), series.colour());
                        let middle = y + bar / 2.0;
                        let [low, high] = group.interval.map(|end| scale.x(end));
                        canvas.line((low, middle), (high, middle), INK, 1.2);
                        for end in [low, high] {
                            canvas.line((end, middle - 2.5), (end, middle + 2.5), INK, 1.2);
                        }
                    }
                }
                canvas.line((LEFT, top), (LEFT, bottom), MUTED, 1.0);
                start += section(rows);
            }
        }))
    }

    /// The title and all detectors beneath it.
    fn head(&self, canvas: &mut Canvas<'_>, title: &str) {
        canvas.text(title, (16.0, 20.0), 15.0, INK, Align::Left);
        for (i, detector) in self.report.detectors.iter().enumerate() {
            let name = shown::short(&detector.name, 60);
            canvas.entry((16.0, HEAD + 2.0 + LINE * i as f64), Series(i), false, &name);
        }
    }

    /// The groups of a class, with what they are called.
    fn rows_of<'a>(&self, outcomes: &[&'a Outcome], truth: Truth) -> Vec<(&'a Group, String)> {
        let Some(outcome) = outcomes.iter().find(|outcome| !outcome.groups.is_empty()) else {
            return Vec::new();
        };
        let named = |group: &'a Group| {
            let pictures = format!(" ({})", group.pictures);
            let most = 23_usize.saturating_sub(pictures.len());
            let name = group.group.as_deref().unwrap_or(self.texts.no_group);
            (group, shown::short(name, most) + &pictures)
        };
        outcome.groups.iter().filter(|group| group.truth == truth).map(named).collect()
    }
}
