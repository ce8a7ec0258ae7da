//! Hashes of the fixtures against those of PyPI `pdqhash`, which the fixtures' generator wrote down.

use std::path::Path;

use deepscreen::hash::Pdq;
use deepscreen::{Hashes, Limits, Media};
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
        for reduced in [false, true] {
            let media = Media::open(folder.join(&fixture.path), &Limits::default()).unwrap();
            let hashes = if reduced {
                Hashes::of(media.reduced(256).unwrap())
            } else {
                Hashes::of(media.pixels().unwrap())
            };
            let distance = hashes.pdq.distance(&reference);
            assert!(distance <= 10, "{}: {distance} bits, reduced: {reduced}", fixture.path);
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
