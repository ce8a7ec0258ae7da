//! `--isolate` and `--timeout`, on the binary: what a scan in processes of its own says, and that nothing is left of them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Home, Run};

fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path).display().to_string()
}

fn scan(home: &Home, rest: &str) -> Run {
    home.run(&format!("scan --engine rten --model {} {rest}", fixture("networks/green")))
}

/// Records without what is another in each run.
fn records(run: &Run) -> Vec<Value> {
    let record = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("elapsed_ms");
        record
    };
    assert!(!run.out.is_empty(), "{}", run.err);
    run.out.lines().map(record).collect()
}

#[test]
fn processes_of_their_own_find_the_same() {
    let home = Home::new();
    let (maps, folders) = (
        fixture("networks/map"),
        ["images/watermark_flux.png", "images/gif_animated.gif", "metadata", "hostile"]
            .map(fixture)
            .join(" "),
    );
    let flags = format!("--format jsonl --model {maps} --stability 1 {folders}");
    let plain = scan(&home, &format!("{flags} --heat-maps plain"));
    let isolated = scan(&home, &format!("{flags} --heat-maps isolated --isolate --store a.store"));
    assert_eq!(plain.status, isolated.status, "{}", isolated.err);
    let expected = records(&plain);
    assert!(expected.len() > 150);
    for (one, other) in records(&isolated).iter().zip(&expected) {
        assert_eq!(one, other);
    }
    let kinds = |kind: &str| {
        let evidence = expected.iter().flat_map(|record| record["evidence"].as_array().unwrap());
        evidence.filter(|evidence| evidence["kind"] == kind).count()
    };
    for kind in ["score", "metadata", "metadata_fault", "watermark", "media"] {
        assert!(kinds(kind) > 0, "no {kind} was compared");
    }
    // Heat maps are drawn from what came over.
    let maps = |folder: &str| {
        let mut maps: Vec<_> =
            std::fs::read_dir(home.path(folder)).unwrap().map(|entry| entry.unwrap()).collect();
        maps.sort_by_key(|entry| entry.file_name());
        maps.iter().map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect::<Vec<_>>()
    };
    assert!(maps("plain").len() > 10 && maps("plain") == maps("isolated"));
    // Who looked makes no difference to a store.
    let again = scan(&home, &format!("{flags} --heat-maps isolated --store a.store"));
    assert!(again.err.contains(" known before"), "{}", again.err);
}

#[test]
fn one_file_and_groups_go_through_too() {
    let home = Home::new();
    let picture = fixture("images/photo_table.jpg");
    let inspect = |flags: &str| home.run(&format!("inspect --engine rten --format json {flags} {picture}"));
    assert_eq!(records(&inspect("--isolate")), records(&inspect("")));
    let grouped = |flags: &str| scan(&home, &format!("--group --format jsonl {flags} {picture} {picture}"));
    let records_of = records(&grouped("--isolate --lang vi"));
    assert_eq!(records_of[1]["group"]["pictures"], 2);
    assert_eq!(records_of, records(&grouped("--lang vi")));
}

#[test]
fn wrong_limits_are_named() {
    let home = Home::new();
    for wrong in ["0", "-1", "nan", "soon"] {
        let run = scan(&home, &format!("--timeout={wrong} ."));
        assert_eq!(run.status, 2);
        assert!(run.err.contains("--timeout") && run.err.contains("seconds above 0"), "{}", run.err);
    }
    let run = scan(&home, "--max-memory 100 .");
    assert!(run.status == 2 && run.err.contains("--isolate"), "{}", run.err);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use super::*;

    /// The processes whose command line has this text.
    fn processes(text: &str) -> Vec<u32> {
        let entries =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let ids = entries.filter_map(|name| name.parse().ok());
        ids.filter(|id| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(text)
        })
        .collect()
    }

    fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn nothing_is_left_of_a_scan_that_was_killed() {
        let home = Home::new();
        fs::create_dir(home.path("many")).unwrap();
        for number in 0..400 {
            fs::copy(fixture("images/photo_table.jpg"), home.path(&format!("many/{number}.jpg"))).unwrap();
        }
        let folder = home.path("many").display().to_string();
        let mut command = home.command();
        command.args(["scan", "--engine", "rten", "--threads", "2", "--isolate", &folder]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("two children work", || processes(&folder).len() == 3);
        child.kill().unwrap();
        child.wait().unwrap();
        wait_until("the children end with their parent", || processes(&folder).is_empty());
    }

    #[test]
    fn a_child_that_is_killed_costs_one_record() {
        let home = Home::new();
        fs::create_dir(home.path("some")).unwrap();
        for number in 0..400_u32 {
            let picture =
                image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([number as u8, x as u8, y as u8]));
            picture.save(home.path(&format!("some/{number:03}.png"))).unwrap();
        }
        let folder = home.path("some").display().to_string();
        let mut command = home.command();
        let words =
            "scan --threads 1 --isolate --trust-models --format jsonl --out some.jsonl --engine rten --model";
        command.args(words.split_whitespace()).args([&fixture("networks/green"), &folder]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let parent = child.id();
        for kill in 1..=2 {
            wait_until("records come", || {
                fs::read_to_string(home.path("some.jsonl"))
                    .is_ok_and(|records| records.lines().count() >= 5 * kill)
            });
            let worker = || processes(&folder).into_iter().find(|id| *id != parent);
            wait_until("a child works", || worker().is_some());
            let victim = worker().unwrap().to_string();
            assert!(std::process::Command::new("kill").args(["-KILL", &victim]).status().unwrap().success());
        }
        let output = child.wait_with_output().unwrap();
        let run = Run {
            status: output.status.code().unwrap(),
            out: fs::read_to_string(home.path("some.jsonl")).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        let records = records(&run);
        assert_eq!((run.status, records.len()), (0, 400), "{}", run.err);
        let failed = records.iter().filter(|record| record["failures"] != Value::Array(Vec::new())).count();
        assert!(failed <= 2, "{failed} of 400");
    }
}
