//! Settings in, a screener out.

use std::mem;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use deepscreen::media::Limits;
use deepscreen::{Error, ErrorKind, Language, Policy, Settings};
use pyo3::prelude::*;

use crate::errors::raise;
use crate::pictures::Picture;
use crate::process::check_process;
use crate::screenings::Screenings;

/// What `deepscreen.Screener` wraps.
#[pyclass(frozen, module = "deepscreen._deepscreen")]
pub(crate) struct Screener {
    current: RwLock<deepscreen::Screener>,
    /// Held while banks are read: of two who read them, the one that began first must not put its own in place last.
    reloading: Mutex<()>,
    language: Language,
    /// The process that made it, and in which its threads are.
    process: u32,
}

#[pymethods]
impl Screener {
    /// The arguments are those of `deepscreen.Screener`, which has the defaults. `limits` is JSON, `policy` is TOML, and
    /// `policy_file` the name of the file that it comes from, for messages.
    #[new]
    #[pyo3(signature = (*, models, faces, stability, policy, policy_file, max_fpr, provenance, trust_anchors, banks, bank_transforms, threads, engine, onnxruntime, provider, limits, language))]
    #[expect(
        clippy::too_many_arguments,
        reason = "Python's keyword arguments; each is checked and named by itself"
    )]
    fn new(
        py: Python<'_>,
        models: Option<Vec<PathBuf>>,
        faces: Option<PathBuf>,
        stability: i64,
        policy: Option<String>,
        policy_file: Option<PathBuf>,
        max_fpr: Option<f64>,
        provenance: bool,
        trust_anchors: Option<String>,
        banks: Option<Vec<PathBuf>>,
        bank_transforms: bool,
        threads: i64,
        engine: String,
        onnxruntime: Option<PathBuf>,
        provider: String,
        limits: Option<&str>,
        language: &str,
    ) -> PyResult<Self> {
        let make = || {
            let mut settings = Settings::default();
            if let Some(models) = models {
                settings.models = models;
            }
            settings.faces = faces;
            settings.stability = number("stability", stability, 0..=8)?;
            settings.threads = number("threads", threads, 0..=1024)?;
            if let (Some(policy), Some(file)) = (&policy, policy_file) {
                Policy::from_toml(policy).map_err(|error| error.about(file.display()))?;
            }
            settings.policy = policy;
            settings.max_fpr = max_fpr;
            settings.provenance = provenance;
            settings.trust_anchors = trust_anchors;
            settings.banks = banks.unwrap_or_default();
            settings.bank_transforms = bank_transforms;
            settings.engine = engine;
            settings.onnxruntime = onnxruntime;
            settings.provider = provider;
            settings.limits = limits_of(limits)?;
            let language = Language::from_code(language).ok_or_else(|| {
                Error::new(ErrorKind::InvalidConfig, "not a language: en or vi expected").about(language)
            })?;
            let current = RwLock::new(settings.screener()?);
            Ok(Self { current, reloading: Mutex::new(()), language, process: std::process::id() })
        };
        py.detach(make).map_err(|error: Error| raise(py, &error))
    }

    /// Screens one picture on the calling thread.
    fn screen(&self, py: Python<'_>, picture: Picture) -> PyResult<String> {
        check_process(self.process)?;
        Ok(py.detach(|| self.current().screen_source(picture).to_json(self.language)))
    }

    /// Screens what an iterator gives. `pictures` must give what [`Picture`] takes.
    fn screen_many(&self, pictures: &Bound<'_, PyAny>) -> PyResult<Screenings> {
        check_process(self.process)?;
        Ok(Screenings::new(&self.current(), pictures.try_iter()?.unbind(), self.language, self.process))
    }

    /// Reads the banks again. Where that fails, everything stays as it was.
    fn reload(&self, py: Python<'_>) -> PyResult<()> {
        check_process(self.process)?;
        let reload = || {
            let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
            let reloaded = self.current().reloaded()?;
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let old = mem::replace(&mut *current, reloaded);
            // Nobody waits for a bank that is given back.
            drop(current);
            drop(old);
            Ok(())
        };
        py.detach(reload).map_err(|error: Error| raise(py, &error))
    }

    #[getter]
    fn threads(&self) -> usize {
        self.current().threads()
    }

    #[getter]
    fn engine(&self) -> String {
        self.current().replay().engine.clone()
    }
}

impl Screener {
    /// What screens from now on; it goes on as it is when banks are read again.
    fn current(&self) -> deepscreen::Screener {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn number<T: TryFrom<i64>>(name: &str, value: i64, range: RangeInclusive<i64>) -> deepscreen::Result<T> {
    let number = T::try_from(value).ok().filter(|_| range.contains(&value));
    number.ok_or_else(|| {
        let message = format!("{value}: a number from {} to {} expected", range.start(), range.end());
        Error::new(ErrorKind::InvalidConfig, message).about(name)
    })
}

/// Limits from a JSON object.
pub(crate) fn limits_of(json: Option<&str>) -> deepscreen::Result<Limits> {
    let Some(json) = json else { return Ok(Limits::default()) };
    serde_json::from_str(json)
        .map_err(|error| Error::new(ErrorKind::InvalidConfig, error.to_string()).about("limits"))
}
