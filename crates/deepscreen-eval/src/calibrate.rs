//! A detector's scores for labelled pictures in, the calibration and the operating points that suit those pictures out.
//! Runs no detector and writes no file.
//!
//! Platt, "Probabilistic outputs for support vector machines", 1999, with his targets, by Newton's method (Lin, Lin,
//! Weng, "A note on Platt's probabilistic outputs for support vector machines", 2007). Both classes weigh the same,
//! whatever their numbers, so that the fitted prior is 0.5.

use deepscreen::{Error, ErrorKind, OperatingPoint, Probability, Recalibration, Result};

use crate::Truth;
use crate::checks::folds::{FOLDS, Folds};
use crate::metrics::{LabelledScores, Ranking};

/// The false-positive rates that operating points are measured for.
pub const RATES: [f64; 4] = [0.01, 0.02, 0.05, 0.1];

/// The share of fakes that a fit assumes.
const PRIOR: f64 = 0.5;

/// The fewest pictures of a class that a fit is made of: below that two numbers say nothing.
const FEWEST: usize = 10;

/// Where log-odds end: a double has no probability beyond.
const MOST: f64 = 36.0;

/// What was fitted and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// For [`Contract::recalibrated`](deepscreen::Contract::recalibrated).
    pub measured: Recalibration,
    /// The pictures of the fit: the log loss and the expected calibration error as the detector was, 0 or more.
    pub before: Quality,
    /// The same of pictures that the fit did not see: five folds, no group torn. A fit that is not better here is none.
    pub after: Quality,
    /// The [rates](RATES) for which there are too few reals: one false alarm would already be more.
    pub unreachable: Vec<f64>,
}

/// How good probabilities are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The mean of -ln of what was given to the truth; both classes weigh as they are there.
    pub log_loss: f64,
    /// Expected calibration error over 15 bins, 0 to 1.
    pub calibration_error: f64,
}

/// Fits.
///
/// `scores` are calibrated or raw probabilities, `groups` the sources of the pictures, so that none is on both sides of a
/// fold.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for fewer than ten pictures of a class, scores that are no probabilities, and scores
/// that are not higher for fakes than for reals: no calibration makes a detector of those.
pub fn calibrate<S: AsRef<str>>(scores: &LabelledScores, groups: &[Option<S>]) -> Result<Calibrated> {
    let invalid = |message: String| Err(Error::new(ErrorKind::InvalidConfig, message));
    for truth in [Truth::Fake, Truth::Real] {
        let count = scores.count(truth);
        if count < FEWEST {
            return invalid(format!("{count} {truth} pictures with a score, at least {FEWEST} needed"));
        }
    }
    if let Some(score) = scores.scores().iter().find(|score| !(0.0..=1.0).contains(*score)) {
        return invalid(format!("a score of {score}, which is no probability"));
    }
    let log_odds: Vec<f64> = scores.scores().iter().map(|score| log_odds(*score)).collect();
    let all: Vec<usize> = (0..log_odds.len()).collect();
    let line = Line::fit(&log_odds, scores.truths(), &all);
    if !(line.slope > 0.0 && line.slope.is_finite() && line.intercept.is_finite()) {
        return invalid("fakes do not score higher than reals: nothing to calibrate".to_owned());
    }
    let after = held_out(&log_odds, scores.truths(), groups)?;
    let calibrated: Vec<f64> = log_odds.iter().map(|one| line.probability(*one)).collect();
    let reals: Vec<f64> = calibrated
        .iter()
        .zip(scores.truths())
        .filter_map(|(score, truth)| (*truth == Truth::Real).then_some(*score))
        .collect();
    let (operating_points, unreachable) = operating_points(reals.clone());
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let measured = Recalibration {
        slope: line.slope,
        intercept: line.intercept,
        prior: PRIOR,
        pictures: count(scores.len()),
        photographs: count(reals.len()),
        operating_points,
    };
    Ok(Calibrated { measured, before: Quality::of(scores)?, after, unreachable })
}

impl Quality {
    fn of(scores: &LabelledScores) -> Result<Self> {
        let ranking = Ranking::new(scores);
        let undefined =
            |why: crate::metrics::Undefined| Error::new(ErrorKind::InvalidConfig, why.to_string());
        Ok(Self {
            log_loss: ranking.log_loss().map_err(undefined)?,
            calibration_error: ranking.calibration_error().map_err(undefined)?,
        })
    }
}

