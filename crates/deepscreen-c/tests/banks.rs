//! Banks of known pictures, called as C calls them: what is found, what is read again, what goes wrong.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use deepscreen::bank::{Bank, Entry};
use deepscreen::{EntryLabel, Limits, Media};
use deepscreen_c::Status::*;
use deepscreen_c::*;
use serde_json::{Value, json};
use support::{c, fixtures, message, next, screen_path, screener, stream, take, timeless};

/// The pictures that banks know here.
const FAKE: &str = "images/photo_valley.jpg";
const OTHER: &str = "images/tiny_40x40.png";

fn add(bank: &Path, picture: &str) {
    let bank = Bank::open(bank).unwrap();
    let media = Media::open(fixtures().join(picture), &Limits::default()).unwrap();
    bank.add(&Entry::of(&media, EntryLabel::KnownFake).unwrap()).unwrap();
}

/// A bank that knows one picture.
fn bank(folder: &Path) -> PathBuf {
    let path = folder.join("party.bank");
    Bank::create(&path).unwrap();
    add(&path, FAKE);
    path
}

fn settings(bank: &Path) -> String {
    json!({"models": [], "provenance": false, "threads": 2, "banks": [bank], "bank_transforms": true})
        .to_string()
}

fn record(screener: u64, picture: &str) -> Value {
    let (status, record) = screen_path(screener, fixtures().join(picture));
    assert_eq!(status, DEEPSCREEN_OK, "{}", message());
    timeless(&take(record))
}

fn is_known(record: &Value) -> bool {
    record["verdict"]["label"] == "likely_manipulated"
}

fn checksum(record: &Value) -> String {
    record["replay"]["lists"]["bank/party"].as_str().unwrap().to_owned()
}

#[test]
fn a_known_fake_is_found_and_its_record_fits_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let screener = screener(&settings(&bank(folder.path())));
    let schema = include_str!("../../deepscreen/schema/deepscreen-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let (_, text) = screen_path(screener, fixtures().join(FAKE));
    let found: Value = serde_json::from_str(&take(text)).unwrap();
    assert!(schema.is_valid(&found), "{found:#}");
    assert!(is_known(&found));
    assert_eq!(found["verdict"]["kinds"], json!(["known_fake"]));
    assert_eq!(found["verdict"]["reasons"][0]["code"], "bank.known_fake");
    let evidence = json!([{
        "source": "bank/party", "kind": "match", "label": "known_fake", "hash": "sha256", "entry": "1"
    }]);
    assert_eq!(found["evidence"], evidence);
    assert!(!is_known(&record(screener, OTHER)));
    deepscreen_screener_free(screener);
}

#[test]
fn what_is_added_is_known_after_a_reload_in_every_language_and_not_to_a_stream_that_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let bank = bank(folder.path());
    let english = screener(&settings(&bank));
    let mut vietnamese = 0;
    // SAFETY: a string and a variable's address.
    let status = unsafe { deepscreen_screener_in_language(english, c"vi".as_ptr(), &mut vietnamese) };
    assert_eq!(status, DEEPSCREEN_OK);
    let before = record(english, OTHER);
    let begun = stream(english, &vec![fixtures().join(OTHER); 150]);
    let take_next = || {
        let (status, record) = next(begun);
        (status == DEEPSCREEN_OK).then(|| timeless(&take(record)))
    };
    assert_eq!(take_next().unwrap(), before);

    add(&bank, OTHER);
    assert_eq!(record(english, OTHER), before, "nothing was read again");
    assert_eq!(deepscreen_screener_reload(english), DEEPSCREEN_OK, "{}", message());
    for screener in [english, vietnamese] {
        let after = record(screener, OTHER);
        assert!(is_known(&after) && checksum(&after) != checksum(&before));
    }
    let others: Vec<Value> = std::iter::from_fn(take_next).collect();
    assert_eq!(others.len(), 149);
    assert!(others.iter().all(|record| *record == before));
    for screener in [english, vietnamese] {
        assert_eq!(deepscreen_screener_free(screener), DEEPSCREEN_OK);
    }
    assert_eq!(deepscreen_screener_reload(english), DEEPSCREEN_INVALID_HANDLE);
    assert_eq!(deepscreen_screener_reload(begun), DEEPSCREEN_INVALID_HANDLE);
    deepscreen_stream_free(begun);
}

