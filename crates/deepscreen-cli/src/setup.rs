//! Arguments in, detectors and a screener out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deepscreen::{
    Analyzer, Contract, Detector, EngineOptions, FaceDetector, HashAnalyzer, OperatingPoint, Policy, Screener,
};

use crate::args::{EngineArguments, JudgingArguments};
use crate::bare::ModelArguments;
use crate::text::Text;
use crate::{Failed, store, trial};

/// The screener that the arguments describe, and nothing else than them.
pub(crate) fn screener(
    judging: &JudgingArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Screener, Failed> {
    let policy = policy(judging)?;
    let faces = match &judging.faces {
        Some(path) => {
            if !judging.trust_models {
                trial::try_faces(path, engine, text)?;
            }
            Some(Arc::new(FaceDetector::open(path, &engine.options())?))
        }
        None => None,
    };
    let mut builder = Screener::builder().threads(engine.threads());
    for model in &judging.models {
        let detector = match stranger(model, &judging.model, text)? {
            None => Detector::bundled(&engine.options())?,
            Some((contract, folder)) => {
                if !judging.trust_models {
                    trial::try_model(&contract, &folder, engine, text)?;
                }
                Detector::with_contract(contract, folder, &engine.options())?
            }
        };
        let mut detector = detector.with_variants(judging.stability.into());
        match &faces {
            Some(faces) => detector = detector.with_faces(faces.clone()),
            None if detector.looks_at_faces() => {
                return Err(Failed::Message(text.needs_a_face_detector(detector.id())));
            }
            None => {}
        }
        check_operating_points(&detector, &policy, text)?;
        builder = builder.analyzer(detector);
    }
    Ok(builder.analyzer(HashAnalyzer).policy(policy).build()?)
}

/// The contract and the folder of a model that does not travel inside; `None` for the one that does. A name means a
/// model that is inside or was added, wherever the program is started; `./name` means the folder.
pub(crate) fn stranger(
    model: &Path,
    arguments: &ModelArguments,
    text: Text,
) -> Result<Option<(Contract, PathBuf)>, Failed> {
    if model == Path::new("ai-image") {
        return Ok(None);
    }
    if let Some(folder) = store::added(model) {
        return Ok(Some((arguments.open(&folder)?, folder)));
    }
    if model.is_file() {
        let folder = model.parent().unwrap_or_else(|| Path::new("")).to_owned();
        return Ok(Some((arguments.contract(model, text)?, folder)));
    }
    match model.to_str().filter(|name| store::is_id(name)) {
        Some(id) if !model.exists() => Err(Failed::NoSuchModel(id.to_owned())),
        _ => Ok(Some((arguments.open(model)?, model.to_owned()))),
    }
}

/// A model by its name, from its folder or its file.
pub(crate) fn detector(
    model: &Path,
    arguments: &ModelArguments,
    options: &EngineOptions,
    text: Text,
) -> Result<Detector, Failed> {
    Ok(match stranger(model, arguments, text)? {
        None => Detector::bundled(options)?,
        Some((contract, folder)) => Detector::with_contract(contract, folder, options)?,
    })
}

fn policy(judging: &JudgingArguments) -> Result<Policy, Failed> {
    let mut policy = match &judging.policy {
        Some(path) => {
            let unreadable = |error| {
                deepscreen::Error::new(deepscreen::ErrorKind::Unreadable, "cannot be read").because(error)
            };
            std::fs::read_to_string(path)
                .map_err(unreadable)
                .and_then(|toml| Policy::from_toml(&toml))
                .map_err(|error| error.about(path.display()))?
        }
        None => Policy::default(),
    };
    if let Some(max_fpr) = judging.max_fpr {
        policy = policy.with_max_fpr(max_fpr).map_err(|error| error.about("--max-fpr"))?;
    }
    Ok(policy)
}

/// A rate that was never measured cannot be promised: say so before anything is scanned.
fn check_operating_points(detector: &Detector, policy: &Policy, text: Text) -> Result<(), Failed> {
    let points = detector.operating_points();
    let Some(rule) = policy.rule(detector.id()) else { return Ok(()) };
    // A detector that nobody measured is a case of its own: it asks for review.
    if points.is_empty() || rule.threshold.is_some() {
        return Ok(());
    }
    if OperatingPoint::within(&points, rule.max_fpr).is_none() {
        return Err(Failed::Message(text.rate_not_measured(detector.id(), rule.max_fpr, &points)));
    }
    Ok(())
}
