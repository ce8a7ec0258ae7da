//! Scores in, a report of them out: every figure with its interval, and what stands against it, as one value that
//! becomes JSON as it is and that tables, pages and plots are drawn from. Runs no detector, and opens no picture but for thumbnails of mistakes.

use serde::Serialize;

use crate::Truth;

mod build;
mod checks;
mod csv;
mod curves;
mod files;
mod html;
mod plot;
mod shown;
mod text;

pub use self::csv::{csv, group_csv};
pub use build::{Tier, Trial};
pub use html::html;
pub use plot::plots;

/// What a report's JSON says in `schema`.
pub const SCHEMA: &str = "deepscreen-bench/1";

/// A comparison of detectors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of this crate.
    pub version: &'static str,
    /// The data sets or the score file, as they were named.
    pub datasets: Vec<String>,
    /// The seed of resamples, of noise and of folds: the same one gives the same report.
    pub seed: u64,
    /// How the intervals were made.
    pub bootstrap: Resampling,
    /// The pictures of the data sets that can be used.
    pub pictures: Counts,
    /// What cannot be used, and what else is wrong.
    pub faults: Faults,
    /// What the pictures give away without being looked at, and what is among them twice.
    pub checks: Vec<Check>,
    /// What was compared, in the order that [`Outcome::detector`] counts by.
    pub detectors: Vec<Compared>,
    /// One for each detector and degradation: by degradation, then by detector.
    pub outcomes: Vec<Outcome>,
    /// Each pair of detectors on each degradation.
    pub differences: Vec<Difference>,
    /// What it cost; `None` for score files.
    pub cost: Option<Cost>,
}

impl Report {
    /// Each degradation once, in the order of the outcomes.
    pub fn degradations(&self) -> Vec<&str> {
        let mut degradations: Vec<&str> = Vec::new();
        for outcome in &self.outcomes {
            if !degradations.contains(&outcome.degradation.as_str()) {
                degradations.push(&outcome.degradation);
            }
        }
        degradations
    }
}

/// How intervals were made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resampling {
    /// How many times pictures were drawn.
    pub resamples: u32,
    /// The share of the values that an interval holds, between 0 and 1.
    pub confidence: f64,
    /// What is drawn together: `picture`, `group` or `video`.
    pub unit: &'static str,
    /// How many of them there are.
    pub units: u64,
}

/// Pictures of each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Real ones.
    pub real: u64,
    /// Fake ones.
    pub fake: u64,
}

/// What is wrong with the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Faults {
    /// How many of each [kind](crate::FaultKind::code), the codes in the order of the alphabet.
    pub counts: Vec<(&'static str, u64)>,
    /// The first of them as sentences.
    pub listed: Vec<String>,
}

/// Something that would make a figure a lie.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// `confound` or `leakage`.
    pub check: &'static str,
    /// What was looked at: `format`, `short side`, `across classes`.
    pub subject: String,
    /// Whether figures on these data are in doubt.
    pub warns: bool,
    /// The area under the ROC curve of a predictor that sees this alone; `None` where it is undefined, and for leakage.
    pub auc: Option<f64>,
    /// The share of pictures that are concerned, 0 to 1; `None` for confounds.
    pub share: Option<f64>,
    /// A sentence.
    pub message: String,
    /// Examples: pairs of pictures.
    pub examples: Vec<String>,
}

/// A detector in the comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compared {
    /// Its name in this report: `ai-image`, or the column of a score file.
    pub name: String,
    /// `ai-image@1`; empty for score files.
    pub model: String,
    /// SHA-256 of its weights; empty for score files.
    pub sha256: String,
    /// What ran it; empty for score files.
    pub engine: String,
    /// A picture is flagged from this score on, in all figures that need a threshold.
    pub threshold: f64,
    /// The false-positive rate that its card names for the threshold; `None` where it has no operating point, or the
    /// caller chose the threshold.
    pub threshold_max_fpr: Option<f64>,
    /// Milliseconds that a thread spends on a picture, decoding and degrading apart; `None` for score files, and where
    /// all scores were known before.
    pub milliseconds: Option<f64>,
}

