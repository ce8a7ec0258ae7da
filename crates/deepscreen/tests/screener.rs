//! The screener through its public interface: order, isolation, and that nothing is lost.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deepscreen::{
    Analyzer, BatchAnalyzer, Error, ErrorKind, Evidence, Finding, HashAnalyzer, Kind, Label, Limits, Media,
    Need, OperatingPoint, Policy, Probability, Result, Sample, Score, Screener, Screening, Source, media,
    walk,
};

/// Scores by the red of the first pixel, in batches; it panics at 13 and does not apply at 66.
#[derive(Default)]
struct Red {
    batch_size: usize,
}

impl Red {
    fn score(&self, red: u8) -> Result<Vec<Evidence>> {
        if red == 13 {
            panic!("hostile sample");
        }
        let point =
            |max_fpr, threshold| OperatingPoint { max_fpr, threshold: Probability::new(threshold).unwrap() };
        let probability = Probability::new(f64::from(red) / 255.0).unwrap();
        let score = Score::new(probability, Kind::AiGenerated, "00")
            .with_operating_points(vec![point(0.01, 0.8), point(0.05, 0.5)]);
        Ok(vec![Evidence::new("detector/red@1", Finding::Score(score))])
    }
}

impl Analyzer for Red {
    fn id(&self) -> &str {
        "detector/red@1"
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        self.score(media.pixels()?.as_rgb8()[0])
    }

    fn batched(&self) -> Option<&dyn BatchAnalyzer> {
        (self.batch_size > 0).then_some(self)
    }
}

impl BatchAnalyzer for Red {
    fn prepare(&self, media: &Media) -> Result<Sample> {
        match media.pixels()?.as_rgb8()[0] {
            66 => Err(Error::new(ErrorKind::NotApplicable, "no red at all")),
            red => Ok(Sample::new(red)),
        }
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn analyze_batch(&self, samples: &[&Sample]) -> Vec<Result<Vec<Evidence>>> {
        assert!(samples.len() <= self.batch_size);
        samples.iter().map(|sample| self.score(*sample.get::<u8>().unwrap())).collect()
    }
}

/// A binary PPM of one colour.
fn picture(red: u8) -> Vec<u8> {
    let mut bytes = b"P6 70 70 255\n".to_vec();
    bytes.extend([red, 1, 2].repeat(70 * 70));
    bytes
}

fn folder(reds: impl IntoIterator<Item = u8>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (i, red) in reds.into_iter().enumerate() {
        std::fs::write(folder.path().join(format!("{i:03}.ppm")), picture(red)).unwrap();
    }
    folder
}

#[test]
fn every_input_gets_one_screening_in_order_whatever_the_threads() {
    let folder = folder((0..150).map(|i| if i % 10 == 3 || i == 66 { 13 } else { i }));
    std::fs::write(folder.path().join("100-text.jpg"), "no picture").unwrap();
    std::fs::write(folder.path().join("101-empty.jpg"), "").unwrap();
    let mut paths: Vec<PathBuf> = walk(folder.path()).collect();
    paths.insert(5, "no/such/file.jpg".into());
    let mut runs = Vec::new();
    for (threads, batch_size) in [(1, 4), (2, 3), (7, 64), (2, 0)] {
        let builder =
            Screener::builder().analyzer(Red { batch_size }).analyzer(HashAnalyzer).threads(threads);
        let mut seen = Vec::new();
        let summary = builder.build().unwrap().screen_paths(paths.clone(), |mut screening| {
            screening.elapsed = std::time::Duration::ZERO;
            seen.push(screening);
        });
        let order: Vec<_> = seen.iter().filter_map(|screening| screening.input.path.clone()).collect();
        assert_eq!(order, paths, "{threads} threads, batches of {batch_size}");
        assert_eq!((summary.pictures, summary.not_images, summary.unreadable), (152, 1, 2));
        assert_eq!(summary.with(Label::LikelyManipulated), 0);
        assert_eq!(summary.with(Label::Inconclusive), 2 + 16);
        runs.push(seen);
    }
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "threads or batches change the result");
}

#[test]
fn a_panic_costs_its_own_picture_and_is_recorded() {
    let folder = folder([200, 13, 250]);
    let screener = Screener::builder().analyzer(Red { batch_size: 8 }).build().unwrap();
    let mut labels = Vec::new();
    screener.screen_paths(walk(folder.path()), |screening| {
        if screening.verdict.label == Label::Inconclusive {
            let failure = &screening.failures[0];
            assert_eq!((failure.kind, failure.source.as_str()), (ErrorKind::Panic, "detector/red@1"));
            assert!(failure.message.contains("hostile sample"), "{}", failure.message);
        }
        labels.push(screening.verdict.label);
    });
    assert_eq!(labels, [Label::NeedsReview, Label::Inconclusive, Label::LikelyManipulated]);
}

