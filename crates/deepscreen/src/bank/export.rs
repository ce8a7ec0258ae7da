//! A bank as a list: CSV, JSON, and the lines that PDQ's tools and python-threatexchange read.

use std::io::{self, Write};
use std::str::FromStr;

use serde::Serialize;

use super::{Bank, Entry};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::EntryLabel;

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// A line of names, then an entry a line: everything but kept files.
    Csv,
    /// An array with an object a line: everything but kept files.
    Json,
    /// `HASH,QUALITY,FILE`, as PDQ's own tools read and write: entries with a PDQ hash only.
    Pdq,
    /// `pdq HASH`, as python-threatexchange reads in a file of signals: entries with a PDQ hash only.
    ThreatExchange,
}

impl ExportFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Pdq, Self::ThreatExchange];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdq => "pdq",
            Self::ThreatExchange => "threatexchange",
        }
    }

    /// Whether the list says what each entry is; without that, a list is of one label.
    pub const fn has_labels(self) -> bool {
        matches!(self, Self::Csv | Self::Json)
    }
}

impl FromStr for ExportFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::InvalidConfig, format!("no format of lists: {names} are")).about(name)
        })
    }
}

/// An entry by the names that lists have.
#[derive(Serialize)]
struct Line<'a> {
    label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pdq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pdq_quality: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dhash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ahash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_at: Option<&'a str>,
}

impl<'a> From<&'a Entry> for Line<'a> {
    fn from(entry: &'a Entry) -> Self {
        let hash64 = |hash: Option<crate::hash::Hash64>| hash.map(|hash| hash.to_string());
        Self {
            label: entry.label.code(),
            sha256: entry.sha256.map(|sha256| crate::hex(&sha256)),
            pdq: entry.pdq.map(|pdq| pdq.to_string()),
            pdq_quality: entry.pdq_quality,
            phash: hash64(entry.phash),
            dhash: hash64(entry.dhash),
            ahash: hash64(entry.ahash),
            name: entry.name.as_deref(),
            source: entry.source.as_deref(),
            note: entry.note.as_deref(),
            link: entry.link.as_deref(),
            added_at: entry.added_at.as_deref(),
        }
    }
}

impl Line<'_> {
    const NAMES: [&'static str; 12] = [
        "label",
        "sha256",
        "pdq",
        "pdq_quality",
        "phash",
        "dhash",
        "ahash",
        "name",
        "source",
        "note",
        "link",
        "added_at",
    ];

    fn cells(&self) -> [String; 12] {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let hash = |hash: &Option<String>| hash.clone().unwrap_or_default();
        [
            self.label.to_owned(),
            hash(&self.sha256),
            hash(&self.pdq),
            self.pdq_quality.map(|quality| quality.to_string()).unwrap_or_default(),
            hash(&self.phash),
            hash(&self.dhash),
            hash(&self.ahash),
            text(self.name),
            text(self.source),
            text(self.note),
            text(self.link),
            text(self.added_at),
        ]
    }
}

impl Bank {
    /// Writes a list of the entries, of one label where it is given, in the order of their numbers. Gives how many were
    /// written.
    ///
    /// # Errors
    /// Those of reading, and [`Unreadable`](ErrorKind::Unreadable) where `out` cannot be written.
    pub fn export(&self, format: ExportFormat, label: Option<EntryLabel>, out: impl Write) -> Result<u64> {
        let mut list = List { format, out, written: 0 };
        let failed = |error| Error::new(ErrorKind::Unreadable, "the list cannot be written").because(error);
        list.begin().map_err(failed)?;
        self.for_each(|_, entry| match label {
            Some(label) if label != entry.label => Ok(()),
            _ => list.put(&entry).map_err(failed),
        })?;
        list.end().map_err(failed)?;
        Ok(list.written)
    }
}

struct List<W> {
    format: ExportFormat,
    out: W,
    written: u64,
}

impl<W: Write> List<W> {
    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            ExportFormat::Csv => self.row(&Line::NAMES),
            ExportFormat::Json => self.out.write_all(b"["),
            ExportFormat::Pdq | ExportFormat::ThreatExchange => Ok(()),
        }
    }

    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match (self.format, &entry.pdq) {
            (ExportFormat::Csv, _) => self.row(&Line::from(entry).cells())?,
            (ExportFormat::Json, _) => {
                self.out.write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut self.out, &Line::from(entry))?;
            }
            (ExportFormat::Pdq | ExportFormat::ThreatExchange, None) => return Ok(()),
            (ExportFormat::Pdq, Some(pdq)) => {
                let quality = entry.pdq_quality.map(|quality| quality.to_string()).unwrap_or_default();
                let name = entry.name.as_deref().unwrap_or_default().replace(['\n', '\r'], " ");
                writeln!(self.out, "{pdq},{quality},{name}")?;
            }
            (ExportFormat::ThreatExchange, Some(pdq)) => writeln!(self.out, "pdq {pdq}")?,
        }
        self.written += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.format == ExportFormat::Json {
            self.out.write_all(b"\n]\n")?;
        }
        self.out.flush()
    }

    fn row(&mut self, cells: &[impl AsRef<[u8]>]) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        writer.write_record(cells)?;
        writer.flush()
    }
}
