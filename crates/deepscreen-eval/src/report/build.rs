//! From the scores of all detectors on all degradations to the report.

use std::collections::BTreeMap;

use deepscreen::{Error, ErrorKind, Result};

use super::curves::thinned;
use super::{
    Bin, Check, Compared, Cost, Counts, Difference, Faults, Figure, Group, Masks, Mistake, Outcome, Report,
    Resampling, SCHEMA,
};
use crate::fault::{self, Fault};
use crate::metrics::{
    Bootstrap, Clusters, Estimate, LabelledScores, MaskSummary, Measured, Metric, Ranking, auc_difference,
    interval_of_share, rates_by_group,
};
use crate::scores::{Common, ScoreTable, ScoredPicture};
use crate::{Dataset, Truth};

/// How many faults a report lists; it counts all.
const LISTED_FAULTS: usize = 50;

/// Everything that a report is made of.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The data sets or the score file, as they were named.
    pub datasets: Vec<String>,
    /// The pictures of each class that can be used.
    pub pictures: Counts,
    /// What is wrong with the data.
    pub faults: Vec<Fault>,
    /// What the checks found.
    pub checks: Vec<Check>,
    /// The detectors, in the order of the scores.
    pub detectors: Vec<Compared>,
    /// The scores.
    pub tiers: Vec<Tier>,
    /// How intervals are made. Pictures are drawn by group where any has one, else by video, else one by one.
    pub bootstrap: Bootstrap,
    /// How many mistakes of each class are listed.
    pub mistakes: usize,
    /// What it cost.
    pub cost: Option<Cost>,
}

/// The scores of all detectors on one degradation.
#[derive(Clone, Debug)]
pub struct Tier {
    /// Its name.
    pub degradation: String,
    /// The scores, one column a detector.
    pub table: ScoreTable,
    /// By detector: why pictures have no score, with how many.
    pub failures: Vec<BTreeMap<String, u64>>,
    /// By detector: its maps against the masks, and the pictures with a mask that it made no map of. Empty where no
    /// picture has a mask.
    pub masks: Vec<(MaskSummary, u64)>,
}

impl Counts {
    /// Of a data set.
    pub fn of(dataset: &Dataset) -> Self {
        let count = |truth| dataset.count(truth) as u64;
        Self { real: count(Truth::Real), fake: count(Truth::Fake) }
    }

    fn of_scores(scores: &LabelledScores) -> Self {
        let count = |truth| scores.count(truth) as u64;
        Self { real: count(Truth::Real), fake: count(Truth::Fake) }
    }
}

impl Trial {
    /// Measures everything.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a bootstrap that is none, and for a tier whose table has other detectors.
    pub fn report(self) -> Result<Report> {
        let pictures = self.tiers.first().map_or(&[][..], |tier| &tier.table.pictures);
        let unit = Unit::of(pictures);
        let (mut outcomes, mut differences) = (Vec::new(), Vec::new());
        let mut units = 0;
        for tier in &self.tiers {
            if tier.table.detectors.len() != self.detectors.len() {
                let message = format!(
                    "{} has scores of {} detectors, not of {}",
                    tier.degradation,
                    tier.table.detectors.len(),
                    self.detectors.len()
                );
                return Err(Error::new(ErrorKind::InvalidConfig, message));
            }
            let measured = Measurement::new(&self, tier, unit)?;
            units = units.max(measured.units());
            for detector in 0..self.detectors.len() {
                outcomes.push(measured.outcome(detector)?);
            }
            differences.extend(measured.differences()?);
        }
        let bootstrap = Resampling {
            resamples: self.bootstrap.resamples,
            confidence: self.bootstrap.confidence,
            unit: unit.name(),
            units,
        };
        let counts = fault::count(&self.faults).into_iter().map(|(kind, count)| (kind.code(), count));
        let mut counts: Vec<_> = counts.collect();
        counts.sort_unstable();
        let listed = self.faults.iter().take(LISTED_FAULTS).map(Fault::to_string).collect();
        Ok(Report {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            datasets: self.datasets,
            seed: self.bootstrap.seed,
            bootstrap,
            pictures: self.pictures,
            faults: Faults { counts, listed },
            checks: self.checks,
            detectors: self.detectors,
            outcomes,
            differences,
            cost: self.cost,
        })
    }
}

impl Tier {
    /// Scores of pictures as they are.
    pub(crate) fn of_scores(table: ScoreTable) -> Self {
        let missing = |detector: usize| {
            let count = table.pictures.iter().filter(|picture| picture.scores[detector].is_none()).count();
            (count > 0).then(|| ("no_score".to_owned(), count as u64)).into_iter().collect()
        };
        let failures = (0..table.detectors.len()).map(missing).collect();
        Self { degradation: "clean".to_owned(), table, failures, masks: Vec::new() }
    }
}

/// What is drawn together.
#[derive(Clone, Copy)]
enum Unit {
    Picture,
    Group,
    Video,
}

impl Unit {
    fn of(pictures: &[ScoredPicture]) -> Self {
        if pictures.iter().any(|picture| picture.group.is_some()) {
            Self::Group
        } else if pictures.iter().any(|picture| picture.video.is_some()) {
            Self::Video
        } else {
            Self::Picture
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Group => "group",
            Self::Video => "video",
        }
    }

