//! What a call came to: a stable number, its name, and the sentence that goes with it.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::fmt;

use deepscreen::{Error, ErrorKind};

/// What a call came to. Numbers and names never change; new ones may come.
#[allow(non_camel_case_types)] // The names of the header.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done.
    DEEPSCREEN_OK = 0,
    /// The stream has come to its end.
    DEEPSCREEN_END = 1,

    /// A pointer is null that must not be.
    DEEPSCREEN_NULL_ARGUMENT = 10,
    /// The handle was freed, is one of something else, or never was one.
    DEEPSCREEN_INVALID_HANDLE = 11,
    /// A string is not UTF-8.
    DEEPSCREEN_NOT_UTF8 = 12,
    /// A length, a size or a stride cannot be, or does not fit the others.
    DEEPSCREEN_WRONG_LENGTH = 13,

    /// An error that has no number of its own yet.
    DEEPSCREEN_OTHER_ERROR = 99,
    /// The file could not be opened or read.
    DEEPSCREEN_UNREADABLE = 100,
    /// The input has no bytes.
    DEEPSCREEN_EMPTY = 101,
    /// The bytes are of something else than a picture: text, an archive, a document.
    DEEPSCREEN_NOT_AN_IMAGE = 102,
    /// The picture contradicts its format.
    DEEPSCREEN_MALFORMED = 103,
    /// The picture ends before it should.
    DEEPSCREEN_TRUNCATED = 104,
    /// The picture is in a format, or a variant of one, that this build does not decode.
    DEEPSCREEN_UNSUPPORTED = 105,
    /// The input is beyond a limit.
    DEEPSCREEN_TOO_LARGE = 106,
    /// The work took longer than it may.
    DEEPSCREEN_TIMEOUT = 107,
    /// The library met a fault of its own; the call had no effect.
    DEEPSCREEN_PANIC = 108,
    /// An analyzer does not apply to this picture.
    DEEPSCREEN_NOT_APPLICABLE = 109,
    /// A model, or the contract that describes it, cannot be used.
    DEEPSCREEN_INVALID_MODEL = 110,
    /// The bytes of a model are not those that its contract names.
    DEEPSCREEN_MODEL_CHECKSUM = 111,
    /// A model's inputs or outputs are not those that its contract names.
    DEEPSCREEN_MODEL_SHAPE = 112,
    /// The engine that was asked for cannot be loaded.
    DEEPSCREEN_ENGINE_UNAVAILABLE = 113,
    /// The engine failed while a model ran.
    DEEPSCREEN_INFERENCE = 114,
    /// The settings, a policy or an option are wrong.
    DEEPSCREEN_INVALID_CONFIG = 115,
    /// A bank of known pictures cannot be used.
    DEEPSCREEN_INVALID_BANK = 116,
}

impl Status {
    const ALL: [(Self, &'static CStr); 24] = [
        (Self::DEEPSCREEN_OK, c"ok"),
        (Self::DEEPSCREEN_END, c"end"),
        (Self::DEEPSCREEN_NULL_ARGUMENT, c"null_argument"),
        (Self::DEEPSCREEN_INVALID_HANDLE, c"invalid_handle"),
        (Self::DEEPSCREEN_NOT_UTF8, c"not_utf8"),
        (Self::DEEPSCREEN_WRONG_LENGTH, c"wrong_length"),
        (Self::DEEPSCREEN_OTHER_ERROR, c"other_error"),
        (Self::DEEPSCREEN_UNREADABLE, c"unreadable"),
        (Self::DEEPSCREEN_EMPTY, c"empty"),
        (Self::DEEPSCREEN_NOT_AN_IMAGE, c"not_an_image"),
        (Self::DEEPSCREEN_MALFORMED, c"malformed"),
        (Self::DEEPSCREEN_TRUNCATED, c"truncated"),
        (Self::DEEPSCREEN_UNSUPPORTED, c"unsupported"),
        (Self::DEEPSCREEN_TOO_LARGE, c"too_large"),
        (Self::DEEPSCREEN_TIMEOUT, c"timeout"),
        (Self::DEEPSCREEN_PANIC, c"panic"),
        (Self::DEEPSCREEN_NOT_APPLICABLE, c"not_applicable"),
        (Self::DEEPSCREEN_INVALID_MODEL, c"invalid_model"),
        (Self::DEEPSCREEN_MODEL_CHECKSUM, c"model_checksum"),
        (Self::DEEPSCREEN_MODEL_SHAPE, c"model_shape"),
        (Self::DEEPSCREEN_ENGINE_UNAVAILABLE, c"engine_unavailable"),
        (Self::DEEPSCREEN_INFERENCE, c"inference"),
        (Self::DEEPSCREEN_INVALID_CONFIG, c"invalid_config"),
        (Self::DEEPSCREEN_INVALID_BANK, c"invalid_bank"),
    ];

    /// The name of a number; `unknown` of one that is no status.
    pub(crate) fn name(number: i32) -> &'static CStr {
        let known = Self::ALL.iter().find(|(status, _)| *status as i32 == number);
        known.map_or(c"unknown", |(_, name)| name)
    }
}

