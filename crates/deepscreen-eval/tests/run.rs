//! Detectors on labelled pictures: each scored as the detector itself scores it, nothing dropped, and nothing computed
//! twice.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use deepscreen::media::{Limits, Pixels};
use deepscreen::{Analyzer, Detector, EngineChoice, EngineOptions, ErrorKind, Finding, Media};
use deepscreen_eval::dataset::{self, Dataset};
use deepscreen_eval::degrade::Degradation;
use deepscreen_eval::metrics::Bootstrap;
use deepscreen_eval::report::{Compared, Counts, Trial};
use deepscreen_eval::run::{Cache, Run, Scored};
use deepscreen_eval::{FaultKind, Truth};

fn detector() -> Detector {
    Detector::bundled(&EngineOptions::default().with_choice(EngineChoice::Rten)).unwrap()
}

/// Stripes and spots that differ from number to number.
fn picture(number: u32) -> Pixels {
    let (width, height) = (300 + number, 260);
    let sample = |at: u32| {
        let (x, y) = (at / 3 % width, at / 3 / width);
        ((x * (number + 2) + y * 3 + (x / 9 * y / 7) * 11) % 256) as u8
    };
    Pixels::from_rgb8(width, height, (0..3 * width * height).map(sample).collect()).unwrap()
}

fn write(path: &Path, number: u32) {
    let degradation: Degradation = "jpeg:92".parse().unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, degradation.apply(&picture(number), 0).unwrap().bytes).unwrap();
}

fn tree(folder: &Path, count: u32) {
    for number in 0..count {
        let class = ["real", "fake"][number as usize % 2];
        write(&folder.join(class).join(format!("{number}.jpg")), number);
    }
}

fn read(folder: &Path) -> Dataset {
    Dataset::read(folder, &dataset::Options::default()).unwrap()
}

fn degradations(texts: &[&str]) -> Vec<Degradation> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn score(dataset: &Dataset, texts: &[&str], cache: Option<&mut Cache>) -> Scored {
    let detectors = [detector()];
    let degradations = degradations(texts);
    let run = Run {
        detectors: &detectors,
        degradations: &degradations,
        seed: 7,
        threads: 2,
        limits: Limits::default(),
    };
    let mut count = 0;
    let scored = run.score(dataset, cache, || count += 1).unwrap();
    assert_eq!(count, dataset.items.len());
    scored
}

#[test]
fn scores_are_those_of_the_detector_and_degraded_pictures_are_scored_as_such() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), 5);
    let dataset = read(folder.path());
    let scored = score(&dataset, &["clean", "web", "noise:8"], None);
    assert_eq!(scored.tiers.len(), 3);
    let detector = detector();
    for (item, place) in dataset.items.iter().zip(0..) {
        let media = Media::open(&item.path, &Limits::default()).unwrap();
        for (tier, text) in scored.tiers.iter().zip(["clean", "web", "noise:8"]) {
            assert_eq!(tier.degradation, text);
            let degraded = text.parse::<Degradation>().unwrap().apply(media.pixels().unwrap(), 7).unwrap();
            let degraded = Media::from_bytes(degraded.bytes, &Limits::default()).unwrap();
            let evidence = detector.analyze(&degraded).unwrap();
            let Finding::Score(expected) = &evidence[0].finding else { panic!("no score") };
            let row = &tier.table.pictures[place];
            let score = row.scores[0].unwrap();
            assert!((score - expected.probability.get()).abs() < 2e-4, "{text} {}: {score}", row.path);
            assert_eq!(row.truth, item.truth);
        }
        // Degraded pictures are others.
        let scores: Vec<f64> =
            scored.tiers.iter().map(|tier| tier.table.pictures[place].scores[0].unwrap()).collect();
        assert!(scores[0] != scores[1] && scores[0] != scores[2], "{scores:?}");
    }
    assert_eq!((scored.cost.computed, scored.cost.known), (5, 0));
    assert!(scored.milliseconds[0].unwrap() > 0.0);
    assert!(scored.prints.iter().all(Option::is_some));
}

#[test]
fn a_rerun_computes_nothing_and_an_interrupted_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    tree(&pictures, 6);
    let dataset = read(&pictures);
    let path = folder.path().join("scores.sqlite");
    let half = Dataset { items: dataset.items[..3].to_vec(), ..dataset.clone() };
    score(&half, &["clean"], Some(&mut Cache::open(&path).unwrap()));
    let first = score(&dataset, &["clean", "noise:8"], Some(&mut Cache::open(&path).unwrap()));
    assert_eq!((first.cost.computed, first.cost.known), (6, 0));
    let second = score(&dataset, &["noise:8", "clean"], Some(&mut Cache::open(&path).unwrap()));
    assert_eq!((second.cost.computed, second.cost.known), (0, 6));
    assert_eq!(second.milliseconds, [None]);
    assert_eq!(first.tiers[0].table, second.tiers[1].table);
    assert_eq!(first.tiers[1].table, second.tiers[0].table);
    assert_eq!(first.prints, second.prints);
    // A picture that was moved is recognised by its content, one that changed is scored anew.
    let moved = dataset.items[0].path.with_file_name("moved.jpg");
    fs::rename(&dataset.items[0].path, &moved).unwrap();
    write(&dataset.items[1].path, 99);
    let third = score(&read(&pictures), &["clean"], Some(&mut Cache::open(&path).unwrap()));
    let of = |scored: &Scored, name: &str| {
        let mut pictures = scored.tiers[0].table.pictures.iter();
        pictures.find(|picture| picture.path.ends_with(name)).unwrap().scores[0]
    };
    let name = |place: usize| dataset.items[place].path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(of(&third, "moved.jpg"), of(&first, &name(0)));
    assert_ne!(of(&third, &name(1)), of(&first, &name(1)));
}

