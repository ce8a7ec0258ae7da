//! ONNX Runtime, loaded at run time from where it is found: two to four times as fast as the embedded engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use half::f16;
use ndarray::{ArrayD, ArrayViewD};
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, TensorElementType, TensorRef};

use super::pool::Pool;
use super::{Engine, Provider, Weights, Wiring, check_input, to_bytes};
use crate::detector::network::Element;
use crate::error::{Error, ErrorKind, Result};

/// The oldest ONNX Runtime that offers the interface which this build asks for.
pub(in crate::detector) const OLDEST: &str = "1.24";

/// The one ONNX Runtime of this process.
#[derive(Clone)]
pub(in crate::detector) struct Runtime {
    environment: Environment,
    pub(in crate::detector) path: PathBuf,
    /// `onnxruntime 1.26.0`
    pub(in crate::detector) name: String,
}

/// A process can load one ONNX Runtime only, so the first that fits stays.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Loads the library at `path`, or the first that fits of those that are found.
///
/// # Errors
/// [`EngineUnavailable`](ErrorKind::EngineUnavailable), with every place that was tried and what was wrong there.
pub(in crate::detector) fn runtime(path: Option<&Path>) -> Result<Runtime> {
    let mut loaded = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*loaded {
        return match path {
            Some(path) if !same_file(path, &runtime.path) => {
                let message =
                    format!("this process runs {} already, and can load one only", runtime.path.display());
                Err(unavailable(message).about(path.display()))
            }
            _ => Ok(runtime.clone()),
        };
    }
    if let Some(path) = path {
        let runtime = open(path).map_err(|error| error.about(path.display()))?;
        return Ok(loaded.insert(runtime).clone());
    }
    let mut problems = Vec::new();
    for candidate in candidates() {
        match open(&candidate) {
            Ok(runtime) => return Ok(loaded.insert(runtime).clone()),
            Err(error) => problems.push(format!("{}: {error}", candidate.display())),
        }
    }
    Err(unavailable(if problems.is_empty() {
        "no ONNX Runtime was found".to_owned()
    } else {
        format!("no ONNX Runtime that fits: {}", problems.join("; "))
    }))
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::EngineUnavailable, message)
}

fn open(path: &Path) -> Result<Runtime> {
    // ort resolves a relative path against the program's folder, a user means the current one.
    let path = std::path::absolute(path).map_err(|error| unavailable("no path").because(error))?;
    check_is_library(&path)?;
    let built = catch_unwind(AssertUnwindSafe(|| {
        let builder = ort::init_from(&path).map_err(|error| match error {
            ort::LoadDynamicError::BadVersion { version_str, .. } => unavailable(format!(
                "ONNX Runtime {version_str} is too old: {OLDEST} or newer is needed (pip install -U onnxruntime)"
            )),
            ort::LoadDynamicError::MissingApi { .. } => unavailable("a library, but not ONNX Runtime"),
            other => unavailable("cannot be loaded").because(other.to_string()),
        })?;
        builder
            .with_telemetry(false)
            .with_name("deepscreen")
            .build()
            .map_err(|error| unavailable("cannot be started").because(error.to_string()))
    }));
    let environment =
        built.unwrap_or_else(|_| Err(unavailable("a library, but its interface does not answer")))?;
    let name = format!("onnxruntime {}", version(&path));
    Ok(Runtime { environment, path, name })
}

/// The dynamic loader runs a library's code: look at the file before.
fn check_is_library(path: &Path) -> Result<()> {
    use std::io::Read;
    let unreadable = |error| unavailable("cannot be read").because(error);
    if path.is_dir() {
        return Err(unavailable("a folder: the library file itself is expected"));
    }
    let mut magic = [0; 4];
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let is_library = file.read_exact(&mut magic).is_ok()
        && (magic == *b"\x7fELF"
            || magic[..2] == *b"MZ"
            || [0xfeed_face, 0xfeed_facf, 0xcafe_babe]
                .iter()
                .any(|m: &u32| magic == m.to_be_bytes() || magic == m.to_le_bytes()));
    if !is_library {
        return Err(unavailable("not a library"));
    }
    Ok(())
}

