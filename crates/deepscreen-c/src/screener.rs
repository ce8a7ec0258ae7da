//! A screener with the language that it speaks, and what both are made from.

use std::sync::Once;

use deepscreen::{Language, Screening, Settings};

use crate::status::{Failure, Result, Status};

/// What the handle of a screener stands for. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Screener {
    pub(crate) inner: deepscreen::Screener,
    language: Language,
}

impl Screener {
    pub(crate) fn new(settings: Option<&str>) -> Result<Self> {
        quieten_caught_panics();
        let settings = settings.map(Settings::from_json).transpose()?.unwrap_or_default();
        Ok(Self { inner: settings.screener()?, language: Language::English })
    }

    pub(crate) fn in_language(&self, code: &str) -> Result<Self> {
        let language = Language::from_code(code).ok_or_else(|| {
            Failure::new(
                Status::DEEPSCREEN_INVALID_CONFIG,
                format!("language: `{code}` is neither `en` nor `vi`"),
            )
        })?;
        Ok(Self { inner: self.inner.clone(), language })
    }

    pub(crate) fn record(&self, screening: &Screening) -> String {
        screening.to_json(self.language)
    }
}

/// A decoder's panic costs one record and is told there: nothing of it belongs on the standard error of a program that
/// is not ours.
fn quieten_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !deepscreen::panic_is_caught() {
                usual(panic);
            }
        }));
    });
}
