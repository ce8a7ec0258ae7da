//! What analyzers found, before anybody judges it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::Hashes;
use crate::language::Language;
use crate::media::Note;

pub mod c2pa;
mod comparison;
mod matched;
mod metadata;
mod watermark;

pub use comparison::{Comparison, Relation};
pub use matched::{EntryLabel, Match, MatchedBy};
pub(crate) use metadata::harmless;
#[cfg(any(feature = "bank", feature = "c2pa"))]
pub(crate) use metadata::visible;
pub use metadata::{Fault, FaultKind, Grade, Statement, Topic};
pub use watermark::{Watermark, WatermarkMessage};

/// One thing that one source found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who found it: `detector/ai-image@1`, `hash`, `c2pa`, `media`. A [policy](crate::Policy) names sources.
    pub source: String,
    /// What was found.
    pub finding: Finding,
}

impl Evidence {
    /// A finding of `source`.
    pub fn new(source: impl Into<String>, finding: Finding) -> Self {
        Self { source: source.into(), finding }
    }
}

/// What an analyzer can find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Finding {
    /// The picture's perceptual hashes.
    Hashes(Hashes),
    /// A detector's answer.
    Score(Score),
    /// What the picture's Content Credentials say.
    C2pa(c2pa::Credentials),
    /// An entry of a bank that fits the picture.
    Match(Match),
    /// An invisible watermark.
    Watermark(Watermark),
    /// How the pixels came to be, where a viewer should know.
    Media(Vec<Note>),
    /// What a field of the file's metadata says of where the picture is from.
    Metadata(Statement),
    /// What is wrong with the file's metadata.
    MetadataFault(Fault),
}

/// A detector's answer for one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// The calibrated probability.
    pub probability: Probability,
    /// The log-odds behind the probability, calibrated and not rounded: what pictures can be ranked by where thousands
    /// have a probability of 1.0000. Not part of a record, since engines and batches differ in its last bits; `None` where
    /// nobody said it.
    pub log_odds: Option<f64>,
    /// What a high probability means.
    pub kind: Kind,
    /// SHA-256 of the weights, 64 hexadecimal digits.
    pub model_sha256: String,
    /// Where the detector may be cut, by the false alarms that each cut costs; strictest first.
    pub operating_points: Vec<OperatingPoint>,
    /// The probability of each of the model's classes, by name, in the model's order; empty where it knows none.
    pub classes: Vec<(String, Probability)>,
    /// What the detector says when the picture is re-encoded or resized; empty unless that was asked for.
    pub variants: Vec<Variant>,
    /// Where in the picture, for a model that says so.
    pub heat_map: Option<HeatMap>,
    /// Which face of the picture, for a model that looks at faces: it gives a score for each.
    pub face: Option<Face>,
}

impl Score {
    /// A probability and what it means, from the model with that SHA-256.
    pub fn new(probability: Probability, kind: Kind, model_sha256: impl Into<String>) -> Self {
        Self {
            probability,
            log_odds: None,
            kind,
            model_sha256: model_sha256.into(),
            operating_points: Vec::new(),
            classes: Vec::new(),
            variants: Vec::new(),
            heat_map: None,
            face: None,
        }
    }

    /// This answer with the thresholds that were measured for its model.
    #[must_use]
    pub fn with_operating_points(self, operating_points: Vec<OperatingPoint>) -> Self {
        Self { operating_points, ..self }
    }
}

/// A detector's answer for a picture as it would be after somebody has passed it on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What was done to the picture: `jpeg 75`, `half size`.
    pub name: String,
    /// The calibrated probability.
    pub probability: Probability,
}

/// How suspicious each part of a picture is: cells of equal size, rows from the top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Cells", try_from = "Cells")]
pub struct HeatMap {
    columns: u32,
    rows: u32,
    cells: Vec<f32>,
    area: Region,
}

/// A rectangle in pixels of the picture, which may reach beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Of the left edge.
    pub x: f64,
    /// Of the upper edge.
    pub y: f64,
    /// At least 0.
    pub width: f64,
    /// At least 0.
    pub height: f64,
}

