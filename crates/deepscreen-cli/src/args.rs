//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use deepscreen::{EngineChoice, EngineOptions, Language};

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
    /// Show everything found about one file
    Inspect(InspectArguments),
    /// Print SHA-256, PDQ with its quality, and the img_hash family
    Hash(HashArguments),
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
    pub(crate) engine: EngineArguments,

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
        /// The folder: model.toml, or an export with config.json, and the weights
        #[arg(value_name = "PATH")]
        folder: PathBuf,

        /// Its name after --model; by default that of the folder
        #[arg(long, value_name = "ID")]
        id: Option<String>,

        /// Replace the model that has the name
        #[arg(long)]
        force: bool,

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
        engine: EngineArguments,
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
    pub(crate) engine: EngineArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
}

/// What a verdict depends on.
#[derive(Debug, Args)]
pub(crate) struct JudgingArguments {
    /// A model by its name, or the folder of one; may be repeated
    #[arg(long = "model", value_name = "ID|PATH", default_value = "ai-image")]
    pub(crate) models: Vec<PathBuf>,

    /// A policy file (TOML) in place of the default
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// The share of photographs that may be flagged by mistake; 0.01 means 1 %
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_fpr: Option<f64>,
}

/// What models run on.
#[derive(Debug, Args)]
pub(crate) struct EngineArguments {
    /// What runs the models: ONNX Runtime is faster, rten is always there
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = engine())]
    pub(crate) engine: EngineChoice,

    /// The ONNX Runtime library to use, instead of looking for one
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// How many threads work; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

impl EngineArguments {
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or(0, usize::from)
    }

    pub(crate) fn options(&self) -> EngineOptions {
        let options = EngineOptions::default().with_choice(self.engine).with_threads(self.threads());
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

fn language() -> impl clap::builder::TypedValueParser<Value = Language> {
    PossibleValuesParser::new(["en", "vi"]).map(|code| Language::from_code(&code).unwrap_or_default())
}

fn engine() -> impl clap::builder::TypedValueParser<Value = EngineChoice> {
    PossibleValuesParser::new(["auto", "onnxruntime", "rten"]).try_map(|name| name.parse())
}
