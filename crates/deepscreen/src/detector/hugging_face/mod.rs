//! The folder of a Hugging Face export in, a [`Contract`] out: `config.json`, `preprocessor_config.json` and the name
//! of the network beside them.
//!
//! What a field means is what the image processors of transformers make of it, 4.57 and 5.24 alike: sizes as
//! `image_processing_backends.py`, each class as `models/*/image_processing_*.py`, and timm 1.0's
//! `transforms_imagenet_eval`. Where these versions differ the field must be there. A field that changes pixels and is
//! not known here is refused, never passed over; no path that the files name is opened.

mod processor;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::contract::{Contract, ContractOptions, Names, Output, OutputKind};
use super::labels::{self, Meaning};
use crate::error::{Error, ErrorKind, Result};
use processor::{picture, timm_picture};

/// A configuration with the labels of 20 000 classes has 1 MB.
const LARGEST_JSON: u64 = 4 << 20;

/// ImageNet's; a detector has a handful.
const MOST_CLASSES: usize = 1000;

/// How many labels an error lists.
const LISTED: usize = 12;

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidModel, message)
}

/// The contract of the export in `folder`.
///
/// # Errors
/// [`Unreadable`](ErrorKind::Unreadable); [`InvalidModel`](ErrorKind::InvalidModel), which names the file and the
/// field, or lists the labels where it is not clear which of them mean fake.
pub(super) fn contract(folder: &Path, options: &ContractOptions) -> Result<Contract> {
    let at = |name: &str| folder.join(name).display().to_string();
    let config = read_json(&folder.join("config.json"))?;
    let labels = labels_of(&config).map_err(|error| error.about(at("config.json")))?;
    let picture = if let Some(timm) = config.get("pretrained_cfg") {
        timm_picture(timm).map_err(|error| error.about(at("config.json")))?
    } else {
        let name = "preprocessor_config.json";
        if !folder.join(name).exists() {
            let message =
                "missing: it says how pictures are prepared; save_pretrained of the processor writes it";
            return Err(wrong(message).about(at(name)));
        }
        let processor = read_json(&folder.join(name))?;
        let model_type = config.get("model_type").and_then(Value::as_str);
        picture(&processor, model_type).map_err(|error| error.about(at(name)))?
    };
    let title = folder_name(folder);
    let name = config.get("_name_or_path").and_then(Value::as_str);
    let name =
        name.filter(|name| !name.starts_with(['/', '.', '~']) && is_plain(name, 200)).unwrap_or(&title);
    let output = output(&config, labels, options).map_err(|error| error.about(at("config.json")))?;
    let detects = options.detects.unwrap_or_else(|| labels::kind(&output.fake, &format!("{title} {name}")));
    let licence = licence(folder).unwrap_or_else(|| "unknown".to_owned());
    let network = network(folder)?;
    let names = Names { id: &id(&title), name, detects, licence: &licence };
    Contract::of_export(names, &network, picture.input, picture.preprocess, output)
        .map_err(|error| error.about(folder.display()))
}

fn read_json(path: &Path) -> Result<Map<String, Value>> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_JSON + 1).read_to_end(&mut text))
        .map_err(|error| Error::new(ErrorKind::Unreadable, "cannot be read").because(error))
        .and_then(|_| {
            if text.len() as u64 > LARGEST_JSON {
                return Err(wrong(format!(
                    "more than {} MB, which no configuration has",
                    LARGEST_JSON >> 20
                )));
            }
            serde_json::from_slice(&text).map_err(|error| wrong("not a configuration").because(error))
        })
        .map_err(|error| error.about(path.display()))
}

/// Printable and not longer than that.
fn is_plain(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.len() <= longest && !text.contains(char::is_control)
}

