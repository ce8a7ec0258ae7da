//! Arguments in, detectors and a screener out.

use std::path::Path;

use deepscreen::{Analyzer, Detector, EngineOptions, HashAnalyzer, OperatingPoint, Policy, Screener};

use crate::args::{EngineArguments, JudgingArguments};
use crate::text::Text;
use crate::{Failed, store};

/// The screener that the arguments describe, and nothing else than them.
pub(crate) fn screener(
    judging: &JudgingArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Screener, Failed> {
    let policy = policy(judging)?;
    let mut builder = Screener::builder().threads(engine.threads());
    for model in &judging.models {
        let detector = detector(model, &engine.options())?;
        check_operating_points(&detector, &policy, text)?;
        builder = builder.analyzer(detector);
    }
    Ok(builder.analyzer(HashAnalyzer).policy(policy).build()?)
}

/// A model by its name or from its folder. A name means a model that is inside or was added, wherever the program
/// is started; `./name` means the folder.
pub(crate) fn detector(model: &Path, options: &EngineOptions) -> Result<Detector, Failed> {
    if model == Path::new("ai-image") {
        return Ok(Detector::bundled(options)?);
    }
    if let Some(folder) = store::added(model) {
        return Ok(Detector::open(folder, options)?);
    }
    match model.to_str().filter(|name| store::is_id(name)) {
        Some(id) if !model.exists() => Err(Failed::NoSuchModel(id.to_owned())),
        _ => Ok(Detector::open(model, options)?),
    }
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
    if OperatingPoint::within(&points, rule.max_fpr).is_none() {
        return Err(Failed::Message(text.rate_not_measured(detector.id(), rule.max_fpr, &points)));
    }
    Ok(())
}