#[test]
fn a_bank_that_cannot_be_read_is_an_error_that_names_it_and_a_screener_goes_on_without() {
    let folder = tempfile::tempdir().unwrap();
    let good = bank(folder.path());
    let whole = std::fs::read(&good).unwrap();
    let bytes = [
        (None, DEEPSCREEN_UNREADABLE),
        (Some(b"known fakes:\n".to_vec()), DEEPSCREEN_INVALID_BANK),
        (Some([&whole[..100], &[0x5a; 8000]].concat()), DEEPSCREEN_INVALID_BANK),
    ];
    for (number, (bytes, expected)) in bytes.into_iter().enumerate() {
        // A name for each: a file that is open stays as it is where another takes its name.
        let path = folder.path().join(format!("{number}.bank"));
        let write = || bytes.as_ref().map(|bytes| std::fs::write(&path, bytes).unwrap());
        write();
        let mut none = 7;
        let wrong = c(settings(&path));
        // SAFETY: a string and a variable's address.
        let status = unsafe { deepscreen_screener_new(wrong.as_ptr(), &mut none) };
        assert_eq!((status, none), (expected, 0), "{}", message());
        assert!(message().starts_with(path.to_str().unwrap()), "{}", message());
        // SAFETY: a string of the library's own.
        let name = unsafe { CStr::from_ptr(deepscreen_status_name(status as i32)) };
        assert!([c"unreadable", c"invalid_bank"].contains(&name));

        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, &whole).unwrap();
        let screener = screener(&settings(&path));
        let before = record(screener, FAKE);
        assert!(is_known(&before));
        std::fs::remove_file(&path).unwrap();
        write();
        for _ in 0..2 {
            assert_eq!(deepscreen_screener_reload(screener), expected, "{}", message());
            assert!(message().starts_with(path.to_str().unwrap()), "{}", message());
            assert_eq!(record(screener, FAKE), before);
        }
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(deepscreen_screener_reload(screener), DEEPSCREEN_OK, "{}", message());
        assert_eq!(record(screener, FAKE), before);
        deepscreen_screener_free(screener);
    }
}

#[test]
fn banks_are_read_again_while_threads_screen_and_each_record_is_of_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let bank = bank(folder.path());
    let screener = screener(&settings(&bank));
    let before = checksum(&record(screener, OTHER));
    let records = Mutex::new(Vec::new());
    let count = || records.lock().unwrap().len();
    let wait_for = |more: usize| {
        let most = count() + more;
        while count() < most {
            thread::sleep(Duration::from_millis(1));
        }
    };
    thread::scope(|scope| {
        let work = || {
            loop {
                // Until the handle is freed.
                let (status, text) = screen_path(screener, fixtures().join(OTHER));
                if status == DEEPSCREEN_INVALID_HANDLE {
                    break;
                }
                assert_eq!(status, DEEPSCREEN_OK, "{}", message());
                records.lock().unwrap().push(timeless(&take(text)));
            }
        };
        for _ in 0..3 {
            scope.spawn(work);
        }
        wait_for(5);
        add(&bank, OTHER);
        let reload = || (0..5).for_each(|_| assert_eq!(deepscreen_screener_reload(screener), DEEPSCREEN_OK));
        let reloading = scope.spawn(reload);
        reload();
        reloading.join().unwrap();
        wait_for(5);
        deepscreen_screener_free(screener);
    });
    let records = records.into_inner().unwrap();
    let (old, new): (Vec<_>, Vec<_>) = records.iter().partition(|record| checksum(record) == before);
    assert!(!old.is_empty() && !new.is_empty());
    assert!(!old.into_iter().any(is_known));
    assert!(new.iter().all(|record| is_known(record) && checksum(record) == checksum(new[0])));
    assert!(records.iter().all(|record| record["failures"] == json!([])));
}
