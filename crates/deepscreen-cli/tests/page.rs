//! `scan --format html` and `--format sarif`: what is on the page and in the log, whatever names and files there are.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use deepscreen::{Limits, Media};
use serde_json::Value;
use support::{Run, finish, program};

const LABELS: [&str; 4] = ["likely_manipulated", "needs_review", "inconclusive", "no_indication"];
const HOSTILE: [&str; 5] = [
    "<img src=x onerror=alert(1)>.png",
    "\u{202e}gpj.exe\n\"quoted' {{ 7 * 7 }}.png",
    "&lt;b&gt; ]]> --> ảnh.png",
    "=HYPERLINK(1) \u{200b}#?%20.png",
    "a\u{7}\u{1b}[31mred.png",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn copy(source: &str, folder: &Path, name: impl AsRef<std::ffi::OsStr>) {
    std::fs::copy(fixture(source), folder.join(name.as_ref())).unwrap();
}

/// Pictures of every label, what is none, and names that try to break out.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (source, name) in [
        ("images/photo_table.jpg", "photo.jpg"),
        ("images/jpeg_screenshot.jpg", "screenshot.jpg"),
        ("images/gif_animated.gif", "moves.gif"),
        ("images/watermark_sdxl.png", "watermark.png"),
        ("images/watermark_sdxl_95.jpg", "watermark again.jpg"),
        ("metadata/credit.jpg", "credit.jpg"),
        ("metadata/thumbnail_other.jpg", "thumbnail.jpg"),
        ("metadata/lightroom.jpg", "lightroom.jpg"),
        ("metadata/control_characters.jpg", "controls.jpg"),
        ("images/strip_2000x3.jpg", "strip.jpg"),
        ("images/tiny_1x1.png", "tiny.png"),
        ("hostile/cut_half.jpg", "cut.jpg"),
        ("hostile/text.jpg", "text.jpg"),
    ] {
        copy(source, at, name);
    }
    for name in HOSTILE {
        copy("metadata/automatic1111.png", at, name);
    }
    #[cfg(target_os = "linux")]
    copy(
        "hostile/cut_half.jpg",
        at,
        <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"bad\xff.jpg"),
    );
    folder
}

fn scan(folder: &Path, flags: &[&str]) -> Run {
    finish(program().args(["scan", "--engine", "rten"]).args(flags).arg(folder))
}

/// A page beside those that CI opens in a browser.
fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn page(folder: &Path, name: &str, flags: &[&str]) -> String {
    let out = kept(name);
    let run = scan(folder, &[&["--format", "html", "--out", out.to_str().unwrap()], flags].concat());
    assert_eq!((run.status, run.out.as_str()), (0, ""), "{}", run.err);
    std::fs::read_to_string(out).unwrap()
}

/// The records of everything that is a picture.
fn records(folder: &Path, flags: &[&str]) -> Vec<Value> {
    let run = scan(folder, &[&["--format", "jsonl"], flags].concat());
    let records = run.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["failures"].as_array().unwrap().iter().all(|it| it["code"] != "not_an_image"))
        .collect()
}

/// What stands between the first `start` and the `end` behind it.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = &text[text.find(start).unwrap_or_else(|| panic!("no {start}")) + start.len()..];
    &rest[..rest.find(end).unwrap_or_else(|| panic!("no {end} behind {start}"))]
}

fn section<'a>(page: &'a str, label: &str) -> Option<&'a str> {
    let start = format!("<section id=\"{label}\"");
    page.contains(&start).then(|| between(page, &start, "</section>"))
}

#[test]
fn a_page_shows_every_record_where_it_belongs_and_counts_them() {
    let folder = folder();
    let records = records(folder.path(), &[]);
    for language in ["en", "vi"] {
        let page = page(folder.path(), &format!("scan-hostile-{language}.html"), &["--lang", language]);
        assert_eq!(page.matches("<article").count(), records.len());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for label in LABELS {
            let these: Vec<&Value> = records.iter().filter(|it| it["verdict"]["label"] == label).collect();
            let filter = between(&page, &format!("id=\"show-{label}\""), "</label>");
            assert!(filter.ends_with(&format!("<b>{}</b>", these.len())), "{label}: {filter}");
            assert_eq!(filter.contains("checked"), !these.is_empty());
            let Some(section) = section(&page, label) else {
                assert!(these.is_empty(), "{label} has no section");
                continue;
            };
            assert_eq!(section.matches("<article").count(), these.len(), "{label}");
            // The surest first.
            let shown: Vec<&str> =
                section.split("class=\"probability\"").skip(1).map(|it| between(it, "<b>", "</b>")).collect();
            assert!(shown.is_sorted_by(|a, b| a >= b), "{label}: {shown:?}");
            let known = these.iter().filter(|it| !it["verdict"]["probability"].is_null()).count();
            assert_eq!(shown.len(), known, "{label}");
            for record in these {
                for reason in record["verdict"]["reasons"].as_array().unwrap() {
                    *reasons.entry(reason["code"].as_str().unwrap()).or_default() += 1;
                }
            }
        }
        let places = LABELS.map(|label| page.find(&format!("<section id=\"{label}\"")));
        assert!(places.iter().flatten().is_sorted(), "the gravest first: {places:?}");
        assert!(places.iter().flatten().count() >= 3, "{places:?}");
        for (code, count) in reasons {
            let filter = between(&page, &format!("<label title=\"{code}\">"), "</label>");
            assert!(filter.contains("type=\"radio\" name=\"reason\""), "{filter}");
            assert!(filter.ends_with(&format!("<b>{count}</b>")), "{code}: {filter}, {count} expected");
        }
    }
}

