//! What stands against the figures, what was compared and what it cost.

use serde::Serialize;

use super::{Fact, Words};
use crate::report::text::fill;
use crate::report::{Check, shown};

/// Below so many groups or videos an interval is rough.
const FEW_UNITS: u64 = 20;

/// Something to know before the figures.
#[derive(Serialize)]
pub(super) struct Warning {
    text: String,
    /// In English, as the check says it.
    detail: Option<String>,
    examples: Vec<String>,
    /// Whether the list of faults says more.
    see_faults: bool,
}

impl Warning {
    fn new(text: String) -> Self {
        Self { text, detail: None, examples: Vec::new(), see_faults: false }
    }
}

/// A text and what stands in its places.
type Sentence = (&'static str, Vec<(&'static str, String)>);

/// What is wrong with the data.
#[derive(Serialize)]
pub(super) struct FaultTable {
    counts: Vec<Fact>,
    listed: Vec<String>,
    first: String,
}

/// A check of the data.
#[derive(Serialize)]
pub(super) struct CheckRow {
    name: String,
    warns: bool,
    figure: Option<String>,
    message: String,
}

/// A detector.
#[derive(Serialize)]
pub(super) struct DetectorRow {
    name: String,
    model: String,
    engine: String,
    sha256: String,
    threshold: String,
    max_fpr: Option<String>,
    milliseconds: Option<String>,
}

