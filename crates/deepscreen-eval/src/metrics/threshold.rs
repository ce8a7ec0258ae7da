//! What a detector does once it is cut at a threshold: a picture is flagged where `score >= threshold`.

use std::collections::BTreeMap;

use deepscreen::{Error, ErrorKind, Result};

use super::{LabelledScores, Measured, Ranking, Undefined};
use crate::Truth;

/// Counts of pictures at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Fakes that are flagged.
    pub true_positives: u64,
    /// Reals that are flagged: false alarms.
    pub false_positives: u64,
    /// Fakes that are not flagged.
    pub false_negatives: u64,
    /// Reals that are not flagged.
    pub true_negatives: u64,
}

impl Confusion {
    /// The share of fakes that are flagged, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoFake`].
    pub fn recall(&self) -> Measured {
        share(self.true_positives, self.true_positives + self.false_negatives).ok_or(Undefined::NoFake)
    }

    /// The share of reals that are flagged, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoReal`].
    pub fn false_alarm_rate(&self) -> Measured {
        share(self.false_positives, self.false_positives + self.true_negatives).ok_or(Undefined::NoReal)
    }

    /// The share of pictures that are judged rightly, 0 to 1. Where most pictures are of one class, it praises whoever
    /// always says that class.
    ///
    /// # Errors
    /// [`Undefined::NoFake`] or [`Undefined::NoReal`]: over one class it would be recall under another name.
    pub fn accuracy(&self) -> Measured {
        self.recall()?;
        self.false_alarm_rate()?;
        let right = self.true_positives + self.true_negatives;
        Ok(right as f64 / (right + self.false_positives + self.false_negatives) as f64)
    }

    /// The mean of the shares of fakes and of reals that are judged rightly, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn balanced_accuracy(&self) -> Measured {
        let of_fakes = self.recall()?;
        let reals = self.false_positives + self.true_negatives;
        let of_reals = share(self.true_negatives, reals).ok_or(Undefined::NoReal)?;
        Ok((of_fakes + of_reals) / 2.0)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The threshold that suits these very pictures best. On other pictures it will do worse: report it as fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// One of the scores; flagged from this score on.
    pub threshold: f64,
    /// The counts at it.
    pub confusion: Confusion,
}

impl Ranking {
    /// The counts at a threshold.
    pub fn at(&self, threshold: f64) -> Confusion {
        let flagged = self.steps.scores.partition_point(|score| *score >= threshold);
        self.cut(flagged)
    }

    /// The counts where the first `flagged` steps are flagged.
    fn cut(&self, flagged: usize) -> Confusion {
        let (true_positives, false_positives) =
            (u64::from(self.fakes[flagged]), u64::from(self.reals[flagged]));
        Confusion {
            true_positives,
            false_positives,
            false_negatives: self.fake_count() - true_positives,
            true_negatives: self.real_count() - false_positives,
        }
    }

    /// The score that as a threshold gives the highest balanced accuracy on these pictures, the highest of such scores
    /// (Youden's J: TPR - FPR is largest). It is fitted on the data that it is then measured on.
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn fitted(&self) -> Measured<Fitted> {
        let (fakes, reals) = self.both()?;
        let (mut best, mut best_gain) = (1, i64::MIN);
        for (steps, (tp, fp)) in self.fakes.iter().zip(&self.reals).enumerate().skip(1) {
            // TPR - FPR, times both counts.
            let gain = i64::from(*tp) * reals as i64 - i64::from(*fp) * fakes as i64;
            if gain > best_gain {
                (best, best_gain) = (steps, gain);
            }
        }
        Ok(Fitted { threshold: self.steps.scores[best - 1], confusion: self.cut(best) })
    }
}

/// How a detector does on one group of pictures: a generator, a source, a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRates {
    /// The group; `None` for the pictures that are of none.
    pub group: Option<String>,
    /// The counts at the threshold.
    pub confusion: Confusion,
}

/// The counts of each group at a threshold, by the group's name; recall and false-alarm rate are
/// [`Confusion::recall`] and [`Confusion::false_alarm_rate`].
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] where the number of groups is not that of the scores.
pub fn rates_by_group<S: AsRef<str>>(
    scores: &LabelledScores,
    groups: &[Option<S>],
    threshold: f64,
) -> Result<Vec<GroupRates>> {
    if groups.len() != scores.len() {
        let message = format!("{} groups for {} scores", groups.len(), scores.len());
        return Err(Error::new(ErrorKind::InvalidConfig, message));
    }
    let mut found: BTreeMap<Option<&str>, Confusion> = BTreeMap::new();
    for ((score, truth), group) in scores.iter().zip(groups) {
        let counts = found.entry(group.as_ref().map(AsRef::as_ref)).or_default();
        *match (truth, score >= threshold) {
            (Truth::Fake, true) => &mut counts.true_positives,
            (Truth::Fake, false) => &mut counts.false_negatives,
            (Truth::Real, true) => &mut counts.false_positives,
            (Truth::Real, false) => &mut counts.true_negatives,
        } += 1;
    }
    let rates = found.into_iter();
    Ok(rates.map(|(group, confusion)| GroupRates { group: group.map(str::to_owned), confusion }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{Fake, Real};

    #[test]
    fn a_group_of_one_class_has_one_rate() {
        let scores = LabelledScores::new(&[0.9, 0.4, 0.6, 0.1], &[Fake, Fake, Real, Real]).unwrap();
        let groups = [Some("b"), Some("b"), Some("a"), None];
        let rates = rates_by_group(&scores, &groups, 0.6).unwrap();
        let shown: Vec<_> = rates
            .iter()
            .map(|one| (one.group.as_deref(), one.confusion.recall(), one.confusion.false_alarm_rate()))
            .collect();
        assert_eq!(
            shown,
            [
                (None, Err(Undefined::NoFake), Ok(0.0)),
                // A score at the threshold is flagged.
                (Some("a"), Err(Undefined::NoFake), Ok(1.0)),
                (Some("b"), Ok(0.5), Err(Undefined::NoReal)),
            ]
        );
        assert!(rates_by_group(&scores, &groups[1..], 0.6).is_err());
    }

    #[test]
    fn of_equally_good_thresholds_the_highest_is_fitted() {
        let scores = LabelledScores::new(&[0.9, 0.7, 0.5, 0.3], &[Fake, Real, Fake, Real]).unwrap();
        let fitted = Ranking::new(&scores).fitted().unwrap();
        assert_eq!((fitted.threshold, fitted.confusion.balanced_accuracy()), (0.9, Ok(0.75)));
    }
}
