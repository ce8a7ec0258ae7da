//! Scores sorted once, and every metric as a question of how many pictures of each class lie above each of them.
//!
//! So a bootstrap sorts once too: a resample is another set of counts over the same scores.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::{LabelledScores, Measured, Undefined};
use crate::Truth;

/// The pictures of a detector by score, highest first; equal scores are one step.
#[derive(Clone, Debug)]
pub struct Ranking {
    pub(super) steps: Arc<Steps>,
    /// Fakes that score as high as each step or higher.
    pub(super) fakes: Vec<u32>,
    /// Reals that score as high as each step or higher: the false alarms if the step is the threshold.
    pub(super) reals: Vec<u32>,
}

/// The distinct scores, highest first.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) scores: Vec<f64>,
    /// What a fake and a real add to the log loss at each step; made when first asked for.
    pub(super) losses: OnceLock<Vec<[f64; 2]>>,
}

impl Steps {
    pub(super) fn are_probabilities(&self) -> bool {
        self.scores.first().is_none_or(|highest| *highest <= 1.0)
            && self.scores.last().is_none_or(|lowest| *lowest >= 0.0)
    }
}

/// The places of pictures, by score, highest first.
pub(super) fn order(scores: &LabelledScores) -> Vec<u32> {
    let of = scores.scores();
    let mut order: Vec<u32> = (0..of.len() as u32).collect();
    let key = |place: &u32| of[*place as usize];
    order.par_sort_unstable_by(|a, b| key(b).total_cmp(&key(a)).then(a.cmp(b)));
    order
}

impl Ranking {
    /// Sorts the scores.
    pub fn new(scores: &LabelledScores) -> Self {
        Self::of_ordered(scores, &order(scores))
    }

    pub(super) fn of_ordered(scores: &LabelledScores, order: &[u32]) -> Self {
        let (mut steps, mut fakes, mut reals) = (Vec::new(), Vec::new(), Vec::new());
        let mut above = [0_u32; 2];
        for place in order {
            let score = scores.scores()[*place as usize];
            above[usize::from(scores.truths()[*place as usize] == Truth::Real)] += 1;
            // Equal as numbers, so that 0 and -0 are a tie.
            if steps.last() == Some(&score) {
                fakes.pop();
                reals.pop();
            } else {
                steps.push(score);
            }
            fakes.push(above[0]);
            reals.push(above[1]);
        }
        Self { steps: Arc::new(Steps { scores: steps, losses: OnceLock::new() }), fakes, reals }
    }

    /// Fake pictures.
    pub fn fake_count(&self) -> u64 {
        self.fakes.last().copied().unwrap_or(0).into()
    }

    /// Real pictures.
    pub fn real_count(&self) -> u64 {
        self.reals.last().copied().unwrap_or(0).into()
    }

    /// Fakes and reals; an error where a class is empty.
    pub(super) fn both(&self) -> Measured<(u64, u64)> {
        match (self.fake_count(), self.real_count()) {
            (0, _) => Err(Undefined::NoFake),
            (_, 0) => Err(Undefined::NoReal),
            both => Ok(both),
        }
    }

    /// Fakes and reals of the first steps.
    pub(super) fn above(&self, steps: usize) -> (u32, u32) {
        steps.checked_sub(1).map_or((0, 0), |last| (self.fakes[last], self.reals[last]))
    }

