//! Results of scans in a store: what is screened again, what is not, and what becomes of files that go.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![cfg(feature = "store")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use deepscreen::store::{Done, Filter, Looked, Store};
use deepscreen::{
    Analyzer, Evidence, HashAnalyzer, Label, Language, Limits, Media, MetadataAnalyzer, Need, Policy, Result,
    Screener, walk,
};

/// Counts the files that it is shown.
struct Counter {
    shown: Arc<AtomicUsize>,
    options: String,
}

impl Analyzer for Counter {
    fn id(&self) -> &str {
        "counter@1"
    }

    fn need(&self) -> Need {
        Need::Bytes
    }

    fn analyze(&self, _: &Media) -> Result<Vec<Evidence>> {
        self.shown.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }

    fn options(&self) -> String {
        self.options.clone()
    }
}

/// A folder of pictures, a store beside it, and a screener that counts.
struct Bench {
    home: tempfile::TempDir,
    shown: Arc<AtomicUsize>,
    screener: Screener,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("photos")).unwrap();
        let shown = Arc::new(AtomicUsize::new(0));
        let counter = Counter { shown: shown.clone(), options: String::new() };
        let screener = Screener::builder().threads(2).analyzer(MetadataAnalyzer).analyzer(counter);
        let screener = screener.analyzer(HashAnalyzer).build().unwrap();
        let bench = Self { home, shown, screener };
        for name in ["a.png", "b.png", "c.png"] {
            bench.write(name, name.as_bytes()[0]);
        }
        fs::write(bench.path("notes.txt"), "no picture").unwrap();
        age(&bench.path("notes.txt"));
        bench
    }

    fn path(&self, below: &str) -> PathBuf {
        self.home.path().join("photos").join(below)
    }

    fn store(&self) -> Store {
        Store::open_or_create(self.home.path().join("results.store")).unwrap()
    }

    /// A picture that is another for each `seed`, and older than just now.
    fn write(&self, name: &str, seed: u8) {
        let picture = image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8 * 5, y as u8 * 6, seed]));
        picture.save(self.path(name)).unwrap();
        age(&self.path(name));
    }

    fn scan(&self) -> (Vec<String>, Done) {
        self.scan_with(&self.screener, |_| true)
    }

    /// The records, without the time that each took.
    fn scan_with(&self, screener: &Screener, goes_on: impl Fn(usize) -> bool) -> (Vec<String>, Done) {
        let store = self.store();
        let mut scan = store.scan(screener, "").unwrap().expect("no other scan");
        let mut records = Vec::new();
        let line = |_: &deepscreen::Screening| ["line".to_owned(), "dòng".to_owned()];
        let done = scan.run(walk(self.home.path().join("photos")), line, |looked| {
            records.push(timeless(&match looked {
                Looked::New(screening) => screening.to_json(Language::Vietnamese),
                Looked::Known(stored) => {
                    assert_eq!(
                        (stored.line(Language::English), stored.line(Language::Vietnamese)),
                        ("line", "dòng")
                    );
                    stored.to_json(Language::Vietnamese)
                }
            }));
            if goes_on(records.len()) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let done = done.unwrap();
        if goes_on(records.len()) {
            scan.finish(&[self.home.path().join("photos")]).unwrap();
        }
        (records, done)
    }

    /// How many files were shown to an analyzer since it was asked last.
    fn shown(&self) -> usize {
        self.shown.swap(0, Ordering::Relaxed)
    }

    fn undisturbed(&self) -> Vec<String> {
        let paths = walk(self.home.path().join("photos"));
        let screenings = self.screener.screen_many(paths);
        let records = screenings.map(|s| timeless(&s.to_json(Language::Vietnamese))).collect();
        self.shown();
        records
    }
}

fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
}

fn paths(store: &Store, filter: &Filter) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let each = |stored: deepscreen::store::Stored| {
        paths.push(stored.path().to_owned());
        Ok(())
    };
    store.for_each(filter, each).unwrap();
    paths
}

fn timeless(record: &str) -> String {
    record.split(",\"elapsed_ms\"").next().unwrap().to_owned()
}

#[test]
fn what_is_unchanged_is_not_screened_again_and_comes_out_as_before() {
    let bench = Bench::new();
    let expected = bench.undisturbed();
    let (first, done) = bench.scan();
    assert_eq!((&first, done.known, bench.shown()), (&expected, 0, 3));
    let (again, done) = bench.scan();
    assert_eq!((&again, done.known, bench.shown()), (&expected, 4, 0));
    assert_eq!((done.summary.pictures, done.summary.not_images), (3, 1));
    assert_eq!(done.summary.with(Label::Inconclusive), 3, "no detector looked at them");
}

