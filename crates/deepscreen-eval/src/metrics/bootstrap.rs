//! How far a metric would have been off with other pictures of the same kind: percentile bootstrap.
//!
//! Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13: pictures are drawn with replacement, the
//! metric is measured on each resample, and the interval holds the middle of what comes out. Each class is drawn for
//! itself, so that a resample has as many fakes and reals as the data.

use deepscreen::{Error, ErrorKind, Result};
use rayon::prelude::*;

use super::resample::{Places, Resampled, Units};
use super::{LabelledScores, Measured, Metric};
use crate::random::Random;

/// Pictures that are not independent of one another, as frames of a video or versions of a picture are. They are
/// drawn together, so that an interval is not narrow only because a picture was counted many times.
///
/// Clusters of reals, of fakes and of both are drawn each among themselves. With few clusters (below about 30)
/// intervals are too narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    pub(super) of: Vec<u32>,
    pub(super) count: u32,
}

/// How to resample.
///
/// ```
/// use deepscreen_eval::Truth::{Fake, Real};
/// use deepscreen_eval::metrics::{Bootstrap, LabelledScores, Metric};
///
/// let scores = LabelledScores::new(&[0.9, 0.8, 0.6, 0.3, 0.4, 0.1], &[Fake, Fake, Real, Fake, Real, Real])?;
/// let estimates = Bootstrap::default().estimate(&scores, &[Metric::Auc], None)?;
/// let interval = estimates[0].interval.ok_or("both classes have pictures")?;
/// assert_eq!(estimates[0].value, Ok(7.0 / 9.0));
/// assert!(interval.low < 7.0 / 9.0 && 7.0 / 9.0 < interval.high);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Resamples, at least 1.
    pub resamples: u32,
    /// The share of the resampled values that an interval holds, between 0 and 1.
    pub confidence: f64,
    /// The same seed gives the same intervals, whatever the number of threads.
    pub seed: u64,
}

/// 1,000 resamples, 95 %, seed 0.
impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 1000, confidence: 0.95, seed: 0 }
    }
}

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A metric and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What was measured.
    pub metric: Metric,
    /// On the data themselves.
    pub value: Measured,
    /// `None` where the value, or that of every resample, is undefined.
    pub interval: Option<Interval>,
    /// Resamples on which the metric is undefined, and which the interval knows nothing of.
    pub undefined: u32,
}

/// By how much two detectors differ on the same pictures: the first less the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// What was measured.
    pub metric: Metric,
    /// On the data themselves.
    pub value: Measured,
    /// Of the difference; `None` where the value, or that of every resample, is undefined.
    pub interval: Option<Interval>,
    /// Two-sided: twice the share of resamples on the rarer side of 0, both with one more than counted (Davison,
    /// Hinkley, "Bootstrap methods and their application", 1997, section 4.2), at most 1. `None` as for the interval.
    pub p: Option<f64>,
    /// Resamples on which the metric is undefined for one of them.
    pub undefined: u32,
}

