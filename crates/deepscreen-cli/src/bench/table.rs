//! A report as a table for a person: the warnings first, then a block for each degradation, then what it cost.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use deepscreen_eval::Truth;
use deepscreen_eval::report::{Figure, Outcome as Measured, Report};
use unicode_width::UnicodeWidthStr;

use crate::output::{escape, sink};
use crate::text::Text;
use crate::{Failed, Outcome};

/// Groups of a class that are shown for each detector: those it does worst on.
const WORST_GROUPS: usize = 3;

pub(super) fn print(report: &Report, text: Text) -> Result<Outcome, Failed> {
    let mut out = sink(None)?;
    for line in lines(report, text) {
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn lines(report: &Report, text: Text) -> Vec<String> {
    let mut lines = warnings(report, text);
    for degradation in report.degradations() {
        let outcomes: Vec<&Measured> =
            report.outcomes.iter().filter(|outcome| outcome.degradation == degradation).collect();
        let Some(first) = outcomes.first() else { continue };
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let bold = Style::new().bold();
        lines.push(format!("{bold}{degradation}{bold:#}  {}", text.bench_counts(first.pictures)));
        lines.extend(aligned(&rows(report, &outcomes, text)));
        if outcomes.iter().any(|outcome| !outcome.video_metrics.is_empty()) {
            lines.push(format!("  {}", text.bench_videos(first.videos)));
            let of_videos = |outcome: &&Measured| Measured {
                metrics: outcome.video_metrics.clone(),
                ..Measured::clone(outcome)
            };
            let videos: Vec<Measured> = outcomes.iter().map(of_videos).collect();
            lines.extend(aligned(&rows(report, &videos.iter().collect::<Vec<_>>(), text)));
        }
        lines.extend(masks(report, &outcomes, text));
        lines.extend(groups(report, &outcomes, text));
        lines.extend(differences(report, degradation, text));
    }
    if let Some(cost) = &report.cost {
        lines.extend([String::new(), text.bench_cost(cost)]);
    }
    lines.push(text.bench_intervals(&report.bootstrap));
    lines
}

/// What stands against the figures.
fn warnings(report: &Report, text: Text) -> Vec<String> {
    let mut warnings: Vec<String> =
        report.checks.iter().filter(|check| check.warns).map(|check| text.bench_warning(check)).collect();
    if report.outcomes.iter().any(|outcome| outcome.left_out > 0) {
        for outcome in report.outcomes.iter().filter(|outcome| outcome.not_scored > 0) {
            let name = &report.detectors[outcome.detector].name;
            warnings.push(text.bench_not_scored(&escape(name), outcome));
        }
    }
    for (code, count) in &report.faults.counts {
        warnings.push(text.bench_fault(code, *count));
    }
    let style = AnsiColor::Yellow.on_default();
    warnings.into_iter().map(|warning| format!("{style}{}{style:#}", escape(&warning))).collect()
}

/// The names of the columns, then a row a detector.
fn rows(report: &Report, outcomes: &[&Measured], text: Text) -> Vec<Vec<String>> {
    let mut rows = vec![text.bench_columns(report.bootstrap.confidence)];
    for outcome in outcomes {
        let detector = &report.detectors[outcome.detector];
        let threshold = detector.threshold;
        let figure = |metric: &str| outcome.metrics.iter().find(|figure| figure.metric == metric);
        let number = |metric: &str| figure(metric).and_then(|figure| figure.value).map_or(none(), three);
        let share = |metric: &str| figure(metric).and_then(|figure| figure.value).map_or(none(), percent);
        rows.push(vec![
            escape(&detector.name),
            figure("auc").map_or(none(), with_interval),
            number("average_precision"),
            share("eer"),
            share("tpr_at_fpr_0.05"),
            share("tpr_at_fpr_0.01"),
            share("tpr_at_fpr_0.001"),
            format!("{threshold}"),
            share(&format!("balanced_accuracy_at_{threshold}")),
            share(&format!("recall_at_{threshold}")),
            share(&format!("false_alarm_rate_at_{threshold}")),
            number("ece"),
        ]);
    }
    rows
}

fn none() -> String {
    "–".to_owned()
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}

fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value)
}

/// `0.744 (0.633–0.850)`.
fn with_interval(figure: &Figure) -> String {
    let Some(value) = figure.value else { return none() };
    let interval = figure.interval.map(|[low, high]| format!(" ({low:.3}–{high:.3})"));
    format!("{value:.3}{}", interval.unwrap_or_default())
}

/// Each column as wide as its widest cell; the first to the left, numbers to the right.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let space = " ".repeat(width - cell.width());
            if column == 0 { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  "))
    };
    rows.iter().map(line).collect()
}

fn masks(report: &Report, outcomes: &[&Measured], text: Text) -> Vec<String> {
    let line = |outcome: &&Measured| {
        let masks = outcome.masks.as_ref()?;
        let name = escape(&report.detectors[outcome.detector].name);
        Some(format!("  {}", text.bench_masks(&name, masks)))
    };
    outcomes.iter().filter_map(line).collect()
}

/// The groups that each detector misses most of, and those that it falsely flags most of.
fn groups(report: &Report, outcomes: &[&Measured], text: Text) -> Vec<String> {
    let mut lines = Vec::new();
    for outcome in outcomes {
        for truth in [Truth::Fake, Truth::Real] {
            let mut groups: Vec<_> = outcome.groups.iter().filter(|group| group.truth == truth).collect();
            if groups.len() < 2 {
                continue;
            }
            groups.sort_by(|a, b| match truth {
                Truth::Fake => a.rate.total_cmp(&b.rate),
                Truth::Real => b.rate.total_cmp(&a.rate),
            });
            let shown = groups.iter().take(WORST_GROUPS).map(|group| {
                let name = group.group.as_deref().unwrap_or("–");
                format!("{} {}", escape(name), percent(group.rate))
            });
            let shown: Vec<String> = shown.collect();
            let name = escape(&report.detectors[outcome.detector].name);
            lines.push(format!("  {}", text.bench_worst_groups(&name, truth, &shown.join(", "))));
        }
    }
    lines
}

fn differences(report: &Report, degradation: &str, text: Text) -> Vec<String> {
    let of_this = report.differences.iter().filter(|difference| difference.degradation == degradation);
    let line = |difference: &deepscreen_eval::report::Difference| {
        let [first, second] =
            [difference.first, difference.second].map(|place| escape(&report.detectors[place].name));
        format!("  {}", text.bench_difference(&first, &second, difference))
    };
    of_this.map(line).collect()
}
