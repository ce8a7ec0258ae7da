//! The metrics that are one number, by name: what a bootstrap and a table of detectors are asked for.

use super::{Measured, Ranking, Undefined};

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
    /// The code that a report names it by, which never changes: `auc`, `tpr_at_fpr_0.01`, `recall_at_0.9028`.
    pub fn code(self) -> String {
        let plain = match self {
            Self::Auc => "auc",
            Self::AveragePrecision => "average_precision",
            Self::EqualErrorRate => "eer",
            Self::Accuracy { threshold } => return format!("accuracy_at_{threshold}"),
            Self::BalancedAccuracy { threshold } => return format!("balanced_accuracy_at_{threshold}"),
            Self::Recall { threshold } => return format!("recall_at_{threshold}"),
            Self::FalseAlarmRate { threshold } => return format!("false_alarm_rate_at_{threshold}"),
            Self::FittedAccuracy => "accuracy_fitted",
            Self::FittedBalancedAccuracy => "balanced_accuracy_fitted",
            Self::TprAtFpr { limit } => return format!("tpr_at_fpr_{limit}"),
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::CalibrationError => "ece",
        };
        plain.to_owned()
    }

    /// Whether a higher value is a better one.
    pub const fn higher_is_better(self) -> bool {
        use Metric::{Brier, CalibrationError, EqualErrorRate, FalseAlarmRate, LogLoss};
        !matches!(self, EqualErrorRate | FalseAlarmRate { .. } | LogLoss | Brier | CalibrationError)
    }
}

impl Ranking {
    /// Any of the metrics.
    ///
    /// # Errors
    /// Where it is undefined for these pictures.
    pub fn measure(&self, metric: Metric) -> Measured {
        self.measure_all(&[metric]).next().unwrap_or(Err(Undefined::NoPicture))
    }

    /// Each metric in turn, in no more passes over the scores than are needed.
    pub(super) fn measure_all(&self, metrics: &[Metric]) -> impl Iterator<Item = Measured> {
        let (mut fitted, mut losses) = (None, None);
        metrics.iter().map(move |metric| {
            let mut fitted = || *fitted.get_or_insert_with(|| self.fitted().map(|fitted| fitted.confusion));
            let mut losses = || *losses.get_or_insert_with(|| self.loss_sums());
            match *metric {
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
                Metric::LogLoss => Ok(losses()?.log_loss),
                Metric::Brier => Ok(losses()?.brier),
                Metric::CalibrationError => Ok(losses()?.calibration_error()),
            }
        })
    }
}
