//! Lists of hashes into a bank: CSV, JSON, and the lines that PDQ's tools and python-threatexchange write.

use std::cell::Cell;
use std::fmt;
use std::io::{BufRead, Read};

use serde_json::{Map, Value};

use super::{Added, Bank, Entry, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::EntryLabel;
use crate::hash::{Hash64, Pdq};
use crate::unhex;

/// A line of a list has at most so many bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// What became of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Entries that are new.
    pub added: u64,
    /// Entries that were there already.
    pub known: u64,
    /// Lines that were left out: each was reported.
    pub faults: u64,
}

/// A line that was left out, and why.
#[derive(Clone, Debug)]
pub struct ListFault {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: Error,
}

impl Bank {
    /// Imports a list, all of it in one step. What a line does not say is taken from `template`: the label, the source.
    ///
    /// The form is seen from the beginning: JSON (an array, or an object a line; records of `deepscreen hash` and `scan`
    /// too), CSV with a line of names, or a hash a line, alone or as facebook/ThreatExchange writes it: `pdq HASH`
    /// (python-threatexchange), `HASH,QUALITY,FILE` and `hash=HASH,..,quality=QUALITY,filename=FILE` (`pdq-photo-hasher`).
    /// A line that is wrong is shown to `fault` and left out; the others are imported.
    ///
    /// # Errors
    /// Those of reading the list and of writing the bank: nothing is imported then.
    pub fn import(
        &self,
        mut list: impl BufRead,
        template: &Entry,
        mut fault: impl FnMut(ListFault),
    ) -> Result<Imported> {
        let start = beginning(&mut list)?;
        self.write(|writer| {
            let mut import = Import { writer, template, done: Imported::default(), fault: &mut fault };
            match start.trim_start().as_bytes().first() {
                Some(b'[') => import.array(&start, list)?,
                Some(b'{') => import.lines(&start, list, &object)?,
                _ if is_header(&start) => import.csv(&start, list)?,
                _ => import.lines(&start, list, &hash_line)?,
            }
            Ok(import.done)
        })
    }
}

/// The first line that says something, with what stands before it; of a list that says nothing for long, its start.
fn beginning(list: &mut impl BufRead) -> Result<String> {
    let mut start = Vec::new();
    loop {
        let before = start.len();
        (&mut *list).take(LONGEST_LINE).read_until(b'\n', &mut start).map_err(unreadable)?;
        let line = String::from_utf8_lossy(&start[before..]);
        let is_long = start.len() as u64 > LONGEST_LINE;
        if start.len() == before || is_long || !is_blank(line.trim_start_matches('\u{feff}')) {
            break;
        }
    }
    let start = String::from_utf8_lossy(&start).into_owned();
    Ok(start.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(start))
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unreadable, "the list cannot be read").because(error)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidBank, message)
}

/// A line of names has one that a hash goes by, and no hash.
fn is_header(start: &str) -> bool {
    let line = start.lines().rfind(|line| !is_blank(line)).unwrap_or_default();
    let mut names = line.split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase());
    names.any(|name| PDQ_NAMES.contains(&name.as_str()) || name == "sha256")
}

struct Import<'a> {
    writer: &'a Writer<'a>,
    template: &'a Entry,
    done: Imported,
    fault: &'a mut dyn FnMut(ListFault),
}

/// One line of a list, by names.
type Fields = Map<String, Value>;

