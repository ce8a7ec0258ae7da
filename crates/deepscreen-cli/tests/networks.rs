//! The program with other people's networks: a bare file and flags, folders, several at once, hostile ones.
//!
//! `DEEPSCREEN_ONNXRUNTIME` names a library of ONNX Runtime; without it the tests say what they leave out.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Run, finish, program};

fn networks(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/networks").join(name)
}

fn photo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/png_photo.png")
}

/// The flags of each engine that is here: the embedded one, and ONNX Runtime where a library is named.
fn engines() -> Vec<Vec<OsString>> {
    let mut engines = vec![["--engine", "rten"].map(Into::into).to_vec()];
    match std::env::var_os("DEEPSCREEN_ONNXRUNTIME") {
        Some(library) => {
            engines.push(vec!["--engine".into(), "onnxruntime".into(), "--onnxruntime".into(), library]);
        }
        None => println!("skipped: ONNX Runtime: DEEPSCREEN_ONNXRUNTIME is not set"),
    }
    engines
}

/// `scan` of one picture by the embedded engine.
fn scan(model: &Path, flags: &str, picture: &Path) -> Run {
    let mut command = program();
    command.args(["scan", "--engine", "rten", "--format", "jsonl", "--model"]).arg(model);
    finish(command.args(flags.split_whitespace()).arg(picture))
}

fn record(run: &Run) -> Value {
    assert_eq!(run.status, 0, "{}", run.err);
    serde_json::from_str(run.out.lines().next().unwrap()).unwrap()
}

fn probability(run: &Run) -> f64 {
    let record = record(run);
    record["evidence"][0]["probability"].as_f64().unwrap_or_else(|| panic!("{record:#}"))
}

/// What `networks/expected.toml` says of the photograph.
fn expected(network: &str) -> f64 {
    let index: toml::Table =
        toml::from_str(&std::fs::read_to_string(networks("expected.toml")).unwrap()).unwrap();
    let is = |case: &toml::Value| {
        case["network"].as_str() == Some(network) && case["picture"].as_str() == Some("images/png_photo.png")
    };
    let case = index["case"].as_array().unwrap().iter().find(|case| is(case)).unwrap();
    case["probability"].as_float().unwrap()
}

/// A folder with a network and its contract, changed.
fn changed(network: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(networks(network).join("model.onnx"), folder.path().join("model.onnx")).unwrap();
    let contract = std::fs::read_to_string(networks(network).join("model.toml")).unwrap();
    std::fs::write(folder.path().join("model.toml"), change(&contract)).unwrap();
    folder
}

#[test]
fn a_bare_file_with_flags_gives_what_its_folder_gives() {
    for (network, flags) in [
        (
            "opset-9",
            "--output-kind logit --resample bicubic --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
        ),
        (
            "opset-11-bgr",
            "--output-kind probability --inverted --color bgr --scale 1 --mean 103.939,116.779,123.68 --fit squash",
        ),
        (
            "opset-13-softmax",
            "--output-kind probabilities --classes real,fake --fake fake --fit squash --resample lanczos",
        ),
        (
            "opset-17-classes",
            "--output-kind logits --classes camera,gan,diffusion,drawing --fake gan,diffusion --fit squash",
        ),
        ("listed-outputs", "--output-kind logit --output score --fit squash"),
        ("external-data", "--output-kind logit --fit squash"),
        ("float16", "--output-kind logit --fit squash --mean 0.5 --std 0.5"),
        ("uint8", "--output-kind logit --fit squash"),
        ("nhwc", "--output-kind logit --fit squash --mean 0.5,0.4,0.3 --std 0.5,0.25,0.2"),
        ("gray", "--output-kind logit --fit squash --mean 0.3 --std 0.4"),
        ("batch-4", "--output-kind logit --fit squash"),
        ("int8-dynamic", "--output-kind logits --classes real,fake --fake fake --fit squash"),
    ] {
        let found = probability(&scan(&networks(network).join("model.onnx"), flags, &photo()));
        let expected = expected(network);
        assert!((found - expected).abs() <= 1e-3, "{network}: {found}, {expected} expected");
    }
}

