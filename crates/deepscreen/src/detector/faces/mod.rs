//! Pixels in, the faces in them out: published face detectors of a few known families, and the cutting out of what
//! they find. Never judges a face.

mod cut;
mod family;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::engine::{self, Engine, EngineOptions};
use crate::analyzer::ModelIdentity;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Face;
use crate::media::Pixels;
pub(super) use cut::cut;
use family::Family;

/// Faces of one picture; a network can claim thousands, and each costs a run of every model of faces.
const MOST_FACES: usize = 64;

/// A network that finds faces, ready for any number of threads.
///
/// Three families are known, by their inputs and outputs; each is fed and read as its reference does it:
///
/// - YuNet of the OpenCV zoo (`cls_8` to `kps_32`), as OpenCV's `FaceDetectorYN` 5.0 with a score of at least 0.8 and
///   an overlap of at most 0.3. The picture is shrunk in proportion where it is larger than the input (640 x 640 where
///   the network leaves that open), and stands at the upper left of it.
/// - RFB and slim of Ultra-Light-Fast-Generic-Face-Detector-1MB (`scores`, `boxes`), as its
///   `run_video_face_detect_onnx.py`: the whole picture stretched to the input; 0.7 and 0.5.
/// - MediaPipe BlazeFace, the back camera's, as Qualcomm AI Hub exports it (`box_coords_1` to `box_scores_2`), as its
///   `MediaPipeFaceApp`: the picture in proportion in the middle of 256 x 256; 0.8 and 0.3. Unlike there, all faces
///   count, those that reach beyond the picture too, and boxes are not cut to whole pixels.
pub struct FaceDetector {
    family: Family,
    engine: Box<dyn Engine>,
    sha256: String,
}

impl FaceDetector {
    /// The network at `path`: an `.onnx` file, or a folder that holds one alone. Weights in a file beside it are read
    /// too.
    ///
    /// # Errors
    /// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel) for what is no network of a
    /// known family, or not a network that runs; [`ModelShape`](ErrorKind::ModelShape) where it gives something else
    /// than its family does; [`EngineUnavailable`](ErrorKind::EngineUnavailable).
    pub fn open(path: impl AsRef<Path>, options: &EngineOptions) -> Result<Self> {
        let path = path.as_ref();
        let file = network_file(path).map_err(|error| error.about(path.display()))?;
        Self::load(&file, options).map_err(|error| error.about(file.display()))
    }

    fn load(file: &Path, options: &EngineOptions) -> Result<Self> {
        let (weights, network) = super::loading::read_weights(file, None)?;
        let family = Family::of(&network)?;
        let sha256 = super::loading::sha256(&weights);
        let engine = engine::load(weights, family.wiring(&network)?, options)?;
        let detector = Self { family, engine, sha256 };
        // Some networks load and fail only when they run.
        detector.find(&super::test_picture()?)?;
        Ok(detector)
    }

    /// Which network this is, and what runs it.
    pub fn model(&self) -> ModelIdentity {
        ModelIdentity {
            id: self.family.id().to_owned(),
            sha256: self.sha256.clone(),
            engine: self.engine.name().to_owned(),
        }
    }

    /// The faces of a picture, at most 64: best first, those of one score from top to bottom and from left to right.
    ///
    /// # Errors
    /// [`Inference`](ErrorKind::Inference), [`ModelShape`](ErrorKind::ModelShape) where the network cannot run, or
    /// gives what its family does not.
    pub fn find(&self, pixels: &Pixels) -> Result<Vec<Face>> {
        let view = self.family.feed(pixels)?;
        let outputs = self.engine.run(view.tensor.view().into_dyn())?;
        let candidates = self.family.read(&outputs, view.width, view.height)?;
        let found = suppress(candidates, &self.family.rule());
        let face = |found: &Candidate| {
            Face::new(view.place.corners(found.corners), found.score, pixels.width(), pixels.height())
        };
        let mut faces: Vec<Face> = found.iter().filter_map(face).collect();
        faces.sort_by(order);
        Ok(faces)
    }
}

fn order(a: &Face, b: &Face) -> Ordering {
    let score = b.score.get().total_cmp(&a.score.get());
    score.then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
}

/// The file itself, or the only network in a folder.
fn network_file(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let entries = std::fs::read_dir(path)
        .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error))?;
    let is_network = |file: &PathBuf| file.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
    let mut files = entries.flatten().map(|entry| entry.path()).filter(is_network);
    match (files.next(), files.count()) {
        (Some(file), 0) => Ok(file),
        (None, _) => Err(Error::new(ErrorKind::InvalidModel, "a folder without an .onnx file")),
        (Some(_), more) => {
            let message = format!("a folder with {} .onnx files: name the one to use", more + 1);
            Err(Error::new(ErrorKind::InvalidModel, message))
        }
    }
}

/// What a network takes for a face.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    /// Left, top, right and bottom, in the family's unit.
    corners: [f64; 4],
    /// 0 to 1.
    score: f64,
}

/// Which candidates are faces.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// The least score.
    score: f64,
    /// How far a face may overlap a better one: intersection over union.
    overlap: f64,
    /// How many of the best candidates are looked at.
    candidates: usize,
    /// Boxes are compared as OpenCV does it: cut to whole numbers.
    whole: bool,
    /// Added to the union.
    epsilon: f64,
}

