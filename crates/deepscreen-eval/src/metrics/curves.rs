//! The points that plots are drawn from, and the rates that are read off them.

use super::{Measured, Ranking, Undefined};

/// A point of a receiver operating characteristic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Flagged from this score on; `None` for the first point, where nothing is flagged.
    pub threshold: Option<f64>,
    /// The share of reals that are flagged, 0 to 1.
    pub fpr: f64,
    /// The share of fakes that are flagged, 0 to 1.
    pub tpr: f64,
}

/// A point of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// Flagged from this score on.
    pub threshold: f64,
    /// The share of the flagged pictures that are fake, 0 to 1.
    pub precision: f64,
    /// The share of fakes that are flagged, 0 to 1.
    pub recall: f64,
}

/// How many fakes are caught if few false alarms are accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TprAtFpr {
    /// The share of fakes that are flagged, 0 to 1.
    pub tpr: f64,
    /// The false-positive rate that it costs: the limit or less.
    pub fpr: f64,
    /// Flagged from this score on; `None` where the highest score is already too low, so that nothing is flagged.
    pub threshold: Option<f64>,
}

impl Ranking {
    /// The ROC curve from (0, 0) to (1, 1): a point for each distinct score, none left out.
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn roc(&self) -> Measured<Vec<RocPoint>> {
        let (fakes, reals) = self.both()?;
        let points = self.steps.scores.iter().zip(self.fakes[1..].iter().zip(&self.reals[1..]));
        let points = points.map(|(score, (tp, fp))| RocPoint {
            threshold: Some(*score),
            fpr: f64::from(*fp) / reals as f64,
            tpr: f64::from(*tp) / fakes as f64,
        });
        Ok(std::iter::once(RocPoint { threshold: None, fpr: 0.0, tpr: 0.0 }).chain(points).collect())
    }

    /// The precision-recall curve, from the highest score to the lowest: a point for each distinct score. Draw it in
    /// steps: between its points, straight lines would promise what no threshold gives (Davis, Goadrich, "The
    /// relationship between precision-recall and ROC curves", ICML 2006).
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn precision_recall(&self) -> Measured<Vec<PrecisionRecallPoint>> {
        let (fakes, _) = self.both()?;
        let points = self.steps.scores.iter().zip(self.fakes[1..].iter().zip(&self.reals[1..]));
        let points = points.map(|(score, (tp, fp))| PrecisionRecallPoint {
            threshold: *score,
            precision: f64::from(*tp) / f64::from(tp + fp),
            recall: f64::from(*tp) / fakes as f64,
        });
        Ok(points.collect())
    }

    /// The highest true-positive rate of a threshold whose false-positive rate is `limit` or less (0.05, 0.01, 0.001).
    /// Only what a threshold gives: nothing is interpolated.
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`]; [`Undefined::TooFewReals`] where one false alarm is already more
    /// than the limit, so that the figure would say nothing about the limit: below `1 / limit` reals.
    pub fn tpr_at_fpr(&self, limit: f64) -> Measured<TprAtFpr> {
        let (fakes, reals) = self.both()?;
        // A quotient, which is rounded as the limit was when it was written down: 29 of 100 is 0.29.
        let fpr = |false_alarms: u32| f64::from(false_alarms) / reals as f64;
        if limit.is_nan() || fpr(1) > limit {
            let needed = if limit > 0.0 { (1.0 / limit).ceil() as u64 } else { u64::MAX };
            return Err(Undefined::TooFewReals { found: reals, needed });
        }
        let last = self.reals.partition_point(|false_alarms| fpr(*false_alarms) <= limit) - 1;
        // Of thresholds that catch as many fakes, the one with the fewest false alarms.
        let flagged = self.fakes.partition_point(|caught| *caught < self.fakes[last]);
        Ok(TprAtFpr {
            tpr: f64::from(self.fakes[flagged]) / fakes as f64,
            fpr: fpr(self.reals[flagged]),
            threshold: flagged.checked_sub(1).map(|step| self.steps.scores[step]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Truth::{Fake, Real};
    use crate::metrics::LabelledScores;

    #[test]
    fn a_limit_below_one_false_alarm_is_not_measured() {
        let mut scores = LabelledScores::default();
        scores.push("", 2.0, Fake).unwrap();
        for i in 0..99 {
            scores.push("", f64::from(i) / 99.0, Real).unwrap();
        }
        let few = Ranking::new(&scores).tpr_at_fpr(0.01);
        assert_eq!(few, Err(Undefined::TooFewReals { found: 99, needed: 100 }));
        assert_eq!(few.unwrap_err().to_string(), "99 real pictures, at least 100 needed");
        scores.push("", 0.0, Real).unwrap();
        let enough = Ranking::new(&scores).tpr_at_fpr(0.01).unwrap();
        assert_eq!(enough, TprAtFpr { tpr: 1.0, fpr: 0.0, threshold: Some(2.0) });
        assert!(Ranking::new(&scores).tpr_at_fpr(0.001).is_err());
        assert!(Ranking::new(&scores).tpr_at_fpr(f64::NAN).is_err());
    }

    #[test]
    fn nothing_is_flagged_where_the_highest_score_has_too_many_reals() {
        let scores = LabelledScores::new(&[1.0, 1.0, 1.0, 0.5], &[Fake, Real, Real, Real]).unwrap();
        let point = Ranking::new(&scores).tpr_at_fpr(0.5).unwrap();
        assert_eq!(point, TprAtFpr { tpr: 0.0, fpr: 0.0, threshold: None });
    }
}
