//! The open watermark, from a file to the record; and, where folders are at hand, how often it is found by mistake and
//! what it survives.
//!
//! `DEEPSCREEN_PHOTOS` names a folder of pictures without a watermark, `DEEPSCREEN_WATERMARKED` one that
//! `benches/watermarks.py` has made. Without them those two tests say so and do nothing.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deepscreen::{
    Finding, Label, Language, Limits, Media, Screener, Watermark, WatermarkAnalyzer, WatermarkMessage, walk,
};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn screener() -> Screener {
    Screener::builder().analyzer(WatermarkAnalyzer).build().unwrap()
}

#[test]
fn a_watermark_is_evidence_and_the_reason_of_the_verdict() {
    let media = Media::open(fixture("images/watermark_sdxl_swapped.png"), &Limits::default()).unwrap();
    let record: Value = serde_json::from_str(&screener().screen(&media).to_json(Language::English)).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../schema/deepscreen-1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(&record), "{record:#}");
    assert_eq!(
        record["evidence"],
        json!([{"source": "watermark", "kind": "watermark", "scheme": "dwt_dct", "message": "stable_diffusion_xl",
                "matching_bits": 48, "bits": 48}])
    );
    let verdict = &record["verdict"];
    assert_eq!(
        (&verdict["label"], &verdict["kinds"]),
        (&json!("likely_manipulated"), &json!(["ai_generated"]))
    );
    let reason = &verdict["reasons"][0];
    assert_eq!(
        (&reason["code"], &reason["strength"]),
        (&json!("watermark.stable_diffusion"), &json!("strong"))
    );
    let mut wrong = record.clone();
    wrong["evidence"][0]["matching_bits"] = Value::Null;
    assert!(!schema.is_valid(&wrong));
}

#[test]
fn no_fixture_has_a_watermark_but_those_that_were_given_one() {
    let mut found = 0;
    screener().screen_paths(walk(fixture("")), |screening| {
        let path = screening.input.path.unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = name.starts_with("watermark_") && name != "watermark_none.png";
        let is_found = screening.evidence.iter().any(|one| matches!(one.finding, Finding::Watermark(_)));
        assert_eq!(is_found, expected, "{name}");
        assert_eq!(screening.verdict.label == Label::LikelyManipulated, expected, "{name}");
        // What is too small or has none is no failure.
        assert!(screening.failures.iter().all(|failure| failure.source == "media"), "{name}");
        found += u32::from(is_found);
    });
    assert_eq!(found, 7);
}

/// What is read in each picture below a folder; those too small to hold any are left out.
fn read(folder: &Path) -> impl Iterator<Item = (PathBuf, Vec<Watermark>)> {
    walk(folder).filter_map(|path| {
        let media = Media::open(&path, &Limits::default()).ok()?;
        let watermarks = WatermarkAnalyzer::read(media.pixels().ok()?);
        (!watermarks.is_empty()).then_some((path, watermarks))
    })
}

#[test]
fn photographs_have_no_watermark() {
    let Some(folder) = std::env::var_os("DEEPSCREEN_PHOTOS") else {
        println!("skipped: DEEPSCREEN_PHOTOS is not set");
        return;
    };
    let mut counts: BTreeMap<&str, BTreeMap<u32, u32>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut pictures = 0;
    for (path, watermarks) in read(Path::new(&folder)) {
        pictures += 1;
        for watermark in &watermarks {
            *counts
                .entry(watermark.message.code())
                .or_default()
                .entry(watermark.matching_bits)
                .or_default() += 1;
        }
        if watermarks.iter().any(Watermark::is_found) {
            wrong.push(path);
        }
    }
    println!("{pictures} pictures of 256x256 pixels or more");
    for message in WatermarkMessage::ALL {
        let counts = &counts[message.code()];
        let sum: u32 = counts.iter().map(|(matching, count)| matching * count).sum();
        let highest: Vec<String> =
            counts.iter().rev().take(4).map(|(matching, count)| format!("{matching} ({count})")).collect();
        println!(
            "{}: of {} bits {} are needed; mean {:.1}, most {}",
            message.code(),
            message.bits(),
            message.least_matching_bits(),
            f64::from(sum) / f64::from(pictures),
            highest.join(", ")
        );
    }
    assert!(pictures >= 1000, "only {pictures} pictures");
    assert_eq!(wrong, Vec::<PathBuf>::new());
}

/// The folder holds `MESSAGE/WHAT WAS DONE/PICTURE`.
#[test]
fn what_a_watermark_survives_is_shown() {
    let Some(folder) = std::env::var_os("DEEPSCREEN_WATERMARKED") else {
        println!("skipped: DEEPSCREEN_WATERMARKED is not set");
        return;
    };
    let mut survived: BTreeMap<(String, String), [u32; 3]> = BTreeMap::new();
    for (path, watermarks) in read(Path::new(&folder)) {
        let part = |above: usize| {
            path.ancestors().nth(above).unwrap().file_name().unwrap().to_string_lossy().into_owned()
        };
        let code = part(2).split('-').next().unwrap().to_owned();
        let message = WatermarkMessage::ALL.into_iter().find(|message| message.code() == code).unwrap();
        let is_found = watermarks.iter().any(|found| found.message == message && found.is_found());
        let media = Media::open(&path, &Limits::default()).unwrap();
        let package = WatermarkAnalyzer::decode(media.pixels().unwrap(), message.bits() as usize).unwrap();
        let of_bits = |bits: &str| bits.chars().map(|bit| bit == '1').collect::<Vec<_>>();
        let sent = of_bits(&std::fs::read_to_string(path.ancestors().nth(2).unwrap().join("bits")).unwrap());
        let matching = package.iter().zip(&sent).filter(|(read, sent)| read == sent).count() as u32;
        let [pictures, found, by_package] = survived.entry((part(2), part(1))).or_default();
        *pictures += 1;
        *found += u32::from(is_found);
        *by_package += u32::from(Watermark::new(message, matching).is_found());
    }
    for ((message, what), [pictures, found, by_package]) in survived {
        println!("{message} {what}: {found} of {pictures}; as the package reads {by_package}");
    }
}
