//! The C interface, called as C calls it: records, misuse, threads.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::{RwLock, RwLockReadGuard};

use deepscreen::{Language, Settings, walk};
use deepscreen_c::Status::{self, *};
use deepscreen_c::*;
use serde_json::Value;
use support::{c, fixtures, message, next, screen_path, screener, stream, take, timeless};

/// Tests that count handles hold it alone, all others together.
static HANDLES: RwLock<()> = RwLock::new(());

fn shared() -> RwLockReadGuard<'static, ()> {
    HANDLES.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// SAFETY of every call below: what it is given is a string of `c`, a slice's pointer and length, a variable's
/// address, or null.
fn screen_bytes(screener: u64, bytes: &[u8]) -> (Status, u64) {
    let mut record = 7;
    // SAFETY: see above.
    let status =
        unsafe { deepscreen_screen_bytes(screener, bytes.as_ptr().cast(), bytes.len(), &mut record) };
    (status, record)
}

fn screen_pixels(screener: u64, rgb: &[u8], width: u32, height: u32, stride: usize) -> (Status, u64) {
    let mut record = 7;
    // SAFETY: see above.
    let status = unsafe {
        deepscreen_screen_pixels(screener, rgb.as_ptr(), rgb.len(), width, height, stride, &mut record)
    };
    (status, record)
}

#[test]
fn a_stream_gives_the_records_of_the_rust_library_and_each_fits_the_schema() {
    let _shared = shared();
    let schema = include_str!("../../deepscreen/schema/deepscreen-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let settings = r#"{"engine": "rten"}"#;
    let paths = [fixtures().join("sample"), fixtures().join("hostile/empty.png"), "missing.jpg".into()];
    let rust = Settings::from_json(settings).unwrap().screener().unwrap();
    let english = screener(settings);
    let mut vietnamese = 0;
    // SAFETY: see above.
    let status = unsafe { deepscreen_screener_in_language(english, c"vi".as_ptr(), &mut vietnamese) };
    assert_eq!(status, DEEPSCREEN_OK);
    for (screener, language) in [(english, Language::English), (vietnamese, Language::Vietnamese)] {
        let stream = stream(screener, &paths);
        let mut count = 0;
        for screening in rust.screen_many(paths.iter().flat_map(walk)) {
            let (status, record) = next(stream);
            assert_eq!(status, DEEPSCREEN_OK);
            let record = take(record);
            let errors: Vec<_> =
                schema.iter_errors(&serde_json::from_str(&record).unwrap()).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}\n{record}");
            assert_eq!(timeless(&record), timeless(&screening.to_json(language)));
            count += 1;
        }
        assert_eq!(count, 8);
        assert_eq!([next(stream), next(stream)], [(DEEPSCREEN_END, 0); 2]);
        assert_eq!(deepscreen_stream_free(stream), DEEPSCREEN_OK);
        assert_eq!(deepscreen_screener_free(screener), DEEPSCREEN_OK);
    }
}

