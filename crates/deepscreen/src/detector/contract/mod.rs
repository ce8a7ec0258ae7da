//! `model.toml` in, a checked [`Contract`] out: what a model is, takes and means.

mod check;

use serde::{Deserialize, Serialize};

use super::resample::Filter;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Kind, OperatingPoint, Probability};
pub(super) use check::is_beside;

/// The longest side of a network's input or of a step's result, in pixels.
pub(super) const LONGEST_SIDE: u32 = 4096;

/// What a model is, what it takes and what its output means: the text of its `model.toml`.
///
/// ```
/// # let text = r#"
/// schema = 1
/// id = "my-detector"
/// version = 1
/// name = "My detector"
/// detects = "ai_generated"       # ai_generated, ai_edited, face_swap, edited
/// licence = "Apache-2.0"
///
/// [file]
/// path = "model.onnx"            # beside this file
/// # sha256 = "…"                 # checked before anything is loaded
///
/// [input]
/// layout = "nchw"                # nchw, nhwc
/// color = "rgb"                  # rgb, bgr, gray, green
/// width = 224
/// height = 224
///
/// [preprocess]
/// scale = 0.00392156862745098    # 1/255
/// mean = [0.485, 0.456, 0.406]
/// std = [0.229, 0.224, 0.225]
///
/// [[preprocess.steps]]
/// op = "resize_shortest"         # resize, resize_shortest, resize_longest, letterbox, center_crop, pad_square
/// size = 256
/// resample = "bicubic"           # nearest, bilinear, bicubic, lanczos
///
/// [[preprocess.steps]]
/// op = "center_crop"
/// width = 224
/// height = 224
///
/// [output]
/// kind = "logits"                # logit, probability, logits, probabilities
/// classes = ["real", "fake"]
/// fake = ["fake"]
/// # "#;
/// let contract = deepscreen::Contract::from_toml(text)?;
/// assert_eq!(contract.id(), "my-detector");
/// # Ok::<(), deepscreen::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    schema: u32,
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) name: String,
    detects: String,
    pub(super) licence: String,
    pub(super) file: File,
    pub(super) input: Input,
    pub(super) preprocess: Preprocess,
    pub(super) output: Output,
    /// Without one the network's own probability stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) calibration: Option<Calibration>,
    #[serde(default, skip_serializing_if = "Gate::is_open")]
    pub(super) gate: Gate,
    /// The model sees each face of a picture, not the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) faces: Option<Faces>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) self_test: Option<SelfTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    operating_points: Vec<Point>,
}

/// What a person says of a model whose folder has no `model.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContractOptions {
    /// The labels of the classes that mean fake, in any case; all others then mean real. Empty: the labels tell.
    pub fake: Vec<String>,
    /// What a high probability means. `None`: labels and name tell.
    pub detects: Option<Kind>,
}

impl ContractOptions {
    /// These options with the labels of the classes that mean fake.
    #[must_use]
    pub fn with_fake(self, fake: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { fake: fake.into_iter().map(Into::into).collect(), ..self }
    }

    /// These options with what a high probability means.
    #[must_use]
    pub fn with_detects(self, detects: Kind) -> Self {
        Self { detects: Some(detects), ..self }
    }
}

/// What an export is called and is.
pub(super) struct Names<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) detects: Kind,
    pub(super) licence: &'a str,
}

/// The weights.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Relative to the folder of the contract.
    pub(super) path: String,
    /// Left out: any file of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// The files beside it that hold weights, where they are to be checked too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) external: Vec<External>,
}

/// A file of weights beside the network's.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct External {
    /// As the network calls it.
    pub(super) path: String,
    pub(super) sha256: String,
}