#[test]
fn what_was_broken_off_goes_on() {
    let bench = Bench::new();
    let expected = bench.undisturbed();
    let (records, _) = bench.scan_with(&bench.screener, |count| count < 2);
    assert_eq!(records, expected[..2]);
    let store = bench.store();
    assert_eq!(store.totals(&Filter::default()).unwrap().files, 2);
    assert_eq!(store.last_scan().unwrap().unwrap().finished_at, None);
    drop(store);
    let (records, done) = bench.scan();
    assert_eq!((records, done.known), (expected, 2));
    let store = bench.store();
    assert!(store.last_scan().unwrap().unwrap().finished_at.is_some());
    assert_eq!(store.totals(&Filter::default()).unwrap().files, 4);
}

#[test]
fn time_and_size_tell_changes_and_the_bytes_decide() {
    let bench = Bench::new();
    bench.scan();
    bench.shown();
    // The same size and time: nobody can see that.
    let size = fs::metadata(bench.path("notes.txt")).unwrap().len() as usize;
    let before = fs::metadata(bench.path("a.png")).unwrap();
    fs::write(bench.path("a.png"), vec![0; before.len() as usize]).unwrap();
    let file = fs::File::options().write(true).open(bench.path("a.png")).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(bench.scan().1.known, 4);
    // Another time, the same bytes: hashed, not screened.
    let file = fs::File::options().write(true).open(bench.path("b.png")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(50)).unwrap();
    let (_, done) = bench.scan();
    assert_eq!((done.known, bench.shown()), (4, 0));
    // Other bytes of the same size, and another time.
    fs::write(bench.path("notes.txt"), vec![b'x'; size]).unwrap();
    let (_, done) = bench.scan();
    assert_eq!(done.known, 3);
    // That it is so new proves nothing: the bytes do.
    assert_eq!(bench.scan().1.known, 4);
    bench.write("c.png", 77);
    let (records, done) = bench.scan();
    assert_eq!((done.known, bench.shown()), (3, 1));
    assert_eq!(records[2], bench.undisturbed()[2]);
}

#[test]
fn what_moved_or_was_copied_takes_its_result_along() {
    let bench = Bench::new();
    bench.scan();
    bench.shown();
    fs::create_dir(bench.path("deep")).unwrap();
    fs::rename(bench.path("a.png"), bench.path("deep/moved.png")).unwrap();
    fs::copy(bench.path("b.png"), bench.path("copy.png")).unwrap();
    let (records, done) = bench.scan();
    assert_eq!((done.known, bench.shown()), (5, 0));
    assert_eq!(records, bench.undisturbed());
    let store = bench.store();
    let totals = store.totals(&Filter::default()).unwrap();
    assert_eq!((totals.files, totals.gone), (5, 1));
    let gone = Filter { is_gone: true, ..Filter::default() };
    assert_eq!(paths(&store, &gone), [bench.path("a.png")]);
    drop(store);
    fs::rename(bench.path("deep/moved.png"), bench.path("a.png")).unwrap();
    bench.scan();
    assert_eq!(bench.store().totals(&gone).unwrap().files, 1, "back where it was");
}

#[test]
fn only_what_lies_below_a_scanned_folder_can_be_gone() {
    let bench = Bench::new();
    bench.scan();
    let other = bench.home.path().join("photos-2");
    fs::create_dir(&other).unwrap();
    fs::copy(bench.path("a.png"), other.join("a.png")).unwrap();
    let store = bench.store();
    let mut scan = store.scan(&bench.screener, "").unwrap().unwrap();
    let none = |_: &deepscreen::Screening| Default::default();
    scan.run(walk(&other), none, |_| ControlFlow::Continue(())).unwrap();
    scan.finish(&[&other]).unwrap();
    assert_eq!(store.totals(&Filter::default()).unwrap().gone, 0);
    fs::remove_dir_all(bench.path("")).unwrap();
    let scan = store.scan(&bench.screener, "").unwrap().unwrap();
    scan.finish(&[bench.path("")]).unwrap();
    assert_eq!(store.totals(&Filter::default()).unwrap().gone, 4);
}

#[test]
fn another_policy_limit_option_or_model_screens_again() {
    let bench = Bench::new();
    let builder = || {
        let counter = Counter { shown: bench.shown.clone(), options: String::new() };
        Screener::builder().threads(2).analyzer(MetadataAnalyzer).analyzer(counter)
    };
    let with_option = Counter { shown: bench.shown.clone(), options: "other".to_owned() };
    let others = [
        builder()
            .analyzer(HashAnalyzer)
            .policy(Policy::default().with_max_fpr(0.02).unwrap())
            .build()
            .unwrap(),
        builder().analyzer(HashAnalyzer).limits(Limits::default().with_max_pixels(1000)).build().unwrap(),
        bench.screener.with_analyzer(with_option),
        builder().build().unwrap(),
    ];
    bench.scan();
    for other in &others {
        bench.shown();
        assert_eq!((bench.scan_with(other, |_| true).1.known, bench.shown()), (0, 3));
        assert_eq!(bench.scan_with(other, |_| true).1.known, 4);
    }
    assert_eq!(bench.scan().1.known, 0, "one result for each file, the last");
    assert_eq!(bench.store().totals(&Filter::default()).unwrap().files, 4);
    assert_eq!(
        builder().analyzer(HashAnalyzer).threads(1).build().unwrap().fingerprint(),
        bench.screener.fingerprint()
    );
}

