//! The variance of an AUC, and whether two detectors' AUCs differ by more than chance.
//!
//! DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic
//! curves: a nonparametric approach", Biometrics 1988, in the time that sorting takes (Sun, Xu, "Fast implementation of
//! DeLong's algorithm", IEEE Signal Processing Letters 2014). It takes pictures for independent: for frames of videos
//! use [`Bootstrap`](super::Bootstrap) with [`Clusters`](super::Clusters).

use deepscreen::{Error, ErrorKind, Result};

use super::normal::two_sided;
use super::ranking::order;
use super::{LabelledScores, Measured, Ranking, Undefined};
use crate::Truth;

/// An AUC and its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AucVariance {
    /// The area under the ROC curve, 0 to 1.
    pub auc: f64,
    /// 0 or more; its root is the standard error. 0 for a perfect detector, whatever the number of pictures: there, it
    /// says nothing.
    pub variance: f64,
}

/// Two AUCs on the same pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AucDifference {
    /// Of the first detector.
    pub first: AucVariance,
    /// Of the second detector.
    pub second: AucVariance,
    /// The first AUC less the second.
    pub difference: f64,
    /// Of the difference: the same pictures are hard for both, so it is mostly less than the sum of both variances.
    pub variance: f64,
    /// The difference in standard errors.
    pub z: f64,
    /// Two-sided: the chance of a difference this large or larger if both were equally good.
    pub p: f64,
}

/// The AUC with its variance.
///
/// # Errors
/// [`Undefined::NoFake`], [`Undefined::NoReal`], [`Undefined::OneOfAClass`].
pub fn auc_variance(scores: &LabelledScores) -> Measured<AucVariance> {
    let placements = Placements::new(scores)?;
    Ok(AucVariance { auc: placements.auc, variance: variance(&placements.of, scores.truths()) })
}

/// Whether two detectors differ on the same pictures.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] where the truths of the pictures are not the same for both. The figure is undefined as
/// for [`auc_variance`], and with [`Undefined::NoVariance`].
pub fn auc_difference(first: &LabelledScores, second: &LabelledScores) -> Result<Measured<AucDifference>> {
    if first.truths() != second.truths() {
        let message = "the two detectors' scores are not of the same pictures";
        return Err(Error::new(ErrorKind::InvalidConfig, message));
    }
    Ok(difference(first, second))
}

fn difference(first: &LabelledScores, second: &LabelledScores) -> Measured<AucDifference> {
    let truths = first.truths();
    let (of_first, of_second) = (Placements::new(first)?, Placements::new(second)?);
    // The variance of the differences is that of both less twice their covariance, and exactly 0 for equal detectors.
    let differences: Vec<f64> = of_first.of.iter().zip(&of_second.of).map(|(a, b)| a - b).collect();
    let of_difference = variance(&differences, truths);
    if of_difference <= 0.0 {
        return Err(Undefined::NoVariance);
    }
    let difference = of_first.auc - of_second.auc;
    let z = difference / of_difference.sqrt();
    Ok(AucDifference {
        first: AucVariance { auc: of_first.auc, variance: variance(&of_first.of, truths) },
        second: AucVariance { auc: of_second.auc, variance: variance(&of_second.of, truths) },
        difference,
        variance: of_difference,
        z,
        p: two_sided(z),
    })
}

/// The share of the other class that each picture is on the right side of, ties by half: DeLong's structural
/// components, in the order of the pictures.
struct Placements {
    auc: f64,
    of: Vec<f64>,
}

impl Placements {
    fn new(scores: &LabelledScores) -> Measured<Self> {
        let order = order(scores);
        let ranking = Ranking::of_ordered(scores, &order);
        let (fakes, reals) = ranking.both()?;
        if fakes < 2 || reals < 2 {
            return Err(Undefined::OneOfAClass);
        }
        let mut of = vec![0.0; scores.len()];
        let mut places = order.iter();
        for rise in ranking.rises() {
            let reals_below = reals as f64 - f64::from(rise.reals) + f64::from(rise.new_reals) / 2.0;
            let fakes_above = f64::from(rise.fakes) - f64::from(rise.new_fakes) / 2.0;
            for place in places.by_ref().take((rise.new_fakes + rise.new_reals) as usize) {
                of[*place as usize] = match scores.truths()[*place as usize] {
                    Truth::Fake => reals_below / reals as f64,
                    Truth::Real => fakes_above / fakes as f64,
                };
            }
        }
        Ok(Self { auc: ranking.auc()?, of })
    }
}

/// The sum over both classes of the sample variance of the values divided by their number.
fn variance(values: &[f64], truths: &[Truth]) -> f64 {
    let of_class = |class: Truth| {
        let values =
            || values.iter().zip(truths).filter(|(_, truth)| **truth == class).map(|(value, _)| value);
        let count = values().count() as f64;
        let mean = values().sum::<f64>() / count;
        values().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count
    };
    of_class(Truth::Fake) + of_class(Truth::Real)
}
