//! Tiny networks of every shape, type and age that exporters make: what they give against ONNX Runtime in Python, on
//! every engine that is here. `fixtures/README.md` says what the files are.
//!
//! `DEEPSCREEN_ONNXRUNTIME` names a library of ONNX Runtime; without it one is looked for, and where there is none the
//! tests say so and hold the embedded engine alone to what is expected.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use deepscreen::{
    Analyzer, Contract, Detector, EngineChoice, EngineOptions, ErrorKind, Evidence, Finding, Limits, Media,
    Network, Score,
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
const BEYOND_RTEN: [(&str, &str); 2] = [
    // rten 0.27 takes strides and dilations by the attribute kernel_shape alone.
    ("no-kernel-shape", "operator \"Conv 0\" failed"),
    ("int8-operators", "QLinearConv operator not supported"),
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
        bytes.extend(
            [255 * x / width, 255 * y / height, (x + 2 * y) % 64 * 3 + 40].map(|sample| sample as u8),
        );
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
    static FOUND: LazyLock<bool> =
        LazyLock::new(|| match Detector::open(folder("opset-9"), &onnxruntime()) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::EngineUnavailable, "{error:#}");
                println!("skipped: ONNX Runtime: {error:#}");
                false
            }
        });
    let mut engines = vec![("rten", rten())];
    engines.extend(FOUND.then(|| ("onnxruntime", onnxruntime())));
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
                (Ok(_), Some((_, says))) => {
                    wrong.push(format!("{network} on {engine}: runs, in spite of {says}"))
                }
            }
        }
        for (network, difference) in largest {
            println!("{network:20} {engine:12} {difference:.6}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() > 70, "only {} cases", cases.len());
}

/// xorshift64 (Marsaglia 2003): the same mutations on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// Bytes changed, cut out, repeated or moved in.
    fn mutated(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(40) {
                0..20 => bytes[at] ^= 1 << self.below(8),
                20..37 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)],
                37 => drop(bytes.drain(at..end)),
                38 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                _ => bytes.truncate(end),
            }
        }
        bytes
    }
}

/// A thousand mutations, on the embedded engine: Rust alone, so that nothing but a panic or a hang can go wrong short of
/// a lack of memory. 105,000 others of seven networks were tried once: none took half a
/// second, and the 13 panics, all of rten, came out as errors.
#[test]
fn mutated_networks_are_refused_or_run() {
    let patience = Duration::from_secs(30);
    let (mut refused, mut answered) = (0, 0);
    for (seed, network) in [(1, "map"), (2, "int8")] {
        let whole = std::fs::read(folder(network).join("model.onnx")).unwrap();
        let contract = Contract::open(folder(network)).unwrap();
        let mut random = Random(seed);
        for round in 0..500 {
            let mutated = random.mutated(&whole);
            let contract = contract.clone();
            let (sender, receiver) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let outcome = std::panic::catch_unwind(|| {
                    let temporary = tempfile::tempdir().unwrap();
                    std::fs::write(temporary.path().join("model.onnx"), &mutated).unwrap();
                    let seen = Network::open(temporary.path().join("model.onnx"));
                    let opened = Detector::with_contract(contract, temporary.path(), &rten());
                    assert!(seen.is_ok() || opened.is_err(), "an engine was given what is no network");
                    opened.and_then(|detector| detector.analyze(&media("40x30")))
                });
                let _ = sender.send(outcome);
            });
            let place = format!("{network}, mutation {round}");
            let outcome = receiver.recv_timeout(patience).unwrap_or_else(|_| panic!("{place}: no end"));
            match outcome.unwrap_or_else(|_| panic!("{place}: a panic came through")) {
                Ok(_) => answered += 1,
                Err(error) => {
                    let known = [
                        ErrorKind::InvalidModel,
                        ErrorKind::ModelShape,
                        ErrorKind::Inference,
                        ErrorKind::Panic,
                    ];
                    assert!(known.contains(&error.kind()), "{place}: {error:#}");
                    refused += 1;
                }
            }
        }
    }
    assert!(
        refused > 100 && answered > 100,
        "{refused} refused, {answered} answered: the mutations are no test"
    );
}

