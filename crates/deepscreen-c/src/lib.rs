//! The C interface of deepscreen: numbers and pointers in, numbers and JSON out.
//!
//! C programs include `include/deepscreen.h`, which is made from what stands here. Every call runs behind a guard, so
//! that no panic leaves the library, and everything that C holds is a handle, so that what was freed is an
//! error and no address. The only unsafe code of the project that is written by hand stands in this crate.
//!
//! # Safety
//!
//! What no library can check is the same for every function, and the header says it once: a string ends with a zero; an
//! array has as many elements as its length says; a pointer to a result can be written to; and nobody changes or frees
//! any of them during the call. A null pointer is an error.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::missing_safety_doc)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod status;

mod arguments;

mod handles;

mod screener;

mod stream;

mod guard;

use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex};

use deepscreen::media::Pixels;
use deepscreen::{Hashes, Limits, Media};

use guard::{guard, guard_into};
use handles::Object;
use screener::Screener;
use status::{Failure, Result};
use stream::Stream;

pub use status::Status;

/// Rises when a function or a type changes so that a program must be compiled again. What is only added does not raise
/// it. A program can compare it with deepscreen_abi_version().
pub const DEEPSCREEN_ABI_VERSION: u32 = 1;

/// A screener: models, banks, limits and a policy, loaded once. One serves all threads.
pub type ScreenerHandle = u64;

/// The records of many files, one after the other.
pub type StreamHandle = u64;

/// A text that the library made: a record, or hashes.
pub type TextHandle = u64;

/// The version of the library, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// DEEPSCREEN_ABI_VERSION of the library that runs.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_abi_version() -> u32 {
    DEEPSCREEN_ABI_VERSION
}

/// The name of a status: "too_large", or "unknown" of a number that is none. Of errors it is the code that records
/// carry.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_status_name(status: i32) -> *const c_char {
    Status::name(status).as_ptr()
}

/// What the last call that failed on this thread returned, or should have; DEEPSCREEN_OK where none has.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_last_error() -> Status {
    status::last()
}

/// Why the last call that failed on this thread did, in English, for a person; empty where none has. Good until the
/// next call that fails on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_last_error_message() -> *const c_char {
    status::last_message()
}

/// How many handles there are that nobody freed: for a program that wants to know whether it forgets some.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_handle_count() -> usize {
    handles::count()
}

/// Loads what pictures are screened with. To be freed with deepscreen_screener_free().
///
/// `settings` is a JSON object, or null for the defaults; what it may hold is in the README. Errors: those of the
/// settings (DEEPSCREEN_INVALID_CONFIG, which names the field), of models, of engines and of banks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_screener_new(
    settings: *const c_char,
    screener: *mut ScreenerHandle,
) -> Status {
    let make = || {
        let settings = if settings.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { arguments::text(settings, "settings") }?)
        };
        Ok(Object::Screener(Screener::new(settings)?))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(screener, "screener", make) }
}

/// The same screener, whose records have their sentences in another language: "en" or "vi". Nothing is loaded again.
/// To be freed with deepscreen_screener_free(), as the first one, in any order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_screener_in_language(
    screener: ScreenerHandle,
    language: *const c_char,
    translated: *mut ScreenerHandle,
) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let language = unsafe { arguments::text(language, "language") }?;
        Ok(Object::Screener(handles::get::<Screener>(screener)?.in_language(language)?))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(translated, "translated", make) }
}

/// Reads the banks of a screener again, as they are now: one that has grown, or was replaced by a newer file. The same
/// screener in another language has them too.
///
/// Other threads may go on screening: calls and streams that have begun end with the banks that they began with. Errors:
/// those of opening a bank (DEEPSCREEN_UNREADABLE, DEEPSCREEN_INVALID_BANK), after which the screener goes on with the
/// banks that it has.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_screener_reload(screener: ScreenerHandle) -> Status {
    let reloaded = guard(|| handles::get::<Screener>(screener)?.reload());
    reloaded.map_or_else(|status| status, |()| Status::DEEPSCREEN_OK)
}

/// Gives a screener back. Calls and streams that still use it end as they would.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_screener_free(screener: ScreenerHandle) -> Status {
    free::<Screener>(screener)
}

/// Screens a file on the calling thread. `record` is to be freed with deepscreen_text_free().
///
/// A file that is missing, unreadable or no picture gets a record too; its `failures` say why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_screen_path(
    screener: ScreenerHandle,
    path: *const c_char,
    record: *mut TextHandle,
) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let path = unsafe { arguments::path(path, "path") }?;
        let screener: Screener = handles::get(screener)?;
        text(screener.record(&screener.current().screen_source(path)))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(record, "record", make) }
}

/// Screens the bytes of a file on the calling thread. `record` is to be freed with deepscreen_text_free().
///
/// Bytes of no picture get a record too; its `failures` say why. So do no bytes at all, for which `bytes` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_screen_bytes(
    screener: ScreenerHandle,
    bytes: *const c_void,
    length: usize,
    record: *mut TextHandle,
) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let bytes = unsafe { arguments::list(bytes.cast(), length, "bytes") }?;
        let screener: Screener = handles::get(screener)?;
        text(screener.record(&screener.current().screen_source(bytes.to_vec())))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(record, "record", make) }
}

