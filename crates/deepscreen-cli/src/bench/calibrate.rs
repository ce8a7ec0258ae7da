//! `deepscreen bench calibrate`: a model and labelled pictures in, the model with a calibration and thresholds of those
//! pictures out.

use std::fs;
use std::path::{Path, PathBuf};

use deepscreen::media::Limits;
use deepscreen::{Analyzer, Contract, Detector, Error, ErrorKind};
use deepscreen_eval::calibrate::calibrate;
use deepscreen_eval::metrics::LabelledScores;
use deepscreen_eval::run::Run;

use super::{cache, read};
use crate::args::{CalibrateArguments, DetectorArguments};
use crate::output::print;
use crate::text::Text;
use crate::{Failed, Outcome, scan, setup};

pub(super) fn run(arguments: &CalibrateArguments, text: Text) -> Result<Outcome, Failed> {
    let place = Place::of(arguments, text)?;
    let dataset = read(&arguments.datasets, &arguments.reading, text)?;
    let detectors = setup::detectors(
        &DetectorArguments {
            models: vec![arguments.model_path.clone()],
            model: arguments.model.clone(),
            faces: arguments.faces.clone(),
            trust_models: arguments.trust_models,
        },
        &arguments.engine,
        text,
    )?;
    let run = Run {
        detectors: &detectors,
        degradations: &arguments.degrade,
        seed: 0,
        threads: arguments.engine.threads(),
        limits: Limits::default(),
    };
    let mut cache = cache(&arguments.cache, text)?;
    let progress = scan::progress(dataset.items.len(), text);
    let scored = run.score(&dataset, cache.as_mut(), || progress.inc(1));
    progress.finish_and_clear();
    let scored = scored?;
    for fault in dataset.faults.iter().chain(&scored.faults) {
        eprintln!("deepscreen: {fault}");
    }
    let (mut scores, mut groups, mut without) = (LabelledScores::default(), Vec::new(), 0_u64);
    for picture in scored.tiers.iter().flat_map(|tier| &tier.table.pictures) {
        match picture.scores[0] {
            Some(score) => {
                scores.push(&picture.path, score, picture.truth)?;
                // Versions of one picture stay together.
                groups.push(Some(picture.group.clone().unwrap_or_else(|| picture.path.clone())));
            }
            None => without += 1,
        }
    }
    let calibrated = calibrate(&scores, &groups)?;
    let detector = &detectors[0];
    let contract = detector.contract().clone().recalibrated(&calibrated.measured)?;
    let written = place.write(detector, &contract)?;
    print(text.calibrated(detector.id(), &written, &calibrated, without).as_bytes())
}

/// Where the result goes.
enum Place {
    /// The contract of a model's folder is replaced.
    Contract(PathBuf),
    /// A new folder: with copies of the weights, `None` for those that travel inside.
    Folder { to: PathBuf, from: Option<PathBuf> },
}

impl Place {
    fn of(arguments: &CalibrateArguments, text: Text) -> Result<Self, Failed> {
        let stranger = setup::stranger(&arguments.model_path, &arguments.model, text)?;
        match (&arguments.out_folder, stranger) {
            (Some(to), stranger) => {
                if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
                    return Err(Failed::Message(text.folder_is_not_empty(to)));
                }
                Ok(Self::Folder { to: to.clone(), from: stranger.map(|stranger| stranger.folder) })
            }
            (None, Some(stranger))
                if stranger.folder.join("model.toml").is_file() && !arguments.model_path.is_file() =>
            {
                Ok(Self::Contract(stranger.folder.join("model.toml")))
            }
            (None, _) => Err(Failed::Message(text.calibration_needs_a_folder(&arguments.model_path))),
        }
    }

    /// Gives the file of the contract back.
    fn write(&self, detector: &Detector, contract: &Contract) -> Result<PathBuf, Failed> {
        let path = match self {
            Self::Contract(path) => path.clone(),
            Self::Folder { to, from } => {
                weights(detector, contract, to, from.as_deref())?;
                to.join("model.toml")
            }
        };
        replace(&path, contract.to_toml().as_bytes()).map_err(|error| cannot_write(&path, error))?;
        Ok(path)
    }
}

/// Copies the weights.
fn weights(detector: &Detector, contract: &Contract, to: &Path, from: Option<&Path>) -> Result<(), Failed> {
    fs::create_dir_all(to).map_err(|error| cannot_write(to, error))?;
    let Some(from) = from else {
        let path = to.join(contract.weights());
        debug_assert_eq!(detector.model().id, deepscreen_models::AI_IMAGE.id);
        return Ok(fs::write(&path, deepscreen_models::AI_IMAGE.weights)
            .map_err(|error| cannot_write(&path, error))?);
    };
    for file in contract.weight_files(from)? {
        let path = to.join(&file);
        let copied =
            fs::create_dir_all(path.parent().unwrap_or(to)).and_then(|()| fs::copy(from.join(&file), &path));
        copied.map_err(|error| cannot_write(&path, error))?;
    }
    Ok(())
}

/// All of it or nothing: whoever loads the model meanwhile reads the old contract or the new one.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("toml.new");
    fs::write(&beside, content)?;
    fs::rename(&beside, path)
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be written").because(error).about(path.display())
}
