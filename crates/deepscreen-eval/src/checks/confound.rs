//! How well a file's container alone tells real from fake: where it does, a detector may have learned, or be measured
//! by, the format and not the picture.

use std::collections::BTreeMap;
use std::fmt;

use deepscreen::{Error, Result};
use rayon::prelude::*;

use super::Facts;
use super::folds::{FOLDS, Folds, class};
use super::tree::{Column, Forest, binned, leaning, totals};
use crate::metrics::{LabelledScores, Measured, Ranking, Undefined, two_sided};
use crate::random::Random;
use crate::{Dataset, Fault, FaultKind, Truth};

/// A feature is telling from this AUC on. Detectors on generators and in compressions that they have not seen often
/// reach no more, so a figure of theirs would prove nothing; below it lie the differences in size and quality that any
/// two sources have.
pub const TELLING_AUC: f64 = 0.7;

/// And only where chance gives an AUC that far from 0.5 less often than this: 7 predictors warn for 7 % at most of the
/// data sets without a confound. Of 150 made ones each, 3 % of 20 pictures did, 6 % of 40, none of 120 or 400, and 4 % of
/// 120 of which 15 were fake. Five groups of fakes and five of reals that do not mix at all reach 0.009.
pub const TELLING_P: f64 = 0.01;

/// What a prediction looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Feature {
    /// The format, sniffed from the bytes.
    Format,
    /// The shorter side.
    ShortSide,
    /// The longer side.
    LongSide,
    /// The longer side by the shorter.
    Aspect,
    /// Bytes of the file by pixels.
    BytesPerPixel,
    /// The JPEG quality, among JPEGs alone: that others have none is for [`Format`](Self::Format) to say.
    JpegQuality,
    /// All of them together.
    Combined,
}

impl Feature {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::Format,
        Self::ShortSide,
        Self::LongSide,
        Self::Aspect,
        Self::BytesPerPixel,
        Self::JpegQuality,
        Self::Combined,
    ];

    /// In words: `bytes per pixel`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::ShortSide => "short side",
            Self::LongSide => "long side",
            Self::Aspect => "aspect ratio",
            Self::BytesPerPixel => "bytes per pixel",
            Self::JpegQuality => "JPEG quality",
            Self::Combined => "all together",
        }
    }
}

/// How well the class is predicted for pictures that the predictor was not trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Area under the ROC curve, 0 to 1: the mean over the folds, weighted by their pairs of a fake and a real.
    pub auc: f64,
    /// Mean of the shares of fakes and of reals that are told right, 0 to 1.
    pub balanced_accuracy: f64,
    /// How often an AUC is at least as far from 0.5 by chance (Mann, Whitney, 1947, normal approximation without ties,
    /// which is on the safe side); a group that is not torn counts as one picture.
    pub p: f64,
}

impl Predicted {
    /// Whether a figure on these data would be in doubt: [`TELLING_AUC`] reached, below [`TELLING_P`].
    pub fn is_telling(&self) -> bool {
        self.auc >= TELLING_AUC && self.p < TELLING_P
    }
}

/// A feature and what it predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// What it looks at.
    pub feature: Feature,
    /// How many pictures have the feature.
    pub pictures: u64,
    /// Undefined where a class has fewer pictures than there are folds.
    pub predicted: Measured<Predicted>,
}

/// `warning: format alone tells fakes from reals (AUC 1.000, balanced accuracy 1.000, p 0.0000, 80 pictures)`.
impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.feature.name();
        match self.predicted {
            Err(why) => write!(f, "{name}: {why}"),
            Ok(predicted) => {
                let Predicted { auc, balanced_accuracy, p } = predicted;
                match (predicted.is_telling(), self.feature) {
                    (false, _) => write!(f, "{name}")?,
                    (true, Feature::Combined) => write!(f, "warning: {name} tell fakes from reals")?,
                    (true, _) => write!(f, "warning: {name} alone tells fakes from reals")?,
                }
                let pictures = self.pictures;
                write!(
                    f,
                    " (AUC {auc:.3}, balanced accuracy {balanced_accuracy:.3}, p {p:.4}, {pictures} pictures)"
                )
            }
        }
    }
}

