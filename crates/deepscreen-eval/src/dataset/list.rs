//! Lists of pictures: CSV with a line of names, and JSON arrays of objects with the same names.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use deepscreen::{Error, ErrorKind, Result};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::collector::Collector;
use super::{Dataset, FaultKind, Item, Layout, Options, deepfakebench};
use crate::Truth;
use crate::fault::Place;
use crate::table::{self, Columns, PATH};

/// A picture as a list says it, nothing checked. Empty is absent.
#[derive(Default)]
struct Entry {
    path: Option<String>,
    label: Option<String>,
    group: Option<String>,
    video: Option<String>,
    mask: Option<String>,
}

impl Entry {
    fn add_to(self, all: &mut Collector, root: &Path, place: Place) {
        let Some(path) = self.path else {
            return all.fault(FaultKind::Malformed, &place, "no path");
        };
        let place = place.with_path(&path);
        let truth = match (self.label, &self.mask) {
            (Some(label), _) => match Truth::parse(&label) {
                Some(truth) => truth,
                None => return all.fault(FaultKind::UnknownLabel, &place, format!("the label is {label:?}")),
            },
            (None, Some(_)) => Truth::Fake,
            (None, None) => return all.fault(FaultKind::UnknownLabel, &place, "no label"),
        };
        let path = located(root, &path);
        let mask = self.mask.map(|mask| located(root, &mask));
        all.add(place, Item { path, truth, group: self.group, video: self.video, mask });
    }
}

/// Where a path of a list lies. Lists that were made on Windows have backslashes.
pub(super) fn located(root: &Path, path: &str) -> PathBuf {
    if cfg!(not(windows)) && path.contains('\\') && !path.contains('/') {
        root.join(path.replace('\\', "/"))
    } else {
        root.join(path)
    }
}

pub(super) fn read_csv(path: &Path, root: &Path) -> Result<Dataset> {
    struct State {
        all: Collector,
        places: [Option<usize>; 5],
    }
    let begin = |columns: Columns| {
        let places =
            [&PATH[..], &["label"], &["group"], &["video"], &["mask"]].map(|names| columns.find(names));
        if places[0].is_none() || (places[1].is_none() && places[4].is_none()) {
            let message = format!(
                "line 1: a list needs a column path (or {}) and a column label or mask; its columns are {}",
                PATH[1..].join(", "),
                columns.written.join(", ")
            );
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        Ok(State { all: Collector::new(), places })
    };
    let state = table::read(path, begin, |state, line, row| match row {
        Err(message) => state.all.fault(FaultKind::Malformed, &Place::line(line), message),
        Ok(row) => {
            let value =
                |place: Option<usize>| row.get(place?).filter(|value| !value.is_empty()).map(str::to_owned);
            let [path, label, group, video, mask] = state.places.map(value);
            Entry { path, label, group, video, mask }.add_to(&mut state.all, root, Place::line(line));
        }
    })?;
    Ok(state.all.finish(Layout::Csv))
}

pub(super) fn read_json(path: &Path, root: &Path, options: &Options) -> Result<Dataset> {
    let unreadable = |error: std::io::Error| {
        Error::new(ErrorKind::Unreadable, "cannot be read").because(error).about(path.display())
    };
    let file = File::open(path).map_err(unreadable)?;
    let lines = Cell::new(1);
    let reader = Counted { inner: BufReader::new(file), lines: &lines };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let mut all = Collector::new();
    let top = Top { all: &mut all, root, options, lines: &lines };
    let layout = serde::Deserializer::deserialize_any(&mut json, top).and_then(|layout| {
        json.end()?;
        Ok(layout)
    });
    match layout {
        Ok(layout) => Ok(all.finish(layout)),
        Err(error) if error.is_io() => Err(unreadable(error.into())),
        Err(error) => {
            // The error names its line and column itself.
            let message = "is neither an array of pictures nor a data set of DeepfakeBench";
            Err(Error::new(ErrorKind::InvalidConfig, message).because(error).about(path.display()))
        }
    }
}

/// The list itself: its elements are taken in as they are read, so that each has a line.
struct Top<'a> {
    all: &'a mut Collector,
    root: &'a Path,
    options: &'a Options,
    lines: &'a Cell<u64>,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Layout;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Layout, A::Error> {
        while let Some(element) = elements.next_element::<Value>()? {
            // Of an entry of several lines, the one on which it ends.
            let place = Place::line(self.lines.get());
            match entry(element) {
                Ok(entry) => entry.add_to(self.all, self.root, place),
                Err(message) => self.all.fault(FaultKind::Malformed, &place, message),
            }
        }
        Ok(Layout::Json)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut sets: A) -> Result<Layout, A::Error> {
        while let Some((name, set)) = sets.next_entry::<String, Value>()? {
            deepfakebench::add(&name, &set, self.root, self.options, self.all);
        }
        Ok(Layout::DeepfakeBench)
    }
}

fn entry(element: Value) -> Result<Entry, String> {
    let Value::Object(fields) = element else {
        return Err("an entry that is no object".into());
    };
    Ok(Entry {
        path: text(&fields, &PATH)?,
        label: text(&fields, &["label"])?,
        group: text(&fields, &["group"])?,
        video: text(&fields, &["video"])?,
        mask: text(&fields, &["mask"])?,
    })
}

/// A text or a number; a label may be either.
fn text(fields: &Map<String, Value>, names: &[&str]) -> Result<Option<String>, String> {
    let Some((name, value)) = names.iter().find_map(|name| Some((name, fields.get(*name)?))) else {
        return Ok(None);
    };
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(format!("{name} is neither a text nor a number")),
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
