//! The test pictures of other projects, where a checkout of them is at hand.
//!
//! `DEEPSCREEN_ASSETS` names the folder; without it nothing is tested, and each test says so. Below it lies
//! `decoders/image-rs` with the references of image-rs (`tests/reference/PATH.png` for `tests/images/PATH`),
//! and whatever else: all of it is decoded, and nothing may panic.

// Helpers of tests count as code outside of tests for clippy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deepscreen::media::{Limits, Media, Pixels};
use deepscreen::{ErrorKind, Result};

fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("DEEPSCREEN_ASSETS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: DEEPSCREEN_ASSETS is not set");
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn pixels(path: &Path) -> Result<(Media, Pixels)> {
    let media = Media::open(path, &Limits::default())?;
    let pixels = media.pixels()?.clone();
    Ok((media, pixels))
}

/// Mean absolute difference of the samples; `None` where the sizes differ.
fn difference(a: &Pixels, b: &Pixels) -> Option<f64> {
    if (a.width(), a.height()) != (b.width(), b.height()) {
        return None;
    }
    let sum: u64 = a.as_rgb8().iter().zip(b.as_rgb8()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    Some(sum as f64 / a.as_rgb8().len() as f64)
}

#[test]
fn every_file_decodes_or_says_why() {
    let Some(folder) = assets() else { return };
    let mut counts = BTreeMap::new();
    let mut panics = Vec::new();
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let outcome = pixels(&path);
        let key = match &outcome {
            Ok((media, _)) => format!("ok {}", media.format().name()),
            Err(error) => error.kind().to_string(),
        };
        *counts.entry(key).or_insert(0) += 1;
        if let Err(error) = outcome {
            if error.kind() == ErrorKind::Panic {
                panics.push(name.clone());
            }
            if error.kind() != ErrorKind::NotAnImage {
                println!("{name}: {}: {}", error.kind(), error.message());
            }
        }
    }
    println!("{counts:#?}");
    assert!(panics.is_empty(), "decoders panicked: {panics:?}");
}

/// References that are not followed.
const OTHERWISE: [&str; 8] = [
    // Two entries of one score: `image` 0.25.10 takes the last, later versions the first.
    "ico/images/two-entry-order-test.ico.png",
    // `image` 0.25 does not decode its own sample.
    "bmp/images/rgb24rle24.bmp.png",
    "bmp/images/rgba32abf.bmp.png",
    // 32 bits without an alpha mask: the reference takes the fourth byte for alpha, Pillow and `image` do not.
    "bmp/images/V5_A8_R8_G8_B8_Rgb.bmp.png",
    // Colours that are multiplied by alpha, as the file says: the reference leaves them so.
    "tiff/testsuite/hpredict.tiff.png",
    "tiff/testsuite/hpredict_packbits.tiff.png",
    // Floats are linear light here, as in EXR; the reference scales them.
    "tiff/testsuite/rgb32f_bw.tiff.png",
    "tiff/testsuite/rgb32f_color.tiff.png",
];

#[test]
fn pictures_are_those_of_the_reference_decoder() {
    let Some(folder) = assets() else { return };
    let root = folder.join("decoders/image-rs/tests");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for reference in files(&root.join("reference")) {
        let relative = reference.strip_prefix(root.join("reference")).unwrap().to_str().unwrap().to_owned();
        // Frames of animations have a number behind the name, and so no picture of that name.
        let Some(picture) = relative.strip_suffix(".png").map(|name| root.join("images").join(name)) else {
            continue;
        };
        if !picture.is_file() || OTHERWISE.contains(&relative.as_str()) {
            continue;
        }
        seen += 1;
        let (Ok((_, expected)), found) = (pixels(&reference), pixels(&picture)) else { continue };
        match found {
            Ok((_, found)) => match difference(&found, &expected) {
                Some(difference) if difference < 1.0 => {}
                difference => wrong.push(format!("{relative}: differs by {difference:?}")),
            },
            Err(error) => wrong.push(format!("{relative}: {}: {}", error.kind(), error.message())),
        }
    }
    println!("{seen} references");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn orientations_show_the_same_picture() {
    let Some(folder) = assets() else { return };
    for shape in ["Landscape", "Portrait"] {
        let open = |number: u32| pixels(&folder.join(format!("orientation/{shape}_{number}.jpg")));
        let Ok((_, upright)) = open(1) else { continue };
        for number in 2..=8 {
            let (_, turned) = open(number).unwrap();
            // Each was encoded anew, with its number in the picture.
            let difference = difference(&turned, &upright).expect("the same size");
            assert!(difference < 6.0, "{shape}_{number}: {difference}");
        }
    }
}