/// What [`HeatMap::new`] takes.
type Cells = (u32, u32, Vec<f32>, Region);

impl From<HeatMap> for Cells {
    fn from(map: HeatMap) -> Self {
        (map.columns, map.rows, map.cells, map.area)
    }
}

impl TryFrom<Cells> for HeatMap {
    type Error = &'static str;

    fn try_from((columns, rows, cells, area): Cells) -> Result<Self, Self::Error> {
        Self::new(columns, rows, cells, area).ok_or("columns times rows numbers from 0 to 1 expected")
    }
}

impl HeatMap {
    /// Takes `columns * rows` probabilities, 0 to 1, for the cells that cover `area`; `None` where the number of cells
    /// or one of them is another.
    pub fn new(columns: u32, rows: u32, cells: Vec<f32>, area: Region) -> Option<Self> {
        let fits = columns > 0 && rows > 0 && cells.len() as u64 == u64::from(columns) * u64::from(rows);
        let sound = cells.iter().all(|cell| (0.0..=1.0).contains(cell));
        (fits && sound).then_some(Self { columns, rows, cells, area })
    }

    /// Cells from left to right.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Cells from top to bottom.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The probabilities, 0 to 1: `columns * rows`.
    pub fn cells(&self) -> &[f32] {
        &self.cells
    }

    /// The part of the picture that the cells cover together.
    pub fn area(&self) -> Region {
        self.area
    }

    /// The map as a PNG that covers [`area`](Self::area), with sides of at most 1,024 pixels where the cells are fewer:
    /// black for 0, over red and yellow, to white for 1.
    pub fn to_png(&self) -> Vec<u8> {
        let size = (1024 / self.columns.max(self.rows)).max(1) as usize;
        let row = |cells: &[f32]| cells.iter().flat_map(|cell| heat(*cell).repeat(size)).collect::<Vec<_>>();
        let rows = self.cells.chunks_exact(self.columns as usize);
        let pixels: Vec<u8> = rows.flat_map(|cells| row(cells).repeat(size)).collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.columns * size as u32, self.rows * size as u32);
        encoder.set_color(png::ColorType::Rgb);
        // To memory, of as many bytes as the header says: it cannot fail.
        let _ = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
        bytes
    }

    /// The rectangles around cells that touch and reach `threshold`, the one with the highest cell first; with that
    /// cell's probability.
    pub fn regions(&self, threshold: f32) -> Vec<(Region, f32)> {
        let (columns, rows) = (self.columns as usize, self.rows as usize);
        let mut seen = vec![false; self.cells.len()];
        let mut found = Vec::new();
        for start in 0..self.cells.len() {
            if seen[start] || self.cells[start] < threshold {
                continue;
            }
            seen[start] = true;
            let (mut left, mut right, mut top, mut bottom) = (columns, 0, rows, 0);
            let (mut peak, mut open) = (0.0_f32, vec![start]);
            while let Some(at) = open.pop() {
                let (x, y) = (at % columns, at / columns);
                (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
                peak = peak.max(self.cells[at]);
                let neighbours = [
                    (x > 0).then(|| at - 1),
                    (x + 1 < columns).then_some(at + 1),
                    (y > 0).then(|| at - columns),
                    (y + 1 < rows).then_some(at + columns),
                ];
                for next in neighbours.into_iter().flatten() {
                    if !seen[next] && self.cells[next] >= threshold {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
            let (across, down) = (self.area.width / columns as f64, self.area.height / rows as f64);
            let region = Region {
                x: self.area.x + left as f64 * across,
                y: self.area.y + top as f64 * down,
                width: (right + 1 - left) as f64 * across,
                height: (bottom + 1 - top) as f64 * down,
            };
            found.push((region, peak));
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    }
}

/// One colour channel after another: red, green, blue.
fn heat(probability: f32) -> [u8; 3] {
    [0.0, 1.0, 2.0].map(|channel| ((3.0 * probability - channel).clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// The whole picture was made by a generator.
    AiGenerated,
    /// Part of a picture was made or changed by a generator.
    AiEdited,
    /// A face was replaced.
    FaceSwap,
    /// Changed by hand or by ordinary software.
    Edited,
    /// The picture is a known fake.
    KnownFake,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::AiGenerated, Self::AiEdited, Self::FaceSwap, Self::Edited, Self::KnownFake];

    /// The stable code, as records and contracts carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AiGenerated => "ai_generated",
            Self::AiEdited => "ai_edited",
            Self::FaceSwap => "face_swap",
            Self::Edited => "edited",
            Self::KnownFake => "known_fake",
        }
    }

    /// The kind of that [`code`](Self::code).
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::AiGenerated, Language::English) => "AI generated",
            (Self::AiGenerated, Language::Vietnamese) => "do AI tạo",
            (Self::AiEdited, Language::English) => "edited with AI",
            (Self::AiEdited, Language::Vietnamese) => "bị chỉnh sửa bằng AI",
            (Self::FaceSwap, Language::English) => "face swapped",
            (Self::FaceSwap, Language::Vietnamese) => "bị ghép mặt",
            (Self::Edited, Language::English) => "edited",
            (Self::Edited, Language::Vietnamese) => "bị chỉnh sửa",
            (Self::KnownFake, Language::English) => "known fake",
            (Self::KnownFake, Language::Vietnamese) => "ảnh giả đã biết",
        }
    }
}

