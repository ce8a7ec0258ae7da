//! Labelled pictures or scores in, the report of a comparison as JSON out (`python/deepscreen/bench.py`).

use std::path::PathBuf;

use deepscreen::{Error, ErrorKind, Language, Settings};
use deepscreen_eval::checks::Training;
use deepscreen_eval::comparison::Comparison;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report::Trial;
use deepscreen_eval::run::Cache;
use deepscreen_eval::scores::ScoredPicture;
use deepscreen_eval::{Dataset, ScoreTable, Truth, dataset};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::errors::raise;

/// The keyword arguments of `deepscreen.bench`, which has the defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    degradations: Vec<String>,
    #[serde(default)]
    training: Option<PathBuf>,
    #[serde(default)]
    root: Option<PathBuf>,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    cache: Option<PathBuf>,
    max_fpr: f64,
    threshold: Option<f64>,
    resamples: u32,
    confidence: f64,
    seed: u64,
    mistakes: usize,
    out: Option<PathBuf>,
    language: String,
}

impl Options {
    fn read(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json)
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, error.to_string()).about("bench"))
    }

    fn reading(&self) -> dataset::Options {
        dataset::Options {
            root: self.root.clone(),
            split: self.split.clone(),
            compression: self.compression.clone(),
        }
    }

    fn comparison(&self) -> Result<Comparison, Error> {
        let open = |path| Training::open(path, &self.reading());
        let training = self.training.as_ref().map(open).transpose()?;
        Ok(Comparison {
            degradations: self.degradations.iter().map(|text| text.parse()).collect::<Result<_, _>>()?,
            max_fpr: self.max_fpr,
            threshold: self.threshold,
            bootstrap: Bootstrap { resamples: self.resamples, confidence: self.confidence, seed: self.seed },
            mistakes: self.mistakes,
            training,
            threads: self.settings.threads,
            limits: self.settings.limits.clone(),
        })
    }

    fn report(&self, trial: Trial) -> Result<String, Error> {
        let tiers = self.out.as_ref().map(|_| trial.tiers.clone()).unwrap_or_default();
        let report = trial.report()?;
        if let Some(folder) = &self.out {
            let language = Language::from_code(&self.language).ok_or_else(|| {
                Error::new(ErrorKind::InvalidConfig, "not a language: en or vi expected")
                    .about(&self.language)
            })?;
            report.write(folder, &tiers, language)?;
        }
        Ok(report.to_json())
    }
}

/// Runs detectors over data sets.
#[pyfunction]
pub(crate) fn bench_pictures(py: Python<'_>, datasets: Vec<PathBuf>, options: &str) -> PyResult<String> {
    let run = || {
        let options = Options::read(options)?;
        let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let read = |path: &PathBuf| Ok((name(path), Dataset::read(path, &options.reading())?));
        let read = datasets.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
        let nothing = || Error::new(ErrorKind::InvalidConfig, "no data set");
        let dataset = Dataset::joined(read).ok_or_else(nothing)?;
        let detectors = options.settings.detectors()?;
        let mut cache = options.cache.as_ref().map(Cache::open).transpose()?;
        let names = datasets.iter().map(|path| path.display().to_string()).collect();
        let trial = options.comparison()?.of_pictures(names, &dataset, &detectors, cache.as_mut(), || ())?;
        options.report(trial)
    };
    py.detach(run).map_err(|error: Error| raise(py, &error))
}

/// Takes scores from elsewhere: a file, or columns.
#[pyfunction]
#[pyo3(signature = (file, labels, names, columns, groups, videos, options))]
#[expect(clippy::too_many_arguments, reason = "Python's lists, each by itself")]
pub(crate) fn bench_scores(
    py: Python<'_>,
    file: Option<PathBuf>,
    labels: Vec<String>,
    names: Vec<String>,
    columns: Vec<Vec<Option<f64>>>,
    groups: Option<Vec<Option<String>>>,
    videos: Option<Vec<Option<String>>>,
    options: &str,
) -> PyResult<String> {
    let run = || {
        let options = Options::read(options)?;
        let (name, table) = match &file {
            Some(path) => (path.display().to_string(), ScoreTable::read(path)?),
            None => ("scores".to_owned(), table(&labels, names, &columns, groups, videos)?),
        };
        options.report(options.comparison()?.of_scores(name, table))
    };
    py.detach(run).map_err(|error: Error| raise(py, &error))
}

fn table(
    labels: &[String],
    detectors: Vec<String>,
    columns: &[Vec<Option<f64>>],
    groups: Option<Vec<Option<String>>>,
    videos: Option<Vec<Option<String>>>,
) -> Result<ScoreTable, Error> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidConfig, message);
    let lengths = columns.iter().map(Vec::len);
    let lengths = lengths.chain(groups.iter().map(Vec::len)).chain(videos.iter().map(Vec::len));
    if let Some(length) = lengths.into_iter().find(|length| *length != labels.len()) {
        return Err(wrong(format!("{} labels, but a list of {length} beside them", labels.len())));
    }
    let of =
        |list: &Option<Vec<Option<String>>>, place: usize| list.as_ref().and_then(|list| list[place].clone());
    let picture = |(place, label): (usize, &String)| {
        let truth = Truth::parse(label)
            .ok_or_else(|| wrong(format!("label {} is {label:?}: real or fake expected", place + 1)))?;
        let scores: Vec<Option<f64>> = columns.iter().map(|column| column[place]).collect();
        if scores.iter().flatten().any(|score| !score.is_finite()) {
            return Err(wrong(format!("a score of picture {} is no finite number", place + 1)));
        }
        let (group, video) = (of(&groups, place), of(&videos, place));
        Ok(ScoredPicture { path: (place + 1).to_string(), truth, group, video, scores })
    };
    let pictures = labels.iter().enumerate().map(picture).collect::<Result<_, _>>()?;
    Ok(ScoreTable { detectors, other_columns: Vec::new(), pictures, faults: Vec::new() })
}
