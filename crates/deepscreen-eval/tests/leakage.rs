//! Pictures that are there twice: planted ones are found, and no others.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use deepscreen::hash::Pdq;
use deepscreen::media::{Luma, Pixels};
use deepscreen_eval::Dataset;
use deepscreen_eval::checks::{Leakage, LeakageOptions, Overlap, Relation, Training};
use deepscreen_eval::dataset::Options;
use deepscreen_eval::degrade::Degradation;

/// Value noise of four octaves, each half as strong as the one before, as in photographs: PDQ looks at all of them. Unlike
/// for each seed.
fn picture(seed: u64) -> Pixels {
    let mut state = seed * 2 + 1;
    let mut next = || {
        state = state * 48_271 % 2_147_483_647;
        (state >> 9) as u8
    };
    let values: Vec<f32> = (0..20 + 4 * 33 * 33).map(|_| f32::from(next())).skip(20).collect();
    let octave = |at: usize, octave: usize| {
        let cell = (64 >> octave) as f32;
        let (x, y) = ((at % 256) as f32 / cell, (at / 256) as f32 / cell);
        let (left, top) = (x as usize, y as usize);
        let values = &values[octave * 33 * 33..];
        let row =
            |y: usize| values[33 * y + left] * (1.0 - x.fract()) + values[33 * y + left + 1] * x.fract();
        row(top) * (1.0 - y.fract()) + row(top + 1) * y.fract()
    };
    let sample = |at| (0..4).map(|i| octave(at, i) * 8.0 / 15.0 / (1 << i) as f32).sum::<f32>() as u8;
    Pixels::from_rgb8(256, 256, (0..256 * 256).flat_map(|at| [sample(at); 3]).collect()).unwrap()
}

fn save(folder: &Path, name: &str, pixels: &Pixels, degradation: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let degradation: Degradation = degradation.parse().unwrap();
    fs::write(path, degradation.apply(pixels, 1).unwrap().bytes).unwrap();
}

/// Ten reals and ten fakes, five of each in the groups `a` and `b`, and none like another.
fn clean(folder: &Path) {
    for i in 0..20 {
        let (group, class) = (if i % 2 == 0 { "a" } else { "b" }, if i < 10 { "real" } else { "fake" });
        save(folder, &format!("{group}/{class}/{i}.jpg"), &picture(i), "jpeg:90");
    }
}

fn check(folder: &Path, training: Option<&Training>) -> Leakage {
    let dataset = Dataset::read(folder, &Options::default()).unwrap();
    Leakage::check(&dataset, training, &LeakageOptions { across_groups: true, ..LeakageOptions::default() })
}

fn overlap(leakage: &Leakage, relation: Relation) -> &Overlap {
    leakage.overlaps.iter().find(|overlap| overlap.relation == relation).unwrap()
}

#[test]
fn a_clean_data_set_does_not_warn() {
    let folder = tempfile::tempdir().unwrap();
    clean(folder.path());
    let other = tempfile::tempdir().unwrap();
    save(other.path(), "real/1.png", &picture(500), "clean");
    let training = Training::from_dataset(&Dataset::read(other.path(), &Options::default()).unwrap());
    let leakage = check(folder.path(), Some(&training));
    assert_eq!((leakage.overlaps.len(), leakage.without_hash, leakage.faults.len()), (3, 0, 0));
    assert!(leakage.overlaps.iter().all(|overlap| overlap.pairs == 0 && overlap.share == 0.0), "{leakage:?}");
    assert!(!leakage.warns());
}

#[test]
fn a_recompressed_copy_in_the_other_class_is_found() {
    let folder = tempfile::tempdir().unwrap();
    clean(folder.path());
    save(folder.path(), "a/fake/copy.jpg", &picture(2), "resize:0.8+jpeg:60");
    let leakage = check(folder.path(), None);
    let found = overlap(&leakage, Relation::Classes);
    assert_eq!((found.pairs, found.exact_pairs, found.pictures), (1, 0, 2));
    assert!((found.share - 2.0 / 21.0).abs() < 1e-12);
    let pair = &found.listed[0];
    assert!(pair.first.ends_with("a/fake/copy.jpg") && Path::new(&pair.second).ends_with("a/real/2.jpg"));
    assert!(!pair.exact && pair.distance.unwrap() <= 31);
    assert!(leakage.warns() && found.warns());
    assert!(found.to_string().starts_with("warning: 1 pairs across classes, 0 of them exact"), "{found}");
    assert_eq!(overlap(&leakage, Relation::Groups).pairs, 0);
}

