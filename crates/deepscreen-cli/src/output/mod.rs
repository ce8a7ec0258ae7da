//! Screenings in, what the user asked to see out: a table or a page for a person, JSON lines, CSV or SARIF for a program.

mod csv;
pub(crate) mod page;
pub(crate) mod sarif;
mod table;

use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::PathBuf;

use deepscreen::store::Stored;
use deepscreen::{Screening, Summary};

use crate::args::{ResultsArguments, ResultsFormat, ScanArguments, ScanFormat};
use crate::text::Text;
use crate::{Failed, Outcome};

pub(crate) use csv::{HashRows, path_cell};
pub(crate) use table::{cause, escape};

/// Where results go: the terminal with its colours, a pipe, a file.
pub(crate) type Sink = Box<dyn Write>;

/// Standard output, or the file that the user names.
pub(crate) fn sink(out: Option<&PathBuf>) -> Result<Sink, Failed> {
    let Some(path) = out else {
        // Strips the colours where they are not wanted: no terminal, NO_COLOR, TERM=dumb.
        return Ok(Box::new(anstream::AutoStream::auto(std::io::stdout())));
    };
    let file = File::create(path).map_err(|error| {
        let error =
            deepscreen::Error::new(deepscreen::ErrorKind::Unreadable, "cannot be written").because(error);
        error.about(path.display())
    })?;
    // Line by line, so that what an interrupted scan found is there.
    let lines: Sink = Box::new(LineWriter::new(file));
    Ok(Box::new(anstream::StripStream::new(lines)))
}

/// Refuses to write the report over the store that it comes from or goes into.
pub(crate) fn check_apart(out: Option<&PathBuf>, store: Option<&PathBuf>, text: Text) -> Result<(), Failed> {
    let (Some(out), Some(store)) = (out, store) else { return Ok(()) };
    let place = |path: &PathBuf| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    if place(out) == place(store) { Err(Failed::Message(text.out_is_the_store(out))) } else { Ok(()) }
}

/// Prints something whole.
pub(crate) fn print(bytes: &[u8]) -> Result<Outcome, Failed> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(Outcome::Done)
}

/// What the library has just written.
fn record(screening: &Screening, text: Text) -> serde_json::Value {
    serde_json::from_str(&screening.to_json(text.language())).unwrap_or_default()
}

/// What was written when it was found.
fn stored_record(stored: &Stored, text: Text) -> serde_json::Value {
    serde_json::from_str(&stored.to_json(text.language())).unwrap_or_default()
}

/// The report of a scan, as it grows.
pub(crate) enum Report {
    Table(table::Table),
    Jsonl { out: Sink, text: Text },
    Csv(csv::ScanRows),
    Html(Box<page::Gallery>, Text),
    Sarif(sarif::Results, Text),
}

impl Report {
    pub(crate) fn open(arguments: &ScanArguments, paths: &[PathBuf], text: Text) -> Result<Self, Failed> {
        let out = || sink(arguments.out.as_ref());
        Ok(match arguments.format {
            ScanFormat::Table => Self::Table(table::Table::new(out()?, &arguments.paths, paths, text)),
            ScanFormat::Jsonl => Self::Jsonl { out: out()?, text },
            ScanFormat::Csv => Self::Csv(csv::ScanRows::new(out()?)?),
            ScanFormat::Html => {
                let page = page::Page::create(arguments.out.as_deref(), &arguments.paths, text)?;
                Self::Html(Box::new(page::Gallery::new(page, arguments.engine.threads())?), text)
            }
            ScanFormat::Sarif => Self::Sarif(sarif::Results::new(out()?, text)?, text),
        })
    }

    /// The report of results out of a store.
    pub(crate) fn of_results(arguments: &ResultsArguments, text: Text) -> Result<Self, Failed> {
        let out = || sink(arguments.out.as_ref());
        Ok(match arguments.format {
            ResultsFormat::Table => Self::Table(table::Table::of_results(out()?, text)),
            ResultsFormat::Jsonl => Self::Jsonl { out: out()?, text },
            ResultsFormat::Csv => Self::Csv(csv::ScanRows::new(out()?)?),
            ResultsFormat::Html => {
                let store = std::slice::from_ref(&arguments.store);
                let page = page::Page::create(arguments.out.as_deref(), store, text)?;
                Self::Html(Box::new(page::Gallery::new(page, 0)?), text)
            }
            ResultsFormat::Sarif => Self::Sarif(sarif::Results::new(out()?, text)?, text),
        })
    }

    pub(crate) fn add(&mut self, screening: &Screening) -> Result<(), Failed> {
        match self {
            Self::Table(table) => table.add(screening),
            Self::Jsonl { out, text } => Ok(writeln!(out, "{}", screening.to_json(text.language()))?),
            Self::Csv(rows) => rows.add(screening),
            Self::Html(page, text) => page.add(page::Input::of(screening, *text)),
            Self::Sarif(results, text) => {
                results.add(&record(screening, *text), screening.input.path.as_deref())
            }
        }
    }

    /// Adds what is known already, as it was added when it was found.
    pub(crate) fn add_stored(&mut self, stored: &Stored) -> Result<(), Failed> {
        match self {
            Self::Table(table) => table.add_stored(stored),
            Self::Jsonl { out, text } => Ok(writeln!(out, "{}", stored.to_json(text.language()))?),
            Self::Csv(rows) => rows.add_stored(stored),
            Self::Html(page, text) => page.add(page::Input::of_stored(stored, *text)),
            Self::Sarif(results, text) => results.add(&stored_record(stored, *text), Some(stored.path())),
        }
    }

    /// Writes out what waits to be written.
    pub(crate) fn flush(&mut self) -> Result<(), Failed> {
        match self {
            Self::Table(table) => table.flush(),
            Self::Jsonl { out, .. } => Ok(out.flush()?),
            Self::Csv(rows) => rows.flush(),
            Self::Html(..) | Self::Sarif(..) => Ok(()),
        }
    }

    /// The last line. A person who reads no table gets it on standard error.
    pub(crate) fn finish(self, summary: &Summary, last: &str) -> Result<(), Failed> {
        match self {
            Self::Table(table) => table.finish(summary, last),
            Self::Jsonl { mut out, .. } => {
                eprintln!("{last}");
                Ok(out.flush()?)
            }
            Self::Csv(mut rows) => rows.flush(),
            Self::Html(page, _) => {
                eprintln!("{last}");
                // Of results out of a store, nobody measured how long they took.
                page.finish(Some(summary.elapsed).filter(|elapsed| !elapsed.is_zero()))
            }
            Self::Sarif(results, _) => {
                eprintln!("{last}");
                results.finish()
            }
        }
    }
}
