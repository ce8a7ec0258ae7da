//! The known families of face detectors: what a picture becomes before each, and what its numbers mean.

use ndarray::{Array4, ArrayD, Axis};

use super::{Candidate, Rule};
use crate::detector::contract::LONGEST_SIDE;
use crate::detector::engine::Wiring;
use crate::detector::network::{Element, Network, Port, shape_text};
use crate::detector::resample::{self, Filter};
use crate::error::{Error, ErrorKind, Result};
use crate::media::Pixels;

const KNOWN: &str = "YuNet (input [1, 3, H, W]; outputs cls_8 to kps_32), Ultra-Light RFB or slim (input [1, 3, H, W]; \
                     outputs scores [1, N, 2], boxes [1, N, 4]), MediaPipe BlazeFace of Qualcomm AI Hub (input \
                     [1, 3, 256, 256]; outputs box_coords_1, box_coords_2, box_scores_1, box_scores_2)";

const YUNET_OUTPUTS: [&str; 12] = [
    "cls_8", "obj_8", "bbox_8", "cls_16", "obj_16", "bbox_16", "cls_32", "obj_32", "bbox_32", "kps_8",
    "kps_16", "kps_32",
];

/// Pixels of YuNet's input between two cells, for each of its maps.
const YUNET_STRIDES: [u32; 3] = [8, 16, 32];

/// YuNet's input, where the network leaves it open. Its training faces had 10 to 300 pixels.
const YUNET_SIDE: u32 = 640;

/// Cells of BlazeFace's maps, and how many boxes each has: `face_detection_back_mobile_gpu.pbtxt` of MediaPipe.
const BLAZE_MAPS: [(u32, usize); 2] = [(16, 2), (8, 6)];

const BLAZE_SIDE: u32 = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// With the size of its input, where the network fixes it.
    YuNet {
        size: Option<(u32, u32)>,
    },
    /// RFB and slim.
    UltraLight {
        width: u32,
        height: u32,
    },
    BlazeFace,
}

/// A picture as a network takes it.
pub(super) struct View {
    pub(super) tensor: Array4<f32>,
    /// Of the input, in pixels.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) place: Place,
}

/// From the unit of a family's boxes to pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    left: f64,
    top: f64,
    across: f64,
    down: f64,
}

impl Place {
    pub(super) fn corners(&self, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
        let x = |x: f64| (x - self.left) * self.across;
        let y = |y: f64| (y - self.top) * self.down;
        [x(left), y(top), x(right), y(bottom)]
    }
}

impl Family {
    /// By the names and shapes of a network's input and outputs.
    ///
    /// # Errors
    /// [`InvalidModel`](ErrorKind::InvalidModel), which names the known families.
    pub(super) fn of(network: &Network) -> Result<Self> {
        Self::recognise(network).ok_or_else(|| {
            let text = |ports: &[Port]| {
                let text = |port: &Port| format!("{} {}", port.name, shape_text(&port.shape));
                ports.iter().map(text).collect::<Vec<_>>().join(", ")
            };
            let (inputs, outputs) = (text(&network.inputs), text(&network.outputs));
            let message = format!(
                "no face detector of a known family: it takes {inputs} and gives {outputs}; known are {KNOWN}"
            );
            Error::new(ErrorKind::InvalidModel, message)
        })
    }