#[test]
fn exact_copies_are_found_even_where_a_hash_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    clean(folder.path());
    let flat = Pixels::from_rgb8(64, 64, vec![90; 3 * 64 * 64]).unwrap();
    save(folder.path(), "a/fake/flat.png", &flat, "clean");
    save(folder.path(), "a/real/flat.png", &flat, "clean");
    // Flat too, but another file.
    save(folder.path(), "b/real/flat.jpg", &flat, "jpeg:90");
    let leakage = check(folder.path(), None);
    let found = overlap(&leakage, Relation::Classes);
    assert_eq!((found.pairs, found.exact_pairs, leakage.without_hash), (1, 1, 3));
    assert_eq!((found.listed[0].exact, found.listed[0].distance), (true, None));
    assert!(leakage.warns());
}

#[test]
fn copies_across_groups_are_found_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    clean(folder.path());
    save(folder.path(), "b/real/again.jpg", &picture(4), "jpeg:90");
    save(folder.path(), "a/real/same_group.jpg", &picture(4), "jpeg:50");
    let found = check(folder.path(), None);
    let found = overlap(&found, Relation::Groups);
    // Both of the group `a` with the one of `b`; the file of `a` is equal.
    assert_eq!((found.pairs, found.exact_pairs, found.pictures), (2, 1, 3));
    let dataset = Dataset::read(folder.path(), &Options::default()).unwrap();
    let leakage = Leakage::check(&dataset, None, &LeakageOptions::default());
    assert_eq!(leakage.overlaps.len(), 1);
    assert!(!leakage.warns());
}

#[test]
fn what_was_trained_on_is_found_by_list_and_by_data_set() {
    let folder = tempfile::tempdir().unwrap();
    clean(folder.path());
    let hash = |seed| Pdq::of(&Luma::of(&picture(seed))).0;
    let list = format!("# trained on\n{}, cat.jpg\n\n{}\n{}\n", hash(3), hash(900), hash(12));
    let leakage = check(folder.path(), Some(&Training::from_list(&list).unwrap()));
    let found = overlap(&leakage, Relation::Training);
    assert_eq!((found.pairs, found.exact_pairs, found.pictures), (2, 0, 2));
    let mut names: Vec<_> = found.listed.iter().map(|pair| pair.second.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["cat.jpg", "line 5"]);
    assert!(found.warns() && !overlap(&leakage, Relation::Classes).warns());

    let other = tempfile::tempdir().unwrap();
    save(other.path(), "fake/seen.jpg", &picture(12), "jpeg:90");
    fs::write(other.path().join("fake/broken.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    let training = Training::from_dataset(&Dataset::read(other.path(), &Options::default()).unwrap());
    let leakage = check(folder.path(), Some(&training));
    let found = overlap(&leakage, Relation::Training);
    assert_eq!((found.pairs, found.exact_pairs, found.listed[0].exact), (1, 1, true));
    assert_eq!(leakage.faults.len(), 1);
}

#[test]
fn a_wrong_line_of_a_training_list_is_named() {
    let error = Training::from_list("# fine\n\nnot a hash\n").unwrap_err();
    assert!(error.to_string().contains("line 3 of the training list"), "{error}");
    assert!(Training::from_list("").is_ok());
}

#[test]
fn all_pairs_are_counted_and_some_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..4 {
        save(folder.path(), &format!("real/{i}.jpg"), &picture(1), &format!("jpeg:{}", 90 - i));
        save(folder.path(), &format!("fake/{i}.jpg"), &picture(1), &format!("jpeg:{}", 80 - i));
    }
    let dataset = Dataset::read(folder.path(), &Options::default()).unwrap();
    let options = LeakageOptions { across_groups: false, listed: 3 };
    let leakage = Leakage::check(&dataset, None, &options);
    let found = &leakage.overlaps[0];
    assert_eq!((found.pairs, found.pictures, found.share, found.listed.len()), (16, 8, 1.0, 3));
}

#[test]
fn a_training_path_is_a_list_of_hashes_or_a_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Training::open(folder.path().join(name), &Options::default());
    fs::write(folder.path().join("hashes.txt"), format!("{} a.jpg\n", "f8".repeat(32))).unwrap();
    assert!(open("hashes.txt").is_ok());
    fs::write(folder.path().join("wrong.txt"), "no hash\n").unwrap();
    let error = open("wrong.txt").unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    fs::write(folder.path().join("list.csv"), "path,label\nnone.jpg,real\n").unwrap();
    assert!(open("list.csv").is_ok());
    let error = open("missing.txt").unwrap_err().to_string();
    assert!(error.contains("missing.txt"), "{error}");
}