impl Import<'_> {
    /// Only an entry that cannot be is a fault; what keeps a bank from being written ends the import.
    fn take(&mut self, line: u64, fields: Result<Fields>) -> Result<()> {
        let added =
            fields.and_then(|fields| entry(&fields, self.template)).and_then(|entry| self.writer.add(&entry));
        match added {
            Ok(Added::New(_)) => self.done.added += 1,
            Ok(Added::Known(_)) => self.done.known += 1,
            Err(error) if error.kind() == ErrorKind::InvalidBank => {
                self.done.faults += 1;
                (self.fault)(ListFault { line, error });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A list in which every line stands for itself.
    fn lines(
        &mut self,
        start: &str,
        mut list: impl BufRead,
        read: &dyn Fn(&str) -> Result<Fields>,
    ) -> Result<()> {
        let mut number = 0;
        let mut all = start.as_bytes().chain(&mut list);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            (&mut all).take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(unreadable)?;
            if bytes.is_empty() {
                return Ok(());
            }
            number += 1;
            if bytes.len() as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
                self.take(number, Err(invalid(format!("a line of more than {LONGEST_LINE} bytes"))))?;
                skip_line(&mut all)?;
                continue;
            }
            match std::str::from_utf8(&bytes) {
                Ok(line) if is_blank(line) => {}
                Ok(line) => self.take(number, read(line.trim()))?,
                Err(_) => self.take(number, Err(invalid("no UTF-8")))?,
            }
        }
    }

    fn csv(&mut self, start: &str, list: impl BufRead) -> Result<()> {
        let skipped = start.lines().take_while(|line| is_blank(line)).count() as u64;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(start.as_bytes().chain(list));
        let names: Vec<String> = match reader.headers() {
            Ok(names) => names.iter().map(str::to_ascii_lowercase).collect(),
            Err(error) => return Err(invalid("the line of names cannot be read").because(error)),
        };
        let mut row = csv::StringRecord::new();
        loop {
            let read = reader.read_record(&mut row);
            let line = row.position().map_or_else(|| reader.position().line(), csv::Position::line) + skipped;
            match read {
                Ok(false) => return Ok(()),
                Ok(true) if row.len() > names.len() => {
                    let message = format!("{} values for {} names", row.len(), names.len());
                    self.take(line, Err(invalid(message)))?;
                }
                Ok(true) => {
                    let pairs = names.iter().zip(row.iter()).filter(|(_, value)| !value.is_empty());
                    self.take(line, Ok(pairs.map(|(name, value)| (name.clone(), value.into())).collect()))?;
                }
                Err(error) if error.is_io_error() => {
                    return Err(Error::new(ErrorKind::Unreadable, "the list cannot be read").because(error));
                }
                Err(error) => {
                    let line = error.position().map_or(line, |position| position.line() + skipped);
                    self.take(line, Err(invalid("no line of CSV").because(error)))?;
                }
            }
        }
    }

    /// One array of objects, read as it comes.
    fn array(&mut self, start: &str, list: impl BufRead) -> Result<()> {
        let lines = Cell::new(1);
        let counted = Counted { inner: start.as_bytes().chain(list), lines: &lines };
        let mut failed = None;
        let elements = Elements { import: self, lines: &lines, failed: &mut failed };
        let mut json = serde_json::Deserializer::from_reader(counted);
        let read = serde::Deserializer::deserialize_seq(&mut json, elements).and_then(|()| json.end());
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if error.is_io() => Err(unreadable(error.into())),
            (None, Err(error)) => {
                let line = error.line() as u64;
                self.take(line, Err(invalid("no JSON, and nothing after it can be read").because(error)))
            }
            (None, Ok(())) => Ok(()),
        }
    }
}

/// The elements of an array, each taken in as soon as it is read.
struct Elements<'a, 'b> {
    import: &'a mut Import<'b>,
    lines: &'a Cell<u64>,
    /// What ends the import, which JSON's own error could not carry.
    failed: &'a mut Option<Error>,
}

impl<'de> serde::de::Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<(), A::Error> {
        while let Some(element) = elements.next_element::<Value>()? {
            if let Err(error) = self.import.take(self.lines.get(), fields_of(element)) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("the bank cannot be written"));
            }
        }
        Ok(())
    }
}

/// Counts the lines that were begun.
struct Counted<'a, R> {
    inner: R,
    lines: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let ends = buffer[..count].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.lines.set(self.lines.get() + ends);
        Ok(count)
    }
}

fn skip_line(list: &mut impl BufRead) -> Result<()> {
    let mut rest = Vec::new();
    while (&mut *list).take(LONGEST_LINE).read_until(b'\n', &mut rest).map_err(unreadable)? > 0 {
        if rest.last() == Some(&b'\n') {
            break;
        }
        rest.clear();
    }
    Ok(())
}

fn object(line: &str) -> Result<Fields> {
    let value = serde_json::from_str(line).map_err(|error| invalid("no JSON").because(error))?;
    fields_of(value)
}

/// The fields of an object, those of what it holds among them: records have hashes under `hashes` and the file under
/// `input`, a PDQ hash has its quality beside it.
fn fields_of(value: Value) -> Result<Fields> {
    let Value::Object(object) = value else { return Err(invalid("no JSON object")) };
    let mut fields = Fields::new();
    for (name, value) in object {
        match value {
            Value::Object(inner) if name == "input" || name == "hashes" => {
                fields.extend(fields_of(inner.into())?)
            }
            Value::Object(mut inner) if name == "pdq" => {
                fields.extend(inner.remove("hash").map(|hash| ("pdq".to_owned(), hash)));
                fields.extend(inner.remove("quality").map(|quality| ("pdq_quality".to_owned(), quality)));
            }
            Value::Null | Value::Object(_) => {}
            value => drop(fields.insert(name.to_ascii_lowercase(), value)),
        }
    }
    Ok(fields)
}