fn log_odds(score: f64) -> f64 {
    (score / (1.0 - score)).ln().clamp(-MOST, MOST)
}

/// Every picture's probability by a fit that did not see its group.
fn held_out<S: AsRef<str>>(log_odds: &[f64], truths: &[Truth], groups: &[Option<S>]) -> Result<Quality> {
    let groups: Vec<Option<&str>> = groups.iter().map(|group| group.as_ref().map(AsRef::as_ref)).collect();
    let folds = Folds::new(truths, &groups, 0);
    let mut scores = vec![0.0; log_odds.len()];
    for fold in 0..FOLDS {
        let (tested, trained): (Vec<usize>, Vec<usize>) =
            (0..log_odds.len()).partition(|at| folds.of[*at] == fold);
        let line = Line::fit(log_odds, truths, &trained);
        for at in tested {
            scores[at] = line.probability(log_odds[at]);
        }
    }
    Quality::of(&LabelledScores::new(&scores, truths)?)
}

/// For each rate the lowest threshold, of four places as probabilities have, that flags no more reals; and the rates
/// that so few reals cannot show.
fn operating_points(mut reals: Vec<f64>) -> (Vec<OperatingPoint>, Vec<f64>) {
    reals.sort_by(|a, b| b.total_cmp(a));
    let (mut points, mut unreachable) = (Vec::new(), Vec::new());
    for rate in RATES {
        let allowed = (rate * reals.len() as f64).floor() as usize;
        // The highest real that must not be flagged, as it is rounded where it is compared.
        let first = reals.get(allowed).and_then(|score| Probability::new(*score));
        let threshold = first.and_then(|first| Probability::new(first.get() + 1e-4));
        match threshold {
            Some(threshold) if allowed > 0 => points.push(OperatingPoint { max_fpr: rate, threshold }),
            _ => unreachable.push(rate),
        }
    }
    (points, unreachable)
}

/// `sigmoid(slope * log-odds + intercept)`.
#[derive(Clone, Copy, Debug)]
struct Line {
    slope: f64,
    intercept: f64,
}

