//! `deepscreen bench`: labelled pictures or scores in, a comparison of detectors out.

mod calibrate;
mod files;
mod table;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use deepscreen::media::Limits;
use deepscreen::{Analyzer, Detector, Error, ErrorKind, OperatingPoint};
use deepscreen_eval::checks::{Confound, Leakage, LeakageOptions, Print, Training};
use deepscreen_eval::degrade::Degradation;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report::{Check, Compared, Counts, Trial};
use deepscreen_eval::run::{Cache, Run, Scored};
use deepscreen_eval::{Dataset, Item, ScoreTable, dataset};

use crate::args::{
    BenchArguments, BenchCommand, BenchFormat, CacheArguments, CompareArguments, EngineArguments,
    ReadingArguments,
};
use crate::output::print;
use crate::text::Text;
use crate::{Failed, Outcome, scan, setup};

pub(crate) fn run(arguments: &BenchArguments, text: Text) -> Result<Outcome, Failed> {
    match &arguments.command {
        Some(BenchCommand::Calibrate(arguments)) => calibrate::run(arguments, text),
        None => compare(&arguments.compare, text),
    }
}

fn compare(arguments: &CompareArguments, text: Text) -> Result<Outcome, Failed> {
    let bootstrap =
        Bootstrap { resamples: arguments.resamples, confidence: arguments.confidence, seed: arguments.seed };
    let trial = match &arguments.scores {
        Some(path) => {
            let table = ScoreTable::read(path)?;
            let thresholds = vec![arguments.threshold.unwrap_or(0.5); table.detectors.len()];
            let name = path.display().to_string();
            Trial { mistakes: arguments.mistakes, ..Trial::of_scores(table, name, &thresholds, bootstrap) }
        }
        None => trial(arguments, bootstrap, text)?,
    };
    let tiers = trial.tiers.clone();
    let report = trial.report()?;
    if let Some(folder) = &arguments.out {
        files::write(folder, &report, &tiers, text)?;
    }
    match arguments.format {
        BenchFormat::Table => table::print(&report, text),
        BenchFormat::Json => print(files::json(&report)?.as_bytes()),
        BenchFormat::Csv => print(files::csv(&report).as_bytes()),
        BenchFormat::Html => print(files::html(&report, text).as_bytes()),
    }
}

/// Runs the detectors.
fn trial(arguments: &CompareArguments, bootstrap: Bootstrap, text: Text) -> Result<Trial, Failed> {
    let dataset = read(&arguments.datasets, &arguments.reading, text)?;
    let training =
        arguments.training.as_deref().map(|path| training(path, &arguments.reading)).transpose()?;
    let detectors = setup::detectors(&arguments.detectors, &arguments.engine, text)?;
    let scored = score(
        &dataset,
        &detectors,
        &arguments.degrade,
        arguments.seed,
        &arguments.engine,
        &arguments.cache,
        text,
    )?;
    let confound = Confound::check(&dataset, arguments.seed);
    let prints: Vec<(&Item, Print)> = dataset
        .items
        .iter()
        .zip(&scored.prints)
        .filter_map(|(item, print)| Some((item, (*print)?)))
        .collect();
    let leakage = Leakage::of(&prints, training.as_ref(), &LeakageOptions::default());
    let mut checks = Check::of_confound(&confound);
    checks.extend(Check::of_leakage(&leakage));
    let names = names(&detectors);
    let mut tiers = scored.tiers;
    for tier in &mut tiers {
        tier.table.detectors.clone_from(&names);
    }
    let compared = detectors.iter().zip(names).zip(scored.milliseconds).map(|((detector, name), time)| {
        let point = OperatingPoint::within(&detector.operating_points(), arguments.max_fpr);
        let (threshold, threshold_max_fpr) = match (arguments.threshold, point) {
            (Some(threshold), _) => (threshold, None),
            (None, Some(point)) => (point.threshold.get(), Some(point.max_fpr)),
            (None, None) => (0.5, None),
        };
        let model = detector.model();
        let id = detector.id().trim_start_matches("detector/").to_owned();
        let (sha256, engine) = (model.sha256, model.engine);
        Compared { name, model: id, sha256, engine, threshold, threshold_max_fpr, milliseconds: time }
    });
    let mut faults = dataset.faults.clone();
    faults.extend(scored.faults);
    Ok(Trial {
        datasets: arguments.datasets.iter().map(|path| path.display().to_string()).collect(),
        pictures: Counts::of(&dataset),
        faults,
        checks,
        detectors: compared.collect(),
        tiers,
        bootstrap,
        mistakes: arguments.mistakes,
        cost: Some(scored.cost),
    })
}