/// All pictures of a network in one batch, as a folder is scanned.
#[test]
fn a_batch_gives_what_its_pictures_give_alone() {
    for (engine, options) in engines() {
        for network in ["batch-1-crops", "batch-4", "any-size", "map", "tiles-top", "nhwc"] {
            let cases: Vec<Case> = cases().into_iter().filter(|case| case.network == network).collect();
            let detector = Detector::open(folder(network), &options).unwrap();
            let batched = detector.batched().unwrap();
            let samples: Vec<_> =
                cases.iter().map(|case| batched.prepare(&media(&case.picture)).unwrap()).collect();
            let answers = batched.analyze_batch(&samples.iter().collect::<Vec<_>>());
            assert_eq!(answers.len(), cases.len());
            for (case, answer) in cases.iter().zip(answers) {
                let difference = case.difference(score(&answer.unwrap()));
                assert!(difference <= case.tolerance, "{network} {} on {engine}: {difference}", case.picture);
            }
        }
    }
}

/// A folder with a network and a contract, which may be changed.
fn copied(network: &Path, contract: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(network, folder.path().join("model.onnx")).unwrap();
    std::fs::write(folder.path().join("model.toml"), contract).unwrap();
    folder
}

/// A network of this folder with a line of its contract changed.
fn changed(network: &str, from: &str, to: &str) -> tempfile::TempDir {
    let contract = std::fs::read_to_string(folder(network).join("model.toml")).unwrap();
    assert!(contract.contains(from), "{network}: no {from:?} in {contract}");
    copied(&folder(network).join("model.onnx"), &contract.replacen(from, to, 1))
}

/// What the comparison with the reference would show, were the program to do the wrong thing.
#[test]
fn another_contract_gives_clearly_another_answer() {
    for (network, from, to) in [
        ("opset-9", "std = [0.229, 0.224, 0.225]", "std = [0.4, 0.4, 0.4]"),
        ("opset-9", "mean = [0.485, 0.456, 0.406]", "mean = [0.406, 0.456, 0.485]"),
        ("opset-11-bgr", "color = \"bgr\"", "color = \"rgb\""),
        ("opset-11-bgr", "inverted = true", "inverted = false"),
        ("opset-13-softmax", "fake = [\"fake\"]", "fake = [\"real\"]"),
        ("opset-17-classes", "fake = [\"gan\", \"diffusion\"]", "fake = [\"gan\"]"),
        ("listed-outputs", "kind = \"logit\"", "kind = \"logit\"\ninverted = true"),
        ("nhwc-uint8-bgr", "color = \"bgr\"", "color = \"rgb\""),
        ("gray", "color = \"gray\"", "color = \"green\""),
        ("green", "color = \"green\"", "color = \"gray\""),
        ("tiles-max", "pool = \"max\"", "pool = \"mean\""),
        ("tiles-top", "top_k = 2", "top_k = 1"),
        ("tiles-mean", "most = 5", "most = 1"),
        ("any-size", "size = 64", "size = 6"),
        ("letterbox", "fill = 114", "fill = 255"),
        ("pad-square", "fill = 30", "fill = 255"),
    ] {
        let detector = Detector::open(changed(network, from, to).path(), &rten()).unwrap();
        let cases: Vec<Case> = cases().into_iter().filter(|case| case.network == network).collect();
        let far = |case: &Case| {
            let evidence = detector.analyze(&media(&case.picture)).unwrap();
            (score(&evidence).probability.get() - case.probability).abs()
        };
        let farthest = cases.iter().map(far).fold(0.0, f64::max);
        assert!(farthest > 5.0 * cases[0].tolerance, "{network} with {to:?}: {farthest}");
    }
}

