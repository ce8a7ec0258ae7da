//! `scan --watch`, on the binary: files that come, change and go while it looks.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;
use support::Home;

fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path).display().to_string()
}

/// A scan that watches, and its records as they come.
struct Watching {
    child: Child,
    records: Receiver<Value>,
}

impl Watching {
    fn start(home: &Home, rest: &str) -> Self {
        let words = format!(
            "scan --watch --engine rten --trust-models --model {} --format jsonl {rest}",
            fixture("networks/green")
        );
        let mut command = home.command();
        command.args(words.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, records) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines() {
                let _ = sender.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, records }
    }

    /// The file's name and whether it could be read, of the next record.
    fn next(&self) -> (String, bool) {
        let record = self.records.recv_timeout(Duration::from_secs(60)).expect("a record within a minute");
        let path = Path::new(record["input"]["path"].as_str().unwrap());
        (
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            record["failures"] == Value::Array(Vec::new()),
        )
    }

    /// Records of one file until it could be read: on a machine that stands still for a second a file that is still being
    /// written may be looked at too soon, and is looked at again.
    fn next_whole(&self, name: &str) {
        loop {
            let (found, is_whole) = self.next();
            assert_eq!(found, name);
            if is_whole {
                return;
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.records.recv_timeout(Duration::from_secs(4)) == Err(RecvTimeoutError::Timeout)
    }

    fn end(self) -> (Option<i32>, String) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

fn copy(from: &str, to: &Path) {
    fs::copy(fixture(from), to).unwrap();
}

#[test]
fn what_comes_and_changes_is_looked_at_once_it_is_at_rest() {
    let home = Home::new();
    fs::create_dir(home.path("inbox")).unwrap();
    copy("images/png_photo.png", &home.path("inbox/first.png"));
    // What the scan writes lies in the folder, too.
    let watching = Watching::start(&home, "--store inbox/a.store --heat-maps inbox/maps inbox");
    assert_eq!(watching.next(), ("first.png".to_owned(), true));

    // One that comes bit by bit, in a folder that was not there.
    let bytes = fs::read(fixture("images/photo_table.jpg")).unwrap();
    fs::create_dir(home.path("inbox/new")).unwrap();
    let mut file = fs::File::create(home.path("inbox/new/slow.jpg")).unwrap();
    for part in bytes.chunks(bytes.len() / 4) {
        file.write_all(part).unwrap();
        file.flush().unwrap();
        std::thread::sleep(Duration::from_millis(400));
    }
    watching.next_whole("slow.jpg");

    // One that is replaced, one that is renamed into the folder.
    copy("hostile/cut_half.jpg", &home.path("inbox/first.png"));
    assert_eq!(watching.next(), ("first.png".to_owned(), false));
    copy("metadata/automatic1111.png", &home.path("elsewhere.png"));
    fs::rename(home.path("elsewhere.png"), home.path("inbox/moved.png")).unwrap();
    assert_eq!(watching.next().0, "moved.png");

    // One that goes, and comes back with its result in the store.
    fs::rename(home.path("inbox/moved.png"), home.path("kept.png")).unwrap();
    assert!(watching.is_silent());
    fs::rename(home.path("kept.png"), home.path("inbox/moved.png")).unwrap();
    assert_eq!(watching.next().0, "moved.png");
    assert!(watching.is_silent(), "nothing of what the scan writes is looked at");

    let (status, err) = watching.end();
    assert_eq!(status, Some(0), "{err}");
    assert!(err.contains("watching for files that come or change") && err.contains(" pictures, "), "{err}");
    let totals = home.run("results inbox/a.store --summary --format jsonl");
    let totals: Value = serde_json::from_str(&totals.out).unwrap();
    assert_eq!((&totals["files"], &totals["gone"]), (&3.into(), &0.into()));
    assert!(totals["finished_at"].is_string());
}

#[test]
fn an_empty_folder_can_be_watched_and_what_has_no_end_is_refused() {
    let home = Home::new();
    fs::create_dir(home.path("inbox")).unwrap();
    let watching = Watching::start(&home, "--isolate --fail-on unreadable inbox");
    assert!(watching.is_silent());
    copy("hostile/cut_half.jpg", &home.path("inbox/cut.jpg"));
    assert_eq!(watching.next(), ("cut.jpg".to_owned(), false));
    assert_eq!(watching.end().0, Some(1), "a condition was met");
    for rest in ["--format html --out a.html", "--format sarif", "--group"] {
        let run = home.run(&format!("scan --watch {rest} inbox"));
        assert!(run.status == 2 && run.err.contains("--watch has no last picture"), "{rest}: {}", run.err);
    }
}
