//! Weights and tensors in, tensors out: one small trait, and which engine stands behind it.
//!
//! Nothing outside of this folder knows which engine runs.

#[cfg(feature = "onnxruntime")]
pub(super) mod onnxruntime;
#[cfg(any(feature = "onnxruntime", feature = "rten"))]
mod pool;
#[cfg(feature = "rten")]
mod rten;
mod status;

use std::borrow::Cow;
use std::path::PathBuf;
use std::str::FromStr;

use ndarray::{ArrayD, ArrayViewD};

use super::network::Port;
#[cfg(any(feature = "onnxruntime", feature = "rten", test))]
use super::network::shape_text;
use crate::error::{Error, ErrorKind, Result};

pub use status::EngineStatus;

/// The embedded engine, with the version that the manifest asks for; rten does not tell its own.
const RTEN: &str = "rten 0.27";

/// Which engine runs the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineChoice {
    /// ONNX Runtime where it is found and fits, otherwise the embedded engine.
    #[default]
    Auto,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
    /// The embedded engine.
    Rten,
}

impl FromStr for EngineChoice {
    type Err = Error;

    /// Reads `auto`, `onnxruntime` or `rten`.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "onnxruntime" => Ok(Self::OnnxRuntime),
            "rten" => Ok(Self::Rten),
            _ => {
                let message = "not an engine: auto, onnxruntime or rten expected";
                Err(Error::new(ErrorKind::InvalidConfig, message).about(name))
            }
        }
    }
}

/// How models are run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Which engine.
    pub choice: EngineChoice,
    /// The ONNX Runtime library to load, instead of looking for one.
    pub onnxruntime: Option<PathBuf>,
    /// How many threads run models at the same time, one picture batch each; 0 means one a core.
    pub threads: usize,
    /// What ONNX Runtime computes on. Where the library lacks it the processor does, and
    /// [`ModelIdentity::engine`](crate::ModelIdentity) says so.
    pub provider: Provider,
}

/// What ONNX Runtime computes on; the embedded engine knows the processor alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card of Nvidia.
    Cuda,
    /// Apple's.
    CoreMl,
    /// A graphics card under Windows.
    DirectMl,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Cuda, Self::CoreMl, Self::DirectMl];

    /// The name, as users type it: `cuda`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::CoreMl => "coreml",
            Self::DirectMl => "directml",
        }
    }
}

impl FromStr for Provider {
    type Err = Error;

    /// Reads a [`name`](Self::name).
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::InvalidConfig, format!("not a provider: one of {names} expected"))
                .about(name)
        })
    }
}

impl EngineOptions {
    /// These options with another engine.
    #[must_use]
    pub fn with_choice(self, choice: EngineChoice) -> Self {
        Self { choice, ..self }
    }

    /// These options with a given ONNX Runtime library.
    #[must_use]
    pub fn with_onnxruntime(self, path: impl Into<PathBuf>) -> Self {
        Self { onnxruntime: Some(path.into()), ..self }
    }

    /// These options with another number of threads.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// These options with another provider.
    #[must_use]
    pub fn with_provider(self, provider: Provider) -> Self {
        Self { provider, ..self }
    }

    #[cfg(any(feature = "onnxruntime", feature = "rten"))]
    fn thread_count(&self) -> usize {
        crate::threads_or_cores(self.threads)
    }
}

/// A network's file, and those beside it that hold weights, by the names that it calls them.
pub(super) struct Weights {
    pub(super) network: Cow<'static, [u8]>,
    pub(super) external: Vec<(String, Vec<u8>)>,
}

/// What of a network is used: the input that takes the pictures, the outputs that are read.
#[derive(Clone, Debug)]
#[cfg_attr(not(any(feature = "onnxruntime", feature = "rten")), allow(dead_code))]
pub(super) struct Wiring {
    pub(super) input: Port,
    pub(super) outputs: Vec<String>,
}