/// From the build's own description (`git-branch=rel-1.26.0`), otherwise from the file's name
/// (`libonnxruntime.so.1.26.0`).
fn version(path: &Path) -> String {
    let of = |text: &str, before: &str| -> Option<String> {
        let start = text.find(before)? + before.len();
        let digits: String = text[start..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        digits.contains('.').then_some(digits)
    };
    let name = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    of(ort::info(), "rel-")
        .or_else(|| of(&name, ".so."))
        .or_else(|| of(&name, "runtime."))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Where an ONNX Runtime may lie, in the order of trust: named by the user, beside the program, in the active
/// Python environment, in the system's library path.
pub(in crate::detector) fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    found.extend(variable("ORT_DYLIB_PATH"));
    let program = std::env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        found.extend(libraries_in(folder));
    }
    for prefix in python_prefixes() {
        found.extend(packages_of(&prefix));
    }
    if cfg!(unix) {
        let listed = variable("LD_LIBRARY_PATH").unwrap_or_default();
        let system = [
            "/usr/local/lib",
            "/usr/lib",
            "/usr/lib64",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/opt/homebrew/lib",
        ];
        for folder in std::env::split_paths(&listed).chain(system.iter().map(PathBuf::from)) {
            found.extend(libraries_in(&folder));
        }
    }
    let mut seen = std::collections::HashSet::new();
    // `lib64` of an environment is often a link to `lib`.
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    found
}

fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let named = |name: &str| {
        name == "onnxruntime.dll"
            || (name.starts_with("libonnxruntime.") && (name.contains(".so") || name.ends_with(".dylib")))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| named(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// The roots of the Python environments that this shell would use, the active one first. Nothing is run.
fn python_prefixes() -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> =
        ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(std::env::var_os).map(PathBuf::from).collect();
    let home = std::env::home_dir();
    let pyenv =
        std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".pyenv")));
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        // A shim of pyenv stands for the version that its root names.
        if let Some(pyenv) = pyenv.as_ref().filter(|root| folder == root.join("shims")) {
            let chosen = std::env::var("PYENV_VERSION").ok();
            let chosen = chosen.or_else(|| std::fs::read_to_string(pyenv.join("version")).ok());
            prefixes.extend(
                chosen.iter().flat_map(|v| v.split_whitespace()).map(|v| pyenv.join("versions").join(v)),
            );
        } else if let Ok(python) = folder.join("python3").canonicalize() {
            prefixes.extend(python.parent().and_then(Path::parent).map(Path::to_owned));
        }
    }
    prefixes.extend(home.map(|home| home.join(".local")));
    prefixes
}

fn packages_of(prefix: &Path) -> Vec<PathBuf> {
    let mut sites = vec![prefix.join("Lib/site-packages")];
    for lib in ["lib", "lib64"] {
        for entry in std::fs::read_dir(prefix.join(lib)).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("python3") {
                sites.push(entry.path().join("site-packages"));
                sites.push(entry.path().join("dist-packages"));
            }
        }
    }
    sites.sort();
    sites.iter().flat_map(|site| libraries_in(&site.join("onnxruntime/capi"))).collect()
}

/// A network in ONNX Runtime: a session a thread, since a session runs one batch at a time.
pub(super) struct OnnxRuntime {
    runtime: Runtime,
    /// With what it computes on, and what of that is missing: `onnxruntime 1.26.0 (cuda)`.
    name: String,
    provider: Provider,
    network: Vec<u8>,
    external: Vec<(String, Arc<[u8]>)>,
    wiring: Wiring,
    sessions: Pool<Session>,
}

impl OnnxRuntime {
    pub(super) fn load(
        runtime: Runtime,
        weights: Weights,
        wiring: Wiring,
        provider: Provider,
        threads: usize,
    ) -> Result<Self> {
        let external: Vec<(String, Arc<[u8]>)> =
            weights.external.into_iter().map(|(name, bytes)| (name, bytes.into())).collect();
        let network = weights.network.into_owned();
        let session = |provider| session(&runtime, &network, &external, provider);
        let (session, provider, name) = match provider {
            Provider::Cpu => (session(provider)?, provider, runtime.name.clone()),
            _ => match session(provider) {
                Ok(session) => (session, provider, format!("{} ({})", runtime.name, provider.name())),
                Err(_) => {
                    let name = format!("{} (cpu: it has no {})", runtime.name, provider.name());
                    (session(Provider::Cpu)?, Provider::Cpu, name)
                }
            },
        };
        // One session fills a graphics card; a processor wants one a core.
        let threads = if provider == Provider::Cpu { threads } else { 1 };
        Ok(Self { name, provider, sessions: Pool::new(threads, session), network, external, wiring, runtime })
    }
}

