//! The program as a user runs it: what it prints where, and its exit status.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Run, finish, finish_with, program};

fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    finish(program().args(arguments))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// Three pictures, one damaged, one text.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in [
        ("a/valley.jpg", "images/photo_valley.jpg"),
        ("a-table.jpg", "images/photo_table.jpg"),
        ("cut.jpg", "hostile/cut_half.jpg"),
        ("notes.jpg", "hostile/text.jpg"),
        ("turned.webp", "images/webp_animated.webp"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(fixture(source), path).unwrap();
    }
    folder
}

fn records(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn scan(folder: &Path, flags: &[&str]) -> Run {
    let mut command = program();
    command.args(["scan", "--engine", "rten"]).args(flags).arg(folder);
    finish_with(&mut command, "")
}

#[test]
fn jsonl_has_one_record_for_every_file_in_byte_order() {
    let folder = folder();
    let run = scan(folder.path(), &["--format", "jsonl"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let records = records(&run);
    let names: Vec<&str> =
        records.iter().map(|r| r["input"]["path"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["a-table.jpg", "valley.jpg", "cut.jpg", "notes.jpg", "turned.webp"]);
    assert_eq!(records[2]["failures"][0]["code"], "truncated");
    assert_eq!(records[3]["failures"][0]["code"], "not_an_image");
    assert_eq!(records[4]["evidence"][0]["notes"][0], "first_frame");
    assert_eq!(records[0]["replay"]["engine"].as_str().unwrap().split(' ').next(), Some("rten"));
    for record in &records {
        assert_eq!(record["verdict"]["label"] == "inconclusive", record["verdict"]["probability"].is_null());
    }
    assert!(run.err.contains("4 pictures"), "the summary goes to standard error: {}", run.err);
}

#[test]
fn table_is_for_a_person() {
    let folder = folder();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.status, 0, "{}", run.err);
    let lines: Vec<&str> = run.out.lines().collect();
    assert!(!run.out.contains('\x1b'), "colours where no terminal is");
    assert!(!run.out.contains("notes.jpg"), "what is no picture is only counted");
    assert!(lines[0].contains("a-table.jpg") && lines[1].contains("a/valley.jpg"), "{}", run.out);
    assert!(lines[2].starts_with("inconclusive") && lines[2].contains("truncated"), "{}", lines[2]);
    assert!(lines[3].contains("first of 3 frames"), "{}", lines[3]);
    let column = lines[0].find("a-table.jpg").unwrap();
    assert_eq!(lines[1].find("a/valley.jpg"), Some(column), "paths stand below one another");
    let summary = lines[5];
    for part in
        ["4 pictures", "a second, rten", "1 not judged", "1 could not be read", "1 other file left out"]
    {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    assert!(lines[6].contains("no proof"), "{}", run.out);
}

#[test]
fn colours_come_when_they_are_asked_for_and_go_with_no_color() {
    let file = fixture("hostile/cut_half.jpg");
    let coloured =
        finish_with(program().env("CLICOLOR_FORCE", "1").args(["scan", "--engine", "rten"]).arg(&file), "");
    assert!(coloured.out.contains('\x1b'), "{}", coloured.out);
    let mut plain = program();
    plain.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").args(["scan", "--engine", "rten"]).arg(&file);
    assert!(!finish_with(&mut plain, "").out.contains('\x1b'));
}

#[test]
fn csv_has_a_row_for_every_file() {
    let folder = folder();
    let run = scan(folder.path(), &["--format", "csv"]);
    let rows: Vec<&str> = run.out.lines().collect();
    assert_eq!(rows.len(), 6);
    assert!(rows[0].starts_with("path,format,width,height,bytes,sha256,label,probability"));
    let columns = rows[0].split(',').count();
    assert!(rows.iter().all(|row| row.split(',').count() == columns), "{}", run.out);
}

#[test]
fn a_file_name_is_no_formula_in_a_spreadsheet() {
    let folder = folder();
    let name = "=HYPERLINK(A1).jpg";
    std::fs::rename(folder.path().join("cut.jpg"), folder.path().join(name)).unwrap();
    for command in [&["scan"][..], &["hash"], &["scan", "--store", "results.store"]] {
        let mut program = program();
        program.current_dir(folder.path()).args(command).args(["--format", "csv", name, "a-table.jpg"]);
        let run = finish(&mut program);
        let cells: Vec<&str> = run.out.lines().map(|row| row.split(',').next().unwrap()).collect();
        assert_eq!(cells, ["path", "./=HYPERLINK(A1).jpg", "a-table.jpg"], "{}", run.err);
    }
}

#[test]
fn results_can_go_to_a_file() {
    let folder = folder();
    let out = folder.path().join("results.jsonl");
    let run = scan(&folder.path().join("a"), &["--format", "jsonl", "--out", out.to_str().unwrap()]);
    assert_eq!((run.status, run.out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), 1);
    let run = scan(&folder.path().join("a"), &["--out", "no/such/folder/results"]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("no/such/folder/results: cannot be written"), "{}", run.err);
}

#[test]
fn fail_on_changes_the_status_and_nothing_else() {
    let folder = folder();
    let all = folder.path();
    assert_eq!(scan(all, &["--fail-on", "unreadable"]).status, 1);
    assert_eq!(
        scan(&all.join("notes.jpg"), &["--fail-on", "unreadable"]).status,
        0,
        "text is not unreadable"
    );
    assert_eq!(scan(&all.join("cut.jpg"), &["--fail-on", "flagged,review"]).status, 0);
}

#[test]
fn missing_paths_are_named() {
    let none = run(["scan", "no/such/folder", "nor/this"]);
    assert_eq!(none.status, 2);
    assert!(none.err.contains("no/such/folder, nor/this: no such file or folder"), "{}", none.err);
    assert!(none.out.is_empty());
    let good = fixture("images/photo_table.jpg");
    let one =
        run(["scan", "--engine", "rten", "--format", "jsonl", good.to_str().unwrap(), "no/such/file.jpg"]);
    assert_eq!(one.status, 0);
    let records = records(&one);
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["failures"][0]["code"], "unreadable");
}

#[test]
fn an_empty_folder_is_said_and_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = scan(folder.path(), &[]);
    assert_eq!(run.status, 0);
    assert!(run.err.contains("no files there"), "{}", run.err);
    assert!(run.out.starts_with("0 pictures"), "{}", run.out);
}

#[test]
fn wrong_models_policies_rates_and_libraries_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    std::fs::write(&model, "not a network").unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "schema = 1\n[sources.x]\nrole = \"king\"").unwrap();
    let picture = fixture("images/photo_table.jpg");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    for (flags, says) in [
        (["--model".to_owned(), path(&model)], vec!["model.onnx", "not an ONNX network"]),
        (["--model".to_owned(), "no-such-model".to_owned()], vec!["no-such-model"]),
        (["--policy".to_owned(), path(&policy)], vec!["policy.toml", "king"]),
        (["--policy".to_owned(), "no-policy.toml".to_owned()], vec!["no-policy.toml: cannot be read"]),
        (["--max-fpr".to_owned(), "0.0001".to_owned()], vec!["ai-image", "--max-fpr 0.01"]),
        (["--max-fpr".to_owned(), "7".to_owned()], vec!["--max-fpr", "at most 1"]),
        (["--onnxruntime".to_owned(), path(&model)], vec!["model.onnx: not a library"]),
        (["--engine".to_owned(), "magic".to_owned()], vec!["magic", "onnxruntime"]),
        (["--threads".to_owned(), "0".to_owned()], vec!["--threads"]),
        (["--no-such-flag".to_owned(), String::new()], vec!["--no-such-flag"]),
    ] {
        let run = run(["scan".to_owned()].into_iter().chain(flags.clone()).chain([path(&picture)]));
        assert_eq!(run.status, 2, "{flags:?}: {}", run.err);
        for says in says {
            assert!(run.err.contains(says), "{flags:?} does not say {says:?}: {}", run.err);
        }
        assert!(run.out.is_empty(), "{flags:?}");
    }
}