#[test]
fn a_file_its_bytes_and_its_pixels_have_one_verdict() {
    let _shared = shared();
    let screener = screener(r#"{"engine": "rten"}"#);
    let path = fixtures().join("images/png_photo.png");
    let bytes = std::fs::read(&path).unwrap();
    let media = deepscreen::Media::from_bytes(bytes.clone(), &deepscreen::Limits::default()).unwrap();
    let pixels = media.pixels().unwrap();
    let (width, height) = (pixels.width(), pixels.height());
    // Rows with something behind them, and without.
    let row = width as usize * 3;
    let padded: Vec<u8> = pixels.as_rgb8().chunks(row).flat_map(|line| [line, &[9; 5]].concat()).collect();
    let records = [
        screen_path(screener, &path),
        screen_bytes(screener, &bytes),
        screen_pixels(screener, pixels.as_rgb8(), width, height, row),
        screen_pixels(screener, &padded, width, height, row + 5),
        screen_pixels(screener, &padded[..padded.len() - 5], width, height, row + 5),
    ];
    let records = records.map(|(status, record)| {
        assert_eq!(status, DEEPSCREEN_OK, "{}", message());
        timeless(&take(record))
    });
    assert_eq!(records[0]["input"]["sha256"], records[1]["input"]["sha256"]);
    assert_eq!(records[2], records[3]);
    assert_eq!(records[2], records[4]);
    for record in &records[1..] {
        assert_eq!(record["verdict"], records[0]["verdict"]);
        assert_eq!(record["hashes"], records[0]["hashes"]);
    }
    deepscreen_screener_free(screener);
}

#[test]
fn bad_pictures_are_records_and_no_failed_calls() {
    let _shared = shared();
    let screener = screener(r#"{"models": [], "limits": {"max_bytes": 40000}}"#);
    for (name, code) in [
        ("sample/cut.jpg", "truncated"),
        ("sample/notes.txt", "not_an_image"),
        ("sample/valley.jpg", "too_large"),
        ("hostile/empty.png", "empty"),
        ("hostile/bomb.bmp", "too_large"),
        ("sample", "unreadable"),
        ("missing", "unreadable"),
    ] {
        let path = fixtures().join(name);
        let mut answers = vec![screen_path(screener, &path)];
        if let Ok(bytes) = std::fs::read(&path) {
            answers.push(screen_bytes(screener, &bytes));
        }
        for (status, record) in answers {
            assert_eq!(status, DEEPSCREEN_OK);
            assert_eq!(timeless(&take(record))["failures"][0]["code"], code, "{name}");
        }
    }
    let mut record = 0;
    // SAFETY: no bytes at all.
    assert_eq!(unsafe { deepscreen_screen_bytes(screener, null(), 0, &mut record) }, DEEPSCREEN_OK);
    assert_eq!(timeless(&take(record))["failures"][0]["code"], "empty");
    deepscreen_screener_free(screener);
}

#[test]
fn hashes_are_those_of_the_record_and_bad_pictures_are_errors() {
    let _shared = shared();
    let screener = screener(r#"{"models": [], "provenance": false}"#);
    let path = fixtures().join("sample/valley.jpg");
    let record = timeless(&take(screen_path(screener, &path).1));
    let hash = |path: PathBuf| {
        let mut hashes = 7;
        // SAFETY: see above.
        (unsafe { deepscreen_hash_path(c(path).as_ptr(), &mut hashes) }, hashes)
    };
    let (status, hashes) = hash(path.clone());
    assert_eq!(status, DEEPSCREEN_OK);
    assert_eq!(serde_json::from_str::<Value>(&take(hashes)).unwrap(), record["hashes"]);
    let bytes = std::fs::read(&path).unwrap();
    let mut hashes = 0;
    // SAFETY: see above.
    let status = unsafe { deepscreen_hash_bytes(bytes.as_ptr().cast(), bytes.len(), &mut hashes) };
    assert_eq!(status, DEEPSCREEN_OK);
    assert_eq!(serde_json::from_str::<Value>(&take(hashes)).unwrap(), record["hashes"]);
    // SAFETY: see above.
    let status = unsafe { deepscreen_hash_pixels([0; 12].as_ptr(), 12, 2, 2, 6, &mut hashes) };
    assert_eq!(status, DEEPSCREEN_OK);
    assert!(take(hashes).contains("\"quality\":0"));
    for (name, expected) in [
        ("sample/cut.jpg", DEEPSCREEN_TRUNCATED),
        ("sample/notes.txt", DEEPSCREEN_NOT_AN_IMAGE),
        ("hostile/empty.png", DEEPSCREEN_EMPTY),
        ("hostile/bomb.bmp", DEEPSCREEN_TOO_LARGE),
        ("missing", DEEPSCREEN_UNREADABLE),
    ] {
        assert_eq!(hash(fixtures().join(name)), (expected, 0), "{name}");
        assert_eq!(deepscreen_last_error(), expected);
    }
    assert!(message().contains("missing: cannot be read: "), "{}", message());
    deepscreen_screener_free(screener);
}

#[test]
fn wrong_settings_are_the_errors_of_the_rust_library() {
    let _shared = shared();
    for settings in [
        r#"{"model": "ai-image"}"#,
        "[]",
        "",
        r#"{"models": ["no/such/folder"]}"#,
        r#"{"engine": "abacus"}"#,
        r#"{"max_fpr": 2}"#,
        r#"{"policy": "fusion = 1"}"#,
        r#"{"onnxruntime": "no/such/library", "engine": "onnxruntime"}"#,
    ] {
        let error = Settings::from_json(settings).and_then(|settings| settings.screener()).err().unwrap();
        let text = CString::new(settings).unwrap();
        let mut screener = 7;
        // SAFETY: see above.
        let status = unsafe { deepscreen_screener_new(text.as_ptr(), &mut screener) };
        assert_eq!((message(), screener), (format!("{error:#}"), 0));
        // SAFETY: a string of the library's own.
        let name = unsafe { CStr::from_ptr(deepscreen_status_name(status as i32)) };
        assert_eq!(name.to_str(), Ok(error.kind().code()), "{settings}");
        assert_eq!(deepscreen_last_error(), status);
    }
}

#[test]
fn null_wrong_lengths_and_what_is_no_text_are_errors_with_a_message() {
    let _shared = shared();
    let screener = screener(r#"{"models": []}"#);
    let (path, latin) = (c"a.jpg".as_ptr(), c"\xe9".as_ptr());
    let (mut out, rgb) = (7, [0; 64]);
    let pixels = |length, width, height, stride, out: &mut u64| {
        // SAFETY: a length beyond 64 is refused before anything is read.
        unsafe { deepscreen_screen_pixels(screener, rgb.as_ptr(), length, width, height, stride, out) }
    };
    let paths = [path, null()];
    // SAFETY: see above; lengths that are wrong are refused before anything is read.
    let calls: Vec<(Status, Status, &str)> = unsafe {
        let (bytes, all) = (rgb.as_ptr().cast(), usize::MAX);
        vec![
            (deepscreen_screener_new(null(), null_mut()), DEEPSCREEN_NULL_ARGUMENT, "screener"),
            (deepscreen_screener_new(latin, &mut out), DEEPSCREEN_NOT_UTF8, "settings"),
            (
                deepscreen_screener_in_language(screener, null(), &mut out),
                DEEPSCREEN_NULL_ARGUMENT,
                "language",
            ),
            (
                deepscreen_screener_in_language(screener, c"fr".as_ptr(), &mut out),
                DEEPSCREEN_INVALID_CONFIG,
                "`fr`",
            ),
            (deepscreen_screen_path(screener, null(), &mut out), DEEPSCREEN_NULL_ARGUMENT, "path"),
            (deepscreen_screen_path(screener, path, null_mut()), DEEPSCREEN_NULL_ARGUMENT, "record"),
            (deepscreen_screen_bytes(screener, null(), 3, &mut out), DEEPSCREEN_NULL_ARGUMENT, "bytes"),
            (deepscreen_screen_bytes(screener, bytes, all, &mut out), DEEPSCREEN_WRONG_LENGTH, "bytes"),
            (deepscreen_screen_bytes(screener, bytes, 3, null_mut()), DEEPSCREEN_NULL_ARGUMENT, "record"),
            (
                deepscreen_screen_pixels(screener, null(), 12, 2, 2, 6, &mut out),
                DEEPSCREEN_NULL_ARGUMENT,
                "rgb",
            ),
            (pixels(11, 2, 2, 6, &mut out), DEEPSCREEN_WRONG_LENGTH, "12"),
            (pixels(13, 2, 2, 6, &mut out), DEEPSCREEN_WRONG_LENGTH, "12"),
            (pixels(13, 2, 2, 8, &mut out), DEEPSCREEN_WRONG_LENGTH, "14 to 16"),
            (pixels(12, 2, 2, 5, &mut out), DEEPSCREEN_WRONG_LENGTH, "stride"),
            (pixels(0, 0, 2, 6, &mut out), DEEPSCREEN_WRONG_LENGTH, "a side is 0"),
            (pixels(0, 2, 0, 6, &mut out), DEEPSCREEN_WRONG_LENGTH, "a side is 0"),
            (pixels(all, u32::MAX, u32::MAX, all, &mut out), DEEPSCREEN_WRONG_LENGTH, "memory"),
            (deepscreen_stream_new(screener, null(), 1, &mut out), DEEPSCREEN_NULL_ARGUMENT, "paths"),
            (
                deepscreen_stream_new(screener, paths.as_ptr(), 2, &mut out),
                DEEPSCREEN_NULL_ARGUMENT,
                "paths[1]",
            ),
            (
                deepscreen_stream_new(screener, paths.as_ptr(), all, &mut out),
                DEEPSCREEN_WRONG_LENGTH,
                "paths",
            ),
            (deepscreen_stream_next(screener, null_mut()), DEEPSCREEN_NULL_ARGUMENT, "record"),
            (deepscreen_hash_path(null(), &mut out), DEEPSCREEN_NULL_ARGUMENT, "path"),
            (deepscreen_hash_bytes(null(), 1, &mut out), DEEPSCREEN_NULL_ARGUMENT, "bytes"),
            (deepscreen_hash_pixels(null(), 1, 1, 1, 3, &mut out), DEEPSCREEN_NULL_ARGUMENT, "rgb"),
        ]
    };
    assert_eq!(out, 0);
    for (index, (status, expected, _)) in calls.iter().enumerate() {
        assert_eq!(status, expected, "call {index}");
    }
    // One after another, for their messages.
    // SAFETY: as above.
    assert_eq!(unsafe { deepscreen_screen_path(screener, null(), &mut out) }, DEEPSCREEN_NULL_ARGUMENT);
    assert_eq!(message(), "path is null");
    pixels(13, 2, 2, 8, &mut out);
    assert_eq!(message(), "length: 13 bytes, where 2x2 pixels have 14 to 16");
    deepscreen_screener_free(screener);
}

#[test]
fn freed_and_invented_handles_are_errors() {
    let _shared = shared();
    let screener = screener(r#"{"models": []}"#);
    let paths = [fixtures().join("sample")];
    let stream = stream(screener, &paths);
    let (_, record) = next(stream);
    for wrong in [0, record, stream, 1, screener ^ 1 << 33, u64::MAX] {
        assert_eq!(screen_path(wrong, "a.jpg"), (DEEPSCREEN_INVALID_HANDLE, 0));
        assert_eq!(screen_bytes(wrong, b"abc"), (DEEPSCREEN_INVALID_HANDLE, 0));
        assert_eq!(screen_pixels(wrong, &[0; 3], 1, 1, 3), (DEEPSCREEN_INVALID_HANDLE, 0));
        assert!(message().starts_with("no handle of a screener: "));
    }
    for wrong in [0, record, screener, u64::MAX] {
        assert_eq!(next(wrong), (DEEPSCREEN_INVALID_HANDLE, 0));
    }
    for wrong in [0, stream, screener, u64::MAX] {
        assert!(deepscreen_text_data(wrong).is_null());
        assert_eq!(deepscreen_last_error(), DEEPSCREEN_INVALID_HANDLE);
        assert_eq!(deepscreen_text_length(wrong), 0);
    }
    assert_eq!(deepscreen_text_free(screener), DEEPSCREEN_INVALID_HANDLE);
    assert_eq!(deepscreen_stream_free(record), DEEPSCREEN_INVALID_HANDLE);
    assert_eq!(deepscreen_screener_free(stream), DEEPSCREEN_INVALID_HANDLE);
    // A stream outlives the screener's handle; each is freed once.
    assert_eq!(deepscreen_screener_free(screener), DEEPSCREEN_OK);
    assert_eq!(deepscreen_screener_free(screener), DEEPSCREEN_INVALID_HANDLE);
    let (status, second) = next(stream);
    assert_eq!(status, DEEPSCREEN_OK);
    for text in [record, second] {
        assert_eq!(deepscreen_text_free(text), DEEPSCREEN_OK);
        assert_eq!(deepscreen_text_free(text), DEEPSCREEN_INVALID_HANDLE);
        assert!(deepscreen_text_data(text).is_null());
    }
    assert_eq!(deepscreen_stream_free(stream), DEEPSCREEN_OK);
    assert_eq!(deepscreen_stream_free(stream), DEEPSCREEN_INVALID_HANDLE);
    assert_eq!(next(stream), (DEEPSCREEN_INVALID_HANDLE, 0));
    for free in [deepscreen_screener_free, deepscreen_stream_free, deepscreen_text_free] {
        assert_eq!(free(0), DEEPSCREEN_OK);
    }
}

#[test]
fn one_screener_and_one_stream_serve_many_threads_and_no_handle_stays() {
    let _alone = HANDLES.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    assert_eq!(deepscreen_handle_count(), 0);
    let screener = screener(r#"{"models": [], "threads": 2}"#);
    let stream = stream(screener, &[fixtures().join("images"), fixtures().join("hostile")]);
    let path = fixtures().join("sample/turned.jpg");
    let expected = timeless(&take(screen_path(screener, &path).1));
    let records: usize = std::thread::scope(|scope| {
        let work = || {
            let mut count = 0;
            loop {
                assert_eq!(timeless(&take(screen_path(screener, &path).1)), expected);
                match next(stream) {
                    (DEEPSCREEN_END, 0) => return count,
                    (DEEPSCREEN_OK, record) => drop(take(record)),
                    (status, _) => panic!("{status:?}: {}", message()),
                }
                count += 1;
            }
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(records, walk(fixtures().join("images")).count() + walk(fixtures().join("hostile")).count());
    // What a thread's last call came to is its own.
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(screen_path(0, "a.jpg").0, DEEPSCREEN_INVALID_HANDLE));
    });
    assert_eq!((deepscreen_last_error(), message()), (DEEPSCREEN_OK, String::new()));
    assert_eq!(deepscreen_handle_count(), 2);
    deepscreen_stream_free(stream);
    deepscreen_screener_free(screener);
    assert_eq!(deepscreen_handle_count(), 0);
}

#[test]
fn every_error_that_a_record_can_hold_has_a_number() {
    let schema = include_str!("../../deepscreen/schema/deepscreen-1.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let codes = schema.pointer("/properties/failures/items/properties/code/enum").unwrap();
    // SAFETY: a string of the library's own.
    let name = |number| unsafe { CStr::from_ptr(deepscreen_status_name(number)) }.to_str().unwrap();
    for code in codes.as_array().unwrap() {
        assert!((100..200).any(|number| code == name(number)), "{code}");
    }
}

#[test]
fn the_version_is_the_packages() {
    // SAFETY: a string of the library's own.
    let version = unsafe { CStr::from_ptr(deepscreen_version()) };
    assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    assert_eq!(deepscreen_abi_version(), DEEPSCREEN_ABI_VERSION);
    assert!(include_str!("../build.rs").contains(&format!("const ABI: u32 = {DEEPSCREEN_ABI_VERSION};")));
}
