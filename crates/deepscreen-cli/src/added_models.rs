//! The user's own models: a folder each, under one folder, loaded and run once before they are there.
//!
//! A model is prepared beside its place and renamed into it, so a model that is there is whole. Nothing here uses
//! the network.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use deepscreen::{Analyzer, Contract, Detector, EngineOptions, Error, ErrorKind, Kind};
use serde::{Deserialize, Serialize};

use crate::args::EngineArguments;
use crate::bare::ModelArguments;
use crate::text::Text;
use crate::{Failed, trial};

/// The project's own model that is too large to travel inside of the program.
pub(crate) const LARGE: &str = "ai-image-large";
/// Where half-made models are, below the models; no id begins with a dot.
const PARTIAL: &str = ".partial";
/// A model's contract, in its folder.
const CONTRACT: &str = "model.toml";
/// What is known about a model without loading it, in its folder.
const FACTS: &str = "source.toml";
/// A model has a handful of files; a folder with more of them is something else.
const MAX_FILES: usize = 1000;
/// Above this a model is refused. 4 GiB: ONNX itself holds 2 GiB in one file.
pub(crate) const MAX_BYTES: u64 = 4 << 30;

/// The folder that holds the user's models.
pub(crate) struct AddedModels {
    root: PathBuf,
}

/// What is known about an added model: the text of its `source.toml`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Facts {
    /// The detector in records: `detector/example@1`.
    pub(crate) detector: String,
    pub(crate) name: String,
    pub(crate) detects: String,
    pub(crate) licence: String,
    pub(crate) bytes: u64,
    /// Of the weights.
    pub(crate) sha256: String,
    /// The folder it was copied from, or the addresses.
    pub(crate) from: Vec<String>,
}

/// A model that runs.
pub(crate) struct Sound {
    pub(crate) facts: Facts,
    /// With the checksums of what was loaded, and a self-test.
    contract: Contract,
    pub(crate) engine: String,
}

impl AddedModels {
    /// Where the environment says: `DEEPSCREEN_MODELS`, or the platform's folder for a user's data.
    pub(crate) fn open() -> Result<Self, Failed> {
        Self::of_environment().ok_or(Failed::NoModelFolder)
    }