    /// The unit of a picture that it is not the only one of.
    fn name_of(self, picture: &ScoredPicture) -> Option<String> {
        match self {
            Self::Picture => None,
            // Reals and fakes of a folder are of different sources.
            Self::Group => picture.group.as_ref().map(|group| format!("{}/{group}", picture.truth)),
            Self::Video => picture.video.clone(),
        }
    }
}

/// One tier while it is measured.
struct Measurement<'a> {
    trial: &'a Trial,
    tier: &'a Tier,
    common: Common,
    clusters: Option<Clusters>,
}

impl<'a> Measurement<'a> {
    fn new(trial: &'a Trial, tier: &'a Tier, unit: Unit) -> Result<Self> {
        let all: Vec<usize> = (0..trial.detectors.len()).collect();
        let common = tier.table.common(&all)?;
        let names: Vec<Option<String>> =
            common.pictures.iter().map(|place| unit.name_of(&tier.table.pictures[*place])).collect();
        let clusters = names.iter().any(Option::is_some).then(|| Clusters::new(&names));
        Ok(Self { trial, tier, common, clusters })
    }

    fn units(&self) -> u64 {
        self.clusters.as_ref().map_or(self.common.pictures.len(), Clusters::count) as u64
    }

    fn pictures(&self) -> impl Iterator<Item = &ScoredPicture> {
        self.common.pictures.iter().map(|place| &self.tier.table.pictures[*place])
    }

    fn outcome(&self, detector: usize) -> Result<Outcome> {
        let scores = &self.common.scores[detector];
        let threshold = self.trial.detectors[detector].threshold;
        let metrics = metrics(threshold);
        let ranking = Ranking::new(scores);
        let estimates = self.trial.bootstrap.estimate(scores, &metrics, self.clusters.as_ref())?;
        let (video_metrics, videos) = self.by_video(scores, &metrics)?;
        let mut failures: Vec<(String, u64)> =
            self.tier.failures[detector].iter().map(|(code, count)| (code.clone(), *count)).collect();
        failures.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let not_scored = self.tier.table.pictures.iter().filter(|picture| picture.scores[detector].is_none());
        Ok(Outcome {
            detector,
            degradation: self.tier.degradation.clone(),
            pictures: Counts::of_scores(scores),
            not_scored: not_scored.count() as u64,
            left_out: self.common.left_out as u64,
            failures,
            metrics: estimates.iter().map(Figure::of).collect(),
            video_metrics,
            videos,
            groups: self.groups(scores, threshold)?,
            roc: ranking
                .roc()
                .map(|points| thinned(points.iter().map(|p| [p.fpr, p.tpr])))
                .unwrap_or_default(),
            precision_recall: ranking
                .precision_recall()
                .map(|points| thinned(points.iter().map(|p| [p.recall, p.precision])))
                .unwrap_or_default(),
            calibration: calibration(&ranking),
            masks: self
                .tier
                .masks
                .get(detector)
                .map(|(summary, without_map)| Masks::of(summary, *without_map)),
            mistakes: self.mistakes(scores),
        })
    }

    /// The metrics over videos, where there are any.
    fn by_video(&self, scores: &LabelledScores, metrics: &[Metric]) -> Result<(Vec<Figure>, Counts)> {
        let names: Vec<Option<&String>> = self.pictures().map(|picture| picture.video.as_ref()).collect();
        if names.iter().all(Option::is_none) {
            return Ok(Default::default());
        }
        let videos = scores.by_video(&names)?;
        let estimates = self.trial.bootstrap.estimate(&videos.scores, metrics, None)?;
        Ok((estimates.iter().map(Figure::of).collect(), Counts::of_scores(&videos.scores)))
    }

    fn groups(&self, scores: &LabelledScores, threshold: f64) -> Result<Vec<Group>> {
        let names: Vec<Option<&String>> = self.pictures().map(|picture| picture.group.as_ref()).collect();
        if names.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        let mut groups = Vec::new();
        for rates in rates_by_group(scores, &names, threshold)? {
            let counts = rates.confusion;
            let of_class = [
                (Truth::Fake, counts.true_positives, counts.true_positives + counts.false_negatives),
                (Truth::Real, counts.false_positives, counts.false_positives + counts.true_negatives),
            ];
            for (truth, flagged, pictures) in of_class.into_iter().filter(|(.., pictures)| *pictures > 0) {
                let interval = interval_of_share(flagged, pictures, self.trial.bootstrap.confidence);
                groups.push(Group {
                    group: rates.group.clone(),
                    truth,
                    pictures,
                    flagged,
                    rate: flagged as f64 / pictures as f64,
                    interval: [interval.low, interval.high],
                    auc: self.auc_of_group(scores, &names, rates.group.as_ref(), truth)?,
                });
            }
        }
        groups.sort_by(|a, b| a.group.is_none().cmp(&b.group.is_none()).then_with(|| a.group.cmp(&b.group)));
        Ok(groups)
    }

