//! Scores sorted once, and every metric as a question of how many pictures of each class lie above each of them.
//!
//! So a bootstrap sorts once too: a resample is another set of counts over the same scores.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::{LabelledScores, Measured, Undefined};
use crate::Truth;

/// The pictures of a detector by score, highest first; equal scores are one step.
#[derive(Clone, Debug)]
pub struct Ranking {
    pub(super) steps: Arc<Steps>,
    /// Fakes of the first 0, 1, 2, .. steps.
    pub(super) fakes: Vec<u32>,
    /// Reals of the first 0, 1, 2, .. steps: the false alarms if the last of them is the threshold.
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
        let (mut steps, mut fakes, mut reals) = (Vec::new(), vec![0], vec![0]);
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

    /// The number of distinct scores.
    pub(super) fn step_count(&self) -> usize {
        self.steps.scores.len()
    }

    /// The counts at each step, the highest first.
    pub(super) fn rises(&self) -> impl Iterator<Item = Rise> + '_ {
        let fakes = self.fakes.iter().zip(&self.fakes[1..]);
        fakes.zip(self.reals.iter().zip(&self.reals[1..])).map(
            |((fakes_above, fakes), (reals_above, reals))| Rise {
                fakes: *fakes,
                reals: *reals,
                new_fakes: fakes - fakes_above,
                new_reals: reals - reals_above,
            },
        )
    }

    /// The area under the ROC curve, 0 to 1: the chance that a fake scores higher than a real, where ties count half
    /// (Mann-Whitney with midranks, equal to the trapezoids of scikit-learn's `roc_auc_score`).
    ///
    /// # Errors
    /// [`Undefined::NoFake`], [`Undefined::NoReal`].
    pub fn auc(&self) -> Measured {
        let (fakes, reals) = self.both()?;
        // Twice the pairs in the right order, so that half a pair is a whole number.
        let right = self.rises().map(|rise| {
            let twice_below = 2 * reals - 2 * u64::from(rise.reals) + u64::from(rise.new_reals);
            u64::from(rise.new_fakes) * twice_below
        });
        Ok(right.sum::<u64>() as f64 / (2 * fakes * reals) as f64)
    }

    /// The average precision, 0 to 1: the precision at each step, weighted by the recall that the step adds, without
    /// interpolation (scikit-learn's `average_precision_score`). It grows with the share of fakes in the data.
    ///
    /// # Errors
    /// [`Undefined::NoFake`]; [`Undefined::NoReal`], where it would be 1 whatever the scores.
    pub fn average_precision(&self) -> Measured {
        let (fakes, _) = self.both()?;
        let [sum] =
            sum_in_lanes(self.step_count(), [&self.fakes, &self.reals], |[tp, fp], [new_tp, _], _| {
                // Steps that a resample left without a picture above them add nothing.
                [new_tp * (tp / (tp + fp).max(1.0))]
            });
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
        // The first point, where nothing is flagged, is below; the last is not.
        let (mut below, mut above) = (0, self.step_count());
        while above - below > 1 {
            let middle = below.midpoint(above);
            if excess(self.fakes[middle], self.reals[middle]) < 0 { below = middle } else { above = middle }
        }
        let before = -excess(self.fakes[below], self.reals[below]) as f64;
        let after = excess(self.fakes[above], self.reals[above]) as f64;
        let way = before / (before + after);
        let reals_at = f64::from(self.reals[below]) + way * f64::from(self.reals[above] - self.reals[below]);
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

/// Sums over all steps, each in four parts: floating-point additions wait for one another, and a compiler may not
/// reorder them by itself. `value` takes the counts up to a step, those at it, and the step's place.
pub(super) fn sum_in_lanes<const N: usize>(
    steps: usize,
    counts: [&[u32]; 2],
    value: impl Fn([f64; 2], [f64; 2], usize) -> [f64; N],
) -> [f64; N] {
    const LANES: usize = 4;
    let mut sums = [[0.0; LANES]; N];
    // Counts fit into 31 bits, and signed numbers are what processors convert.
    let number = |count: u32| f64::from(count as i32);
    let [fakes, reals] = counts.map(|counts| &counts[..steps + 1]);
    let mut add = |step: usize, lane: usize| {
        let (tp, fp) = (fakes[step + 1], reals[step + 1]);
        let new = [number(tp - fakes[step]), number(fp - reals[step])];
        let values = value([number(tp), number(fp)], new, step);
        for (sum, value) in sums.iter_mut().zip(values) {
            sum[lane] += value;
        }
    };
    let whole = steps - steps % LANES;
    for step in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            add(step + lane, lane);
        }
    }
    for step in whole..steps {
        add(step, 0);
    }
    sums.map(|lanes| lanes.iter().sum())
}
