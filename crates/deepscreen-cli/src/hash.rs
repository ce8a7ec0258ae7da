//! `deepscreen hash`: SHA-256, PDQ with its quality, and the img_hash family.

use std::io::Write;
use std::path::Path;

use deepscreen::{HashAnalyzer, Language, Screener, Screening};
use serde_json::Value;

use crate::args::{HashArguments, HashFormat};
use crate::output::{HashRows, Sink, cause, escape, sink};
use crate::text::Text;
use crate::{Failed, Outcome, inputs};

pub(crate) fn run(arguments: &HashArguments, text: Text) -> Result<Outcome, Failed> {
    let paths = inputs::collect(&arguments.paths, text)?;
    let threads = arguments.threads.map_or(0, usize::from);
    let screener = Screener::builder().analyzer(HashAnalyzer).threads(threads).build()?;
    if paths.is_empty() {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    let mut out = match arguments.format {
        HashFormat::Text => Out::Text(sink(None)?),
        HashFormat::Jsonl => Out::Jsonl(sink(None)?),
        HashFormat::Csv => Out::Csv(HashRows::new(sink(None)?)?),
    };
    let mut broken = None;
    screener.screen_paths(paths, |screening| {
        if broken.is_none() {
            broken = out.add(&screening, text).err();
        }
    });
    match broken {
        Some(error) => Err(error),
        None => out.flush(),
    }
}

enum Out {
    Text(Sink),
    Jsonl(Sink),
    Csv(HashRows),
}

impl Out {
    fn add(&mut self, screening: &Screening, text: Text) -> Result<(), Failed> {
        match self {
            Self::Text(out) => Ok(out.write_all(for_a_person(screening, text).as_bytes())?),
            Self::Jsonl(out) => Ok(writeln!(out, "{}", for_a_program(screening))?),
            Self::Csv(rows) => rows.add(screening),
        }
    }

    fn flush(&mut self) -> Result<Outcome, Failed> {
        match self {
            Self::Text(out) | Self::Jsonl(out) => out.flush()?,
            Self::Csv(rows) => rows.flush()?,
        }
        Ok(Outcome::Done)
    }
}

fn for_a_person(screening: &Screening, text: Text) -> String {
    let path = screening.input.path.as_deref().unwrap_or(Path::new("-")).to_string_lossy();
    let mut lines = vec![escape(&path)];
    if let Some(sha256) = &screening.input.sha256 {
        lines.push(format!("  sha256  {sha256}"));
    }
    if let Some(hashes) = screening.hashes() {
        lines.push(format!("  pdq     {}  {}", hashes.pdq, text.quality(hashes.pdq_quality)));
        lines.push(format!("  phash   {}  dhash {}  ahash {}", hashes.phash, hashes.dhash, hashes.ahash));
    }
    let cause = cause(screening, text);
    if !cause.is_empty() {
        lines.push(format!("  {cause}"));
    }
    lines.join("\n") + "\n"
}

/// The parts of the record that have to do with hashes: no verdict, since nothing was judged.
fn for_a_program(screening: &Screening) -> Value {
    let mut record: Value = serde_json::from_str(&screening.to_json(Language::English)).unwrap_or_default();
    if let Some(record) = record.as_object_mut() {
        record.retain(|key, _| ["schema", "input", "hashes", "failures"].contains(&key.as_str()));
    }
    record
}
