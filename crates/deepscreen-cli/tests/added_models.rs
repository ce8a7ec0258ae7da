//! Models that a user adds: where they go, what is refused, and that names find them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::PathBuf;

use deepscreen_models::AI_IMAGE;
use support::{Home, contract, finish};

/// A folder with a model that works, under another name than the bundled one.
fn write_model(home: &Home, below: &str) -> PathBuf {
    let folder = home.path(below);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("model.toml"), contract()).unwrap();
    fs::write(folder.join("model.onnx"), AI_IMAGE.weights).unwrap();
    folder
}

#[test]
fn an_added_model_is_listed_found_by_name_from_anywhere_and_removed() {
    let home = Home::new();
    write_model(&home, "My Model_v2");
    home.write_picture();
    let folder = home.path("My Model_v2");
    let added = finish(home.command().args(["models", "add", "--engine", "rten"]).arg(&folder));
    assert_eq!(added.status, 0, "{}", added.err);
    assert!(added.out.contains("my-model-v2: sound, runs on rten"), "{}", added.out);
    fs::remove_dir_all(&folder).unwrap();

    let list = home.run("models list");
    let at = |part: &str| list.out.find(part).unwrap_or_else(|| panic!("{part}: {}", list.out));
    assert!(at("ai-image  ") < at("Added, in") && at("Added, in") < at("my-model-v2  "), "{}", list.out);
    assert!(list.out[at("my-model-v2")..].contains("detector/my-model-v2@"), "{}", list.out);
    #[cfg(feature = "pull")]
    assert!(at("my-model-v2") < at("Not here yet") && at("Not here yet") < at("sdxl-detector"));

    // A folder of the same name in the way changes nothing.
    fs::create_dir(home.path("my-model-v2")).unwrap();
    let scan = home.run("scan --engine rten --format jsonl --model my-model-v2 table.jpg");
    assert_eq!(scan.status, 0, "{}", scan.err);
    assert!(
        scan.out.contains("detector/my-model-v2@") && !scan.out.contains("detector/ai-image@"),
        "{}",
        scan.out
    );
    assert_eq!(home.run("scan --engine rten --model ./my-model-v2 table.jpg").status, 2);

    let verify = home.run("models verify --engine rten");
    assert!(
        verify.out.contains("ai-image: sound") && verify.out.contains("my-model-v2: sound"),
        "{}",
        verify.out
    );

    let removed = home.run("models remove my-model-v2");
    assert_eq!(removed.status, 0, "{}", removed.err);
    assert!(!home.model("my-model-v2").exists());
    assert!(!home.run("models list").out.contains("my-model-v2"));
}