#[test]
fn nothing_gets_out_of_its_place() {
    let folder = folder();
    for language in ["en", "vi"] {
        let page =
            page(folder.path(), &format!("scan-names-{language}.html"), &["--lang", language, "--group"]);
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        assert!(page.contains(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        ));
        for hostile in ["<script", "<img src=x", "&lt;b&gt; ]]&gt; --"] {
            assert!(!page.contains(hostile), "{language}: {hostile} is there");
        }
        for (attribute, allowed) in [("href=\"", &["#", "data:,"][..]), ("src=\"", &["data:image/"])] {
            for address in page.split(attribute).skip(1) {
                let start: String = address.chars().take(20).collect();
                assert!(allowed.iter().any(|it| start.starts_with(it)), "{language}: {attribute}{start}");
            }
        }
        let hidden = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert_eq!(page.chars().find(|c| hidden(*c)), None, "{language}");
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.png"), "the name is shown all the same");
        assert!(page.contains("\\u{202e}gpj.exe\\u{a}&quot;quoted&#x27;"));
        assert!(page.contains("&amp;lt;b&amp;gt;") && page.contains("{{ 7 * 7 }}"));
        // Composed (NFC), whatever names are.
        assert!(page.chars().all(|c| !('\u{300}'..'\u{370}').contains(&c)));
        // Copies stand beneath the first of them.
        assert!(page.contains("<details class=\"copies\">"));
    }
}

#[test]
fn thumbnails_are_small_pictures_and_a_broken_one_says_why() {
    let folder = folder();
    let page = page(folder.path(), "scan-pictures-en.html", &[]);
    let images: Vec<&str> = page.split("<img src=\"data:image/jpeg;base64,").skip(1).collect();
    let pictures = records(folder.path(), &[]).iter().filter(|it| !it["input"]["width"].is_null()).count();
    assert_eq!(images.len(), pictures);
    for image in images {
        let (data, rest) = image.split_once('"').unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        let media = Media::from_bytes(bytes, &Limits::default()).unwrap();
        let pixels = media.pixels().unwrap();
        assert!(pixels.width().max(pixels.height()) <= 224);
        let tag = rest.split_once('>').unwrap().0;
        assert!(
            tag.contains("alt=\"Thumbnail of ") && tag.contains("loading=\"lazy\" decoding=\"async\""),
            "{tag}"
        );
    }
    assert!(page.contains("</span> Truncated</p>"), "cut.jpg has no box that says why");
}

#[test]
fn heat_maps_lie_over_their_pictures() {
    let folder = tempfile::tempdir().unwrap();
    copy("images/photo_table.jpg", folder.path(), "photo.jpg");
    copy("metadata/automatic1111.png", folder.path(), "made.png");
    let model = fixture("networks/map");
    let model = model.to_str().unwrap();
    for language in ["en", "vi"] {
        let flags = ["--model", model, "--lang", language];
        let page = page(folder.path(), &format!("scan-maps-{language}.html"), &flags);
        assert_eq!(page.matches("<img class=\"map\" src=\"data:image/png;base64,").count(), 2);
        // The map covers whole cells, and with them more than the picture.
        assert!(page.contains("style=\"left:0.00%;top:0.00%;width:109.09%;height:100.00%\""), "{language}");
    }
}

