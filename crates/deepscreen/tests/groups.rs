//! Near-duplicates in one scan: classified once, reported with their group.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deepscreen::{
    Analyzer, Evidence, Finding, HashAnalyzer, Kind, Language, Media, Probability, Result, Score, Screener,
};
use image::{Rgb, RgbImage, imageops};

/// Counts the pictures that it is shown, and calls each twice as suspicious as the one before.
struct Counting(Arc<AtomicUsize>);

impl Analyzer for Counting {
    fn id(&self) -> &str {
        "detector/counting@1"
    }

    fn analyze(&self, _: &Media) -> Result<Vec<Evidence>> {
        let seen = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let probability = Probability::new(seen as f64 / 10.0).unwrap();
        Ok(vec![Evidence::new(
            self.id(),
            Finding::Score(Score::new(probability, Kind::AiGenerated, "0".repeat(64))),
        )])
    }
}

fn picture(seed: u32) -> RgbImage {
    let blotch = |x: u32, y: u32| {
        let mixed = (x * 7919 + y * 104_729 + seed * 1_299_709 + 17).wrapping_mul(2_654_435_761);
        Rgb([(mixed >> 24) as u8, (mixed >> 16) as u8, (mixed >> 8) as u8])
    };
    imageops::resize(&RgbImage::from_fn(18, 14, blotch), 540, 420, imageops::FilterType::CatmullRom)
}

#[test]
fn a_copy_takes_over_the_scores_of_the_first_and_everything_comes_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let meme = picture(1);
    picture(2).save(path("a.png")).unwrap();
    meme.save(path("b.png")).unwrap();
    std::fs::write(path("c.txt"), "no picture").unwrap();
    imageops::resize(&meme, 270, 210, imageops::FilterType::Triangle).save(path("d.jpg")).unwrap();
    // As near as a match, and not as near as a copy.
    let mut captioned = meme.clone();
    let bar = RgbImage::from_pixel(540, 26, Rgb([250; 3]));
    imageops::replace(&mut captioned, &bar, 0, 394);
    captioned.save(path("e.png")).unwrap();
    let paths: Vec<PathBuf> = ["a.png", "b.png", "c.txt", "d.jpg", "e.png", "no.png"].map(path).into();

    let seen = Arc::new(AtomicUsize::new(0));
    let build = Screener::builder().analyzer(Counting(seen.clone())).analyzer(HashAnalyzer);
    let screener = build.threads(2).build().unwrap();
    let mut screenings = Vec::new();
    let summary = screener.screen_grouped(paths.clone(), |screening| screenings.push(screening));
    assert_eq!((summary.pictures, summary.not_images, summary.unreadable), (5, 1, 1));
    let order: Vec<_> = screenings.iter().map(|screening| screening.input.path.clone().unwrap()).collect();
    assert_eq!(order, paths);

    let groups: Vec<_> = screenings.iter().map(|screening| screening.group.as_ref()).collect();
    assert!(groups[0].is_none() && groups[2].is_none() && groups[5].is_none());
    let [first, copy, captioned] = [1, 3, 4].map(|at| groups[at].unwrap());
    for group in [first, copy, captioned] {
        assert_eq!((&group.first, group.pictures), (&paths[1], 3));
    }
    assert_eq!((first.distance, first.has_scores_of_first), (0, false));
    assert!(copy.distance <= 10 && copy.has_scores_of_first, "{copy:?}");
    assert!(captioned.distance > 10 && !captioned.has_scores_of_first, "{captioned:?}");

    // Of four pictures that can be decoded, three were looked at.
    assert_eq!(seen.load(Ordering::Relaxed), 3);
    let probability = |at: usize| screenings[at].verdict.probability.unwrap();
    assert_eq!(probability(1), probability(3));
    assert_ne!(probability(1), probability(4));
    // What is no detector's is the picture's own.
    assert_ne!(screenings[1].input.sha256, screenings[3].input.sha256);
    assert_eq!(screenings[3].input.width, Some(270));

    let mut record: serde_json::Value =
        serde_json::from_str(&screenings[3].to_json(Language::English)).unwrap();
    assert_eq!(record["group"]["first"], paths[1].to_str().unwrap());
    assert_eq!(record["group"]["has_scores_of_first"], true);
    let schema = serde_json::from_str(include_str!("../schema/deepscreen-1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(&record));
    record["group"]["pictures"] = 1.into();
    assert!(!schema.is_valid(&record));
}

#[test]
fn without_copies_a_grouped_scan_is_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..3).map(|seed| folder.path().join(format!("{seed}.png"))).collect();
    (0..3).zip(&paths).for_each(|(seed, path)| picture(seed + 10).save(path).unwrap());
    let screener = Screener::builder().analyzer(HashAnalyzer).threads(1).build().unwrap();
    let (mut grouped, mut plain) = (Vec::new(), Vec::new());
    screener.screen_grouped(paths.clone(), |screening| grouped.push((screening.input, screening.group)));
    screener.screen_paths(paths, |screening| plain.push((screening.input, screening.group)));
    assert_eq!(grouped, plain);
    assert_eq!(screener.screen_grouped(Vec::new(), |_| panic!("nothing to show")).pictures, 0);
}
