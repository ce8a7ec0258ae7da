//! What makes a contract one that can be kept; an error names the field and what is expected.

use std::path::{Component, Path};

use super::{Calibration, Contract, LONGEST_SIDE, Output, OutputKind, Pool, Preprocess, Step, Views};
use crate::detector::resample::Filter;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Kind, Probability};

impl Contract {
    pub(super) fn check(&self) -> Result<()> {
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
        if !is_beside(&self.file.path) {
            return wrong(format!("file.path {:?}: a file beside the contract expected", self.file.path));
        }
        if self.faces.is_some_and(|faces| !(0.5..=10.0).contains(&faces.scale)) {
            return wrong("faces.scale: a number from 0.5 to 10 expected".to_owned());
        }
        if self.self_test.as_ref().is_some_and(|test| !(test.output.is_finite() && test.tolerance > 0.0)) {
            return wrong("self_test: a finite output and a tolerance above 0 expected".to_owned());
        }
        self.check_preprocess()?;
        self.output.check()?;
        self.check_calibration()
    }

    fn check_preprocess(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::InvalidModel, message));
        let Preprocess { steps, views, min_short_side, scale, mean, std } = &self.preprocess;
        let (width, height) = match (self.input.width, self.input.height) {
            (Some(width), Some(height)) => (width, height),
            (None, None) if *views == Views::Whole => (1, 1),
            (None, None) => {
                return wrong("input.width and input.height: needed for crops and tiles".to_owned());
            }
            _ => return wrong("input.width and input.height: both or none expected".to_owned()),
        };
        let sides = steps.iter().flat_map(Step::sides).chain([width, height]);
        if let Some(side) = sides.into_iter().find(|side| !(1..=LONGEST_SIDE).contains(side)) {
            return wrong(format!(
                "input of {width}x{height}: sides of 1 to {LONGEST_SIDE} expected, not {side}"
            ));
        }
        if self.output.map.is_some() && (*views != Views::Whole || self.faces.is_some()) {
            return wrong("output.map: for a picture that is seen whole".to_owned());
        }
        if matches!(views, Views::NativeCrops | Views::WholeAndCrops) && *min_short_side < width.max(height) {
            return wrong(
                "preprocess.min_short_side is below the input's sides: crops would not fit".to_owned(),
            );
        }
        if matches!(views, Views::Tiles { most } if !(1..=1024).contains(most)) {
            return wrong("preprocess.views: 1 to 1024 tiles expected".to_owned());
        }
        if steps.iter().any(Step::is_undefined) {
            let message = "preprocess.steps: box and lanczos without antialias are nowhere defined";
            return wrong(message.to_owned());
        }
        let channels = self.input.color.channels();
        for (name, numbers) in [("mean", mean), ("std", std)] {
            if !(numbers.len() <= 1 || numbers.len() == channels) || numbers.iter().any(|n| !n.is_finite()) {
                return wrong(format!(
                    "preprocess.{name}: {channels} numbers expected, or one for all channels"
                ));
            }
        }
        if !(std.iter().all(|std| *std > 0.0) && scale.is_finite() && *scale > 0.0) {
            return wrong("preprocess.std and preprocess.scale: numbers above 0 expected".to_owned());
        }
        Ok(())
    }

    fn check_calibration(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::InvalidModel, message));
        if let Some(Calibration::Platt { slope, intercept, prior, pictures }) = self.calibration
            && !(slope > 0.0
                && slope.is_finite()
                && intercept.is_finite()
                && prior > 0.0
                && prior < 1.0
                && pictures > 0)
        {
            return wrong(
                "calibration: a slope above 0, a finite intercept, a prior between 0 and 1 and the pictures that it was fitted on expected",
            );
        }
        for point in &self.operating_points {
            let fpr = point.max_fpr > 0.0 && point.max_fpr <= 1.0;
            if !fpr || Probability::new(point.threshold).is_none() || point.photographs == 0 {
                return wrong(
                    "operating_points: max_fpr above 0 and at most 1, a threshold from 0 to 1 and the photographs that it was measured on expected",
                );
            }
        }
        Ok(())
    }
}

/// Whether a path stays in its folder.
pub(in crate::detector) fn is_beside(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && !path.contains(['\\', ':']) && parts.all(|part| matches!(part, Component::Normal(_)))
}

impl Step {
    /// Whether no library says what it gives.
    fn is_undefined(&self) -> bool {
        match *self {
            Self::Resize { resample, antialias, .. }
            | Self::ResizeShortest { resample, antialias, .. }
            | Self::ResizeLongest { resample, antialias, .. }
            | Self::Letterbox { resample, antialias, .. } => {
                !antialias && matches!(resample, Filter::Box | Filter::Lanczos)
            }
            Self::CenterCrop { .. } | Self::PadSquare { .. } => false,
        }
    }

    fn sides(&self) -> Vec<u32> {
        match *self {
            Self::Resize { width, height, .. }
            | Self::Letterbox { width, height, .. }
            | Self::CenterCrop { width, height, .. } => vec![width, height],
            Self::ResizeShortest { size, .. } | Self::ResizeLongest { size, .. } => vec![size],
            Self::PadSquare { .. } => Vec::new(),
        }
    }
}

impl Output {
    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::InvalidModel, message));
        let by_class = matches!(self.kind, OutputKind::Logits | OutputKind::Probabilities);
        if by_class && self.inverted {
            return wrong(
                "output.inverted: for one number; name the classes that mean fake instead".to_owned(),
            );
        }
        if by_class && (self.classes.len() < 2 || self.fake.is_empty()) {
            return wrong(
                "output: a number for each class needs `classes`, two or more, and `fake`".to_owned(),
            );
        }
        if by_class && self.fake.len() == self.classes.len() {
            return wrong("output.fake: every class means fake, so nothing is told apart".to_owned());
        }
        if !(by_class || self.classes.is_empty() && self.fake.is_empty()) {
            return wrong(
                "output.classes: for a number for each class: kind `logits` or `probabilities`".to_owned(),
            );
        }
        if let Some(unknown) = self.fake.iter().find(|fake| !self.classes.contains(fake)) {
            let known = self.classes.join(", ");
            return wrong(format!("output.fake {unknown:?}: one of the classes expected ({known})"));
        }
        if matches!(self.pool, Pool::TopK(0)) {
            return wrong("output.pool: top_k of 1 or more expected".to_owned());
        }
        if by_class && self.pool == Pool::FirstAndRestApart {
            return wrong("output.pool: first_and_rest_apart is for one number, not for classes".to_owned());
        }
        match &self.map {
            Some(map) if !matches!(map.kind, OutputKind::Logit | OutputKind::Probability) => {
                wrong("output.map.kind: logit or probability expected".to_owned())
            }
            _ => Ok(()),
        }
    }
}