/// Screens a picture that is decoded already, on the calling thread. `record` is to be freed with
/// deepscreen_text_free().
///
/// `rgb` has three bytes a pixel (red, green, blue; sRGB), `width` pixels a row, a row every `stride` bytes from the
/// top, `height` rows: `length` bytes altogether, with or without what follows the last row. Anything else gives
/// DEEPSCREEN_WRONG_LENGTH.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_screen_pixels(
    screener: ScreenerHandle,
    rgb: *const u8,
    length: usize,
    width: u32,
    height: u32,
    stride: usize,
    record: *mut TextHandle,
) -> Status {
    let make = || {
        let screener: Screener = handles::get(screener)?;
        // SAFETY: the caller's promise.
        let pixels = unsafe { arguments::pixels(rgb, length, width, height, stride) }?;
        text(screener.record(&screener.current().screen(&Media::from_pixels(pixels))))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(record, "record", make) }
}

/// Begins to screen files on the screener's threads. To be freed with deepscreen_stream_free(), at any time.
///
/// Of a folder, every file below it is screened, in byte order of the paths. The strings are copied. Work begins with
/// the first deepscreen_stream_next() and stays some dozens of files a thread ahead of it, so that memory does not grow
/// with their number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_stream_new(
    screener: ScreenerHandle,
    paths: *const *const c_char,
    count: usize,
    stream: *mut StreamHandle,
) -> Status {
    let make = || {
        let screener: Screener = handles::get(screener)?;
        // SAFETY: the caller's promise.
        let paths = unsafe { arguments::path_list(paths, count) }?;
        Ok(Object::Stream(Arc::new(Mutex::new(Stream::new(screener, paths)))))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(stream, "stream", make) }
}

/// Waits for the record of the next file, in the order of the files; `record` is to be freed with
/// deepscreen_text_free(). After the last one the call returns DEEPSCREEN_END, and `record` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_stream_next(stream: StreamHandle, record: *mut TextHandle) -> Status {
    let make = || {
        let stream: Arc<Mutex<Stream>> = handles::get(stream)?;
        let broken = |_| Failure::new(Status::DEEPSCREEN_PANIC, "the stream met a fault before");
        let next = stream.lock().map_err(broken)?.next();
        match next {
            Some(record) => text(record),
            None => Err(Failure::new(Status::DEEPSCREEN_END, "the stream has come to its end")),
        }
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(record, "record", make) }
}

/// Gives a stream back, also in the middle: files that nobody has begun with are left.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_stream_free(stream: StreamHandle) -> Status {
    free::<Arc<Mutex<Stream>>>(stream)
}

/// Hashes a file as a record has it under `hashes`: PDQ with its quality, pHash, dHash, aHash. No screener is needed;
/// the default limits hold. `hashes` is to be freed with deepscreen_text_free().
///
/// There is no record here, so a bad picture is an error: DEEPSCREEN_TRUNCATED and the like.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_hash_path(path: *const c_char, hashes: *mut TextHandle) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let path = unsafe { arguments::path(path, "path") }?;
        hashes_of(&Media::open(path, &Limits::default())?)
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(hashes, "hashes", make) }
}

/// Hashes the bytes of a file, as deepscreen_hash_path() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_hash_bytes(
    bytes: *const c_void,
    length: usize,
    hashes: *mut TextHandle,
) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let bytes: &[u8] = unsafe { arguments::list(bytes.cast(), length, "bytes") }?;
        let limits = Limits::default();
        hashes_of(&Media::from_bytes(bytes, &limits)?)
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(hashes, "hashes", make) }
}

/// Hashes a picture that is decoded already, handed over as for deepscreen_screen_pixels().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deepscreen_hash_pixels(
    rgb: *const u8,
    length: usize,
    width: u32,
    height: u32,
    stride: usize,
    hashes: *mut TextHandle,
) -> Status {
    let make = || {
        // SAFETY: the caller's promise.
        let pixels: Pixels = unsafe { arguments::pixels(rgb, length, width, height, stride) }?;
        hashes_of(&Media::from_pixels(pixels))
    };
    // SAFETY: the caller's promise.
    unsafe { guard_into(hashes, "hashes", make) }
}

/// The characters of a text: UTF-8, with a zero behind the last. Good until the text is freed; null where `text` is no
/// handle of one.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_text_data(text: TextHandle) -> *const c_char {
    // The table holds the text too, so that the pointer outlives this reference.
    guard(|| Ok(handles::get::<Arc<CString>>(text)?.as_ptr())).unwrap_or(std::ptr::null())
}

/// How many bytes a text has without the zero; 0 where `text` is no handle of one.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_text_length(text: TextHandle) -> usize {
    guard(|| Ok(handles::get::<Arc<CString>>(text)?.count_bytes())).unwrap_or_default()
}

/// Gives a text back, and with it what deepscreen_text_data() gave.
#[unsafe(no_mangle)]
pub extern "C" fn deepscreen_text_free(text: TextHandle) -> Status {
    free::<Arc<CString>>(text)
}

fn free<T: handles::Kind>(handle: u64) -> Status {
    let freed = guard(|| if handle == 0 { Ok(()) } else { handles::free::<T>(handle) });
    freed.map_or_else(|status| status, |()| Status::DEEPSCREEN_OK)
}

fn hashes_of(media: &Media) -> Result<Object> {
    text(Hashes::of(media.luma()?).to_json())
}

fn text(json: String) -> Result<Object> {
    // JSON writes a zero as \u0000.
    let zero = |_| Failure::new(Status::DEEPSCREEN_OTHER_ERROR, "a zero in the text");
    Ok(Object::Text(Arc::new(CString::new(json).map_err(zero)?)))
}
