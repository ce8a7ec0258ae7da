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

    #[cfg(any(feature = "onnxruntime", feature = "rten"))]
    fn thread_count(&self) -> usize {
        crate::threads_or_cores(self.threads)
    }
}

/// A named input or output; a dimension that may vary is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) shape: Vec<Option<usize>>,
}

/// A loaded network with one input of 32-bit floats.
pub(crate) trait Engine: Send + Sync {
    /// Name and version: `rten 0.27.0`.
    fn name(&self) -> &str;
    fn inputs(&self) -> &[Port];
    fn outputs(&self) -> &[Port];
    /// Runs the network on the calling thread's time: one core, whatever the batch. Callers that come while all
    /// threads of the engine are busy wait. The input must not be empty and must fit the first input's shape.
    fn run(&self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>>;
}

/// Checks what every engine asks of its input, since rten panics on an empty batch and the messages of the
/// engines differ.
#[cfg(any(feature = "onnxruntime", feature = "rten", test))]
fn check_input(ports: &[Port], input: &ArrayViewD<'_, f32>) -> Result<()> {
    let [port, ..] = ports else {
        return Err(Error::new(ErrorKind::ModelShape, "the network has no input"));
    };
    let fits = port.shape.len() == input.ndim()
        && port.shape.iter().zip(input.shape()).all(|(want, got)| want.is_none_or(|want| want == *got));
    if !fits || input.is_empty() {
        let message =
            format!("input {} takes {}, not {:?}", port.name, shape_text(&port.shape), input.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    Ok(())
}

/// `[N, 3, 224, 224]`, with `N` for what may vary.
pub(crate) fn shape_text(shape: &[Option<usize>]) -> String {
    let sides: Vec<String> =
        shape.iter().map(|side| side.map_or_else(|| "N".to_owned(), |side| side.to_string())).collect();
    format!("[{}]", sides.join(", "))
}

/// Loads a network into the engine that the options ask for.
pub(super) fn load(weights: Cow<'static, [u8]>, options: &EngineOptions) -> Result<Box<dyn Engine>> {
    match options.choice {
        EngineChoice::OnnxRuntime => load_onnxruntime(&weights, options),
        EngineChoice::Rten => load_rten(weights, options),
        // A library that was named is not passed over in silence.
        EngineChoice::Auto if options.onnxruntime.is_some() => load_onnxruntime(&weights, options),
        EngineChoice::Auto => match load_onnxruntime(&weights, options) {
            Err(error) if error.kind() == ErrorKind::EngineUnavailable => load_rten(weights, options),
            loaded => loaded,
        },
    }
}

#[cfg(feature = "onnxruntime")]
fn load_onnxruntime(weights: &[u8], options: &EngineOptions) -> Result<Box<dyn Engine>> {
    let runtime = onnxruntime::runtime(options.onnxruntime.as_deref())?;
    Ok(Box::new(onnxruntime::OnnxRuntime::load(runtime, weights, options.thread_count())?))
}

#[cfg(not(feature = "onnxruntime"))]
fn load_onnxruntime(_: &[u8], _: &EngineOptions) -> Result<Box<dyn Engine>> {
    Err(Error::new(ErrorKind::EngineUnavailable, "built without the feature `onnxruntime`"))
}

#[cfg(feature = "rten")]
fn load_rten(weights: Cow<'static, [u8]>, options: &EngineOptions) -> Result<Box<dyn Engine>> {
    Ok(Box::new(rten::Rten::load(weights, options.thread_count())?))
}

#[cfg(not(feature = "rten"))]
fn load_rten(_: Cow<'static, [u8]>, _: &EngineOptions) -> Result<Box<dyn Engine>> {
    Err(Error::new(
        ErrorKind::EngineUnavailable,
        "built without the feature `rten`, and no ONNX Runtime was found",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_of_another_rank_or_size_and_empty_batches_are_refused() {
        let ports = [Port { name: "x".to_owned(), shape: vec![None, Some(3)] }];
        for (shape, ok) in
            [(vec![2, 3], true), (vec![0, 3], false), (vec![2, 4], false), (vec![2, 3, 1], false)]
        {
            let input = ArrayD::<f32>::zeros(shape.clone());
            assert_eq!(check_input(&ports, &input.view()).is_ok(), ok, "{shape:?}");
        }
        let error = check_input(&ports, &ArrayD::<f32>::zeros(vec![2, 4]).view()).unwrap_err();
        assert_eq!(error.to_string(), "input x takes [N, 3], not [2, 4]");
    }
}
