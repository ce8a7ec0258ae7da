//! Pixels in, calibrated probability out: an ONNX classifier and the contract that says how to feed and read it.
//!
//! A detector never decides: it gives a probability and the thresholds that were measured for it.

mod contract;
mod engine;
mod preprocess;

use std::borrow::Cow;
use std::path::Path;

use ndarray::ArrayD;
use sha2::{Digest, Sha256};

use crate::analyzer::{Analyzer, BatchAnalyzer, ModelIdentity, Sample};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Finding, Kind, OperatingPoint, Score};
use crate::media::Media;
use contract::{Contract, OutputKind, Pool};
use engine::{Engine, Port};
use preprocess::Crops;

pub use engine::{EngineChoice, EngineOptions, EngineStatus};

/// Pictures in one batch. From 1 to 8 none is faster than another on either engine (`benches/`, `classify`); small ones
/// spread better over the cores.
const BATCH: usize = 4;

/// A loaded model: its contract, its weights in an engine, ready for any number of threads.
pub struct Detector {
    id: String,
    contract: Contract,
    engine: Box<dyn Engine>,
    output: usize,
}

impl Detector {
    /// The model that travels inside, `ai-image`.
    ///
    /// # Errors
    /// [`EngineUnavailable`](ErrorKind::EngineUnavailable) where the engine that was asked for cannot run.
    #[cfg(feature = "bundled-model")]
    pub fn bundled(options: &EngineOptions) -> Result<Self> {
        let model = deepscreen_models::AI_IMAGE;
        Self::load(model.contract, Cow::Borrowed(model.weights), options)
            .map_err(|error| error.about(model.id))
    }

    /// A model's folder: `model.toml` and the weights that it names.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel) for a contract or
    /// weights that cannot be used; [`ModelChecksum`](ErrorKind::ModelChecksum) before anything is loaded;
    /// [`ModelShape`](ErrorKind::ModelShape); [`EngineUnavailable`](ErrorKind::EngineUnavailable).
    pub fn open(folder: impl AsRef<Path>, options: &EngineOptions) -> Result<Self> {
        let folder = folder.as_ref();
        if folder.is_file() {
            let message = "a file: a model is a folder with model.toml and the weights that it names";
            return Err(Error::new(ErrorKind::InvalidModel, message).about(folder.display()));
        }
        let unreadable =
            |error: std::io::Error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error);
        let path = folder.join("model.toml");
        let contract = std::fs::read_to_string(&path).map_err(|e| unreadable(e).about(path.display()))?;
        let file = Contract::from_toml(&contract).map_err(|error| error.about(path.display()))?.file.path;
        let path = folder.join(file);
        let weights = std::fs::read(&path).map_err(|error| unreadable(error).about(path.display()))?;
        Self::load(&contract, Cow::Owned(weights), options).map_err(|error| error.about(path.display()))
    }

    fn load(contract: &str, weights: Cow<'static, [u8]>, options: &EngineOptions) -> Result<Self> {
        let contract = Contract::from_toml(contract)?;
        check_weights(&contract, &weights)?;
        let engine = engine::load(weights, options)?;
        let output = check_ports(&contract, engine.inputs(), engine.outputs())?;
        Ok(Self { id: format!("detector/{}@{}", contract.id, contract.version), contract, engine, output })
    }

    /// Name and version of the model's contract, as a person reads it.
    pub fn name(&self) -> &str {
        &self.contract.name
    }

    /// The licence of the weights.
    pub fn licence(&self) -> &str {
        &self.contract.licence
    }

    /// What a high probability means.
    pub fn kind(&self) -> Kind {
        self.contract.kind()
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> u64 {
        self.contract.file.bytes
    }

    /// Where the detector may be cut, strictest first.
    pub fn operating_points(&self) -> Vec<OperatingPoint> {
        self.contract.operating_points()
    }

    /// Runs a batch and reads one finding for each picture from it.
    fn run(&self, pictures: &[&Crops]) -> Result<Vec<Result<Vec<Evidence>>>> {
        let input = preprocess::tensor(&self.contract, pictures.iter().copied());
        let views = input.shape()[0];
        let mut outputs = self.engine.run(input.view().into_dyn())?;
        let output = outputs.swap_remove(self.output);
        let outputs = one_number_a_view(&output, views)?;
        let mut rest = outputs.as_slice();
        let mut next = |crops: &&Crops| {
            let (these, others) = rest.split_at(crops.len());
            rest = others;
            self.evidence(these)
        };
        Ok(pictures.iter().map(&mut next).collect())
    }

    fn evidence(&self, views: &[f64]) -> Result<Vec<Evidence>> {
        let (OutputKind::Logit, Pool::Mean) = (self.contract.output.kind, self.contract.output.pool);
        let pooled = views.iter().sum::<f64>() / views.len() as f64;
        let probability = self.contract.calibration.probability(pooled).ok_or_else(|| {
            Error::new(ErrorKind::Inference, format!("the network gave {pooled}, which is no score"))
        })?;
        let score = Score {
            probability,
            kind: self.contract.kind(),
            model_sha256: self.contract.file.sha256.clone(),
            operating_points: self.contract.operating_points(),
        };
        Ok(vec![Evidence::new(&self.id, Finding::Score(score))])
    }
}