/// Scores a data set, with a bar, and the cache that the arguments name.
fn score(
    dataset: &Dataset,
    detectors: &[Detector],
    degradations: &[Degradation],
    seed: u64,
    engine: &EngineArguments,
    cache: &CacheArguments,
    text: Text,
) -> Result<Scored, Failed> {
    let mut cache = match (cache.no_cache, &cache.file) {
        (true, _) => None,
        (false, Some(path)) => Some(Cache::open(path)?),
        (false, None) => match default_cache() {
            // A folder that cannot be written costs time alone.
            Some(path) => match Cache::open(path) {
                Ok(cache) => Some(cache),
                Err(error) => {
                    eprintln!("deepscreen: {}", text.no_cache(&error));
                    None
                }
            },
            None => None,
        },
    };
    let progress = scan::progress(dataset.items.len(), text);
    let run = Run { detectors, degradations, seed, threads: engine.threads(), limits: Limits::default() };
    let scored = run.score(dataset, cache.as_mut(), || progress.inc(1));
    progress.finish_and_clear();
    Ok(scored?)
}

/// The platform's folder for what can be computed again.
fn default_cache() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        variable("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        variable("HOME")?.join("Library/Caches")
    } else {
        // A relative one has to be ignored (XDG Base Directory Specification 0.8).
        let xdg = variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        xdg.or_else(|| Some(variable("HOME")?.join(".cache")))?
    };
    Some(folder.join("deepscreen").join("bench.sqlite"))
}

/// All data sets as one.
fn read(paths: &[PathBuf], reading: &ReadingArguments, text: Text) -> Result<Dataset, Failed> {
    let named = |path: &PathBuf| Ok((short_name(path), Dataset::read(path, &options(reading))?));
    let datasets = paths.iter().map(named).collect::<Result<Vec<_>, Error>>()?;
    let dataset = Dataset::joined(datasets).unwrap_or_else(|| Dataset {
        layout: dataset::Layout::Tree,
        items: Vec::new(),
        faults: Vec::new(),
        left_out: 0,
    });
    if dataset.items.is_empty() {
        for fault in dataset.faults.iter().take(10) {
            eprintln!("deepscreen: {fault}");
        }
        return Err(Failed::Message(text.no_labelled_pictures(paths)));
    }
    Ok(dataset)
}

fn options(reading: &ReadingArguments) -> dataset::Options {
    let unless_all = |name: &String| (name != "all").then(|| name.clone());
    dataset::Options {
        root: reading.root.clone(),
        split: unless_all(&reading.split),
        compression: unless_all(&reading.compression),
    }
}

/// What a group of several data sets begins with.
fn short_name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A list of hashes, or a data set.
fn training(path: &Path, reading: &ReadingArguments) -> Result<Training, Failed> {
    let is_list = |end: &str| path.extension().is_some_and(|is| is.eq_ignore_ascii_case(end));
    if path.is_dir() || is_list("csv") || is_list("json") {
        return Ok(Training::from_dataset(&Dataset::read(path, &options(reading))?));
    }
    let list = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Unreadable, "cannot be read").because(error).about(path.display())
    })?;
    Ok(Training::from_list(&list).map_err(|error| error.about(path.display()))?)
}

/// The models' ids, with a number where two have the same.
fn names(detectors: &[Detector]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let name = |detector: &Detector| {
        let id = detector.model().id;
        let count = seen.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id} ({count})") }
    };
    detectors.iter().map(name).collect()
}
