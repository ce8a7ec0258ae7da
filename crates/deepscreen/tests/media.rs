//! Every test picture is read as `fixtures/manifest.toml` says.

// Helpers of tests count as code outside of tests for clippy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use deepscreen::media::{Limits, Media, Note, Pixels};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn manifest() -> Vec<toml::Table> {
    let text = std::fs::read_to_string(fixtures().join("manifest.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["fixture"].as_array().unwrap().iter().map(|entry| entry.as_table().unwrap().clone()).collect()
}

fn number(entry: &toml::Table, field: &str) -> Option<u32> {
    entry.get(field).map(|value| u32::try_from(value.as_integer().unwrap()).unwrap())
}

/// Whether the format that this fixture needs is built in; a file that must fail has it in its name alone.
fn is_built_in(entry: &toml::Table) -> bool {
    let features = [
        ("heic", cfg!(feature = "heic")),
        ("avif", cfg!(feature = "avif")),
        ("jxl", cfg!(feature = "jxl")),
        ("dng", cfg!(feature = "raw")),
    ];
    let path = Path::new(entry["path"].as_str().unwrap());
    features.iter().all(|(name, is_on)| *is_on || path.extension().is_none_or(|extension| extension != *name))
}

/// What is wrong with the reading of a fixture.
fn complaint(entry: &toml::Table) -> Result<(), String> {
    let path = fixtures().join(entry["path"].as_str().unwrap());
    let media = Media::open(&path, &Limits::default());
    let outcome = media.as_ref().map_err(Clone::clone).and_then(|media| media.pixels());
    if let Some(failure) = entry.get("failure") {
        let codes: Vec<&str> = match failure {
            toml::Value::Array(codes) => codes.iter().filter_map(toml::Value::as_str).collect(),
            code => vec![code.as_str().unwrap()],
        };
        return match outcome {
            Err(error) if codes.contains(&error.kind().code()) => Ok(()),
            Err(error) => Err(format!("expected {codes:?}, got {}: {}", error.kind(), error.message())),
            Ok(pixels) => Err(format!("expected {codes:?}, got {pixels:?}")),
        };
    }
    let pixels = outcome.map_err(|error| format!("{}: {}", error.kind(), error.message()))?;
    let media = media.as_ref().unwrap();
    let format = entry["format"].as_str().unwrap();
    if media.format().name() != format {
        return Err(format!("expected {format}, got {}", media.format().name()));
    }
    notes(entry, media.notes())?;
    probes(entry, pixels)
}

fn notes(entry: &toml::Table, notes: &[Note]) -> Result<(), String> {
    let frames = number(entry, "first_frame_of").or(number(entry, "pages"));
    let told = notes.iter().find_map(|note| match note {
        Note::FirstFrame(number) => Some(*number),
        _ => None,
    });
    // JPEG XL does not tell its number of frames.
    if frames.is_some() != told.is_some() || told.flatten().is_some_and(|number| Some(number) != frames) {
        return Err(format!("expected {frames:?} frames, got {told:?}"));
    }
    let preview = entry.get("preview").is_some_and(|value| value.as_bool() == Some(true));
    if notes.contains(&Note::EmbeddedPreview) != preview {
        return Err(format!("expected preview {preview}, got {notes:?}"));
    }
    Ok(())
}

fn probes(entry: &toml::Table, pixels: &Pixels) -> Result<(), String> {
    let size = (number(entry, "width").unwrap(), number(entry, "height").unwrap());
    if (pixels.width(), pixels.height()) != size {
        return Err(format!("expected {size:?}, got {pixels:?}"));
    }
    let tolerance = number(entry, "tolerance").unwrap();
    for probe in entry["pixels"].as_array().unwrap() {
        let probe: Vec<u32> =
            probe.as_array().unwrap().iter().map(|value| value.as_integer().unwrap() as u32).collect();
        let [x, y, expected @ ..] = probe.as_slice() else {
            return Err("a probe that is too short".to_owned());
        };
        let found = pixels.get(*x, *y).ok_or("a probe outside of the picture")?;
        if found
            .iter()
            .zip(expected)
            .any(|(found, expected)| u32::from(*found).abs_diff(*expected) > tolerance)
        {
            return Err(format!("at {x},{y}: expected {expected:?}, got {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn each_fixture_is_read_as_the_manifest_says() {
    let mut complaints = Vec::new();
    for entry in manifest() {
        if !is_built_in(&entry) {
            continue;
        }
        if let Err(text) = complaint(&entry) {
            complaints.push(format!("{}: {text}", entry["path"].as_str().unwrap()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn luma_alone_is_that_of_the_whole_picture() {
    for entry in manifest() {
        if entry.get("failure").is_some() || !is_built_in(&entry) {
            continue;
        }
        let name = entry["path"].as_str().unwrap();
        let media = || Media::open(fixtures().join(name), &Limits::default()).unwrap();
        let (alone, whole) = (media(), media());
        whole.pixels().unwrap();
        let (a, b) = (alone.luma().unwrap(), whole.luma().unwrap());
        assert_eq!((a.width(), a.height(), alone.size()), (b.width(), b.height(), whole.size()), "{name}");
        let difference: u64 =
            a.as_gray8().iter().zip(b.as_gray8()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = difference as f64 / a.as_gray8().len() as f64;
        assert!(mean < 1.0, "{name}: {mean}");
    }
}
