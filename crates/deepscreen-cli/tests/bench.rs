//! `deepscreen bench`, on the binary.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use image::{DynamicImage, RgbImage};
use serde_json::Value;
use support::Home;

/// Pictures that differ, some smooth and some not, all large enough for the model.
fn pictures(home: &Home, count: u32) -> Vec<String> {
    fs::create_dir_all(home.path("pictures")).unwrap();
    let table =
        image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/photo_table.jpg"))
            .unwrap();
    let picture = |i: u32| -> DynamicImage {
        if i.is_multiple_of(2) {
            let side = 230 + 7 * i;
            return table.crop_imm(3 * i, i, side, side).adjust_contrast(i as f32 - 10.0);
        }
        RgbImage::from_fn(240 + i, 240, |x, y| {
            let wave = (f64::from(x * (i % 7 + 1)) / 17.0).sin() + (f64::from(y * (i % 5 + 1)) / 11.0).cos();
            image::Rgb([(127.0 + 60.0 * wave) as u8, (x + i * 9) as u8, (y * 2) as u8])
        })
        .into()
    };
    let save = |i: u32| {
        let name = format!("pictures/{i:02}.png");
        picture(i).save(home.path(&name)).unwrap();
        name
    };
    (0..count).map(save).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn figure<'a>(outcome: &'a Value, metric: &str) -> &'a Value {
    let metrics = outcome["metrics"].as_array().unwrap();
    metrics.iter().find(|figure| figure["metric"] == metric).unwrap_or_else(|| panic!("{metric}"))
}

/// Labels by what the model says, so that it is right about most: of the four that it ranks in the middle it is wrong.
fn labelled_by_the_model(home: &Home) -> String {
    let names = pictures(home, 32);
    let list: String = names.iter().fold("path,label\n".to_owned(), |mut list, name| {
        writeln!(list, "{name},{}", if name.contains("0.png") { "fake" } else { "real" }).unwrap();
        list
    });
    fs::write(home.path("first.csv"), list).unwrap();
    let run = home.run("bench first.csv --resamples 10 --out first");
    assert_eq!(run.status, 0, "{}", run.err);
    let scores = fs::read_to_string(home.path("first/scores/clean.csv")).unwrap();
    let mut rows: Vec<(f64, &str)> = scores
        .lines()
        .skip(1)
        .map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            (fields[4].parse().unwrap(), fields[0])
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let middle = 14..18;
    let mut list = "path,label,group\n".to_owned();
    for (place, (_, path)) in rows.iter().enumerate() {
        let is_fake = (place >= 16) != middle.contains(&place);
        let (label, group) = if is_fake { ("fake", place % 6) } else { ("real", 6 + place % 6) };
        writeln!(list, "{path},{label},g{group}").unwrap();
    }
    fs::write(home.path("labelled.csv"), list).unwrap();
    "labelled.csv".to_owned()
}

#[test]
fn a_score_file_is_compared_in_both_languages_and_what_is_missing_is_said() {
    let home = Home::new();
    let scores = "path,label,group,good,poor\n\
                  a,fake,flux,0.9,0.4\nb,fake,flux,0.8,0.6\nc,fake,sdxl,0.7,0.9\nd,fake,sdxl,0.6,\n\
                  e,real,web,0.1,0.5\nf,real,web,0.3,0.2\ng,real,camera,0.65,0.7\nh,maybe,camera,0.2,0.1\n";
    fs::write(home.path("scores.csv"), scores).unwrap();
    let run = home.run("bench --scores scores.csv --resamples 200");
    assert_eq!(run.status, 0, "{}", run.err);
    for expected in [
        "poor gave 1 picture no score (no_score 1); 1 are in no figure",
        "pictures without a known label: 1",
        "3 fake, 3 real",
        "1.000 (1.000–1.000)",
        "good, most false alarms: camera 100.0 %, web 0.0 %",
        "AUC of good less poor",
    ] {
        assert!(run.out.contains(expected), "{expected}: {}", run.out);
    }
    let run = home.run("bench --scores scores.csv --resamples 200 --lang vi");
    assert!(run.out.contains("báo nhầm nhiều nhất: camera"), "{}", run.out);
    let report = json(&home.run("bench --scores scores.csv --format json --threshold 0.64").out);
    assert_eq!(report["schema"], "deepscreen-bench/1");
    let good = &report["outcomes"][0];
    assert_eq!(figure(good, "auc")["value"], 1.0);
    assert_eq!(figure(good, "recall_at_0.64")["value"], 1.0);
    assert_eq!(figure(good, "false_alarm_rate_at_0.64")["value"].as_f64().unwrap(), 1.0 / 3.0);
    assert_eq!(good["left_out"], 1);
    // What three reals cannot show is not 0.
    assert!(figure(good, "tpr_at_fpr_0.01")["value"].is_null());
    assert!(figure(good, "tpr_at_fpr_0.01")["undefined"].as_str().unwrap().contains("needed"));
}