    fn recognise(network: &Network) -> Option<Self> {
        let [input] = network.inputs.as_slice() else { return None };
        let [batch, channels, height, width] = *input.shape.as_slice() else { return None };
        if !matches!(input.element, Element::F32 | Element::F16) || batch.is_some_and(|batch| batch != 1) {
            return None;
        }
        if channels.is_some_and(|channels| channels != 3) {
            return None;
        }
        let side = |side: usize| u32::try_from(side).ok().filter(|side| *side <= LONGEST_SIDE);
        let size = match (width, height) {
            (Some(width), Some(height)) => Some((side(width)?, side(height)?)),
            _ => None,
        };
        let has = |name: &str, shape: [Option<usize>; 3]| {
            network.outputs.iter().any(|port| port.name == name && fits(&port.shape, &shape))
        };
        let any = [None; 3];
        if YUNET_OUTPUTS.iter().all(|name| has(name, any)) {
            let whole = size.is_none_or(|(width, height)| width % 32 == 0 && height % 32 == 0);
            // One side alone that is fixed is of no known file.
            return (whole && width.is_some() == height.is_some()).then_some(Self::YuNet { size });
        }
        if has("scores", [Some(1), None, Some(2)]) && has("boxes", [Some(1), None, Some(4)]) {
            let (width, height) = size?;
            return Some(Self::UltraLight { width, height });
        }
        let blaze = BLAZE_MAPS.iter().zip(1..).all(|((cells, boxes), number)| {
            let count = Some((cells * cells) as usize * boxes);
            has(&format!("box_coords_{number}"), [Some(1), count, Some(16)])
                && has(&format!("box_scores_{number}"), [Some(1), count, Some(1)])
        });
        (blaze && size == Some((BLAZE_SIDE, BLAZE_SIDE))).then_some(Self::BlazeFace)
    }

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::YuNet { .. } => "yunet",
            Self::UltraLight { .. } => "ultra-light-face",
            Self::BlazeFace => "blazeface",
        }
    }

    /// The outputs in the order in which [`read`](Self::read) takes them.
    pub(super) fn wiring(self, network: &Network) -> Result<Wiring> {
        let outputs: &[&str] = match self {
            // Those of the landmarks are of no use here.
            Self::YuNet { .. } => &YUNET_OUTPUTS[..9],
            Self::UltraLight { .. } => &["scores", "boxes"],
            Self::BlazeFace => &["box_scores_1", "box_coords_1", "box_scores_2", "box_coords_2"],
        };
        let input = network.inputs.first().cloned();
        Ok(Wiring {
            input: input.ok_or_else(|| Error::new(ErrorKind::ModelShape, "the network has no input"))?,
            outputs: outputs.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    pub(super) const fn rule(self) -> Rule {
        match self {
            // Of 27 faces that nearly fill their picture OpenCV 5.0 finds 5 at its own 0.9, 21 at 0.8.
            Self::YuNet { .. } => {
                Rule { score: 0.8, overlap: 0.3, candidates: 5000, whole: true, epsilon: 0.0 }
            }
            Self::UltraLight { .. } => {
                Rule { score: 0.7, overlap: 0.5, candidates: 200, whole: false, epsilon: 1e-5 }
            }
            Self::BlazeFace => {
                Rule { score: 0.8, overlap: 0.3, candidates: 5000, whole: false, epsilon: 0.0 }
            }
        }
    }

    pub(super) fn feed(self, pixels: &Pixels) -> Result<View> {
        match self {
            Self::YuNet { size } => yunet_view(pixels, size),
            Self::UltraLight { width, height } => {
                let number = |byte: u8| (f32::from(byte) - 127.0) / 128.0;
                let (across, down) = (f64::from(pixels.width()), f64::from(pixels.height()));
                let place = Place { left: 0.0, top: 0.0, across, down };
                let resized = resized(pixels, width, height, true)?;
                let picture = resized.as_ref().unwrap_or(pixels);
                let tensor = tensor(picture, (width, height), (0, 0), [0, 1, 2], number);
                Ok(View { tensor, width, height, place })
            }
            Self::BlazeFace => blaze_view(pixels),
        }
    }

    /// Reads what the network gave for an input of `width` x `height`.
    pub(super) fn read(self, outputs: &[ArrayD<f32>], width: u32, height: u32) -> Result<Vec<Candidate>> {
        let candidates = match (self, outputs) {
            (Self::YuNet { .. }, outputs) => read_yunet(outputs, width, height)?,
            (Self::UltraLight { .. }, [scores, boxes]) => read_ultra_light(scores, boxes)?,
            (Self::BlazeFace, outputs) => read_blaze(outputs)?,
            _ => Vec::new(),
        };
        // A broken runtime gives such, and "no face" would be a finding.
        if candidates.iter().all(|candidate| candidate.score.is_nan()) {
            return Err(Error::new(ErrorKind::Inference, "the network gave no scores that are numbers"));
        }
        Ok(candidates)
    }
}

/// What a file leaves open fits everything.
fn fits(shape: &[Option<usize>], wanted: &[Option<usize>; 3]) -> bool {
    let fits = |(is, want): (&Option<usize>, &Option<usize>)| is.is_none() || want.is_none() || is == want;
    shape.is_empty() || (shape.len() == wanted.len() && shape.iter().zip(wanted).all(fits))
}

/// `None` where the picture has that size.
fn resized(pixels: &Pixels, width: u32, height: u32, antialias: bool) -> Result<Option<Pixels>> {
    if (pixels.width(), pixels.height()) == (width, height) {
        return Ok(None);
    }
    resample::resize(pixels, width, height, Filter::Bilinear, antialias).map(Some)
}

/// A picture at `left`, `top` of an input that it fits into; zeros beside it.
fn tensor(
    picture: &Pixels,
    (width, height): (u32, u32),
    (left, top): (u32, u32),
    channels: [usize; 3],
    number: impl Fn(u8) -> f32,
) -> Array4<f32> {
    let mut tensor = Array4::zeros((1, 3, height as usize, width as usize));
    let rows = || picture.as_rgb8().chunks_exact(picture.width() as usize * 3);
    for (mut plane, channel) in tensor.index_axis_mut(Axis(0), 0).outer_iter_mut().zip(channels) {
        for (mut line, row) in plane.outer_iter_mut().skip(top as usize).zip(rows()) {
            let pixels = row.as_chunks::<3>().0;
            let samples = line.iter_mut().skip(left as usize).zip(pixels);
            samples.for_each(|(sample, rgb)| *sample = number(rgb[channel]));
        }
    }
    tensor
}

fn yunet_view(pixels: &Pixels, size: Option<(u32, u32)>) -> Result<View> {
    let (most_x, most_y) = size.unwrap_or((YUNET_SIDE, YUNET_SIDE));
    let (picture_x, picture_y) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let scale = (f64::from(most_x) / picture_x).min(f64::from(most_y) / picture_y).min(1.0);
    let side = |side: f64, most: u32| ((side * scale).round() as u32).clamp(1, most);
    let (inner_x, inner_y) = (side(picture_x, most_x), side(picture_y, most_y));
    let (width, height) = size.unwrap_or((inner_x.next_multiple_of(32), inner_y.next_multiple_of(32)));
    let resized = resized(pixels, inner_x, inner_y, true)?;
    let tensor = tensor(resized.as_ref().unwrap_or(pixels), (width, height), (0, 0), [2, 1, 0], f32::from);
    let (across, down) = (picture_x / f64::from(inner_x), picture_y / f64::from(inner_y));
    Ok(View { tensor, width, height, place: Place { left: 0.0, top: 0.0, across, down } })
}

/// As `resize_pad` of Qualcomm AI Hub Models: whole pixels rounded down, the larger half of the rest behind.
fn blaze_view(pixels: &Pixels) -> Result<View> {
    let (picture_x, picture_y) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let edge = f64::from(BLAZE_SIDE);
    let scale = (edge / picture_x).min(edge / picture_y);
    let side = |side: f64| ((side * scale) as u32).clamp(1, BLAZE_SIDE);
    let (inner_x, inner_y) = (side(picture_x), side(picture_y));
    let (left, top) = ((BLAZE_SIDE - inner_x) / 2, (BLAZE_SIDE - inner_y) / 2);
    let resized = resized(pixels, inner_x, inner_y, false)?;
    let picture = resized.as_ref().unwrap_or(pixels);
    let number = |byte: u8| f32::from(byte) / 255.0;
    let tensor = tensor(picture, (BLAZE_SIDE, BLAZE_SIDE), (left, top), [0, 1, 2], number);
    let (across, down) = (edge / scale, edge / scale);
    let place = Place { left: f64::from(left) / edge, top: f64::from(top) / edge, across, down };
    Ok(View { tensor, width: BLAZE_SIDE, height: BLAZE_SIDE, place })
}

/// An output as `count` rows of `N` numbers.
fn rows<const N: usize>(output: &ArrayD<f32>, name: &str, count: usize) -> Result<Vec<[f64; N]>> {
    if output.shape().last() != Some(&N) || output.len() != count * N {
        let message = format!("output {name} of [1, {count}, {N}] expected, found {:?}", output.shape());
        return Err(Error::new(ErrorKind::ModelShape, message));
    }
    let mut numbers = output.iter().map(|number| f64::from(*number));
    Ok((0..count).map(|_| std::array::from_fn(|_| numbers.next().unwrap_or(f64::NAN))).collect())
}

/// Boxes in pixels of the input.
fn read_yunet(outputs: &[ArrayD<f32>], width: u32, height: u32) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for (stride, outputs) in YUNET_STRIDES.into_iter().zip(outputs.chunks(3)) {
        let [class, object, boxes] = outputs else { continue };
        let (across, down) = ((width / stride) as usize, (height / stride) as usize);
        let class = rows::<1>(class, &format!("cls_{stride}"), across * down)?;
        let object = rows::<1>(object, &format!("obj_{stride}"), across * down)?;
        let boxes = rows::<4>(boxes, &format!("bbox_{stride}"), across * down)?;
        let stride = f64::from(stride);
        for (cell, (([class], [object]), [x, y, width, height])) in
            class.into_iter().zip(object).zip(boxes).enumerate()
        {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            let (x, y) = (((cell % across) as f64 + x) * stride, ((cell / across) as f64 + y) * stride);
            candidates.push(around(x, y, width.exp() * stride, height.exp() * stride, score));
        }
    }
    Ok(candidates)
}

/// Boxes as shares of the picture's sides.
fn read_ultra_light(scores: &ArrayD<f32>, boxes: &ArrayD<f32>) -> Result<Vec<Candidate>> {
    let scores = rows::<2>(scores, "scores", scores.len() / 2)?;
    let boxes = rows::<4>(boxes, "boxes", scores.len())?;
    // A softmax of 32-bit floats may go a little beyond 1.
    let candidate =
        |([_, score], corners): ([f64; 2], _)| Candidate { corners, score: score.clamp(0.0, 1.0) };
    Ok(scores.into_iter().zip(boxes).map(candidate).collect())
}

/// Boxes as shares of the input's sides, around the middles of cells.
fn read_blaze(outputs: &[ArrayD<f32>]) -> Result<Vec<Candidate>> {
    let edge = f64::from(BLAZE_SIDE);
    let mut candidates = Vec::new();
    for (((cells, boxes), outputs), number) in BLAZE_MAPS.into_iter().zip(outputs.chunks(2)).zip(1..) {
        let [scores, places] = outputs else { continue };
        let cells = cells as usize;
        let count = cells * cells * boxes;
        let scores = rows::<1>(scores, &format!("box_scores_{number}"), count)?;
        // Behind the box stand six landmarks.
        let places = rows::<16>(places, &format!("box_coords_{number}"), count)?;
        for (at, ([score], [x, y, width, height, ..])) in scores.into_iter().zip(places).enumerate() {
            let middle = |cell: usize| (cell as f64 + 0.5) / cells as f64;
            let (column, row) = (at / boxes % cells, at / boxes / cells);
            let score = 1.0 / (1.0 + (-score.clamp(-100.0, 100.0)).exp());
            let (x, y) = (x / edge + middle(column), y / edge + middle(row));
            candidates.push(around(x, y, width / edge, height / edge, score));
        }
    }
    Ok(candidates)
}

fn around(x: f64, y: f64, width: f64, height: f64, score: f64) -> Candidate {
    let (half_x, half_y) = (width / 2.0, height / 2.0);
    Candidate { corners: [x - half_x, y - half_y, x + half_x, y + half_y], score }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ndarray::IxDyn;

    use super::*;

    const YUNET: Family = Family::YuNet { size: Some((64, 32)) };
    const ULTRA_LIGHT: Family = Family::UltraLight { width: 4, height: 3 };

    fn port(name: &str, shape: &[usize]) -> Port {
        let shape = shape.iter().map(|side| Some(*side).filter(|side| *side > 0)).collect();
        Port { name: name.to_owned(), shape, element: Element::F32 }
    }

    /// With 0 for what a file leaves open.
    fn network(input: &[usize], outputs: &[(&str, &[usize])]) -> Network {
        Network {
            inputs: vec![port("input", input)],
            outputs: outputs.iter().map(|(name, shape)| port(name, shape)).collect(),
            external: Vec::new(),
            operators: BTreeSet::new(),
            opset: 11,
            parameters: 0,
            producer: String::new(),
        }
    }

    fn array(shape: &[usize], numbers: &[(usize, f32)]) -> ArrayD<f32> {
        let mut array = ArrayD::zeros(IxDyn(shape));
        let flat = array.as_slice_mut().unwrap();
        numbers.iter().for_each(|(at, number)| flat[*at] = *number);
        array
    }

    fn gray(width: u32, height: u32, byte: u8) -> Pixels {
        Pixels::from_rgb8(width, height, vec![byte; (width * height * 3) as usize]).unwrap()
    }

    #[test]
    fn families_are_known_by_their_ports() {
        let yunet: Vec<(&str, &[usize])> = YUNET_OUTPUTS.map(|name| (name, &[1, 0, 0][..])).to_vec();
        let light: [(&str, &[usize]); 2] = [("boxes", &[1, 4420, 4]), ("scores", &[1, 4420, 2])];
        let blaze: [(&str, &[usize]); 4] = [
            ("box_coords_1", &[1, 512, 16]),
            ("box_coords_2", &[1, 384, 16]),
            ("box_scores_1", &[1, 512, 1]),
            ("box_scores_2", &[1, 384, 1]),
        ];
        for (input, outputs, expected) in [
            (&[1, 3, 640, 640][..], &yunet[..], Some(Family::YuNet { size: Some((640, 640)) })),
            (&[1, 3, 0, 0], &yunet, Some(Family::YuNet { size: None })),
            (&[0, 3, 96, 320], &yunet, Some(Family::YuNet { size: Some((320, 96)) })),
            (&[1, 3, 100, 320], &yunet, None),
            (&[1, 3, 0, 320], &yunet, None),
            (&[1, 3, 1 << 20, 1 << 20], &yunet, None),
            (&[4, 3, 640, 640], &yunet, None),
            (&[1, 640, 640, 3], &yunet, None),
            (&[1, 3, 640, 640], &yunet[1..], None),
            (&[1, 3, 240, 320], &light, Some(Family::UltraLight { width: 320, height: 240 })),
            (&[1, 3, 0, 0], &light, None),
            (&[1, 3, 240, 320], &[light[0], ("scores", &[1, 4420, 3])], None),
            (&[1, 3, 256, 256], &blaze, Some(Family::BlazeFace)),
            (&[1, 3, 128, 128], &blaze, None),
            (&[1, 3, 256, 256], &blaze[1..], None),
            (&[1, 3, 224, 224], &[("logit", &[1, 1])], None),
        ] {
            let network = network(input, outputs);
            let found = Family::of(&network);
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{input:?} {outputs:?}");
            if let Err(error) = found {
                assert_eq!(error.kind(), ErrorKind::InvalidModel);
                for known in ["YuNet", "Ultra-Light", "BlazeFace", outputs[0].0] {
                    assert!(error.to_string().contains(known), "{error}");
                }
            }
        }
    }

    #[test]
    fn yunet_is_fed_bytes_in_bgr_at_the_upper_left() {
        let pixels = Pixels::from_rgb8(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let view = YUNET.feed(&pixels).unwrap();
        assert_eq!(view.tensor.shape(), [1, 3, 32, 64]);
        let at = |plane, y, x| view.tensor[[0, plane, y, x]];
        assert_eq!([at(0, 0, 0), at(1, 0, 0), at(2, 0, 0), at(0, 0, 1)], [3.0, 2.0, 1.0, 6.0]);
        assert_eq!(view.tensor.sum(), 21.0);
        // Smaller pictures keep their size, larger ones are shrunk to fit: 200 x 50 to 64 x 16.
        assert_eq!(view.place.corners([0.0, 0.0, 2.0, 1.0]), [0.0, 0.0, 2.0, 1.0]);
        let view = YUNET.feed(&gray(200, 50, 9)).unwrap();
        assert_eq!((view.tensor[[0, 0, 15, 63]], view.tensor[[0, 0, 16, 63]]), (9.0, 0.0));
        assert_eq!(view.place.corners([0.0, 0.0, 64.0, 16.0]), [0.0, 0.0, 200.0, 50.0]);
        for (size, expected) in [((1, 1), (32, 32)), ((700, 7), (640, 32)), ((480, 2000), (160, 640))] {
            let view = Family::YuNet { size: None }.feed(&gray(size.0, size.1, 9)).unwrap();
            assert_eq!((view.width, view.height), expected, "{size:?}");
        }
    }

    #[test]
    fn ultra_light_is_fed_the_stretched_picture() {
        let view = ULTRA_LIGHT.feed(&gray(100, 10, 255)).unwrap();
        assert_eq!(view.tensor.shape(), [1, 3, 3, 4]);
        assert!(view.tensor.iter().all(|number| *number == 1.0));
        assert_eq!(view.place.corners([0.0, 0.5, 1.0, 1.0]), [0.0, 5.0, 100.0, 10.0]);
    }

    #[test]
    fn blazeface_is_fed_the_picture_in_the_middle() {
        let view = Family::BlazeFace.feed(&gray(512, 130, 255)).unwrap();
        assert_eq!(view.tensor.shape(), [1, 3, 256, 256]);
        // 65 lines below 95, above 96.
        let lines = [94, 95, 159, 160].map(|y| view.tensor[[0, 0, y, 255]]);
        assert_eq!(lines, [0.0, 1.0, 1.0, 0.0]);
        let corners = view.place.corners([0.0, 95.0 / 256.0, 1.0, 160.0 / 256.0]);
        assert_eq!(corners, [0.0, 0.0, 512.0, 130.0]);
        let line = Family::BlazeFace.feed(&gray(9000, 1, 255)).unwrap();
        assert_eq!(line.tensor.sum(), 256.0 * 3.0);
    }

    fn yunet_outputs() -> Vec<ArrayD<f32>> {
        let map = |cells: usize| [1, 1, 4].map(|width| ArrayD::zeros(IxDyn(&[1, cells, width])));
        [32, 8, 2].into_iter().flat_map(map).collect()
    }

    /// OpenCV's `face_detect.cpp`: cell 11 of 8 x 4 is column 3, row 1.
    #[test]
    fn yunet_is_read_as_opencv_reads_it() {
        let mut outputs = yunet_outputs();
        outputs[0] = array(&[1, 32, 1], &[(11, 0.81)]);
        // Beyond 1 counts as 1.
        outputs[1] = array(&[1, 32, 1], &[(11, 1.7)]);
        let log = |number: f32| number.ln();
        outputs[2] = array(&[1, 32, 4], &[(44, 0.5), (45, 0.25), (46, log(2.0)), (47, log(3.0))]);
        let candidates = YUNET.read(&outputs, 64, 32).unwrap();
        assert_eq!(candidates.len(), 32 + 8 + 2);
        let found = candidates[11];
        assert!((found.score - 0.9).abs() < 1e-6);
        // Middle (3.5, 1.25) * 8, sides (2, 3) * 8.
        for (corner, expected) in found.corners.into_iter().zip([20.0, -2.0, 36.0, 22.0]) {
            assert!((corner - expected).abs() < 1e-5, "{found:?}");
        }
        // The last cell of the coarsest map.
        assert_eq!(candidates[41].corners, [16.0, -16.0, 48.0, 16.0]);
    }

    #[test]
    fn ultra_light_is_read_as_it_is() {
        let scores = array(&[1, 2, 2], &[(1, 0.75), (2, 0.1), (3, 1.000_001)]);
        let boxes = array(&[1, 2, 4], &[(0, 0.25), (1, 0.5), (2, 0.75), (3, 1.25), (6, 0.5)]);
        let candidates = ULTRA_LIGHT.read(&[scores, boxes], 4, 3).unwrap();
        let expected = [([0.25, 0.5, 0.75, 1.25], 0.75), ([0.0, 0.0, 0.5, 0.0], 1.0)];
        assert_eq!(candidates, expected.map(|(corners, score)| Candidate { corners, score }));
    }

    /// Box 33 of the first map is the second of cell 16: column 0, row 1; box 383 of the second the last of all.
    #[test]
    fn blazeface_is_read_around_its_anchors() {
        let places = |box_at: usize| {
            let numbers = [64.0, -32.0, 128.0, 16.0];
            numbers.into_iter().enumerate().map(|(at, number)| (box_at * 16 + at, number)).collect::<Vec<_>>()
        };
        let outputs = [
            array(&[1, 512, 1], &[(33, 3_f32.ln())]),
            array(&[1, 512, 16], &places(33)),
            array(&[1, 384, 1], &[(383, 1e9)]),
            array(&[1, 384, 16], &places(383)),
        ];
        let candidates = Family::BlazeFace.read(&outputs, 256, 256).unwrap();
        assert_eq!(candidates.len(), 896);
        let (x, y) = (0.5 / 16.0 + 0.25, 1.5 / 16.0 - 0.125);
        assert_eq!(candidates[33].corners, [x - 0.25, y - 0.03125, x + 0.25, y + 0.03125]);
        assert!((candidates[33].score - 0.75).abs() < 1e-6);
        let (x, y) = (7.5 / 8.0 + 0.25, 7.5 / 8.0 - 0.125);
        assert_eq!(candidates[895].corners, [x - 0.25, y - 0.03125, x + 0.25, y + 0.03125]);
        assert_eq!((candidates[895].score, candidates[0].score), (1.0, 0.5));
    }

    #[test]
    fn outputs_of_other_shapes_are_refused() {
        let zeros = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
        let mut outputs = yunet_outputs();
        outputs[5] = zeros(&[1, 4, 8]);
        let error = YUNET.read(&outputs, 64, 32).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelShape);
        assert_eq!(error.to_string(), "output bbox_16 of [1, 8, 4] expected, found [1, 4, 8]");
        for outputs in [
            vec![],
            vec![zeros(&[1, 5, 2])],
            vec![zeros(&[1, 5, 2]), zeros(&[1, 4, 4])],
            vec![zeros(&[1, 5, 2]), zeros(&[1, 4, 5])],
            vec![zeros(&[]), zeros(&[])],
            vec![zeros(&[1, 0, 2]), zeros(&[1, 0, 4])],
        ] {
            for family in [YUNET, ULTRA_LIGHT, Family::BlazeFace] {
                let sizes: Vec<_> = outputs.iter().map(|output| output.shape().to_vec()).collect();
                assert!(family.read(&outputs, 64, 32).is_err(), "{family:?} {sizes:?}");
            }
        }
    }

    #[test]
    fn a_network_that_gives_no_numbers_has_failed() {
        let scores = ArrayD::from_elem(IxDyn(&[1, 5, 2]), f32::NAN);
        let error = ULTRA_LIGHT.read(&[scores, ArrayD::zeros(IxDyn(&[1, 5, 4]))], 4, 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Inference);
    }
}
