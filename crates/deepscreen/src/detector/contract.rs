//! `model.toml` in, a checked [`Contract`] out: what a model is, takes and means.

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Kind, OperatingPoint, Probability};

/// What a model is, what it takes and what its output means: the text of its `model.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
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
    pub(super) calibration: Calibration,
    #[serde(default)]
    pub(super) gate: Gate,
    operating_points: Vec<Point>,
}

/// The weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Relative to the folder of the contract.
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// The network's input.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) layout: Layout,
    pub(super) color: Color,
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Layout {
    /// `[picture, channel, row, column]`
    Nchw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Color {
    /// Red, green, blue.
    Rgb,
}

/// How a picture becomes tensors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preprocess {
    pub(super) views: Views,
    /// A picture whose short side is below this is enlarged to it first (bilinear). Pixels.
    pub(super) min_short_side: u32,
    /// What a byte is multiplied by before the mean is taken off.
    pub(super) scale: f64,
    pub(super) mean: [f64; 3],
    pub(super) std: [f64; 3],
}

/// Which parts of a picture the network sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Views {
    /// Three crops at native resolution: centre, top left, bottom right.
    NativeCrops,
}

/// The network's output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) kind: OutputKind,
    pub(super) pool: Pool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputKind {
    /// One number a view, log-odds of the picture being fake.
    Logit,
}

/// How the views' outputs become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pool {
    /// Their mean.
    Mean,
}

/// From the pooled output to a probability.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Calibration {
    /// `sigmoid(slope * output + intercept)` (Platt 1999).
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
    /// The calibrated probability of a pooled output; `None` for an output that is no number.
    pub(super) fn probability(&self, output: f64) -> Option<Probability> {
        let Self::Platt { slope, intercept, .. } = self;
        Probability::new(1.0 / (1.0 + (-(slope * output + intercept)).exp()))
    }
}

/// Pictures that the model does not apply to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    /// The short side that a picture must have at least. Pixels.
    #[serde(default)]
    pub(super) min_side: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    max_fpr: f64,
    threshold: f64,
    /// How many held-out photographs it was measured on.
    photographs: u32,
}

impl Contract {
    /// Reads and checks a contract.
    pub(super) fn from_toml(text: &str) -> Result<Self> {
        let contract: Self = toml::from_str(text)
            .map_err(|error| Error::new(ErrorKind::InvalidModel, "not a model contract").because(error))?;
        contract.check()?;
        Ok(contract)
    }

    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::InvalidModel, message));
        if self.schema != 1 {
            return wrong(format!("schema {} of a contract: this version knows schema 1", self.schema));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return wrong(format!("id {:?}: lower-case letters, digits and hyphens expected", self.id));
        }
        if Kind::from_code(&self.detects).is_none() {
            let known = Kind::ALL.map(Kind::code).join(", ");
            return wrong(format!("detects {:?}: one of {known} expected", self.detects));
        }
        if self.file.path.is_empty() || self.file.path.contains(['/', '\\']) {
            return wrong(format!("file.path {:?}: a file beside the contract expected", self.file.path));
        }
        let sides = [self.input.width, self.input.height];
        if sides.iter().any(|side| !(1..=4096).contains(side)) {
            return wrong(format!("input of {}x{}: sides of 1 to 4096 expected", sides[0], sides[1]));
        }
        if self.preprocess.min_short_side < self.input.width.max(self.input.height) {
            return wrong(
                "preprocess.min_short_side is below the input's sides: crops would not fit".to_owned(),
            );
        }
        if !self.preprocess.std.iter().all(|std| *std > 0.0) {
            return wrong("preprocess.std: numbers above 0 expected".to_owned());
        }
        let Calibration::Platt { slope, intercept, prior, pictures } = self.calibration;
        if !(slope > 0.0
            && slope.is_finite()
            && intercept.is_finite()
            && prior > 0.0
            && prior < 1.0
            && pictures > 0)
        {
            let message = "calibration: a slope above 0, a finite intercept, a prior between 0 and 1 and the pictures that it was fitted on expected";
            return wrong(message.to_owned());
        }
        if self.operating_points.is_empty() {
            return wrong("no operating_points: without a threshold nothing can be flagged".to_owned());
        }
        for point in &self.operating_points {
            let fpr = point.max_fpr > 0.0 && point.max_fpr <= 1.0;
            if !fpr || Probability::new(point.threshold).is_none() || point.photographs == 0 {
                let message = "operating_points: max_fpr above 0 and at most 1, a threshold from 0 to 1 and the photographs that it was measured on expected";
                return wrong(message.to_owned());
            }
        }
        Ok(())
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
        assert_eq!(points.iter().map(|p| p.max_fpr).collect::<Vec<_>>(), [0.01, 0.05]);
        assert_eq!(contract.calibration.probability(0.5).unwrap().get(), 0.5);
        assert_eq!(contract.calibration.probability(1e9).unwrap().get(), 1.0);
        assert_eq!(contract.calibration.probability(-1e9).unwrap().get(), 0.0);
        assert!(contract.calibration.probability(f64::NAN).is_none());
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
