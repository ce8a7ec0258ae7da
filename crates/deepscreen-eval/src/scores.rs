//! Scores from elsewhere in: a CSV with a column for each detector. Compares vendors without a model or a picture.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use deepscreen::{Error, ErrorKind, Result};

use crate::Truth;
use crate::fault::{self, Fault, FaultKind, Place};
use crate::metrics::LabelledScores;
use crate::table::{self, Columns, PATH};

/// What a score file says of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredPicture {
    /// Its path, as the file names it; nothing has to lie there.
    pub path: String,
    /// What it is.
    pub truth: Truth,
    /// The generator, source or method that it is of.
    pub group: Option<String>,
    /// The video that it is a frame of.
    pub video: Option<String>,
    /// The score of each detector, in the order of [`ScoreTable::detectors`]; `None` where there is none that can be
    /// used.
    pub scores: Vec<Option<f64>>,
}

/// A score file.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTable {
    /// The columns that hold scores.
    pub detectors: Vec<String>,
    /// Named columns without a single number, which are taken for no detector's.
    pub other_columns: Vec<String>,
    /// The pictures, each path once, in the order of the file.
    pub pictures: Vec<ScoredPicture>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// The scores of some detectors for the pictures that all of them scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Common {
    /// One a detector, all of the same pictures.
    pub scores: Vec<LabelledScores>,
    /// The places of these pictures in [`ScoreTable::pictures`].
    pub pictures: Vec<usize>,
    /// Pictures for which one of the detectors has no score: a detector that gives up on hard pictures would look
    /// better than it is, so say how many.
    pub left_out: usize,
}

