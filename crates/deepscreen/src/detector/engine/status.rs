//! Which engines there are, for a person who wonders why the slow one runs.

use std::path::PathBuf;

use super::EngineOptions;

/// One engine as it stands on this machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineStatus {
    /// Name and version where it can run: `onnxruntime 1.26.0`; the name alone where it cannot.
    pub name: String,
    /// The library that was loaded, for an engine that is one.
    pub library: Option<PathBuf>,
    /// Why it cannot run; `None` where it can.
    pub problem: Option<String>,
}

impl EngineStatus {
    /// The engines that this build knows, the fastest first. Loads ONNX Runtime where it is found.
    pub fn all(options: &EngineOptions) -> Vec<Self> {
        vec![Self::onnxruntime(options), Self::rten()]
    }

    #[cfg(feature = "onnxruntime")]
    fn onnxruntime(options: &EngineOptions) -> Self {
        match super::onnxruntime::runtime(options.onnxruntime.as_deref()) {
            Ok(runtime) => Self { name: runtime.name, library: Some(runtime.path), problem: None },
            Err(error) => {
                Self { name: "onnxruntime".to_owned(), library: None, problem: Some(format!("{error:#}")) }
            }
        }
    }

    #[cfg(not(feature = "onnxruntime"))]
    fn onnxruntime(_: &EngineOptions) -> Self {
        let problem = Some("built without the feature `onnxruntime`".to_owned());
        Self { name: "onnxruntime".to_owned(), library: None, problem }
    }

    fn rten() -> Self {
        let problem = (!cfg!(feature = "rten")).then(|| "built without the feature `rten`".to_owned());
        Self { name: super::RTEN.to_owned(), library: None, problem }
    }
}