/// A threshold and what it costs, measured on photographs that training never saw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// At most this share of photographs was flagged, 0 to 1.
    pub max_fpr: f64,
    /// A picture whose probability is this or more is flagged.
    pub threshold: Probability,
}

impl OperatingPoint {
    /// The point to use where a share of at most `max_fpr` false alarms is accepted: the most sensitive one
    /// that keeps the promise. `None` where even the strictest of `points` costs more.
    pub fn within(points: &[Self], max_fpr: f64) -> Option<Self> {
        points
            .iter()
            .filter(|point| point.max_fpr <= max_fpr)
            .max_by(|a, b| a.max_fpr.total_cmp(&b.max_fpr))
            .copied()
    }
}

/// P(AI-generated or manipulated), 0 to 1, calibrated, rounded to four places.
///
/// The rounding is part of the type: engines and batches differ in the last bits, and a decision must follow
/// from the number that the record shows.
#[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Probability(f64);

impl Probability {
    /// Rounds to four places; `None` outside of 0 to 1 and for what is no number.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then(|| Self((value * 1e4).round() / 1e4))
    }

    /// The number, 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("a number from 0 to 1 expected")
    }
}

impl fmt::Debug for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.0)
    }
}

/// Two places: what a person reads. Rounded down at the top, since 1.00 would claim certainty.
impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", if self.0 < 1.0 { self.0.min(0.99) } else { 1.0 })
    }
}

/// A face in a picture: its box, cut to the picture, and how sure the face detector is.
///
/// All in pixels of the picture, rounded to hundredths. The rounding is part of the type: engines differ in the last bits,
/// and what is cut out must follow from the numbers that the record shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Face {
    /// Its left edge, from the picture's.
    pub x: f32,
    /// Its upper edge, from the picture's.
    pub y: f32,
    /// At least 1.
    pub width: f32,
    /// At least 1.
    pub height: f32,
    /// The face detector's own confidence; nobody calibrated it.
    pub score: Probability,
}

impl Face {
    /// The part of a box (left, top, right, bottom) that lies in a picture of `width` x `height`; `None` where that is
    /// less than a pixel, and for what is no number.
    pub(crate) fn new(corners: [f64; 4], score: f64, width: u32, height: u32) -> Option<Self> {
        let sides = [width, height, width, height].map(f64::from);
        let mut within = [0.0; 4];
        for (to, (corner, side)) in within.iter_mut().zip(corners.into_iter().zip(sides)) {
            // What is no number passes `clamp`, and fails the comparison below.
            *to = hundredths(corner.clamp(0.0, side));
        }
        let [left, top, right, bottom] = within;
        let (width, height) = (hundredths(right - left), hundredths(bottom - top));
        if !(width >= 1.0 && height >= 1.0) {
            return None;
        }
        let score = Probability::new(score)?;
        Some(Self { x: left as f32, y: top as f32, width: width as f32, height: height as f32, score })
    }

