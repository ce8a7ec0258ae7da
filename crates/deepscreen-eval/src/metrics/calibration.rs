//! Whether a probability is one: of the pictures that score 0.8, four in five should be fake.

use super::{Measured, Ranking, Undefined};

/// Bins of the expected calibration error, as in Guo et al., "On calibration of modern neural networks", ICML 2017.
pub const BINS: usize = 15;

/// A bin of a calibration curve: scores above `lower` and up to `upper`; the first holds 0 too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Where it begins, 0 to 1.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
    /// Pictures in it.
    pub count: u64,
    /// Fakes among them.
    pub fakes: u64,
    /// The sum of their scores.
    pub score_sum: f64,
}

impl CalibrationBin {
    /// The mean of the scores; `None` where the bin is empty.
    pub fn mean_score(&self) -> Option<f64> {
        (self.count > 0).then(|| self.score_sum / self.count as f64)
    }

    /// The share of fakes, 0 to 1, which a calibrated detector would have said; `None` where the bin is empty.
    pub fn fake_share(&self) -> Option<f64> {
        (self.count > 0).then(|| self.fakes as f64 / self.count as f64)
    }
}

impl Ranking {
    fn probabilities(&self) -> Measured<f64> {
        let (fakes, reals) = self.both()?;
        if self.steps.are_probabilities() {
            Ok((fakes + reals) as f64)
        } else {
            Err(Undefined::NotProbabilities)
        }
    }

    /// The mean of -ln of the probability that the detector gave to the truth, 0 or more; lower is better. Scores are
    /// kept from 0 and 1 by 2.2e-16, as scikit-learn's `log_loss` does.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn log_loss(&self) -> Measured {
        let count = self.probabilities()?;
        let losses = self.steps.losses.get_or_init(|| {
            let clipped = |score: &f64| score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            // The other class has 1 - p, clipped after the subtraction.
            self.steps
                .scores
                .iter()
                .map(|score| [-clipped(score).ln(), -clipped(&(1.0 - score)).ln()])
                .collect()
        });
        let sum: f64 = self
            .all_rises()
            .zip(losses)
            .map(|(rise, [fake, real])| f64::from(rise.new_fakes) * fake + f64::from(rise.new_reals) * real)
            .sum();
        Ok(sum / count)
    }

    /// The mean squared distance of the score from 1 for fakes and from 0 for reals, 0 to 1; lower is better.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn brier(&self) -> Measured {
        let count = self.probabilities()?;
        let sum: f64 = self
            .all_rises()
            .zip(&self.steps.scores)
            .map(|(rise, score)| {
                let missing = 1.0 - score;
                f64::from(rise.new_fakes) * missing * missing + f64::from(rise.new_reals) * score * score
            })
            .sum();
        Ok(sum / count)
    }

    /// The expected calibration error, 0 to 1: over [`BINS`] bins of equal width of P(fake), the distance of the mean
    /// score from the share of fakes, weighted by the pictures in the bin (Guo et al. 2017, for the fake class instead
    /// of the predicted one). Lower is better; it depends on the bins.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn calibration_error(&self) -> Measured {
        let count = self.probabilities()?;
        let bins = self.bins();
        Ok(bins.iter().map(|bin| (bin.fakes as f64 - bin.score_sum).abs()).sum::<f64>() / count)
    }

    /// The calibration curve: [`BINS`] bins, the lowest first, empty ones too.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn calibration(&self) -> Measured<Vec<CalibrationBin>> {
        self.probabilities()?;
        Ok(self.bins().to_vec())
    }

    fn bins(&self) -> [CalibrationBin; BINS] {
        let scores = &self.steps.scores;
        let mut begin = scores.len();
        std::array::from_fn(|bin| {
            // Steps fall, bins rise: a bin's steps end where those of the bin below it begin.
            let end = begin;
            let above = |score: f64| (score * BINS as f64).ceil() > (bin + 1) as f64;
            begin = scores.partition_point(|score| above(*score));
            let rises = self.rises(begin..end).zip(&scores[begin..end]);
            let (mut fakes, mut count, mut score_sum) = (0, 0, 0.0);
            for (rise, score) in rises {
                let new = rise.new_fakes + rise.new_reals;
                fakes += u64::from(rise.new_fakes);
                count += u64::from(new);
                score_sum += f64::from(new) * score;
            }
            let edge = |bin: usize| bin as f64 / BINS as f64;
            CalibrationBin { lower: edge(bin), upper: edge(bin + 1), count, fakes, score_sum }
        })
    }
}