#[test]
fn a_list_on_standard_input_keeps_its_order() {
    let paths =
        ["images/photo_wall.jpg", "images/photo_table.jpg"].map(|name| fixture(name).display().to_string());
    let mut command = program();
    command.args(["scan", "--engine", "rten", "--format", "jsonl", "-"]);
    let run = finish_with(&mut command, &format!("{}\r\n\n{}\n", paths[0], paths[1]));
    let found: Vec<_> =
        records(&run).iter().map(|r| r["input"]["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found, paths);
}

#[test]
fn vietnamese_is_spoken_where_it_is_asked_for() {
    let folder = folder();
    let run = scan(folder.path(), &["--lang", "vi"]);
    for words in ["không thấy dấu hiệu", "chưa kết luận được", "tệp bị cắt cụt", "4 ảnh", "Bỏ qua 1 tệp"]
    {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    let help = finish_with(program().env("LANG", "vi_VN.UTF-8").args(["scan", "--help"]), "");
    assert!(help.out.contains("Tỷ lệ ảnh chụp được phép báo nhầm"), "{}", help.out);
    let english = finish_with(
        program().env("LANG", "vi_VN.UTF-8").args(["scan", "--lang", "en"]).arg(folder.path()),
        "",
    );
    assert!(english.out.contains("4 pictures"), "{}", english.out);
}

#[test]
fn inspect_shows_everything_about_one_file() {
    let file = fixture("images/jpeg_exif_6.jpg");
    let text = run(["inspect", "--engine", "rten", file.to_str().unwrap()]);
    assert_eq!(text.status, 0, "{}", text.err);
    for part in ["Verdict", "File", "SHA-256", "Detectors", "detector/ai-image@", "PDQ", "Screened with"] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let json = run(["inspect", "--engine", "rten", "--format", "json", file.to_str().unwrap()]);
    let record: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(record["schema"], "deepscreen/1");
    let missing = run(["inspect", "missing.jpg"]);
    assert_eq!(missing.status, 2);
    assert!(missing.err.contains("missing.jpg"), "{}", missing.err);
}

#[test]
fn hash_gives_the_same_for_text_jsonl_and_csv() {
    let file = fixture("images/photo_valley.jpg");
    let file = file.to_str().unwrap();
    let json: Value = serde_json::from_str(&run(["hash", "--format", "jsonl", file]).out).unwrap();
    let pdq = json["hashes"]["pdq"]["hash"].as_str().unwrap();
    assert!(json.get("verdict").is_none(), "nothing was judged");
    assert!(run(["hash", file]).out.contains(pdq));
    assert!(run(["hash", "--format", "csv", file]).out.contains(pdq));
    assert_eq!((&json["input"]["width"], &json["input"]["height"]), (&800.into(), &600.into()));
}

#[test]
fn models_and_doctor_say_what_there_is() {
    let list = run(["models", "list"]);
    assert!(list.out.contains("ai-image") && list.out.contains("licence"), "{}", list.out);
    let verify = run(["models", "verify", "--engine", "rten"]);
    assert_eq!(verify.status, 0, "{}", verify.err);
    assert!(verify.out.contains("ai-image: sound, runs on rten"), "{}", verify.out);
    let wrong = run(["models", "verify", "--engine", "rten", "ai-image", "no/model"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.out.contains("ai-image: sound") && wrong.err.contains("no/model"), "{}", wrong.err);
    let doctor = run(["doctor", "--engine", "rten"]);
    assert_eq!(doctor.status, 0, "{}", doctor.err);
    for part in ["rten", "runs the models", "ai-image", "jpeg", "heic", "avif", "jxl", "256.0 MiB"] {
        assert!(doctor.out.contains(part), "{part}: {}", doctor.out);
    }
    // The large model is named where it is not here, with what to do.
    for out in [doctor.out, run(["scan", "--model", "ai-image-large", "."]).err] {
        assert!(out.contains("ai-image-large: not here; one command builds it"), "{out}");
    }
}

#[test]
fn completions_and_the_manual_name_the_commands() {
    assert!(run(["completions", "bash"]).out.contains("scan"));
    assert!(run(["man"]).out.contains(".TH deepscreen 1"));
}

#[test]
fn the_program_alone_in_an_empty_folder_scans() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("deepscreen");
    std::fs::copy(env!("CARGO_BIN_EXE_deepscreen"), &copy).unwrap();
    std::fs::copy(fixture("images/photo_table.jpg"), folder.path().join("table.jpg")).unwrap();
    let mut command = Command::new(&copy);
    command.current_dir(folder.path()).env_clear().args(["scan", "--format", "jsonl", "table.jpg"]);
    let run = finish_with(&mut command, "");
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(records(&run)[0]["verdict"]["probability"].is_number());
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_scan_quietly() {
    let mut command = program();
    command.args(["scan", "--engine", "rten", "--format", "jsonl"]).arg(fixture("hostile"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

#[cfg(unix)]
#[test]
fn unreadable_files_and_odd_names_cost_one_record_each() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"b\xff\x1b[2J.jpg"));
    std::fs::copy(fixture("images/photo_table.jpg"), &odd).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("a.jpg")).unwrap();
    let run = scan(folder.path(), &["--format", "jsonl"]);
    let found = records(&run);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["failures"][0]["code"], "unreadable");
    assert!(found[1]["hashes"].is_object());
    assert!(!scan(folder.path(), &[]).out.contains('\x1b'), "a name must not reach the terminal as it is");
}

#[test]
fn a_watermark_is_shown_by_scan_and_inspect_in_both_languages() {
    let picture = fixture("images/watermark_flux.png");
    let scanned = scan(&picture, &["--lang", "en"]);
    assert!(scanned.out.starts_with("likely manipulated"), "{}", scanned.out);
    assert!(scanned.out.contains("AI generated: watermark of FLUX"), "{}", scanned.out);
    for (language, line) in
        [("en", "watermark of FLUX: 46 of 46 bits"), ("vi", "thủy vân của FLUX: đọc được 46 trên 46 bit")]
    {
        let picture = picture.as_os_str();
        let arguments = ["inspect", "--engine", "rten", "--lang", language].map(std::ffi::OsStr::new);
        let shown = run(arguments.into_iter().chain([picture]));
        assert_eq!(shown.status, 0, "{}", shown.err);
        assert!(shown.out.contains(line), "{}", shown.out);
    }
}