impl Bootstrap {
    /// Each metric with its interval, all from the same resamples; metrics that fit a threshold fit it on each.
    ///
    /// 1,000 resamples of a million scores take about 8 s of processor time for the AUC and 13 s for all 15 metrics,
    /// shared by the threads of the rayon pool that it is called in (`benches/examples/bootstrap.rs`); 15 MB a thread.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for no resamples, a confidence that is not between 0 and 1, and clusters of another
    /// number of pictures.
    pub fn estimate(
        &self,
        scores: &LabelledScores,
        metrics: &[Metric],
        clusters: Option<&Clusters>,
    ) -> Result<Vec<Estimate>> {
        self.check(scores, clusters)?;
        let places = Places::new(scores);
        let units = Units::new(scores, &places, clusters);
        let detector = Resampled::new(scores, &places, &units);
        let resampled: Vec<Vec<Option<f64>>> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || (Vec::new(), detector.scratch()),
                |(counts, scratch), i| {
                    units.draw(&mut Random::new(self.seed, i.into()), counts);
                    detector.resample(counts, scratch);
                    scratch.ranking.measure_all(metrics).map(Measured::ok).collect()
                },
            )
            .collect();
        let estimates = metrics.iter().enumerate().map(|(i, metric)| {
            let value = detector.ranking.measure(*metric);
            let values = sorted(&resampled, i);
            let undefined = self.resamples - values.len() as u32;
            let interval = value.ok().and_then(|_| self.interval(&values));
            Estimate { metric: *metric, value, interval, undefined }
        });
        Ok(estimates.collect())
    }

    /// By how much two detectors differ: every resample draws the same pictures for both.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate), and where the truths of the pictures are not the same for both.
    pub fn difference(
        &self,
        first: &LabelledScores,
        second: &LabelledScores,
        metrics: &[Metric],
        clusters: Option<&Clusters>,
    ) -> Result<Vec<Difference>> {
        self.check(first, clusters)?;
        if first.truths() != second.truths() {
            return Err(invalid("the two detectors' scores are not of the same pictures"));
        }
        let places = Places::new(first);
        let units = Units::new(first, &places, clusters);
        let first = Resampled::new(first, &places, &units);
        let second = Resampled::new(second, &Places::new(second), &units);
        let resampled: Vec<Vec<Option<f64>>> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || (Vec::new(), first.scratch(), second.scratch()),
                |(counts, of_first, of_second), i| {
                    units.draw(&mut Random::new(self.seed, i.into()), counts);
                    first.resample(counts, of_first);
                    second.resample(counts, of_second);
                    let of_first = of_first.ranking.measure_all(metrics);
                    let both = of_first.zip(of_second.ranking.measure_all(metrics));
                    both.map(|(first, second)| Some(first.ok()? - second.ok()?)).collect()
                },
            )
            .collect();
        let differences = metrics.iter().enumerate().map(|(i, metric)| {
            let of_first = first.ranking.measure(*metric);
            let value = of_first.and_then(|of_first| Ok(of_first - second.ranking.measure(*metric)?));
            let values = sorted(&resampled, i);
            let undefined = self.resamples - values.len() as u32;
            let interval = value.ok().and_then(|_| self.interval(&values));
            let p = interval.map(|_| p_of(&values));
            Difference { metric: *metric, value, interval, p, undefined }
        });
        Ok(differences.collect())
    }

    fn check(&self, scores: &LabelledScores, clusters: Option<&Clusters>) -> Result<()> {
        if self.resamples == 0 {
            return Err(invalid("a bootstrap needs at least one resample"));
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(invalid(format!(
                "a confidence of {}, which is not between 0 and 1",
                self.confidence
            )));
        }
        match clusters {
            Some(clusters) if clusters.of.len() != scores.len() => Err(invalid(format!(
                "clusters of {} pictures for {} scores",
                clusters.of.len(),
                scores.len()
            ))),
            _ => Ok(()),
        }
    }

    /// The middle of the values, between the two nearest of them in proportion.
    fn interval(&self, sorted: &[f64]) -> Option<Interval> {
        let last = sorted.len().checked_sub(1)?;
        let quantile = |share: f64| {
            let place = share * last as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        let outside = (1.0 - self.confidence) / 2.0;
        Some(Interval { low: quantile(outside), high: quantile(1.0 - outside) })
    }
}

fn p_of(sorted: &[f64]) -> f64 {
    let not_above = sorted.partition_point(|difference| *difference <= 0.0);
    let not_below = sorted.len() - sorted.partition_point(|difference| *difference < 0.0);
    (2.0 * (not_above.min(not_below) + 1) as f64 / (sorted.len() + 1) as f64).min(1.0)
}

/// The defined values of the `i`th metric.
fn sorted(resampled: &[Vec<Option<f64>>], i: usize) -> Vec<f64> {
    let mut values: Vec<f64> = resampled.iter().filter_map(|values| values[i]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}
