//! The languages that text for a person exists in.

/// A language for sentences; codes are the same in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English, `en`.
    #[default]
    English,
    /// Vietnamese, `vi`.
    Vietnamese,
}

impl Language {
    /// The language of an ISO 639-1 code, `en` or `vi`; `None` for others.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "vi" => Some(Self::Vietnamese),
            _ => None,
        }
    }

    /// The ISO 639-1 code: `en`, `vi`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Vietnamese => "vi",
        }
    }
}
