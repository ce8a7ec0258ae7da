//! The face detectors of other projects, where a checkout of them is at hand.
//!
//! `DEEPSCREEN_PEERS` names the folder with `face_yunet.onnx`, `face_rfb320.onnx` and `face_blaze_extdata.onnx`;
//! without it nothing is tested, and each test says so. `DEEPSCREEN_ONNXRUNTIME` names a library of ONNX Runtime;
//! without it one is looked for.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use deepscreen::media::Pixels;
use deepscreen::{EngineChoice, EngineOptions, ErrorKind, Face, FaceDetector};

fn peers() -> Option<PathBuf> {
    let folder = std::env::var_os("DEEPSCREEN_PEERS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: DEEPSCREEN_PEERS is not set");
    }
    folder
}

fn rten() -> EngineOptions {
    EngineOptions::default().with_choice(EngineChoice::Rten).with_threads(1)
}

/// The embedded engine, and ONNX Runtime where there is one.
fn engines(network: &Path) -> Vec<FaceDetector> {
    let mut options = EngineOptions::default().with_choice(EngineChoice::OnnxRuntime).with_threads(1);
    if let Some(library) = std::env::var_os("DEEPSCREEN_ONNXRUNTIME") {
        options = options.with_onnxruntime(library);
    }
    let mut detectors = vec![FaceDetector::open(network, &rten()).unwrap()];
    match FaceDetector::open(network, &options) {
        Ok(detector) => detectors.push(detector),
        Err(error) if error.kind() == ErrorKind::EngineUnavailable => {
            println!("skipped: ONNX Runtime: {error}")
        }
        Err(error) => panic!("{error:#}"),
    }
    detectors
}

/// An ellipse of a drawing 640 wide: middle, radii, softness of the edge, colour.
struct Blob(f64, f64, f64, f64, f64, [f64; 3]);

const BLOBS: [Blob; 22] = [
    Blob(320.0, 230.0, 118.0, 150.0, 0.15, [60.0, 42.0, 34.0]),
    Blob(320.0, 420.0, 190.0, 90.0, 0.1, [70.0, 80.0, 120.0]),
    Blob(320.0, 345.0, 50.0, 60.0, 0.2, [190.0, 140.0, 115.0]),
    Blob(320.0, 245.0, 92.0, 125.0, 0.12, [222.0, 172.0, 146.0]),
    Blob(352.0, 270.0, 50.0, 90.0, 1.5, [232.0, 186.0, 160.0]),
    Blob(320.0, 150.0, 100.0, 45.0, 0.5, [60.0, 42.0, 34.0]),
    Blob(282.0, 207.0, 24.0, 6.0, 0.6, [80.0, 55.0, 45.0]),
    Blob(358.0, 207.0, 24.0, 6.0, 0.6, [80.0, 55.0, 45.0]),
    Blob(282.0, 229.0, 22.0, 14.0, 1.0, [190.0, 138.0, 116.0]),
    Blob(358.0, 229.0, 22.0, 14.0, 1.0, [190.0, 138.0, 116.0]),
    Blob(282.0, 230.0, 17.0, 8.0, 0.3, [240.0, 238.0, 235.0]),
    Blob(358.0, 230.0, 17.0, 8.0, 0.3, [240.0, 238.0, 235.0]),
    Blob(282.0, 230.0, 8.0, 8.0, 0.3, [50.0, 35.0, 30.0]),
    Blob(358.0, 230.0, 8.0, 8.0, 0.3, [50.0, 35.0, 30.0]),
    Blob(280.0, 284.0, 24.0, 18.0, 1.5, [226.0, 160.0, 138.0]),
    Blob(360.0, 284.0, 24.0, 18.0, 1.5, [226.0, 160.0, 138.0]),
    Blob(316.0, 258.0, 9.0, 30.0, 1.5, [236.0, 192.0, 166.0]),
    Blob(320.0, 284.0, 18.0, 10.0, 1.2, [208.0, 150.0, 126.0]),
    Blob(311.0, 283.0, 6.0, 4.0, 0.8, [120.0, 75.0, 62.0]),
    Blob(329.0, 283.0, 6.0, 4.0, 0.8, [120.0, 75.0, 62.0]),
    Blob(320.0, 318.0, 32.0, 10.0, 0.5, [178.0, 92.0, 88.0]),
    Blob(320.0, 317.0, 30.0, 2.5, 0.6, [100.0, 45.0, 45.0]),
];

/// A drawn face, or the wall behind it. Only sums, products and quotients, so that every machine draws the same bytes.
fn drawing(width: u32, height: u32, blobs: &[Blob]) -> Pixels {
    let scale = f64::from(width) / 640.0;
    let mut bytes = Vec::new();
    for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
        let (x, y) = ((f64::from(column) + 0.5) / scale, (f64::from(row) + 0.5) / scale);
        let mut color = [120.0 + y / 16.0, 140.0 + y / 16.0, 160.0 + x / 32.0];
        for Blob(middle_x, middle_y, radius_x, radius_y, soft, paint) in blobs {
            let (dx, dy) = ((x - middle_x) / radius_x, (y - middle_y) / radius_y);
            let cover = ((1.0 - (dx * dx + dy * dy)) / soft + 0.5).clamp(0.0, 1.0);
            for (color, paint) in color.iter_mut().zip(paint) {
                *color = *color * (1.0 - cover) + paint * cover;
            }
        }
        bytes.extend(color.map(|sample: f64| (sample + 0.5).floor() as u8));
    }
    Pixels::from_rgb8(width, height, bytes).unwrap()
}