impl Line {
    fn probability(self, log_odds: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * log_odds + self.intercept)).exp())
    }

    /// The highest likelihood of the pictures at these places, or as near as doubles come.
    fn fit(log_odds: &[f64], truths: &[Truth], places: &[usize]) -> Self {
        let fakes = places.iter().filter(|at| truths[**at] == Truth::Fake).count() as f64;
        let reals = places.len() as f64 - fakes;
        // Platt's targets keep a fit of classes that do not overlap finite.
        let target = |truth| match truth {
            Truth::Fake => ((fakes + 1.0) / (fakes + 2.0), PRIOR / fakes),
            Truth::Real => (1.0 / (reals + 2.0), (1.0 - PRIOR) / reals),
        };
        let loss = |line: Self| -> f64 {
            let of = |at: &usize| {
                let (target, weight) = target(truths[*at]);
                let x = line.slope * log_odds[*at] + line.intercept;
                // -target * ln p - (1 - target) * ln(1 - p), without overflow.
                weight * ((1.0 - target) * x + (-x.abs()).exp().ln_1p() + (-x).max(0.0))
            };
            places.iter().map(of).sum()
        };
        let mut line = Self { slope: 1.0, intercept: 0.0 };
        let mut current = loss(line);
        for _ in 0..100 {
            let (mut gradient, mut hessian) = ([0.0; 2], [[1e-12, 0.0], [0.0, 1e-12]]);
            for at in places {
                let ((target, weight), x) = (target(truths[*at]), log_odds[*at]);
                let p = line.probability(x);
                let (off, curve) = (weight * (p - target), weight * p * (1.0 - p));
                gradient = [gradient[0] + off * x, gradient[1] + off];
                hessian[0][0] += curve * x * x;
                hessian[0][1] += curve * x;
                hessian[1][1] += curve;
            }
            let [[a, b], [_, c]] = hessian;
            let determinant = a * c - b * b;
            let step = [
                (c * gradient[0] - b * gradient[1]) / determinant,
                (a * gradient[1] - b * gradient[0]) / determinant,
            ];
            // Half as far until it is better: far from the best, the curve is not what it seems.
            let mut share = 1.0;
            let next = loop {
                let next =
                    Self { slope: line.slope - share * step[0], intercept: line.intercept - share * step[1] };
                if loss(next) < current || share < 1e-10 {
                    break next;
                }
                share /= 2.0;
            };
            let better = loss(next);
            if current - better < 1e-14 {
                break;
            }
            (line, current) = (next, better);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Pictures whose true log-odds are known: how often one is fake is what its log-odds say.
    fn drawn(count: u32, slope: f64, intercept: f64) -> (Vec<f64>, Vec<Truth>) {
        let mut random = Random::new(1, 0);
        let mut number = || (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let (mut scores, mut truths) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let x = 8.0 * number() - 4.0;
            let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
            scores.push(1.0 / (1.0 + (-x).exp()));
            truths.push(if number() < p { Truth::Fake } else { Truth::Real });
        }
        (scores, truths)
    }

    #[test]
    fn a_detector_that_is_too_sure_is_calmed() {
        let (scores, truths) = drawn(20_000, 0.5, 0.0);
        let scores = LabelledScores::new(&scores, &truths).unwrap();
        let none: Vec<Option<&str>> = vec![None; scores.len()];
        let calibrated = calibrate(&scores, &none).unwrap();
        assert!((calibrated.measured.slope - 0.5).abs() < 0.03, "{:?}", calibrated.measured);
        assert!(calibrated.measured.intercept.abs() < 0.06, "{:?}", calibrated.measured);
        assert!(calibrated.after.log_loss < calibrated.before.log_loss);
        assert!(calibrated.after.calibration_error < 0.02, "{:?}", calibrated.after);
        assert!(calibrated.before.calibration_error > 0.05, "{:?}", calibrated.before);
        assert_eq!(calibrated.measured.operating_points.len(), RATES.len());
    }

    #[test]
    fn a_threshold_flags_no_more_reals_than_it_promises() {
        let (scores, truths) = drawn(2000, 1.0, 0.0);
        let scores = LabelledScores::new(&scores, &truths).unwrap();
        let none: Vec<Option<&str>> = vec![None; scores.len()];
        let Calibrated { measured, .. } = calibrate(&scores, &none).unwrap();
        let line = Line { slope: measured.slope, intercept: measured.intercept };
        let reals = scores.scores().iter().zip(scores.truths()).filter(|(_, truth)| **truth == Truth::Real);
        let reals: Vec<f64> = reals
            .map(|(score, _)| Probability::new(line.probability(log_odds(*score))).unwrap().get())
            .collect();
        for point in &measured.operating_points {
            let flagged = reals.iter().filter(|score| **score >= point.threshold.get()).count() as f64;
            let share = flagged / reals.len() as f64;
            assert!(share <= point.max_fpr, "{point:?}: {share}");
            assert!(share > point.max_fpr / 2.0, "{point:?}: {share}");
        }
    }

    #[test]
    fn classes_that_do_not_overlap_give_a_finite_fit() {
        let (scores, truths): (Vec<f64>, Vec<Truth>) =
            (0..40).map(|i| if i % 2 == 0 { (1.0, Truth::Fake) } else { (0.0, Truth::Real) }).unzip();
        let scores = LabelledScores::new(&scores, &truths).unwrap();
        let calibrated = calibrate(&scores, &vec![None::<&str>; 40]).unwrap();
        assert!(calibrated.measured.slope.is_finite() && calibrated.measured.slope > 0.0);
        // One of 20 reals is 5 %: what is below that cannot be shown.
        assert_eq!(calibrated.unreachable, [0.01, 0.02]);
    }

    #[test]
    fn what_cannot_be_calibrated_says_why() {
        let says = |scores: &[f64], truths: &[Truth]| {
            let groups = vec![None::<&str>; scores.len()];
            calibrate(&LabelledScores::new(scores, truths).unwrap(), &groups).unwrap_err().to_string()
        };
        let truths: Vec<Truth> = (0..40).map(|i| [Truth::Fake, Truth::Real][i % 2]).collect();
        let backwards: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.2 } else { 0.8 }).collect();
        assert!(says(&backwards, &truths).contains("do not score higher"));
        let logits: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(says(&logits, &truths).contains("no probability"));
        assert!(says(&[0.5; 12], &[Truth::Real; 12]).contains("0 fake pictures"));
    }
}
