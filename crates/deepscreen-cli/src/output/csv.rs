//! One row for every input, for spreadsheets and scripts.

use csv::Writer;
use deepscreen::store::Stored;
use deepscreen::{Language, Screening};
use serde_json::Value;

use super::Sink;
use crate::Failed;

/// The columns that say what was looked at.
const INPUT: [&str; 6] = ["path", "format", "width", "height", "bytes", "sha256"];
const HASHES: [&str; 5] = ["pdq", "pdq_quality", "phash", "dhash", "ahash"];
const FAILURES: &str = "failures";
/// The first of the near-duplicates that the picture is one of.
const GROUP: &str = "group";

/// The rows of `scan --format csv`.
pub(crate) struct ScanRows(Box<Writer<Sink>>);

impl ScanRows {
    pub(crate) fn new(out: Sink) -> Result<Self, Failed> {
        let mut rows = Box::new(Writer::from_writer(out));
        let verdict = ["label", "probability", "kinds", "reasons", FAILURES];
        rows.write_record(INPUT.iter().chain(&verdict).chain(&HASHES).chain(&[GROUP])).map_err(failed)?;
        Ok(Self(rows))
    }

    pub(crate) fn add(&mut self, screening: &Screening) -> Result<(), Failed> {
        let verdict = &screening.verdict;
        let kinds: Vec<&str> = verdict.kinds.iter().map(|kind| kind.code()).collect();
        let reasons: Vec<String> = verdict.reasons.iter().map(|reason| reason.code()).collect();
        let columns = [
            verdict.label.code().to_owned(),
            verdict.probability.map_or_else(String::new, |probability| probability.get().to_string()),
            kinds.join(";"),
            reasons.join(";"),
            failures(screening),
        ];
        let group = screening.group.as_ref().map(|group| path_cell(&group.first.to_string_lossy()));
        let group = [group.unwrap_or_default()];
        let row = input(screening).into_iter().chain(columns).chain(hashes(screening)).chain(group);
        self.0.write_record(row).map_err(failed)
    }

    /// The same row, out of the record.
    pub(crate) fn add_stored(&mut self, stored: &Stored) -> Result<(), Failed> {
        let record: Value = serde_json::from_str(&stored.to_json(Language::English)).unwrap_or_default();
        let text = |pointer: &str| match record.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            // A probability of 1 is written as 1 there, and as 1.0 in the record.
            Some(value) if pointer == "/verdict/probability" => {
                value.as_f64().map_or_else(String::new, |number| number.to_string())
            }
            Some(value) => value.to_string(),
        };
        let listed = |pointer: &str, code: fn(&Value) -> Option<&str>| {
            let list = record.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(code).collect::<Vec<_>>().join(";")
        };
        let mut input = INPUT.map(|name| text(&format!("/input/{name}")));
        input[0] = path_cell(&input[0]);
        let row = input
            .into_iter()
            .chain([
                text("/verdict/label"),
                text("/verdict/probability"),
                listed("/verdict/kinds", Value::as_str),
                listed("/verdict/reasons", |reason| reason["code"].as_str()),
                listed("/failures", |failure| failure["code"].as_str()),
            ])
            .chain([text("/hashes/pdq/hash"), text("/hashes/pdq/quality")])
            .chain(["phash", "dhash", "ahash"].map(|name| text(&format!("/hashes/{name}"))))
            .chain([path_cell(&text("/group/first"))]);
        self.0.write_record(row).map_err(failed)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failed> {
        Ok(self.0.flush()?)
    }
}

/// The rows of `hash --format csv`.
pub(crate) struct HashRows(Box<Writer<Sink>>);

impl HashRows {
    pub(crate) fn new(out: Sink) -> Result<Self, Failed> {
        let mut rows = Box::new(Writer::from_writer(out));
        rows.write_record(INPUT.iter().chain(&HASHES).chain(&[FAILURES])).map_err(failed)?;
        Ok(Self(rows))
    }

    pub(crate) fn add(&mut self, screening: &Screening) -> Result<(), Failed> {
        let row = input(screening).into_iter().chain(hashes(screening)).chain([failures(screening)]);
        self.0.write_record(row).map_err(failed)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failed> {
        Ok(self.0.flush()?)
    }
}

fn input(screening: &Screening) -> [String; 6] {
    let input = &screening.input;
    let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
    [
        input.path.as_ref().map_or_else(String::new, |path| path_cell(&path.to_string_lossy())),
        input.format.map_or("", |format| format.name()).to_owned(),
        number(input.width),
        number(input.height),
        input.bytes.to_string(),
        input.sha256.clone().unwrap_or_default(),
    ]
}

/// A path as a cell. Spreadsheets take what begins with `=`, `+`, `-` or `@` for a formula, and file names are other
/// people's: with `./` before it, it names the same file and is none. (`-` is standard input.)
pub(crate) fn path_cell(path: &str) -> String {
    let formula = path != "-" && path.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("./{path}") } else { path.to_owned() }
}

fn hashes(screening: &Screening) -> [String; 5] {
    screening.hashes().map_or_else(Default::default, |hashes| {
        [
            hashes.pdq.to_string(),
            hashes.pdq_quality.to_string(),
            hashes.phash.to_string(),
            hashes.dhash.to_string(),
            hashes.ahash.to_string(),
        ]
    })
}

fn failures(screening: &Screening) -> String {
    let codes: Vec<&str> = screening.failures.iter().map(|failure| failure.kind.code()).collect();
    codes.join(";")
}

fn failed(error: csv::Error) -> Failed {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failed::Output(error),
        other => Failed::Output(std::io::Error::other(format!("{other:?}"))),
    }
}