#[test]
fn pictures_are_scored_once_and_the_folder_holds_the_whole_report() {
    let home = Home::new();
    for (place, name) in pictures(&home, 8).iter().enumerate() {
        let class = ["real", "fake"][place / 4];
        fs::create_dir_all(home.path(&format!("set/{class}"))).unwrap();
        fs::rename(home.path(name), home.path(&format!("set/{class}/{place}.png"))).unwrap();
    }
    fs::write(home.path("set/fake/broken.jpg"), b"\xff\xd8\xff\xe0 no picture").unwrap();
    let command = "bench set --degrade clean,hard --resamples 20 --cache scores.sqlite --out report";
    let first = home.run(command);
    assert_eq!(first.status, 0, "{}", first.err);
    for expected in [
        "clean  4 fake, 4 real",
        "hard  4 fake, 4 real",
        "pictures that cannot be read: 1",
        "9 pictures scored",
    ] {
        assert!(first.out.contains(expected), "{expected}: {}", first.out);
    }
    for file in [
        "report.json",
        "report.html",
        "metrics.csv",
        "groups.csv",
        "scores/clean.csv",
        "scores/hard.csv",
        "plots/roc-clean.svg",
    ] {
        assert!(fs::metadata(home.path("report").join(file)).is_ok_and(|file| file.len() > 40), "{file}");
    }
    let again = home.run(command);
    // What could not be read is tried again.
    assert!(again.out.contains("1 picture scored, 8 known before"), "{}", again.out);
    let [first, again] = [&first, &again].map(|run| run.out.lines().take(6).collect::<Vec<_>>());
    assert_eq!(first, again);
    // The scores give the same figures without the pictures.
    let report = json(&fs::read_to_string(home.path("report/report.json")).unwrap());
    let threshold = report["detectors"][0]["threshold"].as_f64().unwrap();
    let run = home.run(&format!(
        "bench --scores report/scores/hard.csv --format json --resamples 20 --threshold {threshold}"
    ));
    let from_scores = json(&run.out);
    let hard = &report["outcomes"][1];
    assert_eq!(hard["degradation"], "hard");
    assert_eq!(from_scores["outcomes"][0]["metrics"], hard["metrics"]);
}

#[test]
fn data_without_labels_cannot_be_compared_and_one_class_is_said() {
    let home = Home::new();
    pictures(&home, 2);
    let run = home.run("bench pictures");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("named after a class"), "{}", run.err);
    assert_eq!(home.run("bench").status, 2);
    assert_eq!(home.run("bench set --scores scores.csv").status, 2);
    let run = home.run("bench nowhere");
    assert!(run.status == 2 && run.err.contains("nowhere"), "{}", run.err);
    let run = home.run("bench pictures --degrade web,nonsense");
    assert!(run.status == 2 && run.err.contains("nonsense"), "{}", run.err);
    fs::create_dir(home.path("pictures/fake")).unwrap();
    fs::rename(home.path("pictures/00.png"), home.path("pictures/fake/00.png")).unwrap();
    fs::remove_file(home.path("pictures/01.png")).unwrap();
    let run = home.run("bench pictures --resamples 5 --no-cache");
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("all pictures are of one class"), "{}", run.out);
    assert!(run.out.contains("1 fake, 0 real"), "{}", run.out);
}

#[test]
fn a_model_is_calibrated_to_ones_own_pictures() {
    let home = Home::new();
    let list = labelled_by_the_model(&home);
    let run = home.run(&format!("bench calibrate {list}"));
    assert!(run.status == 2 && run.err.contains("--out"), "{}", run.err);
    let run = home.run(&format!("bench calibrate {list} --out ours"));
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("calibrated on 32 pictures (16 real)"), "{}", run.out);
    assert!(run.out.contains("no threshold for 1 %: at least 100 reals are needed"), "{}", run.out);
    let contract = |folder: &str| fs::read_to_string(home.path(folder).join("model.toml")).unwrap();
    assert!(contract("ours").contains("max_fpr = 0.1"), "{}", contract("ours"));
    // A folder that is there is never mixed with another model.
    assert_eq!(home.run(&format!("bench calibrate {list} --out ours")).status, 2);
    let scan = home.run("scan pictures/00.png --model ours --max-fpr 0.1 --trust-models");
    assert_eq!(scan.status, 0, "{}", scan.err);
    let before = json(&home.run(&format!("bench {list} --format json --resamples 5")).out);
    let after = json(&home.run(&format!("bench {list} --model ours --format json --resamples 5")).out);
    let of = |report: &Value, metric: &str| figure(&report["outcomes"][0], metric)["value"].as_f64().unwrap();
    assert!(of(&after, "log_loss") < of(&before, "log_loss"));
    assert_eq!(of(&after, "auc"), of(&before, "auc"));
    // In place, on top of what is there: nothing is left to mend.
    let run = home.run(&format!("bench calibrate {list} --model ours --trust-models"));
    assert_eq!(run.status, 0, "{}", run.err);
    let again = json(&home.run(&format!("bench {list} --model ours --format json --resamples 5")).out);
    assert!((of(&again, "log_loss") - of(&after, "log_loss")).abs() < 1e-3);
    assert_ne!(contract("ours"), "");
}

#[test]
fn a_run_that_was_killed_goes_on() {
    let home = Home::new();
    for (place, name) in pictures(&home, 24).iter().enumerate() {
        let class = ["real", "fake"][place % 2];
        fs::create_dir_all(home.path(&format!("set/{class}"))).unwrap();
        fs::rename(home.path(name), home.path(&format!("set/{class}/{place}.png"))).unwrap();
    }
    let arguments = "bench set --resamples 5 --threads 1 --cache scores.sqlite --format json";
    let mut child = home
        .command()
        .args(arguments.split_whitespace())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Until something was made safe: the write-ahead log grows with the first commit of scores.
    let log = home.path("scores.sqlite-wal");
    let start = std::time::Instant::now();
    while fs::metadata(&log).map_or(0, |log| log.len()) < 30_000 {
        assert!(start.elapsed().as_secs() < 120 && child.try_wait().unwrap().is_none(), "nothing was kept");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = json(&home.run(arguments).out);
    let known = resumed["cost"]["known"].as_u64().unwrap();
    assert!((1..24).contains(&known), "{known} known");
    let undisturbed = json(&home.run("bench set --resamples 5 --no-cache --format json").out);
    assert_eq!(resumed["outcomes"], undisturbed["outcomes"]);
}