/// What the containers of a data set give away.
#[derive(Clone, Debug, PartialEq)]
pub struct Confound {
    /// One of each [`Feature`], in that order.
    pub predictions: Vec<Prediction>,
    /// The pictures that could not be read, and are in no prediction.
    pub faults: Vec<Fault>,
}

impl Confound {
    /// Reads the heads of a data set's files and [predicts](Self::of).
    pub fn check(dataset: &Dataset, seed: u64) -> Self {
        let facts: Vec<Result<Facts>> =
            dataset.items.par_iter().map(|item| Facts::read(&item.path)).collect();
        let (mut known, mut faults) = (Vec::new(), Vec::new());
        for (item, facts) in dataset.items.iter().zip(facts) {
            // Frames of one video share its container, so they are a group where no other is given.
            let group = item.group.as_deref().or(item.video.as_deref());
            match facts {
                Ok(facts) => known.push((facts, item.truth, group)),
                Err(error) => faults.push(fault(&item.path, &error)),
            }
        }
        Self { faults, ..Self::of(&known, seed) }
    }

    /// Five-fold cross-validation, no group torn where a class has five or more, of a predictor for each feature: the
    /// frequencies of the classes for the format, a decision tree of two levels for numbers, 15 bagged trees of three
    /// levels for all together. The same seed gives the same figures.
    pub fn of(pictures: &[(Facts, Truth, Option<&str>)], seed: u64) -> Self {
        let predict = |feature| {
            let quality = |facts: &Facts| facts.jpeg_quality.is_some() || feature != Feature::JpegQuality;
            let pictures: Vec<_> = pictures.iter().filter(|(facts, ..)| quality(facts)).copied().collect();
            Prediction {
                feature,
                pictures: pictures.len() as u64,
                predicted: predicted(feature, &pictures, seed),
            }
        };
        Self {
            predictions: Feature::ALL.par_iter().map(|feature| predict(*feature)).collect(),
            faults: Vec::new(),
        }
    }

    /// Whether any feature is [telling](Predicted::is_telling).
    pub fn warns(&self) -> bool {
        self.predictions.iter().any(|prediction| prediction.predicted.is_ok_and(|one| one.is_telling()))
    }
}

pub(super) fn fault(path: &std::path::Path, error: &Error) -> Fault {
    let mut fault = Fault::new(FaultKind::Unreadable, error.message());
    fault.path = Some(path.to_path_buf());
    fault
}