#[test]
fn what_does_not_apply_is_a_failure_and_no_score() {
    let screener = Screener::builder().analyzer(Red { batch_size: 8 }).build().unwrap();
    let media = Media::from_bytes(picture(66), screener.limits()).unwrap();
    let screening = screener.screen(&media);
    assert_eq!(screening.verdict.label, Label::Inconclusive);
    assert_eq!(screening.verdict.probability, None);
    assert_eq!(screening.failures[0].kind, ErrorKind::NotApplicable);
    assert!(!screening.is_unreadable());
}

#[test]
fn an_analyzer_that_loses_answers_is_found_out() {
    struct Forgetful(Red);
    impl Analyzer for Forgetful {
        fn id(&self) -> &str {
            "forgetful@1"
        }
        fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
            self.0.analyze(media)
        }
        fn batched(&self) -> Option<&dyn BatchAnalyzer> {
            Some(self)
        }
    }
    impl BatchAnalyzer for Forgetful {
        fn prepare(&self, media: &Media) -> Result<Sample> {
            self.0.prepare(media)
        }
        fn batch_size(&self) -> usize {
            8
        }
        fn analyze_batch(&self, samples: &[&Sample]) -> Vec<Result<Vec<Evidence>>> {
            self.0.analyze_batch(&samples[1..])
        }
    }
    let folder = folder([1, 2, 3]);
    let builder = Screener::builder().analyzer(Forgetful(Red { batch_size: 8 }));
    // On one thread, so that the three are one batch.
    let screener = builder.threads(1).build().unwrap();
    let mut failures = 0;
    screener.screen_paths(walk(folder.path()), |screening| failures += screening.failures.len());
    assert_eq!(failures, 1);
}

/// Counts how often it is asked, and needs no pixels.
struct Bytes<'a>(&'a AtomicUsize);

impl Analyzer for Bytes<'static> {
    fn id(&self) -> &str {
        "bytes@1"
    }
    fn need(&self) -> Need {
        Need::Bytes
    }
    fn analyze(&self, _: &Media) -> Result<Vec<Evidence>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Vec::new())
    }
}

#[test]
fn a_picture_that_cannot_be_decoded_is_one_failure_and_its_bytes_are_still_looked_at() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let screener = Screener::builder()
        .analyzer(Red::default())
        .analyzer(Bytes(&ASKED))
        .analyzer(HashAnalyzer)
        .build()
        .unwrap();
    let mut cut = picture(9);
    cut.truncate(5000);
    let screening = screener.screen(&Media::from_bytes(cut, &Limits::default()).unwrap());
    assert_eq!(screening.failures.len(), 1, "{:?}", screening.failures);
    assert_eq!(screening.failures[0].source, "media");
    assert!(screening.is_unreadable());
    assert_eq!(ASKED.load(Ordering::SeqCst), 1);
}

#[test]
fn limits_are_kept_before_anything_is_read() {
    let folder = folder([1]);
    let limits = Limits::default().with_max_bytes(1000);
    let screener = Screener::builder().analyzer(HashAnalyzer).limits(limits).build().unwrap();
    screener.screen_paths(walk(folder.path()), |screening| {
        assert_eq!(screening.failures[0].kind, ErrorKind::TooLarge);
        assert_eq!((screening.input.bytes, screening.input.sha256.as_deref()), (14_713, None));
    });
}

#[test]
fn two_analyzers_of_one_id_are_refused() {
    let builder = Screener::builder().analyzer(HashAnalyzer).analyzer(HashAnalyzer);
    assert_eq!(builder.build().err().unwrap().kind(), ErrorKind::InvalidConfig);
}

#[test]
fn replay_names_the_policy() {
    let strict = Policy::default().with_max_fpr(0.001).unwrap();
    let of = |policy: Policy| Screener::builder().policy(policy).build().unwrap().replay().policy.clone();
    assert_ne!(of(strict), of(Policy::default()));
}

#[test]
fn one_screener_serves_many_threads() {
    let screener =
        Screener::builder().analyzer(Red { batch_size: 4 }).analyzer(HashAnalyzer).build().unwrap();
    std::thread::scope(|scope| {
        for red in 0..8u8 {
            let screener = screener.clone();
            scope.spawn(move || {
                let media = Media::from_bytes(picture(red * 20), screener.limits()).unwrap();
                let expected = Probability::new(f64::from(red * 20) / 255.0);
                assert_eq!(screener.screen(&media).verdict.probability, expected);
            });
        }
    });
}

