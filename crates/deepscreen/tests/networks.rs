//! Tiny networks of every shape, type and age that exporters make: what they give against ONNX Runtime in Python, on
//! every engine that is here. `fixtures/README.md` says what the files are.
//!
//! `DEEPSCREEN_ONNXRUNTIME` names a library of ONNX Runtime; without it one is looked for, and where there is none the
//! tests say so and hold the embedded engine alone to what is expected.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deepscreen::{
    Analyzer, Detector, EngineChoice, EngineOptions, ErrorKind, Evidence, Finding, Limits, Media,
    Score,
};
use serde::Deserialize;

/// What a picture must give.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    network: String,
    picture: String,
    tolerance: f64,
    probability: f64,
    #[serde(default)]
    classes: Vec<(String, f64)>,
    /// x, y, width, height.
    area: Option<[f64; 4]>,
    cells: Option<Vec<Vec<f64>>>,
    /// x, y, width, height and the highest cell.
    regions: Option<Vec<[f64; 5]>>,
}

/// What the embedded engine cannot run, and the word for it that its error must hold.
const BEYOND_RTEN: [(&str, &str); 3] = [
    // rten 0.27 takes strides and dilations by the attribute kernel_shape alone.
    ("no-kernel-shape", "operator \"Conv 0\" failed"),
    ("int8-operators", "QLinearConv operator not supported"),
    ("contrib", "QuickGelu operator not enabled"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn folder(network: &str) -> PathBuf {
    fixtures().join("networks").join(network)
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Index {
        case: Vec<Case>,
    }
    let text = std::fs::read_to_string(fixtures().join("networks/expected.toml")).unwrap();
    toml::from_str::<Index>(&text).unwrap().case
}

/// A fixture, or by its size the picture that `fixtures/networks.py` draws: as PPM, which loses nothing.
fn media(name: &str) -> Media {
    if name.contains('/') {
        return Media::open(fixtures().join(name), &Limits::default()).unwrap();
    }
    let (width, height) = name.split_once('x').unwrap();
    let (width, height): (u32, u32) = (width.parse().unwrap(), height.parse().unwrap());
    let mut bytes = format!("P6 {width} {height} 255\n").into_bytes();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        bytes.extend([255 * x / width, 255 * y / height, (x + 2 * y) % 64 * 3 + 40].map(|sample| sample as u8));
    }
    Media::from_bytes(bytes, &Limits::default()).unwrap()
}

fn rten() -> EngineOptions {
    EngineOptions::default().with_choice(EngineChoice::Rten).with_threads(1)
}

fn onnxruntime() -> EngineOptions {
    let options = EngineOptions::default().with_choice(EngineChoice::OnnxRuntime).with_threads(1);
    match std::env::var_os("DEEPSCREEN_ONNXRUNTIME") {
        Some(library) => options.with_onnxruntime(library),
        None => options,
    }
}

/// The embedded engine, and ONNX Runtime where there is one.
fn engines() -> Vec<(&'static str, EngineOptions)> {
    let mut engines = vec![("rten", rten())];
    match Detector::open(folder("opset-9"), &onnxruntime()) {
        Ok(_) => engines.push(("onnxruntime", onnxruntime())),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::EngineUnavailable, "{error:#}");
            println!("skipped: ONNX Runtime: {error:#}");
        }
    }
    engines
}

fn score(evidence: &[Evidence]) -> &Score {
    match evidence {
        [Evidence { finding: Finding::Score(score), .. }] => score,
        other => panic!("one score expected: {other:?}"),
    }
}

impl Case {
    /// The largest difference of a probability; what is not a matter of degree is asserted.
    fn difference(&self, score: &Score) -> f64 {
        let place = format!("{} {}", self.network, self.picture);
        let mut largest = (score.probability.get() - self.probability).abs();
        assert_eq!(score.classes.len(), self.classes.len(), "{place}");
        for ((name, found), (expected_name, expected)) in score.classes.iter().zip(&self.classes) {
            assert_eq!(name, expected_name, "{place}");
            largest = largest.max((found.get() - expected).abs());
        }
        assert_eq!(score.heat_map.is_some(), self.cells.is_some(), "{place}");
        let (Some(map), Some(rows)) = (&score.heat_map, &self.cells) else { return largest };
        assert_eq!((map.rows() as usize, map.columns() as usize), (rows.len(), rows[0].len()), "{place}");
        for (found, expected) in map.cells().iter().zip(rows.iter().flatten()) {
            largest = largest.max((f64::from(*found) - expected).abs());
        }
        let area = map.area();
        let near = |found: [f64; 4], expected: &[f64]| {
            let far = found.iter().zip(expected).any(|(found, expected)| (found - expected).abs() > 0.01);
            assert!(!far, "{place}: {found:?}, {expected:?} expected");
        };
        near([area.x, area.y, area.width, area.height], self.area.as_ref().unwrap());
        let (regions, expected) = (map.regions(0.5), self.regions.as_ref().unwrap());
        assert_eq!(regions.len(), expected.len(), "{place}: {regions:?}");
        for ((region, peak), expected) in regions.iter().zip(expected) {
            near([region.x, region.y, region.width, region.height], &expected[..4]);
            largest = largest.max((f64::from(*peak) - expected[4]).abs());
        }
        largest
    }
}

#[test]
fn every_network_gives_what_it_must_on_every_engine() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (engine, options) in engines() {
        let mut largest: BTreeMap<&str, f64> = BTreeMap::new();
        let mut detectors: BTreeMap<&str, Result<Detector, deepscreen::Error>> = BTreeMap::new();
        for case in &cases {
            let network = case.network.as_str();
            let open = || Detector::open(folder(network), &options);
            let answer = match detectors.entry(network).or_insert_with(open) {
                Ok(detector) => detector.analyze(&media(&case.picture)),
                Err(error) => Err(error.clone()),
            };
            let beyond = BEYOND_RTEN.iter().find(|(name, _)| engine == "rten" && *name == network);
            match (answer, beyond) {
                (Ok(evidence), None) => {
                    let difference = case.difference(score(&evidence));
                    let most = largest.entry(network).or_default();
                    *most = most.max(difference);
                    // Both numbers are rounded to four places.
                    if difference > case.tolerance + 1e-9 {
                        wrong.push(format!("{network} {} on {engine}: off by {difference:.4}", case.picture));
                    }
                }
                (Err(error), Some((_, says))) => {
                    let message = format!("{error:#}");
                    println!("{network:20} {engine:12} {message}");
                    assert!(message.contains(says), "{network}: {message}");
                }
                (Err(error), None) => wrong.push(format!("{network} on {engine}: {error:#}")),
                (Ok(_), Some((_, says))) => wrong.push(format!("{network} on {engine}: runs, in spite of {says}")),
            }
        }
        for (network, difference) in largest {
            println!("{network:20} {engine:12} {difference:.6}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() > 70, "only {} cases", cases.len());
}
