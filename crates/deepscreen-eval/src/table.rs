//! A CSV file with a line of names in, its rows out, each with the line that it stands on.

use std::fs;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use deepscreen::{Error, ErrorKind, Result};

/// What separates values; the one that the line of names has most of is taken.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The names of a table's columns, in lower case and as they are written.
pub(crate) struct Columns {
    pub(crate) names: Vec<String>,
    pub(crate) written: Vec<String>,
}

impl Columns {
    /// The first column that has one of the names.
    pub(crate) fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|column| column == name))
    }
}

/// Columns that hold a picture's path.
pub(crate) const PATH: [&str; 4] = ["path", "filename", "file", "image"];

/// What is wrong with a row.
pub(crate) type Row<'a> = std::result::Result<&'a StringRecord, String>;

/// Reads a table: `begin` takes the columns, `each` takes its answer, a line's number and its row.
pub(crate) fn read<T>(
    path: &Path,
    begin: impl FnOnce(Columns) -> Result<T>,
    mut each: impl FnMut(&mut T, u64, Row<'_>),
) -> Result<T> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let begins = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let first = bytes[begins..].split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let times = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
    let separator = SEPARATORS.into_iter().max_by_key(times).unwrap_or(b',');
    let mut reader =
        ReaderBuilder::new().flexible(true).trim(csv::Trim::All).delimiter(separator).from_reader(bytes);
    let invalid = |line: u64, message: String| {
        Error::new(ErrorKind::InvalidConfig, format!("line {line}: {message}")).about(path.display())
    };
    let head_line = line_of(bytes, 1, 0);
    let written: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_owned).collect(),
        Err(error) => {
            return Err(invalid(head_line, "the names of the columns cannot be read".into()).because(error));
        }
    };
    let names: Vec<String> = written.iter().map(|name| name.to_lowercase()).collect();
    if let Some((i, name)) =
        names.iter().enumerate().find(|(i, name)| !name.is_empty() && names[..*i].contains(name))
    {
        return Err(invalid(head_line, format!("column {} is another \"{name}\"", i + 1)));
    }
    let count = names.len();
    let mut state = begin(Columns { names, written }).map_err(|error| error.about(path.display()))?;
    let mut row = StringRecord::new();
    loop {
        let before = reader.position().clone();
        let line = line_of(bytes, before.line(), before.byte() as usize);
        match reader.read_record(&mut row) {
            Ok(false) => return Ok(state),
            Ok(true) if row.len() != count => {
                each(&mut state, line, Err(format!("{} values for {count} columns", row.len())));
            }
            Ok(true) => each(&mut state, line, Ok(&row)),
            Err(error) if error.is_io_error() => return Err(unreadable(path, error)),
            Err(_) => each(&mut state, line, Err("the text is not UTF-8".into())),
        }
    }
}

/// The line of the row that begins at a byte or, since the reader passes over empty lines, after it.
fn line_of(bytes: &[u8], line: u64, at: usize) -> u64 {
    let empty = bytes[at.min(bytes.len())..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    line + empty.filter(|byte| **byte == b'\n').count() as u64
}

fn unreadable(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Unreadable, "cannot be read").because(error).about(path.display())
}
