//! What analyzers found, before anybody judges it.

use std::fmt;

use crate::hash::Hashes;
use crate::language::Language;
use crate::media::Note;

/// One thing that one source found.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Who found it: `detector/ai-image@1`, `hash`, `media`. A [policy](crate::Policy) names sources.
    pub source: String,
    /// What was found.
    pub finding: Finding,
}

impl Evidence {
    /// A finding of `source`.
    pub fn new(source: impl Into<String>, finding: Finding) -> Self {
        Self { source: source.into(), finding }
    }
}

/// What an analyzer can find.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The picture's perceptual hashes.
    Hashes(Hashes),
    /// A detector's answer.
    Score(Score),
    /// How the pixels came to be, where a viewer should know.
    Media(Vec<Note>),
}

/// A detector's answer for one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The calibrated probability.
    pub probability: Probability,
    /// What a high probability means.
    pub kind: Kind,
    /// SHA-256 of the weights, 64 hexadecimal digits.
    pub model_sha256: String,
    /// Where the detector may be cut, by the false alarms that each cut costs; strictest first.
    pub operating_points: Vec<OperatingPoint>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// The whole picture was made by a generator.
    AiGenerated,
    /// Part of a picture was made or changed by a generator.
    AiEdited,
    /// A face was replaced.
    FaceSwap,
    /// Changed by hand or by ordinary software.
    Edited,
    /// The picture is a known fake.
    KnownFake,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::AiGenerated, Self::AiEdited, Self::FaceSwap, Self::Edited, Self::KnownFake];

    /// The stable code, as records and contracts carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AiGenerated => "ai_generated",
            Self::AiEdited => "ai_edited",
            Self::FaceSwap => "face_swap",
            Self::Edited => "edited",
            Self::KnownFake => "known_fake",
        }
    }

    /// The kind of that [`code`](Self::code).
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::AiGenerated, Language::English) => "AI generated",
            (Self::AiGenerated, Language::Vietnamese) => "do AI tạo",
            (Self::AiEdited, Language::English) => "edited with AI",
            (Self::AiEdited, Language::Vietnamese) => "bị chỉnh sửa bằng AI",
            (Self::FaceSwap, Language::English) => "face swapped",
            (Self::FaceSwap, Language::Vietnamese) => "bị ghép mặt",
            (Self::Edited, Language::English) => "edited",
            (Self::Edited, Language::Vietnamese) => "bị chỉnh sửa",
            (Self::KnownFake, Language::English) => "known fake",
            (Self::KnownFake, Language::Vietnamese) => "ảnh giả đã biết",
        }
    }
}

/// A threshold and what it costs, measured on photographs that training never saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    /// At most this share of photographs was flagged, 0 to 1.
    pub max_fpr: f64,
    /// A picture whose probability is this or more is flagged.
    pub threshold: Probability,
}

impl OperatingPoint {
    /// The point to use where a share of at most `max_fpr` false alarms is accepted: the most sensitive one
    /// that keeps the promise. `None` where even the strictest of `points` costs more.
    pub fn within(points: &[Self], max_fpr: f64) -> Option<Self> {
        points
            .iter()
            .filter(|point| point.max_fpr <= max_fpr)
            .max_by(|a, b| a.max_fpr.total_cmp(&b.max_fpr))
            .copied()
    }
}

/// P(AI-generated or manipulated), 0 to 1, calibrated, rounded to four places.
///
/// The rounding is part of the type: engines and batches differ in the last bits, and a decision must follow
/// from the number that the record shows.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// Rounds to four places; `None` outside of 0 to 1 and for what is no number.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then(|| Self((value * 1e4).round() / 1e4))
    }

    /// The number, 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Debug for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.0)
    }
}

/// Two places: what a person reads. Rounded down at the top, since 1.00 would claim certainty.
impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", if self.0 < 1.0 { self.0.min(0.99) } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_rounds_and_refuses() {
        assert_eq!(Probability::new(0.123_449).unwrap().get(), 0.1234);
        assert_eq!(Probability::new(0.999_4).unwrap().to_string(), "0.99");
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Probability::new(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn operating_point_never_costs_more_than_accepted() {
        let point =
            |max_fpr, threshold| OperatingPoint { max_fpr, threshold: Probability::new(threshold).unwrap() };
        let points = [point(0.01, 0.9), point(0.05, 0.7), point(0.1, 0.5)];
        for (accepted, expected) in
            [(0.01, Some(0.01)), (0.04, Some(0.01)), (0.05, Some(0.05)), (1.0, Some(0.1)), (0.001, None)]
        {
            assert_eq!(OperatingPoint::within(&points, accepted).map(|p| p.max_fpr), expected, "{accepted}");
        }
    }
}
