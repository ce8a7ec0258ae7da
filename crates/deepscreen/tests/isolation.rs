//! What hangs, dies or takes too much memory costs one record: in this process as far as a thread can, in children
//! whatever it is. The example `isolation` does the harm.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use deepscreen::{
    Analyzer, ErrorKind, Evidence, HashAnalyzer, Language, Limits, Media, Result, Screener, Screening, Source,
};
use serde_json::Value;

fn png(width: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, 80, |x, y| image::Rgb([x as u8, y as u8, 7]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// One picture of each width, in that order.
fn pictures(widths: impl IntoIterator<Item = u32>) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |width| {
        let path = folder.path().join(format!("{width}.png"));
        std::fs::write(&path, png(width)).unwrap();
        path
    };
    let paths = widths.into_iter().map(write).collect();
    (folder, paths)
}

/// A record without what is never the same twice, and without what says who looked.
fn comparable(record: &str) -> Value {
    let mut record: Value = serde_json::from_str(record).unwrap();
    record.as_object_mut().unwrap().remove("elapsed_ms");
    record
}

#[test]
fn whatever_a_picture_does_costs_its_own_record() {
    let (folder, paths) = pictures(96..=110);
    let output = support::example("isolation").arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let records: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(comparable).collect();
    let order: Vec<&str> = records.iter().map(|record| record["input"]["path"].as_str().unwrap()).collect();
    let mut sorted: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    sorted.sort_unstable();
    assert_eq!(order, sorted, "one record each, in order");

    for (record, path) in records.iter().zip(order) {
        let failures = record["failures"].as_array().unwrap();
        let width = Path::new(path).file_stem().unwrap().to_str().unwrap();
        let expected = match width {
            "101" => Some(("timeout", "longer than the limit of 5 s")),
            "102" => Some(("panic", "the process that looked at it has died (signal: 6 (SIGABRT)")),
            "103" if cfg!(target_os = "linux") => Some(("too_large", "more memory than the limit")),
            "104" => Some(("panic", "the process that looked at it has died (signal: 6 (SIGABRT)")),
            _ => None,
        };
        match expected {
            Some((code, message)) => {
                let [failure] = &failures[..] else { panic!("{width}: {failures:?}") };
                assert_eq!(
                    (&failure["source"], &failure["code"]),
                    (&"media".into(), &code.into()),
                    "{width}"
                );
                assert!(failure["message"].as_str().unwrap().starts_with(message), "{width}: {failure}");
                assert_eq!(record["verdict"]["label"], "inconclusive");
                let bytes = std::fs::read(path).unwrap();
                let sha256 = Media::from_bytes(bytes.clone(), &Limits::default()).unwrap().sha256();
                let digits: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(
                    (&record["input"]["bytes"], &record["input"]["sha256"]),
                    (&bytes.len().into(), &digits.into())
                );
            }
            None => {
                assert_eq!(failures.len(), 0, "{width}: {failures:?}");
                assert!(record["hashes"]["pdq"]["hash"].is_string(), "{width}");
            }
        }
    }
}

#[test]
fn a_child_finds_what_this_process_finds() {
    let program = support::example("isolation").get_program().to_owned();
    let start = move || {
        let mut command = Command::new(&program);
        command.arg("worker");
        command
    };
    let limits = Limits::default().with_max_time(Duration::from_secs(60)).with_max_memory(512 << 20);
    let builder = || Screener::builder().limits(limits.clone()).analyzer(HashAnalyzer).analyzer(Harmless);
    let (plain, isolated) = (builder().build().unwrap(), builder().isolated(start).build().unwrap());
    let folder = support::root().join("fixtures/sample");
    let paths = || deepscreen::walk(&folder);
    let record = |screening: Screening| comparable(&screening.to_json(Language::English));
    let expected: Vec<Value> = plain.screen_many(paths()).map(record).collect();
    assert!(expected.len() > 4);
    assert_eq!(isolated.screen_many(paths()).map(record).collect::<Vec<_>>(), expected);
    // Whichever way they come.
    let bytes = |path: PathBuf| Source::from(std::fs::read(path).unwrap());
    let without_path = |mut record: Value| {
        record["input"].as_object_mut().unwrap().remove("path");
        record
    };
    let expected: Vec<Value> = expected.into_iter().map(without_path).collect();
    assert_eq!(isolated.screen_many(paths().map(bytes)).map(record).collect::<Vec<_>>(), expected);
    let media = Media::open(folder.join("valley.jpg"), &limits).unwrap();
    assert_eq!(record(isolated.screen(&media)), record(plain.screen(&media)));
    let missing = isolated.screen_source(PathBuf::from("no/such.jpg"));
    assert_eq!(missing.failures[0].kind, ErrorKind::Unreadable);
    // Groups are found with one of the analyzers alone.
    let count = |screener: &Screener| {
        let mut groups = 0;
        screener.screen_grouped(paths().chain(paths()).collect(), |screening| {
            groups += u32::from(screening.group.is_some())
        });
        groups
    };
    assert_eq!(count(&isolated), count(&plain));
    assert!(count(&plain) > 4);
}

/// As the example's, but harmless: what is compared is that both sides have it.
struct Harmless;

impl Analyzer for Harmless {
    fn id(&self) -> &str {
        "harmful@1"
    }

    fn analyze(&self, _: &Media) -> Result<Vec<Evidence>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_child_that_is_not_as_it_should_be_is_refused_at_once() {
    let program = support::example("isolation").get_program().to_owned();
    let refused = |start: Command, screener: deepscreen::ScreenerBuilder| {
        let start = std::sync::Mutex::new(Some(start));
        let start = move || start.lock().unwrap().take().unwrap();
        screener.isolated(start).build().map(drop).unwrap_err()
    };
    let mut worker = Command::new(&program);
    worker.arg("worker");
    // It has other limits and another analyzer.
    let error = refused(worker, Screener::builder().analyzer(HashAnalyzer));
    assert_eq!(error.kind(), ErrorKind::EngineUnavailable);
    assert!(error.to_string().contains("has another version, other analyzers"), "{error}");
    // It says something else, and ends.
    let error = refused(Command::new(&program), Screener::builder());
    assert!(error.to_string().contains("does not start (exit status: 0)"), "{error}");
    let error = refused(Command::new("no/such/program"), Screener::builder());
    assert!(format!("{error:#}").contains("cannot be started"), "{error:#}");
}

/// Waits until it is told to go on.
struct Hangs(std::sync::mpsc::SyncSender<()>);

impl Analyzer for Hangs {
    fn id(&self) -> &str {
        "hangs@1"
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        while media.pixels()?.width() == 101 && self.0.try_send(()).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Vec::new())
    }
}

#[test]
fn without_children_what_hangs_costs_one_record_too() {
    let (_folder, paths) = pictures(96..=110);
    let (sender, told) = std::sync::mpsc::sync_channel(1 << 20);
    let limits = Limits::default().with_max_time(Duration::from_secs(5));
    let screener = Screener::builder().threads(2).limits(limits).analyzer(Hangs(sender)).build().unwrap();
    for source in [paths.clone(), paths.clone()] {
        let screenings: Vec<Screening> = screener.screen_many(source).collect();
        assert_eq!(screenings.len(), paths.len());
        for (screening, path) in screenings.iter().zip(&paths) {
            assert_eq!(screening.input.path.as_ref(), Some(path));
            let hangs = path.ends_with("101.png");
            let kinds: Vec<ErrorKind> = screening.failures.iter().map(|failure| failure.kind).collect();
            assert_eq!(kinds, if hangs { vec![ErrorKind::Timeout] } else { vec![] }, "{path:?}");
            assert!(screening.input.sha256.is_some());
            assert_eq!(screening.is_unreadable(), hangs);
        }
    }
    assert_eq!(screener.screen_source(paths[5].clone()).failures[0].kind, ErrorKind::Timeout);
    drop(told);
}

/// A pipe that nobody writes into, a device without an end, a socket, a folder, links to all of them.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_neither_waited_for_nor_read_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(Command::new("mkfifo").arg(path("pipe.jpg")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.jpg")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", path("zero.jpg")).unwrap();
    std::os::unix::fs::symlink(path("pipe.jpg"), path("linked.jpg")).unwrap();
    std::os::unix::fs::symlink(path("itself.jpg"), path("itself.jpg")).unwrap();
    std::fs::write(path("whole.png"), png(96)).unwrap();
    let screener = Screener::builder().analyzer(HashAnalyzer).build().unwrap();
    let screenings: Vec<Screening> = screener.screen_many(deepscreen::walk(folder.path())).collect();
    assert_eq!(screenings.len(), 6);
    for screening in screenings {
        let (path, kinds) =
            (screening.input.path.unwrap(), screening.failures.iter().map(|failure| failure.kind));
        let expected = if path.ends_with("whole.png") { vec![] } else { vec![ErrorKind::Unreadable] };
        assert_eq!(kinds.collect::<Vec<_>>(), expected, "{path:?}");
        let limits = Limits::default();
        assert_eq!(Media::open(&path, &limits).is_err(), !path.ends_with("whole.png"));
        assert_eq!(deepscreen::Metadata::open(&path, &limits).is_err(), !path.ends_with("whole.png"));
    }
}
