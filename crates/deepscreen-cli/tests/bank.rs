//! `deepscreen bank` and `scan --bank`, on the binary.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;
use support::Home;

/// A home with three pictures: two that look the same, and another.
fn home() -> Home {
    let home = Home::new();
    let images = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    std::fs::copy(images.join("photo_table.jpg"), home.path("table.jpg")).unwrap();
    let table = image::open(home.path("table.jpg")).unwrap();
    table.thumbnail(400, 400).save(home.path("small.jpg")).unwrap();
    table.fliph().save(home.path("mirrored.png")).unwrap();
    home
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_picture_is_added_matched_flagged_and_removed() {
    let home = home();
    assert_eq!(home.run("bank create party.bank --distance 40").status, 0);
    let added =
        home.run("bank add party.bank table.jpg --label known_fake --source us --link https://example.org/1");
    assert_eq!((added.status, added.out.as_str()), (0, "1 added\n"), "{}", added.err);
    let again = home.run("bank add party.bank table.jpg --label known_fake --keep-original");
    assert_eq!(
        again.out,
        "1 there already, 1 of them kept from now on\n".replacen("1 there", "0 added; 1 there", 1)
    );

    let matched = home.run("bank match party.bank small.jpg mirrored.png");
    assert!(matched.out.starts_with("small.jpg\n  known fake  "), "{}", matched.out);
    assert!(matched.out.trim_end().ends_with("of 256 bits  entry 1  table.jpg  us  https://example.org/1"));
    assert_eq!((matched.out.lines().count(), matched.err.as_str()), (2, "2 pictures, 1 known.\n"));
    let turned = home.run("bank match party.bank mirrored.png --bank-transforms --format jsonl");
    let record = &json_lines(&turned.out)[0];
    assert_eq!(record["evidence"][0]["transform"], "mirrored", "{record}");
    assert!(record.get("verdict").is_none());
    let csv = home.run("bank match party.bank small.jpg table.jpg --format csv").out;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(
        rows[1].starts_with("small.jpg,known_fake,pdq,")
            && rows[2].starts_with("table.jpg,known_fake,sha256,,")
    );

    let scanned = home.run("scan small.jpg mirrored.png --bank party.bank --format jsonl");
    let records = json_lines(&scanned.out);
    assert_eq!(records[0]["verdict"]["label"], "likely_manipulated");
    assert_eq!(records[0]["verdict"]["kinds"][0], "known_fake");
    assert_eq!(records[0]["verdict"]["reasons"][0]["code"], "bank.known_fake");
    assert_eq!(records[0]["verdict"]["reasons"][0]["strength"], "decisive");
    assert_eq!(records[0]["replay"]["lists"].as_object().unwrap().keys().collect::<Vec<_>>(), ["bank/party"]);
    assert_ne!(records[1]["verdict"]["label"], "likely_manipulated");
    let inspected = home.run("inspect small.jpg --bank party.bank --lang vi").out;
    assert!(
        inspected.contains("Ngân hàng ảnh") && inspected.contains("ảnh giả đã biết: khác "),
        "{inspected}"
    );

    let removed = home.run("bank remove party.bank 1");
    assert_eq!((removed.status, removed.out.as_str()), (0, "1 entry removed\n"));
    assert_eq!(home.run("bank match party.bank small.jpg").out, "");
    assert!(home.run("bank stats party.bank").out.contains("up to a distance of 40"));
}

#[test]
fn a_verified_original_clears_the_very_file() {
    let home = home();
    home.run("bank create originals.bank");
    home.run("bank add originals.bank table.jpg --label verified_original");
    let records = json_lines(&home.run("scan table.jpg --bank originals.bank --format jsonl").out);
    assert_eq!(records[0]["verdict"]["label"], "no_indication");
    assert_eq!(records[0]["verdict"]["reasons"][0]["code"], "bank.verified_original");
    let table = home.run("scan table.jpg --bank originals.bank --lang vi").out;
    assert!(table.contains("ảnh gốc đã xác minh (cùng một tệp)"), "{table}");
}

#[test]
fn lists_go_out_and_in_and_faults_are_named() {
    let home = home();
    home.run("bank create a.bank");
    home.run("bank add a.bank table.jpg mirrored.png --label known_fake");
    for format in ["csv", "json", "pdq", "threatexchange"] {
        let exported = home.run(&format!("bank export a.bank --format {format} --out list.{format}"));
        assert!(exported.err.starts_with("2 entries written"), "{}", exported.err);
        home.run(&format!("bank create {format}.bank"));
        let imported = home.run(&format!("bank import {format}.bank list.{format}"));
        assert_eq!(imported.out, format!("list.{format}: 2 added; 0 there already; 0 lines left out\n"));
    }
    // The records of deepscreen itself.
    let hashes = home.run("hash table.jpg --format jsonl").out;
    std::fs::write(home.path("hashes.jsonl"), hashes).unwrap();
    assert_eq!(
        home.run("bank import csv.bank hashes.jsonl").out,
        "hashes.jsonl: 0 added; 1 there already; 0 lines left out\n"
    );

    let bad = format!("{}\nnonsense\npdq 12\n{}\n", "a1".repeat(32), "b2".repeat(32));
    std::fs::write(home.path("bad.txt"), bad).unwrap();
    let imported = home.run("bank import a.bank bad.txt --label ignore --source x");
    assert_eq!(
        (imported.status, imported.out.as_str()),
        (0, "bad.txt: 2 added; 0 there already; 2 lines left out\n")
    );
    assert!(imported.err.contains("bad.txt:2: ") && imported.err.contains("bad.txt:3: "), "{}", imported.err);
    assert!(imported.err.contains("64 hexadecimal digits expected, 2 found"), "{}", imported.err);
    std::fs::write(home.path("worse.txt"), "nonsense\n").unwrap();
    let nothing = home.run("bank import a.bank worse.txt");
    assert_eq!(nothing.status, 2, "{}", nothing.out);
    let merged = home.run("bank merge pdq.bank a.bank");
    assert_eq!(merged.out, "a.bank: 4 added; 0 there already; 0 left out; 0 kept files taken over\n");
}

#[test]
fn what_cannot_be_used_is_said_with_its_name() {
    let home = home();
    home.run("bank create a.bank");
    std::fs::write(home.path("text.bank"), "known fakes").unwrap();
    for (arguments, says) in [
        ("bank create a.bank", "a.bank: is there already"),
        ("bank stats missing.bank", "missing.bank: cannot be read"),
        ("bank match text.bank table.jpg", "text.bank: not an SQLite file"),
        ("scan table.jpg --bank text.bank", "text.bank: not an SQLite file"),
        ("bank add a.bank missing.jpg --label ignore", "missing.jpg"),
        ("bank import a.bank missing.csv", "missing.csv: cannot be read"),
        ("bank remove a.bank 7", "a.bank: has no entry 7"),
        ("bank remove a.bank party.jpg", "party.jpg: the number of an entry expected"),
        ("bank merge a.bank a.bank", "a.bank: the same bank"),
        ("scan table.jpg --bank a.bank --bank a.bank", "bank/a: two analyzers of this id"),
    ] {
        let run = home.run(arguments);
        assert_eq!(run.status, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(says), "{arguments}: {}", run.err);
    }
    assert_eq!(std::fs::read(home.path("text.bank")).unwrap(), b"known fakes");
    let contrary = home.run("bank add a.bank table.jpg --label ignore");
    assert_eq!(contrary.status, 0);
    let contrary = home.run("bank add a.bank table.jpg small.jpg --label known_fake");
    assert_eq!((contrary.status, contrary.out.as_str()), (0, "1 added; 1 left out\n"));
    assert!(contrary.err.contains("table.jpg: is there already as ignore, entry 1"), "{}", contrary.err);
}

#[test]
fn near_duplicates_are_grouped() {
    let home = home();
    let records = json_lines(&home.run("scan mirrored.png table.jpg small.jpg --group --format jsonl").out);
    assert!(records[0].get("group").is_none());
    for (record, distance) in [(&records[1], 0..=0), (&records[2], 0..=31)] {
        assert_eq!(
            (&record["group"]["first"], &record["group"]["pictures"]),
            (&"table.jpg".into(), &2.into())
        );
        assert!(distance.contains(&record["group"]["distance"].as_u64().unwrap()), "{record}");
    }
    let table = home.run("scan mirrored.png table.jpg small.jpg --group").out;
    assert!(
        table.contains("first of 2 near-duplicates") && table.contains("near-duplicate of table.jpg"),
        "{table}"
    );
}

/// Killed at any moment, an import is there as a whole or not at all.
#[cfg(unix)]
#[test]
fn an_import_that_is_killed_leaves_no_half_of_it() {
    const LINES: u64 = 40_000;
    let home = home();
    let mut list = String::new();
    (0..LINES)
        .for_each(|line| writeln!(list, "{:064x}", line.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1).unwrap());
    std::fs::write(home.path("list.txt"), list).unwrap();
    home.run("bank create a.bank");
    home.run("bank add a.bank table.jpg --label known_fake");
    let entries = || {
        let export = home.run("bank export a.bank --format pdq");
        assert_eq!(export.status, 0, "{}", export.err);
        export.out.lines().count() as u64
    };
    let (mut before, mut after) = (0, 0);
    for wait in [1, 5, 20, 50, 100, 200, 400, 800] {
        let mut import = home.command();
        import.args(["bank", "import", "a.bank", "list.txt"]).stdout(std::process::Stdio::null());
        let mut import = import.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        import.kill().unwrap();
        import.wait().unwrap();
        match entries() {
            1 => before += 1,
            all if all == LINES + 1 => after += 1,
            half => panic!("{half} entries after {wait} ms"),
        }
    }
    assert_eq!(before + after, 8);
    assert!(before > 0, "nothing was ever killed in time");
    home.run("bank import a.bank list.txt");
    assert_eq!(entries(), LINES + 1);
}
