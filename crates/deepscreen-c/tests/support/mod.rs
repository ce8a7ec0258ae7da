//! The C interface as Rust calls it: what goes in as C has it, what comes out checked.
//!
//! SAFETY of every call: what it is given is a string of `c`, a slice's pointer and length, a variable's address, or null.
#![allow(unreachable_pub)]

use std::ffi::{CStr, CString, c_char};
use std::path::{Path, PathBuf};

use deepscreen_c::Status::{self, *};
use deepscreen_c::*;
use serde_json::Value;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

pub fn c(text: impl AsRef<Path>) -> CString {
    CString::new(text.as_ref().to_str().unwrap()).unwrap()
}

pub fn screener(settings: &str) -> u64 {
    let mut screener = 0;
    let settings = CString::new(settings).unwrap();
    // SAFETY: see above.
    let status = unsafe { deepscreen_screener_new(settings.as_ptr(), &mut screener) };
    assert_eq!(status, DEEPSCREEN_OK, "{}", message());
    screener
}

pub fn message() -> String {
    // SAFETY: a string of the library's own.
    unsafe { CStr::from_ptr(deepscreen_last_error_message()) }.to_str().unwrap().to_owned()
}

/// Reads a text and frees it.
pub fn take(text: u64) -> String {
    // SAFETY: the text is alive until it is freed below.
    let json = unsafe { CStr::from_ptr(deepscreen_text_data(text)) }.to_str().unwrap().to_owned();
    assert_eq!(deepscreen_text_length(text), json.len());
    assert_eq!(deepscreen_text_free(text), DEEPSCREEN_OK);
    json
}

pub fn screen_path(screener: u64, path: impl AsRef<Path>) -> (Status, u64) {
    let mut record = 7;
    // SAFETY: see above.
    let status = unsafe { deepscreen_screen_path(screener, c(path).as_ptr(), &mut record) };
    (status, record)
}

pub fn stream(screener: u64, paths: &[PathBuf]) -> u64 {
    let paths: Vec<CString> = paths.iter().map(c).collect();
    let pointers: Vec<*const c_char> = paths.iter().map(|path| path.as_ptr()).collect();
    let mut stream = 0;
    // SAFETY: see above.
    let status = unsafe { deepscreen_stream_new(screener, pointers.as_ptr(), pointers.len(), &mut stream) };
    assert_eq!(status, DEEPSCREEN_OK, "{}", message());
    stream
}

pub fn next(stream: u64) -> (Status, u64) {
    let mut record = 7;
    // SAFETY: see above.
    let status = unsafe { deepscreen_stream_next(stream, &mut record) };
    (status, record)
}

pub fn timeless(record: &str) -> Value {
    let mut record: Value = serde_json::from_str(record).unwrap();
    assert!(record.as_object_mut().unwrap().remove("elapsed_ms").is_some_and(|elapsed| elapsed.is_number()));
    record
}