/// The network's input.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Its name in the network; may be left out where there is one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) layout: Layout,
    #[serde(default)]
    pub(super) color: Color,
    /// Pixels. Left out: what the steps make of a picture, which the network must then take as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Layout {
    /// `[picture, channel, row, column]`
    #[default]
    Nchw,
    /// `[picture, row, column, channel]`
    Nhwc,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Color {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One channel: luma of ITU-R BT.601, as Pillow's `L`.
    Gray,
    /// One channel: the green one.
    Green,
}

impl Color {
    pub(super) const fn channels(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Gray | Self::Green => 1,
        }
    }
}

/// How a picture becomes tensors.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preprocess {
    /// One after another, on the whole picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) views: Views,
    /// With views of a fixed size: a picture whose short side is below this is enlarged to it first (bilinear). Pixels.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) min_short_side: u32,
    /// What a byte is multiplied by before the mean is taken off.
    #[serde(default = "one_255th")]
    pub(super) scale: f64,
    /// One for each channel, or one for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) mean: Vec<f64>,
    /// One for each channel, or one for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) std: Vec<f64>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn one_255th() -> f64 {
    1.0 / 255.0
}

fn yes() -> bool {
    true
}

/// One change of a picture's size.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// To a size, whatever the picture's proportions.
    Resize {
        width: u32,
        height: u32,
        #[serde(default)]
        resample: Filter,
        #[serde(default = "yes")]
        antialias: bool,
    },
    /// To a short side, the long one in proportion and rounded down.
    ResizeShortest {
        size: u32,
        #[serde(default)]
        resample: Filter,
        #[serde(default = "yes")]
        antialias: bool,
    },
    /// Down to a long side, in proportion; smaller pictures stay.
    ResizeLongest {
        size: u32,
        #[serde(default)]
        resample: Filter,
        #[serde(default = "yes")]
        antialias: bool,
    },
    /// Into a size, in proportion, what is left filled.
    Letterbox {
        width: u32,
        height: u32,
        #[serde(default)]
        resample: Filter,
        #[serde(default = "yes")]
        antialias: bool,
        #[serde(default)]
        fill: u8,
    },
    /// The middle of a picture, black around one that is smaller.
    CenterCrop {
        width: u32,
        height: u32,
        #[serde(default)]
        like: CropOrigin,
    },
    /// To a square around the picture.
    PadSquare {
        #[serde(default)]
        fill: u8,
    },
}

/// Whose rounding a crop from the middle follows, where the pixels to be left are odd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CropOrigin {
    /// `torchvision.transforms.CenterCrop`.
    #[default]
    Torchvision,
    /// `transformers.image_transforms.center_crop`.
    Transformers,
}

/// Which parts of a picture the network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Views {
    /// What the steps leave, once.
    #[default]
    Whole,
    /// Three crops at native resolution: centre, top left, bottom right.
    NativeCrops,
    /// The picture at the input's size, whatever its proportions (bilinear), and then the native crops.
    WholeAndCrops,
    /// Squares side by side, of the input's size; evenly chosen ones where there are more than `most`.
    Tiles { most: u32 },
}

/// The network's output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    /// Its name in the network; may be left out where there is one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) kind: OutputKind,
    #[serde(default)]
    pub(super) pool: Pool,
    /// With one number a view: it speaks for the picture being real.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) inverted: bool,
    /// With a number for each class: their names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) classes: Vec<String>,
    /// The classes that mean fake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) fake: Vec<String>,
    /// Another output, of numbers for places in the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) map: Option<Map>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputKind {
    /// One number a view, log-odds of the picture being fake.
    Logit,
    /// One number a view, the probability of the picture being fake.
    Probability,
    /// A number for each class, which softmax makes probabilities of.
    Logits,
    /// A probability for each class.
    Probabilities,
}

/// A calibration and operating points, fitted on labelled pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalibration {
    /// What the log-odds are multiplied by, above 0.
    pub slope: f64,
    /// What is added to that.
    pub intercept: f64,
    /// The share of fakes that the fit assumes, between 0 and 1.
    pub prior: f64,
    /// How many pictures it was fitted on.
    pub pictures: u32,
    /// How many real pictures the operating points were measured on.
    pub photographs: u32,
    /// The thresholds, of probabilities with this calibration.
    pub operating_points: Vec<OperatingPoint>,
}

