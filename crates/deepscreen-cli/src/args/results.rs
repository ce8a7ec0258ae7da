//! The arguments of `deepscreen results`.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use deepscreen::store::Filter;
use deepscreen::{Label, Probability};

use crate::time;

#[derive(Debug, Args)]
pub(crate) struct ResultsArguments {
    /// The store: a file that `scan --store` wrote
    #[arg(value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// What to print
    #[arg(long, value_enum, default_value_t = ResultsFormat::Table)]
    pub(crate) format: ResultsFormat,

    /// Results with this label; may be repeated
    #[arg(long = "label", value_name = "LABEL", value_parser = label())]
    labels: Vec<Label>,

    /// Results with a reason whose code begins so: `detector`, `bank.known_fake`; may be repeated
    #[arg(long = "reason", value_name = "CODE")]
    reasons: Vec<String>,

    /// Results whose probability is at least so high, 0 to 1
    #[arg(long, value_name = "X", value_parser = probability)]
    min_probability: Option<Probability>,

    /// Results whose absolute path holds this text, or fits it where it has `*`, `?` or `[`
    #[arg(long = "path", value_name = "TEXT|GLOB")]
    path_like: Option<String>,

    /// What was screened since then: 2026-11-27, 2026-11-27T18:30 (UTC), or 90m, 12h, 7d ago
    #[arg(long, value_name = "TIME", value_parser = time::since)]
    since: Option<SystemTime>,

    /// Files that the last whole scan of their folder did not see, in place of those that it saw
    #[arg(long)]
    gone: bool,

    /// So many results at most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Count by label and by reason instead of listing
    #[arg(long)]
    pub(crate) summary: bool,

    /// Write the results to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

impl ResultsArguments {
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            labels: self.labels.clone(),
            reasons: self.reasons.clone(),
            min_probability: self.min_probability,
            path: self.path_like.clone(),
            since: self.since,
            is_gone: self.gone,
            limit: self.limit,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultsFormat {
    /// For a person: one line a picture
    Table,
    /// One JSON record a line
    Jsonl,
    /// One row a file
    Csv,
    /// One page for reviewers, with thumbnails of the files as they are now
    Html,
    /// A log that CI systems show
    Sarif,
}

fn label() -> impl TypedValueParser<Value = Label> {
    PossibleValuesParser::new(Label::ALL.map(Label::code))
        .map(|code| Label::from_code(&code).unwrap_or(Label::Inconclusive))
}

fn probability(text: &str) -> Result<Probability, String> {
    let probability =
        text.parse().ok().filter(|number| (0.0..=1.0).contains(number)).and_then(Probability::new);
    probability.ok_or_else(|| "a number from 0 to 1 expected".to_owned())
}