#[test]
fn what_cannot_be_scored_is_counted_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), 4);
    fs::write(folder.path().join("fake/broken.jpg"), b"\xff\xd8\xff\xe0 no picture").unwrap();
    // Below the 64 pixels that the model needs.
    let small = Pixels::from_rgb8(40, 40, vec![9; 40 * 40 * 3]).unwrap();
    fs::write(folder.path().join("real/small.png"), Degradation::CLEAN.apply(&small, 0).unwrap().bytes)
        .unwrap();
    let dataset = read(folder.path());
    let scored = score(&dataset, &["clean"], None);
    assert_eq!(scored.faults.len(), 1, "{:?}", scored.faults);
    assert_eq!(scored.faults[0].kind, FaultKind::Unreadable);
    assert!(scored.faults[0].to_string().contains("broken.jpg"));
    let failures = &scored.tiers[0].failures[0];
    assert_eq!(failures.values().sum::<u64>(), 2, "{failures:?}");
    assert_eq!(failures[ErrorKind::NotApplicable.code()], 1);
    let trial = Trial {
        datasets: vec!["made".into()],
        pictures: Counts::of(&dataset),
        faults: scored.faults,
        checks: Vec::new(),
        detectors: vec![Compared { name: "ai-image".into(), threshold: 0.5, ..Compared::default() }],
        tiers: scored.tiers,
        bootstrap: Bootstrap { resamples: 50, ..Bootstrap::default() },
        mistakes: 1,
        cost: Some(scored.cost),
    };
    let report = trial.report().unwrap();
    assert_eq!(report.pictures, Counts { real: 3, fake: 3 });
    let outcome = &report.outcomes[0];
    assert_eq!((outcome.pictures, outcome.not_scored), (Counts { real: 2, fake: 2 }, 2));
    assert_eq!(outcome.mistakes.len(), 2);
    assert_eq!(outcome.mistakes[0].truth, Truth::Fake);
    assert_eq!(report.faults.counts, [("unreadable", 1)]);
}

#[test]
fn maps_are_compared_with_masks_where_a_degradation_leaves_the_frame() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/networks");
    let options = EngineOptions::default().with_choice(EngineChoice::Rten);
    let detectors = [Detector::open(networks.join("map-of-shares"), &options).unwrap(), detector()];
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("set/masks")).unwrap();
    let mut f1 = 0.0;
    for number in 0..3 {
        write(&folder.path().join(format!("set/images/{number}.jpg")), number);
        let media = Media::open(folder.path().join(format!("set/images/{number}.jpg")), &Limits::default());
        let evidence = detectors[0].analyze(&media.unwrap()).unwrap();
        let Finding::Score(score) = &evidence[0].finding else { panic!("no score") };
        let map = score.heat_map.as_ref().unwrap();
        // Some columns, at the size of the map: nothing is enlarged, so that the cells can be counted.
        let is_marked = |place: usize| place % (map.columns() as usize) < 2 + number as usize;
        let pixels =
            (0..map.cells().len()).flat_map(|place| if is_marked(place) { [255; 3] } else { [0; 3] });
        let pixels = pixels.collect();
        let found = |cells: &dyn Fn(usize, f32) -> bool| {
            map.cells().iter().enumerate().filter(|(place, cell)| cells(*place, **cell)).count() as f64
        };
        let both = found(&|place, cell| is_marked(place) && cell >= 0.5);
        f1 += 2.0 * both / (found(&|_, cell| cell >= 0.5) + found(&|place, _| is_marked(place)));
        let mask = Pixels::from_rgb8(map.columns(), map.rows(), pixels).unwrap();
        let mask = Degradation::CLEAN.apply(&mask, 0).unwrap();
        fs::write(folder.path().join(format!("set/masks/{number}.png")), mask.bytes).unwrap();
    }
    let dataset = read(&folder.path().join("set"));
    assert_eq!(dataset.items.len(), 3, "{:?}", dataset.faults);
    let degradations = degradations(&["clean", "jpeg:95", "crop:0.6"]);
    let limits = Limits::default();
    let run = Run { detectors: &detectors, degradations: &degradations, seed: 0, threads: 2, limits };
    let mut cache = Cache::open(folder.path().join("scores.sqlite")).unwrap();
    let first = run.score(&dataset, Some(&mut cache), || ()).unwrap();
    let [clean, jpeg, crop] = [0, 1, 2].map(|tier: usize| &first.tiers[tier].masks);
    let (summary, without_map) = &clean[0];
    assert_eq!((summary.with_mask, *without_map), (3, 0));
    assert!((summary.mean.f1.unwrap() - f1 / 3.0).abs() < 1e-9 && f1 > 0.3, "{summary:?} {f1}");
    assert!((jpeg[0].0.mean.f1.unwrap() - f1 / 3.0).abs() < 0.3, "{:?}", jpeg[0]);
    assert_eq!(clean[1].1, 3, "the other draws no map");
    assert!(crop.is_empty(), "what was cropped away has no mask");
    let second = run.score(&dataset, Some(&mut cache), || ()).unwrap();
    assert_eq!(second.cost.computed, 0);
    assert_eq!(second.tiers[0].masks, first.tiers[0].masks);
}
