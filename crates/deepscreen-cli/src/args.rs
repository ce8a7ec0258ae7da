//! The command line, as clap reads it.

mod bank;
mod bench;
mod results;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use deepscreen::{EngineChoice, EngineOptions, Language, Limits, Provider};

use crate::bare::ModelArguments;

pub(crate) use bank::{AddArguments, BankArguments, BankCommand, MatchArguments, MatchFormat};
pub(crate) use bench::{
    BenchArguments, BenchCommand, BenchFormat, CacheArguments, CalibrateArguments, CompareArguments,
    ReadingArguments,
};

pub(crate) use results::{ResultsArguments, ResultsFormat};

/// Screens images for AI generation and manipulation
#[derive(Debug, Parser)]
#[command(name = "deepscreen", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Language of what a person reads; by default that of the environment
    #[arg(long, global = true, value_name = "en|vi", value_parser = language(), hide_possible_values = true)]
    pub(crate) lang: Option<Language>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Screen files and folders: one line or one record for each input
    Scan(ScanArguments),
    /// List, filter and count the results of scans that were stored
    Results(ResultsArguments),
    /// Show everything found about one file
    Inspect(InspectArguments),
    /// Print SHA-256, PDQ with its quality, and the img_hash family
    Hash(HashArguments),
    /// Keep known fakes and verified originals, and look pictures up
    Bank(BankArguments),
    /// Compare detectors on labelled pictures
    Bench(Box<BenchArguments>),
    /// List and check the models
    Models(ModelsArguments),
    /// Say which engine runs and why, and what this build can read
    Doctor(DoctorArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
    /// Load a model and run it once, for the parent process
    #[command(hide = true)]
    Trial(TrialArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// Files, folders, or `-` for a list on standard input, one path a line
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = ScanFormat::Table)]
    pub(crate) format: ScanFormat,

    /// Write the results to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) judging: JudgingArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    /// Find near-duplicates first: near copies take over the scores of the first, and each picture names its group
    #[arg(long)]
    pub(crate) group: bool,

    /// Keep the results in this file: an interrupted scan goes on, and unchanged or moved files are not screened again
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,

    /// When all is looked at, wait for files that come or change, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,

    /// How long to wait for another scan that has the store
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "store")]
    pub(crate) store_wait: u64,

    /// Exit with status 1 if a picture comes out so; may be repeated
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CONDITION")]
    pub(crate) fail_on: Vec<FailOn>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,

    /// What to print
    #[arg(long, value_enum, default_value_t = InspectFormat::Text)]
    pub(crate) format: InspectFormat,

    #[command(flatten)]
    pub(crate) judging: JudgingArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

#[derive(Debug, Args)]
pub(crate) struct HashArguments {
    /// Files, folders, or `-` for a list on standard input, one path a line
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = HashFormat::Text)]
    pub(crate) format: HashFormat,

    /// How many threads work; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

/// The contract comes on standard input.
#[derive(Debug, Args)]
pub(crate) struct TrialArguments {
    /// The folder of the weights
    pub(crate) folder: PathBuf,

    /// The path is a network that finds faces, and nothing comes on standard input
    #[arg(long)]
    pub(crate) finds_faces: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArguments {
    #[command(subcommand)]
    pub(crate) command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models: those inside of the program, those added, and those that can be fetched
    List,
    /// Copy a model's folder to where --model finds it by name
    Add {
        /// The folder: model.toml, or an export with config.json, and the weights; or an .onnx
        #[arg(value_name = "PATH")]
        folder: PathBuf,

        /// Its name after --model; by default that of the folder
        #[arg(long, value_name = "ID")]
        id: Option<String>,

        /// Replace the model that has the name
        #[arg(long)]
        force: bool,

        #[command(flatten)]
        model: ModelArguments,

        #[command(flatten)]
        engine: EngineArguments,
    },
    /// Fetch a public model: the only command that uses the network
    #[cfg(feature = "pull")]
    Pull(PullArguments),
    /// Delete a model that was added or fetched
    Remove {
        /// The model's name
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Check a model's contract, checksum and network, and run it once
    Verify {
        /// Models by name, or their folders; by default all that are here
        #[arg(value_name = "ID|PATH")]
        models: Vec<PathBuf>,

        #[command(flatten)]
        model: ModelArguments,

        #[command(flatten)]
        engine: EngineArguments,
    },
    /// Show what a model takes and gives, and what its contract says; nothing is run
    Inspect {
        /// A model by its name, its folder, or an .onnx
        #[arg(value_name = "ID|PATH")]
        path: PathBuf,

        #[command(flatten)]
        model: ModelArguments,
    },
}

#[cfg(feature = "pull")]
#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The model's name
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// A catalogue (TOML) in place of the one inside of the program
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// Replace the model that has the name
    #[arg(long)]
    pub(crate) force: bool,

    /// How long to wait for a silent server
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,

    #[command(flatten)]
    pub(crate) model: ModelArguments,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

/// Which detectors look at pictures.
#[derive(Clone, Debug, Args)]
pub(crate) struct DetectorArguments {
    /// A model by its name, the folder of one (model.toml, or a Hugging Face export), or an .onnx; may be repeated
    #[arg(long = "model", value_name = "ID|PATH", default_value = "ai-image")]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) model: ModelArguments,

    /// A network that finds faces (YuNet, Ultra-Light, BlazeFace), for models that look at faces
    #[arg(long, value_name = "PATH")]
    pub(crate) faces: Option<PathBuf>,

    /// Load models of others without trying them in a process of their own first
    #[arg(long)]
    pub(crate) trust_models: bool,
}

/// What a verdict depends on.
#[derive(Clone, Debug, Args)]
pub(crate) struct JudgingArguments {
    #[command(flatten)]
    pub(crate) detectors: DetectorArguments,

    /// Look at N variants of each picture too (re-encoded, resized, cropped): a verdict that flips goes to review
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=8))]
    pub(crate) stability: u8,

    /// Write heat maps into this folder, as PNG; a model that gives none but looks at windows is asked window for window
    #[arg(long, value_name = "FOLDER")]
    pub(crate) heat_maps: Option<PathBuf>,

    /// Signers of Content Credentials (C2PA) to trust: certificates in PEM. By default nobody is trusted
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_anchors: Option<PathBuf>,

    /// A bank of known fakes and verified originals; may be repeated
    #[arg(long = "bank", value_name = "FILE")]
    pub(crate) banks: Vec<PathBuf>,

    /// Find pictures in banks that were turned or mirrored, too
    #[arg(long)]
    pub(crate) bank_transforms: bool,

    /// A policy file (TOML) in place of the default
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// The share of photographs that may be flagged by mistake; 0.01 means 1 %
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_fpr: Option<f64>,
}