impl Rule {
    fn overlap_of(&self, a: &Candidate, b: &Candidate) -> f64 {
        let [a, b] = [a, b].map(|candidate| {
            let [left, top, right, bottom] = candidate.corners;
            if !self.whole {
                return candidate.corners;
            }
            let (x, y) = (left.trunc(), top.trunc());
            [x, y, x + (right - left).trunc(), y + (bottom - top).trunc()]
        });
        let area = |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
        let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
        let either = area(a) + area(b) - both + self.epsilon;
        if either > 0.0 { both / either } else { 0.0 }
    }
}

/// Greedy non-maximum suppression: best first, and nothing that overlaps a better one too far.
fn suppress(mut candidates: Vec<Candidate>, rule: &Rule) -> Vec<Candidate> {
    let is_sound = |candidate: &Candidate| {
        candidate.score >= rule.score && candidate.corners.iter().all(|corner| corner.is_finite())
    };
    candidates.retain(is_sound);
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(rule.candidates);
    let mut faces: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if faces.len() == MOST_FACES {
            break;
        }
        if faces.iter().all(|face| rule.overlap_of(face, &candidate) <= rule.overlap) {
            faces.push(candidate);
        }
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { score: 0.5, overlap: 0.3, candidates: 5000, whole: false, epsilon: 0.0 };

    fn candidate(corners: [f64; 4], score: f64) -> Candidate {
        Candidate { corners, score }
    }

    #[test]
    fn overlap_is_that_of_each_reference() {
        let (a, b) = (candidate([0.0, 0.0, 10.9, 10.0], 1.0), candidate([5.5, 0.0, 15.5, 10.0], 1.0));
        // 54 / (109 + 100 - 54)
        assert!((RULE.overlap_of(&a, &b) - 54.0 / 155.0).abs() < 1e-12);
        // Rectangles of OpenCV: 0, 0, 10, 10 and 5, 0, 10, 10.
        let whole = Rule { whole: true, ..RULE };
        assert!((whole.overlap_of(&a, &b) - 50.0 / 150.0).abs() < 1e-12);
        let epsilon = Rule { epsilon: 5.0, ..RULE };
        assert!((epsilon.overlap_of(&a, &b) - 54.0 / 160.0).abs() < 1e-12);
        let point = candidate([1.0; 4], 1.0);
        assert_eq!(RULE.overlap_of(&point, &point), 0.0);
        let apart = candidate([20.0, 20.0, 30.0, 30.0], 1.0);
        assert_eq!(RULE.overlap_of(&a, &apart), 0.0);
    }

    #[test]
    fn best_stay_and_what_overlaps_them_goes() {
        let faces = suppress(
            vec![
                candidate([0.0, 0.0, 10.0, 10.0], 0.7),
                candidate([1.0, 0.0, 11.0, 10.0], 0.9),
                // 0.25 of the first, which is gone; 4/16 with the second: 40 / 160.
                candidate([7.0, 0.0, 17.0, 10.0], 0.6),
                candidate([50.0, 0.0, 60.0, 10.0], 0.49),
                candidate([50.0, 0.0, f64::NAN, 10.0], 0.9),
                candidate([50.0, 0.0, f64::INFINITY, 10.0], 0.9),
                candidate([70.0, 0.0, 80.0, 10.0], f64::NAN),
            ],
            &RULE,
        );
        assert_eq!(faces.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.6]);
    }

    #[test]
    fn a_flood_of_candidates_is_bounded() {
        let at = |i: u32| {
            let x = f64::from(i) * 20.0;
            candidate([x, 0.0, x + 10.0, 10.0], 0.9)
        };
        assert_eq!(suppress((0..100_000).map(at).collect(), &RULE).len(), MOST_FACES);
        let three = Rule { candidates: 3, ..RULE };
        assert_eq!(suppress((0..100).map(at).collect(), &three).len(), 3);
    }

    #[test]
    fn faces_of_one_score_stand_from_top_to_bottom() {
        let face = |x: f64, y: f64, score| Face::new([x, y, x + 9.0, y + 9.0], score, 99, 99).unwrap();
        let mut faces = [
            face(50.0, 50.0, 0.9),
            face(9.0, 0.0, 0.800_01),
            face(9.0, 9.0, 0.8),
            face(0.0, 0.0, 0.8),
            face(1.0, 1.0, 0.95),
        ];
        faces.sort_by(order);
        let places: Vec<_> = faces.iter().map(|face| (face.x, face.y)).collect();
        assert_eq!(places, [(1.0, 1.0), (50.0, 50.0), (0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]);
    }

    #[test]
    fn a_folder_must_hold_one_network() {
        let folder = tempfile::tempdir().unwrap();
        let fails = || network_file(folder.path()).unwrap_err().to_string();
        assert_eq!(fails(), "a folder without an .onnx file");
        std::fs::write(folder.path().join("weights.data"), []).unwrap();
        std::fs::write(folder.path().join("a.onnx"), []).unwrap();
        assert_eq!(network_file(folder.path()).unwrap(), folder.path().join("a.onnx"));
        std::fs::write(folder.path().join("b.ONNX"), []).unwrap();
        assert_eq!(fails(), "a folder with 2 .onnx files: name the one to use");
    }
}
