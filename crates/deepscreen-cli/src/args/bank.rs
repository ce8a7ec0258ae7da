//! The arguments of `deepscreen bank`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use deepscreen::EntryLabel;
use deepscreen::bank::ExportFormat;

#[derive(Debug, Args)]
pub(crate) struct BankArguments {
    #[command(subcommand)]
    pub(crate) command: BankCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BankCommand {
    /// Make an empty bank
    Create {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,

        /// In how many of 256 bits PDQ hashes may differ and still match
        #[arg(long, value_name = "BITS", default_value_t = 31, value_parser = clap::value_parser!(u8))]
        distance: u8,
    },
    /// Add pictures
    Add(AddArguments),
    /// Remove entries
    Remove {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,

        /// Numbers of entries, or the SHA-256 of their files
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
    },
    /// Add the hashes of lists: CSV, JSON, records of deepscreen, lines of PDQ's tools and of python-threatexchange
    Import {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,

        /// Lists, or `-` for standard input
        #[arg(required = true, value_name = "LIST")]
        lists: Vec<PathBuf>,

        /// What the pictures are, where a list does not say
        #[arg(long, value_name = "LABEL", default_value = "known_fake", value_parser = label())]
        label: EntryLabel,

        /// Who says so, where a list does not say
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Write the entries as a list
    Export {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,

        /// The form; pdq and threatexchange have no labels, and hold known fakes unless --label says otherwise
        #[arg(long, value_name = "FORMAT", default_value = "csv", value_parser = format())]
        format: ExportFormat,

        /// Entries with this label only
        #[arg(long, value_name = "LABEL", value_parser = label())]
        label: Option<EntryLabel>,

        /// Write the list to a file instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Look pictures up
    Match(MatchArguments),
    /// Say what is in a bank
    Stats {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,
    },
    /// Add the entries of other banks
    Merge {
        /// The bank: one file
        #[arg(value_name = "BANK")]
        bank: PathBuf,

        /// The other banks, which stay as they are
        #[arg(required = true, value_name = "OTHER")]
        others: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// The bank: one file
    #[arg(value_name = "BANK")]
    pub(crate) bank: PathBuf,

    /// Files, folders, or `-` for a list on standard input, one path a line
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What the pictures are
    #[arg(long, value_name = "LABEL", value_parser = label())]
    pub(crate) label: EntryLabel,

    /// Who says so
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,

    /// Where to read more: a debunk, or the original
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) link: Option<String>,

    /// Keep the files in the bank, so that near copies are compared with them
    #[arg(long)]
    pub(crate) keep_original: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MatchArguments {
    /// The bank: one file
    #[arg(value_name = "BANK")]
    pub(crate) bank: PathBuf,

    /// Files, folders, or `-` for a list on standard input, one path a line
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = MatchFormat::Text)]
    pub(crate) format: MatchFormat,

    /// Find pictures that were turned or mirrored, too
    #[arg(long)]
    pub(crate) bank_transforms: bool,

    /// How many threads work; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatchFormat {
    /// For a person
    Text,
    /// One JSON object a line, one for every input
    Jsonl,
    /// One row for every match
    Csv,
}

fn label() -> impl TypedValueParser<Value = EntryLabel> {
    PossibleValuesParser::new(EntryLabel::ALL.map(EntryLabel::code))
        .map(|code| EntryLabel::from_code(&code).unwrap_or(EntryLabel::Ignore))
}

fn format() -> impl TypedValueParser<Value = ExportFormat> {
    PossibleValuesParser::new(ExportFormat::ALL.map(ExportFormat::name)).try_map(|name| name.parse())
}