    /// A group's pictures of one class against all of the other.
    fn auc_of_group(
        &self,
        scores: &LabelledScores,
        names: &[Option<&String>],
        group: Option<&String>,
        truth: Truth,
    ) -> Result<Option<f64>> {
        let mut some = LabelledScores::default();
        for ((score, of), name) in scores.scores().iter().zip(scores.truths()).zip(names) {
            if *of != truth || *name == group {
                some.push("picture", *score, *of)?;
            }
        }
        Ok(Ranking::new(&some).auc().ok())
    }

    /// The fakes of lowest and the reals of highest score, whichever side of the threshold they are on.
    fn mistakes(&self, scores: &LabelledScores) -> Vec<Mistake> {
        let mut ranked: Vec<(f64, &ScoredPicture)> =
            scores.scores().iter().copied().zip(self.pictures()).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.path.cmp(&b.1.path)));
        let mistake = |(score, picture): &(f64, &ScoredPicture)| Mistake {
            path: picture.path.clone(),
            truth: picture.truth,
            score: *score,
            group: picture.group.clone(),
        };
        let fakes = ranked.iter().filter(|(_, picture)| picture.truth == Truth::Fake);
        let reals = ranked.iter().rev().filter(|(_, picture)| picture.truth == Truth::Real);
        fakes.take(self.trial.mistakes).chain(reals.take(self.trial.mistakes)).map(mistake).collect()
    }

    fn differences(&self) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        for (second, of_second) in self.common.scores.iter().enumerate() {
            for (first, of_first) in self.common.scores.iter().enumerate().take(second) {
                let (auc, p, method) = self.difference(of_first, of_second)?;
                let degradation = self.tier.degradation.clone();
                differences.push(Difference { first, second, degradation, auc, p, method });
            }
        }
        Ok(differences)
    }

    /// `DeLong`'s test where pictures are independent, else the bootstrap, which knows of groups.
    fn difference(
        &self,
        first: &LabelledScores,
        second: &LabelledScores,
    ) -> Result<(Figure, Option<f64>, &'static str)> {
        let bootstrap = &self.trial.bootstrap;
        let metric = [Metric::Auc];
        let Some(difference) =
            bootstrap.difference(first, second, &metric, self.clusters.as_ref())?.into_iter().next()
        else {
            let message = "no difference was measured";
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        };
        let interval = difference.interval.map(|interval| [interval.low, interval.high]);
        let figure = Figure::new("auc", difference.value, interval);
        if self.clusters.is_some() {
            return Ok((figure, difference.p, "paired bootstrap"));
        }
        let delong = auc_difference(first, second)?;
        Ok((figure, delong.map(|delong| delong.p).ok(), "delong"))
    }
}

/// What is measured of every detector, the most telling first.
fn metrics(threshold: f64) -> Vec<Metric> {
    let mut metrics = vec![
        Metric::Auc,
        Metric::AveragePrecision,
        Metric::EqualErrorRate,
        Metric::TprAtFpr { limit: 0.05 },
        Metric::TprAtFpr { limit: 0.01 },
        Metric::TprAtFpr { limit: 0.001 },
        Metric::Recall { threshold },
        Metric::FalseAlarmRate { threshold },
        Metric::BalancedAccuracy { threshold },
        Metric::Accuracy { threshold },
    ];
    if threshold != 0.5 {
        metrics.extend([Metric::BalancedAccuracy { threshold: 0.5 }, Metric::Accuracy { threshold: 0.5 }]);
    }
    metrics.extend([
        Metric::FittedBalancedAccuracy,
        Metric::FittedAccuracy,
        Metric::LogLoss,
        Metric::Brier,
        Metric::CalibrationError,
    ]);
    metrics
}

fn calibration(ranking: &Ranking) -> Vec<Bin> {
    let bins = ranking.calibration().unwrap_or_default();
    let bins = bins.iter().filter_map(|bin| {
        Some(Bin { mean_score: bin.mean_score()?, fake_share: bin.fake_share()?, pictures: bin.count })
    });
    bins.collect()
}

impl Figure {
    fn of(estimate: &Estimate) -> Self {
        let interval = estimate.interval.map(|interval| [interval.low, interval.high]);
        Self::new(estimate.metric.code(), estimate.value, interval)
    }

    fn new(metric: impl Into<String>, value: Measured, interval: Option<[f64; 2]>) -> Self {
        let undefined = value.err().map(|why| why.to_string());
        Self { metric: metric.into(), value: value.ok(), interval, undefined }
    }
}

impl Masks {
    fn of(summary: &MaskSummary, without_map: u64) -> Self {
        let of = |end: &str, means: &crate::metrics::Means| {
            let figure = |name: &str, value| Figure::new(format!("pixel_{name}{end}"), value, None);
            [figure("f1", means.f1), figure("iou", means.iou), figure("mcc", means.mcc)]
        };
        let mut metrics: Vec<Figure> = of("", &summary.mean).into_iter().collect();
        metrics.extend(of("_best", &summary.mean_best));
        metrics.push(Figure::new("pixel_false_alarm_rate", summary.false_alarms_of_empty, None));
        Self { pictures: summary.with_mask, without_map, metrics }
    }
}