/// The name of the folder; that of the repository in the cache of `huggingface_hub`, whose folders are hashes.
fn folder_name(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let repository = folder
        .parent()
        .filter(|parent| parent.ends_with("snapshots"))
        .and_then(Path::parent)
        .and_then(name)
        .and_then(|name| Some(name.strip_prefix("models--")?.replace("--", "/")));
    repository
        .or_else(|| name(&folder))
        .filter(|name| is_plain(name, 200))
        .unwrap_or_else(|| "model".to_owned())
}

fn id(name: &str) -> String {
    let name = name.to_lowercase();
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let id: String = words.join("-").chars().take(64).collect();
    if id.is_empty() { "model".to_owned() } else { id.trim_end_matches('-').to_owned() }
}

/// The licence that the front matter of README.md names.
fn licence(folder: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(folder.join("README.md")).ok()?.take(1 << 16).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let matter = text.trim_start_matches('\u{feff}').strip_prefix("---")?;
    let lines = matter.lines().take_while(|line| line.trim_end() != "---");
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(':')?.trim().trim_matches(['"', '\'']).to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.+ ".contains(c);
        (!value.is_empty() && value.len() <= 64 && value.chars().all(plain)).then_some(value)
    };
    let find = |key| lines.clone().find_map(|line| value(line, key));
    match find("license")? {
        other if other == "other" => find("license_name").or(Some(other)),
        licence => Some(licence),
    }
}

/// Which file is the network, relative to the folder.
fn network(folder: &Path) -> Result<String> {
    let plain = ["onnx/model.onnx", "model.onnx"];
    if let Some(path) = plain.into_iter().find(|path| folder.join(path).is_file()) {
        return Ok(path.to_owned());
    }
    let mut others: Vec<String> =
        ["onnx", ""].iter().flat_map(|within| networks(&folder.join(within), within)).collect();
    others.sort();
    // As transformers.js and optimum call what they made smaller.
    let smaller = |path: &&String| {
        ["_quantized", "_int8", "_uint8", "_q4", "_q4f16", "_bnb4", "_fp16", "_q8"]
            .iter()
            .any(|end| path.trim_end_matches(".onnx").ends_with(end))
    };
    let whole: Vec<&String> = others.iter().filter(|path| !smaller(path)).collect();
    match (whole.as_slice(), others.as_slice()) {
        ([one], _) => Ok((*one).clone()),
        ([], [one]) => Ok(one.clone()),
        (_, []) => Err(wrong(
            "no ONNX network: onnx/model.onnx or model.onnx expected; `optimum-cli export onnx` makes one",
        )),
        _ => Err(wrong(format!(
            "which network? onnx/model.onnx or model.onnx expected, found {}",
            list(others.iter().map(String::as_str))
        ))),
    }
    .map_err(|error| error.about(folder.display()))
}

fn networks(folder: &Path, within: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.flatten().filter(|entry| entry.path().is_file());
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let prefix = if within.is_empty() { String::new() } else { format!("{within}/") };
    names.filter(|name| name.ends_with(".onnx")).map(|name| format!("{prefix}{name}")).collect()
}

fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let mut text = names.take(LISTED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The labels of the classes, in order.
fn labels_of(config: &Map<String, Value>) -> Result<Vec<String>> {
    let architectures = config.get("architectures").and_then(Value::as_array);
    let mut names = architectures.into_iter().flatten().filter_map(Value::as_str);
    if let Some(other) = names.find(|name| !name.contains("ForImageClassification")) {
        return Err(wrong(format!(
            "architectures {other:?}: a classifier of pictures expected (…ForImageClassification)"
        )));
    }
    let channels = config.get("num_channels").filter(|value| !value.is_null());
    if let Some(other) = channels.filter(|value| value.as_u64() != Some(3)) {
        return Err(wrong(format!("num_channels {other}: 3 expected")));
    }
    let count = ["num_labels", "num_classes"].iter().find_map(|key| config.get(*key)?.as_u64());
    let labels: Option<Vec<String>> = match (config.get("id2label"), config.get("label_names")) {
        (Some(Value::Object(map)), _) => {
            let label = |at: usize| map.get(&at.to_string())?.as_str().map(str::to_owned);
            (0..map.len()).map(label).collect()
        }
        (None | Some(Value::Null), Some(Value::Array(names))) => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        }
        // What transformers calls them then.
        (None | Some(Value::Null), None | Some(Value::Null)) => {
            Some((0..count.unwrap_or(2).min(MOST_CLASSES as u64)).map(|at| format!("LABEL_{at}")).collect())
        }
        _ => None,
    };
    let labels = labels
        .filter(|labels| !labels.is_empty())
        .ok_or_else(|| wrong("id2label: a label for each class from 0 expected"))?;
    if labels.len() > MOST_CLASSES {
        return Err(wrong(format!("{} classes: {MOST_CLASSES} at most expected", labels.len())));
    }
    if count.is_some_and(|count| count != labels.len() as u64) {
        return Err(wrong(format!("num_labels {} and {} labels", count.unwrap_or(0), labels.len())));
    }
    if let Some(label) = labels.iter().find(|label| !is_plain(label, 500)) {
        return Err(wrong(format!("id2label {label:?}: a printable label expected")));
    }
    let mut sorted = labels.clone();
    sorted.sort();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong(format!("id2label {:?}: two classes of that label", twice[0])));
    }
    Ok(labels)
}

/// How the network's numbers are read. `ForImageClassification` gives logits, always.
fn output(config: &Map<String, Value>, labels: Vec<String>, options: &ContractOptions) -> Result<Output> {
    let problem = config.get("problem_type").and_then(Value::as_str);
    let one = labels.len() == 1;
    match problem {
        None | Some("single_label_classification") => {}
        Some("multi_label_classification") if one => {}
        Some(other) => {
            let message = format!(
                "problem_type {other:?}: classes that exclude each other expected (single_label_classification)"
            );
            return Err(wrong(message));
        }
    }
    let fake = fake(&labels, options)?;
    let output = Output {
        name: None,
        kind: if one { OutputKind::Logit } else { OutputKind::Logits },
        pool: Default::default(),
        // With one class its label says which of the two its number speaks for.
        inverted: one && fake.is_empty(),
        classes: if one { Vec::new() } else { labels },
        fake: if one { Vec::new() } else { fake },
        map: None,
    };
    Ok(output)
}