fn predicted(feature: Feature, pictures: &[(Facts, Truth, Option<&str>)], seed: u64) -> Measured<Predicted> {
    let truths: Vec<Truth> = pictures.iter().map(|(_, truth, _)| *truth).collect();
    let groups: Vec<Option<&str>> = pictures.iter().map(|(.., group)| *group).collect();
    let all: Vec<usize> = (0..pictures.len()).collect();
    let [fakes, reals] = totals(&truths, &all).map(|count| count as u64);
    match (fakes, reals) {
        (0, _) => return Err(Undefined::NoFake),
        (_, 0) => return Err(Undefined::NoReal),
        _ if fakes.min(reals) < FOLDS as u64 => {
            return Err(Undefined::TooFewOfAClass { found: fakes.min(reals), needed: FOLDS as u64 });
        }
        _ => {}
    }
    let folds = Folds::new(&truths, &groups, seed);
    let columns = columns(feature, pictures);
    let (mut right, mut pairs, mut told) = (0.0, 0.0, [0.0; 2]);
    for fold in 0..FOLDS {
        let (tested, trained): (Vec<usize>, Vec<usize>) = all.iter().partition(|at| folds.of[**at] == fold);
        let scores: Vec<f64> = if feature == Feature::Format {
            frequencies(&columns[0], &truths, &trained, &tested)
        } else {
            let forest = match feature {
                Feature::Combined => {
                    Forest::bagged(&columns, &truths, &trained, &mut Random::new(seed, 2 + fold as u64))
                }
                _ => Forest::stump(&columns[0], &truths, &trained),
            };
            tested.iter().map(|at| forest.score(&columns, *at)).collect()
        };
        let of_tested: Vec<Truth> = tested.iter().map(|at| truths[*at]).collect();
        for (score, truth) in scores.iter().zip(&of_tested) {
            // What leans to neither side is half right.
            let fake = if *score == 0.5 { 0.5 } else { f64::from(u8::from(*score > 0.5)) };
            told[class(*truth)] += if *truth == Truth::Fake { fake } else { 1.0 - fake };
        }
        let counts = totals(&of_tested, &(0..tested.len()).collect::<Vec<_>>());
        // A fold without one of the classes has no pair. Scores are finite, so that they are always taken.
        if let Ok(auc) = LabelledScores::new(&scores, &of_tested).map(|scores| Ranking::new(&scores).auc()) {
            right += auc.unwrap_or(0.0) * counts[0] * counts[1];
            pairs += counts[0] * counts[1];
        }
    }
    // Cannot be: each class has pictures in every fold, or shares a group, and with it a fold, with the other.
    if pairs == 0.0 {
        return Err(Undefined::NoPicture);
    }
    let auc = right / pairs;
    let balanced_accuracy = (told[0] / fakes as f64 + told[1] / reals as f64) / 2.0;
    let [fakes, reals] = folds.units.map(|units| units as f64);
    let p = two_sided((auc - 0.5) / ((fakes + reals + 1.0) / (12.0 * fakes * reals)).sqrt());
    Ok(Predicted { auc, balanced_accuracy, p })
}

/// The columns that a predictor of the feature sees.
fn columns(feature: Feature, pictures: &[(Facts, Truth, Option<&str>)]) -> Vec<Column> {
    let numbers =
        |of: fn(&Facts) -> f64| binned(&pictures.iter().map(|(facts, ..)| of(facts)).collect::<Vec<_>>());
    match feature {
        Feature::Format => {
            let mut numbers = BTreeMap::new();
            let number = |(facts, ..): &(Facts, _, _)| {
                let next = numbers.len() as u8;
                *numbers.entry(facts.format.name()).or_insert(next)
            };
            vec![pictures.iter().map(number).collect()]
        }
        Feature::ShortSide => vec![numbers(|facts| facts.short_side.into())],
        Feature::LongSide => vec![numbers(|facts| facts.long_side.into())],
        Feature::Aspect => vec![numbers(Facts::aspect)],
        Feature::BytesPerPixel => vec![numbers(Facts::bytes_per_pixel)],
        // What is no JPEG has none, below all others.
        Feature::JpegQuality => {
            vec![numbers(|facts| facts.jpeg_quality.map_or(0.0, |quality| quality.quality().into()))]
        }
        Feature::Combined => {
            let formats = columns(Feature::Format, pictures).remove(0);
            let count = formats.iter().max().map_or(0, |last| last + 1);
            let is = |number: u8| formats.iter().map(|format| u8::from(*format == number)).collect();
            let single = Feature::ALL[1..6].iter().flat_map(|feature| columns(*feature, pictures));
            (0..count).map(is).chain(single).collect()
        }
    }
}

/// By how often each value is fake and real among the trained; a value that is not among them says nothing.
fn frequencies(column: &Column, truths: &[Truth], trained: &[usize], tested: &[usize]) -> Vec<f64> {
    let mut counts = [[0.0; 2]; 256];
    trained.iter().for_each(|at| counts[usize::from(column[*at])][class(truths[*at])] += 1.0);
    let of_all = totals(truths, trained);
    let score = |at: &usize| {
        let here = counts[usize::from(column[*at])];
        if here == [0.0; 2] { 0.5 } else { leaning(here, of_all) }
    };
    tested.iter().map(score).collect()
}