/// How the views' outputs become one: log-odds for logits, else probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pool {
    /// Their mean.
    #[default]
    Mean,
    /// The highest.
    Max,
    /// The mean of so many of the highest.
    TopK(u32),
    /// The mean of the first and of the mean of the others: a whole picture counts as much as all of its crops.
    FirstAndRest,
    /// As [`FirstAndRest`](Self::FirstAndRest), of two numbers a view: one for the first, the other for all that follow.
    FirstAndRestApart,
}

/// An output that says where: `[picture, 1, rows, columns]`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    pub(super) name: String,
    /// `logit` or `probability`.
    pub(super) kind: OutputKind,
}

/// From the pooled output to a probability.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Calibration {
    /// `sigmoid(slope * output + intercept)` (Platt 1999), of log-odds.
    Platt {
        slope: f64,
        intercept: f64,
        /// The share of fakes that the fit assumes.
        prior: f64,
        /// How many held-out pictures it was fitted on.
        pictures: u32,
    },
}

impl Calibration {
    /// The calibrated log-odds of a network's.
    pub(super) fn log_odds(&self, log_odds: f64) -> f64 {
        let Self::Platt { slope, intercept, .. } = self;
        slope * log_odds + intercept
    }
}

pub(super) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Pictures that the model does not apply to.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    /// The short side that a picture, or a face, must have at least. Pixels.
    #[serde(default)]
    pub(super) min_side: u32,
}

impl Gate {
    fn is_open(&self) -> bool {
        self.min_side == 0
    }
}

/// How faces are cut out for a model of faces.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Faces {
    /// Sides of the cut-out over those of the face.
    pub(super) scale: f64,
    #[serde(default)]
    pub(super) shape: FaceShape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FaceShape {
    /// A square of the face's longer side; black where it reaches beyond the picture.
    #[default]
    Square,
    /// The face's own proportions, moved and shrunk to lie inside of the picture.
    Inside,
}

/// What the model must give for a picture that every machine makes alike: a wrong runtime is silent.
///
/// The picture is 320 x 240 pixels; the byte of column x, row y, channel c is `(7 x + 13 y + 29 c + x y / 64) mod 256`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelfTest {
    /// The pooled output, before calibration: log-odds for logits, else a probability.
    pub(super) output: f64,
    /// How far from it the model may be.
    #[serde(default = "one_100th")]
    pub(super) tolerance: f64,
}