/// Each message names the file, the tensor, what was expected and what was found.
#[test]
fn a_contract_that_does_not_fit_is_refused_with_the_tensor_and_both_shapes() {
    for (network, from, to, says) in [
        (
            "opset-9",
            "width = 12",
            "width = 13",
            &["input input of [N, 3, 8, 13] expected", "found [N, 3, 8, 12]"][..],
        ),
        (
            "opset-9",
            "[input]",
            "[input]\nlayout = \"nhwc\"",
            &["[N, 8, 12, 3] expected", "found [N, 3, 8, 12]"],
        ),
        (
            "nhwc",
            "layout = \"nhwc\"",
            "layout = \"nchw\"",
            &["[N, 3, 8, 12] expected", "found [N, 8, 12, 3]"],
        ),
        (
            "letterbox",
            "[input]",
            "[input]\ncolor = \"gray\"",
            &["[N, 1, 8, 12] expected", "found [N, 3, 8, 12]"],
        ),
        (
            "opset-9",
            "[input]",
            "[input]\nname = \"pixels\"",
            &["input pixels expected", "found input [N, 3, 8, 12]"],
        ),
        ("uint8", "scale = 1.0", "scale = 0.5", &["input input takes bytes", "preprocess.scale = 1"]),
        (
            "listed-outputs",
            "name = \"score\"",
            "name = \"logit\"",
            &["output logit expected", "features [N, 3], score [N, 1]"],
        ),
        ("listed-outputs", "name = \"score\"\n", "", &["which output?", "features [N, 3], score [N, 1]"]),
        (
            "map",
            "name = \"where\"",
            "name = \"logit\"",
            &["output logit: the contract takes it for the answer and for the map"],
        ),
        (
            "map",
            "name = \"logit\"",
            "name = \"where\"",
            &["output where: the contract takes it for the answer and for the map"],
        ),
        ("map", "name = \"where\"", "name = \"there\"", &["output there expected", "where [N, 1, 4, 6]"]),
    ] {
        let folder = changed(network, from, to);
        for (engine, options) in engines() {
            let error = Detector::open(folder.path(), &options).err();
            let error = error.unwrap_or_else(|| panic!("{network} with {to:?} is accepted by {engine}"));
            let message = format!("{error:#}");
            assert_eq!(error.kind(), ErrorKind::ModelShape, "{message}");
            for says in says.iter().chain(&["model.onnx"]) {
                assert!(message.contains(says), "{network} with {to:?} does not say {says:?}: {message}");
            }
        }
    }
    // What only a run can show.
    for (network, from, to, says) in [
        (
            "listed-outputs",
            "name = \"score\"",
            "name = \"features\"",
            "output of one number for each of 1 views expected, found [1, 3]",
        ),
        (
            "opset-17-classes",
            "\"drawing\"]",
            "\"drawing\", \"print\"]",
            "output of 5 numbers for each of 1 views expected, found [1, 4]",
        ),
        (
            "opset-9",
            "kind = \"logit\"",
            "kind = \"probability\"",
            "which is no probability: does it give logits?",
        ),
    ] {
        let folder = changed(network, from, to);
        for (engine, options) in engines() {
            let detector = Detector::open(folder.path(), &options).unwrap();
            let refused: Vec<String> = ["images/png_photo.png", "320x240", "12x8"]
                .iter()
                .filter_map(|picture| detector.analyze(&media(picture)).err())
                .map(|error| format!("{error:#}"))
                .collect();
            assert!(
                refused.iter().any(|error| error.contains(says)),
                "{network} {to:?} {engine}: {refused:?}"
            );
        }
    }
}

