//! Content Credentials as the program shows them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../../deepscreen/tests/signing/mod.rs"]
mod signing;
mod support;

use serde_json::Value;
use signing::{Authority, Draft, jpeg};
use support::Home;

/// A home with a picture of a generator, a collage that contains it, the same altered, and who signed them.
fn home() -> Home {
    let home = Home::new();
    let authority = Authority::new("Test Authority");
    let signer = authority.signer("Paint Inc");
    let ai =
        Draft::created("Paint Machine", "trainedAlgorithmicMedia").sign(&*signer, "image/jpeg", &jpeg(10));
    let collage = Draft::created("Editor", "compositeCapture").placed("ai.jpg", &ai);
    let collage = collage.sign(&*signer, "image/jpeg", &jpeg(20));
    let mut altered = collage.clone();
    let at = altered.len() - 20;
    altered[at] ^= 1;
    for (name, bytes) in [("ai.jpg", &ai), ("collage.jpg", &collage), ("altered.jpg", &altered)] {
        std::fs::write(home.path(name), bytes).unwrap();
    }
    std::fs::write(home.path("plain.jpg"), jpeg(30)).unwrap();
    std::fs::write(home.path("anchors.pem"), authority.pem).unwrap();
    home
}

/// The lines below a heading.
fn group<'a>(out: &'a str, heading: &str) -> Vec<&'a str> {
    let below = out.lines().skip_while(|line| *line != heading).skip(1);
    below.take_while(|line| !line.is_empty()).map(str::trim_end).collect()
}

#[test]
fn inspect_says_what_the_manifest_says_and_who_stands_for_it() {
    let home = home();
    for (flags, heading, lines) in [
        (
            "--trust-anchors anchors.pem",
            "Provenance",
            &[
                "  Content Credentials (C2PA): intact; signed by Paint Inc, on the trust list",
                "    written by Editor",
                "    c2pa.created  compositeCapture",
                "    c2pa.placed",
                "    contains ai.jpg",
                "      written by Paint Machine",
                "      c2pa.created  trainedAlgorithmicMedia",
            ][..],
        ),
        (
            "--lang vi",
            "Nguồn gốc",
            &[
                "  Content Credentials (C2PA): nguyên vẹn; Paint Inc ký, không có trong danh sách tin cậy",
                "    ghi bởi Editor",
                "    c2pa.created  compositeCapture",
                "    c2pa.placed",
                "    có chứa ai.jpg",
                "      ghi bởi Paint Machine",
                "      c2pa.created  trainedAlgorithmicMedia",
                "    không đạt: signingCredential.untrusted",
            ],
        ),
    ] {
        let run = home.run(&format!("inspect --engine rten {flags} collage.jpg"));
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        assert_eq!(group(&run.out, heading), lines, "{}", run.out);
    }
    let run = home.run("inspect --engine rten plain.jpg");
    assert_eq!(group(&run.out, "Provenance"), ["  Content Credentials (C2PA): none"]);
}

#[test]
fn the_table_says_why_a_picture_is_flagged() {
    let home = home();
    let run = home.run("scan --engine rten ai.jpg altered.jpg collage.jpg");
    let lines: Vec<&str> = run.out.lines().collect();
    for (line, says) in [
        (0, "AI generated: Content Credentials trainedAlgorithmicMedia, signer not on a trust list"),
        (1, "changed after its Content Credentials were signed"),
        (2, "edited with AI: Content Credentials trainedAlgorithmicMedia, signer not on a trust list"),
    ] {
        assert!(lines[line].contains(says), "{}", run.out);
    }
    assert!(
        lines[0].starts_with("likely manipulated") && lines[1].starts_with("needs review"),
        "{}",
        run.out
    );
}

#[test]
fn the_record_has_it_in_full_and_names_the_list() {
    let home = home();
    let run = home.run("scan --engine rten --format jsonl --trust-anchors anchors.pem collage.jpg");
    let record: Value = serde_json::from_str(&run.out).unwrap();
    let evidence = record["evidence"].as_array().unwrap().iter().find(|one| one["source"] == "c2pa").unwrap();
    assert_eq!(evidence["manifest"], "present");
    assert_eq!(evidence["trust"], "trusted");
    assert_eq!(evidence["ingredients"][0]["digital_source_types"][0], "trainedAlgorithmicMedia");
    assert_eq!(record["verdict"]["reasons"][0]["code"], "c2pa.ai_edited");
    assert_eq!(record["replay"]["lists"]["trust_anchors"].as_str().unwrap().len(), 64);
}

#[test]
fn wrong_trust_anchors_stop_the_program_before_it_scans() {
    let home = home();
    for (file, says) in
        [("missing.pem", "missing.pem: cannot be read"), ("plain.txt", "plain.txt: no certificate")]
    {
        std::fs::write(home.path("plain.txt"), "hello").unwrap();
        let run = home.run(&format!("scan --engine rten --trust-anchors {file} plain.jpg"));
        assert_eq!((run.status, run.out.as_str()), (2, ""));
        assert!(run.err.contains(says), "{}", run.err);
    }
}