    fn of_environment() -> Option<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(root) = variable("DEEPSCREEN_MODELS") {
            return Some(Self { root });
        }
        let data = if cfg!(windows) {
            variable("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            variable("HOME").map(|home| home.join("Library/Application Support"))
        } else {
            // A relative one has to be ignored (XDG Base Directory Specification 0.8).
            let xdg = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
            xdg.or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        };
        Some(Self { root: data?.join("deepscreen").join("models") })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the model of this id is or would be.
    pub(crate) fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Where a model is made ready, out of sight of everything else.
    pub(crate) fn partial(&self, name: &str) -> PathBuf {
        self.root.join(PARTIAL).join(name)
    }

    /// The ids of all models that are there, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Vec::new() };
        let mut ids: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_id(name))
            .collect();
        ids.sort();
        ids
    }

    /// What is known about a model. One that was put there by hand is loaded for it.
    pub(crate) fn facts(&self, id: &str) -> Result<Facts, Failed> {
        let folder = self.folder(id);
        let known = fs::read_to_string(folder.join(FACTS)).ok().and_then(|text| toml::from_str(&text).ok());
        match known {
            Some(facts) => Ok(facts),
            None => Ok(Facts::of(&Detector::open(folder, &EngineOptions::default().with_threads(1))?)),
        }
    }

    /// An id is free if no model has it, or if the user wants to replace the one that has it.
    pub(crate) fn check_free(&self, id: &str, force: bool, text: Text) -> Result<(), Failed> {
        if !is_id(id) {
            return Err(Failed::Message(text.not_an_id(id)));
        }
        if is_bundled(id) {
            return Err(Failed::Message(text.id_is_bundled(id)));
        }
        if !force && self.folder(id).exists() {
            return Err(Failed::Message(text.id_is_taken(id, &self.folder(id))));
        }
        Ok(())
    }

    /// Moves a folder that is whole into the place of the id; the one before it goes.
    pub(crate) fn install(&self, ready: &Path, id: &str, sound: &Sound) -> Result<(), Failed> {
        let facts = toml::to_string(&sound.facts).map_err(|error| {
            Error::new(ErrorKind::InvalidModel, "facts that TOML cannot hold").because(error)
        })?;
        for (name, text) in [(FACTS, facts), (CONTRACT, sound.contract.to_toml())] {
            let path = ready.join(name);
            fs::write(&path, text).map_err(|error| cannot_be_written(error, &path))?;
        }
        let place = self.folder(id);
        let before = self.partial(&format!(".old-{id}-{}", std::process::id()));
        let replaced = match fs::rename(&place, &before) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(cannot_be_written(error, &place).into()),
        };
        if let Err(error) = fs::rename(ready, &place) {
            if replaced {
                let _ = fs::rename(&before, &place);
            }
            return Err(cannot_be_written(error, &place).into());
        }
        if replaced {
            let _ = fs::remove_dir_all(&before);
        }
        Ok(())
    }

    /// Copies a model's folder here.
    pub(crate) fn add(
        &self,
        source: &Path,
        id: Option<&str>,
        force: bool,
        model: &ModelArguments,
        engine: &EngineArguments,
        text: Text,
    ) -> Result<(String, Sound), Failed> {
        let id = match id {
            Some(id) => id.to_owned(),
            None => id_of(source).ok_or_else(|| Failed::Message(text.no_id_in_name(source)))?,
        };
        self.check_free(&id, force, text)?;
        let (contract, folder) = if source.is_file() {
            let folder = source.parent().unwrap_or_else(|| Path::new(""));
            (model.contract(source, text)?, folder.to_owned())
        } else {
            (model.open(source)?, source.to_owned())
        };
        let weights = contract.weight_files(&folder)?;
        let files = if source.is_file() {
            weights.into_iter().map(|below| (folder.join(&below), below)).collect()
        } else {
            model_files(source, &weights, text)?
        };
        let contract = contract.with_id(&id)?;
        // Where the user sees it, so that errors name the user's files.
        trial::try_model(&contract, &folder, engine, text)?;

        let ready = Temporary(self.partial(&format!(".add-{id}-{}", std::process::id())));
        let _ = fs::remove_dir_all(&ready.0);
        fs::create_dir_all(&ready.0).map_err(|error| cannot_be_written(error, &ready.0))?;
        for (from, below) in &files {
            let to = ready.0.join(below);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(|error| cannot_be_written(error, parent))?;
            }
            copy(from, &to)?;
        }
        let mut sound = load(&contract, &ready.0, engine)?;
        let source = std::path::absolute(source).unwrap_or_else(|_| source.to_owned());
        sound.facts.from = vec![source.display().to_string()];
        self.install(&ready.0, &id, &sound)?;
        Ok((id, sound))
    }

    /// Takes a model away, with what is left of a download of it.
    pub(crate) fn remove(&self, id: &str, text: Text) -> Result<(), Failed> {
        if is_bundled(id) {
            return Err(Failed::Message(text.id_is_bundled(id)));
        }
        let (place, partial) = (self.folder(id), self.partial(id));
        if !is_id(id) || !(place.is_dir() || partial.is_dir()) {
            return Err(Failed::NoSuchModel(id.to_owned()));
        }
        for folder in [&place, &partial] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot_be_written(error, folder).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Facts {
    fn of(detector: &Detector) -> Self {
        Self {
            detector: detector.id().to_owned(),
            name: detector.name().to_owned(),
            detects: detector.kind().code().to_owned(),
            licence: detector.licence().to_owned(),
            bytes: detector.bytes(),
            sha256: detector.model().sha256,
            from: Vec::new(),
        }
    }

    /// What the model detects, in words.
    pub(crate) fn kind(&self, text: Text) -> &str {
        Kind::from_code(&self.detects).map_or(&self.detects, |kind| kind.text(text.language()))
    }
}

/// The folder of an added model, if that is what is named: an id alone, without a folder before it.
pub(crate) fn added(model: &Path) -> Option<PathBuf> {
    let id = model.to_str().filter(|name| is_id(name))?;
    let folder = AddedModels::of_environment()?.folder(id);
    folder.is_dir().then_some(folder)
}

/// Names of models, in folders and on the command line.
pub(crate) fn is_id(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len()) && !name.starts_with('-') && name.chars().all(plain)
}

fn is_bundled(id: &str) -> bool {
    deepscreen_models::ALL.iter().any(|model| model.id == id)
}

/// Tries a model in a process of its own, then loads it here.
#[cfg(feature = "pull")]
pub(crate) fn check(
    contract: &Contract,
    folder: &Path,
    engine: &EngineArguments,
    text: Text,
) -> Result<Sound, Failed> {
    trial::try_model(contract, folder, engine, text)?;
    load(contract, folder, engine)
}

