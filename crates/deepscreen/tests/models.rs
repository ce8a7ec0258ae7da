//! Models through the public interface: what is wrong is refused with its name, and engines agree.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use deepscreen::{
    Analyzer, Detector, EngineChoice, EngineOptions, ErrorKind, Evidence, Finding, Limits, Media, walk,
};

fn rten() -> EngineOptions {
    EngineOptions::default().with_choice(EngineChoice::Rten).with_threads(1)
}

/// A folder with the shipped model, changed by `change(contract, weights)`.
fn changed(change: impl Fn(&mut String, &mut Vec<u8>)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut contract = deepscreen_models::AI_IMAGE.contract.to_owned();
    let mut weights = deepscreen_models::AI_IMAGE.weights.to_vec();
    change(&mut contract, &mut weights);
    std::fs::write(folder.path().join("model.toml"), contract).unwrap();
    std::fs::write(folder.path().join("model.onnx"), weights).unwrap();
    folder
}

fn replaced(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "{from:?} is not in the contract");
    *text = text.replace(from, to);
}

/// Puts the checksum of the weights into the contract.
fn sign(contract: &mut String, weights: &[u8]) {
    use sha2::Digest;
    let hex: String = sha2::Sha256::digest(weights).iter().map(|byte| format!("{byte:02x}")).collect();
    let start = contract.find("sha256 = \"").unwrap() + "sha256 = \"".len();
    contract.replace_range(start..start + 64, &hex);
}

#[test]
fn the_shipped_model_opens_from_its_folder_too() {
    let folder = changed(|_, _| {});
    let opened = Detector::open(folder.path(), &rten()).unwrap();
    assert_eq!(opened.model(), Detector::bundled(&rten()).unwrap().model());
    assert!(opened.bytes() < 9_000_000, "a registry crate may weigh 10 MB");
    assert_eq!(opened.bytes(), deepscreen_models::AI_IMAGE.weights.len() as u64);
}

#[test]
fn each_wrong_model_is_refused_with_its_name_and_its_own_kind() {
    type Change = fn(&mut String, &mut Vec<u8>);
    let cases: [(&str, Change, ErrorKind, &str); 6] = [
        ("checksum", |_, weights| weights[1000] ^= 1, ErrorKind::ModelChecksum, "not the same weights"),
        (
            "no network",
            |contract, weights| {
                *weights = b"not a network".to_vec();
                sign(contract, weights);
            },
            ErrorKind::InvalidModel,
            "not an ONNX network",
        ),
        (
            "pointer",
            |contract, weights| {
                *weights = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
                sign(contract, weights);
            },
            ErrorKind::InvalidModel,
            "Git LFS",
        ),
        (
            "shape",
            |contract, _| {
                replaced(contract, "width = 224", "width = 192");
                replaced(contract, "height = 224", "height = 192");
            },
            ErrorKind::ModelShape,
            "[N, 3, 192, 192] expected",
        ),
        (
            "input",
            |contract, _| replaced(contract, "[input]\nname = \"input\"", "[input]\nname = \"pixels\""),
            ErrorKind::ModelShape,
            "input pixels expected, found input",
        ),
        (
            "output",
            |contract, _| replaced(contract, "[output]\nname = \"logit\"", "[output]\nname = \"odds\""),
            ErrorKind::ModelShape,
            "output odds expected, found logit",
        ),
    ];
    for (case, change, kind, says) in cases {
        let folder = changed(change);
        let error =
            Detector::open(folder.path(), &rten()).err().unwrap_or_else(|| panic!("{case}: accepted"));
        let message = format!("{error:#}");
        assert_eq!(error.kind(), kind, "{case}: {message}");
        assert!(message.contains(says), "{case}: {message}");
        assert!(message.contains("model.onnx"), "{case} does not name the file: {message}");
    }
}

#[test]
fn missing_files_are_named() {
    let folder = changed(|_, _| {});
    std::fs::remove_file(folder.path().join("model.onnx")).unwrap();
    let error = Detector::open(folder.path(), &rten()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(error.to_string().contains("model.onnx"), "{error}");
    let error = Detector::open(folder.path().join("nothing"), &rten()).err().unwrap();
    assert!(error.to_string().contains("model.toml"), "{error}");
    let file = folder.path().join("model.toml");
    let error = Detector::open(&file, &rten()).err().unwrap();
    assert!(error.to_string().contains("a model is a folder"), "{error}");
}

#[test]
fn a_library_that_is_none_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libonnxruntime.so");
    std::fs::write(&text, "not a library").unwrap();
    let elf = folder.path().join("libonnxruntime.so.1");
    std::fs::write(&elf, b"\x7fELF and nothing behind it").unwrap();
    for (path, says) in [
        (text.as_path(), "not a library"),
        (elf.as_path(), "cannot be loaded"),
        (folder.path(), "a folder"),
        (Path::new("no/such/library.so"), "cannot be read"),
    ] {
        let options = EngineOptions::default().with_onnxruntime(path);
        let error = Detector::bundled(&options).err().unwrap();
        let message = format!("{error:#}");
        assert_eq!(error.kind(), ErrorKind::EngineUnavailable, "{message}");
        assert!(message.contains(says) && message.contains(&path.display().to_string()), "{message}");
    }
    // What failed to load has not spoilt the process for the engine that is always there.
    Detector::bundled(&rten()).unwrap();
}