/// A loaded network.
pub(super) trait Engine: Send + Sync {
    /// Name and version: `rten 0.27.0`.
    fn name(&self) -> &str;
    /// Runs the network on the calling thread's time: one core, whatever the batch. Callers that come while all
    /// threads of the engine are busy wait. The input must not be empty and must fit the wired input's shape; it is
    /// converted to that input's type. Gives the wired outputs, in their order.
    fn run(&self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>>;
}

/// Checks what every engine asks of its input, since rten panics on an empty batch and the messages of the
/// engines differ.
#[cfg(any(feature = "onnxruntime", feature = "rten", test))]
fn check_input(port: &Port, input: &ArrayViewD<'_, f32>) -> Result<()> {
    let fits = port.shape.len() == input.ndim()
        && port.shape.iter().zip(input.shape()).all(|(want, got)| want.is_none_or(|want| want == *got));
    if !fits || input.is_empty() {
        let message =
            format!("input {} takes {}, not {:?}", port.name, shape_text(&port.shape), input.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    Ok(())
}

/// Samples of 0 to 255 for a network that takes bytes.
#[cfg(any(feature = "onnxruntime", feature = "rten"))]
fn to_bytes(samples: &[f32]) -> Vec<u8> {
    // `as` saturates.
    samples.iter().map(|sample| (sample + 0.5) as u8).collect()
}

/// Loads a network into the engine that the options ask for.
pub(super) fn load(weights: Weights, wiring: Wiring, options: &EngineOptions) -> Result<Box<dyn Engine>> {
    match options.choice {
        EngineChoice::OnnxRuntime => load_onnxruntime(weights, wiring, options),
        EngineChoice::Rten => load_rten(weights, wiring, options),
        // A library that was named is not passed over in silence, nor is a provider that only it has.
        EngineChoice::Auto if options.onnxruntime.is_some() || options.provider != Provider::Cpu => {
            load_onnxruntime(weights, wiring, options)
        }
        EngineChoice::Auto if is_onnxruntime_there() => load_onnxruntime(weights, wiring, options),
        EngineChoice::Auto => load_rten(weights, wiring, options),
    }
}

#[cfg(feature = "onnxruntime")]
fn is_onnxruntime_there() -> bool {
    onnxruntime::runtime(None).is_ok()
}

#[cfg(not(feature = "onnxruntime"))]
fn is_onnxruntime_there() -> bool {
    false
}

#[cfg(feature = "onnxruntime")]
fn load_onnxruntime(weights: Weights, wiring: Wiring, options: &EngineOptions) -> Result<Box<dyn Engine>> {
    let runtime = onnxruntime::runtime(options.onnxruntime.as_deref())?;
    let engine =
        onnxruntime::OnnxRuntime::load(runtime, weights, wiring, options.provider, options.thread_count())?;
    Ok(Box::new(engine))
}

#[cfg(not(feature = "onnxruntime"))]
fn load_onnxruntime(_: Weights, _: Wiring, _: &EngineOptions) -> Result<Box<dyn Engine>> {
    Err(Error::new(ErrorKind::EngineUnavailable, "built without the feature `onnxruntime`"))
}

#[cfg(feature = "rten")]
fn load_rten(weights: Weights, wiring: Wiring, options: &EngineOptions) -> Result<Box<dyn Engine>> {
    Ok(Box::new(rten::Rten::load(weights, wiring, options.thread_count())?))
}

#[cfg(not(feature = "rten"))]
fn load_rten(_: Weights, _: Wiring, _: &EngineOptions) -> Result<Box<dyn Engine>> {
    Err(Error::new(
        ErrorKind::EngineUnavailable,
        "built without the feature `rten`, and no ONNX Runtime was found",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::network::Element;
    use super::*;

    #[test]
    fn input_of_another_rank_or_size_and_empty_batches_are_refused() {
        let port = Port { name: "x".to_owned(), shape: vec![None, Some(3)], element: Element::F32 };
        for (shape, ok) in
            [(vec![2, 3], true), (vec![0, 3], false), (vec![2, 4], false), (vec![2, 3, 1], false)]
        {
            let input = ArrayD::<f32>::zeros(shape.clone());
            assert_eq!(check_input(&port, &input.view()).is_ok(), ok, "{shape:?}");
        }
        let error = check_input(&port, &ArrayD::<f32>::zeros(vec![2, 4]).view()).unwrap_err();
        assert_eq!(error.to_string(), "input x takes [N, 3], not [2, 4]");
    }
}
