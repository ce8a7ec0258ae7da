//! Arguments in, detectors and a screener out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use deepscreen::{
    Analyzer, BankAnalyzer, C2paAnalyzer, Contract, Detector, FaceDetector, HashAnalyzer, MetadataAnalyzer,
    Policy, Screener, WatermarkAnalyzer,
};

use crate::args::{DetectorArguments, EngineArguments, JudgingArguments, LimitArguments};
use crate::bare::ModelArguments;
use crate::text::Text;
use crate::{Failed, added_models, trial};

/// The screener that the arguments describe, and nothing else than them.
pub(crate) fn screener(
    judging: &JudgingArguments,
    limits: &LimitArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Screener, Failed> {
    let policy = policy(judging)?;
    let mut builder =
        Screener::builder().threads(engine.threads()).limits(limits.limits()).analyzer(MetadataAnalyzer);
    for detector in detectors(&judging.detectors, engine, text)? {
        check_operating_points(&detector, &policy, text)?;
        let detector = detector.with_variants(judging.stability.into());
        builder = builder.analyzer(match judging.heat_maps {
            Some(_) => detector.with_local_scores(),
            None => detector,
        });
    }
    builder = builder.analyzer(c2pa(judging)?).analyzer(WatermarkAnalyzer);
    for bank in &judging.banks {
        builder = builder.analyzer(BankAnalyzer::open(bank)?.with_transforms(judging.bank_transforms));
    }
    if limits.isolate && !limits.worker {
        builder = builder.isolated(itself(text)?);
    }
    Ok(builder.analyzer(HashAnalyzer).policy(policy).build()?)
}

/// What starts this program again, with the same arguments, as the process that looks at pictures.
fn itself(text: Text) -> Result<impl Fn() -> Command + Send + Sync + 'static, Failed> {
    let program = std::env::current_exe().map_err(|error| Failed::Message(text.worker_impossible(&error)))?;
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // Behind the subcommand, before which no other word can stand that reads alike.
    let subcommand = arguments.iter().position(|argument| argument == "scan" || argument == "inspect");
    arguments.insert(subcommand.map_or(0, |at| at + 1), "--worker".into());
    Ok(move || {
        let mut command = Command::new(&program);
        command.args(&arguments);
        command
    })
}

/// The detectors that the arguments name, in that order; those of faces with what finds them.
pub(crate) fn detectors(
    arguments: &DetectorArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Vec<Detector>, Failed> {
    let faces = match &arguments.faces {
        Some(path) => {
            if !arguments.trust_models {
                trial::try_faces(path, engine, text)?;
            }
            Some(Arc::new(FaceDetector::open(path, &engine.options())?))
        }
        None => None,
    };
    let of = |model: &PathBuf| {
        let detector = detector(model, &arguments.model, engine, arguments.trust_models, text)?;
        match &faces {
            Some(faces) => Ok(detector.with_faces(faces.clone())),
            None if detector.looks_at_faces() => {
                Err(Failed::Message(text.needs_a_face_detector(detector.id())))
            }
            None => Ok(detector),
        }
    };
    arguments.models.iter().map(of).collect()
}

fn c2pa(judging: &JudgingArguments) -> Result<C2paAnalyzer, Failed> {
    let analyzer = C2paAnalyzer::new();
    Ok(match &judging.trust_anchors {
        Some(path) => read(path)
            .and_then(|pem| analyzer.with_trust_anchors(&pem))
            .map_err(|error| error.about(path.display()))?,
        None => analyzer,
    })
}

/// A model that does not travel inside of the program.
pub(crate) struct Stranger {
    pub(crate) contract: Contract,
    pub(crate) folder: PathBuf,
    /// It was loaded and run before, when it was added.
    is_added: bool,
}

/// What a model's name or path stands for; `None` for the one that is inside. A name means a model that is inside or was
/// added, wherever the program is started; `./name` means the folder.
pub(crate) fn stranger(
    model: &Path,
    arguments: &ModelArguments,
    text: Text,
) -> Result<Option<Stranger>, Failed> {
    if model == Path::new("ai-image") {
        return Ok(None);
    }
    if let Some(folder) = added_models::added(model) {
        return Ok(Some(Stranger { contract: Contract::open(&folder)?, folder, is_added: true }));
    }
    let (contract, folder) = if model.is_file() {
        let folder = model.parent().unwrap_or_else(|| Path::new(""));
        (arguments.contract(model, text)?, folder.to_owned())
    } else {
        match model.to_str().filter(|name| added_models::is_id(name)) {
            Some(id) if !model.exists() => return Err(Failed::NoSuchModel(id.to_owned())),
            _ => (arguments.open(model)?, model.to_owned()),
        }
    };
    Ok(Some(Stranger { contract, folder, is_added: false }))
}

/// A model by its name, from its folder or its file; a stranger's is tried in a process of its own first, unless the
/// user trusts it.
pub(crate) fn detector(
    model: &Path,
    arguments: &ModelArguments,
    engine: &EngineArguments,
    is_trusted: bool,
    text: Text,
) -> Result<Detector, Failed> {
    let Some(Stranger { contract, folder, is_added }) = stranger(model, arguments, text)? else {
        return Ok(Detector::bundled(&engine.options())?);
    };
    if !is_added && !is_trusted {
        trial::try_model(&contract, &folder, engine, text)?;
    }
    Ok(Detector::with_contract(contract, folder, &engine.options())?)
}

fn policy(judging: &JudgingArguments) -> Result<Policy, Failed> {
    let mut policy = match &judging.policy {
        Some(path) => read(path)
            .and_then(|toml| Policy::from_toml(&toml))
            .map_err(|error| error.about(path.display()))?,
        None => Policy::default(),
    };
    if let Some(max_fpr) = judging.max_fpr {
        policy = policy.with_max_fpr(max_fpr).map_err(|error| error.about("--max-fpr"))?;
    }
    Ok(policy)
}

fn read(path: &Path) -> deepscreen::Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        deepscreen::Error::new(deepscreen::ErrorKind::Unreadable, "cannot be read").because(error)
    })
}

/// A rate that was never measured cannot be promised: say so before anything is scanned.
fn check_operating_points(detector: &Detector, policy: &Policy, text: Text) -> Result<(), Failed> {
    let points = detector.operating_points();
    let Some(rule) = policy.rule(detector.id()) else { return Ok(()) };
    if !rule.is_measured(&points) {
        return Err(Failed::Message(text.rate_not_measured(detector.id(), rule.max_fpr, &points)));
    }
    Ok(())
}
