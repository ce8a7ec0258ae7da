//! The languages that text for a person exists in.

use std::str::FromStr;

use crate::error::{Error, ErrorKind};

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

impl FromStr for Language {
    type Err = Error;

    /// Reads the code of ISO 639-1: `en` or `vi`.
    fn from_str(code: &str) -> Result<Self, Error> {
        match code {
            "en" => Ok(Self::English),
            "vi" => Ok(Self::Vietnamese),
            _ => Err(Error::new(ErrorKind::InvalidConfig, "not a language: en or vi expected").about(code)),
        }
    }
}