#[test]
fn a_second_scan_has_to_wait_and_readers_need_not() {
    let bench = Bench::new();
    let (first, second) = (bench.store(), bench.store());
    let mut scan = first.scan(&bench.screener, "").unwrap().unwrap();
    assert!(second.scan(&bench.screener, "").unwrap().is_none());
    let none = |_: &deepscreen::Screening| Default::default();
    scan.run([bench.path("a.png")], none, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(second.totals(&Filter::default()).unwrap().files, 1);
    drop(scan);
    assert!(second.scan(&bench.screener, "").unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn what_could_not_be_read_is_tried_again_and_odd_names_are_kept() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    let odd = bench.path("").join(std::ffi::OsStr::from_bytes(b"odd\xff\n.png"));
    std::os::unix::fs::symlink(bench.path("later.png"), &odd).unwrap();
    let expected = bench.undisturbed();
    for _ in 0..2 {
        let (records, done) = bench.scan();
        assert_eq!(records, expected);
        assert_eq!(done.summary.unreadable, 1);
    }
    assert_eq!(bench.scan().1.known, 4, "the one that cannot be read is never known");
    bench.write("later.png", 99);
    let (_, done) = bench.scan();
    assert_eq!((done.summary.unreadable, done.summary.pictures), (0, 5));
    let filter = Filter { path: Some("odd".to_owned()), ..Filter::default() };
    assert_eq!(paths(&bench.store(), &filter), [odd]);
}

#[test]
fn filters_choose_by_label_reason_probability_path_and_time() {
    let bench = Bench::new();
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/metadata/automatic1111.png"),
        bench.path("made.png"),
    )
    .unwrap();
    bench.scan();
    let store = bench.store();
    let count = |filter: Filter| store.totals(&filter).unwrap().files;
    let all = Filter::default;
    assert_eq!(count(Filter { labels: vec![Label::LikelyManipulated], ..all() }), 1);
    assert_eq!(count(Filter { labels: Label::ALL.to_vec(), ..all() }), 5);
    assert_eq!(count(Filter { reasons: vec!["metadata".to_owned()], ..all() }), 1);
    assert_eq!(count(Filter { reasons: vec!["data".to_owned()], ..all() }), 0, "codes from their beginning");
    assert_eq!(count(Filter { min_probability: deepscreen::Probability::new(0.0), ..all() }), 0);
    assert_eq!(count(Filter { path: Some("*/photos/?.png".to_owned()), ..all() }), 3);
    assert_eq!(count(Filter { path: Some("notes".to_owned()), ..all() }), 1);
    assert_eq!(count(Filter { since: Some(SystemTime::now() + Duration::from_secs(10)), ..all() }), 0);
    assert_eq!(count(Filter { since: Some(SystemTime::now() - Duration::from_secs(3600)), ..all() }), 5);
    assert_eq!(count(Filter { limit: Some(2), ..all() }), 2);
    let totals = store.totals(&all()).unwrap();
    assert!(totals.reasons.keys().any(|code| code.starts_with("metadata.")), "{totals:?}");
    assert_eq!((totals.not_images, totals.labels.iter().sum::<u64>()), (1, 4));
}

#[test]
fn many_known_files_behind_one_that_is_screened_come_out_in_order() {
    let bench = Bench::new();
    bench.scan();
    let store = bench.store();
    let mut scan = store.scan(&bench.screener, "").unwrap().unwrap();
    bench.write("new.png", 200);
    let known = std::iter::repeat_n(bench.path("a.png"), 40_000);
    let paths: Vec<PathBuf> =
        [bench.path("new.png")].into_iter().chain(known).chain([bench.path("x.png")]).collect();
    let mut given = Vec::new();
    let none = |_: &deepscreen::Screening| Default::default();
    let done = scan.run(paths.clone(), none, |looked| {
        given.push(match looked {
            Looked::New(screening) => screening.input.path.clone().unwrap(),
            Looked::Known(stored) => stored.path().to_owned(),
        });
        ControlFlow::Continue(())
    });
    assert_eq!(done.unwrap().known, 40_000);
    assert!(given == paths);
}