#[test]
fn hostile_files_are_refused_before_an_engine_sees_them() {
    for (file, says) in [
        ("cycle", "node Add 2 (Add) takes later, which no node before it makes"),
        ("loop", "operator Loop: a network that loops is not run"),
        ("loop_in_function", "operator Loop: a network that loops is not run"),
        ("two_graphs", "a file of two graphs"),
        ("constant_shape", "node ConstantOfShape 2 (ConstantOfShape) makes a tensor of [1048576, 1048576]"),
        ("expand", "node Expand 2 (Expand) makes a tensor of [1048576, 1048576]"),
        ("tile", "node Tile 2 (Tile) makes a tensor of [1048576, 1048576]"),
        ("resize", "node Resize 2 (Resize) makes a tensor of [1, 1, 1048576, 1048576]"),
        ("short_weights", "weights w of [1, 3, 8, 12]: the file does not hold as many numbers"),
        ("external_absolute", "weights in \"/etc/passwd\": a file beside the network expected"),
        ("external_parent", "weights in \"../model.onnx.data\": a file beside the network expected"),
        ("external_constant", "weights in \"/etc/passwd\": a file beside the network expected"),
        ("truncated", "not an ONNX network, or a damaged one"),
        ("cut_name", "not an ONNX network, or a damaged one"),
    ] {
        let error = Network::open(folder("hostile").join(format!("{file}.onnx"))).err();
        let error = error.unwrap_or_else(|| panic!("{file} is accepted"));
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{file}: {error:#}");
        let message = format!("{error:#}");
        assert!(message.contains(says) && message.contains(&format!("{file}.onnx")), "{file}: {message}");
    }
}

/// What a look at the file cannot show is an error of the model's kind, never a score.
#[test]
fn hostile_files_that_an_engine_sees_fail_with_their_name() {
    let contract = std::fs::read_to_string(folder("hostile").join("model.toml")).unwrap();
    // The kind of the error and what it says, for each engine; whether it comes with the first run only.
    type Told = (ErrorKind, &'static str);
    let cases: [(&str, bool, [Told; 2]); 8] = [
        ("external_missing", false, [(ErrorKind::Unreadable, "its weights lie in nowhere.data"); 2]),
        ("no_output", false, [(ErrorKind::ModelShape, "the network has no output"); 2]),
        ("output_of_nobody", false, [(ErrorKind::InvalidModel, "nobody"); 2]),
        ("unknown_operator", false, [(ErrorKind::InvalidModel, "Divine"); 2]),
        (
            "wrong_type",
            true,
            [(ErrorKind::Inference, "operator \"And 2\" failed"), (ErrorKind::InvalidModel, "And 2")],
        ),
        (
            "wrong_sizes",
            true,
            [
                (ErrorKind::Inference, "operator \"Conv 0\" failed"),
                (ErrorKind::Inference, "running Conv node"),
            ],
        ),
        (
            "two_numbers",
            true,
            [(ErrorKind::ModelShape, "output of one number for each of 1 views expected, found [1, 2]"); 2],
        ),
        ("nan", true, [(ErrorKind::Inference, "the network gave NaN, which is no score"); 2]),
    ];
    for (file, at_run, expected) in cases {
        let folder = copied(&folder("hostile").join(format!("{file}.onnx")), &contract);
        for ((engine, options), (kind, says)) in engines().into_iter().zip(expected) {
            let (error, named) = match Detector::open(folder.path(), &options) {
                Ok(detector) if at_run => (detector.analyze(&media("40x30")).unwrap_err(), true),
                Ok(_) => panic!("{file} loads on {engine}"),
                Err(error) => (error.clone(), error.to_string().contains("model.onnx")),
            };
            let message = format!("{error:#}");
            assert_eq!(error.kind(), kind, "{file} on {engine}: {message}");
            assert!(message.contains(says) && named, "{file} on {engine}: {message}");
        }
    }
    // The same file, sound: so the contract and the picture are not at fault.
    let sound = copied(&folder("hostile/sound.onnx"), &contract);
    Detector::open(sound.path(), &rten()).unwrap().analyze(&media("40x30")).unwrap();
}

#[test]
fn no_number_for_one_picture_spoils_no_other_of_its_batch() {
    let contract = std::fs::read_to_string(folder("hostile").join("model.toml")).unwrap();
    let black = Media::from_bytes([&b"P6 20 20 255\n"[..], &[0; 1200]].concat(), &Limits::default()).unwrap();
    for (engine, options) in engines() {
        let folder = copied(&folder("hostile/nan_for_black.onnx"), &contract);
        let detector = Detector::open(folder.path(), &options).unwrap();
        let batched = detector.batched().unwrap();
        let samples = [&media("40x30"), &black, &media("30x40")].map(|media| batched.prepare(media).unwrap());
        let answers = batched.analyze_batch(&samples.iter().collect::<Vec<_>>());
        assert!(answers[0].is_ok() && answers[2].is_ok(), "{engine}: {answers:?}");
        let error = answers[1].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Inference, "{engine}");
        assert_eq!(error.message(), "the network gave NaN, which is no score", "{engine}");
    }
}

/// A network that mixes the pictures of a batch gives one number for all of them, which is nobody's score.
#[test]
fn one_number_for_a_whole_batch_is_no_score() {
    let contract = std::fs::read_to_string(folder("hostile").join("model.toml")).unwrap();
    for (engine, options) in engines() {
        let folder = copied(&folder("hostile/one_for_all.onnx"), &contract);
        let detector = Detector::open(folder.path(), &options).unwrap();
        let batched = detector.batched().unwrap();
        let samples = ["40x30", "30x40"].map(|picture| batched.prepare(&media(picture)).unwrap());
        for answer in batched.analyze_batch(&samples.iter().collect::<Vec<_>>()) {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ModelShape, "{engine}");
            assert!(
                error.message().ends_with("for each of 2 views expected, found [1, 1]"),
                "{engine}: {error}"
            );
        }
    }
}

