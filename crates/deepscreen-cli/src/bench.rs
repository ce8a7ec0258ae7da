//! `deepscreen bench`: labelled pictures or scores in, a comparison of detectors out.

mod calibrate;
mod table;

use std::path::{Path, PathBuf};

use deepscreen::Error;
use deepscreen::media::Limits;
use deepscreen_eval::checks::Training;
use deepscreen_eval::comparison::Comparison;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report;
use deepscreen_eval::run::Cache;
use deepscreen_eval::{Dataset, ScoreTable, dataset};

use crate::args::{
    BenchArguments, BenchCommand, BenchFormat, CacheArguments, CompareArguments, ReadingArguments,
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
    let comparison = comparison(arguments)?;
    let trial = match &arguments.scores {
        Some(path) => comparison.of_scores(path.display().to_string(), ScoreTable::read(path)?),
        None => {
            let dataset = read(&arguments.datasets, &arguments.reading, text)?;
            let detectors = setup::detectors(&arguments.detectors, &arguments.engine, text)?;
            let names = arguments.datasets.iter().map(|path| path.display().to_string()).collect();
            let mut cache = cache(&arguments.cache, text)?;
            let progress = scan::progress(dataset.items.len(), text);
            let each = || progress.inc(1);
            let trial = comparison.of_pictures(names, &dataset, &detectors, cache.as_mut(), each);
            progress.finish_and_clear();
            trial?
        }
    };
    // The report takes the trial; only files need the scores too.
    let tiers = arguments.out.as_ref().map(|_| trial.tiers.clone()).unwrap_or_default();
    let report = trial.report()?;
    if let Some(folder) = &arguments.out {
        report.write(folder, &tiers, text.language())?;
    }
    match arguments.format {
        BenchFormat::Table => table::print(&report, text),
        BenchFormat::Json => print(report.to_json().as_bytes()),
        BenchFormat::Csv => print(report::csv(&report).as_bytes()),
        BenchFormat::Html => print(report.to_html(text.language()).as_bytes()),
    }
}

fn comparison(arguments: &CompareArguments) -> Result<Comparison, Failed> {
    let open = |path| Training::open(path, &options(&arguments.reading));
    let training = arguments.training.as_ref().map(open).transpose()?;
    Ok(Comparison {
        degradations: arguments.degrade.clone(),
        max_fpr: arguments.max_fpr,
        threshold: arguments.threshold,
        bootstrap: Bootstrap {
            resamples: arguments.resamples,
            confidence: arguments.confidence,
            seed: arguments.seed,
        },
        mistakes: arguments.mistakes,
        training,
        threads: arguments.engine.threads(),
        limits: Limits::default(),
    })
}

/// The scores that were kept, where they are and as the arguments say.
fn cache(arguments: &CacheArguments, text: Text) -> Result<Option<Cache>, Failed> {
    match (arguments.no_cache, &arguments.file) {
        (true, _) => Ok(None),
        (false, Some(path)) => Ok(Some(Cache::open(path)?)),
        (false, None) => {
            // A folder that cannot be written costs time alone.
            let cache = default_cache().map(Cache::open).transpose();
            Ok(cache.unwrap_or_else(|error| {
                eprintln!("deepscreen: {}", text.no_cache(&error));
                None
            }))
        }
    }
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