#[test]
fn files_bytes_and_pixels_of_one_picture_get_one_verdict() {
    let folder = folder([200]);
    let path = folder.path().join("000.ppm");
    let screener = Screener::builder()
        .analyzer(Red { batch_size: 3 })
        .analyzer(HashAnalyzer)
        .threads(2)
        .build()
        .unwrap();
    let media = Media::from_bytes(picture(200), screener.limits()).unwrap();
    let pixels = media.pixels().unwrap().clone();
    let inputs: [Source; 5] = [
        path.clone().into(),
        picture(200).into(),
        pixels.clone().into(),
        media.into(),
        Source::Bytes(b"no picture".to_vec()),
    ];
    let screenings: Vec<_> = screener.screen_many(inputs).collect();
    let [file, bytes, decoded, opened, text] = &screenings[..] else { panic!("{}", screenings.len()) };
    assert_eq!(file.input.path.as_deref(), Some(path.as_path()));
    for screening in [bytes, opened] {
        assert_eq!(screening.input.path, None);
        assert_eq!((screening.input.bytes, &screening.input.sha256), (file.input.bytes, &file.input.sha256));
        assert_eq!((&screening.verdict, &screening.evidence), (&file.verdict, &file.evidence));
    }
    assert_eq!((&decoded.verdict, &decoded.evidence), (&file.verdict, &file.evidence));
    assert_eq!(decoded.input.format.unwrap().name(), "pixels");
    assert_eq!((decoded.input.width, decoded.input.bytes), (Some(70), 70 * 70 * 3));
    assert_eq!(decoded.input.sha256, screener.screen(&Media::from_pixels(pixels)).input.sha256);
    assert_ne!(decoded.input.sha256, file.input.sha256);
    assert!(text.is_not_an_image());
    assert_eq!(text.input.bytes, 10);
}

#[test]
fn inputs_are_asked_for_as_screenings_are_and_not_beyond() {
    let screener = Screener::builder().analyzer(Red { batch_size: 4 }).threads(2).build().unwrap();
    let asked = AtomicUsize::new(0);
    let endless = (0u8..=255).cycle().filter(|red| ![13, 66].contains(red)).map(|red| {
        asked.fetch_add(1, Ordering::SeqCst);
        picture(red)
    });
    let mut screenings = screener.screen_many(endless);
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing was asked for yet");
    for red in 0..10 {
        let probability = screenings.next().unwrap().verdict.probability;
        assert_eq!(probability, Probability::new(f64::from(red) / 255.0));
    }
    assert!(asked.load(Ordering::SeqCst) < 100, "{asked:?} inputs in flight");
}

#[test]
fn what_is_spawned_comes_back_in_order_and_outlives_its_screener() {
    let screener = Screener::builder().analyzer(Red { batch_size: 2 }).threads(2).build().unwrap();
    assert_eq!(screener.batch_size(), 2);
    let (sender, receiver) = std::sync::mpsc::channel();
    screener.spawn(Vec::new(), |_| panic!("a panic of the caller's costs the caller alone"));
    screener.spawn(
        vec![
            picture(220).into(),
            PathBuf::from("no/such/file").into(),
            picture(13).into(),
            picture(1).into(),
        ],
        move |screenings| sender.send(screenings).unwrap(),
    );
    drop(screener);
    let screenings = receiver.recv().unwrap();
    let labels: Vec<_> = screenings.iter().map(|screening| screening.verdict.label).collect();
    assert_eq!(
        labels,
        [Label::LikelyManipulated, Label::Inconclusive, Label::Inconclusive, Label::NoIndication]
    );
    assert_eq!(screenings[1].failures[0].kind, ErrorKind::Unreadable);
    assert_eq!(screenings[2].failures[0].kind, ErrorKind::Panic);
}

#[test]
fn one_file_and_its_bytes_are_screened_as_many_are_whether_they_can_be_read_or_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let limits = Limits::default().with_max_bytes(40_000);
    let screener = Screener::builder().analyzer(HashAnalyzer).limits(limits).build().unwrap();
    let timeless = |mut screening: Screening| {
        screening.elapsed = Duration::ZERO;
        screening
    };
    let mut failures = Vec::new();
    for name in [
        "sample/turned.jpg",
        "sample/cut.jpg",
        "sample/notes.txt",
        "hostile/empty.png",
        "images/exr_plain.exr",
        "missing",
        "sample",
    ] {
        let path = folder.join(name);
        let one = timeless(screener.screen_source(path.clone()));
        let many = screener.screen_many([path.clone()]).next().map(timeless);
        assert_eq!(Some(&one), many.as_ref(), "{name}");
        failures.extend(one.failures.iter().map(|failure| failure.kind));
        if let Ok(bytes) = std::fs::read(&path) {
            let many = screener.screen_many([bytes.clone()]).next().map(timeless);
            assert_eq!(Some(timeless(screener.screen_source(bytes))), many, "{name}");
        }
    }
    use ErrorKind::{Empty, NotAnImage, TooLarge, Truncated, Unreadable};
    assert_eq!(failures, [Truncated, NotAnImage, Empty, TooLarge, Unreadable, Unreadable]);
}

#[test]
fn an_empty_list_of_inputs_gives_nothing() {
    let screener = Screener::builder().analyzer(HashAnalyzer).build().unwrap();
    assert_eq!(screener.screen_many(Vec::<PathBuf>::new()).count(), 0);
}

#[test]
fn pixels_that_nobody_decoded_here_are_their_own_bytes() {
    let pixels = media::Pixels::from_rgb8(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
    let media = Media::from_pixels(pixels.clone());
    assert_eq!((media.bytes(), media.size()), (&[1u8, 2, 3, 4, 5, 6][..], Some((2, 1))));
    assert_eq!(media.pixels().unwrap(), &pixels);
    assert!(media.luma().is_ok());
}