impl Analyzer for Detector {
    fn id(&self) -> &str {
        &self.id
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let crops = preprocess::crops(&self.contract, media.pixels()?)?;
        self.run(&[&crops])?.swap_remove(0)
    }

    fn batched(&self) -> Option<&dyn BatchAnalyzer> {
        Some(self)
    }

    fn model(&self) -> Option<ModelIdentity> {
        Some(ModelIdentity {
            id: self.contract.id.clone(),
            sha256: self.contract.file.sha256.clone(),
            engine: self.engine.name().to_owned(),
        })
    }
}

impl BatchAnalyzer for Detector {
    fn prepare(&self, media: &Media) -> Result<Sample> {
        Ok(Sample::new(preprocess::crops(&self.contract, media.pixels()?)?))
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    fn analyze_batch(&self, samples: &[&Sample]) -> Vec<Result<Vec<Evidence>>> {
        let crops: Option<Vec<&Crops>> = samples.iter().map(|sample| sample.get()).collect();
        let foreign = || Error::new(ErrorKind::Inference, "a sample of another analyzer");
        match crops.ok_or_else(foreign).and_then(|crops| self.run(&crops)) {
            Ok(findings) => findings,
            Err(error) => samples.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

fn check_weights(contract: &Contract, weights: &[u8]) -> Result<()> {
    if weights.starts_with(b"version https://git-lfs") {
        let message = "a Git LFS pointer, not the weights themselves: fetch them with `git lfs pull`";
        return Err(Error::new(ErrorKind::InvalidModel, message));
    }
    let sha256 = crate::hex(&Sha256::digest(weights));
    if !sha256.eq_ignore_ascii_case(&contract.file.sha256) {
        let message =
            format!("SHA-256 is {sha256}, the contract names {}: not the same weights", contract.file.sha256);
        return Err(Error::new(ErrorKind::ModelChecksum, message));
    }
    Ok(())
}

/// The network must have the ports that the contract names; gives the output's index.
fn check_ports(contract: &Contract, inputs: &[Port], outputs: &[Port]) -> Result<usize> {
    let wrong = |message: String| Error::new(ErrorKind::ModelShape, message);
    let names = |ports: &[Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
    let (height, width) = (contract.input.height as usize, contract.input.width as usize);
    let [input] = inputs else {
        return Err(wrong(format!("one input expected, found {}", names(inputs))));
    };
    if input.name != contract.input.name {
        return Err(wrong(format!("input {} expected, found {}", contract.input.name, input.name)));
    }
    let expected = [None, Some(3), Some(height), Some(width)];
    let fits =
        |(want, got): (&Option<usize>, &Option<usize>)| got.is_none() || (want.is_some() && want == got);
    if input.shape.len() != expected.len() || !expected.iter().zip(&input.shape).all(fits) {
        let (want, got) = (engine::shape_text(&expected), engine::shape_text(&input.shape));
        return Err(wrong(format!("input of {want} expected, found {got}")));
    }
    let named = outputs.iter().position(|port| port.name == contract.output.name);
    named.ok_or_else(|| wrong(format!("output {} expected, found {}", contract.output.name, names(outputs))))
}

fn one_number_a_view(output: &ArrayD<f32>, views: usize) -> Result<Vec<f64>> {
    if output.len() != views {
        let message = format!("one number for each of {views} views expected, found {:?}", output.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    Ok(output.iter().map(|value| f64::from(*value)).collect())
}