impl Words<'_> {
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let (report, texts) = (self.report, &self.texts);
        let mut warnings: Vec<Warning> =
            report.checks.iter().filter(|check| check.warns).map(|check| self.warning_of(check)).collect();
        if report.pictures.real == 0 {
            warnings.push(Warning::new(texts.warn_no_real.to_owned()));
        }
        if report.pictures.fake == 0 {
            warnings.push(Warning::new(texts.warn_no_fake.to_owned()));
        }
        warnings.extend(self.unscored());
        let bootstrap = &report.bootstrap;
        let few = match bootstrap.unit {
            "group" => Some(texts.warn_few_groups),
            "video" => Some(texts.warn_few_videos),
            _ => None,
        };
        if let Some(few) = few.filter(|_| bootstrap.units < FEW_UNITS) {
            warnings.push(Warning::new(filled(few, &[("units", bootstrap.units.to_string())])));
        }
        let faults: u64 = report.faults.counts.iter().map(|(_, count)| count).sum();
        if faults > 0 {
            let text = filled(texts.warn_faults, &[("count", faults.to_string())]);
            warnings.push(Warning { see_faults: true, ..Warning::new(text) });
        }
        warnings
    }

    /// Pictures that are in no figure, with the degradations for which the same holds.
    fn unscored(&self) -> Vec<Warning> {
        let (report, texts) = (self.report, &self.texts);
        let degradations = report.degradations();
        // A sentence without its place, and the places.
        let mut found: Vec<(Sentence, Vec<&str>)> = Vec::new();
        let mut add = |said: Sentence, degradation| match found.iter_mut().find(|(other, _)| *other == said) {
            Some((_, places)) => places.push(degradation),
            None => found.push((said, vec![degradation])),
        };
        for degradation in &degradations {
            let outcomes = || report.outcomes.iter().filter(|outcome| outcome.degradation == *degradation);
            let Some(first) = outcomes().next() else { continue };
            let used = first.pictures.real + first.pictures.fake;
            let all = (used + first.left_out).to_string();
            for outcome in outcomes().filter(|outcome| outcome.not_scored > 0) {
                let failures: Vec<String> = outcome
                    .failures
                    .iter()
                    .map(|(code, count)| format!("{}: {count}", shown::name(&texts.fault(code))))
                    .collect();
                // That there is no score is said already.
                let is_plain = outcome.failures.iter().all(|(code, _)| code == "no_score");
                let failures = if is_plain { String::new() } else { format!(" ({})", failures.join(", ")) };
                let values = vec![
                    ("detector", self.detector(outcome.detector)),
                    ("count", outcome.not_scored.to_string()),
                    ("all", all.clone()),
                    ("failures", failures),
                ];
                add((texts.warn_not_scored, values), *degradation);
            }
            if first.left_out > 0 {
                let text = if used == 0 { texts.warn_no_picture } else { texts.warn_left_out };
                add((text, vec![("count", first.left_out.to_string()), ("all", all)]), *degradation);
            }
        }
        let warning = |((text, mut values), places): (Sentence, Vec<&str>)| {
            let place = match places.len() {
                _ if degradations.len() == 1 => String::new(),
                count if count == degradations.len() => texts.on_every.to_owned(),
                _ => {
                    let names: Vec<String> = places.into_iter().map(shown::name).collect();
                    format!(" ({})", names.join(", "))
                }
            };
            values.push(("where", place));
            Warning::new(filled(text, &values))
        };
        found.into_iter().map(warning).collect()
    }

    fn warning_of(&self, check: &Check) -> Warning {
        let texts = &self.texts;
        let subject = shown::name(&texts.subject(&check.subject));
        let text = match (check.check, check.auc, check.share) {
            ("confound", Some(_), _) => texts.warn_confound,
            ("confound", None, _) => texts.warn_confound_unknown,
            ("leakage", _, Some(_)) => texts.warn_leakage,
            _ => texts.warn_other,
        };
        let values = [
            ("subject", subject),
            ("auc", check.auc.map_or_else(String::new, |auc| self.number(auc))),
            ("share", check.share.map_or_else(String::new, |share| self.percent(share))),
        ];
        Warning {
            detail: Some(shown::name(&check.message)),
            examples: check.examples.iter().map(|example| shown::name(example)).collect(),
            ..Warning::new(filled(text, &values))
        }
    }

    pub(super) fn faults(&self) -> FaultTable {
        let faults = &self.report.faults;
        let all: u64 = faults.counts.iter().map(|(_, count)| count).sum();
        let count = |(code, count): &(&str, u64)| Fact {
            name: shown::name(&self.texts.fault(code)),
            value: count.to_string(),
        };
        let values = [("listed", faults.listed.len().to_string()), ("count", all.to_string())];
        FaultTable {
            counts: faults.counts.iter().map(count).collect(),
            listed: faults.listed.iter().map(|fault| shown::name(fault)).collect(),
            first: filled(self.texts.first_faults, &values),
        }
    }

    pub(super) fn checks(&self) -> Vec<CheckRow> {
        let row = |check: &Check| {
            let name = match check.check {
                "confound" => self.texts.check_confound,
                "leakage" => self.texts.check_leakage,
                _ => "{subject}",
            };
            let auc = check.auc.map(|auc| format!("{} {}", self.texts.auc, self.number(auc)));
            CheckRow {
                name: filled(name, &[("subject", shown::name(&self.texts.subject(&check.subject)))]),
                warns: check.warns,
                figure: auc.or_else(|| check.share.map(|share| self.percent(share))),
                message: shown::name(&check.message),
            }
        };
        self.report.checks.iter().map(row).collect()
    }

    pub(super) fn detectors(&self) -> Vec<DetectorRow> {
        let row = |detector: &crate::report::Compared| DetectorRow {
            name: shown::name(&detector.name),
            model: shown::name(&detector.model),
            engine: shown::name(&detector.engine),
            sha256: shown::name(&detector.sha256),
            threshold: shown::score(detector.threshold, self.language),
            max_fpr: detector.threshold_max_fpr.map(|share| self.percent(share)),
            milliseconds: detector.milliseconds.map(|it| shown::number(it, 1, self.language)),
        };
        self.report.detectors.iter().map(row).collect()
    }

    pub(super) fn cost(&self) -> Vec<Fact> {
        let texts = &self.texts;
        let Some(cost) = &self.report.cost else { return Vec::new() };
        let seconds = shown::number(cost.seconds, 1, self.language);
        let values = [("seconds", seconds), ("threads", cost.threads.to_string())];
        let facts = [
            (texts.seconds, Some(filled(texts.seconds_says, &values))),
            (texts.computed, Some(cost.computed.to_string())),
            (texts.known, Some(cost.known.to_string())),
            (texts.speed, cost.pictures_per_second.map(|speed| shown::number(speed, 1, self.language))),
            (texts.memory, cost.peak_memory.map(|bytes| format!("{} MiB", bytes.div_ceil(1 << 20)))),
        ];
        let facts =
            facts.into_iter().filter_map(|(name, value)| Some(Fact { name: name.to_owned(), value: value? }));
        facts.collect()
    }
}

fn filled(text: &str, values: &[(&str, String)]) -> String {
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    fill(text, &values)
}