impl ScoreTable {
    /// Reads a CSV with a line of names: `path` (or `filename`), `label` ([`Truth::parse`]), perhaps `group` and
    /// `video`; every other named column with numbers in it is a detector's. Higher is more fake.
    ///
    /// # Errors
    /// [`ErrorKind::Unreadable`]; [`ErrorKind::InvalidConfig`] where there is no path, no label, no column of scores,
    /// or two columns of one name. What concerns one line is among the [`faults`](Self::faults) instead.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut rows = table::read(path, Rows::new, Rows::add)?;
        let numbers: Vec<bool> = rows.numbers.clone();
        if !numbers.contains(&true) {
            let message = "no column beside the path, the label, the group and the video has a number in it";
            return Err(Error::new(ErrorKind::InvalidConfig, message).about(path.display()));
        }
        let is_detector = |column: usize| numbers[column];
        let named = |wanted: bool| {
            let columns =
                rows.columns.iter().enumerate().filter(move |(column, _)| is_detector(*column) == wanted);
            columns.map(|(_, (_, name))| name.clone()).collect()
        };
        let (detectors, other_columns) = (named(true), named(false));
        for picture in &mut rows.pictures {
            let mut column = 0..;
            picture.scores.retain(|_| column.next().is_some_and(is_detector));
        }
        let contradicted = rows.contradicted;
        let pictures = rows.pictures.into_iter().zip(contradicted);
        let pictures: Vec<_> =
            pictures.filter_map(|(picture, is_not)| (!is_not).then_some(picture)).collect();
        let mut faults: Vec<Fault> = Vec::new();
        for (column, fault) in rows.faults {
            if column.is_none_or(is_detector) {
                faults.push(fault);
            }
        }
        let fakes = pictures.iter().filter(|picture| picture.truth == Truth::Fake).count();
        if fakes == 0 || fakes == pictures.len() {
            let message = match (pictures.len(), fakes) {
                (0, _) => "no picture is left",
                (_, 0) => "all pictures are real",
                _ => "all pictures are fake",
            };
            faults.push(Fault::new(FaultKind::OneClass, message));
        }
        Ok(Self { detectors, other_columns, pictures, faults })
    }

    /// As a CSV that [`read`](Self::read) reads: `path`, `label`, `group`, `video`, a column a detector; empty where
    /// there is no score.
    pub fn to_csv(&self) -> String {
        let names = ["path", "label", "group", "video"].into_iter().map(str::to_owned);
        let mut rows = vec![names.chain(self.detectors.iter().cloned()).collect::<Vec<_>>()];
        for picture in &self.pictures {
            let (group, video) = (picture.group.clone(), picture.video.clone());
            let facts = [picture.path.clone(), picture.truth.name().to_owned()];
            let facts = facts.into_iter().chain([group, video].map(Option::unwrap_or_default));
            // The shortest text that is read back as the same number.
            let score = |score: &Option<f64>| score.map_or_else(String::new, |score| score.to_string());
            rows.push(facts.chain(picture.scores.iter().map(score)).collect());
        }
        // Writing into memory cannot fail, and every row has as many fields.
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in rows {
            let _ = writer.write_record(row);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// The scores of the detectors at these places, for the pictures that all of them scored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a place beyond the detectors.
    pub fn common(&self, detectors: &[usize]) -> Result<Common> {
        if let Some(place) = detectors.iter().find(|place| **place >= self.detectors.len()) {
            let message = format!("detector {place} of {}", self.detectors.len());
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        let mut common = Common {
            scores: vec![LabelledScores::default(); detectors.len()],
            pictures: Vec::new(),
            left_out: 0,
        };
        for (i, picture) in self.pictures.iter().enumerate() {
            let scores: Option<Vec<f64>> = detectors.iter().map(|place| picture.scores[*place]).collect();
            let Some(scores) = scores else {
                common.left_out += 1;
                continue;
            };
            for (all, score) in common.scores.iter_mut().zip(scores) {
                all.push(&picture.path, score, picture.truth)?;
            }
            common.pictures.push(i);
        }
        Ok(common)
    }

    /// How many faults of each kind there are.
    pub fn fault_counts(&self) -> BTreeMap<FaultKind, u64> {
        fault::count(&self.faults)
    }
}

/// A score file while it is read.
struct Rows {
    path: usize,
    label: usize,
    group: Option<usize>,
    video: Option<usize>,
    /// The columns that may hold scores, with their names.
    columns: Vec<(usize, String)>,
    /// By column: it holds a number.
    numbers: Vec<bool>,
    pictures: Vec<ScoredPicture>,
    /// By picture: another line says that it is of the other class.
    contradicted: Vec<bool>,
    /// By path: the place of the picture and its line.
    known: HashMap<String, (usize, u64)>,
    /// With the column that it concerns alone.
    faults: Vec<(Option<usize>, Fault)>,
}

impl Rows {
    fn new(columns: Columns) -> Result<Self> {
        let missing = |what: &str| {
            let message = format!("line 1: no column {what}; its columns are {}", columns.written.join(", "));
            Error::new(ErrorKind::InvalidConfig, message)
        };
        let path = columns.find(&PATH).ok_or_else(|| missing("path"))?;
        let label = columns.find(&["label"]).ok_or_else(|| missing("label"))?;
        let (group, video) = (columns.find(&["group"]), columns.find(&["video"]));
        let is_taken = |place: &usize| [Some(path), Some(label), group, video].contains(&Some(*place));
        // A column without a name is the number of the row, as pandas writes it.
        let named =
            columns.written.iter().enumerate().filter(|(place, name)| !name.is_empty() && !is_taken(place));
        let columns: Vec<_> = named.map(|(place, name)| (place, name.clone())).collect();
        let (numbers, known) = (vec![false; columns.len()], HashMap::new());
        let (pictures, contradicted, faults) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { path, label, group, video, columns, numbers, pictures, contradicted, known, faults })
    }

    fn fault(&mut self, column: Option<usize>, kind: FaultKind, place: &Place, message: impl Into<String>) {
        self.faults.push((column, Fault::new(kind, message).at(place)));
    }

    fn add(&mut self, line: u64, row: table::Row<'_>) {
        let place = Place::line(line);
        let row = match row {
            Ok(row) => row,
            Err(message) => return self.fault(None, FaultKind::Malformed, &place, message),
        };
        let value = |column: usize| row.get(column).filter(|value| !value.is_empty());
        let Some(path) = value(self.path) else {
            return self.fault(None, FaultKind::Malformed, &place, "no path");
        };
        let place = place.with_path(path);
        let Some(label) = value(self.label) else {
            return self.fault(None, FaultKind::UnknownLabel, &place, "no label");
        };
        let Some(truth) = Truth::parse(label) else {
            return self.fault(None, FaultKind::UnknownLabel, &place, format!("the label is {label:?}"));
        };
        if let Some((first, first_line)) = self.known.get(path).copied() {
            let earlier = self.pictures[first].truth;
            if earlier == truth {
                let message = format!("was there before in line {first_line}");
                return self.fault(None, FaultKind::Repeated, &place, message);
            }
            self.contradicted[first] = true;
            let message = format!("is {truth} here and {earlier} in line {first_line}: neither is taken");
            return self.fault(None, FaultKind::Contradiction, &place, message);
        }
        let mut scores = Vec::with_capacity(self.columns.len());
        for column in 0..self.columns.len() {
            let Some(text) = value(self.columns[column].0) else {
                let message = format!("{} has no score", self.columns[column].1);
                self.fault(Some(column), FaultKind::NoScore, &place, message);
                scores.push(None);
                continue;
            };
            let number = text.parse::<f64>().ok();
            self.numbers[column] |= number.is_some();
            let score = number.filter(|number| number.is_finite());
            if score.is_none() {
                let name = &self.columns[column].1;
                let message = format!("the score of {name} is {text:?}, which is no finite number");
                self.fault(Some(column), FaultKind::BadScore, &place, message);
            }
            scores.push(score);
        }
        self.known.insert(path.to_owned(), (self.pictures.len(), line));
        let (group, video) = (self.group.and_then(value), self.video.and_then(value));
        let (group, video) = (group.map(str::to_owned), video.map(str::to_owned));
        self.pictures.push(ScoredPicture { path: path.to_owned(), truth, group, video, scores });
        self.contradicted.push(false);
    }
}
