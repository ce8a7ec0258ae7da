//! Pixels in, calibrated probability out: an ONNX classifier and the contract that says how to feed and read it.
//!
//! A detector never decides: it gives a probability and the thresholds that were measured for it.

mod contract;
mod engine;
mod faces;
mod geometry;
mod hugging_face;
mod labels;
mod loading;
mod local;
mod network;
mod preprocess;
mod resample;
mod scores;
mod variants;

#[cfg(feature = "bundled-model")]
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use crate::analyzer::{Analyzer, BatchAnalyzer, ModelIdentity, Sample};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{
    Evidence, Face, Finding, HeatMap, Kind, OperatingPoint, Probability, Region, Score, Variant,
};
use crate::media::{Media, Pixels};
use engine::{Engine, Weights};
use local::Windows;
use preprocess::Crops;
use scores::Raw;

pub use contract::{Contract, ContractOptions, Recalibration};
pub use engine::{EngineChoice, EngineOptions, EngineStatus, Provider};
pub use faces::FaceDetector;
pub use network::{Element, Network, Port};

/// Pictures in one batch. From 1 to 8 none is faster than another on either engine (`benches/`, `classify`); small ones
/// spread better over the cores.
const BATCH: usize = 2;

/// Faces of one picture that a model looks at, the surest first.
const MOST_FACES: usize = 16;

/// A loaded model: its contract, its weights in an engine, ready for any number of threads.
pub struct Detector {
    id: String,
    contract: Contract,
    engine: Box<dyn Engine>,
    sha256: String,
    bytes: u64,
    /// Names and SHA-256 of the files, the network's first.
    files: Vec<(String, String)>,
    /// Views that the network takes at once, where it fixes that.
    batch: Option<usize>,
    /// How many variants of each picture are looked at too.
    variants: usize,
    /// Whether windows of a picture are looked at one by one, too.
    local: bool,
    /// Finds the faces, for a model that looks at those.
    faces: Option<Arc<FaceDetector>>,
}

/// What a detector keeps of one picture, or of one face in it.
struct Prepared {
    face: Option<Face>,
    picture: Crops,
    /// What was done to the picture, and what the network will see of that.
    variants: Vec<(&'static str, Crops)>,
    windows: Option<Windows>,
}

impl Prepared {
    fn crops(&self) -> impl Iterator<Item = &Crops> {
        std::iter::once(&self.picture).chain(self.variants.iter().map(|(_, crops)| crops))
    }
}

/// What a network gave for one picture.
struct Answer {
    raw: Raw,
    heat_map: Option<HeatMap>,
}

impl Detector {
    /// The model that travels inside, `ai-image`.
    ///
    /// # Errors
    /// [`EngineUnavailable`](ErrorKind::EngineUnavailable) where the engine that was asked for cannot run.
    #[cfg(feature = "bundled-model")]
    pub fn bundled(options: &EngineOptions) -> Result<Self> {
        let model = deepscreen_models::AI_IMAGE;
        let weights = Weights { network: Cow::Borrowed(model.weights), external: Vec::new() };
        Contract::from_toml(model.contract)
            .and_then(|contract| {
                let network = loading::check_network(Some(&contract.file), &weights.network)?;
                Self::load(contract, weights, &network, options)
            })
            .map_err(|error| error.about(model.id))
    }

    /// A model's folder: `model.toml` and the weights that it names, or a Hugging Face export.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel) for a contract or
    /// weights that cannot be used; [`ModelChecksum`](ErrorKind::ModelChecksum) before anything is loaded;
    /// [`ModelShape`](ErrorKind::ModelShape); [`EngineUnavailable`](ErrorKind::EngineUnavailable).
    pub fn open(folder: impl AsRef<Path>, options: &EngineOptions) -> Result<Self> {
        let folder = folder.as_ref();
        Self::with_contract(Contract::open(folder)?, folder, options)
    }

    /// The weights that `contract` names, in `folder`.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn with_contract(
        contract: Contract,
        folder: impl AsRef<Path>,
        options: &EngineOptions,
    ) -> Result<Self> {
        let path = folder.as_ref().join(&contract.file.path);
        loading::read_weights(&path, Some(&contract.file))
            .and_then(|(weights, network)| Self::load(contract, weights, &network, options))
            .map_err(|error| error.about(path.display()))
    }

