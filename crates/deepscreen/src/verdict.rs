//! The answer: a label, what was found, how probable it is, and the reasons, in words that a person can check.

use crate::evidence::{Kind, Probability};
use crate::language::Language;

/// The answer for one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The answer in one word.
    pub label: Label,
    /// What was found, as far as it is known. Empty unless something was.
    pub kinds: Vec<Kind>,
    /// P(AI-generated or manipulated), calibrated; `None` where nothing gave one.
    pub probability: Option<Probability>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Label {
    /// Something says so, beyond the false-alarm rate that the user accepts.
    LikelyManipulated,
    /// Something hints at it: a person should look.
    NeedsReview,
    /// Nothing was found. That is no proof that the picture is real.
    NoIndication,
    /// It could not be judged: unreadable, too small, or nothing applied.
    Inconclusive,
}

impl Label {
    /// All labels, the gravest first.
    pub const ALL: [Self; 4] =
        [Self::LikelyManipulated, Self::NeedsReview, Self::NoIndication, Self::Inconclusive];

    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LikelyManipulated => "likely_manipulated",
            Self::NeedsReview => "needs_review",
            Self::NoIndication => "no_indication",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The label in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::LikelyManipulated, Language::English) => "likely manipulated",
            (Self::LikelyManipulated, Language::Vietnamese) => "nhiều khả năng bị chỉnh sửa hoặc do AI tạo",
            (Self::NeedsReview, Language::English) => "needs review",
            (Self::NeedsReview, Language::Vietnamese) => "cần người xem lại",
            (Self::NoIndication, Language::English) => "no indication",
            (Self::NoIndication, Language::Vietnamese) => "không thấy dấu hiệu",
            (Self::Inconclusive, Language::English) => "inconclusive",
            (Self::Inconclusive, Language::Vietnamese) => "chưa kết luận được",
        }
    }
}

/// How much a reason weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Strength {
    /// It settles the verdict alone.
    Decisive,
    /// It speaks for the verdict.
    Strong,
    /// It hints at it.
    Weak,
}

impl Strength {
    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::Strong => "strong",
            Self::Weak => "weak",
        }
    }
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Who gave it: `detector/ai-image@1`.
    pub source: String,
    /// How much it weighs.
    pub strength: Strength,
    /// What it says.
    pub cause: Cause,
}

/// What a reason says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A detector's probability is at or above a threshold.
    DetectorScore {
        /// The detector's name, without its version: `ai-image`.
        detector: String,
        /// What a high probability means.
        kind: Kind,
        /// The detector's probability.
        probability: Probability,
        /// The threshold that it reached.
        threshold: Probability,
        /// The share of false alarms that this threshold was set for.
        max_fpr: f64,
    },
    /// A detector has no threshold that keeps to the false-alarm rate that the policy accepts.
    NoOperatingPoint {
        /// The detector's name, without its version.
        detector: String,
        /// The share of false alarms that the policy accepts.
        max_fpr: f64,
    },
    /// Nothing that may judge looked at the picture.
    NothingJudged,
}

impl Reason {
    /// The stable code: `detector.ai_image`.
    pub fn code(&self) -> String {
        match &self.cause {
            Cause::DetectorScore { detector, .. } => {
                let name = detector.to_lowercase();
                let name: String =
                    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                format!("detector.{name}")
            }
            Cause::NoOperatingPoint { .. } => "policy.no_operating_point".to_owned(),
            Cause::NothingJudged => "policy.nothing_judged".to_owned(),
        }
    }

    /// The reason as a sentence, without a full stop.
    pub fn message(&self, language: Language) -> String {
        match (&self.cause, language) {
            (Cause::DetectorScore { detector, kind, probability, threshold, max_fpr }, Language::English) => {
                format!(
                    "{}: detector {detector} gives {probability}, at or above {threshold}, its threshold for {} of false alarms",
                    kind.text(language),
                    percent(*max_fpr)
                )
            }
            (
                Cause::DetectorScore { detector, kind, probability, threshold, max_fpr },
                Language::Vietnamese,
            ) => {
                format!(
                    "{}: bộ phát hiện {detector} cho {probability}, từ {threshold} trở lên, là ngưỡng cho {} báo nhầm",
                    kind.text(language),
                    percent(*max_fpr)
                )
            }
            (Cause::NoOperatingPoint { detector, max_fpr }, Language::English) => {
                format!("detector {detector} was not measured at {} false alarms", percent(*max_fpr))
            }
            (Cause::NoOperatingPoint { detector, max_fpr }, Language::Vietnamese) => {
                format!("bộ phát hiện {detector} chưa được đo ở mức báo nhầm {}", percent(*max_fpr))
            }
            (Cause::NothingJudged, Language::English) => {
                "nothing that may judge looked at the picture".to_owned()
            }
            (Cause::NothingJudged, Language::Vietnamese) => "chưa có gì đánh giá được ảnh này".to_owned(),
        }
    }
}

/// `0.005` as `0.5 %`.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 1e2)
}
