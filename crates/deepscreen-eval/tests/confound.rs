//! What containers give away: warned of where it is there, and not where it is not.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use deepscreen::media::{Format, Pixels};
use deepscreen_eval::Truth::{self, Fake, Real};
use deepscreen_eval::checks::{Confound, Facts, Feature, Predicted};
use deepscreen_eval::dataset::Options;
use deepscreen_eval::degrade::Degradation;
use deepscreen_eval::metrics::{Measured, Undefined};
use deepscreen_eval::{Dataset, FaultKind, JpegQuality};

/// Numbers that repeat (the minimal standard generator of Park and Miller, 1988).
struct Made(u64);

impl Made {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        (self.0 >> 7) as u32 % end
    }
}

fn picture(made: &mut Made) -> Pixels {
    let (width, height) = (24 + made.below(40), 24 + made.below(40));
    let steps = [1 + made.below(9), 1 + made.below(9), 1 + made.below(9)];
    let sample = |at: u32| ((at / 3 % width + at / 3 / width) * steps[(at % 3) as usize]) as u8;
    Pixels::from_rgb8(width, height, (0..3 * width * height).map(sample).collect()).unwrap()
}

fn encoded(degradation: &str, made: &mut Made) -> Vec<u8> {
    degradation.parse::<Degradation>().unwrap().apply(&picture(made), 1).unwrap().bytes
}

fn facts(short_side: u32, quality: u8) -> Facts {
    let jpeg_quality = Some(JpegQuality::Standard(quality));
    let bytes = u64::from(short_side) * 300;
    Facts { format: Format::Jpeg, short_side, long_side: short_side * 3 / 2, bytes, jpeg_quality }
}

fn of(confound: &Confound, feature: Feature) -> Measured<Predicted> {
    confound.predictions.iter().find(|prediction| prediction.feature == feature).unwrap().predicted
}

fn tells(confound: &Confound, feature: Feature) -> bool {
    of(confound, feature).unwrap().is_telling()
}

fn class(i: u32) -> Truth {
    [Fake, Real][i as usize % 2]
}

#[test]
fn fakes_as_png_and_reals_as_jpeg_warn() {
    let mut made = Made(5);
    let folder = tempfile::tempdir().unwrap();
    for (class, degradation, end) in [("fake", "clean", "png"), ("real", "jpeg:80", "jpg")] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for i in 0..20 {
            let path = folder.path().join(class).join(format!("{i}.{end}"));
            fs::write(path, encoded(degradation, &mut made)).unwrap();
        }
    }
    fs::write(folder.path().join("real").join("no.jpg"), b"\xff\xd8\xff no picture").unwrap();
    let dataset = Dataset::read(folder.path(), &Options::default()).unwrap();
    let confound = Confound::check(&dataset, 3);
    assert!(confound.warns());
    for feature in [Feature::Format, Feature::Combined] {
        let Predicted { auc, balanced_accuracy, p } = of(&confound, feature).unwrap();
        assert!(
            auc == 1.0 && balanced_accuracy == 1.0 && p < 1e-6,
            "{feature:?}: {auc} {balanced_accuracy} {p}"
        );
    }
    assert!(!tells(&confound, Feature::LongSide));
    assert_eq!(of(&confound, Feature::JpegQuality), Err(Undefined::NoFake));
    let text = confound.predictions[0].to_string();
    assert!(text.starts_with("warning: format alone tells fakes from reals (AUC 1.000"), "{text}");
    assert_eq!(confound.faults.len(), 1);
    assert_eq!(confound.faults[0].kind, FaultKind::Unreadable);
    assert!(confound.faults[0].path.as_deref().unwrap().ends_with(Path::new("real/no.jpg")));
    assert_eq!(confound, Confound::check(&dataset, 3), "repeats");
}

#[test]
fn the_same_pipeline_for_both_classes_does_not_warn() {
    for seed in 1..=4 {
        let mut made = Made(seed);
        let pictures: Vec<_> =
            (0..60).map(|i| (Facts::of_bytes(&encoded("web", &mut made)).unwrap(), class(i), None)).collect();
        assert!(pictures.iter().all(|(facts, ..)| facts.jpeg_quality == Some(JpegQuality::Standard(60))));
        let confound = Confound::of(&pictures, seed);
        assert!(!confound.warns(), "{seed}: {confound:?}");
        let quality = of(&confound, Feature::JpegQuality).unwrap();
        assert_eq!((quality.auc, quality.balanced_accuracy), (0.5, 0.5));
    }
}

