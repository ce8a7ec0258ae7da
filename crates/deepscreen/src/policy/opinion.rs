//! A detector's score under the rule for its source, and what several of them say together.

use super::{Fusion, Role};
use crate::evidence::{Probability, Score, Variant};
use crate::verdict::{Cause, Label, Reason, Strength};

/// Where a score becomes a word.
#[derive(Clone, Copy)]
pub(super) struct Threshold {
    pub(super) probability: Probability,
    /// The share of false alarms that it costs, where that was measured.
    pub(super) max_fpr: Option<f64>,
}

/// One score under its rule.
pub(super) struct Opinion<'a> {
    pub(super) source: &'a str,
    pub(super) score: &'a Score,
    pub(super) role: Role,
    pub(super) max_fpr: f64,
    /// Likely manipulated from here on; `None` where no threshold keeps to what the rule accepts.
    pub(super) flag: Option<Threshold>,
    /// To review from here on.
    pub(super) review: Option<Threshold>,
}

impl Opinion<'_> {
    /// The word for the picture, which a variant of it can contradict: then a person should look.
    pub(super) fn label(&self) -> Label {
        if self.flip().is_some() { Label::NeedsReview } else { self.label_of(self.score.probability) }
    }

    pub(super) fn label_of(&self, probability: Probability) -> Label {
        let reaches = |threshold: Option<Threshold>| threshold.is_some_and(|t| probability >= t.probability);
        if reaches(self.flag) {
            Label::LikelyManipulated
        } else if reaches(self.review) {
            Label::NeedsReview
        } else {
            Label::NoIndication
        }
    }

    /// The variant that is farthest from the picture and on the other side of what is likely manipulated.
    pub(super) fn flip(&self) -> Option<&Variant> {
        let flagged = |probability| self.label_of(probability) == Label::LikelyManipulated;
        let distance = |variant: &Variant| (variant.probability.get() - self.score.probability.get()).abs();
        let flips = |variant: &&Variant| flagged(variant.probability) != flagged(self.score.probability);
        let variants = self.score.variants.iter().filter(flips);
        variants.max_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// The detector's name, without its version.
    pub(super) fn detector(&self) -> String {
        let name = self.source.rsplit('/').next().unwrap_or(self.source);
        name.split('@').next().unwrap_or(name).to_owned()
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        let (detector, source) = (self.detector(), self.source.to_owned());
        let label = self.label_of(self.score.probability);
        let threshold = match label {
            Label::LikelyManipulated => self.flag,
            Label::NeedsReview => self.review,
            _ => None,
        };
        let Some(threshold) = threshold else {
            let missing = self.flag.is_none() && !self.score.operating_points.is_empty();
            let cause = Cause::NoOperatingPoint { detector, max_fpr: self.max_fpr };
            return missing.then_some(Reason { source, strength: Strength::Weak, cause });
        };
        let strength = match (self.role, self.label()) {
            (Role::Decisive, Label::LikelyManipulated) => Strength::Decisive,
            (Role::Votes, Label::LikelyManipulated) => Strength::Strong,
            _ => Strength::Weak,
        };
        let cause = Cause::DetectorScore {
            detector,
            kind: self.score.kind,
            probability: self.score.probability,
            threshold: threshold.probability,
            max_fpr: threshold.max_fpr,
            face: self.score.face,
        };
        Some(Reason { source, strength, cause })
    }

    pub(super) fn instability(&self) -> Option<Reason> {
        let flip = self.flip()?;
        let cause = Cause::Unstable {
            detector: self.detector(),
            probability: self.score.probability,
            variant: flip.name.clone(),
            variant_probability: flip.probability,
        };
        Some(Reason { source: self.source.to_owned(), strength: Strength::Weak, cause })
    }
}

impl Fusion {
    /// What the voters say together; `None` without any.
    pub(super) fn label(self, voters: &[&Opinion<'_>]) -> Option<Label> {
        let gravest = voters.iter().map(|o| o.label()).min_by_key(|label| gravity(*label))?;
        let flagged = voters.iter().filter(|o| o.label() == Label::LikelyManipulated).count();
        let label = match self {
            Self::Max => gravest,
            Self::Vote if 2 * flagged > voters.len() => Label::LikelyManipulated,
            Self::Vote if gravest == Label::NoIndication => Label::NoIndication,
            Self::Vote => Label::NeedsReview,
            Self::Mean => {
                let probability = mean(voters.iter().map(|o| o.score.probability))?;
                let reached = |threshold: fn(&Opinion<'_>) -> Option<Threshold>| {
                    let all: Option<Vec<_>> =
                        voters.iter().map(|o| Some(threshold(o)?.probability)).collect();
                    all.and_then(|all| mean(all.into_iter())).is_some_and(|least| probability >= least)
                };
                let flips = voters.iter().any(|o| o.flip().is_some());
                match (reached(|o| o.flag), reached(|o| o.review)) {
                    (true, _) if !flips => Label::LikelyManipulated,
                    (true, _) | (_, true) => Label::NeedsReview,
                    _ if flips => Label::NeedsReview,
                    _ => Label::NoIndication,
                }
            }
        };
        Some(label)
    }
}

/// The gravest first.
pub(super) fn gravity(label: Label) -> usize {
    Label::ALL.into_iter().position(|other| other == label).unwrap_or(Label::ALL.len())
}

pub(super) fn mean(probabilities: impl Iterator<Item = Probability>) -> Option<Probability> {
    let all: Vec<f64> = probabilities.map(Probability::get).collect();
    Probability::new(all.iter().sum::<f64>() / all.len() as f64)
}

pub(super) fn surest<'a, 'b: 'a>(
    opinions: impl IntoIterator<Item = &'a Opinion<'b>>,
) -> Option<&'a Opinion<'b>> {
    opinions.into_iter().max_by(|a, b| a.score.probability.get().total_cmp(&b.score.probability.get()))
}

/// Voters of which one calls the picture likely manipulated and another finds nothing.
pub(super) fn disagreement(voters: &[&Opinion<'_>]) -> Option<Reason> {
    let with = |label| voters.iter().filter(move |o| o.label() == label).copied();
    let high = surest(with(Label::LikelyManipulated))?;
    let least =
        |a: &&Opinion<'_>, b: &&Opinion<'_>| a.score.probability.get().total_cmp(&b.score.probability.get());
    let low = with(Label::NoIndication).min_by(least)?;
    let cause = Cause::Disagreement {
        high: (high.detector(), high.score.probability),
        low: (low.detector(), low.score.probability),
    };
    Some(Reason { source: "policy".to_owned(), strength: Strength::Weak, cause })
}