#[test]
fn each_wrong_or_missing_flag_says_what_to_do() {
    for (network, flags, says) in [
        ("opset-9", "", &["model.onnx", "--output-kind logit|probability|logits|probabilities"][..]),
        ("opset-9", "--output-kind magic", &["magic", "logit, probability, logits, probabilities"]),
        ("opset-9", "--output-kind logits", &["model.onnx", "`classes`", "`fake`"]),
        ("opset-17-classes", "--output-kind logits --classes a,b,c,d", &["model.onnx", "`fake`"]),
        (
            "opset-17-classes",
            "--output-kind logits --classes a,b --fake c",
            &["model.onnx", "\"c\"", "(a, b)"],
        ),
        ("opset-17-classes", "--output-kind logits --classes a,b --fake a,b", &["nothing is told apart"]),
        ("opset-17-classes", "--output-kind logits --classes a,b --fake a", &["2 numbers", "found [1, 4]"]),
        ("opset-9", "--output-kind logit --classes a,b", &["output.classes", "logits"]),
        ("opset-9", "--output-kind probability --std 0.01", &["does it give logits?"]),
        ("opset-13-softmax", "--output-kind logits --classes a,b --fake a --inverted", &["output.inverted"]),
        ("listed-outputs", "--output-kind logit", &["which output?", "features [N, 3], score [N, 1]"]),
        ("listed-outputs", "--output-kind logit --output logit", &["output logit expected", "score [N, 1]"]),
        ("any-size", "--output-kind logit", &["--size", "--fit none"]),
        ("any-size", "--output-kind logit --size big", &["big", "320x240 expected"]),
        ("any-size", "--output-kind logit --size 0x9", &["0x9"]),
        ("opset-9", "--output-kind logit --mean 1,2", &["preprocess.mean: 3 numbers expected"]),
        ("opset-9", "--output-kind logit --std 0", &["preprocess.std", "above 0"]),
        ("opset-9", "--output-kind logit --fit none", &["[N, 3, N, N] expected", "found [N, 3, 8, 12]"]),
        ("opset-9", "--output-kind logit --detects magic", &["magic", "face_swap"]),
        ("uint8", "--output-kind logit --scale 0.5", &["takes bytes", "preprocess.scale = 1"]),
    ] {
        let run = scan(&networks(network).join("model.onnx"), flags, &photo());
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{network} {flags}: {}", run.err);
        for says in says {
            assert!(run.err.contains(says), "{network} {flags}: no {says:?} in {}", run.err);
        }
    }
    // A folder has a contract, which was measured as it stands.
    let run = scan(&networks("opset-9"), "--fake fake", &photo());
    assert_eq!(run.status, 2, "{}", run.out);
    assert!(run.err.contains("model.toml: says itself"), "{}", run.err);
}

#[test]
fn inspect_shows_a_folder_and_a_bare_file() {
    let inspect = |path: &Path| finish(program().args(["models", "inspect"]).arg(path));
    let folder = inspect(&networks("map"));
    assert_eq!(folder.status, 0, "{}", folder.err);
    for says in [
        "opset 17",
        "input [N, 3, 8, 12] float",
        "logit [N, 1] float",
        "where [N, 1, 4, 6] float",
        "AveragePool Conv Flatten Identity",
        "op = \"letterbox\"",
    ] {
        assert!(folder.out.contains(says), "{says}: {}", folder.out);
    }
    let file = inspect(&networks("external-data").join("model.onnx"));
    assert_eq!(file.status, 0, "{}", file.err);
    for says in ["input [N, 3, 8, 12] float", "model.onnx.data", "--output-kind"] {
        assert!(file.out.contains(says), "{says}: {}", file.out);
    }
    let bytes = inspect(&networks("nhwc-uint8-bgr").join("model.onnx"));
    assert!(bytes.out.contains("input [N, 8, 12, 3] uint8"), "{}", bytes.out);
    let hostile = inspect(&networks("hostile/loop.onnx"));
    assert_eq!(hostile.status, 2);
    assert!(hostile.err.contains("loop.onnx: operator Loop"), "{}", hostile.err);
}