    /// Left, top, right and bottom, as the record's decimal numbers give them.
    pub(crate) fn corners(&self) -> [f64; 4] {
        let [x, y, width, height] =
            [self.x, self.y, self.width, self.height].map(|number| hundredths(f64::from(number)));
        [x, y, x + width, y + height]
    }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_rounds_and_refuses() {
        assert_eq!(Probability::new(0.123_449).unwrap().get(), 0.1234);
        assert_eq!(Probability::new(0.999_4).unwrap().to_string(), "0.99");
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Probability::new(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn regions_are_the_rectangles_around_cells_that_touch() {
        let area = Region { x: 100.0, y: 0.0, width: 40.0, height: 20.0 };
        let cells = vec![0.9, 0.1, 0.1, 0.6, 0.8, 0.1, 0.1, 0.7];
        let map = HeatMap::new(4, 2, cells, area).unwrap();
        let region = |x, y, width, height| Region { x, y, width, height };
        assert_eq!(
            map.regions(0.5),
            [(region(100.0, 0.0, 10.0, 20.0), 0.9), (region(130.0, 0.0, 10.0, 20.0), 0.7)]
        );
        assert_eq!(map.regions(0.05), [(area, 0.9)]);
        assert!(map.regions(0.95).is_empty());
        let media = crate::Media::from_bytes(map.to_png(), &crate::Limits::default()).unwrap();
        let pixels = media.pixels().unwrap();
        assert_eq!((pixels.width(), pixels.height()), (1024, 512));
        assert_eq!(pixels.get(0, 0), Some([255, 255, 178]));
        assert_eq!(pixels.get(300, 0), Some([77, 0, 0]));
        assert!(HeatMap::new(2, 2, vec![0.5; 3], area).is_none());
        assert!(HeatMap::new(1, 1, vec![f32::NAN], area).is_none());
    }

    #[test]
    fn operating_point_never_costs_more_than_accepted() {
        let point =
            |max_fpr, threshold| OperatingPoint { max_fpr, threshold: Probability::new(threshold).unwrap() };
        let points = [point(0.01, 0.9), point(0.05, 0.7), point(0.1, 0.5)];
        for (accepted, expected) in
            [(0.01, Some(0.01)), (0.04, Some(0.01)), (0.05, Some(0.05)), (1.0, Some(0.1)), (0.001, None)]
        {
            assert_eq!(OperatingPoint::within(&points, accepted).map(|p| p.max_fpr), expected, "{accepted}");
        }
    }

    #[test]
    fn face_is_cut_to_the_picture_and_rounded() {
        let face = |corners| Face::new(corners, 0.9, 100, 50);
        let inside = face([10.004, 20.006, 30.006, 40.0]).unwrap();
        assert_eq!((inside.x, inside.y, inside.width, inside.height), (10.0, 20.01, 20.01, 19.99));
        assert_eq!(inside.corners(), [10.0, 20.01, 10.0 + 20.01, 20.01 + 19.99]);
        let beyond = face([-10.0, -1e30, 1e30, 60.0]).unwrap();
        assert_eq!((beyond.x, beyond.y, beyond.width, beyond.height), (0.0, 0.0, 100.0, 50.0));
        for wrong in
            [[f64::NAN, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, f64::NAN], [5.0, 5.0, 5.5, 9.0], [9.0, 9.0, 5.0, 5.0]]
        {
            assert!(face(wrong).is_none(), "{wrong:?}");
        }
        assert!(face([101.0, 0.0, 120.0, 9.0]).is_none());
        assert!(Face::new([0.0, 0.0, 9.0, 9.0], 1.5, 100, 50).is_none());
    }
}
