//! `deepscreen doctor`: which engine runs and why, and what this build can read.

use std::fmt::Write as _;

use deepscreen::media::Format;
use deepscreen::{Detector, EngineChoice, EngineStatus, Limits};

use crate::added_models::{AddedModels, LARGE};
use crate::args::DoctorArguments;
use crate::output::escape;
use crate::text::Text;
use crate::{Failed, Outcome, output};

pub(crate) fn run(arguments: &DoctorArguments, text: Text) -> Result<Outcome, Failed> {
    let options = arguments.engine.options();
    let mut page = String::new();
    let _ = writeln!(page, "deepscreen {}", env!("CARGO_PKG_VERSION"));

    let engines = EngineStatus::all(&options);
    let wanted = |engine: &EngineStatus| match options.choice {
        EngineChoice::OnnxRuntime => engine.name.starts_with("onnxruntime"),
        EngineChoice::Rten => engine.name.starts_with("rten"),
        _ => true,
    };
    let running = engines.iter().position(|engine| engine.problem.is_none() && wanted(engine));
    let _ = writeln!(page, "\n{}", text.heading_engines());
    for (index, engine) in engines.iter().enumerate() {
        let state = if Some(index) == running { text.engine_runs() } else { text.engine_idle() };
        let state = if engine.problem.is_some() { text.engine_missing() } else { state };
        let _ = writeln!(page, "  {}  {state}", engine.name);
        if let Some(library) = &engine.library {
            let _ = writeln!(page, "    {}", library.display());
        }
        if let Some(problem) = &engine.problem {
            let _ = writeln!(page, "    {problem}");
        }
    }
    if engines.iter().any(|engine| engine.name == "onnxruntime" && engine.problem.is_some()) {
        let _ = writeln!(page, "  {}", text.how_to_get_onnxruntime());
    }

    let _ = writeln!(page, "\n{}", text.heading_models());
    let model = Detector::bundled(&options.clone().with_threads(1));
    let sound = match &model {
        Ok(detector) => detector.name().to_owned(),
        Err(error) => format!("{error:#}"),
    };
    let _ = writeln!(page, "  ai-image  {sound}");
    let added = AddedModels::open().ok();
    let ids = added.as_ref().map_or_else(Vec::new, AddedModels::ids);
    for (store, id) in added.iter().flat_map(|store| ids.iter().map(move |id| (store, id))) {
        let name = store.facts(id).map_or_else(|error| error.message(text), |facts| escape(&facts.name));
        let _ = writeln!(page, "  {id}  {name}");
    }
    if !ids.iter().any(|id| id == LARGE) {
        let _ = writeln!(page, "  {}", text.large_model_missing());
    }

    let _ = writeln!(page, "\n{}", text.heading_formats());
    let (read, unread): (Vec<Format>, Vec<Format>) =
        Format::ALL.iter().partition(|format| format.is_decoded());
    let names = |formats: &[Format]| formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(" ");
    let _ = writeln!(page, "  {}  {}", text.formats_read(), names(&read));
    let _ = writeln!(page, "  {}  {}", text.formats_recognised(), names(&unread));

    let limits = Limits::default();
    let _ = writeln!(page, "\n{}", text.heading_limits());
    let _ = writeln!(page, "  {}", text.limits(&limits));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let _ = writeln!(page, "  {}", text.threads(threads));
    output::print(page.as_bytes())?;
    // A user who names an engine wants to hear that it will not run.
    match running {
        Some(_) => Ok(model.map(|_| Outcome::Done)?),
        None => Err(Failed::Message(text.no_engine_runs())),
    }
}