/// What one file may cost.
#[derive(Clone, Debug, Args)]
pub(crate) struct LimitArguments {
    /// How long one file may take; a file that takes longer is one failure
    #[arg(long = "timeout", value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    max_time: Duration,

    /// Look at files in processes of their own, for those of people who mean harm: one that hangs, dies or takes too much memory is ended
    #[arg(long)]
    pub(crate) isolate: bool,

    /// How much memory such a process may take for its pictures, in MiB (on Linux)
    #[arg(long, value_name = "MIB", default_value_t = 2048, requires = "isolate", value_parser = clap::value_parser!(u64).range(64..=1 << 30))]
    max_memory: u64,

    /// Be such a process
    #[arg(long, hide = true)]
    pub(crate) worker: bool,
}

impl LimitArguments {
    pub(crate) fn limits(&self) -> Limits {
        Limits::default().with_max_time(self.max_time).with_max_memory(self.max_memory << 20)
    }
}

/// What models run on.
#[derive(Clone, Debug, Args)]
pub(crate) struct EngineArguments {
    /// What runs the models: ONNX Runtime is faster, rten is always there
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = engine())]
    pub(crate) engine: EngineChoice,

    /// The ONNX Runtime library to use, instead of looking for one
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// What ONNX Runtime computes on: cpu, cuda, coreml, directml; where it cannot, the processor does, and it is said
    #[arg(long, value_name = "PROVIDER", default_value = "cpu", value_parser = provider(), hide_possible_values = true)]
    pub(crate) provider: Provider,

    /// How many threads work; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

impl EngineArguments {
    /// The same choice as flags of another process.
    pub(crate) fn as_flags(&self) -> Vec<std::ffi::OsString> {
        let engine = match self.engine {
            EngineChoice::OnnxRuntime => "onnxruntime",
            EngineChoice::Rten => "rten",
            _ => "auto",
        };
        let mut flags: Vec<std::ffi::OsString> =
            ["--engine", engine, "--provider", self.provider.name()].map(Into::into).into();
        if let Some(path) = &self.onnxruntime {
            flags.extend(["--onnxruntime".into(), path.into()]);
        }
        flags
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or(0, usize::from)
    }

    pub(crate) fn options(&self) -> EngineOptions {
        let options = EngineOptions::default()
            .with_choice(self.engine)
            .with_provider(self.provider)
            .with_threads(self.threads());
        match &self.onnxruntime {
            Some(path) => options.with_onnxruntime(path),
            None => options,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For a person: one line a picture
    Table,
    /// One JSON record a line, one for every input
    Jsonl,
    /// One row for every input
    Csv,
    /// One page for reviewers, with thumbnails and filters, that needs nothing beside it
    Html,
    /// SARIF 2.1.0, for CI systems
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    /// For a person
    Text,
    /// The record
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HashFormat {
    /// For a person
    Text,
    /// One JSON object a line
    Jsonl,
    /// One row for every input
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Likely manipulated
    Flagged,
    /// Needs review
    Review,
    /// A picture that could not be read or decoded
    Unreadable,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "a number of seconds above 0 expected".to_owned())
}

fn language() -> impl clap::builder::TypedValueParser<Value = Language> {
    PossibleValuesParser::new(["en", "vi"]).map(|code| Language::from_code(&code).unwrap_or_default())
}

fn engine() -> impl clap::builder::TypedValueParser<Value = EngineChoice> {
    PossibleValuesParser::new(["auto", "onnxruntime", "rten"]).try_map(|name| name.parse())
}

fn provider() -> impl clap::builder::TypedValueParser<Value = Provider> {
    PossibleValuesParser::new(Provider::ALL.map(Provider::name)).try_map(|name| name.parse())
}
