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

    /// One pass for all that depends on the order alone: their sums wait for one another, not for memory.
    pub(super) fn order_sums(&self) -> Measured<OrderSums> {
        let (fakes, reals) = self.both()?;
        let (mut twice_right, mut precisions) = (0_u64, 0.0);
        let (mut best_step, mut best_gain) = (0, i64::MIN);
        for (step, rise) in self.all_rises().enumerate() {
            // Twice the pairs in the right order, so that half a pair is a whole number.
            let twice_below = 2 * reals - 2 * u64::from(rise.reals) + u64::from(rise.new_reals);
            twice_right += u64::from(rise.new_fakes) * twice_below;
            // Steps that a resample left without a picture above them add nothing.
            let flagged = (rise.fakes + rise.reals).max(1);
            precisions += f64::from(rise.new_fakes) * (f64::from(rise.fakes) / f64::from(flagged));
            // TPR - FPR, times both counts.
            let gain = i64::from(rise.fakes) * reals as i64 - i64::from(rise.reals) * fakes as i64;
            if gain > best_gain {
                (best_step, best_gain) = (step, gain);
            }
        }
        Ok(OrderSums {
            auc: twice_right as f64 / (2 * fakes * reals) as f64,
            average_precision: precisions / fakes as f64,
            best_step,
        })
    }

    /// The area under the ROC curve, 0 to 1: the chance that a fake scores higher than a real, where ties count half
    /// (Mann-Whitney with midranks, equal to the trapezoids of scikit-learn's `roc_auc_score`).
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn auc(&self) -> Measured {
        self.order_sums().map(|sums| sums.auc)
    }

    /// The average precision, 0 to 1: the precision at each step, weighted by the recall that the step adds, without
    /// interpolation (scikit-learn's `average_precision_score`). It grows with the share of fakes in the data.
    ///
    /// # Errors
    /// [`Undefined::NoFake`]; [`Undefined::NoReal`], where it would be 1 whatever the scores.
    pub fn average_precision(&self) -> Measured {
        self.order_sums().map(|sums| sums.average_precision)
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
}

/// Counts at one step of a [`Ranking`].
#[derive(Clone, Copy)]
pub(super) struct Rise {
    pub(super) fakes: u32,
    pub(super) reals: u32,
    pub(super) new_fakes: u32,
    pub(super) new_reals: u32,
}

/// See [`Ranking::order_sums`].
#[derive(Clone, Copy)]
pub(super) struct OrderSums {
    pub(super) auc: f64,
    pub(super) average_precision: f64,
    /// The step that as a threshold gives the highest balanced accuracy, the first of such.
    pub(super) best_step: usize,
}