fn probability(evidence: &[Evidence]) -> f64 {
    match &evidence[0].finding {
        Finding::Score(score) => score.probability.get(),
        other => panic!("no score: {other:?}"),
    }
}

#[test]
fn batches_of_any_size_give_what_single_runs_give() {
    let detector = Detector::bundled(&rten()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let names =
        ["photo_valley.jpg", "photo_table.jpg", "photo_wall.jpg", "png_screenshot.png", "png_photo.png"];
    let media: Vec<Media> =
        names.iter().map(|name| Media::open(folder.join(name), &Limits::default()).unwrap()).collect();
    let single: Vec<f64> = media.iter().map(|media| probability(&detector.analyze(media).unwrap())).collect();
    let batched = detector.batched().unwrap();
    let samples: Vec<_> = media.iter().map(|media| batched.prepare(media).unwrap()).collect();
    let together = batched.analyze_batch(&samples.iter().collect::<Vec<_>>());
    for ((name, single), together) in names.iter().zip(single).zip(together) {
        let together = probability(&together.unwrap());
        assert!((single - together).abs() <= 2e-4, "{name}: {single} alone, {together} in a batch");
    }
}

/// Needs an ONNX Runtime where the program would find one; says so where there is none.
#[test]
fn both_engines_give_the_same_probabilities() {
    let onnxruntime = EngineOptions::default().with_choice(EngineChoice::OnnxRuntime).with_threads(1);
    let onnxruntime = match Detector::bundled(&onnxruntime) {
        Ok(detector) => detector,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::EngineUnavailable);
            eprintln!("skipped: {error:#}");
            return;
        }
    };
    let rten = Detector::bundled(&rten()).unwrap();
    let mut compared = 0;
    // Every fourth picture: a build without optimisation takes a quarter of a second for each.
    for path in walk(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images")).step_by(4) {
        let Ok(media) = Media::open(&path, &Limits::default()) else { continue };
        let (Ok(a), Ok(b)) = (onnxruntime.analyze(&media), rten.analyze(&media)) else { continue };
        let (a, b) = (probability(&a), probability(&b));
        assert!((a - b).abs() <= 1e-3, "{}: {a} on ONNX Runtime, {b} on rten", path.display());
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} pictures were compared");
}

/// The score is of the pixels: the same ones in another format, in a larger file, or beside what a generator or a camera
/// writes, have the same.
#[test]
fn format_size_and_metadata_of_a_file_change_no_score() {
    let detector = Detector::bundled(&rten()).unwrap();
    let score = |bytes: Vec<u8>| {
        let media = Media::from_bytes(bytes, &Limits::default()).unwrap();
        probability(&detector.analyze(&media).unwrap())
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let photo = Media::open(fixtures.join("images/photo_table.jpg"), &Limits::default()).unwrap();
    let pixels = photo.pixels().unwrap();
    let picture =
        image::RgbImage::from_raw(pixels.width(), pixels.height(), pixels.as_rgb8().to_vec()).unwrap();
    let encoded = |format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let expected = probability(&detector.analyze(&photo).unwrap());
    for format in [
        image::ImageFormat::Png,
        image::ImageFormat::Bmp,
        image::ImageFormat::Tiff,
        image::ImageFormat::WebP,
        image::ImageFormat::Qoi,
    ] {
        assert_eq!(score(encoded(format)), expected, "{format:?}");
    }
    let jpeg = photo.bytes();
    // Behind the end, and right after the start: an Exif segment of a generator, a comment.
    let larger = [jpeg, &[0; 1 << 20]].concat();
    assert_eq!(score(larger), expected);
    let segment = |marker: u8, content: &[u8]| {
        [&[0xff, marker], &(content.len() as u16 + 2).to_be_bytes()[..], content].concat()
    };
    let marks = [
        segment(0xfe, b"masterpiece, best quality, Steps: 30, Sampler: Euler a, Model: sdxl"),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"),
    ]
    .concat();
    assert_eq!(score([&jpeg[..2], &marks, &jpeg[2..]].concat()), expected);
}