/// Of one width and height, so that no resampler plays a part.
struct Case {
    network: &'static str,
    id: &'static str,
    size: (u32, u32),
    hash: u32,
    /// Left, top, right, bottom and score.
    expected: [f64; 5],
}

/// What the references give for the same bytes: `cv2.FaceDetectorYN` of OpenCV 5.0.0; the functions of
/// `run_video_face_detect_onnx.py` and `MediaPipeFaceApp` in Python with onnxruntime 1.32.0.
const CASES: [Case; 3] = [
    Case {
        network: "face_yunet.onnx",
        id: "yunet",
        size: (640, 480),
        hash: 0xcb88_5802,
        expected: [230.3239, 144.1275, 408.3212, 370.3119, 0.92797],
    },
    Case {
        network: "face_rfb320.onnx",
        id: "ultra-light-face",
        size: (320, 240),
        hash: 0x39ee_7489,
        expected: [118.1255, 72.7302, 201.3357, 185.5268, 0.99995],
    },
    Case {
        network: "face_blaze_extdata.onnx",
        id: "blazeface",
        size: (256, 192),
        hash: 0x976f_a99d,
        expected: [92.0811, 73.8255, 169.4036, 151.148, 0.92708],
    },
];

#[test]
fn a_drawn_face_is_found_where_the_references_find_it() {
    let Some(folder) = peers() else { return };
    for Case { network, id, size: (width, height), hash, expected } in CASES {
        let pixels = drawing(width, height, &BLOBS);
        let bytes = pixels.as_rgb8().iter();
        let drawn = bytes.fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        assert_eq!(drawn, hash, "the drawing is another");
        for detector in engines(&folder.join(network)) {
            let model = detector.model();
            assert_eq!(model.id, id);
            let faces = detector.find(&pixels).unwrap();
            println!("{network} {}: {faces:?}", model.engine);
            let [Face { x, y, width, height, score, .. }] = faces[..] else {
                panic!("{network} {}: {faces:?}", model.engine)
            };
            let found = [x, y, x + width, y + height].map(f64::from);
            // Rounded to hundredths.
            let near = |(found, expected): (&f64, &f64)| (found - expected).abs() < 0.07;
            assert!(found.iter().zip(&expected).all(near), "{network} {}: {found:?}", model.engine);
            assert!((score.get() - expected[4]).abs() < 1e-3, "{network} {}: {score:?}", model.engine);
        }
    }
}

#[test]
fn a_wall_has_no_face_and_any_size_is_taken() {
    let Some(folder) = peers() else { return };
    for Case { network, .. } in CASES {
        for detector in engines(&folder.join(network)) {
            for (width, height) in [(1, 1), (3, 2000), (2000, 3), (333, 257), (1500, 1000)] {
                let faces = detector.find(&drawing(width, height, &[])).unwrap();
                assert!(faces.is_empty(), "{network} {width}x{height}: {faces:?}");
            }
        }
    }
}

/// Intersection over union.
fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area(a) + area(b) - both)
}

#[test]
fn a_face_is_found_in_pictures_of_other_sizes() {
    let Some(folder) = peers() else { return };
    for Case { network, size, expected, .. } in CASES {
        for detector in engines(&folder.join(network)) {
            for (width, height) in [(480, 360), (1280, 960)] {
                let faces = detector.find(&drawing(width, height, &BLOBS)).unwrap();
                let [face] = faces[..] else { panic!("{network} {width}x{height}: {faces:?}") };
                let scale = f64::from(width) / f64::from(size.0);
                let found = [face.x, face.y, face.x + face.width, face.y + face.height];
                let [left, top, right, bottom, _] = expected.map(|number| number * scale);
                // The networks themselves place a face a little elsewhere at another scale.
                let overlap = overlap(found.map(f64::from), [left, top, right, bottom]);
                assert!(overlap > 0.85, "{network} {width}x{height}: {overlap} {face:?}");
            }
        }
    }
}

#[test]
fn what_is_no_face_detector_is_refused() {
    let Some(folder) = peers() else { return };
    for (network, kind, says) in [
        ("meso4_df.onnx", ErrorKind::InvalidModel, "known are YuNet"),
        ("nothing.onnx", ErrorKind::Unreadable, "nothing.onnx"),
        ("", ErrorKind::InvalidModel, "name the one to use"),
    ] {
        let error = FaceDetector::open(folder.join(network), &rten()).err().expect("an error");
        assert_eq!(error.kind(), kind, "{error:#}");
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("face_blaze_extdata.onnx"), alone.path().join("face.onnx")).unwrap();
    let error = FaceDetector::open(alone.path(), &rten()).err().expect("an error");
    assert!(format!("{error:#}").contains("FaceDetector.data"), "{error:#}");
    std::fs::copy(folder.join("FaceDetector.data"), alone.path().join("FaceDetector.data")).unwrap();
    assert_eq!(FaceDetector::open(alone.path(), &rten()).unwrap().model().id, "blazeface");
}