    /// The counts at each of some steps, the highest first.
    pub(super) fn rises(&self, steps: Range<usize>) -> impl Iterator<Item = Rise> + '_ {
        let (mut fakes_above, mut reals_above) = self.above(steps.start);
        let counts = self.fakes[steps.clone()].iter().zip(&self.reals[steps]);
        counts.map(move |(fakes, reals)| {
            let (new_fakes, new_reals) = (fakes - fakes_above, reals - reals_above);
            (fakes_above, reals_above) = (*fakes, *reals);
            Rise { fakes: *fakes, reals: *reals, new_fakes, new_reals }
        })
    }

    pub(super) fn all_rises(&self) -> impl Iterator<Item = Rise> + '_ {
        self.rises(0..self.fakes.len())
    }

    /// The area under the ROC curve, 0 to 1: the chance that a fake scores higher than a real, where ties count half
    /// (Mann-Whitney with midranks, equal to the trapezoids of scikit-learn's `roc_auc_score`).
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn auc(&self) -> Measured {
        let (fakes, reals) = self.both()?;
        // Twice the pairs in the right order, so that half a pair is a whole number.
        let twice_right: u64 = self
            .all_rises()
            .map(|rise| {
                let below = 2 * reals - u64::from(rise.reals) - u64::from(rise.reals - rise.new_reals);
                u64::from(rise.new_fakes) * below
            })
            .sum();
        Ok(twice_right as f64 / (2 * fakes * reals) as f64)
    }

    /// The average precision, 0 to 1: the precision at each step, weighted by the recall that the step adds, without
    /// interpolation (scikit-learn's `average_precision_score`). It grows with the share of fakes in the data.
    ///
    /// # Errors
    /// [`Undefined::NoFake`]; [`Undefined::NoReal`], where it would be 1 whatever the scores.
    pub fn average_precision(&self) -> Measured {
        let (fakes, _) = self.both()?;
        let sum: f64 = self
            .all_rises()
            .map(|rise| {
                // Steps that a resample left without a picture above them add nothing.
                let flagged = (rise.fakes + rise.reals).max(1);
                f64::from(rise.new_fakes) * (f64::from(rise.fakes) / f64::from(flagged))
            })
            .sum();
        Ok(sum / fakes as f64)
    }

    /// The equal error rate, 0 to 1: where the false-positive rate is the false-negative rate, on the straight lines
    /// between the points of the ROC curve.
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn equal_error_rate(&self) -> Measured {
        let (fakes, reals) = self.both()?;
        // FPR - FNR at a point, times both counts: whole numbers, exact; it never falls from one point to the next.
        let excess = |fakes_above: u32, reals_above: u32| {
            let missed = fakes - u64::from(fakes_above);
            (u64::from(reals_above) * fakes) as i64 - (missed * reals) as i64
        };
        let (mut low, mut high) = (0, self.fakes.len());
        while low < high {
            let middle = low.midpoint(high);
            if excess(self.fakes[middle], self.reals[middle]) < 0 { low = middle + 1 } else { high = middle }
        }
        let (fakes_before, reals_before) = self.above(low);
        let before = -excess(fakes_before, reals_before) as f64;
        let after = excess(self.fakes[low], self.reals[low]) as f64;
        let way = before / (before + after);
        let reals_at = f64::from(reals_before) + way * f64::from(self.reals[low] - reals_before);
        Ok(reals_at / reals as f64)
    }

    /// Any of the metrics.
    ///
    /// # Errors
    /// Where it is undefined for these pictures.
    pub fn measure(&self, metric: Metric) -> Measured {
        self.measure_all(&[metric]).next().unwrap_or(Err(Undefined::NoPicture))
    }

    /// Each metric in turn; a threshold is fitted once for all of them.
    pub(super) fn measure_all(&self, metrics: &[Metric]) -> impl Iterator<Item = Measured> {
        let mut found = None;
        let mut fitted = move || *found.get_or_insert_with(|| self.fitted().map(|fitted| fitted.confusion));
        metrics.iter().map(move |metric| match *metric {
            Metric::Auc => self.auc(),
            Metric::AveragePrecision => self.average_precision(),
            Metric::EqualErrorRate => self.equal_error_rate(),
            Metric::Accuracy { threshold } => self.at(threshold).accuracy(),
            Metric::BalancedAccuracy { threshold } => self.at(threshold).balanced_accuracy(),
            Metric::Recall { threshold } => self.at(threshold).recall(),
            Metric::FalseAlarmRate { threshold } => self.at(threshold).false_alarm_rate(),
            Metric::FittedAccuracy => fitted()?.accuracy(),
            Metric::FittedBalancedAccuracy => fitted()?.balanced_accuracy(),
            Metric::TprAtFpr { limit } => self.tpr_at_fpr(limit).map(|point| point.tpr),
            Metric::LogLoss => self.log_loss(),
            Metric::Brier => self.brier(),
            Metric::CalibrationError => self.calibration_error(),
        })
    }
}

/// Counts at one step of a [`Ranking`].
#[derive(Clone, Copy)]
pub(super) struct Rise {
    pub(super) fakes: u32,
    pub(super) reals: u32,
    pub(super) new_fakes: u32,
    pub(super) new_reals: u32,
}

/// A metric that is one number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// [`Ranking::auc`].
    Auc,
    /// [`Ranking::average_precision`].
    AveragePrecision,
    /// [`Ranking::equal_error_rate`].
    EqualErrorRate,
    /// [`Confusion::accuracy`](super::Confusion::accuracy) at a threshold that was chosen beforehand.
    Accuracy {
        /// Flagged from this score on.
        threshold: f64,
    },
    /// [`Confusion::balanced_accuracy`](super::Confusion::balanced_accuracy) at a threshold that was chosen beforehand.
    BalancedAccuracy {
        /// Flagged from this score on.
        threshold: f64,
    },
    /// The share of fakes that are flagged.
    Recall {
        /// Flagged from this score on.
        threshold: f64,
    },
    /// The share of reals that are flagged.
    FalseAlarmRate {
        /// Flagged from this score on.
        threshold: f64,
    },
    /// The accuracy at the threshold of [`Ranking::fitted`]: fitted on the same pictures, so it flatters.
    FittedAccuracy,
    /// The balanced accuracy at the threshold of [`Ranking::fitted`]: fitted on the same pictures, so it flatters.
    FittedBalancedAccuracy,
    /// [`Ranking::tpr_at_fpr`].
    TprAtFpr {
        /// The highest false-positive rate that is accepted, above 0 and at most 1.
        limit: f64,
    },
    /// [`Ranking::log_loss`].
    LogLoss,
    /// [`Ranking::brier`].
    Brier,
    /// [`Ranking::calibration_error`].
    CalibrationError,
}

impl Metric {
    /// Whether a higher value is a better one.
    pub const fn higher_is_better(self) -> bool {
        use Metric::{Brier, CalibrationError, EqualErrorRate, FalseAlarmRate, LogLoss};
        !matches!(self, EqualErrorRate | FalseAlarmRate { .. } | LogLoss | Brier | CalibrationError)
    }
}
