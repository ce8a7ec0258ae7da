//! What a picture is, as its data set says. Says nothing about what a detector found.

use std::fmt;

use serde::Serialize;

/// The class of a picture: the ground truth that detectors are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// A camera's picture, or another that nobody manipulated.
    Real,
    /// AI-generated or manipulated: the positive class of every metric.
    Fake,
}

impl Truth {
    /// Reads a label as the field writes it, in any case and with spaces around it: `real`, `0`, `nature`, `0_real`;
    /// `fake`, `1`, `ai`, `manipulated`, `1_fake`. `None` for every other text: nothing is guessed.
    ///
    /// ```
    /// use deepscreen_eval::Truth;
    ///
    /// assert_eq!(Truth::parse("FAKE"), Some(Truth::Fake));
    /// assert_eq!(Truth::parse("nature"), Some(Truth::Real));
    /// assert_eq!(Truth::parse("unsure"), None);
    /// ```
    pub fn parse(label: &str) -> Option<Self> {
        match label.trim().to_ascii_lowercase().as_str() {
            "real" | "0" | "nature" | "0_real" => Some(Self::Real),
            "fake" | "1" | "ai" | "manipulated" | "1_fake" => Some(Self::Fake),
            _ => None,
        }
    }

    /// `real` or `fake`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Fake => "fake",
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
