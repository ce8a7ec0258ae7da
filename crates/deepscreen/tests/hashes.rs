//! Hashes of the fixtures against those of PyPI `pdqhash`, which the fixtures' generator wrote down.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

use deepscreen::hash::{Hash64, Pdq};
use deepscreen::{Hashes, Limits, Media};
use img_hash::{BitOrder, HashAlg, HasherConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Manifest {
    fixture: Vec<Fixture>,
}

#[derive(Deserialize)]
struct Fixture {
    path: String,
    pdq: Option<String>,
    pdq_quality: Option<u8>,
}

/// The rule of the reference: within 10 bits wherever the quality is 80 or more.
#[test]
fn pdq_is_within_ten_bits_of_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let manifest: Manifest =
        toml::from_str(&std::fs::read_to_string(folder.join("manifest.toml")).unwrap()).unwrap();
    let mut compared = 0;
    for fixture in manifest.fixture {
        let (Some(pdq), Some(quality)) = (fixture.pdq, fixture.pdq_quality) else { continue };
        if quality < 80 {
            continue;
        }
        let reference: Pdq = pdq.parse().unwrap();
        for luma_alone in [false, true] {
            let media = Media::open(folder.join(&fixture.path), &Limits::default()).unwrap();
            if !luma_alone {
                media.pixels().unwrap();
            }
            let hashes = Hashes::of(media.luma().unwrap());
            let distance = hashes.pdq.distance(&reference);
            assert!(distance <= 10, "{}: {distance} bits, luma alone: {luma_alone}", fixture.path);
            assert!(
                hashes.pdq_quality.abs_diff(quality) <= 5,
                "{}: quality {}",
                fixture.path,
                hashes.pdq_quality
            );
        }
        compared += 1;
    }
    assert!(compared >= 20, "only {compared} fixtures have a hash");
}

/// The img_hash family is computed from a 64x64 mean: near what image_hasher gives for the whole picture.
#[test]
fn img_hash_of_the_thumbnail_is_near_that_of_the_whole_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    for name in
        ["photo_valley.jpg", "photo_table.jpg", "photo_wall.jpg", "png_photo.png", "png_screenshot.png"]
    {
        let media = Media::open(folder.join(name), &Limits::default()).unwrap();
        let pixels = media.pixels().unwrap();
        let luma = |rgb: &[u8; 3]| {
            let [r, g, b] = rgb.map(f32::from);
            (0.299 * r + 0.587 * g + 0.114 * b).round() as u8
        };
        let grey = pixels.as_rgb8().as_chunks().0.iter().map(luma).collect();
        let whole = image::GrayImage::from_raw(pixels.width(), pixels.height(), grey).unwrap();
        let ours = Hashes::of(media.luma().unwrap());
        let config = || HasherConfig::with_bytes_type::<[u8; 8]>().bit_order(BitOrder::MsbFirst);
        for (config, ours) in [
            (config().hash_alg(HashAlg::Median).preproc_dct(), ours.phash),
            (config().hash_alg(HashAlg::Gradient), ours.dhash),
            (config().hash_alg(HashAlg::Mean), ours.ahash),
        ] {
            let theirs: [u8; 8] = config.to_hasher().hash_image(&whole).as_bytes().try_into().unwrap();
            let distance = ours.distance(&Hash64(u64::from_be_bytes(theirs)));
            assert!(distance <= 4, "{name}: {config:?}: {distance} bits");
        }
    }
}
