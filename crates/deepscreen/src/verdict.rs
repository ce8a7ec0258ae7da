//! The answer: a label, what was found, how probable it is, and the reasons, in words that a person can check.

use crate::evidence::c2pa::Trust;
use crate::evidence::{Face, Grade, Kind, Match, Probability, Topic, WatermarkMessage};
use crate::language::Language;

mod bank;
mod c2pa;

pub use bank::Known;

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

    /// The label of a [code](Self::code); `None` for others.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.code() == code)
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
        /// The share of false alarms that this threshold was measured at; `None` where nobody measured it.
        max_fpr: Option<f64>,
        /// The face that it is about, for a detector of faces.
        face: Option<Face>,
    },
    /// A detector's word changes when the picture is passed on.
    Unstable {
        /// The detector's name, without its version.
        detector: String,
        /// The detector's probability for the picture as it is.
        probability: Probability,
        /// What was done to the picture: `jpeg 75`.
        variant: String,
        /// The detector's probability after it.
        variant_probability: Probability,
    },
    /// One detector calls the picture likely manipulated, another finds nothing.
    Disagreement {
        /// The surest of those that do, and its probability.
        high: (String, Probability),
        /// The surest of those that do not.
        low: (String, Probability),
    },
    /// A detector has no threshold that keeps to the false-alarm rate that the policy accepts.
    NoOperatingPoint {
        /// The detector's name, without its version.
        detector: String,
        /// The share of false alarms that the policy accepts.
        max_fpr: f64,
    },
    /// Intact Content Credentials say that the picture, or part of it, was not taken by a camera.
    CredentialsClaim {
        /// What it is then; `None` where they only say that parts are synthetic.
        kind: Option<Kind>,
        /// The IPTC `digitalSourceType` that says so: `trainedAlgorithmicMedia`.
        source_type: String,
        /// The program that wrote the claim.
        generator: Option<String>,
        /// What the picture was made from, by its title (perhaps empty), where the claim is about that.
        ingredient: Option<String>,
        /// Who signed.
        signer: Option<String>,
        /// Whether somebody vouches for the signer.
        trust: Trust,
    },
    /// Content Credentials do not fit the picture, or not themselves.
    CredentialsBroken {
        /// The codes of what did not hold: `assertion.dataHash.mismatch`.
        failures: Vec<String>,
    },
    /// A bank knows the picture, or one that looks like it.
    Match {
        /// What that means.
        means: Known,
        /// What was found.
        found: Box<Match>,
    },
    /// The picture carries the watermark of a generator.
    Watermark {
        /// Which one.
        message: WatermarkMessage,
        /// How many of its bits were read as they should be.
        matching_bits: u32,
    },
    /// The file says something of itself.
    Statement {
        /// What it is about.
        topic: Topic,
        /// What it means for the picture.
        kind: Option<Kind>,
        /// How far it can be relied on.
        grade: Grade,
        /// The tool that it speaks of.
        tool: Option<String>,
        /// Where it stands: `png.text.parameters`.
        field: String,
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
            Cause::Unstable { .. } => "detector.unstable".to_owned(),
            Cause::Disagreement { .. } => "policy.disagreement".to_owned(),
            Cause::NoOperatingPoint { .. } => "policy.no_operating_point".to_owned(),
            Cause::CredentialsClaim { kind, .. } => c2pa::Claim::code(*kind).to_owned(),
            Cause::CredentialsBroken { .. } => "c2pa.tampered".to_owned(),
            Cause::Match { means, .. } => means.code().to_owned(),
            Cause::Watermark { message, .. } => match message {
                WatermarkMessage::Flux => "watermark.flux".to_owned(),
                WatermarkMessage::InvokeAi => "watermark.invokeai".to_owned(),
                _ => "watermark.stable_diffusion".to_owned(),
            },
            Cause::Statement { topic, .. } => {
                let name = match topic {
                    Topic::SourceType => "ai_source_type",
                    Topic::Prompt => "ai_prompt",
                    Topic::Thumbnail => "thumbnail_differs",
                    topic => topic.code(),
                };
                format!("metadata.{name}")
            }
            Cause::NothingJudged => "policy.nothing_judged".to_owned(),
        }
    }

    /// The reason as a sentence, without a full stop.
    pub fn message(&self, language: Language) -> String {
        match (&self.cause, language) {
            (
                Cause::DetectorScore { detector, kind, probability, threshold, max_fpr, face },
                Language::English,
            ) => {
                let found = kind.text(language);
                let face = face.map_or_else(String::new, |face| {
                    format!(
                        " for the face of {:.0}x{:.0} at {:.0},{:.0}",
                        face.width, face.height, face.x, face.y
                    )
                });
                let cost = match max_fpr {
                    Some(max_fpr) => format!("its threshold for {} of false alarms", percent(*max_fpr)),
                    None => "a threshold whose false alarms nobody measured".to_owned(),
                };
                format!(
                    "{found}: detector {detector} gives {probability}{face}, at or above {threshold}, {cost}"
                )
            }
            (
                Cause::DetectorScore { detector, kind, probability, threshold, max_fpr, face },
                Language::Vietnamese,
            ) => {
                let found = kind.text(language);
                let face = face.map_or_else(String::new, |face| {
                    format!(
                        " cho khuôn mặt {:.0}x{:.0} tại {:.0},{:.0}",
                        face.width, face.height, face.x, face.y
                    )
                });
                let cost = match max_fpr {
                    Some(max_fpr) => format!("là ngưỡng cho {} báo nhầm", percent(*max_fpr)),
                    None => "là ngưỡng chưa ai đo mức báo nhầm".to_owned(),
                };
                format!(
                    "{found}: bộ phát hiện {detector} cho {probability}{face}, từ {threshold} trở lên, {cost}"
                )
            }
            (Cause::Unstable { detector, probability, variant, variant_probability }, Language::English) => {
                let moves = if variant_probability < probability { "falls" } else { "rises" };
                format!(
                    "detector {detector} gives {probability}, and {moves} to {variant_probability} when the picture is passed on ({variant})"
                )
            }
            (
                Cause::Unstable { detector, probability, variant, variant_probability },
                Language::Vietnamese,
            ) => {
                let moves = if variant_probability < probability { "giảm còn" } else { "tăng lên" };
                format!(
                    "bộ phát hiện {detector} cho {probability}, nhưng {moves} {variant_probability} khi ảnh được lưu lại ({variant})"
                )
            }
            (Cause::Disagreement { high, low }, Language::English) => {
                format!(
                    "the detectors contradict each other: {} gives {}, {} gives {}",
                    high.0, high.1, low.0, low.1
                )
            }
            (Cause::Disagreement { high, low }, Language::Vietnamese) => {
                format!(
                    "các bộ phát hiện trái ngược nhau: {} cho {}, {} cho {}",
                    high.0, high.1, low.0, low.1
                )
            }
            (Cause::NoOperatingPoint { detector, max_fpr }, Language::English) => {
                format!("detector {detector} was not measured at {} false alarms", percent(*max_fpr))
            }
            (Cause::NoOperatingPoint { detector, max_fpr }, Language::Vietnamese) => {
                format!("bộ phát hiện {detector} chưa được đo ở mức báo nhầm {}", percent(*max_fpr))
            }
            (
                Cause::CredentialsClaim { kind, source_type, generator, ingredient, signer, trust },
                language,
            ) => c2pa::Claim {
                kind: *kind,
                source_type,
                generator: generator.as_deref(),
                ingredient: ingredient.as_deref(),
                signer: signer.as_deref(),
                trust: *trust,
            }
            .message(language),
            (Cause::CredentialsBroken { failures }, language) => c2pa::broken(failures, language),
            (Cause::Match { means, found }, language) => bank::message(*means, found, &self.source, language),
            (Cause::Watermark { message, matching_bits }, Language::English) => {
                format!(
                    "AI generated: the pixels carry the watermark of {}, {matching_bits} of its {} bits",
                    message.name(),
                    message.bits()
                )
            }
            (Cause::Watermark { message, matching_bits }, Language::Vietnamese) => {
                format!(
                    "do AI tạo: các điểm ảnh mang thủy vân của {}, đọc được {matching_bits} trên {} bit",
                    message.name(),
                    message.bits()
                )
            }
            (Cause::Statement { topic, kind, grade, tool, field }, language) => {
                statement(*topic, *kind, *grade, tool.as_deref(), field, language)
            }
            (Cause::NothingJudged, Language::English) => {
                "nothing that may judge looked at the picture".to_owned()
            }
            (Cause::NothingJudged, Language::Vietnamese) => "chưa có gì đánh giá được ảnh này".to_owned(),
        }
    }
}