/// Loads a model, which checks its contract, checksum and shapes, and runs it once: a network may load and fail
/// only when it runs.
fn load(contract: &Contract, folder: &Path, engine: &EngineArguments) -> Result<Sound, Failed> {
    let detector = Detector::with_contract(contract.clone(), folder, &engine.options())?;
    let contract = detector.pinned_contract()?;
    Ok(Sound { facts: Facts::of(&detector), contract, engine: detector.model().engine })
}

/// `My Model_v2/` and `My Model_v2.onnx` are `my-model-v2`.
fn id_of(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    // `add .` and `add model/..` mean what they point to.
    let folder = if folder.file_name().is_none() { folder.canonicalize().ok()? } else { folder };
    let name = folder.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".onnx").unwrap_or(&name);
    let mut id = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => id.push(c),
            _ if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    let id = id.trim_end_matches('-').to_owned();
    is_id(&id).then_some(id)
}

/// The files that make up a model, each with its path below the folder. Of an export that explains itself (Hugging
/// Face) only those that are read: its repositories hold the same weights in ten forms.
fn model_files(folder: &Path, weights: &[PathBuf], text: Text) -> Result<Vec<(PathBuf, PathBuf)>, Failed> {
    let root = folder.canonicalize().map_err(|error| cannot_be_read(error, folder))?;
    let whole = folder.join(CONTRACT).exists();
    let mut files = Vec::new();
    let mut bytes = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        let mut entries: Vec<_> = fs::read_dir(&here)
            .and_then(Iterator::collect::<io::Result<_>>)
            .map_err(|error| cannot_be_read(error, &here))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, below) = (entry.path(), below.join(entry.file_name()));
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|error| cannot_be_read(error, &path))?;
            let wanted = whole || kind.is_dir() || explains(&below) || weights.contains(&below);
            let wanted = wanted && !name.starts_with('.') && name != FACTS;
            if !wanted {
                continue;
            }
            if kind.is_dir() {
                folders.push(below);
                continue;
            }
            // A link may lead to another file of the model and nowhere else.
            let target = path.canonicalize().map_err(|error| cannot_be_read(error, &path))?;
            if kind.is_symlink() && !target.starts_with(&root) {
                return Err(Failed::Message(text.link_leads_out(&path)));
            }
            let facts = target.metadata().map_err(|error| cannot_be_read(error, &path))?;
            if !facts.is_file() {
                return Err(Failed::Message(text.not_a_regular_file(&path)));
            }
            bytes += facts.len();
            files.push((target, below));
            if files.len() > MAX_FILES || bytes > MAX_BYTES {
                return Err(Failed::Message(text.too_much_for_a_model(folder)));
            }
        }
    }
    Ok(files)
}

/// The files of a Hugging Face export beside its weights that say what it is, or what may be done with it.
fn explains(below: &Path) -> bool {
    let name = below.to_string_lossy();
    ["config.json", "preprocessor_config.json"].contains(&&*name)
        || (below.components().count() == 1
            && ["README", "LICENSE", "LICENCE", "NOTICE"].iter().any(|prefix| name.starts_with(prefix)))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = fs::File::open(from).map_err(|error| cannot_be_read(error, from))?;
    let mut target = fs::File::create_new(to).map_err(|error| cannot_be_written(error, to))?;
    // Not fs::copy: a model that is read-only where it comes from must not be so here.
    io::copy(&mut source, &mut target).map(|_| ()).map_err(|error| cannot_be_written(error, to))
}

fn cannot_be_read(error: io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be read").because(error).about(path.display())
}

pub(crate) fn cannot_be_written(error: io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be written").because(error).about(path.display())
}

/// A folder that goes when nobody moved it away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_and_come_from_the_folders_name() {
        for (name, id) in [
            ("xface", Some("xface")),
            ("My Model_v2", Some("my-model-v2")),
            ("--A..B--", Some("a-b")),
            ("Ảnh giả", Some("nh-gi")),
            ("...", None),
            ("模型", None),
        ] {
            assert_eq!(id_of(&Path::new("/models").join(name)).as_deref(), id, "{name}");
        }
        for wrong in ["", "-x", "X", "a/b", "a.b", "..", &"x".repeat(65)] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn of_an_export_only_what_is_read_is_taken() {
        for taken in ["config.json", "preprocessor_config.json", "README.md", "LICENSE.txt"] {
            assert!(explains(Path::new(taken)), "{taken}");
        }
        for left in
            ["pytorch_model.bin", "onnx/model_fp16.onnx", "sub/config.json", "README/x", "training_args.bin"]
        {
            assert!(!explains(Path::new(left)), "{left}");
        }
    }
}
