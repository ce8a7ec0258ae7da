//! What a match in a bank says, as a sentence.

use crate::evidence::{EntryLabel, Match, MatchedBy};
use crate::hash::Transform;
use crate::language::Language;

/// What a match means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Known {
    /// The picture is a known fake.
    Fake,
    /// The picture is a verified original.
    Original,
    /// The picture was made of a verified original, and parts of it are others.
    AlteredOriginal,
    /// The picture looks like a verified original; whether it was altered nobody knows.
    LikeOriginal,
    /// The picture is known and of no interest.
    NoInterest,
}

impl Known {
    /// The stable code of the reason.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Fake => "bank.known_fake",
            Self::Original => "bank.verified_original",
            Self::AlteredOriginal => "bank.altered_original",
            Self::LikeOriginal => "bank.like_original",
            Self::NoInterest => "bank.ignore",
        }
    }

    /// What it means, in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Fake, language) => EntryLabel::KnownFake.text(language),
            (Self::Original, language) => EntryLabel::VerifiedOriginal.text(language),
            (Self::AlteredOriginal, Language::English) => "an altered original",
            (Self::AlteredOriginal, Language::Vietnamese) => "ảnh gốc đã bị sửa",
            (Self::LikeOriginal, Language::English) => "looks like a verified original",
            (Self::LikeOriginal, Language::Vietnamese) => "giống một ảnh gốc đã xác minh",
            (Self::NoInterest, Language::English) => "known, and of no interest",
            (Self::NoInterest, Language::Vietnamese) => "ảnh đã biết, không cần quan tâm",
        }
    }
}

pub(super) fn message(means: Known, found: &Match, source: &str, language: Language) -> String {
    let bank = source.strip_prefix("bank/").unwrap_or(source);
    let (head, entry) = (means.text(language), found.entry);
    let name = found.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    let link = found.link.as_ref().map_or_else(String::new, |link| format!(", {link}"));
    let place = match language {
        Language::English => format!("entry {entry} of the bank {bank}{name}"),
        Language::Vietnamese => format!("mục {entry} trong ngân hàng ảnh {bank}{name}"),
    };
    let how = match (found.by, language) {
        (MatchedBy::Sha256, Language::English) => format!("the very file is {place}"),
        (MatchedBy::Sha256, Language::Vietnamese) => format!("chính tệp này là {place}"),
        (MatchedBy::Pdq { distance, transform }, Language::English) => {
            format!("{distance} of 256 bits from {place}{}", transformed(transform, language))
        }
        (MatchedBy::Pdq { distance, transform }, Language::Vietnamese) => {
            format!("khác {distance} trên 256 bit so với {place}{}", transformed(transform, language))
        }
    };
    let regions = found.comparison.as_ref().map_or(0, |comparison| comparison.regions.len());
    let but = match (means, language) {
        (Known::Original, _) if found.by == MatchedBy::Sha256 => String::new(),
        (Known::Original, Language::English) => {
            "; compared, and nothing but compression, size or crop differs".to_owned()
        }
        (Known::Original, Language::Vietnamese) => {
            "; đã so, chỉ khác độ nén, kích thước hoặc phần cắt".to_owned()
        }
        (Known::AlteredOriginal, Language::English) if regions == 1 => "; one part of it differs".to_owned(),
        (Known::AlteredOriginal, Language::English) => format!("; {regions} parts of it differ"),
        (Known::AlteredOriginal, Language::Vietnamese) => format!("; có {regions} chỗ khác"),
        (Known::LikeOriginal, Language::English) => "; their pixels were not compared".to_owned(),
        (Known::LikeOriginal, Language::Vietnamese) => "; chưa so từng điểm ảnh".to_owned(),
        _ => String::new(),
    };
    format!("{head}: {how}{link}{but}")
}

/// What was done to the bank's picture, after a comma.
fn transformed(transform: Transform, language: Language) -> String {
    match transform {
        Transform::None => String::new(),
        transform => format!(", {}", transform.text(language)),
    }
}
