//! `deepscreen models`: what detectors there are, and whether they are sound.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use deepscreen::{Analyzer, Detector, EngineChoice, EngineOptions, Network};

use crate::added_models::AddedModels;
use crate::args::{EngineArguments, ModelsArguments, ModelsCommand};
use crate::bare::ModelArguments;
use crate::output::escape;
use crate::setup::{self, Stranger};
use crate::text::Text;
use crate::{Failed, Outcome, output};

pub(crate) fn run(arguments: &ModelsArguments, text: Text) -> Result<Outcome, Failed> {
    match &arguments.command {
        ModelsCommand::List => list(text),
        ModelsCommand::Verify { models, model, engine } => verify(models, model, engine, text),
        ModelsCommand::Inspect { path, model } => inspect(path, model, text),
        ModelsCommand::Add { folder, id, force, model, engine } => {
            let store = AddedModels::open()?;
            let (id, sound) = store.add(folder, id.as_deref(), *force, model, engine, text)?;
            output::print(text.model_is_ready(&id, &sound.engine).as_bytes())
        }
        #[cfg(feature = "pull")]
        ModelsCommand::Pull(arguments) => crate::pull::run(arguments, text),
        ModelsCommand::Remove { id } => {
            AddedModels::open()?.remove(id, text)?;
            output::print(text.model_is_removed(id).as_bytes())
        }
    }
}

fn bundled() -> Vec<PathBuf> {
    vec![PathBuf::from("ai-image")]
}

fn list(text: Text) -> Result<Outcome, Failed> {
    let mut page = String::new();
    let options = EngineOptions::default().with_choice(EngineChoice::Rten).with_threads(1);
    for model in bundled() {
        let detector = Detector::bundled(&options)?;
        let sha256 = detector.model().sha256;
        let kind = detector.kind().text(text.language());
        let _ = writeln!(page, "{}  {} ({})", model.display(), detector.name(), detector.id());
        let _ = writeln!(page, "  {}", text.model_facts(kind, detector.bytes(), detector.licence()));
        let _ = writeln!(page, "  SHA-256 {sha256}");
        for point in detector.operating_points() {
            let _ = writeln!(page, "  {}", text.operating_point(&point));
        }
    }
    others(&mut page, text);
    output::print(page.as_bytes())
}

/// The models that are not inside of the program: those added, and those that could be.
fn others(page: &mut String, text: Text) {
    let store = AddedModels::open().ok();
    let added = store.as_ref().map_or_else(Vec::new, AddedModels::ids);
    if let Some(store) = &store
        && !added.is_empty()
    {
        let _ = writeln!(page, "\n{}", text.heading_added(store.root()));
        for id in &added {
            match store.facts(id) {
                Ok(facts) => {
                    let _ = writeln!(page, "{id}  {} ({})", escape(&facts.name), escape(&facts.detector));
                    let known = text.model_facts(facts.kind(text), facts.bytes, &facts.licence);
                    let _ = writeln!(page, "  {}\n  SHA-256 {}", escape(&known), escape(&facts.sha256));
                }
                Err(error) => {
                    let _ = writeln!(page, "{id}  {}", error.message(text));
                }
            }
        }
    }
    #[cfg(feature = "pull")]
    if let Ok(catalog) = crate::catalog::Catalog::embedded() {
        let _ = writeln!(page, "\n{}", text.heading_to_pull());
        for entry in catalog.models.iter().filter(|entry| !added.contains(&entry.id)) {
            let _ = writeln!(page, "{}  {}\n  {}", entry.id, entry.name, text.entry_facts(entry));
            let _ = writeln!(page, "  {}\n  {}", entry.about, entry.homepage);
        }
    }
}

/// Whether the catalogue inside of the program has a model of this name.
pub(crate) fn can_be_pulled(id: &str) -> bool {
    #[cfg(feature = "pull")]
    return crate::catalog::Catalog::embedded().is_ok_and(|catalog| catalog.find(id).is_some());
    #[cfg(not(feature = "pull"))]
    return {
        let _ = id;
        false
    };
}

/// Loads each model, which checks its contract, checksum and shapes, and runs it once: a network may load and
/// fail only when it runs.
fn verify(
    models: &[PathBuf],
    arguments: &ModelArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Outcome, Failed> {
    let added = AddedModels::open().map_or_else(|_| Vec::new(), |store| store.ids());
    let all: Vec<PathBuf> = bundled().into_iter().chain(added.into_iter().map(PathBuf::from)).collect();
    let models = if models.is_empty() { &all } else { models };
    let mut page = String::new();
    let mut failed = Vec::new();
    for model in models {
        let verified = setup::detector(model, arguments, engine, false, text).and_then(|detector| {
            detector.self_test()?;
            Ok(detector.model().engine)
        });
        match verified {
            Ok(engine) => {
                let _ = writeln!(page, "{}", text.model_is_sound(&model.display().to_string(), &engine));
            }
            Err(error) => failed.push(error.message(text)),
        }
    }
    output::print(page.as_bytes())?;
    if failed.is_empty() { Ok(Outcome::Done) } else { Err(Failed::Message(failed.join("\ndeepscreen: "))) }
}

/// What a model's file and its contract say. A file that cannot be used without flags is shown all the same.
fn inspect(path: &Path, arguments: &ModelArguments, text: Text) -> Result<Outcome, Failed> {
    let stranger = setup::stranger(path, arguments, text);
    let (file, network, contract) = match stranger {
        Ok(Some(Stranger { contract, folder, .. })) => {
            let file = folder.join(contract.weights());
            (file.display().to_string(), Network::open(&file)?, Ok(contract.to_toml()))
        }
        Ok(None) => {
            let model = deepscreen_models::AI_IMAGE;
            (model.id.to_owned(), Network::from_bytes(model.weights)?, Ok(model.contract.to_owned()))
        }
        Err(error) if path.is_file() => (path.display().to_string(), Network::open(path)?, Err(error)),
        Err(error) => return Err(error),
    };
    let mut page = format!("{file}\n  {}\n", text.network_facts(&network));
    for (word, ports) in [(text.takes(), &network.inputs), (text.gives(), &network.outputs)] {
        for port in ports {
            let _ = writeln!(page, "  {word} {port}");
        }
    }
    for name in &network.external {
        let _ = writeln!(page, "  {} {name}", text.weights_beside());
    }
    let operators: Vec<&str> = network.operators.iter().map(String::as_str).collect();
    let _ = writeln!(page, "  {} {}", text.operators(), operators.join(" "));
    match contract {
        Ok(contract) => {
            let _ = writeln!(page, "\n{}", text.heading_contract());
            for line in contract.lines() {
                let _ = writeln!(page, "  {line}");
            }
        }
        Err(error) => {
            let _ = writeln!(page, "\n{}", error.message(text));
        }
    }
    output::print(page.as_bytes())
}
