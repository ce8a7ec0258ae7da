//! Whether a probability is one: of the pictures that score 0.8, four in five should be fake.

use super::ranking::sum_in_lanes;
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
    /// The mean of -ln of the probability that the detector gave to the truth, 0 or more; lower is better. Scores are
    /// kept from 0 and 1 by 2.2e-16, as scikit-learn's `log_loss` does.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn log_loss(&self) -> Measured {
        self.loss_sums().map(|sums| sums.log_loss)
    }

    /// The mean squared distance of the score from 1 for fakes and from 0 for reals, 0 to 1; lower is better.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn brier(&self) -> Measured {
        self.loss_sums().map(|sums| sums.brier)
    }

    /// The expected calibration error, 0 to 1: over [`BINS`] bins of equal width of P(fake), the distance of the mean
    /// score from the share of fakes, weighted by the pictures in the bin (Guo et al. 2017, for the fake class instead
    /// of the predicted one). Lower is better; it depends on the bins.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn calibration_error(&self) -> Measured {
        self.loss_sums().map(|sums| sums.calibration_error())
    }

    /// The calibration curve: [`BINS`] bins, the lowest first, empty ones too.
    ///
    /// # Errors
    /// [`Undefined::NotProbabilities`], [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn calibration(&self) -> Measured<Vec<CalibrationBin>> {
        self.loss_sums().map(|sums| sums.bins.to_vec())
    }

    /// One pass for all that needs probabilities.
    pub(super) fn loss_sums(&self) -> Measured<LossSums> {
        let (fakes, reals) = self.both()?;
        if !self.steps.are_probabilities() {
            return Err(Undefined::NotProbabilities);
        }
        let scores = &self.steps.scores;
        let losses = self.steps.losses.get_or_init(|| {
            let loss = |probability: f64| -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
            // The other class has 1 - p, clipped after the subtraction.
            scores.iter().map(|score| [loss(*score), loss(1.0 - score)]).collect()
        });
        let (mut logs, mut squares) = (0.0, 0.0);
        let mut begin = scores.len();
        let bins = std::array::from_fn(|bin| {
            // Steps fall, bins rise: a bin's steps end where those of the bin below it begin.
            let end = begin;
            let above = |score: f64| (score * BINS as f64).ceil() > (bin + 1) as f64;
            begin = scores.partition_point(|score| above(*score));
            let (scores, losses) = (&scores[begin..end], &losses[begin..end]);
            let counts = [&self.fakes[begin..=end], &self.reals[begin..=end]];
            let sums = sum_in_lanes(end - begin, counts, |_, [fakes, reals], step| {
                let (score, [of_fake, of_real]) = (scores[step], losses[step]);
                let missing = 1.0 - score;
                [
                    fakes * of_fake + reals * of_real,
                    fakes * missing * missing + reals * score * score,
                    (fakes + reals) * score,
                ]
            });
            logs += sums[0];
            squares += sums[1];
            let score_sum = sums[2];
            let [fakes, reals] = counts.map(|counts| u64::from(counts[end - begin] - counts[0]));
            let count = fakes + reals;
            let edge = |bin: usize| bin as f64 / BINS as f64;
            CalibrationBin { lower: edge(bin), upper: edge(bin + 1), count, fakes, score_sum }
        });
        let count = (fakes + reals) as f64;
        Ok(LossSums { log_loss: logs / count, brier: squares / count, bins })
    }
}

/// See [`Ranking::loss_sums`].
#[derive(Clone, Copy)]
pub(super) struct LossSums {
    pub(super) log_loss: f64,
    pub(super) brier: f64,
    bins: [CalibrationBin; BINS],
}

impl LossSums {
    pub(super) fn calibration_error(&self) -> f64 {
        let distances = self.bins.iter().map(|bin| (bin.fakes as f64 - bin.score_sum).abs());
        distances.sum::<f64>() / self.bins.iter().map(|bin| bin.count).sum::<u64>() as f64
    }
}