fn session(
    runtime: &Runtime,
    network: &[u8],
    external: &[(String, Arc<[u8]>)],
    provider: Provider,
) -> Result<Session> {
    let invalid = |error: String| {
        Error::new(ErrorKind::InvalidModel, "ONNX Runtime cannot load the network").because(error)
    };
    let provider = match provider {
        Provider::Cpu => None,
        Provider::Cuda => Some(ort::ep::CUDA::default().build()),
        Provider::CoreMl => Some(ort::ep::CoreML::default().build()),
        Provider::DirectMl => Some(ort::ep::DirectML::default().build()),
    };
    let providers: Vec<_> = provider.into_iter().map(|provider| provider.error_on_failure()).collect();
    let mut builder = Session::builder(&runtime.environment)
        .and_then(|builder| Ok(builder.with_intra_threads(1)?.with_inter_threads(1)?))
        .and_then(|builder| Ok(builder.with_optimization_level(GraphOptimizationLevel::Level3)?))
        .and_then(|builder| Ok(builder.with_execution_providers(providers)?))
        .map_err(|error| invalid(error.to_string()))?;
    for (name, bytes) in external {
        builder = builder
            .with_external_initializer_file_in_memory(name, bytes.clone())
            .map_err(|error| invalid(error.to_string()))?;
    }
    builder.commit_from_memory(network).map_err(|error| invalid(error.to_string()))
}

impl Engine for OnnxRuntime {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, input: ArrayViewD<'_, f32>) -> Result<Vec<ArrayD<f32>>> {
        check_input(&self.wiring.input, &input)?;
        let failed =
            |error: ort::Error| Error::new(ErrorKind::Inference, "ONNX Runtime").because(error.to_string());
        let input = input.as_standard_layout();
        let samples =
            input.as_slice().ok_or_else(|| Error::new(ErrorKind::Inference, "input is not contiguous"))?;
        let shape = input.shape();
        let (halves, bytes);
        let tensor: SessionInputValue<'_> = match self.wiring.input.element {
            Element::F16 => {
                halves = samples.iter().map(|sample| f16::from_f32(*sample)).collect::<Vec<_>>();
                TensorRef::from_array_view((shape, halves.as_slice())).map_err(failed)?.into()
            }
            Element::U8 => {
                bytes = to_bytes(samples);
                TensorRef::from_array_view((shape, bytes.as_slice())).map_err(failed)?.into()
            }
            _ => TensorRef::from_array_view((shape, samples)).map_err(failed)?.into(),
        };
        let work = |session: &mut Session| {
            let outputs = session.run(vec![(self.wiring.input.name.as_str(), tensor)]).map_err(failed)?;
            let output = |name: &String| {
                let value = outputs
                    .get(name)
                    .ok_or_else(|| Error::new(ErrorKind::ModelShape, format!("no output {name}")))?;
                to_array(value).map_err(failed)
            };
            self.wiring.outputs.iter().map(output).collect()
        };
        let make = || session(&self.runtime, &self.network, &self.external, self.provider);
        self.sessions.with(make, work)?
    }
}

/// Numbers of any type as 32-bit floats.
fn to_array(value: &DynValue) -> ort::Result<ArrayD<f32>> {
    Ok(match value.dtype().tensor_type() {
        Some(TensorElementType::Float16) => value.try_extract_array::<f16>()?.mapv(f16::to_f32),
        Some(TensorElementType::Float64) => value.try_extract_array::<f64>()?.mapv(|value| value as f32),
        Some(TensorElementType::Int64) => value.try_extract_array::<i64>()?.mapv(|value| value as f32),
        Some(TensorElementType::Int32) => value.try_extract_array::<i32>()?.mapv(|value| value as f32),
        Some(TensorElementType::Uint8) => value.try_extract_array::<u8>()?.mapv(f32::from),
        _ => value.try_extract_array::<f32>()?.to_owned(),
    })
}