#[test]
fn the_page_is_the_same_each_time_and_goes_to_standard_output_too() {
    let folder = tempfile::tempdir().unwrap();
    copy("images/photo_table.jpg", folder.path(), "photo.jpg");
    copy("metadata/automatic1111.png", folder.path(), "made.png");
    let timeless = |page: &str| {
        let time = between(page, "<dt>Time</dt><dd>", "</dd>");
        page.replace(&format!("<dd>{time}</dd>"), "<dd></dd>")
    };
    let first = page(folder.path(), "scan-same-en.html", &[]);
    let run = scan(folder.path(), &["--format", "html"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(timeless(&run.out), timeless(&first));
    assert!(run.err.contains("2 pictures"), "{}", run.err);
}

#[test]
fn an_interrupted_scan_leaves_no_page() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..200 {
        copy("images/photo_table.jpg", folder.path(), format!("{i}.jpg"));
    }
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("page.html");
    let mut command = program();
    command.args(["scan", "--engine", "rten", "--format", "html", "--out"]).arg(&out).arg(folder.path());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "it was done before it was killed");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.exists());
    if cfg!(unix) {
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "something lies about");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_said_before_anything_is_screened() {
    let folder = tempfile::tempdir().unwrap();
    copy("images/photo_table.jpg", folder.path(), "photo.jpg");
    let out = folder.path().join("nowhere/page.html");
    let run = scan(folder.path(), &["--format", "html", "--out", out.to_str().unwrap()]);
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(run.err.contains("nowhere") && run.err.contains("cannot be written"), "{}", run.err);
}

/// What is no file stays what it is: nothing may take the place of /dev/null.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    copy("images/photo_table.jpg", folder.path(), "photo.jpg");
    let run = scan(folder.path(), &["--format", "html", "--out", "/dev/null"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(!Path::new("/dev/null").is_file() && Path::new("/dev/null").exists());
    let run = scan(folder.path(), &["--format", "html", "--out", "/dev/full"]);
    assert_eq!(run.status, 2, "{}", run.err);
}

#[test]
fn sarif_has_a_result_for_every_reason_and_for_what_could_not_be_judged() {
    let folder = folder();
    let records = records(folder.path(), &[]);
    for language in ["en", "vi"] {
        let run = scan(folder.path(), &["--format", "sarif", "--lang", language]);
        assert_eq!(run.status, 0, "{}", run.err);
        let log: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("{log}") };
        assert_eq!(run["language"], language);
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
        let driver = &run["tool"]["driver"];
        assert_eq!(
            (&driver["name"], &driver["version"]),
            (&"deepscreen".into(), &env!("CARGO_PKG_VERSION").into())
        );
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'), "{rule}");
        }
        let results = run["results"].as_array().unwrap();
        let mut expected = BTreeMap::from([("error", 0), ("warning", 0), ("note", 0)]);
        for record in &records {
            let reasons = record["verdict"]["reasons"].as_array().unwrap().len();
            let unreadable =
                record["failures"].as_array().unwrap().iter().filter(|it| it["source"] == "media").count();
            match record["verdict"]["label"].as_str().unwrap() {
                "likely_manipulated" => *expected.get_mut("error").unwrap() += reasons,
                "needs_review" => *expected.get_mut("warning").unwrap() += reasons,
                "inconclusive" => {
                    *expected.get_mut("note").unwrap() += if unreadable > 0 { unreadable } else { reasons }
                }
                _ => {}
            }
        }
        let mut found = BTreeMap::from([("error", 0), ("warning", 0), ("note", 0)]);
        for result in results {
            *found.get_mut(result["level"].as_str().unwrap()).unwrap() += 1;
            let place = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[place]["id"], result["ruleId"]);
            assert!(result["message"]["text"].as_str().unwrap().ends_with('.'), "{result}");
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            let letter = |c: char| c.is_ascii_alphanumeric() || "-._~/:%".contains(c);
            assert!(uri.starts_with("file:///") && uri.chars().all(letter), "{uri}");
            assert!(result["properties"]["label"].is_string());
        }
        assert_eq!(found, expected);
        assert!(found["error"] > 0 && found["note"] > 0, "{found:?}");
        #[cfg(target_os = "linux")]
        assert!(run["results"].to_string().contains("/bad%FF.jpg"), "bytes that are no UTF-8 are lost");
    }
}

#[test]
fn sarif_of_nothing_is_a_log_too_and_relative_paths_stay_relative() {
    let folder = tempfile::tempdir().unwrap();
    copy("metadata/automatic1111.png", folder.path(), "made by.png");
    copy("hostile/text.jpg", folder.path(), "text.jpg");
    for (name, uri) in [("made by.png", Some("made%20by.png")), ("text.jpg", None)] {
        let mut command = program();
        command.args(["scan", "--engine", "rten", "--format", "sarif", name]).current_dir(folder.path());
        let run = finish(&mut command);
        let log: Value =
            serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out));
        let results = log["runs"][0]["results"].as_array().unwrap();
        let found = results
            .first()
            .map(|it| it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap());
        assert_eq!(found, uri);
    }
}
