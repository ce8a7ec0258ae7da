//! Why a figure does not exist.

use std::fmt;

/// A figure, or why there is none.
pub type Measured<T = f64> = Result<T, Undefined>;

/// Why a metric has no value for these data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undefined {
    /// No picture is real.
    NoReal,
    /// No picture is fake.
    NoFake,
    /// The metric needs scores from 0 to 1, and some are not.
    NotProbabilities,
    /// A false-positive rate this small cannot be seen with so few real pictures.
    TooFewReals {
        /// Real pictures that there are.
        found: u64,
        /// Real pictures of which one alone is the false-positive rate that was asked for.
        needed: u64,
    },
    /// The variance of a class cannot be estimated from one picture.
    OneOfAClass,
    /// A class has too few pictures to be cut into folds.
    TooFewOfAClass {
        /// Pictures of the rarer class.
        found: u64,
        /// Folds that there are.
        needed: u64,
    },
    /// The difference has no variance that it could be compared with, for instance because both detectors rank all
    /// pictures alike.
    NoVariance,
    /// The mask marks no pixel as manipulated.
    EmptyMask,
    /// The mask marks all pixels as manipulated.
    FullMask,
    /// There is no picture of the kind that the figure is a mean of.
    NoPicture,
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReal => "no picture is real",
            Self::NoFake => "no picture is fake",
            Self::NotProbabilities => "some scores are not from 0 to 1",
            Self::TooFewReals { found, needed } => {
                return write!(f, "{found} real pictures, at least {needed} needed");
            }
            Self::TooFewOfAClass { found, needed } => {
                return write!(f, "{found} pictures of a class, at least {needed} needed");
            }
            Self::OneOfAClass => "a class has one picture alone",
            Self::NoVariance => "the difference has no variance to compare it with",
            Self::EmptyMask => "the mask is empty",
            Self::FullMask => "the mask covers the whole picture",
            Self::NoPicture => "no such picture",
        })
    }
}

impl std::error::Error for Undefined {}