impl From<ErrorKind> for Status {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Unreadable => Self::DEEPSCREEN_UNREADABLE,
            ErrorKind::Empty => Self::DEEPSCREEN_EMPTY,
            ErrorKind::NotAnImage => Self::DEEPSCREEN_NOT_AN_IMAGE,
            ErrorKind::Malformed => Self::DEEPSCREEN_MALFORMED,
            ErrorKind::Truncated => Self::DEEPSCREEN_TRUNCATED,
            ErrorKind::Unsupported => Self::DEEPSCREEN_UNSUPPORTED,
            ErrorKind::TooLarge => Self::DEEPSCREEN_TOO_LARGE,
            ErrorKind::Timeout => Self::DEEPSCREEN_TIMEOUT,
            ErrorKind::Panic => Self::DEEPSCREEN_PANIC,
            ErrorKind::NotApplicable => Self::DEEPSCREEN_NOT_APPLICABLE,
            ErrorKind::InvalidModel => Self::DEEPSCREEN_INVALID_MODEL,
            ErrorKind::ModelChecksum => Self::DEEPSCREEN_MODEL_CHECKSUM,
            ErrorKind::ModelShape => Self::DEEPSCREEN_MODEL_SHAPE,
            ErrorKind::EngineUnavailable => Self::DEEPSCREEN_ENGINE_UNAVAILABLE,
            ErrorKind::Inference => Self::DEEPSCREEN_INFERENCE,
            ErrorKind::InvalidBank => Self::DEEPSCREEN_INVALID_BANK,
            ErrorKind::InvalidConfig => Self::DEEPSCREEN_INVALID_CONFIG,
            // The core may learn of others first.
            _ => Self::DEEPSCREEN_OTHER_ERROR,
        }
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    message: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn null(argument: &str) -> Self {
        Self::new(Status::DEEPSCREEN_NULL_ARGUMENT, format!("{argument} is null"))
    }

    pub(crate) fn wrong_length(message: impl Into<String>) -> Self {
        Self::new(Status::DEEPSCREEN_WRONG_LENGTH, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind().into(), format!("{error:#}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

thread_local! {
    static LAST: RefCell<(Status, CString)> = RefCell::new((Status::DEEPSCREEN_OK, CString::default()));
}

/// Keeps what the calling thread can ask for afterwards.
pub(crate) fn remember(failure: Failure) {
    // A path in the message may hold anything but a zero; what else would is cut there.
    let message = failure.message.split('\0').next().unwrap_or_default();
    let message = CString::new(message).unwrap_or_default();
    // A thread that is about to end has nowhere to keep it, and nobody who asks.
    let _ = LAST.try_with(|last| *last.borrow_mut() = (failure.status, message));
}

/// What the calling thread's last failed call came to.
pub(crate) fn last() -> Status {
    LAST.try_with(|last| last.borrow().0).unwrap_or(Status::DEEPSCREEN_OK)
}

/// Its sentence, with a pointer that is good until the next call that fails on this thread.
pub(crate) fn last_message() -> *const std::ffi::c_char {
    LAST.try_with(|last| last.borrow().1.as_ptr()).unwrap_or(c"".as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_errors_are_called_as_records_call_them() {
        for (status, name) in Status::ALL {
            assert_eq!(Status::name(status as i32), name);
        }
        for kind in
            [ErrorKind::Unreadable, ErrorKind::NotAnImage, ErrorKind::TooLarge, ErrorKind::InvalidConfig]
        {
            assert_eq!(Status::name(Status::from(kind) as i32).to_str(), Ok(kind.code()));
        }
        assert_eq!(Status::name(-1), c"unknown");
        assert_eq!(Status::name(2), c"unknown");
    }

    #[test]
    fn a_zero_in_a_message_ends_it() {
        remember(Failure::wrong_length("before\0after"));
        assert_eq!(last(), Status::DEEPSCREEN_WRONG_LENGTH);
        LAST.with(|last| assert_eq!(last.borrow().1.to_str(), Ok("before")));
    }
}