/// A window's cell is what the picture of that window alone gets: a picture is put together of four that score apart.
#[test]
fn local_scores_say_where() {
    let (width, height) = (24_u32, 16_u32);
    let shade = |x: u32, y: u32| if (x < 12) == (y < 8) { 250_u8 } else { 5 };
    let rgb = |x, y| [shade(x, y); 3];
    let pixels = |left: u32, top: u32, width: u32, height: u32| {
        let row = |y| (left..left + width).flat_map(move |x| rgb(x, y));
        Media::from_pixels(
            deepscreen::media::Pixels::from_rgb8(width, height, (top..top + height).flat_map(row).collect())
                .unwrap(),
        )
    };
    for (engine, options) in engines() {
        let detector = || Detector::open(folder("tiles-mean"), &options).unwrap();
        let alone =
            |left, top| score(&detector().analyze(&pixels(left, top, 12, 8)).unwrap()).probability.get();
        let evidence = detector().with_local_scores().analyze(&pixels(0, 0, width, height)).unwrap();
        let map = score(&evidence).heat_map.as_ref().unwrap();
        assert_eq!((map.columns(), map.rows()), (2, 2), "{engine}");
        let expected = [alone(0, 0), alone(12, 0), alone(0, 8), alone(12, 8)];
        for (cell, expected) in map.cells().iter().zip(expected) {
            assert!((f64::from(*cell) - expected).abs() < 1e-3, "{engine}: {:?}", map.cells());
        }
        assert!((map.cells()[0] - map.cells()[1]).abs() > 0.1 && map.cells()[0] == map.cells()[3]);
        let area = map.area();
        assert_eq!((area.x, area.y, area.width, area.height), (0.0, 0.0, 24.0, 16.0));
        // The score is that without the map; another network is asked for none.
        assert_eq!(
            score(&evidence).probability,
            score(&detector().analyze(&pixels(0, 0, width, height)).unwrap()).probability
        );
        let whole = Detector::open(folder("green"), &options).unwrap().with_local_scores();
        assert!(score(&whole.analyze(&pixels(0, 0, width, height)).unwrap()).heat_map.is_none());
    }
}
