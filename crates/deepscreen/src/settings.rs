//! Plain values in, a screener out: what a configuration file or a binding to another language gives.
//!
//! This is the one place that puts detectors, hashes and a policy together; everything here can be had piece by piece
//! from the types that it uses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::analyzer::Analyzer;
use crate::detector::{Detector, EngineOptions, FaceDetector};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::HashAnalyzer;
use crate::media::Limits;
use crate::policy::Policy;
use crate::provenance::{MetadataAnalyzer, WatermarkAnalyzer};
use crate::screener::Screener;

/// The model that travels inside.
const BUNDLED: &str = "ai-image";

/// What a screener is made of, as plain values; every one has a default.
///
/// ```
/// use deepscreen::Settings;
///
/// let settings = Settings::from_json(r#"{"models": [], "threads": 2, "limits": {"max_bytes": 20000000}}"#)?;
/// let screener = settings.screener()?;
/// assert_eq!((screener.threads(), screener.limits().max_bytes), (2, 20_000_000));
///
/// let error = Settings::from_json(r#"{"model": "ai-image"}"#).unwrap_err();
/// assert!(error.to_string().contains("unknown field `model`"));
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Models: `ai-image`, which travels inside, or folders of a model (a contract `model.toml`, or a Hugging Face
    /// export). Default: `ai-image` where it is inside, otherwise none.
    pub models: Vec<PathBuf>,
    /// A network that finds faces, for models that look at faces.
    pub faces: Option<PathBuf>,
    /// How many variants of each picture to look at too, at most 8; see [`Detector::with_variants`]. Default: 0.
    pub stability: u8,
    /// A policy, as TOML; see [`Policy::from_toml`]. Default: the default policy.
    pub policy: Option<String>,
    /// The share of photographs that may be flagged by mistake, above 0 and at most 1, in place of the policy's.
    pub max_fpr: Option<f64>,
    /// Whether to look for what its makers left in a picture: metadata, Content Credentials, watermarks. Default: true.
    pub provenance: bool,
    /// Certificates of authorities whose Content Credentials are trusted, as PEM; see
    /// [`C2paAnalyzer::with_trust_anchors`](crate::C2paAnalyzer::with_trust_anchors). Default: none.
    pub trust_anchors: Option<String>,
    /// Banks of known pictures: files, whose names must differ. Default: none.
    pub banks: Vec<PathBuf>,
    /// Whether banks find pictures that were turned or mirrored, too. Default: false.
    pub bank_transforms: bool,
    /// How many threads work on many pictures; 0, the default, means one a core.
    pub threads: usize,
    /// What runs the models: `auto` (the default), `onnxruntime` or `rten`.
    pub engine: String,
    /// The ONNX Runtime library to load, instead of looking for one.
    pub onnxruntime: Option<PathBuf>,
    /// What ONNX Runtime computes on: `cpu` (the default), `cuda`, `coreml` or `directml`.
    pub provider: String,
    /// What one input may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        let models = if cfg!(feature = "bundled-model") { vec![BUNDLED.into()] } else { Vec::new() };
        Self {
            models,
            faces: None,
            stability: 0,
            policy: None,
            max_fpr: None,
            provenance: true,
            trust_anchors: None,
            banks: Vec::new(),
            bank_transforms: false,
            threads: 0,
            engine: "auto".to_owned(),
            onnxruntime: None,
            provider: "cpu".to_owned(),
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// Reads a JSON object whose fields are those of this type.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), which names the field.
    pub fn from_json(json: &str) -> Result<Self> {
        // An object: what is derived would take a list of the values too.
        serde_json::from_str::<serde_json::Map<_, _>>(json)
            .and_then(|fields| serde_json::from_value(fields.into()))
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, error.to_string()).about("settings"))
    }

    /// Loads the models and builds the screener: metadata, the detectors in the given
    /// order, Content Credentials, watermarks, banks, hashes.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), also for a rate of false alarms that was never measured for a
    /// model; those of [`BankAnalyzer::open`](crate::BankAnalyzer::open), of [`Detector::open`] and of [`Policy::from_toml`].
    pub fn screener(&self) -> Result<Screener> {
        let policy = self.policy()?;
        let builder = Screener::builder().threads(self.threads).limits(self.limits.clone());
        let mut builder = if self.provenance { builder.analyzer(MetadataAnalyzer) } else { builder };
        for detector in self.detectors()? {
            check_rate(&detector, &policy)?;
            builder = builder.analyzer(detector);
        }
        if self.provenance {
            #[cfg(feature = "c2pa")]
            {
                builder = builder.analyzer(self.c2pa()?);
            }
            builder = builder.analyzer(WatermarkAnalyzer);
        }
        for bank in self.banks()? {
            builder = builder.analyzer(bank);
        }
        builder.analyzer(HashAnalyzer).policy(policy).build()
    }

    /// Loads the models alone, in the given order, each with what finds faces where it needs that.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), and those of [`Detector::open`].
    pub fn detectors(&self) -> Result<Vec<Detector>> {
        let engine = self.engine()?;
        let faces = match &self.faces {
            Some(path) => Some(Arc::new(FaceDetector::open(path, &engine)?)),
            None => None,
        };
        let load = |model: &PathBuf| {
            let detector = open(model, &engine)?.with_variants(self.stability.into());
            match &faces {
                Some(faces) => Ok(detector.with_faces(faces.clone())),
                None if detector.looks_at_faces() => {
                    let message = "looks at faces: a network that finds them is needed (faces)";
                    Err(Error::new(ErrorKind::InvalidConfig, message).about(detector.id()))
                }
                None => Ok(detector),
            }
        };
        self.models.iter().map(load).collect()
    }

    #[cfg(feature = "bank")]
    fn banks(&self) -> Result<Vec<crate::BankAnalyzer>> {
        let open = |path| Ok(crate::BankAnalyzer::open(path)?.with_transforms(self.bank_transforms));
        self.banks.iter().map(open).collect()
    }

    #[cfg(not(feature = "bank"))]
    fn banks(&self) -> Result<Vec<HashAnalyzer>> {
        match self.banks.first() {
            Some(path) => {
                let message = "built without banks: the feature `bank` is missing";
                Err(Error::new(ErrorKind::InvalidConfig, message).about(path.display()))
            }
            None => Ok(Vec::new()),
        }
    }

    #[cfg(feature = "c2pa")]
    fn c2pa(&self) -> Result<crate::C2paAnalyzer> {
        let analyzer = crate::C2paAnalyzer::new();
        match &self.trust_anchors {
            Some(pem) => analyzer.with_trust_anchors(pem).map_err(|error| error.about("trust_anchors")),
            None => Ok(analyzer),
        }
    }

    fn policy(&self) -> Result<Policy> {
        let policy = match &self.policy {
            Some(toml) => Policy::from_toml(toml).map_err(|error| error.about("policy"))?,
            None => Policy::default(),
        };
        match self.max_fpr {
            Some(max_fpr) => policy.with_max_fpr(max_fpr).map_err(|error| error.about("max_fpr")),
            None => Ok(policy),
        }
    }

    fn engine(&self) -> Result<EngineOptions> {
        Ok(EngineOptions {
            choice: self.engine.parse()?,
            onnxruntime: self.onnxruntime.clone(),
            threads: self.threads,
            provider: self.provider.parse()?,
        })
    }
}

fn open(model: &Path, engine: &EngineOptions) -> Result<Detector> {
    if model == Path::new(BUNDLED) {
        #[cfg(feature = "bundled-model")]
        return Detector::bundled(engine);
        #[cfg(not(feature = "bundled-model"))]
        return Err(Error::new(ErrorKind::InvalidConfig, "built without the model that travels inside")
            .about(BUNDLED));
    }
    Detector::open(model, engine)
}

/// A rate that was never measured cannot be promised: say so before anything is screened.
fn check_rate(detector: &Detector, policy: &Policy) -> Result<()> {
    let points = detector.operating_points();
    let Some(rule) = policy.rule(detector.id()) else { return Ok(()) };
    if rule.is_measured(&points) {
        return Ok(());
    }
    let strictest = points.first().map_or(1.0, |point| point.max_fpr);
    let message = format!(
        "never measured at a false-alarm rate of {}: {strictest} is the lowest that was",
        rule.max_fpr
    );
    Err(Error::new(ErrorKind::InvalidConfig, message).about(detector.id()))
}