/// A detector on the pictures of one degradation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The detector's place in [`Report::detectors`].
    pub detector: usize,
    /// `clean`, `web`, `jpeg:60`.
    pub degradation: String,
    /// The pictures that the figures are of: those that every detector scored.
    pub pictures: Counts,
    /// Pictures that this detector did not score, which are in no figure.
    pub not_scored: u64,
    /// Pictures that are in no figure, since one of the detectors did not score them.
    pub left_out: u64,
    /// Why pictures were not scored, with how many, the most frequent first; codes as in a record's `failures`.
    pub failures: Vec<(String, u64)>,
    /// The metrics over pictures.
    pub metrics: Vec<Figure>,
    /// The same over videos, each with the mean score of its frames; empty where there are none.
    pub video_metrics: Vec<Figure>,
    /// The videos, and the pictures that are of none.
    pub videos: Counts,
    /// Recall and false alarms of each group, in the order of the alphabet, those without a group last.
    pub groups: Vec<Group>,
    /// The ROC curve: false-positive rate, recall; at most a few hundred points of it.
    pub roc: Vec<[f64; 2]>,
    /// The precision-recall curve: recall, precision; at most a few hundred points of it.
    pub precision_recall: Vec<[f64; 2]>,
    /// The calibration curve; empty where scores are no probabilities.
    pub calibration: Vec<Bin>,
    /// The detector's maps against the masks; `None` where there are no masks.
    pub masks: Option<Masks>,
    /// What it is most wrong about: fakes of low score, then reals of high score.
    pub mistakes: Vec<Mistake>,
}

impl Outcome {
    /// The figure of a metric: `auc`.
    pub fn figure(&self, metric: &str) -> Option<&Figure> {
        self.metrics.iter().find(|figure| figure.metric == metric)
    }
}

/// A metric with its interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// [`Metric::code`](crate::metrics::Metric::code): `auc`, `tpr_at_fpr_0.01`.
    pub metric: String,
    /// `None` where it is undefined.
    pub value: Option<f64>,
    /// Its lower and upper end.
    pub interval: Option<[f64; 2]>,
    /// Why there is no value.
    pub undefined: Option<String>,
}

/// What happens to the pictures of one group and class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its name; `None` for pictures without one.
    pub group: Option<String>,
    /// What its pictures are.
    pub truth: Truth,
    /// How many there are.
    pub pictures: u64,
    /// How many of them are flagged.
    pub flagged: u64,
    /// The share that is flagged, 0 to 1: recall of fakes, false-alarm rate of reals.
    pub rate: f64,
    /// Of the rate, with the report's confidence, as if pictures were independent (Wilson's score interval).
    pub interval: [f64; 2],
    /// AUC against all pictures of the other class.
    pub auc: Option<f64>,
}

/// A bin of the calibration curve that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The mean score in it.
    pub mean_score: f64,
    /// The share of fakes in it.
    pub fake_share: f64,
    /// Pictures in it.
    pub pictures: u64,
}

/// How well a detector's maps find what is manipulated: means over pictures at the threshold of 0.5.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Masks {
    /// Pictures with something in the mask that the detector made a map of.
    pub pictures: u64,
    /// Pictures with a mask that it made no map of.
    pub without_map: u64,
    /// `pixel_f1`, `pixel_iou`, `pixel_mcc` at 0.5; the same with `_best` at each picture's best threshold, an upper
    /// bound; `pixel_false_alarm_rate` over pictures whose mask is empty.
    pub metrics: Vec<Figure>,
}

/// A picture and the score that it should not have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mistake {
    /// Where it lies.
    pub path: String,
    /// What it is.
    pub truth: Truth,
    /// The score.
    pub score: f64,
    /// Its group.
    pub group: Option<String>,
}

/// How two detectors differ on the same pictures: the first less the second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The place of the first in [`Report::detectors`].
    pub first: usize,
    /// The place of the second.
    pub second: usize,
    /// The degradation.
    pub degradation: String,
    /// The difference of their AUCs.
    pub auc: Figure,
    /// Two-sided; `None` where it is undefined.
    pub p: Option<f64>,
    /// `delong` or `paired bootstrap`.
    pub method: &'static str,
}

/// What a run cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Seconds, without the metrics.
    pub seconds: f64,
    /// Pictures that were decoded, degraded and scored; the others' scores were known.
    pub computed: u64,
    /// Pictures whose scores were all in the cache.
    pub known: u64,
    /// Computed pictures a second, with all detectors and degradations; `None` where there was none.
    pub pictures_per_second: Option<f64>,
    /// The most resident memory of the process so far in bytes; `None` where the system does not say.
    pub peak_memory: Option<u64>,
    /// Threads that worked.
    pub threads: usize,
}
