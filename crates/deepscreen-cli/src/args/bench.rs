//! The arguments of `deepscreen bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use deepscreen_eval::degrade::Degradation;

use super::{DetectorArguments, EngineArguments};
use crate::bare::ModelArguments;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,

    #[command(flatten)]
    pub(crate) compare: CompareArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Fit a model's calibration and thresholds to labelled pictures, and write them into its model.toml
    Calibrate(CalibrateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Folders with real and fake below them, lists (CSV, JSON), DeepfakeBench's JSON, or folders of images and masks
    #[arg(value_name = "DATASET", required_unless_present = "scores")]
    pub(crate) datasets: Vec<PathBuf>,

    /// Scores from elsewhere in place of models: CSV with path, label, perhaps group and video, and a column a detector
    #[arg(long, value_name = "FILE", conflicts_with = "datasets")]
    pub(crate) scores: Option<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = BenchFormat::Table)]
    pub(crate) format: BenchFormat,

    /// Write everything into this folder: page, plots, tables, scores
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,

    /// Degrade the pictures of both classes alike: clean, web, hard, social, screenshot, jpeg:60, webp:80, resize:0.5, blur:1,
    /// noise:8, crop:0.6, and chains such as crop:0.6+web
    #[arg(long, value_name = "DEGRADATION", value_delimiter = ',', default_value = "clean")]
    pub(crate) degrade: Vec<Degradation>,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,

    /// What the detectors were trained on, to warn of pictures that are in both: PDQ hashes one a line, or a data set
    #[arg(long, value_name = "PATH")]
    pub(crate) training: Option<PathBuf>,

    /// The false-alarm rate whose threshold is taken from each model's card; 0.01 means 1 %
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, conflicts_with = "threshold")]
    pub(crate) max_fpr: f64,

    /// A threshold for all detectors, in place of those of their cards; for scores 0.5 by default
    #[arg(long, value_name = "SCORE")]
    pub(crate) threshold: Option<f64>,

    /// How many times pictures are drawn for a confidence interval
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) resamples: u32,

    /// The share of drawn values that a confidence interval holds
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub(crate) confidence: f64,

    /// The seed of what is drawn, of noise and of folds: the same one gives the same figures
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// How many of the worst mistakes of each class are listed
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) mistakes: usize,

    #[command(flatten)]
    pub(crate) detectors: DetectorArguments,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    #[command(flatten)]
    pub(crate) cache: CacheArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// Folders with real and fake below them, or lists; pictures that the model has never seen
    #[arg(value_name = "DATASET", required = true)]
    pub(crate) datasets: Vec<PathBuf>,

    /// The model: its name, its folder, or an .onnx
    #[arg(long = "model", value_name = "ID|PATH", default_value = "ai-image")]
    pub(crate) model_path: PathBuf,

    /// Write a folder with the weights and the new model.toml, and leave the model as it is
    #[arg(long = "out", value_name = "FOLDER")]
    pub(crate) out_folder: Option<PathBuf>,

    /// Degradations that the pictures go through, and that the fit is of together
    #[arg(long, value_name = "DEGRADATION", value_delimiter = ',', default_value = "clean")]
    pub(crate) degrade: Vec<Degradation>,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,

    #[command(flatten)]
    pub(crate) model: ModelArguments,

    /// A network that finds faces (YuNet, Ultra-Light, BlazeFace), for models that look at faces
    #[arg(long, value_name = "PATH")]
    pub(crate) faces: Option<PathBuf>,

    /// Load models of others without trying them in a process of their own first
    #[arg(long)]
    pub(crate) trust_models: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    #[command(flatten)]
    pub(crate) cache: CacheArguments,
}

/// How data sets are read.
#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// The folder that relative paths of lists begin at; by default that of the list
    #[arg(long, value_name = "FOLDER")]
    pub(crate) root: Option<PathBuf>,

    /// The split of DeepfakeBench's JSON: train, val, test, or all
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub(crate) split: String,

    /// The compression of FaceForensics++ in DeepfakeBench's JSON: raw, c23, c40, or all
    #[arg(long, value_name = "NAME", default_value = "c23")]
    pub(crate) compression: String,
}

/// Where scores are kept for the next time.
#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    /// Where scores are kept, so that a rerun is instant; by default in the user's cache folder
    #[arg(long = "cache", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Keep no scores, and use none that were kept
    #[arg(long, conflicts_with = "file")]
    pub(crate) no_cache: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchFormat {
    /// For a person
    Table,
    /// The whole report
    Json,
    /// One row for each figure
    Csv,
    /// A page that needs nothing beside it
    Html,
}