/// A hash, alone or as PDQ's tools and python-threatexchange write it.
fn hash_line(line: &str) -> Result<Fields> {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &str| drop(fields.insert(name.to_owned(), value.into()));
    // python-threatexchange: the type of the signal first.
    let line = match line.split_once(' ') {
        Some((kind, hash)) if !kind.contains(',') && !is_hex(kind) => {
            put("signal_type", kind);
            hash.trim()
        }
        _ => line,
    };
    let (hash, more) = line.split_once(',').unwrap_or((line, ""));
    let hash = hash.trim();
    put("pdq", hash.strip_prefix("hash=").unwrap_or(hash));
    if hash.starts_with("hash=") {
        // A name may hold commas, and stands at the end.
        let (values, name) = more.split_once("filename=").unwrap_or((more, ""));
        for (key, value) in values.split(',').filter_map(|value| value.split_once('=')) {
            put(key.trim(), value.trim());
        }
        put("filename", name);
    } else if let Some((quality, name)) = more.split_once(',') {
        put("quality", quality.trim());
        put("filename", name);
    } else if more.trim().parse::<u8>().is_ok() {
        put("quality", more.trim());
    } else {
        put("filename", more);
    }
    Ok(fields)
}

fn is_hex(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The names that a PDQ hash goes by: in this library's lists, in PDQ's own, in python-threatexchange's.
const PDQ_NAMES: [&str; 5] = ["pdq", "pdq_hash", "hash", "signal_str", "signal"];

/// An entry of what a list says of it, over what is said for all.
fn entry(fields: &Fields, template: &Entry) -> Result<Entry> {
    let text = |names: &[&str]| -> Result<Option<String>> {
        let Some((name, value)) = names.iter().find_map(|name| Some((name, fields.get(*name)?))) else {
            return Ok(None);
        };
        match value {
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Number(number) => Ok(Some(number.to_string())),
            _ => Err(invalid(format!("{name} is no text"))),
        }
    };
    if let Some(kind) = text(&["signal_type"])?
        && !kind.eq_ignore_ascii_case("pdq")
        && !kind.eq_ignore_ascii_case("hash_pdq")
    {
        return Err(invalid(format!("a signal of the type {kind:?}: only pdq can be used")));
    }
    let hash64 = |name: &str| -> Result<Option<Hash64>> {
        let Some(text) = text(&[name])? else { return Ok(None) };
        let bytes = unhex::<8>(&text).ok_or_else(|| wrong_hash(name, &text, 16))?;
        Ok(Some(Hash64(u64::from_be_bytes(bytes))))
    };
    let mut entry = template.clone();
    if let Some(label) = text(&["label"])? {
        let known = EntryLabel::ALL.map(EntryLabel::code).join(", ");
        entry.label = EntryLabel::from_code(&label)
            .ok_or_else(|| invalid(format!("the label {label:?}: {known} are those that there are")))?;
    } else if let Some(category) = text(&["category"])? {
        entry.label = match category.as_str() {
            "POSITIVE_CLASS" => template.label,
            "NEGATIVE_CLASS" => EntryLabel::Ignore,
            _ => return Err(invalid(format!("of the category {category:?}, which nobody is sure of"))),
        };
    }
    if let Some(hash) = text(&PDQ_NAMES)? {
        entry.pdq = Some(unhex(&hash).map(Pdq::from_bytes).ok_or_else(|| wrong_hash("pdq", &hash, 64))?);
    }
    if let Some(hash) = text(&["sha256"])? {
        entry.sha256 = Some(unhex(&hash).ok_or_else(|| wrong_hash("sha256", &hash, 64))?);
    }
    if let Some(quality) = text(&["pdq_quality", "quality"])? {
        let number = quality.parse().ok().filter(|quality| *quality <= 100);
        entry.pdq_quality = Some(
            number
                .ok_or_else(|| invalid(format!("the quality {quality:?}: a number of 0 to 100 expected")))?,
        );
    }
    entry.phash = hash64("phash")?;
    entry.dhash = hash64("dhash")?;
    entry.ahash = hash64("ahash")?;
    entry.name = text(&["name", "filename", "path", "file"])?.or(entry.name);
    entry.source = text(&["source", "collab"])?.or(entry.source);
    entry.note = text(&["note", "tags"])?.or(entry.note);
    entry.link = text(&["link", "url"])?.or(entry.link);
    entry.added_at = text(&["added_at"])?.or(entry.added_at);
    Ok(entry)
}

fn wrong_hash(name: &str, text: &str, digits: usize) -> Error {
    let shown: String = text.chars().take(80).collect();
    invalid(format!("{name} {shown:?}: {digits} hexadecimal digits expected, {} found", text.chars().count()))
}