#[test]
fn classes_that_are_drawn_alike_rarely_warn() {
    let alarms = (1..=40).filter(|seed| {
        let mut made = Made(seed * 7919);
        // As many fakes as reals, more, and few of them.
        let fakes = [2, 4, 8][*seed as usize % 3];
        let pictures: Vec<_> = (0..120)
            .map(|_| {
                let truth = if made.below(8) < fakes { Fake } else { Real };
                (facts(200 + made.below(800), 60 + made.below(40) as u8), truth, None)
            })
            .collect();
        Confound::of(&pictures, *seed).warns()
    });
    assert!(alarms.count() <= 1);
}

#[test]
fn quality_and_size_alone_are_told_apart() {
    let mut made = Made(11);
    let mut of_quality = |fake: u32, real: u32| -> Vec<_> {
        let quality = |i| if class(i) == Fake { fake } else { real };
        (0..100)
            .map(|i| (facts(200 + made.below(800), (quality(i) + made.below(20)) as u8), class(i), None))
            .collect()
    };
    let confound = Confound::of(&of_quality(60, 75), 1);
    assert!(tells(&confound, Feature::JpegQuality) && tells(&confound, Feature::Combined), "{confound:?}");
    assert!(!tells(&confound, Feature::ShortSide) && !tells(&confound, Feature::Format));
    assert!(!Confound::of(&of_quality(70, 70), 1).warns());

    // A generator's one size, in the midst of those of cameras: no direction tells it, an interval does.
    let side = |i, made: &mut Made| if class(i) == Fake { 512 } else { 200 + made.below(800) };
    let pictures: Vec<_> = (0..100).map(|i| (facts(side(i, &mut made), 80), class(i), None)).collect();
    let confound = Confound::of(&pictures, 1);
    assert!(tells(&confound, Feature::ShortSide) && tells(&confound, Feature::LongSide), "{confound:?}");
    assert!(!tells(&confound, Feature::JpegQuality));
}

#[test]
fn what_tells_groups_apart_does_not_tell_classes_apart() {
    let names: Vec<String> = (0..12).map(|group| format!("source {group}")).collect();
    // Each source has one size; fakes and reals take turns from the smallest to the largest.
    let pictures: Vec<_> = (0..240)
        .map(|i| (facts(200 + 40 * (i % 12), 80), class(i % 12), Some(names[i as usize % 12].as_str())))
        .collect();
    let alone: Vec<_> = pictures.iter().map(|(facts, truth, _)| (*facts, *truth, None)).collect();
    for seed in 1..=5 {
        assert!(tells(&Confound::of(&alone, seed), Feature::Combined), "by heart");
        assert!(!Confound::of(&pictures, seed).warns(), "but not for a source that is new");
    }
    // All sources of fakes have another format: that carries over.
    let formats: Vec<_> = pictures
        .iter()
        .map(|(facts, truth, group)| {
            let format = if *truth == Fake { Format::Png } else { Format::Jpeg };
            (Facts { format, ..*facts }, *truth, *group)
        })
        .collect();
    assert!(tells(&Confound::of(&formats, 1), Feature::Format));
}

#[test]
fn too_few_pictures_have_no_figure() {
    let some = |fakes: u32, reals: u32| -> Vec<_> {
        let all = (0..fakes).map(|_| Fake).chain((0..reals).map(|_| Real));
        all.map(|truth| (facts(300, 80), truth, None)).collect()
    };
    for (fakes, reals, why) in [
        (0, 10, Undefined::NoFake),
        (10, 0, Undefined::NoReal),
        (10, 4, Undefined::TooFewOfAClass { found: 4, needed: 5 }),
        (0, 0, Undefined::NoFake),
    ] {
        let confound = Confound::of(&some(fakes, reals), 1);
        assert!(!confound.warns());
        assert_eq!(confound.predictions.len(), Feature::ALL.len());
        assert!(confound.predictions.iter().all(|prediction| prediction.predicted == Err(why)));
    }
}

#[test]
fn tables_behind_long_metadata_are_found() {
    let jpeg = encoded("jpeg:70", &mut Made(3));
    let mut long = jpeg[..2].to_vec();
    for _ in 0..6 {
        long.extend([0xff, 0xef, 0xff, 0xff]);
        long.extend(vec![0; 65_533]);
    }
    long.extend(&jpeg[2..]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jpg");
    fs::write(&path, &long).unwrap();
    let facts = Facts::read(&path).unwrap();
    assert_eq!(facts.jpeg_quality, Some(JpegQuality::Standard(70)));
    assert_eq!(facts.bytes, long.len() as u64);
    let short = Facts::of_bytes(&jpeg).unwrap();
    assert_eq!((facts.short_side, facts.long_side), (short.short_side, short.long_side));
    assert!(facts.short_side <= facts.long_side && facts.aspect() >= 1.0);
}