#[test]
fn a_heat_map_is_a_png_of_its_cells_and_its_regions_are_in_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let maps = folder.path().join("new/maps");
    let run = scan(&networks("map"), &format!("--heat-maps {}", maps.display()), &photo());
    let record = record(&run);
    let map = &record["evidence"][0]["map"];
    assert_eq!((&map["columns"], &map["rows"]), (&6.into(), &4.into()));
    assert_eq!(map["area"], serde_json::json!({"x": -25.6, "y": 0.0, "width": 307.2, "height": 200.0}));
    assert_eq!(map["regions"].as_array().unwrap().len(), 2);
    assert_eq!(map["regions"][1]["x"], 25.6);
    let written: Vec<PathBuf> =
        std::fs::read_dir(&maps).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [path] = written.as_slice() else { panic!("{written:?}") };
    let name = format!("{}-map.png", &record["input"]["sha256"].as_str().unwrap()[..16]);
    assert_eq!(path.file_name().unwrap().to_str(), Some(name.as_str()));
    let png = deepscreen::Media::open(path, &deepscreen::Limits::default()).unwrap();
    let pixels = png.pixels().unwrap();
    // 170 pixels for each of 6 x 4 cells; 0.96 of them is nearly white, the frame of the letterbox is dark red.
    assert_eq!((pixels.width(), pixels.height()), (6 * 170, 4 * 170));
    assert_eq!(pixels.get(170, 0).unwrap()[..2], [255, 255]);
    assert!(pixels.get(5 * 170, 3 * 170).unwrap()[2] == 0);
    // A model without a map writes none, and that is no error.
    let none = folder.path().join("none");
    let run = scan(&networks("opset-9"), &format!("--heat-maps {}", none.display()), &photo());
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(!none.exists());
}

#[test]
fn stability_adds_the_variants_to_the_record() {
    let record_of = |flags: &str| record(&scan(&networks("opset-9"), flags, &photo()));
    assert!(record_of("")["evidence"][0].get("variants").is_none());
    let record = record_of("--stability 4");
    let variants = record["evidence"][0]["variants"].as_object().unwrap();
    let mut names: Vec<&str> = variants.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cropped by a tenth", "half size", "jpeg 50", "jpeg 75"]);
    let close = |p: &Value| (p.as_f64().unwrap() - expected("opset-9")).abs() < 0.1;
    assert!(variants.values().all(close), "{variants:?}");
}

/// Several models at once, each with its evidence, under a policy file.
fn judged(policy: &str, models: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, policy).unwrap();
    let mut command = program();
    command.args(["scan", "--engine", "rten", "--format", "jsonl", "--policy"]).arg(&path);
    for model in models {
        command.arg("--model").arg(networks(model));
    }
    record(&finish(command.arg(photo())))
}

/// The evidence of detectors.
fn scores(record: &Value) -> Vec<Value> {
    let evidence = record["evidence"].as_array().unwrap();
    evidence.iter().filter(|one| one["kind"] == "score").cloned().collect()
}

