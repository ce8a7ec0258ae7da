//! The fuzz targets as ordinary tests: over the fixtures, as they are, cut, and with bits flipped. A fixed seed: the same
//! inputs every time.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![cfg(all(feature = "bank", feature = "c2pa"))]

// There it is a library.
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

/// Numbers that repeat (the minimal standard generator of Park and Miller, 1988).
struct Made(u64);

impl Made {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        (self.0 >> 7) as usize % end.max(1)
    }
}

/// Every file below some folders of the fixtures whose name ends so.
fn seeds(folders: &[&str], end: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let files = folders.iter().flat_map(|folder| deepscreen::walk(fixtures.join(folder)));
    let named = files.filter(|path| path.to_str().is_some_and(|path| path.ends_with(end)));
    named.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// As they are, then each cut once and with some bits flipped as often as `rounds` says.
fn run(target: fn(&[u8]), seeds: &[(PathBuf, Vec<u8>)], rounds: usize) {
    assert!(seeds.len() > 3, "{} seeds", seeds.len());
    let mut made = Made(1);
    for (path, seed) in seeds {
        // Shown where the test fails: the input that did it.
        println!("{}", path.display());
        target(seed);
        for round in 0..rounds {
            println!("  round {round}");
            let mut bytes = seed.clone();
            if round.is_multiple_of(2) {
                bytes.truncate(made.below(bytes.len()));
            }
            for _ in 0..1 + made.below(8) {
                let at = made.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << made.below(8);
                }
            }
            target(&bytes);
        }
    }
}

#[test]
fn decoders() {
    run(targets::media, &seeds(&["images", "hostile"], ""), 8);
}

#[test]
fn hashes_and_watermarks() {
    let seeds = seeds(&["hostile", "sample"], "");
    run(targets::pdq, &seeds, 1);
    run(targets::watermark, &seeds, 1);
}

#[test]
fn metadata_and_credentials() {
    let seeds = seeds(&["metadata", "images", "hostile"], "");
    run(targets::metadata, &seeds, 12);
    run(targets::c2pa, &seeds, 1);
}

#[test]
fn contracts_and_networks() {
    run(targets::contract, &seeds(&["networks"], "model.toml"), 20);
    run(targets::network, &seeds(&["networks"], ".onnx"), 20);
}

#[test]
fn policies_settings_and_lists() {
    let policy =
        b"schema = 1\nfusion = \"vote\"\n[sources.\"detector/*\"]\nrole = \"votes\"\nmax_fpr = 0.01\n";
    let settings = br#"{"models": [], "threads": 2, "limits": {"max_bytes": 20000000}, "engine": "rten"}"#;
    let hash = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
    let lists = [
        format!("{hash},100,a.jpg\n{hash},90,b.jpg\n"),
        format!("pdq {hash}\n"),
        format!("label,pdq,pdq_quality,name\nknown_fake,{hash},100,\"a, b\"\n"),
        format!("[{{\"pdq\": \"{hash}\", \"label\": \"ignore\"}}, {{}}]"),
        format!("{{\"hashes\": {{\"pdq\": {{\"hash\": \"{hash}\", \"quality\": 100}}}}}}\n"),
    ];
    let named = |bytes: &[u8]| (PathBuf::from("made"), bytes.to_vec());
    run(targets::policy, &vec![named(policy); 4], 200);
    run(targets::settings, &vec![named(settings); 4], 200);
    let lists: Vec<_> = lists.iter().map(|list| named(list.as_bytes())).collect();
    run(targets::bank_list, &lists, 8);
}