#[test]
fn names_that_are_taken_bundled_or_wrong_are_refused() {
    let home = Home::new();
    write_model(&home, "theirs");
    assert_eq!(home.run("models add theirs --engine rten").status, 0);
    for (arguments, says) in [
        ("models add theirs", vec!["theirs: there is a model of this name", "--force"]),
        ("models add theirs --id ai-image --force", vec!["ai-image: travels inside"]),
        ("models add theirs --id ../x", vec!["../x", "lower-case letters"]),
        ("models add theirs --id X", vec!["\"X\"", "lower-case letters"]),
        ("models remove ai-image", vec!["ai-image: travels inside"]),
        ("models remove nothing", vec!["nothing: no such model", "models list"]),
        ("models remove ..", vec!["..: no such model"]),
        ("models verify nothing", vec!["nothing: no such model", "models list"]),
        ("scan --model nothing .", vec!["nothing: no such model", "models list"]),
        ("models add nowhere", vec!["nowhere"]),
    ] {
        let run = home.run(arguments);
        assert_eq!(run.status, 2, "{arguments}: {}", run.out);
        for says in says {
            assert!(run.err.contains(says), "{arguments} does not say {says:?}: {}", run.err);
        }
    }
    assert!(home.model("theirs").join("model.onnx").is_file());
    let replaced = home.run("models add theirs --force --engine rten");
    assert_eq!(replaced.status, 0, "{}", replaced.err);
    let left: Vec<_> = fs::read_dir(home.model(".partial")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_model_that_cannot_be_used_is_not_added_and_replaces_nothing() {
    let home = Home::new();
    write_model(&home, "theirs");
    assert_eq!(home.run("models add theirs --engine rten").status, 0);
    fs::write(home.path("theirs/model.onnx"), "not these weights").unwrap();
    let run = home.run("models add theirs --force --engine rten");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("theirs/model.onnx: SHA-256 is"), "the user's own file is named: {}", run.err);
    assert!(!run.err.contains(".partial"), "{}", run.err);
    assert_eq!(home.run("models verify theirs --engine rten").status, 0, "the one before it still works");

    let file = home.run("models add theirs/model.onnx");
    assert_eq!(file.status, 2);
    assert!(file.err.contains("model.onnx"), "{}", file.err);
    fs::create_dir(home.path("empty")).unwrap();
    let empty = home.run("models add empty");
    assert!(empty.status == 2 && empty.err.contains("empty"), "{}", empty.err);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_and_what_is_no_file_are_refused_by_name() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let folder = write_model(&home, "theirs");
    fs::create_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/config"), "secret").unwrap();
    fs::rename(folder.join("model.onnx"), folder.join("weights.onnx")).unwrap();
    symlink("weights.onnx", folder.join("model.onnx")).unwrap();
    let run = home.run("models add theirs --engine rten");
    assert_eq!(run.status, 0, "a link to another file of the model: {}", run.err);
    let copied = home.model("theirs").join("model.onnx");
    assert!(!copied.is_symlink() && copied.is_file());
    assert!(!home.model("theirs").join(".git").exists());

    fs::write(home.path("secret"), "secret").unwrap();
    symlink("../secret", folder.join("notes.txt")).unwrap();
    let run = home.run("models add theirs --id second --engine rten");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("theirs/notes.txt: a link that leads out"), "{}", run.err);
    fs::remove_file(folder.join("notes.txt")).unwrap();

    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let run = home.run("models add theirs --id second --engine rten");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("theirs/socket: not a regular file"), "{}", run.err);
    assert!(!home.model("second").exists());
}

#[test]
fn without_a_home_the_bundled_model_works_and_adding_says_what_to_do() {
    let home = Home::new();
    write_model(&home, "theirs");
    let list = finish(home.command().env_clear().args(["models", "list"]));
    assert!(list.status == 0 && list.out.contains("ai-image"), "{}", list.err);
    if cfg!(unix) {
        let add = finish(home.command().env_clear().args(["models", "add", "theirs"]));
        assert!(add.status == 2 && add.err.contains("DEEPSCREEN_MODELS"), "{}", add.err);
    }
    if cfg!(target_os = "linux") {
        let mut command = home.command();
        command.env_clear().env("HOME", home.path("")).args(["models", "add", "theirs", "--engine", "rten"]);
        let add = finish(&mut command);
        assert_eq!(add.status, 0, "{}", add.err);
        assert!(home.path(".local/share/deepscreen/models/theirs/model.toml").is_file());
    }
}

#[test]
fn vietnamese_is_spoken_here_too() {
    let home = Home::new();
    write_model(&home, "theirs");
    assert_eq!(home.run("models add theirs --engine rten").status, 0);
    for (arguments, says) in [
        ("models add theirs --lang vi", "đã có mô hình mang tên này"),
        ("models remove nothing --lang vi", "không có mô hình hay thư mục này"),
        ("models list --lang vi", "Đã thêm, trong"),
        ("models remove theirs --lang vi", "theirs: đã xóa"),
    ] {
        let run = home.run(arguments);
        assert!(format!("{}{}", run.out, run.err).contains(says), "{arguments}: {}{}", run.out, run.err);
    }
}