fn one_100th() -> f64 {
    0.01
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Point {
    max_fpr: f64,
    threshold: f64,
    /// How many held-out photographs it was measured on.
    photographs: u32,
}

impl Contract {
    /// Reads and checks a contract.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel), which says where the text is wrong.
    pub fn from_toml(text: &str) -> Result<Self> {
        let contract: Self = toml::from_str(text)
            .map_err(|error| Error::new(ErrorKind::InvalidModel, "not a model contract").because(error))?;
        contract.check()?;
        Ok(contract)
    }

    /// The contract of somebody else's export: nothing was measured of it.
    pub(super) fn of_export(
        names: Names<'_>,
        network: &str,
        input: Input,
        preprocess: Preprocess,
        output: Output,
    ) -> Result<Self> {
        let contract = Self {
            schema: 1,
            id: names.id.to_owned(),
            version: 1,
            name: names.name.to_owned(),
            detects: names.detects.code().to_owned(),
            licence: names.licence.to_owned(),
            file: File { path: network.to_owned(), sha256: None, bytes: None, external: Vec::new() },
            input,
            preprocess,
            output,
            calibration: None,
            gate: Gate::default(),
            faces: None,
            self_test: None,
            operating_points: Vec::new(),
        };
        contract.check()?;
        Ok(contract)
    }

    /// The contract as the text of a `model.toml`.
    pub fn to_toml(&self) -> String {
        // Strings, numbers and tables with strings for keys only: serialising cannot fail.
        toml::to_string(self).unwrap_or_default()
    }

    /// The model's name in records: lower-case letters, digits and hyphens.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// This contract under another name.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel) for what is no name.
    pub fn with_id(self, id: impl Into<String>) -> Result<Self> {
        let contract = Self { id: id.into(), ..self };
        contract.check()?;
        Ok(contract)
    }

    /// With the SHA-256 of each file, the network's first, and what it gives in a self-test.
    pub(super) fn pinned(mut self, files: &[(String, String)], output: f64) -> Self {
        if let [(_, sha256), external @ ..] = files {
            self.file.sha256 = Some(sha256.clone());
            let pin =
                |(path, sha256): &(String, String)| External { path: path.clone(), sha256: sha256.clone() };
            self.file.external = external.iter().map(pin).collect();
        }
        let tolerance = self.self_test.map_or_else(one_100th, |test| test.tolerance);
        self.self_test = Some(SelfTest { output, tolerance });
        self
    }

    /// With what somebody measured on labelled pictures in place of its calibration and operating points. The fit is of
    /// the log-odds that this contract gives ([`Score::log_odds`](crate::Score::log_odds)): a calibration that is there
    /// stays beneath it.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel) for a slope of 0 or below, and for what is out of its range.
    pub fn recalibrated(mut self, measured: &Recalibration) -> Result<Self> {
        let &Recalibration { slope, intercept, prior, pictures, photographs, ref operating_points } =
            measured;
        let (before_slope, before_intercept) = match &self.calibration {
            Some(Calibration::Platt { slope, intercept, .. }) => (*slope, *intercept),
            None => (1.0, 0.0),
        };
        self.calibration = Some(Calibration::Platt {
            slope: slope * before_slope,
            intercept: slope * before_intercept + intercept,
            prior,
            pictures,
        });
        let point = |point: &OperatingPoint| Point {
            max_fpr: point.max_fpr,
            threshold: point.threshold.get(),
            photographs,
        };
        self.operating_points = operating_points.iter().map(point).collect();
        self.check()?;
        Ok(self)
    }

    /// The file of the weights, relative to the model's folder.
    pub fn weights(&self) -> &str {
        &self.file.path
    }

    /// What a high probability means.
    pub(super) fn kind(&self) -> Kind {
        // `check` has refused every other text.
        Kind::from_code(&self.detects).unwrap_or(Kind::AiGenerated)
    }

    /// Strictest first.
    pub(super) fn operating_points(&self) -> Vec<OperatingPoint> {
        let point = |point: &Point| {
            Some(OperatingPoint { max_fpr: point.max_fpr, threshold: Probability::new(point.threshold)? })
        };
        let mut points: Vec<_> = self.operating_points.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.max_fpr.total_cmp(&b.max_fpr));
        points
    }
}

impl Preprocess {
    /// Whether the tensor holds the picture's bytes as they are.
    pub(super) fn gives_bytes(&self) -> bool {
        let all = |numbers: &[f64], value: f64| numbers.iter().all(|number| *number == value);
        self.scale == 1.0 && all(&self.mean, 0.0) && all(&self.std, 1.0)
    }
}

impl Output {
    /// Whether the map's numbers are log-odds.
    pub(super) fn map_gives_logits(&self) -> bool {
        self.map.as_ref().is_some_and(|map| map.kind == OutputKind::Logit)
    }
}

