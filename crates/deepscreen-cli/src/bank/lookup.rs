//! `deepscreen bank match`: pictures in, what a bank knows of them out.

use std::io::Write;
use std::path::Path;

use deepscreen::{
    BankAnalyzer, Evidence, Finding, HashAnalyzer, Language, Match, MatchedBy, Screener, Screening,
};
use serde_json::Value;

use crate::args::{MatchArguments, MatchFormat};
use crate::output::{Sink, cause, escape, path_cell, sink};
use crate::text::Text;
use crate::{Failed, Outcome, inputs};

pub(super) fn run(arguments: &MatchArguments, text: Text) -> Result<Outcome, Failed> {
    let bank = BankAnalyzer::open(&arguments.bank)?.with_transforms(arguments.bank_transforms);
    let paths = inputs::collect(&arguments.paths, text)?;
    let threads = arguments.threads.map_or(0, usize::from);
    let screener = Screener::builder().analyzer(bank).analyzer(HashAnalyzer).threads(threads).build()?;
    if paths.is_empty() {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    let mut out = match arguments.format {
        MatchFormat::Text => Out::Text(sink(None)?),
        MatchFormat::Jsonl => Out::Jsonl(sink(None)?),
        MatchFormat::Csv => Out::csv(sink(None)?)?,
    };
    let (mut broken, mut matched) = (None, 0);
    let summary = screener.screen_paths(paths, |screening| {
        matched += u64::from(matches(&screening).next().is_some());
        if broken.is_none() {
            broken = out.add(&screening, text).err();
        }
    });
    match broken {
        Some(error) => return Err(error),
        None => out.flush()?,
    }
    eprintln!("{}", text.matched(summary.pictures, matched));
    Ok(Outcome::Done)
}

fn matches(screening: &Screening) -> impl Iterator<Item = &Match> {
    screening.evidence.iter().filter_map(|Evidence { finding, .. }| match finding {
        Finding::Match(found) => Some(found),
        _ => None,
    })
}

enum Out {
    Text(Sink),
    Jsonl(Sink),
    Csv(Box<csv::Writer<Sink>>),
}

impl Out {
    fn csv(out: Sink) -> Result<Self, Failed> {
        let mut rows = Box::new(csv::Writer::from_writer(out));
        let names =
            ["path", "label", "hash", "distance", "transform", "entry", "name", "origin", "link", "note"];
        rows.write_record(names).map_err(std::io::Error::from)?;
        Ok(Self::Csv(rows))
    }

    fn add(&mut self, screening: &Screening, text: Text) -> Result<(), Failed> {
        match self {
            Self::Text(out) => Ok(out.write_all(for_a_person(screening, text).as_bytes())?),
            Self::Jsonl(out) => Ok(writeln!(out, "{}", for_a_program(screening))?),
            Self::Csv(rows) => {
                for found in matches(screening) {
                    rows.write_record(row(screening, found)).map_err(std::io::Error::from)?;
                }
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failed> {
        match self {
            Self::Text(out) | Self::Jsonl(out) => out.flush()?,
            Self::Csv(rows) => rows.flush()?,
        }
        Ok(())
    }
}

fn path_of(screening: &Screening) -> String {
    screening.input.path.as_deref().unwrap_or(Path::new("-")).to_string_lossy().into_owned()
}

/// Nothing of a file that is no picture, or that nothing is known of.
fn for_a_person(screening: &Screening, text: Text) -> String {
    let mut lines: Vec<String> =
        matches(screening).map(|found| format!("  {}", text.bank_match(found))).collect();
    if lines.is_empty() {
        if !screening.is_unreadable() {
            return String::new();
        }
        lines.push(format!("  {}", cause(screening, text)));
    }
    format!("{}\n{}\n", escape(&path_of(screening)), lines.join("\n"))
}

/// The parts of the record that have to do with matches: nothing was judged.
fn for_a_program(screening: &Screening) -> Value {
    let mut record: Value = serde_json::from_str(&screening.to_json(Language::English)).unwrap_or_default();
    if let Some(record) = record.as_object_mut() {
        record.retain(|key, _| ["schema", "input", "hashes", "evidence", "failures"].contains(&key.as_str()));
    }
    record
}

fn row(screening: &Screening, found: &Match) -> [String; 10] {
    let (hash, distance, transform) = match found.by {
        MatchedBy::Pdq { distance, transform } => ("pdq", distance.to_string(), transform.code()),
        _ => ("sha256", String::new(), ""),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        path_cell(&path_of(screening)),
        found.label.code().to_owned(),
        hash.to_owned(),
        distance,
        transform.to_owned(),
        found.entry.to_string(),
        text(&found.name),
        text(&found.origin),
        text(&found.link),
        text(&found.note),
    ]
}