fn fake(labels: &[String], options: &ContractOptions) -> Result<Vec<String>> {
    let known = || list(labels.iter().map(String::as_str));
    if !options.fake.is_empty() {
        let find =
            |name: &String| {
                let same = |label: &&String| label.trim().to_lowercase() == name.trim().to_lowercase();
                labels.iter().find(same).cloned().ok_or_else(|| {
                    wrong(format!("no class {name:?} to mean fake: the labels are {}", known()))
                })
            };
        let fake: Vec<String> = options.fake.iter().map(find).collect::<Result<_>>()?;
        return Ok(labels.iter().filter(|label| fake.contains(label)).cloned().collect());
    }
    let meanings: Vec<Option<Meaning>> = labels.iter().map(|label| labels::meaning(label)).collect();
    let is_fake = |meaning: &Option<Meaning>| matches!(meaning, Some(Meaning::Fake(_)));
    let fakes = meanings.iter().filter(|meaning| is_fake(meaning)).count();
    let told_apart = labels.len() == 1 || (fakes > 0 && fakes < labels.len());
    if meanings.iter().any(Option::is_none) || !told_apart {
        let message = format!(
            "which class means fake? The labels {} do not tell: name those that do (--fake LABEL, or ContractOptions::fake)",
            known()
        );
        return Err(wrong(message));
    }
    let pairs = labels.iter().zip(&meanings);
    Ok(pairs.filter(|(_, meaning)| is_fake(meaning)).map(|(label, _)| label.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::processor::middle;
    use super::*;
    use crate::detector::contract::{Color, CropOrigin, Step};
    use crate::detector::resample::Filter;
    use crate::evidence::Kind;

    const CONFIG: &str =
        r#"{"architectures": ["ViTForImageClassification"], "id2label": {"0": "Real", "1": "Fake"}}"#;

    /// An export of these texts, under `my Detector`.
    fn export(config: &str, processor: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("my Detector");
        std::fs::create_dir_all(inside.join("onnx")).unwrap();
        std::fs::write(inside.join("onnx/model.onnx"), "").unwrap();
        std::fs::write(inside.join("config.json"), config).unwrap();
        std::fs::write(inside.join("preprocessor_config.json"), processor).unwrap();
        folder
    }

    fn open(config: &str, processor: &str) -> Result<Contract> {
        open_with(config, processor, &ContractOptions::default())
    }

    fn open_with(config: &str, processor: &str, options: &ContractOptions) -> Result<Contract> {
        Contract::open_with(export(config, processor).path().join("my Detector"), options)
    }

    fn exact(width: u32, height: u32, resample: Filter) -> Step {
        Step::Resize { width, height, resample, antialias: true }
    }

    fn shortest(size: u32, resample: Filter) -> Step {
        Step::ResizeShortest { size, resample, antialias: true }
    }

    fn square(side: u32) -> Step {
        middle(side, side, CropOrigin::Transformers)
    }

    #[test]
    fn each_family_of_processors_is_read() {
        use Filter::{Bicubic, Bilinear, Nearest};
        let clip = vec![0.48145466, 0.4578275, 0.40821073];
        let imagenet = vec![0.485, 0.456, 0.406];
        let half = vec![0.5; 3];
        let cases: [(&str, Vec<Step>, &[f64]); 19] = [
            // As google/vit-base-patch16-224 has it, from before the processor was named.
            (r#"{"do_normalize": true, "size": 224}"#, vec![exact(224, 224, Bilinear)], &half),
            (
                r#"{"image_processor_type": "ViTImageProcessorFast", "size": {"height": 224, "width": 192}, "crop_size": null,
                    "resample": 2, "default_to_square": true, "do_convert_rgb": null, "data_format": "channels_first"}"#,
                vec![exact(192, 224, Bilinear)],
                &half,
            ),
            // Swin.
            (
                r#"{"feature_extractor_type": "ViTFeatureExtractor", "resample": 3, "size": 224,
                    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}"#,
                vec![exact(224, 224, Bicubic)],
                &imagenet,
            ),
            (
                r#"{"image_processor_type": "DeiTImageProcessor", "size": 256, "crop_size": 224}"#,
                vec![exact(256, 256, Bicubic), square(224)],
                &half,
            ),
            (
                r#"{"image_processor_type": "BeitImageProcessor", "size": 224, "do_center_crop": false, "crop_size": 224}"#,
                vec![exact(224, 224, Bicubic)],
                &half,
            ),
            (
                r#"{"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875, "resample": 3}"#,
                vec![shortest(256, Bicubic), square(224)],
                &half,
            ),
            // ResNet, as transformers 5 writes it.
            (
                r#"{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 288}, "crop_pct": 0.95,
                    "resample": 2}"#,
                vec![shortest(303, Bilinear), square(288)],
                &half,
            ),
            (
                r#"{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "resample": 3}"#,
                vec![exact(384, 384, Bicubic)],
                &half,
            ),
            (r#"{"image_processor_type": "SiglipImageProcessor"}"#, vec![exact(224, 224, Bicubic)], &half),
            (
                r#"{"image_processor_type": "CLIPImageProcessor", "crop_size": {"height": 224, "width": 224}}"#,
                vec![shortest(224, Bicubic), square(224)],
                &clip,
            ),
            // Dinov2.
            (
                r#"{"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256, "longest_edge": null},
                    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}"#,
                vec![shortest(256, Bicubic), square(224)],
                &imagenet,
            ),
            (
                r#"{"image_processor_type": "EfficientNetImageProcessor", "resample": 0, "include_top": false}"#,
                vec![exact(346, 346, Nearest)],
                &half,
            ),
            (
                r#"{"image_processor_type": "MobileNetV2ImageProcessor", "image_mean": 0.5}"#,
                vec![shortest(256, Bilinear), square(224)],
                &half,
            ),
            (
                r#"{"image_processor_type": "MobileNetV1ImageProcessor"}"#,
                vec![shortest(256, Bilinear), square(224)],
                &half,
            ),
            (
                r#"{"feature_extractor_type": "MobileViTFeatureExtractor", "size": 288, "crop_size": 256, "resample": 2}"#,
                vec![shortest(288, Bilinear), square(256)],
                &[0.0; 3],
            ),
            (
                r#"{"image_processor_type": "LevitImageProcessor"}"#,
                vec![shortest(256, Bicubic), square(224)],
                &imagenet,
            ),
            (
                r#"{"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 224, "width": 224}}"#,
                vec![shortest(248, Bicubic), square(224)],
                &imagenet,
            ),
            (
                r#"{"image_processor_type": "PvtImageProcessor", "resample": 2}"#,
                vec![exact(224, 224, Bilinear)],
                &imagenet,
            ),
            (
                r#"{"image_processor_type": "SegformerImageProcessor", "do_reduce_labels": true}"#,
                vec![exact(512, 512, Bilinear)],
                &imagenet,
            ),
        ];
        for (text, steps, mean) in cases {
            let config = CONFIG.replacen('{', r#"{"model_type": "vit", "#, 1);
            let contract = open(&config, text).unwrap_or_else(|error| panic!("{text}: {error:#}"));
            let last = steps.last().unwrap().clone();
            assert_eq!(contract.preprocess.steps, steps, "{text}");
            assert_eq!(contract.preprocess.mean, mean, "{text}");
            assert_eq!(contract.preprocess.scale, 1.0 / 255.0);
            let size = match last {
                Step::Resize { width, height, .. } | Step::CenterCrop { width, height, .. } => {
                    (width, height)
                }
                _ => unreachable!(),
            };
            assert_eq!((contract.input.width.unwrap(), contract.input.height.unwrap()), size, "{text}");
            // What an export says can be written down as a contract of our own.
            assert_eq!(Contract::from_toml(&contract.to_toml()).unwrap().to_toml(), contract.to_toml());
        }
    }

    #[test]
    fn channels_and_statistics_follow_the_processor() {
        let mobile = r#"{"image_processor_type": "MobileViTImageProcessor", "resample": 2}"#;
        let contract = open(CONFIG, mobile).unwrap();
        assert_eq!((contract.input.color, contract.preprocess.std.as_slice()), (Color::Bgr, &[1.0; 3][..]));
        let rgb = mobile.replace('}', r#", "do_flip_channel_order": false}"#);
        assert_eq!(open(CONFIG, &rgb).unwrap().input.color, Color::Rgb);
        // (byte * 2/255 - 1 - 0.5) / 0.25 / 0.25
        let twice = r#"{"image_processor_type": "EfficientNetImageProcessor", "resample": 3, "rescale_factor": 0.0078431372549,
            "rescale_offset": true, "image_std": [0.25, 0.25, 0.25]}"#;
        let preprocess = open(CONFIG, twice).unwrap().preprocess;
        assert_eq!((preprocess.scale, &preprocess.mean[..]), (0.0078431372549, &[1.5; 3][..]));
        assert_eq!(preprocess.std, [0.0625; 3]);
        let bytes =
            r#"{"image_processor_type": "ViTImageProcessor", "do_rescale": false, "do_normalize": false}"#;
        assert!(open(CONFIG, bytes).unwrap().preprocess.gives_bytes());
        let whole = r#"{"image_processor_type": "ViTImageProcessor", "do_resize": false}"#;
        assert_eq!(open(CONFIG, whole).unwrap().input.width, None);
    }

    #[test]
    fn timm_says_it_in_its_own_words() {
        let config = r#"{"architecture": "resnet18", "num_classes": 2, "label_names": ["fake", "real"], "pretrained_cfg":
            {"input_size": [3, 224, 224], "test_input_size": [3, 288, 288], "interpolation": "bicubic", "crop_pct": 0.95,
             "crop_mode": "center", "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]}}"#;
        let folder = export(config, "");
        std::fs::remove_file(folder.path().join("my Detector/preprocessor_config.json")).unwrap();
        let contract = Contract::open(folder.path().join("my Detector")).unwrap();
        let steps = [shortest(235, Filter::Bicubic), middle(224, 224, CropOrigin::Torchvision)];
        assert_eq!(contract.preprocess.steps, steps);
        assert_eq!(contract.preprocess.mean, [0.5, 0.4, 0.3]);
        assert_eq!(contract.output.fake, ["fake"]);
        let squash = config.replace("center", "squash").replace("0.95", "1.0");
        assert_eq!(open(&squash, "").unwrap().preprocess.steps[0], exact(224, 224, Filter::Bicubic));
        for (from, to, says) in [
            ("center", "border", "crop_mode \"border\""),
            ("bicubic", "random", "interpolation \"random\""),
            ("[3, 224, 224]", "[1, 224, 224]", "input_size [1,224,224]"),
            ("[3, 224, 224]", "[3, 224, 192]", "a square"),
        ] {
            let error = open(&config.replace(from, to), "").unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn classes_that_mean_fake_are_found_or_asked_for() {
        let vit = r#"{"image_processor_type": "ViTImageProcessor"}"#;
        let with = |labels: &str| CONFIG.replace(r#"{"0": "Real", "1": "Fake"}"#, labels);
        let contract = open(CONFIG, vit).unwrap();
        assert_eq!(
            (contract.output.kind, &contract.output.fake[..]),
            (OutputKind::Logits, &["Fake".to_owned()][..])
        );
        let many = with(r#"{"10": "sd", "9": "x9", "0": "real", "1": "midjourney"}"#);
        assert!(open(&many, vit).unwrap_err().to_string().contains("a label for each class"));
        let many = with(r#"{"2": "dalle3", "0": "real", "1": "midjourney"}"#);
        let contract = open(&many, vit).unwrap();
        assert_eq!(contract.output.classes, ["real", "midjourney", "dalle3"]);
        assert_eq!(contract.output.fake, ["midjourney", "dalle3"]);
        for labels in [
            r#"{"0": "LABEL_0", "1": "LABEL_1"}"#,
            r#"{"0": "real", "1": "human"}"#,
            r#"{"0": "AI", "1": "fake"}"#,
            r#"{"0": "real", "1": "fake", "2": "cat"}"#,
            "null",
        ] {
            let error = open(&with(labels), vit).unwrap_err().to_string();
            assert!(error.contains("which class means fake?") && error.contains("--fake"), "{error}");
        }
        let unclear = with(r#"{"0": "LABEL_0", "1": "LABEL_1"}"#);
        let options = ContractOptions::default().with_fake(["label_1"]).with_detects(Kind::FaceSwap);
        let contract = open_with(&unclear, vit, &options).unwrap();
        assert_eq!(
            (&contract.output.fake[..], contract.kind()),
            (&["LABEL_1".to_owned()][..], Kind::FaceSwap)
        );
        let error = open_with(&unclear, vit, &ContractOptions::default().with_fake(["fake"])).unwrap_err();
        assert!(error.to_string().contains(r#"the labels are "LABEL_0", "LABEL_1""#), "{error}");
        let every = ContractOptions::default().with_fake(["LABEL_0", "LABEL_1"]);
        assert!(open_with(&unclear, vit, &every).unwrap_err().to_string().contains("nothing is told apart"));
    }

    #[test]
    fn one_number_speaks_for_the_class_that_it_has() {
        let vit = r#"{"image_processor_type": "ViTImageProcessor"}"#;
        let with = |labels: &str| CONFIG.replace(r#"{"0": "Real", "1": "Fake"}"#, labels);
        let fake = open(&with(r#"{"0": "AI"}"#), vit).unwrap().output;
        assert_eq!((fake.kind, fake.inverted), (OutputKind::Logit, false));
        assert!(open(&with(r#"{"0": "real"}"#), vit).unwrap().output.inverted);
        assert!(open(&with(r#"{"0": "LABEL_0"}"#), vit).is_err());
        let options = ContractOptions::default().with_fake(["LABEL_0"]);
        assert!(!open_with(&with(r#"{"0": "LABEL_0"}"#), vit, &options).unwrap().output.inverted);
        let problem = |labels: &str, problem: &str| {
            with(labels).replacen('{', &format!(r#"{{"problem_type": "{problem}", "#), 1)
        };
        assert!(open(&problem(r#"{"0": "AI"}"#, "multi_label_classification"), vit).is_ok());
        for config in [
            problem(r#"{"0": "AI"}"#, "regression"),
            problem(r#"{"0": "real", "1": "AI"}"#, "multi_label_classification"),
        ] {
            assert!(open(&config, vit).unwrap_err().to_string().contains("problem_type"));
        }
    }

    #[test]
    fn what_would_change_pixels_unseen_is_refused_by_name() {
        let vit = |fields: &str| format!(r#"{{"image_processor_type": "ViTImageProcessor", {fields}}}"#);
        let named = |name: &str| format!(r#"{{"image_processor_type": "{name}"}}"#);
        for (processor, says) in [
            (vit(r#""do_pad": true"#), "do_pad true"),
            (vit(r#""crop_pct": 0.9"#), "crop_pct 0.9"),
            (vit(r#""do_flip_channel_order": true"#), "do_flip_channel_order true"),
            (vit(r#""do_thumbnail": true"#), "do_thumbnail"),
            (vit(r#""resample": 5"#), "resample 5"),
            (vit(r#""resample": "bicubic""#), "resample \"bicubic\""),
            (vit(r#""size": {"longest_edge": 224}"#), "size {"),
            (vit(r#""size": {"shortest_edge": 224, "longest_edge": 500}"#), "size {"),
            (vit(r#""size": -1"#), "size -1"),
            (vit(r#""size": 224.5"#), "size 224.5"),
            (vit(r#""size": 100000"#), "sides of 1 to 4096"),
            (vit(r#""size": 0"#), "sides of 1 to 4096"),
            (vit(r#""do_center_crop": true"#), "crop_size is missing"),
            (vit(r#""do_center_crop": true, "crop_size": {"shortest_edge": 224}"#), "crop_size"),
            (vit(r#""do_resize": 1"#), "do_resize 1"),
            (vit(r#""image_mean": [0.5, 0.5]"#), "image_mean"),
            (vit(r#""image_std": [0.5, 0, 0.5]"#), "preprocess.std"),
            (vit(r#""rescale_factor": 0"#), "rescale_factor 0"),
            (vit(r#""auto_map": {"AutoImageProcessor": "x.Y"}"#), "auto_map"),
            (named("ConvNextImageProcessor"), "resample is missing"),
            (named("BeitImageProcessor"), "size is missing"),
            (named("PerceiverImageProcessor"), "image_processor_type \"PerceiverImageProcessor\""),
            (named("Siglip2ImageProcessor"), "Siglip2"),
            ("{}".to_owned(), "image_processor_type is missing"),
            ("[]".to_owned(), "not a configuration"),
            ("{\"size\": NaN}".to_owned(), "not a configuration"),
            (format!("{}1{}", "[".repeat(5000), "]".repeat(5000)), "not a configuration"),
            (" ".repeat(5 << 20), "more than 4 MB"),
        ] {
            let error = open(CONFIG, &processor).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidModel);
            assert!(error.to_string().contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn what_is_no_classifier_is_refused_by_name() {
        let vit = r#"{"image_processor_type": "ViTImageProcessor"}"#;
        for (config, says) in [
            (CONFIG.replace("ViTForImageClassification", "CLIPModel"), "architectures \"CLIPModel\""),
            (CONFIG.replace("ViTForImage", "BertForSequence"), "BertForSequenceClassification"),
            (CONFIG.replacen('{', r#"{"num_channels": 1, "#, 1), "num_channels 1"),
            (CONFIG.replacen('{', r#"{"num_labels": 7, "#, 1), "num_labels 7"),
            (CONFIG.replace("\"Fake\"", "\"Real\""), "two classes of that label"),
            (CONFIG.replace("\"Fake\"", "\"Fake\\u001b[2J\""), "printable"),
            (CONFIG.replace("\"1\"", "\"2\""), "from 0"),
            (CONFIG.replace("\"Fake\"", "7"), "from 0"),
        ] {
            let error = open(&config, vit).unwrap_err().to_string();
            assert!(error.contains("config.json") && error.contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn files_are_found_and_the_missing_named() {
        let vit = r#"{"image_processor_type": "ViTImageProcessor"}"#;
        let folder = export(&CONFIG.replacen('{', r#"{"_name_or_path": "org/Deepfake-ViT", "#, 1), vit);
        let inside = folder.path().join("my Detector");
        std::fs::write(inside.join("README.md"), "---\ntags: [x]\nlicense: apache-2.0\n---\nlicense: mit\n")
            .unwrap();
        let contract = Contract::open(&inside).unwrap();
        assert_eq!((contract.id(), contract.name.as_str()), ("my-detector", "org/Deepfake-ViT"));
        assert_eq!((contract.licence.as_str(), contract.kind()), ("apache-2.0", Kind::FaceSwap));
        let network = |names: &[&str]| {
            std::fs::remove_dir_all(inside.join("onnx")).unwrap();
            std::fs::create_dir(inside.join("onnx")).unwrap();
            names.iter().for_each(|name| std::fs::write(inside.join(name), "").unwrap());
            let path = Contract::open(&inside).map(|contract| contract.file.path);
            names.iter().for_each(|name| std::fs::remove_file(inside.join(name)).unwrap());
            path.map_err(|error| error.to_string())
        };
        assert_eq!(network(&["onnx/model.onnx", "model.onnx"]).unwrap(), "onnx/model.onnx");
        assert_eq!(network(&["model.onnx", "onnx/model_int8.onnx"]).unwrap(), "model.onnx");
        assert_eq!(network(&["onnx/vit.onnx", "onnx/vit_quantized.onnx"]).unwrap(), "onnx/vit.onnx");
        assert_eq!(network(&["onnx/model_fp16.onnx"]).unwrap(), "onnx/model_fp16.onnx");
        let error = network(&["onnx/model_int8.onnx", "onnx/model_q4.onnx"]).unwrap_err();
        assert!(error.contains(r#"found "onnx/model_int8.onnx", "onnx/model_q4.onnx""#), "{error}");
        assert!(network(&[]).unwrap_err().contains("no ONNX network"));
        std::fs::remove_file(inside.join("preprocessor_config.json")).unwrap();
        let error = Contract::open(&inside).unwrap_err().to_string();
        assert!(error.contains("preprocessor_config.json: missing"), "{error}");
        std::fs::write(inside.join("model.toml"), super::super::contract::EXAMPLE).unwrap();
        assert_eq!(Contract::open(&inside).unwrap().id(), "example");
        let error = Contract::open_with(&inside, &ContractOptions::default().with_fake(["x"])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}