#[test]
fn several_models_give_evidence_each_and_one_verdict() {
    // 0.73 and 0.70, 0.54.
    let models = ["letterbox", "map", "opset-9"];
    let p: Vec<f64> = models.iter().map(|model| expected(model)).collect();
    let rule =
        "schema = 1\n[sources.\"detector/*\"]\nrole = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05\n";
    let unmeasured = judged(rule, &models);
    let scores = scores(&unmeasured);
    let sources: Vec<&str> = scores.iter().map(|e| e["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["detector/letterbox@1", "detector/map@1", "detector/opset-9@1"]);
    for (evidence, expected) in scores.iter().zip(&p) {
        assert!((evidence["probability"].as_f64().unwrap() - expected).abs() <= 1e-3, "{evidence}");
    }
    assert_eq!(unmeasured["replay"]["models"].as_object().unwrap().len(), 3);
    assert_eq!(unmeasured["verdict"]["label"], "needs_review", "nobody measured these");
    let with = |threshold: f64, fusion: &str| {
        let fusion = if fusion.is_empty() { String::new() } else { format!("fusion = \"{fusion}\"\n") };
        let policy = rule.replacen('\n', &format!("\n{fusion}"), 1)
            + &format!("threshold = {threshold}\nreview_threshold = {threshold}\n");
        let verdict = judged(&policy, &models)["verdict"].clone();
        (verdict["label"].as_str().unwrap().to_owned(), verdict["probability"].as_f64().unwrap())
    };
    let mean = p.iter().sum::<f64>() / 3.0;
    let most = p.iter().copied().fold(0.0, f64::max);
    let between = |a: f64, b: f64| (a + b) / 2.0;
    let near = |(label, probability): (String, f64), expected_label: &str, expected: f64| {
        assert_eq!(label, expected_label);
        assert!((probability - expected).abs() <= 1e-3, "{probability}, {expected} expected");
    };
    // The gravest word is one voter's.
    near(with(between(p[0], p[1]), "max"), "likely_manipulated", most);
    near(with(between(p[0], p[1]), "mean"), "no_indication", mean);
    near(with(between(p[0], p[1]), ""), "needs_review", mean);
    // Two of three.
    near(with(between(p[1], mean), ""), "likely_manipulated", mean);
    near(with(between(mean, p[2]), "mean"), "likely_manipulated", mean);
    near(with(0.99, "max"), "no_indication", most);
}

#[test]
fn a_model_that_nobody_measured_calls_nothing_manipulated_unless_a_threshold_is_set() {
    let sure = changed("opset-9", |contract| {
        let large = contract.replace("[0.229, 0.224, 0.225]", "[0.01, 0.01, 0.01]");
        large.replace("kind = \"logit\"", "kind = \"logit\"\ninverted = true")
    });
    let run = scan(sure.path(), "", &photo());
    let verdict = record(&run)["verdict"].clone();
    assert!(verdict["probability"].as_f64().unwrap() > 0.9, "{verdict}");
    assert_eq!(verdict["label"], "needs_review", "{verdict}");
    let policy = sure.path().join("policy.toml");
    let rule =
        "schema = 1\n[sources.\"detector/*\"]\nrole = \"votes\"\nmax_fpr = 0.01\nreview_max_fpr = 0.05\n";
    std::fs::write(&policy, format!("{rule}threshold = 0.9\n")).unwrap();
    let run = scan(sure.path(), &format!("--policy {}", policy.display()), &photo());
    assert_eq!(record(&run)["verdict"]["label"], "likely_manipulated");
}

#[test]
fn a_model_of_faces_asks_for_a_face_detector_and_judges_each_face() {
    let model = changed("letterbox", |contract| format!("{contract}\n[faces]\nscale = 1.2\n"));
    let run = scan(model.path(), "", &photo());
    assert_eq!(run.status, 2);
    assert!(run.err.contains("detector/letterbox@1 looks at faces: add --faces"), "{}", run.err);
    let faces = format!("--faces {}", networks("finds-faces/model.onnx").display());
    let seen = record(&scan(model.path(), &faces, &photo()));
    let found = scores(&seen);
    assert_eq!(found.len(), 2, "{seen:#}");
    // A tenth and a fifth of 256 x 200, and so on: the surer one first.
    let place =
        |at: usize| ["x", "y", "width", "height"].map(|side| found[at]["face"][side].as_f64().unwrap());
    let near = |a: [f64; 4], b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 0.11);
    assert!(near(place(0), [25.6, 40.0, 76.8, 80.0]), "{:?}", place(0));
    assert!(near(place(1), [128.0, 50.0, 102.4, 100.0]), "{:?}", place(1));
    assert_ne!(found[0]["probability"], found[1]["probability"], "each face is looked at");
    assert_eq!(seen["replay"]["models"].as_object().unwrap().len(), 2);
    let folder = tempfile::tempdir().unwrap();
    let dark = folder.path().join("dark.ppm");
    std::fs::write(&dark, [&b"P6 40 30 255\n"[..], &[0; 3600]].concat()).unwrap();
    let record = record(&scan(model.path(), &faces, &dark));
    assert_eq!(record["failures"][0]["code"], "not_applicable", "{record:#}");
    assert_eq!(record["verdict"]["label"], "inconclusive");
    assert!(record["verdict"]["probability"].is_null());
    let wrong =
        scan(model.path(), &format!("--faces {}", networks("opset-9/model.onnx").display()), &photo());
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("no face detector of a known family"), "{}", wrong.err);
}