#[cfg(test)]
pub(super) const EXAMPLE: &str = r#"
schema = 1
id = "example"
version = 3
name = "An example"
detects = "ai_generated"
licence = "MIT"
[file]
path = "model.onnx"
sha256 = "00"
bytes = 1
[input]
name = "input"
layout = "nchw"
color = "rgb"
width = 224
height = 224
[preprocess]
views = "native_crops"
min_short_side = 224
scale = 0.00392156862745098
mean = [0.5, 0.4, 0.3]
std = [0.5, 0.25, 0.2]
[output]
name = "logit"
kind = "logit"
pool = "mean"
[calibration]
method = "platt"
slope = 2.0
intercept = -1.0
prior = 0.5
pictures = 100
[gate]
min_side = 64
[[operating_points]]
max_fpr = 0.05
threshold = 0.7
photographs = 100
[[operating_points]]
max_fpr = 0.01
threshold = 0.9
photographs = 100
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_read() {
        let contract = Contract::from_toml(EXAMPLE).unwrap();
        assert_eq!(contract.kind(), Kind::AiGenerated);
        let points = contract.operating_points();
        let calibration = contract.calibration.as_ref().unwrap();
        assert_eq!(points.iter().map(|p| p.max_fpr).collect::<Vec<_>>(), [0.01, 0.05]);
        assert_eq!(calibration.log_odds(0.5), 0.0);
        assert_eq!(sigmoid(calibration.log_odds(1e9)), 1.0);
        assert_eq!(sigmoid(calibration.log_odds(-1e9)), 0.0);
        assert!(calibration.log_odds(f64::NAN).is_nan());
    }

    #[test]
    fn a_calibration_is_put_on_top_of_the_one_that_is_there() {
        let contract = Contract::from_toml(EXAMPLE).unwrap();
        let before = contract.calibration.clone().unwrap();
        let point = OperatingPoint { max_fpr: 0.02, threshold: Probability::new(0.75).unwrap() };
        let measured = Recalibration {
            slope: 0.5,
            intercept: -1.0,
            prior: 0.5,
            pictures: 200,
            photographs: 120,
            operating_points: vec![point],
        };
        let after = contract.clone().recalibrated(&measured).unwrap();
        let calibration = after.calibration.as_ref().unwrap();
        for x in [-3.0, 0.0, 1.5] {
            assert!((calibration.log_odds(x) - (0.5 * before.log_odds(x) - 1.0)).abs() < 1e-12);
        }
        assert_eq!(after.operating_points(), [point]);
        assert_eq!(Contract::from_toml(&after.to_toml()).unwrap().operating_points(), [point]);
        let falling = Recalibration { slope: -1.0, ..measured };
        assert!(contract.recalibrated(&falling).is_err());
    }

    #[test]
    fn each_wrong_contract_names_what_is_wrong() {
        for (from, to, says) in [
            ("schema = 1", "schema = 9", "schema 9"),
            ("id = \"example\"", "id = \"../x\"", "id"),
            ("\"ai_generated\"", "\"magic\"", "face_swap"),
            ("path = \"model.onnx\"", "path = \"../model.onnx\"", "file.path"),
            ("width = 224", "width = 0", "input of 0x224"),
            ("min_short_side = 224", "min_short_side = 100", "min_short_side"),
            ("std = [0.5, 0.25, 0.2]", "std = [0.5, 0.0, 0.2]", "std"),
            (
                "kind = \"logit\"\npool = \"mean\"",
                "kind = \"logits\"\nclasses = [\"real\", \"gan\"]\nfake = [\"gan\"]\npool = \"first_and_rest_apart\"",
                "output.pool",
            ),
            ("slope = 2.0", "slope = -2.0", "calibration"),
            ("threshold = 0.7", "threshold = 1.7", "operating_points"),
            ("views = \"native_crops\"", "views = \"magic\"", "native_crops"),
            ("[gate]", "[gates]", "gates"),
        ] {
            assert!(EXAMPLE.contains(from), "{from}");
            let error = Contract::from_toml(&EXAMPLE.replace(from, to)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidModel);
            assert!(format!("{error:#}").contains(says), "{to}: {error:#}");
        }
    }
}