    fn load(
        contract: Contract,
        weights: Weights,
        network: &Network,
        options: &EngineOptions,
    ) -> Result<Self> {
        let wiring = loading::wire(&contract, network)?;
        let batch = wiring.input.shape.first().copied().flatten();
        let files = loading::digests(&contract.file.path, &weights);
        let sha256 = match files.as_slice() {
            [(_, sha256)] => sha256.clone(),
            _ => loading::sha256(&weights),
        };
        let sizes = weights.external.iter().map(|(_, bytes)| bytes.len());
        let bytes = (weights.network.len() + sizes.sum::<usize>()) as u64;
        let engine = engine::load(weights, wiring, options)?;
        let id = format!("detector/{}@{}", contract.id, contract.version);
        let detector = Self {
            id,
            contract,
            engine,
            sha256,
            bytes,
            files,
            batch,
            variants: 0,
            local: false,
            faces: None,
        };
        detector.check_itself()?;
        Ok(detector)
    }

    /// This detector with a probe of its stability: it looks at `count` variants of each picture too, re-encoded,
    /// resized and cropped as pictures are when they are passed on (8 at most). A [policy](crate::Policy) sends a
    /// picture to review where a variant would be judged otherwise.
    #[must_use]
    pub fn with_variants(self, count: usize) -> Self {
        Self { variants: count.min(variants::MOST), ..self }
    }

    /// This detector with something that finds faces: what a model of faces needs, and no other looks at.
    #[must_use]
    pub fn with_faces(self, faces: Arc<FaceDetector>) -> Self {
        Self { faces: Some(faces).filter(|_| self.looks_at_faces()), ..self }
    }

    /// Whether the model looks at each face of a picture, not at the picture.
    pub fn looks_at_faces(&self) -> bool {
        self.contract.faces.is_some()
    }

    /// Which model this is, and what runs it.
    pub fn model(&self) -> ModelIdentity {
        ModelIdentity {
            id: self.contract.id.clone(),
            sha256: self.sha256.clone(),
            engine: self.engine.name().to_owned(),
        }
    }

    /// What the model is, takes and means.
    pub fn contract(&self) -> &Contract {
        &self.contract
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
        self.bytes
    }

    /// Where the detector may be cut, strictest first.
    pub fn operating_points(&self) -> Vec<OperatingPoint> {
        self.contract.operating_points()
    }

    /// The contract with what was loaded written into it: the SHA-256 of each file, and a self-test that holds this
    /// network to what it gives here and now.
    ///
    /// # Errors
    /// Those of [`self_test`](Self::self_test).
    pub fn pinned_contract(&self) -> Result<Contract> {
        let output = self.self_test()?;
        Ok(self.contract.clone().pinned(&self.files, output))
    }

    /// What the network gives for a picture that every machine makes alike: log-odds for logits, else a probability.
    /// A contract's `[self_test]` holds it.
    ///
    /// # Errors
    /// [`Inference`](ErrorKind::Inference), [`ModelShape`](ErrorKind::ModelShape) where the network cannot run.
    pub fn self_test(&self) -> Result<f64> {
        let crops = preprocess::crops(&self.contract, &test_picture()?)?;
        Ok(self.run(&[&crops])?.swap_remove(0)?.raw.value)
    }

    fn check_itself(&self) -> Result<()> {
        let Some(test) = &self.contract.self_test else { return Ok(()) };
        let output = self.self_test()?;
        if (output - test.output).abs() > test.tolerance {
            let message = format!(
                "self-test: {} gives {output:.4}, the contract says {:.4}: this engine computes something else",
                self.engine.name(),
                test.output
            );
            return Err(Error::new(ErrorKind::Inference, message));
        }
        Ok(())
    }

    /// Runs the views of some pictures: one answer for each picture.
    fn run(&self, pictures: &[&Crops]) -> Result<Vec<Result<Answer>>> {
        let mut answers = Vec::with_capacity(pictures.len());
        // Pictures of one size go through together.
        for alike in pictures.chunk_by(|a, b| (a.width, a.height) == (b.width, b.height)) {
            let views: Vec<&[u8]> = alike.iter().flat_map(|crops| crops.views()).collect();
            let (numbers, maps) = self.infer(&views, alike[0].width, alike[0].height)?;
            let (mut numbers, mut maps) = (numbers.as_slice(), maps.into_iter());
            for crops in alike {
                let (these, rest) = numbers.split_at(crops.len() * self.contract.output.width());
                numbers = rest;
                // A contract with a map has one view of each picture.
                let map = maps.next();
                answers.push(self.contract.output.read(these).and_then(|raw| {
                    let map = map.map(|map| self.heat_map(map, crops.area)).transpose()?;
                    Ok(Answer { raw, heat_map: map })
                }));
            }
        }
        Ok(answers)
    }