/// What a file says of itself, as a sentence.
fn statement(
    topic: Topic,
    kind: Option<Kind>,
    grade: Grade,
    tool: Option<&str>,
    field: &str,
    language: Language,
) -> String {
    let is_hint = grade == Grade::Circumstantial;
    let found = kind.map_or("", |kind| kind.text(language));
    match language {
        Language::English => {
            let by = |tool| format!("written by {tool} ({field})");
            match (topic, tool) {
                (Topic::AiGenerator, Some(tool)) if is_hint => {
                    format!("perhaps {found}: the file names {tool} ({field})")
                }
                (Topic::AiGenerator, Some(tool)) => format!("{found}: {}", by(tool)),
                (Topic::SourceType, _) if is_hint => {
                    format!("perhaps {found}: the file's source type allows for it ({field})")
                }
                (Topic::SourceType, _) => {
                    format!("{found}: by the source type that the file gives ({field})")
                }
                (Topic::AiLabel, _) if is_hint => {
                    format!("perhaps {found}: the label for AI content says that it may be ({field})")
                }
                (Topic::AiLabel, Some(tool)) => {
                    format!("{found}: it has the label for AI content, by {tool} ({field})")
                }
                (Topic::AiLabel, None) => format!("{found}: it has the label for AI content ({field})"),
                (Topic::Prompt, _) => {
                    format!("{found}: the file says what a generator was asked for ({field})")
                }
                (Topic::Editor, tool) => {
                    format!(
                        "it went through {} ({field}), which is no sign of a fake",
                        tool.unwrap_or("an editor")
                    )
                }
                (Topic::Thumbnail, _) => {
                    format!(
                        "the thumbnail in the file shows another picture ({field}): it was changed afterwards"
                    )
                }
                _ => format!("{}: the file says so ({field})", if is_hint { "perhaps AI" } else { found }),
            }
        }
        Language::Vietnamese => match (topic, tool) {
            (Topic::AiGenerator, Some(tool)) if is_hint => {
                format!("có thể {found}: tệp có nhắc đến {tool} ({field})")
            }
            (Topic::AiGenerator, Some(tool)) => format!("{found}: do {tool} ghi vào tệp ({field})"),
            (Topic::SourceType, _) if is_hint => {
                format!("có thể {found}: loại nguồn ghi trong tệp để ngỏ khả năng đó ({field})")
            }
            (Topic::SourceType, _) => format!("{found}: theo loại nguồn ghi trong tệp ({field})"),
            (Topic::AiLabel, _) if is_hint => {
                format!("có thể {found}: nhãn nội dung AI trong tệp nói là có thể ({field})")
            }
            (Topic::AiLabel, Some(tool)) => {
                format!("{found}: tệp mang nhãn nội dung AI, do {tool} ghi ({field})")
            }
            (Topic::AiLabel, None) => format!("{found}: tệp mang nhãn nội dung AI ({field})"),
            (Topic::Prompt, _) => format!("{found}: tệp ghi lại yêu cầu gửi cho công cụ tạo ảnh ({field})"),
            (Topic::Editor, tool) => format!(
                "ảnh đã qua {} ({field}); điều đó không có nghĩa là ảnh giả",
                tool.unwrap_or("một phần mềm chỉnh sửa")
            ),
            (Topic::Thumbnail, _) => {
                format!("hình thu nhỏ trong tệp cho thấy một ảnh khác ({field}): ảnh đã bị sửa sau đó")
            }
            _ => format!("{}: tệp tự ghi như vậy ({field})", if is_hint { "có thể do AI" } else { found }),
        },
    }
}

/// `0.005` as `0.5 %`.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 1e2)
}