/// A machine without the provider: the processor computes, and the record says so.
#[test]
fn a_provider_that_is_not_there_is_told_in_the_record() {
    let Some(library) = std::env::var_os("DEEPSCREEN_ONNXRUNTIME") else {
        println!("skipped: DEEPSCREEN_ONNXRUNTIME is not set");
        let run = scan(&networks("opset-9"), "--provider cuda", &photo());
        assert_eq!(run.status, 0, "the embedded engine was asked for: {}", run.err);
        return;
    };
    let mut command = program();
    command.args(["scan", "--format", "jsonl", "--provider", "cuda", "--onnxruntime"]).arg(library);
    let record = record(&finish(command.arg("--model").arg(networks("opset-9")).arg(photo())));
    let engine = record["replay"]["engine"].as_str().unwrap();
    let told = engine.ends_with("(cpu: it has no cuda)") || engine.ends_with("(cuda)");
    assert!(engine.starts_with("onnxruntime") && told, "{engine}");
    let found = record["evidence"][0]["probability"].as_f64().unwrap();
    assert!((found - expected("opset-9")).abs() <= 1e-3, "{found}");
}

/// The hostile file of this name as a model's folder.
fn hostile(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = networks("hostile").join(format!("{name}.onnx"));
    std::fs::copy(file, folder.path().join("model.onnx")).unwrap();
    std::fs::copy(networks("hostile/model.toml"), folder.path().join("model.toml")).unwrap();
    folder
}

#[test]
fn hostile_models_cost_a_message_that_names_them_and_nothing_else() {
    let names: Vec<String> = std::fs::read_dir(networks("hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        // These run, and are no model's fault: below, and in the library's tests.
        .filter(|name| !["sound", "nan_for_black", "one_for_all"].contains(&name.as_str()))
        .collect();
    assert!(names.len() >= 25, "{names:?}");
    let says = |name: &str, engine: usize| match (name, engine) {
        // Sizes that only a run can know. On rten the process dies, which is why it is another one.
        (name, 0) if name.starts_with("run_") => "brought the process down that tried it",
        ("run_tile", _) => "Tile output tensor would require more than",
        (name, _) if name.starts_with("run_") => "Failed to allocate memory",
        _ => "model.onnx: ",
    };
    for (number, engine) in engines().into_iter().enumerate() {
        for name in &names {
            let folder = hostile(name);
            let mut command = program();
            command.args(["scan", "--format", "jsonl"]).args(&engine).arg("--model").arg(folder.path());
            let begin = Instant::now();
            let run = finish(command.arg(photo()));
            let took = begin.elapsed();
            assert_eq!((run.status, run.out.as_str()), (2, ""), "{name} {engine:?}: {}", run.err);
            let path = folder.path().join("model.onnx").display().to_string();
            assert!(run.err.contains(&path) && run.err.contains(says(name, number)), "{name}: {}", run.err);
            assert!(!run.err.contains("panicked at"), "{name}: a crash is shown: {}", run.err);
            assert!(took < Duration::from_secs(60), "{name} {engine:?}: {took:?}");
        }
    }
}

#[test]
fn no_number_is_a_failure_and_no_score() {
    for engine in engines() {
        let folder = hostile("nan_for_black");
        let black = folder.path().join("black.ppm");
        std::fs::write(&black, [&b"P6 40 30 255\n"[..], &[0; 3600]].concat()).unwrap();
        let mut command = program();
        command.args(["scan", "--format", "jsonl"]).args(&engine).arg("--model").arg(folder.path());
        let record = record(&finish(command.arg(&black)));
        assert_eq!(record["failures"][0]["code"], "inference", "{record:#}");
        assert_eq!(record["failures"][0]["message"], "the network gave NaN, which is no score");
        assert_eq!(record["verdict"]["label"], "inconclusive");
        assert!(record["verdict"]["probability"].is_null());
        assert!(
            record["evidence"].as_array().unwrap().iter().all(|one| one["kind"] != "score"),
            "{record:#}"
        );
    }
}