    /// What the network gives for each view, as many numbers as the contract says; and its maps, where it names one.
    fn infer(&self, views: &[&[u8]], width: u32, height: u32) -> Result<(Vec<f32>, Vec<ArrayD<f32>>)> {
        let wanted = self.contract.output.width();
        let (mut numbers, mut maps) = (Vec::with_capacity(views.len() * wanted), Vec::new());
        for views in views.chunks(self.batch.unwrap_or(views.len())) {
            let mut tensor = preprocess::tensor(&self.contract, views, width, height);
            if let Some(missing) = self.batch.map(|batch| batch - views.len()).filter(|missing| *missing > 0)
            {
                let mut shape = tensor.raw_dim();
                shape[0] = missing;
                tensor = ndarray::concatenate![Axis(0), tensor, ndarray::Array4::zeros(shape)];
            }
            let rows = tensor.shape()[0];
            let mut outputs = self.engine.run(tensor.view().into_dyn())?.into_iter();
            let output = outputs.next().unwrap_or_default();
            check_output(&output, rows, wanted)?;
            numbers.extend(output.iter().take(views.len() * wanted));
            if let Some(map) = outputs.next() {
                check_map(&map, rows)?;
                maps.extend(map.outer_iter().take(views.len()).map(|map| map.to_owned()));
            }
        }
        Ok((numbers, maps))
    }

    /// One view's map: `[rows, columns]`, or with axes of one around them.
    fn heat_map(&self, map: ArrayD<f32>, area: Region) -> Result<HeatMap> {
        let (shape, logits) = (map.shape().to_vec(), self.contract.output.map_gives_logits());
        let sides: Vec<u32> = shape.iter().filter(|side| **side > 1).map(|side| *side as u32).collect();
        let (rows, columns) = match *sides {
            [rows, columns] => (rows, columns),
            [side] if shape.last() == Some(&1) => (side, 1),
            [side] => (1, side),
            _ => (1, 1),
        };
        let cell = |value: &f32| {
            if logits { contract::sigmoid(f64::from(*value)) as f32 } else { value.clamp(0.0, 1.0) }
        };
        HeatMap::new(columns, rows, map.iter().map(cell).collect(), area).ok_or_else(|| {
            Error::new(ErrorKind::Inference, format!("a map of {shape:?}, or with what is no number"))
        })
    }

    /// Calibrated, where the contract calibrates.
    fn log_odds(&self, raw: &Raw) -> f64 {
        let log_odds = raw.log_odds();
        self.contract.calibration.as_ref().map_or(log_odds, |calibration| calibration.log_odds(log_odds))
    }

    fn probability(&self, raw: &Raw) -> Result<Probability> {
        let probability = match &self.contract.calibration {
            Some(_) => Probability::new(contract::sigmoid(self.log_odds(raw))),
            None => Probability::new(raw.probability()),
        };
        let none =
            || Error::new(ErrorKind::Inference, format!("the network gave {}, which is no score", raw.value));
        probability.ok_or_else(none)
    }

    /// Makes evidence of the answers for one picture and its variants.
    fn evidence(&self, prepared: &Prepared, answers: &[Result<Answer>]) -> Result<Evidence> {
        let mut probabilities = Vec::with_capacity(answers.len());
        for answer in answers {
            probabilities.push(self.probability(&answer.as_ref().map_err(Clone::clone)?.raw)?);
        }
        let ([Ok(answer), ..], [probability, variants @ ..]) = (answers, probabilities.as_slice()) else {
            return Err(Error::new(ErrorKind::Inference, "no answer"));
        };
        let mut score = Score::new(*probability, self.contract.kind(), &self.sha256)
            .with_operating_points(self.contract.operating_points());
        score.log_odds = Some(self.log_odds(&answer.raw));
        let classes = self.contract.output.classes.iter().zip(&answer.raw.classes);
        score.classes =
            classes.filter_map(|(name, p)| Some((name.clone(), Probability::new(p.min(1.0))?))).collect();
        let names = prepared.variants.iter().map(|(name, _)| (*name).to_owned());
        score.variants = names.zip(variants).map(|(name, p)| Variant { name, probability: *p }).collect();
        score.heat_map = match &prepared.windows {
            Some(windows) => Some(self.local_map(windows)?),
            None => answer.heat_map.clone(),
        };
        score.face = prepared.face;
        Ok(Evidence::new(&self.id, Finding::Score(score)))
    }

