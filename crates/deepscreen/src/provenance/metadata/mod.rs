//! The bytes of a file in, the fields that tools, cameras and people left in it out, and what they say of the picture.
//!
//! Fields are read from the container's structure (JPEG segments, PNG chunks, RIFF chunks, TIFF directories, ISO boxes,
//! GIF blocks), never by searching: a string in the pixels, in a comment or behind the end of the picture proves
//! nothing. Metadata is easily added and easily stripped: it is evidence, never proof, and its absence says nothing.

mod analyzer;
mod containers;
mod exif;
mod generators;
mod iptc;
mod label;
mod source;
mod statements;
mod text;
mod thumbnail;
mod xmp;

use std::io::{Cursor, Read, Seek};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Fault, FaultKind, Statement, harmless};
use crate::media::{Format, Limits, open_file};

pub use analyzer::MetadataAnalyzer;
use source::Source;

/// Fields that are kept of one file.
const MOST_FIELDS: usize = 2000;
/// Faults that are kept of one file.
const MOST_FAULTS: usize = 32;
/// Fields and faults after which no more of a file is read.
const MOST_TO_COME: u32 = 10_000;
/// Bytes that formats are told by.
const HEAD: u64 = 4096;

/// The metadata of one file.
///
/// ```
/// use deepscreen::{Limits, Metadata};
///
/// # let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/metadata/automatic1111.png");
/// let metadata = Metadata::open(picture, &Limits::default())?;
/// assert_eq!(metadata.fields().next().map(|(name, _)| name), Some("png.text.parameters"));
/// let statement = &metadata.statements()[0];
/// assert_eq!(statement.tool.as_deref(), Some("Stable Diffusion web UI (AUTOMATIC1111)"));
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    format: Format,
    found: Collector,
    bytes_read: u64,
}

impl Metadata {
    /// Reads a file's metadata with seeks: headers and the blocks that hold metadata, and nothing of the picture.
    /// At most [`Limits::max_metadata_bytes`] of it, whatever the file's size.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable), [`Empty`](ErrorKind::Empty) and [`NotAnImage`](ErrorKind::NotAnImage).
    /// Broken metadata is no error: see [`faults`](Self::faults).
    pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        open_file(path)
            .and_then(|(file, _)| Self::read(file, limits))
            .map_err(|error| error.about(path.display()))
    }

    /// Reads the metadata of a file that is open, or that is in memory, as [`open`](Self::open) does.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn read(file: impl Read + Seek, limits: &Limits) -> Result<Self> {
        let source = Source::new(file, limits.max_metadata_bytes)?;
        if source.length() == 0 {
            return Err(Error::new(ErrorKind::Empty, "no bytes"));
        }
        let head = source.head(HEAD);
        match Format::sniff(&head) {
            Ok(format) => Self::of(source, format),
            Err(error) => Err(source.failure().unwrap_or(error)),
        }
    }

    /// Reads the metadata of bytes whose format is known already.
    fn of_bytes(bytes: &[u8], format: Format, limits: &Limits) -> Result<Self> {
        Self::of(Source::new(Cursor::new(bytes), limits.max_metadata_bytes)?, format)
    }

    fn of<R: Read + Seek>(source: Source<R>, format: Format) -> Result<Self> {
        let mut found = Collector::default();
        containers::read(&source, format, &mut found);
        let bytes_read = source.bytes_read();
        match source.failure() {
            Some(error) => Err(error),
            None => Ok(Self { format, found, bytes_read }),
        }
    }

    /// The format, sniffed from the bytes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// All fields that were read, by name and value, in the order of the file: `exif.Make`, `xmp.photoshop:Credit`,
    /// `iptc.Credit`, `png.text.parameters`, `gif.comment`. Names of EXIF are those of the standard; XMP's prefixes are
    /// the usual ones, whatever the file calls them.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.found.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What is wrong with the metadata.
    pub fn faults(&self) -> &[Fault] {
        &self.found.faults
    }

    /// What the fields say of where the picture is from: the tools that made or changed it first, then cameras, software
    /// and dates.
    pub fn statements(&self) -> Vec<Statement> {
        statements::of(&self.found.fields)
    }

    /// The small picture that EXIF holds, a JPEG; `None` where there is none.
    pub fn thumbnail(&self) -> Option<&[u8]> {
        self.found.thumbnail.as_deref()
    }

    /// Bytes of the file that were read.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

/// What the readers of blocks hand over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Collector {
    fields: Vec<(String, String)>,
    faults: Vec<Fault>,
    thumbnail: Option<Vec<u8>>,
    /// Fields and faults that came, kept or not.
    came: u32,
    /// Pieces of XML that were looked at.
    xml_events: u32,
}

impl Collector {
    /// Whether so much came that whoever wrote the file wants to keep us busy.
    fn is_full(&self) -> bool {
        self.came >= MOST_TO_COME
    }

    fn add(&mut self, name: impl Into<String>, value: String) {
        self.came += 1;
        if self.fields.len() < MOST_FIELDS {
            self.fields.push((name.into(), value));
        } else {
            self.fault("fields", FaultKind::TooLarge);
        }
    }

    /// Notes a fault, once for each place.
    fn fault(&mut self, field: &str, kind: FaultKind) {
        self.came += 1;
        if self.faults.len() >= MOST_FAULTS {
            return;
        }
        let fault = Fault { field: harmless(field), kind };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn thumbnail(&mut self, jpeg: Vec<u8>) {
        self.thumbnail.get_or_insert(jpeg);
    }
}
