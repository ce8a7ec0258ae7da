//! A screener with the language that it speaks, and what both are made from.

use std::mem;
use std::sync::{Arc, Mutex, Once, PoisonError, RwLock};

use deepscreen::{Language, Screening, Settings};

use crate::status::{Failure, Result, Status};

/// What the handle of a screener stands for. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Screener {
    shared: Arc<Shared>,
    language: Language,
}

/// What a screener has in common with itself in other languages.
struct Shared {
    current: RwLock<deepscreen::Screener>,
    /// Held while banks are read: of two who read them, the one that began first must not put its own in place last.
    reloading: Mutex<()>,
}

impl Screener {
    pub(crate) fn new(settings: Option<&str>) -> Result<Self> {
        quieten_caught_panics();
        let settings = settings.map(Settings::from_json).transpose()?.unwrap_or_default();
        let current = RwLock::new(settings.screener()?);
        let shared = Shared { current, reloading: Mutex::new(()) };
        Ok(Self { shared: Arc::new(shared), language: Language::English })
    }

    /// What screens from now on; it goes on as it is when banks are read again.
    pub(crate) fn current(&self) -> deepscreen::Screener {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the banks again. Where that fails, everything stays as it was.
    pub(crate) fn reload(&self) -> Result<()> {
        let _one_at_a_time = self.shared.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let reloaded = self.current().reloaded()?;
        let mut current = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *current, reloaded);
        // Nobody waits for a bank that is given back.
        drop(current);
        drop(old);
        Ok(())
    }

    pub(crate) fn in_language(&self, code: &str) -> Result<Self> {
        let language = Language::from_code(code).ok_or_else(|| {
            Failure::new(
                Status::DEEPSCREEN_INVALID_CONFIG,
                format!("language: `{code}` is neither `en` nor `vi`"),
            )
        })?;
        Ok(Self { shared: self.shared.clone(), language })
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