    /// A picture, or one face of it, and its variants.
    fn subject(&self, pixels: &Pixels, face: Option<Face>) -> Result<Prepared> {
        let picture = preprocess::crops(&self.contract, pixels)?;
        let mut variants = Vec::with_capacity(self.variants);
        for (name, variant) in variants::variants(pixels, self.variants) {
            match preprocess::crops(&self.contract, &variant?) {
                Ok(crops) => variants.push((name, crops)),
                // Half of a small picture may be too small.
                Err(error) if error.kind() == ErrorKind::NotApplicable => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Prepared { face, picture, variants, windows: self.windows(pixels)? })
    }

    /// The faces of a picture that are large enough, the surest first.
    fn subjects(&self, pixels: &Pixels) -> Result<Vec<Prepared>> {
        let Some(cut) = self.contract.faces else { return Ok(vec![self.subject(pixels, None)?]) };
        let not_applicable = |message: String| Error::new(ErrorKind::NotApplicable, message);
        let Some(detector) = &self.faces else {
            return Err(not_applicable(format!(
                "{} looks at faces, and nothing finds them",
                self.contract.id
            )));
        };
        let found = detector.find(pixels)?;
        let least = self.contract.gate.min_side;
        let large = |face: &&Face| face.width.min(face.height) >= least as f32;
        let faces: Vec<&Face> = found.iter().filter(large).take(MOST_FACES).collect();
        if faces.is_empty() {
            return Err(not_applicable(match found.len() {
                0 => format!("no face found by {}", detector.model().id),
                count => format!("{count} faces, none with sides of {least} pixels or more"),
            }));
        }
        let subject = |face: &&Face| {
            let cut = faces::cut(pixels, face, cut.scale, cut.shape)?;
            self.subject(&cut, Some(**face))
        };
        faces.iter().map(subject).collect()
    }
}

impl Analyzer for Detector {
    fn id(&self) -> &str {
        &self.id
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        let sample = self.prepare(media)?;
        self.analyze_batch(&[&sample]).swap_remove(0)
    }

    fn batched(&self) -> Option<&dyn BatchAnalyzer> {
        Some(self)
    }

    fn models(&self) -> Vec<ModelIdentity> {
        let faces = self.faces.iter().map(|faces| faces.model());
        std::iter::once(self.model()).chain(faces).collect()
    }

    fn options(&self) -> String {
        format!("variants = {}\nlocal = {}\n{}", self.variants, self.local, self.contract.to_toml())
    }
}

impl BatchAnalyzer for Detector {
    fn prepare(&self, media: &Media) -> Result<Sample> {
        Ok(Sample::new(self.subjects(media.pixels()?)?))
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    fn analyze_batch(&self, samples: &[&Sample]) -> Vec<Result<Vec<Evidence>>> {
        let pictures: Option<Vec<&Vec<Prepared>>> = samples.iter().map(|sample| sample.get()).collect();
        let Some(pictures) = pictures else {
            let foreign = Error::new(ErrorKind::Inference, "a sample of another analyzer");
            return samples.iter().map(|_| Err(foreign.clone())).collect();
        };
        let crops: Vec<&Crops> =
            pictures.iter().flat_map(|picture| picture.iter().flat_map(Prepared::crops)).collect();
        match self.run(&crops) {
            Ok(answers) => {
                let mut rest = answers.as_slice();
                let mut evidence = |prepared: &Prepared| {
                    let (these, others) = rest.split_at(1 + prepared.variants.len());
                    rest = others;
                    self.evidence(prepared, these)
                };
                pictures.iter().map(|picture| picture.iter().map(&mut evidence).collect()).collect()
            }
            Err(error) => samples.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

/// The picture of a self-test, which `SelfTest` describes.
fn test_picture() -> Result<Pixels> {
    let (width, height) = (320, 240);
    let byte = |x: u32, y: u32, c: u32| (7 * x + 13 * y + 29 * c + x * y / 64) as u8;
    let row = |y| (0..width).flat_map(move |x| (0..3).map(move |c| byte(x, y, c)));
    Pixels::from_rgb8(width, height, (0..height).flat_map(row).collect())
        .ok_or_else(|| Error::new(ErrorKind::Inference, "no test picture"))
}

fn check_output(output: &ArrayD<f32>, views: usize, wanted: usize) -> Result<()> {
    if output.shape().first() != Some(&views) || output.len() != views * wanted {
        let what = if wanted == 1 { "one number".to_owned() } else { format!("{wanted} numbers") };
        let message =
            format!("output of {what} for each of {views} views expected, found {:?}", output.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    Ok(())
}

fn check_map(map: &ArrayD<f32>, views: usize) -> Result<()> {
    let cells: usize = map.shape().iter().skip(1).product();
    let sides = map.shape().iter().skip(1).filter(|side| **side > 1).count();
    if map.shape().first() != Some(&views) || sides > 2 || !(1..=1 << 22).contains(&cells) {
        let message =
            format!("a map of rows and columns for each of {views} views expected, found {:?}", map.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    Ok(())
}
